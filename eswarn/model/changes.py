"""What has changed between two runs: who joined, left or moved on the list, and which features moved the score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from eswarn.features.attendance import Attendance
from eswarn.model.curve import Floats
from eswarn.model.reasons import Teller
from eswarn.model.scores import Scores
from eswarn.model.shown import Changes

LISTED = ("priority", "watch")
PLACES = ("places", "watch", "places_by_year")
WHYS = 2  # features named for one pupil
KEPT = ("rank", "tier", "risk", "school_id")


def changes(now: Scores, before: Scores, values_before: Floats | None, *, output_id: str) -> Changes:
    """Compare the lists of two runs.

    Parameters
    ----------
    now, before : Scores
        The later and the earlier run.
    values_before : array of shape (len(before), features), optional
        Shapley values of the earlier features by the model of the later run, in the order of its columns: then the change of a score is
        the sum of the changes of its parts, exactly. Without them nothing is said of why.
    output_id : str
        Id of the output of the earlier run.

    Returns
    -------
    Changes
        ``frame`` has pupil_id, school_id (of the later run, else of the earlier), change, was_school, was_rank, was_tier, was_risk
        (NaN and "" where there was no score), attended_then, attended_now (share of the last four weeks before each date), why_1, was_1,
        why_2, was_2 and note. ``change`` is "priority" (has a place, had none), "no place" (the other way), "watch" (is next in line, was
        neither), "no watch", and of those in the same tier "up", "down", "same" or "other school". ``why`` is what the records say now,
        ``was`` the value then. ``note`` is "not on roll then", "no score then", "not on roll now", "no score now", "places" (there are
        other places than then, and the rank alone would not have changed the tier), "hardly moved" (the pupil's own score moved by
        no more than it does from refit to refit), "other way" (it moved the other way, and others moved more) or "".
    """
    import pandas as pd

    rows = {run: {pupil: at for at, pupil in enumerate(scores.frame["pupil_id"])} for run, scores in (("now", now), ("then", before))}
    unscored = {"now": set(now.not_scored["pupil_id"]), "then": set(before.not_scored["pupil_id"])}
    listed = [scores.frame.loc[scores.frame["tier"].isin(LISTED), "pupil_id"].tolist() for scores in (now, before)]
    current, past = ({name: scores.frame[name].tolist() for name in KEPT} for scores in (now, before))
    attended = {run: _attended(scores) for run, scores in (("now", now), ("then", before))}
    same_places = all(now.about.get(name) == before.about.get(name) for name in PLACES)
    told = []
    for pupil in dict.fromkeys([*listed[0], *listed[1]]):
        i, j = rows["now"].get(pupil), rows["then"].get(pupil)
        one = {name: values[i] for name, values in current.items()} if i is not None else {}
        other = {name: values[j] for name, values in past.items()} if j is not None else {}
        change = _change(one, other)
        row: dict[str, Any] = {
            "pupil_id": pupil, "school_id": (one or other)["school_id"], "change": change, "was_school": other.get("school_id", ""),
            "was_rank": other.get("rank", math.nan), "was_tier": other.get("tier", ""), "was_risk": other.get("risk", math.nan),
            "attended_then": attended["then"].get(pupil, math.nan), "attended_now": attended["now"].get(pupil, math.nan),
        }  # fmt: skip
        row |= dict.fromkeys((*_PAIRS, "note"), "")
        if i is None or j is None:
            run, have = ("now", "no score now") if i is None else ("then", "no score then")
            row["note"] = have if pupil in unscored[run] else f"not on roll {run}"
        elif not same_places and _by_places_alone(change, one, other):
            row["note"] = "places"
        elif values_before is not None and change != "same":
            row |= _why(now, before, values_before, (i, j), change)
        told.append(row)
    frame = pd.DataFrame(told, columns=[*_COLUMNS])
    typed = frame.astype({name: "float64" if name in _NUMBERS else "str" for name in _COLUMNS})
    same_model = now.about.get("model_id") == before.about.get("model_id")
    places = {name: before.about[name] for name in PLACES if name in before.about}
    return Changes(before.as_of, output_id, same_model, places, typed)


_PAIRS = tuple(f"{name}_{n + 1}" for n in range(WHYS) for name in ("why", "was"))
_NUMBERS = ("was_rank", "was_risk", "attended_then", "attended_now")
_COLUMNS = ("pupil_id", "school_id", "change", "was_school", "was_rank", "was_tier", "was_risk", "attended_then", "attended_now",
            *_PAIRS, "note")  # fmt: skip
_WAYS = {"priority": 1, "watch": 1, "up": 1, "no place": -1, "no watch": -1, "down": -1}


def _change(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    is_in, was_in = one.get("tier"), other.get("tier")
    if "priority" in (is_in, was_in) and is_in != was_in:
        return "priority" if is_in == "priority" else "no place"
    if is_in != was_in:
        return "watch" if is_in == "watch" else "no watch"
    if one["school_id"] != other["school_id"]:
        return "other school"
    return "same" if one["rank"] == other["rank"] else "up" if one["rank"] < other["rank"] else "down"


def _by_places_alone(change: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a pupil is in another tier although the rank has not moved that way."""
    if change not in ("priority", "watch", "no place", "no watch") or one["school_id"] != other["school_id"]:
        return False
    return bool((other["rank"] - one["rank"]) * _WAYS[change] <= 0)


