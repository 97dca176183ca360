"""Each shipped feature of behaviour, suspensions, assessments and context, on a few records: worked examples of the catalogue."""

from __future__ import annotations

import pytest

from tests.spec.tables import spec

WEEK = """
    pupil | school | date                     | am | pm
    A B   | S      | 2026-02-09 to 2026-02-13 | /  | \\
    C     | T      | 2026-02-09 to 2026-02-13 | /  | \\
"""


def test_incidents_leave_out_pupils_who_were_harmed() -> None:
    spec(WEEK, behaviour="""
        pupil | school | date       | kind     | role
        A     | S      | 2026-02-06 | negative | involved    # before the school's first day on record
        A     | S      | 2026-02-09 | negative | involved
        A     | S      | 2026-02-12 | negative |             # part not recorded
        A     | S      | 2026-02-12 | negative | harmed
        B     | S      | 2026-02-13 | positive | involved
    """, feature="incidents_last_20_days", as_of="2026-02-16", expect={"A": 2, "B": 0, "C": None},
        says={"C": "school keeps no such records"})  # fmt: skip


def test_incidents_this_year_follow_the_pupil_from_school_to_school() -> None:
    spec(WEEK, behaviour="""
        pupil | school | date       | kind     | role
        A     | T      | 2025-07-31 | negative | involved    # last year
        A     | T      | 2025-08-01 | negative | involved
        A     | S      | 2026-02-10 | negative | involved
    """, feature="incidents_this_year", as_of="2026-02-16", expect={"A": 2, "B": 0, "C": 0})  # fmt: skip


def test_days_since_incident_has_no_answer_where_there_was_none() -> None:
    spec(WEEK, behaviour="""
        pupil | school | date       | kind     | role
        A     | S      | 2026-02-10 | negative | involved
        A     | S      | 2026-02-12 | negative | witness
        B     | S      | 2026-02-12 | positive |
    """, feature="days_since_incident", as_of="2026-02-16", expect={"A": 3, "B": None})  # fmt: skip


def test_suspensions_count_a_year_back_and_not_what_was_withdrawn() -> None:
    spec(WEEK, suspensions="""
        pupil | school | start      | kind                | sessions | recorded
        A     | S      | 2025-02-15 | suspension          | 2        |             # 366 days ago
        A     | S      | 2025-02-16 | suspension          | 2        |
        A     | S      | 2026-02-10 | permanent_exclusion |          |
        B     | S      | 2026-02-09 | suspension          | 4        | 2026-02-09
        B     | S      | 2026-02-09 | withdrawn           |          | 2026-02-13
    """, feature="suspensions", as_of="2026-02-16", expect={"A": 2, "B": 0, "C": 0})  # fmt: skip


def test_suspensions_have_no_answer_where_none_were_supplied() -> None:
    spec(WEEK, feature="suspensions", as_of="2026-02-16", expect={"A": None})


def test_sessions_suspended_are_added_up() -> None:
    spec(WEEK, suspensions="""
        pupil | school | start      | kind       | sessions
        A     | S      | 2025-07-14 | suspension | 9            # last year
        A     | S      | 2025-11-10 | suspension | 3
        A     | S      | 2026-02-10 | suspension | 4
    """, feature="sessions_suspended", as_of="2026-02-16", expect={"A": 7, "B": 0},
        says={"A": "lost 7 sessions to suspension this school year so far"})  # fmt: skip


def test_attainment_is_the_mean_share_of_marks() -> None:
    spec(WEEK, assessments="""
        pupil | school | date       | subject | score | maximum
        A     | S      | 2025-12-01 | Maths   | 30    | 40
        A     | S      | 2026-01-12 | English | 25    | 100
        A     | S      | 2026-02-16 | English | 90    | 100      # on the as-of date
        B     | S      | 2026-01-12 | English |       | 100      # handed in, not marked
    """, feature="attainment", as_of="2026-02-16", expect={"A": 0.5, "B": None})  # fmt: skip


