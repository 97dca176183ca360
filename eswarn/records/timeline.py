"""Records as they were known before a date: the one place where the cutoff is applied.

A record counts on an as-of date ``t`` only if it is dated before ``t`` and, where ``recorded_on`` is known, was recorded
before ``t`` too; of several versions the latest such one counts, and one that does not say when it was recorded yields to
any that does. Everything above this floor sees a `Snapshot` and nothing else, so no feature can reach a later record.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from eswarn.errors import UsageError
from eswarn.parallel import blocks, each
from eswarn.records.arrays import EPOCH, NEVER, UNTOLD, Ints, dates, numbers, places, words_in_use
from eswarn.records.codes import CodeTable, code_table
from eswarn.records.facts import DATED, Facts, in_order, known_rows
from eswarn.records.grid import MarkGrid, tally
from eswarn.records.scatter import grid_of
from eswarn.records.store import Records

STAYS_AT_ONCE = 16_384
_NAMES = {"pupil_id": "pupils", "school_id": "schools"}


def days_since_epoch(day: dt.date) -> int:
    """A date as whole days since 1970-01-01, the unit of every date array."""
    return (day - EPOCH).days


@dataclass(frozen=True)
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
    grid : MarkGrid
        The register; asked only through `marks_of`, which knows no later mark.
    tables : mapping of str to Facts
        The other tables, latest version of each row known before ``t``.
    supplied : frozenset of str
        Tables that were supplied at all, with or without rows.
    """

    t: int
    pupils: tuple[str, ...]
    schools: tuple[str, ...]
    days: Ints
    grid: MarkGrid
    tables: Mapping[str, Facts]
    supplied: frozenset[str]
    codes: CodeTable

    @property
    def stay_pupil(self) -> Ints:
        """Whose stay each is; stays are ordered by pupil, then school."""
        return self.grid.stay_pupil

    @property
    def stay_school(self) -> Ints:
        """Where each stay is."""
        return self.grid.stay_school

    def marks_of(self, stays: Ints) -> npt.NDArray[np.uint8]:
        """Meaning of the mark of some stays in each session, shape (stays, 2 D), AM and PM in turn; 0 is no mark."""
        return self.grid.known_before(self.t, stays)

    @cached_property
    def marks(self) -> npt.NDArray[np.uint8]:
        """The marks of all stays at once: one byte a stay and session."""
        return self.marks_of(np.arange(len(self.stay_pupil)))

    @cached_property
    def marked(self) -> Marked:
        """When each stay was marked, and how many are marked at each school in each session."""
        return _marked(self)


@dataclass(frozen=True, slots=True)
class Marked:
    """When each stay was marked. A planned closure, or a pupil yet to come, is no mark.

    Attributes
    ----------
    first, last : arrays of int, shape (E,)
        First and last session of each stay with a mark; -1 where there is none.
    stays : array of int, shape (schools, 2 D)
        Stays of each school with a mark in each session.
    """

    first: Ints
    last: Ints
    stays: npt.NDArray[np.int32]


