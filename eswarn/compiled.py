"""Compile the few loops that NumPy cannot do fast, once; the machine code is kept in a folder that only the user can read.

Numba's cache on disk is a pickle by construction: docs/decisions/0012 says why it is allowed. ``ESWARN_COMPILED`` names another
folder for it; ``ESWARN_COMPILED=off`` keeps nothing, and compiles in each process anew.
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba


def _folder() -> Path | None:
    """The user's own folder for compiled code; None where none can be had."""
    named = os.environ.get("ESWARN_COMPILED")
    if named == "off":
        return None
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = (Path(named) if named else home / "eswarn" / "compiled") / importlib.metadata.version("eswarn")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        owner = folder.stat()
    except (OSError, RuntimeError):
        return None
    foreign = hasattr(os, "getuid") and (owner.st_uid != os.getuid() or owner.st_mode & 0o022)
    return None if foreign or not os.access(folder, os.W_OK) else folder


_FOLDER = _folder()
if _FOLDER is not None:
    vars(numba.config)["CACHE_DIR"] = str(_FOLDER)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of arrays and numbers at its first call; it runs without Python's lock.

    It may name constants of its own module only: what is kept is thrown away when the text of that module changes, and no other.
    """
    made: Callable[..., Any] = numba.njit(function, nogil=True, cache=_FOLDER is not None, boundscheck=False, error_model="numpy")
    return made
