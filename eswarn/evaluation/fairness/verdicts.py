"""What the figures of groups allow to be said: a gap is shown, no gap is larger than a margin, or it cannot be told. Never "fair"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from eswarn.errors import UsageError
from eswarn.evaluation.fairness.intervals import Gaps, alike
from eswarn.evaluation.fairness.table import Counts, GroupTable
from eswarn.model.curve import Floats

if TYPE_CHECKING:
    import pandas as pd

METRICS = ("recall", "false_alarm_rate", "precision")
SHOWN, NONE_LARGER, UNTOLD = "gap shown", "no gap larger than {margin}", "cannot tell"
POWER = 0.8  # to find a gap of the margin, below which nothing is said of its absence
LEAST = 10  # pupils a rate is about, below which a group has no part in the largest gap


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Every group against the others of its division, in every rate, all judged together.

    Attributes
    ----------
    frame : pandas.DataFrame
        division, group, metric, n and others (pupils the rate is about), value, others_value, gap, low, high (simultaneous interval),
        p, p_holm, power (least chance of finding a gap of the margin), verdict.
    margin : float
        The largest gap that would not matter, written down before.
    alpha : float
        Chance of any gap shown in error, and (half of it) of any gap larger than the margin denied in error.
    """

    frame: pd.DataFrame
    margin: float
    alpha: float


def verdicts(table: GroupTable, *, margin: float = 0.1, metrics: tuple[str, ...] = METRICS, alpha: float = 0.05) -> Verdicts:
    """Judge the gaps of a group table.

    Parameters
    ----------
    table : GroupTable
        Counts by group and school.
    margin : float
        The largest gap that would not matter; to be fixed before the table is seen.
    metrics : tuple of str
        Rates that are judged together.
    alpha : float
        Family-wise.

    Returns
    -------
    Verdicts
        "gap shown": Holm's test over all comparisons rejects equal rates, and the interval at the level of Holm's step leaves 0 out.
        "no gap larger than m": the interval at level 1 - alpha / comparisons lies inside, and the power to find m is 80 % at least.
        "cannot tell": neither. Where a division has two groups with anybody, they are compared once.

    Raises
    ------
    UsageError
        ``margin`` or ``alpha`` is not between 0 and 1.
    """
    import pandas as pd

    if not 0 < margin < 1 or not 0 < alpha < 1:
        raise UsageError("margin and alpha lie between 0 and 1")
    sides = [(division.name, metric, _sides(table.counts[division.name], metric)) for division in table.divisions for metric in metrics]
    compared = [(name, metric, gaps, _told(gaps)) for name, metric, gaps in sides]
    groups = {division.name: np.array(division.groups, dtype=object) for division in table.divisions}
    parts = [
        pd.DataFrame({
            "division": name, "group": groups[name][told], "metric": metric, "n": gaps.pupils.sum(axis=1)[told],
            "others": gaps.other_pupils.sum(axis=1)[told], "value": gaps.rate[told], "others_value": gaps.other_rate[told],
            "gap": (gaps.rate - gaps.other_rate)[told], "p": gaps.p_values()[told],
        }) for name, metric, gaps, told in compared
    ]  # fmt: skip
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["division", "group", "metric", "p"])
    p, family = frame["p"].to_numpy(float), max(len(frame), 1)
    frame["p_holm"] = _holm(p)
    tail = alpha / family
    both = [gaps.bounds(1 - tail) for _, _, gaps, _ in compared]
    for place, end in enumerate(("low", "high")):
        frame[end] = np.concatenate([np.zeros(0), *(b[place][told] for b, (*_, told) in zip(both, compared, strict=True))])
    frame["power"] = np.concatenate([np.zeros(0), *(gaps.power(margin, 1 - tail)[told] for _, _, gaps, told in compared)])
    shown = _shown(frame, compared, alpha)
    inside = (frame["low"] > -margin) & (frame["high"] < margin) & (frame["power"] >= POWER)
    frame["verdict"] = np.select([shown, inside.to_numpy(bool)], [SHOWN, NONE_LARGER.format(margin=f"{margin:g}")], UNTOLD)
    order = ["division", "group", "metric", "n", "others", "value", "others_value", "gap", "low", "high", "p", "p_holm", "power", "verdict"]
    return Verdicts(frame.reindex(columns=order), margin, alpha)


