"""Exports that look like a table of ours and must not be read as one: known by their headers, refused with the reason."""

from __future__ import annotations

import re
from collections.abc import Set
from typing import NamedTuple

_MARK = {"code", "mark", "attendancecode", "attendancemark"}
_LESSON = {"lesson", "lessonname", "lessonnumber", "periodname", "periodnumber", "class", "classname", "timetableperiod"}
_TOTALS = {
    "possiblesessions", "sessionspossible", "presentsessions", "sessionspresent", "attendedsessions", "sessionsattended",
    "authorisedabsence", "unauthorisedabsence", "authorisedabsences", "unauthorisedabsences", "sessionsauthorised", "sessionsunauthorised",
}  # fmt: skip
_SAFETY = re.compile("safeguard|childprotection(?!plan)|cpoms")
_LOG = {"incidentid", "incidentdate", "category", "subcategory"}


class Unusable(NamedTuple):
    """The rule such an export breaks, what it is, and what to export instead."""

    rule: str
    what: str
    do: str


def safeguarding_log(heads: Set[str], file: str = "") -> Unusable | None:
    """A log of concerns about pupils, told in free text: refused whatever else is in it.

    Parameters
    ----------
    heads : set of str
        Headers without case, spaces and underscores.
    file : str
        Name of the file, where it is known.
    """
    concern = any("concern" in head for head in heads) and heads & {"category", "subcategory"}
    told = concern or (any(re.search("summary|narrative", head) for head in heads) and len(heads & _LOG) > 1)
    if not told and not any(map(is_safeguarding, (*heads, file))):
        return None
    return Unusable(
        "free_text_refused",
        "this looks like a safeguarding log; such files are refused whole",
        "Take it out of the folder. Behaviour records need a pupil, a school, a date and a type alone.",
    )


def is_safeguarding(name: str) -> bool:
    """Whether a header or the name of a file says that what it holds is about the safety of a pupil."""
    return _SAFETY.search(re.sub(r"[\s_-]+", "", name.casefold())) is not None


def unusable(heads: Set[str]) -> Unusable | None:
    """An export that fits no table and is known for it: totals for marks, lessons or whole days for sessions, yes and no for dates."""
    if log := safeguarding_log(heads):
        return log
    if not heads & _MARK and (len(heads & _TOTALS) + any("%" in head or "percent" in head for head in heads)) >= 2:
        do = "Export the register itself: one mark (AM, PM) a row."
        return Unusable("not_marks", "this file holds totals or percentages; session marks are needed", do)
    if heads & _MARK and heads & _LESSON and not heads & {"session", "sessionname", "am/pm", "ampm"}:
        do = "Export session marks (AM, PM); lesson marks are another thing."
        return Unusable("not_marks", "this file holds lesson marks; session marks are needed", do)
    if {"am", "pm", "date"} <= heads:
        do = "Export one row a session, AM or PM in one column and the mark in another; or a grid: a row a pupil, columns headed by dates."
        return Unusable("wrong_shape", "AM and PM stand side by side in one row, two marks a row", do)
    flags = [head for head in heads if re.search("^(ever|is|was|been|has).*(suspen|exclu)", head) or head in {"rescinded", "suspended"}]
    if len(flags) >= 2:
        do = "Export one row for each suspension, with the day it started (start) and the sessions lost (sessions)."
        return Unusable("missing_column", "yes or no to suspensions carries no dates: there is no column for start", do)
    return None
