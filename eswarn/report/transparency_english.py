"""The fields of public records of algorithms, each with what the run says or who is to fill it: ATRS and the EU AI Act's Annex IV.

Headings of the Algorithmic Transparency Recording Standard are those of its template 3.0 (2024), as records on GOV.UK number them; those
of the AI Act are the points of Annex IV to Regulation (EU) 2024/1689, shortened.
"""

from __future__ import annotations

from typing import NamedTuple

ATRS_VERSION, AI_ACT_VERSION = "ATRS template 3.0", "Annex IV to Regulation (EU) 2024/1689"

OWNERS = {
    "senior responsible owner": "the member of the leadership who answers for the use made of the list",
    "data protection officer": "impact assessments, agreements, retention, who may see what",
    "data manager": "exports, their completeness, where files lie and who may open them",
    "pastoral lead": "what is done with the list, and by whom",
    "business manager": "suppliers and contracts",
    "communications lead": "what the public and families are told, and whom they may ask",
    "provider": "whoever puts the system on the market or into service under their own name",
}


class Field(NamedTuple):
    """A field of a record: what the run says, with facts in braces, and who fills what the run cannot say; one of both at least."""

    number: str
    name: str
    text: str = ""
    owner: str = ""


ATRS: dict[str, tuple[Field, ...]] = {
    "Tier 1: overview": (
        Field("1", "Name", "eswarn, model {model_id}: a list of pupils to talk to first", ""),
        Field("2", "Description", "{purpose} A person reads the list, with reasons, and decides what to do.", ""),
        Field("3", "Website URL", "", "communications lead"),
        Field("4", "Contact email", "", "communications lead"),
    ),
    "Tier 2: owner and responsibility": (
        Field("1.1", "Organisation or department", "", "senior responsible owner"),
        Field("1.2", "Team", "", "senior responsible owner"),
        Field("1.3", "Senior responsible owner", "", "senior responsible owner"),
        Field("1.4", "External supplier involvement", "eswarn is open-source software; it runs where the records are, and no "
              "record goes to a supplier through it.", "business manager"),
        Field("1.4.1", "External supplier", "", "business manager"),
        Field("1.4.2", "Companies House number", "", "business manager"),
        Field("1.4.3", "External supplier role", "", "business manager"),
        Field("1.4.4", "Procurement procedure type", "", "business manager"),
        Field("1.4.5", "Data access terms", "", "data protection officer"),
    ),
    "Tier 2: description and rationale": (
        Field("2.1", "Detailed description", "{n_features} features of each pupil's records dated before the as-of date go into "
              "{model_size}; "
              "a calibration curve ({calibration}) makes the score a chance; the pupils of each school are ranked, and {places} are "
              "listed."),
        Field("2.2", "Scope", "Pupils on roll, up to Year {up_to_year}. Predicted: leaving early ({leaving}) within {horizon}. "
              "{scope_not}"),
        Field("2.3", "Benefit", "{benefit}", "senior responsible owner"),
        Field("2.4", "Previous process", "", "pastoral lead"),
        Field("2.5", "Alternatives considered", "{alternatives}", "senior responsible owner"),
    ),
    "Tier 2: decision-making process": (
        Field("3.1", "Process integration", "The list is a prompt for a conversation; no system acts upon it.", "pastoral lead"),
        Field("3.2", "Provided information", "For each pupil listed: tier, chance, up to {reasons} reasons in sentences, one thing that "
              "speaks "
              "against, what is missing in the records. Pupils without a score are named with the cause."),
        Field("3.3", "Frequency and scale of usage", "", "pastoral lead"),
        Field("3.4", "Human decisions and review", "{human}", "pastoral lead"),
        Field("3.5", "Required training", "", "pastoral lead"),
        Field("3.6", "Appeals and review", "{contest}", "senior responsible owner"),
    ),
    "Tier 2: tool specification": (
        Field("4.1.1", "System architecture", "A Python package run from the command line, reading export files and writing a folder: "
              "list, "
              "page, record and evidence. No service."),
        Field("4.1.2", "Phase", "", "senior responsible owner"),
        Field("4.1.3", "Maintenance", "A model never changes: a new training is a new model with a new id. {drift}", "data manager"),
        Field("4.1.4", "Models", "One: {model_id}."),
        Field("4.2.1", "Model name", "eswarn {model_id}"),
        Field("4.2.2", "Model version", "{model_id}, made by eswarn {eswarn}"),
        Field("4.2.3", "Model task", "To estimate the chance of leaving school early within {horizon}, and rank by it."),
        Field("4.2.4", "Model input", "{n_features} features in the themes {themes}, from the tables {tables}."),
        Field("4.2.5", "Model output", "A raw score, a calibrated chance, and the share of each feature in the score."),
        Field("4.2.6", "Model architecture", "Gradient-boosted trees (LightGBM): {model_size}. Features may move the score only in the "
              "direction "
              "declared for them. Reasons: {explanations}."),
        Field("4.2.7", "Model performance", "{performance}"),
        Field("4.2.8", "Datasets", "The school's own records, digest {data_digest}."),
        Field("4.2.9", "Dataset purposes", "Training and calibration: {cohort}. {tested}"),
    ),
    "Tier 2: data specification": (
        Field("4.3.1", "Source data name", "School records: {tables}, and outcomes."),
        Field("4.3.2", "Data modality", "Tables."),
        Field("4.3.3", "Data description", "What a school records as it happens, each entry with its date; entries dated or recorded on "
              "or after "
              "the as-of date are never used."),
        Field("4.3.4", "Data quantities", "{rows} rows of {pupils} pupils of {schools} schools on {dates} as-of dates; {leavers} pupils "
              "left early "
              "({leaver_rows} rows, {base_rate})."),
        Field("4.3.5", "Sensitive attributes", "{protected}"),
        Field("4.3.6", "Data completeness and representativeness", "{completeness}", "data manager"),
        Field("4.3.7", "Source data URL", "None: records of pupils are not published."),
        Field("4.3.8", "Data collection", "", "data manager"),
        Field("4.3.9", "Data cleaning", "Files are read as they are; a value that cannot be read is refused or counted, never guessed. A "
              "pupil with "
              "too few marks gets no score."),
        Field("4.3.10", "Data sharing agreements", "", "data protection officer"),
        Field("4.3.11", "Data access and storage", "", "data manager"),
    ),
    "Tier 2: risks, mitigations and impact assessments": (
        Field("5.1", "Impact assessment", "", "data protection officer"),
        Field("5.2", "Risks and mitigations", "{risks}", "senior responsible owner"),
    ),
}  # fmt: skip

