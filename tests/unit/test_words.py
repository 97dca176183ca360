"""Numbers, dates, chances and tiers read as people say them."""

from __future__ import annotations

import datetime as dt
import itertools
import math

import pytest

from eswarn import words


@pytest.mark.parametrize(
    ("value", "said"), [(0.316, "32 %"), (0, "0 %"), (1, "100 %"), (0.004, "0.4 %"), (0.0094, "0.9 %"), (0.0096, "1 %"), (-0.08, "-8 %")]
)
def test_a_share_is_a_whole_percentage_unless_it_is_small(value: float, said: str) -> None:
    assert words.share(value) == said


@pytest.mark.parametrize(("value", "said"), [(-0.08, "8 percentage points"), (0.01, "1 percentage point"), (0.0, "0 percentage points")])
def test_a_change_of_a_share_is_in_percentage_points_without_a_sign(value: float, said: str) -> None:
    assert words.points(value) == said


@pytest.mark.parametrize(("value", "said"), [(3, "3"), (3.0, "3"), (2.46, "2.5"), (12_345, "12,345"), (0, "0")])
def test_whole_numbers_have_no_decimals(value: float, said: str) -> None:
    assert words.number(value) == said


def test_a_count_agrees_with_its_noun() -> None:
    assert [words.count(n, "incident") for n in (0, 1, 2)] == ["0 incidents", "1 incident", "2 incidents"]
    assert words.count(2, "child", "children") == "2 children"


def test_a_day_has_no_leading_zero() -> None:
    assert words.day(dt.date(2026, 2, 4)) == "4 February 2026"


@pytest.mark.parametrize(
    ("risk", "said"),
    [
        (0.0, "fewer than 1 in 200"),
        (0.005, "about 1 in 200"),
        (0.0249, "about 1 in 40"),
        (0.0834, "about 1 in 12"),
        (0.08, "about 1 in 15"),
        (0.1, "about 1 in 10"),
        (0.15, "about 2 in 10"),
        (0.25, "about 3 in 10"),
        (0.312, "about 3 in 10"),
        (0.94, "about 9 in 10"),
        (0.96, "more than 9 in 10"),
        (1.0, "more than 9 in 10"),
    ],
)
def test_a_chance_is_a_natural_frequency(risk: float, said: str) -> None:
    assert words.chance(risk) == said


def _frequency(said: str) -> float:
    part, of = said.split()[-3], said.split()[-1]
    return int(part) / int(of)


def test_a_higher_risk_is_never_said_as_a_lower_chance() -> None:
    said = [_frequency(words.chance(step / 20_000)) for step in range(100, 19_000)]
    assert all(lower <= higher for lower, higher in itertools.pairwise(said))


def test_a_chance_in_words_stays_near_the_risk() -> None:
    for step in range(100, 19_000):
        risk = step / 20_000
        assert math.isclose(_frequency(words.chance(risk)), risk, rel_tol=0.2, abs_tol=0.0501)


@pytest.mark.parametrize(
    ("risk", "said"), [(0, "under 0.1 %"), (0.0009, "under 0.1 %"), (0.001, "0.1 %"), (0.312, "31 %"), (0.989, "99 %"), (1, "over 99 %")]
)
def test_a_chance_as_a_percentage_never_claims_certainty(risk: float, said: str) -> None:
    assert words.chance_percent(risk) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0, "fewer than 1"), (0.49, "fewer than 1"), (0.5, "about 1"), (8.6, "about 9"), (1234.5, "about 1,235")]
)
def test_an_expected_number_says_that_it_is_one(value: float, said: str) -> None:
    assert words.expected(value) == said


@pytest.mark.parametrize(("days", "said"), [(365, "year"), (730, "2 years"), (7, "week"), (182, "26 weeks"), (1, "day"), (100, "100 days")])
def test_a_period_is_said_in_the_largest_whole_unit(days: int, said: str) -> None:
    assert words.period(days) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (9, "Year 9"),
        (9.0, "Year 9"),
        (0, "Reception"),
        (-1, "Nursery 2"),
        (None, "year group not known"),
        (math.nan, "year group not known"),
    ],
)
def test_year_groups_are_named_as_schools_name_them(value: float | None, said: str) -> None:
    assert words.year_group(value) == said


def test_every_tier_has_a_meaning() -> None:
    assert tuple(words.TIER_MEANING) == words.TIERS


RUN = ["=1+1", "+44 20", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''-x", "="]


@pytest.mark.parametrize("text", [*RUN, "'O", "O'Neil", "", "'", "plain"])
def test_a_cell_runs_in_no_spreadsheet_and_gives_its_text_back(text: str) -> None:
    assert not words.cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert words.from_cell(words.cell(text)) == text
    assert words.cell(text) == text or text.lstrip("'")[:1] in ("=", "+", "-", "@", "\t", "\r")
