"""Small numbers that leave the school: none can be worked out, not even by somebody with a computer."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from benchmarks.fairness_attack import CONTROL, _read, ranges, school, worked_out
from eswarn.errors import UsageError
from eswarn.evaluation.fairness.groups import Division
from eswarn.evaluation.fairness.suppress import HIDDEN, NINE, PROFILES, PUBLISHED, Release, bounds, suppress
from eswarn.evaluation.fairness.table import ALL, GroupTable, group_table

# leavers listed, leavers missed, stayers listed, other stayers
BIG, OTHER, TINY, SECOND = (12, 20, 30, 300), (8, 9, 20, 200), (1, 2, 3, 30), (7, 6, 8, 60)


def table_of(*groups: tuple[int, int, int, int], within: tuple[str, ...] = (), name: str = "d") -> GroupTable:
    """A table of one division with these counts in its groups."""
    cells = np.concatenate([np.repeat(np.arange(4), group) for group in groups])
    code = np.repeat(np.arange(len(groups)), [sum(group) for group in groups])
    y, listed = np.isin(cells, (0, 1)), np.isin(cells, (0, 2))
    division = Division(name, tuple("abcdefgh"[: len(groups)]), code, within)
    return group_table([division], listed=listed, y=y, risk=np.full(len(code), 0.1))


def row(release: Release, group: str) -> dict[str, Any]:
    return dict(release.frame[release.frame["group"] == group].iloc[0])


def test_a_table_of_large_counts_is_shown_whole() -> None:
    release = suppress(table_of(BIG, OTHER))
    assert not (release.frame == HIDDEN).any().any()
    assert row(release, "a")["leavers"] == "32"
    assert row(release, "a")["recall"] == "0.3750"


def test_one_to_five_are_hidden_and_six_is_not() -> None:
    assert PROFILES["school"].safe(np.array([0.0, 1, 5, 5.5, 6])).tolist() == [True, False, False, False, True]
    assert PROFILES["ons10"].safe(np.array([0.0, 9, 10])).tolist() == [False, False, True]
    assert PROFILES["us10"].safe(np.array([0.0, 9, 10])).tolist() == [True, False, True]


def test_a_small_count_takes_a_second_group_with_it() -> None:
    release = suppress(table_of(BIG, OTHER, TINY))
    assert row(release, "a")["found"] == "12"
    assert row(release, "c")["n"] == "36"
    for group in "bc":
        assert {row(release, group)[name] for name in ("leavers", "listed", "found", "recall", "precision")} == {HIDDEN}


def test_a_group_of_two_is_hidden_by_another_even_its_size() -> None:
    release = suppress(table_of(BIG, OTHER, (0, 0, 0, 2)))
    assert row(release, "c")["n"] == row(release, "b")["n"] == HIDDEN
    assert row(release, "a")["n"] == "362"


def test_of_two_groups_either_both_are_shown_or_neither() -> None:
    release = suppress(table_of(BIG, TINY))
    assert row(release, "a")["leavers"] == row(release, "b")["leavers"] == HIDDEN


def test_all_pupils_with_few_leavers_show_sizes_only() -> None:
    release = suppress(table_of((1, 1, 10, 200), (1, 1, 10, 100)))
    assert row(release, ALL)["leavers"] == row(release, "a")["recall"] == HIDDEN
    assert row(release, "a")["n"] == "212"


def test_nothing_at_all_is_shown_of_five_pupils() -> None:
    release = suppress(table_of((0, 1, 0, 2), (0, 0, 1, 1)))
    assert (release.frame.iloc[:, 2:] == HIDDEN).all().all()


def test_a_rate_of_fewer_than_eleven_is_hidden_and_counts_are_not() -> None:
    told = row(suppress(table_of((0, 10, 30, 300), (0, 20, 40, 400))), "a")
    assert told["leavers"] == "10"
    assert told["recall"] == told["recall_low"] == HIDDEN
    assert told["precision"] == "0.0000"


def test_a_finer_division_is_shown_whole_or_not_at_all() -> None:
    whole, part = suppress(table_of(BIG, OTHER, within=("x",))), suppress(table_of(BIG, OTHER, TINY, within=("x",)))
    assert row(whole, "a")["n"] == "362"
    assert (part.frame.iloc[1:, 2:] == HIDDEN).all().all()


def test_a_division_that_leaves_pupils_out_is_not_shown() -> None:
    made = table_of(BIG, OTHER)
    code = made.divisions[0].code.copy()
    code[0] = -1
    y = np.zeros(len(code))
    y[::9] = 1
    listed = np.zeros(len(code))
    listed[::5] = 1
    release = suppress(group_table([Division("d", ("a", "b"), code)], listed=listed, y=y, risk=np.full(len(code), 0.1)))
    assert (release.frame.iloc[1:, 2:] == HIDDEN).all().all()


def test_profiles_differ_as_they_are_said_to() -> None:
    seven, none = table_of(BIG, (7, 20, 30, 300)), table_of((0, 20, 30, 300), (0, 25, 30, 300))
    assert row(suppress(seven), "b")["found"] == "7"
    assert row(suppress(seven, profile="us10"), "b")["found"] == HIDDEN
    assert row(suppress(none, profile="us10"), "b")["found"] == "0"
    assert row(suppress(none, profile="ons10"), "b")["found"] == HIDDEN
    assert row(suppress(seven, threshold=8), "b")["found"] == HIDDEN


def test_unknown_profiles_and_tiny_thresholds_are_refused() -> None:
    with pytest.raises(UsageError, match="ons10"):
        suppress(table_of(BIG), profile="ons11")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="hides nobody"):
        suppress(table_of(BIG), threshold=2)


def test_bounds_are_what_trying_every_table_finds() -> None:
    """By brute force: every way to fill two hidden groups with what is known of their sizes and sums."""
    release = suppress(table_of((40, 40, 40, 400), (3, 4, 3, 6), (4, 3, 4, 5)))
    assert release.whole.tolist() == [True, True, False, False]
    assert release.sized.tolist() == [True] * 4
    low, high = bounds(release, "d")
    sums = (7, 7, 7, 11)
    fits = []
    for first in itertools.product(*(range(s + 1) for s in sums)):
        if sum(first) == 16:
            fits.append(NINE @ np.array(first))
    assert (np.min(fits, axis=0) == low[1]).all()
    assert (np.max(fits, axis=0) == high[1]).all()


def test_bounds_are_what_linear_programmes_find() -> None:
    rng, compared = np.random.default_rng(8), 0
    for _ in range(6):
        release = suppress(school(rng))
        everybody = _read(release.frame, ALL)[0]
        for name in list(release.counts)[1:]:
            truth = release.counts[name] @ NINE.T
            low, high = bounds(release, name)
            least, most = ranges(_read(release.frame, name), everybody, truth)
            assert (low <= least + 1e-6).all()
            assert (most <= high + 1e-6).all() or not release.whole[0]
            hidden = np.isnan(_read(release.frame, name)[:, list(PUBLISHED.values())])
            assert (high - low)[:, list(PUBLISHED.values())][hidden].min(initial=9) >= 1
            compared += hidden.sum()
    assert compared > 50


@pytest.mark.parametrize("schools", [12, pytest.param(1_000, marks=pytest.mark.long)])
def test_no_hidden_count_can_be_worked_out(schools: int) -> None:
    """Linear programmes over everything that is shown; the control hides small counts alone, and is undone."""
    told = worked_out(schools, seed=3)
    for profile in PROFILES:
        assert told[profile]["hidden"] > 0
        assert told[profile]["worked_out"] == told[profile]["small_worked_out"] == 0
    assert told[CONTROL]["worked_out"] > 0


def test_two_releases_do_not_subtract_to_a_pupil() -> None:
    """The same pupils with another list, on which two more of one group are: the change is hidden, and so is a group to hide it."""
    first = suppress(table_of(BIG, OTHER, SECOND))
    later = table_of((12, 20, 32, 298), OTHER, (7, 6, 6, 62))
    assert (suppress(later).frame.iloc[:, 2:6] != HIDDEN).all().all()
    again = suppress(later, earlier=first)
    assert row(again, "b")["listed"] == "28"
    assert row(again, "a")["listed"] == row(again, "c")["listed"] == HIDDEN


def test_what_was_hidden_once_stays_hidden() -> None:
    strict, table = suppress(table_of(BIG, OTHER, SECOND), profile="us10"), table_of(BIG, OTHER, SECOND)
    again = suppress(table, earlier=strict)
    assert not (again.whole & ~strict.whole).any()
    assert (suppress(table, earlier=suppress(table)).frame == suppress(table).frame).all().all()


def test_other_groups_under_an_old_name_are_not_shown() -> None:
    first = suppress(table_of(BIG, OTHER))
    assert (suppress(table_of(BIG, OTHER, (0, 0, 0, 0)), earlier=first).frame.iloc[1:, 2:] == HIDDEN).all().all()
