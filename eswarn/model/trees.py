"""Read the trees of a LightGBM model text, strictly, and write them again: what is no plain binary model within bounds is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eswarn.errors import ModelRefused

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MAX_DEPTH = 8  # exact interventional values cost 3^depth once for each leaf
MOST_CUTS = 254  # distinct thresholds of a feature: its bins are to fit a byte
LARGEST = 32 * 1024 * 1024  # characters of a model text: four times 1,000 trees of 63 leaves
MOST_TREES = 10_000
MOST_LEAVES = 100_000  # of all trees: it takes seconds to lay out as many
MOST_FEATURES = 2**16
MOST_LINES = 64  # of the head, and of a tree: LightGBM 4.7 writes 11 and 18
LARGEST_COUNT = 2**31 - 1  # LightGBM counts rows in 32 bits
LARGEST_SCORE = 1e6  # log-odds; beyond it a sum of doubles is no longer good to 1e-9
ZERO = 1.0000000180025095e-35  # LightGBM 4.7 takes what is no further than this from 0 for 0 (kZeroThreshold: 1e-35 as a float)
NONE, ZERO_IS_MISSING, NAN_IS_MISSING = range(3)  # its three ways to read a missing value
_NUMBERS = re.compile(r"[0-9einf.+\- ]*")
_WHOLE = re.compile(r"-?[0-9]{1,15}(?: -?[0-9]{1,15})*")
_LONGEST = 32  # characters of a number and the space behind it
_OBJECTIVE = re.compile(r"binary sigmoid:([0-9]{1,9}(?:\.[0-9]{1,20})?(?:e[+-]?[0-9]{1,2})?)")
_DO = "Train it as a binary model: numeric features only, max_depth 8 at most, no linear trees, no averaging."


@dataclass(frozen=True, slots=True)
class Trees:
    """Trees as flat arrays, all trees one after the other.

    Attributes
    ----------
    features : int
        Columns of the table the trees read.
    names : tuple of str
        Their names in the text.
    sigmoid : float
        By which the objective of the text multiplies a raw score before it makes a chance of it.
    feature, threshold, missing, default_left, left, right, count : array of shape (nodes,)
        Of each decision: column, threshold (at most it: left), how missing values are read, where they go, the children
        (a node, or ``~leaf``), and training rows that came by.
    value, leaf_count : array of shape (leaves,)
        Of each leaf: what it adds to the raw score in log-odds, and training rows in it.
    node_start, leaf_start : array of shape (trees + 1,)
        Where the nodes and leaves of each tree begin.
    """

    features: int
    names: tuple[str, ...]
    sigmoid: float
    feature: Ints
    threshold: Floats
    missing: Ints
    default_left: npt.NDArray[np.bool_]
    left: Ints
    right: Ints
    count: Ints
    value: Floats
    leaf_count: Ints
    node_start: Ints
    leaf_start: Ints

    def __len__(self) -> int:
        return len(self.leaf_start) - 1

    def text(self) -> str:
        """Write a model text for LightGBM with what prediction and its own values need, and nothing else; features go by position.

        LightGBM predicts from it, bit for bit, what it predicts from the text that was read.
        """
        trees = [self._tree_text(number) for number in range(len(self))]
        head = {
            "version": "v4", "num_class": 1, "num_tree_per_iteration": 1, "label_index": 0, "max_feature_idx": self.features - 1,
            "objective": f"binary sigmoid:{self.sigmoid!r}", "feature_names": " ".join(f"x{i}" for i in range(self.features)),
            "feature_infos": " ".join(["none"] * self.features), "tree_sizes": " ".join(str(len(tree)) for tree in trees),
        }  # fmt: skip
        return "".join(["tree\n", *(f"{name}={value}\n" for name, value in head.items()), "\n", *trees, "end of trees\n"])

    def _tree_text(self, number: int) -> str:
        nodes = slice(int(self.node_start[number]), int(self.node_start[number + 1]))
        leaves = slice(int(self.leaf_start[number]), int(self.leaf_start[number + 1]))
        left, right = (np.where(c >= 0, c - nodes.start, c + leaves.start) for c in (self.left[nodes], self.right[nodes]))
        told = {
            "split_feature": self.feature[nodes], "threshold": self.threshold[nodes],
            "decision_type": self.missing[nodes] * 4 + self.default_left[nodes] * 2, "left_child": left, "right_child": right,
            "leaf_value": self.value[leaves], "leaf_count": self.leaf_count[leaves], "internal_count": self.count[nodes],
        }  # fmt: skip
        lines = "".join(f"{name}={' '.join(map(repr, values.tolist()))}\n" for name, values in told.items())
        return f"Tree={number}\nnum_leaves={leaves.stop - leaves.start}\nnum_cat=0\n{lines}is_linear=0\nshrinkage=1\n\n\n"

    def paths(self) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Of each leaf the nodes above it, from the nearest up, and whether the way went left; shape (leaves, 8), -1 for none."""
        parent, is_left = self._parents()
        nodes = np.full((len(self.value), MAX_DEPTH), -1)
        lefts = np.zeros(nodes.shape, bool)
        at = len(self.feature) + np.arange(len(self.value))
        for level in range(MAX_DEPTH):
            up = at >= 0
            nodes[up, level], lefts[up, level] = parent[at[up]], is_left[at[up]]
            at = np.where(up, parent[at], -1)
        return nodes, lefts

    def _parents(self) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """The node above each node and then each leaf, -1 for none; and whether it is its left child."""
        nodes = len(self.feature)
        parent, is_left = np.full(nodes + len(self.value), -1), np.zeros(nodes + len(self.value), bool)
        for children, left in ((self.left, True), (self.right, False)):
            at = np.where(children >= 0, children, nodes + ~children)
            parent[at], is_left[at] = np.arange(nodes), left
        return parent, is_left


