"""Leaks that show in dates alone: marks after leaving, facts recorded before they happened, versions that do not say when."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from eswarn.evaluation.leaks.cases import DAY, NO_MARK, Cases
from eswarn.evaluation.leaks.finding import Finding, Severity
from eswarn.records.arrays import UNTOLD, Ints, dictionary, indices, numbers

EVENTS = {"behaviour": "date", "suspensions": "start", "assessments": "date", "extra": "date", "context": "valid_from"}
FEW, RARE = 3, 0.02  # under three pupils, or under 2 % of departures, is a slip and no leak
MIGRATION, SPREAD_DAYS, ENOUGH = 0.5, 180, 100
BATCH = 0.2
DAYS_FROM_SEPTEMBER = 334  # of a school year that ends on 31 July: in August some rows are of the old year, some of the new


def dated_wrongly(cases: Cases) -> Iterator[Finding]:
    """Findings of every check on dates."""
    yield from _after_leaving(cases)
    yield from _outcomes(cases)
    for name in filter(cases.records.has, DAY):
        if name not in ("calendar", "outcomes", "enrolment"):
            yield from _recorded(cases, name)
        yield from _in_future(cases, name)
    yield from _unsaid(cases)
    yield from _withdrawn(cases)
    yield from _next_year(cases)


def slip_or_leak(pupils: int, of: int) -> Severity:
    """Whether impossible dates of so many pupils, of so many departures, are a slip of the pen or a leak."""
    return "leak" if pupils >= FEW and pupils >= RARE * of else "look"


def _distinct(pupil: Ints) -> int:
    return len(np.unique(pupil))


def _after_leaving(cases: Cases) -> Iterator[Finding]:
    of = len(cases.departures)
    marks = cases.rows("attendance")
    late = np.flatnonzero(cases.after_leaving("attendance"))
    codes, place = cases.mark_codes
    blank = np.isin(np.array(codes, str), NO_MARK)[place[late]] if len(late) else np.zeros(0, bool)
    late = late[~blank]
    real = cases.marks_in("possible")[late] if len(late) else np.zeros(0, bool)
    for kind, which in (("off_roll_code", late[~real]), ("marks_after_leaving", late[real])):
        if len(which):
            used = ", ".join(sorted({codes[c] for c in np.unique(place[which])}))
            who = _distinct(marks.pupil[which])
            seen = f"{len(which):,} marks of {who:,} pupils are dated after the leaving date, of {of:,} departures (codes: {used})."
            yield Finding(kind, slip_or_leak(who, of), "attendance.code", seen)
    for name, date in EVENTS.items():
        rows = cases.rows(name)
        after = cases.after_leaving(name)
        if after.any():
            who = _distinct(rows.pupil[after])
            seen = f"{int(after.sum()):,} rows of {who:,} pupils are dated after the leaving date, of {of:,} departures."
            yield Finding("rows_after_leaving", slip_or_leak(who, of), f"{name}.{date}", seen)


def _outcomes(cases: Cases) -> Iterator[Finding]:
    for name, kind in (("outcomes", "outcome_before_leaving"), ("enrolment", "leaving_known_ahead")):
        rows = cases.rows(name)
        left, _ = numbers(rows.table["left_on"])
        ended = ~np.isnan(left)
        told = ended & (rows.recorded > UNTOLD)
        early = told & (rows.recorded < left)
        if early.any():
            many = early.sum() >= 5 and early.sum() >= 0.1 * told.sum()
            seen = f"{int(early.sum()):,} of {int(told.sum()):,} rows with a leaving date were recorded before it."
            yield Finding(kind, "leak" if many else "look", f"{name}.recorded_on", seen)
        if name == "enrolment" and (ended & ~told).any():
            seen = (
                f"{int((ended & ~told).sum()):,} rows with a leaving date do not say when it was recorded: it counts as known from entry."
            )
            yield Finding(kind, "look", "enrolment.left_on", seen)


def _recorded(cases: Cases, name: str) -> Iterator[Finding]:
    """Recorded before the day itself, or nearly all on one day."""
    rows = cases.rows(name)
    told = rows.recorded > UNTOLD
    n = int(told.sum())
    if not n:
        return
    early = told & (rows.recorded < rows.date)
    if name == "attendance":
        early &= cases.marks_in("attended")  # leave and closures may be entered ahead, being there may not
    if early.any() and name != "context":
        share = early.sum() / n
        seen = f"{int(early.sum()):,} of {n:,} rows were recorded before the day they are about."
        yield Finding("recorded_before_date", "leak" if share >= 0.01 and early.sum() >= 5 else "look", f"{name}.recorded_on", seen)
    days, counts = np.unique(rows.recorded[told], return_counts=True)
    share = counts.max() / n
    apart = np.abs(rows.date[told] - days[counts.argmax()])[rows.recorded[told] == days[counts.argmax()]].max()
    if n >= ENOUGH and share >= BATCH and apart > SPREAD_DAYS:
        seen = f"{share:.0%} of {n:,} rows carry one and the same day of recording, up to {apart:,} days from the day they are about."
        yield Finding("recorded_in_one_go", "leak" if share >= MIGRATION else "look", f"{name}.recorded_on", seen)


def _in_future(cases: Cases, name: str) -> Iterator[Finding]:
    to = cases.records.facts.observed_to.get(name)
    if name in ("calendar", "enrolment", "term_totals") or to is None:
        return
    rows, last = cases.rows(name), int(np.datetime64(to).astype(int))
    for what, days in (("dated", rows.date), ("recorded", rows.recorded)):
        later = days > last
        if later.any():
            seen = f"{int(later.sum()):,} of {len(rows):,} rows are {what} after the last day observed."
            certain = later.sum() >= 5 and not (name == "context" and what == "dated")
            yield Finding("dated_in_future", "leak" if certain else "look", name, seen)


def _unsaid(cases: Cases) -> Iterator[Finding]:
    rows = cases.rows("attendance")
    untold = rows.recorded == UNTOLD
    if not untold.any():
        return
    if untold.all():
        yield Finding("never_recorded_on", "look", "attendance.recorded_on", f"None of {len(rows):,} marks says when it was recorded.")
        return
    absent, there = cases.marks_in("absent"), cases.marks_in("attended")
    silent, told = int((untold & absent).sum()), int((untold & there).sum())
    odds = (silent / max(absent.sum(), 1)) / ((told + 1) / max(there.sum(), 1))
    seen = (
        f"{silent:,} of {int(absent.sum()):,} absences and {told:,} of {int(there.sum()):,} marks of being there have no day of recording."
    )
    yield Finding("amended_unsaid", "leak" if silent >= 20 and odds > 5 else "look", "attendance.recorded_on", seen)


def _withdrawn(cases: Cases) -> Iterator[Finding]:
    rows = cases.rows("suspensions")
    if not len(rows):
        return
    column = rows.table["kind"]
    undone = np.array([kind == "withdrawn" for kind in dictionary(column)])[indices(column)]
    if not undone.any():
        return
    dated = (rows.recorded > UNTOLD)[~undone].mean() > 0.5 if (~undone).any() else False
    at_once = int((rows.recorded[undone] <= rows.date[undone]).sum())
    if at_once:
        seen = f"{at_once:,} of {int(undone.sum()):,} withdrawals are not recorded later than the suspension began."
        certain = dated and at_once >= FEW and at_once >= 0.5 * undone.sum()
        yield Finding("withdrawn_known_early", "leak" if certain else "look", "suspensions.recorded_on", seen)


def _next_year(cases: Cases) -> Iterator[Finding]:
    """A year group that rises inside a school year, and is known before that year ends."""
    rows = cases.rows("context")
    group, _ = numbers(rows.table["year_group"])
    year, ends = _school_year(rows.date)
    order = cases.in_time("context")
    order = order[(~np.isnan(group) & (rows.recorded < ends) & (rows.date >= ends - DAYS_FROM_SEPTEMBER))[order]]
    one = rows.pupil[order] * 2**20 + rows.date[order]
    order = order[np.append(np.diff(one) != 0, True)] if len(order) else order  # the latest version of each day
    same = (np.diff(rows.pupil[order]) == 0) & (np.diff(year[order]) == 0)
    ahead = order[1:][same & (np.diff(group[order]) == 1)]
    if len(ahead):
        who, of = _distinct(rows.pupil[ahead]), _distinct(rows.pupil)
        seen = f"The year group of {who:,} of {of:,} pupils rises inside a school year."
        yield Finding("next_year_context", "leak" if who >= FEW and who >= 0.01 * of else "look", "context.year_group", seen)


def _school_year(days: Ints) -> tuple[Ints, npt.NDArray[np.int64]]:
    """The year in which the school year of each day begins, and the 1 August that ends it."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    year = (months - 7) // 12 + 1970
    ends = ((year + 1 - 1970) * 12 + 7).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return year, ends
