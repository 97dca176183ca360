"""Leaks to be found: each plants one into a clean data set, feature table or function, and names the kind it must be found as.

A leaver here is a pupil whose departure counts as leaving early; what is planted is what such pupils alone are given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from eswarn.config import CohortConfig
from eswarn.records.store import Records
from eswarn.records.tables import GRAIN, arrow_schema

DAY = pd.Timedelta(days=1)
Edit = Callable[[pd.DataFrame, "Leavers"], pd.DataFrame]


@dataclass(frozen=True)
class Plant:
    """A leak in a data set: what it is, the kind it must be found as, and what it makes of clean records."""

    said: str
    kind: str
    into: Callable[[Records, np.random.Generator], Records]


@dataclass(frozen=True)
class Leavers:
    """Early leavers, and everybody who departed: pupil to leaving date and school; and the dice."""

    early: dict[str, pd.Timestamp]
    any: dict[str, pd.Timestamp]
    school: dict[str, str]
    rng: np.random.Generator


def frame(records: Records, name: str) -> pd.DataFrame:
    """A table as a frame of plain text and dates."""
    made = records.table(name).to_pandas(date_as_object=False)
    for column in made.select_dtypes("category"):
        made[column] = made[column].astype("str")
    return made


def put(records: Records, name: str, made: pd.DataFrame) -> Records:
    """The same records with another table in place of one."""
    schema = arrow_schema(name)
    columns = []
    for field in schema:
        values = made[field.name] if field.name in made else pd.Series([None] * len(made))
        if pa.types.is_dictionary(field.type):
            columns.append(pa.array(values, pa.string(), from_pandas=True).dictionary_encode())
        elif pa.types.is_date(field.type):
            columns.append(pa.array(pd.to_datetime(values), pa.timestamp("ms"), from_pandas=True).cast(pa.date32()))
        else:
            columns.append(pa.array(values.astype(object), field.type, from_pandas=True))
    tables = dict(records.tables) | {name: pa.Table.from_arrays(columns, schema=schema)}
    return Records(tables, records.facts)


def leavers(records: Records, rng: np.random.Generator) -> Leavers:
    """Who left, and who of them early."""
    told = frame(records, "outcomes").sort_values(["recorded_on", "left_on"])
    early = told[told["destination"].isin(CohortConfig().leaving)]
    left = (dict(zip(rows["pupil_id"], rows["left_on"], strict=True)) for rows in (early, told))
    return Leavers(*left, dict(zip(told["pupil_id"], told["school_id"], strict=True)), rng)


def _edit(name: str, edit: Edit) -> Callable[[Records, np.random.Generator], Records]:
    return lambda records, rng: put(records, name, edit(frame(records, name), leavers(records, rng)))


def _left(rows: pd.DataFrame, gone: dict[str, pd.Timestamp]) -> pd.Series:
    """Leaving date of each row's pupil."""
    return pd.to_datetime(rows["pupil_id"].map(gone))


def without_recorded_on(records: Records) -> Records:
    """A clean set of a school whose system keeps no versions: every fact once, as it finally stood."""
    for name in records.tables:
        rows = frame(records, name)
        if "recorded_on" in rows:
            if grain := [column for column in GRAIN[name] if column != "recorded_on"]:
                last = rows.sort_values("recorded_on", kind="stable").drop_duplicates(grain, keep="last")
                rows = last.sort_values(grain, kind="stable")
            records = put(records, name, rows.assign(recorded_on=pd.NaT))
    return records


# --- marks ----------------------------------------------------------------------------------------------------------------


def _more_marks(code: str, days: int) -> Edit:
    """Registers that run on for so many weekdays after leaving, with one code."""

    def edit(rows: pd.DataFrame, who: Leavers) -> pd.DataFrame:
        left = pd.Series(who.any)
        dates = np.busday_offset(left.to_numpy("datetime64[D]")[:, None], np.arange(1, days + 1), roll="backward")
        pupil = np.repeat(left.index, 2 * days)
        more = pd.DataFrame({"pupil_id": pupil, "school_id": pupil.map(who.school), "date": np.repeat(dates.ravel(), 2)})
        more = more.assign(session=["AM", "PM"] * dates.size, code=code, recorded_on=more["date"])
        return pd.concat([rows, more], ignore_index=True)

    return edit


