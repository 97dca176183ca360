"""What a model's card says to people: from the card within the model, its validation and an audit; aggregates only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any

from eswarn import words
from eswarn.errors import UsageError, nearest
from eswarn.report import phrases
from eswarn.report.card_english import TEXT
from eswarn.report.told import Split, Validation, checked
from eswarn.report.told_card import AuditTold, Card
from eswarn.report.transparency_english import AI_ACT, AI_ACT_VERSION, ATRS, ATRS_VERSION, OWNERS, Field
from eswarn.report.validation_english import TEXT as MEASURED

FORMAT = 1
LIMITS = ("limit_decide", "limit_schools", "limit_horizon", "limit_records", "limit_places")
CONTEST = ("contest_1", "contest_2", "contest_3", "contest_4", "contest_5")
# How the names of those figures begin that a field of a public record holds.
HEADLINE = ("auc", "recall", "precision", "brier", "slope", "oe", "o_e", "observed")
Facts = Mapping[str, str | None]


def card_contents(
    card: Mapping[str, Any], model_id: str, *, audit: Mapping[str, Any] | None = None, owners: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The model card as plain data.

    Parameters
    ----------
    card : mapping
        The card within the model, with ``validation`` where there is one.
    model_id : str
        Of the model.
    audit : mapping, optional
        The content of an ``audit.json`` of a run of this model.
    owners : mapping of str to str, optional
        Role to person: who fills the fields that the run cannot.

    Raises
    ------
    InputRefused
        The card, its validation or the audit cannot be read.
    UsageError
        A role is not one of those that fields are assigned to.
    """
    told = checked(Card, card, name="the card of the model")
    found = None if audit is None else checked(AuditTold, audit, name="the audit")
    named = _owners(owners or {})
    facts = _facts(told, model_id)
    return {
        "eswarn_model_card": FORMAT, "model_id": model_id, "eswarn": told.eswarn, "purpose": told.purpose,
        "limits": [TEXT[key].format(cohort=told.cohort.said, horizon=told.cohort.horizon) for key in LIMITS],
        "cohort": _cohort(told), "features": _features(told), "protected": facts["protected"],
        "validation": told.validated.model_dump(mode="json") if told.validated else None,  # nothing but what is known to be of no pupil
        "validated": told.validated is not None, "not_validated": "" if told.validated else _why_not(told),
        "explanations": facts["explanations"], "audit": _audit(found),
        "contest": [TEXT[key].format(owner=_owner("senior responsible owner", named)) for key in CONTEST],
        "owners": [{"role": role, "task": task, "name": named[role]} for role, task in OWNERS.items()],
        "atrs": _record(ATRS, ATRS_VERSION, facts, named), "ai_act": _record(AI_ACT, AI_ACT_VERSION, facts, named),
    }  # fmt: skip


def _owners(given: Mapping[str, str]) -> dict[str, str]:
    for role in given:
        if role not in OWNERS:
            raise UsageError(f'no field is assigned to "{role}"', where="owners", do=nearest(role, OWNERS))
    return {role: given.get(role, "") for role in OWNERS}


def _owner(role: str, named: Mapping[str, str]) -> str:
    return f"{role} ({named[role]})" if named[role] else role


def _cohort(told: Card) -> list[list[str]]:
    cohort = told.cohort
    rows = [
        ["c_said", cohort.said], ["c_as_of", ", ".join(cohort.as_of) or TEXT["untold"]], ["c_horizon", cohort.horizon],
        ["c_leaving", _leaving(told)], ["c_rows", words.number(cohort.rows)], ["c_leavers", words.number(cohort.leavers)],
        ["c_leaver_rows", words.number(cohort.leaver_rows)], ["c_base_rate", phrases.fine(cohort.base_rate)],
        ["c_not_labelled_rows", words.number(cohort.not_labelled_rows)],
        ["c_unknown_destination_rows", words.number(cohort.unknown_destination_rows)],
    ]  # fmt: skip
    unscored = [[TEXT["c_could_not"].format(reason=reason), words.number(n)] for reason, n in cohort.could_not_be_scored_rows.items()]
    last = [["c_digest", told.data_digest], ["c_model", _size(told)], ["c_calibration", _calibrated(told)], ["c_software", _software(told)]]
    return [*([TEXT[key], value] for key, value in rows), *unscored, *([TEXT[key], value] for key, value in last)]


