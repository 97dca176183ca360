"""The records of a made-up country: the same marks in both shapes, and nothing that moves with the size of a row group."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import eswarn as ew
from benchmarks import make_national
from benchmarks.make_national import write_national

FEW = {"pupils": 240, "years": 2, "seed": 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("national")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make_national, "SCHOOL", 80)
        patch.setattr(make_national, "ROW_GROUP", 10_000)
        write_national(place, **FEW)
    return place


def test_both_shapes_hold_the_same_marks(folder: Path) -> None:
    long: dict[str, dict[tuple[dt.date, str], str]] = {}
    for row in pq.read_table(folder / "long" / "attendance.parquet").to_pylist():
        assert (row["date"], row["session"]) not in long.setdefault(row["pupil_id"], {})
        long[row["pupil_id"]][row["date"], row["session"]] = row["code"]
    read: dict[str, dict[tuple[dt.date, str], str]] = {}
    for row in pq.read_table(folder / "strings" / "attendance.parquet").to_pylist():
        marks = read.setdefault(row["pupil_id"], {})
        assert row["start_date"].weekday() == 0
        for place, mark in enumerate(row["marks"]):
            week, day = divmod(place // 2, 5)
            if mark != "#":
                marks[row["start_date"] + dt.timedelta(days=7 * week + day), ("AM", "PM")[place % 2]] = mark
    assert long == read
    assert len(long) == FEW["pupils"]
    assert max(map(len, long.values())) == 2 * 380
    assert min(map(len, long.values())) < 2 * 380  # some came late or left early


def test_the_long_form_is_plain_text_sorted_by_pupil_in_even_row_groups(folder: Path) -> None:
    file = pq.ParquetFile(folder / "long" / "attendance.parquet")
    told = file.metadata
    assert {told.row_group(k).num_rows for k in range(told.num_row_groups - 1)} == {10_000}
    table = file.read()
    assert [field.type for field in table.schema] == [pa.string(), pa.string(), pa.date32(), pa.string(), pa.string()]
    keys = list(zip(*(table[name].to_pylist() for name in ("pupil_id", "date", "session")), strict=True))
    assert keys == sorted(keys)


def test_the_long_form_reads_without_a_rejection(folder: Path) -> None:
    records = ew.read(folder / "long")
    assert sum(rejection.rows for file in records.ledger.files for rejection in file.rejections) == 0
    assert set(records.tables) == {"attendance", "behaviour", "suspensions", "context", "assessments"}


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_national, "SCHOOL", 80)
    monkeypatch.setattr(make_national, "ROW_GROUP", 10_000)
    write_national(tmp_path, **FEW)
    for file in sorted(folder.rglob("*.*")):
        assert file.read_bytes() == (tmp_path / file.relative_to(folder)).read_bytes()
