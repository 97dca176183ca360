"""Add up a termly census by register code: what each code meant in the term, which rows cannot be, what supplied totals said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eswarn.records.arrays import Bools
from eswarn.records.codes import Code, code_table
from eswarn.records.ledger import FileRefused, Rejection, shown
from eswarn.records.readers.census_header import CODE
from eswarn.records.readers.census_terms import Term
from eswarn.records.readers.raw import Ints, Raw
from eswarn.records.rules import DO
from eswarn.words import count as counted

BLANK = "no value in any column that is read"
_WHOLE = re.compile(r"([0-9]{1,12})(?:\.0{1,6})?")
_NOT_WHOLE = re.compile(r"-[0-9.]{1,20}|[0-9]{0,12}\.[0-9]{1,20}")
_DOUBT = 10  # rows under one rule from which, if they are over half, the file is in doubt, as everywhere
_SHOWN_FROM = 10  # rows from which a sum over them tells nothing about one pupil
_EMPTY_SINCE = "F"  # in force until 2024, and empty in every return since 2013


@dataclass(frozen=True, slots=True)
class Sums:
    """The sessions of a term, added up.

    Attributes
    ----------
    rows : array of int
        The rows that can be, by their place among those read.
    sessions : mapping of str to array of int
        For each of those rows, by column of ``term_totals``.
    rejections : tuple of Rejection
        The other rows.
    notes : tuple of str
        How supplied totals differ, and which codes the file has no column for.
    """

    rows: Ints
    sessions: Mapping[str, Ints]
    rejections: tuple[Rejection, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Fault:
    rule: str
    rows: Bools
    what: str
    do: str
    harmless: bool = False


def add_up(raw: Raw, term: Term, *, blank: Bools) -> Sums:
    """Add the sessions of each row up by what its codes meant in the term.

    Parameters
    ----------
    raw : Raw
        With columns ``possible``, ``code I`` … and, where supplied, ``said authorised`` and ``said unauthorised``.
    blank : array of bool
        Rows that are empty.

    Raises
    ------
    FileRefused
        ``wrong_shape``: a count is below zero or a fraction. Any rule that more than half of the rows break.
    """
    meanings = _in_force(term)
    bad = np.zeros(raw.rows, np.bool_)
    counts: dict[str, Ints] = {}
    for name in raw.columns:
        if name == "possible" or name.startswith(CODE):
            counts[name.removeprefix(CODE)], not_number = _counts(raw, name)
            bad |= not_number
    sums = _by_category(counts, meanings)
    faults = _faults(raw, counts, sums, meanings, blank=blank, bad=bad)
    rejected = np.zeros(raw.rows, np.bool_)
    rejections = []
    for fault in faults:
        rows = np.flatnonzero(fault.rows & ~rejected)
        rejected |= fault.rows
        if len(rows) >= _DOUBT and 2 * len(rows) > raw.rows and not fault.harmless:
            raise FileRefused(fault.rule, f"{len(rows):,} of {raw.rows:,} rows: {fault.what}", where=raw.where(rows), do=fault.do)
        if len(rows):
            first = tuple(map(int, raw.numbering.of(rows[:5])))
            rejections.append(Rejection(fault.rule, len(rows), first, "", fault.what, fault.do))
    kept = np.flatnonzero(~rejected)
    notes = (*_no_column(counts, meanings), *_unmarked(sums, counts, kept), *_differences(raw, sums, kept))
    return Sums(kept, {name: values[kept] for name, values in sums.items() if name != "attended"}, tuple(rejections), notes)


def _in_force(term: Term) -> dict[str, Code]:
    """Codes in force on any day of the term, each with its latest meaning in it."""
    rows = code_table("england").rows
    return {row.code: row for row in rows if row.valid_from <= term.ends_on and row.valid_to >= term.starts_on}


def _counts(raw: Raw, name: str) -> tuple[Ints, Bools]:
    """The counts of one column, blank being 0, and the rows whose cell is no number."""
    cells = raw.columns[name]
    values, bad = np.zeros(len(cells.texts), np.int64), np.zeros(len(cells.texts), np.bool_)
    for i, text in enumerate(cells.texts):
        if match := _WHOLE.fullmatch(text):
            values[i] = int(match[1])
        elif _NOT_WHOLE.fullmatch(text) and len(rows := np.flatnonzero(cells.index == i)):
            do = "Export whole numbers of sessions; percentages and differences are not read."
            raise FileRefused("wrong_shape", "a count of sessions below zero or with a fraction", where=raw.where(rows, name), do=do)
        else:
            bad[i] = text != ""
    return values[cells.index], bad[cells.index]


def _by_category(counts: Mapping[str, Ints], meanings: Mapping[str, Code]) -> dict[str, Ints]:
    """The columns of ``term_totals``, and the sessions attended; one that no code gives is left out, for it is not known."""
    none = np.zeros_like(counts["possible"])

    def total(*categories: str) -> Ints:
        chosen = [values for code, values in counts.items() if code in meanings and meanings[code].category in categories]
        return sum(chosen, start=none)

    sums = {
        "possible": counts["possible"],
        "authorised": total("authorised"),
        "unauthorised": total("unauthorised"),
        "attended": total("attended", "approved"),
    }
    return sums | {name: counts[code] for name, code in (("illness", "I"), ("excluded", "E"), ("late", "L")) if code in counts}


def _faults(
    raw: Raw, counts: Mapping[str, Ints], sums: Mapping[str, Ints], meanings: Mapping[str, Code], *, blank: Bools, bad: Bools
) -> list[_Fault]:
    cells = raw.columns["possible"]
    unknown = np.array([text == "" for text in cells.texts], np.bool_)[cells.index]
    foreign = {code: values > 0 for code, values in counts.items() if code != "possible" and code not in meanings}
    odd = np.logical_or.reduce([np.zeros(raw.rows, np.bool_), *foreign.values()])
    named = ", ".join(sorted(code for code, rows in foreign.items() if rows.any()))
    absent = sums["authorised"] + sums["unauthorised"]
    too_many = absent + sums["attended"] > sums["possible"]
    return [
        _Fault("blank_row", blank, BLANK, DO["blank_row"], harmless=True),
        _Fault("not_a_number", bad, "a count that is not a number", "Correct the cell, or leave it empty where there were no sessions."),
        _Fault("missing_value", unknown, "no possible sessions", "Nothing to do where the pupil has no attendance return.", harmless=True),
        _Fault(
            "code_not_valid_on_date",
            odd,
            f"sessions under a code that was not in force in the term ({named})",
            "Check the term of the file under [terms] in dataset.toml, or correct the file.",
        ),
        _Fault(
            "totals_do_not_match",
            too_many,
            "the codes add up to more sessions than were possible",
            "Correct the row where it came from, or leave it out; absence cannot be told from it.",
        ),
    ]


def _no_column(counts: Mapping[str, Ints], meanings: Mapping[str, Code]) -> tuple[str, ...]:
    absences = {code for code, row in meanings.items() if row.category in {"authorised", "unauthorised"}} - {_EMPTY_SINCE}
    missing = sorted(absences - counts.keys())
    return (f"no column for {', '.join(missing)}: sessions under {'it' if len(missing) == 1 else 'them'}, if any, are not counted",) * bool(
        missing
    )


def _unmarked(sums: Mapping[str, Ints], counts: Mapping[str, Ints], kept: Ints) -> tuple[str, ...]:
    """Rows whose codes leave a part of the possible sessions open; only files with both signs of presence can tell."""
    if not {"/", "\\"} <= counts.keys():
        return ()
    told = sums["authorised"] + sums["unauthorised"] + sums["attended"]
    short = int(np.count_nonzero(told[kept] < sums["possible"][kept]))
    return (f"{counted(short, 'row')} with fewer sessions under codes than were possible: the rest have no mark",) * bool(short)


def _differences(raw: Raw, sums: Mapping[str, Ints], kept: Ints) -> tuple[str, ...]:
    """How the totals that the file supplies differ from the codes added up; no sum over a few rows, which might be one pupil's."""
    notes = []
    for name in ("authorised", "unauthorised"):
        if f"said {name}" not in raw.columns:
            continue
        cells = raw.columns[f"said {name}"]
        said = np.array([int(match[1]) if (match := _WHOLE.fullmatch(text)) else -1 for text in cells.texts], np.int64)[cells.index][kept]
        other = np.flatnonzero((said >= 0) & (said != sums[name][kept]))
        if len(other):
            told, added = int(said[other].sum()), int(sums[name][kept][other].sum())
            much = f" ({told:,} sessions for {added:,})" if len(other) >= _SHOWN_FROM else ""
            where = f'column "{shown(cells.header)}"'
            notes.append(f"{where} differs from its codes added up in {len(other):,} of {counted(len(kept), 'row')}{much}; the codes count")
    return tuple(notes)
