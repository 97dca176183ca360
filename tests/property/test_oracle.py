"""The fast code against plain Python: who is on roll, who can be scored, every feature, every label, exactly equal."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

import eswarn
from eswarn.cohort.oracle import oracle_label
from eswarn.config import CohortConfig
from eswarn.errors import UsageError
from eswarn.features.compute import compute
from eswarn.features.library import FEATURES
from eswarn.features.oracle import oracle
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline
from tests.property.worlds import ALL, World, worlds

REASONS = {"no mark": "already gone?", "fewer": "few sessions", "under": "few marks"}
THOUSANDS = 4000  # of worlds, in `make test-long`
seen: Counter[str] = Counter()


def same(a: float, b: float) -> bool:
    """Equal to the last bit, and no answer equal to no answer."""
    return a == b or (math.isnan(a) and math.isnan(b))


def disagreements(records: Records, as_of: dt.date, config: CohortConfig) -> list[str]:
    """Everything on which the fast code and the oracle differ, by pupil and column."""
    expected = {row["pupil_id"]: row for row in oracle(records, as_of, config, ALL)}
    labels = oracle_label(records, as_of, config)
    try:
        found = compute(Timeline(records), [as_of], config, features=ALL, labelled=True)
    except UsageError:
        seen["refused"] += 1
        return ["refused although marks are known"] if _any_mark_known(records, as_of) else []
    scored = {pupil: i for i, pupil in enumerate(found.keys["pupil_id"])}
    left_out = dict(zip(found.left_out["pupil_id"], found.left_out["reason"], strict=True))
    wrong = [] if {*scored, *left_out} == {*expected} else [f"on roll: {sorted({*scored, *left_out} ^ {*expected})}"]
    for pupil, row in expected.items():
        reason = next((word for start, word in REASONS.items() if left_out.get(pupil, "").startswith(start)), "")
        if reason != row["reason"]:
            wrong.append(f"{pupil} left out: {reason!r}, not {row['reason']!r}")
    for pupil, i in scored.items() if not wrong else ():
        row, keys = expected[pupil], found.keys.iloc[i]
        wrong += [f"{pupil} school"] if keys["school_id"] != row["school_id"] else []
        pairs = {c: (keys[c], row[c]) for c in ("year_group", "unmarked")} | {f.column: (found.X[f.column][i], row[f.column]) for f in ALL}
        pairs["label"] = (found.y[i], labels[pupil][0])
        wrong += [f"{pupil} {column}: {a}, not {b}" for column, (a, b) in pairs.items() if not same(a, b)]
        wrong += [f"{pupil} unknown destination"] if found.unknown[i] != labels[pupil][1] else []
        seen.update({"pupil-features": len(FEATURES), "answered": sum(not math.isnan(row[f.column]) for f in FEATURES)})
        seen[f"label {found.y[i]}"] += 1
    seen.update(left_out[p] for p in left_out)
    seen["worlds"] += 1
    return wrong


def _any_mark_known(records: Records, as_of: dt.date) -> bool:
    marks, terms = records.table("attendance").to_pylist(), records.table("term_totals").to_pylist()
    if not marks:
        return any(r["ends_on"] < as_of and (r["recorded_on"] or dt.date.min) < as_of for r in terms)
    return any(r["date"] < as_of and (r["recorded_on"] or dt.date.min) < as_of for r in marks)


@given(worlds())
def test_the_fast_code_and_the_oracle_agree_on_everybody_and_everything(world: World) -> None:
    assert disagreements(world.records, world.as_of, world.config) == []


@pytest.mark.parametrize(("pupils", "years"), [(30, 2), pytest.param(150, 3, marks=pytest.mark.long)])
def test_they_agree_on_registers_of_several_years(pupils: int, years: int) -> None:
    records = eswarn.simulate(pupils=pupils, years=years, seed=3)
    last_mark = max(records.table("attendance")["date"].to_pylist())
    assert disagreements(records, last_mark - dt.timedelta(days=150), CohortConfig()) == []


@pytest.mark.long
@settings(max_examples=THOUSANDS, suppress_health_check=list(HealthCheck))
@given(worlds(long=True))
def test_they_agree_on_thousands_of_worlds(world: World) -> None:
    assert disagreements(world.records, world.as_of, world.config) == []


@pytest.mark.long
def test_more_than_a_million_answers_of_shipped_features_were_compared() -> None:
    if seen["worlds"] < THOUSANDS:
        test_they_agree_on_thousands_of_worlds()
    assert seen["pupil-features"] > 1_000_000


def test_the_worlds_compared_held_enough_to_tell_a_difference() -> None:
    if not seen["worlds"]:
        test_the_fast_code_and_the_oracle_agree_on_everybody_and_everything()
    print(f"fast code against oracle: {dict(seen)}")  # noqa: T201  the figure to publish
    assert seen["pupil-features"] > 500
    assert seen["answered"] > seen["pupil-features"] / 3
