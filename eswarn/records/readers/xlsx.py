"""Read the long tables of an XLSX workbook, one record a row: each visible worksheet that holds one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers.headers import HEADER_WITHIN, tables_of
from eswarn.records.readers.long import choose, table_named
from eswarn.records.readers.peek import Peek
from eswarn.records.readers.raw import Raw
from eswarn.records.readers.sheet import Sheet, others, raw_of, sheets_of
from eswarn.records.readers.workbook import is_workbook, read_workbook

NAME = "workbook"
_OLD = b"\xd0\xcf\x11\xe0"


def fits(peek: Peek, facts: DatasetFacts) -> bool:  # noqa: ARG001 (every reader is asked alike)
    """Whether the file is a spreadsheet of any kind; one that cannot be read is then refused with the reason."""
    return peek.head.startswith(_OLD) or (peek.kind == "zip" and is_workbook(peek.path))


def read(path: Path, *, facts: DatasetFacts) -> Sequence[Raw]:
    """Read every table of the workbook.

    Parameters
    ----------
    path : Path
        An XLSX file. Which table a worksheet holds is told from its headers; where those fit several, from the file's name.
    facts : DatasetFacts
        Headers that ``dataset.toml`` declares, and the one school of the files.

    Raises
    ------
    FileRefused
        No worksheet holds a table, two hold the same one, one can be read as several; or the workbook cannot be read.
    """
    with path.open("rb") as file:
        if file.read(4) == _OLD:
            what, do = "an old spreadsheet (.xls), or a workbook with a password", "Save it as .xlsx without a password, or as CSV."
            raise FileRefused("unsafe_file", what, where=shown(path.name), do=do)
    book = read_workbook(path)
    sheets = sheets_of(book, shown(path.name))
    tables = {place: table for place, sheet in sheets.items() if (table := _table(sheet, path, facts))}
    if not tables:
        place = next((place for place, sheet in sheets.items() if sheet.rows), 0)
        named = table_named(path)
        if place and named:
            return [raw_of(sheets[place], named, facts=facts)]  # which says what is missing
        hidden = "; hidden worksheets were not looked at" if book.hidden else ""
        do = "Expected one row of headers above the records. The columns of each table are listed in docs/records.md."
        raise FileRefused("wrong_shape", f"no worksheet holds a table{hidden}", where=shown(path.name), do=do)
    for table in set(tables.values()):
        same = [place for place, other in tables.items() if other == table]
        if len(same) > 1:
            do = "Keep one of them in a file, or bring them together in one worksheet."
            what = f"worksheets {same[0]} and {same[1]} both hold the table {table}"
            raise FileRefused("wrong_shape", what, where=shown(path.name), do=do)
    notes = others(book, list(tables))
    return [raw_of(sheets[place].noting(notes), table, facts=facts) for place, table in tables.items()]


def _table(sheet: Sheet, path: Path, facts: DatasetFacts) -> str:
    """The table that the headers of a worksheet fit, or none."""
    recognised: dict[str, int] = {}
    for row in sheet.rows[:HEADER_WITHIN]:
        for table, columns in tables_of(row, facts).items():
            recognised[table] = max(columns, recognised.get(table, 0))
    found = choose(recognised, path)
    if len(found) > 1:
        do = f"Say which it is in the name of the file: {' or '.join(f'{t}-….xlsx' for t in found)}."
        raise FileRefused("ambiguous_table", f"the columns of a worksheet are those of {' and of '.join(found)}", where=sheet.file, do=do)
    return found[0] if found else ""