def read_trees(text: str) -> Trees:
    """Read a model text as LightGBM 4 writes it.

    Parameters
    ----------
    text : str
        From ``Booster.model_to_string()``.

    Raises
    ------
    ModelRefused
        Damaged, or out of bounds: categorical features, linear trees, more than one class, averaged trees, a tree deeper than 8.
    """
    if len(text) > LARGEST or text.count("\nTree=") > MOST_TREES:
        raise _out_of_bounds(f"its text is larger than {LARGEST // 2**20} MB, or has more than {MOST_TREES:,} trees")
    body, end, _ = text.partition("\nend of trees\n")
    head, *blocks = body.split("\nTree=")
    if not text.startswith("tree\n") or not end or not blocks:
        raise ModelRefused("this is not the text of a LightGBM model", do="Give what Booster.model_to_string() gave.")
    told = _lines(head)
    if "average_output" in head.split("\n"):
        raise _out_of_bounds("its trees are averaged (random forest)")
    for name in ("num_class", "num_tree_per_iteration"):
        if told.get(name) != "1":
            raise _out_of_bounds("it has more than one class")
    objective = _OBJECTIVE.fullmatch(told.get("objective", ""))
    if not objective or not float(objective[1]) > 0:
        raise _out_of_bounds("its objective is not binary")
    names = _names(told)
    if not np.array_equal(_ints(told, "tree_sizes", len(blocks)), [len(f"Tree={block}\n") for block in blocks]):
        raise _damaged("its trees do not have the lengths it gives")
    trees, leaves = [], 0
    for number, block in enumerate(blocks):
        trees.append(_tree(block, number, len(names)))
        leaves += len(trees[-1].value)
        if leaves > MOST_LEAVES:
            raise _out_of_bounds(f"it has more than {MOST_LEAVES:,} leaves")
    return _joined(trees, names, float(objective[1]))


def _names(told: Mapping[str, str]) -> tuple[str, ...]:
    text = told.get("feature_names", "")
    features = text.count(" ") + 1
    if features > MOST_FEATURES:
        raise _out_of_bounds(f"it has more than {MOST_FEATURES:,} features")
    names = tuple(text.split(" "))
    if told.get("max_feature_idx") != str(features - 1) or "" in names or len(set(names)) < features:
        raise _damaged("it does not have as many feature names as features")
    return names


@dataclass(frozen=True, slots=True)
class _Tree:
    whole: Mapping[str, Ints]
    threshold: Floats
    value: Floats


def _tree(block: str, number: int, features: int) -> _Tree:
    told = _lines(block.partition("\n")[2])
    if block.partition("\n")[0] != str(number) or _ints(told, "num_leaves", 1)[0] < 1:
        raise _damaged(f"tree {number} is not where it should be")
    if _ints(told, "num_cat", 1)[0] != 0:
        raise _out_of_bounds("it has a categorical feature")
    if _ints(told, "is_linear", 1)[0] != 0:
        raise _out_of_bounds("its leaves are linear")
    leaves = int(_ints(told, "num_leaves", 1)[0])
    nodes = leaves - 1
    if leaves > 2**MAX_DEPTH:
        raise _out_of_bounds(f"tree {number} is deeper than {MAX_DEPTH}")
    names = ("split_feature", "decision_type", "left_child", "right_child", "internal_count")
    whole = {name: _ints(told, name, nodes) for name in names}
    # a tree of one leaf may come without its count
    whole["leaf_count"] = _ints(told, "leaf_count", leaves) if nodes or "leaf_count" in told else np.zeros(1, np.int64)
    tree = _Tree(whole, _floats(told, "threshold", nodes), _floats(told, "leaf_value", leaves))
    if (whole["decision_type"] & 1).any():
        raise _out_of_bounds("it has a categorical feature")
    sound = (
        ((whole["split_feature"] >= 0) & (whole["split_feature"] < features)).all()
        and ((whole["decision_type"] >= 0) & (whole["decision_type"] < 12)).all()
        and (whole["internal_count"] >= 0).all() and (whole["leaf_count"] >= 0).all()
    )  # fmt: skip
    children = np.concatenate([whole["left_child"], whole["right_child"]])
    everything = np.concatenate([np.arange(1, nodes), -np.arange(1, leaves + 1)]) if nodes else np.zeros(0, np.int64)
    if not sound or not np.array_equal(np.sort(children), np.sort(everything)):
        raise _damaged(f"the nodes of tree {number} do not make a tree")
    _refuse_depth(whole, nodes, number)
    return tree


