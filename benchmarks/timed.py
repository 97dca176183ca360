"""Runs a command in a process of its own and says what it cost: seconds, processor time and peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TUNED_BY_HOST = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # set on some shared machines; a user's machine has neither


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command cost; peak memory is that of its largest process, in MB of a million bytes."""

    seconds: float
    user_seconds: float
    system_seconds: float
    peak_mb: float
    output: str


def timed(command: Sequence[object], *, cwd: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end; stop where it fails.

    The caller should be small: on Linux a child's peak counts from the size of the process that started it.
    """
    whole = {k: v for k, v in (environment or os.environ).items() if k not in TUNED_BY_HOST}
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as held:
        began = time.perf_counter()
        process = subprocess.Popen(words, cwd=cwd, env=whole, stdout=held, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        held.seek(0)
        output = held.read().decode(errors="replace")
    if process.returncode:
        sys.exit(f"{' '.join(words)}\nended with exit code {process.returncode}:\n{output[-2_000:]}")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return Cost(round(seconds, 3), round(usage.ru_utime, 3), round(usage.ru_stime, 3), round(usage.ru_maxrss * unit / 1e6, 1), output)
