"""One job of national.py in a process of its own: done twice, and what each time cost. Libraries are loaded before the clock runs.

python -m benchmarks.national_jobs JOB FOLDER
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import json
import os
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TIMES = 2
WEEKS = 40
LONG = "attendance.parquet"
SCANS = {  # what DuckDB can not answer from the statistics of the file alone
    "duckdb-max": "select min(columns(*)), max(columns(*)) from read_parquet($file) where length(session) = 2",
    "duckdb-compare": "select count_if(pupil_id > 'P'), count_if(school_id > '9'), count_if(date > '2020-01-01'), "
    "count_if(session > 'B'), count_if(code > 'B') from read_parquet($file)",
}
Steps = dict[str, float]


def last_date(folder: Path) -> dt.date:
    """The day after the last mark."""
    told = tomllib.loads((folder / "dataset.toml").read_text(encoding="utf-8"))
    last: dt.date = told["observed_to"]["attendance"]
    return last + dt.timedelta(days=1)


@contextmanager
def _step(steps: Steps, name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    steps[name] = round(time.perf_counter() - began, 3)


def eswarn(folder: Path, *, dates: int = 1, of_peers: bool = False) -> Callable[[], Steps]:
    """Files to a feature table: all shipped features that are not protected, or those of the peers."""
    import eswarn as ew
    from benchmarks.peers import COLUMNS

    read, feature_table = ew.read, ew.feature_table  # loaded when they are first named
    features = tuple(f for f in ew.FEATURES if f.column in COLUMNS or not of_peers)
    days = [last_date(folder) - dt.timedelta(days=7 * k) for k in range(0, WEEKS, WEEKS // dates)]

    def work() -> Steps:
        steps: Steps = {}
        with _step(steps, "read"):
            records = read(folder)
        with _step(steps, "features"):
            table = feature_table(records, days, features=features)
        return steps | {"columns": table.shape[1] - 2, "pupils": len(table)}

    return work


def peer(folder: Path, name: str) -> Callable[[], Steps]:
    """The features of peers.py by another engine."""
    module, as_of = importlib.import_module(f"benchmarks.peers_{name}"), last_date(folder)

    def work() -> Steps:
        return {"pupils": len(module.features(folder / LONG, as_of))}

    return work


def scan(folder: Path, name: str) -> Callable[[], Steps]:
    """Only looking at every value of the file."""
    if name == "arrow":
        import pyarrow.parquet as pq

        def decode() -> Steps:
            with pq.ParquetFile(folder / LONG) as file:
                return {"marks": sum(batch.num_rows for batch in file.iter_batches(batch_size=1 << 20))}

        return decode
    import duckdb

    def look() -> Steps:
        with duckdb.connect() as engine:
            engine.execute(SCANS[name], {"file": str(folder / LONG)}).fetchall()
        return {}

    return look


def same(folder: Path) -> dict[str, dict[str, int]]:
    """Answers of each peer that are not eswarn's, by feature."""
    import eswarn as ew
    from benchmarks.peers import COLUMNS, differences

    as_of = last_date(folder)
    ours = ew.feature_table(ew.read(folder), as_of, features=[f for f in ew.FEATURES if f.column in COLUMNS])
    peers = {name: importlib.import_module(f"benchmarks.peers_{name}") for name in ("pandas", "polars", "duckdb")}
    return {name: differences(ours, module.features(folder / LONG, as_of)) for name, module in peers.items()} | {
        "answers": {"compared": len(ours) * len(COLUMNS)}
    }


JOBS: dict[str, Callable[[Path], Callable[[], Steps]]] = {
    "eswarn": eswarn,
    "eswarn-of-peers": lambda folder: eswarn(folder, of_peers=True),
    **{f"eswarn-{n}-dates": (lambda folder, n=n: eswarn(folder, dates=n)) for n in (1, 10, 40)},
    **{name: (lambda folder, name=name: peer(folder, name)) for name in ("pandas", "polars", "duckdb")},
    **{name: (lambda folder, name=name: scan(folder, name)) for name in ("arrow", *SCANS)},
}


def measure(work: Callable[[], Steps]) -> list[dict[str, Any]]:
    """What each time cost; the peak is that of the process so far, so the first one's is the job's own."""
    import resource

    told = []
    for _ in range(TIMES):
        before, began = os.times(), time.perf_counter()
        steps = work()
        seconds, after = time.perf_counter() - began, os.times()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
        told.append({
            "seconds": round(seconds, 3), "user_seconds": round(after.user - before.user, 3),
            "system_seconds": round(after.system - before.system, 3), "peak_mb": round(peak, 1), "steps": steps,
        })  # fmt: skip
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=(*JOBS, "same"))
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    print(json.dumps(same(given.folder) if given.job == "same" else measure(JOBS[given.job](given.folder))))


if __name__ == "__main__":
    main()
