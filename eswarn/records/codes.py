"""Register codes by jurisdiction and date, from a data file. Look a code up by the date of the mark, never of the file.

Source of the England table: SI 2024/208 regulation 10 and the Department for Education's daily attendance totals. The
United States table keeps the Ed-Fi categories; the neutral one is for systems that only know present and absent.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from eswarn.errors import UsageError, nearest

# Sets of marks that measures are made from.
ATTENDED = "attended"  # in school, late or at an approved activity
LATE = "late"  # arrived after the register began, whether before or after it closed
ABSENT = "absent"
AUTHORISED = "authorised"
UNAUTHORISED = "unauthorised"
ILLNESS = "illness"
NO_REASON_YET = "no_reason_yet"  # a state of knowledge, not a behaviour
POSSIBLE = "possible"
MARKED = "marked"  # the register says something about this pupil: not a gap, a planned closure or a pupil yet to come

NO_MARK = 0
PROFILES = ("england", "us", "neutral")


class Code(NamedTuple):
    """One code in one era: what it meant while it was in force. Open ends are the first and the last day there is.

    ``also`` names a further set of marks that the code belongs to, such as ``illness``; mostly it is empty.
    """

    code: str
    meaning: str
    category: str
    late: bool
    possible: bool
    also: str
    valid_from: dt.date
    valid_to: dt.date


@dataclass(frozen=True, slots=True)
class Meanings:
    """What marks mean: a meaning id each, and where that meaning is in doubt.

    Attributes
    ----------
    ids : numpy.ndarray of uint8
        Meaning of each mark; 0 where there is no mark, or where the code is unknown.
    unknown : numpy.ndarray of bool
        The code is in no era of the table.
    not_valid_on_date : numpy.ndarray of bool
        The code was not in force on the day; ``ids`` gives its meaning in the era when it was.
    """

    ids: npt.NDArray[np.uint8]
    unknown: npt.NDArray[np.bool_]
    not_valid_on_date: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CodeTable:
    """The register codes of one jurisdiction. The meaning id of a code in an era is its place in ``rows``; 0 is no mark."""

    jurisdiction: str
    rows: tuple[Code, ...]
    _members: dict[str, npt.NDArray[np.bool_]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def codes(self) -> frozenset[str]:
        """Every code of any era."""
        return frozenset(row.code for row in self.rows)

    def lookup(self, codes: Sequence[str], index: npt.NDArray[np.integer], days: npt.NDArray[np.integer]) -> Meanings:
        """Give the meaning of many marks.

        Parameters
        ----------
        codes : sequence of str
            The distinct codes, upper case; blank is no mark.
        index : numpy.ndarray of int, shape (n,)
            Place of each mark's code in ``codes``.
        days : numpy.ndarray of int, shape (n,)
            Date of each mark, in days since 1970-01-01.
        """
        starts = sorted({_day(row.valid_from) for row in self.rows})
        chosen = np.zeros((len(codes), len(starts)), np.uint8)
        in_force = np.zeros((len(codes), len(starts)), np.bool_)
        for place, code in enumerate(codes):
            known = [i for i, row in enumerate(self.rows) if row.code == (code or "-")]
            for era, start in enumerate(starts):
                held = [i for i in known if _day(self.rows[i].valid_from) <= start <= _day(self.rows[i].valid_to)]
                near = held or sorted(known, key=lambda i: abs(_day(self.rows[i].valid_from) - start))
                chosen[place, era] = near[0] if near else NO_MARK
                in_force[place, era] = bool(held)
        unknown = np.array([(code or "-") not in self.codes for code in codes], np.bool_)[index]
        era_of_mark = np.searchsorted(np.array(starts), days, side="right") - 1
        return Meanings(chosen[index, era_of_mark], unknown, ~in_force[index, era_of_mark] & ~unknown)

    def members(self, name: str) -> npt.NDArray[np.bool_]:
        """Say for each meaning id whether it belongs to a set: ``"absent"``, ``"possible"`` …, or ``"code:I"`` for one code.

        A set or code that only other profiles know has no member here, so that one list of features serves them all.

        Returns
        -------
        numpy.ndarray of bool, shape (256,)

        Raises
        ------
        UsageError
            There is no such set or code in any profile.
        """
        if name not in _every_set():
            if name.startswith("code:"):
                codes = {known[5:] for known in _every_set() if known.startswith("code:")}
                raise UsageError(f'there is no register code "{name[5:]}" in any profile', do=nearest(name[5:].upper(), codes))
            sets = {known for known in _every_set() if not known.startswith("code:")}
            raise UsageError(f'there is no set of marks called "{name}"', do=nearest(name, sets))
        if name not in self._members:
            table = np.zeros(256, np.bool_)
            table[: len(self.rows)] = [name in _sets(row) for row in self.rows]
            table.setflags(write=False)
            self._members[name] = table
        return self._members[name]


def _sets(row: Code) -> set[str]:
    """Every set of marks that a code belongs to, the one of the code alone among them."""
    sets = {row.category, f"code:{row.code}"}
    if row.category in {"attended", "approved"}:
        sets.add(ATTENDED)
    if row.category in {"authorised", "unauthorised"}:
        sets.add(ABSENT)
    if row.category not in {"none", "administrative"}:
        sets.add(MARKED)
    return sets | {word for word, holds in ((LATE, row.late), (POSSIBLE, row.possible), (row.also, row.also)) if holds}


@cache
def _every_set() -> frozenset[str]:
    """The sets and codes of all profiles."""
    return frozenset(name for profile in PROFILES for row in code_table(profile).rows for name in _sets(row))


def _day(date: dt.date) -> int:
    return date.toordinal() - dt.date(1970, 1, 1).toordinal()


@cache
def code_table(jurisdiction: str = "england") -> CodeTable:
    """Read the register codes of a jurisdiction from the data file in the package."""
    text = (files("eswarn.records") / f"codes_{jurisdiction}.csv").read_text(encoding="utf-8")
    rows = tuple(
        Code(
            row["code"],
            row["meaning"],
            row["category"],
            row["late"] == "1",
            row["possible"] == "1",
            row["also"],
            dt.date.fromisoformat(row["valid_from"]) if row["valid_from"] else dt.date.min,
            dt.date.fromisoformat(row["valid_to"]) if row["valid_to"] else dt.date.max,
        )
        for row in csv.DictReader(text.splitlines())
    )
    return CodeTable(jurisdiction, rows)
