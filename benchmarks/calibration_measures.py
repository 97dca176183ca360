"""Counts in simulated records what the Department for Education and others have published of real ones, definition by definition."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import eswarn as ew
from benchmarks.register_grid import AUTHORISED, UNAUTHORISED, Flags, Grid

EDGES = (0.05, 0.10, 0.15, 0.20, 0.30, 0.50)
BANDS = ("<5", "5-10", "10-15", "15-20", "20-30", "30-50", "SA")
CELLS = {"not FSM, no SEN": (0, 0), "not FSM, SEN": (0, 1), "FSM, no SEN": (1, 0), "FSM, SEN": (1, 1)}
WEEKS = (*range(37, 43), *range(44, 51), 1, 2)
CODES = ("I", "O", "C", "M", "C2", "G", "U", "E", "S", "R", "N", "J1", "T", "C1", "L", "V", "W", "B", "P", "K")
Told = dict[str, float]
Rates = NDArray[np.float64]


def lower(year: Grid) -> Grid:
    """Years 7 to 11 with a possible session: whom the statistics of attendance cover."""
    kept = np.flatnonzero((year.group >= 7) & (year.group <= 11) & year.possible.any(axis=(1, 2)))
    columns = (year.pupil, year.school, year.group, year.fsm, year.sen, year.boy)
    return Grid(year.final[kept], year.first[kept], year.codes, year.date, *(column[kept] for column in columns))


def rates(year: Grid) -> Rates:
    """Absence rate of each enrolment, on its own possible sessions."""
    return np.asarray(year.absent.sum(axis=(1, 2)) / np.maximum(year.possible.sum(axis=(1, 2)), 1))


def bands(year: Grid) -> Told:
    """Tables 1 and 2: bands of absence by group, and persistent and severe absence by year group."""
    rate, any_sen = rates(year), np.minimum(year.sen, 1)
    cells = {name: (year.fsm == fsm) & (any_sen == sen) for name, (fsm, sen) in CELLS.items()}
    groups = {"all": np.ones(len(rate), dtype=np.bool_), **cells, "FSM unclassified": year.fsm < 0}
    groups |= {"female": year.boy == 0, "male": year.boy == 1}
    told: Told = {}
    for name, group in groups.items():
        places = np.searchsorted(EDGES, rate[group] + 1e-12, side="right")  # exactly 10 % is persistent absence
        share = np.bincount(places, minlength=len(BANDS)) / max(group.sum(), 1) * 100
        told |= {f"{name}: {band}": float(value) for band, value in zip(BANDS, share, strict=True)}
        told[f"{name}: PA"] = float(share[2:].sum())
        told[f"{name}: share"] = float(group.mean() * 100)
    for number in range(7, 12):
        for name, group in {"all": groups["all"], **cells}.items():
            some = rate[group & (year.group == number)]
            told[f"Year {number}, {name}: PA"], told[f"Year {number}, {name}: SA"] = _over(some, 0.10), _over(some, 0.50)
    return told | _who_is_away(year, rate, any_sen)


def _over(rate: Rates, edge: float) -> float:
    return _share(rate >= edge - 1e-12)


def _share(flags: Flags) -> float:
    """Per cent; NaN of nobody."""
    return float(flags.mean() * 100) if len(flags) else float("nan")


def _who_is_away(year: Grid, rate: Rates, any_sen: NDArray[np.int64]) -> Told:
    """Shares of free meals and support among persistent and severe absentees, and odds ratios."""
    told: Told = {}
    for name, fact in (("FSM", year.fsm), ("SEN", any_sen)):
        known = fact >= 0
        told[f"{name}, share of enrolments"] = _share(fact == 1)
        for level, edge in (("PA", 0.10), ("SA", 0.50)):
            away = rate >= edge - 1e-12
            told[f"{name}, share of {level}"] = _share(fact[away] == 1)
            one, other = (_share(away[known & (fact == value)]) for value in (1, 0))
            told[f"{name}, odds ratio of {level}"] = one / (100 - one) / (other / (100 - other)) if 0 < other < 100 else float("nan")
    return told


def levels(year: Grid) -> Told:
    """Table 3: persistent and severe absence."""
    rate = rates(year)
    return {"PA": _over(rate, 0.10), "SA": _over(rate, 0.50)}


def code_mix(year: Grid) -> Told:
    """Table 4: codes in % of possible sessions to the end of week 26."""
    near = year.date <= np.datetime64(dt.date.fromisocalendar(int(str(year.date[0])[:4]) + 1, 26, 5))
    marks, possible = year.final[:, near], year.possible[:, near].sum()

    def share(codes: tuple[str, ...]) -> float:
        return float(year.among(codes, marks).sum() / possible * 100)

    told = {"authorised": share(AUTHORISED), "unauthorised": share(UNAUTHORISED)}
    told["overall"] = sum(told.values())
    return told | {code: share((code,)) for code in CODES} | {"D": share(("D",)), "/": share(("/",)), "\\": share(("\\",))}


def pattern(year: Grid) -> Told:
    """Table 5: deviations of the weekdays in September, and the shape of the autumn by week."""
    weekday, start = (year.date.astype(np.int64) + 3) % 7, int(str(year.date[0])[:4])
    monday = np.datetime64(dt.date.fromisocalendar(start, 37, 1))
    september = ((year.date >= monday) & (year.date < monday + 5)) | ((year.date >= monday + 14) & (year.date < monday + 19))
    told: Told = {}
    kinds = {"overall": AUTHORISED + UNAUTHORISED, "illness": ("I",), "unauthorised": UNAUTHORISED}
    for name, codes in kinds.items():
        for period, days in (("September", september), ("year", np.ones(len(weekday), dtype=np.bool_))):
            of_day = np.array([_rate(year, codes, days & (weekday == day)) for day in range(5)])
            told |= {
                f"{name}, {period}: {day}": float(of_day[k] - of_day.mean()) for k, day in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri"))
            }
    week = np.array([dt.date.fromisoformat(str(day)).isocalendar()[1] for day in year.date])
    autumn = year.date < np.datetime64(f"{start + 1}-01-16")
    return told | {f"week {number}": _rate(year, kinds["overall"], autumn & (week == number)) for number in WEEKS}


def _rate(year: Grid, codes: tuple[str, ...], days: Flags) -> float:
    return float(year.among(codes, year.final[:, days]).sum() / max(year.possible[:, days].sum(), 1) * 100)


def spells(year: Grid) -> Told:
    """Table 6: spells, terms, the first week, corrections and who was gone by spring."""
    absent, possible = year.absent, year.possible
    told = spell_lengths(absent, possible)
    month = year.date.astype("datetime64[M]").astype(np.int64) % 12
    by_term = [_rates_in(absent, possible, np.isin(month, months)) for months in ((8, 9, 10, 11), (0, 1, 2), (3, 4, 5, 6))]
    for name, one, other in (("autumn to spring", 0, 1), ("spring to summer", 1, 2)):
        both = ~np.isnan(by_term[one]) & ~np.isnan(by_term[other])
        told[f"correlation, {name}"] = float(np.corrcoef(by_term[one][both], by_term[other][both])[0, 1])
    week = year.date < np.sort(year.date)[0] + 7
    at_first = absent[:, week].any(axis=(1, 2))
    told["absent in the first week, then PA"] = _over(rates(year)[at_first], 0.10)
    away = absent[:, week].sum()
    told["first week: illness"] = float(year.among(("I",), year.final[:, week]).sum() / away * 100)
    told["first week: unauthorised"] = float(year.among(UNAUTHORISED, year.final[:, week]).sum() / away * 100)
    early, counted = year.among(AUTHORISED + UNAUTHORISED, year.first), ~year.among(("D", "X", "-", ""), year.first)
    told["fall by correction"] = float((early.sum() / counted.sum() - absent.sum() / possible.sum()) * 100)
    return told | _gone_by_spring(year, by_term[0])


def spell_lengths(absent: Flags, possible: Flags) -> Told:
    """Spells of absence in possible sessions; a closed or unmarked one neither ends nor lengthens a spell."""
    row, session = np.nonzero(possible.reshape(len(possible), -1))
    away = absent.reshape(len(absent), -1)[row, session]
    begins = away & np.append(True, ~away[:-1] | (np.diff(row) != 0))
    length = np.bincount(np.cumsum(begins)[away] - 1)
    return {"spells of 2 to 4 sessions": float(((length >= 2) & (length <= 4)).mean() * 100)}


def _rates_in(absent: Flags, possible: Flags, days: Flags) -> Rates:
    """Absence rates in these days; NaN under 60 possible sessions."""
    count = possible[:, days].sum(axis=(1, 2))
    return np.asarray(np.where(count >= 60, absent[:, days].sum(axis=(1, 2)) / np.maximum(count, 1), np.nan))


def _gone_by_spring(year: Grid, autumn: Rates) -> Told:
    """Persistent absentees of the autumn, on roll at its end or not, who had left that school's roll before the spring term ended."""
    there = year.final[..., 0] != 255
    march = np.datetime64(f"{int(str(year.date[0])[:4]) + 1}-03-13")
    spring = (year.date >= march) & (year.date < march + 14)
    away = autumn >= 0.10 - 1e-12
    return {"autumn PA, off roll in spring": float((~there[away][:, spring].any(axis=1)).mean() * 100)}


