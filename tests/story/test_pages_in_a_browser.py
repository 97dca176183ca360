"""Pages as a browser shows and prints them: they ask for nothing, complain of nothing, and everybody can read and use them."""

from __future__ import annotations

import io
import itertools
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from playwright.sync_api import Page

import eswarn as ew
from eswarn import words
from eswarn.model.scores import Scores
from eswarn.report.page import render_sheets
from eswarn.report.pictures import SHOWN
from tests.browser import BEST_PRACTICE, WCAG, OpenPage, sheets, violations
from tests.conftest import ROOT
from tests.unit.report.made_up_scores import made_up, pupil, shown, unscored

A4_LANDSCAPE, A4_PORTRAIT = (297, 210), (210, 297)
LETTER_LANDSCAPE, LETTER_PORTRAIT = (279, 216), (216, 279)
WHOLE = '<!doctype html><html lang="en"><head><title>planted</title></head><body><main><h1>Planted</h1>{}</main></body></html>'
SELECTS = ("school", "year", "form", "tier", "reason", "change")
ORDER = ("priority", "watch")
PER_PAGE = 100
ROWS = "[...document.querySelectorAll('table.list tbody tr')]"
SEEN = f"{ROWS}.filter(row => row.getClientRects().length).map(row => row.id)"
KEPT = f"{ROWS}.filter(row => !row.classList.contains('off')).map(row => row.id)"
# A list for every option of one of the selects: the rows that are left, and what the status says.
EACH = """name => {
  const select = document.querySelector(`#tools [name=${name}]`);
  return [...select.options].map((option, place) => {
    select.selectedIndex = place;
    select.dispatchEvent(new Event("input", {bubbles: true}));
    return [KEPT, document.getElementById("state").textContent];
  });
}""".replace("KEPT", KEPT)
# axe takes ten seconds for the whole page; of what is there a hundred times it looks at some. ESWARN_LONG=1 looks at everything.
THIN = """() => {
  for (const table of document.querySelectorAll("table.list, table.since, table.unscored")) {
    [...table.tBodies[0].rows].slice(3).forEach(row => row.remove());
  }
  [...document.querySelectorAll("article")].slice(4).forEach(sheet => sheet.remove());
}"""
# When the tools can first be used, looked at every ten milliseconds from the start of the navigation.
USABLE = """
(function look() {
  const state = document.getElementById("state");
  if (state && state.textContent && document.documentElement.classList.contains("scripted")) { window.usable = performance.now(); }
  else { setTimeout(look, 10); }
})();
"""
CHANGED = """() => new Promise(done => {
  const year = document.querySelector("[name=year]"), start = performance.now();
  year.selectedIndex = 2;
  year.dispatchEvent(new Event("input", {bubbles: true}));
  requestAnimationFrame(() => setTimeout(() => done((performance.now() - start) / 1000)));
})"""


