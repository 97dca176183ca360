"""The section of docs/figures.md on a validation of simulated schools: written from figures.json, and from nothing else."""

from __future__ import annotations

from typing import Any

ROOM = 0.01  # of AUC below the best possible
NAMES = (
    "auc",
    "auc_within_schools",
    "brier_skill",
    "observed_over_expected",
    "slope",
    "recall_5_each",
    "recall_5_together",
    "precision_5_each",
)
RULES = "| rule | leavers reached at 5 % of places over all schools | the model's lead, points | places needed to reach as many |"
REMEDIES = "| remedy | largest gap in recall | recall | recall lost (95 % interval) |"


def validation_section(part: dict[str, Any]) -> list[str]:
    """The lines below the heading."""
    lines = [
        f"{part['pupils']:,} simulated pupils on roll at a time, {part['years']} school years: learned from earlier cohorts, tested "
        f"on a year held out. Simulated schools are not real ones. `eswarn validate` took {part['seconds']:.0f} s and {part['peak_mb']:,} "
        f"MB, the simulation included, with {part['about']['refits']} refits and {part['about']['draws']:,} bootstrap draws.",
        "",
        *(f"- {answer['question']} {answer['says']}" for answer in part["answers"]),
        "",
    ]
    for split in part["splits"]:
        lines += _split(split)
    return lines


def _split(split: dict[str, Any]) -> list[str]:
    n, best, chance, lead = split["n"], split["best"], split["calibration"], split["lead"]
    short = best["auc_true_chance"] - best["auc_model"]
    reached = "Reached" if short <= ROOM else f"Missed by {short - ROOM:.3f}"
    figures = {figure["name"]: figure for figure in split["figures"]}
    lines = [
        f"### {split['split'].capitalize()}", "",
        f"{'; '.join(split['folds'])}. {n['pupils']:,} pupils of {n['schools']} schools, {n['leavers']:,} leavers; "
        f"{n['not_scored']:,} rows could not be scored.",
        "",
        f"Target: AUC within {ROOM} of the best possible, that of the true chance on the same rows: {best['auc_true_chance']:.3f}; the "
        f"model {best['auc_model']:.3f}. {reached}. At 5 % of places the true chance reaches {best['reach_true_chance']:.1%} of the "
        f"leavers, the model {best['reach_model']:.1%}.",
        "", "| figure | value (95 % interval) |", "|---|---|",
        *(f"| {figures[name]['says']} | {_told(figures[name], percent=False)} |" for name in NAMES),
        f"| ECE, ten bins of equal mass; by luck, median and 95 % | {chance['ece']:.4f}; {chance['ece_null']:.4f}, "
        f"{chance['ece_null_95']:.4f} |",
        f"| lead time of all leavers: median school weeks; share with 6, with 12 | {lead['median_weeks']:.0f}; "
        f"{lead['share_6']:.0%}, {lead['share_12']:.0%} |",
        "", RULES, "|---|---|---|---|", *map(_rule, split["rules"]), "",
    ]  # fmt: skip
    if "arbitrariness" in split:
        luck = split["arbitrariness"]
        lines += [f"Arbitrariness: {luck['says']}."]
        if luck.get("unmarked") is not None:
            missed = f"{luck['unmarked']:.1%} would not have been marked"
            lines += [f"Of the listed whose place changes in a tenth of the refits, {missed} when they were scored; target 0."]
        lines += [""]
    if split["verdicts"]:
        told = ", ".join(f"{verdict}: {n}" for verdict, n in split["verdicts"].items())
        lines += [f"Groups, on the list of the latest day, by comparison ([c] is hidden): {told}.", ""]
    if split["remedies"]:
        lines += [
            f"Remedies for {split['steered']}, none applied:",
            "",
            REMEDIES,
            "|---|---|---|---|",
            *map(_remedy, split["remedies"]),
            "",
        ]
    return lines


def _rule(rule: dict[str, Any]) -> str:
    needed = "never" if rule["places_needed"] is None else f"{rule['places_needed']:.1f} times"
    lacks = f" (lacks {', '.join(rule['lacks'])})" if rule["lacks"] else ""
    lead = rule["difference"]
    shown = "" if lead["told"] != "interval" or lead["low"] is None or lead["low"] > 0 else ", not shown to beat it"
    return f"| {rule['name']}{lacks} | {_told(rule['reach'])} | {_told(lead)}{shown} | {needed} |"


def _remedy(row: dict[str, Any]) -> str:
    low, high = row["cost_low"], row["cost_high"]
    interval = "" if low is None else f" ({100 * low:.1f} to {100 * high:.1f} points)"
    gap = "[c]" if row["largest_gap"] is None else f"{row['largest_gap']:.1%}"
    return f"| {row['remedy']} | {gap} | {row['recall']:.1%} | {100 * row['cost']:.1f}{interval} |"


def _told(estimate: dict[str, Any], *, percent: bool = True) -> str:
    if estimate["value"] is None:
        return "not defined"
    by, places = (100, 1) if percent else (1, 3)
    told = f"{by * estimate['value']:.{places}f}"
    if estimate["low"] is not None:
        told += f" ({by * estimate['low']:.{places}f} to {by * estimate['high']:.{places}f})"
    return told + (", cannot tell" if estimate["told"] == "cannot tell" else "")
