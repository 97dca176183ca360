"""Two scores of the same people compared: AUC and recall, with an interval over draws of people, the same for both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer]
DRAWS, SEED = 2_000, 2013


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure less the other: on the people themselves, and the 95 % percentile interval over the draws."""

    value: float
    low: float
    high: float

    @property
    def said(self) -> str:
        """What may be claimed."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else "not shown to beat"


def compare(ours: Floats, theirs: Floats, y: Ints, *, places: float) -> tuple[Difference, Difference]:
    """AUC, and recall at a share of places, of one score less those of another.

    Parameters
    ----------
    ours, theirs : array of shape (n,)
        Higher is riskier.
    y : array of shape (n,)
        1 left, 0 stayed.
    places : float
        Share of the people who are listed.
    """
    draws = np.random.default_rng(SEED).multinomial(len(y), np.full(len(y), 1 / len(y)), DRAWS)
    weights = np.vstack([np.ones((1, len(y)), int), draws])
    gaps = [a - b for a, b in zip(ranked(ours, y, weights, places=places), ranked(theirs, y, weights, places=places), strict=True)]
    auc, recall = (Difference(float(gap[0]), *(float(p) for p in np.percentile(gap[1:], [2.5, 97.5]))) for gap in gaps)
    return auc, recall


def ranked(score: Floats, y: Ints, weights: Ints, *, places: float) -> tuple[Floats, Floats]:
    """AUC and recall at a share of places for each row of weights, shape (draws, n); ties by their exact expectation."""
    _, level = np.unique(-score, return_inverse=True)  # 0 is the highest score
    order = np.argsort(level, kind="stable")
    starts = np.flatnonzero(np.diff(level[order], prepend=-1))
    left = np.add.reduceat((weights * y)[:, order], starts, axis=1)
    all_ = np.add.reduceat(weights[:, order], starts, axis=1)
    stayed, leavers = all_ - left, left.sum(axis=1)
    lower = stayed.sum(axis=1)[:, None] - np.cumsum(stayed, axis=1)
    auc = (left * (lower + stayed / 2)).sum(axis=1) / (leavers * stayed.sum(axis=1))
    k = np.ceil(places * all_.sum(axis=1))[:, None]
    above = np.cumsum(all_, axis=1) - all_
    listed = np.clip(k - above, 0, all_) / np.maximum(all_, 1)  # share of each level that has a place
    return auc, (left * listed).sum(axis=1) / leavers
