"""Strings of marks put straight into a grid are the strings laid out as rows: the same account, the same marks on any date."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eswarn
from eswarn.errors import InputRefused
from eswarn.records import stream_strings as streaming
from eswarn.records.ledger import Ledger
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline
from tests.property.test_streamed_register import marks

MONDAY = dt.date(2024, 8, 5)
WEEK = "/\\/\\/\\OO/\\"  # proves weeks of five days, ten characters from Monday on
signs = st.text(alphabet="//\\LION-# DJ", min_size=0, max_size=14)
row = st.fixed_dictionaries(
    {
        "pupil_id": st.sampled_from(["P1", "P2", "P3"]), "school_id": st.sampled_from(["S1", "S2"]),
        "start_date": st.integers(0, 60).map(lambda n: (MONDAY + dt.timedelta(days=n)).isoformat()), "marks": signs,
    }
)  # fmt: skip


def read(rows: list[dict[str, str]], *, streamed: bool) -> Records | Ledger:
    """The records of a folder with these strings; where a file cannot be used, its account alone."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "STREAMED_FROM", 1 if streamed else 10**9)
        pq.write_table(pa.Table.from_pylist(rows), Path(folder) / "register.parquet")
        try:
            return eswarn.read(folder)
        except InputRefused:
            return eswarn.check(folder)


def compare(rows: list[dict[str, str]]) -> Records | None:
    whole, other = read(rows, streamed=False), read(rows, streamed=True)
    if isinstance(whole, Ledger) or isinstance(other, Ledger):
        assert whole == other
        return None
    assert other.streamed is not None or other.ledger == whole.ledger
    counts = [[(f.rows, f.accepted, f.merged, f.rejections) for f in records.ledger.files] for records in (whole, other)]
    assert counts[0] == counts[1]
    for n in (0, 3, 8, 15, 40, 400):
        assert marks(Timeline(whole), MONDAY + dt.timedelta(days=n)) == marks(Timeline(other), MONDAY + dt.timedelta(days=n))
    return other


@given(st.lists(row, min_size=1, max_size=8), st.booleans())
def test_both_ways_give_the_same(rows: list[dict[str, str]], proved: bool) -> None:
    proof = {"pupil_id": "Q9", "school_id": "S1", "start_date": MONDAY.isoformat(), "marks": WEEK * 6}
    compare([*rows, proof] if proved else rows)


def test_strings_go_straight_into_the_grid_over_both_code_eras() -> None:
    rows = [{"pupil_id": f"P{i}", "school_id": "S1", "start_date": "2024-08-05", "marks": WEEK * 40} for i in range(30)]
    records = compare(rows)
    assert records is not None
    assert records.streamed is not None
    assert records.ledger.files[0].accepted == 30 * 400


def test_two_strings_of_a_pupil_that_overlap_are_looked_at_mark_by_mark() -> None:
    rows = [{"pupil_id": "P1", "school_id": "S1", "start_date": start, "marks": WEEK * 4} for start in ("2024-09-02", "2024-09-09")]
    records = compare(rows)
    assert records is not None
    assert records.streamed is None
    assert records.ledger.files[0].merged == 30
