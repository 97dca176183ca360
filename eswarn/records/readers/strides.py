"""Date the marks of a string: whether its days are those of a week of five or of seven, told by the marks themselves.

Strings of one length that begin on one weekday are handled together, as a table of bytes, a few thousand at a time: what
holds for one column of it holds for one day, so that 76 million marks take seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eswarn.compiled import compiled
from eswarn.parallel import blocks, each
from eswarn.records.arrays import Bools
from eswarn.records.codes import CodeTable

Bytes = npt.NDArray[np.uint8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
COUNTED = ("possible", "attended", "authorised", "unauthorised")
_BATCH = 1 << 20  # bytes
_NEAR = 3  # days: a weekend between two days of school has one this near on either side
_TWICE = 2  # weekends that prove a week of seven days
_SPACE = ord(" ")
_STRINGS_AT_ONCE = 16_384
_THURSDAY = 3  # the weekday of 1 January 1970
NO_SIGN = 128  # in place of every byte that is no ASCII


@dataclass(frozen=True, slots=True)
class Strings:
    """Strings of marks: their bytes one after the other, and where each begins and the last ends."""

    data: Bytes
    starts: Int64s

    @property
    def lengths(self) -> Int64s:
        """Bytes of each string."""
        return np.diff(self.starts)

    def alike(self, *more: Int64s) -> Iterator[tuple[Int64s, Bytes]]:
        """The strings of one length that also agree in ``more``, as places in rising order and a table of bytes, some at a time."""
        key = np.stack([self.lengths, *more])
        order = np.lexsort(key)
        new = np.logical_or.reduce(np.diff(key[:, order], axis=1) != 0, axis=0)
        for group in np.split(order, np.flatnonzero(new) + 1) if len(order) else []:
            length = int(self.lengths[group[0]])
            step = max(1, _BATCH // max(1, length))
            for first in range(0, len(group), step):
                some = group[first : first + step]
                begin = int(self.starts[some[0]])
                if some[-1] - some[0] + 1 == len(some):
                    yield some, self.data[begin : begin + length * len(some)].reshape(len(some), length)
                else:
                    yield some, self.data[self.starts[some][:, None] + np.arange(length)]


@dataclass(frozen=True, slots=True)
class Signs:
    """What each of the 256 bytes stands for in a string."""

    opens: Bools  # says that the school was open to the pupil: not a closure, a gap or a pupil yet to come
    counts: Bools  # (4, 256): possible, attended, authorised, unauthorised
    pairs: Bools  # (256, 256): two that may be one code

    @classmethod
    def of(cls, table: CodeTable, local: dict[str, str]) -> Signs:
        """The signs of a jurisdiction and the school's own."""
        opens, counts = np.ones(256, np.bool_), np.zeros((len(COUNTED), 256), np.bool_)
        opens[_SPACE] = False
        pairs = np.zeros((256, 256), np.bool_)
        sets = [table.members(name) for name in COUNTED]
        known = {row.code: (place, row.category) for place, row in enumerate(table.rows)}
        for text in known.keys() | local.keys():
            place, category = known[local.get(text, text)]
            if len(text) == 2 and text.isascii():
                pairs[ord(text[0]), ord(text[1])] = True
            if len(text) == 1 and text.isascii():
                opens[ord(text)] = category not in {"none", "administrative"}
                counts[:, ord(text)] = [members[place] for members in sets]
        return cls(opens, counts, pairs)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What each string tells of its own days.

    Attributes
    ----------
    marks : numpy.ndarray of int
        Characters that are no space.
    last : numpy.ndarray of int
        Its last day with such a character, from 0; -1 where there is none.
    two_signs : numpy.ndarray of bool
        Somewhere two characters may be one code.
    not_five, not_seven : numpy.ndarray of bool
        A week of five, or of seven, days is out of the question.
    totals : numpy.ndarray of int, shape (4, n)
        Sessions possible, attended, authorised and unauthorised.
    """

    marks: Int64s
    last: Int64s
    two_signs: Bools
    not_five: Bools
    not_seven: Bools
    totals: Int64s


def weigh(strings: Strings, weekdays: Int64s, signs: Signs, *, totals: Sequence[int]) -> Evidence:
    """Gather what tells a week of five days from one of seven.

    A mark on a Saturday or Sunday rules out seven. A beginning on one of them rules out five; so does one day in seven on
    which the school never opened, twice at least between days on which it did.

    Parameters
    ----------
    weekdays : numpy.ndarray of int
        Weekday on which each string begins, Monday 0.
    totals : sequence of int
        Which of the totals are asked for, as places in `COUNTED`.
    """
    n = len(weekdays)
    none, no = np.zeros(n, np.int64), np.zeros(n, np.bool_)
    out = Evidence(none, np.full(n, -1), no, weekdays >= 5, no.copy(), np.zeros((len(COUNTED), n), np.int64))
    seconds, wanted = np.logical_or.reduce(signs.pairs, axis=0), signs.counts[list(totals)]

    def of_block(rows: slice) -> None:
        found = np.zeros((len(totals), rows.stop - rows.start), np.int64)
        _weigh(
            strings.data, strings.starts[rows.start : rows.stop + 1], weekdays[rows], signs.opens, wanted, signs.pairs, seconds,
            out.marks[rows], out.last[rows], out.two_signs[rows], out.not_five[rows], out.not_seven[rows], found,
        )  # fmt: skip
        out.totals[list(totals), rows] = found

    each(of_block, blocks(n, _STRINGS_AT_ONCE))
    return out


@compiled
def _weigh(  # type: ignore[no-untyped-def]
    data, starts, weekdays, opens, counts, pairs, seconds, marks, last, two_signs, not_five, not_seven, totals
):
    longest = 0
    for i in range(len(weekdays)):
        longest = max(longest, starts[i + 1] - starts[i])
    opened = np.zeros(longest // 2 + 1, np.bool_)
    for i in range(len(weekdays)):
        text = data[starts[i] : starts[i + 1]]
        size = len(text)
        for k in range(size):
            sign = text[k]
            marks[i] += sign != _SPACE
            if seconds[sign] and k > 0 and pairs[text[k - 1], sign]:
                two_signs[i] = True
        for row in range(len(counts)):
            for k in range(size):
                totals[row, i] += counts[row, text[k]]
        if size % 2:
            continue
        days, open_days, between = size // 2, np.zeros(7, np.int64), np.zeros(7, np.int64)
        for day in range(days):
            one, other = text[2 * day], text[2 * day + 1]
            opened[day] = opens[one] or opens[other]
            if one != _SPACE or other != _SPACE:
                last[i] = day
        for day in range(days):
            if opened[day]:
                open_days[day % 7] += 1
                not_seven[i] |= (weekdays[i] + day) % 7 >= 5
                continue
            before, later = False, False
            for step in range(1, _NEAR + 1):
                before |= day >= step and opened[day - step]
                later |= day + step < days and opened[day + step]
            between[day % 7] += before and later
        for residue in range(7):
            not_five[i] |= open_days[residue] == 0 and between[residue] >= _TWICE


@dataclass(frozen=True, slots=True)
class Dated:
    """Each mark: the string it is from, its date in days since 1970-01-01, its half of the day, its byte (or `NO_SIGN`)."""

    string: Int32s
    date: Int32s
    half: Int32s
    byte: Int32s
    weekend: int  # characters for closed or nothing on a Saturday or Sunday, which are no marks


def lay_out(strings: Strings, start: Int64s, *, week: Int64s, signs: Signs) -> Dated:
    """Give each mark its day. Spaces, and what says on a weekend that the school is closed, are left out.

    Parameters
    ----------
    start : numpy.ndarray of int
        First day of each string, in days since 1970-01-01.
    week : numpy.ndarray of int
        Days in the week of each string, 5 or 7; 0 where the string is not to be read.
    """
    kept, left_out = np.zeros(len(week), np.int64), 0
    for some, data in strings.alike(start, week):
        keep = _kept(data, start=int(start[some[0]]), week=int(week[some[0]]), signs=signs)
        kept[some] = np.count_nonzero(keep, axis=1)
        left_out += int(np.count_nonzero(data != _SPACE) - np.count_nonzero(keep)) if week[some[0]] else 0
    ends = np.cumsum(kept)
    string, date, half, byte = (np.empty(ends[-1] if len(ends) else 0, np.int32) for _ in range(4))
    for some, data in strings.alike(start, week):
        keep = _kept(data, start=int(start[some[0]]), week=int(week[some[0]]), signs=signs)
        first, after = int(ends[some[0]] - kept[some[0]]), int(ends[some[-1]])
        place: slice | Int64s = slice(first, after)
        if after - first != kept[some].sum():
            place = np.repeat(ends[some] - np.cumsum(kept[some]), kept[some]) + np.arange(kept[some].sum())
        days = _days(data.shape[1], start=int(start[some[0]]), week=int(week[some[0]]))
        string[place] = np.repeat(some.astype(np.int32), kept[some])
        date[place] = np.broadcast_to(days, data.shape)[keep]
        half[place] = np.broadcast_to(np.arange(data.shape[1], dtype=np.int32) & 1, data.shape)[keep]
        byte[place] = np.minimum(data[keep], NO_SIGN)
    return Dated(string, date, half, byte, left_out)


def _days(characters: int, *, start: int, week: int) -> Int32s:
    """The date of each character of a string."""
    day = np.arange(characters, dtype=np.int32) >> 1
    if week == 5:
        at = day + (start + _THURSDAY) % 7
        day = at // 5 * 7 + at % 5 - (start + _THURSDAY) % 7
    return (day + start).astype(np.int32)


def _kept(data: Bytes, *, start: int, week: int, signs: Signs) -> Bools:
    """Which characters of a table of strings are marks."""
    keep: Bools = data != _SPACE if week else np.zeros(data.shape, np.bool_)
    if week == 7:
        weekend = (_days(data.shape[1], start=start, week=week) + _THURSDAY) % 7 >= 5
        keep[:, weekend] &= signs.opens[data[:, weekend]]
    return keep
