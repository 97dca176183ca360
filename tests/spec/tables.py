"""A few records as an ASCII table, one question, the expected answers: judged on the fast code and on the oracle alike."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from eswarn.cohort.roll import cohort_before
from eswarn.config import CohortConfig
from eswarn.features.feature import Feature
from eswarn.features.library import FEATURES
from eswarn.features.measures import Measure
from eswarn.features.oracle import oracle
from eswarn.features.view import View
from eswarn.features.windows import Window
from eswarn.records.store import Records
from eswarn.records.tables import TABLE_MODELS, arrow_schema
from eswarn.records.timeline import DATED, Timeline

Rows = list[dict[str, str]]
SHORT = {"pupil": "pupil_id", "school": "school_id", "recorded": "recorded_on"}
BY_COLUMN = {feature.column: feature for feature in FEATURES}


@dataclass(frozen=True)
class Told:
    """A spec of a shipped feature that held: what the catalogue shows as its worked example."""

    column: str
    tables: Mapping[str, str]
    as_of: str
    expect: Mapping[str, float | None]
    sentences: Mapping[str, str]


written: list[Told] = []


def spec(
    register: str = "", *, as_of: str, expect: Mapping[str, float | None], feature: str = "", measure: Measure | None = None,
    window: Window | None = None, says: Mapping[str, str] | None = None, **tables: str,
) -> None:  # fmt: skip
    """Hold the answers of a shipped feature, or of a measure in a window, against those expected; None is no answer.

    ``register`` has the columns pupil, date, am and pm (and school, recorded); the other tables have their own columns. Several
    pupils share a row as ``A B C``, several days as ``2026-02-02 to 2026-02-06`` (weekdays only). Without a school it is S.
    """
    given = {name: text for name, text in {"attendance": register, **tables}.items() if text}
    asked = BY_COLUMN[feature] if feature else _asked(measure, window)
    records, day = records_from(**given), dt.date.fromisoformat(as_of)
    cohort = cohort_before(Timeline(records).before(day), CohortConfig())
    fast = dict(zip((cohort.known.pupils[p] for p in cohort.pupil), map(float, asked.compute(View(cohort))), strict=True))
    slow = {row["pupil_id"]: row[asked.column] for row in oracle(records, day, CohortConfig(), [asked])}
    for engine, answers in (("fast code", fast), ("oracle", slow)):
        found = {pupil: answers[pupil] for pupil in expect}
        assert all(_agree(found[p], expect[p]) for p in expect), f"{engine}: {found}, expected {dict(expect)}"
    sentences = {pupil: asked.sentence(fast[pupil]) for pupil in expect}
    for pupil, sentence in (says or {}).items():
        assert sentences[pupil] == sentence
    if feature:
        written.append(Told(feature, given, as_of, expect, sentences))


def _asked(measure: Measure | None, window: Window | None) -> Feature:
    assert measure is not None, "name a shipped feature, or give a measure"
    rest = {} if window is None else {"window": window}
    return Feature("asked", theme="spec", measure=measure, says="{value}", silent="nothing", more_is="either", protected=True, **rest)


def _agree(found: float, expected: float | None) -> bool:
    return math.isnan(found) if expected is None else math.isclose(found, expected, rel_tol=1e-12, abs_tol=1e-12)


def parse(text: str) -> Rows:
    """The rows of an ASCII table; a remark after two spaces and ``#`` is for the reader only."""
    lines = [re.sub(r"\s\s+# [^|]*$", "", line).strip() for line in text.splitlines()]
    header, *rows = [[cell.strip() for cell in line.split("|")] for line in lines if line]
    assert all(len(row) == len(header) for row in rows), "every row has as many cells as the header"
    return [{SHORT.get(name, name): cell for name, cell in zip(header, row, strict=True)} for row in rows]


def records_from(**given: str) -> Records:
    """Records from tables as text, a table by its name; the register is ``attendance``."""
    tables = {}
    for name, text in given.items():
        date = DATED.get(name, "date")
        rows = [
            one | {"pupil_id": p, date: d} for one in parse(text) for p in one.get("pupil_id", "").split() or [""] for d in _days(one[date])
        ]
        rows = [{"school_id": "S"} | row for row in rows]
        if name == "attendance":
            rows = [mark for row in rows for mark in _marks(row)]
            told = [tuple(value for column, value in row.items() if column != "code") for row in rows]
            assert len(set(told)) == len(told), "a mark is told twice"
        tables[name] = _table(name, rows)
    return Records({"attendance": _table("attendance", []), **tables})


def _days(cell: str) -> list[str]:
    """A day, or the weekdays of a range of days."""
    first, _, last = cell.partition(" to ")
    day, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last or first)
    every = [day + dt.timedelta(days=n) for n in range((end - day).days + 1)]
    return [d.isoformat() for d in every if d.weekday() < 5 or not last]


def _marks(row: dict[str, str]) -> Rows:
    """The marks of one line of a register; an empty cell is no mark."""
    rest = {name: cell for name, cell in row.items() if name not in ("am", "pm", "day")}
    return [{**rest, "session": half.upper(), "code": row[half]} for half in ("am", "pm", "day") if row.get(half)]


def _table(name: str, rows: Rows) -> pa.Table:
    """Rows as an Arrow table, each read through the project's own model of a row."""
    model = TABLE_MODELS[name]
    read: list[dict[str, Any]] = []
    for row in rows:
        read.append(model.model_validate({c: v for c, v in row.items() if v and c in model.model_fields}).model_dump())
    return pa.Table.from_pylist(read, schema=arrow_schema(name))
