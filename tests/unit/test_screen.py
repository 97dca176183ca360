"""What a person sees: sentences at once, a bar for what takes long, and nothing but sentences where nobody looks."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Callable

import pytest

from eswarn import screen as screens
from eswarn.screen import Screen

STEP = "reading attendance"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """Call it in the test to put a terminal in the place of standard error: before the test, pytest would take it away again."""

    def put() -> Terminal:
        stream = Terminal()
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(screens, "PATIENCE", 0.05)
    return put


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_patience_is_two_seconds():
    assert screens.PATIENCE == 2


def test_sentences_go_to_standard_output(capsys: pytest.CaptureFixture[str]):
    with Screen() as screen:
        screen.say("All is well.")
    assert capsys.readouterr() == ("All is well.\n", "")


def test_a_step_that_takes_long_gets_a_bar_on_the_terminal(look: Callable[[], Terminal], capsys: pytest.CaptureFixture[str]):
    terminal = look()
    with Screen() as screen:
        screen.progress(STEP, 1, 6)
        wait_until(lambda: screen._bar is not None)
        screen.progress(STEP, 2, 6)
        screen.progress(STEP, 6, 6)
        assert screen._bar is None
    assert STEP in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_a_step_that_says_nothing_for_long_has_one_too(look: Callable[[], Terminal]):
    terminal = look()
    with Screen() as screen:
        screen.progress("training", 0, 1)
        wait_until(lambda: "training" in terminal.getvalue())


def test_a_short_step_gets_none(look: Callable[[], Terminal], monkeypatch: pytest.MonkeyPatch):
    terminal = look()
    monkeypatch.setattr(screens, "PATIENCE", 60)
    with Screen() as screen:
        for step in ("one", "two", "three"):
            for done in range(4):
                screen.progress(step, done, 3)
    assert terminal.getvalue() == ""


def test_each_step_has_its_own_patience(look: Callable[[], Terminal]):
    terminal = look()
    with Screen() as screen:
        screen.progress("one", 1, 5)
        first = screen._timer
        screen.progress("one", 2, 5)
        assert screen._timer is first
        screen.progress("two", 1, 5)
        assert screen._timer is not first
        wait_until(lambda: "two" in terminal.getvalue())
    assert "one" not in terminal.getvalue()


def test_no_bar_where_nobody_looks(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(screens, "PATIENCE", 0)
    with Screen() as screen:
        screen.progress(STEP, 1, 10)
        assert screen._timer is None
    assert capsys.readouterr() == ("", "")


def test_a_sentence_ends_the_bar(look: Callable[[], Terminal], capsys: pytest.CaptureFixture[str]):
    look()
    with Screen() as screen:
        screen.progress("training", 1, 10)
        wait_until(lambda: screen._bar is not None)
        screen.say("Trained.")
        assert screen._bar is None
    assert capsys.readouterr().out == "Trained.\n"


def test_the_bar_and_its_thread_are_gone_after_an_error(look: Callable[[], Terminal]):
    look()
    kept, before = Screen(), threading.active_count()

    def fail() -> None:
        with kept as screen:
            screen.progress("training", 1, 10)
            wait_until(lambda: screen._bar is not None)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert kept._bar is None
    wait_until(lambda: threading.active_count() == before)


def test_a_step_without_length_is_no_problem(look: Callable[[], Terminal]):
    terminal = look()
    with Screen() as screen:
        screen.progress("nothing", 0, 0)
        screen.progress("opening the tracking store", 0, 1)
        wait_until(lambda: screen._bar is not None)
        screen.progress("opening the tracking store", 0, 1)
        screen.progress("opening the tracking store", 1, 1)
    assert "nothing" not in terminal.getvalue()
