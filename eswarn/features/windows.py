"""Windows: ranges of days that end before the as-of date, counted in each school's own open days or in calendar days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from eswarn.cohort.calendar import Calendar, academic_year_start
from eswarn.errors import UsageError
from eswarn.records.arrays import Bools, Ints

Kind = Literal["last", "half_term", "year_to_date", "last_year", "days", "ever"]
_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


@dataclass(frozen=True, slots=True)
class Window:
    """A range of days that ends before the as-of date.

    Attributes
    ----------
    kind : str
        ``last`` (open school days), ``days`` (calendar days), ``half_term``, ``year_to_date``, ``last_year`` or ``ever``.
    n : int
        Number of days, for ``last`` and ``days``.
    skip : int
        Latest days left out: open school days for ``last``, calendar days for ``days``.
    """

    kind: Kind
    n: int = 0
    skip: int = 0

    def __post_init__(self) -> None:
        if self.skip < 0 or (self.kind in ("last", "days") and self.n < 1):
            raise UsageError(
                f"the window {self.kind}({self.n}, skip={self.skip}) would reach the as-of date or hold no day",
                do="A window ends before the as-of date: give at least one day, and skip none or more.",
            )

    @property
    def suffix(self) -> str:
        """How the window ends a column name."""
        before = f"_before_last_{self.skip}" if self.skip else ""
        return {"last": f"last_{self.n}_days{before}", "days": f"last_{self.n}_calendar_days{before}", "half_term": "this_half_term",
                "year_to_date": "this_year", "last_year": "last_year", "ever": "ever"}[self.kind]  # fmt: skip

    @property
    def words(self) -> str:
        """How the window is said in a sentence."""
        if self.kind in ("last", "days"):
            unit = "school days" if self.kind == "last" else "days"
            return f"in the {self.n} {unit} before the last {self.skip}" if self.skip else f"in the last {self.n} {unit}"
        return {"half_term": "this half-term so far", "year_to_date": "this school year so far", "last_year": "in the last school year",
                "ever": "so far"}[self.kind]  # fmt: skip

    def bounds(self, calendar: Calendar) -> tuple[Ints, Ints]:
        """First day, and day after the last, for each school; in days since 1970-01-01."""
        schools, t = len(calendar.open), calendar.t
        if self.kind == "last":
            return calendar.last(self.n, skip=self.skip)
        if self.kind == "half_term":
            return calendar.half_term_start, np.full(schools, t)
        this_year = academic_year_start(t)
        start, end = {
            "days": (t - self.skip - self.n, t - self.skip),
            "year_to_date": (this_year, t),
            "last_year": (academic_year_start(t, years_back=1), this_year),
            "ever": (0, t),
        }[self.kind]
        return np.full(schools, start), np.full(schools, end)


def last(n: int, *, skip: int = 0) -> Window:
    """The last ``n`` open days of the pupil's school, before the latest ``skip`` of them."""
    return Window("last", n, skip)


def days(n: int, *, skip: int = 0) -> Window:
    """The last ``n`` calendar days, before the latest ``skip`` of them."""
    return Window("days", n, skip)


def half_term() -> Window:
    """From the first day of the half-term that holds the school's latest open day; see `Calendar.half_term_start`."""
    return Window("half_term")


def year_to_date() -> Window:
    """From 1 August to the as-of date."""
    return Window("year_to_date")


def last_year() -> Window:
    """The academic year before the present one, 1 August to 31 July."""
    return Window("last_year")


def ever() -> Window:
    """Everything that is known."""
    return Window("ever")


@dataclass(frozen=True, slots=True)
class When:
    """Some sessions of the week or the year: on given weekdays, in the afternoon, or soon after a holiday."""

    kind: Literal["weekdays", "afternoons", "after_holidays"]
    words: str
    weekdays: tuple[int, ...] = ()
    n: int = 0

    def sessions(self, calendar: Calendar) -> Bools:
        """Which sessions of the axis are meant, shape (schools, 2 D)."""
        if self.kind == "after_holidays":
            return np.repeat(calendar.after_holidays(self.n), 2, axis=1)
        on_day = np.ones(len(calendar.days), bool)
        if self.kind == "weekdays":
            on_day = np.isin((calendar.days + 3) % 7, self.weekdays)  # 1970-01-01 was a Thursday
        sessions = np.repeat(on_day, 2)
        if self.kind == "afternoons":
            sessions[::2] = False
        return np.broadcast_to(sessions, calendar.open.shape)


def weekdays(*which: int) -> When:
    """Sessions on these weekdays (0 is Monday)."""
    if not which or len(set(which)) < len(which) or not set(which) <= set(range(7)):
        raise UsageError("weekdays are numbers from 0 (Monday) to 6, each once", do="Give at least one, such as weekdays(0, 4).")
    return When("weekdays", f"on {' and '.join(_WEEKDAYS[day] for day in which)}", weekdays=which)


def afternoons() -> When:
    """Afternoon sessions."""
    return When("afternoons", "in the afternoon")


def after_holidays(n: int = 5) -> When:
    """The first ``n`` open days of the pupil's school after each holiday; its first day on record follows none."""
    if n < 1:
        raise UsageError("after_holidays() needs at least one day")
    return When("after_holidays", f"in the first {n} school days after a holiday", n=n)
