"""Windows: ranges of days that end before the as-of date, counted in each school's own open days or in calendar days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from eswarn.cohort.calendar import Calendar, academic_year_start
from eswarn.errors import UsageError
from eswarn.records.arrays import Ints

Kind = Literal["last", "year_to_date", "last_year", "days", "ever"]


@dataclass(frozen=True, slots=True)
class Window:
    """A range of days that ends before the as-of date.

    Attributes
    ----------
    kind : str
        ``last`` (open school days), ``days`` (calendar days), ``year_to_date``, ``last_year`` or ``ever``.
    n : int
        Number of days, for ``last`` and ``days``.
    skip : int
        Latest open school days left out, for ``last``.
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
        return {"last": f"last_{self.n}_days{before}", "days": f"last_{self.n}_calendar_days", "year_to_date": "this_year",
                "last_year": "last_year", "ever": "ever"}[self.kind]  # fmt: skip

    @property
    def words(self) -> str:
        """How the window is said in a sentence."""
        before = f"in the {self.n} school days before the last {self.skip}"
        return {"last": before if self.skip else f"in the last {self.n} school days", "days": f"in the last {self.n} days",
                "year_to_date": "this school year so far", "last_year": "in the last school year", "ever": "so far"}[self.kind]  # fmt: skip

    def bounds(self, calendar: Calendar) -> tuple[Ints, Ints]:
        """First day, and day after the last, for each school; in days since 1970-01-01."""
        schools, t = len(calendar.open), calendar.t
        if self.kind == "last":
            return calendar.last(self.n, skip=self.skip)
        this_year = academic_year_start(t)
        start, end = {
            "days": (t - self.n, t),
            "year_to_date": (this_year, t),
            "last_year": (academic_year_start(t, years_back=1), this_year),
            "ever": (0, t),
        }[self.kind]
        return np.full(schools, start), np.full(schools, end)


def last(n: int, *, skip: int = 0) -> Window:
    """The last ``n`` open days of the pupil's school, before the latest ``skip`` of them."""
    return Window("last", n, skip)


def days(n: int) -> Window:
    """The last ``n`` calendar days."""
    return Window("days", n)


def year_to_date() -> Window:
    """From 1 August to the as-of date."""
    return Window("year_to_date")


def last_year() -> Window:
    """The academic year before the present one, 1 August to 31 July."""
    return Window("last_year")


def ever() -> Window:
    """Everything that is known."""
    return Window("ever")
