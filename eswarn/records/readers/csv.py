"""Read a CSV file, streamed: every cell as text, ragged rows by their number, unknown columns not at all."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers.headers import Header, find
from eswarn.records.readers.raw import Cells, Ints, Numbering, Raw
from eswarn.records.readers.scan import check_quotes, scan, text_chunks
from eswarn.words import count as counted

_HEAD = 256 * 1024
_BLOCK = 4 << 20
_NO_ROWS: Ints = np.zeros(0, np.int64)
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
    bytes_say = scan(path, facts.encoding)
    text, whole = _beginning(path, bytes_say.encoding)
    header = find(text, table, facts=facts, file=shown(path.name))
    notes = header.notes
    if bytes_say.quoted and (breaks := check_quotes(path, bytes_say.encoding, separator=header.separator)):
        notes += (f"{counted(breaks, 'line break')} inside quoted cells",)
    # Arrow takes a header without a line end for a file that is too short.
    nothing_below = whole and len(io.StringIO(text, newline="").readlines()) <= header.lines
    batches, ragged = ([], _NO_ROWS) if nothing_below else _parse(path, header, encoding=bytes_say.encoding, quoted=bytes_say.quoted)
    body = pa.Table.from_batches(batches, pa.schema([pa.field(name, _TEXT) for name in header.places]))
    rows = body.num_rows
    del batches  # with `drop_columns` below, so that no column is held twice
    columns = {}
    for name, place in header.places.items():
        columns[name] = Cells.of(header.names[place], body.column(name))
        body = body.drop_columns([name])
    return Raw(shown(path.name), table, columns, rows, Numbering(header.row + 1, ragged), len(header.names), notes)


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


def _parse(path: Path, header: Header, *, encoding: str, quoted: bool) -> tuple[list[pa.RecordBatch], Ints]:
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
                use_threads=False, block_size=_BLOCK, skip_rows=header.lines, column_names=names, encoding=encoding
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=header.separator,
                escape_char=False,
                newlines_in_values=quoted,
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
            return list(reader), np.array(ragged, np.int64)
    except (pa.ArrowException, OSError, ValueError):
        pass
    raise FileRefused(
        "unreadable",
        "the rows cannot be told apart (a quoted cell of many megabytes, or the file changed while it was read)",
        where=shown(path.name),
        do="Export the file again.",
    )
