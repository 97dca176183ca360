"""Recall, false alarm rate, precision and calibration of every group at the places the school has, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from eswarn.errors import UsageError
from eswarn.evaluation.fairness.groups import Division
from eswarn.evaluation.fairness.intervals import alike, clustered_bounds
from eswarn.evaluation.fairness.slopes import slopes
from eswarn.model.curve import Floats

if TYPE_CHECKING:
    import pandas as pd

ALL = "all pupils"
RATES = ("recall", "missed", "false_alarm_rate", "precision", "listed_share", "leaving_rate", "not_scored")


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of a division, each of shape (groups, schools): pupils, leavers, places, leavers listed, not scored; and expected leavers."""

    pupils: Floats
    leavers: Floats
    listed: Floats
    found: Floats
    unscored: Floats
    expected: Floats

    def of(self, rate: str) -> tuple[Floats, Floats]:
        """Numerator and denominator of a rate, by group and school."""
        stayers = self.pupils - self.leavers
        return {
            "recall": (self.found, self.leavers),
            "missed": (self.leavers - self.found, self.leavers),
            "false_alarm_rate": (self.listed - self.found, stayers),
            "precision": (self.found, self.listed),
            "listed_share": (self.listed, self.pupils),
            "leaving_rate": (self.leavers, self.pupils),
            "not_scored": (self.unscored, self.pupils),
        }[rate]


@dataclass(frozen=True, slots=True)
class GroupTable:
    """Figures by group, in the words of fairlearn's MetricFrame.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row a group, all pupils first: division, group, n, leavers, listed; each rate as ``name``, ``name_low``, ``name_high``, where
        ``missed`` is the false negative rate and ``false_alarm_rate`` the false positive rate; observed_over_expected and slope, with
        low and high. NaN where nobody could be counted.
    counts : mapping of str to Counts
        What the frame was made from, by division.
    divisions : tuple of Division
        As given.
    level : float
        Of the intervals, each by itself.
    schools : int
        Schools that pupils were taken to be alike in; 1 says nothing about other schools.
    """

    frame: pd.DataFrame
    counts: Mapping[str, Counts]
    divisions: tuple[Division, ...]
    level: float
    schools: int

    @property
    def by_group(self) -> pd.DataFrame:
        """The rates by division and group."""
        return self.frame.iloc[1:].set_index(["division", "group"])[list(RATES)]

    @property
    def overall(self) -> pd.Series[float]:
        """The rates of all pupils."""
        return self.frame.iloc[0][list(RATES)].astype(float)

    def difference(self) -> pd.DataFrame:
        """Largest less smallest rate among the groups of each division. It is never zero: `largest_gaps` says what chance makes of it."""
        by = self.by_group.groupby(level="division", sort=False)
        return by.max() - by.min()


def group_table(
    groups: Sequence[Division], *, listed: npt.ArrayLike, y: npt.ArrayLike, risk: npt.ArrayLike, scored: npt.ArrayLike | None = None,
    school: npt.ArrayLike | None = None, level: float = 0.95,
) -> GroupTable:  # fmt: skip
    """Count and judge every group.

    Parameters
    ----------
    groups : sequence of Division
        Whom to compare.
    listed : array
        Expected share of a place, 0 to 1: below 1 where equal scores share the last places. 0 for pupils who were not scored.
    y : array
        1 left early, 0 did not. A pupil whose outcome is unknown must be left out or given either, by the caller.
    risk : array
        Calibrated chance; NaN where not scored.
    scored : array of bool, optional
        Whether the pupil got a score; by default where ``risk`` is known. All stay in every count: a leaver not scored is missed.
    school : array, optional
        School of each pupil, within which pupils are alike. None or one school: pupils are taken as independent.

    Raises
    ------
    UsageError
        Lengths differ, or a value cannot be what it is said to be.
    """
    place, left, chance = (np.asarray(values, float) for values in (listed, y, risk))
    known = ~np.isnan(chance) if scored is None else np.asarray(scored, bool)
    code = np.zeros(len(left), np.int64) if school is None else np.unique(np.asarray(school).astype(str), return_inverse=True)[1]
    _check(groups, place, left, chance, known, code)
    chance = np.where(known, chance, np.nan)
    everybody = Division(ALL, (ALL,), np.zeros(len(left), np.int64))
    frames, counts = [], {}
    for division in (everybody, *groups):
        counted = _count(division, place, left, chance, known, code)
        counts[division.name] = counted
        frames.append(_judged(division, counted, left, chance, code, level))
    import pandas as pd

    return GroupTable(pd.concat(frames, ignore_index=True), counts, tuple(groups), level, int(code.max()) + 1)


