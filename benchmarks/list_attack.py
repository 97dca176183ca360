"""Tries to work out hidden counts of who is on the list by group, from all that a page shows: linear programmes over what it allows.

python -m benchmarks.list_attack [--schools 1000]
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.fairness_attack import CONTROL, OTHERS_EVERY, ranges, school
from eswarn.evaluation.fairness.groups import Division
from eswarn.evaluation.fairness.on_the_list import on_the_list
from eswarn.evaluation.fairness.suppress import HIDDEN, NINE, PROFILES
from eswarn.evaluation.fairness.table import ALL

Floats = npt.NDArray[np.float64]
PUPILS, LISTED, NOT_LISTED = 0, 3, 4  # columns of the nine counts of suppress.py that a page can tell of
SEED = 11


def list_worked_out(schools: int, *, seed: int = SEED) -> dict[str, Any]:
    """Hidden counts of pupils and of those listed, and how many can be worked out; with a control in which small counts alone are hidden.

    Parameters
    ----------
    schools : int
        Made-up schools of 60 to 1,500 pupils in four divisions; every twentieth also under the other profiles, and as the control.
    seed : int
        Of the schools.
    """
    rng, began = np.random.default_rng([seed, 98]), time.perf_counter()
    told = {name: np.zeros(3, int) for name in (*PROFILES, CONTROL)}
    for number in range(schools):
        table = school(rng)
        four = {
            name: np.stack([part.sum(axis=1) for part in (c.found, c.leavers - c.found, c.listed - c.found,
                                                          c.pupils - c.leavers - c.listed + c.found)], axis=1)
            for name, c in table.counts.items()
        }  # fmt: skip
        listed, codes = _pupils(four, table.divisions)
        for profile in PROFILES if number % OTHERS_EVERY == 0 else ("school",):
            frame = on_the_list(codes, listed, profile=profile)
            told[profile] += _attacked({d.name: _read(frame[frame["division"] == d.name], d) for d in codes}, four)
        if number % OTHERS_EVERY == 0:
            told[CONTROL] += _attacked({d.name: _small_hidden(four[d.name]) for d in codes}, four)
    names = ("schools", "hidden", "worked_out")
    counts = {name: dict(zip(names, row.tolist(), strict=True)) for name, row in told.items()}
    return {"seed": seed, "seconds": round(time.perf_counter() - began, 1), **counts}


def _pupils(four: dict[str, Floats], divisions: Any) -> tuple[npt.NDArray[np.bool_], list[Division]]:
    """One row a pupil with the same counts: who is listed, and each division as the page divides."""
    everybody = four[ALL][0].astype(int)
    listed = np.repeat([True, False, True, False], everybody)
    codes = []
    for division in divisions:
        cells = four[division.name].astype(int)
        code = np.concatenate([np.repeat(np.arange(len(cells)), cells[:, kind]) for kind in range(4)])
        codes.append(Division(division.name, division.groups, code))
    return listed, codes


def _read(frame: Any, division: Division) -> Floats | None:
    """What a page shows of a division, NaN where hidden; None where it shows nothing of it."""
    if not len(frame):
        return None
    seen = np.full((len(division.groups), 9), np.nan)
    for name, column in (("pupils", PUPILS), ("listed", LISTED)):
        for group, text in zip(frame["group"], frame[name], strict=True):
            seen[division.groups.index(group), column] = np.nan if text == HIDDEN else float(text)
    absent = [place for place, group in enumerate(division.groups) if group not in set(frame["group"])]
    seen[absent] = 0.0  # nobody is in a group that is not named
    return seen


def _small_hidden(four: Floats) -> Floats:
    """Pupils and listed with counts of 1 to 5 hidden, and nothing else."""
    seen = np.full((len(four), 9), np.nan)
    for column, counts in ((PUPILS, four.sum(axis=1)), (LISTED, four[:, 0] + four[:, 2])):
        seen[:, column] = np.where((counts > 0) & (counts < 6), np.nan, counts)
    return seen


def _attacked(shown: dict[str, Floats | None], four: dict[str, Floats]) -> npt.NDArray[np.int64]:
    """One school; counts that are hidden, and those of them that have one value only."""
    found = np.array([1, 0, 0])
    everybody = np.full(9, np.nan)
    total = four[ALL][0]
    everybody[[PUPILS, LISTED, NOT_LISTED]] = total.sum(), total[0] + total[2], total[1] + total[3]
    for name, seen in shown.items():
        columns = [PUPILS, LISTED]
        if seen is None or not np.isnan(seen[:, columns]).any():
            continue
        cells = four[name]
        truth = cells @ NINE.T
        low, high = ranges(seen, everybody, truth)
        hidden = np.isnan(seen[:, columns])
        exact = (high - low < 1e-6)[:, columns]
        if (np.abs(low[:, columns][exact] - truth[:, columns][exact]) > 1e-5).any():
            raise RuntimeError("the attack excludes the truth")
        found += 0, hidden.sum(), (exact & hidden).sum()
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schools", type=int, default=1_000)
    print(json.dumps(list_worked_out(parser.parse_args().schools), indent=1))
