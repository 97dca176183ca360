"""Languages of the school's page: British English as written, and American English as a list of what differs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from eswarn.errors import UsageError, nearest
from eswarn.report.english import TEXT

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
# In this order; small letters first, capital ones follow. Feature sentences and fixed sentences alike.
AMERICAN: tuple[tuple[str, str], ...] = (
    (r"year groups", "grades"), (r"year group", "grade"), (r"\bYear (-?\d+)", r"Grade \1"), (r"Reception", "Kindergarten"),
    (r"in the pupil's favour", "in the student's favor"), (r"pupil", "student"), (r"half-terms", "parts of the term"),
    (r"this half-term so far", "since the last break"), (r"half-term", "part of the term"), (r"behaviour", "behavior"),
    (r"\bforms?\b", "homeroom"), (r"absent with leave", "excused absence"), (r"absent without leave", "unexcused absence"),
    (r"unauthorised", "unexcused"), (r"authorised", "excused"), (r"without leave", "unexcused"), (r"with leave", "excused"),
    (r"register system", "attendance system"), (r"registers?\b", "attendance records"), (r"part-time timetable", "shortened school day"),
    (r"on roll", "enrolled"), (r"the roll", "enrollment"), (r"marks in assessments", "points in assessments"), (r"favour", "favor"),
    (r"enrolment", "enrollment"), (r"recognise", "recognize"), (r"programme", "program"), (r"first language", "home language"),
)  # fmt: skip
_DATE = re.compile(rf"\b(\d{{1,2}}) ({MONTHS})\b(?: (\d{{4}})\b)?")
_PLACES = re.compile(r"(\{\w*\})")
_TIED = re.compile(r"(?<=\d) (?=%)")


@dataclass(frozen=True)
class Locale:
    """One language: every fixed sentence, and how a sentence that a record holds is said in it.

    Attributes
    ----------
    code : str
        ``en-GB`` or ``en-US``.
    paper : str
        Paper of this country, as CSS names it.
    changed : tuple of (str, str)
        Patterns of British words and what stands for them.
    month_first : bool
        Whether dates begin with the month.
    """

    code: str
    paper: str
    changed: tuple[tuple[str, str], ...] = ()
    month_first: bool = False

    @cached_property
    def text(self) -> Mapping[str, str]:
        """Every fixed sentence, by its key."""
        return {key: self.say(sentence) for key, sentence in TEXT.items()} | {"language": self.code}

    @cached_property
    def _rules(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        both = ((pattern[0].upper() + pattern[1:], said[0].upper() + said[1:]) for pattern, said in self.changed if pattern[0].isalpha())
        return tuple((re.compile(pattern), said) for pattern, said in (*self.changed, *both))

    def say(self, sentence: str) -> str:
        """A sentence of ours, never a name or an identifier, in the words of this language; a number stays with its percent sign."""
        parts = _PLACES.split(sentence)  # the names of places to be filled are no words
        for i in range(0, len(parts), 2):
            for pattern, said in self._rules:
                parts[i] = pattern.sub(said, parts[i])
        sentence = "".join(parts)
        if self.month_first:
            sentence = _DATE.sub(lambda told: f"{told[2]} {told[1]}" + (f", {told[3]}" if told[3] else ""), sentence)
        return _TIED.sub("\u00a0", sentence)

    @property
    def sayer(self) -> Callable[[str], str]:
        """`say` as a filter of templates."""
        return self.say


LOCALES = {locale.code: locale for locale in (Locale("en-GB", "A4"), Locale("en-US", "letter", AMERICAN, month_first=True))}


def locale_of(code: str) -> Locale:
    """The language of a code.

    Raises
    ------
    UsageError
        There is none of this code.
    """
    if code not in LOCALES:
        raise UsageError(f'there is no locale "{code}". {nearest(code, LOCALES)}')
    return LOCALES[code]
