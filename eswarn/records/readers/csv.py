"""Read a CSV file, streamed: every cell as text, ragged rows by their number, unknown columns not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers.headers import SEPARATORS, Header, find
from eswarn.records.readers.raw import Cells, Ints, Numbering, Raw
from eswarn.records.readers.scan import Scan, check_quotes, scan, text_chunks
from eswarn.words import count as counted

_HEAD = 256 * 1024
_BLOCK = 4 << 20
_NO_ROWS: Ints = np.zeros(0, np.int64)
_ONE_TOO_MANY = "one too many"
_TEXT = pa.dictionary(pa.int32(), pa.string())


def read(path: Path, table: str, *, facts: DatasetFacts) -> Raw:
    """Read one CSV file of a table.

    Parameters
    ----------
    path : Path
        A regular file. Comma, semicolon or tab; UTF-8, or the encoding that ``facts`` declare.
    table : str
        Name of the table it belongs to.
    facts : DatasetFacts
        What ``dataset.toml`` says: encoding, headers, one or two marks a day.

    Raises
    ------
    FileRefused
        Its shape, encoding or quotation marks are in doubt.
    """
    return read_columns(path, table, pick=lambda text: find(text, table, facts=facts, file=shown(path.name)), facts=facts)


def read_columns(path: Path, table: str, *, pick: Callable[[str], Header], facts: DatasetFacts) -> Raw:
    """Read the columns that ``pick`` chooses, given the first whole lines of the file; `read` with a header of one's own.

    Raises
    ------
    FileRefused
        As for `read`, and whatever ``pick`` raises.
    """
    bytes_say = scan(path, facts.encoding)
    text, whole = _beginning(path, bytes_say.encoding)
    header = pick(text)
    notes = header.notes
    if bytes_say.quoted and (breaks := check_quotes(path, bytes_say.encoding, separator=header.separator)):
        notes += (f"{counted(breaks, 'line break')} inside quoted cells",)
    below = io.StringIO(text, newline="").readlines()[header.lines :]
    if below or not whole:
        _refuse_other_separator(below, header, file=shown(path.name))
        body, ragged = _body(path, header, below=below, bytes_say=bytes_say)
    else:  # Arrow takes a header without a line end for a file that is too short
        body, ragged = _table([], [*header.places]), _NO_ROWS
    if _ONE_TOO_MANY in body.column_names:
        notes += ("every row ends in one empty cell more than the header has, passed over",)
    rows = body.num_rows
    columns = {}
    for name, place in header.places.items():
        columns[name] = Cells.of(header.names[place], body.column(name))
        body = body.drop_columns([name])  # so that no column is held twice
    return Raw(shown(path.name), table, columns, rows, Numbering(header.row + 1, ragged), len(header.names), notes)


def _body(path: Path, header: Header, *, below: list[str], bytes_say: Scan) -> tuple[pa.Table, Ints]:
    """The rows, and the numbers of those that are ragged; one empty cell too many in every row of the file is passed over."""
    rows = _first(below, header.separator)
    if rows and all(len(row) == len(header.names) + 1 and not row[-1].strip() for row in rows[:-1] or rows):
        longer = replace(header, names=(*header.names, ""), places={**header.places, _ONE_TOO_MANY: len(header.names)})
        body, ragged = _parse(path, longer, bytes_say)
        if not len(ragged) and not any(text.strip() for text in body.column(_ONE_TOO_MANY).unique().to_pylist()):
            return body, ragged
    return _parse(path, header, bytes_say)


def _first(lines: list[str], separator: str) -> list[list[str]]:
    try:
        return list(islice(filter(None, csv.reader(lines, delimiter=separator)), 1_000))
    except csv.Error:  # a cell over 128 kB
        return []


def _refuse_other_separator(below: list[str], header: Header, *, file: str) -> None:
    rows = [line for line in below[:50] if line.strip()]
    for other, word in SEPARATORS.items():
        if rows and all(header.separator not in row and row.count(other) >= len(header.names) - 1 > 0 for row in rows):
            what = f"the header has a {SEPARATORS[header.separator]} between its cells, the rows below a {word}"
            raise FileRefused(
                "wrong_shape", what, where=f"{file}, row {header.row}", do="Save the file again, with one separator throughout."
            )


def _table(batches: list[pa.RecordBatch], names: list[str]) -> pa.Table:
    return pa.Table.from_batches(batches, pa.schema([pa.field(name, _TEXT) for name in names]))


def _beginning(path: Path, encoding: str) -> tuple[str, bool]:
    """The first whole lines of the file, and whether that is all of it."""
    data, chunks = b"", text_chunks(path, encoding)
    for chunk in chunks:
        data += chunk
        if len(data) > _HEAD:
            head = data[:_HEAD]
            cut = max(head.rfind(b"\n"), head.rfind(b"\r"))
            return head[: cut + 1].decode(), False
    return data.decode(), True


def _parse(path: Path, header: Header, bytes_say: Scan) -> tuple[pa.Table, Ints]:
    """Let Arrow read the rows. Its messages repeat cells, so none of them is kept."""
    names = [f"unread {i}" for i in range(len(header.names))]
    for name, place in header.places.items():
        names[place] = name
    ragged: list[int] = []

    def note_ragged(row: pa.csv.InvalidRow) -> str:
        ragged.append(row.number - header.lines + header.row)  # Arrow counts the lines above the header, we its rows
        return "skip"

    try:
        with pa.csv.open_csv(
            path,
            # One thread, because Arrow numbers rows only then; it is fast enough.
            read_options=pa.csv.ReadOptions(
                use_threads=False, block_size=_BLOCK, skip_rows=header.lines, column_names=names, encoding=bytes_say.encoding
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=header.separator,
                escape_char=False,
                newlines_in_values=bytes_say.quoted,
                ignore_empty_lines=False,
                invalid_row_handler=note_ragged,
            ),
            convert_options=pa.csv.ConvertOptions(
                include_columns=list(header.places),
                column_types=dict.fromkeys(header.places, _TEXT),
                null_values=[],
                strings_can_be_null=False,
            ),
        ) as reader:
            return _table(list(reader), [*header.places]), np.array(ragged, np.int64)
    except (pa.ArrowException, OSError, ValueError):
        pass
    raise FileRefused(
        "unreadable",
        "the rows cannot be told apart (a quoted cell of many megabytes, or the file changed while it was read)",
        where=shown(path.name),
        do="Export the file again.",
    )
