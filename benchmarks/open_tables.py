"""Measures RiskModel on two open tables of students split at random, beside plain LightGBM, and what resampling would cost.

    python -m benchmarks.open_tables [--data FOLDER] [--json FILE]      the folder of open data, or ESWARN_DATA

Random split: optimistic, not evidence. The tables have no dates, so all of it only checks the machinery against the literature. The sizes
of RiskModel were chosen on simulated tables. Codes go in as the numbers they are, for both models: one column for each code was tried on
the training rows of one fold of UCI 697 and ranked worse. Plain LightGBM has the library's defaults.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import GroupKFold, StratifiedKFold

import eswarn as ew
from benchmarks.open_tables_page import open_tables_section
from benchmarks.oulad import data_folder
from benchmarks.resampled import cost_of_resampling
from benchmarks.semesters import refused_at_enrolment, semester_of
from eswarn.cohort.dates import training_dates
from eswarn.evaluation.metrics import ece
from eswarn.features.compute import choose, compute
from eswarn.model.risk import RiskModel
from eswarn.records.timeline import Timeline

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer]
Fit = Callable[[pd.DataFrame, Ints, pd.DataFrame], Floats]
SEED, RUNS, REDRAWN = 0, 5, 1_000
LABEL = "random split: optimistic, not evidence"
PUPILS, YEARS, SIMULATED = 2_000, 3, 41  # the simulated school records of the comparison of resampling


def uci697(data: Path) -> tuple[pd.DataFrame, Ints]:
    """Students of the Portuguese polytechnic as numbers, and who dropped out against all others."""
    told = pd.read_csv(data / "uci697" / "data.csv", sep=";", encoding="utf-8-sig").rename(columns=str.strip)
    return told.drop(columns="Target").astype(float), (told["Target"] == "Dropout").to_numpy(int)


def cortez(data: Path, course: str) -> tuple[pd.DataFrame, Ints]:
    """Pupils of two Portuguese schools, words as codes in the order of the alphabet, and who failed (final grade under 10)."""
    told = pd.read_csv(data / "cortez" / f"student-{course}.csv", sep=";")
    words = told.select_dtypes(exclude="number").columns
    coded = told.assign(**{name: told[name].astype("category").cat.codes for name in words}).astype(float)
    return coded.drop(columns="G3"), (told["G3"] < 10).to_numpy(int)


def eswarn(train: pd.DataFrame, y: Ints, test: pd.DataFrame) -> Floats:
    """RiskModel with its defaults, the curve cross-fitted."""
    return np.asarray(RiskModel().fit(train, y).predict_proba(test)[:, 1])


def plain(train: pd.DataFrame, y: Ints, test: pd.DataFrame) -> Floats:
    """LightGBM with the library's defaults."""
    from lightgbm import LGBMClassifier

    return np.asarray(LGBMClassifier(random_state=SEED, verbose=-1, n_jobs=1).fit(train, y).predict_proba(test)[:, 1])


MODELS: dict[str, Fit] = {"eswarn": eswarn, "LightGBM": plain}


def measure_open_tables(data: Path) -> dict[str, Any]:
    """Both tables, each set of columns, both models; plain values, ready for JSON.

    Parameters
    ----------
    data : Path
        The folder of open data, with ``uci697`` and ``cortez``.
    """
    began, rows = time.perf_counter(), []
    students, y = uci697(data)
    for name, last in (("enrolment", 0), ("semester 1", 1), ("semester 2", 2)):
        X = students[[c for c in students if semester_of(c) <= last]]
        rows += [_row("uci697", name, model, X, y, folds=5, runs=1) for model in MODELS]
    for course in ("mat", "por"):
        pupils, failed = cortez(data, course)
        for name, without, grade in (("C", ["G1", "G2"], None), ("B", ["G2"], "G1"), ("A", [], "G2")):
            # the rule of the literature: as the last grade known, or as most do
            rule = failed * 0 if grade is None else (pupils[grade] < 10).to_numpy(int)
            X = pupils.drop(columns=without)
            rows += [_row(course, name, model, X, failed, folds=10, runs=RUNS, rule=rule) for model in MODELS]
    enrolment = students[[c for c in students if not semester_of(c)]]
    resampling = {"uci697 at enrolment": cost_of_resampling(_parts(enrolment.to_numpy(), y), seed=SEED),
                  f"simulated schools, {PUPILS:,} pupils": cost_of_resampling(_simulated(), seed=SEED)}  # fmt: skip
    return {
        "command": "python -m benchmarks.open_tables", "n": len(rows), "label": LABEL, "runs": RUNS, "rows": rows,
        "refused": refused_at_enrolment(students), "resampling": resampling, "seconds": round(time.perf_counter() - began),
    }  # fmt: skip


