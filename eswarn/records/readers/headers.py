"""Find the header row, and in it the columns of a table: by declared name, by their own names, or by synonyms."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers.aside import ASIDE
from eswarn.records.readers.naming import named
from eswarn.records.readers.shapes import Unusable, safeguarding_log, unusable
from eswarn.records.tables import TABLE_MODELS, column
from eswarn.words import count as counted

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
HEADER_WITHIN = 50
MAX_COLUMNS = 2_000
# Parts of a header that announce free text or a person; such columns are never read into memory.
_PRIVATE = (
    "comment", "note", "narrative", "summary", "description", "detail", "reasonfor", "awardedby", "name", "dob", "birth",
    "postcode", "address", "email", "phone", "mobile", "staff", "teacher", "parent", "contact",
)  # fmt: skip
_IN_BRACKETS = re.compile(r"\([^()]*\)$")


@dataclass(frozen=True, slots=True)
class Header:
    """Where the columns of a table stand in a file.

    Attributes
    ----------
    places : dict of str to int
        The table's own column name, and its place in the file.
    names : tuple of str
        The file's headers, stripped.
    notes : tuple of str
        Which columns are not read, and why.
    separator : str
        Character between cells; "," where the format has none.
    row, lines : int
        Number of the header as a spreadsheet shows it, and lines up to and including it.
    """

    places: dict[str, int]
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    separator: str = ","
    row: int = 1
    lines: int = 1


def find(text: str, table: str, *, facts: DatasetFacts, file: str) -> Header:
    """Find the header row among the first rows of a text file, and with it the separator.

    Parameters
    ----------
    text : str
        The beginning of the file, whole rows.
    file : str
        Name of the file, for messages.

    Raises
    ------
    FileRefused
        No row holds the required names (``wrong_shape``, ``missing_column``, ``not_marks``), two rows do
        (``two_headers``), or one column is named twice (``duplicate_header``).
    """
    needed = _required(table, facts)
    complete: list[tuple[str, int, int, list[str]]] = []
    best: tuple[int, list[str], int] = (0, [], 1)
    for separator in SEPARATORS:
        for row, (lines, names) in enumerate(_rows(text, separator), start=1):
            found = _recognise(names, table, facts=facts)
            if needed <= found.keys():
                complete.append((separator, row, lines, names))
            best = max(best, (len(found), names, row), key=lambda b: b[0])
    if not complete:
        if known := unusable_in(text):
            raise _refused(known[0], where=f"{file}, row {known[1]}")
        raise _nothing_fits(best[1], table, row=best[2], facts=facts, file=file, text=text)
    separator, row, lines, names = complete[0]
    if len(complete) > 1:
        other = complete[1][1]
        do = "Keep one table a file: delete the second header row, or what does not belong to the table."
        raise FileRefused("two_headers", f"rows {row} and {other} both look like the header", where=file, do=do)
    header = match(names, table, facts=facts, file=file)
    above = (f"{counted(row - 1, 'row')} above the header not read",) if row > 1 else ()
    return Header(header.places, header.names, above + header.notes, separator, row, lines)


def match(names: Sequence[str], table: str, *, facts: DatasetFacts, file: str) -> Header:
    """Match the headers of a file to the columns of a table.

    Raises
    ------
    FileRefused
        A required column is missing, two headers name the same one, or the file is a log that is never read.
    """
    found = _recognise(names, table, facts=facts)
    heads = {squash(text) for text in names}
    if log := safeguarding_log(heads, file):
        raise _refused(log, where=file)
    if not _required(table, facts) <= found.keys():
        known = unusable(heads)
        raise _refused(known, where=file) if known else _nothing_fits(names, table, row=1, facts=facts, file=file)
    _refuse_doubles(names, found, table=table, file=file)
    for name, header in facts.columns.get(table, {}).items():
        if name not in found:
            do = f"Correct {name} under [columns.{table}] in dataset.toml; it must be a header of every {table} file."
            raise FileRefused("missing_column", f'no header "{shown(header)}", which dataset.toml names for {name}', where=file, do=do)
    if len(names) > MAX_COLUMNS:
        do = "Export one row for each record, with only the columns that are needed."
        raise FileRefused("wrong_shape", f"{len(names):,} columns, more than {MAX_COLUMNS:,}", where=file, do=do)
    places = {name: where[0] for name, where in found.items()}
    unread = {i: n for i, n in enumerate(names) if i not in places.values() and n.strip()}
    notes = _not_read(unread, set(TABLE_MODELS[table].model_fields) - places.keys(), table=table)
    return Header(places, tuple(n.strip() for n in names), notes)


def tables_of(names: Sequence[str], facts: DatasetFacts) -> dict[str, int]:
    """The tables whose required columns are all among these headers, and how many columns of each are recognised.

    Where ``dataset.toml`` names headers of a table, those are required, too.
    """
    heads = {form for text in names for form in (squash(text), _IN_BRACKETS.sub("", squash(text)))}
    if len(heads & _known_anywhere(facts)) < 2:  # a row of cells, most of the time
        return {}
    found = {table: _recognise(names, table, facts=facts).keys() for table in TABLE_MODELS}
    needed = {table: _required(table, facts) | facts.columns.get(table, {}).keys() for table in TABLE_MODELS}
    return {table: len(columns) for table, columns in found.items() if needed[table] <= columns}


def tables_in(text: str, facts: DatasetFacts) -> dict[str, int]:
    """As `tables_of`, over the first rows of a text file and every separator."""
    best: dict[str, int] = {}
    for _, names in _any_header(text):
        for table, columns in tables_of(names, facts).items():
            best[table] = max(columns, best.get(table, 0))
    return best


def unusable_in(text: str) -> tuple[Unusable, int] | None:
    """The kind of export that is never read, and the row of its headers, if the first rows of a text file have those of one."""
    return next(((known, row) for row, names in _any_header(text) if (known := unusable({squash(n) for n in names}))), None)


def nearest_table(text: str, facts: DatasetFacts) -> tuple[str, str] | None:
    """The table that the first rows of a text file come nearest to, and a column it lacks; None where there is none near."""
    near = []
    for _, names in _any_header(text):
        for place, table in enumerate(TABLE_MODELS):
            found = _recognise(names, table, facts=facts).keys()
            missing = [name for name in TABLE_MODELS[table].model_fields if name in _required(table, facts) - found]
            if missing and len(missing) < len(found):
                near.append((len(missing), -len(found), place, table, missing[0]))
    return min(near)[3:] if near else None


def squash(header: str) -> str:
    """A header without case, spaces and underscores, as headers are compared."""
    return re.sub(r"[\s_]+", "", header.casefold())


def _any_header(text: str) -> Iterator[tuple[int, list[str]]]:
    """The first rows of a text, split at each separator, with their numbers."""
    return ((row, names) for separator in SEPARATORS for row, (_, names) in enumerate(_rows(text, separator), start=1) if len(names) > 1)


def _rows(text: str, separator: str) -> list[tuple[int, list[str]]]:
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        for names in reader:
            rows.append((reader.line_num, names))
            if len(rows) == HEADER_WITHIN:
                break
    except csv.Error:
        pass  # a cell over 128 kB is no header; what was found above it still counts
    return rows


def _recognise(names: Sequence[str], table: str, *, facts: DatasetFacts) -> dict[str, list[int]]:
    """The table's columns that these headers name, and where."""
    known = _known(table, tuple(facts.columns.get(table, {}).items()))
    found: dict[str, list[int]] = {}
    for place, text in enumerate(names):
        if (head := squash(text)) in known:
            found.setdefault(known[head], []).append(place)
    exact = set(found)
    for place, text in enumerate(names):  # "Start Date (dd/mm/yyyy)"; but "Pupil (full name)" is not the pupil
        head = squash(text)
        column_of = known.get(_IN_BRACKETS.sub("", head), "") if head.endswith(")") else ""
        if column_of and head not in known and column_of not in exact and not any(part in head for part in _PRIVATE):
            found.setdefault(column_of, []).append(place)
    return found


