"""The procedure judged on made-up schools: honest by default, labelled where it is not, and blind to what it must not see."""

from __future__ import annotations

import datetime as dt
import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import eswarn as ew
from eswarn.config import CohortConfig, Config, ModelConfig, SearchConfig, ValidationConfig
from eswarn.errors import InputRefused, UsageError
from eswarn.evaluation.folds import RED_LABEL
from eswarn.evaluation.validate import seen_and_asked, validate
from eswarn.evaluation.validation import Validation
from eswarn.features.compute import choose
from eswarn.features.library import FEATURES
from eswarn.records.store import Records
from tests.made_up_school import few_records, model, records

QUICK = Config(model=ModelConfig(trees=20), validation=ValidationConfig(folds=1, refits=3, draws=200, parts=2))
RULES = {
    "RONI V1", "RONI V2", "persistent absence", "ranked absence", "ABC flags", "FSM only", "school mean", "environment only",
    "last year's list", "ten-feature logistic regression", "constant",
}  # fmt: skip


@functools.cache
def schools() -> Records:
    return ew.simulate(pupils=1_600, years=3, seed=4)


@functools.cache
def told() -> Validation:
    return validate(schools(), QUICK)


@functools.cache
def by_chance() -> Validation:
    return validate(schools(), QUICK, split="random")


def test_every_compulsory_rule_is_on_the_same_pupils() -> None:
    for tested in told().splits:
        assert {rule.name for rule in tested.judged.rules} >= RULES
        assert all(set(rule.reach) == {"together", "each"} for rule in tested.judged.rules)
        assert set(tested.judged.curves) == {"model", *(rule.name for rule in tested.judged.rules)}


def test_the_three_questions_are_answered_with_figures() -> None:
    assert [answer.verdict for answer in told().answers] == ["cannot tell"] * 3  # two schools
    assert all("%" in answer.says for answer in told().answers)
    assert str(told()).startswith("Does the model beat the best simple rule?\n  Cannot tell from ")


def test_everybody_on_roll_is_asked_about_scored_or_not() -> None:
    asked = told().splits[0].asked
    assert (~asked.scored).any()
    assert not pd.DataFrame({"p": asked.pupil, "s": asked.school, "d": asked.as_of.astype(str)}).duplicated().any()
    assert np.isneginf(asked.score[~asked.scored]).all()
    assert np.isnan(asked.risk[~asked.scored]).all()


def test_a_random_split_wears_the_red_label_everywhere() -> None:
    assert told().label == ""
    assert "label" not in told().frame
    assert "label" not in told().lists
    wrong = by_chance()
    assert wrong.label == RED_LABEL
    assert (wrong.frame["label"] == RED_LABEL).all()
    assert (wrong.lists["label"] == RED_LABEL).all()
    assert wrong.plain()["label"] == RED_LABEL
    assert str(wrong).startswith(RED_LABEL.upper())
    assert {answer.verdict for answer in wrong.answers} == {"cannot tell"}, "it supports no claim"
    differences = [e for rule in wrong.plain()["splits"][0]["rules"] for by in rule["difference"].values() for e in by.values()]
    assert {estimate["told"] for estimate in differences} == {"cannot tell"}
    with pytest.raises(UsageError, match='"forward" or "random"'):
        validate(schools(), QUICK, split="stratified")  # type: ignore[arg-type]


def test_the_same_records_say_the_same_and_json_holds_no_pupil() -> None:
    again = validate(ew.simulate(pupils=1_600, years=3, seed=4), QUICK)
    text = json.dumps(told().plain(), allow_nan=False)
    assert text == json.dumps(again.plain(), allow_nan=False)
    assert not any(pupil in text for pupil in set(told().splits[0].asked.pupil.tolist()))


def test_flips_are_marked_by_pupil() -> None:
    lists, luck = told().lists, told().splits[0].arbitrariness
    assert luck is not None
    assert luck.models == 3
    assert lists["flips"].between(0, 1).all()
    assert (lists["could_go_either_way"] == (lists["flips"] >= 0.1)).all()
    scored = lists["risk"].notna()
    assert (lists["risk_low"][scored] <= lists["risk_high"][scored]).all()
    listed = lists["listed"] > 0
    assert luck.flipped == pytest.approx((lists["could_go_either_way"] * lists["listed"]).sum() / lists["listed"].sum())
    assert 0 < luck.always <= luck.overlap <= 1 <= luck.ever
    assert listed.sum() >= lists.groupby(["school_id", "as_of"]).ngroups


