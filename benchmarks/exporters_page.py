"""What docs/figures.md says of exporters: how many hostile texts were tried, and what became of them."""

from __future__ import annotations

from typing import Any


def exporters_section(part: dict[str, Any]) -> list[str]:
    """Lines of the page of figures.

    Parameters
    ----------
    part : dict
        What `measure_exporters` returns.
    """
    reached = not part["live"] and not part["not_round_tripping"]
    return [
        f"{part['n']} hostile texts (scripts, formulas, direction marks, control characters, emoji, up to 33,000 characters), each at once "
        "as name, identifier, school, form, event category, reason, note and group, in every file written for people. Files are read again "
        "and set beside the same files with plain texts. Targets: none runs, every text and number comes back.",
        "",
        "| file | places | run | changed | cut |",
        "|---|---|---|---|---|",
        *(f"| {r['exporter']} | {r['tried']:,} | {r['live']} | {r['not_round_tripping']} | {r['cut'] or ''} |" for r in part["rows"]),
        "",
        f"Together {part['tried']:,} places: {part['live']} run, {part['not_round_tripping']} changed. "
        f"Targets {'reached' if reached else 'missed'}. Half a surrogate pair, which UTF-8 cannot hold, becomes a question mark; texts "
        f"over 32,767 characters ({part['cut']} places) are cut in workbooks, whose notes say so. In CSV files an apostrophe stands before "
        f"what would run, which `eswarn.words.from_cell` takes off again. Took {part['seconds']:.0f} s.",
        "",
    ]  # fmt: skip
