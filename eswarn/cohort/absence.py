"""Sessions missed by each enrolment over a period, and who is persistently or severely absent by the published definition.

An enrolment is one pupil at one school, as in the national statistics: who moves is two, and who is registered at two schools
is two, of which a session marked D counts for neither rate. Thresholds are inclusive and held against whole numbers, never
against a rounded rate.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eswarn.cohort.calendar import academic_year_start
from eswarn.errors import UsageError
from eswarn.records.arrays import Bools, Ints
from eswarn.records.timeline import Snapshot, as_date, days_since_epoch

ENGLAND = {2005: 20, 2010: 15, 2015: 10}  # academic year from which a percentage of the pupil's own possible sessions counts
US_PERCENT, US_LEAST_DAYS = 10, 10
SEVERE_PERCENT = 50
_STAYS = 1 << 14  # at a time, so that a country needs no more memory than a town


@dataclass(frozen=True, slots=True)
class Absence:
    """Sessions of each enrolment in a period, in half days; one place in every array for each, by pupil and school.

    Attributes
    ----------
    pupil, school : arrays of int
        Places in ``known.pupils`` and ``known.schools``.
    possible, authorised, unauthorised : arrays of int
        Sessions that could have been attended, and those missed with and without leave.
    percent : int
        Share of the possible sessions, in percent, from which a pupil is persistently absent.
    least : int
        Possible sessions below which nobody is called so.
    """

    pupil: Ints
    school: Ints
    possible: Ints
    authorised: Ints
    unauthorised: Ints
    percent: int
    least: int

    def __len__(self) -> int:
        return len(self.pupil)

    @property
    def absent(self) -> Ints:
        """Sessions missed."""
        return self.authorised + self.unauthorised

    @property
    def rate(self) -> npt.NDArray[np.float64]:
        """Sessions missed as a share of those possible; NaN where none was."""
        return np.asarray(np.divide(self.absent, self.possible, out=np.full(len(self), np.nan), where=self.possible > 0))

    @property
    def counted(self) -> Bools:
        """Enrolments with enough possible sessions to be in the statistics: the denominator of a share of enrolments."""
        return np.asarray(self.possible >= self.least)

    @property
    def persistently_absent(self) -> Bools:
        """Who missed at least ``percent`` of the pupil's own possible sessions."""
        return self._at_least(self.percent)

    @property
    def severely_absent(self) -> Bools:
        """Who missed at least half of them."""
        return self._at_least(SEVERE_PERCENT)

    def _at_least(self, percent: int) -> Bools:
        return np.asarray(self.counted & (100 * self.absent >= percent * self.possible))


def absence_by_enrolment(known: Snapshot, *, first: dt.date, last: dt.date, percent: int | None = None) -> Absence:
    """Count the sessions of each enrolment from one day to another, as they were known on the as-of date of ``known``.

    Parameters
    ----------
    known : Snapshot
        What could be known before a date; days on or after it are not in it.
    first, last : date
        First and last day of the period, inclusive.
    percent : int, optional
        Share from which a pupil is persistently absent, 1 to 100. By default the definition of the profile: for England 10
        since 2015/16, 15 from 2010/11, 20 from 2005/06; for the United States 10 (chronic absence). Other systems publish
        none of theirs here.

    Returns
    -------
    Absence
        England, and systems with a mark for every session: enrolments with any mark on record, and the sessions that their own
        marks make possible. United States: those and everybody with an ``enrolment`` row, and the sessions on which the
        ``calendar`` table says that the school was open, from entry to leaving.

    Raises
    ------
    UsageError
        The period ends before it begins, or spans two definitions; the profile has none; or a calendar or enrolments are
        needed and were not supplied, so that no rate has a denominator.

    Notes
    -----
    Source: Department for Education, *Pupil absence in schools in England*, methodology; United States Department of Education,
    chronic absenteeism (at least 10 % of the days enrolled, at least 10 enrolled). N counts as unauthorised, as it does there. What
    was published for England before 2015/16 held absence against the sessions of a typical pupil, not against the pupil's own, so
    those figures are met only nearly.
    """
    if last < first:
        raise UsageError(f"the period ends on {last}, before it begins on {first}")
    us = known.codes.jurisdiction == "us"
    threshold = _threshold(known.codes.jurisdiction, first, last) if percent is None else percent
    if not 1 <= threshold <= 100:
        raise UsageError(f"{threshold} % of sessions is no threshold", do="Give a whole number from 1 to 100.")
    start, end = np.searchsorted(known.days, [days_since_epoch(first), days_since_epoch(last) + 1])
    return _from_calendar(known, start, end, threshold) if us else _from_marks(known, start, end, threshold)


