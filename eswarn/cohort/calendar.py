"""When each school was open, as far as the marks known before a date can tell; and the windows counted in its days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from eswarn.records.arrays import NEVER, Bools, Ints
from eswarn.records.facts import Facts
from eswarn.records.timeline import Snapshot, as_date, days_since_epoch

LEAST_MARKED = 5
HOLIDAY_WEEKDAYS = 5
ACADEMIC_YEAR_STARTS = (8, 1)  # 1 August: DfE's autumn term runs from there


@dataclass(frozen=True)
class Calendar:
    """Open sessions of each school before ``t``.

    Attributes
    ----------
    t : int
        The as-of date, in days since 1970-01-01.
    days : array of int, shape (D,)
        The days of the snapshot.
    open : array of bool, shape (schools, 2 D)
        Whether the session took place, AM and PM in turn.
    """

    t: int
    days: Ints
    open: Bools

    @cached_property
    def open_days(self) -> Bools:
        """Days with at least one open session, shape (schools, D)."""
        return self.open[:, ::2] | self.open[:, 1::2]

    @cached_property
    def opened_before(self) -> Ints:
        """Open days before each day of the axis and, last, before ``t``, shape (schools, D + 1)."""
        return np.concatenate([np.zeros((len(self.open), 1), np.int64), self.open_days.cumsum(axis=1)], axis=1)

    def nth_open_day(self, school: Ints, nth: Ints) -> Ints:
        """The open day of each school that ``nth`` others precede; ``NEVER`` where it had none so far."""
        at = np.flatnonzero(self.open_days)
        place = np.append(at % max(len(self.days), 1), 0)
        upto = np.concatenate([[0], self.open_days.sum(axis=1).cumsum()])
        wanted = upto[school] + nth
        inside = wanted < upto[school + 1]
        return np.where(inside, np.append(self.days, NEVER)[place[np.where(inside, wanted, len(at))]], NEVER)

    def last(self, n: int, *, skip: int = 0) -> tuple[Ints, Ints]:
        """First day, and day after the last, of the ``n`` open days of each school before the latest ``skip`` open ones.

        Where a school has been open on fewer days, the range starts with the first; where on none, it is empty.
        """
        order = np.cumsum(self.open_days[:, ::-1], axis=1)[:, ::-1]  # 1 = the latest open day
        last = order[:, :1].max(axis=1, initial=0)
        start = _day_where(self.open_days & (order == np.minimum(n + skip, last)[:, None]), self.days, self.t)
        if not skip:
            return start, np.full(len(start), self.t)
        end = _day_where(self.open_days & (order == np.minimum(skip, last)[:, None]), self.days, self.t)
        return start, end

    @cached_property
    def _after_gap(self) -> Bools:
        """Open days that begin a half-term, shape (schools, D): five or more weekdays closed since the open day before."""
        begins = np.zeros(self.open_days.shape, bool)
        for school, opened in enumerate(self.open_days):
            at = np.flatnonzero(opened)
            begins[school, at[1:][closed_weekdays(self.days[at]) >= HOLIDAY_WEEKDAYS]] = True
        return begins

    @cached_property
    def half_term_start(self) -> Ints:
        """First open day of the half-term that holds the latest open day of each school; ``t`` where it was never open.

        A half-term begins with the first open day on record, and with each open day that follows a holiday.
        """
        first = self.open_days & (self.opened_before[:, 1:] == 1)
        starts = self._after_gap | first
        latest = starts & (starts[:, ::-1].cumsum(axis=1)[:, ::-1] == 1)
        return _day_where(latest, self.days, self.t)

    def after_holidays(self, n: int) -> Bools:
        """The first ``n`` open days after each holiday, shape (schools, D)."""
        order = self.opened_before[:, 1:]
        since = np.maximum.accumulate(np.where(self._after_gap, order, 0), axis=1)
        return self.open_days & (since > 0) & (order - since < n)


def closed_weekdays(opened: Ints) -> Ints:
    """Weekdays strictly between each two successive open days."""
    one = np.timedelta64(1, "D")
    return np.asarray(np.busday_count(opened[:-1].astype("datetime64[D]") + one, opened[1:].astype("datetime64[D]")), np.int64)


def _day_where(at: Bools, days: Ints, default: int) -> Ints:
    found = at.any(axis=1)
    return np.where(found, days[at.argmax(axis=1)] if len(days) else default, default)


def calendar_before(known: Snapshot) -> Calendar:
    """Infer the open sessions of each school.

    A session is open if at least half of the pupils then on roll (and at least five, or all where fewer) have a mark other
    than ``#`` or none. A pupil is taken to be on roll from the first to the last such mark at the school. A session named
    in a ``calendar`` table is what that table says.
    """
    schools, days = len(known.schools), len(known.days)
    marked = known.marked
    joined = np.zeros((schools, len(known.days) + 1), np.int64)
    some = marked.first >= 0
    for step, at in ((1, marked.first[some] // 2), (-1, marked.last[some] // 2 + 1)):
        joined += step * np.bincount(known.stay_school[some] * (days + 1) + at, minlength=schools * (days + 1)).reshape(schools, days + 1)
    on_roll = np.repeat(joined.cumsum(axis=1)[:, :-1], 2, axis=1)
    is_open = (marked.stays > 0) & (marked.stays >= np.minimum(np.maximum(on_roll / 2, LEAST_MARKED), on_roll))
    if "calendar" in known.supplied:
        _declare(is_open, known.tables["calendar"], known.days)
    return Calendar(known.t, known.days, is_open)


def _declare(is_open: Bools, table: Facts, days: Ints) -> None:
    """Let a calendar table stand over what the marks say."""
    at = np.searchsorted(days, table.date)
    inside = (at < len(days)) & (days[np.minimum(at, len(days) - 1)] == table.date) if len(days) else np.zeros(len(table), bool)
    for half, name in ((0, "DAY"), (1, "DAY"), (0, "AM"), (1, "PM")):  # what is said of half a day stands over the whole
        rows = inside & table.equals("session", name)
        is_open[table.school[rows], 2 * at[rows] + half] = table.columns["open"][rows] > 0


def academic_year_start(t: int, *, years_back: int = 0) -> int:
    """First day of the academic year that holds ``t`` (1 August), or of an earlier one."""
    day = as_date(t)
    month, date = ACADEMIC_YEAR_STARTS
    year = day.year - ((day.month, day.day) < (month, date)) - years_back
    return days_since_epoch(dt.date(year, month, date))


def academic_year_starts(days: Ints, *, later: int = 0) -> Ints:
    """First day of the academic year that holds each day, or of one so many years later."""
    dates = days.astype("datetime64[D]")
    year, month = dates.astype("datetime64[Y]"), dates.astype("datetime64[M]")
    august = year.astype("datetime64[M]") + np.timedelta64(ACADEMIC_YEAR_STARTS[0] - 1, "M")
    starts = np.where(month < august, year - np.timedelta64(1, "Y"), year) + np.timedelta64(later, "Y")
    in_august = starts.astype("datetime64[M]") + np.timedelta64(ACADEMIC_YEAR_STARTS[0] - 1, "M")
    return np.asarray(in_august.astype("datetime64[D]").astype(np.int64))


def half_term_mondays(calendar: Calendar) -> tuple[dt.date, ...]:
    """The first Monday of each half-term: on or after the first open day that follows a holiday.

    A holiday is five or more closed weekdays in a row; a day counts as open if half of the schools with any open day are open.
    """
    active = calendar.open.any(axis=1)
    if not active.any():
        return ()
    days = calendar.days[calendar.open_days[active].mean(axis=0) >= 0.5]
    starts = days[1:][closed_weekdays(days) >= HOLIDAY_WEEKDAYS]
    mondays = [int(day) + (-as_date(int(day)).weekday()) % 7 for day in [*days[:1], *starts]]
    return tuple(as_date(m) for m in sorted(set(mondays)))
