"""What must not matter does not, to the last bit: how the same facts are told, in which pieces they are read, and on what machine."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from eswarn import parallel
from eswarn.config import CohortConfig
from eswarn.errors import InputRefused
from eswarn.features import compute, measures, view
from eswarn.records import facts, keys, put, stream
from eswarn.records.readers import headers
from eswarn.records.timeline import Timeline
from tests.mutants.planted import Mutant, planted
from tests.property import kinds
from tests.property.kinds import KINDS, Answers, Kind
from tests.property.worlds import DAY, World, answers, mark, worlds

ROOT = Path(__file__).resolve().parents[2]
THOUSANDS = 2300  # of worlds, in `make test-long`
chances = st.integers(0, 9999).map(random.Random)
seen: Counter[str] = Counter()


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """What everything is held against is answered by one thread."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESWARN_THREADS", "1")
        yield


def is_same(kind: Kind, world: World, chance: random.Random, expected: Answers | None = None) -> bool:
    """Whether the same is told of the same pupils; and count the pupils."""
    expected = kinds.told(world) if expected is None else expected
    seen[kind.__name__] += len(expected)
    return kind(world, chance) == expected


def fit_for(kind: Kind, world: World) -> World:
    return kinds.exported(world) if kind in kinds.IN_FILES else world


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=8)
@given(world=worlds(), chance=chances)
def test_it_does_not_matter(kind: Kind, world: World, chance: random.Random) -> None:
    assert is_same(kind, fit_for(kind, world), chance)


@pytest.mark.long
@settings(max_examples=THOUSANDS, suppress_health_check=list(HealthCheck))
@given(worlds(long=True), chances)
def test_nothing_of_it_matters_in_many_worlds(world: World, chance: random.Random) -> None:
    for some, one in ((kinds.IN_MEMORY, world), (kinds.IN_FILES, kinds.exported(world))):
        expected = kinds.told(one)
        assert [kind.__name__ for kind in some if not is_same(kind, one, chance, expected)] == []


@given(worlds())
@settings(max_examples=8)
def test_several_dates_at_once_give_the_answers_of_each_alone(world: World) -> None:
    days = [world.as_of, world.as_of + 30 * DAY, world.as_of + 2 * DAY]
    alone: dict[object, object] = {}
    for day in days:
        alone |= answers(Timeline(world.records), day, config=world.config, shown=False)
    if "refused" not in alone:
        assert answers(Timeline(world.records), *days, config=world.config, shown=False) == alone


def test_a_batch_needs_the_registers_of_the_other_schools_of_its_pupils() -> None:
    """A mark at S2 in September is not recent; by a calendar made of that mark alone it would be, and the pupil would not be at S1."""
    first, t = dt.date(2025, 9, 1), dt.date(2026, 2, 12)
    school_days = [day for n in range((t - first).days) if (day := first + n * DAY).weekday() < 5]
    register = [mark(pupil, 2, day, "AM", "/", None) for day in school_days for pupil in range(1, 6)]
    context = [{"pupil_id": "P00", "school_id": "S1", "valid_from": dt.date(2025, 12, 3), "year_group": 9}]
    world = World({"attendance": [*register, mark(0, 2, dt.date(2025, 9, 4), "AM", "/", None)], "context": context}, t, CohortConfig())
    alone = world.having(attendance=world.tables["attendance"][-1:])
    assert (t, "S1", "P00") in kinds.told(world)
    assert list(kinds.told(alone)) == [(t, "S2", "P00")]
    assert is_same(kinds.batches_of_schools, world, random.Random(0))


# --- controls: the same checks must see a bug of their kind ---------------------------------------------------------------

CONTROLS = [
    (kinds.order_of_rows, put, "there == 0 or known > first_known", "True"),
    (kinds.order_of_columns, headers, "setdefault(known[head], []).append(place)",
     "setdefault(known[head], []).append(list(TABLE_MODELS[table].model_fields).index(known[head]))"),
    (kinds.split_files, keys, "pa.concat_tables([part.table for part in parts])", "parts[0].table"),
    (kinds.files_told_twice, keys, "keep[doubles.merged] = keep[doubles.conflict] = False", "keep[doubles.conflict] = False"),
    (kinds.batches_of_schools, view, "self.cohort.school * 64", "self.cohort.school * 0"),
    (kinds.size_of_chunks, compute, "np.append(np.flatnonzero(np.diff(cohort.school)) + 1, len(cohort))", "np.arange(1, len(cohort) + 1)"),
    (kinds.two_threads, parallel, "pool.map(work, todo)", "pool.map(work, todo[:-1])"),
    (kinds.names_of_pupils, measures, "(below + level / 2)", "(at - np.maximum.accumulate(np.where(new_group, at, 0)))"),
    (kinds.later_records, facts, "(facts.date < t)", "(facts.date <= t)"),
    (kinds.late_corrections, facts, "(facts.recorded < t)", "(facts.recorded <= t)"),
    (kinds.streamed, stream, "recorded.null_count == len(recorded)", "recorded.null_count >= 0"),
]  # fmt: skip


