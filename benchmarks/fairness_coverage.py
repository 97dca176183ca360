"""How often intervals of group rates hold the truth: exactly, for independent pupils, and in simulated cohorts of schools."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from eswarn.evaluation.fairness.intervals import alike, effective_counts, rate_bounds

Floats = npt.NDArray[np.float64]
WANTED = (0.94, 0.97)
SIZES, BASES = (10, 30, 100, 500, 1_000, 5_000), (0.01, 0.02, 0.05, 0.10, 0.20)
OTHERS, PLACES, EFFECT = 2_000, 0.10, 0.5  # in a cohort: other pupils, share listed, standard deviation of school effects
RATES = ("missed", "false alarms", "precision")


def exact_cells() -> list[dict[str, Any]]:
    """Coverage for independent pupils of every method in every cell, and whether any set of counts has a chance between 94 and 97 %."""
    cells = []
    for n, p in itertools.product(SIZES, BASES):
        chance = stats.binom.pmf(np.arange(n + 1), n, p)
        limits = {name: method(np.arange(n + 1.0), np.full(n + 1, float(n))) for name, method in METHODS.items()}
        told = {name: float(chance[(low <= p) & (p <= high)].sum()) for name, (low, high) in limits.items()}
        cells.append({"n": n, "rate": p, "possible": _possible(chance), **told})
    return cells


def _possible(chance: Floats) -> bool:
    """Whether some run of counts, which is what any interval that rises with the count covers, has a chance in the wanted range."""
    upto = np.concatenate([[0.0], np.cumsum(chance)])
    first = np.searchsorted(upto, upto + WANTED[0])
    return bool(any(i < len(upto) and upto[i] - start <= WANTED[1] for i, start in zip(first, upto, strict=True)))


def _wilson(hits: Floats, n: Floats) -> tuple[Floats, Floats]:
    z = stats.norm.ppf(0.975)
    middle, half = (hits + z * z / 2) / (n + z * z), z / (n + z * z) * np.sqrt(hits * (n - hits) / n + z * z / 4)
    return middle - half, middle + half


def _jeffreys(hits: Floats, n: Floats) -> tuple[Floats, Floats]:
    low, high = (stats.beta.ppf(q, hits + 0.5, n - hits + 0.5) for q in (0.025, 0.975))
    return np.where(hits > 0, low, 0.0), np.where(hits < n, high, 1.0)


def _clopper_pearson(hits: Floats, n: Floats) -> tuple[Floats, Floats]:
    low = np.where(hits > 0, stats.beta.ppf(0.025, np.maximum(hits, 1e-9), n - hits + 1), 0.0)
    return low, np.where(hits < n, stats.beta.ppf(0.975, hits + 1, np.maximum(n - hits, 1e-9)), 1.0)


METHODS = {"mid-P (ours)": rate_bounds, "Wilson": _wilson, "Jeffreys": _jeffreys, "Clopper-Pearson": _clopper_pearson}


def simulated_cells(cohorts: int, *, schools: int = 20, seed: int = 1) -> list[dict[str, Any]]:
    """Coverage in cohorts of schools that differ in how many leave and are listed, by group size and base rate.

    Parameters
    ----------
    cohorts : int
        In each cell; a cohort is a group of n pupils and 2,000 others, spread differently over the same schools.
    schools : int
        Of a cohort; the largest is as many times the smallest as there are schools.
    seed : int
        Of everything.
    """
    cells = []
    for place, (n, base) in enumerate(itertools.product(SIZES, BASES)):
        rng = np.random.default_rng([seed, place])
        made = [_cohorts(rng, min(200, cohorts - k), n, base, schools) for k in range(0, cohorts, 200)]
        counts = np.concatenate(made)  # cohort, rate, hits or pupils, group or others, school
        told: dict[str, Any] = {"n": n, "base": base, "cohorts": cohorts}
        for rate, name in enumerate(RATES):
            hits, pupils = counts[:, rate, 0], counts[:, rate, 1]
            truth = hits.sum() / pupils.sum()
            sizes = np.array([
                [side[0] for side in effective_counts(h, b, alike(h, b), level=0.95)] for h, b in zip(hits, pupils, strict=True)
            ])  # fmt: skip
            known = pupils[:, 0].sum(axis=1) > 0
            low, high = rate_bounds(sizes[known, 0], sizes[known, 1])
            told[name] = {
                "truth": float(truth), "pupils": float(pupils[:, 0].sum(axis=1).mean()), "cohorts": int(known.sum()),
                "coverage": float(((low <= truth) & (truth <= high)).mean()), "width": float((high - low).mean()),
            }  # fmt: skip
        cells.append(told)
    return cells


def _cohorts(rng: np.random.Generator, cohorts: int, n: int, base: float, schools: int) -> Floats:
    """Counts of shape (cohorts, rates, hits and pupils, group and others, schools)."""
    effect = EFFECT * rng.standard_normal((cohorts, schools))
    share = np.arange(1, schools + 1) / np.arange(1, schools + 1).sum()
    sides = []
    for size in (n, OTHERS):
        school = np.take_along_axis(
            rng.permuted(np.tile(np.arange(schools), (cohorts, 1)), axis=1), rng.choice(schools, (cohorts, size), p=share), axis=1
        )
        own, here = rng.standard_normal((cohorts, size)), np.take_along_axis(effect, school, axis=1)
        left = rng.random((cohorts, size)) < special.expit(special.logit(base) - 0.3 + own + here)
        listed = own + here + rng.standard_normal((cohorts, size)) > stats.norm.isf(PLACES) * np.sqrt(2 + EFFECT**2)
        cell = (np.arange(cohorts)[:, None] * schools + school).ravel()

        def count(member: npt.NDArray[np.bool_], cell: npt.NDArray[np.int64] = cell) -> Floats:
            return np.bincount(cell, member.ravel(), minlength=cohorts * schools).reshape(cohorts, schools)

        sides.append([[count(left & ~listed), count(left)], [count(listed & ~left), count(~left)], [count(left & listed), count(listed)]])
    return np.moveaxis(np.array(sides), (0, 3), (3, 0))
