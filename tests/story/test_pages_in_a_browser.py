"""Pages as a browser shows and prints them: they ask for nothing, complain of nothing, and everybody can read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from eswarn.report.page import report
from tests.browser import BEST_PRACTICE, OpenPage, sheets, violations
from tests.conftest import ROOT
from tests.unit.report.made_up_scores import made_up, pupil, unscored

A4_LANDSCAPE = (297, 210)
WHOLE = '<!doctype html><html lang="en"><head><title>planted</title></head><body><main><h1>Planted</h1>{}</main></body></html>'


@pytest.fixture(scope="module")
def school_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of one school of forty pupils, two of them without a score."""
    rows = [pupil(rank, tier="priority" if rank < 3 else "watch" if rank < 6 else "universal") for rank in range(1, 41)]
    return report(made_up(rows, [unscored(1), unscored(2)]), tmp_path_factory.mktemp("page") / "report.html")


def planted(folder: Path, body: str, *, policy: str = "") -> Path:
    """A page that is in order but for what is planted in its body."""
    page = WHOLE.format(body)
    if policy:
        page = page.replace("<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{policy}">')
    path = folder / "planted.html"
    path.write_text(page, encoding="utf-8")
    return path


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize("width", [1280, 320])
def test_the_page_asks_for_nothing_and_complains_of_nothing(open_page: OpenPage, school_page: Path, width: int, javascript: bool) -> None:
    seen = open_page(school_page, width=width, javascript=javascript)
    assert seen.page.get_by_role("heading", level=1).count() == 1
    assert (seen.requests, seen.complaints) == ([], [])


@pytest.mark.parametrize("width", [1280, 320])
def test_axe_finds_nothing_wrong_with_the_page(open_page: OpenPage, school_page: Path, width: int) -> None:
    page = open_page(school_page, width=width).page
    assert violations(page) == []
    assert violations(page, BEST_PRACTICE) == []


def test_the_page_prints_on_a4_landscape(open_page: OpenPage, school_page: Path) -> None:
    printed = sheets(open_page(school_page).page)
    assert len(printed) > 1
    assert set(printed) == {A4_LANDSCAPE}


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
