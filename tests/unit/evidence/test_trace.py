"""Who was scored by a model, or with rows from a file: complete against the records themselves, fast, and never from a broken seal."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import eswarn as ew
from eswarn import cli
from eswarn.errors import InputRefused, UsageError
from eswarn.evidence.verify import LINES, SOURCES
from eswarn.records import stream
from tests import made_up_school


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The few exports with their attendance in two files, by pupil, one of them twice."""
    folder = Path(shutil.copytree(made_up_school.few_exports(), tmp_path_factory.mktemp("trace") / "exports"))
    marks = pd.read_csv(folder / "attendance.csv", dtype=str, keep_default_na=False)
    first = marks["pupil_id"].isin(sorted(set(marks["pupil_id"]))[:20])
    (folder / "attendance.csv").unlink()
    marks[first].to_csv(folder / "attendance-a.csv", index=False)
    marks[~first].to_csv(folder / "attendance-b.csv", index=False)
    shutil.copy(folder / "attendance-a.csv", folder / "attendance-copy.csv")
    return folder


@pytest.fixture(scope="module")
def runs(exports: Path) -> Path:
    """A folder with two runs somewhere below it, on the whole records and on those without file b."""
    place = exports.parent / "runs"
    ew.score(made_up_school.model(), ew.read(exports), made_up_school.FEW_AS_OF, out=place / "deep" / "whole", tracking="off")
    ew.score(made_up_school.model(), made_up_school.few_records(), made_up_school.FEW_AS_OF, out=place / "other", tracking="off")
    return place


def test_a_file_is_traced_to_exactly_the_pupils_with_rows_in_it(exports: Path, runs: Path):
    scored = set(pq.read_table(runs / "deep" / "whole" / "scores.parquet")["pupil_id"].to_pylist())
    for name in sorted(path.name for path in exports.glob("*.csv")):
        table = pd.read_csv(exports / name, dtype=str, keep_default_na=False)
        told = ew.trace(runs, file=exports / name)
        ours = told.frame[told.frame["run"].str.endswith("whole")]
        if "pupil_id" in table:
            assert set(ours["pupil_id"]) == scored & set(table["pupil_id"]), name
            assert told.wider == ()
        else:
            assert set(ours["pupil_id"]) == scored, name
            assert [Path(run).name for run in told.wider] == ["whole"] or name == "calendar.csv"
        assert len(ours) == ours["pupil_id"].nunique()
        assert told.frame.equals(ew.trace(runs, file=sha256(exports / name)).frame)
    a, b = (set(ew.trace(runs, file=exports / f"attendance-{x}.csv").frame["pupil_id"]) for x in "ab")
    assert a & b == set()
    assert a | b == scored
    assert a, b


def test_a_model_is_traced_to_everybody_it_scored(runs: Path):
    model = made_up_school.model().id
    told = ew.trace(runs / "deep", runs, model=model[:8])
    assert len(told.runs) == 2, "each run once"
    assert len(told.frame) == sum(len(pq.read_table(run / "scores.parquet")) for run in (runs / "deep" / "whole", runs / "other"))
    assert ew.trace(runs, model=made_up_school.model_folder()).frame.equals(told.frame)
    assert len(ew.trace(runs, model="0" * 64).frame) == 0
    assert set(told.frame["as_of"]) == {str(made_up_school.FEW_AS_OF)}


def test_lines_say_the_same_as_the_copy_that_is_searched(runs: Path):
    folder = runs / "deep" / "whole"
    header, *lines = [json.loads(line) for line in (folder / LINES).read_bytes().splitlines()]
    assert [line["sources"] for line in lines] == pq.read_table(folder / SOURCES)["sources"].to_pylist()
    assert [line["pupil_id"] for line in lines] == pq.read_table(folder / SOURCES)["pupil_id"].to_pylist()
    assert set(header["sources"]) >= {"attendance-a.csv", "attendance-b.csv", "attendance-copy.csv"}