def _marked(known: Snapshot) -> Marked:
    order = np.argsort(known.stay_school, kind="stable")  # so that each block counts for few schools
    first, last = np.full(len(order), -1, np.int64), np.full(len(order), -1, np.int64)
    counts = np.zeros((len(known.schools), 2 * len(known.days)), np.int32)
    marked, lock = known.codes.members("marked"), threading.Lock()

    def of_block(rows: slice) -> None:
        stays = order[rows]
        school = known.stay_school[stays]
        low, high = int(school[0]), int(school[-1]) + 1
        part = np.zeros((high - low, counts.shape[1]), np.int32)
        firsts, lasts = np.zeros(len(stays), np.int64), np.zeros(len(stays), np.int64)
        tally(known.marks_of(stays), school - low, marked, part, firsts, lasts)
        first[stays], last[stays] = firsts, lasts
        with lock:
            counts[low:high] += part

    each(of_block, blocks(len(order), STAYS_AT_ONCE))
    return Marked(first, last, counts)


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
        self.pupils, self.schools = (self._names(column) for column in _NAMES)
        self.supplied = records.supplied

    def before(self, as_of: dt.date) -> Snapshot:
        """What could be known before ``as_of``."""
        t = days_since_epoch(as_of)
        return Snapshot(
            t=t, pupils=self.pupils, schools=self.schools, days=self.grid.days[: np.searchsorted(self.grid.days, t)], grid=self.grid,
            tables={name: known_rows(facts, name, t) for name, facts in self.facts.items()}, supplied=self.supplied, codes=self.codes,
        )  # fmt: skip

    @cached_property
    def last_attended(self) -> Ints:
        """The last day on which each pupil attended anywhere, as the registers finally stood: for labels, never for features."""
        grid, attended = self.grid, self.codes.members("attended")
        last = np.full(len(self.pupils), -NEVER, np.int64)
        for rows in blocks(len(grid.stay_pupil), STAYS_AT_ONCE):
            hit = attended[grid.known_before(int(NEVER), np.arange(rows.start, rows.stop))]
            ever = hit.any(axis=1)
            latest = grid.days[len(grid.days) - 1 - hit[ever, ::-1].argmax(axis=1) // 2]
            np.maximum.at(last, grid.stay_pupil[rows][ever], latest)
        return last

    @property
    def first_known(self) -> dt.date | None:
        """The day on which the first mark became known; None where there is no mark."""
        first = self.grid.day_known.min(initial=NEVER)
        return as_date(int(first)) if first < NEVER else None

    def last_mark_before(self, as_of: dt.date) -> dt.date | None:
        """The date of the latest mark that was known before ``as_of``; None where there was none."""
        known = self.grid.days[self.grid.day_known < days_since_epoch(as_of)]
        return as_date(int(known[-1])) if len(known) else None

    @property
    def marked_from_to(self) -> tuple[dt.date, dt.date] | None:
        """The first and the last date with any mark, whenever it became known; None where there is no mark."""
        marked = self.grid.days[self.grid.day_known < NEVER]
        return (as_date(int(marked[0])), as_date(int(marked[-1]))) if len(marked) else None

    @cached_property
    def facts(self) -> dict[str, Facts]:
        """Every table but attendance, with all rows: for labels, never for features."""
        return {name: in_order(self._facts(name), name) for name in DATED}

    def _names(self, column: str) -> tuple[str, ...]:
        """All identifiers of the data set in order, so that no result depends on the order of rows or files."""
        streamed = self.records.streamed
        found: dict[str, None] = dict.fromkeys(getattr(streamed, _NAMES[column])) if streamed else {}
        for table in self.records.tables.values():
            if column in table.column_names:
                found |= dict.fromkeys(words_in_use(table[column]))
        return tuple(sorted(found))  # mostly in order already, as files tend to be

    def places(self, table: pa.Table, name: str) -> Ints:
        """Place of each row's identifier, ``pupil_id`` or ``school_id``, in the ordered list of all of them."""
        return places(table[name], self._places[name])

    @cached_property
    def grid(self) -> MarkGrid:
        """The register as a grid."""
        if streamed := self.records.streamed:
            texts = {"pupil_id": streamed.pupils, "school_id": streamed.schools}
            places = [np.array([self._places[name][text] for text in texts[name]], np.int64) for name in _NAMES]
            return streamed.grid(places[0], places[1], self.facts["calendar"].date)
        return grid_of(self.records.table("attendance"), self.codes, self._places, self.facts["calendar"].date)

    @cached_property
    def _places(self) -> dict[str, dict[str, int]]:
        """Place of each identifier in the ordered list of all of them."""
        return {name: {text: i for i, text in enumerate(getattr(self, kind))} for name, kind in _NAMES.items()}

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
            pupil=self.places(table, "pupil_id") if "pupil_id" in table.column_names else none,
            school=self.places(table, "school_id"),
            date=date,
            recorded=dates(table["recorded_on"], missing=UNTOLD) if "recorded_on" in table.column_names else none + UNTOLD,
            columns=columns,
            texts=texts,
        )


def as_date(t: int) -> dt.date:
    """Days since 1970-01-01 as a date."""
    return EPOCH + dt.timedelta(days=int(t))


def check_as_of(timeline: Timeline, as_of: dt.date) -> None:
    """Refuse an as-of date before which there is no mark at all, nor a term's total where no register is kept.

    Raises
    ------
    UsageError
        No attendance is known before the date.
    """
    terms, first = timeline.facts["term_totals"], timeline.first_known
    t = days_since_epoch(as_of)
    if first is None and bool(((terms.date < t) & (terms.recorded < t)).any()):
        return
    if first is None or first >= as_of:
        known = f"The first mark became known on {first}." if first else "The attendance table has no rows."
        raise UsageError(f"no attendance is known before the as-of date {as_of}", do=known)
