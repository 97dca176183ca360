"""A folder of export files to `Records`: which file is which table, all files checked, every refusal listed at once."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from eswarn.config import DatasetFacts, load_facts
from eswarn.errors import InputRefused, nearest
from eswarn.progress import Progress, silent
from eswarn.records.arrays import dictionary
from eswarn.records.check import Checked
from eswarn.records.check import check as check_file
from eswarn.records.codes import code_table
from eswarn.records.keys import settle
from eswarn.records.ledger import FileLedger, FileRefused, Ledger, shown
from eswarn.records.readers import csv, parquet
from eswarn.records.store import Records
from eswarn.records.tables import TABLE_MODELS
from eswarn.words import count as counted

READERS = {".csv": csv.read, ".parquet": parquet.read}


@dataclass(frozen=True, slots=True)
class _Result:
    tables: Mapping[str, pa.Table]
    facts: DatasetFacts
    ledger: Ledger
    sources: Mapping[str, str]


def read(folder: str | os.PathLike[str], *, progress: Progress = silent) -> Records:
    """Read a folder of export files.

    Parameters
    ----------
    folder : path
        Holds files named after their table, ``attendance.csv``, ``attendance-2023.csv``, ``context.parquet`` …, and the
        facts about them in ``dataset.toml``. CSV or Parquet.
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
    result = _read(Path(folder), progress)
    if result.ledger.refused:
        each = "\n".join(file.refused for file in result.ledger.refused)
        raise InputRefused(f"{counted(len(result.ledger.refused), 'file')} cannot be used", where=shown(str(folder), 200), do=each)
    if "attendance" not in result.tables:
        seen = "".join(f"\nNot read: {line}" for line in result.ledger.not_read[:5])
        do = f"Put the register's marks there as attendance.csv or attendance.parquet.{seen}"
        raise InputRefused("there is no attendance table", where=shown(str(folder), 200), do=do)
    return Records(result.tables, result.facts, result.ledger, result.sources)


def check(folder: str | os.PathLike[str], *, progress: Progress = silent) -> Ledger:
    """Read a folder of export files and give the account alone; a file that cannot be used is part of it, no error.

    Raises
    ------
    InputRefused
        There is no such folder, or its ``dataset.toml`` cannot be used.
    """
    return _read(Path(folder), progress).ledger


def _read(folder: Path, progress: Progress) -> _Result:
    planned, not_read = _plan(folder)
    facts = load_facts(folder)
    _check_facts(facts, folder)
    sizes = {path: _size(path) for paths in planned.values() for path in paths}
    done, total = 0, sum(sizes.values())
    tables: dict[str, pa.Table] = {}
    files: dict[Path, FileLedger] = {}
    sources: dict[str, str] = {}
    for table, paths in planned.items():
        parts: dict[str, tuple[Path, Checked]] = {}  # by SHA-256, so that a copy of a file is read once
        for path in paths:
            progress(f"reading {shown(path.name)}", done, total)
            done += sizes[path]
            try:
                sha256 = _sha256(path)
                if sha256 in parts:
                    files[path] = _copy(path, parts[sha256][1].ledger)
                else:
                    parts[sha256] = path, check_file(READERS[path.suffix.casefold()](path, table, facts=facts), facts)
                sources[shown(path.name, 255)] = sha256
            except FileRefused as error:
                files[path] = FileLedger(shown(path.name), table, refused=str(error), rule=error.rule)
            except OSError as error:
                reason = error.strerror or "the system gives no reason"
                text = f"{shown(path.name)}: the file cannot be opened ({reason})\nCheck the rights on it, or copy it again."
                files[path] = FileLedger(shown(path.name), table, refused=text, rule="unreadable")
        if parts:
            tables[table], settled = settle(table, [checked for _, checked in parts.values()])
            files |= dict(zip((path for path, _ in parts.values()), settled, strict=True))
    progress("reading done", total, total)
    notes = ["there is no attendance table: nothing can be scored"] if "attendance" not in planned else []
    in_order = tuple(files[path] for paths in planned.values() for path in paths)
    return _Result(tables, facts, Ledger(in_order, tuple(not_read), tuple(notes + _notes(tables, facts))), sources)


