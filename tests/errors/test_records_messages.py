"""What a person reads when a file cannot be used: what is wrong, where, what to do, and never a pupil's value."""

from __future__ import annotations

import io
import traceback
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eswarn.errors import InputRefused
from eswarn.records.ledger import FileLedger
from eswarn.records.read import check, read
from tests.unit.records.exports import HEADER, marks, put

CANARY = "Zq7canary"
LONG = CANARY * 30
ROW = "P000,9990001,2024-09-02,AM,/"


def _quoted(text: str) -> str:
    return f'"{text}"'


# Every way we know in which a cell can go wrong, with a value in it that must never be seen again.
HARM: dict[str, str | bytes] = {
    "unknown code": marks() + f"P9,9990001,2024-09-02,AM,{CANARY}\n",
    "bad date": marks() + f"P9,9990001,{CANARY},AM,/\n" * 99,
    "a few bad dates": marks() + f"P9,9990001,{CANARY},AM,/\n",
    "a bad session": marks() + f"P9,9990001,2024-09-02,{CANARY},/\n" * 99,
    "a long identifier": marks() + f"{LONG},9990001,2024-09-02,AM,/\n" * 99,
    "a line break": marks() + f'"{CANARY}\nx",9990001,2024-09-02,AM,/\n' * 99,
    "a name": marks() + f"{CANARY.replace('7', '')} Smith,9990001,2024-09-02,AM,/\n" * 99,
    "a conflict": marks() + f"{CANARY},9990001,2024-09-02,AM,/\n{CANARY},9990001,2024-09-02,AM,O\n" * 99,
    "a stray quote": marks() + f'"{CANARY},9990001,2024-09-02,AM,/\n',
    "a quote inside": marks() + f'{CANARY}"x,9990001,2024-09-02,AM,/\n',
    "ragged rows": marks() + f"{CANARY},{CANARY}\n" * 99,
    "bad bytes": (marks() + f"{CANARY}é,9990001,2024-09-02,AM,/\n").encode("cp1252"),
    "bad bytes in an unread column": f"{HEADER},Note\n{ROW},{CANARY}é\n".encode("cp1252"),
    "a NUL byte": marks() + f"{CANARY}\0,9990001,2024-09-02,AM,/\n",
    "no header": f"{CANARY},{CANARY},{CANARY}\n" * 3,
    "values for headers": f"{CANARY},school_id,date,session,code\n{ROW}\n",
    "dates both ways": f"{HEADER}\n{CANARY},9990001,03/04/2024,AM,/\n",
    "dates in two ways": f"{HEADER}\n{CANARY},9990001,03/04/2024,AM,/\n{CANARY},9990001,2024-09-02,AM,/\n",
    "lessons": marks() + f"{CANARY},9990001,2024-09-02,P3,/\n",
    "a huge cell": marks() + f"{_quoted(CANARY * 150_000)},9990001,2024-09-02,AM,/\n",
    "a title": f"Register of {CANARY}\n\n" + marks(),
    "free text": f"{HEADER},Comment\n{ROW},{CANARY}\n",
    "an unread column": f"{HEADER},Colour\n{ROW},{CANARY}\n",
    "all at once": marks() + f"{CANARY},{CANARY},{CANARY},{CANARY},{CANARY}\n" * 99,
}


def _everything_told(folder: Path) -> str:
    """All that any message, note, refusal or traceback of a folder says."""
    said = [check(folder).render()]
    try:
        read(folder)
    except InputRefused as error:
        chain: BaseException | None = error
        while chain is not None:
            said.append(f"{chain!r} {chain} {chain.args} {vars(chain)}")
            chain = chain.__cause__ or chain.__context__
        out = io.StringIO()
        traceback.print_exception(error, file=out)
        said.append(out.getvalue())
    return "\n".join(said)


