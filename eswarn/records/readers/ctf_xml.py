"""Take pupils out of a Common Transfer File as it streams by: no DTD, no entities, limits on size, depth and text, no names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from eswarn.records.ledger import FileRefused, shown

MAX_BYTES = 200 << 20
MAX_DEPTH = 32
MAX_TEXT = 32_767
MAX_TAG = 1 << 20  # bytes; expat reads an unfinished tag or comment again with every chunk, so a long one would cost its square
MAX_PUPILS = 100_000
MAX_ELEMENTS = 50_000  # of one pupil, or of what stands before the next; a pupil with every result has some two thousand
_CHUNK = 1 << 16
_ENCODINGS = {"utf-8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "iso-8859-1", "windows-1252"}
_ROOT = "ctfile"
_PUPIL = (_ROOT, "ctfpupildata", "pupil")
_YEAR = (*_PUPIL, "attendance", "yeardata")
_HEADER = (_ROOT, "header")
# The only elements whose text is kept, by where they stand; names, addresses and notes never leave the parser.
_KEPT = {
    (*_HEADER, "ctfversion"): "version",
    (*_HEADER, "datetime"): "made",
    (*_HEADER, "sourceschool", "lea"): "lea",
    (*_HEADER, "sourceschool", "estab"): "estab",
    (*_PUPIL, "upn"): "upn",
    (*_PUPIL, "sex"): "sex",
    (*_PUPIL, "gender"): "sex",
    (*_PUPIL, "basicdetails", "ncyearactual"): "year_group",
    (*_YEAR, "lea"): "lea",
    (*_YEAR, "estab"): "estab",
    (*_YEAR, "sessionspossible"): "possible",
    (*_YEAR, "sessionsauthorised"): "authorised",
    (*_YEAR, "sessionsattended"): "attended",
    (*_YEAR, "sessionsunauthorised"): "unauthorised",
}
_RUN = {"attendancestartdate": "start", "attendancemarks": "marks"}  # anywhere in the data of a year
_AGAIN = "Export the file again where it came from."
_OPENING = re.compile(r"<(?:[\w.-]+:)?ctfile[\s/>]", re.IGNORECASE)


@dataclass(slots=True)
class Year:
    """What a school sent of one pupil's year: totals, and runs of marks, each with the day it starts on; all as text."""

    told: dict[str, str] = field(default_factory=dict)
    runs: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Pupil:
    """A pupil as sent: place among the pupils of the file from 1, header of the file, what is told, and the years."""

    place: int
    header: dict[str, str]
    told: dict[str, str] = field(default_factory=dict)
    years: list[Year] = field(default_factory=list)


def is_ctf(text: str) -> bool:
    """Whether the beginning of an XML file opens a Common Transfer File."""
    return _OPENING.search(text) is not None


def pupils(path: Path) -> Iterator[Pupil]:
    """Give the pupils of a Common Transfer File one by one.

    Elements are known by their names without namespace and without case.

    Parameters
    ----------
    path : Path
        A regular file.

    Raises
    ------
    FileRefused
        ``unsafe_file``: a document type, an entity, a processing instruction; more than 200 MB, 32 levels, 32,767 characters
        of text, 100,000 pupils, or 50,000 elements to one of them. ``wrong_shape``: another root element, or a pupil before
        the header. ``unreadable``: not well-formed. ``encoding``, ``empty_file``.
    """
    file, size = shown(path.name), path.stat().st_size
    if size > MAX_BYTES:
        raise _unsafe(f"it is larger than {MAX_BYTES >> 20} MB", where=file, do="Send fewer pupils in each file.")
    if not size:
        raise FileRefused("empty_file", "the file is empty", where=file, do="Export it again, or remove it from the folder.")
    sieve = _Sieve(file)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield from sieve.feed(chunk)
    yield from sieve.feed(b"")


