"""Are flags and reasons an accident of the draw? The model is fitted again on other draws of its cohort, and both are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from eswarn import words
from eswarn.config import ModelConfig
from eswarn.errors import ModelRefused
from eswarn.evaluation.audit.lines import TITLES, Check, Run, Training
from eswarn.model.curve import Floats
from eswarn.model.issue import rank_in_school
from eswarn.model.refits import drawn_of, regrown
from eswarn.model.risk import RiskModel
from eswarn.model.shapley import explainer_against

TOP = 3
MOST_FLIPS = 0.5  # a list of which more than half goes with another draw says more of the draw than of the pupils


@dataclass(frozen=True, slots=True)
class Stability:
    """What became of the flagged pupils of a run in models fitted again.

    Attributes
    ----------
    models : int
        Models fitted again.
    drawn : str
        What was drawn with replacement: "schools", or "pupils" where there are fewer than five schools.
    overlap : float
        Of the three themes that raise a score most as issued, the share that are among those three again.
    flips : float
        Share of the flagged pupils who lose their place, mean over the models.
    always : float
        Share of them whom every model flags.
    noise : mapping of str to float
        Theme to the standard deviation of its sum over the models, in log-odds: root mean square over the flagged pupils.
    """

    models: int
    drawn: str
    overlap: float
    flips: float
    always: float
    noise: dict[str, float]


def as_trained(run: Run, *, directed: bool = True) -> RiskModel:
    """A model with the sizes and settings on the card of the run's model, ready to grow trees; or without its declared directions.

    Raises
    ------
    ModelRefused
        The card does not say them, or they are out of range.
    """
    try:
        told = {name: value for name, value in run.model.card["model"].items() if value != "auto"}
        settings = ModelConfig.model_validate(told)
        sizes = {name: int(told[name]) for name in ("trees", "depth", "leaves", "min_leaf", "average")}
        signs = {str(column): feature.sign for column, feature in enumerate(run.model.features)}
    except (AttributeError, KeyError, TypeError, ValidationError):
        raise ModelRefused("the card of the model does not say how it was trained, or not within bounds") from None
    model = RiskModel(
        **sizes, learning_rate=settings.learning_rate, l2=settings.l2, seed=settings.seed, monotone=signs if directed else None
    )
    model.size_ = sizes
    return model


def stability(run: Run, training: Training) -> Stability | None:
    """Fit the model again as often as the run asks for, and compare flags and reasons; None where that could be done but once.

    Each model has another seed and learns from a bootstrap of whole schools; each explains against the cohort by its own trees. Places
    are as in the run: in each school as many as were flagged there.

    Raises
    ------
    ModelRefused
        The card does not say how the model was trained.
    """
    again = regrown(as_trained(run), training.table, training.y, pupil=training.pupil, school=training.school, n=run.refits)
    school, flagged, tell = np.unique(run.school, return_inverse=True)[1], run.flagged, run.model.teller
    places = np.bincount(school, weights=flagged)[school]
    issued = _strongest(tell.theme_sums(run.values[flagged]))
    kept, shared, sums = [], [], []
    for booster in again:
        told = explainer_against(booster.model_to_string(), training.table)(run.table)
        kept.append((rank_in_school(school, told.raw) <= places)[flagged])
        sums.append(tell.theme_sums(told.values[flagged]))
        shared.append((issued & _strongest(sums[-1])).sum(axis=1)[issued.any(axis=1)] / issued.sum(axis=1)[issued.any(axis=1)])
    if len(kept) < 2:
        return None
    noise = np.sqrt(np.var(sums, axis=0, ddof=1).mean(axis=0))
    return Stability(
        len(kept), drawn_of(training.school), float(np.mean(shared)), float(1 - np.mean(kept)), float(np.all(kept, axis=0).mean()),
        {theme: float(noise[i]) for i, theme in enumerate(tell.themes)},
    )  # fmt: skip


def refits(run: Run) -> Check:
    """E7: failed where more than half of the flagged pupils lose their place to another draw, mean over the refits."""
    title = TITLES["E7"]
    if not run.flagged.any():
        return Check("E7", title, "not applicable", "nobody is flagged")
    if run.training is None:
        return Check("E7", title, "cannot tell", "give the records the model was trained from:  --records DIR")
    told = stability(run, run.training)
    if told is None:
        return Check("E7", title, "cannot tell", "two refits are needed at least, each with leavers in its draw")
    loudest = max(told.noise, key=lambda theme: told.noise[theme])
    figure = (
        f"{told.models} refits on draws of {told.drawn}: on average {words.share(told.flips)} of "
        f"{words.count(int(run.flagged.sum()), 'flagged pupil')} lose the flag, {words.share(told.always)} keep it in all; "
        f"{words.share(told.overlap)} of the three strongest themes are so again; sums of themes move by up to "
        f"{told.noise[loudest]:.2f} log-odds ({loudest})"
    )
    return Check("E7", title, "failed" if told.flips > MOST_FLIPS else "passed", figure)


def _strongest(sums: Floats) -> npt.NDArray[np.bool_]:
    """Of each pupil the themes that raise the score most: three at most, and none that lowers it."""
    place = np.argsort(np.argsort(-sums, axis=1, kind="stable"), axis=1)
    return np.asarray((place < TOP) & (sums > 0))
