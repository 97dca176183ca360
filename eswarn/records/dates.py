"""Read the dates of one file: the order of day and month is declared or proved by the file itself, never guessed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers.raw import Cells
from eswarn.words import count as counted

Form = Literal["year first", "year last", "month named", "serial number"]
_FORM_WORDS: dict[Form, str] = {
    "year first": "with the year first",
    "year last": "with the year last",
    "month named": "with the month as a word",
    "serial number": "as serial numbers",
}
_TIME = r"(?:[ T]([0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?))?"
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})" + _TIME)
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})" + _TIME)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?"
    r"|dec(?:ember)?)\.?"
)
_DAY_MONTH = re.compile(
    r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?[ ])?([0-9]{1,2})[-/. ]"
    + _MONTH
    + r"[-/., ]{1,2}([0-9]{4})"
    + _TIME,
    re.IGNORECASE,
)
_MONTH_DAY = re.compile(_MONTH + r"[ ]([0-9]{1,2}),?[ ]([0-9]{4})" + _TIME, re.IGNORECASE)
_SHORT_YEAR = re.compile(r"[0-9]{1,2}([-/. ])(?:[0-9]{1,2}|" + _MONTH + r")\1[0-9]{2}", re.IGNORECASE)
_SERIAL = re.compile(r"([0-9]{5})(?:\.([0-9]+))?")
_SERIAL_DAY_0 = dt.date(1899, 12, 30)  # day 0 of a spreadsheet's calendar, from March 1900 on
_FEW = 0.05  # share of odd cells in a column up to which they are rejected; above, the column is in doubt


@dataclass(frozen=True, slots=True)
class _Date:
    """A cell as written: three numbers in the order they stand, or a serial number, and whether a time of day follows."""

    form: Form
    parts: tuple[int, int, int]
    timed: bool


@dataclass(frozen=True, slots=True)
class Dates:
    """The distinct dates of a column as ISO text, "" where one cannot be read, with the rule that says why."""

    iso: tuple[str, ...]
    rules: tuple[str, ...]
    note: str = ""


def read_dates(
    columns: Mapping[str, Cells], *, order: str | None, timed: frozenset[str], where: Callable[[str, list[int]], str]
) -> dict[str, Dates]:
    """Read the date columns of one file.

    Parameters
    ----------
    columns : mapping of str to Cells
        Every date column of the file; together they prove the order of day and month.
    order : {"ymd", "dmy", "mdy"} or None
        What ``dataset.toml`` declares. Dates that start with the year or name the month need no declaration.
    timed : frozenset of str
        Columns in which a time of day may follow; only the day is kept.
    where : callable
        Gives the address of the rows that hold some of a column's distinct texts.

    Raises
    ------
    FileRefused
        ``ambiguous_date``: every date is readable both ways. ``mixed_dates``: the file is written in more than one way.
    """
    found = {name: [_parse(text) for text in cells.texts] for name, cells in columns.items()}
    forms = {name: _one_form(found[name], cells, where=partial(where, name)) for name, cells in columns.items()}
    last = {name: [d if d and d.form == forms[name] == "year last" else None for d in dates] for name, dates in found.items()}
    order = order or _prove_order(last, where)
    return {name: _iso(found[name], columns[name], form=forms[name], order=order, timed=name in timed) for name in columns}


def _parse(text: str) -> _Date | None:
    if match := _YEAR_FIRST.fullmatch(text):
        return _Date("year first", (int(match[1]), int(match[3]), int(match[4])), bool(re.search("[1-9]", match[5] or "")))
    if match := _YEAR_LAST.fullmatch(text):
        return _Date("year last", (int(match[1]), int(match[3]), int(match[4])), bool(re.search("[1-9]", match[5] or "")))
    if match := _DAY_MONTH.fullmatch(text):
        return _Date("month named", (int(match[1]), _month(match[2]), int(match[3])), bool(re.search("[1-9]", match[4] or "")))
    if match := _MONTH_DAY.fullmatch(text):
        return _Date("month named", (int(match[2]), _month(match[1]), int(match[3])), bool(re.search("[1-9]", match[4] or "")))
    if match := _SERIAL.fullmatch(text):
        return _Date("serial number", (int(match[1]), 0, 0), bool(re.search("[1-9]", match[2] or "")))
    return None


def _month(name: str) -> int:
    return 1 + _MONTHS.index(name[:3].lower())


def _one_form(dates: list[_Date | None], cells: Cells, *, where: Callable[[list[int]], str]) -> Form | None:
    """The form most cells of a column are written in; refused where more than a few are written otherwise."""
    rows: dict[Form, int] = {}
    for date, count in zip(dates, cells.counts, strict=True):
        if date:
            rows[date.form] = rows.get(date.form, 0) + int(count)
    if not rows:
        return None
    form = max(rows, key=lambda f: rows[f])
    others = [f for f in rows if f != form]
    if sum(rows[f] for f in others) > _FEW * sum(rows.values()):
        odd = [i for i, date in enumerate(dates) if date and date.form == others[0]]
        raise _mixed(f"some dates are written {_FORM_WORDS[form]}, others {_FORM_WORDS[others[0]]}", where(odd))
    return form


def _prove_order(columns: Mapping[str, list[_Date | None]], where: Callable[[str, list[int]], str]) -> str:
    """Find the order of day and month from a number above 12 anywhere in the file."""
    proofs: dict[str, dict[str, list[int]]] = {"dmy": {}, "mdy": {}, "either": {}, "neither": {}}
    for name, dates in columns.items():
        for i, date in enumerate(dates):
            if date and date.parts[0] != date.parts[1]:
                proofs[_orders(*date.parts[:2])].setdefault(name, []).append(i)
    if proofs["dmy"] and proofs["mdy"]:
        name, texts = next(iter(proofs["dmy"].items()))
        texts = texts[:1] + proofs["mdy"].get(name, [])[:1]
        raise _mixed("some dates start with the day, others with the month", where(name, texts))
    if proofs["either"] and not proofs["dmy"] and not proofs["mdy"]:
        name, texts = next(iter(proofs["either"].items()))
        what = "every date is readable both ways, day or month first"
        do = 'Add  order = "dmy"  (or "mdy") under [dates] in dataset.toml.'
        raise FileRefused("ambiguous_date", what, where=where(name, texts), do=do)
    return "mdy" if proofs["mdy"] else "dmy"


def _orders(first: int, second: int) -> str:
    """The order of day and month that two different numbers fit; one that fits neither is rejected later."""
    day_first, month_first = first <= 31 and second <= 12, second <= 31 and first <= 12
    if day_first and month_first:
        return "either"
    return "dmy" if day_first else "mdy" if month_first else "neither"


def _iso(dates: list[_Date | None], cells: Cells, *, form: Form | None, order: str, timed: bool) -> Dates:
    texts, rules, serial, cut = [], [], 0, 0
    for text, date, count in zip(cells.texts, dates, cells.counts, strict=True):
        iso, rule = "", ("two_digit_year" if _SHORT_YEAR.fullmatch(text) else "bad_date") if text else ""
        if date and date.form != form:
            rule = "mixed_dates"
        elif date and date.timed and not timed:
            rule = "time_of_day"
        elif date:
            iso = _written(date, order)
            rule = "" if iso else "bad_date"
            serial += int(count) if date.form == "serial number" else 0
            cut += int(count) if date.timed else 0
        texts.append(iso)
        rules.append(rule)
    notes = [f'{counted(serial, "spreadsheet serial number")} in column "{shown(cells.header)}" read as dates'] if serial else []
    notes += [f'the time of day was dropped from {counted(cut, "date")} in column "{shown(cells.header)}"'] if cut else []
    return Dates(tuple(texts), tuple(rules), "; ".join(notes))


def _written(date: _Date, order: str) -> str:
    a, b, c = date.parts
    if date.form == "serial number":
        return (_SERIAL_DAY_0 + dt.timedelta(days=a)).isoformat()
    if date.form == "year first":
        return f"{a:04d}-{b:02d}-{c:02d}"
    if date.form == "month named":
        return f"{c:04d}-{b:02d}-{a:02d}"
    if order == "ymd":
        return ""
    return f"{c:04d}-{b:02d}-{a:02d}" if order == "dmy" else f"{c:04d}-{a:02d}-{b:02d}"


def _mixed(what: str, where: str) -> FileRefused:
    do = "A spreadsheet may have turned some of them round: export the file again, with every date as YYYY-MM-DD."
    return FileRefused("mixed_dates", what, where=where, do=do)
