"""Figures of the open data are those of the people drawn, all rows of one together, and claim no more than their interval."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks.paired import PLACES, against, draws_of, figures, ranked
from eswarn.evaluation.metrics import recall_at


def test_a_person_is_drawn_with_all_rows() -> None:
    random = np.random.default_rng(1)
    people, score, y = np.arange(120) // 2, random.integers(0, 9, 120).astype(float), random.integers(0, 2, 120)
    draws = draws_of(people)
    under = ranked(draws, score, y)
    for i in (0, 1, 2_000):
        rows = np.repeat(np.arange(120), draws.weights[i][people])
        assert under["auc"][i] == pytest.approx(roc_auc_score(y[rows], score[rows]), abs=1e-12)
        assert under["recall"][i] == pytest.approx(recall_at(score[rows], y[rows], int(np.ceil(PLACES * len(rows)))), abs=1e-12)


def test_a_real_difference_is_shown_and_none_is_not() -> None:
    random = np.random.default_rng(1)
    y = random.integers(0, 2, 400)
    draws = draws_of(np.arange(400))
    noise, good = (ranked(draws, score, y) for score in (random.normal(size=400), y + random.normal(size=400)))
    assert against(draws, good, noise)["auc"]["said"] == "better"
    assert against(draws, noise, good)["auc"]["said"] == "worse"
    assert against(draws, noise, ranked(draws, random.normal(size=400), y))["auc"]["said"] == "not shown to beat"


def test_chances_that_are_all_too_high_are_right_once_the_intercept_is_taken_out() -> None:
    random = np.random.default_rng(2)
    log_odds = random.normal(-1, 1, 20_000)
    y = (random.random(20_000) < 1 / (1 + np.exp(-log_odds))).astype(int)
    draws = draws_of(np.arange(20_000) // 100)
    risk = 1 / (1 + np.exp(-log_odds - 1))
    told = figures(draws, ranked(draws, risk, y), risk, y)
    assert told["ece"] > 0.1 > 3 * told["ece_without_intercept"]
    assert told["observed_over_expected"] < 0.8
    assert told["slope"] == pytest.approx(1, abs=0.1)
    assert told["ece_by_luck"] < told["ece_by_luck_95"] < told["ece"]
    assert told["auc_low"] < told["auc"] < told["auc_high"]
