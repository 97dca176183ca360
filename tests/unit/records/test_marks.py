"""Attendance marks: local codes, unknown codes, codes of another time."""

from __future__ import annotations

from pathlib import Path

import pytest

from eswarn.errors import InputRefused
from eswarn.records.marks import is_lesson
from eswarn.records.read import check, read
from tests.unit.records.exports import HEADER, account, marks, put


@pytest.mark.parametrize("session", ["1", "12", "P3", "p 3", "Period 5", "Lesson 1", "L2", "Mon:1", "Tuesday 4", "3b"])
def test_a_lesson_of_the_timetable_is_known_by_its_name(session: str) -> None:
    assert is_lesson(session)


@pytest.mark.parametrize("session", ["AM", "PM", "DAY", "", "Morning", "Registration", "mon" + " " * 100_000 + "x"])
def test_a_session_is_no_lesson(session: str) -> None:
    assert not is_lesson(session)


def test_unknown_codes_refuse_the_file_and_say_how_to_map_them(tmp_path: Path) -> None:
    text = marks().replace(",I\n", ",I02\n").replace("P003,9990001,2024-09-13,PM,\\", "P003,9990001,2024-09-13,PM,Present")
    refused = account(put(tmp_path, attendance=text.replace(",code\n", ",Mark\n"))).refused
    assert refused == (
        'attendance.csv, rows 2, 22, 42 and 2 more, column "Mark": 5 marks are not in the England table of register codes '
        "(codes: I02, text of 7 characters)\n"
        'Add  I02 = "I"  (or what it stands for; "-" for no mark) under [codes.map] in dataset.toml, or correct the file.'
    )


@pytest.mark.parametrize(
    ("code", "named", "key"),
    [("i", "I in lower case", 'i = "I"  under'), ("+", "+", "'+'"), ("A1", "A1", "A1"), ("Jo", "text of 2 characters", "…")],
)
def test_only_what_looks_like_a_mark_is_named(tmp_path: Path, code: str, named: str, key: str) -> None:
    refused = account(put(tmp_path, attendance=marks().replace("AM,I", f"AM,{code}", 1))).refused
    assert f"(codes: {named})" in refused
    assert key in refused.split("\n")[1]


def test_a_column_of_many_unknown_texts_is_not_shown_at_all(tmp_path: Path) -> None:
    rows = "".join(f"P1,S1,2024-09-02,{'AM' if i % 2 else 'PM'},A{i}\n" for i in range(30))
    refused = account(put(tmp_path, attendance=f"{HEADER}\n{rows}")).refused
    assert "30 different texts; is this the column of marks?" in refused
    assert "A1" not in refused


def test_a_mapped_code_is_read_and_its_local_form_kept(tmp_path: Path) -> None:
    toml = '[codes.map]\nI02 = "I"\n"+" = "-"\nPresent = "/"\n'
    text = f"{HEADER}\nP1,S1,2024-09-02,AM,I02\nP1,S1,2024-09-02,PM,+\nP1,S1,2024-09-03,AM,Present\nP1,S1,2024-09-03,PM,\\\n"
    records = read(put(tmp_path, attendance=text, dataset__toml=toml))
    table = records.table("attendance").to_pydict()
    assert table["code"] == ["I", "-", "/", "\\"]
    assert table["source_code"] == ["I02", "+", "Present", None]
    assert "3 marks mapped by [codes.map]" in records.ledger.files[0].notes


def test_a_column_of_local_codes_in_the_file_is_kept_as_it_is(tmp_path: Path) -> None:
    text = f"{HEADER},source_code\nP1,S1,2024-09-02,AM,I02,x\nP1,S1,2024-09-02,PM,/,\n"
    records = read(put(tmp_path, attendance=text, dataset__toml='[codes.map]\nI02 = "I"\n'))
    assert records.table("attendance").to_pydict()["source_code"] == ["x", None]


