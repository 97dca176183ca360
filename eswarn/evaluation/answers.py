"""Answers three questions that every such system should: is it better than the rule, is it needed at all, what would income miss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from eswarn import words
from eswarn.evaluation.bootstrap import Estimate
from eswarn.evaluation.judged import Judged, RuleFigures, main_share, percent_name
from eswarn.evaluation.reach import TOGETHER

NOT_SIMPLE = ("school mean", "environment only", "last year's list", "ten-feature logistic regression", "constant")
Verdict = Literal["shown", "not shown", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A question, whether it is shown, and the answer in words with its figures."""

    question: str
    verdict: Verdict
    says: str


def answers(judged: Judged) -> tuple[Answer, ...]:
    """Answer them, at the places in use, given to all schools of a date together: within one school the school mean ranks nobody."""
    share = main_share(judged.places)
    return _beats(judged, share), _needed(judged, share), _income(judged, share)


def _beats(judged: Judged, share: float) -> Answer:
    simple = [rule for rule in judged.rules if rule.name not in NOT_SIMPLE and not rule.of_few]
    best = max(simple, key=lambda rule: rule.reach[TOGETHER][share].value)
    lead = best.difference[TOGETHER][share]
    said = {
        "shown": f"Yes. {_both(judged, best, share)}; the difference is {_points(lead)}.",
        "not shown": f"Not shown to beat {best.name}. {_both(judged, best, share)}; the difference is {_points(lead)}.",
        "cannot tell": f"Cannot tell from {best.name}: {lead.why}. {_both(judged, best, share)}; the difference is {_points(lead)}.",
    }
    verdict = _verdict(lead)
    return Answer("Does the model beat the best simple rule?", verdict, said[verdict])


def _needed(judged: Judged, share: float) -> Answer:
    question = "Is an individual score needed, or would the school mean do?"
    rules = [rule for rule in judged.rules if rule.name in ("school mean", "environment only")]
    if not rules:
        return Answer(
            question, "cannot tell", "Cannot tell: there is no earlier cohort in these records from which a school mean could be learned."
        )
    best = max(rules, key=lambda rule: rule.reach[TOGETHER][share].value)
    lead, within = best.difference[TOGETHER][share], judged.figure("auc_within_schools")
    verdict = _verdict(lead)
    begins = {
        "shown": "An individual score is needed.", "not shown": f"It is not shown that an individual score is needed: {best.name} may do.",
        "cannot tell": f"Cannot tell: {lead.why}.",
    }[verdict]  # fmt: skip
    return Answer(
        question, verdict,
        f"{begins} {_both(judged, best, share)}; the difference is {_points(lead)}. "
        f"Within schools, where the mean ranks nobody, the AUC of the model is {within}.",
    )  # fmt: skip


def _income(judged: Judged, share: float) -> Answer:
    rule = judged.rule("FSM only")
    lead = rule.difference[TOGETHER][share]
    verdict = _verdict(lead)
    question = "What does targeting by income alone miss?"
    if rule.lacks and rule.named is None:
        return Answer(question, "cannot tell", f"Cannot tell: the records lack {', '.join(rule.lacks)}.")
    if rule.of_few:
        return Answer(question, "cannot tell", "Cannot tell outside the school: it would tell of fewer than 6 pupils.")
    begins = {"shown": "", "not shown": "Not shown to reach more. ", "cannot tell": f"Cannot tell: {lead.why}. "}[verdict]
    missed = ""
    if rule.named is not None:
        poor, reach, _ = rule.named
        missed = f" Even if all {poor:.0%} of pupils with free school meals were listed, {1 - reach:.0%} of the leavers would be missed."
    return Answer(
        question, verdict,
        f"{begins}{_both(judged, rule, share)}; the difference is {_points(lead)}.{missed}",
    )  # fmt: skip


def _verdict(lead: Estimate) -> Verdict:
    if lead.told or lead.low != lead.low:
        return "cannot tell"
    return "shown" if lead.low > 0 else "not shown"


def _both(judged: Judged, rule: RuleFigures, share: float) -> str:
    own, its = judged.figure(f"recall_{percent_name(share)}_together"), rule.reach[TOGETHER][share]
    return f"With places for {words.share(share)} of pupils the model reaches {own.value:.1%} of the leavers, {rule.name} {its.value:.1%}"


def _points(lead: Estimate) -> str:
    interval = "" if lead.low != lead.low else f" ({100 * lead.low:+.1f} to {100 * lead.high:+.1f})"
    return f"{100 * lead.value:+.1f} percentage points{interval}"
