"""A search looks at inner cohorts only, keeps what was set by hand, and takes the settings that did best."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from eswarn.config import Config, ModelConfig, SearchConfig
from eswarn.errors import UsageError
from eswarn.features.compute import Dataset
from eswarn.model.fit import fit
from eswarn.model.risk import RiskModel
from eswarn.model.search import GRID, search
from tests.made_up_school import dataset

GRID_CONFIG = Config(model=ModelConfig(average=1), search=SearchConfig(method="grid"))


def labelled(seed: int = 3) -> Dataset:
    data = dataset()
    chance = 1 / (1 + np.exp(2.5 - 12 * data.X["absence_this_year"].fillna(0).to_numpy()))
    return replace(data, y=(np.random.default_rng(seed).random(len(data.X)) < chance).astype(float))


def make(settings: ModelConfig) -> RiskModel:
    return RiskModel(**{name: getattr(settings, name) for name in ("trees", "average", "depth", "leaves", "l2", "seed")})


def test_every_setting_of_the_grid_is_tried_once_and_the_best_is_taken() -> None:
    found, tried = search(make, labelled(), GRID_CONFIG)
    assert 3 <= len(tried) <= len(GRID)
    best = min(tried, key=lambda trial: trial.log_loss)
    assert {name: getattr(found, name) for name in best.settings} == dict(best.settings)
    assert all(0 < trial.log_loss < 1 for trial in tried)
    assert len({tuple(sorted(t.settings.items())) for t in tried}) == len(tried)


def test_what_is_set_by_hand_is_not_searched_for() -> None:
    config = GRID_CONFIG.model_copy(update={"model": ModelConfig(trees=30, average=1, l2=3.0)})
    found, tried = search(make, labelled(), config)
    assert (found.trees, found.l2) == (30, 3.0)
    assert all(not {"trees", "l2"} & set(trial.settings) for trial in tried)


def test_the_same_data_find_the_same_settings() -> None:
    once, again = (search(make, labelled(), GRID_CONFIG) for _ in range(2))
    assert once == again


def test_a_search_is_part_of_fitting_and_is_off_by_default() -> None:
    config = Config(model=ModelConfig(trees=15, average=1))
    assert fit(labelled(), config).tried == ()
    fitted = fit(labelled(), config.model_copy(update={"search": SearchConfig(method="grid")}))
    assert len(fitted.tried) > 1
    assert fitted.risk_model.size_["trees"] == 15
    assert fitted.risk_model.l2 == fitted.settings.l2


def test_optuna_tries_as_many_as_asked_beginning_with_what_follows_from_the_data() -> None:
    config = Config(model=ModelConfig(trees=15, average=1), search=SearchConfig(method="optuna", trials=4))
    found, tried = search(make, labelled(), config)
    assert 2 <= len(tried) <= 4
    assert tried[0].settings["l2"] == config.model.l2
    assert min(trial.log_loss for trial in tried) == next(
        trial.log_loss for trial in tried if all(getattr(found, name) == value for name, value in trial.settings.items())
    )


def test_without_optuna_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError, match="optuna is not installed"):
        search(make, labelled(), Config(search=SearchConfig(method="optuna", trials=2)))
