"""Cohorts drawn from one made-up population, as a table of a few shipped features, for the tests of profile and drift."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from eswarn.cohort.lately import Register
from eswarn.features.compute import Dataset
from eswarn.features.library import FEATURES
from eswarn.model.profile import Profile, profile

COLUMNS = ("absence_last_20_days", "illness_last_20_days", "incidents_last_20_days", "incidents_last_60_days", "absence_this_year")
THEN, NOW = dt.date(2021, 11, 1), dt.date(2022, 10, 31)
MARKS = {"/": 45_000, "\\": 44_000, "I": 4_000, "O": 2_500, "L": 2_500, "N": 500}
FEW_REGISTER = Register("england", 900, 450, MARKS, dict.fromkeys(MARKS, 1_400))


def cohort(seed: int, *, day: dt.date = NOW, n: int = 1_500, schools: int = 2) -> Dataset:
    """So many pupils of so many schools on a date; two in a hundred have no incidents recorded."""
    rng = np.random.default_rng(seed)
    illness = rng.beta(0.6, 12, n)
    absence = np.clip(illness + rng.beta(0.6, 14, n), 0, 1)
    incidents = rng.poisson(rng.gamma(0.4, 1.2, n)).astype(float)
    X = pd.DataFrame(dict(zip(COLUMNS, (absence, illness, incidents, incidents + rng.poisson(0.8, n), absence), strict=True)))
    X.loc[rng.random(n) < 0.02, "incidents_last_60_days"] = np.nan
    number = np.arange(n)
    keys = pd.DataFrame(
        {
            "pupil_id": pd.Series([f"pupil-{seed}-{i}" for i in number], dtype="str"),
            "school_id": pd.Series([f"school-{i % schools}" for i in number], dtype="str"),
            "as_of": pd.Series([day] * n, dtype="object"),
            "year_group": 7.0 + number % 5,
            "unmarked": 0.0,
        }
    )
    left_out = pd.DataFrame({name: pd.Series([], dtype="str") for name in ("pupil_id", "school_id", "as_of", "reason")})
    y = (rng.random(n) < chance(score(X))).astype(float)
    by_name = {feature.column: feature for feature in FEATURES}
    return Dataset(X, keys, y, np.zeros(n, bool), left_out, np.zeros(0), tuple(by_name[name] for name in COLUMNS))


def score(X: pd.DataFrame) -> np.ndarray:
    """A raw score of these pupils, in log-odds."""
    return -4.0 + 6 * X["absence_last_20_days"].to_numpy() + 0.3 * X["incidents_last_20_days"].to_numpy()


def chance(raw: np.ndarray) -> np.ndarray:
    """The true chance of leaving that goes with it."""
    return 1 / (1 + np.exp(-raw))


def profile_of(data: Dataset, *, register: Register | None = FEW_REGISTER) -> Profile:
    """The profile of a training cohort."""
    raw, days = score(data.X), set(data.keys["as_of"])
    return profile(
        data, raw=raw, risk=chance(raw), judged=np.ones(len(raw), bool), registers=dict.fromkeys(days, register) if register else {},
        salt="salt",
    )  # fmt: skip
