"""The ground every test stands on: no network, few repeatable random examples, long tests only when asked for."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # docs/decisions/0009: before anything loads OpenMP
os.environ["MLFLOW_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "true"  # before anything imports MLflow

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]
ROOT = Path(__file__).resolve().parents[1]
LONG = os.environ.get("ESWARN_LONG") == "1"
LEFT_BEHIND = ("mlruns", "mlartifacts", "mlflow.db", "eswarn-runs")  # what MLflow makes in the current folder if let

settings.register_profile(
    "ci", derandomize=True, max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", max_examples=500, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("long" if LONG else "ci")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests marked `long`, unless ESWARN_LONG=1 or ``-m`` asks for something of its own."""
    if LONG or config.getoption("-m"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in set(long)]


@pytest.fixture
def data_dir() -> Path:
    """The folder of open data that ESWARN_DATA names; the test is skipped where it names none."""
    folder = os.environ.get("ESWARN_DATA")
    if not folder:
        pytest.skip("needs the open data: set ESWARN_DATA to its folder (the data is not part of this project)")
    if not Path(folder).is_dir():
        pytest.fail(f"ESWARN_DATA names {folder}, which is not a folder")
    return Path(folder)


def _is_number(host: str) -> bool:
    """Whether a host is an address in figures, which nobody need be asked for."""
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _is_outside(address: object) -> bool:
    """Whether a socket address leaves this machine; a path, or an empty host, is this machine."""
    host = str(address[0]).split("%")[0] if isinstance(address, tuple) else ""
    return host not in ("", "localhost") and not (_is_number(host) and ipaddress.ip_address(host).is_loopback)


@pytest.fixture(autouse=True)
def outside_calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Refuse every connection that leaves this machine, and fail the test even where the refusal was swallowed."""
    calls: list[str] = []

    def guard(name: str, place: int) -> None:
        real = getattr(socket.socket, name)

        def guarded(self: socket.socket, *args: object) -> object:
            if _is_outside(args[place]):
                calls.append(f"{name} to {args[place]}")
                raise PermissionError(f"tests may not use the network: {calls[-1]}")
            return real(self, *args)

        monkeypatch.setattr(socket.socket, name, guarded)

    for name, place in (("connect", 0), ("connect_ex", 0), ("sendto", -1)):
        guard(name, place)
    look_up = socket.getaddrinfo

    def guarded_look_up(host: object, *args: object, **options: object) -> object:
        name = host.decode() if isinstance(host, bytes) else str(host or "")
        if name not in ("", "localhost", socket.gethostname()) and not _is_number(name):
            calls.append(f"look-up of {name}")
            raise PermissionError(f"tests may not use the network: {calls[-1]}")
        return look_up(host, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    yield calls
    assert not calls, f"this test tried to use the network: {calls}"


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail the run if a test made a tracking store in the project's folder instead of its own."""
    before = {name for name in LEFT_BEHIND if (ROOT / name).exists()}
    yield
    made = [name for name in LEFT_BEHIND if (ROOT / name).exists() and name not in before]
    assert not made, f"tests left these in the project's folder: {made}"
