"""When schools are open: six half-terms a year, bank holidays, and training days that differ by school."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WEEKDAYS_A_YEAR = 195
TRAINING_DAYS = 5
HALF_TERMS = 6
_ONCE_CLOSED = (dt.date(2022, 9, 19), dt.date(2023, 5, 8))  # state funeral, coronation

Dates = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Days:
    """The open days of one school in one school year, in order.

    ``half_term`` counts from 0 to 5, ``weekday`` from Monday 0, and ``place`` runs from 0 on the first day of a
    half-term to 1 on its last.
    """

    date: Dates
    half_term: NDArray[np.intp]
    weekday: NDArray[np.intp]
    place: NDArray[np.float32]


def half_term_starts(year: int) -> Dates:
    """First days of the six half-terms of the school year that begins in ``year``, and 1 September after it."""
    starts = [dt.date(year, 9, 1), *(end for _, end in _breaks(year)), dt.date(year + 1, 9, 1)]
    return np.array(starts, dtype="datetime64[D]")


def school_leaving_date(year: int) -> dt.date:
    """The last Friday in June of the school year: Years 11 and 13 end here."""
    last = dt.date(year + 1, 6, 30)
    return last - dt.timedelta(days=(last.weekday() - 4) % 7)


def open_days(year: int, rng: np.random.Generator) -> Days:
    """The 190 days on which one school is open; its five training days are drawn."""
    days, half_term = _weekdays(year)
    firsts = np.searchsorted(half_term, np.arange(1, HALF_TERMS))
    candidates = np.concatenate([firsts, [1, len(days) - 1, len(days) - 2]])
    training = np.append(rng.choice(candidates, TRAINING_DAYS - 1, replace=False), 0)
    days, half_term = np.delete(days, training), np.delete(half_term, training)
    length = np.bincount(half_term, minlength=HALF_TERMS)
    within = np.arange(len(days)) - (np.cumsum(length) - length)[half_term]
    place = within / np.maximum(length[half_term] - 1, 1)
    weekday = (days.astype(np.int64) + 3) % 7  # 1 January 1970 was a Thursday
    return Days(days, half_term, weekday.astype(np.intp), place.astype(np.float32))


def _weekdays(year: int) -> tuple[Dates, NDArray[np.intp]]:
    starts = half_term_starts(year)
    days = np.arange(starts[0], np.datetime64(f"{year + 1}-08-01"))
    closed = (days.astype(np.int64) + 3) % 7 > 4
    for first, end in _breaks(year):
        closed |= (days >= np.datetime64(first)) & (days < np.datetime64(end))
    closed |= np.isin(days, np.array([_monday(year + 1, 5, 1), *_ONCE_CLOSED], dtype="datetime64[D]"))
    days = days[~closed][:WEEKDAYS_A_YEAR]
    return days, np.searchsorted(starts, days, side="right") - 1


def _breaks(year: int) -> tuple[tuple[dt.date, dt.date], ...]:
    """The five holidays inside a school year: first day, and the first day after."""
    week = dt.timedelta(days=7)
    autumn, winter, spring = _monday(year, 10, 22), _monday(year, 12, 19), _monday(year + 1, 2, 12)
    back = winter + 2 * week
    if back == dt.date(year + 1, 1, 2):  # then New Year's Day is a Sunday, and this Monday a bank holiday
        back += dt.timedelta(days=1)
    easter = _easter(year + 1)
    early = easter < dt.date(year + 1, 4, 6)  # an early Easter begins the holiday, a later one falls inside it
    good_friday, monday_before = easter - dt.timedelta(days=2), easter - dt.timedelta(days=6)
    holiday = (good_friday, easter + dt.timedelta(days=15)) if early else (monday_before, easter + dt.timedelta(days=8))
    whitsun = _monday(year + 1, 5, 25)
    return (autumn, autumn + week), (winter, back), (spring, spring + week), holiday, (whitsun, whitsun + week)


def _monday(year: int, month: int, day: int) -> dt.date:
    """The first Monday on or after a day."""
    date = dt.date(year, month, day)
    return date + dt.timedelta(days=-date.weekday() % 7)


def _easter(year: int) -> dt.date:
    """Easter Sunday by the anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return dt.date(year, month, day + 1)