def _sha256(path: Path) -> str:
    if not path.is_file():
        raise FileRefused("not_a_file", "this is not a file", where=shown(path.name), do="Export the table to one file, or remove this.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(path: Path, first: FileLedger) -> FileLedger:
    note = f"a copy of {first.file}, read once"
    return FileLedger(shown(path.name), first.table, first.rows, merged=first.rows, notes=(note,))


def _plan(folder: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """Which files are which table, and why the others are not read."""
    try:
        entries = sorted(folder.iterdir(), key=lambda path: path.name)
    except NotADirectoryError:
        problem = "this is a file, not a folder"
    except FileNotFoundError:
        problem = "there is no such folder"
    except (OSError, ValueError) as error:
        problem = f"the folder cannot be opened ({getattr(error, 'strerror', None) or 'not a path'})"
    else:
        problem = ""
    if problem:
        raise InputRefused(problem, where=shown(str(folder), 200), do="Give the folder that holds the export files.")
    planned: dict[str, list[Path]] = {}
    not_read = []
    for path in entries:
        table = _table_of(path)
        if table and path.suffix.casefold() in READERS:
            planned.setdefault(table, []).append(path)
        elif path.name != "dataset.toml":
            not_read.append(f"{shown(path.name)}: {_why_not(path, table)}")
    return {table: planned[table] for table in TABLE_MODELS if table in planned}, not_read


def _table_of(path: Path) -> str:
    """The table a file is named after, or an empty text: ``attendance.csv``, ``Attendance 2023.csv``, ``context_old.csv``."""
    name = path.name.casefold()
    return next((t for t in TABLE_MODELS if name.startswith(t) and name[len(t) : len(t) + 1] in {"-", "_", ".", " "}), "")


def _why_not(path: Path, table: str) -> str:
    if path.name.casefold() == "dataset.toml":
        return "write its name in small letters: dataset.toml"
    if table:
        return "only .csv and .parquet are read; save it as CSV"
    stem = path.name.casefold().split(".")[0]
    if close := difflib.get_close_matches(stem, TABLE_MODELS, n=1, cutoff=0.6) or [t for t in TABLE_MODELS if t in stem]:
        return f"not named after a table; if it is {close[0]}, name it {close[0]}.csv or {close[0]}-….csv"
    return "not named after a table"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _check_facts(facts: DatasetFacts, folder: Path) -> None:
    """Refuse what ``dataset.toml`` says of columns and codes that do not exist."""
    where = shown(str(folder / "dataset.toml"), 200)
    for table, columns in facts.columns.items():
        known = TABLE_MODELS[table].model_fields
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


def _notes(tables: Mapping[str, pa.Table], facts: DatasetFacts) -> list[str]:
    """What no single file can tell: tables that do not meet, and facts that are missing."""
    notes = []
    if "attendance" in tables:
        known = set(dictionary(tables["attendance"].column("pupil_id")))
        for name, table in tables.items():
            if "pupil_id" in table.column_names and name != "attendance":
                others = set(dictionary(table.column("pupil_id")))
                if strangers := len(others - known):
                    notes.append(f"{strangers:,} of {len(others):,} pupils in {name} have no attendance mark")
    lengths = {len(word) for table in tables.values() for word in dictionary(table.column("school_id")) if word.isdecimal()}
    if len(lengths) > 1:
        notes.append(f"school ids of {' and '.join(map(str, sorted(lengths)))} digits: with two schemes in use, tables do not meet")
    if "outcomes" in tables and "outcomes" not in facts.observed_to:
        notes.append(
            "outcomes: it is not known until when leaving was followed up; add  outcomes = YYYY-MM-DD  under [observed_to] in dataset.toml"
        )
    return notes
