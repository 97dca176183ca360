"""Workbooks as raw text: stored values only, identifiers never numbers, and nothing that could do harm is opened."""

from __future__ import annotations

import datetime as dt
import io
import stat
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from eswarn.config import DatasetFacts
from eswarn.records.check import check
from eswarn.records.ledger import FileRefused
from eswarn.records.readers import archive, sheet, workbook, worksheet, xlsx
from eswarn.records.readers.peek import peek
from eswarn.records.readers.raw import Raw
from tests.unit.records.workbooks import packed, parts, put_workbook
from tests.unit.records.workbooks import workbook as written

HEADER = ["UPN", "School", "Date", "Session", "Mark"]
DAY = dt.date(2024, 9, 2)
ROWS = [HEADER, ["P1", "9990001", DAY, "AM", "/"], ["P2", "9990001", DAY, "PM", "\\"]]
FACTS = DatasetFacts()


def _read(path: Path, facts: DatasetFacts = FACTS) -> Raw:
    assert xlsx.fits(peek(path), facts)
    (raw,) = xlsx.read(path, facts=facts)
    return raw


def _column(raw: Raw, name: str) -> list[str]:
    cells = raw.columns[name]
    return [cells.texts[i] for i in cells.index]


def _refused(path: Path, facts: DatasetFacts = FACTS) -> FileRefused:
    assert xlsx.fits(peek(path), facts)
    with pytest.raises(FileRefused) as refusal:
        xlsx.read(path, facts=facts)
    assert str(refusal.value).startswith(path.name)
    assert refusal.value.do
    return refusal.value


def test_a_long_table_is_read_with_the_numbers_of_its_rows(tmp_path: Path) -> None:
    title = [["Register"], []]
    raw = _read(put_workbook(tmp_path, [*title, *ROWS[:2], [], ROWS[2]]))
    assert raw.table == "attendance"
    assert _column(raw, "pupil_id") == ["P1", "P2"]
    assert _column(raw, "date") == ["2024-09-02", "2024-09-02"]
    assert _column(raw, "code") == ["/", "\\"]
    assert raw.numbering.of(np.arange(2)).tolist() == [4, 6]
    assert "1 row above the header not read" in raw.notes
    assert check(raw, FACTS).ledger.accepted == 2


def test_which_table_it_is_is_told_by_the_headers(tmp_path: Path) -> None:
    rows = [["Admission No", "School", "Incident Date", "Type", "Points", "Comment"], ["A1", "9990001", DAY, "Negative", -2, "free text"]]
    raw = _read(put_workbook(tmp_path, rows, name="marks.xlsx"))
    assert (raw.table, _column(raw, "points")) == ("behaviour", ["-2"])
    assert 'column "Comment" was not read (free text or personal)' in raw.notes
    assert check(raw, FACTS).ledger.accepted == 1


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<c r='A1'><v>7</v></c>", "7"),
        ("<c r='A1'><v>7.0</v></c>", "7"),
        ("<c r='A1' t='n'><v>-2.5E-1</v></c>", "-0.25"),
        ("<c r='A1'><v>0.30000000000000004</v></c>", "0.30000000000000004"),
        ("<c r='A1'><v>12345678901234567890</v></c>", "1.2345678901234567e+19"),
        ("<c r='A1' s='1'><v>45537</v></c>", "2024-09-02"),
        ("<c r='A1' s='2'><v>45537.5</v></c>", "2024-09-02 12:00:00"),
        ("<c r='A1' s='2'><v>45536.9999999</v></c>", "2024-09-02"),
        ("<c r='A1' s='1'><v>0.25</v></c>", "06:00:00"),
        ("<c r='A1' s='1'><v>59</v></c>", "1900-02-28"),
        ("<c r='A1' s='1'><v>61</v></c>", "1900-03-01"),
        ("<c r='A1' s='1'><v>-1</v></c>", "-1"),
        ("<c r='A1' s='1'><v>1e300</v></c>", repr(1e300)),
        ("<c r='A1' s='9'><v>45537</v></c>", "45537"),
        ("<c r='A1' t='b'><v>1</v></c>", "true"),
        ("<c r='A1' t='e'><v>#N/A</v></c>", "#N/A"),
        ("<c r='A1' t='str'><f>A2&amp;B2</f><v> 0012</v></c>", " 0012"),
        ("<c r='A1' t='d'><v>2024-09-02T00:00:00</v></c>", "2024-09-02"),
        ("<c r='A1' t='inlineStr'><is><r><t>A</t></r><r><t>B</t></r><rPh><t>spoken</t></rPh></is></c>", "AB"),
        ("<c r='A1' t='inlineStr'><is><t>007</t></is></c>", "007"),
        ("<x:c r='A1' xmlns:x='y'><x:v>7</x:v></x:c>", "7"),
        ("<c><v>7</v></c>", "7"),
    ],
)
def test_a_stored_value_becomes_text(tmp_path: Path, xml: str, text: str) -> None:
    path = put_workbook(tmp_path, f"<worksheet><sheetData><row>{xml}</row></sheetData></worksheet>")
    assert workbook.read_workbook(path).worksheets[0].rows == [[text]]


