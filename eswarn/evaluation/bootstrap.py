"""How sure a figure is: schools are drawn anew with all their pupils, once, and every figure is worked out on those same draws.

A figure under draws is an array with one value for each row of `Draws.weights`: the data as they are, each draw, and, where
there are few clusters, the data without each of them in turn. Figures of the same draws may be subtracted: that is the pairing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from eswarn.errors import UsageError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Scale = Literal["share", "ratio", "difference"]
LEVEL = 0.95
CANNOT = "cannot tell"
MOST_LOG = 500.0  # what exp can take
LEAST_SCHOOLS = 8  # below this an interval is given, but nothing is claimed of it
LEFT_OUT_UP_TO = 20  # clusters up to which each is left out in turn
MOST_UNDEFINED = 0.05  # share of draws in which a figure may have no value
AT_ONCE = 256  # draws multiplied at a time


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, how far it may be off, and what may be claimed.

    Attributes
    ----------
    value : float
        On the data as they are.
    low, high : float
        95 % interval; NaN where there is none.
    told : str
        "" or "cannot tell".
    clusters : int
        Schools drawn; of one school its households or pupils.
    loo_low, loo_high : float
        Least and greatest value when one cluster is left out; NaN where there are more than 20.
    why : str
        What must be said beside it, in plain words; "" for nothing.
    """

    value: float
    low: float
    high: float
    told: str
    clusters: int
    loo_low: float = math.nan
    loo_high: float = math.nan
    why: str = ""

    def __str__(self) -> str:
        """The figure with its interval, and what must be said beside it."""
        if math.isnan(self.value):
            return "not defined" + (f"; {self.why}" if self.why else "")
        parts = [f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})" if not math.isnan(self.low) else f"{self.value:.3f} (no interval)"]
        if not math.isnan(self.loo_low):
            parts.append(f"{self.loo_low:.3f} to {self.loo_high:.3f} with one left out")
        parts.append(": ".join(filter(None, (self.told, self.why))))
        return "; ".join(filter(None, parts))

    def against(self, rule: str) -> str:
        """What this difference, ours less a rule's, shows: only an interval above 0 is "better than" the rule."""
        if self.told or math.isnan(self.low):
            return f"cannot tell from {rule}"
        if self.low > 0:
            return f"better than {rule}"
        return f"worse than {rule}" if self.high < 0 else f"not shown to beat {rule}"


@dataclass(frozen=True, slots=True)
class Draws:
    """Which clusters are drawn, and how often: the same for the model and for every rule.

    Attributes
    ----------
    cluster : array of int, shape (n,)
        Number of the cluster of each row.
    weights : array of int, shape (1 + draws + left out, clusters)
        How often each cluster counts: the data as they are, each draw, then without each cluster where there are 20 or fewer.
    n : int
        Draws.
    schools : bool
        Whether the clusters are schools; else they are the households or pupils of one school.
    """

    cluster: Ints
    weights: npt.NDArray[np.int16]
    n: int
    schools: bool

    @property
    def clusters(self) -> int:
        """How many there are."""
        return int(self.weights.shape[1])

    def sums(self, values: npt.NDArray[np.generic]) -> Floats:
        """Weighted sums of some values of each row: (n,) gives (weights,), and (n, m) gives (weights, m)."""
        from scipy import sparse

        rows = np.arange(len(self.cluster))
        by_cluster = sparse.csr_array((np.ones(len(rows)), (self.cluster, rows)), shape=(self.clusters, len(rows)))
        sums = by_cluster @ np.asarray(values, float)
        return np.concatenate([self.weights[i : i + AT_ONCE].astype(float) @ sums for i in range(0, len(self.weights), AT_ONCE)])

    def ratio(self, top: npt.NDArray[np.generic], bottom: npt.NDArray[np.generic]) -> Floats:
        """A ratio of sums, NaN where there is nothing to divide by; shapes as in `sums`.

        Recall at the lists as drawn up is ``ratio(listed * y, y)``, precision ``ratio(listed * y, listed)``, the false alarm rate
        ``ratio(listed * (1 - y), 1 - y)``, the Brier score ``ratio((risk - y) ** 2, ones)``, observed over expected
        ``ratio(y, risk)``. With one column a group, rows outside it being 0, all groups are worked out at once.
        """
        above, below = self.sums(top), self.sums(bottom)
        return np.asarray(np.divide(above, below, out=np.full(below.shape, np.nan), where=below != 0))

    def estimate(self, values: Floats, *, scale: Scale = "difference") -> Estimate:
        """The interval of a figure, or of a difference of two, from its values under these draws; for ``scale`` see `interval`."""
        value, drawn, without = values[0], values[1 : 1 + self.n], values[1 + self.n :]
        found = interval(float(value), drawn, self.clusters, scale=scale)
        without = without[np.isfinite(without)]
        few = self.schools and self.clusters < LEAST_SCHOOLS
        why = [found.why] if found.why else []
        if few:
            why.append(f"{self.clusters} schools, fewer than {LEAST_SCHOOLS}")
        if not self.schools:
            why.append("one school: this says nothing about other schools")
        low, high = (float(without.min()), float(without.max())) if len(without) else (math.nan, math.nan)
        told = CANNOT if few else found.told
        return Estimate(found.value, found.low, found.high, told, self.clusters, loo_low=low, loo_high=high, why="; ".join(why))


