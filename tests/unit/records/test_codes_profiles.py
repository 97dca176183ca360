"""Register codes of every profile, written out once more by hand: category, possible, late, and the sets of marks."""

from __future__ import annotations

import datetime as dt
from typing import get_args

import numpy as np
import pytest

from eswarn.config import DatasetFacts
from eswarn.errors import UsageError
from eswarn.records.codes import PROFILES, code_table

# Handbook records.md, sections 2 and 3: code, category, a possible session, late. Before and from 19 August 2024.
BEFORE = """
/   attended      yes  no      |  H   authorised    yes  no
\\   attended      yes  no      |  F   authorised    yes  no
L   attended      yes  late    |  G   unauthorised  yes  no
B   approved      yes  no      |  N   unauthorised  yes  no
P   approved      yes  no      |  O   unauthorised  yes  no
V   approved      yes  no      |  U   unauthorised  yes  late
W   approved      yes  no      |  D   not_possible  no   no
J   approved      yes  no      |  X   not_possible  no   no
C   authorised    yes  no      |  Y   not_possible  no   no
E   authorised    yes  no      |  Z   administrative no  no
I   authorised    yes  no      |  #   administrative no  no
M   authorised    yes  no      |  -   none          no   no
R   authorised    yes  no      |  S   authorised    yes  no
T   authorised    yes  no
"""
SINCE = """
/   attended      yes  no      |  T   authorised    yes  no
\\   attended      yes  no      |  G   unauthorised  yes  no
L   attended      yes  late    |  N   unauthorised  yes  no
K   approved      yes  no      |  O   unauthorised  yes  no
V   approved      yes  no      |  U   unauthorised  yes  late
P   approved      yes  no      |  D   not_possible  no   no
W   approved      yes  no      |  Q   not_possible  no   no
B   approved      yes  no      |  X   not_possible  no   no
C   authorised    yes  no      |  Y1  not_possible  no   no
C1  authorised    yes  no      |  Y2  not_possible  no   no
C2  authorised    yes  no      |  Y3  not_possible  no   no
E   authorised    yes  no      |  Y4  not_possible  no   no
I   authorised    yes  no      |  Y5  not_possible  no   no
M   authorised    yes  no      |  Y6  not_possible  no   no
J1  authorised    yes  no      |  Y7  not_possible  no   no
R   authorised    yes  no      |  Z   administrative no  no
S   authorised    yes  no      |  #   administrative no  no
-   none          no   no
"""
US = """
P   attended      yes  no      |  MA  authorised    yes  no
T   attended      yes  late    |  UA  unauthorised  yes  no
ED  attended      yes  no      |  #   administrative no  no
EA  authorised    yes  no      |  -   none          no   no
"""
NEUTRAL = """
P   attended      yes  no      |  A   unauthorised  yes  no
L   attended      yes  late    |  #   administrative no  no
AA  authorised    yes  no      |  -   none          no   no
"""
LAST_OLD, FIRST_NEW = dt.date(2024, 8, 18), dt.date(2024, 8, 19)
EVERY = (
    [("england", day, BEFORE) for day in (dt.date(2013, 9, 2), LAST_OLD)]
    + [("england", day, SINCE) for day in (FIRST_NEW, dt.date(2026, 11, 2))]
    + [(profile, day, rows) for profile, rows in (("us", US), ("neutral", NEUTRAL)) for day in (LAST_OLD, FIRST_NEW)]
)


def _by_hand(rows: str) -> dict[str, tuple[str, bool, bool]]:
    cells = [cell.split() for line in rows.strip().splitlines() for cell in line.split(" | ")]
    return {code: (category, possible == "yes", late == "late") for code, category, possible, late in cells}


def _members(profile: str, name: str) -> set[str]:
    table = code_table(profile)
    return {row.code for i, row in enumerate(table.rows) if table.members(name)[i]}


@pytest.mark.parametrize(("profile", "day", "rows"), EVERY)
def test_every_code_is_as_written_by_hand_and_there_is_no_other(profile: str, day: dt.date, rows: str) -> None:
    expected, table = _by_hand(rows), code_table(profile)
    number = np.full(len(expected), (day - dt.date(1970, 1, 1)).days)
    found = table.lookup(list(expected), np.arange(len(expected)), number)
    meant = [table.rows[i] for i in found.ids]
    assert {row.code: (row.category, row.possible, row.late) for row in meant} == expected
    assert not found.unknown.any()
    assert not found.not_valid_on_date.any()
    assert {row.code for row in table.rows if row.valid_from <= day <= row.valid_to} == set(expected)


def test_every_profile_that_dataset_toml_may_name_has_a_table() -> None:
    assert get_args(DatasetFacts.model_fields["profile"].annotation) == PROFILES


@pytest.mark.parametrize("profile", PROFILES)
def test_no_mark_comes_first_and_a_possible_session_is_attended_or_absent(profile: str) -> None:
    table = code_table(profile)
    assert table.rows[0].code == "-"
    assert (table.members("possible") == (table.members("attended") | table.members("absent"))).all()
    assert not (table.members("attended") & table.members("absent")).any()
    assert all(len(code) <= 3 for code in table.codes)
    assert all(row.meaning for row in table.rows)


def test_the_marked_sessions_are_all_but_gaps_closures_and_pupils_yet_to_come() -> None:
    assert _members("us", "marked") == {"P", "T", "ED", "EA", "MA", "UA"}
    assert _members("neutral", "marked") == {"P", "L", "A", "AA"}
    assert _members("england", "marked") == (_by_hand(BEFORE).keys() | _by_hand(SINCE).keys()) - {"Z", "#", "-"}


@pytest.mark.parametrize(
    ("profile", "illness", "no_reason_yet", "late"),
    [("england", {"I"}, {"N"}, {"L", "U"}), ("us", {"MA"}, set(), {"T"}), ("neutral", set(), {"A"}, {"L"})],
)
def test_the_sets_that_only_some_profiles_have(profile: str, illness: set[str], no_reason_yet: set[str], late: set[str]) -> None:
    assert _members(profile, "illness") == illness
    assert _members(profile, "no_reason_yet") == no_reason_yet
    assert _members(profile, "late") == late


@pytest.mark.parametrize(("profile", "name"), [("us", "code:C2"), ("neutral", "code:I"), ("us", "approved"), ("england", "code:UA")])
def test_a_set_or_code_of_another_profile_has_no_member_here(profile: str, name: str) -> None:
    assert not code_table(profile).members(name).any()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("name", "near"), [("code:C9", "Did you mean"), ("ilness", 'Did you mean "illness"?'), ("code:", "Known names:")])
def test_a_set_or_code_of_no_profile_is_refused(profile: str, name: str, near: str) -> None:
    with pytest.raises(UsageError, match="there is no") as refusal:
        code_table(profile).members(name)
    assert near in refusal.value.do
    assert ("register code" in refusal.value.what) == name.startswith("code:")


def test_an_absence_of_half_a_day_is_one_of_the_two_sessions_of_an_enrolled_day() -> None:
    """US chronic absence: 10 % of enrolled days, here 10 of 100 days of which one was missed by half and one twice by half."""
    table = code_table("us")
    codes = ["P", "UA", "EA"]
    marks = np.zeros((100, 2), np.int64)
    marks[:9] = 1
    marks[9, 0] = marks[10, 1] = 2
    ids = table.lookup(codes, marks.ravel(), np.full(marks.size, 20_000)).ids
    absent, enrolled = table.members("absent")[ids].sum(), table.members("possible")[ids].sum()
    assert (absent, enrolled) == (20, 200)
    assert 10 * absent >= enrolled
