"""Read a register laid out as a grid: a row for each pupil, a column for each session, or for each day with two marks in it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eswarn.config import DatasetFacts
from eswarn.records.codes import code_table
from eswarn.records.ledger import FileRefused, Rejection, shown
from eswarn.records.readers.heading import Heading, find_heading, letters, looks_like_a_grid
from eswarn.records.readers.peek import Peek
from eswarn.records.readers.raw import Cells, Ints, Numbering, Raw
from eswarn.records.readers.sheet import Sheet, beginnings, cell, refuse_numbers, the_sheet
from eswarn.records.rules import DO
from eswarn.records.values import is_total
from eswarn.words import count as counted

NAME = "register grid"
_NUMBER = re.compile(r"[0-9]+(?:[.,:][0-9]+)?\s*%?")
_DOUBT = 10  # cells from which, if they are over half of those with marks, the shape of the whole file is in doubt
_BLANK, _DOUBTFUL = -1, -2  # instead of the place of a code
_Places = npt.NDArray[np.int32]


def fits(peek: Peek, facts: DatasetFacts) -> bool:
    """Whether the file holds a register with days as headings."""
    with contextlib.suppress(FileRefused, OSError):
        return any(looks_like_a_grid(sheet, facts) for sheet in beginnings(peek, facts))
    return False


def read(path: Path, *, facts: DatasetFacts) -> Sequence[Raw]:
    """Read the marks, one row of the attendance table for each that is there; a blank cell is none.

    Parameters
    ----------
    path : Path
        CSV, XLSX or Parquet.
    facts : DatasetFacts
        Headers, order of dates and the academic year of headings without a year; one or two marks a day; local codes.

    Raises
    ------
    FileRefused
        The heading is in doubt (see `find_heading`); numbers stand where marks should (``not_marks``); most cells of a day
        hold one mark where two are due (``wrong_shape``); or an identifier is stored as a number.
    """
    sheet = the_sheet(path, facts=facts, fits=lambda sheet: looks_like_a_grid(sheet, facts), wanted="a register with days as headings")
    heading = find_heading(sheet, facts)
    for place in (heading.pupil, heading.school):
        if place >= 0:
            refuse_numbers(sheet, place, header=heading.names[place], below=heading.below)
    whole_days = facts.session == "AM/PM" and not heading.marks[0].session
    found = _marks(sheet, heading, codes=_Codes(facts, whole_days=whole_days))
    rows = len(found.row)
    columns = {
        "pupil_id": _by_row(sheet, heading, heading.pupil, rows=found.row),
        "date": _by_column([mark.day.isoformat() for mark in heading.marks], "days", columns=found.column),
        "code": Cells("marks", found.texts, found.code),
    }
    if heading.school >= 0:
        columns["school_id"] = _by_row(sheet, heading, heading.school, rows=found.row)
    if whole_days:
        columns["session"] = Cells("sessions", ("AM", "PM"), found.half)
    elif heading.marks[0].session:
        columns["session"] = _by_column([mark.session for mark in heading.marks], "sessions", columns=found.column)
    numbering = Numbering(int(sheet.numbers[0]), np.zeros(0, np.int64), sheet.numbers[found.row])
    notes = (*sheet.notes, *heading.notes, *found.notes)
    return [Raw(sheet.file, "attendance", columns, rows, numbering, heading.width, notes, found.rejections)]


@dataclass(frozen=True, slots=True)
class _Found:
    """Each mark that is there: the row of the sheet, the column among those of marks, the half of the day, and the code."""

    row: Ints
    column: Ints
    half: _Places
    code: _Places
    texts: tuple[str, ...]
    notes: tuple[str, ...]
    rejections: tuple[Rejection, ...]


class _Codes:
    """The marks in a cell, by its text: two places among ``texts``, or `_BLANK`, or `_DOUBTFUL`."""

    def __init__(self, facts: DatasetFacts, *, whole_days: bool) -> None:
        self.texts: dict[str, int] = {}
        self.of: dict[str, tuple[int, int]] = {}
        self._local = facts.codes.map
        self._known = code_table(facts.profile).codes | self._local.keys()
        self._whole_days = whole_days

    def learn(self, text: str) -> bool:
        """Take a text that has not been seen; whether it may be a mark at all, and no number."""
        first, second = self._two(text) if self._whole_days else (text.strip(), "")
        doubtful = (_DOUBTFUL, _BLANK)
        self.of[text] = doubtful if (first, second) == ("?", "?") else (self._place(first), self._place(second))
        return text.strip() in self._local or _NUMBER.fullmatch(text.strip()) is None

    def _place(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts)) if text else _BLANK

    def _two(self, text: str) -> tuple[str, str]:
        """The marks of a day: AM then PM, where a cell can be read as two marks in one way and not as one; else "?" twice."""
        parts = text.split()
        if len(text) == 2 and len(parts) == 1 and len(parts[0]) == 1:
            return text[0].strip(), text[1].strip()  # a space stands for the mark that is not there
        if len(parts) == 2:
            return parts[0], parts[1]
        mark = text.strip()
        if mark in {"", "-", "#"}:
            return mark, mark
        ways = [(mark[:i], mark[i:]) for i in range(1, len(mark)) if mark[:i] in self._known and mark[i:] in self._known]
        if mark in self._known or len(mark) == 1 or len(ways) > 1:
            return "?", "?"
        if ways:
            return ways[0]
        return (mark[0], mark[1]) if len(mark) == 2 else (mark, "")  # an unknown code, refused by its name later


def _marks(sheet: Sheet, heading: Heading, *, codes: _Codes) -> _Found:
    """Every mark of every pupil. What is in doubt is counted, and refused where it is the rule."""
    places = [mark.place for mark in heading.marks]
    kept, totals, blanks, unmarked, filled = [], 0, 0, 0, 0
    ragged: list[tuple[int, int]] = []
    doubtful: list[tuple[int, int]] = []
    for at in range(heading.below, len(sheet.rows)):
        row = sheet.rows[at]
        texts = [cell(row, place) for place in places]
        if _is_total(row, heading):
            totals += 1
            continue
        there = sum(bool(text.strip()) for text in texts)
        if not sheet.cells_keep_place and len(row) != heading.width:
            ragged.append((at, max(there, 1)))
            continue
        for text in sorted(set(texts) - codes.of.keys()):
            if not codes.learn(text):
                raise _number(sheet, at, places[texts.index(text)])
        found = np.array([codes.of[text] for text in texts], np.int32).reshape(-1, 2)
        blanks, unmarked, filled = blanks + len(texts) - there, unmarked + (not there), filled + there
        if in_doubt := int(np.count_nonzero(found == _DOUBTFUL)):
            doubtful.append((at, in_doubt))
        places_kept, halves = np.nonzero(found >= 0)
        kept.append((np.full(len(halves), at), places_kept, halves.astype(np.int32), found[places_kept, halves]))
    _refuse_where_it_is_the_rule(sheet, heading, ragged=ragged, doubtful=doubtful, filled=filled)
    none = tuple(np.zeros(0, kind) for kind in (np.int64, np.int64, np.int32, np.int32))
    rows, columns, half, code = (np.concatenate(parts) for parts in zip(none, *kept, strict=True))
    notes = [f"{counted(blanks, 'blank cell')}: no mark there"] if blanks else []
    notes += [f"{counted(unmarked, 'pupil')} without any mark"] if unmarked else []
    notes += [f"{counted(totals, 'row')} of totals not read"] if totals else []
    rejections = _rejections(sheet, heading, ragged=ragged, doubtful=doubtful)
    return _Found(rows, columns, half, code, tuple(codes.texts), tuple(notes), rejections)


def _is_total(row: Sequence[str], heading: Heading) -> bool:
    """Whether a row says so where the pupil should be or, where nobody is, in a column beside it."""
    if pupil := cell(row, heading.pupil).strip():
        return is_total(pupil)
    marks = {mark.place for mark in heading.marks}
    return any(is_total(cell(row, place)) for place in range(heading.width) if place not in marks)


_ONE_MARK = "a cell of a day holds what may be one mark, where two are due (AM, PM)"
_TWO_COLUMNS = 'Export AM and PM in columns of their own; or, for one mark a day, add  session = "DAY"  at the top of dataset.toml.'


def _refuse_where_it_is_the_rule(
    sheet: Sheet, heading: Heading, *, ragged: list[tuple[int, int]], doubtful: list[tuple[int, int]], filled: int
) -> None:
    rows = len(sheet.rows) - heading.below
    if len(ragged) >= _DOUBT and 2 * len(ragged) > rows:
        what = f"{len(ragged):,} of {rows:,} rows: not as many fields as the heading, which has {heading.width}"
        raise FileRefused("ragged_row", what, where=f"{sheet.file}, row {sheet.numbers[ragged[0][0]]}", do=DO["ragged_row"])
    cells = sum(number for _, number in doubtful)
    if cells >= _DOUBT and 2 * cells > filled:
        where = f"{sheet.file}, row {sheet.numbers[doubtful[0][0]]}"
        raise FileRefused("wrong_shape", f"{cells:,} of {filled:,} cells: {_ONE_MARK}", where=where, do=_TWO_COLUMNS)


def _rejections(sheet: Sheet, heading: Heading, *, ragged: list[tuple[int, int]], doubtful: list[tuple[int, int]]) -> tuple[Rejection, ...]:
    """What was turned away, in marks."""
    told = (
        ("ragged_row", ragged, f"not as many fields as the heading, which has {heading.width}", DO["ragged_row"]),
        ("wrong_shape", doubtful, _ONE_MARK, _TWO_COLUMNS),
    )
    return tuple(
        Rejection(rule, sum(n for _, n in found), tuple(int(sheet.numbers[at]) for at, _ in found[:5]), "", what, do)
        for rule, found, what, do in told
        if found
    )


def _number(sheet: Sheet, row: int, place: int) -> FileRefused:
    where = f"{sheet.file}, row {sheet.numbers[row]}, column {letters(place)}"
    do = "Export the register itself, with its codes; numbers and percentages are no marks. A local code goes under [codes.map]."
    return FileRefused("not_marks", "a number stands where a mark should", where=where, do=do)


def _by_row(sheet: Sheet, heading: Heading, place: int, *, rows: Ints) -> Cells:
    """A column of identity, repeated for each mark of its row."""
    cells = Cells.of_texts(shown(heading.names[place]), [cell(row, place) for row in sheet.rows])
    return Cells(cells.header, cells.texts, cells.index[rows])


def _by_column(texts: Sequence[str], header: str, *, columns: Ints) -> Cells:
    cells = Cells.of_texts(header, texts)
    return Cells(header, cells.texts, cells.index[columns])
