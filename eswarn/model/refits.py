"""Fit the same trees on other draws of the same cohort: what changes with the draw is noise, and is said to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from eswarn.model.curve import Floats
from eswarn.model.risk import RiskModel
from eswarn.model.shapley import Explainer

if TYPE_CHECKING:
    import lightgbm

FEWEST_SCHOOLS = 5  # from which whole schools are drawn, else pupils
SAMPLE = 2_000  # rows whose reasons are compared
TOP = 0.1  # share of the rows, those that score highest, among which places are given
ONE_IN_TEN = 1.2816  # standard deviations beyond which a normal variable lies one time in ten, on one side

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.str_]


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


def place_noise(own: Floats, others: Sequence[Floats]) -> float:
    """How far a raw score near the top moves from draw to draw beside the others there, in log-odds.

    The standard deviation of (score by another model less score by the model at hand), each model's own shift apart, among the tenth of
    the rows that score highest; root mean square over the models.
    """
    top = own >= np.quantile(own, 1 - TOP)
    return float(np.sqrt(np.mean([np.var(other[top] - own[top]) for other in others]))) if others else 0.0


def could_go_either_way(raw: Floats, lists: Ints, listed: Bools, noise: float) -> Bools:
    """Whose place on their list one draw in ten or more would change, were scores near the cut to move as `place_noise` says.

    Parameters
    ----------
    raw : array of float
        Raw scores.
    lists : array of int
        Number of each row's list, from 0.
    listed : array of bool
        Who has a place.
    noise : float
        From `place_noise`.
    """
    size = int(lists.max(initial=0)) + 1
    last, next_in_line = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(last, lists[listed], raw[listed])
    np.maximum.at(next_in_line, lists[~listed], raw[~listed])
    cut = (last + next_in_line) / 2  # not finite where all are listed, or none
    return np.asarray(np.abs(raw - cut[lists]) < ONE_IN_TEN * noise, bool)
