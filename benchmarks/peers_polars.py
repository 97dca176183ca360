"""The features of peers.py for Polars, lazily and in memory: one grouped query a table; it trusts the order of the file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from benchmarks.peers import ATTENDED, AUTHORISED, COLUMNS, LATE, OPEN, SETTLING_DAYS, UNAUTHORISED, year_start

if TYPE_CHECKING:
    import pandas as pd

absent, POSSIBLE, NOW = pl.col("absent"), pl.col("possible"), pl.col("now")
UNAUTH, AUTH, LATELY = pl.col("unauthorised"), pl.col("authorised"), pl.col("late")
EDGE, AFTERNOON, CODE, ago = pl.col("edge"), pl.col("afternoon"), pl.col("code"), pl.col("ago")
BEFORE = ago.is_between(21, 80)
first_o = ago.filter(CODE == "O").max()


def features(file: Path, as_of: dt.date) -> pd.DataFrame:
    """One row a pupil; see peers.py."""
    marks = _marks(file, as_of)
    counted = marks.group_by("pupil_id").agg(**_counted())
    queries = [counted, _weeks(marks), _runs(marks.filter(NOW), "this_year"), _runs(marks.filter(ago <= 60), "last_60")]
    counted, *others = pl.collect_all(queries)
    for other in others:
        counted = counted.join(other, on="pupil_id", how="left")
    found: pd.DataFrame = counted.rename(
        {"longest_this_year": "longest_absence", "current_last_60": "current_absence", "spells_last_60": "absence_spells"}
    ).select("pupil_id", *COLUMNS).to_pandas()  # fmt: skip
    return found


def _marks(file: Path, as_of: dt.date) -> pl.LazyFrame:
    """The marks with what each means, and how many open days ago it was: 1 is the latest."""
    settled = pl.col("date") < as_of - dt.timedelta(days=SETTLING_DAYS)
    known = pl.scan_parquet(file).filter(pl.col("date") < as_of)
    opened = (
        known.filter(CODE != "-").group_by("school_id", "date").len().filter(pl.col("len") >= OPEN)
        .select("school_id", "date", ago=pl.col("date").rank("ordinal", descending=True).over("school_id").cast(pl.Int16))
    )  # fmt: skip
    return (
        known.with_columns(
            attended=CODE.is_in(ATTENDED), late=CODE.is_in(LATE), authorised=CODE.is_in(AUTHORISED),
            absent=CODE.is_in(AUTHORISED + UNAUTHORISED), unauthorised=CODE.is_in(UNAUTHORISED) & ((CODE != "N") | settled),
            now=pl.col("date") >= year_start(as_of), edge=pl.col("date").dt.weekday().is_in((1, 5)), afternoon=pl.col("session") == "PM",
        )
        .with_columns(possible=pl.col("attended") | absent)
        .join(opened, on=("school_id", "date"), how="left", maintain_order="left")
    )  # fmt: skip


def _share(part: pl.Expr, inside: pl.Expr) -> pl.Expr:
    possible = (POSSIBLE & inside).sum()
    return pl.when(possible > 0).then((part & inside).sum() / possible)


def _counted() -> dict[str, pl.Expr]:
    return {
        "absence_last_5_days": _share(absent, ago <= 5),
        "absence_last_10_days": _share(absent, ago <= 10),
        "absence_last_20_days": _share(absent, ago <= 20),
        "absence_last_60_days": _share(absent, ago <= 60),
        "absence_this_year": _share(absent, NOW),
        "absence_change": _share(absent, ago <= 20) - _share(absent, BEFORE),
        "days_since_attended": ago.filter("attended").min() - 1,
        "monday_friday_absence": _share(absent, NOW & EDGE) - _share(absent, NOW & ~EDGE),
        "afternoon_absence": _share(absent, NOW & AFTERNOON) - _share(absent, NOW & ~AFTERNOON),
        "unauthorised_absence_last_10_days": _share(UNAUTH, ago <= 10),
        "unauthorised_absence_last_20_days": _share(UNAUTH, ago <= 20),
        "unauthorised_absence_last_60_days": _share(UNAUTH, ago <= 60),
        "unauthorised_absence_this_year": _share(UNAUTH, NOW),
        "unauthorised_change": _share(UNAUTH, ago <= 20) - _share(UNAUTH, BEFORE),
        "no_reason_yet_last_10_days": _share(CODE == "N", ago <= 10),
        "term_time_holiday": _share(CODE == "G", NOW),
        "first_without_reason_last_20_days": _first(20),
        "first_without_reason_last_60_days": _first(60),
        "authorised_absence_last_20_days": _share(AUTH, ago <= 20),
        "authorised_absence_this_year": _share(AUTH, NOW),
        "illness_last_20_days": _share(CODE == "I", ago <= 20),
        "illness_last_60_days": _share(CODE == "I", ago <= 60),
        "illness_this_year": _share(CODE == "I", NOW),
        "lateness_last_10_days": _share(LATELY, ago <= 10),
        "lateness_last_20_days": _share(LATELY, ago <= 20),
        "lateness_last_60_days": _share(LATELY, ago <= 60),
        "lateness_this_year": _share(LATELY, NOW),
    }


def _first(n: int) -> pl.Expr:
    """Whether the first O lies in the last so many open days."""
    return pl.when((POSSIBLE & (ago <= n)).any()).then((first_o <= n).fill_null(value=False).cast(pl.Float64))


def _weeks(marks: pl.LazyFrame) -> pl.LazyFrame:
    """Weeks of each pupil with over a tenth of the sessions missed."""
    by_week = marks.filter(NOW & POSSIBLE).group_by("pupil_id", week=pl.col("date").dt.truncate("1w")).agg(absent.sum(), pl.len())
    return by_week.group_by("pupil_id").agg(weeks_below_90_percent=(100 * absent > 10 * pl.col("len")).sum())


def _runs(marks: pl.LazyFrame, window: str) -> pl.LazyFrame:
    """Longest run of absences, the one at the end, and how many: over possible sessions, in the order of the file."""
    run = pl.struct("pupil_id", "absent").rle_id()
    runs = marks.filter(POSSIBLE).group_by(run.alias("run")).agg(pl.col("pupil_id").first(), absent.first(), length=absent.sum())
    return runs.group_by("pupil_id").agg(
        pl.col("length").max().alias(f"longest_{window}"), pl.col("length").sort_by("run").last().alias(f"current_{window}"),
        absent.sum().alias(f"spells_{window}"),
    )  # fmt: skip
