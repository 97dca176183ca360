"""CSV as raw text: nothing guessed, nothing lost, every row with the number a spreadsheet shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused
from eswarn.records.readers import csv
from eswarn.records.readers.raw import Raw, rows_in_words
from tests.unit.records.exports import HEADER, account, marks, put


def _read(folder: Path, content: str | bytes, facts: DatasetFacts | None = None) -> Raw:
    path = folder / "attendance.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return csv.read(path, "attendance", facts=facts or DatasetFacts())


def _column(raw: Raw, name: str) -> list[str]:
    cells = raw.columns[name]
    return [cells.texts[i] for i in cells.index]


def test_text_is_read_as_text(tmp_path: Path) -> None:
    rows = ["7E1,0012345,None,NA,\\", "null,1e5,NaN,nan,/", '0007,TRUE,03/04/2024,"a,""b""",-', " x , y ,\u00a0z\t,é,#"]
    raw = _read(tmp_path, "\n".join([HEADER, *rows]))
    assert _column(raw, "pupil_id") == ["7E1", "null", "0007", "x"]
    assert _column(raw, "school_id") == ["0012345", "1e5", "TRUE", "y"]
    assert _column(raw, "date") == ["None", "NaN", "03/04/2024", "z"]
    assert _column(raw, "session") == ["NA", "nan", 'a,"b"', "é"]
    assert _column(raw, "code") == ["\\", "/", "-", "#"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path, end: str) -> None:
    rows = ["title", "", HEADER, "A,S,d,AM,/", "too,few", "B,S,d,AM,/", "one,too,many,of,these,!", "", "C,S,d,AM,/"]
    raw = _read(tmp_path, end.join(rows) + end)
    assert _column(raw, "pupil_id") == ["A", "B", "", "C"]
    assert raw.numbering.of(np.arange(4)).tolist() == [4, 6, 8, 9]
    assert raw.numbering.ragged.tolist() == [5, 7]


def test_a_quoted_line_break_does_not_change_the_number_of_the_next_row(tmp_path: Path) -> None:
    text = f'"a\ntitle"\n{HEADER},Comment\n"A",S,d,AM,/,"two\nlines"\nB,S\nC,S,d,AM,/,x\n'
    raw = _read(tmp_path, text)
    assert raw.numbering.of(np.arange(2)).tolist() == [3, 5]
    assert raw.numbering.ragged.tolist() == [4]
    assert "1 line break inside quoted cells" not in raw.notes
    assert "2 line breaks inside quoted cells" in raw.notes


def test_row_numbers_hold_over_many_blocks(tmp_path: Path) -> None:
    lines = [f"P{i},S,d,AM," + ("/" if i % 1000 else "/,extra") + " " * 90 for i in range(100_000)]
    raw = _read(tmp_path, "\n".join([HEADER, *lines]))
    assert (raw.rows, len(raw.numbering.ragged)) == (99_900, 100)
    names = [int(text[1:]) for text in _column(raw, "pupil_id")]
    assert raw.numbering.of(np.arange(raw.rows)).tolist() == [name + 2 for name in names]
    assert raw.numbering.ragged.tolist() == [i + 2 for i in range(0, 100_000, 1000)]


@pytest.mark.parametrize("content", [HEADER, HEADER + "\n", HEADER + "\r\n", "\ufeff" + HEADER])
def test_a_header_alone_is_a_table_without_rows(tmp_path: Path, content: str) -> None:
    raw = _read(tmp_path, content)
    assert raw.rows == 0
    assert set(raw.columns) == set(HEADER.split(","))


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_a_declared_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    raw = _read(tmp_path, f"{HEADER}\nÉ1,S,d,AM,/\nÉ2\n".encode(encoding), DatasetFacts(encoding=encoding))
    assert _column(raw, "pupil_id") == ["É1"]
    assert raw.numbering.ragged.tolist() == [3]


def test_a_byte_order_mark_does_not_hide_the_first_column(tmp_path: Path) -> None:
    assert _column(_read(tmp_path, b"\xef\xbb\xbf" + f"{HEADER}\nA,S,d,AM,/\n".encode()), "pupil_id") == ["A"]


def test_free_text_never_reaches_memory(tmp_path: Path) -> None:
    raw = _read(tmp_path, f"{HEADER},Comment\nA,S,d,AM,/,a secret\n")
    assert "secret" not in repr(raw)
    assert set(raw.columns) == set(HEADER.split(","))


def test_a_cell_of_many_megabytes_is_refused_without_its_text(tmp_path: Path) -> None:
    long = "\n".join(["secret" * 1000] * 2000)
    with pytest.raises(FileRefused, match="cannot be told apart") as refusal:
        _read(tmp_path, f'{HEADER},Comment\nA,S,d,AM,/,"{long}"\n')
    assert refusal.value.rule == "unreadable"
    assert refusal.value.__context__ is None


@pytest.mark.parametrize(
    ("rows", "words"),
    [([7], "row 7"), ([3, 4, 5], "rows 3–5"), ([3, 9], "rows 3, 9"), ([3, 5, 9, 12], "rows 3, 5, 9 and 1 more")],
)
def test_rows_are_said_shortly(rows: list[int], words: str) -> None:
    assert rows_in_words(np.array(rows)) == words


@pytest.mark.parametrize("header_too", [False, True])
def test_an_empty_field_too_many_in_every_row_is_passed_over_and_said(tmp_path: Path, header_too: bool) -> None:
    lines = marks().replace("\n", ",\n")
    text = lines if header_too else lines.replace(HEADER + ",", HEADER)
    file = account(put(tmp_path, attendance=text))
    assert (file.rows, file.accepted, file.rejections) == (80, 80, ())
    assert ("every row ends in one empty cell more than the header has, passed over" in file.notes) is not header_too


@pytest.mark.parametrize("spoilt", ["P9,9990001,2024-09-02,AM,/\n", "P9,9990001,2024-09-02,AM,/,x\n", "P9,9990001,2024-09-02,AM,/,,\n"])
def test_rows_that_end_otherwise_are_ragged_as_ever(tmp_path: Path, spoilt: str) -> None:
    text = marks().replace("\n", ",\n").replace(HEADER + ",", HEADER)
    assert account(put(tmp_path, attendance=text + spoilt)).rule == "ragged_row"
    few = marks() + "P9,9990001,2024-09-02,AM,/,\n"
    assert [(r.rule, r.first) for r in account(put(tmp_path, attendance=few)).rejections] == [("ragged_row", (82,))]


@pytest.mark.parametrize(("other", "word"), [(";", "semicolon"), ("\t", "tab")])
def test_a_header_separated_otherwise_than_its_rows_is_refused_with_the_reason(tmp_path: Path, other: str, word: str) -> None:
    text = HEADER + "\n" + marks().split("\n", 1)[1].replace(",", other)
    file = account(put(tmp_path, attendance=text))
    assert file.rule == "wrong_shape"
    assert file.refused.startswith(f"attendance.csv, row 1: the header has a comma between its cells, the rows below a {word}\n")


def test_other_separators_are_named(tmp_path: Path) -> None:
    assert 'separated by "|"' in account(put(tmp_path, attendance=marks().replace(",", "|"))).refused
