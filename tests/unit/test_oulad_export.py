"""The open data on learners becomes export files that say what the data says, and nothing of what happened next."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.oulad import Presentation, as_tables, export, load
from benchmarks.oulad_run import truth
from eswarn.cohort.label import label
from eswarn.cohort.roll import cohort_before
from eswarn.config import load_config
from eswarn.records import read
from eswarn.records.timeline import Timeline
from tests.conftest import ROOT

COLUMNS = {
    "attendance": ["pupil_id", "school_id", "date", "session", "code"],
    "context": ["pupil_id", "school_id", "valid_from", "sex"],
    "outcomes": ["pupil_id", "school_id", "left_on", "destination"],
    "assessments": ["pupil_id", "school_id", "date", "subject", "score", "maximum"],
}


@pytest.fixture
def small() -> Presentation:
    """Six days of a module with five learners, of whom one leaves on day 3, one before the start, one on the day of coming."""
    learners = pd.DataFrame(
        {
            "id_student": [1, 2, 3, 4, 5],
            "date_registration": pd.array([-30, -10, 2, -5, 4], "Int16"),
            "date_unregistration": pd.array([None, 3, None, -1, 4], "Int16"),
            "gender": ["F", "M", "F", "M", "F"],
            "final_result": ["Pass", "Withdrawn", "Fail", "Withdrawn", "Withdrawn"],
        }
    )
    active = pd.DataFrame({"id_student": [1, 1, 2, 2, 3], "date": [-3, 0, 1, 5, 3]})
    handed_in = pd.DataFrame(
        {
            "id_student": [1, 1, 2, 2], "date_submitted": [2, -1, 1, 3], "id_assessment": [70, 71, 70, 72],
            "assessment_type": ["TMA", "CMA", "TMA", "TMA"], "score": pd.array([80, 90, None, 50], "Int16"),
            "is_banked": [False, True, False, False],
        }
    )  # fmt: skip
    return Presentation("AAA-2013B", dt.date(2013, 2, 1), 6, learners, active, handed_in)


def test_a_day_is_marked_from_registration_to_the_last_day_on_roll(small: Presentation) -> None:
    made, counts = as_tables(small)
    marks = made["attendance"].assign(day=lambda m: (m["date"] - pd.Timestamp(small.start)).dt.days)
    said = {pupil: (rows["day"].min(), "".join(rows["code"])) for pupil, rows in marks.groupby("pupil_id")}
    assert said == {"L1": (0, "/OOOOO"), "L2": (0, "O/O"), "L3": (2, "O/OO")}
    assert set(marks["session"]) == {"DAY"}
    assert counts["left out: active days before the start"] == 1
    assert counts["left out: other active days outside the stay"] == 1


def test_the_last_day_on_roll_is_the_day_before_unregistration(small: Presentation) -> None:
    made, counts = as_tables(small)
    left = {row.pupil_id: row.left_on.date() for row in made["outcomes"].itertuples()}
    assert left == {"L2": dt.date(2013, 2, 3), "L4": dt.date(2013, 1, 30)}
    assert counts["left out: unregistered by the day they registered"] == 1
    assert "L5" not in set(made["context"]["pupil_id"])


def test_what_was_carried_over_or_came_after_leaving_is_left_out_and_a_missing_score_stays_missing(small: Presentation) -> None:
    made, counts = as_tables(small)
    assert made["assessments"]["subject"].tolist() == ["TMA 70", "TMA 70"]
    assert made["assessments"]["score"].isna().tolist() == [False, True]
    assert counts["left out: assessments carried over from an earlier attempt (is_banked)"] == 1
    assert counts["left out: assessments handed in after leaving"] == 1


def test_no_table_but_outcomes_says_how_it_ended(small: Presentation) -> None:
    other = Presentation(
        small.name, small.start, small.length, small.learners.assign(final_result="Distinction"), small.active, small.handed_in
    )
    made, _ = as_tables(small)
    assert {name: list(table) for name, table in made.items()} == COLUMNS
    for name, table in as_tables(other)[0].items():
        pd.testing.assert_frame_equal(table, made[name])


@pytest.fixture(params=["BBB-2013B", "BBB-2013J"])
def presentation(request: pytest.FixtureRequest, data_dir: Path) -> Presentation:
    return load(data_dir, request.param)


LEARNERS = {"BBB-2013B": (1_767, 505), "BBB-2013J": (2_237, 647)}  # enrolments, and those with a date of unregistration
ENROLLED = {"BBB-2013B": {14: (1_606, 346)}, "BBB-2013J": {14: (1_851, 263), 112: (1_701, 111)}}  # on a day, and left later


def test_the_real_learners_are_all_accounted_for(presentation: Presentation) -> None:
    made, counts = as_tables(presentation)
    never = counts["left out: unregistered by the day they registered"]
    learners, withdrew = LEARNERS[presentation.name]
    assert (counts["learners"], counts["learners"] - never) == (learners, len(made["context"]))
    assert withdrew - never == len(made["outcomes"])


def test_no_real_learner_has_a_mark_or_an_assessment_after_the_last_day_on_roll(presentation: Presentation) -> None:
    made, _ = as_tables(presentation)
    left = made["outcomes"].set_index("pupil_id")["left_on"]
    for name in ("attendance", "assessments"):
        last = made[name].groupby("pupil_id")["date"].max()
        assert (last > left.reindex(last.index)).sum() == 0, name
    assert made["attendance"]["date"].min() >= pd.Timestamp(presentation.start)
    assert not made["attendance"].duplicated(["pupil_id", "date"]).any()


def test_eswarn_finds_the_learners_who_were_enrolled_and_those_who_left(presentation: Presentation, tmp_path: Path) -> None:
    export(presentation, tmp_path / "exports")
    records = read(tmp_path / "exports")
    assert sum(f.rejected for f in records.ledger.files) == 0
    timeline = Timeline(records)
    choices = load_config(ROOT / "configs" / "oulad-2013b.toml").cohort.model_copy(update={"until": presentation.end})
    for day, (enrolled, left) in ENROLLED[presentation.name].items():
        cohort = cohort_before(timeline.before(presentation.date(day)), choices)
        labels = label(timeline, cohort, presentation.date(day), choices)
        true = truth(presentation, day)
        assert {timeline.pupils[p] for p in cohort.pupil} == set(true.index)
        assert (len(cohort), int(labels.y.sum())) == (enrolled, left) == (len(true), true["left"].sum())
