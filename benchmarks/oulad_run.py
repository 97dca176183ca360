"""Runs eswarn's command line on real learners, train BBB-2013B and score BBB-2013J, and judges it beside two rivals.

    python benchmarks/oulad_run.py [--data FOLDER] [--work DIR]      the folder of open data, or ESWARN_DATA

Rivals: the rule "days since last activity" on the same days, and LightGBM with library defaults on the very table that
`eswarn features` writes. Who is enrolled, who left and when each was last active is read from the open data directly, not
from eswarn. Learners whom eswarn could not score are ranked last: a leaver among them is missed. Nothing is tuned on 2013J.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.oulad import Presentation, data_folder, export, load
from eswarn.evaluation.metrics import judge, recall_at

Floats = npt.NDArray[np.float64]
ROOT = Path(__file__).resolve().parents[1]
DAYS = (14, 28, 56, 84, 112)
TRAIN, TEST = "BBB-2013B", "BBB-2013J"
PLACES = 0.10
DRAWS, SEED = 2_000, 2013
# Models: what each does without. Marks count from the day handed in, though no learner was told one on that day.
VARIANTS: dict[str, tuple[str, ...]] = {
    "eswarn": (), "eswarn, no marks of assessments": ("attainment",), "eswarn, activity only": ("attainment", "results", "time_at_school"),
}  # fmt: skip
# The handbook's own measurements on clicks alone, window strictly before the day (choices.md, November 2026).
REFERENCE = {
    "rule AUC": (0.575, 0.569, 0.595, 0.575, 0.593),
    "LightGBM AUC": (0.552, 0.579, 0.593, 0.549, 0.607),
    "LightGBM ECE": (0.099, 0.077, 0.079, 0.085, 0.059),
}


def eswarn(*arguments: object) -> None:
    """Run the command line as a user would; stop where it refuses."""
    done = subprocess.run([sys.executable, "-m", "eswarn.cli", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"eswarn {' '.join(map(str, arguments))}\nended with exit code {done.returncode}:\n{done.stderr}")


def run(data: Path, work: Path) -> dict[str, Any]:
    """Export, check, train and score with the command line, then judge each day.

    Returns
    -------
    dict
        ``counts`` of the export, by presentation; ``days``: the figures of each day, by model and rule; ``in_both``:
        learners of both presentations.
    """
    train, test = load(data, TRAIN), load(data, TEST)
    counts = {of.name: export(of, work / of.name) for of in (train, test)}
    for of in (train, test):
        eswarn("check", work / of.name)
    for name, without in VARIANTS.items():
        _train_and_score(work, test, name, without)
    tables = {of.name: _features(of, work) for of in (train, test)}
    plain = _plain_lightgbm(tables[TRAIN], train)
    in_both = len(set(train.learners["id_student"]) & set(test.learners["id_student"]))
    return {"counts": counts, "in_both": in_both, "days": [_judge_day(test, day, work, tables[TEST], plain) for day in DAYS]}


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


def _plain_lightgbm(table: pd.DataFrame, of: Presentation) -> Any:
    from lightgbm import LGBMClassifier

    parts = [truth(of, day).join(_of_day(table, of, day), how="inner") for day in DAYS]
    rows = pd.concat(parts)
    return LGBMClassifier(random_state=0, verbosity=-1).fit(rows.drop(columns=["left", "silence"]), rows["left"])


def _of_day(table: pd.DataFrame, of: Presentation, day: int) -> pd.DataFrame:
    return table[table["as_of"] == of.date(day)].drop(columns="as_of").set_index("pupil_id")


def _judge_day(of: Presentation, day: int, work: Path, table: pd.DataFrame, plain: Any) -> dict[str, Any]:
    true = truth(of, day)
    y = true["left"].to_numpy()
    raw: dict[str, Floats] = {"rule": true["silence"].to_numpy(float)}
    figures: dict[str, dict[str, float]] = {"rule": _figures(raw["rule"], None, y)}
    for name in VARIANTS:
        scored = pd.read_parquet(work / name / str(day) / "contributions.parquet").set_index("pupil_id")["raw_score"]
        risk = pd.read_parquet(work / name / str(day) / "scores.parquet").set_index("pupil_id")["risk"]
        raw[name], figures[name] = _ranked(true, scored, risk)
    rows = _of_day(table, of, day)
    chance = pd.Series(plain.predict_proba(rows)[:, 1], rows.index)
    raw["LightGBM"], figures["LightGBM"] = _ranked(true, chance, chance)
    not_scored = pd.read_csv(work / "eswarn" / str(day) / "not_scored.csv")["pupil_id"]
    known = set(pd.read_parquet(work / "eswarn" / str(day) / "scores.parquet")["pupil_id"]) | set(not_scored)
    return {
        "day": day, "n": len(y), "leavers": int(y.sum()), "not_scored": len(not_scored),
        "leavers_not_scored": int(true["left"].reindex(not_scored).sum()),
        "outcome_not_known": 0,  # an enrolment without unregistration is a stayer in this data set
        "on_roll_for_one_side_only": len(known ^ set(true.index)),
        "figures": {name: {k: round(v, 4) for k, v in f.items()} for name, f in figures.items()},
        "auc_minus_rule": {name: _difference(raw[name], raw["rule"], y) for name in raw if name != "rule"},
        "auc_minus_lightgbm": _difference(raw["eswarn"], raw["LightGBM"], y),
    }  # fmt: skip


def _ranked(true: pd.DataFrame, scored: pd.Series, risk: pd.Series) -> tuple[Floats, dict[str, float]]:
    """Scores of everybody enrolled, those without one last; and the figures."""
    raw = scored.reindex(true.index)
    return (filled := raw.fillna(raw.min() - 1).to_numpy(float)), _figures(filled, risk.reindex(true.index).to_numpy(float), true["left"].to_numpy())


def _figures(raw: Floats, risk: Floats | None, y: npt.NDArray[np.integer]) -> dict[str, float]:
    """Ranking over everybody enrolled; calibration over those with a risk."""
    told = np.ones(len(y), bool) if risk is None else ~np.isnan(risk)
    ranked = judge(raw, np.full(len(y), y.mean()), y)
    figures = {"auc": ranked["auc"], "average_precision": ranked["average_precision"], "recall_at_10_percent": recall_at(raw, y, int(np.ceil(PLACES * len(y))))}
    if risk is None:
        return figures
    calibrated = judge(risk[told], risk[told], y[told])
    return figures | {name: calibrated[name] for name in ("ece", "observed_over_expected", "brier")}


def _difference(ours: Floats, theirs: Floats, y: npt.NDArray[np.integer]) -> dict[str, Any]:
    """AUC of one score less that of another, with a 95 % percentile interval over draws of learners, the same for both."""
    draws = np.random.default_rng(SEED).multinomial(len(y), np.full(len(y), 1 / len(y)), DRAWS)
    gaps = auc(ours, y, draws) - auc(theirs, y, draws)
    once = np.ones((1, len(y)), int)
    low, high = np.percentile(gaps, [2.5, 97.5])
    said = "better" if low > 0 else "worse" if high < 0 else "not shown to beat"
    return {"value": round(float((auc(ours, y, once) - auc(theirs, y, once))[0]), 4), "low": round(float(low), 4), "high": round(float(high), 4), "said": said}


def auc(score: Floats, y: npt.NDArray[np.integer], weights: npt.NDArray[np.integer]) -> Floats:
    """Area under the ROC curve, ties counted half, for each row of weights of shape (draws, n)."""
    _, level = np.unique(score, return_inverse=True)
    order = np.argsort(level, kind="stable")
    starts = np.flatnonzero(np.diff(level[order], prepend=-1))
    left = np.add.reduceat((weights * y)[:, order], starts, axis=1)
    stayed = np.add.reduceat((weights * (1 - y))[:, order], starts, axis=1)
    below = np.cumsum(stayed, axis=1) - stayed
    return np.asarray((left * (below + stayed / 2)).sum(axis=1) / (left.sum(axis=1) * stayed.sum(axis=1)), float)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the folder of open data; ESWARN_DATA where not given")
    parser.add_argument("--work", type=Path, help="keep exports, model and scores here (an empty folder); else they are removed")
    given = parser.parse_args()
    data = data_folder(given.data)
    if data is None:
        sys.exit("Not measured: give --data FOLDER (with oulad/ in it), or set ESWARN_DATA.")
    with tempfile.TemporaryDirectory() as temporary:
        work = given.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        for day in run(data, work)["days"]:
            print(f"Day {day['day']}: n {day['n']:,}, leavers {day['leavers']}, not scored {day['not_scored']} (leavers among them: {day['leavers_not_scored']})")
            for name, figures in day["figures"].items():
                gap = day["auc_minus_rule"].get(name)
                said = f"  AUC − rule {gap['value']:+.3f} ({gap['low']:+.3f}, {gap['high']:+.3f}) {gap['said']}" if gap else ""
                print(f"  {name:<32}" + "  ".join(f"{key} {value:.3f}" for key, value in figures.items()) + said)


if __name__ == "__main__":
    main()
