"""Read saved answers of the Wonde API: session marks with their codes, behaviour, exclusions, leavers and pupils.

One kind of answer a file. The marks name their code by an id, so the answer with the codes must lie in the same folder.
Spelling varies between versions of the API: a member is looked for under each name that has been seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from eswarn.config import DatasetFacts
from eswarn.records.codes import POSSIBLE, code_table
from eswarn.records.ledger import FileRefused, shown
from eswarn.records.local import statutory
from eswarn.records.readers.gather import Gathered
from eswarn.records.readers.local_day import local_day
from eswarn.records.readers.pages import refuse_gaps
from eswarn.records.readers.peek import Peek
from eswarn.records.readers.raw import Raw, rows_in_words
from eswarn.records.readers.strict_json import HEAD, Record, at, listed, names, read_json, siblings, text
from eswarn.records.readers.wonde_words import DESTINATIONS, FREE, HEADERS, ROLE, about, first, kind_of
from eswarn.words import count as counted

NAME = "Wonde"
T = TypeVar("T")


def fits(peek: Peek, facts: DatasetFacts) -> bool:  # noqa: ARG001 - as every reader
    """Whether the members that the file begins with are those of an answer that is read."""
    return peek.kind == "json" and bool(kind_of(names(peek.head)))


def read(path: Path, *, facts: DatasetFacts) -> Sequence[Raw]:
    """Read one answer; nothing from those that only help to read another (attendance codes, attendance summaries).

    Raises
    ------
    FileRefused
        See `read_json`; or pages are missing (``wrong_shape``), the codes are (``missing_column``), a mark has a code that the
        codes lack (``unknown_code``), or these are marks of lessons (``not_marks``).
    """
    with path.open("rb") as file:
        found = names(file.read(HEAD))
    kind = kind_of(found)
    if kind == "lessons":
        do = "Save the answer with session attendance; eswarn reads no lesson marks."
        raise FileRefused("not_marks", "these are marks of lessons, not of sessions", where=shown(path.name), do=do)
    if kind == "conduct":
        what = "behaviours and achievements cannot be told apart here: no member is called bullying_type, action or award"
        raise FileRefused("wrong_shape", what, where=shown(path.name), do="Save the answer with all its members.")
    if not kind:
        do = "Save one answer of the Wonde API a file, just as it comes."
        raise FileRefused("wrong_shape", "none of the answers that are read", where=shown(path.name), do=do)
    if kind in _READ:
        free = [f'"{name}" was not read (free text or personal)' for name in FREE if name in found]
        return _READ[kind](path, facts, free)
    return ()


def _all(path: Path, keep: Callable[[Record], T]) -> list[T]:
    """What ``keep`` makes of every record of an answer that is whole."""
    with path.open("rb") as file:
        kind = kind_of(names(file.read(HEAD)))
    answer = read_json(path, keep)
    refuse_gaps(path, answer, alike=lambda members: kind_of(members) == kind)
    return answer.records


def _attendance(path: Path, facts: DatasetFacts, notes: list[str]) -> tuple[Raw]:
    codes = _codes(path)
    gathered = Gathered(path, "attendance", HEADERS["attendance"])
    early = 0
    strangers: list[int] = []

    def keep(record: Record) -> None:
        nonlocal early
        row = about(record) | {"date": local_day(at(record, "date"))}
        number = len(gathered.numbers) + 1
        code = first(record, ("attendance_code_id",), ("attendance_code", "data", "id"))
        if code and code not in codes:
            strangers.append(number)
        if row["recorded_on"] < row["date"]:
            early += bool(row["recorded_on"])
            row["recorded_on"] = ""
        minutes = text(record, "minutes_late")
        gathered.add(number, row | {"session": text(record, "session"), "code": codes.get(code, ""), "minutes_late": minutes})

    _all(path, keep)
    if strangers:
        what = f"{counted(len(strangers), 'mark')} with a code that the answer with the attendance codes does not list"
        where = f"{gathered.file}, {rows_in_words(np.array(strangers))}"
        raise FileRefused("unknown_code", what, where=where, do="Save the attendance codes again, from the same school, all pages of them.")
    if early:
        notes.append(f"{counted(early, 'mark')} written before their day (leave agreed in advance): taken as known on the day")
    raw = gathered.raw(facts, notes=notes)
    return (_with_summaries(path, raw, facts),)


def _codes(path: Path) -> Mapping[str, str]:
    """The code of each id, from the answers with attendance codes in the same folder."""
    codes: dict[str, str] = {}
    found = [other for other, members in siblings(path) if kind_of(members) == "codes"]
    for other in found:
        for key, code in _all(other, lambda r: (text(r, "id"), text(r, "code"))):
            if codes.setdefault(key, code) != code:
                do = "Keep the attendance codes of one school in the folder."
                raise FileRefused("conflict", "one attendance code id with two codes", where=shown(other.name), do=do)
    if not found:
        what = "the marks name their codes by id, and no answer with the attendance codes lies beside them"
        do = "Save the attendance codes (id, code, type) as a JSON file in the same folder."
        raise FileRefused("missing_column", what, where=shown(path.name), do=do)
    return codes


def _with_summaries(path: Path, raw: Raw, facts: DatasetFacts) -> Raw:
    """The same with a note on how the marks compare with attendance summaries; those do not say which days they cover."""
    found = [(other, kind_of(members)) for other, members in siblings(path)]
    totals: dict[str, str] = {}
    for other in (file for file, kind in found if kind == "summaries"):
        totals |= dict(_all(other, lambda r: (about(r)["pupil_id"], text(r, "possible_marks"))))
    if not totals or [kind for _, kind in found].count("attendance") > 1:
        return raw
    table, pupils, cells, days = code_table(facts.profile), raw.columns["pupil_id"], raw.columns["code"], raw.columns["date"]
    when = np.array([_number(day) for day in days.texts], np.int64)[days.index]
    known = [code or "-" for code in statutory(cells.texts, table, local=facts.codes.map)]
    possible = table.members(POSSIBLE)[table.lookup(known, cells.index, when).ids]
    ours = np.bincount(pupils.index[possible], minlength=len(pupils.texts))
    both = [(str(n), totals[pupil]) for pupil, n in zip(pupils.texts, ours, strict=True) if pupil in totals]
    other_count = sum(mine != theirs for mine, theirs in both)
    note = f"attendance summaries: {counted(len(both), 'pupil')} compared, {other_count:,} with another number of possible marks"
    return Raw(raw.file, raw.table, raw.columns, raw.rows, raw.numbering, raw.fields, (*raw.notes, note), raw.rejections)


def _number(day: str) -> int:
    try:
        return int(np.datetime64(day or "NaT", "D").astype(np.int64))
    except ValueError:
        return 0


def _conduct(path: Path, facts: DatasetFacts, notes: list[str], *, kind: str) -> tuple[Raw]:
    gathered = Gathered(path, "behaviour", HEADERS["behaviour"])
    number = 0

    def keep(record: Record) -> None:
        nonlocal number
        number += 1
        incident = about(record) | {"date": local_day(at(record, "date")), "kind": kind, "status": text(record, "status")}
        incident["category"] = first(record, ("type",), ("activity_type",))
        for student in listed(record, "students"):
            who = first(student, ("student_id",), ("student", "data", "id"), ("id",)) if isinstance(student, dict) else ""
            role = text(student, "role").casefold()
            if role and role not in ROLE:
                do = "Call the part involved, harmed or witness; a pupil who was harmed has not misbehaved."
                gathered.turn_away("unknown_value", number, what="a part in an incident that is in no list of parts", do=do, column="role")
                continue
            points = text(student, "points") or text(record, "points")
            gathered.add(number, incident | {"pupil_id": who, "role": ROLE.get(role, ""), "points": points})
        if not listed(record, "students"):
            do = "Nothing to do if the record is about no pupil; else save the answer with its students."
            gathered.turn_away("missing_value", number, what="no pupil", do=do, column="students")

    _all(path, keep)
    return (gathered.raw(facts, notes=notes),)


def _exclusions(path: Path, facts: DatasetFacts, notes: list[str]) -> tuple[Raw]:
    gathered = Gathered(path, "suspensions", HEADERS["suspensions"])
    worded = 0

    def keep(record: Record) -> None:
        nonlocal worded
        kind, reason = text(record, "type"), first(record, ("reason_code",), ("reason",)).upper()
        lunchtime = "lunch" in kind.casefold()
        is_code = len(reason) == 2 and reason.isascii() and reason.isalpha()
        worded += bool(reason) and not is_code
        row = {
            "kind": "suspension" if lunchtime else kind,
            "start": local_day(at(record, "start_date") or at(record, "start")),
            "end": local_day(at(record, "end_date") or at(record, "end")),
            "sessions": text(record, "sessions"),
            "days": text(record, "days"),
            "lunchtime": "true" if lunchtime else "",
            "reason_1": reason if is_code else "",
            "status": text(record, "status"),
        }
        gathered.add(len(gathered.numbers) + 1, about(record) | row)

    _all(path, keep)
    if worded:
        notes.append(f"{counted(worded, 'reason')} not kept (words, not a two-letter code)")
    return (gathered.raw(facts, notes=notes),)


def _leavers(path: Path, facts: DatasetFacts, notes: list[str]) -> tuple[Raw]:
    gathered = Gathered(path, "outcomes", HEADERS["outcomes"])
    unclear = 0

    def keep(record: Record) -> None:
        nonlocal unclear
        who = about(record)
        written = first(record, ("destination",), ("leaving_reason",), ("reason_for_leaving",))
        word = "_".join(written.casefold().replace("-", " ").split())
        unclear += word not in DESTINATIONS
        row = {"left_on": local_day(at(record, "leaving_date")), "destination": word if word in DESTINATIONS else "unknown"}
        gathered.add(len(gathered.numbers) + 1, who | {"pupil_id": who["pupil_id"] or text(record, "id")} | row)

    _all(path, keep)
    if unclear:
        notes.append(f"{counted(unclear, 'destination')} in words that docs/records.md does not list: taken as unknown")
    return (gathered.raw(facts, notes=notes),)


def _students(path: Path, facts: DatasetFacts, notes: list[str]) -> tuple[Raw, Raw]:
    enrolment = Gathered(path, "enrolment", HEADERS["enrolment"])
    context = Gathered(path, "context", HEADERS["context"])
    number = 0

    def keep(record: Record) -> None:
        nonlocal number
        number += 1
        who = about(record) | {"pupil_id": text(record, "id")}
        details = at(record, "education_details", "data") or at(record, "education_details") or record
        entered, left = (local_day(at(details, name)) for name in ("admission_date", "leaving_date"))
        sex = first(record, ("legal_sex",), ("sex",), ("gender",))
        row = {"year_group": text(details, "current_nc_year"), "sex": sex if sex[:1].upper() in {"F", "M"} else ""}
        if entered:
            enrolment.add(number, who | {"entered_on": entered, "left_on": left})
        else:
            enrolment.turn_away("missing_value", number, what="no admission date", do="Save the students with their education details.")
        if who["recorded_on"]:
            context.add(number, who | row | {"valid_from": who["recorded_on"]})
        else:
            do = "Save the answer with updated_at: a year group holds from some day on."
            context.turn_away("missing_value", number, what="no day from which it holds", do=do)

    _all(path, keep)
    return enrolment.raw(facts, notes=notes, harmless=("missing_value",)), context.raw(facts, notes=notes, harmless=("missing_value",))


_READ: Mapping[str, Callable[[Path, DatasetFacts, list[str]], tuple[Raw, ...]]] = {
    "attendance": _attendance,
    "behaviours": lambda path, facts, notes: _conduct(path, facts, notes, kind="negative"),
    "achievements": lambda path, facts, notes: _conduct(path, facts, notes, kind="positive"),
    "exclusions": _exclusions,
    "leavers": _leavers,
    "students": _students,
}
