"""The pressure to stay away: one number for each pupil and half-term, set to the absence that is published for such pupils.

A pupil's states, summed, stand as a normal score among pupils of the same year group, free meals and support. Each such group
has its place and spread on one common scale, and the scale is turned into days away by one common curve. Places, spreads
and curve are fitted by running the simulator (benchmarks/calibration.py prints the result) to the bands of the Department for
Education: absence distributions, secondary, 2022/23, and for other years a place and spread of the whole (2016/17 to 2021/22).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eswarn.simulate.causes import COMMON, LASTING
from eswarn.simulate.chance import growth, weigh
from eswarn.simulate.people import YEAR_GROUPS, People, Schools
from eswarn.simulate.schoolyear import SchoolYear

Profile = Literal["by year", "pre-2020", "post-2021"]

_STATES = np.array([0.50, 0.40, 0.26, 0.16, 0.11])  # weight of each state
_SPREAD = np.sqrt((1 - LASTING * COMMON) * (_STATES**2).sum() + LASTING * COMMON * _STATES.sum() ** 2)
_WEIGHTS = _STATES / _SPREAD
_NOISE = 0.35  # of a half-term, on the score
# Place and spread by year group, 7 to 13, without and with free meals and then support: (no, no), (no, yes), (yes, no), (yes, yes).
_PLACE = np.array(
    [
        [-0.39, -0.11, 0.62, 0.97],
        [-0.09, 0.18, 0.84, 1.12],
        [0.02, 0.39, 0.97, 1.22],
        [-0.02, 0.33, 1.03, 1.39],
        [-0.18, 0.10, 0.80, 1.14],
        [-0.33, -0.05, 0.65, 0.99],
        [-0.28, 0.00, 0.70, 1.04],
    ]
)
_WIDTH = np.array(
    [
        [1.05, 1.23, 0.95, 1.03],
        [1.02, 1.29, 0.95, 1.11],
        [1.08, 1.26, 0.97, 1.12],
        [1.16, 1.41, 1.04, 1.13],
        [1.30, 1.65, 1.21, 1.33],
        [1.30, 1.65, 1.21, 1.33],
        [1.30, 1.65, 1.21, 1.33],
    ]
)
_UNMATCHED = (1.90, 3.7)  # place and spread of pupils whom no census matches
_BOY = -0.13
_STRETCH, _BELOW = 0.26, 0.8  # with free meals, those who are there most are there more often still
_SCALE = np.array([-4.0, -2.0, -1.0, -0.5, 0.0, 0.4, 0.8, 1.2, 1.6, 1.8, 2.0, 2.2, 2.4, 2.7, 3.0, 4.0])
_CURVE = np.log(
    [0.0081, 0.0134, 0.0210, 0.0281, 0.0394, 0.0535, 0.0738, 0.0851, 0.100, 0.116, 0.152, 0.271, 0.445, 0.758, 1.042, 2.229]
)  # minus the log of the chance to be there
_MOST = 3.5
# Place and spread of whole school years; a year without published figures lies on a straight line between its neighbours.
_YEARS = (2016, 2017, 2018, 2020, 2021, 2022, 2024)
_YEAR_PLACE = (-0.79, -0.82, -0.93, -0.82, 0.23, 0.0, -0.18)
_YEAR_WIDTH = (0.98, 1.01, 1.06, 1.065, 0.865, 1.0, 1.0)
_LEVEL_OF = {"pre-2020": 2018, "post-2021": 2022}


def level_year(profile: Profile, year: int) -> int:
    """The school year whose level of absence a school year takes under a profile."""
    return _LEVEL_OF.get(profile, year)


def pressure(year: SchoolYear, people: People, schools: Schools, rng: np.random.Generator) -> NDArray[np.float32]:
    """Pressure to stay away ``[half-term, n]``: minus the log of the chance to be in school on an average day."""
    score = weigh(year.states - year.shift, _WEIGHTS)
    score += rng.normal(0, _NOISE, score.shape)
    cell = year.group - YEAR_GROUPS[0], 2 * year.fsm + (year.sen > 0)
    unmatched = people.unmatched[year.pupil]
    place, width = (np.where(unmatched, lost, table[cell]) for lost, table in zip(_UNMATCHED, (_PLACE, _WIDTH), strict=True))
    z = place + width * score + _BOY * (people.sex[year.pupil] - 0.5) + schools.absence[year.school]
    z -= _STRETCH * year.fsm * np.maximum(_BELOW - z, 0)
    z = np.interp(year.level_year, _YEARS, _YEAR_PLACE) + np.interp(year.level_year, _YEARS, _YEAR_WIDTH) * z
    return np.asarray(np.minimum(growth(np.interp(z, _SCALE, _CURVE)), _MOST), dtype=np.float32)
