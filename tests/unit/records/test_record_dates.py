"""Dates of a file: one order, declared or proved, never guessed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from eswarn.records.dates import Dates, read_dates
from eswarn.records.ledger import FileRefused
from eswarn.records.readers.raw import Cells


def _cells(*texts: str) -> Cells:
    return Cells.of("Date", pa.chunked_array([pa.array(texts).dictionary_encode()]))


def _where(name: str, texts: list[int]) -> str:
    return f"{name} {texts}"


def _read(*texts: str, order: str | None = None, name: str = "date", **more: Cells) -> Dates:
    return read_dates({name: _cells(*texts), **more}, order=order, timed=frozenset({"recorded_on"}), where=_where)[name]


@pytest.mark.parametrize(
    ("texts", "iso"),
    [
        (["2024-09-03", "2024-9-4", "2024/09/05", ""], ["2024-09-03", "2024-09-04", "2024-09-05", ""]),
        (["13/09/2024", "03/04/2024"], ["2024-09-13", "2024-04-03"]),
        (["09/13/2024", "03/04/2024"], ["2024-09-13", "2024-03-04"]),
        (["13.9.2024", "3-4-2024"], ["2024-09-13", "2024-04-03"]),
        (["05/05/2024", "06/06/2024"], ["2024-05-05", "2024-06-06"]),
        (["45538", "45539.0"], ["2024-09-03", "2024-09-04"]),
        (
            ["3 Sep 2024", "04 September 2024", "5-Sept-2024", "Sep 6, 2024", "Mon 09 Sep 2024", "1/may/2024"],
            ["2024-09-03", "2024-09-04", "2024-09-05", "2024-09-06", "2024-09-09", "2024-05-01"],
        ),
        (["2024-09-03 00:00:00", "2024-09-04T00:00"], ["2024-09-03", "2024-09-04"]),
        (["2024-02-30", "0000-00-00"], ["2024-02-30", "0000-00-00"]),  # the row model says that there is no such day
    ],
)
def test_dates_are_read_in_the_one_way_they_can_be(texts: list[str], iso: list[str]) -> None:
    assert _read(*texts) == Dates(tuple(iso), ("",) * len(texts), _read(*texts).note)


def test_a_number_above_12_in_any_date_column_proves_the_order_for_all() -> None:
    assert _read("03/04/2024", recorded_on=_cells("25/04/2024")).iso == ("2024-04-03",)
    assert _read("03/04/2024", recorded_on=_cells("04/25/2024")).iso == ("2024-03-04",)


@pytest.mark.parametrize(("order", "iso"), [("dmy", "2024-04-03"), ("mdy", "2024-03-04")])
def test_a_declared_order_decides_and_what_does_not_fit_it_is_bad(order: str, iso: str) -> None:
    found = _read("03/04/2024", order=order)
    assert (found.iso, found.rules) == ((iso,), ("",))
    assert _read("03/04/2024", order="ymd").rules == ("bad_date",)


def test_dates_readable_both_ways_are_refused_with_the_line_to_add() -> None:
    assert _read("45/67/2024", "05/05/2024").iso == ("2024-67-45", "2024-05-05")  # fits neither way: no doubt, and no day
    with pytest.raises(FileRefused, match="readable both ways") as refusal:
        _read("03/04/2024", "05/05/2024", "01/02/2024")
    assert (refusal.value.rule, refusal.value.where) == ("ambiguous_date", "date [0, 2]")
    assert 'order = "dmy"' in refusal.value.do
    assert "[dates]" in refusal.value.do


@pytest.mark.parametrize(
    ("texts", "where"),
    [
        (["13/09/2024", "09/13/2024"], "date [0, 1]"),
        (["2024-09-03", "2024-09-04", "13/09/2024"], "date [2]"),
        (["45538", "13/09/2024"], "date [1]"),
    ],
)
def test_a_file_written_in_two_ways_is_refused(texts: list[str], where: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        _read(*texts)
    assert (refusal.value.rule, refusal.value.where) == ("mixed_dates", where)


def test_one_odd_date_among_many_is_rejected_alone_and_proves_nothing() -> None:
    many = [f"2024-09-{day:02d}" for day in range(1, 31)]
    assert _read(*many, "13/09/2024").rules == ("",) * 30 + ("mixed_dates",)
    with pytest.raises(FileRefused, match="readable both ways"):
        _read(*many, "13/09/2024", recorded_on=_cells("01/02/2024"))


@pytest.mark.parametrize(
    "text",
    ["3 Foo 2024", "Sep 2024", "20240903", "2024-09", "today", "2024-09/03", "2024-09-03Z", "\uff12\uff10\uff12\uff14-09-03", "1/2/3"],
)
def test_anything_else_is_no_date(text: str) -> None:
    assert _read(text).rules == ("bad_date",)


@pytest.mark.parametrize("text", ["2024-09-03 08:45", "13/09/2024 08:45:00", "45538.364"])
def test_a_time_of_day_is_dropped_only_where_a_time_is_usual(text: str) -> None:
    assert _read(text).rules == ("time_of_day",)
    read = _read(text, name="recorded_on")
    assert read.rules == ("",)
    assert read.iso[0][:7] == "2024-09"
    assert "the time of day was dropped from 1 date" in read.note


def test_serial_numbers_are_reported_with_their_count() -> None:
    assert read_dates({"date": _cells("45538", "45538", "45539")}, order=None, timed=frozenset(), where=_where)["date"].note == (
        '3 spreadsheet serial numbers in column "Date" read as dates'
    )
    assert np.array(["2024-09-03"], "datetime64[D]").astype(int)[0] - np.array(["1899-12-30"], "datetime64[D]").astype(int)[0] == 45538


@pytest.mark.parametrize("text", ["03/09/24", "3-Sep-24", "3 Sep 24", "3.9.24"])
def test_a_year_of_two_digits_has_a_rule_of_its_own(text: str) -> None:
    assert _read(text).rules == ("two_digit_year",)


def test_dates_with_the_month_as_a_word_are_not_mixed_with_others() -> None:
    with pytest.raises(FileRefused, match="with the month as a word") as refusal:
        _read("3 Sep 2024", "13/09/2024")
    assert refusal.value.rule == "mixed_dates"
    assert _read("3 Sep 2024", order="mdy").iso == ("2024-09-03",)
