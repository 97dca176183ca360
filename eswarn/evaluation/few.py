"""What may be told where pupils are few: bins of chances and rules in use, without giving away one to five pupils."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eswarn.evaluation.asked import Asked, Bools, Ints, Texts
from eswarn.evaluation.bootstrap import Draws, Estimate
from eswarn.evaluation.calibrated import bins_of
from eswarn.evaluation.fairness.suppress import PROFILES
from eswarn.evaluation.metrics import listed, recall
from eswarn.evaluation.opponents import Opponent
from eswarn.model.curve import Floats

BINS = 10
LEAST = PROFILES["school"].threshold  # pupils


@dataclass(frozen=True, slots=True)
class Bin:
    """Pupils told about the same chance: how many, the mean chance, and the share who left, with its interval."""

    n: int
    risk: float
    left: Estimate


def bins(draws: Draws, risk: Floats, y: Ints, pupil: Texts) -> tuple[Bin, ...]:
    """The bins of equal mass that the ECE is made of, put together from the top until none tells of one to five leavers or stayers."""
    number, found = bins_of(risk, BINS, "mass"), list[Bools]()
    there = np.zeros(len(risk), bool)
    for one in np.unique(number)[::-1]:
        there = there | (number == one)
        if min(len(np.unique(pupil[there & (y == side)])) for side in (0, 1)) >= LEAST:
            found.append(there)
            there = np.zeros(len(risk), bool)
    if there.any():  # what is left at the bottom goes to the bin above it
        found = [*found[:-1], found[-1] | there] if found else [there]
    return tuple(
        Bin(int(rows.sum()), float(risk[rows].mean()), draws.estimate(draws.ratio(y * rows, rows), scale="share")) for rows in found[::-1]
    )


def named(rule: Opponent, asked: Asked) -> tuple[float, float, float] | None:
    """What a rule with a threshold of its own names and reaches, and what the model reaches with as many places."""
    if rule.flagged is None or not rule.flagged.any():
        return None
    share, left = float(rule.flagged.mean()), asked.left
    return share, recall(rule.flagged.astype(float), left), recall(listed(asked.score, min(share, 0.999), lists=asked.together), left)


def tells_of_few(rule: Opponent, asked: Asked) -> bool:
    """Whether a rule that parts pupils in two tells, by what it reaches, of one to five who left, or stayed, on either side of it."""
    if rule.flagged is None:
        return False
    cells = ((rule.flagged == side) & (asked.y == outcome) for side in (True, False) for outcome in (1, 0))
    return any(0 < len(np.unique(asked.pupil[cell])) < LEAST for cell in cells)
