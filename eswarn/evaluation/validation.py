"""What a validation says: the three answers first, then every figure with its interval; as text, as tables and as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eswarn.evaluation.answers import Answer, answers
from eswarn.evaluation.arbitrary import EITHER_WAY, Arbitrariness
from eswarn.evaluation.asked import Asked
from eswarn.evaluation.bootstrap import Estimate
from eswarn.evaluation.by_group import ByGroup
from eswarn.evaluation.fairness.suppress import HIDDEN
from eswarn.evaluation.few import LEAST
from eswarn.evaluation.folds import RED_LABEL
from eswarn.evaluation.judged import CURVE, Judged, RuleFigures, main_share, percent_name
from eswarn.evaluation.lead import EARLY, VERY_EARLY, Lead
from eswarn.evaluation.metrics import listed
from eswarn.evaluation.reach import EACH, TOGETHER

if TYPE_CHECKING:
    import pandas as pd

    from eswarn.model.search import Trial

FORMAT = 1
OF_FEW = ("not_scored", "leavers_not_scored", "not_known", "unknown", "gone", "leavers", "leaver_rows")  # counts that may be of few pupils
SAYS = {
    "same schools": "a later cohort of the schools learned from",
    "unseen schools": "a later cohort of schools held out whole, with everybody of their pupils' households",
    "random": RED_LABEL,
    "later cohort": "pupils on roll on later dates, scored by the model as it stands",
}


@dataclass(frozen=True, slots=True, repr=False)
class Tested:
    """One way of testing: who was asked about, what the lists reached, and how much of it is luck."""

    split: str
    folds: tuple[str, ...]
    asked: Asked
    judged: Judged
    lead: Lead
    arbitrariness: Arbitrariness | None
    tried: tuple[tuple[Trial, ...], ...] = ()
    groups: ByGroup | None = None

    @property
    def label(self) -> str:
        """The red label, where figures support no claim."""
        return RED_LABEL if self.split == "random" else ""


@dataclass(frozen=True, slots=True, repr=False)
class Validation:
    """The result of `validate` or `evaluate`.

    Attributes
    ----------
    about : mapping
        Version, hash of the records, horizon, places, draws.
    splits : tuple of Tested
        "same schools" first, then "unseen schools"; or "random" alone.
    """

    about: Mapping[str, Any]
    splits: tuple[Tested, ...]

    @property
    def label(self) -> str:
        """The red label of a random split; "" otherwise."""
        return self.splits[0].label

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The three questions of the field, answered from the first split."""
        told = answers(self.splits[0].judged)
        return (
            tuple(Answer(a.question, "cannot tell", f"{self.label}; it supports no claim. {a.says}") for a in told) if self.label else told
        )

    @property
    def frame(self) -> pd.DataFrame:
        """Rules and model side by side: reach at the places in use, its interval, and the model's lead over each."""
        import pandas as pd

        return pd.DataFrame([row for tested in self.splits for row in _rows(tested, self.about["places"])])

    @property
    def lists(self) -> pd.DataFrame:
        """One row for each pupil (by pseudonym) and date of the first split: place, chance, what happened, and whether it was luck."""
        import pandas as pd

        tested = self.splits[0]
        asked, luck = tested.asked, tested.arbitrariness
        own = listed(asked.score, tested.judged.places, lists=asked.each)
        frame = pd.DataFrame({
            "pupil_id": asked.pupil, "school_id": asked.school, "as_of": asked.as_of.astype(str), "listed": own, "risk": asked.risk,
            "left": asked.y,
        })  # fmt: skip
        if luck is not None:  # of the latest fold, whose rows stand first
            n = len(luck.flips)
            for name, values in (("flips", luck.flips), ("risk_low", luck.low), ("risk_high", luck.high)):
                frame[name] = np.append(values, np.full(len(frame) - n, np.nan))
            frame["could_go_either_way"] = (
                (frame["flips"] >= EITHER_WAY).astype("boolean").mask(frame["flips"].isna())
            )  # not asked: not told
        if self.label:
            frame["label"] = self.label
        return frame

    @property
    def groups(self) -> ByGroup | None:
        """The lists of the latest day by group; the whole table stays inside the school, ``groups.release`` may leave it."""
        return self.splits[0].groups

    def plain(self) -> dict[str, Any]:
        """Everything but the pupils, ready for JSON: what the card and the page are made from."""
        return {
            "eswarn_validation": FORMAT, "about": dict(self.about), "label": self.label,
            "answers": [{"question": a.question, "verdict": a.verdict, "says": a.says} for a in self.answers],
            "splits": [_plain_split(tested) for tested in self.splits],
        }  # fmt: skip

    def __str__(self) -> str:
        parts = [self.label.upper()] if self.label else []
        parts += [f"{answer.question}\n  {answer.says}" for answer in self.answers]
        for tested in self.splits:
            n, own = tested.judged.n, tested.judged.figures
            who = f"{n['leavers']:,} leavers among {n['pupils']:,} pupils of {n['schools']:,} schools on {n['dates']} dates"
            parts += [f"{tested.split}: {SAYS[tested.split]}; {who}", *(f"  {fold}" for fold in tested.folds)]
            alike = {figure.estimate.why for figure in own if figure.estimate.low == figure.estimate.low}
            parts += [f"  of all intervals: {why}" for why in alike if why]
            parts += [f"  {f.says}: {_brief(f.estimate)}" for f in own]
            parts += [str(tested.arbitrariness)] if tested.arbitrariness else []
        return "\n".join(parts)


