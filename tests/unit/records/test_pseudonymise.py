"""Raw identifiers in, keyed pseudonyms out: the same person in every file, nobody told by any byte, and a key that stays outside."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eswarn.errors import InputRefused
from eswarn.records.pseudonymise import pseudonymise
from eswarn.records.read import read
from eswarn.records.upn import LETTERS, check_letter_holds
from tests.unit.records.exports import put

KEY = bytes(range(7, 39))
UPNS = [letter + body for body in (f"99999992400{n}" for n in range(1, 7)) for letter in LETTERS if check_letter_holds(letter + body)]
TEMPORARY = "U99999992401A"
PUPILS = [*UPNS, TEMPORARY]
HOUSEHOLDS = ["house-canary-1", "house-canary-2"]


def key_file(folder: Path, text: str = KEY.hex() + "\n", *, mode: int = 0o600) -> Path:
    path = folder / "pupils.key"
    path.write_text(text)
    path.chmod(mode)
    return path


def register(pupils: list[str], header: str = "UPN,school_id,date,session,code") -> str:
    days = ("2025-09-01", "2025-09-02")
    return "\n".join([header, *(f"{p},9990001,{day},{half},/" for p in pupils for day in days for half in ("AM", "PM"))]) + "\n"


def raw_files(folder: Path) -> Path:
    """An export as it comes out of a school's system: UPNs and household numbers, in three tables."""
    folder.mkdir()
    context = "Pupil,school_id,valid_from,year_group,household_id\n" + "".join(
        f"{p.lower()},9990001,2025-09-01,9,{HOUSEHOLDS[i % 2]}\n" for i, p in enumerate(PUPILS)
    )
    outcomes = f"UPN,school_id,left_on,destination\n {PUPILS[0]} ,9990001,2025-09-03,neet\n"
    return put(folder, attendance=register(PUPILS), context=context, outcomes=outcomes)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return raw_files(tmp_path / "raw")


def words(folder: Path, table: str, column: str) -> list[str]:
    return read(folder).table(table)[column].cast(pa.string()).to_pylist()


def spellings(secret: str | bytes) -> Iterator[bytes]:
    """A text as it might hide among bytes: UTF-8, UTF-16, hexadecimal, base64 at any place; in either case."""
    plain = secret.encode() if isinstance(secret, str) else secret
    for text in {plain, plain.upper(), plain.lower()}:
        wide = text.decode("latin-1")
        for coded in (text, wide.encode("utf-16-le"), wide.encode("utf-16-be")):
            yield coded
            yield coded.hex().encode()
            for shift in range(3):
                code = base64.b64encode(b"\0" * shift + coded).rstrip(b"=")
                yield code[(0, 2, 3)[shift] : -1 if (len(coded) + shift) % 3 else None]


def everything_in(folder: Path) -> bytes:
    """Every byte of every file and name; of Parquet, which is compressed, also every value and every word of a dictionary."""
    found = []
    for path in sorted(folder.rglob("*")):
        found.append(path.name.encode())
        if path.is_file():
            found.append(path.read_bytes())
        if path.suffix == ".parquet":
            file = pq.ParquetFile(path, read_dictionary=pq.read_schema(path).names)
            table = file.read()
            found += [str(table.to_pylist()).encode(), repr(file.metadata.to_dict()).encode(), repr(table.schema.metadata).encode()]
            found += [
                str(chunk.dictionary.to_pylist()).encode() for c in table.columns for chunk in c.chunks if hasattr(chunk, "dictionary")
            ]
    return b"\n".join(found)


