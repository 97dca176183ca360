"""Hostile texts in every file written for people: none runs, every text and number comes back, and exporters that let one run are seen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter

from benchmarks import exporters
from benchmarks.exporters_read import LIVE, Page, live_in_csv, read_book, read_csv
from eswarn import words
from eswarn.report import page, spreadsheet
from eswarn.report.contents import Contents
from eswarn.report.locales import LOCALES
from eswarn.report.tables import tables
from eswarn.report.write import as_csv, report, write_reports
from tests.unit.report.hostile import HOSTILE
from tests.unit.report.made_up_scores import made_up, pupil, shown, since, unscored

FEW = [text for text in HOSTILE if len(text) < 400][::12]
FILES = {
    "report.html", "sheets.html", "notebook card", "report.xlsx", "list.csv", "not_scored.csv", "groups.csv", "since.csv", "facts.csv",
    "scores.csv of the run", "not_scored.csv of the run", "schools.csv", "numbers",
}  # fmt: skip


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    return exporters.measure_exporters()


def test_hundreds_of_texts_are_tried_in_every_file(measured: dict[str, Any]) -> None:
    assert len(HOSTILE) == len(set(HOSTILE)) == measured["n"] >= 300
    assert {row["exporter"] for row in measured["rows"]} == FILES
    assert all(row["tried"] >= (300 if row["exporter"] != "numbers" else 21) for row in measured["rows"])
    assert measured["tried"] > 300 * len(FILES)


def test_none_runs_and_all_come_back(measured: dict[str, Any]) -> None:
    bad = [row for row in measured["rows"] if row["live"] or row["not_round_tripping"]]
    assert bad == []
    assert (measured["live"], measured["not_round_tripping"]) == (0, 0)


def test_only_what_is_too_long_for_a_cell_is_cut_and_the_notes_say_how_many(measured: dict[str, Any]) -> None:
    long = [text for text in HOSTILE if len(text.encode("utf-16-le", errors="replace")) > 2 * spreadsheet.LONGEST]
    cut = {row["exporter"]: row["cut"] for row in measured["rows"]}
    assert long
    assert cut.pop("report.xlsx") == measured["cut"] == len(long) * 24  # the places of a workbook in which each stands
    assert set(cut.values()) == {0}


# --- what would be caught --------------------------------------------------------------------------------------------


def _told(name: str) -> dict[str, Any]:
    (row,) = [row for row in exporters.measure_exporters(FEW)["rows"] if row["exporter"] == name]
    return dict(row)


def test_the_few_are_sound_as_they_are() -> None:
    told = exporters.measure_exporters(FEW)
    assert (told["live"], told["not_round_tripping"]) == (0, 0)


@pytest.mark.parametrize("name", ["report.html", "sheets.html"])
def test_a_page_that_does_not_escape_is_caught(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    real = page.Environment
    monkeypatch.setattr(page, "Environment", lambda **options: real(**{**options, "autoescape": False}))
    assert _told(name)["live"]


def test_a_csv_file_without_marks_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "cell", lambda text: text)
    told = exporters.measure_exporters(FEW)["rows"]
    assert {row["exporter"] for row in told if row["live"]} >= {
        "list.csv",
        "not_scored.csv",
        "facts.csv",
        "scores.csv of the run",
        "schools.csv",
    }


def test_a_mark_that_is_not_taken_off_again_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "from_cell", lambda text: text)
    assert _told("list.csv")["not_round_tripping"]


@pytest.mark.parametrize("choice", ["strings_to_formulas", "strings_to_urls"])
def test_a_workbook_that_makes_formulas_or_links_of_texts_is_caught(monkeypatch: pytest.MonkeyPatch, choice: str) -> None:
    real = xlsxwriter.Workbook
    monkeypatch.setattr(xlsxwriter, "Workbook", lambda store, options: real(store, {**options, choice: True}))
    monkeypatch.setattr(spreadsheet, "_write_text", lambda sheet, row, place, text, style: sheet.write(row, place, text, style))
    assert _told("report.xlsx")["live"]


def test_a_workbook_that_takes_texts_for_its_own_xml_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "_write_text", lambda sheet, row, place, text, style: sheet.write_string(row, place, text, style))
    told = exporters.measure_exporters(["<r><t>x</t></r>", "_x0041_x0042_"])["rows"]
    assert [row["exporter"] for row in told if row["not_round_tripping"]] == ["report.xlsx"]


def test_a_number_that_became_text_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = exporters.write.as_csv
    monkeypatch.setattr(exporters.write, "as_csv", lambda table: real(table.astype("str")))
    assert _told("numbers")["not_round_tripping"]


def test_cells_in_a_csv_file_are_looked_at_by_every_separator() -> None:
    for text in ("=1", " =1", "\ufeff+1", "x;=1", "x;' =1", "x|@A", "x\t-A", 'x\n"=1+1"', "\uff1d1"):
        unmarked = f'"n","name"\n1,"{text.replace(chr(34), chr(34) * 2)}"\n'.encode()
        assert bool(live_in_csv(unmarked)) == (text != "x;' =1"), text
        assert live_in_csv(f'5,"{words.cell(text).replace(chr(34), chr(34) * 2)}"\n'.encode()) == []
    assert LIVE.match("-5")
    assert live_in_csv(b"x,-5,-1e-05\n") == [], "a number is none, whatever its sign"
    assert Page("<p onclick=x><a href=//x>").live == ["<p onclick>", "<a href>"]


# --- files -----------------------------------------------------------------------------------------------------------


def _scores() -> Any:
    rows = [pupil(1), pupil(2, tier="watch", risk=0.1), pupil(3, tier="universal", risk=0.01)]
    before = made_up([pupil(1, tier="watch", rank=9), pupil(3)])
    beside = shown(rows, form=["9A", "", "9C"], category=["a", "", "c"], changes=since(made_up(rows), before))
    return made_up(rows, [unscored(1)], shown=beside)


def test_a_folder_holds_the_page_the_workbook_and_a_file_for_each_table(tmp_path: Path) -> None:
    written = write_reports(_scores(), tmp_path, names={"P000001": "Ann"})
    names = ["report.html", "report.xlsx", "list.csv", "not_scored.csv", "groups.csv", "since.csv", "facts.csv"]
    assert [path.name for path in written] == names
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names), "and nothing half written"
    for kind, same in ((".html", "report.html"), (".xlsx", "report.xlsx"), (".csv", "list.csv")):
        alone = report(_scores(), tmp_path / f"alone{kind}", names={"P000001": "Ann"})
        assert alone.read_bytes() == (tmp_path / same).read_bytes(), "the same scores give the same bytes"


def test_a_workbook_has_notes_and_real_tables_with_a_title(tmp_path: Path) -> None:
    book = report(_scores(), tmp_path / "report.xlsx", names={"P000001": "Ann"}).read_bytes()
    sheets, live, named = read_book(book)
    assert live == []
    assert named == {
        "Notes": [], "List": ["eswarn_list"], "Not scored": ["eswarn_not_scored"], "Groups": ["eswarn_groups"],
        "Since last time": ["eswarn_since"], "Attendance facts": ["eswarn_facts"],
    }  # fmt: skip
    title = "Pupils to talk to first. From records dated before 14 February 2026. Confidential: this page is about pupils."
    assert {rows[0][0] for rows in sheets.values()} == {title}
    assert "A prompt to talk with a pupil and with those who know them. It is not a finding about a pupil." in [
        r[0] for r in sheets["Notes"]
    ]
    heads, first = sheets["List"][1], sheets["List"][2]
    row = dict(zip(heads, first, strict=True))
    assert (row["Rank"], row["Name"], row["Chance (share)"], row["Range from"]) == (1.0, "Ann", 0.31, pytest.approx(0.248))
    assert row["Action"] == ""


def test_a_table_without_rows_is_a_table_all_the_same(tmp_path: Path) -> None:
    nobody = made_up([pupil(1, tier="universal")])
    _, live, named = read_book(report(nobody, tmp_path / "report.xlsx").read_bytes())
    assert (live, named["List"], named["Not scored"]) == ([], ["eswarn_list"], ["eswarn_not_scored"])
    assert len(read_csv(report(nobody, tmp_path / "list.csv").read_bytes())) == 1


def test_facts_for_letters_hold_nothing_of_the_score_not_even_its_order() -> None:
    contents = Contents(_scores(), {}, LOCALES["en-GB"])
    facts = tables(contents)["facts"]
    assert facts["Pupil"].tolist() == sorted(facts["Pupil"])
    assert not [head for head in facts.columns if re.search("rank|tier|chance|reason [0-9]", head, re.IGNORECASE)]


def test_a_leading_minus_on_a_number_stays_a_number_and_on_a_text_is_marked() -> None:
    frame = pd.DataFrame({"text": pd.Series(["-5", "-x", "5"], dtype="str"), "number": [-5, -0.5, 5]})
    assert as_csv(frame).decode("utf-8-sig") == '"text","number"\n"\'-5",-5.0\n"\'-x",-0.5\n"5",5.0\n'


def test_half_a_surrogate_pair_in_a_name_stops_no_file(tmp_path: Path) -> None:
    for path in write_reports(_scores(), tmp_path, names={"P000001": "A\ud800"}):
        assert path.stat().st_size
    assert read_csv((tmp_path / "list.csv").read_bytes())[1][3] == "A?"
