"""The ledger balances, and reads as an account."""

from __future__ import annotations

from pathlib import Path

import pytest

from eswarn.errors import InputRefused, OurBug
from eswarn.records.ledger import FileLedger, FileRefused, Ledger, Rejection, shown
from eswarn.records.read import check
from tests.unit.records.exports import HEADER, NO_HISTORY, marks, put


def test_an_account_that_does_not_balance_cannot_be_made() -> None:
    bad = Rejection("bad_date", 2, (3, 4))
    assert FileLedger("a.csv", "attendance", 10, 7, 1, (bad,)).rejected == 2
    with pytest.raises(OurBug, match="does not balance"):
        FileLedger("a.csv", "attendance", 10, 7, 0, (bad,))
    assert FileLedger("a.csv", "attendance", 10, refused="why").rows == 10


def test_totals_leave_out_files_that_cannot_be_used() -> None:
    ledger = Ledger((FileLedger("a.csv", "attendance", 3, 2, 1), FileLedger("b.csv", "context", 9, refused="why")))
    assert (ledger.rows, ledger.accepted, ledger.merged, ledger.rejected, len(ledger.refused)) == (3, 2, 1, 0, 1)


def test_a_ledger_reads_as_an_account(tmp_path: Path) -> None:
    text = marks() + "P9,9990001,soon,AM,/\n" * 7 + "P000,9990001,2024-09-02,AM,I\nP9\n"
    put(tmp_path, attendance=text, context="a\n", readme__txt="x")
    assert (
        check(tmp_path).render()
        == f"""\
file                             rows read  accepted  merged  rejected
----------------------------------------------------------------------
attendance.csv                          89        80       1         8
context.csv                 cannot be used
----------------------------------------------------------------------
all files that can be used              89        80       1         8
89 rows read = 80 accepted + 1 merged + 8 rejected

Rejected from attendance.csv
  ragged_row: 1 row (90): not as many fields as the header, which has 5.
    Export the file again; a cell with a separator in it needs quotation marks around it.
  bad_date: 7 rows (82, 83, 84, 85, 86 …), column "date": not a date.
    Write dates as YYYY-MM-DD, or every one of them as dd/mm/yyyy.

Cannot be used
  context.csv: no header row was found in the first 50 rows
    Expected one row of headers, such as: pupil_id, school_id, valid_from. The columns of each table are listed in docs/records.md.

Notes on attendance.csv
  {NO_HISTORY}

Not read
  readme.txt: it holds no table or format that is known"""
    )


def test_large_numbers_are_grouped(tmp_path: Path) -> None:
    rows = "".join(f"P{i},S1,2024-09-02,AM,/\n" for i in range(1234))
    assert "1,234 rows read = 1,234 accepted + 0 merged + 0 rejected" in check(put(tmp_path, attendance=f"{HEADER}\n{rows}")).render()


def test_an_empty_folder_has_an_empty_account(tmp_path: Path) -> None:
    assert check(tmp_path).render() == "Notes\n  no file here holds a table that is known: nothing was read"
    assert check(tmp_path).tables == ()


def test_cells_left_empty_are_listed_with_their_rule(tmp_path: Path) -> None:
    ledger = check(put(tmp_path, context="pupil_id,school_id,valid_from,fsm\nP1,S1,2024-09-02,perhaps\nP2,S1,2024-09-02,yes\n"))
    assert ledger.tables == ("context",)
    assert 'Cells left empty in context.csv; their rows stand\n  not_yes_or_no: 1 cell (row 2), column "fsm"' in ledger.render()


def test_a_refused_file_is_an_input_refused_with_its_rule() -> None:
    error = FileRefused("bad", "what", where="where", do="do")
    assert isinstance(error, InputRefused)
    assert (error.rule, error.exit_code, str(error)) == ("bad", 3, "where: what\ndo")


@pytest.mark.parametrize(("text", "safe"), [("Mark", "Mark"), ("a\x1b[2Jb\n", "a?[2Jb?"), ("\udcff", "?"), ("x" * 80, "x" * 59 + "…")])
def test_a_header_is_made_safe_to_print(text: str, safe: str) -> None:
    assert shown(text) == safe
