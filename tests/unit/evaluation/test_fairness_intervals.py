"""Intervals of rates in schools, and the test that two rates are equal."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from eswarn.evaluation.fairness.intervals import Alike, Gaps, alike, clustered_bounds, design_effect, equal_rates, rate_bounds

ALONE = Alike(0.0, 0.0, 1.0)


def tail(hits: int, pupils: int, rate: float) -> float:
    """Chance of so many hits or more, the number seen counted by half, in plain Python."""
    chance = [math.comb(pupils, k) * rate**k * (1 - rate) ** (pupils - k) for k in range(pupils + 1)]
    return sum(chance[hits + 1 :]) + chance[hits] / 2


@pytest.mark.parametrize(("hits", "pupils"), [(1, 10), (3, 12), (10, 10), (7, 40), (99, 100)])
def test_limits_are_where_the_tails_have_their_chance(hits: int, pupils: int) -> None:
    low, high = (float(bound) for bound in rate_bounds(np.array(hits), np.array(pupils)))
    assert tail(hits, pupils, low) == pytest.approx(0.025, abs=1e-8)
    assert high == 1 if hits == pupils else tail(hits, pupils, high) == pytest.approx(0.975, abs=1e-8)


def test_none_of_twelve_has_an_honest_interval() -> None:
    low, high = rate_bounds(np.array([0.0]), np.array([12.0]))
    assert low[0] == 0
    assert high[0] == pytest.approx(1 - 0.05 ** (1 / 12), abs=1e-9)  # (1 - p)^12 / 2 = .025


def test_nobody_has_no_interval() -> None:
    assert np.isnan(rate_bounds(np.array([0.0]), np.array([0.0]))).all()


def test_equal_rates_is_fishers_test_with_the_smaller_tail_doubled() -> None:
    for x, n, y, m in [(8, 20, 1, 25), (0, 10, 9, 10), (3, 9, 3, 9), (40, 400, 76, 400), (0, 5, 0, 7)]:
        total = Fraction(math.comb(n + m, x + y))
        chance = {k: math.comb(n, k) * math.comb(m, x + y - k) / total for k in range(max(0, x + y - m), min(n, x + y) + 1)}
        up, down = sum(c for k, c in chance.items() if k >= x), sum(c for k, c in chance.items() if k <= x)
        told = equal_rates(*(np.array([float(a)]) for a in (x, n, y, m)))[0]
        assert told == pytest.approx(float(min(1, 2 * min(up, down))), rel=1e-9)


def test_a_share_of_a_pupil_is_rounded_towards_equal_rates() -> None:
    whole, shared = (equal_rates(*(np.array([a]) for a in given))[0] for given in ((8.0, 20.0, 2.0, 20.0), (8.6, 20.0, 1.4, 20.0)))
    assert shared == whole


def test_large_counts_agree_with_the_normal_test() -> None:
    counts = [np.array([a]) for a in (5_400.0, 50_000.0, 5_000.0, 50_000.0)]
    z = (0.108 - 0.1) / math.sqrt(0.104 * 0.896 * 2 / 50_000)
    assert equal_rates(*counts)[0] == pytest.approx(2 * stats.norm.sf(z), rel=0.1)


def test_pupils_of_equal_schools_are_as_alike_as_analysis_of_variance_says() -> None:
    """An independent oracle: between and within mean squares of one group in schools of one size."""
    rng = np.random.default_rng(1)
    hits = rng.binomial(25, rng.beta(3, 17, 200)).astype(float)[None, :]
    pupils = np.full((1, 200), 25.0)
    share = hits[0] / 25
    between, inside = 25 * share.var(ddof=1), (25 * share * (1 - share)).sum() / (200 * 24)
    oracle = (between - inside) / (between + 24 * inside)
    assert alike(hits, pupils).within == pytest.approx(oracle, rel=0.02)
    assert oracle == pytest.approx(1 / 21, rel=0.3)  # of the beta distribution that was drawn from


def test_independent_pupils_are_not_alike() -> None:
    rng = np.random.default_rng(2)
    pupils = rng.integers(1, 60, (4, 300)).astype(float)
    told = alike(rng.binomial(pupils.astype(int), 0.1).astype(float), pupils)
    assert told.within < 0.01
    assert (design_effect(pupils, told) < 1.4).all()


def test_schools_that_differ_widen_the_interval_and_few_of_them_more() -> None:
    def width(schools: int, rates: tuple[float, float]) -> float:
        pupils = np.full((1, schools), 400.0 / schools)
        hits = pupils * np.resize(rates, schools)
        low, high = clustered_bounds(hits, pupils, alike(hits, pupils))
        return float(high[0] - low[0])

    assert width(20, (0.05, 0.35)) > 1.2 * width(20, (0.2, 0.2))
    assert width(4, (0.05, 0.35)) > 1.5 * width(20, (0.05, 0.35))


def test_what_both_sides_draw_from_the_same_schools_cancels() -> None:
    """Two groups spread alike over schools that differ: their difference is as sure as that of independent pupils."""
    rate = np.resize([0.05, 0.35], 20)
    pupils = np.full((2, 20), 50.0)
    hits = pupils * rate
    gaps = Gaps(hits, pupils, hits[::-1], pupils[::-1], alike(hits, pupils))
    assert design_effect(pupils, gaps.like).min() > 3
    assert gaps.effect.max() < 1.2
    apart = np.concatenate([pupils[0, :10], np.zeros(10)])[None, :], np.concatenate([np.zeros(10), pupils[0, :10]])[None, :]
    far = Gaps(apart[0] * rate, apart[0], apart[1] * rate, apart[1], gaps.like)
    assert far.effect.min() > 3


def test_the_difference_of_two_rates_is_newcombes() -> None:
    """Newcombe's square-and-add of the two intervals, by hand, for independent pupils."""
    one, other = [np.array([[a]]) for a in (56.0, 70.0)], [np.array([[a]]) for a in (48.0, 80.0)]
    low, high = Gaps(*one, *other, ALONE).bounds(0.95)
    (l1,), (u1,) = rate_bounds(np.array([56.0]), np.array([70.0]))
    (l2,), (u2,) = rate_bounds(np.array([48.0]), np.array([80.0]))
    assert low[0] == pytest.approx(0.2 - math.hypot(0.8 - l1, u2 - 0.6), abs=1e-9)
    assert high[0] == pytest.approx(0.2 + math.hypot(u1 - 0.8, 0.6 - l2), abs=1e-9)
    assert (low[0], high[0]) == pytest.approx((0.0524, 0.3339), abs=0.01)  # as published for 56/70 against 48/80 (score intervals)


def test_power_is_that_of_the_handbook() -> None:
    """Stayers a group for 80 % power, 10 % against 15, 20, 30 and 52 %: 683, 196, 59 and 15."""
    for gap, n in ((0.05, 683), (0.10, 196), (0.20, 59)):
        pupils, hits = np.array([[float(n)]]), np.array([[0.1 * n]])
        assert Gaps(hits, pupils, hits, pupils, ALONE).power(gap, 0.95)[0] == pytest.approx(0.8, abs=0.02)
