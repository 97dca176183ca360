"""What one cell may hold: text, identifiers, dates and numbers, as types that the row models in ``records/tables.py`` use.

The name of each error is the rule's name in the ledger (``records/rules.py``).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from eswarn.records.upn import looks_like_upn

IDENTIFIERS = ("pupil_id", "school_id", "household_id")
_TOTAL = re.compile(
    r"(?:(?:grand|sub)[ -]?)?totals?(?: \w+)?|sum|average|mean|overall|(?:%|percent(?:age)?)(?: \w+)?|\w+ ?(?:%|percent(?:age)?)|"
    r"(?:present|absent|attended|attendance|possible) totals?"
)
_SAYS_TOTAL = "(?i)total|sum|average|mean|overall|percent|%"
_SHORTEST_NAME, _SOME_NAMES = 3, 3
_WORD = "^[A-Za-z]{3,}$"  # may be a name
_PLAIN, _UPN = "^[A-Za-z0-9_-]{1,40}$", "^[A-Za-z][0-9]{11}[0-9A-Za-z]$"


def plain_identifiers(texts: pa.Array) -> pa.Array:
    """Which texts are identifiers beyond doubt: of letters, figures, - and _ alone, no UPN and no mere word. The rest is judged."""
    doubtful = pc.or_(pc.match_substring_regex(texts, _UPN), pc.match_substring_regex(texts, _WORD))
    return pc.and_not(pc.match_substring_regex(texts, _PLAIN), doubtful)


def totals(texts: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which cells announce a row of totals (see `is_total`). Few have a word of it, and only those are looked at one by one."""
    found = np.asarray(pc.match_substring_regex(pa.array(texts, pa.string()), _SAYS_TOTAL).to_numpy(zero_copy_only=False), np.bool_)
    for i in np.flatnonzero(found).tolist():
        found[i] = is_total(texts[i])
    return found


def is_total(text: str) -> bool:
    """Whether a cell that should say whose row it is announces a row of totals: Total, Total present, Present %."""
    return _TOTAL.fullmatch(" ".join(text.casefold().split())) is not None


def are_names(texts: Sequence[str]) -> bool:
    """Whether identifiers are people's names: over half of the distinct ones, and three at least, are words of three or more letters."""
    told = pa.array([text for text in texts if text], pa.string())
    without_figures = told.filter(pc.invert(pc.match_substring_regex(told, "[0-9]"))).to_pylist()
    words = sum(len(text) >= _SHORTEST_NAME and re.sub("['\u2019-]", "", text).isalpha() for text in without_figures)
    return words >= _SOME_NAMES and 2 * words > len(told)


def _iso_date(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise PydanticCustomError("bad_date", "not a date written YYYY-MM-DD")
    return value


def _number(value: object) -> object:
    """Stop what Python would read as a number and a spreadsheet would not: 1_000, a comma, other digits."""
    if isinstance(value, str) and not re.fullmatch(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", value):
        raise PydanticCustomError("not_a_number", "not a number")
    return value


def _year_group(value: object) -> object:
    """Read Reception, Year 7, Y07, Yr 7, N1 and 7 as the number of the year group."""
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    if text in {"r", "rec", "reception"}:
        return 0
    if match := re.fullmatch(r"n(?:ursery)?\s*([12])", text):
        return int(match[1]) - 3  # N1 is two years before Reception, N2 one
    if match := re.fullmatch(r"(?:year|yr|y)?\s*(-?[0-9]{1,2})", text):
        return int(match[1])
    raise PydanticCustomError("unknown_value", "not a year group")


def _readable(value: object) -> object:
    """Refuse line breaks and control characters."""
    if isinstance(value, str) and any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise PydanticCustomError("unreadable_text", "a line break or control character in a cell")
    return value


def _identifier(value: object) -> object:
    """Refuse what a spreadsheet has damaged."""
    if isinstance(value, str):
        if not value.isprintable():
            raise PydanticCustomError("unreadable_text", "a character that cannot be seen in an identifier")
        if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?[eE]\+[0-9]+|[0-9]\.[0-9]+[eE][0-9]+|[0-9]+\.0+|#+|#[A-Z/0]+[!?A]", value):
            raise PydanticCustomError("damaged_identifier", "an identifier that a spreadsheet has turned into a number or an error")
    return value


def _pseudonym(value: object) -> object:
    """Refuse what must never enter the tables: a raw UPN, a name."""
    if isinstance(value, str):
        if looks_like_upn("".join(value.split())):
            raise PydanticCustomError("raw_upn", "this looks like a raw UPN; only pseudonyms belong here")
        if "@" in value:
            raise PydanticCustomError("name", "an e-mail address; only pseudonyms belong here")
        if re.search(r"\w[\s,]+\w\w", value) and not re.search(r"[0-9]", value):
            raise PydanticCustomError("name", "this looks like a name; only pseudonyms belong here")
    return value


def _word(value: object) -> object:
    """A word of a closed list, however it is cased or spaced: "Permanent Exclusion" is permanent_exclusion."""
    return re.sub(r"[\s-]+", "_", value.strip().lower()) if isinstance(value, str) else value


def _renamed(names: dict[str, str]) -> BeforeValidator:
    """Other names and other case for the words of a closed list."""
    return BeforeValidator(lambda value: names.get(value.upper(), value.upper()) if isinstance(value, str) else value)


Text = Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(_readable)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=40), BeforeValidator(_readable)]
Identifier = Annotated[Text, BeforeValidator(_identifier)]
Pseudonym = Annotated[Text, BeforeValidator(_pseudonym), BeforeValidator(_identifier)]
Count = Annotated[int, BeforeValidator(_number)]
Amount = Annotated[float, BeforeValidator(_number)]
YearGroup = Annotated[int, BeforeValidator(_year_group)]
Session = Annotated[Literal["AM", "PM", "DAY"], _renamed({"MORNING": "AM", "AFTERNOON": "PM"})]
Sex = Annotated[Literal["F", "M"], _renamed({"FEMALE": "F", "MALE": "M"})]
Sen = Annotated[Literal["N", "K", "E"], _renamed({"S": "E", "A": "K", "P": "K"})]  # the letters of before 2015
Reason = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Date = Annotated[dt.date, BeforeValidator(_iso_date), Field(ge=dt.date(1990, 1, 1), le=dt.date(2040, 12, 31))]
AnyCase = BeforeValidator(_word)  # beside a closed list of words
