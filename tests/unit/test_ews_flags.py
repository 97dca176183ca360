"""Lists on the plot of published flags: counted by hand, drawn where they belong, and said to be simulated."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.ews_flags import PLACES, judge
from benchmarks.ews_flags_page import ews_flags_section
from benchmarks.ews_flags_picture import _x, _y, picture

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def judged() -> dict[str, Any]:
    """Ten schools of 100; in each the pupils ranked 1st, 4th and last leave, the last without a score; one more is not known."""
    school = np.repeat(np.arange(10), 101)
    place = np.tile(np.arange(101), 10)
    y = np.isin(place, (0, 3, 99)).astype(float)
    y[place == 100] = np.nan
    score = np.where(place == 99, -np.inf, -place.astype(float))
    return judge(pd.DataFrame({"school": school.astype(str), "score": score, "y": y, "persistent": place < 10}))


def test_sensitivity_and_specificity_are_counted_by_hand(judged: dict[str, Any]) -> None:
    assert (judged["pupils"], judged["leavers"], judged["unknown"], judged["not_scored"]) == (1_000, 30, 10, 10)
    at = {point["share"]: point for point in judged["at"]}
    assert set(at) == set(PLACES)
    assert at[0.02]["sensitivity"] == pytest.approx(1 / 3, abs=1e-4)
    assert at[0.02]["specificity"] == pytest.approx(96 / 97, abs=1e-4)
    assert at[0.20]["sensitivity"] == pytest.approx(2 / 3, abs=1e-4), "who could not be scored is missed"
    assert at[0.20]["youden"] == pytest.approx(2 / 3 - 18 / 97, abs=1e-4)
    assert judged["persistent_absence"]["specificity"] == pytest.approx(1 - 8 / 97, abs=1e-4)
    assert judged["best"]["youden"] == max(point["youden"] for point in judged["curve"])


def test_the_picture_is_whole_and_says_that_schools_are_simulated(judged: dict[str, Any]) -> None:
    flags = np.array([[0.9, 0.4], [0.5, 0.8]])
    root = ET.fromstring(picture(flags, {"late <often>": [0.9, 0.4]}, judged))
    words = " ".join(text.text or "" for text in root.iter(f"{SVG}text"))
    assert "simulated schools, which are not real ones" in words
    assert "a late <often>" in words
    drawn = {(circle.get("cx"), circle.get("cy")) for circle in root.iter(f"{SVG}circle")}
    assert {(f"{_x(s):.0f}", f"{_y(r):.0f}") for s, r in flags} <= drawn
    assert not [node.tag for node in root.iter() if node.tag in (f"{SVG}script", f"{SVG}image")]


def test_the_page_sets_lists_beside_flags_and_claims_nothing_of_real_schools(judged: dict[str, Any]) -> None:
    flags = {
        "n": 110,
        "median": 0.18,
        "best": 0.83,
        "median_share": 0.19,
        "rates": [0.03, 0.57],
        "worse_than_chance": 3,
        "below_best_of_ours": 9,
    }
    told = "\n".join(ews_flags_section({"ours": judged, "flags": flags, "sets": 3}))
    assert "**Simulated schools are not real ones.**" in told
    assert "9 of 110 published flags have a lower J" in told
    assert "| 0.18, 0.83 |" in told
