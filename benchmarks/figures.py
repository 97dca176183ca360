"""Measures the figures we publish, keeps them in docs/figures.json and writes docs/figures.md from that file.

    make figures [ARGS="--data FOLDER --fresh"]

Each part runs by itself: import, scale (10,000 pupils over three years), explanations (beside other explainers; ten minutes, only
with --only explanations), truth (causes named; ten minutes, only with --only truth), national (features of up to a million pupils beside
other engines; half an hour, only with --only national or --national), calibration (simulated schools beside published figures;
ten minutes, only with --only calibration), leaks (planted
leaks, and clean sets; ten minutes, only with --only leaks), fresh (from a clone to a report; minutes, only with --fresh) and oulad (real
learners; needs the open data). A part that is not run keeps its last figures and their date.
"""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.figures_page import page
from benchmarks.timed import Cost, timed

ROOT = Path(__file__).resolve().parents[1]
CLI = (sys.executable, "-m", "eswarn.cli")
HEAVY = ("lightgbm", "mlflow", "numpy", "pandas", "pyarrow", "pydantic", "scipy", "shap", "sklearn")
PACKAGES = ("eswarn", "lightgbm", "mlflow", "numpy", "pandas", "pyarrow", "pydantic", "scikit-learn", "shap")
IMPORTS = 21
IMPORT = f"""\
import sys, time
began = time.perf_counter()
import eswarn
print(time.perf_counter() - began, *(name for name in {HEAVY} if name in sys.modules))
"""
PLAIN_PANDAS = "import pandas, sys; pandas.read_csv(sys.argv[1])"
SEED = 7
PARTS = ("import", "scale", "explanations", "truth", "national", "calibration", "leaks", "validation", "coverage", "fairness", "drift",
         "reports", "exporters", "fresh", "open_tables", "oulad", "oulad_tables", "ews_flags")  # fmt: skip


def measure_import(work: Path) -> dict[str, Any]:
    """Import time in fresh processes, and the heavy libraries loaded by it."""
    told = [timed([sys.executable, "-c", IMPORT], cwd=work).output.split() for _ in range(IMPORTS)]
    seconds = sorted(float(words[0]) for words in told)
    return {
        "command": 'python -c "import eswarn"', "n": IMPORTS, "best": round(seconds[0], 4),
        "median": round(statistics.median(seconds), 4), "worst": round(seconds[-1], 4),
        "loaded": sorted({name for words in told for name in words[1:]}), "looked_for": list(HEAVY),
    }  # fmt: skip


def measure_scale(work: Path, pupils: int) -> dict[str, Any]:
    """Seconds and peak memory of the command line on CSV files of made-up schools, and of pandas alone on the largest."""
    exports = work / "exports"
    steps = {"simulate": timed([*CLI, "simulate", "--pupils", pupils, "--years", 3, "--seed", SEED, "--out", exports], cwd=work)}
    rows = {file.stem: _rows(file) for file in sorted(exports.glob("*.csv"))}
    observed = tomllib.loads((exports / "dataset.toml").read_text(encoding="utf-8"))["observed_to"]["attendance"]
    as_of = observed - dt.timedelta(days=60)
    steps["pandas"] = timed([sys.executable, "-c", PLAIN_PANDAS, exports / "attendance.csv"], cwd=work)
    steps["check"] = timed([*CLI, "check", exports], cwd=work)
    steps["train"] = timed([*CLI, "train", exports, "--out", work / "model", "--tracking", "off"], cwd=work)
    score = [*CLI, "score", exports, "--model", work / "model", "--as-of", as_of, "--out", work / "scores", "--tracking", "off"]
    steps["score"] = timed(score, cwd=work)
    rows_of = {"pandas": rows["attendance"]}
    return {
        "command": f"eswarn simulate --pupils {pupils} --years 3 --seed {SEED}; check; train; score --as-of {as_of}; --tracking off",
        "n": pupils, "years": 3, "seed": SEED, "rows": rows, "megabytes": round(sum(f.stat().st_size for f in exports.iterdir()) / 1e6, 1),
        "as_of": str(as_of), "scored": _rows(work / "scores" / "scores.csv"),
        "steps": {name: _plain(cost) | {"rows": rows_of.get(name, sum(rows.values()))} for name, cost in steps.items()},
    }  # fmt: skip


