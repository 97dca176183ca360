"""Values against brute force over all coalitions, on random LightGBM models: missing values, unused and duplicated features, both rules."""

from __future__ import annotations

import itertools
import math
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eswarn.model.shapley import TOLERANCE, shapley_values

ROWS, EXPLAINED = 25, 2


def random_model(seed: int) -> tuple[lgb.Booster, np.ndarray]:
    """A model of at most 10 features with whatever LightGBM can do to a numeric one, and the table it was trained on."""
    rng = np.random.default_rng(seed)
    features = int(rng.integers(1, 11))
    table = rng.normal(size=(300, features)).round(int(rng.integers(0, 3)))
    for column in range(1, features):
        if rng.random() < 0.2:
            table[:, column] = table[:, rng.integers(0, column)]  # a twin
    table[rng.random(table.shape) < rng.choice([0.0, 0.1, 0.4])] = np.nan
    pull = np.nan_to_num(table) @ rng.normal(size=features) + rng.normal(size=300)
    pull += np.nan_to_num(table[:, 0]) * np.isnan(table[:, -1])
    settings = {
        "objective": "binary", "verbosity": -1, "num_threads": 1, "seed": seed, "min_data_in_leaf": int(rng.integers(1, 30)),
        "max_depth": int(rng.integers(1, 9)), "num_leaves": int(rng.integers(2, 32)), "learning_rate": float(rng.uniform(0.05, 1)),
        "feature_fraction": float(rng.uniform(0.5, 1)), "zero_as_missing": bool(rng.random() < 0.2),
        "use_missing": bool(rng.random() < 0.8),
        "boosting": "dart" if rng.random() < 0.2 else "gbdt",
    }  # fmt: skip
    y = (pull > np.quantile(pull, rng.uniform(0.3, 0.7))).astype(int)
    return lgb.train(settings, lgb.Dataset(table, y), num_boost_round=int(rng.integers(1, 12))), table


def from_worths(worth: np.ndarray, players: int) -> list[float]:
    """Shapley values from what each coalition (a bit for each player) is worth: the definition."""
    share = [math.factorial(n) * math.factorial(players - n - 1) / math.factorial(players) for n in range(players)]
    return [
        math.fsum(share[some.bit_count()] * (worth[some | 1 << p] - worth[some]) for some in range(1 << players) if not some >> p & 1)
        for p in range(players)
    ]


def interventional(booster: lgb.Booster, row: np.ndarray, reference: np.ndarray) -> list[float]:
    """A coalition is worth the mean score of the reference rows once they have its values: LightGBM itself is asked for each."""
    players = len(row)
    known = np.array(list(itertools.product([False, True], repeat=players)))[:, ::-1]  # bit p of the number says whether p is known
    mixed = np.where(known[:, None, :], row, reference[None, :, :])
    worth = np.asarray(booster.predict(mixed.reshape(-1, players), raw_score=True)).reshape(len(known), -1).mean(axis=1)
    return from_worths(worth, players)


def path_dependent(booster: lgb.Booster, row: np.ndarray) -> list[float]:
    """A coalition is worth what the trees say where a decision on an unknown feature is shared out by training rows."""
    trees = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    worth = np.array([math.fsum(_expected(tree, row, some) for tree in trees) for some in range(1 << len(row))])
    return from_worths(worth, len(row))


def _expected(node: dict[str, Any], row: np.ndarray, known: int) -> float:
    if "leaf_value" in node:
        return float(node["leaf_value"])
    left, right = node["left_child"], node["right_child"]
    if known >> int(node["split_feature"]) & 1:
        return _expected(left if _goes_left(node, float(row[node["split_feature"]])) else right, row, known)
    sizes = [child.get("leaf_count", child.get("internal_count")) for child in (left, right)]
    return (sizes[0] * _expected(left, row, known) + sizes[1] * _expected(right, row, known)) / sum(sizes)


def _goes_left(node: dict[str, Any], value: float) -> bool:
    kind = node["missing_type"]
    if (math.isnan(value) and kind != "NaN") or abs(value) <= 1.0000000180025095e-35:
        value = 0.0
    if math.isnan(value) or (kind == "Zero" and value == 0):
        return bool(node["default_left"])
    return value <= float(node["threshold"])


def on_thresholds(booster: lgb.Booster, row: np.ndarray) -> np.ndarray:
    """A row whose values stand exactly on thresholds of the trees, where there are any."""
    found, nodes = row.copy(), [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    while nodes:
        node = nodes.pop()
        if "split_feature" in node:
            found[node["split_feature"]] = node["threshold"] if math.isfinite(node["threshold"]) else np.nan
            nodes += [node["left_child"], node["right_child"]]
    return found


def agree(seed: int) -> None:
    booster, table = random_model(seed)
    rows, reference = np.stack([table[0], on_thresholds(booster, table[1])]), table[EXPLAINED : EXPLAINED + ROWS]
    told = shapley_values(booster, rows, reference=reference)
    by_path = shapley_values(booster, rows, method="path")
    for i, row in enumerate(rows):
        assert told.values[i] == pytest.approx(interventional(booster, row, reference), abs=TOLERANCE)
        assert by_path.values[i] == pytest.approx(path_dependent(booster, row), abs=TOLERANCE)
    assert told.base == pytest.approx(np.mean(booster.predict(reference, raw_score=True)), abs=TOLERANCE)
    assert told.raw == pytest.approx(booster.predict(rows, raw_score=True), abs=TOLERANCE)
    unused = booster.feature_importance() == 0
    assert not told.values[:, unused].any()
    assert not by_path.values[:, unused].any()


@pytest.mark.parametrize("seed", range(25))
def test_values_are_those_of_brute_force(seed: int):
    agree(seed)


@pytest.mark.long
@given(seed=st.integers(25, 10**6))
def test_values_are_those_of_brute_force_on_many_models(seed: int):
    agree(seed)


def test_a_wrong_value_would_be_seen():
    booster, table = random_model(3)
    told = shapley_values(booster, table[:1], reference=table[2:27])
    true = interventional(booster, table[0], table[2:27])
    assert told.values[0] == pytest.approx(true, abs=TOLERANCE)
    assert told.values[0] != pytest.approx(path_dependent(booster, table[0]), abs=TOLERANCE), "the two rules differ"
    assert told.values[0][::-1] != pytest.approx(true, abs=TOLERANCE)
