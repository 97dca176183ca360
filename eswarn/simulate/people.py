"""Who goes to the made-up schools: pupils in households, with what a census would know of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eswarn.simulate.chance import pick, stream
from eswarn.simulate.terms import HALF_TERMS, Dates, half_term_starts

YEAR_GROUPS = (7, 8, 9, 10, 11, 12, 13)
FORMS = tuple(f"{year}{letter}{number}" for year in YEAR_GROUPS for letter in "EFGH" for number in (1, 2))
FORMS_A_YEAR = len(FORMS) // len(YEAR_GROUPS)
ETHNICITIES = (
    "WBRI",
    "WOTH",
    "WIRI",
    "APKN",
    "AIND",
    "ABAN",
    "AOTH",
    "BAFR",
    "BCRB",
    "BOTH",
    "CHNE",
    "MWBC",
    "MWAS",
    "MOTH",
    "OOTH",
    "REFU",
)
SEN = ("N", "K", "E")
SEN_NEEDS = ("SEMH", "SPLD", "MLD", "SLCN", "ASD", "HI", "VI", "PD", "OTH")

_ETHNICITY = (63, 7.5, 0.3, 4.6, 3.7, 1.9, 2.1, 4.9, 1.2, 0.9, 0.6, 1.7, 1.6, 2.6, 2.4, 1.0)
_NEED = (25, 22, 16, 13, 15, 2, 1, 2, 4)
_FSM, _SEN_SUPPORT, _PLAN = 0.243, 0.132, 0.030  # shares of pupils: DfE absence distributions, 2022/23
_UNMATCHED = 0.0086  # share of pupils
_SIBLING = 0.16  # chance that a pupil shares the household of the pupil before
_ARRIVALS = 0.022  # pupils a year who join from a school that is not in the data, as a share of the roll

Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]


def form_place(form: Ints, group: Ints) -> Ints:
    """Place in `FORMS` of a pupil's form, given the year group."""
    return (group - YEAR_GROUPS[0]) * FORMS_A_YEAR + form


@dataclass(frozen=True, slots=True)
class Schools:
    """The made-up schools: how large, how deprived, how strict."""

    school_id: tuple[str, ...]
    share: NDArray[np.float64]  # of all pupils
    sixth_form: NDArray[np.float64]  # share of Year 11 that stays on
    deprivation: NDArray[np.float64]
    absence: NDArray[np.float64]  # school effect on the absence scale
    strictness: NDArray[np.float64]  # factor on incidents that are written down
    tells_carers: Flags  # whether young carers are recorded at all


@dataclass(frozen=True, slots=True)
class People:
    """One entry a pupil. ``*_from`` is the half-term of the run from which a fact holds, beyond the run for never."""

    pupil_id: tuple[str, ...]
    school: Ints  # where the pupil is first seen
    cohort: Ints  # the year in which Year 7 began
    entered: Dates
    first_period: Ints  # half-term of the run in which the pupil is first on roll
    stays_on: Flags  # into Year 12
    sex: Ints  # 0 F, 1 M
    household: Ints
    ethnicity: Ints
    eal: Flags
    observant: Flags  # keeps a religious holiday that the school does not
    idaci: Ints
    fsm_from: Ints
    fsm6: Flags
    sen: Ints
    sen_from: Ints
    need: Ints
    form: Ints
    unmatched: Flags  # in no census: free meals, support and more are unknown
    temper: NDArray[np.float32]  # on the log of the rate of suspensions; nothing to do with leaving

    def __len__(self) -> int:
        return len(self.pupil_id)


def found_schools(pupils: int, seed: int) -> Schools:
    """Schools for this many pupils: of about 600 to 1,000, but at least two from 400 pupils up."""
    rng = stream(seed, "schools")
    n = max(1, round(pupils / 800), 2 if pupils >= 400 else 1)
    size = rng.uniform(0.8, 1.2, n)
    effect = rng.normal(0, 0.32, n)
    return Schools(
        school_id=tuple(f"999{4001 + i}" for i in range(n)),
        share=size / size.sum(),
        sixth_form=rng.uniform(0.30, 0.55, n),
        deprivation=rng.normal(0, 0.45, n),
        absence=effect - (effect * size).sum() / size.sum(),  # few schools differ, but do not move the level
        strictness=rng.uniform(0.6, 1.5, n),
        tells_carers=rng.random(n) < 0.85,
    )


