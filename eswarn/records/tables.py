"""The tables a school's records are read into: columns, types, units, grain and role, as pydantic models.

One model is one row. The same models check every value that is read (``records/check.py``), give the Arrow types
(`arrow_schema`) and the published JSON Schema (`json_schema`). What the columns mean: docs/records.md.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from eswarn.config import Destination
from eswarn.records.values import Amount, AnyCase, Count, Date, Identifier, Label, Pseudonym, Reason, Sen, Session, Sex, Text, YearGroup

Role = Literal["key", "fact", "protected", "administrative"]


@dataclass(frozen=True, slots=True)
class Column:
    """What cannot be said by a type: the headers it is found under, and what it may be used for.

    ``key`` columns say whom and when, ``fact`` columns may reach a feature, ``protected`` ones are kept
    for judging fairness, ``administrative`` ones for neither. A ``closed`` column is a short list of the school's own words; one that
    looks like free text is not kept.
    """

    role: Role = "fact"
    synonyms: tuple[str, ...] = ()
    closed: bool = False


Pupil = Annotated[
    Pseudonym,
    Field(description="Pseudonym of the pupil, made with a key the school holds."),
    Column("key", ("pupil", "student", "student id", "upn", "admission no", "adno", "adm no", "admission number")),
]
School = Annotated[
    Identifier,
    Field(description="The school, one scheme per data set; leading zeros are kept."),
    Column("key", ("school", "estab", "establishment", "laestab", "urn", "school code", "school number")),
]
Day = Annotated[Date, Field(description="The school day."), Column("key", ("day", "session date", "attendance date"))]
RecordedOn = Annotated[
    Date | None,
    Field(description="The day the school's system first held this version of the fact; null where it is not known."),
    Column("key", ("recorded", "date recorded", "date amended", "last updated", "modified")),
]


class Row(BaseModel):
    """A row of a table: frozen, nothing unknown, missing is null and only null."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Attendance(Row):
    """One mark: one row per pupil, school, date, session (and version)."""

    pupil_id: Pupil
    school_id: School
    date: Day
    session: Annotated[
        Session,
        Field(description="Half day; DAY only for systems with one mark a day, which counts as two half days."),
        Column("key", ("session name", "am/pm", "ampm", "period")),
    ]
    code: Annotated[
        str,
        StringConstraints(max_length=3),
        Field(description='Register code valid on that date; "-" is no mark.'),
        Column("fact", ("mark", "attendance code", "attendance mark")),
    ]
    recorded_on: RecordedOn = None
    source_code: Annotated[Label | None, Field(description="The local code before mapping."), Column("administrative")] = None
    minutes_late: Annotated[
        Count | None, Field(ge=0, le=600, description="Minutes late; only with L or U."), Column("fact", ("late minutes",))
    ] = None


class Behaviour(Row):
    """One row per pupil and incident."""

    pupil_id: Pupil
    school_id: School
    date: Annotated[Date, Field(description="The day of the incident."), Column("key", ("incident date", "event date"))]
    kind: Annotated[
        Literal["negative", "positive"],
        AnyCase,
        Field(description="Whether the record is a concern or praise."),
        Column("fact", ("type", "positive/negative")),
    ]
    role: Annotated[
        Literal["involved", "harmed", "witness"] | None,
        Field(description="Part the pupil had; a pupil who was harmed has not misbehaved."),
        Column("fact", ("involvement",)),
    ] = None
    category: Annotated[Text | None, Field(description="From a closed list of the school."), Column("fact", closed=True)] = None
    severity: Annotated[Count | None, Field(ge=1, le=4, description="1 minor to 4 most serious."), Column("fact", ("level",))] = None
    points: Annotated[Amount | None, Field(description="Points as exported; the sign differs by school."), Column("fact")] = None
    recorded_on: RecordedOn = None


class Suspension(Row):
    """One row per suspension or permanent exclusion."""

    pupil_id: Pupil
    school_id: School
    kind: Annotated[
        Literal["suspension", "permanent_exclusion", "withdrawn"],
        AnyCase,
        Field(description="A withdrawn row cancels the one with the same start."),
        Column("fact", ("type", "exclusion type", "suspension type")),
    ]
    start: Annotated[Date, Field(description="First day lost."), Column("key", ("start date", "from"))]
    sessions: Annotated[
        Count | None, Field(ge=1, le=90, description="Sessions lost; null for a permanent exclusion."), Column("fact", ("sessions lost",))
    ] = None
    end: Annotated[Date | None, Field(description="Last day lost."), Column("fact", ("end date", "to"))] = None
    lunchtime: Annotated[bool | None, Field(description="Lunchtime suspension."), Column("fact")] = None
    reason_1: Annotated[Reason | None, Field(description="Two-letter reason."), Column("fact")] = None
    reason_2: Annotated[Reason | None, Field(description="Two-letter reason."), Column("fact")] = None
    reason_3: Annotated[Reason | None, Field(description="Two-letter reason."), Column("fact")] = None
    recorded_on: RecordedOn = None


