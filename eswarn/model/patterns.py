"""The loops of exact explanations: values to bins, patterns to tables, and rows to sums of cells.

A pattern says, a bit for each feature on the path to a leaf, whether a row meets every condition the path puts on that feature.
docs/explanations.md derives the formulas. Each loop is compiled; plain_patterns.py does the same with NumPy, bit for bit.
"""

from __future__ import annotations

import numpy as np

from eswarn.compiled import compiled

DEPTH = 8
ZERO_BELOW = 3  # plane kinds from here on take what is nearly 0 for missing


@compiled
def bins(table, feature, kind, start, cuts, zero, out):  # type: ignore[no-untyped-def]
    """Write the bin of each value: how many cuts of its plane lie below it. Kinds are those of plan.py.

    All rows take each step of the search together: without branches it is five times as fast.
    """
    rows = len(table)
    padded, x, at = np.empty(256), np.empty(rows), np.empty(rows, np.int32)
    for plane in range(len(feature)):
        n, k = start[plane + 1] - start[plane], kind[plane]
        padded[:] = np.inf
        padded[:n] = cuts[start[plane] : start[plane + 1]]
        for r in range(rows):
            value = table[r, feature[plane]]
            x[r] = 0.0 if -zero <= value <= zero or (np.isnan(value) and (k == 0 or k >= ZERO_BELOW)) else value
            at[r] = 0
        step = 128
        while step:
            if step <= n:
                for r in range(rows):
                    at[r] += step if padded[at[r] + step - 1] < x[r] else 0
            step >>= 1
        line, if_missing = out[plane], 0 if k == 1 or k == ZERO_BELOW else n  # a threshold may be infinite
        for r in range(rows):
            is_missing = np.isnan(x[r]) or (k >= ZERO_BELOW and x[r] == 0)
            line[r] = if_missing if is_missing else at[r]


@compiled
def cells_of(bins, plane, cut, stride, low, high, cell):  # type: ignore[no-untyped-def]
    """The cell of each row in the table of one group, from its decisions ``low`` to ``high``."""
    for r in range(len(cell)):
        cell[r] = 0
    for d in range(low, high):
        column, c, s = bins[plane[d]], cut[d], stride[d]
        for r in range(len(cell)):
            cell[r] += s if column[r] > c else np.uint16(0)


@compiled
def explain(  # type: ignore[no-untyped-def]
    bins, low, high, decision_start, plane, cut, stride, feature_start, feature, cells, table_start, tables, out
):  # fmt: skip
    """Add up the cells of some rows in groups ``low`` to ``high``: ``out`` has one line a feature and a last one for the raw score."""
    last, cell = len(out) - 1, np.empty(out.shape[1], np.uint16)
    for g in range(low, high):
        cells_of(bins, plane, cut, stride, decision_start[g], decision_start[g + 1], cell)
        at = table_start[g] - table_start[low]
        for i in range(feature_start[g], feature_start[g + 1] + 1):
            line = feature[i] if i < feature_start[g + 1] else last
            column = tables[at : at + cells[g]]
            sums = out[line]
            for r in range(len(cell)):
                sums[r] += column[cell[r]]
            at += cells[g]


@compiled
def count(bins, decision_start, plane, cut, stride, cells, start, found):  # type: ignore[no-untyped-def]
    """Count the rows in each cell of each group."""
    cell = np.empty(bins.shape[1], np.uint16)
    for g in range(len(cells)):
        cells_of(bins, plane, cut, stride, decision_start[g], decision_start[g + 1], cell)
        for r in range(len(cell)):
            found[start[g] + cell[r]] += 1


@compiled
def patterns_of(cells, conditions, low, high, size, pattern):  # type: ignore[no-untyped-def]
    """The pattern of a leaf in each cell of its group."""
    for c in range(cells):
        pattern[c] = (1 << size) - 1
    for i in range(low, high):
        stride, digits, least, most = conditions[i, 0], conditions[i, 1], conditions[i, 2], conditions[i, 3]
        keep = ~(1 << conditions[i, 4])
        for block in range(0, cells, stride * digits):
            for digit in range(digits):
                if digit < least or digit > most:
                    at = block + digit * stride
                    for c in range(at, at + stride):
                        pattern[c] &= keep


@compiled
def count_patterns(cells, start, found, leaf_start, leaf, condition_start, conditions, size, counts_start, counts):  # type: ignore[no-untyped-def]
    """Counts of the patterns of each leaf, from the rows in the cells of its group."""
    pattern = np.zeros(cells.max(), np.int64)
    for g in range(len(cells)):
        for i in range(leaf_start[g], leaf_start[g + 1]):
            patterns_of(cells[g], conditions, condition_start[i], condition_start[i + 1], size[leaf[i]], pattern)
            for c in range(cells[g]):
                counts[counts_start[leaf[i]] + pattern[c]] += found[start[g] + c]


