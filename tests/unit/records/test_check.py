"""Every row accepted or rejected by a rule, with its number; every value in the type of its column."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from eswarn.records.read import read
from eswarn.records.tables import TABLE_MODELS, arrow_schema
from tests.unit.records.exports import HEADER, NO_HISTORY, account, marks, put


def _one(folder: Path, row: str, header: str = HEADER) -> tuple[str, str, tuple[int, ...]]:
    """Rule, column and place under which one bad row is rejected from a good register."""
    (rejection,) = account(put(folder, attendance=marks(header=header) + row + "\n")).rejections
    return rejection.rule, rejection.column, rejection.first


def test_a_clean_file_is_accepted_whole(tmp_path: Path) -> None:
    file = account(put(tmp_path, attendance=marks()))
    assert (file.rows, file.accepted, file.merged, file.rejections, file.notes) == (80, 80, 0, (), (NO_HISTORY,))


@pytest.mark.parametrize(
    ("row", "rule", "column"),
    [
        (",9990001,2024-09-02,AM,/", "missing_value", "pupil_id"),
        ("P9,,2024-09-02,AM,/", "missing_value", "school_id"),
        ("P9,9990001, ,AM,/", "missing_value", "date"),
        ("P9,9990001,2024-09-02,,/", "missing_value", "session"),
        ("P9,9990001,2024-02-30,AM,/", "bad_date", "date"),
        ("P9,9990001,soon,AM,/", "bad_date", "date"),
        ("P9,9990001,1989-12-31,AM,/", "out_of_range", "date"),
        ("P9,9990001,2041-01-01,AM,/", "out_of_range", "date"),
        ("P9,9990001,03/04/2024,AM,/", "mixed_dates", "date"),
        ("P9,9990001,2024-09-02 08:45,AM,/", "time_of_day", "date"),
        ("P9,9990001,2024-09-02,Noon,/", "unknown_value", "session"),
        ("A12345678901B,9990001,2024-09-02,AM,/", "raw_upn", "pupil_id"),
        ("v999999924001,9990001,2024-09-02,AM,/", "raw_upn", "pupil_id"),
        ("Jane Smith,9990001,2024-09-02,AM,/", "name", "pupil_id"),
        ('"Smith, Jane",9990001,2024-09-02,AM,/', "name", "pupil_id"),
        ("1.23E+11,9990001,2024-09-02,AM,/", "damaged_identifier", "pupil_id"),
        ("12345.0,9990001,2024-09-02,AM,/", "damaged_identifier", "pupil_id"),
        ("#REF!,9990001,2024-09-02,AM,/", "damaged_identifier", "pupil_id"),
        ("P9,999001,2024-09-02,AM,/", "damaged_identifier", "school_id"),
        ('"P\n9",9990001,2024-09-02,AM,/', "unreadable_text", "pupil_id"),
        ("P\u200b9,9990001,2024-09-02,AM,/", "unreadable_text", "pupil_id"),
        ("P" * 201 + ",9990001,2024-09-02,AM,/", "too_long", "pupil_id"),
        ("P9,9990001,2024-09-02,AM,/,", "ragged_row", ""),
        ("P9", "ragged_row", ""),
        ("", "blank_row", ""),
        (" ,,,\t,", "blank_row", ""),
        ("TOTAL,,,,376", "totals_row", "pupil_id"),
    ],
)
def test_a_bad_row_is_rejected_by_its_rule_and_place(tmp_path: Path, row: str, rule: str, column: str) -> None:
    assert _one(tmp_path, row) == (rule, column, (82,))


@pytest.mark.parametrize("pupil", ["7E1", "0012345", "None", "NA", "null", "nan", "1E5", "TRUE", "A 12", "a1b2c3d4e5f60"])
def test_an_unusual_identifier_is_text_like_any_other(tmp_path: Path, pupil: str) -> None:
    records = read(put(tmp_path, attendance=marks() + f"{pupil},9990001,2024-09-02,AM,/\n"))
    assert records.table("attendance").column("pupil_id")[80].as_py() == pupil


def test_the_first_five_rows_and_the_whole_count_are_told(tmp_path: Path) -> None:
    file = account(put(tmp_path, attendance=marks() + "P9,9990001,soon,AM,/\n" * 7 + "P8,9990001,2024-09-02,AM,/\n"))
    (rejection,) = file.rejections
    assert (rejection.rows, rejection.first, file.accepted, file.rows) == (7, (82, 83, 84, 85, 86), 81, 88)


def test_a_row_is_rejected_once_however_much_is_wrong_with_it(tmp_path: Path) -> None:
    file = account(put(tmp_path, attendance=marks() + "Jane Smith,,soon,Noon,nonsense\n"))
    assert [(r.rule, r.rows) for r in file.rejections] == [("name", 1)]


@pytest.mark.parametrize(("bad", "refused"), [(9, False), (80, False), (81, True)])
def test_a_file_is_refused_when_one_rule_turns_away_more_than_half(tmp_path: Path, bad: int, refused: bool) -> None:
    file = account(put(tmp_path, attendance=marks() + "P9,9990001,soon,AM,/\n" * bad))
    assert bool(file.refused) is refused
    assert not refused or (file.rule, file.refused.split("\n")[0]) == (
        "bad_date",
        'attendance.csv, rows 82–162, column "date": 81 of 161 rows: not a date',
    )


def test_a_file_of_ragged_rows_is_refused_and_one_of_blank_rows_is_not(tmp_path: Path) -> None:
    assert account(put(tmp_path, attendance=marks() + "P9\n" * 90)).rule == "ragged_row"
    file = account(put(tmp_path, attendance=marks().replace("\n", "\r\r\n")))
    assert (file.accepted, [(r.rule, r.rows) for r in file.rejections]) == (80, [("blank_row", 81)])


def test_every_column_of_every_table_is_read_in_its_type(tmp_path: Path) -> None:
    files = {
        "attendance": f"{HEADER},recorded_on,source_code,minutes_late\nP1,S1,2024-09-02,am,L,2024-09-05 10:31,L7,12\n",
        "behaviour": "pupil_id,school_id,date,kind,role,category,severity,points\nP1,S1,2024-09-02,Negative,harmed,Bullying,2,-1.5\n",
        "suspensions": "pupil_id,school_id,kind,start,sessions,end,lunchtime,reason_1\nP1,S1,Permanent Exclusion,2024-09-02,,,N,PP\n",
        "context": "pupil_id,school_id,valid_from,year,form,gender,fsm,sen,eal,idaci\nP1,S1,2024-09-01,Y07,7E1,Female,Yes,s,,3\n",
        "outcomes": "pupil_id,school_id,left_on,destination\nP1,S1,2025-07-20,Other School\n",
        "assessments": "pupil_id,school_id,date,subject,score,maximum\nP1,S1,2025-01-20,Maths,31.5,40\n",
        "enrolment": "pupil_id,school_id,entered_on,left_on,status\nP1,S1,2023-09-04,2025-07-20,Main\n",
        "calendar": "school_id,date,session,open\nS1,2024-09-02,AM,true\n",
        "term_totals": "pupil_id,school_id,starts_on,ends_on,possible,authorised,unauthorised\nP1,S1,2024-09-02,2024-12-20,140,3,1\n",
        "extra": "pupil_id,school_id,date,name,value\nP1,S1,2024-09-02,reading_age,9.5\n",
    }
    records = read(put(tmp_path, **files))
    assert set(records.tables) == set(TABLE_MODELS) == set(files)
    assert all(records.table(name).schema == arrow_schema(name) for name in TABLE_MODELS)
    rows = {name: {k: v for k, v in records.table(name).to_pylist()[0].items() if v is not None} for name in TABLE_MODELS}
    key, day = {"pupil_id": "P1", "school_id": "S1"}, dt.date(2024, 9, 2)
    assert rows == {
        "attendance": {
            **key,
            "date": day,
            "session": "AM",
            "code": "L",
            "recorded_on": dt.date(2024, 9, 5),
            "source_code": "L7",
            "minutes_late": 12,
        },
        "behaviour": {**key, "date": day, "kind": "negative", "role": "harmed", "category": "Bullying", "severity": 2, "points": -1.5},
        "suspensions": {**key, "kind": "permanent_exclusion", "start": day, "lunchtime": False, "reason_1": "PP"},
        "context": {
            **key,
            "valid_from": dt.date(2024, 9, 1),
            "year_group": 7,
            "form": "7E1",
            "sex": "F",
            "fsm": True,
            "sen": "E",
            "idaci_decile": 3,
        },
        "outcomes": {**key, "left_on": dt.date(2025, 7, 20), "destination": "other_school"},
        "assessments": {**key, "date": dt.date(2025, 1, 20), "subject": "Maths", "score": 31.5, "maximum": 40.0},
        "enrolment": {**key, "entered_on": dt.date(2023, 9, 4), "left_on": dt.date(2025, 7, 20), "status": "main"},
        "calendar": {"school_id": "S1", "date": day, "session": "AM", "open": True},
        "term_totals": {**key, "starts_on": day, "ends_on": dt.date(2024, 12, 20), "possible": 140, "authorised": 3, "unauthorised": 1},
        "extra": {**key, "date": day, "name": "reading_age", "value": 9.5},
    }


GOOD = {  # a row that stands, as a table of which none is left is refused
    "suspensions": "P2,S1,permanent_exclusion,2024-09-02",
    "enrolment": "P2,S1,2024-09-02,",
    "outcomes": "P2,S1,2024-09-02,neet",
    "attendance": "P2,S1,2024-09-02,AM,/,",
}


@pytest.mark.parametrize(
    ("table", "header", "row", "rule"),
    [
        ("suspensions", "pupil_id,school_id,kind,start,sessions", "P1,S1,suspension,2024-09-02,", "missing_value"),
        ("suspensions", "pupil_id,school_id,kind,start", "P1,S1,suspension,2024-09-02", "missing_value"),
        ("suspensions", "pupil_id,school_id,kind,start,sessions", "P1,S1,suspension,2024-09-02,91", "out_of_range"),
        ("suspensions", "pupil_id,school_id,kind,start,end", "P1,S1,withdrawn,2024-09-02,2024-09-01", "ends_too_early"),
        ("enrolment", "pupil_id,school_id,entered_on,left_on", "P1,S1,2024-09-02,2023-09-02", "ends_too_early"),
        ("outcomes", "pupil_id,school_id,left_on,destination", "P1,S1,2024-09-02,gone", "unknown_value"),
    ],
)
def test_the_other_tables_have_rules_of_their_own(tmp_path: Path, table: str, header: str, row: str, rule: str) -> None:
    file = account(put(tmp_path, **{table: f"{header}\n{row}\n{GOOD[table]}{',' * (header.count(',') - 3)}\n"}), f"{table}.csv")
    assert [(r.rule, r.rows, r.first) for r in file.rejections] == [(rule, 1, (2,))]


@pytest.mark.parametrize(
    ("table", "header", "row", "rule"),
    [
        ("context", "pupil_id,school_id,valid_from,year_group", "P1,S1,2024-09-02,Year 15", "out_of_range"),
        ("context", "pupil_id,school_id,valid_from,year_group", "P1,S1,2024-09-02,seven", "unknown_value"),
        ("context", "pupil_id,school_id,valid_from,fsm", "P1,S1,2024-09-02,perhaps", "not_yes_or_no"),
        ("context", "pupil_id,school_id,valid_from,household_id", "P1,S1,2024-09-02,Smith family", "name"),
        ("behaviour", "pupil_id,school_id,date,kind,points", 'P1,S1,2024-09-02,negative,"1,5"', "not_a_number"),
        ("behaviour", "pupil_id,school_id,date,kind,points", "P1,S1,2024-09-02,negative,1_0", "not_a_number"),
        ("behaviour", "pupil_id,school_id,date,kind,points", "P1,S1,2024-09-02,negative,1e999", "not_a_number"),
        ("behaviour", "pupil_id,school_id,date,kind,severity", "P1,S1,2024-09-02,negative,2.5", "not_a_number"),
        ("assessments", "pupil_id,school_id,date,subject,maximum", "P1,S1,2024-09-02,Maths,0", "out_of_range"),
        ("suspensions", "pupil_id,school_id,kind,start,sessions", "P1,S1,permanent exclusion,2024-09-02,0", "out_of_range"),
        ("enrolment", "pupil_id,school_id,entered_on,status", "P1,S1,2024-09-02,part time", "unknown_value"),
        ("attendance", f"{HEADER},minutes_late", "P1,S1,2024-09-02,AM,L,12 min", "not_a_number"),
    ],
)
def test_junk_in_a_cell_that_may_be_empty_empties_the_cell_and_keeps_the_row(
    tmp_path: Path, table: str, header: str, row: str, rule: str
) -> None:
    file = account(put(tmp_path, **{table: f"{header}\n{row}\n"}), f"{table}.csv")
    assert (file.accepted, file.rejections) == (1, ())
    assert [(r.rule, r.rows, r.first, r.column) for r in file.blanked] == [(rule, 1, (2,), header.split(",")[-1])]


@pytest.mark.parametrize(
    ("table", "header", "row", "rule"),
    [
        ("attendance", f"{HEADER},recorded_on", "P1,S1,2024-09-02,AM,/,soon", "bad_date"),
        ("enrolment", "pupil_id,school_id,entered_on,left_on", "P1,S1,2024-09-02,soon", "bad_date"),
    ],
)
def test_a_cell_whose_emptiness_would_say_something_else_costs_its_row(
    tmp_path: Path, table: str, header: str, row: str, rule: str
) -> None:
    file = account(put(tmp_path, **{table: f"{header}\n{row}\n{GOOD[table]}\n"}), f"{table}.csv")
    assert ([r.rule for r in file.rejections], file.blanked) == ([rule], ())


def test_cells_are_counted_only_in_rows_that_stand_and_a_column_of_junk_is_refused(tmp_path: Path) -> None:
    header, good = "pupil_id,school_id,valid_from,fsm\n", "P{},S1,2024-09-02,yes\n"
    text = header + "".join(good.format(i) for i in range(12)) + "P91,S1,2024-09-02,maybe\nP92,S1,soon,maybe\n"
    file = account(put(tmp_path, context=text), "context.csv")
    assert (file.rows, file.accepted, [(r.rows, r.first) for r in file.blanked]) == (14, 13, [(1, (14,))])
    file = account(put(tmp_path, context=text.replace("yes", "maybe")), "context.csv")
    assert file.rule == "not_yes_or_no"
    assert file.refused.endswith("Or leave the column out of the export.")


def test_a_permanent_exclusion_needs_no_number_of_sessions(tmp_path: Path) -> None:
    text = "pupil_id,school_id,kind,start,sessions\nP1,S1,permanent exclusion,2024-09-02,\nP1,S1,suspension,2024-05-02,4\n"
    assert account(put(tmp_path, suspensions=text), "suspensions.csv").accepted == 2


def test_a_category_that_looks_like_free_text_is_not_kept(tmp_path: Path) -> None:
    rows = "".join(f"P1,S1,2024-09-02,negative,{'long story ' * 5}{i}\n" for i in range(3))
    records = read(put(tmp_path, attendance=marks(), behaviour=f"pupil_id,school_id,date,kind,Category\n{rows}"))
    assert records.table("behaviour").column("category").null_count == 3
    (file,) = [f for f in records.ledger.files if f.table == "behaviour"]
    assert 'column "Category" was not kept (it looks like free text): 3 different texts of up to 56 characters' in file.notes[0]


@pytest.mark.parametrize(("words", "kept"), [(60, True), (61, False)])
def test_a_closed_list_has_at_most_sixty_words(tmp_path: Path, words: int, kept: bool) -> None:
    rows = "".join(f"P1,S1,2024-09-02,negative,word {i}\n" for i in range(words))
    records = read(put(tmp_path, attendance=marks(), behaviour=f"pupil_id,school_id,date,kind,category\n{rows}"))
    assert (records.table("behaviour").column("category").null_count == 0) is kept


def test_ten_thousand_distinct_values_are_judged_one_by_one(tmp_path: Path) -> None:
    rows = "".join(f"{'Jane Smith' if i % 5000 == 7 else f'P{i}'},9990001,2024-09-02,AM,/\n" for i in range(25_000))
    (rejection,) = account(put(tmp_path, attendance=f"{HEADER}\n{rows}")).rejections
    assert (rejection.rule, rejection.first) == ("name", (9, 5009, 10009, 15009, 20009))
