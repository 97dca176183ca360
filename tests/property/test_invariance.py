"""What must not matter does not: order of rows, duplicated rows, batches of schools, names of pupils, dates asked for at once."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import eswarn
from eswarn.records.tables import TABLE_MODELS
from eswarn.records.timeline import Timeline
from tests.property.worlds import DAY, Row, World, answers, worlds


def told(world: World) -> dict[object, object]:
    return answers(Timeline(world.records), world.as_of, config=world.config)


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(world: World, chance: random.Random) -> None:
    shuffled = {name: chance.sample(rows, len(rows)) for name, rows in world.tables.items()}
    assert told(world.having(**shuffled)) == told(world)


@given(worlds())
def test_a_batch_of_whole_schools_gets_the_answers_of_the_whole(world: World) -> None:
    """A batch holds everybody who was ever at its schools, with all their records wherever they were made."""
    whole = told(world)
    schools = {row["school_id"] for row in world.tables["attendance"]}
    for school in schools:
        batch = _batch(world, school)
        expected = {key: row for key, row in whole.items() if key[1] == school}
        assert {key: row for key, row in told(batch).items() if key[1] == school} == expected


def _batch(world: World, school: str) -> World:
    members = {row["pupil_id"] for rows in world.tables.values() for row in rows if row["school_id"] == school and "pupil_id" in row}

    def inside(row: Row) -> bool:
        return row["pupil_id"] in members if "pupil_id" in row else row["school_id"] == school

    return world.having(**{name: [row for row in rows if inside(row)] for name, rows in world.tables.items()})


@given(worlds())
def test_the_names_of_pupils_do_not_matter(world: World) -> None:
    other = {f"P{n:02d}": f"Q{99 - n}" for n in range(16)}  # the order of names is turned round
    renamed = {
        n: [{**row, "pupil_id": other[row["pupil_id"]]} if "pupil_id" in row else row for row in rows] for n, rows in world.tables.items()
    }
    assert told(world.having(**renamed)) == {_renamed(key, other): row for key, row in told(world).items()}


def _renamed(key: object, other: dict[str, str]) -> object:
    return (*key[:2], other[key[2]]) if isinstance(key, tuple) else key


@given(worlds())
def test_several_dates_at_once_give_the_answers_of_each_alone(world: World) -> None:
    days = [world.as_of, world.as_of + 30 * DAY, world.as_of + 2 * DAY]
    alone: dict[object, object] = {}
    for day in days:
        alone |= answers(Timeline(world.records), day, config=world.config)
    if "refused" not in alone:
        assert answers(Timeline(world.records), *days, config=world.config) == alone


@given(world=worlds())
@settings(max_examples=8)
def test_rows_told_twice_in_export_files_count_once(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    once, twice = tmp_path_factory.mktemp("once"), tmp_path_factory.mktemp("twice")
    world = world.having(**{name: [row for row in rows if _is_exported(row)] for name, rows in world.tables.items()})
    assume(world.tables["attendance"])
    for folder in (once, twice):
        (folder / "dataset.toml").write_text(f'profile = "{world.profile}"\n')
    for name, rows in world.tables.items():
        _write(once / f"{name}.csv", name, rows)
        _write(twice / f"{name}-1.csv", name, rows)
        _write(twice / f"{name}-2.csv", name, rows[::-1])
    read_once, read_twice = eswarn.read(once), eswarn.read(twice)
    assert read_twice.ledger.accepted == read_once.ledger.accepted > 0
    assert read_twice.ledger.merged >= read_once.ledger.accepted
    expected = answers(Timeline(read_once), world.as_of, config=world.config)
    assert answers(Timeline(read_twice), world.as_of, config=world.config) == expected


def _is_exported(row: Row) -> bool:
    """Whether a school that marks mornings and afternoons would export such a row."""
    return row.get("session") != "DAY" and not (row.get("kind") == "suspension" and row["sessions"] is None)


def _write(path: Path, table: str, rows: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(TABLE_MODELS[table].model_fields))
        writer.writeheader()
        writer.writerows({c: "" if row.get(c) is None else row[c] for c in TABLE_MODELS[table].model_fields} for row in rows)
