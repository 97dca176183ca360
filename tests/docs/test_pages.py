"""Every page keeps its word: its code runs, its commands work, its links lead somewhere."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
SHELLS = {"bash", "console", "sh"}
SHOWN = {"text", "toml", "json", "csv", "mermaid"}  # not run


@dataclass(frozen=True)
class Fence:
    """A fenced block of a page."""

    language: str
    text: str
    line: int


def fences(page: str) -> list[Fence]:
    return [Fence(m[1], m[2], page[: m.start()].count("\n") + 2) for m in FENCE.finditer(page)]


def run_page(text: str, *, name: str) -> None:
    """Run all fences of a page in their order, in the current folder, with one set of Python names."""
    names: dict[str, Any] = {"__name__": "__page__"}
    for fence in fences(text):
        place = f"{name}, line {fence.line}"
        if fence.language == "python":
            exec(compile("\n" * (fence.line - 1) + fence.text, name, "exec"), names)
        elif fence.language == "pycon":
            _run_session(fence.text, names, place)
        elif fence.language in SHELLS:
            for line in fence.text.splitlines():
                _run_command(line, place)
        else:
            assert fence.language in SHOWN, f"{place}: ```{fence.language} is neither run nor known as only shown"


def _run_session(text: str, names: dict[str, Any], place: str) -> None:
    test = doctest.DocTestParser().get_doctest(text, names, place, place, 0)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert runner.run(test, out=said.append, clear_globs=False).failed == 0, "".join(said)
    names.update(test.globs)


def _run_command(line: str, place: str) -> None:
    """Run ``eswarn …``; of ``make`` and ``dev.py`` check only that the task exists; anything else nobody would check."""
    words = shlex.split(line.removeprefix("$ "), comments=True)
    if not words:
        return
    if words[0] == "eswarn":
        bin_ = Path(sys.executable).parent
        environment = {**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run([str(bin_ / "eswarn"), *words[1:]], capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, f"{place}: {line}\n{done.stdout}\n{done.stderr}"
    elif words[0] == "make" or words[1:2] == ["dev.py"]:
        tasks = subprocess.run([sys.executable, "dev.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert f"  {words[1 if words[0] == 'make' else 2]} " in tasks, f"{place}: there is no task for {line}"
    else:
        assert words[0] in {"git", "cd", ".ci/run"}, f"{place}: nobody checks {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_code_and_the_commands_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_page(page.read_text(encoding="utf-8"), name=page.name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not re.match(r"[a-z]+:|#", link)]
    assert [link for link in links if not (page.parent / link.split("#")[0]).exists()] == []


NAMED_FILE = re.compile(r"`([a-z_/]+\.py)`")
WITH_FILES = [page for page in PAGES if NAMED_FILE.search(page.read_text(encoding="utf-8"))]


def lost(page: str) -> list[str]:
    """Modules that a page names and the project does not have."""
    here = [path.relative_to(ROOT).as_posix() for part in ("eswarn", "tests", "benchmarks") for path in (ROOT / part).rglob("*.py")]
    here += [path.name for path in ROOT.glob("*.py")]
    return [name for name in NAMED_FILE.findall(page) if not any(f"/{path}".endswith(f"/{name}") for path in here)]


@pytest.mark.parametrize("page", WITH_FILES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_modules_that_a_page_names_are_there(page: Path) -> None:
    assert lost(page.read_text(encoding="utf-8")) == []


def test_a_module_that_is_not_there_is_seen() -> None:
    assert lost("`records/grid.py`, `records/lost.py` and `id.py`") == ["records/lost.py", "id.py"]


@pytest.mark.parametrize(
    "text",
    [
        "```python\nassert 1 == 2\n```",
        "```pycon\n>>> 1 + 1\n3\n```",
        "```python\nx = 1\n```\n```pycon\n>>> x\n2\n```",
        "```console\n$ eswarn no-such-command\n```",
        "```bash\nmake no-such-task\n```",
        "```bash\ncurl example.org\n```",
        "```pyhton\nx = 1\n```",
    ],
)
def test_a_page_that_does_not_keep_its_word_is_seen(text: str) -> None:
    with pytest.raises(AssertionError):
        run_page(text, name="planted")


def test_a_page_that_keeps_its_word_passes() -> None:
    run_page("```python\nx = 2\n```\n\n```pycon\n>>> y = x + 1\n```\n```pycon\n>>> y\n3\n```\n```bash\nmake test  # all\n```", name="clean")
