"""Columns of Arrow tables as NumPy arrays: dates as days since 1970-01-01, text as codes, missing as NaN."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
EPOCH = dt.date(1970, 1, 1)
NEVER = np.int64(np.iinfo(np.int32).max)
UNTOLD = np.int64((dt.date(1989, 12, 31) - EPOCH).days)  # a row that does not say when it was recorded: before any date of a table


def dates(column: pa.ChunkedArray, missing: np.int64 = NEVER) -> Ints:
    """Dates as days since 1970-01-01; where null, ``missing``."""
    return np.asarray(column.cast(pa.int32()).fill_null(int(missing)).to_numpy(), np.int64)


def dictionary(column: pa.ChunkedArray) -> list[str]:
    """The distinct texts of a column, in the order of its codes."""
    return list(_one(column).dictionary.to_pylist())


def indices(column: pa.ChunkedArray) -> Ints:
    """The code of each text; meant for columns without nulls."""
    return np.asarray(_one(column).indices.to_numpy(zero_copy_only=False), np.int64)


def _one(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """A text column as one array with one dictionary, from however many files it came."""
    array = column.unify_dictionaries().combine_chunks()
    return array.chunk(0) if isinstance(array, pa.ChunkedArray) else array


def places(column: pa.ChunkedArray, place: Mapping[str, int]) -> Ints:
    """Place of each text by a list; -1 where it is not in it."""
    if not len(column):
        return np.zeros(0, np.int64)
    found: Ints = np.array([place.get(text, -1) for text in dictionary(column)], np.int64)[indices(column)]
    return found


def words_in_use(column: pa.ChunkedArray) -> list[str]:
    """The distinct texts of a column that stand in some row, in the order of its codes."""
    one = _one(column)
    used = np.bincount(one.indices.drop_null().to_numpy(zero_copy_only=False), minlength=len(one.dictionary)) > 0
    return list(one.dictionary.filter(pa.array(used)).to_pylist())


def numbers(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """A column as float64 with NaN for null; text as codes, with the texts they stand for."""
    if pa.types.is_dictionary(column.type):
        coded = _one(column)
        codes = coded.indices.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return np.asarray(codes, float), tuple(coded.dictionary.to_pylist())
    if pa.types.is_date(column.type):
        days = dates(column)
        return np.where(days == NEVER, np.nan, days.astype(float)), ()
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return np.asarray(column.cast(pa.float64()).to_numpy(), float), ()
