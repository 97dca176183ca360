"""The words of Wonde: which answer a file holds, whom a record is about, and what its own words are in the tables."""

from __future__ import annotations

from typing import get_args

from eswarn.config import Destination
from eswarn.records.readers.local_day import local_day
from eswarn.records.readers.strict_json import Record, at, text

FREE = ("comment", "comments", "narrative", "description", "notes", "summary", "action_taken", "forename", "surname")
_KEYS = {"pupil_id": "student_id", "school_id": "school_id"}
_WHO = {"recorded_on": "updated_at", **_KEYS}
HEADERS: dict[str, dict[str, str]] = {
    "attendance": _WHO | {"date": "date", "session": "session", "code": "attendance_code_id", "minutes_late": "minutes_late"},
    "behaviour": _WHO | {"date": "date", "kind": "", "role": "role", "category": "type", "points": "points", "status": "status"},
    "suspensions": _WHO
    | {"kind": "type", "start": "start_date", "end": "end_date", "sessions": "sessions", "days": "days", "lunchtime": "type"}
    | {"reason_1": "reason", "status": "status"},
    "outcomes": _WHO | {"left_on": "leaving_date", "destination": "destination"},
    "enrolment": _KEYS | {"entered_on": "admission_date", "left_on": "leaving_date"},
    "context": _KEYS | {"valid_from": "updated_at", "year_group": "current_nc_year", "sex": "gender"},
}
_ROLES = {
    "involved": ("involved", "aggressor", "perpetrator", "offender", "participant", "ringleader", "instigator", "assailant"),
    "harmed": ("harmed", "victim", "target"),
    "witness": ("witness", "bystander", "observer", "reporter"),
}
ROLE = {word: role for role, words in _ROLES.items() for word in words}
DESTINATIONS = frozenset(get_args(Destination))


def kind_of(found: frozenset[str]) -> str:
    """Which answer has members of these names; empty where none is known to."""
    pupil = bool(found & {"student", "student_id"})
    if "attendance_code_id" in found:
        return "lessons" if found & {"lesson", "lesson_id", "period_id"} else "attendance"
    if "students" in found and "date" in found:
        if found & {"bullying_type", "action", "action_date"}:
            return "behaviours"
        return "achievements" if found & {"award", "award_date"} else "conduct"
    if pupil and found & {"start", "start_date"} and found & {"end", "end_date", "sessions", "days"} and "reason" in found:
        return "exclusions"
    if "possible_marks" in found:
        return "summaries"
    if {"id", "current_nc_year"} <= found:
        return "students"
    if "leaving_date" in found and (pupil or "id" in found):
        return "leavers"
    return "codes" if {"id", "code", "type"} <= found and not pupil else ""


def about(record: Record) -> dict[str, str]:
    """Pupil, school and the day this version was written, wherever the answer says them."""
    return {
        "pupil_id": first(record, ("student_id",), ("student", "data", "id"), ("student", "id"), ("student",)),
        "school_id": first(record, ("school_id",), ("school", "data", "id"), ("school", "id"), ("school",)),
        "recorded_on": local_day(at(record, "updated_at")),
    }


def first(record: object, *paths: tuple[str, ...]) -> str:
    """The text at the first of some places where there is any."""
    return next((found for path in paths if (found := text(record, *path))), "")
