"""Scores become what the page says: sorted, counted, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from eswarn.model.scores import Scores
from eswarn.report.contents import Contents
from eswarn.report.locales import LOCALES
from tests.unit.report.made_up_scores import made_up, pupil, shown, since, unscored


def contents(scores: Scores, names: Mapping[str, str]) -> Contents:
    return Contents(scores, names, LOCALES["en-GB"])


def _summary(**about: Any) -> str:
    return " ".join(contents(made_up([pupil(1)], about=about), {}).summary)


def test_pupils_are_listed_by_school_and_tier_in_the_order_of_the_frame() -> None:
    rows = [pupil(1, school_id="B"), pupil(2, school_id="B", tier="watch"), pupil(3, school_id="A"), pupil(4, school_id="A")]
    page = contents(made_up(rows), {})
    assert [school.school_id for school in page.schools] == ["A", "B"]
    assert [[row.rank for row in school.listed["priority"]] for school in page.schools] == [[3, 4], [1]]
    assert [[row.rank for row in school.listed["watch"]] for school in page.schools] == [[], [2]]


def test_the_universal_tier_is_counted_and_not_listed() -> None:
    page = contents(made_up([pupil(1), *(pupil(n, tier="universal") for n in range(2, 12))]), {})
    assert page.counts == {"priority": 1, "watch": 0, "universal": 10}
    assert set(page.schools[0].listed) == {"priority", "watch"}
    assert (page.schools[0].scored, page.schools[0].counts) == (11, {"priority": 1, "watch": 0, "universal": 10})


def test_a_school_where_nobody_could_be_scored_is_not_forgotten() -> None:
    page = contents(made_up([pupil(1, school_id="A")], [unscored(1, school_id="B")]), {})
    assert [(school.school_id, school.scored, len(school.unscored)) for school in page.schools] == [("A", 1, 0), ("B", 0, 1)]
    assert page.summary[0] == "1 pupil scored in 2 schools, 1 not."


def test_reasons_for_no_score_are_counted_most_frequent_first() -> None:
    page = contents(made_up([], [unscored(1, reason="gone?"), unscored(2), unscored(3)]), {})
    assert page.unscored_reasons == [("fewer than 10 possible sessions", 2), ("gone?", 1)]
    assert len(page.unscored) == 3
    assert page.summary == ["No pupil could be scored."]


def test_the_expected_leavers_beyond_the_places_are_the_risks_of_those_not_in_priority() -> None:
    rows = [
        pupil(1, risk=0.9),
        pupil(2, risk=0.8),
        pupil(3, risk=0.7, tier="watch"),
        *(pupil(n, risk=0.3, tier="universal") for n in range(4, 12)),
    ]
    said = " ".join(contents(made_up(rows), {}).summary)
    assert "about 5 of the pupils scored may leave early, and about 3 of these are expected not to be among the priority pupils" in said


def test_what_about_says_of_counts_is_not_repeated_where_the_frame_knows() -> None:
    assert "999" not in _summary(scored=999, not_scored=999, schools=999, expected_leavers=999)


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"horizon_days": 365}, "leaves school early in the year after 14 February 2026."),
        ({"horizon_days": 100}, "leaves school early in the 100 days after 14 February 2026."),
        ({"horizon_until": "2026-07-31", "horizon_days": 167}, "leaves school early before 31 July 2026."),
        ({"horizon_until": dt.date(2026, 7, 31)}, "leaves school early before 31 July 2026."),
        ({}, "leaves school early within the time that the model looks ahead."),
    ],
)
def test_the_horizon_is_said(about: dict[str, Any], said: str) -> None:
    assert said in _summary(**about)


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"places": 0.05}, "Places: 5\N{NO-BREAK SPACE}% of the pupils of each school."),
        ({"places": 30}, "Places: 30 in each school."),
        ({"places": 1.0}, "Places: 1 in each school."),
        ({}, "Places: 1 in all."),
    ],
)
def test_the_places_are_said(about: dict[str, Any], said: str) -> None:
    assert said in _summary(**about)


def test_the_model_is_named_only_where_it_is_known() -> None:
    assert contents(made_up([pupil(1)]), {}).about.made_of == [
        "Model 1a2b3c4d5e6f.", "Trained on 12 made-up schools, 2022 to 2024.", "Made by eswarn 0.1.0.",
    ]  # fmt: skip
    assert contents(made_up([pupil(1)], about={"model_id": None, "version": "0.1.0"}), {}).about.made_of == ["Made by eswarn 0.1.0."]


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "float64"])
def test_a_year_group_may_be_unknown(dtype: str) -> None:
    scores = made_up([pupil(1, year_group=9), pupil(2, year_group=None)])
    scores.frame["year_group"] = scores.frame["year_group"].astype("Float64").astype(dtype)
    assert [row.year for row in contents(scores, {}).schools[0].listed["priority"]] == ["Year 9", "year group not known"]


def test_every_reason_column_is_read_and_empty_ones_are_left_out() -> None:
    scores = made_up([pupil(1, reason_1="first", reason_2="", reason_3="third")])
    scores.frame.insert(10, "reason_4", pd.Series(["fourth"]))
    assert contents(scores, {}).schools[0].listed["priority"][0].reasons == ("first", "third", "fourth")


@pytest.mark.parametrize(
    ("was", "tier", "said"),
    [
        (("priority", 3), "universal", "no longer within the places, rank was 3"),
        (("watch", 3), "universal", "no longer next in line, rank was 3"),
        (("universal", 3), "watch", "new next in line"),
        (("universal", 3), "universal", ""),
    ],
)
def test_a_sheet_of_anybody_says_what_has_changed(was: tuple[str, int], tier: str, said: str) -> None:
    rows = [pupil(1, tier=tier)]
    changes = since(made_up(rows), made_up([pupil(1, tier=was[0], rank=was[1])]))
    page = Contents(made_up(rows, shown=shown(rows, changes=changes)), {}, LOCALES["en-GB"], pupils=["P000001"])
    assert [row.change for row in page.rows] == [said]


def test_names_go_to_the_pupils_they_belong_to() -> None:
    page = contents(
        made_up([pupil(1), pupil(2)], [unscored(1)]), {"P000002": "Bo Example", "N000001": "Cy Example", "P999999": "Di Example"}
    )
    assert [row.name for row in page.schools[0].listed["priority"]] == ["", "Bo Example"]
    assert page.schools[0].unscored[0].name == "Cy Example"
