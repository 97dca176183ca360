"""Tell whether the pages of a saved API answer are all there, in one file or over several of a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from eswarn.records.ledger import FileRefused, shown
from eswarn.records.readers.strict_json import Answer, at, read_json, siblings, text

_MOST_FILES = 500


class Page(NamedTuple):
    """What a page says of its place; 0 where it does not say."""

    number: int
    more: bool
    total: int


class Series(NamedTuple):
    """The pages of one file, and how many records it holds."""

    pages: tuple[Page, ...]
    records: int


def refuse_gaps(path: Path, answer: Answer[Any], *, alike: Callable[[frozenset[str]], bool]) -> None:
    """Refuse a file whose pages do not make a whole answer, alone or with the other files of its kind in the folder.

    Parameters
    ----------
    answer : Answer
        What was read from the file.
    alike : callable
        Whether a file that begins with members of these names is of the same kind.

    Raises
    ------
    FileRefused
        ``wrong_shape``: a page is missing, or there are fewer records than the answer says.
    """
    mine = _series(answer)
    if not mine.pages or not _gap([mine]):
        return
    others = [other for other, members in siblings(path) if alike(members) and other.name != path.name]
    if len(others) <= _MOST_FILES:
        parts = [mine, *(part for part in map(_look_up, others) if part.pages and _gap([part]))]
        gap = _gap(parts)
    else:
        gap = f"over more than {_MOST_FILES} files"
    if gap:
        do = "Save every page of the answer, in one file: a list of the pages, or one page a line."
        raise FileRefused("wrong_shape", f"the answer is not whole: {gap}", where=shown(path.name), do=do)


def _gap(parts: Sequence[Series]) -> str:
    """What is missing from the pages of some files, in words; empty where nothing is."""
    pages = [page for part in parts for page in part.pages]
    numbers = {page.number for page in pages} - {0}
    due = {page.number + 1 for page in pages if page.more and page.number} | ({1} if numbers else set())
    if missing := sorted(due - numbers):
        return f"page {missing[0]} is missing"
    if all(page.more for page in pages):
        return "the last page is missing"
    records, total = sum(part.records for part in parts), max(page.total for page in pages)
    return f"{records:,} of {total:,} records" if records < total else ""


def _look_up(path: Path) -> Series:
    state = path.stat()
    return _read(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=2 * _MOST_FILES)
def _read(path: Path, size: int, changed: int) -> Series:  # noqa: ARG001 - a file that has changed is read again
    return _series(read_json(path, lambda _: None))


def _series(answer: Answer[Any]) -> Series:
    return Series(tuple(page for members in answer.pages if (page := _page(members))), len(answer.records))


def _page(members: dict[str, Any]) -> Page | None:
    found = next(
        (p for p in (at(members, "meta", "pagination"), at(members, "pagination"), at(members, "meta")) if isinstance(p, dict)), None
    )
    if found is None:
        return None
    more = text(found, "more") == "true" or (not text(found, "more") and bool(text(found, "next")))
    return Page(_whole(found, "current_page"), more, _whole(found, "total"))


def _whole(found: object, name: str) -> int:
    written = text(found, name)
    return int(written) if written.isascii() and written.isdigit() else 0
