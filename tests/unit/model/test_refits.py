"""Other draws of the same cohort: how far reasons move with them."""

from __future__ import annotations

import numpy as np
import pytest

from eswarn.model.layout import Layout
from eswarn.model.reference import count_reference
from eswarn.model.refits import reason_noise, refits
from eswarn.model.risk import RiskModel
from eswarn.model.shapley import Explainer
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
    once, again = ([e(table[:50]).values for e in refits(model, table, y, pupil=named(450), school=named(9), n=3)] for _ in range(2))
    assert len(once) == 3
    assert all(a.tobytes() == b.tobytes() for a, b in zip(once, again, strict=True))
    assert not np.allclose(once[0], once[1])


def test_whole_schools_are_drawn_and_pupils_where_there_are_few_schools(fitted):
    model, table, y = fitted
    few, none = (next(refits(model, table, y, pupil=named(450), school=named(n), n=1)) for n in (4, 1))
    assert few(table[:50]).values.tobytes() == none(table[:50]).values.tobytes(), "pupils are drawn whatever the schools"
    many = next(refits(model, table, y, pupil=named(450), school=named(9), n=1))
    assert few(table[:50]).values.tobytes() != many(table[:50]).values.tobytes()


def test_a_draw_without_a_case_is_left_out(fitted):
    model, table, y = fitted
    alone = np.zeros(ROWS, int)
    alone[0] = 1
    drawn = list(refits(model, table, alone, pupil=named(ROWS), school=named(1), n=6))
    assert len(drawn) < 6, "a bootstrap misses one row of 900 every third time"
    assert y.any()


def test_noise_is_what_the_distance_of_the_first_two_themes_moves_by(fitted):
    model, table, y = fitted
    layout = Layout(read_trees(model.booster_.model_to_string()))
    own = Explainer(layout, count_reference(layout, table))
    others = list(refits(model, table, y, pupil=named(450), school=named(9), n=4))
    found = reason_noise(own, others, table, theme_sums=sums)
    every = np.stack([sums(e(table).values) for e in (own, *others)])
    spread = []
    for row in range(ROWS):
        first, second = sorted(range(3), key=lambda theme: -every[0, row, theme])[:2]
        spread.append(np.std([one[row, first] - one[row, second] for one in every], ddof=1))
    assert found == pytest.approx(np.median(spread))
    assert reason_noise(own, [own, own], table, theme_sums=sums) == 0.0, "a model that never changes has no noise"
    assert reason_noise(own, [], table, theme_sums=sums) == 0.0
