"""Who is on roll where and when: joining, moving, leaving early, finishing, and where each departure led."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from eswarn.config import Destination
from eswarn.simulate.causes import BEHAVIOUR, HEALTH, HOME, LOG_HAZARD, Lives, base_hazard, year_group
from eswarn.simulate.chance import growth, stream, weigh
from eswarn.simulate.fading import LEAVES, Fading, first_sign
from eswarn.simulate.people import YEAR_GROUPS, Flags, Ints, People, Schools
from eswarn.simulate.terms import HALF_TERMS, Dates, half_term_starts, school_leaving_date

DESTINATIONS: tuple[str, ...] = get_args(Destination)
EARLY = ("neet", "work", "withdrew")  # where early leavers go
_TO = {name: i for i, name in enumerate(DESTINATIONS)}
# Yearly rates of leaving for other reasons, and the state that raises each: (destination, rate, state, per standard deviation).
_OTHER = (
    ("other_school", 0.034, HOME, 0.40),
    ("home_education", 0.006, HEALTH, 0.60),
    ("abroad", 0.003, HOME, 0.0),
    ("alternative_provision", 0.002, BEHAVIOUR, 0.9),
    ("alternative_provision", 0.00093, BEHAVIOUR, 1.3),  # after a permanent exclusion: DfE, 2023/24
    ("deceased", 0.0001, HEALTH, 0.0),
)
_EXCLUSION = 4  # place of permanent exclusions in the list above
# Factors on their rate (DfE, 2023/24): without and with free meals; support and plan; sex; year group.
_EXCLUDED_FSM, _EXCLUDED_SEN, _EXCLUDED_BOY = (0.72, 1.90), (1.00, 1.65, 1.50), (0.85, 1.12)
_EXCLUDED_GROUP = (0.6, 1.1, 1.4, 1.7, 0.9, 0.1, 0.05)
OTHER_YEARLY = sum(rate for _, rate, _, _ in _OTHER)
_INSIDE = 0.5  # share of moves that end at another school of the same data set
UNKNOWN = 0.029  # share of departures whose destination nobody finds out
_AT_SIXTEEN_OF_LAST_TERM = 0.8  # early leavers of the last half-term of Year 11 who are there until it ends
_NEET, _NEET_SEN, _NEET_HOME = -1.94, (0.0, 0.35, 0.35), 1.00  # log odds of NEET among early leavers; the rest withdraw or work
_WORK = 0.3  # of that rest, from Year 11 on


@dataclass(frozen=True, slots=True)
class Stays:
    """One entry a pupil and stay at a school; ``left`` is the last day on roll, NaT for those still there."""

    pupil: Ints
    school: Ints
    entered: Dates
    left: Dates
    destination: Ints  # -1 for those still there
    excluded: Flags
    fading: Fading  # of all pupils, whatever the stay

    def __len__(self) -> int:
        return len(self.pupil)


class _Roll:
    """Where everybody is now, and the stays that have ended so far."""

    def __init__(self, people: People) -> None:
        self.school = np.full(len(people), -1, dtype=np.int32)
        self.entered = people.entered.copy()
        self.ended: list[tuple[Ints, Ints, Dates, Dates, Ints, Flags]] = []
        self.faded: list[tuple[Ints, Dates, Dates]] = []

    def leave(self, who: NDArray[np.int64], left: Dates, destination: Ints, excluded: Flags | None = None) -> None:
        flags = np.zeros(len(who), dtype=np.bool_) if excluded is None else excluded
        self.ended.append((who.astype(np.int32), self.school[who], self.entered[who], left, destination, flags))
        self.school[who] = -1

    def fade(self, rng: np.random.Generator, who: NDArray[np.int64], until: Dates) -> None:
        self.faded.append((who.astype(np.int32), first_sign(rng, until, self.entered[who]), until))

    def close(self) -> Stays:
        """Every stay, in the order of pupils and of entry."""
        here = np.flatnonzero(self.school >= 0)
        never = np.full(len(here), np.datetime64("NaT"), dtype="datetime64[D]")
        self.leave(here, never, np.full(len(here), -1, dtype=np.int32))
        faded: list[NDArray[Any]] = [np.concatenate(column) for column in zip(*self.faded, strict=True)]
        order = np.lexsort((faded[1], faded[0]))
        fading = Fading(*(column[order] for column in faded))
        columns: list[NDArray[Any]] = [np.concatenate(column) for column in zip(*self.ended, strict=True)]
        order = np.lexsort((columns[2], columns[0]))
        pupil, school, entered, left, destination, excluded = (column[order] for column in columns)
        return Stays(pupil, school, entered, left, destination, excluded, fading)


def follow(people: People, lives: Lives, schools: Schools, *, start_year: int, years: int, seed: int) -> Stays:
    """Take everybody through the run, half-term by half-term."""
    rng, roll = stream(seed, "stays"), _Roll(people)
    for period in range(years * HALF_TERMS):
        year, half_term = start_year + period // HALF_TERMS, period % HALF_TERMS
        joining = people.first_period == period
        roll.school[joining] = people.school[joining]
        group = year_group(people, year)
        settled = (roll.school >= 0) & ~(joining & (half_term > 0))
        hazards = _hazards(people, lives, group, period)
        lean = _NEET + np.array(_NEET_SEN)[people.sen] + _NEET_HOME * np.maximum(lives.at(period)[:, HOME], 0)
        _depart(rng, roll, np.flatnonzero(settled), hazards, lean, group, year, half_term, len(schools.share))
        if half_term == HALF_TERMS - 1:
            _finish(rng, roll, people, group, year)
    return roll.close()


def _hazards(people: People, lives: Lives, group: Ints, period: int) -> NDArray[np.float64]:
    """Hazards of one half-term: leaving early, and every other reason, ``[pupil, 1 + reasons]``."""
    states, fsm = lives.at(period), (people.fsm_from <= period).astype(np.int32)
    early = base_hazard(group, period % HALF_TERMS) * growth(weigh(states, LOG_HAZARD))
    others = [rate / HALF_TERMS * growth(slope * states[:, state] - slope**2 / 2) for _, rate, state, slope in _OTHER]
    place = np.clip(group - YEAR_GROUPS[0], 0, len(YEAR_GROUPS) - 1)
    for factors, which in ((_EXCLUDED_FSM, fsm), (_EXCLUDED_SEN, people.sen), (_EXCLUDED_BOY, people.sex), (_EXCLUDED_GROUP, place)):
        others[_EXCLUSION] = others[_EXCLUSION] * np.array(factors)[which]
    return np.stack([early, *others], axis=1)


def _depart(
    rng: np.random.Generator,
    roll: _Roll,
    here: NDArray[np.int64],
    hazards: NDArray[np.float64],
    lean: NDArray[np.float64],
    group: Ints,
    year: int,
    half_term: int,
    schools: int,
) -> None:
    """Competing risks of one half-term: who leaves, why, and on which day."""
    edges = np.cumsum(hazards[here], axis=1)
    any_reason = -np.expm1(-edges[:, -1])
    leaves = rng.random(len(here)) < any_reason
    recovers = any_reason * edges[:, 0] / np.maximum(edges[:, -1], 1e-12) * (1 / LEAVES - 1) / (1 - any_reason)  # of those who stay
    edges, who = edges[leaves], here[leaves]
    groups, group = group, group[who]
    reason = (rng.random((len(who), 1)) * edges[:, -1:] >= edges).sum(axis=1) - 1  # -1 early, else a place in _OTHER
    destination = np.array([_TO[name] for name, *_ in _OTHER], dtype=np.int32)[reason]
    destination = np.where(reason < 0, _early(rng, group, lean[who]), destination).astype(np.int32)
    left = _last_day(rng, roll.entered[who], group, reason < 0, year, half_term)
    unknown = (rng.random(len(who)) < UNKNOWN) & (destination != _TO["deceased"])
    excluded = (reason == _EXCLUSION) & ~unknown
    back = here[~leaves & (rng.random(len(here)) < recovers)]
    roll.fade(rng, who[reason < 0], left[reason < 0])
    roll.fade(rng, back, _last_day(rng, roll.entered[back], groups[back], True, year, half_term))
    before = roll.school[who]
    roll.leave(who, left, np.where(unknown, _TO["unknown"], destination).astype(np.int32), excluded)
    moves = (destination == _TO["other_school"]) & (rng.random(len(who)) < _INSIDE)
    if schools > 1:
        _move(rng, roll, who[moves], before[moves], left[moves], schools)


def _last_day(rng: np.random.Generator, entered: Dates, group: Ints, early: Flags | bool, year: int, half_term: int) -> Dates:
    """A weekday of the half-term, a week into the stay at least; most who leave as Year 11 ends are there until it does."""
    finishing = (half_term == HALF_TERMS - 1) & np.isin(group, (11, 13))
    last = np.datetime64(school_leaving_date(year))
    start, end = half_term_starts(year)[half_term : half_term + 2]
    days = (np.where(finishing, last - 14, end) - start).astype(np.int64)
    left = np.maximum(start + (rng.random(len(group)) * days).astype("timedelta64[D]"), entered + 6)
    left = left - np.maximum((left.astype(np.int64) + 3) % 7 - 4, 0)  # a weekend becomes the Friday before
    return np.where(finishing & (group == 11) & early & (rng.random(len(group)) < _AT_SIXTEEN_OF_LAST_TERM), last, left)


def _move(rng: np.random.Generator, roll: _Roll, who: NDArray[np.int64], before: Ints, left: Dates, schools: int) -> None:
    """Join another school of the data set, on a weekday some days later."""
    joined = left + rng.integers(3, 12, len(who))
    weekday = (joined.astype(np.int64) + 3) % 7
    roll.entered[who] = joined + np.where(weekday > 4, 7 - weekday, 0)
    roll.school[who] = (before + rng.integers(1, schools, len(who), dtype=np.int32)) % schools


def _early(rng: np.random.Generator, group: Ints, lean: NDArray[np.float64]) -> Ints:
    """Destination of those who leave early; ``lean`` is the log odds of being not in education, employment or training."""
    works = (group >= 11) & (rng.random(len(group)) < _WORK)
    rest = np.where(works, _TO["work"], _TO["withdrew"])
    return np.where(rng.random(len(group)) < 1 / (1 + growth(-lean)), _TO["neet"], rest).astype(np.int32)


def _finish(rng: np.random.Generator, roll: _Roll, people: People, group: Ints, year: int) -> None:
    """Years 11 and 13 end: on to college, or into the sixth form."""
    done = np.flatnonzero((roll.school >= 0) & ((group == 13) | ((group == 11) & ~people.stays_on)))
    left = np.maximum(np.datetime64(school_leaving_date(year)), roll.entered[done])
    chosen = np.where((group[done] == 13) & (rng.random(len(done)) < 0.75), _TO["completed"], _TO["college_or_training"])
    roll.leave(done, left, np.where(rng.random(len(done)) < UNKNOWN, _TO["unknown"], chosen).astype(np.int32))
