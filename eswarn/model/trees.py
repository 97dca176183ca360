"""Read the trees of a LightGBM model text, strictly: what is not a plain binary model of numbers within our bounds is refused."""

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
LARGEST = 256 * 1024 * 1024  # characters of a model text
ZERO = 1e-35  # LightGBM 4.7 takes what is no further than this from 0 for 0, where zero means missing (kZeroThreshold)
NONE, ZERO_IS_MISSING, NAN_IS_MISSING = range(3)  # its three ways to read a missing value
_NUMBERS = re.compile(r"[0-9einf.+\- ]*")
_WHOLE = re.compile(r"-?[0-9]{1,15}(?: -?[0-9]{1,15})*")
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
    if len(text) > LARGEST:
        raise ModelRefused("the model text is too large", do="256 MB is the most.")
    head, *blocks = text.partition("\nend of trees")[0].split("\nTree=")
    told = _lines(head)
    if not text.startswith("tree\n") or "\nend of trees" not in text or not blocks:
        raise ModelRefused("this is not the text of a LightGBM model", do="Give what Booster.model_to_string() gave.")
    if "average_output" in head.split("\n"):
        raise _out_of_bounds("its trees are averaged (random forest)")
    for name in ("num_class", "num_tree_per_iteration"):
        if told.get(name) != "1":
            raise _out_of_bounds("it has more than one class")
    if not told.get("objective", "").startswith("binary"):
        raise _out_of_bounds("its objective is not binary")
    names = tuple(told.get("feature_names", "").split(" "))
    if told.get("max_feature_idx") != str(len(names) - 1):
        raise _damaged("it does not have as many feature names as features")
    return _joined([_tree(block, number, len(names)) for number, block in enumerate(blocks)], names)


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
    if leaves > len(block):
        raise _damaged(f"tree {number} names more leaves than it has")
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


def _joined(trees: list[_Tree], names: tuple[str, ...]) -> Trees:
    node_start = np.cumsum([0, *(len(t.threshold) for t in trees)])
    leaf_start = np.cumsum([0, *(len(t.value) for t in trees)])

    def whole(name: str) -> Ints:
        return np.concatenate([t.whole[name] for t in trees])

    def children(name: str) -> Ints:
        parts = (t.whole[name] for t in trees)
        return np.concatenate(
            [np.where(c >= 0, c + n, c - m) for c, n, m in zip(parts, node_start[:-1], leaf_start[:-1], strict=True)]
        ).astype(np.int64)  # fmt: skip

    decision = whole("decision_type")
    return Trees(
        len(names), names, whole("split_feature"), np.concatenate([t.threshold for t in trees]), decision >> 2, (decision & 2) > 0,
        children("left_child"), children("right_child"), whole("internal_count"), np.concatenate([t.value for t in trees]),
        whole("leaf_count"), node_start, leaf_start,
    )  # fmt: skip


def _lines(text: str) -> dict[str, str]:
    """What stands after each name; a name that comes twice is damage."""
    pairs = [line.partition("=") for line in text.split("\n") if "=" in line]
    told = {name: value for name, _, value in pairs}
    if len(told) != len(pairs):
        raise _damaged("a line comes twice")
    return told


def _ints(told: Mapping[str, str], name: str, n: int) -> Ints:
    text = told.get(name, "")
    if n and not _WHOLE.fullmatch(text):
        raise _damaged(f"{name} is not a list of whole numbers")
    found = np.array(text.split(" "), np.int64) if n else np.zeros(0, np.int64)
    if len(found) != n:
        raise _damaged(f"{name} is too long or too short")
    return found


def _floats(told: Mapping[str, str], name: str, n: int) -> Floats:
    text = told.get(name, "")
    if not _NUMBERS.fullmatch(text):
        raise _damaged(f"{name} is not a list of numbers")
    try:
        found = np.array([float(word) for word in text.split(" ")] if n else [], np.float64)
    except ValueError:
        raise _damaged(f"{name} is not a list of numbers") from None
    # LightGBM 4.7 splits missing from given values at infinity
    if len(found) != n or np.isnan(found).any() or (name == "leaf_value" and np.isinf(found).any()):
        raise _damaged(f"{name} is too long, too short or no number")
    return found


def _damaged(what: str) -> ModelRefused:
    return ModelRefused(f"the model text is damaged: {what}", do="Take the model from where it was trained again.")


def _out_of_bounds(what: str) -> ModelRefused:
    return ModelRefused(f"exact explanations are not for this model: {what}", do=_DO)
