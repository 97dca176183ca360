"""The rules that count points, as data: each item with its weight, each variant with its source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eswarn.records.arrays import Floats

PERSISTENT = 0.10  # absent / possible from which a pupil is persistently absent, inclusive: Department for Education, since 2015/16


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a rule: a fact, and the points given from (or beyond) each value; the highest points reached count.

    Attributes
    ----------
    words : str
        What is asked, as it is said where these records cannot answer.
    fact : str
        Name of the fact, see `facts.facts`.
    steps : tuple of (float, int)
        Value and points.
    beyond : bool
        Whether a value has to be passed (``>``); else it is enough to reach it (``>=``).
    """

    words: str
    fact: str
    steps: tuple[tuple[float, int], ...]
    beyond: bool = False

    def points(self, value: Floats) -> Floats:
        """Points for each value; NaN where it is not known."""
        found = np.zeros(len(value))
        for step, points in self.steps:
            found = np.where(value > step if self.beyond else value >= step, np.maximum(found, points), found)
        return np.where(np.isnan(value), np.nan, found)

    @property
    def most(self) -> int:
        """The most points it can give."""
        return max(points for _, points in self.steps)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that adds up points.

    Attributes
    ----------
    name, says, source : str
        As in `Opponent`.
    items : tuple of Item
        What it asks.
    not_held : tuple of str
        What it asks for besides, and no table of eswarn holds.
    flag : int, optional
        Least points for whom the rule names; not given where it names nobody.
    bands : tuple of int
        Least points of each band above the lowest, ascending; the rule is then also given by its bands alone, the highest as its flag.
    hinge : str
        A fact without which the rule is hardly itself: it is then also given with those of whom it is not known ranked last.
    """

    name: str
    says: str
    source: str
    items: tuple[Item, ...]
    not_held: tuple[str, ...] = ()
    flag: int | None = None
    bands: tuple[int, ...] = ()
    hinge: str = ""


def _yes(words: str, fact: str, points: int) -> Item:
    return Item(words, fact, ((1, points),))


_OXFORDSHIRE = "after Oxfordshire's criteria for the risk of NEET indicator (the sheet itself not seen by us)"
_SHARED = (  # coded alike in both variants
    _yes("EHC plan", "ehcp", 2),
    _yes("SEN support", "sen_support", 1),
    _yes("free school meals", "fsm", 2),
    _yes("looked after", "looked_after", 2),
    _yes("carer", "young_carer", 2),
)
_NOT_HELD = ("alternative provision (1)", "pregnant or parent (2)", "youth offending team (2)")

ABSENCE_SOURCE = "Department for Education, pupil absence in schools: absent / possible sessions, 10 % or more since 2015/16"
RULES: tuple[Rule, ...] = (
    Rule(
        "RONI V1",
        says="risk of NEET indicator, points as one council's project coded them: attendance under 90 % 1, under 85 % 2; English as an "
        "additional language 1; EHC plan 2, SEN support 1; suspended or excluded for half of all absence or less 1, for more 2; free "
        "school meals, looked after, carer 2 each",
        source=f"DSSGxUK/s22_buckinghamshire, src/roni.py (2022), {_OXFORDSHIRE}",
        items=(
            Item("attendance", "absence", ((0.10, 1), (0.15, 2)), beyond=True),
            _yes("English as an additional language", "eal", 1),
            Item("suspensions and exclusions as a share of absence", "excluded_of_absence", ((0, 1), (0.5, 2)), beyond=True),
            *_SHARED,
        ),
        not_held=_NOT_HELD,
        hinge="absence",
    ),
    Rule(
        "RONI V2",
        says="risk of NEET indicator, points as four councils' project coded them: attendance of 90 % or less 1, 85 % or less 2; English "
        "as an additional language 1; EHC plan 2, SEN support 1; ever suspended or excluded 2; free school meals, looked after, carer 2 "
        "each; named from 3 points",
        source=f"DSSGxUK/s23_neet, neet/ml_logic/roni.py (2023), {_OXFORDSHIRE}",
        items=(
            Item("attendance", "absence", ((0.10, 1), (0.15, 2))),
            _yes("English as an additional language", "eal", 1),
            _yes("suspensions and exclusions", "ever_excluded", 2),
            *_SHARED,
        ),
        not_held=(*_NOT_HELD, "custody (2)", "English believed to be the first language, apart from known (1)"),
        flag=3,
        bands=(1, 2, 4),
        hinge="absence",
    ),
    Rule(
        "persistent absence",
        says="absent for 10 % or more of the possible sessions to date",
        source=ABSENCE_SOURCE,
        items=(Item("attendance", "absence", ((PERSISTENT, 1),)),),
        flag=1,
    ),
    Rule(
        "ABC flags",
        says="one flag each: absent for 10 % or more of the possible sessions to date; suspended or excluded in the last 365 days",
        source="attendance, behaviour, course failure, as in REL 2021-126 (Pittsburgh)",
        items=(Item("attendance", "absence", ((PERSISTENT, 1),)), _yes("suspensions and exclusions", "suspended", 1)),
        not_held=("course failure: no grades in core subjects, so AB and not ABC",),
    ),
    Rule(
        "FSM only",
        says="eligible for free school meals",
        source="the measure that funding of schools in England follows",
        items=(_yes("free school meals", "fsm", 1),),
        flag=1,
    ),
)