def _attended(scores: Scores) -> dict[str, float]:
    """Share of the last four weeks that each pupil attended, where a run holds its register."""
    if scores.shown is None:
        return {}
    return dict(zip(scores.frame["pupil_id"], Attendance(scores.shown.facts).recent.attended.tolist(), strict=True))


def _why(now: Scores, before: Scores, values_before: Floats, at: tuple[int, int], change: str) -> dict[str, str]:
    """The features whose parts moved the score most the way the pupil moved on the list, each of another theme."""
    teller, names = now.teller, list(now.features.columns[1:])
    then, today = before.features[names].iloc[at[1]].to_numpy(float), now.features[names].iloc[at[0]].to_numpy(float)
    moved = now.contributions[names].iloc[at[0]].to_numpy(float) - values_before[at[1]]
    way = _WAYS.get(change, 1 if moved.sum() >= 0 else -1)
    if abs(moved.sum()) <= teller.noise:
        return {"note": "hardly moved"}
    if moved.sum() * way < 0:
        return {"note": "other way"}
    found: dict[str, str] = {}
    for theme in _themes(teller, moved, way):
        said = _said(teller, [int(c) for c in theme if moved[c] * way > 0], then, today, way)
        if said:
            number = len(found) // 2 + 1
            found |= {f"why_{number}": said[0], f"was_{number}": said[1]}
        if len(found) == 2 * WHYS:
            break
    return found


def _themes(teller: Teller, moved: Floats, way: int) -> list[np.ndarray]:
    """The features of each theme that moved that way, strongest theme first and strongest feature first."""
    sums = teller.theme_sums(moved[None, :])[0] * way
    order = [t for t in np.argsort(-sums, kind="stable") if sums[t] > 0]
    of_theme = np.array([teller.themes.index(feature.theme) for feature in teller.features])
    columns = [np.flatnonzero(of_theme == theme) for theme in order]
    return [inside[np.argsort(-moved[inside] * way, kind="stable")] for inside in columns]


def _said(teller: Teller, columns: list[int], then: Floats, today: Floats, way: int) -> tuple[str, str] | None:
    """What the first feature says now and was then, whose words changed, and changed the way it reads."""
    for column in columns:
        feature = teller.features[column]
        if feature.protected or math.isnan(today[column]) or math.isnan(then[column]):
            continue
        texts = feature.value_text(today[column]), feature.value_text(then[column])
        if texts[0] != texts[1] and (not feature.read_sign or (today[column] - then[column]) * feature.read_sign * way > 0):
            return feature.sentence(today[column]), texts[1]
    return None
