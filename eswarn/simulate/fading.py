"""Weeks in which a pupil drifts out of school: most who do so leave, some come back, and nobody can tell which.

Every early departure is preceded by such weeks. Among all pupils who are fading on a day, a fixed share will
leave (`LEAVES`), whatever else is known of them: that part of the noise nobody can remove.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eswarn.simulate.people import Flags, Ints
from eswarn.simulate.terms import Dates

LEAVES = 0.6  # share of fading pupils who leave early in the end
SHORTEST, LONGEST = 20, 60  # days from the first sign to the end


@dataclass(frozen=True, slots=True)
class Fading:
    """One entry a time of fading, in the order of pupils: first and last day."""

    pupil: Ints
    since: Dates
    until: Dates

    def on(self, day: np.datetime64, people: int) -> Flags:
        """Who is fading on a day: ``[pupil]``."""
        flags = np.zeros(people, dtype=np.bool_)
        flags[self.pupil[(self.since < day) & (self.until >= day)]] = True
        return flags

    def progress(self, pupil: Ints, date: Dates) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Places in ``pupil`` (which is in order) of those who fade, and how far they have come on each day: 0 to 1 ``[rows, days]``."""
        near = (self.since <= date[-1]) & (self.until >= date[0])
        who, since, until = self.pupil[near], self.since[near], self.until[near]
        row = np.searchsorted(pupil, who, side="right") - 1
        here = (row >= 0) & (pupil[row] == who)
        row, since, until = row[here], since[here, None], until[here, None]
        far = (date - since).astype(np.float32) / np.maximum((until - since).astype(np.float32), 1)
        return row, np.where((far > 0) & (far <= 1), far, np.float32(0))


def first_sign(rng: np.random.Generator, until: Dates, entered: Dates) -> Dates:
    """The day on which fading began that ends on these days; not before a pupil came."""
    return np.maximum(until - rng.integers(SHORTEST, LONGEST + 1, len(until)), entered)


def unseen(days: NDArray[np.integer]) -> NDArray[np.float64]:
    """Share of those who leave so many days ahead in whom nothing shows yet."""
    return np.clip((days - SHORTEST) / (LONGEST + 1 - SHORTEST), 0, 1)
