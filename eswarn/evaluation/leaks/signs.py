"""Signs that hardly anybody has but leavers, among what could be known before each pupil's day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from eswarn.evaluation.leaks.cases import NO_MARK, Cases, Rows
from eswarn.evaluation.leaks.certainty import ALARM, beyond_others, severity, too_good
from eswarn.evaluation.leaks.finding import Finding
from eswarn.records.arrays import Bools, Floats, Ints, numbers

CODE_DAYS, EVENT_DAYS, CONTEXT_DAYS = 30, 400, 14
STOPPED, GONE = 10, 20  # open days without a mark, or without a session attended
BULK = 0.10  # of a school's context rows of a year, written on one day: a census, not a pupil's own row
TABLES = ("behaviour", "suspensions", "assessments", "enrolment", "term_totals")
KEYS = ("pupil_id", "school_id", "household_id")


def telling_signs(cases: Cases) -> Iterator[Finding]:
    """Findings of every check that sets leavers beside others."""
    yield from _codes(cases)
    for name in TABLES:
        yield from _entries(cases, name)
    yield from _extra(cases)
    yield from _context(cases)
    yield from _rows_at_leaving(cases)
    yield from _stops(cases)


def _counts(cases: Cases, pupil: Ints, value: Ints, values: int) -> tuple[Ints, Ints]:
    """Leavers and others with each value; a pupil counts once for each."""
    pairs = np.unique(pupil * values + value)
    left = cases.leaver[pairs // values]
    return np.bincount(pairs[left] % values, minlength=values), np.bincount(pairs[~left] % values, minlength=values)


def _judge(
    cases: Cases, kind: str, where: str, said: str, pupil: Ints, value: Ints, values: int, *, among: Bools | None = None
) -> Iterator[Finding]:
    """The most telling value of a column, if any is too good; values are counted, never named."""
    compared = cases.moment > 0 if among is None else among
    leavers, others = int((cases.leaver & compared).sum()), int((~cases.leaver & compared).sum())
    k, c = _counts(cases, pupil, value, values)
    chance = too_good(k, leavers, c, others)
    best = int(chance.argmin()) if len(chance) else -1
    if best >= 0 and (found := severity(float(chance[best]))):
        more = int((chance < ALARM).sum())
        also = f" So do {more - 1} more." if more > 1 else ""
        seen = f"{said}: {k[best]:,} of {leavers:,} leavers and {c[best]:,} of {others:,} others, each before the day looked at.{also}"
        yield Finding(kind, found, where, seen)


def _codes(cases: Cases) -> Iterator[Finding]:
    """Codes that are no possible session, in the last days before leaving."""
    rows, (codes, place) = cases.rows("attendance"), cases.mark_codes
    if not len(rows):
        return
    seen = np.flatnonzero(cases.known("attendance", days=CODE_DAYS) & ~cases.marks_in("possible"))
    for number, code in enumerate(codes):
        if code not in NO_MARK and (place[seen] == number).any():
            who = rows.pupil[seen[place[seen] == number]]
            said = f"code {code} in the last {CODE_DAYS} days"
            yield from _judge(cases, "off_roll_code", "attendance.code", said, who, np.zeros(len(who), np.int64), 1)
    for column in ("source_code", "recorded_on", "minutes_late"):
        values, _ = numbers(rows.table[column])
        filled = np.flatnonzero(cases.known("attendance", days=CODE_DAYS))
        if np.isnan(values).any() and not np.isnan(values).all():
            yield from _filled(cases, f"attendance.{column}", rows.pupil[filled], values[filled])


def _filled(cases: Cases, where: str, pupil: Ints, values: Floats) -> Iterator[Finding]:
    """Whether leavers alone have rows in which a column is empty, or filled."""
    said = "a row with the column empty, or filled"
    yield from _judge(cases, "missing_tells", where, said, pupil, np.isnan(values).astype(np.int64), 2)


def _entries(cases: Cases, name: str) -> Iterator[Finding]:
    """An entry of a text column, or an empty cell, in the year before."""
    rows = cases.rows(name)
    seen = np.flatnonzero(cases.known(name, days=EVENT_DAYS))
    if not len(seen):
        return
    for column in rows.table.column_names:
        if column in KEYS:
            continue
        values, texts = numbers(rows.table[column])
        if np.isnan(values).any() and not np.isnan(values).all():
            yield from _filled(cases, f"{name}.{column}", rows.pupil[seen], values[seen])
        if texts:
            told = seen[~np.isnan(values[seen])]
            where, said = f"{name}.{column}", f"one entry of the column in the last {EVENT_DAYS} days"
            yield from _judge(cases, "event_tells", where, said, rows.pupil[told], values[told].astype(np.int64), len(texts))


def _extra(cases: Cases) -> Iterator[Finding]:
    """Numbers of a school's own: whether there is one, and the latest one."""
    rows = cases.rows("extra")
    if not len(rows):
        return
    name, texts = numbers(rows.table["name"])
    value, _ = numbers(rows.table["value"])
    known = cases.known("extra")
    seen = np.flatnonzero(known)
    said = "a row of one name"
    yield from _judge(cases, "extra_tells", "extra.name", said, rows.pupil[seen], name[seen].astype(np.int64), len(texts))
    for number in range(len(texts)):
        latest = _latest(cases, "extra", known & (name == number))
        if chance := beyond_others(value[latest], cases.leaver[rows.pupil[latest]]):
            found, told = chance
            yield Finding("extra_tells", found, "extra.value", f"The latest number of one name: {told}")


