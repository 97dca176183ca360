"""More shipped features of behaviour, suspensions, assessments, termly totals and moves: worked examples of the catalogue."""

from __future__ import annotations

from tests.spec.tables import spec
from tests.spec.test_spec_other_features import WEEK

EIGHT_WEEKS = """
    pupil | school | date                     | am | pm
    A B   | S      | 2025-12-22 to 2026-02-13 | /  | \\
    C     | T      | 2025-12-22 to 2026-02-13 | /  | \\
"""


def test_incidents_over_five_days_leave_out_the_sixth() -> None:
    spec(EIGHT_WEEKS, behaviour="""
        pupil | school | date       | kind     | role
        A     | S      | 2026-02-06 | negative | involved    # the sixth day back
        A     | S      | 2026-02-09 | negative | involved
        A     | S      | 2026-02-14 | negative | involved    # a Saturday, and before the as-of date
    """, feature="incidents_last_5_days", as_of="2026-02-16", expect={"A": 2, "B": 0, "C": None})  # fmt: skip


def test_incidents_over_sixty_days() -> None:
    spec(EIGHT_WEEKS, behaviour="""
        pupil | school | date       | kind     | role
        A     | S      | 2025-12-19 | negative | involved    # before the school's first day on record
        A     | S      | 2025-12-22 | negative | involved
        A     | S      | 2026-02-16 | negative | involved    # on the as-of date
    """, feature="incidents_last_60_days", as_of="2026-02-16", expect={"A": 1, "B": 0, "C": None})  # fmt: skip


def test_incident_points_are_added_up_by_size_whatever_their_sign() -> None:
    spec(EIGHT_WEEKS, behaviour="""
        pupil | school | date       | kind     | role     | points
        A     | S      | 2026-01-16 | negative | involved | -8     # the twenty-first day back
        A     | S      | 2026-01-19 | negative | involved | -2
        A     | S      | 2026-02-02 | negative |          | -0.5
        A     | S      | 2026-02-02 | negative | involved |        # no points given
        A     | S      | 2026-02-03 | positive | involved | 5
        B     | S      | 2026-02-03 | negative | harmed   | -4
    """, feature="incident_points_last_20_days", as_of="2026-02-16", expect={"A": 2.5, "B": 0, "C": None})  # fmt: skip


def test_incident_points_this_year() -> None:
    spec(WEEK, behaviour="""
        pupil | school | date       | kind     | role     | points
        A     | S      | 2025-07-31 | negative | involved | 4      # last year
        A     | S      | 2025-08-01 | negative | involved | 1
        A     | T      | 2026-02-10 | negative | involved | 3
    """, feature="incident_points_this_year", as_of="2026-02-16", expect={"A": 4, "B": 0, "C": 0})  # fmt: skip


def test_incident_days_count_a_day_once_and_only_school_days() -> None:
    spec(WEEK, behaviour="""
        pupil | school | date       | kind     | role
        A     | S      | 2026-02-10 | negative | involved
        A     | S      | 2026-02-10 | negative | involved
        A     | S      | 2026-02-12 | negative | involved
        A     | S      | 2026-02-14 | negative | involved    # a Saturday
    """, feature="incident_days_last_60_days", as_of="2026-02-16", expect={"A": 2 / 5, "B": 0, "C": None},
        says={"A": "school days with a behaviour incident in the last 60 school days: 40 %"})  # fmt: skip


def test_incident_days_this_year() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2025-07-14 to 2025-07-18 | /  | \\
        A     | 2025-09-01 to 2025-09-05 | /  | \\
    """, behaviour="""
        pupil | date       | kind     | role
        A     | 2025-07-14 | negative | involved    # last year
        A     | 2025-09-01 | negative | involved
    """, feature="incident_days_this_year", as_of="2025-09-08", expect={"A": 1 / 5})  # fmt: skip


def test_incident_change_is_now_less_before() -> None:
    spec(EIGHT_WEEKS, behaviour="""
        pupil | school | date       | kind     | role
        A     | S      | 2025-12-22 | negative | involved    # the fortieth day back
        A     | S      | 2026-01-16 | negative | involved
        A     | S      | 2026-01-16 | negative | involved
        A     | S      | 2026-01-19 | negative | involved    # within the last 20 school days
    """, feature="incident_change", as_of="2026-02-16", expect={"A": -2, "B": 0, "C": None})  # fmt: skip


def test_praise_is_what_was_recorded_as_positive() -> None:
    spec(WEEK, behaviour="""
        pupil | school | date       | kind     | role
        A     | S      | 2025-07-31 | positive |             # last year
        A     | S      | 2026-02-10 | positive |
        A     | S      | 2026-02-11 | positive | involved
        A     | S      | 2026-02-12 | negative | involved
    """, feature="praise", as_of="2026-02-16", expect={"A": 2, "B": 0, "C": None})  # fmt: skip


SUSPENDED = """
    pupil | school | start      | kind                | sessions
    A     | S      | 2026-02-09 | suspension          | 1
    A     | S      | 2026-02-11 | permanent_exclusion |
    A     | S      | 2026-02-12 | suspension          | 2
    A     | S      | 2026-02-12 | withdrawn           |            # did not count
