"""Incidents, praise and suspensions: heavy-tailed, driven by behaviour, and written down more or less strictly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eswarn.simulate.causes import ATTAINMENT, ATTENDANCE, BEHAVIOUR
from eswarn.simulate.chance import growth, pick
from eswarn.simulate.columns import Columns
from eswarn.simulate.people import YEAR_GROUPS, Flags, People, Schools
from eswarn.simulate.schoolyear import SchoolYear
from eswarn.simulate.stays import Stays
from eswarn.simulate.terms import HALF_TERMS

KINDS = ("negative", "positive")
ROLES = ("involved", "harmed", "witness")
CATEGORIES = (
    "homework",
    "uniform",
    "phone",
    "disruption",
    "defiance",
    "fighting",
    "bullying",
    "damage",
    "effort",
    "kindness",
    "achievement",
)
SUSPENSION_KINDS = ("suspension", "permanent_exclusion", "withdrawn")
REASONS = ("DB", "PA", "PP", "VA", "VP", "DA", "DM", "TH", "OW", "BU", "RA", "MT")
PRAISE = 8  # place of the first category of praise

_NEGATIVE, _POSITIVE, _BYSTANDER = 0.0138, 0.042, 0.0012  # a pupil and day in school
_SEVERITY = (0.60, 0.27, 0.11, 0.02)
_POINTS = np.array([-1.0, -2.0, -4.0, -8.0])  # for severity 1 to 4: incidents count down, praise counts up
_MILD, _GRAVE = (22, 16, 12, 30, 16, 2, 1, 1), (0, 0, 4, 34, 28, 18, 8, 8)
_YEAR_GROUP = np.array([0.85, 1.15, 1.35, 1.25, 0.85, 0.15, 0.10])
_REASON = (50, 5, 15, 15, 5, 4, 2, 1, 1, 1, 0.5, 0.5)  # half is disruption: DfE suspensions, 2023/24
_SUSPENDED = 0.0039  # yearly, at average behaviour and temper, without FSM and SEN: 11.3 per 100 pupils (DfE, 2023/24, all phases)
_BEHAVIOUR, _FSM, _SUPPORT, _PLAN, _BOY = 1.15, 1.15, 0.80, 0.62, 0.15  # on the log of that rate
_AT_MOST = 8  # in a half-term
_LENGTHS, _LENGTH = np.array([1, 2, 3, 4, 6, 8, 10]), (6, 39, 3, 21, 14, 6, 11)  # sessions: 45 % a day or less
_WITHDRAWN = 0.01
_EXCLUDED_DAYS = 5  # between a permanent exclusion and the end of the stay


@dataclass(frozen=True, slots=True)
class Suspensions:
    """One entry a suspension or permanent exclusion of a school year; days and sessions are places in its register."""

    row: NDArray[np.int64]
    start: NDArray[np.int64]
    sessions: NDArray[np.int64]
    permanent: Flags

    def lost(self, shape: tuple[int, int]) -> Flags:
        """Sessions lost ``[n, days, 2]``."""
        change = np.zeros((shape[0], 2 * shape[1] + 1), dtype=np.int16)
        np.add.at(change, (self.row, 2 * self.start), 1)
        np.add.at(change, (self.row, 2 * self.start + self.sessions), -1)
        return np.asarray(change.cumsum(axis=1)[:, :-1].reshape(*shape, 2) > 0)


def suspend(year: SchoolYear, people: People, schools: Schools, stays: Stays, rng: np.random.Generator) -> Suspensions:
    """Who is suspended when: inside a half-term and the stay, and not while suspended already."""
    n, days = year.on_roll.shape
    log_rate = _BEHAVIOUR * year.states[..., BEHAVIOUR] + people.temper[year.pupil]
    log_rate += _FSM * year.fsm + np.array([0, _SUPPORT, _PLAN])[year.sen] + _BOY * people.sex[year.pupil]
    rate = _SUSPENDED / HALF_TERMS * schools.strictness[year.school] * _YEAR_GROUP[year.group - YEAR_GROUPS[0]] * growth(log_rate)
    half_term, row = np.divmod(np.repeat(np.arange(HALF_TERMS * n), np.minimum(rng.poisson(rate), _AT_MOST).ravel()), n)
    opens = np.searchsorted(year.days.half_term, half_term)
    ends = np.searchsorted(year.days.half_term, half_term, side="right")
    first, last = year.on_roll.argmax(axis=1), days - year.on_roll[:, ::-1].argmax(axis=1)  # last: the day after
    gone = stays.excluded[year.stay] & (stays.left[year.stay] < np.datetime64(f"{year.year + 1}-09-01")) & year.on_roll.any(axis=1)
    excluded = np.flatnonzero(gone)
    banned = np.maximum(last[excluded] - _EXCLUDED_DAYS, first[excluded])
    shut = np.full(n, days)
    shut[excluded] = banned  # nobody is suspended who is already excluded
    opens, ends = np.maximum(opens, first[row]), np.minimum(np.minimum(ends, last[row]), shut[row])
    start = opens + (rng.random(len(row)) * (ends - opens)).astype(np.int64)
    sessions = np.minimum(_LENGTHS[pick(rng, _LENGTH, len(row))], 2 * (ends - start))
    kept = (ends > opens) & year.on_roll[row].any(axis=1) & ~_overlapping(row, start, sessions, days)
    return Suspensions(
        row=np.concatenate([row[kept], excluded]),
        start=np.concatenate([start[kept], banned]),
        sessions=np.concatenate([sessions[kept], 2 * (last[excluded] - banned)]),
        permanent=np.repeat([False, True], [kept.sum(), len(excluded)]),
    )


def _overlapping(row: NDArray[np.int64], start: NDArray[np.int64], sessions: NDArray[np.int64], days: int) -> Flags:
    """Which of these begin before an earlier one of the same pupil is over."""
    order = np.lexsort((start, row))
    begins = (row * 2 * days + start)[order]
    over = np.maximum.accumulate(begins + (sessions[order] + 1) // 2)
    late = np.zeros(len(row), dtype=np.bool_)
    late[order[1:]] = begins[1:] < over[:-1]
    return late


def suspension_rows(year: SchoolYear, suspended: Suspensions, rng: np.random.Generator) -> Columns:
    """Columns of the suspensions table, with the few that were withdrawn as further rows."""
    n, dates = len(suspended.row), year.days.date
    reasons = np.stack([pick(rng, _REASON, n), np.where(rng.random(n) < 0.15, pick(rng, _REASON, n), -1)])
    reasons[1, reasons[1] == reasons[0]] = -1
    permanent = suspended.permanent
    start = dates[suspended.start]
    columns: Columns = {
        "pupil_id": year.pupil[suspended.row],
        "school_id": np.full(n, year.school),
        "kind": permanent.astype(np.int64),
        "start": start,
        "sessions": np.where(permanent, -1, suspended.sessions),
        "end": np.where(permanent, np.datetime64("NaT"), dates[suspended.start + (suspended.sessions - 1) // 2]),
        "lunchtime": np.where(permanent, -1, 0),
        "reason_1": reasons[0],
        "reason_2": reasons[1],
        "recorded_on": start + rng.integers(0, 4, n),
    }
    undone = np.flatnonzero(~permanent & (rng.random(n) < _WITHDRAWN))
    again = {name: values[undone] for name, values in columns.items()}
    again["kind"] = np.full(len(undone), SUSPENSION_KINDS.index("withdrawn"))
    again["recorded_on"] = start[undone] + rng.integers(5, 21, len(undone))
    return {name: np.concatenate([values, again[name]]) for name, values in columns.items()}


def behaviour_rows(year: SchoolYear, schools: Schools, attended: Flags, suspended: Suspensions, rng: np.random.Generator) -> Columns:
    """Columns of the behaviour table; whatever happened, happened on a day in school."""
    states, there = year.states, attended & year.on_roll
    trouble = growth(0.85 * states[..., BEHAVIOUR] + 0.30 * states[..., ATTENDANCE] + 0.15 * states[..., ATTAINMENT])
    ease = growth(-0.25 * states[..., BEHAVIOUR] - 0.25 * states[..., ATTENDANCE] - 0.15 * states[..., ATTAINMENT])
    by_group = _YEAR_GROUP[year.group - YEAR_GROUPS[0]] * schools.strictness[year.school]
    minor = _happen(rng, there, year.daily((_NEGATIVE * by_group * trouble).astype(np.float32)))
    praise = _happen(rng, there, year.daily((_POSITIVE * ease).astype(np.float32)))
    bystander = _happen(rng, there, np.full(there.shape, _BYSTANDER, dtype=np.float32))
    before = there[suspended.row, np.maximum(suspended.start - 1, 0)]
    cause = suspended.row[before], np.maximum(suspended.start - 1, 0)[before]  # a suspension follows from something the day before
    n_minor, n_other, n_cause, n_praise = len(minor[0]), len(bystander[0]), len(cause[0]), len(praise[0])
    row, day = (np.concatenate(parts) for parts in zip(minor, bystander, cause, praise, strict=True))
    severity = np.concatenate([1 + pick(rng, _SEVERITY, n_minor + n_other), np.full(n_cause, 4)])
    role = np.where(rng.random(n_minor) < 0.015, -1, 0), rng.integers(1, 3, n_other), np.zeros(n_cause + n_praise, dtype=np.int64)
    wrong = np.where(severity < 3, pick(rng, _MILD, len(severity)), pick(rng, _GRAVE, len(severity)))
    date = year.days.date[day]
    return {
        "pupil_id": year.pupil[row],
        "school_id": np.full(len(row), year.school),
        "date": date,
        "kind": np.repeat([0, 1], [len(severity), n_praise]),
        "role": np.concatenate(role),
        "category": np.concatenate([wrong, rng.integers(PRAISE, len(CATEGORIES), n_praise)]),
        "severity": np.concatenate([severity, np.full(n_praise, -1)]),
        "points": np.concatenate([_POINTS[severity - 1], rng.integers(1, 4, n_praise)]),
        "recorded_on": date + np.where(rng.random(len(row)) < 0.85, 0, rng.integers(1, 6, len(row))),
    }


def _happen(rng: np.random.Generator, there: Flags, rate: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and days on which something happens at these daily rates."""
    row, day = np.nonzero((rng.random(there.shape, dtype=np.float32) < rate) & there)
    return row, day
