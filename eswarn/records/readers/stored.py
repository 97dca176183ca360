"""What a cell of a workbook stores, as text: numbers without a needless point, days as ISO dates, true and false."""

from __future__ import annotations

import datetime as dt
import math
import re

_DATES = {14, 15, 16, 17, 22, *range(27, 37), *range(50, 59)}  # formats with a meaning of their own: ECMA-376 part 1, 18.8.30
_TIMES = {18, 19, 20, 21, 45, 46, 47}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_SIGNS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hmsHMS]+\])[^\]]*\]')  # parts of a format that are shown as they stand, and colours
_LAST_DAY = 2_958_465  # 31 December 9999


class Number(str):
    """The text of a cell that is stored as a number: zeros before it are lost, if there were any."""

    __slots__ = ()


class Styles:
    """Which styles of a workbook show a number as a day or a time; filled from its part of styles."""

    def __init__(self, from_1904: bool) -> None:
        self.day_0 = dt.date(1904, 1, 1) if from_1904 else dt.date(1899, 12, 30)
        self.from_1904 = from_1904
        self._timed: list[bool] = []
        self._own: dict[int, bool] = {}
        self._inside = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take note of a format or of a style that uses one."""
        if tag == "numFmt":
            self._own[int(attributes["numFmtId"])] = bool(
                re.search("[dmyhs]", _SIGNS.sub("", attributes["formatCode"]).split(";")[0].lower())
            )
        elif tag == "cellXfs":
            self._inside = True
        elif tag == "xf" and self._inside:
            style = int(attributes.get("numFmtId", 0))
            self._timed.append(self._own.get(style, style in _DATES or style in _TIMES))

    def end(self, tag: str) -> None:
        """Leave the list of styles."""
        self._inside = self._inside and tag != "cellXfs"

    def is_time(self, style: int) -> bool:
        """Whether a style shows a day or a time."""
        return self._timed[style] if 0 <= style < len(self._timed) else False


def stored_text(value: str, *, kind: str, style: int, styles: Styles) -> str:
    """The text of a stored value.

    Parameters
    ----------
    value : str
        As it stands in the file.
    kind : str
        Type of the cell: ``n`` number, ``b`` truth value, ``d`` ISO date, or one of the kinds of text.
    style : int
        Number of its style.
    styles : Styles
        Those of the workbook.

    Raises
    ------
    ValueError
        The value is not of its kind.
    """
    if kind in {"str", "inlineStr", "e"}:
        return value
    value = value.strip()
    if kind == "b":
        return {"1": "true", "0": "false"}.get(value, value)
    if kind == "d":
        return re.sub(r"T00:00:00(?:\.0+)?Z?$", "", value).replace("T", " ")
    if not value:
        return ""
    if kind != "n" or not _NUMBER.fullmatch(value):
        raise ValueError("not a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    if styles.is_time(style) and 0 <= number < _LAST_DAY + 1:
        return _moment(number, styles)
    return Number(int(number) if number.is_integer() and abs(number) < 2**53 else repr(number))


def _moment(number: float, styles: Styles) -> str:
    """A day, a day and a time, or a time alone, rounded to the second."""
    days, seconds = divmod(round(number * 86_400), 86_400)
    time = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if not days:
        return time
    early = not styles.from_1904 and days < 60  # the calendar of 1900 holds a 29 February that never was
    day = styles.day_0 + dt.timedelta(days=days + early)
    return f"{day} {time}" if seconds else day.isoformat()
