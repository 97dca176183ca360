"""The leak detector: every planted leak is found as what it is, clean data stays silent, and nothing that is said names a pupil."""

from __future__ import annotations

import functools
import re

import numpy as np
import pandas as pd
import pytest

from benchmarks.leaks import in_table, leaks_section
from benchmarks.planted_columns import AS_OF, COLUMNS_PLANTS, TABLE_PLANTS, ColumnsPlant, Table, TablePlant, clean_columns, clean_table
from benchmarks.planted_leaks import PLANTS, Plant, frame, leavers, put, without_recorded_on
from eswarn.config import CohortConfig, Config, DatasetFacts
from eswarn.errors import UsageError
from eswarn.evaluation.leaks import KINDS, Finding, alarms, leaks, leaks_in_columns, leaks_in_table, render
from eswarn.evaluation.leaks.certainty import certainly_more, severity, steadiness, too_good
from eswarn.evaluation.leaks.dated import slip_or_leak
from eswarn.evaluation.leaks.own import known_before
from eswarn.records.store import Records
from eswarn.simulate import simulate

DICE = 1


@functools.cache
def school() -> Records:
    """A clean data set of one school."""
    return simulate(pupils=390, years=3, seed=12)


@functools.cache
def two_schools() -> Records:
    return simulate(pupils=420, years=3, seed=5)


@functools.cache
def planted(plant: Plant) -> tuple[Finding, ...]:
    return leaks(plant.into(school(), np.random.default_rng(DICE)))


@functools.cache
def table() -> Table:
    return clean_table(simulate(pupils=900, years=3, seed=4))


def kinds(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.kind for finding in alarms(findings)}


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.said)
def test_a_leak_in_the_records_is_found_as_what_it_is(plant: Plant) -> None:
    assert plant.kind in kinds(planted(plant))


@pytest.mark.parametrize("plant", TABLE_PLANTS, ids=lambda plant: plant.said)
def test_a_leak_in_a_table_is_found_as_what_it_is(plant: TablePlant) -> None:
    assert plant.kind in kinds(in_table(plant.into(table(), np.random.default_rng(DICE))))


@pytest.mark.parametrize("plant", COLUMNS_PLANTS, ids=lambda plant: plant.said)
def test_a_leak_in_a_function_is_found_as_what_it_is(plant: ColumnsPlant) -> None:
    assert plant.kind in kinds(leaks_in_columns(plant.make, two_schools(), AS_OF))


def test_clean_records_tables_and_functions_raise_no_alarm() -> None:
    assert alarms(leaks(school())) == ()
    assert alarms(leaks(without_recorded_on(school()))) == ()
    assert in_table(table()) == ()
    assert leaks_in_columns(clean_columns, two_schools(), AS_OF) == ()
    assert [f.kind for f in leaks_in_columns(clean_columns, school(), AS_OF)] == ["not_checked"]  # one school has no other


def test_at_least_twenty_kinds_are_planted() -> None:
    assert len({plant.kind for plant in (*PLANTS, *TABLE_PLANTS, *COLUMNS_PLANTS)}) >= 20
    assert {plant.kind for plant in (*PLANTS, *TABLE_PLANTS, *COLUMNS_PLANTS)} <= set(KINDS)


def test_a_model_trained_past_the_day_of_the_list_is_told() -> None:
    early, late = pd.Timestamp("2022-11-07").date(), pd.Timestamp("2024-01-08").date()
    config = Config(cohort=CohortConfig(as_of=(early, late)))
    assert "label_windows_overlap" in kinds(leaks(school(), config, as_of=[pd.Timestamp("2025-01-06").date()]))
    assert "label_windows_overlap" not in kinds(leaks(school(), config, as_of=[pd.Timestamp("2025-06-02").date()]))
    told = leaks(school(), as_of=[late])
    assert [f.severity for f in told if f.kind == "label_windows_overlap"] == ["look"]


def test_what_is_said_holds_no_identifier_and_no_value() -> None:
    names = set(frame(school(), "enrolment")["pupil_id"]) | set(frame(school(), "context")["household_id"].dropna())
    told = " ".join(render(planted(plant)) for plant in PLANTS if "letter" not in plant.said and "numbers" not in plant.said)
    assert names.isdisjoint(re.findall(r"\w+", told))
    assert not [value for value in ("pass returned", "entry withdrawn", "LEFT", "defiance", "WBRI", "999400") if value in told]


