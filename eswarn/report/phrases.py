"""Estimates in words: a number is shown with its interval, or as one that cannot be told."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from eswarn import words
from eswarn.report.told import Count, Estimate, Estimates, Figure, Split, Validation
from eswarn.report.validation_english import TEXT

SHARES = ("recall", "precision", "base_rate", "value_of")  # how the names of figures begin that are shares of pupils


def share(value: float | None) -> str:
    """A share in per cent, or that it is not told."""
    return TEXT["not_told"] if value is None else words.share(value)


def fine(value: float | None) -> str:
    """A small share in per cent, always with one decimal."""
    return TEXT["not_told"] if value is None else f"{100 * value:.1f} %"


def decimal(value: float | None) -> str:
    """A figure with three decimals, or that it is not told."""
    return TEXT["not_told"] if value is None else _signed(f"{value:.3f}")


def count(value: Count) -> str:
    """A count, or the mark that hides it."""
    if value is None:
        return TEXT["not_told"]
    return value if isinstance(value, str) else words.number(value)


def weeks(value: float | None) -> str:
    """A number of school weeks, or that it is not told."""
    return TEXT["not_told"] if value is None else words.count(value, "school week")


def places(value: float) -> str:
    """Places: a share of the pupils, or a number in each school."""
    return words.share(value) if value < 1 else words.count(value, "place")


def interval(estimate: Estimate | None, *, of_shares: bool = False) -> str:
    """``0.788 (0.741 to 0.829)``; ``cannot tell`` behind it where nothing may be claimed of it."""
    write = share if of_shares else decimal
    if estimate is not None and estimate.hidden:
        return TEXT["hidden"]
    if estimate is None or estimate.value is None:
        return TEXT["not_told"]
    return _interval(estimate, write(estimate.value), write(estimate.low), write(estimate.high))


def figure(told: Figure) -> str:
    """One figure of the model with its interval, in the unit that its name asks for."""
    return interval(told, of_shares=told.name.startswith(SHARES))


def difference(estimate: Estimate | None) -> str:
    """A difference of shares in percentage points: ``+3.1 points (+0.4 to +5.9)``."""
    if estimate is None or estimate.value is None:
        return TEXT["not_told"]
    value = TEXT["points"].format(value=_points(estimate.value))
    return _interval(estimate, value, _points(estimate.low), _points(estimate.high))


def beaten(estimate: Estimate | None) -> str:
    """What a paired difference, the model minus the rule, shows: nothing unless the whole interval lies on one side of 0."""
    if estimate is None or not estimate.known:
        return TEXT["cannot tell"]
    if (estimate.low or 0) > 0:
        return TEXT["beats"]
    return TEXT["beaten"] if (estimate.high or 0) < 0 else TEXT["not_beaten"]


def needed(value: float | None) -> str:
    """How many times the places a rule needs to reach as many as the model."""
    return TEXT["never"] if value is None else TEXT["times"].format(times=f"{value:.1f}")


def at(estimates: Mapping[str, Estimates], kind: str, wanted: float | None) -> Estimate | None:
    """The estimate for a kind of list at so many places; the keys are numbers as text."""
    for key, estimate in estimates.get(kind, {}).items():
        if wanted is not None and _number(key) == wanted:
            return estimate
    return None


def main_places(told: Validation, split: Split) -> float | None:
    """The places a school has, or of those looked at the ones in the middle."""
    shares = sorted(split.shares)
    wanted = told.about.places
    return wanted if wanted in shares or not shares else shares[len(shares) // 2]


def some(numbers: tuple[float, ...], wanted: tuple[float, ...], *, most: int = 7) -> list[int]:
    """Which of many places a table shows: those asked for, and others evenly spread; positions in order."""
    if not numbers:
        return []
    asked = [min(range(len(numbers)), key=lambda i: abs(numbers[i] - w)) for w in wanted if numbers[0] <= w <= numbers[-1]]
    chosen = {*asked[:most], len(numbers) - 1}
    while len(chosen) < min(most, len(numbers)):
        gaps = [(right - left, left) for left, right in pairwise([0, *sorted(chosen)])]
        widest, left = max(gaps)
        if widest < 2:
            break
        chosen.add(left + widest // 2)
    return sorted(chosen)


def _interval(estimate: Estimate, value: str, low: str, high: str) -> str:
    """A number with its interval; and, where nothing may be claimed of it, that this cannot be told."""
    if estimate.low is None or estimate.high is None:
        return TEXT["no_interval"].format(value=value)
    told = TEXT["interval"].format(value=value, low=low, high=high)
    return told if estimate.known else TEXT["untold"].format(told=told)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _points(value: float | None) -> str:
    return "" if value is None else _signed(f"{100 * value:+.1f}")


def _signed(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")
