"""Persistent and severe absence to the pupil: own possible sessions, inclusive thresholds, movers, dual registration, calendars."""

from __future__ import annotations

import dataclasses
import datetime as dt
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eswarn.cohort import absence
from eswarn.cohort.absence import Absence, absence_by_enrolment
from eswarn.config import DatasetFacts
from eswarn.errors import UsageError
from eswarn.records.codes import Code, CodeTable, code_table
from eswarn.records.store import Records
from eswarn.records.tables import arrow_schema
from eswarn.records.timeline import Snapshot, Timeline
from tests.spec.tables import records_from

HEAD = "pupil | school | date | am | pm\n"
YEAR = {"first": dt.date(2025, 8, 1), "last": dt.date(2026, 7, 31)}
BAND_EDGES = (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 100)
# calibration.md, section 3: persistently and severely absent in 2020/21 and 2022/23, percent of enrolments.
PUBLISHED = {
    ("State-funded secondary", 202021): (14.8, 1.5), ("State-funded secondary", 202223): (26.5, 3.4),
    ("State-funded primary", 202021): (8.8, 0.7), ("State-funded primary", 202223): (16.2, 0.75),
}  # fmt: skip


def snapshot(register: str, *, jurisdiction: str = "england", **tables: str) -> Snapshot:
    """Everything that a register in the spec's notation tells, by the end of July 2026; with English codes, whatever the rules."""
    known = Timeline(records_from(attendance=HEAD + register, **tables)).before(dt.date(2026, 8, 1))
    return dataclasses.replace(known, codes=dataclasses.replace(known.codes, jurisdiction=jurisdiction))


