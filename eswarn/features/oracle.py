"""The same answers as the fast code, one pupil at a time in plain Python: written from the definitions, to judge it by.

Nothing here is shared with the fast code but the declarations (features, measures and windows as data). It is slow on
purpose, and holds no NumPy. The register is in ``oracle_register.py``.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

from eswarn.cohort.oracle import DATED, Pupil, Row, known_before, means, pupils_on_roll, why_not_scored
from eswarn.config import CohortConfig
from eswarn.features import events as e
from eswarn.features import measures as m
from eswarn.features.feature import Feature
from eswarn.features.oracle_register import NAN, answer_of_register, days_of, open_days_after, plain_sum, ratio
from eswarn.features.register import SessionSet
from eswarn.features.windows import Window
from eswarn.records.store import Records
from eswarn.records.tables import GRAIN, TABLE_MODELS


def oracle(records: Records, as_of: dt.date, config: CohortConfig, features: Sequence[Feature]) -> list[dict[str, Any]]:
    """Answer every feature for every pupil on roll.

    Parameters
    ----------
    records : Records
        Checked tables.
    as_of : date
        Only what could be known before it counts.
    config : CohortConfig
        Who can be scored.
    features : sequence of Feature
        Declarations.

    Returns
    -------
    list of dict
        By school and pupil: ``pupil_id``, ``school_id``, ``year_group``, ``reason`` ("" where a score can be given, else
        "already gone?", "few sessions" or "few marks"), ``unmarked``, and a float under the column of each feature, NaN for
        no answer.
    """
    cohort = pupils_on_roll(known_before(records, as_of))
    rows = []
    for who in cohort:
        year = who.context.get("year_group")
        peers = [p for p in cohort if p.school_id == who.school_id and year is not None and p.context.get("year_group") == year]
        reason, unmarked = why_not_scored(who, config)
        row = {"pupil_id": who.pupil_id, "school_id": who.school_id, "year_group": _number(who.context.get("year_group"))}
        row |= {"reason": reason, "unmarked": unmarked}
        told = {f.column: float(answer(f.measure, who, f.window, peers)) if _can_be_told(f.measure, who) else NAN for f in features}
        rows.append(row | told)
    return rows


def _can_be_told(measure: object, who: Pupil) -> bool:
    """Whether the register codes of the place have a mark for each set that a measure, or one inside it, names."""
    parts = list(vars(measure).values())
    named = [part for part in parts if isinstance(part, SessionSet)]
    known = all(any(means(wanted.name, code) for code in who.known.codes) for wanted in named)
    return known and all(_can_be_told(part, who) for part in parts if hasattr(part, "compute"))


def answer(measure: m.Measure, who: Pupil, window: Window, peers: Sequence[Pupil]) -> float:
    """What a measure says of one pupil; NaN where the records have no answer."""
    match measure:
        case m.change(inner, against):
            return answer(inner, who, window, peers) - answer(inner, who, against, peers)
        case m.percentile(inner, least):
            return _percentile(answer(inner, who, window, peers), [answer(inner, p, window, peers) for p in peers], least)
        case m.reached(inner, at_least):
            found = answer(inner, who, window, peers)
            return found if math.isnan(found) else float(found >= at_least)
        case e.latest(column, values):
            value = who.context.get(column)
            return _number(value in values if values and value is not None else value)
        case e.unknown(column):
            return float(who.context.get(column) is None) if "context" in who.known.supplied else NAN
        case e.latest_extra(name):
            rows = [r for r in _inside(who, e.Events("extra", name), window) if r["name"] == name]
            return max(rows, key=lambda r: (r["date"], r["school_id"]))["value"] if rows else NAN
        case e.count() | e.total() | e.days_with():
            return _where_kept(measure, who, window)
        case e.days_since_event() | e.mean_ratio() | e.sums_ratio():
            return _of_those_found(measure, who, window)
    return answer_of_register(measure, who, window)


def _percentile(own: float, values: Sequence[float], least: int) -> float:
    """Those below and half of those level, as a share of all with an answer; none among fewer than ``least``."""
    told = [value for value in values if not math.isnan(value)]
    if math.isnan(own) or len(told) < least:
        return NAN
    return (sum(value < own for value in told) + sum(value == own for value in told) / 2) / len(told)


# --- events --------------------------------------------------------------------------------------------------------------


def _where_kept(measure: e.count | e.total | e.days_with, who: Pupil, window: Window) -> float:
    """What can be none: suspensions where the table was supplied, other events where the pupil's school keeps any."""
    table, rows = measure.events.table, _inside(who, measure.events, window)
    kept = table in who.known.supplied if table == "suspensions" else any(r["school_id"] == who.school_id for r in who.known.rows[table])
    if not kept:
        return NAN
    match measure:
        case e.count():
            return len(rows)
        case e.total(column=column, magnitude=magnitude):
            values = [float(r[column] or 0) for r in rows]
            return plain_sum(map(abs, values) if magnitude else values)
    start, end = days_of(who, window)
    opened = {day for day in who.open_days if start <= day < end}
    return ratio(len(opened & {r[DATED[table]] for r in rows}), len(opened))


def _of_those_found(measure: e.days_since_event | e.mean_ratio | e.sums_ratio, who: Pupil, window: Window) -> float:
    """What has no answer where there is no event."""
    rows = _inside(who, measure.events, window)
    match measure:
        case e.days_since_event(first=first):
            return open_days_after(who, [r[DATED[measure.events.table]] for r in rows], min if first else max)
        case e.mean_ratio(top=top, bottom=bottom):
            ratios = [r[top] / r[bottom] for r in rows if r[top] is not None and r[bottom]]
            return ratio(plain_sum(ratios), len(ratios))
    full = [r for r in rows if all(r[name] is not None for name in (*measure.top, measure.bottom))]
    part = plain_sum(plain_sum(r[name] for name in measure.top) for r in full)
    return ratio(part, plain_sum(r[measure.bottom] for r in full))


def _inside(who: Pupil, events: e.Events, window: Window) -> list[Row]:
    """The pupil's rows of the kind that counts inside a window, in an order that no file decides."""
    table, (start, end) = events.table, days_of(who, window)
    rows = [r for r in _events(events, who) if start <= r[DATED[table]] < end]
    grain = [name for name in GRAIN[table] if name != "recorded_on"]
    columns = ["school_id", DATED[table], *grain, "recorded_on", *TABLE_MODELS[table].model_fields]
    return sorted(rows, key=lambda r: [(r[name] is not None, r[name]) for name in columns])


def _events(events: e.Events, who: Pupil) -> list[Row]:
    """The pupil's rows of the kind that counts; a suspension withdrawn (same start) does not."""
    rows = [r for r in who.known.rows[events.table] if r["pupil_id"] == who.pupil_id]
    if events.table == "suspensions":
        withdrawn = {r["start"] for r in rows if r["kind"] == "withdrawn"}
        rows = [r for r in rows if r["start"] not in withdrawn]
    return [r for r in rows if all(r[name] in values or (r[name] is None and name in events.or_null) for name, values in events.where)]


def _number(value: float | None) -> float:
    return NAN if value is None else float(value)
