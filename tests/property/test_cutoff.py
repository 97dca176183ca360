"""Nothing dated or recorded on or after the as-of date changes a bit of any answer; and whoever peeks is caught."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eswarn.cohort.oracle import DATED
from eswarn.features.feature import Feature
from eswarn.features.view import View
from eswarn.features.windows import Window, ever
from eswarn.records.arrays import NEVER, Floats
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline
from tests.property.worlds import ALL, ANY_CODE, DAY, DESTINATIONS, Row, World, answers, one_fact_each, worlds

Changed = tuple[World, World]  # before, and after something was done to the records that could not be known yet
TRIES, CHANGES = 10_000, 4  # in `make test-long`: so many in all, so many of each world
tried: Counter[str] = Counter()
SOMETHING: dict[str, Row] = {
    "attendance": {"session": "AM", "code": "O"},
    "behaviour": {"kind": "negative"},
    "suspensions": {"kind": "suspension", "sessions": 6},
    "context": {"year_group": 10, "sen": "E", "fsm": False, "sex": "M"},
    "outcomes": {"destination": "neet"},
    "assessments": {"subject": "Ma", "score": 1.0, "maximum": 60.7},
    "enrolment": {"left_on": None, "status": None},
    "calendar": {"session": "DAY", "open": True},
    "term_totals": {"starts_on": dt.date(2024, 9, 1), "possible": 120, "authorised": 30, "unauthorised": 29, "illness": 11},
    "extra": {"name": "reading_age", "value": 3.5},
}


def is_later(table: str, row: Row, t: dt.date) -> bool:
    return bool(row[DATED[table]] >= t or (row.get("recorded_on") or dt.date.min) >= t)


@st.composite
def changed_later(draw: st.DrawFn) -> Changed:
    """A world, and the same one with rows on or after the as-of date taken away, altered and added in every table."""
    world = draw(_supplied())
    return world, draw(_changed(world))


@st.composite
def _supplied(draw: st.DrawFn) -> World:
    """A world that mostly has every table, be it without rows: to one that was never supplied, nothing can be added later."""
    world = draw(worlds())
    return world.having(**{name: world.tables.get(name, []) for name in SOMETHING}) if draw(st.sampled_from([True, True, False])) else world


@st.composite
def _changed(draw: st.DrawFn, world: World) -> World:
    t, tables = world.as_of, {}
    for name, rows in world.tables.items():
        kept = [row for row in rows if not is_later(name, row, t)]
        later = [row for row in rows if is_later(name, row, t)]
        later = draw(st.lists(st.sampled_from(later), unique_by=id)) if later else []
        altered = [{**row, **_other_facts(draw, name)} for row in later]
        added = draw(st.lists(_new_row(name, t), min_size=1, max_size=4))
        facts = one_fact_each(name, [*altered, *added])
        tables[name] = kept + [row for row in facts if is_later(name, row, t)]
    return world.having(**tables)


def _other_facts(draw: st.DrawFn, table: str) -> Row:
    facts = {"attendance": {"code": draw(st.sampled_from(ANY_CODE))}, "outcomes": {"destination": draw(st.sampled_from(DESTINATIONS))}}
    return facts.get(table, {k: v for k, v in SOMETHING[table].items() if k not in ("session", "subject", "kind", "name")})


def _new_row(table: str, t: dt.date) -> st.SearchStrategy[Row]:
    """A row dated on or after t, on any day of the week, or dated before it and recorded later; pupils and schools old and new."""

    def row(pupil: int, school: int, days: int, lag: int | None, before: bool) -> Row:
        found = {"pupil_id": f"P{pupil:02d}", "school_id": f"S{school}", **SOMETHING[table]}
        if not before or table == "calendar":
            return {**found, DATED[table]: t + days * DAY, "recorded_on": None if lag is None else t + (days - lag) * DAY}
        return {**found, DATED[table]: t - (1 + days) * DAY, "recorded_on": t + (lag or 0) * DAY}

    lag = st.none() | st.integers(0, 40)
    return st.builds(row, st.integers(0, 17), st.integers(0, 3), st.integers(0, 300) | st.integers(0, 3), lag, st.booleans())


def told(world: World) -> dict[object, object]:
    return answers(Timeline(world.records), world.as_of, config=world.config)


def unchanged(pair: Changed, make: Callable[[Records], Timeline] = Timeline, features: Sequence[Feature] = ALL) -> bool:
    """Whether both worlds get the same answers."""
    before, after = (answers(make(world.records), world.as_of, config=world.config, features=features) for world in pair)
    return before == after


def count(world: World, other: World, before: dict[object, object]) -> None:
    """What was tried, and on whom."""
    scored = sum(isinstance(row, bytes) for row in before.values())
    tried.update({"tries": 1, "pupils scored": scored, "answers": scored * len(ALL)})
    tried.update(f"changed: {name}" for name in SOMETHING if world.tables.get(name) != other.tables.get(name))


@given(changed_later())
def test_what_could_not_be_known_yet_changes_no_bit_and_nobody_who_is_scored(pair: Changed) -> None:
    before = told(pair[0])
    assert pair[0].tables != pair[1].tables
    assert told(pair[1]) == before
    count(*pair, before)


@pytest.mark.long
@settings(max_examples=TRIES // CHANGES, suppress_health_check=list(HealthCheck))
@given(_supplied().flatmap(lambda world: st.tuples(st.just(world), st.lists(_changed(world), min_size=CHANGES, max_size=CHANGES))))
def test_it_changes_nothing_in_thousands_of_worlds(pair: tuple[World, list[World]]) -> None:
    world, changed = pair
    before = told(world)
    for other in changed:
        assert told(other) == before
        count(world, other, before)


@pytest.mark.long
def test_ten_thousand_changes_were_tried_on_every_feature() -> None:
    if tried["tries"] < TRIES:
        test_it_changes_nothing_in_thousands_of_worlds()
    assert tried["tries"] >= TRIES


def test_what_was_tried_is_told_and_there_was_something_to_peek_at() -> None:
    if not tried:
        test_what_could_not_be_known_yet_changes_no_bit_and_nobody_who_is_scored()
    print(f"nothing later leaks: 0 bits changed in {tried['tries']} tries x {len(ALL)} features: {dict(tried)}")  # noqa: T201  the figure
    assert tried["pupils scored"] > tried["tries"]
    assert all(tried[f"changed: {name}"] > tried["tries"] / 4 for name in SOMETHING)


@given(changed_later())
@settings(max_examples=5)
def test_even_a_window_moved_to_hold_the_date_itself_sees_nothing_of_it(pair: Changed) -> None:
    bounds = Window.bounds
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Window, "bounds", lambda self, calendar: (bounds(self, calendar)[0], bounds(self, calendar)[1] + 1))
        assert unchanged(pair)


# --- controls: the same check, with something that peeks, must fail -----------------------------------------------------


class _MarksEver:
    """A measure that goes round the view and counts the marks of all time."""

    unit: ClassVar[str] = "count"
    tables: ClassVar[tuple[str, ...]] = ("attendance",)
    columns: ClassVar[tuple[Any, ...]] = ()
    sets: ClassVar[tuple[Any, ...]] = ()
    timeline: ClassVar[Timeline]

    def compute(self, view: View, window: Window) -> Floats:
        grid = self.timeline.grid
        marks = grid.known_before(int(NEVER), np.arange(len(grid.stay_pupil)))
        ever = np.bincount(grid.stay_pupil, weights=(marks > 0).sum(axis=1), minlength=len(self.timeline.pupils))
        return ever[view.cohort.pupil]


def _remembered(records: Records) -> Timeline:
    _MarksEver.timeline = Timeline(records)
    return _MarksEver.timeline


class _OneDayMore(Timeline):
    """A cutoff with <= where < belongs."""

    def before(self, as_of: dt.date) -> Any:
        return super().before(as_of + DAY)


def _recorded_on_ignored(records: Records) -> Timeline:
    """Every row as if it had been known on its day."""
    tables = {}
    for name, table in records.tables.items():
        at = table.schema.get_field_index("recorded_on")
        tables[name] = table if at < 0 else table.set_column(at, table.schema.field(at), pa.nulls(table.num_rows, pa.date32()))
    return Timeline(Records(tables, records.facts))


PEEK = Feature("marks_ever", theme="control", measure=_MarksEver(), says="{value}", silent="nothing", more_is="either", window=ever())


@pytest.mark.parametrize(
    ("make", "features"),
    [(_remembered, (PEEK,)), (_OneDayMore, ALL), (_recorded_on_ignored, ALL)],
    ids=["a measure that counts all marks ever", "a cutoff that lets the date itself in", "a cutoff that ignores recorded_on"],
)
def test_whoever_peeks_is_caught(make: Callable[[Records], Timeline], features: Sequence[Feature]) -> None:
    caught: list[Changed] = []

    @given(changed_later())
    def look(pair: Changed) -> None:
        if not caught and not unchanged(pair, make, features):
            caught.append(pair)

    look()
    assert caught, "the check has gone blind"
    assert unchanged(caught[0]), "what caught the control must leave the real code unmoved"
