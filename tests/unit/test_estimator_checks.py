"""RiskModel against every check that scikit-learn has for estimators."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks

from eswarn import RiskModel

# Name of a check = why it cannot apply. Weights are not part of `fit` (rows of one person are given as groups), so the checks of
# sample weights do not come up; the array-API check skips itself where SCIPY_ARRAY_API is not set, and says so.
EXCEPTIONS: dict[str, str] = {}


@parametrize_with_checks([RiskModel()], expected_failed_checks=lambda _: EXCEPTIONS)
def test_risk_model_is_an_estimator_as_scikit_learn_wants_them(estimator: BaseEstimator, check: Any, request: pytest.FixtureRequest):
    check(estimator)
