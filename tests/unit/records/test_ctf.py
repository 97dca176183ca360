"""The Common Transfer File: streamed, never trusting the XML, marks dated only where the file's own totals prove the dates."""

from __future__ import annotations

import datetime as dt
import time
import tracemalloc
from pathlib import Path

import pytest

from eswarn.config import DatasetFacts
from eswarn.records.ledger import FileRefused
from eswarn.records.readers import ctf
from eswarn.records.readers.ctf_xml import pupils
from eswarn.records.readers.peek import peek
from tests.unit.records.dfe_files import pupil, read_ctf, rows_of, transfer, year_data

WEEK = "/\\" * 5
TOTALS = ("starts_on", "ends_on", "possible", "authorised", "unauthorised", "recorded_on")


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _rejected(folder: Path, *years: str, upn: str = "p1", **facts: object) -> tuple[str, int, int]:
    """Rule and number of the marks turned away, and rows of totals kept instead."""
    found = read_ctf(folder, transfer(pupil(upn, *years)), **facts)
    (rejection,) = found["attendance"].ledger.rejections
    assert found["attendance"].table.num_rows == 0
    assert rejection.first == (1,)
    return rejection.rule, rejection.rows, found["term_totals"].table.num_rows


def test_a_week_of_five_days(tmp_path: Path) -> None:
    marks = "/\\I I/\\O\\".replace(" ", "") + "/\\" * 6  # Monday 1 September 2025 to Wednesday 10
    found = read_ctf(tmp_path, transfer(pupil("p1", year_data(marks, possible=20, attended=17))))
    rows = rows_of(found["attendance"], "date", "session", "code")
    assert len(rows) == 20
    assert rows[2:4] == [(_day("2025-09-02"), "AM", "I"), (_day("2025-09-02"), "PM", "I")]
    assert rows[10] == (_day("2025-09-08"), "AM", "/")
    assert rows[-1] == (_day("2025-09-12"), "PM", "\\")
    assert set(rows_of(found["attendance"], "pupil_id", "school_id", "recorded_on")) == {("p1", "9994001", _day("2025-12-01"))}
    assert "term_totals" not in found


def test_a_week_of_seven_days_by_weekends_that_are_shut(tmp_path: Path) -> None:
    marks = (WEEK + "####") * 3
    found = read_ctf(tmp_path, transfer(pupil("p1", year_data(marks, possible=30, attended=30))))
    days = sorted({row[0] for row in rows_of(found["attendance"], "date")})
    assert len(days) == 15
    assert days[-1] == _day("2025-09-19")
    assert all(day.weekday() < 5 for day in days)


def test_a_week_of_seven_days_by_the_day_the_file_was_made(tmp_path: Path) -> None:
    """One weekend proves little, but in a week of five days the pupil would have attended after the file was made."""
    text = transfer(pupil("p1", year_data(WEEK + "    " + WEEK, possible=20, attended=20)), made="2025-09-12T16:00:00")
    found = read_ctf(tmp_path, text)
    assert max(rows_of(found["attendance"], "date")) == (_day("2025-09-12"),)


def test_a_week_of_seven_days_by_the_end_of_the_school_year(tmp_path: Path) -> None:
    text = transfer(pupil("p1", year_data(WEEK + "    " + "/\\" * 4, "2025-07-21", possible=18, attended=18)))
    assert max(rows_of(read_ctf(tmp_path, text)["attendance"], "date")) == (_day("2025-07-31"),)


def test_a_year_may_start_in_the_middle_of_a_week(tmp_path: Path) -> None:
    text = transfer(pupil("p1", year_data("/\\" * 4, "2025-09-04", possible=8, attended=8)))
    days = [str(row[0]) for row in rows_of(read_ctf(tmp_path, text)["attendance"], "date")][::2]
    assert days == ["2025-09-04", "2025-09-05", "2025-09-08", "2025-09-09"]


def test_a_week_that_starts_at_a_weekend_has_seven_days(tmp_path: Path) -> None:
    found = read_ctf(tmp_path, transfer(pupil("p1", year_data("####" + WEEK, "2025-09-06", possible=10, attended=10))))
    assert sorted({str(row[0]) for row in rows_of(found["attendance"], "date")}) == [f"2025-09-{day:02d}" for day in range(8, 13)]


