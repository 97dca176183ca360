"""What docs/figures.md says of fairness: what the audit holds, finds, and leaves untold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

LOW, HIGH, ENOUGH = 0.94, 0.97, 20


def fairness_section(part: dict[str, Any]) -> list[str]:
    """Lines of the page of figures.

    Parameters
    ----------
    part : dict
        What `measure_fairness` returns.
    """
    return [*_bars(part), "", *_exact(part), "", *_cohorts(part), "", *_tests(part), "", *_comfort(part), ""]


def _bars(part: dict[str, Any]) -> list[str]:
    """Targets, written before the measurement, and what came out."""
    alarm = max(row["shown"] for row in part["alarms"])
    far = next(row for row in part["replay"] if (row["base"], row["gap"], row["n"]) == (0.10, 0.42, 100))
    near = next(row for row in part["replay"] if (row["base"], row["gap"], row["n"]) == (0.10, 0.18, 200))
    short, called = (sum(row[name] for row in part["comfort"]) for name in ("short", "short_called"))
    attack, speed, outside = part["attack"]["school"], part["speed"], _outside(part)
    cells = sum(len(cells) for cells in part["cohorts"].values()) * 3
    low, high = (sum(cell < LOW for *_, cell in outside), sum(cell > HIGH for *_, cell in outside))
    known = attack["worked_out"] + attack["small_worked_out"]
    rows = (
        ("intervals hold the truth in 94 to 97 % of cohorts, every cell",
         f"{cells - len(outside)} of {cells} cells; {low} below, {high} above", not outside),
        ("30 equal groups: any gap shown in 5 % of runs at most", f"{alarm:.1%} in the worst of {len(part['alarms'])}", alarm <= 0.05),
        ("+42 points found in 99 % at 100 stayers a group", f"{far['ours']:.2%}", far["ours"] >= 0.99),
        ("+18 points found in 90 % at 200", f"{near['ours']:.1%}", near["ours"] >= 0.9),
        ("groups of short power called free of a gap: 0", f"{called} of {short:,}", called == 0),
        ("hidden counts worked out: 0 in 1,000 schools", f"{attack['worked_out']} of {attack['hidden']:,} in {attack['schools']:,}; "
         f"{attack['small_worked_out']} other counts of 1 to 5", known == 0 and attack["schools"] >= 1_000),
        ("50 groups and 100,000 pupils within a second", f"{speed['table']} s, verdicts {speed['verdicts']} s", speed["table"] < 1),
    )  # fmt: skip
    return [
        "| target | measured | |",
        "|---|---|---|",
        *(f"| {target} | {measured} | {'reached' if reached else 'Target missed'} |" for target, measured, reached in rows),
    ]


def _outside(part: dict[str, Any]) -> list[tuple[str, int, float, str, float]]:
    return [
        (schools, cell["n"], cell["base"], rate, cell[rate]["coverage"])
        for schools, cells in part["cohorts"].items() for cell in cells for rate in ("missed", "false alarms", "precision")
        if not LOW <= cell[rate]["coverage"] <= HIGH
    ]  # fmt: skip


def _exact(part: dict[str, Any]) -> list[str]:
    """Coverage for independent pupils, exactly."""
    methods = [name for name in part["exact"][0] if name not in ("n", "rate", "possible")]
    hopeless = [cell for cell in part["exact"] if not cell["possible"]]
    rest = [cell for cell in part["exact"] if cell["possible"]]
    return [
        f"Independent pupils, exactly (no simulation): in {len(hopeless)} of {len(part['exact'])} cells of group size and rate no interval "
        "can reach 94 to 97 %, because no run of counts has such a chance (10 pupils at 1 %: none of ten has a chance of 90.4 %, none or "
        f"one of 99.6 %). Of the other {len(rest)} cells:",
        "",
        "| interval | inside 94 to 97 % | below | above | lowest of all cells |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {sum(LOW <= c[name] <= HIGH for c in rest)} | {sum(c[name] < LOW for c in rest)} | "
            f"{sum(c[name] > HIGH for c in rest)} | {min(c[name] for c in part['exact']):.1%} |" for name in methods
        ),
        "",
        "Not possible: " + _list(f"{c['n']:,} at {c['rate']:.0%} ({c[methods[0]]:.1%})" for c in hopeless) + ".",
    ]  # fmt: skip


def _cohorts(part: dict[str, Any]) -> list[str]:
    """Coverage in simulated cohorts."""
    lines = []
    for schools, cells in part["cohorts"].items():
        lines += [
            f"{cells[0]['cohorts']:,} cohorts a cell (those in which the rate exists), {schools} unequal schools that differ in how many "
            "leave and are listed: coverage (mean pupils the rate is about).",
            "",
            "| group | base rate | missed leavers | false alarms | precision |",
            "|---|---|---|---|---|",
            *(
                f"| {c['n']:,} | {c['base']:.0%} | " + " | ".join(_cell(c[r]) for r in ("missed", "false alarms", "precision")) + " |"
                for c in cells
            ),
            "",
        ]
    told = [c[rate] for cells in part["cohorts"].values() for c in cells for rate in ("missed", "false alarms", "precision")]
    many, few = [c["coverage"] for c in told if c["pupils"] >= ENOUGH], [c["coverage"] for c in told if c["pupils"] < ENOUGH]
    return [
        *lines,
        f"Bold: outside 94 to 97 %. Rates about {ENOUGH} pupils or more on average: {sum(LOW <= c <= HIGH for c in many)} of {len(many)} "
        f"cells inside, lowest {min(many):.1%}, highest {max(many):.1%}. About fewer: {sum(LOW <= c <= HIGH for c in few)} of {len(few)} "
        f"inside, lowest {min(few):.1%}; there the rate jumps from count to count, and an interval that is never far below is often above.",
    ]


def _cell(rate: dict[str, float]) -> str:
    told = f"{rate['coverage']:.1%} ({rate['pupils']:,.1f})"
    return told if LOW <= rate["coverage"] <= HIGH else f"**{told}**"


def _tests(part: dict[str, Any]) -> list[str]:
    """False alarms, and known gaps found."""
    small = part["small"]
    worst, worst_z = (max(row[kind][0] for row in small) for kind in ("ours", "z"))
    far, far_z = (max(row[kind][1] for row in small) for kind in ("ours", "z"))
    phantoms = (
        f"{100 * r['mean']:.0f} points on average at {r['n']} each (95th percentile {100 * r['most']:.0f})" for r in part["phantom"]
    )
    return [
        "| 30 equal groups, 10 % false alarms | runs | gap shown | largest gap beyond chance |",
        "|---|---|---|---|",
        *(f"| {r['size']} pupils each, {r['schools']} school{'s that differ' if r['schools'] > 1 else ''} | {r['runs']:,} | "
          f"{r['shown']:.1%} | {r['largest']:.1%} |" for r in part["alarms"]),
        "",
        f"Two equal groups of 6 to 100, exactly: told apart at .05 in {worst:.1%} at most, by pooled z in {worst_z:.1%}; at .05/30 "
        f"= .17 % in {far:.2%} at most, by pooled z in {far_z:.2%}.",
        "",
        "| base rate | gap | stayers in each of two groups | found at .05/30, exact test | pooled z |",
        "|---|---|---|---|---|",
        *(f"| {r['base']:.0%} | +{100 * r['gap']:.0f} points | {r['n']} | {r['ours']:.1%} | {r['z']:.1%} |" for r in part["replay"]),
        "",
        "One of 30 groups, against all others, by the whole audit: "
        + _list(f"+{100 * r['gap']:.0f} points at {r['n']} each found in {r['found']:.1%} of {r['runs']} runs" for r in part["whole"])
        + ". Largest gap of 30 equal groups that chance alone makes: "
        + _list(phantoms) + ".",
    ]  # fmt: skip


def _comfort(part: dict[str, Any]) -> list[str]:
    """False comfort, and small numbers."""
    control = part["attack"]["small counts only"]
    return [
        "| 30 groups, margin 10 points, 3 groups a little beyond it | comparisons short of power | called free of a gap | "
        "runs with a true gap denied | equal groups called free of a gap |",
        "|---|---|---|---|---|",
        *(f"| {r['size']:,} pupils each | {r['short']:,} | {r['short_called']} | {r['false']:.1%} of {r['runs']} | "
          f"{r['equal_called']:.1%} |" for r in part["comfort"]),
        "",
        "Attack on released tables by linear programmes: "
        + _list(f'profile "{name}" {row["worked_out"]} of {row["hidden"]:,} hidden counts in {row["schools"]:,} schools'
                for name, row in part["attack"].items() if row is not control)
        + f"; the control, with small counts alone hidden, {control['worked_out']:,} of {control['hidden']:,} in {control['schools']:,}.",
    ]  # fmt: skip


def _list(parts: Iterable[str]) -> str:
    return "; ".join(parts)
