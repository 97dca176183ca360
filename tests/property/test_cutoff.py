"""Nothing dated or recorded on or after the as-of date changes a bit of any answer; and whoever peeks is caught."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
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
    world = draw(worlds())
    t, tables = world.as_of, {}
    for name, rows in world.tables.items():
        kept = [row for row in rows if not is_later(name, row, t)]
        later = [row for row in rows if is_later(name, row, t)]
        later = draw(st.lists(st.sampled_from(later), unique_by=id)) if later else []
        altered = [{**row, **_other_facts(draw, name)} for row in later]
        added = draw(st.lists(_new_row(name, t), min_size=1, max_size=4))
        facts = one_fact_each(name, [*altered, *added])
        tables[name] = kept + [row for row in facts if is_later(name, row, t)]
    return world, world.having(**tables)


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


def unchanged(pair: Changed, make: Callable[[Records], Timeline] = Timeline, features: Sequence[Feature] = ALL) -> bool:
    """Whether both worlds get the same answers."""
    before, after = (answers(make(world.records), world.as_of, config=world.config, features=features) for world in pair)
    return before == after


@given(changed_later())
def test_what_could_not_be_known_yet_changes_no_bit_and_nobody_who_is_scored(pair: Changed) -> None:
    assert pair[0].tables != pair[1].tables
    assert unchanged(pair)


@pytest.mark.long
@settings(max_examples=2000)
@given(changed_later())
def test_it_changes_nothing_in_thousands_of_worlds(pair: Changed) -> None:
    assert unchanged(pair)


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
