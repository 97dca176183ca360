"""Random marks survive a Common Transfer File as they were; spoilt census and transfer files are accounted for or refused."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eswarn.records.ledger import FileRefused
from tests.unit.records.dfe_files import (
    SHAPE_A,
    SHAPE_B,
    lines,
    person,
    pupil,
    read_census,
    read_ctf,
    rows_of,
    shape_a,
    shape_b,
    transfer,
    year_data,
)

ATTENDED, ABSENT, OUTSIDE = "/\\LVPWBK", "IMCERSTGNOU", "DXQ#"
MONDAYS = [dt.date(2024, 8, 12), dt.date(2025, 9, 1), dt.date(2026, 1, 5), dt.date(2026, 4, 20)]
SIGNS = st.sampled_from("/" * 6 + "\\" * 6 + ATTENDED + ABSENT + OUTSIDE + "- ")
Spoil = Callable[[str, random.Random], str]


@given(
    monday=st.sampled_from(MONDAYS),
    weekday=st.integers(0, 4),
    days=st.lists(st.tuples(SIGNS, SIGNS), min_size=1, max_size=60),
    seven=st.booleans(),
)
def test_marks_come_back_as_they_were_sent_or_not_at_all(
    tmp_path_factory: pytest.TempPathFactory, monday: dt.date, weekday: int, days: list[tuple[str, str]], seven: bool
) -> None:
    """Dates from a calendar, counts from lists of codes: no line of the reader is used to say what is right."""
    start = monday + dt.timedelta(days=weekday)
    school_days = [day for i in range(100) if (day := start + dt.timedelta(days=i)).weekday() < 5][: len(days)]
    of_day = dict(zip(school_days, days, strict=True))
    calendar = [start + dt.timedelta(days=i) for i in range((school_days[-1] - start).days + 1)] if seven else school_days
    marks = "".join("".join(of_day.get(day, "##")) for day in calendar)
    sent = [
        (day, session, sign) for day, pair in of_day.items() for session, sign in zip(("AM", "PM"), pair, strict=True) if sign not in "- "
    ]
    attended = sum(sign in ATTENDED for *_, sign in sent)
    possible = attended + sum(sign in ABSENT for *_, sign in sent)
    year = year_data(marks, start.isoformat(), possible=possible, attended=attended, authorised=0, unauthorised=0)
    made = f"{school_days[-1]}T23:00:00"
    found = read_ctf(tmp_path_factory.mktemp("ctf"), transfer(pupil("p1", year), made=made))
    read = rows_of(found["attendance"], "date", "session", "code") if "attendance" in found else []
    open_marks = [mark for mark in sent if mark[2] != "#"]
    if read:
        assert [mark for mark in read if mark[2] != "#"] == open_marks
        assert set(read) <= set(sent)
    else:  # nothing to date, or a week of 5 days and one of 7 that tell other things
        rejections = found["attendance"].ledger.rejections if "attendance" in found else ()
        assert not open_marks or [r.rule for r in rejections] == ["wrong_shape"]
        assert not open_marks or found["term_totals"].table.num_rows == 1
    if len(days) > 10 and all(a in "/\\" and b in "/\\" for a, b in days):
        assert read


WEEK = "/\\" * 4 + "IO"
CENSUS_A = lines(SHAPE_A, *(shape_a(100 + i, said=(i, 1), number=i, I=i, O=1) for i in range(14)))
CENSUS_B = lines(SHAPE_B, *(shape_b(100, {"/": 40, "\\": 40, "I": i, "L": 1}, who=person(i)) for i in range(14)))
YEARS = [
    year_data(WEEK + "####" + WEEK, possible=20, attended=16, authorised=2, unauthorised=2),
    year_data("", possible=9, authorised=1, unauthorised=0),
]
TRANSFER = transfer(*(pupil(f"p{i}", *YEARS) for i in range(4)), made="2025-09-12T12:00:00")
JUNK = [
    "",
    "-1",
    "1.5",
    "999",
    "x",
    "\\",
    "#",
    "C1",
    '"',
    ",",
    "\n",
    "\0",
    "é",
    "<",
    "&",
    "&lt;",
    "<!DOCTYPE a>",
    "<?a?>",
    "]]>",
    "9" * 30,
    " " * 9,
]


def _change_a_piece(text: str, rng: random.Random) -> str:
    start = rng.randrange(len(text))
    return text[:start] + rng.choice(JUNK) + text[start + rng.randrange(20) :]


def _repeat_a_piece(text: str, rng: random.Random) -> str:
    start = rng.randrange(len(text))
    piece = text[start : start + rng.randrange(400)]
    return text[:start] + piece * rng.choice([2, 2, 40]) + text[start + len(piece) :]


def _move_a_piece(text: str, rng: random.Random) -> str:
    start, to = sorted(rng.randrange(len(text)) for _ in range(2))
    piece = text[start : start + rng.randrange(60)]
    return text[:start] + text[start + len(piece) : to] + piece + text[max(to, start + len(piece)) :]


def _change_numbers(text: str, rng: random.Random) -> str:
    return "".join(rng.choice("0123456789.-/") if c.isdigit() and rng.random() < 0.02 else c for c in text)


def _cut_short(text: str, rng: random.Random) -> str:
    return text[: rng.randrange(len(text))]


def _change_nothing(text: str, rng: random.Random) -> str:
    return text


WAYS: list[Spoil] = [_change_a_piece, _change_a_piece, _repeat_a_piece, _move_a_piece, _change_numbers, _cut_short, _change_nothing]


def _fared(folder: Path, text: str, *, reads: Callable[..., object], encoding: str) -> str:
    """How a file fared: read, with a ledger that balances (which reading asserts), or refused with a rule and a remedy."""
    refused: FileRefused | None = None
    try:
        reads(folder, text.encode(encoding, "replace"))
    except FileRefused as error:
        refused = error
    if refused is None:
        return "read"
    assert refused.do.endswith(".")
    assert refused.where
    assert refused.__context__ is None
    return f"refused: {refused.rule}"


def _spoil(folder: Path, seed: int) -> str:
    rng = random.Random(seed)
    text, reads = [(CENSUS_A, read_census), (CENSUS_B, read_census), (TRANSFER, read_ctf), (TRANSFER, read_ctf)][seed % 4]
    for way in rng.sample(WAYS, rng.choice([1, 1, 2, 3])):
        text = way(text, rng) or " "
    return _fared(folder, text, reads=reads, encoding=rng.choice(["utf-8", "utf-8", "utf-8-sig", "cp1252", "utf-16"]))


@pytest.mark.parametrize("files", [400, pytest.param(6_000, marks=pytest.mark.long)])
def test_spoilt_files_are_accounted_for_or_refused(tmp_path: Path, files: int) -> None:
    fared: Counter[str] = Counter()
    for seed in range(files):
        try:
            fared[_spoil(tmp_path, seed)] += 1
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
    assert fared.total() == files
    assert fared["read"] > files / 10
    assert len(fared) > 6, fared