def _brief(estimate: Estimate) -> str:
    if estimate.low != estimate.low:
        return f"{estimate.value:.3f} ({estimate.why or 'no interval'})"
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})" + (f", {estimate.told}" if estimate.told else "")


def _rows(tested: Tested, places: float) -> list[dict[str, Any]]:
    """A row for the model and each rule, every estimate in columns of its own."""
    own, share = tested.judged, main_share(places)
    reach = {how: own.figure(f"recall_{percent_name(share)}_{how}") for how in (TOGETHER, EACH)}
    rows: list[dict[str, Any]] = [{"rule": "eswarn", **reach, "auc": own.figure("auc"), "lacks": ""}]
    rows += [
        {
            "rule": rule.name, **{how: rule.reach[how][share] for how in (TOGETHER, EACH)}, "auc": rule.auc,
            "lead": rule.difference[TOGETHER][share], "places_needed": rule.places_needed, "lacks": "; ".join(rule.lacks),
        }
        for rule in own.rules
    ]  # fmt: skip
    return [
        ({"label": tested.label} if tested.label else {}) | {"split": tested.split, "places": share} | {"lead_told": ""} | _flat(row)
        for row in rows
    ]


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Estimate):
            flat |= {key: value.value, f"{key}_low": value.low, f"{key}_high": value.high, f"{key}_told": value.told}
        else:
            flat[key] = value
    return flat


def _plain_split(tested: Tested) -> dict[str, Any]:
    own = tested.judged
    few = {rule.name for rule in own.rules if rule.of_few}
    told: dict[str, Any] = {
        "split": tested.split, "says": SAYS[tested.split], "folds": list(tested.folds),
        "n": {name: HIDDEN if 0 < n < LEAST and name in OF_FEW else n for name, n in own.n.items()},
        "figures": [{"name": f.name, "says": f.says, **_plain(f.estimate)} for f in own.figures],
        "shares": list(own.rules[0].reach[EACH]) if own.rules else [],
        "rules": [_plain_rule(rule, claims=not tested.label) for rule in own.rules],
        "curves": {"places": list(CURVE), "lines": {
            name: [_number(v) for v in line] for name, line in own.curves.items() if name not in few
        }},
        "calibration": {
            "bins": [{"n": b.n, "risk": _number(b.risk)} | {
                name: _number(value) for name, value in (("left", b.left.value), ("low", b.left.low), ("high", b.left.high))
                if name == "left" or not b.left.told
            } for b in own.bins],
            "ece": _number(own.ece), "ece_null": _number(own.ece_by_luck), "ece_null_95": _number(own.ece_limit),
        },
        "lead": {
            "median_weeks": _number(tested.lead.median), "share_6": _number(tested.lead.share_of(EARLY)),
            "share_12": _number(tested.lead.share_of(VERY_EARLY)), "weeks_per_leaver": _number(tested.lead.weeks_per_leaver),
        },
        "twice": [{"says": says, **{name: _plain(e) for name, e in told.items()}} for says, told in own.twice.items()],
        "search": [[{"settings": dict(t.settings), "log_loss": _number(t.log_loss)} for t in trials] for trials in tested.tried],
    }  # fmt: skip
    if (luck := tested.arbitrariness) is not None:
        told["arbitrariness"] = {"models": luck.models, "drawn": luck.drawn, "says": str(luck)} | {
            name: _number(getattr(luck, name)) for name in ("overlap", "always", "ever", "flipped", "unmarked")
        }
    if tested.groups is not None:
        told["groups"] = tested.groups.plain()
    return told


def _plain_rule(rule: RuleFigures, *, claims: bool) -> dict[str, Any]:
    """One rule; without its figures where they would tell of few pupils, and without a claim where the split supports none."""

    def by_share(table: Mapping[str, Mapping[float, Estimate]], *, claims: bool = True) -> dict[str, dict[str, Any]]:
        return {how: {f"{share:g}": _hidden(_plain(e, claims=claims)) for share, e in told.items()} for how, told in table.items()}

    def _hidden(told: dict[str, Any]) -> dict[str, Any]:
        return {"value": None, "low": None, "high": None, "told": "cannot tell", "note": "", "hidden": True} if rule.of_few else told

    whole = rule.named is not None and not rule.of_few
    named = dict(zip(("pupils", "reach", "reach_of_the_model"), map(_number, rule.named or ()), strict=True)) if whole else None
    return {
        "name": rule.name, "says": rule.says, "source": rule.source, "lacks": list(rule.lacks), "reach": by_share(rule.reach),
        "difference": by_share(rule.difference, claims=claims), "auc": _hidden(_plain(rule.auc)),
        "places_needed": None if rule.of_few else _number(rule.places_needed), "named": named,
    }  # fmt: skip


def _plain(estimate: Estimate, *, claims: bool = True) -> dict[str, Any]:
    return {
        "value": _number(estimate.value), "low": _number(estimate.low), "high": _number(estimate.high),
        "told": (estimate.told or "interval") if claims else "cannot tell", "note": estimate.why if claims else RED_LABEL,
    }  # fmt: skip


def _number(value: float) -> float | None:
    """Six decimals are enough; what is not defined is null."""
    return round(float(value), 6) if math.isfinite(value) else None
