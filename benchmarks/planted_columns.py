"""Leaks to be found in a researcher's own feature table, and in functions that make own columns; each beside a clean one."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.planted_leaks import frame
from eswarn.cohort.dates import training_dates
from eswarn.config import Config
from eswarn.features.compute import choose, compute
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline

DATES = 6
AS_OF = dt.date(2024, 3, 14)


@dataclass(frozen=True)
class Table:
    """A feature table with keys, labels and a split."""

    X: pd.DataFrame
    keys: pd.DataFrame
    y: npt.NDArray[np.float64]
    side: npt.NDArray[np.str_]

    def rows(self, where: npt.NDArray[np.generic]) -> Table:
        """These rows (a mask or positions)."""
        parts = self.X.iloc[where], self.keys.iloc[where]
        return Table(*(part.reset_index(drop=True) for part in parts), self.y[where], self.side[where])

    def plus(self, **columns: object) -> Table:
        """With further columns."""
        return dataclasses.replace(self, X=self.X.assign(**columns))

    def split(self, train: npt.ArrayLike) -> Table:
        """With another split."""
        return dataclasses.replace(self, side=np.where(train, "train", "test"))


Columns = Callable[[Records, dt.date], pd.DataFrame]


@dataclass(frozen=True)
class TablePlant:
    """A leak in a table: what it is, the kind it must be found as, and what it makes of a clean one."""

    said: str
    kind: str
    into: Callable[[Table, np.random.Generator], Table]


@dataclass(frozen=True)
class ColumnsPlant:
    """A leak in a function: what it is, the kind it must be found as, and the function."""

    said: str
    kind: str
    make: Columns


def clean_table(records: Records) -> Table:
    """Shipped features and labels; households whole on one side, and test dates after every training label is known."""
    timeline, config = Timeline(records), Config()
    dates = training_dates(timeline, config.cohort)
    some = [dates[i] for i in np.unique(np.linspace(0, len(dates) - 1, DATES).round().astype(int))]
    data = compute(timeline, some, config.cohort, features=choose(config.features), labelled=True)
    home = frame(records, "context").drop_duplicates("pupil_id").set_index("pupil_id")["household_id"]
    keys = data.keys.assign(household_id=data.keys["pupil_id"].map(home))
    together = keys["household_id"].fillna(keys["pupil_id"])
    first = min(some) + dt.timedelta(days=config.cohort.horizon_days + config.cohort.delay_days)
    later = np.array([day >= first for day in keys["as_of"]])
    there = np.unique(together, return_inverse=True)[1] % 2 == 0
    early = np.array([day == min(some) for day in keys["as_of"]])
    keep = (early & there) | (later & ~there)
    return Table(data.X, keys, data.y, np.where(early, "train", "test")).rows(keep)


def _rate(table: Table, *, pull: float = 0, without_own: bool = False) -> pd.Series:
    """The outcome rate of each row's school."""
    y, by = pd.Series(table.y), table.keys["school_id"]
    n, left = y.groupby(by).transform("count"), y.fillna(0).groupby(by).transform("sum")
    return (left - y) / (n - 1) if without_own else (left + pull * np.nanmean(table.y)) / (n + pull)


def _others(table: Table, rng: np.random.Generator) -> Table:
    """One row in ten a second time, under another name."""
    again = table.rows(rng.random(len(table.y)) < 0.1)
    keys = pd.concat([table.keys, again.keys.assign(pupil_id=again.keys["pupil_id"] + "x")], ignore_index=True)
    X = pd.concat([table.X, again.X], ignore_index=True)
    return Table(X, keys, np.append(table.y, again.y), np.append(table.side, again.side))


def _copies(table: Table, _: np.random.Generator) -> Table:
    return table.rows(np.append(np.arange(len(table.y)), np.repeat(np.flatnonzero(table.y == 1), 4)))


def _scaled(table: Table, _: np.random.Generator) -> Table:
    return dataclasses.replace(table, X=(table.X - table.X.mean()) / table.X.std(ddof=0).replace(0, 1))


def _siblings(table: Table, _: np.random.Generator) -> Table:
    return table.split(np.unique(table.keys["pupil_id"], return_inverse=True)[1] % 2 == 0)


