"""Measures by school week: trend, faded share, weeks over a bound, and the most in so many weeks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from eswarn.features import bits
from eswarn.features.measures import OfAttendance
from eswarn.features.register import POSSIBLE, SessionSet
from eswarn.features.view import View
from eswarn.features.windows import Window
from eswarn.records.arrays import Floats


@dataclass(frozen=True)
class trend(OfAttendance):
    """Least-squares slope of a share over the pupil's school weeks in the window, numbered 0, 1, 2 …; at least three weeks.

    A school week of the pupil runs from Monday to Sunday and holds a session of ``of``, at any school: holidays use up none.
    """

    part: SessionSet
    of: SessionSet = POSSIBLE
    unit: ClassVar[str] = "change a week"
    LEAST: ClassVar[int] = 3

    def compute(self, view: View, window: Window) -> Floats:
        """A difference of shares a week, a pupil."""
        return _over_weeks(bits.slope, view, window, self.part, self.of, self.LEAST)


@dataclass(frozen=True)
class faded(OfAttendance):
    """A share in which a school week counts half as much with every ``half_life`` of the pupil's school weeks gone by."""

    part: SessionSet
    half_life: float
    of: SessionSet = POSSIBLE
    unit: ClassVar[str] = "share"

    def compute(self, view: View, window: Window) -> Floats:
        """One share between 0 and 1 a pupil; weeks are added from the oldest on."""
        weeks = view.by_week(self.part, window).shape[1]
        weights = np.array([0.5 ** (k / self.half_life) for k in range(weeks)], float)
        return _over_weeks(bits.faded, view, window, self.part, self.of, weights)


@dataclass(frozen=True)
class weeks_over(OfAttendance):
    """In how many of the pupil's school weeks a set is over some percent of another; no answer where there is no such week."""

    part: SessionSet
    percent: int
    of: SessionSet = POSSIBLE
    unit: ClassVar[str] = "weeks"

    def compute(self, view: View, window: Window) -> Floats:
        """Weeks a pupil."""
        return _over_weeks(bits.weeks_over, view, window, self.part, self.of, self.percent)


@dataclass(frozen=True)
class most_in_weeks(OfAttendance):
    """The most sessions of a set in any so many successive school weeks of the pupil; see `trend` for what such a week is.

    Ten without leave in ten weeks is where England's penalty notices begin (from August 2024).
    """

    part: SessionSet
    weeks: int
    unit: ClassVar[str] = "sessions"

    def compute(self, view: View, window: Window) -> Floats:
        """Sessions a pupil; no answer where the window holds no possible session."""
        return _over_weeks(bits.most_in_weeks, view, window, self.part, POSSIBLE, self.weeks)


def _over_weeks(loop: Callable[..., None], view: View, window: Window, part: SessionSet, of: SessionSet, setting: object) -> Floats:
    """What a loop of ``bits.py`` makes of two sets counted week by week, and of one setting."""
    out = np.full(len(view), np.nan)
    loop(view.by_week(part, window), view.by_week(of, window), setting, out)
    return out
