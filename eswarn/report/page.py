"""The school's page: scores as one readable HTML file that needs no network, no other file, and no scripts to be read."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from eswarn import words
from eswarn.errors import UsageError
from eswarn.report.contents import Contents
from eswarn.report.locales import locale_of
from eswarn.report.sheets import heads, keys, sheets
from eswarn.report.since import since

if TYPE_CHECKING:
    from eswarn.model.scores import Scores

MOST_LISTED = 5_000  # pupils on one page; a run with more is told to make a page for each school
MOST_SHEETS = 2_000
CHANGES = ("priority", "no place", "watch", "up", "down", "same", "other school")


def render(
    scores: Scores, *, names: Mapping[str, str] | None = None, locale: str = "en-GB", schools: Sequence[str] = ()
) -> str:  # fmt: skip
    """The school's page as text; see `eswarn.report.report`."""
    page = Contents(scores, names or {}, locale_of(locale), schools)
    many = len(page.listed) > MOST_LISTED
    too_many = page.locale.say(page.text["too_many"].format(pupils=words.count(len(page.listed), "pupil"))) if many else ""
    made = [] if many or not page.attendance else list(sheets(page, most=MOST_SHEETS))
    groups = scores.shown.groups if scores.shown is not None else None
    script = _script()
    return filled(
        "report.html", tie=False, page=page, text=page.text, say=page.locale.say, words=words, paper=page.locale.paper, too_many=too_many,
        sheets=made, sheeted={one.row.at for one in made}, keys=keys(page), heads=heads(page), choices={} if many else _choices(page),
        since=None if many else since(page), groups=[] if groups is None else _said(groups.to_dict("records"), page),
        script=Markup(script), script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),  # noqa: S704  # ours
    )  # fmt: skip


def render_sheets(
    scores: Scores, pupils: Sequence[str], *, names: Mapping[str, str] | None = None, locale: str = "en-GB"
) -> str:  # fmt: skip
    """The sheets of some pupils, listed or not, as a page of their own.

    Raises
    ------
    UsageError
        Somebody asked for has no score.
    """
    missing = {pupil for pupil in pupils if pupil not in scores}
    if unscored := len(missing & set(scores.not_scored["pupil_id"])):
        raise UsageError(f"{words.count(unscored, 'pupil')} asked for without a score", do="not_scored.csv says why.")
    if missing:
        raise UsageError(f"{words.count(len(missing), 'pupil')} asked for and not in this run", do="Give pupil ids as scores.csv has them.")
    page = Contents(scores, names or {}, locale_of(locale), pupils=pupils)
    script = _script()
    return filled(
        "sheets.html", tie=False, page=page, text=page.text, say=page.locale.say, paper=page.locale.paper,
        sheets=list(sheets(page, most=len(page.rows))), keys=keys(page), heads=heads(page),
        script=Markup(script), script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),  # noqa: S704  # ours
    )  # fmt: skip


def _said(groups: Sequence[Mapping[Any, str]], page: Contents) -> list[dict[str, str]]:
    return [{str(name): page.locale.say(text) for name, text in row.items()} for row in groups]


def _choices(page: Contents) -> dict[str, list[tuple[str, str]]]:
    """What the list can be narrowed to: values as the rows have them, and how they are shown."""
    rows = page.rows
    years = dict(sorted({(row.year_number if row.year_number == row.year_number else 99, row.year) for row in rows}))
    return {
        "school": [(school, school) for school in sorted({row.school_id for row in rows})],
        "year": [(year, year) for year in years.values()],
        "form": [(form, form) for form in sorted({row.form for row in rows} - {""})],
        "tier": [(tier, page.text[f"tier_{tier}"]) for tier in words.TIERS if any(row.tier == tier for row in rows)],
        "reason": [(theme, theme) for theme in sorted({theme for row in rows for theme in row.themes})],
        "change": [(change, page.text[f"choice_{change}"]) for change in CHANGES
                   if any(row.changed == change for row in rows)],
    }  # fmt: skip


@cache
def _script() -> str:
    text = (files("eswarn.report") / "templates" / "report.js").read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


def filled(template: str, *, tie: bool = True, **content: Any) -> str:
    """A page from its template: everything put into it is escaped, and what it asks for and was not given is an error.

    With ``tie`` every number of the page stays on one line with its percent sign; a page with names in it ties its own sentences.
    """
    environment = Environment(
        loader=PackageLoader("eswarn.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template(template).render(**{"paper": "A4", **content})
    return re.sub(r"(?<=\d) (?=%)", "\u00a0", page) if tie else page
