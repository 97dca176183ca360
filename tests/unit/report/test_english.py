"""The fixed sentences: all used, none that claims a cause."""

from __future__ import annotations

import re

from eswarn.report.english import TEXT
from tests.conftest import ROOT

REPORT = ROOT / "eswarn" / "report"
CAUSAL = re.compile(r"\b(because|causes?|caused|will|due to|leads? to|results? in)\b", re.IGNORECASE)


def test_every_sentence_is_used() -> None:
    users = [REPORT / "contents.py", REPORT / "templates" / "base.html", *(REPORT / "templates").glob("report.*")]
    source = "".join(path.read_text(encoding="utf-8") for path in users)
    blanks = re.search(r"set blanks = (.*) %}", source)
    assert blanks
    by_part = {f"tier_{tier}" for tier in ("priority", "watch", "universal")} | set(re.findall(r'"(\w+)"', blanks[1]))
    made_by = set(re.findall(r'^        "(\w+)": ', source, flags=re.MULTILINE))
    named = set(re.findall(r"text\.(\w+)", source)) | set(re.findall(r"""TEXT\[["'](\w+)["']\]""", source))
    assert set(TEXT) == named | by_part | made_by


def test_no_sentence_claims_a_cause_or_a_future() -> None:
    assert [key for key, sentence in TEXT.items() if CAUSAL.search(sentence)] == []


def test_a_causal_sentence_would_be_seen() -> None:
    assert CAUSAL.search("The pupil will leave because of absence.")
