"""Splits: no label window reaches into a test, schools and households stay on one side, and a fold that cannot be is refused."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from eswarn.cohort.label import horizon_end
from eswarn.config import CohortConfig
from eswarn.errors import InputRefused
from eswarn.evaluation.folds import TEST_LEAST, by_school, forward_folds, households, random_folds
from eswarn.features.compute import Dataset
from eswarn.records.store import Records
from eswarn.records.tables import arrow_schema

CONFIG = CohortConfig()
SCHOOLS = 7
FIRST = dt.date(2020, 9, 7)


def made(years: int = 5, *, pupils: int = 140, leavers: int = 40, seed: int = 1) -> Dataset:
    """Rows of six dates a year; each date has leavers of its own."""
    rng = np.random.default_rng(seed)
    days = [FIRST + dt.timedelta(days=365 * year + 56 * half) for year in range(years) for half in range(6)]
    parts = [pd.DataFrame({"pupil_id": [f"P{i}" for i in range(pupils)], "school_id": [f"S{i % SCHOOLS}" for i in range(pupils)],
                           "as_of": [day] * pupils}) for day in days]  # fmt: skip
    keys = pd.concat(parts, ignore_index=True)
    y = np.concatenate([(rng.permutation(pupils) < leavers).astype(float) for _ in days])
    lost = pd.DataFrame({"pupil_id": ["Q1"] * len(days), "school_id": ["S1"] * len(days), "as_of": days, "reason": ["few"] * len(days)})
    X = pd.DataFrame({"x": rng.normal(size=len(keys))})
    return Dataset(X, keys, y, np.zeros(len(keys), bool), lost, np.zeros(len(lost)), ())


def test_every_label_and_its_delay_is_known_before_the_test_begins() -> None:
    folds = forward_folds(made(), CONFIG, most=3, train_least=30)
    assert len(folds) == 3
    for fold in folds:
        known = max(horizon_end(day, CONFIG) for day in fold.train_dates) + dt.timedelta(days=CONFIG.delay_days)
        assert known <= min(fold.test_dates)
        assert (max(fold.test_dates) - min(fold.test_dates)).days < 365
        assert not (fold.train & fold.test).any()


def test_test_blocks_of_folds_do_not_meet_and_the_latest_ends_with_the_last_date() -> None:
    data = made()
    folds = forward_folds(data, CONFIG, most=3, train_least=30)
    assert max(folds[0].test_dates) == max(data.keys["as_of"])
    for later, earlier in itertools.pairwise(folds):
        assert max(earlier.test_dates) < min(later.test_dates)


def test_one_more_day_of_delay_moves_the_training_block() -> None:
    data = made(years=3)
    fold = forward_folds(data, CONFIG, most=1, train_least=30)[0]
    last = max(fold.train_dates)
    room = (min(fold.test_dates) - horizon_end(last, CONFIG)).days
    tight, over = (forward_folds(data, CONFIG.model_copy(update={"delay_days": room + more}), most=1, train_least=30)[0] for more in (0, 1))
    assert max(tight.train_dates) == last
    assert min(tight.test_dates) == min(fold.test_dates)
    assert last not in over.train_dates or min(over.test_dates) > min(fold.test_dates)


def test_too_few_leavers_or_years_are_refused_and_the_reason_names_dates_and_least() -> None:
    with pytest.raises(InputRefused, match=r"no later cohort.*6 dates from 2020-09-07 to 2021-06-14.*30 leavers.*365 days"):
        forward_folds(made(years=1), CONFIG, most=3, train_least=30)
    with pytest.raises(InputRefused, match="no later cohort"):
        forward_folds(made(leavers=1, pupils=7), CONFIG, most=3, train_least=5)
    assert forward_folds(made(leavers=TEST_LEAST), CONFIG, most=1, train_least=5)


def test_schools_are_held_out_whole_with_everybody_of_their_households() -> None:
    data = made()
    fold = forward_folds(data, CONFIG, most=1, train_least=30)[0]
    household = np.unique(data.keys["pupil_id"].to_numpy(str), return_inverse=True)[1] // 2  # siblings at neighbouring schools
    tested = np.zeros(len(data.y), int)
    apart = np.zeros(len(data.left_out), int)
    for part in by_school(fold, data, household, parts=3):
        schools = data.keys["school_id"].to_numpy(str)
        assert not set(schools[part.train]) & set(schools[part.test])
        assert not set(household[part.train]) & set(household[part.test])
        assert part.train.any()
        tested += part.test
        apart += part.asked
    assert (tested == fold.test).all()
    assert (apart == fold.asked).all()


def test_a_random_split_is_by_household_and_says_so() -> None:
    data = made(years=1)
    household = np.unique(data.keys["pupil_id"].to_numpy(str), return_inverse=True)[1] // 2
    folds = random_folds(data, household, parts=5, seed=1)
    assert {fold.split for fold in folds} == {"random"}
    assert (sum(fold.test.astype(int) for fold in folds) == 1).all()
    for fold in folds:
        assert not set(household[fold.train]) & set(household[fold.test])


def test_households_join_pupils_through_any_shared_home() -> None:
    rows = [("A", "H1"), ("B", "H1"), ("B", "H2"), ("C", "H2"), ("D", None), ("E", "H9")]
    table = pa.table({"pupil_id": [r[0] for r in rows], "school_id": ["S"] * 6, "valid_from": [dt.date(2024, 9, 1)] * 6,
                      "household_id": [r[1] for r in rows]})  # fmt: skip
    full = pa.table({name: table[name] if name in table.column_names else pa.nulls(6) for name in arrow_schema("context").names})
    found = households(Records({"context": full.cast(arrow_schema("context"))}), ["A", "B", "C", "D", "E", "F", "A"])
    a, b, c, d, e, f, again = found.tolist()
    assert a == b == c == again
    assert len({a, d, e, f}) == 4
    assert households(Records({}), ["A", "B", "A"]).tolist() == [0, 1, 0]
