"""Judge the columns of a file: each distinct text once, by the field of the row model in ``records/tables.py``.

Rows follow by their index, so that millions of marks cost no more than their few hundred distinct values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import ConfigDict, TypeAdapter, ValidationError

from eswarn.config import DatasetFacts
from eswarn.records.codes import code_table
from eswarn.records.dates import read_dates
from eswarn.records.ledger import shown
from eswarn.records.marks import is_lesson, statutory
from eswarn.records.readers.raw import Cells, Raw
from eswarn.records.rules import OWN, Rule, explain
from eswarn.records.tables import TABLE_MODELS, arrow_schema, column
from eswarn.words import count as counted

_CLOSED_LIST = (60, 40)  # distinct words and characters above which a column is taken for free text
_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Judged:
    """A column judged: the value of each distinct text, the text of each row, and the rule each bad text breaks."""

    values: Sequence[Any]
    index: npt.NDArray[np.int32]
    broken: Mapping[int, Rule]


def judge(raw: Raw, facts: DatasetFacts) -> tuple[dict[str, Judged], list[str]]:
    """Judge each column that a file has; the code of a mark last, so that a row that is bad already condemns no file.

    Returns
    -------
    dict of str to Judged
        By column name; a column that the file lacks is not in it.
    list of str
        Notes for the ledger.

    Raises
    ------
    FileRefused
        The dates of the file are in doubt.
    """
    notes: list[str] = []
    schema = arrow_schema(raw.table)
    dates = {name: cells for name, cells in raw.columns.items() if pa.types.is_date(schema.field(name).type)}
    read = read_dates(
        dates,
        order=facts.dates.order,
        timed=frozenset({"recorded_on"}),
        where=lambda name, texts: raw.where(np.flatnonzero(np.isin(dates[name].index, texts)), name),
    )
    columns: dict[str, Judged] = {}
    for name in sorted(raw.columns, key=lambda n: (n == "code", schema.get_field_index(n))):
        cells = raw.columns[name]
        if name in read:
            notes += [read[name].note] if read[name].note else []
            own = {i: (rule, OWN[rule]) for i, rule in enumerate(read[name].rules) if rule}
            columns[name] = _column(raw.table, name, read[name].iso, cells.index, own)
        elif name == "code" and raw.table == "attendance":
            columns |= _codes(cells, facts, notes, keep_source="source_code" not in raw.columns)
        elif column(raw.table, name).closed and (doubt := _free_text(cells)):
            notes.append(doubt)
        else:
            columns[name] = _column(raw.table, name, cells.texts, cells.index, _own_rules(name, cells, facts))
    if "session" in schema.names and "session" not in columns:
        columns["session"] = Judged(["DAY"], np.zeros(raw.rows, np.int32), {})
    return columns, notes


def _column(table: str, name: str, texts: Sequence[str], index: npt.NDArray[np.int32], own: Mapping[int, tuple[str, str]]) -> Judged:
    """Judge distinct texts by the row model, after the rules in ``own`` that a single value cannot know of."""
    values: list[Any] = [None] * len(texts)
    found: dict[int, tuple[str, str]] = dict(own)
    if TABLE_MODELS[table].model_fields[name].is_required():
        found |= {i: ("missing_value", "no value") for i, text in enumerate(texts) if not text and i not in own}
    filled = [i for i, text in enumerate(texts) if text and i not in own]
    for start in range(0, len(filled), _BATCH):
        some = filled[start : start + _BATCH]
        failed = _validate(table, name, [texts[i] for i in some])
        found |= {some[i]: explanation for i, explanation in failed.items()}
        good = [i for place, i in enumerate(some) if place not in failed]
        for i, value in zip(good, _adapter(table, name).validate_python([texts[i] for i in good]), strict=True):
            values[i] = value
    broken = {i: Rule(rule, name, what, whole=rule == "not_marks") for i, (rule, what) in found.items()}
    return Judged(values, index, broken)


def _validate(table: str, name: str, texts: list[str]) -> dict[int, tuple[str, str]]:
    try:
        _adapter(table, name).validate_python(texts)
    except ValidationError as error:
        # The inputs stay behind: an error of pydantic's repeats the cell it complains of.
        found = error.errors(include_input=False, include_url=False)
        return {int(e["loc"][0]): explain(e) for e in found}
    return {}


@cache
def _adapter(table: str, name: str) -> TypeAdapter[list[Any]]:
    hint = get_type_hints(TABLE_MODELS[table], include_extras=True)[name]
    return TypeAdapter(list[hint], config=ConfigDict(allow_inf_nan=False))  # type: ignore[valid-type]


def _own_rules(name: str, cells: Cells, facts: DatasetFacts) -> dict[int, tuple[str, str]]:
    """Rules that need more than one value, or the facts about the data set."""
    if name == "session":
        wrong = {"DAY"} if facts.session == "AM/PM" else {"AM", "PM"}
        found = {i: ("not_marks", "a lesson of the timetable, not a session") for i, t in enumerate(cells.texts) if is_lesson(t)}
        what = f"a session called {' or '.join(sorted(wrong))}, though the data set is said to hold {facts.session} marks"
        return found | {i: ("wrong_session", what) for i, t in enumerate(cells.texts) if t.upper() in wrong}
    if name == "school_id":
        lengths: dict[int, int] = {}
        for text, count in zip(cells.texts, cells.counts, strict=True):
            if re.fullmatch("[0-9]+", text):
                lengths[len(text)] = lengths.get(len(text), 0) + int(count)
        usual = max(lengths, key=lambda n: lengths[n]) if lengths else 0
        what = f"a number without the usual {usual} digits; a leading zero may be lost, or two schemes are mixed"
        odd = [i for i, t in enumerate(cells.texts) if re.fullmatch("[0-9]+", t) and len(t) != usual]
        return dict.fromkeys(odd, ("damaged_identifier", what))
    return {}


def _codes(cells: Cells, facts: DatasetFacts, notes: list[str], *, keep_source: bool) -> dict[str, Judged]:
    codes = statutory(cells.texts, facts.codes.map, code_table(facts.profile))
    unknown = Rule("unknown_code", "code", "not a register code", whole=True)
    columns = {"code": Judged(codes, cells.index, {i: unknown for i, code in enumerate(codes) if code is None})}
    mapped = [text if text in facts.codes.map and facts.codes.map[text] != text else None for text in cells.texts]
    count = sum(int(n) for n, source in zip(cells.counts, mapped, strict=True) if source is not None)
    if count:
        notes.append(f"{counted(count, 'mark')} mapped by [codes.map]")
    if count and keep_source:
        columns["source_code"] = Judged(mapped, cells.index, {})
    return columns


def _free_text(cells: Cells) -> str:
    words = {text for text in cells.texts if text}
    longest = max(map(len, words), default=0)
    if len(words) <= _CLOSED_LIST[0] and longest <= _CLOSED_LIST[1]:
        return ""
    return (
        f'column "{shown(cells.header)}" was not kept (it looks like free text): {len(words):,} different texts of up to {longest:,} '
        f"characters; a closed list has at most {_CLOSED_LIST[0]} of at most {_CLOSED_LIST[1]}"
    )