def _refuse_depth(whole: Mapping[str, Ints], nodes: int, number: int) -> None:
    """Follow every node down from the root: what is not reached within the depth is too deep, or goes round in a circle."""
    level, seen = np.zeros(min(nodes, 1), np.int64), 0
    for _ in range(MAX_DEPTH):
        seen += len(level)
        below = np.concatenate([whole["left_child"][level], whole["right_child"][level]])
        level = below[below >= 0]
    if len(level):
        raise _out_of_bounds(f"tree {number} is deeper than {MAX_DEPTH}")
    if seen != nodes:
        raise _damaged(f"the nodes of tree {number} do not make a tree")


def _joined(trees: list[_Tree], names: tuple[str, ...], sigmoid: float) -> Trees:
    node_start = np.cumsum([0, *(len(t.threshold) for t in trees)])
    leaf_start = np.cumsum([0, *(len(t.value) for t in trees)])

    def whole(name: str) -> Ints:
        return np.concatenate([t.whole[name] for t in trees])

    def children(name: str) -> Ints:
        parts = (t.whole[name] for t in trees)
        return np.concatenate(
            [np.where(c >= 0, c + n, c - m) for c, n, m in zip(parts, node_start[:-1], leaf_start[:-1], strict=True)]
        ).astype(np.int64)  # fmt: skip

    value, decision = np.concatenate([t.value for t in trees]), whole("decision_type")
    farthest = np.maximum.reduceat(np.abs(value), leaf_start[:-1])
    if np.minimum(farthest, 2 * LARGEST_SCORE).sum() > LARGEST_SCORE:
        raise _out_of_bounds(f"its scores can pass {LARGEST_SCORE:,.0f} log-odds")
    return Trees(
        len(names), names, sigmoid, whole("split_feature"), np.concatenate([t.threshold for t in trees]), decision >> 2, (decision & 2) > 0,
        children("left_child"), children("right_child"), whole("internal_count"), value,
        whole("leaf_count"), node_start, leaf_start,
    )  # fmt: skip


def _lines(text: str) -> dict[str, str]:
    """What stands after each name; a name that comes twice is damage."""
    if text.count("\n") > MOST_LINES:
        raise _damaged("it has too many lines")
    pairs = [line.partition("=") for line in text.split("\n") if "=" in line]
    told = {name: value for name, _, value in pairs}
    if len(told) != len(pairs):
        raise _damaged("a line comes twice")
    return told


def _words(told: Mapping[str, str], name: str, n: int) -> list[str]:
    """The n words of a line, counted before they are made."""
    text = told.get(name, "")
    if len(text) > n * _LONGEST or (text.count(" ") + 1 if text else 0) != n:
        raise _damaged(f"{name} is too long or too short")
    return text.split(" ") if n else []


def _ints(told: Mapping[str, str], name: str, n: int) -> Ints:
    words = _words(told, name, n)
    if n and not _WHOLE.fullmatch(told[name]):
        raise _damaged(f"{name} is not a list of whole numbers")
    found = np.array(words, np.int64)
    if (np.abs(found) > LARGEST_COUNT).any():
        raise _damaged(f"{name} holds a number that is too large")
    return found


def _floats(told: Mapping[str, str], name: str, n: int) -> Floats:
    words = _words(told, name, n)
    try:
        found = np.array([float(word) for word in words] if _NUMBERS.fullmatch(told.get(name, "")) else [], np.float64)
    except ValueError:
        found = np.zeros(0)
    # LightGBM 4.7 splits missing from given values at infinity, which it spells inf: 1e400 is damage
    infinite = int(np.isinf(found).sum())
    if len(found) != n or infinite != told.get(name, "").count("inf") or (infinite and name == "leaf_value"):
        raise _damaged(f"{name} is not a list of numbers")
    return found


def _damaged(what: str) -> ModelRefused:
    return ModelRefused(f"the model text is damaged: {what}", do="Take the model from where it was trained again.")


def _out_of_bounds(what: str) -> ModelRefused:
    return ModelRefused(f"exact explanations are not for this model: {what}", do=_DO)
