"""The rules a model has to be compared with, each against its definition on rows written by hand and on registers."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from eswarn.config import CohortConfig, Config
from eswarn.errors import UsageError
from eswarn.evaluation.opponents import NEEDED, Opponent, opponents
from eswarn.evaluation.opponents.facts import TEN
from eswarn.evaluation.opponents.points import LAST
from eswarn.evaluation.opponents.schools import surroundings
from eswarn.features.compute import Dataset, compute
from eswarn.records.timeline import Timeline
from tests.made_up_school import records
from tests.spec.tables import parse, records_from
from tests.unit.evaluation.made_up_rows import rows

NAN = float("nan")
NAMES = ("RONI V1", f"RONI V1, {LAST}", "RONI V2", f"RONI V2, {LAST}", "RONI V2 bands", "persistent absence", "ABC flags", "FSM only",
         "ranked absence", "ranked absence, one year", "last year's list", "school mean", "environment only",
         "ten-feature logistic regression", "constant")  # fmt: skip
SOME = rows(40, y=[1, 0, 0, 0] * 10, school=["S", "T"] * 20, absence=[0.3, 0.1, 0.0, 0.05] * 10)  # to learn from, where it does not matter


def answered(test: Dataset, train: Dataset = SOME, before: np.ndarray | None = None) -> dict[str, Opponent]:
    return {one.name: one for one in opponents(train, test, before=before)}


def test_every_compulsory_opponent_answers_in_one_order() -> None:
    assert tuple(answered(rows(3))) == NAMES
    assert tuple(answered(rows(3, **{f.column: NAN for f in NEEDED}))) == NAMES
    assert all(one.says and one.source for one in answered(rows(3)).values())


@pytest.mark.parametrize("line", parse("""
    absence  | eal | ehcp | sen_support | of_absence | ever | fsm | looked_after | young_carer | V1 | V2 | PA | AB
    0        | 0   | 0    | 0           | 0          | 0    | 0   | 0            | 0           | 0  | 0  | 0  | 0
    37/380   | 0   | 0    | 0           | 0          | 0    | 0   | 0            | 0           | 0  | 0  | 0  | 0
    38/380   | 0   | 0    | 0           | 0          | 0    | 0   | 0            | 0           | 0  | 1  | 1  | 1     # 90 % exactly
    39/380   | 0   | 0    | 0           | 0          | 0    | 0   | 0            | 0           | 1  | 1  | 1  | 1
    56/380   | 0   | 0    | 0           | 0          | 0    | 0   | 0            | 0           | 1  | 1  | 1  | 1
    57/380   | 0   | 0    | 0           | 0          | 0    | 0   | 0            | 0           | 1  | 2  | 1  | 1     # 85 % exactly
    58/380   | 0   | 0    | 0           | 0          | 0    | 0   | 0            | 0           | 2  | 2  | 1  | 1
    380/380  | 0   | 0    | 0           | 0          | 0    | 0   | 0            | 0           | 2  | 2  | 1  | 1
    0        | 1   | 0    | 0           | 0          | 0    | 0   | 0            | 0           | 1  | 1  | 0  | 0
    0        | 0   | 1    | 0           | 0          | 0    | 0   | 0            | 0           | 2  | 2  | 0  | 0
    0        | 0   | 0    | 1           | 0          | 0    | 0   | 0            | 0           | 1  | 1  | 0  | 0
    1/380    | 0   | 0    | 0           | 0.01       | 1    | 0   | 0            | 0           | 1  | 2  | 0  | 1
    10/380   | 0   | 0    | 0           | 0.5        | 1    | 0   | 0            | 0           | 1  | 2  | 0  | 1
    10/380   | 0   | 0    | 0           | 0.51       | 1    | 0   | 0            | 0           | 2  | 2  | 0  | 1
    0        | 0   | 0    | 0           | 0          | 1    | 0   | 0            | 0           | 0  | 2  | 0  | 0     # years ago
    0        | 0   | 0    | 0           | 0          | 0    | 1   | 0            | 0           | 2  | 2  | 0  | 0
    0        | 0   | 0    | 0           | 0          | 0    | 0   | 1            | 0           | 2  | 2  | 0  | 0
    0        | 0   | 0    | 0           | 0          | 0    | 0   | 0            | 1           | 2  | 2  | 0  | 0
    100/380  | 1   | 1    | 0           | 1          | 1    | 1   | 1            | 1           | 13 | 13 | 1  | 2
