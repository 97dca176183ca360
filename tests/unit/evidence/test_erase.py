"""Erasing a pupil: nothing of the pupil stays in record, model or store, and the rest verifies with the same head."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import eswarn as ew
from eswarn import cli, folders
from eswarn.errors import InputRefused, UsageError
from eswarn.evaluation.audit import integrity
from eswarn.evidence.erase import erase_from
from eswarn.evidence.lines import header_of, write_evidence
from eswarn.evidence.record import TABLES, csv_bytes, read_record, seal, write_record
from eswarn.evidence.verify import LINES, canonical, leaf_of, verify
from eswarn.keeping import identifiers
from eswarn.report import report
from tests import made_up_school


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scoring run. Not to be written into."""
    place = tmp_path_factory.mktemp("erase") / "out"
    ew.score(made_up_school.model(), made_up_school.few_records(), made_up_school.FEW_AS_OF, out=place, tracking="off")
    return place


@pytest.fixture
def out(sealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed, tmp_path / "out"))


def lines_of(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / LINES).read_bytes().splitlines()][1:]


def readable(path: Path) -> bytes:
    """The bytes of a file; of a compressed table, what stands in it too."""
    content = path.read_bytes()
    return content + pq.read_table(path).to_pandas().to_csv().encode() if path.suffix == ".parquet" else content


def holding(place: Path, *texts: str) -> list[str]:
    """Files under a place in which one of the texts stands, as UTF-8, UTF-16, or in the escapes of JSON."""
    forms = {form for text in texts for form in (text.encode(), text.encode("utf-16-le"), json.dumps(text)[1:-1].encode())}
    return [str(p) for p in sorted(place.rglob("*")) if p.is_file() and any(form in readable(p) for form in forms)]


def about_pupil(content: dict, others: list[dict]) -> list[str]:
    """What tells a pupil: the identifier, the salt, and every long number that nobody else has."""

    def numbers(line: dict) -> set[str]:
        values = (*line["shapley"], *line["features"], line["raw_score"], line["risk"])
        return {repr(value) for value in values if value is not None and len(repr(value)) > 14}

    own = numbers(content) - set().union(*(numbers(other) for other in others if other is not content))
    assert len(own) > 5
    return [content["pupil_id"], content["salt"], *own]


def test_an_erased_pupil_is_gone_and_the_rest_verifies_with_the_same_head(out: Path):
    before, head = lines_of(out), verify(out).head
    gone = [before[0], before[3]]
    assert len(holding(out, gone[0]["pupil_id"])) == 9, "the control: lines, six tables, their copy for spreadsheets, the page"
    assert not ew.erase(out, [c["pupil_id"] for c in gone], tracking="off").unknown
    told = verify(out, head=head)
    assert told.findings == []
    assert (told.erased, told.rows) == ([2, 5], len(before))
    assert "2 pupils were erased" in str(told)
    for content in gone:
        assert holding(out, *about_pupil(content, before)) == []
    after = lines_of(out)
    assert [list(after[i]) for i in (0, 3)] == [["erased"], ["erased"]]
    assert [c for i, c in enumerate(after) if i not in (0, 3)] == [c for i, c in enumerate(before) if i not in (0, 3)]
    record = read_record(out)
    assert record.changed == ()
    assert [len(record.table(name)) for name in ("scores", "features", "contributions")] == [len(before) - 2] * 3
    assert record.run["output_id"] == record.output_id


