"""A model's card as a page for people and as JSON for programs; neither holds anything of a pupil."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eswarn.report.card_contents import card_contents
from eswarn.report.card_english import TEXT
from eswarn.report.page import filled
from eswarn.report.pair import write_pair
from eswarn.report.told import Validation, checked
from eswarn.report.validation_contents import splits
from eswarn.report.validation_english import TEXT as MEASURED

PAGE, DATA = "card.html", "model-card.json"  # the model's own card.json is another file


def write_card(
    card: Mapping[str, Any], model_id: str, folder: str | Path, *, audit: Mapping[str, Any] | None = None,
    owners: Mapping[str, str] | None = None,
) -> Path:  # fmt: skip
    """Write ``card.html`` and ``model-card.json`` into a folder; earlier ones are replaced, each in one step.

    Parameters
    ----------
    card, model_id, audit, owners
        As for `card_contents`.
    folder : str or Path
        Made where it is not there.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputRefused
        The card, its validation or the audit cannot be read, or the folder not be written.
    UsageError
        A role is not one of those that fields are assigned to.
    """
    contents = card_contents(card, model_id, audit=audit, owners=owners)
    return write_pair(folder, (PAGE, render_card(contents)), (DATA, contents))


def render_card(contents: Mapping[str, Any]) -> str:
    """The page as text, from `card_contents`. The same card gives the same bytes: the page holds no clock."""
    validation = checked(Validation, contents["validation"], name="the validation") if contents["validated"] else None
    shown = splits(validation) if validation else []
    return filled("card.html", card=contents, validation=validation, splits=shown, text=TEXT, measured=MEASURED)
