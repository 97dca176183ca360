"""The command line: each command does what it says, ends with its exit code, and never with a traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import eswarn as ew
from eswarn import cli, keeping, pipeline
from eswarn.config import Config
from eswarn.errors import EswarnError, OurBug, UsageError
from eswarn.features.compute import choose
from tests import made_up_school
from tests.made_up_school import AS_OF, exports, few_exports, model_folder

COMMANDS = (
    "demo", "simulate", "check", "pseudonymise", "features", "train", "validate", "evaluate", "drift", "recalibrate", "card", "score",
    "report", "track", "verify", "trace", "erase", "audit", "doctor",
)  # fmt: skip
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; its exit code, standard output and standard error."""

    def command(*arguments: object) -> tuple[int, str, str]:
        try:
            code = cli.main([str(a) for a in arguments])
        except SystemExit as stopped:  # argparse, on --help and on usage
            code = int(stopped.code or 0)
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        return code, told.out, told.err

    return command


def score(*more: object, folder: object = None, model: object = None, as_of: object = AS_OF) -> tuple[object, ...]:
    return ("score", folder or exports(), "--model", model or model_folder(), "--as-of", as_of, "--tracking", "off", *more)


# --- help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_its_exit_codes(run: Run, command: str):
    code, out, err = run(command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: eswarn {command}")
    assert "6 scored but not tracked" in out


def test_the_list_of_commands_is_the_one_that_was_promised(run: Run):
    _, out, _ = run("--help")
    listed = re.findall(r"^    ([a-z]+)(?: +[A-Z]|$)", out, re.MULTILINE)
    assert tuple(listed) == COMMANDS


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("scores",), ("score",), ("score", "x"), ("train", "x"), ("check",), ("check", "a", "b"), ("simulate",), ("demo",), ("audit",),
        ("features", "x", "--out", "y"), ("simulate", "--out", "x", "--format", "xlsx"), ("demo", "--out", "x", "--pupils", "many"),
    ],
)  # fmt: skip
def test_a_command_that_is_not_complete_is_told_how_it_goes(run: Run, arguments: tuple[str, ...]):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("usage: eswarn")


# --- each command ----------------------------------------------------------------------------------------------------


def test_check_prints_a_ledger_that_balances(run: Run):
    code, out, err = run("check", few_exports())
    assert (code, err) == (0, "")
    figures = re.search(r"(\S+) rows read = (\S+) accepted \+ (\S+) merged \+ (\S+) rejected", out)
    assert figures
    read, accepted, merged, rejected = (int(figure.replace(",", "")) for figure in figures.groups())
    assert read == accepted + merged + rejected > 20_000


def test_check_ends_with_3_where_a_file_cannot_be_used_and_still_prints_the_rest(run: Run, tmp_path: Path):
    for path in few_exports().iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "behaviour.csv").write_bytes(b"\x00\x01\x02")
    code, out, err = run("check", tmp_path)
    assert code == 3
    assert "attendance.csv" in out
    assert re.search(r"^eswarn: .*: 1 of \d files cannot be used \(behaviour\.csv\)", err)


def test_simulate_writes_files_that_check_accepts(run: Run, tmp_path: Path):
    for form in ("csv", "parquet"):
        out = tmp_path / form
        code, said, _ = run("simulate", "--pupils", 30, "--years", 1, "--seed", 2, "--format", form, "--out", out)
        assert (code, (out / f"attendance.{form}").exists(), (out / "dataset.toml").exists()) == (0, True, True)
        assert str(out) in said
        assert run("check", out)[0] == 0


def test_features_writes_pupil_date_and_one_column_a_feature(run: Run, tmp_path: Path):
    out = tmp_path / "features.parquet"
    code, said, _ = run("features", few_exports(), "--as-of", "2023-06-05", "--as-of", "2023-01-09", "--out", out)
    table = pq.read_table(out)
    assert code == 0
    assert table.column_names == ["pupil_id", "as_of", *(f.column for f in choose(Config().features))]
    assert len(table.column_names) > 25
    assert sorted({str(day) for day in table["as_of"].to_pylist()}) == ["2023-01-09", "2023-06-05"]
    assert {str(table.schema.field(name).type) for name in table.column_names[2:]} == {"double"}
    assert said == f"{table.num_rows:,} rows, {table.num_columns - 2} features in {out}\n"
    assert [p.name for p in tmp_path.iterdir()] == ["features.parquet"]


