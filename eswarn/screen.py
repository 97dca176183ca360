"""What a person sees while a command runs: sentences on standard output, and a bar for any step over two seconds."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE = 2.0  # seconds before a step gets a bar


class Screen:
    """Sentences and progress bars of one command; bars go to standard error, and only where it is a terminal."""

    def __init__(self) -> None:
        self._step = ""
        self._began = 0.0
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
        if step != self._step:
            self._stop()
            self._step, self._began = step, time.monotonic()
        if self._bar is None and sys.stderr.isatty() and time.monotonic() - self._began > PATIENCE and done < total:
            self._start(step)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total or None)
        if done >= total:
            self._stop()

    def _start(self, step: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._bar.start()
        self._task = self._bar.add_task(step, total=None)

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar, self._task, self._step = None, None, ""
