"""What must not matter: the same facts told otherwise, or looked at otherwise, and the answers that come of that."""

from __future__ import annotations

import csv
import datetime as dt
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import eswarn
from eswarn.cohort.oracle import DATED
from eswarn.records.store import Records
from eswarn.records.tables import TABLE_MODELS
from eswarn.records.timeline import Timeline
from tests.property.test_cutoff import SOMETHING
from tests.property.worlds import DAY, Row, World, answers, arrow, one_fact_each

Answers = Mapping[object, object]
Kind = Callable[[World, random.Random], Answers]


def told(world: World, records: Records | None = None) -> Answers:
    """What is answered of everybody, by one thread unless it is said otherwise."""
    return answers(Timeline(records or world.records), world.as_of, config=world.config)


# --- told otherwise -------------------------------------------------------------------------------------------------------


def order_of_rows(world: World, chance: random.Random) -> Answers:
    return told(world.having(**{name: chance.sample(rows, len(rows)) for name, rows in world.tables.items()}))


def names_of_pupils(world: World, chance: random.Random) -> Answers:
    """Other names, in another order; the answers under the old ones."""
    own = [f"P{n:02d}" for n in range(16)]
    others = dict(zip(own, (f"Q{n}" for n in chance.sample(range(16), 16)), strict=True))
    back = {other: name for name, other in others.items()}
    tables = {
        name: [row | {"pupil_id": others[row["pupil_id"]]} if "pupil_id" in row else row for row in rows]
        for name, rows in world.tables.items()
    }
    return {(*key[:2], back[key[2]]) if isinstance(key, tuple) else key: row for key, row in told(world.having(**tables)).items()}


def later_records(world: World, chance: random.Random) -> Answers:
    """More records of the same kind, dated on or after the as-of date."""
    tables = {}
    for name, rows in world.tables.items():
        some = chance.sample(rows, min(len(rows), 12))
        moved = [_moved(name, row, world.as_of + chance.choice([0, 0, 1, 30, 400]) * DAY) for row in some]
        tables[name] = one_fact_each(name, [*moved, *rows])
    return told(world.having(**tables))


def _moved(table: str, row: Row, day: dt.date) -> Row:
    dates = {DATED[table]: day} | ({"recorded_on": day} if row.get("recorded_on") else {})
    return {**row, **dates, "left_on": None} if table == "enrolment" else {**row, **dates}


def late_corrections(world: World, chance: random.Random) -> Answers:
    """Other versions of rows that are there, recorded on or after the as-of date."""
    tables = {}
    for name, rows in world.tables.items():
        facts = {k: v for k, v in SOMETHING[name].items() if k not in ("session", "subject", "kind", "name")}
        some = chance.sample(rows, min(len(rows), 12)) if name != "calendar" else []
        late = [{**row, **facts, "recorded_on": world.as_of + chance.choice([0, 0, 1, 30, 400]) * DAY} for row in some]
        tables[name] = one_fact_each(name, [*late, *rows])
    return told(world.having(**tables))


def batches_of_schools(world: World, chance: random.Random) -> Answers:
    """Each school with everybody who was ever there, all their records, and the registers of the other schools that marked them.

    Without those registers the other schools would seem to have been open only when these few pupils were marked there.
    """
    whole, batches = told(world), {}
    for school in sorted({row["school_id"] for rows in world.tables.values() for row in rows}):
        found = told(world.having(**_batch(world, school)))
        found = whole if "refused" in found else found  # alone, a school of which no mark is known is refused; among others it is not
        batches |= {key: row for key, row in found.items() if isinstance(key, tuple) and key[1] == school}
    return batches if "refused" not in whole else whole


def _batch(world: World, school: str) -> dict[str, list[Row]]:
    members = {row["pupil_id"] for rows in world.tables.values() for row in rows if row["school_id"] == school and "pupil_id" in row}
    others = {row["school_id"] for row in world.tables["attendance"] if row["pupil_id"] in members} | {school}

    def is_in(table: str, row: Row) -> bool:
        return row.get("pupil_id") in members or (table in ("attendance", "calendar") and row["school_id"] in others)

    return {name: [row for row in rows if is_in(name, row)] for name, rows in world.tables.items()}


# --- in other files -------------------------------------------------------------------------------------------------------


