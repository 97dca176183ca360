"""Read the stored values of an XLSX workbook, streamed within limits: no formula is computed, no macro or link followed.

Written on Python's own zip and XML parsers: the compiled readers of spreadsheets make room for every cell between the first and
the last one, so that a file of a kilobyte ends the process (calamine 0.9.1 asked for 512 GB).
"""

from __future__ import annotations

import contextlib
import posixpath
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers.archive import DAMAGED, open_archive, unreadable
from eswarn.records.readers.stored import Styles
from eswarn.records.readers.worksheet import MAX_ROWS, Cells, Enough, Room, SharedTexts, unsafe

_MAX_DEPTH = 32
_MAX_SILENCE = 4 << 20  # bytes without an element or a text: a tag or comment that long is no spreadsheet's
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Worksheet:
    """One worksheet: its place among all of them from 1, the rows that hold anything, and the number of each."""

    place: int
    rows: list[list[str]]
    numbers: list[int]
    empty_formulas: int


@dataclass(frozen=True, slots=True)
class Workbook:
    """The visible worksheets of a workbook, and the places of those that are hidden and were not looked at."""

    worksheets: tuple[Worksheet, ...]
    hidden: tuple[int, ...]


def read_workbook(path: Path, *, rows: int = MAX_ROWS) -> Workbook:
    """Read the visible worksheets, cell by cell as text.

    Parameters
    ----------
    path : Path
        An XLSX file.
    rows : int, optional
        Stop after as many rows of each worksheet.

    Raises
    ------
    FileRefused
        ``unsafe_file``: see `open_archive`; macros, a DTD, or past a limit. ``unreadable``: damaged. ``wrong_shape``: a
        spreadsheet of another kind.
    """
    with open_archive(path) as archive:
        try:
            return _read(archive, path, rows=rows)
        except (*DAMAGED, IndexError, expat.ExpatError):
            pass  # the messages of these may repeat a cell
    raise unreadable(path)


def is_workbook(path: Path) -> bool:
    """Whether a zip archive is a spreadsheet of any kind; never raises."""
    try:
        with open_archive(path) as archive:
            names = archive.namelist()
            return any(name.startswith("xl/") for name in names) or _is_open_document(archive)
    except (FileRefused, *DAMAGED):
        pass
    try:
        with path.open("rb") as file:
            return b"xl/" in file.read(_CHUNK)  # too damaged or unsafe to open; what is wrong is said when it is read
    except OSError:
        return False


def _is_open_document(archive: zipfile.ZipFile) -> bool:
    return any(e.filename == "mimetype" and e.file_size < 100 and b"opendocument" in archive.read(e) for e in archive.infolist())


def _read(archive: zipfile.ZipFile, path: Path, *, rows: int) -> Workbook:
    names = {name.casefold(): name for name in archive.namelist()}
    where = shown(path.name)
    if any(name.endswith("vbaproject.bin") for name in names):
        raise FileRefused("unsafe_file", "the workbook holds macros", where=where, do="Save it as .xlsx, which holds none, or as CSV.")
    if _is_open_document(archive) or "xl/workbook.bin" in names:
        raise FileRefused("wrong_shape", "a spreadsheet, but not .xlsx", where=where, do="Save it as .xlsx or as CSV.")
    book = next(part for part, kind in [*_parts(archive, names, "", path).values(), ("", "officeDocument")] if kind == "officeDocument")
    parts = _parts(archive, names, book, path)
    kinds = {kind: part for part, kind in parts.values() if part.casefold() in names}
    found = _Contents()
    _parse(archive, book, path, found.start)
    room = Room(path)
    shared = SharedTexts(room)
    if "sharedStrings" in kinds:
        _parse(archive, kinds["sharedStrings"], path, shared.start, shared.end, shared.text)
    styles = Styles(found.from_1904)
    if "styles" in kinds:
        _parse(archive, kinds["styles"], path, styles.start, styles.end)
    visible, hidden = [], []
    for place, (target, is_hidden) in enumerate(found.sheets, start=1):
        part, kind = parts[target]
        if is_hidden:
            hidden.append(place)
        elif kind == "worksheet":
            cells = Cells(shared.texts, styles, room, rows=rows)
            with contextlib.suppress(Enough):
                _parse(archive, part, path, cells.start, cells.end, cells.text)
            visible.append(Worksheet(place, cells.rows, cells.numbers, cells.empty_formulas))
    return Workbook(tuple(visible), tuple(hidden))


def _parts(archive: zipfile.ZipFile, names: Mapping[str, str], of: str, path: Path) -> dict[str, tuple[str, str]]:
    """What a part of the workbook refers to: the name in the archive and the kind of each, by its id."""
    folder, name = posixpath.split(of)
    found: dict[str, tuple[str, str]] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"])).lstrip("/")
            found[attributes["Id"]] = names.get(target.casefold(), target), posixpath.basename(attributes["Type"])

    _parse(archive, names[posixpath.join(folder, "_rels", f"{name}.rels").casefold()], path, start)
    return found


def _parse(
    archive: zipfile.ZipFile,
    part: str,
    path: Path,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Stream one part of the workbook through the XML parser; tags come without prefix."""
    parser = expat.ParserCreate()
    depth, silence = 0, 0

    def started(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, silence
        depth, silence = depth + 1, 0
        if depth > _MAX_DEPTH:
            raise unsafe(path, f"XML nested deeper than {_MAX_DEPTH}")
        start(tag[tag.find(":") + 1 :], attributes)

    def ended(tag: str) -> None:
        nonlocal depth
        depth -= 1
        if end:
            end(tag[tag.find(":") + 1 :])

    def declared(*_: object) -> None:
        raise unsafe(path, "there is a DTD in the workbook; files with a DTD are not read")

    parser.StartElementHandler, parser.EndElementHandler, parser.StartDoctypeDeclHandler = started, ended, declared
    parser.CharacterDataHandler = text
    with archive.open(part) as file:
        while chunk := file.read(_CHUNK):
            silence += len(chunk)
            if silence > _MAX_SILENCE:
                raise unsafe(path, "a tag, comment or text of several megabytes")
            parser.Parse(chunk, False)
    parser.Parse(b"", True)


class _Contents:
    """The list of worksheets: the id of each and whether it is hidden; and from which year days are counted."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, bool]] = []
        self.from_1904 = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take note of a worksheet, or of the calendar."""
        if tag == "workbookPr":
            self.from_1904 = attributes.get("date1904") in {"1", "true"}
        elif tag == "sheet":
            ids = [value for name, value in attributes.items() if name.endswith(":id")]  # whatever prefix stands before it
            self.sheets.append((ids[0], attributes.get("state", "visible") != "visible"))
