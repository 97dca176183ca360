"""What the page says: scores sorted into schools, tiers and finished phrases, as plain data for the templates."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from eswarn import words
from eswarn.errors import UsageError
from eswarn.features.attendance import Attendance, questions
from eswarn.report.about import About
from eswarn.report.locales import Locale
from eswarn.report.pictures import sparkline

if TYPE_CHECKING:
    from eswarn.model.scores import Scores
    from eswarn.model.shown import Shown

LISTED = tuple(tier for tier in words.TIERS if tier != "universal")


@dataclass(frozen=True, slots=True)
class Row:
    """One pupil on the list. ``pupil`` is the pseudonym; ``name`` is empty where none was given; ``at`` is the place in the scores."""

    at: int
    rank: int
    pupil: str
    name: str
    school_id: str
    year: str
    year_number: float
    form: str
    tier: str
    risk: float
    chance: str
    percent: str
    low: float
    high: float
    between: str
    change: str
    changed: str
    was_rank: float
    line: Markup
    attended: float
    attended_lately: float
    attendance: tuple[str, ...]
    reasons: tuple[str, ...]
    themes: tuple[str, ...]
    protective: str
    checks: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Unscored:
    """One pupil without a score."""

    pupil: str
    name: str
    school_id: str
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


class Contents:
    """Scores as a page shows them. Pupils in the universal tier are counted, not listed.

    Parameters
    ----------
    scores : Scores
        What to show.
    names : mapping of str to str
        Pupil id to name.
    locale : Locale
        The language.
    schools : sequence of str
        Only these; all where empty.
    pupils : sequence of str
        In place of those on the list: pupils who have a score, listed or not.

    Raises
    ------
    UsageError
        There is no such school.
    """

    def __init__(
        self, scores: Scores, names: Mapping[str, str], locale: Locale, schools: Sequence[str] = (), pupils: Sequence[str] = ()
    ) -> None:  # fmt: skip
        self.scores, self.names, self.locale, self.text = scores, names, locale, locale.text
        frame = scores.frame
        if set(schools) - {*frame["school_id"], *scores.not_scored["school_id"]}:
            raise UsageError("no pupil of this run is at one of the schools asked for", do="Give school ids as scores.csv has them.")
        self.places = np.flatnonzero(frame["school_id"].isin(list(schools))) if schools else np.arange(len(frame))
        self.frame = frame.iloc[self.places]
        self.not_scored = scores.not_scored[scores.not_scored["school_id"].isin(list(schools))] if schools else scores.not_scored
        self.pupils = pupils
        self.day = locale.say(words.day(scores.as_of))
        self.about = About(scores.about, locale, self.day)

    @cached_property
    def listed(self) -> np.ndarray:
        """Places in the scores of those on the list, by school, tier and rank; or of the pupils asked for."""
        if self.pupils:
            return np.flatnonzero(self.scores.frame["pupil_id"].isin(list(self.pupils)))
        return np.asarray(self.places[self.frame["tier"].isin(LISTED).to_numpy(bool)])

    @cached_property
    def shown(self) -> Shown | None:
        """What is shown of those on the list, in this order; None where a run holds nothing of the kind."""
        return self.scores.shown and self.scores.shown.rows(self.listed, self.scores.frame["pupil_id"].iloc[self.listed])

    @cached_property
    def attendance(self) -> Attendance | None:
        """The register of those on the list."""
        return Attendance(self.shown.facts) if self.shown else None

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Everybody on the list."""
        frame = self.scores.frame.iloc[self.listed]
        years = frame["year_group"].astype("float64").tolist()
        columns = [column for column in frame.columns if column.startswith("reason_")]
        themes = self._themes(len(columns))
        moved = self._moved
        found = []
        for i, (at, row) in enumerate(zip(self.listed.tolist(), frame.to_dict("records"), strict=True)):
            reasons = [row[column] for column in columns if row[column]]
            year = float(years[i])
            low, high = (float(side[i]) for side in (self.shown.low, self.shown.high)) if self.shown else (math.nan, math.nan)
            between = {"low": words.chance_percent(low), "high": words.chance_percent(high)} if self.shown else {}
            changed, was = moved.get(row["pupil_id"], ("", math.nan))
            change = self.text[f"change_{changed}"].format(rank=words.number(was)) if changed else ""
            line, lately = self._line(i)
            shares = self.attendance and [float(sums.attended[i]) for sums in (self.attendance.year, self.attendance.recent)]
            found.append(Row(
                at=at, rank=int(row["rank"]), pupil=row["pupil_id"], name=self.names.get(row["pupil_id"], ""), school_id=row["school_id"],
                year=self.locale.say(words.year_group(year)), year_number=year, form=self.shown.facts.form[i] if self.shown else "",
                tier=row["tier"], risk=float(row["risk"]), chance=words.chance(row["risk"]),
                percent=self.locale.say(words.chance_percent(row["risk"])), low=low, high=high,
                between=self.locale.say(self.text["range"].format(**between)) if between else "",
                change=change, changed=changed, was_rank=was, line=line,
                attended=shares[0] if shares else math.nan, attended_lately=shares[1] if shares else math.nan,
                attendance=lately,
                reasons=tuple(map(self.locale.say, reasons)), themes=themes[i][: len(reasons)],
                protective=self.locale.say(row["protective"]), checks=self._checks(i), note=self.locale.say(row["data_note"]),
            ))  # fmt: skip
        return tuple(found)

    def _themes(self, most: int) -> list[tuple[str, ...]]:
        """The theme of each reason, found again from the values; nothing where the model's features are not known here."""
        scores, names = self.scores, list(self.scores.features.columns[1:])
        known = [feature.column for feature in getattr(scores.teller, "features", ())]
        if not len(self.listed) or not names or known != names:
            return [()] * len(self.listed)
        values, phi = (table[names].iloc[self.listed].to_numpy(float) for table in (scores.features, scores.contributions))
        raising, _ = scores.teller.top(values, phi, scores.frame["year_group"].iloc[self.listed].to_numpy(float), n=most)
        return [tuple(self.locale.say(reason.theme) for reason in reasons) for reasons in raising]

    @cached_property
    def _moved(self) -> dict[str, tuple[str, float]]:
        changes = self.scores.shown and self.scores.shown.changes
        if not changes:
            return {}
        return dict(zip(changes.frame["pupil_id"], zip(changes.frame["change"], changes.frame["was_rank"], strict=True), strict=True))

    def _line(self, i: int) -> tuple[Markup, tuple[str, ...]]:
        """Weekly attendance as a line, and the same in words."""
        if self.attendance is None:
            return Markup(), ()
        weeks, text = self.attendance.by_week[i], self.text
        told = weeks[~np.isnan(weeks)]
        if not len(told):
            return Markup(), (text["attendance_none"],)
        shares = {name: words.share(value) for name, value in (("highest", told.max()), ("lowest", told.min()), ("latest", told[-1]))}
        said = [
            text[name].format(share=words.share(float(sums.attended[i])))
            for name, sums in (("attendance_year", self.attendance.year), ("attendance_recent", self.attendance.recent))
            if not np.isnan(sums.attended[i])
        ]
        return sparkline(weeks, self.locale.say(text["spark"].format(**shares))), tuple(map(self.locale.say, said))

    def _checks(self, i: int) -> tuple[str, ...]:
        if self.attendance is None:
            return ()
        asked = questions(self.attendance.recent_codes(i))
        said = (self.text["check_" + code.replace(" ", "_")].format(sessions=words.count(number, "session")) for code, number in asked)
        return tuple(map(self.locale.say, said))

    @property
    def protected(self) -> list[str]:
        """Protected features that the model counts."""
        return [feature.column for feature in getattr(self.scores.teller, "features", ()) if feature.protected]

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """Pupils scored, by tier."""
        return {tier: int((self.frame["tier"] == tier).sum()) for tier in words.TIERS}

    @cached_property
    def schools(self) -> tuple[School, ...]:
        """The schools in the order of their ids."""
        counts = Counter(zip(self.frame["school_id"], self.frame["tier"], strict=True))
        listed: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self.rows:
            listed[row.school_id, row.tier].append(row)
        unscored: dict[str, list[Unscored]] = defaultdict(list)
        for one in self.unscored:
            unscored[one.school_id].append(one)
        return tuple(
            School(
                school_id=school,
                counts={tier: counts[school, tier] for tier in words.TIERS},
                listed={tier: tuple(listed[school, tier]) for tier in LISTED},
                unscored=tuple(unscored[school]),
            )
            for school in sorted({*self.frame["school_id"], *self.not_scored["school_id"]})
        )

    @cached_property
    def unscored(self) -> tuple[Unscored, ...]:
        """Everybody on roll without a score."""
        rows = self.not_scored[["pupil_id", "school_id", "reason", "what_would_mend_it"]].itertuples(index=False)
        say = self.locale.say
        return tuple(Unscored(pupil, self.names.get(pupil, ""), school, say(reason), say(mend)) for pupil, school, reason, mend in rows)

    @property
    def unscored_reasons(self) -> list[tuple[str, int]]:
        """Why pupils have no score, the commonest first."""
        return sorted(Counter(row.reason for row in self.unscored).items(), key=lambda item: (-item[1], item[0]))

    @cached_property
    def years(self) -> list[tuple[str, Mapping[str, int]]]:
        """Pupils scored by year group and tier, where there is more than one year group."""
        by_year = Counter(zip(self.frame["year_group"].fillna(99), self.frame["tier"], strict=True))
        years = sorted({year for year, _ in by_year})
        named = [(year, self.locale.say(words.year_group(math.nan if year == 99 else year))) for year in years]
        return [(name, {tier: by_year[year, tier] for tier in words.TIERS}) for year, name in named] if len(years) > 1 else []

    @property
    def summary(self) -> list[str]:
        """What the figures mean, from the frame itself: a count in ``about`` is never repeated here."""
        text, frame = self.text, self.frame
        if not len(frame):
            return [text["none_scored"]]
        risk, beyond = frame["risk"], frame["tier"] != "priority"
        scored, unscored = words.count(len(frame), "pupil"), words.number(len(self.unscored))
        said = [text["in_schools"].format(scored=scored, schools=words.count(len(self.schools), "school"), unscored=unscored)]
        last = Attendance(self.scores.shown.facts).last_marked if self.scores.shown else None
        said += [text["last_mark"].format(day=words.day(last))] if last else []
        said.append(text["chance_is"].format(horizon=self.about.horizon))
        said += [self.about.leaving] if self.about.leaving else []
        said.append(f"{self.about.places_said(self.scores.about, priority=self.counts['priority'])} {text['ties']}")
        leavers, missed = words.expected(math.fsum(risk)), words.expected(math.fsum(risk[beyond]))
        said.append(text["missed"].format(leavers=leavers, beyond=missed))
        return [self.locale.say(sentence) for sentence in said]
