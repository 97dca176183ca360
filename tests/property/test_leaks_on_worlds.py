"""The leak detector on worlds nobody thought of: it never fails, names nobody, and does not depend on the order of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from eswarn.config import Config
from eswarn.evaluation.leaks import alarms, leaks, leaks_in_table
from eswarn.evaluation.leaks.cases import Cases
from eswarn.evaluation.leaks.signs import telling_signs
from eswarn.records.store import Records
from tests.property.worlds import DESTINATIONS, World, worlds


def _shuffled(records: Records, seed: int) -> Records:
    rng = np.random.default_rng(seed)
    return Records({name: t.take(pa.array(rng.permutation(len(t)))) for name, t in records.tables.items()}, records.facts)


@given(world=worlds())
def test_no_world_makes_it_fail_or_name_a_pupil(world: World) -> None:
    records = world.records
    names = {p for t in records.tables.values() if "pupil_id" in t.column_names for p in t["pupil_id"].to_pylist()}
    config = world.config.model_copy(update={"leaving": tuple(DESTINATIONS)})
    found = [*leaks(records, Config(cohort=config), as_of=[world.as_of]), *telling_signs(Cases(records, config))]
    assert not [name for name in names if name in " ".join(map(str, found))]


@given(world=worlds(), seed=st.integers(0, 9))
def test_the_order_of_rows_changes_nothing_but_what_is_said_of_it(world: World, seed: int) -> None:
    records, config = world.records, Config(cohort=world.config)
    one, other = (
        {f for f in [*leaks(r, config), *telling_signs(Cases(r, config.cohort))] if f.kind != "row_order_tells"}
        for r in (records, _shuffled(records, seed))
    )
    assert one == other


@given(seed=st.integers(0, 10_000), n=st.integers(30, 400), base=st.floats(0.02, 0.4), columns=st.integers(5, 40))
def test_numbers_without_meaning_raise_no_alarm(seed: int, n: int, base: float, columns: int) -> None:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, columns)).round(int(rng.integers(0, 4)))).where(rng.random((n, columns)) > 0.1)
    keys = pd.DataFrame({"pupil_id": [f"P{i}" for i in range(n)], "school_id": rng.choice(["A", "B"], n)})
    assert alarms(leaks_in_table(X, keys, 1.0 * (rng.random(n) < base))) == ()
