"""The register codes that simulated schools use, as small numbers, in both eras of the England table."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Marks = NDArray[np.uint8]

CODES = (
    "/",
    "\\",
    "L",
    "V",
    "P",
    "W",
    "B",
    "K",
    "I",
    "M",
    "O",
    "U",
    "C",
    "C1",
    "C2",
    "G",
    "N",
    "E",
    "S",
    "R",
    "T",
    "J",
    "J1",
    "D",
    "X",
    "-",
)
CODE = {code: np.uint8(i) for i, code in enumerate(CODES)}
FIRST_YEAR_OF_NEW_CODES = 2024  # from 19 August 2024: records.md 2


def among(code: Marks, names: Iterable[str]) -> NDArray[np.bool_]:
    """Where the mark is one of these."""
    table = np.zeros(len(CODES), dtype=np.bool_)
    table[[CODE[name] for name in names]] = True
    return np.asarray(table[code])


ATTENDED = among(np.arange(len(CODES), dtype=np.uint8), ("/", "\\", "L", "V", "P", "W", "B", "K"))
EARLIER = np.arange(len(CODES), dtype=np.uint8)  # what each code was before 19 August 2024: records.md 3
for _new, _old in (("C1", "C"), ("C2", "C"), ("J1", "J"), ("K", "B")):
    EARLIER[CODE[_new]] = CODE[_old]
