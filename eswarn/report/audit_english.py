"""Every fixed sentence of the audit's page, in British English: what each check means, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

TEXT: Mapping[str, str] = {
    "language": "en-GB",
    "title": "Audit of a scoring run",
    "confidential": "Audit of a scoring run: figures only, no pupil is on this page",
    "subtitle": "Figures only: no pupil is on this page.",
    "summary": "In short",
    "passed": "passed",
    "failed": "failed",
    "not applicable": "not applicable",
    "cannot tell": "cannot be told",
    "all_passed": "No check failed.",
    "some_failed": "Checks failed ({codes}): what this run says cannot be relied on as it stands.",
    "not_told": "The record itself could not be checked in full, so nothing is said of its reasons.",
    "about": "What was audited",
    "A": "Is the record what was issued?",
    "E": "Are its reasons what reasons should be?",
    "code": "Check",
    "result": "Result",
    "what": "What was looked at",
    "figure": "Figure",
    "how": "How to read it",
    "how_again": "Anybody with the folder of the run can make this audit again: eswarn audit FOLDER. Every number is computed anew from "
    "the recorded features and the model; nothing the run says of itself is taken on trust.",
    "how_records": "Checks that need the rows the model learned from, their outcomes or protected groups are made with --records "
    "FOLDER, the records it was trained from. They are computed again, and used only if they are, to the last bit, those the model names.",
    "how_not": "An audit says that the reasons are those of this model. It does not say that the model is fair or of use: these are "
    "questions to outcomes, not to reasons.",
}

MEANING: Mapping[str, str] = {
    "A1": "No file that the manifest names was changed or taken away, and none was added; the evidence is looked at by A11.",
    "A2": "The model is the one its own manifest names, byte for byte.",
    "A3": "The model, given the recorded features, gives the recorded raw scores.",
    "A4": "The recorded share of each feature in each score comes out again.",
    "A5": "For every pupil the shares add up to the score.",
    "A6": "The chances shown are the raw scores on the model's fixed curve.",
    "A7": "The sentences shown follow from the shares and the features.",
    "A8": "Nobody was moved up or down the list.",
    "A9": "The table for spreadsheets says what the record says.",
    "A10": "The counts, the date and the names that the run gives of itself are so.",
    "A11": "Each pupil's line of evidence is the one its head binds. Whether that head was the one issued, a copy kept elsewhere tells.",
    "E1": "Nothing is left over: starting point plus all shares is the score, added up once more and exactly.",
    "E2": "A second, slow program that shares no code with the first finds the same shares from the definition.",
    "E3": "A feature the model ignores is never a reason, and two features that the model cannot tell apart count the same.",
    "E4": "A score with its reasons belongs to one model, one comparison group and one pupil; with another it is turned away.",
    "E5": "Where the model is replaced by one that knows nothing, the reasons change with it: they describe the model, not the data alone.",
    "E6": "If the named reasons are set to what is typical, the score moves; setting other features moves it less.",
    "E7": "How much of the list and of the reasons is a matter of which pupils the model happened to learn from.",
    "E8": "Another rule for unknown features is in wide use; this is how often it would have given the same answer.",
    "E9": "In simulated schools the true cause is known: how often it is the first reason, and among the first three.",
    "E10": "Whether pupils of some groups are given fewer reasons, or reasons that nobody can act on.",
    "E11": "Each sentence is read by a program that knows the grammar only: value, unit, period, comparison and direction fit the numbers.",
}
