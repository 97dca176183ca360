"""Re-derive every score and every reason of a past run from its recorded features and its model, and say what holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from eswarn.errors import EswarnError, InputRefused, ModelRefused
from eswarn.evidence.record import TABLES, Record, read_record
from eswarn.model.bundle import Model, load_model
from eswarn.model.shapley import TOLERANCE, explain

Result = Literal["passed", "failed", "not applicable", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of an audit: a code, what was checked, the result, and the figure behind it."""

    code: str
    title: str
    result: Result
    figure: str


@dataclass(frozen=True, slots=True)
class Audit:
    """The checks of one run. ``passed`` is true where no check failed; what cannot be told is said, and is no pass of its own."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(check.result != "failed" for check in self.checks)

    def render(self) -> str:
        """A line for each check: code, result, title, figure."""
        return "\n".join(f"{c.code}  {c.result:<14}  {c.title}: {c.figure}" for c in self.checks)

    def __str__(self) -> str:
        return self.render()


def audit_folder(folder: str | Path) -> Audit:
    """Audit the folder of a scoring run, or of a model alone.

    Raises
    ------
    InputRefused
        The folder is neither.
    """
    path = Path(folder)
    if not path.is_dir():
        raise InputRefused("there is no such folder", where=str(path), do="Give a folder that `eswarn score` wrote, or runs:/ID.")
    if (path / "booster.txt").exists() or (path / "model").is_dir() and not (path / "manifest.json").exists():
        return Audit((_model_line(path if (path / "booster.txt").exists() else path / "model")[0], *_untold("there are no scores in this run")))
    record = read_record(path)
    figure = "every file is the one the manifest names" if not record.changed else f"changed, missing or added: {', '.join(record.changed)}"
    files = Check("A1", "files as they were sealed", "failed" if record.changed else "passed", figure)
    if record.changed and not any(record.has(t) for t in TABLES):
        # a shared store holds no file with pupils: their absence is not tampering, and nothing more can be told
        files = Check("A1", "files as they were sealed", "cannot tell", "the tables of pupils are not part of this run")
    line, model = _model_line(path / "model")
    if model is None or not all(record.has(t) for t in TABLES):
        return Audit((files, line, *_untold("the model or the tables of pupils are not there")))
    try:
        return Audit((files, line, *_rederived(record, model)))
    except (EswarnError, KeyError, TypeError, ValueError) as error:
        told = error.what if isinstance(error, EswarnError) else "the tables do not have the columns of a scoring run"
        return Audit((files, line, Check("A3", "scores re-derived", "failed", told)))


def _model_line(folder: Path) -> tuple[Check, Model | None]:
    try:
        model = load_model(folder)
    except (ModelRefused, InputRefused) as error:
        return Check("A2", "model bytes as its manifest names them", "failed", error.what), None
    return Check("A2", "model bytes as its manifest names them", "passed", f"model {model.id[:12]}"), model


def _rederived(record: Record, model: Model) -> list[Check]:
    scores, given, features = (record.table(name) for name in TABLES)
    columns = [f["column"] for f in model.card["features"]]
    n = len(scores)
    if not n == len(given) == len(features) or not (scores["pupil_id"] == given["pupil_id"]).all() or not (
        scores["pupil_id"] == features["pupil_id"]
    ).all():  # fmt: skip
        return [Check("A3", "scores re-derived", "failed", "scores, contributions and features are not of the same pupils")]
    told = explain(model.booster, np.ascontiguousarray(features[columns].to_numpy(float)))
    values = given[columns].to_numpy(float)
    gap = np.abs(given["base_value"].to_numpy(float) + values.sum(axis=1) - given["raw_score"].to_numpy(float))
    raising, lowering = model.teller.top(
        features[columns].to_numpy(float), told.values, features["year_group"].to_numpy(float), n=sum(c.startswith("reason_") for c in scores)
    )
    said = [[str(row[f"reason_{i + 1}"]) for i in range(len(raising[at])) ] for at, (_, row) in enumerate(scores.iterrows())]  # fmt: skip

    def line(code: str, title: str, same: np.ndarray) -> Check:
        wrong = int((~same).sum())
        return Check(code, title, "failed" if wrong else "passed", f"{n - wrong:,} of {n:,} equal")

    return [
        line("A3", "raw scores re-derived, bit for bit", _same(told.raw, given["raw_score"])),
        line("A4", "contributions re-derived, bit for bit", _same(told.values, values).all(axis=1) & _same(np.full(n, told.base), given["base_value"])),
        Check("A5", "reasons add up to the raw score", "passed" if (gap <= TOLERANCE).all() else "failed",
              f"largest gap {gap.max(initial=0):.1e} over {n:,} pupils, {TOLERANCE:.0e} allowed"),
        line("A6", "risks are the calibration curve of the raw scores, bit for bit", _same(model.curve(told.raw), scores["risk"])),
        line("A7", "reasons in words re-derived", np.array([a == b for a, b in zip(raising, said, strict=True)], bool)
             & (np.array(lowering, object) == scores["protective"].to_numpy(object))),
        line("A8", "nobody ranked above a higher raw score of the same school", _ranks_hold(scores["school_id"], told.raw, scores["rank"])),
    ]  # fmt: skip


def _same(ours: np.ndarray, theirs: object) -> np.ndarray:
    """Equal to the last bit; -0.0 is not 0.0, and NaN is NaN."""
    return np.asarray(ours, float).view(np.int64) == np.ascontiguousarray(theirs, dtype=float).view(np.int64)


def _ranks_hold(school: object, raw: np.ndarray, rank: object) -> np.ndarray:
    import pandas as pd

    return np.asarray(pd.Series(raw).groupby(np.asarray(school)).rank(method="min", ascending=False) == np.asarray(rank, float))


def _untold(why: str) -> list[Check]:
    titles = (("A3", "raw scores re-derived"), ("A4", "contributions re-derived"), ("A5", "reasons add up"), ("A6", "risks re-derived"),
              ("A7", "reasons in words re-derived"), ("A8", "ranks hold"))  # fmt: skip
    return [Check(code, title, "cannot tell", why) for code, title in titles]


