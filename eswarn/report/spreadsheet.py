"""The page as a spreadsheet: real tables with a title, a sheet of notes, and not one formula."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from eswarn import words
from eswarn.report.contents import Contents

if TYPE_CHECKING:
    import pandas as pd

_CODE = re.compile("(?<=_)(?=x[0-9a-fA-F]{4}_)")
_OVERLAP = re.compile("_x[0-9a-fA-F]{4}_x[0-9a-fA-F]{4}_")
_CONTROL = re.compile("[\\x00-\\x08\\x0b-\\x1f\\ufffe\\uffff]")
FIRST_COUNT = 2  # column of the table of groups from which on there are counts
LONGEST = 32_767  # characters of a cell, as counted in UTF-16
SHARES = ("chance_share", "low", "high", "attended_share", "recent_share")
SHEETS = {"list": "sheet_list", "not_scored": "sheet_unscored", "groups": "sheet_groups", "since": "sheet_since", "facts": "sheet_facts"}
NOTES = ("prompt", "no_decision", "records_only", "may_differ", "how_to_read", "how_model", "how_reasons", "how_compared", "how_range",
         "how_tiers", "how_question", "how_audit")  # fmt: skip


def workbook(contents: Contents, tables: Mapping[str, pd.DataFrame]) -> bytes:
    """The tables as an XLSX file: a sheet each, and notes first. The same contents give the same bytes.

    Every text is written as text and every number as a number; a text longer than a cell is cut, which the notes then say.
    """
    import datetime as dt

    import xlsxwriter

    text, store = contents.text, io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    book = xlsxwriter.Workbook(store, options)
    book.set_properties({"title": text["title"], "comments": text["confidential"], "created": dt.datetime(2000, 1, 1)})  # noqa: DTZ001
    title = f"{text['title']}. {text['subtitle'].format(day=contents.day)}. {text['confidential']}."
    formats = {"title": book.add_format({"bold": True, "font_size": 14}), "text": book.add_format({"text_wrap": True, "valign": "top"}),
               "share": book.add_format({"num_format": "0 %", "valign": "top"}), "number": book.add_format({"valign": "top"})}  # fmt: skip
    notes, cut = book.add_worksheet(text["sheet_notes"]), 0
    for name, table in tables.items():
        sheet = book.add_worksheet(text[SHEETS[name]])
        cut += _fill(sheet, table, formats, title=title, name=name, shares={text[key] for key in SHARES})
    said = [*contents.summary, *(text[key] for key in NOTES), *contents.about.made_of]
    said += [text["groups_intro"].format(hidden="[c]"), text["facts_intro"]] if "groups" in tables else []
    said += [text["cut_cells"].format(cells=f"{cut:,}")] if cut else []
    _write_notes(notes, title, said, formats)
    book.close()
    return store.getvalue()


def _write_notes(sheet: Any, title: str, said: list[str], formats: Mapping[str, Any]) -> None:
    sheet.write_string(0, 0, title, formats["title"])
    sheet.set_column(0, 0, 110, formats["text"])
    sheet.set_portrait()
    for row, sentence in enumerate(said, 2):
        _write_text(sheet, row, 0, fitting(sentence), formats["text"])


def _fill(sheet: Any, table: pd.DataFrame, formats: Mapping[str, Any], *, title: str, name: str, shares: set[str]) -> int:
    """Write a title and a table below it; how many cells were cut."""
    sheet.write_string(0, 0, title, formats["title"])
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(2)
    sheet.freeze_panes(3, 0)
    heads, cut = list(table.columns), 0
    columns = [{"header": head} for head in heads]
    sheet.add_table(
        2, 0, 2 + max(len(table), 1), len(heads) - 1, {"name": f"eswarn_{name}", "columns": columns, "style": "Table Style Light 1"}
    )
    for place, head in enumerate(heads):
        values = table[head].tolist()
        longest = max((len(value) for value in values if isinstance(value, str)), default=8)
        sheet.set_column(place, place, min(max(longest, len(head), 8) + 2, 60))
        for row, value in enumerate(values, 3):
            if name == "groups" and place >= FIRST_COUNT and value.isdecimal():  # beside those that are hidden they are text
                sheet.write_number(row, place, int(value), formats["number"])
            elif isinstance(value, str):
                fits = fitting(value)
                cut += fits != value
                _write_text(sheet, row, place, fits, formats["text"])
            elif value is None or math.isnan(value):
                sheet.write_blank(row, place, None, formats["number"])
            else:
                sheet.write_number(row, place, value, formats["share" if head in shares else "number"])
    return cut


def _write_text(sheet: Any, row: int, place: int, text: str, style: Any) -> None:
    """Write a text, in parts where XlsxWriter would not write it as it is.

    It takes what begins with ``<r>`` and ends with ``</r>`` for XML of its own, and of ``_x0041_x0042_`` it escapes every other code only.
    Of parts it escapes all twice: none may hold such a code, and a control character, which would become one, becomes a question mark.
    """
    if (text.startswith("<r>") and text.endswith("</r>")) or _OVERLAP.search(text):
        text = _CONTROL.sub("?", text)
        sheet.write_rich_string(row, place, text[0], text[1], *_CODE.split(text[2:]), style)  # of fewer than three it makes nothing
    else:
        sheet.write_string(row, place, text, style)


def fitting(text: str) -> str:
    """A text as a cell can hold it: cut where it is too long; half a surrogate pair becomes a question mark."""
    sound = words.sound(text)
    wide = sound.encode("utf-16-le")
    return sound if len(wide) <= 2 * LONGEST else wide[: 2 * (LONGEST - 1)].decode("utf-16-le", errors="ignore") + "…"