def _rows(file: Path) -> int:
    """Lines under the header; no table written here has a line break in a cell."""
    with file.open("rb") as lines:
        return sum(1 for _ in lines) - 1


def _plain(cost: Cost) -> dict[str, float]:
    return {name: value for name, value in asdict(cost).items() if name != "output"}


def measure_fresh(work: Path) -> dict[str, Any]:
    """From `git clone` to a report, with uv on the PATH and without, every package fetched anew."""
    ways: dict[str, Any] = {}
    for way in ("uv", "pip"):
        path = os.environ.get("PATH", "") if way == "uv" else _without_uv(work)
        if way == "uv" and not shutil.which("uv"):
            continue
        clone = work / way
        caches = {"UV_CACHE_DIR": str(work / "uv-cache"), "PIP_CACHE_DIR": str(work / "pip-cache")}
        fresh = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")} | {"PATH": path} | caches
        cloned = timed(["git", "clone", "--quiet", ROOT, clone], cwd=work, environment=fresh)
        demo = timed(["make", "demo"], cwd=clone, environment=fresh)
        size = sum(f.lstat().st_size for f in (clone / ".venv").rglob("*") if f.is_file())
        again = timed(["make", "demo"], cwd=clone, environment=fresh)
        log = (clone / ".venv" / "set-up.log").read_text(encoding="utf-8", errors="replace")
        ways[way] = {
            "clone_seconds": cloned.seconds, "demo_seconds": demo.seconds, "again_seconds": again.seconds,
            "downloads_told": sum("Downloading" in line for line in log.splitlines()),
            "report": (clone / "demo" / "scores" / "report.html").is_file(), "venv_mb": round(size / 1e6),
        }  # fmt: skip
        shutil.rmtree(clone)
    return {
        "command": "git clone; make demo (empty package caches)",
        "commit": _git("rev-parse", "--short=12", "HEAD"),
        "n": 1,
        "ways": ways,
    }


def _without_uv(work: Path) -> str:
    """A PATH on which everything is found but uv and the present environment."""
    kept: list[str] = []
    for folder in filter(None, os.environ.get("PATH", "").split(os.pathsep)):
        if (Path(folder) / "uv").exists():
            mirror = work / "bin" / str(len(kept))
            mirror.mkdir(parents=True)
            for tool in Path(folder).iterdir():
                if tool.name not in ("uv", "uvx"):
                    (mirror / tool.name).symlink_to(tool)
            folder = str(mirror)
        kept.append(folder)
    return os.pathsep.join(kept)


def measure_oulad(work: Path, data: Path) -> dict[str, Any]:
    """Real learners: see benchmarks/oulad_run.py, which runs apart so that this process stays small."""
    timed([sys.executable, ROOT / "benchmarks" / "oulad_run.py", "--data", data, "--json", work / "oulad.json"], cwd=work)
    told: dict[str, Any] = json.loads((work / "oulad.json").read_text(encoding="utf-8"))
    return {"command": "python benchmarks/oulad_run.py --data FOLDER", "n": told["days"][0]["n"]} | told


def measure_calibration(work: Path, small: int | None) -> dict[str, Any]:
    """Simulated schools beside published figures: see benchmarks/calibration.py, which runs apart so that this process stays small."""
    sizes = ["--pupils", small, "--fewer", small] if small else []
    told = measure_apart("calibration", work, *sizes)
    for row in told["rows"]:
        passed = "pass" if row["passed"] else "MISS"
        room = f"{row['low']:.4g} to {row['high']:.4g}"
        print(f"{passed}  {row['table']:<18} {row['quantity']:<46} {row['published']:>12} {row['simulated']:>9.3f}  {room}", flush=True)
    print(f"{told['passed']} of {told['figures']} published figures reproduced", flush=True)
    print("Best possible AUC on {as_of}: {given_states:.3f} given the states, {given_records:.3f} given the records".format(**told["best"]))
    return {"command": 'make figures ARGS="--only calibration"'} | told