@pytest.mark.parametrize("rows_at_once", [stream._BATCH, 500])
def test_a_streamed_register_is_traced_as_exactly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_at_once: int):
    monkeypatch.setattr(stream, "STREAMED_FROM", 1)
    monkeypatch.setattr(stream, "_BATCH", rows_at_once)
    folder = ew.write(made_up_school.few_records(), tmp_path / "exports", file_format="parquet")
    marks = pq.read_table(folder / "attendance.parquet")
    ids = np.array(marks["pupil_id"].cast(pa.string()).to_pylist())
    first = np.isin(ids, sorted(set(ids))[:20])
    (folder / "attendance.parquet").unlink()
    rng = np.random.default_rng(4)
    for name, some in (("a", first), ("b", ~first)):
        pq.write_table(
            marks.take(pa.array(rng.permutation(np.flatnonzero(some)))), folder / f"attendance-{name}.parquet", row_group_size=700
        )
    shutil.copy(folder / "attendance-a.parquet", folder / "attendance-c.parquet")
    records = ew.read(folder)
    assert records.streamed is not None
    for name, some in (("a", first), ("b", ~first), ("c", first)):
        told = records.pupils[f"attendance-{name}.parquet"]
        assert told is not None
        assert sorted(told.to_pylist()) == sorted(set(ids[some]))
    assert records.files_of(["nobody"]) == [[]] or records.pupils.get("calendar.parquet", 1) is None


def test_a_broken_seal_is_no_answer(runs: Path, tmp_path: Path):
    out = Path(shutil.copytree(runs / "other", tmp_path / "out"))
    table = pq.read_table(out / SOURCES)
    pq.write_table(table.slice(1), out / SOURCES)
    with pytest.raises(InputRefused, match="not as it was sealed"):
        ew.trace(tmp_path, model="0" * 8)
    manifest = json.loads((out / "manifest.json").read_bytes())
    manifest["about"]["sources"] = sha256(out / SOURCES)
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(InputRefused, match="not as it was sealed"):
        ew.trace(tmp_path, model="0" * 8)


def test_who_was_erased_is_counted_and_not_named(runs: Path, tmp_path: Path):
    out = Path(shutil.copytree(runs / "other", tmp_path / "out"))
    pupil = pq.read_table(out / SOURCES)["pupil_id"][0].as_py()
    ew.erase(out, [pupil], tracking="off")
    told = ew.trace(out, model=made_up_school.model().id)
    assert pupil not in set(told.frame["pupil_id"])
    assert told.erased == 1
    assert "1 more were erased" in str(told)


def test_what_is_asked_for_must_be_clear(runs: Path, tmp_path: Path):
    for options in ({}, {"model": "0" * 8, "file": "0" * 8}):
        with pytest.raises(UsageError, match="a model or for a file"):
            ew.trace(runs, **options)
    with pytest.raises(UsageError):
        ew.trace(model="0" * 8)
    for options in ({"model": "abc"}, {"file": tmp_path / "nowhere.csv"}, {"model": tmp_path}):
        with pytest.raises(InputRefused, match="neither"):
            ew.trace(runs, **options)
    with pytest.raises(InputRefused, match="no scoring run"):
        ew.trace(tmp_path, model="0" * 8)


def test_the_command_counts_on_the_screen_and_names_in_a_file(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    model = made_up_school.model().id
    assert cli.main(["trace", str(runs), "--model", model, "--out", str(tmp_path / "who.csv")]) == 0
    said = capsys.readouterr().out
    with (tmp_path / "who.csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == len(ew.trace(runs, model=model).frame)
    assert not [row for row in rows if row["pupil_id"] in said]
    assert cli.main(["trace", str(runs), "--model", model, "--out", str(tmp_path / "who.csv")]) == 3
    assert cli.main(["trace", str(runs)]) == 2


@pytest.mark.long
def test_a_million_scores_are_searched_in_five_seconds(tmp_path: Path):
    n = 250_000
    sources = pa.array([[0, 1 + i % 3] for i in range(n)], pa.list_(pa.int32()))
    names = {f"file-{i}.csv": f"{i:064x}" for i in range(4)}
    for run in range(4):
        out = tmp_path / f"run-{run}"
        out.mkdir()
        ids = pa.array([f"P{run}{i:07d}" for i in range(n)], pa.string())
        pq.write_table(pa.table({"pupil_id": ids, "school_id": ids, "sources": sources}), out / SOURCES, compression="zstd")
        manifest = {"about": {"as_of": "2025-01-01"}, "files": {}}
        (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        header = {
            "manifest": sha256(out / "manifest.json"),
            "copy": sha256(out / SOURCES),
            "model": "a" * 64,
            "sources": names,
            "of_all": [],
        }
        (out / LINES).write_text(json.dumps(header) + "\n", encoding="utf-8")
    began = time.perf_counter()
    assert len(ew.trace(tmp_path, file=names["file-2.csv"]).frame) == 4 * (n // 3)
    assert len(ew.trace(tmp_path, model="a" * 8).frame) == 4 * n
    assert time.perf_counter() - began < 10
