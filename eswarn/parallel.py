"""Blocks of work on as many threads as there are processors; the answer never depends on how many there are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def threads() -> int:
    """Threads to use: ``ESWARN_THREADS``, else the processors this process may run on."""
    named = os.environ.get("ESWARN_THREADS", "")
    if named.isdecimal() and int(named) > 0:
        return int(named)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The results of some work on each item, in the order of the items; the work must not hold Python's lock for long."""
    todo = list(items)
    if min(len(todo), threads()) < 2:
        return [work(item) for item in todo]
    with ThreadPoolExecutor(min(len(todo), threads())) as pool:
        return list(pool.map(work, todo))


def blocks(n: int, size: int) -> Iterator[slice]:
    """Slices that cover ``n`` rows, ``size`` at a time."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))
