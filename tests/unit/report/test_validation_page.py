"""The validation's page: answers first, no figure without its interval, the red label beside every table, no crash."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from eswarn.errors import InputRefused
from eswarn.report import phrases, validation_page
from eswarn.report.told import Estimate, Figure
from eswarn.report.validation_contents import COUNTS, LISTS, RATES
from eswarn.report.validation_english import TEXT
from eswarn.report.validation_page import render_validation, write_validation
from tests.unit.report.made_up_scores import PageReader
from tests.unit.report.made_up_validation import RULES, estimate, groups, rule, split, untold, validation

RED = TEXT["red"]


def page(**changes: Any) -> PageReader:
    return PageReader(render_validation(validation(**changes)))


def test_the_answers_come_first_in_words():
    read = page()
    assert read.texts("h2")[0] == TEXT["answers"]
    assert read.texts("b", "verdict") == ["not shown.", "shown.", "cannot tell."]
    first = next(i for i, e in enumerate(read.elements) if e.tag == "table")
    assert all(read.elements.index(e) < first for e in read.all("b", "verdict"))


def test_every_split_says_on_whom_it_was_tested():
    rows = dict(row[:2] for row in page(splits=[split()]).rows("facts") if len(row) == 2)
    assert "2021-10-18" in rows[TEXT["folds"]]
    assert (rows[TEXT["horizon"]], rows[TEXT["n_leavers"]], rows[TEXT["n_rows"]]) == ("365 days", "262", "38,412")
    assert rows[TEXT["places"]].replace("\u00a0", " ") == "5 % of each school's pupils"
    assert "2,000" in rows[TEXT["draws"]]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (estimate(0.788, 0.02), "0.788 (0.768 to 0.808)"), (estimate(-0.04, 0.1), "−0.040 (−0.140 to 0.060)"),
        (untold(0.788), "cannot tell (0.788 in this test, no interval)"), (estimate(None), "not measured"),
        ({"value": 0.5}, "cannot tell (0.500 in this test, no interval)"),
        ({"value": float("nan"), "low": 0.1, "high": 0.2}, "not measured"),
        (estimate(0.5, 0.2, told="cannot tell"), "0.500 (0.300 to 0.700); cannot tell"),
    ],
)  # fmt: skip
def test_a_figure_is_never_a_bare_point(told: dict[str, Any], said: str):
    assert phrases.figure(Figure.model_validate(told | {"name": "auc"})) == said


def test_shares_are_in_per_cent():
    assert phrases.figure(Figure.model_validate(estimate(0.03, 0.01) | {"name": "base_rate"})) == "3 % (2 % to 4 %)"
    assert phrases.figure(Figure.model_validate(estimate(0.23) | {"name": "recall_5_each"})) == "23 % (20 % to 26 %)"


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.001, 0.05, "beats"), (0.0, 0.05, "not_beaten"), (-0.01, 0.05, "not_beaten"), (-0.05, -0.01, "beaten"), (-0.05, 0.0, "not_beaten"),
     (None, None, "cannot tell")],
)  # fmt: skip
def test_a_rule_is_beaten_only_if_the_whole_interval_lies_above_nothing(low: float | None, high: float | None, said: str):
    assert phrases.beaten(Estimate(value=0.02, low=low, high=high)) == TEXT[said]
    assert phrases.beaten(Estimate(value=0.02, low=low, high=high, told="cannot tell")) == TEXT["cannot tell"]


def test_every_rule_is_beside_the_model_with_what_it_lacks():
    rows = page(splits=[split()]).rows("rules")
    assert len(rows) == 2 * len(RULES)
    names = [" ".join(row[0].split()) for row in rows[: len(RULES)]]
    assert names[0].startswith("ten-feature logistic regression"), "the one that reaches most stands first"
    assert any(name.startswith("RONI points, one council") and "Lacks here: pregnancy, youth offending team" in name for name in names)
    roni = next(name for name in names if name.startswith("RONI points, four"))
    assert "names 17 % of pupils and reaches 41 % of leavers; the model, with as many places, 44 %" in roni.replace("\u00a0", " ")
    assert {row[3] for row in rows} == {TEXT["beats"], TEXT["not_beaten"]}
    assert [row[-1] for row in rows if row[0].startswith("constant")] == [TEXT["never"]] * 2


def test_the_red_label_is_at_the_top_and_beside_every_table_and_plot():
    read = page(label=RED, splits=[split("random")])
    assert RED in read.texts("p", "warning")[0]
    assert len(read.all("caption")) > 8
    for tag in ("caption", "figcaption"):
        assert all(RED in text for text in read.texts(tag))
    assert all(RED in text for text in [e.text for e in read.all("li") if "ol" in e.parents])


def test_a_random_split_is_red_even_where_the_validation_forgot_to_say_so():
    read = page(splits=[split("random")])
    assert all(RED in text for text in read.texts("caption"))
    assert not any(RED in text for text in page().texts("caption"))


def test_a_hidden_count_stays_hidden():
    rows = page(splits=[split()]).rows("list")
    hidden = next(row for row in rows if row[0].startswith("Gypsy"))
    assert hidden[1:] == ["[c]", "[c]", "not measured", "not measured", "not measured", "not measured", "cannot tell"]


def test_each_verdict_on_a_group_is_one_of_three_and_none_is_fair():
    text = render_validation(validation(splits=[split()])).casefold()
    assert not re.search(r"\bfair\b", text.replace(TEXT["how_fair"].casefold(), ""))


def cut(told: Any) -> Iterator[Any]:
    """The same data with each optional part missing in turn."""
    if isinstance(told, dict):
        for key in told:
            yield {k: v for k, v in told.items() if k != key}
        for key, value in told.items():
            yield from ({**told, key: smaller} for smaller in cut(value))
    elif isinstance(told, list) and told:
        yield []
        yield from ([smaller, *told[1:]] for smaller in cut(told[0]))


def test_what_is_missing_is_left_out_and_stops_nothing():
    shorter = {"rules": [rule("FSM only")], "groups": groups() | {"rows": groups()["rows"][:1]}}
    pages, refused = 0, set()
    for told in cut(validation(splits=[split(**shorter)])):
        try:
            PageReader(render_validation(told))
            pages += 1
        except InputRefused as error:
            refused.add(error.where.rpartition(".")[2])
    assert refused == {"eswarn_validation", "question", "verdict", "split", "name", "group"}
    assert pages > 150


@pytest.mark.parametrize("told", [{}, {"eswarn_validation": 2}, {"eswarn_validation": 1, "splits": "x"},
                                  {"eswarn_validation": 1, "label": 3},
                                  {"eswarn_validation": 1, "splits": [{"split": "x", "shares": [float("nan")]}]}])  # fmt: skip
def test_what_is_no_validation_is_refused(told: dict[str, Any]):
    with pytest.raises(InputRefused, match="the validation cannot be shown"):
        render_validation(told)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "</style><script>x</script>", "{{ 7 * 7 }}", '"><img src=x onerror=y>'])
def test_hostile_text_adds_no_element(text: str):
    def tags(said: str) -> list[str]:
        hostile = split(says=said, folds=[said], rules=[rule("FSM only") | {"name": said, "says": said, "source": said, "lacks": [said]}])
        return [e.tag for e in page(label=said, splits=[hostile]).elements]

    assert tags(text) == tags("plain")


def test_headings_go_down_one_step_at_a_time_and_every_table_is_labelled():
    read = page()
    levels = [int(e.tag[1]) for e in read.elements if re.fullmatch(r"h\d", e.tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    tables = read.all("table")
    assert len(tables) == len(read.all("caption"))
    assert all(e.attributes.get("scope") in ("row", "col") for e in read.all("th"))
    ids = [e.attributes["id"] for e in read.elements if "id" in e.attributes]
    assert len(set(ids)) == len(ids)
    links = [e.attributes["href"] or "" for e in read.all("a")]
    assert all(link[1:] in ids for link in links)
    for plot in read.all("svg"):
        assert set((plot.attributes["aria-labelledby"] or "").split()) <= set(ids)


def test_the_page_needs_nothing_else_and_holds_no_script_and_no_clock():
    text = render_validation(validation())
    assert not re.search(r"https?:|<script|<link|<img|url\(", text)
    assert text == render_validation(validation())


def test_every_sentence_is_used():
    report = Path(validation_page.__file__).parent
    names = ["templates/validated.html", "templates/validation.html", "templates/base.html", "templates/report.css"]
    source = "".join((report / name).read_text(encoding="utf-8") for name in names)
    code = "".join((report / f"{name}.py").read_text(encoding="utf-8") for name in ("phrases", "plots", "validation_contents"))
    columns = {"rule", "reach", "difference", "shown", "auc", "needed", "group", "n", "leavers", "verdict"}
    made = {f"n_{key}" for key in COUNTS} | {*RATES, *LISTS, *columns}
    named = set(re.findall(r"text\.(\w+)", source)) | set(re.findall(r"""TEXT\[["']([^"']+)["']\]""", code)) | made
    unused = {key for key in set(TEXT) - named if not key.startswith("split_")}
    assert (unused, named - set(TEXT)) == (set(), set())


def test_the_json_is_what_was_told_with_null_for_what_is_no_number(tmp_path: Path):
    told = validation(about={"places": 0.05, "horizon": "365 days", "margin": float("nan")})
    written = write_validation(told, tmp_path / "new" / "place")
    kept = json.loads((written.parent / "validation.json").read_bytes(), parse_constant=lambda name: pytest.fail(name))
    assert kept["about"]["margin"] is None
    assert kept["splits"] == told["splits"]
    assert sorted(p.name for p in written.parent.iterdir()) == ["validation.html", "validation.json"]


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputRefused, match="cannot be written"):
        write_validation(validation(), tmp_path / "file")


def test_a_table_shows_some_places_those_asked_for_among_them():
    places = tuple(i / 100 for i in range(31))
    assert phrases.some(places, (0.02, 0.05, 0.1)) == [2, 5, 10, 15, 20, 25, 30]
    assert phrases.some((0.0, 0.1), (0.05,)) == [0, 1]
    assert phrases.some((), (0.05,)) == []
