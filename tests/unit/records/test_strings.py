"""A string of marks becomes one row a mark, dated by the only week that fits it; in doubt the pupil's marks are rejected."""

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
from eswarn.records.codes import code_table
from eswarn.records.ledger import FileRefused
from eswarn.records.readers import strings
from eswarn.records.readers.peek import peek
from eswarn.records.readers.raw import Raw
from eswarn.records.readers.strides import COUNTED
from tests.unit.records.workbooks import Value, put_workbook

FACTS = DatasetFacts(school="9990001")
HEAD = "UPN,Start Date,Marks\n"
MONDAY = dt.date(2024, 9, 2)
PM = "\\"
WEEK = ("/" + PM) * 5
Mark = tuple[str, dt.date, str, str]


def _csv(folder: Path, text: str | bytes) -> Path:
    path = folder / "marks.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _raw(path: Path, facts: DatasetFacts = FACTS) -> Raw:
    assert strings.fits(peek(path), facts)
    (raw,) = strings.read(path, facts=facts)
    return raw


def _checked(path: Path, facts: DatasetFacts = FACTS) -> Checked:
    return check(_raw(path, facts), facts)


def _marks(path: Path, facts: DatasetFacts = FACTS) -> list[Mark]:
    return [(r["pupil_id"], r["date"], r["session"], r["code"]) for r in _checked(path, facts).table.to_pylist()]


def _refused(path: Path, facts: DatasetFacts = FACTS) -> FileRefused:
    assert strings.fits(peek(path), facts)
    with pytest.raises(FileRefused) as refusal:
        check(strings.read(path, facts=facts)[0], facts)
    assert str(refusal.value).startswith(path.name)
    assert refusal.value.do
    return refusal.value


def _dated(pupil: str, start: dt.date, text: str, *, week: int) -> list[Mark]:
    """What a string says, by a plain walk from day to day: no code is shared with the reader."""
    marks, day = [], start
    for place in range(0, len(text), 2):
        while week == 5 and day.weekday() >= 5:
            day += dt.timedelta(days=1)
        for session, code in zip(("AM", "PM"), text[place : place + 2], strict=True):
            if code != " " and not (day.weekday() >= 5 and code in "#-"):
                marks.append((pupil, day, session, code))
        day += dt.timedelta(days=1)
    return marks


def test_a_week_of_five_days(tmp_path: Path) -> None:
    text = (WEEK + "OO" + WEEK[2:] + "##II" + WEEK[4:]) * 2
    checked = _checked(_csv(tmp_path, f"{HEAD}P1,2024-09-02,{text}\nP2,2024-09-04,{WEEK * 3}\n"))
    rows = [(r["pupil_id"], r["date"], r["session"], r["code"]) for r in checked.table.to_pylist()]
    assert rows == _dated("P1", MONDAY, text, week=5) + _dated("P2", dt.date(2024, 9, 4), WEEK * 3, week=5)
    assert checked.numbers(np.array([0, 59, 60, 89])).tolist() == [2, 2, 3, 3]
    assert checked.ledger.notes[0] == "the strings hold weeks of five days, as 2 of them prove"


@pytest.mark.parametrize("closed", ["####", "    ", "----"])
def test_a_week_of_seven_days(tmp_path: Path, closed: str) -> None:
    text = (WEEK + closed) * 3 + "##########" + closed + WEEK
    assert _marks(_csv(tmp_path, f"{HEAD}P1,2024-09-02,{text}\n")) == _dated("P1", MONDAY, text, week=7)


def test_a_string_may_start_before_term_and_end_after_it(tmp_path: Path) -> None:
    """Closed days in front and behind say nothing about the week."""
    for week, text in ((5, "#" * 10 + WEEK * 3 + " " * 20), (7, "#" * 14 + (WEEK + "####") * 3 + " " * 28)):
        path = _csv(tmp_path, f"{HEAD}P1,2024-08-26,{text.rstrip()}\n")
        assert _marks(path) == _dated("P1", dt.date(2024, 8, 26), text, week=week)


def test_within_one_week_both_readings_are_the_same(tmp_path: Path) -> None:
    path = _csv(tmp_path, f"{HEAD}P1,2024-09-02,{WEEK}    \n")
    assert _marks(path) == _dated("P1", MONDAY, WEEK, week=5)


def test_a_string_that_fits_both_weeks_follows_the_others_of_its_file(tmp_path: Path) -> None:
    short = WEEK + "####" + "//"  # five days: closed on the second Monday and Tuesday; seven: a weekend
    for week, other in ((5, WEEK * 3), (7, (WEEK + "####") * 3)):
        marks = _marks(_csv(tmp_path, f"{HEAD}P1,2024-09-02,{short}\nP2,2024-09-02,{other}\n"))
        assert [m for m in marks if m[0] == "P1"] == _dated("P1", MONDAY, short, week=week)


