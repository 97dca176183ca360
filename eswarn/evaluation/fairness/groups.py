"""Whom the audit compares: divisions of the pupils by protected columns, year group and school, and by two of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from eswarn.errors import UsageError
from eswarn.features.compute import Dataset
from eswarn.model.curve import Floats

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]
NOT_RECORDED = "not recorded"
CROSSED = ("sex", "ethnicity", "free school meals", "SEN")  # taken two at a time


@dataclass(frozen=True, slots=True)
class Division:
    """Every pupil in one group of several; who is not recorded is a group as well.

    Attributes
    ----------
    name : str
        What the pupils are divided by.
    groups : tuple of str
        Names of the groups.
    code : array of int
        Group of each row; -1 where a row is in none.
    within : tuple of str
        Coarser divisions of which this one is a finer form: their numbers can be worked out from its own.
    """

    name: str
    groups: tuple[str, ...]
    code: Ints
    within: tuple[str, ...] = ()


def divisions(data: Dataset, *, more: Mapping[str, Sequence[object]] | None = None, least: int = 30) -> tuple[Division, ...]:
    """Divide the rows of a data set of protected features in every way its columns allow.

    Parameters
    ----------
    data : Dataset
        Computed with ``features=PROTECTED``; a column that is not there makes no division.
    more : mapping of str to sequence, optional
        Other divisions, such as ``{"joined": late_or_not}``: one value a row, None or NaN where not recorded.
    least : int
        Rows that the smallest of two-way groups to be compared must have; smaller ones are in no group of that division.

    Returns
    -------
    tuple of Division
        Sex, ethnicity (major; and with White by background), free school meals (in six years; now), SEN, first language, care,
        social worker, young carer, fifths of area deprivation, year group, school; then two at a time. The month of birth is in no
        table, so nobody is divided by it.
    """
    found = [made for make in (_flags, _ethnicity, _meals) for made in make(data.X)]
    year = data.keys["year_group"]
    found += [_by("year group", [None if y != y else f"Year {y:.0f}" for y in year]), _by("school", list(data.keys["school_id"]))]
    found += [_by(name, list(values)) for name, values in (more or {}).items()]
    for division in found:
        if len(division.code) != len(data.X):
            raise UsageError(f'the division "{division.name}" has {len(division.code)} values for {len(data.X)} rows')
    known = {division.name: division for division in found}
    pairs = [(known[a], known[b]) for i, a in enumerate(CROSSED) for b in CROSSED[i + 1 :] if a in known and b in known]
    return (*found, *(made for a, b in pairs if (made := crossed(a, b, least=least)).groups))


def crossed(first: Division, second: Division, *, least: int = 30) -> Division:
    """Two divisions at once; groups of fewer than ``least`` rows, and of people not recorded, are left out."""
    code = np.full(len(first.code), -1, np.int64)
    groups: list[str] = []
    for i, a in enumerate(first.groups):
        for j, b in enumerate(second.groups):
            member = (first.code == i) & (second.code == j)
            if member.sum() >= least and NOT_RECORDED not in (a, b):
                code[member] = len(groups)
                groups.append(f"{a}, {b}")
    return Division(f"{first.name} and {second.name}", tuple(groups), code, (first.name, second.name))


def _by(name: str, values: Sequence[object]) -> Division:
    """A group for each value, in sorted order."""
    told = np.array([NOT_RECORDED if value is None or value != value else str(value) for value in values], dtype=object)
    names, code = np.unique(told.astype(str), return_inverse=True)
    return Division(name, tuple(str(n) for n in names), code.astype(np.int64))


def _of(name: str, *groups: tuple[str, npt.NDArray[np.bool_]], within: tuple[str, ...] = ()) -> Division:
    """The first group whose condition holds; nobody's is not recorded. Groups without anybody are kept out."""
    code = np.select([member for _, member in groups], list(range(len(groups))), len(groups))
    names = (*(group for group, _ in groups), NOT_RECORDED)
    present, code = np.unique(code, return_inverse=True)
    return Division(name, tuple(names[i] for i in present), code.astype(np.int64), within)


def _flags(X: pd.DataFrame) -> list[Division]:
    """Divisions that read one or two columns."""
    fifth = np.ceil(X["idaci_decile"].to_numpy(float) / 2) if "idaci_decile" in X else np.zeros(len(X))

    def has(column: str, value: float = 1) -> npt.NDArray[np.bool_]:
        return np.asarray(X[column] == value) if column in X else np.zeros(len(X), bool)

    made: dict[str, tuple[str, tuple[tuple[str, npt.NDArray[np.bool_]], ...]]] = {
        "sex": ("female", (("female", has("female")), ("male", has("female", 0)))),
        "SEN": ("sen", (("education, health and care plan", has("ehcp")), ("SEN support", has("sen_support")), ("none", has("sen", 0)))),
        "language": ("eal", (("English additional", has("eal")), ("English", has("eal", 0)))),
        "care": (
            "looked_after",
            (
                ("looked after", has("looked_after")),
                ("looked after before", has("previously_looked_after")),
                ("never", has("looked_after", 0)),
            ),
        ),
        "social worker": (
            "child_in_need",
            (("protection plan", has("child_protection_plan")), ("in need", has("child_in_need")), ("none", has("child_in_need", 0))),
        ),
        "young carer": ("young_carer", (("young carer", has("young_carer")), ("not", has("young_carer", 0)))),
        "area": ("idaci_decile", tuple((f"fifth {i} of deprivation" + " (most)" * (i == 1), fifth == i) for i in range(1, 6))),
    }
    return [_of(name, *groups) for name, (column, groups) in made.items() if column in X]


def _meals(X: pd.DataFrame) -> list[Division]:
    if "fsm" not in X:
        return []
    now, never = np.asarray(X["fsm"] == 1), np.asarray(X["fsm"] == 0)
    if "fsm6" not in X:
        return [_of("free school meals", ("eligible", now), ("not", never))]
    six, not_six = np.asarray(X["fsm6"] == 1), np.asarray(X["fsm6"] == 0)
    return [
        _of("free school meals", ("eligible in six years", now | six), ("not", not_six | never)),
        _of("free school meals now", ("eligible", now), ("earlier", six), ("not", not_six | never), within=("free school meals",)),
    ]


def _ethnicity(X: pd.DataFrame) -> list[Division]:
    """Major groups as DfE publishes them, and the same with White by background; other codes are a group, no code is not recorded."""
    if "ethnicity_white_british" not in X:
        return []

    def has(name: str) -> npt.NDArray[np.bool_]:
        values: Floats = X[f"ethnicity_{name}"].to_numpy(float) if f"ethnicity_{name}" in X else np.zeros(len(X))
        return np.asarray(values == 1)

    white = (("White British", has("white_british")), ("Gypsy, Roma or Traveller", has("gypsy_roma_traveller")),
             ("another White background", has("white_other")))  # fmt: skip
    rest = (("Mixed", has("mixed")), ("Asian", has("asian")), ("Black", has("black")), ("Chinese", has("chinese")),
            ("another group", has("other")), ("another code", np.asarray(X["ethnicity_white_british"].notna())))  # fmt: skip
    any_white = white[0][1] | white[1][1] | white[2][1]
    return [_of("ethnicity", ("White", any_white), *rest), _of("ethnic background", *white, *rest, within=("ethnicity",))]
