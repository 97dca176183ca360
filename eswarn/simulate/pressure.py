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
from eswarn.simulate.people import YEAR_GROUPS, People, Schools
from eswarn.simulate.schoolyear import SchoolYear

Profile = Literal["by year", "pre-2020", "post-2021"]

_STATES = np.array([0.50, 0.40, 0.26, 0.16, 0.11])  # weight of each state
_SPREAD = np.sqrt(LASTING * ((1 - COMMON) * _STATES @ _STATES + COMMON * _STATES.sum() ** 2) + (1 - LASTING) * _STATES @ _STATES)
_WEIGHTS = (_STATES / _SPREAD).astype(np.float32)
_NOISE = 0.35  # of a half-term, on the score
# Place and spread by year group, 7 to 13, without and with free meals and then support: (no, no), (no, yes), (yes, no), (yes, yes).
_PLACE = np.array(
    [
        [-0.37, -0.11, 0.60, 0.89],
        [-0.07, 0.18, 0.84, 1.12],
        [0.04, 0.39, 0.97, 1.22],
        [0.02, 0.36, 1.00, 1.36],
        [-0.16, 0.10, 0.76, 1.14],
        [-0.31, -0.05, 0.61, 0.99],
        [-0.26, -0.00, 0.66, 1.04],
    ]
)
_WIDTH = np.array(
    [
        [1.01, 1.24, 0.99, 1.07],
        [0.99, 1.30, 0.99, 1.15],
        [1.04, 1.27, 1.02, 1.16],
        [1.12, 1.42, 1.09, 1.17],
        [1.26, 1.67, 1.27, 1.38],
        [1.26, 1.67, 1.27, 1.38],
        [1.26, 1.67, 1.27, 1.38],
    ]
)
_UNMATCHED = (1.85, 3.1)  # place and spread of pupils whom no census matches
_BOY = -0.15
_SCALE = np.array([-4.0, -2.0, -1.0, -0.5, 0.0, 0.4, 0.8, 1.2, 1.6, 1.8, 2.0, 2.2, 2.4, 2.7, 3.0, 4.0])
_CURVE = np.log(
    [0.0081, 0.0134, 0.0210, 0.0281, 0.0394, 0.0535, 0.0738, 0.0851, 0.100, 0.116, 0.152, 0.271, 0.445, 0.758, 1.042, 2.229]
)  # minus the log of the chance to be there
_MOST = 3.5
# Place and spread of whole school years. 2019/20 and 2020/21 were cut short, so that the first stands on a straight line.
_YEARS = (2016, 2017, 2018, 2020, 2021, 2022, 2024)
_YEAR_PLACE = (-0.79, -0.82, -0.93, -0.82, 0.23, 0.0, -0.18)
_YEAR_WIDTH = (0.98, 1.01, 1.06, 1.065, 0.84, 1.0, 1.0)
_LEVEL_OF = {"pre-2020": 2018, "post-2021": 2022}


def level_year(profile: Profile, year: int) -> int:
    """The school year whose level of absence a school year takes under a profile."""
    return _LEVEL_OF.get(profile, year)


def pressure(year: SchoolYear, people: People, schools: Schools, rng: np.random.Generator) -> NDArray[np.float32]:
    """Pressure to stay away ``[half-term, n]``: minus the log of the chance to be in school on an average day."""
    score = (year.states - year.shift) @ _WEIGHTS
    score += rng.normal(0, _NOISE, score.shape)
    cell = year.group - YEAR_GROUPS[0], 2 * year.fsm + (year.sen > 0)
    unmatched = people.unmatched[year.pupil]
    place, width = (np.where(unmatched, lost, table[cell]) for lost, table in zip(_UNMATCHED, (_PLACE, _WIDTH), strict=True))
    z = place + width * score + _BOY * (people.sex[year.pupil] - 0.5) + schools.absence[year.school]
    z = np.interp(year.level_year, _YEARS, _YEAR_PLACE) + np.interp(year.level_year, _YEARS, _YEAR_WIDTH) * z
    return np.asarray(np.minimum(np.exp(np.interp(z, _SCALE, _CURVE)), _MOST), dtype=np.float32)