class _Seen(Exception):
    """The bug was seen: nothing more needs to be tried."""


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # worlds that need not be shrunk are long
@pytest.mark.parametrize(("kind", "module", "sound", "broken"), CONTROLS, ids=[control[0].__name__ for control in CONTROLS])
def test_a_bug_of_its_kind_is_seen(kind: Kind, module: Any, sound: str, broken: str) -> None:
    caught: list[tuple[World, int]] = []

    @settings(max_examples=60, phases=[Phase.generate], report_multiple_bugs=False)
    @given(worlds(), st.integers(0, 99))
    def look(world: World, seed: int) -> None:
        one = fit_for(kind, world)
        try:
            differs = kind(one, random.Random(seed)) != kinds.told(one)
        except InputRefused:  # a file that reads well without the bug
            differs = True
        if differs:
            caught.append((one, seed))
            raise _Seen

    with planted(Mutant(f"a bug that {kind.__name__} must see", module, sound, broken, print)), contextlib.suppress(_Seen):
        look()
    assert caught, "the check has gone blind"
    assert is_same(kind, caught[0][0], random.Random(caught[0][1])), "what caught the bug must leave the real code unmoved"


def test_there_is_a_control_for_every_kind() -> None:
    assert {control[0] for control in CONTROLS} == set(KINDS)


# --- the machine: time zone, locale, hash seed ------------------------------------------------------------------------------

LOOK = """
import hashlib, json, locale, sys, time
from pathlib import Path
locale.setlocale(locale.LC_ALL, "")
import eswarn, datetime
from eswarn.config import CohortConfig
from eswarn.records.timeline import Timeline
from tests.property.worlds import answers
told = {}
for folder in sorted(Path(sys.argv[1]).iterdir()):
    asked = json.loads((folder / "asked.json").read_text())
    found = answers(Timeline(eswarn.read(folder / "files")), datetime.date.fromisoformat(asked.pop("as_of")), config=CohortConfig(**asked))
    told[folder.name] = sorted([str(key), hashlib.sha256(row if isinstance(row, bytes) else row.encode()).hexdigest()]
                               for key, row in found.items())
letters = [locale.localeconv()["decimal_point"], locale.getencoding()]
machine = {"zone": time.timezone, "letters": letters, "hash": hash("pupil")}
print(json.dumps({"told": told, "machine": machine}))
"""
PLAIN = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}


def looked_at(folder: Path, machine: dict[str, str]) -> dict[str, Any]:
    """What is told of some worlds in files, by a process of its own on a machine so set."""
    environment = {name: value for name, value in os.environ.items() if name not in ("LANG", "LC_CTYPE")} | PLAIN | machine
    done = subprocess.run([sys.executable, "-c", LOOK, str(folder)], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def another_locale(folder: Path) -> dict[str, str]:
    """Turkish, with its decimal comma and its two letters i, where it can be made; else no locale at all, and letters of ASCII only."""
    folder.mkdir()
    maker = shutil.which("localedef")
    command = [maker or "", "-i", "tr_TR", "-f", "UTF-8", str(folder / "tr_TR.UTF-8")]
    if maker and not subprocess.run(command, capture_output=True, check=False).returncode:
        return {"LC_ALL": "tr_TR.UTF-8", "LOCPATH": str(folder)}
    return {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def in_folders(folder: Path, n: int) -> int:
    """Write so many worlds as files; the pupils on roll in them."""
    pupils: list[int] = []

    @settings(max_examples=3 * n, phases=[Phase.generate])
    @given(worlds())
    def write(world: World) -> None:
        if len(pupils) < n and (told := kinds.told(kinds.exported(world))) and "refused" not in told:
            (folder / f"{len(pupils):04d}" / "files").mkdir(parents=True)
            kinds.write_files(kinds.exported(world), folder / f"{len(pupils):04d}" / "files", kinds.as_they_stand)
            asked = {**world.config.model_dump(mode="json", exclude_unset=True), "as_of": world.as_of.isoformat()}
            (folder / f"{len(pupils):04d}" / "asked.json").write_text(json.dumps(asked))
            pupils.append(len(told))

    write()
    assert len(pupils) == n
    return sum(pupils)


@pytest.mark.parametrize("n", [6, pytest.param(800, marks=pytest.mark.long)])
def test_time_zone_locale_and_hash_seed_do_not_matter(tmp_path: Path, n: int) -> None:
    pupils, plain = in_folders(tmp_path / "worlds", n), looked_at(tmp_path / "worlds", {})
    assert sum(len(told) for told in plain["told"].values()) == pupils > n
    machines = {"zone": {"TZ": "XXX-14"}, "letters": another_locale(tmp_path / "locale"), "hash": {"PYTHONHASHSEED": "4711"}}
    everything = {name: value for machine in machines.values() for name, value in machine.items()}
    for names, machine in {**{(name,): machine for name, machine in machines.items() if n > 6}, tuple(machines): everything}.items():
        other = looked_at(tmp_path / "worlds", machine)
        changed = {name for name in machines if other["machine"][name] != plain["machine"][name]}
        assert changed == set(names), "the other machine is not set as it should be"
        assert other["told"] == plain["told"], names
        seen.update(dict.fromkeys((f"machine: {name}" for name in names), pupils))


def test_what_was_compared_is_told() -> None:
    print(f"invariances: {sum(seen.values())} pupils compared, by kind {dict(seen)}")  # noqa: T201  the figure to publish
    assert not seen or sum(seen.values()) > 100


@pytest.mark.long
def test_more_than_120_000_pupils_were_compared() -> None:
    if min(seen[kind.__name__] for kind in KINDS) < THOUSANDS:
        test_nothing_of_it_matters_in_many_worlds()
    assert sum(seen.values()) >= 120_000