def _recoded(code: str, days: int) -> Edit:
    """The last days of leavers carry a code of the office."""

    def edit(rows: pd.DataFrame, who: Leavers) -> pd.DataFrame:
        left = _left(rows, who.early)
        hit = (rows["date"] <= left) & (rows["date"] > left - days * DAY)
        return rows.assign(code=rows["code"].mask(hit, code))

    return edit


def _stopped(rows: pd.DataFrame, who: Leavers) -> pd.DataFrame:
    left = _left(rows, who.early)
    return rows[~((rows["date"] <= left) & (rows["date"] > left - 35 * DAY))]


def _recorded_too_early(rows: pd.DataFrame, who: Leavers) -> pd.DataFrame:
    return rows.assign(recorded_on=rows["recorded_on"].mask(who.rng.random(len(rows)) < 0.3, rows["date"] - 7 * DAY))


def _migrated(rows: pd.DataFrame, _: Leavers) -> pd.DataFrame:
    moved = rows["date"].quantile(0.7).normalize()
    rows = rows.sort_values("recorded_on", kind="stable").drop_duplicates(["pupil_id", "school_id", "date", "session"], keep="last")
    return rows.assign(recorded_on=rows["recorded_on"].mask(rows["recorded_on"] < moved, moved))


def _amended_in_place(rows: pd.DataFrame, _: Leavers) -> pd.DataFrame:
    """Corrected marks overwrite the first ones, and the day of the correction is lost."""
    session = ["pupil_id", "school_id", "date", "session"]
    changed = rows.duplicated(session, keep=False)
    last = rows.assign(changed=changed).sort_values("recorded_on", kind="stable").drop_duplicates(session, keep="last")
    return last.assign(recorded_on=last["recorded_on"].mask(last["changed"], pd.NaT)).drop(columns="changed").sort_index()


def _filled_ahead(rows: pd.DataFrame, _: Leavers) -> pd.DataFrame:
    last = rows[rows["date"] > rows["date"].max() - 14 * DAY]
    return pd.concat([rows, last.assign(date=last["date"] + 70 * DAY, recorded_on=last["date"])], ignore_index=True)


def _source_code(rows: pd.DataFrame, who: Leavers) -> pd.DataFrame:
    left = _left(rows, who.early)
    return rows.assign(source_code=np.where((rows["date"] <= left) & (rows["date"] > left - 60 * DAY), None, "std"))


# --- other dated tables ---------------------------------------------------------------------------------------------------


def _rows(who: Leavers, gone: dict[str, pd.Timestamp], column: str, days: tuple[int, int], **cells: object) -> pd.DataFrame:
    """A row for each of these pupils, some days after leaving or before it."""
    when = pd.Series(gone) + pd.to_timedelta(who.rng.integers(*days, len(gone)), unit="D")
    made = pd.DataFrame({"pupil_id": when.index, "school_id": when.index.map(who.school), column: when.to_numpy()})
    return made.assign(recorded_on=made[column], **cells)


def _after(column: str, **cells: object) -> Edit:
    """A row for everybody who departed, some days after leaving."""
    return lambda rows, who: pd.concat([rows, _rows(who, who.any, column, (2, 30), **cells)], ignore_index=True)


def _before(column: str, share: float = 1.0, **cells: object) -> Edit:
    """A row for leavers alone, some weeks before leaving: an entry withdrawn, a pass returned, a placement."""

    def edit(rows: pd.DataFrame, who: Leavers) -> pd.DataFrame:
        more = _rows(who, who.early, column, (-60, -5), **cells)
        return pd.concat([rows, more[who.rng.random(len(more)) < share]], ignore_index=True)

    return edit


def _own_number(*, gap: float, noise: float, everybody: bool) -> Callable[[Records, np.random.Generator], Records]:
    """A number of the school's own, dated on the first day; leavers lie so far above others."""

    def into(records: Records, rng: np.random.Generator) -> Records:
        who, people = leavers(records, rng), frame(records, "context").drop_duplicates("pupil_id")[["pupil_id", "school_id"]]
        left = people["pupil_id"].isin(who.early)
        day = pd.Timestamp("2022-09-02")
        made = people.assign(date=day, recorded_on=day, name="own", value=1 + gap * left + rng.normal(0, noise, len(people)))
        return put(records, "extra", made if everybody else made[left])

    return into


def _told_ahead(rows: pd.DataFrame, _: Leavers) -> pd.DataFrame:
    return rows.assign(recorded_on=rows["recorded_on"].mask(rows["left_on"].notna(), rows["left_on"] - 40 * DAY))


