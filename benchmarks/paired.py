"""Judges scores of the same people, each alone and one less another, with eswarn's own figures on the same draws of people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from eswarn.evaluation import calibrated
from eswarn.evaluation.bootstrap import Draws, draw
from eswarn.evaluation.redrawn import areas, recut

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer]
DRAWS, SEED = 2_000, 2013
PLACES = 0.10  # share of the people who are listed


def draws_of(people: npt.ArrayLike) -> Draws:
    """Draws of people with replacement, all rows of a person together."""
    return draw(people, n=DRAWS, seed=SEED)


def ranked(draws: Draws, score: Floats, y: Ints) -> dict[str, Floats]:
    """AUC, average precision, and recall and precision at 10 % of places, under each draw; ties by their exact expectation."""
    auc, average = areas(draws, score, y)
    recall, precision = recut(draws, score, y, [PLACES])
    return {"auc": auc, "average_precision": average, "recall": recall[:, 0], "precision": precision[:, 0]}


def figures(draws: Draws, ranking: Mapping[str, Floats], risk: Floats | None, y: Ints) -> dict[str, Any]:
    """Plain figures of one score: how it ranks everybody, and what its chances are worth over those who have one (not NaN)."""
    found: dict[str, Any] = {name: round(float(under[0]), 4) for name, under in ranking.items()}
    auc = draws.estimate(ranking["auc"], scale="share")
    found |= {"auc_low": round(auc.low, 4), "auc_high": round(auc.high, 4)}
    if risk is None:
        return found
    shifted = 1 / (1 + np.exp(-calibrated.log_odds(risk) - calibrated.intercept(risk, y)))
    median, high = calibrated.ece_by_luck(risk)
    told = {
        "ece": calibrated.ece(risk, y), "ece_by_luck": median, "ece_by_luck_95": high, "ece_without_intercept": calibrated.ece(shifted, y),
        "observed_over_expected": calibrated.observed_over_expected(risk, y), "slope": calibrated.slope(risk, y),
    }  # fmt: skip
    return found | {name: round(value, 4) for name, value in told.items()}


def against(draws: Draws, ours: Mapping[str, Floats], theirs: Mapping[str, Floats]) -> dict[str, Any]:
    """AUC and recall of one score less those of another, with the 95 % interval, and what may be claimed."""
    found = {}
    for name in ("auc", "recall"):
        gap = draws.estimate(ours[name] - theirs[name], scale="difference")
        said = gap.told or ("better" if gap.low > 0 else "worse" if gap.high < 0 else "not shown to beat")
        found[name] = {"value": round(gap.value, 4), "low": round(gap.low, 4), "high": round(gap.high, 4), "said": said}
    return found
