"""Everybody a test asks about: what was said of them on the day, and what happened next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from eswarn.features.compute import Dataset
from eswarn.model.curve import Floats

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.str_]
NOT_SCORED = -np.inf


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """One row for each pupil on roll on each as-of date of a test, scored or not.

    Attributes
    ----------
    row : array of int
        Row of the data set; -1 for those who could not be scored.
    pupil, school : array of str
    as_of : array of datetime64[D]
    score : array of float
        What pupils are ranked by; -inf where there is no score, so that a leaver among them is missed.
    risk : array of float
        Calibrated chance; NaN where there is no score.
    y : array of float
        1 left early, 0 did not, NaN not known.
    unknown : array of bool
        Left within the horizon for a destination nobody knows.
    gone : array of bool
        Missed every session of the last 20 school days, or has no mark there: naming a leaver among them is no early warning.
    """

    row: Ints
    pupil: Texts
    school: Texts
    as_of: npt.NDArray[np.datetime64]
    score: Floats
    risk: Floats
    y: Floats
    unknown: Bools
    gone: Bools

    def __len__(self) -> int:
        return len(self.pupil)

    @property
    def scored(self) -> Bools:
        """Where a score was given."""
        return self.row >= 0

    @property
    def left(self) -> npt.NDArray[np.int64]:
        """1 for the known leavers, 0 for everybody else: recall asks for no more."""
        return np.asarray(self.y == 1, np.int64)

    @property
    def known(self) -> Bools:
        """Where it is known what happened."""
        return ~np.isnan(self.y)

    @property
    def each(self) -> Ints:
        """Number of the list of each school on each date."""
        dated = np.char.add(np.char.add(self.as_of.astype(str), "/"), self.school)
        return np.asarray(np.unique(dated, return_inverse=True)[1], np.int64)

    @property
    def together(self) -> Ints:
        """Number of the one list of all schools on each date."""
        return np.asarray(np.unique(self.as_of, return_inverse=True)[1], np.int64)

    def rows(self, where: Bools) -> Asked:
        """The same with only these rows."""
        return Asked(*(getattr(self, field.name)[where] for field in fields(self)))

    def as_if(self, unknown_left: bool) -> Asked:
        """The same as if all whose destination is unknown had left early, or none of them."""
        return replace(self, y=np.where(self.unknown, float(unknown_left), self.y))


def ask(data: Dataset, where: Bools, apart: Bools, *, score: Floats, risk: Floats, missed: Floats) -> Asked:
    """Rows of a data set and of those left out of it.

    Parameters
    ----------
    data : Dataset
    where, apart : array of bool
        Rows of ``data``, and of its ``left_out``.
    score, risk : array of float
        Of the rows of ``where``.
    missed : array of float
        Share of sessions missed in the last 20 school days, of every row of ``data``.
    """
    kept, lost = data.keys[where], data.left_out[apart]
    n = len(lost)
    return Asked(
        np.concatenate([np.flatnonzero(where), np.full(n, -1)]).astype(np.int64),
        np.concatenate([kept["pupil_id"].to_numpy(str), lost["pupil_id"].to_numpy(str)]),
        np.concatenate([kept["school_id"].to_numpy(str), lost["school_id"].to_numpy(str)]),
        np.concatenate([kept["as_of"].to_numpy("datetime64[D]"), lost["as_of"].to_numpy("datetime64[D]")]),
        np.concatenate([score, np.full(n, NOT_SCORED)]),
        np.concatenate([risk, np.full(n, np.nan)]),
        np.concatenate([data.y[where], data.left_out_y[apart]]),
        np.concatenate([data.unknown[where], np.zeros(n, bool)]),
        np.concatenate([missed[where] >= 1, lost["reason"].astype(str).str.contains("already gone").to_numpy(bool)]),
    )  # fmt: skip


def stacked(parts: Sequence[Asked]) -> Asked:
    """Several tests as one."""
    return Asked(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Asked)))
