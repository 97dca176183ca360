"""Counts the planted shifts that the drift checks notice within a half-term, and their false alarms on clean school-years.

    python -m benchmarks.drift [--worlds 100] [--pupils 2000] [--alone 40] [--json FILE]

Each world is a simulated trust of five years at one level of absence. A model learns from the second and a part of the first; the fourth
is scored at the start of each of its six half-terms. Each shift is planted into one half-term of that year, all six in turn, and looked
for at the start of the next one. Outcomes are looked at once they are mature.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.drift_page import drift_section
from benchmarks.planted_drift import PLANTS, twice_as_many_leave
from eswarn.cohort.dates import half_terms
from eswarn.cohort.lately import register_lately
from eswarn.config import Config
from eswarn.evaluation.drift import Drift, Now, Outcomes, drift
from eswarn.features.compute import Dataset, choose, compute
from eswarn.model.curve import Curve
from eswarn.model.fit import fit
from eswarn.model.profile import Profile, profile
from eswarn.model.risk import RiskModel
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline
from eswarn.simulate import simulate, simulate_with_causes

YEARS, START, SCORED, SEED = 5, 2018, 3, 90_000  # SCORED: the school year that is looked at, from 0; limits were set on other seeds
CHOICES = Config()
CHOSEN = choose(CHOICES.features)
AT_RISK, DOUBLED = "pupils at twice the risk join (expected leavers, before any label)", "everybody's hazard of leaving doubles"


@dataclass(frozen=True)
class Trained:
    """A model with the profile of its cohort."""

    model: RiskModel
    profile: dict[str, Any]

    @property
    def curve(self) -> Curve:
        """Raw score to chance."""
        return self.model.curve_

    def look(self, data: Dataset, timeline: Timeline, day: dt.date, outcomes: Outcomes | None = None) -> Drift:
        """Drift of a cohort."""
        raw = self.model.raw_score(data.X)
        return drift(self.profile, Now(data, raw, self.curve(raw), register_lately(timeline, day)), outcomes=outcomes)


def trained(timeline: Timeline) -> Trained:
    """A model of the second school year and some of the first."""
    days = half_terms(timeline)[2:12]
    days = (*days[:4:2], *days[4:])
    data = compute(timeline, days, CHOICES.cohort, features=CHOSEN, labelled=True)
    fitted = fit(data, CHOICES)
    judged = ~np.isnan(data.y) & np.isin(data.keys["as_of"].to_numpy(), fitted.judged_on)
    told = profile(
        data, raw=fitted.raw, risk=fitted.risk_model.curve_(fitted.raw), judged=judged, salt="benchmark",
        registers={day: register_lately(timeline, day) for day in days},
    )  # fmt: skip
    return Trained(fitted.risk_model, Profile.model_dump(told, mode="json"))


def of_day(timeline: Timeline, day: dt.date, *, labelled: bool = False) -> Dataset:
    """Everybody who can be scored on a day."""
    return compute(timeline, [day], CHOICES.cohort, features=CHOSEN, labelled=labelled)


def one_world(number: int, *, pupils: int, planted: bool) -> dict[str, Any]:
    """Everything that is looked at in one world."""
    seed = SEED + number
    records, causes = simulate_with_causes(pupils=pupils, years=YEARS, seed=seed, start_year=START, profile="post-2021")
    timeline = Timeline(records)
    ready = trained(timeline)
    days = half_terms(timeline)[6 * SCORED - 1 : 6 * SCORED + 6]  # the last of the year before, and six
    told: dict[str, Any] = {"clean": [], "outcomes": [], "ratios": [], "highest": {}, "planted": {}}
    for day in days[1:]:
        data = of_day(timeline, day, labelled=True)
        seen = Outcomes(ready.curve(ready.model.raw_score(data.X)), data.y)
        found = ready.look(data, timeline, day, seen)
        late = ("outcomes", "calibration")
        told["clean"].append([f"{c.kind} {c.what}" for c in found.alarms if c.kind not in late])
        told["outcomes"].append([c.kind for c in found.alarms if c.kind in late])
        told["ratios"].append(_ratio(found))
        for check in found.checks:
            if check.kind in ("feature", "apart") and check.limit > 0 and "holds more or less" not in check.said:
                told["highest"][check.kind] = max(told["highest"].get(check.kind, 0.0), round(check.value / check.limit, 3))
    if planted:
        told["planted"] = dict(_planted(records, causes, timeline, ready, days, number, pupils))
    print(f"world {number}: {sum(map(len, told['clean']))} alarms; missed: {[k for k, v in told['planted'].items() if not v]}", flush=True)
    return told


def _ratio(found: Drift) -> float:
    """Observed over expected leavers."""
    return next((round(check.value, 3) for check in found.checks if check.kind == "outcomes"), float("nan"))


def _planted(
    records: Records, causes: pa.Table, timeline: Timeline, ready: Trained, days: Sequence[dt.date], number: int, pupils: int
) -> Iterator[tuple[str, bool]]:
    """Whether each shift is noticed at the start of the half-term after the one in which it begins."""
    dice, at = np.random.default_rng(number), 1 + number % 6
    start, day = days[at - 1], days[at]
    known = up_to(records, day)
    for plant in PLANTS:
        changed = Timeline(plant.into(known, start, dice))
        found = ready.look(of_day(changed, day), changed, day)
        yield plant.said, bool({check.kind for check in found.alarms} & plant.kinds)
    data = of_day(timeline, day)
    found = ready.look(_at_twice_the_risk(data, causes, day, dice), timeline, day)
    yield AT_RISK, any(check.kind == "expected" for check in found.alarms)
    more = twice_as_many_leave(pupils=pupils, years=YEARS, seed=SEED + number, start_year=START, from_year=SCORED)
    changed = Timeline(more)
    data = of_day(changed, day, labelled=True)
    yield DOUBLED + ": before labels", bool(ready.look(data, changed, day).alarms)
    seen = Outcomes(ready.curve(ready.model.raw_score(data.X)), data.y)
    found = ready.look(data, changed, day, seen)
    yield DOUBLED + ": once outcomes are mature", any(check.kind in ("outcomes", "calibration") for check in found.alarms)


def up_to(records: Records, day: dt.date) -> Records:
    """The register of the two years before a day, as a school exports it."""
    date = (table := records.table("attendance"))["date"]
    kept = pc.and_(pc.less(date, day), pc.greater_equal(date, day - dt.timedelta(days=730)))
    return Records({**records.tables, "attendance": table.filter(kept)}, records.facts)


def _at_twice_the_risk(data: Dataset, causes: pa.Table, day: dt.date, dice: np.random.Generator) -> Dataset:
    """As many pupils, drawn so that their true chances of leaving add up to twice as much."""
    frame = causes.to_pandas()
    frame = (
        frame[frame["as_of"].astype("datetime64[s]") <= np.datetime64(day)].sort_values("as_of").drop_duplicates("pupil_id", keep="last")
    )
    chance = data.keys["pupil_id"].map(dict(zip(frame["pupil_id"].astype(str), frame["chance"], strict=True))).fillna(0).to_numpy(float)
    even, tilted = np.full(len(chance), 1 / len(chance)), chance / chance.sum()
    part = chance.mean() / (tilted @ chance - chance.mean())
    drawn = dice.choice(len(chance), len(chance), p=(1 - min(part, 1)) * even + min(part, 1) * tilted)
    return Dataset(
        data.X.iloc[drawn].reset_index(drop=True), data.keys.iloc[drawn].reset_index(drop=True), data.y[drawn], data.unknown[drawn],
        data.left_out, data.left_out_y, data.features,
    )  # fmt: skip


def new_codes(worlds: int, *, pupils: int) -> int:
    """Worlds whose scored year is the first under the codes of August 2024, in which the definitions check alarms."""
    found = 0
    for number in range(worlds):
        records = simulate(pupils=pupils, years=4, seed=SEED + number, start_year=2024 - SCORED, profile="post-2021")
        timeline = Timeline(records)
        day = half_terms(timeline)[6 * SCORED + 1]
        found += any(check.kind == "definitions" for check in trained(timeline).look(of_day(timeline, day), timeline, day).alarms)
    return found


def measure_drift(*, worlds: int = 100, pupils: int = 2_000, alone: int = 40, eras: int = 5) -> dict[str, Any]:
    """Noticed of planted, and false alarms, by trust and by a single school half its size.

    Parameters
    ----------
    worlds, pupils : int
        Trusts, and pupils in each on the first day.
    alone : int
        Single schools of half as many pupils; one at least.
    eras : int
        Trusts scored under other register codes than those learned from.
    """
    began = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        trusts = list(pool.map(partial(one_world, pupils=pupils, planted=True), range(worlds)))
        singles = list(pool.map(partial(one_world, pupils=pupils // 2, planted=True), range(1_000, 1_000 + alone)))
    return {
        "command": f"python -m benchmarks.drift --worlds {worlds} --pupils {pupils} --alone {alone}", "n": worlds, "pupils": pupils,
        "trusts": _summed(trusts), "alone": _summed(singles) | {"n": alone, "pupils": pupils // 2},
        "new_codes": {"planted": eras, "noticed": new_codes(eras, pupils=pupils)}, "seconds": round(time.perf_counter() - began),
    }  # fmt: skip


def _summed(worlds: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts over some worlds: lists are the six of a year, an alarm is a list with any."""
    lists = [alarms for world in worlds for alarms in world["clean"]]
    late = [alarms for world in worlds for alarms in world["outcomes"]]
    names = list(dict.fromkeys(name for world in worlds for name in world["planted"]))
    return {
        "school_years": len(worlds), "lists": len(lists), "lists_with_alarm": sum(map(bool, lists)),
        "most_in_a_year": max((sum(map(bool, world["clean"])) for world in worlds), default=0),
        "alarms": Counter(alarm for alarms in lists for alarm in alarms).most_common(),
        "outcomes_with_alarm": sum(map(bool, late)), "outcome_alarms": Counter(a for alarms in late for a in alarms).most_common(),
        "highest": {kind: max(world["highest"].get(kind, 0.0) for world in worlds) for kind in ("feature", "apart")},
        "planted": [
            {"shift": name, "planted": len(tried), "noticed": sum(tried)}
            for name in names for tried in [[w["planted"][name] for w in worlds if name in w["planted"]]]
        ],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=100, help="simulated trusts (default 100)")
    parser.add_argument("--pupils", type=int, default=2_000, help="pupils in each (default 2,000)")
    parser.add_argument("--alone", type=int, default=40, help="single schools of half as many pupils (default 40)")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    given = parser.parse_args()
    part = measure_drift(worlds=given.worlds, pupils=given.pupils, alone=given.alone)
    print("\n".join(drift_section(part)))
    if given.json:
        given.json.write_text(json.dumps(part, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