def draw(school: npt.ArrayLike, *, household: npt.ArrayLike | None = None, n: int = 2_000, seed: int = 1) -> Draws:
    """Draw schools with replacement, as many as there are, ``n`` times.

    Parameters
    ----------
    school : array of shape (rows,)
        Name or number of each row's school; the draws depend on the names, not on the order of the rows.
    household : array of shape (rows,), optional
        What is drawn instead where there is one school only: its households, or the pupils. Without it, each row by itself.
    n : int
        Draws.
    seed : int
        Of the draws.

    Raises
    ------
    UsageError
        There are no rows, or no draws are asked for.
    """
    names, cluster = np.unique(np.asarray(school), return_inverse=True)
    if not len(cluster) or n < 1:
        raise UsageError("there is nothing to draw from", do="Give one row at least, and one draw at least.")
    schools = len(names) > 1
    if not schools:
        of = np.arange(len(cluster)) if household is None else np.asarray(household)
        names, cluster = np.unique(of, return_inverse=True)
    size, random = len(names), np.random.default_rng(seed)
    left_out = size if 1 < size <= LEFT_OUT_UP_TO else 0
    weights = np.ones((1 + n + left_out, size), np.int16)
    for first in range(1, n + 1, AT_ONCE):
        weights[first : n + 1][:AT_ONCE] = random.multinomial(size, np.full(size, 1 / size), min(AT_ONCE, n + 1 - first))
    weights[1 + n :] -= np.eye(left_out, size, dtype=np.int16)
    return Draws(cluster.astype(np.int64), weights, n, schools)


def interval(estimate: float, drawn: Floats, clusters: int, *, scale: Scale = "difference") -> Estimate:
    """A t interval from the standard error over the draws, on a scale on which the figure errs evenly to both sides.

    The standard error is made larger by √(n / (n - 1)), and the t quantile has n - 1 degrees of freedom, n being the clusters: draws
    of few clusters vary too little. Source: Hesterberg 2015, What teachers should know about the bootstrap, The American Statistician
    69. Percentile intervals, plain or expanded for few clusters as given there, held the truth too seldom: docs/figures.md.

    Parameters
    ----------
    estimate : float
        The figure on the data as they are.
    drawn : array of float
        The figure in each draw. Where it has no value (NaN, inf), the draw is dropped; above 5 % of them nothing can be told.
    clusters : int
        Clusters drawn from.
    scale : {"share", "ratio", "difference"}
        Log-odds for what lies between 0 and 1, the logarithm for what is above 0 and right at 1, and the figure itself for the rest.
    """
    from scipy import stats

    defined = drawn[np.isfinite(drawn)]
    lost = len(drawn) - len(defined)
    why = f"no value in {lost} of {len(drawn)} draws" if lost else ""
    if clusters < 2 or len(defined) < 2 or not math.isfinite(estimate):
        return Estimate(estimate, math.nan, math.nan, CANNOT, clusters, why=why or "nothing to draw from")
    wide = math.sqrt(clusters / (clusters - 1)) * float(stats.t.ppf((1 + LEVEL) / 2, clusters - 1)) * float(defined.std(ddof=1))
    low, high = _around(estimate, wide, scale)
    if not wide:
        why = why or "the same in every draw"
    return Estimate(estimate, low, high, CANNOT if lost > MOST_UNDEFINED * len(drawn) or not wide else "", clusters, why=why)


def _around(value: float, wide: float, scale: Scale) -> tuple[float, float]:
    """The ends of an interval so wide, on the scale of the figure; at the end of a share's scale as it is, kept to 0 and 1."""
    if scale == "ratio" and value > 0:
        return value * math.exp(-wide / value), value * math.exp(min(wide / value, MOST_LOG))
    if scale == "share" and 0 < value < 1:
        centre, room = math.log(value / (1 - value)), wide / (value * (1 - value))
        low, high = (1 / (1 + math.exp(min(max(-end, -MOST_LOG), MOST_LOG))) for end in (centre - room, centre + room))
        return low, high
    low, high = value - wide, value + wide
    return (max(low, 0.0), min(high, 1.0)) if scale == "share" else (low, high)
