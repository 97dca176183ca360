"""Numbers, dates, chances and tiers in plain language: the only place that formats for people."""

from __future__ import annotations

import datetime as dt
import math
import re

TIERS = ("priority", "watch", "universal")
TIER_MEANING = {
    "priority": "within the places available: talk to these pupils first",
    "watch": "next in line",
    "universal": "the support every pupil gets",
}

# A spreadsheet would run a text that begins so: signs, as wide ones too, behind apostrophes, blanks and what cannot be seen.
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_UNSEEN = r"['\s\x00-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
# So it would what begins so after ";", "|", a tab or a line break, where it takes these for the end of a cell.
_LIVE = rf"\A(?={_UNSEEN}*{_SIGN}|'*[\t\r\n])|(?<=[;|\t\r\n])(?=[' \"]*{_SIGN})"
_RUNS, _MARKED = re.compile(_LIVE), re.compile(f"(?:{_LIVE})'")


def cell(text: str) -> str:
    """A text as a cell of a CSV file that no spreadsheet runs: with an apostrophe wherever a formula would begin.

    So is a text that has apostrophes there and would be run without them, so that `from_cell` gives back every text.
    """
    return _RUNS.sub("'", text)


def from_cell(text: str) -> str:
    """The text that `cell` made this of."""
    return _MARKED.sub("", text)


def sound(text: str) -> str:
    """A text that can be written as UTF-8: half a surrogate pair becomes a question mark."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def share(value: float) -> str:
    """A share between 0 and 1 as a whole percentage: ``0.316`` is ``32 %``; small ones keep one decimal."""
    percent = 100 * value
    return f"{percent:.1f} %" if 0 < abs(percent) < 0.95 else f"{percent:.0f} %"


def points(value: float, decimals: int = 0) -> str:
    """A change of a share in percentage points, unsigned: ``-0.08`` is ``8 percentage points``."""
    size = f"{abs(100 * value):.{decimals}f}"
    return f"{size} percentage point{'' if size == '1' else 's'}"


def number(value: float) -> str:
    """A count or a measure: whole numbers without decimals, others with one; thousands separated by a comma; a dash for NaN."""
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if math.isclose(value, round(value), abs_tol=1e-9) else f"{value:,.1f}"


def count(value: float, noun: str, plural: str = "") -> str:
    """A number with its noun: ``1 incident``, ``3 incidents``."""
    return f"{number(value)} {noun if value == 1 else (plural or noun + 's')}"


def day(value: dt.date, *, year: bool = True) -> str:
    """A date as people write it: ``14 February 2026``, or ``14 February``."""
    return f"{value.day} {value:%B %Y}" if year else f"{value.day} {value:%B}"


def chance(risk: float) -> str:
    """A calibrated chance as a natural frequency: ``about 3 in 10``; small ones as ``about 1 in 40`` or ``fewer than 1 in 200``.

    A higher risk is never said as a lower frequency.
    """
    if risk < 1 / 200:
        return "fewer than 1 in 200"
    if risk >= 0.15:
        tenths = math.floor(10 * risk + 0.5)
        return "more than 9 in 10" if tenths >= 10 else f"about {tenths} in 10"
    one_in = 1 / risk
    step = 1 if one_in < 12.5 else 5 if one_in < 57.5 else 10
    return f"about 1 in {step * math.floor(one_in / step + 0.5)}"


def chance_percent(risk: float) -> str:
    """A calibrated chance as a percentage that never claims to be certain: ``31 %``, ``0.4 %``, ``under 0.1 %``, ``over 99 %``."""
    if risk < 0.001:
        return "under 0.1 %"
    return "over 99 %" if risk >= 0.99 else share(risk)


def expected(value: float) -> str:
    """An expected number of pupils, which is a sum of chances and never exact: ``about 9``, ``fewer than 1``."""
    return "fewer than 1" if value < 0.5 else f"about {math.floor(value + 0.5):,d}"


def period(days: int) -> str:
    """A length of time after "in the": ``year``, ``2 years``, ``26 weeks``, ``100 days``."""
    size, noun = (365, "year") if days % 365 == 0 else (7, "week") if days % 7 == 0 else (1, "day")
    return noun if days == size else count(days // size, noun)


def year_group(value: float | None) -> str:
    """A year group as schools say it: ``Year 9``, ``Reception``."""
    if value is None or math.isnan(value):
        return "year group not known"
    names = {-2: "Nursery 1", -1: "Nursery 2", 0: "Reception"}
    return names.get(int(value), f"Year {int(value)}")
