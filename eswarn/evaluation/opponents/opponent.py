"""Opponent: what one rule says of each pupil asked about, beside where the rule comes from and what it could not see."""

from __future__ import annotations

from dataclasses import dataclass

from eswarn.records.arrays import Bools, Floats


@dataclass(frozen=True, slots=True)
class Opponent:
    """One rule that a model has to be compared with, answered for each row of a test block.

    Attributes
    ----------
    name : str
        Such as "ranked absence".
    says : str
        What the rule does, in one line.
    source : str
        Where its definition comes from.
    score : array of float, shape (n,)
        Higher is riskier. Ties are meant: no rule is made finer than it is. ``-inf``: not ranked, so listed last and missed.
    flagged : array of bool, shape (n,), or None
        Whom the rule itself names, where it has a threshold of its own. Nobody is named for what is not known.
    risk : array of float, shape (n,), or None
        Its chance of leaving early, where the rule gives one.
    lacks : tuple of str
        What the rule asks for and these records do not have.
    """

    name: str
    says: str
    source: str
    score: Floats
    flagged: Bools | None
    risk: Floats | None
    lacks: tuple[str, ...]
