"""Small made-up worlds for Hypothesis: plain rows that shrink well, with everything that registers hold in real life."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from eswarn.config import CohortConfig, DatasetFacts, Destination
from eswarn.errors import UsageError
from eswarn.features.career import joined_mid_year, moves
from eswarn.features.compute import compute
from eswarn.features.events import (
    Events,
    count,
    days_since_event,
    days_with,
    latest,
    latest_extra,
    mean_ratio,
    sums_ratio,
    total,
)
from eswarn.features.feature import Feature
from eswarn.features.library import FEATURES, INCIDENTS, RESULTS, TERMS
from eswarn.features.measures import (
    change,
    current_run,
    days_since,
    excess,
    first_ever,
    longest_run,
    percentile,
    reached,
    sessions,
    share,
    spells,
)
from eswarn.features.pupil_facts import PupilFacts
from eswarn.features.register import ABSENT, ATTENDED, AUTHORISED, LATE, POSSIBLE, UNAUTHORISED, SessionSet, coded
from eswarn.features.weeks import faded, most_in_weeks, trend, weeks_over
from eswarn.features.windows import Window, after_holidays, afternoons, days, ever, half_term, last, last_year, weekdays, year_to_date
from eswarn.records.codes import code_table
from eswarn.records.store import Records
from eswarn.records.tables import GRAIN, TABLE_MODELS, arrow_schema
from eswarn.records.timeline import Timeline

Row = dict[str, Any]
DAY = dt.timedelta(days=1)
STARTS = (dt.date(2025, 9, 1), dt.date(2024, 6, 3), dt.date(2024, 9, 2), dt.date(2023, 11, 6))  # the second reaches over both code eras
ANY_CODE = sorted(code_table().codes)
CODES = ["/"] * 8 + ["\\"] * 4 + ["L", "I", "O", "N", "U", "D", "X", "#", "Z", "-", "J", "C1", "C2", "E", "G", "", "B"]
PROFILES = {  # the same worlds in other codes; what they have no word for is a closure
    "neutral": {"/": "P", "\\": "P", "B": "P", "L": "L", "I": "AA", "C1": "AA", "O": "A", "N": "A", "U": "A", "G": "A", "-": "-"},
    "us": {"/": "P", "\\": "ED", "B": "P", "L": "T", "I": "MA", "C1": "EA", "C2": "EA", "O": "UA", "N": "UA", "U": "UA", "-": "-"},
}
DESTINATIONS = list(Destination.__args__)  # type: ignore[attr-defined]


def _extra(name: str, measure: Any, window: Window) -> Feature:
    return Feature(name, theme="more", measure=measure, says="{value}", silent="nothing", more_is="either", window=window,
                   protected=isinstance(measure, latest))  # fmt: skip


MARKED = SessionSet("marked", "marked")
AWAY = coded("D", "away at the other school")
SUSPENDED, NUMBERS = Events("suspensions", "suspension"), Events("extra", "number")
ASKED = [
    (share(UNAUTHORISED, of=ABSENT), ever()), (share(MARKED), last(3, skip=2)), (share(AUTHORISED), last_year()),
    (share(AWAY, of=MARKED), days(30, skip=4)), (share(LATE, of=ATTENDED), half_term()), (sessions(UNAUTHORISED), last(4, skip=1)),
    (sessions(AWAY), half_term()), (first_ever(LATE), days(20, skip=5)), (first_ever(UNAUTHORISED), half_term()),
    (first_ever(AWAY), ever()), (change(share(UNAUTHORISED), against=days(40)), last(1)),
    (change(spells(ABSENT), against=half_term()), ever()), (change(count(INCIDENTS), against=days(40, skip=7)), last(7)),
    (change(percentile(sessions(ABSENT), least=2), against=last(3)), ever()), (days_since(UNAUTHORISED), ever()),
    (days_since(AWAY), ever()), (longest_run(UNAUTHORISED), last(7, skip=3)), (current_run(POSSIBLE), last(5, skip=5)),
    (current_run(ABSENT), days(40, skip=2)), (spells(LATE), year_to_date()), (spells(AUTHORISED), half_term()),
    (excess(LATE, weekdays(1)), days(21)), (excess(ABSENT, after_holidays(2)), ever()),
    (excess(MARKED, after_holidays(7)), year_to_date()), (excess(UNAUTHORISED, afternoons(), of=ABSENT), days(30, skip=3)),
    (percentile(share(UNAUTHORISED)), last(8)), (percentile(longest_run(ABSENT), least=2), half_term()),
    (percentile(trend(ABSENT), least=1), ever()), (percentile(count(INCIDENTS), least=3), days(90)),
    (reached(spells(ABSENT), at_least=2), last(9)), (reached(change(share(LATE), against=last(5)), at_least=0), last(2)),
    (trend(UNAUTHORISED, of=ABSENT), ever()), (trend(LATE), last(15, skip=3)), (trend(MARKED), half_term()), (trend(AWAY), last_year()),
    (faded(LATE, half_life=0.7, of=MARKED), days(50, skip=10)), (faded(UNAUTHORISED, half_life=3, of=ABSENT), ever()),
    (weeks_over(ABSENT, percent=0), half_term()), (weeks_over(UNAUTHORISED, percent=50, of=ABSENT), last_year()),
    (weeks_over(AWAY, percent=100), ever()), (most_in_weeks(LATE, weeks=2), half_term()), (most_in_weeks(AWAY, weeks=1), ever()),
    (most_in_weeks(ABSENT, weeks=3), days(60, skip=3)), (moves(), days(60, skip=5)), (moves(), ever()), (joined_mid_year(days=3), ever()),
    (joined_mid_year(days=0), ever()), (count(Events("behaviour", "record")), days(3)), (count(TERMS), days(200)),
    (count(NUMBERS), last(10)), (total(RESULTS, column="score"), ever()), (total(INCIDENTS, column="points"), ever()),
    (total(Events("behaviour", "record"), column="points", magnitude=True), days(90)), (total(TERMS, column="late"), ever()),
    (total(NUMBERS, column="value", magnitude=True), ever()), (days_with(Events("behaviour", "record")), days(9, skip=2)),
    (days_with(SUSPENDED), half_term()), (days_with(RESULTS), ever()), (days_since_event(SUSPENDED), last(30)),
    (days_since_event(INCIDENTS, first=True), half_term()), (days_since_event(TERMS), ever()),
    (days_since_event(NUMBERS, first=True), ever()), (mean_ratio(RESULTS, top="score", bottom="maximum"), last(9, skip=1)),
    (mean_ratio(TERMS, top="late", bottom="possible"), ever()), (sums_ratio(TERMS, top=("illness", "late"), bottom="possible"), ever()),
    (sums_ratio(RESULTS, top=("score",), bottom="maximum"), ever()), (latest("sen", ("N",)), ever()),
    (latest_extra("reading_age"), ever()), (latest_extra("reading_age"), days(40, skip=6)), (latest_extra("never measured"), ever()),
]  # fmt: skip
MORE = tuple(_extra(f"more_{i}", measure, window) for i, (measure, window) in enumerate(ASKED))
ALL = (*FEATURES, *MORE)


@dataclass(frozen=True, repr=False)
class World:
    """Rows by table (an absent table was not supplied), a date to look from, and choices."""

    tables: Mapping[str, list[Row]]
    as_of: dt.date
    config: CohortConfig
    profile: Literal["england", "us", "neutral"] = "england"

    @property
    def records(self) -> Records:
        """The rows as Arrow tables of two chunks, as a reader of two files would have left them."""
        halves = {name: (rows[: len(rows) // 2], rows[len(rows) // 2 :]) for name, rows in self.tables.items()}
        tables = {name: pa.concat_tables([arrow(name, rows) for rows in parts]) for name, parts in halves.items()}
        return Records(tables, DatasetFacts(profile=self.profile))

    def __repr__(self) -> str:
        """One short line a row: Hypothesis prints a world that fails."""
        lines = [f"as of {self.as_of}, {self.profile}, {self.config!r}"]
        for name, rows in self.tables.items():
            lines += [name, *(" ".join("." if value is None else str(value) for value in row.values()) for row in rows)]
        return "\n".join(lines)

    def having(self, **tables: list[Row]) -> World:
        """The same world with other rows in some tables."""
        return replace(self, tables={**self.tables, **tables})


def answers(
    timeline: Timeline, *days: dt.date, config: CohortConfig, features: Sequence[Feature] = ALL, shown: bool = True
) -> dict[object, object]:
    """All that is said of every pupil on roll, to the last bit: a row of numbers and what people are shown, or why there is none."""
    try:
        found = compute(timeline, days, config, features=features, with_facts=shown)
    except UsageError as refusal:
        return {"refused": refusal.what}
    keys = zip(found.keys["as_of"], found.keys["school_id"], found.keys["pupil_id"], strict=True)
    out = zip(found.left_out["as_of"], found.left_out["school_id"], found.left_out["pupil_id"], strict=True)
    numbers = np.column_stack([found.X.to_numpy(), found.keys[["year_group", "unmarked"]].to_numpy()]) + 0.0
    facts = found.facts and [repr(told).encode() for told in shown_of(found.facts, found.keys["pupil_id"])]
    rows = {key: row.tobytes() + (facts[i] if facts else b"") for i, (key, row) in enumerate(zip(keys, numbers, strict=True))}
    return rows | dict(zip(out, found.left_out["reason"], strict=True))


def shown_of(facts: PupilFacts, pupils: Iterable[str]) -> list[tuple[Any, ...]]:
    """What people are shown of each pupil: form, sessions with their code and kind, events; the days of others leave no trace."""
    sessions = [(day, half) for day in facts.days for half in (0, 1)]
    events: dict[str, list[str]] = {}
    for event in facts.events.to_dict("records"):
        events.setdefault(event["pupil_id"], []).append(" ".join(str(event[name]) for name in event if name != "pupil_id"))
    return [
        (form, [(*session, *facts.codes[chr(letter)]) for session, letter in zip(sessions, marks, strict=True) if letter != ord(" ")],
         events.get(pupil, []))
        for pupil, form, marks in zip(pupils, facts.form, facts.marks.tolist(), strict=True)
    ]  # fmt: skip


def arrow(table: str, rows: Iterable[Row]) -> pa.Table:
    """Rows as an Arrow table in the project's columns and types; what a row does not name is null."""
    return pa.Table.from_pylist([{c: row.get(c) for c in TABLE_MODELS[table].model_fields} for row in rows], schema=arrow_schema(table))


