"""The rows a model learned from, computed anew from the records: the checks that need them believe nothing else."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt

from eswarn.config import CohortConfig
from eswarn.errors import EswarnError, InputRefused
from eswarn.evaluation.audit.lines import Training
from eswarn.features.compute import Dataset, compute
from eswarn.features.protected import PROTECTED
from eswarn.model.bundle import Model
from eswarn.model.curve import Floats
from eswarn.model.reference import cohort_of
from eswarn.progress import Progress, silent
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline

Texts = npt.NDArray[np.str_]


def training_rows(
    model: Model, records: Records, *, as_of: dt.date, pupil: Texts, school: Texts, progress: Progress = silent
) -> Training:  # fmt: skip
    """Compute the training rows as training did, and the protected groups of the pupils scored.

    Parameters
    ----------
    model : Model
        Its card says on which dates, for whom and with which features it learned.
    records : Records
        Those it was trained from.
    as_of : date
        Of the scores.
    pupil, school : array of str
        Who was scored.

    Raises
    ------
    InputRefused
        The rows are not those the reference of the model was counted on, by their hash.
    """
    timeline, card = Timeline(records), model.card["cohort"]
    cohort = CohortConfig.model_validate(model.card["config"]["cohort"])
    days = [dt.date.fromisoformat(day) for day in card["as_of"]]
    try:
        every = compute(timeline, days, cohort, features=model.features, labelled=True, progress=progress)
    except EswarnError as error:
        raise InputRefused(f"the training rows cannot be computed from these records: {error.what}", do=_GIVE) from None
    data = every.rows(~np.isnan(every.y))
    table = np.ascontiguousarray(data.X.to_numpy(float))
    if not len(table) or cohort_of(table) != model.reference["cohort"]:
        n = f"{len(table):,} rows, the model learned from {card['rows']:,}"
        raise InputRefused(f"the training rows computed from these records are not those of the model ({n})", do=_GIVE)
    keys = data.keys
    return Training(
        table, data.y.astype(np.int64), keys["pupil_id"].to_numpy(str), keys["school_id"].to_numpy(str),
        keys["year_group"].to_numpy(float), _groups(timeline, cohort, as_of, pupil, school), records,
    )  # fmt: skip


_GIVE = "Give the folder of records it was trained from, as it was then."


def _groups(timeline: Timeline, cohort: CohortConfig, as_of: dt.date, pupil: Texts, school: Texts) -> dict[str, Floats]:
    """Protected columns of the pupils scored; none where these records do not reach to the day."""
    try:
        data: Dataset = compute(timeline, [as_of], cohort, features=PROTECTED)
    except EswarnError:
        return {}
    here = {who: row for row, who in enumerate(zip(data.keys["pupil_id"], data.keys["school_id"], strict=True))}
    at = np.array([here.get(who, -1) for who in zip(pupil.tolist(), school.tolist(), strict=True)])
    values = np.vstack([data.X.to_numpy(float), np.full((1, len(PROTECTED)), np.nan)])[at]  # row -1 is of nobody
    return {str(column): values[:, i] for i, column in enumerate(data.X)}
