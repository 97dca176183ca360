"""The register as a grid: one byte for each stay and session, and the versions of a mark that became known later.

A stay is one pupil at one school. Marks are put where they belong as they come, in any order: nothing is sorted, and a mark costs
one byte. What was known before a date is the mark known first, unless a later version was known by then too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eswarn.compiled import compiled
from eswarn.records.arrays import Ints

Marks = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Versions:
    """Marks of one cell that came after its first one, in the order in which they became known."""

    known_on: Ints
    cell: Ints
    meaning: Marks

    def before(self, t: int) -> Versions:
        """Those known before ``t``."""
        n = int(np.searchsorted(self.known_on, t))
        return Versions(self.known_on[:n], self.cell[:n], self.meaning[:n])


@dataclass(frozen=True, slots=True)
class MarkGrid:
    """All marks of a data set.

    Attributes
    ----------
    days : array of int, shape (D,)
        Days of the axis, ascending, in days since 1970-01-01.
    stay_pupil, stay_school : arrays of int, shape (E,)
        Whose stay a row is, and where; ordered by pupil, then school.
    row, column : arrays of int, shapes (E,) and (D,)
        Where each stay and day stands in ``first``, which is in the order in which they were met.
    first : array of uint8, shape (rows, 2 columns)
        Meaning of the mark known first in each session, AM and PM in turn; 0 is no mark.
    delay : array of uint8 of the same shape, or None
        Days after its own day on which that mark became known; None where all were known on their day.
    versions : Versions
        Every later version. ``cell`` is ``row * 2 * columns + session`` in the places of ``first``.
    day_known : array of int, shape (D,)
        Day on which the first mark of each day became known; ``NEVER`` for a day that only a calendar names.
    """

    days: Ints
    stay_pupil: Ints
    stay_school: Ints
    row: Ints
    column: Ints
    first: Marks
    delay: Marks | None
    versions: Versions
    day_known: Ints

    def known_before(self, t: int, stays: Ints) -> Marks:
        """Meaning of the marks of some stays as known before ``t``, shape (stays, 2 D'), D' the days before ``t``."""
        until = int(np.searchsorted(self.days, t))
        out = np.zeros((len(stays), 2 * until), np.uint8)
        columns, days = self.column[:until], self.days[:until]
        if self.delay is None:
            _copy(self.first, self.row[stays], columns, out)
        else:
            _copy_known(self.first, self.delay, self.row[stays], columns, days, t, out)
        later = self.versions.before(t)
        if len(later.cell):
            place = np.full(len(self.first), -1, np.int64)
            place[self.row[stays]] = np.arange(len(stays))
            of_column = np.full(self.first.shape[1] // 2, -1, np.int64)
            of_column[columns] = np.arange(until)
            _amend(later.cell, later.meaning, place, of_column, self.first.shape[1], out)
        return out


@compiled
def _copy(first, rows, columns, out):  # type: ignore[no-untyped-def]
    for i in range(len(rows)):
        source, target = first[rows[i]], out[i]
        for d in range(len(columns)):
            c = columns[d]
            target[2 * d] = source[2 * c]
            target[2 * d + 1] = source[2 * c + 1]


@compiled
def _copy_known(first, delay, rows, columns, days, t, out):  # type: ignore[no-untyped-def]
    for i in range(len(rows)):
        source, late, target = first[rows[i]], delay[rows[i]], out[i]
        for d in range(len(columns)):
            for half in range(2):
                at = 2 * columns[d] + half
                if days[d] + late[at] < t:
                    target[2 * d + half] = source[at]


@compiled
def _amend(cells, meanings, place, of_column, width, out):  # type: ignore[no-untyped-def]
    for i in range(len(cells)):
        row = place[cells[i] // width]
        at = cells[i] % width
        column = of_column[at // 2]
        if row >= 0 and column >= 0:
            out[row, 2 * column + at % 2] = meanings[i]


@compiled
def tally(marks, school, marked, count, first, last):  # type: ignore[no-untyped-def]
    """For each stay its first and last marked session (-1 where none), and for each school how many stays are marked in each."""
    for i in range(len(marks)):
        first[i], last[i] = -1, -1
        row, of_school = marks[i], count[school[i]]
        for s in range(marks.shape[1]):
            if marked[row[s]]:
                of_school[s] += 1
                last[i] = s
                if first[i] < 0:
                    first[i] = s
