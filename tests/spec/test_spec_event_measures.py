"""What the newer measures of events, moves and comparisons mean, in a few records each."""

from __future__ import annotations

import pytest

from eswarn.errors import UsageError
from eswarn.features.career import joined_mid_year, moves
from eswarn.features.events import Events, count, days_since_event, days_with, latest, latest_extra, mean_ratio, sums_ratio, total
from eswarn.features.measures import change, percentile, spells
from eswarn.features.register import ABSENT
from eswarn.features.windows import days, ever, last
from tests.spec.tables import spec

WEEK = """
    pupil | school | date                     | am | pm
    A B   | S      | 2026-02-02 to 2026-02-06 | /  | /
    C     | T      | 2026-02-02 to 2026-02-06 | /  | /
"""
INCIDENT = Events("behaviour", "incident", where=(("kind", ("negative",)),))
TERM, RESULT, EXTRA = Events("term_totals", "term"), Events("assessments", "result"), Events("extra", "number")


def test_change_of_a_count_is_a_difference_and_needs_both() -> None:
    spec(WEEK, behaviour="""
        pupil | school | date       | kind
        A     | S      | 2026-02-03 | negative
        A     | S      | 2026-02-05 | negative
        A     | S      | 2026-02-06 | negative
    """, measure=change(count(INCIDENT), against=last(2, skip=2)), window=last(2), as_of="2026-02-07",
        expect={"A": 1, "B": 0, "C": None})  # fmt: skip


def test_percentile_can_rank_any_measure() -> None:
    spec("""
        pupil | date       | am | pm
        A     | 2026-02-02 | O  | /
        B     | 2026-02-02 | /  | /
        C     | 2026-02-02 | O  | /
        A B   | 2026-02-03 | O  | /
        C     | 2026-02-03 | /  | /
        D     | 2026-02-03 | X  | X
    """, context="""
        pupil   | valid_from | year_group
        A B C D | 2025-09-01 | 9
    """, measure=percentile(spells(ABSENT), least=3), window=last(5), as_of="2026-02-04",
        expect={"A": 2.5 / 3, "B": 1 / 3, "C": 1 / 3, "D": None})  # fmt: skip


POINTS = """
    pupil | school | date       | kind     | points
    A     | S      | 2026-02-03 | negative | -3
    A     | S      | 2026-02-03 | negative | 1
    A     | S      | 2026-02-04 | negative |
    A     | S      | 2026-02-05 | positive | 8
"""


@pytest.mark.parametrize(("magnitude", "expect"), [(False, -2), (True, 4)])
def test_total_adds_values_or_their_size(magnitude: bool, expect: float) -> None:
    spec(WEEK, behaviour=POINTS, measure=total(INCIDENT, column="points", magnitude=magnitude), window=last(5), as_of="2026-02-07",
         expect={"A": expect, "B": 0, "C": None})  # fmt: skip


def test_days_with_is_a_share_of_the_open_days_of_the_pupils_school() -> None:
    spec(WEEK, behaviour="""
        pupil | school | date       | kind
        A     | S      | 2026-02-02 | negative
        A     | S      | 2026-02-05 | negative
        A     | T      | 2026-02-05 | negative    # the same day
        A     | T      | 2026-02-06 | negative
        B     | S      | 2026-02-07 | negative    # a Saturday
    """, measure=days_with(INCIDENT), window=last(2), as_of="2026-02-09", expect={"A": 1, "B": 0, "C": 0})  # fmt: skip


def test_days_with_has_no_answer_without_an_open_day_in_the_window() -> None:
    spec(WEEK, behaviour=POINTS, measure=days_with(INCIDENT), window=days(2), as_of="2026-02-09", expect={"A": None})


def test_days_with_leaves_out_days_on_which_the_own_school_was_closed() -> None:
    spec("""
        pupil | school | date                     | am | pm
        A     | S      | 2026-02-02 to 2026-02-03 | /  | /
        A     | S      | 2026-02-05 to 2026-02-06 | /  | /
        C     | T      | 2026-02-02 to 2026-02-06 | /  | /
    """, behaviour="""
        pupil | school | date       | kind
        A     | S      | 2026-02-04 | negative    # closed at S, open at T
        A     | S      | 2026-02-05 | negative
    """, measure=days_with(INCIDENT), window=last(4), as_of="2026-02-07", expect={"A": 0.25, "C": None})  # fmt: skip


def test_days_with_suspensions_has_an_answer_wherever_they_were_supplied() -> None:
    lost = Events("suspensions", "suspension")
    spec(WEEK, suspensions="""
        pupil | school | start      | kind       | sessions
        A     | S      | 2026-02-03 | suspension | 1
    """, measure=days_with(lost), window=last(5), as_of="2026-02-07", expect={"A": 0.2, "B": 0, "C": 0})  # fmt: skip
    spec(WEEK, measure=days_with(lost), window=last(5), as_of="2026-02-07", expect={"A": None})


def test_days_since_the_first_event_in_the_window() -> None:
    behaviour = """
        pupil | school | date       | kind
        A     | S      | 2026-02-02 | negative
        A     | S      | 2026-02-04 | negative
        A     | S      | 2026-02-05 | negative
    """
    for window, first, expect in ((ever(), True, 4), (last(3), True, 2), (last(3), False, 1)):
        spec(WEEK, behaviour=behaviour, measure=days_since_event(INCIDENT, first=first), window=window, as_of="2026-02-07",
             expect={"A": expect, "B": None})  # fmt: skip


