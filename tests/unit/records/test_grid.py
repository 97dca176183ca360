"""A register laid out as a grid becomes one row for each mark that is there, and nothing in doubt becomes a mark."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eswarn.config import CodeFacts, DatasetFacts, DateFacts
from eswarn.records.check import Checked, check
from eswarn.records.ledger import FileRefused
from eswarn.records.readers import grid
from eswarn.records.readers.days import parse
from eswarn.records.readers.peek import peek
from eswarn.records.readers.raw import Raw
from tests.unit.records.workbooks import Value, put_workbook

FACTS = DatasetFacts(school="9990001")
YEAR = DatasetFacts(school="9990001", academic_year="2024/25")
Mark = tuple[str, str, str, str]


def _csv(folder: Path, text: str | bytes) -> Path:
    path = folder / "register.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _raw(path: Path, facts: DatasetFacts = FACTS) -> Raw:
    assert grid.fits(peek(path), facts)
    (raw,) = grid.read(path, facts=facts)
    return raw


def _checked(path: Path, facts: DatasetFacts = FACTS) -> Checked:
    return check(_raw(path, facts), facts)


def _marks(path: Path, facts: DatasetFacts = FACTS) -> list[Mark]:
    rows = _checked(path, facts).table.to_pylist()
    return [(row["pupil_id"], str(row["date"])[5:], row["session"], row["code"]) for row in rows]


def _refused(path: Path, facts: DatasetFacts = FACTS) -> FileRefused:
    assert grid.fits(peek(path), facts)
    with pytest.raises(FileRefused) as refusal:
        check(grid.read(path, facts=facts)[0], facts)
    assert str(refusal.value).startswith(path.name)
    assert refusal.value.do
    return refusal.value


TWO_DAYS = [("P1", "09-02", "AM", "/"), ("P1", "09-02", "PM", "\\"), ("P1", "09-03", "AM", "O"), ("P1", "09-03", "PM", "C2")]
CLEAN = """UPN,School,Name,02/09/2024 AM,02/09/2024 PM,13/09/2024 AM,13/09/2024 PM,Possible,%
P1,9990001,Jane,/,\\,O,C2,4,50
P2,9990001,Joe,,,L,\\,2,100
,,,,,,,,
Total,,,1,1,2,2,6,
"""


def test_a_clean_grid_is_one_row_a_mark(tmp_path: Path) -> None:
    checked = _checked(_csv(tmp_path, CLEAN), DatasetFacts())
    rows = [(r["pupil_id"], r["school_id"], str(r["date"]), r["session"], r["code"]) for r in checked.table.to_pylist()]
    assert rows == [
        ("P1", "9990001", "2024-09-02", "AM", "/"),
        ("P1", "9990001", "2024-09-02", "PM", "\\"),
        ("P1", "9990001", "2024-09-13", "AM", "O"),
        ("P1", "9990001", "2024-09-13", "PM", "C2"),
        ("P2", "9990001", "2024-09-13", "AM", "L"),
        ("P2", "9990001", "2024-09-13", "PM", "\\"),
    ]
    assert checked.numbers(np.arange(6)).tolist() == [2, 2, 2, 2, 3, 3]
    assert (checked.ledger.rows, checked.ledger.accepted) == (6, 6)
    assert checked.ledger.notes[:3] == ('not read: "Name", "Possible", "%"', "2 blank cells: no mark there", "1 row of totals not read")


HEADINGS = {
    "one row": "UPN,2024-09-02 AM,2024-09-02 PM,2024-09-03 AM,2024-09-03 PM",
    "sessions below merged days": "UPN,Mon 02 Sep,,Tue 03 Sep,\n,AM,PM,AM,PM",
    "the pupil named below": ",Mon 02 Sep,,Tue 03 Sep,\nUPN,AM,PM,AM,PM",
    "weekdays above, sessions below": ",Mon,,Tue,\nUPN,2 September 2024,,3 September 2024,\n,am,pm,am,pm",
    "weekdays below": "UPN,02/09/2024,,03/09/2024,,\n,Mon,,Tue,\n,AM,PM,AM,PM".replace("03/09/2024,,", "03/09/2024,"),
    "a column without a name for the afternoon": "UPN,2024-09-02,,2024-09-03,",
    "newest first": "UPN,Tue 03/09 PM,Tue 03/09 AM,Mon 02/09 PM,Mon 02/09 AM",
    "line breaks in a heading": 'UPN,"Mon\n02-Sep\nAM","Mon\n02-Sep\nPM","Tue\n03-Sep\nAM","Tue\n03-Sep\nPM"',
    "morning and afternoon": "UPN,Monday 2nd Sept 2024 Morning,,Sep 3 2024 (a.m.),(p.m.)",
    "short years": "UPN,02-Sep-24 AM,02-Sep-24 PM,03-Sep-24 AM,03-Sep-24 PM",
}


@pytest.mark.parametrize("kind", HEADINGS)
def test_headings_as_people_write_them(tmp_path: Path, kind: str) -> None:
    marks = "C2,O,\\,/" if kind == "newest first" else "/,\\,O,C2"
    facts = DatasetFacts(school="9990001", academic_year="2024/25", dates=DateFacts(order="dmy"))
    text = f"Register of 8X\n\n{HEADINGS[kind]}\nP1,{marks}\n"
    assert _marks(_csv(tmp_path, text), facts) == TWO_DAYS


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators(tmp_path: Path, separator: str) -> None:
    assert len(_marks(_csv(tmp_path, CLEAN.replace(",", separator)), DatasetFacts())) == 6


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_names_with_accents_in_any_declared_encoding(tmp_path: Path, encoding: str) -> None:
    facts = DatasetFacts(encoding=encoding) if encoding != "utf-8-sig" else DatasetFacts()
    assert len(_marks(_csv(tmp_path, CLEAN.replace("Jane", "Zoë").encode(encoding)), facts)) == 6


def test_a_day_in_a_cell_is_two_marks_where_it_cannot_be_one(tmp_path: Path) -> None:
    text = "UPN,2024-09-02\nP1,/\\\nP2,//\nP3,/C2\nP4,C2/\nP5,C2C2\nP6,/ O\nP7,#\nP8,-\nP9,\\ \nPA, L\nPB,CC\n"
    marks = _marks(_csv(tmp_path, text))
    both = {(p, s): c for p, _, s, c in marks}
    pairs = {p: (both.get((p, "AM")), both.get((p, "PM"))) for p, _, _, _ in marks}
    assert pairs == {
        "P1": ("/", "\\"), "P2": ("/", "/"), "P3": ("/", "C2"), "P4": ("C2", "/"), "P5": ("C2", "C2"), "P6": ("/", "O"),
        "P7": ("#", "#"), "P8": ("-", "-"), "P9": ("\\", None), "PA": (None, "L"), "PB": ("C", "C"),
    }  # fmt: skip


@pytest.mark.parametrize("cell", ["C2", "J1", "Y4", "/"])
def test_a_day_in_a_cell_that_may_be_one_mark_is_rejected_alone(tmp_path: Path, cell: str) -> None:
    checked = _checked(_csv(tmp_path, f"UPN,2024-09-02,2024-09-03\nP1,/\\,{cell}\nP2,/\\,/\\\n"))
    (rejected,) = checked.ledger.rejections
    assert (checked.ledger.rows, checked.ledger.accepted) == (7, 6)
    assert (rejected.rule, rejected.rows, rejected.first) == ("wrong_shape", 1, (2,))


def test_one_mark_a_day_needs_to_be_declared(tmp_path: Path) -> None:
    path = _csv(tmp_path, "UPN,2024-09-02\n" + "".join(f"P{i},/\n" for i in range(12)))
    assert 'session = "DAY"' in _refused(path).do
    facts = DatasetFacts(school="9990001", session="DAY")
    assert {(s, c) for _, _, s, c in _marks(path, facts)} == {("DAY", "/")}


def test_codes_of_both_eras_in_one_register(tmp_path: Path) -> None:
    checked = _checked(_csv(tmp_path, "UPN,2024-07-19 AM,2024-09-02 AM\nP1,J,K\nP2,H,C2\nP3,K,H\n"))
    assert checked.ledger.accepted == 6
    assert any("2 marks with a code that was not in force on the day (H, K)" in note for note in checked.ledger.notes)


def test_local_codes_are_mapped_even_where_they_are_numbers(tmp_path: Path) -> None:
    facts = DatasetFacts(school="9990001", codes=CodeFacts(map={"I02": "I", "1": "/"}))
    assert [m[3] for m in _marks(_csv(tmp_path, "UPN,2024-09-02 AM,2024-09-02 PM\nP1,I02,1\n"), facts)] == ["I", "/"]
    assert [m[3] for m in _marks(_csv(tmp_path, "UPN,2024-09-02\nP1,I021\n"), facts)] == ["I", "/"]


def test_weekends_and_a_pupil_without_marks_make_no_rows(tmp_path: Path) -> None:
    path = _csv(tmp_path, "UPN,Fri 06 Sep AM,Sat 07 Sep AM,Sun 08 Sep AM\nP1,/,,\nP2,,,\n")
    assert _marks(path, YEAR) == [("P1", "09-06", "AM", "/")]
    assert "1 pupil without any mark" in _raw(path, YEAR).notes


def test_a_ragged_row_loses_its_marks_and_no_other(tmp_path: Path) -> None:
    ledger = _checked(_csv(tmp_path, "UPN,2024-09-02 AM,2024-09-02 PM\nP1,/\nP2,/,\\,\\\nP3,/,\\\n")).ledger
    assert (ledger.rows, ledger.accepted, ledger.rejections[0].rule, ledger.rejections[0].first) == (5, 2, "ragged_row", (2, 3))
    most = "".join(f"P{i},/\n" for i in range(10))
    assert _refused(_csv(tmp_path, f"UPN,2024-09-02 AM,2024-09-02 PM\n{most}P0,/,\\\n")).rule == "ragged_row"


REFUSED: dict[str, tuple[str, DatasetFacts, str, str]] = {
    "no year": ("UPN,Mon 02 Sep AM\nP1,/\n", FACTS, "ambiguous_date", "row 1, column B: dates without a year"),
    "short year": ("UPN,02/09/24 AM\nP1,/\n", FACTS, "ambiguous_date", "the year of a date is not written with four digits"),
    "another year": ("UPN,02-Sep-23 AM\nP1,/\n", YEAR, "ambiguous_date", "the year of a date is not written with four digits"),
    "either way": ("UPN,03/04/2025 AM\nP1,/\n", FACTS, "ambiguous_date", "every date is readable both ways"),
    "both ways": ("UPN,13/04/2025 AM,04/14/2025 AM\nP1,/,/\n", FACTS, "mixed_dates", "some dates start with the day"),
    "a repeated day": ("UPN,2024-09-02,2024-09-03,2024-09-02\nP1,//,//,//\n", FACTS, "duplicate_header", "column D: this column is headed"),
    "a repeated session": ("UPN,2024-09-02 AM,2024-09-02 AM\nP1,/,/\n", FACTS, "duplicate_header", "column C: this column is headed"),
    "another weekday": ("UPN,Tue 02 Sep AM\nP1,/\n", YEAR, "wrong_shape", "column B: no such day, or not the weekday"),
    "no such day": ("UPN,2025-02-29 AM\nP1,/\n", FACTS, "wrong_shape", "column B: no such day"),
    "numbers": ("UPN,2024-09-02 AM,2024-09-03 AM\nP1,/,95 %\n", FACTS, "not_marks", "row 2, column C: a number stands where a mark should"),
    "an unknown code": ("UPN,2024-09-02 AM\nP1,I02\n", FACTS, "unknown_code", "1 mark is not in the England table"),
    "an unknown pair": ("UPN,2024-09-02\nP1,/A\n", FACTS, "unknown_code", "(codes: A)"),
    "no school": ("UPN,2024-09-02 AM\nP1,/\n", DatasetFacts(), "missing_column", "no column for school_id"),
    "no pupil": (
        "Who," + ",".join(f"2024-09-{d:02d} AM" for d in range(2, 14)) + "\nP1\n",
        FACTS,
        "missing_column",
        "no column for pupil_id",
    ),
    "two pupils": ("UPN,Adno,2024-09-02 AM\nP1,2,/\n", FACTS, "duplicate_header", "two columns can be read as pupil_id"),
    "some sessions named": ("UPN,2024-09-02 AM,2024-09-03\nP1,/,//\n", FACTS, "wrong_shape", "some days have a column for AM and PM each"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_grid_in_doubt_is_refused(tmp_path: Path, kind: str) -> None:
    text, facts, rule, what = REFUSED[kind]
    error = _refused(_csv(tmp_path, text), facts)
    assert error.rule == rule
    assert what in str(error)


def test_the_weekday_proves_the_order_of_day_and_month(tmp_path: Path) -> None:
    assert [m[1] for m in _marks(_csv(tmp_path, "UPN,Thu 03/04/2025 AM\nP1,/\n"))] == ["04-03"]
    assert [m[1] for m in _marks(_csv(tmp_path, "UPN,Tue 03/04/2025 AM\nP1,/\n"))] == ["03-04"]


def test_a_workbook_with_merged_days(tmp_path: Path) -> None:
    day: Value = dt.date(2024, 9, 2)
    rows: list[list[Value]] = [
        ["8X"],
        [None, day, None, dt.date(2024, 9, 3), None, "Total"],
        ["UPN", "AM", "PM", "AM", "PM"],
        ["P1", "/", "\\", "O", "C2", 3],
    ]
    path = put_workbook(tmp_path, [["cover"]], rows, states=["visible", "visible"])
    assert _marks(path) == TWO_DAYS
    assert "worksheet 2 was read; 1 not" in _raw(path).notes
    rows[3][0] = 17
    assert _refused(put_workbook(tmp_path, rows)).rule == "damaged_identifier"
    rows[3][:2] = ["P1", 1]
    assert _refused(put_workbook(tmp_path, rows)).rule == "not_marks"
    assert "worksheets 1 and 2 both hold" in _refused(put_workbook(tmp_path, rows, rows)).what


def test_a_parquet_file_of_days(tmp_path: Path) -> None:
    path = tmp_path / "register.parquet"
    pq.write_table(pa.table({"UPN": ["P1"], "2024-09-02 AM": ["/"], "2024-09-02 PM": ["\\"], "2024-09-03 AM": [None]}), path)
    assert _marks(path) == TWO_DAYS[:2]
    pq.write_table(pa.table({"UPN": [1], "2024-09-02 AM": ["/"]}), path)
    assert _refused(path).rule == "damaged_identifier"


@pytest.mark.parametrize(
    "text",
    [
        "UPN,School,Date,Session,Mark\nP1,9990001,2024-09-02,AM,/\n",
        "UPN,School,Start Date,Marks\nP1,9990001,2024-09-02,//\n",
        "",
        "a\n2024-09-02\n",
    ],
)
def test_other_tables_are_no_grids(tmp_path: Path, text: str) -> None:
    assert not grid.fits(peek(_csv(tmp_path, text)), FACTS)


@pytest.mark.parametrize(
    "text", ["Attendance", "Year 7", "95", "8X1", "May", "Sun hat", "2024-09-02 09:15", "1/2/3/4", "32nd", "Total AM", "x" * 99]
)
def test_what_is_no_day_is_not_taken_for_one(text: str) -> None:
    assert parse(text) is None


CODES = st.sampled_from(["/", "\\", "L", "O", "C2", "Y4", "#", "N", ""])


@given(
    cells=st.lists(st.lists(CODES, min_size=6, max_size=6), min_size=1, max_size=5),
    form=st.sampled_from(["{d:%Y-%m-%d} {s}", "{d:%a %d %b} {s}", "{d:%d/%m/%Y} {s}", "{s} {d:%d-%B-%Y}"]),
    backwards=st.booleans(),
    as_workbook=st.booleans(),
)
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]], form: str, backwards: bool, as_workbook: bool
) -> None:
    folder = tmp_path_factory.mktemp("grid")
    days = [dt.date(2024, 9, 13), dt.date(2024, 9, 16), dt.date(2025, 1, 7)]
    heads = [(day, session) for day in days for session in ("AM", "PM")]
    order = list(range(6))[:: -1 if backwards else 1]
    rows = [["UPN", *(form.format(d=heads[i][0], s=heads[i][1]) for i in order)]]
    rows += [[f"P{p}", *(row[i] for i in order)] for p, row in enumerate(cells)]
    path = put_workbook(folder, rows) if as_workbook else _csv(folder, "".join(",".join(row) + "\n" for row in rows))
    expected = [(f"P{p}", f"{d:%m-%d}", s, c) for p, row in enumerate(cells) for (d, s), c in zip(heads, row, strict=True) if c]
    assert _marks(path, YEAR) == expected
