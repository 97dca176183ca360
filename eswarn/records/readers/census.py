"""Read a termly school census file: the sessions of each pupil in one term, a column for each code, added up and never believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from eswarn.config import DatasetFacts
from eswarn.records.arrays import Bools
from eswarn.records.ledger import FileRefused, Rejection, shown
from eswarn.records.readers.census_header import find, is_census
from eswarn.records.readers.census_sums import BLANK, Sums, add_up
from eswarn.records.readers.census_terms import Term, term
from eswarn.records.readers.csv import read_columns
from eswarn.records.readers.peek import Peek
from eswarn.records.readers.raw import Cells, Ints, Numbering, Raw
from eswarn.records.rules import DO
from eswarn.words import count as counted

NAME = "termly school census (CSV)"
# DfE's letters for the kind of enrolment; a previous pupil, further education and another provider are none of ours.
_STATUS = {"C": "single", "M": "main", "S": "subsidiary", "G": "guest", "P": "", "F": "", "O": ""}
_NO_YEAR = "X"  # in NCyearActual: the pupil follows no year group


def fits(peek: Peek, facts: DatasetFacts) -> bool:
    """Whether a row near the top of a text file has a column for the possible sessions of a term."""
    return peek.kind == "text" and is_census(peek.text(facts), facts)


def read(path: Path, *, facts: DatasetFacts) -> Sequence[Raw]:
    r"""Read one census file.

    Two shapes are known: reasons of absence (``T_Reason_I`` …), and a column for each register code (headers ``/``, ``\\``,
    ``B`` …, to the letter). A blank count is 0, in this format alone. Authorised and unauthorised sessions are added up from
    the codes by what they meant in the term; totals that the file supplies are compared with them and then left.

    Parameters
    ----------
    path : Path
        A CSV file. Which term it counts is not in it: ``facts.terms`` says so, by the file's name.

    Returns
    -------
    sequence of Raw
        ``term_totals``; ``context`` where there is a year group or a sex; ``enrolment`` where there is an entry date. All
        of it is known from the day of the census that collects the term.

    Raises
    ------
    FileRefused
        No term (``missing_column``), mixed shapes, counts below zero or with a fraction (``wrong_shape``), a reason that is
        no register code (``unknown_code``), and whatever `readers.csv.read` refuses.
    """
    file = shown(path.name)
    in_term = _term(path.name, facts=facts, file=file)
    raw = read_columns(path, "term_totals", pick=lambda text: find(text, facts=facts, file=file), facts=facts)
    blank = _blank(raw)
    return [
        _totals(raw, add_up(raw, in_term, blank=blank), in_term),
        *_context(raw, blank, in_term),
        *_enrolment(raw, blank, in_term),
    ]


def _term(name: str, *, facts: DatasetFacts, file: str) -> Term:
    wording = facts.terms.get(name, "")
    if found := term(wording):
        return found
    what = "dataset.toml gives it no term that can be read" if wording else "a census file does not say its term, nor does dataset.toml"
    do = f'Add  "{shown(name, 255)}" = "autumn 2025"  under [terms] in dataset.toml: autumn, spring, summer 1 or summer 2, and the year.'
    raise FileRefused("missing_column", what, where=file, do=do)


def _blank(raw: Raw) -> Bools:
    blank = np.ones(raw.rows, np.bool_)
    for cells in raw.columns.values():
        blank &= np.array([not text for text in cells.texts], np.bool_)[cells.index]
    return blank


def _totals(raw: Raw, sums: Sums, in_term: Term) -> Raw:
    columns = _shared(raw, sums.rows, in_term) | {
        "starts_on": _same("term", in_term.starts_on.isoformat(), len(sums.rows)),
        "ends_on": _same("term", in_term.ends_on.isoformat(), len(sums.rows)),
    }
    for name, values in sums.sessions.items():
        distinct, index = np.unique(values, return_inverse=True)
        header = raw.columns[name].header if name in raw.columns else name
        columns[name] = Cells(header, tuple(map(str, distinct.tolist())), index.astype(np.int32))
    return _table(raw, "term_totals", columns, rows=sums.rows, notes=(*raw.notes, *sums.notes), rejections=sums.rejections)


def _context(raw: Raw, blank: Bools, in_term: Term) -> list[Raw]:
    """Year group and sex from the first day of the term."""
    given = [name for name in ("sex", "year_group") if name in raw.columns]
    notes: tuple[str, ...] = ()
    if in_term.name.startswith("summer") and "year_group" in given:
        given.remove("year_group")
        notes = ("year groups not kept: the autumn census, which collects the summer, may hold those of the next school year",)
    if not given:
        return []
    rows = np.flatnonzero(~blank)
    columns = _shared(raw, rows, in_term) | {name: _some(raw.columns[name], rows) for name in given}
    columns["valid_from"] = _same("term", in_term.starts_on.isoformat(), len(rows))
    if "year_group" in given:
        cells = columns["year_group"]
        columns["year_group"] = replace(cells, texts=tuple("" if text.upper() == _NO_YEAR else text for text in cells.texts))
    return [_table(raw, "context", columns, rows=rows, notes=notes, rejections=_blank_rows(raw, blank))]


def _enrolment(raw: Raw, blank: Bools, in_term: Term) -> list[Raw]:
    """Stays at a school, of the pupils whose entry date is given."""
    if "entered_on" not in raw.columns:
        return []
    cells = raw.columns["entered_on"]
    given = np.array([text != "" for text in cells.texts], np.bool_)[cells.index]
    without = int(np.count_nonzero(~given & ~blank))
    rows = np.flatnonzero(given)
    columns = _shared(raw, rows, in_term) | {"entered_on": _some(cells, rows)}
    if "status" in raw.columns:
        status = _some(raw.columns["status"], rows)
        columns["status"] = replace(status, texts=tuple(_STATUS.get(text.upper(), text) for text in status.texts))
    notes = (f"{counted(without, 'row')} without an entry date: not an enrolment",) if without else ()
    return [_table(raw, "enrolment", columns, rows=rows, notes=notes, rejections=_blank_rows(raw, blank))] if len(rows) else []


def _shared(raw: Raw, rows: Ints, in_term: Term) -> dict[str, Cells]:
    """What every table has: pupil, school, and the day from which the census was known."""
    columns = {name: _some(raw.columns[name], rows) for name in ("pupil_id", "school_id") if name in raw.columns}
    return columns | {"recorded_on": _same("census", in_term.known_on.isoformat(), len(rows))}


def _some(cells: Cells, rows: Ints) -> Cells:
    return replace(cells, index=cells.index[rows])


def _same(header: str, text: str, rows: int) -> Cells:
    return Cells(header, (text,), np.zeros(rows, np.int32))


def _blank_rows(raw: Raw, blank: Bools) -> tuple[Rejection, ...]:
    rows = np.flatnonzero(blank)
    first = tuple(map(int, raw.numbering.of(rows[:5])))
    return (Rejection("blank_row", len(rows), first, "", BLANK, DO["blank_row"]),) if len(rows) else ()


def _table(
    raw: Raw, table: str, columns: dict[str, Cells], *, rows: Ints, notes: tuple[str, ...], rejections: tuple[Rejection, ...]
) -> Raw:
    numbering = Numbering(raw.numbering.first, raw.numbering.ragged, raw.numbering.of(rows))
    return Raw(raw.file, table, columns, len(rows), numbering, raw.fields, notes, rejections)
