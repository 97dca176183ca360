"""Who is on roll on a date as far as could be known, at which school, and who can be scored."""

from __future__ import annotations

import datetime as dt

import pytest

from eswarn.cohort.roll import ALREADY_GONE, Cohort, cohort_before
from eswarn.config import CohortConfig
from eswarn.records.timeline import Timeline
from tests.spec.tables import records_from

# The 20 weekdays before Monday 9 March 2026 begin on Monday 9 February.
OPEN = "pupil | school | date | am | pm\nV W X Y Z | S | 2026-01-05 to 2026-03-06 | / | /\n"


def cohort(register: str, *, as_of: str = "2026-03-09", config: CohortConfig | None = None, **tables: str) -> Cohort:
    records = records_from(attendance=register, **tables)
    return cohort_before(Timeline(records).before(dt.date.fromisoformat(as_of)), config or CohortConfig())


def roll(register: str, *, as_of: str = "2026-03-09", **tables: str) -> dict[str, str]:
    """Pupil to school, without the five who keep the school open."""
    found = cohort(register, as_of=as_of, **tables)
    pairs = {found.known.pupils[p]: found.known.schools[s] for p, s in zip(found.pupil, found.school, strict=True)}
    return {pupil: school for pupil, school in pairs.items() if pupil not in "VWXYZ"}


@pytest.mark.parametrize(("day", "on_roll"), [("2026-02-06", {}), ("2026-02-09", {"A": "S"})])
def test_a_mark_in_the_last_twenty_school_days_puts_a_pupil_on_roll(day: str, on_roll: dict[str, str]) -> None:
    assert roll(f"{OPEN}A | S | {day} | / | /\n") == on_roll


@pytest.mark.parametrize("code", ["#", "Z"])
def test_a_closure_or_a_pupil_yet_to_come_is_no_such_mark(code: str) -> None:
    assert roll(f"{OPEN}A | S | 2026-03-06 | {code} | {code}\n") == {}


def test_a_context_row_in_force_puts_a_pupil_on_roll() -> None:
    context = "pupil | school | valid_from | year_group\nA | S | 2025-09-01 | 9\nB | S | 2026-03-09 | 9\n"
    assert roll(OPEN, context=context) == {"A": "S"}  # the row of B is valid from the date itself: not known yet


def test_a_later_context_row_at_another_school_ends_the_former() -> None:
    context = "pupil | school | valid_from | year_group\nA | S | 2025-09-01 | 9\nA | T | 2026-01-05 | 9\n"
    assert roll(OPEN, context=context) == {"A": "T"}


@pytest.mark.parametrize(
    ("outcome", "on_roll"),
    [
        ("2026-03-06 | 2026-03-07", {}),
        ("2026-03-06 | 2026-03-09", {"A": "S"}),  # recorded on the date itself: not known yet
        ("2026-03-09 |", {"A": "S"}),  # the last day on roll is the date itself: still on roll
        ("2026-03-05 | 2026-03-05", {"A": "S"}),  # came back: marked after leaving
    ],
)
def test_a_departure_counts_from_the_day_after_it_was_recorded(outcome: str, on_roll: dict[str, str]) -> None:
    outcomes = f"pupil | left_on | recorded | destination\nA | {outcome} | unknown\n"
    assert roll(f"{OPEN}A | S | 2026-02-09 to 2026-03-06 | / | /\n", outcomes=outcomes) == on_roll


def test_leaving_one_school_is_not_leaving_another() -> None:
    outcomes = "pupil | school | left_on | destination\nA | T | 2026-03-06 | other_school\n"
    assert roll(f"{OPEN}A | S | 2026-03-06 | / | /\n", outcomes=outcomes) == {"A": "S"}


@pytest.mark.parametrize(
    ("stay", "on_roll"),
    [
        ("2025-09-01 | | ", {"A": "S"}),
        ("2026-03-08 | | single", {"A": "S"}),
        ("2026-03-09 | | main", {"A": "S"}),
        ("2025-09-01 | 2026-03-08 | single", {}),
        ("2025-09-01 | 2026-03-09 | single", {"A": "S"}),
        ("2025-09-01 | | guest", {}),
        ("2025-09-01 | | subsidiary", {}),
    ],
)
def test_enrolment_rows_decide_for_who_has_any_and_marks_for_who_has_none(stay: str, on_roll: dict[str, str]) -> None:
    enrolment = f"pupil | entered_on | left_on | status\nA | {stay}\n"
    assert roll(f"{OPEN}A B | S | 2026-03-06 | / | /\n", enrolment=enrolment) == on_roll | {"B": "S"}


