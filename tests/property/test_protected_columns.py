"""Protected columns never reach a score: with them absent, swapped between pupils or poisoned, every score is the same to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import eswarn as ew
from eswarn.config import Config, FeaturesConfig
from eswarn.features.compute import choose, compute
from eswarn.features.library import FEATURES
from eswarn.features.protected import PROTECTED
from eswarn.model.scores import Scores
from eswarn.records.store import Records
from eswarn.records.tables import protected_columns
from eswarn.records.timeline import Timeline
from tests import made_up_school

POISON = {"sex": "F", "ethnicity": "WROM", "sen": "E", "sen_need": "SEMH", "idaci_decile": 1}


def absent(column: pa.ChunkedArray, name: str, rng: np.random.Generator) -> pa.ChunkedArray:
    return pa.chunked_array([pa.nulls(len(column), column.type)])


def swapped(column: pa.ChunkedArray, name: str, rng: np.random.Generator) -> pa.ChunkedArray:
    return column.take(pa.array(rng.permutation(len(column))))


def poisoned(column: pa.ChunkedArray, name: str, rng: np.random.Generator) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array([POISON.get(name, True)] * len(column), column.type)])


def changed(records: Records, how: Callable[[pa.ChunkedArray, str, np.random.Generator], pa.ChunkedArray]) -> Records:
    """The same records with every protected column of the context changed."""
    context, rng = records.table("context"), np.random.default_rng(1)
    for name in protected_columns():
        if name in context.column_names:
            context = context.set_column(context.column_names.index(name), name, how(context.column(name), name, rng))
    return replace(records, tables={**records.tables, "context": context})


def told(scores: Scores) -> list[pd.DataFrame]:
    return [scores.frame, scores.features, scores.contributions, scores.not_scored]


@pytest.mark.parametrize("how", [absent, swapped, poisoned])
def test_scores_are_bit_equal(how: Callable[[pa.ChunkedArray, str, np.random.Generator], pa.ChunkedArray]) -> None:
    other = changed(made_up_school.records(), how)
    assert other.table("context") != made_up_school.records().table("context")
    again = ew.score(made_up_school.model(), other, made_up_school.AS_OF)
    for one, two in zip(told(made_up_school.scores()), told(again), strict=True):
        pd.testing.assert_frame_equal(one, two, check_exact=True)


@pytest.mark.parametrize("how", [absent, swapped, poisoned])
def test_what_a_model_learns_from_is_bit_equal(how: Callable[[pa.ChunkedArray, str, np.random.Generator], pa.ChunkedArray]) -> None:
    features, config = choose(FeaturesConfig(), FEATURES), Config().cohort
    assert not any(f.protected for f in features)
    one, two = (
        compute(Timeline(records), [made_up_school.AS_OF], config, features=features, labelled=True)
        for records in (made_up_school.records(), changed(made_up_school.records(), how))
    )
    pd.testing.assert_frame_equal(one.X, two.X, check_exact=True)
    pd.testing.assert_frame_equal(one.keys, two.keys, check_exact=True)
    np.testing.assert_array_equal(one.y, two.y)


def test_the_change_is_one_that_protected_features_see() -> None:
    """The control: what is kept for the audit is not the same."""
    one, two = (
        compute(Timeline(records), [made_up_school.AS_OF], Config().cohort, features=PROTECTED)
        for records in (made_up_school.records(), changed(made_up_school.records(), poisoned))
    )
    assert not one.X.equals(two.X)
    assert (two.X["female"].dropna() == 1).all()
