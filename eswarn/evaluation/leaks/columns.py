"""Whether one column of a feature table tells leavers from others better than any honest sign does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from eswarn.evaluation.leaks.certainty import severity, too_good
from eswarn.evaluation.leaks.finding import Severity
from eswarn.records.arrays import Bools, Floats, Ints

if TYPE_CHECKING:
    import pandas as pd

FEW_VALUES = 20
LEAST_OTHERS = 20
TAIL = 0.01
ATTEMPTS = 4  # to find a date of some leaver on which another pupil has a row


def telling_columns(X: pd.DataFrame, pupil: Ints, as_of: Ints, y: Floats) -> Iterator[tuple[str, Severity, bool, str]]:
    """Columns that tell too much: name, severity, whether it is by being empty, and what was seen.

    Parameters
    ----------
    X : pandas.DataFrame
        Numbers, one row a pupil and as-of date.
    pupil, as_of : arrays of int
        Whose row it is, and of which date. A pupil counts once, and others are looked at on the dates of leavers, so that the
        season is no sign.
    y : array of float
        1 left early, 0 did not, NaN not known.
    """
    known = ~np.isnan(y)
    pupil, as_of, left = np.unique(pupil[known], return_inverse=True)[1], as_of[known], y[known] == 1
    leavers, others = _one_row_each(pupil, as_of, left)
    n, m = len(leavers), len(others)
    if not n or m < LEAST_OTHERS:
        return
    for name in X.columns:
        smallest, empty, counts = 1.0, False, (0, 0)
        for is_empty, sign in _signs(np.asarray(X[name], float)[known], as_of, left):
            k, c = int(sign[leavers].sum()), int(sign[others].sum())
            chance = float(too_good(k, n, c, m))
            if chance < smallest:
                smallest, empty, counts = chance, is_empty, (k, c)
        if found := severity(smallest):
            yield str(name), found, empty, f"{counts[0]:,} of {n:,} leavers and {counts[1]:,} of {m:,} others show the same sign in it."


def _one_row_each(pupil: Ints, as_of: Ints, left: Bools) -> tuple[Ints, Ints]:
    """A row of each leaver, before leaving, and of each other pupil on a date of some leaver, both in turn."""
    leaver = np.bincount(pupil, weights=left) > 0
    order = np.lexsort((as_of, pupil))
    own = order[left[order]]
    first = np.flatnonzero(np.append(True, np.diff(pupil[own]) != 0)) if len(own) else np.zeros(0, np.int64)
    count = np.diff(np.append(first, len(own)))
    leavers = own[first + pupil[own[first]] % count] if len(own) else own
    if not len(leavers):
        return leavers, leavers
    width = int(as_of.max()) + 1
    place = (pupil * width + as_of)[order]
    people, found = np.flatnonzero(~leaver), np.full(len(leaver), -1)
    for attempt in range(ATTEMPTS):
        day = as_of[leavers][(people * 7919 + attempt * 31) % len(leavers)]
        at = np.minimum(np.searchsorted(place, people * width + day), len(place) - 1)
        hit = (place[at] == people * width + day) & (found[people] < 0)
        found[people[hit]] = order[at[hit]]
    return leavers, found[found >= 0]


def _signs(values: Floats, as_of: Ints, left: Bools) -> Iterator[tuple[bool, npt.NDArray[np.bool_]]]:
    """Yes-or-no signs of a column: empty, beyond 99 % of others of the same date, and each value where there are few."""
    empty = np.isnan(values)
    if empty.any() and not empty.all():
        yield True, empty
        yield True, ~empty
    kinds = np.unique(values[~empty])
    if len(kinds) <= FEW_VALUES:
        for kind in kinds if len(kinds) > 1 else ():
            yield False, values == kind
        return
    for beyond in (values, -values):
        sign = np.zeros(len(values), bool)
        for day in np.unique(as_of):
            here = (as_of == day) & ~empty
            others = beyond[here & ~left]
            if len(others) >= LEAST_OTHERS:
                sign |= here & (beyond > np.quantile(others, 1 - TAIL))
        yield False, sign
