"""Marks are put where they belong in whatever order they come, and each is known from the day after it was recorded."""

from __future__ import annotations

import datetime as dt
import itertools

import pyarrow as pa
import pytest

from eswarn.records.codes import Code
from eswarn.records.store import Records
from eswarn.records.tables import arrow_schema
from eswarn.records.timeline import Timeline

DAY = dt.timedelta(days=1)
MONDAY = dt.date(2026, 2, 2)
Told = tuple[str, str, int | None]  # session, code, and days until it was recorded


def meanings(told: list[Told], after: int, *, day: dt.date = MONDAY) -> list[Code | None]:
    """What the morning's mark and the afternoon's mean, as known so many days after the day."""
    row = {"pupil_id": "P", "school_id": "S", "date": day}
    rows = [{**row, "session": s, "code": c, "recorded_on": None if lag is None else day + lag * DAY} for s, c, lag in told]
    table = pa.Table.from_pylist([{**dict.fromkeys(arrow_schema("attendance").names), **row} for row in rows], arrow_schema("attendance"))
    found = Timeline(Records({"attendance": table})).before(day + after * DAY)
    return [found.codes.rows[mark] if mark else None for mark in found.marks[0]] or [None, None]


def known(told: list[Told], after: int) -> str:
    """The codes of the morning and the afternoon; a dot where there is no mark."""
    return "".join(mark.code if mark else "." for mark in meanings(told, after))


@pytest.mark.parametrize("late", [0, 1, 9, 253, 254, 255, 256, 300, 600])
def test_a_mark_is_known_from_the_day_after_it_was_recorded(late: int) -> None:
    assert known([("AM", "O", late)], late) == ".."
    assert known([("AM", "O", late)], late + 1) == "O."


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_of_several_versions_the_last_that_was_known_stands_whatever_their_order(order: tuple[int, ...]) -> None:
    told: list[Told] = [("AM", "N", 1), ("AM", "O", 5), ("AM", "I", 300)]
    for after, expect in ((1, ".."), (2, "N."), (5, "N."), (6, "O."), (300, "O."), (301, "I.")):
        assert known([told[i] for i in order], after) == expect


@pytest.mark.parametrize(
    ("told", "expect"),
    [
        ([("DAY", "O", None)], "OO"),
        ([("DAY", "O", None), ("PM", "/", None)], "O/"),
        ([("DAY", "O", 0), ("PM", "/", None)], "OO"),  # on one day, the one that says when it was recorded
        ([("DAY", "O", None), ("PM", "/", 0)], "O/"),
        ([("DAY", "O", 3), ("PM", "/", 2)], "OO"),
        ([("DAY", "O", 3), ("DAY", "I", 2), ("AM", "/", 3)], "/O"),
    ],
)
def test_a_mark_for_the_day_fills_both_halves(told: list[Told], expect: str) -> None:
    for rows in (told, told[::-1]):
        assert known(rows, 9) == expect


@pytest.mark.parametrize(
    "told", [[("AM", "C", None)], [("AM", "C", 1)], [("DAY", "/", None), ("AM", "C", None)]], ids=["plain", "late", "told twice"]
)
def test_a_code_has_its_new_meaning_from_the_first_day_of_the_era(told: list[Told]) -> None:
    """By every way into the grid. C was any other circumstance until 18 August 2024."""
    for day, begun in ((dt.date(2024, 8, 16), False), (dt.date(2024, 8, 18), False), (dt.date(2024, 8, 19), True)):
        mark = meanings(told, 9, day=day)[0]
        assert mark is not None
        assert (mark.code, mark.valid_from == dt.date(2024, 8, 19)) == ("C", begun)
