"""What patterns.py compiles, with NumPy alone and the same to the last bit: for machines on which nothing may be compiled.

Each function takes what its namesake takes. It is some twenty times slower.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import numpy as np

from eswarn.model.patterns import ZERO_BELOW


def bins(table, feature, kind, start, cuts, zero, out):
    """Write the bin of each value."""
    for plane in range(len(feature)):
        k, own = kind[plane], cuts[start[plane] : start[plane + 1]]
        x = np.where(np.abs(table[:, feature[plane]]) <= zero, 0.0, table[:, feature[plane]])
        if k == 0 or k >= ZERO_BELOW:
            x = np.nan_to_num(x)
        missing = np.isnan(x) | ((k >= ZERO_BELOW) & (x == 0))
        out[plane] = np.where(missing, 0 if k == 1 or k == ZERO_BELOW else len(own), np.searchsorted(own, x))


def _cells_of(bins, plane, cut, stride, low, high):
    cell = np.zeros(bins.shape[1], np.int64)
    for d in range(low, high):
        cell += np.where(bins[plane[d]] > cut[d], int(stride[d]), 0)
    return cell


def explain(
    bins, low, high, decision_start, plane, cut, stride, feature_start, feature, cells, table_start, tables, out
):  # fmt: skip
    """Add up the cells of some rows."""
    for g in range(low, high):
        cell = _cells_of(bins, plane, cut, stride, decision_start[g], decision_start[g + 1])
        at = table_start[g] - table_start[low]
        for line in (*feature[feature_start[g] : feature_start[g + 1]], len(out) - 1):
            out[line] += tables[at : at + cells[g]][cell]
            at += cells[g]


def count(bins, decision_start, plane, cut, stride, cells, start, found):
    """Count the rows in each cell of each group."""
    for g in range(len(cells)):
        cell = _cells_of(bins, plane, cut, stride, decision_start[g], decision_start[g + 1])
        found[start[g] : start[g + 1]] += np.bincount(cell, minlength=cells[g])


def _patterns_of(cells, conditions, size):
    pattern, cell = np.full(cells, (1 << size) - 1), np.arange(cells)
    for stride, digits, least, most, place in conditions:
        digit = cell // stride % digits
        pattern[(digit < least) | (digit > most)] &= ~(1 << place)
    return pattern


def count_patterns(cells, start, found, leaf_start, leaf, condition_start, conditions, size, counts_start, counts):
    """Counts of the patterns of each leaf."""
    for g in range(len(cells)):
        for i in range(leaf_start[g], leaf_start[g + 1]):
            pattern = _patterns_of(cells[g], conditions[condition_start[i] : condition_start[i + 1]], size[leaf[i]])
            np.add.at(counts, counts_start[leaf[i]] + pattern, found[start[g] : start[g + 1]])


def _bits(size):
    """Which features each pattern meets, shape (patterns, features)."""
    return (np.arange(1 << size)[:, None] >> np.arange(size)) & 1 == 1


def _leaf_interventional(size, value, counts, rows, alone):
    full, bit = (1 << size) - 1, _bits(size)
    table, lowers = np.zeros((1 << size, size)), np.zeros(1 << size)
    met = bit.sum(axis=1)
    for step in range(full + 1):  # the subsets s of all m at once, each m's own in the order (s - 1) & m
        s = _subset(np.arange(1 << size), bit, met, step)
        m = np.flatnonzero(s >= 0)
        c = counts[(full ^ m) | s[m]]
        a, n = met[m] - bit[s[m]].sum(axis=1), size - met[m]
        table[m] += np.where(bit[m] & ~bit[s[m]], (c * alone[a, n])[:, None], 0.0)
        lowers[m] += np.where(n > 0, c * alone[n, a], 0.0)
    return value * np.where(bit, table, -lowers[:, None]) / rows


def _subset(m, bit, met, step):
    """The subset of each pattern m that (s - 1) & m reaches after so many steps from m itself; -1 where there is none left."""
    rank = (1 << met) - 1 - step  # subsets of m in ascending order are the numbers below 2^met with their bits spread over m's
    spread, place = np.zeros(len(m), np.int64), np.zeros(len(m), np.int64)
    for j in range(bit.shape[1]):
        spread += np.where(bit[:, j], ((rank >> place) & 1) << j, 0)
        place += bit[:, j]
    return np.where(rank >= 0, spread, -1)


def _leaf_path(size, value, share, alone):
    bit = _bits(size)
    table = np.zeros((1 << size, size))
    for j in range(size):
        poly, degree = np.zeros((1 << size, size + 1)), np.zeros(1 << size, np.int64)
        poly[:, 0] = 1.0
        for k in range(size):
            if k != j:
                degree += bit[:, k]
                shifted = np.concatenate([np.zeros((1 << size, 1)), poly[:, :-1]], axis=1)
                poly = poly * share[k] + np.where(bit[:, [k]], shifted, 0.0)
        total = np.zeros(1 << size)
        for t in range(size):
            total += np.where(t <= degree, poly[:, t] * alone[t + 1, size - 1 - t], 0.0)
        table[:, j] = value * (bit[:, j] - share[j]) * total
    return table


def fill(
    g, first, interventional, cells, table_start, leaf_start, leaf, leaf_column, condition_start, conditions, size, value,
    counts_start, counts, rows, share, alone, tables,
):  # fmt: skip
    """Fill the table of one group."""
    n = cells[g]
    columns = tables[table_start[g] - table_start[first] : table_start[g + 1] - table_start[first]].reshape(-1, n)
    for i in range(leaf_start[g], leaf_start[g + 1]):
        one = leaf[i]
        d, v = size[one], value[one]
        if interventional:
            of_leaf = _leaf_interventional(d, v, counts[counts_start[one] : counts_start[one + 1]], rows, alone)
        else:
            of_leaf = _leaf_path(d, v, share[one], alone)
        pattern = _patterns_of(n, conditions[condition_start[i] : condition_start[i + 1]], d)
        for j in range(d):
            columns[leaf_column[i, j]] += of_leaf[pattern, j]
        columns[-1] += np.where(pattern == (1 << d) - 1, v, 0.0)


def pool(size, start, counts, least, out):
    """Add each count under ``least`` to the most alike pattern of the same leaf that has more; of these the commonest, then the first."""
    for leaf in range(len(size)):
        own, first = counts[start[leaf] : start[leaf + 1]], start[leaf]
        largest, enough = int(own.argmax()), np.flatnonzero(own >= least)
        for p in np.flatnonzero((own > 0) & (own < least)):
            if p == largest:
                continue
            differ = np.bitwise_count(enough ^ p).astype(np.int64)
            best = enough[np.lexsort((enough, -own[enough], differ))[0]] if len(enough) else largest
            out[first + p] -= own[p]
            out[first + best] += own[p]
