"""What docs/figures.md says of the school's page: its size, the time to build and open it, and its group tables under attack."""

from __future__ import annotations

from typing import Any

BYTES, BUILD, READY = 2_000_000, 3.0, 1_000  # of a page of 1,000 pupils; seconds, and milliseconds


def reports_section(part: dict[str, Any]) -> list[str]:
    """Lines of the page of figures.

    Parameters
    ----------
    part : dict
        What `measure_reports` returns.
    """
    small = part["rows"][0]
    targets = [
        small["bytes"] < BYTES,
        small["build"] < BUILD,
        small["ready"] is not None and small["ready"] < READY and not small["requests"],
    ]
    attack = part["attack"]
    control = attack["small counts only"]
    return [
        "The page of a run with what has changed since an earlier one and a sheet for each pupil on the list, medians of three. Targets "
        f"for 1,000 pupils: under {BYTES / 1e6:.0f} MB, built in under {BUILD:.0f} s, usable in under {READY / 1000:.0f} s after it is "
        "opened, and no request. `DataFrame.to_html` writes the rows of the list alone.",
        "",
        "| pupils | listed | page | built | spreadsheet | usable after | list narrowed in | requests | `to_html` of the list |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {row['pupils']:,} | {row['listed']:,} | {row['bytes'] / 1e6:.2f} MB | {row['build']:.2f} s | {row['workbook']:.2f} s | "
            f"{_told(row['ready'], 'ms')} | {_told(row['narrowed'], 'ms')} | {_told(row['requests'], '')} | "
            f"{row['plain_bytes'] / 1e6:.2f} MB, {row['plain']:.2f} s |"
            for row in part["rows"]
        ),
        "",
        f"Targets: size {_met(targets[0])}, building {_met(targets[1])}, opening {_met(targets[2])}.",
        "",
        f"Who is on the list by group: every count that {attack['school']['schools']:,} made-up schools of 60 to 1,500 pupils hide was "
        "attacked with all that their pages show, by linear programmes over every table that fits. Worked out: "
        f"{attack['school']['worked_out']} of {attack['school']['hidden']:,} (target 0: "
        f"{_met(not attack['school']['worked_out'] and attack['school']['schools'] >= 1_000)}); with the profiles ons10 and us10 "
        f"{attack['ons10']['worked_out']} of {attack['ons10']['hidden']:,} and {attack['us10']['worked_out']} of "
        f"{attack['us10']['hidden']:,}; the control, in which small counts alone are hidden, {control['worked_out']} of "
        f"{control['hidden']:,}.",
        "",
    ]  # fmt: skip


def _told(value: float | None, unit: str) -> str:
    return "not measured" if value is None else f"{value:,} {unit}".strip()


def _met(holds: bool) -> str:
    return "reached" if holds else "missed"
