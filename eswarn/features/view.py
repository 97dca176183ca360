"""What a measure may look at: one cohort on one as-of date, with everything known before it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np

from eswarn.cohort.roll import Cohort
from eswarn.features import bits
from eswarn.features.bits import Words
from eswarn.features.register import POSSIBLE, Register, SessionSet
from eswarn.features.windows import When, Window
from eswarn.records.arrays import Bools, Floats, Ints
from eswarn.records.facts import Facts


class View:
    """A cohort with its register, its windows and its events; asked by measures, changed by none.

    Parameters
    ----------
    cohort : Cohort
        Pupils on roll on one as-of date.
    sets : iterable of SessionSet
        What the register will be asked for.
    """

    def __init__(self, cohort: Cohort, sets: Iterable[SessionSet] = ()) -> None:
        self.cohort = cohort
        self._sets = tuple(sets)
        self._placed: dict[str, Ints] = {}
        self._bounds: dict[Window, tuple[Ints, Ints]] = {}
        self._masks: dict[tuple[Window, When | None], Words] = {}
        self._counts: dict[tuple[SessionSet, Window, When | None], Ints] = {}
        self._weeks: dict[tuple[SessionSet, Window], Ints] = {}

    def __len__(self) -> int:
        return len(self.cohort)

    @cached_property
    def register(self) -> Register:
        """The register of the cohort as bit planes."""
        return Register(self.cohort, self._sets)

    @cached_property
    def schools(self) -> tuple[Ints, Ints]:
        """The schools of the cohort, ascending, and the place of each pupil's school among them."""
        return np.unique(self.cohort.school, return_inverse=True)

    def bounds(self, window: Window) -> tuple[Ints, Ints]:
        """First day and day after the last, one for each pupil."""
        start, end = self._school_bounds(window)
        return start[self.cohort.school], end[self.cohort.school]

    def _school_bounds(self, window: Window) -> tuple[Ints, Ints]:
        if window not in self._bounds:
            self._bounds[window] = window.bounds(self.cohort.calendar)
        return self._bounds[window]

    def mask(self, window: Window, when: When | None = None) -> Words:
        """Sessions of a window as bits, shape (words, schools of the cohort)."""
        if (window, when) not in self._masks:
            which, _ = self.schools
            start, end = (bound[which] for bound in self._school_bounds(window))
            narrowed = when.sessions(self.cohort.calendar)[which] if when else None
            self._masks[window, when] = self.register.mask(start, end, sessions=narrowed)
        return self._masks[window, when]

    def count(self, wanted: SessionSet, window: Window, when: When | None = None) -> Ints:
        """Sessions of a set inside a window, all of them or some; one number a pupil."""
        key = (wanted, window, when)
        if key not in self._counts:
            found = np.zeros(len(self), np.int64)
            bits.count(self.register.plane(wanted), self.mask(window, when), self.schools[1], found)
            self._counts[key] = found
        return self._counts[key]

    def runs(self, wanted: SessionSet, window: Window) -> tuple[Floats, Floats, Floats]:
        """Longest run, run at the end of the window, and number of runs, in possible sessions.

        A run goes on over weekends, closures and sessions without a mark or not possible; a possible session outside the set
        ends it. NaN where the window holds no possible session.
        """
        found = tuple(np.zeros(len(self), np.int64) for _ in range(3))
        planes = self.register.plane(wanted), self.register.plane(POSSIBLE)
        bits.runs(*planes, self.mask(window), self.schools[1], *found)
        longest, current, spells = (np.where(part < 0, np.nan, part) for part in found)
        return longest, current, spells

    def by_week(self, wanted: SessionSet, window: Window) -> Ints:
        """Sessions of a set inside a window, week by week from Monday to Sunday, shape (pupils, weeks); oldest first."""
        if (wanted, window) not in self._weeks:
            week = (self.register.days + 3) // 7  # 1970-01-01 was a Thursday
            edges = np.append(np.flatnonzero(np.diff(week, prepend=-1)), len(week))
            held = np.asarray(self.mask(window).any(axis=1))
            inside = [k for k in range(len(edges) - 1) if held[edges[k] // 64 : (edges[k + 1] - 1) // 64 + 1].any()]
            edges = edges[inside[0] : inside[-1] + 2] if inside else edges[:0]
            found = np.zeros((len(self), max(len(edges) - 1, 0)), np.int64)
            if found.size:
                bits.by_week(self.register.plane(wanted), self.mask(window), self.schools[1], edges, found)
            self._weeks[wanted, window] = found
        return self._weeks[wanted, window]

    def first_session(self, wanted: SessionSet) -> Ints:
        """The first session ever of a set; -1 where there is none."""
        found = np.zeros(len(self), np.int64)
        bits.first_bit(self.register.plane(wanted), found)
        return found

    def open_days_since(self, wanted: SessionSet) -> Floats:
        """Open days of the school after the last day with a session of the set; NaN where there is none."""
        last = np.zeros(len(self), np.int64)
        bits.last_bit(self.register.plane(wanted), last)
        days = np.append(self.cohort.known.days, -1)[np.where(last < 0, -1, last // 2)]
        return self.open_days_after(np.where(last < 0, np.nan, days))

    def open_days_after(self, day: Floats) -> Floats:
        """Open days of the pupil's school after a day, before the as-of date; NaN stays NaN."""
        days, opened = self.cohort.calendar.days, self.cohort.calendar.opened_before
        upto = np.searchsorted(days, np.nan_to_num(day), side="right")
        after = opened[:, -1][self.cohort.school] - opened[self.cohort.school, upto]
        return np.where(np.isnan(day), np.nan, after)

    def open_days_in(self, window: Window) -> Ints:
        """Open days of the pupil's school in the window."""
        days, opened = self.cohort.calendar.days, self.cohort.calendar.opened_before
        start, end = (np.searchsorted(days, bound) for bound in self._school_bounds(window))
        rows = np.arange(len(opened))
        return np.asarray((opened[rows, end] - opened[rows, start])[self.cohort.school])

    def events(self, table: str, window: Window, rows: Bools | None = None) -> tuple[Ints, Facts]:
        """Rows of a dated table inside the window of their pupil, wherever recorded: place in the cohort, and the rows."""
        facts = self.cohort.known.tables[table]
        if table not in self._placed:
            self._placed[table] = self.place[facts.pupil]
        place = self._placed[table]
        start, end = self.bounds(window)
        keep = place >= 0
        keep[keep] = (facts.date[keep] >= start[place[keep]]) & (facts.date[keep] < end[place[keep]])
        keep &= rows if rows is not None else True
        return place[keep], facts.take(keep)

    @cached_property
    def place(self) -> Ints:
        """Place of each pupil of the data set in the cohort; -1 for those who are not in it."""
        place = np.full(len(self.cohort.known.pupils), -1, np.int64)
        place[self.cohort.pupil] = np.arange(len(self))
        return place

    def kept(self, table: str) -> Bools:
        """Pupils whose school keeps this table: at least one of its rows is known."""
        keeps = np.zeros(max(len(self.cohort.known.schools), 1), bool)
        keeps[self.cohort.known.tables[table].school] = True
        return keeps[self.cohort.school]

    @cached_property
    def peer_groups(self) -> Ints:
        """A number for each pupil's peers: those on roll at the same school in the same year group; -1 where it is not known."""
        year = self.cohort.context_values("year_group")
        both = self.cohort.school * 64 + np.nan_to_num(year).astype(np.int64) + 2  # year groups are -2 to 14
        return np.where(np.isnan(year), -1, both)
