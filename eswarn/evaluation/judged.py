"""One test judged: how far the list reaches, beside every rule, on the same pupils, places and draws of schools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eswarn import words
from eswarn.evaluation.asked import Asked, Ints
from eswarn.evaluation.bootstrap import Draws, Estimate, Scale, draw
from eswarn.evaluation.calibrated import ece, ece_by_luck
from eswarn.evaluation.few import BINS, Bin, bins, named, tells_of_few
from eswarn.evaluation.metrics import equivalent_places, listed, listed_at, recall, value_of_a_place
from eswarn.evaluation.opponents import Opponent
from eswarn.evaluation.reach import EACH, TOGETHER, Drawn
from eswarn.evaluation.redrawn import calibration
from eswarn.model.curve import Floats

SHARES = (0.02, 0.05, 0.10)  # places as a share of the pupils, at which every list is judged
CURVE = tuple(round(0.01 * i, 2) for i in range(31))  # places as a share of the pupils, of the lines of a reach curve
MAIN_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the model: its name, what it is called, and its estimate."""

    name: str
    says: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """How one rule does beside the model.

    Attributes
    ----------
    name, says, source : str
    lacks : tuple of str
        What the rule asks for and these records do not have.
    reach : mapping of str to mapping of float to Estimate
        Share of the leavers with a place, by how places are given ("together": to all schools of a date, "each": to each school)
        and by the share of pupils who get one.
    difference : same
        Reach of the model less reach of the rule, on the same draws.
    auc : Estimate
        Pairs of the same date.
    places_needed : float
        How many times the places of the model the rule needs to reach as many leavers; inf where it never does.
    named : tuple of (float, float, float) or None
        Where the rule has a threshold of its own: share of pupils it names, share of leavers among all it reaches with them, and the
        share the model reaches with as many places.
    of_few : bool
        Whether its figures would tell of one to five pupils, so that they stay inside the school.
    """

    name: str
    says: str
    source: str
    lacks: tuple[str, ...]
    reach: Mapping[str, Mapping[float, Estimate]]
    difference: Mapping[str, Mapping[float, Estimate]]
    auc: Estimate
    places_needed: float
    named: tuple[float, float, float] | None
    of_few: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """What one test says.

    Attributes
    ----------
    n : mapping of str to int
        rows, pupils, schools, dates, leavers, leaver_rows, not_scored, unknown (destination), gone (before the list, and left).
    figures : tuple of Figure
        Of the model, at all places.
    places : float
        Places of a list, as in use.
    rules : tuple of RuleFigures
    bins : tuple of Bin
    ece, ece_by_luck, ece_limit : float
        Over ten bins of equal mass; what exact chances would give by luck, in the middle and in 95 of 100 cases.
    curves : mapping of str to array
        Reach of the model and of each rule at the places of `CURVE`, given to all schools of a date together.
    twice : mapping of str to mapping of str to Estimate
        Reach and AUC as if all, or none, of those of unknown destination had left; and without those already gone.
    """

    n: Mapping[str, int]
    figures: tuple[Figure, ...]
    places: float
    rules: tuple[RuleFigures, ...]
    bins: tuple[Bin, ...]
    ece: float
    ece_by_luck: float
    ece_limit: float
    curves: Mapping[str, Floats]
    twice: Mapping[str, Mapping[str, Estimate]]

    def figure(self, name: str) -> Estimate:
        """A figure of the model by its name."""
        return next(figure.estimate for figure in self.figures if figure.name == name)

    def rule(self, name: str) -> RuleFigures:
        """A rule by its name."""
        return next(rule for rule in self.rules if rule.name == name)