def _features(told: Card) -> list[dict[str, Any]]:
    reasons = told.config.get("features", {}).get("protected", {})
    return [
        {
            "column": f.column, "theme": f.theme, "says": f.says.replace("{value}", "…").replace("{window}", TEXT["window"]),
            "silent": f.silent.replace("{window}", TEXT["window"]), "direction": TEXT.get(f.more_is, f.more_is),
            "actionable": f.actionable, "protected": f.protected,
            "role": TEXT["because"].format(reason=_reason(f.column, reasons)) if f.protected
            else TEXT["actionable"] if f.actionable else TEXT["context"],
        } for f in told.features
    ]  # fmt: skip


def _reason(column: str, reasons: Mapping[str, Any]) -> str:
    return str(reasons.get(column) or TEXT["no_reason"])


def _audit(found: AuditTold | None) -> dict[str, Any]:
    if found is None:
        return {"made": False, "says": TEXT["audit_none"], "checks": []}
    checks = [{"code": check.code, "title": check.title, "result": check.result} for check in found.checks]
    return {"made": True, "says": TEXT["audit_passed" if found.passed else "audit_failed"], "about": dict(found.about), "checks": checks}


def _record(record: Mapping[str, Iterable[Field]], version: str, facts: Facts, named: Mapping[str, str]) -> dict[str, Any]:
    """Every field of a public record with what the run says, who is to fill or confirm it, and how many there are of each."""
    filled = {title: [_field(field, facts, named) for field in fields] for title, fields in record.items()}
    every = [field for fields in filled.values() for field in fields]
    sections = [{"title": title, "fields": fields} for title, fields in filled.items()]
    counts = {
        "fields": len(every), "filled": sum(bool(f["text"]) for f in every), "shared": sum(bool(f["text"] and f["owner"]) for f in every),
        "owned": sum(bool(f["owner"] and not f["text"]) for f in every), "blank": sum(not (f["text"] or f["owner"]) for f in every),
    }  # fmt: skip
    return {"version": version, **counts, "says": TEXT["coverage"].format(version=version, **counts), "sections": sections}


def _field(field: Field, facts: Facts, named: Mapping[str, str]) -> dict[str, str]:
    """A field is filled only if every fact in it is known; what is not falls to its owner, or else to the provider."""
    asked = [name for _, name, _, _ in Formatter().parse(field.text) if name]
    text = field.text.format(**facts).strip() if all(facts[name] is not None for name in asked) else ""
    role = field.owner or ("" if text else "provider")
    return {"number": field.number, "name": field.name, "text": text, "owner": _owner(role, named) if role else ""}


def _facts(told: Card, model_id: str) -> dict[str, str | None]:
    """What the fields of public records may hold; None where the run does not say."""
    cohort, score = told.cohort, told.config.get("score", {})
    reasons = told.config.get("features", {}).get("protected", {})
    used = [f"{f.column} ({_reason(f.column, reasons)})" for f in told.features if f.protected]
    protected = TEXT["protected_some"].format(reasons="; ".join(used)) if used else TEXT["protected_none"]
    limits = " ".join(TEXT[key].format(cohort=cohort.said, horizon=cohort.horizon) for key in LIMITS)
    places = score.get("places")
    explained = {key: _word(told.explanations.get(name)) for key, name in
                 (("method", "method"), ("rows", "reference_rows"), ("refits", "refits"))}  # fmt: skip
    completeness = TEXT["completeness"].format(
        unlabelled=words.number(cohort.not_labelled_rows), unknown=words.number(cohort.unknown_destination_rows),
        unscored=words.number(sum(cohort.could_not_be_scored_rows.values())),
    )  # fmt: skip
    return {
        "model_id": model_id[:12], "eswarn": told.eswarn, "purpose": told.purpose, "n_features": str(len(told.features)),
        "model_size": _size(told), "calibration": _calibrated(told), "software": _software(told), "data_digest": told.data_digest[:12],
        "places": phrases.places(places) if isinstance(places, (int, float)) and places > 0 else TEXT["untold"],
        "reasons": _word(score.get("reasons")), "up_to_year": _word(told.config.get("cohort", {}).get("up_to_year")),
        "leaving": _leaving(told), "horizon": cohort.horizon, "cohort": cohort.said, "rows": words.number(cohort.rows),
        "pupils": words.number(cohort.pupils), "schools": words.number(cohort.schools), "dates": str(len(cohort.as_of)),
        "leavers": words.number(cohort.leavers), "leaver_rows": words.number(cohort.leaver_rows),
        "base_rate": phrases.fine(cohort.base_rate), "themes": ", ".join(sorted({f.theme for f in told.features})),
        "tables": ", ".join(sorted({t for f in told.features for t in f.needs})),
        "protected": f"{protected} {TEXT['proxies']}", "completeness": completeness, "explanations": TEXT["explained"].format(**explained),
        "human": TEXT["human"], "contest": TEXT["contested"], "scope_not": TEXT["scope_not"], "drift": TEXT["drift"], "limits": limits,
        "metrics": TEXT["metrics"], "risks": TEXT["risks"], **_measured(told.validated),
    }  # fmt: skip


