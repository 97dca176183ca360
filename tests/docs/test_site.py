"""The pages are a site: it builds strictly, holds every page, and loads nothing from elsewhere; a broken link stops it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

DOCS = ROOT / "docs"
ELSEWHERE = re.compile(r"\s*(?:https?:)?//", flags=re.IGNORECASE)
IN_STYLES = re.compile(r"(?:url\(|@import)\s*['\"]?\s*((?:https?:)?//[^'\")\s]+)", flags=re.IGNORECASE)
FETCHED = {"src", "srcset", "href", "data", "poster"}


def build(config: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """Strictly; never with --quiet, under which mkdocs 1.6 no longer counts warnings."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(config), "--site-dir", str(out)]
    return subprocess.run(command, cwd=config.parent, capture_output=True, text=True, check=False)


class Fetched(HTMLParser):
    """What a page makes a browser fetch: the addresses of every tag but plain links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            self.found += [value for name, value in attrs if name in FETCHED and value]


def from_elsewhere(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    fetched = [address for address in Fetched(text).found if ELSEWHERE.match(address)] if path.suffix == ".html" else []
    return fetched + IN_STYLES.findall(text)


def nav_pages(entry: Any) -> Iterator[str]:
    """The files named in a nav, patterns spelt out."""
    if isinstance(entry, str):
        yield from (path.relative_to(DOCS).as_posix() for path in DOCS.glob(entry)) if "*" in entry else [entry]
    else:
        for inner in entry.values() if isinstance(entry, dict) else entry:
            yield from nav_pages(inner)


NAV = list(nav_pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_the_site_holds_a_page_for_each_entry_of_its_nav(site: Path) -> None:
    pages = [re.sub(r"(README|index)$", "index", entry.removesuffix(".md")) + ".html" for entry in NAV]
    assert [page for page in pages if not (site / page).is_file()] == []


def test_every_page_is_in_the_nav_once() -> None:
    written = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    assert sorted(page for page in NAV if not page.startswith("repository/")) == sorted(written)


def test_no_page_or_style_of_the_site_loads_anything_from_elsewhere(site: Path) -> None:
    looked_at = [path for path in site.rglob("*") if path.suffix in {".html", ".css"}]
    assert len(looked_at) > len(NAV)
    assert {path.name: found for path in looked_at if (found := from_elsewhere(path))} == {}


def test_every_link_of_the_site_leads_to_a_file_of_the_site(site: Path) -> None:
    lost = []
    for page in site.rglob("*.html"):
        for link in re.findall(r'<a [^>]*?href="([^"#?]+)', page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", link) and page.name != "404.html" and not (page.parent / link).exists():
                lost.append(f"{page.relative_to(site)}: {link}")
    assert lost == []


def test_scripts_and_sources_of_the_documentation_are_not_in_the_site(site: Path) -> None:
    assert [path.name for path in site.rglob("*.py")] == []
    assert (site / "repository" / "eswarn" / "pipeline.py.txt").is_file()


def planted(tmp_path: Path, text: str, *, nav: list[Any] | None = None) -> subprocess.CompletedProcess[str]:
    """Build a small site of one page under the settings of ours."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# Home\n\n## Here\n\n{text}\n", encoding="utf-8")
    (tmp_path / "module.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "GUIDE.md").write_text("# Guide\n\n## Part\n\n[home](docs/index.md#here) [module](module.py)\n", encoding="utf-8")
    settings = {
        "INHERIT": str(ROOT / "mkdocs.yml"), "docs_dir": "docs", "nav": nav or [{"Home": "index.md"}], "extra_css": [],
        "hooks": [str(DOCS / "hooks.py")],
    }  # fmt: skip
    (tmp_path / "mkdocs.yml").write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML, too
    return build(tmp_path / "mkdocs.yml", tmp_path / "out")


def test_a_link_to_a_file_outside_docs_is_kept_and_leads_to_a_copy(tmp_path: Path) -> None:
    nav = [{"Home": "index.md"}, {"Guide": "repository/GUIDE.md"}]
    done = planted(tmp_path, "[here](#here) [module](../module.py) [guide](../GUIDE.md#part)", nav=nav)
    assert done.returncode == 0, done.stderr
    home = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert 'href="repository/module.py.txt"' in home
    assert 'href="repository/GUIDE.html#part"' in home
    assert 'href="../index.html#here"' in (tmp_path / "out" / "repository" / "GUIDE.html").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "repository" / "module.py.txt").read_text(encoding="utf-8") == "x = 1\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[lost](lost.md)", "lost.md"),
        ("[lost](../lost.py)", "../lost.py"),
        ("[out](../../../../../../../../../../../../etc/hostname)", "etc/hostname"),
        ("[lost](#no-such-part)", "no-such-part"),
        ("[lost](index.md#no-such-part)", "no-such-part"),
        ("[folder](lost/)", "lost/"),
        ("[guide, in no nav](../GUIDE.md)", "GUIDE.md"),
    ],
)
def test_a_broken_link_or_a_page_in_no_nav_stops_the_site(tmp_path: Path, text: str, told: str) -> None:
    done = planted(tmp_path, text)
    assert done.returncode != 0
    assert told in done.stderr


def test_what_is_loaded_from_elsewhere_would_be_seen(tmp_path: Path) -> None:
    page, style = tmp_path / "page.html", tmp_path / "style.css"
    page.write_text('<a href="https://a.example">fine</a><img src="b.png"><script src="//c.example/d.js"></script>', encoding="utf-8")
    style.write_text(
        "@import 'https://e.example/f.css'; a { background: url(g.png) } b { background: url(//h.example/i) }", encoding="utf-8"
    )
    assert from_elsewhere(page) == ["//c.example/d.js"]
    assert from_elsewhere(style) == ["https://e.example/f.css", "//h.example/i"]
