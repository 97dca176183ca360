"""What docs/figures.md says of leaks: how many of those planted are caught, and how often clean sets alarm."""

from __future__ import annotations

from typing import Any

MOST_FALSE_ALARMS = 1


def leaks_section(part: dict[str, Any]) -> list[str]:
    """Lines of the page of figures.

    Parameters
    ----------
    part : dict
        What `measure_leaks` returns.
    """
    planted, false = part["planted"], part["false_alarms"]
    caught, tried = (sum(row[name] for row in planted) for name in ("caught", "planted"))
    missed = [f"{row['leak']} ({row['caught']} of {row['planted']})" for row in planted if row["caught"] < row["planted"]]
    kinds = len({row["kind"] for row in planted})
    silent = all(count <= MOST_FALSE_ALARMS for count in false.values())
    alarmed = ", ".join(f"{count} on {part['n']} {name}" for name, count in false.items())
    return [
        f"{len(planted)} leaks of {kinds} kinds, each planted into {part['sets']} made-up data sets of {min(part['sizes']):,} to "
        f"{max(part['sizes']):,} pupils over {part['years']} years. Caught: an alarm of its own kind. Targets: every kind caught; at most "
        f"{MOST_FALSE_ALARMS} alarm on 50 clean sets. What is planted was written by the authors of the detector: a leak of a shape "
        "that nobody thought of may pass.",
        "",
        "| into | leak | found as | caught | planted |",
        "|---|---|---|---|---|",
        *(f"| {row['into']} | {row['leak']} | {row['kind']} | {row['caught']} | {row['planted']} |" for row in planted),
        "",
        f"Caught {caught:,} of {tried:,}. " + (f"Missed at times: {'; '.join(missed)}." if missed else "None missed."),
        "",
        f"False alarms: {alarmed} (every third without recorded_on). Target {'reached' if silent else 'missed'}. "
        f"`leaks` took {part['median_seconds']:.1f} s on the median set.",
        "",
    ]  # fmt: skip
