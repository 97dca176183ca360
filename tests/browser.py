"""A browser for tests: opens pages from disk in the machine's own Chromium, and hears all that they ask for and complain of.

``seen = open_page(path)`` gives ``seen.page``, a page of Playwright. A page that asks for anything but itself, or complains on
its console, fails the test that opened it; a test that wants to see this clears ``seen.requests`` or ``seen.complaints``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Error, Page, Request, sync_playwright

from dev import find_browser

FLAGS = [  # Debian's Chromium as root, and nothing that it would look for on the network by itself
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND",
]  # fmt: skip
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
BEST_PRACTICE = ("best-practice",)
PATIENCE = 10_000  # milliseconds for anything that a test waits for
POINT = 25.4 / 72  # millimetres

OpenPage = Callable[..., "Opened"]


@dataclass(frozen=True)
class Opened:
    """A page that was opened, what it has asked for but itself, and what it has complained of, on its console or by an error."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Let what is under way arrive: events are heard only while Playwright is at work."""
        self.page.wait_for_timeout(60)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's Chromium. For one module only: while Playwright is at work, nobody else in the process may use asyncio."""
    path = find_browser()
    named = os.environ.get("ESWARN_BROWSER", "off") != "off"
    if not path and named:
        pytest.fail(f"ESWARN_BROWSER names {os.environ['ESWARN_BROWSER']}, which is not a program")
    if not path:
        pytest.skip("no Chromium on this machine: make test installs it where it may; or let ESWARN_BROWSER name one")
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        except Error as error:
            if named:
                raise
            pytest.skip(f"{path} is there but does not start ({str(error).splitlines()[0]}); let ESWARN_BROWSER name another")
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open a page from disk as somebody in Britain would, with no network; see `Opened`. More goes to Playwright's ``new_context``."""
    everything: list[Opened] = []

    def opens(
        path: Path | str, *, javascript: bool = True, width: int = 1280, height: int = 900, reduced_motion: bool = False, **more: Any
    ) -> Opened:
        options = {"offline": True, "locale": "en-GB", "timezone_id": "Europe/London", **more}
        context = browser.new_context(
            java_script_enabled=javascript, viewport={"width": width, "height": height},
            reduced_motion="reduce" if reduced_motion else "no-preference", **options,
        )  # fmt: skip
        context.set_default_timeout(PATIENCE)
        address = Path(path).resolve().as_uri()
        seen = Opened(context.new_page())
        everything.append(seen)

        def asked(request: Request) -> None:
            itself = request.is_navigation_request() and request.frame == seen.page.main_frame and request.url.split("#")[0] == address
            if not itself:
                seen.requests.append(request.url)

        context.on("request", asked)
        seen.page.on("websocket", lambda socket: seen.requests.append(socket.url))
        context.on("console", lambda said: seen.complaints.append(said.text) if said.type in ("error", "warning") else None)
        context.on("weberror", lambda error: seen.complaints.append(str(error.error)))
        seen.page.goto(address)
        seen.settle()
        return seen

    yield opens
    for seen in everything:
        if not seen.page.is_closed():
            seen.settle()
        seen.page.context.close()
    assert [(seen.requests, seen.complaints) for seen in everything if seen.requests or seen.complaints] == []


def violations(page: Page, tags: tuple[str, ...] = WCAG) -> list[tuple[str, str]]:
    """What axe-core finds wrong with a page as it stands: rule and element, in order. The page must have been opened with JavaScript.

    Playwright hands axe to the page past its Content-Security-Policy, so that what is looked at is the page with its policy.
    """
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text(encoding="utf-8"))
    ran = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", list(tags))
    assert ran["passes"], "axe looked at nothing"
    return sorted((rule["id"], " ".join(map(str, node["target"]))) for rule in ran["violations"] for node in rule["nodes"])


def sheets(page: Page) -> list[tuple[int, int]]:
    """Width and height in millimetres of every sheet the page would be printed on, as its own style asks for."""
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    boxes = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    return [(round(float(width) * POINT), round(float(height) * POINT)) for width, height in boxes]
