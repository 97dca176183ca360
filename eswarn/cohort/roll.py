"""Who is on roll on an as-of date, at which school, and who can be scored."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from eswarn.cohort.calendar import Calendar, calendar_before
from eswarn.cohort.merged import coverage, pupil_marks
from eswarn.config import CohortConfig
from eswarn.parallel import blocks, each
from eswarn.records.arrays import NEVER, Bools, Ints
from eswarn.records.facts import Facts
from eswarn.records.timeline import STAYS_AT_ONCE, Snapshot

RECENT_DAYS = 20  # open days: a mark in these is a sign of being on roll; none in these, a question
TERM_DAYS = 400  # days back in which a term must have ended, where a school keeps no register but a census counts its sessions
LOOK_BACK = 60  # open days over which marks must be complete enough

ALREADY_GONE = "no mark in the last 20 school days: already gone?"
FEW_SESSIONS = "fewer than {least} possible sessions in the last 60 school days"
FEW_MARKS = "under {share} of the sessions of the last 60 school days have a mark"
MENDS = {
    ALREADY_GONE: "Check the roll: a pupil who has left needs a leaving date; for one who has not, the register needs marks.",
    FEW_SESSIONS: "Nothing to mend if the pupil has just arrived; a score follows when the register has filled.",
    FEW_MARKS: "Complete the register, or map the codes that stand for no mark.",
}


@dataclass(frozen=True, slots=True)
class Cohort:
    """Pupils on roll on one as-of date, by school and pupil; one place in every array for each.

    Attributes
    ----------
    known : Snapshot
        What could be known before the date.
    calendar : Calendar
        The open sessions of each school.
    pupil, school : arrays of int
        Who, and the school whose roll they are on.
    entered : array of int
        First day at that school with any sign of the pupil.
    context : array of int
        Row of ``known.tables["context"]`` in force; -1 for none.
    abstain : tuple of str
        "" where a score can be given, else why not.
    mend : tuple of str
        What would mend it.
    unmarked : array of float
        Share of the school's open sessions in the last 60 school days (since entry) without a mark.
    """

    known: Snapshot
    calendar: Calendar
    pupil: Ints
    school: Ints
    entered: Ints
    context: Ints
    abstain: tuple[str, ...]
    mend: tuple[str, ...]
    unmarked: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.pupil)

    @property
    def scorable(self) -> Bools:
        """Where a score can be given."""
        return np.array([not why for why in self.abstain], bool)

    def block(self, rows: slice) -> Cohort:
        """Some successive rows, which must be all of their schools."""
        return replace(
            self, pupil=self.pupil[rows], school=self.school[rows], entered=self.entered[rows], context=self.context[rows],
            abstain=self.abstain[rows], mend=self.mend[rows], unmarked=self.unmarked[rows],
        )  # fmt: skip

    def context_values(self, column: str) -> npt.NDArray[np.float64]:
        """A context column in force on the date; NaN where unknown or where there is no row."""
        values = np.append(self.known.tables["context"].columns[column], np.nan)
        return values[self.context]

    def context_texts(self, column: str) -> list[str | None]:
        """A text column of the context in force; None where unknown."""
        texts = self.known.tables["context"].texts[column]
        return [None if np.isnan(v) else texts[int(v)] for v in self.context_values(column)]


def cohort_before(known: Snapshot, config: CohortConfig) -> Cohort:
    """Find who is on roll, as far as could be known before the as-of date, and who can be scored.

    On roll at a school: an ``enrolment`` row, for pupils who have any; else a context row in force or a mark in the last
    20 school days, and no departure from the school known since. A pupil on roll at two schools belongs to the one that
    marked the pupil last.
    """
    calendar = calendar_before(known)
    signs = _signs(known)
    has_row = np.zeros(len(known.pupils), bool)
    has_row[known.tables["enrolment"].pupil] = True  # a pupil whom an enrolment file forgot must not vanish
    on_roll = np.where(has_row[signs.pupil], _enrolled(known, signs), _seen(known, signs, calendar))
    rows = np.flatnonzero(on_roll)
    rows = rows[np.lexsort((signs.school[rows], signs.latest[rows], signs.latest_mark[rows], signs.pupil[rows]))]
    rows = rows[np.append(signs.pupil[rows][1:] != signs.pupil[rows][:-1], True)] if len(rows) else rows
    rows = rows[np.lexsort((signs.pupil[rows], signs.school[rows]))]
    pupil, school, entered = signs.pupil[rows], signs.school[rows], signs.first[rows]
    abstain, mend, unmarked = _can_be_scored(known, calendar, pupil, school, entered, config)
    context = _in_force(known.tables["context"], pupil, len(known.pupils))
    return Cohort(known, calendar, pupil, school, entered, context, abstain, mend, unmarked)


@dataclass(frozen=True, slots=True)
class _Signs:
    """For each pair of pupil and school: first and latest sign, latest mark, latest context row, known departure."""

    pupil: Ints
    school: Ints
    first: Ints
    latest: Ints
    latest_mark: Ints
    context_since: Ints
    departed: Ints


def _signs(known: Snapshot) -> _Signs:
    n = max(len(known.schools), 1)
    has = known.marked.first >= 0
    stay = known.stay_pupil * n + known.stay_school
    first_mark, last_mark = known.days[known.marked.first[has] // 2], known.days[known.marked.last[has] // 2]
    context, outcomes, enrolment = known.tables["context"], known.tables["outcomes"], known.tables["enrolment"]
    pairs = np.unique(np.concatenate([stay[has], context.pupil * n + context.school, enrolment.pupil * n + enrolment.school]))

    def per_pair(pair: Ints, value: Ints, empty: np.int64, reduce: np.ufunc) -> Ints:
        out = np.full(len(pairs), empty, np.int64)
        at = np.searchsorted(pairs, pair)
        inside = (at < len(pairs)) & (pairs[np.minimum(at, max(len(pairs) - 1, 0))] == pair) if len(pairs) else np.zeros(len(pair), bool)
        reduce.at(out, at[inside], value[inside])
        return out

    context_pair, enrolment_pair = context.pupil * n + context.school, enrolment.pupil * n + enrolment.school
    marks_first = per_pair(stay[has], first_mark, NEVER, np.minimum)
    marks_last = per_pair(stay[has], last_mark, -NEVER, np.maximum)
    context_since = per_pair(context_pair, context.date, -NEVER, np.maximum)
    context_first = per_pair(context_pair, context.date, NEVER, np.minimum)
    entered = per_pair(enrolment_pair, enrolment.date, NEVER, np.minimum)
    return _Signs(
        pupil=pairs // n, school=pairs % n,
        first=np.minimum(np.minimum(marks_first, context_first), entered),
        latest=np.maximum(marks_last, context_since), latest_mark=marks_last, context_since=context_since,
        departed=per_pair(outcomes.pupil * n + outcomes.school, outcomes.date, -NEVER, np.maximum),
    )  # fmt: skip


def _enrolled(known: Snapshot, signs: _Signs) -> Bools:
    """An enrolment row that has begun and, as far as is known, has not ended before ``t``."""
    table = known.tables["enrolment"]
    n = max(len(known.schools), 1)
    left = table.columns["left_on"]
    running = (np.isnan(left) | (left >= known.t)) & ~table.equals("status", "guest", "subsidiary")
    current = np.unique((table.pupil * n + table.school)[running])
    entered = np.full(len(signs.pupil), -NEVER)
    at = np.searchsorted(signs.pupil * n + signs.school, table.pupil * n + table.school)
    np.maximum.at(entered, at, table.date)
    return np.isin(signs.pupil * n + signs.school, current) & ~(signs.departed >= entered)


def _seen(known: Snapshot, signs: _Signs, calendar: Calendar) -> Bools:
    """A context row in force (the pupil's latest), or a mark in the last 20 school days, and no later departure."""
    latest_context = np.full(len(known.pupils), -NEVER, np.int64)
    np.maximum.at(latest_context, signs.pupil, signs.context_since)
    in_force = (signs.context_since > -NEVER) & (signs.context_since == latest_context[signs.pupil])
    start, _ = calendar.last(RECENT_DAYS)
    recent = signs.latest_mark >= start[signs.school]
    last_sign = np.maximum(signs.latest_mark, np.where(in_force, signs.context_since, -NEVER))
    return np.asarray((in_force | recent) & (last_sign > signs.departed))


def _can_be_scored(
    known: Snapshot, calendar: Calendar, pupil: Ints, school: Ints, entered: Ints, config: CohortConfig
) -> tuple[tuple[str, ...], tuple[str, ...], npt.NDArray[np.float64]]:
    """Count possible and marked sessions of the last 60 school days, wherever they were recorded.

    Who was there before the last 20 open days (of a school with as many) and has no mark in them may be gone already. At a school
    without any mark the sessions that a termly census counted are what can be told.
    """
    recently, window = calendar.last(RECENT_DAYS)[0], calendar.last(LOOK_BACK)[0]
    found = np.zeros((len(pupil), 4), np.int64)
    from_days = [2 * np.searchsorted(known.days, days) for days in (window, recently, entered)]
    sets = known.codes.members("possible"), known.codes.members("marked")

    def of_block(rows: slice) -> None:
        marks = pupil_marks(known, pupil[rows])
        coverage(marks, school[rows], calendar.open, from_days[0], from_days[1], from_days[2][rows], *sets, found[rows])

    each(of_block, blocks(len(pupil), STAYS_AT_ONCE))
    possible, n_open, marked, recent = found.T
    share = np.divide(marked, n_open, out=np.zeros(len(pupil)), where=n_open > 0)
    there_before = (entered <= recently[school]) & (calendar.open_days.sum(axis=1)[school] >= RECENT_DAYS)
    gone = (recent == 0) & there_before
    few_sessions = FEW_SESSIONS.format(least=config.min_possible)
    few_marks = FEW_MARKS.format(share=f"{100 * config.min_marked:.0f} %")
    why = np.where(gone, 1, np.where(possible < config.min_possible, 2, np.where(share < config.min_marked, 3, 0)))
    by_terms = ~_keep_register(known)[school]
    why = np.where(by_terms, np.where(_in_terms(known)[pupil] < config.min_possible, 2, 0), why)
    texts, mends = ("", ALREADY_GONE, few_sessions, few_marks), ("", *MENDS.values())
    unmarked = np.where((n_open > 0) & ~by_terms, 1 - share, np.nan)
    return tuple(texts[w] for w in why), tuple(mends[w] for w in why), unmarked


def _keep_register(known: Snapshot) -> Bools:
    """Schools with any mark; of the others no more is known than what a census counts by term."""
    keeps = np.zeros(max(len(known.schools), 1), bool)
    keeps[known.stay_school[known.marked.first >= 0]] = True
    return keeps


def _in_terms(known: Snapshot) -> npt.NDArray[np.float64]:
    """Possible sessions of each pupil in the terms that ended in the last `TERM_DAYS` days, wherever they were counted."""
    table = known.tables["term_totals"]
    late = table.date >= known.t - TERM_DAYS
    return np.bincount(table.pupil[late], weights=table.columns["possible"][late], minlength=len(known.pupils)).astype(float)


def _in_force(context: Facts, pupil: Ints, pupils: int) -> Ints:
    """The latest context row of each pupil; at two schools on one day, the later in the table's own order."""
    row = np.full(pupils, -1, np.int64)
    order = np.lexsort((context.school, context.date))
    row[context.pupil[order]] = order
    return row[pupil]
