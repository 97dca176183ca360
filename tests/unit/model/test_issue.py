"""Issued scores: ranks, tiers by places, ties at the cut, notes; the same for any order of rows, and nothing at all where a sum is off."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eswarn as ew
from eswarn.config import Config, ScoreConfig
from eswarn.errors import OurBug
from eswarn.evaluation.audit import integrity
from eswarn.evidence.record import read_record
from eswarn.features.compute import Dataset
from eswarn.features.pupil_facts import PupilFacts
from eswarn.model.bundle import Model
from eswarn.model.issue import EITHER_WAY, issue, places_of, rank_in_school
from eswarn.model.scores import Scores
from eswarn.model.shapley import Explained
from tests import made_up_school

CHOICES = ScoreConfig()


def rows(*, schools: dict[str, list[float]], left_out: dict[str, int] | None = None, unmarked: float = 0.0) -> tuple[Dataset, list[float]]:
    """A feature table for pupils of some schools, and the raw score each is to get, in a mixed-up order."""
    data = made_up_school.dataset()
    told = [(school, f"{school}{i:03d}", raw) for school, raws in schools.items() for i, raw in enumerate(raws)]
    told = [told[i] for i in np.random.default_rng(len(told)).permutation(len(told))]
    keys = data.keys.iloc[: len(told)].assign(
        pupil_id=pd.Series([p for _, p, _ in told], dtype="str"),
        school_id=pd.Series([s for s, _, _ in told], dtype="str"),
        unmarked=unmarked,
    )
    out = [(school, f"{school}x{i}") for school, n in (left_out or {}).items() for i in range(n)]
    frame = pd.DataFrame(
        {
            "pupil_id": [p for _, p in out],
            "school_id": [s for s, _ in out],
            "as_of": made_up_school.AS_OF,
            "reason": "few",
            "what_would_mend_it": "wait",
        }
    )
    return replace(data, X=data.X.iloc[: len(told)].fillna(0.0), keys=keys, left_out=frame), [raw for _, _, raw in told]


@pytest.fixture
def given_scores(monkeypatch: pytest.MonkeyPatch):
    """Issue scores with raw scores of our own: all of it in one feature, so that reasons add up."""

    def issued(data: Dataset, raw: list[float], config: ScoreConfig = CHOICES, *, noise: float = 0.0) -> Scores:
        values = np.zeros(data.X.shape)
        values[:, 0] = np.array(raw) + 3
        monkeypatch.setattr(Model, "explain", lambda model, table: Explained(values, -3.0, np.array(raw)))
        model = made_up_school.model()
        still = {**model.card, "explanations": {**model.card["explanations"], "place_noise": noise}}
        return issue(replace(model, card=still), data, config)

    return issued


def listed(scores: Scores, tier: str, school: str = "A") -> list[str]:
    return scores.frame.query("tier == @tier and school_id == @school")["pupil_id"].tolist()


# --- ranks -----------------------------------------------------------------------------------------------------------


def test_ranks_begin_anew_in_each_school_and_ties_share_the_better_one(given_scores):
    frame = given_scores(*rows(schools={"A": [-1.0, -3.0, -1.0, -2.0], "B": [-5.0, -4.0]})).frame
    assert frame[["school_id", "pupil_id", "rank"]].values.tolist() == [
        ["A", "A000", 1], ["A", "A002", 1], ["A", "A003", 3], ["A", "A001", 4], ["B", "B001", 1], ["B", "B000", 2],
    ]  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-3, 3)), max_size=30))
def test_a_rank_is_one_more_than_the_number_of_higher_scores_in_the_school(pupils: list[tuple[int, int]]):
    school, raw = np.array([s for s, _ in pupils], np.int64), np.array([r for _, r in pupils], float)
    expected = [1 + sum(s2 == s and r2 > r for s2, r2 in pupils) for s, r in pupils]
    assert rank_in_school(school, raw).tolist() == expected


def test_a_higher_chance_is_never_ranked_below_a_lower_one():
    frame = made_up_school.scores().frame
    for _, school in frame.groupby("school_id"):
        assert (np.diff(school["rank"]) >= 0).all()
        assert (np.diff(school["risk"]) <= 0).all()


# --- tiers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("places", "roll", "expected"),
    [(0.05, 100, 5), (0.05, 101, 6), (0.05, 20, 1), (0.05, 1, 1), (0.1, 30, 3), (0.3, 10, 3), (1, 500, 1), (12, 500, 12), (12, 3, 12)],
)
def test_places_are_a_share_of_the_roll_rounded_up_or_a_number(places: float, roll: int, expected: int):
    assert places_of(places, np.array([roll])).tolist() == [expected]


def test_tiers_go_by_places_in_each_school(given_scores):
    data, raw = rows(schools={"A": [-float(i) for i in range(40)], "B": [-float(i) for i in range(10)]})
    scores = given_scores(data, raw, ScoreConfig(places=0.1, watch=0.2))
    assert listed(scores, "priority") == [f"A00{i}" for i in range(4)]
    assert listed(scores, "watch") == [f"A{i:03d}" for i in range(4, 12)]
    assert [len(listed(scores, tier, "B")) for tier in ("priority", "watch", "universal")] == [1, 2, 7]
    absolute = given_scores(data, raw, ScoreConfig(places=3, watch=0))
    assert [len(listed(absolute, tier)) for tier in ("priority", "watch", "universal")] == [3, 0, 37]
    assert len(listed(absolute, "priority", "B")) == 3


def test_pupils_who_could_not_be_scored_count_in_the_roll(given_scores):
    schools = {"A": [-float(i) for i in range(20)]}
    alone = given_scores(*rows(schools=schools), ScoreConfig(places=0.1))
    with_others = given_scores(*rows(schools=schools, left_out={"A": 20, "C": 5}), ScoreConfig(places=0.1))
    assert (len(listed(alone, "priority")), len(listed(with_others, "priority"))) == (2, 4)
    assert len(with_others.not_scored) == 25
    assert with_others.about["not_scored"] == 25
    assert list(with_others.not_scored.columns) == ["pupil_id", "school_id", "reason", "what_would_mend_it"]


def test_all_who_are_level_at_the_cut_are_listed_and_marked(given_scores):
    scores = given_scores(
        *rows(schools={"A": [-1.0, -2.0, -2.0, -2.0, *(-float(i) for i in range(5, 21))]}), ScoreConfig(places=2, watch=0.1)
    )
    assert listed(scores, "priority") == ["A000", "A001", "A002", "A003"]
    notes = scores.frame.set_index("pupil_id")["data_note"]
    assert notes[["A000", "A001", "A002", "A003"]].tolist() == ["", *["level with others at the cut; all are listed"] * 3]
    assert set(notes.iloc[4:]) == {""}


def test_pupils_who_are_level_within_the_places_are_not_marked(given_scores):
    scores = given_scores(*rows(schools={"A": [-1.0, -1.0, -2.0, -3.0, -3.0, -4.0]}), ScoreConfig(places=2, watch=3))
    assert set(scores.frame["data_note"]) == {""}
    assert [len(listed(scores, tier)) for tier in ("priority", "watch", "universal")] == [2, 3, 1]


def test_a_tie_at_the_end_of_watch_is_marked_too(given_scores):
    scores = given_scores(*rows(schools={"A": [-1.0, -2.0, -3.0, -3.0, -4.0]}), ScoreConfig(places=1, watch=2))
    notes = scores.frame.set_index("pupil_id")["data_note"]
    assert listed(scores, "watch") == ["A001", "A002", "A003"]
    assert [bool(notes[p]) for p in ("A000", "A001", "A002", "A003", "A004")] == [False, False, True, True, False]


def test_a_place_that_another_draw_would_change_is_said_to_go_either_way(given_scores):
    made = rows(schools={"A": [-1.0, -2.0, -2.2, -4.0], "B": [-1.0, -3.0, -5.0]})
    notes = given_scores(*made, ScoreConfig(places=2, watch=1), noise=0.2).frame.set_index("pupil_id")["data_note"]
    assert {pupil for pupil, note in notes.items() if EITHER_WAY in note} == {"A001", "A002"}
    assert set(given_scores(*made, ScoreConfig(places=2, watch=1)).frame["data_note"]) == {""}


def test_missing_marks_are_said_beside_the_score(given_scores):
    schools = {"A": [-1.0, -2.0]}
    assert set(given_scores(*rows(schools=schools, unmarked=0.2)).frame["data_note"]) == {
        "20 % of sessions in the last 60 school days have no mark"
    }
    assert set(given_scores(*rows(schools=schools, unmarked=0.04)).frame["data_note"]) == {""}
    assert set(given_scores(*rows(schools=schools, unmarked=float("nan"))).frame["data_note"]) == {""}


def test_what_a_school_keeps_no_records_of_is_said_beside_its_scores():
    """LightGBM takes a value for zero that was never missing in training, so a school without a table looks better than it is."""
    data, model = made_up_school.dataset(), made_up_school.model()
    asked = [model.features[column] for column in set(model.trees.feature)]
    school = data.keys["school_id"].to_numpy(str)
    lacking = school == min(school)

    def notes(*themes: str) -> dict[bool, set[str]]:
        gone = [f.column for f in model.features if f.theme in themes]
        X = data.X.copy()
        X.loc[lacking, gone] = np.nan
        frame = issue(model, replace(data, X=X), CHOICES).frame
        return {own: set(frame["data_note"][(frame["school_id"] == min(school)) == own]) for own in (True, False)}

    assert {"behaviour", "attainment"} <= {f.theme for f in asked}
    told = notes("behaviour", "attainment")
    assert all("this school has no records on: behaviour, attainment" in note for note in told[True])
    assert not any("no records" in note for note in told[False])
    assert not any("no records" in note for own in notes().values() for note in own), "the control"


# --- the whole answer ------------------------------------------------------------------------------------------------


def test_scores_do_not_depend_on_the_order_of_the_rows():
    data, scores = made_up_school.dataset(), made_up_school.scores()
    order = np.random.default_rng(3).permutation(len(data.X))
    mixed = replace(data, X=data.X.iloc[order].reset_index(drop=True), keys=data.keys.iloc[order].reset_index(drop=True))
    again = issue(made_up_school.model(), mixed, CHOICES)
    for part in ("frame", "features", "contributions"):
        pd.testing.assert_frame_equal(getattr(again, part), getattr(scores, part), check_exact=True)
    assert again.about == scores.about


def test_base_and_values_add_up_for_every_pupil():
    phi = made_up_school.scores().contributions
    columns = list(made_up_school.scores().features.columns[1:])
    assert (phi["base_value"] + phi[columns].sum(axis=1) - phi["raw_score"]).abs().max() < 1e-9
    assert phi["base_value"].nunique() == 1
    assert (made_up_school.scores().frame["risk"] == made_up_school.model().curve(phi["raw_score"])).all()


def test_one_value_that_is_off_and_nobody_gets_a_score(monkeypatch: pytest.MonkeyPatch):
    honest = made_up_school.model().booster

    class Lying:
        feature_importance = honest.feature_importance

        def predict(self, table: np.ndarray, **kind: bool) -> np.ndarray:
            told = np.array(honest.predict(table, **kind))
            told[len(told) // 2] += 1e-6
            return told

    monkeypatch.setitem(made_up_school.model().__dict__, "booster", Lying())
    with pytest.raises(OurBug, match="for 1 pupil"):
        issue(made_up_school.model(), made_up_school.dataset(), CHOICES)


@pytest.mark.parametrize("reasons", [1, 3, 5])
def test_as_many_reason_columns_as_asked_for(reasons: int):
    scores = issue(made_up_school.model(), made_up_school.dataset(), ScoreConfig(reasons=reasons))
    assert [c for c in scores.frame if c.startswith("reason_")] == [f"reason_{i + 1}" for i in range(reasons)]
    assert list(scores.frame)[:7] == ["pupil_id", "school_id", "as_of", "year_group", "rank", "risk", "tier"]
    assert list(scores.frame)[-2:] == ["protective", "data_note"]
    assert not scores.frame[[c for c in scores.frame if c != "year_group"]].isna().any().any()


def test_what_the_scores_are_of_is_told_without_a_pupil():
    scores, model = made_up_school.scores(), made_up_school.model()
    told = dict(scores.about)
    assert told["scored"] == len(scores)
    assert told["model_id"] == model.id
    assert (told["as_of"], told["horizon_days"], told["places"], told["schools"]) == ("2025-06-02", 365, 0.05, 2)
    assert told["expected_leavers"] == pytest.approx(scores.frame["risk"].sum(), abs=0.06)
    assert told["version"] == importlib.metadata.version("eswarn")
    assert all(isinstance(value, (str, int, float)) for value in told.values())
    until = issue(model, made_up_school.dataset(), CHOICES, until=dt.date(2025, 7, 18)).about
    assert until["horizon_until"] == "2025-07-18"
    assert "horizon_days" not in until


def test_one_pupil_alone_can_be_scored():
    data = made_up_school.dataset()
    scores = issue(made_up_school.model(), data.rows(np.arange(len(data.X)) == 5), CHOICES)
    alone, among = scores.frame.iloc[0], made_up_school.scores().frame.set_index("pupil_id").loc[data.keys["pupil_id"][5]]
    assert (alone["rank"], alone["tier"]) == (1, "priority")
    assert alone[["risk", "reason_1", "protective"]].tolist() == among[["risk", "reason_1", "protective"]].tolist()
    assert SimpleNamespace(**scores.about).schools == 1


# --- places by year group --------------------------------------------------------------------------------------------


def of_years(data: Dataset, years: list[float]) -> Dataset:
    return replace(data, keys=data.keys.assign(year_group=pd.Series(years, dtype=float)))


def test_places_by_year_group_are_given_in_each_year_of_each_school_and_to_no_other(given_scores):
    data, raw = rows(schools={"A": [float(-n) for n in range(40)], "B": [float(-n) for n in range(30)]})
    years = [9.0 if int(pupil[1:]) % 2 else 10.0 for pupil in data.keys["pupil_id"]]
    config = ScoreConfig(places_by_year={"9": 3}, watch=2)
    scores = given_scores(of_years(data, years), raw, config)
    for school in "AB":
        assert listed(scores, "priority", school) == [f"{school}001", f"{school}003", f"{school}005"]
        assert listed(scores, "watch", school) == [f"{school}007", f"{school}009"]
    assert scores.about["places_by_year"] == {"9": 3}
    assert scores.frame.loc[scores.frame["pupil_id"] == "A001", "rank"].item() == 2, "the rank stays that in the school"


def test_a_share_of_watch_is_of_those_scored_in_the_year_group(given_scores):
    data, raw = rows(schools={"A": [float(-n) for n in range(40)]})
    scores = given_scores(of_years(data, [9.0] * 40), raw, ScoreConfig(places_by_year={"9": 2, "10": 5}, watch=0.1))
    assert (len(listed(scores, "priority")), len(listed(scores, "watch"))) == (2, 4)


def test_ties_at_the_last_place_of_a_year_group_are_all_listed_and_marked(given_scores):
    data, raw = rows(schools={"A": [3.0, 2.0, 2.0, 1.0, 0.0]})
    scores = given_scores(of_years(data, [9.0] * 5), raw, ScoreConfig(places_by_year={"9": 2}, watch=0))
    assert listed(scores, "priority") == ["A000", "A001", "A002"]
    notes = scores.frame.set_index("pupil_id")["data_note"]
    assert ["level with others at the cut" in notes[p] for p in ("A000", "A001", "A002", "A003")] == [False, True, True, False]


def test_a_pupil_whose_year_group_is_unknown_has_no_place_of_a_year_group(given_scores):
    data, raw = rows(schools={"A": [3.0, 2.0, 1.0]})
    years = [float("nan") if pupil == "A000" else 9.0 for pupil in data.keys["pupil_id"]]
    scores = given_scores(of_years(data, years), raw, ScoreConfig(places_by_year={"9": 1}, watch=0))
    assert listed(scores, "priority") == ["A001"]


def test_the_audit_derives_tiers_by_year_group_again(tmp_path):
    config = Config(score=ScoreConfig(places_by_year={"9": 2, "11": 4}))
    ew.score(made_up_school.model(), made_up_school.records(), made_up_school.AS_OF, config=config, out=tmp_path / "out", tracking="off")
    assert ew.audit(tmp_path / "out").passed
    record = read_record(tmp_path / "out")
    table = record.table("scores")
    wrong = table.assign(tier=table["tier"].where(table.index != 0, "universal" if table["tier"][0] == "priority" else "priority"))
    raw, year = record.table("contributions")["raw_score"].to_numpy(float), record.table("features")["year_group"].to_numpy(float)
    assert integrity._ranks_and_tiers(table, raw, year, record).all()
    assert not integrity._ranks_and_tiers(wrong, raw, year, record).all()


# --- how sure --------------------------------------------------------------------------------------------------------


def test_the_range_of_a_chance_is_what_nineteen_in_twenty_refits_would_say(given_scores):
    data, raw = rows(schools={"A": [-1.0, -2.0, -3.0]})
    facts = PupilFacts((), {}, np.zeros((3, 0), np.uint8), ("", "", ""), pd.DataFrame({"pupil_id": pd.Series([], dtype="str")}))
    scores = given_scores(replace(data, facts=facts), raw, noise=0.5)
    curve = made_up_school.model().curve
    assert scores.shown is not None
    sorted_raw = np.array([-1.0, -2.0, -3.0])
    assert scores.shown.low.tolist() == curve(sorted_raw - 1.96 * 0.5).tolist()
    assert scores.shown.high.tolist() == curve(sorted_raw + 1.96 * 0.5).tolist()
    assert (scores.shown.low <= scores.frame["risk"]).all()
    assert (scores.shown.high >= scores.frame["risk"]).all()
