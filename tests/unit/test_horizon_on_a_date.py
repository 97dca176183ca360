"""A model whose horizon ends on a date is of another year when it is used again: it must be told the new date."""

from __future__ import annotations

import datetime as dt

import pytest

import eswarn as ew
from eswarn.config import CohortConfig, Config
from eswarn.errors import UsageError


def _until(day: dt.date, *as_of: dt.date) -> Config:
    return Config(cohort=CohortConfig(as_of=as_of, until=day, delay_days=0))


def test_the_horizon_of_another_year_is_refused_until_this_year_s_is_named() -> None:
    records = ew.simulate(pupils=1_500, years=2, seed=3)
    model = ew.train(records, _until(dt.date(2023, 8, 15), dt.date(2022, 11, 7), dt.date(2023, 1, 9)), tracking="off")
    with pytest.raises(UsageError, match="asks who leaves before 2023-08-15, and on 2024-01-15 that is over"):
        ew.score(model, records, as_of="2024-01-15")
    scores = ew.score(model, records, as_of="2024-01-15", config=_until(dt.date(2024, 9, 1)))
    assert scores.about["horizon_until"] == "2024-09-01"
    assert ew.score(model, records, as_of="2023-06-05").about["horizon_until"] == "2023-08-15"