def test_a_known_departure_ends_an_open_enrolment_unless_there_is_a_later_one() -> None:
    enrolment = "pupil | entered_on | left_on\nA | 2025-09-01 |\nB | 2025-09-01 |\nB | 2026-02-02 |\n"
    outcomes = "pupil | left_on | destination\nA | 2026-01-30 | unknown\nB | 2026-01-30 | unknown\n"
    assert roll(OPEN, enrolment=enrolment, outcomes=outcomes) == {"B": "S"}


def test_of_two_schools_the_one_that_marked_the_pupil_last_is_the_pupils_own() -> None:
    register = f"{OPEN}A | S | 2026-03-02 to 2026-03-05 | D | /\nA | T | 2026-03-02 to 2026-03-06 | / | D\n"
    assert roll(register) == {"A": "T"}


def test_rows_are_by_school_then_pupil_and_know_the_day_of_entry() -> None:
    found = cohort(f"{OPEN}B | R | 2026-03-05 to 2026-03-06 | / | /\nA | S | 2026-03-06 | / | /\n")
    pairs = [(found.known.schools[s], found.known.pupils[p]) for p, s in zip(found.pupil, found.school, strict=True)]
    assert pairs == [("R", "B"), ("S", "A"), *(("S", keeper) for keeper in "VWXYZ")]
    assert found.known.t - found.entered[:2] == pytest.approx([4, 3])


def why(register: str, **tables: str) -> str:
    found = cohort(register, **tables)
    [place] = [i for i, p in enumerate(found.pupil) if found.known.pupils[p] == "A"]
    assert bool(found.mend[place]) == bool(found.abstain[place])
    return found.abstain[place]


CONTEXT = "pupil | valid_from | year_group\nA | 2025-09-01 | 9\n"


def test_twenty_open_days_without_a_mark_are_a_question_for_the_school() -> None:
    assert why(f"{OPEN}A | S | 2026-01-05 to 2026-02-06 | / | /\n", context=CONTEXT) == ALREADY_GONE
    assert why(f"{OPEN}A | S | 2026-01-05 to 2026-02-09 | / | /\n", context=CONTEXT) != ALREADY_GONE


def test_a_newcomer_without_marks_is_not_asked_about_but_waits() -> None:
    assert why(OPEN, context=CONTEXT.replace("2025-09-01", "2026-03-02")) == "fewer than 10 possible sessions in the last 60 school days"


def test_ten_possible_sessions_are_enough_and_nine_are_not() -> None:
    five = f"{OPEN}A | S | 2026-03-02 to 2026-03-06 | / | /\n"
    assert why(five) == ""
    assert why(five.replace("2026-03-06 | / | /\n", "2026-03-05 | / | /\n") + "A | S | 2026-03-06 | / | X\n").startswith("fewer than 10")


def test_seven_tenths_of_the_open_sessions_since_entry_must_have_a_mark() -> None:
    """Ten days since entry: 14 of 20 sessions marked is enough, 13 is not."""
    marked = f"{OPEN}A | S | 2026-02-23 | / | /\nA | S | 2026-03-02 to 2026-03-06 | / | /\nA | S | 2026-02-24 | {{}} | /\n"
    assert why(marked.format("/")) == ""
    assert why(marked.format("")) == "under 70 % of the sessions of the last 60 school days have a mark"


def test_the_share_of_sessions_without_a_mark_is_told() -> None:
    found = cohort(f"{OPEN}A | S | 2026-03-05 | / |\nA | S | 2026-03-06 | / | /\n")
    assert found.unmarked.tolist() == [0.25, 0, 0, 0, 0, 0]


def test_marks_of_another_school_fill_the_open_sessions_of_the_own() -> None:
    register = f"{OPEN}A | T | 2026-02-09 to 2026-03-05 | / | /\nA | S | 2026-02-09 to 2026-03-06 | D | D\n"
    assert why(register) == ""


def test_a_school_nobody_is_on_roll_at_gives_an_empty_cohort() -> None:
    found = cohort("pupil | date | am\nA | 2026-01-05 | #\n")
    assert len(found) == 0
    assert found.scorable.tolist() == []
