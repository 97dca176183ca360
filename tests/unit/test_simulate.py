from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from eswarn.errors import UsageError
from eswarn.records.tables import GRAIN, TABLE_MODELS, arrow_schema
from eswarn.simulate import simulate, simulate_with_causes
from eswarn.simulate.stays import DESTINATIONS
from eswarn.simulate.terms import half_term_starts, open_days, school_leaving_date
from eswarn.simulate.truth import true_causes
from eswarn.simulate.world import MADE, create

NEW_ERA = dt.date(2024, 8, 19)
ALWAYS = {"/", "\\", "L", "V", "P", "W", "B", "I", "M", "O", "U", "C", "G", "N", "E", "S", "R", "T", "D", "X", "-"}
ONLY_BEFORE, ONLY_SINCE = {"J"}, {"C1", "C2", "J1", "K"}
AUTHORISED = {"I", "M", "C", "C1", "C2", "E", "S", "R", "T", "J1"}
UNAUTHORISED = {"O", "U", "G", "N"}
NOT_POSSIBLE = {"D", "X", "-"}
EARLY = ["neet", "work", "withdrew"]


def places(column: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """Dictionary places and words of a text column; -1 for null."""
    array = column.combine_chunks()
    return array.indices.fill_null(-1).to_numpy(), array.dictionary.to_pylist()


def days(column: pa.ChunkedArray) -> np.ndarray:
    return column.to_numpy().astype("datetime64[D]")


def shared(column: pa.ChunkedArray, ids: dict[str, int]) -> np.ndarray:
    """Numbers of pupils that mean the same in every table."""
    place, words = places(column)
    return np.array([ids[word] for word in words])[place]


def in_set(place: np.ndarray, words: list[str], chosen: set[str]) -> np.ndarray:
    return np.isin(place, [i for i, word in enumerate(words) if word in chosen])


def auc(score: np.ndarray, positive: np.ndarray) -> float:
    """Chance that a positive ranks above a negative; ties count half."""
    values, group = np.unique(score, return_inverse=True)
    size = np.bincount(group, minlength=len(values))
    rank = np.cumsum(size) - (size - 1) / 2
    n = positive.sum()
    return float((rank[group][positive].sum() - n * (n + 1) / 2) / (n * (len(score) - n)))


@pytest.fixture(scope="module")
def world() -> SimpleNamespace:
    """3,000 pupils for three years over both eras of codes, with the final mark of every session."""
    records, causes = simulate_with_causes(pupils=3_000, seed=7)
    ids = {name: i for i, name in enumerate(sorted(records.table("enrolment")["pupil_id"].unique().to_pylist()))}
    table = records.table("attendance")
    pupil, date = shared(table["pupil_id"], ids), days(table["date"])
    session, session_words = places(table["session"])
    code, words = places(table["code"])
    recorded = days(table["recorded_on"])
    order = np.lexsort((recorded, session, date, pupil))
    same = (np.diff(pupil[order]) == 0) & (np.diff(date[order]).astype(int) == 0) & (np.diff(session[order]) == 0)
    final = order[np.append(~same, True)]
    first = order[np.append(True, ~same)]
    assert session_words == ["AM", "PM"]
    return SimpleNamespace(
        records=records,
        causes=causes,
        ids=ids,
        pupil=pupil,
        date=date,
        year=2022 + (date >= np.datetime64("2023-09-01")) + (date >= np.datetime64("2024-09-01")),
        session=session,
        code=code,
        words=words,
        recorded=recorded,
        school=places(table["school_id"])[0],
        final=final,
        first=first,
        absent=in_set(code, words, AUTHORISED | UNAUTHORISED),
        unauthorised=in_set(code, words, UNAUTHORISED),
        possible=~in_set(code, words, NOT_POSSIBLE),
    )


@pytest.fixture(scope="module")
def context(world: SimpleNamespace) -> SimpleNamespace:
    """September's year group, free meals and support of every pupil and school year; -1 where there is no row or value."""
    table = world.records.table("context")
    pupil, valid_from = shared(table["pupil_id"], world.ids), days(table["valid_from"])
    year = valid_from.astype("datetime64[M]").astype(int) // 12 - 52 - (valid_from.astype("datetime64[M]").astype(int) % 12 < 8)
    facts = {"group": table["year_group"].fill_null(-1).to_numpy(), "fsm": table["fsm"].cast(pa.int32()).fill_null(-1).to_numpy()}
    sen, words = places(table["sen"])
    facts["sen"] = np.where(sen < 0, -1, ~in_set(sen, words, {"N"}))
    grid = {name: np.full((len(world.ids), 3), -1) for name in facts}
    for row in np.lexsort((-valid_from.astype(int), pupil)):  # the earliest row of a year is written last
        for name, values in facts.items():
            grid[name][pupil[row], year[row]] = values[row]
    return SimpleNamespace(**grid)


@pytest.fixture(scope="module")
def rates(world: SimpleNamespace, context: SimpleNamespace) -> SimpleNamespace:
    """Possible sessions and absences by pupil and school year, final marks, and who is in Years 7 to 11."""
    final, shape = world.final, (len(world.ids), 3)
    cell = world.pupil[final] * 3 + world.year[final] - 2022

    def count(of: np.ndarray) -> np.ndarray:
        return np.bincount(cell, of[final], minlength=shape[0] * 3).reshape(shape)

    possible, absent, unauthorised = count(world.possible), count(world.absent), count(world.unauthorised)
    lower = (context.group >= 7) & (context.group <= 11) & (possible > 0)
    rate = absent / np.maximum(possible, 1)
    return SimpleNamespace(possible=possible, absent=absent, unauthorised=unauthorised, lower=lower, rate=rate)


def left_early(world: SimpleNamespace) -> np.ndarray:
    """The day on which each pupil left early; NaT for the others."""
    table = world.records.table("outcomes")
    table = table.filter(pc.is_in(table["destination"].cast(pa.string()), pa.array(EARLY)))
    left = np.full(len(world.ids), np.datetime64("NaT"), dtype="datetime64[D]")
    left[shared(table["pupil_id"], world.ids)] = days(table["left_on"])
    return left


# --- the same again


def test_a_seed_gives_the_same_tables_bit_for_bit_and_another_seed_gives_others():
    one, two, other = (simulate(pupils=150, years=2, seed=seed) for seed in (3, 3, 4))
    assert one.digest == two.digest
    assert all(one.table(name).equals(two.table(name)) for name in one.tables)
    assert not any(one.table(name).equals(other.table(name)) for name in one.tables)


def test_asking_for_the_causes_changes_no_record(world):
    assert world.records.digest == simulate(pupils=3_000, seed=7).digest


# --- tables as declared


def test_every_table_but_the_calendar_has_the_declared_schema_and_no_null_where_a_value_is_required(world):
    assert set(world.records.tables) == set(MADE)
    for name, table in world.records.tables.items():
        assert table.schema.equals(arrow_schema(name))
        table.validate(full=True)
        assert not [field.name for field in table.schema if not field.nullable and table[field.name].null_count]


@pytest.mark.parametrize("name", sorted(set(MADE)))
def test_rows_pass_the_checks_that_files_have_to_pass(world, name):
    table = world.records.table(name)
    sample = np.random.default_rng(1).choice(table.num_rows, size=min(300, table.num_rows), replace=False)
    for row in table.take(pa.array(sample)).to_pylist():
        TABLE_MODELS[name].model_validate(row)


@pytest.mark.parametrize("name", sorted(set(MADE) - {"behaviour"}))
def test_no_fact_is_told_twice(world, name):
    table = world.records.table(name).select(GRAIN[name])
    columns = [places(table[c])[0] if pa.types.is_dictionary(table[c].type) else days(table[c]).astype(int) for c in GRAIN[name]]
    order = np.lexsort(columns)
    assert not np.logical_and.reduce([np.diff(column[order]) == 0 for column in columns]).any()


def test_facts_say_how_far_each_table_was_followed_and_nothing_was_recorded_later(world):
    facts = world.records.facts
    assert (facts.profile, facts.session, world.records.sources) == ("england", "AM/PM", {})
    assert facts.observed_to == {
        name: dt.date(2025, 8, 31) if name == "outcomes" else dt.date(2025, 7, 31) for name in world.records.tables
    }
    for name, table in world.records.tables.items():
        assert pc.max(table["recorded_on"]).as_py() <= facts.observed_to[name]


def test_pupil_numbers_say_nothing_about_leaving(world):
    number = np.array([int(name[1:]) for name in world.ids])
    assert abs(np.corrcoef(number, ~np.isnat(left_early(world)))[0, 1]) < 0.04


# --- the register


def test_codes_are_those_in_force_on_the_day(world):
    since = world.date >= np.datetime64(NEW_ERA)
    before, after = ({world.words[i] for i in np.unique(world.code[part])} for part in (~since, since))
    assert before <= ALWAYS | ONLY_BEFORE
    assert after <= ALWAYS | ONLY_SINCE
    assert {"J", "C", "E", "G", "N", "U", "D", "X", "-"} <= before
    assert {"J1", "C1", "C2", "K"} <= after


def test_the_two_present_marks_stand_in_their_own_session(world):
    assert {world.words[i] for i in np.unique(world.code[world.session == 1])} & {"/"} == set()
    assert {world.words[i] for i in np.unique(world.code[world.session == 0])} & {"\\"} == set()


def stays(world: SimpleNamespace) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every pupil and school: first day on roll, and last (far off for those still there)."""
    table, outcomes = world.records.table("enrolment"), world.records.table("outcomes")
    schools = places(table["school_id"])[1]
    assert schools == places(outcomes["school_id"])[1] == places(world.records.table("attendance")["school_id"])[1]
    key = shared(table["pupil_id"], world.ids) * len(schools) + places(table["school_id"])[0]
    entered, left = (np.full(len(world.ids) * len(schools), far, dtype="datetime64[D]") for far in ("2100-01-01", "1900-01-01"))
    np.minimum.at(entered, key, days(table["entered_on"]))
    gone = shared(outcomes["pupil_id"], world.ids) * len(schools) + places(outcomes["school_id"])[0]
    np.maximum.at(left, gone, days(outcomes["left_on"]))
    again = np.full(len(left), np.datetime64("1900-01-01"), dtype="datetime64[D]")
    np.maximum.at(again, key, days(table["entered_on"]))
    left[again > left] = np.datetime64("2100-01-01")  # came back, or never left
    return entered, left, world.pupil * len(schools) + world.school


def test_there_is_no_mark_before_a_pupil_came_or_after_the_pupil_left(world):
    entered, left, key = stays(world)
    assert (left < np.datetime64("2100-01-01")).sum() > 500
    assert (world.date >= entered[key]).all()
    assert (world.date <= left[key]).all()


def test_a_school_is_open_on_190_weekdays_outside_the_holidays_and_training_days_differ(world):
    closed = [("2022-10-24", "2022-10-28"), ("2022-12-19", "2023-01-02"), ("2023-04-03", "2023-04-14"), ("2024-03-29", "2024-04-12")]
    closed += [("2023-05-01", "2023-05-01"), ("2024-05-27", "2024-05-31"), ("2022-09-19", "2022-09-19"), ("2023-07-27", "2023-08-31")]
    opened = {}
    for school in range(world.school.max() + 1):
        for year in (2022, 2023, 2024):
            opened[school, year] = np.unique(world.date[(world.school == school) & (world.year == year)])
            assert len(opened[school, year]) == 190
    every = np.unique(world.date)
    assert np.is_busday(every).all()
    for start, end in closed:
        assert not ((every >= np.datetime64(start)) & (every <= np.datetime64(end))).any()
    assert len({tuple(dates) for (_, year), dates in opened.items() if year == 2022}) > 1


def test_whoever_stays_all_year_has_a_first_mark_for_every_open_session(world):
    entered, left, key = stays(world)
    count = np.bincount(key[world.first[world.year[world.first] == 2023]], minlength=len(entered))
    whole = (entered <= np.datetime64("2023-09-01")) & (left == np.datetime64("2100-01-01"))
    outcomes = world.records.table("outcomes")
    whole[shared(outcomes["pupil_id"], world.ids) * (world.school.max() + 1) + places(outcomes["school_id"])[0]] = False  # left, came back
    assert whole.sum() > 1000
    assert (count[whole] == 380).all()


def test_corrections_come_within_a_fortnight_or_so_and_mostly_replace_an_n(world):
    later = np.flatnonzero(world.recorded > world.date)
    assert 0.01 < len(later) / len(world.date) < 0.04
    assert (world.recorded[later] - world.date[later]).max() <= np.timedelta64(15, "D")
    changed = world.first[world.first != world.final]
    assert {world.words[i] for i in np.unique(world.code[changed])} == {"N", "L"}
    assert (world.code[changed] == world.words.index("N")).mean() > 0.98
    fell = (
        world.absent[world.first].sum() / world.possible[world.first].sum()
        - world.absent[world.final].sum() / world.possible[world.final].sum()
    )
    assert 0.005 < fell < 0.015  # a day's absence falls by about one point: DfE, summer 2022


def test_minutes_late_stand_with_late_marks_only(world):
    minutes = world.records.table("attendance")["minutes_late"]
    late = in_set(world.code, world.words, {"L", "U"})
    assert (minutes.is_valid().to_numpy() == late).all()
    assert (minutes.fill_null(0).to_numpy()[in_set(world.code, world.words, {"L"})] <= 30).all()


# --- rates: DfE's figures for secondary schools in England (2016/17 to 2025/26), with room for 3,000 pupils


def test_absence_is_near_the_published_level(rates):
    possible = rates.possible[rates.lower].sum()
    assert rates.absent[rates.lower].sum() / possible == pytest.approx(0.087, abs=0.01)
    assert rates.unauthorised[rates.lower].sum() / possible == pytest.approx(0.0327, abs=0.006)


def test_persistent_and_severe_absence_are_near_the_published_shares(rates):
    assert (rates.rate[rates.lower] >= 0.10).mean() == pytest.approx(0.255, abs=0.03)
    assert (rates.rate[rates.lower] >= 0.50).mean() == pytest.approx(0.030, abs=0.012)


def test_the_mix_of_codes_is_near_the_published_one(world):
    rows = world.final[world.year[world.final] == 2024]
    share = np.bincount(world.code[rows], minlength=len(world.words)) / world.possible[rows].sum() * 100
    published = {
        "I": 3.63,
        "O": 2.61,
        "C": 0.43,
        "M": 0.38,
        "C2": 0.32,
        "G": 0.31,
        "U": 0.30,
        "L": 2.79,
        "V": 0.73,
        "W": 0.31,
        "B": 0.30,
        "P": 0.14,
    }
    got = {code: float(share[world.words.index(code)]) for code in published}
    assert got == pytest.approx(published, rel=0.35)


def test_free_meals_and_support_go_with_persistent_absence_as_published(rates, context):
    published = {(0, 0): 0.187, (0, 1): 0.304, (1, 0): 0.422, (1, 1): 0.539}
    got = {}
    for fsm, sen in published:
        group = rates.lower & (context.fsm == fsm) & (context.sen == sen)
        got[fsm, sen] = float((rates.rate[group] >= 0.10).mean())
    assert got == pytest.approx(published, abs=0.10)  # the smallest group is some 180 pupils; benchmarks/calibration.py is stricter


def test_year_7_is_away_least_and_absence_rises_to_year_11(rates, context):
    shares = [(rates.rate[rates.lower & (context.group == group)] >= 0.10).mean() for group in range(7, 12)]
    assert shares[0] == min(shares)
    assert shares[0] < 0.23 < 0.26 < shares[4]


def test_friday_is_worst_and_wednesday_best(world):
    weekday = (world.date[world.final].astype(int) + 3) % 7
    rate = (
        np.array([world.absent[world.final][weekday == d].sum() / world.possible[world.final][weekday == d].sum() for d in range(5)]) * 100
    )
    assert rate.argmax() == 4
    assert rate.argmin() == 2
    assert rate - rate.mean() == pytest.approx([-0.2, -0.2, -0.4, -0.2, 1.0], abs=0.3)


def test_absence_rises_towards_the_end_of_the_autumn(world):
    final = world.final
    week = (world.date[final] - np.datetime64("2022-09-05")).astype(int) // 7
    rate = np.array([world.absent[final][week == w].sum() / world.possible[final][week == w].sum() for w in (1, 2, 5, 6, 8, 9, 13, 14)])
    assert rate[6:].mean() > rate[4:6].mean() * 1.15
    assert rate[2:4].mean() > rate[:2].mean()


def test_absence_comes_in_spells(world):
    rows = world.final[world.year[world.final] == 2023]
    pupil, absent = world.pupil[rows], world.absent[rows]
    starts = absent & np.append(True, ~absent[:-1] | (np.diff(pupil) != 0))
    length = np.bincount(np.cumsum(starts)[absent] - 1)
    assert 0.40 < ((length >= 2) & (length <= 4)).mean() < 0.55
    assert (length >= 10).mean() > 0.03
    morning, afternoon = absent[::2], absent[1::2]
    assert afternoon[morning].mean() > 0.8 > 0.1 > afternoon[~morning].mean()


def test_who_is_away_in_one_term_is_away_in_the_next(world, rates):
    month = world.date[world.final].astype("datetime64[M]").astype(int) % 12
    rate = []
    for months in ((8, 9, 10, 11), (0, 1, 2)):
        rows = world.final[np.isin(month, months) & (world.year[world.final] == 2023)]
        possible = np.bincount(world.pupil[rows], world.possible[rows], minlength=len(world.ids))
        rate.append(
            np.where(
                possible > 60,
                np.bincount(world.pupil[rows], world.absent[rows], minlength=len(world.ids)) / np.maximum(possible, 1),
                np.nan,
            )
        )
    both = ~np.isnan(rate[0]) & ~np.isnan(rate[1]) & rates.lower[:, 1]
    assert 0.60 < np.corrcoef(rate[0][both], rate[1][both])[0, 1] < 0.80


def test_before_the_pandemic_pupils_were_away_less():
    shares = []
    for year in (2017, 2022):
        code, words = places(simulate(pupils=800, years=1, start_year=year, seed=2).table("attendance")["code"])
        assert set(words) <= ALWAYS | ONLY_BEFORE
        shares.append(in_set(code, words, AUTHORISED | UNAUTHORISED).sum() / (~in_set(code, words, NOT_POSSIBLE)).sum())
    assert shares[0] < 0.75 * shares[1]


# --- leaving


def test_two_to_four_in_a_hundred_leave_early_in_a_year_and_mostly_from_year_10_on(world, context):
    left = left_early(world)[:, None]
    starts = np.array(["2022-09-01", "2023-09-01", "2024-09-01"], dtype="datetime64[D]")
    on_roll, older = context.group >= 7, context.group >= 10
    leaves = on_roll & (left >= starts) & (left < starts + 365)
    assert 0.02 <= leaves[on_roll].mean() <= 0.04
    assert leaves[on_roll & older].mean() > 3 * leaves[on_roll & ~older].mean() > 0


@pytest.mark.parametrize("as_of", ["2023-02-20", "2023-10-30", "2024-04-15"])
def test_absence_ranks_leavers_neither_badly_nor_too_well(world, as_of):
    t, left = np.datetime64(as_of), left_early(world)
    known = (world.date < t) & (world.date >= t - 365)
    possible, absent = (np.bincount(world.pupil[known], of[known], minlength=len(world.ids)) for of in (world.possible, world.absent))
    here = (possible > 20) & (np.bincount(world.pupil[known & (world.date >= t - 21)], minlength=len(world.ids)) > 0)
    here &= np.isnat(left) | (left >= t)
    leaves = here & (left < t + 365)
    assert leaves.sum() > 30
    assert 0.65 < auc((absent / np.maximum(possible, 1))[here], leaves[here]) < 0.85


def test_the_true_chance_is_not_certain_and_it_is_the_right_size():
    whole = create(pupils=30_000, years=2, seed=5, start_year=2022)
    table = true_causes(whole.people, whole.lives, whole.schools, whole.stays, start_year=2022, years=2)
    left = np.full(len(whole.people), np.datetime64("NaT"), dtype="datetime64[D]")
    early = np.isin(whole.stays.destination, [DESTINATIONS.index(name) for name in EARLY])
    left[whole.stays.pupil[early]] = whole.stays.left[early]
    for t in (np.datetime64("2022-10-31"), np.datetime64("2023-09-01")):
        today = days(table["as_of"]) == t
        pupil, chance = places(table["pupil_id"])[0][today], table["chance"].to_numpy()[today]
        leaves = (left[pupil] >= t) & (left[pupil] < t + 365)
        assert 0.80 < auc(chance, leaves) < 0.90
        for low, high in ((0, 0.9), (0.9, 0.97), (0.97, 1)):
            part = (chance >= np.quantile(chance, low)) & (chance <= np.quantile(chance, high))
            assert chance[part].mean() == pytest.approx(leaves[part].mean(), rel=0.2)


def test_the_main_cause_is_the_largest_of_the_five(world):
    names = ["attendance", "health", "home", "behaviour", "attainment"]
    added = np.stack([world.causes[name].to_numpy() for name in names], axis=1)
    main, words = places(world.causes["main_cause"])
    assert words == names
    assert (main == added.argmax(axis=1)).all()
    assert np.abs(added.mean(axis=0)).max() < 0.1
    assert world.causes["as_of"].unique().to_pylist() == [d for y in (2022, 2023, 2024) for d in half_term_starts(y)[:6].tolist()]


@pytest.mark.parametrize("cause", ["attendance", "behaviour", "attainment"])
def test_each_cause_shows_in_the_records(world, cause):
    table = world.causes.filter(pc.equal(world.causes["as_of"], pa.scalar(dt.date(2024, 1, 8))))
    pupil, state = shared(table["pupil_id"], world.ids), table[cause].to_numpy()
    n, start, end = len(world.ids), np.datetime64("2023-09-01"), np.datetime64("2024-07-31")
    if cause == "attendance":
        rows = world.final[world.year[world.final] == 2023]
        seen = np.sqrt(np.bincount(world.pupil[rows], world.unauthorised[rows], minlength=n))
    elif cause == "behaviour":
        incidents = world.records.table("behaviour")
        kind, words = places(incidents["kind"])
        chosen = in_set(kind, words, {"negative"}) & (days(incidents["date"]) >= start) & (days(incidents["date"]) <= end)
        seen = np.log1p(np.bincount(shared(incidents["pupil_id"], world.ids)[chosen], minlength=n))
    else:
        results = world.records.table("assessments")
        chosen = (days(results["date"]) >= start) & (days(results["date"]) <= end) & results["score"].is_valid().to_numpy()
        who = shared(results["pupil_id"], world.ids)[chosen]
        seen = -np.bincount(who, results["score"].fill_null(0).to_numpy()[chosen], minlength=n) / np.maximum(
            np.bincount(who, minlength=n), 1
        )
        pupil, state = pupil[np.isin(pupil, who)], state[np.isin(pupil, who)]
    assert np.corrcoef(state, seen[pupil])[0, 1] > 0.4


def test_years_11_and_13_end_in_june_and_nobody_grows_older(world, context):
    outcomes = world.records.table("outcomes")
    destination, words = places(outcomes["destination"])
    done = in_set(destination, words, {"completed", "college_or_training"})
    last = np.isin(days(outcomes["left_on"])[done], np.array([school_leaving_date(y) for y in (2022, 2023, 2024)], dtype="datetime64[D]"))
    assert last.all()
    assert context.group.max() == 13
    assert set(words) >= {"other_school", "home_education", "abroad", "unknown", "neet", "withdrew", "work", "alternative_provision"}
    assert 0.005 < (destination == words.index("unknown")).mean() < 0.04


def test_some_who_move_go_on_at_another_school_under_the_same_pseudonym(world):
    table = world.records.table("enrolment")
    pairs = np.unique(np.stack([shared(table["pupil_id"], world.ids), places(table["school_id"])[0]], axis=1), axis=0)
    assert (np.bincount(pairs[:, 0]) > 1).sum() > 50
    marked = np.unique(world.pupil * (world.school.max() + 1) + world.school) // (world.school.max() + 1)
    assert (np.bincount(marked) > 1).sum() > 50
    on_the_day = world.recorded == world.date  # one first version a session, whichever school made it
    assert on_the_day.sum() == len(world.first)


# --- conduct, results and context


def test_a_suspension_covers_its_own_sessions_in_the_register(world):
    table = world.records.table("suspensions")
    kind, words = places(table["kind"])
    assert set(words) == {"suspension", "permanent_exclusion", "withdrawn"}
    chosen = np.flatnonzero(in_set(kind, words, {"suspension"}))
    pupil, start, end = shared(table["pupil_id"], world.ids)[chosen], days(table["start"])[chosen], days(table["end"])[chosen]
    sessions = table["sessions"].to_numpy(zero_copy_only=False)[chosen]
    marks = world.final[in_set(world.code[world.final], world.words, {"E"})]
    for who, first, last, lost in list(zip(pupil, start, end, sessions, strict=True))[:60]:
        rows = marks[(world.pupil[marks] == who) & (world.date[marks] >= first) & (world.date[marks] <= last)]
        assert len(rows) == lost
        assert world.date[rows].max() == last


def test_suspensions_and_incidents_are_as_common_as_published_and_heavy_tailed(world, rates, context):
    table = world.records.table("suspensions")
    kind, words = places(table["kind"])
    who = shared(table["pupil_id"], world.ids)[in_set(kind, words, {"suspension"})]
    pupil_years = rates.lower.sum()
    assert 0.085 < len(who) / pupil_years < 0.145  # 11.3 in a hundred
    poor = (context.fsm == 1).any(axis=1)
    by_meals = [np.isin(who, np.flatnonzero(group)).sum() / (rates.lower[group]).sum() for group in (poor, ~poor)]
    assert 2.5 < by_meals[0] / by_meals[1] < 6.5  # 27.6 / 6.0
    incidents = world.records.table("behaviour")
    kind, words = places(incidents["kind"])
    negative = in_set(kind, words, {"negative"})
    assert 2 < negative.sum() / pupil_years < 6
    count = np.sort(np.bincount(shared(incidents["pupil_id"], world.ids)[negative], minlength=len(world.ids)))
    assert count[-len(count) // 10 :].sum() > 0.35 * count.sum()
    points = incidents["points"].to_numpy()
    assert (points[negative] < 0).all()
    assert (points[~negative] > 0).all()
    role, roles = places(incidents["role"])
    assert 0.01 < in_set(role, roles, {"harmed", "witness"})[negative].mean() < 0.10


def test_context_keeps_time_and_leaves_gaps(world):
    table = world.records.table("context")
    pupil, group = shared(table["pupil_id"], world.ids), table["year_group"].to_numpy()
    valid_from = days(table["valid_from"])
    year = valid_from.astype("datetime64[Y]").astype(int) + 1970 - (valid_from.astype("datetime64[M]").astype(int) % 12 < 8)
    started = {}
    for who, cohort in zip(pupil, year - group, strict=True):
        assert started.setdefault(who, cohort) == cohort
    assert 0 < len(world.ids) - len(started) < 0.02 * len(world.ids)
    for name in ("ethnicity", "fsm", "sen", "eal", "sex", "idaci_decile"):
        assert 0 < table[name].null_count < 0.06 * table.num_rows
    assert [int(form[:-2]) for form in table["form"].cast(pa.string()).to_pylist()] == group.tolist()


def test_children_of_one_household_share_its_facts(world):
    rows = {}
    table = world.records.table("context").select(["pupil_id", "household_id", "ethnicity", "idaci_decile"])
    for row in table.to_pylist():
        rows.setdefault(row["household_id"], {})[row["pupil_id"]] = (row["ethnicity"], row["idaci_decile"])
    families = [list(family.values()) for family in rows.values() if len(family) > 1]
    assert len(families) > 100
    assert all(len({fact for fact in column if fact is not None}) <= 1 for family in families for column in zip(*family, strict=True))


# --- sizes and refusals


@pytest.mark.parametrize(("pupils", "schools"), [(1, 1), (150, 1), (399, 1), (400, 2), (2_400, 3)])
def test_small_runs_have_few_schools_and_still_make_sense(pupils, schools):
    records = simulate(pupils=pupils, years=1)
    found = pc.unique(records.table("enrolment")["school_id"].cast(pa.string())).to_pylist()
    assert len(found) == schools
    assert all(name.startswith("999") and len(name) == 7 for name in found)
    assert records.table("attendance").num_rows > 300 * pupils


@pytest.mark.parametrize(
    "wrong",
    [{"pupils": 0}, {"pupils": 2.5}, {"years": 0}, {"years": True}, {"seed": -1}, {"start_year": 1999}, {"start_year": 2039, "years": 3}],
)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError):
        simulate(**wrong)


def test_progress_is_told_to_the_end():
    told = []
    simulate(pupils=400, years=2, progress=lambda step, done, total: told.append((step, done, total)))
    assert told == [("making up schools", k, 4) for k in (1, 2, 3, 4)]


@pytest.mark.parametrize("year", range(2013, 2040))
def test_every_school_year_has_six_half_terms_and_ends_in_july(year):
    opened = open_days(year, np.random.default_rng(year))
    assert len(opened.date) == len(np.unique(opened.date)) == 190
    assert (np.bincount(opened.half_term) >= 16).all()
    assert np.datetime64(f"{year + 1}-07-16") <= opened.date[-1] <= np.datetime64(f"{year + 1}-07-26")
    assert (np.searchsorted(half_term_starts(year), opened.date, side="right") - 1 == opened.half_term).all()


def test_known_holidays_of_known_years_are_found():
    assert half_term_starts(2023)[1:6].tolist() == [
        dt.date(2023, 10, 30),
        dt.date(2024, 1, 8),
        dt.date(2024, 2, 19),
        dt.date(2024, 4, 15),
        dt.date(2024, 6, 3),
    ]
    assert school_leaving_date(2022) == dt.date(2023, 6, 30)
    assert school_leaving_date(2023) == dt.date(2024, 6, 28)