def test_runs_that_overlap_are_a_disagreement(tmp_path: Path) -> None:
    run = f"<AttendSessions><AttendanceStartDate>2025-09-01</AttendanceStartDate><AttendanceMarks>{WEEK}</AttendanceMarks></AttendSessions>"
    year = year_data(WEEK, possible=20, attended=20, authorised=0, unauthorised=0).replace("</YearData>", f"{run}</YearData>")
    assert _rejected(tmp_path, year) == ("totals_do_not_match", 20, 1)


def test_two_weeks_that_fit_with_the_same_marks_are_one(tmp_path: Path) -> None:
    text = transfer(pupil("p1", year_data(WEEK + "####", possible=10, attended=10)))
    assert read_ctf(tmp_path, text)["attendance"].table.num_rows == 10


def test_two_weeks_that_fit_with_other_marks_reject_the_pupil(tmp_path: Path) -> None:
    year = year_data(WEEK + "####" + WEEK, possible=20, attended=20, authorised=0, unauthorised=0)
    assert _rejected(tmp_path, year) == ("wrong_shape", 24, 1)


def test_a_holiday_that_covers_weekends_is_no_proof_of_seven_days(tmp_path: Path) -> None:
    """Five days a week: a week of school, two of holiday, four days of school."""
    marks = WEEK + "#" * 20 + "/\\" * 4
    year = year_data(marks, "2025-12-15", possible=18, attended=18, authorised=0, unauthorised=0)
    assert _rejected(tmp_path, year)[0] == "totals_do_not_match"  # the file of 1 December cannot hold them
    found = read_ctf(tmp_path, transfer(pupil("p1", year), made="2026-03-01T00:00:00"))
    assert [r.rule for r in found["attendance"].ledger.rejections] == ["wrong_shape"]


def test_marks_that_disagree_with_the_totals_are_rejected_and_the_totals_kept(tmp_path: Path) -> None:
    year = year_data(WEEK, possible=10, attended=9, authorised=1, unauthorised=0)
    found = read_ctf(tmp_path, transfer(pupil("p1", year), pupil("p2", year_data(WEEK, possible=10, attended=10))))
    (rejection,) = found["attendance"].ledger.rejections
    assert (rejection.rule, rejection.rows, rejection.first) == ("totals_do_not_match", 10, (1,))
    assert found["attendance"].ledger.accepted == 10
    assert rows_of(found["term_totals"], *TOTALS) == [(_day("2025-09-01"), _day("2025-12-01"), 10, 1, 0, _day("2025-12-01"))]


def test_no_possible_session_with_marks_is_a_disagreement(tmp_path: Path) -> None:
    assert _rejected(tmp_path, year_data(WEEK, possible=0, attended=0, authorised=0, unauthorised=0)) == ("totals_do_not_match", 10, 1)


@pytest.mark.parametrize("code", ["C1", "Y4", "J1"])
def test_two_character_codes_rely_on_totals(tmp_path: Path, code: str) -> None:
    year = year_data(code + "/\\" * 4, possible=8, attended=8, authorised=0, unauthorised=0)
    assert _rejected(tmp_path, year) == ("unknown_code", 10, 1)


def test_an_unknown_sign_is_named_and_a_mapped_one_read(tmp_path: Path) -> None:
    year = year_data("+\\" + "/\\" * 4, possible=10, attended=9, authorised=1, unauthorised=0)
    assert _rejected(tmp_path, year) == ("unknown_code", 10, 1)
    found = read_ctf(tmp_path, transfer(pupil("p1", year)), codes={"map": {"+": "I"}})
    assert rows_of(found["attendance"], "code", "source_code")[:2] == [("I", "+"), ("\\", None)]


def test_marks_may_run_over_the_day_on_which_the_codes_changed(tmp_path: Path) -> None:
    """H until Friday 16 August 2024, K from Monday 19: both in force on their day."""
    year = year_data("HH/\\H\\KKKK", "2024-08-14", possible=10, attended=7)
    found = read_ctf(tmp_path, transfer(pupil("p1", year)))["attendance"]
    assert rows_of(found, "date", "code")[5:7] == [(_day("2024-08-16"), "\\"), (_day("2024-08-19"), "K")]
    assert "not in force" not in " ".join(found.ledger.notes)


