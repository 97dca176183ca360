"""One fact told twice: join the files of a table, merge rows that repeat, reject rows that contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from eswarn.records.check import Checked, in_doubt
from eswarn.records.ledger import FileLedger, FileRefused, Rejection
from eswarn.records.rules import DO
from eswarn.records.tables import GRAIN, arrow_schema

_Ints = npt.NDArray[np.int64]
_ROOM = 2**62
_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class _Doubles:
    """Rows of the joined table to leave out: those that repeat a row, and those in conflict, each with a row it contradicts."""

    merged: _Ints
    conflict: _Ints
    partner: _Ints


_NO_DOUBLES = _Doubles(_NONE, _NONE, _NONE)


def settle(table: str, parts: Sequence[Checked]) -> tuple[pa.Table, tuple[FileLedger, ...]]:
    """Join the checked files of one table into one, each fact once.

    Rows that agree on the table's grain (``records.tables.GRAIN``) are one fact. Alike in every column, they are merged
    into the first; otherwise all of them are rejected. A table without a grain (behaviour) may hold like rows that are
    separate facts: of those it keeps as many as the file that has most of them.

    Parameters
    ----------
    table : str
        Name of the table.
    parts : sequence of Checked
        Its files, in the order in which rows are to stand.

    Returns
    -------
    pyarrow.Table
        One chunk a column, words in alphabetical order.
    tuple of FileLedger
        The account of each file with its merged and contradicting rows.
    """
    joined = parts[0].table if len(parts) == 1 else _tidy(table, pa.concat_tables([part.table for part in parts]))
    starts = np.cumsum([0, *(part.table.num_rows for part in parts)])
    doubles = _doubles(table, joined, starts=starts)
    if not len(doubles.merged) and not len(doubles.conflict):
        return joined, tuple(part.ledger for part in parts)
    keep = np.ones(joined.num_rows, np.bool_)
    keep[doubles.merged] = keep[doubles.conflict] = False
    return _tidy(table, joined.filter(pa.array(keep))), tuple(_account(i, parts, starts=starts, doubles=doubles) for i in range(len(parts)))


def _tidy(table: str, rows: pa.Table) -> pa.Table:
    columns = []
    for field in arrow_schema(table):
        column = rows.column(field.name)
        if pa.types.is_dictionary(field.type):
            column = _sorted_words(column.unify_dictionaries().combine_chunks())
        columns.append(column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column)
    return pa.Table.from_arrays(columns, schema=arrow_schema(table))


def _sorted_words(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """The same column with only the words in use, in alphabetical order."""
    words = column.dictionary.to_pylist()
    used = np.bincount(column.indices.drop_null().to_numpy(zero_copy_only=False), minlength=len(words)) > 0
    kept = sorted(word for word, is_used in zip(words, used, strict=True) if is_used)
    place = {word: i for i, word in enumerate(kept)}
    places = pa.array([place.get(word) for word in words], pa.int32()).take(column.indices)
    return pa.DictionaryArray.from_arrays(places, pa.array(kept, pa.string()))


def _doubles(table: str, joined: pa.Table, *, starts: _Ints) -> _Doubles:
    grain = GRAIN[table]
    if not grain and len(starts) == 2:
        return _NO_DOUBLES
    key = _pack(joined, grain or tuple(joined.column_names))
    rows = _repeated(key)
    if not len(rows):
        return _NO_DOUBLES
    if grain:
        return _compare(rows, key[rows], whole=_pack(joined.take(pa.array(rows)), tuple(joined.column_names)))
    return _keep_the_most(rows, key[rows], part=np.searchsorted(starts, rows, side="right"))


def _repeated(key: _Ints) -> _Ints:
    """Places of the keys that occur more than once; the common case, none, costs one sort at most."""
    if np.all(key[1:] > key[:-1]):
        return _NONE
    ordered = np.sort(key)
    if not np.any(ordered[1:] == ordered[:-1]):
        return _NONE
    order = np.argsort(key, kind="stable")
    like_next = np.r_[key[order][1:] == key[order][:-1], False]
    return np.sort(order[like_next | np.r_[False, like_next[:-1]]])


def _compare(rows: _Ints, key: _Ints, *, whole: _Ints) -> _Doubles:
    """Tell repeats from contradictions among rows that share a key."""
    order = np.argsort(key, kind="stable")
    rows, key, whole = rows[order], key[order], whole[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    group = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(key)]))
    differs = whole != whole[starts][group]
    contradicts = np.zeros(len(starts), np.bool_)
    contradicts[group[differs]] = True
    # What the rows like the first one contradict: the first of their group that differs from it.
    place = np.flatnonzero(differs)
    other = np.zeros(len(starts), np.int64)
    other[group[place][::-1]] = place[::-1]
    conflict = contradicts[group]
    is_first = np.zeros(len(rows), np.bool_)
    is_first[starts] = True
    partner = np.where(differs, rows[starts][group], rows[other[group]])
    by_row = np.argsort(rows[conflict])
    return _Doubles(np.sort(rows[~conflict & ~is_first]), rows[conflict][by_row], partner[conflict][by_row])


def _keep_the_most(rows: _Ints, key: _Ints, *, part: _Ints) -> _Doubles:
    """Of like rows keep as many as the file that has most: the n-th in one file is the n-th in another."""
    order = np.lexsort((rows, part, key))
    rows, key, part = rows[order], key[order], part[order]
    starts = np.flatnonzero(np.r_[True, (key[1:] != key[:-1]) | (part[1:] != part[:-1])])
    nth = np.arange(len(rows)) - np.repeat(starts, np.diff(np.r_[starts, len(rows)]))
    order = np.lexsort((rows, nth, key))
    rows, key, nth = rows[order], key[order], nth[order]
    repeats = np.r_[False, (key[1:] == key[:-1]) & (nth[1:] == nth[:-1])]
    return _Doubles(np.sort(rows[repeats]), _NONE, _NONE)


def _pack(table: pa.Table, names: Sequence[str]) -> _Ints:
    """One whole number a row, equal for two rows exactly where they agree on all the named columns."""
    key = np.zeros(table.num_rows, np.int64)
    size = 1
    for name in names:
        codes, room = _coded(table.column(name).combine_chunks())
        if size * room >= _ROOM:
            distinct, key = np.unique(key, return_inverse=True)
            size = len(distinct)
        key *= room
        key += codes
        size *= room
    return key


def _coded(column: pa.Array) -> tuple[npt.NDArray[np.integer], int]:
    """A column as whole numbers from 0, and how many there may be; null is the last."""
    if pa.types.is_dictionary(column.type):
        return column.indices.fill_null(len(column.dictionary)).to_numpy(zero_copy_only=False), len(column.dictionary) + 1
    if pa.types.is_floating(column.type):
        distinct, codes = np.unique(column.to_numpy(zero_copy_only=False), return_inverse=True)
        return codes, len(distinct) + 1
    numbers = column.cast(pa.int32() if pa.types.is_date(column.type) else pa.int64() if pa.types.is_integer(column.type) else pa.int8())
    filled = numbers.drop_null().to_numpy(zero_copy_only=False)
    low, high = (int(filled.min()), int(filled.max())) if len(filled) else (0, 0)
    return numbers.fill_null(high + 1).to_numpy(zero_copy_only=False) - low, high - low + 2


def _account(i: int, parts: Sequence[Checked], *, starts: _Ints, doubles: _Doubles) -> FileLedger:
    """The account of one file with the rows that were merged into others or contradict them."""
    part, ledger = parts[i], parts[i].ledger
    merged = int(np.count_nonzero((doubles.merged >= starts[i]) & (doubles.merged < starts[i + 1])))
    mine = np.flatnonzero((doubles.conflict >= starts[i]) & (doubles.conflict < starts[i + 1]))
    rejections = ledger.rejections
    refused = None
    if len(mine):
        numbers = part.numbers(doubles.conflict[mine] - starts[i])
        other = int(np.searchsorted(starts, doubles.partner[mine[0]], side="right")) - 1
        row = int(parts[other].numbers(doubles.partner[mine[:1]] - starts[other])[0])
        place = f"row {row}" if other == i else f"row {row} of {parts[other].ledger.file}"
        what = f"the same {', '.join(GRAIN[ledger.table])} told differently: row {int(numbers[0])} and {place}"
        if in_doubt(len(mine), ledger.rows):
            refused = FileRefused("conflict", f"{len(mine):,} of {ledger.rows:,} rows: {what}", where=ledger.file, do=DO["conflict"])
        rejections += (Rejection("conflict", len(mine), tuple(map(int, numbers[:5])), "", what, DO["conflict"]),)
    accepted = ledger.accepted - merged - len(mine)
    settled = replace(ledger, accepted=accepted, merged=merged, rejections=rejections)
    return replace(settled, refused=str(refused), rule="conflict") if refused else settled
