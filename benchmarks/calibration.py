"""Simulates schools and holds them against published figures: `make figures ARGS="--only calibration"`.

Schools are made in worlds of some thousand pupils, each with its own seed, so that memory stays that of one world; the spread
between worlds gives every simulated figure its standard error.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import eswarn as ew
from benchmarks import calibration_measures as measures
from benchmarks.calibration_leaving import START, YEARS, leaving
from benchmarks.calibration_published import (
    LEVELS,
    NOT_SIMULATED,
    WEEKLY,
    WHY_MISSED,
    Published,
    table_3,
    table_4,
    table_5,
    table_6,
    table_6_schools,
    table_7,
    table_8,
    tables_1_and_2,
)  # fmt: skip
from benchmarks.register_grid import grid
from eswarn.pipeline import feature_table
from eswarn.simulate import ceiling, simulate_with_causes
from eswarn.simulate.stays import EARLY

WORLD = 20_000  # pupils
AS_OF = dt.date(2024, 1, 8)  # the middle of the second of three school years
COHORT = 10_000  # pupils of the worlds that run for seven years
FULL = 200_000  # from here up the tolerances hold as they stand
PAIRS = (("FSM", "not FSM"), ("SEN support", "no SEN"), ("EHCP", "no SEN"), ("boys", "girls"))
Told = dict[str, float]


def measure(pupils: int = FULL, fewer: int = 60_000, progress: Callable[[str], None] = print) -> dict[str, Any]:
    """Simulate, count and compare.

    Parameters
    ----------
    pupils : int
        Of the school year 2022/23 (tables 1, 2, 5, 6 and 7).
    fewer : int
        Of every other school year; for them a figure has the room of its tolerance or of three standard errors, the larger.
    progress : callable
        Told which school year is under way.
    """
    rows: list[dict[str, Any]] = []
    for title, published, told, size in _runs(pupils, fewer):
        progress(title)
        mean, error = _pool(told)
        rows += [_compare(one, mean[one.key], error.get(one.key), size) for one in published]
    count = {"figures": len(rows), "passed": sum(row["passed"] for row in rows)}
    progress("best possible AUC")
    return {"best": best_auc(), "n": pupils, "fewer": fewer, "world": WORLD, "rows": rows, "not_simulated": list(NOT_SIMULATED), **count}


def _runs(pupils: int, fewer: int) -> Iterator[tuple[str, list[Published], list[Told], int]]:
    """What is simulated, what it is held against, and what each world told."""
    main = [*tables_1_and_2(), *table_5(), *table_6(), *table_7()]
    yield "2022/23", main, [_main(seed) for seed in range(1, 1 + pupils // WORLD)], pupils
    for year in LEVELS:
        told = [_level(year, seed) for seed in range(1, 1 + fewer // WORLD)]
        yield f"level of {year}", [*table_3(year), *(table_6_schools() if year == 2018 else ())], told, fewer
    yield "codes of 2025/26", list(table_4()), [_codes(seed) for seed in range(1, 1 + fewer // WORLD)], fewer
    yield "seven years", list(table_8()), [_leaving(seed) for seed in range(1, 1 + fewer // COHORT)], fewer


def _main(seed: int) -> Told:
    records = ew.simulate(pupils=WORLD, years=1, seed=seed, start_year=2022)
    whole = grid(records, 2022)
    year = measures.lower(whole)
    return measures.bands(year) | measures.pattern(year) | measures.spells(year) | measures.suspensions(records, whole)


def _level(start: int, seed: int) -> Told:
    year = measures.lower(grid(ew.simulate(pupils=WORLD, years=1, seed=100 + seed, start_year=start), start))
    name = f"{start}/{(start + 1) % 100}"
    return {f"{name}: {level}": value for level, value in measures.levels(year).items()} | measures.schools(year)


def _codes(seed: int) -> Told:
    year = measures.lower(grid(ew.simulate(pupils=WORLD, years=1, seed=200 + seed, start_year=2025), 2025))
    told = measures.code_mix(year)
    return {name if name in ("overall", "authorised", "unauthorised") else f"code {name}": value for name, value in told.items()}


def _leaving(seed: int) -> Told:
    records, causes = simulate_with_causes(pupils=COHORT, years=YEARS, seed=300 + seed, start_year=START, profile="post-2021")
    best = ceiling(records, causes)
    states = {"leave early in a year": best.leavers / best.pupils * 100, "best possible AUC, given the states": best.auc}
    return leaving(records) | states


def best_auc(pupils: int = WORLD, seed: int = 7) -> dict[str, Any]:
    """How well anybody could do, between two bounds: knowing the states, and knowing what the records show of them.

    The second is learned: boosted trees guess the true chance itself (its log odds, free of luck) from the features of
    four fifths of the pupils and rank the other fifth. More than they find may be in the records, but not more than the first.
    """
    import pandas as pd
    from lightgbm import LGBMRegressor
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import KFold, cross_val_predict

    records, causes = simulate_with_causes(pupils=pupils, years=3, seed=seed, start_year=2022)
    best = ceiling(records, causes, AS_OF)
    chance = causes.to_pandas().query("as_of == @AS_OF").set_index("pupil_id")["chance"]
    table = feature_table(records, AS_OF).set_index("pupil_id").drop(columns="as_of")
    table = table[table.index.isin(chance.index)]  # without those who had left, which the school did not know yet
    log_odds = np.log(chance / (1 - chance)).reindex(table.index)
    model = LGBMRegressor(n_estimators=300, learning_rate=0.03, num_leaves=15, min_child_samples=40, random_state=0, n_jobs=1, verbose=-1)
    guess = cross_val_predict(model, table, log_odds, cv=KFold(5, shuffle=True, random_state=0))
    outcomes = records.table("outcomes").to_pandas()
    until = pd.Timestamp(AS_OF) + pd.Timedelta(days=365)
    left = pd.to_datetime(outcomes["left_on"])
    early = outcomes[outcomes["destination"].isin(EARLY) & (left >= pd.Timestamp(AS_OF)) & (left < until)]
    leaves = table.index.isin(early["pupil_id"].astype(str))
    return {
        "as_of": str(AS_OF), "pupils": len(table), "leavers": int(leaves.sum()), "given_states": round(best.auc, 4),
        "given_states_same_pupils": round(float(roc_auc_score(leaves, log_odds)), 4),
        "given_records": round(float(roc_auc_score(leaves, guess)), 4),
    }  # fmt: skip


def _pool(told: list[Told]) -> tuple[Told, Told]:
    """Means over worlds with their standard errors, and what is made from means: ratios, orders, the shape of the autumn."""
    columns = {key: np.array([world[key] for world in told]) for key in told[0]}
    mean = {key: float(values.mean()) for key, values in columns.items()}
    error = {key: float(values.std(ddof=1) / np.sqrt(len(values))) for key, values in columns.items() if len(values) > 1}
    if "suspensions: all" in mean:
        for what, (one, other) in product(("suspensions", "exclusions"), PAIRS):
            top, bottom, key = f"{what}: {one}", f"{what}: {other}", f"{what}: {one} / {other}"
            mean[key] = mean[top] / mean[bottom] if mean[bottom] else float("nan")  # in a handful of pupils nobody may be excluded
            if error and mean[bottom]:
                error[key] = float(np.hypot(error[top], mean[key] * error[bottom])) / mean[bottom]
        for what, year in (("suspensions", 9), ("exclusions", 10)):
            counts = [mean[f"{what} in Year {group}"] for group in range(7, 14)]
            mean[f"most {what} in Year {year}"] = float(counts[year - 7] == max(counts))
        days = [mean[f"overall, year: {day}"] for day in ("Mon", "Tue", "Wed", "Thu", "Fri")]
        mean |= {"Friday is highest": float(max(days) == days[4]), "Wednesday is lowest": float(min(days) == days[2])}
        shape = np.corrcoef([mean[f"week {week}"] for week in WEEKLY], list(WEEKLY.values()))
        mean["correlation of the weeks of autumn"] = float(shape[0, 1])
    return mean, error


def _compare(one: Published, simulated: float, error: float | None, pupils: int) -> dict[str, Any]:
    """One row of the result."""
    slack = 3 * (error or 0) if pupils < FULL else 0.0
    low, high = (one.value - one.room, one.value + one.room) if one.low is None or one.high is None else (one.low, one.high)
    wider = slack > one.room if one.low is None else slack > 0
    if one.low is None and wider:
        low, high = one.value - slack, one.value + slack
    elif wider:
        low, high = low - slack, high + slack
    return {
        "table": one.table, "quantity": one.key, "published": one.target, "simulated": round(simulated, 4),
        "error": error and round(error, 4), "low": round(low, 4), "high": round(high, 4), "widened": bool(wider),
        "passed": bool(low - 1e-9 <= simulated <= high + 1e-9), "why": WHY_MISSED.get(one.key, ""),
    }  # fmt: skip


def missed(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that did not pass."""
    return [row for row in rows if not row["passed"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pupils", type=int, default=FULL)
    parser.add_argument("--fewer", type=int, default=60_000)
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    told = measure(given.pupils, given.fewer, lambda title: print(title, flush=True))
    given.json.write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
