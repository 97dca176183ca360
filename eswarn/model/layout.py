"""Trees made ready to be explained: laid out once, then counted on a reference cohort and filled with values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from functools import cached_property, partial

import numpy as np

from eswarn.model.loops import loops
from eswarn.model.plan import groups_of, paths_of, planes_of
from eswarn.model.trees import MAX_DEPTH, Floats, Ints, Trees
from eswarn.parallel import blocks, each, threads

BUDGET = 256 * 1024 * 1024  # bytes of all tables
BLOCK = 4_096  # rows whose bins and sums stay in the cache
# (a-1)! n! / (a+n)! for a features that only one side meets and n that only the other does
ALONE = np.array([[math.factorial(max(a - 1, 0)) * math.factorial(n) / math.factorial(a + n) for n in range(MAX_DEPTH + 1)]
                  for a in range(MAX_DEPTH + 1)])  # fmt: skip


class Layout:
    """Trees, the bins of their features, the paths to their leaves, and the groups that share a table.

    Parameters
    ----------
    trees : Trees
        From `read_trees`.
    budget : int
        Bytes that tables may take at any one time.

    Attributes
    ----------
    parts : list of slice
        Groups whose tables fit the budget together; where there are several they are filled anew each time they are needed. How
        many there are changes no value.

    Raises
    ------
    ModelRefused
        A feature has too many thresholds.
    """

    def __init__(self, trees: Trees, *, budget: int = BUDGET) -> None:
        self.trees = trees
        self.planes = planes_of(trees)
        self.paths = paths_of(trees)
        self.groups = groups_of(trees, self.planes, self.paths)
        self.pattern_start: Ints = np.append(0, np.cumsum(1 << self.paths.size))
        self.parts = list(_parts(self.groups.table_start * 8, budget))

    def with_values(self, value: Floats) -> Layout:
        """The same trees with other values in their leaves; nothing else is laid out again."""
        other = copy(self)
        other.trees = replace(self.trees, value=value)
        return other

    def count(self, table: Floats) -> Ints:
        """Rows of a table with each pattern of each leaf."""
        groups, start = self.groups, np.append(0, np.cumsum(self.groups.cells))

        def of_part(rows: slice) -> Ints:
            found = np.zeros(int(start[-1]), np.int64)
            for some in blocks(rows.stop - rows.start, BLOCK):
                at = slice(rows.start + some.start, rows.start + some.stop)
                loops.count(
                    self.planes.bins(table[at]), groups.decision_start, groups.plane, groups.cut, groups.stride, groups.cells, start, found
                )
            return found

        parts = each(of_part, blocks(len(table), max(-(-len(table) // threads()), BLOCK)))
        counts = np.zeros(self.pattern_start[-1], np.int64)
        if len(groups.cells):
            loops.count_patterns(
                groups.cells, start, sum(parts), groups.leaf_start, groups.leaf, groups.condition_start, groups.condition,
                self.paths.size, self.pattern_start, counts,
            )  # fmt: skip
        counts[self.pattern_start[:-1][self.paths.size == 0]] = len(table)  # a tree of one leaf
        return counts

    @cached_property
    def shares(self) -> Floats:
        """Of each leaf and feature on its path, the share of training rows that went on towards the leaf, shape (leaves, 8)."""
        trees, paths = self.trees, self.paths
        every = np.append(trees.count, trees.leaf_count)
        out = np.ones((len(trees.value), MAX_DEPTH))
        child = len(trees.count) + np.arange(len(trees.value))
        for level in range(MAX_DEPTH):
            node = paths.node[:, level]
            here = np.flatnonzero(node >= 0)
            part = every[child[here]] / np.maximum(every[node[here]], 1)
            np.multiply.at(out, (here, paths.place[here, level]), part)
            child = np.where(node >= 0, node, child)
        return out

    def tables(self, part: slice, counts: Ints | None, rows: int) -> Floats:
        """The tables of some groups: interventional against these counts, or path-dependent where there are none."""
        groups, nothing = self.groups, np.zeros(0, np.int64)
        shares = self.shares if counts is None else np.zeros((0, MAX_DEPTH))
        out = np.zeros(int(groups.table_start[part.stop] - groups.table_start[part.start]))

        def of_groups(some: slice) -> None:
            for g in range(part.start + some.start, part.start + some.stop):
                loops.fill(
                    g, part.start, counts is not None, groups.cells, groups.table_start, groups.leaf_start, groups.leaf,
                    groups.leaf_column, groups.condition_start, groups.condition, self.paths.size, self.trees.value,
                    self.pattern_start, nothing if counts is None else counts, float(rows), shares, ALONE, out,
                )  # fmt: skip

        n = part.stop - part.start
        each(of_groups, blocks(n, max(n // (4 * threads()), 1)))
        return out

    def sums(self, table: Floats, tables: Callable[[slice], Floats]) -> tuple[Floats, Floats]:
        """Values, shape (rows, features), and raw scores without what trees of one leaf add; ``tables`` gives those of a part."""
        groups, features = self.groups, self.trees.features
        values, raw = np.zeros((len(table), features)), np.zeros(len(table))
        sums: dict[int, Floats] = {}  # of each block of rows, as long as parts are to come

        def add(rows: slice, part: slice, some: Floats) -> None:
            out = sums.pop(rows.start) if part.start else np.zeros((features + 1, rows.stop - rows.start))
            loops.explain(
                self.planes.bins(table[rows]), part.start, part.stop, groups.decision_start, groups.plane, groups.cut, groups.stride,
                groups.feature_start, groups.feature, groups.cells, groups.table_start, some, out,
            )  # fmt: skip
            if part.stop < len(groups.cells):
                sums[rows.start] = out
            else:
                values[rows], raw[rows] = out[:features].T, out[features]

        for part in self.parts:
            some = tables(part)
            each(partial(add, part=part, some=some), blocks(len(table), BLOCK))
        return values, raw


def _parts(ends: Ints, budget: int) -> Iterator[slice]:
    """Slices of groups whose bytes, summed up in ``ends``, are within the budget; one group at least."""
    start = 0
    while start < len(ends) - 1:
        stop = max(int(np.searchsorted(ends, ends[start] + budget, side="right")) - 1, start + 1)
        yield slice(start, stop)
        start = stop