def schools(year: Grid) -> Told:
    """Table 6: rates of schools, and the share of variance between them."""
    rate, absent, possible = rates(year), year.absent.sum(axis=(1, 2)), year.possible.sum(axis=(1, 2))
    size = np.bincount(year.school)
    of_school = np.bincount(year.school, absent) / np.maximum(np.bincount(year.school, possible), 1) * 100
    mean, inside = np.bincount(year.school, rate) / size, np.zeros(len(size))
    np.add.at(inside, year.school, (rate - mean[year.school]) ** 2)
    within = inside.sum() / (len(rate) - len(size))
    between = mean.var(ddof=1) - within * (1 / size).mean()
    quantiles = dict(zip(("P10", "median", "P90"), np.quantile(of_school, (0.1, 0.5, 0.9)), strict=True))
    told = {"mean": of_school.mean(), "SD": of_school.std(ddof=1), **quantiles, "share of variance": between / (between + within)}
    return {f"school rates: {name}": float(value) for name, value in told.items()}


def suspensions(records: ew.Records, year: Grid) -> Told:
    """Table 7: suspensions and permanent exclusions per 100 pupils on roll in January, whole school."""
    start = int(str(year.date[0])[:4])
    january = np.searchsorted(year.date, np.datetime64(f"{start + 1}-01-18"))
    on_roll = year.final[:, january, 0] != 255
    table = records.table("suspensions")
    names = {name: k for k, name in enumerate(records.table("attendance")["pupil_id"].combine_chunks().dictionary.to_pylist())}
    pupil = np.array([names.get(name, -1) for name in table["pupil_id"].to_pylist()])
    kind, sessions = np.array(table["kind"].to_pylist()), table["sessions"].cast(pa.float64()).to_numpy()
    suspended, excluded = pupil[kind == "suspension"], pupil[kind == "permanent_exclusion"]
    fact = np.full((4, len(names)), -1)
    for k, column in enumerate((year.fsm, year.sen, year.boy, year.group)):
        fact[k, year.pupil] = column
    told: Told = {}
    groups = {
        "all": None,
        "FSM": (0, 1),
        "not FSM": (0, 0),
        "SEN support": (1, 1),
        "EHCP": (1, 2),
        "no SEN": (1, 0),
        "boys": (2, 1),
        "girls": (2, 0),
    }
    for name, which in groups.items():
        roll = on_roll.sum() if which is None else (on_roll & (fact[which[0], year.pupil] == which[1])).sum()
        for what, who in (("suspensions", suspended), ("exclusions", excluded)):
            hit = len(who) if which is None else (fact[which[0], who] == which[1]).sum()
            told[f"{what}: {name}"] = float(hit / roll * 100)
    lost = np.bincount(suspended, np.nan_to_num(sessions[kind == "suspension"]), minlength=len(names))
    reason = np.array(table["reason_1"].to_pylist())[kind == "suspension"]
    told["a day or less"] = float((sessions[kind == "suspension"] <= 2).mean() * 100)
    told["suspended pupils who lose more than a week"] = float((lost[lost > 0] > 10).mean() * 100)
    told["reason is disruptive behaviour"] = float((reason == "DB").mean() * 100)
    for number in range(7, 14):
        told[f"suspensions in Year {number}"] = float((fact[3, suspended] == number).sum())
        told[f"exclusions in Year {number}"] = float((fact[3, excluded] == number).sum())
    return told
