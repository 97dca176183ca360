"""Measures of a school career: schools, moves, time at school, joining in the middle of a year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from eswarn.cohort.calendar import academic_year_starts
from eswarn.features.measures import OfAttendance
from eswarn.features.register import SessionSet
from eswarn.features.view import View
from eswarn.features.windows import Window
from eswarn.records.arrays import NEVER, Floats, Ints


class _OfRoll(OfAttendance):
    """Asked of the roll and no set of sessions: it needs no bit planes, and is answered for everybody at once."""

    sets: ClassVar[tuple[SessionSet, ...]] = ()


@dataclass(frozen=True)
class schools_attended(_OfRoll):
    """How many schools of the data set have marked the pupil so far; no answer where none has."""

    unit: ClassVar[str] = "count"

    def compute(self, view: View, window: Window) -> Floats:  # noqa: ARG002
        """Schools a pupil."""
        pupil, _ = _stays(view)
        schools = np.bincount(pupil, minlength=len(view.cohort.known.pupils))[view.cohort.pupil]
        return np.where(schools > 0, schools, np.nan)


@dataclass(frozen=True)
class moves(_OfRoll):
    """How many schools first marked the pupil inside the window, later than any school first did; no answer where none has."""

    unit: ClassVar[str] = "count"

    def compute(self, view: View, window: Window) -> Floats:
        """Moves a pupil."""
        pupil, day = _stays(view)
        first = np.full(len(view.cohort.known.pupils), NEVER)
        np.minimum.at(first, pupil, day)
        place = view.place[pupil]
        later = (place >= 0) & (day > first[pupil])
        (start, end), at = view.bounds(window), place[later]
        inside = (day[later] >= start[at]) & (day[later] < end[at])
        return np.where(first[view.cohort.pupil] < NEVER, np.bincount(at[inside], minlength=len(view)), np.nan)


def _stays(view: View) -> tuple[Ints, Ints]:
    """Each stay with a mark: whose it is, and the day of the first one."""
    known = view.cohort.known
    some = known.marked.first >= 0
    return known.stay_pupil[some], known.days[known.marked.first[some] // 2]


@dataclass(frozen=True)
class joined_mid_year(_OfRoll):
    """1 where the pupil's first sign at the school is over ``days`` calendar days after its first open day of that academic year.

    Else 0; no answer where the school is not known to have been open in that year.
    """

    days: int = 30
    unit: ClassVar[str] = "yes"

    def compute(self, view: View, window: Window) -> Floats:  # noqa: ARG002
        """0 or 1 a pupil."""
        calendar, entered = view.cohort.calendar, view.cohort.entered
        starts = academic_year_starts(entered)
        at = np.searchsorted(calendar.days, starts)
        opened, school = calendar.opened_before, view.cohort.school
        nth = opened[school, at]  # open days before that year: the next one is its first
        first = calendar.nth_open_day(school, nth)
        known = (first < academic_year_starts(entered, later=1)) & (first < view.cohort.known.t)
        return np.where(known, entered - first > self.days, np.nan)


@dataclass(frozen=True)
class time_at_school(_OfRoll):
    """Calendar days since the first sign of the pupil at the school, counted up to ``most``: after that the pupil is not new."""

    most: int = 365
    unit: ClassVar[str] = "calendar days"

    def compute(self, view: View, window: Window) -> Floats:  # noqa: ARG002
        """Days a pupil."""
        return np.minimum(view.cohort.known.t - view.cohort.entered, self.most).astype(np.float64)
