"""Other draws of the same cohort: how far reasons move with them."""

from __future__ import annotations

import numpy as np
import pytest

from eswarn.model.layout import Layout
from eswarn.model.reference import count_reference
from eswarn.model.refits import could_go_either_way, place_noise, reason_noise, regrown
from eswarn.model.risk import RiskModel
from eswarn.model.shapley import Explainer, explainer_against
from eswarn.model.trees import read_trees

ROWS = 900


def sums(values: np.ndarray) -> np.ndarray:
    """Two columns a theme."""
    return np.asarray(values.reshape(len(values), -1, 2).sum(axis=2))


@pytest.fixture(scope="module")
def fitted() -> tuple[RiskModel, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    table = rng.normal(size=(ROWS, 6))
    y = (table[:, 0] + table[:, 2] + rng.normal(size=ROWS) > 1.5).astype(int)
    return RiskModel(trees=30, depth=3, leaves=6, min_leaf=20).fit(table, y), table, y


def named(n: int) -> np.ndarray:
    """So many schools, or pupils of two rows each."""
    return np.array([f"{i % n:04d}" for i in range(ROWS)])


def test_each_draw_is_another_model_and_the_same_again(fitted):
    model, table, y = fitted
    drawn = (regrown(model, table, y, pupil=named(450), school=named(9), n=3) for _ in range(2))
    once, again = ([booster.predict(table[:50], raw_score=True) for booster in boosters] for boosters in drawn)
    assert len(once) == 3
    assert all(a.tobytes() == b.tobytes() for a, b in zip(once, again, strict=True))
    assert not np.allclose(once[0], once[1])


def test_whole_schools_are_drawn_and_pupils_where_there_are_few_schools(fitted):
    model, table, y = fitted
    few, none = (next(regrown(model, table, y, pupil=named(450), school=named(n), n=1)) for n in (4, 1))
    assert few.model_to_string() == none.model_to_string(), "pupils are drawn whatever the schools"
    many = next(regrown(model, table, y, pupil=named(450), school=named(9), n=1))
    assert few.model_to_string() != many.model_to_string()


def test_a_draw_without_a_case_is_left_out(fitted):
    model, table, y = fitted
    alone = np.zeros(ROWS, int)
    alone[0] = 1
    drawn = list(regrown(model, table, alone, pupil=named(ROWS), school=named(1), n=6))
    assert len(drawn) < 6, "a bootstrap misses one row of 900 every third time"
    assert y.any()


def test_noise_is_what_the_distance_of_the_first_two_themes_moves_by(fitted):
    model, table, y = fitted
    layout = Layout(read_trees(model.booster_.model_to_string()))
    own = Explainer(layout, count_reference(layout, table))
    again = regrown(model, table, y, pupil=named(450), school=named(9), n=4)
    others = [explainer_against(booster.model_to_string(), table) for booster in again]
    found = reason_noise(own, others, table, theme_sums=sums)
    every = np.stack([sums(e(table).values) for e in (own, *others)])
    spread = []
    for row in range(ROWS):
        first, second = sorted(range(3), key=lambda theme: -every[0, row, theme])[:2]
        spread.append(np.std([one[row, first] - one[row, second] for one in every], ddof=1))
    assert found == pytest.approx(np.median(spread))
    assert reason_noise(own, [own, own], table, theme_sums=sums) == 0.0, "a model that never changes has no noise"
    assert reason_noise(own, [], table, theme_sums=sums) == 0.0


def test_noise_of_a_place_is_what_scores_near_the_top_move_by_beside_each_other():
    rng = np.random.default_rng(4)
    own = rng.normal(size=5_000)
    others = [own + shift + rng.normal(0, 0.3, len(own)) for shift in (0.0, 2.0, -1.0)]
    assert place_noise(own, others) == pytest.approx(0.3, rel=0.1), "a shift of all scores moves nobody's place"
    assert place_noise(own, [own, own + 1]) == pytest.approx(0, abs=1e-12)
    assert place_noise(own, []) == 0


def test_a_place_near_the_cut_of_its_own_list_could_go_either_way():
    raw = np.array([3.0, 2.0, 1.0, 0.0, 3.0, 1.1, 0.9, 0.0])
    lists = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    listed = np.array([True, True, False, False, True, True, False, False])
    assert could_go_either_way(raw, lists, listed, 0.1).tolist() == [False] * 5 + [True, True, False]
    assert could_go_either_way(raw, lists, listed, 0.5).tolist() == [False, True, True, False, False, True, True, False]
    assert not could_go_either_way(raw, lists, np.ones(8, bool), 9).any(), "where all are listed there is no cut"
    assert not could_go_either_way(raw, lists, listed, 0).any()