@dataclass(frozen=True)
class Run:
    """A run as it is shown: the scores, the names that somebody gave, and the pages made of them."""

    scores: Scores
    names: dict[str, str]
    folder: Path

    def page(self, name: str) -> Path:
        return self.folder / name

    @cached_property
    def listed(self) -> pd.DataFrame:
        """Who is on the list, in its order, from the scores alone: ``id`` is the row on the page, the rest what it can be narrowed by."""
        scores = self.scores
        assert scores.shown is not None
        assert scores.shown.changes is not None
        frame = scores.frame.reset_index(drop=True)
        frame["place"] = range(len(frame))
        frame["id"] = "row-" + frame["place"].astype(str)
        frame["form"] = list(scores.shown.facts.form)
        frame["year"] = [words.year_group(year) for year in frame["year_group"]]
        frame["name"] = [self.names.get(pupil, "") for pupil in frame["pupil_id"]]
        frame = frame[frame["tier"].isin(ORDER)]
        frame = frame.merge(scores.shown.changes.frame[["pupil_id", "change", "was_rank"]], on="pupil_id", how="left", validate="1:1")
        frame["order"] = frame["tier"].map(ORDER.index)
        frame = frame.sort_values(["school_id", "order", "rank", "place"], kind="stable").reset_index(drop=True)
        frame["themes"] = [self._themes(row) for row in frame.to_dict("records")]
        return frame

    def _themes(self, row: dict[Any, Any]) -> list[str]:
        """Themes of the reasons of a row, told again from values and contributions."""
        scores, names = self.scores, list(self.scores.features.columns[1:])
        values, phi = (table[names].iloc[[row["place"]]].to_numpy(float) for table in (scores.features, scores.contributions))
        raising, _ = scores.teller.top(values, phi, np.array([row["year_group"]], float), n=3)
        said = [reason.theme for reason in raising[0]]
        assert len(said) == sum(bool(row[f"reason_{n}"]) for n in (1, 2, 3))
        return said

    def where(self, **asked: str) -> pd.DataFrame:
        """Who is left when the list is narrowed."""
        rows = self.listed
        for name, value in asked.items():
            if name == "reason":
                rows = rows[[value in themes for themes in rows["themes"]]]
            elif name == "search":
                rows = rows[[value.lower() in f"{row.name} {row.pupil_id}".lower() for row in rows.itertuples()]]
            else:
                rows = rows[rows["school_id" if name == "school" else name] == value]
        return rows

    def ordered(self, key: Callable[[Any], tuple[Any, ...]]) -> list[str]:
        """Rows in an order, within each tier of each school."""
        tables = self.listed.groupby(["school_id", "order"], sort=True)
        return [row.id for _, table in tables for row in sorted(table.itertuples(), key=lambda row: (*key(row), row.place))]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A thousand pupils, scored twice, the second time compared with the first; every other pupil has a name."""
    folder = tmp_path_factory.mktemp("run")
    records, model = ew.simulate(pupils=1000, years=3, seed=11), ew.load(ROOT / "models" / "demo")
    ew.score(model, records, "2025-04-28", out=folder / "a", tracking="off")
    scores = ew.score(model, records, "2025-06-09", out=folder / "b", tracking="off", diff=folder / "a")
    letters = ["".join(some) for some in itertools.product("TESRANDOWKLM", repeat=3)]
    names = {one: f"{letters[(7 * i) % 1728].title()} Person" for i, one in enumerate(scores.frame["pupil_id"]) if i % 2}
    ew.report(scores, folder / "report.html", names=names)
    ew.report(scores, folder / "american.html", names=names, locale="en-US")
    (folder / "sheets.html").write_text(render_sheets(scores, list(scores.frame["pupil_id"][:3]), names=names), encoding="utf-8")
    return Run(scores, names, folder)


@pytest.fixture(scope="module")
def school_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of one school of forty pupils, two of them without a score, with nothing of the register."""
    rows = [pupil(rank, tier="priority" if rank < 3 else "watch" if rank < 6 else "universal") for rank in range(1, 41)]
    return ew.report(made_up(rows, [unscored(1), unscored(2)]), tmp_path_factory.mktemp("page") / "report.html")


def planted(folder: Path, body: str, *, policy: str = "") -> Path:
    """A page that is in order but for what is planted in its body."""
    page = WHOLE.format(body)
    if policy:
        page = page.replace("<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{policy}">')
    path = folder / "planted.html"
    path.write_text(page, encoding="utf-8")
    return path


def go(page: Page, fragment: str) -> None:
    """To a place on the page, as by a link."""
    page.evaluate("place => { location.hash = place }", fragment)
    page.wait_for_timeout(50)


def narrow(page: Page, **asked: str) -> None:
    """Choose and type into the tools."""
    for name, value in asked.items():
        control = page.locator(f"#tools [name={name}]")
        control.fill(value) if name == "search" else control.select_option(value)


def axe(page: Page) -> list[tuple[str, str]]:
    """What axe finds in a page of which there is less than there was."""
    page.evaluate(THIN)
    return violations(page, (*WCAG, *BEST_PRACTICE))


def kept(page: Page) -> list[str]:
    """Rows that the tools have left on the list, on whichever page of it."""
    rows: list[str] = page.evaluate(KEPT)
    return rows


def printed(page: Page) -> list[str]:
    """Rows of the list that paper shows, in order: those of every page of the list."""
    page.emulate_media(media="print")
    rows: list[str] = page.evaluate(SEEN)
    page.emulate_media(media="screen")
    return rows


def state(page: Page) -> str:
    return page.get_by_role("status").inner_text()


def text_of_pdf(page: Page, folder: Path) -> str:
    """The words of the printed page."""
    path = folder / "printed.pdf"
    page.pdf(path=path, prefer_css_page_size=True)
    return subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True, text=True).stdout


