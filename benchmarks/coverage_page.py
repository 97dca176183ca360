"""What docs/figures.md says of intervals: how often they hold the truth, and how long they take."""

from __future__ import annotations

from typing import Any

TARGET, SECONDS = (0.94, 0.97), 60
OTHERS = {"plain": "the plain percentile interval", "expanded": "the percentile interval expanded for few schools (Hesterberg 2015)"}


def coverage_section(part: dict[str, Any]) -> list[str]:
    """Lines of the page of figures.

    Parameters
    ----------
    part : dict
        What `measure_coverage` returns.
    """
    cells, n, speed = part["cells"], part["n"], part["speed"]
    names = list(cells[0]["rows"])
    others = "; ".join(f"{said} {_told(_shares(part, name))}" for name, said in OTHERS.items())
    return [
        f"{n:,} simulated cohorts in each cell, {part['draws']} draws of schools for each, {part['places']:.0%} of places; schools of "
        f"unequal size whose pupils leave more or less often for a reason no score knows. Target: {TARGET[0]:.0%} to {TARGET[1]:.0%} of "
        f"the 95 % intervals hold the truth (that of {part['many']:,} schools), in every cell. Our t interval "
        f"{_told(_shares(part, 'held'))}. In the same cohorts, {others}. "
        f"One standard error of a cell is about {100 * (0.95 * 0.05 / n) ** 0.5:.1f} percentage points.",
        "",
        "| schools | pupils in each | leave | " + " | ".join(names) + " |",
        "|---|---|---|" + "---|" * len(names),
        *(
            f"| {cell['schools']} | {cell['pupils']} | {cell['base']:.0%} | "
            + " | ".join(_cell(row["held"] / n) for row in cell["rows"].values())
            + " |"
            for cell in cells
        ),
        "",
        "Recall and precision are those of lists by school; cut anew is one list over all schools; the difference is that of a model and "
        "of a rule with nine steps.",
        "",
        f"Speed, {speed['pupils']:,} pupils of 500 schools: eight figures of {speed['groups']} groups at 1,000 draws "
        f"{_in(speed['groups_seconds'])}. A model beside {speed['rules']} rules, 18 figures each at 2,000 draws, "
        f"{_in(speed['rules_seconds'])}.",
        "",
    ]  # fmt: skip


def _shares(part: dict[str, Any], method: str) -> list[float]:
    return [row[method] / part["n"] for cell in part["cells"] for row in cell["rows"].values()]


def _told(shares: list[float]) -> str:
    """How many cells are where they should be, and how far off the others are."""
    under, over = sum(share < TARGET[0] for share in shares), sum(share > TARGET[1] for share in shares)
    inside = len(shares) - under - over
    missed = f"missed in {under + over} ({under} under, {over} over)" if under + over else "reached"
    return f"does so in {inside} of {len(shares)}: {missed}; {min(shares):.1%} to {max(shares):.1%}"


def _cell(share: float) -> str:
    return f"{share:.1%}" + ("" if TARGET[0] <= share <= TARGET[1] else " missed")


def _in(seconds: float) -> str:
    return f"took {seconds:.1f} s: target {'reached' if seconds <= SECONDS else 'missed'}"
