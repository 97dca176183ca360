"""Marks that were changed later: which count, what is said of them on screen, and what is written for each."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eswarn.errors import InputRefused
from eswarn.records.changes import COLUMNS, Changes, changed_since
from eswarn.records.store import Records
from tests.spec.tables import records_from

HEAD = "pupil | school | date | recorded | am | pm\n"
SINCE = dt.date(2026, 3, 9)
CONDITION = "(marks of days before 2026-03-09, or entered before it for later days, whose code is another one than was known before it)"


def changes(register: str, *, since: dt.date = SINCE) -> Changes:
    return changed_since(records_from(attendance=HEAD + register), since)


@pytest.mark.parametrize(
    ("day", "versions", "found"),
    [
        ("02", "02 N, 09 O", [("N", "O")]),  # recorded on the date itself
        ("02", "02 N, 08 O", []),  # before it: known by then
        ("02", "02 N, 09 N", []),  # recorded again, the same
        ("02", "02 N, 09 O, 10 I", [("N", "I")]),
        ("02", "02 N, 09 O, 10 N", []),  # and back again
        ("02", "02 N, 05 O, 09 I", [("O", "I")]),
        ("02", "10 O", [("-", "O")]),  # filled in late
        ("02", "10 -", []),  # filled in late with no mark
        ("02", "02 O, 10 -", [("O", "-")]),  # taken back
        ("09", "09 O", []),  # the ordinary mark of a later day
        ("12", "02 C, 12 O", [("C", "O")]),  # leave entered in advance
        ("12", "10 C, 12 O", []),  # nothing was known before the date
        ("02", "? N, 10 O", [("N", "O")]),  # an undated version is the earliest
    ],
)
def test_a_change_is_what_was_recorded_later_and_is_not_what_was_known(day: str, versions: str, found: list[tuple[str, str]]) -> None:
    told = [version.split() for version in versions.split(", ")]
    register = "".join(f"A | S | 2026-03-{day} | {'' if on == '?' else f'2026-03-{on}'} | {code} |\n" for on, code in told)
    rows = changes(register + "B | S | 2026-03-02 | 2026-03-02 | N | N\n").rows.to_pylist()
    assert [(row["code_before"], row["code_after"]) for row in rows] == found


def test_the_mark_of_another_school_is_another_mark() -> None:
    rows = changes("A | S | 2026-03-02 | 2026-03-02 | N |\nA | T | 2026-03-02 | 2026-03-10 | O |\n").rows.to_pylist()
    assert [(row["school_id"], row["code_before"], row["code_after"]) for row in rows] == [("T", "-", "O")]


def test_the_rows_say_whose_mark_it_is_and_when_it_was_changed_and_their_order_is_that_of_the_register() -> None:
    first = "B A | S | 2026-03-03 | 2026-03-03 | N | N\nA | R | 2026-03-03 | 2026-03-03 | N |\n"
    later = "B A | S | 2026-03-03 | 2026-03-10 | O | N\nA | R | 2026-03-03 | 2026-03-11 | I |\n"
    day = dt.date(2026, 3, 3)
    assert changes(first + later).rows.to_pylist() == [
        dict(zip(COLUMNS, values, strict=True))
        for values in (
            ("A", "R", day, "AM", "N", "I", dt.date(2026, 3, 11)),
            ("A", "S", day, "AM", "N", "O", dt.date(2026, 3, 10)),
            ("B", "S", day, "AM", "N", "O", dt.date(2026, 3, 10)),
        )
    ]


marks = st.tuples(
    st.sampled_from("AB"), st.sampled_from("ST"), st.integers(1, 5), st.sampled_from(("AM", "PM", "DAY")), st.none() | st.integers(1, 9),
    st.sampled_from("NOI-"),
)  # fmt: skip


@given(st.lists(marks, max_size=40, unique_by=lambda mark: mark[:5]), st.integers(1, 9))
def test_changes_agree_with_plain_python(register: list[tuple[Any, ...]], since: int) -> None:
    versions: dict[tuple[Any, ...], dict[int, str]] = {}
    for *cell, recorded, code in register:
        versions.setdefault(tuple(cell), {})[recorded or 0] = code
    expected = {}
    for cell, told in versions.items():
        latest = max(told)
        known = max((day for day in told if day < since), default=None)
        before = "-" if known is None else told[known]
        if latest >= since and (known is not None or cell[2] < since) and told[latest] != before:
            expected[cell] = (before, told[latest], latest)
    if not any(mark[4] for mark in register):
        return
    rows = changed_since(_records(register), dt.date(2026, 3, since)).rows.to_pylist()
    found = {
        (row["pupil_id"], row["school_id"], row["date"].day, row["session"]): (
            row["code_before"],
            row["code_after"],
            row["recorded_on"].day,
        )
        for row in rows
    }
    assert len(found) == len(rows)
    assert found == expected


def _records(register: list[tuple[Any, ...]]) -> Records:
    lines = ["pupil | school | date | recorded | am | pm | day"]
    for pupil, school, day, session, recorded, code in register:
        cells = " | ".join(code if session == half else "" for half in ("AM", "PM", "DAY"))
        lines.append(f"{pupil} | {school} | 2026-03-{day:02d} | {f'2026-03-{recorded:02d}' if recorded else ''} | {cells}")
    return records_from(attendance="\n".join(lines))


def test_the_screen_counts_kinds_of_change_by_school_and_names_no_pupil() -> None:
    register = (
        "Qx1 Qx2 Qx3 | S1 | 2026-03-02 to 2026-03-03 | 2026-03-03 | N | /\n"
        "Qx1 Qx2 Qx3 | S1 | 2026-03-02 to 2026-03-03 | 2026-03-10 | O | /\n"
        "Qx4 | S1 | 2026-03-04 | 2026-03-04 | N |\nQx4 | S1 | 2026-03-04 | 2026-03-12 | I |\n"
        "Qx5 | S2 | 2026-03-05 | 2026-03-12 | I |\nQx6 | S2 | 2026-03-05 | | / |\n"
    )
    assert changes(register).render().splitlines() == [
        "8 marks changed on or after 2026-03-09",
        CONDITION,
        "School S1, marks of 2026-03-02 to 2026-03-04: 7 marks",
        "  N → O: 6",
        "  N → I: 1",
        "School S2, marks of 2026-03-05 to 2026-03-05: 1 mark",
        "  no mark → I: 1",
        "1 of 28 marks do not say when they were recorded; changes to these cannot be told.",
    ]


def test_nothing_changed_is_said_as_such() -> None:
    assert changes("A | S | 2026-03-02 | 2026-03-02 | / | /\n").render().splitlines() == [
        "0 marks changed on or after 2026-03-09",
        CONDITION,
    ]


@pytest.mark.parametrize("register", ["", "A | S | 2026-03-02 | | / | /\n"])
def test_without_any_day_of_recording_it_says_that_it_cannot_tell(register: str) -> None:
    with pytest.raises(InputRefused, match="it cannot be told which marks were changed") as refusal:
        changes(register)
    assert "recorded_on" in refusal.value.do


def test_the_file_holds_every_change_and_marks_round_trip(tmp_path: Path) -> None:
    register = "A | S | 2026-03-02 | 2026-03-02 | - | /\nA | S | 2026-03-02 | 2026-03-10 | / | \\\n"
    changes(register).write(tmp_path / "changes.csv")
    assert (tmp_path / "changes.csv").read_bytes().decode().split("\n") == [
        "pupil_id,school_id,date,session,code_before,code_after,recorded_on",
        "A,S,2026-03-02,AM,-,/,2026-03-10",
        "A,S,2026-03-02,PM,/,\\,2026-03-10",
        "",
    ]


def test_an_identifier_that_a_spreadsheet_would_run_is_disarmed(tmp_path: Path) -> None:
    register = "=1+1 | @S | 2026-03-02 | 2026-03-02 | N |\n=1+1 | @S | 2026-03-02 | 2026-03-10 | - |\n"
    changes(register).write(tmp_path / "changes.csv")
    assert "\n'=1+1,'@S,2026-03-02,AM,N,-,2026-03-10\n" in (tmp_path / "changes.csv").read_text(encoding="utf-8")


def test_nothing_is_overwritten_and_no_draft_is_left(tmp_path: Path) -> None:
    found = changes("A | S | 2026-03-02 | 2026-03-10 | O |\n")
    (tmp_path / "changes.csv").write_text("mine")
    for place in (tmp_path / "changes.csv", tmp_path / "no such folder" / "changes.csv"):
        with pytest.raises(InputRefused):
            found.write(place)
    assert [path.name for path in tmp_path.iterdir()] == ["changes.csv"]
    assert (tmp_path / "changes.csv").read_text() == "mine"
