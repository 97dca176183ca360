"""Figures that judge a list and a ranking, against their definitions, plain loops and scikit-learn."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from eswarn.errors import UsageError
from eswarn.evaluation.metrics import (
    auc,
    average_precision,
    equivalent_places,
    false_alarm_rate,
    judge,
    lift,
    listed,
    net_benefit,
    precision,
    recall,
    recall_at,
    value_of_a_place,
)

Y = np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 0])
SCORE = np.array([9.0, 8, 7, 6, 5, 4, 3, 2, 1, 0])
FEW = st.lists(st.tuples(st.sampled_from([-np.inf, 0.0, 1.0, 2.0, 3.0]), st.integers(0, 1), st.integers(0, 2)), min_size=1, max_size=7)


def arrays(rows: list[tuple[float, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    score, y, school = zip(*rows, strict=True)
    return np.array(score, float), np.array(y), np.array(school)


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


@given(FEW, st.integers(1, 4))
def test_each_list_is_cut_by_itself_and_a_row_not_scored_is_never_on_it(rows: list[tuple[float, int, int]], places: int):
    score, _, school = arrays(rows)
    share = listed(score, places, lists=school)
    for one in np.unique(school):
        mine = np.flatnonzero(school == one)
        times, scored = np.zeros(len(mine)), [i for i in range(len(mine)) if score[mine[i]] > -np.inf]
        orders = list(itertools.permutations(scored))[:5040]
        for order in orders:
            times[sorted(order, key=lambda i: -score[mine[i]])[:places]] += 1
        assert share[mine] == pytest.approx(times / len(orders))


def test_a_share_of_places_counts_those_not_scored_and_is_rounded_up():
    score = np.array([3.0, 2, 2, 1, -np.inf, -np.inf, -np.inf, -np.inf, -np.inf, -np.inf, -np.inf])
    assert listed(score, 0.1).tolist() == [1, 0.5, 0.5, 0, *[0] * 7], "a tenth of eleven on roll is two places, not one"
    assert listed(score, 6).tolist() == [1] * 4 + [0] * 7, "places left over go to nobody who was not scored"


@given(FEW, st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(rows: list[tuple[float, int, int]], places: int, random):
    score, y, school = arrays(rows)
    new = np.array(random.sample(range(len(rows)), len(rows)))
    assert (listed(score, places, lists=school)[new] == listed(score[new], places, lists=school[new])).all()
    assert auc(score, y, school=school) == pytest.approx(auc(score[new], y[new], school=school[new]), nan_ok=True)
    assert average_precision(score, y) == pytest.approx(average_precision(score[new], y[new]), nan_ok=True)


def test_figures_of_a_list_as_by_hand():
    share, y = np.array([1.0, 0.5, 0.5, 0, 0]), np.array([1, 1, 0, 0, 1])
    assert recall(share, y) == 1.5 / 3
    assert precision(share, y) == 1.5 / 2
    assert false_alarm_rate(share, y) == 0.5 / 2
    assert lift(share, y) == pytest.approx(0.75 / 0.6)
    assert net_benefit(share, y, least=0.2) == pytest.approx((1.5 - 0.25 * 0.5) / 5)


def test_figures_of_nobody_are_not_defined():
    none, some = np.zeros(3), np.array([0, 0, 0])
    assert math.isnan(recall(none, some))
    assert math.isnan(precision(none, some))
    assert math.isnan(false_alarm_rate(none, np.ones(3, int)))
    assert math.isnan(auc(np.arange(3.0), some))
    assert math.isnan(average_precision(np.arange(3.0), some))


@given(FEW)
def test_auc_is_the_share_of_pairs_won_inside_a_school_and_over_all(rows: list[tuple[float, int, int]]):
    score, y, school = arrays(rows)
    for inside in (school, None):
        of = np.zeros(len(y), int) if inside is None else inside
        pairs = [(a, b) for a in range(len(y)) for b in range(len(y)) if y[a] and not y[b] and of[a] == of[b]]
        won = [(score[a] > score[b]) + (score[a] == score[b]) / 2 for a, b in pairs]
        assert auc(score, y, school=inside) == pytest.approx(np.mean(won) if won else math.nan, nan_ok=True)


def test_ranking_figures_are_those_of_scikit_learn():
    random = np.random.default_rng(1)
    for _ in range(20):
        score, y = random.integers(0, 40, 300).astype(float), random.integers(0, 2, 300)
        assert auc(score, y) == pytest.approx(roc_auc_score(y, score), abs=1e-12)
        assert average_precision(score, y) == pytest.approx(average_precision_score(y, score), abs=1e-12)


def test_fewer_places_do_for_a_better_rule_and_more_are_needed_for_a_worse_one():
    assert equivalent_places(SCORE, Y, 2.0) == pytest.approx(3)
    assert equivalent_places(SCORE, Y, 1.0) == pytest.approx(1)
    assert equivalent_places(-SCORE, Y, 1.0) == pytest.approx(8)
    assert equivalent_places(np.zeros(10), Y, 1.0) == pytest.approx(5), "by lot, half of all places reach half of the leavers"
    assert equivalent_places(SCORE, Y, 0.0) == 0


def test_a_rule_that_cannot_name_a_leaver_never_reaches_as_many():
    score = SCORE.copy()
    score[2] = -np.inf
    assert equivalent_places(score, Y, 2.0) == math.inf
    assert equivalent_places(np.full(10, -np.inf), Y, 1.0) == math.inf


@given(FEW, FEW, st.integers(1, 3))
def test_equivalent_places_are_the_fewest_that_reach_as_many(
    rows: list[tuple[float, int, int]], more: list[tuple[float, int, int]], k: int
):
    score, y, school = arrays(rows + more)
    for lists in (None, school):
        reach = listed(score, k, lists=lists) @ y
        used = k * (1 if lists is None else len(np.unique(school)))
        enough = equivalent_places(score, y, reach, places=k, lists=lists)
        assert enough <= used + 1e-6
        if lists is None and enough > 0.01:
            levels = [(len(score[score == v]), y[score == v].sum()) for v in sorted({*score} - {-np.inf}, reverse=True)]
            grown = [0.0, 0.0]
            for n, left in levels:
                part = min(max(enough - 0.001 - grown[0], 0), n)
                grown = [grown[0] + n, grown[1] + left * part / n]
            assert grown[1] < reach, "a thousandth of a place fewer would not do"


def test_the_value_of_a_place_is_the_slope_of_the_reach_curve():
    score, y = np.arange(200.0)[::-1], np.tile([1, 0], 100)
    assert value_of_a_place(score, y, 0.1) == pytest.approx(0.01 / 2, abs=0.006)
    assert value_of_a_place(np.zeros(200), y, 0.1) == pytest.approx(1 / 200), "by lot each place is worth the same: 1 of 200 of all"
    assert value_of_a_place(np.zeros(200), y, 0.1, more=0.5) == pytest.approx(10 / 200)


def test_a_score_that_is_missing_is_refused_with_what_to_do():
    with pytest.raises(UsageError, match="-inf"):
        listed(np.array([1.0, np.nan]), 1)


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
