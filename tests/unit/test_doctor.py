"""`eswarn doctor`: what is in order is said to be, what is not is named with what to do, and nothing else is told."""

from __future__ import annotations

import ctypes
import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eswarn import cli, doctor
from eswarn.doctor import Finding
from tests.conftest import ROOT

Run = Callable[[], tuple[int, str, str]]
NO_NETWORK = """
import socket
def nobody(*address):
    raise OSError("no network")
socket.socket.connect = socket.getaddrinfo = nobody
"""
FOUND = {"right": True, "numba": "1", "folder": "/nowhere"}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command() -> tuple[int, str, str]:
        code = cli.main(["doctor"])
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both questions answered at once, as on a machine in order."""
    monkeypatch.setattr(doctor, "LOOP", f"print({json.dumps(FOUND)!r})")
    monkeypatch.setattr(doctor, "TELEMETRY", f"print({json.dumps({'off': True, 'by': list(doctor.SWITCHES)})!r})")


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Packages at other versions than they are; None for one that is not there."""

    real = importlib.metadata.version

    def versions(**others: str | None) -> None:
        def version(name: str) -> str:
            found = others[name] if name in others else real(name)
            if found is None:
                raise importlib.metadata.PackageNotFoundError(name)
            return found

        monkeypatch.setattr(importlib.metadata, "version", version)

    return versions


def of(about: str, findings: list[Finding]) -> Finding:
    (found,) = [finding for finding in findings if finding.about == about]
    return found


def test_a_machine_in_order_is_said_to_be(run: Run) -> None:
    code, out, err = run()
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "all is well"
    assert [line for line in out.splitlines() if line.startswith("!")] == []
    assert "compiled loops       work; " in out
    assert "off: eswarn sets MLFLOW_DISABLE_TELEMETRY and DO_NOT_TRACK, and MLflow was asked" in out
    assert "eswarn-runs/mlflow.db" in out


def test_every_package_of_the_project_is_looked_at() -> None:
    from packaging.requirements import Requirement

    looked_at = {finding.about for finding in doctor.packages()}
    assert looked_at == {Requirement(text).name for text in importlib.metadata.requires("eswarn") or ()}
    assert {"pandas", "optuna"} < looked_at


def test_a_missing_package_is_named_with_what_to_do(run: Run, quick: None, pretend: Callable[..., None]) -> None:
    pretend(pandas=None)
    code, out, err = run()
    assert code == 3
    assert '! pandas               missing; needed: <4,>=3\n                       python -m pip install "pandas<4,>=3"\n' in out
    assert "all is well" not in out
    assert err == (
        "eswarn: this machine: not in order: pandas\nDo what is said under each line with a !, then run this again.\n"
    )  # fmt: skip


@pytest.mark.parametrize(("version", "fits"), [("2.3.3", False), ("4.0.0", False), ("3.0.0", True), ("3.2.0rc1", True), ("", False)])
def test_a_version_outside_its_range_is_named(pretend: Callable[..., None], version: str, fits: bool) -> None:
    pretend(pandas=version)
    found = of("pandas", doctor.packages())
    assert bool(found.do) is not fits
    if version and not fits:
        assert found.said == f"{version}, which is outside <4,>=3"


def test_what_only_an_extra_needs_may_be_missing_but_not_out_of_its_range(run: Run, quick: None, pretend: Callable[..., None]) -> None:
    pretend(optuna=None)
    code, out, _ = run()
    assert code == 0
    assert 'optuna               not installed; only the extra [search] needs it:  python -m pip install "optuna>=4"' in out
    pretend(optuna="3.6")
    assert of("optuna", doctor.packages()).do


def test_where_eswarn_is_not_installed_nobody_knows_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    def requires(name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", requires)
    (found,) = doctor.packages()
    assert "not installed" in found.said
    assert "make setup" in found.do


@pytest.mark.parametrize(
    ("fault", "said", "do"),
    [
        ("libgomp.so.1: cannot open shared object file", "the system library libgomp is missing", "sudo apt install libgomp1"),
        ("Library not loaded: @rpath/libomp.dylib", "the system library libomp is missing", "brew install libomp"),
        ("invalid ELF header", "cannot be loaded (invalid ELF header)", "--force-reinstall"),
    ],
)
def test_a_library_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch, fault: str, said: str, do: str) -> None:
    assert [finding.do for finding in doctor.openmp()] == [""], "the control"

    def load(name: str) -> None:
        raise OSError(fault)

    monkeypatch.setattr(ctypes, "CDLL", load)
    (found,) = doctor.openmp()
    assert said in found.said
    assert do in found.do


