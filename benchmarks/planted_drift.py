"""Shifts to be noticed: each changes clean records from a day on, as a school or its software might."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from eswarn.records.store import Records
from eswarn.simulate import simulate, stays

EPOCH = dt.date(1970, 1, 1)
THERE = ("/", "\\", "L")
Edit = Callable[[Records, dt.date, np.random.Generator], Records]


@dataclass(frozen=True)
class Plant:
    """A shift: what it is, what it makes of clean records from a day on, and the kinds of check any of which finds it."""

    said: str
    into: Edit
    kinds: frozenset[str]


def _swapped(old: tuple[str, ...], new: str, *, one: bool = False) -> Edit:
    """One code written for another, at every school or at the first."""

    def edit(codes: list[str], code: np.ndarray, where: dict[str, np.ndarray], _: np.random.Generator) -> np.ndarray:
        hit = np.isin(code, [codes.index(c) for c in old]) & ((where["school_id"] == where["school_id"].min()) | (not one))
        return np.where(hit, codes.index(new), code)

    return _marks(edit)


def _away(codes: list[str], code: np.ndarray, where: dict[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Whole days of illness, at random, that cost five of a hundred sessions."""
    there = np.isin(code, [codes.index(c) for c in THERE])
    day = where["date"] - where["date"].min()
    drawn = rng.random((where["pupil_id"].max() + 1, day.max() + 1)) < 0.05 / there.mean()
    return np.where(there & drawn[where["pupil_id"], day], codes.index("I"), code)


def _marks(edit: Callable[..., np.ndarray]) -> Edit:
    def into(records: Records, start: dt.date, rng: np.random.Generator) -> Records:
        table = records.table("attendance").combine_chunks()
        date = table["date"].cast(pa.int32()).to_numpy()
        late = date >= (start - EPOCH).days
        column = table["code"].chunk(0)
        where = {name: table[name].chunk(0).indices.to_numpy()[late] for name in ("pupil_id", "school_id")} | {"date": date[late]}
        code = column.indices.to_numpy().copy()
        code[late] = edit(column.dictionary.to_pylist(), code[late], where, rng)
        new = pa.DictionaryArray.from_arrays(pa.array(code, column.indices.type), column.dictionary)
        place = table.schema.get_field_index("code")
        return Records({**records.tables, "attendance": table.set_column(place, table.schema.field(place), new)}, records.facts)

    return into


def _silent(name: str, date: str) -> Edit:
    """A table without a row from the day on."""

    def into(records: Records, start: dt.date, _: np.random.Generator) -> Records:
        table = records.table(name)
        return Records({**records.tables, name: table.filter(pc.less(table[date], start))}, records.facts)

    return into


def _gone(name: str) -> Edit:
    return lambda records, _, __: Records({n: t for n, t in records.tables.items() if n != name}, records.facts)


def _joined(records: Records, _: dt.date, rng: np.random.Generator) -> Records:
    """A school of 200 from another world joins: its records reach back as far."""
    other = simulate(pupils=200, years=4, seed=int(rng.integers(10**6)), start_year=_first_year(records), profile="post-2021")
    tables = {}
    for name, table in records.tables.items():
        new = other.table(name)
        for column in ("pupil_id", "school_id"):
            if column in new.column_names:
                place = new.schema.get_field_index(column)
                told = new.combine_chunks()[column].chunk(0)
                names = pc.binary_join_element_wise("NEW", told.dictionary, "")
                new = new.set_column(place, new.schema.field(place), pa.DictionaryArray.from_arrays(told.indices, names))
        tables[name] = pa.concat_tables([table, new]).unify_dictionaries().combine_chunks()
    return Records(tables, records.facts)


def _first_year(records: Records) -> int:
    return int(pc.min(records.table("attendance")["date"]).as_py().year)


PLANTS = (
    Plant("code swap: present written as N", _swapped(("/", "\\"), "N"), frozenset({"codes", "feature"})),
    Plant("code swap: illness written as O", _swapped(("I",), "O"), frozenset({"codes", "feature"})),
    Plant("code swap at one school of the trust: I as O", _swapped(("I",), "O", one=True), frozenset({"codes", "feature", "apart"})),
    Plant("attendance five percentage points lower", _marks(_away), frozenset({"codes", "feature", "score", "expected"})),
    Plant("a school that joins", _joined, frozenset({"school"})),
    Plant("behaviour records stop", _silent("behaviour", "date"), frozenset({"feed", "missing"})),
    Plant("behaviour table no longer supplied", _gone("behaviour"), frozenset({"feed", "missing"})),
)


def twice_as_many_leave(*, pupils: int, years: int, seed: int, start_year: int, from_year: int) -> Records:
    """A clean world in which, from one school year on, everybody's hazard of leaving early is doubled, signs before leaving included."""
    hazards = stays._hazards  # the simulator has no such setting, and should have none: no school is like that
    first = 6 * from_year

    def doubled(people: stays.People, lives: stays.Lives, group: stays.Ints, period: int) -> np.ndarray:
        told = hazards(people, lives, group, period)
        told[:, 0] *= 1 + (period >= first)
        return told

    with patch.object(stays, "_hazards", doubled):
        return simulate(pupils=pupils, years=years, seed=seed, start_year=start_year, profile="post-2021")
