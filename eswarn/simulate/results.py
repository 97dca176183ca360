"""Test results: what pupils brought from primary school, and three subjects each term."""

from __future__ import annotations

import numpy as np

from eswarn.simulate.causes import ATTAINMENT, Lives
from eswarn.simulate.columns import Columns
from eswarn.simulate.people import Flags, People, first_september
from eswarn.simulate.schoolyear import SchoolYear

SUBJECTS = ("ks2_reading", "ks2_maths", "english", "maths", "science")
_PRIOR, _TERMLY = SUBJECTS[:2], SUBJECTS[2:]
_TAKEN_LATER = 0.3  # of those away on the day
_UNMARKED = 0.005


def prior_rows(people: People, lives: Lives, rng: np.random.Generator) -> Columns:
    """Columns of the assessments table for scaled scores at the end of primary school (80 to 120, about 104 on average)."""
    n, began = len(people), first_september(people.cohort)
    known = np.flatnonzero(rng.random(n) < np.where(people.entered > began, 0.6, 0.97))
    scores = 104 - 6.0 * lives.lasting[known, ATTAINMENT, None] + rng.normal(0, 4.5, (len(known), len(_PRIOR)))
    rows = np.repeat(known, len(_PRIOR))
    return {
        "pupil_id": rows,
        "school_id": people.school[rows],
        "date": began[rows],
        "subject": np.tile(np.arange(len(_PRIOR)), len(known)),
        "score": np.clip(scores.round(), 80, 120).ravel(),
        "maximum": np.full(len(rows), 120.0),
        "recorded_on": people.entered[rows] + rng.integers(0, 15, n)[rows],
    }


def termly_rows(year: SchoolYear, attended: Flags, rng: np.random.Generator) -> Columns:
    """Columns of the assessments table for one school year: three subjects near the end of each term, out of 100."""
    n, terms, subjects = len(year), 3, len(_TERMLY)
    day = np.array([[np.flatnonzero(year.days.half_term == 2 * t + 1)[-8 - s] for s in range(subjects)] for t in range(terms)])
    state = year.states[1::2, :, ATTAINMENT, None]  # as it is when the term ends
    leaning = rng.normal(0, 5, (1, n, subjects))
    score = 58 - 9.5 * state + leaning + rng.normal(0, 6.5, (terms, n, subjects))
    taken = year.on_roll[:, day] & (attended[:, day] | (rng.random((n, terms, subjects)) < _TAKEN_LATER))
    term, row, subject = np.nonzero(taken.transpose(1, 0, 2))
    marks = np.clip(score.round(), 0, 100)[term, row, subject]
    date = year.days.date[day[term, subject]]
    return {
        "pupil_id": year.pupil[row],
        "school_id": np.full(len(row), year.school),
        "date": date,
        "subject": subject + len(_PRIOR),
        "score": np.where(rng.random(len(row)) < _UNMARKED, np.nan, marks),
        "maximum": np.full(len(row), 100.0),
        "recorded_on": date + rng.integers(3, 15, len(row)),
    }
