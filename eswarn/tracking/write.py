"""One run in a store, from finding its experiment to finishing it: what every kind of run is written with."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eswarn.errors import NotTracked
from eswarn.progress import Progress
from eswarn.tracking.allowed import Facts
from eswarn.tracking.store import Store, folder_at, is_here, shown

Files = list[tuple[Path, str | None]]


def experiment_of(store: Store, name: str) -> Any:
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


def finished(store: Store, home: Any, *, kind: str, facts: Facts, pupils: bool = False) -> Any:
    """Find the finished run of the same output, or None."""
    words = ["attributes.status = 'FINISHED'", f"tags.kind = '{kind}'", f"tags.output_id = '{facts.tags['output_id']}'"]
    words += ["tags.pupil_files = 'yes'"] if pupils else []
    return next(iter(store.client.search_runs([home.experiment_id], " and ".join(words), max_results=1)), None)


@contextlib.contextmanager
def new_run(store: Store, home: Any, *, kind: str, facts: Facts, pupils: bool = False, parent: str = "") -> Iterator[Any]:
    """Begin a run with its aggregates; finished when the block ends well, else FAILED if the store still answers."""
    from mlflow.entities import Metric, Param

    tags = {**facts.tags, "kind": kind, "pupil_files": "yes" if pupils else "no"}
    tags |= {"mlflow.parentRunId": parent} if parent else {}
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


def upload(store: Store, run: Any, files: Files, progress: Progress) -> None:
    """Send files to a run's artifacts."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    # Not client.log_artifact: that asks the store again where to write, after the place was checked.
    repository: Any = get_artifact_repository(run.info.artifact_uri, tracking_uri=store.uri)
    for done, (path, folder) in enumerate(files):
        progress("recording the run", done, len(files))
        repository.log_artifact(str(path), folder)
    progress("recording the run", len(files), len(files))


def files_of(folder: Path, *, into: str) -> Files:
    """List the files of a folder, each with the artifact folder it goes to."""
    found = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    if not found:
        raise NotTracked("there is no model in this folder", where=str(folder), do="Name a folder that eswarn wrote.")
    return [(plain(path), "/".join((into, *path.relative_to(folder).parent.parts))) for path in found]


def plain(path: Path) -> Path:
    """The path, if it is a plain file and no link."""
    if path.is_symlink() or not path.is_file():
        raise NotTracked("this is not a plain file, so the output is not complete", where=str(path), do="Name a folder that eswarn wrote.")
    return path