def test_features_says_who_was_left_out_and_why(run: Run, tmp_path: Path):
    days = {"A": range(2, 14), "B": range(12, 14), "C": range(13, 14)}
    rows = [f"{pupil},S,2026-02-{day:02},AM,/" for pupil, some in days.items() for day in some]
    (tmp_path / "attendance.csv").write_text("\n".join(["pupil_id,school_id,date,session,code", *rows, ""]), encoding="utf-8")
    code, said, _ = run("features", tmp_path, "--as-of", "2026-02-16", "--out", tmp_path / "f.parquet")
    assert code == 0
    assert said.splitlines()[0].startswith("1 row, ")
    assert said.splitlines()[1:] == [
        "2 more on roll could not be given a row:", "  2: fewer than 10 possible sessions in the last 60 school days",
    ]  # fmt: skip


def test_features_of_nobody_says_why_and_writes_nothing(run: Run, tmp_path: Path):
    (tmp_path / "attendance.csv").write_text("pupil_id,school_id,date,session,code\nA,S,2026-02-13,AM,/\n", encoding="utf-8")
    code, _, err = run("features", tmp_path, "--as-of", "2026-02-16", "--out", tmp_path / "f.parquet")
    assert code == 3
    assert "nobody on roll on 2026-02-16 can be given a row" in err
    assert "1 of 1 pupils on roll: fewer than 10 possible sessions" in err
    assert not (tmp_path / "f.parquet").exists()


@pytest.mark.parametrize("call", [lambda r: ew.train(r), lambda r: ew.score("model", r, AS_OF), lambda r: ew.feature_table(r, AS_OF)])
def test_a_folder_in_the_place_of_records_is_to_be_read_first(call: Callable[[str], object]):
    with pytest.raises(UsageError, match="records are what") as refusal:
        call("exports")
    assert refusal.value.do == "Read it first:  ew.read(...)."


def test_one_feature_alone_is_no_sequence():
    for call in (
        lambda: ew.train(made_up_school.records(), features=ew.FEATURES[0]),
        lambda: ew.feature_table(made_up_school.records(), AS_OF, features=ew.FEATURES[0]),
        lambda: ew.load(model_folder(), features=ew.FEATURES[0]),
    ):
        with pytest.raises(UsageError, match="features is a sequence of declarations"):
            call()


def test_features_follows_its_configuration(run: Run, tmp_path: Path):
    (tmp_path / "c.toml").write_text('[features]\nonly = ["absence_last_20_days"]\nprotected = {fsm = "an audit"}\n', encoding="utf-8")
    out = tmp_path / "features.parquet"
    assert run("features", few_exports(), "--as-of", "2023-06-05", "--out", out, "--config", tmp_path / "c.toml")[0] == 0
    assert pq.read_schema(out).names == ["pupil_id", "as_of", "absence_last_20_days", "fsm"]


def test_score_writes_the_files_and_says_where(run: Run, tmp_path: Path):
    out = tmp_path / "out"
    code, said, err = run(*score("--out", out))
    assert (code, err) == (0, "")
    scores = made_up_school.scores()
    assert said.startswith(f"{len(scores):,} pupils scored, {len(scores.not_scored):,} could not be")
    assert str(out / "report.html") in said
    assert {p.name for p in out.iterdir()} >= {"scores.csv", "scores.parquet", "contributions.parquet", "not_scored.csv", "report.html"}


def test_score_follows_its_configuration(run: Run, tmp_path: Path):
    (tmp_path / "c.toml").write_text("[score]\nplaces = 4\nwatch = 0\nreasons = 2\n", encoding="utf-8")
    assert run(*score("--out", tmp_path / "out", "--config", tmp_path / "c.toml"))[0] == 0
    table = pq.read_table(tmp_path / "out" / "scores.parquet").to_pandas()
    assert "reason_3" not in table
    assert table.groupby("school_id")["tier"].value_counts().unstack()["priority"].tolist() == [4, 4]


def test_audit_ends_with_0_or_5(run: Run, tmp_path: Path):
    out = tmp_path / "out"
    run(*score("--out", out))
    code, said, _ = run("audit", out)
    assert code == 0
    assert len(re.findall(r"^A\d+ +passed", said, re.MULTILINE)) == 11
    assert len(re.findall(r"^E\d+ +(passed|cannot tell|not applicable)", said, re.MULTILINE)) == 11
    assert said.endswith(f"The page is {tmp_path}/out-audit/audit.html\n")
    (out / "scores.csv").write_bytes((out / "scores.csv").read_bytes().replace(b"0.", b"1.", 1))
    code, said, err = run("audit", out)
    assert code == 5
    assert re.search(r"^A1  failed .*scores\.csv", said, re.MULTILINE)
    assert err == f"eswarn: {out}: 3 of 22 checks failed, 11 could not be made\n"
    assert "Checks failed" in (tmp_path / "out-audit" / "audit.html").read_text(encoding="utf-8"), "it has taken the place of the first"


