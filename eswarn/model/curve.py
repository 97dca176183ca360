"""From raw score to calibrated chance: a strictly rising curve kept as knots, evaluated by + - * / alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
ISOTONIC_FROM = 1_000  # persons: with fewer, a curve of two numbers
LEAST_CHANCE = 1e-4
SIGMOID_KNOTS = 257
FLATTEST = 1e-3
# How far from 1 the slope of the curve is thought to lie, before the data: scores are log-odds already, and a few cases say little of it.
SLOPE_SPREAD = 0.6
NEWTON_STEPS, CLOSE = 100, 1e-9


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
        Sigmoid under about 1,000 leavers: that of Platt (1999), with his smoothed targets, its slope drawn towards 1 as by a normal
        prior, which hundreds of leavers overrule. Isotonic above.
    """
    rarer = int(min(y.sum(), len(y) - y.sum())) if cases is None else cases
    return _isotonic(raw, y) if rarer >= ISOTONIC_FROM else _sigmoid(raw, y)


def _sigmoid(raw: Floats, y: npt.NDArray[np.integer]) -> Curve:
    ones, zeros = float(y.sum()), float(len(y) - y.sum())
    target = np.where(y == 1, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    mean, spread = float(raw.mean()), max(float(raw.std()), 1e-6)
    steep, base = _logistic((raw - mean) / spread, target, believed=spread)
    slope = steep / spread
    if slope < FLATTEST:  # scores without any signal: nearly level at the base rate, and still rising
        slope, base = FLATTEST, float(np.log(target.mean() / (1 - target.mean())))
    centre = mean - base / slope
    top = np.log((1 - LEAST_CHANCE) / LEAST_CHANCE)
    logits = np.linspace(-top, top, SIGMOID_KNOTS)
    return Curve("sigmoid", tuple((centre + logits / slope).tolist()), tuple((1 / (1 + np.exp(-logits))).tolist()))


def _logistic(x: Floats, target: Floats, *, believed: float) -> tuple[float, float]:
    """Slope and intercept of a logistic regression on targets between 0 and 1, the slope drawn to what is believed of it."""
    tight = 1 / (SLOPE_SPREAD * believed) ** 2

    def loss(slope: float, base: float) -> float:
        at = slope * x + base
        return float((np.logaddexp(0, at) - target * at).sum()) + tight * (slope - believed) ** 2 / 2

    slope, base = 0.0, float(np.log(target.mean() / (1 - target.mean())))
    now = loss(slope, base)
    for _ in range(NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-(slope * x + base)))
        # sums and no matrix products, whose last bits depend on the number of threads
        weight, miss = chance * (1 - chance), chance - target
        a, b, c = float((weight * x * x).sum()) + tight, float((weight * x).sum()), float(weight.sum())
        down, across = float((miss * x).sum()) + tight * (slope - believed), float(miss.sum())
        step = np.array([c * down - b * across, a * across - b * down]) / (a * c - b * b)
        while (then := loss(slope - step[0], base - step[1])) > now and np.abs(step).max() > CLOSE:
            step /= 2
        slope, base, now = slope - float(step[0]), base - float(step[1]), then
        if np.abs(step).max() <= CLOSE:
            break
    return slope, base


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
