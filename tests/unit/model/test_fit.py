"""Fitting: who is learned from, what the card says about it, and when the answer is no."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import eswarn as ew
from eswarn import words
from eswarn.config import CohortConfig, Config, ModelConfig
from eswarn.errors import InputRefused
from eswarn.features.compute import Dataset
from eswarn.model.fit import assemble, fit
from tests import made_up_school

SMALL = Config(model=ModelConfig(trees=5, depth=2, leaves=4))


def labelled(leavers: int, *, n: int = 900, dates: tuple[str, ...] = ("2023-09-04", "2024-09-02", "2025-02-24")) -> Dataset:
    """Rows of made-up pupils spread over as-of dates, each pupil once; so many of them left, evenly over the dates."""
    data = made_up_school.dataset()
    X = data.X.iloc[np.arange(n) % len(data.X)].reset_index(drop=True)
    days = [dt.date.fromisoformat(dates[i % len(dates)]) for i in range(n)]
    keys = data.keys.iloc[np.arange(n) % len(data.X)].reset_index(drop=True).assign(pupil_id=[f"P{i:05d}" for i in range(n)], as_of=days)
    y = np.zeros(n)
    y[:leavers] = 1
    return replace(data, X=X, keys=keys, y=y, unknown=np.zeros(n, bool))


def assembled(data: Dataset, config: Config = SMALL) -> dict[str, Any]:
    return dict(assemble(fit(data, config), data, config, digest="d", metrics={"auc": 0.5}, validation={}, registers={}).card)


def calibration(how: str, **cohort: Any) -> Config:
    return Config(model=ModelConfig(trees=5, depth=2, leaves=4, calibration=how), cohort=CohortConfig(horizon_days=100, **cohort))


# --- who is learned from ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leavers", [0, 1, 29])
def test_under_thirty_leavers_there_is_no_model(leavers: int):
    with pytest.raises(InputRefused) as told:
        fit(labelled(leavers), SMALL)
    assert told.value.what == f"{words.count(leavers, 'pupil')} known to have left early, and 30 is the least a model may learn from"
    assert "more years" in told.value.do


def test_thirty_leavers_are_enough():
    assert fit(labelled(30), SMALL).y.sum() == 30


def test_leavers_alone_or_no_labels_at_all_make_no_model():
    data = labelled(30)
    for y in (np.ones(len(data.y)), np.full(len(data.y), np.nan)):
        with pytest.raises(InputRefused, match="known to have left early"):
            fit(replace(data, y=y), SMALL)


def test_a_pupil_who_left_counts_once_however_many_dates_saw_it_coming():
    data = labelled(60)
    twice = data.keys["pupil_id"].where(data.y == 0, [f"L{i % 29}" for i in range(len(data.y))])
    with pytest.raises(InputRefused, match="29 pupils"):
        fit(replace(data, keys=data.keys.assign(pupil_id=twice)), SMALL)


def test_rows_without_a_label_teach_nothing_and_are_counted():
    data = labelled(90)
    hidden = np.arange(len(data.y)) % 3 == 0
    y = np.where(hidden, np.nan, data.y)
    told, without = assembled(replace(data, y=y)), assembled(data.rows(~hidden))
    assert told["cohort"]["not_labelled_rows"] == 300
    assert told["cohort"]["rows"] == without["cohort"]["rows"] == 600
    models = [fit(d, SMALL).risk_model.booster_.model_to_string() for d in (replace(data, y=y), data.rows(~hidden))]
    assert models[0] == models[1]


# --- calibration -----------------------------------------------------------------------------------------------------


def test_a_later_cohort_calibrates_where_there_is_one():
    fitted = fit(labelled(600), calibration("auto"))
    assert fitted.risk_model.calibrated_on_ == "later cohort"
    assert [str(day) for day in fitted.judged_on] == ["2025-02-24"]
    assert sorted(map(str, set(fitted.data.keys["as_of"]))) == ["2023-09-04", "2024-09-02"]
    assert len(fitted.raw) == 300
    last_label, delay = dt.date(2024, 9, 2) + dt.timedelta(days=100), dt.timedelta(days=30)
    assert last_label + delay <= fitted.judged_on[0], "no label of the training block reaches into the later one"


def test_few_leavers_are_not_split_off_and_cross_fitting_can_be_asked_for():
    for fitted in (fit(labelled(100), calibration("auto")), fit(labelled(600), calibration("cross-fit"))):
        assert fitted.risk_model.calibrated_on_ == "cross-fit"
        assert len(fitted.raw) == 900


def test_a_later_cohort_that_was_asked_for_must_leave_enough_to_learn_from():
    assert fit(labelled(60), calibration("later-cohort")).risk_model.calibrated_on_ == "later cohort"
    with pytest.raises(InputRefused, match="30 is the least a model may learn from"):
        fit(labelled(36), calibration("later-cohort"))
    with pytest.raises(InputRefused, match="no later cohort") as told:
        fit(labelled(60, dates=("2023-09-04",)), calibration("later-cohort"))
    assert 'calibration = "cross-fit"' in told.value.do


# --- the same model --------------------------------------------------------------------------------------------------


def test_the_order_of_the_records_does_not_change_the_model():
    records = made_up_school.records()
    rng = np.random.default_rng(8)
    mixed = {name: table.take(rng.permutation(table.num_rows)) for name, table in reversed(records.tables.items())}
    again = ew.train(replace(records, tables=mixed), tracking="off")
    assert again == made_up_school.model()
    assert again.id == made_up_school.model().id


def test_another_seed_is_another_model():
    ones = [fit(labelled(90), SMALL.model_copy(update={"model": ModelConfig(trees=5, depth=2, leaves=4, seed=s)})) for s in (1, 1, 2)]
    texts = [one.risk_model.booster_.model_to_string() for one in ones]
    assert texts[0] == texts[1] != texts[2]


# --- the card --------------------------------------------------------------------------------------------------------


def test_the_card_says_what_was_learned_from_whom_and_how():
    card, data = made_up_school.model().card, made_up_school.dataset()
    cohort = card["cohort"]
    assert cohort["rows"] > cohort["pupils"] > cohort["leavers"] >= 30
    assert (
        cohort["said"]
        == f"{cohort['pupils']} pupils of 2 schools on {len(cohort['as_of'])} dates from {cohort['as_of'][0]} to {cohort['as_of'][-1]}"
    )
    assert cohort["base_rate"] == pytest.approx(cohort["leaver_rows"] / cohort["rows"], abs=1e-6)
    assert [f["column"] for f in card["features"]] == [f.column for f in data.features]
    assert [f["fingerprint"] for f in card["features"]] == [f.fingerprint for f in data.features]
    assert card["feature_fingerprint"] == data.fingerprint
    assert card["calibration"]["on"] == "cross-fit"
    assert card["explanations"]["method"] == "interventional"
    assert set(card["software"]) == {"lightgbm", "numpy", "pandas", "scikit-learn"}
    assert 0.6 < card["metrics"]["auc"] < 0.95, "above .95 on a year-ahead label something leaks"


def test_the_card_holds_no_place_no_name_and_no_clock():
    text = json.dumps(made_up_school.model().card)
    assert str(made_up_school.exports()) not in text
    assert str(dt.date.today()) not in text  # noqa: DTZ011
    assert "tracking" not in text


def test_protected_features_that_were_asked_for_are_on_the_card_with_the_reason():
    config = Config.model_validate({"features": {"protected": {"fsm": "agreed with governors"}}, "model": {"trees": 5}})
    model = ew.train(made_up_school.records(), config, tracking="off")
    assert [f["column"] for f in model.card["features"] if f["protected"]] == ["fsm"]
    assert model.card["config"]["features"]["protected"] == {"fsm": "agreed with governors"}


def test_a_horizon_that_ends_on_a_date_is_kept_and_asked_for_again():
    config = Config.model_validate(
        {
            "cohort": {"until": "2025-07-18", "as_of": ["2023-09-11", "2023-10-30"], "delay_days": 0},
            "model": {"trees": 5, "min_leavers": 30},
        }
    )
    data = labelled(60)
    model = assemble(fit(data, config), data, config, digest="d", metrics={}, validation={}, registers={})
    assert model.card["cohort"]["horizon"] == "until 2025-07-18"
    assert "horizon_days" not in model.card["config"]["cohort"]
    assert ew.score(model, made_up_school.records(), made_up_school.AS_OF).about["horizon_until"] == "2025-07-18"
    with pytest.raises(ew.errors.UsageError, match="that is over"):
        ew.score(model, made_up_school.few_records(), "2025-07-18")
