"""What a measure may look at: one cohort on one as-of date, with everything known before it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from eswarn.cohort.roll import Cohort
from eswarn.features.register import POSSIBLE, Register, SessionSet, Words
from eswarn.features.windows import Window
from eswarn.records.arrays import Bools, Ints
from eswarn.records.timeline import Facts

Floats = npt.NDArray[np.float64]
ROWS_AT_ONCE = 8_192  # bounds the memory of what cannot be done on bits


class View:
    """A cohort with its register, its windows and its events; asked by measures, changed by none.

    Parameters
    ----------
    cohort : Cohort
        Pupils on roll on one as-of date.
    """

    def __init__(self, cohort: Cohort) -> None:
        self.cohort = cohort
        self.register = Register(cohort)
        self._bounds: dict[Window, tuple[Ints, Ints]] = {}
        self._masks: dict[tuple[Window, tuple[int, ...]], Words] = {}

    def __len__(self) -> int:
        return len(self.cohort)

    def bounds(self, window: Window) -> tuple[Ints, Ints]:
        """First day and day after the last, one for each pupil."""
        start, end = self._school_bounds(window)
        return start[self.cohort.school], end[self.cohort.school]

    def _school_bounds(self, window: Window) -> tuple[Ints, Ints]:
        if window not in self._bounds:
            self._bounds[window] = window.bounds(self.cohort.calendar)
        return self._bounds[window]

    def count(self, wanted: SessionSet, window: Window, weekdays: tuple[int, ...] = ()) -> Ints:
        """Sessions of a set inside a window, on all days or on some weekdays; one number a pupil."""
        key = (window, weekdays)
        if key not in self._masks:
            narrowed = self.register.weekday(*weekdays) if weekdays else None
            self._masks[key] = self.register.mask(*self._school_bounds(window), sessions=narrowed)
        return self.register.count(wanted, self._masks[key])

    def runs(self, wanted: SessionSet, window: Window) -> tuple[Floats, Floats, Floats]:
        """Longest run, run at the end of the window, and number of runs, in possible sessions.

        A run goes on over weekends, closures and sessions without a mark or not possible; a possible session outside the set
        ends it. NaN where the window holds no possible session.
        """
        start, end = self.bounds(window)
        longest, current, spells = (np.full(len(self), np.nan) for _ in range(3))
        inside, possible = self.register.where(wanted), self.register.where(POSSIBLE)
        for first in range(0, len(self), ROWS_AT_ONCE):
            rows = slice(first, first + ROWS_AT_ONCE)
            window_of = (self.register.days >= start[rows, None]) & (self.register.days < end[rows, None])
            hit, could = inside[rows] & possible[rows] & window_of, possible[rows] & window_of
            so_far = np.cumsum(hit, axis=1, dtype=np.int32)
            length = so_far - np.maximum.accumulate(np.where(could & ~hit, so_far, 0), axis=1)
            some = could.any(axis=1)
            if some.any():
                longest[rows] = np.where(some, length.max(axis=1), np.nan)
                current[rows] = np.where(some, length[:, -1], np.nan)
                spells[rows] = np.where(some, (hit & (length == 1)).sum(axis=1), np.nan)
        return longest, current, spells

    def open_days_since(self, wanted: SessionSet) -> Floats:
        """Open days of the school after the last day with a session of the set; NaN where there is none."""
        hit = self.register.where(wanted)
        if not hit.shape[1]:
            return np.full(len(self), np.nan)
        last = (hit.shape[1] - 1 - hit[:, ::-1].argmax(axis=1)) // 2
        opened = self.cohort.calendar.open_days.cumsum(axis=1)
        after = opened[:, -1][self.cohort.school] - opened[self.cohort.school, last]
        return np.where(hit.any(axis=1), after, np.nan)

    def open_days_after(self, day: Floats) -> Floats:
        """Open days of the pupil's school after a day, before the as-of date; NaN stays NaN."""
        days, opened = self.cohort.calendar.days, self.cohort.calendar.open_days.cumsum(axis=1)
        opened = np.concatenate([np.zeros((len(opened), 1), np.int64), opened], axis=1)
        upto = np.searchsorted(days, np.nan_to_num(day), side="right")
        after = opened[:, -1][self.cohort.school] - opened[self.cohort.school, upto]
        return np.where(np.isnan(day), np.nan, after)

    def events(self, table: str, window: Window, rows: Bools | None = None) -> tuple[Ints, Facts]:
        """Rows of a dated table inside the window of their pupil, wherever recorded: place in the cohort, and the rows."""
        facts = self.cohort.known.tables[table]
        place = self.place[facts.pupil]
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

    def peer_groups(self) -> Ints:
        """A number for each pupil's peers: those on roll at the same school in the same year group; -1 where it is not known."""
        year = self.cohort.context_values("year_group")
        both = np.stack([self.cohort.school, np.nan_to_num(year).astype(np.int64)])
        return np.where(np.isnan(year), -1, np.unique(both, axis=1, return_inverse=True)[1].ravel())
