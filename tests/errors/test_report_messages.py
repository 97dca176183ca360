"""What a person reads when a report cannot be written: what, where, what to do; no name, no cell, and nothing left behind."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import eswarn as ew
from eswarn import cli
from eswarn.reporting import read_names
from tests.made_up_school import FEW_AS_OF, few_exports, model_folder

CANARY = "Q7zcanary"
NAME = f"Ann {CANARY}-Example"
Told = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "out"
    arguments = ["--model", model_folder(), "--as-of", FEW_AS_OF, "--out", out, "--tracking", "off"]
    assert cli.main(["score", str(few_exports()), *map(str, arguments)]) == 0
    return out


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Told:
    """Run a command in an empty folder: its exit code, and what it said on standard error, without our own places."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object) -> tuple[int, str]:
        capsys.readouterr()
        try:
            code = cli.main([str(a) for a in arguments])
        except SystemExit as stopped:
            code = int(str(stopped.code))
        said = capsys.readouterr()
        assert CANARY not in said.out + said.err
        assert "Traceback" not in said.out + said.err
        if code:
            assert said.out == ""
            assert not (tmp_path / "report").exists()
            assert list(tmp_path.glob("*.tmp*")) == []
        return code, said.err.replace(f"{tmp_path}/", "")

    return command


def names(folder: Path, content: str | bytes) -> Path:
    path = folder / "names.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# --- names -----------------------------------------------------------------------------------------------------------

BAD_NAMES: dict[str, tuple[str | bytes, str, str]] = {
    "an empty file": ("", "names.csv: no column is called pupil_id and none name", "The first line must name the columns"),
    "no heads": (f"P1,{NAME}\n", "names.csv: no column is called pupil_id and none name", "such as  pupil_id,name"),
    "another head": (f"id,name\nP1,{NAME}\n", "names.csv: no column is called pupil_id", "a comma, a semicolon or a tab"),
    "nobody of this run": (f"pupil_id;name\nP1;{NAME}\n", "names.csv: none of its 1 names is of a pupil of this run", "give --key"),
    "two names": (f"pupil_id,name\nP1,{NAME}\nP2,x\nP1,{NAME}a\n", "row 4: one pupil has two names", "Keep one row for each pupil."),
    "no pupil": (f"pupil_id,name\n ,{NAME}\n", "names.csv, row 2: a name stands without a pupil", "Give pupil_id, or remove the row."),
    "a comma in a name": (f"pupil_id,name\nP1,Example, {NAME}\n", "row 2: a row has more cells than the first line", "in quotes."),
    "a quote never closed": (f'pupil_id,name\nP1,"{NAME}\n', "the names cannot be read (a quote is never closed, or a line is too long)",
                             "Put a name with a quote or comma in quotes"),
    "a very long line": (f"pupil_id,name\nP1,{NAME * 9000}\n", "the names cannot be read", "in quotes"),
    "another encoding": (f"pupil_id,name\nP1,{NAME}\u00e9\n".encode("latin-1"), "names.csv: it is not UTF-8", 'Save it as "CSV UTF-8".'),
    "UTF-16": (f"pupil_id,name\nP1,{NAME}\n".encode("utf-16"), "names.csv: it is not UTF-8", 'Save it as "CSV UTF-8".'),
}  # fmt: skip


@pytest.mark.parametrize("harm", BAD_NAMES)
def test_a_file_of_names_that_cannot_be_used(made: Path, told: Told, tmp_path: Path, harm: str) -> None:
    content, what, do = BAD_NAMES[harm]
    code, said = told("report", made, "--names", names(tmp_path, content), "--out", tmp_path / "report")
    assert code == 3
    assert said.startswith("eswarn: names.csv")
    assert what in said.splitlines()[0]
    assert do in said.splitlines()[1]


def test_a_file_of_names_that_is_not_there(made: Path, told: Told, tmp_path: Path) -> None:
    assert told("report", made, "--names", tmp_path / "none.csv", "--out", tmp_path / "report") == (
        3, "eswarn: none.csv: the names cannot be read (No such file or directory)\nGive a file that can be read.\n",
    )  # fmt: skip
    assert told("report", made, "--names", tmp_path, "--out", tmp_path / "report")[0] == 3


@pytest.mark.parametrize("content", ["pupil_id,name\n", f"pupil_id,name\n{CANARY},\n"])
def test_a_file_without_a_name_is_no_error_and_is_not_repeated(made: Path, told: Told, tmp_path: Path, content: str) -> None:
    assert told("report", made, "--names", names(tmp_path, content), "--out", tmp_path / "report") == (0, "")
    written = b"".join(path.read_bytes() for path in (tmp_path / "report").rglob("*.csv"))
    assert CANARY.encode() not in written


