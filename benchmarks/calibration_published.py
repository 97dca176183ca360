"""Figures published of schools in England that simulated records are held against, with the room that each is given.

Sources: DfE absence distributions 2016/17 to 2022/23 (tables 1 to 3), DfE pupil attendance 2022 and 2025/26 (4, 5), FFT Education
Datalab and DfE (6), DfE suspensions and permanent exclusions 2023/24 (7), DfE participation and NEET, Connected Bradford and the
Education Policy Institute (8). Percentages unless stated; secondary schools, for the simulator makes no others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.calibration_measures import BANDS, CELLS, WEEKS


@dataclass(frozen=True, slots=True)
class Published:
    """One figure: the table it belongs to, its name among the measures, its value and the room on either side."""

    table: str
    key: str
    value: float
    room: float
    low: float | None = None  # where a range was published in place of a value
    high: float | None = None

    @property
    def target(self) -> str:
        """The value or range, as printed."""
        return f"{self.value:g}" if self.low is None else f"{self.low:g} to {self.high:g}"


_BANDS = """\
all              | 46.3 27.2 11.0 4.8 4.2 3.2 3.4 26.5
not FSM, no SEN  | 53.3 28.0 9.6 3.5 2.6 1.6 1.4 18.7
not FSM, SEN     | 43.0 26.6 11.4 5.2 4.9 4.0 5.1 30.4
FSM, no SEN      | 30.9 27.0 15.0 7.9 7.7 6.0 5.5 42.2
FSM, SEN         | 24.0 22.1 14.2 8.6 9.9 9.4 11.8 53.9
FSM unclassified | 23.7 7.4 5.9 4.4 8.2 9.0 41.3 68.8
female           | 45.3 27.0 11.3 5.0 4.4 3.4 3.7 27.8
male             | 47.3 27.4 10.8 4.6 4.0 2.9 3.1 25.3"""
_YEARS = """\
7  | 19.9 1.7 12.4 0.5 21.6 2.4 34.0 2.3 45.9 6.1
8  | 25.4 2.9 17.0 0.9 28.7 4.2 41.3 4.4 53.3 10.4
9  | 28.9 3.9 20.2 1.5 33.3 5.5 45.7 6.2 57.5 13.7
10 | 29.7 4.5 21.4 1.9 34.9 6.8 47.3 7.6 59.5 15.9
11 | 30.4 4.5 23.5 2.1 36.4 7.5 45.5 7.9 58.1 16.4"""
LEVELS = {2016: (13.5, 1.1), 2017: (13.9, 1.2), 2018: (13.7, 1.3), 2020: (14.8, 1.5), 2021: (27.7, 2.7), 2022: (26.5, 3.4)}
_RATES = {"overall": 8.49, "authorised": 5.22, "unauthorised": 3.27}
_CODES = {
    "I": 3.63, "O": 2.61, "C": 0.43, "M": 0.38, "C2": 0.32, "G": 0.31, "U": 0.30, "E": 0.29, "S": 0.10, "R": 0.06, "N": 0.05,
    "J1": 0.02, "T": 0.00, "C1": 0.01, "L": 2.79, "V": 0.73, "W": 0.31, "B": 0.30, "P": 0.14, "K": 0.08,
}  # fmt: skip
_WEEKDAYS = {
    "overall": (-0.2, -0.2, -0.4, -0.2, 1.0),
    "illness": (-0.1, 0.0, -0.2, -0.2, 0.5),
    "unauthorised": (0.0, -0.1, -0.2, -0.1, 0.4),
}
WEEKLY = dict(zip(WEEKS, (6.4, 8.0, 8.3, 7.7, 7.5, 8.6, 7.6, 7.8, 8.6, 10.3, 11.1, 12.9, 16.5, 8.4, 7.8), strict=True))
_SUSPENDED = {"all": 11.31, "FSM": 27.6, "not FSM": 6.0, "SEN support": 28.8, "EHCP": 25.0, "no SEN": 7.6}
_EXCLUDED = {"all": 0.13, "FSM": 0.33, "not FSM": 0.06, "SEN support": 0.40, "EHCP": 0.26, "no SEN": 0.08}
NOT_SIMULATED = (
    "Primary and special schools (tables 1, 3, 4, 5 and 6): the simulator makes secondary schools only.",
    "Authorities (table 2: standard deviation of persistent absence; table 8: range of NEET and its correlation): schools lie in no area.",
    "Share of variance between schools, primary and secondary pooled (table 6, .084): no primary schools. Secondary alone is in the table.",
    "Table 8, persistently NEET, and NEET at 24: nobody is followed after leaving. The latter's ratio is held against NEET at 16 to 17.",
    "Table 8, not ready for school at 5: nothing is simulated before Year 7.",
    "Table 8, persistent absence by free meals in autumn 2021: published for all phases.",
)
WHY_MISSED = {
    "code E": "E is published for secondary schools, 11.31 suspensions per 100 pupils for all phases (954,952 of 8.4 million "
    "pupils). With 45 % of suspensions a day or less and E written for five days at most, 11.31 give an E of at most 0.19. "
    "Both cannot hold: suspensions do.",
}


def tables_1_and_2() -> Iterator[Published]:
    """Bands of absence by group, and persistent (PA) and severe absence (SA) by year group, 2022/23."""
    for name, numbers in _lines(_BANDS):
        whole = name == "all"
        for band, value in zip((*BANDS, "PA"), numbers, strict=True):
            room = {"SA": 0.3 if whole else 0.5, "PA": 1.0 if whole else 1.5}.get(band, 1.0)
            yield Published("1 bands", f"{name}: {band}", value, room)
    for year, numbers in _lines(_YEARS):
        for k, name in enumerate(("all", *CELLS)):
            yield Published("2 cells", f"Year {year}, {name}: PA", numbers[2 * k], 2.0)
            yield Published("2 cells", f"Year {year}, {name}: SA", numbers[2 * k + 1], 1.0)
    for name, share, pa, sa, odds_pa, odds_sa in (("FSM", 24, 40, 49, 3.2, 4.0), ("SEN", 15, 23, 34, 2.1, 3.6)):
        for key, value in (("share of enrolments", share), ("share of PA", pa), ("share of SA", sa)):
            yield Published("2 cells", f"{name}, {key}", value, 0.1 * value)
        yield Published("2 cells", f"{name}, odds ratio of PA", odds_pa, 0.1 * odds_pa)
        yield Published("2 cells", f"{name}, odds ratio of SA", odds_sa, 0.1 * odds_sa)


def table_3(year: int) -> Iterator[Published]:
    """Level of one school year."""
    for name, value, room in zip(("PA", "SA"), LEVELS[year], (1.0, 0.3), strict=True):
        yield Published("3 level", f"{year}/{(year + 1) % 100}: {name}", value, room)


def table_4() -> Iterator[Published]:
    """Rates and codes, 2025/26 to week 26."""
    for name, value in _RATES.items():
        yield Published("4 codes", name, value, 0.3)
    for code, value in _CODES.items():
        yield Published("4 codes", f"code {code}", value, max(0.15 * value, 0.03))
    for code, value in (("/", 42.90), ("\\", 44.26)):
        yield Published("4 codes", f"code {code}", value, 0.15 * value)


def table_5() -> Iterator[Published]:
    """Weekdays in September 2022, and the weeks of the autumn."""
    for name, values in _WEEKDAYS.items():
        for day, value in zip(("Mon", "Tue", "Wed", "Thu", "Fri"), values, strict=True):
            yield Published("5 pattern", f"{name}, September: {day}", value, 0.3)
    for key in ("Friday is highest", "Wednesday is lowest"):
        yield Published("5 pattern", key, 1, 0)
    yield Published("5 pattern", "correlation of the weeks of autumn", 0.9, 0, 0.8, 1.0)


def table_6() -> Iterator[Published]:
    """Persistence, spells, corrections, 2022/23."""
    for name in ("autumn to spring", "spring to summer"):
        yield Published("6 persistence", f"correlation, {name}", 0.72, 0, 0.60, 0.75)
    yield Published("6 persistence", "spells of 2 to 4 sessions", 50, 5)
    yield Published("6 persistence", "absent in the first week, then PA", 58, 5)
    yield Published("6 persistence", "first week: illness", 31, 5)
    yield Published("6 persistence", "first week: unauthorised", 50, 5)
    yield Published("6 persistence", "fall by correction", 1.0, 0, 0.5, 1.5)
    yield Published("6 persistence", "autumn PA, off roll in spring", 7, 2)


def table_6_schools() -> Iterator[Published]:
    """Schools in 2018/19; only the standard deviation was given a tolerance, the rest are given ten per cent."""
    yield Published("6 schools 2018/19", "school rates: SD", 1.3, 0.2)
    for name, value in (("mean", 5.5), ("P10", 4.0), ("median", 5.4), ("P90", 7.3)):
        yield Published("6 schools 2018/19", f"school rates: {name}", value, 0.1 * value)
    yield Published("6 schools 2018/19", "school rates: share of variance", 0.02, 0, 0.01, 0.03)


def table_7() -> Iterator[Published]:
    """Suspensions and exclusions per 100 pupils, and their ratios."""
    for what, values in (("suspensions", _SUSPENDED), ("exclusions", _EXCLUDED)):
        for name, value in values.items():
            yield Published("7 suspensions", f"{what}: {name}", value, 0.15 * value)
        for one, other in (("FSM", "not FSM"), ("SEN support", "no SEN"), ("EHCP", "no SEN")):
            ratio = values[one] / values[other]
            yield Published("7 suspensions", f"{what}: {one} / {other}", ratio, 0.25 * ratio)
    yield Published("7 suspensions", "suspensions: boys / girls", 1.5, 0.25 * 1.5)
    yield Published("7 suspensions", "exclusions: boys / girls", 2.0, 0.25 * 2.0)
    yield Published("7 suspensions", "a day or less", 45, 0.15 * 45)
    yield Published("7 suspensions", "suspended pupils who lose more than a week", 19, 0.15 * 19)
    yield Published("7 suspensions", "reason is disruptive behaviour", 50, 0.15 * 50)
    for key in ("most suspensions in Year 9", "most exclusions in Year 10"):
        yield Published("7 suspensions", key, 1, 0)


def table_8() -> Iterator[Published]:
    """Leaving, and who leaves."""
    for name, value in (("NEET", 3.4), ("not known", 2.2), ("both", 5.6)):
        yield Published("8 leaving", f"aged 16 to 17: {name}", value, 0.5)
    for name, value, room in (("no SEN", 4.9, 1), ("SEN support", 9.6, 1), ("EHCP", 10.1, 1), ("vulnerable groups", 28.2, 3)):
        yield Published("8 leaving", f"aged 16 to 17, both: {name}", value, room)
    yield Published("8 leaving", "risk ratio of NEET, PA in Years 7 to 11", 3.9, 0, 3, 5)
    yield Published("8 leaving", "risk ratio of NEET, ever suspended", 2.0, 0, 1.7, 2.4)
    yield Published("8 leaving", "ever suspended, Years 7 to 11", 16, 0.15 * 16)
    yield Published("9 target", "leave early in a year", 3, 0, 2, 4)
    yield Published("9 target", "best possible AUC, given the states", 0.82, 0, 0.75, 0.88)


def _lines(text: str) -> Iterator[tuple[str, list[float]]]:
    for line in text.splitlines():
        name, numbers = line.split("|")
        yield name.strip(), [float(number) for number in numbers.split()]
