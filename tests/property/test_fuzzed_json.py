"""Hundreds of spoilt answers and rosters: each is accounted for row by row, or refused with its place and what to do."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from eswarn.config import CodeFacts, DatasetFacts
from eswarn.records.check import check
from eswarn.records.keys import settle
from eswarn.records.ledger import FileRefused
from eswarn.records.readers import edfi, oneroster, wonde
from eswarn.records.readers.peek import peek

FOLDERS = 200
DAYS = [f"2024-09-{n:02d}" for n in (2, 3, 4, 5, 6, 9, 10)]
SECRET = "ZQX"  # begins every identifier, so that none of them can hide in a message
JUNK: list[Any] = [
    None, True, "", " ", "x", "NaN", "-1", "1e999", -1, 0, 0.5, 3, 10**30, 1e300, [], [[]], {}, {"data": []}, {"data": None}, "2024-02-30",
    "04/09/2024", "03/04/2024", "2024-09-04T23:30:00Z", "2024-09-04 00:00", "9" * 39, "é🙂", "a\nb", "\u0000", "\\", "/", "x" * 5_000,
    "#", "uri://x#", "45539", "A123456789012", "Ann Sample", {"date": 5, "timezone": []}, {"id": {"id": {"id": 1}}},
]  # fmt: skip


def _wonde() -> dict[str, Any]:
    pupils = [f"{SECRET}{n}" for n in range(6)]
    codes = [{"id": f"{SECRET}c{i}", "code": code, "type": "x"} for i, code in enumerate(["/", "\\", "I", "Y7"])]
    marks = [
        {
            "student_id": pupil,
            "date": {"date": f"{day} 00:00:00", "timezone": "Europe/London"},
            "session": session,
            "attendance_code_id": f"{SECRET}c{(n + i) % 4}",
            "updated_at": f"{day}T15:00:00Z",
        }
        for n, pupil in enumerate(pupils)
        for i, day in enumerate(DAYS)
        for session in ("AM", "PM")
    ]
    students = [{"student_id": pupil, "role": "Victim", "points": 1} for pupil in pupils[:2]]
    incidents = [{"date": day, "type": "Noise", "bullying_type": None, "students": students} for day in DAYS]
    exclusions = [{"student_id": pupil, "type": "Suspension", "start_date": DAYS[2], "sessions": 2, "reason": "PA"} for pupil in pupils]
    people = [{"id": p, "current_nc_year": 9, "gender": "F", "admission_date": "2022-09-01", "updated_at": DAYS[0]} for p in pupils]
    leavers = [{"id": pupil, "leaving_date": DAYS[5], "destination": "work"} for pupil in pupils]
    pages = {"data": marks, "meta": {"pagination": {"current_page": 1, "more": False, "total": len(marks)}}}
    return {"codes": codes, "marks": pages, "incidents": incidents, "exclusions": exclusions, "people": people, "leavers": leavers}


def _edfi() -> dict[str, Any]:
    who = [({"studentUniqueId": f"{SECRET}{n}"}, {"schoolId": 255901001}) for n in range(6)]
    kinds = ["Excused Absence", "Unexcused Absence", "Tardy", "Early departure", "In Attendance"]
    events = [
        {
            "studentReference": pupil,
            "schoolReference": school,
            "sessionReference": {"schoolId": 255901001, "schoolYear": 2025, "sessionName": "Fall"},
            "eventDate": day,
            "attendanceEventCategoryDescriptor": f"uri://ed-fi.org/A#{kinds[(n + i) % 5]}",
            "eventDuration": (0.5, 1)[n % 2],
        }
        for n, (pupil, school) in enumerate(who)
        for i, day in enumerate(DAYS)
    ]
    stays = [
        {"studentReference": p, "schoolReference": s, "entryDate": DAYS[0], "entryGradeLevelDescriptor": "uri://x#Ninth grade"}
        for p, s in who
    ]
    reference = {"calendarCode": "C", "schoolId": 255901001, "schoolYear": 2025}
    opened = [{"calendarEventDescriptor": "uri://x#Instructional day"}]
    dates = [{"calendarReference": reference, "date": day, "calendarEvents": opened} for day in DAYS]
    incidents = [{"incidentIdentifier": f"{SECRET}i", "schoolReference": {"schoolId": 255901001}, "incidentDate": DAYS[1]}]
    parts = [{"studentReference": p, "disciplineIncidentReference": {"incidentIdentifier": f"{SECRET}i", **s}} for p, s in who]
    actions = [
        {
            "disciplineActionIdentifier": "a", "disciplineDate": DAYS[3], "studentReference": p, "responsibilitySchoolReference": s,
            "disciplines": [{"disciplineDescriptor": "uri://x#Out of School Suspension"}], "disciplineActionLength": 1.5,
        }
        for p, s in who
    ]  # fmt: skip
    return {"events": events, "stays": stays, "dates": dates, "incidents": incidents, "parts": parts, "actions": actions}


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything inside a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, each in inner for place in [(*path, key), *_places(each, (*path, key))]]


def _spoil(value: Any, rng: random.Random) -> Any:
    """Change something somewhere: replace, drop, repeat or move a value."""
    value = copy.deepcopy(value)
    *way, last = rng.choice(_places(value))
    where = value
    for key in way:
        where = where[key]
    what = rng.choice(["replace", "replace", "drop", "repeat", "rename", "everywhere"])
    if what == "drop":
        del where[last]
    elif what == "repeat" and isinstance(where, list):
        where.insert(rng.randrange(len(where)), copy.deepcopy(where[last]))
    elif what == "rename" and isinstance(where, dict):
        where[rng.choice(["id", "data", "status", "lesson_id", f"{last}s"])] = where.pop(last)
    elif what == "everywhere" and isinstance(where, dict):
        junk = rng.choice(JUNK)
        for record in value if isinstance(value, list) else value.get("data", []):
            if isinstance(record, dict) and last in record:
                record[last] = junk
    else:
        where[last] = copy.deepcopy(rng.choice(JUNK))
    return value


def _bytes(value: Any, rng: random.Random) -> bytes:
    lines = isinstance(value, list) and rng.random() < 0.2
    text = "\n".join(json.dumps(each) for each in value) if lines else json.dumps(value, indent=rng.choice([None, 1]))
    return text.encode()


def _damage(content: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(content) + 1)
    extra = rng.choice([b"\0", b"\xff", b'"', b"{", b"]", b",", b"[" * 5_000, b"NaN", b'"a":1,"a":2,', b"\\ud800", b"9" * 500, b"\n"])
    damaged: list[Callable[[], bytes]] = [
        lambda: content[:place],
        lambda: content[:place] + extra + content[place:],
        lambda: content[:place] + bytes([rng.randrange(256)]) + content[place + 1 :],
        lambda: content + content[place:],
        lambda: b"\xef\xbb\xbf" + content,
        lambda: content.replace(b'"2024-09-04', b'"2024-13-04', rng.choice([1, -1])),
        lambda: b"",
    ]
    return rng.choice(damaged)()


WONDE_FACTS = [DatasetFacts(school="9990001")] * 3 + [DatasetFacts(), DatasetFacts(school="9990001", session="DAY")]
EDFI_FACTS = [
    DatasetFacts(profile="us"), DatasetFacts(profile="us", marks="absences"), DatasetFacts(profile="us", marks="absences", session="DAY"),
    DatasetFacts(), DatasetFacts(profile="us", codes=CodeFacts(map={"x": "UA", "P": "#"})),
]  # fmt: skip


def _fares(reader: ModuleType, folder: Path, facts: DatasetFacts) -> Counter[str]:
    """Read every file of a folder that the reader says is its own; assert what must hold for each."""
    fared: Counter[str] = Counter()
    for path in sorted(folder.iterdir()) if reader is not oneroster else [folder]:
        if not reader.fits(peek(path), facts):
            fared["not read"] += 1
            continue
        try:
            raws = reader.read(path, facts=facts)
            assert len({raw.table for raw in raws}) == len(raws)
            ledgers = [settle(raw.table, [check(raw, facts)])[1][0] for raw in raws]
        except FileRefused as error:
            _refused_well(error, {path.name, *(each.name for each in folder.iterdir())})
            fared[f"refused: {error.rule}"] += 1
            continue
        for ledger in ledgers:
            told = repr((ledger.notes, ledger.rejections, ledger.refused))
            assert SECRET not in told, told
            assert ledger.refused or ledger.rows == ledger.accepted + ledger.merged + ledger.rejected
            assert all(r.rows >= len(r.first) >= 1 and min(r.first) >= 1 and r.what and r.do for r in ledger.rejections)
            fared["refused late" if ledger.refused else "some rejected" if ledger.rejected else "accepted whole"] += 1
    return fared


def _refused_well(refusal: FileRefused, files: set[str]) -> None:
    """A refusal names a file and what to do, and no pupil."""
    assert any(refusal.where.startswith(name) for name in files), refusal
    assert refusal.do.endswith("."), refusal
    assert SECRET not in str(refusal)


def _one_folder(folder: Path, seed: int) -> tuple[ModuleType, DatasetFacts]:
    rng = random.Random(seed)
    reader, files, facts = rng.choice([(wonde, _wonde(), WONDE_FACTS), (edfi, _edfi(), EDFI_FACTS)])
    spoilt = rng.choice(list(files))
    for name, value in files.items():
        content = _bytes(value, rng)
        if name == spoilt:
            changed = value
            for _ in range(rng.choice([0, 1, 1, 2, 5])):
                changed = _spoil(changed, rng) if _places(changed) else changed
            content = _bytes(changed, rng)
            content = _damage(content, rng) if rng.random() < 0.3 else content
        (folder / f"{name}.json").write_bytes(content)
    return reader, rng.choice(facts)


def _all_fare(folder: Path, seeds: range) -> Counter[str]:
    fared: Counter[str] = Counter()
    for seed in seeds:
        mine = folder / str(seed)
        mine.mkdir()
        try:
            fared += _fares(*_with_folder(mine, seed))
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
        for path in mine.iterdir():
            path.unlink()
    return fared


def _with_folder(folder: Path, seed: int) -> tuple[ModuleType, Path, DatasetFacts]:
    reader, facts = _one_folder(folder, seed)
    return reader, folder, facts


def test_spoilt_answers_are_accounted_for_or_refused(tmp_path: Path) -> None:
    fared = _all_fare(tmp_path, range(FOLDERS))
    refused = {how for how in fared if how.startswith("refused: ")}
    assert fared["accepted whole"] >= 200, fared
    assert fared["some rejected"] >= 20, fared
    assert {"refused: unreadable", "refused: unknown_code", "refused: wrong_shape", "refused: no_denominator"} <= refused, fared
    assert len(refused) >= 10, fared


@pytest.mark.parametrize(
    ("reader", "files", "facts", "tables"), [(wonde, _wonde(), WONDE_FACTS[0], 6), (edfi, _edfi(), EDFI_FACTS[1], 7)], ids=["wonde", "edfi"]
)
def test_the_clean_answers_are_accepted_whole(tmp_path: Path, reader: ModuleType, files: Any, facts: DatasetFacts, tables: int) -> None:
    """The control: what the spoilt ones are made from is sound."""
    for name, value in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    assert _fares(reader, tmp_path, facts) == {"accepted whole": tables}


ROSTER = {
    "manifest.csv": "propertyName,value\nfile.enrollments,bulk\nfile.users,bulk\nfile.orgs,bulk\nfile.academicSessions,bulk\n",
    "enrollments.csv": "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n"
    + "".join(f"e{n},,,c{n},S1,{SECRET}{n % 7},student,false,{DAYS[n % 7]},{'2025-06-01' if n % 3 else ''}\n" for n in range(20)),
    "users.csv": "sourcedId,status,identifier,grades\n" + "".join(f"{SECRET}{n},,L{n},{n + 3:02d}\n" for n in range(7)),
    "orgs.csv": "sourcedId,identifier\nS1,9990001\n",
    "academicSessions.csv": "sourcedId,type,startDate,endDate\nY,schoolYear,2024-09-01,2025-06-01\n",
}
CELLS = ["", " ", ",", '"', "\n", "\0", "x", "é", "2024-02-30", "0001-01-01", "9999-12-31", "tobedeleted", "delta", "UG", "x" * 3_000]


def _spoil_roster(folder: Path, rng: random.Random) -> None:
    for name, text in ROSTER.items():
        (folder / name).write_text(text, encoding="utf-8")
    name = rng.choice([*ROSTER, "enrollments.csv", "enrollments.csv", "users.csv"])
    text = ROSTER[name].encode()
    if rng.random() < 0.6:
        rows = [row.split(",") for row in ROSTER[name].split("\n")]
        for _ in range(rng.choice([1, 2, 9])):
            row = rng.choice(rows)
            row[rng.randrange(len(row))] = rng.choice(CELLS)
        text = "\n".join(map(",".join, rows)).encode()
    else:
        text = _damage(text, rng)
    (folder / name).write_bytes(text)
    if rng.random() < 0.1:
        (folder / name).unlink()


def test_spoilt_rosters_are_accounted_for_or_refused(tmp_path: Path) -> None:
    fared: Counter[str] = Counter()
    for seed in range(FOLDERS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        _spoil_roster(folder, random.Random(seed))
        try:
            fared += _fares(oneroster, folder, DatasetFacts(profile="us"))
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
    assert fared["accepted whole"] >= 100, fared
    assert fared["some rejected"] >= 10, fared
    assert sum(times for how, times in fared.items() if how.startswith("refused: ")) >= 30, fared


@pytest.mark.long
def test_ten_thousand_more(tmp_path: Path) -> None:
    assert _all_fare(tmp_path, range(FOLDERS, FOLDERS + 10_000)).total() > 20_000
