"""What the sheet of one pupil says: the register, behaviour, what went into the score theme by theme, how sure it is."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from eswarn import words
from eswarn.features.attendance import ABSENT, POSSIBLE, Attendance, HalfTerm
from eswarn.model.reasons import Reason
from eswarn.report.contents import Contents, Row
from eswarn.report.pictures import SHOWN, key, strip

PROTECTED = "protected"  # the theme of protected features: never on a sheet
JOINT = re.compile(r"(?:^|; )reasons [\d, ]+ are joint.*$")  # the last note there can be, in every language
LATEST = 5  # events named one by one
STEPS = (0.05, 0.15, 0.5)  # log-odds from which a theme counts at all, counts, and counts clearly


@dataclass(frozen=True, slots=True)
class Term:
    """One half-term on a sheet: its name, its strip, and its counts in the order of the table's heads."""

    name: str
    strip: Markup
    counts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme on a sheet: which way it counts, how long its bar is (0 to 100), and what the records say ("" for nothing plain)."""

    name: str
    way: str
    counts: str
    bar: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sheet of one pupil."""

    row: Row
    terms: tuple[Term, ...]
    events: tuple[str, ...]
    latest: tuple[str, ...]
    school: tuple[str, ...]
    themes: tuple[Theme, ...]
    told: bool
    protected: bool
    sure: tuple[str, ...]


def sheets(contents: Contents, *, most: int) -> Iterator[Sheet]:
    """The sheets of the pupils on the list, in its order, up to a number."""
    terms: dict[str, list[HalfTerm]] = {}
    school = np.array([row.school_id for row in contents.rows], object)
    events = _events_by_pupil(contents)
    for i, row in enumerate(contents.rows[:most]):
        if contents.attendance is not None and row.school_id not in terms:
            terms[row.school_id] = contents.attendance.half_terms(np.flatnonzero(school == row.school_id))
        told = _reasons(contents, row)
        yield Sheet(
            row=row,
            terms=tuple(_terms(contents, i, terms.get(row.school_id, []))),
            events=tuple(_counted(contents, events.get(row.pupil, []))),
            latest=tuple(_latest(contents, events.get(row.pupil, []))),
            school=tuple(_at_school(contents, row)),
            themes=tuple(_themes(contents, row, told)),
            told=bool(told),
            protected=any(reason.theme == PROTECTED for reason in told),
            sure=tuple(_sure(contents, row)),
        )


def heads(contents: Contents) -> tuple[str, ...]:
    """The heads of the counts of a half-term."""
    names = ("possible", "absent", "with_leave", "without_leave", "no_reason_yet", "late", "no_mark")
    return tuple(contents.text[name] for name in names)


def keys(contents: Contents) -> list[tuple[Markup, str]]:
    """How each kind of session looks on a strip, with its name."""
    return [(key(kind), contents.text[f"key_{kind}"]) for kind in SHOWN]


def _terms(contents: Contents, i: int, terms: list[HalfTerm]) -> Iterator[Term]:
    attendance = contents.attendance
    if attendance is None:
        return
    for number, term in enumerate(terms, 1):
        days = attendance.days[term.first : term.last + 1]
        ends = {"first": words.day(days[0], year=False), "last": words.day(days[-1], year=False)}
        name = contents.locale.say(contents.text["half_term_n"].format(number=number, **ends))
        kinds = attendance.kinds[i, 2 * term.first : 2 * term.last + 2]
        yield Term(name, strip(kinds, days), _counts(attendance, i, term.since, term.until))
    if len(terms) > 1:
        yield Term(contents.text["year_total"], Markup(), _counts(attendance, i, terms[0].since, terms[-1].until))


def _counts(attendance: Attendance, i: int, first: int, last: int) -> tuple[str, ...]:
    """Sessions in the order of `heads`."""
    told = attendance.counted(i, first, last)
    counts = (sum(told[kind] for kind in POSSIBLE), sum(told[kind] for kind in ABSENT), *(told[kind] for kind in ABSENT),
              told["late"], told["no mark"])  # fmt: skip
    return tuple(map(words.number, counts))


def _events_by_pupil(contents: Contents) -> dict[str, list[Mapping[str, object]]]:
    found: dict[str, list[Mapping[str, object]]] = {}
    for event in contents.shown.facts.events.to_dict("records") if contents.shown else ():
        found.setdefault(str(event["pupil_id"]), []).append({str(name): value for name, value in event.items()})
    return found


