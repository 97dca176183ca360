"""Reads what exporters wrote as a browser and a spreadsheet would: pages as events, workbooks from their XML, CSV by any separator."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import openpyxl

SEPARATORS = (",", ";", "\t", "|")
# A cell that a spreadsheet takes for a formula, unless it is a number; leading blanks and what cannot be seen do not help.
LIVE = re.compile(r"[\s\x00-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?\Z")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


class Page(HTMLParser):
    """A page as a list of what stands in it: tags with their attributes' names (``shape``), and texts and values (``told``)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.shape: list[tuple[str, ...]] = []
        self.told: list[str] = []
        self.live: list[str] = []
        self.scripts = 0
        self._text: list[str] = []
        self.feed(page)
        self.close()
        self._end_text()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_text()
        self.shape.append((tag, *(name for name, _ in attrs)))
        self.told += [value or "" for _, value in attrs]
        self.scripts += tag == "script"
        outside = [name for name, value in attrs if name in ("href", "src", "action", "srcdoc") and not (value or "").startswith("#")]
        runs = [name for name, _ in attrs if name.startswith("on")]
        self.live += [f"<{tag} {name}>" for name in (*outside, *runs)]

    def handle_endtag(self, tag: str) -> None:
        self._end_text()
        self.shape.append((f"/{tag}",))

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_comment(self, _: str) -> None:
        self.shape.append(("a comment",))

    def handle_decl(self, _: str) -> None:
        self.shape.append(("a declaration",))

    def unknown_decl(self, _: str) -> None:
        self.shape.append(("a marked section",))

    def handle_pi(self, _: str) -> None:
        self.shape.append(("an instruction",))

    def _end_text(self) -> None:
        if self._text:
            self.told.append("".join(self._text))
            self.shape.append(("text",))
            self._text.clear()


def read_csv(content: bytes, separator: str = ",") -> list[list[str]]:
    """The cells of a CSV file, as they stand."""
    limit = csv.field_size_limit(10_000_000)
    try:
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator))
    finally:
        csv.field_size_limit(limit)


def live_in_csv(content: bytes) -> list[str]:
    """Cells that a spreadsheet would run, whichever separator it takes for its own."""
    return [
        f"by {separator!r}: {cell!r:.60}"
        for separator in SEPARATORS for row in read_csv(content, separator) for cell in row if LIVE.match(cell) and not NUMBER.match(cell)
    ]  # fmt: skip


def read_book(content: bytes) -> tuple[dict[str, list[list[str | float]]], list[str], dict[str, list[str]]]:
    """A workbook: cells of each sheet, what in it would run or lead elsewhere, and the names of the tables of each sheet.

    Texts are read from the XML, where ``_x0041_`` is the letter A as in Excel; openpyxl must be able to open it, too.
    """
    book = openpyxl.load_workbook(io.BytesIO(content))
    tables = {sheet.title: list(sheet.tables) for sheet in book.worksheets}
    live = [f"{sheet.title}: {cell.value!r:.60}" for sheet in book.worksheets for row in sheet.iter_rows() for cell in row
            if cell.data_type == "f" or cell.hyperlink]  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        shared = ["".join(_decoded(t.text or "") for t in item.iter(f"{_MAIN}t"))
                  for item in ElementTree.fromstring(parts.read("xl/sharedStrings.xml"))]  # fmt: skip
        live += [name for name in parts.namelist() if re.search("externalLink|vba|macro|embeddings|connections", name)]
        sheets = {}
        for number, title in enumerate(tables, 1):
            root = ElementTree.fromstring(parts.read(f"xl/worksheets/sheet{number}.xml"))
            live += [f"{title}: {part}" for part in ("f", "hyperlink", "dataValidation") for _ in root.iter(f"{_MAIN}{part}")]
            sheets[title] = [[_value(c, shared) for c in row.iter(f"{_MAIN}c")] for row in root.iter(f"{_MAIN}row")]
        relations = [name for name in parts.namelist() if name.endswith(".rels")]
        live += [f"{name}: leads elsewhere" for name in relations if b"TargetMode" in parts.read(name)]
    return sheets, live, tables


def _decoded(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _value(cell: Any, shared: list[str]) -> str | float:
    value = cell.find(f"{_MAIN}v")
    if value is None:
        return ""
    return shared[int(value.text)] if cell.get("t") == "s" else float(value.text)
