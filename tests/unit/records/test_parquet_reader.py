"""Parquet as the same raw text; types that may have lost something are refused."""

from __future__ import annotations

import datetime as dt
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused
from eswarn.records.readers import parquet
from eswarn.records.readers.raw import Raw

GOOD: dict[str, Any] = {
    "pupil_id": ["P1", "P2"],
    "school_id": ["0012345", None],
    "date": ["2024-09-02", ""],
    "session": ["AM", "PM"],
    "code": ["/", "\\"],
}


def _read(folder: Path, columns: dict[str, Any], **options: Any) -> Raw:
    path = folder / "attendance.parquet"
    pq.write_table(pa.table(columns), path, **options)
    return parquet.read(path, "attendance", facts=DatasetFacts())


def _column(raw: Raw, name: str) -> list[str]:
    cells = raw.columns[name]
    return [cells.texts[i] for i in cells.index]


def test_text_stays_text_and_null_is_empty(tmp_path: Path) -> None:
    raw = _read(tmp_path, GOOD | {"Comment": ["a", "secret"]})
    assert {name: _column(raw, name) for name in raw.columns} == GOOD | {"school_id": ["0012345", ""]}
    assert raw.numbering.of(np.arange(2)).tolist() == [2, 3]
    assert 'column "Comment" was not read (free text or personal)' in raw.notes


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array([dt.date(2024, 9, 2), None]), ["2024-09-02", ""]),
        (pa.array([dt.date(2024, 9, 2), None], pa.date64()), ["2024-09-02", ""]),
        (pa.array([dt.date(2024, 9, 2), None]).cast(pa.timestamp("ns")), ["2024-09-02 00:00:00.000000000", ""]),
        (pa.array([3, None], pa.int8()), ["3", ""]),
        (pa.array([3.0, None]), ["3", ""]),
        (pa.array([-0.5, float("nan")]), ["-0.5", ""]),
        (pa.array([True, None]), ["true", ""]),
        (pa.array([decimal.Decimal("1.50"), None]), ["1.50", ""]),
        (pa.array([" a ", None], pa.large_string()), ["a", ""]),
        (pa.array(["a", None], pa.string_view()), ["a", ""]),
        (pa.array(["a", None]).dictionary_encode(), ["a", ""]),
        (pa.nulls(2), ["", ""]),
    ],
)
def test_every_plain_type_becomes_text(tmp_path: Path, values: pa.Array, texts: list[str]) -> None:
    assert _column(_read(tmp_path, GOOD | {"code": values}), "code") == texts


def test_many_row_groups_are_joined(tmp_path: Path) -> None:
    names = [f"P{i % 7}" for i in range(1000)]
    columns = {"pupil_id": names, **{name: ["x"] * 1000 for name in ("school_id", "date", "session", "code")}}
    assert _column(_read(tmp_path, columns, row_group_size=64), "pupil_id") == names


def test_a_table_without_rows_is_read(tmp_path: Path) -> None:
    raw = _read(tmp_path, {name: pa.array([], pa.string()) for name in GOOD})
    assert raw.rows == 0
    assert set(raw.columns) == set(GOOD)


@pytest.mark.parametrize(
    ("column", "values", "rule"),
    [
        ("pupil_id", pa.array([1, 2]), "damaged_identifier"),
        ("school_id", pa.array([1.0, 2.0]), "damaged_identifier"),
        ("code", pa.array([["/"], ["/"]]), "wrong_type"),
        ("code", pa.array([{"a": 1}, None]), "wrong_type"),
        ("code", pa.array([b"/", b"/"]), "wrong_type"),
        ("date", pa.array([1, None], pa.timestamp("us", tz="UTC")), "wrong_type"),
    ],
)
def test_a_type_that_may_have_lost_something_is_refused(tmp_path: Path, column: str, values: pa.Array, rule: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        _read(tmp_path, GOOD | {column: values})
    assert (refusal.value.rule, refusal.value.where) == (rule, f'attendance.parquet, column "{column}"')


@pytest.mark.parametrize("damage", ["not parquet", "cut", "changed", "empty"])
def test_a_damaged_file_is_refused_and_nothing_of_it_told(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "attendance.parquet"
    many = {name: [f"secret {name} {i}" for i in range(500)] for name in GOOD}
    pq.write_table(pa.table(many), path, write_page_checksum=True, compression="none")
    whole = path.read_bytes()
    middle = whole.index(b"secret pupil_id 250")
    path.write_bytes(
        {
            "not parquet": b"PAR1" + b"x" * 90 + b"PAR1",
            "cut": whole[:-9],
            "changed": whole[:middle] + b"S" + whole[middle + 1 :],
            "empty": b"",
        }[damage]
    )
    with pytest.raises(FileRefused) as refusal:
        parquet.read(path, "attendance", facts=DatasetFacts())
    assert refusal.value.rule == "unreadable"
    assert "secret" not in str(refusal.value)
    assert refusal.value.__context__ is None


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    bad = pa.array([b"P\xff", b"P2"]).view(pa.string())
    with pytest.raises(FileRefused, match="damaged") as refusal:
        _read(tmp_path, GOOD | {"pupil_id": bad})
    assert refusal.value.__context__ is None
