"""Measures features at the size of a country: million marks a second and peak memory, beside other engines in the same run.

    python benchmarks/national.py --data FOLDER [--json FILE] [--most PUPILS]

Made-up records (make_national.py) are kept in FOLDER and made where they are missing: about 3 GB for all sizes. Every job is a
process of its own that does its work twice; ``first`` is a fresh process with compiled code on disk, ``warm`` the second time.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.timed import Cost, timed

ROOT = Path(__file__).resolve().parents[1]
CURVE = (10_000, 50_000, 200_000, 1_000_000)
PANDAS_AT, PEERS_AT, LARGEST = CURVE[1:]
SMALL = CURVE[0]
CSV_PUPILS = 26_800  # a little over 10 million marks
SEED = 1
SCANS = ("arrow", "duckdb-max", "duckdb-compare")
DATES = (1, 10, 40)
DEAL = "from pathlib import Path; from benchmarks.unsorted import write_unsorted; import sys; write_unsorted(*map(Path, sys.argv[1:]))"
TO_CSV = """\
import sys
import pyarrow.csv as pc, pyarrow.parquet as pq
from pathlib import Path
with pq.ParquetFile(sys.argv[1]) as file, pc.CSVWriter(sys.argv[2], file.schema_arrow) as out:
    for batch in file.iter_batches():
        out.write_batch(batch)
"""
Run = dict[str, Any]


def python(*words: object) -> Cost:
    """A process of this Python in the project's folder."""
    return timed([sys.executable, *words], cwd=ROOT, environment=os.environ | {"PYTHONPATH": str(ROOT)})


class National:
    """Records of several sizes in a folder, made where they are missing, and the jobs done on them so far."""

    def __init__(self, data: Path, most: int) -> None:
        self.data, self.most = data.resolve(), most
        self.runs: list[Run] = []

    def size(self, pupils: int) -> int:
        """So many pupils, or as many as are allowed."""
        return min(pupils, self.most)

    def long(self, pupils: int) -> Path:
        """One row a session, sorted by pupil."""
        folder = self.data / str(pupils)
        if not (folder / "strings" / "dataset.toml").exists():  # written last
            python(ROOT / "benchmarks" / "make_national.py", folder, "--pupils", pupils, "--seed", SEED)
        return folder / "long"

    def marks_alone(self, pupils: int, *, texts: bool = False) -> Path:
        """The marks, as rows or as texts, with no more beside them than the year groups: what the other engines read."""
        folder = self._beside(pupils, "texts-alone" if texts else "alone", only=("context.parquet", "dataset.toml"))
        if not (folder / "attendance.parquet").exists():
            source = self.data / str(pupils) / ("strings" if texts else "long")
            os.link(source / "attendance.parquet", folder / "attendance.parquet")
        return folder

    def strings(self, pupils: int) -> Path:
        """One text a pupil and year; the small tables beside it are those of the long form."""
        folder = self._beside(pupils, "texts")
        if not (folder / "attendance.parquet").exists():
            os.link(self.data / str(pupils) / "strings" / "attendance.parquet", folder / "attendance.parquet")
        return folder

    def unsorted(self, pupils: int) -> Path:
        """The rows of the long form in random order."""
        folder = self._beside(pupils, "unsorted")
        file = folder / "attendance.parquet"
        if not file.exists():
            draft = file.with_suffix(".tmp")
            python("-c", DEAL, self.long(pupils) / file.name, draft)
            draft.replace(file)
        return folder

    def csv(self, pupils: int) -> Path:
        """Every table of the long form as CSV."""
        long, folder = self.long(pupils), self.data / str(pupils) / "csv"
        if not (folder / "dataset.toml").exists():
            folder.mkdir(exist_ok=True)
            for file in sorted(long.glob("*.parquet")):
                python("-c", TO_CSV, file, folder / f"{file.stem}.csv")
            shutil.copyfile(long / "dataset.toml", folder / "dataset.toml")
        return folder

    def _beside(self, pupils: int, name: str, *, only: Sequence[str] = ()) -> Path:
        """A folder with all of the long form but its attendance, or only some of it."""
        long, folder = self.long(pupils), self.data / str(pupils) / name
        folder.mkdir(exist_ok=True)
        for file in long.iterdir():
            if file.name != "attendance.parquet" and (not only or file.name in only) and not (folder / file.name).exists():
                os.link(file, folder / file.name)
        return folder

    def job(self, name: str, folder: Path) -> Run:
        """Do a job of national_jobs.py and keep what it cost."""
        pupils = int(folder.parent.name)
        first, warm = json.loads(python("-m", "benchmarks.national_jobs", name, folder).output.splitlines()[-1])
        run = {"job": name, "form": folder.name, "pupils": pupils, "marks": self.marks(pupils), "first": first, "warm": warm}
        self.runs.append(run)
        print(
            f"{name:<16} {folder.name:<9} {pupils:>9,} pupils  {speed(run):>7.1f} million marks/s  {warm['seconds']:>7.2f} s  "
            f"{warm['user_seconds']:>7.2f} s user  {first['peak_mb']:>7,.0f} MB", flush=True,
        )  # fmt: skip
        return run

    def marks(self, pupils: int) -> int:
        """Rows of the long form."""
        file = self.long(pupils) / "attendance.parquet"
        return int(python("-c", "import sys, pyarrow.parquet as pq; print(pq.read_metadata(sys.argv[1]).num_rows)", file).output)


