"""Write a report: one file whose ending says of which kind, or a folder with all of them."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eswarn import words
from eswarn.errors import UsageError
from eswarn.report.contents import Contents
from eswarn.report.locales import locale_of
from eswarn.report.page import render
from eswarn.report.spreadsheet import workbook
from eswarn.report.tables import tables, the_list

if TYPE_CHECKING:
    import pandas as pd

    from eswarn.model.scores import Scores

ENDINGS = (".html", ".xlsx", ".csv")


def report(
    scores: Scores, path: str | Path, *, names: Mapping[str, str] | None = None, locale: str = "en-GB", schools: Sequence[str] = ()
) -> Path:  # fmt: skip
    """Write the school's page, its spreadsheet, or its list.

    The same scores, names and choices give the same bytes: nothing written holds a clock or a random id.

    Parameters
    ----------
    scores : Scores
        What to show. Priority and watch are listed, universal is counted, every pupil without a score is named.
    path : str or Path
        Where to write; a file already there is replaced in one step. ``.html`` is the page with a sheet for each pupil on the list,
        ``.xlsx`` the same as a spreadsheet, ``.csv`` the list alone.
    names : mapping, optional
        Pupil id to name. Pupils without an entry keep their pseudonym. Names go into this one file and nowhere else.
    locale : str
        ``en-GB`` or ``en-US``.
    schools : sequence of str
        Only these schools; all where empty.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    UsageError
        The file cannot be written there, its ending is none of these, there is no such locale or school.
    """
    path = Path(path)
    if path.suffix.casefold() not in ENDINGS:
        raise UsageError(f"a report ends in {', '.join(ENDINGS)}", where=str(path), do="Name a file with one of these endings.")
    if path.suffix.casefold() == ".html":
        # "replace": an identifier with half a surrogate pair must not stop the page for everybody else.
        return _replace(path, render(scores, names=names, locale=locale, schools=schools).encode("utf-8", errors="replace"))
    contents = Contents(scores, names or {}, locale_of(locale), schools)
    if path.suffix.casefold() == ".xlsx":
        return _replace(path, workbook(contents, tables(contents)))
    return _replace(path, as_csv(the_list(contents)))


def write_reports(
    scores: Scores, folder: Path, *, names: Mapping[str, str] | None = None, locale: str = "en-GB", schools: Sequence[str] = ()
) -> list[Path]:  # fmt: skip
    """Write everything into a folder that exists: report.html, report.xlsx and a CSV file for each table; their paths."""
    contents = Contents(scores, names or {}, locale_of(locale), schools)
    made = tables(contents)
    page = render(scores, names=names, locale=locale, schools=schools).encode("utf-8", errors="replace")
    return [
        _replace(folder / "report.html", page),
        _replace(folder / "report.xlsx", workbook(contents, made)),
        *(_replace(folder / f"{name}.csv", as_csv(table)) for name, table in made.items()),
    ]


def as_csv(table: pd.DataFrame) -> bytes:
    """A table as CSV for spreadsheets: with the mark that tells them it is UTF-8, and every text that would run marked as text.

    Every text stands in quotes, so that no semicolon, tab or line break within one begins a cell; no number does.
    """
    import pandas as pd

    safe = table.copy()
    for name in safe.columns:
        if pd.api.types.is_string_dtype(safe[name]):
            safe[name] = [words.cell(text) for text in safe[name].astype(str)]
    text: str = safe.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return text.encode("utf-8-sig", errors="replace")


def _replace(path: Path, content: bytes) -> Path:
    unfinished = path.with_name(path.name + ".tmp")
    try:
        unfinished.write_bytes(content)
        os.replace(unfinished, path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise UsageError(
            f"the report could not be written ({error.strerror})", where=str(path), do="Name a file in a folder that exists."
        ) from None
    return path