def told_by(folder: Path, secrets: list[str]) -> list[str]:
    content = everything_in(folder)
    return [secret for secret in secrets if any(spelling in content for spelling in spellings(secret))]


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_no_byte_of_the_output_tells_an_identifier_or_the_key(raw: Path, tmp_path: Path, file_format: str) -> None:
    damaged = "A999999924001"
    with (raw / "attendance.csv").open("a") as file:
        file.write(f"{damaged},9990001,2025-09-01,AM,/\nMary Canary,9990001,2025-09-01,AM,/\n")
    secrets = [*PUPILS, damaged, "Mary Canary", *HOUSEHOLDS]
    pseudonymise(raw, tmp_path / "out", key=key_file(tmp_path), file_format=file_format)  # type: ignore[arg-type]
    assert told_by(tmp_path / "out", secrets) == []
    assert not any(spelling in everything_in(tmp_path / "out") for spelling in (*spellings(KEY), *spellings(KEY.hex())))
    assert set(told_by(raw, secrets)) == set(secrets)  # the search finds what is there


@pytest.mark.parametrize("name", ["utf-8", "utf-16-le", "utf-16-be"])
def test_the_search_for_identifiers_would_find_one_in_any_spelling(tmp_path: Path, name: str) -> None:
    for before in ("", "x", "xy", "xyz"):
        text = f"{before}{UPNS[0]}tail".encode(name)
        for content in (text, base64.b64encode(text), text.hex().encode()):
            (tmp_path / "file").write_bytes(content)
            assert told_by(tmp_path, [UPNS[0]]) == [UPNS[0]]


def test_the_pseudonym_is_the_documented_one(raw: Path, tmp_path: Path) -> None:
    pseudonymise(raw, tmp_path / "out", key=key_file(tmp_path))

    def expected(letter: str, column: str, identifier: str) -> str:
        message = b"eswarn 1\0" + column.encode() + b"\0" + identifier.encode()
        return letter + hmac.new(KEY, message, hashlib.sha256).hexdigest()[:24]

    assert set(words(tmp_path / "out", "attendance", "pupil_id")) == {expected("P", "pupil_id", p) for p in PUPILS}
    assert set(words(tmp_path / "out", "context", "household_id")) == {expected("H", "household_id", h.upper()) for h in HOUSEHOLDS}
    assert words(tmp_path / "out", "outcomes", "pupil_id") == [expected("P", "pupil_id", PUPILS[0])]


