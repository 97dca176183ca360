"""A first look at a file: its kind by its first bytes, and its first whole lines as text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eswarn.config import DatasetFacts
from eswarn.records.readers.peek import HEAD, peek


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"a,b\n", "text"),
        (b"", "text"),
        (b"PAR1xx", "parquet"),
        (b"PK\x03\x04xx", "zip"),
        (b"\xef\xbb\xbf  <?xml", "xml"),
        ("<CTfile>".encode("utf-16"), "xml"),
        (b'\n {"data": []}', "json"),
        (b"[1]", "json"),
        (b"\x1f\x8b", "other"),
        (b"%PDF-1.7", "other"),
        (b"\xd0\xcf\x11\xe0", "other"),
        (b"a\0b", "other"),
        ("a,b\n".encode("utf-16"), "text"),
    ],
)
def test_the_first_bytes_say_the_kind(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / "attendance.csv").write_bytes(content)
    seen = peek(tmp_path / "attendance.csv")
    assert (seen.kind, seen.head) == (kind, content)


def test_a_folder_a_pipe_and_a_broken_link_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert [peek(tmp_path / name).kind for name in (".", "pipe", "link")] == ["folder", "other", "other"]


def test_only_whole_lines_of_the_beginning_are_text(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("x" * 9 + "\n" + "y" * HEAD, encoding="utf-8")
    assert peek(path).text(DatasetFacts()) == "x" * 9 + "\n"
    path.write_text("é;" * HEAD, encoding="utf-16")
    assert peek(path).text(DatasetFacts()).startswith("é;é;")
    path.write_bytes("é".encode("cp1252"))
    assert peek(path).text(DatasetFacts()) == "\ufffd"
    assert peek(path).text(DatasetFacts(encoding="cp1252")) == "é"
