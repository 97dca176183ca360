"""Are some groups of pupils given vaguer or less actionable reasons than others? Compared on the flagged pupils, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eswarn import words
from eswarn.evaluation.audit.lines import TITLES, Check, Run
from eswarn.model.curve import Floats

LEAST = 10  # pupils on either side of a comparison that is shown
ALLOWED = {"sentences": 0.5, "actionable": 0.2}  # how far apart two groups may be: sentences, and share of the reasons
CERTAINTY = 0.95  # of all intervals together
DRAWS, SEED = 20_000, 10


@dataclass(frozen=True, slots=True)
class Gap:
    """What flagged pupils of a group are given, less what the other flagged pupils are given.

    Attributes
    ----------
    group : str
        Protected column: those who have it, or whose number is at most the middle of those known, against the others.
    what : str
        "sentences" (how many) or "actionable" (share of a pupil's reasons about which a school can do something).
    pupils, others : int
        Compared.
    value, low, high : float
        The difference, and its interval: as far up and down as bootstrap draws of both sides from all of them together differ. It is so
        wide that in 95 runs of 100 none of them leaves out 0 where all groups are treated alike. (Drawn from each side apart, the many
        small groups of one school raised a false alarm in 22 of 100 simulated runs.)
    """

    group: str
    what: str
    pupils: int
    others: int
    value: float
    low: float
    high: float

    @property
    def shown(self) -> bool:
        """Whether the two are further apart than allowed, and not by chance."""
        return abs(self.value) > ALLOWED[self.what] and (self.low > 0 or self.high < 0)

    def __str__(self) -> str:
        scale, unit = (1, "sentences") if self.what == "sentences" else (100, "percentage points of actionable reasons")
        low, high = (f"{scale * bound:+.{2 if scale == 1 else 0}f}" for bound in (self.low, self.high))
        return f"{self.group} {scale * self.value:+.{2 if scale == 1 else 0}f} {unit} ({low} to {high})"


def gaps(run: Run) -> list[Gap]:
    """Every comparison of two groups with at least ten flagged pupils each; none without training rows, which bring the groups."""
    flagged = np.flatnonzero(run.flagged)
    many = [len(run.sentences[row]) for row in flagged]
    reasons, _ = run.model.teller.top(run.table[flagged], run.values[flagged], run.year_group[flagged], n=max([1, *many]))
    actionable = {feature.column: feature.actionable for feature in run.model.features}
    given = {
        "sentences": np.array(many, float),
        "actionable": np.array([np.mean([actionable[reason.column] for reason in told]) if told else np.nan for told in reasons]),
    }
    compared = []
    for name, values in (run.training.groups if run.training else {}).items():
        member = _members(values[flagged])
        for what, counts in given.items():
            inside, outside = (counts[(member == side) & ~np.isnan(counts)] for side in (1, 0))
            if min(len(inside), len(outside)) >= LEAST:
                compared.append((name, what, inside, outside))
    rng = np.random.default_rng(SEED)
    found = []
    for name, what, a, b in compared:
        together, value = np.concatenate([a, b]), float(a.mean() - b.mean())
        apart = np.abs(means_drawn(together, len(a), rng) - means_drawn(together, len(b), rng))
        room = float(np.quantile(apart, 1 - (1 - CERTAINTY) / len(compared)))
        found.append(Gap(name, what, len(a), len(b), value, value - room, value + room))
    return found


def _members(values: Floats) -> Floats:
    """1 for the pupils of the group, 0 for the others, NaN where not known; a number is cut at the middle of those known."""
    known = values[~np.isnan(values)]
    yes = values > 0 if np.isin(known, (0, 1)).all() else values <= np.median(known)
    return np.where(np.isnan(values), np.nan, yes)


def means_drawn(values: Floats, n: int, rng: np.random.Generator) -> Floats:
    """The mean of each of 20,000 bootstrap draws of ``n``; of few distinct values, so that only how often each is drawn needs drawing."""
    distinct, counts = np.unique(values, return_counts=True)
    drawn: npt.NDArray[np.int64] = rng.multinomial(n, counts / len(values), DRAWS)
    return np.asarray(drawn @ distinct / n)


def comparison(run: Run) -> Check:
    """E10: failed where a group is shown to be given half a sentence or 20 points of actionable reasons more or less."""
    title = TITLES["E10"]
    if run.training is None:
        return Check("E10", title, "cannot tell", "give the records, which hold the groups:  --records DIR")
    found = gaps(run)
    if not found:
        return Check("E10", title, "cannot tell", f"no group has {LEAST} flagged pupils in it and {LEAST} outside")
    shown = [gap for gap in found if gap.shown]
    if shown:
        return Check("E10", title, "failed", "shown: " + "; ".join(map(str, shown)))
    widest = [
        max((gap for gap in found if gap.what == what), key=lambda gap: abs(gap.value), default=None) for what in ALLOWED
    ]  # fmt: skip
    groups = words.count(len({gap.group for gap in found}), "group")
    figure = f"{groups} of {LEAST} flagged pupils or more, none shown to be apart; furthest: " + "; ".join(str(g) for g in widest if g)
    return Check("E10", title, "passed", figure)
