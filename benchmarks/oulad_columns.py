"""Turns registrations and assessments of the Open University data (OULAD) into one plain table a day: what was known that morning.

A row is an enrolment. Gender, age band, disability, deprivation band and region are left out, and so are clicks. An assessment
counts as handed in on the day it was, if that is before the day asked about; how good it was is in columns of their own
(`MARKS`), because the data set does not say on which later day the learner, or anybody, was told.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

RUN = ["code_module", "code_presentation"]
ENROLMENT = [*RUN, "id_student"]
MODULES = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG")
EDUCATION = ("No Formal quals", "Lower Than A Level", "A Level or Equivalent", "HE Qualification", "Post Graduate Qualification")
MARKS = ("score_mean", "score_weighted", "score_last", "score_least", "score_first", "score_change", "scores_under_40", "points_so_far")
COUNTS = ("handed_in", "weight_handed_in", "due_handed_in", "late", "tutor_marked", "computer_marked")
# Directions taken from what the words mean; whether to hold to them was decided on 2013B and 2013J. The rest may go either way.
RISKIER = (
    "earlier_attempts", "credits", "not_handed_in", "late", "days_since_handed_in", "lateness_mean", "lateness_last", "lateness_most",
    "scores_under_40",
)  # fmt: skip
SAFER = (
    "education", "share_handed_in", "handed_in", "due_handed_in", "weight_handed_in", "ahead", "tutor_marked", "computer_marked",
    "score_mean", "score_weighted", "score_last", "score_least", "score_first", "score_change", "points_so_far",
)  # fmt: skip
SIGNS = dict.fromkeys(RISKIER, 1) | dict.fromkeys(SAFER, -1)
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Enrolments:
    """All enrolments, the assessments of their presentations and what was handed in; dates are days from the start."""

    rows: pd.DataFrame  # keys, date_registration, date_unregistration, final_result, ...
    assessments: pd.DataFrame  # keys of the presentation, date due, weight, assessment_type
    handed_in: pd.DataFrame  # the same, with id_student, date_submitted, is_banked, score

    def enrolled(self, day: int) -> Bools:
        """Who had registered before a day (or on a day not known) and not unregistered on or before it."""
        left = (self.rows["date_unregistration"] <= day).fillna(False)
        return np.asarray((self.rows["date_registration"].fillna(-1) < day) & ~left, bool)


def load(data: Path) -> Enrolments:
    """Read all 22 presentations from the folder of open data."""
    folder = data / "oulad"
    names = ("studentInfo", "studentRegistration", "courses", "assessments", "student_assessment")
    info, registration, courses, assessments, handed_in = (pd.read_parquet(folder / f"{name}.parquet") for name in names)
    rows = registration.merge(info, on=ENROLMENT, validate="1:1").merge(courses, on=RUN, validate="m:1")
    assessments = assessments.astype({"date": "float64"})
    return Enrolments(rows, assessments, handed_in.merge(assessments, on="id_assessment"))


def columns(of: Enrolments, day: int) -> pd.DataFrame:
    """One row an enrolment, in the order of ``of.rows``, and one column a feature: float64, NaN where there is no answer."""
    own = _handed_in(of, day)
    table = pd.concat([_registration(of), _schedule(of, day), own.drop(columns=["points", "weight_scored", "last_handed_in"])], axis=1)
    table["share_handed_in"] = table["due_handed_in"] / table["due"].where(table["due"] > 0)
    table["not_handed_in"] = table["due"] - table["due_handed_in"] - table["carried_over"]
    table["ahead"] = table["handed_in"] - table["due_handed_in"]
    table["days_since_handed_in"] = day - own["last_handed_in"]
    table["score_weighted"] = own["points"] / own["weight_scored"].where(own["weight_scored"] > 0)
    table["points_so_far"] = own["points"].fillna(0) / table["weight_due"].where(table["weight_due"] > 0)
    return table


def _registration(of: Enrolments) -> pd.DataFrame:
    rows = of.rows
    table = pd.DataFrame({
        "registered_before_start": -rows["date_registration"].astype("float64"), "earlier_attempts": rows["num_of_prev_attempts"],
        "credits": rows["studied_credits"], "education": rows["highest_education"].map({name: i for i, name in enumerate(EDUCATION)}),
        "length": rows["module_presentation_length"], "starts_in_february": rows["code_presentation"].str.endswith("B"),
        **{f"module_{module}": rows["code_module"] == module for module in MODULES},
    })  # fmt: skip
    return table.astype("float64")


def _schedule(of: Enrolments, day: int) -> pd.DataFrame:
    """What was due before a day, which is known from the start; exams have no date and count for nothing."""
    dated = of.assessments.assign(run=of.assessments[RUN].agg("-".join, axis=1))
    past, coming = (dated[when].groupby("run") for when in (dated["date"] < day, dated["date"] >= day))
    run = of.rows[RUN].agg("-".join, axis=1)
    return pd.DataFrame({
        "due": run.map(past.size()).fillna(0), "weight_due": run.map(past["weight"].sum()).fillna(0),
        "days_since_due": day - run.map(past["date"].max()), "days_to_next": run.map(coming["date"].min()) - day,
    }).astype("float64")  # fmt: skip


def _handed_in(of: Enrolments, day: int) -> pd.DataFrame:
    """Counts, lateness and marks of what was handed in before a day; carried over from an earlier attempt is only counted."""
    before = of.handed_in[of.handed_in["date_submitted"] < day]
    own = before[~before["is_banked"]].sort_values(["date_submitted", "id_assessment"], kind="stable")
    score, weight = own["score"].astype("float64"), own["weight"].astype("float64")
    lateness = own["date_submitted"] - own["date"]
    own = own.assign(
        score=score, lateness=lateness, late=lateness > 0, is_due=own["date"] < day, points=score * weight, weight=weight,
        weight_scored=weight.where(score.notna(), 0), poor=score < 40, tutor=own["assessment_type"] == "TMA",
        computer=own["assessment_type"] == "CMA",
    )  # fmt: skip
    by = own.groupby(ENROLMENT)
    told = pd.DataFrame({
        "handed_in": by.size(), "weight_handed_in": by["weight"].sum(), "due_handed_in": by["is_due"].sum(), "late": by["late"].sum(),
        "tutor_marked": by["tutor"].sum(), "computer_marked": by["computer"].sum(), "last_handed_in": by["date_submitted"].max(),
        "lateness_mean": by["lateness"].mean(), "lateness_last": by["lateness"].last(), "lateness_most": by["lateness"].max(),
        "score_mean": by["score"].mean(), "score_last": by["score"].last(), "score_least": by["score"].min(),
        "score_first": by["score"].first(), "scores_under_40": by["poor"].sum(), "points": by["points"].sum(min_count=1),
        "weight_scored": by["weight_scored"].sum(),
    })  # fmt: skip
    told["score_change"] = told["score_last"] - told["score_first"]
    everybody = pd.MultiIndex.from_frame(of.rows[ENROLMENT])
    banked = before[before["is_banked"] & (before["date"] < day)].groupby(ENROLMENT).size()
    table = told.reindex(everybody).astype("float64").assign(carried_over=banked.reindex(everybody).fillna(0)).reset_index(drop=True)
    return table.fillna(dict.fromkeys(COUNTS, 0.0))
