"""Registers of many millions of marks: read batch by batch into a grid, each row judged and accounted for, none held in memory."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from eswarn.config import DatasetFacts
from eswarn.records.arrays import UNTOLD, Ints
from eswarn.records.check import Checked, check
from eswarn.records.codes import code_table
from eswarn.records.grid import Marks
from eswarn.records.ledger import FileLedger, FileRefused, shown
from eswarn.records.readers.headers import Header, match
from eswarn.records.readers.parquet import as_text
from eswarn.records.readers.raw import Cells, Numbering, Raw
from eswarn.records.rules import DO
from eswarn.records.scatter import HALVES, NOTHING_TOLD, Rows, Scatter, Told, meanings, told_at
from eswarn.records.streamed import Streamed
from eswarn.records.twice import StreamedFile, added, settle_twice
from eswarn.records.values import plain_identifiers

STREAMED_FROM = 4_000_000  # rows of attendance in Parquet from which they are not kept as a table
_BATCH = 1 << 18  # rows: small enough that what is read stays in the cache until it is put in
_MANY_NAMES = 20_000
_NEEDED = ("pupil_id", "school_id", "date", "session", "code", "recorded_on")
_FIRST_ROW = 2
_EARLIEST, _LATEST = np.datetime64("1990-01-01", "D").astype(int), np.datetime64("2040-12-31", "D").astype(int)


class Names:
    """Identifiers in the order in which they are met."""

    def __init__(self) -> None:
        self.place: dict[str, int] = {}
        self._last: tuple[pa.Array, Ints] | None = None
        self._known = pa.array([], pa.string())  # all of ``place`` as it was when many were looked up

    def of(self, texts: Sequence[str]) -> Ints:
        """Place of each text, new ones at the end."""
        place = self.place
        return np.array([place.setdefault(text, len(place)) for text in texts], np.int64)

    def of_dictionary(self, texts: pa.Array) -> Ints:
        """Place of each text; the batches of a row group share their texts, which are looked up once."""
        if self._last is None or not self._last[0].equals(texts):
            found = self._found(texts) if min(len(texts), len(self.place)) > _MANY_NAMES else np.full(len(texts), -1)
            new = np.flatnonzero(found < 0)
            found[new] = self.of(texts.take(pa.array(new)).to_pylist())
            self._last = texts, found
        return self._last[1]

    def _found(self, texts: pa.Array) -> Ints:
        """Place of each text, -1 for new ones; faster than one by one where every row group names nearly everybody."""
        if len(self._known) != len(self.place):
            self._known = pa.array(self.place, pa.string())
        return np.array(pc.index_in(texts, value_set=self._known).fill_null(-1).to_numpy(), np.int64)

    def just_met(self, texts: pa.Array) -> bool:
        """Whether these are the texts that were looked up last."""
        return self._last is not None and bool(self._last[0].equals(texts))


class _Stream:
    def __init__(self, facts: DatasetFacts, files: Sequence[StreamedFile]) -> None:
        self.facts, self.table = facts, code_table(facts.profile)
        self.pupils, self.schools = Names(), Names()
        days, stays, self.at_once = _size(files)
        self.merge = not any("recorded_on" in file.header.places for file in files)
        self.scatter = Scatter(self.table, width=days, stays=stays, merge=self.merge)
        self.meanings: dict[tuple[str, ...], Marks] = {}

    def rows_of(self, batch: pa.RecordBatch) -> Rows:
        """A batch of checked rows, its texts as indices."""
        columns = {name: batch.column(i) for i, name in enumerate(batch.schema.names)}
        texts = {name: columns[name].dictionary.to_pylist() for name in ("session", "code")}
        index = {name: columns[name].indices.to_numpy() for name in ("pupil_id", "school_id", "session", "code")}
        codes = tuple(texts["code"])
        if codes not in self.meanings:
            self.meanings[codes] = meanings(codes, self.table)
        recorded = columns.get("recorded_on")
        if recorded is not None and recorded.null_count == len(recorded):
            recorded = None
        return Rows(
            index["pupil_id"], self.pupils.of_dictionary(columns["pupil_id"].dictionary),
            index["school_id"], self.schools.of_dictionary(columns["school_id"].dictionary),
            columns["date"].view(pa.int32()).to_numpy(), index["session"], np.array([HALVES[s] for s in texts["session"]], np.int64),
            index["code"], self.meanings[codes],
            recorded.cast(pa.int32()).fill_null(int(UNTOLD)).to_numpy() if recorded is not None else None,
        )  # fmt: skip

    def is_clean(self, batch: pa.RecordBatch) -> bool:
        """Whether no row can break a rule, as far as the distinct texts and the bounds of the dates tell."""
        types = {field.name: field.type for field in batch.schema}
        dates = [name for name in ("date", "recorded_on") if name in types]
        texts = [name for name in _NEEDED if name in types and name not in dates]
        if any(not pa.types.is_date32(types[name]) for name in dates) or any(not pa.types.is_dictionary(types[name]) for name in texts):
            return False
        if any(batch.column(name).null_count for name in (*texts, "date")):
            return False
        for name in dates:
            days = batch.column(name).view(pa.int32()).drop_null().to_numpy()
            if len(days) and not (days.min() >= _EARLIEST and days.max() <= _LATEST):
                return False
        words = {name: batch.column(name).dictionary for name in texts}
        wrong = {"DAY"} if self.facts.session == "AM/PM" else {"AM", "PM"}
        codes, sessions = set(words["code"].to_pylist()), set(words["session"].to_pylist())
        return (
            codes <= self.table.codes - self.facts.codes.map.keys()
            and sessions <= HALVES.keys() - wrong
            and (self.pupils.just_met(words["pupil_id"]) or pc.all(plain_identifiers(words["pupil_id"])).as_py())
            and (self.schools.just_met(words["school_id"]) or pc.all(plain_identifiers(words["school_id"])).as_py())
        )

    def kept(self, batch: pa.RecordBatch, file: StreamedFile, first: int) -> tuple[pa.RecordBatch, Checked | None]:
        """The rows of a batch that break no rule, and the account of the others where there may be any."""
        if self.is_clean(batch):
            return batch, None
        names = file.header.names
        columns = {name: pa.chunked_array([as_text(batch.column(name))]) for name in batch.schema.names}
        cells = {name: Cells.of(names[file.header.places[name]], column) for name, column in columns.items()}
        raw = Raw(shown(file.path.name), "attendance", cells, batch.num_rows, Numbering(first, np.zeros(0, np.int64)), len(names))
        checked = check(raw, self.facts)
        rows = checked.table.select(batch.schema.names).combine_chunks().to_batches()
        return (rows[0] if rows else batch.slice(0, 0)), checked

    def add(self, batch: pa.RecordBatch, file: StreamedFile) -> None:
        """Judge a batch, put it in and account for it."""
        kept, checked = self.kept(batch, file, _FIRST_ROW + file.rows)
        file.rows += batch.num_rows
        if checked is not None:
            file.rejections = added(file.rejections, checked.ledger.rejections)
            file.blanked = added(file.blanked, checked.ledger.blanked)
            file.notes += tuple(note for note in checked.ledger.notes if note not in file.notes)
        if not kept.num_rows:
            return
        rows = self.rows_of(kept)
        file.meet(rows)
        used, merged = self.scatter.add(rows)
        file.merged += merged
        for place, code in enumerate(kept.column("code").dictionary.to_pylist()):
            for era in np.flatnonzero(used[place]):
                file.used[code or "-", int(era)] += int(used[place, era])


def streamable(paths: Sequence[Path], least: int) -> bool:
    """Whether these files are Parquet, all of them, and hold at least so many rows together that they are not kept as a table."""
    try:
        rows = sum(int(pq.read_metadata(path).num_rows) for path in paths)
    except (pa.ArrowException, OSError, ValueError):
        return False
    return rows >= least


def stream(paths: Sequence[Path], facts: DatasetFacts) -> tuple[Streamed, tuple[FileLedger, ...]]:
    """Read the attendance files of a data set into a grid, batch by batch.

    Parameters
    ----------
    paths : sequence of Path
        Parquet files of the attendance table.

    Returns
    -------
    Streamed
        The register. A cell of the grid costs one byte, whatever a row costs in the file.
    tuple of FileLedger
        The account of each file. Columns that no feature uses (``source_code``, ``minutes_late``) are not read.

    Raises
    ------
    FileRefused
        A file is damaged, or one rule puts it in doubt.
    """
    files = [StreamedFile(path, _header(path, facts), ("source_code and minutes_late, where given, are not kept",)) for path in paths]
    filled = _Stream(facts, files)
    for file in files:
        for batch in _batches(file, at_once=filled.at_once):
            filled.add(batch, file)
    digits = {len(school) for school in filled.schools.place if school.isdecimal()}
    if len(digits) > 1:
        lengths = " and ".join(map(str, sorted(digits)))
        raise FileRefused(
            "damaged_identifier", f"school ids of {lengths} digits: leading zeros may be lost, or two schemes are mixed",
            where=", ".join(shown(f.path.name) for f in files), do=DO["damaged_identifier"],
        )  # fmt: skip
    told = _settle(filled, files)
    met = tuple(file.pupils() for file in files)
    streamed = Streamed(tuple(filled.pupils.place), tuple(filled.schools.place), filled.scatter, told, filled.table, met)
    return streamed, tuple(file.ledger(filled.table) for file in files)


def _header(path: Path, facts: DatasetFacts) -> Header:
    return match(pq.read_schema(path).names, "attendance", facts=facts, file=shown(path.name))


def _size(files: Sequence[StreamedFile]) -> tuple[int, int, int]:
    """How many days and stays to make room for, and how many rows to read at once, as far as the first rows tell.

    Room that is not used costs no memory. In random order each batch names nearly every pupil: fewer batches, fewer names.
    """
    first = next((batch for file in files for batch in _batches(file, ("pupil_id", "date"))), None)
    if first is None or not first.num_rows:
        return 1, 1, _BATCH
    days, pupils = (len(pc.unique(first.column(name))) for name in ("date", "pupil_id"))
    rows = sum(pq.read_metadata(file.path).num_rows for file in files)
    as_sorted, as_unsorted = rows * pupils // first.num_rows, rows // days  # in random order the first rows are of many pupils
    at_once = _BATCH if as_sorted <= as_unsorted * 4 else 16 * _BATCH
    return days + 16, min(as_sorted, as_unsorted) * 5 // 4 + 64, at_once


def _batches(file: StreamedFile, only: Sequence[str] = _NEEDED, *, at_once: int = _BATCH) -> Iterator[pa.RecordBatch]:
    """The columns of the table by their own names, a batch at a time; the next one is read while one is worked on."""
    places = {name: place for name, place in file.header.places.items() if name in only}
    headers = pq.read_schema(file.path)
    texts = [headers.names[place] for name, place in places.items() if pa.types.is_string(headers.field(place).type)]
    columns = [headers.names[place] for place in places.values()]
    ready: queue.Queue[pa.RecordBatch | BaseException | None] = queue.Queue(maxsize=1)
    stop = threading.Event()

    def produce() -> None:
        try:
            with pq.ParquetFile(file.path, read_dictionary=texts, page_checksum_verification=True) as source:
                every = range(source.num_row_groups)  # each has a dictionary of its own
                for groups in [[group] for group in every] if at_once == _BATCH else [[*every]]:
                    for batch in source.iter_batches(batch_size=at_once, row_groups=groups, columns=columns):
                        ready.put(batch.rename_columns(list(places)))
                        if stop.is_set():
                            return
            ready.put(None)
        except BaseException as error:
            ready.put(error)

    worker = threading.Thread(target=produce, daemon=True)
    worker.start()
    try:
        while (batch := ready.get()) is not None:
            if isinstance(batch, BaseException):
                what, do = "the file is not Parquet, or it is damaged", "Write it again."
                raise FileRefused("unreadable", what, where=shown(file.path.name), do=do) from None
            yield batch
    finally:
        stop.set()
        while worker.is_alive():
            try:
                ready.get(timeout=0.05)
            except queue.Empty:
                continue


def _settle(filled: _Stream, files: Sequence[StreamedFile]) -> Told:
    """Look once more at the rows of cells told twice: repeats are merged, contradictions rejected, versions kept."""
    cells = filled.scatter.cells_told_twice()
    if not len(cells):
        return NOTHING_TOLD
    found, of_file, numbers = [], [], []
    for place, file in enumerate(files):
        first = _FIRST_ROW
        for batch in _batches(file, at_once=filled.at_once):
            kept, checked = filled.kept(batch, file, first)
            if kept.num_rows:
                rows = filled.rows_of(kept)
                at = np.flatnonzero(np.isin(filled.scatter.cells(rows)[0], cells))
                found.append(told_at(filled.scatter, rows.take(at), cells))
                of_file.append(np.full(len(at), place))
                numbers.append(checked.numbers(at) if checked else first + at)
            first += batch.num_rows
    told = Told(*(np.concatenate([getattr(part, f.name) for part in found]) for f in fields(Told)))
    return settle_twice(told, np.concatenate(of_file), np.concatenate(numbers), files, merged_before=filled.merge)
