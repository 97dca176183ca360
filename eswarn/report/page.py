"""The school's page: scores as one readable HTML file that needs no network, no scripts and no other file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from eswarn import words
from eswarn.errors import UsageError
from eswarn.report.contents import contents
from eswarn.report.english import TEXT

if TYPE_CHECKING:
    from eswarn.model.scores import Scores


def report(scores: Scores, path: str | Path, *, names: Mapping[str, str] | None = None) -> Path:
    """Write the school's page.

    The same scores and names give the same bytes: the page holds no clock and no random id.

    Parameters
    ----------
    scores : Scores
        What to show. Priority and watch are listed, universal is counted, every pupil without a score is named.
    path : str or Path
        Where to write the page; a page already there is replaced in one step.
    names : mapping, optional
        Pupil id to name. Pupils without an entry keep their pseudonym. Names go into this one file and nowhere else.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    UsageError
        The file cannot be written there.
    """
    path = Path(path)
    unfinished = path.with_name(path.name + ".tmp")
    # "replace": an identifier with half a surrogate pair must not stop the page for everybody else.
    page = render(scores, names=names).encode("utf-8", errors="replace")
    try:
        unfinished.write_bytes(page)
        os.replace(unfinished, path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise UsageError(
            f"the report could not be written ({error.strerror})", where=str(path), do="Name a file in a folder that exists."
        ) from None
    return path


def render(scores: Scores, *, names: Mapping[str, str] | None = None) -> str:
    """The school's page as text; see ``report``."""
    return filled("report.html", page=contents(scores, names or {}), text=TEXT, words=words)


def filled(template: str, **content: Any) -> str:
    """A page from its template: everything put into it is escaped, and what it asks for and was not given is an error."""
    environment = Environment(
        loader=PackageLoader("eswarn.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template(template).render(**content)
    return re.sub(r"(?<=\d) (?=%)", "\u00a0", page)  # a number and its percent sign stay on one line
