"""Find the columns of a register kept as strings of marks, and read them from CSV, XLSX or Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from eswarn.config import DatasetFacts
from eswarn.records.arrays import Bools
from eswarn.records.codes import code_table
from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers.headers import HEADER_WITHIN, squash
from eswarn.records.readers.naming import named
from eswarn.records.readers.raw import Ints
from eswarn.records.readers.sheet import Sheet, cell, refuse_numbers, the_sheet
from eswarn.records.readers.stored import Number
from eswarn.records.readers.strides import Strings
from eswarn.records.tables import column
from eswarn.records.values import totals
from eswarn.words import count as counted

_START = ("start date", "start", "marks start date", "attendance start date", "marks from", "from date", "first date")
_MARKS = ("marks", "attendance marks", "mark string", "marks string", "attendance string", "session marks", "register marks")
_OWN: dict[str, tuple[str, ...]] = {
    "end": ("end date", "marks end date", "attendance end date", "marks to", "to date", "last date"),
    "possible": ("possible", "sessions possible", "possible sessions", "possible marks"),
    "attended": ("attended", "sessions attended", "attended sessions"),
    "authorised": ("authorised", "sessions authorised", "authorised sessions", "authorised absences", "authorised absence"),
    "unauthorised": ("unauthorised", "sessions unauthorised", "unauthorised sessions", "unauthorised absences", "unauthorised absence"),
}
_ERRORS = ("#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#N/A", "#NUM!", "#NULL!", "#SPILL!", "#CALC!")
_LOOKS_LONG = 10  # characters from which a cell of codes is a string of marks, whatever its header
_DAMAGED = (pa.ArrowException, OSError, ValueError, KeyError, OverflowError)
_NO_ROWS: Ints = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file of strings, and the row number of each string.

    ``texts`` holds ``pupil_id``, ``school_id``, ``start``, ``end`` and the totals, as far as there are any.
    """

    file: str
    names: Mapping[str, str]
    texts: Mapping[str, Sequence[str]]
    strings: Strings
    damaged: Bools
    numbers: Ints
    ragged: Ints
    fields: int
    notes: tuple[str, ...]


def has_strings(sheet: Sheet, facts: DatasetFacts) -> bool:
    """Whether a row names the pupil and a string of marks, with a start date beside it or strings below it."""
    for at, row in enumerate(sheet.rows[:HEADER_WITHIN]):
        found = _places(row, facts)
        if {"pupil_id", "marks"} <= found.keys() and "session" not in found:
            below = [cell(r, found["marks"][0]).strip() for r in sheet.rows[at + 1 : at + 1 + HEADER_WITHIN]]
            return "start" in found or any(_is_string(text, facts) for text in below)
    return False


def read_columns(path: Path, facts: DatasetFacts) -> Columns:
    """Read the columns.

    Raises
    ------
    FileRefused
        One is missing (``missing_column``) or there twice (``duplicate_header``); an identifier is stored as a number; or
        the file cannot be read.
    """
    with path.open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    return _of_parquet(path, facts) if is_parquet else _of_sheet(path, facts)


def _of_sheet(path: Path, facts: DatasetFacts) -> Columns:
    sheet = the_sheet(
        path, facts=facts, fits=lambda sheet: has_strings(sheet, facts), wanted="a table with a string of marks for each pupil"
    )
    at = next(i for i, row in enumerate(sheet.rows) if {"pupil_id", "marks"} <= _places(row, facts).keys())
    names = sheet.rows[at]
    places = _one_each(names, facts, file=sheet.file)
    for name in ("pupil_id", "school_id"):
        if name in places:
            refuse_numbers(sheet, places[name], header=names[places[name]], below=at + 1)
    body, numbers = sheet.rows[at + 1 :], sheet.numbers[at + 1 :]
    ragged = np.array([not sheet.cells_keep_place and len(row) != len(names) for row in body], np.bool_)
    total = totals([cell(row, places["pupil_id"]) for row in body])
    kept = [row for row, leave in zip(body, ragged | total, strict=True) if not leave]
    texts = {name: [cell(row, place).strip() for row in kept] for name, place in places.items() if name != "marks"}
    marks = [cell(row, places["marks"]) for row in kept]
    damaged = np.array([isinstance(text, Number) for text in marks], np.bool_)
    notes = [f"{counted(at, 'row')} above the header not read"] if at else []
    notes += [f"{counted(int(total.sum()), 'row')} of totals not read"] if total.any() else []
    strings, spoilt = _strings(pa.chunked_array([pa.array(marks, pa.large_string())]))
    return Columns(
        sheet.file,
        {name: names[place].strip() for name, place in places.items()},
        texts,
        strings,
        damaged | spoilt,
        numbers[~(ragged | total)],
        numbers[ragged & ~total],
        len(names),
        (*notes, *sheet.notes, *_unread(names, places)),
    )