@cache
def _known(table: str, declared: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Every header that names a column of the table; a column that is declared is found under that header alone."""
    own = {name: (name, *column(table, name).synonyms) for name in TABLE_MODELS[table].model_fields} | dict(ASIDE.get(table, {}))
    named = dict(declared)
    known = {squash(text): name for name, texts in own.items() if name not in named for text in texts}
    return known | {squash(header): name for name, header in declared}


def _known_anywhere(facts: DatasetFacts) -> set[str]:
    return {head for table in TABLE_MODELS for head in _known(table, tuple(facts.columns.get(table, {}).items()))}


def _required(table: str, facts: DatasetFacts) -> set[str]:
    needed = {name for name, field in TABLE_MODELS[table].model_fields.items() if field.is_required()}
    if facts.session == "DAY":
        needed -= {"session"}
    return needed - {"school_id"} if facts.school else needed


def _refuse_doubles(names: Sequence[str], found: dict[str, list[int]], *, table: str, file: str) -> None:
    seen: dict[str, str] = {}
    for text in filter(squash, names):
        first, second = seen.setdefault(squash(text), text).strip(), text.strip()
        if text is not seen[squash(text)]:
            told = named(first, names.index(text))
            alike = told if first == second else f"{told} and {named(second, names.index(text))}, which are read alike"
            raise FileRefused("duplicate_header", f"two columns are called {alike}", where=file, do="Delete or rename one of them.")
    for name, places in found.items():
        if len(places) > 1:
            headers = " and ".join(f'"{shown(names[i].strip())}"' for i in places[:2])
            do = f'Delete or rename one of them, or say which to read:  {name} = "…"  under [columns.{table}] in dataset.toml.'
            raise FileRefused("duplicate_header", f"two columns can be read as {name}: {headers}", where=file, do=do)


def _refused(known: Unusable, *, where: str) -> FileRefused:
    return FileRefused(known.rule, known.what, where=where, do=known.do)


def _nothing_fits(names: Sequence[str], table: str, *, row: int, facts: DatasetFacts, file: str, text: str = "") -> FileRefused:
    found = _recognise(names, table, facts=facts)
    needed = _required(table, facts)
    heads, where = {squash(name) for name in names}, f"{file}, row {row}"
    missing = [name for name in TABLE_MODELS[table].model_fields if name in needed and name not in found]
    if len(found) < 2:
        if any(line.count("|") > 1 for line in text.splitlines()[:HEADER_WITHIN]):
            do = "Save it again with commas, semicolons or tabs."
            return FileRefused("wrong_shape", 'the cells seem to be separated by "|", which is not read', where=file, do=do)
        do = f"Expected one row of headers, such as: {', '.join(sorted(needed))}. The columns of each table are listed in docs/records.md."
        return FileRefused("wrong_shape", f"no header row was found in the first {HEADER_WITHIN} rows", where=file, do=do)
    if table == "attendance" and "code" in missing and any("%" in head or "possible" in head for head in heads):
        do = "Export the register itself: one mark (AM, PM) a row."
        return FileRefused("not_marks", "this file holds totals or percentages; session marks are needed", where=where, do=do)
    name = missing[0]
    expected = ", ".join((name, *column(table, name).synonyms))
    do = f'Expected one of: {expected}; or name it:  {name} = "…"  under [columns.{table}] in dataset.toml.'
    if name == "session":
        do += ' For one mark a day add  session = "DAY"  at the top of dataset.toml.'
    if name == "school_id":
        do += ' For the files of a single school add  school = "its number"  at the top of dataset.toml.'
    return FileRefused("missing_column", f"no column for {' or '.join(missing)}. Columns seen: {len(names)}", where=where, do=do)


def _not_read(headers: Mapping[int, str], free: set[str], *, table: str) -> tuple[str, ...]:
    """Notes on headers that name nothing of ours, by their place."""
    private = [place for place, h in headers.items() if any(part in squash(h) for part in _PRIVATE)]
    told = [named(headers[place], place) for place in private[:20]]
    notes = [f"{'column ' * (not text.startswith('a column'))}{text} was not read (free text or personal)" for text in told]
    if len(private) > 20:
        notes.append(f"{len(private) - 20} more columns were not read (free text or personal)")
    if unknown := [place for place in headers if place not in private]:
        each = ", ".join(_with_nearest(headers[place], place, free=free) for place in unknown[:20]) + (" …" if len(unknown) > 20 else "")
        notes.append(f"not read (unknown): {each}")
    if table == "behaviour" and "category" in free and "reason" in (squash(headers[place]) for place in unknown):
        notes.append('if the reasons are a short closed list, they can be the category:  category = "Reason"  under [columns.behaviour]')
    return tuple(notes)


def _with_nearest(header: str, place: int, *, free: set[str]) -> str:
    near = difflib.get_close_matches(squash(header), [squash(name) for name in free], n=1, cutoff=0.8)
    name = next((n for n in free if near and squash(n) == near[0]), "")
    return f"{named(header, place)} (if it is {name}, name it in dataset.toml)" if name else named(header, place)
