"""What every reader hands on: each cell as text, each distinct text once, and the row numbers a spreadsheet shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from eswarn.records.ledger import Rejection, shown

Ints = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Cells:
    """One column: its header, its distinct texts without spaces around them, and for each row which of them it holds."""

    header: str
    texts: tuple[str, ...]
    index: npt.NDArray[np.int32]

    @classmethod
    def of(cls, header: str, column: pa.ChunkedArray) -> Cells:
        """Take a column of dictionary-encoded text.

        Raises
        ------
        UnicodeDecodeError
            A text is not UTF-8 (possible in Parquet only).
        """
        one = column.unify_dictionaries().combine_chunks()
        return cls(header, tuple(t.strip() for t in one.dictionary.to_pylist()), one.indices.to_numpy(zero_copy_only=False))

    @classmethod
    def of_texts(cls, header: str, texts: Sequence[str]) -> Cells:
        """Take a column given as one text a row."""
        place: dict[str, int] = {}
        index = np.fromiter((place.setdefault(text.strip(), len(place)) for text in texts), np.int32, len(texts))
        return cls(header, tuple(place), index)

    @property
    def counts(self) -> Ints:
        """How often each distinct text occurs."""
        return np.bincount(self.index, minlength=len(self.texts))


@dataclass(frozen=True, slots=True)
class Numbering:
    """How rows are numbered: as a spreadsheet shows them, the header and the ragged rows included.

    Attributes
    ----------
    first : int
        Number of the first row below the header.
    ragged : numpy.ndarray of int
        Numbers of the rows with too many or too few fields, which are in no column.
    """

    first: int
    ragged: Ints
    stated: Ints | None = None  # where one row of the file becomes several: the number of each, in order

    def of(self, rows: Ints) -> Ints:
        """Number of each row, from its place among the rows that were read."""
        if self.stated is not None:
            return self.stated[rows]
        gaps = self.ragged - self.first - np.arange(len(self.ragged))
        numbers: Ints = self.first + rows + np.searchsorted(gaps, rows, side="right")
        return numbers


@dataclass(frozen=True, slots=True)
class Raw:
    """A file of one table, found by its headers and not yet checked.

    Attributes
    ----------
    columns : mapping of str to Cells
        By the table's own column names. Columns that no table knows were never read.
    rows : int
        Rows with as many fields as the header.
    fields : int
        Number of fields in the header.
    rejections : tuple of Rejection
        Rows that the reader itself turned away; they are in no column.
    """

    file: str
    table: str
    columns: Mapping[str, Cells]
    rows: int
    numbering: Numbering
    fields: int
    notes: tuple[str, ...] = ()
    rejections: tuple[Rejection, ...] = ()

    def where(self, rows: Ints, column: str = "") -> str:
        """Say where in the file some rows stand: ``marks.csv, rows 214–227, column "Mark"``; ``rows`` in rising order."""
        header = f', column "{shown(self.columns[column].header)}"' if column in self.columns else ""
        return f"{self.file}, {rows_in_words(self.numbering.of(rows))}{header}"


def rows_in_words(numbers: Ints) -> str:
    """Say which rows: ``row 3``, ``rows 3–9``, ``rows 3, 7, 12 and 40 more``."""
    numbers = np.unique(numbers)  # one row of the file may be several of the table
    few, count = [int(n) for n in numbers[:3]], len(numbers)
    if count == 1:
        return f"row {few[0]}"
    if int(numbers[-1]) - few[0] + 1 == count:
        return f"rows {few[0]}–{int(numbers[-1])}"
    rest = f" and {count - len(few):,} more" if count > len(few) else ""
    return f"rows {', '.join(map(str, few))}{rest}"
