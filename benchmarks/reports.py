"""Measures the school's page: how large it is, how long it takes to build and to open, and whether its group tables give anybody away.

    python -m benchmarks.reports [--json FILE]

Simulated pupils are scored with models/demo on two dates, and the second is reported with what has changed since the first, beside
`DataFrame.to_html` of the same list. A page is opened in the machine's own Chromium, where there is one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import eswarn as ew
from benchmarks.list_attack import list_worked_out
from benchmarks.reports_page import reports_section
from dev import find_browser
from eswarn.report.contents import Contents
from eswarn.report.locales import LOCALES
from eswarn.report.page import render
from eswarn.report.spreadsheet import workbook
from eswarn.report.tables import tables, the_list

ROOT = Path(__file__).resolve().parents[1]
DAYS, SEED, TIMES = ("2025-04-28", "2025-06-09"), 11, 3
SCHOOLS = 1_000
READY = "() => document.getElementById('state') && document.getElementById('state').textContent !== ''"
NARROW = """() => { const tier = document.querySelector('#tools [name=tier]'); const began = performance.now(); tier.value = 'priority';
tier.dispatchEvent(new Event('input', {bubbles: true})); return [performance.now() - began,
document.querySelectorAll('tr[data-rank]:not(.off)').length]; }"""


def measure_reports(work: Path) -> dict[str, Any]:
    """Pages of 1,000 and 10,000 pupils, and the attack on the group tables of 1,000 made-up schools."""
    rows = [_measured(pupils, work) for pupils in (1_000, 10_000)]
    return {"command": "python -m benchmarks.reports", "n": len(rows), "seed": SEED, "rows": rows, "attack": list_worked_out(SCHOOLS)}


def _measured(pupils: int, work: Path) -> dict[str, Any]:
    records, model = ew.simulate(pupils=pupils, years=3, seed=SEED), ew.load(ROOT / "models" / "demo")
    ew.score(model, records, DAYS[0], out=work / f"{pupils}-before", tracking="off")
    scores = ew.score(model, records, DAYS[1], out=work / f"{pupils}", tracking="off", diff=work / f"{pupils}-before")
    contents = Contents(scores, {}, LOCALES["en-GB"])
    page = render(scores)
    file = work / f"{pupils}.html"
    file.write_text(page, encoding="utf-8")
    plain = the_list(contents)
    return {
        "pupils": len(scores), "schools": len(contents.schools), "listed": len(contents.listed), "bytes": file.stat().st_size,
        "build": _median(lambda: render(scores)),
        "plain_bytes": len(plain.to_html()), "plain": _median(lambda: plain.to_html()),
        "workbook": _median(lambda: workbook(contents, tables(Contents(scores, {}, LOCALES["en-GB"])))),
        **_opened(file),
    }  # fmt: skip


def _median(make: Callable[[], Any]) -> float:
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        make()
        took.append(time.perf_counter() - began)
    return round(statistics.median(took), 3)


def _opened(file: Path) -> dict[str, Any]:
    """Milliseconds from the start of loading until the list can be narrowed, of one narrowing, and what the page asked for."""
    path = find_browser()
    if not path:
        return {"ready": None, "narrowed": None, "requests": None}
    from playwright.sync_api import sync_playwright

    ready, narrowed, asked = [], [], 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(TIMES):
            page = browser.new_page()
            requests: list[str] = []
            page.on("request", lambda request, kept=requests: kept.append(request.url))
            page.goto(file.resolve().as_uri(), wait_until="commit")
            page.wait_for_function(READY, polling=5)
            ready.append(page.evaluate("performance.now()"))
            took, _ = page.evaluate(NARROW)
            narrowed.append(took)
            asked += len(requests) - 1
            page.close()
        browser.close()
    return {"ready": round(statistics.median(ready)), "narrowed": round(statistics.median(narrowed), 1), "requests": asked}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eswarn-reports-") as work:
        part = measure_reports(Path(work))
    print("\n".join(reports_section(part)))
    if given.json:
        given.json.write_text(json.dumps(part, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
