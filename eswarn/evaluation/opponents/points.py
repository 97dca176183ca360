"""Rules that count points, and absence ranked: scores of pupils, with what is not known at the mean of what is.

A missing fact is neither "no" nor 0 points: it counts the mean points of those training rows that have it, so that a pupil is not
listed last for a gap in the records. Whoever has no known attendance is also ranked last in a second form of the rules that hinge on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from eswarn.evaluation.opponents.facts import Told, mean_known
from eswarn.evaluation.opponents.opponent import Opponent
from eswarn.evaluation.opponents.rules import ABSENCE_SOURCE, RULES, Rule
from eswarn.records.arrays import Bools, Floats

LAST = "unknown attendance last"
RANKED = (  # both, as a list by the year to date is what schools draw, and one by a whole year is mostly the better one
    ("ranked absence", "absent / possible sessions to date, highest first", "absence"),
    ("ranked absence, one year", "absent / possible sessions of the last 365 days, highest first", "absence_in_a_year"),
)


@dataclass(frozen=True, slots=True)
class _Counted:
    """Points of each row: those known, those put in for what is not, and the items that no row can answer."""

    known: Floats
    guessed: Floats
    lacks: tuple[str, ...]


def points(train: Told, test: Told, by_code: frozenset[str]) -> Iterator[Opponent]:
    """The rules of `RULES`, then those of `RANKED`.

    Parameters
    ----------
    train, test : mapping of str to array
        Facts of the rows learned from and asked about.
    by_code : frozenset of str
        Facts of the test rows that register code E alone tells.
    """
    for rule in RULES:
        counted = _count(rule, train, test, by_code)
        score = counted.known + counted.guessed
        flagged = None if rule.flag is None else counted.known >= rule.flag
        yield Opponent(rule.name, rule.says, rule.source, score, flagged, None, counted.lacks)
        if rule.hinge:
            yield _last(rule.name, rule.says, rule.source, score, flagged, np.isnan(test[rule.hinge]), counted.lacks)
        if rule.bands:
            named = f"{rule.bands[-1]} points or more"
            yield Opponent(
                f"{rule.name} bands", f"the same points in bands from {', '.join(map(str, rule.bands))}; named from {named}", rule.source,
                np.searchsorted(rule.bands, score, side="right").astype(float), counted.known >= rule.bands[-1], None, counted.lacks,
            )  # fmt: skip
    for name, says, fact in RANKED:
        yield _ranked(name, says, train[fact], test[fact])


def _count(rule: Rule, train: Told, test: Told, by_code: frozenset[str]) -> _Counted:
    rows = len(test["absence"])
    known, guessed, lacks = np.zeros(rows), np.zeros(rows), []
    for item in rule.items:
        found = item.points(test[item.fact])
        missing = np.isnan(found)
        if missing.all():
            lacks.append(item.words)
            continue
        if item.fact in by_code:
            lacks.append(f"a table of suspensions (register code E stands in for {item.words})")
        known += np.where(missing, 0, found)
        guessed += np.where(missing, mean_known(item.points(train[item.fact]), otherwise=item.most / 2), 0)
    return _Counted(known, guessed, (*lacks, *rule.not_held))


def _ranked(name: str, says: str, train: Floats, test: Floats) -> Opponent:
    missing = np.isnan(test)
    score = np.where(missing, mean_known(train, otherwise=0.0), test)
    return Opponent(name, says, ABSENCE_SOURCE, score, None, None, ("attendance",) if missing.all() else ())


def _last(name: str, says: str, source: str, score: Floats, flagged: Bools | None, missing: Bools, lacks: tuple[str, ...]) -> Opponent:
    """The same rule with those of whom its chief fact is not known ranked last; where that is everybody, nobody is told apart by it."""
    last = score if missing.all() else np.where(missing, -np.inf, score)
    return Opponent(f"{name}, {LAST}", f"{says}; {LAST}", source, last, flagged, None, lacks)
