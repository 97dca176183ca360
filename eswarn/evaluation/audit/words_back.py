"""Read issued sentences back with a grammar of their own: value, unit, window, comparison and direction have to be those of the numbers."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from eswarn.evaluation.audit.lines import TITLES, Check, Run
from eswarn.features.feature import Feature
from eswarn.features.windows import Window

CAUSAL = re.compile(
    r"\b(because|caus(e[sd]?|ing)|due to|owing to|leads? to|led to|results? from|resulted|therefore|hence|thus|consequently|will|would|"
    r"makes?|made|going to)\b",
    re.IGNORECASE,
)
WINDOWS = (  # words, kind; the numbers in them are n and then skip
    (r"in the last (\d+) school days", "last"), (r"in the (\d+) school days before the last (\d+)", "last"),
    (r"in the last (\d+) days", "days"), (r"in the (\d+) days before the last (\d+)", "days"),
    (r"this half-term so far", "half_term"), (r"this school year so far", "year_to_date"), (r"in the last school year", "last_year"),
    (r"so far", "ever"),
)  # fmt: skip
NUMBER = r"-?\d{1,3}(?:,\d{3})*(?:\.\d)?"
PERCENT = r"-?\d+(?:\.\d)? %"
COUNTED = {"days": "school day", "sessions": "session", "times": "time", "weeks": "week"}
VALUES = {  # unit: what its value may look like
    "share": PERCENT, "percentile": PERCENT,
    "change": r"no change|\d+ percentage points? (?:more|less)",
    "change a week": r"level|\d+\.\d percentage points? (?:more|less) each week",
    "difference": rf"no change|{NUMBER} (?:more|fewer)", "calendar days": r"a year or more|\d+ weeks?", "yes": "yes|no",
    **{unit: rf"{NUMBER} {noun}s?" for unit, noun in COUNTED.items()},
}  # fmt: skip
TYPICAL = r" \(typical(?: for (?P<group>Nursery [12]|Reception|Year \d+))?: (?P<typical>%s)\)"
YEARS = {"Nursery 1": -2, "Nursery 2": -1, "Reception": 0}
SLACK = 1e-9  # of a bound, for numbers on the edge of being rounded


@dataclass(frozen=True, slots=True)
class Said:
    """What a sentence says of a feature: its value and what is typical lie between two numbers each; ``window`` is None where unsaid."""

    value: tuple[float, float]
    window: Window | None
    typical: tuple[float, float] | None
    year_group: int | None


class Reader:
    """Reads sentences of one feature; all it knows is the declaration's template, unit and window."""

    def __init__(self, feature: Feature) -> None:
        self.feature, self.unit = feature, feature.measure.unit

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        kinds, parts = {"value": VALUES.get(self.unit, NUMBER), "window": "|".join(words for words, _ in WINDOWS)}, []
        seen: set[str] = set()
        for literal, name, _, _ in string.Formatter().parse(self.feature.says):
            parts.append(re.escape(literal))
            if name:
                parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{re.sub('[(](?![?])', '(?:', kinds[name])})")
                seen.add(name)
        return re.compile("".join(parts) + "(?:" + TYPICAL % kinds["value"] + ")?")

    def read(self, sentence: str) -> Said | None:
        """What a sentence says; None where it is not of this feature, or not one that is ever said."""
        found = self._pattern.fullmatch(sentence)
        if found is None:
            return None
        told = found.groupdict()
        value = bounds(told["value"], self.unit)
        typical = bounds(told["typical"], self.unit) if told["typical"] else None
        group = told["group"]
        year = None if group is None else YEARS[group] if group in YEARS else int(group.removeprefix("Year "))
        window = window_of(told["window"]) if told.get("window") else None
        return None if value is None or (told["typical"] and typical is None) else Said(value, window, typical, year)


def window_of(text: str) -> Window:
    """The range of days that some words mean."""
    kind, numbers = next((kind, found.groups()) for words, kind in WINDOWS if (found := re.fullmatch(words, text)))
    return Window(kind, *map(int, numbers))  # type: ignore[arg-type]


def bounds(text: str, unit: str) -> tuple[float, float] | None:
    """The numbers that a value in words may stand for, least and most; None where the words are never said of any."""
    if text in ("yes", "no"):
        return (1.0, 1.0) if text == "yes" else (0.0, 0.0)
    if text == "a year or more":
        return 365.0, math.inf
    if text in ("no change", "level"):
        half = {"change": 0.005, "change a week": 0.0005, "difference": 0.0}[unit]
        return -half, half
    number = re.match(r"-?[\d,]+(?:\.\d)?", text)
    if number is None or not _noun_fits(number[0], text):
        return None
    said = float(number[0].replace(",", ""))
    if unit == "calendar days":
        return 7 * said, min(7 * said + 7, 365) - 1e-6
    if unit in ("share", "percentile"):
        return _percent(said, decimal="." in number[0])
    if unit in ("change", "change a week"):
        low, high = (said - 0.5, said + 0.5) if unit == "change" else (said - 0.05, said + 0.05)
        low, high = low / 100, high / 100
        if not said:
            return None  # said in other words
    else:
        low, high = (said - 0.05, said + 0.05) if "." in number[0] else (said, said)
    return (-high, -low) if re.search("less|fewer", text) else (low, high)