class Context(Row):
    """Dated facts about a pupil, each row valid from ``valid_from`` until the pupil's next row. Null is never "no"."""

    pupil_id: Pupil
    school_id: School
    valid_from: Annotated[Date, Field(description="First day this row holds."), Column("key", ("from", "effective date"))]
    year_group: Annotated[
        YearGroup | None,
        Field(ge=-2, le=14, description="Reception 0, Year 1 to Year 14; nursery -1 and -2."),
        Column("fact", ("year", "nc year", "nc year actual")),
    ] = None
    form: Annotated[
        Text | None,
        Field(description="Registration group; for lists only."),
        Column("administrative", ("reg group", "registration group", "tutor group")),
    ] = None
    sex: Annotated[Sex | None, Field(description="F or M."), Column("protected", ("gender",))] = None
    ethnicity: Annotated[Text | None, Field(description="DfE ethnicity code."), Column("protected")] = None
    fsm: Annotated[bool | None, Field(description="Eligible for free school meals now."), Column("protected", ("free school meals",))] = (
        None
    )
    fsm6: Annotated[
        bool | None, Field(description="Eligible at any time in the last six years."), Column("protected", ("ever 6", "ever 6 fsm"))
    ] = None
    sen: Annotated[
        Sen | None,
        Field(description="Special educational needs: none, SEN support, education, health and care plan."),
        Column("protected", ("sen provision", "sen status")),
    ] = None
    sen_need: Annotated[Text | None, Field(description="Primary need."), Column("protected", ("sen need 1",))] = None
    eal: Annotated[bool | None, Field(description="First language known or believed not to be English."), Column("protected")] = None
    cla: Annotated[bool | None, Field(description="Looked after."), Column("protected", ("lac", "in care"))] = None
    previously_looked_after: Annotated[bool | None, Field(description="Looked after before."), Column("protected", ("pla",))] = None
    cin: Annotated[bool | None, Field(description="Child in need."), Column("protected")] = None
    cpp: Annotated[bool | None, Field(description="Child protection plan."), Column("protected")] = None
    young_carer: Annotated[bool | None, Field(description="Young carer."), Column("protected", ("carer",))] = None
    idaci_decile: Annotated[Count | None, Field(ge=1, le=10, description="1 most deprived to 10."), Column("protected", ("idaci",))] = None
    household_id: Annotated[Pseudonym | None, Field(description="Pseudonym of the household."), Column("administrative")] = None
    recorded_on: RecordedOn = None


class Outcome(Row):
    """One row per departure. No row means still on roll or not followed up: see ``observed_to``."""

    pupil_id: Pupil
    school_id: School
    left_on: Annotated[
        Date, Field(description="Last day on roll; never a feature."), Column("key", ("leaving date", "date of leaving", "dol"))
    ]
    destination: Annotated[
        Destination,
        AnyCase,
        Field(description="Where the pupil went."),
        Column("fact", ("leaving reason", "reason for leaving")),
    ]
    recorded_on: RecordedOn = None


class Assessment(Row):
    """One row per dated result."""

    pupil_id: Pupil
    school_id: School
    date: Annotated[Date, Field(description="The day of the result."), Column("key", ("assessment date", "result date"))]
    subject: Annotated[Text, Field(description="Subject."), Column("key")]
    score: Annotated[
        Amount | None, Field(description="Marks reached; null where handed in and not marked."), Column("fact", ("mark", "result"))
    ] = None
    maximum: Annotated[Amount | None, Field(gt=0, description="Marks that could be reached."), Column("fact", ("max", "out of"))] = None
    recorded_on: RecordedOn = None


class Enrolment(Row):
    """One row per pupil and stay at a school."""

    pupil_id: Pupil
    school_id: School
    entered_on: Annotated[Date, Field(description="First day on roll."), Column("key", ("entry date", "doa", "date of admission"))]
    left_on: Annotated[Date | None, Field(description="Last day on roll."), Column("fact", ("leaving date", "date of leaving", "dol"))] = (
        None
    )
    status: Annotated[
        Literal["single", "main", "subsidiary", "guest"] | None,
        AnyCase,
        Field(description="Single, main or subsidiary (dual registered), guest."),
        Column("fact", ("enrol status", "enrolment status")),
    ] = None
    recorded_on: RecordedOn = None


class CalendarRow(Row):
    """One row per school, date and session: whether the school was open."""

    school_id: School
    date: Day
    session: Annotated[Session, Field(description="Half day."), Column("key", ("session name", "am/pm", "ampm"))]
    open: Annotated[bool, Field(description="Whether the session took place."), Column("fact")]