@compiled
def leaf_interventional(size, value, counts, rows, alone, table):  # type: ignore[no-untyped-def]
    """Shapley values of one leaf for each pattern m of a row, against the counts of the patterns b of the reference.

    Pairs count only where m | b is full. With a features that only the row meets and n that only the reference row meets, the
    former get v (a-1)! n! / (a+n)! each and the latter -v a! (n-1)! / (a+n)!. ``alone[a, n]`` holds (a-1)! n! / (a+n)!.
    """
    full = (1 << size) - 1
    for m in range(full + 1):
        met = 0
        for j in range(size):
            met += (m >> j) & 1
            table[m, j] = 0.0
        n = size - met
        lowers = 0.0
        s = m
        while True:  # every subset s of m: features that both meet
            c = counts[(full ^ m) | s]
            if c:
                both = 0
                for j in range(size):
                    both += (s >> j) & 1
                a = met - both
                if a:
                    w = c * alone[a, n]
                    for j in range(size):
                        if ((m ^ s) >> j) & 1:
                            table[m, j] += w
                if n:
                    lowers += c * alone[n, a]
            if s == 0:
                break
            s = (s - 1) & m
        for j in range(size):
            table[m, j] = value * (table[m, j] if (m >> j) & 1 else -lowers) / rows


@compiled
def leaf_path(size, value, share, alone, table):  # type: ignore[no-untyped-def]
    """Path-dependent values of one leaf for each pattern: a feature that is not known is met with its share of training rows.

    ``share[j]`` is the product, over the decisions on feature j, of the share of rows that went on towards the leaf.
    """
    poly = np.zeros(size + 1)
    for m in range(1 << size):
        for j in range(size):
            poly[:] = 0.0
            poly[0] = 1.0
            degree = 0
            for k in range(size):
                if k != j:
                    if (m >> k) & 1:
                        degree += 1
                        for t in range(degree, 0, -1):
                            poly[t] = poly[t] * share[k] + poly[t - 1]
                        poly[0] *= share[k]
                    else:
                        for t in range(degree + 1):
                            poly[t] *= share[k]
            total = 0.0
            for t in range(degree + 1):
                total += poly[t] * alone[t + 1, size - 1 - t]
            table[m, j] = value * (((m >> j) & 1) - share[j]) * total


@compiled
def fill(  # type: ignore[no-untyped-def]
    g, first, interventional, cells, table_start, leaf_start, leaf, leaf_column, condition_start, conditions, size, value,
    counts_start, counts, rows, share, alone, tables,
):  # fmt: skip
    """Fill the table of one group, given the first of its part: for each of its features, and last for the raw score, a number a cell."""
    n = cells[g]
    pattern = np.zeros(n, np.int64)
    of_leaf = np.zeros((1 << DEPTH, DEPTH))
    start = table_start[g] - table_start[first]
    raw = table_start[g + 1] - table_start[first] - n
    for i in range(leaf_start[g], leaf_start[g + 1]):
        one = leaf[i]
        d, v = size[one], value[one]
        if interventional:
            leaf_interventional(d, v, counts[counts_start[one] : counts_start[one + 1]], rows, alone, of_leaf)
        else:
            leaf_path(d, v, share[one], alone, of_leaf)
        patterns_of(n, conditions, condition_start[i], condition_start[i + 1], d, pattern)
        for j in range(d):
            at = start + leaf_column[i, j] * n
            for c in range(n):
                tables[at + c] += of_leaf[pattern[c], j]
        full = (1 << d) - 1
        for c in range(n):
            if pattern[c] == full:
                tables[raw + c] += v


@compiled
def pool(size, start, counts, least, out):  # type: ignore[no-untyped-def]
    """Add each count under ``least`` to the most alike pattern of the same leaf that has more; of these the commonest, then the first."""
    for leaf in range(len(size)):
        first, n = start[leaf], start[leaf + 1] - start[leaf]
        largest = 0
        for p in range(n):
            if counts[first + p] > counts[first + largest]:
                largest = p
        for p in range(n):
            c = counts[first + p]
            if c == 0 or c >= least or p == largest:
                continue
            best, fewest = largest, DEPTH + 1
            for q in range(n):
                if counts[first + q] >= least:
                    differ = 0
                    for j in range(size[leaf]):
                        differ += ((p ^ q) >> j) & 1
                    if differ < fewest or (differ == fewest and counts[first + q] > counts[first + best]):
                        best, fewest = q, differ
            out[first + p] -= c
            out[first + best] += c
