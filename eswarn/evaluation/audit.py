"""Re-derive every score and every reason of a past run from its recorded features and its model, and say what holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from eswarn import words
from eswarn.errors import EswarnError, InputRefused, ModelRefused
from eswarn.evidence.record import TABLES, Record, csv_bytes, read_record
from eswarn.model.bundle import Model, load_model
from eswarn.model.curve import Floats
from eswarn.model.issue import rank_in_school, tiers
from eswarn.model.shapley import TOLERANCE

if TYPE_CHECKING:
    import pandas as pd

Result = Literal["passed", "failed", "not applicable", "cannot tell"]
TITLES = {
    "A1": "files as they were sealed",
    "A2": "model bytes as its manifest names them",
    "A3": "raw scores re-derived, bit for bit",
    "A4": "contributions re-derived, bit for bit",
    "A5": "reasons add up to the raw score",
    "A6": "risks are the calibration curve of the raw scores, bit for bit",
    "A7": "reasons in words re-derived",
    "A8": "ranks follow the raw scores, and tiers the places, within each school",
    "A9": "scores.csv holds what scores.parquet holds",
    "A10": "model, date and counts are those the manifest and run.json name",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One line of an audit: a code, what was checked, the result, and the figure behind it."""

    code: str
    title: str
    result: Result
    figure: str