"""))  # fmt: skip
def test_points_are_those_of_the_published_weights(line: dict[str, str]) -> None:
    part, _, of = line["absence"].partition("/")
    named = {name: float(line[name]) for name in ("eal", "ehcp", "sen_support", "fsm", "looked_after", "young_carer")}
    of_absence = float(line["of_absence"])
    pupil = rows(1, absence=int(part) / int(of or 1), excluded_of_absence=of_absence, excluded_in_a_year=of_absence / 10,
                 excluded_ever=float(line["ever"]), **named)  # fmt: skip
    told = answered(pupil)
    expected = {"RONI V1": line["V1"], "RONI V2": line["V2"], "persistent absence": line["PA"]}
    assert {name: float(told[name].score[0]) for name in expected} == {name: float(value) for name, value in expected.items()}
    assert told["ABC flags"].score[0] == float(line["AB"])
    assert told["FSM only"].score[0] == float(line["fsm"])


def test_each_rule_names_whom_its_own_threshold_names() -> None:
    told = answered(rows(4, fsm=[0, 1, 1, 1], sen_support=[0, 0, 1, 0], young_carer=[0, 0, 0, 1], absence=[0.1, 0.0999, 0, 0]))
    assert told["RONI V2"].score.tolist() == [1, 2, 3, 4]
    assert told["RONI V2"].flagged.tolist() == [False, False, True, True], "more than two points"
    assert told["RONI V2 bands"].score.tolist() == [1, 2, 2, 3], "offer from 1, additional from 2, substantial from 4"
    assert told["RONI V2 bands"].flagged.tolist() == [False, False, False, True]
    assert told["persistent absence"].flagged.tolist() == [True, False, False, False]
    assert told["FSM only"].flagged.tolist() == [False, True, True, True]
    assert told["RONI V1"].flagged is None, "its source gives no threshold"


def test_what_no_table_holds_is_said() -> None:
    told = answered(rows(2))
    for name in ("RONI V1", "RONI V2", f"RONI V1, {LAST}", "RONI V2 bands"):
        for words in ("alternative provision", "pregnant or parent", "youth offending team"):
            assert any(words in lacking for lacking in told[name].lacks), (name, words)
    assert any("custody" in lacking for lacking in told["RONI V2"].lacks)
    assert any("no grades" in lacking for lacking in told["ABC flags"].lacks)
    assert told["ranked absence"].lacks == told["FSM only"].lacks == ()


REGISTER = """
    pupil     | date                     | am | pm
    A         | 2026-02-02 to 2026-02-03 | I  | I     # 4 of 40 sessions missed: 10 % exactly
    B         | 2026-02-02               | E  | E     # half of the absence is exclusion
    B         | 2026-02-03               | I  | I
    C         | 2026-02-02               | E  | E
    C         | 2026-02-03               | E  | I
    D         | 2026-02-02               | I  | I
    D         | 2026-02-03               | I  | V     # 3 of 40; a visit is no absence
    A B C D   | 2026-02-04 to 2026-02-27 | /  | \\
    E         | 2026-02-02 to 2026-02-27 | /  | \\
    E         | 2024-06-03               | E  | E     # longer ago than a year
