"""What takes a pupil out of an ordinary day without being a decision of that morning: trips, leave, part-time weeks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eswarn.simulate.causes import BEHAVIOUR, HEALTH
from eswarn.simulate.chance import growth, scatter
from eswarn.simulate.marks import ATTENDED, CODE, Marks
from eswarn.simulate.people import YEAR_GROUPS, Flags, People
from eswarn.simulate.schoolyear import SchoolYear

# Rates are set to the mix of codes in secondary schools (DfE pupil attendance, 2025/26), in % of possible sessions.
_TRIPS, _ON_TRIP = 4, 0.38  # V .73: trips a year for each year group, share of it that goes
_PLACED = 0.62  # W .31: share of Year 10 in a week of work experience
_MATCH = 0.0029  # P .14: of afternoons
_ELSEWHERE, _ARRANGED = 0.016, 0.0048  # B .30, K .08: pupils with a day a week off site
_DUAL = 0.005  # D .2: pupils with two days a week at another school
_FREE = 0.05  # X: sixth-formers without lessons on one afternoon a week
_PART_TIME = 0.028  # C2 .32: pupils on a part-time timetable for a while
_HOLIDAY = 0.12  # G .31: pupils away on a family holiday in a year
_STUDY = 0.022  # S .10: of days between Easter and the end of June, Years 11 and 13
_FEAST = 0.9  # R .06: observant pupils away on the day of the feast
_RARE = (("J1", 0.0010, 11), ("C1", 0.0001, 7), ("T", 0.00004, 7))  # share of days, from this year group up


def arrange(code: Marks, year: SchoolYear, rng: np.random.Generator) -> None:
    """Approved activities off site: V, W, P, B and K. An absence may still overwrite them."""
    days, n = year.days, len(year)
    for group in YEAR_GROUPS:
        mates = np.flatnonzero(year.group == group)
        for day in rng.integers(0, len(days.date), _TRIPS):
            code[mates[rng.random(len(mates)) < _ON_TRIP], day] = CODE["V"]
    week = np.flatnonzero(days.half_term == 5)[5:10]
    placed = np.flatnonzero((year.group == 10) & (rng.random(n) < _PLACED))
    code[np.ix_(placed, week)] = CODE["W"]
    row, day = np.divmod(scatter(rng, _MATCH, year.on_roll.size), len(days.date))
    code[row, day, 1] = CODE["P"]
    trouble = growth(0.9 * year.states[0, :, BEHAVIOUR] - 0.4)
    code[_weekly(rng, _ELSEWHERE * trouble, year, 1)] = CODE["B"]
    code[_weekly(rng, np.full(n, _ARRANGED), year, 1)] = CODE["K"]


def reserve(code: Marks, year: SchoolYear, people: People, rng: np.random.Generator) -> None:
    """Leave and arrangements that stand whatever the morning brings: C2, G, S, R, J1, C1, T, D and X."""
    n, days = len(year), len(year.days.date)
    strain = growth(0.5 * year.states[0, :, BEHAVIOUR] + 0.5 * year.states[0, :, HEALTH] - 0.3)
    part_time = _stretch(rng, _PART_TIME * strain, rng.integers(30, 100, n), rng.integers(0, days, n), days)
    afternoons = code[..., 1]
    afternoons[part_time & ATTENDED[afternoons]] = CODE["C2"]
    edges = np.flatnonzero((year.days.place > 0.85) | (year.days.place < 0.05))
    begin = np.where(rng.random(n) < 0.6, rng.choice(edges, n), rng.integers(0, days, n))
    code[_stretch(rng, np.full(n, _HOLIDAY), rng.integers(2, 9, n), begin, days)] = CODE["G"]
    revising = np.isin(year.group, (11, 13))[:, None] & (year.days.half_term >= 4)
    code[revising & (rng.random((n, days), dtype=np.float32) < _STUDY)] = CODE["S"]
    feast = rng.integers(0, days)
    code[people.observant[year.pupil] & (rng.random(n) < _FEAST), feast] = CODE["R"]
    for name, rate, youngest in _RARE:
        row, day = np.divmod(scatter(rng, rate, n * days), days)
        old = year.group[row] >= youngest
        code[row[old], day[old]] = CODE[name]
    code[_weekly(rng, np.full(n, _DUAL), year, 2)] = CODE["D"]
    free = _weekly(rng, np.where(year.group >= 12, _FREE, 0), year, 1)
    afternoons[free] = CODE["X"]


def _weekly(rng: np.random.Generator, chance: NDArray[np.floating], year: SchoolYear, times: int) -> Flags:
    """Days ``[n, days]`` of pupils who are away on the same weekdays all year."""
    chosen, weekday = rng.random(len(year)) < chance, rng.integers(0, 5, len(year))
    ahead = (year.days.weekday - weekday[:, None]) % 5
    return np.asarray(chosen[:, None] & (ahead < times))


def _stretch(
    rng: np.random.Generator, chance: NDArray[np.floating], length: NDArray[np.integer], begin: NDArray[np.integer], days: int
) -> Flags:
    """Days ``[n, days]`` of pupils, chosen with these chances, who are away for one stretch of the year."""
    chosen, day = rng.random(len(chance)) < chance, np.arange(days)
    return np.asarray((chosen & (length > 0))[:, None] & (day >= begin[:, None]) & (day < (begin + length)[:, None]))
