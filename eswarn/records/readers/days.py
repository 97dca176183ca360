"""Days as people head a column with them: ``Mon 02 Sep``, ``02/09/2024 AM``, ``2024-09-02``; nothing is guessed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG = (
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "tues", "weds", "thur", "thurs"),
    *("january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december", "sept"),
)
_SESSION = re.compile(r"(?<![a-z])(?:([ap])\.?m\.?|(morning)|(afternoon))(?![a-z])")
_TH = r"(?:st|nd|rd|th)?"
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?:[ t]00:00(?::00(?:\.0+)?)?)?")
_NUMBERS = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})(?:\2([0-9]{4}|[0-9]{2}))?(?: 00:00(?::00)?)?")
_DAY_MONTH = re.compile(rf"([0-9]{{1,2}}){_TH}[ \-/]*([a-z]+)(?:[ \-/,]+([0-9]{{4}}|[0-9]{{2}}))?")
_MONTH_DAY = re.compile(rf"([a-z]+)[ \-/]*([0-9]{{1,2}}){_TH}(?:[ ,]+([0-9]{{4}}))?")
_LONGEST = 60
Years = tuple[int, int]  # the one of autumn and the one of spring and summer


@dataclass(frozen=True, slots=True)
class Written:
    """What a heading says of a day and a session. ``numbers`` are day and month, in an order that only the file can prove.

    ``year`` is -1 where there is none; of two digits where it is written so.
    """

    numbers: tuple[int, int] | None = None
    in_order: bool = False
    year: int = -1
    weekday: int | None = None
    session: str = ""


def parse(text: str) -> Written | None:
    """What a heading says, or None where it says anything but a day, a weekday and a session."""
    if len(text) > _LONGEST:
        return None
    rest = " ".join(text.lower().split())
    session, weekday = "", None
    if match := _SESSION.search(rest):
        session = "AM" if match[1] == "a" or match[2] else "PM"
        rest = rest[: match.start()] + " " + rest[match.end() :]
    for word in re.findall("[a-z]+", rest):
        if word[:3] in _WEEKDAYS and (len(word) == 3 or word in _LONG):
            weekday = _WEEKDAYS.index(word[:3])
            rest = rest.replace(word, " ", 1)
    rest = " ".join(rest.strip(" -_/:,()").split())
    if not rest:
        return Written(weekday=weekday, session=session) if session or weekday is not None else None
    date = _date(rest)
    return replace(date, weekday=weekday, session=session) if date else None


def resolve(written: Sequence[Written], *, facts: DatasetFacts, where: Callable[[int], str]) -> list[dt.date | None]:
    """The days that headings stand for; None where there is no such day, or it is not the weekday that is named.

    Parameters
    ----------
    written : sequence of Written
        Each with its numbers; together they prove the order of day and month.
    facts : DatasetFacts
        Order of dates, and the academic year where the headings name no year.
    where : callable
        Gives the address of a heading, from its place.

    Raises
    ------
    FileRefused
        ``ambiguous_date``: a year is missing, or every date is readable both ways. ``mixed_dates``: both ways are needed.
    """
    years = [_year(each, facts.academic_year) for each in written]
    if None in years:
        short = written[years.index(None)].year >= 0
        what = "the year of a date is not written with four digits" if short else "dates without a year"
        do = 'Add the academic year of the file, such as  academic_year = "2025/26",  at the top of dataset.toml.'
        raise FileRefused("ambiguous_date", what, where=where(years.index(None)), do=do)
    known = [year for year in years if year]
    order = _order(written, known, declared=facts.dates.order, where=where)
    return [_day(each, year, order) for each, year in zip(written, known, strict=True)]


def _date(text: str) -> Written | None:
    if match := _YEAR_FIRST.fullmatch(text):
        return Written((int(match[4]), int(match[3])), True, int(match[1]))
    if match := _NUMBERS.fullmatch(text):
        return Written((int(match[1]), int(match[3])), False, int(match[4] or -1))
    if (match := _DAY_MONTH.fullmatch(text)) and (month := _month(match[2])):
        return Written((int(match[1]), month), True, int(match[3] or -1))
    if (match := _MONTH_DAY.fullmatch(text)) and (month := _month(match[1])):
        return Written((int(match[2]), month), True, int(match[3] or -1))
    return None


def _month(word: str) -> int:
    """The number of a month by its name; 0 where it is none."""
    return _MONTHS.index(word[:3]) + 1 if word[:3] in _MONTHS and (len(word) == 3 or word in _LONG) else 0


def _year(written: Written, academic_year: str | None) -> Years | None:
    """The years that a heading may mean; None where that is not known."""
    if written.year >= 100:
        return (written.year, written.year)
    if academic_year is None:
        return None
    first = int(academic_year[:4])
    return (first, first + 1) if written.year < 0 or 2000 + written.year in (first, first + 1) else None


def _order(written: Sequence[Written], years: Sequence[Years], *, declared: str | None, where: Callable[[int], str]) -> str:
    """Whether day or month stands first: declared, or proved by a number above 12 or by the weekdays."""
    open_ = [i for i, w in enumerate(written) if w.numbers and not w.in_order and w.numbers[0] != w.numbers[1]]
    if declared in {"dmy", "mdy"} or not open_:
        return declared or "dmy"
    proofs = {"dmy": [i for i in open_ if _first(written[i]) > 12], "mdy": [i for i in open_ if _first(written[i], 1) > 12]}
    if proofs["dmy"] and proofs["mdy"]:
        do = "Write every date as YYYY-MM-DD."
        raise FileRefused("mixed_dates", "some dates start with the day, others with the month", where=where(proofs["mdy"][0]), do=do)
    fits = [order for order in proofs if proofs[order]]
    named = [i for i in open_ if written[i].weekday is not None]
    if not fits and named:
        fits = [o for o in proofs if all(_day(written[i], years[i], o) for i in named)]
    if len(fits) == 1:
        return fits[0]
    do = 'Add  order = "dmy"  (or "mdy") under [dates] in dataset.toml.'
    raise FileRefused("ambiguous_date", "every date is readable both ways, day or month first", where=where(open_[0]), do=do)


def _first(written: Written, place: int = 0) -> int:
    return written.numbers[place] if written.numbers else 0


def _day(written: Written, years: Years, order: str) -> dt.date | None:
    day, month = written.numbers or (0, 0)
    if not written.in_order and order == "mdy":
        day, month = month, day
    year = years[month < 8]  # an academic year begins in August
    try:
        found = dt.date(year, month, day)
    except ValueError:
        return None
    if 0 <= written.year < 100 and year != 2000 + written.year:
        return None
    return found if written.weekday in (None, found.weekday()) else None
