"""What no single file can tell: marks outside the time on roll, and days that have not come."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from eswarn.records import check, read
from eswarn.records.notes import notes
from tests.unit.records.exports import DAYS, HEADER, marks, put

STAYS = "pupil_id,school_id,entered_on,left_on,recorded_on\n"


def _outside(folder: Path, enrolment: str, attendance: str | None = None) -> str:
    put(folder, attendance=attendance or marks(2), enrolment=STAYS + enrolment)
    return next((note for note in check(folder).notes if note.startswith("outside_enrolment")), "")


def test_marks_before_entry_and_after_leaving_are_counted_by_school_and_kept(tmp_path: Path) -> None:
    note = _outside(tmp_path, f"P000,9990001,{DAYS[2]},{DAYS[7]},\n")
    assert note == (
        "outside_enrolment: 8 marks before entry or after leaving (8 at school 9990001), kept as they stand; "
        "correct the dates of the enrolment table, or take those marks out of the export"
    )
    assert read(tmp_path).table("attendance").num_rows == 40


@pytest.mark.parametrize(
    "enrolment",
    [
        f"P000,9990001,{DAYS[0]},{DAYS[-1]},\n",  # both ends are days on roll
        f"P000,9990001,{DAYS[0]},,\n",  # still there
        f"P000,9990001,{DAYS[0]},{DAYS[4]},\nP000,9990001,{DAYS[5]},,\n",  # came back
        f"P000,9990001,{DAYS[0]},{DAYS[4]},{DAYS[5]}\nP000,9990001,{DAYS[0]},,{DAYS[8]}\n",  # corrected: did not leave
        f"P000,9990002,{DAYS[0]},{DAYS[4]},\n",  # another school: of this one nothing is said
        f"P999,9990001,{DAYS[0]},{DAYS[4]},\n",  # another pupil
    ],
)
def test_marks_within_a_stay_or_without_one_are_not_counted(tmp_path: Path, enrolment: str) -> None:
    assert _outside(tmp_path, enrolment) == ""


def test_a_gap_in_the_register_and_a_pupil_yet_to_come_are_not_outside(tmp_path: Path) -> None:
    rows = "".join(f"P000,9990001,{day},AM,{code}\n" for day, code in zip(DAYS, "-#Z/", strict=False))
    assert _outside(tmp_path, f"P000,9990001,{DAYS[3]},,\n", f"{HEADER}\n{rows}") == ""


def test_the_count_is_that_of_a_slow_and_plain_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    stays = [
        (f"P{p}", f"S{s}", *sorted(rng.choice(DAYS, 2, replace=False))) for p in range(12) for s in range(3) for _ in range(rng.integers(3))
    ]
    stays = list({stay[:3]: stay for stay in stays}.values())
    seen = [(f"P{p}", f"S{s}", day) for p in range(12) for s in range(3) for day in DAYS]
    known = {stay[:2] for stay in stays}
    outside = [m for m in seen if m[:2] in known and not any(stay[:2] == m[:2] and stay[2] <= m[2] <= stay[3] for stay in stays)]
    rows = "".join(f"{p},{s},{day},AM,/\n" for p, s, day in seen)
    note = _outside(tmp_path, "".join(",".join(stay) + ",\n" for stay in stays), f"{HEADER}\n{rows}")
    assert f": {len(outside)} marks" in note
    assert len(outside) > 50


def test_many_schools_are_summed_up(tmp_path: Path) -> None:
    rows = "".join(f"P1,S{s},2024-09-02,AM,/\n" for s in range(8))
    note = _outside(tmp_path, "".join(f"P1,S{s},2024-09-03,,\n" for s in range(8)), f"{HEADER}\n{rows}")
    assert "8 marks" in note
    assert note.count("at school") == 5
    assert "and at 3 more schools" in note


def test_a_follow_up_that_has_not_happened_yet_is_noted(tmp_path: Path) -> None:
    outcomes = "pupil_id,school_id,left_on,destination\nP000,9990001,2025-07-20,neet\n"
    put(tmp_path, attendance=marks(), outcomes=outcomes, dataset__toml="[observed_to]\noutcomes = 2025-08-01\n")
    records = read(tmp_path)
    told = {day: notes(records.tables, records.facts, today=dt.date.fromisoformat(day)) for day in ("2025-07-31", "2025-08-01")}
    assert told["2025-08-01"] == []
    assert told["2025-07-31"] == [
        "outcomes: [observed_to] in dataset.toml says 2025-08-01, a day that has not come and no record reaches; "
        "nobody can have followed anything up so far: correct it to the day of the export"
    ]
    put(tmp_path, outcomes=outcomes.replace("2025-07-20", "2025-08-01"))
    assert notes(read(tmp_path).tables, records.facts, today=dt.date(2025, 7, 31)) == []


def test_the_names_of_numbers_are_listed_and_a_name_that_may_be_a_persons_is_not(tmp_path: Path) -> None:
    rows = [f"P{i:03},9990001,{DAYS[0]},reading_age,{i + 8}" for i in range(12)]
    rows += [f"P{i:03},9990001,{DAYS[0]},cat4,100" for i in range(5)]
    rows += [f"P{i:03},9990001,{DAYS[1]},Qx1 Qx2,1" for i in range(8)]  # no label
    rows += [f"P000,9990001,{day},Qxsmith,1" for day in DAYS[:8]]  # one pupil's
    put(tmp_path, attendance=marks(12), extra="pupil_id,school_id,date,name,value\n" + "\n".join(rows) + "\n")
    said = [note for note in check(tmp_path).notes if note.startswith("extra holds")]
    assert said == ["extra holds: reading_age (12 rows), cat4 (5 rows), 2 other names; a feature asks for one with latest_extra(name)"]


def test_no_more_than_ten_names_of_numbers_are_listed(tmp_path: Path) -> None:
    rows = [f"P{i:03},9990001,{DAYS[0]},n{chr(97 + k)},1" for k in range(14) for i in range(5)]
    put(tmp_path, attendance=marks(5), extra="pupil_id,school_id,date,name,value\n" + "\n".join(rows) + "\n")
    said = next(note for note in check(tmp_path).notes if note.startswith("extra holds"))
    assert said.count("rows)") == 10
    assert "4 other names" in said
