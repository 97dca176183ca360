"""Ed-Fi resources, written by hand from the description of the format, and each way of being refused."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from eswarn.config import CodeFacts, DatasetFacts
from eswarn.records.ledger import FileRefused
from eswarn.records.readers import edfi
from eswarn.records.readers.peek import peek
from tests.unit.records.readings import read_with, refusal, rejected, rows, save

US = DatasetFacts(profile="us")
ABSENCES = DatasetFacts(profile="us", marks="absences")
DAYS = ("2024-09-03", "2024-09-04", "2024-09-05", "2024-09-06")


def _event(
    pupil: str, day: str, category: str, duration: float | str | None = None, school: int = 255901001, **more: object
) -> dict[str, Any]:
    event: dict[str, Any] = {
        "studentReference": {"studentUniqueId": pupil},
        "schoolReference": {"schoolId": school},
        "sessionReference": {"schoolId": school, "schoolYear": 2025, "sessionName": "Fall"},
        "eventDate": day,
        "attendanceEventCategoryDescriptor": f"uri://ed-fi.org/AttendanceEventCategoryDescriptor#{category}",
        "attendanceEventReason": "Grandmother's funeral",
    }
    return event | ({} if duration is None else {"eventDuration": duration}) | more


def _date(day: str, what: str = "Instructional day", school: int = 255901001, calendar: str = "2025") -> dict[str, Any]:
    return {
        "calendarReference": {"calendarCode": calendar, "schoolId": school, "schoolYear": 2025},
        "date": day,
        "calendarEvents": [
            {"calendarEventDescriptor": f"uri://ed-fi.org/CalendarEventDescriptor#{each}"} for each in what.split(", ") if each
        ],
    }


def _stay(pupil: str, entry: str = "2024-09-01", left: str | None = None, grade: str = "Ninth grade", **more: object) -> dict[str, Any]:
    return {
        "studentReference": {"studentUniqueId": pupil},
        "schoolReference": {"schoolId": 255901001},
        "entryDate": entry,
        "entryGradeLevelDescriptor": f"uri://ed-fi.org/GradeLevelDescriptor#{grade}",
        **({"exitWithdrawDate": left} if left else {}),
        **more,
    }


def _marks(path: Path, facts: DatasetFacts = US) -> list[tuple[str, str, str, str]]:
    checked = read_with(edfi, path, facts)["attendance"]
    return sorted((r["pupil_id"], r["date"], r["session"], r["code"]) for r in rows(checked))


def _lines(events: list[Any]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\r\n" for event in events)


PRESENT = _event("PUPIL9", DAYS[0], "In Attendance", 1)


@pytest.mark.parametrize("lines", [False, True])
def test_events_become_marks_of_half_days(tmp_path: Path, lines: bool) -> None:
    events = [
        _event("PUPIL1", DAYS[0], "Excused Absence", 1),
        _event("PUPIL1", DAYS[1], "Unexcused Absence", 0.5),
        _event("PUPIL1", DAYS[1], "In Attendance", 0.5),
        _event("PUPIL1", DAYS[2], "Tardy"),
        _event("PUPIL1", DAYS[3], "early  DEPARTURE", 0.1),
        _event("PUPIL2", f"{DAYS[0]}T00:00:00Z", "Medically Excused", "1.0"),
        PRESENT,
    ]
    path = save(tmp_path / "x.json", _lines(events) if lines else events)
    assert _marks(path) == [
        ("PUPIL1", DAYS[0], "AM", "EA"),
        ("PUPIL1", DAYS[0], "PM", "EA"),
        ("PUPIL1", DAYS[1], "AM", "UA"),
        ("PUPIL1", DAYS[1], "PM", "P"),
        ("PUPIL1", DAYS[2], "AM", "T"),
        ("PUPIL1", DAYS[3], "PM", "ED"),
        ("PUPIL2", DAYS[0], "AM", "MA"),
        ("PUPIL2", DAYS[0], "PM", "MA"),
        ("PUPIL9", DAYS[0], "AM", "P"),
        ("PUPIL9", DAYS[0], "PM", "P"),
    ]


def test_schools_are_text_and_the_reason_is_not_read(tmp_path: Path) -> None:
    checked = read_with(edfi, save(tmp_path / "x.json", [PRESENT]), US)["attendance"]
    assert {row["school_id"] for row in rows(checked)} == {"255901001"}
    assert "funeral" not in repr(checked)


@pytest.mark.parametrize(
    ("several", "expected"),
    [
        ([("Excused Absence", 0.5), ("Unexcused Absence", 0.5)], ["EA", "UA"]),
        ([("Excused Absence", 0.5), ("Tardy", None)], ["EA", "T"]),
        ([("Tardy", None), ("Early departure", None)], ["T", "ED"]),
        ([("In Attendance", 1), ("Tardy", 0)], ["T", "P"]),
        ([("In Attendance", 1), ("Tardy", None), ("Early departure", None)], ["T", "ED"]),
        ([("Excused Absence", 0.5), ("Excused Absence", 0.5)], ["EA"]),  # one event, told twice
        ([("Excused Absence", 1), ("Tardy", None)], []),
        ([("Excused Absence", 1), ("Unexcused Absence", 0.5)], []),
        ([("Excused Absence", 1), ("Excused Absence", 0.5)], []),
        ([("Excused Absence", 1), ("In Attendance", 1)], []),
    ],
)
def test_several_events_of_a_day_share_its_halves_in_whatever_order(
    tmp_path: Path, several: list[tuple[str, float | None]], expected: list[str]
) -> None:
    for turn in (1, -1):
        events = [_event("PUPIL1", DAYS[0], *each) for each in several[::turn]]
        path = save(tmp_path / f"{turn}.json", [*events, *[PRESENT] * 3])
        checked = read_with(edfi, path, US)["attendance"]
        found = sorted((r["session"], r["code"]) for r in rows(checked) if r["pupil_id"] == "PUPIL1")
        assert list(dict.fromkeys(code for _, code in found)) == expected
        assert ("conflict" in rejected(checked.ledger)) == (not expected)


def test_a_data_set_of_one_mark_a_day_takes_whole_days(tmp_path: Path) -> None:
    facts = DatasetFacts(profile="us", session="DAY")
    events = [
        _event("PUPIL1", DAYS[0], "Excused Absence", 1), _event("PUPIL1", DAYS[1], "Excused Absence", 0.5),
        _event("PUPIL1", DAYS[2], "Tardy"), _event("PUPIL1", DAYS[2], "In Attendance"), PRESENT,
    ]  # fmt: skip
    checked = read_with(edfi, save(tmp_path / "x.json", events), facts)["attendance"]
    assert [(r["pupil_id"], r["date"], r["session"], r["code"]) for r in rows(checked)] == [
        ("PUPIL1", DAYS[0], "DAY", "EA"),
        ("PUPIL1", DAYS[2], "DAY", "T"),
        ("PUPIL9", DAYS[0], "DAY", "P"),
    ]
    assert rejected(checked.ledger) == {"wrong_session": 1, "nothing_new": 1}


def test_an_absence_without_a_duration_lasts_the_day_and_the_ledger_says_so(tmp_path: Path) -> None:
    checked = read_with(edfi, save(tmp_path / "x.json", [_event("PUPIL1", DAYS[0], "Excused Absence"), PRESENT]), US)["attendance"]
    assert "1 absence without eventDuration: taken to last the whole day" in checked.ledger.notes
    assert len(rows(checked)) == 4


@pytest.mark.parametrize(
    ("event", "rule"),
    [
        (_event("PUPIL1", DAYS[0], "On a field trip", 1), "unknown_code"),
        (_event("PUPIL1", DAYS[0], "", 1), "unknown_code"),
        (_event("PUPIL1", DAYS[0], "Excused Absence", 1.5), "wrong_shape"),
        (_event("PUPIL1", DAYS[0], "Excused Absence", -1), "wrong_shape"),
        (_event("PUPIL1", DAYS[0], "Excused Absence", 0), "wrong_shape"),
        (_event("PUPIL1", DAYS[0], "Excused Absence", "1e0"), "wrong_shape"),
        (_event("PUPIL1", DAYS[0], "Excused Absence", "all day"), "wrong_shape"),
        (_event("PUPIL1", "", "Tardy", arrivalTime="09:10:00"), "wrong_shape"),
    ],
)
def test_a_file_with_an_event_that_makes_no_sense_is_refused_with_its_row(tmp_path: Path, event: dict[str, Any], rule: str) -> None:
    error = refusal(edfi, save(tmp_path / "x.json", [PRESENT, event]), US)
    assert error.rule == rule
    assert error.where == "x.json, row 2"


def test_a_district_word_goes_through_the_map(tmp_path: Path) -> None:
    facts = US.model_copy(update={"codes": CodeFacts(map={"On a field trip": "P", "AU": "UA", "Excused Absence": "MA"})})
    events = [
        _event("PUPIL1", DAYS[0], "On a field trip"),
        _event("PUPIL1", DAYS[1], "AU", 1),
        _event("PUPIL1", DAYS[2], "Excused Absence", 0.5),
    ]
    checked = read_with(edfi, save(tmp_path / "x.json", events), facts)["attendance"]
    found = [(r["code"], r.get("source_code")) for r in rows(checked)]
    assert found == [("P", "On a field trip")] * 2 + [("UA", "AU")] * 2 + [("MA", "Excused Absence")]


def test_the_words_of_ed_fi_need_the_profile(tmp_path: Path) -> None:
    error = refusal(edfi, save(tmp_path / "x.json", [PRESENT]), DatasetFacts())
    assert error.rule == "unknown_code"
    assert 'profile = "us"' in error.do


def test_what_is_wrong_with_one_event_turns_only_that_one_away(tmp_path: Path) -> None:
    events = [
        _event("PUPIL1", DAYS[0], "Excused Absence", 0.33),
        _event("PUPIL2", DAYS[0], "Excused Absence", 1) | {"sessionReference": {"schoolId": 1, "schoolYear": 2025, "sessionName": "Fall"}},
        _event("PUPIL3", DAYS[0], "Excused Absence", 0.5, 1), _event("PUPIL3", DAYS[0], "Excused Absence", 0.5, 2),
        _event("PUPIL4", "2024-02-30", "Excused Absence", 0.5), PRESENT, *[_event(f"PUPIL{n}", DAYS[0], "Tardy") for n in range(10, 20)],
    ]  # fmt: skip
    checked = read_with(edfi, save(tmp_path / "x.json", events), US)["attendance"]
    assert rejected(checked.ledger) == {"out_of_range": 1, "conflict": 4, "bad_date": 1}
    assert len(rows(checked)) == 12


def test_events_of_lessons_are_refused(tmp_path: Path) -> None:
    assert refusal(edfi, save(tmp_path / "x.json", [PRESENT | {"sectionReference": {}}]), US).rule == "not_marks"


# --- calendar and days of presence ----------------------------------------------------------------------------------


def _district(folder: Path, events: list[Any], stays: list[Any], dates: list[Any] | None = None) -> Path:
    save(folder / "calendar.json", dates if dates is not None else [*map(_date, DAYS), _date("2024-09-07", "Holiday")])
    save(folder / "events.json", events)
    return save(folder / "stays.json", stays)


def test_a_calendar_says_which_sessions_were_open(tmp_path: Path) -> None:
    dates = [
        _date(DAYS[0]),
        _date(DAYS[1], "Make-up day, Instructional day"),
        _date(DAYS[2], "Weather day"),
        _date(DAYS[3], "Holiday, Instructional day"),
    ]
    checked = read_with(edfi, save(tmp_path / "x.json", [*dates, _date("2024-09-09", "")]), US)["calendar"]
    assert [(r["date"], r["session"], r["open"]) for r in rows(checked)] == [
        (day, half, is_open) for day, is_open in ((DAYS[0], True), (DAYS[1], True), (DAYS[2], False)) for half in ("AM", "PM")
    ]
    assert rejected(checked.ledger) == {"conflict": 2}


def test_a_calendar_event_of_the_state_needs_the_map(tmp_path: Path) -> None:
    path = save(tmp_path / "x.json", [_date(DAYS[0], "ID"), _date(DAYS[1], "SD")])
    error = refusal(edfi, path, US)
    assert (error.rule, error.where) == ("unknown_code", "x.json, row 1")
    facts = US.model_copy(update={"codes": CodeFacts(map={"ID": "P", "SD": "#"})})
    assert [r["open"] for r in rows(read_with(edfi, path, facts)["calendar"])] == [True, True, False, False]


def test_open_days_without_an_event_are_days_of_presence_where_only_absences_are_kept(tmp_path: Path) -> None:
    events = [
        _event("PUPIL1", DAYS[1], "Excused Absence", 1),
        _event("PUPIL2", DAYS[0], "Unexcused Absence", 0.5),
        _event("PUPIL2", DAYS[2], "Tardy"),
    ]
    stays = _district(tmp_path, events, [_stay("PUPIL1"), _stay("PUPIL2", DAYS[0], DAYS[2]), _stay("PUPIL3", DAYS[2])])
    filled = read_with(edfi, stays, ABSENCES)["attendance"]
    assert sorted((r["pupil_id"], r["date"], r["session"]) for r in rows(filled)) == [
        ("PUPIL1", DAYS[0], "AM"), ("PUPIL1", DAYS[0], "PM"), ("PUPIL1", DAYS[2], "AM"), ("PUPIL1", DAYS[2], "PM"),
        ("PUPIL2", DAYS[0], "PM"), ("PUPIL2", DAYS[1], "AM"), ("PUPIL2", DAYS[1], "PM"),  # withdrawn on the third day
        ("PUPIL3", DAYS[2], "AM"), ("PUPIL3", DAYS[2], "PM"),
    ]  # fmt: skip
    assert {r["code"] for r in rows(filled)} == {"P"}
    assert f"9 sessions of open days without an event, up to {DAYS[2]}: taken as present" in filled.ledger.notes
    assert len(_marks(tmp_path / "events.json", ABSENCES)) == 4


def test_filled_and_told_sessions_make_each_open_session_once(tmp_path: Path) -> None:
    events = [
        _event("PUPIL1", DAYS[0], "Excused Absence", 0.5), _event("PUPIL1", DAYS[0], "Early departure"),
        _event("PUPIL1", DAYS[1], "Tardy"), _event("PUPIL1", DAYS[3], "Unexcused Absence"), _event("PUPIL2", DAYS[3], "In Attendance", 0.5),
    ]  # fmt: skip
    stays = _district(tmp_path, events, [_stay("PUPIL1"), _stay("PUPIL1", DAYS[2]), _stay("PUPIL2", grade="Kindergarten")])
    both = _marks(tmp_path / "events.json", ABSENCES) + _marks(stays, ABSENCES)
    sessions = sorted(mark[:3] for mark in both)
    assert sessions == [(pupil, day, half) for pupil in ("PUPIL1", "PUPIL2") for day in DAYS for half in ("AM", "PM")]


def test_days_are_filled_up_to_the_day_the_data_set_states(tmp_path: Path) -> None:
    stays = _district(tmp_path, [_event("PUPIL1", DAYS[0], "Excused Absence", 1)], [_stay("PUPIL1")])
    assert _marks(stays, ABSENCES) == []
    facts = ABSENCES.model_copy(update={"observed_to": {"attendance": dt.date(2024, 9, 5)}})
    assert [mark[1:3] for mark in _marks(stays, facts)] == [(day, half) for day in DAYS[1:3] for half in ("AM", "PM")]


def test_a_day_in_doubt_is_never_filled(tmp_path: Path) -> None:
    events = [
        _event("PUPIL1", DAYS[0], "Excused Absence", 0.2),  # no half, no whole
        _event("PUPIL1", DAYS[1], "Excused Absence", 1), _event("PUPIL1", DAYS[1], "Tardy"),  # both cannot be
        _event("PUPIL2", DAYS[3], "Tardy"), *[_event(f"PUPIL1{n}", DAYS[3], "Tardy") for n in range(9)],
    ]  # fmt: skip
    stays = _district(tmp_path, events, [_stay("PUPIL1")])
    assert {mark[1] for mark in _marks(stays, ABSENCES)} == set(DAYS[2:])


def test_the_calendar_of_the_pupil_counts_where_a_school_has_several(tmp_path: Path) -> None:
    dates = [_date(DAYS[0]), _date(DAYS[0], "Holiday", calendar="Seniors"), _date(DAYS[1]), _date(DAYS[1], calendar="Seniors")]
    named = {"calendarReference": {"calendarCode": "Seniors"}}
    lost = {"calendarReference": {"calendarCode": "Juniors"}}
    people = [
        _stay("PUPIL1"),
        _stay("PUPIL2", **named),
        _stay("PUPIL3", **lost),
        _stay("PUPIL4", calendarReference={"calendarCode": "2025"}),
    ]
    stays = _district(tmp_path, [_event("PUPIL9", DAYS[1], "Tardy")], people, dates)
    assert sorted({mark[:2] for mark in _marks(stays, ABSENCES)}) == [
        ("PUPIL1", DAYS[1]), ("PUPIL2", DAYS[1]), ("PUPIL4", DAYS[0]), ("PUPIL4", DAYS[1]),
    ]  # fmt: skip
    notes = read_with(edfi, stays, ABSENCES)["attendance"].ledger.notes
    assert "1 enrolment without dates or calendar: nothing filled in" in notes


def test_absences_without_a_calendar_are_refused(tmp_path: Path) -> None:
    absence = [_event("PUPIL1", DAYS[0], "Excused Absence", 1)]
    for facts in (US, ABSENCES):
        error = refusal(edfi, save(tmp_path / "events.json", absence), facts)
        assert error.rule == "no_denominator"
        assert "calendarDates and studentSchoolAssociations" in error.do
        assert ('marks = "absences"' in error.do) == (facts is US)
    _district(tmp_path, absence, [_stay("PUPIL1")])
    assert refusal(edfi, tmp_path / "events.json", US).rule == "no_denominator"
    assert len(_marks(tmp_path / "events.json", ABSENCES)) == 2


def test_an_event_of_no_day_or_pupil_is_refused_where_every_other_day_would_be_filled(tmp_path: Path) -> None:
    for event in (_event("PUPIL1", "04/09/2024", "Tardy"), _event("", DAYS[0], "Tardy"), _event("PUPIL1", "2024-W36-3", "Tardy")):
        stays = _district(tmp_path, [event], [_stay("PUPIL1")])
        assert refusal(edfi, tmp_path / "events.json", ABSENCES).rule == "missing_value"
        assert "days of presence cannot be told" in refusal(edfi, stays, ABSENCES).what


def test_associations_give_enrolment_and_year_group(tmp_path: Path) -> None:
    stays = [
        _stay("PUPIL1", left="2025-01-31"),
        _stay("PUPIL2", grade="Kindergarten"),
        _stay("PUPIL3", grade="Ungraded"),
        _stay("PUPIL4", "", grade=""),
    ]
    read = read_with(edfi, save(tmp_path / "x.json", stays), US)
    assert [(r["pupil_id"], r["entered_on"], r.get("left_on")) for r in rows(read["enrolment"])] == [
        ("PUPIL1", "2024-09-01", "2025-01-31"),
        ("PUPIL2", "2024-09-01", None),
        ("PUPIL3", "2024-09-01", None),
    ]
    assert rejected(read["enrolment"].ledger) == {"missing_value": 1}
    assert [(r["pupil_id"], r["year_group"]) for r in rows(read["context"])] == [("PUPIL1", 9), ("PUPIL2", 0)]
    assert rejected(read["context"].ledger) == {"unknown_code": 1}


# --- discipline -----------------------------------------------------------------------------------------------------


def _incident(name: str, day: str = "2024-10-01") -> dict[str, Any]:
    told = "PUPIL1 threw a chair"
    return {"incidentIdentifier": name, "schoolReference": {"schoolId": 255901001}, "incidentDate": day, "incidentDescription": told}


def _part(pupil: str, incident: str, *roles: str) -> dict[str, Any]:
    return {
        "studentReference": {"studentUniqueId": pupil},
        "disciplineIncidentReference": {"incidentIdentifier": incident, "schoolId": 255901001},
        "behaviorDescriptor": "uri://ed-fi.org/BehaviorDescriptor#School Violation",
        "behaviorDetailedDescription": "threw a chair",
        "disciplineIncidentParticipationCodes": [
            {"disciplineIncidentParticipationCodeDescriptor": f"uri://ed-fi.org/DisciplineIncidentParticipationCodeDescriptor#{role}"}
            for role in roles
        ],
    }


def test_parts_in_incidents_become_behaviour(tmp_path: Path) -> None:
    assert edfi.read(save(tmp_path / "incidents.json", [_incident("I1")]), facts=US) == ()
    parts = [
        _part("PUPIL1", "I1", "Perpetrator"), _part("PUPIL2", "I1", "Perpetrator", "Victim"), _part("PUPIL3", "I1"),
        _part("PUPIL4", "I1", "Mascot"), _part("PUPIL5", "I2", "Witness"), _part("PUPIL6", "I1", "Reporter"),
    ]  # fmt: skip
    checked = read_with(edfi, save(tmp_path / "parts.json", parts), US)["behaviour"]
    assert [(r["pupil_id"], r["role"]) for r in rows(checked)] == [
        ("PUPIL1", "involved"), ("PUPIL2", "harmed"), ("PUPIL3", "involved"), ("PUPIL6", "witness"),
    ]  # fmt: skip
    assert {(r["kind"], r["date"], r["category"]) for r in rows(checked)} == {("negative", "2024-10-01", "School Violation")}
    assert rejected(checked.ledger) == {"unknown_value": 1, "missing_value": 1}
    assert "chair" not in repr(checked)


def test_parts_without_the_incidents_are_refused(tmp_path: Path) -> None:
    assert refusal(edfi, save(tmp_path / "parts.json", [_part("PUPIL1", "I1")]), US).rule == "missing_column"


def test_suspensions_are_counted_in_sessions_and_other_actions_are_none(tmp_path: Path) -> None:
    def action(pupil: str, discipline: str, length: float | None = None, **more: object) -> dict[str, Any]:
        return {
            "disciplineActionIdentifier": "A1", "disciplineDate": "2024-10-02", "studentReference": {"studentUniqueId": pupil},
            "responsibilitySchoolReference": {"schoolId": 255901001}, "disciplineActionLength": length,
            "disciplines": [{"disciplineDescriptor": f"uri://ed-fi.org/DisciplineDescriptor#{d}"} for d in discipline.split(", ")], **more,
        }  # fmt: skip

    actions = [
        action("PUPIL1", "Out of School Suspension", 5, actualDisciplineActionLength=2.5),
        action("PUPIL2", "Out of School Suspension, Expulsion", 3),
        action("PUPIL3", "In School Suspension", 1),
        action("PUPIL4", "Out of School Suspension"),
        action("PUPIL5", "Out of School Suspension", 46),
        action("PUPIL6", "Wrote an essay", 1),
    ]
    checked = read_with(edfi, save(tmp_path / "x.json", actions), US)["suspensions"]
    assert [(r["pupil_id"], r["kind"], r.get("sessions")) for r in rows(checked)] == [
        ("PUPIL1", "suspension", 5),
        ("PUPIL2", "permanent_exclusion", None),
    ]
    assert rejected(checked.ledger) == {"no_suspension": 1, "missing_value": 1, "out_of_range": 1, "unknown_value": 1}


@pytest.mark.parametrize("content", [b"[]", b'[{"attendance_code_id":1}]', b"studentReference", b'["studentReference"'])
def test_other_content_is_not_taken_for_a_resource(tmp_path: Path, content: bytes) -> None:
    assert not edfi.fits(peek(save(tmp_path / "studentSchoolAttendanceEvents.json", content)), US)


def test_what_is_no_resource_after_all_is_refused(tmp_path: Path) -> None:
    assert refusal(edfi, save(tmp_path / "x.json", [{"a": 1}]), US).rule == "wrong_shape"


def test_a_district_of_400_pupils_takes_little_time(tmp_path: Path) -> None:
    """A year of 180 days: 400 pupils, 4,000 events and 144,000 sessions."""
    days = [(dt.date(2024, 9, 2) + dt.timedelta(days=n)).isoformat() for n in range(180)]
    events = [_event(f"PUPIL{n % 400}", days[n % 180], "Excused Absence", 1) for n in range(4_000)]
    stays = _district(tmp_path, events, [_stay(f"PUPIL{n}") for n in range(400)], [_date(day) for day in days])
    (_, _, filled) = edfi.read(stays, facts=ABSENCES)
    told = {(event["studentReference"]["studentUniqueId"], event["eventDate"]) for event in events}
    assert filled.rows == 2 * (400 * 180 - len(told))


def test_nothing_of_one_file_hides_that_its_sibling_is_refused(tmp_path: Path) -> None:
    stays = _district(tmp_path, [_event("PUPIL1", DAYS[0], "Unheard of")], [_stay("PUPIL1")])
    with pytest.raises(FileRefused) as caught:
        edfi.read(stays, facts=ABSENCES)
    assert caught.value.rule == "unknown_code"