def test_outcomes_of_the_test_reach_no_score() -> None:
    """Whoever leaves after the first list went to college instead: lists and rules rank as before, and reach nobody."""
    days = (dt.date(2022, 10, 31), dt.date(2024, 2, 26))
    config = QUICK.model_copy(update={"cohort": CohortConfig(as_of=days)})
    outcomes = schools().tables["outcomes"]
    there, late = outcomes.to_pandas(), pd.to_datetime(outcomes["left_on"].to_pandas()).dt.date >= days[1]
    told_otherwise = late & (there["destination"].astype(str) == "neet") & (there.index % 2 == 0)
    there["destination"] = there["destination"].astype(str).mask(told_otherwise, "college_or_training")
    changed = pa.Table.from_pandas(there, schema=outcomes.schema, preserve_index=False)
    own, other = (validate(r, config).splits[0] for r in (schools(), replace(schools(), tables={**schools().tables, "outcomes": changed})))
    assert own.asked.pupil.tolist() == other.asked.pupil.tolist()
    assert own.asked.score.tolist() == other.asked.score.tolist()
    assert own.asked.risk.tolist() == pytest.approx(other.asked.risk.tolist(), abs=0, nan_ok=True)
    assert (own.asked.y == 1).sum() > (other.asked.y == 1).sum()


def test_a_search_looks_at_inner_cohorts_and_is_told() -> None:
    config = QUICK.model_copy(update={"search": SearchConfig(method="grid")})
    found = validate(schools(), config).plain()["splits"][0]
    assert len(found["search"]) == 1
    assert len(found["search"][0]) >= 2
    assert all(set(trial) == {"settings", "log_loss"} for trial in found["search"][0])


def test_too_few_years_are_refused() -> None:
    with pytest.raises(InputRefused, match="as-of date"):
        validate(few_records(), QUICK)


def test_a_feature_that_takes_the_name_of_one_a_rule_reads_is_refused() -> None:
    taken = replace(next(f for f in FEATURES if f.column == "moves"), name="absence_this_year")
    with pytest.raises(UsageError, match="the rules need"):
        seen_and_asked((taken,))
    columns = [feature.column for feature in seen_and_asked(choose(Config().features))]
    assert len(columns) == len(set(columns))


def test_what_is_written(tmp_path: Path) -> None:
    out = tmp_path / "validated"
    ew.validate(schools(), QUICK, out=out, tracking="off")
    assert {path.name for path in out.iterdir()} >= {"validation.html", "validation.json", "rules.csv", "lists.csv"}
    page = (out / "validation.html").read_text(encoding="utf-8")
    assert "ranked absence" in page
    assert RED_LABEL not in page
    with pytest.raises(InputRefused, match="exists already"):
        ew.validate(schools(), QUICK, out=out, tracking="off")


def test_a_model_is_judged_on_later_cohorts_only() -> None:
    with pytest.raises(InputRefused, match="learned from labels that were known by"):
        ew.evaluate(model(), records())
    early = ew.train(
        schools(), Config(model=ModelConfig(trees=20), cohort={"as_of": ["2022-10-31"]}, validation={"in_training": False}), tracking="off"
    )  # type: ignore[arg-type]
    found = ew.evaluate(early, schools(), config=QUICK)
    assert [tested.split for tested in found.splits] == ["later cohort"]
    assert found.about["model_id"] == early.id
    own = found.splits[0].asked
    assert own.as_of.min() >= np.datetime64("2023-11-30")
    day = own.as_of.max().astype(object)
    issued = ew.score(early, schools(), day).frame.set_index("pupil_id")["risk"]
    there = (own.as_of == own.as_of.max()) & own.scored
    assert dict(zip(own.pupil[there], own.risk[there], strict=True)) == issued.to_dict()


def test_a_training_carries_its_validation_on_the_card() -> None:
    card: dict[str, Any] = ew.train(schools(), QUICK, tracking="off").card
    assert card["validation"]["splits"][0]["split"] == "same schools"
    assert len(card["validation"]["answers"]) == 3
    off = QUICK.model_copy(update={"validation": ValidationConfig(in_training=False)})
    assert ew.train(schools(), off, tracking="off").card["validation"] == {"not_validated": "[validation] in_training is off"}
