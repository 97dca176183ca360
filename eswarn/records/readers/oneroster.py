"""Read a OneRoster 1.1 or 1.2 roster, a folder or zip archive of CSV files, for enrolments, year groups and sex.

Enrolments are by class; a stay at a school is their union. A class that ends with its term ends no stay.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused
from eswarn.records.readers.edfi_days import is_day
from eswarn.records.readers.gather import Gathered
from eswarn.records.readers.peek import Peek
from eswarn.records.readers.raw import Raw
from eswarn.records.readers.roster_files import RosterFiles, open_roster
from eswarn.words import count as counted

NAME = "OneRoster"
# The grade as the school numbers it (CEDS): kindergarten 0, the years before it below. England's year 1 has the age of
# kindergarten; numbers are not moved to match, as a British sender writes its own years in the same two digits.
GRADES = {"PR": "-2", "PK": "-1", "TK": "-1", "KG": "0"} | {f"{n:02d}": str(n) for n in range(1, 14)}
GAP = 100  # days without a class, longer than a summer, that part two stays
_TAIL = 64 * 1024
_ENROLMENT = {"pupil_id": "userSourcedId", "school_id": "schoolSourcedId", "entered_on": "beginDate", "left_on": "endDate"}
_CONTEXT = {"pupil_id": "sourcedId", "school_id": "schoolSourcedId", "valid_from": "beginDate", "year_group": "grades", "sex": "sex"}


class Span(NamedTuple):
    """Days at a school from class enrolments; ``left`` is the last of them where the pupil then left, else empty."""

    number: int
    first: str
    left: str


@dataclass(frozen=True, slots=True)
class _Class:
    """One enrolment in a class; ``end`` is empty where it goes on, ``planned`` where it ends as its term does."""

    number: int
    begin: str
    end: str
    planned: bool


def fits(peek: Peek, facts: DatasetFacts) -> bool:  # noqa: ARG001 - as every reader
    """Whether a folder or archive has a ``manifest.csv``."""
    try:
        if peek.kind == "folder":
            return (peek.path / "manifest.csv").is_file()
        if peek.kind != "zip":
            return False
        with peek.path.open("rb") as file:
            file.seek(max(0, peek.path.stat().st_size - _TAIL))  # the list of contents of an archive is at its end
            return b"manifest.csv" in file.read() or b"manifest.csv" in peek.head
    except OSError:
        return False


def read(path: Path, *, facts: DatasetFacts) -> Sequence[Raw]:
    """Read a roster. Pupils and schools go by their ``sourcedId``; by ``identifier`` where ``[columns.enrolment]`` says so.

    Returns
    -------
    tuple of Raw
        Enrolments, one row a stay at a school, and the context of each pupil as of the latest class.

    Raises
    ------
    FileRefused
        A file that the manifest declares is missing (``wrong_shape``), the roster has no enrolments (``missing_column``), or
        the archive or folder is unsafe (``unsafe_file``).
    """
    with open_roster(path) as files:
        notes = _check_manifest(files)
        years, ends = _sessions(files)
        classes, turned, others = _classes(files, years, ends)
        people = _named(files, "users.csv", facts, "pupil_id")
        schools = _named(files, "orgs.csv", facts, "school_id")
        notes += [f"{counted(others, 'enrolment')} not as a student not read"] if others else []
        enrolment = Gathered(path, "enrolment", _ENROLMENT)
        for number, rule, what in turned:
            enrolment.turn_away(rule, number, what=what, do="Correct the row of enrollments.csv where it came from.")
        spans = {key: _union(mine) for key, mine in classes.items()}
        for (pupil, school), mine in sorted(spans.items()):
            for span in mine:
                row = {"entered_on": span.first, "left_on": span.left}
                enrolment.add(span.number, row | {"pupil_id": people.get(pupil, pupil), "school_id": schools.get(school, school)})
        notes.append(f"{counted(sum(map(len, classes.values())), 'class enrolment')} make {counted(len(enrolment.numbers), 'stay')}")
        context = _context(files, Gathered(path, "context", _CONTEXT), classes, years=years, spans=spans, named=(people, schools))
        raws = [enrolment.raw(facts, notes=["rows are those of enrollments.csv", *notes])]
        if context.numbers or context.turned:
            raws.append(context.raw(facts, notes=["rows are those of users.csv"]))
        return tuple(raws)


def _check_manifest(files: RosterFiles) -> list[str]:
    declared = {row["propertyName"]: row["value"].casefold() for _, row in files.rows("manifest.csv", ("propertyName", "value"))}
    here = {name[len("file.") :] for name, value in declared.items() if name.startswith("file.") and value in {"bulk", "delta"}}
    missing = sorted(f"{name}.csv" for name in here if re.fullmatch("[A-Za-z]{1,40}", name) and f"{name}.csv" not in files.names)
    if missing:
        what = f"the manifest declares {missing[0]}, which is not there"
        raise FileRefused("wrong_shape", what, where=files.where("manifest.csv"), do="Export the roster again, with all its files.")
    for name in ("enrollments", "users"):
        if name not in here:
            what = f"the manifest declares no {name}.csv, without which nobody's school is known"
            raise FileRefused("missing_column", what, where=files.where("manifest.csv"), do=f"Export the roster with {name}.")
    part = sorted(name for name in here if declared[f"file.{name}"] == "delta")
    return [f"only changes are told in {', '.join(f'{name}.csv' for name in part)} (delta)"] if part else []


def _sessions(files: RosterFiles) -> tuple[list[tuple[str, str]], frozenset[str]]:
    """First and last day of each school year, and the last days of all terms."""
    if "academicSessions.csv" not in files.names:
        return [], frozenset()
    rows = [row for _, row in files.rows("academicSessions.csv", ("type", "startDate", "endDate"))]
    rows = [row for row in rows if is_day(row["startDate"]) and is_day(row["endDate"])]
    years = sorted((row["startDate"], row["endDate"]) for row in rows if row["type"].casefold() == "schoolyear")
    return years, frozenset(row["endDate"] for row in rows)


def _classes(
    files: RosterFiles, years: Sequence[tuple[str, str]], ends: frozenset[str]
) -> tuple[dict[tuple[str, str], list[_Class]], list[tuple[int, str, str]], int]:
    """Enrolments in classes by pupil and school, the rows turned away with rule and reason, and how many are not of students."""
    wanted = ("status", "dateLastModified", "schoolSourcedId", "userSourcedId", "role", "beginDate", "endDate")
    found: dict[tuple[str, str], list[_Class]] = {}
    turned: list[tuple[int, str, str]] = []
    others = 0
    for number, row in files.rows("enrollments.csv", wanted):
        if row["role"].casefold() != "student":
            others += 1
            continue
        begin, end, deleted = row["beginDate"], row["endDate"], row["status"].casefold() == "tobedeleted"
        if not begin and len(years) == 1:
            begin = years[0][0]
        changed = row["dateLastModified"][:10]
        if deleted and is_day(changed):
            end = min(changed, end or changed)
        if not (row["userSourcedId"] and row["schoolSourcedId"] and begin):
            turned.append((number, "missing_value", "no pupil, no school, or no first day and no single school year to take it from"))
        elif not is_day(begin) or not (is_day(end) or not end):
            turned.append((number, "bad_date", "not a date written YYYY-MM-DD"))
        elif deleted and not end:
            turned.append((number, "missing_value", "to be deleted, with no day from which on"))
        elif end and end < begin:
            # Taken back before it began: nobody was in that class.
            turned.append((number, "ends_too_early", "a last day before the first"))
        else:
            planned = not deleted and end in ends
            found.setdefault((row["userSourcedId"], row["schoolSourcedId"]), []).append(_Class(number, begin, end, planned))
    return found, turned, others


def _union(classes: Iterable[_Class]) -> list[Span]:
    """Stays at one school: classes that overlap, or follow each other within 100 days, are one."""
    spans: list[Span] = []
    number, first, last, planned = 0, "", "", False
    for one in sorted(classes, key=lambda c: (c.begin, c.end, c.number)):
        if first and last and _days(last, one.begin) > GAP:
            spans.append(Span(number, first, last))
            first = ""
        if not first:
            number, first, last, planned = one.number, one.begin, one.end, one.planned
        elif last and (not one.end or one.end >= last):
            last, planned = one.end, one.planned or (planned and one.end == last)
        number = min(number, one.number)
    return [*spans, Span(number, first, "" if planned else last)]


def _days(first: str, second: str) -> int:
    return (dt.date.fromisoformat(second) - dt.date.fromisoformat(first)).days


def _named(files: RosterFiles, name: str, facts: DatasetFacts, column: str) -> dict[str, str]:
    """The identifier of each pupil or school, where ``dataset.toml`` asks for it in place of the ``sourcedId``."""
    if facts.columns.get("enrolment", {}).get(column) != "identifier" or name not in files.names:
        return {}
    return {row["sourcedId"]: row["identifier"] for _, row in files.rows(name, ("sourcedId", "identifier")) if row["identifier"]}


def _context(
    files: RosterFiles,
    context: Gathered,
    classes: Mapping[tuple[str, str], Sequence[_Class]],
    *,
    years: Sequence[tuple[str, str]],
    spans: Mapping[tuple[str, str], Sequence[Span]],
    named: tuple[Mapping[str, str], Mapping[str, str]],
) -> Gathered:
    """Year group and sex of each pupil from the start of the school year of the latest class, when the roster was true."""
    latest: dict[str, tuple[str, str]] = {}
    for (pupil, school), mine in classes.items():
        latest[pupil] = max(latest.get(pupil, ("", "")), max((one.begin, school) for one in mine))
    sexes: dict[str, str] = {}
    if "demographics.csv" in files.names:
        words = {"male": "M", "female": "F"}
        sexes = {row["sourcedId"]: words.get(row["sex"].casefold(), "") for _, row in files.rows("demographics.csv", ("sourcedId", "sex"))}
    for number, row in files.rows("users.csv", ("sourcedId", "grades")):
        pupil, grade = row["sourcedId"], row["grades"].upper()
        if pupil not in latest or not (grade or sexes.get(pupil)):
            continue
        begin, school = latest[pupil]
        year = max((first for first, last in years if first <= begin <= last), default=begin)
        first = max(year, max(span.first for span in spans[pupil, school] if span.first <= begin))
        if grade and grade not in GRADES:
            do = "Nothing to do if the pupil is in no grade from PR to 13; else write the grade as CEDS does (KG, 01, 02 …)."
            context.turn_away("unknown_code", number, what="a grade that is in no list of grades", do=do, column="grades")
            continue
        who = {"pupil_id": named[0].get(pupil, pupil), "school_id": named[1].get(school, school)}
        context.add(number, who | {"valid_from": first, "year_group": GRADES.get(grade, ""), "sex": sexes.get(pupil, "")})
    return context
