"""A folder of files: which are read, what the others are, and what is said when one cannot be used."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eswarn.config import DatasetFacts
from eswarn.errors import InputRefused
from eswarn.records import Records, check, read
from eswarn.records import plan as planning
from eswarn.records.ledger import FileRefused, Rejection
from eswarn.records.read import read_with
from eswarn.records.readers.peek import Peek
from eswarn.records.readers.raw import Cells, Numbering, Raw
from tests.unit.records.exports import HEADER, NO_HISTORY, marks, put


def test_files_are_known_by_the_table_they_are_named_after(tmp_path: Path) -> None:
    lines = marks().split("\n")
    for i, name in enumerate(["Attendance.CSV", "attendance-2023.csv", "ATTENDANCE 24.csv", "attendance_x.y.csv", "attendance.2.csv"]):
        (tmp_path / name).write_text("\n".join([HEADER, lines[i + 1], ""]), encoding="utf-8")
    records = read(tmp_path)
    assert records.table("attendance").num_rows == 5
    assert records.ledger.not_read == ()


def test_what_is_not_read_is_listed_with_a_reason(tmp_path: Path) -> None:
    put(
        tmp_path, attendance=marks(), dataset__toml="", atendance="x", attendance2023="x", readme__txt="x", empty="", old__zip=b"PK\x03\x04"
    )
    put(
        tmp_path,
        Dataset__TOML="",
        **{"dataset__toml.txt": "x", "__hidden.csv": "x", "register": marks(header="pupil,school,date,half,mark")},
    )
    (tmp_path / "old").mkdir()
    os.mkfifo(tmp_path / "pipe")
    facts = "rename it to dataset.toml, or what it says is not known"
    assert check(tmp_path).not_read == (
        ".hidden.csv: a hidden file or a copy that a program keeps",
        "Dataset.TOML: write its name in small letters: dataset.toml",
        "atendance.csv: it holds no table that is known; if it is attendance, name it attendance.csv or attendance-….csv "
        "to be told what is missing",
        "attendance2023.csv: it holds no table that is known; if it is attendance, name it attendance.csv or attendance-….csv "
        "to be told what is missing",
        f"dataset.toml.txt: {facts}",
        "empty.csv: the file is empty",
        "old: files in sub-folders are not read",
        "old.zip: it holds no table or format that is known",
        "pipe: not a file",
        "readme.txt: it holds no table or format that is known",
        "register.csv: nearest to attendance, but it has no column for session; name it attendance-….csv to be told what would do",
    )


def test_sources_give_the_hash_of_every_file_read(tmp_path: Path) -> None:
    put(tmp_path, attendance=marks(), attendance_copy=marks())
    sha = hashlib.sha256(marks().encode()).hexdigest()
    assert read(tmp_path).sources == {"attendance.csv": sha, "attendance_copy.csv": sha}


def test_all_files_that_cannot_be_used_are_named_at_once(tmp_path: Path) -> None:
    put(tmp_path, attendance="", context="a,b\n", outcomes=b"\x00")
    with pytest.raises(InputRefused) as refusal:
        read(tmp_path)
    assert refusal.value.what == "3 files cannot be used"
    assert refusal.value.where == str(tmp_path)
    assert [name in str(refusal.value) for name in ("attendance.csv", "context.csv", "outcomes.csv")] == [True] * 3
    assert refusal.value.__context__ is None


def test_check_gives_the_account_of_bad_files_and_good_ones_together(tmp_path: Path) -> None:
    ledger = check(put(tmp_path, attendance=marks(), context="a,b\n"))
    assert [(f.file, f.rule) for f in ledger.refused] == [("context.csv", "wrong_shape")]
    assert (ledger.rows, ledger.accepted) == (80, 80)


def test_an_attendance_table_is_needed_to_read_but_not_to_check(tmp_path: Path) -> None:
    put(tmp_path, outcomes="pupil_id,school_id,left_on,destination\nP1,S1,2025-07-20,neet\n", atendance="x")
    with pytest.raises(InputRefused, match="there is no attendance table") as refusal:
        read(tmp_path)
    assert "Not read: atendance.csv: it holds no table that is known; if it is attendance" in refusal.value.do
    assert "there is no attendance table: nothing can be scored" in check(tmp_path).notes


@pytest.mark.parametrize("name", ["nowhere", "a file", "nul\0byte"])
def test_a_path_that_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "a file").write_text("x", encoding="utf-8")
    for function in (read, check):
        with pytest.raises(InputRefused) as refusal:
            function(tmp_path / name)
        assert "folder" in refusal.value.what + refusal.value.do
        assert refusal.value.__context__ is None


def test_a_folder_or_a_broken_link_named_like_a_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "attendance.csv").mkdir()
    (tmp_path / "context.parquet").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "outcomes.csv")  # reading it would wait for ever
    assert [f.rule for f in check(tmp_path).files] == ["not_a_file"] * 3


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, attendance=marks())
    real = Path.open

    def denied(self: Path, *args: str) -> object:
        if self.name == "attendance.csv":
            raise PermissionError(13, "Permission denied")
        return real(self, *args)

    monkeypatch.setattr(Path, "open", denied)
    (file,) = check(tmp_path).files
    assert file.rule == "unreadable"
    assert "Permission denied" in file.refused


def test_a_strange_file_name_breaks_no_message(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"attendance \xff\x1b[31m.csv")).write_text("", encoding="utf-8")
    (tmp_path / os.fsdecode(b"context \xff.csv")).write_text("pupil_id,school_id,valid_from\nP1,S1,2024-09-01\n", encoding="utf-8")
    text = check(tmp_path).render()
    assert "attendance ??[31m.csv" in text
    assert text.isprintable() is False
    assert text.encode()
    assert "\x1b" not in text


def test_the_facts_of_the_data_set_are_kept(tmp_path: Path) -> None:
    records = read(put(tmp_path, attendance=marks(), dataset__toml="[observed_to]\nattendance = 2024-09-13\n"))
    assert records.facts.observed_to["attendance"].isoformat() == "2024-09-13"


def test_notes_tell_of_tables_that_do_not_meet(tmp_path: Path) -> None:
    outcomes = "pupil_id,school_id,left_on,destination\nP000,123456,2025-07-20,neet\nX9,123456,2025-07-20,neet\n"
    notes = check(put(tmp_path, attendance=marks(), outcomes=outcomes)).notes
    assert notes[0] == "1 of 2 pupils in outcomes have no attendance mark"
    assert notes[1] == "school ids of 6 and 7 digits: with two schemes in use, tables do not meet"
    assert "[observed_to]" in notes[2]
    assert (
        check(
            put(
                tmp_path,
                outcomes=outcomes.replace("X9", "P001").replace("123456", "9990001"),
                dataset__toml="[observed_to]\noutcomes=2025-08-01",
            )
        ).notes
        == ()
    )


def test_progress_is_told_from_start_to_end(tmp_path: Path) -> None:
    told: list[tuple[str, float, float]] = []
    put(tmp_path, attendance=marks(), outcomes="pupil_id,school_id,left_on,destination\n")
    read(tmp_path, progress=lambda step, done, total: told.append((step, done, total)))
    assert [step for step, _, _ in told] == ["reading attendance.csv", "reading outcomes.csv", "reading done"]
    assert told[0][1] == 0
    assert told[-1][1] == told[-1][2] > 0


def test_the_order_of_rows_is_that_of_the_files_by_name(tmp_path: Path) -> None:
    put(
        tmp_path,
        attendance_b=f"{HEADER}\nP1,S1,2024-09-02,AM,/\n",
        attendance_a=f"{HEADER}\nP2,S1,2024-09-02,AM,/\nP0,S1,2024-09-02,AM,/\n",
    )
    records = read(tmp_path)
    assert isinstance(records, Records)
    assert records.table("attendance").column("pupil_id").to_pylist() == ["P2", "P0", "P1"]
    assert [f.notes for f in records.ledger.files] == [(NO_HISTORY,), (NO_HISTORY,)]


def test_the_school_of_dataset_toml_stands_in_every_row_of_a_file_without_one(tmp_path: Path) -> None:
    (tmp_path / "attendance.csv").write_text("pupil,date,session,mark\nP1,2024-09-03,AM,/\nP2,2024-09-03,AM,O\n", encoding="utf-8")
    (tmp_path / "dataset.toml").write_text('school = "0994001"\n', encoding="utf-8")
    assert read(tmp_path).table("attendance")["school_id"].to_pylist() == ["0994001", "0994001"]


def test_files_are_known_by_their_content_whatever_they_are_called(tmp_path: Path) -> None:
    leavers = "Adno,School,Date of Leaving,Destination\nP000,9990001,2025-07-20,neet\n"
    put(tmp_path, **{"Register autumn__txt": marks(), "leavers 2025__data": leavers.replace(",", ";")})
    records = read(tmp_path)
    assert {name: table.num_rows for name, table in records.tables.items()} == {"attendance": 80, "outcomes": 1}
    assert records.ledger.not_read == ()
    assert records.ledger.tables == ("attendance", "outcomes")


def test_a_copy_under_another_name_is_read_once(tmp_path: Path) -> None:
    file, copy = check(put(tmp_path, attendance=marks(), marks=marks())).files
    assert (file.file, file.accepted, copy.file, copy.merged) == ("attendance.csv", 80, "marks.csv", 80)
    assert copy.notes == ("a copy of attendance.csv, read once",)


def _renamed(raw: Raw) -> Raw:
    cells = raw.columns["pupil_id"]
    return replace(raw, columns={**raw.columns, "pupil_id": replace(cells, texts=tuple(f"<{text}>" for text in cells.texts))})


def test_identifiers_can_be_replaced_before_anything_is_judged(tmp_path: Path) -> None:
    put(tmp_path, attendance=marks(2).replace("P000", "A12345678901B"))
    assert [r.rule for r in read(tmp_path).ledger.files[0].rejections] == ["raw_upn"]
    records = read_with(tmp_path, rename=_renamed)
    assert records.ledger.rejected == 0
    assert sorted(set(records.table("attendance")["pupil_id"].to_pylist())) == ["<A12345678901B>", "<P001>"]
    assert records.sources == read(tmp_path).sources


def test_what_cannot_be_renamed_is_listed_with_the_other_refusals(tmp_path: Path) -> None:
    def refuse(raw: Raw) -> Raw:
        raise FileRefused("damaged_identifier", "no key", where=raw.file, do="Do.")

    with pytest.raises(InputRefused, match="2 files cannot be used"):
        read_with(put(tmp_path, attendance=marks(), context="a\n"), rename=refuse)


class _Both:
    """A format that holds two tables in a file."""

    NAME = "both"

    def fits(self, peek: Peek, facts: DatasetFacts) -> bool:
        return peek.head.startswith(b"BOTH")

    def read(self, path: Path, *, facts: DatasetFacts) -> list[Raw]:
        day, school = Cells.of_texts("d", ["2024-09-02"]), Cells.of_texts("s", ["S1"])
        pupil, none = Cells.of_texts("p", ["P1"]), np.zeros(0, np.int64)
        gone = Rejection("totals_do_not_match", 3, (2, 3, 4), "", "do not match", "Export again.")
        enrolment = Raw(path.name, "enrolment", {"pupil_id": pupil, "school_id": school, "entered_on": day}, 1, Numbering(2, none), 3)
        session, code = Cells.of_texts("h", ["AM"]), Cells.of_texts("c", ["/"])
        columns = {"pupil_id": pupil, "school_id": school, "date": day, "session": session, "code": code}
        return [enrolment, Raw(path.name, "attendance", columns, 1, Numbering(2, none), 5, rejections=(gone,))]


def test_a_file_of_several_tables_has_an_account_of_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "READERS", (_Both(), *planning.READERS))
    put(tmp_path, context="pupil_id,school_id,valid_from\nP1,S1,2024-09-01\n", one__x="BOTH", two__x="BOTH")
    ledger = check(tmp_path)
    assert [(f.file, f.table, f.rows, f.accepted, f.merged) for f in ledger.files] == [
        ("one.x", "attendance", 4, 1, 0),
        ("two.x", "attendance", 4, 0, 4),
        ("context.csv", "context", 1, 1, 0),
        ("one.x", "enrolment", 1, 1, 0),
        ("two.x", "enrolment", 1, 0, 1),
    ]
    assert "Rejected from one.x (attendance)\n  totals_do_not_match: 3 rows (2, 3, 4): do not match." in ledger.render()
    assert set(read(tmp_path).tables) == {"attendance", "context", "enrolment"}
