"""What a person reads when records cannot be pseudonymised or compared: what is wrong, where, what to do; no identifier, no key."""

from __future__ import annotations

import datetime as dt
import io
import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from eswarn.errors import EswarnError
from eswarn.records.changes import changed_since
from eswarn.records.pseudonymise import pseudonymise
from eswarn.records.read import read
from tests.unit.records.exports import put

KEY = bytes(range(7, 39)).hex()
UPN = "V999999924001"
WRONG = "A999999924001"
HEADER = "UPN,school_id,date,session,code"


def world(folder: Path) -> Path:
    """A folder ``raw`` of records and a key ``pupils.key`` beside it."""
    (folder / "raw").mkdir()
    put(folder / "raw", attendance=f"{HEADER}\n{UPN},9990001,2025-09-01,AM,/\n")
    put(folder, pupils__key=KEY)
    (folder / "pupils.key").chmod(0o600)
    return folder


def told_by(error: BaseException) -> str:
    """All that an error and its traceback say."""
    said, chain = [], error
    while chain is not None:
        said.append(f"{chain!r} {chain} {chain.args} {vars(chain)}")
        chain = chain.__cause__ or chain.__context__  # type: ignore[assignment]
    out = io.StringIO()
    traceback.print_exception(error, file=out)
    return "\n".join([*said, out.getvalue()])


def _key(text: str | bytes) -> Callable[[Path], None]:
    def put_key(folder: Path) -> None:
        (folder / "pupils.key").write_bytes(text if isinstance(text, bytes) else text.encode())

    return put_key


def _rows(*rows: str) -> Callable[[Path], Path]:
    return lambda folder: put(folder / "raw", attendance="\n".join([HEADER, *rows]) + "\n")


def _context(column: str, cell: str) -> Callable[[Path], None]:
    def put_context(folder: Path) -> None:
        put(folder / "raw", context=f"UPN,school_id,valid_from,{column}\n{UPN},9990001,2025-09-01,{cell}\n")

    return put_context


def _move_key(folder: Path) -> None:
    (folder / "pupils.key").rename(folder / "raw" / "pupils.key")
    (folder / "pupils.key").symlink_to(folder / "raw" / "pupils.key")


def _folder_for_key(folder: Path) -> None:
    (folder / "pupils.key").unlink()
    (folder / "pupils.key").mkdir()


def _loop_for_key(folder: Path) -> None:
    (folder / "pupils.key").unlink()
    (folder / "pupils.key").symlink_to(folder / "pupils.key")


def _pipe_for_key(folder: Path) -> None:
    (folder / "pupils.key").unlink()
    os.mkfifo(folder / "pupils.key")