def test_a_retired_code_keeps_its_meaning(tmp_path: Path) -> None:
    found = read_ctf(tmp_path, transfer(pupil("p1", year_data("HH/\\/\\YY/\\", "2024-08-19", possible=8, attended=6))))
    assert "not in force on the day (H, Y)" in " ".join(found["attendance"].ledger.notes)


def test_absence_without_a_mark_is_no_row(tmp_path: Path) -> None:
    found = read_ctf(tmp_path, transfer(pupil("p1", year_data("- /\\" + "/\\" * 3, possible=8, attended=8))))
    assert found["attendance"].table.num_rows == 8
    assert rows_of(found["attendance"], "date")[0] == (_day("2025-09-02"),)


def test_marks_on_lines_of_their_own_and_of_odd_length_are_read(tmp_path: Path) -> None:
    year = year_data(f"\n      {WEEK}/\n    ", possible=11, attended=11)
    assert rows_of(read_ctf(tmp_path, transfer(pupil("p1", year)))["attendance"], "date", "session")[-1] == (_day("2025-09-08"), "AM")


def test_years_at_two_schools_and_runs_of_one_year(tmp_path: Path) -> None:
    two = year_data(WEEK, possible=20, attended=20).replace(
        "</YearData>",
        f"<AttendSessions><AttendanceStartDate>2025-09-15</AttendanceStartDate><AttendanceMarks>{WEEK}</AttendanceMarks></AttendSessions></YearData>",
    )
    other = year_data(WEEK, "2024-09-02", possible=10, attended=10, school=("999", "0042"))
    found = read_ctf(tmp_path, transfer(pupil("p1", two, other)))
    assert {row[0] for row in rows_of(found["attendance"], "school_id")} == {"9994001", "9990042"}
    assert found["attendance"].table.num_rows == 30


def test_totals_alone_are_a_row_and_end_with_the_school_year(tmp_path: Path) -> None:
    year = year_data("", "2024-09-02", possible=380, attended=360, authorised=15, unauthorised=5)
    found = read_ctf(tmp_path, transfer(pupil("p1", year)))
    assert "attendance" not in found
    assert rows_of(found["term_totals"], *TOTALS) == [(_day("2024-09-02"), _day("2025-07-31"), 380, 15, 5, _day("2025-12-01"))]


@pytest.mark.parametrize(
    ("year", "rule"),
    [
        (year_data("", "", possible=380, attended=360, authorised=15, unauthorised=5), "missing_value"),
        (year_data("", "2026-01-05", possible=380, attended=360, authorised=15, unauthorised=5), "ends_too_early"),
        (year_data("", possible=10, attended=9, authorised=2, unauthorised=0), "totals_do_not_match"),
        (year_data("", possible="ten", attended=9, authorised=2, unauthorised=0), "not_a_number"),
        (year_data("", possible=10, authorised=2), "missing_value"),
    ],
)
def test_totals_that_cannot_be_are_rejected(tmp_path: Path, year: str, rule: str) -> None:
    ledger = read_ctf(tmp_path, transfer(pupil("p1", year)))["term_totals"].ledger
    assert [(r.rule, r.rows) for r in ledger.rejections] == [(rule, 1)]


@pytest.mark.parametrize(
    "year", [year_data(WEEK, "1 September"), year_data(WEEK, "2025-02-30"), year_data(WEEK, "0001-01-01"), year_data(WEEK)]
)
def test_marks_without_a_start_or_totals_are_rejected(tmp_path: Path, year: str) -> None:
    (rejection,) = read_ctf(tmp_path, transfer(pupil("p1", year)))["attendance"].ledger.rejections
    assert (rejection.rule, rejection.rows) == ("missing_value", 10)


def test_context_is_as_on_the_day_the_file_was_made(tmp_path: Path) -> None:
    text = transfer(pupil("p1"), pupil("p2", sex="<Gender>M</Gender>", year_group="X"), version="24.1")
    found = read_ctf(tmp_path, text)
    made = _day("2025-12-01")
    assert rows_of(found["context"], "pupil_id", "school_id", "valid_from", "year_group", "sex", "recorded_on") == [
        ("p1", "9994001", made, 8, "F", made), ("p2", "9994001", made, None, "M", made),
    ]  # fmt: skip


