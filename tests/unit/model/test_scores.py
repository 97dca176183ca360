"""Scores: the whole answer for one pupil or for all, as data that adds up and as a card that is safe to show."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from eswarn import words
from eswarn.errors import UsageError
from eswarn.model.scores import Score
from tests import made_up_school


def test_there_is_one_score_for_each_pupil_of_the_table():
    scores = made_up_school.scores()
    each = list(scores)
    assert len(each) == len(scores) == len(scores.frame) > 500
    assert [s.pupil_id for s in each] == scores.frame["pupil_id"].tolist()
    assert each[0].pupil_id in scores
    assert "nobody" not in scores


def test_the_answer_for_a_pupil_agrees_with_the_tables():
    scores = made_up_school.scores()
    for at in (0, 100, len(scores) - 1):
        row, phi = scores.frame.iloc[at], scores.contributions.iloc[at]
        score = scores[row["pupil_id"]]
        assert (score.rank, score.risk, score.tier, score.as_of) == (row["rank"], row["risk"], row["tier"], made_up_school.AS_OF)
        assert (score.raw_score, score.base_value) == (phi["raw_score"], phi["base_value"])
        told = math.fsum(r.strength for r in (*score.reasons, *score.protective))
        assert score.base_value + told == pytest.approx(score.raw_score, abs=1e-9)
        assert phi[list(scores.features.columns[1:])].sum() == pytest.approx(told, abs=1e-9)


def test_a_pupil_without_a_score_is_named_nowhere():
    with pytest.raises(UsageError) as told:
        made_up_school.scores()["P0471100CANARY"]
    assert "CANARY" not in str(told.value)
    assert "not_scored" in told.value.do


def test_the_card_for_a_notebook_shows_the_answer():
    score = next(iter(made_up_school.scores()))
    card = score._repr_html_()
    for text in (score.pupil_id, "2 June 2025", score.tier, f"rank {score.rank}", words.chance(score.risk), score.reasons[0].sentence):
        assert text in card
    assert f"({score.reasons[0].strength:+.2f} log-odds)" in card


@pytest.mark.parametrize("payload", ["<script>alert(1)</script>", '" onload="x', "&lt;", "'><img src=x onerror=1>"])
def test_the_card_lets_no_markup_through(payload: str):
    score = next(s for s in made_up_school.scores() if s.reasons and s.protective)

    def poisoned(reasons: tuple) -> tuple:
        return tuple(replace(reason, sentence=payload) for reason in reasons)

    card = replace(
        score, pupil_id=payload, data_note=payload, reasons=poisoned(score.reasons), protective=poisoned(score.protective)
    )._repr_html_()
    assert payload not in card
    for sign in "<>\"'":
        assert card.count(sign) == score._repr_html_().count(sign), "the payload added no sign of markup"


def test_shap_gets_values_base_and_data_in_one_order():
    scores = made_up_school.scores()
    told = scores.shap()
    n, columns = len(scores), list(scores.features.columns[1:])
    assert told.values.shape == told.data.shape == (n, len(columns))
    assert told.base_values.shape == (n,)
    assert list(told.feature_names) == columns
    assert told.values + 0 == pytest.approx(scores.contributions[columns].to_numpy(), abs=0)
    assert told.base_values + told.values.sum(axis=1) == pytest.approx(scores.contributions["raw_score"].to_numpy(), abs=1e-9)
    assert np.array_equal(told.data, scores.features[columns].to_numpy(), equal_nan=True)


def test_a_score_cannot_be_changed_or_be_without_its_reasons():
    score = next(iter(made_up_school.scores()))
    with pytest.raises(AttributeError):
        score.risk = 0.0  # type: ignore[misc]
    with pytest.raises(TypeError, match="reasons"):
        Score(pupil_id="P1", school_id="S", as_of=made_up_school.AS_OF, rank=1, risk=0.1, tier="watch", raw_score=0.0, base_value=0.0,
              data_note="")  # type: ignore[call-arg]  # fmt: skip


def test_scores_of_nobody_are_empty():
    scores = made_up_school.scores()
    none = replace(scores, frame=scores.frame[:0], features=scores.features[:0], contributions=scores.contributions[:0])
    assert len(none) == 0
    assert list(none) == []
    assert isinstance(none.frame, pd.DataFrame)
