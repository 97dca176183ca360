"""A first look at a file: its kind by its first bytes, never by its name, so that each reader can say whether it is meant."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from eswarn.config import DatasetFacts
from eswarn.records.readers.raw import Raw

Kind = Literal["text", "parquet", "zip", "xml", "json", "folder", "other"]
HEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Peek:
    """A file or folder, its kind and its first 64 KB."""

    path: Path
    kind: Kind
    head: bytes

    def text(self, facts: DatasetFacts) -> str:
        """The first whole lines as text, in the encoding that fits; bytes that are no letters become "\ufffd"."""
        head = _whole_lines(self.head) if len(self.head) >= HEAD else self.head
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return head.decode("utf-16", "replace")
        try:
            return head.decode("utf-8-sig")
        except UnicodeDecodeError:
            return head.decode("cp1252" if facts.encoding == "cp1252" else "utf-8", "replace")


_FOREIGN = (b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"%PDF", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf", b"SQLite format 3")


def peek(path: Path) -> Peek:
    """Look at the beginning of a file; a folder, a pipe or a device is not opened.

    Raises
    ------
    OSError
        The file cannot be opened.
    """
    if path.is_dir():
        return Peek(path, "folder", b"")
    if not path.is_file():
        return Peek(path, "other", b"")
    with path.open("rb") as file:
        head = file.read(HEAD)
    return Peek(path, _kind(head), head)


def _kind(head: bytes) -> Kind:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    if head.startswith(_FOREIGN):
        return "other"
    utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    start = head[:1024].decode("utf-16" if utf16 else "utf-8-sig", "replace").lstrip()[:1]
    if not utf16 and b"\0" in head:
        return "other"
    return "xml" if start == "<" else "json" if start in {"{", "["} else "text"


def _whole_lines(head: bytes) -> bytes:
    """The head up to its last line break, so that no row is seen cut; all of it where there is none."""
    cut = max(head.rfind(b"\n"), head.rfind(b"\r"))
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head[: len(head) - len(head) % 2]
    return head[: cut + 1] if cut >= 0 else head


class Reader(Protocol):
    """What each module of this folder that reads one format offers."""

    NAME: str

    def fits(self, peek: Peek, facts: DatasetFacts) -> bool:
        """Whether the content is of this format. Never raises; looks at ``peek`` alone, or a little further into its file."""

    def read(self, path: Path, *, facts: DatasetFacts) -> Sequence[Raw]:
        """One `Raw` for each table found in the file.

        Raises
        ------
        FileRefused
            The whole file is in doubt. What is wrong with a part of it goes into ``Raw.rejections``.
        """
