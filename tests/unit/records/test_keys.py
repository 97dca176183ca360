"""One fact told twice: merged when equal, rejected when not, across files and within one."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from eswarn.records import keys
from eswarn.records.read import check, read
from eswarn.records.tables import GRAIN, TABLE_MODELS
from tests.unit.records.exports import HEADER, account, marks, put

INCIDENTS = "pupil_id,school_id,date,kind,points\n"


def _rows(folder: Path, table: str = "attendance") -> list[dict[str, object]]:
    return read(folder).table(table).to_pylist()


def test_a_repeated_row_is_merged_into_the_first(tmp_path: Path) -> None:
    file = account(put(tmp_path, attendance=marks() + "P000,9990001,2024-09-02,AM,I\n" * 3))
    assert (file.rows, file.accepted, file.merged, file.rejected) == (83, 80, 3, 0)


def test_rows_that_contradict_each_other_are_all_rejected_with_their_numbers(tmp_path: Path) -> None:
    file = account(put(tmp_path, attendance=marks() + "P000,9990001,2024-09-02,AM,O\nP000,9990001,2024-09-02,AM,I\n"))
    (conflict,) = file.rejections
    assert (file.accepted, file.merged, conflict.rule, conflict.rows, conflict.first) == (79, 0, "conflict", 3, (2, 82, 83))
    assert conflict.what.endswith("told differently: row 2 and row 82")


def test_versions_with_their_own_date_of_recording_are_no_conflict(tmp_path: Path) -> None:
    text = f"{HEADER},recorded_on\nP1,S1,2024-09-02,AM,N,2024-09-02\nP1,S1,2024-09-02,AM,I,2024-09-06\nP1,S1,2024-09-02,AM,O,\n"
    assert account(put(tmp_path, attendance=text)).accepted == 3


def test_conflicts_between_files_name_the_other_file(tmp_path: Path) -> None:
    put(tmp_path, attendance_2=f"{HEADER}\nP000,9990001,2024-09-02,AM,O\nP009,9990001,2024-09-02,AM,/\n", attendance=marks() + "short\n")
    first, second = account(tmp_path), account(tmp_path, "attendance_2.csv")
    assert [(r.rule, r.first) for r in first.rejections] == [("ragged_row", (82,)), ("conflict", (2,))]
    assert first.rejections[1].what.endswith("row 2 and row 2 of attendance_2.csv")
    assert second.rejections[0].what.endswith("row 2 and row 2 of attendance.csv")
    assert (first.accepted, second.accepted) == (79, 1)


def test_numbers_of_conflicting_rows_count_the_rejected_ones_above_them(tmp_path: Path) -> None:
    text = f"{HEADER}\nshort\nP1,S1,soon,AM,/\nP1,S1,2024-09-02,AM,/\n\nP1,S1,2024-09-02,AM,O\n"
    conflict = account(put(tmp_path, attendance=text)).rejections[-1]
    assert (conflict.rule, conflict.first) == ("conflict", (4, 6))


def test_a_file_that_mostly_contradicts_itself_is_refused(tmp_path: Path) -> None:
    mornings_differ = marks().replace(",I\n", ",O\n").replace(",/\n", ",O\n").split("\n", 1)[1]
    file = account(put(tmp_path, attendance=marks() + mornings_differ))
    assert (file.refused, file.accepted, file.merged, file.rejected) == ("", 40, 40, 80)
    file = account(put(tmp_path, attendance=marks() + mornings_differ.replace("\\", "O")))
    assert file.rule == "conflict"
    assert "160 of 160 rows" in file.refused


@pytest.mark.parametrize("table", TABLE_MODELS)
def test_copying_a_file_changes_no_table(tmp_path: Path, table: str) -> None:
    put(tmp_path, **EVERY_TABLE)
    before = read(tmp_path).tables
    put(tmp_path, **{f"{table}_copy": EVERY_TABLE[table]})
    copied = read(tmp_path)
    assert all(copied.table(name).equals(before[name]) for name in TABLE_MODELS)
    file = next(f for f in copied.ledger.files if f.file == f"{table}_copy.csv")
    assert file.rows == file.merged > 0
    assert file.notes == (f"a copy of {table}.csv, read once",)
    put(tmp_path, **{f"{table}_copy": EVERY_TABLE[table] + "\n"})  # no copy any more, yet the same facts
    assert all(read(tmp_path).table(name).equals(before[name]) for name in TABLE_MODELS)


EVERY_TABLE = {
    "attendance": f"{HEADER}\nP1,S1,2024-09-02,AM,/\nP1,S1,2024-09-02,PM,\\\nP2,S1,2024-09-02,AM,N\nbad,S1,soon,AM,/\n",
    "behaviour": f"{INCIDENTS}P1,S1,2024-09-02,negative,1\nP1,S1,2024-09-02,negative,1\nP1,S1,2024-09-02,negative,\n",
    "suspensions": "pupil_id,school_id,kind,start,sessions\nP1,S1,suspension,2024-09-02,2\n",
    "context": "pupil_id,school_id,valid_from,year_group,fsm\nP1,S1,2024-09-01,7,yes\nP2,S1,2024-09-01,8,\n",
    "outcomes": "pupil_id,school_id,left_on,destination\nP1,S1,2025-07-20,neet\n",
    "assessments": "pupil_id,school_id,date,subject,score\nP1,S1,2025-01-20,Maths,31.5\nP1,S1,2025-01-20,Art,\n",
    "enrolment": "pupil_id,school_id,entered_on,left_on\nP1,S1,2023-09-04,2025-07-20\n",
    "calendar": "school_id,date,session,open\nS1,2024-09-02,AM,true\nS1,2024-09-02,PM,false\n",
    "term_totals": "pupil_id,school_id,starts_on,ends_on,possible,authorised,unauthorised\nP1,S1,2024-09-02,2024-12-20,140,3,1\n",
    "extra": "pupil_id,school_id,date,name,value\nP1,S1,2024-09-02,reading_age,9.5\n",
}


def test_like_incidents_in_one_file_are_separate_and_in_two_files_the_same(tmp_path: Path) -> None:
    row = "P1,S1,2024-09-02,negative,1\n"
    put(tmp_path, attendance=marks(), behaviour=INCIDENTS + row * 2)
    assert len(_rows(tmp_path, "behaviour")) == 2
    put(tmp_path, behaviour_autumn=INCIDENTS + row * 3 + "P2,S1,2024-09-02,negative,1\n")
    assert [r["pupil_id"] for r in _rows(tmp_path, "behaviour")].count("P1") == 3
    assert [(f.accepted, f.merged) for f in check(tmp_path).files if f.table == "behaviour"] == [(2, 0), (2, 2)]


def test_overlapping_exports_give_each_mark_once(tmp_path: Path) -> None:
    lines = marks().split("\n")
    put(tmp_path, attendance_a="\n".join(lines[:60]), attendance_b="\n".join([HEADER, *lines[40:]]))
    (tmp_path / "whole").mkdir()
    put(tmp_path / "whole", attendance=marks())
    assert read(tmp_path).table("attendance").equals(read(tmp_path / "whole").table("attendance"))


@pytest.mark.parametrize("table", ["attendance", "behaviour", "assessments"])
def test_settling_agrees_with_counting_by_hand(tmp_path: Path, table: str) -> None:
    """Random small files with many repeats and conflicts, against the rule written out row by row."""
    rng = random.Random(7)
    for round_ in range(40):
        folder = tmp_path / f"{table}{round_}"
        folder.mkdir()
        files = {f"{table}_{n}": [_random_row(table, rng) for _ in range(rng.randint(1, 9))] for n in range(rng.randint(1, 3))}
        put(folder, attendance_x=marks(1), **{name: "\n".join([_HEADERS[table], *rows, ""]) for name, rows in files.items()})
        expected = _by_hand(table, list(files.values()))
        ledger = check(folder)
        assert sum(f.merged for f in ledger.files) == expected[1]
        assert sum(r.rows for f in ledger.files for r in f.rejections if r.rule == "conflict") == expected[2]
        if not ledger.refused:
            rows = [",".join("" if v is None else str(v) for v in row.values()) for row in _rows(folder, table)]
            mine = [row for row in rows if "9990001" not in row]
            assert sorted(r.rstrip(",") for r in mine) == sorted(row.rstrip(",") for row in expected[0])


_HEADERS = {
    "attendance": HEADER + ",recorded_on",
    "behaviour": "pupil_id,school_id,date,kind,role,category,severity,points",
    "assessments": "pupil_id,school_id,date,subject,score",
}


def _random_row(table: str, rng: random.Random) -> str:
    pupil, day = f"P{rng.randint(1, 2)}", f"2024-09-0{rng.randint(2, 3)}"
    if table == "attendance":
        return f"{pupil},S,{day},AM,{rng.choice('IO')},{rng.choice(['', '2024-09-05'])}"
    if table == "behaviour":
        return f"{pupil},S,{day},negative,,,,{rng.choice(['1.0', ''])}"
    return f"{pupil},S,{day},Art,{rng.choice(['1.5', '2.5', ''])}"


def _by_hand(table: str, files: list[list[str]]) -> tuple[list[str], int, int]:
    """Accepted rows, merged, in conflict: written from the definition, one row at a time."""
    accepted: list[str] = []
    merged = conflict = 0
    everything = list(itertools.chain.from_iterable(files))
    if not GRAIN[table]:
        for row in dict.fromkeys(everything):
            most = max(rows.count(row) for rows in files)
            accepted += [row] * most
            merged += everything.count(row) - most
        return accepted, merged, conflict
    names = _HEADERS[table].split(",")
    places = [names.index(name) for name in GRAIN[table] if name in names]
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in everything:
        cells = row.split(",")
        groups.setdefault(tuple(cells[i] for i in places), []).append(row)
    for rows in groups.values():
        if len(set(rows)) > 1:
            conflict += len(rows)
        else:
            accepted.append(rows[0])
            merged += len(rows) - 1
    return accepted, merged, conflict


def test_keys_too_wide_for_one_number_are_packed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    table = pa.table({name: pa.array(rng.integers(0, 5, 500).astype(str)).dictionary_encode() for name in "abcd"})
    names = tuple("abcd")
    wide = keys._pack(table, names)
    monkeypatch.setattr(keys, "_ROOM", 30)
    narrow = keys._pack(table, names)
    assert len(set(wide.tolist())) == len({tuple(row.values()) for row in table.to_pylist()})
    assert len(set(zip(wide.tolist(), narrow.tolist(), strict=True))) == len(set(narrow.tolist())) == len(set(wide.tolist()))
