"""Exact Shapley values of a model's raw score, checked on every row before anything is issued."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eswarn import words
from eswarn.errors import OurBug
from eswarn.model.curve import Floats

if TYPE_CHECKING:
    import lightgbm

TOLERANCE = 1e-9
METHOD = "path-dependent"  # docs/decisions: the interventional kernel takes this function's place


@dataclass(frozen=True, slots=True)
class Explained:
    """Raw scores with their Shapley values, all in log-odds: ``base + values.sum(axis=1)`` is ``raw`` within 1e-9.

    Attributes
    ----------
    values : array of shape (n, features)
    base : float
    raw : array of shape (n,)
    """

    values: Floats
    base: float
    raw: Floats

    def __post_init__(self) -> None:
        gap = np.abs(self.base + self.values.sum(axis=1) - self.raw)
        if not (gap <= TOLERANCE).all():  # written so that NaN fails too
            raise OurBug(
                f"the reasons do not add up to the score for {words.count(int((~(gap <= TOLERANCE)).sum()), 'pupil')}; nothing was issued",
                do="This is a fault in eswarn, not in the records. Please report it with the model's id.",
            )


def explain(booster: lightgbm.Booster, table: Floats) -> Explained:
    """Explain the raw score of each row.

    Parameters
    ----------
    booster : lightgbm.Booster
        Trees on numeric features.
    table : array of shape (n, features)
        Feature values in the booster's order; missing is NaN.

    Returns
    -------
    Explained
        Path-dependent values (Lundberg and others 2020, TreeSHAP), as LightGBM computes them.

    Raises
    ------
    OurBug
        The values of some row do not add up to its raw score.
    """
    raw = np.asarray(booster.predict(table, raw_score=True), float)
    values = np.asarray(booster.predict(table, pred_contrib=True), float).reshape(len(table), -1)
    base = float(values[0, -1]) if len(values) else 0.0
    return Explained(np.ascontiguousarray(values[:, :-1]), base, raw)
