"""Look for drift: today's cohort beside the profile of the one the model learned from, at the same time of the year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

import numpy as np

from eswarn import words
from eswarn.evaluation.drift.columns import columns
from eswarn.evaluation.drift.finding import Check, Drift, Floats, Now, Outcomes
from eswarn.evaluation.drift.outcomes import from_outcomes
from eswarn.evaluation.drift.register import from_register
from eswarn.evaluation.drift.shift import MAJOR, STEADY, noise, psi, usual_reading
from eswarn.evaluation.drift.unlabelled import expected_auc, expected_recall
from eswarn.model.profile import OnDate, Profile, Shape, count, read_profile, school_mark

RISE, FALL = 1.5, 0.5  # the expected share of leavers, against that of training: trees know whom they saw stay, and expect fewer of them
YEAR = 365.25


def drift(reference: object, now: Now, *, outcomes: Outcomes | None = None, places: float = 0.05) -> Drift:
    """Compare a cohort with the one a model learned from.

    Parameters
    ----------
    reference : mapping
        The profile of the training cohort, as it stands on the model's card.
    now : Now
        The cohort scored today.
    outcomes : Outcomes, optional
        A cohort scored earlier whose labels are mature by now.
    places : float
        A share of the pupils on roll (under 1) or a number, per school: for the expected recall.

    Returns
    -------
    Drift
        Every check, alarms first.

    Raises
    ------
    ModelRefused
        What is given is no profile, or it lacks a feature.
    """
    profile = read_profile(reference)
    at = _nearest(profile.dates, now.as_of)
    then = profile.dates[at]
    found = [*_schools(profile, now), *_checks(then, profile, now)]
    if now.register is not None and then.codes is not None:
        found += from_register(then.codes, now.register, at, now.as_of)
    if outcomes is not None:
        found += from_outcomes(outcomes, profile.leavers)
    ordered = tuple(sorted(found, key=lambda check: not check.alarm))
    return Drift(now.as_of, at, ordered, float(now.risk.sum()), expected_recall(now, places), expected_auc(now.raw, now.risk))


def _nearest(days: Iterable[dt.date], as_of: dt.date) -> dt.date:
    """The date nearest in the year, whatever the year: absence rises before Christmas, every year; the latest of several."""
    away = {day: abs((as_of - day).days / YEAR - round((as_of - day).days / YEAR)) for day in days}
    return max(day for day in away if away[day] <= min(away.values()) + 1 / YEAR)


def _schools(profile: Profile, now: Now) -> Iterator[Check]:
    """Schools that the model never learned from."""
    rows = now.data.keys["school_id"].astype(str)
    new = sorted(school for school in rows.unique() if not _known(school, profile))
    share = float(rows.isin(new).mean())
    said = f"{words.count(len(new), 'school')} with {words.share(share)} of the pupils not known from training" if new else "no new school"
    yield Check("school", ", ".join(new), said, float(len(new)), 0.0, bool(new))


def _known(school: str, profile: Profile) -> bool:
    return school_mark(school, profile.salt) in profile.schools


def _checks(then: OnDate, profile: Profile, now: Now) -> Iterator[Check]:
    """Features, score and expected leavers, of the schools that are known from training; of all where none is."""
    school = now.data.keys["school_id"].to_numpy(str)
    known = np.isin(school, [name for name in np.unique(school) if _known(name, profile)])
    rows = known if known.any() else np.ones(len(school), bool)
    yield from columns(then, now.data.rows(rows), now.register)
    if then.score is not None and then.expected is not None:
        yield from _scores(then.score, then.expected, now.raw[rows], now.risk[rows])


def _scores(shape: Shape, was: float, raw: Floats, risk: Floats) -> Iterator[Check]:
    """The raw score, whose bins are those of the risk too; and how many leavers the risks expect."""
    before, counts = np.array(shape.counts), count(raw, np.array(shape.edges))
    index, limit = psi(before, counts), max(MAJOR, noise(before, counts, design=STEADY))
    yield Check("score", "score and risk", f"stability index {index:.2f}: {usual_reading(index)}", index, limit, index > limit)
    rate = float(risk.mean())
    spread = max(float(risk.std()) / rate, 1.0)  # of chances about their mean; a few pupils do not show it
    unsure = spread * float(np.sqrt(STEADY * (1 / len(risk) + 1 / before.sum())))
    low, high = min(FALL, float(np.exp(-5 * unsure))), max(RISE, float(np.exp(5 * unsure)))
    said = f"{words.share(rate)} expected to leave early; {words.share(was)} at this time of year in training"
    yield Check("expected", "expected leavers", said, rate / was, high, not low <= rate / was <= high)