TABLE_PLANTS: tuple[TablePlant, ...] = (
    TablePlant("outcome with noise", "column_tells", lambda t, rng: t.plus(own=t.y + rng.normal(0, 0.15, len(t.y)))),
    TablePlant("flag of 70 % of leavers", "column_tells", lambda t, rng: t.plus(own=1.0 * ((t.y == 1) & (rng.random(len(t.y)) < 0.7)))),
    TablePlant("days until unregistration", "missing_tells", lambda t, rng: t.plus(own=np.where(t.y == 1, rng.random(len(t.y)), np.nan))),
    TablePlant("empty for leavers", "missing_tells", lambda t, rng: t.plus(own=np.where(t.y == 1, np.nan, rng.random(len(t.y))))),
    TablePlant("school by its outcome rate", "school_encoded", lambda t, _: t.plus(own=_rate(t))),
    TablePlant("the same, smoothed", "school_encoded", lambda t, _: t.plus(own=_rate(t, pull=20))),
    TablePlant("the same, the pupil left out", "school_encoded", lambda t, _: t.plus(own=_rate(t, without_own=True))),
    TablePlant("leavers copied before the split", "rows_twice", _copies),
    TablePlant("rows under another name", "rows_alike", _others),
    TablePlant("split by row", "pupil_on_both_sides", lambda t, rng: t.split(rng.random(len(t.y)) < 0.5)),
    TablePlant("split by pupil, siblings apart", "household_on_both_sides", _siblings),
    TablePlant("label windows overlap", "label_windows_overlap", lambda t, _: t.split(t.keys["as_of"] < max(t.keys["as_of"]))),
    TablePlant("scaled over both sides", "scaled_over_both_sides", _scaled),
    TablePlant("sorted by outcome", "row_order_tells", lambda t, _: t.rows(np.argsort(t.y, kind="stable"))),
)  # fmt: skip


def _absent(marks: pd.DataFrame) -> pd.DataFrame:
    rate = marks["code"].isin(["I", "O", "N", "G", "M"]).groupby(marks["pupil_id"]).mean()
    return rate.rename("absence").to_frame()


def _known(records: Records, as_of: dt.date, name: str = "attendance", date: str = "date") -> pd.DataFrame:
    rows, t = frame(records, name), pd.Timestamp(as_of)
    return rows[(rows[date] < t) & ~(rows["recorded_on"] >= t)]


def clean_columns(records: Records, as_of: dt.date) -> pd.DataFrame:
    """Absence over sixty days before the date, from the latest version known by then."""
    marks = _known(records, as_of).sort_values(["pupil_id", "date", "session", "school_id", "recorded_on", "code"])
    marks = marks.drop_duplicates(["pupil_id", "date", "session", "school_id"], keep="last")
    return _absent(marks[marks["date"] >= pd.Timestamp(as_of) - pd.Timedelta(days=60)])


def _to_the_day(records: Records, as_of: dt.date) -> pd.DataFrame:
    marks = frame(records, "attendance")
    return _absent(marks[(marks["date"] <= pd.Timestamp(as_of)) & (marks["recorded_on"] <= pd.Timestamp(as_of))])


def _to_the_end(records: Records, _: dt.date) -> pd.DataFrame:
    marks = frame(records, "attendance")
    return _absent(marks[marks["date"] > marks["date"].max() - pd.Timedelta(days=60)])


def _corrected(records: Records, as_of: dt.date) -> pd.DataFrame:
    marks = frame(records, "attendance").sort_values("recorded_on", kind="stable")
    marks = marks[marks["date"] < pd.Timestamp(as_of)]
    return _absent(marks.drop_duplicates(["pupil_id", "date", "session"], keep="last"))


def _whole_year(records: Records, _: dt.date) -> pd.DataFrame:
    marks = frame(records, "attendance")
    year = marks[(marks["date"] >= "2023-09-01") & (marks["date"] < "2024-08-01")]
    return year.groupby("pupil_id").size().rename("possible").astype(float).to_frame()


def _ever_suspended(records: Records, as_of: dt.date) -> pd.DataFrame:
    made = clean_columns(records, as_of)
    return made.assign(suspended=1.0 * made.index.isin(frame(records, "suspensions")["pupil_id"]))


def _until_leaving(records: Records, as_of: dt.date) -> pd.DataFrame:
    made, left = clean_columns(records, as_of), frame(records, "outcomes").set_index("pupil_id")["left_on"]
    days = (left[~left.index.duplicated()] - pd.Timestamp(as_of)).dt.days
    return made.assign(days=days.reindex(made.index).astype(float))


def _standardised(records: Records, as_of: dt.date) -> pd.DataFrame:
    made = clean_columns(records, as_of)
    return (made - made.mean()) / made.std()


def _last_row(records: Records, as_of: dt.date) -> pd.DataFrame:
    rows = _known(records, as_of, "behaviour").drop_duplicates("pupil_id", keep="last").set_index("pupil_id")
    return rows[["points"]].astype(float).sort_index()


COLUMNS_PLANTS: tuple[ColumnsPlant, ...] = (
    ColumnsPlant("window includes the day itself", "column_sees_future", _to_the_day),
    ColumnsPlant("window ends with the file", "column_sees_future", _to_the_end),
    ColumnsPlant("marks as corrected later", "column_sees_future", _corrected),
    ColumnsPlant("possible sessions of the whole year", "column_sees_future", _whole_year),
    ColumnsPlant("ever suspended, without a date", "column_sees_future", _ever_suspended),
    ColumnsPlant("days until leaving", "column_sees_future", _until_leaving),
    ColumnsPlant("standardised over the batch", "column_sees_others", _standardised),
    ColumnsPlant("last row in the file", "column_sees_order", _last_row),
)
