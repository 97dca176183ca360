"""A whole made-up world: people, their lives, their stays, and what the schools wrote down about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import get_args

import numpy as np
import pyarrow as pa

from eswarn.config import DatasetFacts
from eswarn.errors import UsageError
from eswarn.progress import Progress, silent
from eswarn.records.store import Records
from eswarn.simulate.causes import Lives, live
from eswarn.simulate.chance import stream
from eswarn.simulate.columns import Columns, arrow_table
from eswarn.simulate.conduct import CATEGORIES, KINDS, REASONS, ROLES, SUSPENSION_KINDS, behaviour_rows, suspend, suspension_rows
from eswarn.simulate.context import context_rows
from eswarn.simulate.marks import CODES
from eswarn.simulate.people import ETHNICITIES, FORMS, SEN, SEN_NEEDS, People, Schools, found_schools, gather
from eswarn.simulate.pressure import Profile, level_year
from eswarn.simulate.register import attendance_rows, take_register
from eswarn.simulate.results import SUBJECTS, prior_rows, termly_rows
from eswarn.simulate.schoolyear import SchoolYear, school_years
from eswarn.simulate.stays import DESTINATIONS, Stays, follow
from eswarn.simulate.terms import HALF_TERMS
from eswarn.simulate.truth import true_causes

MADE = ("attendance", "behaviour", "suspensions", "context", "outcomes", "assessments", "enrolment")


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is so, whether or not a school writes it down."""

    start_year: int
    years: int
    seed: int
    profile: Profile
    schools: Schools
    people: People
    lives: Lives
    stays: Stays

    @property
    def observed_to(self) -> np.datetime64:
        """The day of the export: nothing recorded later is in the records."""
        return np.datetime64(f"{self.start_year + self.years}-07-31")

    @property
    def outcomes_to(self) -> np.datetime64:
        """The day to which departures were followed."""
        return np.datetime64(f"{self.start_year + self.years}-08-31")


def simulate(
    *,
    pupils: int = 2_000,
    years: int = 3,
    seed: int = 1,
    start_year: int = 2022,
    profile: Profile = "by year",
    progress: Progress = silent,
) -> Records:
    """Make up the records of secondary schools in England: the same seed gives the same tables, bit for bit.

    Parameters
    ----------
    pupils : int
        Pupils on roll on the first day. Each September brings a new Year 7, so more than these are seen in the end.
    years : int
        School years.
    seed : int
        Any whole number from 0 up.
    start_year : int
        The first school year begins on 1 September of it. The register codes change with the year that begins in 2024.
    profile : {"by year", "pre-2020", "post-2021"}
        Level of absence: that of each calendar year, or in every year that of 2018/19 or of 2022/23.
    progress : Progress
        Told how many registers (a school and year) are filled.

    Returns
    -------
    Records
        Attendance, behaviour, suspensions, context, outcomes, assessments and enrolment, with versions (``recorded_on``) as
        known at the end: 31 July of the last year, for outcomes and the end of a stay 31 August. Points count down for
        incidents and up for praise.

    Raises
    ------
    UsageError
        A number is out of its range, or there is no such profile.

    Notes
    -----
    Rates follow figures published by the Department for Education (DfE): absence distributions 2016/17 to 2022/23, pupil
    attendance in schools 2022 to 2026, suspensions and permanent exclusions 2023/24. Leaving early depends on
    five drifting states of each pupil, which the records show through noise, and shows for some weeks before it happens, as
    it does in others who then stay. docs/figures.md holds the records against what was published. None of it is about a real pupil.
    """
    return _write(create(pupils=pupils, years=years, seed=seed, start_year=start_year, profile=profile), progress)


def simulate_with_causes(
    *,
    pupils: int = 2_000,
    years: int = 3,
    seed: int = 1,
    start_year: int = 2022,
    profile: Profile = "by year",
    progress: Progress = silent,
) -> tuple[Records, pa.Table]:
    """The same records as `simulate`, and beside them what no school could know: why each pupil would leave.

    Returns
    -------
    records : Records
        Bit for bit those of `simulate`.
    causes : pyarrow.Table
        One row a pupil and half-term, for those on roll on its first day: ``pupil_id``, ``as_of`` (that day),
        ``main_cause`` (the largest of the five), ``chance`` (true chance of leaving early in the year from that day,
        given today's states) and what each cause adds to the log of the hazard, 0 for an average pupil:
        ``attendance`` (staying away), ``health``, ``home``, ``behaviour``, ``attainment``.
    """
    world = create(pupils=pupils, years=years, seed=seed, start_year=start_year, profile=profile)
    causes = true_causes(world.people, world.lives, world.schools, world.stays, start_year=start_year, years=years)
    return _write(world, progress), causes


