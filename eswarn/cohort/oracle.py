"""Who is on roll, who can be scored and what happened next, in plain Python: written from the definitions, to judge the fast code.

Nothing here is shared with the fast code but the rows of the code table. It is slow on purpose, and holds no NumPy.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from eswarn.config import CohortConfig
from eswarn.records.codes import Code, code_table
from eswarn.records.store import Records
from eswarn.records.tables import GRAIN

Row = Mapping[str, Any]
Session = tuple[dt.date, int]  # a day, and 0 for its morning or 1 for its afternoon
Marks = dict[Session, Code]
HALVES = {"AM": (0,), "PM": (1,), "DAY": (0, 1)}
DATED = {"attendance": "date", "behaviour": "date", "suspensions": "start", "context": "valid_from", "outcomes": "left_on",
         "assessments": "date", "enrolment": "entered_on", "calendar": "date", "term_totals": "ends_on", "extra": "date"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """The records as they were known before ``t``: rows by table, marks by pupil and school, open sessions by school."""

    t: dt.date
    rows: Mapping[str, Sequence[Row]]
    marks: Mapping[tuple[str, str], Marks]
    open: Mapping[str, set[Session]]
    supplied: frozenset[str]
    codes: Sequence[Code]


@dataclass(frozen=True, slots=True)
class Pupil:
    """A pupil on roll, with the marks of all schools, the context in force and the days on which the own school was open."""

    known: Known
    pupil_id: str
    school_id: str
    entered: dt.date
    context: Row
    marks: Marks
    open_days: Sequence[dt.date]


# --- what was known ----------------------------------------------------------------------------------------------------


def known_before(records: Records, t: dt.date) -> Known:
    """What could be known before ``t``: rows dated before it and not recorded later, in their latest version."""
    rows = {name: _latest(name, records.table(name).to_pylist(), t) for name in DATED}
    codes = code_table(records.facts.profile).rows
    marks = _marks(rows.pop("attendance"), codes)
    return Known(t, rows, marks, _open(marks, rows["calendar"]), records.supplied, codes)


def _latest(table: str, rows: Iterable[Row], t: dt.date) -> list[Row]:
    """Of several versions of one fact the one recorded last; one that does not say when it was recorded counts as the first."""
    before = [r for r in rows if r[DATED[table]] < t and (r.get("recorded_on") or dt.date.min) < t]
    if not GRAIN[table]:
        return before
    before.sort(key=lambda r: r.get("recorded_on") or dt.date.min)
    versions = {tuple(r[c] for c in GRAIN[table] if c != "recorded_on"): r for r in before}
    return list(versions.values())


def _marks(rows: Iterable[Row], codes: Sequence[Code]) -> dict[tuple[str, str], Marks]:
    """Marks by pupil and school; a mark for the day fills each half that has none of its own recorded on that day or later."""
    written: dict[tuple[str, str, dt.date, int], list[tuple[dt.date, bool, str]]] = defaultdict(list)
    for r in rows:
        for half in HALVES[r["session"]]:
            version = (r["recorded_on"] or dt.date.min, r["session"] != "DAY", r["code"])
            written[r["pupil_id"], r["school_id"], r["date"], half].append(version)
    marks: dict[tuple[str, str], Marks] = defaultdict(dict)
    for (pupil, school, day, half), versions in written.items():
        code = max(versions, key=lambda version: version[:2])[2]
        if code not in ("", "-"):
            marks[pupil, school][day, half] = _meaning(code, day, codes)
    return marks


def _meaning(code: str, day: dt.date, codes: Sequence[Code]) -> Code:
    """The row of the code table in force on the day; where none was, the one in force nearest to it."""
    eras = [row for row in codes if row.code == code]
    return min(eras, key=lambda row: max((row.valid_from - day).days, (day - row.valid_to).days, 0))


@cache
def means(name: str, mark: Code) -> bool:
    """Whether a mark is in a named set of sessions, by definitions written out here once more."""
    if name.startswith("code:"):
        return mark.code == name.removeprefix("code:")
    sets = {
        "attended": mark.category in ("attended", "approved"),
        "absent": mark.category in ("authorised", "unauthorised"),
        "possible": mark.category in ("attended", "approved", "authorised", "unauthorised"),
        "late": mark.late,
        "marked": mark.code not in ("#", "Z"),
        "illness": mark.code in ("I", "MA"),  # MA: a medical excuse in the United States
        "no_reason_yet": mark.code in ("N", "A"),  # A: absent where a system knows no reasons
    }
    return sets.get(name, mark.category == name)


def _open(marks: Mapping[tuple[str, str], Marks], calendar: Iterable[Row]) -> dict[str, set[Session]]:
    """Sessions in which half of those then on roll have a mark (at least five, or all where fewer); a calendar's word stands."""
    registers: dict[str, list[set[Session]]] = defaultdict(list)
    for (_, school), kept in marks.items():
        if told := {session for session, mark in kept.items() if means("marked", mark)}:
            registers[school].append(told)
    is_open: dict[str, set[Session]] = defaultdict(set)
    for school, several in registers.items():
        stays = [(min(told)[0], max(told)[0]) for told in several]
        for session in set().union(*several):
            on_roll = sum(first <= session[0] <= last for first, last in stays)
            marked = sum(session in told for told in several)
            if marked >= min(on_roll, max(on_roll / 2, 5)):
                is_open[school].add(session)
    for row in sorted(calendar, key=lambda r: r["session"] != "DAY"):  # what is said of half a day stands over the whole
        sessions = {(row["date"], half) for half in HALVES[row["session"]]}
        is_open[row["school_id"]] = is_open[row["school_id"]] | sessions if row["open"] else is_open[row["school_id"]] - sessions
    return is_open


