"""Registers laid out as grids, strings and workbooks: no message, note or traceback ever repeats a cell."""

from __future__ import annotations

import io
import traceback
from pathlib import Path

import pytest

from eswarn.config import DatasetFacts
from eswarn.records.check import check
from eswarn.records.ledger import FileLedger, FileRefused, Ledger
from eswarn.records.readers import grid, strings, xlsx
from eswarn.records.readers.peek import peek
from tests.unit.records.workbooks import packed, parts, workbook

CANARY = "Zq7canary"
FACTS = DatasetFacts(school="9990001")
DAYS = "UPN,Name,2024-09-02 AM,2024-09-02 PM\n"
TEXTS = "UPN,Name,Start Date,Marks,Possible\n"
WEEK = "/\\" * 5
LONG = [["UPN", "Date", "Session", "Mark"], ["P1", "2024-09-02", "AM", "/"]]
BAD_XML = f"<worksheet><sheetData><row><c><v>{CANARY}</v></c></row></sheetData></worksheet>"
HARM: dict[str, str | bytes] = {
    "a grid: an unknown code": f"{DAYS}P1,x,{CANARY},/\n",
    "a grid: a number": f"{DAYS}P1,{CANARY},95,{CANARY}\n",
    "a grid: a name": f"{DAYS}{CANARY.replace('7', '')} Smith,{CANARY},/,\\\n" * 1,
    "a grid: ragged rows": DAYS + f"{CANARY},{CANARY}\n" * 12,
    "a grid: a whole day": f"UPN,Name,2024-09-02\n{CANARY},{CANARY},C2\nP2,{CANARY},{CANARY}\n",
    "a grid: a title": f"{CANARY},{CANARY}\n{DAYS}{CANARY},{CANARY},/,/\n",
    "a grid: a huge cell": f"{DAYS}P1,{CANARY * 5_000},/,/\n",
    "strings: an unknown sign": f"{TEXTS}{CANARY},{CANARY},2024-09-02,{CANARY},\n",
    "strings: a bad date": f"{TEXTS}{CANARY},{CANARY},{CANARY},{WEEK},\n" + f"P2,{CANARY},2024-09-02,{WEEK},\n",
    "strings: bad dates": TEXTS + f"{CANARY},{CANARY},{CANARY},{WEEK},\n" * 12,
    "strings: totals": f"{TEXTS}{CANARY},{CANARY},2024-09-02,{WEEK},{CANARY}\nP2,{CANARY},2024-09-02,{WEEK},10\n",
    "strings: odd": TEXTS + f"{CANARY},{CANARY},2024-09-02,/,\n" * 12,
    "a workbook: no table": workbook([[CANARY]], names=[CANARY]),
    "a workbook: other worksheets": workbook(LONG, [[CANARY]], names=["S", CANARY]),
    "a workbook: a number": workbook([LONG[0], [CANARY, CANARY, CANARY, CANARY], [77123, CANARY, "AM", "/"]]),
    "a workbook: a broken cell": workbook(BAD_XML),
    "a workbook: broken XML": packed({**parts(LONG), "xl/worksheets/sheet1.xml": f"<{CANARY}"}),
    "a workbook: an entity": packed({**parts(LONG), "xl/styles.xml": f"<!DOCTYPE {CANARY} [<!ENTITY {CANARY} '{CANARY}'>]><a/>"}),
    "a workbook: an entry": packed({**parts(LONG), f"../{CANARY}": CANARY}),
}


def _told(path: Path) -> str:
    """All that is said of a file, as a reader hears it."""
    said = ""
    reader = next(r for r in (grid, strings, xlsx) if r.fits(peek(path), FACTS))
    try:
        ledgers: list[FileLedger] = [check(raw, FACTS).ledger for raw in reader.read(path, facts=FACTS)]
        return Ledger(tuple(ledgers)).render()
    except FileRefused as error:
        chain: BaseException | None = error
        while chain is not None:
            said += f"{chain!r} {chain} {chain.args} {vars(chain)}"
            chain = chain.__cause__ or chain.__context__
        out = io.StringIO()
        traceback.print_exception(error, file=out)
        return said + out.getvalue()


@pytest.mark.parametrize("harm", HARM)
def test_no_message_repeats_a_cell(tmp_path: Path, harm: str, capfd: pytest.CaptureFixture[str]) -> None:
    content = HARM[harm]
    path = tmp_path / ("school.xlsx" if isinstance(content, bytes) else "school.csv")
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    told = _told(path)
    assert path.name in told
    for text in (told, *capfd.readouterr()):
        assert "canary" not in text.casefold()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "UPN,Mon 02 Sep AM\nP1,/\n",
            "school.csv, row 1, column B: dates without a year\n"
            'Add the academic year of the file, such as  academic_year = "2025/26",  at the top of dataset.toml.',
        ),
        (
            "UPN,2024-09-02 AM\nP1,95\n",
            "school.csv, row 2, column B: a number stands where a mark should\n"
            "Export the register itself, with its codes; numbers and percentages are no marks. A local code goes under [codes.map].",
        ),
        (
            f"UPN,Marks\nP1,{WEEK}\n",
            "school.csv: no column for the start date\nExpected one of: start date, start, marks start date, attendance start date, "
            'marks from, from date, first date; or name it:  date = "…"  under [columns.attendance] in dataset.toml.',
        ),
        (
            workbook(LONG, LONG),
            "school.xlsx: worksheets 1 and 2 both hold the table attendance\n"
            "Keep one of them in a file, or bring them together in one worksheet.",
        ),
        (
            b"\xd0\xcf\x11\xe0" + b"\0" * 99,
            "school.xlsx: an old spreadsheet (.xls), or a workbook with a password\nSave it as .xlsx without a password, or as CSV.",
        ),
    ],
)
def test_a_refusal_says_what_where_and_what_to_do(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = tmp_path / ("school.xlsx" if isinstance(content, bytes) else "school.csv")
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    reader = next(r for r in (grid, strings, xlsx) if r.fits(peek(path), FACTS))
    with pytest.raises(FileRefused) as refusal:
        reader.read(path, facts=FACTS)
    assert str(refusal.value) == message


def test_a_rejected_string_says_whose_fault_it_is_in_words(tmp_path: Path) -> None:
    path = tmp_path / "school.csv"
    path.write_text(f"{TEXTS}P1,x,2024-09-02,{WEEK},10\nP2,x,2024-09-02,{WEEK},9\nP3,x,2024-09-02,{WEEK}C2,\n", encoding="utf-8")
    (raw,) = strings.read(path, facts=FACTS)
    told = Ledger((check(raw, FACTS).ledger,)).render()
    assert 'unknown_code: 12 rows (4 …), column "Marks": 1 string with a code of two characters, which cannot be told' in told
    assert 'totals_do_not_match: 10 rows (3 …), column "Marks": 1 string: the marks disagree with the totals beside them.' in told
    assert "32 rows read = 10 accepted + 0 merged + 22 rejected" in told
