"""What a look for drift is given and what it answers: plain values, no pupil."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from eswarn.cohort.lately import Register
from eswarn.features.compute import Dataset

Floats = npt.NDArray[np.float64]
Kind = Literal[
    "school", "feature", "missing", "apart", "feed", "score", "expected", "codes", "definitions", "outcomes", "calibration",
]  # fmt: skip


@dataclass(frozen=True)
class Now:
    """The cohort scored today.

    Attributes
    ----------
    data : Dataset
        Features of one as-of date, one row at least.
    raw, risk : arrays
        Raw score and calibrated chance of each row.
    register : Register or None
        What the registers lately looked like; without it codes and definitions are not looked at.
    """

    data: Dataset
    raw: Floats
    risk: Floats
    register: Register | None = None

    @property
    def as_of(self) -> dt.date:
        """The date of the list."""
        day: dt.date = self.data.keys["as_of"].iloc[0]
        return day


@dataclass(frozen=True)
class Outcomes:
    """A cohort scored earlier, of one as-of date, whose labels are mature by now.

    Attributes
    ----------
    risk : array
        Calibrated chances as they were issued.
    y : array
        1 left early, 0 did not, NaN not known; rows not known are left out.
    """

    risk: Floats
    y: Floats


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    kind : str
        What sort of drift.
    what : str
        The feature, code, table or school.
    said : str
        One sentence.
    value, limit : float
        What was measured, and beyond what it alarms.
    alarm : bool
        Whether it does.
    """

    kind: Kind
    what: str
    said: str
    value: float
    limit: float
    alarm: bool


@dataclass(frozen=True, slots=True)
class Drift:
    """How today's cohort differs from the one the model learned from.

    Attributes
    ----------
    as_of, compared_with : date
        The date of the list, and the training date nearest to it in the year.
    checks : tuple of Check
        Everything that was looked at, alarms first.
    expected_leavers : float
        Sum of the calibrated chances.
    expected_recall, expected_auc : float
        What the chances say of the list themselves. True only while they are calibrated, which only outcomes can show.
    """

    as_of: dt.date
    compared_with: dt.date
    checks: tuple[Check, ...]
    expected_leavers: float
    expected_recall: float
    expected_auc: float

    def __str__(self) -> str:
        said = [f"alarm: {check.said}" for check in self.alarms] or ["nothing alarms"]
        return "\n".join([
            f"{self.as_of} compared with {self.compared_with}: {len(self.checks)} checks, {len(self.alarms)} of them alarm", *said,
            f"expected, while chances are calibrated, which only outcomes can show: {self.expected_leavers:.1f} leavers, "
            f"{self.expected_recall:.0%} of them reached, AUC {self.expected_auc:.3f}",
        ])  # fmt: skip

    @property
    def alarms(self) -> tuple[Check, ...]:
        """The checks that alarm."""
        return tuple(check for check in self.checks if check.alarm)
