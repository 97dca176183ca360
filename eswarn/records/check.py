"""Raw text to a checked table: each row of a file is accepted or rejected by a rule, and the account balances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from eswarn.config import DatasetFacts
from eswarn.records.codes import CodeTable, code_table
from eswarn.records.exports import plain
from eswarn.records.judge import Judged, judge
from eswarn.records.ledger import FileLedger, FileRefused, Rejection, shown
from eswarn.records.marks import out_of_force, refuse_unknown
from eswarn.records.readers.raw import Ints, Numbering, Raw, rows_in_words
from eswarn.records.rules import Rule
from eswarn.records.tables import GRAIN, TABLE_MODELS, arrow_schema
from eswarn.records.values import totals
from eswarn.words import count as counted

_NEVER_BLANKED = {("enrolment", "left_on"), ("behaviour", "role")}
_DOUBT = 10  # rows breaking one rule from which, if they are over half, the whole file is in doubt


@dataclass(frozen=True, slots=True)
class Checked:
    """The accepted rows of one file, and where each stood in it."""

    table: pa.Table
    ledger: FileLedger
    numbering: Numbering
    kept: Ints | None

    def numbers(self, rows: Ints) -> Ints:
        """Number in the file, as a spreadsheet shows it, of some rows of ``table``."""
        return self.numbering.of(rows if self.kept is None else self.kept[rows])


def check(raw: Raw, facts: DatasetFacts) -> Checked:
    """Judge every row of a file.

    Parameters
    ----------
    raw : Raw
        A file as a reader gives it.
    facts : DatasetFacts
        Order of dates, local codes, one or two marks a day.

    Returns
    -------
    Checked
        The accepted rows in the types of ``records.tables``, in the order of the file, and the ledger.

    Raises
    ------
    FileRefused
        A rule that puts the whole file in doubt is broken, or one rule by more than half of its rows.
    """
    raw, deleted = plain(raw)
    columns, dates_and_codes = judge(raw, facts)
    notes = [*raw.notes, *dates_and_codes]
    verdict = _Verdict(raw.rows)
    for rule, rows in [*_whole_rows(raw), *deleted]:
        verdict.reject(rule, rows)
    for name, judged in columns.items():
        verdict.follow(judged, needed=_needed(raw.table, name, columns))
    for rule, rows in _across(raw.table, columns):
        verdict.reject(rule, rows)
    rejections = _account(raw, verdict, codes=code_table(facts.profile))
    blanked = _blanked(raw, columns, verdict)
    kept = np.flatnonzero(verdict.of_row == 0) if verdict.of_row.any() else None
    notes += _notes(columns, kept, codes=code_table(facts.profile)) if raw.table == "attendance" else []
    table = _table(raw.table, columns, kept=kept, rows=raw.rows)
    ledger = FileLedger(raw.file, raw.table, _total(raw), table.num_rows, rejections=rejections, blanked=blanked, notes=tuple(notes))
    return Checked(table, ledger, raw.numbering, kept)


class _Verdict:
    """The first rule that each row breaks: 0 for none, else its place in ``rules``, counted from 1."""

    def __init__(self, rows: int) -> None:
        self.rules: list[Rule] = []
        self.of_row = np.zeros(rows, np.uint16)

    def reject(self, rule: Rule, rows: npt.NDArray[np.bool_]) -> None:
        """Reject some rows, unless they are rejected already."""
        if rows.any():
            self.rules.append(rule)
            self.of_row[rows & (self.of_row == 0)] = len(self.rules)

    def follow(self, judged: Judged, *, needed: bool | npt.NDArray[np.bool_]) -> None:
        """Reject the rows whose text in one column breaks a rule, as far as the cell is needed there."""
        if not judged.broken or needed is False:
            return
        rules = list(dict.fromkeys(judged.broken.values()))
        of_text = np.zeros(len(judged.values), np.uint16)
        for i, rule in judged.broken.items():
            of_text[i] = len(self.rules) + 1 + rules.index(rule)
        self.rules += rules
        np.copyto(self.of_row, of_text[judged.index], where=(self.of_row == 0) & needed)


def _whole_rows(raw: Raw) -> list[tuple[Rule, npt.NDArray[np.bool_]]]:
    """Empty rows and rows of totals."""
    blank = np.ones(raw.rows, np.bool_)
    for cells in raw.columns.values():
        empty = np.array([not text for text in cells.texts], np.bool_)
        blank = blank & empty[cells.index] if empty.any() else np.zeros(raw.rows, np.bool_)
    found = [(Rule("blank_row", "", "no value in any column that is read", harmless=True), blank)]
    if "pupil_id" in raw.columns:
        cells = raw.columns["pupil_id"]
        total = totals(cells.texts)
        rule = Rule("totals_row", "pupil_id", "a row of totals", harmless=True)
        found += [(rule, total[cells.index])] if total.any() else []
    return found


def _needed(table: str, name: str, columns: Mapping[str, Judged]) -> bool | npt.NDArray[np.bool_]:
    """Whether a row is nothing without its cell in a column: it says whom and when, or empty would say something else.

    Without its day of recording, a late correction would seem to have been known always; without its end, a stay goes on; without
    the part they had, pupils who were harmed would be taken for those who did harm.
    """
    if TABLE_MODELS[table].model_fields[name].is_required() or name in GRAIN[table] or (table, name) in _NEVER_BLANKED:
        return True
    return _is_suspension(columns["kind"]) if (table, name) == ("suspensions", "sessions") else False


def _is_suspension(kind: Judged) -> npt.NDArray[np.bool_]:
    return np.array([value == "suspension" for value in kind.values], np.bool_)[kind.index]


def _across(table: str, columns: Mapping[str, Judged]) -> list[tuple[Rule, npt.NDArray[np.bool_]]]:
    """Rules that look at two columns of a row."""
    if table == "suspensions":
        kind = columns["kind"]
        told = "" if "sessions" in columns else '; there is no column "Sessions" or "Days"'
        missing = Rule("missing_value", "sessions", f"no number of sessions or days for a suspension{told}")
        no_number = np.ones(len(kind.index), np.bool_)
        if "sessions" in columns:
            no_number = np.array([value is None for value in columns["sessions"].values], np.bool_)[columns["sessions"].index]
        return [(missing, _is_suspension(kind) & no_number), *_ends_before(columns, start="start", end="end")]
    if table == "term_totals":
        absent = _numbers(columns, "authorised") + _numbers(columns, "unauthorised")
        too_many = Rule("totals_do_not_match", "possible", "more sessions absent than were possible")
        return [(too_many, absent > _numbers(columns, "possible"))]
    if table == "assessments" and {"score", "maximum"} <= columns.keys():
        above = Rule("out_of_range", "score", "above the maximum")
        return [(above, _numbers(columns, "score") > _numbers(columns, "maximum"))]
    return _ends_before(columns, start="entered_on", end="left_on") if table == "enrolment" else []


def _numbers(columns: Mapping[str, Judged], name: str) -> npt.NDArray[np.float64]:
    """The number of each row; not a number where there is none, which is never more than another."""
    values: npt.NDArray[np.float64] = np.array([np.nan if value is None else value for value in columns[name].values], np.float64)
    return values[columns[name].index]


def _ends_before(columns: Mapping[str, Judged], *, start: str, end: str) -> list[tuple[Rule, npt.NDArray[np.bool_]]]:
    if end not in columns:
        return []
    first, last = (_days(columns[name].values)[columns[name].index] for name in (start, end))
    return [(Rule("ends_too_early", end, f"earlier than {start}"), last < first)]  # a date that is not there is never earlier


def _days(values: Sequence[Any]) -> npt.NDArray[np.datetime64]:
    return np.array([value or "NaT" for value in values], "datetime64[D]")


def _account(raw: Raw, verdict: _Verdict, *, codes: CodeTable) -> tuple[Rejection, ...]:
    """List the rejections by rule; refuse the file where they put it in doubt."""
    ragged = raw.numbering.ragged
    total = _total(raw)
    found = [*raw.rejections]
    if len(ragged):
        rule = Rule("ragged_row", "", f"not as many fields as the header, which has {raw.fields}")
        if in_doubt(len(ragged), total):
            raise _refuse(rule, len(ragged), total=total, where=f"{raw.file}, {rows_in_words(ragged)}")
        found.append(Rejection(rule.name, len(ragged), tuple(map(int, ragged[:5])), "", rule.what, rule.do))
    for place, rule in enumerate(verdict.rules, start=1):
        rows = np.flatnonzero(verdict.of_row == place)
        if len(rows) and rule.name == "unknown_code":
            raise refuse_unknown(raw, rows, table=codes)
        if len(rows) and (rule.whole or (in_doubt(len(rows), total) and not rule.harmless)):
            raise _refuse(rule, len(rows), total=total, where=raw.where(rows, rule.column))
        if len(rows):
            header = shown(raw.columns[rule.column].header) if rule.column in raw.columns else ""
            found.append(Rejection(rule.name, len(rows), tuple(map(int, raw.numbering.of(rows[:5]))), header, rule.what, rule.do))
    return tuple(found)


def _blanked(raw: Raw, columns: Mapping[str, Judged], verdict: _Verdict) -> tuple[Rejection, ...]:
    """Count the cells whose text breaks a rule in rows that stand; refuse the file where a whole column does."""
    found = []
    for name, judged in columns.items():
        for rule in dict.fromkeys(judged.broken.values()):
            breaks = np.zeros(len(judged.values), np.bool_)
            breaks[[i for i, broken in judged.broken.items() if broken == rule]] = True
            rows = np.flatnonzero(breaks[judged.index] & (verdict.of_row == 0))
            if in_doubt(len(rows), _total(raw)):
                do = f"{rule.do} Or leave the column out of the export."
                raise _refuse(rule, len(rows), total=_total(raw), where=raw.where(rows, name), do=do)
            if len(rows):
                header = shown(raw.columns[name].header)
                found.append(Rejection(rule.name, len(rows), tuple(map(int, raw.numbering.of(rows[:5]))), header, rule.what, rule.do))
    return tuple(found)


def _total(raw: Raw) -> int:
    return raw.rows + len(raw.numbering.ragged) + sum(r.rows for r in raw.rejections)


def _refuse(rule: Rule, rows: int, *, total: int, where: str, do: str = "") -> FileRefused:
    return FileRefused(rule.name, f"{rows:,} of {total:,} rows: {rule.what}", where=where, do=do or rule.do)


def refuse_useless(accounts: Sequence[FileLedger]) -> tuple[FileLedger, ...]:
    """Refuse the files of a table of which no row is left: read as one without rows, it would say that there was nothing to tell.

    A file is refused by the rule that most of its rows break. Rows that were no record in the first place are no reason, and
    neither is one bad file among others whose rows stand.
    """
    if any(account.accepted or account.merged or account.refused for account in accounts):
        return tuple(accounts)
    return tuple(_useless(account) for account in accounts)


def _useless(account: FileLedger) -> FileLedger:
    broken = [r for r in account.rejections if not r.do.startswith("Nothing to do")]
    if not broken or any(r.rule == "conflict" for r in broken):
        return account
    worst = max(broken, key=lambda r: r.rows)
    column = f', column "{worst.column}"' if worst.column else ""
    where = f"{account.file}, {rows_in_words(np.array(worst.first))}{column}"
    each = "; ".join(f"{counted(r.rows, 'row')}: {r.what}" for r in broken[:5])
    refused = FileRefused(worst.rule, f"no row can be used ({each})", where=where, do=worst.do)
    return replace(account, refused=str(refused), rule=worst.rule)


def in_doubt(rows: int, total: int) -> bool:
    """Whether so many rows break one rule that the shape of the whole file is in doubt."""
    return rows >= _DOUBT and 2 * rows > total


def _notes(columns: Mapping[str, Judged], kept: Ints | None, *, codes: CodeTable) -> list[str]:
    """Notes on the accepted marks of an attendance file."""
    notes = []
    if "recorded_on" not in columns or not any(columns["recorded_on"].values):
        notes.append("no recorded_on: the last 14 days' marks are provisional, and an evaluation on these records is not leak-free")
    marks, index = columns["code"].values, _rows(columns["code"], kept)
    if none := int(np.count_nonzero(np.array([code == "-" for code in marks], np.bool_)[index])):
        notes.append(f"{counted(none, 'blank mark')} (or -): no mark, neither present nor absent")
    days = _days(columns["date"].values).astype(np.int64).astype(np.int32)
    if odd := out_of_force(marks, index, days=days[_rows(columns["date"], kept)], table=codes):
        notes.append(odd)
    if minutes := columns.get("minutes_late"):
        given = np.array([bool(value) for value in minutes.values], np.bool_)[_rows(minutes, kept)]
        lates = {row.code for row in codes.rows if row.late}
        late = np.array([code in lates for code in marks], np.bool_)[index]
        if count := int(np.count_nonzero(given & ~late)):
            notes.append(f"minutes late with {counted(count, 'mark')} other than {' and '.join(sorted(lates))}")
    return notes


def _rows(judged: Judged, kept: Ints | None) -> npt.NDArray[np.int32]:
    return judged.index if kept is None else judged.index[kept]


def _table(table: str, columns: Mapping[str, Judged], *, kept: Ints | None, rows: int) -> pa.Table:
    missing = Judged([None], np.zeros(rows, np.int32), {})
    judged = {field.name: columns.get(field.name, missing) for field in arrow_schema(table)}
    arrays = [_array(field.type, judged[field.name].values, index=_rows(judged[field.name], kept)) for field in arrow_schema(table)]
    return pa.Table.from_arrays(arrays, schema=arrow_schema(table))


def _array(kind: pa.DataType, values: Sequence[Any], *, index: npt.NDArray[np.int32]) -> pa.Array:
    """The values of the rows as Arrow; text as a dictionary of the words in use, in alphabetical order."""
    if not pa.types.is_dictionary(kind):
        return pa.array(values, kind).take(pa.array(index))
    texts, used = pa.array(values, pa.string()), np.bincount(index, minlength=len(values)) > 0
    distinct = texts.filter(pa.array(used)).drop_null().unique()
    words = distinct.take(pc.sort_indices(distinct))
    return pa.DictionaryArray.from_arrays(pc.index_in(texts, value_set=words).take(pa.array(index)), words)
