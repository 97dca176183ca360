"""No group of flagged pupils is given fewer or less actionable reasons unseen (E10)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eswarn.evaluation.audit.groups import LEAST, comparison, gaps, means_drawn
from eswarn.evaluation.audit.lines import Run
from eswarn.model.curve import Floats
from tests.unit.evaluation import made_up_run


@pytest.fixture(scope="module")
def run() -> Run:
    return made_up_run.with_flags(made_up_run.run(), 100)


def grouped(run: Run, **groups: Floats) -> Run:
    return replace(run, training=replace(made_up_run.training(), groups=groups))


def half_of_the_flagged(run: Run) -> Floats:
    member = np.zeros(len(run.raw))
    member[np.flatnonzero(run.flagged)[::2]] = 1
    return member


def test_groups_of_made_up_schools_are_given_alike_reasons(run: Run) -> None:
    check = comparison(run)
    assert check.result == "passed"
    assert {gap.group for gap in gaps(run)} >= {"fsm", "female"}


def test_a_group_with_fewer_sentences_fails_and_nobody_is_named(run: Run) -> None:
    """The control: every second flagged pupil keeps one sentence only."""
    member = half_of_the_flagged(run)
    fewer = [told[:1] if member[row] else told for row, told in enumerate(run.sentences)]
    check = comparison(replace(grouped(run, eal=member), sentences=fewer))
    assert check.result == "failed"
    assert "eal -2.00 sentences" in check.figure or "eal -1.9" in check.figure
    assert not any(str(pupil) in check.figure for pupil in run.pupil)


def test_a_group_with_less_actionable_reasons_fails(run: Run) -> None:
    """The control: absence is declared something a school can do nothing about, and the group is who is told of absence."""
    declared = tuple(replace(f, actionable=f.theme != "absence") for f in run.model.features)
    model = replace(run.model, declared=declared)
    told, _ = model.teller.top(run.table, run.values, run.year_group, n=3)
    member = np.array([float(any(reason.theme == "absence" for reason in reasons)) for reasons in told])
    check = comparison(replace(grouped(run, sen=member), model=model))
    assert check.result == "failed"
    assert "sen -" in check.figure
    assert "percentage points of actionable reasons" in check.figure


def test_many_groups_drawn_by_lot_are_not_told_apart(run: Run) -> None:
    rng = np.random.default_rng(3)
    lots = {f"lot {i}": (rng.random(len(run.raw)) < share).astype(float) for i, share in enumerate(np.tile([0.12, 0.2, 0.5], 9))}
    many = replace(run, sentences=[told[: int(rng.integers(0, 4))] for told in run.sentences])
    found = gaps(grouped(many, **lots))
    assert len(found) > 30
    assert not any(gap.shown for gap in found)


def test_groups_of_fewer_than_ten_and_pupils_not_known_are_left_out(run: Run) -> None:
    flagged = np.flatnonzero(run.flagged)
    few, known = np.zeros(len(run.raw)), half_of_the_flagged(run)
    few[flagged[: LEAST - 1]] = 1
    known[flagged[:40]] = np.nan
    found = gaps(grouped(run, few=few, known=known, unknown=np.full(len(run.raw), np.nan)))
    assert {gap.group for gap in found} == {"known"}
    assert {gap.pupils + gap.others for gap in found} == {60}
    few[flagged[LEAST - 1]] = 1
    assert {gap.pupils for gap in gaps(grouped(run, few=few))} == {LEAST}


def test_a_number_is_cut_at_the_middle_of_those_known(run: Run) -> None:
    decile = np.full(len(run.raw), np.nan)
    decile[np.flatnonzero(run.flagged)] = np.repeat(np.arange(1.0, 11.0), 10)
    assert {(gap.pupils, gap.others) for gap in gaps(grouped(run, idaci_decile=decile))} == {(50, 50)}


def test_nothing_is_told_without_records_or_without_groups(run: Run) -> None:
    assert "--records" in comparison(replace(run, training=None)).figure
    assert comparison(replace(run, training=None)).result == "cannot tell"
    assert comparison(grouped(run)).result == "cannot tell"
    assert comparison(replace(run, flagged=np.zeros(len(run.raw), bool))).result == "cannot tell"


def test_drawn_means_are_those_of_a_bootstrap() -> None:
    values = np.array([0.0, 0, 1, 3])
    drawn = means_drawn(values, 8, np.random.default_rng(1))
    assert drawn.mean() == pytest.approx(values.mean(), abs=0.02)
    assert drawn.std() == pytest.approx(values.std() / np.sqrt(8), rel=0.05)