def wide(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


# --- nothing is asked for, nothing is complained of, axe finds nothing ---------------------------------------------------


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize("width", [1280, 320])
def test_the_page_asks_for_nothing_and_complains_of_nothing(
    open_page: OpenPage, run: Run, school_page: Path, width: int, javascript: bool
) -> None:
    for path in (run.page("report.html"), run.page("sheets.html"), school_page):
        seen = open_page(path, width=width, javascript=javascript)
        assert seen.page.get_by_role("heading", level=1).count() == 1
        seen.page.goto(f"{seen.page.url}#sheet-0")
        seen.settle()
        assert (seen.requests, seen.complaints) == ([], [])


@pytest.mark.parametrize(("name", "width"), [("report.html", 1280), ("report.html", 320), ("american.html", 1280)])
def test_axe_finds_nothing_wrong_with_the_list_nor_with_a_sheet(open_page: OpenPage, run: Run, name: str, width: int) -> None:
    page = open_page(run.page(name), width=width).page
    assert axe(page) == []
    narrow(page, tier="watch", search="person")
    assert 0 < len(kept(page)) < PER_PAGE
    assert axe(page) == []
    go(page, "sheet-0")
    assert page.locator("article:visible").count() == 1
    assert axe(page) == []
    go(page, "sheets")
    assert page.locator("article:visible").count() == 4
    assert axe(page) == []


@pytest.mark.parametrize("width", [1280, 320])
def test_axe_finds_nothing_wrong_with_many_sheets_nor_with_a_bare_page(
    open_page: OpenPage, run: Run, school_page: Path, width: int
) -> None:
    for path in (run.page("sheets.html"), school_page):
        assert violations(open_page(path, width=width).page, (*WCAG, *BEST_PRACTICE)) == []


@pytest.mark.long
def test_axe_finds_nothing_wrong_with_the_whole_page(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("report.html")).page
    assert violations(page, (*WCAG, *BEST_PRACTICE)) == []
    go(page, "sheets")
    assert page.locator("article:visible").count() == len(run.listed)
    assert violations(page, (*WCAG, *BEST_PRACTICE)) == []


# --- the tools: what is left is what the scores say ----------------------------------------------------------------------


def test_every_choice_leaves_the_rows_that_the_scores_say_and_the_status_says_how_many(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("report.html")).page
    everybody = len(run.listed)
    assert everybody > PER_PAGE
    tried = 0
    for name in SELECTS:
        values = page.eval_on_selector_all(f"#tools [name={name}] option", "options => options.map(option => option.value)")
        column = "school_id" if name == "school" else name
        told = {theme for themes in run.listed["themes"] for theme in themes} if name == "reason" else {*run.listed[column]} - {""}
        assert {*values} == {"", *told}, name
        for value, (rows, said) in zip(values, page.evaluate(EACH, name), strict=True):
            left = (run.where(**{name: value}) if value else run.listed)["id"].tolist()
            assert rows == left, (name, value)
            assert said.startswith(f"{len(left)} of {everybody} pupils shown")
            tried += 1
        narrow(page, **{name: values[-1]})
        assert printed(page) == left
        narrow(page, **{name: ""})
    assert tried > 40
    assert printed(page) == run.listed["id"].tolist()


def test_the_search_finds_names_and_pseudonyms_and_nothing_else_of_a_row(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("report.html")).page
    some = run.listed.iloc[3]
    named = run.listed[run.listed["name"] != ""].iloc[0]
    for search in (some["pupil_id"], named["name"].upper(), "p00000", " person "):
        narrow(page, search=search)
        assert kept(page) == run.where(search=search.strip())["id"].tolist() != [], search
    for search in ("Pupil sheet", "year 1", "form", "missed", "<b>"):
        narrow(page, search=search)
        assert kept(page) == []
        assert state(page) == f"0 of {len(run.listed)} pupils shown"
        assert page.locator("table.list:visible, section.school:visible").count() == 0


def test_choices_work_together_and_show_all_takes_them_back(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("report.html")).page
    most = run.listed[[bool(themes) for themes in run.listed["themes"]]].iloc[-1]
    asked = {"school": most["school_id"], "tier": most["tier"], "reason": most["themes"][0], "change": most["change"], "year": most["year"]}
    for n in range(1, len(asked) + 1):
        some = dict(list(asked.items())[:n])
        narrow(page, **some)
        assert kept(page) == run.where(**some)["id"].tolist()
    assert most["id"] in kept(page)
    narrow(page, sort="name")
    page.get_by_role("button", name="Show all").click()
    page.wait_for_timeout(50)
    assert kept(page) == run.listed["id"].tolist()
    assert [page.locator(f"#tools [name={name}]").input_value() for name in (*SELECTS, "search", "sort")] == [""] * 7 + ["rank"]


def test_every_order_is_that_of_the_scores_within_each_tier(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("report.html")).page
    orders: dict[str, Callable[[Any], tuple[Any, ...]]] = {
        "name": lambda row: (f"{row.name} {row.pupil_id}".strip().lower(),),
        "year": lambda row: (999 if row.year_group != row.year_group else row.year_group, row.form),
        "moved": lambda row: (-1e9 if row.was_rank != row.was_rank else row.rank - row.was_rank,),
        "rank": lambda row: (row.rank,),
    }
    for name, key in orders.items():
        narrow(page, sort=name)
        assert kept(page) == run.ordered(key), name
    assert kept(page) == run.listed["id"].tolist()


def test_a_long_list_comes_in_pages_and_is_printed_whole(open_page: OpenPage, run: Run, tmp_path: Path) -> None:
    page = open_page(run.page("report.html")).page
    everybody = run.listed["id"].tolist()
    before, after = (page.get_by_role("button", name=name) for name in ("Previous page", "Next page"))
    assert page.evaluate(SEEN) == everybody[:PER_PAGE]
    assert (before.is_disabled(), after.is_disabled()) == (True, False)
    assert page.inner_text("#pager span") == "page 1 of 2"
    after.click()
    assert page.evaluate(SEEN) == everybody[PER_PAGE:]
    assert state(page) == f"{len(everybody)} of {len(everybody)} pupils shown, page 2 of 2"
    assert (before.is_disabled(), after.is_disabled()) == (False, True)
    first = page.locator(f"#{everybody[PER_PAGE]} a")
    assert page.evaluate("document.activeElement.getAttribute('href')") == first.get_attribute("href")
    assert printed(page) == everybody
    before.click()
    assert page.evaluate(SEEN) == everybody[:PER_PAGE]
    narrow(page, tier="priority")
    assert not page.locator("#pager").is_visible()


def test_the_paper_names_everybody_who_is_shown_and_nobody_else(open_page: OpenPage, run: Run, tmp_path: Path) -> None:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not on this machine; test_a_long_list_comes_in_pages_and_is_printed_whole looks without it")
    page = open_page(run.page("report.html")).page
    everybody = {*run.scores.frame["pupil_id"]}
    said = text_of_pdf(page, tmp_path)
    assert [one for one in run.listed["pupil_id"] if one not in said] == []
    narrow(page, year="Year 10", reason="absence")
    said = text_of_pdf(page, tmp_path)
    assert {one for one in everybody if one in said} == {*run.where(year="Year 10", reason="absence")["pupil_id"]} != set()
    assert "pupils shown" in said
    assert "Year group" in said, "what was asked for stands above the list"


# --- by keyboard alone ---------------------------------------------------------------------------------------------------

FOCUSED = """(() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  return {tag: one.tagName, name: one.name || one.getAttribute("href") || one.textContent.trim(), outline: parseFloat(style.outlineWidth),
    style: style.outlineStyle, there: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0};
})()"""


def test_everything_can_be_reached_and_used_by_keyboard_and_shows_where_one_is(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("report.html")).page
    page.keyboard.press("Tab")
    first = page.evaluate(FOCUSED)
    assert first["name"] == "#list"
    reached = [first]
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert [one for one in reached if one["style"] == "none" or one["outline"] < 1 or not one["there"]] == []
    controls = [one["name"] for one in reached]
    named = [name for name in (*SELECTS, "search", "sort") if name in controls]
    assert named == [*SELECTS, "search", "sort"]
    assert [name for name in ("Show all", "Print the list", "#since", "#sheets", "#how") if name not in controls] == []
    assert sum(name.startswith("#sheet-") for name in controls) > 10


def test_the_skip_link_leads_to_the_list_and_arrow_keys_narrow_it(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("report.html")).page
    page.keyboard.press("Tab")
    assert page.locator("a.skip").evaluate("link => link.getBoundingClientRect().top >= 0")
    page.keyboard.press("Enter")
    assert page.locator("h2#list").evaluate("head => Math.abs(head.getBoundingClientRect().top) < innerHeight / 2")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)["name"] == "school"
    page.keyboard.press("ArrowDown")
    school = page.locator("#tools [name=school]").input_value()
    assert school
    assert printed(page) == run.where(school=school)["id"].tolist()


