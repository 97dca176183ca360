"""What a person sees: sentences at once, a bar for what takes long, and nothing but sentences where nobody looks."""

from __future__ import annotations

import io
import sys

import pytest

from eswarn import screen as screens
from eswarn.screen import Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(screens.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm-256color")
    return stream


def test_sentences_go_to_standard_output(capsys: pytest.CaptureFixture[str]):
    with Screen() as screen:
        screen.say("All is well.")
    assert capsys.readouterr() == ("All is well.\n", "")


def test_a_step_of_over_two_seconds_gets_a_bar_on_the_terminal(clock: list[float], terminal: Terminal, capsys: pytest.CaptureFixture[str]):
    with Screen() as screen:
        for second in range(6):
            clock[0] = 100.0 + second
            screen.progress("reading attendance", second, 6)
        screen.progress("reading attendance", 6, 6)
    assert "reading attendance" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_a_short_step_gets_none(clock: list[float], terminal: Terminal):
    with Screen() as screen:
        for done in range(4):
            clock[0] += 0.5
            screen.progress("reading attendance", done, 3)
    assert terminal.getvalue() == ""


def test_each_step_has_its_own_two_seconds(clock: list[float], terminal: Terminal):
    with Screen() as screen:
        for step in ("one", "two", "three"):
            for done in range(3):
                clock[0] += 0.6
                screen.progress(step, done, 5)
    assert terminal.getvalue() == ""


def test_no_bar_where_nobody_looks(clock: list[float], capsys: pytest.CaptureFixture[str]):
    with Screen() as screen:
        for second in range(10):
            clock[0] += 1
            screen.progress("reading attendance", second, 10)
    assert capsys.readouterr() == ("", "")


def test_a_sentence_ends_the_bar(clock: list[float], terminal: Terminal, capsys: pytest.CaptureFixture[str]):
    with Screen() as screen:
        screen.progress("training", 0, 10)
        clock[0] += 3
        screen.progress("training", 1, 10)
        assert screen._bar is not None
        screen.say("Trained.")
        assert screen._bar is None
    assert capsys.readouterr().out == "Trained.\n"


def test_the_bar_is_gone_after_an_error(clock: list[float], terminal: Terminal):
    kept = Screen()
    with pytest.raises(RuntimeError), kept as screen:
        screen.progress("training", 0, 10)
        clock[0] += 3
        screen.progress("training", 1, 10)
        raise RuntimeError
    assert kept._bar is None


def test_a_step_of_unknown_or_no_length_is_no_problem(clock: list[float], terminal: Terminal):
    with Screen() as screen:
        screen.progress("opening the tracking store", 0, 1)
        clock[0] += 5
        screen.progress("opening the tracking store", 0, 1)
        screen.progress("nothing", 0, 0)
        screen.progress("opening the tracking store", 1, 1)
    assert "opening the tracking store" in terminal.getvalue()
