"""Lays the records of one school year out as a grid, pupil at a school by day by session, so that published statistics can be counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import eswarn as ew

AUTHORISED = ("I", "M", "C", "C1", "C2", "E", "S", "R", "T", "J1")
UNAUTHORISED = ("O", "U", "G", "N")
OUTSIDE = ("D", "X", "-", "")
NONE = 255

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grid:
    """One entry an enrolment (a pupil at a school), as statistics count them; a mover is two.

    ``final`` and ``first`` ``[n, days, 2]`` hold places in ``codes``, ``NONE`` where there is no mark: as they
    stood at the end, and as first written down. The facts are those of September, -1 where they are not known.
    """

    final: NDArray[np.uint8]
    first: NDArray[np.uint8]
    codes: tuple[str, ...]
    date: NDArray[np.datetime64]
    pupil: Ints
    school: Ints
    group: Ints
    fsm: Ints
    sen: Ints  # 0 none, 1 support, 2 plan
    boy: Ints

    def among(self, codes: Iterable[str], marks: NDArray[np.uint8] | None = None) -> Flags:
        """Where the mark is one of these ``[n, days, 2]``."""
        table = np.zeros(NONE + 1, dtype=np.bool_)
        table[[self.codes.index(code) for code in codes if code in self.codes]] = True
        if "" in codes:
            table[NONE] = True
        return np.asarray(table[self.final if marks is None else marks])

    @property
    def absent(self) -> Flags:
        """Sessions of absence."""
        return self.among(AUTHORISED + UNAUTHORISED)

    @property
    def possible(self) -> Flags:
        """Sessions that count."""
        return ~self.among(OUTSIDE)


def grid(records: ew.Records, start_year: int) -> Grid:
    """Lay out the school year that begins in ``start_year``."""
    begins, ends = dt.date(start_year, 8, 1), dt.date(start_year + 1, 7, 31)
    attendance = records.table("attendance")
    day, recorded = _days(attendance["date"]), _days(attendance["recorded_on"])
    inside = (day >= np.datetime64(begins)) & (day <= np.datetime64(ends))
    names, pupil = _coded(attendance["pupil_id"])
    schools, school = _coded(attendance["school_id"])
    codes, code = _coded(attendance["code"])
    sessions, session = _coded(attendance["session"])
    key = (pupil * len(schools) + school)[inside]
    found, enrolment = _numbered(key)
    dates, place = _numbered((day - np.datetime64(begins)).astype(np.int64)[inside])
    cell = (enrolment * len(dates) + place) * 2 + (session[inside] if sessions == ["AM", "PM"] else 1 - session[inside])
    amended = (recorded > day)[inside]
    marks = code[inside].astype(np.uint8)
    first = np.full(len(found) * len(dates) * 2, NONE, dtype=np.uint8)
    first[cell[~amended]] = marks[~amended]
    final = first.copy()
    final[cell[amended]] = marks[amended]  # one correction at most
    shape = (len(found), len(dates), 2)
    facts = _facts(records, names, begins, ends)[:, found // len(schools)]
    date, who, where = np.datetime64(begins) + dates, found // len(schools), found % len(schools)
    return Grid(final.reshape(shape), first.reshape(shape), tuple(codes), date, who, where, *facts)


def _facts(records: ew.Records, names: list[str], begins: dt.date, ends: dt.date) -> Ints:
    """Year group, free meals, support and sex ``[4, pupil]``: the earliest row of the school year."""
    context = records.table("context")
    valid_from = _days(context["valid_from"])
    known, pupil = _coded(context["pupil_id"])
    place = {name: number for number, name in enumerate(names)}
    pupil = np.array([place.get(name, -1) for name in known])[pupil]
    supports, sen = _coded(context["sen"])
    sexes, sex = _coded(context["sex"])
    level = {"N": 0, "K": 1, "E": 2}
    columns = (
        context["year_group"].fill_null(-1).to_numpy(),
        context["fsm"].cast(pa.int8()).fill_null(-1).to_numpy(),
        np.array([*(level[word] for word in supports), -1])[sen],
        np.array([*(int(word == "M") for word in sexes), -1])[sex],
    )
    facts = np.full((4, len(names)), -1, dtype=np.int64)
    rows = np.flatnonzero((pupil >= 0) & (valid_from >= np.datetime64(begins)) & (valid_from <= np.datetime64(ends)))
    rows = rows[np.argsort(valid_from[rows], kind="stable")[::-1]]  # the earliest is written last
    for fact, values in zip(facts, columns, strict=True):
        fact[pupil[rows]] = values[rows]
    return facts


def _coded(column: pa.ChunkedArray) -> tuple[list[str], Ints]:
    """Words and places; -1 for null."""
    array = column.combine_chunks()
    return array.dictionary.to_pylist(), array.indices.fill_null(-1).to_numpy().astype(np.int64)


def _numbered(key: Ints) -> tuple[Ints, Ints]:
    """The distinct values of small whole numbers, and the place of each among them."""
    found = np.flatnonzero(np.bincount(key))
    place = np.zeros(found[-1] + 1, dtype=np.int64)
    place[found] = np.arange(len(found))
    return found, place[key]


def _days(column: pa.ChunkedArray) -> NDArray[np.datetime64]:
    return np.asarray(column.to_numpy().astype("datetime64[D]"))
