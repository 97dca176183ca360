"""What the measures of school weeks mean, and the windows and times of day that are not plain ranges, in a few records each."""

from __future__ import annotations

import pytest

from eswarn.features.measures import excess, first_ever, reached, sessions, share, spells
from eswarn.features.register import ABSENT, LATE, UNAUTHORISED, coded
from eswarn.features.weeks import faded, most_in_weeks, trend, weeks_over
from eswarn.features.windows import after_holidays, afternoons, days, ever, half_term, last, weekdays
from tests.spec.tables import spec

AUTUMN = """
    pupil | date                     | am | pm
    A     | 2025-10-20 to 2025-10-24 | O  | /
    A     | 2025-10-27 to 2025-10-31 | #  | #     # holiday
    A     | 2025-11-03 to 2025-11-07 | I  | /
    A     | 2025-11-10 to 2025-11-14 | /  | /
"""


def test_a_half_term_begins_with_the_first_open_day_after_a_holiday() -> None:
    spec(AUTUMN, measure=share(ABSENT), window=half_term(), as_of="2025-11-17", expect={"A": 5 / 20})
    spec(AUTUMN, measure=share(ABSENT), window=half_term(), as_of="2025-11-03", expect={"A": 5 / 10})  # the next has not begun
    spec(AUTUMN, measure=share(ABSENT), window=half_term(), as_of="2025-11-04", expect={"A": 1 / 2})


def test_four_closed_weekdays_are_no_holiday_and_five_are() -> None:
    register = """
        pupil | date                     | am | pm
        A     | 2026-02-06               | O  | O     # a Friday
        A     | {closed} | #  | #
        A     | {opened}               | /  | /
    """
    for closed, opened, expect in (("2026-02-09 to 2026-02-12", "2026-02-13", 2 / 4), ("2026-02-09 to 2026-02-13", "2026-02-16", 0.0)):
        spec(register.format(closed=closed, opened=opened), measure=share(ABSENT), window=half_term(), as_of="2026-02-17",
             expect={"A": expect})  # fmt: skip


def test_a_half_term_is_that_of_the_pupils_own_school() -> None:
    spec("""
        pupil | school | date                     | am | pm
        A     | S      | 2025-10-20 to 2025-11-07 | O  | /    # had no holiday
        B     | T      | 2025-10-20 to 2025-10-24 | O  | /
        B     | T      | 2025-11-03 to 2025-11-07 | /  | /
    """, measure=share(ABSENT), window=half_term(), as_of="2025-11-10", expect={"A": 0.5, "B": 0.0})  # fmt: skip


def test_a_school_without_an_open_day_has_no_half_term() -> None:
    spec("""
        pupil | school | date       | am | pm
        A     | T      | 2025-09-01 | O  | /
    """, context="""
        pupil | school | valid_from | year_group
        B     | S      | 2025-09-01 | 9
    """, measure=sessions(ABSENT), window=half_term(), as_of="2025-09-02", expect={"A": 1, "B": None})  # fmt: skip


def test_calendar_days_can_skip_the_latest() -> None:
    register = """
        pupil | date       | am | pm
        A     | 2026-02-04 | O  | O
        A     | 2026-02-05 | O  | /
        A     | 2026-02-06 | /  | /
        A     | 2026-02-09 | O  | O
    """
    spec(register, measure=share(ABSENT), window=days(2, skip=3), as_of="2026-02-10", expect={"A": 1 / 4})
    spec(register, measure=share(ABSENT), window=days(2, skip=4), as_of="2026-02-10", expect={"A": 3 / 4})


def test_excess_on_afternoons_compares_with_mornings() -> None:
    spec("""
        pupil | date       | am | pm
        A     | 2026-02-05 | /  | O
        A     | 2026-02-06 | O  | O
        B     | 2026-02-05 |    | O         # no morning
    """, measure=excess(ABSENT, afternoons()), window=last(5), as_of="2026-02-07", expect={"A": 0.5, "B": None})  # fmt: skip


def test_excess_after_holidays_begins_with_the_open_day_and_ends_after_n() -> None:
    for n, expect in ((1, 0.5 - 5 / 28), (5, 5 / 10 - 1 / 20), (6, 6 / 12 - 0 / 18), (99, 6 / 20 - 0 / 10)):
        spec("""
            pupil | date                     | am | pm
            A     | 2025-10-20 to 2025-10-24 | /  | /     # the first day on record follows no holiday
            A     | 2025-11-03 to 2025-11-10 | I  | /     # six days
            A     | 2025-11-11 to 2025-11-14 | /  | /
        """, measure=excess(ABSENT, after_holidays(n)), window=ever(), as_of="2025-11-17", expect={"A": expect})  # fmt: skip


