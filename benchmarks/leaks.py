"""Counts the planted leaks that the detector catches, and its false alarms on clean data sets.

    python -m benchmarks.leaks [--clean 50] [--sets 5] [--json FILE]

Every leak is planted into made-up schools of several sizes; a leak counts as caught where a finding of its own kind is an alarm.
Clean are the same simulated records without a plant, other seeds, every third without recorded_on; from each comes a clean
feature table with a clean split, too.
"""

from __future__ import annotations

import argparse
import functools
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.leaks_page import leaks_section
from benchmarks.planted_columns import AS_OF, COLUMNS_PLANTS, TABLE_PLANTS, Table, clean_columns, clean_table
from benchmarks.planted_leaks import PLANTS, without_recorded_on
from eswarn.config import CohortConfig, Config
from eswarn.evaluation.leaks import Finding, alarms, leaks, leaks_in_columns, leaks_in_table
from eswarn.records.store import Records
from eswarn.simulate import simulate

SIZES = (300, 500, 800, 1_100, 1_500)
CLEAN_SEED, PLANT_SEED = 1_000, 2_000
Try = tuple[str, str, str, Callable[[], Sequence[Finding]]]  # into what, which leak, found as, and the look
OVERLAP = "training dates whose labels reach past the list"


def made_up(number: int, seed: int) -> Records:
    """Three school years of one of five sizes."""
    return simulate(pupils=SIZES[number % len(SIZES)], years=3, seed=seed + number)


def in_table(table: Table) -> tuple[Finding, ...]:
    """Findings in a table and its split."""
    return leaks_in_table(table.X, table.keys, table.y, side=table.side)


def measure_leaks(*, clean: int = 50, sets: int = 5) -> dict[str, Any]:
    """Caught of planted, by plant; and alarms on clean sets.

    Parameters
    ----------
    clean : int
        Clean data sets, each with its feature table.
    sets : int
        Data sets into which each leak is planted.
    """
    began, planted = time.perf_counter(), _planted(sets)
    by_kind: dict[str, int] = {}
    seconds = []
    false = {"records": 0, "tables": 0, "columns": 0}
    for number in range(clean):
        records = made_up(number, CLEAN_SEED)
        if number % 3 == 2:
            records = without_recorded_on(records)
        start = time.perf_counter()
        told = leaks(records)
        seconds.append(time.perf_counter() - start)
        tried = {"records": told, "tables": in_table(clean_table(records)), "columns": leaks_in_columns(clean_columns, records, AS_OF)}
        for what, findings in tried.items():
            false[what] += bool(alarms(findings))
            for finding in alarms(findings):
                by_kind[finding.kind] = by_kind.get(finding.kind, 0) + 1
        print(f"clean set {number + 1} of {clean}: {sum(false.values())} alarms so far", flush=True)
    return {
        "command": f"python -m benchmarks.leaks --clean {clean} --sets {sets}", "n": clean, "sets": sets, "sizes": list(SIZES), "years": 3,
        "planted": planted, "false_alarms": false, "false_alarms_by_kind": by_kind,
        "median_seconds": round(float(np.median(seconds)), 2), "seconds": round(time.perf_counter() - began),
    }  # fmt: skip


def _planted(sets: int) -> list[dict[str, Any]]:
    """Each plant with its kind, where it was planted, how often, and how often it was caught."""
    rows: dict[tuple[str, str, str], list[bool]] = {}
    for number in range(sets):
        for place, said, kind, look in _tries(made_up(number, PLANT_SEED), functools.partial(np.random.default_rng, number)):
            rows.setdefault((place, said, kind), []).append(kind in {finding.kind for finding in alarms(look())})
        print(f"planted into set {number + 1} of {sets}", flush=True)
    return [
        {"into": place, "leak": said, "kind": kind, "planted": len(caught), "caught": sum(caught)}
        for (place, said, kind), caught in rows.items()
    ]


def _tries(records: Records, dice: Callable[[], np.random.Generator]) -> list[Try]:
    """Everything that can be planted into one data set; one school has no other to be compared with."""
    table, alone = clean_table(records), len(records.table("enrolment")["school_id"].unique()) == 1
    tries: list[Try] = [("records", OVERLAP, "label_windows_overlap", lambda: _overlap(records))]
    tries += [("records", p.said, p.kind, lambda p=p: leaks(p.into(records, dice()))) for p in PLANTS]
    tries += [("table", p.said, p.kind, lambda p=p: in_table(p.into(table, dice()))) for p in TABLE_PLANTS]
    tries += [("columns", p.said, p.kind, lambda p=p: leaks_in_columns(p.make, records, AS_OF)) for p in COLUMNS_PLANTS]
    return [t for t in tries if not (alone and t[2] in ("column_sees_others", "school_encoded"))]


def _overlap(records: Records) -> tuple[Finding, ...]:
    """Lists of September 2024 from a model trained on labels that run to February 2025."""
    days = (AS_OF.replace(year=2022, month=11, day=7), AS_OF.replace(month=1, day=8))
    return leaks(records, Config(cohort=CohortConfig(as_of=days)), as_of=[AS_OF.replace(month=9, day=2)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clean", type=int, default=50, help="clean data sets (default 50)")
    parser.add_argument("--sets", type=int, default=5, help="data sets into which each leak is planted (default 5)")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    given = parser.parse_args()
    part = measure_leaks(clean=given.clean, sets=given.sets)
    print("\n".join(leaks_section(part)))
    if given.json:
        given.json.write_text(json.dumps(part, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
