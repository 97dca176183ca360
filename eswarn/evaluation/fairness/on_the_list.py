"""Who is on a list, by group, as it may be shown: whoever reads the page knows how many are listed in all, and no small count more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from eswarn.evaluation.fairness.groups import Division
from eswarn.evaluation.fairness.suppress import HIDDEN, LEAST_OF_A_RATE, PROFILES, kept_whole, known_bounds
from eswarn.records.arrays import Bools

if TYPE_CHECKING:
    import pandas as pd

OPEN = ("year group", "school")  # the list itself tells these of each pupil
COLUMNS = ("division", "group", "pupils", "listed", "share")
THREE = np.array([[1, 1], [1, 0], [0, 1]], float)  # of (listed, not listed): pupils, listed, not listed


def on_the_list(
    divisions: Sequence[Division], listed: Bools, *, profile: Literal["school", "ons10", "us10"] = "school"
) -> pd.DataFrame:  # fmt: skip
    """Pupils scored and pupils listed, by group, with small counts hidden and whatever would give them away.

    A group is shown whole where its pupils, those listed and those not are each at least the threshold; the groups of a division that are
    not are joined by the next smallest until their sums are safe too (see `eswarn.evaluation.fairness.suppress`). None is hidden as well:
    beside a list of pupils, "none of them is in this group" tells of each. Two tables of lists that share most of their pupils tell of
    those who came and went: see `eswarn.evaluation.beside.with_groups`.

    Parameters
    ----------
    divisions : sequence of Division
        From `divisions`. Left out are those with one group only, those that leave somebody out, finer forms of another with anything
        to hide, and year group and school, which the list tells of each pupil.
    listed : array of bool
        Whether each pupil scored has a place.
    profile : str
        "school" hides counts under 6, "ons10" and "us10" under 10; shares of under 11 pupils are hidden in each.

    Returns
    -------
    pandas.DataFrame
        division, group, pupils, listed, share (of the group, in per cent): text, ``[c]`` where hidden.
    """
    import pandas as pd

    rule, told = replace(PROFILES[profile], hides_none=True), []
    for division in divisions:
        if division.name in OPEN or (division.code < 0).any():
            continue
        number = len(division.groups)
        two = np.stack([np.bincount(division.code[part], minlength=number) for part in (listed, ~listed)], axis=1).astype(float)
        there = np.flatnonzero(two.sum(axis=1))
        now = two[there] @ THREE.T
        if len(there) < 2:
            continue
        no = np.zeros(len(there), bool)
        whole = kept_whole(now, no, None, ~no, rule)
        sized = kept_whole(now[:, :1], whole, None, ~no, rule)
        if division.within and not whole.all():
            continue
        low, high = known_bounds(now, whole, sized, told=True)
        known = high - low < 1e-9  # shown; or none and all, which everybody can work out
        for i, group in enumerate(there):
            pupils, on = (f"{now[i, c]:.0f}" if known[i, c] else HIDDEN for c in (0, 1))
            share = f"{100 * now[i, 1] / now[i, 0]:.0f}" if whole[i] and now[i, 0] >= LEAST_OF_A_RATE else HIDDEN
            told.append((division.name, division.groups[group], pupils, on, share))
    return pd.DataFrame(told, columns=list(COLUMNS), dtype="str")
