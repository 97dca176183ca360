"""What the registers lately looked like: how far back they reach, and how often each code stood in them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from eswarn.parallel import blocks
from eswarn.records.timeline import STAYS_AT_ONCE, Timeline

LATELY = 20  # open days


@dataclass(frozen=True, slots=True)
class Register:
    """The registers as known before a date.

    Attributes
    ----------
    profile : str
        Whose codes they hold: "england", "us" or "neutral".
    days : int
        Calendar days from the first mark to the date; 0 where there is no mark.
    open_days : int
        Days on which anybody has a mark.
    marks : dict of str to int
        Marks with each code on the latest twenty of those days; a planned closure, and no mark, are left out.
    pupils : dict of str to int
        Stays with each of those codes: how many pupils stand behind the marks.
    """

    profile: str
    days: int
    open_days: int
    marks: dict[str, int]
    pupils: dict[str, int]


def register_lately(timeline: Timeline, as_of: dt.date) -> Register:
    """Count the codes of the latest twenty open days, as they were known before a date."""
    known = timeline.before(as_of)
    taken = np.flatnonzero(known.grid.day_known[: len(known.days)] < known.t)
    latest = taken[-LATELY:]
    sessions = np.stack([2 * latest, 2 * latest + 1], axis=1).ravel()
    kinds = len(known.codes.rows)
    marks, pupils = np.zeros(kinds, np.int64), np.zeros(kinds, np.int64)
    for rows in blocks(len(known.stay_pupil), STAYS_AT_ONCE):
        told = known.marks_of(np.arange(rows.start, rows.stop))[:, sessions]
        for kind in np.unique(told):
            hits = (told == kind).sum(axis=1)
            marks[kind] += hits.sum()
            pupils[kind] += np.count_nonzero(hits)
    counted = np.flatnonzero(known.codes.members("marked")[:kinds] & (marks > 0))
    codes = [known.codes.rows[kind].code for kind in counted]
    return Register(
        known.codes.jurisdiction, int(known.t - known.days[taken[0]]) if len(taken) else 0, len(taken),
        _summed(codes, marks[counted]), _summed(codes, pupils[counted]),
    )  # fmt: skip


def _summed(codes: list[str], counts: np.ndarray) -> dict[str, int]:
    """By code: around a change of codes one has two meanings."""
    found = dict.fromkeys(codes, 0)
    for code, count in zip(codes, counts.tolist(), strict=True):
        found[code] += count
    return found
