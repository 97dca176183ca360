"""Measures how often the reasons of simulated pupils name the cause that would make them leave, beside two other rankings.

    python -m benchmarks.truth [--sets 10] [--pupils 3000] [--json FILE]

Each set is simulated over three years with another seed; a model is trained on it and scores the pupils of the last half-term.
Flagged pupils only. Published whatever it is.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import eswarn as ew
from benchmarks.truth_page import truth_section
from eswarn.cohort.dates import latest_half_term
from eswarn.evaluation.audit.folder import run_of
from eswarn.evaluation.audit.truth import THEMES, read_causes, recovered, summed_up
from eswarn.records.timeline import Timeline
from eswarn.simulate import simulate_with_causes, write_causes

YEARS, SEED = 3, 500


def measure_truth(*, sets: int = 10, pupils: int = 3_000) -> dict[str, Any]:
    """Recovery of the known causes over some simulated sets, all flagged pupils together and by cause.

    Parameters
    ----------
    sets, pupils : int
        Sets, and pupils on roll in each on the first day.
    """
    began, places, main, untold = time.perf_counter(), [], [], 0
    for number in range(sets):
        records, causes = simulate_with_causes(pupils=pupils, years=YEARS, seed=SEED + number)
        as_of = latest_half_term(Timeline(records))
        model = ew.train(records, tracking="off")
        run = run_of(model, ew.score(model, records, as_of, tracking="off"))
        with tempfile.TemporaryDirectory() as place:
            known = read_causes(write_causes(causes, Path(place) / "causes.parquet"), as_of)
        flagged = [known.get(str(pupil)) for pupil in run.pupil[run.flagged]]
        main += [cause for cause in flagged if cause in THEMES]
        untold += flagged.count("home")
        places.append(recovered(run, known))
        print(f"set {number + 1} of {sets}: {places[-1].shape[1]} flagged pupils", flush=True)
    every, cause = np.concatenate(places, axis=1), np.array(main)
    by_cause = {
        name: {"pupils": int((cause == name).sum()), "first": (every[:, cause == name] == 1).mean(axis=1).round(3).tolist(),
               "among_three": (every[:, cause == name] > 0).mean(axis=1).round(3).tolist()}
        for name in THEMES if (cause == name).any()
    }  # fmt: skip
    return {
        "command": f"python -m benchmarks.truth --sets {sets} --pupils {pupils}", "n": sets, "pupils": pupils, "years": YEARS,
        "recovery": asdict(summed_up(every, untold)), "by_cause": by_cause, "seconds": round(time.perf_counter() - began),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=10, help="simulated sets (default 10)")
    parser.add_argument("--pupils", type=int, default=3_000, help="pupils in each (default 3,000)")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    given = parser.parse_args()
    part = measure_truth(sets=given.sets, pupils=given.pupils)
    print("\n".join(truth_section(part)))
    if given.json:
        given.json.write_text(json.dumps(part, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
