"""A place to say how far a long step has come, so that no floor needs to know about screens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """What long steps call: ``progress("reading attendance", done, total)``; units are the step's own."""

    def __call__(self, step: str, done: float, total: float) -> None:
        """Say how far the step has come; it is over when ``done`` reaches ``total``."""


def silent(step: str, done: float, total: float) -> None:
    """Say nothing: the default of every function that takes a ``progress``."""
