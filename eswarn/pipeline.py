"""The whole story: records to model, records and model to scores, each in a few lines."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eswarn import folders
from eswarn.cohort.dates import parse_date, refuse_stale, training_dates
from eswarn.cohort.label import refuse_lost_outcomes
from eswarn.cohort.lately import register_lately
from eswarn.config import Config, load_config
from eswarn.errors import InputRefused, NotTracked, UsageError
from eswarn.evaluation.beside import earlier_run, with_changes, with_groups
from eswarn.evaluation.metrics import RANKING, judge
from eswarn.evaluation.validate import seen_and_asked, validate_data
from eswarn.evidence.lines import head_given, header_of, signing_key, write_evidence
from eswarn.evidence.record import about_run, seal, unchanged_record, write_record
from eswarn.features.compute import Dataset, choose, compute
from eswarn.features.feature import Feature
from eswarn.features.library import FEATURES
from eswarn.features.protected import PROTECTED
from eswarn.model.bundle import Model, load_model
from eswarn.model.fit import assemble, fit
from eswarn.model.issue import issue, refuse_absent_years
from eswarn.model.scores import Scores
from eswarn.progress import Progress, silent
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline

if TYPE_CHECKING:
    import pandas as pd

OFF = "off"


def train(
    records: Records, config: Config | str | Path | None = None, *, features: Sequence[Feature] = FEATURES,
    out: str | Path | None = None, tracking: str | None = None, progress: Progress = silent,
) -> Model:  # fmt: skip
    """Train a calibrated model on the labelled cohorts of some records, and track it.

    Parameters
    ----------
    records : Records
        From `read` or `simulate`.
    config : Config, path or None
        Choices; the defaults where None.
    features : sequence of Feature
        Those to choose from; ``(*FEATURES, mine)`` adds one of your own, which `load` must then be given too.
    out : path, optional
        Write the model there; an existing folder is refused.
    tracking : str, optional
        MLflow tracking URI, or "off"; the configuration's where None.
    progress : Progress
        Told how far it has come.

    Returns
    -------
    Model

    Raises
    ------
    InputRefused
        No mature as-of date, or too few leavers.
    NotTracked
        The model stands in ``out``, but could not be tracked. Without ``out`` this is a warning, and the model is returned.
    """
    choices = choices_of(config, records)
    if out is not None:
        folders.refuse_existing(Path(out))
    refuse_lost_outcomes(records)
    chosen, timeline = choose(choices.features, features), Timeline(records)
    dates = training_dates(timeline, choices.cohort)
    wanted = seen_and_asked(chosen) if choices.validation.in_training else chosen
    every = compute(timeline, dates, choices.cohort, features=wanted, labelled=True, progress=progress)
    data = every.of(chosen)
    validation = _validated(timeline, every, chosen, choices, progress)
    progress("training", 0, 1)
    fitted = fit(data, choices)
    figures = judge(fitted.raw, fitted.risk_model.curve_(fitted.raw), fitted.y)
    metrics = {name: round(figures[name], 6) for name in RANKING}  # the curve was fitted on these rows: its own figures would flatter
    registers = {day: register_lately(timeline, day) for day in dates}
    model = assemble(fitted, data, choices, digest=records.digest, metrics=metrics, validation=validation, registers=registers)
    progress("training", 1, 1)
    if out is not None:
        model.save(out)
    uri = tracking or choices.tracking.uri
    if uri != OFF:
        try:
            _track_model(model, Path(out) if out is not None else None, choices, uri, progress)
        except NotTracked as error:
            if out is not None:
                raise
            warnings.warn(str(error), stacklevel=2)
    return model


def _validated(timeline: Timeline, every: Dataset, chosen: Sequence[Feature], choices: Config, progress: Progress) -> dict[str, Any]:
    """What the latest fold says of the procedure; or why there is none."""
    if not choices.validation.in_training:
        return {"not_validated": "[validation] in_training is off"}
    try:
        return validate_data(timeline, every, chosen, choices, folds=1, progress=progress).plain()
    except InputRefused as refused:
        return {"not_validated": refused.what}


def score(
    model: Model | str | Path, records: Records, as_of: dt.date | str, *, config: Config | str | Path | None = None,
    out: str | Path | None = None, tracking: str | None = None, track_pupils: bool = False, sign: str | Path | None = None,
    previous: str | None = None, diff: str | Path | None = None, progress: Progress = silent,
) -> Scores:  # fmt: skip
    """Score everybody on roll on a date, with reasons.

    Parameters
    ----------
    model : Model or str
        A model, its folder, or a reference such as ``models:/eswarn@champion``.
    records : Records
        From `read` or `simulate`.
    as_of : date or str
        The as-of date; only what was known before it counts.
    config : Config, path or None
        Places, reasons and tracking; and ``until``, where the model's horizon ends on a date, which belongs to another year. Who
        is on roll and who can be scored follows the model's own configuration.
    out : path, optional
        Write the record of the run there: complete or not at all; an existing folder is refused. A run is tracked when it is written.
    tracking : str, optional
        MLflow tracking URI, or "off"; the configuration's where None.
    track_pupils : bool
        Send pseudonymous scores and explanations to a store that is not on this machine, too.
    sign : path, optional
        Ed25519 private key (PEM) to sign the head of the evidence with.
    previous : str, optional
        Head of the run before this one, which the head then names.
    diff : path, optional
        Folder of an earlier run: the page then says who joined, left or moved on the list since, and why.

    Raises
    ------
    NotTracked
        Everything stands in ``out``, but the run could not be tracked; `track` does it later.
    """
    choices = choices_of(config, records)
    if out is not None:
        folders.refuse_existing(Path(out))
    began, day = time.time(), parse_date(as_of)
    key, before = signing_key(sign) if sign is not None else None, head_given(previous)
    ready = model if isinstance(model, Model) else load(model, tracking=tracking or choices.tracking.uri)
    cohort = type(choices.cohort).model_validate(ready.card["config"]["cohort"])
    until = cohort.until and (choices.cohort.until or cohort.until)
    if until is not None and until <= day:
        raise UsageError(
            f"this model asks who leaves before {until}, and on {day} that is over",
            do="Name the end of this year's horizon:  until = YYYY-MM-DD  under [cohort] in the file given with --config.",
        )
    timeline = Timeline(records)
    refuse_stale(timeline, day)
    earlier = earlier_run(diff, day) if diff is not None else None
    columns = {feature.column: feature for feature in (*PROTECTED, *ready.features)}
    data = compute(timeline, [day], cohort, features=tuple(columns.values()), with_facts=True, progress=progress)
    if not len(data.X):
        raise InputRefused(f"nobody on roll on {day} can be scored", do=data.why_nobody())
    refuse_absent_years(choices.score, data.keys["year_group"])
    progress("scoring", 0, 1)
    scores = with_groups(issue(ready, data.of(ready.features), choices.score, until=until), data, earlier)
    if earlier is not None:
        scores = with_changes(scores, earlier, ready)
    progress("scoring", 1, 1)
    if out is not None:
        from eswarn.report import report

        with folders.complete_or_absent(Path(out)) as draft:
            sources = records.files_of(scores.frame["pupil_id"].tolist())
            write_record(scores, ready, draft, sources)
            report(scores, draft / "report.html")
            seal(draft, scores.about, about_run(records, began))
            write_evidence(draft, scores, header_of(draft, scores, ready, records), sources=sources, key=key, previous=before)
        uri = tracking or choices.tracking.uri
        if uri != OFF:
            track(out, config=choices, tracking=uri, track_pupils=track_pupils, progress=progress)
    return scores


def feature_table(
    records: Records, as_of: Sequence[dt.date | str] | dt.date | str, *, config: Config | str | Path | None = None,
    features: Sequence[Feature] = FEATURES, progress: Progress = silent,
) -> pd.DataFrame:  # fmt: skip
    """The feature table alone: pupil_id, as_of and one column a feature, for those who bring their own model.

    Rows are by date, school and pupil; NaN where the records have no answer.

    Parameters
    ----------
    records : Records
        From `read` or `simulate`.
    as_of : date, str or sequence of them
        One or more as-of dates.
    config : Config, path or None
        ``[features]`` chooses columns, ``[cohort]`` who can be scored.
    features : sequence of Feature
        Those to choose from.
    """
    return feature_data(records, as_of, config=config, features=features, progress=progress).table


def feature_data(
    records: Records, as_of: Sequence[dt.date | str] | dt.date | str, *, config: Config | str | Path | None = None,
    features: Sequence[Feature] = FEATURES, progress: Progress = silent,
) -> Dataset:  # fmt: skip
    """What `feature_table` gives, with its keys and with who was left out and why."""
    choices = choices_of(config, records)
    days, timeline = [parse_date(day) for day in ([as_of] if isinstance(as_of, (str, dt.date)) else as_of)], Timeline(records)
    for day in days:
        refuse_stale(timeline, day)
    return compute(timeline, days, choices.cohort, features=choose(choices.features, features), progress=progress)


def load(model: str | Path, *, features: Sequence[Feature] = FEATURES, tracking: str | None = None) -> Model:
    """Load a model from its folder, or from the tracking store: ``models:/eswarn@champion``, ``runs:/ID/model``.

    ``features`` are those it may have been trained with, where some are not the shipped ones.

    Raises
    ------
    ModelRefused
        The bytes are not those its manifest names, or a feature on its card is not among those given.
    """
    reference = str(model)
    if not reference.startswith(("runs:/", "models:/")):
        return load_model(model, features)
    from eswarn.tracking import fetch

    if reference.startswith("runs:/") and reference.count("/") == 1:
        reference += "/model"
    with tempfile.TemporaryDirectory() as place:
        return load_model(fetch(reference, Path(place) / "model", uri=tracking or load_config().tracking.uri), features)


def track(
    out: str | Path, *, config: Config | str | Path | None = None, tracking: str | None = None, track_pupils: bool = False,
    progress: Progress = silent,
) -> Mapping[str, Any]:  # fmt: skip
    """Track a scoring run or a model that stands in a folder; one that is tracked already is left as it is.

    Returns run_id, experiment_id and uri of the run.
    """
    choices = choices_of(config)
    uri = tracking or choices.tracking.uri
    if uri == OFF:
        raise UsageError('tracking is "off"', do="Give a tracking URI.")
    path = Path(out)
    if (path / "booster.txt").exists():
        return _track_model(load_model(path), path, choices, uri, progress)
    from eswarn.tracking import facts, track_scores

    record = unchanged_record(path)
    tracked = track_scores(
        path, **facts.of_scores(record.about, record.run, record.output_id), uri=uri, experiment=choices.tracking.experiment,
        track_pupils=track_pupils, progress=progress,
    )  # fmt: skip
    where = {"run_id": tracked.run_id, "experiment_id": tracked.experiment_id, "uri": tracked.uri}
    record.note_tracking(where)
    return where


def _track_model(model: Model, folder: Path | None, config: Config, uri: str, progress: Progress) -> Mapping[str, Any]:
    from eswarn.report.card_page import write_card
    from eswarn.tracking import facts, track_training

    if folder is None:
        with tempfile.TemporaryDirectory() as place:
            return _track_model(model, model.save(Path(place) / "model"), config, uri, progress)
    with tempfile.TemporaryDirectory() as place:
        card = write_card(model.card, model.id, place).parent
        tracked = track_training(
            folder, **facts.of_training(model.card, model.id), uri=uri, experiment=config.tracking.experiment,
            model_name=config.tracking.model_name, card=card, progress=progress,
        )  # fmt: skip
    return {"run_id": tracked.run_id, "experiment_id": tracked.experiment_id, "uri": tracked.uri,
            "model_version": tracked.model_version, "alias": tracked.alias}  # fmt: skip


def choices_of(config: Config | str | Path | None, records: Records | None = None) -> Config:
    """The choices given, as they are or from their file; the defaults where there are none."""
    if not isinstance(records, Records | None):
        raise UsageError("records are what read() gives, not the place of the files", do="Read it first:  ew.read(...).")
    if not isinstance(config, Config | str | Path | None):
        raise UsageError("config is a Config or the path of a TOML file", do="Build one with ew.Config(cohort=..., model=...).")
    return config if isinstance(config, Config) else load_config(config)