def test_telemetry_that_is_on_is_found_and_off_is_not_taken_for_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    unswitched = "from eswarn.tracking import store\nstore.SILENCE.clear()\n"
    for code, off in ((NO_NETWORK + doctor.TELEMETRY, True), (NO_NETWORK + unswitched + doctor.TELEMETRY, False)):
        question = doctor._Question(code, without=(*doctor.SWITCHES, *doctor.BY_ITSELF))
        (found,) = doctor.telemetry_of(question)
        assert (found.said.startswith("off: "), found.do == "") == (off, off)
    assert found.said == "is ON"
    assert "MLFLOW_DISABLE_TELEMETRY=true and DO_NOT_TRACK=true" in found.do


def test_compiled_loops_that_are_wrong_or_do_not_start_are_named(run: Run, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LOOP", f"print({json.dumps({**FOUND, 'right': False})!r})")
    assert "! compiled loops       give a wrong answer with numba 1" in run()[1]
    monkeypatch.setattr(doctor, "LOOP", "raise ImportError('Numba needs NumPy 2.4 or less')")
    code, out, err = run()
    assert code == 3
    assert "! compiled loops       could not be looked at (ImportError: Numba needs NumPy 2.4 or less)" in out
    assert "not in order: compiled loops" in err


def test_where_nothing_compiled_is_kept_the_reason_is_told(run: Run, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LOOP", f"print({json.dumps({**FOUND, 'folder': ''})!r})")
    assert "not kept, as the folder for it is not only yours to write" in run()[1]
    monkeypatch.setenv("ESWARN_COMPILED", "off")
    code, out, _ = run()
    assert code == 0
    assert "not kept (ESWARN_COMPILED=off)" in out


def test_what_fails_unforeseen_is_a_finding_and_the_rest_is_told(run: Run, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> list[Finding]:
        raise ValueError("hunter2")

    monkeypatch.setattr(doctor, "packages", fails)
    monkeypatch.setattr(doctor, "LOOP", "raise ValueError('hunter2')")
    code, out, err = run()
    assert code == 3
    assert "! packages             could not be looked at (ValueError)" in out
    assert "! compiled loops       could not be looked at (ValueError)" in out
    assert "runs are tracked" in out
    assert "hunter2" not in out + err


def test_no_secret_of_the_environment_and_no_name_of_a_home_is_told(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_PASSWORD", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "http://jo:hunter2@127.0.0.1")
    home = tmp_path / "jo-surname"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("ESWARN_COMPILED", raising=False)
    monkeypatch.chdir(home)
    code, out, err = run()
    assert code == 0
    assert "hunter2" not in out + err
    assert "jo-surname" not in out + err
    assert "in ~/eswarn-runs/mlflow.db (made by the first run)" in out
    assert "kept in ~/.cache/eswarn/compiled/" in out


def test_nothing_heavy_is_loaded_and_nothing_is_written_where_it_runs(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom eswarn import cli\nassert cli.main(['doctor']) == 0\n"
        "print([m for m in ('pandas', 'lightgbm', 'shap', 'mlflow', 'sklearn', 'pyarrow', 'numpy', 'numba') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"
    assert list(tmp_path.iterdir()) == []


def test_whoever_stops_listening_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[str]] = []

    class Recorded(subprocess.Popen[str]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    findings = doctor.examine()
    assert next(findings).about == "eswarn"
    assert [process.returncode for process in started] == [None, None]
    findings.close()
    assert None not in [process.returncode for process in started]


def test_the_ranges_are_those_of_the_project() -> None:
    assert "<3.18" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    needs = importlib.metadata.requires("eswarn") or []
    assert [need for need in needs if need.startswith("mlflow") and "<3.18" in need]
