"""As-of dates to train on, and dates that the records do not reach."""

from __future__ import annotations

import datetime as dt

import pytest

from eswarn.cohort.dates import half_terms, refuse_stale, training_dates
from eswarn.config import CohortConfig, DatasetFacts
from eswarn.errors import InputRefused
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline
from tests.spec.tables import records_from

TERMS = "pupil | date | am\nA | 2024-09-03 to 2024-10-25 | /\nA | 2024-11-04 to 2024-12-20 | /\nA | 2025-01-06 to 2025-02-14 | /\n"


def timeline(followed: str = "2025-12-31", register: str = TERMS) -> Timeline:
    facts = DatasetFacts.model_validate({"observed_to": {"outcomes": followed}})
    return Timeline(Records(records_from(attendance=register).tables, facts))


def test_by_default_the_first_monday_of_each_half_term_that_is_ripe() -> None:
    assert half_terms(timeline()) == (dt.date(2024, 9, 9), dt.date(2024, 11, 4), dt.date(2025, 1, 6))
    assert training_dates(timeline(), CohortConfig()) == (dt.date(2024, 9, 9), dt.date(2024, 11, 4))


def test_a_half_term_before_which_there_is_no_mark_is_left_out() -> None:
    assert half_terms(timeline(register=TERMS.replace("2024-09-03", "2024-09-02"))) == (dt.date(2024, 11, 4), dt.date(2025, 1, 6))


def test_dates_of_the_configuration_are_taken_as_they_are_if_they_are_ripe() -> None:
    config = CohortConfig(as_of=(dt.date(2024, 10, 1),))
    assert training_dates(timeline(), config) == config.as_of
    with pytest.raises(InputRefused, match="2025-02-03 is not known to the end of the horizon"):
        training_dates(timeline(), CohortConfig(as_of=(dt.date(2024, 10, 1), dt.date(2025, 2, 3))))


def test_no_ripe_date_and_no_marks_are_refused_with_what_to_do() -> None:
    with pytest.raises(InputRefused, match="no as-of date") as refusal:
        training_dates(timeline("2025-01-01"), CohortConfig())
    assert "observed_to" in refusal.value.do
    with pytest.raises(InputRefused, match="has no rows"):
        half_terms(Timeline(Records({})))


def test_a_date_that_no_mark_comes_near_is_refused() -> None:
    refuse_stale(timeline(), dt.date(2025, 6, 14))  # 120 days after the last mark
    with pytest.raises(InputRefused, match="2025-02-14: too long ago"):
        refuse_stale(timeline(), dt.date(2025, 6, 15))


def test_a_mark_recorded_only_later_does_not_bring_the_records_nearer() -> None:
    register = "pupil | date | am | recorded\nA | 2025-02-14 | / |\nA | 2025-06-10 | / | 2025-06-20\n"
    with pytest.raises(InputRefused, match="2025-02-14: too long ago"):
        refuse_stale(timeline(register=register), dt.date(2025, 6, 15))
    refuse_stale(timeline(register=register), dt.date(2025, 6, 21))
