"""The account of a register that is read batch by batch: what each file holds, and what becomes of facts told twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eswarn.records.arrays import Ints
from eswarn.records.codes import CodeTable
from eswarn.records.ledger import FileLedger, Rejection, shown
from eswarn.records.readers.headers import Header
from eswarn.records.readers.raw import rows_in_words
from eswarn.records.rules import DO
from eswarn.records.scatter import Rows, Told, era_starts
from eswarn.words import count as counted


@dataclass
class StreamedFile:
    """What is known of one file so far."""

    path: Path
    header: Header
    notes: tuple[str, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    rows: int = 0
    merged: int = 0
    blanked: tuple[Rejection, ...] = ()
    used: Counter[tuple[str, int]] = field(default_factory=Counter)  # marks of each code in each era
    _met: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))  # who has rows in it, by place

    def meet(self, rows: Rows) -> None:
        """Remember who has rows in it."""
        at = rows.pupil_index
        next_to_another = at[1:] != at[:-1]
        if np.count_nonzero(next_to_another) * 4 < len(at):  # mostly in order: each name once, and the last
            at = np.append(at[:-1][next_to_another], at[-1:])
        some = np.zeros(len(rows.pupil), np.bool_)
        some[at] = True
        places = rows.pupil[some]
        if len(places) and places.max() >= len(self._met):
            self._met = np.append(self._met, np.zeros(2 * int(places.max()) + 1 - len(self._met), np.bool_))
        self._met[places] = True

    def pupils(self) -> Ints:
        """Places of the pupils who have rows in it."""
        return np.flatnonzero(self._met)

    def ledger(self, table: CodeTable) -> FileLedger:
        """The account of the file, with what is to be said of its marks as a whole."""
        accepted = self.rows - self.merged - sum(r.rows for r in self.rejections)
        return FileLedger(
            shown(self.path.name), "attendance", self.rows, accepted, self.merged, self.rejections, self.blanked,
            (*self.notes, *self._of_marks(table)),
        )  # fmt: skip

    def _of_marks(self, table: CodeTable) -> list[str]:
        notes = []
        if "recorded_on" not in self.header.places:
            notes.append("no recorded_on: the last 14 days' marks are provisional, and an evaluation on these records is not leak-free")
        if none := sum(n for (code, _), n in self.used.items() if code == "-"):
            notes.append(f"{counted(none, 'blank mark')} (or -): no mark, neither present nor absent")
        codes = sorted({code for code, _ in self.used})
        for era, start in enumerate(era_starts(table)):
            odd = table.lookup(codes, np.arange(len(codes)), np.full(len(codes), start)).not_valid_on_date
            found = {code: self.used[code, era] for code, is_odd in zip(codes, odd, strict=True) if is_odd and self.used[code, era]}
            if found:
                marks = counted(sum(found.values()), "mark")
                notes.append(
                    f"{marks} with a code that was not in force on the day ({', '.join(found)}), read with its meaning when it was"
                )
        return notes


def added(some: tuple[Rejection, ...], more: tuple[Rejection, ...]) -> tuple[Rejection, ...]:
    """Rejections of two parts of a file as one list, those of one rule and column together."""
    found = {(r.rule, r.column, r.what): r for r in some}
    for r in more:
        key = (r.rule, r.column, r.what)
        old = found.get(key)
        found[key] = replace(old, rows=old.rows + r.rows, first=(*old.first, *r.first)[:5]) if old else r
    return tuple(found.values())


def settle_twice(told: Told, of_file: Ints, numbers: Ints, files: Sequence[StreamedFile], *, merged_before: bool) -> Told:
    """Merge rows that repeat one, reject all that contradict each other; the rows that stand.

    Rows that agree on pupil, school, date, session and recorded_on are one fact. A mark of the whole day stands in two cells of
    which the first is looked at: one data set holds marks of half days or of whole days.
    """
    once = ~told.whole | (told.cell % 2 == 0)
    rows = np.flatnonzero(once)
    order = rows[np.lexsort((np.arange(len(rows)), told.recorded[rows], told.cell[rows]))]
    new = np.append(True, (np.diff(told.cell[order]) != 0) | (np.diff(told.recorded[order]) != 0))
    group = new.cumsum() - 1
    leader = order[new][group]
    differs = told.meaning[order] != told.meaning[leader]
    contradicts = np.zeros(int(group[-1]) + 1, bool)
    contradicts[group[differs]] = True
    stands = np.zeros(len(told.cell), bool)
    stands[order[new & ~contradicts[group]]] = True
    of_row = np.cumsum(once) - 1  # a second cell belongs to the row of the first
    for place, file in enumerate(files):
        mine = of_file[of_row[order]] == place
        repeats = mine & ~new & ~contradicts[group]
        before = mine & ~new & ~differs & merged_before
        file.merged += int(repeats.sum()) - int(before.sum())
        if len(at := np.flatnonzero(mine & contradicts[group])):
            said = np.sort(numbers[of_row[order[at]]])
            what = f"the same pupil, school, date, session and recorded_on told differently: {rows_in_words(said)}"
            first = tuple(int(n) for n in said[:5])
            file.rejections = added(file.rejections, (Rejection("conflict", len(said), first, "", what, DO["conflict"]),))
    stands |= told.whole & (told.cell % 2 == 1) & np.append(False, stands[:-1])
    return Told(*(getattr(told, f.name)[stands] for f in fields(Told)))
