"""Judges `RiskModel` on plain tables of the Open University data: registrations and assessments before a day, without clicks.

    python -m benchmarks.oulad_tables [--data FOLDER] [--json FILE]      the folder of open data, or ESWARN_DATA

Three questions on days 32, 61 and 118, each with and without marks: who will fail or withdraw, asked of the presentations of
October 2014 by a model of 2013; who will withdraw later, asked of whole presentations left out; and, with all enrolments and a
random split by student, who fails or withdraws. Beside it LightGBM with library defaults on the same rows and columns.
A student whose rows are judged is in no row learned from.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.oulad import data_folder
from benchmarks.oulad_columns import MARKS, RUN, SIGNS, Bools, Enrolments, columns, load
from benchmarks.oulad_tables_page import ALL, AUC_BARS, BARS, DAYS, FORWARD_HALF, LATER, oulad_tables_section
from benchmarks.paired import DRAWS, SEED, against, draws_of, figures, ranked

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer]
FOLDS = 5
EARLIER, CALIBRATE, TEST = "2013B", "2013J", "2014J"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, the answer of every row, and how rows are parted."""

    name: str
    y: Ints  # of every row
    parts: tuple[tuple[Bools, Bools | None, Bools], ...]  # learn from, a later cohort for the curve, judge


def question(name: str, of: Enrolments, day: int) -> Question:
    """One of the four, on one day."""
    rows = of.rows
    student, run = rows["id_student"].to_numpy(), rows[RUN].agg("-".join, axis=1).to_numpy(str)
    start, enrolled, everybody = rows["code_presentation"].to_numpy(str), of.enrolled(day), np.ones(len(rows), bool)
    at_risk = rows["final_result"].isin(["Fail", "Withdrawn"]).to_numpy().astype(int)
    if name == ALL:
        return Question(name, at_risk, tuple(_apart(student, ~held, None, held) for held in _folds(student, everybody)))
    if name == LATER:  # nobody enrolled on a day has unregistered by it
        withdraws = (rows["final_result"] == "Withdrawn").to_numpy().astype(int)
        parts = tuple(_apart(student, enrolled & ~held, None, enrolled & held) for held in _folds(run, enrolled))
        return Question(name, withdraws, parts)
    train, calibrate, test = (enrolled & (start == block) for block in (EARLIER, CALIBRATE, TEST))
    if name == FORWARD_HALF:
        half = np.isin(student, _half(student))
        train, calibrate = train | (calibrate & half), calibrate & ~half
    return Question(name, at_risk, (_apart(student, train, calibrate, test),))


def _half(student: Ints) -> Ints:
    """Half of all students, drawn once."""
    every = np.unique(student)
    return np.random.default_rng(SEED).permutation(every)[: len(every) // 2]


def _folds(group: npt.NDArray[Any], where: Bools) -> Iterator[Bools]:
    """Rows of each fifth of the groups, of about equal size."""
    from sklearn.model_selection import GroupKFold

    at = np.flatnonzero(where)
    for _, fold in GroupKFold(FOLDS).split(at, groups=group[at]):
        yield np.isin(np.arange(len(where)), at[fold])


def _apart(student: Ints, train: Bools, later: Bools | None, test: Bools) -> tuple[Bools, Bools | None, Bools]:
    """The same parts with no student in two of them: who is judged comes first, then who is calibrated on."""
    later = None if later is None else later & ~np.isin(student, student[test])
    train = train & ~np.isin(student, student[test])
    return train if later is None else train & ~np.isin(student, student[later]), later, test


def answered(asked: Question, table: pd.DataFrame, student: Ints) -> tuple[Floats, Floats, Floats]:
    """Raw score and chance by `RiskModel`, and the chance by LightGBM, of each row that is judged; NaN elsewhere.

    Where several models judge, the chance stands for the raw score: raw scores of two models have no common zero.
    """
    from lightgbm import LGBMClassifier

    from eswarn.model.risk import RiskModel

    raw, risk, plain = (np.full(len(table), np.nan) for _ in range(3))
    y = asked.y
    for train, later, test in asked.parts:
        model = RiskModel(monotone={name: sign for name, sign in SIGNS.items() if name in table})
        held_out = None if later is None else (table[later], y[later], student[later])
        model.fit(table[train], y[train], groups=student[train], later=held_out)
        risk[test] = model.predict_proba(table[test])[:, 1]
        raw[test] = model.raw_score(table[test]) if len(asked.parts) == 1 else risk[test]
        every = train if later is None else train | later  # the rival may learn from all that eswarn's trees and curve saw
        plain[test] = LGBMClassifier(random_state=0, verbosity=-1).fit(table[every], y[every]).predict_proba(table[test])[:, 1]
    return raw, risk, plain


def judge(of: Enrolments, table: pd.DataFrame, name: str, day: int) -> dict[str, Any]:
    """Plain figures of one question on one day."""
    student, asked = of.rows["id_student"].to_numpy(), question(name, of, day)
    raw, risk, plain = answered(asked, table, student)
    test = ~np.isnan(risk)
    y, draws = asked.y[test], draws_of(student[test])
    ours, theirs = ranked(draws, raw[test], y), ranked(draws, plain[test], y)
    return {
        "question": name, "day": day, "marks": MARKS[0] in table, "n": len(y), "students": draws.clusters, "cases": int(y.sum()),
        "base_rate": round(float(y.mean()), 4), "learned_from": round(float(np.mean([train.sum() for train, _, _ in asked.parts]))),
        "figures": {"eswarn": figures(draws, ours, risk[test], y), "LightGBM": figures(draws, theirs, plain[test], y)},
        "against_LightGBM": against(draws, ours, theirs),
        "by_module": _by_module(of.rows["code_module"].to_numpy(str), risk, asked.y),
    }  # fmt: skip


def _by_module(module: npt.NDArray[np.str_], risk: Floats, y: Ints) -> dict[str, dict[str, float]]:
    """Cases over expected cases in each module."""
    known = ~np.isnan(risk)
    return {
        str(name): {"n": int(here.sum()), "observed_over_expected": round(float(y[here].sum() / risk[here].sum()), 3)}
        for name in np.unique(module[known])
        for here in (known & (module == name),)
    }


def measure(data: Path) -> dict[str, Any]:
    """All questions and days, with and without marks."""
    of = load(data)
    tables = {(day, True): columns(of, day) for day in DAYS}
    tables |= {(day, False): table.drop(columns=list(MARKS)) for (day, _), table in tables.items()}
    results = []
    for name in AUC_BARS:
        for day in DAYS:
            for marks in (True, False):
                results.append(judge(of, tables[day, marks], name, day))
                told, n = results[-1]["figures"]["eswarn"], results[-1]["n"]
                said = f"AUC {told['auc']:.4f}, ECE {told['ece']:.4f}, O/E {told['observed_over_expected']:.3f}"
                print(f"day {day}, {'with' if marks else 'without'} marks: {name}: n {n:,}, {said}", flush=True)
    return {
        "command": "python -m benchmarks.oulad_tables --data FOLDER", "n": len(of.rows), "draws": DRAWS, "seed": SEED, "folds": FOLDS,
        "results": results,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the folder of open data; ESWARN_DATA where not given")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    given = parser.parse_args()
    data = data_folder(given.data)
    if data is None:
        sys.exit("Not measured: give --data FOLDER (with oulad/ in it), or set ESWARN_DATA.")
    print("\n".join(BARS), flush=True)
    part = measure(data)
    print("\n".join(oulad_tables_section(part)))
    if given.json:
        given.json.write_text(json.dumps(part, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
