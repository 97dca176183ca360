"""More shipped features of the register: rates over other windows, single codes, changes and first times; worked examples too."""

from __future__ import annotations

from tests.spec.tables import spec

# The 20 weekdays before Monday 16 February 2026 begin on Monday 19 January, the 60 on Monday 24 November 2025.


def test_absence_over_five_days_leaves_out_the_sixth() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-02-06               | O  | O     # the sixth day back
        A     | 2026-02-09 to 2026-02-12 | /  | \\
        A     | 2026-02-13               | I  | I
    """, feature="absence_last_5_days", as_of="2026-02-16", expect={"A": 2 / 10})  # fmt: skip


def test_absence_this_half_term_begins_after_the_latest_holiday() -> None:
    spec("""
        pupil | date                     | am | pm
        A B   | 2025-10-20 to 2025-10-24 | O  | O
        A B   | 2025-10-27 to 2025-10-31 | #  | #     # five weekdays closed
        A     | 2025-11-03 to 2025-11-06 | /  | \\
        A     | 2025-11-07               | I  | I
        B     | 2025-11-03 to 2025-11-07 | X  | X
    """, feature="absence_this_half_term", as_of="2025-11-10", expect={"A": 2 / 10, "B": None},
        says={"A": "missed 20 % of sessions this half-term so far",
              "B": "has no sessions recorded this half-term so far"})  # fmt: skip


def test_unauthorised_absence_over_ten_days() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-01-30               | O  | O     # the eleventh day back
        A     | 2026-02-02               | N  | N     # the reason may still come
        A     | 2026-02-03 to 2026-02-12 | /  | \\
        A     | 2026-02-13               | U  | G
    """, feature="unauthorised_absence_last_10_days", as_of="2026-02-16", expect={"A": 2 / 20})  # fmt: skip


def test_unauthorised_absence_over_sixty_days() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-12-01 to 2025-12-05 | N  | \\    # no reason in more than 14 days
        A     | 2025-12-08 to 2025-12-12 | G  | \\
        A     | 2025-12-15 to 2025-12-19 | C  | \\    # with leave
    """, feature="unauthorised_absence_last_60_days", as_of="2026-01-05", expect={"A": 10 / 30})  # fmt: skip


def test_unauthorised_change_is_now_less_before() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-01-12 to 2026-01-16 | O  | \\
        A     | 2026-01-19 to 2026-02-13 | I  | \\    # the last 20 school days
        B     | 2026-01-26 to 2026-02-13 | O  | \\    # joined within them
    """, feature="unauthorised_change", as_of="2026-02-16", expect={"A": -0.5, "B": None},
        says={"A": "absence without leave in the last 20 school days compared with the 60 before: 50 percentage points less",
              "B": "has no sessions recorded in one of the two periods compared"})  # fmt: skip


def test_term_time_holiday_is_code_g_alone() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-07-14 to 2025-07-18 | G  | G     # last year
        A     | 2025-09-01 to 2025-09-05 | G  | \\
        A     | 2025-09-08 to 2025-09-12 | C  | O
    """, feature="term_time_holiday", as_of="2025-09-15", expect={"A": 5 / 20})  # fmt: skip


def test_first_time_without_a_reason_within_twenty_days() -> None:
    spec("""
        pupil | date                     | am | pm
        A C   | 2026-01-12 to 2026-01-16 | /  | \\
        B D   | 2026-01-12 to 2026-01-16 | /  | O     # not the first time when it comes again
        A B   | 2026-01-19 to 2026-02-12 | /  | \\
        A B   | 2026-02-13               | O  | O
        C     | 2026-01-19 to 2026-02-13 | I  | G     # other reasons
        D     | 2026-01-19 to 2026-02-13 | X  | X
    """, feature="first_without_reason_last_20_days", as_of="2026-02-16", expect={"A": 1, "B": 0, "C": 0, "D": None},
        says={"A": "absent without an acceptable reason for the first time on record in the last 20 school days: yes"})  # fmt: skip


def test_first_time_without_a_reason_within_sixty_days() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-11-21               | /  | \\    # the sixty-first day back
        B     | 2025-11-21               | /  | O
        A B   | 2025-11-24               | O  | \\
        A B   | 2025-11-25 to 2026-02-13 | /  | \\
    """, feature="first_without_reason_last_60_days", as_of="2026-02-16", expect={"A": 1, "B": 0})  # fmt: skip