def of_strings(strings: dict[str, str], *, start: dt.date, schools: dict[str, str] | None = None) -> Snapshot:
    """A register with one string of marks a pupil, two a weekday from ``start``."""
    rows = []
    for pupil, marks in strings.items():
        for i, code in enumerate(marks):
            day = start + dt.timedelta(days=i // 2 + i // 10 * 2)
            rows.append({"pupil_id": pupil.split("@")[0], "school_id": (schools or {}).get(pupil, "S"), "date": day,
                         "session": ("AM", "PM")[i % 2], "code": code})  # fmt: skip
    table = pa.Table.from_pylist(rows, schema=arrow_schema("attendance"))
    return Timeline(Records({"attendance": table})).before(start + dt.timedelta(days=730))


def told(found: Absence, known: Snapshot) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Possible, authorised and unauthorised sessions by pupil and school."""
    names = [(known.pupils[p], known.schools[s]) for p, s in zip(found.pupil, found.school, strict=True)]
    counts = (found.possible.tolist(), found.authorised.tolist(), found.unauthorised.tolist())
    return dict(zip(names, zip(*counts, strict=True), strict=True))


def persistent(marks: str, *, start: dt.date = dt.date(2025, 9, 1), percent: int | None = None) -> tuple[bool, bool]:
    """Whether one pupil with these marks is persistently, and severely, absent."""
    last = start + dt.timedelta(days=300)
    found = absence_by_enrolment(of_strings({"A": marks}, start=start), first=start, last=last, percent=percent)
    return bool(found.persistently_absent[0]), bool(found.severely_absent[0])


def test_only_possible_sessions_count_and_each_by_its_code() -> None:
    known = snapshot(
        "A | S | 2026-03-02 | / | L\nA | S | 2026-03-03 | I | C2\nA | S | 2026-03-04 | O | U\n"
        "A | S | 2026-03-05 | D | X\nA | S | 2026-03-06 | Y1 | Q\nA | S | 2026-03-09 | # | -\nA | S | 2026-03-10 | K | N\n"
    )
    assert told(absence_by_enrolment(known, **YEAR), known) == {("A", "S"): (8, 2, 3)}


def test_the_period_holds_its_first_and_its_last_day() -> None:
    known = snapshot("A | S | 2026-03-02 to 2026-03-06 | I | O\n")
    found = absence_by_enrolment(known, first=dt.date(2026, 3, 3), last=dt.date(2026, 3, 5))
    assert told(found, known) == {("A", "S"): (6, 3, 3)}


def test_a_mover_is_two_enrolments_each_with_its_own_rate() -> None:
    known = snapshot("A | S | 2026-03-02 to 2026-03-06 | I | /\nA | T | 2026-03-09 to 2026-03-13 | / | /\n")
    found = absence_by_enrolment(known, **YEAR)
    assert told(found, known) == {("A", "S"): (10, 5, 0), ("A", "T"): (10, 0, 0)}
    assert found.severely_absent.tolist() == [True, False]
    assert found.rate.tolist() == [0.5, 0.0]


def test_a_session_at_the_other_school_is_not_possible_here() -> None:
    """Dual registered: mornings at S, afternoons at T, absent on one of ten afternoons. Read as present, D would halve the rate."""
    known = snapshot("A | S | 2026-03-02 to 2026-03-13 | / | D\nA | T | 2026-03-02 to 2026-03-12 | D | /\nA | T | 2026-03-13 | D | O\n")
    found = absence_by_enrolment(known, **YEAR)
    assert told(found, known) == {("A", "S"): (10, 0, 0), ("A", "T"): (10, 0, 1)}
    assert found.persistently_absent.tolist() == [False, True]


def test_nobody_without_a_possible_session_has_a_rate_or_is_counted() -> None:
    found = absence_by_enrolment(snapshot("A | S | 2026-03-02 | D | X\n"), **YEAR)
    assert np.isnan(found.rate).all()
    assert not (found.counted | found.persistently_absent | found.severely_absent).any()


def test_a_period_without_a_day_on_record_has_no_possible_session() -> None:
    known = snapshot("A | S | 2026-03-02 | I | I\n")
    assert told(absence_by_enrolment(known, first=dt.date(2025, 9, 1), last=dt.date(2025, 9, 5)), known) == {("A", "S"): (0, 0, 0)}


@pytest.mark.parametrize(
    ("marks", "answer"),
    [
        ("I" * 10 + "/" * 90, (True, False)),
        ("I" * 9 + "/" * 91, (False, False)),
        ("I" * 10 + "/" * 91, (False, False)),  # 9.90 %
        ("I" * 19 + "/" * 171, (True, False)),  # exactly a tenth of 190
        ("O" * 50 + "/" * 50, (True, True)),
        ("O" * 50 + "/" * 51, (True, False)),
        ("I" * 10 + "/" * 90 + "X" * 100, (True, False)),  # own possible sessions, not those of the school
        ("/" * 100, (False, False)),
        ("I", (True, True)),
    ],
)
def test_thresholds_are_inclusive_and_on_own_possible_sessions(marks: str, answer: tuple[bool, bool]) -> None:
    assert persistent(marks) == answer


@pytest.mark.parametrize(
    ("year", "least"), [(2005, 40), (2009, 40), (2010, 30), (2014, 30), (2015, 20), (2018, 20), (2020, 20), (2024, 20), (2026, 20)]
)
def test_the_threshold_is_that_of_the_academic_year(year: int, least: int) -> None:
    start = dt.date(year, 9, 5)
    assert persistent("I" * least + "/" * (200 - least), start=start)[0]
    assert not persistent("I" * (least - 1) + "/" * (201 - least), start=start)[0]


def test_a_period_over_two_definitions_is_refused_unless_the_percentage_is_given() -> None:
    known = snapshot("A | S | 2026-03-02 | I | /\n")
    both = {"first": dt.date(2014, 9, 1), "last": dt.date(2015, 9, 30)}
    with pytest.raises(UsageError, match=r"changed in 2015/16") as refusal:
        absence_by_enrolment(known, **both)
    assert "percent=10" in refusal.value.do
    assert absence_by_enrolment(known, **both, percent=12).percent == 12


@pytest.mark.parametrize(
    ("jurisdiction", "period", "said"),
    [
        ("england", {"first": dt.date(2004, 9, 1), "last": dt.date(2005, 7, 20)}, "first defined for 2005/06"),
        ("neutral", YEAR, "no definition of persistent absence is known for the profile neutral"),
        ("england", {"first": dt.date(2026, 3, 2), "last": dt.date(2026, 3, 1)}, "before it begins"),
    ],
)
def test_no_definition_is_lent_to_a_period_or_a_system_that_has_none(jurisdiction: str, period: dict[str, dt.date], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        absence_by_enrolment(snapshot("A | S | 2026-03-02 | I | /\n", jurisdiction=jurisdiction), **period)


@pytest.mark.parametrize("percent", [0, 101, -10])
def test_a_percentage_that_is_none_is_refused(percent: int) -> None:
    with pytest.raises(UsageError, match="is no threshold"):
        absence_by_enrolment(snapshot("A | S | 2026-03-02 | I | /\n"), **YEAR, percent=percent)


def test_a_system_without_a_definition_uses_the_percentage_it_is_given() -> None:
    known = snapshot("A | S | 2026-03-02 to 2026-03-06 | I | /\n", jurisdiction="neutral")
    assert absence_by_enrolment(known, **YEAR, percent=50).persistently_absent.tolist() == [True]
    assert absence_by_enrolment(known, **YEAR, percent=51).persistently_absent.tolist() == [False]


@given(
    st.lists(st.tuples(st.sampled_from(["A@S", "A@T", "B@S"]), st.text("/\\LIMOUNDXYZ#-KQC", max_size=40)), max_size=3), st.integers(1, 100)
)
def test_counts_and_thresholds_agree_with_plain_python(register: list[tuple[str, str]], percent: int) -> None:
    strings = dict(register)
    start = dt.date(2025, 9, 1)
    known = of_strings(strings, start=start, schools={name: name[2:] for name in strings})
    rows = {row.code: row for row in code_table().rows if row.valid_to.year > 2025 or row.code == "Y"}  # Y keeps its old meaning
    found = absence_by_enrolment(known, **YEAR, percent=percent)
    expected = {}
    for name, marks in strings.items():
        held = [rows[code] for code in marks]
        missed = [sum(row.category == kind for row in held) for kind in ("authorised", "unauthorised")]
        if marks:
            expected[name[0], name[2:]] = (sum(row.possible for row in held), *missed)
    assert told(found, known) == expected
    for (possible, *missed), is_persistent in zip(expected.values(), _by_name(found, known, list(expected)), strict=True):
        assert is_persistent == (possible > 0 and Fraction(sum(missed), possible) >= Fraction(percent, 100))


def _by_name(found: Absence, known: Snapshot, names: list[tuple[str, str]]) -> list[bool]:
    place = {(known.pupils[p], known.schools[s]): i for i, (p, s) in enumerate(zip(found.pupil, found.school, strict=True))}
    return [bool(found.persistently_absent[place[name]]) for name in names]


# --- United States ---------------------------------------------------------------------------------------------------

CALENDAR = "school | date | session | open\n"
ENROLMENT = "pupil | school | entered_on | left_on\n"


def chronic(register: str, *, calendar: str, enrolment: str) -> tuple[dict[tuple[str, str], tuple[int, int, int]], list[bool]]:
    known = snapshot(register, jurisdiction="us", calendar=CALENDAR + calendar, enrolment=ENROLMENT + enrolment)
    found = absence_by_enrolment(known, **YEAR)
    return told(found, known), found.persistently_absent.tolist()


def test_enrolled_days_come_from_the_calendar_and_not_from_the_marks() -> None:
    """Twenty open days, two of them missed: chronic, though the register holds absences only."""
    calendar = "S | 2026-03-02 to 2026-03-27 | DAY | yes\n"
    found, answer = chronic("A | S | 2026-03-02 to 2026-03-03 | I | O\n", calendar=calendar, enrolment="A | S | 2025-09-01 |\n")
    assert found == {("A", "S"): (40, 2, 2)}
    assert answer == [True]


def test_a_pupil_without_an_absence_is_in_the_count() -> None:
    calendar = "S | 2026-03-02 to 2026-03-27 | DAY | yes\n"
    found, answer = chronic("A | S | 2026-03-02 | I | I\n", calendar=calendar, enrolment="A B | S | 2025-09-01 |\n")
    assert found == {("A", "S"): (40, 2, 0), ("B", "S"): (40, 0, 0)}
    assert answer == [False, False]


@pytest.mark.parametrize(("last_open", "answer"), [("2026-03-12", [False]), ("2026-03-13", [True])])
def test_nobody_enrolled_for_fewer_than_ten_days_is_chronically_absent(last_open: str, answer: list[bool]) -> None:
    calendar = f"S | 2026-03-02 to {last_open} | DAY | yes\n"
    assert chronic("A | S | 2026-03-02 to 2026-03-06 | I | I\n", calendar=calendar, enrolment="A | S | 2025-09-01 |\n")[1] == answer


def test_days_before_entry_after_leaving_or_closed_count_neither_way() -> None:
    calendar = "S | 2026-03-02 to 2026-03-27 | DAY | yes\nS | 2026-03-30 | DAY | no\n"
    register = "A | S | 2026-03-04 to 2026-03-30 | I | I\n"  # absent before entry, after leaving and on a day that was closed
    found, _ = chronic(register, calendar=calendar, enrolment="A | S | 2026-03-09 | 2026-03-13\nA | S | 2026-03-23 | 2026-03-24\n")
    assert found == {("A", "S"): (14, 14, 0)}


def test_stays_that_overlap_count_a_day_once() -> None:
    calendar = "S | 2026-03-02 to 2026-03-13 | DAY | yes\n"
    stays = "A | S | 2026-03-02 | 2026-03-10\nA | S | 2026-03-05 |\n"
    assert chronic("A | S | 2026-03-03 | I | I\n", calendar=calendar, enrolment=stays)[0] == {("A", "S"): (20, 2, 0)}


def test_half_a_day_of_the_calendar_stands_over_the_whole() -> None:
    calendar = "S | 2026-03-02 | DAY | yes\nS | 2026-03-02 | PM | no\n"
    found, _ = chronic("A | S | 2026-03-02 | I | I\n", calendar=calendar, enrolment="A | S | 2025-09-01 |\n")
    assert found == {("A", "S"): (1, 1, 0)}


def test_a_pupil_whom_the_enrolments_forgot_has_no_rate() -> None:
    calendar = "S | 2026-03-02 to 2026-03-13 | DAY | yes\n"
    found, answer = chronic("A | S | 2026-03-03 | I | I\n", calendar=calendar, enrolment="B | S | 2025-09-01 |\n")
    assert found == {("A", "S"): (0, 0, 0), ("B", "S"): (20, 0, 0)}
    assert answer == [False, False]


@pytest.mark.parametrize(("given", "missing"), [({}, "calendar"), ({"calendar": CALENDAR + "S | 2026-03-02 | DAY | yes\n"}, "enrolment")])
def test_without_a_calendar_or_enrolments_there_is_no_denominator(given: dict[str, str], missing: str) -> None:
    known = snapshot("A | S | 2026-03-02 | I | I\n", jurisdiction="us", **given)
    with pytest.raises(UsageError, match=f"there is no {missing} table"):
        absence_by_enrolment(known, **YEAR)


def test_the_codes_of_the_united_states_count_by_their_own_table() -> None:
    """Excused and unexcused absence count; tardy and early departure are attended."""
    register = HEAD + "A | S | 2026-03-02 | EA | UA\nA | S | 2026-03-03 | T | ED\nA | S | 2026-03-04 | UA | UA\n"
    calendar, enrolment = CALENDAR + "S | 2026-03-02 to 2026-03-13 | DAY | yes\n", ENROLMENT + "A | S | 2025-09-01 |\n"
    records = records_from(attendance=register, calendar=calendar, enrolment=enrolment)
    known = Timeline(dataclasses.replace(records, facts=DatasetFacts(profile="us"))).before(dt.date(2026, 8, 1))
    found = absence_by_enrolment(known, **YEAR)
    assert told(found, known) == {("A", "S"): (20, 1, 3)}
    assert found.percent == 10


@pytest.mark.parametrize("jurisdiction", ["england", "us"])
def test_counting_a_few_stays_at_a_time_changes_nothing(jurisdiction: str, monkeypatch: pytest.MonkeyPatch) -> None:
    register = "A B C | S | 2026-03-02 to 2026-03-06 | I | /\nB D | T | 2026-03-03 | O | I\nE | T | 2026-03-04 | / | U\n"
    calendar = CALENDAR + "S | 2026-03-02 to 2026-03-06 | DAY | yes\nT | 2026-03-02 to 2026-03-05 | DAY | yes\n"
    enrolment = ENROLMENT + "A C | S | 2025-09-01 |\nB D F | T | 2026-03-03 | 2026-03-04\nB | S | 2026-03-05 |\n"
    known = snapshot(register, jurisdiction=jurisdiction, calendar=calendar, enrolment=enrolment)
    at_once = told(absence_by_enrolment(known, **YEAR), known)
    monkeypatch.setattr(absence, "_STAYS", 2)
    assert told(absence_by_enrolment(known, **YEAR), known) == at_once
    assert len(set(at_once.values())) > 2


# --- the national figures --------------------------------------------------------------------------------------------


def counting_x(codes: CodeTable) -> CodeTable:
    """The mistake: X as an authorised absence."""
    return dataclasses.replace(codes, rows=tuple(_as_absence(row) if row.code == "X" else row for row in codes.rows))


def _as_absence(row: Code) -> Code:
    return row._replace(category="authorised", possible=True)


def test_x_counted_as_absence_turns_13_percent_into_44_6() -> None:
    """A country in little, autumn 2020: of 1,000 enrolments 130 missed a tenth; of the others 316 were sent home for that long."""
    ill, isolating, rest = "I" * 28 + "/" * 112, "X" * 20 + "/" * 120, "I" * 6 + "/" * 134
    strings = {f"{i:04d}": ill if i < 130 else isolating if i < 446 else rest for i in range(1_000)}
    start = dt.date(2020, 9, 7)
    known, period = of_strings(strings, start=start), {"first": start, "last": dt.date(2020, 12, 31)}
    assert absence_by_enrolment(known, **period).persistently_absent.mean() == 0.130
    wrong = dataclasses.replace(known, codes=counting_x(known.codes))
    assert absence_by_enrolment(wrong, **period).persistently_absent.mean() == 0.446


def test_the_published_bands_give_the_published_persistent_and_severe_absence(data_dir: Path) -> None:
    """One pupil at the lower edge of each published band stands for its pupils; a month of X in 2020/21 changes nothing, unless counted."""
    bands = pq.read_table(data_dir / "dfe" / "absence_bands_distributions.parquet")
    bands = bands.filter(pc.equal(bands["geographic_level"].cast(pa.string()), "National"))
    names = [name for name in bands.column_names if name.startswith("b")]
    assert len(names) == len(BAND_EDGES) - 1
    for (phase, year), (percent_persistent, percent_severe) in PUBLISHED.items():
        chosen = bands.filter(pc.and_(pc.equal(bands["school_type"].cast(pa.string()), phase), pc.equal(bands["time_period"], year)))
        weights = np.array([pc.sum(chosen[name]).as_py() for name in names], float)
        start = dt.date(year // 100, 9, 7)
        marks = {f"{i:02d}": ("I" * edge + "/" * (100 - edge)) * 2 + "X" * 40 for i, edge in enumerate(BAND_EDGES[:-1])}
        known, period = of_strings(marks, start=start), {"first": start, "last": start + dt.timedelta(days=300)}
        found = absence_by_enrolment(known, **period)
        assert 100 * np.average(found.persistently_absent, weights=weights) == pytest.approx(percent_persistent, abs=0.05)
        assert 100 * np.average(found.severely_absent, weights=weights) == pytest.approx(percent_severe, abs=0.05)
        wrong = absence_by_enrolment(dataclasses.replace(known, codes=counting_x(known.codes)), **period)
        assert wrong.persistently_absent.all()  # 40 of 240 sessions
