"""Drift: silent on another draw from the same population, and each check on the shift it is there for."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from eswarn.cohort.lately import Register
from eswarn.errors import ModelRefused
from eswarn.evaluation.drift import Check, Drift, Now, Outcomes, drift
from eswarn.evaluation.drift.register import changed_meanings
from eswarn.evaluation.drift.shift import noise, psi
from eswarn.evaluation.drift.unlabelled import expected_auc
from eswarn.features.compute import Dataset
from tests.unit.evaluation.made_up_cohort import FEW_REGISTER, NOW, THEN, chance, cohort, profile_of, score

REFERENCE = profile_of(cohort(1, day=THEN)).model_dump(mode="json")
SAME = cohort(2)


def look(data: Dataset, *, register: Register | None = FEW_REGISTER, outcomes: Outcomes | None = None) -> Drift:
    raw = score(data.X)
    return drift(REFERENCE, Now(data, raw, chance(raw), register), outcomes=outcomes)


def changed(**columns: np.ndarray) -> Dataset:
    return replace(SAME, X=SAME.X.assign(**columns))


def alarms(told: Drift) -> set[str]:
    return {check.kind for check in told.alarms}


def one(told: Drift, kind: str, what: str) -> Check:
    return next(check for check in told.checks if (check.kind, check.what) == (kind, what))


@pytest.mark.parametrize("seed", range(20, 40))
def test_another_draw_of_the_same_population_is_silent(seed: int) -> None:
    data = cohort(seed)
    assert not look(data, outcomes=Outcomes(chance(score(data.X)), data.y)).alarms


def test_a_small_school_is_silent_too() -> None:
    assert not any(look(cohort(seed, n=80, schools=1)).alarms for seed in range(60, 90))


def test_few_pupils_are_silent_whatever_they_are() -> None:
    at = int(score(SAME.X).argmax())
    alone = SAME.rows(np.arange(len(SAME.X)) == at)
    marks = {"/": 18, "\\": 14, "O": 8}
    assert not look(alone, register=Register("england", 900, 450, marks, dict.fromkeys(marks, 1))).alarms


def test_a_feature_that_moved_alarms_with_its_name_and_the_usual_reading() -> None:
    check = one(look(changed(absence_last_20_days=SAME.X["absence_last_20_days"] + 0.05)), "feature", "absence_last_20_days")
    assert check.alarm
    assert check.value > check.limit >= 0.25
    assert "major shift by the usual reading" in check.said


def test_a_window_that_starts_at_a_date_is_told_and_never_alarms() -> None:
    check = one(look(changed(absence_this_year=SAME.X["absence_this_year"] + 0.2)), "feature", "absence_this_year")
    assert check.value > check.limit
    assert not check.alarm
    assert "holds more or less" in check.said


def test_records_that_do_not_reach_over_a_window_do_not_alarm() -> None:
    moved = changed(incidents_last_60_days=SAME.X["incidents_last_60_days"] + 3)
    assert one(look(moved), "feature", "incidents_last_60_days").alarm
    young = replace(FEW_REGISTER, open_days=40)
    assert not one(look(moved, register=young), "feature", "incidents_last_60_days").alarm


def test_values_that_go_missing_alarm() -> None:
    values = SAME.X["illness_last_20_days"].mask(np.random.default_rng(1).random(len(SAME.X)) < 0.3)
    assert one(look(changed(illness_last_20_days=values)), "missing", "illness_last_20_days").alarm


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_feed_that_falls_silent_at_one_school_alarms(value: float) -> None:
    at = SAME.keys["school_id"] == "school-1"
    told = look(changed(**{name: SAME.X[name].mask(at, value) for name in ("incidents_last_20_days", "incidents_last_60_days")}))
    check = one(told, "feed", "behaviour")
    assert check.alarm
    assert check.said == "nothing lately from 1 school of 2"
    assert not one(told, "feed", "attendance").alarm


def test_one_school_that_drifts_away_from_the_other_alarms_although_the_whole_hardly_moves() -> None:
    illness = SAME.X["illness_last_20_days"]
    sign = np.where(SAME.keys["school_id"] == "school-1", 0.5, 1.5)
    assert one(look(changed(illness_last_20_days=illness * sign)), "apart", "illness_last_20_days").alarm


def test_a_new_school_alarms_and_the_rest_is_compared_without_it() -> None:
    other = cohort(3, schools=3)
    far = other.X["absence_last_20_days"].where(other.keys["school_id"] != "school-2", 0.9)
    told = look(replace(other, X=other.X.assign(absence_last_20_days=far)))
    assert alarms(told) == {"school"}
    assert one(told, "school", "school-2").said == "1 school with 33 % of the pupils not known from training"


def test_a_code_written_for_another_is_called_so() -> None:
    marks = FEW_REGISTER.marks | {"I": 0, "O": 6_500}
    told = look(SAME, register=replace(FEW_REGISTER, marks=marks))
    assert {check.what for check in told.alarms} == {"I", "O"}
    assert one(told, "codes", "I").said.endswith("and O rose by about as much: one written for the other?")


def test_the_codes_of_august_2024_are_changed_definitions() -> None:
    old, new = dt.date(2024, 8, 18), dt.date(2024, 8, 19)
    assert changed_meanings("england", "england", THEN, old) == ()
    changed_codes = changed_meanings("england", "england", old, new)
    assert {"C", "C2", "K", "H", "J1", "Y", "Y1"} <= set(changed_codes)
    assert not {"/", "I", "O", "L"} & set(changed_codes)
    later = replace(SAME, keys=SAME.keys.assign(as_of=pd.Series([dt.date(2024, 11, 4)] * len(SAME.X), dtype="object")))
    assert alarms(look(later)) == {"definitions"}


def test_more_expected_leavers_alarm_before_any_label() -> None:
    drawn = np.random.default_rng(1).choice(len(SAME.X), len(SAME.X), p=chance(score(SAME.X)) / chance(score(SAME.X)).sum())
    more = replace(SAME, X=SAME.X.iloc[drawn].reset_index(drop=True))
    assert one(look(more), "expected", "expected leavers").alarm


def test_twice_as_many_leavers_alarm_once_they_are_known() -> None:
    risk = chance(score(SAME.X))
    twice = (np.random.default_rng(2).random(len(risk)) < np.minimum(2 * risk, 1)).astype(float)
    told = look(SAME, outcomes=Outcomes(risk, twice))
    assert one(told, "outcomes", "observed over expected").alarm
    assert one(told, "outcomes", "observed over expected").value == pytest.approx(twice.sum() / risk.sum())


def test_unknown_outcomes_are_left_out_and_too_few_say_nothing() -> None:
    risk = chance(score(SAME.X))
    assert not {check.kind for check in look(SAME, outcomes=Outcomes(risk, np.full(len(risk), np.nan))).checks} & {"outcomes"}
    some = np.where(np.arange(len(risk)) % 2, SAME.y, np.nan)
    assert not look(SAME, outcomes=Outcomes(risk, some)).alarms


def test_the_same_time_of_the_year_is_compared() -> None:
    days = [dt.date(2021, 6, 7), dt.date(2021, 9, 6), dt.date(2021, 11, 1), dt.date(2022, 1, 10)]
    reference = REFERENCE | {"dates": {str(day): REFERENCE["dates"][str(THEN)] for day in days}}
    for as_of, nearest in (
        (dt.date(2023, 6, 5), days[0]),
        (dt.date(2024, 9, 9), days[1]),
        (NOW, days[2]),
        (dt.date(2022, 12, 30), days[3]),
    ):
        data = replace(SAME, keys=SAME.keys.assign(as_of=pd.Series([as_of] * len(SAME.X), dtype="object")))
        raw = score(data.X)
        assert drift(reference, Now(data, raw, chance(raw))).compared_with == nearest


def test_a_profile_without_the_feature_is_refused() -> None:
    features = {name: told for name, told in REFERENCE["dates"][str(THEN)]["features"].items() if name != "absence_last_20_days"}
    reference = REFERENCE | {"dates": {str(THEN): REFERENCE["dates"][str(THEN)] | {"features": features}}}
    raw = score(SAME.X)
    with pytest.raises(ModelRefused, match="absence_last_20_days"):
        drift(reference, Now(SAME, raw, chance(raw)))


def test_the_index_is_the_sum_by_hand_and_its_noise_is_rarely_passed() -> None:
    assert psi(np.array([100_000, 300_000]), np.array([200_000, 200_000])) == pytest.approx(0.25 * np.log(2) + 0.25 * np.log(1.5), abs=1e-5)
    dice, p = np.random.default_rng(1), np.full(10, 0.1)
    pairs = [(dice.multinomial(800, p), dice.multinomial(400, p)) for _ in range(2_000)]
    limits = [noise(one, other, design=1.0) for one, other in pairs]
    found = np.array([psi(one, other) for one, other in pairs])
    assert (found < limits).all()
    assert found.mean() == pytest.approx(9 * (1 / 800 + 1 / 400), rel=0.05)


def test_expected_figures_are_what_drawn_outcomes_give_on_average() -> None:
    from sklearn.metrics import roc_auc_score

    raw = np.round(score(SAME.X), 1)  # with ties
    risk = np.minimum(chance(raw) * 2, 1)
    dice = np.random.default_rng(1)
    drawn = [dice.random(len(raw)) < risk for _ in range(300)]
    assert expected_auc(raw, risk) == pytest.approx(np.mean([roc_auc_score(y, raw) for y in drawn]), abs=0.004)
    told = drift(REFERENCE, Now(SAME, raw, risk))
    at = np.concatenate([np.flatnonzero(SAME.keys["school_id"] == name) for name in ("school-0", "school-1")])
    listed = np.zeros(len(raw), bool)
    for name in ("school-0", "school-1"):
        rows = at[SAME.keys["school_id"].to_numpy()[at] == name]
        listed[rows[raw[rows] >= np.sort(raw[rows])[-int(np.ceil(0.05 * len(rows)))]]] = True
    assert told.expected_recall == pytest.approx(np.mean([y[listed].sum() / y.sum() for y in drawn]), abs=0.01)
    assert told.expected_leavers == pytest.approx(risk.sum())
