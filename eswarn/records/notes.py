"""What no single file can tell: tables that do not meet, marks outside the time on roll, facts that are missing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from eswarn.config import DatasetFacts
from eswarn.records.arrays import EPOCH, UNTOLD, Ints, dates, dictionary, indices, places
from eswarn.records.facts import DATED
from eswarn.records.ledger import shown
from eswarn.words import count as counted

_SLICE = 1 << 20
_NOT_OF_A_PUPIL_ON_ROLL = {"-", "#", "Z"}
_SCHOOLS = 5
_NAMES = 10
_HOLDERS = 5  # a name that fewer pupils have is not repeated
_LABEL = re.compile(r"[A-Za-z][A-Za-z_]*[0-9]{0,2}")


def notes(tables: Mapping[str, pa.Table], facts: DatasetFacts, *, today: dt.date) -> list[str]:
    """Notes on a whole data set, for its ledger.

    Parameters
    ----------
    today : date
        For facts about days that have not come yet.
    """
    found = []
    if "attendance" in tables:
        found += _strangers(tables)
    lengths = {len(word) for table in tables.values() for word in dictionary(table.column("school_id")) if word.isdecimal()}
    if len(lengths) > 1:
        found.append(f"school ids of {' and '.join(map(str, sorted(lengths)))} digits: with two schemes in use, tables do not meet")
    if "attendance" in tables and "enrolment" in tables:
        found += _outside_enrolment(tables["attendance"], tables["enrolment"])
    if "outcomes" in tables and "outcomes" not in facts.observed_to:
        found.append(
            "outcomes: it is not known until when leaving was followed up; add  outcomes = YYYY-MM-DD  under [observed_to] in dataset.toml"
        )
    if "extra" in tables:
        found += _numbers(tables["extra"])
    return found + _observed_too_far(tables, facts, today=today)


def _strangers(tables: Mapping[str, pa.Table]) -> list[str]:
    known, found = set(dictionary(tables["attendance"].column("pupil_id"))), []
    for name, table in tables.items():
        if "pupil_id" in table.column_names and name != "attendance":
            others = set(dictionary(table.column("pupil_id")))
            if strangers := len(others - known):
                found.append(f"{strangers:,} of {len(others):,} pupils in {name} have no attendance mark")
    return found


def _numbers(extra: pa.Table) -> list[str]:
    """Which numbers ``extra`` holds, by their names; one that few pupils have, or that is no label, may be a person's own."""
    names, which, pupils = dictionary(extra.column("name")), indices(extra.column("name")), indices(extra.column("pupil_id"))
    most = int(pupils.max(initial=0)) + 1
    rows = np.bincount(which, minlength=len(names))
    holders = np.bincount(np.unique(which.astype(np.int64) * most + pupils) // most, minlength=len(names))
    told = sorted((-int(n), name) for name, n, of in zip(names, rows, holders, strict=True) if of >= _HOLDERS and _LABEL.fullmatch(name))
    said = [f"{name} ({counted(-n, 'row')})" for n, name in told[:_NAMES]]
    if others := int((rows > 0).sum()) - len(said):
        said.append(counted(others, "other name"))
    return [f"extra holds: {', '.join(said)}; a feature asks for one with latest_extra(name)"] if said else []


def _observed_too_far(tables: Mapping[str, pa.Table], facts: DatasetFacts, *, today: dt.date) -> list[str]:
    found = []
    for name, day in facts.observed_to.items():
        if day > today and (day - EPOCH).days > _last(tables, name):
            found.append(
                f"{name}: [observed_to] in dataset.toml says {day}, a day that has not come and no record reaches; "
                "nobody can have followed anything up so far: correct it to the day of the export"
            )
    return found


def _last(tables: Mapping[str, pa.Table], name: str) -> int:
    """The last day of a table, as days since 1970-01-01; 0 where it has no row."""
    column = "date" if name == "attendance" else DATED[name]
    return int(dates(tables[name].column(column)).max()) if name in tables and tables[name].num_rows else 0


def _outside_enrolment(marks: pa.Table, enrolment: pa.Table) -> list[str]:
    """Marks before entry or after leaving, by school; only where the pupil has an enrolment row at that school."""
    schools = dictionary(marks.column("school_id"))
    outside = _count_outside(marks, _Stays(marks, enrolment), schools=len(schools))
    rows = sorted(((int(n), schools[i]) for i, n in enumerate(outside) if n), reverse=True)
    if not rows:
        return []
    named = "; ".join(f"{n:,} at school {shown(school)}" for n, school in rows[:_SCHOOLS])
    rest = f"; and at {counted(len(rows) - _SCHOOLS, 'more school')}" if len(rows) > _SCHOOLS else ""
    total = sum(n for n, _ in rows)
    return [
        f"outside_enrolment: {counted(total, 'mark')} before entry or after leaving ({named}{rest}), kept as they stand; "
        "correct the dates of the enrolment table, or take those marks out of the export"
    ]


class _Stays:
    """The days on roll of each pupil at each school, by the version recorded last, as layers of at most one stay each."""

    def __init__(self, marks: pa.Table, enrolment: pa.Table) -> None:
        self.schools = len(dictionary(marks.column("school_id")))
        place = [_places(enrolment, marks, name) for name in ("pupil_id", "school_id")]
        pair = np.where((place[0] < 0) | (place[1] < 0), -1, place[0] * self.schools + place[1])
        start, end = dates(enrolment.column("entered_on")), dates(enrolment.column("left_on"))
        order = np.lexsort((dates(enrolment.column("recorded_on"), UNTOLD), start, pair))
        pair, start, end = pair[order], start[order], end[order]
        latest = np.r_[(pair[1:] != pair[:-1]) | (start[1:] != start[:-1]), np.ones(min(1, len(pair)), np.bool_)] & (pair >= 0)
        pair, self._start, self._end = pair[latest], start[latest], end[latest]
        self._pairs, self._first = np.unique(pair, return_index=True)
        self._many = np.diff(np.r_[self._first, len(pair)])

    def outside(self, pupil: Ints, school: Ints, day: Ints) -> npt.NDArray[np.bool_]:
        """Whether each mark lies outside every stay of its pupil at its school; never where there is no stay."""
        if not len(self._pairs):
            return np.zeros(len(day), np.bool_)
        pair = pupil * self.schools + school
        at = np.minimum(np.searchsorted(self._pairs, pair), len(self._pairs) - 1)
        known = self._pairs[at] == pair
        inside = np.zeros(len(day), np.bool_)
        for layer in range(int(self._many.max())):
            stay = self._first[at] + np.minimum(layer, self._many[at] - 1)
            inside |= (day >= self._start[stay]) & (day <= self._end[stay])
        outside: npt.NDArray[np.bool_] = known & ~inside
        return outside


def _places(table: pa.Table, marks: pa.Table, name: str) -> Ints:
    """The text of each row as its place among the texts of the marks; -1 where no mark has it."""
    return places(table.column(name), {text: i for i, text in enumerate(dictionary(marks.column(name)))})


def _count_outside(marks: pa.Table, stays: _Stays, *, schools: int) -> Ints:
    said = np.array([code not in _NOT_OF_A_PUPIL_ON_ROLL for code in dictionary(marks.column("code"))], np.bool_)
    found = np.zeros(schools, np.int64)
    for start in range(0, marks.num_rows, _SLICE):
        some = marks.slice(start, _SLICE)
        school = indices(some.column("school_id"))
        outside = stays.outside(indices(some.column("pupil_id")), school, dates(some.column("date"))) & said[indices(some.column("code"))]
        found += np.bincount(school[outside], minlength=schools)
    return found
