"""The record of a scoring run: byte-identical but for clock and salts, the same numbers in every form, and a manifest over all of it."""

from __future__ import annotations

import csv
import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import eswarn as ew
from eswarn.errors import InputRefused
from eswarn.evidence.record import EVIDENCE_FILES, PUPIL_FILES, TABLES, csv_bytes, read_record, seal, write_record
from eswarn.evidence.verify import OUTSIDE, SOURCES
from tests import made_up_school

THEIRS = tuple(name for name in PUPIL_FILES if name != "changes.parquet")  # without an earlier run nothing is compared
FILES = {*THEIRS, *EVIDENCE_FILES, "head.json", "manifest.json", "run.json", "model"}


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scoring run. Not to be written into."""
    out = tmp_path_factory.mktemp("record") / "out"
    ew.score(made_up_school.model(), made_up_school.records(), made_up_school.AS_OF, out=out, tracking="off")
    return out


@pytest.fixture
def out(sealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed, tmp_path / "out"))


# --- what is in it ---------------------------------------------------------------------------------------------------


def test_a_run_leaves_these_files_and_no_others(sealed: Path):
    assert {p.name for p in sealed.iterdir()} == FILES
    assert read_record(sealed).changed == ()
    assert not list(sealed.parent.glob("*.tmp"))


def test_the_tables_have_the_columns_that_were_promised(sealed: Path):
    features = [f.column for f in made_up_school.model().features]
    columns = {name: pq.read_schema(sealed / f"{name}.parquet").names for name in TABLES}
    assert columns["scores"] == [
        "pupil_id",
        "school_id",
        "as_of",
        "rank",
        "risk",
        "tier",
        "reason_1",
        "reason_2",
        "reason_3",
        "protective",
        "data_note",
    ]
    assert columns["contributions"] == ["pupil_id", "base_value", "raw_score", *features]
    assert columns["features"][0] == "pupil_id"
    assert set(columns["features"]) == {"pupil_id", "year_group", *features}
    assert (sealed / "scores.csv").read_text(encoding="utf-8").splitlines()[0].split(",") == columns["scores"]
    assert (sealed / "not_scored.csv").read_text(encoding="utf-8").splitlines()[0] == "pupil_id,school_id,reason,what_would_mend_it"


def test_numbers_come_back_from_csv_and_parquet_to_the_last_bit(sealed: Path):
    scores = made_up_school.scores()
    with (sealed / "scores.csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [float(row["risk"]) for row in rows] == scores.frame["risk"].tolist()
    assert [int(row["rank"]) for row in rows] == scores.frame["rank"].tolist()
    assert [row["reason_1"] for row in rows] == scores.frame["reason_1"].tolist()
    record = read_record(sealed)
    for name, frame in (("contributions", scores.contributions), ("features", scores.features)):
        for column in frame.columns[1:]:
            told, ours = record.table(name)[column].to_numpy(float), frame[column].to_numpy(float)
            assert told.tobytes() == ours.tobytes() or np.array_equal(told, ours, equal_nan=True)


def test_dates_are_dates_and_text_is_text(sealed: Path):
    table = pq.read_table(sealed / "scores.parquet")
    assert str(table.schema.field("as_of").type) == "date32[day]"
    assert {str(table.schema.field(name).type) for name in ("pupil_id", "reason_1")} <= {"string", "large_string"}
    assert table.schema.metadata is None, "the metadata of pandas names versions"
    assert (sealed / "scores.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[2] == "2025-06-02"


# --- the same bytes --------------------------------------------------------------------------------------------------


def test_two_runs_on_the_same_records_are_byte_identical_but_for_the_clock_and_the_salts(sealed: Path, tmp_path: Path):
    ew.score(made_up_school.model(), made_up_school.records(), made_up_school.AS_OF, out=tmp_path / "again", tracking="off")
    first, second = files_of(sealed), files_of(tmp_path / "again")
    assert set(first) == set(second)
    assert [name for name in first if first[name] != second[name]] == ["evidence.jsonl", "head.json", "leaves.txt", "run.json"]
    lines = [[json.loads(line) for line in files["evidence.jsonl"].splitlines()] for files in (first, second)]
    assert lines[0][0] == lines[1][0], "the header"
    assert all(a.pop("salt") != b.pop("salt") for a, b in zip(lines[0][1:], lines[1][1:], strict=True))
    assert lines[0] == lines[1]
    assert json.loads(first["run.json"])["output_id"] == json.loads(second["run.json"])["output_id"] == read_record(sealed).output_id


def test_clocks_stand_in_run_json_alone(sealed: Path):
    run = json.loads((sealed / "run.json").read_bytes())
    assert {"finished", "seconds", "data_digest", "sources", "output_id"} <= set(run)
    clock = run["finished"][:16]
    assert [name for name, content in files_of(sealed).items() if clock.encode() in content] == ["run.json"]


# --- formulas --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+4412345", "-P1", "@sum(A1)", "\tx", '=HYPERLINK("http://x","y")'])
def test_text_that_a_spreadsheet_would_run_is_quoted(text: str):
    frame = pd.DataFrame({"pupil_id": pd.Series([text, "P1"], dtype="str"), "risk": [-0.31, 0.5], "rank": [-1, 2]})
    rows = list(csv.reader(csv_bytes(frame).decode().splitlines(keepends=True)))
    assert rows[1][0] == f"'{text}"
    assert rows[1][1:] == ["-0.31", "-1"], "a number is no formula, whatever its sign"
    assert rows[2] == ["P1", "0.5", "2"]


def test_text_that_only_looks_odd_stays_as_it_is():
    texts = ["O'Neill", "7E1", "None", "001", "a=b", "Zoë", "x,y", 'say "x"', "two\nlines"]
    frame = pd.DataFrame({"pupil_id": pd.Series(texts, dtype="str")})
    assert [row[0] for row in csv.reader(csv_bytes(frame).decode().splitlines(keepends=True))][1:] == texts


def test_numbers_of_every_size_come_back_from_csv():
    values = [0.1, 1 / 3, 1e-300, 5e-324, 1.7976931348623157e308, -0.0, 123456789.123456789, math.pi]
    told = [float(line) for line in csv_bytes(pd.DataFrame({"x": values})).decode().splitlines()[1:]]
    assert [v.hex() for v in told] == [v.hex() for v in values]


def test_a_formula_in_an_id_is_escaped_for_spreadsheets_and_kept_in_parquet(tmp_path: Path):
    scores = made_up_school.scores()
    first = scores.frame["pupil_id"][0]

    def renamed(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(pupil_id=frame["pupil_id"].replace(first, "=cmd|x"))

    odd = replace(scores, frame=renamed(scores.frame), features=renamed(scores.features), contributions=renamed(scores.contributions))
    write_record(odd, made_up_school.model(), tmp_path, [[]] * len(odd))
    assert (tmp_path / "scores.csv").read_text(encoding="utf-8").splitlines()[1].startswith("'=cmd|x,")
    assert pq.read_table(tmp_path / "scores.parquet")["pupil_id"][0].as_py() == "=cmd|x"


# --- the manifest ----------------------------------------------------------------------------------------------------


def every_file(folder: Path) -> Iterator[Path]:
    return (p for p in sorted(folder.rglob("*")) if p.is_file() and p.relative_to(folder).as_posix() not in (*OUTSIDE, SOURCES))


def test_a_change_to_any_file_is_seen(out: Path):
    seen = 0
    for path in every_file(out):
        whole = path.read_bytes()
        for damaged in (whole[:-1], whole + b"x", bytes([whole[0] ^ 1]) + whole[1:]):
            path.write_bytes(damaged)
            assert read_record(out).changed == (path.relative_to(out).as_posix(),)
        path.unlink()
        assert read_record(out).changed == (path.relative_to(out).as_posix(),)
        path.write_bytes(whole)
        seen += 1
    assert seen == 10 + 5
    assert read_record(out).changed == ()


@pytest.mark.parametrize("name", ["names.csv", "model/extra.txt", "model/run.json", ".hidden", "sub/run.json", "manifest.json.bak"])
def test_a_file_that_was_added_is_seen(out: Path, name: str):
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_text("x", encoding="utf-8")
    assert read_record(out).changed == (name,)


def test_what_a_killed_process_leaves_of_run_json_is_no_change(out: Path):
    (out / "run.json.tmp").write_text('{"half', encoding="utf-8")
    record = read_record(out)
    assert record.changed == ()
    record.note_tracking({"run_id": "ab"})
    assert not (out / "run.json.tmp").exists()
    assert json.loads((out / "run.json").read_bytes())["tracked"] == {"run_id": "ab"}
    assert read_record(out).output_id == record.output_id, "run.json is outside the seal"


def test_only_the_absence_of_all_files_of_pupils_is_that_of_a_shared_store(out: Path):
    assert not read_record(out).without_pupils
    for name in THEIRS[:-1]:
        (out / name).unlink()
    assert not read_record(out).without_pupils
    (out / THEIRS[-1]).unlink()
    assert read_record(out).without_pupils
    (out / "model" / "card.json").write_text("{}", encoding="utf-8")
    assert not read_record(out).without_pupils


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "{",
        "[]",
        "null",
        "7",
        "{}",
        '{"eswarn_scores": 2, "about": {}, "files": {}}',
        '{"eswarn_scores": 1}',
        '{"eswarn_scores": 1, "about": {}, "files": 7}',
        "[" * 100_000,
    ],
)
def test_a_folder_with_another_manifest_is_no_record(out: Path, manifest: str):
    (out / "manifest.json").write_text(manifest, encoding="utf-8")
    with pytest.raises(InputRefused, match="not the record of a scoring run"):
        read_record(out)


@pytest.mark.parametrize("run", ["", "[]", "{", "[" * 100_000])
def test_a_run_json_of_another_shape_makes_it_no_record(out: Path, run: str):
    (out / "run.json").write_text(run, encoding="utf-8")
    with pytest.raises(InputRefused, match="not the record of a scoring run"):
        read_record(out)


def test_a_run_json_that_is_missing_is_no_loss(out: Path):
    (out / "run.json").unlink()
    assert read_record(out).run == {}


def test_sealing_names_every_file(tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(b"a")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.txt").write_bytes(b"b")
    output_id = seal(tmp_path, {}, {"seconds": 1})
    assert set(json.loads((tmp_path / "manifest.json").read_bytes())["files"]) == {"a.txt", "deep/b.txt"}
    assert read_record(tmp_path).output_id == output_id == json.loads((tmp_path / "run.json").read_bytes())["output_id"]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not a table"])
def test_a_table_that_cannot_be_read_is_refused_without_its_content(out: Path, content: bytes):
    (out / "scores.parquet").write_bytes(content)
    with pytest.raises(InputRefused, match="not readable as Parquet") as told:
        read_record(out).table("scores")
    assert told.value.__suppress_context__