@pytest.mark.parametrize("harm", HARM)
def test_no_message_repeats_a_cell(tmp_path: Path, harm: str, capfd: pytest.CaptureFixture[str]) -> None:
    told = _everything_told(put(tmp_path, attendance=HARM[harm]))
    assert "attendance.csv" in told
    for text in (told, *capfd.readouterr()):
        assert "canary" not in text.casefold()


@pytest.mark.parametrize("kind", ["numbers", "lists", "bytes", "broken text", "damaged", "bad dates"])
def test_no_message_about_parquet_repeats_a_cell(tmp_path: Path, kind: str) -> None:
    columns = {name: pa.array([f"{CANARY}{name}{i}" for i in range(300)]) for name in HEADER.split(",")}
    columns |= {
        "numbers": {"pupil_id": pa.array(range(300))},
        "lists": {"code": pa.array([[CANARY]] * 300)},
        "bytes": {"code": pa.array([CANARY.encode()] * 300)},
        "broken text": {"code": pa.array([CANARY.encode() + b"\xff"] * 300).view(pa.string())},
    }.get(kind, {})
    pq.write_table(pa.table(columns), tmp_path / "attendance.parquet", write_page_checksum=True, compression="none")
    if kind == "damaged":
        whole = (tmp_path / "attendance.parquet").read_bytes()
        (tmp_path / "attendance.parquet").write_bytes(whole.replace(CANARY.encode(), CANARY[::-1].encode(), 1))
    told = _everything_told(tmp_path)
    assert "1 file cannot be used" in told
    assert "canary" not in told.casefold()


def test_an_error_of_a_library_that_repeats_a_cell_would_be_seen(tmp_path: Path) -> None:
    """The control: what pyarrow and pydantic say of the same cells, if they were let through."""
    with pytest.raises(pa.ArrowInvalid) as arrow:
        pa.array([CANARY]).cast(pa.int32())
    assert "canary" in str(arrow.value)
    assert "canary" in _everything_told(put(tmp_path, attendance=f"{HEADER},{CANARY}\n{ROW},x\n"))  # a header is no pupil's value


@pytest.mark.parametrize("harm", [name for name in HARM if name not in {"a title", "free text", "an unread column", "a few bad dates"}])
def test_every_refusal_says_where_what_and_what_to_do(tmp_path: Path, harm: str) -> None:
    (file,) = check(put(tmp_path, attendance=HARM[harm])).files
    first, *do = file.refused.split("\n")
    assert first.startswith("attendance.csv")
    assert ": " in first
    assert file.rule
    assert len(do) == 1
    assert do[0][0].isupper()
    assert do[0].endswith(".")


def _refusal(folder: Path, text: str, **files: str) -> str:
    files = {"attendance": text, **files}
    found: FileLedger = check(put(folder, **files)).files[0]
    return found.refused


def test_the_refusal_of_unknown_codes_reads_as_the_style_page_wants(tmp_path: Path) -> None:
    rows = "".join(f"P{i:03d},9990001,2024-09-02,AM,{'I02' if i > 10 else '/'}\n" for i in range(25))
    text = HEADER.replace("code", "mark") + "\n" + rows
    assert _refusal(tmp_path, text) == (
        'attendance.csv, rows 13–26, column "mark": 14 marks are not in the England table of register codes (codes: I02)\n'
        'Add  I02 = "I"  (or what it stands for; "-" for no mark) under [codes.map] in dataset.toml, or correct the file.'
    )


def test_the_refusal_of_ambiguous_dates_gives_the_line_to_add(tmp_path: Path) -> None:
    text = f"{HEADER}\nP1,S1,01/02/2024,AM,/\nP1,S1,03/04/2024,AM,/\n"
    assert _refusal(tmp_path, text) == (
        'attendance.csv, rows 2–3, column "date": every date is readable both ways, day or month first\n'
        'Add  order = "dmy"  (or "mdy") under [dates] in dataset.toml.'
    )
    assert _refusal(tmp_path, text, dataset__toml='[dates]\norder = "dmy"\n') == ""


