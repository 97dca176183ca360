"""One local store, one real server and one server that lies, for every test of tracking."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from eswarn.tracking import track_training

CANARY = "P0471100CANARY"
PUPIL_FILES = ("scores.csv", "scores.parquet", "contributions.parquet", "features.parquet", "not_scored.csv", "report.html",
               "register.json", "pupils.parquet", "events.parquet", "groups.csv", "changes.parquet", "evidence.jsonl", "leaves.txt",
               "sources.parquet")  # fmt: skip


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "booster.txt").write_bytes(b"tree\r\nleaf_value=0.1\n")
    (folder / "calibration.json").write_text('{"knots": []}', encoding="utf-8")
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    (folder / "empty.txt").write_bytes(b"")
    return folder


@pytest.fixture
def out(tmp_path: Path, bundle: Path) -> Path:
    """An output folder with a canary in every file of pupils, and a file that does not belong there."""
    folder = tmp_path / "out"
    folder.mkdir()
    for name in PUPIL_FILES:
        (folder / name).write_text(f"pupil_id\n{CANARY}\n", encoding="utf-8")
    (folder / "names.csv").write_text("P1,Jo\n", encoding="utf-8")
    (folder / "run.json").write_text("{}", encoding="utf-8")
    (folder / "head.json").write_text("{}", encoding="utf-8")
    (folder / "manifest.json").write_text('{"scores.csv": "ab"}', encoding="utf-8")
    shutil.copytree(bundle, folder / "model")
    return folder


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> str:
    uri = f"sqlite:///{tmp_path_factory.mktemp('store')}/runs é/mlflow.db"
    track_training(
        bundle, params={}, metrics={}, tags={"output_id": "00", "model_id": "00"}, uri=uri, experiment="first", model_name="first"
    )
    return uri


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, store: str) -> Iterator[tuple[str, Path]]:
    """A real `mlflow server` on loopback, on a copy of the local database so that it starts sooner."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copyfile(store.removeprefix("sqlite:///"), folder / "mlflow.db")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--serve-artifacts", "--artifacts-destination", f"{folder}/artifacts"]
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", *place],
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
            cwd=folder, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
                time.sleep(0.2)
        else:
            pytest.fail("the server did not start")
        yield f"http://127.0.0.1:{port}", folder
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Liar(http.server.BaseHTTPRequestHandler):
    """Answers like an MLflow server whose owner wants our files, or to write over them."""

    artifact_uri = "mlflow-artifacts:/1/abc/artifacts"
    listed = "../../evil.txt"
    status = 200

    def do_GET(self) -> None:
        info = {"run_id": "abc", "run_uuid": "abc", "experiment_id": "1", "status": "FINISHED", "artifact_uri": self.artifact_uri}
        experiment = {"experiment_id": "1", "name": "x", "artifact_location": self.artifact_uri, "lifecycle_stage": "active"}
        answer = {"run": {"info": info, "data": {}}, "experiment": experiment}
        answer |= {"files": [{"path": self.listed, "is_dir": False, "file_size": 1}], "message": f"secret {CANARY}"}
        body = json.dumps(answer).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def liar() -> Iterator[tuple[str, type[Liar]]]:
    handler = type("Liar", (Liar,), {})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{served.server_address[1]}", handler
        served.shutdown()
        thread.join()
