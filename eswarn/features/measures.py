"""The closed vocabulary of measures: what can be asked of a pupil's register in a window, and what no answer means.

Measures by school week are in weeks.py, those of a school career in career.py, those of other tables in events.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, runtime_checkable

import numpy as np

from eswarn.features.register import ATTENDED, POSSIBLE, SessionSet
from eswarn.features.view import View
from eswarn.features.windows import When, Window
from eswarn.records.arrays import Floats

VERSION = 2  # part of every fingerprint: raise it when the meaning of any measure changes
Wanted = tuple[str, ...] | Literal["any"]  # values of a text column that count; none of a column of numbers; or any column
Asked = tuple[tuple[str, str, Wanted], ...]  # table, column and what is wanted of it


@runtime_checkable
class Measure(Protocol):
    """One question to the records. ``unit`` says how its answer is spoken; ``tables`` and ``columns`` which records it needs."""

    @property
    def unit(self) -> str:
        """How an answer is spoken."""

    @property
    def columns(self) -> Asked:
        """Columns it asks for."""

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables it needs."""

    @property
    def sets(self) -> tuple[SessionSet, ...]:
        """Sets of sessions it asks the register for."""

    def compute(self, view: View, window: Window) -> Floats:
        """One number for each pupil of the view, NaN where the records have no answer."""


class OfAttendance:
    """A measure of the register alone."""

    columns: ClassVar[Asked] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """What it needs: the register."""
        return ("attendance",)

    @property
    def sets(self) -> tuple[SessionSet, ...]:
        """Those it names, and the possible sessions."""
        return (*(value for value in vars(self).values() if isinstance(value, SessionSet)), POSSIBLE)


class OfAnother:
    """A measure made from another one; it needs what that needs."""

    measure: Measure

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables the other needs."""
        return self.measure.tables

    @property
    def columns(self) -> Asked:
        """Columns the other asks for."""
        return self.measure.columns

    @property
    def sets(self) -> tuple[SessionSet, ...]:
        """Sets the other asks for."""
        return self.measure.sets


@dataclass(frozen=True)
class share(OfAttendance):
    """Sessions of one set as a share of another; no answer where the window holds none of the other."""

    part: SessionSet
    of: SessionSet = POSSIBLE
    unit: ClassVar[str] = "share"

    def compute(self, view: View, window: Window) -> Floats:
        """One share between 0 and 1 a pupil."""
        return ratio(view.count(self.part, window), view.count(self.of, window))


@dataclass(frozen=True)
class change(OfAnother):
    """A measure in the window less the same measure in an earlier one; no answer where either has none."""

    measure: Measure
    against: Window

    @property
    def unit(self) -> str:
        """A difference of shares, or of numbers."""
        return "change" if self.measure.unit == "share" else "difference"

    def compute(self, view: View, window: Window) -> Floats:
        """A difference a pupil."""
        return self.measure.compute(view, window) - self.measure.compute(view, self.against)


@dataclass(frozen=True)
class reached(OfAnother):
    """1 where a measure's answer is at least so much, else 0; no answer where it has none."""

    measure: Measure
    at_least: float
    unit: ClassVar[str] = "yes"

    def compute(self, view: View, window: Window) -> Floats:
        """0 or 1 a pupil."""
        found = self.measure.compute(view, window)
        return np.where(np.isnan(found), np.nan, found >= self.at_least)


@dataclass(frozen=True)
class excess(OfAttendance):
    """A share on some sessions less the same share on the others; no answer where either has none."""

    part: SessionSet
    when: When
    of: SessionSet = POSSIBLE
    unit: ClassVar[str] = "change"

    def compute(self, view: View, window: Window) -> Floats:
        """A difference of shares, between -1 and 1, a pupil."""
        part, of = view.count(self.part, window, self.when), view.count(self.of, window, self.when)
        return ratio(part, of) - ratio(view.count(self.part, window) - part, view.count(self.of, window) - of)


