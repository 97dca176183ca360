"""What a person sees while a command runs: sentences on standard output, and a bar for any step over two seconds."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE = 2.0  # seconds before a step gets a bar


class Screen:
    """Sentences and progress bars of one command; bars go to standard error, and only where it is a terminal.

    A bar is started by a timer, so that a step which says nothing for long (training, making a store) has one too.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._step = ""
        self._done: tuple[float, float | None] = (0, None)
        self._timer: threading.Timer | None = None
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    def say(self, text: str) -> None:
        """Print a sentence."""
        self._stop()
        print(text, flush=True)

    def progress(self, step: str, done: float, total: float) -> None:
        """Follow a step; see `eswarn.progress.Progress`."""
        with self._lock:
            if done >= total:
                self._stop()
                return
            if step != self._step:
                self._stop()
                self._step = step
                if sys.stderr.isatty():
                    self._timer = threading.Timer(PATIENCE, self._start, (step,))
                    self._timer.daemon = True
                    self._timer.start()
            self._done = (done, total if done else None)  # before anything is done, a bar that only moves
            if self._bar is not None and self._task is not None:
                self._bar.update(self._task, completed=self._done[0], total=self._done[1])

    def _start(self, step: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        with self._lock:
            if step != self._step or self._bar is not None:
                return
            columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(step, completed=int(self._done[0]), total=self._done[1])
            self._bar.start()

    def _stop(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            if self._bar is not None:
                self._bar.stop()
            self._bar, self._task, self._timer, self._step = None, None, None, ""