def test_results_count_what_was_handed_in() -> None:
    spec(WEEK, assessments="""
        pupil | school | date       | subject | score | maximum
        A     | S      | 2025-12-01 | Maths   | 30    | 40
        A     | S      | 2026-01-12 | English |       | 100
    """, feature="results", as_of="2026-02-16", expect={"A": 2, "B": 0, "C": None})  # fmt: skip


def test_year_group_is_the_one_in_force() -> None:
    spec(WEEK, context="""
        pupil | school | valid_from | year_group
        A     | S      | 2024-09-01 | 9
        A     | S      | 2025-09-01 | 10
        A     | S      | 2026-02-16 | 11            # valid from the as-of date: not yet known
    """, feature="year_group", as_of="2026-02-16", expect={"A": 10, "B": None})  # fmt: skip


def test_year_group_unknown_is_itself_something_to_know() -> None:
    spec(WEEK, context="""
        pupil | school | valid_from | year_group
        A     | S      | 2025-09-01 | 10
        B     | S      | 2025-09-01 |
    """, feature="year_group_unknown", as_of="2026-02-16", expect={"A": 0, "B": 1, "C": 1})  # fmt: skip


@pytest.mark.parametrize(
    ("feature", "column", "yes", "no"),
    [
        ("female", "sex", "F", "M"),
        ("fsm", "fsm", "true", "false"),
        ("fsm6", "fsm6", "true", "false"),
        ("sen", "sen", "K", "N"),
        ("sen_support", "sen", "K", "E"),
        ("ehcp", "sen", "E", "K"),
        ("sen_need_semh", "sen_need", "SEMH", "ASD"),
        ("sen_need_autism", "sen_need", "ASD", "SEMH"),
        ("sen_need_learning", "sen_need", "MLD", "SLCN"),
        ("sen_need_speech", "sen_need", "SLCN", "MLD"),
        ("sen_need_sensory_physical", "sen_need", "VI", "OTH"),
        ("eal", "eal", "true", "false"),
        ("looked_after", "cla", "true", "false"),
        ("previously_looked_after", "previously_looked_after", "true", "false"),
        ("child_in_need", "cin", "true", "false"),
        ("child_protection_plan", "cpp", "true", "false"),
        ("young_carer", "young_carer", "true", "false"),
        ("ethnicity_white_british", "ethnicity", "WBRI", "WIRI"),
        ("ethnicity_white_other", "ethnicity", "WOTH", "WBRI"),
        ("ethnicity_gypsy_roma_traveller", "ethnicity", "WROM", "WOTH"),
        ("ethnicity_mixed", "ethnicity", "MWBC", "BCRB"),
        ("ethnicity_asian", "ethnicity", "APKN", "CHNE"),
        ("ethnicity_black", "ethnicity", "BCRB", "MWBC"),
        ("ethnicity_chinese", "ethnicity", "CHNE", "AOTH"),
        ("ethnicity_other", "ethnicity", "OOTH", "MOTH"),
    ],
)
def test_protected_columns_are_yes_no_or_not_known_and_null_is_never_no(feature: str, column: str, yes: str, no: str) -> None:
    spec(WEEK, context=f"""
        pupil | school | valid_from | {column}
        A     | S      | 2025-09-01 | {yes}
        B     | S      | 2025-09-01 | {no}
        C     | T      | 2025-09-01 |
    """, feature=feature, as_of="2026-02-16", expect={"A": 1, "B": 0, "C": None})  # fmt: skip


def test_the_decile_is_given_as_it_stands() -> None:
    spec(WEEK, context="""
        pupil | school | valid_from | idaci_decile
        A     | S      | 2025-09-01 | 1
        B     | S      | 2025-09-01 |
    """, feature="idaci_decile", as_of="2026-02-16", expect={"A": 1, "B": None})  # fmt: skip
