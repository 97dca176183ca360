"""What the validation's page and the card say of a validation: each split as finished phrases, tables and plots for the template."""

from __future__ import annotations

from typing import Any

from eswarn import words
from eswarn.report import phrases, plots
from eswarn.report.told import Arbitrariness, Calibration, Estimate, Groups, Lead, Rule, Split, Validation
from eswarn.report.validation_english import TEXT

COUNTS = ("rows", "pupils", "schools", "dates", "leavers", "leaver_rows", "not_scored", "unknown", "gone")
LISTS = ("together", "each")
RATES = ("recall", "false_alarms", "precision", "observed_over_expected")
Table = list[list[str]]


def splits(told: Validation) -> list[dict[str, Any]]:
    """Every split of a validation, ready for the template."""
    return [_split(told, split, f"split-{number}") for number, split in enumerate(told.splits, 1)]


def _split(told: Validation, split: Split, name: str) -> dict[str, Any]:
    label = told.label or (TEXT["red"] if split.split == "random" else "")
    places = phrases.main_places(told, split)
    return {
        "id": name,
        "title": TEXT.get(f"split_{split.split}", split.split),
        "says": "" if split.says == label else split.says,
        "label": label,
        "tested": _tested(told, split),
        "figures": [[f.says or f.name, phrases.figure(f), f.note if f.known else ""] for f in split.figures],
        "rules": _rules(split, places),
        "other_places": _other_places(split, places),
        "curves": _curves(split, name, places),
        "calibration": _calibration(split.calibration, name) if split.calibration else None,
        "lead": _lead(split.lead) if split.lead else None,
        "unknown": phrases.count(split.n.get("unknown")),
        "twice": [[t.says, phrases.interval(t.recall, of_shares=True), phrases.interval(t.auc)] for t in split.twice],
        "groups": _groups(split.groups, name) if split.groups else None,
        "arbitrariness": _arbitrariness(split.arbitrariness) if split.arbitrariness else None,
    }


def _tested(told: Validation, split: Split) -> Table:
    """Without these no figure is admitted: dates, horizon, split, places, how many, leavers, intervals."""
    about, n = told.about, split.n
    rows = [[TEXT["folds"], "; ".join(split.folds) or TEXT["not_told"]], [TEXT["horizon"], about.horizon or TEXT["not_told"]]]
    places = TEXT["not_told"] if about.places is None else TEXT["each_school"].format(places=phrases.places(about.places))
    rows += [[TEXT["places"], places], *([TEXT[f"n_{key}"], phrases.count(n.get(key))] for key in COUNTS)]
    draws = TEXT["not_told"] if about.draws is None else TEXT["draws_are"].format(draws=words.number(about.draws))
    untold = dict.fromkeys(f.note for f in split.figures if f.note and not f.known and f.low is not None)
    return [*rows, [TEXT["draws"], draws], *([TEXT["untold_for"], why] for why in untold)]


def _rules(split: Split, places: float | None) -> list[dict[str, Any]]:
    """One table for each kind of list, the rule that reaches most first."""
    found = []
    for kind in LISTS:
        if not any(rule.reach.get(kind) for rule in split.rules):
            continue

        def reached(rule: Rule, kind: str = kind) -> float:
            estimate = phrases.at(rule.reach, kind, places)
            return -1.0 if estimate is None or estimate.value is None else estimate.value

        columns = [TEXT[key] for key in ("rule", "reach", "difference", "shown", "auc", "needed")]
        at = "" if places is None else ", " + TEXT["rules_at"].format(places=phrases.places(places))
        rows = [(rule, _named(rule), _beside(rule, kind, places)) for rule in sorted(split.rules, key=reached, reverse=True)]
        found.append({"caption": f"{TEXT[kind]}{at}", "columns": columns, "rows": rows})
    return found


def _named(rule: Rule) -> str:
    if rule.named is None:
        return ""
    return TEXT["named"].format(
        pupils=phrases.share(rule.named.pupils), reach=phrases.share(rule.named.reach), model=phrases.share(rule.named.reach_of_the_model)
    )


def _beside(rule: Rule, kind: str, places: float | None) -> list[str]:
    reach, gap = phrases.at(rule.reach, kind, places), phrases.at(rule.difference, kind, places)
    return [
        phrases.interval(reach, of_shares=True), phrases.difference(gap), phrases.beaten(gap), phrases.interval(rule.auc),
        phrases.needed(rule.places_needed),
    ]  # fmt: skip


