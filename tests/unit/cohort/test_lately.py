"""What the registers lately looked like, beside a count by hand."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pyarrow.compute as pc

from eswarn.cohort.lately import register_lately
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline
from tests.made_up_school import AS_OF, FEW_AS_OF, few_records, records


def by_hand(as_of: dt.date, *, school: Records) -> pd.DataFrame:
    rows = school.frame("attendance")
    rows = rows[(rows["date"] < as_of) & (rows["recorded_on"].isna() | (rows["recorded_on"] < as_of))].sort_values(
        "recorded_on", kind="stable"
    )
    return rows.drop_duplicates(["pupil_id", "school_id", "date", "session"], keep="last")


def test_marks_and_pupils_of_the_latest_twenty_days_are_counted_by_code() -> None:
    told = register_lately(Timeline(few_records()), FEW_AS_OF)
    rows = by_hand(FEW_AS_OF, school=few_records())
    days = sorted(rows["date"].unique())
    lately = rows[rows["date"].isin(days[-20:]) & ~rows["code"].isin(["-", "#", "Z"])]
    assert told.marks == lately["code"].astype("str").value_counts().to_dict()
    stays = lately.astype({"code": "str"}).drop_duplicates(["code", "pupil_id", "school_id"])
    assert told.pupils == stays["code"].value_counts().to_dict()
    assert told.open_days == len(days)
    assert told.days == (FEW_AS_OF - days[0]).days


def test_a_later_mark_changes_nothing() -> None:
    whole = register_lately(Timeline(records()), AS_OF)
    table = records().table("attendance")
    cut = Records({**records().tables, "attendance": table.filter(pc.less(table["date"], AS_OF))}, records().facts)
    assert register_lately(Timeline(cut), AS_OF) == whole


def test_both_meanings_of_a_code_are_counted_together() -> None:
    told = register_lately(Timeline(records()), dt.date(2024, 9, 9))
    assert "/" in told.marks
    assert sum(told.marks.values()) > 20 * 500
