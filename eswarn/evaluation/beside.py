"""What stands beside the scores of a run: who is listed by group, and what has changed since an earlier run."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np

from eswarn.cohort.dates import parse_date
from eswarn.errors import UsageError
from eswarn.evaluation.fairness.groups import divisions
from eswarn.evaluation.fairness.on_the_list import on_the_list
from eswarn.evidence.record import Record, unchanged_record
from eswarn.evidence.shown import read_shown
from eswarn.features.compute import Dataset
from eswarn.features.protected import PROTECTED
from eswarn.model.bundle import Model
from eswarn.model.changes import changes
from eswarn.model.scores import Scores


def with_groups(scores: Scores, data: Dataset, earlier: Record | None = None) -> Scores:
    """The same scores with who is listed by group, small counts hidden; ``data`` has the protected columns, its rows in its own order.

    Where the run is compared with an earlier one whose page has such a table, it gets none: the difference of the two would tell of the
    pupils who joined and left the list, whom both pages name.
    """
    before = read_shown(earlier.folder) if earlier else None
    if scores.shown is None or (before is not None and before.groups is not None):
        return scores
    names = [feature.column for feature in PROTECTED if feature.column in data.X]
    places = dict(zip(scores.frame["pupil_id"], scores.frame["tier"] == "priority", strict=True))
    listed = np.array([places[pupil] for pupil in data.keys["pupil_id"]], bool)
    groups = on_the_list(divisions(replace(data, X=data.X[names])), listed)
    return replace(scores, shown=replace(scores.shown, groups=groups))


def earlier_run(folder: str | Path, day: dt.date) -> Record:
    """The record of an earlier run, to be compared with one on ``day``.

    Raises
    ------
    InputRefused
        It is no record of a scoring run, or not as it was written.
    UsageError
        It is of a later date.
    """
    record = unchanged_record(folder)
    if parse_date(record.about["as_of"]) > day:
        raise UsageError(f"that run is of a later date ({record.about['as_of']})", where=str(folder), do="Give the run before this one.")
    return record


def with_changes(scores: Scores, record: Record, model: Model) -> Scores:
    """The same scores with what has changed since an earlier run; of one by another model the features are explained by this one."""
    if scores.shown is None:
        return scores
    before, columns = record.scores(), list(scores.features.columns[1:])
    values = None
    if before.about.get("features") == scores.about["features"]:
        same = before.about.get("model_id") == model.id
        table = before.contributions if same else before.features
        values = table[columns].to_numpy(float) if same else model.explain(np.ascontiguousarray(table[columns].to_numpy(float))).values
    told = changes(scores, before, values, output_id=record.output_id)
    return replace(scores, shown=replace(scores.shown, changes=told))
