"""Who is on the list, by group: whole where counts are large, and nothing to be worked out where they are small."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

import eswarn as ew
from benchmarks.fairness_attack import CONTROL
from benchmarks.list_attack import list_worked_out
from eswarn.evaluation.fairness.groups import Division
from eswarn.evaluation.fairness.on_the_list import COLUMNS, on_the_list
from eswarn.evaluation.fairness.suppress import HIDDEN
from tests import made_up_school

BIG, OTHER, TINY = (12, 300), (20, 400), (2, 40)  # listed, not listed


def table_of(*groups: tuple[int, int], name: str = "sex", within: tuple[str, ...] = ()) -> pd.DataFrame:
    code = np.concatenate([np.full(sum(group), i) for i, group in enumerate(groups)])
    listed = np.concatenate([np.repeat([True, False], group) for group in groups])
    return on_the_list([Division(name, tuple("abcdefgh"[: len(groups)]), code, within)], listed)


def cells(frame: pd.DataFrame, group: str) -> tuple[str, ...]:
    return tuple(frame.loc[frame["group"] == group, ["pupils", "listed", "share"]].iloc[0])


def test_large_counts_are_shown_whole_with_the_share_in_per_cent() -> None:
    frame = table_of(BIG, OTHER)
    assert list(frame.columns) == list(COLUMNS)
    assert cells(frame, "a") == ("312", "12", "4")
    assert cells(frame, "b") == ("420", "20", "5")


def test_a_small_count_takes_the_next_smallest_group_with_it() -> None:
    frame = table_of(BIG, OTHER, TINY)
    assert cells(frame, "b") == ("420", "20", "5")
    assert cells(frame, "a")[1:] == cells(frame, "c")[1:] == (HIDDEN, HIDDEN)
    assert cells(frame, "c")[0] == "42"


def test_where_few_are_listed_in_all_no_group_says_how_many() -> None:
    frame = table_of((2, 200), (2, 100))
    assert set(frame["listed"]) == {HIDDEN}
    assert list(frame["pupils"]) == ["202", "102"]


@pytest.mark.parametrize("name", ["school", "year group"])
def test_what_the_list_itself_tells_of_each_pupil_is_no_division(name: str) -> None:
    assert not len(table_of(BIG, TINY, name=name))


def test_a_finer_form_of_a_division_is_shown_only_where_nothing_of_it_is_hidden() -> None:
    assert len(table_of(BIG, OTHER, within=("sex",))) == 2
    assert not len(table_of(BIG, OTHER, TINY, within=("sex",)))


def test_one_group_alone_or_pupils_in_no_group_are_not_shown() -> None:
    assert not len(table_of(BIG))
    code = np.array([0] * 50 + [1] * 50 + [-1] * 3)
    assert not len(on_the_list([Division("pairs", ("a", "b"), code)], code == 0))


def test_that_nobody_of_a_group_is_listed_is_hidden_too() -> None:
    """Beside a list of pupils, a zero would tell of each of them that they are not in the group."""
    frame = table_of((7, 222), (0, 40), (0, 20))
    assert set(frame["listed"]) == {HIDDEN}
    frame = table_of((30, 222), (20, 200), (0, 40))
    assert cells(frame, "c")[1] == cells(frame, "b")[1] == HIDDEN
    assert cells(frame, "a") == ("252", "30", "12")


def test_a_run_compared_with_one_that_has_a_table_has_none_and_says_where_it_is(tmp_path) -> None:
    model, records = made_up_school.model(), made_up_school.records()
    days = (dt.date(2025, 4, 28), made_up_school.AS_OF, dt.date(2025, 6, 30))
    before: dict[str, Any] = {}
    for day, shown in zip(days, (True, False, True), strict=True):
        out = tmp_path / str(day)
        made = ew.score(model, records, day, out=out, tracking="off", **before).shown
        assert made is not None
        assert (made.groups is not None) == shown == (out / "groups.csv").exists()
        page = (out / "report.html").read_text(encoding="utf-8")
        assert ("The table of groups stands on the page of 28 April 2025" in page) == (day == days[1])
        before = {"diff": out}


def test_a_group_without_anybody_is_left_out() -> None:
    assert list(table_of(BIG, (0, 0), OTHER)["group"]) == ["a", "c"]


def test_no_hidden_count_of_made_up_schools_can_be_worked_out_and_the_control_gives_some_away() -> None:
    told = list_worked_out(21, seed=5)
    assert told["school"]["hidden"] > 200
    assert [told[profile]["worked_out"] for profile in ("school", "ons10", "us10")] == [0, 0, 0]
    assert told[CONTROL]["worked_out"] > 0, "the attack has gone blind"


def test_a_run_holds_who_is_listed_by_group_and_no_protected_column_of_a_pupil(tmp_path) -> None:
    scores = ew.score(made_up_school.model(), made_up_school.records(), made_up_school.AS_OF, out=tmp_path / "out", tracking="off")
    assert scores.shown is not None
    assert scores.shown.groups is not None
    assert {"sex", "free school meals", "SEN", "ethnicity"} <= set(scores.shown.groups["division"])
    again = ew.read_scores(tmp_path / "out").shown
    assert again is not None
    assert again.groups is not None
    pd.testing.assert_frame_equal(again.groups, scores.shown.groups)
    held = [c for table in (scores.frame, scores.features, scores.contributions, scores.shown.facts.events) for c in table]
    protected = {feature.column for feature in ew.FEATURES if feature.protected}
    assert protected.isdisjoint(held)


def test_sizes_of_the_groups_are_those_of_the_records(tmp_path) -> None:
    groups = made_up_school.scores().shown.groups  # type: ignore[union-attr]
    scored = len(made_up_school.scores())
    for division, rows in groups.groupby("division"):
        if HIDDEN not in set(rows["pupils"]):
            assert sum(map(int, rows["pupils"])) == scored, division
