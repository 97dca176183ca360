"""Records written and read again are the same records."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from eswarn.config import DatasetFacts
from eswarn.errors import UsageError
from eswarn.records import Records, read, write
from eswarn.records.tables import TABLE_MODELS, arrow_schema
from tests.unit.records.exports import marks, put
from tests.unit.records.test_keys import EVERY_TABLE


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_every_table_survives_writing_and_reading(tmp_path: Path, file_format: str) -> None:
    (tmp_path / "in").mkdir()
    records = read(put(tmp_path / "in", **EVERY_TABLE, dataset__toml="[observed_to]\noutcomes = 2025-08-31\n"))
    again = read(write(records, tmp_path / "deep" / "out", file_format=file_format))
    assert {name: table.num_rows for name, table in again.tables.items()} == {name: records.table(name).num_rows for name in TABLE_MODELS}
    assert all(again.table(name).equals(records.table(name)) for name in TABLE_MODELS)
    assert again.facts == records.facts
    assert again.ledger.accepted == again.ledger.rows


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_awkward_text_and_numbers_survive(tmp_path: Path, file_format: str) -> None:
    words = ["7E1", "None", 'say "hi"', "a,b", "a;b", "=1+1", "é", "-", "'", "\\", None]
    points = [0.1 + 0.2, -0.5, 1e-7, 1e20, 3.0, None, 0.0, 123456.789, -1e-300, 5.0, 2.0]
    columns = {
        "pupil_id": [f"0{i}" for i in range(11)],
        "school_id": ["0012345"] * 11,
        "date": [dt.date(1990, 1, 1), *[dt.date(2040, 12, 31)] * 10],
        "kind": ["negative"] * 11,
        "category": words,
        "points": points,
    }
    schema = arrow_schema("behaviour")
    table = pa.table(
        {
            f.name: pa.array(columns.get(f.name, [None] * 11), f.type.value_type if pa.types.is_dictionary(f.type) else f.type)
            for f in schema
        }
    )
    records = Records({"behaviour": table.cast(schema), "attendance": arrow_schema("attendance").empty_table()})
    again = read(write(records, tmp_path / "out", file_format=file_format))
    assert again.table("behaviour").to_pylist() == table.to_pylist()
    assert again.table("attendance").num_rows == 0


def test_text_is_quoted_only_in_a_table_that_needs_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    behaviour = 'pupil_id,school_id,date,kind,category\nP1,S1,2024-09-02,negative,"a, b"\n'
    out = write(read(put(tmp_path / "in", attendance=marks(), behaviour=behaviour)), tmp_path / "out")
    assert '"' not in (out / "attendance.csv").read_text(encoding="utf-8")
    assert '"a, b"' in (out / "behaviour.csv").read_text(encoding="utf-8")
    assert (out / "attendance.csv").read_text(encoding="utf-8").split("\n")[1] == "P000,9990001,2024-09-02,AM,I,,,"


def test_only_facts_that_still_hold_are_written(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    toml = 'session = "DAY"\nencoding = "cp1252"\n[dates]\norder = "dmy"\n[columns.attendance]\ncode = "M"\n[codes.map]\nI = "O"\nO = "I"\n'
    text = "pupil_id,school_id,date,M\nÉ,S1,03/04/2024,I\n".encode("cp1252")
    records = read(put(tmp_path / "in", attendance=text, dataset__toml=toml))
    again = read(write(records, tmp_path / "out"))
    assert again.table("attendance").equals(records.table("attendance"))
    assert records.table("attendance").column("code").to_pylist() == ["O"]
    assert again.facts == DatasetFacts(session="DAY")


@pytest.mark.parametrize("kind", ["full folder", "file"])
def test_nothing_that_exists_is_written_over(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "out"
    if kind == "file":
        target.write_text("mine", encoding="utf-8")
    else:
        target.mkdir()
        (target / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="exists already"):
        write(Records({}), target)


def test_an_empty_folder_may_be_written_to_and_an_unknown_format_may_not(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert [p.name for p in write(Records({}), tmp_path / "out").iterdir()] == ["dataset.toml"]
    with pytest.raises(UsageError, match='no file format "xlsx"'):
        write(Records({}), tmp_path / "other", file_format="xlsx")  # type: ignore[arg-type]


def test_a_failure_leaves_no_half_folder(tmp_path: Path) -> None:
    broken = {"attendance": read(put(_made(tmp_path / "in"), attendance=marks())).table("attendance"), "context": None}
    with pytest.raises(AttributeError):
        write(Records(broken), tmp_path / "out")  # type: ignore[arg-type]
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_progress_is_told_in_rows(tmp_path: Path) -> None:
    told: list[tuple[str, float, float]] = []
    records = read(put(_made(tmp_path / "in"), attendance=marks()))
    write(records, tmp_path / "out", progress=lambda step, done, total: told.append((step, done, total)))
    assert told == [("writing attendance", 0, 80), ("writing done", 80, 80)]