def _of_parquet(path: Path, facts: DatasetFacts) -> Columns:
    file = shown(path.name)
    try:
        schema = pq.read_schema(path)
        places = _one_each(schema.names, facts, file=file)
        names = {name: schema.names[place] for name, place in places.items()}
        for name, header in names.items():
            _refuse_type(name, schema.field(places[name]).type, where=f'{file}, column "{shown(header)}"')
        body = pq.read_table(path, columns=list(names.values()), page_checksum_verification=True)
        texts = {name: _texts(body.column(header)) for name, header in names.items() if name != "marks"}
        strings, damaged = _strings(_decoded(body.column(names["marks"])))
    except _DAMAGED:
        raise FileRefused("unreadable", "the file is not Parquet, or it is damaged", where=file, do="Write it again.") from None
    numbers = np.arange(2, body.num_rows + 2)
    return Columns(file, names, texts, strings, damaged, numbers, _NO_ROWS, len(schema.names), _unread(schema.names, places))


def _strings(column: pa.ChunkedArray) -> tuple[Strings, Bools]:
    """The bytes of each string, and which are an error of a spreadsheet."""
    texts = column.cast(pa.large_string()).combine_chunks()
    texts = texts.chunk(0) if isinstance(texts, pa.ChunkedArray) else texts
    texts = pc.fill_null(texts, "")
    _, places, data = texts.buffers()
    starts = np.frombuffer(places, np.int64, len(texts) + 1, 8 * texts.offset) if places else np.zeros(1, np.int64)
    damaged = pc.is_in(texts, pa.array(_ERRORS, pa.large_string())).to_numpy(zero_copy_only=False)
    return Strings(np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8), starts), damaged


def _texts(column: pa.ChunkedArray) -> list[str]:
    return [(text or "").strip() for text in _decoded(column).cast(pa.string()).to_pylist()]


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _refuse_type(name: str, kind: pa.DataType, *, where: str) -> None:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind)
    if name in {"pupil_id", "school_id"} and not is_text:
        do = "Keep identifiers as text when the file is made."
        raise FileRefused("damaged_identifier", "an identifier kept as a number; leading zeros may be lost", where=where, do=do)
    is_date = name in {"start", "end"} and (pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.tz is None))
    if not (is_text or is_date or (name not in {"start", "end", "marks"} and pa.types.is_integer(kind))):
        do = "Keep marks as text, start and end as text or date, totals as text or whole numbers."
        raise FileRefused("wrong_type", "a type of column that is not read", where=where, do=do)


def _places(names: Sequence[str], facts: DatasetFacts) -> dict[str, list[int]]:
    """Where the columns of the format stand, each as often as it is there."""
    declared = facts.columns.get("attendance", {})
    known: dict[str, str] = {}
    for name, texts in {"start": _START, "marks": _MARKS, **_OWN}.items():
        known |= {squash(text): name for text in texts}
    for name in ("pupil_id", "school_id", "session"):
        known |= {squash(text): name for text in (name, *column("attendance", name).synonyms)}
    for name, own in (("pupil_id", "pupil_id"), ("school_id", "school_id"), ("date", "start"), ("code", "marks")):
        if name in declared:
            known = {text: other for text, other in known.items() if other != own} | {squash(declared[name]): own}
    found: dict[str, list[int]] = {}
    for place, text in enumerate(names):
        if squash(text) in known:
            found.setdefault(known[squash(text)], []).append(place)
    return found


def _one_each(names: Sequence[str], facts: DatasetFacts, *, file: str) -> dict[str, int]:
    found = _places(names, facts)
    needed = {"pupil_id": "pupil_id", "start": "date", "marks": "code"} | ({} if facts.school else {"school_id": "school_id"})
    for name, key in needed.items():
        if name not in found:
            own = {"start": _START, "marks": _MARKS}.get(name, (name, *column("attendance", key).synonyms))
            do = f'Expected one of: {", ".join(own)}; or name it:  {key} = "…"  under [columns.attendance] in dataset.toml.'
            do += ' For the files of a single school add  school = "its number"  at its top.' if name == "school_id" else ""
            raise FileRefused("missing_column", f"no column for {'the start date' if name == 'start' else name}", where=file, do=do)
    for name, places in found.items():
        if len(places) > 1:
            what = f'two columns can be read as {name}: "{shown(names[places[0]].strip())}" and "{shown(names[places[1]].strip())}"'
            raise FileRefused("duplicate_header", what, where=file, do="Delete or rename one of them.")
    return {name: places[0] for name, places in found.items() if name != "session"}


def _unread(names: Sequence[str], places: Mapping[str, int]) -> tuple[str, ...]:
    unread = [named(name, i) for i, name in enumerate(names) if i not in places.values() and name.strip()]
    return (f"not read: {', '.join(unread[:20])}{' …' if len(unread) > 20 else ''}",) if unread else ()


def _is_string(text: str, facts: DatasetFacts) -> bool:
    return len(text) >= _LOOKS_LONG and set(text) <= {code for code in code_table(facts.profile).codes if len(code) == 1} | {" "}
