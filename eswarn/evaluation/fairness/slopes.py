"""The calibration slope of many groups at once, where there are leavers and stayers enough, with intervals that allow for schools."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from eswarn.evaluation.calibrated import log_odds
from eswarn.model.curve import Floats

EVENTS = 20  # leavers, and stayers, below which a group has no slope
STEPS = 30  # of Newton's method at most


def slopes(
    code: npt.NDArray[np.int64], groups: int, *, left: Floats, risk: Floats, school: npt.NDArray[np.int64], level: float
) -> dict[str, Floats]:
    """Slope b of logit P(y = 1) = a + b logit(risk) in each group: under 1, risks are too extreme; above, too cautious.

    Parameters
    ----------
    code : array of int
        Group of each pupil, -1 for none.
    groups : int
        Number of groups.
    left, risk : array
        Outcome and calibrated chance; pupils whose chance is NaN are left out.
    school : array of int
        Pupils of one school are alike: sandwich variance by school, Student's t; by pupil where there is one school.

    Returns
    -------
    dict
        slope, slope_low, slope_high: one number a group, NaN where events are too few or chances do not differ.
    """
    from scipy import special

    use = (code >= 0) & ~np.isnan(risk)
    code, left, school, odds = code[use], left[use], school[use], log_odds(risk[use])

    def added(values: Floats) -> Floats:
        return np.asarray(np.bincount(code, values, minlength=groups), float)

    leavers, n = added(left), np.bincount(code, minlength=groups)
    middle = np.divide(added(odds), n, out=np.zeros(groups), where=n > 0)
    x = odds - middle[code]
    allowed = (leavers >= EVENTS) & (n - leavers >= EVENTS) & (added(x * x) > 1e-9 * np.maximum(n, 1))
    a, b = middle.copy(), np.ones(groups)
    for _ in range(STEPS):
        p = special.expit(a[code] + b[code] * x)
        w, off = p * (1 - p), left - p
        h0, h1, h2, g0, g1 = added(w), added(w * x), added(w * x * x), added(off), added(off * x)
        room = np.where(allowed, h0 * h2 - h1 * h1, 1.0)
        allowed &= room > 1e-12
        room = np.where(allowed, room, 1.0)
        step_a, step_b = (h2 * g0 - h1 * g1) / room, (h0 * g1 - h1 * g0) / room
        longest = np.maximum(1.0, np.maximum(np.abs(step_a), np.abs(step_b)))
        a, b = np.where(allowed, a + step_a / longest, a), np.where(allowed, b + step_b / longest, b)
        if not np.abs(np.where(allowed, np.stack([step_a, step_b]), 0)).max(initial=0) > 1e-10:
            break
    schools = int(school.max(initial=0)) + 1
    cell = code * schools + school if schools > 1 else np.arange(len(code))
    influence = (h0[code] * x - h1[code]) * off / room[code]
    per_cell = np.bincount(cell, influence, minlength=groups * schools if schools > 1 else 0)
    if schools > 1:
        inside = np.bincount(cell, minlength=groups * schools).reshape(groups, schools) > 0
        many, spread = inside.sum(axis=1), (per_cell.reshape(groups, schools) ** 2).sum(axis=1)
    else:
        many, spread = n, added(np.asarray(per_cell**2, float))
    allowed &= many > 1
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.sqrt(spread * many / (many - 1)) * special.stdtrit(np.maximum(many - 1, 1), (1 + level) / 2)
    return {name: np.where(allowed, value, np.nan) for name, value in (("slope", b), ("slope_low", b - half), ("slope_high", b + half))}
