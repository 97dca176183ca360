"""A school: from export files to a list of pupils to talk to, on a bad day too."""

from __future__ import annotations

import csv
import html
import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import eswarn as ew
from eswarn import cli
from tests import made_up_school
from tests.conftest import ROOT
from tests.made_up_school import AS_OF, FEW_AS_OF
from tests.story.conftest import PUPILS, Demo

EVIDENCE = ("evidence.jsonl", "head.json", "leaves.txt", "sources.parquet")  # salted; and how the records were cut into files


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def differing(one: Path, other: Path) -> list[str]:
    first, second = files_of(one), files_of(other)
    assert set(first) == set(second)
    return [name for name in first if first[name] != second[name]]


# --- one command -----------------------------------------------------------------------------------------------------


def test_one_command_goes_from_nothing_to_a_report(demo: Demo):
    assert (demo.code, demo.errors) == (0, "")
    assert {p.name for p in demo.out.iterdir()} == {"exports", "model", "scores", "runs"}
    assert {p.name for p in (demo.out / "scores").iterdir()} == {
        "scores.csv", "scores.parquet", "contributions.parquet", "features.parquet", "not_scored.csv", "report.html", "manifest.json",
        "run.json", "model", "register.json", "pupils.parquet", "events.parquet", "groups.csv", *EVIDENCE,
    }  # fmt: skip


def test_it_says_what_it_does_and_where_the_report_is(demo: Demo):
    steps = [f"Simulating {PUPILS} pupils", "Checking every row", "rows read =", "Training on past cohorts", "Model ",
             "ested on a later cohort", "Scoring everybody on roll", "pupils scored", "Audit it:", "The report is"]  # fmt: skip
    places = [demo.printed.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)
    assert demo.printed.rstrip().endswith("report.html")


