"""A new calibration curve for the same trees, from a newer cohort whose outcomes are known: ranks and reasons stay as they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from eswarn import words
from eswarn.cohort.label import known_on
from eswarn.cohort.lately import Register
from eswarn.config import CohortConfig
from eswarn.errors import InputRefused
from eswarn.features.compute import Dataset
from eswarn.model.bundle import Model
from eswarn.model.curve import ISOTONIC_FROM, Curve, Floats, fit_curve
from eswarn.model.profile import profile, read_profile

LEAST_LEAVERS = 30  # pupils: fewer cannot tell a wrong level from luck
SLOPE_FROM = 200  # pupils from whom a slope is worth its own error, too
STEPS = 100  # halvings of the interval in which the level lies


def recalibrate(model: Model, data: Dataset, *, registers: Mapping[dt.date, Register] | None = None) -> Model:
    """Fit a new curve on raw scores of a newer cohort; the trees are not touched.

    Parameters
    ----------
    model : Model
        A trained model.
    data : Dataset
        A cohort with the model's features and mature labels, of as-of dates after the label windows of those it was trained on.
    registers : mapping of date to Register, optional
        What the registers looked like on those dates, for the profile that drift is measured against.

    Returns
    -------
    Model
        Same trees, reference and raw scores; another curve, card and id. By the pupils who left early: under 200 only the level
        of the curve moves (one number, so that chances add up to leavers), under about 1,000 a new sigmoid (level and slope),
        above an isotonic curve.

    Raises
    ------
    InputRefused
        Fewer than 30 pupils left early, all of them did, or the dates are not later than what the model has seen.
    """
    cohort = CohortConfig.model_validate(model.card["config"]["cohort"])
    _refuse_seen(model, data, cohort)
    kept = ~np.isnan(data.y)
    y = data.y[kept].astype(int)
    leavers = int(data.keys["pupil_id"][kept & (data.y == 1)].nunique())
    if leavers < LEAST_LEAVERS or y.all():
        raise InputRefused(
            f"{words.count(leavers, 'pupil')} known to have left early, and {LEAST_LEAVERS} is the least a curve may be moved by",
            do="Wait for more outcomes, or pool more schools or dates.",
        )
    raw = model.raw(data)[kept]
    how = "level" if leavers < SLOPE_FROM else "level and slope" if leavers < ISOTONIC_FROM else "isotonic"
    curve = moved(model.curve, raw, y) if how == "level" else fit_curve(raw, y, cases=leavers)
    card: dict[str, Any] = dict(model.card) | {
        "calibration": {
            "method": curve.method, "on": "recalibrated", "moved": how, "rows": len(y), "leaver_rows": int(y.sum()), "leavers": leavers,
            "as_of": [str(day) for day in sorted(set(data.keys["as_of"][kept]))], "replaces": model.id,
        }
    }  # fmt: skip
    if "drift" in card:
        before = read_profile(card["drift"])
        newer = profile(data, raw=raw, risk=curve(raw), judged=kept, registers=registers or {}, salt=before.salt)
        schools = tuple(sorted({*before.schools, *newer.schools}))
        card["drift"] = newer.model_copy(update={"schools": schools}).model_dump(mode="json")
    return replace(model, curve=curve, card=card)


def new_from(model: Model, cohort: CohortConfig) -> dt.date:
    """The first day on which every label is known that the trees or the curve of a model learned from."""
    learned = (*model.card["cohort"]["as_of"], *model.card["calibration"]["as_of"])
    return max(known_on(dt.date.fromisoformat(day), cohort) for day in learned)


def _refuse_seen(model: Model, data: Dataset, cohort: CohortConfig) -> None:
    """Refuse dates on or before which outcomes that the trees or the old curve learned from were still open."""
    known = new_from(model, cohort)
    if len(data.y) and min(data.keys["as_of"]) < known:
        raise InputRefused(
            f"as-of dates before {known} overlap with outcomes that the model learned from", do=f"Give dates from {known} on only."
        )


def moved(curve: Curve, raw: Floats, y: npt.NDArray[np.integer]) -> Curve:
    """The curve with every chance shifted by one number in log-odds, so that the chances of these rows add up to their leavers."""
    risk = curve(raw)
    odds = np.log(risk / (1 - risk))
    low, high = -20.0, 20.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 / (1 + np.exp(-odds - middle))).sum() < y.sum() else (low, middle)
    knots = np.array(curve.risk)
    shifted = 1 / (1 + np.exp(-np.log(knots / (1 - knots)) - (low + high) / 2))
    rising = np.append(True, np.diff(np.maximum.accumulate(shifted)) > 0)  # knots so close that they fell together
    at = np.array(curve.raw)[rising]
    return Curve(curve.method, tuple(at.tolist()), tuple(shifted[rising].tolist()))
