"""Takes the two pictures of the README anew: the list and the sheet of one pupil, from simulated pupils and models/demo.

python docs/pictures.py        needs Chromium, as the tests of pages do
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import eswarn as ew  # noqa: E402
from dev import find_browser  # noqa: E402

DAYS, SEED, WIDTH, HIGH = ("2025-04-28", "2025-06-09"), 11, 1120, 1180


def main() -> int:
    """Take both pictures; 1 where there is no browser."""
    path = find_browser()
    if not path:
        print("no Chromium on this machine", file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    records, model = ew.simulate(pupils=1_000, years=3, seed=SEED), ew.load(ROOT / "models" / "demo")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        work = Path(place)
        ew.score(model, records, DAYS[0], out=work / "before", tracking="off")
        scores = ew.score(model, records, DAYS[1], out=work / "now", tracking="off", diff=work / "before")
        page = ew.report(scores, work / "report.html", schools=[scores.frame["school_id"].iloc[0]])
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        shown = browser.new_page(viewport={"width": WIDTH, "height": HIGH})
        shown.goto(page.as_uri())
        shown.evaluate("document.getElementById('list').scrollIntoView()")
        shown.screenshot(path=ROOT / "docs" / "report.png")
        shown.goto(f"{page.as_uri()}#sheet-{_telling(scores)}")
        shown.locator("article.pupil:target").screenshot(path=ROOT / "docs" / "sheet.png")
        browser.close()
    return 0


def _telling(scores: ew.Scores) -> int:
    """Place of the first pupil on the list who has something on every part of a sheet."""
    frame = scores.frame
    return int(frame.index[(frame["tier"] == "priority") & (frame["protective"] != "") & (frame["data_note"] != "")][0])


if __name__ == "__main__":
    sys.exit(main())