def test_a_sheet_opens_with_enter_and_leads_back_to_its_row(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("report.html")).page
    for row in (run.listed.iloc[2], run.listed.iloc[PER_PAGE + 20]):  # the second is on another page than the first
        one = row["id"].removeprefix("row-")
        while not page.locator(f"#{row['id']}").is_visible():
            page.get_by_role("button", name="Next page").press("Enter")
        page.locator(f"#{row['id']} a").focus()
        page.keyboard.press("Enter")
        page.wait_for_timeout(50)
        assert page.locator("article:visible").get_attribute("id") == f"sheet-{one}"
        assert (row["name"] or row["pupil_id"]) in page.locator("article:visible").inner_text()
        assert not page.locator("#tools").is_visible()
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUSED)["name"] == f"#{row['id']}"
        page.keyboard.press("Enter")
        page.wait_for_timeout(50)
        assert page.locator("article:visible").count() == 0
        assert page.evaluate(FOCUSED) | {"name": f"#sheet-{one}", "there": True} == page.evaluate(FOCUSED)


def test_a_link_to_a_row_shows_it_whatever_the_list_was_narrowed_to(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("report.html")).page
    narrow(page, tier="priority")
    far = run.listed[run.listed["tier"] == "watch"].iloc[-1]["id"]
    go(page, far)
    assert page.locator(f"#{far}").is_visible()
    assert printed(page) == run.listed["id"].tolist()


