"""Blocks of as-of dates whose label windows do not overlap: train, then calibrate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence, Set

import numpy as np

from eswarn.cohort.label import known_on
from eswarn.config import CohortConfig
from eswarn.records.arrays import Bools


def on_dates(days: Iterable[dt.date], block: Collection[dt.date]) -> Bools:
    """Which of these days are of a block."""
    return np.array([day in block for day in days], bool)


def forward_split(
    dates: Sequence[dt.date], leavers: Mapping[dt.date, Set[str]], config: CohortConfig, *, train_least: int, calibrate_least: int
) -> tuple[tuple[dt.date, ...], tuple[dt.date, ...]] | None:
    """Split as-of dates into a training block and a later calibration block.

    The last label of the training block, with its reporting delay, is known before the first date of the calibration block.
    Of all such splits the one with the most leavers to train on is taken.

    Parameters
    ----------
    dates : sequence of date
        Mature as-of dates.
    leavers : mapping of date to set of str
        Who is labelled a leaver on each date; a pupil counts once in a block, however many dates see the same leaving.
    train_least, calibrate_least : int
        Leavers without which a block is too thin to use.

    Returns
    -------
    tuple or None
        (training dates, calibration dates), or None where no split gives both blocks enough leavers.
    """
    best, most = None, 0
    for first in sorted(dates)[1:]:
        calibrate = tuple(d for d in sorted(dates) if d >= first)
        train = tuple(d for d in sorted(dates) if known_on(d, config) <= first)
        enough, later = (len(set().union(*(leavers[d] for d in block))) for block in (train, calibrate))
        if enough >= train_least and later >= calibrate_least and enough > most:
            best, most = (train, calibrate), enough
    return best
