"""Judge the columns of a file: each distinct text once, by the field of the row model in ``records/tables.py``.

Rows follow by their index, so that millions of marks cost no more than their few hundred distinct values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, get_type_hints

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import ConfigDict, TypeAdapter, ValidationError

from eswarn.config import DatasetFacts
from eswarn.records.codes import code_table
from eswarn.records.dates import read_dates
from eswarn.records.ledger import FileRefused, shown
from eswarn.records.local import statutory
from eswarn.records.marks import is_lesson
from eswarn.records.readers.raw import Cells, Raw
from eswarn.records.rules import DO, OWN, Rule, explain
from eswarn.records.tables import TABLE_MODELS, arrow_schema, column
from eswarn.records.values import IDENTIFIERS, are_names, plain_identifiers
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
        The dates of the file are in doubt, or its pupils go by their names.
    """
    refuse_names(raw)
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
            columns[name] = _column(raw.table, name, cells=replace(cells, texts=read[name].iso), own=own)
        elif name == "code" and raw.table == "attendance":
            columns |= _codes(raw, facts)
        elif column(raw.table, name).closed and (doubt := _free_text(cells)):
            notes.append(doubt)
        else:
            columns[name] = _column(raw.table, name, cells=cells, own=_own_rules(name, cells, facts=facts))
    if "source_code" in columns and "source_code" not in raw.columns:
        notes.append(f"{counted(_filled(columns['source_code']), 'mark')} mapped by [codes.map]")
    if "session" in schema.names and "session" not in columns:
        columns["session"] = Judged(["DAY"], np.zeros(raw.rows, np.int32), {})
    if "school_id" in schema.names and "school_id" not in columns:
        columns["school_id"] = Judged([facts.school], np.zeros(raw.rows, np.int32), {})
    return columns, notes


def refuse_names(raw: Raw) -> None:
    """Refuse a file whose column of pupils holds names where numbers are due.

    Raises
    ------
    FileRefused
        ``name``.
    """
    cells = raw.columns.get("pupil_id")
    if cells and are_names(cells.texts):
        what = "the pupils go by their names; only numbers or pseudonyms belong here"
        raise FileRefused("name", what, where=f'{raw.file}, column "{shown(cells.header)}"', do=DO["name"])


def _column(table: str, name: str, *, cells: Cells, own: Mapping[int, tuple[str, str]]) -> Judged:
    """Judge distinct texts by the row model, after the rules in ``own`` that a single value cannot know of."""
    values: list[Any] = [None] * len(cells.texts)
    found: dict[int, tuple[str, str]] = dict(own)
    if TABLE_MODELS[table].model_fields[name].is_required():
        found |= {i: ("missing_value", "no value") for i, text in enumerate(cells.texts) if not text and i not in own}
    filled = [i for i, text in enumerate(cells.texts) if text and i not in own]
    if name in IDENTIFIERS and len(filled):
        plain = plain_identifiers(pa.array([cells.texts[i] for i in filled], pa.string())).to_numpy(zero_copy_only=False)
        for i, is_plain in zip(filled, plain, strict=True):
            values[i] = cells.texts[i] if is_plain else None
        filled = [i for i, is_plain in zip(filled, plain, strict=True) if not is_plain]
    adapter = _adapter(table, name)
    for start in range(0, len(filled), _BATCH):
        some = filled[start : start + _BATCH]
        failed = _failures(adapter, [cells.texts[i] for i in some])
        found |= {some[i]: explanation for i, explanation in failed.items()}
        good = [i for place, i in enumerate(some) if place not in failed]
        for i, value in zip(good, adapter.validate_python([cells.texts[i] for i in good]), strict=True):
            values[i] = value
    needed = TABLE_MODELS[table].model_fields[name].is_required()
    broken = {i: Rule(rule, name, what, whole=rule == "not_marks", needed=needed) for i, (rule, what) in found.items()}
    return Judged(values, cells.index, broken)


def _failures(adapter: TypeAdapter[list[Any]], texts: list[str]) -> dict[int, tuple[str, str]]:
    try:
        adapter.validate_python(texts)
    except ValidationError as error:
        # The inputs stay behind: an error of pydantic's repeats the cell it complains of.
        found = error.errors(include_input=False, include_url=False)
        return {int(e["loc"][0]): explain(e) for e in found}
    return {}


@cache
def _adapter(table: str, name: str) -> TypeAdapter[list[Any]]:
    hint = get_type_hints(TABLE_MODELS[table], include_extras=True)[name]
    return TypeAdapter(list[hint], config=ConfigDict(allow_inf_nan=False))  # type: ignore[valid-type]


def _own_rules(name: str, cells: Cells, *, facts: DatasetFacts) -> dict[int, tuple[str, str]]:
    """Rules that need more than one value, or the facts about the data set."""
    if name == "session":
        wrong = {"DAY"} if facts.session == "AM/PM" else {"AM", "PM"}
        found = {i: ("not_marks", "a lesson of the timetable, not a session") for i, t in enumerate(cells.texts) if is_lesson(t)}
        what = f"a session called {' or '.join(sorted(wrong))}, though the data set is said to hold {facts.session} marks"
        return found | {i: ("wrong_session", what) for i, t in enumerate(cells.texts) if t.upper() in wrong}
    if name == "school_id":
        digits = {i: len(text) for i, text in enumerate(cells.texts) if re.fullmatch("[0-9]+", text)}
        rows = np.bincount(list(digits.values()), weights=cells.counts[list(digits)]) if digits else np.zeros(1)
        usual = int(np.argmax(rows))
        what = f"a number without the usual {usual} digits; a leading zero may be lost, or two schemes are mixed"
        return {i: ("damaged_identifier", what) for i, length in digits.items() if length != usual}
    return {}


def _codes(raw: Raw, facts: DatasetFacts) -> dict[str, Judged]:
    """The statutory codes, and the local ones they stand for where the file has no column of its own for those."""
    cells, local = raw.columns["code"], facts.codes.map
    codes = statutory(cells.texts, code_table(facts.profile), local=local)
    unknown = Rule("unknown_code", "code", "not a register code", whole=True)
    columns = {"code": Judged(codes, cells.index, {i: unknown for i, code in enumerate(codes) if code is None})}
    sources = Judged([text if local.get(text, text) != text else None for text in cells.texts], cells.index, {})
    if "source_code" not in raw.columns and _filled(sources):
        columns["source_code"] = sources
    return columns


def _filled(judged: Judged) -> int:
    """Rows that have a value."""
    counts = np.bincount(judged.index, minlength=len(judged.values))
    return sum(int(n) for n, value in zip(counts, judged.values, strict=True) if value is not None)


def _free_text(cells: Cells) -> str:
    words = {text for text in cells.texts if text}
    longest = max(map(len, words), default=0)
    if len(words) <= _CLOSED_LIST[0] and longest <= _CLOSED_LIST[1]:
        return ""
    return (
        f'column "{shown(cells.header)}" was not kept (it looks like free text): {len(words):,} different texts of up to {longest:,} '
        f"characters; a closed list has at most {_CLOSED_LIST[0]} of at most {_CLOSED_LIST[1]}"
    )