def test_the_page_and_the_tables_are_those_of_who_is_left(out: Path, tmp_path: Path):
    record = read_record(out)
    whole = record.scores()
    assert csv_bytes(record.table("scores")) == (out / "scores.csv").read_bytes()
    report(whole, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_bytes() == (out / "report.html").read_bytes(), "the same scores give the same page"
    pupil, tables = whole.frame["pupil_id"][0], {name: record.table(name) for name in (*TABLES, "sources")}
    ew.erase(out, [pupil], tracking="off")
    left = read_record(out).scores()
    for name, before in tables.items():
        pd.testing.assert_frame_equal(read_record(out).table(name), before.iloc[1:].reset_index(drop=True))
    assert left.frame["pupil_id"].tolist() == whole.frame["pupil_id"].tolist()[1:]
    assert left.frame["rank"].tolist() == whole.frame["rank"].tolist()[1:], "ranks stay as they were issued"
    assert (out / "scores.csv").read_bytes() == csv_bytes(read_record(out).table("scores"))


def test_the_integrity_of_what_is_left_is_audited_and_passes(out: Path):
    pupils = [content["pupil_id"] for content in lines_of(out)]
    ew.erase(out, pupils[::5], tracking="off")
    lines, _ = integrity.integrity(read_record(out))
    assert [(line.code, line.figure) for line in lines if line.result != "passed"] == []


def test_ranks_that_do_not_follow_are_found_where_somebody_was_erased(out: Path):
    pupils = [content["pupil_id"] for content in lines_of(out)]
    ew.erase(out, pupils[4:6], tracking="off")
    record = read_record(out)
    scores, raw = record.table("scores"), record.table("contributions")["raw_score"].to_numpy(float)
    year = record.table("features")["year_group"].to_numpy(float)
    assert integrity._ranks_and_tiers(scores, raw, year, record).all()
    for row, by in ((0, 1), (8, 3), (8, -3), (len(scores) - 1, 5)):
        wrong = scores.assign(rank=scores["rank"].where(scores.index != row, scores["rank"] + by))
        assert not integrity._ranks_and_tiers(wrong, raw, year, record).all(), (row, by)


def seal_again(out: Path) -> None:
    """As somebody would who knows how: the manifest made anew over files that were edited."""
    record = read_record(out)
    copy = hashlib.sha256((out / "sources.parquet").read_bytes()).hexdigest()
    seal(out, {**record.about, "sources": copy}, {name: value for name, value in record.run.items() if name != "output_id"})


@pytest.mark.parametrize("name", ["scores", "features", "contributions", "sources"])
def test_a_table_that_was_edited_after_an_erasure_is_found_though_it_was_sealed_again(out: Path, name: str):
    ew.erase(out, [lines_of(out)[5]["pupil_id"]], tracking="off")
    seal_again(out)
    assert ew.verify(out).findings == [], "the control"
    table = pq.read_table(out / f"{name}.parquet").to_pandas()
    column = {"scores": "rank", "sources": "sources"}.get(name, "absence_last_20_days")
    values = table[column].tolist()
    values[3] = [7] if name == "sources" else values[3] + 1
    pq.write_table(pa.Table.from_pandas(table.assign(**{column: values}), preserve_index=False), out / f"{name}.parquet")
    seal_again(out)
    assert verify(out).findings == [], "the head binds the lines alone"
    assert [(file, what) for file, _, what in ew.verify(out).findings] == [
        ("Parquet files", f"they do not hold what line 5 of {LINES} holds")
    ]
    pq.write_table(pq.read_table(out / f"{name}.parquet").slice(1), out / f"{name}.parquet")
    seal_again(out)
    assert not ew.verify(out).passed


def test_erasing_again_erases_more_and_an_unknown_pupil_is_counted(out: Path):
    pupils, head = [content["pupil_id"] for content in lines_of(out)], verify(out).head
    assert (ew.erase(out, [pupils[1]], tracking="off").erased, ew.erase(out, [pupils[2]], tracking="off").erased) == (1, 1)
    told = ew.erase(out, [pupils[1], "P-nobody"], tracking="off")
    assert (told.erased, told.unknown, told.output_id) == (0, 2, read_record(out).output_id)
    assert sum(read_record(out).about["erased"].values()) == 2
    assert verify(out, head=head).passed


def test_a_pupil_without_a_score_is_erased_too(tmp_path: Path):
    scores = made_up_school.scores()
    school = scores.frame["school_id"][0]
    row = {"pupil_id": "=odd", "school_id": school, "reason": "too few marks", "what_would_mend_it": "more marks"}
    odd = replace(scores, not_scored=pd.DataFrame([row, {**row, "pupil_id": "P-other"}], dtype="str"))
    out = tmp_path / "out"
    out.mkdir()
    sources = [[0]] * len(odd)
    write_record(odd, made_up_school.model(), out, sources)
    report(odd, out / "report.html")
    seal(out, odd.about, {})
    write_evidence(out, odd, header_of(out, odd, made_up_school.model(), made_up_school.records()), sources=sources)
    head = verify(out).head
    assert holding(out, "=odd")
    assert erase_from(out, ["=odd"], page=report).erased == 1
    assert holding(out, "=odd") == []
    assert holding(out, "P-other") != []
    assert read_record(out).about["erased"] == {school: 1}
    assert verify(out, head=head).passed


def test_nothing_of_the_pupil_stays_in_the_store(tmp_path: Path):
    fresh, uri = tmp_path / "fresh", f"sqlite:///{tmp_path / 'fresh' / 'runs' / 'mlflow.db'}"
    ew.score(made_up_school.model(), made_up_school.few_records(), made_up_school.FEW_AS_OF, out=fresh / "out", tracking=uri)
    run_id = read_record(fresh / "out").run["tracked"]["run_id"]
    lines = lines_of(fresh / "out")
    content, other = lines[0], lines[1]
    assert len(holding(fresh, content["pupil_id"])) == 18, "the control: record and store"
    head = verify(fresh / "out").head
    assert ew.erase(fresh / "out", [content["pupil_id"]]).erased == 1
    assert holding(fresh, *about_pupil(content, lines)) == []
    assert holding(fresh, other["pupil_id"]) != []
    told = ew.verify(f"runs:/{run_id}", tracking=uri, head=head)
    assert told.findings == []
    assert read_record(fresh / "out").output_id == ew.erase(fresh / "out", [content["pupil_id"]]).output_id
    assert verify(fresh / "out", head=head).passed
    assert ew.load(f"runs:/{run_id}/model", tracking=uri).id == made_up_school.model().id


def test_a_record_that_was_changed_is_not_sealed_again_by_an_erasure(out: Path):
    pupil = lines_of(out)[0]["pupil_id"]
    (out / "not_scored.csv").write_bytes((out / "not_scored.csv").read_bytes() + b"x")
    before = (out / LINES).read_bytes()
    with pytest.raises(InputRefused, match="not as it was written") as told:
        ew.erase(out, [pupil], tracking="off")
    assert pupil not in str(told.value)
    assert (out / LINES).read_bytes() == before


def test_lines_are_not_erased_alone(out: Path):
    lines = (out / LINES).read_bytes().splitlines()
    lines[3] = canonical({"erased": leaf_of(lines[3]).hex()})
    (out / LINES).write_bytes(b"".join(line + b"\n" for line in lines))
    assert [(file, line) for file, line, _ in verify(out).findings] == [(LINES, 4), ("scores.csv", 0)]


@pytest.mark.parametrize("pupils", ["P1", [], ()])
def test_what_is_no_list_of_pupils_is_refused(out: Path, pupils: object):
    with pytest.raises(UsageError, match="list of identifiers"):
        ew.erase(out, pupils, tracking="off")  # type: ignore[arg-type]


def test_identifiers_come_from_a_text_with_one_a_line():
    assert identifiers("\ufeffP1\r\n\n  P2 \nP 3") == ["P1", "P2", "P 3"]
    with pytest.raises(InputRefused, match="no identifier"):
        identifiers(" \n")


def test_the_command_takes_identifiers_from_a_file_or_standard_input_and_prints_none(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    pupils = [content["pupil_id"] for content in lines_of(out)]
    (tmp_path / "who.txt").write_text(f"{pupils[0]}\n{pupils[1]}\n", encoding="utf-8")
    assert cli.main(["erase", str(out), "--pupils", str(tmp_path / "who.txt"), "--tracking", "off"]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{pupils[2]}\n"))
    assert cli.main(["erase", str(out), "--pupils", "-", "--tracking", "off"]) == 0
    assert cli.main(["erase", str(out), pupils[3], "P-nobody", "--tracking", "off"]) == 3
    assert cli.main(["erase", str(out), "--tracking", "off"]) == 2
    said = "".join(capsys.readouterr())
    assert "2 erased" in said
    assert "1 of those named are not in this record" in said
    assert not [text for text in (*pupils, "P-nobody") if text in said]
    assert len(verify(out).erased) == 4


class Killed(BaseException):
    pass


@pytest.mark.parametrize("at", range(1, 11))
def test_an_erasure_that_is_killed_leaves_a_whole_record_and_the_next_one_ends_it(out: Path, monkeypatch: pytest.MonkeyPatch, at: int):
    pupil, head, rename, rmtree, steps = lines_of(out)[0]["pupil_id"], verify(out).head, os.rename, shutil.rmtree, []

    def step() -> None:
        steps.append(1)
        if len(steps) >= at:  # and whatever would be cleaned up afterwards is not
            raise Killed

    def renamed(old: Path, new: Path) -> None:
        step()
        rename(old, new)
        step()

    def removed(place: Path, *, ignore_errors: bool = False) -> None:
        step()
        rmtree(place, ignore_errors=ignore_errors)
        step()

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", renamed)
        patched.setattr(folders.shutil, "rmtree", removed)
        with contextlib.suppress(Killed):
            ew.erase(out, [pupil], tracking="off")
    assert len(steps) >= at, "it was killed"
    if at in (6, 7):
        assert not out.exists(), "between the two renames"
    assert verify(folders.brought_back(out), head=head).passed
    ew.erase(out, [pupil], tracking="off")
    assert holding(out.parent, pupil) == []
    assert [p.name for p in out.parent.iterdir()] == ["out"]
