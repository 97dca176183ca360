"""Brings the plain files of a run or a model version into a local folder; whether they are genuine is for the caller to verify."""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from eswarn.errors import InputRefused, UsageError
from eswarn.progress import silent
from eswarn.tracking.store import Store, folder_at, is_here, open_store, shown

MOST_FILES = 10_000
MOST_BYTES = 16 * 2**30  # of a run with the files of pupils
MOST_BYTES_OF_FOLDER = 256 * 2**20  # of one folder of it: a bundle
DEEPEST = 8

_RUN = re.compile(r"runs:/(?P<run>[A-Za-z0-9_-]{1,64})(?:/(?P<path>.+))?")
_VERSION = re.compile(r"models:/(?P<name>[A-Za-z0-9][A-Za-z0-9 _.-]{0,99})(?:@(?P<alias>[A-Za-z0-9_-]{1,100})|/(?P<version>[0-9]{1,9}))")
_PART = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.+= -]{1,200}")


def fetch(reference: str, to: Path, *, uri: str) -> Path:
    """Copy the files behind a reference into the folder ``to``, all or none.

    Parameters
    ----------
    reference : str
        ``runs:/ID`` (every artifact of the run), ``runs:/ID/FOLDER``, ``models:/NAME@ALIAS`` or ``models:/NAME/3`` (the bundle).
    to : Path
        A folder that does not exist yet or is empty.
    uri : str
        The tracking store.

    Returns
    -------
    Path
        ``to``. Its content is what the store gave: check it against the manifest before it is parsed.

    Raises
    ------
    UsageError
        The reference cannot be understood, or ``to`` is in use.
    InputRefused
        The store cannot be read, has nothing there, offers a name or link that leads out of the folder, or more than is copied.
    """
    run, version = _RUN.fullmatch(reference), _VERSION.fullmatch(reference)
    if not (run or version) or (run and run["path"] and not _is_plain(run["path"].rstrip("/"))):
        raise UsageError("this reference cannot be understood", do="Use runs:/ID, runs:/ID/FOLDER, models:/NAME@ALIAS or models:/NAME/3.")
    if to.is_symlink() or (to.exists() and (not to.is_dir() or any(to.iterdir()))):
        raise UsageError("there is something here already", where=str(to), do="Name a folder that does not exist yet.")
    with open_store(uri, family=InputRefused, progress=silent) as store:
        if run:
            run_id, path = run["run"], (run["path"] or "").rstrip("/")
            location = location_of(store, run_id)
        else:
            run_id, path, location = _behind(store, version)
        to.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=to.parent, prefix=".fetch-") as staging:
            here = is_here(store, location, InputRefused)
            got = _copied(store, location, path, Path(staging)) if here else _downloaded(store, location, path, Path(staging))
            got.rename(to)
    return to


def location_of(store: Store, run_id: str) -> str:
    """The place of a run's artifacts; refused where it is not the run's own."""
    location = str(store.client.get_run(run_id).info.artifact_uri)
    if not location.endswith(f"/{run_id}/artifacts"):
        raise _refused(store, "the store names a place that is not the artifact folder of this run")
    return location


def _behind(store: Store, match: Any) -> tuple[str, str, str]:
    """Resolve a model version to a folder of its own run; where else it may point is not followed."""
    if match["alias"]:
        made = store.client.get_model_version_by_alias(match["name"], match["alias"])
    else:
        made = store.client.get_model_version(match["name"], match["version"])
    run_id, source = str(made.run_id), str(made.source)
    location = location_of(store, run_id)
    path = source.removeprefix(f"{location}/")
    if path == source or not _is_plain(path):
        raise _refused(store, "the model version does not point at a folder of its own run")
    return run_id, path, location


def _copied(store: Store, location: str, path: str, staging: Path) -> Path:
    root = folder_at(location)
    source = root / path
    inside = source.resolve() == root.resolve() / path
    if not inside or not source.is_dir():
        raise _refused(store, "there is no such folder in the run")
    names = sorted(itertools.islice(source.rglob("*"), MOST_FILES + 1))
    if len(names) > MOST_FILES or any(name.is_symlink() or not (name.is_dir() or name.is_file()) for name in names):
        raise _refused(store, "the run holds a link, something that is not a file, or too many files")
    _refuse_size(store, path, sum(name.stat().st_size for name in names))  # looked at first: a file with holes is copied with its zeros
    target = staging / "files"
    target.mkdir()
    for name in names:
        copy = target / name.relative_to(source)
        copy.mkdir() if name.is_dir() else shutil.copyfile(name, copy)
    return target


def _downloaded(store: Store, location: str, path: str, staging: Path) -> Path:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository: Any = get_artifact_repository(location, tracking_uri=store.uri)
    target = staging / "files"
    target.mkdir()
    files = _listed(store, repository, path, depth=0)
    if not files:
        raise _refused(store, "there is no such folder in the run")
    size = 0
    for name in files:
        size += Path(repository.download_artifacts(name, str(target))).stat().st_size
        _refuse_size(store, path, size)
    if {found.relative_to(target).as_posix() for found in target.rglob("*") if not found.is_dir()} != set(files):
        raise _refused(store, "the store sent other files than it listed")
    return target / path


def _refuse_size(store: Store, path: str, found: int) -> None:
    if found > (MOST_BYTES_OF_FOLDER if path else MOST_BYTES):
        raise _refused(store, "the run holds more bytes than a model or a scoring run has")


def _listed(store: Store, repository: Any, path: str, *, depth: int) -> list[str]:
    """List the files under a folder, every name checked before anything is asked for by it."""
    files: list[str] = []
    for info in repository.list_artifacts(path or None):
        name = str(info.path)
        if not _is_plain(name) or not name.startswith(f"{path}/" if path else "") or depth > DEEPEST:
            raise _refused(store, "the store offers a name that leads out of the folder")
        files += _listed(store, repository, name, depth=depth + 1) if info.is_dir else [name]
        if len(files) > MOST_FILES:
            raise _refused(store, "the run holds too many files")
    return files


def _is_plain(path: str) -> bool:
    return all(_PART.fullmatch(part) for part in path.split("/"))


def _refused(store: Store, what: str) -> InputRefused:
    return InputRefused(what, where=shown(store.uri), do="Look at the run in the store, or name another one.")
