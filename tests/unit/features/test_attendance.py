"""The register summed up for people: shares by year, by four weeks, by week and half-term, and what to check first."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from eswarn.features.attendance import ABSENT, POSSIBLE, QUESTIONS, Attendance, questions
from eswarn.features.pupil_facts import KINDS, PupilFacts
from eswarn.report.english import TEXT
from eswarn.report.pictures import LEVEL, SHOWN, key, sparkline, strip

MONDAY = dt.date(2026, 1, 5)
CODES = {
    "/": ("/", "attended"), "\\": ("\\", "attended"), "V": ("V", "attended"), "L": ("L", "late"), "I": ("I", "authorised"),
    "c": ("C2", "authorised"), "O": ("O", "unauthorised"), "N": ("N", "no reason yet"), "X": ("X", "not possible"), "-": ("-", "no mark"),
}  # fmt: skip


def days(n: int, *, off: Sequence[int] = ()) -> tuple[dt.date, ...]:
    """Weekdays from a Monday on, without some weeks."""
    found = (MONDAY + dt.timedelta(days=i) for i in range(7 * 60))
    return tuple(day for day in found if day.weekday() < 5 and (day - MONDAY).days // 7 not in off)[:n]


def of(*marks: str, on: Sequence[dt.date] | None = None) -> Attendance:
    """Pupils by their marks, AM and PM in turn."""
    axis = tuple(on) if on is not None else days(len(marks[0]) // 2)
    letters = np.frombuffer("".join(marks).encode(), np.uint8).reshape(len(marks), -1)
    events = pd.DataFrame({"pupil_id": pd.Series([], dtype="str")})
    return Attendance(PupilFacts(axis, CODES, letters, ("",) * len(marks), events))


@pytest.mark.parametrize(
    ("marks", "possible", "missed", "late", "share"),
    [
        ("/\\/\\", 4, 0, 0, 1.0),
        ("/OI\\", 4, 2, 0, 0.5),
        ("L\\V\\", 4, 0, 1, 1.0),  # late is there, and so is a visit
        ("XXO\\", 2, 1, 0, 0.5),  # not a possible session counts nowhere
        ("--N\\", 2, 1, 0, 0.5),  # nor does one without a mark
        ("  /O", 2, 1, 0, 0.5),  # nor a day on which the school was closed
        ("XX--", 0, 0, 0, np.nan),
    ],
)
def test_sessions_are_counted_by_what_they_are(marks: str, possible: int, missed: int, late: int, share: float) -> None:
    year = of(marks).year
    assert (year.of(*POSSIBLE).item(), year.of(*ABSENT).item(), year.of("late").item()) == (possible, missed, late)
    np.testing.assert_equal(year.attended.item(), share)


def test_four_weeks_are_those_from_monday_to_sunday_that_end_with_the_latest_on_record() -> None:
    marks = "OO" * 5 + "//" * 19 + "OO"
    told = of(marks)
    assert told.recent.of(*POSSIBLE).item() == 40
    assert told.recent.of(*ABSENT).item() == 2
    assert told.year.of(*ABSENT).item() == 12


def test_a_week_is_from_monday_to_sunday_and_one_without_a_possible_session_has_no_share() -> None:
    told = of("/O" * 5 + "XX" * 5 + "//" * 3)
    np.testing.assert_equal(told.by_week[0], [0.5, np.nan, 1.0])


def test_half_terms_are_parted_by_five_closed_weekdays_and_not_by_four() -> None:
    axis = days(20, off=(2,))
    terms = of("//" * 20, on=axis).half_terms(np.array([0]))
    assert [(axis[term.first], axis[term.last]) for term in terms] == [
        (dt.date(2026, 1, 5), dt.date(2026, 1, 16)), (dt.date(2026, 1, 26), dt.date(2026, 2, 6)),
    ]  # fmt: skip
    four_closed = [day for day in days(10) if day not in days(9)[5:9]]
    assert len(of("//" * 6, on=four_closed).half_terms(np.array([0]))) == 1


def test_the_half_terms_of_a_school_are_those_of_all_its_pupils() -> None:
    axis = days(10)
    mover = "//" * 10
    assert of(mover, *["  " + "//" * 9] * 3, on=axis).half_terms(np.arange(4))[0].first == 1, "a day of the school the mover came from"
    told = of("//" * 5 + "  " * 5, "  " * 5 + "//" * 5, on=axis)
    assert len(told.half_terms(np.array([0]))) == 1
    (term,) = told.half_terms(np.array([0, 1]))
    assert (term.first, term.last) == (0, 9)
    assert told.counted(0, 0, 9)["attended"] == 10


def test_the_latest_mark_is_that_of_anybody() -> None:
    assert of("//" * 2 + "--", "//" + "  " * 2).last_marked == days(2)[1]
    assert of("----").last_marked is None


# --- what to check first ---------------------------------------------------------------------------------------------


def test_codes_are_looked_for_in_the_last_twenty_days_that_were_open_to_the_pupil() -> None:
    told = of("OO" * 5 + "//" * 19 + "N\\" + "  " * 3)
    assert told.recent_codes(0) == {"/": 38, "N": 1, "\\": 1}
    assert questions(told.recent_codes(0)) == [("N", 1)]


def test_a_session_without_a_mark_and_one_not_possible_count_by_what_they_are() -> None:
    codes = of("--" * 2 + "XX" * 4 + "//").recent_codes(0)
    assert (codes["no mark"], codes["not possible"]) == (4, 8)
    assert questions(codes) == [("not possible", 8), ("no mark", 4)]


@pytest.mark.parametrize(("code", "least"), QUESTIONS)
def test_each_question_is_asked_from_its_number_on_and_stands_in_the_texts(code: str, least: int) -> None:
    assert questions({code: least}) == [(code, least)]
    assert questions({code: least - 1}) == []
    assert "{sessions}" in TEXT["check_" + code.replace(" ", "_")]


def test_three_questions_are_enough_and_the_one_with_most_sessions_comes_first() -> None:
    assert questions({code: 20 for code, _ in QUESTIONS} | {"I": 27, "E": 21}) == [("I", 27), ("E", 21), ("N", 20)]


# --- pictures --------------------------------------------------------------------------------------------------------


def test_the_line_rises_with_attendance_and_breaks_where_a_week_has_none() -> None:
    drawn = sparkline(np.array([0.0, 1.0, np.nan, 0.5]), 'weeks <b> & "more"')
    assert re.findall(r"[ML][\d.]+ [\d.]+", drawn.split("<path")[2]) == ["M3 27", "L41 3", "M117 15"]
    assert 'aria-label="weeks &lt;b&gt; &amp; &#34;more&#34;"' in drawn


def test_a_strip_draws_every_session_once_at_its_place() -> None:
    kinds = np.array([KINDS.index(k) for k in ("attended", "late", "authorised", "unauthorised", "no reason yet", "not possible")])
    drawn = strip(kinds.astype(np.uint8), days(3))
    told = dict(re.findall(r'<path class="k(\d)" d="([^"]+)"/>', drawn))
    assert told == {"0": "M0 4.5h5", "1": "M0 9.5h5", "2": "M7 3.75h5", "3": "M7 9.5h5", "4": "M14 2.5h5", "5": "M14 11.5h5"}


def test_a_run_is_one_line_and_a_weekend_parts_it() -> None:
    kinds = np.tile([KINDS.index("unauthorised"), KINDS.index("closed")], 6).astype(np.uint8)
    assert 'd="M0 2.5h33M38 2.5h5"' in strip(kinds, days(6))


def test_every_kind_but_closed_has_a_form_of_its_own_and_a_name() -> None:
    assert set(LEVEL) == set(SHOWN) == set(KINDS) - {"closed"}
    assert len({str(key(kind)) for kind in SHOWN}) == len(SHOWN)
    assert all(TEXT[f"key_{kind}"] for kind in SHOWN)