def test_nothing_moves_on_the_page(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("report.html"), reduced_motion=True).page
    moving = "[...document.querySelectorAll('*')].map(one => getComputedStyle(one)).filter(s => s.transitionDuration !== '0s' || "
    assert page.evaluate(f"{moving}s.animationName !== 'none' || s.scrollBehavior !== 'auto').length") == 0


# --- paper ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "landscape", "portrait"),
    [("report.html", A4_LANDSCAPE, A4_PORTRAIT), ("american.html", LETTER_LANDSCAPE, LETTER_PORTRAIT)],
)
def test_the_list_prints_across_and_every_sheet_on_one_page(
    open_page: OpenPage, run: Run, name: str, landscape: tuple[int, int], portrait: tuple[int, int]
) -> None:
    page = open_page(run.page(name)).page
    pages = sheets(page)
    assert {*pages} == {landscape}
    assert len(pages) < len(run.listed) / 2
    go(page, "sheet-0")
    assert sheets(page) == [portrait]
    go(page, "sheets")
    assert sheets(page) == [portrait] * len(run.listed)


def test_sheets_asked_for_print_on_one_page_each_and_a_bare_list_too(open_page: OpenPage, run: Run, school_page: Path) -> None:
    assert sheets(open_page(run.page("sheets.html")).page) == [A4_PORTRAIT] * 3
    bare = sheets(open_page(school_page).page)
    assert len(bare) > 1
    assert {*bare} == {A4_LANDSCAPE}


def test_columns_to_write_in_are_on_paper_only_and_tools_on_the_screen_only(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("report.html")).page
    blanks = [page.get_by_role("columnheader", name=name).first for name in ("What we know", "Action", "Owner", "Review by")]
    cells = page.locator(f"#{run.listed.iloc[0]['id']} > td:empty")
    assert [blank.is_visible() for blank in (*blanks, cells.last)] == [False] * 5
    assert page.locator("#tools").is_visible()
    page.emulate_media(media="print")
    assert [blank.is_visible() for blank in blanks] == [True] * 4
    assert cells.count() == 4
    assert all(cell["width"] > 40 for cell in (cells.nth(n).bounding_box() for n in range(4)) if cell)
    assert [page.locator(some).first.is_visible() for some in ("#tools", "nav", ".who a", ".prints", "#pager")] == [False] * 5


def test_what_the_list_was_narrowed_to_is_printed_above_it_and_no_table_of_everybody(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("report.html")).page
    whole = page.locator("section.whole")
    assert whole.count() == 3
    page.emulate_media(media="print")
    assert [whole.nth(n).is_visible() for n in range(3)] == [True] * 3
    page.emulate_media(media="screen")
    narrow(page, year="Year 9")
    page.emulate_media(media="print")
    assert [whole.nth(n).is_visible() for n in range(3)] == [False] * 3
    assert [page.locator(f"#tools [name={name}]").is_visible() for name in ("year", "form", "search")] == [True, False, False]
    assert page.locator("#state").is_visible()


# --- narrow screens, black and white, no scripts -------------------------------------------------------------------------


@pytest.mark.parametrize("width", [320, 360, 640, 1280])
def test_no_screen_is_too_narrow(open_page: OpenPage, run: Run, width: int) -> None:
    page = open_page(run.page("report.html"), width=width).page
    assert wide(page) <= width
    beyond = "width => [...document.querySelectorAll('main *')].filter(one => one.getBoundingClientRect().right > width + 1 && " + (
        "one.getClientRects().length && !one.closest('.hidden, svg')).length"
    )
    small = f"{ROWS}.filter(row => row.getClientRects().length).flatMap(row => [...row.querySelectorAll('*')])" + (
        ".filter(one => one.tagName !== 'svg' && parseFloat(getComputedStyle(one).fontSize) < 12).length"
    )
    for place in ("", "sheet-0", "list"):
        go(page, place)
        assert wide(page) <= width, place
        assert page.evaluate(beyond, width) == 0, place
        assert page.evaluate(small) == 0
    sheet = open_page(run.page("sheets.html"), width=width).page
    assert wide(sheet) <= width


