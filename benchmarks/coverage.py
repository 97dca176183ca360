"""Measures how often our intervals hold the truth, on simulated schools whose truth is known, and how long intervals take.

    python -m benchmarks.coverage [--cohorts 2000] [--draws 400] [--json FILE]

In each cell (schools, pupils in a school, share who leave) cohorts of schools are drawn at random: schools of unequal size whose pupils
leave more or less often for a reason that no score knows (log-odds with a standard deviation of .5). A model and a coarse rule with many
ties rank them. The truth is that of 10,000 schools, each pupil counted by the chance of leaving. Targets, written first: 94 to 97 % of
the intervals hold it in every cell; the figures of 50 groups of 100,000 pupils at 1,000 draws, and a model beside 11 rules at 2,000
draws, each within a minute.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmarks.coverage_page import coverage_section
from eswarn.evaluation import metrics, redrawn
from eswarn.evaluation.bootstrap import Draws, Scale, draw
from eswarn.evaluation.calibrated import observed_over_expected

Floats = npt.NDArray[np.float64]
SCHOOLS, PUPILS, BASES = (8, 20, 60), (60, 200), (0.03, 0.10)
PLACES, EFFECT, MANY = 0.05, 0.5, 10_000
INTERCEPT = {0.03: -4.27, 0.10: -2.82}  # log-odds that make so many leave
NAMES = ("recall", "precision", "AUC", "recall, cut anew", "difference of recalls", "observed over expected")
SCALES: tuple[Scale, ...] = ("share", "share", "share", "share", "difference", "ratio")
METHODS = ("held", "plain", "expanded")
GROUPS, RULES = 50, 11


@dataclass(frozen=True, slots=True)
class Cohort:
    """One simulated cohort."""

    school: npt.NDArray[np.int64]
    model: Floats
    rule: Floats
    risk: Floats
    chance: Floats
    y: npt.NDArray[np.int64]


def simulated(schools: int, pupils: int, base: float, random: np.random.Generator) -> Cohort:
    """Schools of half to one and a half times ``pupils``; the model sees most of what makes a pupil leave, the rule less, in nine steps."""
    sizes = random.integers(pupils // 2, pupils * 3 // 2 + 1, schools)
    school = np.repeat(np.arange(schools), sizes)
    cause = random.normal(size=len(school))
    chance = 1 / (1 + np.exp(-(INTERCEPT[base] + 1.2 * cause + random.normal(0, EFFECT, schools)[school])))
    model = cause + random.normal(0, 0.5, len(school))
    rule = np.clip(np.round(1.5 * (cause + random.normal(0, 1.0, len(school)))), -4, 4)
    y = (random.random(len(school)) < chance).astype(np.int64)
    return Cohort(school, model, rule, 1 / (1 + np.exp(-(INTERCEPT[base] + 0.96 * model))), chance, y)


def figures(cohort: Cohort, draws: Draws) -> list[Floats]:
    """The figures of `NAMES` under some draws."""
    listed = metrics.listed(cohort.model, PLACES, lists=cohort.school)
    recut = [redrawn.recut(draws, score, cohort.y, [PLACES])[0][:, 0] for score in (cohort.model, cohort.rule)]
    auc, _ = redrawn.areas(draws, cohort.model, cohort.y)
    return [draws.ratio(listed * cohort.y, cohort.y), draws.ratio(listed * cohort.y, listed), auc, recut[0], recut[0] - recut[1],
            draws.ratio(cohort.y, cohort.risk)]  # fmt: skip


def truth(pupils: int, base: float) -> tuple[list[float], float]:
    """The same figures of very many schools, each pupil counted by the chance of leaving; and the share who leave."""
    many = simulated(MANY, pupils, base, np.random.default_rng([pupils, round(1000 * base)]))
    y, order = many.chance, np.argsort(many.model)
    listed = metrics.listed(many.model, PLACES, lists=many.school)
    ours, theirs = (metrics.recall(metrics.listed(score, PLACES), y) for score in (many.model, many.rule))
    won = (y[order] * (np.cumsum(1 - y[order]) - (1 - y[order]) / 2)).sum() / (y.sum() * (1 - y).sum())
    found = [metrics.recall(listed, y), metrics.precision(listed, y), float(won), ours, ours - theirs, observed_over_expected(many.risk, y)]
    return found, float(y.mean())


def measure_cell(schools: int, pupils: int, base: float, *, cohorts: int, n: int, told: tuple[list[float], float]) -> dict[str, Any]:
    """How often the interval, and the two percentile intervals, hold the truth."""
    random, exact = np.random.default_rng([schools, pupils, round(1000 * base)]), told[0]
    held, width, lost = np.zeros((3, len(NAMES)), int), np.zeros(len(NAMES)), 0
    t = stats.t.ppf(0.975, schools - 1)
    tails = 0.025, stats.norm.cdf(-np.sqrt(schools / (schools - 1)) * t)  # Hesterberg 2015
    for number in range(cohorts):
        cohort = simulated(schools, pupils, base, random)
        draws = draw(cohort.school, n=n, seed=number)
        for place, drawn in enumerate(figures(cohort, draws)):
            found = draws.estimate(drawn, scale=SCALES[place])
            ends = [(found.low, found.high), *(np.nanquantile(drawn[1 : 1 + n], [tail, 1 - tail]) for tail in tails)]
            held[:, place] += [low <= exact[place] <= high for low, high in ends]
            width[place] += (found.high - found.low) / cohorts
            lost += bool(found.told)
    rows = {
        name: {"truth": round(exact[i], 4), "width": round(width[i], 4)} | dict(zip(METHODS, held[:, i].tolist(), strict=True))
        for i, name in enumerate(NAMES)
    }
    return {"schools": schools, "pupils": pupils, "base": base, "left": round(told[1], 4), "cannot_tell": lost, "rows": rows}


def measure_speed() -> dict[str, Any]:
    """Seconds for all figures of 50 groups, and for a model beside 11 rules, on 100,000 pupils of 500 schools."""
    cohort = simulated(500, 200, 0.03, np.random.default_rng(5))
    random = np.random.default_rng(6)
    groups = random.random((len(cohort.y), GROUPS)) < random.uniform(0.02, 0.5, GROUPS)
    first = draw(cohort.school, n=2)
    figures(cohort, first)  # compiled before the clock starts
    began = time.perf_counter()
    draws = draw(cohort.school, n=1_000)
    _group_figures(cohort, draws, groups)
    by_group = time.perf_counter() - began
    began = time.perf_counter()
    draws = draw(cohort.school, n=2_000)
    ours = _comparison(cohort, draws, cohort.model)
    for place in range(RULES):
        rule = cohort.rule if place % 2 else cohort.model + random.normal(0, 1, len(cohort.y))
        for mine, theirs in zip(ours, _comparison(cohort, draws, rule), strict=True):
            draws.estimate(mine - theirs, scale="difference")
    return {"pupils": len(cohort.y), "groups": GROUPS, "rules": RULES, "groups_seconds": round(by_group, 1),
            "rules_seconds": round(time.perf_counter() - began, 1)}  # fmt: skip


def _group_figures(cohort: Cohort, draws: Draws, groups: npt.NDArray[np.bool_]) -> None:
    """Share listed, recall, precision, false alarm rate, observed over expected, Brier score, slope and intercept of each group."""
    listed = metrics.listed(cohort.model, PLACES, lists=cohort.school)
    y, one = cohort.y, np.ones(len(cohort.y))
    pairs = [
        (listed, one),
        (listed * y, y),
        (listed * y, listed),
        (listed * (1 - y), 1 - y),
        (y, cohort.risk),
        ((cohort.risk - y) ** 2, one),
    ]
    for top, bottom in pairs:
        for column in draws.ratio(groups * top[:, None], groups * bottom[:, None]).T:
            draws.estimate(column, scale="share")
    for group in groups.T:
        for drawn in redrawn.calibration(draws, np.where(group, cohort.risk, np.nan), y):
            draws.estimate(drawn, scale="difference")


def _comparison(cohort: Cohort, draws: Draws, score: Floats) -> list[Floats]:
    """Recall and precision at 2, 5 and 10 %, by school and over all, AUC, average precision, AUC within schools, Brier score, slope."""
    places, y = (0.02, 0.05, 0.10), cohort.y
    by_school = [metrics.listed(score, share, lists=cohort.school) for share in places]
    found = [draws.ratio(listed * y, bottom) for listed in by_school for bottom in (y, listed)]
    found += [column for part in redrawn.recut(draws, score, y, places) for column in part.T]
    found += [*redrawn.areas(draws, score, y), redrawn.auc_within(draws, score, y)]
    return [*found, draws.ratio((cohort.risk - y) ** 2, np.ones(len(y))), *redrawn.calibration(draws, cohort.risk, y)]


def measure_coverage(*, cohorts: int = 2_000, n: int = 400) -> dict[str, Any]:
    """Coverage in every cell, and speed.

    Parameters
    ----------
    cohorts, n : int
        Cohorts in each cell, and draws for each cohort.
    """
    began, cells = time.perf_counter(), []
    for pupils, base in product(PUPILS, BASES):
        told = truth(pupils, base)
        for schools in SCHOOLS:
            cells.append(measure_cell(schools, pupils, base, cohorts=cohorts, n=n, told=told))
            shares = ", ".join(f"{name} {row['held'] / cohorts:.1%}" for name, row in cells[-1]["rows"].items())
            print(f"{schools} schools of {pupils}, {base:.0%} leave: {shares}; {time.perf_counter() - began:.0f} s", flush=True)
    return {
        "command": f"python -m benchmarks.coverage --cohorts {cohorts} --draws {n}", "n": cohorts, "draws": n, "places": PLACES,
        "effect": EFFECT, "many": MANY, "cells": cells, "speed": measure_speed(), "seconds": round(time.perf_counter() - began),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=2_000, help="cohorts in each cell (default 2,000)")
    parser.add_argument("--draws", type=int, default=400, help="draws for each cohort (default 400)")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    given = parser.parse_args()
    part = measure_coverage(cohorts=given.cohorts, n=given.draws)
    print("\n".join(coverage_section(part)))
    if given.json:
        given.json.write_text(json.dumps(part, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
