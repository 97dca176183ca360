"""Tries to work out hidden counts of released group tables from everything that is shown: linear programmes over all tables it allows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from eswarn.evaluation.fairness.groups import Division
from eswarn.evaluation.fairness.suppress import HIDDEN, NINE, PROFILES, PUBLISHED, suppress
from eswarn.evaluation.fairness.table import GroupTable, group_table

Floats = npt.NDArray[np.float64]
OTHERS_EVERY, CONTROL = 20, "small counts only"
GLANCES = 4  # programmes with a direction drawn by lot, before each count that has not moved is asked about by itself


def school(rng: np.random.Generator) -> GroupTable:
    """A made-up school of 60 to 1,500 pupils in four divisions, some with very small groups."""
    n = int(np.exp(rng.uniform(np.log(60), np.log(1_500))))
    divisions = []
    for number in range(4):
        groups = int(rng.integers(2, 9))
        share = rng.dirichlet(np.full(groups, 0.6))
        divisions.append(Division(f"division {number}", tuple(f"group {g}" for g in range(groups)), rng.choice(groups, n, p=share)))
    risk = rng.beta(0.5, 0.5 / rng.uniform(0.03, 0.2) - 0.5, n)
    y = rng.random(n) < risk
    score = np.log(risk + 1e-9) + rng.standard_normal(n)
    listed = score >= np.sort(score)[::-1][max(1, round(n * rng.uniform(0.04, 0.12))) - 1]
    return group_table(divisions, listed=listed, y=y, risk=np.clip(risk, 0, 1))


def worked_out(schools: int, *, seed: int) -> dict[str, Any]:
    """Hidden counts, and those worked out exactly: of our releases by profile, and where small counts alone were hidden.

    Parameters
    ----------
    schools : int
        Simulated and released; every twentieth also under the other profiles, and with small counts alone hidden.
    seed : int
        Of the schools.
    """
    rng = np.random.default_rng([seed, 99])
    told = {name: np.zeros(4, int) for name in (*PROFILES, CONTROL)}
    for number in range(schools):
        table = school(rng)
        for profile in PROFILES if number % OTHERS_EVERY == 0 else ("school",):
            release = suppress(table, profile=profile)
            told[profile] += _attacked({name: _read(release.frame, name) for name in release.counts}, release.counts)
        if number % OTHERS_EVERY == 0:
            told[CONTROL] += _attacked({name: _primary(counts) for name, counts in release.counts.items()}, release.counts)
    names = ("schools", "hidden", "worked_out", "small_worked_out")
    return {name: dict(zip(names, counts.tolist(), strict=True)) for name, counts in told.items()}


def _read(frame: Any, division: str) -> Floats:
    """What a reader sees of a division: the published counts, NaN where hidden; columns as in NINE."""
    rows = frame[frame["division"] == division]
    seen = np.full((len(rows), len(NINE)), np.nan)
    for name, column in PUBLISHED.items():
        seen[:, column] = [np.nan if text == HIDDEN else float(text) for text in rows[name]]
    return seen


def _primary(four: Floats) -> Floats:
    """The published counts with those of 1 to 5 hidden, and nothing else."""
    nine = four @ NINE.T
    seen = np.full(nine.shape, np.nan)
    for column in PUBLISHED.values():
        seen[:, column] = np.where(PROFILES["school"].safe(nine[:, column]), nine[:, column], np.nan)
    return seen


def _attacked(shown: dict[str, Floats], four: dict[str, Floats]) -> npt.NDArray[np.int64]:
    """One school; published counts that are hidden, those worked out, and counts of 1 to 5 of any kind worked out."""
    found = np.array([1, 0, 0, 0])
    everybody = next(iter(shown.values()))
    for name in list(shown)[1:]:
        if not np.isnan(shown[name][:, list(PUBLISHED.values())]).any():
            continue
        truth = four[name] @ NINE.T
        low, high = ranges(shown[name], everybody[0], truth)
        hidden = np.isnan(shown[name][:, list(PUBLISHED.values())])
        exact = high - low < 1e-6
        if (np.abs(low[exact] - truth[exact]) > 1e-5).any():
            raise RuntimeError("the attack excludes the truth")
        found += 0, hidden.sum(), (exact[:, list(PUBLISHED.values())] & hidden).sum(), (exact & (truth > 0.5) & (truth < 5.5)).sum()
    return found


def ranges(seen: Floats, everybody: Floats, start: Floats) -> tuple[Floats, Floats]:
    """Least and most found of each of the nine counts of each group; equal only where nothing else fits what is shown.

    Parameters
    ----------
    seen : array of shape (groups, 9)
        NaN where not shown.
    everybody : array of shape (9,)
        The same of all pupils together.
    start : array of shape (groups, 9)
        The truth, which is one of the tables that fit.
    """
    groups = len(seen)
    rows, values = [], []
    for group, column in zip(*np.nonzero(~np.isnan(seen)), strict=True):
        row = np.zeros((groups, 4))
        row[group] = NINE[column]
        rows.append(row.ravel())
        values.append(seen[group, column])
    for column in np.flatnonzero(~np.isnan(everybody)):
        rows.append(np.tile(NINE[column], groups))
        values.append(everybody[column])
    allowed = {"A_eq": np.array(rows), "b_eq": np.array(values)} if rows else {}
    low, high = start.copy(), start.copy()
    rng = np.random.default_rng(groups)

    def look(direction: Floats) -> None:
        result = linprog(direction, bounds=(0, 1e6), method="highs", **allowed)
        if result.status != 0:
            raise RuntimeError("no table fits what is shown")
        table = result.x.reshape(groups, 4) @ NINE.T
        np.minimum(low, table, out=low)
        np.maximum(high, table, out=high)

    for _ in range(GLANCES):
        look(rng.standard_normal(4 * groups))
    for group in range(groups):
        for column in range(len(NINE)):
            for sign in (1.0, -1.0):
                if np.isnan(seen[group, column]) and high[group, column] - low[group, column] < 1e-6:
                    direction = np.zeros((groups, 4))
                    direction[group] = sign * NINE[column]
                    look(direction.ravel())
    return low, high
