"""The audit: silent on an honest run, and loud about changes to scores, reasons, ranks and tiers even where the seal was forged to fit."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import eswarn as ew
from eswarn.errors import InputRefused
from eswarn.evaluation.audit import TITLES, Audit, audit_folder
from eswarn.evidence.record import EVIDENCE_FILES, PUPIL_FILES, csv_bytes
from tests import made_up_school
from tests.unit.evaluation import honest_run

CODES = tuple(TITLES)
WITHOUT_RECORDS = {**dict.fromkeys(("E5", "E7", "E10"), "cannot tell"), "E9": "not applicable"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return Path(shutil.copytree(honest_run.folder(), tmp_path / "out"))


def results(audit: Audit) -> dict[str, str]:
    return {check.code: check.result for check in audit.checks}


def failed(audit: Audit) -> set[str]:
    """Which checks failed, A11 left out: it sees any change of a line or a file, and has tests of its own."""
    return {check.code for check in audit.checks if check.result == "failed"} - {"A11"}


def sealed_again(out: Path) -> None:
    """Put the hashes of what is there now into the manifest: only deriving everything again can tell."""
    sealed = json.loads((out / "manifest.json").read_bytes())
    about, there = sealed["about"], [name for name in sealed["files"] if (out / name).exists()]
    sums = {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in there}
    manifest = json.dumps({"eswarn_scores": 1, "about": about, "files": sums}).encode()
    (out / "manifest.json").write_bytes(manifest)
    run = json.loads((out / "run.json").read_bytes())
    (out / "run.json").write_text(json.dumps(run | {"output_id": hashlib.sha256(manifest).hexdigest()}), encoding="utf-8")


def edited(out: Path, table: str, change: Callable[[pd.DataFrame], pd.DataFrame | None], *, csv: bool = True) -> Audit:
    """Change a table, make scores.csv follow, seal the folder again, and audit it."""
    path = out / f"{table}.parquet"
    frame = pq.read_table(path).to_pandas()
    frame = frame if (told := change(frame)) is None else told
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None), path)
    if csv and table == "scores":
        (out / "scores.csv").write_bytes(csv_bytes(frame))
    sealed_again(out)
    return audit_folder(out)


def put(column: str, row: int, value: object) -> Callable[[pd.DataFrame], None]:
    def change(frame: pd.DataFrame) -> None:
        frame.loc[row, column] = value

    return change


# --- an honest run ---------------------------------------------------------------------------------------------------


def test_an_honest_run_passes_every_check(out: Path):
    audit = audit_folder(out)
    assert results(audit) == dict.fromkeys(CODES, "passed") | WITHOUT_RECORDS
    assert audit.passed, "what needs records that were not given is no failure"
    assert [line.split()[0] for line in str(audit).splitlines()] == list(CODES)


def test_it_passes_again_where_nothing_but_the_seal_was_renewed(out: Path):
    for table in ("scores", "contributions", "features"):
        audit = edited(out, table, lambda frame: None)
        assert failed(audit) == set(), "the control of all that follows"
        assert results(audit)["A11"] == "failed", "the evidence names the manifest as it was"


def test_a_changed_line_of_evidence_is_named(out: Path):
    lines = (out / "evidence.jsonl").read_bytes().split(b"\n")
    lines[3] = lines[3].replace(b'"rank":', b'"rank":1', 1)
    (out / "evidence.jsonl").write_bytes(b"\n".join(lines))
    told = {check.code: check for check in audit_folder(out).checks}["A11"]
    assert told.result == "failed"
    assert told.figure.startswith("evidence.jsonl, line 4: ")


def test_it_says_how_many_pupils_it_looked_at(out: Path):
    n = len(made_up_school.scores())
    told = {check.code: check.figure for check in audit_folder(out).checks}
    assert all(told[code] == f"{n} of {n} equal" for code in ("A3", "A4", "A6", "A7", "A8"))
    assert f"over {n} pupils" in told["A5"]


# --- one thing changed, and the seal with it -------------------------------------------------------------------------


def nudge(column: str, row: int = 7) -> Callable[[pd.DataFrame], None]:
    def change(frame: pd.DataFrame) -> None:
        frame.loc[row, column] = np.nextafter(frame.loc[row, column], np.inf)

    return change


def swapped(column: str, first: int, second: int) -> Callable[[pd.DataFrame], None]:
    def change(frame: pd.DataFrame) -> None:
        frame.loc[[first, second], column] = frame.loc[[second, first], column].to_numpy()

    return change


@pytest.mark.parametrize(
    ("table", "change", "codes"),
    [
        ("contributions", nudge("raw_score"), {"A3"}),
        ("contributions", nudge("base_value"), {"A4"}),
        ("contributions", nudge("absence_last_year"), {"A4"}),
        ("contributions", put("absence_last_year", 7, 1.0), {"A4", "A5"}),
        ("contributions", put("absence_last_year", 7, float("nan")), {"A4", "A5"}),
        ("scores", nudge("risk"), {"A6"}),
        ("scores", put("risk", 0, 0.0), {"A6"}),
        ("scores", swapped("rank", 3, 20), {"A8"}),
        ("scores", swapped("risk", 3, 20), {"A6"}),
        ("scores", swapped("reason_1", 3, 20), {"A7"}),
        ("scores", put("reason_1", 0, "has a difficult family"), {"A7"}),
        ("scores", put("reason_1", 0, ""), {"A7"}),
        ("scores", put("protective", 0, "is liked by everybody"), {"A7"}),
        ("scores", lambda f: f.assign(reason_4="and one more"), {"A7"}),
        ("scores", put("tier", 0, "universal"), {"A8"}),
        ("scores", put("tier", 100, "priority"), {"A8"}),
        ("scores", put("tier", 30, "watched"), {"A8"}),
        ("scores", lambda f: f.assign(tier="universal"), {"A8"}),
        ("scores", put("school_id", 5, "another"), {"A8"}),
    ],
)  # fmt: skip
def test_a_change_is_found_by_deriving_everything_again(out: Path, table: str, change: Callable, codes: set[str]):
    audit = edited(out, table, change)
    assert results(audit)["A1"] == "passed", "the seal was forged to fit"
    assert failed(audit) - {"A10"} == codes, "a sum or a count may change with it"
    assert not audit.passed


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_changed_feature_value_is_found(out: Path, place: int):
    run = honest_run.run()
    at = np.argsort(-np.abs(run.values).sum(axis=0))[place]  # one that the trees look at
    values = run.table[:, at]
    other = np.nanmax(values) if values[0] < np.nanmedian(values) else np.nanmin(values)
    audit = edited(out, "features", put(run.model.features[at].column, 0, other))
    assert {"A3", "A4"} <= failed(audit)


@pytest.mark.parametrize("table", ["scores", "contributions", "features"])
@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.drop(index=3), lambda f: f.iloc[::-1], lambda f: pd.concat([f, f.iloc[:1]]), lambda f: f.iloc[:0],
        lambda f: f.rename(columns={"pupil_id": "id"}), lambda f: f[["pupil_id"]], lambda f: f.assign(pupil_id="P1"),
        lambda f: f.assign(**{c: "text" for c in f.columns if c != "pupil_id"}),
    ],
)  # fmt: skip
def test_a_table_that_does_not_fit_the_others_fails_without_a_trace(out: Path, table: str, change: Callable):
    assert not edited(out, table, change).passed


@pytest.mark.parametrize("gone", [["reason_1", "reason_2", "reason_3"], ["reason_2"]])
def test_columns_of_reasons_that_were_taken_away_are_missed(out: Path, gone: list[str]):
    assert not edited(out, "scores", lambda f: f.drop(columns=gone)).passed


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300, -1.0])
def test_wild_numbers_fail_without_a_trace(out: Path, value: float):
    for column in ("absence_last_year", "year_group"):
        assert not edited(out, "features", put(column, 2, value)).passed


def test_a_csv_that_says_other_than_the_table_is_found(out: Path):
    text = (out / "scores.csv").read_text(encoding="utf-8")
    (out / "scores.csv").write_text(text.replace(",priority,", ",universal,", 1), encoding="utf-8")
    sealed_again(out)
    assert failed(audit_folder(out)) == {"A9"}
    (out / "scores.csv").unlink()
    sealed_again(out)
    assert not audit_folder(out).passed


def test_another_model_in_its_place_is_found(out: Path):
    shutil.rmtree(out / "model")
    config = ew.Config.model_validate({"model": {"trees": 10}})
    ew.train(made_up_school.records(), config, tracking="off").save(out / "model")
    assert failed(audit_folder(out)) == {"A1", "A3", "A4", "A6", "A10"} | (failed(audit_folder(out)) & {"A7", "A8"})
    sealed_again(out)
    assert {"A3", "A4", "A6"} <= failed(audit_folder(out))
    assert results(audit_folder(out))["A2"] == "passed"


THEIRS = [name for name in PUPIL_FILES if name != "changes.parquet"]  # without an earlier run nothing is compared


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*THEIRS, "model/booster.txt", "model/card.json", "model/manifest.json"])
def test_a_file_that_was_taken_away_or_changed_is_found(out: Path, name: str):
    whole = (out / name).read_bytes()
    (out / name).write_bytes(whole[:-1])
    assert not audit_folder(out).passed
    (out / name).unlink()
    audit = audit_folder(out)
    assert "A1" in failed(audit)
    (out / name).write_bytes(whole)
    assert audit_folder(out).passed


def test_a_file_that_was_added_is_found(out: Path):
    (out / "names.csv").write_text("P1,Jo\n", encoding="utf-8")
    audit = audit_folder(out)
    assert failed(audit) == {"A1"}
    assert "names.csv" in audit.checks[0].figure


def test_a_manifest_that_was_taken_away_is_no_way_out(out: Path):
    (out / "manifest.json").unlink()
    with pytest.raises(InputRefused, match="not the record of a scoring run"):
        audit_folder(out)
    (out / "run.json").unlink()
    (out / "scores.parquet").unlink()
    with pytest.raises(InputRefused, match="not the record of a scoring run"):
        audit_folder(out)


def test_a_changed_model_is_refused_before_anything_is_derived_from_it(out: Path):
    path = out / "model" / "booster.txt"
    path.write_bytes(path.read_bytes().replace(b"leaf_value=", b"leaf_value=9", 1))
    audit = audit_folder(out)
    assert failed(audit) == {"A1", "A2"}
    assert {results(audit)[code] for code in CODES[2:] if code != "A11"} == {"cannot tell"}


# --- what is not there -----------------------------------------------------------------------------------------------


def test_a_run_without_the_files_of_pupils_cannot_be_told_and_is_not_failed(out: Path):
    for name in (*THEIRS, *EVIDENCE_FILES):
        (out / name).unlink()
    audit = audit_folder(out)
    assert results(audit) == {"A1": "cannot tell", "A2": "passed", **dict.fromkeys(CODES[2:], "cannot tell")}
    assert not audit.passed, "what could not be checked has not passed"
    (out / "scores.csv").write_text("pupil_id\n", encoding="utf-8")
    assert failed(audit_folder(out)) == {"A1"}, "one of them, changed, is no shared store"


def test_a_model_alone_is_checked_as_far_as_it_goes(tmp_path: Path):
    shutil.copytree(made_up_school.model_folder(), tmp_path / "run" / "model")
    for place in (tmp_path / "run", made_up_school.model_folder()):
        audit = audit_folder(place)
        assert results(audit) == {"A2": "passed"}
    (tmp_path / "run" / "model" / "card.json").write_text("{}", encoding="utf-8")
    assert failed(audit_folder(tmp_path / "run")) == {"A2"}


def test_anything_else_is_not_a_run(tmp_path: Path):
    with pytest.raises(InputRefused, match="no such folder"):
        audit_folder(tmp_path / "nowhere")
    with pytest.raises(InputRefused, match="not the record of a scoring run"):
        audit_folder(tmp_path)


# --- what the record says of itself ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["model_id", "as_of", "scored", "not_scored", "expected_leavers"])
def test_a_record_that_says_of_itself_what_is_not_so_is_found(out: Path, name: str):
    manifest = json.loads((out / "manifest.json").read_bytes())
    manifest["about"][name] = "2031-01-01" if name == "as_of" else 7
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    sealed_again(out)
    assert failed(audit_folder(out)) == {"A10"}


@pytest.mark.parametrize(("name", "value"), [("places", 0.02), ("watch", 0.3)])
def test_tiers_that_other_places_would_give_are_found(out: Path, name: str, value: float):
    manifest = json.loads((out / "manifest.json").read_bytes())
    manifest["about"][name] = value
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    sealed_again(out)
    assert failed(audit_folder(out)) == {"A8"}


def test_a_run_json_of_another_output_is_found(out: Path):
    (out / "run.json").write_text('{"output_id": "0000"}', encoding="utf-8")
    assert failed(audit_folder(out)) == {"A10"}
