"""Why pupils leave: five slowly changing states, what each adds to the hazard of leaving early, and the true chance.

Each state is a standard normal deviation upwards into trouble, shifted by what a pupil lives with: a lasting part
(half of it shared between the five, or with brothers and sisters) and a part that drifts from half-term to half-term.
Everything that a school writes down depends on these states and on noise, and so does leaving. One thing
more links them: who leaves early fades out of school first (``fading.py``), as do some who then stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eswarn.simulate.chance import stream
from eswarn.simulate.people import YEAR_GROUPS, Ints, People
from eswarn.simulate.terms import HALF_TERMS

CAUSES = ("attendance", "health", "home", "behaviour", "attainment")
ATTENDANCE, HEALTH, HOME, BEHAVIOUR, ATTAINMENT = range(len(CAUSES))

LASTING = 0.55  # share of a state's variance that never changes
COMMON = 0.30  # share of the lasting part that the five states have in common
CARRY = 0.80  # what the drifting part keeps from one half-term to the next
_SHIFT = {  # who starts from where: state, in standard deviations
    "fsm": (0.15, 0.10, 0.50, 0.35, 0.40),
    "sen": (0.10, 0.20, 0.15, 0.40, 0.70),
    "boy": (0.00, -0.05, 0.00, 0.25, 0.10),
}
LOG_HAZARD = np.array([0.57, 0.26, 0.41, 0.66, 0.45], dtype=np.float32)  # for each state, per standard deviation
YEARLY = (0.0021, 0.0034, 0.0061, 0.0118, 0.0143, 0.037, 0.025)  # leaving early in a year, Years 7 to 13, at average states
AT_SIXTEEN = 0.013  # on top of it: Year 11 ends and nothing follows

States = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lives:
    """States of everybody in every half-term: ``[half-term, pupil, cause]``, the lasting and the drifting part."""

    lasting: States  # [pupil, cause]
    shift: States  # [pupil, cause]: the part of it that comes with free meals, support and sex
    drift: States  # [half-term, pupil, cause]

    def at(self, period: int) -> States:
        """States in one half-term of the run: ``[pupil, cause]``."""
        return np.asarray(self.lasting + self.drift[period])


def live(people: People, *, periods: int, seed: int) -> Lives:
    """Draw the states of everybody for the whole run."""
    rng, n, k = stream(seed, "lives"), len(people), len(CAUSES)
    own = rng.standard_normal((n, k), dtype=np.float32)
    own[:, HOME] = np.sqrt(0.3) * own[:, HOME] + np.sqrt(0.7) * own[people.household, HOME]
    shared = rng.standard_normal((n, 1), dtype=np.float32)
    lasting = np.sqrt(LASTING) * (np.sqrt(1 - COMMON) * own + np.sqrt(COMMON) * shared)
    shift = np.zeros((n, k))
    for group, flag in (("fsm", people.fsm_from == 0), ("sen", people.sen > 0), ("boy", people.sex == 1)):
        shift += (flag - flag.mean())[:, None] * np.array(_SHIFT[group])
    drift = rng.standard_normal((periods, n, k), dtype=np.float32)
    for period in range(1, periods):
        drift[period] = CARRY * drift[period - 1] + np.sqrt(1 - CARRY**2) * drift[period]
    return Lives((lasting + shift).astype(np.float32), shift.astype(np.float32), np.sqrt(np.float32(1 - LASTING)) * drift)


def year_group(people: People, year: int) -> Ints:
    """Year group of everybody in the school year that begins in ``year``; outside 7 to 13 nobody is at school."""
    return (year - people.cohort + YEAR_GROUPS[0]).astype(np.int32)


def base_hazard(group: Ints, half_term: int) -> NDArray[np.float32]:
    """Hazard of leaving early in a half-term at average states, by year group; 0 outside Years 7 to 13."""
    table = np.zeros(len(YEAR_GROUPS) + 2, dtype=np.float32)
    table[1:-1] = np.array(YEARLY) / HALF_TERMS
    if half_term == HALF_TERMS - 1:
        table[1 + YEAR_GROUPS.index(11)] += AT_SIXTEEN
    return table[np.clip(group - YEAR_GROUPS[0] + 1, 0, len(table) - 1)]
