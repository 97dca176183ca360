"""Shapley values over all coalitions, in plain Python from the definition: what the fast code is judged by, sharing none of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

NEARLY_ZERO = 1.0000000180025095e-35  # LightGBM 4.7 takes it for 0, and 0 for missing where the text says so


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a tree says of the rows that come here, how many training rows came, and the leaf's number in the text of its tree."""

    value: float
    count: int
    number: int


@dataclass(frozen=True, slots=True)
class Node:
    """A decision: at most the threshold goes left; ``missing`` is 0 (as zero), 1 (zero is missing) or 2 (NaN is missing)."""

    feature: int
    threshold: float
    missing: int
    missing_left: bool
    left: Tree
    right: Tree
    count: int

    def goes_left(self, row: Sequence[float]) -> bool:
        """Whether a row goes left."""
        x = row[self.feature]
        if abs(x) <= NEARLY_ZERO or (math.isnan(x) and self.missing != 2):
            x = 0.0
        if math.isnan(x) or (self.missing == 1 and x == 0):
            return self.missing_left
        return x <= self.threshold


Tree = Node | Leaf
Step = tuple[Node, bool]  # a decision, and whether the way goes left


def read_forest(text: str) -> list[Tree]:
    """The trees of a LightGBM model text."""
    return [_read_tree(block) for block in text.split("\nend of trees")[0].split("\nTree=")[1:]]


def _read_tree(block: str) -> Tree:
    told = {name: values.split() for name, _, values in (line.partition("=") for line in block.split("\n"))}

    def child(number: int) -> Tree:
        if number < 0:
            return Leaf(float(told["leaf_value"][~number]), int(told.get("leaf_count", ["0"])[~number]), ~number)
        kind = int(told["decision_type"][number])
        return Node(
            int(told["split_feature"][number]), float(told["threshold"][number]), kind // 4, kind // 2 % 2 == 1,
            child(int(told["left_child"][number])), child(int(told["right_child"][number])), int(told["internal_count"][number]),
        )  # fmt: skip

    return child(0 if int(told["num_leaves"][0]) > 1 else -1)


def ways(tree: Tree, above: tuple[Step, ...] = ()) -> Iterator[tuple[Leaf, tuple[Step, ...]]]:
    """Each leaf with the decisions above it, the left ones first."""
    if isinstance(tree, Leaf):
        yield tree, above
    else:
        yield from ways(tree.left, (*above, (tree, True)))
        yield from ways(tree.right, (*above, (tree, False)))


def raw_score(forest: Sequence[Tree], row: Sequence[float]) -> float:
    """Sum of the leaves a row comes to, in log-odds."""
    reached = []
    for tree in forest:
        while isinstance(tree, Node):
            tree = tree.left if tree.goes_left(row) else tree.right
        reached.append(tree.value)
    return math.fsum(reached)


def by_training_counts(tree: Tree, row: Sequence[float], known: int) -> float:
    """What a tree says of a row of which the features in the bit mask are known: other decisions are averaged by training rows."""
    if isinstance(tree, Leaf):
        return tree.value
    if known >> tree.feature & 1:
        return by_training_counts(tree.left if tree.goes_left(row) else tree.right, row, known)
    left, right = (by_training_counts(side, row, known) for side in (tree.left, tree.right))
    return (tree.left.count * left + tree.right.count * right) / tree.count


def shapley(players: int, worth: Callable[[int], float], *, inside: int = -1) -> list[float]:
    """Shapley values of a game from their definition: every coalition, for those in it and against those outside.

    Parameters
    ----------
    players : int
        Their number, n.
    worth : callable
        Bit mask of a coalition to its worth.
    inside : int
        Bit mask of those without whom alone a coalition is worth something; others need not be looked at.
    """
    terms: list[list[float]] = [[] for _ in range(players)]
    for coalition in range(1 << players):
        if coalition & ~inside or not (here := worth(coalition)):
            continue
        size = coalition.bit_count()
        for player in range(players):
            if coalition >> player & 1:
                terms[player].append(here * _weight(size - 1, players))
            else:
                terms[player].append(-here * _weight(size, players))
    return [math.fsum(some) for some in terms]


def _weight(before: int, players: int) -> float:
    """Share of the orders in which exactly these come before a player."""
    return math.factorial(before) * math.factorial(players - before - 1) / math.factorial(players)


def by_leaves(
    forest: Sequence[Tree], table: Sequence[Sequence[float]], patterns: Sequence[Sequence[int]] | None = None
) -> list[list[float]]:
    """Values of each row, leaf by leaf: a leaf is a game of the features above it, worth its value where all are met.

    Parameters
    ----------
    forest : sequence of Tree
        From `read_forest`.
    table : sequence of rows
        Rows to explain.
    patterns : sequence of sequence of int, optional
        As ``reference.json`` keeps a cohort: for each leaf, in the order of the text, patterns and counts by turns; bit j of a
        pattern is 1 where the j-th feature above the leaf, in ascending order, is met. None: path-dependent values.
    """
    terms: list[list[list[float]]] = [[[] for _ in row] for row in table]
    first = 0
    for tree in forest:
        found = list(ways(tree))
        for leaf, steps in found:
            features = sorted({node.feature for node, _ in steps})
            share = _training_share(leaf, steps, features) if patterns is None else _cohort_share(patterns[first + leaf.number])
            known: dict[int, list[float]] = {}
            for row, so_far in zip(table, terms, strict=True):
                met = sum(1 << j for j, f in enumerate(features) if all(n.goes_left(row) == left for n, left in steps if n.feature == f))
                if met not in known:
                    full = (1 << len(features)) - 1
                    known[met] = shapley(len(features), lambda c, v=leaf.value, f=full, s=share: v * s(f & ~c), inside=met)  # type: ignore[misc]
                for feature, value in zip(features, known[met], strict=True):
                    so_far[feature].append(value)
        first += len(found)
    return [[math.fsum(some) for some in row] for row in terms]


def _cohort_share(counts: Sequence[int]) -> Callable[[int], float]:
    """Bit mask of features to the share of the cohort that meets them all."""
    pairs, rows = list(zip(counts[::2], counts[1::2], strict=True)), sum(counts[1::2])
    return lambda mask: sum(count for pattern, count in pairs if pattern & mask == mask) / rows


def _training_share(leaf: Leaf, steps: Sequence[Step], features: Sequence[int]) -> Callable[[int], float]:
    """Bit mask of features to the share of training rows that went on towards the leaf where these were asked."""
    shares = [1.0] * len(features)
    below = [*(node.count for node, _ in steps[1:]), leaf.count]
    for (node, _), count in zip(steps, below, strict=True):
        shares[features.index(node.feature)] *= count / node.count
    return lambda mask: math.prod(share for j, share in enumerate(shares) if mask >> j & 1)


def path_dependent(forest: Sequence[Tree], row: Sequence[float]) -> list[float]:
    """Values of one row by the trees' own training counts."""
    return shapley(len(row), lambda known: math.fsum(by_training_counts(tree, row, known) for tree in forest))


def interventional(forest: Sequence[Tree], row: Sequence[float], cohort: Sequence[Sequence[float]]) -> list[float]:
    """Values of one row against the rows of a cohort: what is not known is taken from each of them in turn."""

    def worth(known: int) -> float:
        mixed = ([x if known >> j & 1 else b for j, (x, b) in enumerate(zip(row, other, strict=True))] for other in cohort)
        return math.fsum(raw_score(forest, both) for both in mixed) / len(cohort)

    return shapley(len(row), worth)
