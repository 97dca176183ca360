"""Facts that the opponents ask for, made from feature columns; what is not known stays NaN."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from eswarn.errors import UsageError
from eswarn.features.compute import Dataset
from eswarn.features.events import count
from eswarn.features.feature import Feature
from eswarn.features.library import EXCLUDED, FEATURES, NO_SESSIONS, NO_SUSPENSIONS, SUSPENSIONS
from eswarn.features.measures import sessions, share
from eswarn.features.register import ABSENT, POSSIBLE
from eswarn.features.windows import days, ever, year_to_date
from eswarn.records.arrays import Floats

Told = Mapping[str, Floats]
ENOUGH = 20  # possible sessions (ten school days) before which a school year has not begun in earnest
TEN = ("absence_this_year", "absence_last_year", "absence_last_20_days", "unauthorised_absence_this_year", "lateness_this_year",
       "incidents_this_year", "suspensions", "attainment", "moves", "year_group")  # fmt: skip
_AS_THEY_STAND = {name: name for name in ("fsm", "eal", "ehcp", "sen_support", "looked_after", "young_carer", "idaci_decile",
                                          "year_group")} | {"unauthorised": "unauthorised_absence_this_year"}  # fmt: skip
_SHIPPED = tuple(dict.fromkeys([*TEN, "term_absence", *_AS_THEY_STAND.values()]))
_OWN = (  # asked for by rules alone; no model is offered them
    Feature("possible_sessions", theme="absence", measure=sessions(POSSIBLE), window=year_to_date(), says="possible {window}: {value}",
            silent=NO_SESSIONS, more_is="either"),
    Feature("absence_in_a_year", theme="absence", measure=share(ABSENT), window=days(365),
            says="missed {value} of sessions {window}", silent=NO_SESSIONS, more_is="riskier", actionable=True),
    Feature("excluded_of_absence", theme="suspension", measure=share(EXCLUDED, of=ABSENT), window=days(365),
            says="suspended or excluded for {value} of the sessions missed {window}", silent="missed no session {window}",
            more_is="riskier", actionable=True),
    Feature("excluded_in_a_year", theme="suspension", measure=share(EXCLUDED), window=days(365),
            says="missed {value} of sessions while suspended or excluded {window}", silent=NO_SESSIONS, more_is="riskier", actionable=True),
    Feature("excluded_ever", theme="suspension", measure=share(EXCLUDED), window=ever(),
            says="missed {value} of sessions while suspended or excluded {window}", silent=NO_SESSIONS, more_is="riskier", actionable=True),
    Feature("suspensions_ever", theme="suspension", measure=count(SUSPENSIONS), window=ever(),
            says="suspensions and exclusions {window}: {value}", silent=NO_SUSPENSIONS, more_is="riskier", actionable=True),
)  # fmt: skip
_BY_COLUMN = {feature.column: feature for feature in FEATURES}
NEEDED: tuple[Feature, ...] = (*(_BY_COLUMN[name] for name in _SHIPPED), *_OWN)
_TABLE_OF = {"suspended": "suspensions", "ever_excluded": "suspensions_ever"}


def facts(data: Dataset) -> Told:
    """What the rules ask, by name, one number for each row; NaN where it is not known.

    Notes
    -----
    ``absence`` is absent / possible in the school year to date. Until the year holds `ENOUGH` possible sessions it is the rate of the
    year before, which is what a school goes by in September: six to eight sessions of the new year rank poorly (AUC .59 and .62 on
    two made-up data sets; .73 and .75 by the year before). Where a census counts sessions by term, it is that of those terms.

    Raises
    ------
    UsageError
        A column that a rule reads is not there.
    """
    absent = [feature.column for feature in NEEDED if feature.column not in data.X]
    if absent:
        raise UsageError(
            f"the feature table has no column {', '.join(absent)}", where="opponents",
            do="Compute what the rules read beside the features of the model:  from eswarn.evaluation.opponents import NEEDED.",
        )  # fmt: skip
    column = {name: data.X[name].to_numpy(float) for name in (feature.column for feature in NEEDED)}
    begun = column["possible_sessions"] >= ENOUGH
    found = {fact: column[name] for fact, name in _AS_THEY_STAND.items()}
    found["absence"] = first_known(
        np.where(begun, column["absence_this_year"], np.nan), column["absence_last_year"], column["absence_this_year"],
        column["term_absence"],
    )  # fmt: skip
    found["absence_in_a_year"] = first_known(column["absence_in_a_year"], column["term_absence"])
    found["excluded_of_absence"] = np.where(column["excluded_in_a_year"] == 0, 0.0, column["excluded_of_absence"])
    found["suspended"] = either(column["suspensions"], column["excluded_in_a_year"])
    found["ever_excluded"] = either(column["suspensions_ever"], column["excluded_ever"])
    return found


def by_code_alone(data: Dataset) -> frozenset[str]:
    """Facts that register code E alone tells, as there is no table of suspensions."""
    return frozenset(fact for fact, column in _TABLE_OF.items() if data.X[column].isna().all())


def first_known(*columns: Floats) -> Floats:
    """Of several columns, row by row the first number that is known."""
    found = columns[0]
    for column in columns[1:]:
        found = np.where(np.isnan(found), column, found)
    return found


def either(one: Floats, other: Floats) -> Floats:
    """1 where either is above 0, 0 where neither is, NaN where neither is known."""
    above = [np.where(np.isnan(column), np.nan, column > 0) for column in (one, other)]
    return np.asarray(np.fmax(*above), float)


def mean_known(values: Floats, *, otherwise: float) -> float:
    """The mean of what is known; ``otherwise`` where nothing is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else otherwise
