"""The list that is used, group by group: who is missed, who is listed in vain, what may be told of it, and what a remedy would cost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eswarn.config import Config
from eswarn.evaluation.asked import NOT_SCORED, Asked, Bools
from eswarn.evaluation.fairness.groups import NOT_RECORDED, Division, divisions
from eswarn.evaluation.fairness.proxy import proxies
from eswarn.evaluation.fairness.remedies import balancing_weights, places_by_group, tried
from eswarn.evaluation.fairness.suppress import HIDDEN, Release, suppress
from eswarn.evaluation.fairness.table import ALL, GroupTable, group_table
from eswarn.evaluation.fairness.verdicts import SHOWN, Verdicts, largest_gaps, verdicts
from eswarn.evaluation.metrics import auc, listed
from eswarn.features.compute import Dataset, compute
from eswarn.features.feature import Feature
from eswarn.features.library import FEATURES
from eswarn.features.protected import PROTECTED
from eswarn.model.booster import raw_scores
from eswarn.model.curve import Floats
from eswarn.model.fit import Fitted
from eswarn.records.timeline import Timeline

if TYPE_CHECKING:
    import pandas as pd

JOINED = next(feature for feature in FEATURES if feature.column == "joined_mid_year")
STEERED = "free school meals"  # the division a remedy is tried for where no gap is shown
OPEN = ("year group", "school")  # divisions that nobody has to guess
GIVEN_AWAY = 3  # columns dropped
CALLED = {"recall": "leavers reached", "false_alarms": "stayers listed", "precision": "listed who left"}
MEASURES = {"recall": "recall", "false_alarms": "false_alarm_rate", "precision": "precision"}


@dataclass(frozen=True, slots=True, repr=False)
class ByGroup:
    """One list of one day, judged by group.

    Attributes
    ----------
    as_of : date
        Each pupil is counted once: the latest day of the latest test.
    table : GroupTable
        Whole: it stays inside the school.
    verdicts : Verdicts
        Every group against the others of its division.
    gaps : pandas.DataFrame
        The largest gap of each division beside what chance alone makes of it.
    release : Release
        What may leave the school: small counts, and what would give them away, are hidden.
    proxies : pandas.DataFrame
        How well each group can be guessed from the features.
    steered : str
        The division that remedies were tried for.
    remedies : pandas.DataFrame or None
        What each remedy would close, and what it would cost.
    """

    as_of: dt.date
    table: GroupTable
    verdicts: Verdicts
    gaps: pd.DataFrame
    release: Release
    proxies: pd.DataFrame
    steered: str
    remedies: pd.DataFrame | None

    def plain(self) -> dict[str, Any]:
        """What may leave the school, ready for JSON."""
        told = self.verdicts.frame.set_index(["division", "group", "metric"])["verdict"].to_dict()
        rows = []
        for row, whole in zip(self.release.frame.to_dict("records"), self.release.whole, strict=True):
            if row["division"] == ALL:
                everybody = {name: _estimate(row, rate) for name, rate in MEASURES.items()}
                continue
            own = {name: told.get((row["division"], row["group"], rate), "cannot tell") for name, rate in MEASURES.items()}
            own = own if whole else dict.fromkeys(MEASURES, HIDDEN)
            apart = [CALLED[name] for name, verdict in own.items() if verdict == SHOWN]
            verdict = f"{SHOWN}: {', '.join(apart)}" if apart else own["recall"]
            rows.append({"group": row["group"], "of": row["division"], "n": row["n"], "leavers": row["leavers"], "verdict": verdict,
                         "verdicts": own, "observed_over_expected": _estimate(row, "observed_over_expected"),
                         **{name: _estimate(row, rate) for name, rate in MEASURES.items()}})  # fmt: skip
        notes = [
            f"the lists of one day, {self.as_of}: each pupil is counted once",
            f"{len(self.verdicts.frame)} comparisons are judged together: a gap is shown in error in 5 of 100 such tables at most",
        ]
        return {
            "margin": self.verdicts.margin, "least": self.release.profile.threshold, "overall": everybody, "rows": rows, "notes": notes,
            "proxies": _records(self.proxies.loc[self.proxies["auc"].notna(), ["division", "group", "auc", "low", "high"]].head(12)),
            "steered": self.steered, "remedies": self._remedies(),
        }  # fmt: skip

    def _remedies(self) -> list[dict[str, Any]]:
        """What of the remedies may leave the school: a largest gap only where every group of the division may be shown."""
        if self.remedies is None or not self.release.whole[0]:
            return []
        shown = bool(self.release.whole[(self.release.frame["division"] == self.steered).to_numpy(bool)].all())
        told = self.remedies[["remedy", "largest_gap", "recall", "cost", "cost_low", "cost_high"]]
        return _records(told if shown else told.assign(largest_gap=np.nan))


def by_group(
    timeline: Timeline, data: Dataset, asked: Asked, features: Sequence[Feature], config: Config, *, fitted: Fitted | None = None,
    learned: Bools | None = None,
) -> ByGroup:  # fmt: skip
    """Judge the lists of the latest day of a test by group.

    Parameters
    ----------
    timeline : Timeline
        The records, for the protected columns of everybody on roll: the scores have not seen them.
    data : Dataset
        Features of the model, and protected ones.
    asked : Asked
        Of one fold; ``row`` points into ``data``.
    features : sequence of Feature
        Those of the model.
    config : Config
        Places; margin, written down before.
    fitted, learned : Fitted and array of bool, optional
        The model, and the rows of ``data`` it learned from: remedies are tried where they are given.
    """
    day = asked.as_of.max()
    today = asked.rows(asked.as_of == day)
    everybody = compute(timeline, [day.astype(object)], config.cohort, features=(*PROTECTED, JOINED), everybody=True)
    everybody = _in_order(everybody, today)
    own, known, scored = listed(today.score, config.score.places, lists=today.each), today.known, today.scored
    late = [None if np.isnan(v) else "in the year" if v else "at its start" for v in everybody.X[JOINED.column]]
    groups = divisions(everybody.rows(known), more={"joined": [word for word, there in zip(late, known, strict=True) if there]})
    table = group_table(
        groups, listed=own[known], y=today.y[known], risk=today.risk[known], scored=scored[known], school=today.school[known]
    )
    seen = data.of(features)
    of_scored = [division for division in divisions(everybody.rows(scored)) if division.name not in OPEN and not division.within]
    guessed = proxies(
        seen.X.to_numpy(float)[today.row[scored]], of_scored, pupil=today.pupil[scored],
        school=today.school[scored], seed=config.model.seed,
    )  # fmt: skip
    told = verdicts(table, margin=config.validation.margin)
    steered = _steered(told, groups)
    remedies = None
    if fitted is not None and learned is not None and steered is not None:
        remedies = _remedies(fitted, data, seen, learned, today, own, steered, config)
    gaps = largest_gaps(table, seed=config.validation.seed)
    return ByGroup(day.astype(object), table, told, gaps, suppress(table), guessed, steered.name if steered else "", remedies)


def _steered(told: Verdicts, groups: Sequence[Division]) -> Division | None:
    """The division a remedy is tried for: that with the largest gap in recall that is shown, else free school meals."""
    shown = told.frame[(told.frame["verdict"] == SHOWN) & (told.frame["metric"] == "recall") & (told.frame["group"] != NOT_RECORDED)]
    name = STEERED if not len(shown) else str(shown["division"].iloc[int(shown["gap"].abs().to_numpy().argmax())])
    return next((division for division in groups if division.name == name), None)


def _remedies(
    fitted: Fitted, data: Dataset, seen: Dataset, learned: Bools, today: Asked, own: Floats, steered: Division, config: Config
) -> pd.DataFrame:  # fmt: skip
    """Three remedies, measured on those whose outcome is known: none is applied."""
    rows, scored, known = today.row[today.scored], today.scored, today.known
    table, model = seen.X.to_numpy(float), fitted.risk_model
    train = learned & ~np.isnan(data.y)
    of_train = next(d for d in divisions(data.rows(train)) if d.name == steered.name)
    group = np.full(len(today), -1)
    group[known] = steered.code

    def again(columns: Sequence[int], weight: Floats | None) -> Floats:
        blind = table.copy()
        blind[:, list(columns)] = np.nan
        trees = model.grow(np.ascontiguousarray(blind[train]), data.y[train].astype(int), seed=model.seed, weight=weight)
        score = np.full(len(today), NOT_SCORED)
        score[scored] = raw_scores(trees, blind[rows])
        return listed(score, config.score.places, lists=today.each)[known]

    def shared_out() -> Floats:
        found = np.zeros(len(today))
        for number in range(today.each.max() + 1):
            there = today.each == number
            places = float(own[there].sum())
            if places:
                found[there] = places_by_group(today.score[there], np.nan_to_num(today.risk[there]), group[there], places)
        return found[known]

    given = _give_away(table[train], of_train)
    named = ", ".join(str(seen.X.columns[column]) for column in given)
    return tried(
        {
            f"without the features that give it away most ({named})": lambda: again(given, None),
            "training rows reweighted": lambda: again((), balancing_weights(of_train.code, data.y[train])),
            "places shared out by group": shared_out,
        },
        steered, before=own[known], y=today.y[known], risk=today.risk[known], school=today.school[known],
    )  # fmt: skip


def _give_away(table: Floats, division: Division) -> list[int]:
    """The columns by which, each alone, the largest group but one is guessed best."""
    sizes = np.bincount(division.code[division.code >= 0], minlength=len(division.groups))
    member = (division.code == np.argsort(-sizes)[1]).astype(int) if len(sizes) > 1 else np.zeros(len(table), int)
    found = [abs(auc(np.nan_to_num(column, nan=-1e300), member) - 0.5) for column in table.T]
    return [int(i) for i in np.argsort(-np.nan_to_num(found), kind="stable")[:GIVEN_AWAY]]


def _in_order(data: Dataset, today: Asked) -> Dataset:
    """The rows of everybody in the order in which they were asked about."""
    place = {who: i for i, who in enumerate(zip(data.keys["pupil_id"], data.keys["school_id"], strict=True))}
    order = [place[who] for who in zip(today.pupil.tolist(), today.school.tolist(), strict=True)]
    return replace(
        data, X=data.X.iloc[order].reset_index(drop=True), keys=data.keys.iloc[order].reset_index(drop=True), y=data.y[order],
        unknown=data.unknown[order],
    )  # fmt: skip


def _estimate(row: Mapping[Hashable, Any], rate: str) -> dict[str, float | bool | None]:
    if row[rate] == HIDDEN:
        return {"value": None, "low": None, "high": None, "hidden": True}
    return {end: _number(row[name]) for end, name in (("value", rate), ("low", f"{rate}_low"), ("high", f"{rate}_high"))}


def _number(text: object) -> float | None:
    """The number of a cell that is shown; None where it is hidden or not defined."""
    try:
        value = float(str(text))
    except ValueError:
        return None
    return round(value, 6) if np.isfinite(value) else None


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): _number(v) if isinstance(v, float) else v for k, v in row.items()} for row in frame.to_dict("records")]