AI_ACT: dict[str, tuple[Field, ...]] = {
    "1. General description": (
        Field("1(a)", "Intended purpose, provider, version", "{purpose} Version: {model_id}, eswarn {eswarn}.", "provider"),
        Field("1(b)", "Interaction with other hardware or software", "Reads export files of a school's information system; writes a "
              "folder."),
        Field("1(c)", "Versions of relevant software", "eswarn {eswarn}; {software}."),
        Field("1(d)", "Forms in which it is put into service", "A Python package with a command line; a trained model is a folder of text "
              "files."),
        Field("1(e)", "Hardware on which it runs", "An ordinary computer with Python 3.11; no graphics processor."),
        Field("1(f)", "Where it is part of a product", "It is part of no product."),
        Field("1(g)", "User interface provided to the deployer", "One HTML page a run, without scripts, and a command line."),
        Field("1(h)", "Instructions for use", "“How to read it” on every page, and the documentation of eswarn {eswarn}.", "provider"),
    ),
    "2. Elements and development": (
        Field("2(a)", "Methods and steps of development", "Learned from records alone: no pre-trained part, no tool of a third party "
              "beyond the "
              "software named under 1(c). Calibrated on: {calibration}."),
        Field("2(b)", "Design specifications and key choices", "Optimised for: the log-likelihood of leaving early within {horizon}. "
              "Choices: features "
              "bounded to declared directions, no protected feature unless named with a reason, no resampling, places fixed before "
              "ranking."),
        Field("2(c)", "System architecture and computational resources", "{model_size}. An ordinary computer suffices."),
        Field("2(d)", "Data requirements and data sheets", "{cohort}. Horizon: {horizon}. {completeness}", "data manager"),
        Field("2(e)", "Human oversight measures", "{human}", "senior responsible owner"),
        Field("2(f)", "Pre-determined changes", "None: a model never changes. A new training is a new model with a new id and a new card."),
        Field("2(g)", "Validation and testing", "{performance} {groups}", "provider"),
        Field("2(h)", "Cybersecurity measures", "A model is text that holds no program; files are named with their hashes and checked "
              "before use; "
              "no record of a pupil is sent anywhere.", "data manager"),
    ),
    "3 to 9": (
        Field("3", "Monitoring, functioning and control", "{limits}", "senior responsible owner"),
        Field("4", "Appropriateness of the performance metrics", "{metrics}"),
        Field("5", "Risk management system (Article 9)", "", "provider"),
        Field("6", "Changes through the lifecycle", "This card is of model {model_id} alone.", "provider"),
        Field("7", "Harmonised standards applied", "", "provider"),
        Field("8", "EU declaration of conformity", "", "provider"),
        Field("9", "Post-market monitoring (Article 72)", "", "provider"),
    ),
}  # fmt: skip