def one_fact_each(table: str, rows: Iterable[Row]) -> list[Row]:
    """Rows without conflicts, as the check at the door would leave them."""
    if not GRAIN[table]:
        return list(rows)
    return list({tuple(row.get(c) for c in GRAIN[table]): row for row in rows}.values())


@dataclass(frozen=True)
class _Stay:
    """One pupil's register at one school: a short pattern of codes, repeated."""

    pupil: int
    school: int
    first: int
    length: int
    pattern: tuple[str, ...]
    lag: int | None
    whole_days: bool

    def rows(self, axis: list[dt.date]) -> list[Row]:
        held = axis[self.first :][: self.length]
        sessions = [(day, half) for day in held for half in (("DAY",) if self.whole_days else ("AM", "PM"))]
        codes = self.pattern * (len(sessions) // len(self.pattern) + 1)
        return [mark(self.pupil, self.school, d, half, code, self.lag) for (d, half), code in zip(sessions, codes, strict=False) if code]


def mark(pupil: int, school: int, day: dt.date, session: str, code: str, lag: int | None) -> Row:
    """One row of the register; ``lag`` days passed until it was recorded, None where that is not known."""
    return {"pupil_id": f"P{pupil:02d}", "school_id": f"S{school}", "date": day, "session": session, "code": code,
            "recorded_on": None if lag is None else day + lag * DAY}  # fmt: skip


LAGS = st.sampled_from([None, 0, 0, 1, 5, 40, -3])
PUPILS, SCHOOLS = st.integers(0, 9), st.integers(0, 2)
STAYS = st.builds(
    _Stay, PUPILS, st.sampled_from([0, 0, 0, 1, 2]), st.sampled_from([0, 0, 0, 0, 9, 30]), st.sampled_from([80, 80, 80, 12, 30]),
    st.lists(st.sampled_from(CODES), min_size=1, max_size=9).map(tuple), st.sampled_from([None, 0, 0, 0, 1]), st.booleans(),
)  # fmt: skip


def _axis(start: dt.date, n: int, step: int, holiday_after: int, weeks_off: int) -> list[dt.date]:
    """Weekdays every ``step`` days, with some weeks without school somewhere, and a week later on."""
    off = [7 * (weeks_off * (i > holiday_after) + (i > 2 * holiday_after)) for i in range(n * 2)]
    found = [start + (i * step + off[i]) * DAY for i in range(n * 2)]
    return [day for day in found if day.weekday() < 5][:n]


@st.composite
def worlds(draw: st.DrawFn, *, long: bool = False) -> World:
    """One to three schools of up to a dozen pupils, some weeks to two years, and every table now and then."""
    axis = _axis(
        draw(st.sampled_from(STARTS)),
        draw(st.integers(3, 90 if long else 45)),
        draw(st.sampled_from([1, 1, 3, 7])),
        draw(st.integers(2, 40)),
        draw(st.sampled_from([1, 3, 13])),
    )
    as_of = draw(st.sampled_from(axis[len(axis) // 2 :])) + draw(st.sampled_from([0, 1, 3, 20])) * DAY
    stays = draw(st.lists(STAYS, min_size=1, max_size=24 if long else 14, unique_by=lambda s: (s.pupil, s.school)))
    stays += [replace(draw(STAYS), pupil=10 + i, school=0, first=0) for i in range(draw(st.sampled_from([0, 0, 6])))]  # classmates
    rows = [row for stay in stays for row in stay.rows(axis)]
    near = st.integers(-60, 20).map(lambda n: as_of + n * DAY)
    rows += draw(st.lists(st.builds(mark, PUPILS, SCHOOLS, near | st.sampled_from(axis), st.sampled_from(["AM", "PM", "DAY"]),
                                    st.sampled_from(ANY_CODE), LAGS), max_size=12))  # fmt: skip
    for row in draw(st.lists(st.sampled_from(rows), max_size=8)) if rows else []:  # corrections
        rows.append({**row, "code": draw(st.sampled_from(CODES)) or "/", "recorded_on": row["date"] + draw(st.integers(0, 50)) * DAY})
    profile = draw(st.sampled_from(["england"] * 6 + ["us", "neutral"]))
    if profile != "england":
        rows = [row | {"code": PROFILES[profile].get(row["code"], "#")} for row in rows]
    tables = {"attendance": rows}
    for name, strategy in _others(stays, axis, as_of).items():
        if (found := draw(strategy)) is not None:
            tables[name] = found
    choices = [CohortConfig(min_possible=1, min_marked=0), CohortConfig(), CohortConfig(up_to_year=9, horizon_days=90)]
    facts = {name: one_fact_each(name, found) for name, found in tables.items()}
    return World(facts, as_of, draw(st.sampled_from(choices)), profile)


def _others(stays: list[_Stay], axis: list[dt.date], as_of: dt.date) -> dict[str, st.SearchStrategy[list[Row] | None]]:
    """Every other table: rows about the pupils of the stays, mostly; sometimes none, sometimes no table."""
    held = [(f"P{s.pupil:02d}", f"S{s.school}") for s in stays]
    pairs = st.sampled_from(held) | st.builds(lambda p, s: (f"P{p:02d}", f"S{s}"), PUPILS, SCHOOLS)
    any_day = st.integers(-60, 20).map(lambda n: as_of + n * DAY) | st.sampled_from(axis)
    any_year = any_day | st.integers(-800, 20).map(lambda n: as_of + n * DAY)
    horizon = (st.integers(0, 400) | st.sampled_from([0, 89, 90, 364, 365])).map(lambda n: as_of + n * DAY)  # 90, 365: just over

    def table(date: str, *, when: st.SearchStrategy[dt.date] = any_day, **columns: list[Any]) -> st.SearchStrategy[list[Row] | None]:
        def versions(pair: tuple[str, str], day: dt.date, told: list[tuple[int | None, Row]]) -> list[Row]:
            fact = {"pupil_id": pair[0], "school_id": pair[1], date: day}
            return [{**fact, "recorded_on": None if lag is None else day + lag * DAY, **rest} for lag, rest in told]

        rest = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in columns.items()})
        facts = st.lists(st.builds(versions, pairs, when, st.lists(st.tuples(LAGS, rest), min_size=1, max_size=2)), max_size=8)
        rows = facts.map(lambda several: [row for told in several for row in told])
        return st.one_of(st.none(), rows, rows)

    def told_of_all(
        date: str, back: list[int], more: st.SearchStrategy[list[Row] | None], **columns: list[Any]
    ) -> st.SearchStrategy[list[Row] | None]:
        told = list(itertools.product(held, back))
        rest = [{name: values[i % len(values)] for name, values in columns.items()} for i in range(len(told))]
        rows = [{"pupil_id": p, "school_id": s, date: as_of - n * DAY, **row} for ((p, s), n), row in zip(told, rest, strict=True)]
        return more.map(lambda found: None if found is None else rows + found)

    yes_no, since = [None, True, False], (as_of - axis[0]).days
    needs, ethnicities = [None, "SEMH", "ASD", "MLD", "VI", "SLCN"], [None, "WBRI", "WOTH", "WROM", "APKN", "BCRB", "MWBC", "CHNE", "OOTH"]
    context = table("valid_from", year_group=[9, 9, 9, 10, None], sex=["F", "M", None], fsm=yes_no, eal=yes_no, cla=yes_no,
                    young_carer=yes_no, sen=["N", "K", "E", None], idaci_decile=[1, 10, None])  # fmt: skip
    behaviour = table("date", kind=["negative", "negative", "positive"], role=["involved", "harmed", "witness", None],
                      points=[None, -2.3, 0.7, 1.1, 4.0])  # fmt: skip
    lost = table("start", when=any_year, kind=["suspension", "permanent_exclusion", "withdrawn"], sessions=[None, 1, 4])
    results = table("date", when=any_year, subject=["En", "Ma"], score=[None, 0.0, 12.7, 33.3, 60.1], maximum=[None, 60.7, 100.0])
    terms = table("ends_on", when=any_year, starts_on=[axis[0]], possible=[12, 57, 140], authorised=[0, 3], unauthorised=[0, 7],
                  illness=[None, 2], late=[None, 5])  # fmt: skip
    enrolment = table(
        "entered_on", left_on=[None, as_of - DAY, as_of, as_of + 9 * DAY], status=[None, "single", "main", "subsidiary", "guest"]
    )
    closures = st.builds(
        lambda school, day, half, is_open: {"school_id": f"S{school}", "date": day, "session": half, "open": is_open},
        SCHOOLS, any_day, st.sampled_from(["AM", "PM", "DAY"]), st.booleans(),
    )  # fmt: skip
    return {
        "context": told_of_all("valid_from", [since], context, year_group=[9], fsm=[True], fsm6=[*yes_no, True], sen_need=needs, cin=yes_no,
                               ethnicity=ethnicities, previously_looked_after=yes_no, cpp=yes_no),
        "behaviour": behaviour | told_of_all("date", [2, 9, 9, 30], behaviour, kind=["negative", "negative", "positive"],
                                             points=[1.1, -2.3], role=["involved", None]),
        "suspensions": lost | told_of_all("start", [4, 300], lost, kind=["suspension", "permanent_exclusion", "suspension"], sessions=[3]),
        "outcomes": table("left_on", when=any_day | horizon | horizon, destination=DESTINATIONS),
        "assessments": results | told_of_all("date", [30, 400], results, subject=["Sc"], score=[None, 7.1, 9.3, 0.7], maximum=[10.0]),
        "enrolment": st.none() | told_of_all("entered_on", [since], enrolment),
        "term_totals": terms | told_of_all("ends_on", [90, 260, 420], terms, starts_on=[axis[0]], possible=[140, 110, 20],
                                           authorised=[4, 9], unauthorised=[0, 7, 1, 3], illness=[None, 4, 2]),
        "extra": table("date", name=["reading_age", "reading_age", "shoe_size"], value=[-1.0, 0.1, 11.7]),
        "calendar": st.one_of(st.none(), st.none(), st.lists(closures, max_size=8)),
    }  # fmt: skip
