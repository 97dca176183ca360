"""The oracle's share of the register: windows, sessions, runs and school weeks of one pupil, in plain Python from the definitions."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Callable, Iterable, Sequence

from eswarn.cohort.oracle import Pupil, Session, means
from eswarn.features import career, weeks
from eswarn.features import measures as m
from eswarn.features.register import POSSIBLE, SessionSet
from eswarn.features.windows import When, Window

NAN = math.nan
Chosen = Callable[[Session], bool]


def answer_of_register(measure: m.Measure, who: Pupil, window: Window) -> float:
    """What a measure says of the register of one pupil; NaN where it has no answer. Those that ask another measure are not here."""
    match measure:
        case m.share(part, of):
            return ratio(_count(who, part, window), _count(who, of, window))
        case m.excess(part, when, of):
            among, others = _falls_on(who, when), _not(_falls_on(who, when))
            shares = [ratio(_count(who, part, window, some), _count(who, of, window, some)) for some in (among, others)]
            return shares[0] - shares[1]
        case m.sessions(part):
            return _count(who, part, window) if _count(who, POSSIBLE, window) else NAN
        case m.first_ever(part):
            start, end = days_of(who, window)
            of_set = [day for (day, _) in who.marks if _inside(who, part, (day, _))]
            here = bool(of_set) and start <= min(of_set) < end
            return float(here) if _count(who, POSSIBLE, window) else NAN
        case m.longest_run(of) | m.current_run(of) | m.spells(of):
            return _of_runs(measure, _hits(who, of, window))
        case m.days_since(of):
            return open_days_after(who, [session[0] for session in who.marks if _inside(who, of, session)], max)
        case weeks.trend(part, of):
            return _slope([some / all_ for some, all_ in _weeks(who, part, of, window)])
        case weeks.faded(part, half_life, of):
            return _faded(_weeks(who, part, of, window), half_life)
        case weeks.weeks_over(part, percent, of):
            told = _weeks(who, part, of, window)
            return sum(100 * some > percent * all_ for some, all_ in told) if told else NAN
        case weeks.most_in_weeks(part, n):
            counts = [some for some, _ in _weeks(who, part, POSSIBLE, window)]
            stretches = [counts[first : first + n] for first in range(len(counts))]
            return max(map(sum, stretches), default=NAN)
        case career.schools_attended():
            return len(_first_days(who)) or NAN
        case career.moves():
            return _moves(who, window)
        case career.joined_mid_year(after):
            return _joined_mid_year(who, after)
        case career.time_at_school(most):
            return min((who.known.t - who.entered).days, most)
    raise TypeError(f"the oracle does not know the measure {type(measure).__name__}")


# --- windows -------------------------------------------------------------------------------------------------------------


def days_of(who: Pupil, window: Window) -> tuple[dt.date, dt.date]:
    """First day of a window, and the day after its last."""
    t, opened = who.known.t, who.open_days
    if window.kind == "last":
        before, skipped = opened[: max(0, len(opened) - window.skip)], opened[max(0, len(opened) - window.skip) :]
        return (before[-window.n :][0], [*skipped, t][0]) if before else (t, t)
    if window.kind == "half_term":
        return ([t, *opened[:1], *_after_holiday(opened)][-1], t)
    if window.kind == "days":
        end = t - dt.timedelta(days=window.skip)
        return end - dt.timedelta(days=window.n), end
    august = _first_of_august(t)
    return {"year_to_date": (august, t), "ever": (dt.date.min, t), "last_year": (august.replace(year=august.year - 1), august)}[window.kind]


def _first_of_august(day: dt.date) -> dt.date:
    """When the academic year began that holds a day."""
    return dt.date(day.year if day.month >= 8 else day.year - 1, 8, 1)


def _after_holiday(opened: Sequence[dt.date]) -> list[dt.date]:
    """Open days with five or more closed weekdays since the open day before."""
    found = []
    for before, day in itertools.pairwise(opened):
        between = [before + dt.timedelta(days=n) for n in range(1, (day - before).days)]
        if sum(closed.weekday() < 5 for closed in between) >= 5:
            found.append(day)
    return found


def _falls_on(who: Pupil, when: When) -> Chosen:
    """Whether a session is one of those a `When` means."""
    opened = list(who.open_days)
    soon = {day for first in _after_holiday(opened) for day in opened[opened.index(first) :][: when.n]}
    return {"weekdays": lambda session: session[0].weekday() in when.weekdays, "afternoons": lambda session: session[1] == 1,
            "after_holidays": lambda session: session[0] in soon}[when.kind]  # fmt: skip


def _not(chosen: Chosen) -> Chosen:
    return lambda session: not chosen(session)


def open_days_after(who: Pupil, days: Sequence[dt.date], pick: Callable[[Sequence[dt.date]], dt.date]) -> float:
    """Open days of the pupil's school after the first or the last of some days; NaN where there are none."""
    return sum(day > pick(days) for day in who.open_days) if days else NAN


