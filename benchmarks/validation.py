"""Judges eswarn on simulated schools as `eswarn validate` does, and sets it beside the best anybody could do.

    python -m benchmarks.validation [--pupils N] [--years N] [--json FILE]

A held-out year of the schools learned from, and the same year of schools held out whole. The simulator knows the true chance of
each pupil, given states that the records only show through noise: its AUC is the best possible but by luck.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from eswarn.config import Config, ValidationConfig
from eswarn.evaluation.asked import Asked
from eswarn.evaluation.metrics import auc, listed, recall
from eswarn.evaluation.validate import validate
from eswarn.evaluation.validation import Validation
from eswarn.simulate import simulate_with_causes

PUPILS, YEARS, SEED = 20_000, 4, 11
PLACES = "0.05"


def measure_validation(pupils: int = PUPILS, years: int = YEARS, seed: int = SEED) -> dict[str, Any]:
    """Simulate, validate, and judge the true chance on the same rows."""
    records, causes = simulate_with_causes(pupils=pupils, years=years, seed=seed)
    began = time.perf_counter()
    told = validate(records, Config(validation=ValidationConfig(folds=1)))
    seconds = time.perf_counter() - began
    plain = told.plain()
    return {
        "command": 'make figures ARGS="--only validation"', "n": plain["splits"][0]["n"]["rows"], "pupils": pupils, "years": years,
        "seed": seed, "seconds": round(seconds, 1), "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
        "answers": plain["answers"], "about": plain["about"],
        "splits": [_brief(split, _best(told, number, causes)) for number, split in enumerate(plain["splits"])],
    }  # fmt: skip


def _brief(split: dict[str, Any], best: dict[str, float]) -> dict[str, Any]:
    """What the page shows."""
    rules = [
        {
            "name": rule["name"], "lacks": rule["lacks"], "reach": rule["reach"]["together"][PLACES], "auc": rule["auc"],
            "difference": rule["difference"]["together"][PLACES], "places_needed": rule["places_needed"],
        }
        for rule in split["rules"]
    ]  # fmt: skip
    kept = ("split", "folds", "n", "figures", "calibration", "lead", "arbitrariness")
    groups = split.get("groups", {})
    verdicts = [verdict for row in groups.get("rows", []) for verdict in row["verdicts"].values()]
    counted = {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))}
    return {name: split[name] for name in kept if name in split} | {
        "rules": rules, "best": best, "verdicts": counted, "remedies": groups.get("remedies", []), "steered": groups.get("steered", ""),
    }  # fmt: skip


def _best(told: Validation, number: int, causes: pa.Table) -> dict[str, float]:
    """AUC and reach of the true chance, on those who were scored and whose outcome is known; and of the model on the same rows."""
    asked = told.splits[number].asked
    chance = _chances(asked, causes)
    rows = asked.scored & asked.known & ~np.isnan(chance)
    y, dates = asked.left[rows], np.unique(asked.as_of[rows], return_inverse=True)[1]
    found = {"rows": float(rows.sum())}
    for name, score in (("true_chance", chance[rows]), ("model", asked.score[rows])):
        found[f"auc_{name}"] = round(auc(score, y, school=dates), 4)
        found[f"reach_{name}"] = round(recall(listed(score, float(PLACES), lists=dates), y), 4)
    return found


def _chances(asked: Asked, causes: pa.Table) -> npt.NDArray[np.float64]:
    days = causes["as_of"].to_numpy().astype("datetime64[D]")
    names = causes["pupil_id"].cast(pa.string()).to_numpy(zero_copy_only=False)
    known = dict(zip(zip(names.tolist(), days.tolist(), strict=True), causes["chance"].to_numpy().tolist(), strict=True))
    nearest = {day: days[np.argmin(np.abs(days - day))] for day in np.unique(asked.as_of)}  # the causes are of the first day of a half-term
    return np.array([known.get((pupil, nearest[day].item()), np.nan) for pupil, day in zip(asked.pupil.tolist(), asked.as_of, strict=True)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pupils", type=int, default=PUPILS)
    parser.add_argument("--years", type=int, default=YEARS)
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    given = parser.parse_args()
    told = measure_validation(given.pupils, given.years)
    for answer in told["answers"]:
        print(answer["question"], answer["verdict"], answer["says"], sep="\n  ")
    for split in told["splits"]:
        print(split["split"], split["best"], {rule["name"]: rule["reach"]["value"] for rule in split["rules"]})
    print(told["seconds"], "seconds", told["peak_mb"], "MB")
    if given.json:
        given.json.write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
