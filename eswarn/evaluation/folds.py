"""Who is learned from and who is asked about: splits by time, by time and school, and, by name only, at random."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from eswarn import words
from eswarn.cohort.blocks import on_dates
from eswarn.cohort.label import horizon_said, known_on
from eswarn.config import CohortConfig
from eswarn.errors import InputRefused
from eswarn.features.compute import Dataset
from eswarn.records.store import Records

Split = Literal["same schools", "unseen schools", "random"]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
RED_LABEL = "random split: optimistic, not evidence"
TEST_LEAST = 10  # leavers without which a test block says nothing
SPAN = 365  # days from the first to the last as-of date of a test block, at most


@dataclass(frozen=True, slots=True)
class Fold:
    """One division of labelled rows: what is learned from, and what is asked.

    Attributes
    ----------
    split : str
        "same schools": a later cohort of the schools learned from. "unseen schools": a later cohort of other schools. "random".
    train, test : array of bool
        Rows of the data set. Every label of ``train`` was known before the first day of ``test``, but where the split is random.
    train_dates, test_dates : tuple of date
    asked : array of bool
        Of everybody who could not be scored: whom the test asks about, too.
    """

    split: Split
    train: Bools
    test: Bools
    train_dates: tuple[dt.date, ...]
    test_dates: tuple[dt.date, ...]
    asked: Bools

    def __str__(self) -> str:
        if self.split == "random":
            return f"learned from and tested on {span_of(self.test_dates)}, divided by lot"
        return f"learned from {span_of(self.train_dates)}, tested on {span_of(self.test_dates)}"


def forward_folds(data: Dataset, config: CohortConfig, *, most: int, train_least: int) -> list[Fold]:
    """Folds by time, the latest first.

    A test block spans a year at most. The last label of the training block, with its reporting delay, is known before the first day
    of the test block, so that no label window reaches into another. Of all first days of a test block that is taken which leaves the
    thinner of both blocks the most leavers; the fold before it ends where it begins.

    Parameters
    ----------
    data : Dataset
        Labelled rows of mature as-of dates.
    config : CohortConfig
        Horizon and reporting delay.
    most : int
        Folds at most.
    train_least : int
        Leavers without which a block is too thin to learn from.

    Raises
    ------
    InputRefused
        There is no such fold.
    """
    days, leavers = data.keys["as_of"], data.leavers
    folds: list[Fold] = []
    end = max(leavers) + dt.timedelta(days=1) if leavers else dt.date.max
    while len(folds) < most and (found := _blocks(leavers, config, end, train_least)):
        train, test = found
        folds.append(_fold(data, "same schools", on_dates(days, train), on_dates(days, test), train, test))
        end = test[0]
    if not folds:
        raise InputRefused(
            f"there is no later cohort to be tested on: as-of dates with known outcomes reach {span_of(tuple(leavers))}, and a test needs "
            f"{words.count(train_least, 'leaver')} whose horizon of {horizon_said(config)} and reporting delay end before it begins, "
            f"and {TEST_LEAST} in it",
            do="Bring more years or more schools, or shorten [cohort] horizon_days.",
        )
    return folds


def by_school(fold: Fold, data: Dataset, household: Ints, *, parts: int) -> Iterator[Fold]:
    """The same fold in parts: schools are held out whole, and nobody of a household that is tested is learned from.

    Schools are dealt out by size, so that the parts are about even; the same schools give the same parts.
    """
    school = data.keys["school_id"].to_numpy(str)
    names, size = np.unique(school, return_counts=True)
    dealt = np.argsort(np.argsort(-size, kind="stable"), kind="stable") % min(parts, len(names))
    part_of = dict(zip(names.tolist(), dealt.tolist(), strict=True))
    part = np.array([part_of[name] for name in school.tolist()], np.int64)
    apart = np.array([part_of.get(name, -1) for name in data.left_out["school_id"].astype(str).tolist()], np.int64)
    for number in range(dealt.max() + 1):
        test = fold.test & (part == number)
        train = fold.train & (part != number) & ~np.isin(household, household[part == number])
        if test.any() and (data.y[train] == 1).any():
            yield Fold("unseen schools", train, test, fold.train_dates, fold.test_dates, fold.asked & (apart == number))


def random_folds(data: Dataset, household: Ints, *, parts: int, seed: int) -> list[Fold]:
    """Folds at random by household, of all as-of dates together: pupils of the same weeks on both sides. Optimistic."""
    dealt = np.random.default_rng(seed).permutation(household.max() + 1) % parts
    days = tuple(sorted(set(data.keys["as_of"])))
    nobody = np.zeros(len(data.left_out), bool)
    return [
        Fold("random", dealt[household] != part, dealt[household] == part, days, days, nobody) for part in range(parts)
    ]  # fmt: skip


def households(records: Records, pupils: Sequence[str]) -> Ints:
    """A number for the household of each of these pupils; a pupil of whom none is recorded is one of their own.

    Pupils who share any household on record, however long ago, are one.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    names, number = np.unique(np.asarray(pupils, str), return_inverse=True)
    context = records.tables.get("context")
    if context is None or not len(names):
        return np.asarray(number, np.int64)
    told = context.select(["pupil_id", "household_id"]).to_pandas().dropna().astype(str).drop_duplicates()
    told = told[told["pupil_id"].isin(names)]
    homes, home = np.unique(told["household_id"].to_numpy(str), return_inverse=True)
    who, n = np.searchsorted(names, told["pupil_id"].to_numpy(str)), len(names) + len(homes)
    joined = coo_array((np.ones(len(who)), (who, len(names) + home)), shape=(n, n))
    return np.asarray(connected_components(joined, directed=False)[1][number], np.int64)


def _blocks(
    leavers: dict[dt.date, set[str]], config: CohortConfig, end: dt.date, train_least: int
) -> tuple[tuple[dt.date, ...], tuple[dt.date, ...]] | None:
    days = [day for day in leavers if day < end]
    best, most = None, 0
    for first in days:
        test = tuple(day for day in days if day >= first)
        train = tuple(day for day in days if known_on(day, config) <= first)
        n_train, n_test = (len(set().union(*(leavers[day] for day in block))) for block in (train, test))
        if (test[-1] - first).days < SPAN and n_train >= train_least and n_test >= TEST_LEAST and min(n_train, n_test) > most:
            best, most = (train, test), min(n_train, n_test)
    return best


def _fold(data: Dataset, split: Split, train: Bools, test: Bools, train_dates: Sequence[dt.date], test_dates: Sequence[dt.date]) -> Fold:
    asked = on_dates(data.left_out["as_of"], test_dates)
    return Fold(split, train, test, tuple(train_dates), tuple(test_dates), asked)


def span_of(days: Sequence[dt.date]) -> str:
    """Dates in words: one as it is, several by their number, the first and the last."""
    if not days:
        return "no date"
    return str(days[0]) if len(days) == 1 else f"{len(days)} dates from {min(days)} to {max(days)}"
