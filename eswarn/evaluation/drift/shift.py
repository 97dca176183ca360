"""How far one distribution lies from another, and how far two draws from the same one would."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
MAJOR = 0.25  # nothing under it alarms, however many pupils there are
STEADY = 2.0  # least design effect: classes, year groups and weeks are alike inside, too
CHANCE = 1e-6  # of one comparison beyond its noise, where nothing has changed: hundreds are made a year
FOLKLORE = (
    (MAJOR, "a major shift by the usual reading"),
    (0.10, "a moderate shift by the usual reading"),
    (0.0, "stable by the usual reading"),
)


def psi(reference: Ints, now: Ints) -> float:
    """Population stability index: sum over bins of (p − q) · log(p / q), half a pupil added to each bin."""
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in (reference, now))
    return float(((p - q) * np.log(p / q)).sum())


def usual_reading(index: float) -> str:
    """The common reading, which knows nothing of the number of pupils: below .10 stable, from .25 a major shift."""
    return next(words for least, words in FOLKLORE if index >= least)


def noise(reference: Ints, now: Ints, *, design: float) -> float:
    """The index that two draws from one distribution exceed with a chance of about ``CHANCE``.

    Notes
    -----
    For two samples of n and m of the same distribution over k bins the index over (1/n + 1/m) is about chi-squared with
    k − 1 degrees of freedom; where pupils come in clusters it is about ``design`` times that (Rao and Scott 1981).
    """
    from scipy.stats import chi2

    used = int(((reference + now) > 0).sum())
    if used < 2:
        return 0.0
    return float(design * chi2.isf(CHANCE, used - 1) * (1 / reference.sum() + 1 / now.sum()))
