"""A thousand spoilt export files: every one is accounted for row by row, or refused with its place and what to do."""

from __future__ import annotations

import csv
import io
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eswarn.errors import InputRefused
from eswarn.records.ledger import FileLedger, Ledger
from eswarn.records.read import check, read
from eswarn.records.rules import DO, Rule
from tests.unit.records.exports import marks

FILES = 1_200
CLEAN = marks(3)
CONTEXT = "pupil_id,school_id,valid_from,year_group,form,fsm\n" + "".join(
    f"P{i:03d},9990001,2024-09-01,{7 + i % 5},{7 + i % 5}E1,{'yes' if i % 3 else ''}\n" for i in range(40)
)
BEHAVIOUR = "Admission No,School,Date,Type (Positive/Negative),Points,Category,Status\n" + "".join(
    f"P{i:03d},9990001,{13 + i % 9}/09/2024,{'Positive' if i % 3 else 'Negative'},{i % 4},Effort,{'Active' if i % 7 else 'Deleted'}\n"
    for i in range(40)
)
SUSPENSIONS = "Adno,School,Type,Start Date,End Date,Days,Reason 1\n" + "".join(
    f"P{i:03d},9990001,Fixed Term,{13 + i % 9} Sep 2024,{23 + i % 5} Sep 2024,{0.5 + i % 3},PP\n" for i in range(40)
)
Spoil = Callable[[bytes, random.Random], bytes]
JUNK = [
    " ", '"', '""', ",", ";", "\t", "\\", "\r", "\n", "\r\n", "\0", "\ufeff", "é", "7E1", "None", "=1+1", "03/04/2024", "I02", "P3", "🙂",
    "", "x" * 5000,
]  # fmt: skip
REFUSALS = set(DO) | {
    "empty_file", "not_text", "encoding", "nul_byte", "long_line", "stray_quote", "unreadable", "wrong_shape", "missing_column",
    "two_headers", "duplicate_header", "unknown_code", "ambiguous_date", "wrong_type",
}  # fmt: skip


ABOUT_THE_WHOLE_FILE = {"missing_column", "empty_file", "not_text", "encoding", "unreadable", "wrong_shape", "duplicate_header"}


def _cells(text: bytes) -> list[list[str]]:
    return [line.split(",") for line in text.decode("utf-8", "replace").split("\n")[:-1]] or [["", ""]]


def _text(rows: list[list[str]]) -> bytes:
    return "".join(",".join(row) + "\n" for row in rows).encode("utf-8", "surrogatepass")


def spoil_a_cell(text: bytes, rng: random.Random) -> bytes:
    rows = _cells(text)
    row = rng.choice(rows)
    row[rng.randrange(len(row))] = rng.choice(JUNK)
    return _text(rows)


def spoil_a_column(text: bytes, rng: random.Random) -> bytes:
    rows = _cells(text)
    place, junk = rng.randrange(len(rows[0])), rng.choice(JUNK)
    for row in rows[1:]:
        if rng.random() < 0.8 and place < len(row):
            row[place] = junk
    return _text(rows)


def write_dates_otherwise(text: bytes, rng: random.Random) -> bytes:
    uk, us, iso = "{2}/{1}/{0}", "{1}/{2}/{0}", "{0}-{1}-{2}"
    forms = rng.choice([[uk], [us], [uk, us], [uk, iso], [iso] * 30 + [uk], ["{2}.{1}.{0}"], ["{0}{1}{2}"], [iso + " 08:45"], ["455{2}"]])
    rows = _cells(text)
    for row in rows[1:]:
        if len(row) > 2:
            parts = [*row[2].split("-"), "", ""]
            row[2] = rng.choice(forms).format(*parts)
    return _text(rows)


def make_rows_ragged(text: bytes, rng: random.Random) -> bytes:
    rows = _cells(text)
    for _ in range(rng.choice([1, 3, len(rows)])):
        row = rng.choice(rows)
        row.append("extra") if rng.random() < 0.5 else row.pop()
        if not row:
            row.append("")
    return _text(rows)


def double_or_drop_headers(text: bytes, rng: random.Random) -> bytes:
    rows = _cells(text)
    place = rng.randrange(len(rows[0]))
    rows[0][place] = rng.choice([rng.choice(rows[0]), "", "Mark", "UPN", "code ", "Comment"])
    return _text(rows)


def repeat_or_lose_lines(text: bytes, rng: random.Random) -> bytes:
    lines = text.split(b"\n")
    for _ in range(rng.randint(1, 20)):
        place = rng.randrange(max(1, len(lines)))
        line = lines[place : place + 1]
        lines[place : place + 1] = rng.choice([[], line * 2, [b""] * 3, [b"Total,,,,99", *line]])
    return b"\n".join(lines)


