"""Looks for leaks in a whole data set: dates, identities, signs that only leavers have, and each shipped feature."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import numpy as np

from eswarn.cohort.dates import training_dates
from eswarn.cohort.label import known_on
from eswarn.config import CohortConfig, Config
from eswarn.errors import EswarnError
from eswarn.evaluation.leaks.cases import Cases
from eswarn.evaluation.leaks.columns import telling_columns
from eswarn.evaluation.leaks.dated import dated_wrongly
from eswarn.evaluation.leaks.finding import Finding
from eswarn.evaluation.leaks.identity import wrong_people
from eswarn.evaluation.leaks.signs import telling_signs
from eswarn.features.compute import choose, compute
from eswarn.progress import Progress, silent
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline

MOST_DATES = 6  # as-of dates on which features are looked at: their horizons overlap, so more tell little more
FEWEST = 10  # leavers below which even a perfect sign could be chance


def leaks(
    records: Records, config: Config | None = None, *, as_of: Sequence[dt.date] = (), progress: Progress = silent
) -> tuple[Finding, ...]:
    """Look for leaks in a data set.

    Parameters
    ----------
    records : Records
        Checked tables.
    config : Config, optional
        What counts as leaving early, the features, and the as-of dates to train on; the defaults where None.
    as_of : sequence of date
        Days of lists on which a model of these records is to be tested: training labels that reach past the first of them
        are told.
    progress : Progress
        Told how far it has come.

    Returns
    -------
    tuple of Finding
        "leak" is an alarm: the counts would be seen less than once in 100,000 times if the sign were as good as the best
        honest one, or the dates cannot be so. "look" is worth a look. What could not be checked is a "look", too.
    """
    choices = config or Config()
    found, steps = list(_windows(choices.cohort, as_of)), 5
    progress("looking for leaks", 0, steps)
    cases = Cases(records, choices.cohort)
    found += dated_wrongly(cases)
    progress("looking for leaks", 1, steps)
    found += wrong_people(cases)
    progress("looking for leaks", 2, steps)
    if (n := int(cases.leaver.sum())) < FEWEST:
        said = f"{n} pupils with marks left early: too few to tell a sign that only leavers have from chance ({FEWEST} are needed)."
        return (*found, Finding("not_checked", "look", "outcomes", said))
    found += telling_signs(cases)
    progress("looking for leaks", 3, steps)
    found += _features(cases, choices)
    progress("looking for leaks", steps, steps)
    return tuple(found)


def _windows(config: CohortConfig, as_of: Sequence[dt.date]) -> Iterator[Finding]:
    """Training dates whose labels reach past the first day of a list."""
    if not as_of:
        return
    ends = [known_on(day, config) for day in config.as_of]
    late = sum(end > min(as_of) for end in ends)
    if late:
        said = f"The labels of {late} of {len(ends)} training dates, with the reporting delay, reach past the first day of a list."
        yield Finding("label_windows_overlap", "leak", "[cohort] as_of", said)
    elif not config.as_of:
        said = "No training dates are named: a model of these records learns from all outcomes in them, those after that day among them."
        yield Finding("label_windows_overlap", "look", "[cohort] as_of", said)


def _features(cases: Cases, config: Config) -> Iterator[Finding]:
    """The features a model would see, each by itself."""
    try:
        timeline = Timeline(cases.records)
        dates = training_dates(timeline, config.cohort)
        some = [dates[i] for i in np.unique(np.linspace(0, len(dates) - 1, MOST_DATES).round().astype(int))]
        data = compute(timeline, some, config.cohort, features=choose(config.features), labelled=True)
    except EswarnError as error:
        yield Finding("not_checked", "look", "features", f"Features could not be set beside labels: {error.what}.")
        return
    pupil = np.searchsorted(np.array(cases.pupils, str), data.keys["pupil_id"].to_numpy(str))
    gone = cases.departures
    later = np.isin(pupil, gone.pupil[gone.leaver]) & (data.y == 0)  # who leaves after the horizon is no stayer to compare with
    day = np.unique(data.keys["as_of"].to_numpy("datetime64[D]"), return_inverse=True)[1]
    for column, severity, empty, seen in telling_columns(data.X, pupil, day, np.where(later, np.nan, data.y)):
        yield Finding("missing_tells" if empty else "feature_tells", severity, f"feature {column}", seen)
