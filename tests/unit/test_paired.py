"""Figures over weighted draws are those of scikit-learn and of eswarn on the same people written out, ties and all."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks.paired import compare, ranked
from eswarn.evaluation.metrics import recall_at


@pytest.mark.parametrize(("n", "levels"), [(20, 3), (300, 8), (300, 100_000)])
def test_weights_are_people_counted_more_than_once(n: int, levels: int) -> None:
    random = np.random.default_rng(n + levels)
    score, y = random.integers(0, levels, n).astype(float), random.integers(0, 2, n)
    weights = random.multinomial(n, np.full(n, 1 / n), 5)
    auc, recall = ranked(score, y, weights, places=0.1)
    for draw, times in enumerate(weights):
        people = np.repeat(np.arange(n), times)
        assert auc[draw] == pytest.approx(roc_auc_score(y[people], score[people]), abs=1e-12)
        assert recall[draw] == pytest.approx(recall_at(score[people], y[people], int(np.ceil(0.1 * n))), abs=1e-12)


def test_a_real_difference_is_shown_and_none_is_not() -> None:
    random = np.random.default_rng(1)
    y = random.integers(0, 2, 400)
    noise, good = random.normal(size=400), y + random.normal(size=400)
    assert compare(good, noise, y, places=0.1)[0].said == "better"
    assert compare(noise, good, y, places=0.1)[0].said == "worse"
    same = compare(noise, noise, y, places=0.1)
    assert [(gap.value, gap.low, gap.high, gap.said) for gap in same] == [(0, 0, 0, "not shown to beat")] * 2
