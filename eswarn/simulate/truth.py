"""What nobody could know of real pupils: the true chance of leaving early, and what it is made of."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from eswarn.simulate.causes import CARRY, CAUSES, LASTING, LOG_HAZARD, Lives, base_hazard, year_group
from eswarn.simulate.chance import growth, weigh
from eswarn.simulate.fading import LEAVES, unseen
from eswarn.simulate.people import People, Schools
from eswarn.simulate.stays import OTHER_YEARLY, UNKNOWN, Stays
from eswarn.simulate.terms import HALF_TERMS, half_term_starts


def true_causes(people: People, lives: Lives, schools: Schools, stays: Stays, *, start_year: int, years: int) -> pa.Table:
    """Who was on roll on the first day of each half-term, what each cause added, which was largest, and the true chance."""
    parts = []
    for period in range(years * HALF_TERMS):
        day = half_term_starts(start_year + period // HALF_TERMS)[period % HALF_TERMS]
        pupil = np.unique(stays.pupil[(stays.entered <= day) & (np.isnat(stays.left) | (stays.left >= day))])
        added = lives.at(period)[pupil] * LOG_HAZARD
        chance = _chance(people, lives, schools, stays, start_year=start_year, period=period, today=day)[pupil]
        parts.append((pupil, np.full(len(pupil), day), added, chance))
    pupils, days, added, chances = (np.concatenate(column) for column in zip(*parts, strict=True))
    names = pa.array(people.pupil_id, pa.string())
    columns = {
        "pupil_id": pa.DictionaryArray.from_arrays(pa.array(pupils, pa.int32()), names),
        "as_of": pa.array(days, pa.date32()),
        "main_cause": pa.DictionaryArray.from_arrays(pa.array(added.argmax(axis=1), pa.int32()), pa.array(CAUSES)),
        "chance": pa.array(chances, pa.float64()),
    }
    return pa.table(columns | {cause: pa.array(added[:, k], pa.float64()) for k, cause in enumerate(CAUSES)})


def _chance(
    people: People, lives: Lives, schools: Schools, stays: Stays, *, start_year: int, period: int, today: np.datetime64
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Chance of leaving early for a known destination in the next six half-terms; to first order in how states drift.

    Who is fading will leave with a chance of `LEAVES`; of the others, those who go soon would already show it.
    """
    lasting, drift = weigh(lives.lasting, LOG_HAZARD), weigh(lives.drift[period], LOG_HAZARD)
    hazard, still_here = np.zeros(len(people)), np.full(len(people), 1 - UNKNOWN)
    for ahead in range(HALF_TERMS):
        year, half_term = start_year + (period + ahead) // HALF_TERMS, (period + ahead) % HALF_TERMS
        group, faded = year_group(people, year), CARRY**ahead
        spread = (1 - LASTING) * (1 - faded**2) * float((LOG_HAZARD**2).sum())
        share = unseen(_span(year, half_term) - (today - np.datetime64("1970-01-01")).astype(np.int64)).mean()
        hazard += share * still_here * base_hazard(group, half_term) * growth(lasting + faded * drift + spread / 2)
        still_here *= 1 - OTHER_YEARLY / HALF_TERMS
        if half_term == HALF_TERMS - 1:
            still_here *= np.where(group == 11, schools.sixth_form[people.school], 1.0)
    fading = np.where(stays.fading.on(today, len(people)), LEAVES * (1 - UNKNOWN), 0.0)
    return np.asarray((1 - (1 - fading) * np.exp(-hazard)).round(9))


def _span(year: int, half_term: int) -> NDArray[np.int64]:
    """The days of a half-term on which pupils leave early, counted from 1970."""
    first, after = half_term_starts(year)[half_term : half_term + 2].astype(np.int64)
    return np.arange(first, after)
