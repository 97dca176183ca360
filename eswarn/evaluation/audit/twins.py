"""A copy of a model in which a second column plays the same part as one of its features: for the test that twins get the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eswarn.evaluation.audit.oracle import Leaf, Node, Tree, ways
from eswarn.model.trees import MAX_DEPTH, Trees

MOST = 30  # trees


@dataclass(frozen=True, slots=True)
class Twins:
    """Trees with twins: the feature, and a last column that is to hold the same."""

    trees: Trees
    feature: int


def with_twin(forest: Sequence[Tree], feature: int, like: Trees) -> Twins | None:
    """The trees that ask a feature, up to thirty, each decision on it asked of its twin as well; None where all would be too deep.

    "At most t" becomes "at most t, and the twin at most t": what was on the right is there twice.
    """
    made = [_asked_twice(tree, feature, like.features) for tree in forest]
    fit = [new for tree, new in zip(forest, made, strict=True) if new != tree and max(len(steps) for _, steps in ways(new)) <= MAX_DEPTH]
    return Twins(_trees(fit[:MOST], like), feature) if fit else None


def _asked_twice(tree: Tree, feature: int, twin: int) -> Tree:
    if isinstance(tree, Leaf):
        return tree
    left, right = _asked_twice(tree.left, feature, twin), _asked_twice(tree.right, feature, twin)
    if tree.feature == feature:
        left = replace(tree, feature=twin, left=left, right=right, count=left.count + right.count)
    return replace(tree, left=left, right=right, count=left.count + right.count)


def _trees(forest: Sequence[Tree], like: Trees) -> Trees:
    """The same as flat arrays, with one more feature than the trees they came from."""
    nodes: list[Node] = []
    leaves: list[Leaf] = []
    children: list[list[int]] = []
    starts = [(0, 0)]

    def place(part: Tree) -> int:
        if isinstance(part, Leaf):
            leaves.append(part)
            return -len(leaves)
        at = len(nodes)
        nodes.append(part)
        children.append([])
        children[at] = [place(part.left), place(part.right)]
        return at

    for tree in forest:
        place(tree)
        starts.append((len(nodes), len(leaves)))
    below, start = np.array(children), np.array(starts)
    return replace(
        like, features=like.features + 1, names=(*like.names, "twin"), feature=np.array([n.feature for n in nodes]),
        threshold=np.array([n.threshold for n in nodes]), missing=np.array([n.missing for n in nodes]),
        default_left=np.array([n.missing_left for n in nodes]), left=below[:, 0], right=below[:, 1],
        count=np.array([n.count for n in nodes]), value=np.array([leaf.value for leaf in leaves]),
        leaf_count=np.array([leaf.count for leaf in leaves]), node_start=start[:, 0], leaf_start=start[:, 1],
    )  # fmt: skip