def _threshold(jurisdiction: str, first: dt.date, last: dt.date) -> int:
    """Percent of the definition in force over the whole period."""
    if jurisdiction == "us":
        return US_PERCENT
    if jurisdiction != "england":
        raise UsageError(
            f"no definition of persistent absence is known for the profile {jurisdiction}", do="Give the percentage: percent=10."
        )
    year, until = (as_date(academic_year_start(days_since_epoch(day))).year for day in (first, last))
    in_force = {max((since for since in ENGLAND if since <= y), default=0) for y in (year, until)}
    if 0 in in_force:
        raise UsageError("persistent absence was first defined for 2005/06", do="Give the percentage: percent=20.")
    if len(in_force) > 1:
        what = f"the definition of persistent absence changed in {max(in_force)}/{(max(in_force) + 1) % 100:02d}, within the period"
        raise UsageError(what, do="Ask for the years apart, or give the percentage: percent=10.")
    return ENGLAND[in_force.pop()]


def _from_marks(known: Snapshot, start: int, end: int, percent: int) -> Absence:
    """Every session has a mark of its own, which says whether it was possible."""
    marks = known.marks[:, 2 * start : 2 * end]
    possible, with_leave, without = (_count(marks, members) for members in (known.codes.members("possible"), *_missed(known)))
    return Absence(known.stay_pupil, known.stay_school, possible, with_leave, without, percent, least=1)


def _missed(known: Snapshot) -> tuple[Bools, Bools]:
    """Which marks are a session missed with leave, and which one without."""
    return known.codes.members("authorised"), known.codes.members("unauthorised")


def _count(marks: npt.NDArray[np.uint8], members: Bools) -> Ints:
    """How many marks of each stay are of a set."""
    parts = [np.count_nonzero(members[marks[i : i + _STAYS]], axis=1) for i in range(0, len(marks), _STAYS)]
    return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64)


def _from_calendar(known: Snapshot, start: int, end: int, percent: int) -> Absence:
    """Days enrolled are those on which the calendar says the school was open, from entry to leaving."""
    if missing := [name for name in ("calendar", "enrolment") if name not in known.supplied]:
        what = f"rates cannot be computed: days enrolled come from the calendar and the enrolments, and there is no {missing[0]} table"
        raise UsageError(what, do=f"Export {missing[0]} as well.")
    days, table, n = known.days[start:end], known.tables["enrolment"], max(len(known.schools), 1)
    enrolled_pair = table.pupil * n + table.school
    stay_pair = known.stay_pupil * n + known.stay_school
    pairs = np.union1d(stay_pair, enrolled_pair)
    left = table.columns["left_on"]
    entry = np.searchsorted(days, table.date)
    leaving = np.where(np.isnan(left), len(days), np.searchsorted(days, np.nan_to_num(left), side="right"))
    is_open = _open_sessions(known, days)
    marks = known.marks[:, 2 * start : 2 * end]
    counts = np.zeros((3, len(pairs)), np.int64)
    for i in range(0, len(pairs), _STAYS):
        some = pairs[i : i + _STAYS]
        rows = np.isin(enrolled_pair, some)
        on_roll = _spans(np.searchsorted(some, enrolled_pair[rows]), entry[rows], leaving[rows], (len(some), len(days)))
        sessions = np.repeat(on_roll, 2, axis=1) & is_open[some % n]
        counts[0, i : i + _STAYS] = sessions.sum(axis=1)
        mine = np.flatnonzero(np.isin(stay_pair, some))
        at = np.searchsorted(some, stay_pair[mine])
        for row, members in enumerate(_missed(known), start=1):
            counts[row, i + at] = np.count_nonzero(members[marks[mine]] & sessions[at], axis=1)
    possible, with_leave, without = counts
    return Absence(pairs // n, pairs % n, possible, with_leave, without, percent, least=2 * US_LEAST_DAYS)


def _spans(row: Ints, start: Ints, end: Ints, shape: tuple[int, int]) -> Bools:
    """True in each row from one day up to another; a row may have several such spans."""
    steps = np.zeros((shape[0], shape[1] + 1), np.int32)
    np.add.at(steps, (row, start), 1)
    np.add.at(steps, (row, np.maximum(start, end)), -1)
    return np.asarray(steps.cumsum(axis=1)[:, :-1] > 0)


def _open_sessions(known: Snapshot, days: Ints) -> Bools:
    """Sessions on which the calendar table, and nothing else, says that each school was open."""
    table = known.tables["calendar"]
    table = table.take(np.isin(table.date, days))
    at, is_open = np.searchsorted(days, table.date), np.zeros((len(known.schools), 2 * len(days)), bool)
    for half, name in ((0, "DAY"), (1, "DAY"), (0, "AM"), (1, "PM")):  # what is said of half a day stands over the whole
        rows = table.equals("session", name)
        is_open[table.school[rows], 2 * at[rows] + half] = table.columns["open"][rows] > 0
    return is_open
