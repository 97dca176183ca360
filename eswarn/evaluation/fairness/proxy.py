"""How well each group can be guessed from what the model sees: leaving a column out is not the same as not knowing it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from eswarn.errors import UsageError
from eswarn.evaluation.fairness.groups import NOT_RECORDED, Division
from eswarn.model.curve import Floats
from eswarn.model.risk import RiskModel

if TYPE_CHECKING:
    import pandas as pd

LEAST = 50  # pupils of a group, and others, below which nothing is learned about guessing them
ROWS = 20_000  # drawn by lot where there are more
TREES, DEPTH, LEAVES, FOLDS = 100, 3, 8, 5
FEW_SCHOOLS = 8  # below which rows are kept together by pupil, and pupils taken as independent


def proxies(
    X: npt.ArrayLike, groups: Sequence[Division], *, pupil: npt.ArrayLike, school: npt.ArrayLike | None = None, seed: int = 1,
    level: float = 0.95,
) -> pd.DataFrame:  # fmt: skip
    """Guess each group from the features of the model, by a small model whose every guess is of somebody it has not seen.

    Parameters
    ----------
    X : array of shape (n, features)
        What the model sees.
    groups : sequence of Division
        Whom to guess: each group against the other pupils of its division; those not recorded are neither.
    pupil : array
        Rows of one pupil stay in one fold.
    school : array, optional
        With eight schools or more, a school stays in one fold: a school's own ways do not count as guessing its pupils.
    seed : int
        Folds and rows.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        division, group, members, others, auc (.5 is no better than chance), low, high; in order of AUC. NaN under 50 pupils on either side.
    """
    import pandas as pd

    table = np.asarray(X, float)
    people = np.unique(np.asarray(pupil).astype(str), return_inverse=True)[1]
    places = people if school is None else np.unique(np.asarray(school).astype(str), return_inverse=True)[1]
    together = places if len(np.unique(places)) >= FEW_SCHOOLS else people
    if {len(table), len(people), len(together), *(len(d.code) for d in groups)} != {len(table)}:
        raise UsageError("X, pupil, school and groups must have one row for each pupil")
    rows = []
    for division in groups:
        known = np.flatnonzero((division.code >= 0) & np.array([*(g != NOT_RECORDED for g in division.groups), False])[division.code])
        if len(known) > ROWS:
            known = np.sort(np.random.default_rng(seed).choice(known, ROWS, replace=False))
        of_two = len(set(division.groups) - {NOT_RECORDED}) == 2
        for number, group in enumerate(division.groups[:1] if of_two else division.groups):  # of two, guessing one is guessing the other
            member = division.code[known] == number
            if group == NOT_RECORDED:
                continue
            told = (np.nan, np.nan, np.nan)
            if min(member.sum(), (~member).sum()) >= LEAST and len(np.unique(together[known])) > 1:
                told = _guessed(table[known], member, together[known], seed=seed, level=level)
            rows.append((division.name, group, int(member.sum()), int((~member).sum()), *told))
    frame = pd.DataFrame(rows, columns=["division", "group", "members", "others", "auc", "low", "high"])
    return frame.sort_values("auc", ascending=False, kind="stable", ignore_index=True)


def _guessed(
    table: Floats, member: npt.NDArray[np.bool_], together: npt.NDArray[np.int64], *, seed: int, level: float
) -> tuple[float, float, float]:
    """AUC and its interval, each fold guessed by trees that saw none of it."""
    clusters, cluster = np.unique(together, return_inverse=True)
    fold = (np.random.default_rng(seed).permutation(len(clusters)) % FOLDS)[cluster]
    raw = np.zeros(len(table))
    for number in range(min(FOLDS, len(clusters))):
        judge = fold == number
        if not 0 < member[~judge].sum() < (~judge).sum():
            return np.nan, np.nan, np.nan
        model = RiskModel(trees=TREES, depth=DEPTH, leaves=LEAVES, average=1, seed=seed)
        raw[judge] = model.fit(table[~judge], member[~judge], later=(table[judge], member[judge])).raw_score(table[judge])
    return auc_bounds(raw, member.astype(np.int64), cluster, fold=fold, level=level)


def auc_bounds(
    score: Floats, member: npt.NDArray[np.integer], cluster: npt.NDArray[np.integer], *, fold: npt.NDArray[np.integer], level: float
) -> tuple[float, float, float]:
    """AUC with exact ties, and its interval where rows of one cluster are alike (Obuchowski 1997), on the scale of log-odds.

    Pairs of one fold only are compared: a fold with many members is guessed by trees that saw few, so that scores of two folds, compared,
    would put chance below one half.
    """
    from scipy import special, stats

    place, others = np.zeros(len(score)), np.zeros(len(score))  # share of the other side each row is right about, and its size
    for number in np.unique(fold):
        inside, outside = ((fold == number) & (member == side) for side in (1, 0))
        if inside.any() and outside.any():
            both = stats.rankdata(np.concatenate([score[inside], score[outside]]))
            place[inside] = (both[: inside.sum()] - stats.rankdata(score[inside])) / outside.sum()
            place[outside] = 1 - (both[inside.sum() :] - stats.rankdata(score[outside])) / inside.sum()
            others[inside], others[outside] = outside.sum(), inside.sum()
    pairs = others[member == 1].sum()
    auc = float((place * others)[member == 1].sum() / pairs)
    code = np.unique(cluster, return_inverse=True)[1]
    many = int(code.max()) + 1
    error = np.sqrt(many / (many - 1) * (np.bincount(code, (place - auc) * others / pairs) ** 2).sum())
    if not 0 < auc < 1:
        return auc, auc, auc
    half = special.stdtrit(many - 1, (1 + level) / 2) * error / (auc * (1 - auc))
    return auc, float(special.expit(special.logit(auc) - half)), float(special.expit(special.logit(auc) + half))
