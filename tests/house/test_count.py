"""Tests that are never collected prove nothing: their number may only grow."""

from __future__ import annotations

import pytest

AT_LEAST = 5_300


def test_as_many_tests_are_collected_as_there_were(request: pytest.FixtureRequest) -> None:
    config = request.config
    whole = config.args_source == pytest.Config.ArgsSource.TESTPATHS and not config.getoption("-m") and not config.getoption("-k")
    if not whole:
        pytest.skip("only a part of the tests was asked for")
    assert len(request.session.items) >= AT_LEAST
