"""Verdicts: a real gap is shown, chance is not, and short power is never taken for fairness."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from benchmarks.fairness import alarms, comfort, gap_among_thirty, phantom, replay, small_test
from eswarn.errors import UsageError
from eswarn.evaluation.fairness.groups import Division
from eswarn.evaluation.fairness.table import GroupTable, group_table
from eswarn.evaluation.fairness.verdicts import SHOWN, UNTOLD, largest_gaps, permuted_spread, verdicts


def table_of(sizes: list[int], rates: list[float], *, seed: int = 1, schools: int = 10) -> GroupTable:
    """Stayers of each group, some of whom are listed."""
    rng = np.random.default_rng(seed)
    code = np.repeat(np.arange(len(sizes)), sizes)
    listed = np.concatenate([np.arange(n) < round(rate * n) for n, rate in zip(sizes, rates, strict=True)])
    division = Division("d", tuple("abcdefgh"[: len(sizes)]), code)
    return group_table(
        [division], listed=listed, y=np.zeros(len(code)), risk=np.full(len(code), 0.1), school=rng.integers(0, schools, len(code))
    )


def verdict_of(table: GroupTable, margin: float = 0.1) -> dict[str, str]:
    frame = verdicts(table, margin=margin, metrics=("false_alarm_rate",)).frame
    return dict(zip(frame["group"], frame["verdict"], strict=True))


def test_a_large_gap_is_shown_a_small_one_denied_and_a_small_group_untold() -> None:
    told = verdict_of(table_of([2_000, 2_000, 2_000, 12], [0.10, 0.10, 0.30, 0.10]))
    assert told["c"] == SHOWN
    assert told["d"] == UNTOLD
    assert verdict_of(table_of([3_000, 3_000, 3_000], [0.10, 0.11, 0.10]))["b"] == "no gap larger than 0.1"


def test_a_small_group_without_any_difference_is_never_called_free_of_one() -> None:
    told = verdicts(table_of([30, 5_000], [0.1, 0.1]), metrics=("false_alarm_rate",)).frame
    assert told["verdict"].tolist() == [UNTOLD]
    assert told["power"].iloc[0] < 0.8


def test_the_word_fair_is_never_said() -> None:
    said = verdicts(table_of([500, 500, 20], [0.1, 0.1, 0.4])).frame["verdict"].str.cat(sep=" ")
    assert "fair" not in said


def test_two_groups_are_compared_once_and_nobody_is_compared_with_nobody() -> None:
    assert len(verdicts(table_of([40, 40], [0.1, 0.2]), metrics=("false_alarm_rate",)).frame) == 1
    assert verdicts(table_of([40], [0.1])).frame.empty


def test_holms_adjustment_is_that_of_the_definition() -> None:
    frame = verdicts(table_of([300, 200, 100, 50, 40], [0.1, 0.2, 0.05, 0.3, 0.1]), metrics=("false_alarm_rate", "precision")).frame
    ordered = sorted(frame["p"])
    for p, holm in zip(frame["p"], frame["p_holm"], strict=True):
        stepped = max(min(1.0, (len(ordered) - i) * q) for i, q in enumerate(ordered) if q <= p)
        assert holm == pytest.approx(stepped)


def test_a_gap_is_shown_only_where_its_interval_leaves_zero_out() -> None:
    for seed in range(20):
        frame = verdicts(table_of([60, 80, 300, 400], [0.1, 0.3, 0.14, 0.1], seed=seed)).frame
        shown = frame[frame["verdict"] == SHOWN]
        assert ((shown["low"] > 0) | (shown["high"] < 0)).all()
        assert (shown["p_holm"] <= 0.05).all()


def test_margins_outside_nought_and_one_are_refused() -> None:
    with pytest.raises(UsageError, match="margin"):
        verdicts(table_of([40, 40], [0.1, 0.2]), margin=0)


def test_dews_is_replayed() -> None:
    """The two gaps of Wisconsin's system, at one comparison of thirty: exact chances."""
    assert replay(0.10, 0.42, 100)["ours"] >= 0.99
    told = replay(0.10, 0.18, 200)
    assert told["ours"] >= 0.90
    assert told["z"] == pytest.approx(0.94, abs=0.005)  # the handbook's


def test_small_equal_groups_are_told_apart_no_more_often_than_allowed() -> None:
    """Exactly, for every number of listed pupils; the normal test, the control, is not so careful."""
    told = [small_test(n, rate) for n in (6, 10, 20, 50, 100) for rate in (0.02, 0.05, 0.1)]
    assert max(row["ours"][0] for row in told) <= 0.05
    assert max(row["ours"][1] for row in told) <= 0.05 / 30
    assert max(row["z"][0] for row in told) > 0.05


@pytest.mark.parametrize("runs", [60, pytest.param(2_000, marks=pytest.mark.long)])
def test_thirty_equal_groups_rarely_alarm_and_short_power_never_comforts(runs: int) -> None:
    told = alarms(runs, size=50, schools=20, seed=5)
    assert told["shown"] <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / runs)
    short = comfort(runs // 10, size=50, seed=5)
    assert short["short"] > 0
    assert short["short_called"] == 0


def test_one_group_of_thirty_with_many_more_alarms_is_named() -> None:
    assert gap_among_thirty(20, gap=0.42, n=100, seed=3)["found"] == 1


def test_chance_alone_makes_the_phantom_gap_of_the_handbook() -> None:
    assert phantom(50)["mean"] == pytest.approx(0.17, abs=0.01)
    assert phantom(20)["mean"] == pytest.approx(0.25, abs=0.01)


def test_permutations_keep_to_their_school() -> None:
    """A gap that is a school's own way leaves the permutations nothing to swap; the same gap inside schools is found."""
    own = np.array([[200.0, 0.0], [0.0, 200.0]])
    assert (permuted_spread(own * 0.5, own, draws=50, rng=np.random.default_rng(1)) == 0).all()
    inside = table_of([400, 400], [0.05, 0.2])
    told = largest_gaps(inside, metrics=("false_alarm_rate",), draws=200)
    assert told["p"].iloc[0] < 0.01
    assert told["gap"].iloc[0] == pytest.approx(0.15)


def test_permutations_have_the_mean_and_variance_of_the_hypergeometric() -> None:
    pupils, hits = np.array([[30.0], [70.0]]), np.array([[6.0], [14.0]])
    spread: npt.NDArray[np.float64] = permuted_spread(hits, pupils, draws=20_000, rng=np.random.default_rng(4))
    first = 20 * 0.3 * 0.7 * 80 / 99  # variance of the first group's hits
    expected = np.sqrt(first) * (1 / 30 + 1 / 70)
    assert np.sqrt((spread**2).mean()) == pytest.approx(expected, rel=0.02)


def test_no_divisions_no_verdicts() -> None:
    table = group_table([], listed=[0, 1], y=[0, 1], risk=[0.1, 0.2])
    assert verdicts(table).frame.empty
    assert isinstance(largest_gaps(table), pd.DataFrame)
