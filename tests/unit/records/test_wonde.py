"""Saved answers of the Wonde API, written by hand from the description of the format, and each way of being refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eswarn.config import CodeFacts, DatasetFacts
from eswarn.records.readers import wonde
from eswarn.records.readers.local_day import local_day
from eswarn.records.readers.peek import peek
from tests.unit.records.readings import read_with, refusal, rejected, rows, save

SCHOOL = DatasetFacts(school="9990001")
CODES = {
    "data": [
        {"id": "C1A", "code": "/", "description": "Present (AM)", "type": "PRESENT"},
        {"id": "C2B", "code": "\\", "description": "Present (PM)", "type": "PRESENT"},
        {"id": "C3C", "code": "I", "description": "Illness", "type": "AUTHORISED_ABSENCE"},
        {"id": "C4D", "code": "Y7", "description": "Unavoidable", "type": "NOT_REQUIRED"},
        {"id": "C5E", "code": "I02", "description": "Flu", "type": "AUTHORISED_ABSENCE"},
    ],
    "meta": {"pagination": {"next": None, "more": False, "current_page": 1, "per_page": 50}},
}


def _at(day: str, zone: str = "Europe/London") -> dict[str, object]:
    return {"date": f"{day}.000000" if " " in day else f"{day} 00:00:00.000000", "timezone_type": 3, "timezone": zone}


def _mark(pupil: str, day: object, session: str, code: str | None, **more: object) -> dict[str, object]:
    return {
        "id": f"M{pupil}",
        "student_id": pupil,
        "date": day,
        "session": session,
        "attendance_code_id": code,
        "comment": "Felt sick",
        **more,
    }


MARKS = [
    _mark("PUPIL1", _at("2024-09-04"), "AM", "C1A"),
    _mark("PUPIL1", _at("2024-09-04"), "PM", "C2B", minutes_late=None),
    _mark("PUPIL2", _at("2024-09-04"), "AM", "C3C", updated_at=_at("2024-09-06 14:03:10")),
    _mark("PUPIL2", _at("2024-09-03 23:00:00", "UTC"), "PM", "C4D", updated_at=_at("2024-08-30 10:00:00")),
    _mark("PUPIL3", "2024-09-04", "AM", None),
]


def _page(records: list[Any], page: int = 1, *, more: bool = False, **pagination: object) -> dict[str, object]:
    return {"data": records, "meta": {"pagination": {"current_page": page, "more": more, **pagination}}}


def _folder(folder: Path, marks: object = None, codes: object = CODES) -> Path:
    if codes is not None:
        save(folder / "codes.json", codes)
    return save(folder / "marks.json", _page(MARKS) if marks is None else marks)


def test_session_marks_become_attendance(tmp_path: Path) -> None:
    checked = read_with(wonde, _folder(tmp_path), SCHOOL)["attendance"]
    key = {"school_id": "9990001", "date": "2024-09-04"}
    assert rows(checked) == [
        key | {"pupil_id": "PUPIL1", "session": "AM", "code": "/"},
        key | {"pupil_id": "PUPIL1", "session": "PM", "code": "\\"},
        key | {"pupil_id": "PUPIL2", "session": "AM", "code": "I", "recorded_on": "2024-09-06"},
        key | {"pupil_id": "PUPIL2", "session": "PM", "code": "Y7"},  # planned before: known on the day
        key | {"pupil_id": "PUPIL3", "session": "AM", "code": "-"},
    ]
    assert '"comment" was not read (free text or personal)' in checked.ledger.notes
    assert "1 mark written before their day (leave agreed in advance): taken as known on the day" in checked.ledger.notes
    assert "Felt sick" not in repr(checked)


def test_codes_before_and_from_19_august_2024_are_both_read(tmp_path: Path) -> None:
    codes = [{"id": "J", "code": "J", "type": "x"}, {"id": "J1", "code": "J1", "type": "x"}]
    marks = [_mark("PUPIL1", "2024-07-19", "AM", "J"), _mark("PUPIL1", "2024-09-04", "AM", "J1"), _mark("PUPIL1", "2024-09-05", "AM", "J")]
    checked = read_with(wonde, _folder(tmp_path, marks, codes), SCHOOL)["attendance"]
    assert [row["code"] for row in rows(checked)] == ["J", "J1", "J"]
    assert any("1 mark with a code that was not in force on the day (J)" in note for note in checked.ledger.notes)


def test_a_local_code_goes_through_the_map_and_is_kept_beside(tmp_path: Path) -> None:
    marks = [_mark("PUPIL1", "2024-09-04", "AM", "C5E")]
    facts = SCHOOL.model_copy(update={"codes": CodeFacts(map={"I02": "I"})})
    (row,) = rows(read_with(wonde, _folder(tmp_path, marks), facts)["attendance"])
    assert (row["code"], row["source_code"]) == ("I", "I02")


def test_a_local_code_without_a_map_is_refused_by_name(tmp_path: Path) -> None:
    error = refusal(wonde, _folder(tmp_path, [_mark("PUPIL1", "2024-09-04", "AM", "C5E")]), SCHOOL)
    assert error.rule == "unknown_code"
    assert "I02" in str(error)


def test_marks_without_the_answer_with_the_codes_are_refused(tmp_path: Path) -> None:
    error = refusal(wonde, _folder(tmp_path, codes=None), SCHOOL)
    assert error.rule == "missing_column"
    assert "Save the attendance codes" in error.do


def test_an_id_that_the_codes_lack_is_refused_with_its_rows_and_without_the_id(tmp_path: Path) -> None:
    error = refusal(wonde, _folder(tmp_path, [MARKS[0], _mark("PUPIL1", "2024-09-05", "AM", "SECRET9")]), SCHOOL)
    assert (error.rule, error.where) == ("unknown_code", "marks.json, row 2")
    assert "SECRET9" not in str(error)


def test_one_id_with_two_codes_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "more codes.json", [{"id": "C1A", "code": "B", "type": "x"}])
    with pytest.raises(Exception, match="one attendance code id with two codes") as caught:
        wonde.read(_folder(tmp_path), facts=SCHOOL)
    assert caught.value.rule == "conflict"  # type: ignore[attr-defined]


def test_marks_without_a_school_need_one_in_dataset_toml(tmp_path: Path) -> None:
    assert refusal(wonde, _folder(tmp_path), DatasetFacts()).rule == "missing_column"
    marks = [mark | {"school": {"data": {"id": "A99"}}} for mark in MARKS]
    read = read_with(wonde, _folder(tmp_path, marks), DatasetFacts())
    assert {row["school_id"] for row in rows(read["attendance"])} == {"A99"}


def test_lesson_marks_are_refused(tmp_path: Path) -> None:
    error = refusal(wonde, _folder(tmp_path, [{"student_id": "PUPIL1", "lesson_id": "L", "attendance_code_id": "C1A"}]), SCHOOL)
    assert error.rule == "not_marks"


@pytest.mark.parametrize(
    ("pages", "gap"),
    [
        ([_page(MARKS, 1, more=True)], "page 2 is missing"),
        ([_page(MARKS, 2)], "page 1 is missing"),
        ([_page(MARKS, 1, more=True), _page(MARKS, 3)], "page 2 is missing"),
        ([_page(MARKS, total=9)], "5 of 9 records"),
        ([{"data": MARKS, "meta": {"pagination": {"next": "an address"}}}], "the last page is missing"),
    ],
)
def test_an_answer_that_is_not_whole_is_refused(tmp_path: Path, pages: object, gap: str) -> None:
    error = refusal(wonde, _folder(tmp_path, pages), SCHOOL)
    assert error.rule == "wrong_shape"
    assert gap in error.what


def test_pages_may_be_spread_over_files(tmp_path: Path) -> None:
    first = _folder(tmp_path, _page(MARKS[:2], 1, more=True, total=5))
    second = save(tmp_path / "marks 2.json", _page(MARKS[2:], 2, total=5))
    assert [len(rows(read_with(wonde, path, SCHOOL)["attendance"])) for path in (first, second)] == [2, 3]
    save(second, _page(MARKS[2:4], 2, total=5))
    assert refusal(wonde, first, SCHOOL).rule == "wrong_shape"


def test_incomplete_codes_are_refused_too(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="page 2 is missing"):
        wonde.read(_folder(tmp_path, codes=_page(CODES["data"], 1, more=True)), facts=SCHOOL)  # type: ignore[arg-type]


def test_summaries_are_compared_with_the_marks(tmp_path: Path) -> None:
    summaries = [{"student_id": "PUPIL1", "possible_marks": 2}, {"student_id": "PUPIL2", "possible_marks": 7}]
    assert wonde.read(save(tmp_path / "sums.json", summaries), facts=SCHOOL) == ()
    notes = read_with(wonde, _folder(tmp_path), SCHOOL)["attendance"].ledger.notes
    assert "attendance summaries: 2 pupils compared, 1 with another number of possible marks" in notes


BEHAVIOURS = [
    {
        "id": "B1", "date": _at("2024-10-01"), "type": "Fighting", "status": "Resolved", "bullying_type": None, "location": "Yard",
        "comment": "PUPIL1 hit PUPIL2", "updated_at": _at("2024-10-02 09:00:00"),
        "students": {"data": [
            {"student_id": "PUPIL1", "role": "Aggressor", "action": "Detention", "points": 5},
            {"student_id": "PUPIL2", "role": "Victim", "points": 0},
            {"student_id": "PUPIL3", "role": None, "points": 1},
        ]},
    },
    {"id": "B2", "date": _at("2024-10-03"), "type": "Other", "status": "Deleted", "students": [{"student_id": "PUPIL1", "points": 1}]},
    {"id": "B3", "date": _at("2024-10-04"), "type": "Other", "status": "", "students": [{"student_id": "PUPIL1", "role": "Bard"}]},
    {"id": "B4", "date": _at("2024-10-04"), "type": "Other", "status": "", "students": []},
]  # fmt: skip


def test_one_incident_becomes_a_row_for_each_pupil_with_the_part_they_had(tmp_path: Path) -> None:
    checked = read_with(wonde, save(tmp_path / "b.json", _page(BEHAVIOURS)), SCHOOL)["behaviour"]
    key = {"school_id": "9990001", "date": "2024-10-01", "kind": "negative", "category": "Fighting", "recorded_on": "2024-10-02"}
    assert rows(checked) == [
        key | {"pupil_id": "PUPIL1", "role": "involved", "points": 5.0},
        key | {"pupil_id": "PUPIL2", "role": "harmed", "points": 0.0},
        key | {"pupil_id": "PUPIL3", "points": 1.0},
    ]
    assert rejected(checked.ledger) == {"deleted_record": 1, "unknown_value": 1, "missing_value": 1}
    assert checked.ledger.rows == 6
    assert "hit" not in repr(checked.table.to_pylist())


def test_achievements_are_positive_and_what_is_neither_is_refused(tmp_path: Path) -> None:
    award = {"date": "2024-10-01", "type": "Kindness", "students": [{"student_id": "PUPIL1", "award": "Star", "points": 3}]}
    checked = read_with(wonde, save(tmp_path / "a.json", [award]), SCHOOL)["behaviour"]
    assert [(row["kind"], row["points"]) for row in rows(checked)] == [("positive", 3.0)]
    unclear = {"date": "2024-10-01", "type": "Kindness", "students": [{"student_id": "PUPIL1"}]}
    assert refusal(wonde, save(tmp_path / "c.json", [unclear]), SCHOOL).rule == "wrong_shape"


def test_exclusions_become_suspensions(tmp_path: Path) -> None:
    exclusions = [
        {"student_id": "PUPIL1", "type": "Fixed Term", "start_date": _at("2024-11-04"), "end_date": _at("2024-11-05"),
         "sessions": 4, "reason": "pa"},
        {"student_id": "PUPIL2", "type": "Lunchtime", "start_date": "2024-11-04", "end_date": None, "sessions": 1, "reason": "threw food"},
        {"student_id": "PUPIL3", "type": "Permanent", "start_date": "2024-11-06", "end_date": None, "sessions": None, "reason": None},
        {"student_id": "PUPIL4", "type": "Suspension", "start_date": "2024-11-06", "end_date": None, "sessions": None, "reason": None},
    ]  # fmt: skip
    checked = read_with(wonde, save(tmp_path / "e.json", exclusions), SCHOOL)["suspensions"]
    key = {"school_id": "9990001"}
    assert rows(checked) == [
        key | {"pupil_id": "PUPIL1", "kind": "suspension", "start": "2024-11-04", "end": "2024-11-05", "sessions": 4, "reason_1": "PA"},
        key | {"pupil_id": "PUPIL2", "kind": "suspension", "start": "2024-11-04", "sessions": 1, "lunchtime": True},
        key | {"pupil_id": "PUPIL3", "kind": "permanent_exclusion", "start": "2024-11-06"},
    ]
    assert rejected(checked.ledger) == {"missing_value": 1}
    assert "1 reason not kept (words, not a two-letter code)" in checked.ledger.notes


def test_leavers_become_outcomes_and_words_not_listed_are_unknown(tmp_path: Path) -> None:
    leavers = [
        {"student_id": "PUPIL1", "leaving_date": _at("2025-07-18"), "destination": "College or training"},
        {"id": "PUPIL2", "leaving_date": "2025-01-31", "leaving_reason": "Moved to be near her grandmother"},
    ]
    checked = read_with(wonde, save(tmp_path / "l.json", leavers), SCHOOL)["outcomes"]
    assert [(row["pupil_id"], row["left_on"], row["destination"]) for row in rows(checked)] == [
        ("PUPIL1", "2025-07-18", "college_or_training"),
        ("PUPIL2", "2025-01-31", "unknown"),
    ]
    assert any("1 destination in words" in note for note in checked.ledger.notes)


def test_students_give_enrolment_and_a_context_that_holds_from_the_day_it_was_written(tmp_path: Path) -> None:
    students = [
        {
            "id": "PUPIL1", "forename": "Ann", "surname": "Sample", "gender": "FEMALE", "updated_at": _at("2025-01-06"),
            "education_details": {"data": {"current_nc_year": "9", "admission_date": _at("2022-09-01"), "leaving_date": None}},
        },
        {"id": "PUPIL2", "gender": "OTHER", "current_nc_year": 10, "admission_date": "2021-09-01", "leaving_date": "2025-01-31"},
    ]  # fmt: skip
    read = read_with(wonde, save(tmp_path / "s.json", students), SCHOOL)
    assert [(r["pupil_id"], r["entered_on"], r.get("left_on")) for r in rows(read["enrolment"])] == [
        ("PUPIL1", "2022-09-01", None),
        ("PUPIL2", "2021-09-01", "2025-01-31"),
    ]
    assert rows(read["context"]) == [
        {"pupil_id": "PUPIL1", "school_id": "9990001", "valid_from": "2025-01-06", "year_group": 9, "sex": "F"}
    ]
    assert rejected(read["context"].ledger) == {"missing_value": 1}
    assert "Sample" not in repr(read)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2024-09-04", "2024-09-04"),
        (_at("2024-09-04 08:50:00"), "2024-09-04"),
        (_at("2024-09-03 23:00:00", "UTC"), "2024-09-04"),  # midnight in summer
        ("2024-09-03T23:00:00Z", "2024-09-04"),
        ("2024-09-03T23:00:00.000+00:00", "2024-09-04"),
        ("2024-09-04T00:00:00+01:00", "2024-09-04"),
        ("2024-09-04T01:00:00+0300", "2024-09-03"),
        ("2024-12-03T23:59:00Z", "2024-12-03"),  # in winter the two agree
        ("2024-10-26T23:30:00Z", "2024-10-27"),  # the last night of summer time
        ("2024-10-27T23:30:00Z", "2024-10-27"),
        ("2024-03-30T23:30:00Z", "2024-03-30"),
        ("2024-03-31T23:30:00Z", "2024-04-01"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01"),
        ("2024-09-04T25:00:00Z", "2024-09-04"),
        ({"date": None}, ""),
        (None, ""),
        (["2024-09-04"], "no date"),
        ("soon", "soon"),
    ],
)
def test_a_moment_falls_on_the_day_it_has_at_the_school(written: object, day: str) -> None:
    assert local_day(written) == day


@pytest.mark.parametrize("content", [b"[]", b'{"data":[]}', b'[{"studentReference":{}}]', b"x,y\n", b"{", b"\xff\xfe[\x00"])
def test_other_content_is_not_taken_for_an_answer(tmp_path: Path, content: bytes) -> None:
    assert not wonde.fits(peek(save(tmp_path / "attendance.json", content)), SCHOOL)


def test_what_is_no_answer_after_all_is_refused(tmp_path: Path) -> None:
    assert refusal(wonde, save(tmp_path / "x.json", [{"a": 1}]), SCHOOL).rule == "wrong_shape"
    assert wonde.read(save(tmp_path / "codes.json", CODES), facts=SCHOOL) == ()