def test_shared_texts_leave_out_how_they_are_spoken(tmp_path: Path) -> None:
    contents = parts("<worksheet><sheetData><row r='1'><c r='B1' t='s'><v>1</v></c></row></sheetData></worksheet>")
    contents["xl/sharedStrings.xml"] = "<sst><si><t>x</t></si><si><r><t>P</t></r><r><t> 1</t></r><rPh><t>pee</t></rPh></si></sst>"
    (tmp_path / "a.xlsx").write_bytes(packed(contents))
    assert workbook.read_workbook(tmp_path / "a.xlsx").worksheets[0].rows == [["", "P 1"]]


def test_days_may_be_counted_from_1904(tmp_path: Path) -> None:
    contents = parts(
        "<worksheet><sheetData><row><c s='1'><v>44075</v></c></row></sheetData></worksheet>", properties='<workbookPr date1904="1"/>'
    )
    (tmp_path / "a.xlsx").write_bytes(packed(contents))
    assert workbook.read_workbook(tmp_path / "a.xlsx").worksheets[0].rows == [["2024-09-02"]]


def test_a_format_with_letters_in_quotes_or_colours_is_no_date(tmp_path: Path) -> None:
    contents = parts("<worksheet><sheetData><row><c s='1'><v>45537</v></c><c s='2'><v>0.5</v></c></row></sheetData></worksheet>")
    formats = '<numFmt numFmtId="200" formatCode="[Red]0 &quot;days&quot;"/><numFmt numFmtId="201" formatCode="[hh]:mm"/>'
    contents["xl/styles.xml"] = f"<s><numFmts>{formats}</numFmts><cellXfs><xf/><xf numFmtId='200'/><xf numFmtId='201'/></cellXfs></s>"
    (tmp_path / "a.xlsx").write_bytes(packed(contents))
    assert workbook.read_workbook(tmp_path / "a.xlsx").worksheets[0].rows == [["45537", "12:00:00"]]


@pytest.mark.parametrize("place", [0, 1])
def test_an_identifier_stored_as_a_number_is_refused(tmp_path: Path, place: int) -> None:
    row = list(ROWS[1])
    row[place] = 12345
    error = _refused(put_workbook(tmp_path, [*ROWS, row]))
    assert error.rule == "damaged_identifier"
    assert f'row 4, column "{HEADER[place]}": 1 identifier kept as a number; leading zeros may be lost' in str(error)


def test_other_worksheets_are_named_by_their_place(tmp_path: Path) -> None:
    raw = _read(put_workbook(tmp_path, [["Notes on Jane"]], ROWS, [["x"]], ROWS, [], states=["visible"] * 3 + ["veryHidden", "visible"]))
    assert "worksheet 2 was read; 1, 3 not" in raw.notes
    assert "1 hidden worksheet not read" in raw.notes


def test_each_worksheet_may_hold_another_table(tmp_path: Path) -> None:
    context = [["UPN", "School", "Valid From", "Year"], ["P1", "9990001", DAY, "Year 7"]]
    raws = xlsx.read(put_workbook(tmp_path, ROWS, context), facts=FACTS)
    assert [raw.table for raw in raws] == ["attendance", "context"]


def test_two_worksheets_with_the_same_table_are_refused(tmp_path: Path) -> None:
    error = _refused(put_workbook(tmp_path, ROWS, [["x"]], ROWS))
    assert (error.rule, error.what) == ("wrong_shape", "worksheets 1 and 3 both hold the table attendance")


def test_a_table_in_a_hidden_worksheet_is_not_read(tmp_path: Path) -> None:
    error = _refused(put_workbook(tmp_path, [["x"]], ROWS, states=["visible", "hidden"]))
    assert error.what == "no worksheet holds a table; hidden worksheets were not looked at"