def test_kinds_of_sessions_differ_in_black_and_white(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("sheets.html"), device_scale_factor=2).page
    page.add_style_tag(content="html { filter: grayscale(1) } .key svg { width: 40px !important; height: 40px !important }")
    boxes = page.locator("article").first.locator(".key svg")
    assert boxes.count() == len(SHOWN) == 7
    drawn = [imread(io.BytesIO(boxes.nth(n).screenshot()), format="png")[..., 0] for n in range(7)]
    size = min(picture.shape for picture in drawn)
    dark = [picture[: size[0], : size[1]] < 0.75 for picture in drawn]
    assert all(picture.mean() > 0.01 for picture in dark)
    apart = {pair: float((dark[pair[0]] ^ dark[pair[1]]).mean()) for pair in itertools.combinations(range(7), 2)}
    assert min(apart.values()) > 0.08, apart
    used = "[...document.querySelectorAll('.terms .strip path')].map(path => path.getAttribute('class'))"
    keys = "[...document.querySelectorAll('symbol path')].map(path => path.getAttribute('class'))"
    assert {*page.evaluate(used)} <= {*page.evaluate(keys)}
    assert len({*page.evaluate(keys)}) == 7


def test_bars_of_themes_say_their_way_in_words_and_by_form(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("report.html")).page
    go(page, "sheets")
    told = page.eval_on_selector_all(".themes i", "bars => bars.map(bar => [bar.className, bar.parentNode.textContent])")
    assert {way for way, _ in told} == {"raises", "lowers"}
    assert all(("higher" in said) == (way == "raises") and ("lower" in said) == (way == "lowers") for way, said in told)
    assert "repeating" in page.locator(".themes i.lowers").first.evaluate("bar => getComputedStyle(bar).backgroundImage")
    assert page.locator(".themes i.raises").first.evaluate("bar => getComputedStyle(bar).backgroundImage") == "none"


def test_without_scripts_everything_is_there(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("report.html"), javascript=False).page
    row = page.locator("table.list tbody tr")
    assert row.count() == len(run.listed)
    assert all(one.is_visible() for one in row.all())
    assert [page.locator(some).first.is_visible() for some in ("#tools", "#pager", ".prints")] == [False] * 3
    for place in ("since", "unscored", "groups", "how"):
        assert page.locator(f"h2#{place}").is_visible()
    row.nth(5).get_by_role("link").click()
    one = run.listed.iloc[5]
    assert page.locator("article:visible").get_attribute("id") == one["id"].replace("row", "sheet")
    assert page.locator("article:visible").count() == 1
    page.get_by_role("link", name="Back to the list").click()
    assert row.nth(5).is_visible()
    page.get_by_role("link", name="show all of them").click()
    assert page.locator("article:visible").count() == len(run.listed)


def test_the_facts_of_a_row_and_of_its_sheet_are_those_of_the_scores(open_page: OpenPage, run: Run) -> None:
    page = open_page(run.page("report.html")).page
    for row in run.listed.iloc[[0, 9, 60]].to_dict("records"):
        said = page.locator(f"#{row['id']}").inner_text()
        assert words.chance(row["risk"]) in said
        assert f"{row['year']}, form {row['form']}" in said
        assert all(row[f"reason_{n}"].lower() in " ".join(said.lower().replace("\u00a0", " ").split()) for n in (1, 2, 3))
        sheet = page.locator(f"#{row['id'].replace('row', 'sheet')}").text_content() or ""
        assert f"Year {row['year_group']:.0f}, form {row['form']}" in sheet


# --- what records and names may hold -------------------------------------------------------------------------------------

BAD = "window.hit=1"
HOSTILE = (
    f"<script>{BAD}</script>", f"</script><script>{BAD}</script>", f"</style><script>{BAD}</script>", f"<img src=x onerror={BAD}>",
    f'"><svg onload={BAD}>', f"' onmouseover='{BAD}", f'" autofocus onfocus="{BAD}', f"javascript:{BAD}",
    f"<a href=javascript:{BAD}>x</a>", f"</td></tr></table><script>{BAD}</script>", "<!--", "--><!doctype html>", "]]><![CDATA[",
    "&lt;b&gt; &amp; &#60; &nbsp;", "{{ 7 * 7 }} {% raw %} {# #}", "{0} {day} {shown} %s ${7}", "<base href=//example.org>",
    "<iframe srcdoc='<script>parent.hit=1</script>'>", "<link rel=stylesheet href=https://example.org/x.css>", "=HYPERLINK(1)", "+1",
    "<style>@import url(//example.org)</style>", "@SUM(1)", "\u202eevil\u202c", "\u2066x\u2069 \u2069", "\u200f\u200e",
    "الاسم الكامل", "שם מלא", "Zoë Ní Dhónaill-O\u2019Brien \U0001f600 名前", "z\u0335a\u0336l\u0337", "x" * 3000, "a|b|c", "a\\b\\'c",
    "line\u2028separator", "two  spaces", "<template><p>", "<details open ontoggle=window.hit=1>", "<math><mi//xlink:href>",
    "<form action=https://example.org><button>", "<meta http-equiv=refresh content=0;url=https://example.org>", "constructor", "__proto__",
)  # fmt: skip