def _percent(said: float, *, decimal: bool) -> tuple[float, float] | None:
    """Under 1 % one decimal is said, and from there on none; 0 % is nothing at all."""
    if decimal:
        return ((said - 0.05) / 100, (said + 0.05) / 100) if abs(said) < 0.95 else None
    if said == 0:
        return 0.0, 0.0
    return (max(said - 0.5, 0.95) / 100, (said + 0.5) / 100) if said > 0 else ((said - 0.5) / 100, min(said + 0.5, -0.95) / 100)


def _noun_fits(number: str, text: str) -> bool:
    """Whether one is said in the singular and all else in the plural."""
    noun = re.search(r"(school day|session|time|week|percentage point)(s?)(?: (?:more|less)(?: each week)?)?$", text)
    return noun is None or (noun[2] == "s") == (number != "1")


def sentences(run: Run) -> Check:
    """E11: every sentence is read back and held against the numbers of its pupil, and none holds a causal word."""
    model = run.model
    themes = tuple(dict.fromkeys(f.theme for f in model.features))
    sums = np.stack([run.values[:, [f.theme == theme for f in model.features]].sum(axis=1) for theme in themes], axis=1)
    place = [themes.index(f.theme) for f in model.features]
    readers, known = [Reader(feature) for feature in model.features], dict[str, list[tuple[int, Said]]]()
    wrong: Counter[str] = Counter()
    n = 0
    for row, sentence, sign in _all(run):
        n += 1
        if sentence not in known:
            read = [(c, said) for c, reader in enumerate(readers) if (said := reader.read(sentence))]
            known[sentence] = sorted(read, key=lambda one: one[1].window not in (None, readers[one[0]].feature.window))
            wrong["causal word"] += CAUSAL.search(sentence) is not None
        faults = [
            _fault(run, readers[c].feature, said, row=row, column=c, sign=sign, strength=float(sums[row, place[c]]))
            for c, said in known[sentence]
        ]
        if "" not in faults:
            wrong[faults[0] if faults else "not a sentence of any feature"] += 1
    found = ", ".join(f"{kind} ({times:,})" for kind, times in sorted(wrong.items()) if times)
    figure = f"{n:,} sentences, {len(known):,} of them different: " + (f"wrong in {found}" if found else "all agree")
    return Check("E11", TITLES["E11"], "failed" if found else "passed", figure)


def _all(run: Run) -> Iterator[tuple[int, str, int]]:
    """Each sentence with the row of its pupil, and 1 for what raises a score, -1 for what lowers it."""
    for row, (reasons, protective) in enumerate(zip(run.sentences, run.protective, strict=True)):
        yield from ((row, reason, 1) for reason in reasons)
        if protective:
            yield row, protective, -1


def _fault(run: Run, feature: Feature, said: Said, *, row: int, column: int, sign: int, strength: float) -> str:
    """What of a sentence does not agree with the numbers of its pupil, "" where all does."""
    value = float(run.table[row, column])
    if not _within(value, said.value):
        return "value"
    if said.window is not None and said.window != feature.window:
        return "window"
    if not (strength * sign > 0 and run.values[row, column] * sign > 0):
        return "direction"
    year = run.year_group[row]
    typical, own = _typical(run, feature.column, year)
    if said.typical is not None and (typical is None or not _within(typical, said.typical)):
        return "typical value"
    if said.typical is not None and said.year_group != (int(year) if own else None):
        return "year group"
    reads = feature.read_sign * sign
    compared = [said.typical] if said.typical is not None else []
    compared += [(0.0, 0.0)] if feature.measure.unit in ("change", "change a week", "difference") else []
    if reads and any(reads * (np.mean(said.value) - np.mean(other)) < 0 for other in compared):
        return "direction"
    return ""


def _typical(run: Run, column: str, year: float) -> tuple[float | None, bool]:
    """What the model keeps as typical for a pupil, and whether it is that of the pupil's own year group."""
    kept = run.model.reference["typical"]
    own = not math.isnan(year) and str(int(year)) in kept
    return kept.get(str(int(year)) if own else "all", {}).get(column), own


def _within(value: float, ends: tuple[float, float]) -> bool:
    slack = SLACK * max(1.0, abs(value))
    return ends[0] - slack <= value <= ends[1] + slack
