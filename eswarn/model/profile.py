"""The shape of the cohort a model learned from, in counts of ten pupils at least: what later cohorts are compared with."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from pydantic import Field, NonNegativeInt, ValidationError, model_validator

from eswarn.cohort.lately import Register
from eswarn.config import Section
from eswarn.errors import ModelRefused, UsageError
from eswarn.features.compute import Dataset

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
BINS = 10
LEAST = 10  # pupils behind any count
THINNEST = 0.02  # share of the pupils that a bin holds at least
YEAR = dt.timedelta(days=365)


class Shape(Section):
    """A distribution: edges of up to ten bins, and how many pupils are in each; the last count is of those without a value.

    ``apart`` is by how much schools differ in it beyond chance: 1 is not at all.
    """

    edges: tuple[float, ...]
    counts: tuple[NonNegativeInt, ...]
    apart: float = Field(1.0, ge=1)

    @model_validator(mode="after")
    def _fits(self) -> Shape:
        if len(self.counts) != len(self.edges) + 2 or not sum(self.counts) or any(a >= b for a, b in itertools.pairwise(self.edges)):
            raise ValueError("edges rise, and there is a count for each bin and one more")
        return self


class Codes(Section):
    """What the registers looked like: see `Register`. Shares are of the codes that ten pupils had, ``pupils`` had the commonest."""

    profile: str
    days: int
    open_days: int
    pupils: NonNegativeInt
    shares: dict[str, float]


class OnDate(Section):
    """A cohort of one as-of date: its features and, of those rows that trees which had not seen them scored, score and mean chance."""

    features: dict[str, Shape]
    score: Shape | None = None
    expected: float | None = Field(None, gt=0, lt=1)
    codes: Codes | None = None


class Profile(Section):
    """The shape of a training cohort, by as-of date.

    Attributes
    ----------
    salt : str
        Goes into the marks under which schools are remembered.
    schools : tuple of str
        Those marks.
    leavers : int
        Pupils who left, behind the calibration curve; 0 where under ten.
    dates : dict of date to OnDate
        The dates of the last twelve months.
    """

    salt: str
    schools: tuple[str, ...]
    leavers: NonNegativeInt
    dates: dict[dt.date, OnDate] = Field(min_length=1)


def read_profile(told: object) -> Profile:
    """Read what stands on a card.

    Raises
    ------
    ModelRefused
        It is no profile.
    """
    try:
        return Profile.model_validate_json(json.dumps(told))
    except (TypeError, ValueError, ValidationError):
        do = "Train the model again with this version of eswarn."
        raise ModelRefused("the card has no profile of the training cohort to compare with", do=do) from None


def profile(
    data: Dataset, *, raw: Floats, risk: Floats, judged: npt.NDArray[np.bool_], registers: Mapping[dt.date, Register], salt: str
) -> Profile:  # fmt: skip
    """Describe a training cohort, date by date, for the dates of its last twelve months.

    Parameters
    ----------
    data : Dataset
        Everybody who could be scored on the as-of dates, with a label or without.
    raw, risk : arrays
        Raw scores and calibrated chances of the ``judged`` rows, from trees that had not seen them.
    judged : array of bool
        Rows of ``data`` that have such a score.
    registers : mapping of date to Register
        What the registers looked like on each date; a date may be absent.
    salt : str
        Goes into the marks under which schools are remembered.

    Returns
    -------
    Profile
        No count is under ten pupils, no edge is the value of a pupil but by chance, and nothing tells a least or greatest value.

    Raises
    ------
    UsageError
        Fewer than ten rows.
    """
    if len(data.X) < LEAST:
        raise UsageError(f"a profile needs {LEAST} rows at least", do="Use the whole training cohort.")
    days = data.keys["as_of"].to_numpy()
    latest = max(days)
    known = np.full(len(days), np.nan), np.full(len(days), np.nan)
    for every, told in zip(known, (raw, risk), strict=True):
        every[judged] = told
    schools = sorted({school_mark(str(school), salt) for school in data.keys["school_id"].unique()})
    on = {day: days == day for day in sorted(set(days)) if day > latest - YEAR}
    leavers = data.keys["pupil_id"][judged & (data.y == 1)].nunique()
    return Profile(
        salt=salt, schools=tuple(schools), leavers=leavers if leavers >= LEAST else 0,
        dates={day: _on(data, rows, *known, registers.get(day)) for day, rows in on.items() if rows.sum() >= LEAST},
    )  # fmt: skip


def _on(data: Dataset, rows: npt.NDArray[np.bool_], raw: Floats, risk: Floats, register: Register | None) -> OnDate:
    school = np.unique(data.keys["school_id"].to_numpy(str)[rows], return_inverse=True)[1]
    features = {str(name): shape(data.X[name].to_numpy(float)[rows], school) for name in data.X}
    scored = rows & ~np.isnan(raw)
    judged = scored.sum() >= LEAST
    return OnDate(
        features=features, score=shape(raw[scored]) if judged else None,
        expected=float(f"{risk[scored].mean():.4g}") if judged else None, codes=register and _codes(register),
    )  # fmt: skip


def _codes(register: Register) -> Codes:
    total = max(sum(register.marks.values()), 1)
    shares = {code: round(n / total, 5) for code, n in sorted(register.marks.items()) if register.pupils[code] >= LEAST}
    pupils = max((register.pupils[code] for code in shares), default=0)
    return Codes(profile=register.profile, days=register.days, open_days=register.open_days, pupils=pupils, shares=shares)


def shape(values: Floats, school: Ints | None = None) -> Shape:
    """The distribution of some values, NaN where missing; with the number of each pupil's school also how schools differ.

    Notes
    -----
    Near each tenth of the pupils the edge lies in the middle of the widest gap between two values, so that pupils with nearly the
    same value, as shares of 118 and of 120 sessions are, stay together. Fewer than ten pupils join the fullest bin.
    """
    told = np.sort(values[~np.isnan(values)])
    least = max(LEAST, int(np.ceil(THINNEST * len(values))))
    edges = [edge for edge in dict.fromkeys(_edges(told)) if edge is not None] if len(told) >= 2 * least else []
    counts = count(told, np.array(edges))[:-1]
    while edges and counts.min() < least:
        thin = int(counts.argmin())  # joins the smaller of its neighbours
        sides = [side for side in (thin - 1, thin) if 0 <= side < len(edges)]
        del edges[min(sides, key=lambda side: counts[side if side < thin else side + 1])]
        counts = count(told, np.array(edges))[:-1]
    differ = 1.0 if school is None else apart(by_school(values, np.array(edges), school))
    counts = np.append(counts, len(values) - len(told))
    few, fullest = counts < LEAST, int(counts.argmax())
    few[fullest] = False
    counts[fullest] += counts[few].sum()
    counts[few] = 0
    return Shape(edges=tuple(edges), counts=tuple(counts.tolist()), apart=round(differ, 2))


def _edges(told: Floats) -> list[float | None]:
    """Near each tenth, and near both ends, the middle of the widest gap between values, rounded; None where all of them are equal."""
    at = np.round((len(told) - 1) * np.array([THINNEST, *(np.arange(BINS) + 0.5) / BINS, 1 - THINNEST])).astype(int)
    found: list[float | None] = []
    for first, last in itertools.pairwise(at.tolist()):
        gaps = np.diff(told[first : last + 1])
        widest = first + int(gaps.argmax()) if last > first else first
        found.append(float(f"{(told[widest] + told[widest + 1]) / 2:.4g}") if last > first and gaps.max() > 0 else None)
    return found


def count(values: Floats, edges: Floats) -> Ints:
    """Values in each bin (above the edge before it, up to and with its own) and, last, those missing."""
    place = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))
    return np.bincount(place, minlength=len(edges) + 2)


def by_school(values: Floats, edges: Floats, school: Ints) -> Ints:
    """`count` for each school, shape (schools, bins)."""
    return np.stack([count(values[school == number], edges) for number in range(int(school.max()) + 1)])


def apart(counts: Ints) -> float:
    """By how much schools differ among each other beyond chance: chi-squared of homogeneity over its degrees of freedom, 1 at least.

    It is the design effect of pupils who come in schools (Rao and Scott 1981).
    """
    held = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(held.shape) < 2:
        return 1.0
    expected = held.sum(axis=1, keepdims=True) * held.sum(axis=0) / held.sum()
    return max(1.0, float(((held - expected) ** 2 / expected).sum() / ((held.shape[0] - 1) * (held.shape[1] - 1))))


def school_mark(school: str, salt: str) -> str:
    """Under what a school is remembered: enough to know it again, not its name. Who guesses a name can check the guess."""
    return hashlib.sha256(f"{salt}\n{school}".encode()).hexdigest()[:16]
