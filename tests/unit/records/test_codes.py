"""Register codes: what each means, by the date of the mark."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import numpy as np
import pyarrow.csv
import pytest

from eswarn.errors import UsageError
from eswarn.records.codes import ABSENT, MARKED, POSSIBLE, code_table

# Written out by hand from SI 2024/208 regulation 10 and the DfE's totals; shares nothing with the data file.
OLD = dict.fromkeys("/\\L", "attended") | dict.fromkeys("BPVWJ", "approved") | dict.fromkeys("CEIMRSTHF", "authorised")
OLD |= dict.fromkeys("GNOU", "unauthorised") | dict.fromkeys("DXY", "not_possible") | dict.fromkeys("Z#", "administrative")
NEW = {code: category for code, category in OLD.items() if code not in "HJYF"}
NEW |= {"K": "approved", "C1": "authorised", "C2": "authorised", "J1": "authorised", "Q": "not_possible"}
NEW |= {f"Y{n}": "not_possible" for n in range(1, 8)}
LAST_OLD, FIRST_NEW = dt.date(2024, 8, 18), dt.date(2024, 8, 19)


def _look(code: str, day: dt.date) -> tuple[str, bool, bool]:
    """Category, whether unknown, whether not in force."""
    table = code_table()
    found = table.lookup([code], np.zeros(1, np.int32), np.array([(day - dt.date(1970, 1, 1)).days], np.int32))
    return table.rows[found.ids[0]].category, bool(found.unknown[0]), bool(found.not_valid_on_date[0])


@pytest.mark.parametrize(("day", "expected"), [(dt.date(2015, 1, 5), OLD), (LAST_OLD, OLD), (FIRST_NEW, NEW), (dt.date(2026, 2, 9), NEW)])
def test_every_code_has_the_category_of_the_day(day: dt.date, expected: dict[str, str]) -> None:
    assert {code: _look(code, day) for code in expected} == {code: (category, False, False) for code, category in expected.items()}
    in_force = {row.code for row in code_table().rows if row.valid_from <= day <= row.valid_to} - {"-"}
    assert in_force == set(expected)


@pytest.mark.parametrize("code", sorted((OLD.keys() | NEW.keys()) - (OLD.keys() & NEW.keys())))
def test_a_code_of_the_other_era_keeps_its_meaning_and_is_flagged(code: str) -> None:
    wrong_day = LAST_OLD if code in NEW else FIRST_NEW
    assert _look(code, wrong_day) == ((OLD | NEW)[code], False, True)


@pytest.mark.parametrize("code", ["I02", "i", "A", "//", "C3"])
def test_a_code_of_no_era_is_unknown_and_means_no_mark(code: str) -> None:
    assert _look(code, FIRST_NEW) == ("none", True, False)


@pytest.mark.parametrize("code", ["-", ""])
def test_no_mark_is_meaning_0_in_both_eras(code: str) -> None:
    assert _look(code, LAST_OLD) == _look(code, FIRST_NEW) == ("none", False, False)
    assert code_table().rows[0].code == "-"


def test_many_marks_are_looked_up_at_once() -> None:
    table = code_table()
    days = np.array([19_953, 19_954, 19_953, 19_954], np.int32)  # 18 and 19 August 2024, twice
    found = table.lookup(["J", "I"], np.array([0, 0, 1, 1]), days)
    assert found.ids.dtype == np.uint8
    assert [table.rows[i].meaning for i in found.ids] == ["interview", "interview", "illness", "illness"]
    assert found.ids[0] == found.ids[1]
    assert found.ids[2] != found.ids[3]
    assert found.not_valid_on_date.tolist() == [False, True, False, False]


SETS = {
    "attended": {"/", "\\", "L", "B", "P", "V", "W", "J", "K"},
    "late": {"L", "U"},
    "absent": set("CEIMRSTHFGNOU") | {"C1", "C2", "J1"},
    "authorised": set("CEIMRSTHF") | {"C1", "C2", "J1"},
    "unauthorised": set("GNOU"),
    "illness": {"I"},
    "no_reason_yet": {"N"},
    "code:Y7": {"Y7"},
}
SETS["possible"] = SETS["attended"] | SETS["absent"]
SETS["marked"] = (OLD.keys() | NEW.keys()) - {"Z", "#"}


@pytest.mark.parametrize("name", SETS)
def test_a_set_of_marks_holds_these_codes_and_no_others(name: str) -> None:
    belongs = code_table().members(name)
    assert belongs.shape == (256,)
    assert belongs.dtype == np.bool_
    assert {row.code for i, row in enumerate(code_table().rows) if belongs[i]} == SETS[name]
    assert not belongs[0]
    assert not belongs[len(code_table().rows) :].any()


def test_a_possible_session_is_attended_or_absent_and_never_both() -> None:
    table = code_table()
    attended, absent, possible = table.members("attended"), table.members(ABSENT), table.members(POSSIBLE)
    assert (possible == (attended | absent)).all()
    assert not (attended & absent).any()
    assert (possible <= table.members(MARKED)).all()


@pytest.mark.parametrize(("name", "hint"), [("abscent", 'Did you mean "absent"?'), ("code:Y9", "Did you mean")])
def test_an_unknown_set_or_code_is_refused_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match="there is no") as refusal:
        code_table().members(name)
    assert hint in refusal.value.do


def test_x_counted_as_absence_would_make_persistent_absence_three_times_as_common() -> None:
    """In miniature what happened to the national figure of 2020/21: 13.0 % became 44.6 %."""
    table, rng = code_table(), np.random.default_rng(3)
    codes = ["/", "I", "X"]
    pupils, sessions = 400, 300
    index = rng.choice(3, (pupils, sessions), p=[0.95, 0.05, 0.0])
    index[:40, :45] = 1  # one in ten is ill for 15 % of the year
    index[40:200, -60:] = 2  # four in ten were sent home to isolate
    meanings = table.lookup(codes, index.ravel(), np.full(index.size, 18_600)).ids.reshape(index.shape)
    absent, possible = table.members("absent")[meanings].sum(axis=1), table.members("possible")[meanings].sum(axis=1)
    wrong = absent + (meanings == table.lookup(["X"], np.zeros(1, int), np.array([18_600])).ids[0]).sum(axis=1)
    assert np.mean(absent / possible >= 0.1) == pytest.approx(0.1, abs=0.01)
    assert np.mean(wrong / sessions >= 0.1) == pytest.approx(0.5, abs=0.01)


def test_the_national_totals_of_2022_follow_from_the_table(data_dir: Path) -> None:
    """The DfE's own totals of each day and region are the sums over our sets of its counts by code."""
    options = pyarrow.csv.ConvertOptions(null_values=["z", "c", ""], strings_can_be_null=True)
    with gzip.open(data_dir / "dfe" / "EES_daily_data.csv.gz") as file:
        daily = pyarrow.csv.read_csv(file, convert_options=options).to_pylist()
    columns = {name[7].upper(): name for name in daily[0] if name.startswith("reason_") and name[8] == "_"}
    columns["/"] = "reason_present"
    ids = code_table().lookup(list(columns), np.arange(len(columns)), np.full(len(columns), 19_247)).ids
    for name, total, leeway in (
        ("attended", "overall_attendance", 0),
        ("unauthorised", "unauthorised_absence", 0),
        ("authorised", "authorised_absence", 2e-3),
    ):
        members = [code for code, i in zip(columns, ids, strict=True) if code_table().members(name)[i]]
        # This file, unlike the census, counts X as authorised (daily file of September 2022): we do not.
        more = [columns["X"]] if name == "authorised" else []
        for row in daily:
            ours = sum(row[columns[code]] or 0 for code in members) + sum(row[column] or 0 for column in more)
            assert ours == pytest.approx(row[total], rel=leeway, abs=0), (name, row["attendance_date"])