# --- who is on roll, and who can be scored -------------------------------------------------------------------------------


def pupils_on_roll(known: Known) -> list[Pupil]:
    """Pupils on roll, each at one school: the one that marked the pupil last, else the one with the latest context row."""
    signs: dict[tuple[str, str], list[dt.date]] = defaultdict(list)
    for pair, kept in known.marks.items():
        signs[pair] += [day for (day, _), mark in kept.items() if means("marked", mark)]
    last_mark = {pair: max(days) for pair, days in signs.items() if days}
    for table in ("context", "enrolment"):
        for row in known.rows[table]:
            signs[row["pupil_id"], row["school_id"]].append(row[DATED[table]])
    at: dict[str, tuple[dt.date, dt.date, str]] = {}
    for (pupil, school), days in signs.items():
        mark = last_mark.get((pupil, school), dt.date.min)
        if days and _is_on_roll(known, pupil, school, mark):
            told = [r["valid_from"] for r in _of_pair(known, "context", pupil, school)]
            at[pupil] = max(at.get(pupil, (dt.date.min, dt.date.min, "")), (mark, max([mark, *told]), school))
    cohort = []
    for pupil, (_, _, school) in at.items():
        open_days = sorted({day for day, _ in known.open.get(school, ())})
        entered = min(signs[pupil, school])
        cohort.append(Pupil(known, pupil, school, entered, _context(known, pupil), _all_marks(known, pupil), open_days))
    return sorted(cohort, key=lambda p: (p.school_id, p.pupil_id))


def _of_pair(known: Known, table: str, pupil: str, school: str) -> list[Row]:
    return [r for r in known.rows[table] if r["pupil_id"] == pupil and r["school_id"] == school]


def _is_on_roll(known: Known, pupil: str, school: str, last_mark: dt.date) -> bool:
    """By enrolment rows where the pupil has any; else by a context row in force or a recent mark, and no departure since."""
    departed = max((r["left_on"] for r in _of_pair(known, "outcomes", pupil, school)), default=dt.date.min)
    if any(r["pupil_id"] == pupil for r in known.rows["enrolment"]):
        stays = _of_pair(known, "enrolment", pupil, school)
        full = [r for r in stays if r["status"] not in ("guest", "subsidiary")]
        running = any(r["left_on"] is None or r["left_on"] >= known.t for r in full)
        return running and departed < max(r["entered_on"] for r in stays)
    newest = max((r["valid_from"] for r in known.rows["context"] if r["pupil_id"] == pupil), default=None)
    in_force = [r["valid_from"] for r in _of_pair(known, "context", pupil, school) if r["valid_from"] == newest]
    latest_open = sorted({day for day, _ in known.open.get(school, ())})[-20:]
    recent = bool(latest_open) and last_mark >= latest_open[0]
    return (recent or bool(in_force)) and max([last_mark, *in_force]) > departed


def _context(known: Known, pupil: str) -> Row:
    """The context row in force; of two schools' rows from one day, that of the school named last."""
    rows = [r for r in known.rows["context"] if r["pupil_id"] == pupil]
    return max(rows, key=lambda r: (r["valid_from"], r["school_id"])) if rows else {}