def _withdrawn_at_once(rows: pd.DataFrame, _: Leavers) -> pd.DataFrame:
    few = rows[rows["kind"] == "suspension"].sample(8, random_state=1)
    again = few.assign(kind="withdrawn", recorded_on=few["start"])
    return pd.concat([rows[rows["kind"] != "withdrawn"], again], ignore_index=True)


def _no_result(rows: pd.DataFrame, who: Leavers) -> pd.DataFrame:
    """Scores that are filled in at the end: nothing for those who have gone by then."""
    return rows.assign(score=rows["score"].mask(rows["pupil_id"].isin(who.early), 0.0))


# --- context --------------------------------------------------------------------------------------------------------------


def _off_roll_row(rows: pd.DataFrame, who: Leavers) -> pd.DataFrame:
    """The office writes a row as a pupil is taken off roll."""
    latest = rows.sort_values("valid_from").drop_duplicates("pupil_id", keep="last")
    own = latest[latest["pupil_id"].isin(who.early)]
    left = _left(own, who.early)
    own = own.assign(valid_from=left - 4 * DAY, recorded_on=left - 3 * DAY)
    return pd.concat([rows, own], ignore_index=True).drop_duplicates(["pupil_id", "school_id", "valid_from", "recorded_on"])


def _only(column: str, value: object, otherwise: object = "keep") -> Edit:
    """A column that is set for leavers in every row."""

    def edit(rows: pd.DataFrame, who: Leavers) -> pd.DataFrame:
        others = rows[column].astype(object) if otherwise == "keep" else pd.Series([otherwise] * len(rows), dtype=object)
        return rows.assign(**{column: others.mask(rows["pupil_id"].isin(who.early), value)})

    return edit


def _not_matched(rows: pd.DataFrame, who: Leavers) -> pd.DataFrame:
    return rows[~rows["pupil_id"].isin(who.early)]


def _next_year(rows: pd.DataFrame, who: Leavers) -> pd.DataFrame:
    """The row of next September dated back to March."""
    september = (rows["valid_from"].dt.month == 9) & (rows["valid_from"].dt.year > rows["valid_from"].dt.year.min())
    early = rows[september & (who.rng.random(len(rows)) < 0.5)]
    return pd.concat([rows, early.assign(valid_from=early["valid_from"] - 180 * DAY, recorded_on=pd.NaT)], ignore_index=True)


# --- who is who -----------------------------------------------------------------------------------------------------------


def _renamed(rename: Callable[[pd.Series, pd.Series, np.random.Generator], pd.Series]) -> Callable[[Records, np.random.Generator], Records]:
    """Every pupil under another name, made from the old one and from whether the pupil leaves."""

    def into(records: Records, rng: np.random.Generator) -> Records:
        old = pd.Series(sorted(set(frame(records, "enrolment")["pupil_id"])))
        names = dict(zip(old, rename(old, old.isin(leavers(records, rng).early), rng), strict=True))
        for name in records.tables:
            rows = frame(records, name)
            records = put(records, name, rows.assign(pupil_id=rows["pupil_id"].map(names)))
        return records

    return into


def _high_numbers(old: pd.Series, left: pd.Series, _: np.random.Generator) -> pd.Series:
    return "P" + (100_000 + old.str[1:].astype(int) + 10_000 * left).astype("str")


def _letter(old: pd.Series, left: pd.Series, rng: np.random.Generator) -> pd.Series:
    return old + pd.Series(np.where(left, "L", rng.choice(["A", "B"], len(old))))


def _copied(records: Records, rng: np.random.Generator) -> Records:
    """Six pupils with absences stand there a second time, under another pseudonym and at another place in the file."""
    marks = frame(records, "attendance")
    often = marks[marks["code"].isin(["I", "O"])]["pupil_id"].value_counts().index[:40]
    names = {p: f"Q{i:07d}" for i, p in enumerate(rng.choice(often, 6, replace=False))}
    for name in records.tables:
        rows = frame(records, name)
        again = rows[rows["pupil_id"].isin(names)]
        records = put(records, name, pd.concat([rows, again.assign(pupil_id=again["pupil_id"].map(names))], ignore_index=True))
    return records


def _renewed(records: Records, _: np.random.Generator) -> Records:
    """Another pseudonym for every school year."""
    for name, date in (("attendance", "date"), ("behaviour", "date"), ("assessments", "date"), ("context", "valid_from"),
                       ("suspensions", "start"), ("outcomes", "left_on"), ("enrolment", "entered_on")):  # fmt: skip
        rows = frame(records, name)
        year = (rows[date] - pd.Timedelta(days=243)).dt.year.clip(2022, 2024)
        records = put(records, name, rows.assign(pupil_id=rows["pupil_id"] + "Y" + year.astype(str)))
    return records