def test_the_refusal_of_a_missing_column_gives_the_names_that_would_do(tmp_path: Path) -> None:
    assert _refusal(tmp_path, "Pupil,School,Date,Session\nP1,S1,2024-09-02,AM\n") == (
        "attendance.csv, row 1: no column for code. Columns seen: 4\n"
        "Expected one of: code, mark, attendance code, attendance mark; "
        'or name it:  code = "…"  under [columns.attendance] in dataset.toml.'
    )


def test_the_refusal_of_an_encoding_gives_the_line_to_add_and_the_line_mends_it(tmp_path: Path) -> None:
    text = f"{HEADER}\nÉ1,S1,2024-09-02,AM,/\n".encode("cp1252")
    put(tmp_path, attendance=text)
    assert check(tmp_path).files[0].refused == (
        "attendance.csv, row 2: there is a byte that is not UTF-8\n"
        'Save the file as UTF-8, or add  encoding = "cp1252"  at the top of dataset.toml.'
    )
    assert check(put(tmp_path, dataset__toml='encoding = "cp1252"\n')).files[0].accepted == 1


def test_the_example_for_a_local_code_mends_the_file(tmp_path: Path) -> None:
    put(tmp_path, attendance=f"{HEADER}\nP1,S1,2024-09-02,AM,+\nP1,S1,2024-09-02,PM,/\n")
    advice = check(tmp_path).files[0].refused.split("\n")[1]
    assert advice.startswith("Add  '+' = \"I\"  ")
    assert check(put(tmp_path, dataset__toml="[codes.map]\n" + advice.split("  ")[1] + "\n")).files[0].accepted == 2


def test_codes_in_small_letters_get_the_lines_that_mend_the_file(tmp_path: Path) -> None:
    put(tmp_path, attendance=f"{HEADER}\nP1,S1,2024-09-02,AM,i\nP1,S1,2024-09-02,PM,c1\nP1,S1,2024-09-03,AM,/\n")
    first, advice = check(tmp_path).files[0].refused.split("\n")
    assert first.endswith("(codes: C1 in lower case, I in lower case)")
    assert advice == 'Add  c1 = "C1"  and  i = "I"  under [codes.map] in dataset.toml, a line each, or correct the file.'
    lines = advice.split("  ")[1::2]
    assert check(put(tmp_path, dataset__toml="[codes.map]\n" + "\n".join(lines) + "\n")).files[0].accepted == 3


def test_a_departure_without_a_destination_is_to_be_told_as_unknown(tmp_path: Path) -> None:
    put(tmp_path, outcomes="pupil_id,school_id,left_on,destination\nP1,S1,2025-07-20,\nP2,S1,,neet\nP3,S1,2025-07-20,neet\n")
    place, day = check(tmp_path).files[0].rejections[::-1]
    assert place.do == "Write  unknown  where it is not known where the pupil went; a departure left out counts as none."
    assert day.do == "Fill in the cell, or leave the row out of the export."
    put(tmp_path, outcomes="pupil_id,school_id,left_on,destination\nP1,S1,2025-07-20,unknown\n")
    assert check(tmp_path).files[0].accepted == 1


def test_two_marks_in_a_row_are_told_the_layouts_that_are_read(tmp_path: Path) -> None:
    assert _refusal(tmp_path, "pupil,school,date,AM,PM\nP1,S1,2024-09-02,/,/\n") == (
        "attendance.csv, row 1: AM and PM stand side by side in one row, two marks a row\n"
        "Export one row a session, AM or PM in one column and the mark in another; or a grid: a row a pupil, columns headed by dates."
    )


def test_dates_with_two_digits_for_the_year_are_named_as_such(tmp_path: Path) -> None:
    rows = "".join(f"P{i},S1,3-Sep-24,AM,/\n" for i in range(12))
    assert _refusal(tmp_path, f"{HEADER}\n{rows}") == (
        'attendance.csv, rows 2–13, column "date": 12 of 12 rows: a date whose year has two digits\n'
        "Write the year with four digits; the century cannot be told."
    )
