"""The calibration curve: rising everywhere, the same from its stored knots, and what Platt and isotonic regression say it is."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression

from eswarn.model.curve import ISOTONIC_FROM, LEAST_CHANCE, SLOPE_SPREAD, Curve, fit_curve


class Given(ClassifierMixin, BaseEstimator):
    """A classifier whose score is the number it is given."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> Given:
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        return X[:, 0]

    def predict(self, X: np.ndarray) -> np.ndarray:
        return (X[:, 0] > 0).astype(int)


def cohort(n: int, *, base: float, seed: int = 0, slope: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    raw = rng.normal(-3, 1.3, n)
    return raw, (rng.random(n) < 1 / (1 + np.exp(-(slope * raw + base)))).astype(int)


def rises(curve: Curve, at: np.ndarray) -> bool:
    risk = curve(np.sort(at))
    return bool((np.diff(risk) >= 0).all())


def around_the_knots(curve: Curve) -> np.ndarray:
    knots = np.array(curve.raw)
    return np.concatenate([knots, np.nextafter(knots, -np.inf), np.nextafter(knots, np.inf)])


@pytest.mark.parametrize(("n", "base", "slope"), [(60, 0.5, 0.7), (2_000, -1.0, 0.7), (2_000, 4.0, 0.7), (500, 2.0, 0.0), (300, 2.0, 3.0)])
def test_few_leavers_get_the_likeliest_sigmoid_whose_slope_is_thought_to_be_near_one(n: int, base: float, slope: float):
    raw, y = cohort(n, base=base, slope=slope)
    ones, zeros = y.sum(), n - y.sum()
    target = np.where(y == 1, (ones + 1) / (ones + 2), 1 / (zeros + 2))  # Platt 1999

    def loss(at: np.ndarray) -> float:
        score = at[0] * raw + at[1]
        return float((np.logaddexp(0, score) - target * score).sum() + ((at[0] - 1) / SLOPE_SPREAD) ** 2 / 2)

    best = minimize(loss, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-9, "maxiter": 5_000}).x
    curve = fit_curve(raw, y)
    assert curve.method == "sigmoid"
    assert np.abs(curve(raw) - 1 / (1 + np.exp(-(best[0] * raw + best[1])))).max() < 3e-4


def test_hundreds_of_leavers_overrule_what_was_thought_of_the_slope():
    raw, y = cohort(5_000, base=0.0)
    platt = CalibratedClassifierCV(FrozenEstimator(Given().fit(raw[:, None], y)), method="sigmoid", ensemble=False).fit(raw[:, None], y)
    curve = fit_curve(raw, y)
    assert (300 < y.sum() < ISOTONIC_FROM, curve.method) == (True, "sigmoid")
    assert np.abs(curve(raw) - platt.predict_proba(raw[:, None])[:, 1]).max() < 2e-3


def test_a_few_leavers_do_not_make_a_curve_steep_or_flat_by_luck():
    """Scores that are log-odds already, in cohorts of 40: drawn towards 1, the slope is nearer to it than by the cohort alone."""
    drawn, alone = [], []
    for seed in range(30):
        raw, y = cohort(40, base=2.0, seed=seed, slope=1.0)
        platt = CalibratedClassifierCV(FrozenEstimator(Given().fit(raw[:, None], y)), method="sigmoid", ensemble=False).fit(raw[:, None], y)
        ends = np.array([-4.0, -2.0])
        for risk, told in ((fit_curve(raw, y)(ends), drawn), (platt.predict_proba(ends[:, None])[:, 1], alone)):
            told.append(abs(float(np.diff(np.log(risk / (1 - risk)))[0]) / 2 - 1))
    assert np.mean(drawn) < 0.75 * np.mean(alone)


def test_a_thousand_leavers_get_an_isotonic_curve_through_the_levels_of_scikit_learn():
    raw, y = cohort(20_000, base=0.0)
    curve = fit_curve(raw, y)
    assert (y.sum() >= ISOTONIC_FROM, curve.method) == (True, "isotonic")
    level = IsotonicRegression(y_min=LEAST_CHANCE, y_max=1 - LEAST_CHANCE).fit(raw, y)
    inner = np.array(curve.raw)[1:-1]
    assert np.abs(curve(inner) - level.predict(inner)).max() < 1e-12
    assert len(np.unique(curve(raw))) > 0.99 * len(raw), "between the levels it rises: hardly a tie where the list is cut"


def test_isotonic_begins_at_a_thousand_of_the_rarer_class():
    raw = np.arange(4_000.0)
    for leavers, method in ((ISOTONIC_FROM - 1, "sigmoid"), (ISOTONIC_FROM, "isotonic")):
        y = (raw >= 4_000 - leavers).astype(int)
        y[:5] = 1 - y[:5]
        y[-5:] = 1 - y[-5:]
        assert fit_curve(raw, y).method == method
        assert fit_curve(raw[::-1] * -1, 1 - y[::-1]).method == method