def test_excess_is_of_the_sessions_inside_the_window_only() -> None:
    spec("""
        pupil | date       | am | pm
        A     | 2026-02-02 | O  | O     # Monday, before the window
        A     | 2026-02-03 | O  | O
        A     | 2026-02-09 | /  | /     # Monday
        A     | 2026-02-10 | O  | /
    """, measure=excess(ABSENT, weekdays(0)), window=last(2), as_of="2026-02-11", expect={"A": -0.5})  # fmt: skip


def test_sessions_are_counted_where_the_window_holds_a_possible_one() -> None:
    spec("""
        pupil | date       | am | pm
        A     | 2026-02-09 | O  | O
        A     | 2026-02-10 | I  | /
        B     | 2026-02-10 | /  | /
        C     | 2026-02-10 | X  | X
    """, measure=sessions(ABSENT), window=last(1), as_of="2026-02-11", expect={"A": 1, "B": 0, "C": None})  # fmt: skip


def test_first_ever_is_the_first_on_record_at_any_school_and_its_window_is_exact() -> None:
    register = """
        pupil | school | date                     | am | pm
        A     | T      | 2026-01-26 to 2026-01-30 | L  | /
        A     | S      | 2026-02-02 to 2026-02-06 | L  | /
        B     | S      | 2026-02-02               | /  | L
        B     | S      | 2026-02-03 to 2026-02-06 | /  | /
        C     | S      | 2026-02-02 to 2026-02-06 | /  | /
    """
    spec(register, measure=first_ever(LATE), window=last(5), as_of="2026-02-07", expect={"A": 0, "B": 1, "C": 0})
    spec(register, measure=first_ever(LATE), window=last(4), as_of="2026-02-07", expect={"A": 0, "B": 0, "C": 0})
    spec(register, measure=first_ever(LATE), window=ever(), as_of="2026-02-07", expect={"A": 1, "B": 1, "C": 0})


def test_first_ever_is_what_is_known_now() -> None:
    register = """
        pupil | date       | am | pm | recorded
        A     | 2026-02-02 | O  | /  | 2026-02-02
        A     | 2026-02-02 | I  |    | 2026-02-05     # was ill after all
        A     | 2026-02-04 | O  | /  | 2026-02-04
    """
    for as_of, expect in (("2026-02-05", 0), ("2026-02-06", 1)):
        spec(register, measure=first_ever(coded("O", "gone")), window=last(1), as_of=as_of, expect={"A": expect})


WEEKS = """
    pupil | date                     | am | pm
    A     | 2026-01-05               | O  | O
    A     | 2026-01-06 to 2026-01-09 | /  | /     # 2 of 10
    A     | 2026-01-12 to 2026-01-16 | #  | #     # no school week
    A     | 2026-01-19 to 2026-01-23 | X  | X     # nor for this pupil
    A     | 2026-01-26 to 2026-01-30 | I  | /     # 5 of 10
    A     | 2026-02-02               | O  | /     # 1 of 2: the week goes on after the as-of date
"""


def test_trend_is_the_slope_over_weeks_with_a_possible_session_however_far_apart() -> None:
    # x = 0, 1, 2 and y = .2, .5, .5
    spec(WEEKS, measure=trend(ABSENT), window=ever(), as_of="2026-02-03", expect={"A": 0.15})


def test_trend_of_fewer_than_three_weeks_has_no_answer() -> None:
    spec(WEEKS, measure=trend(ABSENT), window=ever(), as_of="2026-01-31", expect={"A": None})


def test_a_week_that_the_window_cuts_counts_with_what_is_inside() -> None:
    # 9 January, /; the last open day in that week
    spec(WEEKS, measure=trend(ABSENT), window=days(25), as_of="2026-02-03", expect={"A": 0.25})
    spec(WEEKS, measure=weeks_over(ABSENT, percent=19), window=days(25), as_of="2026-02-03", expect={"A": 2})


