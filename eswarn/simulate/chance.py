"""Random numbers by place, so that one part of a world can change without moving every other part."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def stream(seed: int, part: str, *place: int) -> np.random.Generator:
    """The random numbers of one part (``"marks"``) at one place (school year, school): the same on every run."""
    return np.random.default_rng([seed, *part.encode(), *place])


def pick(rng: np.random.Generator, shares: ArrayLike, size: int) -> NDArray[np.int32]:
    """Draw positions in a list by their shares (which need not add up to 1)."""
    edges = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.asarray(np.searchsorted(edges, rng.random(size) * edges[-1], side="right"), dtype=np.int32)


def growth(power: ArrayLike) -> NDArray[np.float64]:
    """E to the power, to a millionth: processors disagree on the last bits, and a world must be the same on all of them."""
    return np.asarray(np.rint(np.exp(np.asarray(power, dtype=np.float64)) * 2**20) / 2**20)


def weigh(states: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Weighted sum over the last axis, term by term; a matrix product adds in an order of the machine's own."""
    total = np.zeros(states.shape[:-1])
    for place, weight in enumerate(weights.tolist()):
        total += weight * states[..., place]
    return total


def scatter(rng: np.random.Generator, rate: float, size: int) -> NDArray[np.int64]:
    """Places that something rare hits, out of ``size``, each with chance ``rate``; without a draw for each place."""
    return np.unique(rng.integers(0, max(size, 1), rng.binomial(size, rate)))
