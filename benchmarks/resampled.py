"""What oversampling the rarer outcome costs in calibration and gains in ranking: random copies, and SMOTE, on training rows only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from eswarn.evaluation.metrics import ece
from eswarn.model.risk import RiskModel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer]
NEIGHBOURS = 5
Resample = Callable[[Floats, Ints, np.random.Generator], tuple[Floats, Ints]]


def random_copies(X: Floats, y: Ints, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Copies of cases until there are as many as others."""
    more = rng.choice(np.flatnonzero(y == 1), int((y == 0).sum() - (y == 1).sum()))
    rows = np.concatenate([np.arange(len(y)), more])
    return X[rows], y[rows]


def smote(X: Floats, y: Ints, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Made-up cases between a case and one of its five nearest (Chawla and others 2002), until there are as many as others."""
    from sklearn.neighbors import NearestNeighbors

    cases = X[y == 1]
    filled = np.nan_to_num(cases)  # missing counts as 0 where neighbours are looked for, and stays missing in what is made
    spread = filled.std(axis=0)
    near = NearestNeighbors(n_neighbors=min(NEIGHBOURS + 1, len(cases))).fit(filled / np.where(spread > 0, spread, 1))
    others = near.kneighbors(return_distance=False)
    first = rng.integers(len(cases), size=int((y == 0).sum() - len(cases)))
    second = others[first, rng.integers(others.shape[1], size=len(first))]
    made = cases[first] + rng.random((len(first), 1)) * (cases[second] - cases[first])
    return np.concatenate([X, made]), np.concatenate([y, np.ones(len(made), y.dtype)])


METHODS: dict[str, Resample] = {"none": lambda X, y, _: (X, y), "random copies": random_copies, "SMOTE": smote}


def cost_of_resampling(parts: list[tuple[Floats, Ints, Floats, Ints]], *, seed: int) -> list[dict[str, Any]]:
    """How RiskModel does after each method, all test rows together.

    Parameters
    ----------
    parts : list of (X, y, X, y)
        Rows to learn from, and rows to be judged on.
    """
    told = []
    for name, resample in METHODS.items():
        risk = np.concatenate([_risk(resample, *part[:3], seed=seed) for part in parts])
        told.append({"method": name} | _figures(risk, np.concatenate([part[3] for part in parts])))
    return told


def _risk(resample: Resample, X: Floats, y: Ints, later: Floats, *, seed: int) -> Floats:
    return RiskModel().fit(*resample(X, y, np.random.default_rng(seed))).predict_proba(later)[:, 1]


def _figures(risk: Floats, y: Ints) -> dict[str, float]:
    """AUC, ECE in ten equal-width bins, observed over expected, calibration slope, Brier score."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    clipped = np.clip(risk, 1e-6, 1 - 1e-6)
    slope = LogisticRegression(C=1e9).fit(np.log(clipped / (1 - clipped))[:, None], y).coef_[0, 0]
    return {
        "rows": len(y), "cases": int(y.sum()), "auc": round(float(roc_auc_score(y, risk)), 4), "ece": round(ece(risk, y), 4),
        "observed_over_expected": round(float(y.sum() / risk.sum()), 3), "slope": round(float(slope), 3),
        "brier": round(float(((risk - y) ** 2).mean()), 4),
    }  # fmt: skip
