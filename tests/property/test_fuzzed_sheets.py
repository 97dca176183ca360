"""Hundreds of spoilt registers, strings and workbooks: each is accounted for mark by mark or refused, with no other error."""

from __future__ import annotations

import datetime as dt
import io
import random
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eswarn.config import CodeFacts, DatasetFacts, DateFacts
from eswarn.records.check import check
from eswarn.records.ledger import FileRefused
from eswarn.records.readers import grid, strings, xlsx
from eswarn.records.readers.peek import peek
from tests.unit.records.workbooks import packed, parts

FILES = 400
DAYS = [dt.date(2024, 9, day) for day in (12, 13, 16, 17)]
GRID = [["UPN", "School", "Form", *(f"{d:%a %d/%m/%Y} {s}" for d in DAYS for s in ("AM", "PM")), "Total"]]
GRID += [[f"P{p}", "9990001", "7E1", *("/" if i % 2 else "C2" for i in range(7)), "", "8"] for p in range(14)]
TEXTS = [["UPN", "School", "Start Date", "Marks", "Possible"]]
TEXTS += [[f"P{p}", "9990001", "2024-09-02", ("/\\" * 5 + "####") * 3, "30"] for p in range(14)]
LONG = [["UPN", "School", "Date", "Session", "Mark"]]
LONG += [[f"P{p}", "9990001", f"{d}", s, "\\"] for p in range(5) for d in DAYS for s in ("AM", "PM")]
JUNK = [
    "", " ", "-", "#", "C2", "/\\", "C2C2", "X" * 40, "é", "🙂", "\0", '"', "\n", "=1+1", "95", "12.5%", "#REF!", "2024-09-02",
    "02/03/2024", "30 Feb", "AM", "Mon", "UPN", "School", "Marks", "Total", "0", "1e999", "\ufeff", "////", "\u0664", "31/12/9999 AM",
    "1/1/1 AM", "99/99/2024",
]  # fmt: skip
FACTS = [
    DatasetFacts(),
    DatasetFacts(school="9990001", academic_year="2024/25"),
    DatasetFacts(encoding="cp1252", dates=DateFacts(order="mdy")),
    DatasetFacts(session="DAY"),
    DatasetFacts(profile="us"),
    DatasetFacts(profile="neutral", codes=CodeFacts(map={"/": "P", "\\": "P", "C2": "-", "95": "L"})),
]
Table = list[list[str]]


def change_cells(rows: Table, rng: random.Random) -> None:
    for _ in range(rng.choice([1, 3, 40])):
        row = rng.choice(rows)
        if row:
            row[rng.randrange(len(row))] = rng.choice(JUNK)


def change_a_column(rows: Table, rng: random.Random) -> None:
    place, junk = rng.randrange(len(rows[0]) or 1), rng.choice(JUNK)
    for row in rows[rng.choice([0, 1]) :]:
        if place < len(row) and rng.random() < 0.9:
            row[place] = junk


def change_headings(rows: Table, rng: random.Random) -> None:
    for _ in range(rng.choice([1, 2, 6])):
        rows[0][rng.randrange(len(rows[0]))] = rng.choice([rng.choice(rows[0]), *JUNK, "13/09/2024", "Tue 13 Sep", "AM", "PM", "Fri"])


def split_the_heading(rows: Table, rng: random.Random) -> None:
    below = [text.split()[-1] if " " in text.strip() and rng.random() < 0.95 else "" for text in rows[0]]
    above = [text.rsplit(" ", 1)[0] if " " in text.strip() and i % 2 else text for i, text in enumerate(rows[0])]
    rows[:1] = [above, below] if rng.random() < 0.7 else [below, above]


def add_or_drop_rows(rows: Table, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(rows))
        rows[place : place + 1] = rng.choice([[], [[]], [["Total", *["4"] * 6]], [rng.choice(rows)] * 2, [["Title"]]]) or [[]]


def make_ragged(rows: Table, rng: random.Random) -> None:
    for row in rng.sample(rows, rng.randint(1, len(rows))):
        row.append("/") if rng.random() < 0.5 or not row else row.pop()


def swap_columns(rows: Table, rng: random.Random) -> None:
    for row in rows:
        if len(row) > 4:
            row[2], row[4] = row[4], row[2]


def change_strings(rows: Table, rng: random.Random) -> None:
    for row in rows[1:]:
        if len(row) > 3 and rng.random() < 0.6:
            row[3] = row[3][: rng.randrange(1, 60)] + rng.choice(["", " ", "/", "C2", "####", "Q" * 30, "é"])
            row[2] = rng.choice([row[2], "2024-09-04", "2024-09-07", "", "x"])


def change_nothing(rows: Table, rng: random.Random) -> None:
    pass


WAYS: list[Callable[[Table, random.Random], None]] = [
    change_cells, change_a_column, change_headings, split_the_heading, add_or_drop_rows, make_ragged, swap_columns, change_strings,
    change_nothing,
]  # fmt: skip


def _csv(rows: Table, rng: random.Random) -> bytes:
    separator = rng.choice(",,,;\t|")
    text = "".join(separator.join(row) + rng.choice(["\n", "\n", "\r\n"]) for row in rows)
    return text.encode(rng.choice(["utf-8", "utf-8", "utf-8-sig", "cp1252", "utf-16"]), "replace")


