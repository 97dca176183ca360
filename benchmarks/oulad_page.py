"""What docs/figures.md says of real learners followed day by day: BBB-2013B learned from, BBB-2013J scored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

DAYS = (14, 28, 56, 84, 112)
RULE = (0.575, 0.569, 0.595, 0.575, 0.593)  # AUC of "days since last activity", measured before this project began
ECE_BAR, ECE_BAR_FROM = 0.05, 56
BARS = [
    f"Bar, written down beforehand: AUC of the rule or better on every day ({', '.join(f'{auc:.3f}' for auc in RULE)} on days "
    f"{', '.join(map(str, DAYS))}), and above it only where the paired interval says so; ECE at most {ECE_BAR} from day {ECE_BAR_FROM} on, "
    f"and on days before that once the intercept is taken out.",
    "",
]
METRICS = {
    "auc": "AUC", "average_precision": "Average precision (chance level: the base rate)",
    "recall": "Recall at 10 % of places: share of the leavers among those listed",
    "precision": "Precision at 10 % of places: share of leavers among those listed", "ece": "ECE, ten bins of equal width",
    "ece_by_luck": "ECE by luck alone, were every chance right (median of 1,000)",
    "ece_by_luck_95": "ECE by luck alone, 95 % point",
    "ece_without_intercept": "ECE once the intercept is taken out, which needs the outcomes",
    "observed_over_expected": "Leavers observed over expected (O/E)", "slope": "Calibration slope",
}  # fmt: skip
ABOUT = """\
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


def oulad_section(part: dict[str, Any]) -> list[str]:
    """Lines of the page of figures.

    Parameters
    ----------
    part : dict
        What benchmarks/oulad_run.py writes.
    """
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
    gaps = [
        [f"{name}, {what}", *(_gap(day["against_rule"][name][key]) for day in days)]
        for name in (*part["variants"], "LightGBM")
        for key, what in (("auc", "AUC"), ("recall", "recall"))
    ]
    return [
        *BARS, ABOUT, *_table(heads, about), "",
        *(line for metric, said in METRICS.items() for line in _metric(part, metric, said, heads)),
        "### Less the rule, on the same learners", "",
        f"With its 95 % interval: {part['draws']:,} draws of learners with replacement, the same for both (seed {part['seed']}).", "",
        *_table(heads, gaps), "",
        "### What was tried, within BBB-2013B alone", "",
        "Five folds by learner; the curve of each fold is cross-fitted inside it. AUC by day, ECE in brackets, and the mean AUC.", "",
        *_table([*heads, "mean"], _tried(part["inner"])), "", _chosen(part["inner"]), "",
        "### What this shows, and what fell short", "", *_findings(part), "",
    ]  # fmt: skip


def _metric(part: dict[str, Any], metric: str, said: str, heads: Sequence[str]) -> list[str]:
    days = part["days"]
    rows = [
        [name, *(_number(day["figures"][name], metric) for day in days)]
        for name in ("rule", "LightGBM", *part["variants"])
        if metric in days[0]["figures"][name]
    ]
    rows += [[f"reference: {who}", *(f"{v:.3f}" for v in values)] for who, values in part["reference"].get(metric, {}).items()]
    return [f"### {said}", "", *_table(heads, rows), ""]


def _number(figures: dict[str, float], metric: str) -> str:
    between = f" ({figures['auc_low']:.3f} to {figures['auc_high']:.3f})" if metric == "auc" else ""
    return f"{figures[metric]:.3f}{between}"


def _tried(inner: dict[str, Any]) -> list[list[str]]:
    rows = []
    for name, told in inner.items():
        errors = [f" ({error:.3f})" for error in told["ece"]] if "ece" in told else [""] * len(told["auc"])
        cells = [f"{auc:.3f}{error}" for auc, error in zip(told["auc"], errors, strict=True)]
        rows.append([name, *cells, f"{_mean(told['auc']):.3f}"])
    return rows


def _chosen(inner: dict[str, Any]) -> str:
    best = max(inner, key=lambda name: _mean(inner[name]["auc"]))
    if best == "eswarn":
        return 'The highest mean is that of the row "eswarn": the defaults, which the bars below are judged by.'
    behind = _mean(inner[best]["auc"]) - _mean(inner["eswarn"]["auc"])
    return f'The highest mean is that of "{best}", by {behind:.3f}; the bars below are judged by "eswarn", the defaults, all the same.'


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _findings(part: dict[str, Any]) -> list[str]:
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
    below = [
        str(d["day"]) for d, rule in zip(days, RULE, strict=True) if d["figures"]["eswarn"]["auc"] < max(rule, d["figures"]["rule"]["auc"])
    ]
    lines.append("- Bar: the rule's AUC on every day. " + (f"Missed on day {_and(below)}." if below else "Reached."))
    lines.append(f"- Bar: ECE at most {ECE_BAR} from day {ECE_BAR_FROM} on. " + _over(part, "ece", late=True))
    lines.append(
        f"- Bar: ECE at most {ECE_BAR} before day {ECE_BAR_FROM}, the intercept taken out. " + _over(part, "ece_without_intercept")
    )
    expected = ", ".join(f"{d['figures']['eswarn']['observed_over_expected']:.2f}" for d in days)
    drift = ", ".join(f"{d['base_rate'] / d['base_rate_trained_on']:.2f}" for d in days)
    lines.append(
        f"- Observed over expected: {expected}. Base rate of BBB-2013J over that of BBB-2013B: {drift}. A model of the first cannot know "
        "that fewer will leave the second, and no cohort between the two is there to correct it."
    )
    for name in part["variants"]:
        low = [str(d["day"]) for d in days if d["figures"][name]["auc"] < d["figures"]["rule"]["auc"]]
        if name != "eswarn":
            lines.append(f"- The AUC of {name} is {f'below the rule on day {_and(low)}' if low else 'never below the rule'}.")
    return [*lines, f"- {part['learners_in_both']} learners are in both presentations; they were not taken out of either."]


def _over(part: dict[str, Any], metric: str, *, late: bool = False) -> str:
    """On which days eswarn's ECE is above the bar: the late days, or those before them."""
    told = [(d["day"], d["figures"]["eswarn"][metric]) for d in part["days"] if (d["day"] >= ECE_BAR_FROM) == late]
    over = [f"{day} ({error:.3f})" for day, error in told if error > ECE_BAR]
    return f"Missed on day {_and(over)}." if over else "Reached."


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _gap(gap: dict[str, Any]) -> str:
    return f"{gap['value']:+.3f} ({gap['low']:+.3f} to {gap['high']:+.3f}), {gap['said']}".replace("-", "−")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table; all columns but the first are numbers."""
    return [f"| {' | '.join(cells)} |" for cells in (heads, ["---", *["---:"] * (len(heads) - 1)], *rows)]
