"""Drift as mature outcomes show it: too many or too few leavers for the chances that were issued, and calibration."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from eswarn import words
from eswarn.evaluation.calibrated import ece, ece_by_luck
from eswarn.evaluation.drift.finding import Check, Outcomes

TOO_MANY = 1.25  # leavers for each that was expected, or one for so many
SURE = 2.6  # standard errors of the log of observed over expected: one list in a hundred by luck, and few lists have outcomes
LEAST_EXPECTED = 5.0  # leavers without which nothing is said
GAP, LUCK = 0.02, 2.0  # calibration error, and so many times the 95 % point of luck


def from_outcomes(told: Outcomes, leavers: int) -> Iterator[Check]:
    """Observed over expected leavers, and the calibration error beside what chance alone would make of it.

    Parameters
    ----------
    told : Outcomes
        Chances and what happened.
    leavers : int
        Pupils behind the curve that gave the chances: it is itself known no better than they allow.
    """
    kept = ~np.isnan(told.y) & ~np.isnan(told.risk)
    risk, y = told.risk[kept], told.y[kept].astype(int)
    expected = float(risk.sum())
    if expected < LEAST_EXPECTED:
        return
    ratio = float(y.sum()) / expected
    unsure = float(np.sqrt(1 / expected + 1 / max(leavers, 1)))
    limit = float(np.exp(max(np.log(TOO_MANY), SURE * unsure)))
    said = f"{words.count(float(y.sum()), 'leaver')}; the chances expected {words.expected(expected)}"
    yield Check("outcomes", "observed over expected", said, ratio, limit, not 1 / limit <= ratio <= limit)
    gap, (median, high) = ece(risk, y), ece_by_luck(risk)
    limit = max(GAP, LUCK * high)
    yield Check("calibration", "calibration error", f"calibration error {gap:.3f}; {median:.3f} by luck alone", gap, limit, gap > limit)
