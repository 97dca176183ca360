"""Fit the same trees on other draws of the same cohort: what changes with the draw is noise, and is said to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from eswarn.model.curve import Floats
from eswarn.model.risk import RiskModel
from eswarn.model.shapley import Explainer, explainer_against

if TYPE_CHECKING:
    import lightgbm

FEWEST_SCHOOLS = 5  # from which whole schools are drawn, else pupils
SAMPLE = 2_000  # rows whose reasons are compared

Texts = npt.NDArray[np.str_]


def refits(model: RiskModel, table: Floats, y: npt.ArrayLike, *, pupil: Texts, school: Texts, n: int) -> Iterator[Explainer]:
    """Explainers of the models of `regrown`: each explains by its own trees, with all of the table as its reference."""
    for booster in regrown(model, table, y, pupil=pupil, school=school, n=n):
        yield explainer_against(booster.model_to_string(), table)


def regrown(model: RiskModel, table: Floats, y: npt.ArrayLike, *, pupil: Texts, school: Texts, n: int) -> Iterator[lightgbm.Booster]:
    """Trees of ``n`` further models of the same settings, each of another seed and a bootstrap of whole schools.

    Parameters
    ----------
    model : RiskModel
        Fitted; its sizes and settings are kept.
    table : array of shape (rows, features)
        What it learned from.
    y : array of int
        Outcomes.
    pupil, school : array of str
        Whose row it is. With fewer than five schools pupils are drawn.
    """
    outcome = np.asarray(y).astype(int)
    unit = np.unique(school if drawn_of(school) == "schools" else pupil, return_inverse=True)[1]
    order, size = np.argsort(unit, kind="stable"), np.bincount(unit)
    rows_of = np.split(order, np.cumsum(size)[:-1])
    for draw in range(1, n + 1):
        rng = np.random.default_rng([model.seed, draw])
        rows = np.concatenate([rows_of[i] for i in rng.integers(0, len(rows_of), len(rows_of))])
        if len(np.unique(outcome[rows])) < 2:
            continue  # a draw without a leaver teaches nothing
        yield model.grow(table[rows], outcome[rows], seed=model.seed + draw)


def drawn_of(school: Texts) -> Literal["schools", "pupils"]:
    """What is drawn of a cohort: whole schools, or pupils where there are few of these."""
    return "schools" if len(np.unique(school)) >= FEWEST_SCHOOLS else "pupils"


def reason_noise(own: Explainer, others: list[Explainer], table: Floats, *, theme_sums: Callable[[Floats], Floats]) -> float:
    """How far the distance between a pupil's first two themes moves from draw to draw, in log-odds.

    The standard deviation over all models of (first theme less second, by the model at hand), median over at most 2,000 rows. Two
    reasons that are closer than this are level: another draw of the same cohort could swap them.
    """
    rows = table[np.linspace(0, len(table) - 1, min(len(table), SAMPLE)).astype(int)]
    sums = np.stack([theme_sums(explainer(rows).values) for explainer in (own, *others)])
    if sums.shape[2] < 2 or len(sums) < 2:
        return 0.0
    first, second = np.argsort(-sums[0], axis=1, kind="stable")[:, :2].T
    at = np.arange(len(rows))
    return float(np.median(np.std(sums[:, at, first] - sums[:, at, second], axis=0, ddof=1)))
