"""Shapley values from the definition, and the check that lets nothing out that does not add up."""

from __future__ import annotations

import itertools
import math
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from eswarn.errors import OurBug, UsageError
from eswarn.model.shapley import TOLERANCE, Explained, shapley_values

COLUMNS = 5


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    rng = np.random.default_rng(6)
    table = rng.normal(size=(500, COLUMNS))
    table[rng.random(table.shape) < 0.1] = np.nan
    return table


@pytest.fixture(scope="module")
def booster(table: np.ndarray) -> lgb.Booster:
    known = np.nan_to_num(table)
    y = (known[:, 0] * known[:, 1] + known[:, 2] > 0.3).astype(int)  # columns 3 and 4 are noise
    settings = {"objective": "binary", "verbosity": -1, "num_leaves": 8, "min_data_in_leaf": 20, "max_depth": 4}
    return lgb.train(settings, lgb.Dataset(table, y), num_boost_round=15)


def expectation(node: dict[str, Any], row: np.ndarray, known: frozenset[int]) -> float:
    """What a tree says of a row of which only some features are known: other splits are averaged by training rows."""
    if "leaf_value" in node:
        return float(node["leaf_value"])
    left, right = node["left_child"], node["right_child"]
    feature = int(node["split_feature"])
    if feature in known:
        value = row[feature]
        goes_left = node["default_left"] if math.isnan(value) else value <= node["threshold"]
        return expectation(left if goes_left else right, row, known)
    sizes = [child.get("leaf_count", child.get("internal_count")) for child in (left, right)]
    return (sizes[0] * expectation(left, row, known) + sizes[1] * expectation(right, row, known)) / sum(sizes)


def by_definition(booster: lgb.Booster, row: np.ndarray) -> list[float]:
    """Shapley values over all coalitions of the path-dependent game: slow, and written from the definition alone."""
    trees = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    players = range(COLUMNS)
    worth = {
        frozenset(some): math.fsum(expectation(tree, row, frozenset(some)) for tree in trees)
        for size in range(COLUMNS + 1)
        for some in itertools.combinations(players, size)
    }
    values = []
    for player in players:
        rest = [p for p in players if p != player]
        values.append(
            math.fsum(
                math.factorial(size) * math.factorial(COLUMNS - size - 1) / math.factorial(COLUMNS)
                * (worth[frozenset({*some, player})] - worth[frozenset(some)])
                for size in range(COLUMNS)
                for some in itertools.combinations(rest, size)
            )
        )  # fmt: skip
    return values


def test_values_are_those_of_the_definition(booster: lgb.Booster, table: np.ndarray):
    told = shapley_values(booster, table[:25], method="path")
    for row, values in zip(table[:25], told.values, strict=True):
        assert values == pytest.approx(by_definition(booster, row), abs=1e-9)
    assert np.abs(told.values).max() > 0.5


def test_values_add_up_to_the_raw_score_of_every_row(booster: lgb.Booster, table: np.ndarray):
    told = shapley_values(booster, table, method="path")
    assert told.values.shape == (500, COLUMNS)
    assert told.raw == pytest.approx(booster.predict(table, raw_score=True), abs=1e-12)
    assert np.abs(told.base + told.values.sum(axis=1) - told.raw).max() < 1e-12


def test_a_row_is_explained_the_same_alone_and_among_others(booster: lgb.Booster, table: np.ndarray):
    whole = shapley_values(booster, table, method="path")
    assert (
        np.concatenate([shapley_values(booster, table[i : i + 1], method="path").values for i in range(30)]).tobytes()
        == whole.values[:30].tobytes()
    )


def test_a_feature_that_no_tree_uses_gets_exactly_nothing():
    rng = np.random.default_rng(1)
    table = np.column_stack([rng.normal(size=300), np.ones(300)])
    booster = lgb.train({"objective": "binary", "verbosity": -1}, lgb.Dataset(table, (table[:, 0] > 0).astype(int)), num_boost_round=5)
    assert shapley_values(booster, table, method="path").values[:, 1].tolist() == [0.0] * 300


def test_trees_without_a_split_explain_themselves():
    table = np.ones((60, 2))
    booster = lgb.train({"objective": "binary", "verbosity": -1}, lgb.Dataset(table, np.arange(60) % 2), num_boost_round=3)
    told = shapley_values(booster, table, method="path")
    assert told.values.tolist() == [[0.0, 0.0]] * 60
    assert told.raw == pytest.approx(told.base, abs=TOLERANCE)


@pytest.mark.parametrize("wrong", [2e-9, -2e-9, 1.0, math.nan, math.inf])
def test_one_value_that_is_off_stops_everything(booster: lgb.Booster, table: np.ndarray, wrong: float):
    told = shapley_values(booster, table, method="path")
    values = told.values.copy()
    values[17, 2] += wrong
    with pytest.raises(OurBug) as stopped:
        Explained(values, told.base, told.raw)
    assert stopped.value.exit_code == 70
    assert "do not add up to the score for 1 pupil" in stopped.value.what


def test_what_is_off_by_less_than_a_billionth_passes(booster: lgb.Booster, table: np.ndarray):
    told = shapley_values(booster, table, method="path")
    values = told.values.copy()
    values[17, 2] += 5e-10
    assert Explained(values, told.base, told.raw).values is values


def test_a_tolerance_is_a_billionth():
    with pytest.raises(OurBug):
        Explained(np.zeros((1, 2)), 0.0, np.array([2e-9]))
    assert Explained(np.zeros((1, 2)), 0.0, np.array([5e-10])).base == 0.0


def test_a_classifier_of_lightgbm_is_taken_and_what_is_no_model_is_refused(table: np.ndarray):
    y = (np.nan_to_num(table[:, 0]) > 0).astype(int)
    fitted = lgb.LGBMClassifier(n_estimators=5, max_depth=3, verbosity=-1).fit(table, y)
    told = shapley_values(fitted, table, reference=table)
    assert told.raw == pytest.approx(fitted.predict(table, raw_score=True), abs=1e-12)
    for thing in (lgb.LGBMClassifier(), None, b"tree", 7):
        with pytest.raises(UsageError, match="no LightGBM model"):
            shapley_values(thing, table, reference=table)  # type: ignore[arg-type]