def _check(
    groups: Sequence[Division], place: Floats, left: Floats, chance: Floats, known: npt.NDArray[np.bool_], code: npt.NDArray[np.int64]
) -> None:
    if not len(left):
        raise UsageError("there is nobody to compare")
    if {len(a) for a in (place, chance, known, code, *(d.code for d in groups))} != {len(left)}:
        raise UsageError("listed, y, risk, scored, school and groups must have one value for each pupil")
    for division in groups:
        if not division.groups or division.code.min() < -1 or division.code.max() >= len(division.groups):
            raise UsageError(f'the division "{division.name}" has no groups, or numbers that name none')
    if not np.isin(left, (0, 1)).all():
        raise UsageError("y holds something other than 1 and 0", do="Leave pupils of unknown outcome out, or count them once as each.")
    if not ((place >= 0) & (place <= 1)).all():
        raise UsageError("listed is a share of a place between 0 and 1")
    if not ((chance[known] >= 0) & (chance[known] <= 1)).all():
        raise UsageError("risk is a chance between 0 and 1 for everybody scored")
    if (place[~known] > 0).any():
        raise UsageError("a pupil without a score is listed")
    if len(names := [d.name for d in groups]) != len({*names, ALL}) - 1:
        raise UsageError(f'two divisions have one name, or one is called "{ALL}"')


def _count(
    division: Division, place: Floats, left: Floats, chance: Floats, known: npt.NDArray[np.bool_], code: npt.NDArray[np.int64]
) -> Counts:
    shape = (len(division.groups), int(code.max()) + 1)
    member = division.code >= 0
    cell = division.code[member] * shape[1] + code[member]
    sums = (None, left, place, place * left, (~known).astype(float), np.where(known, chance, 0.0))
    added = (np.bincount(cell, None if s is None else s[member], minlength=shape[0] * shape[1]).reshape(shape).astype(float) for s in sums)
    return Counts(*added)


def _judged(division: Division, counts: Counts, left: Floats, chance: Floats, code: npt.NDArray[np.int64], level: float) -> pd.DataFrame:
    import pandas as pd

    n = counts.pupils.sum(axis=1)
    columns = {"n": n.astype(int), "leavers": counts.leavers.sum(axis=1).astype(int), "listed": counts.listed.sum(axis=1)}
    told: dict[str, object] = {"division": division.name, "group": list(division.groups), **columns}
    for rate in RATES:
        hits, pupils = counts.of(rate)
        with np.errstate(invalid="ignore"):
            told[rate] = hits.sum(axis=1) / pupils.sum(axis=1)
        told[f"{rate}_low"], told[f"{rate}_high"] = clustered_bounds(hits, pupils, alike(hits, pupils), level=level)
    expected = np.where(counts.expected.sum(axis=1) > 0, counts.expected.sum(axis=1), np.nan)
    scale = {"": columns["leavers"], "_low": n * told["leaving_rate_low"], "_high": n * told["leaving_rate_high"]}
    told |= {f"observed_over_expected{end}": value / expected for end, value in scale.items()}
    told |= slopes(division.code, len(division.groups), left=left, risk=chance, school=code, level=level)
    return pd.DataFrame(told)
