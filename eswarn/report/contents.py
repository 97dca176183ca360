"""What the page says: scores sorted into schools, tiers and finished phrases, as plain data for the template."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eswarn import words
from eswarn.report.english import TEXT

if TYPE_CHECKING:
    import pandas as pd

    from eswarn.model.scores import Scores

LISTED = tuple(tier for tier in words.TIERS if tier != "universal")


@dataclass(frozen=True, slots=True)
class Row:
    """One pupil on the list. ``pupil`` is the pseudonym; ``name`` is empty where none was given."""

    rank: int
    pupil: str
    name: str
    year: str
    tier: str
    chance: str
    percent: str
    reasons: tuple[str, ...]
    protective: str
    note: str


@dataclass(frozen=True, slots=True)
class Unscored:
    """One pupil without a score."""

    pupil: str
    name: str
    reason: str
    mend: str


@dataclass(frozen=True, slots=True)
class School:
    """One school: how many pupils are in each tier, who is listed, and who has no score."""

    school_id: str
    counts: Mapping[str, int]
    listed: Mapping[str, tuple[Row, ...]]
    unscored: tuple[Unscored, ...]

    @property
    def scored(self) -> int:
        """Pupils with a score, listed or not."""
        return sum(self.counts.values())

    @property
    def sentence(self) -> str:
        """The counts of the school in one line."""
        counts = {tier: words.number(self.counts[tier]) for tier in words.TIERS}
        return TEXT["school_counts"].format(scored=words.count(self.scored, "pupil"), **counts)


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page: counts over all schools, finished sentences, and the schools in the order of their ids."""

    day: str
    named: bool
    counts: Mapping[str, int]
    unscored_reasons: tuple[tuple[str, int], ...]
    summary: tuple[str, ...]
    made_of: tuple[str, ...]
    schools: tuple[School, ...]

    @property
    def unscored(self) -> int:
        """Pupils on roll without a score."""
        return sum(number for _, number in self.unscored_reasons)


def contents(scores: Scores, names: Mapping[str, str]) -> Page:
    """Sort scores into what the page shows. Pupils in the universal tier are counted, not listed."""
    day = words.day(scores.as_of)
    schools = _schools(scores.frame, scores.not_scored, names)
    reasons = Counter(row.reason for school in schools for row in school.unscored)
    counts = {tier: sum(school.counts[tier] for school in schools) for tier in words.TIERS}
    return Page(
        day=day,
        named=bool(names),
        counts=counts,
        unscored_reasons=tuple(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        summary=_summary(scores, day, len(schools), counts["priority"]),
        made_of=_made_of(scores.about),
        schools=schools,
    )


def _schools(frame: pd.DataFrame, not_scored: pd.DataFrame, names: Mapping[str, str]) -> tuple[School, ...]:
    counts = Counter(zip(frame["school_id"], frame["tier"], strict=True))
    listed: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for school, row in _rows(frame[frame["tier"].isin(LISTED)], names):
        listed[school, row.tier].append(row)
    unscored: dict[str, list[Unscored]] = defaultdict(list)
    for pupil, school, reason, mend in not_scored[["pupil_id", "school_id", "reason", "what_would_mend_it"]].itertuples(index=False):
        unscored[school].append(Unscored(pupil=pupil, name=names.get(pupil, ""), reason=reason, mend=mend))
    return tuple(
        School(
            school_id=school,
            counts={tier: counts[school, tier] for tier in words.TIERS},
            listed={tier: tuple(listed[school, tier]) for tier in LISTED},
            unscored=tuple(unscored[school]),
        )
        for school in sorted({*frame["school_id"], *not_scored["school_id"]})
    )


def _rows(frame: pd.DataFrame, names: Mapping[str, str]) -> list[tuple[str, Row]]:
    reasons = [column for column in frame.columns if column.startswith("reason_")]
    years = frame["year_group"].astype("float64")
    return [
        (
            row["school_id"],
            Row(
                rank=int(row["rank"]),
                pupil=row["pupil_id"],
                name=names.get(row["pupil_id"], ""),
                year=words.year_group(year),
                tier=row["tier"],
                chance=words.chance(row["risk"]),
                percent=words.chance_percent(row["risk"]),
                reasons=tuple(row[column] for column in reasons if row[column]),
                protective=row["protective"],
                note=row["data_note"],
            ),
        )
        for row, year in zip(frame.to_dict("records"), years, strict=True)
    ]


def _summary(scores: Scores, day: str, schools: int, priority: int) -> tuple[str, ...]:
    """What the figures mean, from the frame itself: a count in ``about`` is never repeated here."""
    if not len(scores):
        return (TEXT["none_scored"],)
    risk, beyond = scores.frame["risk"], scores.frame["tier"] != "priority"
    return (
        TEXT["in_schools"].format(
            scored=words.count(len(scores), "pupil"), schools=words.count(schools, "school"), unscored=words.number(len(scores.not_scored))
        ),
        TEXT["chance_is"].format(horizon=_horizon(scores.about, day)),
        f"{_places(scores.about, priority)} {TEXT['ties']}",
        TEXT["missed"].format(leavers=words.expected(math.fsum(risk)), beyond=words.expected(math.fsum(risk[beyond]))),
    )


def _horizon(about: Mapping[str, Any], day: str) -> str:
    until, days = about.get("horizon_until"), about.get("horizon_days")
    if until:
        return TEXT["horizon_until"].format(day=words.day(dt.date.fromisoformat(str(until)[:10])))
    return TEXT["horizon_days"].format(period=words.period(int(days)), day=day) if days else TEXT["horizon_unknown"]


def _places(about: Mapping[str, Any], priority: int) -> str:
    places = about.get("places")
    if places is None:
        return TEXT["places_unknown"].format(priority=words.number(priority))
    if places < 1:
        return TEXT["places_share"].format(share=words.share(places))
    return TEXT["places_number"].format(number=words.number(places))


def _made_of(about: Mapping[str, Any]) -> tuple[str, ...]:
    """Model and version, each only where it is known; the id is cut to twelve characters, enough to find it again."""
    values = {key: str(about.get(key) or "") for key in ("model_id", "trained_on", "version")}
    said = {
        "model": values["model_id"][:12],
        "trained_on": values["trained_on"],
        "made_by": values["version"],
    }
    return tuple(TEXT[key].format(value) for key, value in said.items() if value)
