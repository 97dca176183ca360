"""Read JSON strictly and a record at a time, for every reader of it: no doubled name, no NaN, nothing too deep or too large.

Numbers stay the text they are written as. A file is an array of records, records one after another (JSON Lines), or saved
answers of an API: objects with a ``data`` list of records, alone, in an array or one after another.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

from eswarn.records.ledger import FileRefused, shown

Record = Mapping[str, Any]
T = TypeVar("T")
MAX_BYTES = 200 << 20
MAX_DEPTH = 32
MAX_RECORD = 4 << 20
HEAD = 64 * 1024
_CHUNK = 1 << 20
_LONGEST_NUMBER = 40
_SPACE = re.compile(r"[ \t\r\n]*")
_PAGE = re.compile(r'\{[ \t\r\n]*"(?:data|meta)"')
_NAME = re.compile(rb'"([A-Za-z_][A-Za-z0-9_]{0,60})"\s*:')


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a JSON file holds.

    Attributes
    ----------
    records : list
        What ``keep`` made of each record, in the order of the file.
    pages : list of dict
        Of each object with a ``data`` list, its other members.
    """

    records: list[T]
    pages: list[dict[str, Any]]


def read_json(path: Path, keep: Callable[[Record], T]) -> Answer[T]:
    """Read a JSON file; in memory stays only what ``keep`` makes of each record.

    Raises
    ------
    FileRefused
        Over 200 MB, nested over 32 levels, a record over 4 MB or a number over 40 digits (``unsafe_file``), no JSON as its
        standard has it (``unreadable``), not UTF-8 (``encoding``), with NUL bytes (``nul_byte``), empty (``empty_file``), or
        no list of records (``wrong_shape``).
    """
    where = shown(path.name)
    size = path.stat().st_size
    if size > MAX_BYTES:
        do = "Save it in parts, each a whole list of records."
        raise FileRefused("unsafe_file", f"the file is larger than {MAX_BYTES >> 20} MB", where=where, do=do)
    if not size:
        raise FileRefused("empty_file", "the file is empty", where=where, do="Export it again, or remove it from the folder.")
    source = _Source(path)
    answer: Answer[T] = Answer([], [])
    for record in _records(source, answer.pages):
        if not isinstance(record, dict):
            source.refuse("wrong_shape", "a value that is no record (an object in braces)")
        answer.records.append(keep(record))
    return answer


def names(head: bytes) -> frozenset[str]:
    """The names of members that occur in the beginning of a file, to tell what it holds. Never raises."""
    return frozenset(name.decode("ascii") for name in _NAME.findall(head[:HEAD]))


def siblings(path: Path) -> Iterator[tuple[Path, frozenset[str]]]:
    """The JSON files in the folder of a file, itself included, by name, with the names of members in their beginnings."""
    for other in sorted(path.parent.iterdir(), key=lambda p: p.name):
        if other.is_file():
            with other.open("rb") as file:
                head = file.read(HEAD)
            if head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"["):
                yield other, names(head)


def text(record: object, *path: str) -> str:
    """The text at some place in a record; empty where there is none, or where a list or an object stands there."""
    value = at(record, *path)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.strip() if isinstance(value, str) else ""


def at(record: object, *path: str) -> object:
    """The value at some place in a record; None where there is none."""
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record


def listed(record: object, *path: str) -> Sequence[object]:
    """The list at some place in a record, also where it is wrapped in ``data``; empty where there is none."""
    value = at(record, *path)
    value = value.get("data") if isinstance(value, dict) else value
    return value if isinstance(value, list) else ()


def _records(source: _Source, pages: list[dict[str, Any]]) -> Iterator[object]:
    """Every record of the file, in order, however it is wrapped."""
    if source.next() == "[":
        yield from _array(source, lambda: _page_or_record(source, pages))
        if source.next():
            source.refuse("unreadable", "something follows the end of the list")
        return
    if source.next() != "{":
        source.refuse("unreadable", "the file does not start like JSON")
    while source.next():
        yield from _page_or_record(source, pages)


def _array(source: _Source, element: Callable[[], Iterator[object]]) -> Iterator[object]:
    source.step("[")
    if source.next() == "]":
        source.step("]")
        return
    while True:
        yield from element()
        if source.next() == "]":
            source.step("]")
            return
        source.step(",")


