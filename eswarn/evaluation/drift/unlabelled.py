"""How good a list is by its own chances, before any outcome is known. True only as long as the chances are calibrated."""

from __future__ import annotations

import numpy as np

from eswarn.evaluation.drift.finding import Floats, Now
from eswarn.model.issue import places_of, rank_in_school


def expected_recall(now: Now, places: float) -> float:
    """Share of the expected leavers who are on the list: the sum of the listed chances over that of all, pupils not scored apart."""
    names, school = np.unique(now.data.keys["school_id"].to_numpy(str), return_inverse=True)
    left_out = now.data.left_out["school_id"].value_counts().reindex(names, fill_value=0).to_numpy(int)
    roll = np.bincount(school) + left_out
    listed = rank_in_school(school, now.raw) <= places_of(places, roll)[school]
    return float(now.risk[listed].sum() / now.risk.sum())


def expected_auc(raw: Floats, risk: Floats) -> float:
    """Expected chance that a leaver stands above one who stays: over pairs, weighted by the chance of leaving and of staying.

    Parameters
    ----------
    raw, risk : arrays
        Score to rank by, ties counting half, and the calibrated chance.

    Returns
    -------
    float
        NaN for a single pupil.
    """
    level = np.unique(raw, return_inverse=True)[1]
    leave, stay = np.bincount(level, weights=risk), np.bincount(level, weights=1 - risk)
    own = risk * (1 - risk)  # nobody makes a pair with himself
    below = np.cumsum(stay) - stay
    pairs = risk.sum() * (1 - risk).sum() - own.sum()
    right = (leave * below).sum() + (leave * stay - np.bincount(level, weights=own)).sum() / 2
    return float(right / pairs) if len(raw) > 1 and pairs > 0 else float("nan")
