"""Open the CSV files of a OneRoster folder or zip archive by name, safely, and read their rows one at a time."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers.archive import DAMAGED, MAX_FILE, MAX_UNPACKED, open_archive, unreadable
from eswarn.records.readers.scan import MAX_LINE

_AGAIN = "Export the roster again."
Line = tuple[int, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class RosterFiles:
    """The CSV files of a roster, by their names without a folder."""

    path: Path
    names: frozenset[str]
    archive: zipfile.ZipFile | None = None
    prefix: str = ""

    def rows(self, name: str, wanted: Sequence[str]) -> Iterator[Line]:
        """Each row of a file: its number as a spreadsheet shows it, and the columns asked for; no other cell is kept.

        Raises
        ------
        FileRefused
            A column is missing (``missing_column``), a row has too many or too few cells (``wrong_shape``), or the file is
            not UTF-8 or damaged.
        """
        try:
            with self._open(name) as binary, io.TextIOWrapper(binary, encoding="utf-8-sig", newline="") as file:
                yield from self._rows(name, csv.reader(self._lines(name, file), strict=True), wanted)
        except UnicodeDecodeError:
            problem = FileRefused("encoding", "there is a byte that is not UTF-8", where=self.where(name), do="Save the file as UTF-8.")
        except csv.Error:
            problem = FileRefused("stray_quote", "a quotation mark is out of place", where=self.where(name), do=_AGAIN)
        except (*DAMAGED, zlib.error):
            problem = unreadable(self.path)
        else:
            return
        raise problem

    def where(self, name: str, row: int = 0) -> str:
        """The place of a file, or of a row in it."""
        return f"{shown(self.path.name)}, {name}" + (f", row {row}" if row else "")

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        with self.archive.open(self.prefix + name) if self.archive else (self.path / name).open("rb") as file:
            yield file

    def _lines(self, name: str, file: io.TextIOWrapper) -> Iterator[str]:
        number = 0
        while line := file.readline(MAX_LINE):
            number += 1
            if len(line) == MAX_LINE and not line.endswith("\n"):
                raise FileRefused("long_line", "a line is longer than 1 MB, so this is no table", where=self.where(name, number), do=_AGAIN)
            if "\0" in line:
                raise FileRefused("nul_byte", "there is a NUL byte, so the file is damaged", where=self.where(name, number), do=_AGAIN)
            yield line

    def _rows(self, name: str, cells: Iterator[list[str]], wanted: Sequence[str]) -> Iterator[Line]:
        header = [text.strip() for text in next(cells, [])]
        if missing := [column for column in wanted if column not in header]:
            what = f"no column {missing[0]}"
            raise FileRefused("missing_column", what, where=self.where(name), do="Export the roster with all columns of OneRoster.")
        if len(set(header)) < len(header):
            raise FileRefused("duplicate_header", "two columns have the same header", where=self.where(name), do=_AGAIN)
        places = {column: header.index(column) for column in wanted}
        for number, row in enumerate(cells, start=2):
            if not any(row):
                continue
            if len(row) != len(header):
                raise FileRefused("wrong_shape", "not as many cells as the header", where=self.where(name, number), do=_AGAIN)
            yield number, {column: row[place].strip() for column, place in places.items()}


@contextmanager
def open_roster(path: Path) -> Iterator[RosterFiles]:
    """Open a folder, or a zip archive, that holds a ``manifest.csv``.

    Raises
    ------
    FileRefused
        ``unsafe_file``: links, names outside the archive, or too large; ``wrong_shape``: no manifest, or more than one.
    """
    if path.is_dir():
        yield _folder(path)
        return
    with open_archive(path) as archive:
        manifests = [name for name in archive.namelist() if name == "manifest.csv" or name.endswith("/manifest.csv")]
        if len(manifests) != 1:
            raise _no_manifest(path, len(manifests))
        prefix = manifests[0].removesuffix("manifest.csv")
        names = frozenset(name.removeprefix(prefix) for name in archive.namelist() if name.startswith(prefix))
        yield RosterFiles(path, names, archive, prefix)


def _folder(path: Path) -> RosterFiles:
    files = [file for file in sorted(path.iterdir()) if file.suffix == ".csv"]
    if any(file.is_symlink() or not file.is_file() for file in files):
        what = "there is a link, or something that is no file, among the files of the roster"
        raise FileRefused("unsafe_file", what, where=shown(path.name), do="Put the files themselves there.")
    sizes = [file.stat().st_size for file in files]
    if max(sizes, default=0) > MAX_FILE or sum(sizes) > MAX_UNPACKED:
        what = f"a file over {MAX_FILE >> 20} MB, or files over {MAX_UNPACKED >> 30} GB in all"
        raise FileRefused("unsafe_file", what, where=shown(path.name), do="Export the roster in parts, a folder each.")
    if not any(file.name == "manifest.csv" for file in files):
        raise _no_manifest(path, 0)
    return RosterFiles(path, frozenset(file.name for file in files))


def _no_manifest(path: Path, count: int) -> FileRefused:
    what = "more than one manifest.csv" if count else "no manifest.csv"
    return FileRefused("wrong_shape", what, where=shown(path.name), do="Keep the files of one roster together, with its manifest.")