def speed(run: Run) -> float:
    """Million marks a second of wall time, the second time."""
    return float(run["marks"] / run["warm"]["seconds"] / 1e6)


def measure(data: Path, most: int = LARGEST) -> Run:
    """All jobs, one after the other."""
    country = National(data, most)
    size = country.size
    same = json.loads(python("-m", "benchmarks.national_jobs", "same", country.long(size(SMALL))).output.splitlines()[-1])
    if any(found for name, found in same.items() if name != "answers"):
        sys.exit(f"the engines differ, nothing was timed: {same}")
    python("-m", "benchmarks.national_jobs", "eswarn", country.long(size(SMALL)))  # compiles what is not compiled yet
    for pupils in sorted({size(n) for n in CURVE}):
        country.job("eswarn", country.long(pupils))
    for pupils in sorted({size(n) for n in (PANDAS_AT, PEERS_AT)}):
        country.job("eswarn", country.marks_alone(pupils))
        country.job("eswarn-of-peers", country.marks_alone(pupils))
    country.job("eswarn", country.marks_alone(size(PEERS_AT), texts=True))
    country.job("pandas", country.long(size(PANDAS_AT)))
    for name in ("polars", "duckdb", *SCANS):
        country.job(name, country.long(size(PEERS_AT)))
    for pupils in sorted({size(n) for n in (PEERS_AT, LARGEST)}):
        country.job("eswarn", country.strings(pupils))
        country.job("eswarn", country.unsorted(pupils))
    for n in DATES:
        country.job(f"eswarn-{n}-dates", country.long(size(PANDAS_AT)))
    return {
        "command": "python benchmarks/national.py --data FOLDER", "n": max(size(n) for n in CURVE), "seed": SEED,
        "years": 1, "compared": same["answers"]["compared"], "compared_at": size(SMALL), "runs": country.runs,
        "csv": csv(country, size(CSV_PUPILS)), "peers": {name: importlib.metadata.version(name) for name in ("polars", "duckdb")},
    }  # fmt: skip


def csv(country: National, pupils: int) -> Run:
    """The command line on CSV: check, then features, each a process that reads the files anew."""
    folder, out = country.csv(pupils), country.data / "features.parquet"
    observed = (folder / "dataset.toml").read_text(encoding="utf-8").split("attendance = ")[1].split()[0]
    out.unlink(missing_ok=True)
    steps = {
        "check": python("-m", "eswarn.cli", "check", folder),
        "features": python("-m", "eswarn.cli", "features", folder, "--as-of", observed, "--out", out),
    }
    out.unlink()
    costs = {name: {k: v for k, v in asdict(cost).items() if k != "output"} for name, cost in steps.items()}
    print(*(f"CSV {name}: {cost['seconds']:.1f} s, {cost['peak_mb']:,.0f} MB" for name, cost in costs.items()), sep="\n", flush=True)
    return {"pupils": pupils, "marks": country.marks(pupils), "steps": costs}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the made-up records")
    parser.add_argument("--json", type=Path, help="file to write all figures to")
    parser.add_argument("--most", type=int, default=LARGEST, help="no more pupils than these at any size, to try it out")
    given = parser.parse_args(arguments)
    told = measure(given.data, given.most)
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
