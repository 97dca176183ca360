"""A head of year opens the page on Monday morning: everything on it is what the scores say."""

from __future__ import annotations

from pathlib import Path

import pytest

from eswarn import words
from eswarn.model.scores import Scores
from eswarn.report import report
from tests.unit.report.made_up_scores import PageReader, made_up, pupil, unscored

TIERS = {1: "priority", 2: "priority", 3: "watch", 4: "watch", 5: "watch"}


@pytest.fixture
def scores() -> Scores:
    """Two schools of forty pupils; ranks 2 and 3 of the second are tied at the cut."""
    rows = [
        pupil(
            rank, pupil_id=f"P{school}{rank:03d}", school_id=school, rank=rank, risk=0.6 / rank, year_group=7 + rank % 5,
            tier=TIERS.get(rank, "universal"), reason_1=f"missed {60 - rank} % of sessions in the last 20 school days; typical: 6 %",
        )
        for school in ("100001", "100002") for rank in range(1, 41)
    ]  # fmt: skip
    rows[42] |= {"rank": 2, "tier": "priority", "risk": 0.3, "data_note": "tied with another pupil at the last place"}
    absent = [unscored(1), unscored(2, school_id="100002"), unscored(3, reason="no mark for 20 open days: already gone?")]
    return made_up(rows, absent)


@pytest.fixture
def page(scores: Scores, tmp_path: Path) -> PageReader:
    return PageReader(report(scores, tmp_path / "report.html").read_text(encoding="utf-8"))


def test_the_first_lines_say_how_many_and_from_when(page: PageReader) -> None:
    assert page.texts("p", "lead") == ["From records dated before 14 February 2026. Confidential: this page is about pupils."]
    assert page.texts("dd", "count") == ["5", "5", "70", "3"]
    bullets = page.texts("li")
    assert "80 pupils scored in 2 schools, 3 not." in bullets
    assert "2 pupils not scored: fewer than 10 possible sessions" in bullets
    assert "1 pupil not scored: no mark for 20 open days: already gone?" in bullets


def test_the_page_says_what_it_cannot_reach_and_what_it_is_not(page: PageReader, scores: Scores) -> None:
    frame = scores.frame
    everybody, beyond = frame["risk"].sum(), frame.loc[frame["tier"] != "priority", "risk"].sum()
    assert any(
        f"{words.expected(everybody)} of the pupils scored" in said and f"{words.expected(beyond)} of these" in said
        for said in page.texts("li")
    )
    assert any("not a finding about a pupil" in said for said in page.texts("li"))
    assert any("may differ from your register system" in said for said in page.texts("li"))


def test_every_listed_pupil_is_there_once_in_order_with_the_numbers_of_the_frame(page: PageReader, scores: Scores) -> None:
    listed = scores.frame[scores.frame["tier"] != "universal"].to_dict("records")
    rows = [[" ".join(cell.split()) for cell in row] for row in page.rows("list")]
    assert len(rows) == len(listed) == 10
    for row, said in zip(listed, rows, strict=True):
        assert said[0] == f"{row['rank']} {row['tier'].capitalize()}"
        assert said[1] == f"{row['pupil_id']}{words.year_group(row['year_group'])}"
        assert said[2] == f"{words.chance(row['risk'])} {words.chance_percent(row['risk'])}"
        assert said[3] == "", "this run holds no register"
        assert said[4].startswith(f"{row['reason_1']} {row['reason_2']} In the pupil's favour: {row['protective']}")
        assert said[5:] == [""] * 4


def test_a_tie_at_the_last_place_is_marked(page: PageReader) -> None:
    assert page.texts("p", "note") == ["About the data: tied with another pupil at the last place"]


def test_pupils_in_the_universal_tier_are_not_named(page: PageReader, scores: Scores) -> None:
    everything = page.all("html")[0].text
    universal = scores.frame.loc[scores.frame["tier"] == "universal", "pupil_id"]
    assert len(universal) == 70
    assert [name for name in universal if name in everything] == []


def test_everybody_without_a_score_is_there_with_what_would_mend_it(page: PageReader, scores: Scores) -> None:
    by_school = scores.not_scored.sort_values("school_id", kind="stable")
    assert page.rows("unscored") == by_school[["pupil_id", "reason", "what_would_mend_it"]].to_numpy().tolist()


def test_each_school_starts_a_sheet_of_its_own(page: PageReader) -> None:
    assert page.texts("h3")[3:] == ["School 100001", "School 100002", "School 100001", "School 100002"]
    assert len(page.all("section", "school")) == 2
    assert ".school + .school { break-before: page; }" in page.texts("style")[0]


def test_names_are_shown_only_where_they_are_given_and_beside_the_pseudonym(scores: Scores, tmp_path: Path) -> None:
    names = {"P100001001": "Ada Example", "N000001": "Ben Example", "P100001040": "Not Listed"}
    page = PageReader(report(scores, tmp_path / "named.html", names=names).read_text(encoding="utf-8"))
    assert [" ".join(cell.split()) for cell in page.rows("list")[0]][1] == "Ada ExampleP100001001Year 8"
    assert page.rows("unscored")[0][0].split() == ["Ben", "ExampleN000001"]
    assert "Not Listed" not in page.all("html")[0].text
    assert "made with a file of names" in page.texts("p", "lead")[0]


def test_a_school_where_everybody_could_be_scored_is_told_so(tmp_path: Path) -> None:
    page = PageReader(report(made_up([pupil(1)]), tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "every pupil on roll has a score" in page.texts("dd")
    assert page.rows("unscored") == []
    assert len(page.all("table")) == 1
