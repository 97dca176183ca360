"""Two made-up schools, their export files, a model and its scores: made once, and shared by every test that needs the whole flow."""

from __future__ import annotations

import atexit
import datetime as dt
import functools
import shutil
import tempfile
from pathlib import Path

import eswarn as ew
from eswarn.config import Config
from eswarn.features.compute import Dataset, compute
from eswarn.model.bundle import Model
from eswarn.model.scores import Scores
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline

AS_OF = dt.date(2025, 6, 2)  # in the last half-term of the three simulated years
FEW_AS_OF = dt.date(2023, 6, 5)  # the same for `few_records`, which hold one year


@functools.cache
def _place() -> Path:
    place = Path(tempfile.mkdtemp(prefix="eswarn-tests-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


@functools.cache
def exports() -> Path:
    """A folder of CSV files, three school years of about 600 pupils. Not to be written into."""
    return ew.write(ew.simulate(pupils=600, years=3, seed=1), _place() / "exports")


@functools.cache
def records() -> Records:
    """Those files, read."""
    return ew.read(exports())


@functools.cache
def model() -> Model:
    """A model trained on them."""
    return ew.train(records(), tracking="off")


@functools.cache
def model_folder() -> Path:
    """That model as a folder. Not to be written into."""
    return model().save(_place() / "model")


@functools.cache
def dataset() -> Dataset:
    """The feature table the scores come from."""
    return compute(Timeline(records()), [AS_OF], Config().cohort, features=model().features)


@functools.cache
def scores() -> Scores:
    """Everybody on roll, scored."""
    return ew.score(model(), records(), AS_OF)


@functools.cache
def few_exports() -> Path:
    """A folder of few and small files: one school year of 60 pupils, to be scored with the same model."""
    return ew.write(ew.simulate(pupils=60, years=1, seed=3), _place() / "few")


@functools.cache
def few_records() -> Records:
    """Those files, read."""
    return ew.read(few_exports())
