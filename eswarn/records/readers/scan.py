"""Look at the bytes of a text file before anything is parsed: kind, encoding, NUL bytes, long lines, quotation marks."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eswarn.records.ledger import FileRefused, shown

MAX_LINE = 1 << 20
_CHUNK = 1 << 20
_FOREIGN = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a spreadsheet (.xlsx) or zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet (.xls)"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"SQLite format 3", "a database"),
)


@dataclass(frozen=True, slots=True)
class Scan:
    """What the bytes say: the encoding that fits the whole file, and whether there is any quotation mark."""

    encoding: str
    quoted: bool


def scan(path: Path, declared: str) -> Scan:
    """Prove that the file is text: UTF-8 if it can be, else the encoding that ``dataset.toml`` declares.

    Raises
    ------
    FileRefused
        Empty (``empty_file``), of another kind (``not_text``), in an encoding that is not declared (``encoding``), with
        NUL bytes (``nul_byte``) or with a line over 1 MB (``long_line``).
    """
    with path.open("rb") as file:
        head = file.read(512)
    _refuse_foreign(path, head)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        if declared != "utf-16":
            raise _undeclared("the file is written in UTF-16", encoding="utf-16", where=shown(path.name))
        encoding = "utf-16"
    else:
        encoding = "utf-8"
    quoted, bad_line = _pass(path, encoding)
    if bad_line and encoding == "utf-8" and declared == "cp1252":
        encoding = "cp1252"
        quoted, bad_line = _pass(path, encoding)
    if bad_line:
        where = f"{shown(path.name)}, {_place(bad_line, quoted=quoted)}"
        raise _undeclared(f"there is a byte that is not {encoding.upper()}", encoding="cp1252" if encoding == "utf-8" else "", where=where)
    return Scan(encoding, quoted)


def text_chunks(path: Path, encoding: str) -> Iterator[bytes]:
    """Give the file as UTF-8, about a megabyte at a time, without its byte-order mark."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        first = True
        while chunk := file.read(_CHUNK):
            text = chunk if encoding == "utf-8" else decoder.decode(chunk).encode()
            yield text.removeprefix(codecs.BOM_UTF8) if first else text
            first = False
        if encoding != "utf-8":
            yield decoder.decode(b"", final=True).encode()


def check_quotes(path: Path, encoding: str, *, separator: str) -> int:
    """Prove that each quotation mark opens or closes a whole cell, so that no stray one can swallow rows.

    Returns
    -------
    int
        Line breaks inside quoted cells.

    Raises
    ------
    FileRefused
        ``stray_quote``: one stands in the middle of a cell, or the last one is never closed.
    """
    beside = np.zeros(256, np.bool_)
    beside[[10, 13, 34, ord(separator)]] = True
    inside, before, line, opened, breaks_inside = False, b"\n", 1, 1, 0
    for text in _not_cut_at_a_quote(text_chunks(path, encoding)):
        data = np.frombuffer(before + text, np.uint8)
        marks = np.flatnonzero(data == 34)
        breaks = np.flatnonzero(data[1:] == 10) + 1
        opening = (np.arange(len(marks)) % 2 == 0) ^ inside
        stray = marks[~beside[data[np.where(opening, marks - 1, marks + 1)]]]
        if len(stray):
            raise _stray_quote(path, "a quotation mark stands in the middle of a cell", line=line + int(np.searchsorted(breaks, stray[0])))
        breaks_inside += int(np.count_nonzero((np.searchsorted(marks, breaks) % 2 == 1) ^ inside))
        opened = line + int(np.searchsorted(breaks, marks[-1])) if len(marks) else opened
        inside ^= len(marks) % 2 == 1
        line, before = line + len(breaks), text[-1:]
    if inside:
        raise _stray_quote(path, "a quotation mark is opened and never closed", line=opened)
    return breaks_inside


def _not_cut_at_a_quote(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Cut the same text elsewhere, so that each quotation mark is seen together with what follows it."""
    held = b""
    for chunk in chunks:
        text = held + chunk
        body = text.rstrip(b'"')
        held = text[len(body) :]
        if body:
            yield body
    yield held + b"\n"


def _pass(path: Path, encoding: str) -> tuple[bool, int]:
    """Whether there is a quotation mark, and the line of the first byte that does not fit the encoding (0: none)."""
    quoted, line, since_break = False, 1, 0
    check = codecs.getincrementaldecoder("utf-8")()
    try:
        for text in text_chunks(path, encoding):
            quoted = quoted or b'"' in text
            if not text.isascii() or check.getstate()[0]:
                check.decode(text)
            line_break = b"\n" if b"\n" in text else b"\r"
            if b"\0" in text:
                raise FileRefused(
                    "nul_byte",
                    "there is a NUL byte, so the file is damaged or not text",
                    where=f"{shown(path.name)}, {_place(line + text[: text.index(0)].count(line_break), quoted=quoted)}",
                    do="Export the file again, as CSV in UTF-8.",
                )
            end = text.find(line_break)
            if since_break + (len(text) if end < 0 else end) > MAX_LINE:
                raise FileRefused(
                    "long_line",
                    "a line is longer than 1 MB, so this is no table",
                    where=f"{shown(path.name)}, {_place(line, quoted=quoted)}",
                    do="Export the file again, one row a line.",
                )
            since_break = since_break + len(text) if end < 0 else len(text) - text.rfind(line_break) - 1
            line += text.count(line_break)
        check.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return quoted, line + error.object[: error.start].count(b"\n")
    return quoted, 0


def _refuse_foreign(path: Path, head: bytes) -> None:
    if not head:
        raise FileRefused("empty_file", "the file is empty", where=shown(path.name), do="Export it again, or remove it from the folder.")
    kind = next((name for start, name in _FOREIGN if head.startswith(start)), "")
    if not kind and head.lstrip().startswith(b"<"):
        kind = "a web page or XML"
    if kind:
        raise FileRefused(
            "not_text",
            f"the content is {kind}, not CSV",
            where=shown(path.name),
            do="Save it as CSV (UTF-8) where it came from.",
        )


def _place(line: int, *, quoted: bool) -> str:
    """Lines are rows as long as no quoted cell can run over several of them."""
    return f"{'line' if quoted else 'row'} {line}"


def _undeclared(what: str, *, encoding: str, where: str) -> FileRefused:
    other = f', or add  encoding = "{encoding}"  at the top of dataset.toml' if encoding else ""
    do = f"Save the file as UTF-8{other}."
    return FileRefused("encoding", what, where=where, do=do)


def _stray_quote(path: Path, what: str, *, line: int) -> FileRefused:
    do = "Write quotation marks only around whole cells, and double those inside; most programs do so when they save as CSV."
    return FileRefused("stray_quote", what, where=f"{shown(path.name)}, line {line}", do=do)
