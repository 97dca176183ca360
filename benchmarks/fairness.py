"""Measures what the fairness audit can and cannot see: coverage, false alarms, known gaps found, false comfort, small numbers worked out.

    python -m benchmarks.fairness [--cohorts 2000] [--runs 2000] [--schools 1000] [--json FILE]

Everything is simulated, counts only. Published whatever it is.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.fairness_attack import worked_out
from benchmarks.fairness_coverage import exact_cells, simulated_cells
from benchmarks.fairness_page import fairness_section
from eswarn.evaluation.fairness.groups import Division
from eswarn.evaluation.fairness.intervals import equal_rates
from eswarn.evaluation.fairness.table import Counts, GroupTable, group_table
from eswarn.evaluation.fairness.verdicts import NONE_LARGER, POWER, SHOWN, largest_gaps, permuted_spread, verdicts

GROUPS, MARGIN, SEED = 30, 0.1, 90_000  # intervals were tuned on other seeds
REPLAYS = (
    (0.10, 0.42, 50),
    (0.10, 0.42, 100),
    (0.10, 0.18, 50),
    (0.10, 0.18, 100),
    (0.10, 0.18, 200),
    (0.30, 0.18, 200),
    (0.30, 0.18, 400),
)
SMALL = (6, 10, 20, 50, 100)  # pupils in each of two equal groups


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=2_000, help="simulated cohorts in each cell of the coverage table (default 2,000)")
    parser.add_argument("--runs", type=int, default=2_000, help="runs of 30 groups (default 2,000)")
    parser.add_argument("--schools", type=int, default=1_000, help="simulated schools whose small numbers are attacked (default 1,000)")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    given = parser.parse_args()
    part = measure_fairness(cohorts=given.cohorts, runs=given.runs, schools=given.schools)
    print("\n".join(fairness_section(part)))
    if given.json:
        given.json.write_text(json.dumps(part, indent=1) + "\n", encoding="utf-8")


def measure_fairness(*, cohorts: int = 2_000, runs: int = 2_000, schools: int = 1_000) -> dict[str, Any]:
    """All figures of the fairness audit, as plain values.

    Parameters
    ----------
    cohorts : int
        In each cell of the coverage table.
    runs : int
        Of 30 groups, for false alarms, known gaps and comfort.
    schools : int
        Whose releases are attacked.
    """
    began = time.perf_counter()
    parts: dict[str, Any] = {
        "exact": exact_cells(),
        "cohorts": {str(n): simulated_cells(cohorts, schools=n, seed=SEED) for n in (20, 60)},
        "alarms": [alarms(runs, size=size, schools=n, seed=SEED) for size, n in ((20, 1), (50, 1), (200, 1), (50, 20), (200, 20))],
        "small": [small_test(n, rate) for n in SMALL for rate in (0.02, 0.05, 0.10)],
        "replay": [replay(base, gap, n) for base, gap, n in REPLAYS],
        "whole": [gap_among_thirty(runs // 4, gap=gap, n=n, seed=SEED) for gap, n in ((0.42, 100), (0.18, 200))],
        "comfort": [comfort(runs // 4, size=size, seed=SEED) for size in (20, 50, 200, 1_000, 5_000)],
        "phantom": [phantom(n) for n in (20, 50, 200)],
        "attack": worked_out(schools, seed=SEED), "speed": speed(),
    }  # fmt: skip
    return {
        "command": f"python -m benchmarks.fairness --cohorts {cohorts} --runs {runs} --schools {schools}", "n": runs,
        "seconds": round(time.perf_counter() - began), **parts,
    }  # fmt: skip


def _table(
    rng: np.random.Generator, sizes: npt.NDArray[np.int64], rates: npt.NDArray[np.float64], schools: int, effect: float
) -> GroupTable:
    """Counts of stayers in one division, listed by the rate of their group and the ways of their school."""
    pupils = np.stack([rng.multinomial(n, np.full(schools, 1 / schools)) for n in sizes]).astype(float)
    odds = np.log(rates / (1 - rates))[:, None] + effect * rng.standard_normal(schools)
    listed = rng.binomial(pupils.astype(np.int64), 1 / (1 + np.exp(-odds))).astype(float)
    none = np.zeros_like(pupils)
    counts = Counts(pupils, none, listed, none, none, none)
    division = Division("group", tuple(f"{i}" for i in range(len(sizes))), np.repeat(np.arange(len(sizes)), sizes))
    return GroupTable(pd.DataFrame(), {"group": counts}, (division,), 0.95, schools)


def alarms(runs: int, *, size: int, schools: int, seed: int) -> dict[str, Any]:
    """Runs in which a gap is shown among 30 equal groups, base rate 10 %: by verdicts, and by the largest gap against its permutations."""
    rng, shown, largest = np.random.default_rng([seed, size, schools]), 0, 0
    for _ in range(runs):
        table = _table(rng, np.full(GROUPS, size), np.full(GROUPS, 0.1), schools, 0.5 if schools > 1 else 0.0)
        shown += bool((verdicts(table, metrics=("false_alarm_rate",)).frame["verdict"] == SHOWN).any())
    tried = runs // 4
    for _ in range(tried):
        table = _table(rng, np.full(GROUPS, size), np.full(GROUPS, 0.1), schools, 0.5 if schools > 1 else 0.0)
        largest += bool((largest_gaps(table, metrics=("false_alarm_rate",), draws=199)["p"] <= 0.05).any())
    return {"size": size, "schools": schools, "runs": runs, "shown": shown / runs, "largest": largest / tried}


def small_test(n: int, rate: float) -> dict[str, Any]:
    """Exact chance that two equal groups of ``n`` are told apart at .05 and at .05 / 30, by our test and by pooled z."""
    from scipy import stats

    k = np.arange(n + 1)
    x, other = (a.ravel() for a in np.meshgrid(k, k))
    chance = (stats.binom.pmf(x, n, rate) * stats.binom.pmf(other, n, rate)).ravel()
    ours, z = equal_rates(x, np.full(len(x), n), other, np.full(len(x), n)), _pooled_z(x, other, n)
    levels = (0.05, 0.05 / GROUPS)
    return {
        "n": n,
        "rate": rate,
        "ours": [float(chance[ours <= a].sum()) for a in levels],
        "z": [float(chance[z <= a].sum()) for a in levels],
    }


def _pooled_z(x: npt.NDArray[np.int64], other: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.float64]:
    from scipy import stats

    pooled = (x + other) / (2 * n)
    error = np.sqrt(pooled * (1 - pooled) * 2 / n)
    return np.asarray(2 * stats.norm.sf(np.abs(x - other) / n / np.where(error > 0, error, np.inf)))


def replay(base: float, gap: float, n: int) -> dict[str, Any]:
    """Exact chance that a gap between two groups of ``n`` is found at .05 / 30, by our test and by the pooled z of two proportions."""
    from scipy import stats

    k = np.arange(n + 1)
    x, other = (a.ravel() for a in np.meshgrid(k, k))
    chance = stats.binom.pmf(x, n, base + gap) * stats.binom.pmf(other, n, base)
    likely = chance > 1e-9
    ours = equal_rates(x[likely], np.full(likely.sum(), n), other[likely], np.full(likely.sum(), n))
    z = _pooled_z(x, other, n)
    return {
        "base": base, "gap": gap, "n": n, "ours": float(chance[likely][ours <= 0.05 / GROUPS].sum()),
        "z": float(chance[z <= 0.05 / GROUPS].sum()),
    }  # fmt: skip


def gap_among_thirty(runs: int, *, gap: float, n: int, seed: int) -> dict[str, Any]:
    """Runs in which the whole audit names the one of 30 groups of ``n`` that has ``gap`` more false alarms than 10 %."""
    rng, found = np.random.default_rng([seed, n]), 0
    rates = np.full(GROUPS, 0.1)
    rates[0] += gap
    for _ in range(runs):
        frame = verdicts(_table(rng, np.full(GROUPS, n), rates, 20, 0.0), metrics=("false_alarm_rate",)).frame
        found += bool(frame.loc[frame["group"] == "0", "verdict"].iloc[0] == SHOWN)
    return {"gap": gap, "n": n, "runs": runs, "found": found / runs}


def comfort(runs: int, *, size: int, seed: int) -> dict[str, Any]:
    """Groups said to have no gap larger than the margin: where power was short, and where the true gap is a little larger than it."""
    rng, short, comforted, false, equal = np.random.default_rng([seed, size, 7]), 0, 0, 0, 0
    rates = np.full(GROUPS, 0.1)
    rates[:3] += 1.02 * MARGIN * GROUPS / (GROUPS - 1)  # against all others together
    told = NONE_LARGER.format(margin=f"{MARGIN:g}")
    for _ in range(runs):
        frame = verdicts(_table(rng, np.full(GROUPS, size), rates, 20, 0.3), margin=MARGIN, metrics=("false_alarm_rate",)).frame
        weak = (frame["power"] < POWER).to_numpy()
        said = (frame["verdict"] == told).to_numpy()
        short, comforted = short + int(weak.sum()), comforted + int((weak & said).sum())
        false, equal = false + bool(said[:3].any()), equal + int(said[3:].sum())
    return {
        "size": size,
        "runs": runs,
        "short": short,
        "short_called": comforted,
        "false": false / runs,
        "equal_called": equal / runs / (GROUPS - 3),
    }


def phantom(n: int) -> dict[str, Any]:
    """Largest less smallest false alarm rate of 30 equal groups of ``n`` at 10 %, which chance alone makes."""
    hits, pupils = np.full((GROUPS, 1), 0.1 * n), np.full((GROUPS, 1), float(n))
    drawn = permuted_spread(hits, pupils, draws=2_000, rng=np.random.default_rng(SEED))
    return {"n": n, "mean": float(drawn.mean()), "most": float(np.quantile(drawn, 0.95))}


def speed() -> dict[str, Any]:
    """Seconds for tables and verdicts of 52 groups and 100,000 pupils in 120 schools; the best of three."""
    rng, n = np.random.default_rng(SEED), 100_000
    groups = [Division(f"{i}", ("a", "b", "c", "d"), rng.integers(0, 4, n)) for i in range(13)]
    risk, school = rng.beta(1, 20, n), rng.integers(0, 120, n)
    y, listed = rng.random(n) < risk, risk >= np.quantile(risk, 0.95)
    told: dict[str, list[float]] = {"table": [], "verdicts": []}
    for _ in range(3):
        began = time.perf_counter()
        table = group_table(groups, listed=listed, y=y, risk=risk, school=school)
        told["table"].append(time.perf_counter() - began)
        verdicts(table)
        told["verdicts"].append(time.perf_counter() - began - told["table"][-1])
    return {"groups": 52, "pupils": n, **{name: round(min(seconds), 2) for name, seconds in told.items()}}


if __name__ == "__main__":
    main()
