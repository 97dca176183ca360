"""Marks that were changed later: what the register says now against what could be known before a date."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from eswarn import words
from eswarn.errors import InputRefused
from eswarn.records.arrays import EPOCH, UNTOLD, Bools, Ints, dates, indices
from eswarn.records.store import Records
from eswarn.words import count as counted

COLUMNS = ("pupil_id", "school_id", "date", "session", "code_before", "code_after", "recorded_on")
NO_MARK = "-"


@dataclass(frozen=True, slots=True)
class Changes:
    """Marks that were changed on or after a date.

    Attributes
    ----------
    since : date
        The date.
    rows : pyarrow.Table
        One row a mark, in the order of school, date, session and pupil: ``pupil_id, school_id, date, session, code_before,
        code_after, recorded_on``. ``code_before`` is ``-`` where nothing was known of the session before ``since``.
    untold : int
        Marks that do not say when they were recorded; of a change to these nobody can tell.
    marks : int
        Marks in the table, all versions counted.
    """

    since: dt.date
    rows: pa.Table
    untold: int
    marks: int

    def render(self) -> str:
        """Say by school and kind of change how many marks were changed, without a word about any pupil."""
        lines = [
            f"{counted(self.rows.num_rows, 'mark')} changed on or after {self.since}",
            f"(marks of days before {self.since}, or entered before it for later days, whose code is another one than was known before it)",
        ]
        groups = self.rows.group_by(["school_id", "code_before", "code_after"]).aggregate(
            [("date", "min"), ("date", "max"), ([], "count_all")]
        )
        by_school: dict[str, list[dict[str, Any]]] = {}
        for group in groups.to_pylist():
            by_school.setdefault(group["school_id"], []).append(group)
        for school, kinds in sorted(by_school.items()):
            first, last = min(kind["date_min"] for kind in kinds), max(kind["date_max"] for kind in kinds)
            total = sum(kind["count_all"] for kind in kinds)
            lines.append(f"School {school}, marks of {first} to {last}: {counted(total, 'mark')}")
            said = {f"{_said(kind['code_before'])} → {_said(kind['code_after'])}": kind["count_all"] for kind in kinds}
            lines += [f"  {kind}: {n:,}" for kind, n in sorted(said.items(), key=lambda item: (-item[1], item[0]))]
        if self.untold:
            lines.append(f"{self.untold:,} of {self.marks:,} marks do not say when they were recorded; changes to these cannot be told.")
        return "\n".join(lines)

    def write(self, file: Path) -> None:
        """Write the rows as CSV, complete or not at all; an identifier that a spreadsheet would run gets an apostrophe before it.

        Raises
        ------
        InputRefused
            The file exists already, or cannot be written.
        """
        draft = file.with_name(file.name + ".tmp")
        try:
            if file.exists() or file.is_symlink():
                raise InputRefused("it exists already; nothing is overwritten", where=str(file), do="Choose another name.")
            with draft.open("w", encoding="utf-8", newline="") as handle:
                writer = csv.writer(handle, lineterminator="\n")
                writer.writerow(COLUMNS)
                for row in self.rows.to_pylist():
                    safe = {name: words.cell(row[name]) for name in ("pupil_id", "school_id")}
                    writer.writerow((row | safe).values())
            draft.replace(file)
        except OSError as error:
            raise InputRefused(f"could not be written ({error.strerror})", where=str(file)) from None
        finally:
            draft.unlink(missing_ok=True)


def changed_since(records: Records, since: dt.date) -> Changes:
    """Find the marks whose latest version was recorded on or after a date and differs from what was known before it.

    Known before ``since`` is the latest version recorded before it, also of a day to come; a version that does not say when it
    was recorded counts as the earliest. A mark of an earlier day that was first recorded on or after ``since`` was not known: it
    is a change from no mark. One that was changed and changed back is none.

    Parameters
    ----------
    records : Records
        Checked tables.
    since : date
        The first day on which a recording counts as a change.

    Raises
    ------
    InputRefused
        No mark says when it was recorded, so that no change can be told.
    """
    table = records.table("attendance")
    recorded = dates(table["recorded_on"], missing=UNTOLD)
    untold = int((recorded == UNTOLD).sum())
    if untold == table.num_rows:
        what = "it cannot be told which marks were changed: no mark says when it was recorded"
        raise InputRefused(what, where="attendance", do="Export recorded_on, the day on which each mark was last set, as well.")
    day = (since - EPOCH).days
    key, date = _cells(table), dates(table["date"])
    in_advance = (recorded < day) & (date >= day)
    touched = (recorded >= day) & ((date < day) | _among(key, key[in_advance]))
    rows = np.flatnonzero(_among(key, key[touched]))  # every version of each mark that may have changed
    rows = rows[np.lexsort((recorded[rows], key[rows]))]
    key, recorded = key[rows], recorded[rows]
    latest = np.flatnonzero(np.append(key[1:] != key[:-1], True)) if len(rows) else np.zeros(0, np.int64)
    known = np.append(-1, np.flatnonzero(recorded < day))  # -1 for marks of which nothing was known
    before = known[np.searchsorted(key[known[1:]], key[latest], side="right")]  # the last known of this mark, or of one before it
    before = np.where((before >= 0) & (key[before] == key[latest]), rows[before], -1) if len(rows) else before
    return Changes(since, _told(table, rows[latest], before), untold, table.num_rows)


def _said(code: str) -> str:
    return "no mark" if code == NO_MARK else code


def _cells(table: pa.Table) -> Ints:
    """One number for each pupil, school, date and session."""
    key = np.zeros(table.num_rows, np.int64)
    for name in ("pupil_id", "school_id", "session"):
        codes = indices(table[name])
        key = key * (int(codes.max(initial=0)) + 1) + codes
    date = dates(table["date"])
    return key * (int(np.ptp(date)) + 1) + date - date.min() if len(date) else key


def _among(key: Ints, wanted: Ints) -> Bools:
    return np.asarray(pc.is_in(pa.array(key), value_set=pa.array(np.unique(wanted))).to_numpy(zero_copy_only=False), bool)


def _told(table: pa.Table, after: Ints, before: Ints) -> pa.Table:
    """The rows in words, of those whose code is another one now; -1 stands for no version before."""
    now = table.select([*COLUMNS[:4], "code", "recorded_on"]).take(pa.array(after))
    was = table["code"].take(pa.array(np.where(before < 0, 0, before), mask=before < 0))
    columns = [pc.cast(c, pa.string()) if pa.types.is_dictionary(c.type) else c for c in now.columns]
    columns.insert(4, pc.fill_null(pc.cast(was, pa.string()), NO_MARK))
    rows = pa.table(dict(zip(COLUMNS, columns, strict=True)))
    rows = rows.filter(pc.not_equal(rows["code_before"], rows["code_after"]))
    return rows.sort_by([(name, "ascending") for name in ("school_id", "date", "session", "pupil_id")])
