"""How a header that no table knows is named in a message: as it stands, unless it may be somebody's name or number."""

from __future__ import annotations

import re

from eswarn.records.ledger import shown
from eswarn.records.upn import looks_like_upn

# Words of headers that are nobody's name; a header with one of them is no person, however it is written.
_WORDS = """
academic awarded by address admission am amended attendance attended authorised behaviour class code colour comment comments
contact count date dates day days description detail details email end entry ethnicity exclusion form group hours id
incident language last legal lesson level meals minutes name narrative notes number of or parent percent percentage
period phone pm points possible postcode present provision pupil reason recorded register registration room school
session sessions staff start status student subject summary suspension teacher telephone term time total totals tutor
type unauthorised year sen fsm eal support premium national surname forename preferred middle former ever free
"""
_PLAIN = frozenset(_WORDS.split())
_CAPITALISED = re.compile(r"[^\W\d_]+(?:['\u2019.-]+[^\W\d_]*)*")


def named(header: str, place: int) -> str:
    """A header as a message may name it.

    Parameters
    ----------
    header : str
        As it stands in the file.
    place : int
        Its place in the row, counted from 0.

    Returns
    -------
    str
        The header in quotation marks; ``a column (5th)`` where it looks like a UPN, an e-mail address or a person's name.
    """
    return f"a column ({_ordinal(place + 1)})" if may_be_a_person(header) else f'"{shown(header.strip())}"'


def may_be_a_person(header: str) -> bool:
    """Whether a header holds a UPN or an e-mail address, or is two or three capitalised words none of which is of a header."""
    words = re.split(r"[\s,;]+", header.strip(" ,;\t\r\n"))
    if "@" in header or looks_like_upn("".join(words)) or any(looks_like_upn(word) for word in words):
        return True
    if not 2 <= len(words) <= 3 or any(word.casefold() in _PLAIN for word in words):
        return False
    return all(word[0].isupper() and _CAPITALISED.fullmatch(word) is not None for word in words)


def _ordinal(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in {11, 12, 13} else endings.get(number % 10, 'th')}"
