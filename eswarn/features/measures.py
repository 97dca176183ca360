"""The closed vocabulary of measures: what can be asked of the records of a pupil in a window, and what no answer means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from eswarn.features.register import ATTENDED, POSSIBLE, SessionSet
from eswarn.features.view import Floats, View
from eswarn.features.windows import Window
from eswarn.records.arrays import Bools
from eswarn.records.timeline import Facts

VERSION = 1  # part of every fingerprint: raise it when the meaning of any measure changes
LEAST_PEERS = 5


@runtime_checkable
class Measure(Protocol):
    """One question to the records. ``unit`` says how its answer is spoken; ``tables`` which records it needs."""

    unit: ClassVar[str]

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables it needs."""

    def compute(self, view: View, window: Window) -> Floats:
        """One number for each pupil of the view, NaN where the records have no answer."""


class _OfAttendance:
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
        return _ratio(view.count(self.part, window), view.count(self.of, window))


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
        return _ratio(part, of) - _ratio(view.count(self.part, window) - part, view.count(self.of, window) - of)


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
    """Mid-rank of a share among the pupils on roll in the same school and year group; no answer under five of them."""

    measure: share
    unit: ClassVar[str] = "percentile"

    def compute(self, view: View, window: Window) -> Floats:
        """Between 0 and 1 a pupil: the share of peers below, and half of those level (the pupil among them)."""
        values, group = self.measure.compute(view, window), view.peer_groups()
        out = np.full(len(view), np.nan)
        told = np.flatnonzero(~np.isnan(values))
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
        out[order] = np.where(peers >= LEAST_PEERS, (below + level / 2) / peers, np.nan)
        return out


@dataclass(frozen=True)
class Events:
    """Some rows of a dated table: ``where`` names a text column and the values that count; null counts where ``or_null``."""

    table: str
    noun: str
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    or_null: tuple[str, ...] = ()

    def rows(self, facts: Facts) -> Bools:
        """Which rows count. A suspension that was withdrawn (same pupil, same start) does not."""
        keep = np.ones(len(facts), bool)
        for name, values in self.where:
            keep &= facts.equals(name, *values) | ((name in self.or_null) & np.isnan(facts.columns[name]))
        if self.table == "suspensions":
            key = facts.pupil * (1 << 20) + facts.date
            keep &= ~np.isin(key, key[facts.equals("kind", "withdrawn")])
        return keep


@dataclass(frozen=True)
class _OfEvents:
    events: Events

    @property
    def tables(self) -> tuple[str, ...]:
        """What it needs: the table of the events."""
        return (self.events.table,)

    def _found(self, view: View, window: Window) -> tuple[np.ndarray, Facts]:
        return view.events(self.events.table, window, self.events.rows(view.cohort.known.tables[self.events.table]))

    def _told(self, view: View) -> Bools:
        """Who can be answered: any pupil where suspensions were supplied; elsewhere, where the school keeps the table."""
        if self.events.table == "suspensions":
            return np.full(len(view), self.events.table in view.cohort.known.supplied)
        return view.kept(self.events.table)


@dataclass(frozen=True)
class count(_OfEvents):
    """How many events the window holds; no answer where the school keeps no such records."""

    unit: ClassVar[str] = "count"

    def compute(self, view: View, window: Window) -> Floats:
        """Events a pupil."""
        place, _ = self._found(view, window)
        return np.where(self._told(view), np.bincount(place, minlength=len(view)), np.nan)


@dataclass(frozen=True)
class total(_OfEvents):
    """Sum of a column over the events in the window, null as 0; no answer where the school keeps no such records."""

    column: str = ""
    unit: ClassVar[str] = "sessions"

    def compute(self, view: View, window: Window) -> Floats:
        """A sum a pupil."""
        place, facts = self._found(view, window)
        summed = np.bincount(place, weights=np.nan_to_num(facts.columns[self.column]), minlength=len(view))
        return np.where(self._told(view), summed, np.nan)


@dataclass(frozen=True)
class days_since_event(_OfEvents):
    """Open days of the school since the last event, wherever it was recorded; no answer where there was none."""

    unit: ClassVar[str] = "days"

    def compute(self, view: View, window: Window) -> Floats:
        """School days a pupil; 0 where it was on the latest open day or since."""
        place, facts = self._found(view, window)
        latest = np.full(len(view), -np.inf)
        np.maximum.at(latest, place, facts.date.astype(float))
        return view.open_days_after(np.where(np.isinf(latest), np.nan, latest))


@dataclass(frozen=True)
class mean_ratio(_OfEvents):
    """Mean of one column over another (marks reached over marks possible), rows with both; no answer where there is none."""

    top: str = ""
    bottom: str = ""
    unit: ClassVar[str] = "share"

    def compute(self, view: View, window: Window) -> Floats:
        """A mean a pupil, summed in the order of school, date and subject."""
        place, facts = self._found(view, window)
        ratio = facts.columns[self.top] / facts.columns[self.bottom]
        both = ~np.isnan(ratio)
        n = np.bincount(place[both], minlength=len(view))
        return _ratio(np.bincount(place[both], weights=ratio[both], minlength=len(view)), n)


@dataclass(frozen=True)
class _OfContext:
    column: str

    @property
    def tables(self) -> tuple[str, ...]:
        """What it needs: the context."""
        return ("context",)


@dataclass(frozen=True)
class latest(_OfContext):
    """The value of a context column in force; for text, 1 where it is one of ``values`` and 0 where it is another."""

    values: tuple[str, ...] = ()
    unit: ClassVar[str] = "value"

    def compute(self, view: View, window: Window) -> Floats:  # noqa: ARG002  what is in force has no window
        """A value a pupil; no answer where it is not known."""
        if not self.values:
            return view.cohort.context_values(self.column)
        texts = view.cohort.context_texts(self.column)
        return np.array([np.nan if text is None else float(text in self.values) for text in texts], float)


@dataclass(frozen=True)
class unknown(_OfContext):
    """1 where a context column in force is not known or there is no row, else 0; no answer where the table was not supplied."""

    unit: ClassVar[str] = "yes"

    def compute(self, view: View, window: Window) -> Floats:  # noqa: ARG002
        """0 or 1 a pupil."""
        missing = np.isnan(view.cohort.context_values(self.column)).astype(float)
        return missing if "context" in view.cohort.known.supplied else np.full(len(view), np.nan)


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


def _ratio(part: np.ndarray, of: np.ndarray) -> Floats:
    ratio: Floats = np.divide(part, of, out=np.full(len(of), np.nan), where=of > 0)
    return ratio