"""


def test_days_since_suspension_count_from_its_first_day() -> None:
    spec(WEEK, suspensions=SUSPENDED, feature="days_since_suspension", as_of="2026-02-16", expect={"A": 2, "B": None},
         says={"A": "time since the last suspension began: 2 school days"})  # fmt: skip


def test_days_since_first_suspension() -> None:
    spec(WEEK, suspensions=SUSPENDED, feature="days_since_first_suspension", as_of="2026-02-16", expect={"A": 4, "B": None})


def test_attainment_change_is_this_year_less_the_year_before() -> None:
    spec(WEEK, assessments="""
        pupil | school | date       | subject | score | maximum
        A     | S      | 2024-02-16 | Maths   | 0     | 40          # two years and more ago
        A     | S      | 2025-02-15 | Maths   | 20    | 40          # 366 days ago
        A     | S      | 2025-02-16 | Maths   | 30    | 40          # 365 days ago
        B     | S      | 2026-01-12 | English | 70    | 100
    """, feature="attainment_change", as_of="2026-02-16", expect={"A": 0.25, "B": None},
        says={"A": "share of the marks reached in assessments in the last 365 days compared with the year before: "
                   "25 percentage points more"})  # fmt: skip


TERMS = """
    pupil | school | starts_on  | ends_on    | possible | authorised | unauthorised | illness | recorded
    A     | S      | 2024-09-02 | 2024-12-20 | 140      | 70         | 0            | 70      | 2025-05-15
    A     | T      | 2025-01-06 | 2025-04-04 | 110      | 5          | 6            |         | 2025-10-02
    A     | S      | 2025-04-22 | 2025-07-22 | 120      | 12         | 0            | 6       | 2025-10-02
    A     | S      | 2025-09-01 | 2025-12-19 | 140      | 10         | 18           | 7       | 2026-01-15
    C     | T      | 2025-09-01 | 2025-12-19 | 0        | 0          | 0            | 0       | 2026-01-15
"""


def test_term_absence_adds_up_the_terms_that_ended_within_400_days() -> None:
    spec(WEEK, term_totals=TERMS, feature="term_absence", as_of="2026-02-16", expect={"A": 51 / 370, "B": None, "C": None},
         says={"A": "missed 14 % of sessions in terms that ended in the last 400 days",
               "B": "has no termly totals in the last 400 days"})  # fmt: skip


def test_term_unauthorised_knows_only_what_had_been_recorded() -> None:
    spec(EIGHT_WEEKS, term_totals=TERMS, feature="term_unauthorised", as_of="2026-01-15", expect={"A": 6 / 370})


def test_term_illness_leaves_out_terms_that_do_not_tell_it() -> None:
    spec(WEEK, term_totals=TERMS, feature="term_illness", as_of="2026-02-16", expect={"A": 13 / 260})


def test_term_absence_change_is_the_latest_term_less_the_year_before() -> None:
    spec(WEEK, term_totals=TERMS, feature="term_absence_change", as_of="2026-02-16",
         expect={"A": 28 / 140 - (70 + 11 + 12) / 370, "B": None})  # fmt: skip


def test_moves_count_schools_that_first_marked_the_pupil_in_the_last_year() -> None:
    spec("""
        pupil | school | date                     | am | pm
        A     | T      | 2024-09-02 to 2024-09-06 | /  | \\
        A     | S      | 2025-09-01 to 2025-09-05 | /  | \\
        B     | S      | 2025-09-01 to 2025-09-05 | /  | \\    # the first school is no move
        D     | U      | 2023-09-04 to 2023-09-08 | /  | \\
        D     | S      | 2024-09-02 to 2025-09-05 | /  | \\    # more than a year ago
    """, context="""
        pupil | valid_from | year_group
        C     | 2025-09-01 | 7
    """, feature="moves", as_of="2025-09-08", expect={"A": 1, "B": 0, "C": None, "D": 0})  # fmt: skip


def test_joined_mid_year_is_more_than_thirty_days_after_the_school_year_began() -> None:
    spec("""
        pupil   | date                     | am | pm
        A B C D | 2025-11-03 to 2025-11-07 | /  | \\
        A D     | 2025-09-01 to 2025-09-05 | /  | \\
    """, context="""
        pupil | valid_from | year_group
        B     | 2025-10-01 | 9              # 30 days after 1 September
        C     | 2025-10-02 | 9
        D     | 2024-09-02 | 9              # a year of which the school has no register
    """, feature="joined_mid_year", as_of="2025-11-10", expect={"A": 0, "B": 0, "C": 1, "D": None})  # fmt: skip
