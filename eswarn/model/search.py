"""Search for settings of the model on inner cohorts: nothing outside the training rows is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold

from eswarn.cohort.blocks import forward_split, on_dates
from eswarn.config import Config, ModelConfig
from eswarn.errors import UsageError
from eswarn.features.compute import Dataset
from eswarn.model.risk import RiskModel

FOLDS = 3
LEAST_CHANCE = 1e-6
# Smaller and larger than what follows from the number of leavers: factors of trees and leaves, steps of depth, and of the penalty.
GRID: tuple[Mapping[str, float], ...] = (
    {}, {"trees": 0.5}, {"trees": 2}, {"depth": -1, "leaves": 0.5}, {"depth": 1, "leaves": 2}, {"l2": 10},
)  # fmt: skip
RANGES: dict[str, tuple[float, float]] = {"trees": (0.3, 3), "depth": (-2, 2), "leaves": (0.3, 3), "l2": (0.1, 30)}

Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.str_]
Inner = list[tuple[Bools, Bools]]


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings that were tried, and how they did.

    Attributes
    ----------
    settings : mapping of str to number
        trees, depth, leaves, l2.
    log_loss : float
        Of the calibrated chance on inner rows not learned from, mean over inner folds; lower is better.
    """

    settings: Mapping[str, float]
    log_loss: float


def search(make: Callable[[ModelConfig], RiskModel], train: Dataset, config: Config) -> tuple[ModelConfig, tuple[Trial, ...]]:
    """Try settings, and take those with the smallest log loss of the calibrated chance, which rewards ranking and calibration both.

    Parameters
    ----------
    make : function
        Makes an unfitted model of a configuration.
    train : Dataset
        Labelled rows. A later part of their own dates judges, where their label windows leave one; else three folds by pupil.
    config : Config
        Method and trials; what its ``[model]`` sets to a number is not searched for.

    Returns
    -------
    tuple
        The settings found, and every trial in the order it was made.

    Raises
    ------
    UsageError
        Optuna is asked for, and is not installed.
    """
    pupil, y = train.keys["pupil_id"].to_numpy(str), train.y.astype(int)
    start, how = config.model, config.search
    folds = _by_date(train, config) or _by_pupil(y, pupil, start.seed)
    size = make(start).fit(train.X, y, groups=pupil).size_
    free = [name for name in RANGES if name not in start.model_fields_set or getattr(start, name) == "auto"]
    made: dict[tuple[tuple[str, float], ...], Trial] = {}

    def tried(factors: Mapping[str, float]) -> float:
        settings = {name: value for name, value in _settings(size, start, factors).items() if name in free}
        key = tuple(sorted(settings.items()))
        if key not in made:
            model = make(start.model_copy(update=settings))
            losses = [_loss(model, train, pupil, learn, judge) for learn, judge in folds]
            made[key] = Trial(settings, float(np.mean(losses)))
        return made[key].log_loss

    if how.method == "optuna":
        _by_optuna(tried, free, how.trials, start.seed)
    else:
        for factors in GRID:
            tried(factors)
    best = min(made.values(), key=lambda trial: trial.log_loss)
    return start.model_copy(update=dict(best.settings)), tuple(made.values())


def _settings(size: Mapping[str, int], config: ModelConfig, factors: Mapping[str, float]) -> dict[str, float]:
    depth = int(np.clip(size["depth"] + factors.get("depth", 0), 1, 8))
    return {
        "trees": max(10, round(size["trees"] * factors.get("trees", 1))),
        "depth": depth,
        "leaves": int(np.clip(round(size["leaves"] * factors.get("leaves", 1)), 2, 2**depth)),
        "l2": float(f"{config.l2 * factors.get('l2', 1):.3g}"),
    }


def _loss(model: RiskModel, train: Dataset, pupil: Texts, learn: Bools, judge: Bools) -> float:
    y = train.y.astype(int)
    fitted = model.fit(train.X[learn], y[learn], groups=pupil[learn])
    risk = np.clip(fitted.predict_proba(train.X[judge])[:, 1], LEAST_CHANCE, 1 - LEAST_CHANCE)
    return float(-np.mean(np.where(y[judge] == 1, np.log(risk), np.log1p(-risk))))


def _by_date(train: Dataset, config: Config) -> Inner:
    days, leavers = train.keys["as_of"], train.leavers
    least = config.model.min_leavers
    split = forward_split(tuple(leavers), leavers, config.cohort, train_least=least, calibrate_least=least)
    return [] if split is None else [(on_dates(days, split[0]), on_dates(days, split[1]))]


def _by_pupil(y: npt.NDArray[np.int64], pupil: Texts, seed: int) -> Inner:
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(pupil, y, pupil)
    return [(np.isin(np.arange(len(y)), learn), np.isin(np.arange(len(y)), judge)) for learn, judge in folds]


def _by_optuna(tried: Callable[[Mapping[str, float]], float], free: list[str], trials: int, seed: int) -> None:
    try:
        import optuna
    except ModuleNotFoundError:
        raise UsageError("optuna is not installed", where="[search]", do='pip install "eswarn[search]", or set method = "grid".') from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))  # kept in memory, minimises
    study.enqueue_trial(dict.fromkeys(free, 1.0) | ({"depth": 0} if "depth" in free else {}))  # what follows from the data comes first

    def objective(trial: optuna.Trial) -> float:
        factors = {
            name: trial.suggest_int(name, *map(int, RANGES[name]))
            if name == "depth"
            else trial.suggest_float(name, *RANGES[name], log=True)
            for name in free
        }
        return tried(factors)

    study.optimize(objective, n_trials=trials)
