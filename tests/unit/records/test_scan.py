"""The bytes of a file, before anything is parsed."""

from __future__ import annotations

from pathlib import Path

import pytest

from eswarn.records.ledger import FileRefused
from eswarn.records.readers.scan import MAX_LINE, Scan, check_quotes, scan, text_chunks


def _file(folder: Path, content: bytes) -> Path:
    path = folder / "marks.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "declared", "expected"),
    [
        (b"a,b\n1,2\n", "utf-8", Scan("utf-8", quoted=False)),
        (b'\xef\xbb\xbfa,"b"\n', "utf-8", Scan("utf-8", quoted=True)),
        ("a,é\n".encode(), "cp1252", Scan("utf-8", quoted=False)),
        ("a,é\n".encode("cp1252"), "cp1252", Scan("cp1252", quoted=False)),
        ('a,"é"\n'.encode("utf-16"), "utf-16", Scan("utf-16", quoted=True)),
        (b"\xfe\xff" + "a,b\n".encode("utf-16-be"), "utf-16", Scan("utf-16", quoted=False)),
    ],
)
def test_utf8_is_tried_first_and_another_encoding_only_where_declared(
    tmp_path: Path, content: bytes, declared: str, expected: Scan
) -> None:
    assert scan(_file(tmp_path, content), declared) == expected


@pytest.mark.parametrize(
    ("content", "declared", "rule", "where"),
    [
        (b"", "utf-8", "empty_file", "marks.csv"),
        (b"a,b\n1,2\n3,\xe9\n", "utf-8", "encoding", "marks.csv, row 3"),
        (b'a,b\n"1\n",2\n3,\xe9\n', "utf-8", "encoding", "marks.csv, line 4"),
        (b"a,b\n1,\xc3", "utf-8", "encoding", "marks.csv, row 2"),
        (b"a,b\n1,\x81\n", "cp1252", "encoding", "marks.csv, row 2"),
        ("a,b\n".encode("utf-16"), "utf-8", "encoding", "marks.csv"),
        ("a,b\n".encode("utf-16") + b"\x00\xd8", "utf-16", "encoding", "marks.csv, row 2"),
        (b"a,b\n1,2\n3,\x004\n", "utf-8", "nul_byte", "marks.csv, row 3"),
        (b"a,b\r1,2\r3,\x004\r", "utf-8", "nul_byte", "marks.csv, row 3"),
        (b"a,b\n" + b"x" * (MAX_LINE + 1) + b"\n", "utf-8", "long_line", "marks.csv, row 2"),
        (b"PK\x03\x04 ...", "utf-8", "not_text", "marks.csv"),
        (b"\x1f\x8b\x08 ...", "utf-8", "not_text", "marks.csv"),
        (b"\xd0\xcf\x11\xe0 ...", "utf-8", "not_text", "marks.csv"),
        (b"PAR1 ...", "utf-8", "not_text", "marks.csv"),
        (b"\n  <html><table>", "utf-8", "not_text", "marks.csv"),
    ],
)
def test_what_is_no_plain_text_is_refused_with_its_place(tmp_path: Path, content: bytes, declared: str, rule: str, where: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        scan(_file(tmp_path, content), declared)
    assert (refusal.value.rule, refusal.value.where) == (rule, where)
    assert refusal.value.do
    assert refusal.value.__context__ is None


def test_a_line_of_just_a_megabyte_is_read_wherever_the_chunks_are_cut(tmp_path: Path) -> None:
    assert scan(_file(tmp_path, b"a,b\n" + b"x" * MAX_LINE + b"\ny,z\n"), "utf-8") == Scan("utf-8", quoted=False)


def test_a_letter_cut_in_two_by_a_chunk_is_no_bad_byte(tmp_path: Path) -> None:
    content = ("y" * 999 + "\n").encode() * 1048 + b"x" * 575 + "é\n".encode()  # é lies across byte 2 ** 20
    assert len(content[: content.index("é".encode()) + 1]) == 1 << 20
    assert scan(_file(tmp_path, content), "utf-8").encoding == "utf-8"


def test_every_encoding_comes_out_as_utf8_without_its_mark(tmp_path: Path) -> None:
    for encoding, content in (
        ("utf-8", "\ufeffa,é\n".encode()),
        ("cp1252", "a,é\n".encode("cp1252")),
        ("utf-16", "a,é\n".encode("utf-16")),
    ):
        assert b"".join(text_chunks(_file(tmp_path, content), encoding)) == "a,é\n".encode()


@pytest.mark.parametrize(
    ("content", "breaks"),
    [
        (b'a,b\n"1","2"\n', 0),
        (b'"a","b"\r\n"1\r\n2","x""y"\r\n"","""q"""\r\n', 1),
        (b'\xef\xbb\xbf"a",b\n"1\n\n",2', 2),
        (b'a,b\n1,"2"', 0),
        (b"a,b\n1,2\n", 0),
    ],
)
def test_sound_quotation_marks_pass_and_line_breaks_inside_them_are_counted(tmp_path: Path, content: bytes, breaks: int) -> None:
    assert check_quotes(_file(tmp_path, content), "utf-8", separator=",") == breaks


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'a,b\n1,5" ruler\n', 2),
        (b'a,b\n1,2\n"1,2\n3,4\n', 3),
        (b'a,b\n"1,2\n3,4\n"5,6\n', 4),
        (b'a,b\n1,"x"y\n', 2),
        (b'a,b\n1, "x"\n', 2),
        (b'a;b\n1;"x",2\n', 2),
    ],
)
def test_a_stray_quotation_mark_is_refused_before_it_can_swallow_rows(tmp_path: Path, content: bytes, line: int) -> None:
    separator = ";" if b";" in content else ","
    with pytest.raises(FileRefused) as refusal:
        check_quotes(_file(tmp_path, content), "utf-8", separator=separator)
    assert (refusal.value.rule, refusal.value.where) == ("stray_quote", f"marks.csv, line {line}")


def test_quotation_marks_are_judged_alike_wherever_the_chunks_are_cut(tmp_path: Path) -> None:
    row = b'"x","a""b\nc"\n'
    for shift in range(16):
        content = b'"' + b"y" * shift + b'",z\n' + row * (2**20 // len(row) + 2)
        assert check_quotes(_file(tmp_path, content), "utf-8", separator=",") == 2**20 // len(row) + 2
        assert scan(_file(tmp_path, content), "utf-8").quoted