class TermTotals(Row):
    """Sessions of one pupil at one school in one term, as a termly census counts them; known long after the term."""

    pupil_id: Pupil
    school_id: School
    starts_on: Annotated[Date, Field(description="First day of the term."), Column("fact", ("term start",))]
    ends_on: Annotated[Date, Field(description="Last day of the term."), Column("key", ("term end",))]
    possible: Annotated[Count, Field(ge=0, le=400, description="Possible sessions."), Column("fact", ("sessions possible",))]
    authorised: Annotated[Count, Field(ge=0, le=400, description="Sessions absent with leave."), Column("fact")]
    unauthorised: Annotated[Count, Field(ge=0, le=400, description="Sessions absent without leave."), Column("fact")]
    illness: Annotated[Count | None, Field(ge=0, le=400, description="Sessions absent through illness (I)."), Column("fact")] = None
    excluded: Annotated[Count | None, Field(ge=0, le=400, description="Sessions suspended or excluded (E)."), Column("fact")] = None
    late: Annotated[Count | None, Field(ge=0, le=400, description="Sessions late before the register closed (L)."), Column("fact")] = None
    recorded_on: RecordedOn = None


class Extra(Row):
    """One row per pupil, day and named number: whatever else a school or a researcher knows, dated."""

    pupil_id: Pupil
    school_id: School
    date: Annotated[Date, Field(description="The day the number was measured."), Column("key")]
    name: Annotated[Label, Field(description="What was measured, such as reading_age."), Column("key")]
    value: Annotated[Amount, Field(description="The number."), Column("fact")]
    recorded_on: RecordedOn = None


TABLE_MODELS: dict[str, type[Row]] = {
    "attendance": Attendance,
    "behaviour": Behaviour,
    "suspensions": Suspension,
    "context": Context,
    "outcomes": Outcome,
    "assessments": Assessment,
    "enrolment": Enrolment,
    "calendar": CalendarRow,
    "term_totals": TermTotals,
    "extra": Extra,
}
# Two rows that agree on these are one fact told twice: equal ones are merged, others are a conflict.
GRAIN: dict[str, tuple[str, ...]] = {
    "attendance": ("pupil_id", "school_id", "date", "session", "recorded_on"),
    "behaviour": (),  # two like incidents on one day are two incidents: only rows alike in every column, from two files, are merged
    "suspensions": ("pupil_id", "school_id", "kind", "start", "recorded_on"),
    "context": ("pupil_id", "school_id", "valid_from", "recorded_on"),
    "outcomes": ("pupil_id", "school_id", "left_on", "recorded_on"),
    "assessments": ("pupil_id", "school_id", "date", "subject", "recorded_on"),
    "enrolment": ("pupil_id", "school_id", "entered_on", "recorded_on"),
    "calendar": ("school_id", "date", "session"),
    "term_totals": ("pupil_id", "school_id", "ends_on", "recorded_on"),
    "extra": ("pupil_id", "school_id", "date", "name", "recorded_on"),
}


def column(table: str, name: str) -> Column:
    """The `Column` of a table's column: its role and its synonyms."""
    field = TABLE_MODELS[table].model_fields[name]
    found = [m for m in field.metadata if isinstance(m, Column)]
    return found[0] if found else Column()


def protected_columns() -> tuple[str, ...]:
    """Names of the context columns that are kept for judging fairness and go to no model by default."""
    return tuple(name for name in Context.model_fields if column("context", name).role == "protected")


@cache
def arrow_schema(table: str) -> pa.Schema:
    """The Arrow schema of a table: text as int32 dictionaries, dates as date32, counts as int32."""
    fields = TABLE_MODELS[table].model_fields
    return pa.schema([pa.field(name, _arrow_type(f.annotation), nullable=not f.is_required()) for name, f in fields.items()])


def _arrow_type(annotation: Any) -> pa.DataType:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is UnionType or str(get_origin(annotation)) == "typing.Union":
        return _arrow_type(next(a for a in get_args(annotation) if a is not NoneType))
    plain: dict[Any, pa.DataType] = {dt.date: pa.date32(), int: pa.int32(), float: pa.float64(), bool: pa.bool_()}
    return plain.get(annotation, pa.dictionary(pa.int32(), pa.string()))


def json_schema(table: str) -> dict[str, Any]:
    """The JSON Schema of one row of a table, as published in ``docs/schema/``."""
    schema: dict[str, Any] = _standard(TABLE_MODELS[table].model_json_schema())
    return schema


def _standard(schema: Any) -> Any:
    """A schema in JSON Schema's own words: pydantic 2.14 leaves bounds behind a validator as ``ge`` and ``le``."""
    if isinstance(schema, list):
        return [_standard(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    words = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
    return {words.get(key, key): _standard(part) for key, part in schema.items()}
