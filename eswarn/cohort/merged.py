"""The marks of a pupil over all schools, and how complete they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from eswarn.compiled import compiled
from eswarn.records.arrays import Ints
from eswarn.records.timeline import Snapshot


def pupil_marks(known: Snapshot, pupil: Ints) -> npt.NDArray[np.uint8]:
    """Marks of each pupil over all schools, shape (pupils, 2 D).

    Where two schools mark one session, a code that is not a possible session (D, dual registered) yields to one that is,
    and no register at all (a closure) to either; two that are possible and differ are a conflict, and the session counts as
    unmarked. Of others that differ, the one that stands last in the code table counts: D stands first, and yields.
    """
    first = np.searchsorted(known.stay_pupil, pupil, side="left")
    after = np.searchsorted(known.stay_pupil, pupil, side="right")
    some = np.flatnonzero(after > first)
    found = known.marks_of(first[some])
    out = found if len(some) == len(pupil) else np.zeros((len(pupil), 2 * len(known.days)), np.uint8)
    if len(some) < len(pupil):
        out[some] = found
    several = np.flatnonzero(after - first > 1)
    if len(several):
        stays = np.concatenate([np.arange(first[row], after[row]) for row in several])
        ends = np.cumsum((after - first)[several])
        _merge(known.marks_of(stays), ends, several, known.codes.members("possible"), known.codes.members("marked"), out)
    return out


@compiled
def _merge(marks, ends, rows, possible, marked, out):  # type: ignore[no-untyped-def]
    start = 0
    for i in range(len(rows)):
        for s in range(marks.shape[1]):
            highest, lowest, told, other = 0, 256, 0, 0
            for k in range(start, ends[i]):
                mark = int(marks[k, s])
                if possible[mark]:
                    highest, lowest = max(highest, mark), min(lowest, mark)
                if marked[mark]:
                    told = max(told, mark)
                other = max(other, mark)
            if lowest < 256:
                out[rows[i], s] = highest if highest == lowest else 0
            else:
                out[rows[i], s] = told if told else other
        start = ends[i]


@compiled
def coverage(marks, school, is_open, window, recently, entered, possible, marked, out):  # type: ignore[no-untyped-def]
    """Columns of ``out``: possible sessions in the window, open ones since entry, those of them with a mark, and marks recently.

    ``window``, ``recently`` (by school) and ``entered`` (by pupil) are the sessions from which each is counted.
    """
    for i in range(len(marks)):
        row, at = marks[i], school[i]
        for s in range(min(window[at], recently[at]), marks.shape[1]):
            told = marked[row[s]]
            if s >= recently[at]:
                out[i, 3] += told
            if s >= window[at]:
                out[i, 0] += possible[row[s]]
                if is_open[at, s] and s >= entered[i]:
                    out[i, 1] += 1
                    out[i, 2] += told
