"""Writes the page of figures from what docs/figures.json holds, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.calibration_page import calibration
from benchmarks.explanations_page import explanations
from benchmarks.leaks_page import leaks_section
from benchmarks.national_page import national
from benchmarks.truth_page import truth_section

Part = Mapping[str, Any]
IMPORT_TARGET, UV_TARGET, PIP_TARGET = 0.1, 60, 180  # seconds
ECE_BAR, ECE_BAR_FROM = 0.05, 56
METRICS = {
    "auc": "AUC", "average_precision": "Average precision (chance level: the base rate)",
    "recall": "Recall at 10 % of places: share of the leavers among those listed", "ece": "ECE, ten bins of equal width",
    "observed_over_expected": "Leavers observed over expected (O/E)",
}  # fmt: skip
HEAD = """\
# Figures

<!-- Written by `make figures` from docs/figures.json; a test keeps the two in step. -->

Each part names its command, its date and the machine, and its target, which was written down before anything was measured.
What was not measured says so; it is never counted as reached. Timings move with the machine and with what else runs on
it: compare steps within one run rather than runs. To measure again: `make figures`, with `ARGS="--data FOLDER"` for the
part on real learners and `ARGS="--fresh"` for the one that starts from a clone.
"""
OULAD = """\
Train on BBB-2013B, score BBB-2013J on five days, with the command line (`eswarn check`, `train`, `features`, `score`) and
[configs/oulad-2013b.toml](../configs/oulad-2013b.toml). A learner counts as a leaver who unregisters after the day and
before the end of the presentation. One model learns from the five days together; its calibration is cross-fitted by
learner. Nothing was tuned on BBB-2013J.

- **Rule**: days since last activity, over the days before the as-of day (never active: longest ago).
- **LightGBM**: library defaults (`random_state` 0), on the very table that `eswarn features` writes.
- **eswarn without marks**: assessments count as handed in, but how good they were is not used. The data set gives no day of
  marking, so the marks in the first row are used from the day of handing in, which is earlier than anybody knew them.
- **eswarn on activity only**: without assessments and without the registration date.
- **Reference**: an earlier measurement of the project from clicks alone, November 2026. Its learners and days are the same; one
  learner with a final result of "Fail" unregistered on day 166, and is a leaver here and a stayer there.

Source: Kuzilek, Hlosta, Zdrahal, *Open University Learning Analytics dataset*, Scientific Data 4:170171 (2017), CC BY 4.0,
made into tables by [benchmarks/oulad.py](../benchmarks/oulad.py), which says what it leaves out. The data is not part of this project.
"""


def page(figures: Mapping[str, Part]) -> str:
    """The whole page.

    Parameters
    ----------
    figures : mapping
        What docs/figures.json holds: the parts import, scale, explanations, truth, national, calibration, leaks, fresh and oulad.
    """
    sections = (("Import", "import", _import), ("Speed and memory", "scale", _scale),
                ("Explanations", "explanations", lambda part: explanations(part, _table)),
                ("Causes named", "truth", truth_section),
                ("Features of a country", "national", lambda part: national(part, _table)),
                ("Simulated schools beside published figures", "calibration", lambda part: calibration(part, _table)),
                ("Leaks caught", "leaks", leaks_section),
                ("From a fresh clone to a report", "fresh", _fresh), ("Real learners", "oulad", _oulad))  # fmt: skip
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


def _oulad(part: Part) -> list[str]:
    days = part["days"]
    heads = ["day", *(str(day["day"]) for day in days)]
    about = [
        ["enrolled (n)", *(f"{day['n']:,}" for day in days)],
        ["left later", *(str(day["leavers"]) for day in days)],
        ["base rate", *(f"{day['base_rate']:.3f}" for day in days)],
        ["base rate in BBB-2013B on that day", *(f"{day['base_rate_trained_on']:.3f}" for day in days)],
        ["not scored by eswarn (leavers among them)", *(f"{day['not_scored']} ({day['leavers_not_scored']})" for day in days)],
        ["neither scored nor listed as not scored", *(str(day["without_answer"]) for day in days)],
        ["outcome not known", *(str(day["outcome_not_known"]) for day in days)],
    ]
    lines = [OULAD, *_table(heads, about), ""]
    for metric, said in METRICS.items():
        names = [name for name in ("rule", "LightGBM", *part["variants"]) if metric in days[0]["figures"][name]]
        rows = [[name, *(f"{day['figures'][name][metric]:.3f}" for day in days)] for name in names]
        rows += [[f"reference: {who}", *(f"{v:.3f}" for v in values)] for who, values in part["reference"].get(metric, {}).items()]
        lines += [f"### {said}", "", *_table(heads, rows), ""]
    gaps = [
        [f"{name}, {what}", *(_gap(day["against_rule"][name][key]) for day in days)]
        for name in ("eswarn", "LightGBM")
        for key, what in (("auc", "AUC"), ("recall", "recall"))
    ]
    return [
        *lines,
        "### Less the rule, on the same learners",
        "",
        f"With its 95 % interval: {part['draws']:,} draws of learners with replacement, the same for both (seed {part['seed']}).",
        "",
        *_table(heads, gaps),
        "",
        "### What this shows, and what fell short",
        "",
        *_findings(part),
        "",
    ]


def _findings(part: Part) -> list[str]:
    days = part["days"]
    lines = []
    for key, what in (("auc", "AUC"), ("recall", "Recall at 10 %")):
        for rival, found in (("the rule", "against_rule"), ("LightGBM", "against_LightGBM")):
            said = {
                word: [str(d["day"]) for d in days if d[found]["eswarn"][key]["said"] == word]
                for word in ("better", "worse", "not shown to beat")
            }
            lines.append(
                f"- {what}, eswarn beside {rival}: " + "; ".join(f"{word} on day {_and(on)}" for word, on in said.items() if on) + "."
            )
    below = [str(d["day"]) for d in days if d["figures"]["eswarn"]["auc"] < d["figures"]["rule"]["auc"]]
    lines.append("- Bar: the rule's AUC on every day. " + (f"Missed on day {_and(below)}." if below else "Reached."))
    over = [
        f"{d['day']} ({d['figures']['eswarn']['ece']:.3f})"
        for d in days
        if d["day"] >= ECE_BAR_FROM and d["figures"]["eswarn"]["ece"] > ECE_BAR
    ]
    lines.append(f"- Bar: ECE at most {ECE_BAR} from day {ECE_BAR_FROM} on. " + (f"Missed on day {_and(over)}." if over else "Reached."))
    expected = ", ".join(f"{d['figures']['eswarn']['observed_over_expected']:.2f}" for d in days)
    drift = ", ".join(f"{d['base_rate'] / d['base_rate_trained_on']:.2f}" for d in days)
    low = [str(d["day"]) for d in days if d["figures"]["eswarn on activity only"]["auc"] < d["figures"]["rule"]["auc"]]
    lines += [
        f"- Observed over expected: {expected}. Base rate of BBB-2013J over that of BBB-2013B: {drift}. A model of the first cannot know "
        "that fewer will leave the second, and no cohort between the two is there to correct it.",
        f"- On activity only, eswarn's AUC is {f'below the rule on day {_and(low)}' if low else 'never below the rule'}.",
        f"- {part['learners_in_both']} learners are in both presentations; they were not taken out of either.",
    ]
    return lines


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _gap(gap: Part) -> str:
    return f"{gap['value']:+.3f} ({gap['low']:+.3f} to {gap['high']:+.3f}), {gap['said']}".replace("-", "−")


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