def test_a_upn_that_fails_its_check_letter_rejects_the_pupil_in_every_table(tmp_path: Path) -> None:
    good = year_data(WEEK, possible=10, attended=10)
    text = transfer(pupil("A999999924001", good, year_data("", possible=9, authorised=0, unauthorised=0)), pupil("p2", good))
    for table, rows in (("attendance", 10), ("term_totals", 1), ("context", 1)):
        ledger = read_ctf(tmp_path, text)[table].ledger
        assert [(r.rule, r.rows, r.first) for r in ledger.rejections] == [("damaged_identifier", rows, (1,))]


def test_a_raw_upn_whose_letter_holds_is_still_no_pseudonym(tmp_path: Path) -> None:
    found = read_ctf(tmp_path, transfer(pupil("V999999924001"), pupil("p2")))
    assert [r.rule for r in found["context"].ledger.rejections] == ["raw_upn"]


def test_a_newer_version_and_a_missing_date_only_warn(tmp_path: Path) -> None:
    year = year_data(WEEK, possible=10, attended=10)
    notes = read_ctf(tmp_path, transfer(pupil("p1", year), version="26.0"))["attendance"].ledger.notes
    assert any("version 26" in note for note in notes)
    found = read_ctf(tmp_path, transfer(pupil("p1", year), made=""))
    assert "context" not in found
    assert set(rows_of(found["attendance"], "recorded_on")) == {(None,)}
    assert any("no DateTime" in note for note in found["attendance"].ledger.notes)


