"""Read a table with one record a row, CSV or Parquet: which table it is, its header says; its name decides a tie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers import csv, parquet
from eswarn.records.readers.headers import tables_in, tables_of, unusable_in
from eswarn.records.readers.peek import Peek, peek
from eswarn.records.readers.raw import Raw
from eswarn.records.tables import TABLE_MODELS

NAME = "table"
_BY_NAME_ALONE = {"extra"}  # its columns, name and value, could be anybody's; and context without a fact says nothing


def fits(peek: Peek, facts: DatasetFacts) -> bool:
    """Whether a header of some table is there, or one of an export that is refused for what it is."""
    return bool(tables(peek, facts)) or (_is_text(peek) and unusable_in(peek.text(facts)) is not None)


def read(path: Path, *, facts: DatasetFacts) -> Sequence[Raw]:
    """Read the one table of a file.

    Raises
    ------
    FileRefused
        The header fits several tables equally well (``ambiguous_table``), or the file is in doubt.
    """
    found = tables(peek(path), facts)
    if len(found) > 1:
        what = f"the columns are those of {' and of '.join(found)}"
        do = f"Say which it is in its name: {' or '.join(f'{t}-….csv' for t in found)}; where it is both, put in a copy under each name."
        raise FileRefused("ambiguous_table", what, where=shown(path.name), do=do)
    return [read_as(path, found[0] if found else table_named(path) or "attendance", facts=facts)]


def read_as(path: Path, table: str, *, facts: DatasetFacts) -> Raw:
    """Read a file as one table, whatever else it may be. What cannot be told by the content is told by the end of the name.

    Raises
    ------
    FileRefused
        The file is in doubt.
    """
    kind = peek(path).kind
    is_parquet = kind == "parquet" or (kind == "other" and path.suffix.casefold() == ".parquet")
    raw = parquet.read(path, table, facts=facts) if is_parquet else csv.read(path, table, facts=facts)
    named = table_named(path)
    if named and named != table:
        return replace(raw, notes=(f"read as {table} by its columns, though it is named after {named}", *raw.notes))
    return raw


def tables(peek: Peek, facts: DatasetFacts) -> tuple[str, ...]:
    """The tables the file may be: none, one, or several that its header fits equally well."""
    return choose(_recognised(peek, facts), peek.path)


def choose(found: Mapping[str, int], path: Path) -> tuple[str, ...]:
    """Of the tables a header fits, the one the file is named after; else those with most columns recognised.

    Parameters
    ----------
    found : mapping of str to int
        Tables whose required columns are all there, and how many columns of each are (`headers.tables_of`).
    """
    named = table_named(path)
    if named in found:
        return (named,)
    told = {table: columns for table, columns in found.items() if table not in _BY_NAME_ALONE and (table != "context" or columns > 3)}
    return tuple(table for table in told if told[table] == max(told.values()))


def table_named(path: Path) -> str:
    """The table a file is named after, or an empty text: ``attendance.csv``, ``Attendance 2023.csv``, ``context_old.csv``."""
    name = path.name.casefold()
    return next((t for t in TABLE_MODELS if name.startswith(t) and name[len(t) : len(t) + 1] in {"-", "_", ".", " "}), "")


def _recognised(peek: Peek, facts: DatasetFacts) -> dict[str, int]:
    if peek.kind == "parquet":
        try:
            return tables_of(pq.read_schema(peek.path).names, facts)
        except (pa.ArrowException, OSError, ValueError):
            return {}
    return tables_in(peek.text(facts), facts) if _is_text(peek) else {}


def _is_text(peek: Peek) -> bool:
    return peek.kind in {"text", "json"}  # a title in brackets looks like JSON
