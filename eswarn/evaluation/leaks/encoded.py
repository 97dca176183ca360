"""Whether a column is a school's, or a year group's, own outcome rate: plain, smoothed, or with the pupil left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from eswarn.evaluation.leaks.finding import Finding
from eswarn.records.arrays import Bools, Floats, Ints

if TYPE_CHECKING:
    import pandas as pd

GROUPS = (("school_id",), ("school_id", "as_of"), ("school_id", "year_group"), ("year_group",))
EXACT, NEARLY = 1e-6, 0.01
NEARLY_ALL = 0.95


def encoded_groups(X: pd.DataFrame, keys: pd.DataFrame, y: Floats, train: Bools | None) -> Iterator[Finding]:
    """Columns that are made from the outcomes of the very rows they stand in."""
    groups = {by: np.asarray(keys.groupby(list(by), dropna=False).ngroup(), np.int64) for by in GROUPS if set(by) <= set(keys.columns)}
    blocks = [~np.isnan(y)] + ([~np.isnan(y) & train] if train is not None else [])
    for name in X.columns:
        values = X[name].to_numpy(float)
        for by, group in groups.items():
            how = next((how for rows in blocks if (how := _encoded_in(values, y, group, rows & ~np.isnan(values)))), None)
            if how:
                yield Finding(
                    "school_encoded",
                    "leak",
                    str(name),
                    f"It is the outcome rate of {' and '.join(by)} in these rows{how} in {group.max() + 1} groups.",
                )
                break


def _encoded_in(values: Floats, y: Floats, group: Ints, rows: Bools) -> str | None:
    return _encoded(values[rows], y[rows], np.unique(group[rows], return_inverse=True)[1]) if rows.any() else None


def _encoded(values: Floats, y: Floats, group: Ints) -> str | None:
    """How the outcome rate of each group is in the values; None where it is not."""
    n, left = np.bincount(group), np.bincount(group, weights=y)
    if not 0 < left.sum() < len(y) or np.ptp(values) < EXACT:
        return None
    without = (left[group] - y) / np.maximum(n[group] - 1, 1)
    same, some = np.abs(values - without) < EXACT, left[group] > 0  # a group without leavers says 0, as many a column does
    if min(same[some].mean(), same[y == 1].mean()) > NEARLY_ALL and np.ptp(without[some]) > EXACT:
        return ", the pupil left out,"
    if len(n) < 2:
        return None
    low, high = np.full(len(n), np.inf), np.full(len(n), -np.inf)
    np.minimum.at(low, group, values)
    np.maximum.at(high, group, values)
    rate = left / n
    if (high - low > EXACT).any() or np.ptp(rate) < EXACT:
        return None
    if (np.abs(low - rate) < EXACT).all():
        return ", as it is,"
    away = np.abs(rate - y.mean()) > EXACT
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = (n * (rate - low) / (low - y.mean()))[away]
    if len(weight) > 1 and (weight > 0).all() and np.ptp(weight) < NEARLY * weight.mean():
        return ", drawn towards the rate of all,"
    return None
