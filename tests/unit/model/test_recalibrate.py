"""Recalibration: other chances, the same ranks and reasons, and a card that says so."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from eswarn.errors import InputRefused
from eswarn.features.compute import Dataset
from eswarn.model.bundle import Model, load_model
from eswarn.model.curve import Curve
from eswarn.model.profile import profile, read_profile
from eswarn.model.recalibrate import moved, recalibrate
from tests import made_up_school

LATER = dt.date(2026, 11, 2)


@functools.cache
def newer(times: int, odds: float, *, day: dt.date = LATER) -> Dataset:
    """The pupils of the made-up schools several times over, as of a later date, who leave with other odds than the model has it."""
    data, model = made_up_school.dataset(), made_up_school.model()
    X = pd.concat([data.X] * times, ignore_index=True)
    keys = pd.concat([data.keys] * times, ignore_index=True)
    keys = keys.assign(pupil_id=[f"p{i}" for i in range(len(keys))], as_of=pd.Series([day] * len(keys), dtype="object"))
    risk = model.curve(raw_of(model, X))
    dice = np.random.default_rng(1)
    y = (dice.random(len(risk)) < odds * risk / (1 - risk + odds * risk)).astype(float)
    y[dice.random(len(risk)) < 0.03] = np.nan
    return Dataset(X, keys, y, np.zeros(len(y), bool), data.left_out, data.left_out_y, data.features)


def raw_of(model: Model, X: pd.DataFrame) -> np.ndarray:
    return np.asarray(model.booster.predict(np.ascontiguousarray(X.to_numpy(float)), raw_score=True))


def test_few_leavers_move_the_level_until_chances_add_up() -> None:
    model, data = made_up_school.model(), newer(2, 3.0)
    made = recalibrate(model, data)
    kept = ~np.isnan(data.y)
    assert 30 <= data.y[kept].sum() < 200
    assert made.card["calibration"]["moved"] == "level"
    assert made.curve(raw_of(made, data.X[kept])).sum() == pytest.approx(data.y[kept].sum(), rel=1e-3)


def test_more_leavers_give_a_new_curve() -> None:
    made = recalibrate(made_up_school.model(), newer(8, 3.0))
    assert made.card["calibration"]["moved"] == "level and slope"
    assert made.curve.method == "sigmoid"


def test_a_thousand_leavers_give_an_isotonic_curve() -> None:
    made = recalibrate(made_up_school.model(), newer(40, 3.0))
    assert made.card["calibration"]["moved"] == made.curve.method == "isotonic"


def test_trees_raw_scores_and_reasons_stay_bit_for_bit() -> None:
    model, data = made_up_school.model(), newer(2, 3.0)
    made, table = recalibrate(model, data), np.ascontiguousarray(data.X.to_numpy(float)[:50])
    before, after = model.explain(table), made.explain(table)
    assert made.booster_text == model.booster_text
    assert (before.raw == after.raw).all()
    assert (before.values == after.values).all()
    assert made.reference == model.reference


def test_the_card_says_so_and_the_model_has_another_name() -> None:
    model, data = made_up_school.model(), newer(2, 3.0)
    made = recalibrate(model, data)
    told = made.card["calibration"]
    assert told["on"] == "recalibrated"
    assert told["replaces"] == model.id != made.id
    assert told["as_of"] == [str(LATER)]
    assert told["rows"] == np.count_nonzero(~np.isnan(data.y))
    assert told["leavers"] == told["leaver_rows"] == np.nansum(data.y)
    assert model.card["calibration"]["on"] != "recalibrated"


def test_it_is_saved_and_read_again(tmp_path: object) -> None:
    made = recalibrate(made_up_school.model(), newer(2, 3.0))
    assert load_model(made.save(f"{tmp_path}/model")).id == made.id


def test_drift_is_measured_against_the_newer_cohort_from_then_on() -> None:
    model, data = made_up_school.model(), newer(2, 3.0)
    trained = made_up_school.dataset()
    raw = raw_of(model, trained.X)
    before = profile(trained, raw=raw, risk=model.curve(raw), judged=np.ones(len(raw), bool), registers={}, salt="salt")
    made = recalibrate(replace(model, card=dict(model.card) | {"drift": before.model_dump(mode="json")}), data)
    told = read_profile(made.card["drift"])
    assert list(told.dates) == [LATER]
    assert set(before.schools) <= set(told.schools)
    assert told.dates[LATER].expected == pytest.approx(np.nanmean(data.y), rel=1e-3)  # the chances of the new curve


def test_too_few_leavers_are_refused() -> None:
    data = newer(2, 3.0)
    y = data.y.copy()
    y[np.flatnonzero(y == 1)[29:]] = 0.0
    with pytest.raises(InputRefused, match="29 pupils known to have left early, and 30 is the least"):
        recalibrate(made_up_school.model(), replace(data, y=y))


def test_leavers_are_counted_by_pupil_not_by_row() -> None:
    data = newer(2, 3.0)
    keys = data.keys.assign(pupil_id=[f"p{i % 20}" for i in range(len(data.y))])
    with pytest.raises(InputRefused, match="is the least"):
        recalibrate(made_up_school.model(), replace(data, keys=keys))


def test_dates_that_the_model_has_seen_are_refused() -> None:
    with pytest.raises(InputRefused, match="overlap with outcomes that the model learned from"):
        recalibrate(made_up_school.model(), newer(2, 3.0, day=dt.date(2025, 1, 6)))


def test_a_level_moves_every_knot_by_the_same_log_odds_and_keeps_their_order() -> None:
    curve = Curve("isotonic", (-3.0, -1.0, 0.0, 2.0), (0.01, 0.05, 0.2, 0.7))
    raw = np.random.default_rng(1).normal(-1, 1.5, 4_000)
    y = (np.random.default_rng(2).random(4_000) < 0.5 * curve(raw)).astype(int)
    made = moved(curve, raw, y)
    by = np.log(np.array(made.risk) / (1 - np.array(made.risk))) - np.log(np.array(curve.risk) / (1 - np.array(curve.risk)))
    assert made.raw == curve.raw
    assert by == pytest.approx(by[0])
    assert by[0] < -0.5