def create(*, pupils: int, years: int, seed: int, start_year: int, profile: Profile = "by year") -> World:
    """Everything but the records: schools, people, their lives and their stays. Arguments and errors are those of `simulate`."""
    _check("pupils", pupils, 1, 1_000_000)
    _check("years", years, 1, 15)
    _check("seed", seed, 0, 2**31 - 1)
    _check("start_year", start_year, 2013, 2039)
    if profile not in get_args(Profile):
        raise UsageError("profile must be one of " + ", ".join(get_args(Profile)), where="simulate")
    if start_year + years > 2040:
        raise UsageError("the run must end by 2040", where="simulate", do="Choose an earlier start_year, or fewer years.")
    schools = found_schools(pupils, seed)
    people = gather(schools, pupils=pupils, start_year=start_year, years=years, seed=seed)
    lives = live(people, periods=years * HALF_TERMS, seed=seed)
    stays = follow(people, lives, schools, start_year=start_year, years=years, seed=seed)
    return World(start_year, years, seed, profile, schools, people, lives, stays)


def _check(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise UsageError(f"{name} must be a whole number from {low} to {high}", where="simulate")


def _write(world: World, progress: Progress) -> Records:
    """What the schools wrote down and could export at the end."""
    parts: dict[str, list[Columns]] = {name: [] for name in MADE}
    whole = world.people, world.lives, world.schools, world.stays
    filled = registers(world)
    for done, year in enumerate(filled, start=1):
        for name, columns in _school_year(world, year).items():
            parts[name].append(columns)
        progress("making up schools", done, world.years * len(world.schools.share))
    rng = stream(world.seed, "papers")
    parts["assessments"].append(prior_rows(world.people, world.lives, rng))
    parts["context"].append(context_rows(*whole, start_year=world.start_year, years=world.years, rng=rng))
    parts["outcomes"], parts["enrolment"] = _departures(world, rng)
    words = _words(world)
    tables = {}
    for name, pages in parts.items():
        to = world.outcomes_to if name == "outcomes" else world.observed_to
        known = pages if name == "attendance" else [_known(part, to) for part in pages]
        tables[name] = arrow_table(name, known, words[name])
    observed = {name: (world.outcomes_to if name == "outcomes" else world.observed_to).item() for name in tables}
    return Records(tables, DatasetFacts(profile="england", session="AM/PM", observed_to=observed))


def registers(world: World) -> Iterator[SchoolYear]:
    """Every school in every school year of the world."""
    whole = world.people, world.lives, world.schools, world.stays
    level = partial(level_year, world.profile)
    return school_years(*whole, start_year=world.start_year, years=world.years, seed=world.seed, level=level)


def _school_year(world: World, year: SchoolYear) -> dict[str, Columns]:
    """One school in one year: who was suspended decides the register, who was in school decides the rest."""
    place = year.year, year.school
    people, schools = world.people, world.schools
    rng = stream(world.seed, "conduct", *place)
    suspended = suspend(year, people, schools, world.stays, rng)
    marks = stream(world.seed, "register", *place)
    register = take_register(year, people, schools, world.stays, suspended.lost(year.on_roll.shape), marks)
    return {
        "attendance": attendance_rows(year, register, world.observed_to, marks),
        "suspensions": suspension_rows(year, suspended, rng),
        "behaviour": behaviour_rows(year, schools, register.attended, suspended, rng),
        "assessments": termly_rows(year, register.attended, stream(world.seed, "results", *place)),
    }


def _departures(world: World, rng: np.random.Generator) -> tuple[list[Columns], list[Columns]]:
    """Outcomes, told some days or weeks later; and stays, as entered first and again when they ended."""
    stays = world.stays
    gone = np.flatnonzero(~np.isnat(stays.left))
    told = stays.left[gone] + np.minimum(1 + rng.geometric(0.09, len(gone)), 60)
    never = np.full(len(stays), np.datetime64("NaT"), dtype="datetime64[D]")
    entry: Columns = {
        "pupil_id": stays.pupil,
        "school_id": stays.school,
        "entered_on": stays.entered,
        "left_on": never,
        "status": np.zeros(len(stays), dtype=np.int32),
        "recorded_on": stays.entered,
    }
    ended = {name: values[gone] for name, values in entry.items()} | {"left_on": stays.left[gone], "recorded_on": told}
    outcome = {name: ended[name] for name in ("pupil_id", "school_id", "left_on", "recorded_on")}
    return [outcome | {"destination": stays.destination[gone]}], [entry, ended]


def _known(part: Columns, to: np.datetime64) -> Columns:
    """The rows that were in the system by this day."""
    keep = part["recorded_on"] <= to
    return {name: values[keep] for name, values in part.items()}


def _words(world: World) -> dict[str, Mapping[str, Sequence[str]]]:
    """The words of every text column, by table."""
    who = {"pupil_id": world.people.pupil_id, "school_id": world.schools.school_id}
    homes = stream(world.seed, "homes").permutation(len(world.people))  # a household's number says nothing about its children's
    return {
        "attendance": who | {"session": ("AM", "PM"), "code": CODES},
        "behaviour": who | {"kind": KINDS, "role": ROLES, "category": CATEGORIES},
        "suspensions": who | {"kind": SUSPENSION_KINDS, "reason_1": REASONS, "reason_2": REASONS},
        "context": who
        | {
            "form": FORMS,
            "sex": ("F", "M"),
            "ethnicity": ETHNICITIES,
            "sen": SEN,
            "sen_need": SEN_NEEDS,
            "household_id": [f"H{number:07d}" for number in homes],
        },
        "outcomes": who | {"destination": DESTINATIONS},
        "assessments": who | {"subject": SUBJECTS},
        "enrolment": who | {"status": ("single",)},
    }
