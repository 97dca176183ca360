"""Records as they were known before a date: the one place where the cutoff is applied.

A record counts on an as-of date ``t`` only if it is dated before ``t`` and, where ``recorded_on`` is known, was recorded
before ``t`` too; of several versions the latest such one counts, and one that does not say when it was recorded yields to
any that does. Everything above this floor sees a `Snapshot` and nothing else, so no feature can reach a later record.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from eswarn.errors import UsageError
from eswarn.records.arrays import EPOCH, NEVER, UNTOLD, Bools, Ints, dates, dictionary, indices, numbers
from eswarn.records.codes import CodeTable, code_table
from eswarn.records.store import Records
from eswarn.records.tables import GRAIN

# The day a fact happened; context becomes known by the day it starts to hold.
DATED = {"behaviour": "date", "suspensions": "start", "context": "valid_from", "outcomes": "left_on", "assessments": "date",
         "enrolment": "entered_on", "calendar": "date"}  # fmt: skip


def days_since_epoch(day: dt.date) -> int:
    """A date as whole days since 1970-01-01, the unit of every date array."""
    return (day - EPOCH).days


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows of one dated table as arrays: who, where, when, and the other columns by name (text as codes into ``texts``)."""

    pupil: Ints
    school: Ints
    date: Ints
    recorded: Ints
    columns: Mapping[str, npt.NDArray[np.float64]]
    texts: Mapping[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.date)

    def take(self, rows: npt.NDArray[np.generic]) -> Facts:
        """The same table with only these rows (a mask or positions)."""
        return Facts(
            self.pupil[rows], self.school[rows], self.date[rows], self.recorded[rows],
            {name: values[rows] for name, values in self.columns.items()}, self.texts,
        )  # fmt: skip

    def equals(self, name: str, *values: str) -> Bools:
        """Where a text column holds one of these values."""
        wanted = [code for code, text in enumerate(self.texts[name]) if text in values]
        return np.isin(self.columns[name], wanted)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What could be known before ``t``.

    Attributes
    ----------
    t : int
        The as-of date in days since 1970-01-01.
    pupils, schools : tuple of str
        Identifiers in order; every pupil and school index points here.
    days : array of int, shape (D,)
        Days before ``t`` on which anybody has a mark or which a calendar names, ascending.
    marks : array of uint8, shape (E, 2 D)
        Meaning of the mark of each stay (one pupil at one school) in each session, AM and PM in turn; 0 is no mark.
    stay_pupil, stay_school : arrays of int, shape (E,)
        Whose stay it is, and where; ordered by pupil, then school.
    tables : mapping of str to Facts
        The other tables, latest version of each row known before ``t``.
    supplied : frozenset of str
        Tables that were supplied at all, with or without rows.
    """

    t: int
    pupils: tuple[str, ...]
    schools: tuple[str, ...]
    days: Ints
    marks: npt.NDArray[np.uint8]
    stay_pupil: Ints
    stay_school: Ints
    tables: Mapping[str, Facts]
    supplied: frozenset[str]
    codes: CodeTable


@dataclass(frozen=True, slots=True)
class _MarkRows:
    """Mark rows in the order in which they became known."""

    known_on: Ints
    cell: Ints  # stay * 2 D + session
    meaning: npt.NDArray[np.uint8]


class Timeline:
    """Records put in the order in which they became known, to look at from any number of as-of dates.

    Parameters
    ----------
    records : Records
        Checked tables.
    """

    def __init__(self, records: Records) -> None:
        self.records = records
        self.codes = code_table(records.facts.profile)
        self.pupils = self._names("pupil_id")
        self.schools = self._names("school_id")
        self.supplied = frozenset(records.tables)

    def before(self, as_of: dt.date) -> Snapshot:
        """What could be known before ``as_of``."""
        t = days_since_epoch(as_of)
        days, stay_pupil, stay_school = self._axes
        until = int(np.searchsorted(days, t))
        return Snapshot(
            t=t, pupils=self.pupils, schools=self.schools, days=days[:until],
            marks=np.ascontiguousarray(self._marks(t)[:, : 2 * until]), stay_pupil=stay_pupil, stay_school=stay_school,
            tables={name: _known(facts, name, t) for name, facts in self.facts.items()}, supplied=self.supplied, codes=self.codes,
        )  # fmt: skip

    def _marks(self, t: int) -> npt.NDArray[np.uint8]:
        """Meaning of the mark of each stay in each session, of those dated and recorded before ``t``."""
        days, stays, _ = self._axes
        rows = self._mark_rows
        known = int(np.searchsorted(rows.known_on, t))
        marks = np.zeros(len(stays) * 2 * len(days), np.uint8)
        marks[rows.cell[:known]] = rows.meaning[:known]  # of several versions the last written stands
        return marks.reshape(len(stays), 2 * len(days))

    @cached_property
    def last_attended(self) -> Ints:
        """The last day on which each pupil attended anywhere, as the registers finally stood: for labels, never for features."""
        days, pupil, _ = self._axes
        attended = self.codes.members("attended")[self._marks(int(NEVER))]
        ever = attended.any(axis=1)
        last = np.full(len(self.pupils), -NEVER, np.int64)
        np.maximum.at(last, pupil[ever], days[len(days) - 1 - attended[ever, ::-1].argmax(axis=1) // 2])
        return last

    @property
    def first_known(self) -> dt.date | None:
        """The day on which the first mark became known; None where there is no mark."""
        known_on = self._mark_rows.known_on
        return as_date(int(known_on[0])) if len(known_on) else None

    def last_mark_before(self, as_of: dt.date) -> dt.date | None:
        """The date of the latest mark that was known before ``as_of``; None where there was none."""
        days, rows = self._axes[0], self._mark_rows
        known = int(np.searchsorted(rows.known_on, days_since_epoch(as_of)))
        return as_date(int(days[(rows.cell[:known] // 2 % len(days)).max()])) if known else None

    @cached_property
    def facts(self) -> dict[str, Facts]:
        """Every table but attendance, with all rows: for labels, never for features."""
        return {name: self._facts(name) for name in DATED}

    def _names(self, column: str) -> tuple[str, ...]:
        """All identifiers of the data set in order, so that no result depends on the order of rows or files."""
        found: set[str] = set()
        for table in self.records.tables.values():
            if column in table.column_names:
                for chunk in pc.unique(table[column]).to_pylist():
                    found.add(chunk)
        return tuple(sorted(found))

    def _index(self, column: pa.ChunkedArray, names: tuple[str, ...]) -> Ints:
        """Positions of identifiers in the ordered list of all of them."""
        if len(column) == 0:
            return np.zeros(0, np.int64)
        place = {name: i for i, name in enumerate(names)}
        lookup = np.array([place.get(name, -1) for name in dictionary(column)], np.int64)  # a filtered table lists names it has lost
        found: Ints = lookup[indices(column)]
        return found

    @cached_property
    def attendance(self) -> tuple[Ints, Ints, Ints]:
        """Pupil, school and date of every mark, whenever it was recorded: for axes and labels, never for features."""
        table = self.records.table("attendance")
        return self._index(table["pupil_id"], self.pupils), self._index(table["school_id"], self.schools), dates(table["date"])

    @cached_property
    def _axes(self) -> tuple[Ints, Ints, Ints]:
        """Days with any mark or in a calendar, and the stays: pairs of pupil and school with any mark."""
        pupil, school, date = self.attendance
        stays = np.unique(pupil * len(self.schools) + school) if len(pupil) else np.zeros(0, np.int64)
        n = max(len(self.schools), 1)
        return np.union1d(date, self.facts["calendar"].date), stays // n, stays % n

    @cached_property
    def _mark_rows(self) -> _MarkRows:
        pupil, school, date = self.attendance
        days, stay_pupil, stay_school = self._axes
        table = self.records.table("attendance")
        session = table["session"]
        half = np.array([1 if s == "PM" else 0 for s in dictionary(session)] or [0], np.int64)[indices(session)]
        whole = np.array([s == "DAY" for s in dictionary(session)] or [False])[indices(session)]
        n = max(len(self.schools), 1)
        stay = np.searchsorted(stay_pupil * n + stay_school, pupil * n + school)
        cell = (stay * len(days) + np.searchsorted(days, date)) * 2 + half
        meaning = self._meanings(table["code"], date)
        recorded = dates(table["recorded_on"], missing=UNTOLD)
        if whole.any():  # a mark for the day fills both halves; written first, so that a mark for half a day stands over it
            parts = np.concatenate([np.flatnonzero(whole), np.flatnonzero(whole), np.flatnonzero(~whole)])
            cell = cell[parts]
            cell[whole.sum() : 2 * whole.sum()] += 1
            meaning, date, recorded = meaning[parts], date[parts], recorded[parts]
        known_on = np.maximum(date, recorded)
        in_step = np.array_equal(known_on, recorded) or bool((recorded == UNTOLD).all())
        order = _stable_order(known_on) if in_step else _stable_order(known_on, then=recorded)
        return _MarkRows(known_on[order], cell[order], meaning[order])

    def _meanings(self, code: pa.ChunkedArray, date: Ints) -> npt.NDArray[np.uint8]:
        return self.codes.lookup(dictionary(code), indices(code), date).ids

    def _facts(self, name: str) -> Facts:
        table = self.records.table(name)
        date = dates(table[DATED[name]])
        none = np.zeros(table.num_rows, np.int64)
        columns: dict[str, npt.NDArray[np.float64]] = {}
        texts: dict[str, tuple[str, ...]] = {}
        for field in table.schema:
            if field.name in {"pupil_id", "school_id", "recorded_on", DATED[name]}:
                continue
            columns[field.name], texts[field.name] = numbers(table[field.name])
        return Facts(
            pupil=self._index(table["pupil_id"], self.pupils) if "pupil_id" in table.column_names else none,
            school=self._index(table["school_id"], self.schools),
            date=date,
            recorded=dates(table["recorded_on"], missing=UNTOLD) if "recorded_on" in table.column_names else none + UNTOLD,
            columns=columns,
            texts=texts,
        )


def _stable_order(days: Ints, *, then: Ints | None = None) -> npt.NDArray[np.intp]:
    """Order by day, equal days as they stand (or by ``then``); day numbers fit 16 bits, which NumPy sorts by radix."""
    if not len(days):
        return np.zeros(0, np.intp)
    first = np.arange(len(days)) if then is None else _stable_order(then)
    return first[np.argsort((days[first] - days.min()).astype(np.uint16), kind="stable")]


def _known(facts: Facts, name: str, t: int) -> Facts:
    """Rows dated and recorded before ``t``, the latest version of each, in an order that no file decides."""
    rows = facts.take((facts.date < t) & (facts.recorded < t))
    grain = [c for c in GRAIN[name] if c not in {"pupil_id", "school_id", "recorded_on", DATED[name]}]
    others = [c for c in rows.columns if c not in grain]
    keys = [rows.pupil, rows.school, rows.date, *(_ranks(rows, c) for c in grain), rows.recorded, *(_ranks(rows, c) for c in others)]
    rows = rows.take(np.lexsort(keys[::-1]))
    if not GRAIN[name] or not len(rows):
        return rows
    same = np.ones(len(rows) - 1, bool)
    for key in (rows.pupil, rows.school, rows.date, *(_ranks(rows, c) for c in grain)):
        same &= key[1:] == key[:-1]
    return rows.take(np.append(~same, True))


def _ranks(rows: Facts, column: str) -> npt.NDArray[np.float64]:
    """Values that sort alike whatever the order of the dictionary; missing first."""
    values = rows.columns[column]
    texts = rows.texts[column]
    if texts:
        rank = np.argsort(np.argsort(np.array(texts))).astype(float)
        values = np.where(np.isnan(values), np.nan, rank[np.nan_to_num(values).astype(int)])
    return np.where(np.isnan(values), -np.inf, values)


def as_date(t: int) -> dt.date:
    """Days since 1970-01-01 as a date."""
    return EPOCH + dt.timedelta(days=int(t))


def check_as_of(timeline: Timeline, as_of: dt.date) -> None:
    """Refuse an as-of date before which there is no mark at all.

    Raises
    ------
    UsageError
        No attendance is known before the date.
    """
    first = timeline.first_known
    if first is None or first >= as_of:
        known = f"The first mark became known on {first}." if first else "The attendance table has no rows."
        raise UsageError(f"no attendance is known before the as-of date {as_of}", do=known)
