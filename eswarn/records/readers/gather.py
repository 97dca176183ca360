"""Gather records into a table of texts, for readers of formats that are no tables: rows by the number of their record."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused, Rejection, shown
from eswarn.records.readers.raw import Cells, Numbering, Raw, rows_in_words
from eswarn.records.tables import TABLE_MODELS

COUNTED = "rows are the records of the file, counted from 1"
_DOUBT = 10  # as in records/check.py: from so many rows on, and over half of all, the whole file is in doubt


class Gathered:
    """The rows of one table on their way into a `Raw`, and the records that were turned away.

    Parameters
    ----------
    path : Path
        The file that the records stand in.
    table : str
        Name of the table.
    headers : mapping of str to str
        The table's columns that the format can fill, each with the name it has there. No other column is kept.
    """

    def __init__(self, path: Path, table: str, headers: Mapping[str, str]) -> None:
        self.file, self.table, self.headers = shown(path.name), table, headers
        self.columns = {name: _Column() for name in headers}
        self.numbers: list[int] = []
        self.turned: dict[tuple[str, str, str, str], list[int]] = {}

    def add(self, number: int, texts: Mapping[str, str]) -> None:
        """Add a row made from the record of that number; a column that is not given is blank."""
        self.numbers.append(number)
        for name, column in self.columns.items():
            column.add(texts.get(name, ""))

    def turn_away(self, rule: str, number: int, *, what: str, do: str, column: str = "", rows: int = 1) -> None:
        """Turn away a record that would have made so many rows."""
        self.turned.setdefault((rule, column, what, do), []).extend([number] * rows)

    def raw(self, facts: DatasetFacts, *, notes: Sequence[str] = (), harmless: Sequence[str] = ()) -> Raw:
        """The rows as a `Raw`. Columns that stay blank throughout are left out where the table can do without them.

        Raises
        ------
        FileRefused
            No row says which school it is about, nor does ``dataset.toml`` (``missing_column``); or one rule that is not
            ``harmless`` turned away more than half of the rows.
        """
        rows = len(self.numbers)
        total = rows + sum(map(len, self.turned.values()))
        for (rule, _, what, do), numbers in self.turned.items():
            if rule not in harmless and len(numbers) >= _DOUBT and 2 * len(numbers) > total:
                where = f"{self.file}, {rows_in_words(np.unique(numbers))}"
                raise FileRefused(rule, f"{len(numbers):,} of {total:,} rows: {what}", where=where, do=do)
        if "school_id" in self.columns and facts.school:
            self.columns["school_id"].fill_in(facts.school)
        elif "school_id" in self.columns and rows and self.columns["school_id"].is_blank:
            do = f'Add  school = "its number"  at the top of dataset.toml, or save {self.headers["school_id"]} as well.'
            raise FileRefused("missing_column", "no record says which school it is about", where=self.file, do=do)
        needed = {name for name, field in TABLE_MODELS[self.table].model_fields.items() if field.is_required()}
        cells = {n: column.cells(self.headers[n]) for n, column in self.columns.items() if n in needed or not column.is_blank}
        rejections = tuple(
            Rejection(rule, len(numbers), tuple(sorted(set(numbers))[:5]), column, what, do)
            for (rule, column, what, do), numbers in self.turned.items()
        )
        numbering = Numbering(1, np.zeros(0, np.int64), np.array(self.numbers, np.int64))
        return Raw(self.file, self.table, cells, rows, numbering, len(cells), (COUNTED, *notes), rejections)


class _Column:
    """The texts of a column, each once, and which of them every row holds."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}
        self.index = array("i")

    def add(self, text: str) -> None:
        self.index.append(self.texts.setdefault(text.strip(), len(self.texts)))

    @property
    def is_blank(self) -> bool:
        return not any(self.texts)

    def fill_in(self, text: str) -> None:
        """Put a text where the column is blank."""
        if "" in self.texts:
            blank, place = self.texts[""], self.texts.setdefault(text, len(self.texts))
            self.index = array("i", (place if i == blank else i for i in self.index))

    def cells(self, header: str) -> Cells:
        return Cells(header, tuple(self.texts), np.array(self.index, np.int32))
