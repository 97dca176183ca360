"""E11: sentences of every shipped feature are read back, and one with a wrong value, unit, window, comparison or direction is not."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest

import eswarn as ew
from eswarn.evaluation.audit.lines import Run
from eswarn.evaluation.audit.words_back import CAUSAL, Reader, bounds, sentences, window_of
from eswarn.features.feature import Feature
from eswarn.features.windows import days, ever, half_term, last, last_year, year_to_date
from eswarn.model.reasons import Teller
from tests.unit.evaluation import honest_run

MADE_UP = {  # unit: values that such a measure may give
    "share": lambda rng: rng.choice([0.0, 1.0, rng.random(), rng.random() / 50, rng.integers(0, 201) / 200]),
    "percentile": lambda rng: rng.choice([0.0, 1.0, rng.random(), rng.random() / 50]),
    "change": lambda rng: rng.choice([0.0, rng.normal() / 4, rng.normal() / 150, rng.integers(-200, 201) / 200]),
    "change a week": lambda rng: rng.choice([0.0, rng.normal() / 50, rng.normal() / 1500]),
    "difference": lambda rng: rng.choice([0.0, float(rng.integers(-30, 31)), rng.normal() * 5]),
    "calendar days": lambda rng: float(rng.integers(0, 800)),
    "yes": lambda rng: float(rng.integers(0, 2)),
    "days": lambda rng: float(rng.integers(0, 1500)), "sessions": lambda rng: float(rng.integers(0, 400)),
    "times": lambda rng: float(rng.integers(0, 30)), "weeks": lambda rng: float(rng.integers(0, 39)),
    "count": lambda rng: float(rng.integers(0, 3000)), "value": lambda rng: rng.choice([float(rng.integers(-2, 14)), rng.normal() * 2000]),
}  # fmt: skip


def inside(value: float, ends: tuple[float, float]) -> bool:
    return ends[0] - 1e-9 * max(1, abs(value)) <= value <= ends[1] + 1e-9 * max(1, abs(value))


def test_ten_thousand_sentences_over_every_shipped_feature_are_read_back():
    rng = np.random.default_rng(11)
    read, with_typical = 0, 0
    readers = [Reader(feature) for feature in ew.FEATURES]
    for at, feature in enumerate(ew.FEATURES):
        make = MADE_UP[feature.measure.unit]
        for _ in range(10_000 // len(ew.FEATURES) + 1):
            value, typical, year = float(make(rng)), float(make(rng)), float(rng.choice([-2, -1, 0, 7, 11, 13, np.nan]))
            key = "all" if math.isnan(year) else str(int(year))
            told = Teller([feature], {key: {feature.column: typical}}).all(np.array([value]), np.array([1.0]), year)[0].sentence
            said = readers[at].read(told)
            assert said is not None, told
            assert inside(value, said.value), told
            assert said.window in (None, feature.window), told
            assert CAUSAL.search(told) is None, told
            if said.typical is not None:
                assert inside(typical, said.typical), told
                assert said.year_group == (None if math.isnan(year) else int(year)), told
                with_typical += 1
            read += 1
    assert read >= 10_000
    assert with_typical > 4_000


def test_the_numbers_a_sentence_may_stand_for_are_few():
    """A grammar that accepts any number would read anything back."""
    for feature in ew.FEATURES:
        for value in (0.0, 1.0, 3.0):
            said = Reader(feature).read(feature.sentence(value))
            assert said is not None
            wide = {"share": 0.0101, "percentile": 0.0101, "change": 0.0101, "change a week": 0.0011, "calendar days": 7}
            assert said.value[1] - said.value[0] <= wide.get(feature.measure.unit, 0)


def test_no_sentence_is_read_as_one_of_another_feature_with_another_window():
    """Features told apart by their window or words alone are told apart."""
    readers = [(feature, Reader(feature)) for feature in ew.FEATURES]
    for feature in ew.FEATURES:
        for other, reader in readers:
            if other is feature or (said := reader.read(feature.sentence(0.31))) is None:
                continue
            assert said.window is not None, f"{feature.column} and {other.column} say the same"
            assert said.window != other.window, f"{feature.column} and {other.column} say the same"


@pytest.mark.parametrize(
    "window", [last(20), last(60, skip=20), days(365), days(365, skip=200), half_term(), year_to_date(), last_year(), ever()]
)
def test_the_words_of_a_window_are_read_back(window):
    assert window_of(window.words) == window


@pytest.mark.parametrize(
    ("text", "unit", "ends"),
    [
        ("32 %", "share", (0.315, 0.325)), ("0 %", "share", (0, 0)), ("0.4 %", "share", (0.0035, 0.0045)),
        ("1 %", "share", (0.0095, 0.015)), ("1.4 %", "share", None), ("3 percentage points more", "change", (0.025, 0.035)),
        ("1 percentage point less", "change", (-0.015, -0.005)), ("1 percentage points less", "change", None),
        ("3 percentage point more", "change", None), ("0 percentage points more", "change", None),
        ("0.6 percentage points less each week", "change a week", (-0.0065, -0.0055)), ("level", "change a week", (-0.0005, 0.0005)),
        ("no change", "change", (-0.005, 0.005)), ("2 fewer", "difference", (-2, -2)), ("1,204 school days", "days", (1204, 1204)),
        ("1 session", "sessions", (1, 1)), ("1 sessions", "sessions", None), ("2 session", "sessions", None), ("yes", "yes", (1, 1)),
        ("3 weeks", "calendar days", (21, 27.999999)), ("52 weeks", "calendar days", (364, 364.999999)), ("2.5", "value", (2.45, 2.55)),
    ],
)  # fmt: skip
def test_a_value_in_words_stands_for_these_numbers(text: str, unit: str, ends: tuple[float, float] | None):
    assert bounds(text, unit) == (None if ends is None else pytest.approx(ends))


@pytest.mark.parametrize(
    "sentence",
    [
        "missed 32 % of sessions in the last 60 school days (typical for Year 9: 6 sessions)",
        "missed 32 sessions in the last 20 school days",
        "missed 32 % of sessions in the last 20 days of school", "missed 32 % of sessions in the last 20 school days because of illness",
        "missed 32 %  of sessions in the last 20 school days", "missed 032.5 % of sessions in the last 20 school days x",
        "missed -% of sessions in the last 20 school days", "missed 1.4 % of sessions in the last 20 school days", "",
    ],
)  # fmt: skip
def test_a_sentence_that_no_feature_ever_says_is_not_read(sentence: str):
    assert [f.column for f in ew.FEATURES if Reader(f).read(sentence) is not None] == []


# --- a run -------------------------------------------------------------------------------------------------------------


def test_an_honest_run_passes():
    told = sentences(honest_run.run())
    assert told.result == "passed"
    assert told.figure.endswith("all agree")
    n = sum(map(len, honest_run.run().sentences)) + sum(map(bool, honest_run.run().protective))
    assert told.figure.startswith(f"{n:,} sentences")


def with_reason(row: int, sentence: str) -> Run:
    run = honest_run.run()
    return replace(run, sentences=[[sentence, *said[1:]] if i == row else said for i, said in enumerate(run.sentences)])


@pytest.fixture(scope="module")
def first() -> tuple[int, str, Feature]:
    """A pupil, a first reason that says a share and what is typical, and its feature."""
    run = honest_run.run()
    for row, said in enumerate(run.sentences):
        for feature in run.model.features:
            read = Reader(feature).read(said[0]) if said else None
            if read and read.window == feature.window and feature.measure.unit == "share" and read.year_group is not None:
                return row, said[0], feature
    raise LookupError("no such pupil")


def test_a_sentence_with_a_swapped_value_window_comparison_or_year_is_caught(first: tuple[int, str, Feature]):
    row, sentence, feature = first
    said, told = re.findall(r"(\d+(?:\.\d)?) %", sentence)
    year = re.search(r"Year (\d+)", sentence)
    assert year is not None
    swaps = {
        "value": sentence.replace(f"{said} %", f"{float(said) + 3:.0f} %", 1),
        "typical value": sentence.replace(f": {told} %", f": {float(told) + 2:.0f} %", 1),
        "year group": sentence.replace(year[0], f"Year {int(year[1]) % 13 + 1}", 1),
    }
    for kind, other in swaps.items():
        checked = sentences(with_reason(row, other))
        assert (checked.result, checked.figure.split(": ")[-1]) == ("failed", f"wrong in {kind} (1)")
    window = sentence.replace(feature.window.words, "in the last 7 days", 1)
    assert sentences(with_reason(row, window)).result == "failed"


def test_a_protective_factor_told_as_a_reason_is_caught():
    run = honest_run.run()
    row = next(i for i, said in enumerate(run.protective) if said and run.sentences[i])
    told = sentences(with_reason(row, run.protective[row]))
    assert told.figure.endswith("wrong in direction (1)")
    turned = replace(run, protective=[run.sentences[row][0] if i == row else said for i, said in enumerate(run.protective)])
    assert sentences(turned).figure.endswith("wrong in direction (1)")


def test_sentences_of_another_pupil_are_caught():
    run = honest_run.run()
    told = sentences(replace(run, sentences=run.sentences[1:] + run.sentences[:1]))
    assert told.result == "failed"
    assert "value" in told.figure


def test_what_reads_as_a_cause_is_caught(first: tuple[int, str, Feature]):
    row, sentence, _ = first
    told = sentences(with_reason(row, f"{sentence} because of home"))
    assert told.figure.endswith("wrong in causal word (1), not a sentence of any feature (1)")
    for word in ("will leave", "caused by", "due to", "leads to"):
        assert CAUSAL.search(f"missed 3 % and {word} x")
    assert CAUSAL.search("willing, causeway, dueling") is None


def test_no_pupil_is_in_the_figure():
    run = honest_run.run()
    told = sentences(replace(run, sentences=[["Ada has a difficult family"] for _ in run.sentences]))
    assert told.figure.endswith(f"wrong in not a sentence of any feature ({len(run.raw):,})")
    assert "Ada" not in told.figure
