"""Risk and reasons, never apart: the answer for a cohort as data, without files and without pages."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from eswarn import words
from eswarn.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    import shap

    from eswarn.model.reasons import Reason, Teller
    from eswarn.model.shown import Shown


@dataclass(frozen=True, slots=True)
class Score:
    """The whole answer for one pupil: the risk and every reason, ranked and signed.

    ``reasons`` raise the risk, strongest first; ``protective`` lower it, strongest first. Strengths are log-odds and,
    with ``base_value``, add up to ``raw_score``.
    """

    pupil_id: str
    school_id: str
    as_of: dt.date
    rank: int
    risk: float
    tier: str
    raw_score: float
    base_value: float
    reasons: tuple[Reason, ...]
    protective: tuple[Reason, ...]
    data_note: str

    def _repr_html_(self) -> str:
        """A readable card in a notebook."""
        items, lower = ("".join(map(_item, some)) for some in (self.reasons[:5], self.protective[:3]))
        return (
            f"<h4>Pupil {html.escape(self.pupil_id)}, {words.day(self.as_of)}</h4>"
            f"<p>Tier <b>{html.escape(self.tier)}</b>, rank {self.rank} in the school; "
            f"chance {words.chance(self.risk)} ({self.risk:.3f}).</p>"
            f"<p>What goes with a higher score</p><ol>{items}</ol><p>What goes with a lower score</p><ol>{lower}</ol>"
            f"<p><small>{html.escape(self.data_note)}</small></p>"
        )


def _item(reason: Reason) -> str:
    joint = ", joint: it could change places with its neighbour" if reason.joint else ""
    return f"<li>{html.escape(reason.sentence)} <small>({reason.strength:+.2f} log-odds{joint})</small></li>"


@dataclass(frozen=True, repr=False)
class Scores:
    """Scores of a cohort on one as-of date, with the reasons, the features they came from, and who has no score.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row a pupil, by school and rank: pupil_id, school_id, as_of, year_group, rank (within the school, 1 is the
        highest raw score, ties share a rank), risk (calibrated chance of leaving early within the horizon), tier,
        reason_1 …, protective, data_note.
    features : pandas.DataFrame
        pupil_id and one float64 column a feature, in the order of ``frame``; missing is NaN.
    contributions : pandas.DataFrame
        pupil_id, base_value, raw_score and one column a feature, in log-odds, in the order of ``frame``.
        ``base_value`` plus the feature columns is ``raw_score`` within 1e-9.
    not_scored : pandas.DataFrame
        pupil_id, school_id, reason, what_would_mend_it: everybody on roll without a score.
    about : mapping
        What the scores are of: as_of, model_id, trained_on, horizon_days, places, … (plain values, no pupil).
    shown : Shown, optional
        What the page shows beside them: facts from the register, how sure each chance is, groups, changes.
    """

    as_of: dt.date
    frame: pd.DataFrame
    features: pd.DataFrame
    contributions: pd.DataFrame
    not_scored: pd.DataFrame
    about: Mapping[str, Any]
    teller: Teller = field(repr=False)
    shown: Shown | None = field(default=None, repr=False)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {pupil: row for row, pupil in enumerate(self.frame["pupil_id"])}

    def __repr__(self) -> str:
        return f"Scores({self.as_of}: {len(self.frame):,} pupils scored, {len(self.not_scored):,} not)"

    def __len__(self) -> int:
        return len(self.frame)

    def __iter__(self) -> Iterator[Score]:
        return (self[pupil] for pupil in self.frame["pupil_id"])

    def __contains__(self, pupil_id: str) -> bool:
        return pupil_id in self._places

    def __getitem__(self, pupil_id: str) -> Score:
        """The whole answer for one pupil.

        Raises
        ------
        UsageError
            The pupil has no score; ``not_scored`` says why, if the pupil is on roll at all.
        """
        if pupil_id not in self._places:
            raise UsageError("no score for this pupil", do="See scores.not_scored for everybody on roll without one, and why.")
        at = self._places[pupil_id]
        row, phi = self.frame.iloc[at], self.contributions.iloc[at]
        names = list(self.features.columns[1:])
        told = self.teller.all(self.features.iloc[at][names].to_numpy(float), phi[names].to_numpy(float), row["year_group"])
        return Score(
            pupil_id=pupil_id, school_id=str(row["school_id"]), as_of=self.as_of, rank=int(row["rank"]), risk=float(row["risk"]),
            tier=str(row["tier"]), raw_score=float(phi["raw_score"]), base_value=float(phi["base_value"]),
            reasons=tuple(r for r in told if r.strength > 0), protective=tuple(r for r in reversed(told) if r.strength < 0),
            data_note=str(row["data_note"]),
        )  # fmt: skip

    def shap(self) -> shap.Explanation:
        """The Shapley values as a ``shap.Explanation`` (values in log-odds), for every shap plot."""
        import shap

        names = list(self.features.columns[1:])
        return shap.Explanation(
            values=self.contributions[names].to_numpy(float),
            base_values=self.contributions["base_value"].to_numpy(float),
            data=self.features[names].to_numpy(float),
            feature_names=names,
        )
