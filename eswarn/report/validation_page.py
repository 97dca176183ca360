"""A validation as a page for people and as JSON for programs: the answers first, and no figure without its interval."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eswarn.report.page import filled
from eswarn.report.pair import write_pair
from eswarn.report.told import Validation, checked
from eswarn.report.validation_contents import splits
from eswarn.report.validation_english import TEXT

PAGE, DATA = "validation.html", "validation.json"


def write_validation(told: Mapping[str, Any], folder: str | Path) -> Path:
    """Write ``validation.html`` and ``validation.json`` into a folder; earlier ones are replaced, each in one step.

    Parameters
    ----------
    told : mapping
        What ``Validation.plain()`` gives. It goes into the JSON as it is, but for numbers that are not finite: they become null.
    folder : str or Path
        Made where it is not there.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputRefused
        It is no validation, or the folder cannot be written.
    """
    return write_pair(folder, (PAGE, render_validation(told)), (DATA, told))


def render_validation(told: Mapping[str, Any]) -> str:
    """The page as text. The same validation gives the same bytes: the page holds no clock."""
    validation = checked(Validation, told, name="the validation")
    return filled("validation.html", validation=validation, splits=splits(validation), text=TEXT)
