"""Follows simulated cohorts from Year 7 to the age of 17, to count who was persistently absent, suspended, and left."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

import eswarn as ew
from benchmarks.calibration_measures import Told, rates
from benchmarks.register_grid import Flags, grid

START, YEARS = 2018, 7
COHORTS = (2018, 2019)  # in Years 13 and 12 at the end of 2024
END = np.datetime64("2024-12-31")


def leaving(records: ew.Records) -> Told:
    """Table 8, from seven school years of records."""
    names = sorted(records.table("enrolment")["pupil_id"].unique().to_pylist())
    place = {name: number for number, name in enumerate(names)}
    away, began, sen, vulnerable = _schooldays(records, place)
    table = records.table("suspensions")
    suspended = _whose(table.filter(pc.equal(table["kind"].cast("string"), "suspension")), place)
    followed = np.isin(began, COHORTS)
    neet, unknown = (_gone_to(records, place, destination) for destination in ("neet", "unknown"))
    told = {"NEET": _share(neet[followed]), "not known": _share(unknown[followed])}
    told = {f"aged 16 to 17: {name}": value for name, value in (told | {"both": sum(told.values())}).items()}
    groups = {"no SEN": sen == 0, "SEN support": sen == 1, "EHCP": sen == 2, "vulnerable groups": vulnerable}
    told |= {f"aged 16 to 17, both: {name}": _share((neet | unknown)[followed & group]) for name, group in groups.items()}
    told["vulnerable groups, share"] = _share(vulnerable[followed])
    first = began[followed] - START
    always = np.take_along_axis(away[followed], first[:, None] + np.arange(5), axis=1).all(axis=1)
    told["PA in Years 7 to 11"] = _share(always)
    told["risk ratio of NEET, PA in Years 7 to 11"] = _ratio(neet[followed], always)  # against everybody else
    told["risk ratio of NEET, ever suspended"] = _ratio(neet[followed], suspended[followed])
    told["ever suspended, Years 7 to 11"] = _share(suspended[followed & (began == COHORTS[0])])
    return told


def _schooldays(records: ew.Records, place: dict[str, int]) -> tuple[Flags, NDArray[np.int64], NDArray[np.int64], Flags]:
    """Persistently absent ``[pupil, year]``; the year Year 7 began for those seen in it; support; vulnerable."""
    away = np.zeros((len(place), YEARS), dtype=np.bool_)
    began, sen = np.full(len(place), -1), np.zeros(len(place), dtype=np.int64)
    words = records.table("attendance")["pupil_id"].combine_chunks().dictionary.to_pylist()
    number = np.array([place[word] for word in words])
    for k in range(YEARS):
        year = grid(records, START + k)
        counted, who = year.possible.any(axis=(1, 2)), number[year.pupil]
        away[who[counted & (rates(year) >= 0.10 - 1e-12)], k] = True
        began[who[year.group == 7]] = START + k
        np.maximum.at(sen, who, year.sen)
    context = records.table("context").sort_by("valid_from")
    facts = [context[name].fill_null(False).to_numpy(zero_copy_only=False) for name in ("cla", "previously_looked_after", "cpp")]
    vulnerable = np.zeros(len(place), dtype=np.bool_)  # by the latest row
    vulnerable[np.array([place[name] for name in context["pupil_id"].to_pylist()])] = np.logical_or.reduce(facts)
    return away, began, sen, vulnerable


def _gone_to(records: ew.Records, place: dict[str, int], destination: str) -> Flags:
    """Whose last departure by the end of 2024 led there; nobody is followed further."""
    table = records.table("outcomes").sort_by("left_on")
    table = table.filter(pc.less_equal(table["left_on"], END.item()))
    flags = np.zeros(len(place), dtype=np.bool_)
    for name, where in zip(table["pupil_id"].to_pylist(), table["destination"].to_pylist(), strict=True):
        flags[place[name]] = where == destination
    return flags


def _whose(table: pa.Table, place: dict[str, int]) -> Flags:
    flags = np.zeros(len(place), dtype=np.bool_)
    flags[[place[name] for name in table["pupil_id"].to_pylist()]] = True
    return flags


def _share(flags: Flags) -> float:
    return float(flags.mean() * 100)


def _ratio(hit: Flags, group: Flags) -> float:
    return float(hit[group].mean() / hit[~group].mean())
