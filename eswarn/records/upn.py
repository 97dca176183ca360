"""Unique pupil numbers of England: what one looks like, and whether its check letter holds."""

from __future__ import annotations

import re

LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"  # a letter's value is its place; I, O and S are left out, as they look like figures
_SHAPE = re.compile(r"[A-Z][0-9]{11}[0-9A-Z]")


def looks_like_upn(text: str) -> bool:
    """Say whether a text has the shape of a UPN, whatever its check letter: a letter, eleven digits, and a digit or a letter.

    Parameters
    ----------
    text : str
        Without spaces around it; capital and small letters alike. A first or last letter that no UPN has (I, O, S) still
        gives the shape: it is a UPN that somebody has mistyped.
    """
    return bool(_SHAPE.fullmatch(text.upper()))


def check_letter_holds(upn: str) -> bool:
    """Say whether a text is a UPN, permanent or temporary, whose first letter agrees with the other twelve characters.

    A UPN is a check letter, three digits for the local authority, four for the establishment, two for the year and three
    serial ones; in a temporary UPN the last of them is a letter. The check letter stands for the sum of value times position
    (positions 2 to 13) modulo 23. As 23 is a prime above every position and digit, any one character that is mistyped, and any
    two that are exchanged, are found.

    Parameters
    ----------
    upn : str
        Without spaces around it; capital and small letters alike.

    Returns
    -------
    bool
        False, too, for a text that has not the shape of a UPN.

    Notes
    -----
    Source: Department for Education, *Unique pupil numbers*, the calculation of the check letter.
    """
    text = upn.upper()
    if not _SHAPE.fullmatch(text) or text[0] not in LETTERS or not (text[-1].isdigit() or text[-1] in LETTERS):
        return False
    values = [int(c) if c.isdigit() else LETTERS.index(c) for c in text[1:]]
    return text[0] == LETTERS[sum(value * position for position, value in enumerate(values, start=2)) % 23]
