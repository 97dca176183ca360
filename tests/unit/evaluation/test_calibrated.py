"""Figures that judge a chance, against their definitions and scikit-learn, and what they are by luck alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from eswarn.evaluation.calibrated import (
    brier,
    brier_skill,
    ece,
    ece_by_luck,
    intercept,
    log_odds,
    observed_over_expected,
    slope,
)


def cohort(n: int, seed: int, *, b: float = 1.0, a: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Chances, and outcomes whose log-odds are a + b times those told."""
    random = np.random.default_rng(seed)
    risk = random.beta(1, 12, n)
    return risk, (random.random(n) < 1 / (1 + np.exp(-(a + b * log_odds(risk))))).astype(int)


def test_calibration_error_is_the_mean_gap_between_chance_and_share():
    risk, y = np.array([0.05, 0.05, 0.95, 0.95]), np.array([0, 0, 1, 1])
    assert ece(risk, y) == pytest.approx(0.05)
    assert ece(np.full(4, 0.5), y) == 0
    assert ece(np.array([1.0, 0.0]), np.array([0, 1])) == 1, "a chance of one falls into the last bin"


def test_bins_of_equal_mass_hold_as_many_rows_each_and_part_no_ties():
    risk, y = np.array([0.01, 0.02, 0.03, 0.04]), np.array([1, 0, 0, 0])
    assert ece(risk, y, bins=2, equal="mass") == pytest.approx((0.97 + 0.07) / 4)
    assert ece(risk, y, bins=2, equal="width") == pytest.approx(0.9 / 4)
    tied, y = np.array([0.1, 0.5, 0.5, 0.5, 0.5, 0.9]), np.array([0, 1, 0, 1, 0, 1])
    new = np.array([5, 2, 4, 0, 1, 3])
    assert ece(tied, y, bins=3, equal="mass") == ece(tied[new], y[new], bins=3, equal="mass") == pytest.approx(0.2 / 6)


@pytest.mark.parametrize(("n", "median"), [(200, 0.03), (1_000, 0.014), (20_000, 0.003)])
def test_a_perfect_model_shows_the_error_that_luck_gives_it(n: int, median: float):
    risk = np.random.default_rng(3).beta(1, 19, n)  # one in twenty leaves
    middle, high = ece_by_luck(risk, equal="mass", draws=400)
    assert middle == pytest.approx(median, rel=0.25), "evaluation.md gives these for a base rate of 5 %"
    assert middle < high < 2 * middle


def test_luck_is_exceeded_one_time_in_twenty_when_every_chance_is_right():
    random, risk = np.random.default_rng(5), np.random.default_rng(4).beta(1, 12, 400)
    high = ece_by_luck(risk, draws=2_000)[1]
    exceeded = [ece(risk, (random.random(400) < risk).astype(int)) > high for _ in range(1_000)]
    assert 0.02 < np.mean(exceeded) < 0.08


def test_luck_is_the_same_in_any_order_and_for_the_same_seed():
    risk = np.random.default_rng(4).beta(1, 12, 400)
    assert ece_by_luck(risk, draws=100) == ece_by_luck(risk[::-1], draws=100)
    assert ece_by_luck(risk, draws=100) != ece_by_luck(risk, draws=100, seed=2)


@pytest.mark.parametrize(("b", "a"), [(1.0, 0.0), (0.6, -0.5), (1.5, 0.7)])
def test_slope_is_that_of_a_logistic_regression_without_penalty(b: float, a: float):
    risk, y = cohort(3_000, 7, b=b, a=a)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000).fit(log_odds(risk)[:, None], y)
    assert slope(risk, y) == pytest.approx(theirs.coef_[0, 0], abs=1e-5)


def test_the_intercept_moves_the_expected_to_the_observed():
    risk, y = cohort(3_000, 8, a=-0.4)
    moved = 1 / (1 + np.exp(-(intercept(risk, y) + log_odds(risk))))
    assert moved.sum() == pytest.approx(y.sum(), abs=1e-6)
    assert observed_over_expected(risk, y) == y.sum() / risk.sum() < 1
    assert intercept(np.full(100, 0.999), np.eye(100)[0]) == pytest.approx(math.log(1 / 99) - math.log(999), abs=1e-6)


def test_chances_of_nought_and_one_are_taken_for_nearly_so():
    assert math.isfinite(slope(np.array([0.0, 0.0, 1.0, 1.0, 0.5]), np.array([0, 1, 0, 1, 1])))


@pytest.mark.parametrize(
    ("risk", "y"),
    [([0.1, 0.2, 0.3], [0, 0, 0]), ([0.1, 0.2, 0.3], [1, 1, 1]), ([0.2, 0.2, 0.2], [0, 1, 0]), ([0.1, 0.2, 0.8], [0, 0, 1]), ([], [])],
)
def test_a_slope_without_a_finite_answer_is_not_given(risk: list[float], y: list[int]):
    assert math.isnan(slope(np.array(risk), np.array(y)))


def test_nobody_leaving_has_no_intercept_and_no_skill():
    assert math.isnan(intercept(np.array([0.1, 0.2]), np.zeros(2)))
    assert math.isnan(brier_skill(np.array([0.1, 0.2]), np.zeros(2)))
    assert math.isnan(brier(np.zeros(0), np.zeros(0)))
    assert all(math.isnan(part) for part in ece_by_luck(np.array([np.nan])))


def test_skill_is_nought_for_the_base_rate_and_one_for_a_prophet():
    y = np.array([0, 0, 0, 1])
    assert brier_skill(np.full(4, 0.25), y) == pytest.approx(0)
    assert brier_skill(y.astype(float), y) == 1


def test_a_row_without_a_chance_is_left_out_of_every_figure():
    risk, y = cohort(500, 9)
    more, other = np.append(risk, [np.nan, np.nan]), np.append(y, [1, 0])
    for figure in (brier, brier_skill, ece, slope, intercept, observed_over_expected):
        assert figure(more, other) == figure(risk, y)
    assert ece_by_luck(more, draws=50) == ece_by_luck(risk, draws=50)


def test_rows_of_one_pupil_share_their_luck() -> None:
    """Ten dates of the same pupils hold no more luck than one: each is the same draw again."""
    risk = np.random.default_rng(5).beta(1, 20, 1_000)
    once = ece_by_luck(risk, equal="mass")
    ten_times = ece_by_luck(np.tile(risk, 10), who=np.tile(np.arange(1_000), 10), equal="mass")
    assert ten_times == pytest.approx(once, rel=0.1)
    assert ece_by_luck(np.tile(risk, 10), equal="mass")[0] < 0.5 * once[0], "the control: as if all rows were others"
