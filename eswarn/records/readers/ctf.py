"""Read a Common Transfer File, which goes with a pupil to the next school: the marks of the old one, or its totals."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from eswarn.config import DatasetFacts
from eswarn.records.codes import code_table
from eswarn.records.ledger import FileRefused, Rejection, shown
from eswarn.records.readers.ctf_marks import Mark, Meanings, Run, Totals, Why, dated, last_day_of_school_year
from eswarn.records.readers.ctf_xml import Pupil, Year, is_ctf, pupils
from eswarn.records.readers.peek import Peek
from eswarn.records.readers.raw import Cells, Ints, Numbering, Raw
from eswarn.records.rules import DO
from eswarn.records.upn import check_letter_holds, looks_like_upn

NAME = "Common Transfer File (XML)"
_KNOWN_VERSION = 25
_NO_YEAR = "X"  # in NCyearActual: the pupil follows no year group
_SESSIONS = ("AM", "PM")
_WHO = ("pupil_id", "school_id", "recorded_on")
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T.{0,40})?")
_FIRST, _LAST = dt.date(1990, 1, 1), dt.date(2040, 7, 31)
_CORRECT = "Ask the sender for a corrected file, or leave the pupil out."
_DAMAGED = Why("damaged_identifier", "UPN: fails its check letter", DO["damaged_identifier"])
_NO_START = Why("missing_value", "no day, or none that can be read, on which the year's attendance starts", _CORRECT)
_NO_TOTALS = Why("missing_value", "marks without SessionsPossible and SessionsAttended, which prove their dates", _CORRECT)
_TOO_EARLY = Why("ends_too_early", "attendance that starts after the file was made", DO["ends_too_early"])
_OVER = Why("totals_do_not_match", "more sessions attended and absent than were possible", _CORRECT)
_HEADERS = {
    "pupil_id": "UPN", "school_id": "LEA, Estab", "recorded_on": "DateTime", "date": "AttendanceStartDate", "session": "AttendanceMarks",
    "code": "AttendanceMarks", "starts_on": "AttendanceStartDate", "ends_on": "DateTime", "possible": "SessionsPossible",
    "authorised": "SessionsAuthorised", "unauthorised": "SessionsUnauthorised", "valid_from": "DateTime", "sex": "Sex",
    "year_group": "NCyearActual",
}  # fmt: skip


def fits(peek: Peek, facts: DatasetFacts) -> bool:
    """Whether an XML file opens with ``CTfile``."""
    return peek.kind == "xml" and is_ctf(peek.text(facts))


def read(path: Path, *, facts: DatasetFacts) -> Sequence[Raw]:
    """Read one Common Transfer File.

    Rows are counted by pupil: row 1 is the first pupil of the file. A pupil's year at a school gives either its marks or,
    where they cannot be dated or believed, one row of ``term_totals``. The school is the one the year was spent at; year
    group and sex hold from the day the file was made, at the school that sent it. Names, addresses and notes are passed over
    by the parser.

    Parameters
    ----------
    path : Path
        An XML file.

    Returns
    -------
    sequence of Raw
        ``attendance``, ``term_totals`` and ``context``, those that have anything in them.

    Raises
    ------
    FileRefused
        What `readers.ctf_xml.pupils` refuses, and a file without any pupil (``wrong_shape``).
    """
    meanings = Meanings(code_table(facts.profile), local=facts.codes.map)
    tables = _Tables()
    header: dict[str, str] = {}
    for pupil in pupils(path):
        header = pupil.header
        made_on = _day(header.get("made", ""))
        upn = pupil.told.get("upn", "")
        wrong = _DAMAGED if looks_like_upn(upn) and not check_letter_holds(upn) else None
        for year in pupil.years:
            _add_year(tables, pupil, year, made_on=made_on, wrong=wrong, meanings=meanings)
        _add_context(tables, pupil, made_on=made_on, wrong=wrong)
    found = [raw for table in tables.all if (raw := table.raw(shown(path.name)))]
    if not found:
        what = "no pupil in it has attendance, a year group or a sex" if header else "there is no pupil in it"
        raise FileRefused("wrong_shape", what, where=shown(path.name), do="Export it again, or remove it from the folder.")
    return [replace(found[0], notes=_notes(header)), *found[1:]]


def _notes(header: dict[str, str]) -> tuple[str, ...]:
    notes = ["rows are counted by pupil: row 1 is the first pupil of the file"]
    version = re.match("[0-9]{1,4}", header.get("version", ""))
    if version and int(version[0]) > _KNOWN_VERSION:
        notes.append(f"version {int(version[0])} of the Common Transfer File is newer than {_KNOWN_VERSION}, the newest that is known here")
    if _day(header.get("made", "")) is None:
        notes.append("no DateTime that can be read: year groups are not kept, and when the marks became known is not told")
    return tuple(notes)


def _day(text: str) -> dt.date | None:
    match = _DATE.fullmatch(text.strip())
    try:
        day = dt.date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None
    return day if day and _FIRST <= day <= _LAST else None


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,6}", text) else None


def _add_year(tables: _Tables, pupil: Pupil, year: Year, *, made_on: dt.date | None, wrong: Why | None, meanings: Meanings) -> None:
    """The marks of a year; its totals where there are no marks to be had."""
    told = year.told
    who = {"pupil_id": pupil.told.get("upn", ""), "school_id": told.get("lea", "") + told.get("estab", ""), "recorded_on": _iso(made_on)}
    signs, marks = _marks(year, made_on=made_on, meanings=meanings)
    if isinstance(marks, list) and not wrong:
        days = [dt.date.fromordinal(mark.day).isoformat() for mark in marks]
        sessions, codes = [_SESSIONS[mark.session] for mark in marks], [mark.sign for mark in marks]
        tables.attendance.add(pupil.place, len(marks), **who, date=days, session=sessions, code=codes)
    elif why := wrong or (marks if isinstance(marks, Why) else None):
        tables.attendance.turn_away(why, signs, pupil.place)
    if not isinstance(marks, list) and {"possible", "authorised", "unauthorised"} & told.keys():
        start = min((day for run in year.runs if (day := _day(run.get("start", "")))), default=None)
        why = wrong or _why_no_totals(told, start, made_on)
        if why or start is None:
            tables.term_totals.turn_away(why or _NO_START, 1, pupil.place)
        else:
            end = min(last_day_of_school_year(start), made_on or _LAST)
            counts = {name: told.get(name, "") for name in ("possible", "authorised", "unauthorised")}
            tables.term_totals.add(pupil.place, 1, **who, starts_on=_iso(start), ends_on=_iso(end), **counts)


def _marks(year: Year, *, made_on: dt.date | None, meanings: Meanings) -> tuple[int, list[Mark] | Why | None]:
    """How many marks there are, and the marks on their dates, or why they have none; None where there are none."""
    texts = [_marks_text(run.get("marks", "")) for run in year.runs]
    signs = sum(len(text) - text.count(" ") - text.count("-") for text in texts)
    if not signs:
        return 0, None
    starts = [_day(run.get("start", "")) for run in year.runs]
    runs = [Run(start, text) for start, text in zip(starts, texts, strict=True) if start and text]
    possible, attended = _count(year.told.get("possible", "")), _count(year.told.get("attended", ""))
    if len(runs) < sum(map(bool, texts)):
        return signs, _NO_START
    if possible is None or attended is None:
        return signs, _NO_TOTALS
    return signs, dated(runs, Totals(possible, attended, made_on), meanings)


def _marks_text(text: str) -> str:
    """Marks without what a writer may have put around them; a space before the first mark is a session without one."""
    return text.strip() if "\n" in text else text.rstrip()


def _why_no_totals(told: dict[str, str], start: dt.date | None, made_on: dt.date | None) -> Why | None:
    possible, *others = (_count(told.get(name, "")) for name in ("possible", "authorised", "unauthorised", "attended"))
    if start and made_on and made_on < start:
        return _TOO_EARLY
    return _OVER if possible is not None and sum(filter(None, others)) > possible else None


def _add_context(tables: _Tables, pupil: Pupil, *, made_on: dt.date | None, wrong: Why | None) -> None:
    """Year group and sex, as they were on the day the file was made."""
    year_group, sex = pupil.told.get("year_group", ""), pupil.told.get("sex", "")
    if made_on and (year_group or sex):
        if wrong:
            tables.context.turn_away(wrong, 1, pupil.place)
            return
        school = pupil.header.get("lea", "") + pupil.header.get("estab", "")
        year_group = "" if year_group.upper() == _NO_YEAR else year_group
        who = {"pupil_id": pupil.told.get("upn", ""), "school_id": school, "recorded_on": _iso(made_on)}
        tables.context.add(pupil.place, 1, **who, valid_from=_iso(made_on), year_group=year_group, sex=sex)


def _iso(day: dt.date | None) -> str:
    return day.isoformat() if day else ""


class _Rows:
    """One table as it grows: each distinct text of a column once, the rows as places among them."""

    def __init__(self, table: str, *columns: str) -> None:
        self.table = table
        self.texts: dict[str, dict[str, int]] = {name: {} for name in (*_WHO, *columns)}
        self.index: dict[str, list[Ints]] = {name: [] for name in self.texts}
        self.numbers: list[Ints] = []
        self.turned: dict[Why, list[tuple[int, int]]] = {}

    def add(self, place: int, rows: int, **columns: str | list[str]) -> None:
        """Add rows of one pupil; a column given as one text holds it in all of them."""
        self.numbers.append(np.full(rows, place, np.int32))
        for name, given in columns.items():
            texts = self.texts[name]
            if isinstance(given, str):
                self.index[name].append(np.full(rows, texts.setdefault(given, len(texts)), np.int32))
            else:
                self.index[name].append(np.fromiter((texts.setdefault(text, len(texts)) for text in given), np.int32, rows))

    def turn_away(self, why: Why, rows: int, place: int) -> None:
        """Count rows of one pupil as rejected."""
        if rows:
            self.turned.setdefault(why, []).append((rows, place))

    def raw(self, file: str) -> Raw | None:
        """The table, if there is anything in it."""
        if not self.numbers and not self.turned:
            return None
        columns = {
            name: Cells(_HEADERS[name], tuple(texts), np.concatenate([np.zeros(0, np.int32), *self.index.pop(name)]))
            for name, texts in self.texts.items()
            if name != "recorded_on" or any(texts)
        }
        rejections = [
            Rejection(
                why.rule, sum(rows for rows, _ in turned), tuple(dict.fromkeys(place for _, place in turned))[:5], "", why.what, why.do
            )
            for why, turned in self.turned.items()
        ]
        numbers = np.concatenate([np.zeros(0, np.int32), *self.numbers])
        return Raw(
            file, self.table, columns, len(numbers), Numbering(1, np.zeros(0, np.int64), numbers), len(columns), (), tuple(rejections)
        )


class _Tables:
    """The tables that a file may give."""

    def __init__(self) -> None:
        self.attendance = _Rows("attendance", "date", "session", "code")
        self.term_totals = _Rows("term_totals", "starts_on", "ends_on", "possible", "authorised", "unauthorised")
        self.context = _Rows("context", "valid_from", "year_group", "sex")
        self.all = (self.attendance, self.term_totals, self.context)
