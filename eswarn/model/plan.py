"""Lay trees out for explaining: values to bins of a byte, and leaves that share decisions to groups with one table each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eswarn.errors import ModelRefused
from eswarn.model.loops import loops
from eswarn.model.trees import MOST_CUTS, NAN_IS_MISSING, ZERO, ZERO_IS_MISSING, Floats, Ints, Trees

Bytes = npt.NDArray[np.uint8]
MOST_CELLS = 512  # of a group, so that its table stays in the cache; a path of depth 8 needs 256
_MOST = 1 << 40  # above any decision
_OPEN = 6  # groups that a further piece of a tree may join
# Where a missing value goes: read as 0, or below or above every threshold; for zero-as-missing 0 goes with it.
_AS_ZERO, _BELOW, _ABOVE, _ZERO_BELOW, _ZERO_ABOVE = range(5)


@dataclass(frozen=True, slots=True)
class Planes:
    """Columns as the decisions see them: one for each feature and way to read its missing values.

    A value is replaced by the number of thresholds below it, so that a decision is ``bin <= cut``.
    """

    feature: Ints
    kind: Ints
    cuts: Floats  # the thresholds of each, ascending, one plane after the other
    cut_start: Ints
    of_node: Ints
    cut_of_node: Ints

    def bins(self, table: Floats) -> Bytes:
        """Bins of each row, shape (planes, rows)."""
        out = np.empty((len(self.feature), len(table)), np.uint8)
        loops.bins(table, self.feature, self.kind, self.cut_start, self.cuts, ZERO, out)
        return out


def planes_of(trees: Trees) -> Planes:
    """The columns that the decisions of some trees see.

    Raises
    ------
    ModelRefused
        A feature has more than 254 thresholds.
    """
    kind = np.full(len(trees.feature), _AS_ZERO)
    for way, (below, above) in {NAN_IS_MISSING: (_BELOW, _ABOVE), ZERO_IS_MISSING: (_ZERO_BELOW, _ZERO_ABOVE)}.items():
        kind = np.where(trees.missing == way, np.where(trees.default_left, below, above), kind)
    key, of_node = np.unique(trees.feature * 8 + kind, return_inverse=True)
    cuts, cut_of_node = [], np.zeros(len(of_node), np.int64)
    for plane in range(len(key)):
        here = of_node == plane
        found, cut_of_node[here] = np.unique(trees.threshold[here], return_inverse=True)
        if len(found) > MOST_CUTS:
            raise ModelRefused(
                f"exact explanations are not for this model: feature {int(key[plane]) // 8} has {len(found)} thresholds",
                do=f"{MOST_CUTS} is the most; train it with max_bin = 255 or less.",
            )
        cuts.append(found)
    every, start = np.concatenate([*cuts, np.zeros(0)]), np.cumsum([0, *map(len, cuts)])
    return Planes(key // 8, key % 8, every, start, of_node, cut_of_node)


@dataclass(frozen=True, slots=True)
class Paths:
    """What lies above each leaf: its features in ascending order, shape (leaves, 8), -1 for none; how many; and the steps."""

    features: Ints
    size: Ints
    node: Ints
    left: npt.NDArray[np.bool_]
    place: Ints  # of each step: the place of its feature in ``features``


def paths_of(trees: Trees) -> Paths:
    """The paths to the leaves of some trees."""
    node, left = trees.paths()
    none = trees.features
    feature = np.where(node >= 0, np.append(trees.feature, none)[node], none)
    ordered = np.sort(feature, axis=1)
    first = np.ones(ordered.shape, bool)
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first &= ordered < none
    size = first.sum(axis=1)
    features = np.full(ordered.shape, -1)
    at = np.cumsum(first, axis=1) - 1
    rows = np.broadcast_to(np.arange(len(ordered))[:, None], ordered.shape)
    features[rows[first], at[first]] = ordered[first]
    place = (feature[:, :, None] == features[:, None, :]).argmax(axis=2)
    return Paths(features, size, node, left, place)


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of leaves as flat arrays; the table of a group has one cell for each combination of its digits.

    The digit of a plane is the number of its cuts in the group that a row lies above, so that the cell is the sum of ``stride``
    over the decisions a row lies above. A leaf asks for digits from ``low`` to ``high`` of some planes (its conditions).
    """

    cells: Ints
    table_start: Ints  # in numbers: for each feature of the group, and last for the raw score, one number a cell
    decision_start: Ints
    plane: Ints
    cut: Bytes
    stride: npt.NDArray[np.uint16]
    feature_start: Ints
    feature: Ints
    leaf_start: Ints
    leaf: Ints
    leaf_column: Ints  # shape (leaves in order of the groups, 8): place of each feature of the leaf in its group
    condition_start: Ints
    condition: Ints  # shape (conditions, 5): stride, digits, low, high, place of the feature on the path


def groups_of(trees: Trees, planes: Planes, paths: Paths) -> Groups:
    """Put leaves that share decisions together, as many as a table of 512 cells allows."""
    decision = planes.of_node * 256 + planes.cut_of_node
    return _laid_out(_grouped(trees, decision.tolist()), decision, planes.feature, paths)


@dataclass(slots=True)
class _Piece:
    """Some leaves, and the decisions above them: plane * 256 + cut."""

    leaves: list[int]
    decisions: set[int]


def _fits(decisions: set[int]) -> bool:
    """Whether the combinations of digits of some decisions fit a table; nine decisions or fewer always do."""
    return 1 << len(decisions) <= MOST_CELLS or math.prod(n + 1 for n in Counter(d >> 8 for d in decisions).values()) <= MOST_CELLS


