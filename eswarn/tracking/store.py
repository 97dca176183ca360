"""Opens a tracking store quietly, and turns whatever goes wrong into one error without values or credentials."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from eswarn.errors import EswarnError, InputRefused, NotTracked
from eswarn.progress import Progress

SILENCE = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
SETTINGS = {
    # One attempt, 18 seconds: `eswarn track` is the second attempt. MLflow's own defaults wait for minutes.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "18",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    # A pooled connection outlives its file: a store deleted and made anew would be written to in its grave.
    "MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "NullPool",
}
LOCK_SECONDS = 20
REMOTE_ARTIFACTS = ("mlflow-artifacts", "https", "http", "s3", "gs", "wasbs", "abfss")

Family = type[NotTracked] | type[InputRefused]
AGAIN = 'What was written is complete. When the store can be used again, run "eswarn track FOLDER".'
SQLITE = {
    "SQLITE_BUSY": "it is in use by another process",
    "SQLITE_CANTOPEN": "the file cannot be opened",
    "SQLITE_CORRUPT": "the file is damaged",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_NOTADB": "the file is not a database",
    "SQLITE_READONLY": "the file cannot be written",
}
KINDS = 'Use sqlite:///FOLDER/mlflow.db, the http:// or https:// address of a server, or "off".'


@dataclass(frozen=True, slots=True)
class Store:
    """An open store; ``folder`` is where its database lies, None for a server; ``uri`` may hold credentials."""

    client: Any
    uri: str
    folder: Path | None


@contextlib.contextmanager
def open_store(uri: str, *, family: Family, progress: Progress) -> Iterator[Store]:
    """Open the store at ``uri`` for the length of a ``with`` block; only to write (`NotTracked`) is one created.

    Parameters
    ----------
    uri : str
        ``sqlite:///PATH`` or the ``http(s)://`` address of a server.
    family : type
        The error raised for whatever fails inside the block: `NotTracked` when writing, `InputRefused` when reading.
    progress : Progress
        Told what is being opened or created; the first use of MLflow takes seconds.
    """
    with _quiet(), _translated(uri, family):
        scheme = urlsplit(uri).scheme
        if scheme not in ("sqlite", "http", "https"):
            raise family("this kind of tracking store cannot be used", where=shown(uri), do=KINDS)
        progress("opening the tracking store", 0, 1)
        os.environ.update(SILENCE)
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        folder = None
        if scheme == "sqlite":
            path = _path(uri, family)
            uri, folder = f"sqlite:///{path}", path.parent
            if path.is_file() and path.stat().st_size:
                _probe(path, family)
            elif family is NotTracked:
                progress("creating the tracking store", 0, 1)
                _create(path)
                progress("creating the tracking store", 1, 1)
            else:
                raise family("there is no tracking store here", where=shown(uri), do="Name the store in which the run was recorded.")
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        progress("opening the tracking store", 1, 1)
        yield Store(client, uri, folder)


def is_here(store: Store, location: str, family: Family) -> bool:
    """Say whether the artifacts at ``location`` are files of this machine; a server may not name such a place."""
    parts = urlsplit(location)
    here = parts.scheme in ("", "file") and parts.netloc in ("", "localhost")
    if here and store.folder is None:
        raise family(
            "the server names a folder of this machine as the place of its artifacts",
            where=shown(store.uri),
            do="Start it with --serve-artifacts and --artifacts-destination, and use a new experiment.",
        )
    if not here and parts.scheme not in REMOTE_ARTIFACTS:
        raise family("the store keeps its artifacts where eswarn does not go", where=shown(store.uri), do="Use a new experiment.")
    return here


def folder_at(location: str) -> Path:
    """Turn the ``file:`` address or plain path of an artifact folder into a path."""
    parts = urlsplit(location)
    return Path(url2pathname(parts.path) if parts.scheme == "file" else location)


def shown(uri: str) -> str:
    """Write a store's address without user, password, query and fragment."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "tracking store"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl() if parts.netloc else uri


def _path(uri: str, family: Family) -> Path:
    name = uri.removeprefix("sqlite:///")
    path = Path(name).absolute()
    # SQLAlchemy reads ? and % as its own signs, MLflow does not, and the two then disagree about the folder.
    if not uri.startswith("sqlite:///") or name in ("", ":memory:") or {"?", "%"} & set(str(path)):
        raise family("a sqlite store needs the path of a file, without ? and %", where=shown(uri), do=KINDS)
    return path


def _probe(path: Path, family: Family) -> None:
    """Find out in a moment what MLflow would retry for minutes; and a database of others, to which it would add its tables."""
    with contextlib.closing(sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)) as database:
        if family is NotTracked:
            database.execute("BEGIN IMMEDIATE")
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    if not {"alembic_version", "experiments"} <= tables:
        raise family("this database is not a tracking store", where=str(path), do="Name another file; one that does not exist is created.")


def _create(path: Path) -> None:
    """Make the database aside and move it here whole: one that was interrupted while MLflow made it is never mended."""
    from mlflow import MlflowClient

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".new-store-") as aside:
        fresh = Path(aside) / path.name
        os.close(os.open(fresh, os.O_CREAT | os.O_WRONLY, 0o600))
        MlflowClient(tracking_uri=f"sqlite:///{fresh}", registry_uri=f"sqlite:///{fresh}")
        if not (path.is_file() and path.stat().st_size):
            fresh.replace(path)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep MLflow's log lines and warnings from the screen: they repeat SQL with its values, and addresses with passwords."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextlib.contextmanager
def _translated(uri: str, family: Family) -> Iterator[None]:
    try:
        yield
    except EswarnError:
        raise
    except Exception as error:
        what = _reason(error)
        do = AGAIN if family is NotTracked else "Check the address, and that the store can be reached from this machine."
        if "out-of-date database schema" in str(error):
            what, do = "it was made by another version of MLflow", "Copy the file, then run: mlflow db upgrade URI. Or name a new store."
        raise family(f"the tracking store failed: {what}", where=shown(uri), do=do) from None


def _reason(error: BaseException) -> str:
    """Find the deepest cause that can be named without repeating a text of MLflow's."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    for link in reversed(chain):
        if isinstance(link, sqlite3.Error):
            name = str(getattr(link, "sqlite_errorname", type(link).__name__))
            return SQLITE.get("_".join(name.split("_")[:2]), name)
        if isinstance(link, OSError) and link.errno:
            return os.strerror(link.errno).lower()
        if isinstance(link, TimeoutError):
            return "no answer in time"
    code = getattr(error, "error_code", None)
    return f"it refused ({code})" if isinstance(code, str) and code.isupper() else type(error).__name__
