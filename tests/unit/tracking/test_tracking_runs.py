"""Runs on a local store and on a real server: what is recorded, what is not, and what happens the second time."""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from typing import Any

import pytest

from eswarn.errors import NotTracked
from eswarn.tracking import TrackedRun, fetch, track_scores, track_training

CANARY = "P0471100CANARY"  # as the fixture "out" writes it
PUPIL_FILES = ("scores.csv", "scores.parquet", "contributions.parquet", "features.parquet", "not_scored.csv", "report.html",
               "evidence.jsonl", "leaves.txt", "sources.parquet")  # fmt: skip


def database(uri: str) -> Path:
    return Path(uri.removeprefix("sqlite:///"))


def train(bundle: Path, uri: str, *, name: str, output_id: str = "ab12") -> TrackedRun:
    return track_training(
        bundle,
        params={"model.trees": 200, "cohort.leaving": "neet,work"},
        metrics={"calibration.auc": 0.61},
        tags={"output_id": output_id, "model_id": "cd34"},
        uri=uri,
        experiment=name,
        model_name=name,
    )


def scored(out: Path, uri: str, *, name: str, track_pupils: bool = False) -> TrackedRun:
    tags = {"output_id": "ef56", "model_id": "cd34", "as_of": "2026-02-14"}
    return track_scores(
        out, params={"score.places": 0.05}, metrics={"scores.pupils": 1}, tags=tags, uri=uri, experiment=name, track_pupils=track_pupils
    )


