"""What a person reads about a census file or a Common Transfer File: where, what, what to do, and never a pupil's value."""

from __future__ import annotations

import io
import traceback
from pathlib import Path

import pytest

from eswarn.records.ledger import FileRefused
from tests.unit.records.dfe_files import SHAPE_A, lines, pupil, read_census, read_ctf, shape_a, transfer, year_data

CANARY = "Zq7canary"
WEEK = "/\\" * 5
ROW = shape_a(100, I=1)

CENSUS = {
    "a count": lines(SHAPE_A, ROW, shape_a(100, I=CANARY)),
    "counts": lines(SHAPE_A, *[shape_a(100, I=CANARY, number=i) for i in range(20)]),
    "possible sessions": lines(SHAPE_A, *[shape_a(CANARY, number=i) for i in range(20)]),
    "a negative count": lines(SHAPE_A, shape_a(100, I=-77553311)),
    "a fraction": lines(SHAPE_A, shape_a(100, I="77553311.5")),
    "too many": lines(SHAPE_A, *[shape_a(77553, I=77554, number=i) for i in range(20)]),
    "names": lines(SHAPE_A, ROW.replace("Sur", CANARY).replace("2012-01-01", CANARY)),
    "an entry date": lines(SHAPE_A, *[ROW.replace("2019-09-01", CANARY).replace("p0001", f"p{i}") for i in range(20)]),
    "a status": lines(SHAPE_A, *[ROW.replace(",C,", f",{CANARY},").replace("p0001", f"p{i}") for i in range(20)]),
    "a supplied total": lines(SHAPE_A, shape_a(100, said=(77553311, CANARY), I=2)),
    "a ragged row": lines(SHAPE_A, ROW, f"{CANARY},{CANARY}"),
    "a stray quote": lines(SHAPE_A, f'{CANARY}"x{ROW}'),
    "a title": lines(CANARY, SHAPE_A, ROW),
}
TRANSFERS = {
    "marks": transfer(pupil("p1", year_data(CANARY, possible=9, attended=9))),
    "a start": transfer(pupil("p1", year_data(WEEK, CANARY, possible=9, attended=9))),
    "totals": transfer(pupil("p1", year_data(WEEK, possible=CANARY, attended=CANARY, authorised=CANARY))),
    "a date": transfer(pupil("p1", year_data(WEEK, possible=10, attended=10)), made=CANARY),
    "a UPN": transfer(pupil("A999999924001", year_data(WEEK, possible=10, attended=10))).replace("A9999999240", "A9999999240"),
    "a year group": transfer(*(pupil(f"p{i}", year_group=CANARY) for i in range(20))),
    "a sex": transfer(*(pupil(f"p{i}", sex=f"<Sex>{CANARY}</Sex>") for i in range(20))),
    "a version": transfer(pupil("p1"), version=CANARY),
    "two UPNs": transfer(pupil("p1").replace("</UPN>", f"</UPN><UPN>{CANARY}</UPN>")),
    "a name": transfer(pupil("p1").replace("Sur", CANARY)),
    "an element": transfer(pupil("p1")).replace("<Header>", f"<{CANARY}><Header>"),
    "an entity": transfer(pupil(f"&{CANARY};")),
    "a DTD": f"<!DOCTYPE {CANARY}><CTfile/>",
    "a root": f"<{CANARY}/>",
    "an instruction": f"<CTfile><?{CANARY} {CANARY}?></CTfile>",
    "an encoding": transfer(pupil("p1")).replace("UTF-8", CANARY),
}


def _told(folder: Path, text: str, *, census: bool) -> tuple[str, FileRefused | None]:
    """All that the account, a refusal and its traceback say."""
    try:
        found = read_census(folder, text) if census else read_ctf(folder, text)
    except FileRefused as error:
        out = io.StringIO()
        traceback.print_exception(error, file=out)
        chain = [error.__cause__, error.__context__]
        return f"{error!r} {error} {error.args} {vars(error)} {chain} {out.getvalue()}", error
    return "\n".join(f"{checked.ledger!r}" for checked in found.values()), None


def _says_all(error: FileRefused, file: str) -> None:
    first, *do = str(error).split("\n")
    assert first.startswith(file)
    assert ": " in first
    assert error.rule
    assert len(do) == 1
    assert do[0][0].isupper()
    assert do[0].endswith(".")


@pytest.mark.parametrize("harm", CENSUS)
def test_nothing_said_of_a_census_repeats_a_cell(tmp_path: Path, harm: str) -> None:
    told, error = _told(tmp_path, CENSUS[harm], census=True)
    assert "census.csv" in told
    for text in ("canary", "7755", "p0001", "Sur,"):
        assert text not in told.casefold()
    if error:
        _says_all(error, "census.csv")


@pytest.mark.parametrize("harm", TRANSFERS)
def test_nothing_said_of_a_transfer_repeats_a_cell(tmp_path: Path, harm: str) -> None:
    told, error = _told(tmp_path, TRANSFERS[harm], census=False)
    assert "999_ctf.xml" in told
    assert "canary" not in told.casefold()
    assert "A999999924001" not in told
    if error:
        _says_all(error, "999_ctf.xml")


def test_a_missing_term_gives_the_line_to_add(tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as refusal:
        read_census(tmp_path, lines(SHAPE_A, ROW), "")
    assert str(refusal.value) == (
        "census.csv: a census file does not say its term, nor does dataset.toml\n"
        'Add  "census.csv" = "autumn 2025"  under [terms] in dataset.toml: autumn, spring, summer 1 or summer 2, and the year.'
    )


def test_a_fraction_is_addressed_by_row_and_column(tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as refusal:
        read_census(tmp_path, CENSUS["a fraction"])
    assert str(refusal.value) == (
        'census.csv, row 2, column "T_Reason_I": a count of sessions below zero or with a fraction\n'
        "Export whole numbers of sessions; percentages and differences are not read."
    )


def test_a_dtd_is_said_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as refusal:
        read_ctf(tmp_path, "\n<!DOCTYPE CTfile>\n<CTfile/>")
    assert str(refusal.value) == (
        "999_ctf.xml, line 2: it contains a DTD; files with a DTD are not read\nExport the file again where it came from."
    )


def test_marks_turned_away_say_why_and_that_the_totals_are_kept(tmp_path: Path) -> None:
    found = read_ctf(tmp_path, transfer(pupil("p1", year_data(WEEK, possible=9, attended=9, authorised=0, unauthorised=0))))
    (rejection,) = found["attendance"].ledger.rejections
    assert rejection.what == "the marks give other sessions possible and attended than the totals, in a week of 5 days and of 7"
    assert rejection.do == "Nothing to do but to ask the sender; the totals of the year are kept."
