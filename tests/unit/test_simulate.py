from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from eswarn.config import TABLES
from eswarn.errors import UsageError
from eswarn.records.tables import GRAIN, TABLE_MODELS, arrow_schema
from eswarn.simulate import simulate, simulate_with_causes
from eswarn.simulate.terms import half_term_starts, open_days, school_leaving_date

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
        records=records, causes=causes, ids=ids, pupil=pupil, date=date, session=session, code=code, words=words,
        recorded=recorded, school=places(table["school_id"])[0], final=final, first=first,
        absent=in_set(code, words, AUTHORISED | UNAUTHORISED), unauthorised=in_set(code, words, UNAUTHORISED),
        possible=~in_set(code, words, NOT_POSSIBLE), year=2022 + (date >= np.datetime64("2023-09-01")) + (date >= np.datetime64("2024-09-01")),
    )  # fmt: skip


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
    return SimpleNamespace(
        possible=possible, absent=absent, unauthorised=unauthorised, lower=lower, rate=np.divide(absent, possible, where=possible > 0)
    )


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
    assert set(world.records.tables) == set(TABLES) - {"calendar"}
    for name, table in world.records.tables.items():
        assert table.schema.equals(arrow_schema(name))
        table.validate(full=True)
        assert not [field.name for field in table.schema if not field.nullable and table[field.name].null_count]


@pytest.mark.parametrize("name", sorted(set(TABLES) - {"calendar"}))
def test_rows_pass_the_checks_that_files_have_to_pass(world, name):
    table = world.records.table(name)
    sample = np.random.default_rng(1).choice(table.num_rows, size=min(300, table.num_rows), replace=False)
    for row in table.take(pa.array(sample)).to_pylist():
        TABLE_MODELS[name].model_validate(row)


@pytest.mark.parametrize("name", sorted(set(TABLES) - {"calendar", "behaviour"}))
def test_no_fact_is_told_twice(world, name):
    table = world.records.table(name).select(GRAIN[name])
    columns = [places(table[c])[0] if pa.types.is_dictionary(table[c].type) else days(table[c]).astype(int) for c in GRAIN[name]]
    order = np.lexsort(columns)
    assert not np.logical_and.reduce([np.diff(column[order]) == 0 for column in columns]).any()


def test_facts_say_how_far_each_table_was_followed_and_nothing_was_recorded_later(world):
    facts = world.records.facts
    assert (facts.profile, facts.session, world.records.sources) == ("england", "AM/PM", {})
    assert facts.observed_to == {name: dt.date(2025, 8, 31) if name == "outcomes" else dt.date(2025, 7, 31) for name in world.records.tables}
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


def test_every_session_of_a_stay_has_one_first_mark_made_on_the_day_and_none_before_or_after_the_stay(world):
    table = world.records.table("enrolment")
    pupil, school = shared(table["pupil_id"], world.ids), places(table["school_id"])[0]
    entered, left = days(table["entered_on"]), days(table["left_on"])
    stays = {}
    for key in zip(pupil, school, entered, strict=True):
        stays[key] = np.datetime64("2025-07-31")
    outcomes = world.records.table("outcomes")  # some departures of July are in the outcomes only
    gone = dict.fromkeys(zip(pupil, school, entered, strict=True), np.datetime64("NaT"))
    for key, day in zip(zip(pupil, school, entered, strict=True), left, strict=True):
        gone[key] = day if np.isnat(gone[key]) else gone[key]
    for who, where, day in zip(
        shared(outcomes["pupil_id"], world.ids), places(outcomes["school_id"])[0], days(outcomes["left_on"]), strict=True
    ):
        keys = [key for key in stays if False] or [(who, where, e) for e in entered[(pupil == who) & (school == where) & (entered <= day)]]
        gone[max(keys)] = day
    expected = 0
    for (_, where, start), end in gone.items():
        last = np.datetime64("2025-07-31") if np.isnat(end) else end
        for year in (2022, 2023, 2024):
            opened = np.unique(world.date[(world.school == where) & (world.year == year)]) if False else OPEN(world, where, year)
            expected += 2 * int(((opened >= start) & (opened <= last)).sum())
    assert len(world.first) == expected
