"""The register: a mark for every pupil, day and session, as first written down and as corrected later.

Absence comes from one number for each pupil and half-term, the pressure to stay away: minus the log of the chance to be
in school. It is a skewed function of the pupil's states, group and school, fitted by eye to the bands
that the Department for Education publishes (absence distributions, secondary, 2022/23), and is shared out over spells of
days, single days, and single sessions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eswarn.simulate.arrangements import arrange, reserve
from eswarn.simulate.causes import ATTENDANCE, HEALTH, HOME
from eswarn.simulate.columns import Columns
from eswarn.simulate.marks import ATTENDED, CODE, EARLIER, FIRST_YEAR_OF_NEW_CODES, Marks, among
from eswarn.simulate.people import FORMS, YEAR_GROUPS, Flags, People, Schools, form_place
from eswarn.simulate.schoolyear import SchoolYear

_STATES = np.array([0.50, 0.40, 0.26, 0.16, 0.11], dtype=np.float32)  # on the absence scale, per standard deviation
_YEAR_GROUP = np.array([-0.30, -0.10, 0.00, 0.05, 0.08, -0.10, -0.05], dtype=np.float32)
_FSM, _SEN, _BOY, _HALF_TERM_NOISE = 0.33, 0.06, -0.20, 0.15
_LEVEL, _TAIL, _BEND = -2.97, 1.70, 0.92
_YEARS, _SHIFTS = (2020, 2021, 2022, 2024), (-0.45, 0.03, 0.0, -0.05)  # level of school years: DfE absence distributions
_UNAUTHORISED = -0.80  # log odds that an absence is not authorised, at average states
_SEASON = np.array([0.86, 1.06, 1.02, 1.0, 0.98, 1.06], dtype=np.float32)  # by half-term
_RISE = np.array([0.25, 0.60, 0.25, 0.25, 0.25, 0.30], dtype=np.float32)  # from first to last day of each
_WEEKDAY = np.array([0.95, 0.94, 0.86, 0.94, 1.31], dtype=np.float32)  # on single days only: spells run through
# Shares of the pressure, authorised and unauthorised: (code, morning, afternoon, share, unauthorised?)
_SINGLE = (
    ("I", True, True, 0.250, False),
    ("I", False, True, 0.030, False),
    ("M", True, False, 0.025, False),
    ("M", False, True, 0.020, False),
    ("M", True, True, 0.040, False),
    ("C", True, True, 0.060, False),
    ("O", True, True, 0.260, True),
    ("O", False, True, 0.090, True),
    ("O", True, False, 0.030, True),
    ("U", True, False, 0.110, True),
)
_SPELLS = (("C", 0.035, 3.0, False), ("I", 0.54, 2.6, False), ("O", 0.51, 2.8, True))  # code, share, mean days, unauthorised?
_LATE = (0.051, 0.0218)  # of morning and afternoon sessions
_UNRESOLVED = 0.0075  # of absences
_GAP, _LOST_REGISTER = 0.0010, 0.0010  # marks never made; registers of a form never taken
_FIRST_N = 0.14  # absences whose reason came later
_FIRST_ABSENT = 0.010  # attended sessions first written as N


@dataclass(frozen=True, slots=True)
class Register:
    """Marks of a school year ``[n, days, 2]``: places in ``marks.CODES``, and days until a first version was corrected."""

    code: Marks
    first: Marks  # what was written on the day
    delay: NDArray[np.int16]  # 0 where the first version stood

    @property
    def attended(self) -> Flags:
        """Days on which the pupil was in school for a session at least: ``[n, days]``."""
        return np.asarray(ATTENDED[self.code].any(axis=2))


def take_register(year: SchoolYear, people: People, schools: Schools, suspended: Flags, rng: np.random.Generator) -> Register:
    """Fill the register of one school year; ``suspended`` ``[n, days, 2]`` are the sessions lost to suspension."""
    code = np.empty((*year.on_roll.shape, 2), dtype=np.uint8)
    code[..., 0], code[..., 1] = CODE["/"], CODE["\\"]
    _come_late(code, year, rng)
    arrange(code, year, rng)
    _stay_away(code, year, people, schools, rng)
    reserve(code, year, people, rng)
    away = np.flatnonzero(among(code, ("I", "O")))
    np.put(code, away[rng.random(len(away)) < _UNRESOLVED], CODE["N"])
    lost = rng.random((len(FORMS), *code[0].shape)) < _LOST_REGISTER
    code[lost[form_place(people.form[year.pupil], year.group)] | (rng.random(code.shape, dtype=np.float32) < _GAP)] = CODE["-"]
    code[suspended] = CODE["E"]
    if year.year < FIRST_YEAR_OF_NEW_CODES:
        code = EARLIER[code]
    return _write_down(code, rng)


def pressure(year: SchoolYear, people: People, schools: Schools, rng: np.random.Generator) -> NDArray[np.float32]:
    """Pressure to stay away ``[half-term, n]``: minus the log of the chance to be in school on an average day."""
    z = year.states @ _STATES
    z += _YEAR_GROUP[year.group - YEAR_GROUPS[0]] + _FSM * (year.fsm - 0.24) + _SEN * ((year.sen > 0) - 0.15) + schools.absence[year.school]
    z += _BOY * (people.sex[year.pupil] - 0.5) + np.interp(year.year, _YEARS, _SHIFTS) + rng.normal(0, _HALF_TERM_NOISE, z.shape)
    odds = np.exp(_LEVEL + z + _TAIL * np.maximum(z - _BEND, 0) ** 2)
    return np.asarray(np.minimum(np.log1p(odds), 3.5), dtype=np.float32)


def _come_late(code: Marks, year: SchoolYear, rng: np.random.Generator) -> None:
    rate = np.exp(0.8 * year.states[..., ATTENDANCE] + 0.3 * year.states[..., HOME] - 0.42)
    for session, level in enumerate(_LATE):
        late = rng.random(year.on_roll.shape, dtype=np.float32) < np.minimum(year.daily(rate) * level, 0.6)
        code[..., session][late] = CODE["L"]


def _stay_away(code: Marks, year: SchoolYear, people: People, schools: Schools, rng: np.random.Generator) -> None:
    days, strain = year.days, pressure(year, people, schools, rng)
    lean = _UNAUTHORISED + 0.7 * (year.states[..., ATTENDANCE] - year.states[..., HEALTH]) + 0.35 * year.fsm
    unauthorised = (strain / (1 + np.exp(-lean))).astype(np.float32)
    season = _SEASON[days.half_term] * (1 + _RISE[days.half_term] * (days.place - 0.5))
    reasons = {True: year.daily(unauthorised) * season, False: year.daily(strain - unauthorised) * season}
    drawn, edge = rng.random(year.on_roll.shape, dtype=np.float32), np.zeros(year.on_roll.shape, dtype=np.float32)
    singly = _WEEKDAY[days.weekday]
    for name, morning, afternoon, share, no_leave in _SINGLE:
        above = edge + reasons[no_leave] * singly * np.float32(2 * share / (morning + afternoon))
        hit = (drawn >= edge) & (drawn < above)
        edge = above
        for session in np.flatnonzero((morning, afternoon)):
            code[..., session][hit] = CODE[name]
    longer = 1 + strain.mean(axis=0)  # who is away more is away for longer
    for name, share, mean, no_leave in _SPELLS:
        away = _spells(rng, reasons[no_leave] * (share / (mean * longer[:, None])), mean * longer)
        code[away.reshape(code.shape)] = CODE[name]


def _spells(rng: np.random.Generator, starts: NDArray[np.float32], mean_days: NDArray[np.float32]) -> Flags:
    """Sessions ``[n, 2 × days]`` inside spells that start with these chances a day and last for whole days on average so long."""
    n, days = starts.shape
    row, day = np.nonzero(rng.random((n, days), dtype=np.float32) < starts)
    first = 2 * day + (rng.random(len(row)) < 0.12)  # sent home at midday
    last = 2 * (day + rng.geometric(1 / mean_days[row])) - (rng.random(len(row)) < 0.06)  # back for the afternoon
    until = np.zeros((n, 2 * days), dtype=np.int16)
    np.maximum.at(until, (row, first), np.maximum(last, first + 1).astype(np.int16))
    return np.asarray(np.maximum.accumulate(until, axis=1) > np.arange(2 * days, dtype=np.int16))


def _write_down(code: Marks, rng: np.random.Generator) -> Register:
    """First versions: reasons that came later stood as N, some who were there were first missed, some U began as L."""
    first, delay = code.copy(), np.zeros(code.shape, dtype=np.int16)
    drawn = rng.random(code.shape, dtype=np.float32)
    later = (drawn < _FIRST_N) & among(code, ("I", "O", "M", "C")) | (drawn < _FIRST_ABSENT) & ATTENDED[code]
    first[later] = CODE["N"]
    forgiven = (drawn < 0.03) & (code == CODE["U"])
    first[forgiven] = CODE["L"]
    changed = later | forgiven
    delay[changed] = np.minimum(rng.geometric(0.28, int(changed.sum())), 15)
    return Register(code, first, delay)


def attendance_rows(year: SchoolYear, register: Register, observed_to: np.datetime64, rng: np.random.Generator) -> Columns:
    """Columns of the attendance table: what was written on the day, then the corrections known by ``observed_to``."""
    row, day = np.nonzero(year.on_roll)
    pupil, date = np.repeat(year.pupil[row], 2), np.repeat(year.days.date.astype(np.int32)[day], 2)
    session = np.tile(np.array([0, 1], dtype=np.uint8), len(row))
    delay = register.delay[row, day].ravel()
    amended = np.flatnonzero((delay > 0) & (date + delay <= observed_to.astype(np.int32)))
    code = np.concatenate([register.first[row, day].ravel(), register.code[row, day].ravel()[amended]])
    columns = {
        name: np.concatenate([values, values[amended]]) for name, values in (("pupil_id", pupil), ("date", date), ("session", session))
    }
    minutes = np.full(len(code), -1, dtype=np.int32)
    for name, least, most, chance in (("L", 1, 30, 0.12), ("U", 31, 180, 0.02)):
        hit = np.flatnonzero(code == CODE[name])
        minutes[hit] = np.minimum(least - 1 + rng.geometric(chance, len(hit)), most)
    recorded = np.concatenate([date, (date + delay)[amended]])
    return columns | {"school_id": np.full(len(code), year.school), "code": code, "recorded_on": recorded, "minutes_late": minutes}
