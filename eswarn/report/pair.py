"""A page for people and its JSON for programs, written together."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eswarn.errors import InputRefused
from eswarn.folders import replace_file


def write_pair(folder: str | Path, page: tuple[str, str], data: tuple[str, Mapping[str, Any]]) -> Path:
    """Write a page and its JSON into a folder; earlier ones of these names are replaced, each in one step.

    Parameters
    ----------
    folder : str or Path
        Made where it is not there.
    page : tuple of str
        File name and HTML.
    data : tuple of str and mapping
        File name and plain data; a number that is not finite becomes null.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputRefused
        The folder cannot be made or written.
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputRefused(f"cannot be written ({error.strerror})", where=str(place), do="Name another folder with --out.") from None
    replace_file(place / data[0], as_json(data[1]).encode())
    replace_file(place / page[0], page[1].encode("utf-8", errors="replace"))
    return place / page[0]


def as_json(told: Mapping[str, Any]) -> str:
    """Plain data as JSON text that every program reads."""
    return json.dumps(_finite(told), indent=1, allow_nan=False) + "\n"


def _finite(told: Any) -> Any:
    if isinstance(told, Mapping):
        return {str(key): _finite(value) for key, value in told.items()}
    if isinstance(told, (list, tuple)):
        return [_finite(value) for value in told]
    return None if isinstance(told, float) and not math.isfinite(told) else told
