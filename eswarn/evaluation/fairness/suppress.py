"""What of a group table may leave the school: small counts are hidden, and with them whatever would give them away.

Of a group, all figures are shown, or its size only, or nothing. All are shown where each of nine counts (pupils, leavers, stayers,
listed, not listed, and the four ways these cross) is safe: none, or the threshold at least. The groups of a division that are not shown
whole have known sums, since all pupils together are shown; these sums are made safe as well, and spread over two groups at least, by
hiding the next smallest group. What a reader can then work out of a hidden count is exactly `bounds`, which meet only where it is none or
all: with sizes and sums given, every count from the larger of 0 and size + sum - total to the smaller of size and sum is possible (the
bounds of Fréchet, which tables with such margins reach), whatever the other divisions are, since numbers with equal sums can always be
told of the same pupils. (Somebody who knows this rule may exclude a little more: a hidden group has an unsafe count, or was the
smallest.) Divisions that are finer forms of another, or leave somebody out, are shown only where no group of theirs is hidden, else not
at all.

Thresholds: "school" hides 1 to 5, as asked of this project; DfE's own rule is to be confirmed. "ons10" hides everything under 10, none
included, as ONS and UK LLC ask of results that leave their safe rooms; "us10" hides 1 to 9, the commonest least group of American states
(39 of them, NCES 2011-603). Each also hides rates of fewer than 11 pupils.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from eswarn.errors import UsageError, nearest
from eswarn.evaluation.fairness.table import ALL, RATES, Counts, GroupTable
from eswarn.model.curve import Floats

if TYPE_CHECKING:
    import pandas as pd

HIDDEN = "[c]"
LEAST_OF_A_RATE = 11
_LEFT_OUT = ("not_scored",)  # counts that no rule here makes safe
# of (leavers listed, leavers missed, stayers listed, other stayers): every count that can be made of them
NINE = np.array([
    [1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1],
], float)  # fmt: skip
PUBLISHED = {"n": 0, "leavers": 1, "listed": 3, "found": 5}


@dataclass(frozen=True, slots=True)
class Profile:
    """Which counts are hidden: those under ``threshold``, and none as well where ``hides_none``."""

    name: str
    threshold: int
    hides_none: bool = False

    def safe(self, counts: Floats) -> npt.NDArray[np.bool_]:
        """Whether each count may be shown."""
        none = np.abs(counts) < 1e-9
        return (counts > self.threshold - 1e-9) | (none & (not self.hides_none))


PROFILES = {p.name: p for p in (Profile("school", 6), Profile("ons10", 10, hides_none=True), Profile("us10", 10))}


@dataclass(frozen=True, slots=True)
class Release:
    """A group table that may leave the school.

    Attributes
    ----------
    frame : pandas.DataFrame
        division, group, n, leavers, listed, found (leavers listed) and the rates with their intervals; ``[c]`` where hidden.
    whole : array of bool
        Rows of which everything is shown. Gaps and verdicts may be shown for these rows only, and a largest gap only where all rows of
        its division are.
    sized : array of bool
        Rows of which the size is shown.
    profile : Profile
        What was hidden.
    counts : mapping of str to array
        The four counts of each group, by division, as used: kept for comparing the next release, not for showing.
    """

    frame: pd.DataFrame
    whole: npt.NDArray[np.bool_]
    sized: npt.NDArray[np.bool_]
    profile: Profile
    counts: dict[str, Floats]


def suppress(
    table: GroupTable, *, profile: Literal["school", "ons10", "us10"] = "school", threshold: int | None = None,
    earlier: Release | None = None,
) -> Release:  # fmt: skip
    """Hide small numbers and what would give them away.

    Parameters
    ----------
    table : GroupTable
        The whole table, which stays inside.
    profile : str
        "school" (1 to 5 hidden), "ons10" (everything under 10) or "us10" (1 to 9).
    threshold : int, optional
        Smallest count shown, instead of the profile's.
    earlier : Release, optional
        What has left before about the same divisions: no shown number of the two may differ by a count that would be hidden.

    Raises
    ------
    UsageError
        The profile is not known, or the threshold is under 3.
    """
    if profile not in PROFILES:
        raise UsageError(f'there is no profile "{profile}". {nearest(profile, PROFILES)}')
    if threshold is not None and threshold < 3:
        raise UsageError("a threshold under 3 hides nobody: two pupils would know of each other")
    rule = PROFILES[profile]
    rule = rule if threshold is None else Profile(profile, threshold, rule.hides_none)
    four = {name: _four(counts) for name, counts in table.counts.items()}
    states = _states(table, four, rule, earlier)
    state = np.concatenate([states[name] for name in (ALL, *(d.name for d in table.divisions))])
    frame = _shown(table, four, states, state)
    return Release(frame, state == 2, state >= 1, rule, four)


def _four(counts: Counts) -> Floats:
    """Leavers listed, leavers missed, stayers listed, other stayers; one row a group."""
    pupils, left, listed, found = (a.sum(axis=1) for a in (counts.pupils, counts.leavers, counts.listed, counts.found))
    return np.stack([found, left - found, listed - found, pupils - left - listed + found], axis=1)


@dataclass(frozen=True, slots=True)
class _Past:
    """What has left before about one division: its nine counts and which of its rows were whole, or had a size."""

    nine: Floats
    whole: npt.NDArray[np.bool_]
    sized: npt.NDArray[np.bool_]


def _states(table: GroupTable, four: dict[str, Floats], rule: Profile, earlier: Release | None) -> dict[str, npt.NDArray[np.int64]]:
    """2 whole, 1 size only, 0 nothing; by division and group."""
    everybody = four[ALL] @ NINE.T
    may = rule.safe(everybody)
    if earlier:
        may &= _no_pupil(everybody - earlier.counts[ALL] @ NINE.T, rule)
    fixed, size = bool(may.all()), bool(may[0, 0])
    states = {ALL: np.array([2 if fixed else int(size)])}
    for division in table.divisions:
        rows = (table.frame["division"] == division.name).to_numpy(bool)
        now, past = four[division.name] @ NINE.T, _past(earlier, division.name, list(table.frame.loc[rows, "group"]))
        no, changed = np.zeros(len(now), bool), past is not None and past.nine.shape != now.shape
        if changed or not size or (division.code < 0).any():
            states[division.name] = no.astype(np.int64)
            continue
        whole = kept_whole(now, no, past.nine if past else None, past.whole if past else ~no, rule) if fixed else no
        sized = kept_whole(now[:, :1], whole, past.nine[:, :1] if past else None, past.sized if past else ~no, rule)
        state = np.where(whole, 2, np.where(sized, 1, 0))
        states[division.name] = state if whole.all() or not division.within else np.zeros_like(state)
    return states


def _past(earlier: Release | None, division: str, groups: list[str]) -> _Past | None:
    """None where the division never left; without rows where its groups were others."""
    if earlier is None or division not in earlier.counts:
        return None
    rows = (earlier.frame["division"] == division).to_numpy(bool)
    if list(earlier.frame.loc[rows, "group"]) != groups:
        rows = np.zeros_like(rows)
    return _Past(earlier.counts[division][: rows.sum()] @ NINE.T, earlier.whole[rows], earlier.sized[rows])


def _no_pupil(change: Floats, rule: Profile) -> npt.NDArray[np.bool_]:
    """Whether a change between two releases is none, or as large as a count that may be shown."""
    return (np.abs(change) < 1e-9) | (np.abs(change) > rule.threshold - 1e-9)


def kept_whole(
    now: Floats, held: npt.NDArray[np.bool_], past: Floats | None, before: npt.NDArray[np.bool_], rule: Profile
) -> npt.NDArray[np.bool_]:
    """Groups whose counts are shown: the safe ones that were shown before, less those needed to hide the sum of the others.

    ``now`` has a row a group and first its pupils, then the other counts that must be safe. ``held`` are shown whatever else is: the
    others were chosen so that hiding them all is enough.
    """
    kept = rule.safe(now).all(axis=1) & before
    if past is not None:
        kept &= _no_pupil(now - past, rule).all(axis=1)
    kept |= held
    while (kept & ~held).any():
        rest = now[~kept].sum(axis=0)
        people = int((now[~kept, 0] > 0).sum())
        if not people or (people > 1 and rule.safe(rest).all() and (past is None or _no_pupil(rest - past[~kept].sum(axis=0), rule).all())):
            break
        free = np.flatnonzero(kept & ~held)
        kept[free[np.argmin(now[free, 0])]] = False
    return kept


def bounds(release: Release, division: str) -> tuple[Floats, Floats]:
    """Least and most that each of the nine counts of each group of a division can be, for somebody who knows all that is shown.

    Parameters
    ----------
    release : Release
        What was shown.
    division : str
        Its name.

    Returns
    -------
    tuple of array
        Shape (groups, 9); equal where a count is shown.
    """
    rows = (release.frame["division"] == division).to_numpy(bool)
    return known_bounds(release.counts[division] @ NINE.T, release.whole[rows], release.sized[rows], told=bool(release.whole[0]))


def known_bounds(now: Floats, whole: npt.NDArray[np.bool_], sized: npt.NDArray[np.bool_], *, told: bool) -> tuple[Floats, Floats]:
    """Least and most of each count. ``told``: all pupils together are shown whole, so that the sums of what is hidden are known."""
    rest, unsized = now[~whole].sum(axis=0), now[~sized, 0].sum()
    least, most = np.where(sized, now[:, 0], 0)[:, None], np.where(sized, now[:, 0], unsized)[:, None]
    low = np.maximum(0, least + rest - rest[0]) if told else np.zeros(now.shape)
    high = np.minimum(most, rest) if told else np.repeat(most, now.shape[1], axis=1)
    low[:, 0], high[:, 0] = least[:, 0], most[:, 0]
    return np.where(whole[:, None], now, low), np.where(whole[:, None], now, high)


def _shown(
    table: GroupTable, four: dict[str, Floats], states: dict[str, npt.NDArray[np.int64]], state: npt.NDArray[np.int64]
) -> pd.DataFrame:
    """The frame as it may be seen: text, so that no number stays behind a mark."""
    import pandas as pd

    names = (ALL, *(d.name for d in table.divisions))
    nine = np.concatenate([four[name] @ NINE.T for name in names])
    told = bool(states[ALL][0] == 2)
    ends = [known_bounds(four[name] @ NINE.T, states[name] == 2, states[name] >= 1, told=told) for name in names]
    certain = np.concatenate([high - low < 1e-9 for low, high in ends])  # shown, or none and all: which everybody can work out
    out = table.frame[["division", "group"]].copy()
    for name, column in PUBLISHED.items():
        out[name] = [f"{value:.10g}" if seen else HIDDEN for value, seen in zip(nine[:, column], certain[:, column], strict=True)]
    base = {"recall": 1, "missed": 1, "false_alarm_rate": 2, "precision": 3, "listed_share": 0, "leaving_rate": 0,
            "observed_over_expected": 0, "slope": 0}  # fmt: skip
    for name in (*(r for r in RATES if r not in _LEFT_OUT), "observed_over_expected", "slope"):
        seen = (state == 2) & (nine[:, base[name]] >= LEAST_OF_A_RATE)
        for end in ("", "_low", "_high"):
            values = table.frame[f"{name}{end}"].to_numpy(float)
            out[f"{name}{end}"] = [_figure(v) if show else HIDDEN for v, show in zip(values, seen, strict=True)]
    return pd.DataFrame(out)


def _figure(value: float) -> str:
    return "" if value != value else f"{value:.4f}"
