"""Loops over bit planes: one bit a session, 64 to a word, words first; everything the register is asked comes down to these."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from eswarn.compiled import compiled

Words = npt.NDArray[np.uint64]
ONE = np.uint64(1)


def _instruction(name: str) -> Any:
    """An instruction of the processor on one word, for compiled code."""

    def typed(typing: Any, x: Any) -> Any:  # noqa: ARG001
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            return getattr(builder, name)(args[0], *([] if name == "ctpop" else [ir.Constant(ir.IntType(1), 0)]))

        return types.uint64(types.uint64), code

    return intrinsic(typed)


_popcount = _instruction("ctpop")
_lowest = _instruction("cttz")  # place of the lowest bit; 64 where there is none
_leading = _instruction("ctlz")  # zeros above the highest bit; 64 where there is none


@compiled
def pack(marks, sets_of, usual, out):  # type: ignore[no-untyped-def]
    """Bytes (rows, sessions) to planes (sets, words, rows): bit ``b`` of word ``w`` is session ``64 w + b``.

    ``sets_of`` holds, for each byte, the sets it belongs to as bits; ``usual`` is that of the commonest mark, which costs nothing.
    """
    n, sessions = marks.shape
    n_sets, words = out.shape[0], out.shape[1]
    held = np.zeros(n_sets, np.uint64)
    for i in range(n):
        row = marks[i]
        for w in range(words):
            first = 64 * w
            size = min(64, sessions - first)
            full = ~np.uint64(0) if size == 64 else (ONE << np.uint64(size)) - ONE
            for s in range(n_sets):
                held[s] = full if (usual >> np.uint64(s)) & ONE else np.uint64(0)
            for b in range(size):
                other = sets_of[row[first + b]] ^ usual
                while other != 0:
                    held[_lowest(other)] ^= ONE << np.uint64(b)
                    other &= other - ONE
            for s in range(n_sets):
                out[s, w, i] = held[s]


@compiled
def count(plane, mask, school, out):  # type: ignore[no-untyped-def]
    """Add up the bits of a plane (words, rows) inside a mask (words, schools)."""
    for w in range(plane.shape[0]):
        inside = mask[w]
        for i in range(plane.shape[1]):
            out[i] += _popcount(plane[w, i] & inside[school[i]])


@compiled
def runs(hit, possible, mask, school, longest, current, spells):  # type: ignore[no-untyped-def]
    """Longest run, run at the end and number of runs of ``hit`` among ``possible`` sessions; -1 where none is possible."""
    words, n = hit.shape
    for i in range(n):
        length, most, number, some = 0, 0, 0, False
        for w in range(words):
            could = possible[w, i] & mask[w, school[i]]
            if could == 0:
                continue
            some = True
            inside = hit[w, i] & could
            gaps = could & ~inside
            while inside != 0:
                start = _lowest(inside)
                below = (ONE << start) - ONE
                if gaps & below != 0:
                    length = 0
                gaps &= ~below
                end = _lowest(gaps)
                part = inside if end == 64 else inside & ((ONE << end) - ONE)
                number += length == 0
                length += int(_popcount(part))
                most = max(most, length)
                inside &= ~part
            if gaps != 0:
                length = 0
        longest[i], current[i], spells[i] = (most, length, number) if some else (-1, -1, -1)


@compiled
def last_bit(plane, out):  # type: ignore[no-untyped-def]
    """The highest session of each row; -1 where there is none."""
    for i in range(plane.shape[1]):
        out[i] = -1
        for w in range(plane.shape[0] - 1, -1, -1):
            if plane[w, i] != 0:
                out[i] = 64 * w + 63 - int(_leading(plane[w, i]))
                break


@compiled
def first_bit(plane, out):  # type: ignore[no-untyped-def]
    """The lowest session of each row; -1 where there is none."""
    for i in range(plane.shape[1]):
        out[i] = -1
        for w in range(plane.shape[0]):
            if plane[w, i] != 0:
                out[i] = 64 * w + int(_lowest(plane[w, i]))
                break


@compiled
def by_week(plane, mask, school, edges, out):  # type: ignore[no-untyped-def]
    """Bits of a plane inside a mask, week by week: ``edges`` are the first session of each week and the end of the last."""
    words, n = plane.shape
    inside = np.zeros(words + 1, np.uint64)
    for i in range(n):
        for w in range(words):
            inside[w] = plane[w, i] & mask[w, school[i]]
        for k in range(len(edges) - 1):
            start, size = edges[k], edges[k + 1] - edges[k]
            w, b = start >> 6, np.uint64(start & 63)
            bits = inside[w] >> b
            if b + np.uint64(size) > 64:
                bits |= inside[w + 1] << (np.uint64(64) - b)
            out[i, k] = _popcount(bits & ((ONE << np.uint64(size)) - ONE))


@compiled
def slope(part, of, least, out):  # type: ignore[no-untyped-def]
    """Least-squares slope of ``part / of`` over the weeks in which ``of`` is not 0; NaN with fewer than ``least`` weeks."""
    for i in range(len(part)):
        n, sx, sy, sxy, sxx = 0.0, 0.0, 0.0, 0.0, 0.0
        for k in range(part.shape[1]):
            if of[i, k]:
                y = part[i, k] / of[i, k]
                sx += n
                sy += y
                sxy += n * y
                sxx += n * n
                n += 1.0
        out[i] = (n * sxy - sx * sy) / (n * sxx - sx * sx) if n >= least else np.nan


@compiled
def faded(part, of, weights, out):  # type: ignore[no-untyped-def]
    """Weighted share, ``weights[k]`` for the k-th counted week before the latest; added from the oldest on."""
    for i in range(len(part)):
        left = 0
        for k in range(part.shape[1]):
            left += of[i, k] != 0
        num, den = 0.0, 0.0
        for k in range(part.shape[1]):
            if of[i, k]:
                left -= 1
                num += weights[left] * part[i, k]
                den += weights[left] * of[i, k]
        out[i] = num / den if den else np.nan


@compiled
def weeks_over(part, of, percent, out):  # type: ignore[no-untyped-def]
    """Weeks in which ``part`` is over some percent of ``of``; NaN where no week counts."""
    for i in range(len(part)):
        some, over = False, 0
        for k in range(part.shape[1]):
            if of[i, k]:
                some = True
                over += 100 * np.int64(part[i, k]) > percent * np.int64(of[i, k])
        out[i] = over if some else np.nan


@compiled
def most_in_weeks(part, possible, weeks, out):  # type: ignore[no-untyped-def]
    """Largest sum of ``part`` over so many successive weeks in which ``possible`` is not 0; NaN where there is none."""
    held = np.zeros(weeks, np.int64)
    for i in range(len(part)):
        held[:] = 0
        total, most, n = 0, 0, 0
        for k in range(part.shape[1]):
            if possible[i, k]:
                at = n % weeks
                total += part[i, k] - held[at]
                held[at] = part[i, k]
                most = max(most, total)
                n += 1
        out[i] = most if n else np.nan
