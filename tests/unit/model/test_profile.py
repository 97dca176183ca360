"""The profile of a training cohort: counts of ten at least, nobody's value, the same after a file."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eswarn.errors import ModelRefused, UsageError
from eswarn.model.profile import LEAST, apart, count, profile, read_profile, school_mark, shape
from tests.unit.evaluation.made_up_cohort import FEW_REGISTER, THEN, cohort, profile_of

VALUES = st.lists(st.one_of(st.integers(0, 3).map(float), st.floats(-1e6, 1e6), st.just(float("nan"))), min_size=LEAST, max_size=400)


@given(VALUES)
def test_every_count_is_none_or_ten_and_nobody_is_lost(values: list[float]) -> None:
    told = shape(np.array(values))
    assert sum(told.counts) == len(values)
    assert all(n == 0 or n >= LEAST for n in told.counts)
    assert len(told.counts) == len(told.edges) + 2


@given(VALUES)
def test_at_least_ten_pupils_lie_beyond_every_edge_on_both_sides(values: list[float]) -> None:
    known = np.array([v for v in values if not np.isnan(v)])
    for edge in shape(np.array(values)).edges:
        assert min((known <= edge).sum(), (known > edge).sum()) >= LEAST


def test_nearly_equal_shares_stay_in_one_bin() -> None:
    now, then = np.repeat([0.0, 1 / 118, 1 / 120, 2 / 118, 2 / 120], 100), np.repeat([0.0, 1 / 120, 2 / 120], [100, 200, 200])
    edges = np.array(shape(then).edges)
    assert count(now, edges).tolist() == count(then, edges).tolist() == [100, 200, 200, 0]


def test_schools_that_are_alike_differ_once_and_others_more() -> None:
    assert apart(np.array([[50, 50], [50, 50]])) == 1.0
    assert apart(np.array([[90, 10], [10, 90]])) == pytest.approx(128.0)  # 2 × 2: chi-squared is n times the squared phi
    assert apart(np.array([[90, 10]])) == 1.0


def test_only_dates_of_the_last_twelve_months_are_kept() -> None:
    days = [THEN - dt.timedelta(days=400), THEN - dt.timedelta(days=60), THEN]
    parts = [cohort(i, day=day, n=60) for i, day in enumerate(days)]
    data = parts[0]
    for part in parts[1:]:
        data = type(data)(*(_joined(getattr(data, name), getattr(part, name)) for name in ("X", "keys", "y", "unknown")),
                          data.left_out, data.left_out_y, data.features)  # fmt: skip
    assert list(profile_of(data).dates) == days[1:]


def _joined(one: object, other: object) -> object:
    return pd.concat([one, other], ignore_index=True) if isinstance(one, pd.DataFrame) else np.concatenate([one, other])


def test_it_holds_no_pupil_no_school_and_no_extreme() -> None:
    data = cohort(1, n=500)
    text = json.dumps(profile_of(data).model_dump(mode="json"))
    assert "pupil-" not in text
    assert "school-" not in text
    assert school_mark("school-1", "salt") in text
    for column in data.X:
        assert all(repr(float(extreme)) not in text for extreme in (data.X[column].max(), data.X["illness_last_20_days"].min()))


def test_codes_of_fewer_than_ten_pupils_are_not_told() -> None:
    register = type(FEW_REGISTER)("england", 900, 450, FEW_REGISTER.marks | {"T": 40}, FEW_REGISTER.pupils | {"T": 9})
    codes = next(iter(profile_of(cohort(1), register=register).dates.values())).codes
    assert codes is not None
    assert "T" not in codes.shares
    assert codes.shares["I"] == pytest.approx(0.0406, abs=1e-4)


def test_it_is_the_same_after_a_file_and_a_damaged_one_is_refused() -> None:
    made = profile_of(cohort(1))
    told = json.loads(json.dumps(made.model_dump(mode="json")))
    assert read_profile(told) == made
    day = next(iter(told["dates"]))
    for damage in (
        {}, None, [], told | {"dates": {}}, told | {"leavers": -1}, told | {"more": 1},
        told | {"dates": {day: told["dates"][day] | {"features": {"absence": {"edges": [2, 1], "counts": [10, 10, 10, 0]}}}}},
        told | {"dates": {day: told["dates"][day] | {"features": {"absence": {"edges": [1], "counts": [10, 10]}}}}},
    ):  # fmt: skip
        with pytest.raises(ModelRefused, match="no profile"):
            read_profile(damage)


def test_fewer_than_ten_rows_have_no_profile() -> None:
    data = cohort(1, n=9)
    with pytest.raises(UsageError, match="10 rows"):
        profile(data, raw=np.zeros(9), risk=np.full(9, 0.1), judged=np.ones(9, bool), registers={}, salt="")
