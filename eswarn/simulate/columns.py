"""From arrays of numbers to the Arrow tables of ``records.tables``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from eswarn.records.tables import arrow_schema

Columns = dict[str, NDArray[Any]]


def arrow_table(name: str, parts: Sequence[Columns], words: Mapping[str, Sequence[str]]) -> pa.Table:
    """Join parts into one table; they are emptied on the way, so that no column is held twice.

    Parameters
    ----------
    name : str
        A table of ``records.tables``; a column that no part holds becomes null.
    parts : sequence of dict
        Columns of numbers. Text stands as places in ``words``. Null is -1 in whole numbers, flags and places, NaT in
        dates, NaN in other numbers; dates may also be whole days since 1970.
    words : mapping
        The words of each text column.
    """
    schema = arrow_schema(name)
    rows = sum(len(part["pupil_id"]) for part in parts)
    arrays = []
    for field in schema:
        if not parts or field.name not in parts[0]:
            arrays.append(pa.nulls(rows, field.type))
            continue
        values = np.concatenate([part.pop(field.name) for part in parts])
        arrays.append(_text(values, words[field.name]) if pa.types.is_dictionary(field.type) else _numbers(values, field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def _text(places: NDArray[Any], words: Sequence[str]) -> pa.DictionaryArray:
    """Dictionary-coded text whose dictionary holds only the words that occur."""
    places = places.astype(np.int32, copy=False)
    unknown = places < 0
    used = np.flatnonzero(np.bincount(places[~unknown] if unknown.any() else places, minlength=len(words)))
    new = np.zeros(len(words) + 1, dtype=np.int32)  # the last one is for -1
    new[used] = np.arange(len(used))
    indices = pa.array(new[places], mask=unknown if unknown.any() else None)
    return pa.DictionaryArray.from_arrays(indices, pa.array([words[i] for i in used.tolist()], pa.string()))


def _numbers(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
    if values.dtype.kind == "M":
        empty = np.isnat(values)
        values = values.astype("datetime64[D]").astype(np.int64).astype(np.int32)
    else:
        empty = np.isnan(values) if values.dtype.kind == "f" else values < 0
    mask = empty if empty.any() else None
    if pa.types.is_boolean(kind):
        return pa.array(values > 0, mask=mask)
    if pa.types.is_date32(kind):
        return pa.array(values.astype(np.int32, copy=False), mask=mask).cast(pa.date32())
    return pa.array(values, mask=mask).cast(kind)
