"""Figures that judge a ranking and a calibration, against their definitions."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eswarn.evaluation.metrics import ece, judge, recall_at

Y = np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 0])
SCORE = np.array([9.0, 8, 7, 6, 5, 4, 3, 2, 1, 0])


@pytest.mark.parametrize(("places", "expected"), [(0, 0.0), (1, 0.5), (2, 0.5), (3, 1.0), (10, 1.0), (99, 1.0)])
def test_recall_is_the_share_of_leavers_on_the_list(places: int, expected: float):
    assert recall_at(SCORE, Y, places) == expected


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1)), min_size=1, max_size=6), st.integers(0, 7))
def test_recall_over_ties_is_the_mean_over_all_orders_of_those_who_are_level(rows: list[tuple[int, int]], places: int):
    score, y = np.array([s for s, _ in rows], float), np.array([v for _, v in rows])
    if not y.sum():
        assert math.isnan(recall_at(score, y, places))
        return
    found = []
    for order in itertools.permutations(range(len(rows))):
        ranked = sorted(order, key=lambda i: -score[i])
        found.append(y[ranked[:places]].sum() / y.sum())
    assert recall_at(score, y, places) == pytest.approx(sum(found) / len(found))


def test_calibration_error_is_the_mean_gap_between_chance_and_share():
    risk, y = np.array([0.05, 0.05, 0.95, 0.95]), np.array([0, 0, 1, 1])
    assert ece(risk, y) == pytest.approx(0.05)
    assert ece(np.full(4, 0.5), y) == 0
    assert ece(np.array([1.0, 0.0]), np.array([0, 1])) == 1, "a chance of one falls into the last bin"


def test_a_ranking_is_judged_as_by_hand():
    told = judge(SCORE, np.linspace(0.9, 0, 10), Y)
    pairs = [(a > b) for a, one in zip(SCORE, Y, strict=True) for b, zero in zip(SCORE, Y, strict=True) if one and not zero]
    assert told["auc"] == pytest.approx(sum(pairs) / len(pairs)) == pytest.approx(15 / 16)
    assert told["average_precision"] == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert told["brier"] == pytest.approx(np.mean((np.linspace(0.9, 0, 10) - Y) ** 2))
    assert told["observed_over_expected"] == pytest.approx(2 / 4.5)
    assert told["recall_at_5_percent"] == 0.5, "five per cent of ten pupils, rounded up, is one place"
    assert (told["rows"], told["leaver_rows"]) == (10, 2)


@pytest.mark.parametrize("outcome", [0, 1])
def test_without_both_outcomes_a_ranking_cannot_be_judged(outcome: int):
    told = judge(SCORE, np.full(10, 0.2), np.full(10, outcome))
    assert math.isnan(told["auc"])
    assert math.isnan(told["average_precision"])
    assert told["brier"] == pytest.approx((outcome - 0.2) ** 2)


def test_figures_do_not_depend_on_the_order_of_the_rows():
    rng = np.random.default_rng(0)
    score, y = rng.integers(0, 5, 200).astype(float), rng.integers(0, 2, 200)
    order = rng.permutation(200)
    risk = 1 / (1 + np.exp(-score))
    one, other = judge(score, risk, y), judge(score[order], risk[order], y[order])
    assert one == pytest.approx(other)
