"""Attendance marks: lessons that are no sessions, codes nobody knows, and codes that were not in force on their day."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from eswarn.records.codes import CodeTable
from eswarn.records.ledger import FileRefused
from eswarn.records.readers.raw import Ints, Raw
from eswarn.words import count as counted

_MANY = 12  # with more unknown codes than this, the column is probably not one of marks and none of it is shown
_EXAMPLE = {"england": "I", "us": "EA", "neutral": "AA"}
_CALLED = {"england": "England", "us": "United States", "neutral": "neutral"}
_LONGEST_LESSON = 20  # a pattern is never tried on a cell of any length
_LESSON = re.compile(r"(?:(?:mon|tue|wed|thu|fri)\w*[\s:]*)?(?:p|per|period|l|lesson|mod|module)?[\s:.]*[0-9]{1,2}[a-z]?", re.IGNORECASE)


def is_lesson(session: str) -> bool:
    """Whether a session is written like a lesson of the timetable: ``1``, ``P3``, ``Period 5``, ``Mon:2``."""
    return len(session) <= _LONGEST_LESSON and _LESSON.fullmatch(session) is not None


def refuse_unknown(raw: Raw, rows: Ints, *, table: CodeTable) -> FileRefused:
    """The refusal of a file in which some rows hold a code of no era, each named once if it looks like a mark.

    Parameters
    ----------
    rows : numpy.ndarray of int
        The rows whose code is unknown, among those that were read.
    """
    cells = raw.columns["code"]
    codes = sorted({cells.texts[i] for i in np.unique(cells.index[rows])})
    named = ", ".join(dict.fromkeys(_describe(code, table) for code in codes))
    if len(codes) > _MANY:
        named = f"{len(codes):,} different texts; is this the column of marks?"
    small = [code for code in codes if _is_small(code, table)]
    if small == codes and len(codes) <= _MANY:
        lines = "  and  ".join(f'{_key(code)} = "{code.upper()}"' for code in codes)
        do = f"Add  {lines}  under [codes.map] in dataset.toml{', a line each' if len(codes) > 1 else ''}, or correct the file."
    else:
        example = next((code for code in codes if _looks_like_a_mark(code)), "…") if len(codes) <= _MANY else "…"
        stands_for = f'{_key(example)} = "{_EXAMPLE[table.jurisdiction]}"'
        do = f'Add  {stands_for}  (or what it stands for; "-" for no mark) under [codes.map] in dataset.toml, or correct the file.'
    verb = "is" if len(rows) == 1 else "are"
    return FileRefused(
        "unknown_code",
        f"{counted(len(rows), 'mark')} {verb} not in the {_CALLED[table.jurisdiction]} table of register codes (codes: {named})",
        where=raw.where(rows, "code"),
        do=do,
    )


def out_of_force(codes: Sequence[str | None], index: npt.NDArray[np.int32], *, days: npt.NDArray[np.int32], table: CodeTable) -> str:
    """A note on marks whose code was not in force on their day; empty where there are none.

    Only codes that were not always in force are looked up mark by mark.
    """
    some = np.array([code is not None and code in _changing(table) for code in codes], np.bool_)
    rows = np.flatnonzero(some[index])
    known = [code or "-" for code in codes]
    odd = rows[table.lookup(known, index[rows], days[rows]).not_valid_on_date]
    if not len(odd):
        return ""
    named = ", ".join(sorted({known[i] for i in np.unique(index[odd])}))
    return f"{counted(len(odd), 'mark')} with a code that was not in force on the day ({named}), read with its meaning when it was"


def _changing(table: CodeTable) -> set[str]:
    eras = {row.valid_from for row in table.rows}
    return {code for code in table.codes - {"-"} if len([r for r in table.rows if r.code == code]) < len(eras)}


def _looks_like_a_mark(code: str) -> bool:
    return re.fullmatch(r"[A-Z0-9/\\+\-#]{1,3}", code) is not None


def _is_small(code: str, table: CodeTable) -> bool:
    return code.upper() in table.codes


def _key(code: str) -> str:
    """A code as a key of TOML: other signs than letters and digits need quotes."""
    return code if re.fullmatch(r"[A-Za-z0-9]+", code) else f"'{code}'"


def _describe(code: str, table: CodeTable) -> str:
    if _looks_like_a_mark(code):
        return code
    if _is_small(code, table):
        return f"{code.upper()} in lower case"
    return f"text of {len(code)} character{'s' if len(code) != 1 else ''}"
