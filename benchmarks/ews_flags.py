"""Draws eswarn's lists on simulated schools among the 110 published early-warning flags (Bowers, Sprott, Taff 2013).

    python -m benchmarks.ews_flags [--data FOLDER] [--sets 3] [--pupils 6000] [--json FILE] [--picture docs/flags.svg]

Each set of schools is simulated over four years with another seed. The model learns from as-of dates whose year was over, reporting
delay included, before the date it is judged on; the list is cut in each school. Not scored counts as not listed. The published
table is read where it lies and is not kept: only what is said of it as a whole, and the picture.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

import eswarn as ew
from benchmarks.ews_flags_page import ews_flags_section
from benchmarks.ews_flags_picture import picture
from benchmarks.oulad import data_folder
from eswarn.cohort.dates import half_terms
from eswarn.cohort.label import horizon_end, is_mature
from eswarn.config import Config, FeaturesConfig
from eswarn.evaluation.bootstrap import Draws, draw
from eswarn.evaluation.metrics import listed
from eswarn.features.compute import Dataset, choose, compute
from eswarn.model.fit import fit
from eswarn.records.timeline import Timeline

Floats = npt.NDArray[np.float64]
YEARS, SEED = 4, 900
PLACES = (0.02, 0.05, 0.10, 0.20)
CURVE = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40, 0.50, 0.60, 0.70, 0.80, 0.90)
ABSENCE, PERSISTENT = "absence_this_year", 0.10
# The flags of the table that are named in the picture: number of the row, and what it says.
NAMED = {1: "on track (Chicago)", 4: "attendance at most 80 %", 7: "suspended", 107: "16 or more absences"}


def simulated(sets: int, pupils: int) -> pd.DataFrame:
    """Everybody on roll on the day judged: school, score (-inf: none), y (1, 0, NaN not known), and whether persistently absent."""
    parts = []
    for number in range(sets):
        timeline, config = Timeline(ew.simulate(pupils=pupils, years=YEARS, seed=SEED + number)), Config()
        days = [day for day in half_terms(timeline) if is_mature(timeline, day, config.cohort)]
        asked = days[-1]
        past = [day for day in days if horizon_end(day, config.cohort) + dt.timedelta(days=config.cohort.delay_days) <= asked]
        data = compute(timeline, [*past, asked], config.cohort, features=choose(FeaturesConfig()), labelled=True)
        today = data.keys["as_of"].to_numpy() == asked
        model = fit(data.rows(~today), config).risk_model
        parts.append(_everybody(data, data.rows(today), model, asked).assign(set=number))
        print(f"set {number + 1} of {sets}: {len(parts[-1]):,} pupils on {asked}, learned from {past[0]} to {past[-1]}", flush=True)
    every = pd.concat(parts, ignore_index=True)
    every["school"] = every["set"].astype(str) + " " + every["school"].astype(str)
    return every


def _everybody(data: Dataset, judged: Dataset, model: Any, asked: dt.date) -> pd.DataFrame:
    """Scored pupils, and those who were on roll and could not be scored."""
    scored = pd.DataFrame({
        "school": judged.keys["school_id"], "score": model.raw_score(judged.X), "y": judged.y,
        "persistent": judged.X[ABSENCE].to_numpy() >= PERSISTENT,
    })  # fmt: skip
    here = data.left_out["as_of"].to_numpy() == asked
    rest = pd.DataFrame({
        "school": data.left_out["school_id"][here], "score": -np.inf, "y": data.left_out_y[here], "persistent": False
    })  # fmt: skip
    return pd.concat([scored, rest], ignore_index=True)


def judge(every: pd.DataFrame) -> dict[str, Any]:
    """Sensitivity, specificity and Youden's J at some shares of places, of the whole curve, and of the persistent absence flag."""
    unknown, every = int(every["y"].isna().sum()), every[every["y"].notna()]
    y, school = every["y"].to_numpy(), every["school"].to_numpy(str)
    lists = np.unique(school, return_inverse=True)[1].astype(np.int64)
    draws = draw(school)
    score = every["score"].to_numpy(float)
    cut = {share: listed(score, share, lists=lists) for share in {*PLACES, *CURVE}}
    curve = [_point(draws, cut[share], y, share=share) for share in CURVE]
    return {
        "pupils": len(y), "leavers": int(y.sum()), "schools": draws.clusters, "unknown": unknown,
        "not_scored": int(np.isneginf(score).sum()),
        "at": [_point(draws, cut[share], y, share=share) for share in PLACES], "curve": curve,
        "best": max(curve, key=lambda point: float(point["youden"])),
        "persistent_absence": _point(draws, every["persistent"].to_numpy(float), y, share=float(every["persistent"].mean())),
    }  # fmt: skip


def _point(draws: Draws, places: Floats, y: Floats, *, share: float) -> dict[str, float]:
    """What a list reaches, with 95 % intervals over schools."""
    sensitivity, alarms = draws.ratio(places * y, y), draws.ratio(places * (1 - y), 1 - y)
    told = {"share": share}
    for name, under in (("sensitivity", sensitivity), ("specificity", 1 - alarms), ("youden", sensitivity - alarms)):
        found = draws.estimate(under, scale="difference" if name == "youden" else "share")
        told |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
    return {name: round(value, 4) for name, value in told.items()}


def measure(data: Path, *, sets: int, pupils: int, out: Path | None) -> dict[str, Any]:
    """Simulate, judge, draw; plain values of the published flags as a whole only."""
    began = time.perf_counter()
    flags = pd.read_csv(data / "ews_flags" / "published_flags.csv", dtype={"grade": str})
    youden, rate = flags["sensitivity"] + flags["specificity"] - 1, flags["dropout_rate"]
    named_share = rate * flags["sensitivity"] + (1 - rate) * (1 - flags["specificity"])
    ours = judge(simulated(sets, pupils))
    if out:
        named = {said: flags.loc[flags["id"] == number, ["specificity", "sensitivity"]].iloc[0].tolist() for number, said in NAMED.items()}
        out.write_text(picture(flags[["specificity", "sensitivity"]].to_numpy(float), named, ours), encoding="utf-8")
    return {
        "command": f"python -m benchmarks.ews_flags --data FOLDER --sets {sets} --pupils {pupils}", "n": ours["pupils"], "sets": sets,
        "years": YEARS, "seed": SEED, "ours": ours,
        "flags": {
            "n": len(flags), "median": round(float(youden.median()), 3), "best": round(float(youden.max()), 3),
            "median_share": round(float(named_share.median()), 3), "rates": [round(float(rate.min()), 3), round(float(rate.max()), 3)],
            "worse_than_chance": int((youden < 0).sum()), "below_best_of_ours": int((youden < ours["best"]["youden"]).sum()),
        },
        "seconds": round(time.perf_counter() - began),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the folder of open data; ESWARN_DATA where not given")
    parser.add_argument("--sets", type=int, default=3, help="simulated sets of schools (default 3)")
    parser.add_argument("--pupils", type=int, default=6_000, help="pupils on roll in each (default 6,000)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--picture", type=Path, help="write the picture to this SVG file")
    given = parser.parse_args()
    data = data_folder(given.data)
    if data is None:
        sys.exit("Not measured: give --data FOLDER (with ews_flags/ in it), or set ESWARN_DATA.")
    part = measure(data, sets=given.sets, pupils=given.pupils, out=given.picture)
    print("\n".join(ews_flags_section(part)))
    if given.json:
        given.json.write_text(json.dumps(part, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
