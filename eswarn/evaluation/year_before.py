"""Last year's list: how the pupils of a test stood a year earlier, by trees that learned nothing of their household."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt

from eswarn.cohort.blocks import on_dates
from eswarn.evaluation.folds import Fold, Ints
from eswarn.features.compute import Dataset
from eswarn.model.booster import raw_scores
from eswarn.model.curve import Floats
from eswarn.model.risk import RiskModel

YEAR = dt.timedelta(days=364)  # whole weeks
NEAR = dt.timedelta(days=31)  # half-terms begin a little earlier or later


def scores_a_year_before(model: RiskModel, data: Dataset, fold: Fold, household: Ints) -> Floats:
    """Raw score of the pupil of each test row on the as-of date nearest to a year before; NaN where there was none.

    Rows of a year before may be rows that the model learned from. So the trees are grown twice, on one half of the training
    households each, and a row is scored by those that did not learn from its own half.
    """
    days = data.keys["as_of"].to_numpy()
    found = np.full(int(fold.test.sum()), np.nan)
    earlier = {day: near for day in fold.test_dates if (near := _nearest(sorted(set(days)), day - YEAR)) is not None}
    if not earlier:
        return found
    table, y = np.ascontiguousarray(data.X.to_numpy(float)), data.y
    half = np.random.default_rng(model.seed).integers(0, 2, household.max() + 1)[household]
    before = on_dates(days, set(earlier.values()))
    raw = np.full(len(days), np.nan)
    for side in (0, 1):
        learn, judge = fold.train & (half != side) & ~np.isnan(y), before & (half == side)
        if judge.any() and len(np.unique(y[learn])) == 2:
            trees = model.grow(table[learn], y[learn].astype(int), seed=model.seed)
            raw[judge] = raw_scores(trees, table[judge])
    pupil = data.keys["pupil_id"].to_numpy(str)
    for day, near in earlier.items():
        there, then = np.flatnonzero(days[fold.test] == day), np.flatnonzero(days == near)
        found[there] = _looked_up(pupil[fold.test][there], pupil[then], raw[then])
    return found


def _nearest(days: list[dt.date], wanted: dt.date) -> dt.date | None:
    near = min(days, key=lambda day: (abs(day - wanted), day))
    return near if abs(near - wanted) <= NEAR else None


def _looked_up(wanted: npt.NDArray[np.str_], pupil: npt.NDArray[np.str_], raw: Floats) -> Floats:
    """The highest score of each pupil wanted, who may have been at two schools; NaN for those who were at none."""
    order = np.lexsort((-raw, pupil))
    pupil, raw = pupil[order], raw[order]
    at = np.searchsorted(pupil, wanted)
    inside = np.minimum(at, max(len(pupil) - 1, 0))
    return np.where((at < len(pupil)) & (pupil[inside] == wanted), raw[inside], np.nan) if len(pupil) else np.full(len(wanted), np.nan)
