"""The rest of the vocabulary of measures: what can be asked of a pupil's dated events, and of the context in force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow.types as pt

from eswarn.errors import UsageError
from eswarn.features.measures import Asked, ratio
from eswarn.features.register import SessionSet
from eswarn.features.view import View
from eswarn.features.windows import Window
from eswarn.records.arrays import Bools, Floats
from eswarn.records.facts import Facts
from eswarn.records.tables import arrow_schema

EVENT_TABLES = ("behaviour", "suspensions", "assessments", "term_totals", "extra")


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
    sets: ClassVar[tuple[SessionSet, ...]] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """What it needs: the table of the events."""
        return (self.events.table,)

    @property
    def columns(self) -> Asked:
        """Columns that say which events count, then those that are added up."""
        return (*((self.events.table, name, values) for name, values in self.events.where), *self._added)

    @property
    def _added(self) -> Asked:
        return ()

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
    """Sum of a column over the events in the window, null as 0; no answer where the school keeps no such records.

    ``magnitude`` leaves out the signs: points count against a pupil at one school as +3 and at the next as -3.
    """

    column: str = ""
    magnitude: bool = False

    @property
    def unit(self) -> str:
        """Sessions, or the unit of the column."""
        return "sessions" if self.column == "sessions" else "value"

    @property
    def _added(self) -> Asked:
        return ((self.events.table, self.column, ()),)

    def compute(self, view: View, window: Window) -> Floats:
        """A sum a pupil."""
        place, facts = self._found(view, window)
        values = np.nan_to_num(facts.columns[self.column])
        summed = np.bincount(place, weights=np.abs(values) if self.magnitude else values, minlength=len(view))
        return np.where(self._told(view), summed, np.nan)


@dataclass(frozen=True)
class days_since_event(_OfEvents):
    """Open days of the school since the last event (or the first), wherever it was recorded; no answer where there was none."""

    first: bool = False
    unit: ClassVar[str] = "days"

    def compute(self, view: View, window: Window) -> Floats:
        """School days a pupil; 0 where it was on the latest open day or since."""
        place, facts = self._found(view, window)
        day = np.full(len(view), np.inf if self.first else -np.inf)
        (np.minimum if self.first else np.maximum).at(day, place, facts.date.astype(float))
        return view.open_days_after(np.where(np.isinf(day), np.nan, day))


@dataclass(frozen=True)
class days_with(_OfEvents):
    """Open days of the pupil's school with an event, as a share of all in the window.

    No answer where the school keeps no such records, or was not open.
    """

    unit: ClassVar[str] = "share"

    def compute(self, view: View, window: Window) -> Floats:
        """One share between 0 and 1 a pupil."""
        place, facts = self._found(view, window)
        calendar = view.cohort.calendar
        at = np.searchsorted(calendar.days, facts.date)
        inside = at < len(calendar.days)
        inside[inside] = calendar.days[at[inside]] == facts.date[inside]
        place, at = place[inside], at[inside]
        opened = calendar.open_days[view.cohort.school[place], at]
        key = np.sort(place[opened] * (len(calendar.days) + 1) + at[opened])
        distinct = key[np.diff(key, prepend=-1) > 0] // (len(calendar.days) + 1)
        days = ratio(np.bincount(distinct, minlength=len(view)), view.open_days_in(window))
        return np.where(self._told(view), days, np.nan)


@dataclass(frozen=True)
class mean_ratio(_OfEvents):
    """Mean of one column over another (marks reached over marks possible), rows with both; no answer where there is none."""

    top: str = ""
    bottom: str = ""
    unit: ClassVar[str] = "share"

    @property
    def _added(self) -> Asked:
        return ((self.events.table, self.top, ()), (self.events.table, self.bottom, ()))

    def compute(self, view: View, window: Window) -> Floats:
        """A mean a pupil, summed in the order of school, date and subject."""
        place, facts = self._found(view, window)
        parts = ratio(facts.columns[self.top], facts.columns[self.bottom])
        both = ~np.isnan(parts)
        n = np.bincount(place[both], minlength=len(view))
        return ratio(np.bincount(place[both], weights=parts[both], minlength=len(view)), n)


@dataclass(frozen=True)
class sums_ratio(_OfEvents):
    """Sum of some columns over the sum of another, events with all of them; no answer where there is nothing to divide by."""

    top: tuple[str, ...] = ()
    bottom: str = ""
    unit: ClassVar[str] = "share"

    @property
    def _added(self) -> Asked:
        return tuple((self.events.table, name, ()) for name in (*self.top, self.bottom))

    def compute(self, view: View, window: Window) -> Floats:
        """A share a pupil."""
        place, facts = self._found(view, window)
        tops = np.sum([facts.columns[name] for name in self.top], axis=0)
        both = ~np.isnan(tops + facts.columns[self.bottom])
        sums = [np.bincount(place[both], weights=values[both], minlength=len(view)) for values in (tops, facts.columns[self.bottom])]
        return ratio(*sums)


@dataclass(frozen=True)
class latest_extra:
    """The latest number of one name in the table ``extra`` inside the window; no answer where there is none."""

    name: str
    unit: ClassVar[str] = "value"
    tables: ClassVar[tuple[str, ...]] = ("extra",)
    sets: ClassVar[tuple[SessionSet, ...]] = ()

    @property
    def columns(self) -> Asked:
        """The numbers."""
        return (("extra", "value", ()),)

    def compute(self, view: View, window: Window) -> Floats:
        """A number a pupil; of several schools on one day, that of the last in order."""
        named = Events("extra", "number", where=(("name", (self.name,)),))
        place, facts = view.events("extra", window, named.rows(view.cohort.known.tables["extra"]))
        out = np.full(len(view), np.nan)
        order = np.lexsort((facts.school, facts.date, place))
        out[place[order]] = facts.columns["value"][order]
        return out


@dataclass(frozen=True)
class _OfContext:
    column: str
    sets: ClassVar[tuple[SessionSet, ...]] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """What it needs: the context."""
        return ("context",)


@dataclass(frozen=True)
class latest(_OfContext):
    """The value of a context column in force; for text, 1 where it is one of ``values`` and 0 where it is another."""

    values: tuple[str, ...] = ()
    table: str = "context"

    def __post_init__(self) -> None:
        if self.table in ("outcomes", "enrolment"):
            raise UsageError("leaving is what is predicted: no feature may look at it", where=f"latest({self.column})")
        if self.table == "extra":
            raise UsageError(
                f'the latest value of "{self.column}" in extra depends on the name of the number',
                do='Ask for it by its name:  latest_extra("reading_age").',
            )
        if self.table != "context":
            raise UsageError(
                f'the latest value of "{self.column}" is not one value: {self.table} may hold several records a day',
                do="Ask for a mean, a sum or a count of them (mean_ratio, total, count), or give the number as a row of extra.",
            )

    @property
    def unit(self) -> str:
        """A value; "yes" where it is or is not so."""
        return "yes" if self.values or pt.is_boolean(arrow_schema("context").field(self.column).type) else "value"

    @property
    def columns(self) -> Asked:
        """The column, with the values that count."""
        return (("context", self.column, self.values),)

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

    @property
    def columns(self) -> Asked:
        """The column, whatever it holds."""
        return (("context", self.column, "any"),)

    def compute(self, view: View, window: Window) -> Floats:  # noqa: ARG002
        """0 or 1 a pupil."""
        missing = np.isnan(view.cohort.context_values(self.column)).astype(float)
        return missing if "context" in view.cohort.known.supplied else np.full(len(view), np.nan)
