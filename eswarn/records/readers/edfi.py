"""Read Ed-Fi (United States): attendance events, school calendars, enrolments, discipline; JSON arrays or JSON Lines.

One resource a file, several of them in a folder. Where only absences are kept (``marks = "absences"`` in dataset.toml), the open
days of an enrolment without an event become marks of presence; they are rows of the file with the enrolments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers import edfi_discipline
from eswarn.records.readers.edfi_days import EVERY, Calendars, Fill, Stay, fill, lay_out, occupied
from eswarn.records.readers.edfi_events import attendance, read_events, slots
from eswarn.records.readers.edfi_words import CLOSED_DAY, GRADES, KEYS, OPEN_DAY, PUPIL, SCHOOL, after_hash, beside, day_of, plain, resource
from eswarn.records.readers.gather import COUNTED, Gathered
from eswarn.records.readers.peek import Peek
from eswarn.records.readers.raw import Cells, Numbering, Raw
from eswarn.records.readers.strict_json import HEAD, Record, listed, names, read_json, text
from eswarn.words import count as counted

NAME = "Ed-Fi"
_CALENDAR = {"school_id": "schoolId", "date": "date", "session": "date", "open": "calendarEventDescriptor"}
_ENROLMENT = KEYS | {"entered_on": "entryDate", "left_on": "exitWithdrawDate"}
_CONTEXT = KEYS | {"valid_from": "entryDate", "year_group": "entryGradeLevelDescriptor"}


def fits(peek: Peek, facts: DatasetFacts) -> bool:  # noqa: ARG001 - as every reader
    """Whether the members that the file begins with are those of a resource that is read."""
    return peek.kind == "json" and bool(resource(names(peek.head)))


def read(path: Path, *, facts: DatasetFacts) -> Sequence[Raw]:
    """Read one resource; nothing from discipline incidents, which only give the associations their dates.

    Raises
    ------
    FileRefused
        See `read_json`; or a descriptor is in no list (``unknown_code``), an event lasts over a day or has times and no date
        (``wrong_shape``), these are marks of lessons (``not_marks``), or only absences are there and nothing that says which
        days there could have been (``no_denominator``).
    """
    with path.open("rb") as file:
        kind = resource(names(file.read(HEAD)))
    if kind == "sections":
        do = "Save studentSchoolAttendanceEvents; eswarn reads no lesson marks."
        raise FileRefused("not_marks", "these are attendance events of lessons (sections)", where=shown(path.name), do=do)
    if kind == "incidents":
        return ()
    if kind not in _READ:
        do = "Save one resource of the Ed-Fi API a file, just as it comes."
        raise FileRefused("wrong_shape", "none of the resources that are read", where=shown(path.name), do=do)
    return _READ[kind](path, facts)


def _calendar(path: Path, facts: DatasetFacts) -> tuple[Raw]:
    gathered = Gathered(path, "calendar", _CALENDAR)
    for number, (school, _, day, is_open) in enumerate(_dates(path, facts), start=1):
        if is_open is None:
            do = "Correct the events of that date where they came from."
            what = "a date without a calendar event, or with one that is open and one that is not"
            gathered.turn_away("conflict", number, what=what, do=do, column="calendarEvents")
            continue
        for slot in slots(facts):
            gathered.add(number, {"school_id": school, "date": day, "session": slot, "open": "true" if is_open else "false"})
    return (gathered.raw(facts),)


def _dates(path: Path, facts: DatasetFacts) -> list[tuple[str, str, str, bool | None]]:
    """School, calendar, day and whether it is open (None where that is in doubt), of each record of calendarDates."""
    number = 0

    def keep(record: Record) -> tuple[str, str, str, bool | None]:
        nonlocal number
        number += 1
        told = {_is_open(text(event, "calendarEventDescriptor"), facts) for event in listed(record, "calendarEvents")}
        if None in told:
            do = 'Add  "its text after the #" = "P"  for an open day, or = "#" for a closed one, under [codes.map] in dataset.toml.'
            where = f"{shown(path.name)}, row {number}"
            raise FileRefused("unknown_code", "a calendar event that is in no list of calendar events", where=where, do=do)
        school, calendar = text(record, "calendarReference", "schoolId"), text(record, "calendarReference", "calendarCode")
        return school, calendar, day_of(text(record, "date")), told.pop() if len(told) == 1 else None

    return read_json(path, keep).records


def _is_open(descriptor: str, facts: DatasetFacts) -> bool | None:
    mapped = facts.codes.map.get(after_hash(descriptor))
    if mapped is not None:
        return mapped not in {"#", "-"}
    return True if plain(descriptor) in OPEN_DAY else False if plain(descriptor) in CLOSED_DAY else None


def _associations(path: Path, facts: DatasetFacts) -> tuple[Raw, ...]:
    enrolment, context = Gathered(path, "enrolment", _ENROLMENT), Gathered(path, "context", _CONTEXT)
    stays: list[Stay] = []

    def keep(record: Record) -> None:
        number = len(stays) + 1
        pupil, school = text(record, *PUPIL), text(record, *SCHOOL)
        who = {"pupil_id": pupil, "school_id": school}
        entered, withdrawn = day_of(text(record, "entryDate")), day_of(text(record, "exitWithdrawDate"))
        stays.append(Stay(number, pupil, school, entered, withdrawn, text(record, "calendarReference", "calendarCode")))
        enrolment.add(number, who | {"entered_on": entered, "left_on": withdrawn})
        grade = plain(text(record, "entryGradeLevelDescriptor"))
        if grade in GRADES:
            context.add(number, who | {"valid_from": entered, "year_group": str(GRADES[grade])})
        elif grade:
            do = "Nothing to do if the grade is none from prekindergarten to 13; else use Ed-Fi's own word for it."
            context.turn_away(
                "unknown_code", number, what="a grade that is in no list of grades", do=do, column="entryGradeLevelDescriptor"
            )

    read_json(path, keep)
    raws = [enrolment.raw(facts)] + ([context.raw(facts)] if context.numbers or context.turned else [])
    events = beside(path, "events")
    if facts.marks == "absences" and events:
        raws.append(_present(path, _overlapping(stays), events, facts))
    return tuple(raws)


def _overlapping(stays: Sequence[Stay]) -> list[Stay]:
    times: dict[tuple[str, str], int] = {}
    for stay in stays:
        times[stay.pupil, stay.school] = times.get((stay.pupil, stay.school), 0) + 1
    return [stay._replace(overlaps=times[stay.pupil, stay.school] > 1) for stay in stays]


def _present(path: Path, stays: Sequence[Stay], events: Sequence[Path], facts: DatasetFacts) -> Raw:
    """Marks of presence for the open sessions of each stay without an event."""
    try:
        found = [read_events(file, facts) for file in events]
        calendars: dict[tuple[str, str], dict[str, bool]] = {}
        for file in beside(path, "calendar"):
            for school, calendar, day, is_open in _dates(file, facts):
                mine = calendars.setdefault((school, calendar), {})
                mine[day] = bool(is_open) and mine.get(day, True)
    except FileRefused as error:
        do = "See what is said of the other file."
        what = "days of presence cannot be told while attendance events or calendar dates are refused"
        raise FileRefused(error.rule, what, where=shown(path.name), do=do) from None
    taken = occupied(lay_out(one.usable, slots=slots(facts)) for one in found)
    taken |= {event.place: set(EVERY) for one in found for _, event in one.broken}
    last = facts.observed_to["attendance"].isoformat() if "attendance" in facts.observed_to else max((d for *_, d in taken), default="")
    filled = fill(stays, Calendars(calendars), taken=taken, until=last, slots=slots(facts))
    raw = _marks(path, filled, facts)
    note = f"{counted(raw.rows, 'session')} of open days without an event, up to {last or 'no day'}: taken as present"
    notes = (
        COUNTED,
        note,
        *([f"{counted(filled.without, 'enrolment')} without dates or calendar: nothing filled in"] * bool(filled.without)),
    )
    return replace(raw, notes=notes)


def _marks(path: Path, filled: Fill, facts: DatasetFacts) -> Raw:
    rows = len(filled.number)
    columns = {
        "pupil_id": Cells(KEYS["pupil_id"], filled.pupils, filled.pupil),
        "school_id": Cells(KEYS["school_id"], filled.schools, filled.school),
        "date": Cells("date", filled.days, filled.day),
        "session": Cells("session", slots(facts), filled.slot),
        "code": Cells("present", ("P",), np.zeros(rows, np.int32)),
    }
    return Raw(shown(path.name), "attendance", columns, rows, Numbering(1, np.zeros(0, np.int64), filled.number), len(columns))


_READ: Mapping[str, Callable[[Path, DatasetFacts], tuple[Raw, ...]]] = {
    "events": attendance,
    "calendar": _calendar,
    "associations": _associations,
    "behaviour": edfi_discipline.behaviour,
    "actions": edfi_discipline.suspensions,
}
