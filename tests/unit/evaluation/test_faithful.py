"""Reasons follow the model: they vanish with what it has learned (E5), and the score moves with what they name (E6)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from eswarn.evaluation.audit.faithful import (
    Randomised,
    deletion,
    deletion_figures,
    randomised,
    randomised_models,
    rank_correlation,
)
from eswarn.evaluation.audit.lines import Run
from eswarn.model.curve import Floats
from eswarn.model.shapley import Explainer
from tests.unit.evaluation import made_up_run


@pytest.fixture(scope="module")
def run() -> Run:
    return made_up_run.run()


@pytest.fixture(scope="module")
def told(run: Run) -> Randomised:
    return randomised_models(run)


# --- E5


def test_reasons_vanish_with_the_labels_and_with_the_leaves(told: Randomised) -> None:
    assert told.labels is not None
    assert told.labels <= 0.1
    assert told.leaves <= 0.1


def test_declared_directions_alone_keep_part_of_the_order(told: Randomised) -> None:
    assert told.directed is not None
    assert told.labels is not None
    assert told.directed > told.labels + 0.05


@pytest.mark.parametrize("with_records", [True, False])
def test_an_explainer_that_says_the_same_of_every_model_fails(run: Run, with_records: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SHUFFLED", "PERMUTED", "DIRECTED"):
        monkeypatch.setattr(f"eswarn.evaluation.audit.faithful.{name}", 2)

    def constant(_: Explainer, table: Floats) -> Floats:
        return run.values[run.flagged][: len(table)]

    check = randomised(run if with_records else replace(run, training=None), explain=constant)
    assert check.result == "failed"
    assert "leaves shuffled 1.00" in check.figure
    assert ("labels permuted 1.00" in check.figure) == with_records


def test_without_records_only_the_leaves_can_be_shuffled(run: Run) -> None:
    check = randomised(replace(run, training=None))
    assert check.result == "cannot tell"
    assert "--records" in check.figure


def test_a_list_without_flagged_pupils_has_no_reasons_to_judge(run: Run) -> None:
    nobody = replace(run, flagged=np.zeros(len(run.raw), bool))
    assert {randomised(nobody).result, deletion(nobody).result} == {"not applicable"}


def test_rank_correlation_is_that_of_spearman_with_ties_and_0_where_nothing_varies() -> None:
    rng = np.random.default_rng(1)
    ours, theirs = rng.integers(0, 4, (2, 20, 12)).astype(float)
    assert rank_correlation(ours, theirs) == pytest.approx([spearmanr(a, b).statistic for a, b in zip(ours, theirs, strict=True)])
    assert rank_correlation(np.zeros((1, 5)), rng.random((1, 5))) == [0]


# --- E6


def test_the_score_falls_further_without_what_is_named_than_without_random_features(run: Run) -> None:
    assert deletion(run).result == "passed"
    told = deletion_figures(run)
    assert told is not None
    assert told.named > 2 * told.at_random
    assert told.pupils + told.silent == run.flagged.sum()


def test_reasons_of_other_features_fail(run: Run) -> None:
    """The control: each value goes to the next feature, so that the reasons name what the score does not depend on."""
    swapped = replace(run, values=np.roll(run.values, 1, axis=1))
    assert deletion(swapped).result == "failed"


def test_reasons_of_the_wrong_sign_fail(run: Run) -> None:
    assert deletion(replace(run, values=-run.values)).result == "failed"


def test_what_is_named_is_set_to_what_is_typical_of_the_year_group(run: Run) -> None:
    row = int(np.flatnonzero(run.flagged)[0])
    alone = np.arange(len(run.raw)) == row
    reasons, _ = run.model.teller.top(run.table[alone], run.values[alone], run.year_group[alone], n=3)
    columns = [feature.column for feature in run.model.features]
    changed = run.table[alone].copy()
    for reason in reasons[0]:
        changed[0, columns.index(reason.column)] = run.model.reference["typical"][str(int(run.year_group[row]))][reason.column]
    told = deletion_figures(replace(run, flagged=alone))
    assert told is not None
    assert reasons[0]
    assert told.named == pytest.approx(run.raw[row] - run.model.booster.predict(changed, raw_score=True)[0])


def test_a_feature_without_a_typical_value_is_set_to_missing(run: Run) -> None:
    bare = replace(run, model=replace(run.model, reference={**run.model.reference, "typical": {}}), training=None)
    flagged = np.flatnonzero(run.flagged)
    reasons, _ = bare.model.teller.top(run.table[flagged], run.values[flagged], run.year_group[flagged], n=3)
    columns = [feature.column for feature in run.model.features]
    changed = run.table[flagged].copy()
    for at, named in enumerate(reasons):
        changed[at, [columns.index(reason.column) for reason in named]] = np.nan
    told = deletion_figures(bare)
    assert told is not None
    some = np.array([bool(named) for named in reasons])
    assert told.named == pytest.approx((run.raw[flagged] - run.model.booster.predict(changed, raw_score=True))[some].mean())
