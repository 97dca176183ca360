"""When a school was open, the windows counted in its days, and where half-terms begin."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from eswarn.cohort.calendar import Calendar, academic_year_start, calendar_before, half_term_mondays
from eswarn.records.timeline import Timeline, as_date, days_since_epoch
from tests.spec.tables import records_from


def calendar(as_of: str, **tables: str) -> Calendar:
    return calendar_before(Timeline(records_from(**tables)).before(dt.date.fromisoformat(as_of)))


def open_days(found: Calendar, school: int = 0) -> list[str]:
    return [as_date(int(day)).isoformat() for day in found.days[found.open_days[school]]]


ALL_SEVEN = """
    pupil         | date       | am | pm
    A B C D E F G | 2026-02-02 | /  | /
    {who}         | 2026-02-03 | /  | /
    A B C D E F G | 2026-02-04 | /  | /
"""


@pytest.mark.parametrize(("who", "is_open"), [("A B C D", False), ("A B C D E", True), ("A B C D E F G", True)])
def test_of_seven_pupils_five_must_have_a_mark(who: str, is_open: bool) -> None:
    assert ("2026-02-03" in open_days(calendar("2026-02-05", attendance=ALL_SEVEN.format(who=who)))) == is_open


@pytest.mark.parametrize(("marked", "is_open"), [(5, False), (6, True)])
def test_of_twelve_pupils_half_must_have_a_mark(marked: int, is_open: bool) -> None:
    every = "ABCDEFGHIJKL"
    text = f"pupil | date | am\n{' '.join(every)} | 2026-02-02 | /\n{' '.join(every[:marked])} | 2026-02-03 | /\n"
    text += f"{' '.join(every)} | 2026-02-04 | /\n"
    assert ("2026-02-03" in open_days(calendar("2026-02-05", attendance=text))) == is_open


@pytest.mark.parametrize(("who", "is_open"), [("A B", False), ("A B C", True)])
def test_of_fewer_than_five_all_must_have_a_mark(who: str, is_open: bool) -> None:
    text = f"pupil | date | am\nA B C | 2026-02-02 | /\n{who} | 2026-02-03 | /\nA B C | 2026-02-04 | /\n"
    assert ("2026-02-03" in open_days(calendar("2026-02-05", attendance=text))) == is_open


def test_only_pupils_between_their_first_and_last_mark_are_counted_as_on_roll() -> None:
    text = "pupil | date | am\nA B C D E F G | 2026-02-02 | /\nA | 2026-02-03 | /\n"
    assert open_days(calendar("2026-02-04", attendance=text)) == ["2026-02-02", "2026-02-03"]


@pytest.mark.parametrize("code", ["#", "-", "Z"])
def test_a_closure_no_mark_and_a_pupil_yet_to_come_do_not_open_a_school(code: str) -> None:
    text = f"pupil | date | am\nA | 2026-02-02 | /\nA | 2026-02-03 | {code}\nA | 2026-02-04 | /\n"
    assert open_days(calendar("2026-02-05", attendance=text)) == ["2026-02-02", "2026-02-04"]


def test_each_half_of_a_day_is_open_by_itself() -> None:
    found = calendar("2026-02-05", attendance="pupil | date | am | pm\nA | 2026-02-02 | / | #\nA | 2026-02-03 | / | /\n")
    assert found.open.tolist() == [[True, False, True, True]]


def test_marks_recorded_later_do_not_open_a_day_nor_a_declared_one_twice() -> None:
    register = "pupil | date | am | recorded\nA | 2026-02-02 | / | 2026-02-02\nA | 2026-02-03 | / | 2026-02-09\n"
    assert open_days(calendar("2026-02-05", attendance=register)) == ["2026-02-02"]
    declared = "date | session | open\n2026-02-03 | DAY | true\n2026-02-04 | AM | true\n"
    assert open_days(calendar("2026-02-05", attendance=register, calendar=declared)) == ["2026-02-02", "2026-02-03", "2026-02-04"]


def test_a_calendar_closes_what_marks_would_open_and_a_half_day_stands_over_the_day() -> None:
    register = "pupil | date | am | pm\nA | 2026-02-02 to 2026-02-03 | / | /\n"
    declared = "date | session | open\n2026-02-03 | DAY | false\n2026-02-03 | AM | true\n"
    assert calendar("2026-02-05", attendance=register, calendar=declared).open.tolist() == [[True, True, True, False]]


FOUR_DAYS = "pupil | date | am\nA | 2026-02-02 | /\nA | 2026-02-03 | /\nA | 2026-02-05 | /\nA | 2026-02-06 | /\n"


@pytest.mark.parametrize(
    ("n", "skip", "start", "end"),
    [
        (1, 0, "2026-02-06", "2026-02-09"),
        (2, 0, "2026-02-05", "2026-02-09"),
        (3, 0, "2026-02-03", "2026-02-09"),
        (9, 0, "2026-02-02", "2026-02-09"),  # a short history: from its first day
        (1, 1, "2026-02-05", "2026-02-06"),
        (2, 2, "2026-02-02", "2026-02-05"),
        (9, 3, "2026-02-02", "2026-02-03"),
        (1, 4, "2026-02-02", "2026-02-02"),  # all days are skipped: nothing is left
        (5, 9, "2026-02-02", "2026-02-02"),
    ],
)
def test_the_last_days_are_open_ones_and_a_skip_leaves_out_the_latest(n: int, skip: int, start: str, end: str) -> None:
    found = calendar("2026-02-09", attendance=FOUR_DAYS).last(n, skip=skip)
    assert [as_date(int(edge[0])).isoformat() for edge in found] == [start, end]


def test_a_school_that_was_never_open_has_an_empty_window() -> None:
    t = days_since_epoch(dt.date(2026, 2, 9))
    assert [int(edge[0]) for edge in Calendar(t, np.zeros(0, np.int64), np.zeros((1, 0), bool)).last(20)] == [t, t]


@pytest.mark.parametrize(("day", "start"), [("2025-07-31", "2024-08-01"), ("2025-08-01", "2025-08-01"), ("2026-02-09", "2025-08-01")])
def test_the_academic_year_starts_on_the_first_of_august(day: str, start: str) -> None:
    t = days_since_epoch(dt.date.fromisoformat(day))
    assert as_date(academic_year_start(t)).isoformat() == start
    assert as_date(academic_year_start(t, years_back=1)) == dt.date.fromisoformat(start).replace(year=int(start[:4]) - 1)


def mondays(text: str) -> list[str]:
    return [day.isoformat() for day in half_term_mondays(calendar("2026-12-31", attendance=text))]


def test_half_terms_begin_on_the_monday_on_or_after_the_first_open_day() -> None:
    terms = "pupil | date | am\nA | 2025-09-03 to 2025-10-24 | /\nA | 2025-11-03 to 2025-12-19 | /\nA | 2026-01-06 to 2026-02-13 | /\n"
    assert mondays(terms) == ["2025-09-08", "2025-11-03", "2026-01-12"]


def test_a_long_weekend_is_no_holiday_but_five_closed_weekdays_are() -> None:
    four = "pupil | date | am\nA | 2026-02-02 to 2026-02-06 | /\nA | 2026-02-13 to 2026-02-20 | /\n"
    five = "pupil | date | am\nA | 2026-02-02 to 2026-02-06 | /\nA | 2026-02-16 to 2026-02-20 | /\n"
    assert mondays(four) == ["2026-02-02"]
    assert mondays(five) == ["2026-02-02", "2026-02-16"]


def test_a_day_on_which_most_schools_are_closed_is_in_the_holidays() -> None:
    text = "pupil | school | date | am\nA | S | 2026-02-02 to 2026-02-20 | /\nB | T | 2026-02-02 to 2026-02-06 | /\n"
    text += "B | T | 2026-02-16 to 2026-02-20 | /\nC | U | 2026-02-02 to 2026-02-06 | /\nC | U | 2026-02-16 to 2026-02-20 | /\n"
    assert mondays(text) == ["2026-02-02", "2026-02-16"]


def test_without_an_open_day_there_are_no_half_terms() -> None:
    assert mondays("pupil | date | am\nA | 2026-02-02 | #\n") == []
