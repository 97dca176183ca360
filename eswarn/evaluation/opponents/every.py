"""All the compulsory opponents of a model at once, on the rows it is tested on."""

from __future__ import annotations

import numpy as np

from eswarn.errors import UsageError
from eswarn.evaluation.opponents.facts import by_code_alone, facts
from eswarn.evaluation.opponents.opponent import Opponent
from eswarn.evaluation.opponents.plain_models import constant, last_year, ten_features
from eswarn.evaluation.opponents.points import points
from eswarn.evaluation.opponents.schools import environment, school_mean
from eswarn.features.compute import Dataset
from eswarn.records.arrays import Floats


def opponents(train: Dataset, test: Dataset, *, before: Floats | None = None, seed: int = 1) -> tuple[Opponent, ...]:
    """Answer every rule that a model must be compared with, for each row of a test block.

    Parameters
    ----------
    train : Dataset
        Rows to learn from, with the columns of `NEEDED` at least. Give everybody here, too: rows without a label are not learned
        from, but tell what is usual. Where none has a label, the rules that learn from outcomes are left out: school mean,
        environment only, the regression and the constant.
    test : Dataset
        Rows asked about, with the same columns. Give everybody of a school and date, with a label or without: what the
        surroundings are is read from all of them. What happened to them (``y``) is not looked at.
    before : array of float, shape (rows of test,), optional
        The score of each test row's pupil a year earlier, NaN where there was none; for last year's list.
    seed : int
        Seed of the trees on surroundings.

    Returns
    -------
    tuple of Opponent
        In the same order and under the same names whatever else the records hold. A rule of which they answer nothing gives everybody
        the same score, and names in ``lacks`` what is missing.

    Raises
    ------
    UsageError
        A column is missing, or ``before`` has another number of rows.
    """
    of_train, of_test = facts(train), facts(test)
    rows = len(test.X)
    if before is not None and np.shape(before) != (rows,):
        raise UsageError("before needs one score for each row of the test block", where="opponents")
    without = (*points(of_train, of_test, by_code_alone(test)), last_year(before, rows))
    if np.isnan(train.y).all():
        return without
    return (
        *without, school_mean(train, test), environment(train, test, (of_train, of_test), seed=seed), ten_features(train, test),
        constant(train, rows),
    )  # fmt: skip
