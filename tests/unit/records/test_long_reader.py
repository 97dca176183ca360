"""Which table a file is: its header says, its name decides a tie, and a doubt is refused."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eswarn.config import DatasetFacts
from eswarn.records.read import check, read
from eswarn.records.readers.long import choose, table_named, tables
from eswarn.records.readers.peek import peek
from tests.unit.records.exports import marks, put

HEADERS = {
    "attendance": "Student ID,School,Date,Session Name,Mark",
    "behaviour": "Date,Admission No,Pupil Name,School,Year,Form,Type (Positive/Negative),Reason,Lesson,Points,Awarded By,Category",
    "suspensions": "UPN,Estab,Type,Start Date,End Date,Days,Reason 1",
    "context": "Adno,School,Effective Date,Year,Gender",
    "outcomes": "Adno,School,DOL,Reason for leaving",
    "assessments": "Adno,School,Result Date,Subject,Mark",
    "enrolment": "Adno,School,DOA,DOL",
    "calendar": "School,Date,AM/PM,Open",
    "term_totals": "UPN,School,Term Start,Term End,Sessions Possible,Authorised,Unauthorised",
}


def _told(folder: Path, header: str, name: str = "export.csv", facts: DatasetFacts | None = None) -> tuple[str, ...]:
    path = folder / name
    path.write_text(f"A title\n\n{header}\n", encoding="utf-8")
    return tables(peek(path), facts or DatasetFacts())


@pytest.mark.parametrize("table", HEADERS)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_header_says_which_table_a_file_is(tmp_path: Path, table: str, separator: str) -> None:
    assert _told(tmp_path, HEADERS[table].replace(",", separator)) == (table,)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_hindrance(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "x").write_text(HEADERS["attendance"] + "\n", encoding=encoding)
    assert tables(peek(tmp_path / "x"), DatasetFacts()) == ("attendance",)


def test_a_parquet_file_is_known_by_its_columns_whatever_it_is_called(tmp_path: Path) -> None:
    rows = [line.split(",") for line in marks(1).split("\n")[:-1]]
    pq.write_table(pa.table({name: [row[i] for row in rows[1:]] for i, name in enumerate(rows[0])}), tmp_path / "register.csv")
    assert read(tmp_path).table("attendance").num_rows == 20


def test_the_name_decides_between_tables_that_fit_equally_well(tmp_path: Path) -> None:
    both = "Adno,School,DOA,DOL,Leaving Reason\nP1,S1,2020-09-01,2024-07-20,neet\n"
    (file,) = check(put(tmp_path, leavers=both)).files
    assert file.rule == "ambiguous_table"
    assert file.refused == (
        "leavers.csv: the columns are those of outcomes and of enrolment\n"
        "Say which it is in its name: outcomes-….csv or enrolment-….csv; where it is both, put in a copy under each name."
    )
    (tmp_path / "leavers.csv").unlink()
    put(tmp_path, outcomes_leavers=both, enrolment_leavers=both)
    assert [(f.table, f.accepted, f.notes[0][:8]) for f in check(tmp_path).files] == [
        ("outcomes", 1, "not read"),
        ("enrolment", 1, "not read"),
    ]


def test_the_name_wins_where_its_table_fits_and_loses_with_a_note_where_it_does_not(tmp_path: Path) -> None:
    assert _told(tmp_path, "Adno,School,DOA,DOL,Leaving Reason,Status", "outcomes.csv") == ("outcomes",)
    put(tmp_path, behaviour="Adno,School,Date,Subject,Mark\nP1,S1,2024-09-02,Art,12\n")
    (file,) = (f for f in check(tmp_path).files if f.file == "behaviour.csv")
    assert (file.table, file.accepted) == ("assessments", 1)
    assert file.notes[0] == "read as assessments by its columns, though it is named after behaviour"


def test_what_could_be_anybodys_table_is_taken_by_its_name_alone(tmp_path: Path) -> None:
    named_numbers = "Adno,School,Date,Name,Value"
    assert _told(tmp_path, named_numbers) == ()
    assert _told(tmp_path, named_numbers, "extra-reading.csv") == ("extra",)
    assert _told(tmp_path, "Adno,School,From") == ()  # context without a fact
    assert _told(tmp_path, "Adno,School,From", "context.csv") == ("context",)


def test_facts_about_headers_and_sessions_count(tmp_path: Path) -> None:
    assert _told(tmp_path, "Kid,School,Day,Mark", facts=DatasetFacts(session="DAY")) == ()
    facts = DatasetFacts(session="DAY", columns={"attendance": {"pupil_id": "Kid"}})
    assert _told(tmp_path, "Kid,School,Day,Mark", facts=facts) == ("attendance",)
    assert _told(tmp_path, HEADERS["attendance"], facts=DatasetFacts(columns={"attendance": {"code": "Final"}})) == ()


@pytest.mark.parametrize("name", ["attendance.csv", "Attendance 23.csv", "ATTENDANCE_x.y", "attendance-2.parquet"])
def test_a_file_is_named_after_a_table_up_to_a_sign(name: str) -> None:
    assert table_named(Path(name)) == "attendance"
    assert table_named(Path("attendance2.csv")) == ""


def test_the_most_columns_win() -> None:
    assert choose({"attendance": 4, "assessments": 5}, Path("x.csv")) == ("assessments",)
    assert choose({"attendance": 5, "assessments": 5}, Path("x.csv")) == ("attendance", "assessments")
    assert choose({}, Path("attendance.csv")) == ()
