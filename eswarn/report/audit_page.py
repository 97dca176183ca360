"""An audit as a page for people and as JSON for programs; neither holds anything of a pupil."""

from __future__ import annotations

import json
from pathlib import Path

from eswarn.errors import InputRefused
from eswarn.evaluation.audit.lines import Audit
from eswarn.folders import replace_file
from eswarn.report.audit_english import MEANING, TEXT
from eswarn.report.page import filled

PAGE, DATA = "audit.html", "audit.json"
FORMAT = 1


def write_audit(audit: Audit, folder: str | Path) -> Path:
    """Write ``audit.html`` and ``audit.json`` into a folder; those of an earlier audit are replaced, each in one step.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputRefused
        The folder cannot be made or written.
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputRefused(f"cannot be written ({error.strerror})", where=str(place), do="Name another folder with --out.") from None
    replace_file(place / DATA, as_json(audit).encode())
    replace_file(place / PAGE, render_audit(audit).encode("utf-8", errors="replace"))
    return place / PAGE


def as_json(audit: Audit) -> str:
    """The audit as JSON text: what was audited, whether it passed, and each check with its place on the page."""
    checks = [
        {"code": c.code, "title": c.title, "result": c.result, "figure": c.figure, "meaning": MEANING[c.code], "page": f"{PAGE}#{c.code}"}
        for c in audit.checks
    ]
    told = {"eswarn_audit": FORMAT, "about": dict(audit.about), "passed": audit.passed, "checks": checks}
    return json.dumps(told, indent=1) + "\n"


def render_audit(audit: Audit) -> str:
    """The audit's page as text. The same audit gives the same bytes: the page holds no clock."""
    results = [check.result for check in audit.checks]
    counts = {result: results.count(result) for result in ("passed", "failed", "cannot tell", "not applicable")}
    parts = {part: [c for c in audit.checks if c.code.startswith(part)] for part in ("A", "E")}
    verdict = "all_passed" if audit.passed else "some_failed" if counts["failed"] else "not_told"
    said = TEXT[verdict].format(codes=", ".join(check.code for check in audit.checks if check.result == "failed"))
    return filled("audit.html", about=audit.about, counts=counts, parts=parts, verdict=said, text=TEXT, meaning=MEANING)
