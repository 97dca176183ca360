"""What people are shown beside scores and reasons: the facts of each pupil, how sure the chance is, who is listed, what has changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from eswarn.features.pupil_facts import PupilFacts
from eswarn.model.curve import Floats

if TYPE_CHECKING:
    import pandas as pd

    from eswarn.model.issue import Ints


@dataclass(frozen=True, repr=False)
class Changes:
    """How the list differs from that of an earlier run.

    Attributes
    ----------
    as_of : date
        As-of date of the earlier run.
    output_id : str
        Id of its output.
    same_model : bool
        Whether both runs used one model; if not, ranks may have moved for that alone.
    places : mapping
        Places, next in line and places by year group of the earlier run, as ``Scores.about`` has them.
    frame : pandas.DataFrame
        One row for everybody who is on either list, those who have left last: see `eswarn.model.changes.changes`.
    """

    as_of: dt.date
    output_id: str
    same_model: bool
    places: Mapping[str, Any]
    frame: pd.DataFrame


@dataclass(frozen=True, repr=False)
class Shown:
    """What the page and the spreadsheet show beside the scores, row by row in the order of ``Scores.frame``.

    Attributes
    ----------
    facts : PupilFacts
        What the records say of each pupil.
    low, high : array of float
        Between these the chance would lie by 19 of 20 models that had learned from other draws of the same pupils; a shift that is
        common to all pupils is left out.
    groups : pandas.DataFrame, optional
        Who is listed, by group; small counts hidden. Text.
    changes : Changes, optional
        What has changed since an earlier run.
    """

    facts: PupilFacts
    low: Floats
    high: Floats
    groups: pd.DataFrame | None = None
    changes: Changes | None = None

    def rows(self, order: Ints, pupils: Iterable[str]) -> Shown:
        """The same of some pupils, in another order; ``pupils`` are their identifiers."""
        return replace(self, facts=self.facts.rows(order, pupils), low=self.low[order], high=self.high[order])
