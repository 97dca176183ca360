"""From raw score to calibrated chance: a strictly rising curve kept as knots, evaluated by + - * / alone."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
ISOTONIC_FROM = 1_000  # persons: with fewer, a curve of two numbers
LEAST_CHANCE = 1e-4
SIGMOID_KNOTS = 257
FLATTEST = 1e-3
RIDGE = 1e-6  # keeps the slope finite where the scores hardly differ


@dataclass(frozen=True)
class Curve:
    """Calibrated chance by raw score, linear between knots and level beyond the first and the last.

    Attributes
    ----------
    method : str
        How it was fitted.
    raw, risk : tuple of float
        Knots, both strictly rising; raw scores in log-odds, chances between 0 and 1.
    """

    method: Literal["sigmoid", "isotonic"]
    raw: tuple[float, ...]
    risk: tuple[float, ...]

    def __post_init__(self) -> None:
        raw, risk = np.array(self.raw), np.array(self.risk)
        if len(raw) != len(risk) or len(raw) < 2 or not (np.diff(raw) > 0).all() or not (np.diff(risk) > 0).all():
            raise ValueError("knots of a calibration curve rise strictly, and there are two at least")

    @property
    def even(self) -> float:
        """Raw score at which the chance is one in two; infinite where the curve stays on one side of it, as none that is fitted does."""
        if self.risk[-1] <= 0.5 or self.risk[0] > 0.5:
            return math.inf if self.risk[-1] <= 0.5 else -math.inf
        return float(np.interp(0.5, self.risk, self.raw))

    def __call__(self, score: npt.ArrayLike) -> Floats:
        """Calibrated chance of each raw score."""
        x, y = np.array(self.raw), np.array(self.risk)
        at = np.clip(np.asarray(score, float), x[0], x[-1])
        left = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
        part = (at - x[left]) / (x[left + 1] - x[left])
        return np.asarray(y[left] + part * (y[left + 1] - y[left]), float)


def fit_curve(raw: Floats, y: npt.NDArray[np.integer], *, cases: int | None = None) -> Curve:
    """Fit a curve on scores of rows the booster did not learn from.

    Parameters
    ----------
    raw : array of float
        Raw scores in log-odds.
    y : array of int
        1 left early, 0 did not.
    cases : int, optional
        Persons of the rarer outcome, where a person has several rows; else its rows are counted.

    Returns
    -------
    Curve
        Sigmoid (Platt 1999, with his smoothed targets) under about 1,000 leavers; isotonic above.
    """
    rarer = int(min(y.sum(), len(y) - y.sum())) if cases is None else cases
    return _isotonic(raw, y) if rarer >= ISOTONIC_FROM else _sigmoid(raw, y)


def _sigmoid(raw: Floats, y: npt.NDArray[np.integer]) -> Curve:
    ones, zeros = float(y.sum()), float(len(y) - y.sum())
    target = np.where(y == 1, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    mean, spread = float(raw.mean()), max(float(raw.std()), 1e-6)
    steep, base = _logistic((raw - mean) / spread, target)
    slope = steep / spread
    if slope < FLATTEST:  # scores without any signal: nearly level at the base rate, and still rising
        slope, base = FLATTEST, float(np.log(target.mean() / (1 - target.mean())))
    centre = mean - base / slope
    top = np.log((1 - LEAST_CHANCE) / LEAST_CHANCE)
    logits = np.linspace(-top, top, SIGMOID_KNOTS)
    return Curve("sigmoid", tuple((centre + logits / slope).tolist()), tuple((1 / (1 + np.exp(-logits))).tolist()))


def _logistic(x: Floats, target: Floats) -> tuple[float, float]:
    """Slope and intercept of a logistic regression on targets between 0 and 1: each row counts once as 1 and once as 0."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1 / RIDGE, solver="newton-cholesky", tol=1e-8, max_iter=1_000)
    with warnings.catch_warnings():  # where Newton's step fails it says so, and goes on with another solver by itself
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = model.fit(np.concatenate([x, x])[:, None], np.repeat([1, 0], len(x)), sample_weight=np.concatenate([target, 1 - target]))
    # rounded, because the last bits of scikit-learn's matrix products depend on the number of threads (1.9, November 2026)
    return float(f"{fitted.coef_[0, 0]:.9g}"), float(f"{fitted.intercept_[0]:.9g}")


def _isotonic(raw: Floats, y: npt.NDArray[np.integer]) -> Curve:
    """Knots at the middle of each level of the isotonic fit: rising between levels, so that equal risks are rare."""
    from sklearn.isotonic import IsotonicRegression

    order = np.lexsort((y, raw))
    level = IsotonicRegression(y_min=LEAST_CHANCE, y_max=1 - LEAST_CHANCE).fit_transform(raw[order], y[order])
    starts = np.flatnonzero(np.append(True, np.diff(level) > 0))
    sizes = np.diff(np.append(starts, len(level)))
    x, risk = np.add.reduceat(raw[order], starts) / sizes, level[starts]
    if len(x) < 2:
        return _sigmoid(raw, y)
    spread = float(np.ptp(raw)) or 1.0
    x = np.concatenate([[x[0] - spread], x, [x[-1] + spread]])  # beyond the levels it goes on rising, slowly
    risk = np.concatenate([[risk[0] * 0.5], risk, [1 - (1 - risk[-1]) * 0.5]])
    return Curve("isotonic", tuple(x.tolist()), tuple(risk.tolist()))
