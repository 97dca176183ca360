"""Local register codes to statutory ones, as ``[codes.map]`` in ``dataset.toml`` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eswarn.records.codes import CodeTable


def statutory(texts: Sequence[str], table: CodeTable, *, local: Mapping[str, str]) -> list[str | None]:
    """The statutory code of each distinct text: mapped where ``[codes.map]`` says so, ``-`` where blank, None where unknown."""
    mapped = [local.get(text, text) or "-" for text in texts]
    return [code if code in table.codes else None for code in mapped]