def test_the_report_names_the_pupils_of_the_list_and_their_reasons(demo: Demo):
    page = html.unescape((demo.out / "scores" / "report.html").read_text(encoding="utf-8")).replace("\u00a0", " ")
    with (demo.out / "scores" / "scores.csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    first = [row for row in rows if row["tier"] == "priority"]
    assert len(first) >= len(rows) // 25
    assert all(row["pupil_id"] in page and row["reason_1"] in page for row in first)
    assert not any(row["pupil_id"] in page for row in rows if row["tier"] == "universal")


def test_the_list_finds_more_leavers_than_chance_would(demo: Demo):
    card = json.loads((demo.out / "model" / "card.json").read_bytes())
    assert 0.65 < card["metrics"]["auc"] < 0.95
    assert card["metrics"]["recall_at_5_percent"] > 2 * 0.05


def test_everything_can_be_done_again_from_the_files_it_left(demo: Demo, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Check, train and score by hand: the same model and the same scores."""
    as_of = json.loads((demo.out / "scores" / "manifest.json").read_bytes())["about"]["as_of"]
    exports, model, out = str(demo.out / "exports"), str(tmp_path / "model"), str(tmp_path / "scores")
    assert cli.main(["check", exports]) == 0
    assert cli.main(["train", exports, "--out", model, "--tracking", "off"]) == 0
    assert cli.main(["score", exports, "--model", model, "--as-of", as_of, "--out", out, "--tracking", "off"]) == 0
    assert differing(demo.out / "model", Path(model)) == []
    assert set(differing(demo.out / "scores", Path(out))) == {*EVIDENCE, "run.json"} - {"sources.parquet"}
    assert "Traceback" not in capsys.readouterr().err


# --- the same files in another order ---------------------------------------------------------------------------------


def shuffled(exports: Path, to: Path, *, split: int) -> Path:
    """The same tables with rows and columns in another order, in several files, some of them Parquet."""
    to.mkdir()
    rng = np.random.default_rng(11)
    for path in sorted(exports.glob("*.csv")):
        text = pa.csv.read_csv(path, convert_options=pa.csv.ConvertOptions(strings_can_be_null=False, column_types=_as_text(path)))
        table = text.take(rng.permutation(text.num_rows)).select([text.column_names[i] for i in rng.permutation(text.num_columns)])
        parts = split if path.stem == "attendance" else 1
        for part in range(parts):
            rows = table.slice(part * table.num_rows // parts, (part + 1) * table.num_rows // parts - part * table.num_rows // parts)
            pa.csv.write_csv(rows, to / f"{path.stem}-{part}.csv")
    (to / "dataset.toml").write_bytes((exports / "dataset.toml").read_bytes())
    return to


def _as_text(path: Path) -> dict[str, pa.DataType]:
    with path.open(newline="", encoding="utf-8") as handle:
        return dict.fromkeys(next(csv.reader(handle)), pa.string())


def test_scores_do_not_depend_on_the_order_of_rows_columns_and_files(tmp_path: Path):
    mixed = ew.read(shuffled(made_up_school.few_exports(), tmp_path / "mixed", split=3))
    assert len(mixed.sources) > len(made_up_school.few_records().sources)
    for name, records in (("plain", made_up_school.few_records()), ("other", mixed)):
        ew.score(made_up_school.model(), records, FEW_AS_OF, out=tmp_path / name, tracking="off")
    assert set(differing(tmp_path / "plain", tmp_path / "other")) == {*EVIDENCE, "run.json"}


def test_neither_does_the_model(tmp_path: Path):
    mixed = ew.read(shuffled(made_up_school.exports(), tmp_path / "mixed", split=2))
    model, ours = ew.train(mixed, tracking="off"), made_up_school.model()
    assert (model.booster_text, model.curve, model.reference) == (ours.booster_text, ours.curve, ours.reference)
    assert {key for key in ours.card if ours.card[key] != model.card[key]} == {"data_digest", "drift"}, "other files, and nothing else"
    salted = ("salt", "schools")  # by the hash of the files
    assert all(ours.card["drift"][key] == model.card["drift"][key] for key in ours.card["drift"] if key not in salted)


def test_two_batches_of_whole_schools_give_the_same_scores_as_one(tmp_path: Path):
    records, whole = made_up_school.records(), made_up_school.scores().frame
    for school in sorted(set(whole["school_id"])):
        tables = {name: table.filter(pc.equal(table["school_id"], school)) for name, table in records.tables.items()}
        alone = ew.score(made_up_school.model(), ew.Records(tables, records.facts), AS_OF).frame
        together = whole[whole["school_id"] == school].reset_index(drop=True)
        stayed = alone["pupil_id"].isin(together["pupil_id"])
        assert stayed.mean() > 0.95, "a pupil who moved has part of the history at the other school"
        same = alone.merge(together, on="pupil_id", suffixes=("", "_together"))
        assert (same["risk"] == same["risk_together"]).mean() > 0.9


# --- a bad day -------------------------------------------------------------------------------------------------------


def test_killed_at_any_write_it_leaves_a_whole_output_or_none(tmp_path: Path):
    """One run for each write of `eswarn score`, of noting where a run was tracked, and of saving a model; see killed_runs.py."""
    arguments = [str(made_up_school.few_exports()), str(made_up_school.model_folder()), str(tmp_path / "place")]
    done = subprocess.run(
        [sys.executable, "-m", "tests.story.killed_runs", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    )
    told = [json.loads(line) for line in done.stderr.splitlines()]
    runs, left = told[:-1], told[-1]["left"]
    for scenario, least in (("score", 40), ("note", 4), ("save", 20)):
        of_this = [run for run in runs if run["scenario"] == scenario]
        assert len(of_this) > least
        assert [run["code"] for run in of_this] == [99] * (len(of_this) - 1) + [0], "each was killed, but the last"
        assert [run for run in of_this if run["state"] != 0] == [], "absent, or whole and an audit passes"
    killed_in = {run["at"] for run in runs}
    assert {
        "in the middle of scores.csv",
        "in the middle of booster.txt",
        "in the middle of run.json",
        "before os.rename of out.tmp",
    } <= killed_in
    assert left == ["model", "out", "out-audit"], "what a killed run left does not block the next, and is gone in the end"


@pytest.mark.long
def test_killed_at_any_moment_it_leaves_a_whole_output_or_none(tmp_path: Path):
    """Real processes, killed from outside at moments spread over a run."""
    out, rng = tmp_path / "out", random.Random(5)
    command = [sys.executable, "-m", "eswarn.cli", "score", str(made_up_school.exports()), "--model", str(made_up_school.model_folder()),
               "--as-of", str(AS_OF), "--out", str(out), "--tracking", "off"]  # fmt: skip
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    whole = time.monotonic() - began
    finished = 0
    for attempt in range(25):
        if out.exists():
            finished += 1
            assert ew.audit(out).passed
            for path in sorted(out.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            out.rmdir()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(whole * (0.4 + 0.65 * (attempt + rng.random()) / 25))
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert 1 <= finished < 26
    if not out.exists():
        subprocess.run(command, check=True, capture_output=True)
    assert ew.audit(out).passed


@pytest.mark.parametrize("store", ["sqlite:///{}/file.txt/mlflow.db", "http://127.0.0.1:9", "mysql://nowhere/x", "sqlite:///"])
def test_a_tracking_store_that_fails_leaves_a_whole_output(tmp_path: Path, store: str, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "file.txt").write_text("x", encoding="utf-8")
    arguments = [
        "--model",
        made_up_school.model_folder(),
        "--as-of",
        FEW_AS_OF,
        "--out",
        tmp_path / "out",
        "--tracking",
        store.format(tmp_path),
    ]
    assert cli.main(["score", str(made_up_school.few_exports()), *map(str, arguments)]) == 6
    said = capsys.readouterr().err
    assert said.startswith("eswarn: ")
    assert "Traceback" not in said
    assert ew.audit(tmp_path / "out").passed
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file.txt", "out"]


@pytest.mark.parametrize("name", ["contributions.parquet", "model/card.json", "report.html.tmp", "run.json"])
def test_a_disk_that_is_full_leaves_nothing(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def full(real: Callable[..., object], at: int) -> Callable[..., object]:
        def write(*given: object, **options: object) -> object:
            if Path(str(given[at])).as_posix().endswith(name):
                raise OSError(28, "No space left on device")
            return real(*given, **options)

        return write

    monkeypatch.setattr(pq, "write_table", full(pq.write_table, 1))
    for method in ("write_bytes", "write_text"):
        monkeypatch.setattr(Path, method, full(getattr(Path, method), 0))
    arguments = ["--model", made_up_school.model_folder(), "--as-of", FEW_AS_OF, "--out", tmp_path / "out", "--tracking", "off"]
    assert cli.main(["score", str(made_up_school.few_exports()), *map(str, arguments)]) in (2, 3)
    assert "No space left on device" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_pupils_who_cannot_be_scored_are_named_with_the_reason(tmp_path: Path):
    """Scored in the second week, nobody has enough sessions yet; in the third week those have whose register is complete."""
    records = made_up_school.records()
    scores = ew.score(made_up_school.model(), records, "2022-09-12", out=tmp_path / "out", tracking="off")
    with (tmp_path / "out" / "not_scored.csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["pupil_id"] for row in rows] == scores.not_scored["pupil_id"].tolist()
    assert rows
    assert all(re.search(r"sessions|gone", row["reason"]) and row["what_would_mend_it"] for row in rows)
    assert not {row["pupil_id"] for row in rows} & set(scores.frame["pupil_id"])
