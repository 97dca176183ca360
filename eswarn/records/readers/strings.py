"""Read a register kept as one string of marks for each pupil: AM and PM in turn from a start date, ``#`` or space where closed."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eswarn.config import DatasetFacts
from eswarn.records.arrays import Bools
from eswarn.records.codes import code_table
from eswarn.records.ledger import FileRefused, Rejection, shown
from eswarn.records.readers import days
from eswarn.records.readers.peek import Peek
from eswarn.records.readers.raw import Cells, Ints, Numbering, Raw, rows_in_words
from eswarn.records.readers.sheet import beginnings
from eswarn.records.readers.strides import COUNTED, NO_SIGN, Evidence, Int64s, Signs, lay_out, weigh
from eswarn.records.readers.string_columns import Columns, has_strings, read_columns
from eswarn.records.rules import DO
from eswarn.words import count as counted

NAME = "mark strings"
_EPOCH = dt.date(1970, 1, 1)
_YEARS = (dt.date(1990, 1, 1), dt.date(2040, 12, 31))
_DOUBT = 10  # pupils from which, if they are over half, the whole file is in doubt
_FEW = 0.05  # share of strings up to which those that prove another week than the rest are rejected; above, the file is in doubt
_EXPORT = "Export one row a mark, or a register with a column for each session."
_WRONG = {
    "damaged": (
        "wrong_shape",
        "a number or an error of a spreadsheet where the marks should be",
        "Open the file in no spreadsheet on the way.",
    ),
    "odd": ("wrong_shape", "an odd number of characters, so that mornings and afternoons cannot be told", _EXPORT),
    "two_signs": (
        "unknown_code",
        "a code of two characters, which cannot be told from two marks in a string of one character a session",
        _EXPORT,
    ),
    "neither": ("wrong_shape", "marks that fit neither weeks of five days nor of seven from that start date", "Correct the start date."),
    "both": (
        "wrong_shape",
        "marks that fit weeks of five days and of seven, with different dates",
        "Export a longer period, or the last day of the string in a column End Date; or one row a mark.",
    ),
    "other": ("wrong_shape", "marks that do not fit the week of the other strings of the file", "Correct the start date."),
    "totals": (
        "totals_do_not_match",
        "the marks disagree with the totals beside them",
        "Export the string and its totals on the same day.",
    ),
    "no_start": ("missing_value", "no start date", "Fill in the cell, or leave the row out of the export."),
    "bad_start": ("bad_date", "a start date that is no day of the calendar", DO["bad_date"]),
}


def fits(peek: Peek, facts: DatasetFacts) -> bool:
    """Whether the file holds a pupil and a string of marks a row."""
    with contextlib.suppress(FileRefused, OSError):
        return any(has_strings(sheet, facts) for sheet in beginnings(peek, facts))
    return False


def read(path: Path, *, facts: DatasetFacts) -> Sequence[Raw]:
    """Read the marks, one row of the attendance table for each; a space is none.

    Whether the days of the strings are those of a week of five or of seven is told by the marks (`strides.weigh`), by the
    end date where there is one, and, for a string that may be read both ways, by the other strings of the file.

    Parameters
    ----------
    path : Path
        CSV, XLSX or Parquet.
    facts : DatasetFacts
        Headers (``date`` for the start, ``code`` for the string), order of dates, local codes.

    Raises
    ------
    FileRefused
        A column is missing, the dates are in doubt, or most strings are; or an identifier is stored as a number.
    """
    told = dated_strings(path, facts)
    found = told.found
    dated = lay_out(found.strings, told.start, week=told.week, signs=told.signs)
    notes = [*told.notes]
    notes += [f"{counted(dated.weekend, 'character')} for closed on a Saturday or Sunday left out"] if dated.weekend else []
    columns = {name: _repeated(found, name, dated.string) for name in ("pupil_id", "school_id") if name in found.texts}
    columns["date"] = _dates(dated.date)
    columns["session"] = Cells("AM and PM in turn", ("AM", "PM"), dated.half)
    columns["code"] = Cells(found.names["marks"], (*map(chr, range(NO_SIGN)), "\ufffd"), dated.byte)
    numbering = Numbering(2, np.zeros(0, np.int64), found.numbers.astype(np.int32)[dated.string])
    return [Raw(found.file, "attendance", columns, len(dated.string), numbering, found.fields, tuple(notes), told.rejections)]


@dataclass(frozen=True, slots=True)
class DatedStrings:
    """The strings of a file, and for each the day it starts on and the days of its week: 5 or 7, or 0 where it was turned away."""

    found: Columns
    start: Int64s
    week: Int64s
    signs: Signs
    notes: tuple[str, ...]
    rejections: tuple[Rejection, ...]


def dated_strings(path: Path, facts: DatasetFacts) -> DatedStrings:
    """Read the columns of a file and date its strings; as `read`, without laying out the marks."""
    found = read_columns(path, facts)
    table, local = code_table(facts.profile), facts.codes.map
    signs = Signs.of(table, local)
    start, problem = _days(found, "start", facts)
    room = np.full(len(start), np.iinfo(np.int64).max)  # days from the first to the last one told
    if "end" in found.texts:
        end, untold = _days(found, "end", facts)
        room = np.where(untold == "", end - start, room)
    weekdays = np.where(problem == "", (start + 3) % 7, 0)  # 1 January 1970 was a Thursday
    evidence = weigh(found.strings, weekdays, signs, totals=[i for i, name in enumerate(COUNTED) if name in found.texts])
    wrong = np.where(found.damaged, "damaged", problem)
    wrong = np.where((wrong == "") & (found.strings.lengths % 2 == 1), "odd", wrong)
    wrong = np.where((wrong == "") & evidence.two_signs, "two_signs", wrong)
    week, doubt, note = _weeks(evidence, weekdays, room=room, usable=wrong == "", found=found)
    wrong = np.where(wrong == "", doubt, wrong)
    wrong = np.where((wrong == "") & _disagree(found, evidence, _no_codes(facts)), "totals", wrong)
    rejections = _reject(found, wrong, marks=evidence.marks)
    return DatedStrings(found, start, np.where(wrong == "", week, 0), signs, (*found.notes, *note), rejections)


def _days(found: Columns, name: str, facts: DatasetFacts) -> tuple[Int64s, npt.NDArray[np.str_]]:
    """The date of each row in days since 1970-01-01, and what is wrong with it."""
    cells = Cells.of_texts(found.names[name], found.texts[name])
    first = {int(i): row for row, i in reversed(list(enumerate(cells.index)))}
    written = {i: w for i, text in enumerate(cells.texts) if (w := days.parse(text)) and w.numbers}
    places = list(written)

    def where(place: int) -> str:
        return f'{found.file}, row {found.numbers[first[places[place]]]}, column "{shown(cells.header)}"'

    told = dict(zip(places, days.resolve(list(written.values()), facts=facts, where=where), strict=True))
    values = [told.get(i) for i in range(len(cells.texts))]
    good = [day is not None and _YEARS[0] <= day <= _YEARS[1] for day in values]
    since = np.array([(day - _EPOCH).days if day and ok else 0 for day, ok in zip(values, good, strict=True)], np.int64)
    problems = np.array(["" if ok else "bad_start" if text else "no_start" for text, ok in zip(cells.texts, good, strict=True)], "U10")
    return since[cells.index], problems[cells.index]


def _weeks(
    evidence: Evidence, weekdays: Int64s, *, room: Int64s, usable: Bools, found: Columns
) -> tuple[Int64s, npt.NDArray[np.str_], list[str]]:
    """Days in the week of each string, 0 where that is in doubt, and why; and a note."""
    at = weekdays + evidence.last
    five = ~evidence.not_five & (at // 5 * 7 + at % 5 - weekdays <= room)
    seven = ~evidence.not_seven & (evidence.last <= room)
    alike = at <= 4  # within the first week, or without any mark
    proved = {5: usable & five & ~seven & ~alike, 7: usable & seven & ~five & ~alike}
    times = {days: int(np.count_nonzero(rows)) for days, rows in proved.items()}
    fewer, more = sorted(times, key=lambda days: times[days])
    if times[fewer] > _FEW * times[more]:
        what = f"weeks of five days in {counted(times[5], 'string')}, of seven in {times[7]:,}"
        where = f"{found.file}, {rows_in_words(found.numbers[proved[fewer]])}"
        raise FileRefused("wrong_shape", what, where=where, do="Put strings from different systems into different files.")
    fit = {5: five, 7: seven}[more] if times[more] else five ^ seven
    week = np.where(fit, more if times[more] else np.where(five, 5, 7), 0)
    week = np.where(alike & (five | seven), np.where(five, 5, 7), week)
    doubt = np.where(week > 0, "", np.where(~five & ~seven, "neither", np.where(five & seven, "both", "other")))
    told = (
        f"the strings hold weeks of {'five' if more == 5 else 'seven'} days, as {counted(times[more], 'of them proves', 'of them prove')}"
    )
    return week, doubt, [told] if times[more] else []


def _disagree(found: Columns, evidence: Evidence, no_codes: Bools) -> Bools:
    """Strings whose marks do not add up to a total that is given beside them; but a sign that is no code is told before, as such."""
    wrong = np.zeros(len(found.numbers), np.bool_)
    for row, name in enumerate(COUNTED):
        for i, text in enumerate(found.texts.get(name, ())):
            told = text.strip()
            wrong[i] |= bool(told) and not (told.isdecimal() and len(told) < 9 and int(told) == evidence.totals[row, i])
    for row in np.flatnonzero(wrong).tolist():
        string = found.strings.data[slice(*found.strings.starts[row : row + 2])]
        wrong[row] = not no_codes[string].any()
    return wrong


def _no_codes(facts: DatasetFacts) -> Bools:
    """Which of the 256 bytes stand for nothing in a string: the marks are judged by name later."""
    known = [ord(sign) for sign in {*code_table(facts.profile).codes, *facts.codes.map, " "} if len(sign) == 1 and sign.isascii()]
    odd = np.ones(256, np.bool_)
    odd[known] = False
    return odd


def _reject(found: Columns, wrong: npt.NDArray[np.str_], *, marks: Int64s) -> tuple[Rejection, ...]:
    """What was turned away, in marks; the file where it is most of its strings."""
    rejections = []
    if len(found.ragged):
        what = f"not as many fields as the header, which has {found.fields}"
        _doubt("ragged_row", what, DO["ragged_row"], rows=found.ragged, of=len(marks) + len(found.ragged), file=found.file)
        rejections.append(Rejection("ragged_row", len(found.ragged), tuple(map(int, found.ragged[:5])), "", what, DO["ragged_row"]))
    for kind, (rule, what, do) in _WRONG.items():
        rows = np.flatnonzero((wrong == kind) & (marks > 0))
        if len(rows):
            _doubt(rule, what, do, rows=found.numbers[rows], of=len(marks), file=found.file)
            header = shown(found.names["start" if kind in {"no_start", "bad_start"} else "marks"])
            told = (
                f"{counted(len(rows), 'string')} with {what}"
                if kind not in {"totals", "no_start"}
                else f"{counted(len(rows), 'string')}: {what}"
            )
            rejections.append(Rejection(rule, int(marks[rows].sum()), tuple(map(int, found.numbers[rows[:5]])), header, told, do))
    return tuple(rejections)


def _doubt(rule: str, what: str, do: str, *, rows: Ints, of: int, file: str) -> None:
    if len(rows) >= _DOUBT and 2 * len(rows) > of:
        raise FileRefused(rule, f"{len(rows):,} of {of:,} strings: {what}", where=f"{file}, row {rows[0]}", do=do)


def _repeated(found: Columns, name: str, string: npt.NDArray[np.int32]) -> Cells:
    """A column of identity for each mark. 76 million marks are 300 MB: no copy is made where the strings themselves are the index."""
    cells = Cells.of_texts(shown(found.names[name]), found.texts[name])
    if len(cells.texts) == 1:
        return Cells(cells.header, cells.texts, np.broadcast_to(np.int32(0), len(string)))
    is_row = len(cells.texts) == len(cells.index)
    return Cells(cells.header, cells.texts, string if is_row else cells.index[string])


def _dates(date: npt.NDArray[np.int32]) -> Cells:
    """The day of each mark, each distinct day once; ``date`` is used up."""
    if not len(date):
        return Cells("days", (), date)
    low, high = int(date.min()), int(date.max())
    date -= low
    return Cells("days", tuple((_EPOCH + dt.timedelta(days=low + i)).isoformat() for i in range(high - low + 1)), date)