def measure_apart(name: str, work: Path, *words: object) -> dict[str, Any]:
    """What another script measures, in a process of its own so that this one stays small."""
    timed([sys.executable, "-m", f"benchmarks.{name}", *words, "--json", work / f"{name}.json"], cwd=ROOT)
    told: dict[str, Any] = json.loads((work / f"{name}.json").read_text(encoding="utf-8"))
    return told


def circumstances() -> dict[str, Any]:
    """Where, when and with what a part was measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9 if hasattr(os, "sysconf") else None
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": {
            "cores": os.cpu_count(), "memory_gb": memory and round(memory, 1), "processor": _processor(), "system": platform.platform(),
            "load_at_start": round(os.getloadavg()[0], 1),
        },
        "versions": {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES},
        "commit": _commit(),
    }  # fmt: skip


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in told.read_text().splitlines() if line.startswith("model name")] if told.exists() else []
    return names[0] if names else platform.processor() or platform.machine()


def _commit() -> str:
    return _git("rev-parse", "--short=12", "HEAD") + (" with changes" if _git("status", "--porcelain", "--", "eswarn") else "")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the folder of open data; ESWARN_DATA where not given")
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; may be given twice")
    parser.add_argument("--fresh", action="store_true", help="also time a fresh clone, with uv and with pip (minutes; fetches packages)")
    parser.add_argument("--national", type=Path, help="measure the part national, its made-up records (3 GB) kept in this folder")
    parser.add_argument("--other", action="append", default=[], help="Python with another explainer, for the part explanations")
    parser.add_argument("--page", action="store_true", help="measure nothing; only write the page anew from figures.json")
    parser.add_argument("--pupils", type=int, default=10_000, help="pupils of the part scale (default 10000)")
    parser.add_argument("--calibration-pupils", type=int, help="pupils of each school year of the part calibration; see there")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder of figures.json and figures.md (default docs)")
    given = parser.parse_args()
    data = given.data or os.environ.get("ESWARN_DATA")
    parts: dict[str, Any] = {"import": measure_import, "scale": lambda work: measure_scale(work, given.pupils)}
    if given.national or "national" in (given.only or ()):
        parts["national"] = lambda work: measure_apart("national", work, "--data", (given.national or work / "records").resolve())
    if "explanations" in (given.only or ()):
        other = [word for python in given.other for word in ("--other", python)]
        parts["explanations"] = lambda work: measure_apart("explanations", work, "--data", work / "models", *other)
    if "truth" in (given.only or ()):
        parts["truth"] = lambda work: measure_apart("truth", work)
    if "calibration" in (given.only or ()):
        parts["calibration"] = lambda work: measure_calibration(work, given.calibration_pupils)
    if "leaks" in (given.only or ()):
        parts["leaks"] = lambda work: measure_apart("leaks", work)
    for name in ("validation", "coverage", "fairness", "drift", "reports", "exporters"):  # minutes each
        if name in (given.only or ()):
            parts[name] = functools.partial(measure_apart, name)
    if given.fresh:
        parts["fresh"] = measure_fresh
    if data and (Path(data) / "oulad").is_dir():
        open_data = Path(data).resolve()
        parts["oulad"] = lambda work: measure_oulad(work, open_data)
        parts["open_tables"] = lambda work: measure_apart("open_tables", work, "--data", open_data)
        parts["oulad_tables"] = lambda work: measure_apart("oulad_tables", work, "--data", open_data)
        picture = given.out / "flags.svg"
        parts["ews_flags"] = lambda work: measure_apart("ews_flags", work, "--data", open_data, "--picture", picture)
    file = given.out / "figures.json"
    figures: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for name in PARTS:
        if given.page or name not in parts or (given.only and name not in given.only):
            last = f"the page keeps what was measured on {figures[name]['date']}" if name in figures else "the page says so"
            print(f"{name}: not measured in this run; {last}", flush=True)
            continue
        print(f"{name}: measuring", flush=True)
        with tempfile.TemporaryDirectory(prefix="eswarn-figures-") as work:
            figures[name] = circumstances() | parts[name](Path(work))
        file.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")  # kept even if a later part fails
    (given.out / "figures.md").write_text(page(figures), encoding="utf-8")
    print(f"Written: {file} and {given.out / 'figures.md'}")


if __name__ == "__main__":
    main()
