"""The same answers as the fast code, one pupil at a time in plain Python: written from the definitions, to judge it by.

Nothing here is shared with the fast code but the declarations (features, measures and windows as data). It is slow on
purpose, and holds no NumPy.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from eswarn.cohort.oracle import DATED, Pupil, Row, Session, known_before, means, pupils_on_roll, why_not_scored
from eswarn.config import CohortConfig
from eswarn.features import events as e
from eswarn.features import measures as m
from eswarn.features.feature import Feature
from eswarn.features.register import SessionSet
from eswarn.features.windows import Window
from eswarn.records.codes import Code
from eswarn.records.store import Records

NAN = math.nan
Weekdays = Callable[[int], bool]


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
        rows.append(row | {f.column: float(answer(f.measure, who, f.window, peers)) for f in features})
    return rows


def answer(measure: m.Measure, who: Pupil, window: Window, peers: Sequence[Pupil]) -> float:
    """What a measure says of one pupil; NaN where the records have no answer."""
    match measure:
        case m.share(part, of):
            return _ratio(_count(who, part, window), _count(who, of, window))
        case m.change(inner, against):
            return answer(inner, who, window, peers) - answer(inner, who, against, peers)
        case m.excess(part, weekdays, of):
            on, off = (lambda day: day in weekdays), (lambda day: day not in weekdays)
            shares = [_ratio(_count(who, part, window, some), _count(who, of, window, some)) for some in (on, off)]
            return shares[0] - shares[1]
        case m.longest_run(of) | m.current_run(of) | m.spells(of):
            return _of_runs(measure, _hits(who, of, window))
        case m.days_since(of):
            return _open_days_after(who, [session[0] for session, mark in who.marks.items() if _inside(who, of, session, mark)])
        case m.percentile(inner, least):
            return _percentile(answer(inner, who, window, peers), [answer(inner, p, window, peers) for p in peers], least)
        case m.schools_attended():
            marks = [kept.values() for (pupil, _), kept in who.known.marks.items() if pupil == who.pupil_id]
            return sum(any(means("marked", mark) for mark in kept) for kept in marks) or NAN
        case m.time_at_school(most):
            return min((who.known.t - who.entered).days, most)
        case e.latest(column, values):
            value = who.context.get(column)
            return _number(value in values if values and value is not None else value)
        case e.unknown(column):
            return float(who.context.get(column) is None) if "context" in who.known.supplied else NAN
        case e.count() | e.total() | e.days_since_event() | e.mean_ratio():
            return _of_events(measure, who, window)
    raise TypeError(f"the oracle does not know the measure {type(measure).__name__}")


# --- sessions ------------------------------------------------------------------------------------------------------------


def _days(who: Pupil, window: Window) -> tuple[dt.date, dt.date]:
    """First day of a window, and the day after its last."""
    t, opened = who.known.t, who.open_days
    if window.kind == "last":
        before, skipped = opened[: max(0, len(opened) - window.skip)], opened[max(0, len(opened) - window.skip) :]
        return (before[-window.n :][0], [*skipped, t][0]) if before else (t, t)
    august = dt.date(t.year if t.month >= 8 else t.year - 1, 8, 1)
    return {"days": (t - dt.timedelta(days=window.n), t), "year_to_date": (august, t), "ever": (dt.date.min, t),
            "last_year": (august.replace(year=august.year - 1), august)}[window.kind]  # fmt: skip


def _inside(who: Pupil, wanted: SessionSet, session: Session, mark: Code) -> bool:
    """Whether a session is in a set; code N is no misconduct until it has settled."""
    fresh = session[0] >= who.known.t - dt.timedelta(days=wanted.settling_days)
    return means(wanted.name, mark) and not (wanted.settling_days and fresh and mark.code == "N")


def _count(who: Pupil, wanted: SessionSet, window: Window, weekdays: Weekdays = lambda _: True) -> int:
    start, end = _days(who, window)
    inside = [s for s, mark in who.marks.items() if start <= s[0] < end and _inside(who, wanted, s, mark)]
    return sum(weekdays(day.weekday()) for day, _ in inside)


def _hits(who: Pupil, wanted: SessionSet, window: Window) -> list[bool]:
    """For each possible session of the window, in order, whether it is in the set."""
    start, end = _days(who, window)
    possible = sorted(s for s, mark in who.marks.items() if start <= s[0] < end and means("possible", mark))
    return [_inside(who, wanted, s, who.marks[s]) for s in possible]


def _of_runs(measure: m.Measure, hits: Sequence[bool]) -> float:
    """Of the unbroken runs of hits: the longest, the one at the end, or how many there are."""
    if not hits:
        return NAN
    runs = [len(run) for run in "".join("x" if hit else " " for hit in hits).split()]
    if isinstance(measure, m.spells):
        return len(runs)
    return max(runs, default=0) if isinstance(measure, m.longest_run) else runs[-1] if hits[-1] else 0


def _open_days_after(who: Pupil, days: Sequence[dt.date]) -> float:
    return sum(day > max(days) for day in who.open_days) if days else NAN


def _percentile(own: float, values: Sequence[float], least: int) -> float:
    """Those below and half of those level, as a share of all with an answer; none among fewer than ``least``."""
    told = [value for value in values if not math.isnan(value)]
    if math.isnan(own) or len(told) < least:
        return NAN
    return (sum(value < own for value in told) + sum(value == own for value in told) / 2) / len(told)


# --- events --------------------------------------------------------------------------------------------------------------


def _of_events(measure: e.count | e.total | e.days_since_event | e.mean_ratio, who: Pupil, window: Window) -> float:
    table, (start, end) = measure.events.table, _days(who, window)
    rows = [r for r in _events(measure.events, who) if start <= r[DATED[table]] < end]
    rows.sort(key=lambda r: (r["school_id"], r[DATED[table]], r.get("subject") or ""))
    kept = "suspensions" in who.known.supplied
    if table != "suspensions":
        kept = any(r["school_id"] == who.school_id for r in who.known.rows[table])
    match measure:
        case e.count():
            return len(rows) if kept else NAN
        case e.total(column=column):
            return _sum(r[column] or 0 for r in rows) if kept else NAN
        case e.days_since_event():
            return _open_days_after(who, [r[DATED[table]] for r in rows])
    ratios = [r[measure.top] / r[measure.bottom] for r in rows if r[measure.top] is not None and r[measure.bottom] is not None]
    return _ratio(_sum(ratios), len(ratios))


def _events(events: e.Events, who: Pupil) -> list[Row]:
    """The pupil's rows of the kind that counts; a suspension withdrawn (same start) does not."""
    rows = [r for r in who.known.rows[events.table] if r["pupil_id"] == who.pupil_id]
    if events.table == "suspensions":
        withdrawn = {r["start"] for r in rows if r["kind"] == "withdrawn"}
        rows = [r for r in rows if r["start"] not in withdrawn]
    return [r for r in rows if all(r[name] in values or (r[name] is None and name in events.or_null) for name, values in events.where)]


def _ratio(part: float, of: float) -> float:
    return part / of if of else NAN


def _sum(values: Iterable[float]) -> float:
    """A sum from left to right; since Python 3.12 the built-in one corrects for rounding."""
    total = 0.0
    for value in values:
        total += value
    return total


def _number(value: float | None) -> float:
    return NAN if value is None else float(value)
