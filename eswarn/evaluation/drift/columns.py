"""Feature by feature: has its distribution moved, is it missing more often, did a feed fall silent, do schools drift apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from eswarn import words
from eswarn.cohort.lately import Register
from eswarn.errors import ModelRefused
from eswarn.evaluation.drift.finding import Check
from eswarn.evaluation.drift.shift import MAJOR, STEADY, Ints, noise, psi, usual_reading
from eswarn.features.compute import Dataset
from eswarn.features.feature import Feature
from eswarn.features.measures import percentile
from eswarn.features.windows import Window
from eswarn.model.profile import Codes, OnDate, apart, by_school

MISSING = 0.10  # more or fewer without a value
SILENT = -14.0  # log of the chance that nobody of a school differs from the rest
APART, WAS_APART = 4.0, 5.0  # schools differ so many times as much as in training, where that is not less than this
STEADY_DAYS = 20  # a shorter window hangs on which days a school was open, and how soon reasons were written down


def columns(then: OnDate, data: Dataset, register: Register | None) -> Iterator[Check]:
    """Checks of every column; alarms only where the window held as much in training as it holds today."""
    school = np.unique(data.keys["school_id"].to_numpy(str), return_inverse=True)[1]
    reach = [known for known in (then.codes, register) if known is not None]
    silent: dict[str, set[int]] = {}
    for feature in data.features:
        told = then.features.get(feature.column)
        if told is None:
            raise ModelRefused(f'the profile of the training cohort lacks the feature "{feature.column}"')
        reference = np.array(told.counts)
        counts = by_school(data.X[feature.column].to_numpy(float), np.array(told.edges), school)
        like = comparable(feature, reach)
        design = max(STEADY, told.apart)
        yield _moved(feature.column, reference, counts.sum(axis=0), design, like)
        yield _missing(feature.column, reference, counts.sum(axis=0), design, like)
        steady = like and feature.window.n >= STEADY_DAYS
        if len(counts) > 1 and steady and feature.measure.unit == "share":
            yield _apart(feature.column, told.apart, apart(counts))
        for table in feature.measure.tables:
            silent.setdefault(table, set()).update(_silent(reference, counts) if steady else ())
    for table, schools in silent.items():
        said = f"nothing lately from {words.count(len(schools), 'school')} of {school.max() + 1}" if schools else "goes on"
        yield Check("feed", table, said, float(len(schools)), 0.0, bool(schools))


def comparable(feature: Feature, reach: Sequence[Codes | Register]) -> bool:
    """Whether a window holds as much today as it did in training: as many days, and records that reach over all of them.

    What is counted from a date (the half-term, the school year, ever) holds more with every day and year; a rank among classmates
    is spread the same in any cohort.
    """
    if isinstance(feature.measure, percentile):
        return False
    windows: list[Window] = [feature.window, *filter(None, [getattr(feature.measure, "against", None)])]
    return all(
        window.kind in ("last", "days") and window.n + window.skip <= (known.open_days if window.kind == "last" else known.days)
        for window in windows for known in reach
    )  # fmt: skip


def _moved(column: str, reference: Ints, counts: Ints, design: float, like: bool) -> Check:
    index, limit = psi(reference, counts), max(MAJOR, noise(reference, counts, design=design))
    said = f"stability index {index:.2f}: {usual_reading(index)}" + ("" if like else "; its window holds more or less than in training")
    return Check("feature", column, said, index, limit, like and index > limit)


def _missing(column: str, reference: Ints, counts: Ints, design: float, like: bool) -> Check:
    was, share = (float(told[-1] / told.sum()) for told in (reference, counts))
    middle = (reference[-1] + counts[-1]) / (reference.sum() + counts.sum())
    unsure = float(np.sqrt(design * middle * (1 - middle) * (1 / reference.sum() + 1 / counts.sum())))
    limit = max(MISSING, 5 * unsure)
    said = f"{words.share(share)} have no value; {words.share(was)} in training"
    return Check("missing", column, said, share - was, limit, like and abs(share - was) > limit)


def _apart(column: str, was: float, value: float) -> Check:
    limit = APART * max(was, WAS_APART)
    said = f"schools differ {value:.0f} times as much as chance would have it; {was:.0f} in training"
    return Check("apart", column, said, value, limit, value > limit)


def _silent(reference: Ints, counts: Ints) -> list[int]:
    """Schools where everybody has the same, though in training pupils differed."""
    one = np.flatnonzero((counts > 0).sum(axis=1) == 1)
    at = counts[one].argmax(axis=1)
    chance = counts[one].sum(axis=1) * np.log((reference[at] + 0.5) / (reference.sum() + 0.5 * len(reference)))
    return [int(school) for school, log in zip(one, chance, strict=True) if log < SILENT]
