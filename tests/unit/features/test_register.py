"""The register as bits: what is packed, counted and masked, against the plain booleans."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from eswarn.cohort.roll import cohort_before
from eswarn.config import CohortConfig
from eswarn.errors import UsageError
from eswarn.features.register import ABSENT, ATTENDED, Register, SessionSet, pack
from eswarn.features.view import View
from eswarn.features.windows import last
from eswarn.records.timeline import Timeline
from tests.spec.tables import records_from


@pytest.mark.parametrize("sessions", [0, 1, 63, 64, 65, 128, 400])
def test_bits_are_packed_in_the_order_of_sessions(sessions: int) -> None:
    where = np.random.default_rng(sessions).random((3, sessions)) < 0.4
    words = pack(where)
    assert words.shape == (-(-sessions // 64), 3)
    bits = [[bool(int(words[s // 64, row]) >> (s % 64) & 1) for s in range(sessions)] for row in range(3)]
    assert bits == where.tolist()
    assert int(np.bitwise_count(words).sum()) == where.sum()


def register(text: str) -> Register:
    return Register(cohort_before(Timeline(records_from(attendance=text)).before(dt.date(2026, 2, 16)), CohortConfig()))


LONG = "pupil | date | am | pm\nA | 2025-09-01 to 2026-01-30 | / | O\nA | 2026-02-02 to 2026-02-13 | / | /\n"  # 120 days: four words


def test_a_count_over_several_words_is_that_of_the_booleans() -> None:
    found = register(LONG)
    start, end = np.array([found.days[100]]), np.array([found.days[150]])
    inside = (found.days >= start) & (found.days < end)
    for wanted in (ABSENT, ATTENDED):
        assert found.count(wanted, found.mask(start, end)).tolist() == [(found.where(wanted)[0] & inside).sum()]


def test_weekdays_are_counted_from_monday() -> None:
    found = register(LONG)
    mondays = {dt.date(1970, 1, 1) + dt.timedelta(days=int(day)) for day in found.days[found.weekday(0)]}
    assert {day.weekday() for day in mondays} == {0}
    assert len(mondays) == 24


def test_a_set_or_code_that_is_not_in_the_table_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="abscent") as refusal:
        register(LONG).where(SessionSet("abscent", "away"))
    assert refusal.value.do == 'Did you mean "absent"?'
    with pytest.raises(UsageError, match="Q9"):
        register(LONG).where(SessionSet("code:Q9", "away"))


def test_a_large_cohort_is_run_through_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "pupil | date | am | pm\nA B C D E | 2026-02-02 to 2026-02-12 | / | O\nB D | 2026-02-13 | O | O\nA C E | 2026-02-13 | / | /\n"
    whole = View(register(text).cohort).runs(ABSENT, last(5))
    monkeypatch.setattr("eswarn.features.view.ROWS_AT_ONCE", 2)
    parts = View(register(text).cohort).runs(ABSENT, last(5))
    assert [part.tolist() for part in parts] == [every.tolist() for every in whole]
    assert whole[1].tolist() == [0, 3, 0, 3, 0]
