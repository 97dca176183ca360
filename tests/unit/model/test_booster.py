"""What of a training cohort stays in a model text, what LightGBM is given to read, and its traps; each fails on the day it changes."""

from __future__ import annotations

import builtins
import re
import sys
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from eswarn.errors import ModelRefused, OurBug
from eswarn.model.booster import averaged, booster_from, library, without_pupils
from eswarn.model.risk import RiskModel
from eswarn.model.trees import read_trees
from tests import made_up_school

SETTINGS = {"objective": "binary", "verbosity": -1, "deterministic": True, "force_row_wise": True, "min_data_in_leaf": 20, "num_leaves": 7}


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    rng = np.random.default_rng(4)
    table = rng.normal(size=(400, 3))
    table[:40, 1] = np.nan
    return table


@pytest.fixture(scope="module")
def text(table: np.ndarray) -> str:
    y = (table[:, 0] + np.nan_to_num(table[:, 1]) > 1).astype(int)
    return lgb.train(SETTINGS, lgb.Dataset(table, y), num_boost_round=20).model_to_string()


def test_the_smallest_and_largest_value_of_each_feature_are_taken_out(text: str, table: np.ndarray):
    extremes = [repr(float(f(column))) for column in table.T for f in (np.nanmin, np.nanmax)]
    assert any(value[:8] in text for value in extremes), "LightGBM no longer writes them: this can go"
    kept = without_pupils(text)
    assert not [value for value in extremes if value[:8] in kept]
    assert re.search(r"^feature_infos=(\[-1e\+300:1e\+300\] ?){3}$", kept, re.MULTILINE)


def test_scores_and_reasons_do_not_change_by_a_bit_when_they_are_taken_out(text: str, table: np.ndarray):
    before, after = lgb.Booster(model_str=text), booster_from(read_trees(without_pupils(text)))
    for kind in ("raw_score", "pred_contrib"):
        assert before.predict(table, **{kind: True}).tobytes() == after.predict(table, **{kind: True}).tobytes()


def test_what_was_taken_out_stays_out_when_the_text_is_written_again(text: str):
    again = lgb.Booster(model_str=without_pupils(text)).model_to_string()
    assert without_pupils(again) == again


def test_a_text_with_categories_is_our_own_fault(text: str):
    for wrong in (text.replace("pandas_categorical:null", 'pandas_categorical:[["P1"]]'), text.replace("feature_names=", "names=")):
        with pytest.raises(OurBug, match="categories or no feature names"):
            without_pupils(wrong)


def test_the_mean_of_several_texts_is_one_text_that_both_readers_read(text: str, table: np.ndarray):
    y = (table[:, 2] > 0.5).astype(int)
    other = lgb.train(SETTINGS | {"max_depth": 3}, lgb.Dataset(table, y), num_boost_round=7).model_to_string()
    stump = lgb.train(SETTINGS, lgb.Dataset(table[:30], y[:30]), num_boost_round=2).model_to_string()  # too few rows for any question
    texts = [text, other, stump]
    mean = averaged(texts)
    wanted = np.mean([lgb.Booster(model_str=one).predict(table, raw_score=True) for one in texts], axis=0)
    for booster in (lgb.Booster(model_str=mean), booster_from(read_trees(mean))):
        assert booster.predict(table, raw_score=True) == pytest.approx(wanted, abs=1e-12)
    assert len(read_trees(mean)) == sum(len(read_trees(one)) for one in texts) > 27
    assert read_trees(lgb.Booster(model_str=mean).model_to_string()).value.tobytes() == read_trees(mean).value.tobytes()
    gains = sum(lgb.Booster(model_str=one).feature_importance("gain") for one in texts)
    assert lgb.Booster(model_str=mean).feature_importance("gain") == pytest.approx(gains)
    assert averaged([text]) == text


def test_a_machine_without_libgomp_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def fails(name: str, *args: Any, **options: Any) -> Any:
        if name == "lightgbm":
            raise OSError("libgomp.so.1: cannot open shared object file: No such file or directory")
        return real(name, *args, **options)

    monkeypatch.delitem(sys.modules, "lightgbm")
    monkeypatch.setattr(builtins, "__import__", fails)
    with pytest.raises(ModelRefused) as told:
        library()
    assert told.value.exit_code == 4
    assert "libgomp" in told.value.what
    assert "apt-get install libgomp1" in told.value.do
    assert told.value.__suppress_context__


def test_trap_lightgbm_does_not_look_at_the_order_of_columns(text: str, table: np.ndarray):
    booster = booster_from(read_trees(text))
    assert not np.array_equal(booster.predict(table), booster.predict(table[:, ::-1])), "accepted, and other scores"


def test_trap_a_value_missing_where_training_had_none_is_read_as_zero(text: str):
    booster = booster_from(read_trees(text))
    never, sometimes = np.full((1, 3), 2.0), np.full((1, 3), 2.0)
    never[0, 0], sometimes[0, 1] = np.nan, np.nan
    as_zero = [np.where(np.isnan(row), 0, row) for row in (never, sometimes)]
    assert booster.predict(never) == booster.predict(as_zero[0])
    assert booster.predict(sometimes) != booster.predict(as_zero[1]), "where training had some, missing is an answer of its own"


def test_lightgbm_is_given_nothing_but_what_we_wrote(text: str, table: np.ndarray, monkeypatch: pytest.MonkeyPatch):
    given: list[str] = []
    monkeypatch.setattr(lgb, "Booster", lambda model_str: given.append(model_str) or real(model_str=model_str))
    real = lgb.basic.Booster
    named = text.replace("feature_names=Column_0", "feature_names=Köln\x07").replace("[learning_rate: 0.1]", "[x: secret]")
    loaded = booster_from(read_trees(named))
    assert given == [read_trees(text).text()]
    assert "secret" not in given[0]
    assert loaded.predict(table).tobytes() == real(model_str=text).predict(table).tobytes(), "chances too, not only raw scores"


def test_a_booster_trained_here_keeps_gains_and_weights_and_its_words(table: np.ndarray):
    y = (table[:, 0] > 1).astype(int)
    booster = RiskModel(trees=5).fit(table, y).booster_
    assert booster.feature_importance("gain")[0] > 0
    assert {"internal_value", "internal_weight", "split_gain"} <= set(booster.dump_model()["tree_info"][0]["tree_structure"])
    assert re.search(r"^leaf_weight=[0-9]", booster.model_to_string(), re.MULTILINE)


def test_a_text_whose_trees_changed_length_is_refused_before_it_is_parsed():
    """LightGBM 4.7 ends the process on such a text."""
    text = made_up_school.model().booster_text
    at = text.index("leaf_value=") + len("leaf_value=")
    digit = next(i for i in range(at, len(text)) if text[i].isdigit())
    for damaged in (text[:digit] + text[digit + 1 :], text[:digit] + "1" + text[digit:], text.replace("tree_sizes=", "tree_size=")):
        with pytest.raises(ModelRefused, match="damaged"):
            booster_from(read_trees(damaged))
    assert booster_from(read_trees(text)).num_trees() > 0, "the control"
