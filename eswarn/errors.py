"""One family of errors: what is wrong, where, and what to do; never a pupil's value."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class EswarnError(Exception):
    """Base of every error that eswarn raises on purpose.

    Parameters
    ----------
    what : str
        What is wrong, in one sentence.
    where : str, optional
        File, row, column, or the place in a configuration.
    do : str, optional
        What the reader can do about it.

    Notes
    -----
    The text never holds a pupil's value. An unknown register code of at most three characters may be named.
    """

    exit_code = 70

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        self.what, self.where, self.do = what, where, do
        super().__init__(str(self))

    def __str__(self) -> str:
        first = f"{self.where}: {self.what}" if self.where else self.what
        return f"{first}\n{self.do}" if self.do else first


class UsageError(EswarnError):
    """The command or call does not make sense as written (exit code 2)."""

    exit_code = 2


class InputRefused(EswarnError):
    """A file, table or configuration cannot be used (exit code 3)."""

    exit_code = 3


class ModelRefused(EswarnError):
    """A model folder is damaged, foreign or does not fit the records (exit code 4)."""

    exit_code = 4


class AuditFailed(EswarnError):
    """A recorded score or reason could not be re-derived (exit code 5)."""

    exit_code = 5


class NotTracked(EswarnError):
    """Everything was written, but the tracking store could not be reached (exit code 6)."""

    exit_code = 6


class OurBug(EswarnError):
    """A check that can only fail through a fault of eswarn's own; nothing is issued (exit code 70)."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known name is nearest: ``Did you mean "x"?``, or the list of all where none is near.

    Parameters
    ----------
    name : str
        The name that is not known. It must not be a pupil's value.
    known : iterable of str
        The names that would have been accepted.
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f'Did you mean "{close[0]}"?' if close else f"Known names: {', '.join(names)}."