def test_a_finding_says_what_where_why_and_what_to_do() -> None:
    plant = next(plant for plant in PLANTS if plant.said == "Z in the week before leaving")
    (finding,) = alarms(planted(plant))
    told = str(finding)
    assert told.startswith("LEAK  attendance.code: register codes that only pupils get who leave\n")
    assert re.search(r"code Z in the last 30 days: \d+ of \d+ leavers and \d+ of \d+ others", told)
    assert finding.why in told
    assert finding.do in told
    assert render([]) == "No leak found. That is no proof that there is none."


def test_every_kind_has_words_and_no_other_kind_can_be_found() -> None:
    assert all(len(part) > 10 and part == part.strip() for kind in KINDS.values() for part in kind)
    with pytest.raises(KeyError):
        Finding("no such kind", "leak", "", "")


@pytest.mark.parametrize(("days", "found"), [(-1, True), (0, False), (5, False)])
def test_what_was_recorded_on_the_leaving_date_or_later_is_no_sign(days: int, found: bool) -> None:
    """The cutoff keeps it from every feature, so it is no leak."""
    rows, early = frame(school(), "behaviour"), leavers(school(), np.random.default_rng(DICE)).early
    left = pd.Series(early)
    more = rows.drop_duplicates("pupil_id").set_index("pupil_id").loc[[p for p in left.index if p in set(rows["pupil_id"])]].reset_index()
    known = more["pupil_id"].map(left) + pd.Timedelta(days=days)
    more = more.assign(date=more["pupil_id"].map(left) - pd.Timedelta(days=20), recorded_on=known, category="pass returned")
    told = kinds(leaks(put(school(), "behaviour", pd.concat([rows, more], ignore_index=True))))
    assert ("event_tells" in told) == found


def test_one_slip_is_worth_a_look_and_no_alarm() -> None:
    rows = frame(school(), "behaviour")
    who = leavers(school(), np.random.default_rng(DICE))
    pupil, left = next(iter(who.any.items()))
    slip = pd.DataFrame([{"pupil_id": pupil, "school_id": who.school[pupil], "date": left + pd.Timedelta(days=3), "kind": "negative"}])
    told = leaks(put(school(), "behaviour", pd.concat([rows, slip], ignore_index=True)))
    assert [(f.kind, f.severity) for f in told] == [("rows_after_leaving", "look")]


def test_few_pupils_or_a_small_share_of_departures_is_a_slip() -> None:
    assert [slip_or_leak(pupils, of) for pupils, of in ((2, 10), (3, 10), (3, 400))] == ["look", "leak", "look"]


def test_two_pupils_who_are_always_away_are_not_one() -> None:
    marks = frame(school(), "attendance")
    hit = marks["pupil_id"].isin(marks["pupil_id"].value_counts().index[:2])
    told = leaks(put(school(), "attendance", marks.assign(code=marks["code"].mask(hit, "I"))))
    assert "pupil_twice" not in {finding.kind for finding in told}


def test_what_is_known_before_a_day_holds_nothing_of_the_day() -> None:
    kept = known_before(without_recorded_on(school()), AS_OF)
    day = pd.Timestamp(AS_OF)
    assert (frame(school(), "attendance")["date"] == day).any()
    assert frame(kept, "attendance")["date"].max() < day
    assert not (frame(kept, "enrolment")["left_on"] >= day).any()
    assert (frame(school(), "enrolment")["left_on"] >= day).any()


def test_who_comes_back_has_not_left_for_good() -> None:
    plant = next(plant for plant in PLANTS if plant.said == "presence runs on after leaving")
    records = plant.into(school(), np.random.default_rng(DICE))
    stays = frame(records, "enrolment")
    gone = leavers(records, np.random.default_rng(DICE)).any
    again = pd.DataFrame([{"pupil_id": p, "entered_on": d + pd.Timedelta(days=1)} for p, d in gone.items()])
    again["school_id"] = again["pupil_id"].map(stays.drop_duplicates("pupil_id", keep="last").set_index("pupil_id")["school_id"])
    records = put(records, "enrolment", pd.concat([stays, again], ignore_index=True))
    assert "marks_after_leaving" not in kinds(leaks(records))


def test_too_few_leavers_are_said_to_be_too_few() -> None:
    told = leaks(simulate(pupils=60, years=1, seed=3))
    assert [f.kind for f in told] == ["not_checked"]
    assert "too few" in told[0].seen


def test_records_without_a_last_day_of_outcomes_are_checked_as_far_as_they_go() -> None:
    told = leaks(Records(school().tables, DatasetFacts()))
    assert [(f.kind, f.severity, f.where) for f in told] == [("not_checked", "look", "features")]


