"""What a remedy for a gap would do, measured beside what it costs in leavers reached; none is ever applied in silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from eswarn.errors import UsageError
from eswarn.evaluation.fairness.groups import NOT_RECORDED, Division
from eswarn.evaluation.fairness.table import GroupTable, group_table
from eswarn.evaluation.fairness.verdicts import LEAST
from eswarn.model.curve import Floats

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]


def places_by_group(score: npt.ArrayLike, weight: npt.ArrayLike, group: Ints, places: float) -> Floats:
    """Share out the same places so that each group reaches the same share of its (expected) leavers.

    Parameters
    ----------
    score : array
        Higher is riskier; -inf where not scored.
    weight : array
        What counts as reached: calibrated chances, which are known when the list is drawn; 0 where not scored.
    group : array of int
        Group of each pupil; within it the highest scores come first.
    places : float
        In all.

    Returns
    -------
    array
        Expected share of a place, with exact ties, of each pupil.
    """
    raw, size, code = np.asarray(score, float), np.asarray(weight, float), np.asarray(group, np.int64)
    if not len(raw) == len(size) == len(code):
        raise UsageError("score, weight and group must have one value for each pupil")
    if not 0 < places <= (raw > -np.inf).sum():
        raise UsageError("places must be more than none, and no more than the pupils scored")
    queues = [_queue(raw, size, np.flatnonzero((code == number) & (raw > -np.inf))) for number in np.unique(code)]
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        taken = sum(float(np.interp(middle, reach, used)) for _, _, reach, used in queues)
        low, high = (middle, high) if taken < places else (low, middle)
    listed = np.zeros(len(raw))
    spent = [float(np.interp(high, reach, used)) for _, _, reach, used in queues]
    short = places - sum(spent)  # every group reaches all it can: what is left goes by length
    room = [used[-1] - s for (*_, used), s in zip(queues, spent, strict=True)]
    for (rows, level, _, used), s, free in zip(queues, spent, room, strict=True):
        left = s + (max(short, 0.0) * free / sum(room) if sum(room) > 0 else 0.0)
        share = np.clip((left - used[:-1]) / np.maximum(np.diff(used), 1e-12), 0, 1)
        listed[rows] = share[level]
    return listed


def _queue(raw: Floats, size: Floats, rows: Ints) -> tuple[Ints, Ints, Floats, Floats]:
    """Rows, the place of each row's score among the distinct ones, and after each of these the share reached and the places used."""
    levels, level = np.unique(-raw[rows], return_inverse=True)
    used = np.concatenate([[0.0], np.cumsum(np.bincount(level, minlength=len(levels)))])
    reach = np.concatenate([[0.0], np.cumsum(np.bincount(level, size[rows], minlength=len(levels)))])
    return rows, level, reach / max(reach[-1], 1e-12) if len(rows) else reach, used


def balancing_weights(group: Ints, y: npt.ArrayLike) -> Floats:
    """Weights of training rows under which group and outcome are independent: P(group) P(y) / P(group, y) (Kamiran, Calders 2012)."""
    left = np.asarray(y, np.int64)
    cell = np.unique(np.stack([group, left]), axis=1, return_inverse=True)[1].ravel()
    share = [np.bincount(code)[code] / len(left) for code in (np.unique(group, return_inverse=True)[1], left, cell)]
    return np.asarray(share[0] * share[1] / share[2], float)


def tried(
    lists: Mapping[str, Callable[[], npt.ArrayLike]], division: Division, *, before: npt.ArrayLike, y: npt.ArrayLike,
    risk: npt.ArrayLike, school: npt.ArrayLike | None = None, metric: str = "recall", level: float = 0.95,
) -> pd.DataFrame:  # fmt: skip
    """Measure remedies on pupils whose outcomes are known: the largest gap, and leavers reached in all, before and after.

    Parameters
    ----------
    lists : mapping of str to callable
        Each remedy by its name: makes a list anew (expected share of a place of each pupil), such as a model fitted again without the
        columns that give a group away, one fitted with `balancing_weights`, or `places_by_group`.
    division : Division
        The groups the remedy is for.
    before : array
        The list as it is.
    y, risk, school : array
        As in `group_table`.
    metric : str
        Rate whose gap is to be closed.
    level : float
        Of the interval.

    Returns
    -------
    pandas.DataFrame
        remedy, places, largest_gap (of ``metric``, among recorded groups of ten pupils or more that the rate is about),
        recall, cost (recall lost, all pupils), cost_low, cost_high (paired, by school),
        swapped (places that changed hands). The first row is the list as it is.
    """
    import pandas as pd

    now, left = np.asarray(before, float), np.asarray(y, float)
    code = np.arange(len(left)) if school is None else np.unique(np.asarray(school).astype(str), return_inverse=True)[1]
    rows = []
    for name, make in {"as it is": lambda: now, **lists}.items():
        listed = np.asarray(make(), float)
        table = group_table([division], listed=listed, y=left, risk=risk, school=school)
        cost, low, high = _cost(now, listed, left, code, level)
        rows.append((name, float(listed.sum()), _largest_gap(table, metric), float(table.overall["recall"]), cost, low, high,
                     float(np.abs(listed - now).sum() / 2)))  # fmt: skip
    columns = ["remedy", "places", "largest_gap", "recall", "cost", "cost_low", "cost_high", "swapped"]
    return pd.DataFrame(rows, columns=columns)


def _largest_gap(table: GroupTable, metric: str) -> float:
    """Largest less smallest rate; those not recorded are no group that a remedy is for, and a rate of few is none to steer by."""
    division = table.divisions[0]
    hits, pupils = (counts.sum(axis=1) for counts in table.counts[division.name].of(metric))
    large = (pupils >= LEAST) & np.array([group != NOT_RECORDED for group in division.groups])
    return float(np.ptp(hits[large] / pupils[large])) if large.sum() > 1 else float("nan")


def _cost(before: Floats, after: Floats, left: Floats, code: Ints, level: float) -> tuple[float, float, float]:
    """Recall before less recall after, and its interval from the schools' own differences."""
    from scipy import special

    leavers = np.bincount(code, left)
    lost, many = np.bincount(code, (before - after) * left), int((leavers > 0).sum())
    if many < 2:
        return float(lost.sum() / leavers.sum()) if leavers.sum() else np.nan, np.nan, np.nan
    cost = lost.sum() / leavers.sum()
    error = np.sqrt(many / (many - 1) * ((lost - cost * leavers) ** 2).sum()) / leavers.sum()
    half = special.stdtrit(many - 1, (1 + level) / 2) * error
    return float(cost), float(cost - half), float(cost + half)
