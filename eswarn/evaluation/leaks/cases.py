"""Leavers beside others, each on one day: the ground on which a sign of leaving is judged.

A leaver is looked at on the leaving date; another pupil on the leaving date of some leaver, in turn, while the pupil was at
school. What could be known before that day is compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from eswarn.config import CohortConfig
from eswarn.records.arrays import UNTOLD, Bools, Ints, dates, dictionary, indices
from eswarn.records.codes import CodeTable, code_table
from eswarn.records.facts import DATED
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline

DAY = DATED | {"attendance": "date"}
SETTLED, STAYED = 30, 14  # days at school before the day on which another pupil is looked at, and after it
RETURN_DAYS = 60  # who attends so long after leaving has come back
NO_MARK = ("-", "")


@dataclass(frozen=True, slots=True)
class Rows:
    """Whose row each is, where, and when it was dated and recorded; days since 1970-01-01."""

    table: pa.Table
    pupil: Ints
    school: Ints
    date: Ints
    recorded: Ints

    def __len__(self) -> int:
        return len(self.date)


@dataclass(frozen=True, slots=True)
class Departures:
    """The latest version of each departure, one row a pupil and school; ``leaver`` where it counts as leaving early."""

    pupil: Ints
    school: Ints
    left: Ints
    recorded: Ints
    leaver: Bools
    unknown: Bools

    def __len__(self) -> int:
        return len(self.pupil)


class Cases:
    """Records with their pupils numbered, and each pupil's day.

    Parameters
    ----------
    records : Records
        Checked tables.
    config : CohortConfig
        What counts as leaving early.
    """

    def __init__(self, records: Records, config: CohortConfig) -> None:
        self.records, self.config = records, config
        self.timeline = Timeline(records)
        self.pupils, self.schools = self.timeline.pupils, self.timeline.schools
        self.codes: CodeTable = code_table(records.facts.profile)
        self._rows: dict[str, Rows] = {}

    def rows(self, name: str) -> Rows:
        """A table with its pupils and schools as numbers."""
        if name not in self._rows:
            table = self.records.table(name)
            untold = np.full(table.num_rows, UNTOLD)
            recorded = dates(table["recorded_on"], missing=UNTOLD) if "recorded_on" in table.column_names else untold
            self._rows[name] = Rows(
                table, self.timeline.places(table, "pupil_id"), self.timeline.places(table, "school_id"), dates(table[DAY[name]]), recorded
            )
        return self._rows[name]

    def in_time(self, name: str) -> Ints:
        """Rows by pupil, date and day of recording; no file decides between two of one day."""
        rows = self.rows(name)
        return np.lexsort((rows.school, rows.recorded, rows.date, rows.pupil))

    @cached_property
    def mark_codes(self) -> tuple[tuple[str, ...], Ints]:
        """The distinct register codes, and the place of each mark's code among them."""
        column = self.records.table("attendance")["code"]
        return (tuple(dictionary(column)), indices(column)) if len(column) else ((), np.zeros(0, np.int64))

    def marks_in(self, name: str) -> Bools:
        """Where the mark belongs to a set of the code table, such as "attended"."""
        return self.codes.members(name)[self._meanings]

    @cached_property
    def _meanings(self) -> npt.NDArray[np.uint8]:
        return self.codes.lookup(*self.mark_codes, self.rows("attendance").date).ids

    @cached_property
    def span(self) -> tuple[Ints, Ints]:
        """First and last day on which each pupil has a mark that only somebody on roll gets; the last is before the first where none."""
        rows, real = self.rows("attendance"), self.marks_in("possible")
        first, last = np.full(len(self.pupils), 2**31), np.full(len(self.pupils), -(2**31))
        np.minimum.at(first, rows.pupil[real], rows.date[real])
        np.maximum.at(last, rows.pupil[real], rows.date[real])
        return first, last

    @cached_property
    def departures(self) -> Departures:
        """Departures, the last one from a school where a pupil left it twice."""
        rows = self.rows("outcomes")
        order = np.lexsort((rows.recorded, rows.date, rows.school, rows.pupil))
        same = (np.diff(rows.pupil[order]) == 0) & (np.diff(rows.school[order]) == 0)
        latest = order[np.append(~same, True)] if len(order) else order
        column = rows.table["destination"]
        told = np.array(dictionary(column), object)[indices(column)[latest]] if len(latest) else np.zeros(0, object)
        young = self._year_group(rows.pupil[latest], rows.date[latest]) <= self.config.up_to_year
        counts = np.isin(told.astype(str), self.config.leaving) & young
        return Departures(
            rows.pupil[latest], rows.school[latest], rows.date[latest], rows.recorded[latest], counts, told.astype(str) == "unknown"
        )

    def after_leaving(self, name: str) -> Bools:
        """Rows of a table dated after their pupil left the school they are from, for good."""
        rows, gone = self.rows(name), self.departures
        found = np.zeros(len(rows), bool)
        maybe, at = self._since_leaving(rows)
        found[maybe] = (rows.date[maybe] > gone.left[at]) & ~self._back[at]
        return found

    def _since_leaving(self, rows: Rows) -> tuple[Ints, Ints]:
        """Rows dated after a departure of their pupil from their school, and the departure."""
        gone, n = self.departures, max(len(self.schools), 1)
        first = np.full(len(self.pupils), 2**31)
        np.minimum.at(first, gone.pupil, gone.left)
        maybe = np.flatnonzero(rows.date > first[rows.pupil])
        key, pair = gone.pupil * n + gone.school, rows.pupil[maybe] * n + rows.school[maybe]  # departures are in this order
        at = np.minimum(np.searchsorted(key, pair), max(len(key) - 1, 0))
        same = key[at] == pair if len(key) else np.zeros(0, bool)
        return maybe[same], at[same]

    @cached_property
    def _back(self) -> Bools:
        """Departures from a school to which the pupil came back: a later stay, or long attendance."""
        gone, back = self.departures, np.zeros(len(self.departures), bool)
        for name, later in (("attendance", RETURN_DAYS), ("enrolment", 0)):
            rows = self.rows(name)
            which, at = self._since_leaving(rows)
            again = rows.date[which] > gone.left[at] + later
            if name == "attendance":
                again &= self.marks_in("attended")[which]
            back[at[again]] = True
        return back

    @cached_property
    def moment(self) -> Ints:
        """The day on which each pupil is looked at; 0 for those who are not."""
        first, last = self.span
        at = np.zeros(len(self.pupils), np.int64)
        gone = self.departures
        early = np.flatnonzero(gone.leaver & (gone.left > first[gone.pupil]))
        early = early[np.argsort(-gone.left[early], kind="stable")]
        at[gone.pupil[early]] = gone.left[early]  # of several the first
        times = np.sort(at[at > 0])
        low, high = np.searchsorted(times, first + SETTLED), np.searchsorted(times, last - STAYED, side="right")
        other = (at == 0) & (high > low)
        other[gone.pupil[gone.unknown | gone.leaver]] = False
        turn = np.arange(len(at)) * 7919  # a prime, so that neighbours are looked at on different days
        if other.any():
            at[other] = times[(low + turn % np.maximum(high - low, 1))[other]]
        return at

    @cached_property
    def leaver(self) -> Bools:
        """Who is looked at as a leaver."""
        at, found = self.moment, np.zeros(len(self.pupils), bool)
        gone = self.departures
        found[gone.pupil[gone.leaver & (gone.left == at[gone.pupil])]] = True
        return found

    @property
    def other(self) -> Bools:
        """Who is looked at beside the leavers."""
        return (self.moment > 0) & ~self.leaver

    def known(self, name: str, *, days: int | None = None) -> Bools:
        """Rows that could be known before their pupil's day; with ``days``, only those dated so few days before it."""
        rows = self.rows(name)
        at = self.moment[rows.pupil]
        seen = (rows.date < at) & (rows.recorded < at)
        return seen if days is None else seen & (rows.date >= at - days)

    @cached_property
    def year_group(self) -> Ints:
        """Year group of each pupil on the pupil's day; -9 where it is not known."""
        return self._year_group(np.arange(len(self.pupils)), self.moment)

    def _year_group(self, pupil: Ints, day: Ints) -> Ints:
        rows = self.rows("context")
        group = pc.fill_null(rows.table["year_group"], -9).to_numpy().astype(np.int64) if len(rows) else np.zeros(0, np.int64)
        order = self.in_time("context")
        order = order[group[order] > -9]
        width = 2**20  # days since 1970 fit
        at = np.searchsorted(rows.pupil[order] * width + rows.date[order], pupil * width + day, side="right") - 1
        own = (at >= 0) & (len(order) > 0)
        own[own] = rows.pupil[order][at[own]] == pupil[own]
        return np.where(own, group[order][np.maximum(at, 0)] if len(order) else -9, -9)
