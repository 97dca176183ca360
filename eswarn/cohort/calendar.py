"""When each school was open, as far as the marks known before a date can tell; and the windows counted in its days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from eswarn.records.arrays import Bools, Ints
from eswarn.records.timeline import Facts, Snapshot, as_date, days_since_epoch

LEAST_MARKED = 5
HOLIDAY_WEEKDAYS = 5
ACADEMIC_YEAR_STARTS = (8, 1)  # 1 August: DfE's autumn term runs from there


@dataclass(frozen=True, slots=True)
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

    @property
    def open_days(self) -> Bools:
        """Days with at least one open session, shape (schools, D)."""
        return self.open[:, ::2] | self.open[:, 1::2]

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


def _day_where(at: Bools, days: Ints, default: int) -> Ints:
    found = at.any(axis=1)
    return np.where(found, days[at.argmax(axis=1)] if len(days) else default, default)


def calendar_before(known: Snapshot) -> Calendar:
    """Infer the open sessions of each school.

    A session is open if at least half of the pupils then on roll (and at least five, or all where fewer) have a mark other
    than ``#`` or none. A pupil is taken to be on roll from the first to the last such mark at the school. A session named
    in a ``calendar`` table is what that table says.
    """
    schools, sessions = len(known.schools), known.marks.shape[1]
    marked = known.codes.members("marked")[known.marks]
    by_school = np.argsort(known.stay_school, kind="stable")
    edges = np.searchsorted(known.stay_school[by_school], np.arange(schools + 1))
    is_open = np.zeros((schools, sessions), bool)
    for school in range(schools):
        rows = marked[by_school[edges[school] : edges[school + 1]]]
        rows = rows[rows.any(axis=1)]
        if not len(rows):
            continue
        count = rows.sum(axis=0)
        first, last = rows.argmax(axis=1) // 2, (sessions - 1 - rows[:, ::-1].argmax(axis=1)) // 2
        joined = np.bincount(first, minlength=sessions // 2 + 1).cumsum()
        left = np.bincount(last + 1, minlength=sessions // 2 + 1).cumsum()
        on_roll = np.repeat((joined - left)[: sessions // 2], 2)
        is_open[school] = (count > 0) & (count >= np.minimum(np.maximum(on_roll / 2, LEAST_MARKED), on_roll))
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


def half_term_mondays(calendar: Calendar) -> tuple[dt.date, ...]:
    """The first Monday of each half-term: on or after the first open day that follows a holiday.

    A holiday is five or more closed weekdays in a row; a day counts as open if half of the schools with any open day are open.
    """
    active = calendar.open.any(axis=1)
    if not active.any():
        return ()
    days = calendar.days[calendar.open_days[active].mean(axis=0) >= 0.5]
    weekdays = np.busday_count(
        days[:-1].astype("datetime64[D]") + np.timedelta64(1, "D"), days[1:].astype("datetime64[D]")
    )  # fmt: skip
    starts = days[1:][weekdays >= HOLIDAY_WEEKDAYS]
    mondays = [int(day) + (-as_date(int(day)).weekday()) % 7 for day in [*days[:1], *starts]]
    return tuple(as_date(m) for m in sorted(set(mondays)))
