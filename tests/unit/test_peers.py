"""pandas, Polars and DuckDB give the answers that eswarn gives, so that timing them against it compares like with like."""

from __future__ import annotations

import datetime as dt
import importlib
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import eswarn as ew
from benchmarks import make_national
from benchmarks.make_national import write_national
from benchmarks.peers import COLUMNS, differences, year_start
from benchmarks.unsorted import write_unsorted

OURS = [feature for feature in ew.FEATURES if feature.column in COLUMNS]
DATES = {
    "after the last mark": dt.date(2026, 7, 21), "in the second year": dt.date(2026, 2, 3), "early in the year": dt.date(2025, 9, 8),
    "in the summer": dt.date(2025, 7, 31), "in the first weeks": dt.date(2024, 9, 20),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("national")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make_national, "SCHOOL", 80)
        patch.setattr(make_national, "ROW_GROUP", 10_000)
        write_national(place, pupils=240, years=2, seed=3)
    return place / "long"


@pytest.fixture(scope="module")
def records(folder: Path) -> ew.Records:
    return ew.read(folder)


@pytest.mark.parametrize("when", DATES)
@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_an_engine_gives_the_same_answers(engine: str, when: str, folder: Path, records: ew.Records) -> None:
    if engine != "pandas":
        pytest.importorskip(engine, reason=f"{engine} is not installed: it comes with the group benchmarks")
    ours = ew.feature_table(records, DATES[when], features=OURS)
    theirs = importlib.import_module(f"benchmarks.peers_{engine}").features(folder / "attendance.parquet", DATES[when])
    assert len(ours) > 200
    assert differences(ours, theirs) == {}


def test_every_feature_of_the_peers_is_shipped_and_told_apart_by_the_data(records: ew.Records) -> None:
    assert {feature.column for feature in OURS} == set(COLUMNS)
    assert len(COLUMNS) == 31
    ours = ew.feature_table(records, DATES["in the second year"], features=OURS)
    assert [name for name in COLUMNS if ours[name].nunique() < 2] == []


def test_one_answer_that_is_off_is_found() -> None:
    ours = pd.DataFrame({"pupil_id": ["P1", "P2"]} | {name: [0.25, None] for name in COLUMNS})
    assert differences(ours, ours.iloc[::-1]) == {}
    off = ours.assign(absence_spells=[0.25 + 2**-50, None], illness_this_year=[0.25, 0.0])
    assert differences(ours, off) == {"absence_spells": 1, "illness_this_year": 1}


@pytest.mark.parametrize("theirs", [["P1"], ["P1", "P2", "P2"]])
def test_a_pupil_without_a_row_or_with_two_is_no_agreement(theirs: list[str]) -> None:
    ours, others = (pd.DataFrame({"pupil_id": names} | dict.fromkeys(COLUMNS, 0.0)) for names in (["P1", "P2"], theirs))
    with pytest.raises(ValueError, match="missing"):
        differences(ours, others)


def test_the_school_year_begins_in_august() -> None:
    assert year_start(dt.date(2025, 7, 31)) == dt.date(2024, 8, 1)
    assert year_start(dt.date(2025, 8, 1)) == dt.date(2025, 8, 1)


def test_dealt_rows_are_the_same_rows_in_another_order(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.unsorted.PILE", 30_000)
    source, target = folder / "attendance.parquet", tmp_path / "attendance.parquet"
    rows = write_unsorted(source, target)
    before, after = pq.read_table(source), pq.read_table(target)
    assert rows == before.num_rows == after.num_rows
    assert before.schema == after.schema
    assert before["pupil_id"][:1000] != after["pupil_id"][:1000]
    keys = [(name, "ascending") for name in before.column_names]
    assert before.sort_by(keys).equals(after.sort_by(keys))
    assert list(tmp_path.iterdir()) == [target]