# --- refusals --------------------------------------------------------------------------------------------------------


def test_a_folder_or_model_that_is_not_there_is_refused(run: Run, tmp_path: Path):
    out = tmp_path / "out"
    for arguments, code, said in (
        (("check", tmp_path / "none"), 3, "there is no such folder"),
        (("train", tmp_path / "none", "--out", out), 3, "there is no such folder"),
        (score("--out", out, folder=tmp_path / "none"), 3, "there is no such folder"),
        (score("--out", out, model=tmp_path / "none"), 3, "there is no such model folder"),
        (score("--out", out, model=made_up_school.exports()), 4, "manifest.json: missing"),
        (("audit", tmp_path / "none"), 3, "there is no such folder"),
        (("track", tmp_path / "none"), 3, "not the record of a scoring run"),
        (score("--out", out, "--config", tmp_path / "none.toml"), 3, "there is no such file"),
        (("features", few_exports(), "--as-of", "2023-06-05", "--out", tmp_path / "no" / "f.parquet"), 3, "could not be written"),
    ):
        got, _, err = run(*arguments)
        assert (got, said in err) == (code, True), err
        assert err.startswith("eswarn: ")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over_what_is_there(run: Run, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    for arguments in (
        ("train", few_exports(), "--out", tmp_path),
        score("--out", tmp_path),
        ("features", few_exports(), "--as-of", "2023-06-05", "--out", tmp_path / "mine.txt"),
        ("demo", "--out", tmp_path),
        ("simulate", "--out", tmp_path, "--pupils", "10", "--years", "1"),
    ):
        code, _, err = run(*arguments)
        assert code in (2, 3)
        assert "exists already" in err
    assert [(p.name, p.read_text(encoding="utf-8")) for p in tmp_path.iterdir()] == [("mine.txt", "mine")]


@pytest.mark.parametrize(
    ("as_of", "code", "said"),
    [
        ("02/06/2025", 2, '"02/06/2025" is not a date\nWrite it as YYYY-MM-DD.'),
        ("2025-02-30", 2, "is not a date"),
        ("tomorrow", 2, "is not a date"),
        ("", 2, "is not a date"),
        ("2019-09-02", 2, "no attendance is known before the as-of date 2019-09-02"),
        ("2025-12-25", 3, "the last mark before 2025-12-25 is of 2025-07-"),
        ("2099-01-01", 3, "too long ago to tell who is still on roll"),
    ],
)
def test_an_as_of_date_the_records_do_not_reach_is_refused(run: Run, tmp_path: Path, as_of: str, code: int, said: str):
    got, _, err = run(*score("--out", tmp_path / "out", as_of=as_of))
    assert got == code
    assert said in err
    if code == 3:
        assert run("features", exports(), "--as-of", as_of, "--out", tmp_path / "f.parquet")[0] == 3
    assert list(tmp_path.iterdir()) == []


def test_summer_is_not_too_long(run: Run, tmp_path: Path):
    assert run(*score("--out", tmp_path / "out", as_of="2025-09-01"))[0] == 0


def test_tables_without_rows_are_refused_and_not_scored(run: Run, tmp_path: Path):
    for name in ("attendance", "context", "outcomes"):
        (tmp_path / f"{name}.csv").write_text(
            (exports() / f"{name}.csv").read_text(encoding="utf-8").split("\n")[0] + "\n", encoding="utf-8"
        )
    (tmp_path / "dataset.toml").write_bytes((exports() / "dataset.toml").read_bytes())
    for arguments in (score("--out", tmp_path / "out", folder=tmp_path), ("train", tmp_path, "--out", tmp_path / "m", "--tracking", "off")):
        code, _, err = run(*arguments)
        assert code in (2, 3)
        assert "no rows" in err
    assert not (tmp_path / "out").exists()


def test_too_few_leavers_make_no_model(run: Run, tmp_path: Path):
    code, _, err = run("train", few_exports(), "--out", tmp_path / "m", "--tracking", "off")
    assert code == 3
    assert "followed to the end of the horizon" in err
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_other_features_is_refused(run: Run, tmp_path: Path):
    model = made_up_school.model()
    features = [dict(told, fingerprint="0" * 64) for told in model.card["features"]]
    ew.Model(model.booster_text, model.curve, model.reference, {**model.card, "features": features}).save(tmp_path / "model")
    code, _, err = run(*score("--out", tmp_path / "out", model=tmp_path / "model"))
    assert code == 4
    assert "is not the one this model was trained on" in err
    assert not (tmp_path / "out").exists()


def test_a_damaged_model_is_refused(run: Run, tmp_path: Path):
    (tmp_path / "model").mkdir()
    for path in model_folder().iterdir():
        (tmp_path / "model" / path.name).write_bytes(path.read_bytes().replace(b"leaf_value=", b"leaf_value=1", 1))
    code, _, err = run(*score("--out", tmp_path / "out", model=tmp_path / "model"))
    assert code == 4
    assert "booster.txt: its bytes are not those the manifest names; it was not read" in err


# --- our own faults --------------------------------------------------------------------------------------------------


def test_where_reasons_do_not_add_up_nothing_is_left_and_the_fault_is_ours(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from eswarn.model.shapley import Explained, Explainer

    right = Explainer.__call__

    def off_by_a_little(explainer: Explainer, table: object) -> Explained:
        told = right(explainer, table)  # type: ignore[arg-type]
        told.values[11, 4] += 1e-8
        return told

    monkeypatch.setattr(Explainer, "__call__", off_by_a_little)
    code, out, err = run(*score("--out", tmp_path / "out"))
    assert (code, out) == (70, "")
    assert "the reasons do not add up to the score for 1 pupil; nothing was issued" in err
    assert list(tmp_path.iterdir()) == [], "no output, and no draft"
    with pytest.raises(OurBug):
        ew.score(made_up_school.model(), made_up_school.records(), AS_OF, out=tmp_path / "out", tracking="off")
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_ours_repeats_no_value(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fails(*_: object, **__: object) -> None:
        raise ValueError("could not convert P0471100CANARY")

    monkeypatch.setattr(pipeline, "issue", fails)
    code, _, err = run(*score("--out", tmp_path / "out"))
    assert code == 70
    assert "CANARY" not in err
    assert re.match(r"eswarn: a fault in eswarn \(ValueError at test_cli\.py:\d+\); nothing was issued\.\nPlease report it\.", err)
    monkeypatch.setenv("ESWARN_DEBUG", "1")
    with pytest.raises(ValueError, match="CANARY"):
        cli.main([str(a) for a in score("--out", tmp_path / "out")])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("error", "code", "said"), [(KeyboardInterrupt, 130, "stopped"), (MemoryError, 70, "out of memory")])
def test_being_stopped_leaves_nothing_and_no_traceback(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], code: int, said: str
):
    def stops(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(pipeline, "seal", stops)
    got, _, err = run(*score("--out", tmp_path / "out"))
    assert (got, said in err) == (code, True)
    assert list(tmp_path.iterdir()) == []


def test_every_kind_of_error_ends_with_its_own_code(run: Run, monkeypatch: pytest.MonkeyPatch):
    for kind in EswarnError.__subclasses__():

        def refuses(*_: object, kind: type[EswarnError] = kind, **__: object) -> None:
            raise kind("it is broken", where="there", do="Mend it.")

        monkeypatch.setattr(keeping, "audit", refuses)
        assert run("audit", "x") == (kind.exit_code, "", "eswarn: there: it is broken\nMend it.\n")


# --- as a process ----------------------------------------------------------------------------------------------------


def test_a_reader_that_goes_away_is_no_fault():
    command = f"import sys; from eswarn import cli; sys.exit(cli.main(['check', {str(few_exports())!r}]))"
    with subprocess.Popen([sys.executable, "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_a_file_name_that_the_terminal_cannot_show_is_no_fault(tmp_path: Path):
    for path in few_exports().iterdir():
        (tmp_path / path.name.replace("behaviour.", "behaviour-é—\u4e2d.")).write_bytes(path.read_bytes())
    told = subprocess.run(
        [sys.executable, "-m", "eswarn.cli", "check", tmp_path],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert (told.returncode, told.stderr) == (0, b"")
    assert b"behaviour-\\xe9" in told.stdout


def test_help_is_there_at_once():
    """It loads none of the heavy libraries."""
    command = (
        "import sys\nfrom eswarn import cli\ntry:\n    cli.main(['score', '--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('pandas', 'lightgbm', 'shap', 'mlflow', 'sklearn', 'pyarrow', 'numpy') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-1] == "[]"


def test_the_default_tracking_store_is_named_in_the_help_and_in_the_configuration(run: Run):
    assert Config().tracking.uri == "sqlite:///eswarn-runs/mlflow.db"
    assert "./eswarn-runs" in run("train", "--help")[1]


def test_the_run_remembers_which_files_it_was_made_from(run: Run, tmp_path: Path):
    run(*score("--out", tmp_path / "out"))
    told = json.loads((tmp_path / "out" / "run.json").read_bytes())
    assert set(told["sources"]) == {p.name for p in exports().iterdir() if p.suffix == ".csv"}
