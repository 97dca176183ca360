"""Put the attendance events of Ed-Fi on the halves of their day, and find the days of an enrolment that have none.

An event says how long it lasted, not which half of the day it was: absences take the morning first, lateness the morning,
leaving early the afternoon.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Part = Literal["absent", "late", "early", "present"]
Place = tuple[str, str, str]  # pupil, school, day
EVERY = frozenset({"AM", "PM", "DAY"})


class Event(NamedTuple):
    """One attendance event: the number of its record, whom and when, what it is called, and how many halves it lasted."""

    number: int
    pupil: str
    school: str
    day: str
    session: str
    code: str
    part: Part
    halves: int

    @property
    def place(self) -> Place:
        """Pupil, school and day."""
        return self.pupil, self.school, self.day


class Stay(NamedTuple):
    """A pupil on roll: from the first day until before the day of withdrawal, by the calendar of that name."""

    number: int
    pupil: str
    school: str
    entered: str
    withdrawn: str
    calendar: str
    overlaps: bool = False  # with another stay of the pupil at the school


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the events of one file stand.

    Attributes
    ----------
    slots : dict of Event to tuple of str
        The sessions that each event takes.
    conflicts, halves, idle : list of Event
        Events that contradict others, that last half of a day where days are not divided, and that add nothing to the others.
    """

    slots: dict[Event, tuple[str, ...]] = field(default_factory=dict)
    conflicts: list[Event] = field(default_factory=list)
    halves: list[Event] = field(default_factory=list)
    idle: list[Event] = field(default_factory=list)


def lay_out(events: Sequence[Event], *, slots: Sequence[str]) -> Layout:
    """Give every event its sessions; the outcome does not depend on the order of the events.

    Parameters
    ----------
    events : sequence of Event
        Of one file.
    slots : sequence of str
        The sessions of a day: ``AM`` and ``PM``, or ``DAY``.
    """
    layout = Layout()
    schools: dict[tuple[str, str, str, str], set[str]] = {}
    days: dict[Place, list[Event]] = {}
    for event in events:
        schools.setdefault((event.pupil, event.day, event.session, event.code), set()).add(event.school)
        days.setdefault(event.place, []).append(event)
    for several in days.values():
        if any(len(schools[e.pupil, e.day, e.session, e.code]) > 1 for e in several):
            layout.conflicts.extend(several)
        else:
            _one_day(several, layout, slots)
    return layout


def _one_day(events: Sequence[Event], layout: Layout, slots: Sequence[str]) -> None:
    copies: dict[tuple[str, Part, int], list[Event]] = {}  # an event told twice takes its sessions once
    for event in events:
        copies.setdefault((event.code, event.part, event.halves), []).append(event)
    told = sorted(copies)
    whole = 2 // len(slots)  # halves that one slot holds
    if len(slots) == 1 and any(part == "absent" and halves == 1 for _, part, halves in told):
        layout.halves.extend(events)
        return
    absent = [key for key in told if key[1] == "absent"]
    if len({code for code, _, _ in told}) < len(told) or sum(key[2] for key in absent) > 2:
        layout.conflicts.extend(events)
        return
    free = list(slots)
    taken: dict[tuple[str, Part, int], tuple[str, ...]] = {}
    for key in absent:
        n = key[2] // whole
        taken[key], free = tuple(free[:n]), free[n:]
    if not free and len(absent) < len(told):
        layout.conflicts.extend(events)
        return
    for part, place in (("late", 0), ("early", -1)):
        for key in (key for key in told if key[1] == part):
            taken[key] = (free.pop(place),) if free else ()
    for key in (key for key in told if key[1] == "present"):
        n = key[2] // whole or 1
        taken[key], free = tuple(free[:n]), free[n:]
    for key, sessions in taken.items():
        for event in copies[key]:
            if sessions:
                layout.slots[event] = sessions
            else:
                layout.idle.append(event)


def occupied(layouts: Iterable[Layout]) -> dict[Place, set[str]]:
    """The sessions that events take, over several files; all of a day that is in doubt or that two files tell of."""
    found: dict[Place, set[str]] = {}
    for layout in layouts:
        mine: dict[Place, set[str]] = {}
        for event, slots in layout.slots.items():
            mine.setdefault(event.place, set()).update(slots)
        for event in (*layout.conflicts, *layout.halves):
            mine[event.place] = set(EVERY)
        for place, sessions in mine.items():
            found[place] = set(EVERY) if place in found else sessions
    return found


