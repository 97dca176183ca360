"""Canaries in every sensitive field, through every command: none is in a log, an error, the tracking store, or a model."""

from __future__ import annotations

import base64
import csv
import logging
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from eswarn import cli
from eswarn.evidence.record import EVIDENCE_FILES, PUPIL_FILES
from tests import made_up_school
from tests.made_up_school import AS_OF

TOKEN = "zqx"  # in every canary, and in nothing else
FEWEST, CLOSED = 200, 60  # a closed list of a school has at most 60 texts; of more, none is kept
# field: file, column; columns that no table has are dropped when they are read
FIELDS = {
    "pupil": ("", "pupil_id"), "house": ("context", "household_id"), "form": ("context", "form"), "category": ("behaviour", "category"),
    "subject": ("assessments", "subject"), "comment": ("behaviour", "comment"), "staff": ("behaviour", "staff_name"),
    "surname": ("context", "surname"), "forename": ("context", "forename"), "email": ("context", "parent_email"),
    "born": ("context", "date_of_birth"), "address": ("context", "address"),
}  # fmt: skip
BAD_NAMES = ("twice", "broken", "other")
DROPPED = ("comment", "staff", "surname", "forename", "email", "born", "address")


def canary(field: str, number: object) -> str:
    return f"{'PH'[field == 'house'] if field in ('pupil', 'house') else ''}{TOKEN}{field}{number}"


def forms_of(text: str) -> Iterator[bytes]:
    """A text as it may stand in bytes: in UTF-8 and UTF-16, and in base64 wherever it begins."""
    yield from (text.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be"))
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + text.encode() + b"\0" * (-(before + len(text)) % 3))
        yield whole[(0, 2, 3)[before] : len(whole) - (4 if (before + len(text)) % 3 else 0)]


def found_in(content: bytes, text: str = TOKEN) -> bool:
    plain, encoded = (
        [*forms_of(text.lower())][:3],
        [needle for word in (text, text.upper(), text.title()) for needle in [*forms_of(word)][3:]],
    )
    return any(needle in content.lower() for needle in plain) or any(needle in content for needle in encoded if len(needle) > 3)