def _page_or_record(source: _Source, pages: list[dict[str, Any]]) -> Iterator[object]:
    if not source.is_page():
        value = source.value()
        if isinstance(value, dict) and isinstance(value.get("data"), list):
            yield from value.pop("data")
            pages.append(value)
        else:
            yield value
        return
    members: dict[str, Any] = {}
    is_page = False
    source.step("{")
    while True:
        name = source.value() if source.next() == '"' else source.refuse("unreadable", "no name where one is due")
        source.step(":")
        if name in members or (name == "data" and is_page):
            source.refuse("unreadable", "a name that stands twice in one object")
        if name == "data" and source.next() == "[":
            is_page = True
            yield from _array(source, lambda: iter([source.value()]))
        else:
            members[str(name)] = source.value()
        if source.next() == "}":
            break
        source.step(",")
    source.step("}")
    if is_page:
        pages.append(members)
    else:
        yield members


class _Source:
    """The text of a file as a window that moves over it, so that memory holds no more than one record at a time."""

    def __init__(self, path: Path) -> None:
        self.where, self.text, self.place, self.line, self.ended = shown(path.name), "", 0, 1, False
        self._chunks = _chunks(path)
        self._decoder = json.JSONDecoder(object_pairs_hook=_members, parse_int=_number, parse_float=_number, parse_constant=_constant)
        self.more()

    def refuse(self, rule: str, what: str) -> NoReturn:
        line = self.line + self.text.count("\n", 0, self.place)
        do = "Save the answer again, just as the system gives it."
        raise FileRefused(rule, what, where=f"{self.where}, line {line}", do=do) from None

    def more(self) -> bool:
        """Drop what has been read and add the next part; whether there was one."""
        try:
            part = next(self._chunks)
        except StopIteration:
            self.ended = True
            return False
        except UnicodeDecodeError:
            self.refuse("encoding", "there is a byte that is not UTF-8")
        if "\0" in part:
            self.refuse("nul_byte", "there is a NUL byte, so the file is damaged or not text")
        self.line += self.text.count("\n", 0, self.place)
        self.text, self.place = self.text[self.place :] + part, 0
        return True

    def next(self) -> str:
        """The next character that is no space; empty at the end of the file."""
        while True:
            self.place = _SPACE.match(self.text, self.place).end()  # type: ignore[union-attr]
            if self.place < len(self.text) or not self.more():
                return self.text[self.place : self.place + 1]

    def step(self, sign: str) -> None:
        if self.next() != sign:
            self.refuse("unreadable", f"no {sign} where one is due; the file may be cut short")
        self.place += 1

    def is_page(self) -> bool:
        while len(self.text) - self.place < _LONGEST_NUMBER and self.more():
            pass
        return _PAGE.match(self.text, self.place) is not None

    def value(self) -> object:
        """The next value of any kind."""
        self.next()
        while True:
            problem = "what stands here is not JSON; the file may be cut short"
            try:
                value, end = self._decoder.raw_decode(self.text, self.place)
                if end < len(self.text) or self.ended:  # else a number may go on in the next part
                    return self._sound(value, end)
            except _Unsound as error:
                self.refuse(error.rule, error.what)
            except RecursionError:
                self.refuse("unsafe_file", f"nested deeper than {MAX_DEPTH} levels")
            except ValueError:
                if self.ended:
                    self.refuse("unreadable", problem)
            if len(self.text) - self.place > MAX_RECORD:
                self.refuse("unsafe_file", f"a record longer than {MAX_RECORD >> 20} MB, or what stands here is not JSON")
            self.more()

    def _sound(self, value: object, end: int) -> object:
        start = self.place
        if self.text.count("{", start, end) + self.text.count("[", start, end) > MAX_DEPTH and _depth(value) > MAX_DEPTH:
            self.refuse("unsafe_file", f"nested deeper than {MAX_DEPTH} levels")
        if self.text.find("\\ud", start, end) >= 0 or self.text.find("\\uD", start, end) >= 0:
            try:
                json.dumps(value, ensure_ascii=False).encode()
            except UnicodeEncodeError:
                self.refuse("unreadable", "half a character (a lone surrogate)")
        self.place = end
        return value


class _Unsound(Exception):
    def __init__(self, rule: str, what: str) -> None:
        self.rule, self.what = rule, what


def _chunks(path: Path) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _Unsound("unreadable", "a name that stands twice in one object")
    return members


def _number(written: str) -> str:
    if len(written) > _LONGEST_NUMBER:
        raise _Unsound("unsafe_file", f"a number of more than {_LONGEST_NUMBER} digits")
    return written


def _constant(_: str) -> NoReturn:
    raise _Unsound("unreadable", "NaN or Infinity, which JSON does not have")


def _depth(value: object) -> int:
    """Levels of nesting; walked without recursion."""
    deepest, level = 0, [value]
    while level:
        deepest += 1
        level = [
            inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
        ]
    return deepest - 1
