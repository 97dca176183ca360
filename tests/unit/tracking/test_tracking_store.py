"""Opening a store: created whole or not at all, quick to say what is wrong with it, and silent."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eswarn.errors import InputRefused, NotTracked
from eswarn.progress import silent
from eswarn.tracking import store as opening
from eswarn.tracking import track_training
from eswarn.tracking.store import SETTINGS, open_store, shown

FRESH = """
import socket, sys, threading, time
from pathlib import Path
from eswarn.tracking import track_training
assert "mlflow" not in sys.modules and "pandas" not in sys.modules
tried = []


def nobody(*address):
    tried.append(address)
    raise OSError("no network")


socket.socket.connect = socket.getaddrinfo = nobody
import mlflow  # as a notebook may have done, before anybody switched its telemetry off

steps = []
bundle = Path(sys.argv[1])
run = track_training(
    bundle, params={}, metrics={}, tags={"output_id": "ab", "model_id": "cd"}, uri="sqlite:///eswarn-runs/mlflow.db",
    experiment="e", model_name="m", progress=lambda step, done, total: steps.append(step),
)
assert "creating the tracking store" in steps, steps
time.sleep(0.2)
assert not tried, tried
assert [thread.name for thread in threading.enumerate()] == ["MainThread"]
"""


def database(uri: str) -> Path:
    return Path(uri.removeprefix("sqlite:///"))


def outside_of_tests() -> dict[str, str]:
    """The environment without the variables by which MLflow recognises a test or CI and keeps its telemetry off by itself."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CI", "GITHUB", "MLFLOW", "DO_NOT_TRACK"))}


def test_a_first_run_in_a_fresh_process_prints_nothing_warns_of_nothing_and_calls_nobody(tmp_path: Path, bundle: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FRESH, str(bundle)], cwd=tmp_path, env=outside_of_tests(), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["eswarn-runs"]
    assert sorted(path.name for path in (tmp_path / "eswarn-runs").iterdir()) == ["artifacts", "mlflow.db"]


def test_the_settings_of_the_user_stay_and_ours_fill_the_gaps(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    with open_store(store, family=NotTracked, progress=silent):
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "3"
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == os.environ["DO_NOT_TRACK"] == "true"
    assert int(SETTINGS["MLFLOW_HTTP_REQUEST_TIMEOUT"]) * (1 + int(SETTINGS["MLFLOW_HTTP_REQUEST_MAX_RETRIES"])) <= 20


def test_a_store_deleted_and_made_anew_by_the_same_process_is_written_to(store: str, tmp_path: Path, bundle: Path) -> None:
    place = tmp_path / "mlflow.db"
    runs = set()
    for _ in range(2):
        shutil.copyfile(database(store), place)
        tags = {"output_id": "ab", "model_id": "cd"}
        track_training(bundle, params={}, metrics={}, tags=tags, uri=f"sqlite:///{place}", experiment="anew", model_name="anew")
        with sqlite3.connect(place) as made:
            runs |= set(made.execute("SELECT run_uuid FROM runs JOIN experiments USING (experiment_id) WHERE experiments.name = 'anew'"))
        made.close()
        place.unlink()
    assert len(runs) == 2


def test_an_interrupted_creation_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mlflow, "MlflowClient", killed)
    with pytest.raises(KeyboardInterrupt), open_store(f"sqlite:///{tmp_path}/new/mlflow.db", family=NotTracked, progress=silent):
        pass
    assert list((tmp_path / "new").iterdir()) == []


def test_reading_never_creates_a_store(tmp_path: Path) -> None:
    with (
        pytest.raises(InputRefused, match="no tracking store here"),
        open_store(f"sqlite:///{tmp_path}/new/mlflow.db", family=InputRefused, progress=silent),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def refused(uri: str) -> str:
    """Open a store to write, expect a refusal and no long wait, and return what it says."""
    begin = time.monotonic()
    with pytest.raises(NotTracked) as told, open_store(uri, family=NotTracked, progress=silent):
        pass
    assert time.monotonic() - begin < 60, "MLflow on its own would try for about 100 seconds"
    assert told.value.do
    assert told.value.__suppress_context__ or told.value.__context__ is None
    return told.value.what


def test_a_database_of_somebody_else_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "school.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE pupils (name TEXT)")
    other.close()
    before = path.read_bytes()
    assert refused(f"sqlite:///{path}") == "this database is not a tracking store"
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_a_damaged_one_and_one_from_another_version_are_named(store: str, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("x" * 5000, encoding="utf-8")
    assert "the file is not a database" in refused(f"sqlite:///{tmp_path}/text.db")
    shutil.copyfile(database(store), tmp_path / "old.db")
    with sqlite3.connect(tmp_path / "old.db") as old:
        old.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
    old.close()
    assert "another version of MLflow" in refused(f"sqlite:///{tmp_path}/old.db")


def test_a_store_in_use_by_another_process_is_waited_for_and_then_named(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "LOCK_SECONDS", 0.2)
    shutil.copyfile(database(store), tmp_path / "busy.db")
    other = sqlite3.connect(tmp_path / "busy.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert "in use by another process" in refused(f"sqlite:///{tmp_path}/busy.db")
    other.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "not a directory" in refused(f"sqlite:///{tmp_path}/file/runs/mlflow.db")
    if os.geteuid() != 0:
        (tmp_path / "locked").mkdir(mode=0o500)
        assert "permission denied" in refused(f"sqlite:///{tmp_path}/locked/runs/mlflow.db")


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///a?b.db", "sqlite:///a%20b.db"])
def test_a_sqlite_address_without_a_usable_path_is_refused(uri: str) -> None:
    assert "needs the path of a file" in refused(uri)


@pytest.mark.parametrize("uri", ["", "mlruns", "file:///tmp/x", "databricks", "postgresql://u:p@host/db", "htp://x", "http://[bad"])
def test_other_kinds_of_store_are_refused(uri: str) -> None:
    assert "cannot be used" in refused(uri) or "ValueError" in refused(uri)


@pytest.mark.parametrize(
    ("uri", "plain"),
    [
        ("http://user:hunter2@host:5000/path?token=hunter2#hunter2", "http://host:5000/path"),
        ("https://a:b@c:hunter2@host", "https://host"),
        ("sqlite:///eswarn-runs/mlflow.db", "sqlite:///eswarn-runs/mlflow.db"),
        ("http://[bad:hunter2", "tracking store"),
    ],
)
def test_an_address_is_shown_without_credentials(uri: str, plain: str) -> None:
    assert shown(uri) == plain