def judged(asked: Asked, rules: Sequence[Opponent], *, places: float, household: Ints, draws: int, seed: int) -> Judged:
    """Judge a list beside the rules.

    Parameters
    ----------
    asked : Asked
        Everybody on roll on the dates of the test.
    rules : sequence of Opponent
        Their answers for each row of ``asked``; ``-inf`` where there is none.
    places : float
        Of each list: a share or a number; that at 2, 5 and 10 % are judged, too.
    household : array of int
        Of each row; drawn where there is one school only.
    draws, seed : int
        Bootstrap of whole schools.
    """
    shares = tuple(sorted({*SHARES, places} if places < 1 else {*SHARES}))
    drawn = Drawn(asked, draw(asked.school, household=household, n=draws, seed=seed), asked.each, asked.together, shares)
    left, known = asked.left, asked.known & asked.scored
    reach = drawn.reach(asked.score, left)
    of_known, risk, y = replace(drawn.draws, cluster=drawn.draws.cluster[known]), asked.risk[known], asked.y[known].astype(np.int64)
    return Judged(
        _counts(asked), (*_of_chances(drawn, of_known, risk, y), *_of_lists(drawn, reach, places)), places,
        tuple(_beside(rule, drawn, reach, places) for rule in rules), bins(of_known, risk, y, asked.pupil[known]),
        ece(risk, y, bins=BINS, equal="mass"), *ece_by_luck(risk, who=asked.pupil[known], bins=BINS, equal="mass"),
        {"model": _curve(asked.score, left, drawn.together), **{r.name: _curve(r.score, left, drawn.together) for r in rules}},
        _twice(drawn, places),
    )  # fmt: skip


def _beside(rule: Opponent, drawn: Drawn, reach: Mapping[str, Floats], places: float) -> RuleFigures:
    """One rule beside the model, whose reach under the same draws is given."""
    asked, left, estimate = drawn.asked, drawn.asked.left, drawn.draws.estimate
    share = main_share(places)
    its, own = drawn.reach(rule.score, left), listed(asked.score, share, lists=drawn.together)
    needed = equivalent_places(rule.score, left, float(own @ left), places=share, lists=drawn.together) / own.sum()

    def by_share(of: Mapping[str, Floats], scale: Scale) -> dict[str, dict[float, Estimate]]:
        return {how: {s: _kept(estimate(told[:, i], scale=scale)) for i, s in enumerate(drawn.shares)} for how, told in of.items()}

    return RuleFigures(
        rule.name, rule.says, rule.source, rule.lacks, by_share(its, "share"), by_share({h: reach[h] - its[h] for h in its}, "difference"),
        estimate(drawn.areas(rule.score, asked.y)[0], scale="share"), float(needed), named(rule, asked), tells_of_few(rule, asked),
    )  # fmt: skip


def _of_chances(drawn: Drawn, known: Draws, risk: Floats, y: Ints) -> tuple[Figure, ...]:
    """How well pupils are ranked and chances meant, whatever the places."""
    auc, average = drawn.areas(drawn.asked.score, drawn.asked.y)
    within = drawn.auc_within(drawn.asked.score, drawn.asked.y)
    slope, intercept = calibration(known, risk, y)
    everybody = np.ones(len(y))
    base = known.ratio(y, everybody)
    skill = 1 - np.divide(known.ratio((risk - y) ** 2, everybody), base * (1 - base), out=np.full(len(base), np.nan), where=base > 0)
    told: tuple[tuple[str, str, Floats, Scale], ...] = (
        ("auc", "AUC, pairs of the same date", auc, "share"),
        ("auc_within_schools", "AUC, pairs of the same school and date", within, "share"),
        ("average_precision", "average precision (chance level: the base rate)", average, "share"),
        ("base_rate", "base rate: share of pupils who left early", base, "share"),
        ("brier_skill", "Brier skill against the base rate", skill, "difference"),
        ("observed_over_expected", "leavers over the sum of chances (1 is right)", known.ratio(y, risk), "ratio"),
        ("slope", "calibration slope (1 is right)", slope, "difference"),
        ("intercept", "calibration intercept (0 is right)", intercept, "difference"),
    )
    return tuple(Figure(name, says, known.estimate(values, scale=scale)) for name, says, values, scale in told)


