"""Turns one presentation of the Open University data (OULAD) into a folder of export files that eswarn reads.

    python benchmarks/oulad.py BBB-2013B --out DIR [--data FOLDER]      the folder of open data, or ESWARN_DATA

A learner becomes a pupil, the module a school, a day of the presentation a school day: `/` with any activity, `O` without.
All seven days of the week count, from the start, or from registration where that was later, to the last day before
unregistration, which is the outcome (`withdrew`) and nothing else. Assessments are dated on the day handed in.

Left out, because no column of eswarn's tables means the same: clicks before the start, how many clicks a day had, age
band, region, highest qualification, credits, earlier attempts; disability, which is not a special educational need as
schools record it; and the deprivation band, which is another index than IDACI. How long before the start a learner
registered is told by `valid_from` of the context row.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

STARTS = {"B": (2, 1), "J": (10, 1)}  # month and day; the data set itself holds no dates
TO_DAY_132 = "daily_clicks_bbb_2013j_to_day_132.parquet"
KEYS = ["code_module", "code_presentation"]


@dataclass(frozen=True, slots=True)
class Presentation:
    """One run of a module: its learners, their active days and what they handed in; dates are days from the start."""

    name: str
    start: dt.date
    length: int
    learners: pd.DataFrame  # id_student, date_registration, date_unregistration, gender, final_result
    active: pd.DataFrame  # id_student, date
    handed_in: pd.DataFrame  # id_student, date_submitted, id_assessment, assessment_type, score, is_banked

    @property
    def school(self) -> str:
        """The module."""
        return self.name.split("-")[0]

    @property
    def end(self) -> dt.date:
        """The day after the horizon: the end of the presentation."""
        return self.date(self.length)

    @property
    def last_day(self) -> int:
        """The last day of the presentation on which activity was followed."""
        return min(self.length, int(self.active["date"].max()))

    def date(self, day: int) -> dt.date:
        """A day of the presentation as a date."""
        return self.start + dt.timedelta(days=int(day))

    def dates(self, days: pd.Series) -> pd.Series:
        """Days of the presentation as dates; no day stays none."""
        return pd.Timestamp(self.start) + pd.to_timedelta(days.astype("Float64"), unit="D")


def load(data: Path, name: str) -> Presentation:
    """Read one presentation, such as BBB-2013B, from the folder of open data."""
    folder = data / "oulad"
    module, run = name.split("-")
    tables = {path.name: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}

    def of(table: pd.DataFrame) -> pd.DataFrame:
        return table[(table["code_module"] == module) & (table["code_presentation"] == run)].drop(columns=KEYS)

    learners = of(tables["studentRegistration.parquet"]).merge(of(tables["studentInfo.parquet"]), on="id_student", validate="1:1")
    clicks = of(tables[TO_DAY_132 if name == "BBB-2013J" else "daily_clicks_complete.parquet"])
    if clicks.empty:
        sys.exit(f"{name}: no activity in {folder}; there is for AAA-2013J, AAA-2014J, BBB-2013B and BBB-2013J")
    handed_in = tables["student_assessment.parquet"].merge(of(tables["assessments.parquet"]), on="id_assessment")
    month, day = STARTS[run[-1]]
    length = int(of(tables["courses.parquet"])["module_presentation_length"].iloc[0])
    return Presentation(name, dt.date(int(run[:4]), month, day), length, learners, clicks[["id_student", "date"]], handed_in)


def as_tables(of: Presentation) -> tuple[dict[str, pd.DataFrame], dict[str, int]]:
    """Make eswarn's tables; and say how many learners and records are in them, and how many were left out and why."""
    learners = of.learners.assign(
        joined=of.learners["date_registration"].fillna(0).astype(int),
        left=of.learners["date_unregistration"].astype("Float64") - 1,
    )  # left: the last day on roll
    never = (learners["left"] < learners["joined"]).fillna(False)
    counts = {
        "learners": len(learners),
        "left out: unregistered by the day they registered": int(never.sum()),
        "without a registration date, taken as day 0": int(learners["date_registration"].isna().sum()),
    }
    learners = learners[~never]
    keys = pd.DataFrame({"pupil_id": _pseudonym(learners["id_student"]), "school_id": of.school})
    context = keys.assign(valid_from=of.dates(learners["joined"]), sex=learners["gender"])
    outcomes = keys.assign(left_on=of.dates(learners["left"]), destination="withdrew")[learners["left"].notna()]
    attendance, dropped = _attendance(of, learners)
    assessments, banked, late = _assessments(of, learners)
    counts |= {
        "withdrew": len(outcomes), "marks": len(attendance), "marks with activity": int((attendance["code"] == "/").sum()),
        "left out: active days before the start": int((of.active["date"] < 0).sum()),
        "left out: other active days outside the stay": dropped, "assessments": len(assessments),
        "left out: assessments carried over from an earlier attempt (is_banked)": banked,
        "left out: assessments handed in after leaving": late, "assessments without a score": int(assessments["score"].isna().sum()),
    }  # fmt: skip
    return {"attendance": attendance, "context": context, "outcomes": outcomes, "assessments": assessments}, counts


