"""Computes a researcher's own columns again from records that lack the future, other schools or their order: nothing may change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from eswarn.errors import UsageError
from eswarn.evaluation.leaks.cases import DAY
from eswarn.evaluation.leaks.finding import Finding
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline

if TYPE_CHECKING:
    import pandas as pd

Make = Callable[[Records, dt.date], "pd.DataFrame"]


def leaks_in_columns(make: Make, records: Records, as_of: dt.date) -> tuple[Finding, ...]:
    """Look for columns that change when what they may not look at is taken away.

    Parameters
    ----------
    make : callable
        Takes records and an as-of date, and returns numbers, one row a pupil, with ``pupil_id`` as index.
    records : Records
        The whole data set, with records on and after the date.
    as_of : date
        The as-of date.

    Raises
    ------
    UsageError
        The table has a pupil twice.
    """
    whole = _made(make, records, as_of)
    found = list(_changed("column_sees_future", whole, _made(make, known_before(records, as_of), as_of), whole.index))
    schools = list(Timeline(records).schools)
    half = _of_schools(records, schools[::2])
    there = half.table("attendance")["pupil_id"]
    elsewhere = set(pc.unique(_of_schools(records, schools[1::2]).table("attendance")["pupil_id"]).to_pylist())
    own = whole.index.intersection([p for p in pc.unique(there).to_pylist() if p not in elsewhere])
    if len(schools) > 1:
        found += _changed("column_sees_others", whole, _made(make, half, as_of), own)
    else:
        found.append(Finding("not_checked", "look", "columns", "One school: whether numbers depend on others could not be tried."))
    found += _changed("column_sees_order", whole, _made(make, _reversed(records), as_of), whole.index)
    return tuple(found)


def known_before(records: Records, as_of: dt.date) -> Records:
    """Records without the rows dated or recorded on or after a day, and without the end of a stay that was still to come."""
    day = pa.scalar(as_of, pa.date32())
    tables = {}
    for name, table in records.every_table().items():
        keep = pc.less(table[DAY[name]], day)
        if "recorded_on" in table.column_names:
            keep = pc.and_(keep, pc.fill_null(pc.less(table["recorded_on"], day), True))
        kept = table.filter(keep)
        if name == "enrolment" and len(kept):
            left = kept["left_on"]
            column = pc.if_else(pc.fill_null(pc.less(left, day), False), left, pa.scalar(None, pa.date32()))
            kept = kept.set_column(kept.schema.get_field_index("left_on"), kept.schema.field("left_on"), column)
        tables[name] = kept
    return Records(tables, records.facts)


def _of_schools(records: Records, schools: list[str]) -> Records:
    wanted = pa.array(schools, pa.string())
    tables = {
        name: table.filter(pc.is_in(table["school_id"].cast(pa.string()), value_set=wanted))
        for name, table in records.every_table().items()
    }
    return Records(tables, records.facts)


def _reversed(records: Records) -> Records:
    return Records({n: t.take(pa.array(np.arange(len(t))[::-1])) for n, t in records.every_table().items()}, records.facts)


def _made(make: Make, records: Records, as_of: dt.date) -> pd.DataFrame:
    table = make(records, as_of)
    if not table.index.is_unique:
        raise UsageError("the columns must have one row a pupil, with pupil_id as index")
    return table.astype(float)


def _changed(kind: str, whole: pd.DataFrame, again: pd.DataFrame, pupils: pd.Index) -> Iterator[Finding]:
    """Columns of which any number of these pupils is not the same to the last bit."""
    lost = len(pupils.difference(again.index))
    same = pupils.intersection(again.index)
    for name in whole.columns:
        if name not in again.columns:
            yield Finding(kind, "leak", str(name), "The column is gone.")
            continue
        a, b = (np.ascontiguousarray(t.loc[same, name].to_numpy() + 0.0) for t in (whole, again))
        moved = int((a.view(np.int64) != b.view(np.int64)).sum()) + lost
        if moved:
            yield Finding(kind, "leak", str(name), f"{moved:,} of {len(pupils):,} pupils have another number then.")
