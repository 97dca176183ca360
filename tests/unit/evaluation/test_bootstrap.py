"""Intervals over draws of schools, and the figures under those draws, against cohorts in which the schools drawn are really repeated."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from eswarn.errors import UsageError
from eswarn.evaluation import calibrated, metrics, redrawn
from eswarn.evaluation.bootstrap import Draws, Estimate, draw, interval


def cohort(schools: int, pupils: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """School, score (with ties, and some rows not scored), risk and outcome."""
    random = np.random.default_rng(seed)
    school = np.repeat(np.arange(schools), pupils)
    x = random.normal(size=len(school)) + random.normal(size=schools)[school]
    risk = 1 / (1 + np.exp(2 - x))
    y = (random.random(len(x)) < risk).astype(int)
    score = np.where(random.random(len(x)) < 0.05, -np.inf, np.round(x, 1))
    return school, score, risk, y


def repeated(draws: Draws, row: int) -> np.ndarray:
    """Positions of the rows of one draw, as often as they were drawn."""
    return np.repeat(np.arange(len(draws.cluster)), draws.weights[row][draws.cluster])


def test_first_come_the_data_as_they_are_then_draws_of_as_many_schools_then_each_left_out():
    draws = draw(["b", "a", "b", "c"], n=50, seed=3)
    assert draws.cluster.tolist() == [1, 0, 1, 2]
    assert draws.weights[0].tolist() == [1, 1, 1]
    assert (draws.weights[1:51].sum(axis=1) == 3).all()
    assert draws.weights[51:].tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    assert len(draw(np.arange(21), n=50).weights) == 51, "of more than twenty schools none is left out in turn"
    assert draws.weights[1:51].mean(axis=0) == pytest.approx([1, 1, 1], abs=0.4)


def test_draws_follow_the_names_of_schools_not_the_order_of_rows():
    school, score, _, y = cohort(9, 20)
    new = np.random.default_rng(2).permutation(len(y))
    one, other = draw(school, n=100), draw(school[new], n=100)
    assert (one.weights == other.weights).all()
    assert redrawn.areas(one, score, y)[0] == pytest.approx(redrawn.areas(other, score[new], y[new])[0], abs=1e-12)
    assert (draw(school, n=100, seed=2).weights != one.weights).any()


def test_every_figure_is_that_of_the_schools_drawn_repeated():
    school, score, risk, y = cohort(6, 40)
    draws = draw(school, n=12)
    auc, precise = redrawn.areas(draws, score, y)
    within, (slope, intercept) = redrawn.auc_within(draws, score, y), redrawn.calibration(draws, risk, y)
    reached, right = redrawn.recut(draws, score, y, [0.2, 0.05, 7])
    share = metrics.listed(score, 0.1, lists=school)
    by_list, brier = draws.ratio(share * y, y), draws.ratio((risk - y) ** 2, np.ones(len(y)))
    for row in range(len(draws.weights)):
        at = repeated(draws, row)
        assert auc[row] == pytest.approx(metrics.auc(score[at], y[at]), abs=1e-12)
        assert precise[row] == pytest.approx(metrics.average_precision(score[at], y[at]), abs=1e-12)
        own = np.unique(np.stack([school[at], _copies(at)]), axis=1, return_inverse=True)[1]  # a school drawn twice is two schools
        assert within[row] == pytest.approx(metrics.auc(score[at], y[at], school=own), abs=1e-12)
        assert slope[row] == pytest.approx(calibrated.slope(risk[at], y[at]), abs=1e-9)
        assert intercept[row] == pytest.approx(calibrated.intercept(risk[at], y[at]), abs=1e-9)
        assert by_list[row] == pytest.approx(metrics.recall(share[at], y[at]))
        assert brier[row] == pytest.approx(calibrated.brier(risk[at], y[at]))
        for column, places in enumerate([48, 12, 7]):  # of 240 rows, in the same share of the rows drawn
            number = np.array([places * len(at) / 240])
            mine = metrics._listed(score[at], number, np.zeros(len(at), np.int64))
            assert reached[row, column] == pytest.approx(metrics.recall(mine, y[at]))
            assert right[row, column] == pytest.approx(metrics.precision(mine, y[at]))


def _copies(at: np.ndarray) -> np.ndarray:
    """Which copy of its row each position is."""
    return np.arange(len(at)) - np.searchsorted(at, at)


def test_where_too_few_are_scored_places_stay_empty():
    score, y = np.array([2.0, 1.0, -np.inf, -np.inf]), np.array([1, 0, 1, 0])
    draws = draw(["a", "b", "a", "b"], n=1)
    recall, precision = redrawn.recut(draws, score, y, [3])
    assert (recall[0, 0], precision[0, 0]) == (0.5, 0.5)
    nobody = redrawn.recut(draws, np.full(4, -np.inf), y, [3])
    assert (nobody[0][0, 0], math.isnan(nobody[1][0, 0])) == (0, True)


def test_of_a_part_without_rows_nothing_is_defined():
    draws = replace(draw(["a", "b"], n=3), cluster=np.zeros(0, np.int64))
    none, nobody = np.zeros(0), np.zeros(0, int)
    figures = [*redrawn.areas(draws, none, nobody), redrawn.auc_within(draws, none, nobody), *redrawn.calibration(draws, none, nobody)]
    figures += [column[:, 0] for column in redrawn.recut(draws, none, nobody, [0.05])]
    assert all(np.isnan(figure).tolist() == [True] * 6 for figure in figures)


def test_all_groups_are_worked_out_at_once():
    school, _, risk, y = cohort(5, 30)
    draws, groups = draw(school, n=20), np.stack([y * 0 + 1, school % 2, np.zeros(len(y))], axis=1)
    together = draws.ratio(groups * y[:, None], groups * risk[:, None])
    assert together[:, 1] == pytest.approx(draws.ratio(y * groups[:, 1], risk * groups[:, 1]))
    assert np.isnan(together[:, 2]).all()


@given(st.integers(2, 40))
def test_the_interval_is_a_t_interval_made_wider_for_few_clusters(clusters: int):
    drawn = np.random.default_rng(clusters).normal(0.5, 0.01, 500)
    room = stats.t.ppf(0.975, clusters - 1) * drawn.std(ddof=1) * math.sqrt(clusters / (clusters - 1))
    found = interval(0.5, drawn, clusters, scale="difference")
    assert (found.low, found.high) == (pytest.approx(0.5 - room), pytest.approx(0.5 + room))
    odds = interval(0.5, drawn, clusters, scale="share")
    assert math.log(odds.high / (1 - odds.high)) == pytest.approx(4 * room) == pytest.approx(-math.log(odds.low / (1 - odds.low)))
    ratio = interval(2.0, drawn, clusters, scale="ratio")
    assert math.log(ratio.high / 2) == pytest.approx(room / 2) == pytest.approx(math.log(2 / ratio.low))


@pytest.mark.parametrize("value", [0.0, 1e-9, 0.02, 0.98, 1.0])
def test_a_share_never_leaves_its_scale(value: float):
    found = interval(value, np.append(np.full(99, value), 0.5), 3, scale="share")
    assert 0 <= found.low <= value <= found.high <= 1
    wild = interval(1e-100, np.array([0.0, 1e100] * 9), 3, scale="ratio")
    assert 0 <= wild.low <= 1e-100 < wild.high


def test_what_is_the_same_in_every_draw_is_not_thereby_certain():
    found = interval(0.0, np.zeros(100), 30, scale="share")
    assert (found.told, found.low, found.high) == ("cannot tell", 0, 0)
    assert "the same in every draw" in str(found), "none of four leavers reached is not a recall of nought for sure"


@pytest.mark.parametrize(("lost", "told"), [(0, ""), (5, ""), (6, "cannot tell"), (100, "cannot tell")])
def test_draws_without_a_value_are_counted_and_too_many_tell_nothing(lost: int, told: str):
    found = interval(0.5, np.append(np.linspace(0, 1, 100 - lost), ([np.nan, np.inf] * 50)[:lost]), 30, scale="share")
    assert found.told == told
    assert (f"no value in {lost} of 100 draws" in found.why) == bool(lost)
    assert math.isnan(found.low) == (lost == 100)


@pytest.mark.parametrize(("schools", "told", "left_out"), [(7, "cannot tell", True), (8, "", True), (20, "", True), (21, "", False)])
def test_few_schools_tell_nothing_and_up_to_twenty_are_left_out_in_turn(schools: int, told: str, left_out: bool):
    school, _, risk, y = cohort(schools, 30)
    draws = draw(school, n=200)
    found = draws.estimate(draws.ratio(y, risk), scale="ratio")
    assert (found.told, found.clusters) == (told, schools)
    assert found.low < found.value < found.high
    assert math.isnan(found.loo_low) != left_out
    if left_out:
        without = [y[school != j].sum() / risk[school != j].sum() for j in range(schools)]
        assert (found.loo_low, found.loo_high) == (pytest.approx(min(without)), pytest.approx(max(without)))
        assert "with one left out" in str(found)
    assert ("7 schools, fewer than 8" in str(found)) == (schools == 7)


def test_of_one_school_households_are_drawn_and_it_says_nothing_about_others():
    _, score, _, y = cohort(1, 200)
    draws = draw(["S"] * 200, household=np.arange(200) // 4, n=100)
    assert (draws.schools, draws.clusters) == (False, 50)
    found = draws.estimate(redrawn.areas(draws, score, y)[0], scale="share")
    assert found.told == ""
    assert "one school: this says nothing about other schools" in str(found)
    assert draw(["S"] * 200, n=5).clusters == 200, "without households each row is drawn by itself"
    assert (redrawn.auc_within(draws, score, y) == redrawn.areas(draws, score, y)[0]).all()


def test_one_single_row_has_no_interval():
    draws = draw(["S"], n=10)
    found = draws.estimate(draws.ratio(np.ones(1), np.ones(1)), scale="share")
    assert (found.value, found.told, math.isnan(found.low)) == (1.0, "cannot tell", True)
    assert "no interval" in str(found)


@pytest.mark.parametrize(
    ("low", "high", "told", "said"),
    [
        (0.01, 0.2, "", "better than RONI"),
        (-0.01, 0.2, "", "not shown to beat RONI"),
        (0.0, 0.2, "", "not shown to beat RONI"),
        (-0.2, -0.01, "", "worse than RONI"),
        (0.01, 0.2, "cannot tell", "cannot tell from RONI"),
    ],
)
def test_only_an_interval_above_nought_is_better(low: float, high: float, told: str, said: str):
    assert Estimate((low + high) / 2, low, high, told, 30).against("RONI") == said


def test_pairing_takes_out_what_model_and_rule_share():
    school, score, _, y = cohort(30, 60)
    other = np.where(np.isinf(score), score, score + np.random.default_rng(5).normal(size=len(y)) / 10)
    draws, again = draw(school, n=500), draw(school, n=500, seed=9)
    ours, theirs = redrawn.areas(draws, score, y)[0], redrawn.areas(draws, other, y)[0]
    unpaired = draws.estimate(ours - redrawn.areas(again, other, y)[0], scale="difference")
    paired = draws.estimate(ours - theirs, scale="difference")
    assert paired.high - paired.low < (unpaired.high - unpaired.low) / 2
    same = draws.estimate(ours - ours, scale="difference")
    assert (same.low, same.high, same.against("itself")) == (0, 0, "cannot tell from itself")


def test_bins_of_many_chances_move_a_slope_by_less_than_its_interval_can_show():
    school, _, risk, y = cohort(20, 400)
    draws = draw(school, n=20)
    slope, _ = redrawn.calibration(draws, risk, y)
    exact = [calibrated.slope(risk[at], y[at]) for at in (repeated(draws, row) for row in range(10))]
    assert slope[:10] == pytest.approx(exact, abs=2e-3)


def test_the_answer_does_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch):
    school, score, _, y = cohort(20, 30)
    draws, found = draw(school, n=400), []
    for threads in ("1", "2"):
        monkeypatch.setenv("ESWARN_THREADS", threads)
        found.append(np.stack([*redrawn.areas(draws, score, y), redrawn.recut(draws, score, y, [0.05])[0][:, 0]]))
    assert (found[0] == found[1]).all()


def test_nothing_to_draw_from_and_no_order_are_refused():
    with pytest.raises(UsageError, match="nothing to draw from"):
        draw([])
    with pytest.raises(UsageError, match="-inf"):
        redrawn.areas(draw(["a", "b"], n=1), np.array([1.0, np.nan]), np.array([1, 0]))
