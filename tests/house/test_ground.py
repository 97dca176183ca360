"""The guards that all other tests rely on, each with a case that must fire and one that must not."""

from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from hypothesis import settings

from tests.conftest import LONG, ROOT


def test_a_connection_beyond_this_machine_is_refused(outside_calls: list[str]) -> None:
    with socket.socket() as door, pytest.raises(PermissionError, match="may not use the network"):
        door.connect(("192.0.2.1", 80))  # an address kept for documentation: it belongs to nobody
    with pytest.raises(PermissionError, match=r"look-up of example\.org"):
        socket.create_connection(("example.org", 80))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door, pytest.raises(PermissionError):
        door.sendto(b"x", ("192.0.2.1", 53))
    assert len(outside_calls) == 3
    outside_calls.clear()


def test_a_refusal_that_was_swallowed_is_still_seen(outside_calls: list[str]) -> None:
    with pytest.raises((urllib.error.URLError, PermissionError)):
        urllib.request.urlopen("http://192.0.2.1/", timeout=1)
    assert outside_calls == ["connect to ('192.0.2.1', 80)"]
    outside_calls.clear()


def test_a_connection_within_this_machine_works(outside_calls: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answer = threading.Thread(target=lambda: server.accept()[0].close())
        answer.start()
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5).close()
        answer.join()
    assert outside_calls == []


def test_random_examples_repeat_unless_a_long_run_was_asked_for() -> None:
    assert settings.default is not None
    assert settings.default.derandomize is not LONG
    assert settings.default.max_examples == (500 if LONG else 25)


def test_long_tests_are_left_out_unless_asked_for(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makeini("[pytest]\nmarkers = long: as in this project")
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile("import pytest\n@pytest.mark.long\ndef test_long(): pass\ndef test_short(): pass\n")
    monkeypatch.delenv("ESWARN_LONG", raising=False)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, deselected=1)
    monkeypatch.setenv("ESWARN_LONG", "1")
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2, deselected=0)


def test_the_project_folder_is_where_the_tests_think_it_is() -> None:
    assert (ROOT / "pyproject.toml").is_file()
    assert Path(__file__).is_relative_to(ROOT / "tests" / "house")
