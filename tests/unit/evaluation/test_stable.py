"""What of a list and its reasons is left when the model is fitted again on other draws (E7)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eswarn.errors import ModelRefused
from eswarn.evaluation.audit.lines import Run
from eswarn.evaluation.audit.stable import Stability, as_trained, refits, stability
from eswarn.model.issue import rank_in_school
from tests.unit.evaluation import made_up_run


@pytest.fixture(scope="module")
def run() -> Run:
    return made_up_run.run()


@pytest.fixture(scope="module")
def told(run: Run) -> Stability:
    found = stability(run, made_up_run.training())
    assert found is not None
    return found


def test_most_flags_and_themes_come_again(run: Run, told: Stability) -> None:
    assert told.models == run.refits
    assert 0 < told.flips < 0.5
    assert 0 < told.always <= 1 - told.flips
    assert 0.5 < told.overlap <= 1
    assert refits(run).result == "passed"


def test_the_noise_is_told_of_every_theme_and_is_0_where_no_tree_asks(run: Run, told: Stability) -> None:
    assert set(told.noise) == set(run.model.teller.themes)
    assert told.noise["termly totals"] == 0  # nobody has any
    assert 0 < told.noise["absence"] < 1


def test_a_list_from_shuffled_labels_fails(run: Run) -> None:
    """The control: flagged by a model that has learned nothing, so that no refit flags the same pupils."""
    rows = made_up_run.training()
    lots = as_trained(run).grow(rows.table, np.random.default_rng(1).permutation(rows.y), seed=1).predict(run.table, raw_score=True)
    school = np.unique(run.school, return_inverse=True)[1]
    places = np.bincount(school, weights=run.flagged)[school]
    check = refits(replace(run, flagged=rank_in_school(school, np.asarray(lots)) <= places))
    assert check.result == "failed"


def test_whole_schools_are_drawn_where_there_are_five(run: Run, told: Stability) -> None:
    rows = made_up_run.training()
    six = np.array([f"school {int(name[1:]) % 6}" for name in rows.pupil])
    found = stability(replace(run, refits=2), replace(rows, school=six))
    assert found is not None
    assert (told.drawn, found.drawn) == ("pupils", "schools")


def test_the_sizes_and_directions_are_those_of_the_model(run: Run) -> None:
    model = as_trained(run)
    assert model.size_ == {name: run.model.card["model"][name] for name in ("trees", "depth", "leaves", "min_leaf", "average")}
    assert model.monotone == {str(i): feature.sign for i, feature in enumerate(run.model.features)}
    assert as_trained(run, directed=False).monotone is None


def test_the_same_rows_and_seed_give_the_same_trees(run: Run) -> None:
    """The settings are complete: grown on the rows it learned from, the model at hand comes out again."""
    rows, model = made_up_run.training(), as_trained(run)
    again = model.grow(rows.table, rows.y, seed=model.seed)
    assert np.array_equal(again.predict(run.table, raw_score=True), run.raw)


@pytest.mark.parametrize("told", [{}, {"trees": 10**9, "depth": 2, "leaves": 4, "min_leaf": 20}, {"trees": 3, "depth": 40}, None, {"x": 1}])
def test_a_card_that_does_not_say_how_it_was_trained_is_refused(run: Run, told: object) -> None:
    model = replace(run.model, card={**run.model.card, "model": told})
    with pytest.raises(ModelRefused, match="does not say how it was trained"):
        as_trained(replace(run, model=model))


def test_nothing_is_told_without_records_without_flags_or_of_one_refit(run: Run) -> None:
    assert "--records" in refits(replace(run, training=None)).figure
    assert refits(replace(run, training=None)).result == "cannot tell"
    assert refits(replace(run, refits=1)).result == "cannot tell"
    assert refits(replace(run, flagged=np.zeros(len(run.raw), bool))).result == "not applicable"
