"""One school in one school year: who was on roll on which open day, and in what state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eswarn.simulate.causes import Lives, States, year_group
from eswarn.simulate.chance import stream
from eswarn.simulate.people import Flags, Ints, People, Schools
from eswarn.simulate.stays import Stays
from eswarn.simulate.terms import HALF_TERMS, Days, open_days


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """Arrays over the ``n`` stays that touch this school year, in the order of ``stay``."""

    year: int
    school: int
    days: Days
    stay: NDArray[np.int64]  # n: places in Stays
    pupil: Ints  # n
    group: Ints  # n: year group
    on_roll: Flags  # n × days
    states: States  # half-term × n × cause
    shift: States  # n × cause: the part of the states that comes with free meals, support and sex
    fsm: Flags  # n, at the beginning of the year
    sen: Ints  # n, at the beginning of the year: 0 none, 1 support, 2 plan
    level_year: int  # the school year whose level of absence this one takes

    def __len__(self) -> int:
        return len(self.pupil)

    def daily(self, by_half_term: NDArray[np.float32]) -> NDArray[np.float32]:
        """Spread values by half-term and pupil over the days: ``[6, n]`` to ``[n, days]``."""
        return by_half_term[self.days.half_term].T


def school_years(
    people: People, lives: Lives, schools: Schools, stays: Stays, *, start_year: int, years: int, seed: int, level: Callable[[int], int]
) -> Iterator[SchoolYear]:
    """Every school in every school year in which somebody was on its roll, schools within years."""
    for k in range(years):
        for school in range(len(schools.share)):
            days = open_days(start_year + k, stream(seed, "days", start_year + k, school))
            here = (stays.school == school) & (stays.entered <= days.date[-1]) & (np.isnat(stays.left) | (stays.left >= days.date[0]))
            stay = np.flatnonzero(here)
            if len(stay):
                yield _school_year(start_year + k, school, days, stay, k, people, lives, stays, level(start_year + k))


def _school_year(
    year: int, school: int, days: Days, stay: NDArray[np.int64], k: int, people: People, lives: Lives, stays: Stays, level: int
) -> SchoolYear:
    pupil, left = stays.pupil[stay], stays.left[stay]
    periods = slice(k * HALF_TERMS, (k + 1) * HALF_TERMS)
    until = np.where(np.isnat(left), days.date[-1], left)
    return SchoolYear(
        year=year,
        school=school,
        days=days,
        stay=stay,
        pupil=pupil,
        group=year_group(people, year)[pupil],
        on_roll=(days.date >= stays.entered[stay][:, None]) & (days.date <= until[:, None]),
        states=lives.lasting[pupil] + lives.drift[periods, pupil],
        shift=lives.shift[pupil],
        fsm=people.fsm_from[pupil] <= periods.start,
        sen=np.where(people.sen_from[pupil] <= periods.start, people.sen[pupil], 0),
        level_year=level,
    )
