"""Asks MLflow itself whether its telemetry is off once eswarn has opened it; for `eswarn doctor`, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

from eswarn.errors import InputRefused
from eswarn.progress import silent
from eswarn.tracking.store import open_store

SWITCHES = ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK")


def tell() -> None:
    """Open a store that is not there, as every command would, and print what MLflow then says, as JSON.

    ``off`` is whether MLflow has nobody who would report to its makers, ``by`` the variables that were set for it.
    """
    with tempfile.TemporaryDirectory() as folder:
        nowhere = f"sqlite:///{Path(folder).as_posix()}/none.db"
        with contextlib.suppress(InputRefused), open_store(nowhere, family=InputRefused, progress=silent):
            pass
    from mlflow.telemetry.client import get_telemetry_client

    print(json.dumps({"off": get_telemetry_client() is None, "by": [name for name in SWITCHES if os.environ.get(name)]}))  # noqa: T201
