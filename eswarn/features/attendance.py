"""The register of a pupil summed up for people: the school year, the last four weeks, week by week, half-term by half-term."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from eswarn.cohort.calendar import HOLIDAY_WEEKDAYS, closed_weekdays
from eswarn.features.pupil_facts import CLOSED, KINDS, PupilFacts
from eswarn.records.arrays import Bools, Floats, Ints

ABSENT = ("authorised", "unauthorised", "no reason yet")
POSSIBLE = ("attended", "late", *ABSENT)
RECENT_WEEKS = 4
RECENT_DAYS = 20  # open days that questions about codes look back on

Kinds = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Sums:
    """Sessions of each pupil over some days, by kind; one row a pupil."""

    counts: Ints

    def of(self, *kinds: str) -> Ints:
        """Sessions of some of `KINDS` together."""
        return np.asarray(self.counts[:, [KINDS.index(kind) for kind in kinds]].sum(axis=1), np.int64)

    @property
    def attended(self) -> Floats:
        """Share of the possible sessions attended, late ones too; NaN where there was none."""
        possible = self.of(*POSSIBLE)
        return np.asarray(np.divide(self.of("attended", "late"), possible, out=np.full(len(possible), np.nan), where=possible > 0))


@dataclass(frozen=True)
class HalfTerm:
    """One half-term of a school: its days, as places on the axis, first and last included.

    ``since`` and ``until`` take in the days around it on which the school was closed, so that every session falls into a half-term.
    """

    first: int
    last: int
    since: int
    until: int


class Attendance:
    """The register of some pupils, asked by week, by half-term, and about its codes.

    Parameters
    ----------
    facts : PupilFacts
        What the records say of them; its rows are the pupils.
    """

    def __init__(self, facts: PupilFacts) -> None:
        self.facts = facts
        self.days: tuple[dt.date, ...] = facts.days
        lookup = np.full(256, KINDS.index("no mark"), np.uint8)
        for letter, (_, kind) in facts.codes.items():
            lookup[ord(letter)] = KINDS.index(kind)
        lookup[ord(CLOSED)] = KINDS.index("closed")
        self.kinds: Kinds = lookup[facts.marks]

    @cached_property
    def year(self) -> Sums:
        """The school year to date."""
        return self.over(np.ones(len(self.days), bool))

    @cached_property
    def recent(self) -> Sums:
        """The last four weeks on the axis, from Monday to Sunday."""
        return self.over(self._are_recent)

    @property
    def recent_from(self) -> dt.date | None:
        """The first day of these four weeks."""
        return self.days[int(self._are_recent.argmax())] if len(self.days) else None

    @cached_property
    def _are_recent(self) -> Bools:
        weeks = self._week_of_day
        return np.asarray(weeks > (weeks[-1] if len(weeks) else 0) - RECENT_WEEKS, bool)

    def over(self, days: Bools) -> Sums:
        """Some days."""
        part = self.kinds[:, np.repeat(days, 2)]
        return Sums(np.stack([(part == kind).sum(axis=1) for kind in range(len(KINDS))], axis=1))

    @cached_property
    def by_week(self) -> Floats:
        """Share attended in each week with any day, shape (pupils, weeks); NaN where no session was possible."""
        weeks = self._week_of_day
        if not len(weeks):
            return np.zeros((len(self.kinds), 0))
        starts = 2 * np.flatnonzero(np.diff(weeks, prepend=weeks[0] - 1))
        possible, there = (
            np.add.reduceat(np.isin(self.kinds, [KINDS.index(kind) for kind in some]), starts, axis=1, dtype=np.int64)
            for some in (POSSIBLE, ("attended", "late"))
        )
        return np.asarray(np.divide(there, possible, out=np.full(possible.shape, np.nan), where=possible > 0))

    def half_terms(self, rows: Ints) -> list[HalfTerm]:
        """The half-terms of a school, whose pupils are these rows: five closed weekdays or more part them.

        A day was open if half of them had a session: one who came from another school has days of that school as well.
        """
        sessions = (self.kinds[rows] != KINDS.index("closed")).reshape(len(rows), -1, 2).any(axis=2)
        opened = np.flatnonzero(sessions.any(axis=0) & (2 * sessions.sum(axis=0) >= len(rows)))
        if not len(opened):
            return []
        numbers = np.array([(day - dt.date(1970, 1, 1)).days for day in self.days], np.int64)[opened]
        cuts = np.flatnonzero(closed_weekdays(numbers) >= HOLIDAY_WEEKDAYS) + 1
        parts = np.split(opened, cuts)
        begins = [0, *(int(part[0]) for part in parts[1:]), len(self.days)]
        return [HalfTerm(int(part[0]), int(part[-1]), begins[i], begins[i + 1] - 1) for i, part in enumerate(parts)]

    def counted(self, row: int, first: int, last: int) -> dict[str, int]:
        """Sessions of one pupil from one day to another, by kind."""
        found = np.bincount(self.kinds[row, 2 * first : 2 * last + 2], minlength=len(KINDS))
        return {kind: int(found[i]) for i, kind in enumerate(KINDS)}

    def recent_codes(self, row: int) -> dict[str, int]:
        """Register codes of a pupil's last twenty open days, with how often; kinds without a code of their own under their kind."""
        opened = np.flatnonzero((self.kinds[row] != KINDS.index("closed")).reshape(-1, 2).any(axis=1))[-RECENT_DAYS:]
        marks = self.facts.marks[row].reshape(-1, 2)[opened].ravel()
        found: dict[str, int] = {}
        for letter, number in zip(*np.unique(marks, return_counts=True), strict=True):
            code, kind = self.facts.codes.get(chr(letter), ("", "closed"))
            for name in (code, kind) if kind in ("no mark", "not possible") else (code,):
                found[name] = found.get(name, 0) + int(number)
        return found

    @cached_property
    def last_marked(self) -> dt.date | None:
        """The latest day on which any of the pupils has a mark."""
        marked = (~np.isin(self.kinds, [KINDS.index("closed"), KINDS.index("no mark")])).any(axis=0)
        days = np.flatnonzero(marked.reshape(-1, 2).any(axis=1))
        return self.days[int(days[-1])] if len(days) else None

    @cached_property
    def _week_of_day(self) -> Ints:
        return np.array([(day.toordinal() - 1) // 7 for day in self.days], np.int64)  # weeks from Monday


# Codes that may hide an explanation: how many sessions in twenty days are worth a question. Questions are in english.py, as check_CODE.
QUESTIONS: Sequence[tuple[str, int]] = (
    ("N", 1), ("O", 2), ("UA", 2), ("A", 2), ("I", 6), ("C2", 1), ("E", 1), ("no mark", 4), ("not possible", 8),
)  # fmt: skip
MOST_QUESTIONS = 3


def questions(codes: dict[str, int]) -> list[tuple[str, int]]:
    """What to check first, as (code or kind, sessions): those with most sessions first, and no more than three."""
    asked = [(code, codes[code]) for code, least in QUESTIONS if codes.get(code, 0) >= least]
    return sorted(asked, key=lambda one: -one[1])[:MOST_QUESTIONS]