def _why_not(told: Card) -> str:
    why = f" {TEXT['why_not'].format(why=told.why_not)}" if told.why_not else ""
    return TEXT["not_validated_why"] + why


def _measured(validation: Validation | None) -> dict[str, str | None]:
    """What the first split of a validation says in a sentence each; the label of a random split goes with every figure."""
    if validation is None or not validation.splits:
        none = {"benefit": None, "alternatives": None, "tested": TEXT["not_tested"], "performance": TEXT["performance_none"]}
        return {**none, "groups": TEXT["groups_none"]}
    split = validation.splits[0]
    title = MEASURED.get(f"split_{split.split}", split.split)
    label = validation.label or (MEASURED["red"] if split.split == "random" else "")
    title = f"{title} ({label})" if label else title
    recalls = {f.name: f for f in split.figures if f.name.startswith("recall")}
    recall = recalls.get("recall_in_use") or next(iter(recalls.values()), None)
    figures = "; ".join(f"{f.says or f.name} {phrases.figure(f)}" for f in split.figures if f.name.startswith(HEADLINE))
    first = next(iter(validation.answers), None)
    beats = TEXT["answered"].format(question=first.question, verdict=first.verdict, says=first.says) if first else ""
    reach = "" if recall is None else TEXT["benefit"].format(recall=f"{recall.says or recall.name}, {phrases.figure(recall)}", split=title)
    return {
        "benefit": f"{reach} {beats}".strip() or None,
        "alternatives": TEXT["alternatives"].format(rules=", ".join(rule.name for rule in split.rules)) if split.rules else None,
        "tested": TEXT["tested_on"].format(folds="; ".join(split.folds)) if split.folds else TEXT["not_tested"],
        "performance": TEXT["performance"].format(split=title, figures=figures) if figures else TEXT["performance_none"],
        "groups": _groups(split),
    }


def _groups(split: Split) -> str:
    if split.groups is None or not split.groups.rows:
        return TEXT["groups_none"]
    verdicts = Counter("shown" if row.verdict.startswith("gap") else "none" if row.verdict.startswith("no gap") else "untold"
                       for row in split.groups.rows)  # fmt: skip
    margin = TEXT["untold"] if split.groups.margin is None else f"{split.groups.margin:g}"
    return TEXT["groups"].format(margin=margin, **{key: verdicts[key] for key in ("shown", "none", "untold")})


def _word(value: object) -> str:
    return TEXT["untold"] if value is None else words.number(value) if isinstance(value, int) else str(value)


def _size(told: Card) -> str:
    return TEXT["model_size"].format(**{key: _word(told.model.get(key)) for key in ("average", "trees", "depth")})


def _calibrated(told: Card) -> str:
    return TEXT["calibrated"].format(**{key: _word(told.calibration.get(key)) for key in ("on", "method")})


def _software(told: Card) -> str:
    return ", ".join(f"{name} {version}" for name, version in told.software.items()) or TEXT["untold"]


def _leaving(told: Card) -> str:
    return ", ".join(str(code) for code in told.config.get("cohort", {}).get("leaving", ())) or TEXT["untold"]
