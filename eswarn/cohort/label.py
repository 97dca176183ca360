"""What happened next: who left early within the horizon, who did not, and of whom it is not known."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eswarn.cohort.roll import Cohort
from eswarn.config import CohortConfig
from eswarn.errors import InputRefused
from eswarn.records.arrays import Bools, Ints
from eswarn.records.facts import Facts
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline, days_since_epoch

FINISHED = ("completed", "college_or_training")


@dataclass(frozen=True, slots=True)
class Labels:
    """What happened to each pupil of a cohort: 1 left early within the horizon, 0 did not, NaN not known.

    ``unknown`` marks pupils who left within the horizon for a destination nobody knows: neither leavers nor stayers. A
    model does not learn from them, and its card counts them apart.
    """

    y: npt.NDArray[np.float64]
    unknown: Bools


def unlabelled(cohort: Cohort) -> Labels:
    """No labels: nobody has looked at what happened next."""
    return Labels(np.full(len(cohort), np.nan), np.zeros(len(cohort), bool))


def refuse_lost_outcomes(records: Records) -> None:
    """Refuse to learn from records of which departures were turned away: each would make a stayer of a leaver.

    Raises
    ------
    InputRefused
        A row of the outcomes was rejected when the files were read.
    """
    for file in records.ledger.files:
        if file.table == "outcomes" and file.rejected:
            raise InputRefused(
                f"{file.rejected} rows of outcomes were rejected, and their pupils would be taken for stayers", where=file.file,
                do='`eswarn check` says which and why. Where nobody knows where a pupil went, the destination is "unknown".',
            )  # fmt: skip


def horizon_end(as_of: dt.date, config: CohortConfig) -> dt.date:
    """The first day after the horizon."""
    return config.until or as_of + dt.timedelta(days=config.horizon_days)


def known_on(as_of: dt.date, config: CohortConfig) -> dt.date:
    """The day from which the label of an as-of date is known: the end of the horizon and the reporting delay are over."""
    return horizon_end(as_of, config) + dt.timedelta(days=config.delay_days)


def horizon_said(config: CohortConfig) -> str:
    """The horizon in words: a day, or a number of days."""
    return f"until {config.until}" if config.until else f"{config.horizon_days} days"


def is_mature(timeline: Timeline, as_of: dt.date, config: CohortConfig) -> bool:
    """Whether the outcomes were followed to the end of the horizon plus the reporting delay.

    Raises
    ------
    InputRefused
        dataset.toml does not say to which day the outcomes were followed.
    """
    observed = timeline.records.facts.observed_to.get("outcomes")
    if observed is None:
        raise InputRefused(
            "it is not said to which day departures were followed, so nobody can be called a stayer",
            where="dataset.toml",
            do="Add  outcomes = YYYY-MM-DD  under [observed_to]: the last day on which a departure would have been recorded.",
        )
    return as_of < horizon_end(as_of, config) and known_on(as_of, config) <= observed


def label(timeline: Timeline, cohort: Cohort, as_of: dt.date, config: CohortConfig) -> Labels:
    """Label a cohort: positive means t <= ``left_on`` < t + h with a destination that counts, up to the last year group that counts.

    Not labelled: whoever left before ``t`` although it was not yet known; whoever went, within the horizon, to a place where
    nobody followed them (another school outside the data, abroad, …); and destinations that nobody knows. Of several such
    departures the last decides. Those who finished school or went on to college did not leave early, nor did those in a later
    year group. A departure is followed where the pupil attended anywhere afterwards, or has a later row in a table that only
    somebody who is there gets: registers that run on for a leaver, as absence, prove nothing.
    """
    t, end = days_since_epoch(as_of), days_since_epoch(horizon_end(as_of, config))
    outcomes = timeline.facts["outcomes"]
    latest = _latest_versions(outcomes)
    outcomes = outcomes.take(latest[np.lexsort((outcomes.school[latest], outcomes.date[latest]))])
    n = len(timeline.pupils)
    y, unknown, gone, too_old = np.zeros(n), np.zeros(n, bool), np.zeros(n, bool), np.zeros(n, bool)
    too_old[cohort.pupil[cohort.context_values("year_group") > config.up_to_year]] = True
    last_seen = _last_seen(timeline)
    for row in np.flatnonzero(outcomes.date < end):  # in order of date: the last word within the horizon stands
        who, left = outcomes.pupil[row], outcomes.date[row]
        destination = outcomes.texts["destination"][int(outcomes.columns["destination"][row])]
        followed = last_seen[who] > left
        if left < t:
            gone[who] = not followed
        elif destination in config.leaving:
            y[who], unknown[who] = 1, False
        elif y[who] != 1:
            lost = destination not in FINISHED and not followed
            y[who], unknown[who] = np.nan if lost else 0, lost and destination == "unknown"
    y[too_old], unknown[too_old | gone] = 0, False
    y[gone] = np.nan
    return Labels(y[cohort.pupil], unknown[cohort.pupil])


def _latest_versions(outcomes: Facts) -> Ints:
    order = np.lexsort((outcomes.recorded, outcomes.date, outcomes.school, outcomes.pupil))
    same = (
        (outcomes.pupil[order][1:] == outcomes.pupil[order][:-1])
        & (outcomes.school[order][1:] == outcomes.school[order][:-1])
        & (outcomes.date[order][1:] == outcomes.date[order][:-1])
    )
    return order[np.append(~same, True)] if len(order) else order


def _last_seen(timeline: Timeline) -> Ints:
    """The last day of each pupil with a session attended anywhere, or with a row that only somebody who is there gets."""
    seen = timeline.last_attended.copy()
    for name in ("context", "behaviour", "assessments", "enrolment"):
        np.maximum.at(seen, timeline.facts[name].pupil, timeline.facts[name].date)
    return seen
