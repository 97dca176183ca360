"""The features that pandas, Polars and DuckDB compute beside eswarn, and whether all give the same answers.

Of the shipped features, these 31 read the register alone, and each engine can say them in a few lines. What the engines are
spared: peers in the year group, trends and fading weeks, marks known later, two schools that mark one session, and what a code
meant before August 2024. They take a day as open where the school gave five marks or more; eswarn asks for half of those on
roll, which is the same on the data of make_national.py. They answer for everybody with a mark; eswarn says of some why it does not.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "absence_last_5_days", "absence_last_10_days", "absence_last_20_days", "absence_last_60_days", "absence_this_year", "absence_change",
    "weeks_below_90_percent", "longest_absence", "current_absence", "absence_spells", "days_since_attended", "monday_friday_absence",
    "afternoon_absence", "unauthorised_absence_last_10_days", "unauthorised_absence_last_20_days", "unauthorised_absence_last_60_days",
    "unauthorised_absence_this_year", "unauthorised_change", "no_reason_yet_last_10_days", "term_time_holiday",
    "first_without_reason_last_20_days", "first_without_reason_last_60_days", "authorised_absence_last_20_days",
    "authorised_absence_this_year", "illness_last_20_days", "illness_last_60_days", "illness_this_year", "lateness_last_10_days",
    "lateness_last_20_days", "lateness_last_60_days", "lateness_this_year",
)  # fmt: skip

ATTENDED = ("/", "\\", "L", "K", "V", "P", "W", "B")
AUTHORISED = ("C", "C1", "C2", "E", "I", "M", "J1", "R", "S", "T")
UNAUTHORISED = ("G", "N", "O", "U")
LATE = ("L", "U")
OPEN = 5  # marks that a school gives on a day on which it is open
SETTLING_DAYS = 14  # for which N, no reason yet, is no absence without leave


def year_start(as_of: dt.date) -> dt.date:
    """The first of August on or before the day before ``as_of``."""
    return dt.date(as_of.year - ((as_of.month, as_of.day) < (8, 1)), 8, 1)


def differences(ours: pd.DataFrame, theirs: pd.DataFrame) -> dict[str, int]:
    """Answers that are not the same to the last bit, by feature, for the pupils of ``ours``; no answer equals no answer.

    Parameters
    ----------
    ours, theirs : pandas.DataFrame
        A column ``pupil_id`` and the columns of `COLUMNS`; ``theirs`` may hold further pupils.
    """
    if not len(ours) or missing(ours, theirs):
        raise ValueError("there is nothing to compare, or a pupil is missing")
    left = ours.set_index("pupil_id")[list(COLUMNS)].astype(float)
    right = theirs.set_index("pupil_id")[list(COLUMNS)].astype(float).loc[left.index]
    other = ~((left == right) | (left.isna() & right.isna()))
    return {name: int(n) for name, n in other.sum().items() if n}


def missing(ours: pd.DataFrame, theirs: pd.DataFrame) -> int:
    """Pupils of ``ours`` for whom the other engine has no row, or two."""
    found = theirs["pupil_id"].value_counts()
    return int((found.reindex(ours["pupil_id"]) != 1).sum())
