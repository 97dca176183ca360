"""The audit from end to end: the folder of a run in, a line for each check out."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from eswarn.errors import EswarnError, InputRefused
from eswarn.evaluation.audit.exact import additivity, brute_force, path_rule, unused_and_twins
from eswarn.evaluation.audit.faithful import deletion, randomised
from eswarn.evaluation.audit.groups import comparison
from eswarn.evaluation.audit.integrity import integrity, model_line
from eswarn.evaluation.audit.lines import TITLES, Audit, Check, Run
from eswarn.evaluation.audit.rows import training_rows
from eswarn.evaluation.audit.stable import refits as over_refits
from eswarn.evaluation.audit.swaps import swaps
from eswarn.evaluation.audit.truth import read_causes, recovery
from eswarn.evaluation.audit.words_back import sentences
from eswarn.evidence.record import Record, read_record
from eswarn.model.bundle import Model
from eswarn.model.scores import Scores
from eswarn.progress import Progress, silent
from eswarn.records.store import Records

CHECKS: dict[str, Callable[[Run], Check]] = {
    "E1": additivity, "E2": brute_force, "E3": unused_and_twins, "E4": swaps, "E5": randomised,
    "E6": deletion, "E7": over_refits, "E8": path_rule, "E9": recovery,
    "E10": comparison, "E11": sentences,
}  # fmt: skip


def audit_folder(
    folder: str | Path, *, records: Records | None = None, refits: int = 20, causes: str | Path | None = None, progress: Progress = silent
) -> Audit:  # fmt: skip
    """Audit the folder of a scoring run, or of a model alone.

    Parameters
    ----------
    folder : path
        What `eswarn score` wrote.
    records : Records, optional
        Those the model was trained from, for the checks that need training rows, outcomes or groups.
    refits : int
        Models fitted again for E7.
    causes : path, optional
        What ``eswarn simulate --causes`` wrote, where the pupils are simulated, for E9.

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
            line, model = model_line(place)
            return Audit((line,), _about(model, None))
    record = read_record(path)
    lines, model = integrity(record)
    if model is None or not all(check.result == "passed" for check in lines):
        return Audit((*lines, *_not_made("not made: first the record itself has to hold (A1 to A11)")), _about(model, record))
    run, why, as_of = run_of(model, record.scores(), refits=refits), "", dt.date.fromisoformat(record.about["as_of"])
    known = None if causes is None else read_causes(causes, as_of)
    if records is not None:
        try:
            rows = training_rows(model, records, as_of=as_of, pupil=run.pupil, school=run.school, progress=progress)
            run = replace(run, training=rows)
        except InputRefused as error:
            why = f"{error.what}. {error.do}"
    return Audit((*lines, *explanations(run, why=why, causes=known, progress=progress)), _about(model, record))


def explanations(
    run: Run, *, why: str = "", causes: Mapping[str, str] | None = None, progress: Progress = silent
) -> list[Check]:  # fmt: skip
    """E1 to E11 of a run whose record holds.

    Parameters
    ----------
    run : Run
        The run.
    why : str
        What was wrong with the records, where some were given and are of no use.
    causes : mapping, optional
        Simulated pupil to main cause.
    """
    made = []
    for number, (code, check) in enumerate((CHECKS | {"E9": partial(recovery, causes=causes)}).items()):
        progress("auditing explanations", number, len(CHECKS))
        try:
            told = check(run)
        except EswarnError as error:
            told = Check(code, TITLES[code], "failed", error.what)
        made.append(replace(told, figure=why) if why and told.result == "cannot tell" else told)
    progress("auditing explanations", len(CHECKS), len(CHECKS))
    return made


def _not_made(why: str) -> list[Check]:
    return [Check(code, TITLES[code], "cannot tell", why) for code in CHECKS]


def run_of(model: Model, scores: Scores, *, refits: int = 20) -> Run:
    """Scores as arrays, in the order of the model's card."""
    columns = [told["column"] for told in model.card["features"]]
    frame, given = scores.frame, scores.contributions
    reasons = frame[[name for name in frame if str(name).startswith("reason_")]].astype(str).to_numpy().tolist()
    return Run(
        model=model, pupil=frame["pupil_id"].to_numpy(str), school=frame["school_id"].to_numpy(str),
        table=np.ascontiguousarray(scores.features[columns].to_numpy(float)), values=np.ascontiguousarray(given[columns].to_numpy(float)),
        base=float(given["base_value"].iloc[0]), raw=given["raw_score"].to_numpy(float), year_group=frame["year_group"].to_numpy(float),
        flagged=(frame["tier"] == "priority").to_numpy(bool), sentences=[[text for text in row if text] for row in reasons],
        protective=frame["protective"].astype(str).tolist(), refits=refits,
    )  # fmt: skip


def _about(model: Model | None, record: Record | None) -> dict[str, str]:
    told = {"model": model.id if model else ""}
    if record:
        told |= {"output": record.output_id, "as-of date": str(record.about.get("as_of", ""))}
    return {name: value for name, value in told.items() if value} | {"audited by": f"eswarn {importlib.metadata.version('eswarn')}"}
