"""A list judged on hand-made pupils: reach, rules and answers are what counting by hand gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eswarn.evaluation.answers import answers
from eswarn.evaluation.asked import NOT_SCORED, Asked, stacked
from eswarn.evaluation.judged import Judged, judged
from eswarn.evaluation.opponents import Opponent
from eswarn.evaluation.reach import EACH, TOGETHER

SCHOOLS, PUPILS = 12, 40
DRAWS = 200


def asked(seed: int = 5, *, skill: float = 2.0, dates: int = 2) -> Asked:
    """Everybody of twelve schools on two dates; some not scored, some gone, some unknown."""
    rng = np.random.default_rng(seed)
    n = SCHOOLS * PUPILS * dates
    y = (rng.random(n) < 0.15).astype(float)
    score = rng.normal(size=n) + skill * y
    risk = 1 / (1 + np.exp(2.2 - score))
    unknown = rng.random(n) < 0.03
    lost = rng.random(n) < 0.02
    return Asked(
        np.where(lost, -1, np.arange(n)), np.array([f"P{i % (SCHOOLS * PUPILS)}" for i in range(n)]),
        np.array([f"S{i % SCHOOLS:02d}" for i in range(n)]),
        np.repeat(np.array(["2024-01-08", "2024-02-26", "2024-04-15"][:dates], "datetime64[D]"), SCHOOLS * PUPILS),
        np.where(lost, NOT_SCORED, score), np.where(lost, np.nan, risk), np.where(unknown, np.nan, y), unknown, rng.random(n) < 0.02,
    )  # fmt: skip


def rule(name: str, score: np.ndarray, flagged: np.ndarray | None = None) -> Opponent:
    return Opponent(name, f"{name} says", "made up", score, flagged, None, ())


def rules(of: Asked, seed: int = 9) -> list[Opponent]:
    rng = np.random.default_rng(seed)
    scored = of.scored
    poor = np.where(rng.random(len(of)) < 0.25, 1.0, 0.0)
    return [
        rule("ranked absence", np.where(scored, 0.5 * np.nan_to_num(of.score, neginf=0) + rng.normal(size=len(of)), NOT_SCORED)),
        rule("FSM only", np.where(scored, poor, NOT_SCORED), poor > 0),
        rule("school mean", np.where(scored, 0.0, NOT_SCORED)), rule("environment only", np.where(scored, 0.0, NOT_SCORED)),
    ]  # fmt: skip


def judge(of: Asked, *, places: float = 0.1, by: list[Opponent] | None = None) -> Judged:
    household = np.unique(of.pupil, return_inverse=True)[1]
    return judged(of, rules(of) if by is None else by, places=places, household=household, draws=DRAWS, seed=1)


def test_reach_is_what_counting_by_hand_gives() -> None:
    of = asked()
    found = judge(of)
    reached, together = 0, 0
    for day in np.unique(of.as_of):
        rows = np.flatnonzero(of.as_of == day)
        best = rows[np.argsort(-of.score[rows])][: int(np.ceil(0.1 * len(rows)))]
        together += int((of.y[best] == 1).sum())
        for school in np.unique(of.school):
            own = rows[of.school[rows] == school]
            listed = own[np.argsort(-of.score[own])][: int(np.ceil(0.1 * len(own)))]
            reached += int((of.y[listed] == 1).sum())
    leavers = int((of.y == 1).sum())
    assert found.figure("recall_10_each").value == pytest.approx(reached / leavers)
    assert found.figure("recall_10_together").value == pytest.approx(together / leavers)
    assert found.figure("recall_in_use").value == found.figure("recall_10_each").value


def test_a_leaver_who_was_not_scored_is_missed_and_counted() -> None:
    of = asked()
    leaver = int(np.flatnonzero((of.y == 1) & of.scored)[np.argmax(of.score[(of.y == 1) & of.scored])])
    there = np.arange(len(of)) == leaver
    without = replace(
        of, row=np.where(there, -1, of.row), score=np.where(there, NOT_SCORED, of.score), risk=np.where(there, np.nan, of.risk)
    )
    before, after = judge(of, places=PUPILS), judge(without, places=PUPILS)  # a place for everybody
    assert after.n["leavers_not_scored"] == before.n["leavers_not_scored"] + 1
    assert after.n["leaver_rows"] == before.n["leaver_rows"]
    for found in (before, after):
        assert found.figure("recall_in_use").value == pytest.approx(1 - found.n["leavers_not_scored"] / found.n["leaver_rows"])


def test_auc_counts_pairs_of_the_same_date() -> None:
    of = asked(dates=2)
    shifted = replace(of, score=of.score + 100 * (of.as_of == of.as_of.max()))  # another scale on the second date
    assert judge(shifted).figure("auc").value == pytest.approx(judge(of).figure("auc").value)
    won, pairs = 0.0, 0
    for day in np.unique(of.as_of):
        rows = (of.as_of == day) & of.known  # whoever could not be scored is ranked last
        left, stayed = of.score[rows & (of.y == 1)], of.score[rows & (of.y == 0)]
        won += (left[:, None] > stayed).sum() + 0.5 * (left[:, None] == stayed).sum()
        pairs += len(left) * len(stayed)
    assert judge(of).figure("auc").value == pytest.approx(won / pairs)


def test_row_order_changes_nothing() -> None:
    of = asked()
    order = np.random.default_rng(3).permutation(len(of))
    once, again = judge(of), judge(of.rows(order), by=[replace(r, score=r.score[order], flagged=None) for r in rules(of)])
    for figure in once.figures:
        other = again.figure(figure.name)
        assert (other.value, other.low, other.high) == pytest.approx(
            (figure.estimate.value, figure.estimate.low, figure.estimate.high), nan_ok=True
        )


def test_a_rule_that_is_the_model_has_no_lead_over_it() -> None:
    of = asked()
    its = judge(of, by=[rule("ranked absence", of.score), *rules(of)[1:]]).rule("ranked absence")
    for how in (TOGETHER, EACH):
        for lead in its.difference[how].values():
            assert (lead.value, lead.low, lead.high) == (0, 0, 0)
    assert its.places_needed == pytest.approx(1)


def test_a_better_list_is_shown_to_be_better_and_an_equal_one_is_not() -> None:
    of = asked(skill=3)
    beats, needed, income = answers(judge(of))
    assert (beats.verdict, needed.verdict, income.verdict) == ("shown", "shown", "shown")
    assert beats.says.startswith("Yes.")
    equal = answers(judge(of, by=[rule("ranked absence", of.score), *rules(of)[1:]]))[0]
    assert equal.verdict != "shown"
    noisy = rule("ranked absence", of.score + np.random.default_rng(4).normal(0, 0.3, len(of)))
    level = answers(judge(of, by=[noisy, *rules(of)[1:]]))[0]
    assert level.verdict == "not shown"
    assert level.says.startswith("Not shown to beat ranked absence.")


def test_with_few_schools_nothing_is_claimed() -> None:
    of = asked(skill=3)
    few = of.rows(np.isin(of.school, ["S00", "S01", "S02"]))
    for answer in answers(
        judge(few, by=[replace(r, score=r.score[np.isin(of.school, ["S00", "S01", "S02"])], flagged=None) for r in rules(of)])
    ):
        assert answer.verdict == "cannot tell"
        assert "Cannot tell" in answer.says


def test_what_is_not_known_is_taken_both_ways() -> None:
    of = asked()
    told = judge(of).twice
    most, least, there = told.values()
    assert set(told) == {
        "as if all whose destination is unknown had left early", "as if none whose destination is unknown had left early",
        "without those already gone when the list was drawn",
    }  # fmt: skip
    every = replace(of, y=np.where(of.unknown, 1.0, of.y))
    assert most["recall"].value == pytest.approx(judge(every).figure("recall_10_each").value)
    assert least["recall"].value == pytest.approx(judge(of).figure("recall_10_each").value)
    assert there["recall"].value != least["recall"].value


def test_bins_hold_everybody_whose_outcome_is_known() -> None:
    of = asked()
    found = judge(of)
    assert sum(b.n for b in found.bins) == int((of.known & of.scored).sum())
    assert [b.risk for b in found.bins] == sorted(b.risk for b in found.bins)
    assert found.ece_by_luck < found.ece_limit


def test_a_number_of_places_is_judged_beside_the_shares() -> None:
    found = judge(asked(), places=3)
    assert 0 < found.figure("recall_in_use").value < found.figure("recall_10_each").value
    assert answers(found)[0].verdict in ("shown", "not shown")


def test_no_bin_and_no_rule_tells_of_one_to_five_pupils() -> None:
    of = asked(skill=3)
    for found in (judge(of), judge(of.rows(np.isin(of.school, ["S00", "S01"])), by=[])):
        for b in found.bins:
            assert min(round(b.n * b.left.value), b.n - round(b.n * b.left.value)) >= 6
    poor = rules(of)[1]
    few = np.zeros(len(of), bool)
    few[np.flatnonzero((of.y == 1) & of.scored)[:3]] = True
    told = judge(of, by=[rule("ranked absence", of.score), rule("FSM only", few.astype(float), few), *rules(of)[2:]])
    assert told.rule("FSM only").of_few
    assert not judge(of, by=[rule("ranked absence", of.score), poor, *rules(of)[2:]]).rule("FSM only").of_few
    assert "fewer than 6" in answers(told)[2].says


def test_tests_are_stacked_in_order() -> None:
    first, second = asked(1), asked(2)
    both = stacked([first, second])
    assert len(both) == len(first) + len(second)
    assert (both.score[: len(first)] == first.score).all()
