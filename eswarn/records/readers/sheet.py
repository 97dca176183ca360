"""A CSV, XLSX or small Parquet file as rows of text with the row numbers a spreadsheet shows, for formats of any shape."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers.headers import HEADER_WITHIN, MAX_COLUMNS, SEPARATORS, match, tables_of
from eswarn.records.readers.peek import Peek
from eswarn.records.readers.raw import Cells, Ints, Numbering, Raw
from eswarn.records.readers.scan import check_quotes, scan
from eswarn.records.readers.stored import Number
from eswarn.records.readers.workbook import Workbook, read_workbook
from eswarn.records.readers.worksheet import MAX_CELL, MAX_CELLS
from eswarn.records.values import IDENTIFIERS
from eswarn.words import count as counted


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file that hold anything.

    Attributes
    ----------
    rows : sequence of sequence of str
        Cells as they stand, spaces around them included; a `Number` where the file stores one.
    numbers : numpy.ndarray of int
        Number of each row, as a spreadsheet shows it.
    cells_keep_place : bool
        Whether a cell knows its column (XLSX, Parquet). In text a row that is too short or too long has lost its place.
    """

    file: str
    rows: Sequence[Sequence[str]]
    numbers: Ints
    cells_keep_place: bool
    notes: tuple[str, ...] = ()

    def noting(self, notes: tuple[str, ...]) -> Sheet:
        """The same sheet with more notes."""
        return replace(self, notes=(*self.notes, *notes))


Fits = Callable[[Sheet], bool]


def beginnings(peek: Peek, facts: DatasetFacts) -> list[Sheet]:
    """The first rows of a file, once for each separator or visible worksheet; none where it cannot be read. Never raises."""
    name = shown(peek.path.name)
    if peek.kind == "text":
        text = peek.text(facts)
        return [_sheet(name, _first(csv.reader(io.StringIO(text, newline=""), delimiter=s)), keep=False) for s in SEPARATORS]
    with contextlib.suppress(FileRefused, OSError, pa.ArrowException, ValueError):
        if peek.kind == "zip":
            return list(sheets_of(read_workbook(peek.path, rows=HEADER_WITHIN), name).values())
        if peek.kind == "parquet":
            return [_sheet(name, iter([pq.read_schema(peek.path).names]), keep=True)]
    return []


