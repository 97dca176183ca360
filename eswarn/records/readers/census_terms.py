"""The terms of the school census: which days each one covers, and from which day on its counts are known."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

_WORDING = re.compile(r"(autumn|spring|summer ?[12])(?: term)? (20[0-9]{2})(?:/([0-9]{2}))?")
_THURSDAY = 3


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the census.

    Attributes
    ----------
    name : {"autumn", "spring", "summer 1", "summer 2"}
        Summer is counted in two halves.
    starts_on, ends_on : date
        First and last day whose sessions are counted.
    known_on : date
        Day of the census that collects it, one term later; nobody held the count before.
    """

    name: str
    starts_on: dt.date
    ends_on: dt.date
    known_on: dt.date


def term(wording: str) -> Term | None:
    """Read the name of a term.

    Parameters
    ----------
    wording : str
        Name and calendar year, ``"autumn 2025"``, ``"spring 2026"``, ``"summer 1 2026"``; or name and academic year,
        ``"spring 2025/26"``.

    Returns
    -------
    Term or None
        None where the text names no term.

    Notes
    -----
    Days as the Department for Education sets them in its methodology of absence statistics: autumn from 1 August to
    31 December; spring from 1 January to Easter Sunday; the halves of summer from Easter Monday and from the spring bank
    holiday (the last Monday of May), to 31 July. Spring's census collects autumn, summer's spring, and autumn's both halves
    of summer. The day of a census is a Thursday of January, May or October, as a rule the third or an earlier one; the
    third is taken, so that a count is never known before its census.
    """
    match = _WORDING.fullmatch(" ".join(wording.casefold().split()))
    if not match:
        return None
    name, year = match[1].replace(" ", ""), int(match[2])
    if match[3]:
        if int(match[3]) != (year + 1) % 100:
            return None
        year += name != "autumn"
    easter, bank_holiday = easter_sunday(year), _last_monday_of_may(year)
    day = dt.timedelta(days=1)
    if name == "autumn":
        return Term("autumn", dt.date(year, 8, 1), dt.date(year, 12, 31), _third_thursday(year + 1, 1))
    if name == "spring":
        return Term("spring", dt.date(year, 1, 1), easter, _third_thursday(year, 5))
    if name == "summer1":
        return Term("summer 1", easter + day, bank_holiday - day, _third_thursday(year, 10))
    return Term("summer 2", bank_holiday, dt.date(year, 7, 31), _third_thursday(year, 10))


def easter_sunday(year: int) -> dt.date:
    """Easter Sunday of a year in the Gregorian calendar, by the computation of Meeus, Jones and Butcher."""
    golden, (century, rest) = year % 19, divmod(year, 100)
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return dt.date(year, month, day + 1)


def _last_monday_of_may(year: int) -> dt.date:
    """The spring bank holiday. In 2002, 2012 and 2022 it was moved by some days, within a week in which schools were closed."""
    last = dt.date(year, 5, 31)
    return last - dt.timedelta(days=last.weekday())


def _third_thursday(year: int, month: int) -> dt.date:
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(_THURSDAY - first.weekday()) % 7 + 14)
