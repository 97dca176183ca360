"""What an audit says, a line for each check, and what its checks may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from eswarn.model.bundle import Model
from eswarn.model.curve import Floats
from eswarn.records.store import Records

Result = Literal["passed", "failed", "not applicable", "cannot tell"]
TITLES = {
    "A1": "files of the manifest as they were sealed (those of evidence: A11)",
    "A2": "model bytes as its manifest names them",
    "A3": "raw scores re-derived, bit for bit",
    "A4": "contributions re-derived, bit for bit",
    "A5": "reasons add up to the raw score",
    "A6": "risks are the calibration curve of the raw scores, bit for bit",
    "A7": "reasons in words re-derived",
    "A8": "ranks follow the raw scores, and tiers the places, within each school",
    "A9": "scores.csv holds what scores.parquet holds",
    "A10": "model, date and counts are those the manifest and run.json name",
    "A11": "lines of evidence, their tree and its head hold together",
    "E1": "reasons add up to the score, on every row as issued",
    "E2": "values are those of the definition, over all coalitions",
    "E3": "an unused feature gets exactly 0, and twins get the same",
    "E4": "a swapped model, leaf, reference, pupil or explanation is refused",
    "E5": "randomised models lose their reasons",
    "E6": "the reasons named move the score more than other features do",
    "E7": "reasons and flags over refits",
    "E8": "agreement with the path-dependent rule (a figure to read)",
    "E9": "known causes of simulated schools are found again",
    "E10": "reasons compared between groups of pupils",
    "E11": "sentences read back say what the numbers say",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One line of an audit: a code, what was checked, the result, and the figure behind it."""

    code: str
    title: str
    result: Result
    figure: str


@dataclass(frozen=True, slots=True)
class Audit:
    """The checks of one run.

    Attributes
    ----------
    checks : tuple of Check
        A1 to A11: whether the record is what was issued. E1 to E11: whether its reasons are what reasons should be.
    about : mapping
        What was audited: model, output, as-of date, version; plain words, no pupil.
    """

    checks: tuple[Check, ...]
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether no check failed and the record could be told: an A that cannot be told is no pass, an E asks for more to be given."""
        return not any(c.result == "failed" or (c.result == "cannot tell" and c.code.startswith("A")) for c in self.checks)

    def render(self) -> str:
        """A line for each check: code, result, title, figure."""
        return "\n".join(f"{c.code:<3} {c.result:<14}  {c.title}: {c.figure}" for c in self.checks)

    def __str__(self) -> str:
        return self.render()


@dataclass(frozen=True, slots=True, repr=False)
class Training:
    """The rows a model learned from, computed anew from the records: the reference cohort of its reasons.

    Attributes
    ----------
    table : array of shape (n, features)
        In the order of the model's card; its hash is the one the model's reference names.
    y : array of int
        1 for those who left early.
    pupil, school : array of str
    year_group : array of float
    groups : mapping
        Of the pupils scored (not of the training rows): protected column to values, NaN where not known.
    records : Records
    """

    table: Floats
    y: npt.NDArray[np.int64]
    pupil: npt.NDArray[np.str_]
    school: npt.NDArray[np.str_]
    year_group: Floats
    groups: dict[str, Floats]
    records: Records


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """A scoring run as its folder holds it; nothing in it is believed before A1 to A11 passed.

    Attributes
    ----------
    model : Model
    pupil, school : array of str
    table : array of shape (n, features)
        Feature values in the order of the model's card.
    values : array of shape (n, features)
        Shapley values as issued, in log-odds.
    base : float
    raw : array of float
    year_group : array of float
    flagged : array of bool
        Pupils in the tier "priority".
    sentences : list of list of str
        Of each pupil the reasons as issued, without empty ones; the protective factor is not among them.
    protective : list of str
    training : Training or None
        With ``--records`` only.
    refits : int
    """

    model: Model
    pupil: npt.NDArray[np.str_]
    school: npt.NDArray[np.str_]
    table: Floats
    values: Floats
    base: float
    raw: Floats
    year_group: Floats
    flagged: npt.NDArray[np.bool_]
    sentences: list[list[str]]
    protective: list[str]
    training: Training | None = None
    refits: int = 20


def spread(rows: int, most: int) -> npt.NDArray[np.int64]:
    """The numbers of at most so many rows, evenly over all."""
    return np.linspace(0, rows - 1, min(rows, most)).round().astype(np.int64)
