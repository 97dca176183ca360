"""dev.py: a fresh clone is made ready once, heals when broken off, and touches nothing that is not its own."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import ROOT


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """dev.py over a small project of its own; its installing steps are recorded in ``dev.steps`` and not run."""
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    dev = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(dev)
    for name in ("VENV", "BIN", "PYTHON", "LOCK", "STAMP", "LOG"):
        monkeypatch.setattr(dev, name, tmp_path / getattr(dev, name).relative_to(ROOT))
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    dev.LOCK.write_text("one==1 \\\n    --hash=sha256:00\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    dev.real_step, dev.steps = dev.step, []

    def step(name: str, *command: object, count: int = 0) -> None:
        dev.steps.append(name)
        if name == "venv":
            dev.PYTHON.parent.mkdir(parents=True)
            dev.PYTHON.write_text("", encoding="utf-8")

    monkeypatch.setattr(dev, "step", step)
    monkeypatch.setattr(dev.shutil, "which", lambda name: None)  # no uv
    return dev


ALL = ["venv", "pip install", "install eswarn"]


def test_a_fresh_clone_is_made_ready_once(dev: ModuleType) -> None:
    dev.make_ready()
    dev.make_ready()
    assert dev.steps == ALL


def test_a_changed_lock_makes_everything_anew_and_a_changed_project_only_eswarn(dev: ModuleType) -> None:
    dev.make_ready()
    (dev.VENV / "left over").mkdir()
    dev.LOCK.write_text("one==2\n", encoding="utf-8")
    dev.make_ready()
    assert dev.steps == ALL * 2
    assert not (dev.VENV / "left over").exists()
    (dev.ROOT / "pyproject.toml").write_text("[project]\n# changed\n", encoding="utf-8")
    dev.make_ready()
    assert dev.steps == [*ALL * 2, "install eswarn"]


@pytest.mark.parametrize("broken_at", ALL)
def test_a_set_up_broken_off_heals_on_the_next_run(dev: ModuleType, broken_at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = dev.step

    def step(name: str, *command: object, count: int = 0) -> None:
        if name == broken_at:
            raise KeyboardInterrupt
        whole(name, *command, count=count)

    with monkeypatch.context() as patch:
        patch.setattr(dev, "step", step)
        with pytest.raises(KeyboardInterrupt):
            dev.make_ready()
    dev.steps.clear()
    dev.make_ready()
    assert dev.steps == (ALL if broken_at != "install eswarn" else ["install eswarn"])
    dev.steps.clear()
    dev.make_ready()
    assert dev.steps == []


def test_an_environment_whose_python_is_gone_is_made_anew(dev: ModuleType) -> None:
    dev.make_ready()
    dev.PYTHON.unlink()
    dev.make_ready()
    assert dev.steps == ALL * 2


def test_an_environment_that_somebody_else_made_is_refused_and_kept(dev: ModuleType) -> None:
    (dev.VENV / "bin").mkdir(parents=True)
    with pytest.raises(dev.Stop, match=r"not made by dev\.py\. Move it away"):
        dev.make_ready()
    assert (dev.VENV / "bin").is_dir()
    assert dev.steps == []


def test_a_python_without_venv_is_told_which_package_to_install(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(dev.Stop, match=rf"sudo apt install python3\.{sys.version_info.minor}-venv"):
        dev.make_ready()


def test_a_step_that_fails_shows_the_end_of_its_log(dev: ModuleType) -> None:
    dev.VENV.mkdir()
    with pytest.raises(dev.Stop, match=r"(?s)install failed.*no such wheel.*Run the same command again"):
        dev.real_step("install", sys.executable, "-c", "print('no such wheel'); raise SystemExit(1)")
    dev.real_step("install", sys.executable, "-c", "print('all well')")
    assert dev.LOG.read_text(encoding="utf-8").splitlines() == ["no such wheel", "all well"]


def test_the_demo_takes_the_next_free_name(dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    ran: list[tuple[object, ...]] = []
    monkeypatch.setattr(dev, "run", lambda *command: ran.append(command[1:]) or 0)
    assert dev.demo() == 0
    (dev.ROOT / "demo").mkdir()
    assert dev.demo() == 0
    assert dev.demo("--out=elsewhere") == 0
    assert ran == [("demo", "--out", "demo"), ("demo", "--out", "demo-2"), ("demo", "--out=elsewhere")]
    assert "./demo exists and is left alone; this one goes to ./demo-2." in capsys.readouterr().out


# --- a browser for the tests of pages --------------------------------------------------------------------------------

APT = ["apt-get update", "apt-get install"]


@pytest.fixture
def bare(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """dev.py on a machine that is ready and has apt-get and a root, but no browser."""
    dev.make_ready()
    dev.steps.clear()
    for name in ("ESWARN_BROWSER", "PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(dev.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(dev.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(dev, "run", lambda *command, **environment: 0)
    return dev


@pytest.mark.parametrize("task", ["test", "test-long"])
def test_chromium_is_installed_for_the_tests_where_there_is_none(bare: ModuleType, task: str) -> None:
    assert bare.main([task]) == 0
    assert bare.steps == APT


def test_no_other_task_installs_a_browser(bare: ModuleType) -> None:
    others = set(bare.TASKS) - {"test", "test-long", "lock", "model", "demo"}
    assert {bare.main([task]) for task in others} == {0}
    assert bare.steps == []


@pytest.mark.parametrize("has", ["chromium", "google-chrome", "msedge"])
def test_a_browser_that_is_there_is_found_and_nothing_installed(bare: ModuleType, monkeypatch: pytest.MonkeyPatch, has: str) -> None:
    monkeypatch.setattr(bare.shutil, "which", lambda name: f"/bin/{name}" if name in (has, "apt-get") else None)
    assert bare.find_browser() == f"/bin/{has}"
    assert bare.main(["test"]) == 0
    assert bare.steps == []


def test_a_browser_where_windows_keeps_it_is_found(bare: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    edge = tmp_path / "Microsoft" / "Edge" / "Application" / "msedge.exe"
    monkeypatch.setenv("PROGRAMFILES(X86)", str(tmp_path))
    assert bare.find_browser() is None
    monkeypatch.setattr(bare.shutil, "which", lambda name: name if name == str(edge) else None)
    assert bare.find_browser() == str(edge)


def test_the_browser_that_is_named_is_taken_and_a_wrong_name_installs_nothing(bare: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESWARN_BROWSER", "off")
    assert bare.main(["test"]) == 0
    assert (bare.find_browser(), bare.steps) == (None, [])
    monkeypatch.setenv("ESWARN_BROWSER", "/opt/mine")
    monkeypatch.setattr(bare.shutil, "which", lambda name: name)
    assert bare.find_browser() == "/opt/mine"


def test_who_is_not_root_is_told_how_to_have_one(
    bare: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bare.os, "geteuid", lambda: 1000, raising=False)
    assert bare.main(["test"]) == 0
    said = capsys.readouterr().out
    assert bare.steps == []
    assert said == (
        "No browser: the tests of pages will be skipped. To have them: sudo apt install chromium, or let ESWARN_BROWSER name one.\n"
    )


@pytest.mark.parametrize("broken_at", APT)
def test_an_installation_that_fails_is_one_line_and_no_failed_task(
    bare: ModuleType, broken_at: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def step(name: str, *command: object, count: int = 0) -> None:
        if name == broken_at:
            raise bare.Stop("fifteen lines of a log")

    monkeypatch.setattr(bare, "step", step)
    assert bare.main(["test"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1:] == [f"No browser: the tests of pages will be skipped. Chromium could not be installed; {bare.LOG} says why."]


def test_an_unknown_task_lists_the_known_ones() -> None:
    done = subprocess.run([sys.executable, "dev.py", "tests"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "  test-long  All tests" in done.stdout


def test_every_task_is_a_target_of_the_makefile(dev: ModuleType) -> None:
    targets = re.search(r"^TASKS := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert targets is not None
    assert targets[1].split() == list(dev.TASKS)
