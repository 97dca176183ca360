"""Every fixed sentence of the model card, in British English; the fields of public records are in transparency_english.py."""

from __future__ import annotations

from collections.abc import Mapping

TEXT: Mapping[str, str] = {
    "language": "en-GB",
    "title": "Model card",
    "confidential": "Model card: figures only, no pupil is on this page",
    "subtitle": "Model {model_id}. Figures only: no pupil is on this page.",
    "skip": "Skip to the purpose",
    "contents": "On this page",
    # Purpose
    "purpose": "Purpose and limits",
    "limits": "What it is not for, and where it ends",
    "limit_decide": "It decides nothing. A place on the list is a reason to talk to a pupil, never a reason to sanction, exclude or "
    "refuse.",
    "limit_schools": "It learned from {cohort}. Elsewhere, or in other years, it has to be tested before it is used.",
    "limit_horizon": "It says who may leave early within {horizon}, not why, and not what would help.",
    "limit_records": "It knows what is in the records and nothing else. Who has too few records gets no score, and is named.",
    "limit_places": "A place on the list is no forecast: many pupils listed would have stayed, and leavers beyond the places are missed.",
    # Cohort
    "cohort": "Whom it learned from",
    "item": "Item",
    "value": "Value",
    "c_said": "Pupils",
    "c_as_of": "As-of dates",
    "c_horizon": "Horizon",
    "c_leaving": "Counts as leaving early",
    "c_rows": "Rows",
    "c_leavers": "Pupils who left early",
    "c_leaver_rows": "Rows of these",
    "c_base_rate": "Share of the rows that left early",
    "c_not_labelled_rows": "Rows left out: what happened is not known",
    "c_unknown_destination_rows": "Of these, destination unknown",
    "c_could_not": "Rows not scored: {reason}",
    "c_digest": "Digest of the records",
    "c_model": "Trees",
    "c_calibration": "Calibrated on",
    "c_software": "Software",
    "model_size": "the mean of {average} boosters of {trees} trees each, of depth {depth} at most",
    "calibrated": "{on}, {method}",
    # Features
    "features": "What it looks at",
    "features_read": "Direction: where a larger value may move the score. Actionable: whether a school can do something about it.",
    "window": "in its period",
    "column": "Feature",
    "says": "Sentence",
    "direction": "Direction",
    "role": "Role",
    "riskier": "only up",
    "safer": "only down",
    "either": "either way",
    "actionable": "actionable",
    "context": "context",
    "protected": "protected",
    "because": "protected, used because: {reason}",
    "no_reason": "no reason given",
    "protected_none": "No protected feature is used: sex, ethnicity, special needs, free school meals, care, language and area are kept "
    "for "
    "judging gaps and never reach the score.",
    "protected_some": "Protected features used, with the reason given: {reasons}.",
    "proxies": "Leaving them out is not fairness: other features may stand in for them.",
    # Validation
    "validation": "Validation",
    "not_validated": "Not validated",
    "why_not": "When it was trained, this was said: {why}.",
    "not_validated_why": "No validation is on this model's card, so nothing is known of how well it ranks pupils it has not seen, whether "
    "it "
    "beats a simple rule, or whom it misses. To make one: eswarn validate DIR, or train with [validation] in_training = true.",
    # Audit
    "audit": "Are its reasons what reasons should be?",
    "audit_none": "No audit was given. To make one, score with this model, run eswarn audit RUN --records DIR, and give its audit.json.",
    "audit_passed": "The audit found no fault.",
    "audit_failed": "The audit did not pass: what this model says of itself cannot be relied on as it stands.",
    "check": "Check",
    "result": "Result",
    "explained": "Reasons: {method}, against {rows} rows of the cohort it learned from; {refits} refits say which reasons are level.",
    # Contest
    "contest": "How to contest a score",
    "contest_1": "Ask the school for the reasons. Each is a sentence about a record, with its period and what is typical; "
    "the record of the run holds the share of every feature in the score.",
    "contest_2": "Say what is wrong. A wrong record is corrected where it was made, and the list is drawn again; eswarn check says what "
    "is missing.",
    "contest_3": "Ask a person to decide. Whoever uses the list may set a place aside, and is to write down why.",
    "contest_4": "Ask whether the record was changed afterwards: eswarn verify and eswarn audit tell, without trusting whoever made the "
    "run.",
    "contest_5": "Contact: {owner}.",
    # Facts for the fields of public records
    "human": "A person reads every row of the list with its reasons and decides; nothing follows from a score alone.",
    "contested": "A pupil or family may see the reasons, have records corrected and the list drawn again, and ask a person to decide.",
    "scope_not": "Not for admission, grading, sanction, exclusion, or any decision about one pupil without a person.",
    "benefit": "At the places in use: {recall} of the leavers are reached ({split}).",
    "alternatives": "Compared on the same pupils and places: {rules}.",
    "answered": "{question} {verdict}. {says}",
    "drift": "What has changed since is to be looked at before each new school year.",
    "tested_on": "Tested: {folds}.",
    "not_tested": "Not tested on a later cohort.",
    "performance_none": "Not validated: no figure is given.",
    "performance": "{split}: {figures}.",
    "groups": "Groups: {shown} with a gap shown, {none} with none larger than {margin}, {untold} of which it cannot be told.",
    "groups_none": "Groups of pupils were not compared.",
    "completeness": "{unlabelled} rows have no known outcome, {unknown} of these an unknown destination; {unscored} rows could not be "
    "scored. They "
    "are counted, never taken for pupils who stayed.",
    "metrics": "A school has so many places: what counts is the share of leavers reached with them (recall at places), beside the rules "
    "in use "
    "today. The area under the curve asks about places no school has; accuracy at a few per cent of leavers says nothing.",
    "risks": "A list may stigmatise: it is for help only. It may miss groups: gaps are measured. It may be wrong by accident: refits are "
    "compared. "
    "Records may be wrong: reasons name them. It may age: it is tested on later cohorts.",
    "untold": "not told",
    # Public records
    "atrs": "Algorithmic Transparency Recording Standard",
    "ai_act": "EU AI Act: technical documentation",
    "ai_act_class": "Treated as high-risk: education is point 3 of Annex III, and a system there that profiles people always counts "
    "(Article 6(3)). "
    "Whether a use is caught, and by which law, is for the data protection officer to settle.",
    "coverage": "{version}: {fields} fields. {filled} are filled from the run, {shared} of these with something left for a named role; "
    "{owned} are "
    "to be filled by a named role; {blank} are blank.",
    "check_version": "The headings are those of this version. Check that it is the current one before publishing.",
    "number": "No.",
    "field": "Field",
    "content": "Content",
    "to_fill": "To be filled by: {owner}",
    "to_confirm": "To be confirmed and completed by: {owner}",
    "owners": "Who fills what",
    "owner": "Role",
    "task": "For",
    "person": "Name",
    "no_person": "not named yet",
    "made_by": "Made by eswarn {version}.",
}
