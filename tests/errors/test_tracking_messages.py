"""What a person reads when a run could not be recorded: what, where, what to do, and no password."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from eswarn.errors import InputRefused, NotTracked, UsageError
from eswarn.tracking import fetch, track_scores, track_training

AGAIN = 'What was written is complete. When the store can be used again, run "eswarn track FOLDER".'


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "manifest.json").write_text("{}", encoding="utf-8")
    return tmp_path / "bundle"


@pytest.fixture
def dead() -> str:
    """A port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def dumb() -> Iterator[str]:
    """A port that takes calls and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def train(bundle: Path, uri: str, **changes: dict[str, str]) -> NotTracked:
    tags = {"output_id": "ab", "model_id": "cd", **changes.get("tags", {})}
    with pytest.raises(NotTracked) as told:
        track_training(bundle, params=changes.get("params", {}), metrics={}, tags=tags, uri=uri, experiment="e", model_name="m")
    assert told.value.exit_code == 6
    return told.value


def test_a_server_that_is_not_there(bundle: Path, dead: str) -> None:
    begin = time.monotonic()
    told = train(bundle, f"http://jo:hunter2@{dead}/")
    assert str(told) == f"http://{dead}/: the tracking store failed: connection refused\n{AGAIN}"
    assert told.__suppress_context__
    assert time.monotonic() - begin < 60, "MLflow on its own would try for minutes"


def test_a_server_that_never_answers(bundle: Path, dumb: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert str(train(bundle, f"http://{dumb}")) == f"http://{dumb}: the tracking store failed: no answer in time\n{AGAIN}"
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_cannot_be_made(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    uri = f"sqlite:///{tmp_path}/file/runs/mlflow.db"
    assert str(train(bundle, uri)) == f"{uri}: the tracking store failed: not a directory\n{AGAIN}"


def test_an_address_of_another_kind(bundle: Path) -> None:
    assert str(train(bundle, "postgresql://jo:hunter2@db/runs")) == (
        "postgresql://db/runs: this kind of tracking store cannot be used\n"
        'Use sqlite:///FOLDER/mlflow.db, the http:// or https:// address of a server, or "off".'
    )


def test_a_key_or_a_value_that_may_not_be_recorded_is_not_repeated(bundle: Path) -> None:
    assert str(train(bundle, "sqlite:///x.db", params={"pupil.P000123": "1"})) == (
        "tracking: a parameter key is not on the list of what may be recorded\n"
        "Keys are dotted, in lower case, and begin with cohort, features, model, score, search, validation."
    )
    assert str(train(bundle, "sqlite:///x.db", tags={"data_hash": "/home/jo"})) == (
        'tracking: the value of "data_hash" reads like text or a path\nRecord numbers, dates, hashes, names.'
    )


def test_an_output_folder_that_is_not_one(tmp_path: Path) -> None:
    with pytest.raises(NotTracked) as told:
        track_scores(tmp_path, params={}, metrics={}, tags={"output_id": "ab"}, uri="sqlite:///x.db", experiment="e", track_pupils=False)
    assert str(told.value) == (
        f"{tmp_path}/manifest.json: this is not a plain file, so the output is not complete\nName a folder that eswarn wrote."
    )


def test_a_reference_that_cannot_be_read_or_reached(tmp_path: Path, dead: str) -> None:
    with pytest.raises(UsageError) as usage:
        fetch("runs:/a/../b", tmp_path / "to", uri=f"http://{dead}")
    assert str(usage.value) == "this reference cannot be understood\nUse runs:/ID, runs:/ID/FOLDER, models:/NAME@ALIAS or models:/NAME/3."
    with pytest.raises(InputRefused) as gone:
        fetch("runs:/a", tmp_path / "to", uri=f"http://jo:hunter2@{dead}")
    assert str(gone.value) == (
        f"http://{dead}: the tracking store failed: connection refused\n"
        "Check the address, and that the store can be reached from this machine."
    )
    with pytest.raises(InputRefused) as absent:
        fetch("runs:/a", tmp_path / "to", uri=f"sqlite:///{tmp_path}/mlflow.db")
    assert str(absent.value) == (
        f"sqlite:///{tmp_path}/mlflow.db: there is no tracking store here\nName the store in which the run was recorded."
    )
    assert list(tmp_path.iterdir()) == []
