"""Looks for leaks in a feature table that somebody made themselves, with its keys and, where there is one, its split."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from eswarn.cohort.label import known_on
from eswarn.config import CohortConfig
from eswarn.errors import UsageError
from eswarn.evaluation.leaks.certainty import STEADY_ALARM, STEADY_LOOK, steadiness
from eswarn.evaluation.leaks.columns import telling_columns
from eswarn.evaluation.leaks.encoded import encoded_groups
from eswarn.evaluation.leaks.finding import Finding
from eswarn.records.arrays import Bools, Floats, Ints

if TYPE_CHECKING:
    import pandas as pd

SIDES = ("train", "test")
FAR_FROM_CHANCE = 0.25
EXACT = 1e-6
LEAST_RARE, RARE = 3, 0.01  # cells that hardly any other row has, before two equal rows say anything


def leaks_in_table(
    X: pd.DataFrame, keys: pd.DataFrame, y: npt.ArrayLike, *, side: Sequence[str] | None = None, config: CohortConfig | None = None
) -> tuple[Finding, ...]:
    """Look for leaks in a feature table with its labels.

    Parameters
    ----------
    X : pandas.DataFrame
        Numbers, one row a pupil and as-of date; yes and no count as 1 and 0.
    keys : pandas.DataFrame
        ``pupil_id``, and where known ``school_id``, ``as_of``, ``year_group`` and ``household_id``; rows as in ``X``.
    y : array of float
        1 left early, 0 did not, NaN not known.
    side : sequence of str, optional
        "train" or "test" for each row: what is on both sides is looked for, too.
    config : CohortConfig, optional
        Horizon and reporting delay of the labels; the defaults where None.

    Raises
    ------
    UsageError
        The parts do not fit together, or a column is not of numbers.
    """
    table, label = _numbers(X), np.asarray(y, float)
    if "pupil_id" not in keys or not len(table) == len(keys) == len(label) or (side is not None and len(side) != len(label)):
        raise UsageError("X, keys, y and side must have the same rows, and keys a column pupil_id")
    if side is not None and not set(side) <= set(SIDES):
        raise UsageError('side is "train" or "test" for each row')
    pupil, day = _codes(keys, "pupil_id"), _codes(keys, "as_of")
    train = np.array([s == "train" for s in side]) if side is not None else None
    found = [
        Finding("missing_tells" if empty else "column_tells", level, str(name), seen)
        for name, level, empty, seen in telling_columns(table, pupil, day, label)
    ]
    found += encoded_groups(table, keys, label, train)
    found += _copies(table, pupil, day, label)
    found += _order(label, day * (len(keys) + 1) + _codes(keys, "school_id"))
    found += _scales(table, train)
    if train is not None:
        found += _both_sides(keys, train, config or CohortConfig())
    return tuple(found)


def _numbers(X: pd.DataFrame) -> pd.DataFrame:
    try:
        return X.astype(float).reset_index(drop=True)
    except (TypeError, ValueError):
        raise UsageError("every column of the table must be of numbers", do="Encode text columns first, on training rows only.") from None


def _codes(keys: pd.DataFrame, column: str) -> Ints:
    """A key as numbers; 0 throughout where there is none."""
    if column not in keys:
        return np.zeros(len(keys), np.int64)
    return np.unique(keys[column].astype(str).to_numpy(str), return_inverse=True)[1].astype(np.int64)


def _copies(X: pd.DataFrame, pupil: Ints, day: Ints, y: Floats) -> Iterator[Finding]:
    """Rows that stand there twice, under one pupil or under two."""
    _, at, counts = np.unique(pupil * (int(day.max(initial=0)) + 1) + day, return_inverse=True, return_counts=True)
    again = counts[at] > 1
    if again.any():
        left = f"{np.nanmean(y[again]):.0%} of them leavers, {np.nanmean(y[~again]):.0%} of the others" if (~again).any() else "all rows"
        yield Finding("rows_twice", "leak", "keys", f"{int(again.sum()):,} of {len(y):,} rows share pupil and as-of date ({left}).")
    cells = np.ascontiguousarray(X.to_numpy() + 0.0).view(np.int64)
    telling = np.flatnonzero(sum((_rare(column) for column in cells.T), np.zeros(len(cells), np.int64)) >= LEAST_RARE)
    if not len(telling):
        return
    row = np.unique(cells[telling], axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    pairs = np.unique(row * (int(pupil.max()) + 1) + pupil[telling]) // (int(pupil.max()) + 1)
    alike = int((np.bincount(pairs)[pairs] > 1).sum())
    if alike:
        many = alike >= 6 and alike >= 0.02 * len(np.unique(pupil))
        yield Finding("rows_alike", "leak" if many else "look", "table", f"{alike:,} pupils have a row that is another's, too.")


def _rare(values: Ints) -> Bools:
    """Where a value stands in hardly any other row."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(counts[place] <= max(3, RARE * len(values)))


def _order(y: Floats, stratum: Ints) -> Iterator[Finding]:
    """Whether the row number tells leavers from others of the same school and date."""
    known = np.flatnonzero(~np.isnan(y))
    auc, z = steadiness(known.astype(float), y[known] == 1, stratum[known])
    if abs(z) > STEADY_LOOK:
        certain = abs(z) > STEADY_ALARM and abs(auc - 0.5) > FAR_FROM_CHANCE
        said = f"Leavers stand at one end of the table: AUC {max(auc, 1 - auc):.2f} of the row number, {abs(z):.1f} standard errors."
        yield Finding("row_order_tells", "leak" if certain else "look", "table", said)


def _scales(X: pd.DataFrame, train: Bools | None) -> Iterator[Finding]:
    """Columns of mean 0 and standard deviation 1 over all rows, and not over the training rows alone."""

    def scaled(part: pd.DataFrame) -> set[str]:
        spread = part.std(ddof=0)
        return {str(c) for c in part.columns if abs(part[c].mean()) < EXACT and min(abs(spread[c] - 1), abs(part[c].std() - 1)) < EXACT}

    over_all = scaled(X) - (scaled(X[train]) if train is not None else set())
    if over_all:
        said = f"{len(over_all)} of {X.shape[1]} columns have mean 0 and standard deviation 1 over all rows."
        yield Finding("scaled_over_both_sides", "look" if train is None or train.all() else "leak", ", ".join(sorted(over_all)[:5]), said)


def _both_sides(keys: pd.DataFrame, train: Bools, config: CohortConfig) -> Iterator[Finding]:
    for column, kind in (("pupil_id", "pupil_on_both_sides"), ("household_id", "household_on_both_sides")):
        if column in keys:
            told = keys[column].notna().to_numpy()
            shared = set(keys[column][train & told]) & set(keys[column][~train & told])
            if shared:
                rows = int(keys[column][~train].isin(list(shared)).sum())
                said = f"{len(shared):,} are in training and test, with {rows:,} of {int((~train).sum()):,} test rows."
                yield Finding(kind, "leak", column, said)
    if "as_of" in keys and train.any() and not train.all():
        days = [_date(day) for day in keys["as_of"]]
        first = min(day for day, of in zip(days, train, strict=True) if not of)
        ends = {day: known_on(day, config) for day, of in zip(days, train, strict=True) if of}
        late = [day for day, end in ends.items() if end > first]
        if late:
            said = f"The labels of {len(late)} of {len(ends)} training dates, with the reporting delay, reach past the first test date."
            yield Finding("label_windows_overlap", "leak", "as_of", said)


def _date(day: object) -> dt.date:
    return dt.date.fromisoformat(str(day)[:10])
