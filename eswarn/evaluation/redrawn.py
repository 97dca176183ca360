"""Rankings and calibration under draws of schools, where no ratio of sums will do: rows are sorted once, then walked for each draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eswarn.compiled import compiled
from eswarn.errors import UsageError
from eswarn.evaluation.bootstrap import Draws, Floats, Ints
from eswarn.evaluation.calibrated import binned, intercept, log_odds, recalibrated, slope
from eswarn.evaluation.metrics import Outcomes
from eswarn.model.issue import places_of
from eswarn.parallel import blocks, each

DRAWS_AT_ONCE = 128
MOST_BINS = 500


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Rows by level of score, highest first, those of one level and cluster put together; not scored is the last level."""

    cluster: Ints
    rows: Ints
    leavers: Ints
    level: Ints  # first cell of each level, and the number of cells
    scored: int  # levels that may be listed


def _ranked(draws: Draws, score: Floats, y: Outcomes) -> _Ranked:
    if np.isnan(score).any():
        raise UsageError("a score is missing (NaN), so the rows have no order", do="Give -inf to a row that could not be scored.")
    order = np.lexsort((draws.cluster, -score))
    level, cluster = score[order], draws.cluster[order]
    higher = np.append(True, level[1:] != level[:-1])[: len(order)]
    start = np.flatnonzero(higher | np.append(True, cluster[1:] != cluster[:-1])[: len(order)])
    return _Ranked(
        cluster[start], np.diff(start, append=len(order)), np.add.reduceat(np.asarray(y, np.int64)[order], start),
        np.append(np.flatnonzero(higher[start]), len(start)), int(higher.sum() - np.isneginf(level[-1:]).sum()),
    )  # fmt: skip


def areas(draws: Draws, score: Floats, y: Outcomes) -> tuple[Floats, Floats]:
    """AUC and average precision under each weighting; ties count half, NaN where one outcome is missing.

    Parameters
    ----------
    draws : Draws
        What is drawn.
    score : array of shape (n,)
        Higher is riskier; ``-inf`` is not scored, and below all others.
    y : array of shape (n,)
        1 left early, 0 did not.
    """
    ranked, rows, leavers = _ranked(draws, score, y), draws.sums(np.ones(len(score))), draws.sums(y)
    auc, precision = np.zeros(len(rows)), np.zeros(len(rows))

    def some(part: slice) -> None:
        _areas(
            draws.weights[part], ranked.level, ranked.cluster, ranked.rows, ranked.leavers,
            rows[part], leavers[part], auc[part], precision[part],
        )  # fmt: skip

    each(some, blocks(len(rows), DRAWS_AT_ONCE))
    return auc, precision


@compiled
def _areas(weights, level, cluster, rows, leavers, all_rows, all_leavers, auc, precision):  # type: ignore[no-untyped-def]
    """Fill in the AUC and the average precision of each row of weights."""
    for d in range(len(weights)):
        weight = weights[d]
        stayers = all_rows[d] - all_leavers[d]
        above, reached, won, precise = 0, 0, 0.0, 0.0
        for i in range(len(level) - 1):
            here, left = 0, 0
            for c in range(level[i], level[i + 1]):
                w = weight[cluster[c]]
                here += w * rows[c]
                left += w * leavers[c]
            if left:
                level_with = here - left
                won += left * (stayers - (above - reached) - level_with / 2)
                precise += left * (reached + left) / (above + here)
            above += here
            reached += left
        auc[d] = won / (all_leavers[d] * stayers) if all_leavers[d] * stayers > 0 else np.nan
        precision[d] = precise / all_leavers[d] if all_leavers[d] > 0 else np.nan


def auc_within(draws: Draws, score: Floats, y: Outcomes) -> Floats:
    """AUC over pairs inside a school, pooled by pairs; of one school, where households are drawn, that is the AUC itself."""
    if not draws.schools:
        return areas(draws, score, y)[0]
    ranked = _ranked(draws, score, y)
    order = np.argsort(ranked.cluster, kind="stable")  # by school, highest first; cells of one school never share a level
    school, rows, left = ranked.cluster[order], ranked.rows[order], ranked.leavers[order]
    stayed = rows - left
    all_left, all_stayed = (np.bincount(school, weights=part, minlength=draws.clusters) for part in (left, stayed))
    before = np.cumsum(stayed) - np.concatenate([[0], np.cumsum(all_stayed)[:-1]])[school]  # stayers no lower, in the same school
    won = np.bincount(school, weights=left * (all_stayed[school] - before + stayed / 2), minlength=draws.clusters)
    pairs = all_left * all_stayed
    weights = draws.weights.astype(float)
    below = weights @ pairs
    return np.asarray(np.divide(weights @ won, below, out=np.full(len(below), np.nan), where=below > 0))


