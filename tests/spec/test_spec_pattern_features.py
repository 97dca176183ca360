"""Shipped features of how absence is spread: over weeks, days, holidays and classmates; worked examples of the catalogue."""

from __future__ import annotations

from tests.spec.tables import spec

TEN_WEEKS = """
    pupil | date                     | am | pm
    A     | 2025-10-13 to 2025-10-17 | O  | \\    # week 1
    B     | 2025-10-13 to 2025-10-16 | O  | \\
    B     | 2025-10-17               | I  | \\
    A B   | 2025-10-20 to 2025-10-24 | /  | \\
    A B   | 2025-11-03 to 2025-12-19 | /  | \\    # weeks 3 to 9: the holiday before used up none
    A B   | 2026-01-05 to 2026-01-09 | G  | \\    # week 10
    A B   | 2026-01-12               | O  | O     # week 11
"""


def test_absence_trend_is_the_rise_from_week_to_week() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-01-05 to 2026-01-09 | /  | \\    # 0 of 10
        A     | 2026-01-12               | O  | O     # 2 of 10
        A     | 2026-01-13 to 2026-01-16 | /  | \\
        A     | 2026-01-19 to 2026-01-20 | I  | I     # 4 of 10
        A     | 2026-01-21 to 2026-01-23 | /  | \\
        B     | 2026-01-12 to 2026-01-23 | /  | \\    # two weeks
    """, feature="absence_trend", as_of="2026-01-26", expect={"A": 0.2, "B": None},
        says={"B": "has sessions recorded in fewer than three weeks in the last 60 school days"})  # fmt: skip


def test_absence_faded_weighs_the_latest_week_most() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-01-12 to 2026-01-16 | O  | O
        A     | 2026-01-19 to 2026-01-23 | /  | \\
        B     | 2026-01-12 to 2026-01-16 | /  | \\
        B     | 2026-01-19 to 2026-01-23 | O  | O
        C     | 2026-01-12 to 2026-01-23 | X  | X
    """, feature="absence_faded", as_of="2026-01-26",
        expect={"A": 0.5**0.25 / (1 + 0.5**0.25), "B": 1 / (1 + 0.5**0.25), "C": None})  # fmt: skip


def test_weeks_below_ninety_per_cent_leave_out_a_week_of_exactly_ninety() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-09-01               | O  | \\    # 1 of 10
        A     | 2025-09-02 to 2025-09-05 | /  | \\
        A     | 2025-09-08               | O  | O     # 2 of 10
        A     | 2025-09-09 to 2025-09-12 | /  | \\
        A     | 2025-09-15               | I  | \\    # 1 of 2
        A     | 2025-09-16 to 2025-09-19 | X  | X
        B     | 2025-09-01 to 2025-09-19 | /  | \\
        C     | 2025-09-01 to 2025-09-19 | X  | X
    """, feature="weeks_below_90_percent", as_of="2025-09-22", expect={"A": 2, "B": 0, "C": None})  # fmt: skip


def test_absence_among_peers_over_twenty_days() -> None:
    spec("""
        pupil   | date                     | am | pm
        A B C D | 2026-01-16               | O  | O     # the twenty-first day back
        E F     | 2026-01-16               | /  | \\
        A B C D | 2026-01-19 to 2026-02-13 | /  | \\
        E F     | 2026-01-19 to 2026-02-13 | /  | I
    """, context="""
        pupil     | valid_from | year_group
        A B C D E | 2025-09-01 | 9
        F         | 2025-09-01 | 11
    """, feature="absence_among_peers_last_20_days", as_of="2026-02-16", expect={"A": 2 / 5, "E": 4.5 / 5, "F": None})  # fmt: skip


def test_after_holiday_absence_compares_the_first_five_days_with_the_rest() -> None:
    spec("""
        pupil | date                     | am | pm
        A B   | 2025-10-20 to 2025-10-24 | /  | \\
        A B   | 2025-10-27 to 2025-10-31 | #  | #     # holiday
        A     | 2025-11-03 to 2025-11-07 | O  | \\    # the first five days
        B     | 2025-11-03 to 2025-11-07 | X  | X
        A B   | 2025-11-10 to 2025-11-14 | /  | \\
    """, feature="after_holiday_absence", as_of="2025-11-17", expect={"A": 0.5, "B": None},
        says={"A": "absence in the first five days after holidays compared with other days this school year so far: "
                   "50 percentage points more"})  # fmt: skip


def test_afternoon_absence_compares_with_the_morning() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-09-01 to 2025-09-04 | /  | \\
        A     | 2025-09-05               | /  | O
        B     | 2025-09-01 to 2025-09-05 | /  |
    """, feature="afternoon_absence", as_of="2025-09-08", expect={"A": 0.2, "B": None})  # fmt: skip


def test_unauthorised_among_peers() -> None:
    spec("""
        pupil   | date                     | am | pm
        A B C D | 2025-09-01 to 2025-09-05 | I  | \\
        E       | 2025-09-01 to 2025-09-05 | /  | G
    """, context="""
        pupil     | valid_from | year_group
        A B C D E | 2025-09-01 | 9
    """, feature="unauthorised_among_peers", as_of="2025-09-08", expect={"A": 2 / 5, "E": 4.5 / 5})  # fmt: skip


def test_most_unauthorised_in_ten_weeks_counts_school_weeks() -> None:
    spec(TEN_WEEKS, feature="most_unauthorised_in_ten_weeks", as_of="2026-01-27", expect={"A": 10, "B": 9},
         says={"A": "most missed without leave within ten school weeks in the last 365 days: 10 sessions"})  # fmt: skip


def test_the_penalty_threshold_is_reached_at_ten() -> None:
    spec(TEN_WEEKS, feature="penalty_threshold", as_of="2026-01-27", expect={"A": 1, "B": 0},
         says={"B": "missed ten sessions or more without leave within ten school weeks in the last 365 days: no"})  # fmt: skip
