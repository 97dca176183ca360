"""How early a list names those who leave, in school weeks, and how many weeks of being listed that costs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eswarn.cohort.calendar import Calendar, calendar_before
from eswarn.cohort.label import horizon_end
from eswarn.config import CohortConfig
from eswarn.errors import UsageError
from eswarn.records.arrays import NEVER, Bools, Floats, Ints
from eswarn.records.timeline import Timeline, days_since_epoch

if TYPE_CHECKING:
    import pandas as pd

EARLY, VERY_EARLY = 6, 12  # school weeks


@dataclass(frozen=True, slots=True)
class Lead:
    """Lead times of all leavers, listed or not.

    Attributes
    ----------
    school : tuple of str
        School of each leaver, at the first listing, or on the first date with a label where there was none: to draw schools anew.
    weeks : array of int, shape (leavers,)
        School weeks from the first listing to the last session attended; 0 if never listed, or listed too late.
    listed_weeks : int
        School weeks that all pupils, leavers or not, were on a list.
    """

    school: tuple[str, ...]
    weeks: Ints
    listed_weeks: int

    @property
    def median(self) -> float:
        """Median over all leavers; NaN where there are none."""
        return float(np.median(self.weeks)) if len(self.weeks) else float("nan")

    def share_of(self, least: int) -> float:
        """Share of all leavers with at least so many weeks; `EARLY` and `VERY_EARLY` are the usual ones."""
        return float((self.weeks >= least).mean()) if len(self.weeks) else float("nan")

    @property
    def weeks_per_leaver(self) -> float:
        """Pupil-weeks on a list for each leaver reached with at least a week left; inf where there is none."""
        reached = int((self.weeks > 0).sum())
        return self.listed_weeks / reached if reached else float("inf")


def lead(timeline: Timeline, keys: pd.DataFrame, *, listed: Bools, y: Floats, config: CohortConfig) -> Lead:
    """Lead times from the lists of one or more as-of dates.

    A school week is a week from Monday to Sunday with at least one open session at the school that listed the pupil, as its
    registers finally stood; the first and the last count where an open day of theirs lies within. Only listings whose horizon holds
    the departure count: an earlier one was a false alarm. Attendance after the departure does not: where a pupil came back, the day
    of the departure stands for the last session. A list stands until the school's next one, its last until the end of the horizon
    or of the registers; a leaver is on it until the last session attended.

    Parameters
    ----------
    timeline : Timeline
        The records.
    keys : DataFrame
        pupil_id, school_id and as_of of each row, as in `Dataset.keys`; those who could not be scored belong in it too.
    listed : array of bool, shape (n,)
        Whether the row has a place.
    y : array of float, shape (n,)
        1 left early, 0 did not, NaN not known.
    config : CohortConfig
        Horizon, and the destinations that count.

    Raises
    ------
    UsageError
        A pupil or a school of these rows is not in the records.
    """
    pupil, school = _place(keys["pupil_id"], timeline.pupils), _place(keys["school_id"], timeline.schools)
    as_of = keys["as_of"].to_numpy("datetime64[D]").astype(np.int64)
    left, listed = y == 1, np.asarray(listed, bool)
    last = np.minimum(timeline.last_attended[pupil], _departure(timeline, pupil, as_of, config))
    calendar = calendar_before(timeline.before(dt.date.max))
    order = np.lexsort((as_of, ~listed, pupil))  # of each leaver the first listing, or else the first row
    rows = order[left[order]]
    first = rows[np.append(True, pupil[rows][1:] != pupil[rows][:-1])] if len(rows) else rows
    weeks = np.where(listed[first], school_weeks(calendar, school[first], as_of[first], last[first]), 0)
    off = _until(school, as_of, config) - 1
    on = np.flatnonzero(listed)
    spent = school_weeks(calendar, school[on], as_of[on], np.where(left, np.minimum(off, last), off)[on])
    return Lead(tuple(timeline.schools[j] for j in school[first]), weeks, int(spent.sum()))


def school_weeks(calendar: Calendar, school: Ints, first: Ints, last: Ints) -> Ints:
    """Weeks, Monday to Sunday, in which each school had an open day from one day to another, both included."""
    weeks = np.zeros(len(school), np.int64)
    for number in np.unique(school):
        opened = calendar.days[calendar.open_days[number]]
        week = (opened + 3) // 7  # 1970-01-01 was a Thursday
        nth = np.cumsum(np.diff(week, prepend=-NEVER) > 0)
        rows = np.flatnonzero(school == number)
        start, end = np.searchsorted(opened, first[rows], "left"), np.searchsorted(opened, last[rows], "right") - 1
        some = start <= end
        weeks[rows[some]] = nth[end[some]] - nth[start[some]] + 1
    return weeks


def _departure(timeline: Timeline, pupil: Ints, as_of: Ints, config: CohortConfig) -> Ints:
    """Day of each pupil's first departure, on or after the as-of date, that counts as early leaving; NEVER where there is none."""
    outcomes = timeline.facts["outcomes"]
    counts = outcomes.equals("destination", *config.leaving)
    day = np.append(outcomes.date[counts], NEVER)
    who = np.append(outcomes.pupil[counts], len(timeline.pupils))
    key = np.sort(who * NEVER + day)
    found = key[np.searchsorted(key, pupil * NEVER + as_of)]
    return np.where(found // NEVER == pupil, found % NEVER, NEVER)


def _until(school: Ints, as_of: Ints, config: CohortConfig) -> Ints:
    """Day from which each row's list no longer stands."""
    end = np.zeros(len(as_of), np.int64)
    for day in np.unique(as_of):
        end[as_of == day] = days_since_epoch(horizon_end(np.datetime64(int(day), "D").item(), config))
    for number in np.unique(school):
        rows = np.flatnonzero(school == number)
        dates = np.append(np.unique(as_of[rows]), NEVER)
        end[rows] = np.minimum(end[rows], dates[np.searchsorted(dates, as_of[rows], "right")])
    return end


def _place(names: pd.Series[str], known: tuple[str, ...]) -> Ints:
    import pandas as pd

    found = pd.Index(known).get_indexer(pd.Index(names))
    if (found < 0).any():
        raise UsageError("some of these rows are not in the records", do="Give the timeline that they were computed from.")
    return np.asarray(found, np.int64)
