"""The register: a mark for every pupil, day and session, as first written down and as corrected later.

Absence comes from one number for each pupil and half-term, the pressure to stay away (``pressure.py``), shared out over
spells of days, single days, and single sessions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eswarn.simulate.arrangements import arrange, reserve
from eswarn.simulate.causes import ATTENDANCE, HEALTH, HOME
from eswarn.simulate.chance import growth
from eswarn.simulate.columns import Columns
from eswarn.simulate.fading import Fading
from eswarn.simulate.marks import ATTENDED, CODE, EARLIER, FIRST_YEAR_OF_NEW_CODES, Marks, among
from eswarn.simulate.people import FORMS, Flags, People, Schools, form_place
from eswarn.simulate.pressure import pressure
from eswarn.simulate.schoolyear import SchoolYear
from eswarn.simulate.stays import Stays

_FADED = 0.6  # what fading adds to the pressure on its last day
_UNAUTHORISED = -0.80  # log odds that an absence is not authorised, at average states
_SEASON = np.array([0.90, 0.92, 0.98, 1.0, 0.98, 1.04], dtype=np.float32)  # by half-term, its first day
_RISE = np.array([0.15, 0.85, 0.25, 0.25, 0.25, 0.30], dtype=np.float32)  # from first to last day of each, steeper to the end
_FIRST_WEEK = {True: np.float32(0.95), False: np.float32(0.60)}  # of the school year: few are ill yet
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


def take_register(year: SchoolYear, people: People, schools: Schools, stays: Stays, suspended: Flags, rng: np.random.Generator) -> Register:
    """Fill the register of one school year; ``suspended`` ``[n, days, 2]`` are the sessions lost to suspension."""
    code = np.empty((*year.on_roll.shape, 2), dtype=np.uint8)
    code[..., 0], code[..., 1] = CODE["/"], CODE["\\"]
    _come_late(code, year, rng)
    arrange(code, year, rng)
    _stay_away(code, year, pressure(year, people, schools, rng), stays.fading, rng)
    reserve(code, year, people, rng)
    away = np.flatnonzero(among(code, ("I", "O")))
    np.put(code, away[rng.random(len(away)) < _UNRESOLVED], CODE["N"])
    lost = rng.random((len(FORMS), *code[0].shape)) < _LOST_REGISTER
    code[lost[form_place(people.form[year.pupil], year.group)] | (rng.random(code.shape, dtype=np.float32) < _GAP)] = CODE["-"]
    code[suspended] = CODE["E"]
    if year.year < FIRST_YEAR_OF_NEW_CODES:
        code = EARLIER[code]
    return _write_down(code, rng)


def _come_late(code: Marks, year: SchoolYear, rng: np.random.Generator) -> None:
    rate = growth(0.8 * year.states[..., ATTENDANCE] + 0.3 * year.states[..., HOME] - 0.42).astype(np.float32)
    for session, level in enumerate(_LATE):
        late = rng.random(year.on_roll.shape, dtype=np.float32) < np.minimum(year.daily(rate) * level, 0.6)
        code[..., session][late] = CODE["L"]


def _stay_away(code: Marks, year: SchoolYear, strain: NDArray[np.float32], fading: Fading, rng: np.random.Generator) -> None:
    days = year.days
    lean = _UNAUTHORISED + 0.7 * (year.states[..., ATTENDANCE] - year.states[..., HEALTH]) + 0.35 * year.fsm
    unauthorised = (strain / (1 + growth(-lean))).astype(np.float32)
    season = _SEASON[days.half_term] * (1 + _RISE[days.half_term] * days.place**2)
    fresh = days.date < days.date[0] + 7
    reasons = {True: year.daily(unauthorised), False: year.daily(strain - unauthorised)}
    for no_leave, of_reason in reasons.items():
        of_reason *= season * np.where(fresh, _FIRST_WEEK[no_leave], np.float32(1))
    row, progress = fading.progress(year.pupil, days.date)
    np.add.at(reasons[True], row, np.float32(_FADED) * progress)
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
