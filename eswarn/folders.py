"""Folders that are complete or absent: written beside their place, synced, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eswarn.errors import InputRefused


def refuse_existing(place: Path) -> None:
    """Refuse a place that is taken: nothing is overwritten.

    Raises
    ------
    InputRefused
        Something stands there, or nothing can.
    """
    try:
        taken = place.exists() or place.is_symlink()
    except OSError as error:  # a name too long, a folder that may not be looked into
        raise InputRefused(f"cannot be written ({error.strerror})", where=str(place)) from None
    if taken:
        raise InputRefused("it exists already; nothing is overwritten", where=str(place), do="Choose another name, or remove it first.")


@contextmanager
def complete_or_absent(place: Path) -> Iterator[Path]:
    """Give a draft folder to write into; it takes its place only once everything is on disk.

    A process that is killed leaves no ``place``, at most a ``.tmp`` draft, which the next run removes.

    Raises
    ------
    InputRefused
        ``place`` exists already, or cannot be written.
    """
    refuse_existing(place)
    draft = place.with_name(place.name + ".tmp")
    try:
        if draft.is_dir() and not draft.is_symlink():
            shutil.rmtree(draft)
        else:
            draft.unlink(missing_ok=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir(mode=0o700)  # records of children: for whoever made them alone
    except OSError as error:
        raise InputRefused(f"cannot be written ({error.strerror})", where=str(place)) from None
    try:
        yield draft
        _sync(draft)
        draft.rename(place)
        _sync_folder(place.parent)
    except OSError as error:
        raise InputRefused(f"could not be written ({error.strerror})", where=str(place)) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def replaced(place: Path) -> Iterator[Path]:
    """Give a draft folder that takes the place of one that is there: the old or the new one stands there, whole, or comes back.

    A process that is killed leaves the old folder, the new one, or (in the moment between) neither under its name; `brought_back`
    mends that, and the next replacement begins with it.

    Raises
    ------
    InputRefused
        It cannot be written.
    """
    brought_back(place)
    old, new = _aside(place)
    with complete_or_absent(new) as draft:
        yield draft
    try:
        place.rename(old)
        new.rename(place)
        _sync_folder(place.parent)
        shutil.rmtree(old)
    except OSError as error:
        raise InputRefused(f"could not be replaced ({error.strerror})", where=str(place), do="Run the same command again.") from None


def brought_back(place: Path) -> Path:
    """Finish what a replacement that was killed had begun; the place itself."""
    old, new = _aside(place)
    if old.is_dir() and not place.exists():
        (new if new.is_dir() else old).rename(place)
    for left in (old, new):
        if left.is_dir() and place.is_dir():
            shutil.rmtree(left)
    return place


def _aside(place: Path) -> tuple[Path, Path]:
    return place.with_name(f".{place.name}.eswarn-old"), place.with_name(f".{place.name}.eswarn-new")


def replace_file(path: Path, content: bytes) -> None:
    """Put new bytes in the place of a file: the old or the new file stands there at any moment, never a part.

    Raises
    ------
    InputRefused
        The file cannot be written.
    """
    draft = path.with_name(path.name + ".tmp")
    try:
        with draft.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise InputRefused(f"could not be written ({error.strerror})", where=str(path)) from None


def _sync(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as handle:
                os.fsync(handle.fileno())
    for path in [*folder.rglob("*/"), folder]:
        _sync_folder(path)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot sync a folder
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
