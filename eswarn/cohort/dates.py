"""As-of dates: the first Monday of each half-term, which of them are ripe to learn from, and which the records do not reach."""

from __future__ import annotations

import datetime as dt

from eswarn.cohort.calendar import calendar_before, half_term_mondays
from eswarn.cohort.label import is_mature
from eswarn.config import CohortConfig
from eswarn.errors import InputRefused, UsageError
from eswarn.records.timeline import Timeline

STALE_DAYS = 120  # no school holiday is as long


def training_dates(timeline: Timeline, config: CohortConfig) -> tuple[dt.date, ...]:
    """As-of dates to train on: those of the configuration, else the first Monday of each half-term; mature ones only.

    Raises
    ------
    InputRefused
        A date of the configuration is not mature, or no date is.
    """
    wanted = config.as_of
    late = [day for day in wanted if not is_mature(timeline, day, config)]
    if late:
        raise InputRefused(
            f"what happened after {late[0]} is not known to the end of the horizon and the reporting delay", where="[cohort] as_of",
            do="Leave out such dates, shorten horizon_days, or bring outcomes that were followed longer (observed_to in dataset.toml).",
        )  # fmt: skip
    wanted = wanted or tuple(day for day in half_terms(timeline) if is_mature(timeline, day, config))
    if not wanted:
        raise InputRefused(
            "there is no as-of date whose pupils were followed to the end of the horizon",
            do="Bring at least two school years, shorten [cohort] horizon_days, or check observed_to in dataset.toml.",
        )
    return wanted


def half_terms(timeline: Timeline) -> tuple[dt.date, ...]:
    """First Mondays of the half-terms before which there is any mark."""
    marked = timeline.marked_from_to
    if marked is None:
        raise InputRefused(
            "the attendance table has no rows, so that half-terms cannot be told",
            do="Export marks for at least one school year; or, where a census counts sessions by term, give the dates:  [cohort] as_of.",
        )
    first, last = marked
    mondays = half_term_mondays(calendar_before(timeline.before(last + dt.timedelta(days=1))))
    return tuple(day for day in mondays if day > first)


def latest_half_term(timeline: Timeline) -> dt.date:
    """The first Monday of the last half-term on record: a date on which a school would have asked for a list."""
    days = half_terms(timeline)
    if not days:
        raise InputRefused("the attendance table has no marks before the first Monday of any half-term", do="Export more school weeks.")
    return days[-1]


def refuse_stale(timeline: Timeline, as_of: dt.date) -> None:
    """Refuse an as-of date so long after the last mark before it that nobody can tell who is still there.

    Raises
    ------
    InputRefused
        The last mark is older than any school holiday is long.
    """
    last = timeline.last_mark_before(as_of)
    if last is not None and (as_of - last).days > STALE_DAYS:
        raise InputRefused(
            f"the last mark before {as_of} is of {last}: too long ago to tell who is still on roll",
            do="Bring a newer export, or score as of a date that these records reach.",
        )


def parse_date(value: dt.date | str) -> dt.date:
    """A date, or its text written YYYY-MM-DD.

    Raises
    ------
    UsageError
        The text is not such a date.
    """
    if isinstance(value, dt.datetime):  # a pandas Timestamp, too; a date all the same
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise UsageError(f'"{value}" is not a date', do="Write it as YYYY-MM-DD.") from None
