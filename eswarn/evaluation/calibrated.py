"""Figures that judge whether a chance means what it says: of a hundred pupils told 10 %, about ten should leave.

A row without a risk (NaN: not scored) is left out of each of them; how many there are is said elsewhere.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Outcomes = npt.NDArray[np.integer] | npt.NDArray[np.floating] | npt.NDArray[np.bool_]
Bins = Literal["width", "mass"]
CLIP = 1e-6  # chances nearer to 0 or 1 are taken for this, so that their log-odds are finite
STEPS, LARGEST_STEP, SETTLED = 50, 3.0, 1e-8
AT_ONCE = 2**22


def brier(risk: Floats, y: Outcomes) -> float:
    """Mean squared distance of chance and outcome; NaN without rows."""
    risk, y = _scored(risk, y)
    return float(((risk - y) ** 2).mean()) if len(y) else float("nan")


def brier_skill(risk: Floats, y: Outcomes) -> float:
    """1 less the Brier score over that of the base rate given to everybody; NaN where all rows have one outcome."""
    risk, y = _scored(risk, y)
    chance = float(y.mean() * (1 - y.mean())) if len(y) else 0.0
    return 1 - brier(risk, y) / chance if chance else float("nan")


def observed_over_expected(risk: Floats, y: Outcomes) -> float:
    """Leavers over the sum of chances; NaN where none is expected."""
    risk, y = _scored(risk, y)
    return float(y.sum() / risk.sum()) if risk.sum() else float("nan")


def ece(risk: Floats, y: Outcomes, *, bins: int = 10, equal: Bins = "width") -> float:
    """Expected calibration error: the mean distance of chance and share over bins, weighted by their rows.

    Parameters
    ----------
    risk : array of shape (n,)
        Chances from 0 to 1; NaN is left out.
    y : array of shape (n,)
        1 left early, 0 did not.
    bins : int
        Bins over the chances.
    equal : {"width", "mass"}
        Bins of equal width (to compare with papers), or of as nearly equal numbers of rows as keeps equal chances together.
    """
    risk, y = _scored(risk, y)
    bin_of = bins_of(risk, bins, equal)
    gap = np.abs(np.bincount(bin_of, weights=y, minlength=bins) - np.bincount(bin_of, weights=risk, minlength=bins))
    return float(gap.sum() / len(y)) if len(y) else float("nan")


def ece_by_luck(
    risk: Floats, *, who: npt.NDArray[np.generic] | None = None, bins: int = 10, equal: Bins = "width", draws: int = 1_000, seed: int = 1
) -> tuple[float, float]:  # fmt: skip
    """What the ECE would be if every chance were exactly right: its median and 95 % point over outcomes drawn anew from ``risk``.

    An ECE above the second is more than luck; one near the first is as good as can be told with so many rows. ``who`` names whose row
    each is: rows of one pupil on several dates share one outcome, drawn once, so that there is as much luck in it as there was.
    """
    known = ~np.isnan(risk)
    if not known.any():
        return float("nan"), float("nan")
    order = np.argsort(risk[known], kind="stable")
    risk = risk[known][order]
    person = np.arange(len(risk)) if who is None else np.unique(np.asarray(who)[known][order], return_inverse=True)[1]
    bin_of = bins_of(risk, bins, equal)
    starts = np.flatnonzero(np.diff(bin_of, prepend=-1))
    expected = np.add.reduceat(risk, starts)
    random, found = np.random.default_rng(seed), np.zeros(draws)
    step = max(AT_ONCE // len(risk), 1)
    for first in range(0, draws, step):
        drawn = random.random((min(step, draws - first), int(person.max()) + 1))
        left = (drawn if who is None else drawn[:, person]) < risk
        observed = np.add.reduceat(left, starts, axis=1, dtype=np.int64)
        found[first : first + step] = np.abs(observed - expected).sum(axis=1) / len(risk)
    median, high = np.quantile(found, [0.5, 0.95])
    return float(median), float(high)


def slope(risk: Floats, y: Outcomes) -> float:
    """Calibration slope, b in logit P(y = 1) = a + b logit(risk): 1 is right, less is overconfident.

    Chances are kept to [1e-6, 1 - 1e-6]. NaN where there is no finite answer: one outcome only, one chance only, or chances that part
    leavers from stayers without an error.
    """
    return _alone(risk, y, free=True)


def intercept(risk: Floats, y: Outcomes) -> float:
    """Calibration intercept, a in logit P(y = 1) = a + logit(risk): above 0 more leave than expected; NaN with one outcome only."""
    return _alone(risk, y, free=False)


def _alone(risk: Floats, y: Outcomes, *, free: bool) -> float:
    risk, y = _scored(risk, y)
    a, b = recalibrated(log_odds(risk), np.ones((1, len(y))), y[None, :], free=free)
    return float((b if free else a)[0])


def log_odds(risk: Floats) -> Floats:
    """logit(risk), chances kept to [1e-6, 1 - 1e-6]."""
    kept = np.clip(risk, CLIP, 1 - CLIP)
    return np.asarray(np.log(kept / (1 - kept)))


def recalibrated(x: Floats, n: Floats, left: Floats, *, free: bool) -> tuple[Floats, Floats]:
    """Maximum likelihood of logit P = a + b x by Newton's method, for many weightings of the same rows at once.

    Parameters
    ----------
    x : array of shape (m,)
        Log-odds that were told.
    n, left : arrays of shape (weightings, m)
        Rows and leavers at each ``x``.
    free : bool
        Whether b is found too; else it is 1.

    Returns
    -------
    tuple of arrays of shape (weightings,)
        a and b; NaN where there is no finite answer.
    """
    from scipy.special import expit

    rows, leavers = n.sum(axis=1), left.sum(axis=1)
    answer = (leavers > 0) & (leavers < rows) & (not free or len(np.unique(x)) > 1)
    centre = float(x.mean()) if len(x) else 0.0
    z = x - centre
    with np.errstate(all="ignore"):  # rows without an answer are NaN in the end
        base = np.log(leavers / (rows - leavers))
        a, b = (base, np.zeros(len(n))) if free else (base - n @ z / rows, np.ones(len(n)))
        for _ in range(STEPS):
            p = expit(a[:, None] + b[:, None] * z)
            weight, miss = n * p * (1 - p), left - n * p
            g0, h0 = miss.sum(axis=1), weight.sum(axis=1)
            g1, h1, h2 = (miss @ z, weight @ z, weight @ z**2) if free else (0.0, 0.0, 1.0)
            by_a, by_b = (h2 * g0 - h1 * g1) / (h0 * h2 - h1**2), (h0 * g1 - h1 * g0) / (h0 * h2 - h1**2) * free
            a, b = a + np.clip(by_a, -LARGEST_STEP, LARGEST_STEP), b + np.clip(by_b, -LARGEST_STEP, LARGEST_STEP)
            moved = np.maximum(np.abs(by_a), np.abs(by_b))
            if (moved[answer] < SETTLED).all():
                break
        answer &= moved < SETTLED
    return np.where(answer, a - b * centre, np.nan), np.where(answer, b, np.nan)


def binned(x: Floats, most: int) -> tuple[Ints, Floats]:
    """Bin of each log-odds, and the mean of each bin: one for each distinct value, ``most`` of equal information where there are more.

    Information is the sum of p (1 - p), so that rows at the top, which decide a slope, are told apart best.
    """
    values, place, rows = np.unique(x, return_inverse=True, return_counts=True)
    if len(values) <= most:
        return place.astype(np.int64), values
    weight = rows / (2 + np.exp(values) + np.exp(-values))
    before = np.cumsum(weight) - weight / 2
    _, bin_of = np.unique((before * most / weight.sum()).astype(np.int64), return_inverse=True)
    return bin_of[place].astype(np.int64), np.bincount(bin_of, weights=values * weight) / np.bincount(bin_of, weights=weight)


def bins_of(risk: Floats, bins: int, equal: Bins) -> Ints:
    """Bin of each row; by its place in the middle of those level with it where bins are of equal mass."""
    if equal == "width":
        return np.minimum((risk * bins).astype(np.int64), bins - 1)
    ordered = np.sort(risk)
    middle = np.searchsorted(ordered, risk, "left") + np.searchsorted(ordered, risk, "right")
    return middle * bins // (2 * max(len(risk), 1))


def _scored(risk: Floats, y: Outcomes) -> tuple[Floats, Floats]:
    """Rows that have a risk."""
    kept = ~np.isnan(risk)
    return np.asarray(risk[kept], float), np.asarray(y[kept], float)
