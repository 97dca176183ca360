"""Issue scores: rank, tier, reasons and notes for a cohort, or nothing at all where the reasons do not add up."""

from __future__ import annotations

import datetime as dt
import importlib.metadata

import numpy as np
import numpy.typing as npt

from eswarn import words
from eswarn.config import ScoreConfig
from eswarn.features.compute import Dataset
from eswarn.model.bundle import Model
from eswarn.model.curve import Floats
from eswarn.model.reasons import Reason
from eswarn.model.refits import could_go_either_way
from eswarn.model.scores import Scores
from eswarn.model.shapley import METHOD

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
    tier, cut = tiers(rank, school, roll, places=config.places, watch=config.watch)
    either = could_go_either_way(explained.raw, school, tier == 0, float(model.card["explanations"]["place_noise"]))
    order = np.lexsort((data.keys["pupil_id"].to_numpy(str), rank, school))
    year = data.keys["year_group"].to_numpy(float)
    raising, lowering = model.teller.top(table, explained.values, year, n=config.reasons)
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
            "data_note": pd.Series(_notes(data, school, rank, tier, cut, either, _silent(model, table, school), raising), dtype="str"),
        }
    )
    pupil = data.keys[["pupil_id"]]
    features = pd.concat([pupil, data.X[columns]], axis=1)
    values = pd.DataFrame(explained.values, columns=columns)
    contributions = pd.concat([pupil, pd.DataFrame({"base_value": explained.base, "raw_score": explained.raw}), values], axis=1)
    as_of = data.keys["as_of"].iloc[0]
    about = {
        "as_of": str(as_of), "model_id": model.id, "trained_on": model.card["cohort"]["said"], **_horizon(model, until),
        "version": importlib.metadata.version("eswarn"), "places": config.places, "watch": config.watch,
        "scored": len(frame), "not_scored": len(data.left_out), "schools": len(names),
        "expected_leavers": round(float(frame["risk"].sum()), 1), "method": METHOD,
        "features": data.fingerprint,
    }  # fmt: skip
    frame, features, contributions = (part.iloc[order].reset_index(drop=True) for part in (frame, features, contributions))
    return Scores(
        as_of=as_of, frame=frame, features=features, contributions=contributions,
        not_scored=data.left_out.drop(columns="as_of").reset_index(drop=True), about=about, teller=model.teller,
    )  # fmt: skip


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


def tiers(rank: Ints, school: Ints, roll: Ints, *, places: float, watch: float) -> tuple[Ints, Ints]:
    """Tier of each pupil (0 priority, 1 watch, 2 universal) and the last rank of that tier, or of watch.

    Parameters
    ----------
    rank, school : array of int
        Rank in the school, and number of the school, of each pupil scored.
    roll : array of int
        Pupils on roll at each school, scored or not.
    places, watch : float
        A share of the pupils on roll (under 1) or a number.
    """
    first, next_in_line = places_of(places, roll)[school], places_of(watch, roll, least=0)[school]
    tier = np.where(rank <= first, 0, np.where(rank <= first + next_in_line, 1, 2))
    return tier, np.where(tier == 0, first, first + next_in_line)


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
    data: Dataset, school: Ints, rank: Ints, tier: Ints, cut: Ints, either: Bools, silent: list[str], raising: list[list[Reason]]
) -> list[str]:  # fmt: skip
    """What a reader should know about each score before trusting it."""
    _, place, counts = np.unique(np.stack([school, rank]), axis=1, return_inverse=True, return_counts=True)
    last = rank + counts[place.ravel()] - 1
    tied = (tier < 2) & (last > cut)
    notes = []
    for row, unmarked in enumerate(data.keys["unmarked"].to_numpy(float)):
        said = [f"this school has no records on: {silent[school[row]]}"] if silent[school[row]] else []
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
