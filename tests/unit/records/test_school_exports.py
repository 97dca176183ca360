"""Behaviour and suspension exports as schools make them: days, older words, deleted records, and files that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from eswarn.records.ledger import FileLedger
from eswarn.records.read import check, read
from tests.unit.records.exports import account, marks, put

BEHAVIOUR = "Date,Admission No,Pupil Name,School,Year,Form,Type (Positive/Negative),Reason,Lesson,Points,Awarded By,Category,Comments\n"
SUSPENSIONS = "UPN,School,Type,Start Date,End Date,Days,Reason 1,Rescinded\n"


def test_a_behaviour_export_is_read_without_names_staff_and_comments(tmp_path: Path) -> None:
    rows = (
        "13/09/2024,P000,Jane Canary,9990001,7,7E,Negative,hit a canary,P3,-2,Mr Canary,Defiance,about a canary\n"
        "14/09/2024,P000,Jane Canary,9990001,7,7E,positive,helped,P1,0.5,Mr Canary,Effort,\n"
    )
    records = read(put(tmp_path, attendance=marks(), incidents=BEHAVIOUR + rows))
    kept = [{k: str(v) for k, v in row.items() if v is not None} for row in records.table("behaviour").to_pylist()]
    assert kept == [
        {"pupil_id": "P000", "school_id": "9990001", "date": "2024-09-13", "kind": "negative", "category": "Defiance", "points": "-2.0"},
        {"pupil_id": "P000", "school_id": "9990001", "date": "2024-09-14", "kind": "positive", "category": "Effort", "points": "0.5"},
    ]
    notes = "\n".join(account(tmp_path, "incidents.csv").notes)
    assert all(f'column "{name}" was not read' in notes for name in ("Pupil Name", "Awarded By", "Comments"))
    assert "canary" not in records.ledger.render().casefold()


def test_reasons_become_the_category_only_if_the_user_says_so_and_they_are_a_closed_list(tmp_path: Path) -> None:
    text = "Adno,School,Date,Type,Reason\n" + "".join(f"P{i:03d},9990001,2024-09-02,Negative,{{}}\n" for i in range(70))
    put(tmp_path, behaviour=text.replace("{}", "Lateness"))
    assert 'category = "Reason"' in account(tmp_path, "behaviour.csv").notes[1]
    put(tmp_path, attendance=marks(), dataset__toml='[columns.behaviour]\ncategory = "Reason"\n')
    assert set(read(tmp_path).table("behaviour")["category"].to_pylist()) == {"Lateness"}
    put(tmp_path, behaviour=text.format(*(f"reason {i}" for i in range(70))))
    assert read(tmp_path).table("behaviour")["category"].null_count == 70


def test_one_incident_on_several_rows_is_kept_as_it_stands(tmp_path: Path) -> None:
    row = "13/09/2024,P000,,9990001,7,7E,Negative,,P3,2,,Defiance,\n"
    assert account(put(tmp_path, incidents=BEHAVIOUR + row * 3), "incidents.csv").accepted == 3


@pytest.mark.parametrize(("header", "word"), [("Status", "Deleted"), ("Status", " cancelled"), ("Deleted", "Yes"), ("Is Deleted", "1")])
def test_records_that_the_school_deleted_are_turned_away_by_name(tmp_path: Path, header: str, word: str) -> None:
    rows = [f"P{i:03d},S1,2024-09-{2 + i % 20:02d},Negative,{word if i < 30 else ''}" for i in range(31)]
    file = account(put(tmp_path, behaviour="\n".join([f"Adno,School,Date,Type,{header}", *rows]) + "\n"), "behaviour.csv")
    assert [(r.rule, r.rows, r.first) for r in file.rejections] == [("deleted_record", 30, (2, 3, 4, 5, 6))]
    assert file.rejections[0].what == f'column "{header}" says that the record was deleted or cancelled'
    assert file.accepted == 1


@pytest.mark.parametrize("word", ["Active", "Resolved", "no", ""])
def test_other_words_of_a_status_turn_nothing_away(tmp_path: Path, word: str) -> None:
    text = f"Adno,School,Date,Type,Status,Deleted\nP1,S1,2024-09-02,Negative,{word},{word}\n"
    assert account(put(tmp_path, behaviour=text), "behaviour.csv").accepted == 1


@pytest.mark.parametrize(("days", "sessions"), [("0.5", 1), ("1", 2), ("1.50", 3), ("45", 90)])
def test_half_a_day_of_suspension_is_one_session(tmp_path: Path, days: str, sessions: int) -> None:
    put(tmp_path, attendance=marks(), exclusions=f"{SUSPENSIONS}P000,9990001,Fixed Term Exclusion,13/09/2024,14/09/2024,{days},PP,No\n")
    (row,) = read(tmp_path).table("suspensions").to_pylist()
    assert (row["kind"], row["sessions"], row["reason_1"]) == ("suspension", sessions, "PP")


@pytest.mark.parametrize(
    ("days", "rule"), [("0.3", "not_a_number"), ("46", "out_of_range"), ("0", "out_of_range"), ("two", "not_a_number")]
)
def test_a_number_of_days_that_is_no_number_of_half_days_is_rejected(tmp_path: Path, days: str, rule: str) -> None:
    text = f"{SUSPENSIONS}P000,9990001,Suspension,13/09/2024,,{days},,\nP001,9990001,Suspension,13/09/2024,,1,,\n"
    file = account(put(tmp_path, exclusions=text), "exclusions.csv")
    assert [(r.rule, r.column) for r in file.rejections] == [(rule, "Days")]


def test_sessions_come_before_days_and_older_words_mean_the_same(tmp_path: Path) -> None:
    text = "UPN,School,Type,Start Date,Sessions,Days\nP000,9990001,FIXD,13/09/2024,3,9\nP001,9990001,Permanent,14/09/2024,,\n"
    put(tmp_path, attendance=marks(), exclusions=text)
    rows = read(tmp_path).table("suspensions").to_pylist()
    assert [(row["kind"], row["sessions"]) for row in rows] == [("suspension", 3), ("permanent_exclusion", None)]


def test_a_rescinded_suspension_is_no_suspension(tmp_path: Path) -> None:
    text = f"{SUSPENSIONS}P000,9990001,Suspension,13/09/2024,,1,,Yes\nP001,9990001,Suspension,13/09/2024,,1,,\n"
    file = account(put(tmp_path, exclusions=text), "exclusions.csv")
    assert (file.accepted, [r.rule for r in file.rejections]) == (1, ["deleted_record"])


REFUSED = {
    "a safeguarding log": ("Incident ID,Incident Date,Category,Subcategory,Incident Summary", "free_text_refused", "safeguarding log"),
    "a log with a pupil": ("Adno,School,Incident Date,Type,Category,Incident Summary", "free_text_refused", "safeguarding log"),
    "percentages": (
        "Adno,Possible Sessions,Present Sessions,Authorised Absence,Unauthorised Absence,Attendance %,Start Date,End Date",
        "not_marks",
        "totals or percentages",
    ),
    "lesson marks": ("Adno,School,Date,Lesson,Mark", "not_marks", "lesson marks"),
    "two marks a row": ("Adno,School,Date,AM,PM", "wrong_shape", "side by side"),
    "yes and no": ("Adno,School,Ever suspended,Ever excluded,Rescinded", "missing_column", "no column for start"),
}


def _refused(folder: Path, header: str, name: str) -> FileLedger:
    cells = ",".join("Canary" for _ in header.split(","))
    (folder / name).write_text(f"{header}\n{cells}\n", encoding="utf-8")
    ledger = check(folder)
    assert "Canary" not in ledger.render()
    return ledger.files[0]


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("name", ["export.csv", "attendance.csv", "behaviour.csv", "suspensions 2024.csv"])
def test_exports_that_must_not_be_read_are_refused_whole(tmp_path: Path, kind: str, name: str) -> None:
    header, rule, words = REFUSED[kind]
    file = _refused(tmp_path, header, name)
    assert file.rule == rule
    assert words in file.refused
    assert file.refused.startswith((f"{name}, row 1: ", f"{name}: "))
    assert file.refused.endswith(".")


@pytest.mark.parametrize(
    "header",
    [
        "Adno,School,Date,Type,Category,Comments",
        "Adno,School,Date,Session,Mark,Lesson,Attendance %",
        "Adno,School,Effective Date,Year,Attendance %",
        "Adno,School,Type,Start Date,Days,Rescinded",
    ],
)
def test_tables_that_only_look_a_little_like_those_are_read(tmp_path: Path, header: str) -> None:
    (tmp_path / "export.csv").write_text(f"{header}\n", encoding="utf-8")
    (file,) = check(tmp_path).files
    assert file.refused == ""


def test_a_file_of_words_is_no_such_export(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("Lesson marks, code and class, a summary\nthe category, concern\n", encoding="utf-8")
    assert check(tmp_path).files == ()
