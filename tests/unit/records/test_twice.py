"""What becomes of facts told twice in a register that is read batch by batch: repeats are merged, contradictions rejected."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import eswarn
from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileLedger
from eswarn.records.store import Records
from eswarn.records.stream import stream
from eswarn.records.timeline import Timeline

MONDAY = dt.date(2026, 2, 2)
ONE = [
    ("A", 0, "AM", "/"),
    ("A", 0, "PM", "/"),
    ("A", 0, "AM", "/"),  # row 4: told again
    ("A", 1, "AM", "O"),  # rows 5, 6 and 7 contradict each other
    ("A", 1, "AM", "/"),
    ("A", 1, "AM", "O"),
    ("A", 1, "PM", "I"),
]
OTHER = [("A", 0, "PM", "/"), ("A", 1, "PM", "I"), ("B", 0, "AM", "/")]  # rows 2 and 3: told in the other file


def write(path: Path, rows: list[tuple[str, int, str, str]], *, dated: bool) -> None:
    """Two rows to a batch."""
    days = [MONDAY + dt.timedelta(days=day) for _, day, _, _ in rows]
    columns = {"pupil_id": [r[0] for r in rows], "school_id": ["S"] * len(rows), "date": pa.array(days, pa.date32()),
               "session": [r[2] for r in rows], "code": [r[3] for r in rows]}  # fmt: skip
    pq.write_table(pa.table(columns | ({"recorded_on": pa.array(days, pa.date32())} if dated else {})), path, row_group_size=2)


def account(file: FileLedger) -> tuple[int, int, int, list[tuple[str, int, tuple[int, ...]]]]:
    return file.rows, file.accepted, file.merged, [(r.rule, r.rows, r.first) for r in file.rejections]


@pytest.mark.parametrize("dated", [False, True])
def test_repeats_are_merged_and_contradictions_rejected_in_every_file(tmp_path: Path, dated: bool) -> None:
    paths = [tmp_path / "attendance-1.parquet", tmp_path / "attendance-2.parquet"]
    for path, rows in zip(paths, (ONE, OTHER), strict=True):
        write(path, rows, dated=dated)
    expected = [(7, 3, 1, [("conflict", 3, (5, 6, 7))]), (3, 1, 2, [])]
    streamed, accounts = stream(paths, DatasetFacts())
    assert [account(file) for file in accounts] == expected
    assert [account(file) for file in eswarn.read(tmp_path).ledger.files] == expected
    known = Timeline(Records({}, streamed=streamed)).before(MONDAY + dt.timedelta(days=9))
    told = ["".join(known.codes.rows[mark].code if mark else "." for mark in row) for row in known.marks]
    assert told == ["//.I", "/..."]