def _of_lists(drawn: Drawn, reach: Mapping[str, Floats], places: float) -> tuple[Figure, ...]:
    """How far the lists reach, at each share of places and at the places in use."""
    asked, left, draws = drawn.asked, drawn.asked.left, drawn.draws
    found = []
    for i, share in enumerate(drawn.shares):
        cut = listed(asked.score, share, lists=drawn.each)
        name, said = percent_name(share), words.share(share)
        for how, where in ((EACH, "in each school"), (TOGETHER, "over all schools")):
            found.append(
                Figure(f"recall_{name}_{how}", f"recall, {said} of places {where}", draws.estimate(reach[how][:, i], scale="share"))
            )
        precise = draws.estimate(draws.ratio(cut * left, cut * asked.known), scale="share")
        found.append(Figure(f"precision_{name}_each", f"precision, {said} of places in each school", precise))
    own, known = listed(asked.score, places, lists=drawn.each), asked.known
    base = float(left.sum() / known.sum())
    benefit = draws.ratio((own * left - base / (1 - base) * own * (1 - left)) * known, known)
    more = value_of_a_place(asked.score, left, places, lists=drawn.each)
    return (
        *found,
        Figure("recall_in_use", "recall at the places in use", draws.estimate(draws.ratio(own * left, left), scale="share")),
        Figure("net_benefit", "net benefit at the places in use, if a place is worth giving from the base rate on",
               draws.estimate(benefit, scale="difference")),
        Figure("value_of_5_percent_more_places", "recall gained by 5 % more places", _bare(more, draws)),
    )  # fmt: skip


def _kept(estimate: Estimate) -> Estimate:
    """A difference of two shares lies between -1 and 1, and so does its interval."""
    return replace(estimate, low=max(estimate.low, -1.0), high=min(estimate.high, 1.0)) if estimate.low == estimate.low else estimate


def _bare(value: float, draws: Draws) -> Estimate:
    """A figure to read, from which nothing is claimed: it has no interval, and says so."""
    return Estimate(value, float("nan"), float("nan"), "cannot tell", draws.clusters, why="no interval is worked out for it")


def main_share(places: float) -> float:
    """The share of pupils at which rules are compared first: the places in use, or 5 % where these are a number in each school."""
    return places if places < 1 else MAIN_SHARE


def percent_name(share: float) -> str:
    """A share of places as a part of the name of a figure: 0.05 is 5, and 0.025 is 2_5."""
    return f"{100 * share:g}".replace(".", "_")


def _counts(asked: Asked) -> dict[str, int]:
    left = asked.left == 1
    return {
        "rows": len(asked), "pupils": len(np.unique(asked.pupil)), "schools": len(np.unique(asked.school)),
        "dates": len(np.unique(asked.as_of)), "leavers": len(np.unique(asked.pupil[left])), "leaver_rows": int(left.sum()),
        "not_scored": int((~asked.scored).sum()), "leavers_not_scored": int((left & ~asked.scored).sum()),
        "not_known": int((~asked.known).sum()), "unknown": int(asked.unknown.sum()), "gone": int((asked.gone & left).sum()),
    }  # fmt: skip


def _curve(score: Floats, left: Ints, lists: Ints) -> Floats:
    return np.array([0.0, *(recall(place, left) for place in listed_at(score, CURVE[1:], lists=lists).T)])


def _twice(drawn: Drawn, places: float) -> dict[str, dict[str, Estimate]]:
    """Reach at the places in use and AUC, when what is not known, or known too well, is taken otherwise."""
    asked, estimate = drawn.asked, drawn.draws.estimate
    own = listed(asked.score, places, lists=drawn.each)
    gone = asked.gone & (asked.left == 1)
    told = {}
    for says, other in (
        ("as if all whose destination is unknown had left early", asked.as_if(True)),
        ("as if none whose destination is unknown had left early", asked.as_if(False)),
        ("without those already gone when the list was drawn", replace(asked, y=np.where(gone, np.nan, asked.y))),
    ):
        told[says] = {
            "recall": estimate(drawn.draws.ratio(own * other.left, other.left), scale="share"),
            "auc": estimate(drawn.areas(asked.score, other.y)[0], scale="share"),
        }  # fmt: skip
    return told