@pytest.mark.parametrize("javascript", [True, False])
def test_whatever_names_and_records_hold_is_shown_as_it_is_and_runs_nothing(open_page: OpenPage, tmp_path: Path, javascript: bool) -> None:
    rows = [
        pupil(
            i + 1, pupil_id=f"{text} {i}", school_id=text if i % 2 else "100001", reason_1=text, protective=text, data_note=text, risk=0.2
        )
        for i, text in enumerate(HOSTILE)
    ]
    absent = [unscored(1, pupil_id=text + " not", reason=text, what_would_mend_it=text) for text in HOSTILE]
    scores = made_up(rows, absent, shown=shown(rows, form=HOSTILE, category=HOSTILE))
    path = ew.report(scores, tmp_path / "hostile.html", names={f"{text} {i}": text for i, text in enumerate(HOSTILE)})
    seen = open_page(path, javascript=javascript)
    page, dialogs = seen.page, []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    told = page.eval_on_selector_all("table.list tbody tr", "rows => rows.map(row => row.querySelector('b bdi').textContent)")
    assert sorted(told) == sorted(HOSTILE)
    reasons = page.eval_on_selector_all("table.list ol", "lists => lists.map(list => list.children[0].textContent)")
    assert sorted(reasons) == sorted(HOSTILE)
    if javascript:
        for text in HOSTILE:
            narrow(page, form=text)
            assert page.locator(".list tbody tr:not(.off) > .who > b > bdi").all_text_contents() == [text]
            narrow(page, form="", search=text)
            assert text in page.locator(".list tbody tr:not(.off) > .who > b > bdi").all_text_contents()
            narrow(page, search="")
        narrow(page, sort="name")
        go(page, "sheets")
        page.locator("article b, article bdi").first.hover()
        assert wide(page) <= 1280
    assert page.evaluate("window.hit") is None
    assert dialogs == []
    seen.settle()
    assert (seen.requests, seen.complaints) == ([], [])


# --- how long it takes, how large it is ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bounds:
    """What a page may take."""

    megabytes: float
    build: float
    usable: float
    choice: float


def within(scores: Scores, names: dict[str, str], open_page: OpenPage, folder: Path, bounds: Bounds) -> None:
    started = time.perf_counter()
    path = ew.report(scores, folder / "timed.html", names=names)
    build = time.perf_counter() - started
    seen = open_page(planted(folder, ""))
    seen.page.add_init_script(USABLE)
    seen.page.goto(path.resolve().as_uri())
    seen.page.wait_for_function("window.usable")
    usable = float(seen.page.evaluate("window.usable")) / 1000
    choice = float(seen.page.evaluate(CHANGED))
    assert seen.requests == [path.resolve().as_uri()], "the fixture counts every page but the first as a request"
    seen.requests.clear()
    took = (path.stat().st_size / 1e6, build, usable, choice)
    assert (took[0] < bounds.megabytes, build < bounds.build, usable < bounds.usable, choice < bounds.choice) == (True,) * 4, took


def test_the_page_of_a_thousand_pupils_is_small_and_fast(open_page: OpenPage, run: Run, tmp_path: Path) -> None:
    within(run.scores, run.names, open_page, tmp_path, Bounds(megabytes=2, build=3, usable=1, choice=0.5))


def test_the_page_of_ten_thousand_pupils_can_be_used(open_page: OpenPage, tmp_path: Path) -> None:
    records = ew.simulate(pupils=10_000, years=2, seed=11)
    scores = ew.score(ew.load(ROOT / "models" / "demo"), records, "2024-06-10", out=tmp_path / "run", tracking="off")
    assert (scores.frame["tier"] != "universal").sum() > 1000
    within(scores, {}, open_page, tmp_path, Bounds(megabytes=25, build=20, usable=3, choice=1))


# --- what the fixtures must notice -----------------------------------------------------------------------------------