def _sorted(name: str) -> Callable[[Records, np.random.Generator], Records]:
    """Rows of leavers at the end of the file."""
    return _edit(name, lambda rows, who: rows.iloc[np.argsort(rows["pupil_id"].isin(who.early), kind="stable")])


PLANTS: tuple[Plant, ...] = (
    Plant("Z runs on after leaving", "off_roll_code", _edit("attendance", _more_marks("Z", 15))),
    Plant("X runs on after leaving", "off_roll_code", _edit("attendance", _more_marks("X", 30))),
    Plant("Z in the week before leaving", "off_roll_code", _edit("attendance", _recoded("Z", 7))),
    Plant("X in the weeks before leaving", "off_roll_code", _edit("attendance", _recoded("X", 25))),
    Plant("absence runs on after leaving", "marks_after_leaving", _edit("attendance", _more_marks("O", 20))),
    Plant("presence runs on after leaving", "marks_after_leaving", _edit("attendance", _more_marks("/", 10))),
    Plant("register ends weeks before leaving", "register_stops", _edit("attendance", _stopped)),
    Plant("recorded before the day", "recorded_before_date", _edit("attendance", _recorded_too_early)),
    Plant("recorded on the day of a migration", "recorded_in_one_go", _edit("attendance", _migrated)),
    Plant("amended in place, day not kept", "amended_unsaid", _edit("attendance", _amended_in_place)),
    Plant("register filled ahead", "dated_in_future", _edit("attendance", _filled_ahead)),
    Plant("source code empty before leaving", "missing_tells", _edit("attendance", _source_code)),
    Plant("incident dated after leaving", "rows_after_leaving", _edit("behaviour", _after("date", kind="negative", role="involved"))),
    Plant("exclusion dated after leaving", "rows_after_leaving", _edit("suspensions", _after("start", kind="permanent_exclusion"))),
    Plant("result dated after leaving", "rows_after_leaving", _edit("assessments", _after("date", subject="maths", maximum=100.0))),
    Plant("context row dated after leaving", "rows_after_leaving", _edit("context", _after("valid_from"))),
    Plant("transport pass returned", "event_tells", _edit("behaviour", _before("date", kind="negative", category="pass returned"))),
    Plant("exam entry withdrawn, of 70 %", "event_tells", _edit("assessments", _before("date", 0.7, subject="entry withdrawn"))),
    Plant("placement after exclusion", "event_tells", _edit("suspensions", _before("start", kind="suspension", sessions=2, reason_3="LG"))),
    Plant("status from the return of outcomes", "extra_tells", _own_number(gap=0, noise=0, everybody=False)),
    Plant("own number made from the outcome", "extra_tells", _own_number(gap=3, noise=0.3, everybody=True)),
    Plant("outcomes recorded before leaving", "outcome_before_leaving", _edit("outcomes", _told_ahead)),
    Plant("end of stay entered ahead", "leaving_known_ahead", _edit("enrolment", _told_ahead)),
    Plant("withdrawn on the day it began", "withdrawn_known_early", _edit("suspensions", _withdrawn_at_once)),
    Plant("scores filled in at the end", "feature_tells", _edit("assessments", _no_result)),
    Plant("context row as the pupil leaves", "leaving_in_context", _edit("context", _off_roll_row)),
    Plant("young carer set from the outcome", "outcome_in_context", _edit("context", _only("young_carer", True, False))),
    Plant("form named after leavers", "outcome_in_context", _edit("context", _only("form", "LEFT"))),
    Plant("deprivation decile empty", "missing_tells", _edit("context", _only("idaci_decile", None))),
    Plant("no context at all", "missing_tells", _edit("context", _not_matched)),
    Plant("year group of the next year", "next_year_context", _edit("context", _next_year)),
    Plant("six pupils under two pseudonyms", "pupil_twice", _copied),
    Plant("pseudonyms of one year", "pseudonyms_renewed", _renewed),
    Plant("highest numbers for leavers", "identifier_tells", _renamed(_high_numbers)),
    Plant("one letter for leavers", "identifier_tells", _renamed(_letter)),
    Plant("marks sorted by outcome", "row_order_tells", _sorted("attendance")),
    Plant("context sorted by outcome", "row_order_tells", _sorted("context")),
)  # fmt: skip
