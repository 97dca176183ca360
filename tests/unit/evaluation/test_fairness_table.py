"""Group tables: the same numbers as counting by hand and as fairlearn, whoever is in the groups."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eswarn.config import Config
from eswarn.errors import UsageError
from eswarn.evaluation.fairness.groups import NOT_RECORDED, Division, crossed, divisions
from eswarn.evaluation.fairness.slopes import slopes
from eswarn.evaluation.fairness.table import ALL, RATES, GroupTable, group_table
from eswarn.features.compute import Dataset, compute
from eswarn.features.protected import PROTECTED
from eswarn.records.timeline import Timeline
from tests import made_up_school

cohorts = pytest.mark.parametrize("cohorts", [25, pytest.param(2_300, marks=pytest.mark.long)])


def cohort(seed: int) -> dict[str, Any]:
    """A cohort of some size, base rate and list, with a few groups, some of them very small."""
    rng = np.random.default_rng(seed)
    n, groups = int(rng.integers(20, 400)), int(rng.integers(2, 7))
    risk = rng.beta(1, rng.uniform(2, 15), n)
    return {
        "y": (rng.random(n) < risk).astype(int), "listed": (rng.random(n) < rng.uniform(0.03, 0.5)).astype(int), "risk": risk,
        "school": rng.integers(0, 6, n), "code": rng.choice(groups, n, p=rng.dirichlet(np.ones(groups))), "groups": groups,
    }  # fmt: skip


def table_of(made: dict[str, Any], **more: Any) -> GroupTable:
    division = Division("group", tuple(f"g{i}" for i in range(made["groups"])), made["code"].astype(np.int64))
    return group_table([division], **{name: made[name] for name in ("listed", "y", "risk", "school")} | more)


def counted(made: dict[str, Any], member: list[bool]) -> dict[str, float]:
    """Rates by going through the pupils one by one."""
    found = missed = alarms = quiet = 0
    for y, listed, inside in zip(made["y"], made["listed"], member, strict=True):
        if inside:
            found, missed = found + (y and listed), missed + (y and not listed)
            alarms, quiet = alarms + (listed and not y), quiet + (not y and not listed)

    def share(part: int, whole: int) -> float:
        return part / whole if whole else math.nan

    n = found + missed + alarms + quiet
    return {
        "recall": share(found, found + missed), "missed": share(missed, found + missed), "false_alarm_rate": share(alarms, alarms + quiet),
        "precision": share(found, found + alarms), "listed_share": share(found + alarms, n), "leaving_rate": share(found + missed, n),
        "not_scored": share(0, n),
    }  # fmt: skip


@cohorts
def test_every_rate_is_what_counting_by_hand_gives(cohorts: int) -> None:
    for seed in range(cohorts):
        made = cohort(seed)
        table = table_of(made)
        hands = [counted(made, [True] * len(made["y"])), *(counted(made, list(made["code"] == g)) for g in range(made["groups"]))]
        pd.testing.assert_frame_equal(table.frame[list(RATES)], pd.DataFrame(hands)[list(RATES)], rtol=0, atol=1e-12)


@cohorts
def test_every_rate_and_difference_is_fairlearns(cohorts: int) -> None:
    fairlearn = pytest.importorskip("fairlearn.metrics")
    from sklearn.metrics import precision_score, recall_score

    theirs = {
        "recall": lambda y, p: recall_score(y, p, zero_division=np.nan), "missed": fairlearn.false_negative_rate,
        "false_alarm_rate": fairlearn.false_positive_rate, "precision": lambda y, p: precision_score(y, p, zero_division=np.nan),
        "listed_share": fairlearn.selection_rate,
    }  # fmt: skip
    compared = 0
    for seed in range(cohorts):
        made = cohort(seed)
        present = np.bincount(made["code"], made["y"], minlength=made["groups"])
        everybody = np.bincount(made["code"], minlength=made["groups"])
        listed = np.bincount(made["code"], made["listed"], minlength=made["groups"])
        if not (present > 0).all() or not (everybody > present).all() or not (listed > 0).all():
            continue  # fairlearn calls a rate of nobody 0
        frame = fairlearn.MetricFrame(metrics=theirs, y_true=made["y"], y_pred=made["listed"], sensitive_features=made["code"])
        table = table_of(made)
        np.testing.assert_allclose(table.by_group[list(theirs)].to_numpy(), frame.by_group.to_numpy(float), rtol=0, atol=1e-12)
        np.testing.assert_allclose(table.overall[list(theirs)].to_numpy(), frame.overall.to_numpy(float), rtol=0, atol=1e-12)
        np.testing.assert_allclose(table.difference()[list(theirs)].to_numpy()[0], frame.difference().to_numpy(float), rtol=0, atol=1e-12)
        compared += 1
    assert compared > 0.4 * cohorts


def test_the_order_of_pupils_and_the_names_of_schools_do_not_matter() -> None:
    made = cohort(3)
    order = np.random.default_rng(0).permutation(len(made["y"]))
    mixed = {name: value[order] if isinstance(value, np.ndarray) else value for name, value in made.items()}
    mixed["school"] = np.array([f"school {9 - s}" for s in mixed["school"]])
    pd.testing.assert_frame_equal(table_of(made).frame, table_of(mixed).frame, rtol=1e-9)


def test_pupils_level_at_the_cut_count_by_their_share() -> None:
    y, listed = np.array([1, 0, 1, 0]), np.array([1, 0.5, 0.5, 0])
    division = Division("d", ("a", "b"), np.array([0, 0, 1, 1]))
    frame = group_table([division], listed=listed, y=y, risk=np.full(4, 0.5)).frame
    assert frame["recall"].tolist() == [0.75, 1.0, 0.5]
    assert frame["false_alarm_rate"].tolist() == [0.25, 0.5, 0.0]


def test_a_leaver_who_was_not_scored_is_missed_and_said_to_be_so() -> None:
    y, risk = np.array([1, 1, 0, 0]), np.array([0.9, np.nan, 0.2, np.nan])
    division = Division("d", ("a",), np.zeros(4, np.int64))
    frame = group_table([division], listed=[1, 0, 0, 0], y=y, risk=risk).frame
    assert frame["recall"].tolist() == [0.5, 0.5]
    assert frame["not_scored"].tolist() == [0.5, 0.5]
    assert frame["observed_over_expected"].iloc[0] == pytest.approx(2 / 1.1)


def test_every_interval_holds_its_rate_and_narrows_with_pupils() -> None:
    made = cohort(11)
    frame = table_of(made).frame
    many = {name: np.repeat(value, 30) if isinstance(value, np.ndarray) else value for name, value in made.items()}
    wide, narrow = frame, table_of(many, school=None).frame
    for rate in RATES:
        known = frame[rate].notna()
        assert (wide[f"{rate}_low"] <= wide[rate] + 1e-9)[known].all()
        assert (wide[f"{rate}_high"] >= wide[rate] - 1e-9)[known].all()
        assert ((narrow[f"{rate}_high"] - narrow[f"{rate}_low"]) <= (wide[f"{rate}_high"] - wide[f"{rate}_low"]))[known].all()


def test_slopes_are_those_of_a_regression_of_each_group_by_itself() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(5)
    risk, code, school = rng.beta(1, 6, 4_000), rng.integers(0, 3, 4_000), rng.integers(0, 30, 4_000)
    left = (rng.random(4_000) < risk ** np.array([1.0, 1.5, 0.6])[code]).astype(float)
    told = slopes(code, 3, left=left, risk=risk, school=school, level=0.95)
    for group in range(3):
        x = np.log(risk / (1 - risk))[code == group][:, None]
        oracle = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1_000).fit(x, left[code == group]).coef_[0, 0]
        assert told["slope"][group] == pytest.approx(oracle, abs=1e-5)
        assert told["slope_low"][group] < oracle < told["slope_high"][group]


def test_a_group_of_few_leavers_has_no_slope() -> None:
    left = np.zeros(200)
    left[:19] = 1
    told = slopes(np.zeros(200, np.int64), 1, left=left, risk=np.linspace(0.9, 0.01, 200), school=np.zeros(200, np.int64), level=0.95)
    assert np.isnan(told["slope"]).all()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"y": [0.5] * 4}, "other than 1 and 0"), ({"listed": [2, 0, 0, 0]}, "share of a place"), ({"risk": [1.5, 0, 0, 0]}, "chance"),
        ({"risk": [np.nan, 0.1, 0.1, 0.1]}, "without a score is listed"),
        ({"listed": [np.nan, 0, 0, 0]}, "share of a place"), ({"y": [1, 0, 1]}, "one value for each pupil"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(changed: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"listed": [1, 0, 0, 0], "y": [1, 0, 1, 0], "risk": [0.5] * 4} | changed
    with pytest.raises(UsageError, match=said):
        group_table([Division("d", ("a",), np.zeros(4, np.int64))], **given)


@pytest.fixture(scope="module")
def protected() -> Dataset:
    return compute(Timeline(made_up_school.records()), [made_up_school.AS_OF], Config().cohort, features=PROTECTED)


def test_everybody_is_in_one_group_of_every_division_and_the_unrecorded_are_a_group(protected: Dataset) -> None:
    made = {division.name: division for division in divisions(protected)}
    assert {"sex", "ethnicity", "ethnic background", "free school meals", "free school meals now", "SEN", "language", "care",
            "social worker", "young carer", "area", "year group", "school", "sex and ethnicity"} <= set(made)  # fmt: skip
    for division in made.values():
        if " and " not in division.name:
            assert (division.code >= 0).all()
            assert np.bincount(division.code).min() > 0
    sex, female = made["sex"], protected.X["female"].to_numpy(float)
    assert [int((sex.code == sex.groups.index(g)).sum()) for g in ("female", "male")] == [(female == 1).sum(), (female == 0).sum()]
    assert (np.array(sex.groups)[sex.code] == NOT_RECORDED).sum() == np.isnan(female).sum()
    area = made["area"]
    most = area.groups.index("fifth 1 of deprivation (most)")
    assert (protected.X["idaci_decile"].to_numpy(float)[area.code == most] <= 2).all()


def test_two_way_groups_are_large_enough_and_recorded(protected: Dataset) -> None:
    one, other = (d for d in divisions(protected) if d.name in ("sex", "SEN"))
    both = crossed(one, other, least=40)
    assert both.within == ("sex", "SEN")
    assert both.groups
    assert all(NOT_RECORDED not in name for name in both.groups)
    for number, name in enumerate(both.groups):
        a, b = name.split(", ", 1)
        member = (one.code == one.groups.index(a)) & (other.code == other.groups.index(b))
        assert (member == (both.code == number)).all()
        assert member.sum() >= 40


def test_other_divisions_can_be_given(protected: Dataset) -> None:
    joined = ["late" if i % 3 == 0 else None for i in range(len(protected.X))]
    found = next(d for d in divisions(protected, more={"joined": joined}) if d.name == "joined")
    assert found.groups == ("late", NOT_RECORDED)
    with pytest.raises(UsageError, match="values for"):
        divisions(protected, more={"joined": joined[1:]})


def test_divisions_of_one_name_are_refused() -> None:
    twice = Division(ALL, ("a",), np.zeros(1, np.int64))
    with pytest.raises(UsageError, match="one name"):
        group_table([twice], listed=[0], y=[1], risk=[0.5])


@pytest.mark.parametrize(("groups", "code"), [(("a",), [0, 1]), ((), [-1, -1]), (("a", "b"), [0, -2])])
def test_a_division_without_its_groups_is_refused(groups: tuple[str, ...], code: list[int]) -> None:
    with pytest.raises(UsageError, match="no groups, or numbers"):
        group_table([Division("d", groups, np.array(code))], listed=[0, 1], y=[1, 0], risk=[0.5, 0.5])
