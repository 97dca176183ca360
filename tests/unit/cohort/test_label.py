"""What counts as having left early, who is not labelled, and when an outcome is ripe; the fast code and the oracle agree on each."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from eswarn.cohort.label import horizon_end, is_mature, label, unlabelled
from eswarn.cohort.oracle import oracle_label
from eswarn.cohort.roll import cohort_before
from eswarn.config import CohortConfig, DatasetFacts
from eswarn.errors import InputRefused
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline
from tests.spec.tables import records_from

T = dt.date(2026, 3, 9)
REGISTER = "pupil | date | am | pm\nA | 2026-02-09 to 2026-03-06 | / | /\n"
YEAR_11 = "pupil | valid_from | year_group\nA | 2025-09-01 | 11\n"


def found(outcomes: str = "", register: str = REGISTER, *, config: CohortConfig | None = None, **tables: str) -> tuple[float, bool]:
    """The label of pupil A, and whether A went nobody knows where."""
    config = config or CohortConfig()
    if outcomes:
        tables["outcomes"] = f"pupil | school | left_on | destination | recorded\n{outcomes}"
    records = records_from(attendance=register, **{"context": YEAR_11, **tables})
    timeline = Timeline(records)
    cohort = cohort_before(timeline.before(T), config)
    labels = label(timeline, cohort, T, config)
    [place] = [i for i, p in enumerate(cohort.pupil) if timeline.pupils[p] == "A"]
    fast, slow = (float(labels.y[place]), bool(labels.unknown[place])), oracle_label(records, T, config)["A"]
    assert fast == slow or (math.isnan(fast[0]) and math.isnan(slow[0]) and fast[1] == slow[1])
    return fast


LEFT, STAYED, NOT_KNOWN = (1.0, False), (0.0, False), "not known"


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        ("neet", LEFT),
        ("work", LEFT),
        ("withdrew", LEFT),
        ("completed", STAYED),
        ("college_or_training", STAYED),
        ("other_school", NOT_KNOWN),
        ("alternative_provision", NOT_KNOWN),
        ("home_education", NOT_KNOWN),
        ("abroad", NOT_KNOWN),
        ("deceased", NOT_KNOWN),
        ("unknown", NOT_KNOWN),
    ],
)
def test_each_destination(destination: str, expected: tuple[float, bool] | str) -> None:
    y, unknown = found(f"A | S | 2026-06-01 | {destination} |\n")
    assert unknown == (destination == "unknown")
    assert math.isnan(y) if expected == NOT_KNOWN else (y, unknown) == expected


def test_no_departure_is_staying() -> None:
    assert found() == STAYED


@pytest.mark.parametrize(
    ("left_on", "expected"),
    [
        ("2026-03-09", LEFT),  # the as-of date is inside
        ("2027-03-08", LEFT),  # 364 days later
        ("2027-03-09", STAYED),  # 365 days later: after the horizon
    ],
)
def test_the_horizon_holds_its_first_day_and_not_its_end(left_on: str, expected: tuple[float, bool]) -> None:
    assert found(f"A | S | {left_on} | neet |\n") == expected


def test_a_horizon_can_end_on_a_date() -> None:
    config = CohortConfig(until=dt.date(2026, 7, 1))
    assert found("A | S | 2026-06-30 | neet |\n", config=config) == LEFT
    assert found("A | S | 2026-07-01 | neet |\n", config=config) == STAYED


def test_which_destinations_count_is_a_choice() -> None:
    config = CohortConfig(leaving=("alternative_provision",))
    assert found("A | S | 2026-06-01 | alternative_provision |\n", config=config) == LEFT
    assert math.isnan(found("A | S | 2026-06-01 | neet |\n", config=config)[0])


def test_leaving_after_the_last_year_group_that_counts_is_not_early_wherever_to() -> None:
    for destination in ("neet", "unknown"):
        assert found(f"A | S | 2026-06-01 | {destination} |\n", config=CohortConfig(up_to_year=10)) == STAYED
    assert found("A | S | 2026-06-01 | neet |\n", context=YEAR_11.replace("| 11", "|")) == LEFT  # an unknown year group counts


def test_a_move_inside_the_data_is_followed_and_one_outside_is_not() -> None:
    moved = "A | S | 2026-03-20 | other_school |\n"
    there = REGISTER.replace("pupil |", "pupil | school |").replace("A |", "A | S |")
    assert math.isnan(found(moved)[0])
    assert found(moved, f"{there}A | T | 2026-03-23 | / | /\n") == STAYED
    assert found(moved, context=f"{YEAR_11}A | 2026-04-01 | 11\n") == STAYED


def test_a_register_that_runs_on_for_a_leaver_as_absence_proves_nothing() -> None:
    moved = "A | S | 2026-03-20 | other_school |\n"
    assert math.isnan(found(moved, f"{REGISTER}A | 2026-03-23 to 2026-04-03 | O | N\n")[0])


def test_whoever_had_left_before_the_date_although_nobody_knew_is_not_labelled() -> None:
    late = "A | S | 2026-02-27 | neet | 2026-03-20\n"
    ghost = "pupil | date | am | pm\nA | 2026-02-09 to 2026-02-27 | / | /\nA | 2026-03-02 to 2026-03-06 | N | N\n"
    assert math.isnan(found(late, ghost)[0])
    assert found(late, ghost)[1] is False
    assert found(late, f"{ghost}A | 2026-04-13 | / | /\n") == STAYED  # came back


def test_a_former_school_left_long_ago_does_not_matter() -> None:
    there = REGISTER.replace("pupil |", "pupil | school |").replace("A |", "A | S |")
    assert found("A | T | 2025-07-18 | other_school |\n", f"{there}A | T | 2025-07-14 | / | /\n") == STAYED


def test_of_several_departures_any_that_counts_makes_a_leaver_and_else_the_last_decides() -> None:
    unknown, neet, finished = "A | S | 2026-05-01 | unknown |\n", "A | T | 2026-06-01 | neet |\n", "A | T | 2026-06-01 | completed |\n"
    assert found(unknown + neet) == LEFT
    assert found(neet.replace("06-01", "04-01") + unknown) == LEFT
    assert found(unknown + finished) == STAYED
    assert found(finished.replace("06-01", "04-01") + unknown)[1] is True


def test_the_version_recorded_last_stands() -> None:
    assert found("A | S | 2026-06-01 | neet | 2026-06-10\nA | S | 2026-06-01 | college_or_training | 2026-09-10\n") == STAYED
    assert found("A | S | 2026-06-01 | neet | 2026-06-10\nA | S | 2026-06-01 | completed |\n") == LEFT


def test_a_cohort_nobody_followed_has_no_labels() -> None:
    labels = unlabelled(cohort_before(Timeline(records_from(attendance=REGISTER)).before(T), CohortConfig()))
    assert np.isnan(labels.y).tolist() == [True]
    assert labels.unknown.tolist() == [False]


def observed(until: str) -> Timeline:
    facts = DatasetFacts.model_validate({"observed_to": {"outcomes": until}} if until else {})
    return Timeline(Records(records_from(attendance=REGISTER).tables, facts))


@pytest.mark.parametrize(("until", "ripe"), [("2027-04-07", False), ("2027-04-08", True)])
def test_a_label_is_ripe_when_horizon_and_delay_have_passed(until: str, ripe: bool) -> None:
    assert horizon_end(T, CohortConfig()) == dt.date(2027, 3, 9)  # and 30 days of delay: 8 April
    assert is_mature(observed(until), T, CohortConfig()) is ripe


def test_a_date_on_or_after_the_end_of_the_horizon_has_no_label() -> None:
    assert not is_mature(observed("2030-01-01"), T, CohortConfig(until=T))


def test_without_a_date_to_which_departures_were_followed_nobody_is_called_a_stayer() -> None:
    with pytest.raises(InputRefused, match="to which day departures were followed") as refusal:
        is_mature(observed(""), T, CohortConfig())
    assert "[observed_to]" in refusal.value.do