@dataclass(frozen=True)
class sessions(OfAttendance):
    """How many sessions of the set there are; no answer where the window holds no possible session."""

    part: SessionSet
    unit: ClassVar[str] = "sessions"

    def compute(self, view: View, window: Window) -> Floats:
        """Sessions a pupil."""
        return np.where(view.count(POSSIBLE, window) > 0, view.count(self.part, window), np.nan)


@dataclass(frozen=True)
class first_ever(OfAttendance):
    """1 where the first session of the set on record lies in the window, else 0; no answer where it holds no possible session."""

    part: SessionSet
    unit: ClassVar[str] = "yes"

    def compute(self, view: View, window: Window) -> Floats:
        """0 or 1 a pupil."""
        first, (start, end) = view.first_session(self.part), view.bounds(window)
        day = np.append(view.cohort.known.days, -1)[np.where(first < 0, -1, first // 2)]
        inside = (first >= 0) & (day >= start) & (day < end)
        return np.where(view.count(POSSIBLE, window) > 0, inside, np.nan)


@dataclass(frozen=True)
class longest_run(OfAttendance):
    """The longest run of possible sessions in the set; see `View.runs`."""

    of: SessionSet
    unit: ClassVar[str] = "sessions"

    def compute(self, view: View, window: Window) -> Floats:
        """Sessions a pupil."""
        return view.runs(self.of, window)[0]


@dataclass(frozen=True)
class current_run(OfAttendance):
    """The run of possible sessions in the set that reaches the end of the window, 0 where the last one is outside it."""

    of: SessionSet
    unit: ClassVar[str] = "sessions"

    def compute(self, view: View, window: Window) -> Floats:
        """Sessions a pupil."""
        return view.runs(self.of, window)[1]


@dataclass(frozen=True)
class spells(OfAttendance):
    """How many separate runs of possible sessions in the set there are."""

    of: SessionSet
    unit: ClassVar[str] = "times"

    def compute(self, view: View, window: Window) -> Floats:
        """Runs a pupil."""
        return view.runs(self.of, window)[2]


@dataclass(frozen=True)
class days_since(OfAttendance):
    """Open days of the school since the last one with a session of the set; no answer where there never was one."""

    of: SessionSet = ATTENDED
    unit: ClassVar[str] = "days"

    def compute(self, view: View, window: Window) -> Floats:  # noqa: ARG002  all of the register counts
        """School days a pupil; 0 for the latest one."""
        return view.open_days_since(self.of)


@dataclass(frozen=True)
class percentile(OfAnother):
    """Mid-rank of a measure among the pupils on roll in the same school and year group.

    No answer where fewer than ``least`` of them have one. A pupil whose year group is not known has none, and is nobody's peer.
    """

    measure: Measure
    least: int = 5
    unit: ClassVar[str] = "percentile"

    def compute(self, view: View, window: Window) -> Floats:
        """Between 0 and 1 a pupil: the share of peers below, and half of those level (the pupil among them)."""
        values, group = self.measure.compute(view, window), view.peer_groups
        out = np.full(len(view), np.nan)
        told = np.flatnonzero(~np.isnan(values) & (group >= 0))
        order = told[np.lexsort((values[told], group[told]))]
        if not len(order):
            return out
        new_group = np.append(True, group[order][1:] != group[order][:-1])
        new_value = new_group | np.append(True, values[order][1:] != values[order][:-1])
        at = np.arange(len(order))
        size = np.bincount(new_group.cumsum() - 1)
        ties = np.bincount(new_value.cumsum() - 1)
        below = np.maximum.accumulate(np.where(new_value, at, 0)) - np.maximum.accumulate(np.where(new_group, at, 0))
        peers, level = size[new_group.cumsum() - 1], ties[new_value.cumsum() - 1]
        out[order] = np.where(peers >= self.least, (below + level / 2) / peers, np.nan)
        return out


def ratio(part: np.ndarray, of: np.ndarray) -> Floats:
    """Quotients, NaN where there is nothing to divide by."""
    quotient: Floats = np.divide(part, of, out=np.full(len(of), np.nan), where=of > 0)
    return quotient
