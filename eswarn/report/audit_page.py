"""An audit as a page for people and as JSON for programs; neither holds anything of a pupil."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eswarn.evaluation.audit.lines import Audit
from eswarn.report.audit_english import MEANING, TEXT
from eswarn.report.page import filled
from eswarn.report.pair import write_pair

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
    return write_pair(folder, (PAGE, render_audit(audit)), (DATA, plain(audit)))


def plain(audit: Audit) -> dict[str, Any]:
    """The audit as plain data: what was audited, whether it passed, and each check with its place on the page."""
    checks = [
        {"code": c.code, "title": c.title, "result": c.result, "figure": c.figure, "meaning": MEANING[c.code], "page": f"{PAGE}#{c.code}"}
        for c in audit.checks
    ]
    return {"eswarn_audit": FORMAT, "about": dict(audit.about), "passed": audit.passed, "checks": checks}


def render_audit(audit: Audit) -> str:
    """The audit's page as text. The same audit gives the same bytes: the page holds no clock."""
    results = [check.result for check in audit.checks]
    counts = {result: results.count(result) for result in ("passed", "failed", "cannot tell", "not applicable")}
    parts = {part: [c for c in audit.checks if c.code.startswith(part)] for part in ("A", "E")}
    verdict = "all_passed" if audit.passed else "some_failed" if counts["failed"] else "not_told"
    said = TEXT[verdict].format(codes=", ".join(check.code for check in audit.checks if check.result == "failed"))
    return filled("audit.html", about=audit.about, counts=counts, parts=parts, verdict=said, text=TEXT, meaning=MEANING)