def client(uri: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_training_leaves_its_figures_its_bundle_and_a_version_that_is_champion(store: str, bundle: Path, tmp_path: Path) -> None:
    done = train(bundle, store, name="round-trip")
    assert (done.model_version, done.alias, done.uri) == ("1", "champion", store)
    run = client(store).get_run(done.run_id)
    assert run.info.status == "FINISHED"
    assert run.info.experiment_id == done.experiment_id
    assert run.data.params == {"model.trees": "200", "cohort.leaving": "neet,work"}
    assert run.data.metrics == {"calibration.auc": 0.61}
    tags = {"output_id": "ab12", "model_id": "cd34", "kind": "training", "pupil_files": "no", "mlflow.runName": "training ab12"}
    assert run.data.tags == tags
    assert client(store).get_model_version("round-trip", "1").tags == {"model_id": "cd34"}
    for number, reference in enumerate((f"runs:/{done.run_id}/model", "models:/round-trip@champion", "models:/round-trip/1")):
        assert content(fetch(reference, tmp_path / str(number), uri=store)) == content(bundle)
    assert content(fetch(f"runs:/{done.run_id}", tmp_path / "all", uri=store)) == {f"model/{k}": v for k, v in content(bundle).items()}


def test_the_second_version_is_a_challenger_and_the_champion_stays(store: str, bundle: Path) -> None:
    train(bundle, store, name="second")
    later = train(bundle, store, name="second", output_id="ab13")
    assert (later.model_version, later.alias) == ("2", "challenger")
    aliases = client(store).get_registered_model("second").aliases
    assert {alias: int(version) for alias, version in aliases.items()} == {"champion": 1, "challenger": 2}


def test_tracking_the_same_output_again_finds_the_run_that_is_there(store: str, bundle: Path, out: Path) -> None:
    assert train(bundle, store, name="again") == train(bundle, store, name="again")
    assert scored(out, store, name="again") == scored(out, store, name="again")
    assert len(client(store).search_runs([train(bundle, store, name="again").experiment_id])) == 2


def test_a_local_store_gets_the_scores_and_nothing_of_a_pupil_is_in_its_database(store: str, out: Path, tmp_path: Path) -> None:
    done = scored(out, store, name="canary")
    got = content(fetch(f"runs:/{done.run_id}", tmp_path / "got", uri=store))
    wanted = content(out)
    del wanted["names.csv"]
    assert got == wanted
    assert CANARY.encode() in got["scores.csv"]
    data = client(store).get_run(done.run_id).data
    assert CANARY not in repr((data.params, data.tags, data.metrics))
    assert CANARY.encode() not in database(store).read_bytes()
    assert b"ef56" in database(store).read_bytes()


def test_nothing_is_written_outside_the_store_and_no_network_is_used(
    store: str, out: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "cwd"
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the network was used"))
    train(bundle, store, name="quiet")
    scored(out, store, name="quiet")
    assert list(empty.iterdir()) == []


def test_the_store_is_for_its_owner_only(store: str) -> None:
    path = database(store)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    assert (path.parent / "artifacts").stat().st_mode & 0o077 == 0


def test_a_run_that_fails_half_way_is_marked_failed_and_the_next_attempt_is_whole(
    store: str, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", f"/somewhere/{CANARY}")

    with monkeypatch.context() as patched:
        patched.setattr(LocalArtifactRepository, "log_artifact", full)
        with pytest.raises(NotTracked, match="no space left on device") as told:
            train(bundle, store, name="full")
    assert CANARY not in str(told.value)
    assert told.value.__suppress_context__
    mended = train(bundle, store, name="full")
    assert (mended.model_version, mended.alias) == ("1", "champion")
    runs = client(store).search_runs([mended.experiment_id])
    assert sorted(run.info.status for run in runs) == ["FAILED", "FINISHED"]


def test_a_version_left_without_an_alias_does_not_keep_the_next_from_being_champion(
    store: str, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    def broken(*_: object) -> None:
        raise ConnectionResetError(errno.ECONNRESET, "reset")

    with monkeypatch.context() as patched:
        patched.setattr(mlflow.MlflowClient, "set_registered_model_alias", broken)
        with pytest.raises(NotTracked, match="connection reset by peer"):
            train(bundle, store, name="alias")
    mended = train(bundle, store, name="alias")
    assert (mended.model_version, mended.alias) == ("2", "champion")


@pytest.mark.parametrize("missing", ["manifest.json", "head.json", "contributions.parquet", "evidence.jsonl", "model"])
def test_an_output_that_is_not_complete_is_refused(store: str, out: Path, missing: str) -> None:
    (out / missing).rename(out.parent / "elsewhere")
    with pytest.raises(NotTracked, match=r"not complete|no model"):
        scored(out, store, name="incomplete")


def test_a_link_in_a_bundle_is_refused(store: str, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "booster.txt").symlink_to(bundle / "booster.txt")
    with pytest.raises(NotTracked, match="not a plain file"):
        train(tmp_path / "linked", store, name="linked")


def test_an_experiment_that_was_deleted_or_whose_folder_has_gone_is_refused(store: str, bundle: Path) -> None:
    done = train(bundle, store, name="deleted")
    client(store).delete_experiment(done.experiment_id)
    with pytest.raises(NotTracked, match="experiment was deleted"):
        train(bundle, store, name="deleted")
    client(store).create_experiment("moved", artifact_location=str(database(store).parent / "nowhere"))
    with pytest.raises(NotTracked, match="artifacts is not there"):
        train(bundle, store, name="moved")


def test_a_server_gets_no_file_of_a_pupil_unless_asked(
    server: tuple[str, Path], out: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")  # its first answer is slow on a busy machine
    uri, folder = server
    with_password = uri.replace("http://", "http://user:hunter2@")
    trained = train(bundle, with_password, name="served")
    assert (trained.model_version, trained.alias, trained.uri) == ("1", "champion", uri)
    done = scored(out, uri, name="served")
    got = fetch(f"runs:/{done.run_id}", tmp_path / "got", uri=uri)
    assert set(content(got)) == {"head.json", "manifest.json", *(f"model/{name}" for name in content(bundle))}
    assert [name for name, held in content(folder).items() if CANARY.encode() in held] == []
    assert scored(out, uri, name="served") == done

    asked = scored(out, uri, name="served", track_pupils=True)
    assert asked.run_id != done.run_id
    whole = content(fetch(f"runs:/{asked.run_id}", tmp_path / "whole", uri=uri))
    assert {name: whole[name] for name in PUPIL_FILES} == {name: content(out)[name] for name in PUPIL_FILES}
    assert "names.csv" not in whole
    assert CANARY.encode() not in (folder / "mlflow.db").read_bytes()
    assert content(fetch("models:/served@champion", tmp_path / "model", uri=uri)) == content(bundle)
    assert not any(b"hunter2" in held for held in content(folder).values())


def test_a_server_that_names_a_folder_of_this_machine_is_refused(liar: Any, bundle: Path, out: Path, tmp_path: Path) -> None:
    uri, handler = liar
    handler.artifact_uri = tmp_path.as_uri()
    for track in (lambda: train(bundle, uri, name="x"), lambda: scored(out, uri, name="x")):
        with pytest.raises(NotTracked, match="names a folder of this machine"):
            track()
    handler.artifact_uri = "sftp://elsewhere/1"
    with pytest.raises(NotTracked, match="where eswarn does not go"):
        train(bundle, uri, name="x")
