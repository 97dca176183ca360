"""Trees made ready to be explained: laid out once, then counted on a reference cohort and filled with values."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from eswarn.model import patterns
from eswarn.model.plan import groups_of, paths_of, planes_of
from eswarn.model.trees import MAX_DEPTH, Floats, Ints, Trees
from eswarn.parallel import blocks, each, threads

BUDGET = 256 * 1024 * 1024  # bytes of all tables
BLOCK = 2_048  # rows whose bins and sums stay in the cache
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
        Bytes that the tables may take.

    Raises
    ------
    ModelRefused
        They do not fit, or a feature has too many thresholds.
    """

    def __init__(self, trees: Trees, *, budget: int = BUDGET) -> None:
        self.trees = trees
        self.planes = planes_of(trees)
        self.paths = paths_of(trees)
        self.groups = groups_of(trees, self.planes, self.paths, budget=budget)
        self.pattern_start: Ints = np.append(0, np.cumsum(1 << self.paths.size))

    def count(self, table: Floats) -> Ints:
        """Rows of a table with each pattern of each leaf."""
        groups, start = self.groups, np.append(0, np.cumsum(self.groups.cells))

        def of_part(rows: slice) -> Ints:
            found = np.zeros(int(start[-1]), np.int64)
            for some in blocks(rows.stop - rows.start, BLOCK):
                at = slice(rows.start + some.start, rows.start + some.stop)
                bins, n = self.planes.bins(table[at]), at.stop - at.start
                patterns.count(
                    bins, 0, n, groups.decision_start, groups.plane, groups.cut, groups.stride, groups.cells, start,
                    np.empty(n, np.uint16), found,
                )  # fmt: skip
            return found

        parts = each(of_part, blocks(len(table), max(-(-len(table) // threads()), BLOCK)))
        counts = np.zeros(self.pattern_start[-1], np.int64)
        if len(groups.cells):
            patterns.count_patterns(
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

    def tables(self, counts: Ints | None, rows: int) -> Floats:
        """The tables of all groups: interventional against these counts, or path-dependent where there are none."""
        groups, out = self.groups, np.zeros(int(self.groups.table_start[-1]))
        nothing = np.zeros(0, np.int64)

        def of_groups(some: slice) -> None:
            for g in range(some.start, some.stop):
                patterns.fill(
                    g, counts is not None, groups.cells, groups.table_start, groups.feature_start, groups.leaf_start, groups.leaf,
                    groups.leaf_column, groups.condition_start, groups.condition, self.paths.size, self.trees.value,
                    self.pattern_start, nothing if counts is None else counts, float(rows), self.shares, ALONE, out,
                )  # fmt: skip

        each(of_groups, blocks(len(groups.cells), max(len(groups.cells) // (4 * threads()), 1)))
        return out

    def sums(self, tables: Floats, table: Floats) -> tuple[Floats, Floats]:
        """Values, shape (rows, features), and raw scores without what trees of one leaf add."""
        groups, features = self.groups, self.trees.features
        values, raw = np.empty((len(table), features)), np.empty(len(table))

        def of_block(rows: slice) -> None:
            bins, n = self.planes.bins(table[rows]), rows.stop - rows.start
            out = np.zeros((features + 1, n))
            patterns.explain(
                bins, 0, n, groups.decision_start, groups.plane, groups.cut, groups.stride, groups.feature_start, groups.feature,
                groups.cells, groups.table_start, tables, np.empty(n, np.uint16), out,
            )  # fmt: skip
            values[rows], raw[rows] = out[:features].T, out[features]

        each(of_block, blocks(len(table), BLOCK))
        return values, raw
