"""Strict JSON: every way of wrapping records, and everything that is refused, within little time and memory."""

from __future__ import annotations

import json
import time
import tracemalloc
from pathlib import Path

import pytest

from eswarn.records.ledger import FileRefused
from eswarn.records.readers import strict_json
from eswarn.records.readers.strict_json import MAX_RECORD, listed, names, read_json, siblings, text


def _read(path: Path, content: str | bytes) -> strict_json.Answer[dict[str, object]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_json(path, dict)


@pytest.mark.parametrize(
    "content",
    [
        '[{"a":1},{"a":2}]',
        ' [ {"a":1} ,\n {"a":2} ] \n',
        '\ufeff[{"a":1},{"a":2}]',
        '{"a":1}\n{"a":2}\n',
        '{"a":1}{"a":2}',
        '{"data":[{"a":1},{"a":2}],"meta":{"x":null}}',
        '{"meta":{"x":null},"data":[{"a":1},{"a":2}]}',
        '{"links":[],"data":[{"a":1},{"a":2}]}',
        '[{"data":[{"a":1}]},{"data":[{"a":2}],"meta":[]}]',
        '{"data":[{"a":1}]}\n{"data":[{"a":2}]}',
    ],
)
def test_records_are_found_however_they_are_wrapped(tmp_path: Path, content: str) -> None:
    assert _read(tmp_path / "x.json", content).records == [{"a": "1"}, {"a": "2"}]


def test_the_other_members_of_a_page_are_kept_apart(tmp_path: Path) -> None:
    answer = _read(tmp_path / "x.json", '[{"data":[],"meta":{"page":1}},{"links":2,"data":[]}]')
    assert answer.pages == [{"meta": {"page": "1"}}, {"links": "2"}]
    assert answer.records == []


def test_numbers_stay_as_they_are_written(tmp_path: Path) -> None:
    (record,) = _read(tmp_path / "x.json", '{"a":0012345.50e1}'.replace("00", "")).records
    assert record == {"a": "12345.50e1"}
    (record,) = _read(tmp_path / "x.json", '{"a":255901001,"b":-0,"c":true,"d":null,"e":"\\\\/"}').records
    assert record == {"a": "255901001", "b": "-0", "c": True, "d": None, "e": "\\/"}


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("", "empty_file"),
        ("nonsense", "unreadable"),
        ("[]]", "unreadable"),
        ('[{"a":1}', "unreadable"),
        ('[{"a":1},]', "unreadable"),
        ('[{"a":1} {"a":2}]', "unreadable"),
        ('{"a":1}\n{"a":', "unreadable"),
        ("[{'a':1}]", "unreadable"),
        ('[{"a":1}] // done', "unreadable"),
        ('[{"a":01}]', "unreadable"),
        ('[{"a":"line\nbreak"}]', "unreadable"),
        ('[{"a":1,"a":1}]', "unreadable"),
        ('[{"b":{"a":1,"a":2}}]', "unreadable"),
        ('{"data":[],"data":[]}', "unreadable"),
        ('{"data":[],"meta":1,"meta":2}', "unreadable"),
        ('[{"a":NaN}]', "unreadable"),
        ('[{"a":-Infinity}]', "unreadable"),
        ('[{"a":"\\ud800"}]', "unreadable"),
        ("[1,2]", "wrong_shape"),
        ('["a"]', "wrong_shape"),
        ("[[1]]", "wrong_shape"),
        ('{"a":1}\n2', "wrong_shape"),
        ('[{"a":"x\0y"}]', "nul_byte"),
        (b'[{"a":"\xe9"}]', "encoding"),
        (b'[{"a":"caf\xc3', "encoding"),
        ('[{"a":1}]'.encode("utf-16"), "encoding"),
        ('[{"a":' + "9" * 41 + "}]", "unsafe_file"),
        ('[{"a":' + "9" * 100_000 + "}]", "unsafe_file"),
        ('[{"a":1e' + "9" * 100_000 + "}]", "unsafe_file"),
        ('[{"a":' + "[" * 33 + "]" * 33 + "}]", "unsafe_file"),
        ('[{"a":' * 2_000 + "1" + "}]" * 2_000, "unsafe_file"),
        ("[" * 3_000_000, "unsafe_file"),
        ('{"a":' * 1_000_000, "unsafe_file"),
        ('[{"a":"' + "x" * (MAX_RECORD + 2_000_000) + '"}]', "unsafe_file"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 and value.isprintable() else "…",
)
def test_what_is_no_sound_list_of_records_is_refused_at_once(tmp_path: Path, content: str | bytes, rule: str) -> None:
    started = time.monotonic()
    with pytest.raises(FileRefused) as caught:
        _read(tmp_path / "x.json", content)
    assert caught.value.rule == rule
    assert str(caught.value).startswith("x.json")
    assert caught.value.do
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert time.monotonic() - started < 2


def test_a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "x.json").open("wb") as file:
        file.truncate(strict_json.MAX_BYTES + 1)
    with pytest.raises(FileRefused, match="larger than 200 MB") as caught:
        read_json(tmp_path / "x.json", dict)
    assert caught.value.rule == "unsafe_file"