def test_a_code_of_another_time_is_kept_and_counted(tmp_path: Path) -> None:
    text = (
        f"{HEADER}\nP1,S1,2024-08-16,AM,H\nP1,S1,2024-08-19,AM,H\nP1,S1,2024-08-20,AM,J\nP1,S1,2024-07-01,AM,Y1\nP1,S1,2024-08-20,PM,Y1\n"
    )
    records = read(put(tmp_path, attendance=text))
    assert records.table("attendance").column("code").to_pylist() == ["H", "H", "J", "Y1", "Y1"]
    assert (
        "3 marks with a code that was not in force on the day (H, J, Y1), read with its meaning when it was"
        in records.ledger.files[0].notes
    )


def test_a_blank_code_is_no_mark_and_counted(tmp_path: Path) -> None:
    records = read(put(tmp_path, attendance=f"{HEADER}\nP1,S1,2024-09-02,AM,\nP1,S1,2024-09-02,PM,-\nP1,S1,2024-09-03,PM,/\n"))
    assert records.table("attendance").column("code").to_pylist() == ["-", "-", "/"]
    assert "2 blank marks (or -): no mark, neither present nor absent" in records.ledger.files[0].notes


def test_an_unknown_code_in_a_row_that_is_rejected_anyway_refuses_nothing(tmp_path: Path) -> None:
    file = account(put(tmp_path, attendance=marks() + "Total,,,,76\nP9,9990001,soon,AM,late\n"))
    assert not file.refused
    assert [(r.rule, r.first) for r in file.rejections] == [("totals_row", (82,)), ("bad_date", (83,))]


def test_lesson_marks_refuse_the_file(tmp_path: Path) -> None:
    file = account(put(tmp_path, attendance=marks().replace("2024-09-02,AM", "2024-09-02,P1")))
    assert file.rule == "not_marks"
    assert 'rows 2, 22, 42 and 1 more, column "session"' in file.refused


@pytest.mark.parametrize(("session", "declared"), [("DAY", "AM/PM"), ("AM", "DAY")])
def test_sessions_must_agree_with_the_facts(tmp_path: Path, session: str, declared: str) -> None:
    rows = "".join(f"P{i},S1,2024-09-02,{session},/\n" for i in range(12))
    file = account(put(tmp_path, attendance=f"{HEADER}\n{rows}", dataset__toml=f'session = "{declared}"\n'))
    assert file.rule == "wrong_session"
    assert 'session = "DAY"' in file.refused


def test_one_mark_a_day_fills_the_session_column(tmp_path: Path) -> None:
    text = "pupil_id,school_id,date,code\nP1,S1,2024-09-02,/\nP1,S1,2024-09-03,O\n"
    records = read(put(tmp_path, attendance=text, dataset__toml='session = "DAY"\n'))
    assert records.table("attendance").column("session").to_pylist() == ["DAY", "DAY"]


def test_minutes_late_belong_to_late_marks(tmp_path: Path) -> None:
    text = f"{HEADER},minutes_late\nP1,S1,2024-09-02,AM,L,5\nP1,S1,2024-09-03,AM,/,7\nP1,S1,2024-09-04,AM,/,0\nP1,S1,2024-09-05,AM,U,\n"
    records = read(put(tmp_path, attendance=text))
    assert records.table("attendance").column("minutes_late").to_pylist() == [5, 7, 0, None]
    assert "minutes late with 1 mark other than L and U" in records.ledger.files[0].notes


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[codes.map]\nI02 = "II"\n', 'maps "I02" to "II", which is no register code'),
        ('[codes.map]\n"" = "/"\n', "blank or longer"),
        ('[columns.attendance]\nmark = "Mark"\n', 'there is no column "mark" in attendance'),
        ('[columns.attendance]\ncode = "Mark"\nsession = "mark"\n', "two columns of attendance have the same header"),
        ("x = " + "[" * 5000, "not readable as TOML"),
        ("x = " + "9" * 5000, "not readable as TOML"),
    ],
)
def test_facts_that_cannot_hold_are_refused(tmp_path: Path, toml: str, words: str) -> None:
    with pytest.raises(InputRefused) as refusal:
        check(put(tmp_path, attendance=marks(), dataset__toml=toml))
    assert words in str(refusal.value)
    assert "dataset.toml" in refusal.value.where
