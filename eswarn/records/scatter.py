"""Put marks into a `MarkGrid` as they come: a batch of rows at a time, in any order, each fact once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from eswarn.records.arrays import EPOCH, NEVER, UNTOLD, Ints, dates, dictionary, indices
from eswarn.records.codes import CodeTable
from eswarn.records.grid import MarkGrid, Marks, Versions
from eswarn.records.put import DONE, LATER, MORE_COLUMNS, MORE_LATER, MORE_ROWS, cells_of, put, put_plain

NO_MARK_TOLD = 255  # "-" while marks are put in: told, and yet no mark
HALVES = {"AM": 0, "PM": 1, "DAY": 2}
_DAYS = 20_000  # days from UNTOLD on for which there are places: to the year 2044


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the attendance table: each text column as indices, with what each distinct text stands for.

    ``pupil`` and ``school`` are places in the ordered lists of the data set, ``half`` is by `HALVES`, ``meaning`` has one row for each
    distinct code and one column for each era of the code table. ``recorded`` is None where no row says when it was recorded.
    """

    pupil_index: npt.NDArray[np.int32]
    pupil: Ints
    school_index: npt.NDArray[np.int32]
    school: Ints
    day: npt.NDArray[np.int32]
    half_index: npt.NDArray[np.int32]
    half: Ints
    code_index: npt.NDArray[np.int32]
    meaning: Marks
    recorded: npt.NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.day)

    def take(self, at: Ints) -> Rows:
        """Some of the rows."""
        return replace(
            self, pupil_index=self.pupil_index[at], school_index=self.school_index[at], day=self.day[at],
            half_index=self.half_index[at], code_index=self.code_index[at], recorded=None if self.recorded is None else self.recorded[at],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """Rows at some cells: where each is put, when it became known and was recorded, whether it is of a whole day, and its meaning."""

    cell: Ints
    known_on: Ints
    recorded: Ints
    whole: npt.NDArray[np.bool_]
    meaning: Marks


_NONE = np.zeros(0, np.int64)
NOTHING_TOLD = Told(_NONE, _NONE, _NONE, np.zeros(0, bool), np.zeros(0, np.uint8))


def meanings(codes: Sequence[str], table: CodeTable) -> Marks:
    """Meaning of each code in each era, with `NO_MARK_TOLD` for "-"; see `Rows`."""
    starts = era_starts(table)
    index, days = np.repeat(np.arange(len(codes)), len(starts)), np.tile(starts, len(codes))
    found = table.lookup(codes, index, days).ids.reshape(len(codes), len(starts))
    found[np.array([code in ("", "-") for code in codes], bool)] = NO_MARK_TOLD
    return found


def era_starts(table: CodeTable) -> Ints:
    """First day of each era of a code table, in days since 1970-01-01."""
    return np.array(sorted({row.valid_from.toordinal() - EPOCH.toordinal() for row in table.rows}), np.int64)


class Scatter:
    """A grid that is being filled.

    Parameters
    ----------
    table : CodeTable
        Whose eras the meanings follow.
    width, stays : int
        Days and stays to make room for at first; more are made room for as they come.
    merge : bool
        Whether a row that repeats another word for word is dropped and counted. Only where no row says when it was recorded.
    """

    def __init__(self, table: CodeTable, *, width: int = 256, stays: int = 4096, merge: bool = False) -> None:
        self.merge = merge
        self.eras = era_starts(table)[1:]
        self.first = np.zeros((max(stays, 1), 2 * max(width, 1)), np.uint8)
        self.delay: Marks | None = None
        self.column_of = np.full(_DAYS, -1, np.int64)
        self.known_of = np.full(_DAYS, int(NEVER), np.int64)  # when the first mark of each day became known
        self.head = np.full(1024, -1, np.int64)
        self.stay_pupil, self.stay_school, self.following = (np.full(len(self.first), -1, np.int64) for _ in range(3))
        self.counts = np.zeros(5, np.int64)  # stays, columns, later versions, cells told twice, rows that repeat another
        self.later = np.zeros((3, 1024), np.int64)  # cell, known on, recorded
        self.later_meaning = np.zeros(1024, np.uint8)
        self.twice = np.zeros(1024, np.int64)

    def add(self, rows: Rows) -> tuple[Ints, int]:
        """Put some rows in; count the marks of each code in each era, and the rows that repeat one word for word."""
        used, merged = np.zeros(rows.meaning.shape, np.int64), self.counts[4]
        if len(rows.pupil) and int(rows.pupil.max()) >= len(self.head):
            self.make_room_for_pupils(int(rows.pupil.max()) + 1)
        recorded = rows.recorded if rows.recorded is not None else np.zeros(0, np.int32)
        at = 0
        if rows.recorded is None and self.delay is None and 2 not in rows.half:
            at = put_plain(
                rows.pupil_index, rows.pupil, rows.school_index, rows.school, rows.day, rows.half_index, rows.half, rows.code_index,
                rows.meaning, self.eras, int(UNTOLD), self.first, self.column_of, self.known_of, self.head, self.stay_pupil,
                self.stay_school, self.following, self.counts, used,
            )  # fmt: skip
        while True:
            at, status = put(
                at, rows.pupil_index, rows.pupil, rows.school_index, rows.school, rows.day, rows.half_index, rows.half,
                rows.code_index, rows.meaning, recorded, self.eras, int(UNTOLD), self.first,
                self.first if self.delay is None else self.delay, self.delay is not None, self.column_of, self.known_of, self.head,
                self.stay_pupil, self.stay_school, self.following, self.counts, self.later, self.later_meaning, self.twice, used,
                self.merge,
            )  # fmt: skip
            if status == DONE:
                return used, int(self.counts[4] - merged)
            self.make_room(status)

    def make_room_for_pupils(self, n: int) -> None:
        """Make room for pupils numbered below ``n``."""
        self.head = np.append(self.head, np.full(max(len(self.head), n - len(self.head)), -1, np.int64))

    def make_room(self, status: int) -> None:
        """Make room for what a loop of ``put.py`` ran out of."""
        if status == MORE_ROWS:
            n = len(self.first)
            self.first = _grown(self.first, (2 * n, self.first.shape[1]))
            self.delay = _grown(self.delay, self.first.shape) if self.delay is not None else None
            more = np.full(n, -1, np.int64)
            self.stay_pupil, self.stay_school, self.following = (
                np.append(a, more) for a in (self.stay_pupil, self.stay_school, self.following)
            )
        elif status == MORE_COLUMNS:
            wide = (len(self.first), 2 * (self.first.shape[1] // 2 + 64))
            cells = self.later[0], self.twice
            for cell in cells:  # cells are counted in the width of the grid
                cell += cell // self.first.shape[1] * (wide[1] - self.first.shape[1])
            self.first = _grown(self.first, wide)
            self.delay = _grown(self.delay, wide) if self.delay is not None else None
        elif status == MORE_LATER:
            self.later, self.later_meaning = np.tile(self.later, 2), np.tile(self.later_meaning, 2)
            self.twice = np.tile(self.twice, 2)
        else:
            self.delay = np.zeros(self.first.shape, np.uint8)

    def cells_told_twice(self) -> Ints:
        """Cells with two rows that became known on one day: repeats, contradictions, or versions recorded in advance."""
        later = self.later[:, : self.counts[2]]
        order = np.lexsort((later[1], later[0]))
        like = (np.diff(later[0][order]) == 0) & (np.diff(later[1][order]) == 0)
        return np.unique(np.concatenate([self.twice[: self.counts[3]], later[0][order][1:][like]]))

    def cells(self, rows: Rows) -> tuple[Ints, Ints]:
        """First cell of each row that is in, and how many it fills (two for a mark of the whole day)."""
        cells, filled = cells_of(
            rows.pupil_index, rows.pupil, rows.school_index, rows.school, rows.day, rows.half_index, rows.half,
            self.column_of, self.head, self.stay_school, self.following, self.first.shape[1], int(UNTOLD),
        )  # fmt: skip
        return cells, filled

    def finish(self, told: Told, days: Ints, pupil_place: Ints | None = None, school_place: Ints | None = None) -> MarkGrid:
        """Close the grid, given every row that stands at the cells told twice, and further days for its axis.

        ``pupil_place`` and ``school_place`` give identifiers new numbers.

        Of several rows that became known on one day the one recorded last stands; of those, a mark for half a day over one for the day.
        """
        self._add_days(days)
        cell, known_on, meaning = told.cell, told.known_on, told.meaning
        flat = self.first.reshape(-1)
        twice = self.cells_told_twice()
        flat[twice] = 0
        keep = np.isin(self.later[0, : self.counts[2]], twice, invert=True) if len(twice) else np.ones(self.counts[2], bool)
        later = [self.later[0, : self.counts[2]][keep], self.later[1, : self.counts[2]][keep]]
        later_meaning = self.later_meaning[: self.counts[2]][keep]
        if len(cell):
            order = np.lexsort((~told.whole, told.recorded, known_on, cell))
            cell, known_on, meaning = cell[order], known_on[order], meaning[order]
            last = np.append((cell[1:] != cell[:-1]) | (known_on[1:] != known_on[:-1]), True)
            cell, known_on, meaning = cell[last], known_on[last], meaning[last]
            is_first = np.append(True, cell[1:] != cell[:-1])
            day = self._day_of_column[cell % self.first.shape[1] // 2]
            is_first &= known_on - day < LATER
            flat[cell[is_first]] = meaning[is_first]
            if (known_on - day)[is_first].any() and self.delay is None:
                self.delay = np.zeros(self.first.shape, np.uint8)
            if self.delay is not None:
                self.delay.reshape(-1)[cell[is_first]] = (known_on - day)[is_first]
            later = [np.append(later[0], cell[~is_first]), np.append(later[1], known_on[~is_first])]
            later_meaning = np.append(later_meaning, meaning[~is_first])
        stays, columns = int(self.counts[0]), int(self.counts[1])
        order = np.argsort(later[1], kind="stable")
        later_meaning = np.where(later_meaning == NO_MARK_TOLD, 0, later_meaning).astype(np.uint8)
        for start in range(0, stays, 4096):
            part = self.first[start : start + 4096]
            part *= part != NO_MARK_TOLD
        days = self._day_of_column[:columns]
        pupil, school = self.stay_pupil[:stays], self.stay_school[:stays]
        pupil = pupil if pupil_place is None else pupil_place[pupil]
        school = school if school_place is None else school_place[school]
        by_pupil = np.lexsort((school, pupil))
        return MarkGrid(
            days=np.sort(days), stay_pupil=pupil[by_pupil], stay_school=school[by_pupil], row=by_pupil,
            column=np.argsort(days), first=self.first, delay=self.delay,
            versions=Versions(later[1][order], later[0][order], later_meaning[order]),
            day_known=self.known_of[np.sort(days) - UNTOLD],
        )  # fmt: skip

    def _add_days(self, days: Ints) -> None:
        for day in np.unique(days):
            if self.column_of[day - UNTOLD] < 0:
                if 2 * self.counts[1] >= self.first.shape[1]:
                    self.make_room(MORE_COLUMNS)
                self.column_of[day - UNTOLD] = self.counts[1]
                self.counts[1] += 1

    @property
    def _day_of_column(self) -> Ints:
        met = np.flatnonzero(self.column_of >= 0)
        days = np.zeros(self.first.shape[1] // 2, np.int64)
        days[self.column_of[met]] = met + int(UNTOLD)
        return days


def _grown(array: Marks, shape: tuple[int, int]) -> Marks:
    """The same bytes in a larger array; its pages are taken from the system only as they are written."""
    grown = np.zeros(shape, np.uint8)
    grown[: array.shape[0], : array.shape[1]] = array
    return grown


def grid_of(table: pa.Table, codes: CodeTable, places: Mapping[str, Mapping[str, int]], days: Ints) -> MarkGrid:
    """The grid of a checked attendance table, in which each fact stands once.

    Parameters
    ----------
    places : mapping
        Place of each identifier in the ordered list of the data set, under ``pupil_id`` and ``school_id``.
    days : array of int
        Further days for the axis.
    """
    scatter = Scatter(codes)
    if table.num_rows:
        place = {name: np.array([at.get(text, -1) for text in dictionary(table[name])], np.int64) for name, at in places.items()}
        words = dictionary(table["code"]), dictionary(table["session"])
        index = {name: _int32(table[name]) for name in ("pupil_id", "school_id", "session", "code")}
        has_recorded = table["recorded_on"].null_count < table.num_rows
        rows = Rows(
            index["pupil_id"], place["pupil_id"], index["school_id"], place["school_id"], dates(table["date"]).astype(np.int32),
            index["session"], np.array([HALVES[word] for word in words[1]], np.int64), index["code"], meanings(words[0], codes),
            dates(table["recorded_on"], missing=UNTOLD).astype(np.int32) if has_recorded else None,
        )  # fmt: skip
        scatter.add(rows)
        told = told_at(scatter, rows, scatter.cells_told_twice())
    else:
        told = NOTHING_TOLD
    return scatter.finish(told, days)


def told_at(scatter: Scatter, rows: Rows, cells: Ints) -> Told:
    """Of some rows that are in, those that stand at some cells."""
    if not len(cells):
        return NOTHING_TOLD
    cell, filled = scatter.cells(rows)
    at = np.flatnonzero(np.isin(cell, cells) | ((filled == 2) & np.isin(cell + 1, cells)))
    cell, whole = np.repeat(cell[at], filled[at]), np.repeat(filled[at] == 2, filled[at])
    second = np.append(False, whole[1:] & (np.diff(np.repeat(np.arange(len(at)), filled[at])) == 0))
    cell = cell + second
    at = np.repeat(at, filled[at])
    inside = np.isin(cell, cells)
    at, cell, whole = at[inside], cell[inside], whole[inside]
    day = rows.day[at].astype(np.int64)
    recorded = rows.recorded[at].astype(np.int64) if rows.recorded is not None else np.full(len(at), UNTOLD)
    era = np.searchsorted(scatter.eras, day, side="right")
    return Told(cell, np.maximum(day, recorded), recorded, whole, rows.meaning[rows.code_index[at], era])


def _int32(column: pa.ChunkedArray) -> npt.NDArray[np.int32]:
    return np.ascontiguousarray(indices(column), np.int32)
