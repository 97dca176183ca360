"""Read one file with one reader and check what it gives, as `eswarn.records.read` does."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from eswarn.config import DatasetFacts
from eswarn.records.check import Checked, check
from eswarn.records.keys import settle
from eswarn.records.ledger import FileLedger, FileRefused
from eswarn.records.readers.peek import peek

Rows = list[dict[str, Any]]


def save(path: Path, content: object) -> Path:
    """Write JSON, or bytes as they are."""
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def read_with(reader: ModuleType, path: Path, facts: DatasetFacts) -> dict[str, Checked]:
    """The checked tables of a file that the reader says is its own; every account balances."""
    assert reader.fits(peek(path), facts)
    checked = _read(reader, path, facts)
    for one in checked.values():
        _, (ledger,) = settle(one.ledger.table, [one])
        assert ledger.rows == ledger.accepted + ledger.merged + ledger.rejected
    return checked


def rows(checked: Checked) -> Rows:
    """The accepted rows, dates as text, without what is null."""
    return [
        {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items() if value is not None}
        for row in checked.table.to_pylist()
    ]


def rejected(ledger: FileLedger) -> dict[str, int]:
    """How many rows each rule turned away."""
    return {r.rule: r.rows for r in ledger.rejections}


def refusal(reader: ModuleType, path: Path, facts: DatasetFacts) -> FileRefused:
    """The refusal of a file, by the reader or by the checks behind it; it says where and what to do, and holds no identifier."""
    with pytest.raises(FileRefused) as caught:
        _read(reader, path, facts)
    error = caught.value
    assert error.where.startswith(path.name), error
    assert error.do.endswith("."), error
    assert error.__suppress_context__ or error.__context__ is None, "an error chained behind it could show a cell"
    assert "PUPIL" not in str(error)
    return error


def _read(reader: ModuleType, path: Path, facts: DatasetFacts) -> dict[str, Checked]:
    return {raw.table: check(raw, facts) for raw in reader.read(path, facts=facts)}