def test_a_string_that_fits_both_weeks_alone_is_rejected_unless_its_end_is_given(tmp_path: Path) -> None:
    short = WEEK + "####" + "//"
    (rejected,) = _checked(_csv(tmp_path, f"{HEAD}P1,2024-09-02,{short}\n")).ledger.rejections
    assert (rejected.rule, rejected.rows, rejected.column) == ("wrong_shape", 16, "Marks")
    assert "fit weeks of five days and of seven" in rejected.what
    path = _csv(tmp_path, f"UPN,Start Date,End Date,Marks\nP1,2024-09-02,2024-09-09,{short}\n")
    assert _marks(path) == _dated("P1", MONDAY, short, week=7)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ((WEEK + "####") * 4, "2024-09-03"),  # begun a day late: the weekends fall on other days
        ((WEEK + "//##") * 4, "2024-09-02"),  # school on Saturdays
        ((WEEK + "////") * 2, "2024-09-07"),  # marks on every day, from a Saturday
    ],
)
def test_a_string_that_fits_no_week_is_rejected(tmp_path: Path, text: str, start: str) -> None:
    ledger = _checked(_csv(tmp_path, f"{HEAD}P1,{start},{text}\n")).ledger
    assert ledger.accepted == 0
    assert "fit neither weeks of five days nor of seven" in ledger.rejections[0].what


def test_two_kinds_of_week_in_one_file_are_refused(tmp_path: Path) -> None:
    error = _refused(_csv(tmp_path, f"{HEAD}P1,2024-09-02,{WEEK * 3}\nP2,2024-09-02,{(WEEK + '####') * 3}\nP3,2024-09-02,{WEEK * 3}\n"))
    assert error.rule == "wrong_shape"
    assert str(error).startswith("marks.csv, row 3: weeks of five days in 2 strings, of seven in 1")


def test_a_few_strings_of_another_week_are_rejected(tmp_path: Path) -> None:
    many = "".join(f"P{i},2024-09-02,{WEEK * 3}\n" for i in range(40))
    ledger = _checked(_csv(tmp_path, f"{HEAD}{many}Q,2024-09-02,{(WEEK + '####') * 3}\n")).ledger
    assert (ledger.accepted, ledger.rejections[0].rows, ledger.rejections[0].first) == (1200, 42, (42,))


REJECTED = {
    "odd length": ("2024-09-02", WEEK + "/", "wrong_shape", "an odd number of characters", 11),
    "two characters": ("2024-09-02", WEEK + "C2", "unknown_code", "a code of two characters", 12),
    "transport": ("2024-09-02", "Y4" + WEEK, "unknown_code", "a code of two characters", 12),
    "no start": ("", WEEK, "missing_value", "no start date", 10),
    "no such day": ("2024-02-30", WEEK, "bad_date", "a start date that is no day of the calendar", 10),
    "words": ("soon", WEEK, "bad_date", "a start date that is no day of the calendar", 10),
    "too early": ("1980-01-01", WEEK, "bad_date", "a start date that is no day of the calendar", 10),
    "an error": ("2024-09-02", "#NAME?", "wrong_shape", "a number or an error of a spreadsheet", 6),
    "a Saturday": ("2024-09-07", WEEK, "wrong_shape", "fit neither weeks", 10),
}


@pytest.mark.parametrize("kind", REJECTED)
def test_what_is_in_doubt_costs_that_pupil_alone(tmp_path: Path, kind: str) -> None:
    start, text, rule, what, marks = REJECTED[kind]
    ledger = _checked(_csv(tmp_path, f"{HEAD}P1,2024-09-02,{WEEK}\nP2,{start},{text}\n")).ledger
    (rejected,) = ledger.rejections
    assert (ledger.rows, ledger.accepted, rejected.rule, rejected.rows, rejected.first) == (10 + marks, 10, rule, marks, (3,))
    assert what in rejected.what
    assert rejected.do
    bad = "".join(f"P{i},{start},{text}\n" for i in range(12))
    assert _refused(_csv(tmp_path, f"{HEAD}{bad}Q,2024-09-02,{WEEK}\n")).rule == rule


TOTALLED = "UPN,Start Date,Marks,Possible,Sessions Attended,Authorised,Unauthorised\n"