def _counted(contents: Contents, events: list[Mapping[str, object]]) -> Iterator[str]:
    """How many events of each kind; of suspensions, how many sessions were lost."""
    say, text = contents.locale.say, contents.text
    for kind, noun in (("incident", "event"), ("praise", "event"), ("suspension", "suspension"), ("exclusion", "permanent exclusion")):
        some = [event for event in events if event["kind"] == kind]
        if some:
            lost = math.fsum(s for s in (float(str(event["sessions"])) for event in some) if s == s)
            yield say(text[f"event_{kind}"].format(n=words.count(len(some), noun), sessions=words.count(lost, "session")))


def _latest(contents: Contents, events: list[Mapping[str, object]]) -> Iterator[str]:
    """The latest events other than praise, one by one."""
    text = contents.text
    for event in [event for event in events if event["kind"] != "praise"][-LATEST:][::-1]:
        category = f" ({event['category']})" if event["category"] else ""
        day = contents.locale.say(words.day(event["date"]))  # type: ignore[arg-type]  # a date, as PupilFacts says
        yield text["event_line"].format(day=day, what=text[f"event_one_{event['kind']}"] + category)


def _reasons(contents: Contents, row: Row) -> tuple[Reason, ...]:
    """Every theme of a pupil, the one that counts most first; nothing where the model's features are not known here."""
    scores = contents.scores
    if [feature.column for feature in getattr(scores.teller, "features", ())] != list(scores.features.columns[1:]):
        return ()
    score = scores[row.pupil]
    return tuple(sorted((*score.reasons, *score.protective), key=lambda reason: -abs(reason.strength)))


def _themes(contents: Contents, row: Row, told: tuple[Reason, ...]) -> Iterator[Theme]:
    """A card for each theme; where a list could not name it, only what reads neither way, such as the year group, is said."""
    if not told:
        for sentence, way in (*((reason, "raises") for reason in row.reasons), (row.protective, "lowers")):
            if sentence:
                yield Theme("", way, contents.text[f"{way}_1"], 0, sentence)
        return
    scores, say = contents.scores, contents.locale.say
    names = list(scores.features.columns[1:])
    values, phi = (table[names].iloc[row.at].to_numpy(float) for table in (scores.features, scores.contributions))
    clear = scores.teller.clear(values, phi, row.year_number)
    neither = {feature.column for feature in scores.teller.features if not feature.read_sign and not feature.protected}
    longest = max(abs(reason.strength) for reason in told) or 1.0
    for reason in told:
        if reason.theme == PROTECTED:
            continue
        step = sum(abs(reason.strength) >= least for least in STEPS)
        way = "raises" if reason.strength > 0 else "lowers"
        counts = contents.text[f"{way}_{step - 1}"] if step else contents.text["counts_nothing"]
        spoken = clear.get(reason.theme) or (reason if reason.column in neither and not math.isnan(reason.value) else None)
        plain = _capital(say(spoken.sentence)) if spoken else contents.text["theme_untold"]
        sentence = plain if step else ""
        yield Theme(_capital(say(reason.theme)), way if step else "nothing", counts, round(100 * abs(reason.strength) / longest), sentence)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _at_school(contents: Contents, row: Row) -> Iterator[str]:
    """Facts of the school career that are features, as sentences; those that say nothing are left out."""
    scores = contents.scores
    for place, feature in enumerate(getattr(scores.teller, "features", ())):
        if feature.theme == "school career" and not feature.protected and feature.column not in ("year_group", "year_group_unknown"):
            value = float(scores.features.iloc[row.at, place + 1])  # type: ignore[arg-type]  # all columns but the first are numbers
            if not math.isnan(value) and not (feature.measure.unit == "yes" and not value):
                yield _capital(contents.locale.say(feature.sentence(value)))


def _sure(contents: Contents, row: Row) -> Iterator[str]:
    text, say = contents.text, contents.locale.say
    tenths = math.floor(10 * row.risk + 0.5)
    if tenths >= 1 and row.risk >= 0.15:
        yield say(text["sure_chance"].format(number=words.number(tenths), horizon=contents.about.horizon))
    else:
        yield say(text["sure_small"].format(number=words.expected(100 * row.risk), horizon=contents.about.horizon))
    if row.between:
        low, high = (words.chance_percent(value) for value in (row.low, row.high))
        yield say(text["sure_range"].format(low=low, high=high))
    yield text["sure_about"]
    if contents.about.leaving:
        yield contents.about.leaving
    if note := JOINT.sub("", row.note):  # a sheet has no numbers that it could speak of
        yield note
