"""What must not matter does not, to the last bit: how the same facts are told, in which pieces they are read, and where."""

from __future__ import annotations

import csv  # noqa: F401
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eswarn import parallel
from eswarn.cohort import merged
from eswarn.features import compute, measures, view
from eswarn.records import facts, grid, keys, put, stream
from eswarn.records.readers import csv as csv_reader  # noqa: F401
from eswarn.records.tables import TABLE_MODELS
from eswarn.records.timeline import Timeline
from tests.mutants.planted import Mutant, planted
from tests.property import kinds
from tests.property.kinds import KINDS, Answers, in_files, write_files
from tests.property.worlds import DAY, World, answers, worlds

chances = st.randoms(use_true_random=False)
seen: Counter[str] = Counter()


def same(kind: object, pair: tuple[Answers, Answers]) -> bool:
    """Whether both tell the same of the same pupils; and count them."""
    name = kind if isinstance(kind, str) else kind.__name__  # type: ignore[attr-defined]
    seen[name] += len(pair[0])
    return pair[0] == pair[1]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=8)
@given(world=worlds(), chance=chances)
def test_it_does_not_matter(kind: object, world: World, chance: random.Random) -> None:
    assert same(kind, kind(world, chance))  # type: ignore[operator]


@given(worlds())
@settings(max_examples=8)
def test_several_dates_at_once_give_the_answers_of_each_alone(world: World) -> None:
    days = [world.as_of, world.as_of + 30 * DAY, world.as_of + 2 * DAY]
    alone: dict[object, object] = {}
    for day in days:
        alone |= answers(Timeline(world.records), day, config=world.config)
    if "refused" not in alone:
        assert answers(Timeline(world.records), *days, config=world.config) == alone
