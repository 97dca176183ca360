"""What a cold reader found: files that were read and should not have been, and messages that did not say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from eswarn.config import DatasetFacts, load_facts
from eswarn.errors import InputRefused
from eswarn.records.ledger import FileLedger
from eswarn.records.pseudonymise import pseudonymise
from eswarn.records.read import check, read
from eswarn.records.readers import census
from eswarn.records.readers.naming import named
from eswarn.records.values import are_names, is_total
from tests.unit.records.dfe_files import SHAPE_A, SHAPE_B, lines, shape_a, shape_b
from tests.unit.records.exports import account, marks, put
from tests.unit.records.readings import refusal, save

SUSPENSIONS = "Pupil,School,Type,Start Date,Days\n"
GRID = "Adno,Name,Mon 08/09/2025 AM,Mon 08/09/2025 PM\n004500,Ava Stone,/,\\\n004501,Ben Kaya,I,I\n"


def _suspensions(folder: Path, *rows: str, header: str = SUSPENSIONS) -> FileLedger:
    return account(put(folder, attendance=marks(), suspensions=header + "".join(f"{row}\n" for row in rows)), "suspensions.csv")


@pytest.mark.parametrize(
    ("header", "row", "told"),
    [
        (SHAPE_B.replace(",N,", ",n,"), shape_b(100, {}), 'column "n" is the register code N in lower case'),
        (SHAPE_B.replace(",C,", ",ZZ,"), shape_b(100, {}), 'column "ZZ" may count sessions'),
        (SHAPE_B.replace(",C,", ",éà,"), shape_b(100, {}), "column 22, of 2 characters, may count sessions"),
        (f"{SHAPE_A},n", f"{shape_a(100)},1", 'column "n" is the register code N in lower case'),
        (f"{SHAPE_A},Q9", f"{shape_a(100)},1", 'column "Q9" may count sessions'),
    ],
)
def test_a_census_column_as_short_as_a_code_is_never_left_out(tmp_path: Path, header: str, row: str, told: str) -> None:
    path = save(tmp_path / "census.csv", lines(header, row).encode())
    error = refusal(census, path, DatasetFacts(terms={"census.csv": "autumn 2023"}))
    assert (error.rule, told in str(error)) == ("unknown_code", True)


def test_a_table_of_which_no_row_is_left_is_refused(tmp_path: Path) -> None:
    file = _suspensions(tmp_path, "P000,9990001,Nonsense,15/09/2024,1", "P001,9990001,Nonsense,16/09/2024,2")
    assert file.rule == "unknown_value"
    assert "no row can be used (2 rows: not suspension" in file.refused
    assert "leave the cell empty" not in file.refused
    with pytest.raises(InputRefused):
        read(tmp_path)


def test_a_bad_file_beside_a_good_one_of_its_table_is_accounted_for_and_not_refused(tmp_path: Path) -> None:
    _suspensions(tmp_path, "P000,9990001,Suspension,15/09/2024,1")
    (tmp_path / "suspensions-old.csv").write_text(f"{SUSPENSIONS}P001,9990001,Nonsense,16/09/2024,2\n", encoding="utf-8")
    records = read(tmp_path)
    assert records.table("suspensions").num_rows == 1
    assert {f.file: (f.accepted, f.rejected) for f in records.ledger.files if f.table == "suspensions"} == {
        "suspensions.csv": (1, 0),
        "suspensions-old.csv": (0, 1),
    }


def test_a_table_of_deleted_records_alone_is_no_reason_to_refuse(tmp_path: Path) -> None:
    file = _suspensions(tmp_path, "P000,9990001,Suspension,15/09/2024,1,Yes", header=SUSPENSIONS.replace("Days", "Days,Deleted"))
    assert (file.refused, file.accepted) == ("", 0)


def test_rejected_suspensions_are_said_to_be_missing_from_the_counts(tmp_path: Path) -> None:
    file = _suspensions(tmp_path, "P000,9990001,Suspension,15/09/2024,1", "P001,9990001,Suspension,16/09/2024,")
    assert [(r.rule, r.column) for r in file.rejections] == [("missing_value", "Days")]
    assert "Fill it in" in file.rejections[0].do
    assert "1 suspension row was rejected: their pupils' suspensions are counted too low" in check(tmp_path).notes


def test_the_words_of_schools_for_suspensions_are_known(tmp_path: Path) -> None:
    words = ["FTE", "fixed term exclusion", "suspension", "SUSP", "PEX", "PERM", "permanent exclusion"]
    file = _suspensions(tmp_path, *(f"P00{i},9990001,{word},15/09/2024,1" for i, word in enumerate(words)))
    assert (file.accepted, file.rejections) == (7, ())
    assert [row["kind"] for row in read(tmp_path).table("suspensions").to_pylist()] == ["suspension"] * 4 + ["permanent_exclusion"] * 3


def test_internal_exclusions_are_left_out_with_the_reason(tmp_path: Path) -> None:
    file = _suspensions(tmp_path, "P000,9990001,FTE,15/09/2024,1", "P001,9990001,Internal,16/09/2024,1")
    assert [r.rule for r in file.rejections] == ["internal_exclusion"]
    assert not any("too low" in note for note in check(tmp_path).notes)


@pytest.mark.parametrize(
    ("days", "rule", "what"),
    [
        ("1.25", "not_a_number", "days that are neither whole nor half"),
        ("1 day", "not_a_number", "not a number of days"),
        ("0", "out_of_range", "less than half a day"),
        ("46", "out_of_range", "above 45 days"),
        ("", "missing_value", "no number of sessions or days for a suspension"),
    ],
)
def test_days_are_told_in_days(tmp_path: Path, days: str, rule: str, what: str) -> None:
    file = _suspensions(tmp_path, "P000,9990001,Suspension,15/09/2024,45", f"P001,9990001,Suspension,16/09/2024,{days}")
    (rejection,) = file.rejections
    assert (rejection.rule, rejection.what, rejection.column, file.accepted) == (rule, what, "Days", 1)


def test_two_dates_do_not_tell_the_sessions_lost(tmp_path: Path) -> None:
    file = _suspensions(tmp_path, "P000,9990001,Suspension,15/09/2024,16/09/2024", header="Pupil,School,Type,Start Date,End Date\n")
    assert 'there is no column "Sessions" or "Days"' in file.refused
    assert "Two dates do not tell it" in file.refused


def test_more_absence_than_sessions_is_rejected_in_a_long_table(tmp_path: Path) -> None:
    text = "pupil_id,school_id,starts_on,ends_on,possible,authorised,unauthorised\n"
    text += "P000,9990001,2024-09-01,2024-12-20,140,100,41\nP001,9990001,2024-09-01,2024-12-20,140,100,40\n"
    file = account(put(tmp_path, term_totals=text), "term_totals.csv")
    assert (file.accepted, [(r.rule, r.first) for r in file.rejections]) == (1, [("totals_do_not_match", (2,))])


def test_a_score_above_the_maximum_is_rejected(tmp_path: Path) -> None:
    text = (
        "pupil_id,school_id,date,subject,score,maximum\nP0,1,2024-09-01,Maths,11,10\nP1,1,2024-09-01,Maths,10,10\nP2,1,2024-09-01,Art,,10\n"
    )
    file = account(put(tmp_path, assessments=text), "assessments.csv")
    assert (file.accepted, [(r.rule, r.column) for r in file.rejections]) == (2, [("out_of_range", "score")])


@pytest.mark.parametrize(
    "header", ["Ben Kaya", "Kaya, Ben", "F999999924000", "Ben O'Neill", "ben@school.org", "Ava Maria Stone", "BEN KAYA"]
)
def test_a_header_that_may_be_a_person_is_named_by_its_place(tmp_path: Path, header: str) -> None:
    assert named(header, 5) == "a column (6th)"
    text = (
        marks(header=f'pupil_id,school_id,date,session,code,"{header}"')
        .replace("/\n", "/,x\n")
        .replace("\\\n", "\\,x\n")
        .replace("I\n", "I,x\n")
    )
    assert header not in check(put(tmp_path, attendance=text)).render()


@pytest.mark.parametrize(
    ("header", "place", "told"), [("Reg Group", 0, '"Reg Group"'), ("House", 1, '"House"'), ("Ben Kaya", 21, "a column (22nd)")]
)
def test_other_headers_are_named_as_they_stand(header: str, place: int, told: str) -> None:
    assert named(header, place) == told


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("log", "Pupil,School,Date,Type,Category,Child Protection Concern"),
        ("log", "Pupil,School,Incident Date,Type,Category,Safeguarding"),
        ("log", "Pupil,School,Date,Type,Category,Concern"),
        ("log", "Pupil,School,Date,Type,CPOMS reference"),
        ("safeguarding log", "Pupil,Date,Category"),
        ("CPOMS-export", "Pupil,School,Date,Type,Category"),
    ],
)
def test_a_safeguarding_log_is_refused_by_its_name_or_its_headers(tmp_path: Path, name: str, header: str) -> None:
    put(tmp_path, attendance=marks(), **{name: f"{header}\n{','.join('x' for _ in header.split(','))}\n"})
    assert [file.rule for file in check(tmp_path).refused] == ["free_text_refused"]


def test_an_e_mail_address_is_no_pseudonym(tmp_path: Path) -> None:
    file = account(put(tmp_path, attendance=marks() + "ben.kaya@school.org,9990001,2024-09-02,AM,/\n"))
    assert [r.rule for r in file.rejections] == ["name"]
    assert "Export a number" in file.rejections[0].do


def test_pupils_that_go_by_their_names_refuse_the_file(tmp_path: Path) -> None:
    text = marks().replace("P000", "Smith").replace("P001", "Kaya").replace("P002", "O'Neill")
    assert account(put(tmp_path, attendance=text)).rule == "name"
    with pytest.raises(InputRefused, match="cannot be used") as refused:
        pseudonymise(tmp_path, tmp_path.parent / "out", key=tmp_path.parent / f"{tmp_path.name}.key", new_key=True)
    assert "the pupils go by their names" in str(refused.value)
    assert "Smith" not in str(refused.value)


def test_names_are_told_from_numbers_by_most_of_them() -> None:
    assert are_names(["Smith", "Kaya", "Stone", "12", "13"])
    assert not are_names(["Smith", "Kaya"])
    assert not are_names(["Smith", "Kaya", "Stone", "1", "2", "3"])


@pytest.mark.parametrize("row", ["Present %,,97%,97%", ",Total,2,2", "Total present,,2,2", "Total,,2,2"])
def test_rows_of_totals_below_a_grid_are_left_out(tmp_path: Path, row: str) -> None:
    file = account(put(tmp_path, r=f"{GRID}{row}\n", dataset__toml='school = "9994001"\n[dates]\norder = "dmy"\n'), "r.csv")
    assert (file.accepted, file.refused) == (4, "")
    assert "1 row of totals not read" in file.notes


def test_a_pupil_called_like_a_total_keeps_the_marks(tmp_path: Path) -> None:
    file = account(put(tmp_path, r=f"{GRID}004502,Sum,/,\\\n", dataset__toml='school = "9994001"\n[dates]\norder = "dmy"\n'), "r.csv")
    assert file.accepted == 6
    assert not is_total("Summers")


@pytest.mark.parametrize(("sign", "told"), [("i", "I in lower case"), ("?", "text of 1 character")])
def test_an_unknown_sign_of_a_string_is_told_before_its_totals(tmp_path: Path, sign: str, told: str) -> None:
    week = "/\\" * 5 + "####"
    rows = [f"{i},08/09/2025,{week * 3},30" for i in range(20)]
    rows[1] = rows[1].replace("/\\/", f"{sign}\\/", 1)
    text = "Adno,Start Date,Marks,Attended\n" + "\n".join(rows) + "\n"
    file = account(put(tmp_path, s=text, dataset__toml='school = "9994001"\n[dates]\norder = "dmy"\n'), "s.csv")
    assert file.rule == "unknown_code"
    assert told in file.refused


def test_a_table_without_marks_can_be_pseudonymised(tmp_path: Path) -> None:
    source = tmp_path / "raw"
    source.mkdir()
    put(source, suspensions=f"{SUSPENSIONS}00123,9990001,FTE,15/09/2024,1\n")
    records = pseudonymise(source, tmp_path / "out", key=tmp_path / "key", new_key=True)
    assert records.table("suspensions").num_rows == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [("school = 9994001\n", 'school = "9994001"'), ("observed_to = 2025-07-20\n", "it is a table:  [observed_to]")],
)
def test_facts_of_the_wrong_type_say_how_to_write_them(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputRefused) as refused:
        load_facts(put(tmp_path, dataset__toml=text))
    assert told in str(refused.value)


def test_a_refused_census_is_not_said_to_leave_nothing_to_score(tmp_path: Path) -> None:
    ledger = check(put(tmp_path, census=lines(SHAPE_A, shape_a(100))))
    assert [file.rule for file in ledger.refused] == ["missing_column"]
    assert not any("nothing can be scored" in note for note in ledger.notes)


def test_a_cell_that_is_needed_is_not_to_be_left_empty(tmp_path: Path) -> None:
    behaviour = "pupil_id,school_id,date,kind,role\nP0,1,2024-09-02,odd,\nP1,1,2024-09-02,negative,odd\nP2,1,2024-09-02,negative,\n"
    file = account(put(tmp_path, behaviour=behaviour), "behaviour.csv")
    assert [r.do.endswith("it cannot be left empty.") for r in file.rejections] == [True, False]
