"""The tables of exact explanations: the same numbers however they are cut, counted, threaded and computed."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from eswarn.errors import ModelRefused, UsageError
from eswarn.model import layout as layouts
from eswarn.model import loops, patterns, plain_patterns, plan, reference
from eswarn.model.layout import Layout
from eswarn.model.reference import Reference, count_reference
from eswarn.model.shapley import Explainer, shapley_values
from eswarn.model.trees import read_trees
from tests.property.test_shapley_by_brute_force import random_model


def explained(seed: int, **budget: int) -> list[np.ndarray]:
    booster, table = random_model(seed)
    layout = Layout(read_trees(booster.model_to_string()), **budget)
    counted = count_reference(layout, table)
    pooled = counted.pooled(layout)
    both = Explainer(layout, pooled)(table[:40]), Explainer(layout)(table[:40])
    return [counted.counts, pooled.counts, *(part for told in both for part in (told.values, np.float64(told.base), told.raw))]


def same(a: list[np.ndarray], b: list[np.ndarray]) -> bool:
    return all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("seed", range(12))
def test_numpy_gives_the_same_numbers_to_the_last_bit(seed: int, monkeypatch: pytest.MonkeyPatch):
    fast = explained(seed)
    for module in (layouts, plan, reference):
        monkeypatch.setattr(module, "loops", plain_patterns)
    assert same(explained(seed), fast)


def test_numpy_is_taken_where_nothing_may_be_compiled():
    told = "from eswarn.model.loops import loops; print(loops.__name__)"
    run = subprocess.run(
        [sys.executable, "-c", told], env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert run.stdout.strip() == "eswarn.model.plain_patterns"
    assert loops.loops is patterns


@pytest.mark.parametrize("seed", range(6))
def test_a_small_budget_changes_no_bit(seed: int):
    booster, _ = random_model(seed)
    assert len(Layout(read_trees(booster.model_to_string()), budget=1).parts) > 1
    assert same(explained(seed, budget=1), explained(seed))


def test_threads_and_blocks_change_no_bit(monkeypatch: pytest.MonkeyPatch):
    whole = explained(4)
    monkeypatch.setattr(layouts, "BLOCK", 7)
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("ESWARN_THREADS", threads)
        assert same(explained(4), whole)


def test_counts_are_those_of_the_rows_one_by_one():
    booster, table = random_model(8)
    layout = Layout(read_trees(booster.model_to_string()))
    alone = sum(count_reference(layout, table[i : i + 1]).counts for i in range(len(table)))
    counted = count_reference(layout, table)
    assert (counted.counts == alone).all()
    assert (np.add.reduceat(counted.counts, layout.pattern_start[:-1]) == len(table)).all()


def test_the_last_pattern_of_a_leaf_counts_the_rows_that_fall_into_it():
    booster, table = random_model(8)
    layout = Layout(read_trees(booster.model_to_string()))
    leaf = np.asarray(booster.predict(table, pred_leaf=True)).reshape(len(table), -1) + layout.trees.leaf_start[:-1]
    inside = np.bincount(leaf.ravel(), minlength=len(layout.trees.value))
    assert (count_reference(layout, table).counts[layout.pattern_start[1:] - 1] == inside).all()


# --- pooling and keeping ---------------------------------------------------------------------------------------------


def test_no_count_under_ten_is_kept_and_none_is_lost():
    booster, table = random_model(8)
    layout = Layout(read_trees(booster.model_to_string()))
    counted = count_reference(layout, table)
    pooled = counted.pooled(layout)
    assert ((counted.counts > 0) & (counted.counts < 10)).any(), "else there was nothing to pool"
    assert not ((pooled.counts > 0) & (pooled.counts < 10)).any()
    assert (np.add.reduceat(pooled.counts, layout.pattern_start[:-1]) == len(table)).all()


def test_a_small_count_goes_to_the_most_alike_pattern_and_of_these_to_the_commonest():
    counts = np.array([12, 3, 40, 0, 9, 30, 2, 11])  # patterns 000 to 111
    out = counts.copy()
    patterns.pool(np.array([3]), np.array([0, 8]), counts, 10, out)
    # 001 is one feature from 000 (12), 101 (30); 100 from 000 and 101; 110 from 010 (40), 111 (11)
    assert out.tolist() == [12, 0, 42, 0, 0, 42, 0, 11]


def test_where_no_pattern_has_enough_all_go_to_the_commonest():
    counts = np.array([4, 5, 0, 3])
    out = counts.copy()
    patterns.pool(np.array([2]), np.array([0, 4]), counts, 10, out)
    assert out.tolist() == [0, 12, 0, 0]


def test_a_cohort_of_nine_is_no_reference():
    booster, table = random_model(8)
    layout = Layout(read_trees(booster.model_to_string()))
    with pytest.raises(UsageError, match="10 rows"):
        count_reference(layout, table[:9]).pooled(layout)
    with pytest.raises(UsageError, match="needs rows"):
        count_reference(layout, table[:0])


def test_a_reference_is_read_back_as_it_was_written_and_nothing_else_is():
    booster, table = random_model(8)
    layout = Layout(read_trees(booster.model_to_string()))
    pooled = count_reference(layout, table).pooled(layout)
    told = pooled.plain(layout)
    back = Reference.from_plain(told, layout)
    assert (back.counts == pooled.counts).all()
    assert (back.rows, back.cohort, back.least) == (pooled.rows, pooled.cohort, 10)
    first = told["patterns"][0]
    wrong = [
        {**told, "rows": told["rows"] + 1},
        {**told, "rows": "many"},
        {**told, "patterns": told["patterns"][:-1]},
        {**told, "patterns": [first[:-1], *told["patterns"][1:]]},
        {**told, "patterns": [[first[0], first[1] - 1, *first[2:]], *told["patterns"][1:]]},
        {**told, "patterns": [[512, *first[1:]], *told["patterns"][1:]]},
        {**told, "patterns": [["a", 1], *told["patterns"][1:]]},
        {**told, "patterns": 7},
        {name: value for name, value in told.items() if name != "cohort"},
    ]
    for damaged in wrong:
        with pytest.raises(ModelRefused, match="not that of these trees"):
            Reference.from_plain(damaged, layout)


def test_a_stored_reference_explains_like_the_rows_it_counted():
    booster, table = random_model(8)
    layout = Layout(read_trees(booster.model_to_string()))
    stored = Reference.from_plain(count_reference(layout, table).plain(layout), layout)
    assert shapley_values(booster, table[:9], reference=stored).values.tobytes() == shapley_values(
        booster, table[:9], reference=table).values.tobytes()  # fmt: skip
    other, _ = random_model(9)
    with pytest.raises(UsageError, match="not of this model"):
        shapley_values(other, table[:9, : other.num_feature()], reference=stored)
