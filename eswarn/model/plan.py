"""Lay trees out for explaining: values to bins of a byte, and leaves that share decisions to groups with one table each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eswarn.errors import ModelRefused
from eswarn.model import patterns
from eswarn.model.trees import MAX_DEPTH, MOST_CUTS, NAN_IS_MISSING, ZERO, ZERO_IS_MISSING, Floats, Ints, Trees

Bytes = npt.NDArray[np.uint8]
MOST_CELLS = (2048, 1024, 512, 256)  # of a group; 256 is what a path of depth 8 needs
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
    cuts: tuple[Floats, ...]
    of_node: Ints
    cut_of_node: Ints

    def bins(self, table: Floats) -> Bytes:
        """Bins of each row, shape (planes, rows)."""
        out = np.empty((len(self.cuts), len(table)), np.uint8)
        start = np.cumsum([0, *(len(cuts) for cuts in self.cuts)])
        every = np.concatenate([*self.cuts, np.zeros(0)])
        patterns.bins(table, self.feature, self.kind, start, every, ZERO, out)
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
    return Planes(key // 8, key % 8, tuple(cuts), of_node, cut_of_node)


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

    @property
    def bytes(self) -> int:
        """Size of all tables."""
        return int(self.table_start[-1]) * 8


def groups_of(trees: Trees, planes: Planes, paths: Paths, *, budget: int) -> Groups:
    """Put leaves that share decisions together, as large as the budget of bytes for the tables allows."""
    found: Groups | None = None
    for most in MOST_CELLS:
        found = _laid_out(_grouped(trees, planes, most), planes, paths)
        if found.bytes <= budget:
            return found
    if found is None or found.bytes > budget:
        raise ModelRefused(
            f"the tables for exact explanations would take {0 if found is None else found.bytes // 2**20} MB",
            do=f"{budget // 2**20} MB is the most. Train fewer or smaller trees.",
        )
    return found


@dataclass(slots=True)
class _Piece:
    """Some leaves, and the decisions above them as (plane, cut)."""

    leaves: list[int]
    decisions: set[tuple[int, int]]

    def cells_with(self, others: set[tuple[int, int]]) -> int:
        return math.prod(n + 1 for n in Counter(plane for plane, _ in self.decisions | others).values())


def _grouped(trees: Trees, planes: Planes, most: int) -> list[_Piece]:
    """Cut each tree into subtrees that fit a table, and put those together that share planes and still fit."""
    groups: list[_Piece] = []
    for tree in range(len(trees)):
        for piece in _pieces(trees, planes, tree, most):
            here = {plane for plane, _ in piece.decisions}
            best, gain = None, 0
            for group in groups[-_OPEN:]:
                shared = len(here & {plane for plane, _ in group.decisions})
                if shared > gain and group.cells_with(piece.decisions) <= most:
                    best, gain = group, shared
            if best is None:
                groups.append(_Piece(list(piece.leaves), set(piece.decisions)))
            else:
                best.leaves += piece.leaves
                best.decisions |= piece.decisions
    return groups


def _pieces(trees: Trees, planes: Planes, tree: int, most: int) -> Iterator[_Piece]:
    first, end = int(trees.node_start[tree]), int(trees.node_start[tree + 1])
    if first == end:
        return
    decision = list(zip(planes.of_node[first:end].tolist(), planes.cut_of_node[first:end].tolist(), strict=True))
    left, right = trees.left[first:end].tolist(), trees.right[first:end].tolist()
    below: dict[int, _Piece] = {}

    def piece(child: int) -> _Piece:
        return below[child] if child >= 0 else _Piece([~child], set())

    order, todo = [], [first]
    while todo:
        node = todo.pop()
        order.append(node)
        todo += [c for c in (left[node - first], right[node - first]) if c >= 0]
    for node in reversed(order):
        parts = piece(left[node - first]), piece(right[node - first])
        below[node] = _Piece(parts[0].leaves + parts[1].leaves, parts[0].decisions | parts[1].decisions | {decision[node - first]})
    above: list[tuple[int, frozenset[tuple[int, int]]]] = [(first, frozenset())]
    while above:
        child, passed = above.pop()
        whole = piece(child)
        if child < 0 or whole.cells_with(set(passed)) <= most:
            yield _Piece(whole.leaves, whole.decisions | passed)
        else:
            passed |= {decision[child - first]}
            above += [(right[child - first], passed), (left[child - first], passed)]


def _laid_out(pieces: list[_Piece], planes: Planes, paths: Paths) -> Groups:
    counts: dict[str, list[int]] = {name: [0] for name in ("table", "decision", "feature", "leaf", "condition")}
    cells, plane_of, cut, stride, feature, leaf, columns, conditions = ([] for _ in range(8))
    for piece in pieces:
        cuts: dict[int, list[int]] = {}
        for plane, c in sorted(piece.decisions):
            cuts.setdefault(plane, []).append(c)
        here = sorted({int(planes.feature[plane]) for plane in cuts})
        column = {f: i for i, f in enumerate(here)}
        size, strides = 1, {}
        for plane, cs in cuts.items():
            strides[plane] = size
            plane_of += [plane] * len(cs)
            cut += cs
            stride += [size] * len(cs)
            size *= len(cs) + 1
        for one in piece.leaves:
            limits: dict[int, list[int]] = {}
            for node, left, place in zip(paths.node[one].tolist(), paths.left[one].tolist(), paths.place[one].tolist(), strict=True):
                if node < 0:
                    break
                plane = int(planes.of_node[node])
                at = cuts[plane].index(int(planes.cut_of_node[node]))
                limit = limits.setdefault(plane, [0, len(cuts[plane]), place])
                if left:
                    limit[1] = min(limit[1], at)
                else:
                    limit[0] = max(limit[0], at + 1)
            conditions += [[strides[p], len(cuts[p]) + 1, low, high, place] for p, (low, high, place) in limits.items()]
            counts["condition"].append(len(conditions))
            columns.append([column[f] if f >= 0 else -1 for f in paths.features[one].tolist()])
        cells.append(size)
        feature += here
        leaf += piece.leaves
        counts["table"].append(counts["table"][-1] + size * (len(here) + 1))
        counts["decision"].append(len(plane_of))
        counts["feature"].append(len(feature))
        counts["leaf"].append(len(leaf))
    start = {name: np.array(values, np.int64) for name, values in counts.items()}
    return Groups(
        np.array(cells, np.int64), start["table"], start["decision"], np.array(plane_of, np.int64), np.array(cut, np.uint8),
        np.array(stride, np.uint16), start["feature"], np.array(feature, np.int64), start["leaf"], np.array(leaf, np.int64),
        np.array(columns, np.int64).reshape(-1, MAX_DEPTH), start["condition"], np.array(conditions, np.int64).reshape(-1, 5),
    )  # fmt: skip
