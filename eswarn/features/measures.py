"""The closed vocabulary of measures: what can be asked of a pupil's register in a window, and what no answer means; see events.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, runtime_checkable

import numpy as np

from eswarn.features.register import ATTENDED, POSSIBLE, SessionSet
from eswarn.features.view import Floats, View
from eswarn.features.windows import Window

VERSION = 1  # part of every fingerprint: raise it when the meaning of any measure changes
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

    def compute(self, view: View, window: Window) -> Floats:
        """One number for each pupil of the view, NaN where the records have no answer."""


class _OfAttendance:
    columns: ClassVar[Asked] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """What it needs: the register."""
        return ("attendance",)


@dataclass(frozen=True)
class share(_OfAttendance):
    """Sessions of one set as a share of another; no answer where the window holds none of the other."""

    part: SessionSet
    of: SessionSet = POSSIBLE
    unit: ClassVar[str] = "share"

    def compute(self, view: View, window: Window) -> Floats:
        """One share between 0 and 1 a pupil."""
        return ratio(view.count(self.part, window), view.count(self.of, window))


@dataclass(frozen=True)
class change(_OfAttendance):
    """A share in the window less the same share in an earlier one; no answer where either has none."""

    measure: share
    against: Window
    unit: ClassVar[str] = "change"

    def compute(self, view: View, window: Window) -> Floats:
        """A difference of shares, between -1 and 1, a pupil."""
        return self.measure.compute(view, window) - self.measure.compute(view, self.against)


@dataclass(frozen=True)
class excess(_OfAttendance):
    """A share on some weekdays less the same share on the others (0 is Monday); no answer where either has none."""

    part: SessionSet
    weekdays: tuple[int, ...]
    of: SessionSet = POSSIBLE
    unit: ClassVar[str] = "change"

    def compute(self, view: View, window: Window) -> Floats:
        """A difference of shares, between -1 and 1, a pupil."""
        part, of = view.count(self.part, window, self.weekdays), view.count(self.of, window, self.weekdays)
        return ratio(part, of) - ratio(view.count(self.part, window) - part, view.count(self.of, window) - of)


@dataclass(frozen=True)
class longest_run(_OfAttendance):
    """The longest run of possible sessions in the set; see `View.runs`."""

    of: SessionSet
    unit: ClassVar[str] = "sessions"

    def compute(self, view: View, window: Window) -> Floats:
        """Sessions a pupil."""
        return view.runs(self.of, window)[0]


@dataclass(frozen=True)
class current_run(_OfAttendance):
    """The run of possible sessions in the set that reaches the end of the window, 0 where the last one is outside it."""

    of: SessionSet
    unit: ClassVar[str] = "sessions"

    def compute(self, view: View, window: Window) -> Floats:
        """Sessions a pupil."""
        return view.runs(self.of, window)[1]


@dataclass(frozen=True)
class spells(_OfAttendance):
    """How many separate runs of possible sessions in the set there are."""

    of: SessionSet
    unit: ClassVar[str] = "times"

    def compute(self, view: View, window: Window) -> Floats:
        """Runs a pupil."""
        return view.runs(self.of, window)[2]


@dataclass(frozen=True)
class days_since(_OfAttendance):
    """Open days of the school since the last one with a session of the set; no answer where there never was one."""

    of: SessionSet = ATTENDED
    unit: ClassVar[str] = "days"

    def compute(self, view: View, window: Window) -> Floats:  # noqa: ARG002  all of the register counts
        """School days a pupil; 0 for the latest one."""
        return view.open_days_since(self.of)


@dataclass(frozen=True)
class percentile(_OfAttendance):
    """Mid-rank of a share among the pupils on roll in the same school and year group.

    No answer where fewer than ``least`` of them have one. A pupil whose year group is not known has none, and is nobody's peer.
    """

    measure: share
    least: int = 5
    unit: ClassVar[str] = "percentile"

    def compute(self, view: View, window: Window) -> Floats:
        """Between 0 and 1 a pupil: the share of peers below, and half of those level (the pupil among them)."""
        values, group = self.measure.compute(view, window), view.peer_groups()
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


@dataclass(frozen=True)
class schools_attended(_OfAttendance):
    """How many schools of the data set have marked the pupil so far; no answer where none has."""

    unit: ClassVar[str] = "count"

    def compute(self, view: View, window: Window) -> Floats:  # noqa: ARG002
        """Schools a pupil."""
        known = view.cohort.known
        some = known.codes.members("marked")[known.marks].any(axis=1)
        schools = np.bincount(known.stay_pupil[some], minlength=len(known.pupils))[view.cohort.pupil]
        return np.where(schools > 0, schools, np.nan)


@dataclass(frozen=True)
class time_at_school(_OfAttendance):
    """Calendar days since the first sign of the pupil at the school, counted up to ``most``: after that the pupil is not new."""

    most: int = 365
    unit: ClassVar[str] = "calendar days"

    def compute(self, view: View, window: Window) -> Floats:  # noqa: ARG002
        """Days a pupil."""
        return np.minimum(view.cohort.known.t - view.cohort.entered, self.most).astype(np.float64)


def ratio(part: np.ndarray, of: np.ndarray) -> Floats:
    """Quotients, NaN where there is nothing to divide by."""
    quotient: Floats = np.divide(part, of, out=np.full(len(of), np.nan), where=of > 0)
    return quotient