def recut(draws: Draws, score: Floats, y: Outcomes, places: Sequence[float]) -> tuple[Floats, Floats]:
    """Recall and precision of one list over all schools together, cut anew in each draw.

    Places stay the same share of the pupils drawn, which need not be a whole number; rows level at the cut share what is left.

    Parameters
    ----------
    draws : Draws
        What is drawn.
    score : array of shape (n,)
        Higher is riskier; ``-inf`` is not scored and never listed.
    y : array of shape (n,)
        1 left early, 0 did not.
    places : sequence of float
        Each a share of all rows (under 1, rounded up) or a number.

    Returns
    -------
    tuple of arrays of shape (weights, len(places))
    """
    ranked, rows, leavers = _ranked(draws, score, y), draws.sums(np.ones(len(score))), draws.sums(y)
    n = np.array([len(score)])
    share = np.array([float(places_of(each_, n)[0]) for each_ in places]) / max(len(score), 1)
    order = np.argsort(share, kind="stable")
    number = rows[:, None] * share[order]
    reached, used = np.zeros(number.shape), np.zeros(number.shape)

    def some(part: slice) -> None:
        _recut(
            draws.weights[part], ranked.level[: ranked.scored + 1], ranked.cluster, ranked.rows, ranked.leavers,
            number[part], reached[part], used[part],
        )  # fmt: skip

    each(some, blocks(len(rows), DRAWS_AT_ONCE))
    back = np.argsort(order)
    with np.errstate(invalid="ignore"):  # nobody left, or nobody can be listed: NaN
        return (reached / leavers[:, None])[:, back], (reached / used)[:, back]


@compiled
def _recut(weights, level, cluster, rows, leavers, places, reached, used):  # type: ignore[no-untyped-def]
    """Fill in the leavers reached and the places used; ``places`` ascend within each row."""
    for d in range(len(weights)):
        weight = weights[d]
        above, found, k = 0, 0, 0
        for i in range(len(level) - 1):
            here, left = 0, 0
            for c in range(level[i], level[i + 1]):
                w = weight[cluster[c]]
                here += w * rows[c]
                left += w * leavers[c]
            while k < places.shape[1] and here > 0 and above + here >= places[d, k]:
                used[d, k] = places[d, k]
                reached[d, k] = found + left * (places[d, k] - above) / here
                k += 1
            if k == places.shape[1]:
                break
            above += here
            found += left
        for rest in range(k, places.shape[1]):
            used[d, rest] = above
            reached[d, rest] = found


def calibration(draws: Draws, risk: Floats, y: Outcomes) -> tuple[Floats, Floats]:
    """Calibration slope, and intercept at a slope of 1, found anew in each draw; NaN where there is no finite answer.

    Log-odds are first put into bins, one for each distinct value or 500 of equal information: on binned rows each draw
    is fitted to the end.
    Rows without a risk (NaN) are left out.
    """
    from scipy import sparse

    kept = ~np.isnan(risk)
    if not kept.any():
        return np.full(len(draws.weights), np.nan), np.full(len(draws.weights), np.nan)
    bin_of, x = binned(log_odds(risk[kept]), MOST_BINS)
    told = np.ones(int(kept.sum())), np.asarray(y, float)[kept]
    cells = [sparse.csr_array((part, (draws.cluster[kept], bin_of)), shape=(draws.clusters, len(x))).T for part in told]
    slopes, intercepts = [], []
    for part in blocks(len(draws.weights), DRAWS_AT_ONCE):
        n, left = ((cell @ draws.weights[part].T.astype(float)).T for cell in cells)
        slopes.append(recalibrated(x, n, left, free=True)[1])
        intercepts.append(recalibrated(x, n, left, free=False)[0])
    by_slope, by_intercept = np.concatenate(slopes), np.concatenate(intercepts)
    by_slope[0], by_intercept[0] = slope(risk, y), intercept(risk, y)  # the data as they are, without bins
    return by_slope, by_intercept
