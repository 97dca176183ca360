"""The page of figures says what docs/figures.json holds, and each figure there says how it came about."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from benchmarks.figures_page import page
from tests.conftest import ROOT

FIGURES: dict[str, Any] = json.loads((ROOT / "docs" / "figures.json").read_text(encoding="utf-8"))
PARTS = [
    "import", "scale", "explanations", "truth", "national", "calibration", "leaks", "validation", "coverage", "fairness", "drift",
    "reports", "exporters", "fresh", "open_tables", "oulad", "oulad_tables", "ews_flags",
]  # fmt: skip


def test_page_and_file_agree() -> None:
    assert (ROOT / "docs" / "figures.md").read_text(encoding="utf-8") == page(FIGURES), 'run make figures ARGS="--page"'


@pytest.mark.parametrize("part", FIGURES)
def test_every_part_names_command_machine_versions_n_and_date(part: str) -> None:
    told = FIGURES[part]
    assert part in PARTS
    assert {"command", "date", "machine", "versions", "commit", "n"} <= set(told)
    assert told["n"] > 0
    assert {"cores", "processor", "system"} <= set(told["machine"])
    assert {"python", "eswarn", "lightgbm"} <= set(told["versions"])


def test_a_part_that_was_not_measured_is_said_to_be_so() -> None:
    assert page({}).count("Not measured.") == len(PARTS)


def test_a_target_that_is_missed_is_called_missed() -> None:
    slow = copy.deepcopy(FIGURES)
    slow["import"] |= {"median": 0.2}
    assert "Target missed" in page({"import": slow["import"]})
    slow["import"] |= {"median": 0.01, "loaded": ["pandas"]}
    assert "Target missed" in page({"import": slow["import"]})


def test_a_rule_that_is_not_beaten_is_said_not_to_be() -> None:
    equal = copy.deepcopy(FIGURES["oulad"])
    for day in equal["days"]:
        day["against_rule"]["eswarn"]["auc"] = {"value": 0.01, "low": -0.01, "high": 0.03, "said": "not shown to beat"}
        day["figures"]["eswarn"] |= {"auc": 0.5, "ece": 0.2}
    told = page({"oulad": equal})
    assert "AUC, eswarn beside the rule: not shown to beat on day 14, 28, 56, 84 and 112." in told
    assert "Bar: the rule's AUC on every day. Missed on day 14, 28, 56, 84 and 112." in told
    assert "Missed on day 56 (0.200), 84 (0.200) and 112 (0.200)." in told
