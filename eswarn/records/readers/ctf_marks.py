"""Give the marks of a Common Transfer File their dates: a week of five days or of seven, whichever gives the file's own totals."""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from eswarn.records.codes import ATTENDED, POSSIBLE, CodeTable

_NO_MARK = {" ", "-"}
_CLOSED = "#"
_LONGEST = 2 * 366  # marks of a year; a longer run fits no school year
_MARK = re.compile(r"[A-Z/\\+]")
_EPOCH = dt.date(1970, 1, 1).toordinal()


class Mark(NamedTuple):
    """One mark: its day as an ordinal, 0 for the morning and 1 for the afternoon, the sign as sent, and the code it stands for."""

    day: int
    session: int
    sign: str
    code: str


@dataclass(frozen=True, slots=True)
class Why:
    """Why something was turned away: the rule, what is wrong, and what to do."""

    rule: str
    what: str
    do: str


@dataclass(frozen=True, slots=True)
class Run:
    """Marks as sent, two characters a day from the day they start on."""

    starts_on: dt.date
    marks: str


@dataclass(frozen=True, slots=True)
class Totals:
    """What the file itself says of the run: sessions possible and attended, and the day on which the file was made."""

    possible: int
    attended: int
    made_on: dt.date | None


DISAGREE = Why(
    "totals_do_not_match",
    "the marks give other sessions possible and attended than the totals, in a week of 5 days and of 7",
    "Nothing to do but to ask the sender; the totals of the year are kept.",
)
EITHER = Why(
    "wrong_shape",
    "the marks fit a week of 5 days and one of 7, on different dates",
    "Nothing to do but to ask the sender whether weekends are in the marks; the totals of the year are kept.",
)
TWO_CHARACTERS = Why(
    "unknown_code",
    "figures among the marks: codes of two characters (C1, Y4) cannot be told apart where each session has one",
    "Nothing to do but to ask the sender for the register itself; the totals of the year are kept.",
)


class Meanings:
    """Which sessions count as possible and as attended, by code and day, once for a file.

    Parameters
    ----------
    table : CodeTable
        The register codes.
    local : mapping of str to str
        Local signs, and the codes they stand for.
    """

    def __init__(self, table: CodeTable, *, local: Mapping[str, str]) -> None:
        self.codes, self.local = table.codes, local
        self._starts = sorted({row.valid_from.toordinal() for row in table.rows})
        codes = sorted(table.codes)
        possible, attended = table.members(POSSIBLE), table.members(ATTENDED)
        self._counts: list[dict[str, tuple[bool, bool]]] = []
        for start in self._starts:
            ids = table.lookup(codes, np.arange(len(codes)), np.full(len(codes), start - _EPOCH)).ids
            self._counts.append({code: (bool(possible[i]), bool(attended[i])) for code, i in zip(codes, ids, strict=True)})

    def read(self, marks: str) -> list[str]:
        """The code of each character; "" where there is no mark. Codes nobody knows are left as they are."""
        codes = [self.local.get(sign, sign) for sign in marks]
        return ["" if code in _NO_MARK else code for code in codes]

    def counts(self, mark: Mark) -> tuple[bool, bool]:
        """Whether a mark is a possible session, and whether it is attended."""
        return self._counts[bisect_right(self._starts, mark.day) - 1][mark.code]


def dated(runs: Sequence[Run], totals: Totals, meanings: Meanings) -> list[Mark] | Why:
    """Find the dates of the marks.

    A week of seven days fits if nobody has a mark at a weekend. Either week fits only if its marks, counted by what they
    meant on their day, give the totals; if they stay within the school year; and if nobody attended after the file was made.
    Where both fit, and tell other things, the weekends decide: school days on both sides of two weekends that are shut
    would, in a week of five days, be two closures of two days in the very places where weekends fall. Otherwise the
    marks are turned away.

    Parameters
    ----------
    runs : sequence of Run
        The marks of one pupil's year at one school.
    totals : Totals
        What the file says of them.

    Returns
    -------
    list of Mark, or Why
        In order of time; closures at weekends are left out.
    """
    if any(len(run.marks) > _LONGEST for run in runs):
        return DISAGREE
    coded = [meanings.read(run.marks) for run in runs]
    if unknown := {code for codes in coded for code in codes if code and code not in meanings.codes}:
        return _unknown(unknown)
    five, seven = (_fitting(_reading(runs, coded, week=week), totals, meanings) for week in (5, 7))
    if five is None or seven is None:
        one = seven if five is None else five
        return DISAGREE if one is None else one
    if _open(five) == _open(seven):
        return sorted(set(five) & set(seven))
    return seven if _shut_weekends(runs, coded) >= 2 else EITHER


def last_day_of_school_year(day: dt.date) -> dt.date:
    """The 31 July on or after a day."""
    return dt.date(day.year + (day.month >= 8), 7, 31)


def _unknown(codes: Collection[str]) -> Why:
    if any(code.isdigit() for code in codes):
        return TWO_CHARACTERS
    named = ", ".join(sorted({code if _MARK.fullmatch(code) else "another sign" for code in codes}))
    do = 'Add  X = "I"  (the sign, and what it stands for) under [codes.map] in dataset.toml; the totals of the year are kept.'
    return Why("unknown_code", f"marks that are not register codes ({named})", do)


def _reading(runs: Sequence[Run], coded: Sequence[Sequence[str]], *, week: int) -> list[Mark] | None:
    """The marks on their days, if the days of the week are those of a school; closures out of school time are left out."""
    marks = []
    for run, codes in zip(runs, coded, strict=True):
        first, weekday = run.starts_on.toordinal(), run.starts_on.weekday()
        if week == 5 and weekday >= 5:
            return None
        end = last_day_of_school_year(run.starts_on).toordinal()
        for place, code in enumerate(codes):
            days = weekday + place // 2
            day = first - weekday + (days if week == 7 else 7 * (days // 5) + days % 5)
            out = day > end or (day - 1) % 7 >= 5
            if code and code != _CLOSED and out:
                return None
            if code and not out:
                marks.append(Mark(day, place % 2, run.marks[place], code))
    return sorted(marks)


def _fitting(marks: list[Mark] | None, totals: Totals, meanings: Meanings) -> list[Mark] | None:
    """The marks again, if they fit what the file says of them."""
    if marks is None or len({mark[:2] for mark in marks}) < len(marks):
        return None
    counts = [meanings.counts(mark) for mark in marks]
    attended = [mark.day for mark, (_, present) in zip(marks, counts, strict=True) if present]
    if (sum(possible for possible, _ in counts), len(attended)) != (totals.possible, totals.attended):
        return None
    if totals.made_on and attended and max(attended) > totals.made_on.toordinal():
        return None
    return marks


def _open(marks: list[Mark]) -> list[Mark]:
    return [mark for mark in marks if mark.code != _CLOSED]


def _shut_weekends(runs: Sequence[Run], coded: Sequence[Sequence[str]]) -> int:
    """Weekends without a mark, in a week of seven days, between a Friday and a Monday with one."""
    found = 0
    for run, codes in zip(runs, coded, strict=True):
        is_open = [any(code and code != _CLOSED for code in codes[i : i + 2]) for i in range(0, len(codes), 2)]
        fridays = range((4 - run.starts_on.weekday()) % 7, len(is_open) - 3, 7)
        found += sum(is_open[i : i + 4] == [True, False, False, True] for i in fridays)
    return found