class _Sieve:
    """The handlers of the parser: what passes through is forgotten, what `_KEPT` and `_RUN` name stays."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.path: tuple[str, ...] = ()
        self.header: dict[str, str] = {}
        self.header_seen = False
        self.pupil = Pupil(0, self.header)
        self.done: list[Pupil] = []
        self.fed = self.elements = 0
        self.text: list[str] | None = None
        self.length = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.XmlDeclHandler = self._declared
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.ProcessingInstructionHandler = self._instruction
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def feed(self, chunk: bytes) -> list[Pupil]:
        """Parse the next bytes, or the end of the file where there are none; give the pupils that they complete."""
        self.fed += len(chunk)
        self.done = []
        if problem := self._parse(chunk):
            raise problem
        if self.fed - self.parser.CurrentByteIndex > MAX_TAG:
            raise _unsafe(f"one tag or comment is longer than {MAX_TAG >> 20} MB", where=self._where(), do=_AGAIN)
        return self.done

    def _parse(self, chunk: bytes) -> FileRefused | None:
        """Nothing, or what expat has to say; its own message is not kept, nor is the error chained to ours."""
        try:
            self.parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            if error.code == expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]:
                return _unsafe("it names an entity", where=self._where(), do=_AGAIN)
            what = "not well-formed XML, or letters in another encoding than it says"
            return FileRefused("unreadable", what, where=self._where(), do=_AGAIN)
        return None

    def _where(self) -> str:
        return f"{self.file}, line {self.parser.CurrentLineNumber}"

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() not in _ENCODINGS:
            raise FileRefused("encoding", "the XML declares an encoding that is not read", where=self._where(), do="Save it as UTF-8.")

    def _doctype(self, *_: object) -> None:
        raise _unsafe("it contains a DTD; files with a DTD are not read", where=self._where(), do=_AGAIN)

    def _instruction(self, _target: str, _data: str) -> None:
        do = "Delete the line that begins with <? below the first one, or export the file again."
        raise _unsafe("it contains a processing instruction, which may load another file", where=self._where(), do=do)

    def _start(self, name: str, _attributes: object) -> None:
        self.path = (*self.path, name.rpartition(":")[2].lower())
        self.length = 0
        if len(self.path) > MAX_DEPTH:
            raise _unsafe(f"its elements are nested more than {MAX_DEPTH} deep", where=self._where(), do=_AGAIN)
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise _unsafe(f"there are more than {MAX_ELEMENTS:,} elements to one pupil", where=self._where(), do=_AGAIN)
        if self.path[0] != _ROOT:
            raise FileRefused("wrong_shape", "its root element is not CTfile", where=self._where(), do=_AGAIN)
        if self.path == _PUPIL:
            if not self.header_seen:
                raise FileRefused("wrong_shape", "a pupil stands before the header", where=self._where(), do=_AGAIN)
            if self.pupil.place == MAX_PUPILS:
                raise _unsafe(f"there are more than {MAX_PUPILS:,} pupils", where=self._where(), do="Send fewer pupils in each file.")
            self.elements = 0
            self.pupil = Pupil(self.pupil.place + 1, self.header)
        elif self.path == _YEAR:
            self.pupil.years.append(Year())
        self.text = [] if self.path in _KEPT or (self.path[: len(_YEAR)] == _YEAR and self.path[-1] in _RUN) else None

    def _characters(self, data: str) -> None:
        self.length += len(data)
        if self.length > MAX_TEXT:
            raise _unsafe(f"an element holds more than {MAX_TEXT:,} characters", where=self._where(), do=_AGAIN)
        if self.text is not None:
            self.text.append(data)

    def _end(self, _name: str) -> None:
        if self.text is not None:
            self._keep("".join(self.text))
            self.text = None
        elif self.path == _PUPIL:
            self.done.append(self.pupil)
        elif self.path == _HEADER:
            self.header_seen = True
        self.path = self.path[:-1]
        self.length = 0

    def _keep(self, text: str) -> None:
        within_year = self.path[: len(_YEAR)] == _YEAR
        if within_year and (name := _RUN.get(self.path[-1])):
            runs = self.pupil.years[-1].runs
            if not runs or name in runs[-1]:
                runs.append({})
            runs[-1][name] = text
            return
        told = self.pupil.years[-1].told if within_year else self.pupil.told if self.path[:3] == _PUPIL else self.header
        name = _KEPT[self.path]
        if told.setdefault(name, text.strip()) != text.strip():
            what = f"an element stands twice with different values, as {name}"
            raise FileRefused("wrong_shape", what, where=self._where(), do=_AGAIN)


def _unsafe(what: str, *, where: str, do: str) -> FileRefused:
    return FileRefused("unsafe_file", what, where=where, do=do)
