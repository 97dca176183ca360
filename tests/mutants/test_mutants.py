"""Each planted bug is seen by the test that is named for it, and nothing is seen where no bug is planted."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from eswarn.cohort import calendar
from eswarn.errors import EswarnError
from eswarn.features import bits
from eswarn.records import put, scatter
from tests.mutants import in_evaluation, in_features, in_model, in_records, in_report
from tests.mutants.planted import Mutant, planted
from tests.property.test_oracle import disagreements
from tests.property.worlds import World, worlds

SEEN = (AssertionError, pytest.fail.Exception, EswarnError, ValueError)  # whatever else is raised is a fault of the mutant
MUTANTS = [*in_records.MUTANTS, *in_features.MUTANTS, *in_model.MUTANTS, *in_evaluation.MUTANTS, *in_report.MUTANTS]
SEEN_BY_WORLDS = [*in_records.WHAT_A_MARK_MEANS, *in_records.WHAT_WAS_KNOWN, *in_features.MUTANTS]  # worlds come from no file


@functools.cache
def is_killed(number: int) -> bool:
    with planted(MUTANTS[number]):
        try:
            MUTANTS[number].ask()
        except SEEN:
            return True
    return False


numbered = pytest.mark.parametrize("number", [pytest.param(i, id=str(mutant)) for i, mutant in enumerate(MUTANTS)])


@numbered
def test_the_planted_bug_is_seen(number: int) -> None:
    assert is_killed(number)


@numbered
def test_without_the_bug_the_same_test_passes(number: int) -> None:
    MUTANTS[number].ask()


def test_the_tally() -> None:
    survivors = [mutant.what for number, mutant in enumerate(MUTANTS) if not is_killed(number)]
    print(f"mutants: {len(MUTANTS) - len(survivors)} killed of {len(MUTANTS)} generated; survivors: {survivors}")  # noqa: T201  the figure
    assert len({str(mutant) for mutant in MUTANTS}) == len(MUTANTS) >= 100
    assert not survivors


@pytest.mark.parametrize(("sound", "broken"), [("no such text", "x"), ("LEAST_MARKED = 5", "LEAST_MARKED = 4 + 1")])
def test_a_mutant_that_changes_nothing_is_refused(sound: str, broken: str) -> None:
    with pytest.raises(AssertionError, match=r"exactly once|changes nothing"), planted(Mutant("no-op", calendar, sound, broken, print)):
        pass


def test_a_number_in_compiled_code_is_changed_and_changed_back() -> None:
    """The folder of compiled code knows a function by its bytecode, which a number is no part of: nothing may come from there."""
    part, of, out = np.full((1, 1), 10), np.full((1, 1), 1000), np.zeros(1)

    def over() -> float:
        bits.weeks_over(part, of, 1, out)
        return float(out[0])

    sound = bits.weeks_over
    assert over() == 0
    with planted(Mutant("a number", bits, "100 * np.int64(part", "101 * np.int64(part", print)):
        assert bits.weeks_over.py_func.__code__.co_code == sound.py_func.__code__.co_code  # type: ignore[attr-defined]
        assert over() == 1
        assert not bits.weeks_over.stats.cache_hits  # type: ignore[attr-defined]
    assert bits.weeks_over is sound
    assert over() == 0


def test_a_constant_is_changed_wherever_it_was_imported_and_compiled_into() -> None:
    sound = put.put
    with planted(Mutant("a constant", put, "LATER = 255", "LATER = 400", print)):
        assert scatter.LATER == put.LATER == 400
        assert put.put is scatter.put is not sound
    assert scatter.LATER == put.LATER == 255
    assert put.put is scatter.put is sound


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # worlds that need not be shrunk are long
def test_the_oracle_alone_sees_most_of_them() -> None:
    survivors = [mutant.what for mutant in SEEN_BY_WORLDS if not _seen_by_the_oracle(mutant)]
    told = f"{len(SEEN_BY_WORLDS) - len(survivors)} of {len(SEEN_BY_WORLDS)}"
    print(f"mutants: {told} seen by random worlds alone; not seen: {survivors}")  # noqa: T201
    assert len(survivors) <= len(SEEN_BY_WORLDS) // 4


class _Disagreement(Exception):
    """One is enough."""


def _seen_by_the_oracle(mutant: Mutant) -> bool:
    @settings(max_examples=150, phases=[Phase.generate], suppress_health_check=list(HealthCheck), report_multiple_bugs=False)
    @given(worlds())
    def look(world: World) -> None:
        if disagreements(world.records, world.as_of, world.config):
            raise _Disagreement

    with planted(mutant):
        try:
            look()
        except (_Disagreement, ArithmeticError, LookupError, TypeError, ValueError):
            return True
    return False
