"""E1, E2, E3 and E8: passed by an honest run, and failed by explainers that are constant, approximate or of another rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eswarn.evaluation.audit import exact
from eswarn.evaluation.audit.lines import Check, Run
from eswarn.evaluation.audit.oracle import read_forest, ways
from eswarn.evaluation.audit.twins import with_twin
from eswarn.model.shapley import shapley_values
from eswarn.model.trees import read_trees
from tests.unit.evaluation import honest_run

CHECKS = (exact.additivity, exact.brute_force, exact.unused_and_twins, exact.path_rule)


def constant(run: Run) -> Run:
    """Whoever it is: the same values, those of nobody."""
    return replace(run, values=np.ascontiguousarray(np.broadcast_to(run.values.mean(axis=0), run.values.shape)))


def shifted(run: Run) -> Run:
    """Values that add up and are not those: a little of each pupil's largest is given to the smallest."""
    values = run.values.copy()
    at = np.arange(len(values))
    values[at, values.argmax(axis=1)] -= 1e-6
    values[at, values.argmin(axis=1)] += 1e-6
    return replace(run, values=values)


@pytest.mark.parametrize("check", CHECKS)
def test_an_honest_run_passes(check):
    assert check(honest_run.run()).result == "passed"


@pytest.mark.parametrize("check", [exact.additivity, exact.brute_force, exact.path_rule])
def test_a_constant_explainer_fails(check):
    assert check(constant(honest_run.run())).result == "failed"


def test_values_that_add_up_and_are_not_the_shapley_values_are_found_by_the_definition_alone():
    run = shifted(honest_run.run())
    assert exact.additivity(run).result == "passed"
    assert exact.brute_force(run).result == "failed"


@pytest.mark.parametrize("value", [np.nan, np.inf, 2e-9])
def test_one_value_that_is_off_fails(value: float):
    run = honest_run.run()
    values = run.values.copy()
    values[7, 0] += value
    told = exact.additivity(replace(run, values=values))
    assert told.result == "failed"
    assert told.figure.startswith(f"{len(run.raw) - 1:,} of {len(run.raw):,} within 1e-09")


def test_a_raw_score_that_is_not_the_sum_of_the_trees_fails():
    run = honest_run.run()
    assert exact.brute_force(replace(run, raw=run.raw + 1e-6)).result == "failed"


def test_values_of_another_model_fail():
    run = honest_run.run()
    text = run.model.booster_text
    first = text.index("leaf_value=") + len("leaf_value=")
    word = text[first : text.index(" ", first)]
    changed = f"{float(word) + 0.01:.30f}"[: len(word)]  # as long as before: the text gives the lengths of its trees
    other = text[:first] + changed + text[first + len(word) :]
    assert exact.brute_force(replace(run, model=replace(run.model, booster_text=other))).result == "failed"


# --- unused features, and twins ----------------------------------------------------------------------------------------


def test_a_trace_of_value_for_an_unused_feature_fails():
    run = honest_run.run()
    used = {int(f) for f in read_trees(run.model.booster_text).feature}
    values = run.values.copy()
    values[3, next(i for i in range(values.shape[1]) if i not in used)] = 1e-300
    told = exact.unused_and_twins(replace(run, values=values))
    assert told.result == "failed"
    assert "not exactly 0 for 1 of" in told.figure


def test_values_that_follow_the_order_of_the_decisions_give_twins_different_shares(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exact, "_values", lambda text, table: shapley_values(text, table, method="path").values)
    told: Check = exact.unused_and_twins(honest_run.run())
    assert told.result == "failed", "the path-dependent rule favours the twin that is asked first"


def test_twins_are_asked_one_after_the_other_and_score_as_the_model_does():
    run = honest_run.run()
    forest, trees = read_forest(run.model.booster_text), read_trees(run.model.booster_text)
    feature = int(np.abs(run.values).sum(axis=0).argmax())
    made = with_twin(forest, feature, trees)
    assert made is not None
    asked = [{node.feature for node, _ in steps} for tree in read_forest(made.trees.text()) for _, steps in ways(tree)]
    assert any({feature, trees.features} <= some for some in asked)
    table = np.column_stack([run.table, run.table[:, feature]])
    told = shapley_values(made.trees.text(), table, reference=table)
    mine = [tree for tree in forest if feature in {node.feature for _, steps in ways(tree) for node, _ in steps}][: len(made.trees)]
    assert told.raw == pytest.approx([sum(_reached(tree, row) for tree in mine) for row in run.table.tolist()], abs=1e-12)
    assert np.abs(told.values[:, feature]).max() > 0.01
    assert np.abs(told.values[:, feature] - told.values[:, -1]).max() < 1e-12


def _reached(tree, row) -> float:
    while hasattr(tree, "left"):
        tree = tree.left if tree.goes_left(row) else tree.right
    return float(tree.value)


def test_a_feature_that_no_tree_asks_has_no_twin():
    run = honest_run.run()
    trees = read_trees(run.model.booster_text)
    unused = next(i for i in range(trees.features) if i not in set(trees.feature.tolist()))
    assert with_twin(read_forest(run.model.booster_text), unused, trees) is None


# --- the other rule ----------------------------------------------------------------------------------------------------


def test_the_figure_of_the_other_rule_is_computed_and_bounded():
    told = exact.path_rule(honest_run.run())
    rank = float(told.figure.split("themes ")[1].split(";")[0])
    assert 0.5 < rank <= 1


def test_opposite_reasons_do_not_agree():
    run = honest_run.run()
    opposite = replace(run, values=-run.values, base=float("nan"))
    assert exact.path_rule(opposite).result == "failed", "they do not add up"
    turned = run.values[::-1]
    told = exact.path_rule(replace(run, values=np.ascontiguousarray(turned), table=run.table, raw=run.base + turned.sum(axis=1)))
    assert told.result == "failed", "values of somebody else add up to another score"