def _grouped(trees: Trees, decisions: list[int]) -> list[_Piece]:
    """Cut each tree into subtrees that fit a table, and put those together that share planes and still fit."""
    groups: list[_Piece] = []
    planes: list[set[int]] = []
    for tree in range(len(trees)):
        for piece in _pieces(trees, decisions, tree):
            here = {d >> 8 for d in piece.decisions}
            best, gain = -1, 0
            for i in range(max(len(groups) - _OPEN, 0), len(groups)):
                shared = len(here & planes[i])
                if shared > gain and _fits(groups[i].decisions | piece.decisions):
                    best, gain = i, shared
            if best < 0:
                groups.append(piece)
                planes.append(here)
            else:
                groups[best] = _Piece(groups[best].leaves + piece.leaves, groups[best].decisions | piece.decisions)
                planes[best] |= here
    return groups


def _pieces(trees: Trees, decisions: list[int], tree: int) -> Iterator[_Piece]:
    """The largest subtrees of a tree, from its root down, whose decisions and those above them fit a table."""
    first, end = int(trees.node_start[tree]), int(trees.node_start[tree + 1])
    if first == end:
        return
    children = list(zip(trees.left[first:end].tolist(), trees.right[first:end].tolist(), strict=True))
    whole: dict[int, _Piece] = {}
    down = [first]
    for node in down:  # grows as it goes: parents before their children
        down += [child for child in children[node - first] if child >= 0]
        whole |= {child: _Piece([~child], set()) for child in children[node - first] if child < 0}
    for node in reversed(down):
        left, right = (whole[child] for child in children[node - first])
        whole[node] = _Piece(left.leaves + right.leaves, left.decisions | right.decisions | {decisions[node]})
    todo: list[tuple[int, set[int]]] = [(first, set())]
    while todo:
        node, above = todo.pop()
        piece = whole[node]
        if node < 0 or _fits(piece.decisions | above):
            yield _Piece(piece.leaves, piece.decisions | above)
        else:
            left_child, right_child = children[node - first]
            todo += [(right_child, above | {decisions[node]}), (left_child, above | {decisions[node]})]


def _laid_out(pieces: list[_Piece], decision: Ints, feature_of_plane: Ints, paths: Paths) -> Groups:
    every, decision_start = _joined([np.array(sorted(piece.decisions), np.int64) for piece in pieces])
    leaf, leaf_start = _joined([np.array(piece.leaves, np.int64) for piece in pieces])
    group, of_leaf = (np.repeat(np.arange(len(pieces)), np.diff(start)) for start in (decision_start, leaf_start))
    plane = every >> 8
    digit_start = np.flatnonzero(np.append(True, (np.diff(plane) != 0) | (np.diff(group) != 0)))[: len(every)]  # a digit a plane
    size = np.diff(np.append(digit_start, len(every))) + 1
    stride, cells = np.ones(len(size), np.int64), np.ones(len(pieces), np.int64)
    for i, (g, n) in enumerate(zip(group[digit_start].tolist(), size.tolist(), strict=True)):
        stride[i] = cells[g]
        cells[g] *= n
    digit_of = np.repeat(np.arange(len(size)), size - 1)

    wide = int(feature_of_plane.max(initial=0)) + 2
    used = np.unique(group * wide + feature_of_plane[plane])
    feature_start = np.searchsorted(used, np.arange(len(pieces) + 1) * wide)
    on_path = paths.features[leaf]
    column = np.searchsorted(used, of_leaf[:, None] * wide + on_path) - feature_start[of_leaf][:, None]

    row, step = np.nonzero(paths.node[leaf] >= 0)  # every decision above every leaf, and where it stands in its group
    place = np.searchsorted(group * _MOST + every, of_leaf[row] * _MOST + decision[paths.node[leaf[row], step]])
    above = np.stack(
        [row, digit_of[place], place - digit_start[digit_of[place]], paths.left[leaf[row], step], paths.place[leaf[row], step]]
    )
    row, digit, low, high, on = _limits(above, size)
    return Groups(
        cells, np.append(0, np.cumsum(cells * (np.diff(feature_start) + 1))), decision_start, plane, (every & 255).astype(np.uint8),
        stride[digit_of].astype(np.uint16), feature_start, used % wide, leaf_start, leaf, np.where(on_path >= 0, column, -1),
        np.searchsorted(row, np.arange(len(leaf) + 1)), np.stack([stride[digit], size[digit], low, high, on], axis=1),
    )  # fmt: skip


def _limits(above: Ints, size: Ints) -> tuple[Ints, ...]:
    """From decisions (row, digit, cut, whether left, place on the path) to one condition a row and digit: the least and most it may be."""
    above = above[:, np.lexsort((above[1], above[0]))]
    row, digit, cut, left, on = above
    first = np.flatnonzero(np.append(True, (np.diff(row) != 0) | (np.diff(digit) != 0)))[: len(row)]
    if not len(first):
        return row, digit, cut, left, on
    low = np.maximum.reduceat(np.where(left == 1, 0, cut + 1), first)
    high = np.minimum.reduceat(np.where(left == 1, cut, size[digit] - 1), first)
    return row[first], digit[first], low, high, on[first]


def _joined(parts: list[Ints]) -> tuple[Ints, Ints]:
    """Some arrays one after the other, and where each begins."""
    return np.concatenate([*parts, np.zeros(0, np.int64)]), np.cumsum([0, *map(len, parts)])
