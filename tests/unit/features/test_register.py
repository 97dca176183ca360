"""The register as bits: what is packed, counted, masked and run through, against the plain booleans."""

from __future__ import annotations

import datetime as dt
from itertools import groupby, pairwise

import numpy as np
import pytest

from eswarn.cohort.roll import cohort_before
from eswarn.config import CohortConfig
from eswarn.errors import UsageError
from eswarn.features import bits
from eswarn.features.compute import _whole_schools
from eswarn.features.register import ABSENT, ATTENDED, Register, SessionSet, as_bits, coded
from eswarn.features.view import View
from eswarn.features.windows import afternoons, ever, last, weekdays
from eswarn.records.timeline import Timeline
from tests.spec.tables import records_from

ALL = np.zeros(1, np.int64)


@pytest.mark.parametrize("sessions", [0, 1, 63, 64, 65, 128, 400])
def test_bits_are_packed_in_the_order_of_sessions(sessions: int) -> None:
    where = np.random.default_rng(sessions).random((3, sessions)) < 0.4
    words = as_bits(where)
    assert words.shape == (-(-sessions // 64), 3)
    told = [[bool(int(words[s // 64, row]) >> (s % 64) & 1) for s in range(sessions)] for row in range(3)]
    assert told == where.tolist()
    assert int(np.bitwise_count(words).sum()) == where.sum()


@pytest.mark.parametrize("sessions", [1, 63, 64, 65, 130, 380])
def test_marks_are_packed_into_the_planes_of_all_their_sets_in_one_pass(sessions: int) -> None:
    marks = np.random.default_rng(sessions).integers(0, 9, (5, sessions)).astype(np.uint8)
    members = np.random.default_rng(7).random((6, 256)) < 0.5
    sets_of = (members.astype(np.uint64) << np.arange(6, dtype=np.uint64)[:, None]).sum(axis=0, dtype=np.uint64)
    for usual in (sets_of[3], np.uint64(0), sets_of[250]):
        out = np.zeros((6, -(-sessions // 64), 5), np.uint64)
        bits.pack(marks, sets_of, usual, out)
        assert all((out[s] == as_bits(members[s][marks])).all() for s in range(6))


@pytest.mark.parametrize("seed", range(30))
def test_runs_are_those_of_the_possible_sessions_one_after_the_other(seed: int) -> None:
    random = np.random.default_rng(seed)
    sessions = int(random.choice([3, 64, 65, 200]))
    hit, possible, inside = (random.random((4, sessions)) < p for p in (random.random(), 0.8, 0.9))
    found = [np.zeros(4, np.int64) for _ in range(3)]
    bits.runs(as_bits(hit), as_bits(possible), as_bits(inside[:1]), np.zeros(4, np.int64), *found)
    for row in range(4):
        told = [h for h, p, i in zip(hit[row], possible[row], inside[0], strict=True) if p and i]
        runs = [len(list(group)) for is_hit, group in groupby(told) if is_hit]
        expected = [max(runs, default=0), runs[-1] if told and told[-1] else 0, len(runs)] if told else [-1, -1, -1]
        assert [int(part[row]) for part in found] == expected


@pytest.mark.parametrize("seed", range(10))
def test_weeks_are_counted_across_the_ends_of_words(seed: int) -> None:
    random = np.random.default_rng(seed)
    plane, mask = random.random((3, 150)) < 0.5, random.random((1, 150)) < 0.7
    edges = np.unique(np.append(0, np.cumsum(random.integers(1, 15, 40)).clip(0, 150)))
    out = np.zeros((3, len(edges) - 1), np.int64)
    bits.by_week(as_bits(plane), as_bits(mask), np.zeros(3, np.int64), edges, out)
    expected = [[int((row & mask[0])[a:b].sum()) for a, b in pairwise(edges)] for row in plane]
    assert out.tolist() == expected


def test_the_first_and_the_last_session_of_a_set_are_found_in_any_word() -> None:
    where = np.zeros((4, 200), bool)
    where[0, [0, 199]] = where[1, [63, 64]] = where[2, 130] = True
    first, last_one = np.zeros(4, np.int64), np.zeros(4, np.int64)
    bits.first_bit(as_bits(where), first)
    bits.last_bit(as_bits(where), last_one)
    assert first.tolist() == [0, 63, 130, -1]
    assert last_one.tolist() == [199, 64, 130, -1]


def view(text: str) -> View:
    return View(cohort_before(Timeline(records_from(attendance=text)).before(dt.date(2026, 2, 16)), CohortConfig()))


LONG = "pupil | date | am | pm\nA | 2025-09-01 to 2026-01-30 | / | O\nA | 2026-02-02 to 2026-02-13 | / | /\n"  # 120 days: four words


def test_a_count_over_several_words_is_that_of_the_marks() -> None:
    found = view(LONG)
    assert found.count(ABSENT, last(20)).tolist() == [10]
    assert found.count(ATTENDED, ever()).tolist() == [110 + 20]
    assert found.count(ABSENT, ever(), afternoons()).tolist() == [110]
    assert found.count(ATTENDED, ever(), afternoons()).tolist() == [10]


def test_weekdays_are_counted_from_monday() -> None:
    found = view(LONG)
    sessions = weekdays(0).sessions(found.cohort.calendar)[0]
    mondays = {dt.date(1970, 1, 1) + dt.timedelta(days=int(day)) for day in found.register.days[sessions]}
    assert {day.weekday() for day in mondays} == {0}
    assert len(mondays) == 24


def test_a_set_or_code_that_is_not_in_the_table_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="abscent") as refusal:
        view(LONG).register.plane(SessionSet("abscent", "away"))
    assert refusal.value.do == 'Did you mean "absent"?'
    with pytest.raises(UsageError, match="Q9"):
        view(LONG).register.plane(coded("Q9", "away"))


def test_more_sets_than_a_word_has_bits_are_made_in_several_passes() -> None:
    cohort = view(LONG).cohort
    codes = sorted(cohort.known.codes.codes - {"-"})
    many = [coded(code, code) for code in codes] + [SessionSet(name, name, 14) for name in ("absent", "late", "authorised")] * 20
    register = Register(cohort, [*many, *(SessionSet(name, name) for name in ("possible", "attended", "unauthorised"))])
    assert (register.plane(ABSENT) == Register(cohort).plane(ABSENT)).all()
    assert (register.plane(coded("O", "O")) == Register(cohort).plane(ABSENT)).all()


def test_blocks_are_of_whole_schools_and_hold_everybody_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"P{i} | S{i // 3} | 2026-02-02 to 2026-02-13 | / | O\n" for i in range(10))
    cohort = view("pupil | school | date | am | pm\n" + rows).cohort
    monkeypatch.setattr("eswarn.features.compute.PUPILS_AT_ONCE", 4)
    assert [(b.start, b.stop) for b in _whole_schools(cohort)] == [(0, 6), (6, 10)]
