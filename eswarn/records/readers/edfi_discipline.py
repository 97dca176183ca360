"""Read the discipline resources of Ed-Fi: pupils' parts in incidents as behaviour, suspensions and expulsions."""

from __future__ import annotations

from pathlib import Path

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers.edfi_words import IN_SCHOOL, PUPIL, ROLES, SUSPENSIONS, after_hash, beside, day_of, plain
from eswarn.records.readers.gather import Gathered
from eswarn.records.readers.raw import Raw
from eswarn.records.readers.strict_json import Record, listed, read_json, text

_INCIDENT = "disciplineIncidentReference"
_KEYS = {"pupil_id": "studentUniqueId", "school_id": "schoolId"}
_BEHAVIOUR = _KEYS | {
    "date": "incidentIdentifier", "kind": "behaviorDescriptor", "role": "disciplineIncidentParticipationCodes",
    "category": "behaviorDescriptor",
}  # fmt: skip
_SUSPENSIONS = {"pupil_id": "studentUniqueId", "school_id": "responsibilitySchoolReference", "kind": "disciplines"} | {
    "start": "disciplineDate",
    "days": "actualDisciplineActionLength",
}
_FREE = "descriptions and narratives were not read (free text)"


def behaviour(path: Path, facts: DatasetFacts) -> tuple[Raw]:
    """The pupils of incidents. The day stands with the incident, so disciplineIncidents must lie in the same folder.

    Raises
    ------
    FileRefused
        There are no incidents (``missing_column``), or most associations name one that is not there (``missing_value``).
    """
    files = beside(path, "incidents")
    if not files:
        do = "Save disciplineIncidents as a JSON file in the same folder."
        raise FileRefused("missing_column", "the day of an incident stands in disciplineIncidents", where=shown(path.name), do=do)
    days: dict[tuple[str, str], str] = {}
    for file in files:
        found = read_json(
            file, lambda r: ((text(r, "schoolReference", "schoolId"), text(r, "incidentIdentifier")), text(r, "incidentDate"))
        )
        days.update(found.records)
    gathered = Gathered(path, "behaviour", _BEHAVIOUR)
    number = 0

    def keep(record: Record) -> None:
        nonlocal number
        number += 1
        school, incident = text(record, _INCIDENT, "schoolId"), text(record, _INCIDENT, "incidentIdentifier")
        if (school, incident) not in days:
            do = "Save disciplineIncidents again, all of them."
            gathered.turn_away(
                "missing_value", number, what="an incident that disciplineIncidents lacks", do=do, column="incidentIdentifier"
            )
            return
        role = _role(record)
        if not role:
            do = "Use Ed-Fi's own word for the part: perpetrator, participant, victim, witness or reporter."
            what = "a part in an incident that is in no list of parts"
            gathered.turn_away("unknown_value", number, what=what, do=do, column="disciplineIncidentParticipationCodes")
            return
        row = {
            "pupil_id": text(record, *PUPIL),
            "school_id": school,
            "date": day_of(days[school, incident]),
            "kind": "negative",
            "role": role,
            "category": after_hash(text(record, "behaviorDescriptor")),
        }
        gathered.add(number, row)

    read_json(path, keep)
    return (gathered.raw(facts, notes=(_FREE,)),)


def _role(record: Record) -> str:
    """The part a pupil had, of several the one that blames least; empty where a word is not known."""
    codes = listed(record, "disciplineIncidentParticipationCodes") or (record,)
    names = ("disciplineIncidentParticipationCodeDescriptor", "studentParticipationCodeDescriptor")
    words = {plain(text(code, name)) for code in codes for name in names} - {""}
    if not words <= ROLES.keys():
        return ""
    # The association is for those who misbehaved; others have one of their own.
    return max((ROLES[word] for word in words), key=("involved", "witness", "harmed").index, default="involved")


def suspensions(path: Path, facts: DatasetFacts) -> tuple[Raw]:
    """Suspensions out of school and expulsions among the discipline actions; two sessions a day of their length."""
    gathered = Gathered(path, "suspensions", _SUSPENSIONS)
    number = 0

    def keep(record: Record) -> None:
        nonlocal number
        number += 1
        words = [plain(text(part, "disciplineDescriptor")) for part in listed(record, "disciplines")]
        kinds = sorted({SUSPENSIONS[word] for word in words if word in SUSPENSIONS})
        if not kinds:
            known = bool(words) and set(words) <= IN_SCHOOL
            rule = "no_suspension" if known else "unknown_value"
            what = "a discipline action that keeps nobody from school" if known else "a discipline that is in no list of disciplines"
            do = "Nothing to do." if known else "Nothing to do unless it is a suspension; if so, use Ed-Fi's own word for it."
            gathered.turn_away(rule, number, what=what, do=do, column="disciplines")
            return
        length = text(record, "actualDisciplineActionLength") or text(record, "disciplineActionLength")
        row = {
            "pupil_id": text(record, *PUPIL),
            "school_id": text(record, "responsibilitySchoolReference", "schoolId"),
            "kind": kinds[0],  # an expulsion before the suspension that led to it
            "start": day_of(text(record, "disciplineDate")),
            "days": "" if kinds[0] == "permanent_exclusion" else length,
        }
        gathered.add(number, row)

    read_json(path, keep)
    return (gathered.raw(facts, notes=(_FREE,), harmless=("no_suspension", "unknown_value")),)
