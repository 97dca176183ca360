"""A council that holds no more than what a termly census counts: who can be scored, and what is answered about them."""

from __future__ import annotations

import datetime as dt

import pytest

import eswarn
from eswarn.errors import UsageError
from eswarn.records.timeline import Timeline, check_as_of
from tests.spec.tables import records_from

TERMS = """
pupil | starts_on  | ends_on    | possible | authorised | unauthorised | recorded
A     | 2025-08-01 | 2025-12-31 | 120      | 6          | 12           | 2026-01-15
B     | 2025-08-01 | 2025-12-31 | 8        | 0          | 0            | 2026-01-15
C     | 2024-08-01 | 2024-12-31 | 120      | 0          | 0            | 2025-01-15
"""
CONTEXT = "pupil | valid_from | year_group\nA B C | 2025-09-01 | 9\n"


def test_who_has_enough_sessions_in_terms_is_scored_from_them() -> None:
    records = records_from(term_totals=TERMS, context=CONTEXT)
    table = eswarn.feature_table(records, "2026-02-16")
    assert table["pupil_id"].tolist() == ["A"], "B has too few sessions, and C's term is too long ago"
    assert table["term_absence"].tolist() == [18 / 120]
    assert table["absence_this_year"].isna().all(), "nothing is known by day"


def test_a_term_is_not_known_before_the_census_that_counts_it() -> None:
    timeline = Timeline(records_from(term_totals=TERMS.replace("2025-01-15", "2026-01-15"), context=CONTEXT))
    with pytest.raises(UsageError, match="no attendance is known"):
        check_as_of(timeline, dt.date(2026, 1, 15))
    check_as_of(timeline, dt.date(2026, 1, 16))
