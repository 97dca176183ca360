"""Dated context: each September, and whenever a school, free meals, support or a social worker begins or ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eswarn.simulate.causes import ATTENDANCE, HOME, Lives
from eswarn.simulate.chance import growth
from eswarn.simulate.columns import Columns
from eswarn.simulate.people import Flags, Ints, People, Schools, form_place
from eswarn.simulate.stays import Stays
from eswarn.simulate.terms import HALF_TERMS, half_term_starts

TERMS = 3
_NO_ROW = 0.004  # pupils without any context
_BLANK = {"ethnicity": 0.02, "eal": 0.015, "idaci_decile": 0.01, "sex": 0.003, "sen": 0.004}  # share of pupils
_IN_NEED, _PROTECTED, _IN_CARE, _OUT_OF_CARE, _ONCE_IN_CARE = 2.2, 2.9, 3.2, 2.4, 2.1  # of the state at home, in standard deviations


def context_rows(
    people: People, lives: Lives, schools: Schools, stays: Stays, *, start_year: int, years: int, rng: np.random.Generator
) -> Columns:
    """Columns of the context table, one row a stay and term in which something is new."""
    facts = _facts(people, lives, stays, years)
    begins = np.concatenate([half_term_starts(start_year + k)[[0, 2, 4]] for k in range(years)])
    ends = np.append(begins[1:], np.datetime64(f"{start_year + years}-09-01"))
    gone = np.where(np.isnat(stays.left), ends[-1], stays.left)[:, None]
    here = (stays.entered[:, None] < ends) & (gone >= begins)
    changed = np.zeros_like(here)
    for values in facts.values():
        changed[:, 1:] |= values[:, 1:] != values[:, :-1]
    arrives = here & ~np.pad(here, ((0, 0), (1, 0)))[:, :-1]
    september = np.arange(years * TERMS) % TERMS == 0
    day = begins + np.where(september, 0, rng.integers(0, 40, here.shape))
    day = np.where(arrives, np.maximum(begins, stays.entered[:, None]), day)
    nowhere = rng.random(len(people)) < _NO_ROW * growth(0.7 * lives.lasting[:, ATTENDANCE] + 0.4 * lives.lasting[:, HOME])
    written = here & (arrives | changed | september) & (day <= gone) & ~nowhere[stays.pupil, None]
    stay, term = np.nonzero(written)
    pupil, group = stays.pupil[stay], start_year + term // TERMS - people.cohort[stays.pupil[stay]] + 7
    school, valid_from = stays.school[stay], day[stay, term]
    columns: Columns = {name: values[stay, term].astype(np.int64) for name, values in facts.items()}
    columns |= {
        "sex": people.sex[pupil],
        "ethnicity": people.ethnicity[pupil],
        "fsm6": (people.fsm6[pupil] | (columns["fsm"] > 0)).astype(np.int64),
        "sen_need": np.where(columns["sen"] > 0, people.need[pupil], -1),
        "eal": people.eal[pupil].astype(np.int64),
        "idaci_decile": people.idaci[pupil],
    }
    _blank(columns, pupil, people.unmatched, rng)
    columns["young_carer"] = np.where(schools.tells_carers[school], columns["young_carer"], -1)
    return columns | {
        "pupil_id": pupil,
        "school_id": school,
        "valid_from": valid_from,
        "year_group": group,
        "form": form_place(people.form[pupil], group),
        "household_id": people.household[pupil],
        "recorded_on": valid_from + rng.integers(0, 22, len(pupil)),
    }


def _facts(people: People, lives: Lives, stays: Stays, years: int) -> Columns:
    """What may change, by stay and term ``[stays, terms]``."""
    pupil = stays.pupil
    period = np.arange(years * TERMS) * (HALF_TERMS // TERMS)
    home = lives.lasting[pupil, HOME, None] + lives.drift[period][:, pupil, HOME].T
    in_care = _in_care(home)
    ever = np.maximum.accumulate(in_care, axis=1) | (lives.lasting[pupil, HOME, None] > _ONCE_IN_CARE)
    carer = np.broadcast_to(lives.lasting[pupil, HOME, None] - 0.5 * lives.lasting[pupil, ATTENDANCE, None] > 2.0, home.shape)
    return {
        "fsm": people.fsm_from[pupil, None] <= period,
        "sen": np.where(people.sen_from[pupil, None] <= period, people.sen[pupil, None], 0),
        "cin": home > _IN_NEED,
        "cpp": home > _PROTECTED,
        "cla": in_care,
        "previously_looked_after": ever & ~in_care,
        "young_carer": carer,
    }


def _in_care(home: NDArray[np.float32]) -> Flags:
    """Who is looked after in each term ``[n, terms]``: it begins when things are worst and ends when they are much better."""
    in_care = home > _IN_CARE
    for term in range(1, home.shape[1]):
        in_care[:, term] |= in_care[:, term - 1] & (home[:, term] > _OUT_OF_CARE)
    return np.asarray(in_care)


def _blank(columns: Columns, pupil: Ints, unmatched: Flags, rng: np.random.Generator) -> None:
    """Empty what nobody knows: null is not "no"."""
    people = len(unmatched)
    blank = {name: rng.random(people) < share for name, share in _BLANK.items()}
    for name in (
        "ethnicity",
        "eal",
        "idaci_decile",
        "sex",
        "sen",
        "fsm",
        "fsm6",
        "sen_need",
        "cin",
        "cpp",
        "cla",
        "previously_looked_after",
    ):
        unknown = blank.get(name, np.zeros(people, dtype=np.bool_))
        if name not in ("sex", "cin", "cpp", "cla", "previously_looked_after"):
            unknown = unknown | unmatched
        if name == "sen_need":
            unknown = unknown | blank["sen"]
        columns[name] = np.where(unknown[pupil], -1, columns[name])