def test_a_pseudonym_stays_the_same_from_one_version_of_eswarn_to_the_next(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    put(tmp_path / "raw", attendance=register(["V999999924001"]))
    pseudonymise(tmp_path / "raw", tmp_path / "out", key=key_file(tmp_path))
    assert set(words(tmp_path / "out", "attendance", "pupil_id")) == {"P3d741794c41f62b01102a200"}


def test_the_same_person_is_met_in_every_file_however_the_number_is_written(raw: Path, tmp_path: Path) -> None:
    spaced = f"{PUPILS[1][0]} {PUPILS[1][1:5]} {PUPILS[1][5:]}"
    (raw / "assessments.csv").write_text(f"UPN,school_id,date,subject,score\n{spaced},9990001,2025-09-01,Maths,5\n")
    found = pseudonymise(raw, tmp_path / "out", key=key_file(tmp_path))
    everybody = set(words(tmp_path / "out", "attendance", "pupil_id"))
    assert len(everybody) == len(PUPILS)
    for table in ("context", "outcomes", "assessments"):
        assert set(words(tmp_path / "out", table, "pupil_id")) <= everybody
    assert found.ledger.rejected == 0


def test_another_key_gives_other_pseudonyms(raw: Path, tmp_path: Path) -> None:
    pseudonymise(raw, tmp_path / "one", key=key_file(tmp_path))
    pseudonymise(raw, tmp_path / "other", key=key_file(tmp_path, bytes(range(8, 40)).hex()))
    one, other = (set(words(tmp_path / name, "attendance", "pupil_id")) for name in ("one", "other"))
    assert len(one) == len(other) == len(PUPILS)
    assert not one & other


def test_a_pupil_and_a_household_of_the_same_number_cannot_be_matched(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    context = f"UPN,school_id,valid_from,household_id\n{UPNS[0]},9990001,2025-09-01,{UPNS[0]}\n"
    put(tmp_path / "raw", attendance=register(UPNS[:1]), context=context)
    (row,) = pseudonymise(tmp_path / "raw", tmp_path / "out", key=key_file(tmp_path)).table("context").to_pylist()
    assert re.fullmatch("P[0-9a-f]{24}", row["pupil_id"])
    assert re.fullmatch("H[0-9a-f]{24}", row["household_id"])
    assert row["pupil_id"][1:] != row["household_id"][1:]


def test_the_numbers_of_the_school_s_own_system_are_replaced_too(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    put(tmp_path / "raw", attendance=register(["004512", "ab-77", "4512"], "Admission No,school_id,date,session,code"))
    pseudonymise(tmp_path / "raw", tmp_path / "out", key=key_file(tmp_path))
    found = set(words(tmp_path / "out", "attendance", "pupil_id"))
    assert len(found) == 3
    assert all(re.fullmatch("P[0-9a-f]{24}", word) for word in found)


def test_what_is_written_can_be_read_as_it_is(raw: Path, tmp_path: Path) -> None:
    found = pseudonymise(raw, tmp_path / "out", key=key_file(tmp_path))
    again = read(tmp_path / "out")
    assert again.ledger.rejected == 0
    assert {name: table.num_rows for name, table in again.tables.items()} == {"attendance": 28, "context": 7, "outcomes": 1}
    assert {name: table.to_pylist() for name, table in again.tables.items()} == {n: t.to_pylist() for n, t in found.tables.items()}


def test_the_order_of_the_rows_tells_nothing_of_the_identifiers(tmp_path: Path) -> None:
    outputs = []
    for name, pupils in (("up", sorted(PUPILS)), ("down", sorted(PUPILS, reverse=True))):
        (tmp_path / name).mkdir()
        put(tmp_path / name, attendance=register(pupils))
        pseudonymise(tmp_path / name, tmp_path / f"{name}-out", key=key_file(tmp_path))
        outputs.append((tmp_path / f"{name}-out" / "attendance.csv").read_bytes())
    assert outputs[0] == outputs[1]


def test_a_upn_that_fails_its_check_letter_is_rejected_with_its_row_and_the_ledger_balances(raw: Path, tmp_path: Path) -> None:
    lines = (raw / "attendance.csv").read_text().splitlines()
    lines.insert(3, "A999999924001,9990001,2025-09-01,AM,/")
    lines.insert(9, "S999999924001,9990001,2025-09-01,AM,/")  # no UPN has the letter S: mistyped
    lines.append("Total,9990001,2025-09-01,AM,/")
    (raw / "attendance.csv").write_text("\n".join(lines) + "\n")
    file = next(f for f in pseudonymise(raw, tmp_path / "out", key=key_file(tmp_path)).ledger.files if f.table == "attendance")
    told = {(r.rule, r.rows, r.first, r.column) for r in file.rejections}
    assert told == {("damaged_identifier", 2, (4, 10), "UPN"), ("totals_row", 1, (32,), "UPN")}
    assert (file.rows, file.accepted, file.rejected) == (31, 28, 3)


def test_damaged_blank_and_missing_identifiers_are_rejected_under_their_own_rules(raw: Path, tmp_path: Path) -> None:
    with (raw / "attendance.csv").open("a") as file:
        for bad in ("1.23E+12", "", "Jane Doe", "x" * 201):
            file.write(f"{bad},9990001,2025-09-01,AM,/\n")
    found = pseudonymise(raw, tmp_path / "out", key=key_file(tmp_path))
    rules = [r.rule for f in found.ledger.files for r in f.rejections]
    assert sorted(rules) == ["damaged_identifier", "missing_value", "name", "too_long"]
    assert len(set(words(tmp_path / "out", "attendance", "pupil_id"))) == len(PUPILS)


def test_a_file_of_mostly_failing_upns_is_refused_whole(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    put(tmp_path / "raw", attendance=register(["A999999924001", "B999999924001", "C999999924001", UPNS[0]]))
    with pytest.raises(InputRefused, match=r"12 of 16 rows: a UPN that fails its check letter"):
        pseudonymise(tmp_path / "raw", tmp_path / "out", key=key_file(tmp_path))
    assert not (tmp_path / "out").exists()


def test_pseudonyms_are_not_replaced_a_second_time(raw: Path, tmp_path: Path) -> None:
    key = key_file(tmp_path)
    pseudonymise(raw, tmp_path / "out", key=key)
    with pytest.raises(InputRefused, match="it holds pseudonyms already"):
        pseudonymise(tmp_path / "out", tmp_path / "twice", key=key)
    assert not (tmp_path / "twice").exists()


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("context", f"UPN,school_id,valid_from,form\n{UPNS[0]},9990001,2025-09-01,{UPNS[1].lower()}\n"),
        ("context", f"UPN,school_id,valid_from,form\n{UPNS[0]},9990001,2025-09-01,see {UPNS[1]}\n"),
        ("context", "Adno,school_id,valid_from,form\nlocal-1,9990001,2025-09-01,LOCAL-1\n"),
        ("behaviour", f"UPN,school_id,date,kind,category\n{UPNS[0]},9990001,2025-09-01,negative,Fight with {UPNS[1]}\n"),
        ("assessments", f"UPN,school_id,date,subject,score\n{UPNS[0]},9990001,2025-09-01,{UPNS[0]},5\n"),
    ],
)
def test_an_identifier_in_another_column_is_not_carried_out(raw: Path, tmp_path: Path, table: str, text: str) -> None:
    (raw / f"{table}.csv").write_text(text)
    with pytest.raises(InputRefused, match="identifiers of pupils stand in the column"):
        pseudonymise(raw, tmp_path / "out", key=key_file(tmp_path))
    assert not (tmp_path / "out").exists()


def test_a_short_number_that_is_also_a_pupil_s_is_no_identifier_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    context = "Adno,school_id,valid_from,form\n7,9990001,2025-09-01,7\n"
    put(tmp_path / "raw", attendance=register(["7", "9990001"], "Adno,school_id,date,session,code"), context=context)
    assert pseudonymise(tmp_path / "raw", tmp_path / "out", key=key_file(tmp_path)).table("context").num_rows == 1


# --- the key ---------------------------------------------------------------------------------------------------------


def test_a_new_key_is_random_for_its_owner_alone_and_can_be_used_again(raw: Path, tmp_path: Path) -> None:
    keys = [tmp_path / "one.key", tmp_path / "other.key"]
    pseudonymise(raw, tmp_path / "a", key=keys[0], new_key=True)
    pseudonymise(raw, tmp_path / "b", key=keys[1], new_key=True)
    pseudonymise(raw, tmp_path / "again", key=keys[0])
    assert all(re.fullmatch("[0-9a-f]{64}\n", key.read_text()) for key in keys)
    assert keys[0].read_text() != keys[1].read_text()
    assert (tmp_path / "a" / "attendance.csv").read_bytes() == (tmp_path / "again" / "attendance.csv").read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="rights on files are those of POSIX")
def test_a_new_key_can_be_read_by_its_owner_alone(raw: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        pseudonymise(raw, tmp_path / "out", key=tmp_path / "new.key", new_key=True)
    finally:
        os.umask(before)
    assert (tmp_path / "new.key").stat().st_mode & 0o777 == 0o600


def test_no_key_is_made_where_nothing_was_written(raw: Path, tmp_path: Path) -> None:
    (raw / "attendance.csv").write_text("no register\n")
    with pytest.raises(InputRefused):
        pseudonymise(raw, tmp_path / "out", key=tmp_path / "new.key", new_key=True)
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_nothing_of_the_key_is_in_what_comes_back(raw: Path, tmp_path: Path) -> None:
    found = pseudonymise(raw, tmp_path / "out", key=key_file(tmp_path))
    told = f"{found!r} {found.ledger.render()} {found.digest} {vars(found)}"
    assert KEY.hex() not in told
    assert not found.sources  # the hashes of raw files are no names for these records