def test_names_and_addresses_never_leave_the_parser(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(transfer(pupil("p1", year_data(WEEK, possible=10, attended=10))), encoding="utf-8")
    (one,) = pupils(tmp_path / "a.xml")
    assert one.told == {"upn": "p1", "sex": "F", "year_group": "8"}
    assert one.years[0].told == {"lea": "999", "estab": "4001", "possible": "10", "attended": "10"}
    assert one.header == {"version": "25.0", "made": "2025-12-01T10:00:00", "lea": "999", "estab": "4001"}


@pytest.mark.parametrize(
    ("encoding", "declared"), [("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("latin-1", "ISO-8859-1"), ("cp1252", "windows-1252")]
)
def test_byte_order_marks_and_declared_encodings_are_read(tmp_path: Path, encoding: str, declared: str) -> None:
    text = transfer(pupil("p1", year_data(WEEK, possible=10, attended=10)).replace("Sur", "Süß")).replace('"UTF-8"', f'"{declared}"')
    assert read_ctf(tmp_path, text.encode(encoding))["attendance"].table.num_rows == 10
    assert ctf.fits(peek(tmp_path / "999_ctf.xml"), DatasetFacts())


@pytest.mark.parametrize("root", ["<CTfile>", '<d:CTfile xmlns:d="urn:x">', "<!-- c --><CTFile>"])
def test_names_of_elements_count_without_namespace_and_case(tmp_path: Path, root: str) -> None:
    end = root.split(">")[-2].split("<")[-1].split()[0]
    text = transfer(pupil("p1", year_data(WEEK, possible=10, attended=10)), root=root).replace("</CTfile>", f"</{end}>")
    assert read_ctf(tmp_path, text)["attendance"].table.num_rows == 10
    assert ctf.fits(peek(tmp_path / "999_ctf.xml"), DatasetFacts())


def test_other_files_are_not_taken_for_a_transfer(tmp_path: Path) -> None:
    for text in ("<html><body>CTfile</body></html>", "CTfile,a\n", "", "{}", "<CTfiles>"):
        (tmp_path / "a.xml").write_text(text, encoding="utf-8")
        assert not ctf.fits(peek(tmp_path / "a.xml"), DatasetFacts())


LOL = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
UNSAFE = {
    "a bare DTD": "<!DOCTYPE CTfile><CTfile></CTfile>",
    "billion laughs": f'<?xml version="1.0"?><!DOCTYPE CTfile [<!ENTITY l0 "lol">{LOL}]><CTfile>&l9;</CTfile>',
    "quadratic": f'<!DOCTYPE CTfile [<!ENTITY a "{"a" * 60_000}">]><CTfile>{"&a;" * 60_000}</CTfile>',
    "an external entity": '<!DOCTYPE CTfile [<!ENTITY x SYSTEM "file:///etc/passwd">]><CTfile>&x;</CTfile>',
    "an external DTD": '<!DOCTYPE CTfile SYSTEM "http://localhost/a.dtd"><CTfile/>',
    "an entity of its own": "<CTfile>&lol;</CTfile>",
    "a style sheet": '<?xml version="1.0"?><?xml-stylesheet href="a.xsl"?><CTfile/>',
    "an instruction inside": "<CTfile><?php echo 1 ?></CTfile>",
    "depth": "<CTfile>" * 200_000,
    "depth with other names": "<CTfile>" + "<a>" * 32,
    "huge text": f"<CTfile>{'x' * 8_000_000}</CTfile>",
    "huge marks": transfer(pupil("p1", year_data("/" * 40_000))),
    "huge comment": f"<CTfile><!--{'x' * 8_000_000}--></CTfile>",
    "huge attribute": f'<CTfile a="{"x" * 8_000_000}"/>',
    "huge name": f"<CTfile><{'x' * 8_000_000}/></CTfile>",
    "empty tags": f"<CTfile>{'<a/>' * 2_000_000}</CTfile>",
    "huge CDATA": f"<CTfile><![CDATA[{'x' * 8_000_000}]]></CTfile>",
}


@pytest.mark.parametrize("kind", UNSAFE)
def test_a_hostile_file_is_refused_at_once_and_costs_no_memory(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.xml").write_text(UNSAFE[kind], encoding="utf-8")
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(FileRefused) as refusal:
        ctf.read(tmp_path / "a.xml", facts=DatasetFacts())
    seconds, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refusal.value.rule == "unsafe_file"
    assert refusal.value.__cause__ is refusal.value.__context__ is None
    assert seconds < 1
    assert peak < 20_000_000


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "a.xml").open("wb") as file:
        file.truncate((200 << 20) + 1)
    with pytest.raises(FileRefused) as refusal:
        ctf.read(tmp_path / "a.xml", facts=DatasetFacts())
    assert refusal.value.rule == "unsafe_file"


def test_more_pupils_than_any_sender_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eswarn.records.readers.ctf_xml.MAX_PUPILS", 3)
    assert read_ctf(tmp_path, transfer(*map(pupil, "abc")))["context"].table.num_rows == 3
    with pytest.raises(FileRefused) as refusal:
        read_ctf(tmp_path, transfer(*map(pupil, "abcd")))
    assert refusal.value.rule == "unsafe_file"


REFUSED = {
    "another root": ("wrong_shape", "<Message><Header/></Message>"),
    "no pupil": ("wrong_shape", transfer()),
    "a pupil before the header": ("wrong_shape", f"<CTfile><CTFpupilData>{pupil('p1')}</CTFpupilData></CTfile>"),
    "nothing to keep": ("wrong_shape", transfer(pupil("p1", sex="", year_group=""))),
    "two UPNs": ("wrong_shape", transfer(pupil("p1").replace("</UPN>", "</UPN><UPN>p2</UPN>"))),
    "cut short": ("unreadable", transfer(pupil("p1"))[:-40]),
    "crossed tags": ("unreadable", "<CTfile><a></CTfile></a>"),
    "a NUL byte": ("unreadable", "<CTfile>\0</CTfile>"),
    "an encoding nobody reads": ("encoding", transfer(pupil("p1")).replace("UTF-8", "rot13")),
    "empty": ("empty_file", ""),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_file_is_refused(tmp_path: Path, why: str) -> None:
    rule, text = REFUSED[why]
    with pytest.raises(FileRefused) as refusal:
        read_ctf(tmp_path, text)
    assert refusal.value.rule == rule


def test_the_marks_of_three_hundred_pupils_take_seconds(tmp_path: Path) -> None:
    year = year_data((WEEK + "####") * 38, possible=380, attended=380)
    text = transfer(*(pupil(f"p{i}", year) for i in range(300)), made="2026-08-01T00:00:00")
    (tmp_path / "a.xml").write_text(text, encoding="utf-8")
    start = time.process_time()
    marks = ctf.read(tmp_path / "a.xml", facts=DatasetFacts())[0]
    assert marks.rows == 300 * 380
    assert time.process_time() - start < 5
