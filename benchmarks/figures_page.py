"""Writes the page of figures from what docs/figures.json holds, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.calibration_page import calibration
from benchmarks.coverage_page import coverage_section
from benchmarks.drift_page import drift_section
from benchmarks.ews_flags_page import ews_flags_section
from benchmarks.explanations_page import explanations
from benchmarks.exporters_page import exporters_section
from benchmarks.fairness_page import fairness_section
from benchmarks.leaks_page import leaks_section
from benchmarks.national_page import national
from benchmarks.open_tables_page import open_tables_section
from benchmarks.oulad_page import oulad_section
from benchmarks.oulad_tables_page import oulad_tables_section
from benchmarks.reports_page import reports_section
from benchmarks.truth_page import truth_section
from benchmarks.validation_page import validation_section

Part = Mapping[str, Any]
IMPORT_TARGET, UV_TARGET, PIP_TARGET = 0.1, 60, 180  # seconds
HEAD = """\
# Figures

<!-- Written by `make figures` from docs/figures.json; a test keeps the two in step. -->

Each part names its command, its date and the machine, and its target, which was written down before anything was measured.
What was not measured says so; it is never counted as reached. Timings move with the machine and with what else runs on
it: compare steps within one run rather than runs. To measure again: `make figures`, with `ARGS="--data FOLDER"` for the
part on real learners and `ARGS="--fresh"` for the one that starts from a clone.
"""


def page(figures: Mapping[str, Part]) -> str:
    """The whole page.

    Parameters
    ----------
    figures : mapping
        What docs/figures.json holds: the parts import, scale, explanations, truth, national, calibration, leaks, validation, coverage,
        fairness, drift, reports, exporters, fresh, open_tables, oulad, oulad_tables and ews_flags.
    """
    sections = (("Import", "import", _import), ("Speed and memory", "scale", _scale),
                ("Explanations", "explanations", lambda part: explanations(part, _table)),
                ("Causes named", "truth", truth_section),
                ("Features of a country", "national", lambda part: national(part, _table)),
                ("Simulated schools beside published figures", "calibration", lambda part: calibration(part, _table)),
                ("Leaks caught", "leaks", leaks_section),
                ("The list beside every rule", "validation", validation_section),
                ("Intervals", "coverage", coverage_section),
                ("Groups", "fairness", fairness_section),
                ("Drift", "drift", drift_section),
                ("The school's page", "reports", reports_section),
                ("Hostile texts", "exporters", exporters_section),
                ("From a fresh clone to a report", "fresh", _fresh),
                ("Open tables of students", "open_tables", open_tables_section),
                ("Real learners", "oulad", oulad_section),
                ("Real learners, from tables", "oulad_tables", oulad_tables_section),
                ("Beside published flags", "ews_flags", ews_flags_section))  # fmt: skip
    parts = [HEAD]
    for title, name, write in sections:
        told = [*write(figures[name]), _circumstances(figures[name])] if name in figures else ["Not measured.\n"]
        parts.append("\n".join([f"## {title}", "", *told]))
    return "\n".join(parts).rstrip() + "\n"


def _import(part: Part) -> list[str]:
    reached = part["median"] < IMPORT_TARGET and not part["loaded"]
    rows = [["median", f"{part['median']:.3f}"], ["fastest", f"{part['best']:.3f}"], ["slowest", f"{part['worst']:.3f}"]]
    loaded = f"Loaded of {', '.join(part['looked_for'])}: {', '.join(part['loaded']) or 'none'}."
    return [
        f"Target: under {IMPORT_TARGET} s in a fresh process, without loading a heavy library.",
        "",
        *_table(["", f"seconds, {part['n']} processes"], rows),
        "",
        f"{loaded} Target {'reached' if reached else 'missed'}, by the median.",
        "",
    ]


def _scale(part: Part) -> list[str]:
    steps = part["steps"]
    rows = []
    for name, step in steps.items():
        row = ["pandas, marks alone" if name == "pandas" else name, f"{step['seconds']:.1f}"]
        row += [f"{step['user_seconds'] + step['system_seconds']:.1f}", f"{step['peak_mb']:,.0f}"]
        rows.append([*row, f"{step['rows']:,}", f"{step['rows'] / step['seconds']:,.0f}"])
    plain = steps["pandas"]["seconds"]
    ratios = ", ".join(f"{name} {steps[name]['seconds'] / plain:.1f}" for name in ("check", "train", "score"))
    return [
        f"{part['n']:,} made-up pupils on roll at a time, {part['years']} school years: {sum(part['rows'].values()):,} rows, "
        f"{part['rows']['attendance']:,} of them marks, in {part['megabytes']:,.0f} MB of CSV; {part['scored']:,} pupils scored, "
        "with every reason and a report. No target was set. Each step is a process of its own that reads the files anew.",
        "",
        *_table(["step", "seconds", "processor seconds", "peak memory, MB", "rows", "rows a second"], rows),
        "",
        "For comparison, in the same run: `pandas.read_csv` with its defaults on the marks alone, which checks nothing. "
        f"Times its seconds: {ratios}.",
        "",
    ]


def _fresh(part: Part) -> list[str]:
    rows, short = [], []
    near = [way for way, told in part["ways"].items() if not told["downloads_told"]]
    for way, target in (("uv", UV_TARGET), ("pip", PIP_TARGET)):
        told = part["ways"].get(way)
        if told is None:
            rows.append([way, *["not measured"] * 3, f"{target}", ""])
            continue
        whole = told["clone_seconds"] + told["demo_seconds"]
        reached = whole < target and told["report"]
        short += [] if reached else [f"with {way} by {whole - target:.0f} s" if told["report"] else f"with {way}: no report was left"]
        rows.append(
            [way, f"{whole:.0f}", f"{told['again_seconds']:.0f}", f"{told['venv_mb']:,}", f"{target}", "reached" if reached else "missed"]
        )
    return [
        "`git clone`, then `make demo`: packages fetched and installed with nothing in any cache, 2,000 pupils simulated, checked, "
        "scored and reported. The second `make demo` finds the environment made. One try each.",
        "", *_table(["installer", "seconds", "again, seconds", "installed, MB", "target, seconds", ""], rows), "",
        *([f"Missed {'; '.join(short)}.", ""] if short else []),
        *([f"Here {_and(near)} told of no download: the packages lay at hand. A slow line adds its time.", ""] if near else []),
    ]  # fmt: skip


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _circumstances(part: Part) -> str:
    machine, versions = part["machine"], part["versions"]
    memory = f", {machine['memory_gb']:.0f} GB" if machine["memory_gb"] else ""
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"Measured on {part['date']}, commit {part['commit']}: `{part['command']}`. {machine['cores']} cores of {machine['processor']}"
        f"{memory}, {machine['system']}, load {machine['load_at_start']} at the start. {packages}.\n"
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table; all columns but the first are numbers."""
    return [_row(heads), _row(["---", *["---:"] * (len(heads) - 1)]), *(_row(row) for row in rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
