"""Students of UCI 697 as dated records, to show that eswarn's own search for leaks refuses semester columns at enrolment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

import eswarn as ew
from eswarn.records.store import Records
from eswarn.records.tables import arrow_schema

# The table has no dates: an intake is made up, with what a semester told on its last day.
KNOWN, ENROLLED, SEMESTER_ENDS = dt.date(2019, 9, 1), dt.date(2019, 9, 16), (dt.date(2020, 2, 14), dt.date(2020, 7, 10))
SCHOOLS = 2


def semester_of(column: str) -> int:
    """1 or 2; 0 of what is known at enrolment."""
    return 1 if "1st sem" in column else 2 if "2nd sem" in column else 0


def refused_at_enrolment(students: pd.DataFrame) -> dict[str, Sequence[str]]:
    """Columns that the search for leaks refuses on the day of enrolment: of the table as it comes, and of what was dated before.

    Parameters
    ----------
    students : pandas.DataFrame
        Numbers, one row a student.
    """
    records = _records(students)

    def as_it_comes(given: Records, _: dt.date) -> pd.DataFrame:
        return _wide(given.frame("extra"))

    def dated_before(given: Records, day: dt.date) -> pd.DataFrame:
        extra = given.frame("extra")
        return _wide(extra[pd.to_datetime(extra["date"]) < pd.Timestamp(day)])

    return {
        name: sorted({f.where for f in ew.leaks_in_columns(make, records, ENROLLED) if f.severity == "leak"})
        for name, make in (("as it comes", as_it_comes), ("dated before", dated_before))
    }


def _wide(extra: pd.DataFrame) -> pd.DataFrame:
    return extra.astype({"pupil_id": str, "name": str}).pivot(index="pupil_id", columns="name", values="value").astype(float)


def _records(students: pd.DataFrame) -> Records:
    n, columns = len(students), list(students.columns)
    pupil = np.array([f"S{i:05d}" for i in range(n)])
    school = np.array([f"C{i % SCHOOLS}" for i in range(n)])
    days = [KNOWN if not semester_of(c) else SEMESTER_ENDS[semester_of(c) - 1] for c in columns]
    extra = {
        "pupil_id": np.repeat(pupil, len(columns)), "school_id": np.repeat(school, len(columns)), "date": days * n,
        "name": [c.removeprefix("Curricular units ") for c in columns] * n, "value": students.to_numpy(float).ravel(),
    }  # fmt: skip
    enrolment = {"pupil_id": pupil, "school_id": school, "entered_on": [KNOWN] * n}
    attendance = {"pupil_id": pupil, "school_id": school, "date": [KNOWN] * n, "session": ["AM"] * n, "code": ["/"] * n}
    tables = {"extra": extra, "enrolment": enrolment, "attendance": attendance}
    return Records({name: _table(name, held) for name, held in tables.items()})


def _table(name: str, held: dict[str, Sequence[object]]) -> pa.Table:
    schema = arrow_schema(name)
    empty = pa.nulls(len(next(iter(held.values()))))
    return pa.table([pa.array(held[f.name]).cast(f.type) if f.name in held else empty.cast(f.type) for f in schema], schema=schema)
