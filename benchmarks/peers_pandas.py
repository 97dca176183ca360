"""The features of peers.py for pandas: text as categories, one grouped sum a window; it trusts the order of the file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.peers import ATTENDED, AUTHORISED, COLUMNS, LATE, OPEN, SETTLING_DAYS, UNAUTHORISED, year_start

PARTS = ["possible", "absent", "unauthorised", "authorised", "illness", "late"]


def features(file: Path, as_of: dt.date) -> pd.DataFrame:
    """One row a pupil; see peers.py."""
    marks = _marks(file, as_of)
    now = marks["date"] >= np.datetime64(year_start(as_of))
    year = marks[now]
    edge, afternoon = year["date"].dt.day_of_week.isin((0, 4)), year["session"] == "PM"
    recent = {n: marks[marks["ago"] <= n] for n in (5, 10, 20, 60)}
    sums = {n: _sums(recent[n], PARTS) for n in recent}
    before = _sums(marks[marks["ago"].between(21, 80)], ["possible", "absent", "unauthorised"])
    this_year = _sums(year, PARTS)
    out = pd.DataFrame(index=pd.Index(marks["pupil_id"].drop_duplicates()))
    out["absence_last_5_days"] = _share(sums[5], "absent")
    out["absence_last_10_days"] = _share(sums[10], "absent")
    out["absence_last_20_days"] = _share(sums[20], "absent")
    out["absence_last_60_days"] = _share(sums[60], "absent")
    out["absence_this_year"] = _share(this_year, "absent")
    out["absence_change"] = _share(sums[20], "absent") - _share(before, "absent")
    out["monday_friday_absence"] = _share(_sums(year[edge]), "absent") - _share(_sums(year[~edge]), "absent")
    out["afternoon_absence"] = _share(_sums(year[afternoon]), "absent") - _share(_sums(year[~afternoon]), "absent")
    for n in (10, 20, 60):
        out[f"unauthorised_absence_last_{n}_days"] = _share(sums[n], "unauthorised")
    out["unauthorised_absence_this_year"] = _share(this_year, "unauthorised")
    out["unauthorised_change"] = _share(sums[20], "unauthorised") - _share(before, "unauthorised")
    out["authorised_absence_last_20_days"] = _share(sums[20], "authorised")
    out["authorised_absence_this_year"] = _share(this_year, "authorised")
    for n in (20, 60):
        out[f"illness_last_{n}_days"] = _share(sums[n], "illness")
    out["illness_this_year"] = _share(this_year, "illness")
    for n in (10, 20, 60):
        out[f"lateness_last_{n}_days"] = _share(sums[n], "late")
    out["lateness_this_year"] = _share(this_year, "late")
    out["no_reason_yet_last_10_days"] = _of_code(recent[10], "N", sums[10])
    out["term_time_holiday"] = _of_code(year, "G", this_year)
    first = marks.loc[marks["code"] == "O"].groupby("pupil_id", observed=True)["ago"].max()
    for n in (20, 60):
        out[f"first_without_reason_last_{n}_days"] = (first.reindex(out.index) <= n).where(sums[n]["possible"] > 0).astype(float)
    out["days_since_attended"] = marks[marks["attended"]].groupby("pupil_id", observed=True)["ago"].min() - 1
    out["weeks_below_90_percent"] = _weeks_below(year[year["possible"]])
    out["longest_absence"] = _runs(year)["longest"]
    runs = _runs(recent[60])
    out["current_absence"], out["absence_spells"] = runs["current"], runs["spells"]
    return out[list(COLUMNS)].rename_axis("pupil_id").reset_index()


def _marks(file: Path, as_of: dt.date) -> pd.DataFrame:
    """The marks with what each means, and how many open days ago it was: 1 is the latest."""
    texts = ["pupil_id", "school_id", "session", "code"]
    marks = pd.read_parquet(file, read_dictionary=texts, filters=[("date", "<", as_of)])
    marks["date"] = pd.to_datetime(marks["date"])
    code = marks["code"]
    marks["attended"], marks["late"], marks["illness"] = code.isin(ATTENDED), code.isin(LATE), code == "I"
    marks["authorised"], marks["unauthorised"] = code.isin(AUTHORISED), code.isin(UNAUTHORISED)
    marks["absent"] = marks["authorised"] | marks["unauthorised"]
    marks["possible"] = marks["attended"] | marks["absent"]
    marks["unauthorised"] &= (code != "N") | (marks["date"] < np.datetime64(as_of - dt.timedelta(days=SETTLING_DAYS)))
    school, day = (
        marks["school_id"].cat.codes.to_numpy().astype(np.int64),
        marks["date"].to_numpy().astype("datetime64[D]").astype(np.int64),
    )
    day -= day.min()
    days = int(day.max()) + 1
    given = np.bincount((school * days + day)[code != "-"], minlength=(int(school.max()) + 1) * days).reshape(-1, days)
    ago = np.cumsum((given >= OPEN)[:, ::-1], axis=1)[:, ::-1]
    marks["ago"] = ago[school, day].astype(np.int16)
    return marks


def _sums(marks: pd.DataFrame, parts: Sequence[str] = ("possible", "absent")) -> pd.DataFrame:
    return marks.groupby("pupil_id", observed=True, sort=False)[list(parts)].sum()


def _share(sums: pd.DataFrame, part: str) -> pd.Series:
    return sums[part] / sums["possible"].where(sums["possible"] > 0)


def _of_code(marks: pd.DataFrame, code: str, sums: pd.DataFrame) -> pd.Series:
    """The share of the sessions with one code; there are few of them."""
    some = marks.loc[marks["code"] == code, "pupil_id"].value_counts().reindex(sums.index, fill_value=0)
    return some / sums["possible"].where(sums["possible"] > 0)


def _weeks_below(marks: pd.DataFrame) -> pd.Series:
    """Weeks of each pupil with over a tenth of the sessions missed."""
    week = (marks["date"].to_numpy().astype("datetime64[D]").astype(np.int64) + 3) // 7
    by_week = marks.groupby(["pupil_id", week], observed=True, sort=False)["absent"].agg(["sum", "count"])
    below = 100 * by_week["sum"] > 10 * by_week["count"]
    return below.groupby(level=0, observed=True).sum()


def _runs(marks: pd.DataFrame) -> pd.DataFrame:
    """Longest run of absences, the one at the end, and how many: over possible sessions, in the order of the file."""
    marks = marks.loc[marks["possible"], ["pupil_id", "absent"]]
    pupil, absent = marks["pupil_id"].cat.codes.to_numpy(), marks["absent"].to_numpy()
    another = np.ones(len(marks), bool)
    another[1:] = (pupil[1:] != pupil[:-1]) | (absent[1:] != absent[:-1])
    begins = np.flatnonzero(another)
    runs = marks.iloc[begins].assign(length=np.diff(np.append(begins, len(marks))))
    runs["length"] *= runs["absent"]
    by_pupil = runs.groupby("pupil_id", observed=True, sort=False)
    return by_pupil.agg(longest=("length", "max"), current=("length", "last"), spells=("absent", "sum"))
