"""What a person reads at the command line when something is wrong; whatever it is, no pupil's id or value is in it."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from eswarn import cli
from tests.made_up_school import FEW_AS_OF, few_exports, model_folder

CANARY = "P0471100CANARY"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: object) -> tuple[int, str]:
        code = cli.main([str(a) for a in arguments])
        told = capsys.readouterr()
        assert CANARY not in told.out + told.err
        assert "Traceback" not in told.out + told.err
        return code, told.err

    return command


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """Export files in which one pupil has an id that must not be seen in any message."""
    folder = Path(shutil.copytree(few_exports(), tmp_path / "exports"))
    for path in folder.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("P0000001", CANARY), encoding="utf-8")
    assert CANARY in (folder / "attendance.csv").read_text(encoding="utf-8")
    return folder


def score(folder: Path, *more: object) -> tuple[object, ...]:
    return ("score", folder, "--model", model_folder(), "--as-of", FEW_AS_OF, "--out", folder.parent / "out", *more)


def spoiled(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def test_an_honest_run_is_the_control(run: Run, exports: Path):
    assert run(*score(exports, "--tracking", "off")) == (0, "")
    assert CANARY in (exports.parent / "out" / "scores.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("attendance.csv", "pupil_id,", "pupil_id,pupil_id,"), ("attendance.csv", f"{CANARY},", f"{CANARY},,,,,"),
        ("attendance.csv", f"{CANARY},", f'{CANARY}",'), ("attendance.csv", CANARY, f"{CANARY}\x00"), ("attendance.csv", ",code,", ","),
        ("context.csv", CANARY, ""), ("outcomes.csv", "-", "/"), ("behaviour.csv", "2022", "20x2"), ("enrolment.csv", "-0", "-7"),
    ],
)  # fmt: skip
def test_spoiled_files_are_told_without_their_cells(run: Run, exports: Path, name: str, old: str, new: str):
    spoiled(exports, name, old, new)
    for arguments in (("check", exports), score(exports, "--tracking", "off")):
        code, _ = run(*arguments)
        assert code in (0, 3)


def test_every_message_begins_with_the_name_of_the_program(run: Run, tmp_path: Path):
    _, err = run("check", tmp_path / "none")
    assert err == f"eswarn: {tmp_path}/none: there is no such folder\nGive the folder that holds the export files.\n"


def test_a_store_that_is_not_there_is_told_with_how_to_mend_it(run: Run, exports: Path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        dead = f"127.0.0.1:{probe.getsockname()[1]}"
    code, err = run(*score(exports, "--tracking", f"http://jo:hunter2@{dead}"))
    assert code == 6
    assert "hunter2" not in err
    assert err.startswith(f"eswarn: http://{dead}: the tracking store failed: connection refused\nWhat was written is complete.")
    assert "eswarn track" in err
    assert (exports.parent / "out" / "report.html").exists()


def test_an_audit_that_fails_says_how_many_checks_and_where(run: Run, exports: Path):
    out = exports.parent / "out"
    run(*score(exports, "--tracking", "off"))
    spoiled(out, "scores.csv", CANARY, "somebody")
    code, err = run("audit", out)
    assert (code, err) == (5, f"eswarn: {out}: 3 of 22 checks failed, 11 could not be made\n")


def test_a_departure_that_was_turned_away_stops_training(run: Run, exports: Path):
    outcomes = exports / "outcomes.csv"
    lines = outcomes.read_text(encoding="utf-8").splitlines()
    outcomes.write_text("\n".join([lines[0], lines[1].replace(lines[1].split(",")[3], "Moved School"), *lines[2:], ""]), encoding="utf-8")
    code, err = run("train", exports, "--out", exports.parent / "m", "--tracking", "off")
    assert code == 3
    assert "outcomes.csv: 1 rows of outcomes were rejected, and their pupils would be taken for stayers" in err
