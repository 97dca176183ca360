"""Values to reasons: signed, summed within themes, ranked, and said in the words of the feature's own declaration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eswarn import words
from eswarn.features.feature import Feature
from eswarn.model.curve import Floats

COMPARED = ("share", "sessions", "times", "count", "days", "weeks")  # units for which "typical" says something
FROM_ZERO = ("change", "change a week", "difference")  # units whose words say more or less: they are read against no change


@dataclass(frozen=True, slots=True)
class Reason:
    """What one theme adds to a score, spoken through its strongest feature.

    Attributes
    ----------
    theme : str
        The theme; its features' signed values are summed.
    column : str
        The feature that speaks: of those pointing the same way as the theme, the one with the largest value.
    value : float
        What the records say, NaN where they are silent.
    typical : float or None
        What is typical for the year group in the training cohort.
    strength : float
        Sum over the theme in log-odds; above 0 it goes with a higher score, below 0 with a lower one.
    sentence : str
        In words; facts only, no cause.
    joint : bool
        Whether it is level with the reason before it or after it: their strengths differ by less than refits of the model do.
    """

    theme: str
    column: str
    value: float
    typical: float | None
    strength: float
    sentence: str
    joint: bool = False


class Teller:
    """Tells reasons for the features of a model.

    Parameters
    ----------
    features : sequence of Feature
        In the order of the model's columns.
    typical : mapping of str to mapping of str to float
        Year group ("9"; "all" where unknown) to column to typical value.
    noise : float
        Distance in log-odds under which two reasons are level (see refits.py).
    """

    def __init__(self, features: Sequence[Feature], typical: Mapping[str, Mapping[str, float]], noise: float = 0.0) -> None:
        self.features = tuple(features)
        self.typical = typical
        self.noise = noise
        self.themes = tuple(dict.fromkeys(f.theme for f in features))
        self._theme_of = np.array([self.themes.index(f.theme) for f in features])

    def theme_sums(self, phi: Floats) -> Floats:
        """Signed sums within themes, shape (n, themes). Sums first: absolute values come after, if at all."""
        sums = np.zeros((len(phi), len(self.themes)))
        for column, theme in enumerate(self._theme_of):
            sums[:, theme] += phi[:, column]
        return sums

    def all(self, values: Floats, phi: Floats, year_group: float) -> tuple[Reason, ...]:
        """Every theme's reason for one pupil, the one that raises the score most first."""
        sums = self.theme_sums(phi[None, :])[0]
        ranked = np.argsort(-sums, kind="stable")
        told = [self._tell(int(t), self._speakers(int(t), phi, sums[t]), values, sums[t], year_group) for t in ranked]
        return tuple(replace(reason, joint=joint) for reason, joint in zip(told, self._joint(told), strict=True))

    def _joint(self, told: Sequence[Reason]) -> list[bool]:
        """Which of some ranked reasons are level with a neighbour that points the same way."""
        level = [a.strength * b.strength > 0 and abs(a.strength - b.strength) <= self.noise for a, b in itertools.pairwise(told)]
        return [before or after for before, after in zip([False, *level], [*level, False], strict=True)][: len(told)]

    def clear(self, values: Floats, phi: Floats, year_group: float) -> dict[str, Reason]:
        """Of one pupil each theme that a reader can follow (see `top`), with what it says."""
        told = values, phi, self.theme_sums(phi[None, :])[0], year_group
        return {reason.theme: reason for reason in self._clear(range(len(self.themes)), *told)}

    def top(self, values: Floats, phi: Floats, year_groups: Floats, *, n: int) -> tuple[list[list[Reason]], list[str]]:
        """Of many pupils up to ``n`` reasons that raise each score, and the sentence of the one that lowers it most ("" for none).

        Only what a reader can follow is listed: a feature that reads as riskier speaks for a higher score only where its value
        lies above what is typical, for a lower one only where it lies below, and the two are not the same once rounded; one that
        says "more" or "less" only where that agrees, too. One that reads neither way speaks for higher scores alone, where it is
        not typical. Where the records are silent, nothing is listed. `all` leaves nothing out.
        """
        sums = self.theme_sums(phi)
        order = np.argsort(-sums, axis=1, kind="stable")
        raising, lowering = [], []
        for row in range(len(phi)):
            high = (t for t in order[row] if sums[row, t] > 0)
            low = (t for t in order[row, ::-1] if sums[row, t] < 0)
            told = values[row], phi[row], sums[row], year_groups[row]
            listed = list(itertools.islice(self._clear(high, *told), n))
            raising.append([replace(reason, joint=joint) for reason, joint in zip(listed, self._joint(listed), strict=True)])
            lowering.append(next((reason.sentence for reason in self._clear(low, *told)), ""))
        return raising, lowering

    def _clear(self, themes: Iterable[int | np.integer], values: Floats, phi: Floats, sums: Floats, year_group: float) -> Iterator[Reason]:
        for theme in map(int, themes):
            columns = self._speakers(theme, phi, sums[theme])
            clear = [c for c in columns if self._is_clear(c, float(values[c]), float(sums[theme]), year_group)]
            if clear:
                yield self._tell(theme, clear, values, sums[theme], year_group)

    def _speakers(self, theme: int, phi: Floats, strength: float) -> list[int]:
        """Features that point the same way as their theme, the strongest first."""
        inside = np.flatnonzero(self._theme_of == theme)
        pull = phi[inside] if strength >= 0 else -phi[inside]
        ranked = inside[np.argsort(-pull, kind="stable")]
        return [int(c) for c in ranked if phi[c] * strength > 0] or [int(ranked[0])]  # a value of 0 speaks for neither side

    def _is_clear(self, column: int, value: float, strength: float, year_group: float) -> bool:
        feature = self.features[column]
        if feature.protected or math.isnan(value):
            return False  # a list never names a protected characteristic; that nothing is on record says something of the records
        typical = self._typical(feature, year_group)
        against = [] if typical is None else [typical]
        against += [0.0] if feature.measure.unit in FROM_ZERO else []
        if any(feature.value_text(value) == feature.value_text(other) for other in against):
            return False  # what holds for the whole year group tells nothing about a pupil
        if not feature.read_sign:
            return strength > 0
        return all((value - other) * feature.read_sign * strength > 0 for other in against)

    def _tell(self, theme: int, columns: Sequence[int], values: Floats, strength: float, year_group: float) -> Reason:
        feature, value = self.features[columns[0]], float(values[columns[0]])
        typical = self._typical(feature, year_group)
        sentence = feature.sentence(value)
        if typical is not None and not math.isnan(value) and feature.measure.unit in COMPARED:
            key = _key(year_group)
            group = f"typical for {words.year_group(year_group)}" if key != "all" and key in self.typical else "typical"
            sentence += f" ({group}: {feature.value_text(typical)})"
        return Reason(self.themes[theme], feature.column, value, typical, float(strength), sentence)

    def _typical(self, feature: Feature, year_group: float) -> float | None:
        return self.typical.get(_key(year_group), self.typical.get("all", {})).get(feature.column)


def _key(year_group: float) -> str:
    return "all" if math.isnan(year_group) else str(int(year_group))


def typical_values(values: Mapping[str, Floats], year_groups: Floats, *, least: int) -> dict[str, dict[str, float]]:
    """Medians by year group over a cohort, of at least ``least`` answers each, rounded to two decimals; others are left out.

    Parameters
    ----------
    values : mapping of str to array
        Column to values, NaN where the records are silent.
    year_groups : array of float
        Year group of each row, NaN where unknown.
    least : int
        Fewest answers a median may come from.
    """
    groups: dict[str, np.ndarray] = {"all": np.ones(len(year_groups), bool)}
    groups |= {str(int(y)): year_groups == y for y in np.unique(year_groups[~np.isnan(year_groups)])}
    out: dict[str, dict[str, float]] = {}
    for name, rows in groups.items():
        told = {column: v[rows & ~np.isnan(v)] for column, v in values.items()}
        out[name] = {column: round(float(np.median(v)), 2) for column, v in told.items() if len(v) >= least}
    return {name: medians for name, medians in out.items() if medians}