def test_a_week_goes_from_monday_to_sunday() -> None:
    spec("""
        pupil | date       | am | pm
        A     | 2026-02-06 | O  | O     # Friday
        A     | 2026-02-07 | /  | /     # Saturday
        A     | 2026-02-08 | /  | /     # Sunday
        A     | 2026-02-09 | O  | O     # Monday
    """, measure=weeks_over(ABSENT, percent=50), window=ever(), as_of="2026-02-10", expect={"A": 1})  # fmt: skip


def test_weeks_over_leaves_out_a_week_of_exactly_so_many_per_cent() -> None:
    for percent, expect in ((19, 3), (20, 2), (49, 2), (50, 0), (100, 0)):
        spec(WEEKS, measure=weeks_over(ABSENT, percent=percent), window=ever(), as_of="2026-02-03", expect={"A": expect})


def test_weeks_over_another_set_are_weeks_that_hold_some_of_it() -> None:
    spec(WEEKS, measure=weeks_over(UNAUTHORISED, percent=0, of=ABSENT), window=ever(), as_of="2026-01-20", expect={"A": 1})
    spec(WEEKS, measure=weeks_over(UNAUTHORISED, percent=0, of=LATE), window=ever(), as_of="2026-02-03", expect={"A": None})


def test_faded_counts_weeks_and_halves_after_a_half_life() -> None:
    spec(WEEKS, measure=faded(ABSENT, half_life=1), window=ever(), as_of="2026-02-03",
         expect={"A": (2 / 4 + 5 / 2 + 1) / (10 / 4 + 10 / 2 + 2)})  # fmt: skip
    spec(WEEKS, measure=faded(ABSENT, half_life=2), window=days(9), as_of="2026-02-03",
         expect={"A": (5 * 0.5**0.5 + 1) / (10 * 0.5**0.5 + 2)})  # fmt: skip
    spec(WEEKS, measure=faded(ABSENT, half_life=2), window=days(2), as_of="2026-01-26", expect={"A": None})


def test_most_in_weeks_takes_the_heaviest_successive_school_weeks() -> None:
    for weeks, expect in ((1, 5), (2, 7), (3, 8), (9, 8)):
        spec(WEEKS, measure=most_in_weeks(ABSENT, weeks=weeks), window=ever(), as_of="2026-02-03", expect={"A": expect})


def test_most_in_weeks_counts_only_weeks_with_a_possible_session() -> None:
    spec("""
        pupil | date       | am | pm
        A     | 2026-02-02 | Y1 | Y1    # nothing possible in this week
        A     | 2026-02-09 | Y1 | /
        B     | 2026-02-09 | X  | X
    """, measure=most_in_weeks(coded("Y1", "no transport"), weeks=2), window=ever(), as_of="2026-02-10",
        expect={"A": 1, "B": None})  # fmt: skip


def test_most_in_weeks_goes_with_the_pupil_from_school_to_school() -> None:
    spec("""
        pupil | school | date                     | am | pm
        A     | T      | 2026-01-26 to 2026-01-30 | I  | /
        A     | S      | 2026-02-02 to 2026-02-06 | I  | /
        B     | S      | 2026-01-26 to 2026-02-06 | /  | /
    """, measure=most_in_weeks(ABSENT, weeks=2), window=ever(), as_of="2026-02-07", expect={"A": 10, "B": 0})  # fmt: skip


@pytest.mark.parametrize(("at_least", "expect"), [(1, 1), (2, 1), (2.5, 0), (3, 0)])
def test_reached_includes_the_mark_itself_and_no_answer_stays_none(at_least: float, expect: int) -> None:
    spec("""
        pupil | date       | am | pm
        A     | 2026-02-09 | O  | /
        A     | 2026-02-10 | O  | /
        B     | 2026-02-10 | X  | X
    """, measure=reached(spells(ABSENT), at_least=at_least), window=last(5), as_of="2026-02-11",
        expect={"A": expect, "B": None})  # fmt: skip


def test_weeks_read_each_mark_by_its_own_day_over_both_eras() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2024-07-08 to 2024-07-12 | J  | /     # interview: an approved activity then
        A     | 2024-07-15 to 2024-07-19 | H  | /     # agreed holiday: authorised
        A     | 2024-09-02 to 2024-09-06 | J1 | J1    # interview: authorised absence now
    """, measure=trend(ABSENT), window=ever(), as_of="2024-09-07", expect={"A": 0.5})  # fmt: skip
