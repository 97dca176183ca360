"""Writes the section of docs/figures.md that holds simulated schools against published figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Table = Callable[[Sequence[str], Iterable[Sequence[str]]], list[str]]
TITLES = {
    "1 bands": "Absence bands, 2022/23 (share of enrolments, %)",
    "2 cells": "Persistent (PA) and severe absence (SA) by year group, free meals and support, 2022/23",
    "3 level": "Level by school year",
    "4 codes": "Rates and codes, 2025/26 to week 26 (% of possible sessions)",
    "5 pattern": "Weekdays (points from the mean of the week) and weeks, autumn 2022",
    "6 persistence": "Persistence, spells, corrections, 2022/23",
    "6 schools 2018/19": "Schools, 2018/19",
    "7 suspensions": "Suspensions and permanent exclusions (per 100 pupils)",
    "8 leaving": "Leaving and NEET",
    "9 target": "How hard the task is",
}
ABOUT = """\
Definitions and tolerances: [benchmarks/calibration_published.py](../benchmarks/calibration_published.py), counted by
[benchmarks/calibration_measures.py](../benchmarks/calibration_measures.py). "Error" is the standard error between
worlds. Where fewer than 200,000 pupils were simulated, a figure has the room of its tolerance or of three errors, whichever is wider;
wider room is marked with a star. 1 stands for yes.
"""
SHAPES = """\
Bands of groups: each group has a place and a spread of its own on one common curve, which cannot follow the shape of every
group to a point. The pupils of unclassified free meals are some 1,700 in 200,000, so that their shares move by a point by luck."""


def calibration(part: Mapping[str, Any], table: Table) -> list[str]:
    """What was simulated beside what was published.

    Parameters
    ----------
    part : mapping
        The part ``calibration`` of docs/figures.json.
    table : callable
        Heads and rows to the lines of a Markdown table.
    """
    rows = part["rows"]
    lines = [
        f"{part['passed']} of {part['figures']} published figures reproduced: {part['n']:,} pupils for 2022/23, "
        f"{part['fewer']:,} for every other school year, in worlds of {part['world']:,}.",
        "",
        "Best possible AUC for leaving early within a year of {as_of}: {given_states:.3f} given the states of the {pupils:,} pupils "
        "({leavers} leave), which nobody can know. From records alone at least {given_records:.3f}: what boosted trees make of all "
        "shipped features when they are taught the true chance itself. Target .75 to .88.".format(**part["best"]),
        "",
        *ABOUT.splitlines(),
        "",
        "### Missed",
        "",
        *[_miss(row) for row in rows if not row["passed"]],
        "",
        *([SHAPES, ""] if any(row["table"] == "1 bands" and not row["passed"] for row in rows) else []),
        "### Not simulated",
        "",
        *[f"- {what}" for what in part["not_simulated"]],
        "",
    ]
    for name, title in TITLES.items():
        of_table = [row for row in rows if row["table"] == name]
        if of_table:
            passed = sum(row["passed"] for row in of_table)
            heads = ["", "published", "simulated", "error", "room", ""]
            lines += [f"### {title}: {passed} of {len(of_table)}", "", *table(heads, [_row(row) for row in of_table]), ""]
    return lines


def _row(row: Mapping[str, Any]) -> list[str]:
    error = "" if row["error"] is None else f"{row['error']:.2f}"
    room = f"{row['low']:.4g} to {row['high']:.4g}{'*' if row['widened'] else ''}"
    quantity = row["quantity"].replace("\\", "\\\\").replace("|", "\\|")
    return [quantity, row["published"], f"{row['simulated']:.2f}", error, room, "pass" if row["passed"] else "**miss**"]


def _miss(row: Mapping[str, Any]) -> str:
    said = f" {row['why']}" if row["why"] else ""
    return f"- {row['quantity']} (table {row['table']}): published {row['published']}, simulated {row['simulated']:.2f}.{said}"
