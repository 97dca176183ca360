"""One demo, run once as a person would run it, for every story."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser import browser as browser  # fixtures of the stories that open pages
from tests.browser import open_page as open_page

PUPILS = 600  # fewer have under thirty known leavers, and then there is no model


@dataclass(frozen=True)
class Demo:
    """The folder of a demo, and what was printed. Not to be written into, but for runs in its tracking store."""

    out: Path
    printed: str
    errors: str
    code: int

    @property
    def store(self) -> str:
        return f"sqlite:///{self.out / 'runs' / 'mlflow.db'}"


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    place = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "eswarn.cli", "demo", "--pupils", str(PUPILS), "--out", "out"],
        cwd=place, env={**os.environ, "PYTHONWARNINGS": "error::DeprecationWarning:eswarn"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Demo(place / "out", done.stdout, done.stderr, done.returncode)
