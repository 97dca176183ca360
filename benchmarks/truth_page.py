"""What docs/figures.md says of causes that are known: how often the reasons of simulated pupils name them."""

from __future__ import annotations

from typing import Any

SAID = {"interventional": "interventional, as issued", "path": "path-dependent", "global": "importance over all pupils"}


def truth_section(part: dict[str, Any]) -> list[str]:
    """Lines of the page of figures.

    Parameters
    ----------
    part : dict
        What `measure_truth` returns.
    """
    told = part["recovery"]
    value, low, high = (f"{100 * number:+.1f}" for number in told["better"])
    return [
        f"{told['pupils']:,} flagged pupils of {part['n']} simulated sets of {part['pupils']:,} pupils over {part['years']} years, whose "
        f"main cause some theme speaks of; for {told['untold']:,} more it is home, of which no theme speaks: no reason can find it.",
        "",
        "| reasons ranked by | first reason finds the cause | one of the first three |",
        "|---|---|---|",
        *(f"| {said} | {told['first'][kind]:.1%} | {told['among_three'][kind]:.1%} |" for kind, said in SAID.items()),
        "",
        f"First reason as issued less importance over all pupils: {value} percentage points ({low} to {high}, 95 % interval over pupils). "
        "Three reasons of three themes that differ find one of four causes often, whoever the pupil is; several themes speak of one cause, "
        "so that three reasons of one pupil may all say the same.",
        "",
        "| main cause | pupils | first: interventional, path, importance | among three |",
        "|---|---|---|---|",
        *(
            f"| {cause} | {row['pupils']:,} | {_shares(row['first'])} | {_shares(row['among_three'])} |"
            for cause, row in part["by_cause"].items()
        ),
        "",
    ]  # fmt: skip


def _shares(shares: list[float]) -> str:
    return ", ".join(f"{share:.0%}" for share in shares)