def _latest(cases: Cases, name: str, which: Bools) -> Ints:
    """The latest row of each pupil among some rows."""
    order = cases.in_time(name)
    order = order[which[order]]
    return order[np.append(np.diff(cases.rows(name).pupil[order]) != 0, True)] if len(order) else order


def _context(cases: Cases) -> Iterator[Finding]:
    """Values and gaps of the context row in force."""
    rows = cases.rows("context")
    force = _latest(cases, "context", cases.known("context"))
    if not len(force):
        return
    among = np.zeros(len(cases.pupils), bool)
    among[rows.pupil[force]] = True
    for column in rows.table.column_names:
        if column in (*KEYS, "valid_from"):
            continue
        values, texts = numbers(rows.table[column])
        if column != "recorded_on":
            told = force[~np.isnan(values[force])]
            codes, width = _as_codes(values[told], len(texts))
            said = "one value of the column"
            yield from _judge(cases, "outcome_in_context", f"context.{column}", said, rows.pupil[told], codes, width, among=among)
        empty = force[np.isnan(values[force])]
        if 0 < len(empty) < len(force):
            said, zeros = "the column empty", np.zeros(len(empty), np.int64)
            yield from _judge(cases, "missing_tells", f"context.{column}", said, rows.pupil[empty], zeros, 1, among=among)
    missing = np.flatnonzero((cases.moment > 0) & ~among)
    yield from _judge(cases, "missing_tells", "context", "no row at all", missing, np.zeros(len(missing), np.int64), 1)


def _as_codes(values: Floats, texts: int) -> tuple[Ints, int]:
    if texts:
        return values.astype(np.int64), texts
    kinds, codes = np.unique(values, return_inverse=True)
    return np.asarray(codes, np.int64), max(len(kinds), 1)


def _rows_at_leaving(cases: Cases) -> Iterator[Finding]:
    """Context rows of a pupil's own in the days before, on no day on which the school wrote many."""
    rows = cases.rows("context")
    if not len(rows):
        return
    group = rows.school * 4_000 + rows.date // 365
    day = group * 400 + rows.date % 365
    alone = _share(day, group) < BULK
    at = cases.moment[rows.pupil]
    near = np.flatnonzero(alone & (rows.recorded <= at) & (rows.date <= at) & (rows.date >= at - CONTEXT_DAYS) & (at > 0))
    said = f"a context row of their own in the last {CONTEXT_DAYS} days"
    yield from _judge(cases, "leaving_in_context", "context.valid_from", said, rows.pupil[near], np.zeros(len(near), np.int64), 1)


def _share(part: Ints, whole: Ints) -> npt.NDArray[np.float64]:
    """Rows alike in ``part`` as a share of rows alike in ``whole``; one number a row."""
    _, place, counts = np.unique(part, return_inverse=True, return_counts=True)
    _, of_place, of_counts = np.unique(whole, return_inverse=True, return_counts=True)
    return np.asarray(counts[place] / of_counts[of_place], float)


def _stops(cases: Cases) -> Iterator[Finding]:
    """Open days without a mark, or without a session attended, just before the day looked at."""
    rows = cases.rows("attendance")
    if not len(rows):
        return
    for kind, least, which in (("register_stops", STOPPED, "marked"), ("left_long_before", GONE, "attended")):
        gap = _open_days_since(cases, rows, cases.marks_in(which) & (rows.date < cases.moment[rows.pupil]), cases.marks_in("marked"))
        who = np.flatnonzero((gap >= least) & (cases.moment > 0))
        said = f"no {'mark' if which == 'marked' else 'session attended'} on the last {least} open days"
        for finding in _judge(cases, kind, "attendance.date", said, who, np.zeros(len(who), np.int64), 1):
            yield finding if kind == "register_stops" else Finding(kind, "look", "outcomes.left_on", finding.seen)


def _open_days_since(cases: Cases, rows: Rows, sign: Bools, marked: Bools) -> Ints:
    """Open days of the school of the latest sign between that sign and each pupil's day; 0 where there is no sign."""
    latest = np.full(len(cases.pupils), -1)
    order = np.flatnonzero(sign)
    date = np.full(len(cases.pupils), -(2**31))
    np.maximum.at(date, rows.pupil[order], rows.date[order])
    last = order[rows.date[order] == date[rows.pupil[order]]]
    np.maximum.at(latest, rows.pupil[last], rows.school[last])
    gap = np.zeros(len(cases.pupils), np.int64)
    for school in range(len(cases.schools)):
        days, counts = np.unique(rows.date[marked & (rows.school == school)], return_counts=True)
        days = days[counts >= np.median(counts) / 2] if len(days) else days
        own = np.flatnonzero(latest == school)
        gap[own] = np.searchsorted(days, cases.moment[own]) - np.searchsorted(days, date[own], side="right")
    return gap