def test_totals_are_checked_where_they_are_given(tmp_path: Path) -> None:
    text = "/\\LOIVD#N-XC"  # 8 possible: / \\ L V attended, I C authorised, O N unauthorised
    rows = [("A", "8", "4", "2", "2"), ("B", "", "", "", ""), ("C", "8", "5", "2", "2"), ("D", "8", "four", "", ""), ("E", "", "", "", "3")]
    path = _csv(tmp_path, TOTALLED + "".join(f"{p},2024-09-03,{text},{','.join(t)}\n" for p, *t in rows))
    ledger = _checked(path).ledger
    (rejected,) = ledger.rejections
    assert (rejected.rule, rejected.first, rejected.rows) == ("totals_do_not_match", (4, 5, 6), 36)
    assert ledger.accepted == 24


def test_no_code_of_one_character_changes_what_it_counts_as() -> None:
    """The reader counts by character alone, whatever the date."""
    for place in ("england", "us", "neutral"):
        table = code_table(place)
        sets = [table.members(name) for name in COUNTED]
        for code in {row.code for row in table.rows if len(row.code) == 1}:
            counted = {tuple(bool(s[i]) for s in sets) for i, row in enumerate(table.rows) if row.code == code}
            assert len(counted) == 1, (place, code)


REFUSED: dict[str, tuple[str, DatasetFacts, str, str]] = {
    "no start": (f"UPN,Marks\nP1,{WEEK}\n", FACTS, "missing_column", "no column for the start date"),
    "no school": (f"{HEAD}P1,2024-09-02,{WEEK}\n", DatasetFacts(), "missing_column", "no column for school_id"),
    "an unknown sign": (f"{HEAD}P1,2024-09-02,{WEEK}AA\n", FACTS, "unknown_code", "2 marks are not in the England table"),
    "a letter of another alphabet": (f"{HEAD}P1,2024-09-02,{WEEK}é\n", FACTS, "unknown_code", "text of 1 character"),
    "either way": (
        f"{HEAD}P1,03/04/2025,{WEEK}\n",
        FACTS,
        "ambiguous_date",
        'row 2, column "Start Date": every date is readable both ways',
    ),
    "no year": (f"{HEAD}P1,2 Sep,{WEEK}\n", FACTS, "ambiguous_date", "dates without a year"),
    "two of a kind": (f"UPN,Start,Start Date,Marks\nP1,2024-09-02,2024-09-02,{WEEK}\n", FACTS, "duplicate_header", "can be read as start"),
    "ragged": (HEAD + "P1,2024-09-02\n" * 12, FACTS, "ragged_row", "12 of 12 strings: not as many fields"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_in_doubt_is_refused(tmp_path: Path, kind: str) -> None:
    text, facts, rule, what = REFUSED[kind]
    error = _refused(_csv(tmp_path, text), facts)
    assert error.rule == rule
    assert what in str(error)


def test_local_signs_and_declared_headers(tmp_path: Path) -> None:
    facts = DatasetFacts(
        school="9990001",
        codes=CodeFacts(map={"+": "/", "*": "#", "1": "I"}),
        dates=DateFacts(order="dmy"),
        columns={"attendance": {"pupil_id": "Who", "date": "Since", "code": "What"}},
    )
    path = _csv(tmp_path, f"Who,Since,What\nP1,02/09/2024,{('+' * 8 + '1' + PM + '*' * 4) * 3}\n")
    codes = [m[3] for m in _marks(path, facts)]
    assert codes == (["/"] * 8 + ["I", PM]) * 3


def test_both_eras_in_one_string(tmp_path: Path) -> None:
    checked = _checked(_csv(tmp_path, f"{HEAD}P1,2024-07-22,JJKK{'/' * 6}{'#' * 30}HH{'/' * 18}\n"))
    assert checked.ledger.accepted == 60
    assert any("4 marks with a code that was not in force on the day (H, K)" in note for note in checked.ledger.notes)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_marks_and_names_in_any_declared_encoding(tmp_path: Path, encoding: str) -> None:
    facts = DatasetFacts(school="9990001", encoding="utf-8" if encoding == "utf-8-sig" else encoding)
    path = _csv(tmp_path, f"Name;{HEAD.replace(',', ';')}Zoë;P1;2024-09-02;{WEEK}\n".encode(encoding))
    assert _marks(path, facts) == _dated("P1", MONDAY, WEEK, week=5)
    assert 'not read: "Name"' in _raw(path, facts).notes


def test_a_workbook_of_strings(tmp_path: Path) -> None:
    rows: list[list[Value]] = [["UPN", "Start Date", "Marks", "Possible"], ["P1", MONDAY, "##" + WEEK, 10], ["P2", MONDAY, 11, 2]]
    path = put_workbook(tmp_path, rows)
    assert _marks(path) == _dated("P1", MONDAY, "##" + WEEK, week=5)
    assert [(r.rule, r.first) for r in _checked(path).ledger.rejections] == [("wrong_shape", (3,))]
    rows[1][0] = 5
    assert _refused(put_workbook(tmp_path, rows)).rule == "damaged_identifier"


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())])
def test_a_parquet_file_of_strings(tmp_path: Path, kind: pa.DataType) -> None:
    path = tmp_path / "marks.parquet"
    texts = pa.chunked_array([pa.array([WEEK * 2]), pa.array([None, "#" * 20 + WEEK])]).cast(kind)
    columns = {
        "UPN": ["P1", "P2", "P3"],
        "School": ["9990001"] * 3,
        "Start Date": pa.array([MONDAY] * 3),
        "Marks": texts,
        "Possible": [20, None, 10],
    }
    pq.write_table(pa.table(columns), path)
    assert _marks(path) == _dated("P1", MONDAY, WEEK * 2, week=5) + _dated("P3", MONDAY, "#" * 20 + WEEK, week=5)
    assert _raw(path).numbering.of(np.array([0, 20])).tolist() == [2, 4]
    for name, values, rule in (
        ("UPN", [1, 2, 3], "damaged_identifier"),
        ("Marks", [1, 2, 3], "wrong_type"),
        ("Possible", [0.5] * 3, "wrong_type"),
    ):
        pq.write_table(pa.table(columns | {name: values}), path)
        assert _refused(path).rule == rule


