"""A scoring run as an audit sees it, with the rows the model learned from: made once for all tests of the checks."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pyarrow as pa

from eswarn.evaluation.audit.folder import run_of
from eswarn.evaluation.audit.lines import Run, Training
from eswarn.evaluation.audit.rows import training_rows
from eswarn.simulate import simulate_with_causes
from tests import made_up_school


@functools.cache
def run() -> Run:
    """The scores of `made_up_school`, of which 27 pupils are flagged, with training rows; three refits."""
    made = run_of(made_up_school.model(), made_up_school.scores())
    rows = training_rows(
        made.model, made_up_school.records(), as_of=made_up_school.AS_OF, pupil=made.pupil, school=made.school
    )  # fmt: skip
    return replace(made, training=rows, refits=3)


@functools.cache
def causes() -> pa.Table:
    """Why the pupils of `made_up_school` would leave: the same settings, the same pupils."""
    return simulate_with_causes(pupils=600, years=3, seed=1)[1]


def training() -> Training:
    """The rows the model learned from."""
    rows = run().training
    assert rows is not None
    return rows


def with_flags(made: Run, places: int) -> Run:
    """The same run with so many places: the highest raw scores of all schools together."""
    flagged = np.zeros(len(made.raw), bool)
    flagged[np.argsort(-made.raw, kind="stable")[:places]] = True
    return replace(made, flagged=flagged)
