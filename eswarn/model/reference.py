"""The reference cohort of an explanation: how often each pattern of each leaf occurs in it, never its rows."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eswarn.errors import ModelRefused, UsageError
from eswarn.model.layout import Layout
from eswarn.model.loops import loops
from eswarn.model.trees import Floats, Ints

LEAST = 10  # pupils behind any count that is kept


@dataclass(frozen=True, eq=False)
class Reference:
    """Counts of the patterns of each leaf in a cohort. What an explanation compares a pupil with.

    Attributes
    ----------
    rows : int
        Rows of the cohort.
    cohort : str
        SHA-256 of the table they were counted on.
    counts : array of int
        Rows with each pattern, leaf after leaf, 2 to the power of the features on its path each.
    least : int
        Counts below it were added to the most alike pattern of the same leaf; 1 where nothing was pooled.
    """

    rows: int
    cohort: str
    counts: Ints
    least: int = 1

    def pooled(self, layout: Layout, least: int = LEAST) -> Reference:
        """The same with each count under ``least`` added to the pattern of the leaf that differs in the fewest features.

        Of several such patterns the commonest takes it. Every count is then 0 or at least ``least``, and describes nobody.

        Raises
        ------
        UsageError
            The cohort has fewer rows than that.
        """
        if self.rows < least:
            raise UsageError(f"a reference needs {least} rows at least", do="Use the whole training cohort.")
        counts = self.counts.copy()
        loops.pool(layout.paths.size, layout.pattern_start, self.counts, least, counts)
        return Reference(self.rows, self.cohort, counts, least)

    def plain(self, layout: Layout) -> dict[str, Any]:
        """As plain values for a JSON file: of each leaf its patterns and their counts by turns, zeros left out."""
        start = layout.pattern_start
        some = [np.flatnonzero(self.counts[a:b]) for a, b in itertools.pairwise(start)]
        leaves = [np.stack([p, self.counts[a + p]], axis=1).ravel().tolist() for a, p in zip(start[:-1], some, strict=True)]
        return {"rows": self.rows, "cohort": self.cohort, "least": self.least, "patterns": leaves}

    @classmethod
    def from_plain(cls, told: Mapping[str, Any], layout: Layout) -> Reference:
        """Read what `plain` gave.

        Raises
        ------
        ModelRefused
            It is not of these trees, or its counts do not add up to the rows of the cohort.
        """
        start, counts = layout.pattern_start, np.zeros(layout.pattern_start[-1], np.int64)
        try:
            rows, cohort, least = int(told["rows"]), str(told["cohort"]), int(told["least"])
            leaves: Sequence[Sequence[int]] = told["patterns"]
            lengths = np.array([len(leaf) for leaf in leaves], np.int64)
            flat = np.fromiter(itertools.chain.from_iterable(leaves), np.int64).reshape(-1, 2)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise _not_ours() from None
        if len(leaves) != len(start) - 1 or (lengths % 2).any() or rows < 1:
            raise _not_ours()
        leaf = np.repeat(np.arange(len(leaves)), lengths // 2)
        inside = (flat[:, 0] >= 0) & (flat[:, 0] < (start[1:] - start[:-1])[leaf])
        if not inside.all() or (flat[:, 1] < max(least, 1)).any():
            raise _not_ours()
        counts[start[leaf] + flat[:, 0]] = flat[:, 1]
        if len(counts) and (np.add.reduceat(counts, start[:-1]) != rows).any():
            raise _not_ours()
        return cls(rows, cohort, counts, least)


def _not_ours() -> ModelRefused:
    return ModelRefused("the reference cohort is not that of these trees", do="Take the model from where it was trained again.")


def count_reference(layout: Layout, table: Floats) -> Reference:
    """Count the patterns of a cohort.

    Parameters
    ----------
    layout : Layout
        Of the trees.
    table : array of shape (rows, features)
        Missing is NaN.

    Raises
    ------
    UsageError
        There is no row.
    """
    if not len(table):
        raise UsageError("a reference needs rows", do="Give the table the model was trained on.")
    return Reference(len(table), cohort_of(table), layout.count(table))


def cohort_of(table: Floats) -> str:
    """SHA-256 of a table, under which a reference remembers the cohort it was counted on."""
    return hashlib.sha256(repr(table.shape).encode() + np.ascontiguousarray(table, "<f8").tobytes()).hexdigest()
