"""The termly census: two shapes, codes added up by their meaning in the term, totals not believed, known one term later."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import pytest

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused
from eswarn.records.readers import census
from eswarn.records.readers.census_terms import easter_sunday, term
from eswarn.records.readers.peek import peek
from tests.unit.records.dfe_files import CODES, SHAPE_A, SHAPE_B, lines, person, read_census, rows_of, shape_a, shape_b

SUMS = ("possible", "authorised", "unauthorised", "illness", "excluded", "late")


def _rule(folder: Path, text: str | bytes, term: str = "autumn 2023", **facts: object) -> str:
    with pytest.raises(FileRefused) as refusal:
        read_census(folder, text, term, **facts)
    return refusal.value.rule


def test_shape_a_adds_reasons_up_and_blank_is_none(tmp_path: Path) -> None:
    found = read_census(tmp_path, lines(SHAPE_A, shape_a(140, I=5, M=1, H=2, E=3, G=4, U=1, N=2)))
    assert rows_of(found["term_totals"], *SUMS) == [(140, 11, 7, 5, 3, None)]
    assert rows_of(found["term_totals"], "pupil_id", "school_id") == [("p0001", "4001")]


def test_shape_b_knows_its_columns_to_the_letter_and_counts_lateness(tmp_path: Path) -> None:
    counts = {"/": 60, "\\": 58, "L": 4, "V": 2, "I": 6, "C": 1, "O": 3, "U": 1, "D": 10, "X": 4, "Y": 2}
    found = read_census(tmp_path, lines(SHAPE_B, shape_b(135, counts)))
    assert rows_of(found["term_totals"], *SUMS) == [(135, 7, 4, 6, 0, 4)]
    assert found["term_totals"].ledger.notes == ("not read: Surname, Forename, Middlenames, PreferredSurname, FormerSurname, DoB",)


def test_columns_may_be_written_in_any_case_but_codes_may_not(tmp_path: Path) -> None:
    found = read_census(tmp_path, lines(SHAPE_A.upper().replace("_", " "), shape_a(140, I=5)))
    assert rows_of(found["term_totals"], "possible", "authorised") == [(140, 5)]
    assert _rule(tmp_path, lines(SHAPE_B.lower(), shape_b(140, {"I": 5}))) == "missing_column"


def test_a_term_is_known_from_the_census_that_collects_it(tmp_path: Path) -> None:
    days = {
        "autumn 2025": ("2025-08-01", "2025-12-31", "2026-01-15"),
        "spring 2026": ("2026-01-01", "2026-04-05", "2026-05-21"),
        "summer 1 2026": ("2026-04-06", "2026-05-24", "2026-10-15"),
        "summer 2 2026": ("2026-05-25", "2026-07-31", "2026-10-15"),
    }
    for wording, expected in days.items():
        found = read_census(tmp_path, lines(SHAPE_A, shape_a(100, I=1)), wording)
        assert [tuple(map(str, row)) for row in rows_of(found["term_totals"], "starts_on", "ends_on", "recorded_on")] == [expected]


def test_terms_are_named_by_calendar_year_or_school_year() -> None:
    assert term("Spring term 2025/26") == term("spring 2026")
    assert term(" autumn  2025/26 ") == term("autumn 2025")
    assert term("summer1 2026") == term("summer 1 2025/26") != term("summer 2 2026")
    assert [term(text) for text in ("", "summer 2026", "spring 2025/27", "winter 2025", "autumn 25", "census", "autumn 2025.csv")] == [
        None
    ] * 7


def test_easter_falls_where_the_church_puts_it() -> None:
    known = ["1818-03-22", "1943-04-25", "1961-04-02", "2000-04-23", "2008-03-23", "2019-04-21", "2024-03-31", "2026-04-05", "2038-04-25"]
    assert [easter_sunday(int(day[:4])).isoformat() for day in known] == known


def test_context_holds_from_the_term_and_enrolment_from_the_entry(tmp_path: Path) -> None:
    rows = [
        shape_b(100, {}, who=person(i, gender=g, status=s, year=y))
        for i, (g, s, y) in enumerate([("F", "C", "8"), ("M", "S", "R"), ("M", "P", "X")])
    ]
    found = read_census(tmp_path, lines(SHAPE_B, *rows))
    assert rows_of(found["context"], "valid_from", "year_group", "sex") == [
        (dt.date(2023, 8, 1), 8, "F"), (dt.date(2023, 8, 1), 0, "M"), (dt.date(2023, 8, 1), None, "M"),
    ]  # fmt: skip
    assert rows_of(found["enrolment"], "entered_on", "status") == [(dt.date(2019, 9, 1), s) for s in ("single", "subsidiary", None)]
    assert {row[0] for table in found.values() for row in rows_of(table, "recorded_on")} == {dt.date(2024, 1, 18)}


def test_a_summer_gives_no_year_group_because_the_autumn_census_may_hold_the_next(tmp_path: Path) -> None:
    found = read_census(tmp_path, lines(SHAPE_A, shape_a(100)), "summer 1 2024")
    assert rows_of(found["context"], "year_group", "sex") == [(None, "F")]
    assert "year groups not kept" in found["context"].ledger.notes[0]


def test_rows_without_an_entry_date_are_no_enrolment_and_are_said(tmp_path: Path) -> None:
    rows = [shape_b(100, {}, who=person(1)), shape_b(100, {}, who=person(2, entry=""))]
    found = read_census(tmp_path, lines(SHAPE_B, *rows))
    assert found["enrolment"].table.num_rows == 1
    assert found["enrolment"].ledger.notes == ("1 row without an entry date: not an enrolment",)
    assert "enrolment" not in read_census(tmp_path, lines(SHAPE_B, rows[1]))


def test_supplied_totals_are_compared_and_left(tmp_path: Path) -> None:
    rows = [shape_a(140, said=(1, 0), number=i, I=9, O=2) for i in range(12)]
    found = read_census(tmp_path, lines(SHAPE_A, *rows))
    assert set(rows_of(found["term_totals"], "authorised", "unauthorised")) == {(9, 2)}
    assert found["term_totals"].ledger.notes[1:] == (
        'column "TermlySessionsAuthorised" differs from its codes added up in 12 of 12 rows (12 sessions for 108); the codes count',
        'column "TermlySessionsUnauthorised" differs from its codes added up in 12 of 12 rows (0 sessions for 24); the codes count',
    )
    few = read_census(tmp_path, lines(SHAPE_A, *rows[:3]))["term_totals"].ledger.notes[1]
    assert few == 'column "TermlySessionsAuthorised" differs from its codes added up in 3 of 3 rows; the codes count'


def test_codes_without_a_column_are_said(tmp_path: Path) -> None:
    header = SHAPE_A.replace(",T_Reason_N", ",T_Reason_F")
    found = read_census(tmp_path, lines(header, shape_a(140, I=1)), "autumn 2014")
    assert "no column for N: sessions under it, if any, are not counted" in found["term_totals"].ledger.notes


@pytest.mark.parametrize(
    ("possible", "counts"),
    [(10, {"I": 6, "O": 5}), (10, {"/": 6, "\\": 5}), (0, {"I": 1}), (10, {"I": 10, "L": 1})],
)
def test_more_sessions_than_were_possible_reject_the_row(tmp_path: Path, possible: int, counts: dict[str, int | str]) -> None:
    good = shape_b(100, {"/": 50, "\\": 50}, who=person(2))
    found = read_census(tmp_path, lines(SHAPE_B, shape_b(possible, counts), good))
    (rejection,) = found["term_totals"].ledger.rejections
    assert (rejection.rule, rejection.rows, rejection.first) == ("totals_do_not_match", 1, (2,))
    assert rows_of(found["term_totals"], "pupil_id") == [("p0002",)]
    assert found["context"].table.num_rows == 2


def test_a_file_is_in_doubt_from_half_of_its_rows_on(tmp_path: Path) -> None:
    rows = [shape_a(10, I=11 if i < 12 else 5, number=i) for i in range(24)]
    (rejection,) = read_census(tmp_path, lines(SHAPE_A, *rows))["term_totals"].ledger.rejections
    assert (rejection.rule, rejection.rows, rejection.first) == ("totals_do_not_match", 12, (2, 3, 4, 5, 6))
    assert _rule(tmp_path, lines(SHAPE_A, *rows[:-1])) == "totals_do_not_match"


def test_sessions_outside_the_possible_ones_are_never_counted(tmp_path: Path) -> None:
    found = read_census(tmp_path, lines(SHAPE_B, shape_b(10, {"/": 5, "\\": 5, "D": 99, "X": 99, "Y": 99})))
    assert rows_of(found["term_totals"], "possible", "authorised", "unauthorised") == [(10, 0, 0)]


def test_fewer_marks_than_sessions_are_said(tmp_path: Path) -> None:
    found = read_census(tmp_path, lines(SHAPE_B, shape_b(100, {"/": 40, "\\": 40})))
    assert "1 row with fewer sessions under codes than were possible: the rest have no mark" in found["term_totals"].ledger.notes


@pytest.mark.parametrize(("code", "last", "first"), [("H", "spring 2024", "spring 2025"), ("J", "summer 2 2024", "autumn 2025")])
def test_a_retired_code_counts_until_its_term_and_is_rejected_after(tmp_path: Path, code: str, last: str, first: str) -> None:
    row = shape_b(100, {"/": 40, "\\": 40, code: 2})
    assert read_census(tmp_path, lines(SHAPE_B, row), last)["term_totals"].table.num_rows == 1
    (rejection,) = read_census(tmp_path, lines(SHAPE_B, row), first)["term_totals"].ledger.rejections
    assert rejection.rule == "code_not_valid_on_date"
    assert f"({code})" in rejection.what
    blank = shape_b(100, {"/": 40, "\\": 40})
    assert read_census(tmp_path, lines(SHAPE_B, blank), first)["term_totals"].ledger.rejections == ()


def test_the_term_in_which_the_codes_changed_takes_both(tmp_path: Path) -> None:
    """19 August 2024 lies in autumn 2024, which begins on 1 August."""
    codes = [*CODES, "C1", "C2", "J1", "K", "Q", "Y1"]
    header = f"{SHAPE_B},C1,C2,J1,K,Q,Y1"
    row = shape_b(100, {"/": 40, "\\": 40, "H": 1, "C1": 2, "C2": 3, "J1": 4, "K": 5, "Q": 90, "Y1": 90}, codes=codes)
    found = read_census(tmp_path, lines(header, row), "autumn 2024")
    assert rows_of(found["term_totals"], "authorised", "unauthorised") == [(10, 0)]
    assert read_census(tmp_path, lines(header, row), "autumn 2023")["term_totals"].table.num_rows == 0


def test_a_census_is_known_by_its_columns_alone(tmp_path: Path) -> None:
    facts = DatasetFacts()
    for name, text, expected in [
        ("a.txt", SHAPE_A, True), ("b.csv", "Title\n\n" + SHAPE_B, True), ("c.csv", SHAPE_A.replace(",", ";"), True),
        ("census.csv", "pupil_id,school_id,date,session,code\n", False), ("d.csv", "", False), ("e.csv", "\0" + SHAPE_A, False),
        ("f.xml", f"<{SHAPE_A}>", False),
    ]:  # fmt: skip
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert census.fits(peek(tmp_path / name), facts) is expected, name


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_byte_order_marks_and_declared_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    text = lines(SHAPE_A, shape_a(140, I=5).replace("Sur", "Süß"))
    declared = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    assert read_census(tmp_path, text.encode(encoding), encoding=declared)["term_totals"].table.num_rows == 1
    assert census.fits(peek(tmp_path / "census.csv"), DatasetFacts(encoding=declared))


def test_blank_rows_and_rows_of_totals_are_accounted_for_in_each_table(tmp_path: Path) -> None:
    total = "Total" + "," * SHAPE_A.count(",")
    text = lines("A title", SHAPE_A, shape_a(140, I=5), "," * SHAPE_A.count(","), total.replace("Total,", ",Total,", 1).removesuffix(","))
    for checked in read_census(tmp_path, text).values():
        assert checked.table.num_rows == 1
        assert checked.ledger.rejections[0].rule == "blank_row"
        assert checked.ledger.rejections[0].first == (4,)


def test_a_pupil_without_a_return_is_counted_and_condemns_no_file(tmp_path: Path) -> None:
    rows = [shape_a("" if i < 15 else 100, number=i) for i in range(20)]
    ledger = read_census(tmp_path, lines(SHAPE_A, *rows))["term_totals"].ledger
    assert [(r.rule, r.rows) for r in ledger.rejections] == [("missing_value", 15)]
    assert ledger.accepted == 5


REFUSED = {
    "no term": ("missing_column", lines(SHAPE_A, shape_a(100)), ""),
    "an unknown term": ("missing_column", lines(SHAPE_A, shape_a(100)), "summer 2026"),
    "no UPN": ("missing_column", lines(SHAPE_A.replace("UPN", "Number"), shape_a(100)), "autumn 2023"),
    "no Estab": ("missing_column", lines(SHAPE_A.replace("Estab", "Place"), shape_a(100)), "autumn 2023"),
    "no codes": ("missing_column", lines(SHAPE_A.replace("T_Reason_", "Other"), shape_a(100)), "autumn 2023"),
    "no illness": ("missing_column", lines(SHAPE_A.replace("T_Reason_I,", "Illness,"), shape_a(100)), "autumn 2023"),
    "mixed shapes": ("wrong_shape", lines(f"{SHAPE_A},B", shape_a(100) + ",1"), "autumn 2023"),
    "below zero": ("wrong_shape", lines(SHAPE_A, shape_a(100, I=-1)), "autumn 2023"),
    "a fraction": ("wrong_shape", lines(SHAPE_A, shape_a(100, I="2.5")), "autumn 2023"),
    "a fraction of the possible": ("wrong_shape", lines(SHAPE_A, shape_a(".5")), "autumn 2023"),
    "an unknown reason": ("unknown_code", lines(SHAPE_A.replace("Reason_M", "Reason_Q9"), shape_a(100)), "autumn 2023"),
    "a column twice": ("duplicate_header", lines(SHAPE_A.replace("Reason_S", "Reason_M"), shape_a(100)), "autumn 2023"),
    "two headers": ("two_headers", lines(SHAPE_A, shape_a(100), SHAPE_A), "autumn 2023"),
    "percentages": ("not_a_number", lines(SHAPE_A, *[shape_a(100, I="5%", number=i) for i in range(12)]), "autumn 2023"),
    "another term": ("code_not_valid_on_date", lines(SHAPE_A, *[shape_a(99, H=1, number=i) for i in range(12)]), "autumn 2025"),
    "totals that never match": ("totals_do_not_match", lines(SHAPE_A, *[shape_a(1, I=9, number=i) for i in range(12)]), "autumn 2023"),
    "a NUL byte": ("nul_byte", lines(SHAPE_A, shape_a(100), "\0"), "autumn 2023"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_file_is_refused(tmp_path: Path, why: str) -> None:
    rule, text, wording = REFUSED[why]
    assert _rule(tmp_path, text, wording) == rule


def test_one_school_may_be_declared_instead_of_a_column(tmp_path: Path) -> None:
    found = read_census(tmp_path, lines(SHAPE_A.replace("Estab", "Place"), shape_a(100)), school="9994001")
    assert rows_of(found["term_totals"], "school_id") == [("9994001",)]


def test_whole_numbers_with_a_point_are_whole_and_words_reject_a_row(tmp_path: Path) -> None:
    rows = [shape_a("100.0", I="5.00"), shape_a(100, number=2, I="x"), shape_a(100, number=3, I="+1")]
    found = read_census(tmp_path, lines(SHAPE_A, *rows))["term_totals"]
    assert rows_of(found, "possible", "illness") == [(100, 5)]
    assert [(r.rule, r.rows, r.first) for r in found.ledger.rejections] == [("not_a_number", 2, (3, 4))]


@pytest.mark.parametrize("rows", [20_000, pytest.param(200_000, marks=pytest.mark.long)])
def test_many_rows_take_seconds(tmp_path: Path, rows: int) -> None:
    some = [shape_b(140, {"/": 60, "\\": 60, "I": i % 9, "O": i % 3}, who=person(i)) for i in range(2_000)]
    (tmp_path / "census.csv").write_text(lines(SHAPE_B, *some * (rows // 2_000)), encoding="utf-8")
    start = time.process_time()
    tables = census.read(tmp_path / "census.csv", facts=DatasetFacts(terms={"census.csv": "autumn 2023"}))
    assert [raw.rows for raw in tables] == [rows] * 3
    assert time.process_time() - start < 1 + rows / 10_000
