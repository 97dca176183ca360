"""The dated tables as arrays, and the latest version of each row that was known before a date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from eswarn.records.arrays import Bools, Floats, Ints
from eswarn.records.tables import GRAIN

# The day a fact happened; context becomes known by the day it starts to hold.
DATED = {"behaviour": "date", "suspensions": "start", "context": "valid_from", "outcomes": "left_on", "assessments": "date",
         "enrolment": "entered_on", "calendar": "date", "term_totals": "ends_on", "extra": "date"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows of one dated table as arrays: who, where, when, and the other columns by name (text as codes into ``texts``)."""

    pupil: Ints
    school: Ints
    date: Ints
    recorded: Ints
    columns: Mapping[str, Floats]
    texts: Mapping[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.date)

    def take(self, rows: npt.NDArray[np.generic]) -> Facts:
        """The same table with only these rows (a mask or positions)."""
        return Facts(
            self.pupil[rows], self.school[rows], self.date[rows], self.recorded[rows],
            {name: values[rows] for name, values in self.columns.items()}, self.texts,
        )  # fmt: skip

    def equals(self, name: str, *values: str) -> Bools:
        """Where a text column holds one of these values."""
        wanted = [code for code, text in enumerate(self.texts[name]) if text in values]
        return np.isin(self.columns[name], wanted)


def in_order(facts: Facts, name: str) -> Facts:
    """Rows in an order that no file decides: versions of one fact together, in the order in which they were recorded."""
    grain, others = _columns(facts, name)
    keys = [facts.pupil, facts.school, facts.date, *(_ranks(facts, c) for c in grain), facts.recorded, *(_ranks(facts, c) for c in others)]
    return facts if _are_sorted(keys) else facts.take(np.lexsort(keys[::-1]))


def _are_sorted(keys: Sequence[npt.NDArray[Any]]) -> bool:
    tied = np.ones(max(len(keys[0]) - 1, 0), bool)
    for key in keys:
        if (key[1:] < key[:-1])[tied].any():
            return False
        tied &= key[1:] == key[:-1]
        if not tied.any():
            break
    return True


def known_rows(facts: Facts, name: str, t: int) -> Facts:
    """Of rows `in_order`, the latest version of each that is dated and recorded before ``t``."""
    known = (facts.date < t) & (facts.recorded < t)
    rows = facts if known.all() else facts.take(known)
    if not GRAIN[name] or not len(rows):
        return rows
    same = np.ones(len(rows) - 1, bool)
    for key in (rows.pupil, rows.school, rows.date, *(_ranks(rows, c) for c in _columns(rows, name)[0])):
        same &= key[1:] == key[:-1]
    return rows.take(np.append(~same, True)) if same.any() else rows


def _columns(facts: Facts, name: str) -> tuple[list[str], list[str]]:
    """The columns that belong to the grain of a table beside who, where and when, and the others."""
    grain = [c for c in GRAIN[name] if c not in {"pupil_id", "school_id", "recorded_on", DATED[name]}]
    return grain, [c for c in facts.columns if c not in grain]


def _ranks(rows: Facts, column: str) -> Floats:
    """Values that sort alike whatever the order of the dictionary; missing first."""
    values = rows.columns[column]
    texts = rows.texts[column]
    if texts:
        rank = np.argsort(np.argsort(np.array(texts))).astype(float)
        values = np.where(np.isnan(values), np.nan, rank[np.nan_to_num(values).astype(int)])
    return np.where(np.isnan(values), -np.inf, values)
