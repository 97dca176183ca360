"""Is a place on the list an accident of the draw? The model is fitted again on other draws of its cohort, and the lists are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eswarn.evaluation.asked import NOT_SCORED, Asked, Bools
from eswarn.evaluation.metrics import listed
from eswarn.features.compute import Dataset
from eswarn.model.booster import raw_scores
from eswarn.model.curve import Floats
from eswarn.model.fit import REFITS
from eswarn.model.refits import could_go_either_way, drawn_of, place_noise, regrown
from eswarn.model.risk import RiskModel
from eswarn.progress import Progress, silent

EITHER_WAY = 0.1  # share of refits in which a place changes, from which it "could go either way" (our choice)


@dataclass(frozen=True, slots=True, repr=False)
class Arbitrariness:
    """What became of a list when the model was fitted again.

    Attributes
    ----------
    models : int
        Models fitted again, each of another seed and a bootstrap of the training cohort.
    drawn : str
        What was drawn: "schools", or "pupils" where there are fewer than five schools.
    overlap : float
        Share of the places that go to the same pupils in two of the lists (of the model and its refits), mean over all pairs.
    always, ever : float
        Pupils on every list, and on any, for each place.
    listed : array of float
        Of each pupil asked about: share of a place by the model at hand.
    flips : array of float
        Share of the refits in which a listed pupil has no place, or one who is not listed has.
    unmarked : float
        Of the listed pupils whose place changed in a tenth of the later refits, the share who would not have been marked "could go either
        way" when they were scored: that mark goes by the noise of the first four, as on a model's card. NaN where there are too few refits.
    low, high : array of float
        5th and 95th percentile of the calibrated chance over the refits, each by the curve of the model at hand; NaN where not scored.
    """

    models: int
    drawn: str
    overlap: float
    always: float
    ever: float
    listed: Floats
    flips: Floats
    unmarked: float
    low: Floats
    high: Floats

    @property
    def flipped(self) -> float:
        """Share of the listed pupils whose place could go either way."""
        return float(((self.flips >= EITHER_WAY) * self.listed).sum() / self.listed.sum())

    def __str__(self) -> str:
        return (
            f"{self.models} refits on draws of {self.drawn}: two lists share {self.overlap:.0%} of their places; for 100 places "
            f"{100 * self.always:.0f} pupils are on every list and {100 * self.ever:.0f} on at least one; "
            f"{self.flipped:.0%} of those listed could go either way"
        )


def arbitrariness(
    model: RiskModel, learned: Dataset, asked: Asked, table: Floats, *, places: float, n: int, progress: Progress = silent
) -> Arbitrariness:  # fmt: skip
    """Fit the model again on other draws, and cut the list of each school anew.

    Parameters
    ----------
    model : RiskModel
        Fitted on ``learned``.
    learned : Dataset
        Labelled rows.
    asked : Asked
        Of one fold, scored by ``model``.
    table : array of shape (scored, features)
        Feature values of the rows that were scored, in the order of ``asked``.
    places : float
        Of each school: a share or a number.
    n : int
        Refits.
    """
    keys, lists, curve = learned.keys, asked.each, model.curve_
    whose = {name: keys[f"{name}_id"].to_numpy(str) for name in ("pupil", "school")}
    own = listed(asked.score, places, lists=lists)
    shares, risks, moved = [own], list[Floats](), list[Floats]()
    seen = np.ascontiguousarray(learned.X.to_numpy(float))
    for booster in regrown(model, seen, learned.y, **whose, n=n):
        progress("fitting again", len(risks), n)
        if len(moved) < REFITS:
            moved.append(raw_scores(booster, seen))
        raw = raw_scores(booster, table)
        shares.append(listed(_everybody(asked, raw, NOT_SCORED), places, lists=lists))
        risks.append(_everybody(asked, curve(raw), np.nan))
    progress("fitting again", n, n)
    all_lists = np.array(shares)
    total, again = own.sum(), all_lists[1:]
    pairs = (all_lists @ all_lists.T)[np.triu_indices(len(all_lists), 1)]
    flips = np.where(own > 0, 1 - again, again).mean(axis=0) if len(again) else np.zeros(len(own))
    low, high = np.quantile(risks, (0.05, 0.95), axis=0) if risks else (asked.risk, asked.risk)
    always, ever = (float(extreme.sum() / total) for extreme in (all_lists.min(axis=0), all_lists.max(axis=0)))
    overlap = float(pairs.mean() / total) if len(pairs) else 1.0
    noise = place_noise(raw_scores(model.booster_, seen), moved)
    unmarked = _unmarked(asked, own > 0, again[len(moved) :], noise)
    return Arbitrariness(len(again), drawn_of(whose["school"]), overlap, always, ever, own, flips, unmarked, low, high)


def _unmarked(asked: Asked, own: Bools, again: Floats, noise: float) -> float:
    """The share of changing places that the mark given when pupils are scored would have missed."""
    changing = own & ((1 - again).mean(axis=0) >= EITHER_WAY) if len(again) else np.zeros(len(own), bool)
    marked = np.zeros(len(own), bool)
    marked[asked.scored] = could_go_either_way(asked.score[asked.scored], asked.each[asked.scored], own[asked.scored], noise)
    return float((~marked[changing]).mean()) if changing.any() else float("nan")


def _everybody(asked: Asked, of_scored: Floats, otherwise: float) -> Floats:
    every = np.full(len(asked), otherwise)
    every[asked.scored] = of_scored
    return every
