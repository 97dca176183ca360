"""How simulated records are held against published figures: definitions on marks written by hand, verdicts, and the page."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import calibration_published as published
from benchmarks.calibration import _compare, _main, _pool
from benchmarks.calibration_measures import bands, code_mix, lower, spell_lengths
from benchmarks.calibration_page import calibration
from benchmarks.calibration_published import Published
from benchmarks.register_grid import NONE, Grid

CODES = ("/", "\\", "I", "O", "D", "-")


def by_hand(rows: list[str], *, group: int = 9, fsm: int = 0) -> Grid:
    """Enrolments from texts of marks, AM and PM by turns; a space is no mark."""
    marks = np.array([[NONE if mark == " " else CODES.index(mark) for mark in row] for row in rows], dtype=np.uint8)
    marks = marks.reshape(len(rows), -1, 2)
    same = np.full(len(rows), 1)
    date = np.arange(np.datetime64("2022-09-05"), np.datetime64("2022-09-05") + marks.shape[1])
    return Grid(marks, marks.copy(), CODES, date, np.arange(len(rows)), 0 * same, group * same, fsm * same, 0 * same, 0 * same)


def test_ten_per_cent_is_persistent_and_a_session_elsewhere_does_not_count() -> None:
    whole = by_hand(["/" * 9 + "I", "/" * 10, "D" * 8 + "/O", " " * 10])
    year = lower(whole)
    assert len(year.final) == 3  # the last had no possible session
    told = bands(year)
    assert told["all: PA"] == pytest.approx(200 / 3)
    assert told["all: SA"] == told["not FSM, no SEN: SA"] == pytest.approx(100 / 3)
    assert told["all: <5"] == pytest.approx(100 / 3)


def test_codes_are_shares_of_possible_sessions() -> None:
    told = code_mix(by_hand(["II/\\OD----"]))
    assert told["I"] == pytest.approx(40)
    assert told["unauthorised"] == told["O"] == pytest.approx(20)
    assert told["overall"] == pytest.approx(60)


def test_a_spell_runs_on_over_sessions_that_do_not_count() -> None:
    year = by_hand(["II//O/--/I-I", "OD----O////O"])
    assert spell_lengths(year.absent, year.possible)["spells of 2 to 4 sessions"] == pytest.approx(100 * 3 / 5)  # II, O, I-I; OD----O, O


@pytest.mark.parametrize(
    ("one", "simulated", "error", "pupils", "passed", "widened"),
    [
        (Published("t", "k", 10, 1), 11.0, 0.1, 200_000, True, False),
        (Published("t", "k", 10, 1), 11.1, 0.1, 200_000, False, False),
        (Published("t", "k", 10, 1), 11.1, 2.0, 200_000, False, False),  # many pupils: the tolerance stands
        (Published("t", "k", 10, 1), 11.1, 0.4, 20_000, True, True),  # three errors are 1.2
        (Published("t", "k", 10, 1), 11.1, 0.3, 20_000, False, False),
        (Published("t", "k", 0.7, 0, 0.6, 0.75), 0.76, 0.001, 200_000, False, False),
        (Published("t", "k", 0.7, 0, 0.6, 0.75), 0.76, 0.01, 20_000, True, True),
    ],
)
def test_a_figure_passes_inside_its_room(one: Published, simulated: float, error: float, pupils: int, passed: bool, widened: bool) -> None:
    row = _compare(one, simulated, error, pupils)
    assert (row["passed"], row["widened"]) == (passed, widened)


def test_every_published_figure_of_one_year_is_measured_and_told() -> None:
    from benchmarks import calibration as whole

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole, "WORLD", 2_500)
        mean, error = _pool([_main(1), _main(2)])
    figures = [*published.tables_1_and_2(), *published.table_5(), *published.table_6(), *published.table_7()]
    rows = [_compare(one, mean[one.key], error.get(one.key), 5_000) for one in figures]
    assert len({(one.table, one.key) for one in figures}) == len(figures) > 170
    passed = sum(row["passed"] for row in rows)
    assert passed > 0.8 * len(rows)
    best = {"as_of": "2024-01-08", "pupils": 10, "leavers": 1, "given_states": 0.87, "given_records": 0.83}
    part = {"rows": rows, "passed": passed, "figures": len(rows), "n": 5_000, "fewer": 0, "world": 2_500, "best": best}
    page = "\n".join(calibration(part | {"not_simulated": published.NOT_SIMULATED}, lambda heads, rows: [" | ".join(row) for row in rows]))
    assert page.count("| **miss**") == len(rows) - passed == page.split("### Not simulated")[0].count("\n- ")
    assert page.count("| pass") == passed
