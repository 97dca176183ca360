"""Issue scores: rank, tier, reasons and notes for a cohort, or nothing at all where the reasons do not add up."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from eswarn import words
from eswarn.config import ScoreConfig
from eswarn.errors import UsageError
from eswarn.features.compute import Dataset
from eswarn.model.bundle import Model
from eswarn.model.curve import Floats
from eswarn.model.reasons import Reason
from eswarn.model.refits import could_go_either_way
from eswarn.model.scores import Scores
from eswarn.model.shapley import METHOD
from eswarn.model.shown import Shown

if TYPE_CHECKING:
    import pandas as pd

RANGE = 1.96  # standard deviations either way within which 19 in 20 models of other draws put a raw score
NOTED_UNMARKED = 0.05  # share of recent sessions without a mark from which it is said
EITHER_WAY = "could go either way: a model that had learned from other pupils may place this one on the other side of the cut"
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def issue(model: Model, data: Dataset, config: ScoreConfig, *, until: dt.date | None = None) -> Scores:
    """Score a cohort of one as-of date.

    Parameters
    ----------
    model : Model
        A trained model.
    data : Dataset
        Feature table with the model's own features, in order; one row at least.
    config : ScoreConfig
        Places, watch, number of reasons.
    until : date, optional
        End of the horizon, where it is a date and not a number of days.

    Raises
    ------
    OurBug
        The values of some row do not add up; nothing is issued.
    """
    import pandas as pd

    columns = [f.column for f in model.features]
    table = np.ascontiguousarray(data.X[columns].to_numpy(float))
    explained = model.explain(table)
    school, names = pd.factorize(data.keys["school_id"], sort=True)
    left_out = data.left_out["school_id"].value_counts().reindex(names, fill_value=0).to_numpy(int)
    roll = np.bincount(school, minlength=len(names)) + left_out
    rank = rank_in_school(school, explained.raw)
    year, noise = data.keys["year_group"].to_numpy(float), float(model.card["explanations"]["place_noise"])
    lists = lists_of(school, year, roll, places=config.places, by_year=config.places_by_year, watch=config.watch)
    place = rank_in_school(lists.number, explained.raw)
    tier, cut = lists.tiers(place)
    either = could_go_either_way(explained.raw, lists.number, tier == 0, noise)
    order = np.lexsort((data.keys["pupil_id"].to_numpy(str), rank, school))
    raising, lowering = model.teller.top(table, explained.values, year, n=config.reasons)
    silent = np.array(_silent(model, table, school), object)[school].tolist()
    frame = pd.DataFrame(
        {
            "pupil_id": data.keys["pupil_id"],
            "school_id": data.keys["school_id"],
            "as_of": data.keys["as_of"],
            "year_group": year,
            "rank": rank,
            "risk": model.curve(explained.raw),
            "tier": pd.Series([words.TIERS[t] for t in tier], dtype="str"),
            **{
                f"reason_{i + 1}": pd.Series([r[i].sentence if i < len(r) else "" for r in raising], dtype="str")
                for i in range(config.reasons)
            },
            "protective": pd.Series(lowering, dtype="str"),
            "data_note": pd.Series(_notes(data, lists.number, place, tier, cut, either, silent, raising), dtype="str"),
        }
    )
    pupil = data.keys[["pupil_id"]]
    features = pd.concat([pupil, data.X[columns]], axis=1)
    values = pd.DataFrame(explained.values, columns=columns)
    contributions = pd.concat([pupil, pd.DataFrame({"base_value": explained.base, "raw_score": explained.raw}), values], axis=1)
    as_of, asked = data.keys["as_of"].iloc[0], model.card["config"]["cohort"]
    about = {
        "as_of": str(as_of), "model_id": model.id, "trained_on": model.card["cohort"]["said"], **_horizon(model, until),
        "leaving": ", ".join(asked["leaving"]), "up_to_year": asked["up_to_year"],
        "version": importlib.metadata.version("eswarn"), "places": config.places, "watch": config.watch,
        **({"places_by_year": dict(config.places_by_year)} if config.places_by_year else {}),
        "scored": len(frame), "not_scored": len(data.left_out), "schools": len(names),
        "expected_leavers": round(float(frame["risk"].sum()), 1), "method": METHOD,
        "features": data.fingerprint,
    }  # fmt: skip
    shown = None
    if data.facts is not None:
        low, high = (model.curve(explained.raw + side * RANGE * noise) for side in (-1, 1))
        shown = Shown(data.facts, low, high).rows(order, frame["pupil_id"])
    frame, features, contributions = (part.iloc[order].reset_index(drop=True) for part in (frame, features, contributions))
    return Scores(
        as_of=as_of, frame=frame, features=features, contributions=contributions,
        not_scored=data.left_out.drop(columns="as_of").reset_index(drop=True), about=about, teller=model.teller, shown=shown,
    )  # fmt: skip


def refuse_absent_years(config: ScoreConfig, years: pd.Series) -> None:
    """Refuse places for a year group that nobody scored is in: a typing error would leave a list empty.

    Raises
    ------
    UsageError
        There is such a year group; those there are are named.
    """
    there = {str(int(year)) for year in years.dropna()}
    absent = [year for year in config.places_by_year if year not in there]
    if absent:
        what = f"places are given for year group {', '.join(absent)}, and nobody scored is in it"
        raise UsageError(what, do=f"There are: {', '.join(sorted(there, key=int))}.")


def _horizon(model: Model, until: dt.date | None) -> dict[str, str | int]:
    return {"horizon_until": str(until)} if until else {"horizon_days": model.card["config"]["cohort"]["horizon_days"]}


def rank_in_school(school: Ints, raw: npt.NDArray[np.float64]) -> Ints:
    """1 for the highest raw score of each school; equal scores share the better rank."""
    rank = np.zeros(len(raw), np.int64)
    order = np.lexsort((-raw, school))
    at = np.arange(len(order))
    new_school = np.append(True, school[order][1:] != school[order][:-1]) if len(order) else np.zeros(0, bool)
    new_score = new_school | np.append(True, raw[order][1:] != raw[order][:-1]) if len(order) else new_school
    rank[order] = np.maximum.accumulate(np.where(new_score, at, 0)) - np.maximum.accumulate(np.where(new_school, at, 0)) + 1
    return rank


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists that places are given on: the list of each pupil scored, and how many places and next in line each list has."""

    number: Ints
    first: Ints
    then: Ints

    def tiers(self, place: Ints) -> tuple[Ints, Ints]:
        """Tier of each pupil (0 priority, 1 watch, 2 universal) by rank on the list, and the last rank of that tier, or of watch."""
        first, both = self.first[self.number], (self.first + self.then)[self.number]
        tier = np.where(place <= first, 0, np.where(place <= both, 1, 2))
        return tier, np.where(tier == 0, first, both)


