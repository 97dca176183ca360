"""Labelled feature table to model: used by training and by validation alike."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from eswarn import words
from eswarn.cohort.blocks import forward_split, on_dates
from eswarn.cohort.label import horizon_said
from eswarn.cohort.lately import Register
from eswarn.config import Config, ModelConfig
from eswarn.errors import InputRefused
from eswarn.features.compute import Dataset
from eswarn.model.booster import raw_scores
from eswarn.model.bundle import Model
from eswarn.model.layout import Layout
from eswarn.model.profile import profile
from eswarn.model.reasons import Teller, typical_values
from eswarn.model.reference import Reference, count_reference
from eswarn.model.shapley import METHOD, Explainer, explainer_against
from eswarn.model.trees import read_trees
from eswarn.parallel import blocks

if TYPE_CHECKING:
    from eswarn.model.risk import RiskModel
    from eswarn.model.search import Trial

ROWS_AT_ONCE = 50_000  # explained at once while training
REFITS = 4  # of other draws and seeds, to tell which reasons are level
TYPICAL_LEAST = 10  # pupils behind a typical value
TRAIN_LEAST, CALIBRATE_LEAST = 200, 50  # leavers without which a later cohort is not split off for calibration
SETTINGS = ("trees", "depth", "leaves", "min_leaf", "average", "learning_rate", "l2", "seed")
PACKAGES = ("lightgbm", "numpy", "pandas", "scikit-learn")


@dataclass(frozen=True)
class Fitted:
    """A fitted model with what is needed to judge it and to write its card.

    Attributes
    ----------
    risk_model : RiskModel
        Trees and curve.
    data : Dataset
        Labelled rows the trees learned from.
    raw, y : array
        Raw scores and outcomes of the rows the curve was fitted on, held out from the trees.
    judged_on : tuple of date
        As-of dates of those rows.
    settings : ModelConfig
        Those of the configuration, or those a search found.
    tried : tuple of Trial
        Every setting a search tried.
    """

    risk_model: RiskModel
    data: Dataset
    raw: npt.NDArray[np.float64]
    y: npt.NDArray[np.integer]
    judged_on: tuple[dt.date, ...]
    settings: ModelConfig
    tried: tuple[Trial, ...] = ()


def fit(data: Dataset, config: Config) -> Fitted:
    """Fit trees and calibration curve on the labelled rows.

    Parameters
    ----------
    data : Dataset
        Rows with labels; those without one are left out and counted on the card.
    config : Config
        Choices.

    Raises
    ------
    InputRefused
        Too few leavers, or none but leavers.
    """
    from eswarn.model.risk import RiskModel
    from eswarn.model.search import search

    train, later = _blocks(data.rows(~np.isnan(data.y)), config)
    leavers = train.y == 1
    n_leavers = train.keys["pupil_id"][leavers].nunique()
    if n_leavers < config.model.min_leavers or leavers.all():
        raise InputRefused(
            f"{words.count(n_leavers, 'pupil')} known to have left early, "
            f"and {config.model.min_leavers} is the least a model may learn from",
            do="Use more years or more schools, check [cohort] leaving, or score with a model trained elsewhere.",
        )

    def make(settings: ModelConfig) -> RiskModel:
        return RiskModel(**{name: getattr(settings, name) for name in SETTINGS}, monotone={f.column: f.sign for f in data.features})

    found, tried = search(make, train, config) if config.search.method != "off" else (config.model, ())
    model = make(found)
    held_out = None if later is None else (later.X, later.y.astype(int), later.keys["pupil_id"].to_numpy(str))
    model.fit(train.X, train.y.astype(int), groups=train.keys["pupil_id"].to_numpy(str), later=held_out)
    raw, y = model.judged_
    return Fitted(model, train, raw, y, _dates(train if later is None else later), found, tried)


def _blocks(labelled: Dataset, config: Config) -> tuple[Dataset, Dataset | None]:
    """Training rows, and the rows of a later cohort to calibrate on where there is one."""
    if config.model.calibration == "cross-fit":
        return labelled, None
    dates = labelled.keys["as_of"].to_numpy()
    leavers = labelled.leavers
    least = (1, 1) if config.model.calibration == "later-cohort" else (TRAIN_LEAST, CALIBRATE_LEAST)
    split = forward_split(tuple(leavers), leavers, config.cohort, train_least=least[0], calibrate_least=least[1])
    if split is None:
        if config.model.calibration == "later-cohort":
            raise InputRefused("there is no later cohort to calibrate on", do='Set [model] calibration = "cross-fit", or use more years.')
        return labelled, None
    train, later = (labelled.rows(on_dates(dates, block)) for block in split)
    return train, later


def _dates(data: Dataset) -> tuple[dt.date, ...]:
    return tuple(sorted(set(data.keys["as_of"])))


def assemble(
    fitted: Fitted, data: Dataset, config: Config, *, digest: str, metrics: dict[str, float], validation: dict[str, Any],
    registers: Mapping[dt.date, Register],
) -> Model:  # fmt: skip
    """Put a fitted model, its card and what is typical together.

    Parameters
    ----------
    fitted : Fitted
        From `fit`.
    data : Dataset
        Everything that `fit` was given, labelled or not: the card counts what was left out.
    digest : str
        Hash of the records.
    metrics : dict of str to float
        How the trees judged the rows they had not seen.
    validation : dict
        Plain data of a validation of the same procedure on the same records, or why there is none.
    registers : mapping of date to Register
        What the registers looked like on each as-of date: kept as counts, for later cohorts to be compared with.
    """
    from eswarn.model.refits import place_noise, reason_noise, regrown

    train, model = fitted.data, fitted.risk_model
    typical = typical_values(
        {str(c): train.X[c].to_numpy() for c in train.X}, train.keys["year_group"].to_numpy(float), least=TYPICAL_LEAST
    )
    text = model.booster_.model_to_string()
    layout = Layout(read_trees(text))
    table = np.ascontiguousarray(train.X.to_numpy(float))
    reference, deviation = _reference(layout, table)
    whose = {name: train.keys[f"{name}_id"].to_numpy(str) for name in ("pupil", "school")}
    again = list(regrown(model, table, train.y, **whose, n=REFITS))
    others = [explainer_against(booster.model_to_string(), table) for booster in again]
    noise = reason_noise(Explainer(layout, reference), others, table, theme_sums=Teller(data.features, {}).theme_sums)
    own, *moved = (raw_scores(booster, table) for booster in (model.booster_, *again))
    card: dict[str, Any] = {
        "eswarn": importlib.metadata.version("eswarn"),
        "purpose": "Ranks pupils on roll by their chance of leaving school early, so that help reaches them in time. Not for sanctions.",
        "cohort": _cohort(fitted, data, config),
        "config": config.model_dump(mode="json", exclude={"tracking": True, "cohort": {"horizon_days"} if config.cohort.until else set()}),
        "data_digest": digest,
        "features": [
            {
                "column": f.column, "theme": f.theme, "more_is": f.more_is, "actionable": f.actionable, "protected": f.protected,
                "reads_as": f.reads_as, "says": f.says, "silent": f.silent, "fingerprint": f.fingerprint, "needs": list(f.measure.tables),
            } for f in data.features
        ],
        "feature_fingerprint": data.fingerprint,
        "model": model.size_ | {"learning_rate": model.learning_rate, "l2": model.l2, "seed": model.seed},
        "search": {"method": config.search.method, "tried": [{"settings": dict(t.settings), "log_loss": t.log_loss} for t in fitted.tried]},
        "calibration": {
            "method": model.curve_.method, "on": model.calibrated_on_, "rows": len(fitted.y), "leaver_rows": int(fitted.y.sum()),
            "as_of": [str(d) for d in fitted.judged_on],
        },
        "explanations": {
            "method": METHOD, "reference_rows": reference.rows, "counts_pooled_under": reference.least,
            "largest_deviation_by_pooling": float(f"{deviation:.3g}"), "refits": len(others), "refit_noise": float(f"{noise:.3g}"),
            "place_noise": float(f"{place_noise(own, moved):.3g}"),
        },
        "metrics": metrics,
        "metrics_are": "how the trees ranked rows they did not learn from, of the same schools; not an evaluation",
        "validation": validation,
        "software": {p: importlib.metadata.version(p) for p in PACKAGES},
    }  # fmt: skip
    judged = ~np.isnan(data.y) & on_dates(data.keys["as_of"], fitted.judged_on)
    told = profile(data, raw=fitted.raw, risk=model.curve_(fitted.raw), judged=judged, registers=registers, salt=digest)
    card["drift"] = told.model_dump(mode="json")
    return Model(text, model.curve_, {"typical": typical, **reference.plain(layout)}, card, data.features)


def _reference(layout: Layout, table: npt.NDArray[np.float64]) -> tuple[Reference, float]:
    """The pooled counts of the training cohort, and by how much they change any value of any of its rows, in log-odds."""
    counted = count_reference(layout, table)
    pooled = counted.pooled(layout)
    exact, kept = Explainer(layout, counted), Explainer(layout, pooled)
    gaps = [np.abs(exact(table[rows]).values - kept(table[rows]).values).max() for rows in blocks(len(table), ROWS_AT_ONCE)]
    return pooled, float(max(gaps))


def _cohort(fitted: Fitted, data: Dataset, config: Config) -> dict[str, Any]:
    train = fitted.data
    dates = _dates(train)
    pupils, schools, rows = train.keys["pupil_id"].nunique(), train.keys["school_id"].nunique(), len(train.y)
    where, when = words.count(schools, "school"), words.count(len(dates), "date")
    leavers = train.y == 1
    return {
        "said": f"{pupils:,} pupils of {where} on {when} from {dates[0]} to {dates[-1]}",
        "as_of": [str(d) for d in dates], "horizon": horizon_said(config.cohort), "rows": rows, "pupils": pupils, "schools": schools,
        "leaver_rows": int(leavers.sum()), "leavers": int(train.keys["pupil_id"][leavers].nunique()),
        "base_rate": round(float(leavers.mean()), 6),
        "not_labelled_rows": int(np.isnan(data.y).sum()), "unknown_destination_rows": int(data.unknown.sum()),
        "could_not_be_scored_rows": _counted(data.left_out["reason"].astype(str).tolist()),
    }  # fmt: skip


def _counted(words: list[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))
