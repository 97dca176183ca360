"""Each shipped feature of the register, on a few records: the catalogue shows these as worked examples."""

from __future__ import annotations

from tests.spec.tables import spec

# The 20 weekdays before Monday 16 February 2026 begin on Monday 19 January.


def test_absence_over_ten_days_leaves_out_the_eleventh() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-01-30               | O  | O     # the eleventh day back
        A     | 2026-02-02 to 2026-02-11 | /  | \\
        A     | 2026-02-12               | O  | O
        A     | 2026-02-13               | I  | \\
        B     | 2026-02-02 to 2026-02-13 | X  | X     # not required to attend
    """, feature="absence_last_10_days", as_of="2026-02-16", expect={"A": 3 / 20, "B": None},
        says={"A": "missed 15 % of sessions in the last 10 school days",
              "B": "has no sessions recorded in the last 10 school days"})  # fmt: skip


def test_absence_over_twenty_days() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-01-16               | O  | O     # the twenty-first day back
        A     | 2026-01-19               | O  | \\
        A     | 2026-01-20 to 2026-02-10 | /  | \\
        A     | 2026-02-11 to 2026-02-13 | M  | C
    """, feature="absence_last_20_days", as_of="2026-02-16", expect={"A": 7 / 40})  # fmt: skip


def test_absence_over_sixty_days_takes_fewer_where_there_are_no_more() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-12-01 to 2025-12-12 | /  | \\
        A     | 2025-12-15 to 2025-12-19 | I  | I
        A     | 2025-12-22 to 2026-01-02 | #  | #     # holidays
    """, feature="absence_last_60_days", as_of="2026-01-05", expect={"A": 10 / 30})  # fmt: skip


def test_absence_this_year_begins_on_the_first_of_august() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-07-14 to 2025-07-18 | O  | O     # last year
        A     | 2025-09-01 to 2025-09-05 | /  | T
    """, feature="absence_this_year", as_of="2025-09-08", expect={"A": 5 / 10})  # fmt: skip


def test_absence_last_year_ends_on_the_thirty_first_of_july() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2024-07-15               | O  | O     # the year before
        A     | 2025-06-02 to 2025-06-05 | /  | \\
        A     | 2025-06-06               | I  | I
        A     | 2025-09-01 to 2025-09-05 | O  | O     # this year
        B     | 2025-09-01 to 2025-09-05 | /  | \\
    """, feature="absence_last_year", as_of="2025-09-08", expect={"A": 2 / 10, "B": None})  # fmt: skip


def test_absence_change_is_now_less_before() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-01-05 to 2026-01-09 | O  | O
        A     | 2026-01-12 to 2026-01-16 | /  | \\
        A     | 2026-01-19 to 2026-02-13 | /  | \\    # the last 20 school days
        B     | 2026-01-26 to 2026-02-13 | /  | O     # joined within them
    """, feature="absence_change", as_of="2026-02-16", expect={"A": -0.5, "B": None},
        says={"A": "absence in the last 20 school days compared with the 60 before: 50 percentage points less"})  # fmt: skip


def test_absence_among_peers_is_the_share_of_the_year_group_with_less() -> None:
    spec("""
        pupil   | date                     | am | pm
        A B C D | 2025-09-01 to 2025-09-05 | /  | \\
        E       | 2025-09-01 to 2025-09-05 | /  | I
        F       | 2025-09-01 to 2025-09-05 | O  | O
    """, context="""
        pupil     | valid_from | year_group
        A B C D E | 2025-09-01 | 9
        F         | 2025-09-01 | 11
    """, feature="absence_among_peers", as_of="2025-09-08", expect={"A": 2 / 5, "E": 4.5 / 5, "F": None})  # fmt: skip


def test_unauthorised_absence_waits_for_the_reason() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-01-26 to 2026-01-30 | N  | \\    # no reason in more than 14 days
        A     | 2026-02-02 to 2026-02-06 | I  | O
        A     | 2026-02-09 to 2026-02-13 | N  | \\    # the reason may still come
    """, feature="unauthorised_absence_last_20_days", as_of="2026-02-16", expect={"A": 10 / 30})  # fmt: skip


def test_unauthorised_absence_this_year_counts_holidays_without_leave() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-07-14 to 2025-07-18 | O  | O     # last year
        A     | 2025-09-01 to 2025-09-05 | G  | \\
        A     | 2025-09-08 to 2025-09-12 | C  | \\    # with leave
    """, feature="unauthorised_absence_this_year", as_of="2025-09-15", expect={"A": 5 / 20})  # fmt: skip


