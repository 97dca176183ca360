"""The list of one day by group: everybody on roll once, small numbers hidden, remedies measured and none applied."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest

import eswarn as ew
from eswarn.config import Config, ModelConfig, ValidationConfig
from eswarn.evaluation.by_group import ByGroup
from eswarn.evaluation.fairness.suppress import HIDDEN
from eswarn.evaluation.metrics import listed
from eswarn.evaluation.validate import validate
from eswarn.evaluation.validation import Validation
from eswarn.records.store import Records

QUICK = Config(model=ModelConfig(trees=15, average=1), validation=ValidationConfig(folds=1, refits=2, draws=200, parts=2))


@functools.cache
def schools() -> Records:
    return ew.simulate(pupils=1_600, years=3, seed=4)


@functools.cache
def told() -> Validation:
    return validate(schools(), QUICK)


def groups() -> ByGroup:
    found = told().groups
    assert found is not None
    return found


def test_everybody_of_the_latest_day_is_counted_once_scored_or_not() -> None:
    asked = told().splits[0].asked
    today = asked.rows(asked.as_of == asked.as_of.max())
    counts = groups().table.counts["all pupils"]
    assert groups().as_of == asked.as_of.max().astype(object)
    assert counts.pupils.sum() == today.known.sum()
    assert counts.leavers.sum() == (today.y == 1).sum()
    own = listed(today.score, 0.05, lists=today.each)
    assert counts.listed.sum() == pytest.approx(own[today.known].sum())
    assert counts.unscored.sum() == (~today.scored & today.known).sum()


def test_every_division_that_is_recorded_is_compared() -> None:
    names = {division.name for division in groups().table.divisions}
    assert {"sex", "ethnicity", "free school meals", "SEN", "year group", "school", "joined"} <= names
    assert any(division.within for division in groups().table.divisions), "two at a time"
    assert set(groups().verdicts.frame["verdict"]) <= {"gap shown", "no gap larger than 0.1", "cannot tell"}


def test_what_leaves_the_school_holds_no_small_number_and_no_verdict_on_what_is_hidden() -> None:
    plain = groups().plain()
    json.dumps(plain, allow_nan=False)
    for row in plain["rows"]:
        for name in ("n", "leavers"):
            assert row[name] == HIDDEN or int(float(row[name])) == 0 or int(float(row[name])) >= 6
        if row["leavers"] == HIDDEN:
            assert row["recall"]["value"] is None
            assert set(row["verdicts"].values()) == {HIDDEN}
    assert plain["margin"] == 0.1
    assert plain["overall"]["recall"]["value"] == pytest.approx(groups().table.overall["recall"], abs=1e-3)


def test_remedies_are_measured_beside_the_list_as_it_is() -> None:
    remedies = groups().remedies
    assert remedies is not None
    assert len(remedies) == 4
    assert remedies["cost"].iloc[0] == 0
    assert remedies["swapped"].iloc[1:].gt(0).any()
    assert np.allclose(remedies["places"], remedies["places"].iloc[0], rtol=0.1)
    asked, again = told().splits[0].asked, validate(schools(), QUICK).splits[0].asked
    assert asked.score.tolist() == again.score.tolist(), "none is applied"


def test_how_well_a_group_can_be_guessed_is_told_of_protected_groups_only() -> None:
    guessed = groups().proxies
    assert {"year group", "school"}.isdisjoint(guessed["division"])
    known = guessed[guessed["auc"].notna()]
    assert ((known["low"] <= known["auc"]) & (known["auc"] <= known["high"])).all()
    assert list(known["auc"]) == sorted(known["auc"], reverse=True)
