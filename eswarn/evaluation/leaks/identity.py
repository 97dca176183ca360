"""Leaks in who is who: one pupil twice, pseudonyms that change, identifiers and orders of rows that tell who leaves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from eswarn.evaluation.leaks.cases import Cases
from eswarn.evaluation.leaks.certainty import STEADY_ALARM, STEADY_LOOK, severity, steadiness, too_good
from eswarn.evaluation.leaks.finding import Finding
from eswarn.records.arrays import Bools, Ints, numbers

LEAST_SPELLS = 3  # absences of a month that say something about a pupil: a whole month away is alike for everybody
SAME_MONTHS, SAME_SHARE, SAME_SPELLS = 2, 0.8, 10
WEEKEND = 3  # days between two absences of one spell, at most
LEAST_PUPILS, CONTINUING = 50, 0.2
FAR_FROM_CHANCE = 0.25  # of an AUC from .5, before an order is an alarm
LONGEST_LOOK = 40  # characters of an identifier that are looked at
_MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


def wrong_people(cases: Cases) -> Iterator[Finding]:
    """Findings of every check on identity and order."""
    yield from _twice(cases)
    yield from _renewed(cases)
    yield from _orders(cases)
    yield from _characters(cases)


def _twice(cases: Cases) -> Iterator[Finding]:
    """Pupils whose absences agree, session by session and reason by reason, month after month."""
    if not len(cases.rows("attendance")):
        return
    pupil, month, spells, mark = _months(cases)
    width = len(cases.pupils)
    months = np.bincount(pupil, minlength=width)
    order = np.lexsort((pupil, mark, month))
    same = (np.diff(month[order]) == 0) & (mark[order][1:] == mark[order][:-1])
    a, b = order[:-1][same], order[1:][same]
    pair, at = np.unique(pupil[a] * width + pupil[b], return_inverse=True)
    together, shared = np.bincount(at, minlength=len(pair)), np.bincount(at, weights=spells[a], minlength=len(pair))
    least = np.minimum(months[pair // width], months[pair % width])
    twins = (together >= SAME_MONTHS) & (together >= SAME_SHARE * least)
    sure = int((twins & (shared >= SAME_SPELLS)).sum())
    if twins.any():
        seen = (
            f"{int(twins.sum()):,} pairs of pupils have the same absences, session by session, month after month ({sure:,} beyond doubt)."
        )
        yield Finding("pupil_twice", "leak" if sure else "look", "attendance.pupil_id", seen)


def _months(cases: Cases) -> tuple[Ints, Ints, Ints, npt.NDArray[np.uint64]]:
    """Pupil, month, spells of absence and a number that stands for the absences, of each month with enough spells."""
    rows, (_, place) = cases.rows("attendance"), cases.mark_codes
    away = np.flatnonzero(cases.marks_in("absent"))
    session = numbers(rows.table["session"])[0].astype(np.int64)
    away = away[np.lexsort((place[away], session[away], rows.date[away], rows.pupil[away]))]
    facts = np.stack([rows.pupil[away], rows.date[away], session[away], place[away]])
    away = away[np.append(True, (np.diff(facts) != 0).any(axis=0))] if len(away) else away  # versions with one code are one fact
    who, date, code = rows.pupil[away], rows.date[away], place[away]
    begins = np.ones(len(away), bool)
    begins[1:] = (np.diff(who) != 0) | (np.diff(date) > WEEKEND) | (np.diff(code) != 0)
    month = date.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    group, of = np.unique(who * 4_096 + month, return_inverse=True)
    spells = np.bincount(of, weights=begins, minlength=len(group)).astype(np.int64)
    mark = np.zeros(len(group), np.uint64)
    np.add.at(mark, of, _mixed((date * 4 + session[away]) * 256 + code))
    enough = spells >= LEAST_SPELLS
    return group[enough] // 4_096, group[enough] % 4_096, spells[enough], mark[enough]


def _mixed(facts: Ints) -> npt.NDArray[np.uint64]:
    """A number for each fact whose sums do not meet by chance."""
    x = facts.astype(np.uint64) * _MIX[0]
    x = (x ^ (x >> np.uint64(31))) * _MIX[1]
    return x ^ (x >> np.uint64(29))


def _renewed(cases: Cases) -> Iterator[Finding]:
    """Hardly anybody marked before a summer is marked after it, though older year groups are there."""
    first, last = cases.span
    seen = last >= first
    if not seen.any():
        return
    rows = cases.rows("attendance")
    years = np.unique(rows.date.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970)
    for year in years.tolist():
        summer = int(np.datetime64(f"{year}-08-01").astype(int))
        before = seen & (first < summer) & (last >= summer - 60)
        after = seen & (first < summer + 90) & (last >= summer + 31)
        stay = int((before & after).sum())
        n = min(int(before.sum()), int(after.sum()))
        if n >= LEAST_PUPILS and stay < CONTINUING * n:
            older = _older(cases, after & ~before)
            told = f"{stay:,} of {int(before.sum()):,} pupils marked before the summer of {year} are among {int(after.sum()):,} after it."
            yield Finding("pseudonyms_renewed", "leak" if older else "look", "attendance.pupil_id", told)


def _older(cases: Cases, new: Bools) -> bool:
    """Whether most new pupils are in a later year group than the youngest ones."""
    rows = cases.rows("context")
    group, _ = numbers(rows.table["year_group"])
    own = group[new[rows.pupil] & ~np.isnan(group)] if len(rows) else np.zeros(0)
    return len(own) > 0 and float((own > own.min()).mean()) > 0.5


def _orders(cases: Cases) -> Iterator[Finding]:
    """Places of pupils by identifier, by household and in each file, compared within a year group."""
    compared = cases.moment > 0
    by = [("identifier_tells", "pupil_id", np.arange(len(cases.pupils), dtype=float))]
    context = cases.rows("context")
    if len(context):
        values, texts = numbers(context.table["household_id"])
        rank = np.argsort(np.argsort(np.array(texts, str))).astype(float) if texts else np.zeros(0)
        home = np.full(len(cases.pupils), np.nan)
        told = cases.in_time("context")
        told = told[~np.isnan(values[told])]  # of several the latest
        home[context.pupil[told]] = rank[values[told].astype(int)] if len(rank) else np.nan
        by.append(("identifier_tells", "context.household_id", home))
    for name in ("attendance", "context", "enrolment"):
        rows = cases.rows(name)
        place = np.full(len(cases.pupils), np.nan)
        place[rows.pupil[::-1]] = np.arange(len(rows))[::-1]
        by.append(("row_order_tells", name, place))
    for kind, where, order in by:
        use = compared & ~np.isnan(order)
        auc, z = steadiness(order[use], cases.leaver[use], cases.year_group[use])
        if abs(z) > STEADY_LOOK:
            certain = abs(z) > STEADY_ALARM and abs(auc - 0.5) > FAR_FROM_CHANCE
            n, far = int(cases.leaver[use].sum()), f"AUC {max(auc, 1 - auc):.2f} within year groups, {abs(z):.1f} standard errors"
            yield Finding(kind, "leak" if certain else "look", where, f"Sorted so, the {n:,} leavers stand at one end: {far}.")


def _characters(cases: Cases) -> Iterator[Finding]:
    """Any character of the identifier, counted from either end, or its length, that hardly anybody has but leavers."""
    n, m = int(cases.leaver.sum()), int(cases.other.sum())
    smallest, what = 1.0, ""
    for part, signs in _parts(cases.pupils):
        kinds, code = np.unique(signs, return_inverse=True)
        if not 1 < len(kinds) <= 64:
            continue
        k, c = (np.bincount(code[who], minlength=len(kinds)) for who in (cases.leaver, cases.other))
        chance = too_good(k, n, c, m)
        best = int(chance.argmin())
        if chance[best] < smallest:
            smallest = float(chance[best])
            what = f"The {part} of the identifier: {k[best]:,} of {n:,} leavers and {c[best]:,} of {m:,} others have the same."
    if found := severity(smallest):
        yield Finding("identifier_tells", found, "pupil_id", what)


def _parts(names: tuple[str, ...]) -> Iterator[tuple[str, npt.NDArray[np.integer]]]:
    """Length and characters of identifiers, counted from either end; 0 where one is shorter."""
    yield "length", np.array([len(name) for name in names])
    for word, told in (("", names), (" from the end", [name[::-1] for name in names])):
        cut = np.array([name[:LONGEST_LOOK] for name in told], str)
        letters = cut.view(np.uint32).reshape(len(cut), -1) if len(cut) and cut.dtype.itemsize else np.zeros((len(cut), 0), np.uint32)
        for place in range(letters.shape[1]):
            yield f"character {place + 1}{word}", letters[:, place]