def _all_marks(known: Known, pupil: str) -> Marks:
    """One mark a session over all schools: possible before not possible before none, D yields; two possible that differ cancel."""
    everywhere: dict[Session, list[Code]] = defaultdict(list)
    for (who, _), kept in known.marks.items():
        for session, mark in kept.items() if who == pupil else ():
            everywhere[session].append(mark)
    marks: Marks = {}
    order = {code: place for place, code in enumerate(known.codes)}  # of the codes that are not possible, D stands first
    for session, several in everywhere.items():
        if len({mark for mark in several if means("possible", mark)}) < 2:
            marks[session] = max(several, key=lambda mark: (means("possible", mark), means("marked", mark), order[mark]))
    return marks


def why_not_scored(who: Pupil, config: CohortConfig) -> tuple[str, float]:
    """Why no score can be given ("" where one can), and the share of recent open sessions since entry without a mark."""
    kept = (marks for (_, school), marks in who.known.marks.items() if school == who.school_id)
    if not any(means("marked", mark) for marks in kept for mark in marks.values()):
        terms = [r for r in who.known.rows["term_totals"] if r["pupil_id"] == who.pupil_id]
        counted = sum(r["possible"] for r in terms if (who.known.t - r["ends_on"]).days <= 400)
        return "few sessions" if counted < config.min_possible else "", math.nan
    marked = {session for session, mark in who.marks.items() if means("marked", mark)}
    first = who.open_days[-60:][0] if who.open_days else who.known.t
    sessions = {s for s in who.known.open.get(who.school_id, ()) if s[0] >= max(first, who.entered)}
    possible = sum(day >= first and means("possible", mark) for (day, _), mark in who.marks.items())
    share = len(sessions & marked) / len(sessions) if sessions else 0.0
    why = ""
    there_before = len(who.open_days) >= 20 and who.entered <= who.open_days[-20]
    if there_before and not any(day >= who.open_days[-20] for day, _ in marked):
        why = "already gone?"
    elif possible < config.min_possible:
        why = "few sessions"
    elif share < config.min_marked:
        why = "few marks"
    return why, 1 - share if sessions else math.nan


# --- what happened next --------------------------------------------------------------------------------------------------


def oracle_label(records: Records, as_of: dt.date, config: CohortConfig) -> dict[str, tuple[float, bool]]:
    """What happened to each pupil on roll: 1.0 left early, 0.0 did not, NaN not known; and whether for an unknown destination."""
    end = config.until or as_of + dt.timedelta(days=config.horizon_days)
    finally_known = known_before(records, dt.date.max)
    return {
        who.pupil_id: _label(who, _departures(finally_known, who.pupil_id, end), _last_seen(finally_known, who.pupil_id), config)
        for who in pupils_on_roll(known_before(records, as_of))
    }


def _departures(known: Known, pupil: str, end: dt.date) -> list[Row]:
    rows = [r for r in known.rows["outcomes"] if r["pupil_id"] == pupil and r["left_on"] < end]
    return sorted(rows, key=lambda r: (r["left_on"], r["school_id"]))


def _last_seen(known: Known, pupil: str) -> dt.date:
    """The last day with a session attended anywhere, or with a row that only somebody who is there gets."""
    days = [day for (who, _), kept in known.marks.items() if who == pupil for (day, _), mark in kept.items() if means("attended", mark)]
    for table in ("context", "enrolment", "behaviour", "assessments"):
        days += [r[DATED[table]] for r in known.rows[table] if r["pupil_id"] == pupil]
    return max(days, default=dt.date.min)


def _label(who: Pupil, departures: Sequence[Row], last_seen: dt.date, config: CohortConfig) -> tuple[float, bool]:
    """Any departure within the horizon that counts makes a leaver; else the last one decides whether the pupil was followed."""
    if any(r["left_on"] < who.known.t and r["left_on"] >= last_seen for r in departures):
        return math.nan, False  # had left before the as-of date, although it was not yet known
    year = who.context.get("year_group")
    later = [r for r in departures if r["left_on"] >= who.known.t]
    if not later or (year is not None and year > config.up_to_year):
        return 0.0, False
    if any(r["destination"] in config.leaving for r in later):
        return 1.0, False
    final = later[-1]
    if final["destination"] in ("completed", "college_or_training") or last_seen > final["left_on"]:
        return 0.0, False
    return math.nan, final["destination"] == "unknown"