@dataclass(frozen=True, slots=True)
class Audit:
    """The checks of one run. ``passed`` is true where all were made and none failed: what cannot be told is no pass."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check was made and none failed."""
        return all(check.result in ("passed", "not applicable") for check in self.checks)

    def render(self) -> str:
        """A line for each check: code, result, title, figure."""
        return "\n".join(f"{c.code:<3} {c.result:<14}  {c.title}: {c.figure}" for c in self.checks)

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
    for place, alone in ((path, True), (path / "model", [p.name for p in path.iterdir()] == ["model"])):
        if alone and (place / "booster.txt").exists():
            return Audit((_model_line(place)[0],))
    record = read_record(path)
    told = all(record.has(table) for table in TABLES)
    line, model = _model_line(path / "model")
    if model is None or not told:
        return Audit((_files_line(record), line, *_untold("the model or the tables of pupils are not there")))
    try:
        return Audit((_files_line(record), line, *_rederived(record, model)))
    except (EswarnError, ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        why = error.what if isinstance(error, EswarnError) else "the tables do not have the columns of a scoring run"
        return Audit((_files_line(record), line, Check("A3", TITLES["A3"], "failed", why)))


def _files_line(record: Record) -> Check:
    """Compare with the manifest; a shared store holds no files of pupils, and then nothing can be said."""
    if not record.changed:
        return Check("A1", TITLES["A1"], "passed", f"every file is the one the manifest names; output {record.output_id[:12]}")
    if record.without_pupils:
        return Check("A1", TITLES["A1"], "cannot tell", "the files of pupils are not part of this run; the others are as they were sealed")
    return Check("A1", TITLES["A1"], "failed", f"changed, missing or added: {', '.join(record.changed)}")


def _model_line(folder: Path) -> tuple[Check, Model | None]:
    try:
        model = load_model(folder)
    except (ModelRefused, InputRefused) as error:
        return Check("A2", TITLES["A2"], "failed", error.what), None
    return Check("A2", TITLES["A2"], "passed", f"model {model.id[:12]}"), model


def _rederived(record: Record, model: Model) -> list[Check]:
    scores, given, features = (record.table(name) for name in TABLES)
    pupils = [list(table["pupil_id"]) for table in (scores, given, features)]
    if not pupils[0] == pupils[1] == pupils[2]:
        return [Check("A3", TITLES["A3"], "failed", "scores, contributions and features are not of the same pupils")]
    columns = [f["column"] for f in model.card["features"]]
    table, values = np.ascontiguousarray(features[columns].to_numpy(float)), given[columns].to_numpy(float)
    told = model.explain(table)
    gap = float(np.abs(given["base_value"].to_numpy(float) + values.sum(axis=1) - given["raw_score"].to_numpy(float)).max(initial=0))
    same_csv = (record.folder / "scores.csv").read_bytes() == csv_bytes(scores)
    adds_up = f"largest gap {gap:.1e} over {len(scores):,} pupils, {TOLERANCE:.0e} allowed"
    return [
        _line("A3", _same(told.raw, given["raw_score"])),
        _line("A4", _same(told.values, values).all(axis=1) & _same(np.full(len(scores), told.base), given["base_value"])),
        Check("A5", TITLES["A5"], "passed" if gap <= TOLERANCE else "failed", adds_up),
        _line("A6", _same(model.curve(told.raw), scores["risk"])),
        _line("A7", _same_words(model, table, told.values, features["year_group"].to_numpy(float), scores)),
        _line("A8", _ranks_and_tiers(scores, told.raw, record)),
        Check("A9", TITLES["A9"], "passed" if same_csv else "failed", "byte for byte" if same_csv else "they differ"),
        _names_line(record, model, scores),
    ]


def _line(code: str, same: npt.NDArray[np.bool_]) -> Check:
    return Check(code, TITLES[code], "passed" if same.all() else "failed", f"{int(same.sum()):,} of {len(same):,} equal")


def _same_words(
    model: Model,
    table: Floats,
    values: Floats,
    year_groups: Floats,
    scores: pd.DataFrame,
) -> npt.NDArray[np.bool_]:
    columns = [c for c in map(str, scores.columns) if c.startswith("reason_")]
    if not columns or columns != [f"reason_{i + 1}" for i in range(len(columns))]:
        raise ValueError("there are no columns of reasons, or not in their order")
    raising, lowering = model.teller.top(table, values, year_groups, n=len(columns))
    ours = [[*reasons, *[""] * (len(columns) - len(reasons)), lower] for reasons, lower in zip(raising, lowering, strict=True)]
    theirs = scores[[*columns, "protective"]].astype(str).to_numpy().tolist()
    return np.array([a == b for a, b in zip(ours, theirs, strict=True)], bool)


def _same(ours: npt.ArrayLike, theirs: npt.ArrayLike) -> np.ndarray:
    """Equal to the last bit; -0.0 is not 0.0, and NaN is NaN."""
    bits = [np.ascontiguousarray(numbers, dtype=float).view(np.int64) for numbers in (ours, theirs)]
    return np.asarray(bits[0] == bits[1])


def _ranks_and_tiers(scores: pd.DataFrame, raw: Floats, record: Record) -> npt.NDArray[np.bool_]:
    """Where rank and tier are what the raw scores, the places and the pupils on roll make them."""
    import pandas as pd

    school, names = pd.factorize(scores["school_id"], sort=True)
    roll = np.bincount(school, minlength=len(names)) + np.array([record.not_scored().count(name) for name in names])
    rank = rank_in_school(school, raw)
    tier, _ = tiers(rank, school, roll, places=float(record.about["places"]), watch=float(record.about["watch"]))
    return np.asarray((rank == scores["rank"].to_numpy(float)) & (np.array(words.TIERS)[tier] == scores["tier"].to_numpy(str)))


def _names_line(record: Record, model: Model, scores: pd.DataFrame) -> Check:
    """Compare what the record says of itself with what it holds. The hashes of the records in run.json cannot be checked from here."""
    about = record.about
    dates = {str(day) for day in scores["as_of"]}
    wrong = [
        name
        for name, holds in (
            ("model_id", about["model_id"] == model.id),
            ("as_of", {about["as_of"]} == dates),
            ("scored", about["scored"] == len(scores)),
            ("not_scored", about["not_scored"] == len(record.not_scored())),
            ("expected_leavers", about["expected_leavers"] == round(float(scores["risk"].sum()), 1)),
            ("run.json: output_id", record.run.get("output_id") == record.output_id),
        )
        if not holds
    ]
    return Check("A10", TITLES["A10"], "failed" if wrong else "passed", f"not so: {', '.join(wrong)}" if wrong else "all agree")


def _untold(why: str) -> list[Check]:
    return [Check(code, TITLES[code], "cannot tell", why) for code in TITLES if code not in ("A1", "A2")]