def _attendance(of: Presentation, learners: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """One mark a day and learner; and the active days from the start on that are not within anybody's stay."""
    first = learners["joined"].clip(lower=0).to_numpy(int)
    last = np.minimum(learners["left"].fillna(of.last_day).to_numpy(int), of.last_day)
    days = np.maximum(last - first + 1, 0)
    who = np.repeat(learners["id_student"].to_numpy(), days)
    day = np.arange(days.sum()) - np.repeat(np.cumsum(days) - days, days) + np.repeat(first, days)
    from_start = of.active[of.active["date"] >= 0]
    is_active = pd.MultiIndex.from_arrays([who, day]).isin(pd.MultiIndex.from_frame(from_start))
    marks = pd.DataFrame({
        "pupil_id": _pseudonym(pd.Series(who)), "school_id": of.school, "date": of.dates(pd.Series(day)), "session": "DAY",
        "code": np.where(is_active, "/", "O"),
    })  # fmt: skip
    return marks, len(from_start) - int(is_active.sum())


def _assessments(of: Presentation, learners: pd.DataFrame) -> tuple[pd.DataFrame, int, int]:
    """What was handed in while registered; and how many were carried over, and handed in too late."""
    own = of.handed_in.merge(learners[["id_student", "left"]], on="id_student")
    late = (own["date_submitted"] > own["left"]).fillna(False) & ~own["is_banked"]
    kept = own[~own["is_banked"] & ~late]
    table = pd.DataFrame({
        "pupil_id": _pseudonym(kept["id_student"]), "school_id": of.school, "date": of.dates(kept["date_submitted"]),
        "subject": kept["assessment_type"] + " " + kept["id_assessment"].astype(str), "score": kept["score"], "maximum": 100,
    })  # fmt: skip
    return table, int(own["is_banked"].sum()), int(late.sum())


def _pseudonym(ids: pd.Series) -> pd.Series:
    return "L" + ids.astype(str)


def export(of: Presentation, folder: Path) -> dict[str, int]:
    """Write the tables as CSV with their dataset.toml into a new folder; the counts of `as_tables`."""
    made, counts = as_tables(of)
    folder.mkdir(parents=True)
    for name, table in made.items():
        table.to_csv(folder / f"{name}.csv", index=False, date_format="%Y-%m-%d")
    facts = f"""\
# {of.name} of the Open University Learning Analytics data set (CC BY 4.0), made by benchmarks/oulad.py
profile = "england"     # for the codes / and O
session = "DAY"

[observed_to]
attendance = {of.date(of.last_day)}
assessments = {of.end}
outcomes = {of.end}     # the end of the presentation
"""
    (folder / "dataset.toml").write_text(facts, encoding="utf-8")
    return counts


def data_folder(given: str | None) -> Path | None:
    """The folder of open data: the one given, else what ESWARN_DATA names; None where there is none."""
    named = given or os.environ.get("ESWARN_DATA")
    return Path(named) if named and (Path(named) / "oulad").is_dir() else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presentation", help="such as BBB-2013B")
    parser.add_argument("--out", required=True, type=Path, help="folder to write; must not exist")
    parser.add_argument("--data", help="the folder of open data; ESWARN_DATA where not given")
    given = parser.parse_args()
    data = data_folder(given.data)
    if data is None:
        sys.exit("The open data is not here: give --data FOLDER (with oulad/ in it), or set ESWARN_DATA.")
    if given.out.exists():
        sys.exit(f"{given.out} exists already.")
    for what, n in export(load(data, given.presentation), given.out).items():
        print(f"{n:>9,}  {what}")


if __name__ == "__main__":
    main()