def test_32_levels_and_40_digits_are_still_read(tmp_path: Path) -> None:
    deep = _read(tmp_path / "x.json", '[{"a":' + "[" * 31 + "]" * 31 + ',"b":' + "9" * 40 + "}]")
    assert deep.records[0]["b"] == "9" * 40


def test_brackets_inside_text_are_no_levels(tmp_path: Path) -> None:
    assert _read(tmp_path / "x.json", json.dumps([{"a": "[" * 500}])).records == [{"a": "[" * 500}]


def test_a_whole_pair_of_surrogates_is_a_character(tmp_path: Path) -> None:
    assert _read(tmp_path / "x.json", '[{"a":"\\ud83d\\ude42"}]').records == [{"a": "🙂"}]


def test_a_refusal_names_the_line_of_the_record(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"x\.json, line 40001:"):
        _read(tmp_path / "x.json", '{"a":"some text to fill the first megabyte"}\n' * 40_000 + '{"a":1,"a":2}')


@pytest.mark.parametrize("wrap", ["[%s]", '{"data":[%s],"meta":{}}', "%s"])
def test_memory_holds_a_record_at_a_time(tmp_path: Path, wrap: str) -> None:
    record = json.dumps({"id": "1", "comment": "é" * 400, "more": ["x"] * 20})
    (tmp_path / "x.json").write_text(wrap % ("\n" if wrap == "%s" else ",").join([record] * 6_000), encoding="utf-8")
    tracemalloc.start()
    try:
        answer = read_json(tmp_path / "x.json", lambda r: text(r, "id"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.records == ["1"] * 6_000
    assert (tmp_path / "x.json").stat().st_size > 14_000_000
    assert peak < 12_000_000


def test_members_are_looked_up_without_surprise() -> None:
    record = {"a": {"b": " x ", "n": "1", "t": True}, "l": {"data": [1]}, "k": [2], "none": None}
    assert [text(record, *path) for path in (("a", "b"), ("a", "t"), ("a",), ("none",), ("a", "b", "c"), ("zz",))] == [
        "x",
        "true",
        "",
        "",
        "",
        "",
    ]
    assert [list(listed(record, name)) for name in ("l", "k", "a", "zz")] == [[1], [2], [], []]


def test_names_and_siblings_tell_what_lies_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text('[{"one":1}]', encoding="utf-8")
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf \n{")
    (tmp_path / "c.csv").write_text("one,two", encoding="utf-8")
    (tmp_path / "d").mkdir()
    assert [(path.name, found) for path, found in siblings(tmp_path / "b.json")] == [("a.txt", frozenset()), ("b.json", {"one"})]
    assert names(b'[{"one":1,"two":{"th-ree":2,"four" : "five"}, \xff"six":') == {"one", "two", "four", "six"}
