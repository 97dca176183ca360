"""One model as it stands, judged on cohorts that begin after the last label it learned from was known."""

from __future__ import annotations

import datetime as dt

import numpy as np

from eswarn.cohort.dates import training_dates
from eswarn.cohort.label import known_on, refuse_lost_outcomes
from eswarn.config import CohortConfig, Config
from eswarn.errors import InputRefused
from eswarn.evaluation.asked import ask
from eswarn.evaluation.by_group import by_group
from eswarn.evaluation.folds import households, span_of
from eswarn.evaluation.judged import judged
from eswarn.evaluation.opponents import opponents
from eswarn.evaluation.validate import RECENT, about, joined, lead_of, seen_and_asked
from eswarn.evaluation.validation import Tested, Validation
from eswarn.features.compute import compute
from eswarn.model.bundle import Model
from eswarn.model.recalibrate import new_from
from eswarn.progress import Progress, silent
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline


def later_dates(model: Model, timeline: Timeline, config: CohortConfig) -> tuple[CohortConfig, tuple[dt.date, ...], dt.date]:
    """The cohort that a model asks about, all mature as-of dates of some records, and the day from which they are new to the model.

    Raises
    ------
    InputRefused
        No mature as-of date is new to it.
    """
    cohort = CohortConfig.model_validate(model.card["config"]["cohort"]).model_copy(update={"as_of": config.as_of})
    free = new_from(model, cohort)
    days = training_dates(timeline, cohort)
    if not any(day >= free for day in days):
        raise InputRefused(
            f"the model learned from labels that were known by {free}, and no as-of date from then on has outcomes followed to the end",
            do="Bring records whose outcomes were followed longer; until then, eswarn validate judges the procedure.",
        )
    return cohort, days, free


def evaluate(model: Model, records: Records, config: Config, *, progress: Progress = silent) -> Validation:
    """Judge one model as it stands, on cohorts that begin after the last label it learned from was known.

    Parameters
    ----------
    model : Model
        Who is asked about, and on which horizon, follows the configuration on its card.
    records : Records
        From `read` or `simulate`.
    config : Config
        Places and draws; and as-of dates, where they are not to be the first Mondays of half-terms.

    Raises
    ------
    InputRefused
        No as-of date of these records is late enough and mature.
    """
    refuse_lost_outcomes(records)
    timeline = Timeline(records)
    cohort, days, free = later_dates(model, timeline, config.cohort)
    data = compute(timeline, days, cohort, features=seen_and_asked(model.features), labelled=True, progress=progress)
    dates = data.keys["as_of"].to_numpy()
    test = np.array([day >= free for day in dates], bool)
    first = min(day for day in days if day >= free)
    known = np.array([known_on(day, cohort) <= first for day in dates], bool)
    apart = np.array([day >= free for day in data.left_out["as_of"]], bool)
    raw = model.raw(data.rows(test))
    asked = ask(data, test, apart, score=raw, risk=model.curve(raw), missed=data.X[RECENT.column].to_numpy(float))
    rules = tuple(joined([rule], [asked]) for rule in opponents(data.rows(known), data.rows(test), seed=config.model.seed))
    everybody = households(records, asked.pupil.tolist())
    own = config.model_copy(update={"cohort": cohort})
    span = sorted(set(dates[test]))
    figures = judged(
        asked, rules, places=config.score.places, household=everybody, draws=config.validation.draws, seed=config.validation.seed
    )
    tested = Tested("later cohort", (f"model {model.id[:12]}, tested on {span_of(span)}",), asked, figures,
                    lead_of(timeline, asked, own), None, (), by_group(timeline, data, asked, model.features, own))  # fmt: skip
    return Validation({**about(timeline, own, len(model.features)), "model_id": model.id}, (tested,))
