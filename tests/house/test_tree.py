"""What is committed: no address of a package index, nothing that opens a pickle, nothing large; a lock that fits."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT

LARGEST = 3_000_000  # bytes
ADDRESSES = ("py" + "pi.org", "files.python" + "hosted", "index" + "-url")  # in pieces, or this file would hold them
PICKLES = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}


def _committed() -> list[Path]:
    """Every file that is in git, or would be with ``git add --all``."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git work tree: there is no list of committed files to look through")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _opens_pickles(source: str) -> set[str]:
    """Which of the modules that open pickles a source imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names & PICKLES


def _locked() -> dict[str, tuple[str, str]]:
    """Package: (version, the rest of its entry) in requirements.lock."""
    entries = re.split(r"^(?=[A-Za-z0-9])", (ROOT / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = (re.match(r"([A-Za-z0-9._-]+)==([^\s;]+)", entry) for entry in entries)
    return {m[1].lower().replace("_", "-"): (m[2], entry) for m, entry in zip(found, entries, strict=True) if m}


def _wanted() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [Requirement(text) for text in (*project["project"]["dependencies"], *project["dependency-groups"]["dev"])]


def test_no_committed_file_holds_the_address_of_a_package_index() -> None:
    found = [f"{path.relative_to(ROOT)}: {needle}" for path in _committed() for needle in ADDRESSES if needle.encode() in path.read_bytes()]
    assert found == []


def test_no_committed_file_is_large() -> None:
    assert [path.name for path in _committed() if path.stat().st_size > LARGEST] == []


def test_no_committed_file_is_a_pickle() -> None:
    assert [path.name for path in _committed() if path.suffix in {".pkl", ".pickle", ".joblib", ".skops"}] == []


def test_no_code_imports_what_opens_a_pickle() -> None:
    found = {path.name: _opens_pickles(path.read_text(encoding="utf-8")) for path in _committed() if path.suffix == ".py"}
    assert {name: modules for name, modules in found.items() if modules} == {}


def test_an_import_that_opens_pickles_would_be_seen() -> None:
    assert _opens_pickles("def f():\n    from joblib import load\n    import pickle.x as p\n    import json") == {"joblib", "pickle"}


def test_nothing_unfinished_is_left_in_the_package() -> None:
    unfinished = re.compile("TO" + "DO|FIX" + "ME|NotImplemented" + "Error")
    assert [path.name for path in (ROOT / "eswarn").rglob("*.py") if unfinished.search(path.read_text(encoding="utf-8"))] == []


def test_the_lock_holds_a_version_that_fits_for_everything_the_project_asks_for() -> None:
    locked = _locked()
    unfit = [str(r) for r in _wanted() if r.name.lower() not in locked or not r.specifier.contains(locked[r.name.lower()][0])]
    assert unfit == [], "run make lock"


def test_everything_in_the_lock_is_pinned_by_hash() -> None:
    assert len(_locked()) > 50
    assert [name for name, (_, entry) in _locked().items() if "--hash=sha256:" not in entry] == []


def test_shap_never_gets_a_floor_that_python_3_11_cannot_meet() -> None:
    shap = next(r for r in _wanted() if r.name == "shap")
    assert shap.specifier.contains("0.51.0")