def test_expected_and_observed_leavers_agree_on_the_rows_it_was_fitted_on():
    for n in (3_000, 20_000):
        raw, y = cohort(n, base=0.0)
        assert fit_curve(raw, y)(raw).sum() == pytest.approx(y.sum(), rel=0.03)


@given(
    st.lists(st.tuples(st.floats(-30, 30), st.integers(0, 1)), min_size=1, max_size=40),
    st.lists(st.floats(-60, 60), min_size=2, max_size=20),
)
def test_a_curve_rises_for_any_scores_it_may_be_fitted_on(rows: list[tuple[float, int]], at: list[float]):
    raw, y = np.array([r for r, _ in rows]), np.array([outcome for _, outcome in rows])
    curve = fit_curve(raw, y)
    assert rises(curve, np.array([*at, *raw, *around_the_knots(curve)]))
    assert (curve(raw) >= LEAST_CHANCE).all()
    assert (curve(raw) <= 1 - LEAST_CHANCE).all()


def test_an_isotonic_curve_rises_next_to_every_knot_too():
    for seed in range(5):
        raw, y = cohort(20_000, base=0.0, seed=seed)
        curve = fit_curve(np.round(raw, 1 + seed), y)
        assert curve.method == "isotonic"
        assert rises(curve, np.concatenate([raw, around_the_knots(curve)]))
        assert 0 < curve.risk[0] < curve.risk[-1] < 1


def test_scores_that_tell_nothing_get_nearly_the_base_rate():
    y = np.array([1] * 100 + [0] * 900)
    for raw in (np.full(1_000, -2.0), np.tile([1.0, 2.0], 500)):
        curve = fit_curve(raw, y)
        assert curve(raw) == pytest.approx(0.1, abs=0.01)


def test_scores_that_point_the_wrong_way_never_turn_the_order_round():
    raw, y = cohort(2_000, base=0.0)
    curve = fit_curve(-raw, y)
    assert rises(curve, -raw)
    assert curve(-raw) == pytest.approx(y.mean(), abs=0.01)


@pytest.mark.parametrize("outcome", [0, 1])
def test_one_outcome_alone_does_not_make_it_certain(outcome: int):
    curve = fit_curve(np.linspace(-3, 3, 50), np.full(50, outcome))
    assert 0 < curve([0.0])[0] < 1
    assert abs(curve([0.0])[0] - outcome) < 0.05


def test_beyond_the_knots_it_is_level_and_missing_stays_missing():
    curve = Curve("sigmoid", (-1.0, 0.0, 2.0), (0.1, 0.4, 0.9))
    assert curve([-1e300, -1.0, -0.5, 0.0, 1.0, 2.0, math.inf]).tolist() == [0.1, 0.1, 0.25, 0.4, 0.65, 0.9, 0.9]
    assert np.isnan(curve([math.nan])).all()
    assert curve([]).tolist() == []


@pytest.mark.parametrize("n", [2_000, 20_000])
def test_knots_from_json_give_the_same_risks_to_the_last_bit(n: int):
    raw, y = cohort(n, base=0.0)
    curve = fit_curve(raw, y)
    stored = json.loads(json.dumps({"raw": curve.raw, "risk": curve.risk}))
    again = Curve(curve.method, tuple(stored["raw"]), tuple(stored["risk"]))
    at = np.concatenate([raw, around_the_knots(curve), np.linspace(-50, 50, 1_001)])
    assert again(at).tobytes() == curve(at).tobytes()


def test_a_risk_is_the_same_alone_and_among_others():
    raw, y = cohort(2_000, base=0.0)
    curve = fit_curve(raw, y)
    assert np.concatenate([curve(raw[i : i + 1]) for i in range(50)]).tobytes() == curve(raw)[:50].tobytes()


@pytest.mark.parametrize(
    ("raw", "risk"),
    [
        ((0, 1), (0.5, 0.5)),
        ((0, 0), (0.1, 0.2)),
        ((1, 0), (0.1, 0.2)),
        ((0,), (0.1,)),
        ((0, 1, 2), (0.1, 0.2)),
        ((0, math.nan), (0.1, 0.2)),
    ],
)
def test_a_curve_that_does_not_rise_cannot_be_built(raw: tuple[float, ...], risk: tuple[float, ...]):
    with pytest.raises(ValueError, match="rise strictly"):
        Curve("sigmoid", raw, risk)


def test_the_even_score_parts_the_likelier_from_the_less_likely():
    raw, y = cohort(2_000, base=2.0)
    for curve in (fit_curve(raw, y), Curve("sigmoid", (-1.0, 0.0, 2.0), (0.1, 0.4, 0.9))):
        assert curve([curve.even])[0] == pytest.approx(0.5, abs=1e-12)
    never, always = Curve("sigmoid", (0.0, 1.0), (0.1, 0.4)), Curve("sigmoid", (0.0, 1.0), (0.6, 0.9))
    assert (never.even, always.even) == (math.inf, -math.inf)
