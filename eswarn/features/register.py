"""The attendance register as bit planes: one bit per session for each set of marks, so that a count is AND and popcount."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from eswarn.cohort.merged import pupil_marks
from eswarn.cohort.roll import Cohort
from eswarn.features import bits
from eswarn.features.bits import Words
from eswarn.records.arrays import Bools, Ints

_SETS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class SessionSet:
    """A named set of sessions, by what their mark means.

    Code N (no reason established yet) is left out for its first ``settling_days``, which the school has to find the reason: N is
    a state of knowledge, not behaviour.
    """

    name: str
    words: str
    settling_days: int = 0


def coded(code: str, words: str) -> SessionSet:
    """The sessions with one register code, such as ``coded("C2", "on a part-time timetable")``."""
    return SessionSet(f"code:{code}", words)


ABSENT = SessionSet("absent", "absent")
AUTHORISED = SessionSet("authorised", "absent with leave")
UNAUTHORISED = SessionSet("unauthorised", "absent without leave", settling_days=14)
ATTENDED = SessionSet("attended", "attended")
LATE = SessionSet("late", "late")
ILLNESS = SessionSet("illness", "absent through illness")
NO_REASON_YET = SessionSet("no_reason_yet", "absent with no reason established yet")
POSSIBLE = SessionSet("possible", "possible")


class Register:
    """Marks of the pupils of a cohort, to be asked about sets of sessions and ranges of days.

    Parameters
    ----------
    cohort : Cohort
        Pupils on roll on one as-of date.
    sets : iterable of SessionSet
        Those that will be asked for: they are made in one pass over the marks. Any other is made when it is asked for.
    """

    def __init__(self, cohort: Cohort, sets: Iterable[SessionSet] = ()) -> None:
        self.cohort = cohort
        self.days = np.repeat(cohort.known.days, 2)
        self.marks = pupil_marks(cohort.known, cohort.pupil)
        self.words = -(-self.marks.shape[1] // 64)
        self._planes: dict[str, Words] = {}
        names = dict.fromkeys(name for wanted in sets for name in _needed(wanted))
        self._make(tuple(names))

    def plane(self, wanted: SessionSet) -> Words:
        """The set as bits, shape (words, pupils): bit ``b`` of word ``w`` is session ``64 w + b``."""
        self._make(tuple(name for name in _needed(wanted) if name not in self._planes))
        plane = self._planes[wanted.name]
        if not wanted.settling_days:
            return plane
        fresh = one_row(self.days >= self.cohort.known.t - wanted.settling_days)
        return plane & ~(fresh[:, None] & self._planes[NO_REASON_YET.name])

    def mask(self, start: Ints, end: Ints, *, sessions: Bools | None = None) -> Words:
        """Days from ``start`` to before ``end`` of each school, as bits (words, schools); ``sessions`` narrows them by school."""
        inside = (self.days[None, :] >= start[:, None]) & (self.days[None, :] < end[:, None])
        return as_bits(inside if sessions is None else inside & sessions)

    def _make(self, names: tuple[str, ...]) -> None:
        for first in range(0, len(names), _SETS_AT_ONCE):
            some = names[first : first + _SETS_AT_ONCE]
            members = np.stack([self.cohort.known.codes.members(name) for name in some]).astype(np.uint64)
            sets_of = (members << np.arange(len(some), dtype=np.uint64)[:, None]).sum(axis=0, dtype=np.uint64)
            usual = sets_of[np.bincount(self.marks[:64].ravel(), minlength=256).argmax()]
            made = np.zeros((len(some), self.words, len(self.cohort)), np.uint64)
            bits.pack(self.marks, sets_of, usual, made)
            self._planes |= dict(zip(some, made, strict=True))


def _needed(wanted: SessionSet) -> tuple[str, ...]:
    return (wanted.name, NO_REASON_YET.name) if wanted.settling_days else (wanted.name,)


def as_bits(where: Bools) -> Words:
    """Booleans (rows, sessions) to 64-bit words (words, rows), sessions in the order of the bits."""
    words = -(-where.shape[1] // 64)
    padded = np.zeros((len(where), words * 64), bool)
    padded[:, : where.shape[1]] = where
    packed = np.packbits(padded, axis=1, bitorder="little").view("<u8")
    return np.ascontiguousarray(packed.T.astype(np.uint64))


def one_row(where: Bools) -> Words:
    """Booleans (sessions,) to words (words,)."""
    return as_bits(where[None, :])[:, 0]
