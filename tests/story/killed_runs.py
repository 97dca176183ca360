"""Kills a process at every single write of what it does, one run for each, and says what was left: started by test_school.py.

    python -m tests.story.killed_runs EXPORTS MODEL FOLDER

The host does everything once itself, on one thread, and forks a child for each run; a child ends itself without any
clean-up just before, in the middle of, or just after its k-th write, as a killed process or a power cut would. Each run
begins with what the one before left behind. It goes on until a run is not killed any more, and writes one line of JSON for
each to standard error.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before LightGBM is loaded: its threads would not survive a fork

import pyarrow.parquet as pq

import eswarn as ew
from eswarn import cli
from eswarn.evidence.record import read_record
from eswarn.model.bundle import load_model
from tests.made_up_school import FEW_AS_OF

KILLED = 99
WRITES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree")


class Killer:
    """Ends the process at the k-th write under a folder."""

    def __init__(self, folder: Path, k: int) -> None:
        self.folder, self.k, self.writes, self.inside = str(folder), k, 0, False

    def step(self, what: str) -> None:
        self.writes += 1
        if self.writes == self.k:
            os.write(1, f"{what}\n".encode())
            os._exit(KILLED)

    def install(self) -> None:
        sys.addaudithook(self.hook)
        write_table, write_bytes, write_text, fsync = pq.write_table, Path.write_bytes, Path.write_text, os.fsync

        def killed_table(table: object, where: Path, **options: object) -> None:
            self.step(f"before {where.name}")
            write_table(table, where, **options)
            self.halfway(where)

        def killed_bytes(path: Path, data: bytes) -> int:
            written = write_bytes(path, data)
            self.halfway(path)
            return written

        def killed_text(path: Path, data: str, **options: object) -> int:
            written = write_text(path, data, **options)  # type: ignore[arg-type]
            self.halfway(path)
            return written

        def killed_fsync(handle: int) -> None:
            self.step("before fsync")
            fsync(handle)

        pq.write_table, os.fsync = killed_table, killed_fsync
        Path.write_bytes, Path.write_text = killed_bytes, killed_text  # type: ignore[assignment,method-assign]

    def halfway(self, path: Path) -> None:
        """Die with half of the file written, or go on."""
        if self.writes + 1 == self.k:
            self.inside = True  # what halves the file is no write of the process
            os.truncate(path, path.stat().st_size // 2)
        self.step(f"in the middle of {path.name}")

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        writes = event in WRITES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if writes and not self.inside and self.folder in str(arguments[0]):
            self.inside = True
            self.step(f"before {event} of {Path(str(arguments[0])).name}")
            self.inside = False


def forked(work: Callable[[], int]) -> tuple[int, str]:
    """Do some work in a child; its exit code and what it printed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.dup2(writer, 1)
            sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  open to the end of the process
            code = work()
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as printed:
        told = printed.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), told


def killed_at(folder: Path, k: int, work: Callable[[], int]) -> tuple[int, str]:
    def child() -> int:
        Killer(folder, k).install()
        return work()

    return forked(child)


def tell(line: dict[str, object]) -> None:
    sys.stderr.write(json.dumps(line) + "\n")


def scenario(name: str, folder: Path, work: Callable[[], int], holds: Callable[[], int], after: Callable[[], None]) -> None:
    """Run some work over and over, killed one write later each time."""
    for k in itertools.count(1):
        code, told = killed_at(folder, k, work)
        state = forked(holds)[0]
        tell({"scenario": name, "k": k, "code": code, "at": told.strip()[-80:] if code == KILLED else "", "state": state})
        if code != KILLED:
            return
        after()


def main(exports: str, model: str, place: str) -> None:
    folder = Path(place)
    folder.mkdir()
    out, saved = folder / "out", folder / "model"

    records = ew.read(exports)

    def score() -> int:
        ew.score(model, records, FEW_AS_OF, out=out, tracking="off")
        return 0

    def audit() -> int:
        return cli.main(["audit", str(out)]) if out.exists() else 0

    def note() -> int:
        read_record(out).note_tracking({"run_id": "ab" * 16})
        return 0

    def noted() -> int:
        json.loads((out / "run.json").read_bytes())
        return cli.main(["audit", str(out)])

    def save() -> int:
        load_model(model).save(saved)
        return 0

    def loads() -> int:
        return 0 if not saved.exists() or load_model(saved) else 1

    if score() or audit():  # whole and unharmed, so that no child has anything left to load
        raise SystemExit("the unharmed run failed")
    shutil.rmtree(out)
    scenario("score", folder, score, audit, lambda: shutil.rmtree(out, ignore_errors=True))
    scenario("note", folder, note, noted, lambda: None)
    scenario("save", folder, save, loads, lambda: shutil.rmtree(saved, ignore_errors=True))
    tell({"left": sorted(p.name for p in folder.iterdir())})


if __name__ == "__main__":
    main(*sys.argv[1:])
