"""One fact told twice: join the files of a table, merge rows that repeat, reject rows that contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from eswarn.records.check import Checked
from eswarn.records.ledger import FileLedger, Rejection
from eswarn.records.readers.raw import Ints
from eswarn.records.rules import DO
from eswarn.records.tables import GRAIN, arrow_schema

_ROOM = 2**62


@dataclass(frozen=True, slots=True)
class _Doubles:
    """Rows of the joined table to leave out: those that repeat another row, and those in conflict with one (their partner)."""

    merged: Ints
    conflict: Ints
    partner: Ints


def settle(table: str, parts: Sequence[Checked]) -> tuple[pa.Table, tuple[FileLedger, ...]]:
    """Join the checked files of one table into one, each fact once.

    Rows that agree on the table's grain (``records.tables.GRAIN``) are one fact. Alike in every column, they are merged
    into the first; otherwise all of them are rejected. A table without a grain (behaviour) may hold like rows that are
    separate facts: there the number of like rows is the largest that any one file holds.

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
    joined = _join(table, [part.table for part in parts])
    starts = np.cumsum([0, *(part.table.num_rows for part in parts)])
    doubles = _doubles(table, joined, starts)
    if not len(doubles.merged) and not len(doubles.conflict):
        return joined, tuple(part.ledger for part in parts)
    ledgers = tuple(_ledger(i, parts, starts, doubles) for i in range(len(parts)))
    keep = np.ones(joined.num_rows, np.bool_)
    keep[doubles.merged] = keep[doubles.conflict] = False
    return _join(table, [joined.filter(pa.array(keep))]), ledgers


def _join(table: str, tables: Sequence[pa.Table]) -> pa.Table:
    """One table, one chunk a column, each dictionary with the words in use, in alphabetical order."""
    if len(tables) == 1 and all(column.num_chunks == 1 for column in tables[0].columns) and not _unsorted(tables[0]):
        return tables[0]
    columns = []
    whole = pa.concat_tables(tables).unify_dictionaries()
    for field in arrow_schema(table):
        one = whole.column(field.name).combine_chunks()
        columns.append(_sorted_words(one) if pa.types.is_dictionary(field.type) else one)
    return pa.Table.from_arrays(columns, schema=arrow_schema(table))


def _unsorted(table: pa.Table) -> bool:
    dictionaries = [c.chunk(0) for c in table.columns if pa.types.is_dictionary(c.type)]
    return any(len(d.dictionary) > len(d) or len(np.unique(d.indices.drop_null())) < len(d.dictionary) for d in dictionaries)
