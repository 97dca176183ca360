"""How far a score reaches under every draw of schools, worked out date by date: a list is of one date, and so is a pair compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from eswarn.evaluation.asked import Asked, Bools, Ints
from eswarn.evaluation.bootstrap import Draws
from eswarn.evaluation.metrics import listed_at
from eswarn.evaluation.redrawn import areas, auc_within, recut
from eswarn.model.curve import Floats

TOGETHER, EACH = "together", "each"  # how places are given: to all schools of a date, or to each school


@dataclass(frozen=True, slots=True)
class Drawn:
    """Everybody asked about, the draws, and the lists; figures under draws are worked out date by date and added up."""

    asked: Asked
    draws: Draws
    each: Ints
    together: Ints
    shares: tuple[float, ...]

    def reach(self, score: Floats, left: Ints) -> dict[str, Floats]:
        """Recall under each weighting, shape (weights, shares), by how places are given."""
        own = listed_at(score, self.shares, lists=self.each) * left[:, None]
        reached, leavers = np.zeros((len(self.draws.weights), len(self.shares))), self.draws.sums(left)
        for rows in self._dates():
            drawn = self._part(rows)
            found, _ = recut(drawn, score[rows], left[rows], self.shares)
            reached += np.nan_to_num(found) * drawn.sums(left[rows])[:, None]
        together = np.divide(reached, leavers[:, None], out=np.full(reached.shape, np.nan), where=leavers[:, None] > 0)
        return {TOGETHER: together, EACH: self.draws.ratio(own, np.repeat(left[:, None], len(self.shares), axis=1))}

    def areas(self, score: Floats, y: Floats) -> tuple[Floats, Floats]:
        """AUC and average precision: of pairs, and leavers, of the same date, whose outcome is known.

        Who could not be scored is ranked last: a leaver among them stands below everybody.
        """

        def of_date(drawn: Draws, score: Floats, left: Ints) -> tuple[tuple[Floats, Floats], ...]:
            leavers, stayers = drawn.sums(left), drawn.sums(1 - left)
            auc, average = areas(drawn, score, left)
            return (auc, leavers * stayers), (average, leavers)

        auc, average = self._pooled(score, y, of_date)
        return auc, average

    def auc_within(self, score: Floats, y: Floats) -> Floats:
        """The AUC of pairs of the same school and date."""

        def of_date(drawn: Draws, score: Floats, left: Ints) -> tuple[tuple[Floats, Floats], ...]:
            by_school = [np.bincount(drawn.cluster, weights=part, minlength=drawn.clusters) for part in (left, 1 - left)]
            pairs = (
                drawn.weights.astype(float) @ (by_school[0] * by_school[1]) if drawn.schools else drawn.sums(left) * drawn.sums(1 - left)
            )
            return ((auc_within(drawn, score, left), pairs),)

        return self._pooled(score, y, of_date)[0]

    def _pooled(
        self, score: Floats, y: Floats, of_date: Callable[[Draws, Floats, Ints], tuple[tuple[Floats, Floats], ...]]
    ) -> list[Floats]:
        """Figures of each date with their weights, as their weighted means over the dates."""
        parts = [of_date(self._part(rows), score[rows], y[rows].astype(np.int64)) for rows in self._dates(~np.isnan(y))]
        if not parts:  # nobody's outcome is known
            return [np.full(len(self.draws.weights), np.nan)] * 2
        found = []
        for told in zip(*parts, strict=True):
            top, below = sum(np.nan_to_num(figure) * weight for figure, weight in told), sum(weight for _, weight in told)
            found.append(np.divide(top, below, out=np.full(np.shape(below), np.nan), where=np.asarray(below) > 0))
        return found

    def _dates(self, where: Bools | None = None) -> list[Bools]:
        kept = np.ones(len(self.asked), bool) if where is None else where
        found = [kept & (self.together == number) for number in range(self.together.max() + 1)]
        return [rows for rows in found if rows.any()]

    def _part(self, rows: Bools) -> Draws:
        return replace(self.draws, cluster=self.draws.cluster[rows])