def _other_places(split: Split, places: float | None) -> dict[str, Any]:
    kind = next((kind for kind in LISTS if any(rule.difference.get(kind) for rule in split.rules)), "")
    others = [share for share in split.shares if share != places]
    columns = [TEXT["rule"], *(phrases.places(share) for share in others)]
    rows = [[rule.name, *(phrases.difference(phrases.at(rule.difference, kind, share)) for share in others)] for rule in split.rules]
    return {"caption": f"{TEXT['other_places']}: {TEXT[kind]}", "columns": columns, "rows": rows} if others and kind else {"rows": []}


def _curves(split: Split, name: str, places: float | None) -> dict[str, Any] | None:
    curves = split.curves
    plot = plots.reach_plot(curves, name=f"{name}-reach", places=places)
    if not plot:
        return None
    shown = phrases.some(curves.places, tuple(split.shares))
    rows = [
        [TEXT["model"] if key == plots.MODEL else key, *(phrases.share(line[i] if i < len(line) else None) for i in shown)]
        for key, line in curves.lines.items()
    ]
    return {"plot": plot, "columns": [TEXT["list"], *(words.share(curves.places[i]) for i in shown)], "rows": rows}


def _calibration(told: Calibration, name: str) -> dict[str, Any]:
    rows = []
    for b in told.bins:
        left = phrases.fine(b.left)
        if b.left is not None and b.low is not None and b.high is not None:
            left = TEXT["interval"].format(value=left, low=phrases.fine(b.low), high=phrases.fine(b.high))
        rows.append([phrases.fine(b.risk), phrases.count(b.n), left])
    says = TEXT["ece"].format(ece=phrases.decimal(told.ece), null=phrases.decimal(told.ece_null), high=phrases.decimal(told.ece_null_95))
    return {"plot": plots.calibration_plot(told.bins, name=f"{name}-calibration"), "rows": rows, "says": says}


def _lead(told: Lead) -> list[str]:
    half = TEXT["lead_none"] if told.median_weeks == 0 else TEXT["lead_half"].format(median=phrases.weeks(told.median_weeks))
    early = TEXT["lead_early"].format(six=phrases.share(told.share_6), twelve=phrases.share(told.share_12))
    cost = TEXT["not_told"] if told.weeks_per_leaver is None else words.number(told.weeks_per_leaver)
    return [half, early, TEXT["lead_cost"].format(weeks=cost)]


def _groups(told: Groups, name: str) -> dict[str, Any]:
    columns = [TEXT[key] for key in ("group", "n", "leavers", *RATES, "verdict")]
    rows = [
        [
            row.named, phrases.count(row.n), phrases.count(row.leavers),
            *(phrases.interval(getattr(row, rate), of_shares=rate != "observed_over_expected") for rate in RATES), row.verdict,
        ] for row in told.rows
    ]  # fmt: skip
    drawn = [
        (TEXT[rate], plots.group_plot(told.rows, rate, name=f"{name}-{rate}", overall=told.overall.get(rate)))
        for rate in ("recall", "false_alarms")
    ]
    hidden = [] if told.least is None else [TEXT["groups_hidden"].format(least=told.least)]
    says = TEXT["groups_read"].format(margin=TEXT["not_told"] if told.margin is None else f"{told.margin:g}")
    return {
        "says": says, "plots": drawn, "columns": columns, "rows": rows, "notes": [*hidden, *told.notes],
        "proxies": [
            [f"{one.group} ({one.division})", phrases.interval(Estimate(value=one.auc, low=one.low, high=one.high))] for one in told.proxies
        ],
        "remedies_for": TEXT["remedies_for"].format(division=told.steered),
        "remedies": [
            [
                one.remedy, phrases.share(one.largest_gap), phrases.share(one.recall),
                phrases.difference(Estimate(value=one.cost, low=one.cost_low, high=one.cost_high)),
            ] for one in told.remedies
        ],
    }  # fmt: skip


def _arbitrariness(told: Arbitrariness) -> dict[str, Any]:
    def of_hundred(value: float | None) -> str:
        return TEXT["not_told"] if value is None else words.number(round(100 * value))

    rows = [
        [TEXT["refits"], phrases.count(told.models)], [TEXT["drawn"], told.drawn or TEXT["not_told"]],
        [TEXT["overlap"], phrases.share(told.overlap)], [TEXT["always"], of_hundred(told.always)],
        [TEXT["ever"], of_hundred(told.ever)], [TEXT["flipped"], phrases.share(told.flipped)],
    ]  # fmt: skip
    return {"says": told.says, "rows": rows}
