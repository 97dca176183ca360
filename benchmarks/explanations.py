"""Measures explanations: rows a second of one core and peak memory, beside plain prediction and the other explainers, in one run.

    python benchmarks/explanations.py --data FOLDER [--json FILE] [--other PYTHON ...]

Two models are trained on 300,000 made-up rows of 80 features and kept in FOLDER (400 MB). Every way to explain is a process of its
own. Explainers that are not in this environment (woodelf-explainer, fasttreeshap) are looked for in the others that are named.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.explanations_jobs import FEATURES, MODELS, REFERENCE
from benchmarks.timed import timed

ROOT = Path(__file__).resolve().parents[1]
ROWS = {  # of each job: for the first model and the second, some seconds each
    "predict": (20_000, 20_000), "pred_contrib": (2_000, 300), "shap path": (2_000, 300), "shap interventional 100": (200, 30),
    "shap interventional 1000": (40, 6), "woodelf path": (20_000, 2_000), "woodelf interventional 1000": (20_000, 2_000),
    "fasttreeshap v1": (2_000, 300), "fasttreeshap v2": (2_000, 300), "eswarn reference": (0, 0), "eswarn interventional": (20_000, 20_000),
    "eswarn path": (20_000, 20_000),
}  # fmt: skip
WAITS = (1_000, 10_000)  # rows of a first call as a user makes it, on all cores
LIBRARY = {"woodelf": "woodelf", "fasttreeshap": "fasttreeshap"}


def python_with(module: str, others: list[str]) -> str | None:
    """An interpreter that has a library, this one first."""
    for python in (sys.executable, *others):
        if subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0:
            return python
    return None


def job(name: str, folder: Path, rows: int, *, python: str = sys.executable, threads: int = 1) -> dict[str, Any]:
    """Do one job and say what it cost."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(threads), "ESWARN_THREADS": str(threads),
                                "OMP_WAIT_POLICY": "PASSIVE"}  # fmt: skip
    command = [python, "-m", "benchmarks.explanations_jobs", name, folder, "--rows", rows]
    cost = timed(command, cwd=ROOT, environment=environment)
    told = {"job": name, "threads": threads, "peak_mb": cost.peak_mb} | json.loads(cost.output.splitlines()[-1])
    print(f"{folder.name}  {name:<28} {threads} thread  {told.get('rows', 0):>8,} rows  {told.get('seconds', 0):>8.3f} s "
          f"{told.get('again', 0):>8.3f} s again  {cost.peak_mb:>7,.0f} MB", flush=True)  # fmt: skip
    return told


def measure(data: Path, others: list[str]) -> dict[str, Any]:
    """All jobs on both models, one after the other."""
    runs: list[dict[str, Any]] = []
    missing = [name for name, module in LIBRARY.items() if python_with(module, others) is None]
    for place, model in enumerate(MODELS):
        folder = data.resolve() / model.replace(" ", "")
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "model.txt").exists():  # written last
            job(f"make {model}", folder, 0, threads=os.cpu_count() or 1)
        for name, rows in ROWS.items():
            library = next((module for module in LIBRARY.values() if name.startswith(module)), None)
            if library is None or (python := python_with(library, others)) is None:
                python = sys.executable
            if library not in missing:
                runs.append({"model": model, **job(name, folder, rows[place], python=python)})
        cores = os.cpu_count() or 1
        for name, rows in (("pred_contrib", ROWS["pred_contrib"][place]), *(("eswarn interventional", n) for n in WAITS)):
            runs.append({"model": model, **job(name, folder, rows, threads=cores), "job": f"{name} on all cores"})
    return {"command": "python benchmarks/explanations.py --data FOLDER", "n": REFERENCE, "features": FEATURES, "reference": REFERENCE,
            "missing": missing, "runs": runs}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the models and rows")
    parser.add_argument("--json", type=Path, help="file to write all figures to")
    parser.add_argument("--other", action="append", default=[], help="Python of another environment; may be given twice")
    given = parser.parse_args()
    told = measure(given.data, given.other)
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