def lists_of(school: Ints, year: Floats, roll: Ints, *, places: float, by_year: Mapping[str, int], watch: float) -> Lists:
    """One list a school; or, with places by year group, one for each year group of each school.

    Parameters
    ----------
    school, year : array
        Number of the school, and year group, of each pupil scored.
    roll : array of int
        Pupils on roll at each school, scored or not.
    places, watch : float
        A share of the pupils on roll (under 1) or a number. By year group a share is of those scored.
    by_year : mapping of str to int
        Year group to places; those it does not name get none, and nobody next in line.
    """
    if not by_year:
        return Lists(school, places_of(places, roll), places_of(watch, roll, least=0))
    years, at = np.unique(np.nan_to_num(year, nan=-99).astype(np.int64), return_inverse=True)
    pairs, number = np.unique(school * len(years) + at, return_inverse=True)
    first = np.array([by_year.get(str(y), 0) for y in years.tolist()], np.int64)[pairs % len(years)]
    return Lists(number, first, np.where(first > 0, places_of(watch, np.bincount(number), least=0), 0))


def places_of(places: float, roll: Ints, *, least: int = 1) -> Ints:
    """Places of each list, by its pupils on roll: a number (1 or more) as it is, a share of those on roll rounded up."""
    number = np.ceil(places * roll - 1e-9) if places < 1 else np.full(len(roll), round(places))
    return np.asarray(np.maximum(number, least), np.int64)


def _silent(model: Model, table: Floats, school: Ints) -> list[str]:
    """For each school the themes that the trees ask about and its records say nothing of: LightGBM 4.7 may take that for zero."""
    used = np.isin(np.arange(model.trees.features), model.trees.feature)
    asked: dict[str, list[int]] = {}
    for column, feature in enumerate(model.features):
        if used[column]:
            asked.setdefault(feature.theme, []).append(column)
    empty = [np.isnan(table[school == number]).all(axis=0) for number in range(school.max() + 1)]
    return [", ".join(theme for theme, columns in asked.items() if told[columns].all()) for told in empty]


def _notes(
    data: Dataset, lists: Ints, place: Ints, tier: Ints, cut: Ints, either: Bools, silent: list[str], raising: list[list[Reason]]
) -> list[str]:  # fmt: skip
    """What a reader should know about each score before trusting it."""
    _, at, counts = np.unique(np.stack([lists, place]), axis=1, return_inverse=True, return_counts=True)
    last = place + counts[at.ravel()] - 1
    tied = (tier < 2) & (last > cut)
    notes = []
    for row, unmarked in enumerate(data.keys["unmarked"].to_numpy(float)):
        said = [f"this school has no records on: {silent[row]}"] if silent[row] else []
        if unmarked >= NOTED_UNMARKED:
            said.append(f"{words.share(unmarked)} of sessions in the last 60 school days have no mark")
        if tied[row]:
            said.append("level with others at the cut; all are listed")
        if either[row]:
            said.append(EITHER_WAY)
        if joint := [str(i + 1) for i, reason in enumerate(raising[row]) if reason.joint]:
            said.append(f"reasons {', '.join(joint)} are joint: had the model learned from other pupils, they could change places")
        notes.append("; ".join(said))
    return notes
