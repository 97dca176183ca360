"""Records a training or a scoring as one MLflow run: aggregates always, files of pupils only where they may go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eswarn.errors import NotTracked
from eswarn.evidence.erase import AUDIT, CARD
from eswarn.evidence.record import EVIDENCE_FILES, PUPIL_FILES
from eswarn.evidence.shown import SHOWN_FILES
from eswarn.evidence.verify import HEAD
from eswarn.progress import Progress, silent
from eswarn.tracking.allowed import Facts, allowed, allowed_name
from eswarn.tracking.fetch import location_of
from eswarn.tracking.store import Store, folder_at, is_here, open_store, shown
from eswarn.tracking.write import Files, experiment_of, files_of, finished, new_run, plain, upload

MODEL = "model"
MANIFEST = "manifest.json"
CLOCK = "run.json"
AUDIT_FILES = ("audit.html", "audit.json")
VALIDATION = "validation"
VALIDATION_FILES = ("validation.html", "validation.json")


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """Where a run was recorded; ``uri`` holds no credentials, and version and alias belong to trainings only."""

    run_id: str
    experiment_id: str
    uri: str
    model_version: str | None = None
    alias: str | None = None


def track_training(
    bundle: Path,
    *,
    params: Mapping[str, str | int | float],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    uri: str,
    experiment: str,
    model_name: str,
    trials: Sequence[Mapping[str, float]] = (),
    card: Path | None = None,
    progress: Progress = silent,
) -> TrackedRun:
    """Record a training: one run with the bundle as plain files, and a model version that points at them.

    Parameters
    ----------
    bundle : Path
        Folder of the model; every file in it goes into the artifact folder ``model``.
    params, metrics, tags : mapping
        Aggregates under the keys of `eswarn.tracking.allowed`. The tags ``output_id`` and ``model_id`` must be there.
    uri, experiment, model_name : str
        Where, and under which names. The first version that gets an alias is ``champion``, later ones ``challenger``.
    trials : sequence of mapping
        Settings that a search tried, each with its ``log_loss``: one child run each.
    card : Path, optional
        Folder of the model's card, as page and as JSON; it goes into the artifact folder ``card``.
    progress : Progress
        Told of each step.

    Returns
    -------
    TrackedRun
        The new run; or the finished one with the same ``output_id`` that was there before, which is left as it is.

    Raises
    ------
    NotTracked
        Whatever failed. A run that had begun is marked FAILED where the store still answers.
    """
    facts = allowed(params, metrics, tags, needed=("output_id", "model_id"))
    allowed_name(experiment, "experiment")
    allowed_name(model_name, "model")
    files = [*files_of(bundle, into=MODEL), *(files_of(card, into=CARD) if card else ())]
    with open_store(uri, family=NotTracked, progress=progress) as store:
        home = experiment_of(store, experiment)

        def register(run: Any) -> None:
            _try(store, home, run, facts, trials)
            _register(store, run, model_name, facts.tags["model_id"])

        run = _once(store, home, kind="training", facts=facts, files=files, progress=progress, then=register)
        return TrackedRun(run.info.run_id, home.experiment_id, shown(uri), *_version_of(store, run))


def track_scores(
    out: Path,
    *,
    params: Mapping[str, str | int | float],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    uri: str,
    experiment: str,
    track_pupils: bool,
    progress: Progress = silent,
) -> TrackedRun:
    """Record a scoring: one run with the manifest and the model, and with the files of pupils where they may go.

    Parameters
    ----------
    out : Path
        The output folder. Files other than those a scoring writes are left where they are.
    params, metrics, tags : mapping
        Aggregates under the keys of `eswarn.tracking.allowed`. The tag ``output_id`` must be there.
    uri, experiment : str
        Where, and under which name.
    track_pupils : bool
        Send the files of pupils to a store that is not on this machine, too.
    progress : Progress
        Told of each step.

    Returns
    -------
    TrackedRun
        The new run; or the finished one with the same ``output_id`` that was there before. Asking for the files of pupils
        after a run without them makes a second run.

    Raises
    ------
    NotTracked
        Whatever failed. A run that had begun is marked FAILED where the store still answers.
    """
    facts = allowed(params, metrics, tags, needed=("output_id",))
    allowed_name(experiment, "experiment")
    always = [*((plain(out / name), None) for name in (MANIFEST, HEAD)), *files_of(out / MODEL, into=MODEL)]
    with open_store(uri, family=NotTracked, progress=progress) as store:
        home = experiment_of(store, experiment)
        pupils = track_pupils or is_here(store, home.artifact_location, NotTracked)
        theirs = [name for name in PUPIL_FILES if name not in SHOWN_FILES or (out / name).exists()]  # there may be nothing to compare with
        clock = [CLOCK] if pupils and (out / CLOCK).exists() else []
        files: Files = [*always, *((plain(out / name), None) for name in (*theirs, *EVIDENCE_FILES, *clock) if pupils)]
        run = _once(store, home, kind="scoring", facts=facts, files=files, progress=progress, pupils=pupils)
    return TrackedRun(run.info.run_id, home.experiment_id, shown(uri))


def track_validation(
    folder: Path,
    *,
    params: Mapping[str, str | int | float],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    uri: str,
    experiment: str,
    trials: Sequence[Mapping[str, float]] = (),
    progress: Progress = silent,
) -> TrackedRun:
    """Record a validation: one run with its page and its aggregates, and a child run for each setting that a search tried.

    Parameters
    ----------
    folder : Path
        What a validation wrote; files of pupils are left where they are.
    params, metrics, tags : mapping
        Aggregates under the keys of `eswarn.tracking.allowed`. The tag ``output_id`` must be there.
    uri, experiment : str
        Where, and under which name.
    trials : sequence of mapping
        As for `track_training`.
    progress : Progress
        Told of each step.

    Raises
    ------
    NotTracked
        Whatever failed. A run that had begun is marked FAILED where the store still answers.
    """
    facts = allowed(params, metrics, tags, needed=("output_id",))
    allowed_name(experiment, "experiment")
    files: Files = [(plain(folder / name), VALIDATION) for name in VALIDATION_FILES]
    with open_store(uri, family=NotTracked, progress=progress) as store:
        home = experiment_of(store, experiment)

        def keep_trials(run: Any) -> None:
            _try(store, home, run, facts, trials)

        run = _once(store, home, kind="validation", facts=facts, files=files, progress=progress, then=keep_trials)
    return TrackedRun(run.info.run_id, home.experiment_id, shown(uri))


def _once(
    store: Store, home: Any, *, kind: str, facts: Facts, files: Files, progress: Progress, pupils: bool = False,
    then: Callable[[Any], None] | None = None,
) -> Any:  # fmt: skip
    """The finished run of this output; or a new one with its files and what comes ``then``, finished when all of that went well."""
    run = finished(store, home, kind=kind, facts=facts, pupils=pupils)
    if run is None:
        with new_run(store, home, kind=kind, facts=facts, pupils=pupils) as run:
            upload(store, run, files, progress)
            if then:
                then(run)
    return run


def _try(store: Store, home: Any, run: Any, facts: Facts, trials: Sequence[Mapping[str, float]]) -> None:
    """A child run for each setting that was tried."""
    for trial in trials:
        params = {f"model.{name}": value for name, value in trial.items() if name != "log_loss"}
        tried = allowed(params, {"search.log_loss": trial["log_loss"]}, {"output_id": facts.tags["output_id"]}, needed=())
        with new_run(store, home, kind="trial", facts=tried, parent=run.info.run_id):
            pass


def track_audit(reference: str, folder: Path, *, uri: str, progress: Progress = silent) -> None:
    """Record the page and the JSON of an audit in the run it is of, in the artifact folder ``audit``; an earlier audit is replaced.

    Raises
    ------
    NotTracked
        Whatever failed.
    """
    run_id = reference.split("/")[1]
    with open_store(uri, family=NotTracked, progress=progress) as store:
        location = location_of(store, run_id)
        if is_here(store, location, NotTracked):  # through a link it would be written somewhere else
            taken = folder_at(location) / AUDIT
            if any(path.is_symlink() for path in (taken, *taken.glob("*"))):
                raise NotTracked("the run holds a link where its audit goes", where=shown(uri), do="Look at the run in the store.")
        upload(store, store.client.get_run(run_id), [(plain(folder / name), AUDIT) for name in AUDIT_FILES], progress)


def _register(store: Store, run: Any, name: str, model_id: str) -> None:
    from mlflow.exceptions import MlflowException

    client = store.client
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    alias = "challenger" if client.get_registered_model(name).aliases else "champion"
    made = client.create_model_version(name, f"{run.info.artifact_uri}/{MODEL}", run.info.run_id, tags={"model_id": model_id})
    client.set_registered_model_alias(name, alias, str(made.version))


def _version_of(store: Store, run: Any) -> tuple[str | None, str | None]:
    for made in store.client.search_model_versions(f"run_id = '{run.info.run_id}'", max_results=1):
        aliases = store.client.get_model_version(made.name, str(made.version)).aliases
        return str(made.version), next(iter(aliases), None)
    return None, None
