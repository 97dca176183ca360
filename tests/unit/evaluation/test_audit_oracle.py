"""The audit's own oracle: held against what can be worked out by hand, and against LightGBM where that can be asked."""

from __future__ import annotations

import itertools
import math

import lightgbm as lgb
import numpy as np
import pytest

from eswarn.evaluation.audit.oracle import (
    Leaf,
    Node,
    Tree,
    by_leaves,
    interventional,
    path_dependent,
    raw_score,
    read_forest,
    shapley,
    ways,
)
from tests.conftest import ROOT

BOTH = Node(0, 0.5, 0, False, Leaf(0.0, 6, 0), Node(1, 0.5, 0, False, Leaf(0.0, 1, 1), Leaf(1.0, 3, 2), 4), 10)  # x0 > 0.5 and x1 > 0.5


def trained(*, zero_as_missing: bool = False, use_missing: bool = True) -> tuple[str, np.ndarray, lgb.Booster]:
    rng = np.random.default_rng(4)
    table = rng.normal(size=(400, 5)).round(1)
    table[rng.random(table.shape) < 0.2] = np.nan
    table[rng.random(table.shape) < 0.2] = 0.0
    y = (np.nan_to_num(table[:, 0] * table[:, 1], nan=0.4) > 0.1).astype(int)
    settings = {"objective": "binary", "verbosity": -1, "num_leaves": 12, "max_depth": 5, "min_data_in_leaf": 5, "num_threads": 1,
                "zero_as_missing": zero_as_missing, "use_missing": use_missing}  # fmt: skip
    booster = lgb.train(settings, lgb.Dataset(table, y), num_boost_round=8)
    return booster.model_to_string(), table, booster


def test_the_values_of_a_game_are_means_over_all_orders():
    worth = {0: 0.0, 1: 1.0, 2: 2.0, 3: 5.0, 4: 0.0, 5: 4.0, 6: 2.5, 7: 9.0}
    by_order = [[0.0] * 3 for _ in range(6)]
    for values, order in zip(by_order, itertools.permutations(range(3)), strict=True):
        before = 0
        for player in order:
            values[player] = worth[before | 1 << player] - worth[before]
            before |= 1 << player
    means = [math.fsum(column) / 6 for column in zip(*by_order, strict=True)]
    assert shapley(3, worth.__getitem__) == pytest.approx(means, abs=1e-15)


def test_two_features_that_are_only_worth_something_together_share_it_equally():
    cohort = [[0.0, 0.0]]
    assert interventional([BOTH], [1.0, 1.0], cohort) == [0.5, 0.5]
    assert interventional([BOTH], [1.0, 0.0], cohort) == [0.0, 0.0]
    assert interventional([BOTH], [1.0, 0.0], [[0.0, 1.0]]) == [0.5, -0.5]


def test_the_path_dependent_rule_goes_by_the_training_counts_of_the_tree():
    # known x0: 0.75, known x1: 0.4, both: 1, none: 0.3
    assert path_dependent([BOTH], [1.0, 1.0]) == pytest.approx([(0.75 - 0.3 + 1 - 0.4) / 2, (0.4 - 0.3 + 1 - 0.75) / 2])


@pytest.mark.parametrize("settings", [{}, {"zero_as_missing": True}, {"use_missing": False}])
def test_its_scores_and_path_dependent_values_are_those_of_lightgbm(settings: dict[str, bool]):
    text, table, booster = trained(**settings)
    forest, rows = read_forest(text), table[:40]
    assert [raw_score(forest, row) for row in rows.tolist()] == pytest.approx(booster.predict(rows, raw_score=True), abs=1e-12)
    theirs = booster.predict(rows, pred_contrib=True)[:, :-1]
    assert np.abs(np.array([path_dependent(forest, row) for row in rows.tolist()]) - theirs).max() < 1e-9


def test_leaf_by_leaf_is_the_same_as_the_whole_model_at_once():
    text, table, _ = trained()
    forest, rows, cohort = read_forest(text), table[:5].tolist(), table[50:90].tolist()
    patterns = counted(forest, cohort)
    whole = [interventional(forest, row, cohort) for row in rows]
    assert np.abs(np.array(by_leaves(forest, rows, patterns)) - np.array(whole)).max() < 1e-12
    assert np.abs(np.array(by_leaves(forest, rows)) - np.array([path_dependent(forest, row) for row in rows])).max() < 1e-12


def counted(forest: list[Tree], cohort: list[list[float]]) -> list[list[int]]:
    """Patterns and counts of a cohort, in the order of the text, counted here."""
    out = []
    for tree in forest:
        for _, steps in sorted(ways(tree), key=lambda way: way[0].number):
            features = sorted({node.feature for node, _ in steps})
            found: dict[int, int] = {}
            for row in cohort:
                bits = sum(1 << j for j, f in enumerate(features) if all(n.goes_left(row) == left for n, left in steps if n.feature == f))
                found[bits] = found.get(bits, 0) + 1
            out.append([number for pair in sorted(found.items()) for number in pair])
    return out


def test_it_shares_no_code_with_what_it_judges():
    source = (ROOT / "eswarn" / "evaluation" / "audit" / "oracle.py").read_text(encoding="utf-8")
    assert "eswarn" not in source
    assert "numpy" not in source
