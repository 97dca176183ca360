"""Reasons: signed sums by theme, ranked, told by the strongest feature, in words that agree with the numbers and claim no cause."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from eswarn import words
from eswarn.features.feature import Feature
from eswarn.features.library import FEATURES
from eswarn.features.measures import change, share
from eswarn.features.register import ABSENT, LATE
from eswarn.features.windows import last
from eswarn.model.reasons import COMPARED, Teller, typical_values
from tests import made_up_school

CAUSAL = re.compile(r"\b(because|caus\w*|due to|will|leads? to|led to|results? in|therefore|so that|why)\b", re.IGNORECASE)


def feature(name: str, theme: str, **changes: object) -> Feature:
    made = Feature(
        name, theme=theme, measure=share(ABSENT), says=name + " {value} {window}", silent=f"no {name}", more_is="riskier", window=last(20)
    )
    return replace(made, **changes)


A, B = feature("a", "one"), feature("b", "one")
C = feature("c", "two", measure=share(LATE), more_is="either", reads_as="safer")
TYPICAL = {"all": {"a": 0.1, "b": 0.1, "c": 0.1}, "9": {"a": 0.2, "b": 0.2, "c": 0.2}}


def tell(phi: list[float], values: tuple[float, ...] = (0.5, 0.5, 0.5), year_group: float = 9.0, n: int = 3) -> tuple[list[str], str]:
    raising, lowering = Teller((A, B, C), TYPICAL).top(np.array([values]), np.array([phi]), np.array([year_group]), n=n)
    return [reason.sentence for reason in raising[0]], lowering[0]


# --- sums and ranks --------------------------------------------------------------------------------------------------


def test_values_are_summed_with_their_signs_within_a_theme():
    sums = Teller((A, B, C), TYPICAL).theme_sums(np.array([[0.3, -0.1, 0.25], [0.3, -0.4, 0.0]]))
    assert sums == pytest.approx(np.array([[0.2, 0.25], [-0.1, 0.0]]))


def test_themes_are_ranked_by_their_sums_and_told_by_the_strongest_feature_of_the_same_sign():
    told = Teller((A, B, C), TYPICAL).all(np.array([0.5, 0.6, 0.7]), np.array([-0.1, 0.3, 0.25]), 9.0)
    assert [(r.theme, r.column, round(r.strength, 9)) for r in told] == [("two", "c", 0.25), ("one", "b", 0.2)]
    turned = Teller((A, B, C), TYPICAL).all(np.array([0.5, 0.6, 0.7]), np.array([0.1, -0.3, 0.25]), 9.0)
    assert [(r.theme, r.column, round(r.strength, 9)) for r in turned] == [("two", "c", 0.25), ("one", "b", -0.2)]


def test_what_lowers_a_score_is_told_apart_from_what_raises_it():
    assert tell([0.3, 0.0, -0.2]) == (
        ["a 50 % in the last 20 school days (typical for Year 9: 20 %)"],
        "c 50 % in the last 20 school days (typical for Year 9: 20 %)",
    )
    assert tell([0.3, 0.0, 0.2])[1] == ""
    assert tell([-0.3, 0.0, -0.2], values=(0.1, 0.1, 0.1))[0] == []


def test_no_more_reasons_than_were_asked_for():
    assert [len(tell([0.3, 0.1, 0.2], values=(0.5, 0.5, 0.1), n=n)[0]) for n in (1, 2, 3)] == [1, 2, 2]


def test_a_feature_that_adds_nothing_speaks_for_neither_side():
    # b points down and is not clear (it lies above what is typical); a, which adds nothing, must not speak in its place
    assert tell([0.0, -0.3, 0.0], values=(0.0, 0.5, 0.5)) == ([], "")
    assert tell([0.0, 0.3, 0.0], values=(0.9, 0.1, 0.5)) == ([], "")


def test_only_what_a_reader_can_follow_is_listed():
    assert tell([0.3, 0.2, 0.0], values=(0.1, 0.5, 0.5))[0] == ["b 50 % in the last 20 school days (typical for Year 9: 20 %)"]
    assert tell([0.3, 0.2, 0.0], values=(0.1, 0.1, 0.5))[0] == []
    assert tell([-0.3, 0.0, 0.0], values=(0.9, 0.1, 0.5))[1] == ""


def told_by(one: Feature, value: float, phi: float, typical: float | None = 0.2) -> str:
    """What is listed of one feature alone, whichever way."""
    medians = {"all": {} if typical is None else {one.column: typical}}
    raising, lowering = Teller((one,), medians).top(np.array([[value]]), np.array([[phi]]), np.array([9.0]), n=1)
    assert not (raising[0] and lowering[0])
    return "".join(reason.sentence for reason in raising[0]) or lowering[0]


@pytest.mark.parametrize(
    ("reads_as", "value", "phi", "listed"),
    [
        ("riskier", 0.5, 0.3, True),  # more of it, and a higher score
        ("riskier", 0.1, 0.3, False),  # little of it raises the score: true of the trees, and backwards to a reader
        ("riskier", 0.1, -0.3, True),
        ("riskier", 0.5, -0.3, False),
        ("safer", 0.5, 0.3, False),
        ("safer", 0.1, 0.3, True),
        ("safer", 0.5, -0.3, True),
        (None, 0.5, 0.3, True),
        (None, 0.1, 0.3, True),
        (None, 0.5, -0.3, False),  # nobody can say that it protects
        (None, 0.1, -0.3, False),
    ],
)
def test_a_feature_free_either_way_is_listed_only_as_people_read_it(reads_as: str | None, value: float, phi: float, listed: bool):
    assert (told_by(feature("c", "two", more_is="either", reads_as=reads_as), value, phi) != "") is listed


def test_what_reads_as_typical_once_rounded_is_no_reason():
    assert told_by(A, 0.204, 0.3) == told_by(A, 0.196, -0.3) == ""
    assert told_by(A, 0.21, 0.3) != ""


@pytest.mark.parametrize(
    ("value", "phi", "typical", "said"),
    [
        (0.1, 0.3, 0.0, "rose 10 percentage points more"),
        (-0.02, 0.3, -0.1, ""),  # less than before, though others fell further
        (0.02, -0.3, 0.1, ""),
        (-0.1, -0.3, 0.0, "rose 10 percentage points less"),
        (0.002, 0.3, -0.1, ""),  # "no change"
        (-0.1, 0.3, None, ""),
    ],
)
def test_more_or_less_than_before_is_listed_only_where_the_words_agree(value: float, phi: float, typical: float | None, said: str):
    rose = feature("rose", "one", measure=change(share(ABSENT), against=last(60, skip=20)), says="rose {value}")
    assert told_by(rose, value, phi, typical) == said


@pytest.mark.parametrize("phi", [0.3, -0.3])
def test_where_the_records_are_silent_nothing_is_listed_and_all_says_so(phi: float):
    assert tell([phi, 0.0, 0.0], values=(math.nan, 0.5, 0.2)) == ([], "")
    told = Teller((A, B, C), TYPICAL).all(np.array([math.nan, 0.5, 0.2]), np.array([phi, 0.0, 0.0]), 9.0)
    assert "no a" in [reason.sentence for reason in told]


@pytest.mark.parametrize(
    ("year_group", "said"), [(9.0, "(typical for Year 9: 20 %)"), (8.0, "(typical: 10 %)"), (math.nan, "(typical: 10 %)")]
)
def test_typical_is_that_of_the_year_group_where_it_is_known(year_group: float, said: str):
    assert tell([0.3, 0.0, 0.0], year_group=year_group)[0][0].endswith(said)


def test_without_enough_answers_nothing_is_called_typical():
    raising, _ = Teller((A,), {"all": {}, "9": {"other": 1.0}}).top(np.array([[0.5]]), np.array([[0.3]]), np.array([9.0]), n=1)
    assert [r.sentence for r in raising[0]] == ["a 50 % in the last 20 school days"]


# --- what is typical -------------------------------------------------------------------------------------------------


def test_typical_values_are_rounded_medians_by_year_group():
    values = {"a": np.array([0.111, 0.222, 0.333, math.nan, 0.9, 0.8])}
    told = typical_values(values, np.array([9.0, 9.0, 9.0, 9.0, 10.0, math.nan]), least=3)
    assert told == {"all": {"a": 0.33}, "9": {"a": 0.22}}


def test_groups_with_few_answers_have_no_typical_value():
    values = {"a": np.full(9, 0.5), "b": np.append(np.full(8, 0.5), math.nan)}
    assert typical_values(values, np.full(9, 7.0), least=9) == {"all": {"a": 0.5}, "7": {"a": 0.5}}
    assert typical_values(values, np.full(9, 7.0), least=10) == {}


# --- simulated pupils ------------------------------------------------------------------------------------------------


def test_strengths_and_base_add_up_to_the_raw_score_of_every_pupil():
    for score in made_up_school.scores():
        assert score.base_value + math.fsum(r.strength for r in (*score.reasons, *score.protective)) == pytest.approx(
            score.raw_score, abs=1e-9
        )
        raising, lowering = [r.strength for r in score.reasons], [r.strength for r in score.protective]
        assert raising == sorted(raising, reverse=True)
        assert lowering == sorted(lowering)
        assert min(raising, default=1) > 0 > max(lowering, default=-1)


def parsed(text: str) -> float:
    return float(re.match(r"[\d,.]+", text)[0].replace(",", ""))  # type: ignore[index]


def test_sentences_agree_with_the_numbers_they_come_from():
    """Read value and typical value back out of every sentence and compare them with the table and with the reference."""
    scores, model = made_up_school.scores(), made_up_school.model()
    features = {f.column: f for f in model.features}
    table = scores.features.set_index("pupil_id")
    read_back = 0
    for score, year in zip(scores, scores.frame["year_group"], strict=True):
        typical = model.reference["typical"]
        medians = typical.get("" if math.isnan(year) else str(int(year)), typical["all"])
        for reason in (*score.reasons, *score.protective):
            feature, value = features[reason.column], table.loc[score.pupil_id, reason.column]
            assert reason.value == value or (math.isnan(value) and math.isnan(reason.value))
            if math.isnan(value):
                assert reason.sentence == feature.silent.format(window=feature.window.words)
                continue
            lead = re.escape(feature.says.split("{value}")[0].format(window=feature.window.words))
            found = re.fullmatch(rf"{lead}(?P<value>.+?)(?: \(typical(?: for (?P<year>[^:]+))?: (?P<typical>[^)]+)\))?", reason.sentence)
            assert found, reason.sentence
            assert feature.window.words in reason.sentence or "{window}" not in feature.says
            if feature.measure.unit == "share":
                shown = parsed(found["value"])
                assert shown == pytest.approx(100 * value, abs=0.5001)
                read_back += 1
            if found["typical"]:
                assert feature.measure.unit in COMPARED
                assert found["year"] in (None, words.year_group(year))
                assert parsed(found["typical"]) == pytest.approx(
                    medians[reason.column] * (100 if feature.measure.unit == "share" else 1), abs=0.5001
                )
                assert reason.typical == medians[reason.column]
    assert read_back > 500


def test_a_listed_reason_lies_on_the_side_of_what_is_typical_that_its_sign_says():
    scores = made_up_school.scores()
    directions = {f.column: f.read_sign for f in made_up_school.model().features}
    compared = 0
    for score, (_, row) in zip(scores, scores.frame.iterrows(), strict=True):
        told = {reason.sentence: reason for reason in (*score.reasons, *score.protective)}
        for sentence in (row["reason_1"], row["reason_2"], row["reason_3"], row["protective"]):
            reason = told.get(sentence)
            if reason and directions[reason.column] and reason.typical is not None and not math.isnan(reason.value):
                compared += 1
                assert (reason.value - reason.typical) * directions[reason.column] * reason.strength > 0, sentence
    assert compared > 500


def test_reasons_in_the_table_are_in_the_order_of_their_strength():
    scores = made_up_school.scores()
    for score, (_, row) in zip(scores, scores.frame.iterrows(), strict=True):
        texts = [row[f"reason_{i}"] for i in (1, 2, 3)]
        themes = [r.theme for text in texts if text for r in score.reasons if r.sentence == text]
        assert themes == [r.theme for r in score.reasons if r.theme in themes]
        assert texts == sorted(texts, key=lambda text: text == ""), "gaps come last"


def test_no_sentence_of_the_library_names_a_cause():
    for feature in FEATURES:
        for value in (0.0, 0.4, 1.0, 37.0, -0.2, math.nan):
            assert not CAUSAL.search(feature.sentence(value)), feature.column
    assert CAUSAL.search("absent because of illness"), "one would be seen"


def test_no_protected_feature_is_in_a_default_model():
    model, protected = made_up_school.model(), {f.column for f in FEATURES if f.protected}
    assert len(protected) >= 8
    assert not protected & {f.column for f in model.features}
    assert not any(told["protected"] for told in model.card["features"])
    assert not protected & set(made_up_school.scores().features.columns)


# --- reasons that are level ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phi", "joint"),
    [
        ([0.5, 0.45, 0.1], [True, True, False]),
        ([0.5, 0.3, 0.25], [False, True, True]),
        ([0.5, 0.42, 0.34], [True, True, True]),
        ([0.5, 0.3, 0.1], [False, False, False]),
        ([0.04, -0.04, -0.3], [False, False, False]),
    ],
)
def test_reasons_closer_than_refits_of_the_model_are_joint(phi: list[float], joint: list[bool]):
    told = Teller((A, replace(B, theme="b"), replace(C, theme="c")), {}, 0.1).all(np.array([0.5, 0.6, 0.7]), np.array(phi), 9.0)
    assert [reason.joint for reason in told] == joint


def test_no_reason_is_joint_where_no_noise_is_known():
    told = Teller((A, replace(B, theme="b"), replace(C, theme="c")), {}).all(np.array([0.5, 0.6, 0.7]), np.array([0.5, 0.499, 0.1]), 9.0)
    assert not any(reason.joint for reason in told)


def test_what_is_joint_is_said_in_the_note_and_on_the_card():
    scores = made_up_school.scores()
    noted = scores.frame["data_note"].str.contains("are joint")
    assert 0 < noted.sum() < len(noted)
    for score in itertools.islice(scores, 40):
        listed = [reason for reason in score.reasons if reason.joint][:5]
        assert not listed or "joint: it could change places with its neighbour" in score._repr_html_() or score.reasons.index(listed[0]) > 4