@dataclass(frozen=True, slots=True)
class Calendars:
    """The days of each school and calendar, open or not."""

    days: Mapping[tuple[str, str], Mapping[str, bool]]

    def open_days(self, school: str, name: str) -> npt.NDArray[np.str_] | None:
        """The open days in order; of a pupil without a calendar those on which no calendar of the school is closed."""
        if name:
            mine = self.days.get((school, name))
            return None if mine is None else _sorted(day for day, is_open in mine.items() if is_open)
        every = [days for (of, _), days in self.days.items() if of == school]
        shut = {day for days in every for day, is_open in days.items() if not is_open}
        return _sorted({day for days in every for day, is_open in days.items() if is_open} - shut) if every else None


@dataclass(frozen=True, slots=True)
class Fill:
    """Sessions without an event, as columns of places in ``pupils``, ``schools`` and ``days``; ``number`` is that of the stay."""

    pupils: tuple[str, ...]
    schools: tuple[str, ...]
    days: tuple[str, ...]
    number: npt.NDArray[np.int64]
    pupil: npt.NDArray[np.int32]
    school: npt.NDArray[np.int32]
    day: npt.NDArray[np.int32]
    slot: npt.NDArray[np.int32]
    without: int


def fill(stays: Sequence[Stay], calendars: Calendars, *, taken: Mapping[Place, set[str]], until: str, slots: Sequence[str]) -> Fill:
    """Find the sessions of each stay, up to and including a day, that its school was open and no event takes.

    Stays without a first day, or whose calendar is not there, are left out and counted in ``without``.
    """
    places = _Places(), _Places(), _Places()
    by_pupil: dict[tuple[str, str], dict[str, set[str]]] = {}
    for (pupil, school, day), sessions in taken.items():
        by_pupil.setdefault((pupil, school), {})[day] = sessions
    kept: dict[tuple[str, str], npt.NDArray[np.str_] | None] = {}
    parts: list[tuple[Stay, npt.NDArray[np.int32], npt.NDArray[np.int32]]] = []
    seen: dict[tuple[str, str], dict[str, set[str]]] = {}
    for stay in stays:
        calendar = stay.school, stay.calendar
        if calendar not in kept:
            kept[calendar] = calendars.open_days(*calendar)
        open_days, pupil_at = kept[calendar], (stay.pupil, stay.school)
        if open_days is None or not is_day(stay.entered) or (stay.withdrawn and not is_day(stay.withdrawn)):
            continue
        last = int(np.searchsorted(open_days, until, side="right"))
        last = min(last, int(np.searchsorted(open_days, stay.withdrawn))) if stay.withdrawn else last
        days = open_days[int(np.searchsorted(open_days, stay.entered)) : last]
        free = np.ones((len(days), len(slots)), np.bool_)
        for known in (by_pupil.get(pupil_at, {}), seen.get(pupil_at, {})):
            for day in known:
                row = int(np.searchsorted(days, day))
                if row < len(days) and days[row] == day:
                    free[row] &= np.array([slot not in known[day] for slot in slots])
        if stay.overlaps:
            seen.setdefault(pupil_at, {}).update((day, set(slots)) for day in days.tolist())
        rows, which = np.nonzero(free)
        day_places = np.array([places[2][day] for day in days.tolist()], np.int32)
        parts.append((stay, day_places[rows], which.astype(np.int32)))
    sizes = np.array([len(day) for _, day, _ in parts], np.int64)
    none = np.zeros(0, np.int32)
    return Fill(
        number=np.repeat(np.array([stay.number for stay, _, _ in parts], np.int64), sizes),
        pupil=np.repeat(np.array([places[0][stay.pupil] for stay, _, _ in parts], np.int32), sizes),
        school=np.repeat(np.array([places[1][stay.school] for stay, _, _ in parts], np.int32), sizes),
        day=np.concatenate([none, *(day for _, day, _ in parts)]),
        slot=np.concatenate([none, *(slot for _, _, slot in parts)]),
        pupils=tuple(places[0]),
        schools=tuple(places[1]),
        days=tuple(places[2]),
        without=len(stays) - len(parts),
    )


class _Places(dict[str, int]):
    """Texts in the order in which they were first asked for."""

    def __missing__(self, text: str) -> int:
        self[text] = len(self)
        return self[text]


def _sorted(days: Iterable[str]) -> npt.NDArray[np.str_]:
    return np.array(sorted(day for day in days if is_day(day)), np.str_)


def is_day(text: str) -> bool:
    """Whether a text is a day of the calendar, written YYYY-MM-DD."""
    try:
        return bool(re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text) and dt.date.fromisoformat(text))
    except ValueError:
        return False