def exported(world: World) -> World:
    """The rows that a school which marks mornings and afternoons would export: the others are refused at the door."""

    def is_exported(row: Row) -> bool:
        ends_too_early = bool(row.get("entered_on") and row.get("left_on") and row["left_on"] < row["entered_on"])
        return row.get("session") != "DAY" and not ends_too_early and not (row.get("kind") == "suspension" and row["sessions"] is None)

    return world.having(**{name: [row for row in rows if is_exported(row)] for name, rows in world.tables.items()})


def order_of_columns(world: World, chance: random.Random) -> Answers:
    def shuffled(table: str) -> list[str]:
        return chance.sample(list(TABLE_MODELS[table].model_fields), len(TABLE_MODELS[table].model_fields))

    return read_from(world, lambda name, rows: [(shuffled(name), rows)])


def split_files(world: World, chance: random.Random) -> Answers:
    """Up to four files a table, in any order. Like rows stay in one file: from two files they would be one row told twice."""

    def split(name: str, rows: list[Row]) -> list[tuple[list[str], list[Row]]]:
        place = {repr(row): chance.randrange(4) for row in rows}
        parts = [[row for row in rows if place[repr(row)] == n] for n in range(4)]
        return [(list(TABLE_MODELS[name].model_fields), part) for part in parts if part or not rows]

    return read_from(world, split)


def files_told_twice(world: World, chance: random.Random) -> Answers:
    def twice(name: str, rows: list[Row]) -> list[tuple[list[str], list[Row]]]:
        return [(list(TABLE_MODELS[name].model_fields), part) for part in (rows, chance.sample(rows, len(rows)))]

    return read_from(world, twice)


Files = Callable[[str, list[Row]], Iterable[tuple[list[str], list[Row]]]]


def as_they_stand(table: str, rows: list[Row]) -> list[tuple[list[str], list[Row]]]:
    """One file a table, its columns in the usual order."""
    return [(list(TABLE_MODELS[table].model_fields), rows)]


def read_from(world: World, files: Files) -> Answers:
    """What is answered of these CSV files (columns and rows of each)."""
    with tempfile.TemporaryDirectory() as folder:
        write_files(world, Path(folder), files)
        return told(world, eswarn.read(folder))


def write_files(world: World, folder: Path, form: Files) -> None:
    (folder / "dataset.toml").write_text(f'# Schüler und Schulen\nprofile = "{world.profile}"\n', encoding="utf-8")
    for name, rows in world.tables.items():
        for n, (columns, part) in enumerate(form(name, rows)):
            with (folder / f"{name}-{n}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows({c: "" if row.get(c) is None else row[c] for c in columns} for row in part)


def streamed(world: World, chance: random.Random) -> Answers:
    """Parquet, read batch by batch in batches of any size."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "dataset.toml").write_text(f'profile = "{world.profile}"\n')
        for name, rows in world.tables.items():
            pq.write_table(arrow(name, rows), Path(folder) / f"{name}.parquet", row_group_size=chance.choice([3, 40, 1000]))
        with _set({"eswarn.records.stream.STREAMED_FROM": 1, "eswarn.records.stream._BATCH": chance.choice([1, 7, 100])}):
            records = eswarn.read(folder)
    assert records.streamed or not world.tables["attendance"]
    return told(world, records)


# --- looked at otherwise --------------------------------------------------------------------------------------------------

AT_ONCE = ("records.timeline.STAYS_AT_ONCE", "cohort.roll.STAYS_AT_ONCE", "features.compute.PUPILS_AT_ONCE")


@contextmanager
def _set(values: Mapping[str, int], *, threads: int = 1) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESWARN_THREADS", str(threads))
        for name, value in values.items():
            patch.setattr(name, value)
        yield


def size_of_chunks(world: World, chance: random.Random) -> Answers:
    with _set({f"eswarn.{name}": chance.choice([1, 2, 7]) for name in (*AT_ONCE, "features.register._SETS_AT_ONCE")}):
        return told(world)


def two_threads(world: World, chance: random.Random) -> Answers:
    """In chunks so small that there is work for two; every other answer is of one thread."""
    with _set({f"eswarn.{name}": 1 for name in AT_ONCE}, threads=2):
        return told(world)


IN_MEMORY: tuple[Kind, ...] = (
    order_of_rows, batches_of_schools, size_of_chunks, two_threads, names_of_pupils, later_records, late_corrections,
)  # fmt: skip
IN_FILES: tuple[Kind, ...] = (order_of_columns, split_files, files_told_twice, streamed)  # of a world as it is exported
KINDS = (*IN_MEMORY, *IN_FILES)
