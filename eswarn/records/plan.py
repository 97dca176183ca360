"""Which files of a folder are read and by which reader, and why the others are not: content decides, the name breaks ties."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from eswarn.config import DatasetFacts
from eswarn.errors import InputRefused, OurBug
from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers import census, ctf, edfi, grid, long, oneroster, strings, wonde, xlsx
from eswarn.records.readers.headers import nearest_table
from eswarn.records.readers.long import table_named
from eswarn.records.readers.peek import Peek, Reader, peek
from eswarn.records.readers.raw import Raw
from eswarn.records.readers.shapes import is_safeguarding, safeguarding_log
from eswarn.records.tables import TABLE_MODELS

# Asked in this order; the plain table last, because other formats have headers of tables in them, too.
READERS: tuple[Reader, ...] = (ctf, wonde, edfi, oneroster, census, grid, strings, xlsx, long)
_TABLE_FILES = {".csv", ".tsv", ".parquet", ".xlsx"}
_OTHER_FILES = {".txt", ".json", ".xml"}
_FACTS = "dataset.toml"


@dataclass(frozen=True, slots=True)
class Source:
    """A file, what it is taken for (a table, or the name of a format) and how to read it."""

    path: Path
    taken_for: str
    read: Callable[[], Sequence[Raw]]


def entries(folder: Path) -> list[Path]:
    """What is in a folder, by name.

    Raises
    ------
    InputRefused
        There is no such folder, or it cannot be opened.
    """
    try:
        return sorted(folder.iterdir(), key=lambda path: path.name)
    except NotADirectoryError:
        problem = "this is a file, not a folder"
    except FileNotFoundError:
        problem = "there is no such folder"
    except (OSError, ValueError) as error:
        problem = f"the folder cannot be opened ({getattr(error, 'strerror', None) or 'not a path'})"
    raise InputRefused(problem, where=shown(str(folder), 200), do="Give the folder that holds the export files.")


def plan(paths: Sequence[Path], facts: DatasetFacts) -> tuple[list[Source], list[str]]:
    """Choose a reader for each file by its content; say of every other file why it is not read.

    A file that no reader knows is read all the same if it is named like a table, so that it is refused with the reason.
    """
    sources, not_read = [], []
    for path in paths:
        if path.name == _FACTS:
            continue
        found = _source(path, facts)
        if isinstance(found, Source):
            sources.append(found)
        else:
            not_read.append(f"{shown(path.name)}: {found}")
    tables = [*TABLE_MODELS]
    return sorted(sources, key=lambda s: tables.index(s.taken_for) if s.taken_for in tables else len(tables)), not_read


def _source(path: Path, facts: DatasetFacts) -> Source | str:
    if reason := _set_aside(path):
        return reason
    if path.suffix.casefold() in _TABLE_FILES | _OTHER_FILES and is_safeguarding(path.name):
        return Source(path, "safeguarding log", partial(_refuse_log, path))
    named = table_named(path) if path.suffix.casefold() in _TABLE_FILES else ""
    by_name = Source(path, named, partial(_read_as, path, named, facts))
    try:
        seen = peek(path)
    except OSError as error:
        return by_name if named else f"it cannot be opened ({error.strerror or 'the system gives no reason'})"
    reader = next((each for each in READERS if each.fits(seen, facts)), None)
    if reader is None:
        return by_name if named else _why_not(seen, facts)
    taken_for = (*long.tables(seen, facts), reader.NAME)[0] if reader.NAME == long.NAME else reader.NAME
    return Source(path, taken_for, partial(reader.read, path, facts=facts))


def _refuse_log(path: Path) -> Sequence[Raw]:
    known = safeguarding_log(set(), path.name)
    raise FileRefused(known.rule, known.what, where=shown(path.name), do=known.do) if known else OurBug("no log", where=shown(path.name))


def _read_as(path: Path, table: str, facts: DatasetFacts) -> Sequence[Raw]:
    if not path.is_file():
        raise FileRefused("not_a_file", "this is not a file", where=shown(path.name), do="Export the table to one file, or remove this.")
    return [long.read_as(path, table, facts=facts)]


def _set_aside(path: Path) -> str:
    name = path.name.casefold()
    if name == _FACTS:
        return f"write its name in small letters: {_FACTS}"
    if name in {"dataset.toml.txt", "dataset.txt", "dataset"}:
        return f"rename it to {_FACTS}, or what it says is not known"
    if name.startswith((".", "~$")) or name.endswith(("~", ".bak", ".tmp")):
        return "a hidden file or a copy that a program keeps"
    return ""


def _why_not(seen: Peek, facts: DatasetFacts) -> str:
    if seen.kind == "folder":
        return "files in sub-folders are not read"
    if not seen.path.is_file():
        return "not a file"
    if not seen.head:
        return "the file is empty"
    if seen.kind in {"text", "json"} and (near := nearest_table(seen.text(facts), facts)):
        table, column = near
        return f"nearest to {table}, but it has no column for {column}; name it {table}-….csv to be told what would do"
    stem = seen.path.name.casefold().split(".")[0]
    if close := difflib.get_close_matches(stem, TABLE_MODELS, n=1, cutoff=0.75) or [t for t in TABLE_MODELS if t in stem]:
        return (
            f"it holds no table that is known; if it is {close[0]}, name it {close[0]}.csv or {close[0]}-….csv to be told what is missing"
        )
    return "it holds no table or format that is known"