def held(folder: Path, text: str = TOKEN, *, but: tuple[str, ...] = ()) -> list[str]:
    """Files of a folder that hold a text, tables of Parquet read first; those named are not looked at."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in but:
            content = path.read_bytes()
            if path.suffix == ".parquet":
                content += repr(pq.read_table(path).to_pydict()).encode()
            if found_in(content, text) or text in path.name.casefold():
                found.append(path.relative_to(folder).as_posix())
    return found


@dataclass(frozen=True)
class Done:
    """What was done: where it stands, what was said of it, and how many canaries went in, by field."""

    place: Path
    said: str
    codes: dict[str, int]
    sown: dict[str, int]


def sow(folder: Path) -> dict[str, int]:
    """Write the export files anew with a canary in each sensitive field of each row; how many different ones, by field."""
    folder.mkdir()
    sown: dict[str, set[str]] = {field: set() for field in FIELDS}
    for path in sorted(made_up_school.exports().iterdir()):
        if path.suffix != ".csv":
            (folder / path.name).write_bytes(path.read_bytes())
            continue
        with path.open(newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
        numbers = count(1)
        for row in rows:
            number = next(numbers)
            for field, (table, column) in FIELDS.items():
                if table in ("", path.stem):
                    own = row[column][1:] if field in ("pupil", "house") and row[column] else number
                    row[column] = canary(field, number % CLOSED if field == "category" else own)
                    sown[field].add(row[column])
        with (folder / path.name).open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return {field: len(values) for field, values in sown.items()}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    """Check, train, score, track, report, verify, and a number of errors, in one process whose every word is kept."""
    place = tmp_path_factory.mktemp("canaries")
    made_up_school.exports()  # made in the temporary folder of all tests, not in this one's
    for name in ("cwd", "tmp"):
        (place / name).mkdir()
    log = (place / "said.txt").open("w+", encoding="utf-8")
    handler = logging.StreamHandler(log)
    level = logging.getLogger().level
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place / "cwd")
        patch.setenv("TMPDIR", str(place / "tmp"))
        patch.setattr(tempfile, "tempdir", None)
        patch.setattr("sys.stdout", log)
        patch.setattr("sys.stderr", log)
        logging.getLogger().addHandler(handler)
        logging.getLogger().setLevel(logging.DEBUG)
        try:
            sown = sow(place / "exports")
            codes = {name: _run(*words) for name, words in _commands(place).items()}
        finally:
            logging.getLogger().removeHandler(handler)
            logging.getLogger().setLevel(level)
    tempfile.tempdir = None
    log.flush()
    yield Done(place, (place / "said.txt").read_text(encoding="utf-8"), codes, sown)
    log.close()


def _run(*words: object) -> int:
    try:
        return cli.main([str(word) for word in words])
    except SystemExit as stopped:
        return int(str(stopped.code))


def _commands(place: Path) -> dict[str, tuple[object, ...]]:
    exports, model, out = place / "exports", place / "model", place / "out"
    store = ("--tracking", f"sqlite:///{place / 'store' / 'mlflow.db'}")
    with (exports / "context.csv").open(newline="", encoding="utf-8") as handle:
        people = list(dict.fromkeys(row["pupil_id"] for row in csv.DictReader(handle)))
    texts = {
        "config.toml": "[validation]\nin_training = false\n",
        "names.csv": "pupil_id,name\n" + "".join(f"{pupil},{canary('name', n)} Example\n" for n, pupil in enumerate(people)),
        "upn.csv": "pupil_id,name\n" + "".join(f"{canary('upn', n)},{canary('name', n)}\n" for n in range(FEWEST)),
        "twice.csv": "pupil_id,name\n" + "".join(f"{people[0]},{canary('name', n)}\n" for n in range(FEWEST)),
        "broken.csv": f'pupil_id,name\n{people[0]},"{canary("name", 1)}\n',
        "other.csv": f"{canary('name', 1)},{canary('name', 2)}\n",
        "pupils.key": bytes(range(7, 39)).hex(),
    }
    for name, text in texts.items():
        (place / name).write_text(text, encoding="utf-8")
    (place / "pupils.key").chmod(0o600)
    spoiled = place / "spoiled"
    spoiled.mkdir()
    for path in exports.iterdir():
        content = path.read_text(encoding="utf-8")
        (spoiled / path.name).write_text(content.replace(",AM,", f",{canary('code', 1)},") if path.stem == "attendance" else content + '"')
    report = ("report", out, "--names", place / "names.csv", "--out")
    return {
        "check": ("check", exports),
        "train": ("train", exports, "--config", place / "config.toml", "--out", model, *store),
        "score": ("score", exports, "--model", model, "--as-of", AS_OF, "--out", out, *store),
        "report": (*report, place / "report"), "each": (*report, place / "each", "--each-school", "--locale", "en-US"),
        "sheet": (*report, place / "sheet", "--pupil", people[-1]),
        "bad keyed": ("report", out, "--names", place / "upn.csv", "--key", place / "pupils.key", "--out", place / "keyed"),
        "verify": ("verify", out), "card": ("card", model, "--out", place / "card"),
        "bad check": ("check", spoiled), "bad score": ("score", spoiled, "--model", model, "--as-of", AS_OF, "--out", place / "no", *store),
        "bad pupil": ("report", out, "--pupil", canary("pupil", "nobody"), "--out", place / "no"),
        "bad school": ("report", out, "--school", canary("school", "none"), "--out", place / "no"),
        **{f"bad {name}": ("report", out, "--names", place / f"{name}.csv", "--out", place / "no") for name in BAD_NAMES},
        "bad date": ("score", exports, "--model", model, "--as-of", "2035-01-01", "--out", place / "no", *store),
    }  # fmt: skip


def test_all_commands_ran_and_hundreds_of_canaries_went_in(done: Done) -> None:
    good = {name: code for name, code in done.codes.items() if not name.startswith("bad")}
    assert good == dict.fromkeys(good, 0), done.said[-2000:]
    assert all(code in (2, 3) for name, code in done.codes.items() if name.startswith("bad")), done.codes
    assert done.sown.pop("category") == CLOSED
    assert min(done.sown.values()) >= FEWEST, done.sown


def test_they_are_where_they_belong(done: Done) -> None:
    """The control: pseudonyms in the files of pupils, names in the report alone."""
    assert set(held(done.place / "out")) >= {
        "scores.csv",
        "scores.parquet",
        "pupils.parquet",
        "events.parquet",
        "report.html",
        "evidence.jsonl",
    }
    assert "pupils.parquet" in held(done.place / "out", f"{TOKEN}form")
    assert "events.parquet" in held(done.place / "out", f"{TOKEN}category")
    assert {"list.csv", "report.html", "facts.csv"} <= set(held(done.place / "report", f"{TOKEN}name"))
    assert held(done.place / "sheet", f"{TOKEN}name") == ["sheets.html"]
    assert "attendance.csv" in held(done.place / "exports")


def test_the_search_finds_what_is_there() -> None:
    for before in (b"", b"a", b"ab", b"abc"):
        for text in (f"P{TOKEN}pupil1", f"{TOKEN}name7"):
            whole = before + text.encode() + b" and more"
            assert found_in(whole, text)
            assert found_in(base64.b64encode(whole), text)
            assert found_in(text.encode("utf-16-le"), text)
            assert not found_in(b"nothing of the kind", text)


def test_nothing_said_or_logged_holds_one(done: Done) -> None:
    assert "rows read" in done.said
    assert "eswarn: " in done.said
    assert "Traceback" not in done.said
    assert [line for line in done.said.splitlines() if TOKEN in line.casefold()] == []


def test_no_model_holds_one(done: Done) -> None:
    for folder in (done.place / "model", done.place / "out" / "model", done.place / "card"):
        assert any(folder.rglob("*"))
        assert held(folder) == []


def test_the_store_holds_none_but_in_the_files_of_pupils(done: Done) -> None:
    store = done.place / "store"
    assert held(store, but=(*PUPIL_FILES, *EVIDENCE_FILES)) == []
    assert any(name.endswith("scores.csv") for name in held(store)), "a local store is given them"
    assert (store / "mlflow.db").stat().st_size > 10_000


def test_what_is_sealed_and_said_of_the_run_holds_none(done: Done) -> None:
    assert held(done.place / "out", but=(*PUPIL_FILES, *EVIDENCE_FILES)) == []


def test_names_and_upns_are_in_no_other_place(done: Done) -> None:
    for field in ("name", "upn"):
        for folder in ("out", "store", "model", "card", "cwd", "tmp"):
            assert held(done.place / folder, f"{TOKEN}{field}") == [], (field, folder)
    assert not (done.place / "keyed").exists(), "names by a key that fits nobody are refused"


def test_columns_that_no_table_has_end_where_they_are_read(done: Done) -> None:
    for field in DROPPED:
        for folder in ("out", "store", "report", "each", "sheet", "model"):
            assert held(done.place / folder, f"{TOKEN}{field}") == [], (field, folder)


def test_nothing_is_left_in_the_current_folder_or_the_temporary_one(done: Done) -> None:
    assert list((done.place / "cwd").rglob("*")) == []
    assert held(done.place / "tmp") == []
    assert not (done.place / "no").exists()
