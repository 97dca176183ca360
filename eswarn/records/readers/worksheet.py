"""Take the cells of one worksheet, as the XML parser tells of them, into rows of text, within limits."""

from __future__ import annotations

import re
from pathlib import Path

from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers.headers import MAX_COLUMNS
from eswarn.records.readers.stored import Styles, stored_text

MAX_CELLS = 10_000_000
MAX_CELL = 32_767
MAX_ROWS = 1_048_576
_MAX_TEXT = 200_000_000  # characters over all cells; each text of the shared list counts once
_CELL = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")


class Enough(Exception):
    """As many rows have been read as were asked for."""


class Room:
    """How much has been read, over all worksheets; refuses what is more than the table of any school."""

    def __init__(self, path: Path) -> None:
        self.path, self.cells, self.characters = path, 0, 0

    def text(self, length: int) -> None:
        """Make room for a text."""
        self.characters += length
        if length > MAX_CELL:
            raise unsafe(self.path, f"a cell holds more than {MAX_CELL:,} characters")
        if self.characters > _MAX_TEXT:
            raise unsafe(self.path, "the texts of the workbook are too long together")

    def more(self, cells: int, *, column: int) -> None:
        """Make room for some cells, the last of which stands in a column counted from 1."""
        self.cells += cells
        if column > MAX_COLUMNS:
            do = "Export only the columns that are needed."
            raise FileRefused("wrong_shape", f"more than {MAX_COLUMNS:,} columns", where=shown(self.path.name), do=do)
        if self.cells > MAX_CELLS:
            raise unsafe(self.path, f"more than {MAX_CELLS:,} cells")


def unsafe(path: Path, what: str) -> FileRefused:
    """The refusal of a workbook that is past a limit."""
    return FileRefused("unsafe_file", what, where=shown(path.name), do="Save the table as CSV where it came from.")


class _Reading:
    """Which text belongs to a cell: not how it is spoken, not a formula."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.reads = self.aloud = False

    def text(self, part: str) -> None:
        """Take a part of a text."""
        if self.reads:
            self.parts.append(part)

    def _enter(self, tag: str, tags: set[str]) -> None:
        self.aloud = self.aloud or tag == "rPh"
        self.reads = tag in tags and not self.aloud

    def _leave(self, tag: str) -> None:
        self.reads = False
        self.aloud = self.aloud and tag != "rPh"


class SharedTexts(_Reading):
    """The list of distinct texts that cells refer to by number."""

    def __init__(self, room: Room) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._room = room

    def start(self, tag: str, _: dict[str, str]) -> None:
        """Begin a text."""
        self._enter(tag, {"t"})
        if tag == "si":
            self.parts = []

    def end(self, tag: str) -> None:
        """Keep a text that is complete."""
        self._leave(tag)
        if tag == "si":
            self.texts.append("".join(self.parts))
            self._room.text(len(self.texts[-1]))


class Cells(_Reading):
    """The rows of a worksheet that hold anything, with the number of each, and how many formulas have no stored value."""

    def __init__(self, shared: list[str], styles: Styles, room: Room, *, rows: int) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.numbers: list[int] = []
        self.empty_formulas = 0
        self._shared, self._styles, self._room, self._limit = shared, styles, room, rows
        self._row: list[str] = []
        self._number = self._column = self._style = 0
        self._kind, self._formula, self._stored = "n", False, False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin a row, a cell, or what a cell holds."""
        self._enter(tag, {"v", "t"})
        self._stored = self._stored or self.reads
        if tag == "c":
            self._at(attributes.get("r", ""))
            self._kind, self._style, self.parts = attributes.get("t", "n"), int(attributes.get("s", 0)), []
            self._formula = self._stored = False
        elif tag == "row":
            number = int(attributes.get("r", self._number + 1))
            if not self._number < number <= MAX_ROWS:
                raise ValueError("rows out of order")
            self._row, self._number, self._column = [], number, 0
        elif tag == "f":
            self._formula = True

    def end(self, tag: str) -> None:
        """Keep a cell or row that is complete."""
        self._leave(tag)
        if tag == "c":
            self.empty_formulas += self._formula and not self._stored
            if self.parts:
                self._put("".join(self.parts))
        elif tag == "row" and any(text and not text.isspace() for text in self._row):
            self.rows.append(self._row)
            self.numbers.append(self._number)
            if len(self.rows) >= self._limit:
                raise Enough

    def _at(self, name: str) -> None:
        """Go to the cell that is named, or else to the next one."""
        column = self._column + 1
        if name:
            match = _CELL.fullmatch(name)
            if not match or int(match[2]) != self._number:
                raise ValueError("not the name of a cell of this row")
            column = 0
            for letter in match[1]:
                column = 26 * column + ord(letter) - 64
            if column <= self._column:
                raise ValueError("cells out of order")
        self._column = column

    def _put(self, value: str) -> None:
        if self._kind == "s":
            if not value.isdecimal():
                raise ValueError("not the number of a shared text")
            text = self._shared[int(value)]
        else:
            text = stored_text(value, kind=self._kind, style=self._style, styles=self._styles)
            self._room.text(len(text))
        if text:
            gap = self._column - 1 - len(self._row)
            self._room.more(gap + 1, column=self._column)
            self._row += [""] * gap
            self._row.append(text)
