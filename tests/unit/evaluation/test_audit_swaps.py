"""E4: an explanation that was swapped is refused, whatever was swapped; and a check that would refuse nothing is seen to."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

import eswarn as ew
from eswarn.evaluation.audit import swaps as module
from eswarn.evaluation.audit.folder import run_of
from eswarn.evaluation.audit.swaps import same, swaps
from eswarn.evidence.record import read_record
from eswarn.model.layout import Layout
from eswarn.model.reference import Reference, count_reference
from eswarn.model.shapley import Explained, Explainer
from tests import made_up_school
from tests.unit.evaluation import honest_run


def test_an_honest_run_passes_and_each_kind_of_swap_is_tried():
    run = honest_run.run()
    told = swaps(run)
    assert told.result == "passed"
    assert told.figure == "1,000 of 1,000 swaps refused; unswapped 200 of 200 derived again"
    some = np.arange(50)
    kinds = [kind for kind, _, _ in module.swapped(run, some, Explained(run.values[some], run.base, run.raw[some]))]
    assert kinds == ["another model", "one leaf", "another reference", "another pupil's features", "another pupil's explanation"]


def test_an_explainer_that_says_the_same_of_everything_is_seen(monkeypatch: pytest.MonkeyPatch):
    run = honest_run.run()
    everybody = np.broadcast_to(run.values[0], run.values.shape).copy()
    monkeypatch.setattr(
        Explainer, "__call__", lambda self, table: Explained(everybody[: len(table)], run.base, np.full(len(table), run.raw[0]))
    )
    constant = replace(run, values=everybody, raw=np.full(len(run.raw), run.raw[0]))
    told = swaps(constant)
    assert told.result == "failed"
    assert "not all of: another model, one leaf, another reference" in told.figure


def test_a_check_that_looks_at_the_scores_alone_would_be_seen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "same", lambda claimed, derived: np.abs(claimed.raw - derived.raw) < 1e-9)
    assert "not all of: one leaf, another reference" in swaps(honest_run.run()).figure


def test_values_of_another_model_are_not_derived_again():
    run = honest_run.run()
    values = run.values.copy()
    values[0, :2] += [1e-12, -1e-12]
    told = swaps(replace(run, values=values))
    assert told.result == "failed"
    assert "unswapped 199 of 200" in told.figure


def test_a_single_pupil_is_swapped_for_nobody():
    run = honest_run.run()
    one = {name: getattr(run, name)[:1] for name in ("pupil", "school", "table", "values", "raw", "year_group", "flagged")}
    told = swaps(replace(run, **one, sentences=run.sentences[:1], protective=run.protective[:1]))
    assert told.result == "passed"
    assert told.figure.startswith("3 of 3 swaps refused")


# --- the reference, made again -----------------------------------------------------------------------------------------


def test_the_reference_made_again_from_the_training_rows_is_the_one_the_model_keeps():
    told = swaps(replace(honest_run.run(), training=honest_run.training()))
    assert told.result == "passed"
    assert told.figure.endswith("the reference made again from the training rows is the same")


@pytest.mark.parametrize("name", ["patterns", "typical"])
def test_a_reference_that_was_tuned_is_found_with_the_training_rows(name: str):
    """Whoever picks the reference can hide a feature: here ten pupils are moved to another pattern, or a typical value is changed."""
    run = honest_run.run()
    reference = dict(run.model.reference)
    if name == "patterns":
        leaves = [list(leaf) for leaf in reference["patterns"]]
        at = next(i for i, leaf in enumerate(leaves) if len(leaf) >= 4 and leaf[1] >= 20)
        leaves[at][1] -= 10
        leaves[at][3] += 10
        reference["patterns"] = leaves
    else:
        reference["typical"] = {**reference["typical"], "all": {**reference["typical"]["all"], "absence_last_year": 0.99}}
    model = replace(run.model, reference=reference)
    told = model.explain(run.table)
    forged = replace(run, model=model, values=told.values, base=told.base, training=honest_run.training())
    assert swaps(replace(forged, training=None)).result == "passed", "without the rows it holds together"
    checked = swaps(forged)
    assert checked.result == "failed"
    assert checked.figure.endswith(f"is not the same: {name}")


# --- the numbers -----------------------------------------------------------------------------------------------


def _swaps(model: ew.Model, table: np.ndarray, told: Explained, n: int, others: list[ew.Model]) -> Counter[str]:
    """How many of ``n`` swaps, a fifth of each kind and each of one pupil, were refused."""
    rng = np.random.default_rng(3)
    explainer, refused = model.explainer, Counter[str]()
    layout, trees = explainer.layout, explainer.layout.trees

    def one(row: int, of: Explained = told) -> Explained:
        return Explained(of.values[row : row + 1], of.base, of.raw[row : row + 1])

    for _ in range(n // 5):
        row, other = rng.choice(len(table), 2, replace=False)
        while bool(same(one(row), one(other))[0]):
            other = rng.integers(len(table))
        mine, value = table[row : row + 1], trees.value.copy()
        value[rng.integers(len(value))] += rng.choice([-1, 1]) * 10 ** rng.uniform(-6, 0)
        cohort = count_reference(layout, table[rng.choice(len(table), len(table) // 2, replace=False)])
        derived = {
            "model": rng.choice(others).explainer(mine), "leaf": Explainer(Layout(replace(trees, value=value)), explainer.reference)(mine),
            "reference": Explainer(layout, Reference(cohort.rows, cohort.cohort, cohort.counts))(mine),
            "pupil": explainer(table[other : other + 1]), "explanation": explainer(mine),
        }  # fmt: skip
        for kind, found in derived.items():
            refused[kind] += int(not same(one(other) if kind == "explanation" else one(row), found)[0])
    return refused


def test_swaps_of_single_pupils_are_all_refused():
    run = honest_run.run()
    other = ew.train(made_up_school.records(), ew.Config.model_validate({"model": {"trees": 119}}), tracking="off")
    told = run.model.explainer(run.table)
    assert set(_swaps(run.model, run.table, told, 50, [other]).values()) == {10}


@pytest.mark.long
def test_five_thousand_swaps_are_all_refused():
    run = honest_run.run()
    settings = [{"seed": seed} for seed in range(2, 5)] + [{"trees": 119}, {"l2": 10.01}]
    others = [ew.train(made_up_school.records(), ew.Config.model_validate({"model": s}), tracking="off") for s in settings]
    refused = _swaps(run.model, run.table, run.model.explainer(run.table), 5_000, others)
    assert refused == dict.fromkeys(("model", "leaf", "reference", "pupil", "explanation"), 1_000)


@pytest.mark.long
def test_ten_thousand_scores_are_derived_again_bit_for_bit(tmp_path):
    made = ew.simulate(pupils=10_500, years=1, seed=5)
    scores = ew.score(made_up_school.model(), made, made_up_school.FEW_AS_OF, out=tmp_path / "out", tracking="off")
    assert len(scores) >= 10_000
    record = read_record(tmp_path / "out")
    run = run_of(ew.load(tmp_path / "out" / "model"), record.scores())
    told = {check.code: check.figure for check in ew.audit(tmp_path / "out").checks}
    assert told["A3"] == told["A4"] == told["A6"] == f"{len(scores):,} of {len(scores):,} equal"
    shuffled = np.random.default_rng(1).permutation(len(run.raw))
    again = run.model.explain(run.table[shuffled])
    assert again.raw.tobytes() == run.raw[shuffled].tobytes(), "in any order"
    assert again.values.tobytes() == run.values[shuffled].tobytes()
