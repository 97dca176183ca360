"""When a difference between leavers and others is too good to be an honest sign: bounds that small data sets do not trip."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from eswarn.evaluation.leaks.finding import Severity
from eswarn.records.arrays import Bools, Floats, Ints

# What an honest sign of a school may reach, a year ahead: it is at most ten times as common among leavers as among others, and
# at most 35 % of leavers show one that 1 % of others show (AUC .75 to .88: handbook, evaluation.md).
LIFT, RECALL = 10.0, 0.35
ALARM, LOOK = 1e-4, 1e-2  # chance of the counts, were the sign as good as the best honest one; hundreds of columns are tried
STEADY_ALARM, STEADY_LOOK = 6.0, 4.5  # standard errors of an AUC under chance


def certainly_more(k: npt.ArrayLike, n: npt.ArrayLike, share: npt.ArrayLike) -> Floats:
    """Chance of ``k`` or more of ``n`` where each has this chance: the binomial tail, exact."""
    from scipy.special import betainc

    k, n, share = np.broadcast_arrays(np.asarray(k, float), np.asarray(n, float), np.asarray(share, float))
    inner = betainc(np.maximum(k, 1), np.maximum(n - k + 1, 1e-9), np.clip(share, 0, 1))
    return np.asarray(np.where(k <= 0, 1.0, np.where(k > n, 0.0, inner)), float)


def too_good(leavers_with: npt.ArrayLike, leavers: int, others_with: npt.ArrayLike, others: int) -> Floats:
    """Chance that the best honest sign would be found with so many leavers and so few others; small is a leak.

    The smaller of two, doubled: that a share of the leavers so large shows the sign, given how rare it is among others, and
    that so many of those who show it are leavers. 1 where nothing can be told.
    """
    k, c = np.asarray(leavers_with, float), np.asarray(others_with, float)
    if not leavers or not others:
        return np.ones(k.shape)
    reach = np.maximum(RECALL, LIFT * (c + 1) / (others + 1))
    recall = np.where(reach < 1, certainly_more(k, leavers, np.minimum(reach, 1)), 1.0)
    precision = certainly_more(k, k + c, LIFT * leavers / (LIFT * leavers + others))
    return np.asarray(np.minimum(1.0, 2 * np.minimum(recall, precision)), float)


def severity(chance: float) -> Severity | None:
    """What a chance under the best honest sign amounts to; None for nothing."""
    return "leak" if chance < ALARM else "look" if chance < LOOK else None


def steadiness(order: Floats, leaver: Bools, stratum: Ints) -> tuple[float, float]:
    """AUC of an order within strata, and its distance from .5 in standard errors under chance (Mann and Whitney).

    Parameters
    ----------
    order : array of shape (n,)
        Any numbers without meaning of their own, such as places in a file; all different.
    leaver : array of bool
        Who left early.
    stratum : array of int
        Only pupils of one stratum are compared, so that an order by age or by year of entry is no sign.
    """
    wins = pairs = variance = 0.0
    for group in np.unique(stratum):
        rows = np.flatnonzero(stratum == group)
        left = leaver[rows]
        n, m = int(left.sum()), int((~left).sum())
        if not n or not m:
            continue
        rank = np.argsort(np.argsort(order[rows], kind="stable")) + 1
        wins += rank[left].sum() - n * (n + 1) / 2
        pairs += n * m
        variance += n * m * (n + m + 1) / 12
    return (wins / pairs, (wins - pairs / 2) / variance**0.5) if pairs else (0.5, 0.0)


def beyond_others(values: Floats, leaver: Bools) -> tuple[Severity, str] | None:
    """Whether values beyond those of 99 % of others belong to so many leavers that no honest sign explains it, and in what words."""
    left, others = values[leaver], values[~leaver]
    if not len(left) or len(others) < 20:
        return None
    found: tuple[float, str] | None = None
    for beyond, word in ((1.0, "above"), (-1.0, "below")):
        edge = np.quantile(beyond * others, 0.99)
        k, c = int((beyond * left > edge).sum()), int((beyond * others > edge).sum())
        chance = float(too_good(k, len(left), c, len(others)))
        if found is None or chance < found[0]:
            found = chance, f"{k:,} of {len(left):,} leavers lie {word} 99 % of the {len(others):,} others."
    level = severity(found[0]) if found else None
    return (level, found[1]) if found and level else None
