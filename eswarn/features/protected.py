"""The shipped features that are kept for judging fairness; a model sees one only if its configuration names it and says why."""

from __future__ import annotations

from eswarn.features.events import latest
from eswarn.features.feature import Feature
from eswarn.features.measures import Measure


def _protected(name: str, measure: Measure, says: str, silent: str) -> Feature:
    return Feature(name, theme="protected", measure=measure, says=says, silent=silent, more_is="either", protected=True)


def _need(name: str, words: str, *codes: str) -> Feature:
    return _protected(f"sen_need_{name}", latest("sen_need", codes), f"primary need {words}: {{value}}", "primary need is not recorded")


def _ethnicity(name: str, words: str, *codes: str) -> Feature:
    return _protected(
        f"ethnicity_{name}", latest("ethnicity", codes), f"ethnicity recorded as {words}: {{value}}", "ethnicity is not recorded"
    )


PROTECTED: tuple[Feature, ...] = (
    _protected("female", latest("sex", ("F",)), "sex recorded as female: {value}", "sex is not recorded"),
    _protected("fsm", latest("fsm"), "eligible for free school meals: {value}", "free school meals are not recorded"),
    _protected("fsm6", latest("fsm6"), "eligible for free school meals in the last six years: {value}",
               "free school meals of the last six years are not recorded"),
    _protected("sen", latest("sen", ("K", "E")), "special educational needs: {value}", "special educational needs are not recorded"),
    _protected("sen_support", latest("sen", ("K",)), "SEN support: {value}", "special educational needs are not recorded"),
    _protected("ehcp", latest("sen", ("E",)), "education, health and care plan: {value}", "special educational needs are not recorded"),
    _need("semh", "social, emotional and mental health", "SEMH"),
    _need("autism", "autistic spectrum", "ASD"),
    _need("learning", "learning", "SPLD", "MLD", "SLD", "PMLD"),
    _need("speech", "speech, language and communication", "SLCN"),
    _need("sensory_physical", "hearing, sight, several senses or physical", "HI", "VI", "MSI", "PD"),
    _protected("eal", latest("eal"), "English as an additional language: {value}", "first language is not recorded"),
    _protected("looked_after", latest("cla"), "looked after: {value}", "care status is not recorded"),
    _protected("previously_looked_after", latest("previously_looked_after"), "looked after before: {value}",
               "earlier care is not recorded"),
    _protected("child_in_need", latest("cin"), "child in need: {value}", "need is not recorded"),
    _protected("child_protection_plan", latest("cpp"), "child protection plan: {value}", "protection is not recorded"),
    _protected("young_carer", latest("young_carer"), "young carer: {value}", "caring is not recorded"),
    _protected("idaci_decile", latest("idaci_decile"), "income deprivation decile of the area: {value}", "area is not recorded"),
    # The groups that DfE publishes, in the codes of its main list. Those of the extended list are in none of them.
    _ethnicity("white_british", "White British", "WBRI"),
    _ethnicity("white_other", "White Irish or another White background", "WIRI", "WOTH"),
    _ethnicity("gypsy_roma_traveller", "Gypsy, Roma or Traveller of Irish heritage", "WROM", "WIRT"),
    _ethnicity("mixed", "Mixed", "MWBC", "MWBA", "MWAS", "MOTH"),
    _ethnicity("asian", "Asian", "AIND", "APKN", "ABAN", "AOTH"),
    _ethnicity("black", "Black", "BCRB", "BAFR", "BOTH"),
    _ethnicity("chinese", "Chinese", "CHNE"),
    _ethnicity("other", "another ethnic group", "OOTH"),
)  # fmt: skip
