"""Every fixed sentence of the report page, in British English, so that another language is one more file."""

from __future__ import annotations

from collections.abc import Mapping

TEXT: Mapping[str, str] = {
    "language": "en-GB",
    # Head
    "title": "Pupils to talk to first",
    "subtitle": "From records dated before {day}",
    "confidential": "Confidential: this page is about pupils",
    "named": "It was made with a file of names and shows them; eswarn keeps them nowhere else.",
    "skip": "Skip to the list",
    "contents": "On this page",
    # Summary
    "summary": "In short",
    "figures": "What the figures mean",
    "in_schools": "{scored} scored in {schools}, {unscored} not.",
    "not_scored": "{pupils} not scored: {reason}",
    "chance_is": "The chance on this page is the chance that a pupil leaves school early {horizon}.",
    "horizon_days": "in the {period} after {day}",
    "horizon_until": "before {day}",
    "horizon_unknown": "within the time that the model looks ahead",
    "places_share": "Places: {share} of the pupils of each school.",
    "places_number": "Places: {number} in each school.",
    "places_unknown": "Places: {priority} in all.",
    "ties": "Pupils tied at the last place are all listed, and marked.",
    "missed": "Look beyond the list: {leavers} of the pupils scored may leave early, and {beyond} of these are expected not to be "
    "among the priority pupils.",
    "none_scored": "No pupil could be scored.",
    "what_it_is": "What this page is, and is not",
    "prompt": "A prompt to talk with a pupil and with those who know them. It is not a finding about a pupil.",
    "no_decision": "It decides nothing. Someone who knows the pupil decides whether to offer anything, and what.",
    "records_only": "The reasons describe the school's records, not a pupil's life, and do not show what led to what.",
    "may_differ": "Figures may differ from your register system: marks added or corrected since the export are not in them.",
    "made_by": "Made by eswarn {}.",
    "model": "Model {}.",
    "trained_on": "Trained on {}.",
    # The list
    "list": "The list",
    "how_to_read": "Rank 1 has the highest chance in the school; equal scores share a rank. “About 3 in 10” means: of ten pupils with such "
    "a score, about three are expected to leave early and seven are not. Reasons come strongest first.",
    "school": "School",
    "schools": "The schools",
    "school_counts": "{scored} scored: {priority} priority, {watch} watch, {universal} universal (not listed).",
    "tier_priority": "Priority",
    "tier_watch": "Watch",
    "tier_universal": "Universal",
    "rank": "Rank",
    "pupil": "Pupil",
    "chance": "Chance",
    "reasons": "Main reasons for the score",
    "no_reasons": "No theme stands out.",
    "protective": "Protective factor",
    "no_protective": "None stands out",
    "note": "About the data:",
    "known": "What we know",
    "action": "Action",
    "owner": "Owner",
    "review": "Review by",
    # Not scored
    "unscored": "Could not be scored",
    "unscored_meaning": "each is named below, with the reason",
    "unscored_none": "every pupil on roll has a score",
    "unscored_intro": "These pupils have no score. That says nothing about whether they need help.",
    "reason": "Reason",
    "mend": "What would mend it",
    # How it was made
    "how": "How it was made, and how to question it",
    "how_model": "A model learned from the records of earlier pupils which patterns went with leaving early. It gives each pupil a score; "
    "a fixed curve turns the score into a chance.",
    "how_reasons": "Each score is split exactly into one part for each feature (Shapley values, in log-odds), and the parts add up to the "
    "score. Parts of one theme, such as attendance, are taken together. A theme is listed only if one of its features "
    "says in words what its number does: more absence than is typical may be listed as raising a score, less may not. Of these, the "
    "themes that raise the score most are the reasons, and the one that lowers it most is the protective factor. A theme that is not "
    "listed counts in the score all the same.",
    "how_compared": "The parts compare each pupil with all the pupils this model learned from (interventional Shapley values, exact): a "
    "feature that the model does not use gets nothing.",
    "how_tiers": "Tiers follow the places, not a fixed chance: a pupil can be on the list in one school and not in another.",
    "how_question": "Pupils, families and staff may ask why a pupil is listed: the reasons in the row are the answer. If a record behind a "
    "reason is wrong, correct it in the register system, export and score again. If it is right but has a good explanation, write it "
    "down beside the pupil: the score does not know it.",
    "how_audit": "An evaluator can derive every score and every reason again from the output folder: eswarn audit.",
}
