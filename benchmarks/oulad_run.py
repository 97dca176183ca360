"""Runs eswarn's command line on real learners, train BBB-2013B and score BBB-2013J, and judges it beside two rivals.

    python benchmarks/oulad_run.py [--data FOLDER] [--work DIR]      the folder of open data, or ESWARN_DATA

Rivals: the rule "days since last activity" on the same days, and LightGBM with library defaults on the very table that
`eswarn features` writes. Who is enrolled, who left and when each was last active is read from the open data directly, not
from eswarn. Learners whom eswarn could not score are ranked last: a leaver among them is missed. Nothing is tuned on 2013J:
what was tried was judged within 2013B, each learner by trees and a curve that had seen none of that learner's rows.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.oulad import Presentation, data_folder, export, load
from benchmarks.oulad_page import BARS, oulad_section
from benchmarks.paired import DRAWS, PLACES, SEED, against, draws_of, figures, ranked
from eswarn.evaluation.calibrated import ece, observed_over_expected
from eswarn.evaluation.metrics import auc
from eswarn.features.library import FEATURES

Floats = npt.NDArray[np.float64]
ROOT = Path(__file__).resolve().parents[1]
DAYS = (14, 28, 56, 84, 112)
TRAIN, TEST = "BBB-2013B", "BBB-2013J"
# Models: what each does without. Marks count from the day handed in, though no learner was told one on that day.
VARIANTS: dict[str, tuple[str, ...]] = {
    "eswarn": (), "eswarn without marks": ("attainment",), "eswarn on activity only": ("attainment", "results", "time_at_school"),
}  # fmt: skip
# Tried within BBB-2013B only: what each does without, settings of the model, whether the day of the presentation is a column.
TRIED: dict[str, tuple[tuple[str, ...], dict[str, int], bool]] = {
    **{name: (without, {}, False) for name, without in VARIANTS.items()},
    "eswarn, fewer and smaller trees": ((), {"trees": 60, "depth": 2, "leaves": 4}, False),
    "eswarn, with the day as a column": ((), {}, True),
}  # fmt: skip
FOLDS = 5
# An earlier measurement of the project on clicks alone, window strictly before the day (November 2026).
REFERENCE = {
    "auc": {"rule": (0.575, 0.569, 0.595, 0.575, 0.593), "LightGBM": (0.552, 0.579, 0.593, 0.549, 0.607)},
    "ece": {"LightGBM": (0.099, 0.077, 0.079, 0.085, 0.059)},
}


def eswarn(*arguments: object) -> None:
    """Run the command line as a user would; stop where it refuses."""
    done = subprocess.run([sys.executable, "-m", "eswarn.cli", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"eswarn {' '.join(map(str, arguments))}\nended with exit code {done.returncode}:\n{done.stderr}")


def run(data: Path, work: Path) -> dict[str, Any]:
    """Export, check, train and score with the command line, then judge each day: plain values, ready for JSON."""
    train, test = load(data, TRAIN), load(data, TEST)
    counts = {of.name: export(of, work / of.name) for of in (train, test)}
    for of in (train, test):
        eswarn("check", work / of.name)
    for name, without in VARIANTS.items():
        _train_and_score(work, test, name, without)
    tables = {of.name: _features(of, work) for of in (train, test)}
    plain = _plain_lightgbm(tables[TRAIN], train)
    in_both = len(set(train.learners["id_student"]) & set(test.learners["id_student"]))
    return {
        "train": TRAIN, "test": TEST, "places": PLACES, "draws": DRAWS, "seed": SEED, "counts": counts, "learners_in_both": in_both,
        "variants": VARIANTS, "reference": REFERENCE, "inner": _inner(tables[TRAIN], train),
        "days": [_judge_day(test, train, day, work, tables[TEST], plain) for day in DAYS],
    }  # fmt: skip


def _train_and_score(work: Path, test: Presentation, name: str, without: tuple[str, ...]) -> None:
    choices, model = work / f"{name}.toml", work / name / "model"
    model.parent.mkdir()
    text = (ROOT / "configs" / "oulad-2013b.toml").read_text(encoding="utf-8")
    choices.write_text(text + f"\n[features]\nwithout = {list(without)}\n", encoding="utf-8")
    eswarn("train", work / TRAIN, "--out", model, "--config", choices, "--tracking", "off")
    for day in DAYS:
        eswarn(
            "score", work / TEST, "--model", model, "--as-of", test.date(day), "--out", work / name / str(day),
            "--config", ROOT / "configs" / "oulad-2013j.toml", "--tracking", "off",
        )  # fmt: skip


def _features(of: Presentation, work: Path) -> pd.DataFrame:
    """The table of `eswarn features` on the five days."""
    file = work / f"{of.name}.parquet"
    eswarn("features", work / of.name, *(word for day in DAYS for word in ("--as-of", of.date(day))), "--out", file)
    return pd.read_parquet(file)


def truth(of: Presentation, day: int) -> pd.DataFrame:
    """Everybody enrolled on a day: whether they unregistered later, and the days since they were last active before it.

    Enrolled: registered before the day (or on a day not known), not unregistered on or before it. Never active counts as
    longest ago.
    """
    learners = of.learners
    enrolled = (learners["date_registration"].fillna(-1) < day) & ~(learners["date_unregistration"] <= day).fillna(False)
    there = learners[enrolled]
    last = of.active[of.active["date"] < day].groupby("id_student")["date"].max()
    return pd.DataFrame({
        "pupil_id": "L" + there["id_student"].astype(str), "left": there["date_unregistration"].notna().astype(int),
        "silence": day - there["id_student"].map(last).fillna(-1_000),
    }).set_index("pupil_id").sort_index()  # fmt: skip


def _stacked(table: pd.DataFrame, of: Presentation) -> pd.DataFrame:
    """The rows of the five days, with what happened to each."""
    return pd.concat([truth(of, day).join(_of_day(table, of, day), how="inner").assign(day=day) for day in DAYS])


def _plain_lightgbm(table: pd.DataFrame, of: Presentation) -> Any:
    from lightgbm import LGBMClassifier

    rows = _stacked(table, of)
    return LGBMClassifier(random_state=0, verbosity=-1).fit(rows.drop(columns=["left", "silence", "day"]), rows["left"])


def _of_day(table: pd.DataFrame, of: Presentation, day: int) -> pd.DataFrame:
    return table[table["as_of"] == of.date(day)].drop(columns="as_of").set_index("pupil_id")


def _inner(table: pd.DataFrame, of: Presentation) -> dict[str, dict[str, list[float]]]:
    """Everything tried, judged by day within one presentation: five folds by learner, calibration inside each."""
    from sklearn.model_selection import StratifiedGroupKFold

    from eswarn.model.risk import RiskModel

    rows = _stacked(table, of)
    y, learner, day = rows["left"].to_numpy(), rows.index.to_numpy(str), rows["day"].to_numpy()
    found = {"rule": {"auc": [round(auc(rows["silence"].to_numpy(float)[day == d], y[day == d]), 4) for d in DAYS]}}
    signs = {feature.column: feature.sign for feature in FEATURES}
    for name, (without, settings, with_day) in TRIED.items():
        X = rows.drop(columns=["left", "silence", *without, *(() if with_day else ("day",))])
        risk = np.zeros(len(y))
        for own, other in StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(X, y, learner):
            model = RiskModel(**settings, monotone={str(c): signs[c] for c in X if c in signs})
            model.fit(X.iloc[own], y[own], groups=learner[own])
            # folds are put together by chance, not raw score: the raw scores of two models have no common zero
            risk[other] = model.predict_proba(X.iloc[other])[:, 1]
        told = {"auc": auc, "ece": ece, "observed_over_expected": observed_over_expected}
        found[name] = {key: [round(figure(risk[day == d], y[day == d]), 4) for d in DAYS] for key, figure in told.items()}
    return found


def _judge_day(tested: Presentation, trained: Presentation, day: int, work: Path, table: pd.DataFrame, plain: Any) -> dict[str, Any]:
    true = truth(tested, day)
    y = true["left"].to_numpy()
    raw: dict[str, Floats] = {"rule": true["silence"].to_numpy(float)}
    risks: dict[str, pd.Series] = {}
    for name in VARIANTS:
        out = work / name / str(day)
        raw[name] = _everybody(pd.read_parquet(out / "contributions.parquet").set_index("pupil_id")["raw_score"], true)
        risks[name] = pd.read_parquet(out / "scores.parquet").set_index("pupil_id")["risk"].reindex(true.index)
    rows = _of_day(table, tested, day)
    risks["LightGBM"] = pd.Series(plain.predict_proba(rows)[:, 1], rows.index).reindex(true.index)
    raw["LightGBM"] = _everybody(risks["LightGBM"], true)
    not_scored = pd.read_csv(work / "eswarn" / str(day) / "not_scored.csv")["pupil_id"]
    answered = set(risks["eswarn"].dropna().index) | set(not_scored)
    draws = draws_of(true.index.to_numpy(str))
    under = {name: ranked(draws, score, y) for name, score in raw.items()}
    return {
        "day": day, "n": len(y), "leavers": int(y.sum()), "base_rate": round(y.mean(), 4),
        "base_rate_trained_on": round(truth(trained, day)["left"].mean(), 4), "not_scored": len(not_scored),
        "leavers_not_scored": int(true["left"].reindex(not_scored).sum()), "without_answer": len(set(true.index) - answered),
        "outcome_not_known": 0,  # in this data set an enrolment without unregistration is one that went on
        "figures": {
            name: figures(draws, under[name], risks[name].to_numpy(float) if name in risks else None, y) for name in under
        },
        "against_rule": {name: against(draws, under[name], under["rule"]) for name in under if name != "rule"},
        "against_LightGBM": {"eswarn": against(draws, under["eswarn"], under["LightGBM"])},
    }  # fmt: skip


def _everybody(scores: pd.Series, true: pd.DataFrame) -> Floats:
    """A score for everybody enrolled; -inf, and so last, for those who got none."""
    return scores.reindex(true.index).fillna(-np.inf).to_numpy(float)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the folder of open data; ESWARN_DATA where not given")
    parser.add_argument("--work", type=Path, help="keep exports, models and scores here (a new folder); else they are removed")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    given = parser.parse_args()
    data = data_folder(given.data)
    if data is None:
        sys.exit("Not measured: give --data FOLDER (with oulad/ in it), or set ESWARN_DATA.")
    print("\n".join(BARS), flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        work = given.work or Path(temporary) / "work"
        work.mkdir(parents=True)
        measured = run(data, work)
    if given.json:
        given.json.write_text(json.dumps(measured, indent=1), encoding="utf-8")
    print("\n".join(oulad_section(measured)))


if __name__ == "__main__":
    main()