@pytest.mark.parametrize(("key", "what"), [(None, "there is no key file"), (CANARY, "this is no key"), ("0" * 64, "too weak")])
def test_a_key_that_cannot_be_used(made: Path, told: Told, tmp_path: Path, key: str | None, what: str) -> None:
    if key is not None:
        (tmp_path / "pupils.key").write_text(key, encoding="utf-8")
        (tmp_path / "pupils.key").chmod(0o600)
    given = names(tmp_path, f"pupil_id,name\n{CANARY},{NAME}\n")
    code, said = told("report", made, "--names", given, "--key", tmp_path / "pupils.key", "--out", tmp_path / "report")
    assert code == 3
    assert said.startswith("eswarn: pupils.key: ")
    assert what in said
    assert len(said.splitlines()) == 2


# --- choices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "code", "what", "do"),
    [
        (["--key", "k"], 2, "--key goes with --names", "eswarn report RUN --names FILE --key KEY --out FOLDER"),
        (["--locale", "fr"], 2, "invalid choice: 'fr'", "en-US"),
        (["--school", CANARY], 2, "no pupil of this run is at one of the schools asked for", "Give school ids as scores.csv has them."),
        (["--school", CANARY, "--each-school"], 2, "no pupil of this run is at one of the schools asked for", "scores.csv"),
        (["--pupil", CANARY], 2, "1 pupil asked for and not in this run", "Give pupil ids as scores.csv has them."),
        (["--pupil", CANARY, "--pupil", f"{CANARY}2"], 2, "2 pupils asked for and not in this run", "scores.csv"),
        (["--pupil", CANARY, "--school", CANARY], 2, "--pupil goes without --school and --each-school", ""),
    ],
)
def test_a_choice_that_cannot_be_met(made: Path, told: Told, tmp_path: Path, choices: list[str], code: int, what: str, do: str) -> None:
    found, said = told("report", made, *choices, "--out", tmp_path / "report")
    assert found == code
    assert what in said
    assert do in said


@pytest.mark.parametrize("places", ["many", "0", "-1", "1.5", "nan", "inf", "9=", "9=x", "=5", "9=-1", "9=1.5", ",", f"{CANARY}=5", CANARY])
def test_places_that_cannot_be_read(told: Told, tmp_path: Path, places: str) -> None:
    command = ("score", few_exports(), "--model", model_folder(), "--as-of", FEW_AS_OF, "--tracking", "off", "--out", tmp_path / "report")
    assert told(*command, f"--places={places}") == (
        2, "eswarn: --places cannot be read\nGive a number (30), a share under 1 (0.05), or places by year group (9=5,10=8).\n",
    )  # fmt: skip


def test_an_earlier_run_that_is_none(told: Told, tmp_path: Path) -> None:
    command = ("score", few_exports(), "--model", model_folder(), "--as-of", FEW_AS_OF, "--tracking", "off", "--out", tmp_path / "report")
    code, said = told(*command, "--diff", tmp_path / "none")
    assert (code, said) == (
        3, "eswarn: none: this is not the record of a scoring run\nGive the folder that `eswarn score --out` wrote.\n",
    )  # fmt: skip


# --- places ----------------------------------------------------------------------------------------------------------


def test_a_run_that_is_none_or_was_changed(made: Path, told: Told, tmp_path: Path) -> None:
    assert told("report", tmp_path / "none", "--out", tmp_path / "report") == (
        3, "eswarn: none: this is not the record of a scoring run\nGive the folder that `eswarn score --out` wrote.\n",
    )  # fmt: skip
    other = Path(shutil.copytree(made, tmp_path / "other"))
    (other / "pupils.parquet").write_text(CANARY, encoding="utf-8")
    code, said = told("report", other, "--out", tmp_path / "report")
    assert code == 3
    assert said.startswith("eswarn: other: files have changed since they were sealed: pupils.parquet\n")


def test_a_place_that_is_taken_or_in_the_run_itself(made: Path, told: Told, tmp_path: Path) -> None:
    assert told("report", made, "--out", made) == (
        3, f"eswarn: {made}: it exists already; nothing is overwritten\nChoose another name, or remove it first.\n",
    )  # fmt: skip
    assert told("report", made, "--out", made / "page") == (
        2, f"eswarn: {made}/page: a report in the run's own folder would break its seal\nName another folder.\n",
    )  # fmt: skip
    assert not (made / "page").exists()


@pytest.mark.parametrize("heads", ["pupil_id,name", "Pupil ID;Name", "\ufeffNAME\tUPN", " pupil_id , name ,form", "UPN;Form;Name"])
def test_a_file_of_names_may_be_written_as_spreadsheets_write_it(made: Path, tmp_path: Path, heads: str) -> None:
    scores = ew.read_scores(made)
    mark = max(",;\t", key=heads.count)
    row = [{"n": NAME, "p": scores.frame["pupil_id"].iloc[0], "u": scores.frame["pupil_id"].iloc[0]}.get(h.strip("\ufeff ").lower()[0], "x")
           for h in heads.split(mark)]  # fmt: skip
    assert read_names(names(tmp_path, f"{heads}\n{mark.join(row)}\n")) == {scores.frame["pupil_id"].iloc[0]: NAME}