# --- sessions ------------------------------------------------------------------------------------------------------------


def _inside(who: Pupil, wanted: SessionSet, session: Session) -> bool:
    """Whether a session is in a set; an absence without a reason yet is no misconduct until it has settled."""
    mark = who.marks[session]
    fresh = session[0] >= who.known.t - dt.timedelta(days=wanted.settling_days)
    return means(wanted.name, mark) and not (wanted.settling_days and fresh and means("no_reason_yet", mark))


def _sessions(who: Pupil, wanted: SessionSet, window: Window) -> list[Session]:
    """Sessions of a set inside a window, in order."""
    start, end = days_of(who, window)
    return sorted(session for session in who.marks if start <= session[0] < end and _inside(who, wanted, session))


def _count(who: Pupil, wanted: SessionSet, window: Window, chosen: Chosen = lambda _: True) -> int:
    return sum(chosen(session) for session in _sessions(who, wanted, window))


def _hits(who: Pupil, wanted: SessionSet, window: Window) -> list[bool]:
    """For each possible session of the window, in order, whether it is in the set."""
    return [_inside(who, wanted, session) for session in _sessions(who, POSSIBLE, window)]


def _of_runs(measure: m.Measure, hits: Sequence[bool]) -> float:
    """Of the unbroken runs of hits: the longest, the one at the end, or how many there are."""
    if not hits:
        return NAN
    runs = [len(run) for run in "".join("x" if hit else " " for hit in hits).split()]
    if isinstance(measure, m.spells):
        return len(runs)
    return max(runs, default=0) if isinstance(measure, m.longest_run) else runs[-1] if hits[-1] else 0


# --- school weeks --------------------------------------------------------------------------------------------------------


def _weeks(who: Pupil, part: SessionSet, of: SessionSet, window: Window) -> list[tuple[int, int]]:
    """Sessions of two sets in each week from Monday to Sunday, in order; weeks without any of the second are left out."""
    parts, alls = ([_monday(session[0]) for session in _sessions(who, wanted, window)] for wanted in (part, of))
    return [(parts.count(week), alls.count(week)) for week in sorted(set(alls))]


def _monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def _slope(values: Sequence[float]) -> float:
    """Slope of the straight line through the values of successive weeks that misses them least; NaN for fewer than three."""
    if len(values) < 3:
        return NAN
    n, x = float(len(values)), [float(week) for week in range(len(values))]
    sx, sy = plain_sum(x), plain_sum(values)
    sxy, sxx = plain_sum(a * b for a, b in zip(x, values, strict=True)), plain_sum(a * a for a in x)
    return (n * sxy - sx * sy) / (n * sxx - sx * sx)


def _faded(told: Sequence[tuple[int, int]], half_life: float) -> float:
    """Share over all weeks, a week that lies ``half_life`` weeks back counting half."""
    weights = [0.5 ** (back / half_life) for back in reversed(range(len(told)))]
    part = plain_sum(weight * some for weight, (some, _) in zip(weights, told, strict=True))
    return ratio(part, plain_sum(weight * all_ for weight, (_, all_) in zip(weights, told, strict=True)))


# --- schools -------------------------------------------------------------------------------------------------------------


def _first_days(who: Pupil) -> dict[str, dt.date]:
    """The first day on which each school marked the pupil."""
    days: dict[str, list[dt.date]] = {}
    for (pupil, school), kept in who.known.marks.items():
        if pupil == who.pupil_id and (told := [day for (day, _), mark in kept.items() if means("marked", mark)]):
            days[school] = told
    return {school: min(told) for school, told in days.items()}


def _moves(who: Pupil, window: Window) -> float:
    """Schools that first marked the pupil inside the window, and after the day of the very first mark."""
    first, (start, end) = _first_days(who), days_of(who, window)
    return sum(start <= day < end and day > min(first.values()) for day in first.values()) if first else NAN


def _joined_mid_year(who: Pupil, after: int) -> float:
    """Whether the pupil came more than some days after the school had opened in that academic year."""
    year = _first_of_august(who.entered)
    opened = [day for day in who.open_days if year <= day < year.replace(year=year.year + 1)]
    return float((who.entered - opened[0]).days > after) if opened else NAN


# --- numbers -------------------------------------------------------------------------------------------------------------


def ratio(part: float, of: float) -> float:
    """A quotient, NaN where there is nothing to divide by."""
    return part / of if of else NAN


def plain_sum(values: Iterable[float]) -> float:
    """A sum from left to right; since Python 3.12 the built-in one corrects for rounding."""
    total = 0.0
    for value in values:
        total += value
    return total
