"""Folders that are complete or absent, whatever goes wrong on the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eswarn import folders
from eswarn.errors import InputRefused
from eswarn.folders import complete_or_absent, refuse_existing, replace_file


def test_a_folder_appears_with_everything_in_it(tmp_path: Path):
    place = tmp_path / "new" / "out"
    with complete_or_absent(place) as draft:
        assert not place.exists()
        (draft / "a.txt").write_text("a", encoding="utf-8")
        (draft / "deep").mkdir()
        (draft / "deep" / "b.txt").write_text("b", encoding="utf-8")
    assert sorted(p.relative_to(place).as_posix() for p in place.rglob("*")) == ["a.txt", "deep", "deep/b.txt"]
    assert os.listdir(place.parent) == ["out"]


@pytest.mark.parametrize("wrong", [RuntimeError, KeyboardInterrupt, SystemExit, MemoryError])
def test_nothing_appears_where_the_writing_fails(tmp_path: Path, wrong: type[BaseException]):
    def write() -> None:
        with complete_or_absent(tmp_path / "out") as draft:
            (draft / "a.txt").write_text("a", encoding="utf-8")
            raise wrong

    with pytest.raises(wrong):
        write()
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_told_without_a_trace(tmp_path: Path):
    with pytest.raises(InputRefused, match="No space left on device") as told, complete_or_absent(tmp_path / "out"):
        raise OSError(28, "No space left on device")
    assert told.value.where == str(tmp_path / "out")
    assert told.value.__suppress_context__
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", ["folder", "empty folder", "file", "link", "dangling link"])
def test_a_place_that_is_taken_is_refused_and_left_alone(tmp_path: Path, kind: str):
    place = tmp_path / "out"
    if kind.endswith("folder"):
        place.mkdir()
    elif kind == "file":
        place.write_text("mine", encoding="utf-8")
    else:
        (tmp_path / "real").mkdir()
        place.symlink_to(tmp_path / ("real" if kind == "link" else "nowhere"))
    if kind == "folder":
        (place / "mine.txt").write_text("mine", encoding="utf-8")
    before = sorted(p.name for p in tmp_path.rglob("*"))
    with pytest.raises(InputRefused, match="exists already; nothing is overwritten") as told, complete_or_absent(place):
        pytest.fail("nothing may be written")
    assert told.value.exit_code == 3
    assert sorted(p.name for p in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("left", ["folder", "file", "link"])
def test_what_a_killed_run_left_does_not_block_the_next(tmp_path: Path, left: str):
    draft, elsewhere = tmp_path / "out.tmp", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.txt").write_text("mine", encoding="utf-8")
    if left == "folder":
        draft.mkdir()
        (draft / "half.csv").write_text("ha", encoding="utf-8")
    elif left == "file":
        draft.write_text("x", encoding="utf-8")
    else:
        draft.symlink_to(elsewhere)
    with complete_or_absent(tmp_path / "out") as fresh:
        assert os.listdir(fresh) == []
        (fresh / "whole.csv").write_text("whole", encoding="utf-8")
    assert os.listdir(tmp_path / "out") == ["whole.csv"]
    assert not draft.exists()
    assert os.listdir(elsewhere) == ["mine.txt"], "a link is removed, not what it points at"


@pytest.mark.parametrize("place", ["a" * 300, "file.txt/out", "/proc/nowhere/out"])
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, place: str):
    (tmp_path / "file.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputRefused, match="cannot be written"), complete_or_absent(tmp_path / place):
        pytest.fail("nothing may be written")


def test_a_name_that_is_too_long_is_refused_before_any_work(tmp_path: Path):
    with pytest.raises(InputRefused, match="File name too long"):
        refuse_existing(tmp_path / ("a" * 300))


def test_everything_is_on_the_disk_before_the_folder_takes_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    done: list[str] = []
    fsync, rename = os.fsync, Path.rename
    monkeypatch.setattr(os, "fsync", lambda handle: done.append(Path(f"/proc/self/fd/{handle}").resolve().name) or fsync(handle))
    monkeypatch.setattr(Path, "rename", lambda path, to: done.append("RENAME") or rename(path, to))
    with complete_or_absent(tmp_path / "out") as draft:
        (draft / "deep").mkdir()
        for name in ("a.txt", "deep/b.txt"):
            (draft / name).write_text("x", encoding="utf-8")
    assert set(done[: done.index("RENAME")]) == {"a.txt", "b.txt", "deep", "out.tmp"}
    assert done[done.index("RENAME") + 1 :] == [tmp_path.name]


def test_a_file_is_replaced_whole(tmp_path: Path):
    path = tmp_path / "run.json"
    path.write_bytes(b"old")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["run.json"]


def test_a_file_that_cannot_be_replaced_stays_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "run.json"
    path.write_bytes(b"old")
    with pytest.raises(InputRefused, match="No such file"):
        replace_file(tmp_path / "nowhere" / "run.json", b"new")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders.os, "fsync", full)
    with pytest.raises(InputRefused, match="No space left on device"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
