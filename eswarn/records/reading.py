"""The files of a folder taken one after another: read, checked, copies told from files, and at last each table joined."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from eswarn.config import DatasetFacts
from eswarn.errors import OurBug
from eswarn.parallel import each
from eswarn.records.check import Checked, check, refuse_useless
from eswarn.records.keys import settle
from eswarn.records.ledger import FileLedger, FileRefused, shown
from eswarn.records.plan import Source
from eswarn.records.readers.raw import Raw
from eswarn.records.stream import stream
from eswarn.records.stream_strings import stream_strings
from eswarn.records.streamed import Streamed
from eswarn.records.tables import TABLE_MODELS

_ORDER = {table: i for i, table in enumerate(TABLE_MODELS)}


class Reading:
    """The files read so far: their checked rows, their accounts, and the hash of each.

    Parameters
    ----------
    facts : DatasetFacts
        What ``dataset.toml`` says.
    rename : callable
        Applied to each table of each file before it is judged.
    """

    def __init__(self, facts: DatasetFacts, rename: Callable[[Raw], Raw]) -> None:
        self.sources: dict[str, str] = {}
        self.notes: list[str] = []
        self._facts, self._rename = facts, rename
        self._files = 0
        self._parts: dict[str, list[tuple[int, Checked]]] = {}  # by table: number of the file, and its rows
        self._accounts: dict[tuple[str, int], FileLedger] = {}  # by table and number of the file
        self._seen: dict[tuple[str, str], int] = {}  # by hash and what the file was taken for: number of the first such file
        self._pupils: dict[int, list[pa.Array | None]] = {}  # by number of the file: who has rows in it, None where it says nothing
        self.pupils: dict[str, pa.Array | None] = {}  # by its name: who has rows in it, None where that cannot be told

    def take(self, source: Source) -> None:
        """Read and check one file; what is wrong with it goes into its account."""
        name, number, taken_for = shown(source.path.name), self._files, source.taken_for
        self._files += 1
        try:
            sha256 = digest(source.path)
            first = self._seen.get((sha256, source.taken_for))
            if first is not None:
                self._accounts |= {(table, number): _copy(name, a) for (table, n), a in self._accounts.items() if n == first}
            else:
                raws = source.read()
                for raw in raws:
                    taken_for = raw.table
                    self._check(raw, number)
                if not raws:
                    self.notes.append(f"{name}: no record of its own; it was looked at for what other files leave out")
                self._seen[sha256, source.taken_for] = number
            self.sources[shown(source.path.name, 255)] = sha256
            self.pupils[shown(source.path.name, 255)] = _together(self._pupils.get(number if first is None else first, [None]))
        except FileRefused as error:
            self._accounts[taken_for, number] = FileLedger(name, taken_for, refused=str(error), rule=error.rule)
        except OSError as error:
            reason = error.strerror or "the system gives no reason"
            text = f"{name}: the file cannot be opened ({reason})\nCheck the rights on it, or copy it again."
            self._accounts[taken_for, number] = FileLedger(name, taken_for, refused=text, rule="unreadable")

    def _check(self, raw: Raw, number: int) -> None:
        if (raw.table, number) in self._accounts:
            raise OurBug(f"a reader gave two parts of {raw.table}", where=raw.file)
        checked = check(self._rename(raw), self._facts)
        self._parts.setdefault(raw.table, []).append((number, checked))
        self._accounts[raw.table, number] = checked.ledger
        ids = checked.table.column("pupil_id") if "pupil_id" in checked.table.column_names else None
        self._pupils.setdefault(number, []).append(ids.chunk(0).dictionary if ids is not None and ids.num_chunks else None)

    def stream(self, sources: Sequence[Source]) -> tuple[Streamed | None, tuple[FileLedger, ...]]:
        """Read the attendance files as one register that is not kept as a table.

        None where a file cannot be used, or has to be taken row by row, like any other.
        """
        by_hash: dict[str, Path] = {}
        copies: dict[Path, Path] = {}
        hashes = each(digest, (source.path for source in sources))
        for source, sha256 in zip(sources, hashes, strict=True):
            copies[source.path] = by_hash.setdefault(sha256, source.path)
            self.sources[shown(source.path.name, 255)] = sha256
        paths = list(by_hash.values())
        try:
            found = stream(paths, self._facts) if sources[0].taken_for == "attendance" else stream_strings(paths, self._facts)
        except FileRefused as error:
            if sources[0].taken_for == "attendance":
                names = [shown(path.name) for path in paths]
                name = next((name for name in names if str(error).startswith(name)), names[0])
                return None, (FileLedger(name, "attendance", refused=str(error), rule=error.rule),)
            found = None
        if found is None:
            for source in sources:
                self.take(source)
            return None, ()
        streamed, accounts = found
        accounts = refuse_useless(accounts)
        if any(account.refused for account in accounts):
            return None, accounts
        of_file = dict(zip(by_hash.values(), accounts, strict=True))
        met = dict(zip(by_hash.values(), streamed.met, strict=True))
        everybody = pa.array(streamed.pupils, pa.string())
        self.pupils |= {shown(path.name, 255): everybody.take(pa.array(met[first])) for path, first in copies.items()}
        files = [of_file[first] if first == path else _copy(shown(path.name), of_file[first]) for path, first in copies.items()]
        return streamed, tuple(files)

    def settled(self) -> tuple[dict[str, pa.Table], tuple[FileLedger, ...]]:
        """The tables, each fact once, and the accounts: by table, then by file."""
        tables: dict[str, pa.Table] = {}
        for table in sorted(self._parts, key=_ORDER.__getitem__):
            parts = self._parts.pop(table)
            tables[table], accounts = settle(table, [checked for _, checked in parts])
            numbers = [number for number, _ in parts]
            self._accounts |= {(table, number): account for number, account in zip(numbers, refuse_useless(accounts), strict=True)}
        keys = sorted(self._accounts, key=lambda key: (_ORDER.get(key[0], len(_ORDER)), key[1]))
        return tables, tuple(self._accounts[key] for key in keys)


def _together(parts: Sequence[pa.Array | None]) -> pa.Array | None:
    """Everybody in some parts of a file; None where a part says nothing of who is in it, such as a calendar."""
    known = [part for part in parts if part is not None]
    return pa.concat_arrays(known).unique() if len(known) == len(parts) else None


def digest(path: Path) -> str:
    """SHA-256 of a file; of a folder, over the names and hashes of the files in it.

    Raises
    ------
    FileRefused
        Neither: a pipe, a device, a broken link.
    """
    if path.is_dir():
        inside = sorted(each for each in path.iterdir() if each.is_file())
        return hashlib.sha256("\n".join(f"{each.name} {digest(each)}" for each in inside).encode("utf-8", "surrogateescape")).hexdigest()
    if not path.is_file():
        raise FileRefused("not_a_file", "this is not a file", where=shown(path.name), do="Export the table to one file, or remove this.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(name: str, first: FileLedger) -> FileLedger:
    return FileLedger(name, first.table, first.rows, merged=first.rows, notes=(f"a copy of {first.file}, read once",))