def _row(
    table: str, columns: str, model: str, X: pd.DataFrame, y: Ints, *, folds: int, runs: int, rule: Ints | None = None
) -> dict[str, Any]:  # fmt: skip
    """Figures of one model on one set of columns: means over the runs."""
    risks = np.stack([_out_of_fold(MODELS[model], X, y, folds=folds, seed=SEED + run) for run in range(runs)])
    auc, right = np.mean([roc_auc_score(y, risk) for risk in risks]), np.mean([((risk > 0.5) == y).mean() for risk in risks])
    null = _null(risks)
    row = {
        "table": table, "columns": columns, "model": model, "rows": len(y), "cases": int(y.sum()),
        "auc": auc, "auc_se": hanley_mcneil(auc, y),
        "accuracy": right, "accuracy_se": math.sqrt(right * (1 - right) / len(y)),
        "brier": np.mean([brier_score_loss(y, risk) for risk in risks]),
        "ece": np.mean([ece(risk, y) for risk in risks]), "ece_null": np.median(null), "ece_null_95": np.quantile(null, 0.95),
    } | ({} if rule is None else {"rule_accuracy": (rule == y).mean()})  # fmt: skip
    print(row := {k: round(float(v), 4) if isinstance(v, float | np.floating) else v for k, v in row.items()}, flush=True)
    return row


def _out_of_fold(fit: Fit, X: pd.DataFrame, y: Ints, *, folds: int, seed: int) -> Floats:
    risk = np.empty(len(y))
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(X, y):
        risk[test] = fit(X.iloc[train], y[train], X.iloc[test])
    return risk


def hanley_mcneil(auc: float, y: Ints) -> float:
    """Standard error of an AUC (Hanley and McNeil 1982)."""
    ones, zeros = int(y.sum()), int((1 - y).sum())
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    return math.sqrt((auc * (1 - auc) + (ones - 1) * (q1 - auc**2) + (zeros - 1) * (q2 - auc**2)) / (ones * zeros))


def _null(risks: Floats) -> Floats:
    """ECE, mean over the runs, of outcomes drawn as the chances say: what a perfectly calibrated model of this size shows."""
    rng, true = np.random.default_rng(SEED), risks.mean(axis=0)
    drawn = ((rng.random(risks.shape[1]) < true).astype(int) for _ in range(REDRAWN))
    return np.array([np.mean([ece(risk, outcome) for risk in risks]) for outcome in drawn])


def _parts(X: Floats, y: Ints) -> list[tuple[Floats, Ints, Floats, Ints]]:
    """Five folds of a table."""
    folds = StratifiedKFold(5, shuffle=True, random_state=SEED).split(X, y)
    return [(X[train], y[train], X[test], y[test]) for train, test in folds]


def _simulated() -> list[tuple[Floats, Ints, Floats, Ints]]:
    """Five folds of simulated pupils, with all rows of a pupil in one."""
    records, config = ew.simulate(pupils=PUPILS, years=YEARS, seed=SIMULATED), ew.Config()
    timeline, features = Timeline(records), choose(config.features, ew.FEATURES)
    made = compute(timeline, training_dates(timeline, config.cohort), config.cohort, features=features, labelled=True)
    known = made.rows(~np.isnan(made.y))
    X, y = known.X.to_numpy(float), known.y.astype(int)
    return [(X[train], y[train], X[test], y[test]) for train, test in GroupKFold(5).split(X, y, known.keys["pupil_id"])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the folder of open data; else ESWARN_DATA")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    given = parser.parse_args()
    data = data_folder(given.data)
    if data is None:
        sys.exit("the folder of open data is needed: --data FOLDER, or ESWARN_DATA")
    part = measure_open_tables(data)
    print("\n".join(open_tables_section(part)))
    if given.json:
        given.json.write_text(json.dumps(part, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