TERMS = """
    pupil | school | starts_on  | ends_on    | possible | authorised | unauthorised | illness | recorded
    A     | S      | 2025-04-22 | 2025-07-22 | 100      | 10         | 5            | 2       | 2025-10-02
    A     | S      | 2025-09-01 | 2025-12-19 | 100      | 20         | 5            |         | 2026-01-15
    A     | S      | 2025-09-01 | 2025-12-19 | 100      | 0          | 5            |         | 2026-02-07     # not yet known
    B     | S      | 2025-09-01 | 2025-12-19 | 0        | 0          | 0            | 0       | 2026-01-15
"""


def test_sums_ratio_adds_up_before_it_divides() -> None:
    spec(WEEK, term_totals=TERMS, measure=sums_ratio(TERM, top=("authorised", "unauthorised"), bottom="possible"), as_of="2026-02-07",
         expect={"A": 40 / 200, "B": None, "C": None})  # fmt: skip


def test_sums_ratio_leaves_out_a_row_that_lacks_one_of_the_numbers() -> None:
    spec(WEEK, term_totals=TERMS, measure=sums_ratio(TERM, top=("authorised", "illness"), bottom="possible"), as_of="2026-02-07",
         expect={"A": 12 / 100})  # fmt: skip


def test_a_term_lies_in_the_window_that_holds_its_last_day() -> None:
    for n, expect in ((50, 20 / 100), (49, None)):
        spec(WEEK, term_totals=TERMS, measure=sums_ratio(TERM, top=("authorised",), bottom="possible"), window=days(n),
             as_of="2026-02-07", expect={"A": expect})  # fmt: skip


def test_mean_ratio_leaves_out_a_row_that_would_divide_by_nothing() -> None:
    spec(WEEK, term_totals=TERMS, measure=mean_ratio(TERM, top="authorised", bottom="possible"), as_of="2026-02-07",
         expect={"A": 0.15, "B": None})  # fmt: skip


def test_count_of_terms_has_no_answer_where_the_school_keeps_none() -> None:
    spec(WEEK, term_totals=TERMS, measure=count(TERM), as_of="2026-02-07", expect={"A": 2, "B": 1, "C": None})


READ = """
    pupil | school | date       | name        | value | recorded
    A     | S      | 2025-09-10 | reading_age | 11.5  |
    A     | T      | 2026-01-12 | reading_age | 12    |
    A     | S      | 2026-01-12 | reading_age | 13    |
    A     | S      | 2026-02-02 | shoe_size   | 40    |
    B     | S      | 2025-09-10 | reading_age | 9     | 2025-09-10
    B     | S      | 2025-09-10 | reading_age | 10    | 2026-02-06
    B     | S      | 2025-09-10 | reading_age | 11    | 2026-02-07     # not yet known
"""


def test_latest_extra_is_the_latest_number_of_its_name() -> None:
    spec(WEEK, extra=READ, measure=latest_extra("reading_age"), as_of="2026-02-07", expect={"A": 12, "B": 10, "C": None})
    spec(WEEK, extra=READ, measure=latest_extra("reading_age"), window=days(60), as_of="2026-02-07", expect={"A": 12, "B": None})


def test_latest_extra_goes_by_the_date_before_the_school() -> None:
    spec(WEEK, extra="""
        pupil | school | date       | name        | value
        A     | S      | 2026-01-12 | reading_age | 13
        A     | T      | 2025-09-10 | reading_age | 11
    """, measure=latest_extra("reading_age"), as_of="2026-02-07", expect={"A": 13})  # fmt: skip


def test_numbers_of_ones_own_are_events_too() -> None:
    spec(WEEK, extra=READ, measure=count(EXTRA), as_of="2026-02-07", expect={"A": 4, "B": 1, "C": 0})


def test_latest_is_refused_on_a_table_that_may_hold_several_records_a_day() -> None:
    with pytest.raises(UsageError, match="may hold several records a day"):
        spec(WEEK, measure=latest("score", table="assessments"), as_of="2026-02-07", expect={})


def test_moves_count_schools_after_the_first_day_and_inside_the_window() -> None:
    register = """
        pupil | school | date                     | am | pm
        A     | T      | 2026-01-05               | /  | /
        A     | U      | 2026-01-05 to 2026-01-06 | D  | D     # both on the first day: no move
        A     | S      | 2026-01-07 to 2026-02-06 | /  | /
        B     | T      | 2026-01-05 to 2026-01-09 | #  | Z     # says nothing of the pupil
        B     | S      | 2026-01-12 to 2026-02-06 | /  | /
    """
    spec(register, measure=moves(), window=days(31), as_of="2026-02-07", expect={"A": 1, "B": 0})
    spec(register, measure=moves(), window=days(30), as_of="2026-02-07", expect={"A": 0, "B": 0})


def test_joined_mid_year_is_counted_from_the_first_open_day_of_that_academic_year() -> None:
    register = """
        pupil | date                     | am | pm
        A     | 2024-09-02 to 2024-09-06 | /  | /
        A B   | 2025-09-03 to 2025-09-05 | /  | /
        C     | 2025-09-05               | /  | /
    """
    for after, expect in ((0, {"A": 0, "B": 0, "C": 1}), (1, {"A": 0, "B": 0, "C": 1}), (2, {"A": 0, "B": 0, "C": 0})):
        spec(register, measure=joined_mid_year(days=after), as_of="2025-09-08", expect=expect)


def test_joined_mid_year_has_no_answer_before_the_school_has_opened() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-07-14 to 2025-07-18 | /  | /
    """, context="""
        pupil | valid_from | year_group
        B     | 2025-08-30 | 7
    """, measure=joined_mid_year(), as_of="2025-09-01", expect={"A": 0, "B": None})  # fmt: skip