def _sides(counts: Counts, metric: str) -> Gaps:
    hits, pupils = counts.of(metric)
    return Gaps(hits, pupils, hits.sum(axis=0) - hits, pupils.sum(axis=0) - pupils, alike(hits, pupils))


def _told(gaps: Gaps) -> npt.NDArray[np.int64]:
    """Groups to be compared: those with anybody against anybody; the first of two."""
    told = np.flatnonzero((gaps.pupils.sum(axis=1) > 0) & (gaps.other_pupils.sum(axis=1) > 1e-9))
    return told[:1] if len(told) == 2 else told


def _holm(p: Floats) -> Floats:
    """Adjusted p-values of Holm's step-down test."""
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return adjusted


def _shown(frame: pd.DataFrame, compared: list[tuple[str, str, Gaps, npt.NDArray[np.int64]]], alpha: float) -> npt.NDArray[np.bool_]:
    """Rejected by Holm's test, in its order, as long as the interval of each step leaves 0 out; its interval is put into the frame."""
    shown = np.zeros(len(frame), bool)
    first = np.cumsum([0, *(len(told) for *_, told in compared)])
    for step, row in enumerate(np.argsort(frame["p"].to_numpy(float), kind="stable")):
        if frame["p_holm"].iloc[row] > alpha:
            break
        part = int(np.searchsorted(first, row, side="right")) - 1
        _, _, gaps, told = compared[part]
        low, high = (bound[told][row - first[part]] for bound in gaps.bounds(1 - alpha / (len(frame) - step)))
        if not (low > 0 or high < 0):
            continue
        shown[row] = True
        frame.loc[row, ["low", "high"]] = low, high
    return shown


def largest_gaps(table: GroupTable, *, metrics: tuple[str, ...] = METRICS, draws: int = 1_000, seed: int = 1) -> pd.DataFrame:
    """The largest gap within each division beside what chance alone makes of it.

    Pupils of one school swap groups: among its leavers for recall, its stayers for the false alarm rate, its listed for precision.
    Groups of fewer than ten such pupils have no part. A tie at the cut is rounded to whole places in each school.

    Parameters
    ----------
    table : GroupTable
        Counts by group and school.
    metrics : tuple of str
        Rates.
    draws, seed : int
        Permutations.

    Returns
    -------
    pandas.DataFrame
        division, metric, groups (compared), gap, by_chance and by_chance_95 (mean and 95th percentile over the draws), p, p_holm (over
        all rows).
    """
    import pandas as pd

    rng, rows = np.random.default_rng(seed), []
    for division in table.divisions:
        for metric in metrics:
            hits, pupils = table.counts[division.name].of(metric)
            large = pupils.sum(axis=1) >= LEAST
            if large.sum() > 1:
                gap, drawn = _spread(hits[large], pupils[large]), permuted_spread(hits[large], pupils[large], draws=draws, rng=rng)
                p = (1 + (drawn >= gap - 1e-12).sum()) / (draws + 1)
                rows.append((division.name, metric, int(large.sum()), gap, drawn.mean(), np.quantile(drawn, 0.95), p))
    frame = pd.DataFrame(rows, columns=["division", "metric", "groups", "gap", "by_chance", "by_chance_95", "p"])
    return frame.assign(p_holm=_holm(frame["p"].to_numpy(float)))


def _spread(hits: Floats, pupils: Floats) -> float:
    return float(np.ptp(hits.sum(axis=1) / pupils.sum(axis=1)))


def permuted_spread(hits: Floats, pupils: Floats, *, draws: int, rng: np.random.Generator) -> Floats:
    """Largest less smallest rate of groups, in draws in which the pupils of each school swap groups; shapes (groups, schools)."""
    whole = np.rint(pupils).astype(np.int64)
    taken = np.minimum(np.rint(hits.sum(axis=0)).astype(np.int64), whole.sum(axis=0))
    drawn = np.zeros((draws, len(whole)))
    for school in np.flatnonzero(taken > 0):
        drawn += rng.multivariate_hypergeometric(whole[:, school], taken[school], size=draws)
    return np.asarray(np.ptp(drawn / np.maximum(whole.sum(axis=1), 1), axis=1))
