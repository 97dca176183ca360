"""One honest scoring run of the made-up school as the checks of an audit see it: made once, and shared."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import eswarn as ew
from eswarn.evaluation.audit.folder import run_of
from eswarn.evaluation.audit.lines import Run, Training
from eswarn.evaluation.audit.rows import training_rows
from eswarn.evidence.record import read_record
from tests import made_up_school


@functools.cache
def folder() -> Path:
    """Its output folder. Not to be written into."""
    place = Path(tempfile.mkdtemp(prefix="eswarn-audit-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    ew.score(made_up_school.model(), made_up_school.records(), made_up_school.AS_OF, out=place / "out", tracking="off")
    return place / "out"


@functools.cache
def run() -> Run:
    """Its tables, as E1 to E11 are given them."""
    return run_of(ew.load(folder() / "model"), read_record(folder()).scores())


@functools.cache
def training() -> Training:
    """The rows its model learned from, computed anew."""
    return training_rows(run().model, made_up_school.records(), as_of=made_up_school.AS_OF, pupil=run().pupil, school=run().school)
