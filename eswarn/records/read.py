"""A folder of export files to `Records`: all files checked, each fact once, every refusal listed at once."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from eswarn.config import DatasetFacts, load_facts
from eswarn.errors import InputRefused, nearest
from eswarn.progress import Progress, silent
from eswarn.records import stream, stream_strings
from eswarn.records.codes import code_table
from eswarn.records.ledger import FileLedger, Ledger, shown
from eswarn.records.notes import notes
from eswarn.records.plan import Source, entries, plan
from eswarn.records.readers import ctf, edfi, grid, strings, wonde, xlsx
from eswarn.records.readers.aside import ASIDE
from eswarn.records.readers.raw import Raw
from eswarn.records.reading import Reading
from eswarn.records.store import Records
from eswarn.records.streamed import Streamed
from eswarn.records.tables import TABLE_MODELS
from eswarn.words import count as counted

_REGISTERS = {"attendance", ctf.NAME, edfi.NAME, grid.NAME, strings.NAME, wonde.NAME, xlsx.NAME}  # what may hold marks
_NO_SUSPENSION = {"blank_row", "totals_row", "deleted_record", "internal_exclusion"}
_SCORABLE = {"attendance", "term_totals"}  # what absence is told from


@dataclass(frozen=True, slots=True)
class _Result:
    tables: Mapping[str, pa.Table]
    facts: DatasetFacts
    ledger: Ledger
    sources: Mapping[str, str]
    pupils: Mapping[str, pa.Array | None]
    streamed: Streamed | None


def read(folder: str | os.PathLike[str], *, progress: Progress = silent) -> Records:
    """Read a folder of export files.

    Parameters
    ----------
    folder : path
        Holds the export files, known by their content, and the facts about them in ``dataset.toml``. Where a header fits
        several tables, a name that starts with the table's decides: ``outcomes-2025.csv``.
    progress : Progress, optional
        Told which file is being read; the unit is bytes.

    Returns
    -------
    Records
        Checked tables; ``records.ledger`` accounts for every row that was read.

    Raises
    ------
    InputRefused
        There is no such folder, no attendance, or a file that cannot be used; all such files are named.
    """
    return _usable(_read(Path(folder), progress), folder)


def check(folder: str | os.PathLike[str], *, progress: Progress = silent) -> Ledger:
    """Read a folder of export files and give the account alone; a file that cannot be used is part of it, no error.

    Raises
    ------
    InputRefused
        There is no such folder, or its ``dataset.toml`` cannot be used.
    """
    return _read(Path(folder), progress).ledger


def read_with(folder: str | os.PathLike[str], *, rename: Callable[[Raw], Raw], progress: Progress = silent) -> Records:
    """Read a folder of export files as `read` does, each table of each file changed by ``rename`` before its rows are judged.

    Parameters
    ----------
    rename : callable
        Takes a `Raw` and gives it with other texts in its columns, such as pseudonyms for identifiers. A `FileRefused` that
        it raises is listed among the other refusals.

    Raises
    ------
    InputRefused
        As for `read`; but any table will do, as nothing is scored.
    """
    return _usable(_read(Path(folder), progress, rename=rename), folder, scorable=False)


def _usable(result: _Result, folder: str | os.PathLike[str], *, scorable: bool = True) -> Records:
    if result.ledger.refused:
        each = "\n".join(file.refused for file in result.ledger.refused)
        files = {file.file for file in result.ledger.refused}
        raise InputRefused(f"{counted(len(files), 'file')} cannot be used", where=shown(str(folder), 200), do=each)
    if not result.streamed and not (_SCORABLE & result.tables.keys() if scorable else result.tables):
        seen = "".join(f"\nNot read: {line}" for line in result.ledger.not_read[:5])
        do = f"Put the register's marks there, in a file with the columns that docs/records.md lists.{seen}"
        raise InputRefused(
            "there is no attendance table" if scorable else "there is no table that is known", where=shown(str(folder), 200), do=do
        )
    return Records(result.tables, result.facts, result.ledger, result.sources, result.streamed, result.pupils)


def _as_it_is(raw: Raw) -> Raw:
    return raw


def _read(folder: Path, progress: Progress, *, rename: Callable[[Raw], Raw] = _as_it_is) -> _Result:
    paths = entries(folder)
    facts = load_facts(folder)
    _check_facts(facts, folder)
    sources, not_read = plan(paths, facts)
    sizes = {source.path: _size(source.path) for source in sources}
    reading = Reading(facts, rename)
    large = _large(sources) if rename is _as_it_is else []
    done = 0
    for source in (source for source in sources if source not in large):
        progress(f"reading {shown(source.path.name)}", done, sum(sizes.values()))
        reading.take(source)
        done += sizes[source.path]
    streamed: Streamed | None = None
    accounts: tuple[FileLedger, ...] = ()
    if large:
        progress("reading the register", done, sum(sizes.values()))
        streamed, accounts = reading.stream(large)
    tables, files = reading.settled()
    files = (*accounts, *files)
    progress("reading done", 1, 1)
    found = reading.notes + _too_few(files) + notes(tables, facts, today=dt.datetime.now(tz=dt.UTC).date())
    if not files:
        found.insert(0, "no file here holds a table that is known: nothing was read")
    elif not _SCORABLE & {file.table for file in files} and all(file.table in TABLE_MODELS for file in files):
        found.insert(0, "there is no attendance table: nothing can be scored")
    return _Result(tables, facts, Ledger(files, tuple(not_read), tuple(found)), reading.sources, reading.pupils, streamed)


def _too_few(files: Sequence[FileLedger]) -> list[str]:
    """A note on suspensions that were turned away: their pupils are told apart from nobody who never had one."""
    lost = sum(r.rows for f in files if f.table == "suspensions" and not f.refused for r in f.rejections if r.rule not in _NO_SUSPENSION)
    if not lost:
        return []
    were = "row was" if lost == 1 else "rows were"
    return [f"{lost:,} suspension {were} rejected: their pupils' suspensions are counted too low"]


def _large(sources: Sequence[Source]) -> list[Source]:
    """The files of a register that is too large to be kept as a table: Parquet, all of one form."""
    for taken_for, least in (("attendance", stream.STREAMED_FROM), (strings.NAME, stream_strings.STREAMED_FROM)):
        some = [source for source in sources if source.taken_for == taken_for]
        alone = len(some) == sum(source.taken_for in _REGISTERS for source in sources)
        if alone and stream.streamable([source.path for source in some], least):
            return some
    return []


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _check_facts(facts: DatasetFacts, folder: Path) -> None:
    """Refuse what ``dataset.toml`` says of columns and codes that do not exist."""
    where = shown(str(folder / "dataset.toml"), 200)
    for table, columns in facts.columns.items():
        known = {**TABLE_MODELS[table].model_fields, **ASIDE.get(table, {})}
        for name in columns:
            if name not in known:
                raise InputRefused(f'there is no column "{shown(name)}" in {table}', where=where, do=nearest(name, known))
        if len({header.casefold() for header in columns.values()}) < len(columns):
            raise InputRefused(f"two columns of {table} have the same header", where=where, do=f"Correct [columns.{table}].")
    codes = code_table(facts.profile)
    for local, code in facts.codes.map.items():
        if not 1 <= len(local) <= 40:
            what = "[codes.map] maps a code that is blank or longer than 40 characters"
            raise InputRefused(what, where=where, do="A blank cell always is no mark.")
        if code not in codes.codes:
            what = f'[codes.map] maps "{shown(local)}" to "{shown(code)}", which is no register code for {codes.jurisdiction}'
            raise InputRefused(what, where=where, do=f"Codes: {' '.join(sorted(codes.codes))}.")