def test_what_is_missing_is_said_where_the_name_tells_the_table(tmp_path: Path) -> None:
    error = _refused(put_workbook(tmp_path, [row[:4] for row in ROWS], name="attendance.xlsx"))
    assert (error.rule, error.what) == ("missing_column", "no column for code. Columns seen: 4")


def test_two_headers_are_refused(tmp_path: Path) -> None:
    error = _refused(put_workbook(tmp_path, [*ROWS, *ROWS]))
    assert (error.rule, error.what) == ("two_headers", "rows 1 and 4 both look like the header")


def test_a_formula_without_a_stored_value_is_said(tmp_path: Path) -> None:
    xml = "<worksheet><sheetData><row r='1'>" + "".join(f"<c t='inlineStr'><is><t>{name}</t></is></c>" for name in HEADER)
    xml += "</row><row r='2'><c t='str'><f>X1</f><v>P1</v></c><c><f>X2</f></c></row></sheetData></worksheet>"
    raw = _read(put_workbook(tmp_path, xml))
    assert "1 formula without a stored value, read as blank; save the workbook in a spreadsheet first" in raw.notes
    assert _column(raw, "pupil_id") == ["P1"]


def test_a_row_may_end_early_and_cells_keep_their_columns(tmp_path: Path) -> None:
    raw = _read(
        put_workbook(tmp_path, [["UPN", "School", "Valid From", "", "Year", "Form"], ["P1", "9990001", DAY, "", 7], ["P2", "9990001", DAY]])
    )
    assert _column(raw, "year_group") == ["7", ""]
    assert _column(raw, "form") == ["", ""]
    assert len(raw.numbering.ragged) == 0


# What must not be opened, and why.


def _with(name: str, text: str | bytes) -> bytes:
    return packed({**parts(ROWS), name: text})


def _encrypted() -> bytes:
    data = bytearray(written(ROWS))
    place = data.rfind(b"PK\1\2")
    data[place + 8] |= 1
    return bytes(data)


def _link() -> bytes:
    sink = io.BytesIO(written(ROWS))
    with zipfile.ZipFile(sink, "a") as target:
        link = zipfile.ZipInfo("xl/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        target.writestr(link, "/etc/passwd")
    return sink.getvalue()


def _twice() -> bytes:
    sink = io.BytesIO(written(ROWS))
    with zipfile.ZipFile(sink, "a") as target:
        target.writestr("XL/Styles.xml", "<x/>")
    return sink.getvalue()


def _huge_directory() -> bytes:
    data = bytearray(written(ROWS))
    struct.pack_into("<L", data, data.rfind(b"PK\5\6") + 12, 1 << 30)
    return bytes(data)


def _sheet(text: str) -> bytes:
    return written(f"<worksheet><sheetData>{text}</sheetData></worksheet>")


UNSAFE = {
    "macros": (_with("xl/vbaProject.bin", b"x"), "unsafe_file", "the workbook holds macros"),
    "a DTD": (_with("xl/styles.xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"), "unsafe_file", "there is a DTD in the workbook"),
    "an entry outside": (_with("../../x", "y"), "unsafe_file", "a name outside of it"),
    "an absolute entry": (_with("/etc/x", "y"), "unsafe_file", "a name outside of it"),
    "a drive": (_with("C:\\x", "y"), "unsafe_file", "a name outside of it"),
    "a bomb": (_with("xl/media/x", b"\0" * (40 << 20)), "unsafe_file", "more than 100 times its size"),
    "encryption": (_encrypted(), "unsafe_file", "encrypted"),
    "a link": (_link(), "unsafe_file", "there is a link in the archive"),
    "two of a name": (_twice(), "unsafe_file", "two entries of the archive have the same name"),
    "a huge directory": (_huge_directory(), "unsafe_file", "a list of contents of many megabytes"),
    "deep nesting": (_sheet("<a>" * 40 + "</a>" * 40), "unsafe_file", "XML nested deeper than 32"),
    "a long text": (_sheet(f"<row><c t='str'><v>{'x' * 32_768}</v></c></row>"), "unsafe_file", "more than 32,767 characters"),
    "a very long tag": (_sheet("<row " + " " * (5 << 20) + "/>") + b"", "unsafe_file", "a tag, comment or text of several megabytes"),
    "many columns": (_sheet("<row r='1'><c r='BXY1'><v>1</v></c></row>"), "wrong_shape", "more than 2,000 columns"),
    "two far cells": (
        _sheet("<row r='1'><c r='A1'><v>1</v></c></row><row r='1048576'><c r='XFD1048576'><v>1</v></c></row>"),
        "wrong_shape",
        "more than 2,000 columns",
    ),
    "binary workbook": (_with("xl/workbook.bin", b"x"), "wrong_shape", "a spreadsheet, but not .xlsx"),
    "OpenDocument": (
        packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}),
        "wrong_shape",
        "a spreadsheet, but not .xlsx",
    ),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "unsafe_file", "an old spreadsheet (.xls), or a workbook with a password"),
    "cells out of order": (_sheet("<row r='1'><c r='B1'><v>1</v></c><c r='A1'><v>1</v></c></row>"), "unreadable", "damaged"),
    "rows out of order": (_sheet("<row r='2'/><row r='1'/>"), "unreadable", "damaged"),
    "a cell of another row": (_sheet("<row r='1'><c r='A2'><v>1</v></c></row>"), "unreadable", "damaged"),
    "a row too far": (_sheet("<row r='1048577'/>"), "unreadable", "damaged"),
    "no such shared text": (_sheet("<row><c t='s'><v>99</v></c></row>"), "unreadable", "damaged"),
    "a negative shared text": (_sheet("<row><c t='s'><v>-1</v></c></row>"), "unreadable", "damaged"),
    "no number": (_sheet("<row><c><v>1_0</v></c></row>"), "unreadable", "damaged"),
    "not finite": (_sheet("<row><c><v>1e999</v></c></row>"), "unreadable", "damaged"),
    "no XML": (_with("xl/workbook.xml", "<a"), "unreadable", "damaged"),
    "no relations": (packed({"xl/workbook.xml": "<workbook/>"}), "unreadable", "damaged"),
    "cut short": (written(ROWS)[:-30], "unreadable", "damaged"),
}


