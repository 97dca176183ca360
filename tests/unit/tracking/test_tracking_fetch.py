"""Fetching: plain files arrive or nothing does, wherever the store tries to lead."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from eswarn.errors import InputRefused, UsageError
from eswarn.tracking import TrackedRun, fetch, track_training

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def own(store: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store of this module's own, for its tests edit the database and the artifacts."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copyfile(store.removeprefix("sqlite:///"), folder / "mlflow.db")
    return f"sqlite:///{folder}/mlflow.db"


@pytest.fixture
def run(own: str, bundle: Path) -> TrackedRun:
    """A run of this test's own, and a model version of the same name."""
    name = f"run-{next(NUMBERS)}"
    return track_training(
        bundle, params={}, metrics={}, tags={"output_id": name, "model_id": "cd"}, uri=own, experiment="fetched", model_name=name
    )


def artifacts(own: str, run: TrackedRun) -> Path:
    return Path(own.removeprefix("sqlite:///")).parent / "artifacts" / run.run_id / "artifacts"


def edit(own: str, statement: str, *values: str) -> None:
    with sqlite3.connect(own.removeprefix("sqlite:///")) as opened:
        assert opened.execute(statement, values).rowcount == 1
    opened.close()


def assert_refused(reference: str, to: Path, uri: str) -> str:
    before = sorted(to.parent.rglob("*"))
    with pytest.raises(InputRefused) as told:
        fetch(reference, to, uri=uri)
    assert sorted(to.parent.rglob("*")) == before, "something was left behind"
    assert told.value.__suppress_context__ or told.value.__context__ is None
    return told.value.what


def test_an_empty_folder_may_be_filled_and_one_in_use_may_not(own: str, run: TrackedRun, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert (fetch(f"runs:/{run.run_id}/model/", tmp_path / "empty", uri=own) / "booster.txt").is_file()
    with pytest.raises(UsageError, match="something here already"):
        fetch(f"runs:/{run.run_id}", tmp_path / "empty", uri=own)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty"]


@pytest.mark.parametrize(
    "reference",
    [
        "", "runs:/", "runs://abc", "runs:/abc/../../etc", "runs:/abc/model/../..", "runs:/abc//etc", "runs:/abc/.", "runs:/abc/a\\b",
        "runs:/../x", "models:/eswarn", "models:/eswarn@", "models:/eswarn/latest/x", "models:/../eswarn@a", "models:/e@a/b", "/etc", "file:///etc",
    ],
)  # fmt: skip
def test_a_reference_that_is_malformed_or_leads_out_is_refused_before_the_store_is_opened(reference: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be understood"):
        fetch(reference, tmp_path / "to", uri="sqlite:////nowhere/mlflow.db")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_refused(own: str, run: TrackedRun, tmp_path: Path) -> None:
    to = tmp_path / "to"
    assert "no such folder" in assert_refused(f"runs:/{run.run_id}/nothing", to, own)
    assert "no such folder" in assert_refused(f"runs:/{run.run_id}/model/booster.txt", to, own)
    assert "it refused" in assert_refused("runs:/abc", to, own)
    assert "it refused" in assert_refused("models:/fetched@nobody", to, own)
    assert "it refused" in assert_refused("models:/fetched/99", to, own)


def test_a_link_among_the_artifacts_is_refused(own: str, run: TrackedRun, tmp_path: Path) -> None:
    (artifacts(own, run) / "model" / "passwd").symlink_to("/etc/passwd")
    assert "link" in assert_refused(f"runs:/{run.run_id}", tmp_path / "to", own)
    (artifacts(own, run) / "model" / "passwd").unlink()
    (artifacts(own, run) / "etc").symlink_to("/etc")
    assert "no such folder" in assert_refused(f"runs:/{run.run_id}/etc", tmp_path / "to", own)
    assert "link" in assert_refused(f"runs:/{run.run_id}", tmp_path / "to", own)


def test_a_database_that_names_another_place_is_not_followed(own: str, run: TrackedRun, tmp_path: Path) -> None:
    edit(own, "UPDATE model_versions SET storage_location = '/etc', source = '/etc' WHERE run_id = ?", run.run_id)
    name = _model_of(own, run)
    assert "does not point at a folder of its own run" in assert_refused(f"models:/{name}@champion", tmp_path / "to", own)
    for place in ("/etc", f"file:///etc/{run.run_id}x/artifacts", "file:///etc"):
        edit(own, "UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", place, run.run_id)
        assert "not the artifact folder of this run" in assert_refused(f"runs:/{run.run_id}", tmp_path / "to", own)


def _model_of(own: str, run: TrackedRun) -> str:
    with sqlite3.connect(own.removeprefix("sqlite:///")) as opened:
        (name,) = opened.execute("SELECT name FROM model_versions WHERE run_id = ?", (run.run_id,)).fetchone()
    opened.close()
    return str(name)


@pytest.mark.parametrize("listed", ["../../evil.txt", "/etc/passwd", "..", "a/../../b", "a\\b", "%2e%2e/evil", "a b\\0", ""])
def test_a_server_that_offers_names_outside_the_folder_writes_nothing(liar: Any, tmp_path: Path, listed: str) -> None:
    uri, handler = liar
    handler.listed = listed
    assert_refused("runs:/abc", tmp_path / "to", uri)


def test_a_server_that_names_a_folder_of_this_machine_is_refused(liar: Any, tmp_path: Path) -> None:
    uri, handler = liar
    (tmp_path / "abc" / "artifacts").mkdir(parents=True)
    handler.artifact_uri = f"{tmp_path.as_uri()}/abc/artifacts"
    assert "names a folder of this machine" in assert_refused("runs:/abc", tmp_path / "to", uri)


def test_a_failing_server_is_named_and_its_words_are_not_repeated(liar: Any, tmp_path: Path) -> None:
    uri, handler = liar
    handler.status = 500
    assert "secret" not in assert_refused("runs:/abc", tmp_path / "to", uri)


def test_the_files_of_a_run_that_lists_itself_for_ever_are_not_listed_for_ever(tmp_path: Path) -> None:
    from mlflow.entities import FileInfo

    from eswarn.tracking.fetch import _listed
    from eswarn.tracking.store import Store

    class Endless:
        def list_artifacts(self, path: str | None) -> list[FileInfo]:
            return [FileInfo(f"{path}/a" if path else "a", True, None)]

    begin = time.monotonic()
    with pytest.raises(InputRefused):
        _listed(Store(None, "http://x", None), Endless(), "", depth=0)
    assert time.monotonic() - begin < 10