def test_an_empty_table_has_no_marks(tmp_path: Path) -> None:
    ledger = _checked(_csv(tmp_path, f"{HEAD}P1,2024-09-02,\nTotal,,\n")).ledger
    assert (ledger.rows, ledger.accepted) == (0, 0)
    assert "1 row of totals not read" in ledger.notes


@pytest.mark.parametrize(
    "text", ["UPN,School,Date,Session,Mark\nP1,9990001,2024-09-02,AM,/\n", "UPN,Subject,Marks\nP1,Art,52\n", "", "x\n"]
)
def test_other_tables_are_no_strings(tmp_path: Path, text: str) -> None:
    assert not strings.fits(peek(_csv(tmp_path, text)), FACTS)


@given(
    pupils=st.lists(
        st.tuples(st.integers(0, 4), st.text("/\\LOINGMVDX#", min_size=2, max_size=60), st.text(" ", max_size=8)), min_size=1, max_size=12
    ),
    seven=st.booleans(),
    form=st.sampled_from(["csv", "xlsx", "parquet"]),
)
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, pupils: list[tuple[int, str, str]], seven: bool, form: str
) -> None:
    """Any strings, beside one long enough to prove the week; each is read as written or rejected, never dated otherwise."""
    folder = tmp_path_factory.mktemp("strings")
    weekend = "####" if seven else ""
    rows = [("P", MONDAY, (WEEK + weekend) * 4)] * 60
    for later, marks, trimmed in pupils:
        start = MONDAY + dt.timedelta(days=later)
        filled, day = "", start
        for place in range(0, len(marks) // 2 * 2, 2):
            while seven and day.weekday() >= 5:
                filled, day = filled + "##", day + dt.timedelta(days=1)
            filled, day = filled + marks[place : place + 2], day + dt.timedelta(days=1)
        rows.append(("P", start, filled + trimmed[: len(trimmed) // 2 * 2]))
    named = [(f"P{i}", start, text) for i, (_, start, text) in enumerate(rows)]
    head = ["UPN", "Start Date", "Marks"]
    if form == "parquet":
        path = folder / "marks.parquet"
        pq.write_table(pa.table(dict(zip(head, map(list, zip(*named, strict=True)), strict=True))), path)
    elif form == "xlsx":
        path = put_workbook(folder, [head, *named])
    else:
        path = _csv(folder, "".join(",".join(map(str, row)) + "\n" for row in [head, *named]))
    checked = _checked(path)
    turned_away = {row for r in checked.ledger.rejections for row in r.first}
    kept = [entry for i, entry in enumerate(named) if i + 2 not in turned_away]
    expected = [mark for entry in kept for mark in _dated(*entry, week=7 if seven else 5)]
    if sum(len(r.first) for r in checked.ledger.rejections) < 5:
        assert [(r["pupil_id"], r["date"], r["session"], r["code"]) for r in checked.table.to_pylist()] == expected
    assert len(kept) >= 60