def gather(schools: Schools, *, pupils: int, start_year: int, years: int, seed: int) -> People:
    """Everybody who is ever on roll: the pupils of the first day, each new Year 7, and those who join in between."""
    rng = stream(seed, "people")
    school, cohort, period = _places(schools, pupils, start_year, years, rng)
    n = len(school)
    starts = np.concatenate([half_term_starts(start_year + y)[:HALF_TERMS] for y in range(years)])
    joined = starts[period] + rng.integers(0, 4, n)
    return People(
        pupil_id=tuple(f"P{number:07d}" for number in rng.permutation(n)),
        school=school,
        cohort=cohort,
        entered=np.where(period % HALF_TERMS > 0, joined, first_september(cohort)),
        first_period=period,
        stays_on=rng.random(n) < schools.sixth_form[school],
        form=rng.integers(0, FORMS_A_YEAR, n, dtype=np.int32),
        **_facts(schools, school, years * HALF_TERMS, rng),
    )


def first_september(year: Ints) -> Dates:
    """1 September of these years."""
    return ((year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + 8).astype("datetime64[D]")


def _places(schools: Schools, pupils: int, start_year: int, years: int, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """School, year of Year 7, and first half-term of everybody."""
    weight = np.ones((len(schools.share), len(YEAR_GROUPS))) * schools.share[:, None]
    weight[:, -2:] *= schools.sixth_form[:, None]
    weight /= weight.sum()
    first = pick(rng, weight.ravel(), pupils)
    parts: list[tuple[NDArray[np.integer], ...]] = [
        (first // len(YEAR_GROUPS), start_year - first % len(YEAR_GROUPS), np.zeros(pupils, dtype=np.int32))
    ]
    for year in range(years):
        if year:
            seven = np.repeat(np.arange(len(schools.share)), rng.poisson(weight[:, 0] * pupils))
            parts.append((seven, np.full(len(seven), start_year + year), np.full(len(seven), year * HALF_TERMS)))
        late = pick(rng, schools.share, rng.poisson(_ARRIVALS * pupils))
        parts.append((late, start_year + year - rng.integers(0, 4, len(late)), year * HALF_TERMS + rng.integers(1, HALF_TERMS, len(late))))
    school, cohort, period = (np.concatenate(column).astype(np.int32) for column in zip(*parts, strict=True))
    return school, cohort, period


def _facts(schools: Schools, school: Ints, periods: int, rng: np.random.Generator) -> dict[str, Any]:
    """What a census knows. Facts of a household are drawn once and shared by its children."""
    n = len(school)
    order = np.argsort(rng.permutation(n) + school.astype(np.int64) * n)
    alone = rng.random(n) >= _SIBLING
    alone[:1] = True
    head = np.empty(n, dtype=np.int64)
    head[order] = order[np.maximum.accumulate(np.where(alone, np.arange(n), 0))]
    need = schools.deprivation[school] + rng.normal(0, 1, n)
    poor = (need + rng.normal(0, 0.7, n))[head]
    fsm = poor > np.quantile(poor, 1 - _FSM)
    gains = rng.random(n)[head] < 0.01 * periods / HALF_TERMS
    ethnicity = pick(rng, _ETHNICITY, n)[head]
    sex = rng.integers(0, 2, n, dtype=np.int32)
    odds = np.where(sex, 1.25, 0.75) * np.where(fsm, 1.6, 0.81)
    chance = rng.random(n) / odds
    sen = np.where(chance < _PLAN, 2, np.where(chance < _PLAN + _SEN_SUPPORT, 1, 0))
    return {
        "sex": sex,
        "household": head.astype(np.int32),
        "ethnicity": ethnicity,
        "eal": (rng.random(n) < np.where(ethnicity == 0, 0.02, 0.48))[head],
        "observant": (rng.random(n) < np.where(ethnicity == 0, 0.01, 0.28))[head],
        "idaci": 10 - np.searchsorted(np.quantile(need, np.arange(0.1, 1, 0.1)), need[head]).astype(np.int32),
        "fsm_from": np.where(fsm, 0, np.where(gains, rng.integers(1, periods + 1, n)[head], periods)).astype(np.int32),
        "fsm6": fsm | (rng.random(n) < 0.08)[head],
        "sen": sen.astype(np.int32),
        "sen_from": np.where((sen > 0) & (rng.random(n) < 0.06), rng.integers(1, periods, n), 0).astype(np.int32),
        "need": pick(rng, _NEED, n),
        "unmatched": rng.random(n) < _UNMATCHED,
        "temper": (1.75 * rng.standard_normal(n) + 3.5 * (rng.random(n) < 0.02)).astype(np.float32),
    }
