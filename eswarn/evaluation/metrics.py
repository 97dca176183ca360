"""Figures that judge a list and the ranking behind it, with exact ties: a cut through equal scores gives each the same share of a place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from eswarn.errors import UsageError
from eswarn.evaluation.calibrated import brier, ece, observed_over_expected
from eswarn.model.issue import places_of, rank_in_school

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Outcomes = npt.NDArray[np.integer] | npt.NDArray[np.floating] | npt.NDArray[np.bool_]  # 1 left early, 0 did not
RANKING = ("rows", "leaver_rows", "auc", "average_precision", "recall_at_5_percent")  # figures that no calibration can flatter


def listed(score: Floats, places: float, *, lists: Ints | None = None) -> Floats:
    """Expected share of a place for each row: 1 above the cut, 0 below it, the same fraction for all who are level with it.

    Parameters
    ----------
    score : array of shape (n,)
        Higher is riskier. ``-inf`` is not scored: such rows count among those on roll, but are never listed, even where
        places are left over.
    places : float
        Places of each list: a share of its rows (under 1, rounded up) or a number.
    lists : array of int, optional
        Number of each row's list, from 0 (a school and date, say); without it all rows are one list.

    Raises
    ------
    UsageError
        A score is NaN, which has no place in an order.
    """
    return listed_at(score, [places], lists=lists)[:, 0]


def listed_at(score: Floats, places: Sequence[float], *, lists: Ints | None = None) -> Floats:
    """The shares of a place at several numbers of places, shape (n, len(places)): as `listed`, but rows are put into order once."""
    one = np.zeros(len(score), np.int64) if lists is None else lists
    size = np.bincount(one)
    return _listed_each(score, [places_of(each, size).astype(float) for each in places], one)


def _listed(score: Floats, number: Floats, lists: Ints) -> Floats:
    """As `listed`, for a number of places of each list that need not be whole."""
    return _listed_each(score, [number], lists)[:, 0]


def _listed_each(score: Floats, numbers: Sequence[Floats], lists: Ints) -> Floats:
    above, level = _levels(score, lists)
    shares = [np.where(np.isneginf(score), 0.0, np.clip(number[lists] - above, 0, level) / level) for number in numbers]
    return np.column_stack(shares)


def _levels(score: Floats, lists: Ints) -> tuple[Ints, Ints]:
    """How many rows of its list stand above each row, and how many are level with it, itself included."""
    if np.isnan(score).any():
        raise UsageError("a score is missing (NaN), so the rows have no order", do="Give -inf to a row that could not be scored.")
    rank = rank_in_school(lists, score)
    _, place, size = np.unique(lists * (len(score) + 1) + rank, return_inverse=True, return_counts=True)
    return rank - 1, size[place]


def recall(listed: Floats, y: Outcomes) -> float:
    """Share of the leavers who have a place; NaN where nobody left."""
    return _ratio(float(listed @ y), y.sum())


def precision(listed: Floats, y: Outcomes) -> float:
    """Share of leavers among those listed; NaN where nobody is. Its inverse is the places needed for each leaver reached."""
    return _ratio(float(listed @ y), listed.sum())


def false_alarm_rate(listed: Floats, y: Outcomes) -> float:
    """Share of the stayers who have a place; NaN where everybody left."""
    return _ratio(listed @ (1 - np.asarray(y, float)), len(y) - y.sum())


def lift(listed: Floats, y: Outcomes) -> float:
    """Precision over the share of leavers among all: how many times better than places drawn by lot."""
    return precision(listed, y) / _ratio(y.sum(), len(y))


def _ratio(top: float, bottom: float) -> float:
    return float(top / bottom) if bottom else float("nan")


def recall_at(score: Floats, y: Outcomes, places: int) -> float:
    """Share of the leavers among the ``places`` highest scores of one list; none of them where there is no place."""
    return recall(listed(score, places) if places >= 1 else np.zeros(len(score)), y)


def value_of_a_place(score: Floats, y: Outcomes, places: float, *, lists: Ints | None = None, more: float = 0.05) -> float:
    """Recall gained by a share ``more`` of further places in each list: often worth more than a better model.

    Source: Fischer-Abaigar, Kern and Perdomo 2025. Places need not be whole here: a fraction of one is drawn by lot.
    """
    one = np.zeros(len(score), np.int64) if lists is None else lists
    number = places_of(places, np.bincount(one)).astype(float)
    return recall(_listed(score, number * (1 + more), one), y) - recall(_listed(score, number, one), y)


def equivalent_places(score: Floats, y: Outcomes, reach: float, *, places: float = 1, lists: Ints | None = None) -> float:
    """The fewest places at which a rule reaches as many leavers; inf where it never does.

    Parameters
    ----------
    score : array of shape (n,)
        The rule's. Rows that are ``-inf`` are never listed.
    y : array of shape (n,)
        1 left early, 0 did not.
    reach : float
        Leavers to reach: the sum of ``listed * y`` of the model, say.
    places : float
        How places are spread over several lists, as in `listed`: all lists grow or shrink in proportion. Of no effect on one list.
    lists : array of int, optional
        Number of each row's list.

    Returns
    -------
    float
        Places over all lists. A cut through a level of equal scores reaches its leavers in proportion, so it need not be whole.
    """
    one = np.zeros(len(score), np.int64) if lists is None else lists
    number = places_of(places, np.bincount(one))
    above, level = _levels(score, one)
    found = (np.asarray(y, float) > 0) & ~np.isneginf(score)
    begins, width = (above / number[one])[found], (level / number[one])[found]  # in multiples of the places given
    at = np.concatenate([begins, begins + width])
    order = np.argsort(at)
    at = at[order]
    pace = np.cumsum(np.concatenate([1 / width, -1 / width])[order])  # leavers reached for each further multiple
    reached = np.append(0.0, np.cumsum(pace[:-1] * np.diff(at))) if found.any() else at
    enough = np.flatnonzero(reached >= reach - 1e-9)
    if reach <= 0 or not len(enough):
        return 0.0 if reach <= 0 else float("inf")
    step = slice(max(enough[0] - 1, 0), enough[0] + 1)
    return float(np.interp(reach, reached[step], at[step]) * number[np.unique(one)].sum())


def net_benefit(listed: Floats, y: Outcomes, *, least: float) -> float:
    """(true places - w × false places) / n with w = ``least`` / (1 - ``least``), ``least`` being the lowest risk worth a place."""
    right = float(listed @ y)
    return (right - least / (1 - least) * (float(listed.sum()) - right)) / len(y)


def auc(score: Floats, y: Outcomes, *, school: Ints | None = None) -> float:
    """Chance that a leaver scores above a stayer, ties counting half; NaN without both.

    With ``school`` (numbers from 0) only pairs inside a school count, pooled by pairs: what is left once it is known which school.
    """
    one = np.zeros(len(score), np.int64) if school is None else school
    above, level = _levels(score, one)
    n, left = np.bincount(one), np.bincount(one, weights=y)
    won = ((n[one] - above - (level - 1) / 2) * y).sum() - (left * (left + 1) / 2).sum()
    return _ratio(won, (left * (n - left)).sum())


def average_precision(score: Floats, y: Outcomes) -> float:
    """Sum over distinct scores of (gain in recall) × precision, as scikit-learn has it; chance level is the share of leavers.

    NaN where nobody left.
    """
    from sklearn.metrics import average_precision_score

    above, _ = _levels(score, np.zeros(len(score), np.int64))
    return float(average_precision_score(y, -above)) if y.sum() else float("nan")


def judge(raw: Floats, risk: Floats, y: npt.NDArray[np.integer]) -> dict[str, float]:
    """AUC, average precision, Brier score, ECE, observed over expected leavers, and recall at 5 % of places.

    Parameters
    ----------
    raw : array
        Scores to rank by.
    risk : array
        Calibrated chances.
    y : array of int
        1 left early, 0 did not.

    Returns
    -------
    dict
        rows, leaver_rows and the figures; a ranking figure is NaN where all rows are of one class.
    """
    both = 0 < y.sum() < len(y)
    return {
        "rows": len(y),
        "leaver_rows": int(y.sum()),
        "auc": auc(raw, y),
        "average_precision": average_precision(raw, y) if both else float("nan"),
        "brier": brier(risk, y),
        "ece": ece(risk, y),
        "observed_over_expected": observed_over_expected(risk, y),
        "recall_at_5_percent": recall_at(raw, y, int(np.ceil(0.05 * len(y)))),
    }