SHORT, HALF = KEY[:62], KEY[:63]
NOT_HEX = "zq" * 32
# What is done to the world, what is said, what the reader can do.
REFUSALS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "no key": (lambda folder: (folder / "pupils.key").unlink(), "there is no key file", "--new-key"),
    "an empty key": (_key(""), "this is no key", "--new-key"),
    "a short key": (_key(SHORT), "the key is too weak: it needs 64 random hexadecimal digits", "--new-key"),
    "half a byte": (_key(HALF), "this is no key", "--new-key"),
    "a key of one byte": (_key("07" * 32), "too weak", "--new-key"),
    "a word for a key": (_key(NOT_HEX), "this is no key", "--new-key"),
    "bytes for a key": (_key(bytes.fromhex(KEY)), "this is no key", "--new-key"),
    "a huge key": (_key(KEY * 100), "this is no key", "--new-key"),
    "a folder for a key": (_folder_for_key, "the key is not a file", "--new-key"),
    "a key beside the records": (_move_key, "the key file lies inside a folder of records", "where no export"),
    "failing upns": (_rows(*[f"{WRONG},9990001,2025-09-{day:02d},AM,/" for day in range(1, 21)]), "fails its check letter", "Correct"),
    "a upn in another column": (_context("form", UPN), "stand in the column form, too", "Leave form out"),
    "pseudonyms": (_rows(f"P{KEY[:24]},9990001,2025-09-01,AM,/"), "it holds pseudonyms already", "as they came out"),
    "a taken place": (lambda folder: (folder / "out").mkdir(), "it exists already", "another name"),
}
if os.name == "posix":
    REFUSALS |= {
        "a key for everybody": (
            lambda folder: (folder / "pupils.key").chmod(0o644),
            "others can read the key file",
            "chmod 600 pupils.key",
        ),
        "a key for the group": (lambda folder: (folder / "pupils.key").chmod(0o640), "others can read the key file", "chmod 600"),
        "a loop for a key": (_loop_for_key, "the key file cannot be read", ""),
        "a pipe for a key": (_pipe_for_key, "the key is not a file", "--new-key"),
    }


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_says_what_is_wrong_and_what_to_do_and_no_identifier_and_nothing_of_the_key(tmp_path: Path, name: str) -> None:
    harm, what, do = REFUSALS[name]
    folder = world(tmp_path)
    harm(folder)
    taken = (folder / "out").exists()
    with pytest.raises(EswarnError, match=what) as refusal:
        pseudonymise(folder / "raw", folder / "out", key=folder / "pupils.key")
    assert refusal.value.exit_code == 3
    assert do in str(refusal.value)
    told = told_by(refusal.value).casefold()
    assert not [secret for secret in (UPN, WRONG, KEY[:16], SHORT, NOT_HEX, KEY[:24]) if secret.casefold() in told]
    assert (folder / "out").exists() == taken


@pytest.mark.parametrize(
    ("out", "key", "what"),
    [
        ("raw/out", "new.key", "lies inside the folder that is read"),
        ("out", "raw/new.key", "the key file lies inside a folder of records"),
        ("out", "out/new.key", "the key file lies inside a folder of records"),
        ("out", "raw/../raw/new.key", "the key file lies inside a folder of records"),
        ("out", "pupils.key", "a key is never overwritten"),
        ("out", "nowhere/new.key", "there is no folder for the key file"),
    ],
)
def test_a_place_for_the_output_or_a_new_key_that_cannot_be_is_refused_first(tmp_path: Path, out: str, key: str, what: str) -> None:
    folder = world(tmp_path)
    with pytest.raises(EswarnError, match=what):
        pseudonymise(folder / "raw", folder / out, key=folder / key, new_key=True)
    assert sorted(path.name for path in folder.rglob("*")) == ["attendance.csv", "pupils.key", "raw"]
    assert (folder / "pupils.key").read_text() == KEY


def test_the_ledger_names_the_row_of_a_failing_upn_and_not_the_upn(tmp_path: Path) -> None:
    folder = world(tmp_path)
    with (folder / "raw" / "attendance.csv").open("a") as file:
        file.write(f"{WRONG},9990001,2025-09-01,AM,/\n")
    told = pseudonymise(folder / "raw", folder / "out", key=folder / "pupils.key").ledger.render()
    assert 'damaged_identifier: 1 row (3), column "UPN": a UPN that fails its check letter.' in told
    assert WRONG not in told


def test_nothing_is_printed_on_the_way(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = world(tmp_path)
    pseudonymise(folder / "raw", folder / "out", key=folder / "pupils.key")
    pseudonymise(folder / "raw", folder / "other", key=folder / "new.key", new_key=True)
    assert capfd.readouterr() == ("", "")


def test_changes_that_cannot_be_told_are_said_without_naming_anybody(tmp_path: Path) -> None:
    put(tmp_path, attendance="pupil_id,school_id,date,session,code\nQx1canary,9990001,2025-09-01,AM,/\n")
    records = read(tmp_path)
    with pytest.raises(EswarnError, match="it cannot be told which marks were changed") as refusal:
        changed_since(records, dt.date(2025, 9, 1))
    assert "canary" not in told_by(refusal.value)
