"""Find the header of a termly census file: the possible sessions of a term, and in which of two shapes its codes stand."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from eswarn.config import DatasetFacts
from eswarn.records.codes import code_table
from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers.headers import HEADER_WITHIN, MAX_COLUMNS, SEPARATORS, Header, squash
from eswarn.records.readers.naming import may_be_a_person, named
from eswarn.words import count as counted

CODE = "code "  # before a register code in the name of a column
_COLUMNS = {
    "upn": "pupil_id", "pupilid": "pupil_id",
    "estab": "school_id", "laestab": "school_id", "urn": "school_id", "schoolid": "school_id",
    "termlysessionspossible": "possible",
    "termlysessionsauthorised": "said authorised", "termlysessionsunauthorised": "said unauthorised",
    "gender": "sex", "sex": "sex", "ncyearactual": "year_group",
    "entrydate": "entered_on", "enrolstatus": "status",
}  # fmt: skip
_IN_EVERY_FILE = ("I", "O")  # illness, and no acceptable reason: without them absence would be counted as none
_LONGEST_CODE = 2
_REASON = "treason"  # T_Reason_I, however it is written


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that may be the header: where it stands, its headers, and what each stands for ("" for nothing of ours)."""

    separator: str
    row: int
    lines: int
    names: list[str]
    keys: list[str]

    @property
    def reasons(self) -> list[str]:
        """Its headers that give a reason of absence."""
        return [name for name in self.names if squash(name).startswith(_REASON)]

    @property
    def marks(self) -> list[str]:
        """Its headers that are a register code."""
        return [name for name, key in zip(self.names, self.keys, strict=True) if key == CODE + name]


def is_census(text: str, facts: DatasetFacts) -> bool:
    """Whether one of the first rows of a text has a column for the possible sessions of a term."""
    return any("possible" in row.keys for row in _rows(text, facts))


def _rows(text: str, facts: DatasetFacts) -> list[_Row]:
    """The first rows under each separator."""
    found = []
    for separator in SEPARATORS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        try:
            for row, cells in enumerate(reader, start=1):
                names = [cell.strip() for cell in cells]
                found.append(_Row(separator, row, reader.line_num, names, _keys(names, facts)))
                if row == HEADER_WITHIN:
                    break
        except csv.Error:
            continue  # a cell over 128 kB is no header; what was found above it still counts
    return found


def _keys(names: Sequence[str], facts: DatasetFacts) -> list[str]:
    declared = {squash(header): name for name, header in facts.columns.get("term_totals", {}).items() if name in _COLUMNS.values()}
    known = _COLUMNS | declared
    codes = code_table("england").codes - {"-"}
    found = []
    for name in names:
        if squash(name).startswith(_REASON):
            found.append(CODE + squash(name).removeprefix(_REASON).upper())
        else:
            found.append(CODE + name if name in codes else known.get(squash(name), ""))
    return found


def find(text: str, *, facts: DatasetFacts, file: str) -> Header:
    """Find the one row that names pupil, school and possible sessions, with codes of one shape.

    Parameters
    ----------
    text : str
        The beginning of the file, whole rows.
    file : str
        Name of the file, for messages.

    Returns
    -------
    Header
        Its places are named as the columns of ``records.tables`` are; ``possible``, ``said authorised``, ``said
        unauthorised`` and ``code I`` … are counts.

    Raises
    ------
    FileRefused
        ``missing_column``, ``two_headers``, ``duplicate_header``, ``unknown_code``; ``wrong_shape`` where the two shapes
        are mixed.
    """
    needed = {"pupil_id": "UPN", "school_id": "Estab", "possible": "TermlySessionsPossible"}
    if facts.school:
        del needed["school_id"]
    rows = _rows(text, facts)
    complete = [row for row in rows if needed.keys() <= set(row.keys)]
    if not complete:
        seen = max((set(row.keys) for row in rows), key=lambda keys: len(needed.keys() & keys), default=set())
        missing = " or ".join(header for key, header in needed.items() if key not in seen)
        do = f"Export the census with {missing} in it."
        if not facts.school and "school_id" not in seen:
            do += ' For the files of a single school add  school = "its number"  at the top of dataset.toml.'
        raise FileRefused("missing_column", f"no column for {missing}", where=file, do=do)
    if len(complete) > 1:
        what = f"rows {complete[0].row} and {complete[1].row} both look like the header"
        raise FileRefused("two_headers", what, where=file, do="Keep one census a file: delete the second header row.")
    header = complete[0]
    _refuse_shape(header, where=f"{file}, row {header.row}")
    places = {key: place for place, key in enumerate(header.keys) if key}
    notes: tuple[str, ...] = (f"{counted(header.row - 1, 'row')} above the header not read",) if header.row > 1 else ()
    if unread := [_unread(name, place) for place, name in enumerate(header.names) if name and not header.keys[place]]:
        notes += (f"not read: {', '.join(unread[:20])}{' …' if len(unread) > 20 else ''}",)
    return Header(places, tuple(header.names), notes, header.separator, header.row, header.lines)


def _unread(name: str, place: int) -> str:
    return shown(name) if not may_be_a_person(name) else named(name, place)


def _not_a_code(name: str, place: int, *, where: str) -> FileRefused:
    """The refusal of a header as short as a code: left out, the sessions under it would be counted as none."""
    if name.upper() in code_table("england").codes:
        what = f'column "{name}" is the register code {name.upper()} in lower case'
        return FileRefused("unknown_code", what, where=where, do=f"Write the header as {name.upper()}.")
    told = f'column "{name}"' if re.fullmatch(r"[A-Z0-9/\\+#-]+", name) else f"column {place + 1}, of {counted(len(name), 'character')},"
    what = f"{told} may count sessions, and is not in the England table of register codes"
    return FileRefused("unknown_code", what, where=where, do="Delete the column, or add its sessions to those of a code.")


def _refuse_shape(header: _Row, *, where: str) -> None:
    codes = code_table("england").codes
    if len(header.names) > MAX_COLUMNS:
        do = "Export one row for each pupil, with only the columns that are needed."
        raise FileRefused("wrong_shape", f"{len(header.names):,} columns, more than {MAX_COLUMNS:,}", where=where, do=do)
    if header.reasons and header.marks:
        named = f'"{shown(header.reasons[0])}" and "{header.marks[0]}"'
        what = f"two shapes in one file, reasons of absence and a column for each code, such as {named}"
        raise FileRefused("wrong_shape", what, where=where, do="Export one of the two; which sessions both of them count cannot be told.")
    if missing := [code for code in _IN_EVERY_FILE if CODE + code not in header.keys]:
        do = "Export a column for each reason (T_Reason_I …) or each code, in capitals (/, \\, B …); supplied totals are not believed."
        raise FileRefused("missing_column", f"no column for the sessions under {' and '.join(missing)}", where=where, do=do)
    for place, name in enumerate(header.names):
        if not header.keys[place] and 0 < len(name) <= _LONGEST_CODE and name not in codes:
            raise _not_a_code(name, place, where=where)
    for name, key in zip(header.names, header.keys, strict=True):
        if key.startswith(CODE) and key.removeprefix(CODE) not in codes:
            what = f'column "{shown(name)}" counts a reason that is not in the England table of register codes'
            raise FileRefused("unknown_code", what, where=where, do="Delete the column, or add its sessions to those of a code.")
        if key and header.keys.count(key) > 1:
            what = f'two columns can be read as {key}, "{shown(name)}" one of them'
            raise FileRefused("duplicate_header", what, where=where, do="Delete or rename one of them.")
