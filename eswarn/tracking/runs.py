"""Records a training or a scoring as one MLflow run: aggregates always, files of pupils only where they may go."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eswarn.errors import NotTracked
from eswarn.evidence.erase import AUDIT
from eswarn.evidence.record import EVIDENCE_FILES, PUPIL_FILES
from eswarn.evidence.verify import HEAD
from eswarn.progress import Progress, silent
from eswarn.tracking.allowed import Facts, allowed, allowed_name
from eswarn.tracking.fetch import location_of
from eswarn.tracking.store import Store, folder_at, is_here, open_store, shown

MODEL = "model"
MANIFEST = "manifest.json"
CLOCK = "run.json"
AUDIT_FILES = ("audit.html", "audit.json")

Files = list[tuple[Path, str | None]]


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
    files = _files(bundle, into=MODEL)
    with open_store(uri, family=NotTracked, progress=progress) as store:
        home = _experiment(store, experiment)
        run = _finished(store, home, kind="training", facts=facts)
        if run is None:
            with _new_run(store, home, kind="training", facts=facts) as run:
                _upload(store, run, files, progress)
                _register(store, run, model_name, facts.tags["model_id"])
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
    always = [*((_plain(out / name), None) for name in (MANIFEST, HEAD)), *_files(out / MODEL, into=MODEL)]
    with open_store(uri, family=NotTracked, progress=progress) as store:
        home = _experiment(store, experiment)
        pupils = track_pupils or is_here(store, home.artifact_location, NotTracked)
        clock = [CLOCK] if pupils and (out / CLOCK).exists() else []
        files: Files = [*always, *((_plain(out / name), None) for name in (*PUPIL_FILES, *EVIDENCE_FILES, *clock) if pupils)]
        run = _finished(store, home, kind="scoring", facts=facts, pupils=pupils)
        if run is None:
            with _new_run(store, home, kind="scoring", facts=facts, pupils=pupils) as run:
                _upload(store, run, files, progress)
    return TrackedRun(run.info.run_id, home.experiment_id, shown(uri))


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
        _upload(store, store.client.get_run(run_id), [(_plain(folder / name), AUDIT) for name in AUDIT_FILES], progress)


def _experiment(store: Store, name: str) -> Any:
    """Find or make the experiment, and see that its artifacts lie where they may."""
    home = store.client.get_experiment_by_name(name) or _new_experiment(store, name)
    if home.lifecycle_stage != "active":
        raise NotTracked("the experiment was deleted in the store", where=shown(store.uri), do="Restore it there, or name another one.")
    if is_here(store, home.artifact_location, NotTracked) and not folder_at(home.artifact_location).is_dir():
        raise NotTracked(
            "the folder in which the experiment keeps its artifacts is not there",
            where=shown(store.uri),
            do="If the store was moved, move it back, or name another experiment.",
        )
    return home


def _new_experiment(store: Store, name: str) -> Any:
    location = None
    if store.folder is not None:
        # Without a place of its own MLflow would write to ./mlruns in the current folder.
        artifacts = store.folder / "artifacts"
        artifacts.mkdir(mode=0o700, exist_ok=True)
        location = artifacts.as_uri()
    return store.client.get_experiment(store.client.create_experiment(name, artifact_location=location))


def _finished(store: Store, home: Any, *, kind: str, facts: Facts, pupils: bool = False) -> Any:
    """Find the finished run of the same output, or None."""
    words = ["attributes.status = 'FINISHED'", f"tags.kind = '{kind}'", f"tags.output_id = '{facts.tags['output_id']}'"]
    words += ["tags.pupil_files = 'yes'"] if pupils else []
    return next(iter(store.client.search_runs([home.experiment_id], " and ".join(words), max_results=1)), None)


@contextlib.contextmanager
def _new_run(store: Store, home: Any, *, kind: str, facts: Facts, pupils: bool = False) -> Iterator[Any]:
    """Begin a run with its aggregates; finished when the block ends well, else FAILED if the store still answers."""
    from mlflow.entities import Metric, Param

    tags = {**facts.tags, "kind": kind, "pupil_files": "yes" if pupils else "no"}
    run = store.client.create_run(home.experiment_id, tags=tags, run_name=f"{kind} {facts.tags['output_id'][:8]}")
    run_id, now = run.info.run_id, int(time.time() * 1000)
    try:
        if not run.info.artifact_uri.startswith(home.artifact_location.rstrip("/") + "/"):
            raise NotTracked("the store gave the run a place outside its experiment", where=shown(store.uri), do="Use another store.")
        params = [Param(key, value) for key, value in facts.params.items()]
        store.client.log_batch(run_id, [Metric(key, value, now, 0) for key, value in facts.metrics.items()], params)
        yield run
        store.client.set_terminated(run_id, "FINISHED")
    except BaseException:
        with contextlib.suppress(Exception):
            store.client.set_terminated(run_id, "FAILED")
        raise


def _upload(store: Store, run: Any, files: Files, progress: Progress) -> None:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    # Not client.log_artifact: that asks the store again where to write, after the place was checked.
    repository: Any = get_artifact_repository(run.info.artifact_uri, tracking_uri=store.uri)
    for done, (path, folder) in enumerate(files):
        progress("recording the run", done, len(files))
        repository.log_artifact(str(path), folder)
    progress("recording the run", len(files), len(files))


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


def _files(folder: Path, *, into: str) -> Files:
    """List the files of a folder, each with the artifact folder it goes to."""
    found = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    if not found:
        raise NotTracked("there is no model in this folder", where=str(folder), do="Name a folder that eswarn wrote.")
    return [(_plain(path), "/".join((into, *path.relative_to(folder).parent.parts))) for path in found]


def _plain(path: Path) -> Path:
    if path.is_symlink() or not path.is_file():
        raise NotTracked("this is not a plain file, so the output is not complete", where=str(path), do="Name a folder that eswarn wrote.")
    return path
