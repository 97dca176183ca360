"""Languages of the school's page: British English as written, and American English as a list of what differs."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from eswarn.errors import UsageError, nearest
from eswarn.report.english import TEXT

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
# In this order. What is written with a small letter here stands for capital ones too. Feature sentences and fixed sentences alike.
AMERICAN: tuple[tuple[str, str], ...] = (
    (r"year groups", "grades"), (r"year group", "grade"), (r"\bYear 0\b", "Kindergarten"), (r"\bYear (-?\d+)", r"Grade \1"),
    (r"\bReception\b", "Kindergarten"), (r"\bNursery (\d)", r"Pre-K \1"), (r"pupil", "student"),
    (r"this half-term so far", "since the last break"), (r"half-term", "part of the term"), (r"termly", "term"),
    (r"behaviour", "behavior"), (r"favour", "favor"), (r"\bforms?\b", "homeroom"),
    (r"absen(t|ce) with leave", "excused absence"), (r"absen(t|ce) without leave", "unexcused absence"), (r"^with leave$", "excused"),
    (r"^without leave$", "unexcused"), (r"without leave", "without an excuse"), (r"with leave", "with an excuse"),
    (r"unauthorised", "unexcused"), (r"authorised", "excused"),
    (r"register system", "attendance system"), (r"register marks?\b", "attendance mark"), (r"with a register\b", "with attendance records"),
    (r"were the registers taken", "was attendance taken"), (r"registers?\b", "attendance records"),
    (r"part-time timetable", "shortened school day"), (r"timetable", "schedule"), (r"on roll", "enrolled"), (r"the roll\b", "enrollment"),
    (r"for holidays", "for vacations"), (r"holiday", "break"), (r"permanent exclusion", "expulsion"), (r"exclusion", "expulsion"),
    (r"\bexcluded", "expelled"), (r"share of the marks", "share of the points"), (r"the marks in assessments", "the points in assessments"),
    (r"in brackets", "in parentheses"), (r"first language", "home language"), (r"enrolment", "enrollment"),
    (r"programme", "program"), (r"(recogn|organ|summar)is(?=e|ing)", r"\1iz"), (r"colour", "color"),
)  # fmt: skip
_DATE = re.compile(rf"\b(\d{{1,2}}) ({MONTHS})\b(?: (\d{{4}})\b)?")
_PLACES = re.compile(r"(\{\w*\}|--[a-z-]+)")
_TIED = re.compile(r"(?<=\d) (?=%)")


def _put(found: re.Match[str], *, said: str) -> str:
    """What is said in place of a British word, with a capital letter where that has one."""
    text = found.expand(said)
    return text[:1].upper() + text[1:] if found[0][:1].isupper() else text


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
    def _rules(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
        return tuple(
            (re.compile(pattern, re.IGNORECASE if pattern.islower() else 0), functools.partial(_put, said=said))
            for pattern, said in self.changed
        )

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
