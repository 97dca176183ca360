"""How far a score reaches under every draw of schools, worked out date by date: a list is of one date, and so is a pair compared."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from eswarn.evaluation.asked import Asked, Bools, Ints
from eswarn.evaluation.bootstrap import Draws
from eswarn.evaluation.metrics import listed
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
        own = np.column_stack([listed(score, share, lists=self.each) * left for share in self.shares])
        reached, leavers = np.zeros((len(self.draws.weights), len(self.shares))), self.draws.sums(left)
        for rows in self._dates():
            drawn = self._part(rows)
            found, _ = recut(drawn, score[rows], left[rows], self.shares)
            reached += np.nan_to_num(found) * drawn.sums(left[rows])[:, None]
        together = np.divide(reached, leavers[:, None], out=np.full(reached.shape, np.nan), where=leavers[:, None] > 0)
        return {TOGETHER: together, EACH: self.draws.ratio(own, np.repeat(left[:, None], len(self.shares), axis=1))}

    def areas(self, score: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
        """AUC, AUC within schools, and average precision: of pairs, and leavers, of the same date, whose outcome is known.

        Who could not be scored is ranked last: a leaver among them stands below everybody.
        """
        top, below, precise = (np.zeros((3, len(self.draws.weights))) for _ in range(3))
        for rows in self._dates(~np.isnan(y)):
            drawn, left = self._part(rows), y[rows].astype(np.int64)
            leavers = drawn.sums(left)
            stayers = drawn.sums(1 - left)
            auc, average = areas(drawn, score[rows], left)
            within = auc_within(drawn, score[rows], left)
            by_school = [np.bincount(drawn.cluster, weights=part, minlength=drawn.clusters) for part in (left, 1 - left)]
            pairs = drawn.weights.astype(float) @ (by_school[0] * by_school[1]) if drawn.schools else leavers * stayers
            for i, (figure, weight) in enumerate(((auc, leavers * stayers), (within, pairs), (average, leavers))):
                top[i] += np.nan_to_num(figure) * weight
                below[i] += weight
        precise = np.divide(top, below, out=np.full(top.shape, np.nan), where=below > 0)
        return precise[0], precise[1], precise[2]

    def _dates(self, where: Bools | None = None) -> list[Bools]:
        kept = np.ones(len(self.asked), bool) if where is None else where
        found = [kept & (self.together == number) for number in range(self.together.max() + 1)]
        return [rows for rows in found if rows.any()]

    def _part(self, rows: Bools) -> Draws:
        return replace(self.draws, cluster=self.draws.cluster[rows])
