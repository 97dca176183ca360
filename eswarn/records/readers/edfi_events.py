"""Read the attendance events of Ed-Fi: what each is called, how long it lasted, and which of them cannot be used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from eswarn.config import DatasetFacts
from eswarn.records.codes import Code, code_table
from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers.edfi_days import Event, Part, is_day, lay_out
from eswarn.records.readers.edfi_words import ATTENDANCE, KEYS, PUPIL, SCHOOL, after_hash, beside, day_of, plain
from eswarn.records.readers.gather import Gathered
from eswarn.records.readers.raw import Raw, rows_in_words
from eswarn.records.readers.strict_json import Record, read_json, text
from eswarn.words import count as counted

_HEADERS = KEYS | {"date": "eventDate", "session": "eventDuration", "code": "attendanceEventCategoryDescriptor"}
_TURNED = {
    "conflict": ("a day whose events contradict each other, or an event at two schools", "Correct the events where they came from."),
    "out_of_range": (
        "lasts neither half a day nor a whole one",
        "Round such events to half days where they come from; a session is half a day.",
    ),
    "wrong_session": (
        "half a day, though the data set is said to hold DAY marks",
        'Write  session = "AM/PM"  at the top of dataset.toml: a whole day then makes two marks.',
    ),
    "nothing_new": ("present, on a day of which other events say more", "Nothing to do."),
}


@dataclass(slots=True)
class Events:
    """The events of a file, those that cannot be used with the rule they break, and how many have no duration."""

    usable: list[Event] = field(default_factory=list)
    broken: list[tuple[str, Event]] = field(default_factory=list)
    assumed: int = 0


def slots(facts: DatasetFacts) -> tuple[str, ...]:
    """The sessions of a day."""
    return ("DAY",) if facts.session == "DAY" else ("AM", "PM")


def attendance(path: Path, facts: DatasetFacts) -> tuple[Raw]:
    """The marks of a file of attendance events; a whole day makes two of them where a day has two halves.

    Raises
    ------
    FileRefused
        As `readers.edfi.read` says.
    """
    events = read_events(path, facts)
    _refuse_no_denominator(path, events, facts)
    gathered = Gathered(path, "attendance", _HEADERS)
    layout = lay_out(events.usable, slots=slots(facts))
    for event, sessions in layout.slots.items():
        for session in sessions:
            row = {"pupil_id": event.pupil, "school_id": event.school, "date": event.day, "code": event.code, "session": session}
            gathered.add(event.number, row)
    broken = [*events.broken, *(("conflict", e) for e in layout.conflicts), *(("wrong_session", e) for e in layout.halves)]
    for rule, event in [*broken, *(("nothing_new", e) for e in layout.idle)]:
        what, do = _TURNED[rule]
        gathered.turn_away(rule, event.number, what=what, do=do, rows=min(event.halves, len(slots(facts))))
    notes = [f"{counted(events.assumed, 'absence')} without eventDuration: taken to last the whole day"] if events.assumed else []
    if len(slots(facts)) > 1:
        notes.append("events do not say which half of the day: half a day of absence is put in the morning")
    return (gathered.raw(facts, notes=notes, harmless=("nothing_new",)),)


def read_events(path: Path, facts: DatasetFacts) -> Events:
    """The events of one file, one by one, before any is set against another."""
    table = {row.code: row for row in code_table(facts.profile).rows}
    events = Events()
    unknown: list[int] = []
    number = 0

    def keep(record: Record) -> None:
        nonlocal number
        number += 1
        code = _code(record, facts)
        if not code:
            unknown.append(number)
            return
        where = f"{shown(path.name)}, row {number}"
        event, halves = _event(record, number, code=code, part=_part(table[facts.codes.map.get(code, code)]), where=where)
        if facts.marks == "absences" and not (event.pupil and event.school and is_day(event.day)):
            what = "an event without a pupil, a school or a date, so that no day without one can be taken for a day of presence"
            raise FileRefused("missing_value", what, where=where, do="Save the events again, whole.")
        events.assumed += event.part == "absent" and not text(record, "eventDuration")
        elsewhere = text(record, "sessionReference", "schoolId")
        if halves not in {1, 2}:
            events.broken.append(("out_of_range", event))
        elif elsewhere and event.school and elsewhere != event.school:
            events.broken.append(("conflict", event))
        else:
            events.usable.append(event)

    read_json(path, keep)
    if unknown:
        what = f"{counted(len(unknown), 'event')} with a category that is in no list of categories"
        do = 'Add  "its text after the #" = "EA"  (or the code it stands for) under [codes.map] in dataset.toml'
        do += "." if facts.profile == "us" else '; for the categories of Ed-Fi itself add  profile = "us"  at the top.'
        raise FileRefused("unknown_code", what, where=f"{shown(path.name)}, {rows_in_words(np.array(unknown))}", do=do)
    return events


def _event(record: Record, number: int, *, code: str, part: Part, where: str) -> tuple[Event, float]:
    """The event of a record, and the halves of a day it says it lasted."""
    day = day_of(text(record, "eventDate"))
    halves = _halves(text(record, "eventDuration")) if part in {"absent", "present"} else 1
    do = "Save attendance events with eventDate, and with eventDuration in days (0.5 or 1)."
    if not day and (text(record, "arrivalTime") or text(record, "departureTime")):
        raise FileRefused("wrong_shape", "an event with times and no date", where=where, do=do)
    if halves is None or halves > 2:
        raise FileRefused("wrong_shape", "an event that lasts more than a day, or no time at all", where=where, do=do)
    session = f"{text(record, 'sessionReference', 'schoolYear')} {text(record, 'sessionReference', 'sessionName')}"
    return Event(number, text(record, *PUPIL), text(record, *SCHOOL), day, session, code, part, max(1, int(halves))), halves


def _code(record: Record, facts: DatasetFacts) -> str:
    """A local word of ``[codes.map]``, or the code that an Ed-Fi category stands for; empty for neither."""
    written = after_hash(text(record, "attendanceEventCategoryDescriptor"))
    if written in facts.codes.map:
        return written
    return ATTENDANCE.get(plain(written), "") if facts.profile == "us" else ""


def _part(row: Code) -> Part:
    if row.code == "ED":
        return "early"
    return "absent" if row.category != "attended" else "late" if row.late else "present"


def _halves(written: str) -> float | None:
    """How many halves of a day: 2 where nothing is written, None for what is no number above 0."""
    if not written:
        return 2
    is_number = re.fullmatch(r"[0-9]{0,6}(?:\.[0-9]{0,20})?", written) and re.search("[1-9]", written)
    return 2 * float(written) if is_number else None


def _refuse_no_denominator(path: Path, events: Events, facts: DatasetFacts) -> None:
    every = [*events.usable, *(event for _, event in events.broken)]
    if facts.marks == "all" and (not every or any(event.part == "present" for event in every)):
        return
    needed: Sequence[tuple[str, str]] = (("calendarDates", "calendar"), ("studentSchoolAssociations", "associations"))
    missing = [name for name, kind in needed if not beside(path, kind)]
    if facts.marks == "absences" and not missing:
        return
    todo = [f"save {' and '.join(missing)} in the same folder"] if missing else []
    if facts.marks == "all":
        todo.append('if a day without an event is a day of presence, add  marks = "absences"  at the top of dataset.toml')
    do = "; ".join(todo)
    what = "only absences are here, so rates cannot be computed without the days on which pupils could have attended"
    raise FileRefused("no_denominator", what, where=shown(path.name), do=f"{do[0].upper()}{do[1:]}.")
