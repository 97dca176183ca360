"""Look at a zip archive before anything in it is opened: size, names, links, encryption, and how far it would unpack."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from pathlib import Path

from eswarn.records.ledger import FileRefused, shown

MAX_FILE = 200 << 20
MAX_UNPACKED = 1 << 30
MAX_RATIO = 100
_UNPACKED_ANYWAY = 10 << 20  # below this the ratio says nothing: a short text repeats itself
_MAX_DIRECTORY = 4 << 20  # bytes; Python holds an object for each entry before it shows any of them
_END = 22
DAMAGED = (zipfile.BadZipFile, EOFError, OSError, ValueError, KeyError, RuntimeError, struct.error, zlib.error)


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a zip archive whose entries can be read one by one, by name, without harm.

    Raises
    ------
    FileRefused
        ``unsafe_file``: larger than 200 MB, over 1 GB unpacked or over 100 times its size; a link, an encrypted entry, a
        name outside the archive or one that occurs twice. ``unreadable``: no zip archive, or damaged.
    """
    if path.stat().st_size > MAX_FILE:
        raise _unsafe(path, f"larger than {MAX_FILE >> 20} MB", do="Save the table as CSV, which may be of any size, or split it.")
    if _directory_size(path) > _MAX_DIRECTORY:
        raise _unsafe(path, "an archive with a list of contents of many megabytes")
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGED:
        raise unreadable(path) from None
    if problem := _problem(archive.infolist(), size=path.stat().st_size):
        archive.close()
        raise _unsafe(path, problem)
    return archive


def unreadable(path: Path) -> FileRefused:
    """The refusal of an archive or workbook that is damaged."""
    do = "Save it again with the program it came from."
    return FileRefused("unreadable", "the file is damaged, or not what it looks like", where=shown(path.name), do=do)


def _problem(entries: list[zipfile.ZipInfo], *, size: int) -> str:
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED:
        return f"it would unpack to more than {MAX_UNPACKED >> 30} GB"
    if unpacked > max(_UNPACKED_ANYWAY, MAX_RATIO * size):
        return f"it would unpack to more than {MAX_RATIO} times its size"
    if any(stat.S_ISLNK(entry.external_attr >> 16) for entry in entries):
        return "there is a link in the archive"
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        return "an entry of the archive is packed in a way that is not read"
    if any(entry.flag_bits & 1 for entry in entries):
        return "an entry of the archive is encrypted"
    if any(re.search(r"(?:^|[/\\])\.\.(?:[/\\]|$)|^[/\\]|^[A-Za-z]:|\0", entry.orig_filename) for entry in entries):
        return "an entry of the archive has a name outside of it"
    times = Counter(entry.filename.casefold() for entry in entries)
    return "two entries of the archive have the same name" if times and max(times.values()) > 1 else ""


def _directory_size(path: Path) -> int:
    """What the archive says of the size of its list of contents; 0 where there is none."""
    with path.open("rb") as file:
        file.seek(0, 2)
        length = min(file.tell(), _END + 65_535)
        file.seek(-length, 2)
        tail = file.read(length)
        place = len(tail) - _END if tail[-_END:].startswith(b"PK\5\6") and tail.endswith(b"\0\0") else tail.rfind(b"PK\5\6")
        if place < 0 or place + _END > len(tail):
            return 0
        size = int(struct.unpack_from("<L", tail, place + 12)[0])
        if tail[place - 20 : place].startswith(b"PK\6\7"):  # the longer form, which Java programs write for small files, too
            file.seek(place - length - 20 - 56, 2)
            longer = file.read(56)
            size = int(struct.unpack_from("<Q", longer, 40)[0]) if longer.startswith(b"PK\6\6") else size
    return size


def _unsafe(path: Path, what: str, *, do: str = "Save the table as CSV where it came from.") -> FileRefused:
    return FileRefused("unsafe_file", what, where=shown(path.name), do=do)