def test_unauthorised_absence_last_year_counts_arrivals_after_the_register_closed() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-06-02 to 2025-06-06 | U  | \\
        A     | 2025-09-01 to 2025-09-05 | /  | \\
    """, feature="unauthorised_absence_last_year", as_of="2025-09-08", expect={"A": 5 / 10})  # fmt: skip


def test_illness_is_code_i_alone() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-12-01 to 2025-12-05 | I  | \\
        A     | 2025-12-08 to 2025-12-12 | M  | O
    """, feature="illness_last_60_days", as_of="2025-12-15", expect={"A": 5 / 20})  # fmt: skip


def test_no_reason_yet_is_code_n_alone() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-02-09 to 2026-02-12 | N  | \\
        A     | 2026-02-13               | O  | I
    """, feature="no_reason_yet_last_10_days", as_of="2026-02-16", expect={"A": 4 / 10})  # fmt: skip


def test_lateness_counts_arrivals_before_and_after_the_register_closed() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-02-09 to 2026-02-12 | L  | \\
        A     | 2026-02-13               | U  | I
    """, feature="lateness_last_20_days", as_of="2026-02-16", expect={"A": 5 / 10})  # fmt: skip


def test_lateness_this_year() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-07-14 to 2025-07-18 | L  | L     # last year
        A     | 2025-09-01 to 2025-09-04 | /  | L
        A     | 2025-09-05               | O  | O
    """, feature="lateness_this_year", as_of="2025-09-08", expect={"A": 4 / 10})  # fmt: skip


def test_longest_absence_runs_over_weekends_and_sessions_that_were_not_possible() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-09-04               | /  | I
        A     | 2025-09-05               | I  | Y1    # no transport
        A     | 2025-09-08               | I  | I
        A     | 2025-09-09               | /  | O
    """, feature="longest_absence", as_of="2025-09-10", expect={"A": 4})  # fmt: skip


def test_current_absence_is_nothing_once_the_pupil_is_back() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-09-01               | /  | O
        A     | 2025-09-02 to 2025-09-03 | O  | O
        B     | 2025-09-01 to 2025-09-03 | O  | \\
    """, feature="current_absence", as_of="2025-09-04", expect={"A": 5, "B": 0},
        says={"A": "absent for the latest 5 sessions in a row"})  # fmt: skip


def test_absence_spells_count_how_often_not_how_long() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-09-01               | /  | O
        A     | 2025-09-02               | O  | \\
        A     | 2025-09-03 to 2025-09-05 | I  | I
        B     | 2025-09-01 to 2025-09-05 | /  | \\
    """, feature="absence_spells", as_of="2025-09-08", expect={"A": 2, "B": 0})  # fmt: skip


def test_days_since_attended_counts_days_on_which_the_school_was_open() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-09-04               | /  | O
        A     | 2025-09-05 to 2025-09-09 | O  | O     # Friday, Monday, Tuesday
        B     | 2025-09-04 to 2025-09-09 | /  | V
        C     | 2025-09-04 to 2025-09-09 | I  | I
    """, feature="days_since_attended", as_of="2025-09-10", expect={"A": 3, "B": 0, "C": None})  # fmt: skip


def test_monday_friday_absence_compares_with_the_days_between() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-09-01               | O  | O     # Monday
        A     | 2025-09-02 to 2025-09-04 | /  | \\
        A     | 2025-09-05               | /  | O     # Friday
        B     | 2025-09-03               | O  | O
    """, feature="monday_friday_absence", as_of="2025-09-08", expect={"A": 3 / 4, "B": None})  # fmt: skip


def test_schools_attended_are_those_that_marked_the_pupil() -> None:
    spec("""
        pupil | school | date                     | am | pm
        A     | T      | 2024-09-02 to 2024-09-06 | /  | \\
        A     | S      | 2025-09-01 to 2025-09-05 | /  | \\
        B     | S      | 2025-09-01 to 2025-09-05 | /  | \\
    """, context="""
        pupil | valid_from | year_group
        C     | 2025-09-01 | 7
    """, feature="schools_attended", as_of="2025-09-08", expect={"A": 2, "B": 1, "C": None})  # fmt: skip


def test_time_at_school_begins_with_the_first_sign_of_the_pupil_there() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-09-01 to 2025-09-19 | /  | \\
        B     | 2025-09-15 to 2025-09-19 | /  | \\
    """, feature="time_at_school", as_of="2025-09-22", expect={"A": 21, "B": 7})  # fmt: skip
