"""Read a Parquet file into the same raw form as a CSV file: every cell as text, unless its type may have lost something."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers.headers import Header, match
from eswarn.records.readers.raw import Cells, Numbering, Raw
from eswarn.records.values import IDENTIFIERS

_BATCH = 1 << 20
_DAMAGED = (pa.ArrowException, OSError, ValueError, KeyError, OverflowError)


def read(path: Path, table: str, *, facts: DatasetFacts) -> Raw:
    """Read one Parquet file of a table. Rows are numbered as in a CSV file: the first is row 2.

    Raises
    ------
    FileRefused
        Damaged (``unreadable``), a column of a type that holds no text, number, date or truth value (``wrong_type``), or
        an identifier kept as a number (``damaged_identifier``).
    """
    schema = _schema(path)
    if schema is None:
        raise _unreadable(path)
    header = match(schema.names, table, facts=facts, file=shown(path.name))
    for name, place in header.places.items():
        _refuse_type(name, schema.field(place).type, header=header.names[place], file=shown(path.name))
    columns = _columns(path, schema, header=header)
    if columns is None:
        raise _unreadable(path)
    rows = len(next(iter(columns.values())).index)
    return Raw(shown(path.name), table, columns, rows, Numbering(2, np.zeros(0, np.int64)), len(header.names), header.notes)


def _schema(path: Path) -> pa.Schema | None:
    try:
        return pq.read_schema(path)
    except _DAMAGED:
        return None


def _columns(path: Path, schema: pa.Schema, *, header: Header) -> dict[str, Cells] | None:
    """The cells by column, read in batches; None where the file is damaged. Arrow's messages may repeat cells."""
    parts: dict[str, list[pa.Array]] = {name: [] for name in header.places}
    names = [schema.names[place] for place in header.places.values()]
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(batch_size=_BATCH, columns=names):
                for name, place in header.places.items():
                    parts[name].append(as_text(batch.column(schema.names[place])))
        text = pa.dictionary(pa.int32(), pa.string())
        return {name: Cells.of(header.names[place], pa.chunked_array(parts.pop(name), text)) for name, place in header.places.items()}
    except _DAMAGED:
        return None


def as_text(values: pa.Array) -> pa.DictionaryArray:
    """Any column as dictionary-encoded text; null is the empty text."""
    if pt.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pt.is_large_string(values.type) or pt.is_string_view(values.type) or pt.is_null(values.type):
        values = values.cast(pa.string())
    coded = values.dictionary_encode(null_encoding="encode")
    distinct = coded.dictionary
    if pt.is_floating(distinct.type):
        texts = [_number(v) for v in distinct.cast(pa.float64()).to_pylist()]
    else:
        texts = distinct.cast(pa.string()).to_pylist()
    return pa.DictionaryArray.from_arrays(coded.indices, pa.array(["" if t is None else t for t in texts], pa.string()))


def _number(value: float | None) -> str:
    """Whole numbers without a point: a column of counts with gaps is often kept as floating point."""
    if value is None or value != value:
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _refuse_type(name: str, kind: pa.DataType, *, header: str, file: str) -> None:
    if pt.is_dictionary(kind):
        kind = kind.value_type
    is_text = pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind) or pt.is_null(kind)
    where = f'{file}, column "{shown(header)}"'
    if name in IDENTIFIERS and not is_text:
        do = "Keep identifiers as text when the file is made."
        raise FileRefused("damaged_identifier", "an identifier kept as a number; leading zeros may be lost", where=where, do=do)
    plain = pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind) or pt.is_boolean(kind) or pt.is_date(kind)
    if not (is_text or plain or (pt.is_timestamp(kind) and kind.tz is None)):
        do = "Keep it as text, number, date or true/false."
        raise FileRefused("wrong_type", "a type of column that is not read", where=where, do=do)


def _unreadable(path: Path) -> FileRefused:
    return FileRefused("unreadable", "the file is not Parquet, or it is damaged", where=shown(path.name), do="Write it again.")
