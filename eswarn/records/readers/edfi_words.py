"""The words of Ed-Fi: which resource a file holds, and what the Ed-Fi Alliance's own descriptors are in the tables."""

from __future__ import annotations

import re
from pathlib import Path

from eswarn.records.readers.strict_json import siblings

PUPIL, SCHOOL = ("studentReference", "studentUniqueId"), ("schoolReference", "schoolId")
KEYS = {"pupil_id": PUPIL[1], "school_id": SCHOOL[1]}
ATTENDANCE = {
    "in attendance": "P",
    "present": "P",
    "tardy": "T",
    "early departure": "ED",
    "excused absence": "EA",
    "unexcused absence": "UA",
    "medically excused": "MA",
    "medically excused absence": "MA",
}
OPEN_DAY = {"instructional day", "make-up day", "student late arrival/early dismissal"}
CLOSED_DAY = {"holiday", "non-instructional day", "teacher only day", "weather day", "emergency day", "strike"}
# As the school numbers its grades: not moved by a year to match England's, where year 1 is the age of kindergarten.
GRADES = {
    "preschool/prekindergarten": -1, "prekindergarten": -1, "kindergarten": 0, "first grade": 1, "second grade": 2, "third grade": 3,
    "fourth grade": 4, "fifth grade": 5, "sixth grade": 6, "seventh grade": 7, "eighth grade": 8, "ninth grade": 9, "tenth grade": 10,
    "eleventh grade": 11, "twelfth grade": 12, "grade 13": 13,
}  # fmt: skip
ROLES = {"perpetrator": "involved", "participant": "involved", "victim": "harmed", "witness": "witness", "reporter": "witness"}
SUSPENSIONS = {"out of school suspension": "suspension", "expulsion": "permanent_exclusion"}
IN_SCHOOL = {
    "in school suspension", "community service", "conference with student", "detention", "loss of privileges", "parent conference",
    "probation", "removal from classroom", "counseling", "warning",
}  # fmt: skip


def resource(found: frozenset[str]) -> str:
    """Which resource has members of these names; empty where none is known to."""
    if "attendanceEventCategoryDescriptor" in found:
        return "sections" if "sectionReference" in found else "events"
    if {"calendarEvents", "calendarReference"} <= found:
        return "calendar"
    if "disciplineActionIdentifier" in found:
        return "actions"
    if {"disciplineIncidentReference", "studentReference"} <= found:
        return "behaviour"
    if {"incidentIdentifier", "incidentDate"} <= found:
        return "incidents"
    return "associations" if {"entryDate", "studentReference", "schoolReference"} <= found else ""


def beside(path: Path, kind: str) -> list[Path]:
    """The files in the folder of a file, itself included, that hold a resource."""
    return [other for other, members in siblings(path) if resource(members) == kind]


def after_hash(descriptor: str) -> str:
    """The text of a descriptor after its namespace."""
    return descriptor.rpartition("#")[2].strip()


def plain(descriptor: str) -> str:
    """The same in small letters and with single spaces."""
    return " ".join(after_hash(descriptor).casefold().split())


def day_of(written: str) -> str:
    """A date, also where midnight is written behind it."""
    return written[:10] if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T00:00:00(?:\.0+)?Z?", written) else written