@pytest.mark.parametrize("kind", UNSAFE)
def test_what_could_do_harm_or_is_damaged_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    data, rule, what = UNSAFE[kind]
    path = tmp_path / "school.xlsx"
    path.write_bytes(data)
    start = time.process_time()
    error = _refused(path)
    assert time.process_time() - start < 1
    assert error.rule == rule
    assert what in error.what


def test_a_workbook_with_the_longer_directory_is_read(tmp_path: Path) -> None:
    """Java programs write it for every file."""
    data = written(ROWS)
    place = data.rfind(b"PK\5\6")
    entries, size, offset = struct.unpack_from("<HLL", data, place + 10)
    longer = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, size, offset)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, place, 1)
    (tmp_path / "a.xlsx").write_bytes(data[:place] + longer + locator + data[place:])
    assert _read(tmp_path / "a.xlsx").rows == 2
    huge = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, 1 << 40, offset)
    (tmp_path / "b.xlsx").write_bytes(data[:place] + huge + locator + data[place:])
    assert _refused(tmp_path / "b.xlsx").rule == "unsafe_file"


@pytest.mark.parametrize(
    ("module", "limit", "value"),
    [(archive, "MAX_FILE", 100), (archive, "MAX_UNPACKED", 100), (worksheet, "MAX_CELLS", 5), (worksheet, "_MAX_TEXT", 10)],
)
def test_limits_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object, limit: str, value: int) -> None:
    path = put_workbook(tmp_path, ROWS)
    monkeypatch.setattr(module, limit, value)
    assert _refused(path).rule == "unsafe_file"


def test_an_archive_that_is_no_workbook_is_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(packed({"users.csv": "a,b"}))
    assert not xlsx.fits(peek(tmp_path / "a.zip"), FACTS)
    (tmp_path / "b.zip").write_bytes(b"PK\3\4 damaged")
    assert not xlsx.fits(peek(tmp_path / "b.zip"), FACTS)


def test_two_hundred_thousand_rows_stop_at_the_first_fifty_where_only_those_are_asked_for(tmp_path: Path) -> None:
    rows = "".join(f"<row r='{r}'><c r='A{r}' t='str'><v>P{r}</v></c><c r='B{r}'><v>{r}</v></c></row>" for r in range(1, 20_001))
    path = put_workbook(tmp_path, f"<worksheet><sheetData>{rows}</sheetData></worksheet>")
    assert len(sheet.beginnings(peek(path), FACTS)[0].rows) == 50
    (whole,) = workbook.read_workbook(path).worksheets
    assert (len(whole.rows), whole.numbers[-1]) == (20_000, 20_000)
