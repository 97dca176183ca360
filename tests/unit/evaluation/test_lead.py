"""Lead time in school weeks, on registers small enough to count by hand."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

from eswarn.config import CohortConfig
from eswarn.errors import UsageError
from eswarn.evaluation.lead import EARLY, Lead, lead
from eswarn.records.timeline import Timeline
from tests.spec.tables import records_from

# Mondays 5, 12, 19, 26 January; 2 to 6 February is a holiday; 9 February to 27 March, the last mark
REGISTER = """
    pupil | date                     | am | pm
    A B C | 2026-01-05 to 2026-01-30 | /  | /
    A     | 2026-02-09 to 2026-02-18 | /  | /
    A     | 2026-02-19 to 2026-03-27 | O  | O
    B C   | 2026-02-09 to 2026-03-27 | /  | /
"""
OUTCOMES = """
    pupil | school | left_on    | destination
    A     | S      | 2026-03-20 | neet
"""
BACK = "A     | 2026-02-19 to 2026-03-20 | O  | O\n    A     | 2026-03-23 to 2026-03-27 | /  | /"
CONFIG = CohortConfig(horizon_days=120)


def found(rows: list[tuple[str, str, bool, float]], *, outcomes: str = OUTCOMES, register: str = REGISTER) -> Lead:
    """Lead times from rows of pupil, as-of date, listed and y."""
    pupil, as_of, listed, y = zip(*rows, strict=True)
    keys = pd.DataFrame({"pupil_id": pupil, "school_id": "S", "as_of": [dt.date.fromisoformat(day) for day in as_of]})
    timeline = Timeline(records_from(attendance=register, outcomes=outcomes))
    return lead(timeline, keys, listed=np.array(listed), y=np.array(y, float), config=CONFIG)


@pytest.mark.parametrize(
    ("as_of", "weeks"),
    [
        ("2026-01-05", 6),  # four weeks, no week of holiday, and two more: on 18 February A was seen for the last time
        ("2026-01-07", 6),  # the rest of a week is a week
        ("2026-01-31", 2),  # on a Saturday
        ("2026-02-02", 2),  # in the holiday
        ("2026-02-18", 1),
        ("2026-02-19", 0),  # too late: A stays away, although on roll until 20 March
        ("2026-03-16", 0),
    ],
)
def test_school_weeks_are_counted_from_the_listing_to_the_last_session_attended(as_of: str, weeks: int):
    assert found([("A", as_of, True, 1)]).weeks.tolist() == [weeks]


def test_a_leaver_who_was_never_listed_has_none_and_counts():
    told = found([("A", "2026-01-05", False, 1), ("B", "2026-01-05", True, 0)])
    assert (told.weeks.tolist(), told.median, told.share_of(EARLY), told.weeks_per_leaver) == ([0], 0.0, 0.0, math.inf)


def test_the_first_listing_counts_and_each_leaver_counts_once():
    rows = [("A", "2026-02-09", True, 1.0), ("A", "2026-01-12", True, 1.0), ("A", "2026-01-05", False, 1.0)]
    assert found(rows).weeks.tolist() == [5]
    assert found(rows[::-1]).weeks.tolist() == [5]


def test_a_listing_whose_horizon_did_not_hold_the_departure_was_a_false_alarm():
    assert found([("A", "2026-01-05", True, 0), ("A", "2026-02-09", True, 1)]).weeks.tolist() == [2]


def test_attendance_after_coming_back_is_no_lead_time():
    back = REGISTER.replace("A     | 2026-02-19 to 2026-03-27 | O  | O", BACK)
    gone = OUTCOMES.replace("2026-03-20", "2026-02-18")
    assert found([("A", "2026-01-05", True, 1)], register=back, outcomes=gone).weeks.tolist() == [6]
    assert found([("A", "2026-01-05", True, 1)], register=back).weeks.tolist() == [10], "the day of departure stands for the last session"


def test_weeks_on_a_list_are_what_it_costs():
    # A is on it to 18 February (6 weeks); B from 5 January to the next list on 9 February (4), C from then to the last mark (7)
    rows = [("A", "2026-01-05", True, 1.0), ("B", "2026-01-05", True, 0.0), ("C", "2026-02-09", True, 0.0), ("B", "2026-02-09", False, 0.0)]
    told = found(rows)
    assert told.listed_weeks == 4 + 4 + 7, "the second list, of 9 February, no longer names A"
    assert told.weeks_per_leaver == 15
    assert found([("B", "2026-01-05", True, 0.0), ("A", "2026-01-05", True, 1.0)]).listed_weeks == 11 + 6


def test_nobody_who_left_has_no_median():
    told = found([("B", "2026-01-05", True, 0)])
    assert math.isnan(told.median)
    assert math.isnan(told.share_of(EARLY))


def test_rows_of_other_records_are_refused_without_naming_anybody():
    with pytest.raises(UsageError, match="not in the records") as refused:
        found([("Somebody", "2026-01-05", True, 1)])
    assert "Somebody" not in str(refused.value)
