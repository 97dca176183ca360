"""The attendance register as bit planes: one bit per session for each set of marks, so that a count is AND and popcount."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from eswarn.cohort.roll import Cohort, pupil_marks
from eswarn.records.arrays import Bools, Ints

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class SessionSet:
    """A named set of sessions, by what their mark means.

    Code N (no reason established yet) is left out for its first ``settling_days``, which the school has to find the reason: N is
    a state of knowledge, not behaviour.
    """

    name: str
    words: str
    settling_days: int = 0


ABSENT = SessionSet("absent", "absent")
AUTHORISED = SessionSet("authorised", "absent with leave")
UNAUTHORISED = SessionSet("unauthorised", "absent without leave", settling_days=14)
ATTENDED = SessionSet("attended", "attended")
LATE = SessionSet("late", "late")
ILLNESS = SessionSet("code:I", "absent through illness")
NO_REASON_YET = SessionSet("code:N", "absent with no reason established yet")
POSSIBLE = SessionSet("possible", "possible")


class Register:
    """Marks of the pupils of a cohort, to be asked about sets of sessions and ranges of days.

    Parameters
    ----------
    cohort : Cohort
        Pupils on roll on one as-of date.
    """

    def __init__(self, cohort: Cohort) -> None:
        self.cohort = cohort
        self.days = np.repeat(cohort.known.days, 2)
        self._planes: dict[SessionSet, Words] = {}

    @cached_property
    def marks(self) -> npt.NDArray[np.uint8]:
        """Meaning of each mark, shape (pupils, sessions), over all schools of the pupil."""
        return pupil_marks(self.cohort.known, self.cohort.pupil)

    def where(self, wanted: SessionSet) -> Bools:
        """The set as one boolean per pupil and session."""
        codes = self.cohort.known.codes
        inside = codes.members(wanted.name)[self.marks]
        if wanted.settling_days:
            fresh = self.days >= self.cohort.known.t - wanted.settling_days
            inside = inside & ~(fresh & codes.members(NO_REASON_YET.name)[self.marks])
        return inside

    def plane(self, wanted: SessionSet) -> Words:
        """The set as bits, shape (words, pupils): bit ``b`` of word ``w`` is session ``64 w + b``."""
        if wanted not in self._planes:
            self._planes[wanted] = pack(self.where(wanted))
        return self._planes[wanted]

    def count(self, wanted: SessionSet, mask: Words) -> Ints:
        """Sessions of the set inside a mask of shape (words, schools), one number a pupil."""
        total = np.zeros(len(self.cohort), np.int64)
        for plane, bits in zip(self.plane(wanted), mask, strict=True):
            if bits.any():
                total += np.bitwise_count(plane & bits[self.cohort.school])
        return total

    def mask(self, start: Ints, end: Ints, *, sessions: Bools | None = None) -> Words:
        """Days from ``start`` to before ``end`` of each school, as bits; ``sessions`` narrows it to some of the axis."""
        inside = (self.days[None, :] >= start[:, None]) & (self.days[None, :] < end[:, None])
        return pack(inside if sessions is None else inside & sessions)

    def weekday(self, *weekdays: int) -> Bools:
        """Sessions on these weekdays (0 is Monday)."""
        return np.isin((self.days + 3) % 7, weekdays)  # 1970-01-01 was a Thursday


def pack(where: Bools) -> Words:
    """Booleans (rows, sessions) to 64-bit words (words, rows), sessions in the order of the bits."""
    words = -(-where.shape[1] // 64)
    padded = np.zeros((len(where), words * 64), bool)
    padded[:, : where.shape[1]] = where
    bits = np.packbits(padded, axis=1, bitorder="little").view("<u8")
    return np.ascontiguousarray(bits.T.astype(np.uint64))
