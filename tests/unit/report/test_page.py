"""The page itself: inert whatever the records hold, the same bytes each time, sound for readers of every kind."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import eswarn
from eswarn.errors import UsageError
from eswarn.model.scores import Scores
from eswarn.report import page as report_page
from eswarn.report.page import render
from eswarn.report.write import report
from tests import made_up_school
from tests.conftest import ROOT
from tests.unit.report.made_up_scores import PageReader, made_up, pupil, shown, since, unscored

HOSTILE = [
    "<script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</td></tr></table><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "<!-- ",
    "--><!DOCTYPE html><base href=//example.org>",
    "]]><![CDATA[",
    "&lt;b&gt; &amp; &#60;script&#62; &nbsp;",
    "{{ 7 * 7 }} {% raw %} {# #} {0} {day} %s",
    "javascript:alert(1)",
    "https://example.org/?q=<a href=https://example.org>here</a>",
    "<link rel=stylesheet href=https://example.org/x.css><style>@import url(//example.org)</style>",
    '=HYPERLINK("https://example.org")',
    "\u202eevil\u202c \u2066x\u2069 \u2069\u2069 \u200f",
    "Zoë Ní Dhónaill-O\u2019Brien \U0001f600 名前",
    "x" * 3000,
    "null\x00 and \x1b[31m",
    "   spaces  kept   ",
]
ALLOWED = {
    "class", "id", "href", "aria-labelledby", "aria-label", "aria-hidden", "role", "scope", "colspan", "lang", "charset", "http-equiv",
    "content", "name", "type", "value", "autocomplete", "hidden", "tabindex", "style",
    "data-say", "rowspan", "data-school", "data-year", "data-yearnumber", "data-form", "data-tier", "data-change",
    "data-moved", "data-themes",
    "viewbox", "width", "height", "d", "cx", "cy", "r",
}  # fmt: skip


def _scores(text: str = "plain") -> Scores:
    """Scores with everything a page can show, and one text wherever a record or a person could have put it."""
    everywhere = pupil(1, pupil_id=text, school_id=text, reason_1=text, reason_2=text, protective=text, data_note=text)
    absent = unscored(1, pupil_id=text + "2", school_id=text, reason=text, what_would_mend_it=text)
    about = {"model_id": text, "method": text, "trained_on": text, "version": text}
    before = made_up([{**everywhere, "tier": "universal"}])
    groups = [(text, text, "12", "[c]", "30")]
    beside = shown([everywhere], form=[text], category=[text], changes=since(made_up([everywhere]), before, why=[text]), groups=groups)
    return made_up([everywhere], [absent], about=about, shown=beside)


def _hostile(text: str) -> str:
    return render(_scores(text), names={text: text, text + "2": text})


def _shape(page: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(e.tag, tuple(sorted(e.attributes))) for e in PageReader(page).elements]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_adds_no_element_and_no_attribute(text: str) -> None:
    assert _shape(_hostile(text)) == _shape(_hostile("plain"))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_shown_as_it_is(text: str) -> None:
    page = PageReader(_hostile(text))
    row = page.rows("list")[0]
    assert [e.text for e in page.all("bdi") if e.parents[-1] == "b"] == [text] * 3  # on the list, in what changed, not scored
    assert [e.text for e in page.all("li") if e.parents[-1] == "ol"] == [text, text]
    assert text in row[1]
    assert text in row[4]
    assert [e.text for e in page.all("p", "favour")] == [f"In the pupil's favour: {text}"]
    assert page.rows("unscored")[0][1:] == [text, text]
    assert page.rows("groups")[0][:2] == [text, text]
    assert page.rows("since")[0][3] == f"{text} (then: 2)"
    assert {e.text for e in page.all("bdi") if e.text != f"{text}2"} == {text}
    assert {e.attributes[name] for e in page.elements for name in ("data-school", "data-form") if name in e.attributes} == {text}
    (sheet,) = page.all("article", "pupil")
    assert f"suspension ({text}); 8 January 2026: incident ({text})" in sheet.text


def test_a_page_that_does_not_escape_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = report_page.Environment
    monkeypatch.setattr(report_page, "Environment", lambda **options: real(**{**options, "autoescape": False}))
    with pytest.raises(AssertionError):
        assert _shape(_hostile(HOSTILE[0])) == _shape(_hostile("plain"))


def test_the_page_runs_one_script_of_ours_and_loads_nothing() -> None:
    text = _hostile("plain")
    page = PageReader(text)
    assert {e.tag for e in page.elements}.isdisjoint({"link", "img", "iframe", "object", "embed", "base", "audio", "video", "image"})
    assert {name for e in page.elements for name in e.attributes} <= ALLOWED
    assert all((e.attributes["href"] or "").startswith("#") for e in page.elements if "href" in e.attributes)
    (script,) = page.all("script")
    ours = (ROOT / "eswarn" / "report" / "templates" / "report.js").read_text(encoding="utf-8")
    assert script.text == ours
    assert not re.search(r"eval|Function\(|innerHTML|document\.write|fetch|XMLHttp|WebSocket|import\(|localStorage|cookie", ours)
    without = re.sub(r"(?s)<script>.*?</script>", "", text).replace("<!DOCTYPE html>", "")
    assert not re.search(r"https?:|//|@import|url\(|expression\(", without)
    policy = next(e.attributes["content"] or "" for e in page.all("meta") if e.attributes.get("http-equiv") == "Content-Security-Policy")
    allowed = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    )  # fmt: skip


def test_forms_send_nothing_and_styles_are_lengths_of_ours() -> None:
    page = PageReader(_hostile("plain"))
    assert [set(e.attributes) for e in page.all("form")] == [{"id", "aria-label"}], "no action, and the policy allows none"
    assert {e.attributes.get("type") for e in page.all("button")} <= {"button", "reset"}
    styles = [e.attributes["style"] or "" for e in PageReader(render(made_up_school.scores())).elements if "style" in e.attributes]
    assert styles
    assert all(re.fullmatch(r"--bar:\d+", style) for style in styles)


def test_pictures_are_lines_with_their_words_beside_them() -> None:
    page = PageReader(_hostile("plain"))
    assert page.all("svg", "spark")
    assert page.all("svg", "strip")
    for e in page.all("svg"):
        assert (e.attributes.get("role") == "img" and e.attributes["aria-label"]) or e.attributes.get("aria-hidden") == "true"


def test_every_link_leads_to_a_place_on_the_page() -> None:
    page = PageReader(render(made_up([pupil(1), pupil(2, school_id="2")], [unscored(1, school_id="none scored")])))
    places = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    assert len(places) == len(set(places))
    assert {f"#{place}" for place in places} >= {e.attributes["href"] for e in page.all("a")}
    assert set(places) >= {e.attributes["aria-labelledby"] for e in page.all("section")}


def test_the_same_scores_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (report(made_up([pupil(1)], [unscored(1)]), tmp_path / name).read_bytes() for name in ("a.html", "b.html"))
    assert first == second
    assert b"\r" not in first


def test_a_page_is_replaced_in_one_step_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    assert report(made_up([pupil(1)]), str(path)) == path
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("place", ["no such folder/report.html", "a folder.html", "no such folder/report.xlsx", "a folder.csv"])
def test_a_place_that_cannot_be_written_is_said_plainly_and_nothing_is_left(tmp_path: Path, place: str) -> None:
    taken = [tmp_path / "a folder.csv", tmp_path / "a folder.html"]
    for folder in taken:
        folder.mkdir()
    with pytest.raises(UsageError, match=r"could not be written .*\nName a file in a folder that exists") as caught:
        report(made_up([pupil(1)]), tmp_path / place)
    assert caught.value.__suppress_context__
    assert sorted(tmp_path.rglob("*")) == taken


def test_half_a_surrogate_pair_stops_nobody_s_page(tmp_path: Path) -> None:
    page = report(made_up([pupil(1), pupil(2)]), tmp_path / "report.html", names={"P000001": "A\ud800"}).read_text(encoding="utf-8")
    assert "<b><bdi>A?</bdi></b>" in page
    assert "P000002" in page


@pytest.mark.parametrize("made", [_scores, lambda: made_up([pupil(1), pupil(2, tier="watch")], [unscored(1)])])
def test_headings_go_down_one_step_at_a_time(made: Callable[[], Scores]) -> None:
    page = PageReader(render(made()))
    levels = [int(e.tag[1]) for e in page.elements if re.fullmatch(r"h\d", e.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))


@pytest.mark.parametrize("made", [_scores, lambda: made_up([pupil(1), pupil(2, school_id="2", tier="watch")], [unscored(1)])])
def test_every_table_has_a_caption_and_every_heading_cell_a_scope(made: Callable[[], Scores]) -> None:
    page = PageReader(render(made()))
    assert len(page.all("table")) == len(page.all("caption")) >= 4
    assert {e.attributes.get("scope") for e in page.all("th")} <= {"col", "row", "colgroup", "rowgroup"}
    assert page.all("html")[0].attributes["lang"] == "en-GB"
    assert page.texts("title") == ["Pupils to talk to first, 14 February 2026"]
    assert page.texts("a", "skip") == ["Skip to the list"]


def test_every_control_has_words() -> None:
    page = PageReader(_hostile("plain"))
    for e in page.elements:
        if e.tag in ("input", "select"):
            assert e.parents[-1] == "label"
        if e.tag in ("button", "label", "a", "option"):
            assert e.text.strip()


def test_rows_and_heading_agree_on_the_number_of_columns() -> None:
    page = PageReader(render(made_up([pupil(1), pupil(2, reason_1="", reason_2="", protective="")], [unscored(1)])))
    assert [len(row) for row in page.rows("list")] == [9, 9]
    assert "No theme stands out." in page.rows("list")[1][4]
    assert "In the pupil's favour: nothing stands out" in page.rows("list")[1][4]
    full = PageReader(_hostile("plain"))
    for kind, columns in (("list", 9), ("since", 4), ("unscored", 3), ("groups", 5), ("terms", 9), ("themes", 3)):
        assert {len(row) for row in full.rows(kind)} == {columns}, kind


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_text_stands_out_from_its_ground() -> None:
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", render(made_up([pupil(1)]))))
    for ink in ("ink", "soft", "mark"):
        for ground in ("#ffffff", colours["tint"]):
            dark, light = sorted((_luminance(colours[ink]), _luminance(ground)))
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def test_ten_thousand_pupils_make_a_page_within_three_seconds() -> None:
    tiers = ["priority"] * 500 + ["watch"] * 1500 + ["universal"] * 8000
    scores = made_up((pupil(n, tier=tier, risk=0.3) for n, tier in enumerate(tiers)), [unscored(n) for n in range(300)])
    start = time.perf_counter()
    page = render(scores)
    assert time.perf_counter() - start < 3
    assert page.count('<th scope="row" class="who">') == 2300
    assert len(page) < 5_000_000


def test_the_public_name_is_the_function_whatever_was_imported_first() -> None:
    assert eswarn.report is report
