"""How well groups can be guessed, and what remedies cost."""

from __future__ import annotations

import numpy as np
import pytest

from eswarn.errors import UsageError
from eswarn.evaluation.fairness.groups import NOT_RECORDED, Division
from eswarn.evaluation.fairness.proxy import auc_bounds, proxies
from eswarn.evaluation.fairness.remedies import balancing_weights, places_by_group, tried

N = 1_500


@pytest.fixture(scope="module")
def report() -> dict[str, tuple[float, float, float]]:
    rng = np.random.default_rng(1)
    X = rng.standard_normal((N, 4))
    told = Division("told by a column", ("yes", "no"), (X[:, 0] + rng.standard_normal(N) < 0).astype(np.int64))
    hidden = Division("by lot", ("yes", "no"), rng.integers(0, 2, N))
    few = Division("few", ("yes", "no"), (np.arange(N) >= 20).astype(np.int64))
    silent = Division("half told", ("yes", "no", NOT_RECORDED), rng.choice(3, N, p=[0.4, 0.4, 0.2]))
    frame = proxies(X, [told, hidden, few, silent], pupil=np.arange(N), school=rng.integers(0, 20, N))
    return {f"{r.division}, {r.group}": (r.auc, r.low, r.high) for r in frame.itertuples()}


def test_a_group_that_a_column_gives_away_is_guessed(report: dict[str, tuple[float, float, float]]) -> None:
    auc, low, high = report["told by a column, yes"]
    assert low < auc < high
    assert auc == pytest.approx(0.84, abs=0.03)  # measured on a million rows: one normal number, of whether its sum with another is below 0


def test_a_group_drawn_by_lot_is_not(report: dict[str, tuple[float, float, float]]) -> None:
    _, low, high = report["by lot, yes"]
    assert low - 0.02 < 0.5 < high + 0.02


def test_few_pupils_are_not_guessed_and_the_unrecorded_are_no_group(report: dict[str, tuple[float, float, float]]) -> None:
    assert np.isnan(report["few, yes"]).all()
    assert f"half told, {NOT_RECORDED}" not in report


def test_an_auc_has_exact_ties_and_its_interval_the_right_size() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(2)
    held, rows = 0, 300
    for _ in range(200):
        member = rng.integers(0, 2, rows)
        score = np.round(rng.standard_normal(rows) + 0.8 * member, 1)
        auc, low, high = auc_bounds(score, member, np.arange(rows), fold=np.zeros(rows), level=0.95)
        assert auc == pytest.approx(roc_auc_score(member, score), abs=1e-12)
        held += low <= 0.7142 <= high  # of two normal numbers .8 apart
    assert held >= 180


def test_places_by_group_equalise_what_is_expected_and_use_all_places() -> None:
    rng = np.random.default_rng(3)
    group = rng.integers(0, 3, 900)
    risk = rng.beta(1, np.array([8, 15, 30])[group])
    listed = places_by_group(risk, risk, group, 90)
    assert listed.sum() == pytest.approx(90, abs=1e-6)
    reached = [float((listed * risk)[group == g].sum() / risk[group == g].sum()) for g in range(3)]
    assert np.ptp(reached) < 1e-6
    for g in range(3):
        inside = risk[group == g]
        assert inside[listed[group == g] == 1].min() > inside[listed[group == g] == 0].max()


def test_places_by_group_share_ties_and_leave_the_unscored_out() -> None:
    score = np.array([3.0, 2.0, 2.0, 1.0, -np.inf, 3.0, 1.0])
    weight = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0])
    listed = places_by_group(score, weight, np.array([0, 0, 0, 0, 0, 1, 1]), 3)
    assert listed[4] == 0
    assert listed[1] == listed[2] == pytest.approx(0.5)
    assert listed.sum() == pytest.approx(3)
    assert places_by_group(score, np.array([0, 0, 0, 0, 0, 1.0, 0]), np.zeros(7, np.int64), 6).sum() == pytest.approx(6)
    with pytest.raises(UsageError, match="places"):
        places_by_group(score, weight, np.zeros(7, np.int64), 7)


def test_balancing_weights_make_group_and_outcome_independent() -> None:
    rng = np.random.default_rng(4)
    group, y = rng.integers(0, 3, 500), rng.integers(0, 2, 500)
    y[group == 2] = rng.random((group == 2).sum()) < 0.1
    weight = balancing_weights(group, y)
    rates = [np.average(y[group == g], weights=weight[group == g]) for g in range(3)]
    assert rates == pytest.approx([y.mean()] * 3)
    assert weight.sum() == pytest.approx(500)


def test_a_remedy_is_measured_beside_its_cost() -> None:
    """One group's leavers all score low: places by group close the gap, and what they cost is told with an interval."""
    rng = np.random.default_rng(5)
    group, school = rng.integers(0, 2, 4_000), rng.integers(0, 20, 4_000)
    y = (rng.random(4_000) < 0.1).astype(float)
    score = rng.standard_normal(4_000) + 1.5 * y - 1.0 * group
    listed = (score >= np.sort(score)[-400]).astype(float)
    risk = 1 / (1 + np.exp(-(1.5 * score - 3 + 1.0 * group)))
    division = Division("g", ("a", "b"), group)
    frame = tried(
        {"places by group": lambda: places_by_group(score, risk, group, 400)}, division, before=listed, y=y, risk=risk, school=school
    )
    before, after = frame.iloc[0], frame.iloc[1]
    assert after["largest_gap"] < before["largest_gap"] / 2
    assert after["places"] == pytest.approx(400)
    assert after["cost"] == pytest.approx(before["recall"] - after["recall"])
    assert after["cost_low"] < after["cost"] < after["cost_high"]
    assert before["cost"] == before["cost_low"] == before["swapped"] == 0


def test_the_gap_a_remedy_closes_is_one_of_recorded_groups_of_ten_or_more() -> None:
    group = np.repeat([0, 1, 2, 3], [200, 200, 40, 8])
    division = Division("meals", ("yes", "no", NOT_RECORDED, "few"), group)
    y = np.tile([1, 0], len(group) // 2)
    place = np.where(group == 0, 0.5, np.where(group == 1, 0.4, 0.0))  # nobody of those not recorded, or of the few, is listed
    told = tried({}, division, before=place, y=y, risk=np.full(len(y), 0.5))
    assert told["largest_gap"].iloc[0] == pytest.approx(0.1)