def test_no_table_at_all_is_no_error() -> None:
    assert [f.kind for f in leaks(Records({}))] == ["not_checked"]


def test_an_order_by_year_of_entry_is_no_sign() -> None:
    rng = np.random.default_rng(3)
    year = np.repeat(np.arange(5), 200)
    leaver = rng.random(1_000) < np.array([0.01, 0.02, 0.05, 0.1, 0.4])[year]
    assert abs(steadiness(np.arange(1_000.0), leaver, np.zeros(1_000, int))[1]) > 6
    assert abs(steadiness(np.arange(1_000.0), leaver, year)[1]) < 4


def test_the_tail_is_the_binomial_one() -> None:
    from math import comb

    for k, n, p in ((0, 5, 0.3), (3, 10, 0.35), (10, 10, 0.5), (1, 1, 0.2)):
        exact = sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))
        assert float(certainly_more(k, n, p)) == pytest.approx(exact, rel=1e-12)


def test_small_sets_and_honest_signs_do_not_alarm() -> None:
    assert severity(float(too_good(5, 5, 0, 300))) != "leak"  # five of five may be chance
    assert severity(float(too_good(60, 100, 150, 1_000))) is None  # a good honest sign
    assert severity(float(too_good(30, 30, 3, 1_000))) == "leak"
    assert float(too_good(0, 0, 3, 10)) == 1


def test_a_table_that_does_not_fit_its_keys_is_refused() -> None:
    t = table()
    with pytest.raises(UsageError, match="same rows"):
        leaks_in_table(t.X, t.keys.iloc[1:], t.y)
    with pytest.raises(UsageError, match="column pupil_id"):
        leaks_in_table(t.X, t.keys.drop(columns="pupil_id"), t.y)
    with pytest.raises(UsageError, match="train"):
        leaks_in_table(t.X, t.keys, t.y, side=["left"] * len(t.y))
    with pytest.raises(UsageError, match="of numbers") as error:
        leaks_in_table(t.X.assign(own="Ada"), t.keys, t.y)
    assert "Ada" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_table_without_labels_keys_or_columns_is_no_error() -> None:
    t = table()
    assert leaks_in_table(t.X, t.keys[["pupil_id", "as_of"]], np.full(len(t.y), np.nan)) == ()
    assert leaks_in_table(t.X[[]], t.keys, t.y) == ()
    assert leaks_in_table(t.X.iloc[:0], t.keys.iloc[:0], t.y[:0]) == ()


def test_a_rate_that_leaves_the_pupil_out_tells_even_in_one_school() -> None:
    y = np.repeat([0.0, 1.0], [380, 20])
    keys = pd.DataFrame({"pupil_id": [f"P{i}" for i in range(400)], "school_id": "S"}).sample(frac=1, random_state=1)
    X = pd.DataFrame({"own": (20 - y) / 399})
    order = np.random.default_rng(1).permutation(400)
    told = leaks_in_table(X.iloc[order], keys, y[order])
    assert "school_encoded" in kinds(told)


def test_a_column_of_zeros_is_no_rate_of_groups_without_leavers() -> None:
    y = np.append(np.ones(2), np.zeros(398))
    keys = pd.DataFrame({"pupil_id": [f"P{i}" for i in range(400)], "school_id": np.append(["A"] * 10, ["B"] * 390)})
    X = pd.DataFrame({"suspensions": np.append(np.zeros(396), [1.0, 1, 2, 3])})
    assert "school_encoded" not in kinds(leaks_in_table(X, keys, y))


def test_a_function_that_gives_a_pupil_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="one row a pupil"):
        leaks_in_columns(lambda records, day: pd.DataFrame({"own": [1.0, 2.0]}, index=["A", "A"]), school(), AS_OF)


def test_the_section_of_figures_says_what_was_missed_and_where_the_target_was() -> None:
    part = {
        "planted": [{"into": "records", "leak": "one", "kind": "off_roll_code", "planted": 5, "caught": 4}], "sets": 5, "n": 50,
        "sizes": [300, 500], "years": 3, "false_alarms": {"records": 2, "tables": 0}, "median_seconds": 1.0,
    }  # fmt: skip
    told = "\n".join(leaks_section(part))
    assert "Caught 4 of 5. Missed at times: one (4 of 5)." in told
    assert "2 on 50 records, 0 on 50 tables" in told
    assert "Target missed" in told
