"""Re-derive every score and every reason of a past run from its recorded features and its model, and say what holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from eswarn import words
from eswarn.errors import EswarnError, InputRefused, ModelRefused
from eswarn.evaluation.audit.lines import TITLES, Check
from eswarn.evidence.record import TABLES, Record, csv_bytes
from eswarn.evidence.verify import LINES, verify
from eswarn.model.bundle import Model, load_model
from eswarn.model.curve import Floats
from eswarn.model.issue import lists_of, rank_in_school
from eswarn.model.shapley import TOLERANCE

if TYPE_CHECKING:
    import pandas as pd


def integrity(record: Record) -> tuple[list[Check], Model | None]:
    """A1 to A11 of a scoring run, and its model where it can be read."""
    lines, model = _as_issued(record)
    return [*lines, _evidence_line(record)], model


def _as_issued(record: Record) -> tuple[list[Check], Model | None]:
    line, model = model_line(record.folder / "model")
    if model is None or not all(record.has(table) for table in TABLES):
        return [_files_line(record), line, *_untold("the model or the tables of pupils are not there")], model
    try:
        return [_files_line(record), line, *_rederived(record, model)], model
    except (EswarnError, ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        why = error.what if isinstance(error, EswarnError) else "the tables do not have the columns of a scoring run"
        return [_files_line(record), line, Check("A3", TITLES["A3"], "failed", why)], model


def _files_line(record: Record) -> Check:
    """Compare with the manifest; a shared store holds no files of pupils, and then nothing can be said."""
    if not record.changed:
        return Check("A1", TITLES["A1"], "passed", f"every file is the one the manifest names; output {record.output_id[:12]}")
    if record.without_pupils:
        return Check("A1", TITLES["A1"], "cannot tell", "the files of pupils are not part of this run; the others are as they were sealed")
    return Check("A1", TITLES["A1"], "failed", f"changed, missing or added: {', '.join(record.changed)}")


def model_line(folder: Path) -> tuple[Check, Model | None]:
    """A2: whether the bytes of a model are those its manifest names; and the model, where they are."""
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
        _line("A8", _ranks_and_tiers(scores, told.raw, features["year_group"].to_numpy(float), record)),
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
    ours = [
        [*(r.sentence for r in reasons), *[""] * (len(columns) - len(reasons)), lower]
        for reasons, lower in zip(raising, lowering, strict=True)
    ]
    theirs = scores[[*columns, "protective"]].astype(str).to_numpy().tolist()
    return np.array([a == b for a, b in zip(ours, theirs, strict=True)], bool)


def _same(ours: npt.ArrayLike, theirs: npt.ArrayLike) -> np.ndarray:
    """Equal to the last bit; -0.0 is not 0.0, and NaN is NaN."""
    bits = [np.ascontiguousarray(numbers, dtype=float).view(np.int64) for numbers in (ours, theirs)]
    return np.asarray(bits[0] == bits[1])


def _ranks_and_tiers(scores: pd.DataFrame, raw: Floats, year: Floats, record: Record) -> npt.NDArray[np.bool_]:
    """Where rank and tier are what the raw scores, the places and the pupils on roll make them.

    A pupil who was erased had a rank: those after may stand as many ranks further down as were erased from their school.
    """
    import pandas as pd

    school, names = pd.factorize(scores["school_id"], sort=True)
    erased = np.array([int(record.about.get("erased", {}).get(name, 0)) for name in names])
    roll = np.bincount(school, minlength=len(names)) + np.array([record.not_scored().count(name) for name in names]) + erased
    rank, issued = rank_in_school(school, raw), scores["rank"].to_numpy(np.int64)
    further = issued - rank
    order = np.lexsort((-raw, school))  # who was erased moves all who come after: never fewer than those before
    steps = (school[order][1:] != school[order][:-1]) | (np.diff(further[order]) >= 0)
    holds = (further >= 0) & (further <= erased[school])
    holds[order[1:]] &= steps
    by_year, given = dict(record.about.get("places_by_year", {})), {name: float(record.about[name]) for name in ("places", "watch")}
    lists = lists_of(school, year, roll, by_year=by_year, **given)
    tier, _ = lists.tiers(rank_in_school(lists.number, raw) if by_year else issued)
    untold = bool(by_year) & (erased[school] > 0)  # the year group of who was erased is not known, so nor is the place of those after
    return np.asarray(holds & (untold | (np.array(words.TIERS)[tier] == scores["tier"].to_numpy(str))))


def _names_line(record: Record, model: Model, scores: pd.DataFrame) -> Check:
    """Compare what the record says of itself with what it holds. The hashes of the records in run.json cannot be checked from here."""
    about = record.about
    dates = {str(day) for day in scores["as_of"]}
    unscored, erased = len(record.not_scored()), sum(about.get("erased", {}).values())
    gone = about["scored"] - len(scores), about["not_scored"] - unscored, about["expected_leavers"] - round(float(scores["risk"].sum()), 1)
    wrong = [
        name
        for name, holds in (
            ("model_id", about["model_id"] == model.id),
            ("as_of", {about["as_of"]} == dates),
            ("scored", 0 <= gone[0] <= erased),
            ("not_scored", 0 <= gone[1] == erased - gone[0]),
            ("expected_leavers", 0 <= round(gone[2], 1) <= gone[0]),
            ("run.json: output_id", record.run.get("output_id") == record.output_id),
        )
        if not holds
    ]
    return Check("A10", TITLES["A10"], "failed" if wrong else "passed", f"not so: {', '.join(wrong)}" if wrong else "all agree")


def _untold(why: str) -> list[Check]:
    return [Check(code, TITLES[code], "cannot tell", why) for code in TITLES if code.startswith("A") and code not in ("A1", "A2", "A11")]


def _evidence_line(record: Record) -> Check:
    if not (record.folder / LINES).is_file():
        return Check("A11", TITLES["A11"], "cannot tell", "the lines of evidence are not part of this run")
    told = verify(record.folder)
    if told.passed:
        figure = f"{words.count(told.rows, 'line')}, head {told.head}: compare it with the one kept elsewhere"
        return Check("A11", TITLES["A11"], "passed", figure)
    (file, line, what), more = told.findings[0], len(told.findings) - 1
    where = f"{file}, line {line}" if line else file
    return Check("A11", TITLES["A11"], "failed", f"{where}: {what}" + (f"; and {more} more (eswarn verify)" if more else ""))
