"""The committed model is what the code makes: rebuilt as `make model` does, and compared byte for byte."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import eswarn as ew
from tests.conftest import ROOT


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="models/demo is made with the lock's packages for Python 3.11")
def test_the_committed_model_is_rebuilt_bit_for_bit(tmp_path: Path) -> None:
    ew.write(ew.simulate(pupils=2_000, years=3, seed=7), tmp_path / "exports")
    ew.train(ew.read(tmp_path / "exports"), out=tmp_path / "demo", tracking="off")
    committed = {path.name: path.read_bytes() for path in (ROOT / "models" / "demo").iterdir()}
    rebuilt = {path.name: path.read_bytes() for path in (tmp_path / "demo").iterdir()}
    assert sorted(committed) == sorted(rebuilt)
    assert [name for name in committed if committed[name] != rebuilt[name]] == []


def test_it_scores() -> None:
    scores = ew.score(ROOT / "models" / "demo", ew.simulate(pupils=400, seed=3), "2025-01-06", tracking="off")
    assert len(scores) > 300
