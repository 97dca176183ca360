"""Finding the header row and the columns of a table in it."""

from __future__ import annotations

import itertools

import pytest

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused
from eswarn.records.readers.headers import find, match, squash
from eswarn.records.tables import TABLE_MODELS, column

PLAIN = DatasetFacts()


def _places(text: str, facts: DatasetFacts = PLAIN, table: str = "attendance") -> dict[str, int]:
    return find(text, table, facts=facts, file="marks.csv").places


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_synonyms_are_found_in_any_case_and_spacing_and_with_any_separator(separator: str) -> None:
    text = separator.join([" ADM NO", "LAESTAB ", "Attendance_Date", "SessionName", "Attendance Code", "last updated"]) + "\n"
    header = find(text, "attendance", facts=PLAIN, file="marks.csv")
    assert header.places == {"pupil_id": 0, "school_id": 1, "date": 2, "session": 3, "code": 4, "recorded_on": 5}
    assert (header.separator, header.row, header.lines, header.notes) == (separator, 1, 1, ())


def test_rows_above_the_header_are_passed_over_and_noted_without_their_text() -> None:
    text = 'Register of Jane Smith\n"two\nlines"\n\nPupil,School,Date,Session,Mark\nP1,S,2024-09-02,AM,/\n'
    header = find(text, "attendance", facts=PLAIN, file="marks.csv")
    assert (header.row, header.lines, header.notes) == (4, 5, ("3 rows above the header not read",))


def test_a_declared_header_is_preferred_and_settles_a_doubt() -> None:
    facts = DatasetFacts(columns={"attendance": {"code": "Final Mark"}})
    assert _places("pupil,school,date,session,Mark,Final Mark\n", facts)["code"] == 5


def test_one_mark_a_day_needs_no_session_column() -> None:
    assert "session" not in _places("pupil,school,date,mark\n", DatasetFacts(session="DAY"))


@pytest.mark.parametrize("table", TABLE_MODELS)
def test_no_header_can_mean_two_columns_of_a_table(table: str) -> None:
    names = [{squash(text) for text in (name, *column(table, name).synonyms)} for name in TABLE_MODELS[table].model_fields]
    assert all(not a & b for a, b in itertools.combinations(names, 2))
    assert all(len(n) == 1 + len(column(table, f).synonyms) for n, f in zip(names, TABLE_MODELS[table].model_fields, strict=True))


def test_free_text_and_unknown_columns_are_named_as_not_read() -> None:
    names = ["pupil", "school", "date", "session", "mark", "Comment", "Date of Birth", "Colour", "recorded on day", ""]
    notes = match(names, "attendance", facts=PLAIN, file="marks.csv").notes
    assert notes == (
        'column "Comment" was not read (free text or personal)',
        'column "Date of Birth" was not read (free text or personal)',
        'not read (unknown): "Colour", "recorded on day" (if it is recorded_on, name it in dataset.toml)',
    )


FULL = "pupil,school,date,session,mark"


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("a,b,c\n1,2,3\n", "wrong_shape", "no header row"),
        ("", "wrong_shape", "no header row"),
        ("\n" * 60 + FULL + "\n", "wrong_shape", "no header row"),
        ("pupil,school,date,session\n", "missing_column", "no column for code. Columns seen: 4"),
        ("pupil,school,date,mark\n", "missing_column", "no column for session"),
        (FULL + ",code\n", "duplicate_header", 'two columns can be read as code: "mark" and "code"'),
        (FULL + ",Lesson,LESSON \n", "duplicate_header", 'two columns are called "Lesson" and "LESSON", which are read alike'),
        (FULL + ",Date", "duplicate_header", 'two columns are called "date" and "Date", which are read alike'),
        (FULL + ",Lesson,Lesson\n", "duplicate_header", 'two columns are called "Lesson"'),
        (FULL + "\n" + FULL + "\n", "two_headers", "rows 1 and 2"),
        ("pupil,date,Possible Sessions,Attendance %\n", "not_marks", "totals or percentages"),
        (FULL + "," + ",".join(f"c{i}" for i in range(2000)) + "\n", "wrong_shape", "2,005 columns"),
    ],
)
def test_a_header_in_doubt_is_refused(text: str, rule: str, words: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        _places(text)
    assert refusal.value.rule == rule
    assert words in refusal.value.what
    assert refusal.value.where.startswith("marks.csv")
    assert refusal.value.do


def test_a_header_that_dataset_toml_names_must_be_there() -> None:
    facts = DatasetFacts(columns={"attendance": {"recorded_on": "Changed"}})
    with pytest.raises(FileRefused, match=r'no header "Changed", which dataset\.toml names for recorded_on'):
        _places(FULL + "\n", facts)


def test_a_missing_session_column_says_how_to_declare_one_mark_a_day() -> None:
    with pytest.raises(FileRefused) as refusal:
        _places("pupil,school,date,mark\n")
    assert 'session = "DAY"' in refusal.value.do
    assert "[columns.attendance]" in refusal.value.do


def test_files_of_one_school_need_no_school_column_where_dataset_toml_names_it() -> None:
    assert "school_id" not in _places("pupil,date,session,mark\n", DatasetFacts(school="9994001"))
    with pytest.raises(FileRefused) as refusal:
        _places("pupil,date,session,mark\n")
    assert 'school = "its number"' in refusal.value.do