def test_authorised_absence_counts_every_reason_with_leave() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-01-16               | I  | I     # the twenty-first day back
        A     | 2026-01-19 to 2026-02-12 | /  | \\
        A     | 2026-02-13               | C2 | E
        B     | 2026-01-19 to 2026-02-12 | I  | M
        B     | 2026-02-13               | O  | G
    """, feature="authorised_absence_last_20_days", as_of="2026-02-16", expect={"A": 2 / 40, "B": 38 / 40})  # fmt: skip


def test_authorised_absence_this_year() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-07-14 to 2025-07-18 | I  | I     # last year
        A     | 2025-09-01 to 2025-09-05 | T  | \\
    """, feature="authorised_absence_this_year", as_of="2025-09-08", expect={"A": 5 / 10})  # fmt: skip


def test_part_time_timetable_is_code_c2_alone() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-09-01 to 2025-09-05 | /  | C2
        A     | 2025-09-08 to 2025-09-12 | C  | C1
    """, feature="part_time_timetable", as_of="2025-09-15", expect={"A": 5 / 20})  # fmt: skip


def test_first_part_time_timetable() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-11-21               | /  | C     # the sixty-first day back
        B     | 2025-11-21               | /  | C2
        A     | 2025-11-24 to 2026-02-12 | /  | \\
        B     | 2025-11-24 to 2026-02-12 | /  | C2
        A B   | 2026-02-13               | /  | C2
    """, feature="first_part_time_timetable", as_of="2026-02-16", expect={"A": 1, "B": 0})  # fmt: skip


def test_excluded_sessions_are_code_e_alone() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-07-14 to 2025-07-18 | E  | E     # last year
        A     | 2025-09-01               | E  | E
        A     | 2025-09-02 to 2025-09-05 | /  | D     # at the other place: not possible here
    """, feature="excluded_sessions", as_of="2025-09-08", expect={"A": 2 / 6},
        says={"A": "missed 33 % of sessions while suspended or excluded this school year so far"})  # fmt: skip


def test_first_excluded_session() -> None:
    spec("""
        pupil | date                     | am | pm
        A B   | 2025-11-21               | /  | \\    # the sixty-first day back
        A     | 2025-11-24               | E  | E
        B     | 2025-11-24               | O  | O
        A B   | 2025-11-25 to 2026-02-13 | /  | \\
    """, feature="first_excluded_session", as_of="2026-02-16", expect={"A": 1, "B": 0})  # fmt: skip


def test_illness_over_twenty_days() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-01-16               | I  | I     # the twenty-first day back
        A     | 2026-01-19               | I  | I
        A     | 2026-01-20 to 2026-02-13 | /  | M
    """, feature="illness_last_20_days", as_of="2026-02-16", expect={"A": 2 / 40})  # fmt: skip


def test_illness_this_year() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-07-14 to 2025-07-18 | I  | I     # last year
        A     | 2025-09-01 to 2025-09-04 | /  | \\
        A     | 2025-09-05               | I  | I
    """, feature="illness_this_year", as_of="2025-09-08", expect={"A": 2 / 10})  # fmt: skip


def test_lateness_over_ten_days() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-01-30               | L  | L     # the eleventh day back
        A     | 2026-02-02 to 2026-02-12 | /  | \\
        A     | 2026-02-13               | L  | U
    """, feature="lateness_last_10_days", as_of="2026-02-16", expect={"A": 2 / 20})  # fmt: skip


def test_lateness_over_sixty_days() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-11-21               | L  | L     # the sixty-first day back
        A     | 2025-11-24               | L  | \\
        A     | 2025-11-25 to 2026-02-13 | /  | \\
    """, feature="lateness_last_60_days", as_of="2026-02-16", expect={"A": 1 / 120})  # fmt: skip


def test_lateness_change_is_now_less_before() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-01-12 to 2026-01-16 | /  | \\
        A     | 2026-01-19 to 2026-02-13 | L  | \\    # the last 20 school days
        B     | 2026-01-26 to 2026-02-13 | L  | L     # joined within them
    """, feature="lateness_change", as_of="2026-02-16", expect={"A": 0.5, "B": None})  # fmt: skip
