"""One job of explanations.py in a process of its own: make a model and its rows, or explain them in one way, and what that cost.

python -m benchmarks.explanations_jobs JOB FOLDER [--rows N]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

MODELS = {"300 x 31": (300, 31, 7), "1000 x 63": (1_000, 63, 8)}  # trees, leaves, depth
FEATURES, REFERENCE, FRESH, SEED = 80, 300_000, 20_000, 11
AGREES_AT = 200  # rows
Told = dict[str, Any]


def make(folder: Path, name: str) -> Told:
    """Train a model of the size named on 300,000 made-up rows, and keep both; and 20,000 further rows."""
    import lightgbm as lgb

    trees, leaves, depth = MODELS[name]
    rng = np.random.default_rng(SEED)
    rows = rng.normal(size=(REFERENCE + FRESH, FEATURES)).round(2)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    known = np.nan_to_num(rows)
    pull = known[:, 0] + known[:, 1] * known[:, 2] + (known[:, 3] > 0) + known[:, 4:20] @ rng.normal(scale=0.2, size=16)
    y = pull + rng.normal(size=len(rows)) > 2
    settings = {
        "objective": "binary", "num_leaves": leaves, "max_depth": depth, "min_data_in_leaf": 50, "learning_rate": 0.05,
        "feature_fraction": 0.5, "seed": SEED, "verbosity": -1,
    }  # fmt: skip
    booster = lgb.train(settings, lgb.Dataset(rows[:REFERENCE], y[:REFERENCE]), trees)
    np.save(folder / "reference.npy", rows[:REFERENCE])
    np.save(folder / "rows.npy", rows[REFERENCE:])
    (folder / "model.txt").write_text(booster.model_to_string())
    return {"trees": booster.num_trees()}


def _load(folder: Path, rows: int) -> tuple[str, np.ndarray, np.ndarray]:
    return (folder / "model.txt").read_text(), np.load(folder / "rows.npy")[:rows], np.load(folder / "reference.npy", mmap_mode="r")


def _timed(first: Callable[[], Any], rows: int) -> tuple[Told, Any]:
    began = time.perf_counter()
    found = first()
    return {"rows": rows, "seconds": round(time.perf_counter() - began, 4)}, found


def _lightgbm(folder: Path, rows: int, **kind: bool) -> Told:
    import lightgbm as lgb

    text, X, _ = _load(folder, rows)
    booster = lgb.Booster(model_str=text)
    return _timed(lambda: booster.predict(X, num_threads=int(os.environ["OMP_NUM_THREADS"]), **kind), rows)[0]


def _tree_explainer(folder: Path, rows: int, background: int) -> Told:
    import lightgbm as lgb
    import shap

    text, X, reference = _load(folder, rows)
    booster = lgb.Booster(model_str=text)
    if not background:
        explainer = shap.TreeExplainer(booster)
    else:  # without this the background is cut to 100 rows in silence
        masker = shap.maskers.Independent(np.asarray(reference[:background]), max_samples=background)
        explainer = shap.TreeExplainer(booster, masker)
    return _timed(lambda: explainer.shap_values(X, check_additivity=False), rows)[0]


def _woodelf(folder: Path, rows: int, background: int) -> Told:
    import lightgbm as lgb
    import pandas as pd
    import woodelf

    text, X, reference = _load(folder, rows)
    booster = lgb.Booster(model_str=text)
    names = booster.feature_name()
    given = pd.DataFrame(reference[:background], columns=names) if background else None
    explainer = woodelf.WoodelfExplainer(booster, given)
    told, values = _timed(lambda: explainer.shap_values(pd.DataFrame(X, columns=names), verbose=False), rows)
    if not background:
        true = booster.predict(X[:AGREES_AT], pred_contrib=True)[:, :-1]
        told["largest_error"] = float(np.abs(np.asarray(values)[:AGREES_AT] - true).max())
    return told


def _fasttreeshap(folder: Path, rows: int, algorithm: str) -> Told:
    import fasttreeshap
    import lightgbm as lgb

    text, X, _ = _load(folder, rows)
    booster = lgb.Booster(model_str=text)
    explainer = fasttreeshap.TreeExplainer(booster, algorithm=algorithm, n_jobs=1)
    told, found = _timed(lambda: explainer(X, check_additivity=False), rows)
    true = booster.predict(X[:AGREES_AT], pred_contrib=True)[:, :-1]
    told["largest_error"] = float(np.abs(np.asarray(found.values).reshape(rows, -1)[:AGREES_AT, :FEATURES] - true).max())
    return told


def _count(folder: Path, _: int) -> Told:
    """Build the reference from all 300,000 rows and keep it: a part of training."""
    from eswarn.model.layout import Layout
    from eswarn.model.reference import count_reference
    from eswarn.model.trees import read_trees

    text, _, reference = _load(folder, 0)
    rows = np.ascontiguousarray(reference)
    told, pooled = _timed(lambda: (layout := Layout(read_trees(text)), count_reference(layout, rows).pooled(layout)), REFERENCE)
    plain = json.dumps(pooled[1].plain(pooled[0]))
    (folder / "counted.json").write_text(plain)
    return told | {"text_mb": round(len(plain) / 1e6, 1), "table_mb": round(int(pooled[0].groups.table_start[-1]) * 8 / 1e6, 1)}


def _eswarn(folder: Path, rows: int, method: str) -> Told:
    """A first call as a user makes it, everything read anew, and then the same rows again by the tables that stand."""
    from eswarn.model.layout import Layout
    from eswarn.model.reference import Reference
    from eswarn.model.shapley import Explainer, shapley_values
    from eswarn.model.trees import read_trees

    text, X, _ = _load(folder, rows)
    shapley_values(text, X[:1], method="path")  # compiled code is loaded; the clock starts after it
    kept = json.loads((folder / "counted.json").read_text()) if method == "interventional" else None

    def first() -> Explainer:
        layout = Layout(read_trees(text))
        explainer = Explainer(layout, Reference.from_plain(kept, layout) if kept else None)
        explainer(X)
        return explainer

    told, explainer = _timed(first, rows)
    again, found = _timed(lambda: explainer(X), rows)
    if not kept:
        import lightgbm as lgb

        true = lgb.Booster(model_str=text).predict(X[:AGREES_AT], pred_contrib=True)
        told["largest_error"] = float(np.abs(found.values[:AGREES_AT] - true[:, :-1]).max())
    return {**told, "again": again["seconds"]}


JOBS: dict[str, Callable[[Path, int], Told]] = {
    **{f"make {name}": (lambda folder, _, name=name: make(folder, name)) for name in MODELS},
    "predict": lambda folder, rows: _lightgbm(folder, rows, raw_score=True),
    "pred_contrib": lambda folder, rows: _lightgbm(folder, rows, pred_contrib=True),
    "shap path": lambda folder, rows: _tree_explainer(folder, rows, 0),
    "shap interventional 100": lambda folder, rows: _tree_explainer(folder, rows, 100),
    "shap interventional 1000": lambda folder, rows: _tree_explainer(folder, rows, 1_000),
    "woodelf path": lambda folder, rows: _woodelf(folder, rows, 0),
    "woodelf interventional 1000": lambda folder, rows: _woodelf(folder, rows, 1_000),
    "fasttreeshap v1": lambda folder, rows: _fasttreeshap(folder, rows, "v1"),
    "fasttreeshap v2": lambda folder, rows: _fasttreeshap(folder, rows, "v2"),
    "eswarn reference": _count,
    "eswarn interventional": lambda folder, rows: _eswarn(folder, rows, "interventional"),
    "eswarn path": lambda folder, rows: _eswarn(folder, rows, "path"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=FRESH)
    given = parser.parse_args()
    if not given.job.startswith("make"):
        os.environ["OMP_NUM_THREADS"] = os.environ.get("ESWARN_THREADS", "1")
    print(json.dumps(JOBS[given.job](given.folder, given.rows)))


if __name__ == "__main__":
    sys.exit(main())