def test_a_planted_page_in_order_is_the_control(open_page: OpenPage, tmp_path: Path) -> None:
    seen = open_page(planted(tmp_path, "<p>All is well.</p><script>console.log('all is well')</script>"))
    assert (violations(seen.page), violations(seen.page, BEST_PRACTICE)) == ([], [])
    seen.page.goto(f"{seen.page.url}#below")
    seen.page.reload()


@pytest.mark.parametrize("policy", ["", "default-src 'none'; img-src data:"])
def test_axe_catches_what_is_planted_under_a_policy_too(open_page: OpenPage, tmp_path: Path, policy: str) -> None:
    image = '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'
    seen = open_page(planted(tmp_path, image + "<h4>Too deep</h4>", policy=policy))
    assert violations(seen.page) == [("image-alt", "img")]
    assert violations(seen.page, BEST_PRACTICE) == [("heading-order", "h4")]


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ('<img src="other.png" alt="">', "other.png"),
        ('<iframe src="other.html" title="other"></iframe>', "other.html"),
        ('<img src="http://127.0.0.1:9/a.png" alt="">', "http://127.0.0.1:9/a.png"),
        ('<link rel="stylesheet" href="https://example.org/a.css">', "https://example.org/a.css"),
        ("<script>fetch('https://example.org/told').catch(() => null)</script>", "https://example.org/told"),
        ("<script>new WebSocket('ws://127.0.0.1:9/told')</script>", "ws://127.0.0.1:9/told"),
        ("<script>setTimeout(() => { location = 'other.html' }, 20)</script>", "other.html"),
    ],
)  # fmt: skip
def test_a_page_that_asks_for_something_is_caught(open_page: OpenPage, tmp_path: Path, body: str, asked: str) -> None:
    (tmp_path / "other.html").write_text(WHOLE.format("<p>Another page.</p>"), encoding="utf-8")
    seen = open_page(planted(tmp_path, body))
    assert [request for request in seen.requests if request.endswith(asked)]
    assert len(seen.requests) == 1
    seen.requests.clear()
    seen.complaints.clear()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("console.error('planted')", "planted"), ("console.warn('planted')", "planted"),
        ("throw new Error('planted')", "planted"), ("Promise.reject(new Error('planted'))", "planted"),
    ],
)  # fmt: skip
def test_a_page_that_complains_is_caught(open_page: OpenPage, tmp_path: Path, script: str, said: str) -> None:
    seen = open_page(planted(tmp_path, f"<script>{script}</script>"))
    assert [said in complaint for complaint in seen.complaints] == [True]
    seen.complaints.clear()


def test_what_a_policy_forbids_is_caught_as_a_complaint(open_page: OpenPage, tmp_path: Path) -> None:
    seen = open_page(planted(tmp_path, '<img src="http://127.0.0.1:9/a.png" alt="">', policy="default-src 'none'"))
    assert len(seen.complaints) == 1
    assert "Content Security Policy" in seen.complaints[0]
    seen.complaints.clear()
    seen.requests.clear()


def test_a_complaint_that_nobody_looked_at_fails_the_test_and_asyncio_is_free_again(
    open_page: OpenPage, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeconftest("from tests.browser import browser, open_page")
    page = WHOLE.format("<script>console.error('planted')</script>")
    opens = f"def test_opens(open_page, tmp_path):\n    (tmp_path / 'a.html').write_text({page!r})\n    open_page(tmp_path / 'a.html')\n"
    pytester.makepyfile(test_1=opens, test_2="import asyncio\ndef test_later():\n    asyncio.run(asyncio.sleep(0))\n")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error").assert_outcomes(passed=2, errors=1)


def test_without_javascript_no_script_of_the_page_runs(open_page: OpenPage, tmp_path: Path) -> None:
    body = "<p>before</p><script>document.querySelector('p').textContent = 'after'</script>"
    assert open_page(planted(tmp_path, body)).page.inner_text("p") == "after"
    assert open_page(planted(tmp_path, body), javascript=False).page.inner_text("p") == "before"


def test_a_narrow_screen_and_less_motion_are_what_the_page_is_told(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(planted(tmp_path, ""), width=320, height=600, reduced_motion=True).page
    assert page.evaluate("[innerWidth, innerHeight, matchMedia('(prefers-reduced-motion: reduce)').matches]") == [320, 600, True]


def test_a_sheet_is_as_large_as_the_style_asks_for(open_page: OpenPage, tmp_path: Path) -> None:
    two = "<style>@page { size: A5 } p + p { break-before: page }</style><p>one</p><p>two</p>"
    assert sheets(open_page(planted(tmp_path, two)).page) == [(148, 210)] * 2