def _xlsx(rows: Table, rng: random.Random) -> bytes:
    numbers = rng.choice(["[0-9]{1,9}", "[0-9]{1,2}", "", ""])
    cells = [[float(text) if text and re.fullmatch(numbers, text) else text.replace("\0", "") for text in row] for row in rows]
    contents = parts(cells, *([[["x"]], cells][: rng.choice([0, 0, 1, 2])]), states=rng.choice([(), ("visible", "hidden", "visible")]))
    if rng.random() < 0.4:
        name = rng.choice(list(contents))
        text = contents[name]
        place = rng.randrange(len(text))
        contents[name] = (
            text[:place]
            + rng.choice(["", "<", ">", "&", "&x;", "</row>", "<!DOCTYPE a>", "-", "9", '"', "é"])
            + text[place + rng.choice([0, 1, 9]) :]
        )
    return packed(contents)


def _parquet(rows: Table, rng: random.Random) -> bytes:
    names = list(dict.fromkeys(rows[0])) or ["x"]
    body = [(row + [""] * len(names))[: len(names)] for row in rows[1:]] or [[""] * len(names)]
    columns = {name: pa.array([row[i] for row in body]) for i, name in enumerate(names)}
    name = rng.choice(names)
    others = [
        columns[name],
        pa.array(range(len(body))),
        pa.array([0.5] * len(body)),
        pa.array([b"\xff"] * len(body)),
        pa.array([DAYS[0]] * len(body)),
    ]
    columns[name] = rng.choice([*others, pa.array([[1]] * len(body)), pa.array([None] * len(body))])
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def _spoil_bytes(data: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.7 or not data:
        return data
    changed = bytearray(data)
    for _ in range(rng.choice([1, 5, 60])):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return rng.choice([bytes(changed), data[: rng.randrange(len(data))]])


def _one_file(folder: Path, seed: int) -> tuple[Path, DatasetFacts]:
    rng = random.Random(seed)
    rows = [list(row) for row in rng.choice([GRID, GRID, TEXTS, TEXTS, LONG, LONG])]
    for way in rng.sample(WAYS, rng.choice([1, 1, 2, 3])):
        way(rows, rng)
        rows = rows if rows and rows[0] else [["UPN"]]
    is_long = rows[0][3:5] == LONG[0][3:5]
    write, name = rng.choice([(_csv, "a.csv"), (_xlsx, "a.xlsx"), (_parquet, "a.parquet")] if not is_long else [(_xlsx, "a.xlsx")])
    path = folder / f"{seed}{name}"
    path.write_bytes(_spoil_bytes(write(rows, rng), rng))
    return path, rng.choice([*FACTS[:2] * 3, *FACTS])


def _fared(path: Path, facts: DatasetFacts) -> Counter[str]:
    """How each reader that takes the file for its own gets on with it; an error other than a refusal fails the test."""
    fared: Counter[str] = Counter()
    for reader in (grid, strings, xlsx):
        if not reader.fits(peek(path), facts):
            continue
        try:
            for raw in reader.read(path, facts=facts):
                ledger = check(raw, facts).ledger
                assert ledger.rows == ledger.accepted + ledger.rejected
                assert ledger.rows == raw.rows + len(raw.numbering.ragged) + sum(r.rows for r in raw.rejections)
                assert all(r.rows >= 1 and r.first and r.what and r.do for r in ledger.rejections)
                assert all(len(cells.index) == raw.rows for cells in raw.columns.values())
                fared[f"{reader.NAME}: {'rejected some' if ledger.rejected else 'accepted whole'}"] += 1
        except FileRefused as error:
            said = str(error).startswith(path.name) and error.do.endswith(".")
            fared["a refusal without its place or what to do"] += not said
            fared[f"{reader.NAME}: refused, {error.rule}"] += 1
    return fared


def _run(folder: Path, seeds: range) -> Counter[str]:
    fared: Counter[str] = Counter()
    for seed in seeds:
        path, facts = _one_file(folder, seed)
        try:
            fared += _fared(path, facts)
        except Exception as error:
            error.add_note(f"seed {seed}, {path.name}: {path.read_bytes()[:300]!r}")
            raise
        path.unlink()
    assert not fared.pop("a refusal without its place or what to do", 0), fared
    return fared


def test_hundreds_of_spoilt_files_are_accounted_for_or_refused(tmp_path: Path) -> None:
    fared = _run(tmp_path, range(FILES))
    for reader in (grid, strings, xlsx):
        mine = {how: times for how, times in fared.items() if how.startswith(reader.NAME)}
        assert mine.get(f"{reader.NAME}: accepted whole", 0) >= 10, fared
        assert len(mine) >= 6, fared
    assert sum("rejected some" in how for how in fared) == 3, fared
    assert fared.total() >= FILES / 2, fared


@pytest.mark.parametrize(("rows", "reader", "marks"), [(GRID, grid, 98), (TEXTS, strings, 420), (LONG, xlsx, 40)])
def test_what_they_are_made_from_is_sound(tmp_path: Path, rows: Table, reader: object, marks: int) -> None:
    """The control."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(packed(parts(rows)))
    (raw,) = reader.read(path, facts=DatasetFacts())  # type: ignore[attr-defined]
    ledger = check(raw, DatasetFacts()).ledger
    assert (ledger.rows, ledger.accepted) == (marks, marks)


def test_every_byte_of_a_small_workbook_may_be_wrong(tmp_path: Path) -> None:
    """Stored without packing, so that a change reaches the XML."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, text in parts([LONG[0], LONG[1]]).items():
            archive.writestr(name, text)
    data, refused = sink.getvalue(), 0
    path = tmp_path / "a.xlsx"
    for place in range(0, len(data), 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x11]) + data[place + 1 :])
        refused += any("accepted" not in how for how in _fared(path, DatasetFacts()))
    assert refused > 100


@pytest.mark.long
def test_ten_thousand_more(tmp_path: Path) -> None:
    assert _run(tmp_path, range(FILES, FILES + 10_000)).total() > 5_000