"""


def test_rules_read_a_register_by_its_codes() -> None:
    dated = compute(Timeline(records_from(attendance=REGISTER)), [dt.date(2026, 3, 2)], CohortConfig(), features=NEEDED)
    assert dated.keys["pupil_id"].tolist() == list("ABCDE")
    told = answered(dated)
    assert told["ranked absence"].score.tolist() == [0.1, 0.1, 0.1, 0.075, 0.0]
    assert told["persistent absence"].score.tolist() == [1, 1, 1, 0, 0]
    assert told["RONI V1"].score.tolist() == [0, 1, 2, 0, 0]
    assert told["RONI V2"].score.tolist() == [1, 3, 3, 0, 2], "ever excluded"
    assert told["ABC flags"].score.tolist() == [1, 2, 2, 0, 0], "suspended within a year"
    assert told["RONI V2"].lacks[:2] == ("English as an additional language", "a table of suspensions (register code E stands in for "
                                         "suspensions and exclusions)")  # fmt: skip
    assert "free school meals" in told["FSM only"].lacks


def test_a_withdrawn_suspension_is_none_and_one_before_the_register_counts_as_ever() -> None:
    dated = compute(Timeline(records_from(attendance=REGISTER, suspensions="""
        pupil | start      | kind                | recorded
        A     | 2026-02-02 | suspension          | 2026-02-02
        A     | 2026-02-02 | withdrawn           | 2026-02-20
        D     | 2019-02-04 | permanent_exclusion |
    """)), [dt.date(2026, 3, 2)], CohortConfig(), features=NEEDED)  # fmt: skip
    told = answered(dated)
    assert told["RONI V2"].score.tolist() == [1, 3, 3, 2, 2]
    assert told["ABC flags"].score.tolist() == [1, 2, 2, 0, 0]
    assert not any("suspensions" in lacking for lacking in told["RONI V2"].lacks)


def test_until_ten_days_of_a_year_have_passed_absence_is_that_of_the_year_before() -> None:
    told = answered(rows(6, possible_sessions=[19, 20, 19, 0, NAN, NAN], absence_this_year=[0.5, 0.4, 0.3, NAN, NAN, NAN],
                         absence_last_year=[0.01, 0.01, NAN, 0.02, NAN, NAN], term_absence=[0.9, 0.9, 0.9, 0.9, 0.2, NAN]))  # fmt: skip
    usual = np.mean([0.3, 0.1, 0.0, 0.05])
    assert told["ranked absence"].score.tolist() == pytest.approx([0.01, 0.4, 0.3, 0.02, 0.2, usual])


def test_a_missing_fact_counts_the_mean_of_the_training_rows_that_have_it() -> None:
    train = rows(8, y=[0, 1] * 4, fsm=[1, 0, 0, 0, NAN, NAN, NAN, NAN], absence=[0.2] * 4 + [0.0] * 4)
    told = answered(rows(3, fsm=[NAN, 0, 1], absence=[0.12, NAN, 0]), train)
    assert told["FSM only"].score.tolist() == [0.25, 0, 1]
    assert told["RONI V1"].score.tolist() == [1 + 2 * 0.25, 2 * 0.5, 2], "two points for half of those known"
    assert told["persistent absence"].score.tolist() == [1, 0.5, 0]
    assert told["ranked absence"].score.tolist() == pytest.approx([0.12, 0.1, 0])
    assert told[f"RONI V1, {LAST}"].score.tolist() == [1.5, -np.inf, 2]
    assert told[f"RONI V2, {LAST}"].score.tolist() == [1.5, -np.inf, 2]


def test_nobody_is_named_for_what_is_not_known() -> None:
    train = rows(4, y=[0, 1, 0, 1], fsm=1, absence=0.5, looked_after=1)
    told = answered(rows(2, fsm=[NAN, 1], absence=[NAN, 0.2], looked_after=[NAN, 1]), train)
    assert told["RONI V2"].score.tolist() == [6, 6], "the same to expect of both"
    for name in ("RONI V2", "RONI V2 bands", "persistent absence", "FSM only"):
        assert told[name].flagged.tolist() == [False, True], name


def test_where_training_knows_nothing_a_missing_fact_counts_half_its_points() -> None:
    told = answered(rows(2, fsm=[NAN, 1]), rows(4, y=[0, 1, 0, 1], fsm=NAN))
    assert told["RONI V1"].score.tolist() == [1, 2]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("column", [feature.column for feature in NEEDED])
def test_a_column_without_any_value_leaves_every_rule_standing(column: str) -> None:
    empty = rows(12, absence=np.linspace(0, 0.4, 12), **{column: NAN}) if "absence_" not in column else rows(12, **{column: NAN})
    both = replace(empty, y=np.array([0, 1, 0] * 4, float))
    for train, test in ((SOME, empty), (both, empty), (both, rows(5))):
        assert all(np.isfinite(one.score).all() for one in opponents(train, test))


def test_records_that_answer_nothing_rank_nobody_and_say_so() -> None:
    nothing = rows(4, **{feature.column: NAN for feature in NEEDED})
    told = answered(nothing)
    for name, one in told.items():
        assert len(set(one.score.tolist())) == 1, name
        assert one.flagged is None or not one.flagged.any()
        assert one.lacks or name in ("school mean", "constant")
    assert told["RONI V1"].lacks[:2] == ("attendance", "English as an additional language")
    assert told["ten-feature logistic regression"].lacks == TEN


def test_the_school_mean_is_drawn_towards_all_by_as_much_as_chance_would_move_it() -> None:
    rate, n = np.array([0.5, 0.1, 0.0]), np.array([10, 40, 50])
    train = rows(100, y=[1] * 5 + [0] * 5 + [1] * 4 + [0] * 36 + [0] * 50, school=["A"] * 10 + ["B"] * 40 + ["C"] * 50)
    m = 0.09
    spread = (n * (rate - m) ** 2).sum() / 100 - m * (1 - m) / (100 / 3)
    shrunk = m + spread / (spread + m * (1 - m) / n) * (rate - m)
    one = answered(rows(4, school=["C", "A", "new", "B"]), train)["school mean"]
    assert one.risk.tolist() == pytest.approx([shrunk[2], shrunk[0], m, shrunk[1]])
    assert one.score.tolist() == pytest.approx((one.risk - m).tolist()), "nought for a school nobody knows, in every fold"
    assert one.score[2] == 0
    assert "areas of schools" in one.lacks[0]
    assert 0.09 < shrunk[0] < 0.5
    assert answered(rows(1, school="A"), train)["school mean"].lacks == ()


def test_schools_that_differ_by_no_more_than_chance_have_the_rate_of_all() -> None:
    one = answered(rows(2, school=["A", "B"]), rows(40, y=[1] * 3 + [0] * 17 + [1] * 2 + [0] * 18, school=["A"] * 20 + ["B"] * 20))
    assert one["school mean"].risk.tolist() == [0.125, 0.125]


def test_many_rows_of_one_pupil_are_no_more_evidence_than_one() -> None:
    train = rows(60, y=[1] * 6 + [0] * 14 + [1] * 2 + [0] * 38, school=["A"] * 20 + ["B"] * 40)
    doubled = replace(train, X=pd.concat([train.X] * 2, ignore_index=True), keys=pd.concat([train.keys] * 2, ignore_index=True),
                      y=np.tile(train.y, 2), unknown=np.tile(train.unknown, 2))  # fmt: skip
    test = rows(2, school=["A", "B"])
    assert answered(test, doubled)["school mean"].risk.tolist() == answered(test, train)["school mean"].risk.tolist()


def test_rows_without_a_label_are_not_learned_from() -> None:
    train = rows(40, y=[1, 0, 0, 0] * 10, school=["S", "T"] * 20, absence=[0.3, 0.1, 0.0, 0.05] * 10)
    labelled = np.arange(40) < 24
    test = rows(6, school=["S", "T"] * 3, absence=np.linspace(0, 0.4, 6))
    some = replace(train, y=np.where(labelled, train.y, NAN))
    for name in ("school mean", "ten-feature logistic regression", "constant"):
        assert np.array_equal(answered(test, some)[name].risk, answered(test, train.rows(labelled))[name].risk), name


def test_surroundings_are_means_over_everybody_of_the_same_school_and_date() -> None:
    both = [rows(3, school=["A", "A", "B"], absence=[0.1, 0.3, 0.05], fsm=[1, NAN, NAN]),
            rows(2, school=["A", "B"], as_of=dt.date(2025, 9, 8), absence=[0.0, 0.2])]  # fmt: skip
    data = replace(both[0], X=pd.concat([d.X for d in both], ignore_index=True), keys=pd.concat([d.keys for d in both], ignore_index=True))
    told = {"suspended": np.zeros(5), "absence": data.X["absence_this_year"].to_numpy(), "unauthorised": np.zeros(5)}
    told |= {name: data.X[name].to_numpy() for name in ("fsm", "eal", "sen_support", "ehcp", "idaci_decile", "year_group")}
    table = surroundings(data, told)
    assert table[:, 0].tolist() == pytest.approx([0.2, 0.2, 0.05, 0.0, 0.2])
    assert table[:, 1].tolist() == [1, 1, 0, 0, 1], "10 % counts"
    np.testing.assert_array_equal(table[:, 4], [1, 1, NAN, 0, 0])
    assert table[:, -1].tolist() == [2, 2, 1, 1, 1]


@functools.cache
def _forty_schools() -> tuple[Dataset, Dataset]:
    """Twenty poor schools where many leave and twenty others, and the same schools a year later."""
    school = np.repeat([f"S{i:02d}" for i in range(40)], 30)
    poor, rng = np.repeat(np.arange(40) % 2, 30), np.random.default_rng(1)
    y = rng.random(1200) < np.where(poor, 0.3, 0.02)
    fsm = rng.random((2, 1200)) < np.where(poor, 0.6, 0.1)
    return rows(1200, y=y, school=school.tolist(), fsm=fsm[0]), rows(1200, school=school.tolist(), fsm=fsm[1])


def test_the_environment_tells_schools_apart_and_no_two_pupils_of_one() -> None:
    train, test = _forty_schools()
    one = answered(test, train)["environment only"]
    by_school = pd.Series(one.risk).groupby(test.keys["school_id"].to_numpy())
    assert by_school.nunique().tolist() == [1] * 40
    poor = np.repeat(np.arange(40) % 2, 30) == 1
    assert one.risk[poor].min() > 3 * one.risk[~poor].max()
    assert one.risk.mean() == pytest.approx(train.y.mean(), abs=0.05)
    assert one.score.tolist() == one.risk.tolist()


def test_the_environment_of_one_school_is_the_same_for_everybody() -> None:
    told = answered(rows(9, absence=np.linspace(0, 0.8, 9)), rows(60, y=[0, 0, 1] * 20, absence=np.linspace(0, 0.8, 60)))
    assert len(set(told["environment only"].risk.tolist())) == 1


@pytest.mark.parametrize("outcome", [0, 1])
def test_a_training_block_with_one_outcome_gives_everybody_that_chance(outcome: int) -> None:
    told = answered(rows(3, absence=[0, 0.1, 0.5]), rows(20, y=outcome, absence=np.linspace(0, 0.3, 20)))
    for name in ("school mean", "environment only", "ten-feature logistic regression", "constant"):
        assert told[name].risk.tolist() == [outcome] * 3
        assert len(set(told[name].score.tolist())) == 1


def test_last_years_list_ranks_by_last_year_and_lists_nobody_else() -> None:
    one = answered(rows(3), before=np.array([0.2, NAN, -1.5]))["last year's list"]
    assert one.score.tolist() == [0.2, -np.inf, -1.5]
    assert one.lacks == ()
    for before in (None, np.full(3, NAN)):
        one = answered(rows(3), before=before)["last year's list"]
        assert one.score.tolist() == [0, 0, 0]
        assert one.lacks == ("scores of a year ago",)


def test_the_regression_reads_ten_shipped_features_and_none_that_is_protected() -> None:
    by_column = {feature.column: feature for feature in NEEDED}
    assert len(set(TEN)) == 10
    assert not any(by_column[name].protected for name in TEN)


def test_the_regression_finds_what_was_planted_and_uses_that_something_is_missing() -> None:
    rng = np.random.default_rng(3)
    absence, attainment = rng.random(4000) / 2, np.where(rng.random(4000) < 0.2, NAN, rng.random(4000))
    y = rng.random(4000) < 1 / (1 + np.exp(-(-4 + 6 * absence + 1.5 * np.isnan(attainment))))
    train = rows(4000, y=y, absence_this_year=absence, attainment=attainment)
    asked = rows(3, absence_this_year=[0.1, 0.4, 0.1], attainment=[0.5, 0.5, NAN])
    one = answered(asked, train)["ten-feature logistic regression"]
    planted = 1 / (1 + np.exp(-np.array([-4 + 0.6, -4 + 2.4, -4 + 0.6 + 1.5])))
    assert one.risk.tolist() == pytest.approx(planted.tolist(), rel=0.3)
    assert np.argsort(one.score).tolist() == np.argsort(one.risk).tolist()


def test_the_constant_is_the_base_rate_of_training() -> None:
    one = answered(rows(2))["constant"]
    assert one.risk.tolist() == [0.25, 0.25]
    assert one.score.tolist() == [0, 0], "the same in every fold, whose base rates differ"


def test_without_an_earlier_cohort_the_rules_that_need_none_still_answer() -> None:
    test = rows(3, absence=[0.2, 0.0, NAN], fsm=[1, 0, NAN])
    for train in (replace(SOME, y=np.full(40, NAN)), rows(0)):
        told = answered(test, train)
        assert tuple(told) == NAMES[:11]
        assert told["RONI V2"].score[:2].tolist() == [4, 0]
    assert told["RONI V2"].score[2] == 2, "half the points of both that are missing"


@functools.cache
def _learned_and_asked() -> tuple[Dataset, Dataset]:
    """Two blocks of the made-up schools, a year apart."""
    data = compute(Timeline(records()), [dt.date(2023, 3, 6), dt.date(2023, 6, 5), dt.date(2024, 6, 3)], Config().cohort,
                   features=NEEDED, labelled=True)  # fmt: skip
    last = data.keys["as_of"].to_numpy() == dt.date(2024, 6, 3)
    return data.rows(~last), data.rows(last)


def _same(one: Opponent, other: Opponent, order: np.ndarray | slice = slice(None)) -> bool:
    pairs = ((one.score, other.score), (one.flagged, other.flagged), (one.risk, other.risk))
    return all((a is None and b is None) or np.array_equal(a[order], b) for a, b in pairs) and one.lacks == other.lacks


def test_no_opponent_looks_at_what_happened() -> None:
    train, test = _learned_and_asked()
    assert np.nansum(test.y) > 0
    told = answered(test, train)
    for poison in (1 - test.y, np.full(len(test.y), 1e9), np.full(len(test.y), NAN)):
        poisoned = answered(replace(test, y=poison), train)
        assert all(_same(told[name], poisoned[name]) for name in NAMES)


def test_answers_depend_neither_on_the_order_of_the_rows_nor_on_the_other_school() -> None:
    train, test = _learned_and_asked()
    told = answered(test, train)
    order = np.random.default_rng(5).permutation(len(test.X))
    mixed = replace(test, X=test.X.iloc[order].reset_index(drop=True), keys=test.keys.iloc[order].reset_index(drop=True), y=test.y[order])
    shuffled = answered(mixed, train)
    school = test.keys["school_id"].to_numpy(str)
    halves = {name: answered(test.rows(school == name), train) for name in np.unique(school)}
    for name in NAMES:
        if name == "environment only":  # its means are sums in the order of the rows
            np.testing.assert_allclose(told[name].risk[order], shuffled[name].risk, rtol=1e-9)
        else:
            assert _same(told[name], shuffled[name], order), name
        for half, answers in halves.items():
            assert np.array_equal(told[name].score[school == half], answers[name].score), name


def test_the_same_rows_give_the_same_bits() -> None:
    train, test = _learned_and_asked()
    one, other = answered(test, train), answered(test, train)
    assert all(_same(one[name], other[name]) for name in NAMES)


def test_simple_rules_rank_leavers_of_made_up_schools_better_than_chance() -> None:
    train, test = _learned_and_asked()
    told, left = answered(test, train), test.y == 1
    for name in ("ranked absence", "ranked absence, one year", "RONI V1", "RONI V2", "ten-feature logistic regression"):
        score = told[name].score
        over = (score[left][:, None] > score[~left]).mean() + (score[left][:, None] == score[~left]).mean() / 2
        assert over > 0.6, name


def test_a_column_that_a_rule_reads_and_nobody_computed_is_named() -> None:
    bare = replace(SOME, X=SOME.X.drop(columns=["possible_sessions"]))
    with pytest.raises(UsageError, match=r"possible_sessions[\s\S]*NEEDED"):
        opponents(SOME, bare)


def test_scores_of_a_year_ago_of_other_rows_are_refused() -> None:
    with pytest.raises(UsageError, match="one score for each row"):
        opponents(SOME, SOME, before=np.zeros(39))


def test_a_test_block_of_nobody_is_answered_with_nothing() -> None:
    assert all(len(one.score) == 0 for one in opponents(SOME, rows(0)))
