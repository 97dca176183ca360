"""Find the heading of a register laid out as a grid: which row names the pupil, and which column is which session of which day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused
from eswarn.records.readers import naming
from eswarn.records.readers.days import Written, parse, resolve
from eswarn.records.readers.headers import HEADER_WITHIN, squash
from eswarn.records.readers.sheet import Sheet, cell
from eswarn.records.tables import column
from eswarn.words import count as counted

_NEAR = 2  # rows above and below the one that names the pupil in which days and sessions may stand
_MANY_DAYS = 10  # in one row: only a register has that many


@dataclass(frozen=True, slots=True)
class Marks:
    """One column of marks: its place, its day, and its session; "" where it holds a whole day."""

    place: int
    day: dt.date
    session: str


@dataclass(frozen=True, slots=True)
class Heading:
    """Where everything stands in a grid.

    Attributes
    ----------
    pupil, school : int
        Columns of the pupil and of the school; -1 where there is none for the school.
    marks : tuple of Marks
        The columns of marks, by day and session.
    below : int
        Place of the first row below the heading, among the rows of the sheet.
    width : int
        Cells in a whole row.
    """

    pupil: int
    school: int
    marks: tuple[Marks, ...]
    below: int
    width: int
    names: tuple[str, ...]
    notes: tuple[str, ...]


def named(texts: Sequence[str], name: str, facts: DatasetFacts) -> list[int]:
    """The places of the headers that name a column of the attendance table."""
    declared = facts.columns.get("attendance", {}).get(name)
    known = {squash(text) for text in ([declared] if declared else [name, *column("attendance", name).synonyms])}
    return [place for place, text in enumerate(texts) if squash(text) in known]


def looks_like_a_grid(sheet: Sheet, facts: DatasetFacts) -> bool:
    """Whether a row names the pupil and days stand beside it, or one row holds more days than any list of records would."""
    rows = sheet.rows[:HEADER_WITHIN]
    if any(_days_in(row) >= _MANY_DAYS for row in rows):
        return True
    pupils = [(i, places[0]) for i, row in enumerate(rows) if (places := named(row, "pupil_id", facts))]
    return any(_days_in(row) for i, pupil in pupils for row in rows[slice(*_extent(rows, i, pupil=pupil))])


def find_heading(sheet: Sheet, facts: DatasetFacts) -> Heading:
    """Find the heading of a grid.

    Raises
    ------
    FileRefused
        ``missing_column``: no pupil or no school. ``duplicate_header``: two columns are the same pupil, day or session.
        ``wrong_shape``: days that do not exist or are not the weekday they name, or columns that may be one or two
        marks. ``ambiguous_date``: see `days.resolve`.
    """
    row = next((i for i, r in enumerate(sheet.rows[:HEADER_WITHIN]) if named(r, "pupil_id", facts)), -1)
    if row < 0:
        raise _missing("pupil_id", sheet.file, 'or name it:  pupil_id = "…"  under [columns.attendance] in dataset.toml.')
    first, below = _extent(sheet.rows, row, pupil=named(sheet.rows[row], "pupil_id", facts)[0])
    block = sheet.rows[first:below]
    width = max(map(len, block))
    pupil = _one(block, "pupil_id", facts, sheet)
    school = _one(block, "school_id", facts, sheet) if any(named(r, "school_id", facts) for r in block) else -1
    if school < 0 and facts.school is None:
        raise _missing("school_id", sheet.file, 'or add  school = "its number"  at the top of dataset.toml.')
    texts = [" ".join(cell(r, place).strip() for r in block).strip() for place in range(width)]
    told = _columns(texts, skip={pupil, school}, body=sheet.rows[below:])
    marks = _dated(told, sheet, row=int(sheet.numbers[below - 1]), facts=facts)
    used = {pupil, school, *told}
    unread = [naming.named(texts[place], place) for place in range(width) if place not in used and texts[place]]
    notes = [f"{counted(first, 'row')} above the heading not read"] if first else []
    notes += [f"not read: {', '.join(unread[:20])}{' …' if len(unread) > 20 else ''}"] if unread else []
    return Heading(pupil, school, marks, below, width, tuple(texts), tuple(notes))


def _extent(rows: Sequence[Sequence[str]], row: int, *, pupil: int) -> tuple[int, int]:
    """First row of the heading and first row below it, around the row that names the pupil."""
    first, below = row, row + 1
    while first > max(0, row - _NEAR) and _tells_days(rows[first - 1]):
        first -= 1
    while below < min(len(rows), row + 1 + _NEAR) and _tells_days(rows[below]) and not cell(rows[below], pupil).strip():
        below += 1
    return first, below


def _tells_days(row: Sequence[str]) -> bool:
    """Whether a row holds days, weekdays or sessions and, beside them, not more of anything else."""
    filled = [text for text in row if text.strip()]
    told = sum(parse(text) is not None for text in filled)
    return told >= 1 and 2 * told >= len(filled)


def _days_in(row: Sequence[str]) -> int:
    return sum(written is not None and written.numbers is not None for written in map(parse, row))


def _one(block: Sequence[Sequence[str]], name: str, facts: DatasetFacts, sheet: Sheet) -> int:
    found = sorted({place for row in block for place in named(row, name, facts)})
    if len(found) > 1:
        do = f'Delete or rename one of them, or say which to read:  {name} = "…"  under [columns.attendance] in dataset.toml.'
        raise FileRefused("duplicate_header", f"two columns can be read as {name}", where=sheet.file, do=do)
    return found[0]


def _columns(texts: Sequence[str], *, skip: set[int], body: Sequence[Sequence[str]]) -> dict[int, Written]:
    """What each column of marks says of its day; a day stands for the columns to its right that name only a session, or nothing."""
    told: dict[int, Written] = {}
    day: Written | None = None
    for place, text in enumerate(texts):
        written = parse(text) if place not in skip else None
        if written and written.numbers:
            day = written
        elif written and day:
            written = replace(day, session=written.session, weekday=day.weekday if written.weekday is None else written.weekday)
        elif not text and day and place not in skip and any(cell(row, place).strip() for row in body):
            written = replace(day, session="PM")
        else:
            day = written = None
        if written:
            told[place] = written
    return told


def _dated(told: dict[int, Written], sheet: Sheet, *, row: int, facts: DatasetFacts) -> tuple[Marks, ...]:
    """The day and session of each column, in their order."""
    places = list(told)

    def where(i: int) -> str:
        return f"{sheet.file}, row {row}, column {letters(places[i])}"

    if not places:
        do = "Expected the days as headings, such as  2024-09-02 AM  or  Mon 02 Sep."
        raise FileRefused("wrong_shape", "no column is headed by a day", where=sheet.file, do=do)
    days = resolve(list(told.values()), facts=facts, where=where)
    if None in days:
        what, do = "no such day, or not the weekday that is named", "Correct the heading, or the academic_year in dataset.toml."
        raise FileRefused("wrong_shape", what, where=where(days.index(None)), do=do)
    sessions = [written.session for written in told.values()]
    if not all(sessions) and any(sessions):
        sessions = _in_pairs(sessions, days, where=where)
    marks = [Marks(place, day, session) for place, day, session in zip(places, days, sessions, strict=True) if day]
    seen: set[tuple[dt.date, str]] = set()
    for i, mark in enumerate(marks):
        if (mark.day, mark.session) in seen:
            do = "Delete one of the two columns, or correct its heading."
            raise FileRefused("duplicate_header", "this column is headed by the same day as another", where=where(i), do=do)
        seen.add((mark.day, mark.session))
    return tuple(sorted(marks, key=lambda mark: (mark.day, mark.session)))


def _in_pairs(sessions: Sequence[str], days: Sequence[dt.date | None], *, where: Callable[[int], str]) -> list[str]:
    """AM and PM where each day has two columns, of which the first names the day alone."""
    for i, (session, day) in enumerate(zip(sessions, days, strict=True)):
        lone = session == "" and not (sessions[i + 1 : i + 2] == ["PM"] and days[i + 1] == day)
        if lone or session == "AM":
            do = "Head every column of marks by its day and AM or PM, or every column by a day with two marks in it."
            raise FileRefused("wrong_shape", "some days have a column for AM and PM each, others have not", where=where(i), do=do)
    return [session or "AM" for session in sessions]


def letters(place: int) -> str:
    """The name of a column, as a spreadsheet shows it."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name


def _missing(name: str, file: str, do: str) -> FileRefused:
    expected = ", ".join((name, *column("attendance", name).synonyms))
    return FileRefused("missing_column", f"no column for {name}", where=file, do=f"Expected one of: {expected}; {do}")