def the_sheet(path: Path, *, facts: DatasetFacts, fits: Fits, wanted: str) -> Sheet:
    """Read the one sheet of a file that is of a format.

    Parameters
    ----------
    fits : callable
        Whether a sheet, of which the first rows are given, is of the format.
    wanted : str
        The format in words, for messages.

    Raises
    ------
    FileRefused
        No sheet of the file is of that format, or two are (``wrong_shape``); or the file cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"PK\x03\x04":
        return one_worksheet(path, fits=fits, wanted=wanted)
    if start == b"PAR1":
        sheet = _parquet(path)
        if fits(sheet):
            return sheet
        raise nothing_fits(path, wanted)
    encoding = scan(path, facts.encoding).encoding
    for separator in SEPARATORS:
        if fits(_sheet(shown(path.name), _first(_text_rows(path, encoding, separator)), keep=False)):
            breaks = check_quotes(path, encoding, separator=separator)
            notes = (f"{counted(breaks, 'line break')} inside quoted cells",) if breaks else ()
            return _sheet(shown(path.name), _text_rows(path, encoding, separator), keep=False, notes=notes)
    raise nothing_fits(path, wanted)


def one_worksheet(path: Path, *, fits: Fits, wanted: str) -> Sheet:
    """The one visible worksheet that is of a format; the others and the hidden ones are named in a note.

    Raises
    ------
    FileRefused
        None is, or two are.
    """
    book = read_workbook(path)
    sheets = sheets_of(book, shown(path.name))
    found = [place for place, sheet in sheets.items() if fits(sheet)]
    if not found:
        hidden = f"; {counted(len(book.hidden), 'hidden worksheet')} not looked at" if book.hidden else ""
        raise nothing_fits(path, wanted, hidden)
    if len(found) > 1:
        what = f"worksheets {found[0]} and {found[1]} both hold {wanted}"
        raise FileRefused(
            "wrong_shape", what, where=shown(path.name), do="Keep one of them in a file, or bring them together in one worksheet."
        )
    return sheets[found[0]].noting(others(book, found))


def sheets_of(book: Workbook, file: str) -> dict[int, Sheet]:
    """The visible worksheets of a workbook, by their place."""
    sheets = {}
    for worksheet in book.worksheets:
        empty = counted(worksheet.empty_formulas, "formula")
        notes = (f"{empty} without a stored value, read as blank; save the workbook in a spreadsheet first",)
        kept = notes if worksheet.empty_formulas else ()
        sheets[worksheet.place] = Sheet(file, worksheet.rows, np.array(worksheet.numbers, np.int64), True, kept)
    return sheets


def others(book: Workbook, used: Sequence[int]) -> tuple[str, ...]:
    """Which worksheets of a workbook were not read, by their place: their names may be those of pupils."""
    unused = [str(w.place) for w in book.worksheets if w.rows and w.place not in used]
    notes = [f"worksheet {', '.join(map(str, used))} was read; {', '.join(unused)} not"] if unused else []
    notes += [f"{counted(len(book.hidden), 'hidden worksheet')} not read"] if book.hidden else []
    return tuple(notes)


def raw_of(sheet: Sheet, table: str, *, facts: DatasetFacts) -> Raw:
    """Take a long table, one record a row, out of a sheet.

    Raises
    ------
    FileRefused
        As `headers.find`; or an identifier is stored as a number (``damaged_identifier``).
    """
    heads = [i for i, row in enumerate(sheet.rows[:HEADER_WITHIN]) if table in tables_of(row, facts)]
    if len(heads) > 1:
        what = f"rows {sheet.numbers[heads[0]]} and {sheet.numbers[heads[1]]} both look like the header"
        do = "Keep one table a file: delete the second header row, or what does not belong to the table."
        raise FileRefused("two_headers", what, where=sheet.file, do=do)
    place = heads[0] if heads else _nearest_header(sheet)
    header = match(sheet.rows[place] if sheet.rows else (), table, facts=facts, file=sheet.file)
    width = len(header.names)
    body, numbers = sheet.rows[place + 1 :], sheet.numbers[place + 1 :]
    ragged = np.array([not sheet.cells_keep_place and len(row) != width for row in body], np.bool_)
    kept = [row for row, is_ragged in zip(body, ragged, strict=True) if not is_ragged]
    for name in IDENTIFIERS:
        if name in header.places:
            refuse_numbers(sheet, header.places[name], header=header.names[header.places[name]], below=place + 1)
    columns = {name: Cells.of_texts(header.names[at], [cell(row, at) for row in kept]) for name, at in header.places.items()}
    above = (f"{counted(place, 'row')} above the header not read",) if place else ()
    first = int(sheet.numbers[place]) + 1
    numbering = Numbering(first, numbers[ragged], numbers[~ragged])
    return Raw(sheet.file, table, columns, len(kept), numbering, width, (*above, *sheet.notes, *header.notes))


def cell(row: Sequence[str], place: int) -> str:
    """A cell of a row; empty beyond its end."""
    return row[place] if place < len(row) else ""


def refuse_numbers(sheet: Sheet, place: int, *, header: str, below: int) -> None:
    """Refuse a column of identifiers in which any cell, from the row at ``below`` on, is stored as a number.

    Raises
    ------
    FileRefused
        ``damaged_identifier``.
    """
    found = [i for i, row in enumerate(sheet.rows) if i >= below and isinstance(cell(row, place), Number)]
    if found:
        where = f'{sheet.file}, row {sheet.numbers[found[0]]}, column "{shown(header.strip())}"'
        do = "Keep identifiers as text: export the table as CSV, or give the column the format Text before it is filled."
        what = f"{counted(len(found), 'identifier')} kept as a number; leading zeros may be lost"
        raise FileRefused("damaged_identifier", what, where=where, do=do)


def nothing_fits(path: Path, wanted: str, more: str = "") -> FileRefused:
    """The refusal of a file in which there is no sheet of a format."""
    do = "The columns of each table are listed in docs/records.md; declare your own headers under [columns] in dataset.toml."
    return FileRefused("wrong_shape", f"no header of {wanted} in the first {HEADER_WITHIN} rows{more}", where=shown(path.name), do=do)


def _nearest_header(sheet: Sheet) -> int:
    """The row to complain of where none is the header: the first of the widest."""
    widths = [sum(bool(text.strip()) for text in row) for row in sheet.rows[:HEADER_WITHIN]]
    return widths.index(max(widths)) if widths else 0


def _first(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """The first rows, as far as they can be told apart and are within limits."""
    with contextlib.suppress(csv.Error, FileRefused):
        for _, row in zip(range(HEADER_WITHIN), rows, strict=False):
            if len(row) > MAX_COLUMNS or max(map(len, row), default=0) > MAX_CELL:
                return
            yield row


def _text_rows(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as file:
        rows = csv.reader(file, delimiter=separator)
        try:
            yield from rows
        except (csv.Error, UnicodeError):
            raise _too_large(shown(path.name), f"a cell holds more than {MAX_CELL:,} characters") from None


def _sheet(file: str, rows: Iterator[Sequence[str]], *, keep: bool, notes: tuple[str, ...] = ()) -> Sheet:
    """Keep the rows that hold anything, each distinct text once, within limits."""
    kept: list[list[str]] = []
    numbers: list[int] = []
    known: dict[str, str] = {}
    cells = 0
    for number, row in enumerate(rows, start=1):
        if not any(text and not text.isspace() for text in row):
            continue
        cells += len(row)
        if len(row) > MAX_COLUMNS:
            do = "Export only the columns that are needed."
            raise FileRefused("wrong_shape", f"{len(row):,} columns, more than {MAX_COLUMNS:,}", where=f"{file}, row {number}", do=do)
        if cells > MAX_CELLS:
            raise _too_large(file, f"more than {MAX_CELLS:,} cells")
        if max(map(len, row)) > MAX_CELL:
            raise _too_large(f"{file}, row {number}", f"a cell holds more than {MAX_CELL:,} characters")
        kept.append([known.setdefault(text, text) if len(text) <= 40 else text for text in row])
        numbers.append(number)
    return Sheet(file, kept, np.array(numbers, np.int64), keep, notes)


def _parquet(path: Path) -> Sheet:
    """A Parquet file as the rows a CSV file would have; its header is row 1."""
    unreadable = FileRefused("unreadable", "the file is not Parquet, or it is damaged", where=shown(path.name), do="Write it again.")
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if file.metadata.num_rows * len(file.schema_arrow.names) > MAX_CELLS:
                raise _too_large(shown(path.name), f"more than {MAX_CELLS:,} cells")
            body = file.read()
        columns = [_texts(body.column(i)) for i in range(body.num_columns)]
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError):
        raise unreadable from None
    return _sheet(shown(path.name), iter([body.column_names, *zip(*columns, strict=True)]), keep=True)


def _texts(column: pa.ChunkedArray) -> list[str]:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    texts = ["" if text is None else text for text in column.cast(kind).cast(pa.string()).to_pylist()]
    return [Number(text.removesuffix(".0")) if text else text for text in texts] if number else texts


def _too_large(file: str, what: str) -> FileRefused:
    return FileRefused("unsafe_file", what, where=file, do="Export one row a record, as CSV, which may be of any size; or split the file.")
