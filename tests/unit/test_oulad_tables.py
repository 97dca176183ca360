"""Plain tables of the open data hold what was known that morning; parts share no student; a bar that is missed is called missed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.oulad_columns import ENROLMENT, MARKS, SIGNS, Enrolments, columns, load
from benchmarks.oulad_tables import question
from benchmarks.oulad_tables_page import ALL, AUC_BARS, DAYS, FORWARD, RED, oulad_tables_section

PROTECTED = ("gender", "age_band", "disability", "imd_band", "region")


@pytest.fixture
def small() -> Enrolments:
    """A presentation with two assessments and an exam, and four students: one hands in twice, one once and late, one carries over."""
    run = {"code_module": "AAA", "code_presentation": "2013J"}
    rows = pd.DataFrame(
        {
            **run, "id_student": [1, 2, 3, 4], "date_registration": pd.array([-30, -5, None, 12], "Int16"),
            "date_unregistration": pd.array([None, 20, 10, None], "Int16"), "final_result": ["Pass", "Withdrawn", "Withdrawn", "Fail"],
            "gender": "F", "region": "Wales", "highest_education": ["HE Qualification", "Lower Than A Level"] * 2, "imd_band": "0-10%",
            "age_band": "0-35", "num_of_prev_attempts": [0, 1, 0, 0], "studied_credits": 60, "disability": "N",
            "module_presentation_length": 268,
        }
    )  # fmt: skip
    assessments = pd.DataFrame(
        {
            **run,
            "id_assessment": [7, 8, 9],
            "assessment_type": ["TMA", "CMA", "Exam"],
            "date": [10.0, 20.0, np.nan],
            "weight": [10.0, 5.0, 100.0],
        }
    )
    handed_in = pd.DataFrame(
        {
            "id_assessment": [7, 8, 7, 7], "id_student": [1, 1, 2, 4], "date_submitted": [9, 15, 14, -1],
            "is_banked": [False, False, False, True], "score": pd.array([80, 30, None, 90], "Int16"),
        }
    ).merge(assessments, on="id_assessment")  # fmt: skip
    return Enrolments(rows, assessments, handed_in)


def test_a_table_counts_what_was_handed_in_and_due_before_the_day(small: Enrolments) -> None:
    day = columns(small, 15)
    assert day["due"].tolist() == [1, 1, 1, 1]
    assert day["handed_in"].tolist() == [1, 1, 0, 0]
    assert day["not_handed_in"].tolist() == [0, 0, 1, 0], "carried over from an earlier attempt is not missing"
    assert day["lateness_last"].tolist()[:2] == [-1, 4]
    assert day["score_weighted"].tolist()[0] == 80
    assert np.isnan(day["score_weighted"].tolist()[1]), "handed in without a score"
    later = columns(small, 16)
    assert (later["handed_in"].tolist()[0], later["ahead"].tolist()[0], later["scores_under_40"].tolist()[0]) == (2, 1, 1)
    assert later["score_weighted"].tolist()[0] == pytest.approx((80 * 10 + 30 * 5) / 15)


def test_nothing_of_the_day_or_after_it_changes_a_table(small: Enrolments) -> None:
    rows = small.rows.assign(final_result="Distinction", date_unregistration=pd.NA, **dict.fromkeys(PROTECTED, "other"))
    after = small.handed_in["date_submitted"] >= 14
    handed_in = small.handed_in.assign(
        score=small.handed_in["score"].mask(after, 1), date_submitted=small.handed_in["date_submitted"].mask(after, 200)
    )
    pd.testing.assert_frame_equal(columns(small, 14), columns(Enrolments(rows, small.assessments, handed_in), 14))
    assert not set(columns(small, 14)) & {*PROTECTED, "final_result", "date_unregistration"}


def test_columns_of_marks_are_all_that_marks_change(small: Enrolments) -> None:
    changed = Enrolments(small.rows, small.assessments, small.handed_in.assign(score=50))
    table, other = columns(small, 30), columns(changed, 30)
    assert {name for name in table if not table[name].equals(other[name])} <= set(MARKS) < set(table)
    assert set(SIGNS) <= set(table)


def test_enrolled_is_registered_before_the_day_and_not_gone_by_it(small: Enrolments) -> None:
    assert small.enrolled(10).tolist() == [True, True, False, False]
    assert small.enrolled(20).tolist() == [True, False, False, True]


def test_no_student_is_in_two_parts_of_the_real_data(data_dir: Path) -> None:
    of = load(data_dir)
    student = of.rows["id_student"].to_numpy()
    assert (len(of.rows), of.rows.duplicated(ENROLMENT).sum()) == (32_593, 0)
    for name in AUC_BARS:
        asked = question(name, of, 32)
        for parts in asked.parts:
            people = [set(student[part]) for part in parts if part is not None]
            assert all(people)
            assert sum(map(len, people)) == len(set().union(*people))
        judged = sum(test.astype(int) for _, _, test in asked.parts)
        assert set(judged[of.enrolled(32) | (name == ALL)]) <= {0, 1}
    assert int(question(FORWARD, of, 32).parts[0][2].sum()) == 9_138  # as measured before this project began


def _part(*, auc: float, ece: float) -> dict[str, Any]:
    told = {
        "auc": auc, "auc_low": auc - 0.01, "auc_high": auc + 0.01, "average_precision": 0.5, "recall": 0.2, "precision": 0.8, "ece": ece,
        "ece_by_luck": 0.01, "ece_by_luck_95": 0.02, "ece_without_intercept": 0.01, "observed_over_expected": 1.0, "slope": 1.0,
    }  # fmt: skip
    gap = {"auc": {"value": 0.0, "low": -0.1, "high": 0.1, "said": "not shown to beat"}}
    results = [
        {"question": name, "day": day, "marks": marks, "n": 9, "base_rate": 0.4, "figures": {"eswarn": told, "LightGBM": told},
         "against_LightGBM": gap, "by_module": {"AAA": {"observed_over_expected": 1.0}}}
        for name in AUC_BARS for day in DAYS for marks in (True, False)
    ]  # fmt: skip
    return {"results": results}


def test_a_bar_that_is_missed_is_called_missed_and_a_random_split_wears_its_label() -> None:
    good, bad = ("\n".join(oulad_tables_section(_part(auc=auc, ece=ece))) for auc, ece in ((0.95, 0.01), (0.6, 0.2)))
    assert "missed" not in good
    assert "both together on day 32, 61, 118" in good
    assert "AUC missed on day 32 (0.600 under 0.702), 61 (0.600 under 0.772), 118 (0.600 under 0.834)" in bad
    assert "both together on no day" in bad
    one = copy.deepcopy(_part(auc=0.95, ece=0.01))
    one["results"][0]["figures"]["eswarn"] = one["results"][0]["figures"]["eswarn"] | {"ece": 0.04}
    assert "both together on day 61, 118" in "\n".join(oulad_tables_section(one))
    assert RED[ALL][1:] in good
