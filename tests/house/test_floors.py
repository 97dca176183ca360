"""Modules import downwards only, and every heavy library has one door: import-linter's contracts, with planted breaches."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package and its contracts, to plant a breach in."""
    shutil.copytree(ROOT / "eswarn", tmp_path / "eswarn", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept() -> None:
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("records/planted.py", "from eswarn.features import library", "Floors"),
        ("report/planted.py", "import eswarn.tracking", "Floors"),
        ("config.py", "import eswarn.words", "Floors"),
        ("planted.py", "", "planted"),  # a new module must be given a floor
        ("features/planted.py", "def f():\n    import mlflow", "One door to MLflow"),
        ("evaluation/planted.py", "import lightgbm", "One door to LightGBM"),
        ("model/planted.py", "import shap", "One door to shap"),
        ("tracking/planted.py", "from joblib import load", "Nothing that opens a pickle"),
    ],
)
def test_a_breach_is_seen(copy: Path, module: str, line: str, contract: str) -> None:
    with (copy / "eswarn" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    done = _lint(copy)
    assert done.returncode == 1
    broken = [text for text in done.stdout.splitlines() if "BROKEN" in text or "planted" in text]
    assert any(contract in text for text in broken), done.stdout
