"""The day that a moment of an API answer falls on at a school in Britain, whatever time zone this machine is in."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache

_WRITTEN = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2})(?::[0-9]{2}(?:\.[0-9]+)?)?\s*(Z|[+-][0-9]{2}:?[0-9]{2})?)?")
_UTC = {"UTC", "Z", "ETC/UTC"}


def local_day(value: object) -> str:
    """The day, as YYYY-MM-DD, of a text or of an object with ``date`` and ``timezone``.

    A moment in UTC or with an offset is moved to British time; one in a named time zone is taken to be in the school's own.
    What cannot be read is handed back, for the rules on dates to judge; blank where there is nothing.
    """
    named = value.get("timezone") if isinstance(value, dict) else None
    value = value.get("date") if isinstance(value, dict) else value
    if not isinstance(value, str):
        return "" if value is None else "no date"
    return _day(value.strip(), named.strip().upper() if isinstance(named, str) else "")


@lru_cache(maxsize=1 << 14)
def _day(written: str, named: str) -> str:
    match = _WRITTEN.fullmatch(written)
    if not match:
        return written
    zone = match[3] or named
    offset = re.fullmatch(r"([+-])([0-9]{2}):?([0-9]{2})", zone)
    if not match[2] or not (zone in _UTC or offset):
        return match[1]
    try:
        moment = dt.datetime.fromisoformat(f"{match[1]}T{match[2]}")
        if offset:
            moment -= int(offset[1] + "1") * dt.timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return (moment + dt.timedelta(hours=_summer_time(moment))).date().isoformat()
    except (ValueError, OverflowError):
        return match[1]


def _summer_time(moment: dt.datetime) -> bool:
    """Whether Britain is an hour ahead of UTC: from the last Sunday of March to that of October, 01:00 UTC (since 1996)."""
    first, last = (_last_sunday(moment.year, month) for month in (3, 10))
    return first <= moment < last


def _last_sunday(year: int, month: int) -> dt.datetime:
    last = dt.datetime(year, month, 31, 1)  # noqa: DTZ001 - UTC throughout this module
    return last - dt.timedelta(days=(last.weekday() + 1) % 7)