def swap_columns(text: bytes, rng: random.Random) -> bytes:
    rows = _cells(text)
    a, b = rng.sample(range(max(2, len(rows[0]))), 2)
    for row in rows[rng.choice([0, 1, len(rows) // 2]) :]:
        if max(a, b) < len(row):
            row[a], row[b] = row[b], row[a]
    return _text(rows)


def change_marks(text: bytes, rng: random.Random) -> bytes:
    codes = rng.choice([["I02", "/"], ["H", "J", "Y"], ["i", "l"], ["Present"], ["", "-"], ["C1", "Y7", "Q"], [str(n) for n in range(30)]])
    rows = _cells(text)
    for row in rows[1:]:
        if rng.random() < 0.5:
            row[-1] = rng.choice(codes)
    return _text(rows)


def quote_cells(text: bytes, rng: random.Random) -> bytes:
    rows = _cells(text)
    for row in rows:
        for i, cell in enumerate(row):
            if rng.random() < 0.3:
                row[i] = f'"{cell}"' if rng.random() < 0.98 else rng.choice([f'"{cell}', f'{cell}"', f'"{cell}\n"', f'"{cell}""x"'])
    return _text(rows)


def change_separator_or_line_ends(text: bytes, rng: random.Random) -> bytes:
    old, new = rng.choice([(b",", b";"), (b",", b"\t"), (b",", b"|"), *((b"\n", end) for end in (b"\r\n", b"\r", b"\r\r\n", b"\n\n"))])
    return text.replace(old, new)


def change_encoding(text: bytes, rng: random.Random) -> bytes:
    accented = text.decode("utf-8", "replace").replace("P00", "É00")
    return accented.encode(rng.choice(["cp1252", "utf-16", "utf-8-sig", "utf-16-le", "utf-32", "cp037"]), "replace")


def put_something_first(text: bytes, rng: random.Random) -> bytes:
    first = [b"\xef\xbb\xbf", b"Title\n\n", b"sep=,\n", b"\n" * 60, b"PK\x03\x04", b"\x1f\x8b", b"<html>", b"PAR1", b'"open title\n', text]
    return rng.choice(first) + text


def cut_short(text: bytes, rng: random.Random) -> bytes:
    return text[: rng.randrange(len(text))]


def change_bytes(text: bytes, rng: random.Random) -> bytes:
    changed = bytearray(text)
    for _ in range(rng.choice([1, 1, 5, 200])):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def insert_bytes(text: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(text))
    return text[:place] + rng.choice([b"\0", b'"', b"\xff", b"\x1a", b"x" * 1_100_000, b"\\", b"\n", rng.randbytes(40)]) + text[place:]


def be_random(text: bytes, rng: random.Random) -> bytes:
    return rng.randbytes(rng.randrange(3_000))


def change_nothing(text: bytes, rng: random.Random) -> bytes:
    return text


CSV_WAYS: list[Spoil] = [
    spoil_a_cell, spoil_a_column, write_dates_otherwise, make_rows_ragged, double_or_drop_headers, repeat_or_lose_lines, swap_columns,
    change_marks, quote_cells, change_separator_or_line_ends, change_encoding, put_something_first, cut_short, change_bytes, insert_bytes,
    be_random, change_nothing,
]  # fmt: skip


def _parquet(text: bytes, rng: random.Random) -> bytes:
    """The clean register as Parquet, with one column of another type or some bytes changed."""
    rows = _cells(text)
    columns: dict[str, Any] = {name: pa.array([row[i] for row in rows[1:]]) for i, name in enumerate(rows[0])}
    n, name = len(rows) - 1, rng.choice(rows[0])
    columns[name] = rng.choice(
        [
            columns[name],
            pa.array(range(n)),
            pa.array([rng.random() for _ in range(n)]),
            pa.array([None] * n, pa.string()),
            pa.array([[name]] * n),
            pa.array([b"\xff"] * n),
            pa.array([b"\xff/"] * n).view(pa.string()),
            pa.array([True] * n),
            pa.array([19_968] * n, pa.int32()).cast(pa.date32()),
            pa.array([rng.choice(JUNK) for _ in range(n)]),
            columns[name].dictionary_encode(),
        ]
    )
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression=rng.choice(["none", "zstd", "snappy"]))
    whole = sink.getvalue()
    return rng.choice([lambda t, r: t, cut_short, change_bytes, insert_bytes])(whole, rng)


def _one_file(folder: Path, seed: int) -> tuple[str, bytes]:
    """Write one spoilt file; give its name and bytes."""
    rng = random.Random(seed)
    table, text = rng.choice(
        [("attendance", CLEAN)] * 8 + [("context", CONTEXT)] * 2 + [("behaviour", BEHAVIOUR), ("suspensions", SUSPENSIONS)]
    )
    named = table if seed % 5 else "export"  # a fifth must be known by their content alone
    if seed % 8 == 0:
        name, content = f"{named}.parquet", _parquet(text.encode(), rng)
    else:
        name, content = f"{named}.csv", text.encode()
        for way in rng.sample(CSV_WAYS, rng.choice([1, 1, 1, 2, 3])):
            content = way(content, rng) if content else content
    (folder / name).write_bytes(content)
    if seed % 11 == 0:
        facts = ['encoding = "cp1252"', 'encoding = "utf-16"', '[dates]\norder = "dmy"', '[codes.map]\nI02 = "I"', 'session = "DAY"']
        (folder / "dataset.toml").write_text(rng.choice(facts), encoding="utf-8")
    return name, content


def _accounted(file: FileLedger) -> str:
    """Assert what every account must hold; say how the file fared."""
    if file.refused:
        first, _, do = file.refused.partition("\n")
        assert first.startswith(file.file), file.refused
        assert do.endswith("."), file.refused
        assert file.rule in REFUSALS, file.rule
        assert file.rule in ABOUT_THE_WHOLE_FILE or re.search(r'(row|rows|line) [0-9]|column "', first), file.refused
        return f"refused: {file.rule}"
    assert file.rows == file.accepted + file.merged + file.rejected
    assert all(cells.rows <= file.accepted + file.merged + file.rejected for cells in file.blanked)
    for rejection in (*file.rejections, *file.blanked):
        assert rejection.rule in DO
        assert rejection.rows >= len(rejection.first) == min(5, rejection.rows)
        assert list(rejection.first) == sorted(set(rejection.first))
        assert min(rejection.first) > 1
        assert rejection.what
        columns = ("", "sessions", "destination", "score")
        assert rejection.do in {Rule(rejection.rule, name, "", needed=needed).do for name in columns for needed in (False, True)}
    return "rejected some" if file.rejected else "merged some" if file.merged else "accepted whole"


def _survives(folder: Path, ledger: Ledger) -> None:
    """Reading does what checking says: a table of as many rows, or one refusal that names the file."""
    if ledger.refused or not ledger.files or ledger.files[0].table != "attendance":
        with pytest.raises(InputRefused) as refusal:
            read(folder)
        assert refusal.value.do
    else:
        assert read(folder).table("attendance").num_rows == ledger.accepted


def test_a_thousand_spoilt_files_are_accounted_for_or_refused(tmp_path: Path) -> None:
    fared: Counter[str] = Counter()
    for seed in range(FILES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        name, content = _one_file(folder, seed)
        try:
            ledger = check(folder)
            assert ledger.render()
            assert [*(file.file for file in ledger.files), *(line.split(": ")[0] for line in ledger.not_read)] == [name]
            assert ledger.files or name.startswith("export")
            fared[_accounted(ledger.files[0]) if ledger.files else "not read"] += 1
            if seed % 4 == 0:
                _survives(folder, ledger)
        except Exception as error:
            error.add_note(f"seed {seed}, {name}: {content[:300]!r}")
            raise
    refused = {how: times for how, times in fared.items() if how.startswith("refused")}
    assert fared.total() == FILES >= 1_000
    assert fared["accepted whole"] >= 100, fared
    assert fared["rejected some"] >= 100, fared
    assert sum(refused.values()) >= 300, fared
    assert len(refused) >= 15, fared
    assert 20 <= fared["not read"] <= 240, fared


def test_the_clean_files_are_accepted_whole(tmp_path: Path) -> None:
    """The control: what the thousand are made from is sound."""
    (tmp_path / "attendance.csv").write_text(CLEAN, encoding="utf-8")
    (tmp_path / "context.csv").write_text(CONTEXT, encoding="utf-8")
    (tmp_path / "one.csv").write_text(BEHAVIOUR, encoding="utf-8")
    (tmp_path / "two.csv").write_text(SUSPENSIONS, encoding="utf-8")
    assert [(f.rows, f.accepted) for f in check(tmp_path).files] == [(60, 60), (40, 34), (40, 40), (40, 40)]


@pytest.mark.parametrize("way", [make_rows_ragged, repeat_or_lose_lines, quote_cells, spoil_a_cell, swap_columns])
def test_as_many_rows_are_accounted_for_as_a_spreadsheet_would_show(tmp_path: Path, way: Spoil) -> None:
    """An independent count of the records of each file that is read: Python's own csv reader."""
    read_files = 0
    for seed in range(60):
        rng = random.Random(f"{way.__name__} {seed}")
        content = way(CLEAN.encode(), rng)
        (tmp_path / "attendance.csv").write_bytes(content)
        (file,) = check(tmp_path).files
        if not file.refused:
            records = list(csv.reader(io.StringIO(content.decode(), newline="")))
            above = sum(int(note.split()[0]) for note in file.notes if "above the header" in note)
            assert file.rows == len(records) - 1 - above
            read_files += 1
    assert read_files >= 10


@pytest.mark.long
def test_twenty_thousand_more(tmp_path: Path) -> None:
    for seed in range(FILES, FILES + 20_000):
        for path in tmp_path.iterdir():
            path.unlink()
        _one_file(tmp_path, seed)
        for file in check(tmp_path).files:
            _accounted(file)
