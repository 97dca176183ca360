"""What is done to judge: validate the procedure, evaluate or recalibrate one model on a later cohort, look for drift, write its card."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eswarn import folders
from eswarn.cohort.dates import parse_date, refuse_stale
from eswarn.cohort.label import refuse_lost_outcomes
from eswarn.cohort.lately import register_lately
from eswarn.config import CohortConfig, Config
from eswarn.errors import InputRefused, UsageError
from eswarn.evaluation import drift as drifting
from eswarn.evaluation import later
from eswarn.evaluation import validate as judge
from eswarn.evaluation.validation import Validation
from eswarn.evidence.record import csv_bytes
from eswarn.features.compute import Dataset, compute
from eswarn.features.feature import Feature
from eswarn.features.library import FEATURES
from eswarn.model.bundle import Model
from eswarn.model.curve import Floats
from eswarn.model.recalibrate import recalibrate as with_new_curve
from eswarn.pipeline import OFF, choices_of, load
from eswarn.progress import Progress, silent
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline


def validate(
    records: Records, config: Config | str | Path | None = None, *, split: judge.How = "forward", features: Sequence[Feature] = FEATURES,
    out: str | Path | None = None, tracking: str | None = None, progress: Progress = silent,
) -> Validation:  # fmt: skip
    """Judge the procedure: whether it is right, fair, and better than the rule in use today.

    Learns from earlier cohorts and lists later ones, of the schools learned from and of schools held out whole; compares the lists
    with every compulsory opponent on the same pupils, places and draws of schools; and fits again to see which places are luck.

    Parameters
    ----------
    records : Records
        From `read` or `simulate`.
    config : Config, path or None
        Choices; the defaults where None.
    split : {"forward", "random"}
        "random" only by name: it flatters, supports no claim, and wears a red label wherever its figures go.
    features : sequence of Feature
        Those to choose from.
    out : path, optional
        Write ``validation.html``, ``validation.json``, ``rules.csv``, ``groups.csv`` and ``lists.csv`` there; an existing folder is
        refused. ``lists.csv`` has a row for each pupil, by pseudonym; it stays where the records are.
    tracking : str, optional
        MLflow tracking URI, or "off"; the configuration's where None. Tracked where ``out`` is given; files of pupils never.
    progress : Progress
        Told how far it has come.

    Returns
    -------
    Validation
        ``answers`` to the three questions of the field, ``frame`` (rules by figures), ``groups``, ``lists`` (by pupil), ``plain()``.

    Raises
    ------
    InputRefused
        There is no later cohort whose label windows begin after those learned from have ended.
    NotTracked
        Everything stands in ``out``, but it could not be tracked.
    """
    choices = choices_of(config, records)
    if out is not None:
        folders.refuse_existing(Path(out))
    told = judge.validate(records, choices, split=split, features=features, progress=progress)
    if out is not None:
        _write(told, Path(out), choices, tracking, progress)
    return told


def evaluate(
    model: Model | str | Path, records: Records, *, config: Config | str | Path | None = None, out: str | Path | None = None,
    tracking: str | None = None, progress: Progress = silent,
) -> Validation:  # fmt: skip
    """Judge one model as it stands, on cohorts later than those it learned from.

    Parameters
    ----------
    model : Model or str
        A model, its folder, or a reference such as ``models:/eswarn@champion``.
    records : Records
        With outcomes followed long enough after the model's training. Who is asked about follows the model's own configuration.
    config, out, tracking, progress
        As for `validate`; ``config`` gives places and draws.

    Raises
    ------
    InputRefused
        No as-of date of these records is late enough: the labels the model learned from must have been known before it.
    """
    choices = choices_of(config, records)
    if out is not None:
        folders.refuse_existing(Path(out))
    ready = _ready(model, tracking or choices.tracking.uri)
    told = later.evaluate(ready, records, choices, progress=progress)
    if out is not None:
        _write(told, Path(out), choices, tracking, progress)
    return told


def drift(
    model: Model | str | Path, records: Records, as_of: dt.date | str, *, config: Config | str | Path | None = None,
    tracking: str | None = None, progress: Progress = silent,
) -> drifting.Drift:  # fmt: skip
    """Say how the cohort of a date differs from the one a model learned from: features, codes, schools, feeds; and outcomes, once known.

    Parameters
    ----------
    model : Model or str
        A model, its folder, or a reference such as ``models:/eswarn@champion``.
    records : Records
        From `read` or `simulate`.
    as_of : date or str
        The date of the list. Outcomes are those of the latest mature as-of date that is new to the model, where there is one.
    config, tracking, progress
        As for `validate`; ``config`` gives places.
    """
    choices, day = choices_of(config, records), parse_date(as_of)
    ready = _ready(model, tracking or choices.tracking.uri)
    timeline = Timeline(records)
    refuse_stale(timeline, day)
    cohort = CohortConfig.model_validate(ready.card["config"]["cohort"])
    data, raw = _scored(ready, timeline, day, cohort, labelled=False)
    now = drifting.Now(data, raw, ready.curve(raw), register_lately(timeline, day))
    try:
        labelled, days, _ = later.later_dates(ready, timeline, choices.cohort)
        known, told = _scored(ready, timeline, max(days), labelled, labelled=True)
        outcomes = drifting.Outcomes(ready.curve(told), known.y)
    except InputRefused:  # no outcomes yet: drift is looked for without them
        outcomes = None
    progress("looking for drift", 1, 1)
    return drifting.drift(ready.card.get("drift"), now, outcomes=outcomes, places=choices.score.places)


def _ready(model: Model | str | Path, uri: str) -> Model:
    return model if isinstance(model, Model) else load(model, tracking=uri)


def _scored(model: Model, timeline: Timeline, day: dt.date, cohort: CohortConfig, *, labelled: bool) -> tuple[Dataset, Floats]:
    data = compute(timeline, [day], cohort, features=model.features, labelled=labelled)
    if not len(data.X):
        raise InputRefused(f"nobody on roll on {day} can be scored", do=data.why_nobody())
    return data, model.raw(data)


def recalibrate(
    model: Model | str | Path, records: Records, *, config: Config | str | Path | None = None, out: str | Path | None = None,
    tracking: str | None = None, progress: Progress = silent,
) -> Model:  # fmt: skip
    """Fit a new calibration curve for the same trees, on the mature cohorts that are new to a model: ranks and reasons stay.

    Parameters
    ----------
    model, records, config, tracking, progress
        As for `evaluate`.
    out : path, optional
        Write the new model there; an existing folder is refused.

    Raises
    ------
    InputRefused
        No as-of date is late enough, or fewer than 30 pupils left early.
    """
    choices = choices_of(config, records)
    if out is not None:
        folders.refuse_existing(Path(out))
    ready = _ready(model, tracking or choices.tracking.uri)
    refuse_lost_outcomes(records)
    timeline = Timeline(records)
    cohort, days, free = later.later_dates(ready, timeline, choices.cohort)
    new = [day for day in days if day >= free]
    data = compute(timeline, new, cohort, features=ready.features, labelled=True, progress=progress)
    made = with_new_curve(ready, data, registers={day: register_lately(timeline, day) for day in new})
    if out is not None:
        made.save(out)
    return made


def card(
    model: Model | str | Path, *, out: str | Path, audit: str | Path | None = None, owners: Mapping[str, str] | None = None,
    config: Config | str | Path | None = None, tracking: str | None = None,
) -> Path:  # fmt: skip
    """Write the card of a model: what it is for, how it was judged, for whom it fails, how to contest it; as a page and as JSON.

    Parameters
    ----------
    model : Model or str
        A model, its folder, or a reference such as ``models:/eswarn@champion``.
    out : path
        Folder to write; an existing one is refused.
    audit : path, optional
        ``audit.json`` of a run scored with this model.
    owners : mapping of str to str, optional
        Role = who holds it, for what only people can fill in.

    Returns
    -------
    Path
        The page.
    """
    from eswarn.report.card_page import write_card

    choices = choices_of(config)
    folders.refuse_existing(Path(out))
    ready = _ready(model, tracking or choices.tracking.uri)
    audited = None if audit is None else _audit_of(Path(audit), ready.id)
    return write_card(ready.card, ready.id, out, audit=audited, owners=owners)


def _audit_of(file: Path, model_id: str) -> Mapping[str, Any]:
    """The audit of a run scored with this model and no other."""
    try:
        told = json.loads(file.read_bytes())
        of = str(told["about"]["model"])
    except OSError as error:
        raise InputRefused(f"not readable ({error.strerror})", where=str(file)) from None
    except (ValueError, RecursionError, LookupError, TypeError):
        raise InputRefused("this is no audit", where=str(file), do="Give the audit.json that `eswarn audit` wrote.") from None
    if not model_id.startswith(of) or len(of) < 8:
        raise UsageError("this audit is of another model", where=str(file), do="Audit a run that this model scored.")
    return dict(told)


def _write(told: Validation, out: Path, config: Config, tracking: str | None, progress: Progress) -> None:
    from eswarn.report.validation_page import write_validation

    plain = told.plain()
    with folders.complete_or_absent(out) as draft:
        write_validation(plain, draft)
        (draft / "rules.csv").write_bytes(csv_bytes(told.frame))
        if told.groups is not None:
            (draft / "groups.csv").write_bytes(csv_bytes(told.groups.release.frame))
        (draft / "lists.csv").write_bytes(csv_bytes(told.lists))
    uri = tracking or config.tracking.uri
    if uri == OFF:
        return
    from eswarn.tracking import facts, track_validation

    output_id = hashlib.sha256((out / "validation.json").read_bytes()).hexdigest()
    track_validation(out, **facts.of_validation(plain, output_id), uri=uri, experiment=config.tracking.experiment, progress=progress)
