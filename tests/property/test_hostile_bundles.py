"""Hostile bundles, from a folder and from a tracking store: no code is run, nothing is written elsewhere, and each is refused by name."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import http.server
import io
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import eswarn as ew
from eswarn.errors import EswarnError, InputRefused, ModelRefused
from eswarn.model import bundle
from eswarn.model.bundle import FILES, load_model
from eswarn.tracking import fetch, track_training
from tests import made_up_school

SECONDS = 5
MEGABYTES = 512
RUNS_CODE = {"pickle.find_class", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "subprocess.Popen", "ctypes.dlopen"}


class Folder:
    """A copy of a sound model, to be spoilt; ``canary`` is the file that code in it would make."""

    def __init__(self, path: Path, canary: Path) -> None:
        self.path, self.canary = path, canary

    def read(self, name: str) -> Any:
        return json.loads((self.path / name).read_bytes())

    def put(self, name: str, content: bytes) -> None:
        (self.path / name).write_bytes(content)

    def gone(self, name: str) -> Path:
        (self.path / name).unlink()
        return self.path / name

    def forge(self, **files: bytes) -> None:
        """Put other bytes into files (``card`` for card.json), and their hashes into a manifest laid out as ours."""
        names = {name.split(".")[0]: name for name in FILES}
        for name, content in files.items():
            self.put(names[name], content)
        sums = {name: hashlib.sha256((self.path / name).read_bytes()).hexdigest() for name in FILES}
        self.put("manifest.json", bundle._json({"eswarn_model": 1, "files": sums}))

    def change(self, name: str, change: Callable[[Any], Any]) -> None:
        """Change what a file says and lay it out as eswarn does."""
        told = self.read(name)
        change(told)
        self.forge(**{name.split(".")[0]: bundle._json(told)})

    @property
    def outside(self) -> Path:
        """A file of somebody's, outside the folder."""
        place = self.path.parent / "outside"
        place.write_text("secret", encoding="utf-8")
        return place

    @property
    def pickle(self) -> bytes:
        """A pickle that makes the canary when it is opened."""
        return f"cposix\nsystem\n(S'touch {self.canary}'\ntR.".encode()

    @property
    def code(self) -> str:
        """Python that makes the canary when it is imported."""
        return f"open({str(self.canary)!r}, 'w').close()\nclass Loader: pass\ndef _load_pyfunc(path): return Loader()\n"


def zipped(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return made.getvalue()


def tarred(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def add(name: str, content: Callable[[Folder], bytes | str]) -> Callable[[Folder], None]:
    """A file beside those of the model."""

    def make(f: Folder) -> None:
        (f.path / name).parent.mkdir(parents=True, exist_ok=True)
        told = content(f)
        (f.path / name).write_bytes(told if isinstance(told, bytes) else told.encode())

    return make


def text_of(name: str, change: Callable[[bytes], bytes]) -> Callable[[Folder], None]:
    """Other bytes in a file, forged into the manifest."""
    return lambda f: f.forge(**{name.split(".")[0]: change((f.path / name).read_bytes())})


def first_knot(number: bytes) -> Callable[[Folder], None]:
    """Another number before the first raw score of the calibration curve."""
    return text_of("calibration.json", lambda t: t.replace(b'"raw": [\n  ', b'"raw": [\n  ' + number + b", ", 1))


def sized(name: str, size: int) -> Callable[[Folder], None]:
    """A file with a hole as large as that, which takes no space."""
    return lambda f: os.truncate(f.path / name, size)


def manifest(change: Callable[[dict[str, Any]], Any]) -> Callable[[Folder], None]:
    def make(f: Folder) -> None:
        told = f.read("manifest.json")
        change(told)
        f.put("manifest.json", bundle._json(told))

    return make


def feature(**told: Any) -> Callable[[Folder], None]:
    return lambda f: f.change("card.json", lambda card: card["features"][0].update(told))


def curve(**told: Any) -> Callable[[Folder], None]:
    return lambda f: f.change("calibration.json", lambda c: c.update(told))


def patterns(change: Callable[[list[Any]], Any]) -> Callable[[Folder], None]:
    return lambda f: f.change("reference.json", lambda r: change(r["patterns"]))


def link(name: str, to: Callable[[Folder], Path]) -> Callable[[Folder], None]:
    def make(f: Folder) -> None:
        place = to(f)
        f.gone(name).symlink_to(place)

    return make


def moved(f: Folder, name: str) -> Path:
    """The file itself, moved out of the folder."""
    aside = f.path.parent / f"aside-{name}"
    shutil.copyfile(f.path / name, aside)
    return aside


def mlmodel(f: Folder) -> str:
    return (
        "flavors:\n  python_function:\n    loader_module: evil\n    code: code\n    python_version: 3.11.0\n    env: {}\n"
        "model_uuid: 0\nutc_time_created: '2026-01-01'\n"
    )


def as_mlflow(f: Folder) -> None:
    """The folder of a model as MLflow would open it, with a loader of its own."""
    add("MLmodel", mlmodel)(f)
    add("code/evil.py", lambda f: f.code)(f)


def a_socket(f: Folder) -> None:
    place = f.gone("card.json")
    here = os.getcwd()
    os.chdir(f.path)  # the name of a socket may be 107 characters long
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(place.name)
    finally:
        os.chdir(here)


# Refused as soon as the folder is read.
HOSTILE: dict[str, Callable[[Folder], None]] = {
    # pickles in disguise
    **{f"a pickle named {name}": (lambda f, name=name: f.forge(**{name.split(".")[0]: f.pickle})) for name in FILES},
    "a pickle named manifest.json": lambda f: f.put("manifest.json", f.pickle),
    "a pickle beside the model": add("model.pkl", lambda f: f.pickle),
    "a joblib file beside the model": add("model.joblib", lambda f: zlib.compress(f.pickle)),
    "a cloudpickle in a hidden file": add(".cache/model.cpkl", lambda f: f.pickle),
    "a pickle in place of everything": lambda f: ([f.gone(n) for n in (*FILES, "manifest.json")], f.put("model.pkl", f.pickle))[0] and None,
    "a pickle behind the head of a model text": lambda f: f.forge(booster=b"tree\n" + f.pickle),
    "a pickle in a tree": text_of("booster.txt", lambda t: t.replace(b"\nnum_cat=0\n", b"\ncposix\nsystem\n(S'x'\ntR.\nnum_cat=0\n", 1)),
    "a pickle in base64 where a threshold should be": lambda f: text_of(
        "booster.txt", lambda t: t.replace(b"\nthreshold=", b"\nthreshold=" + base64.b64encode(f.pickle), 1)
    )(f),
    "an array of objects": lambda f: f.forge(
        booster=b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(128) + f.pickle
    ),
    "a skops archive": lambda f: f.forge(booster=zipped("schema.json", b'{"__class__": "system", "__module__": "posix"}')),
    "a compressed pickle": lambda f: f.forge(card=gzip.compress(f.pickle)),
    "JSON that names a class": lambda f: f.forge(card=b'{"py/reduce": [{"py/function": "posix.system"}, {"py/tuple": ["touch x"]}]}\n'),
    "YAML that names a function": lambda f: f.forge(card=b"!!python/object/apply:posix.system ['touch x']\n"),
    # code folders and loaders
    "an MLmodel with a loader": as_mlflow,
    "an MLmodel that names booster.txt": add("MLmodel", lambda f: "flavors:\n  lightgbm: {model_class: evil.Loader, data: booster.txt}\n"),
    "a python_function folder": add("python_function/code/__init__.py", lambda f: f.code),
    "a module beside the model": add("eswarn.py", lambda f: f.code),
    "a module that Python imports by itself": add("sitecustomize.py", lambda f: f.code),
    "a path file": add("evil.pth", lambda f: f"import os; {f.code}"),
    "a conftest": add("conftest.py", lambda f: f.code),
    "requirements to install": add("requirements.txt", lambda f: "evil @ file:///tmp/evil\n"),
    "an extension module": add("booster.so", lambda f: b"\x7fELF"),
    # names
    "a manifest that names a file above": manifest(lambda m: m["files"].update({"../evil": "0" * 64})),
    "a manifest that names only files above": manifest(lambda m: m.update(files={f"../{name}": s for name, s in m["files"].items()})),
    "a manifest with absolute names": manifest(lambda m: m.update(files={f"/etc/{name}": s for name, s in m["files"].items()})),
    "a manifest with names of another system": manifest(lambda m: m["files"].update({"..\\..\\evil": "0" * 64, "C:\\evil": "0" * 64})),
    "a manifest with a NUL in a name": manifest(lambda m: m["files"].update({"card.json\0.pkl": "0" * 64})),
    "a manifest without a name": manifest(lambda m: m["files"].pop("card.json")),
    "a manifest with a longer sum": manifest(lambda m: m["files"].update({"card.json": m["files"]["card.json"] + "0"})),
    "a manifest with sums in capitals": manifest(lambda m: m.update(files={name: s.upper() for name, s in m["files"].items()})),
    "a manifest with sums in lists": manifest(lambda m: m.update(files={name: [s] for name, s in m["files"].items()})),
    "a manifest of another format": manifest(lambda m: m.update(eswarn_model=True)),
    "a file in capitals": lambda f: (f.path / "card.json").rename(f.path / "Card.JSON") and None,
    "a file in capitals beside ours": add("Card.json", lambda f: b"{}"),
    "a name that looks the same": add("c\u0430rd.json", lambda f: b"{}"),
    "a name with an escape sequence": add("\x1b[2Jcard.json", lambda f: b"{}"),
    # links and things that are no files
    "a link to itself": link("card.json", lambda f: f.path / "card.json"),
    "a link to a file outside": link("card.json", lambda f: moved(f, "card.json")),
    "a link to nothing": link("booster.txt", lambda f: f.path / "nothing"),
    "a link to an endless device": link("booster.txt", lambda f: Path("/dev/zero")),
    "a link to the machine's passwords": link("booster.txt", lambda f: Path("/etc/passwd")),
    "a link beside the model": lambda f: (f.path / "more").symlink_to("/etc"),
    "a hard link to a file outside": lambda f: os.link(f.outside, f.gone("card.json")),
    **{f"a pipe named {name}": (lambda f, name=name: os.mkfifo(f.gone(name))) for name in (*FILES, "manifest.json")},
    "a socket": a_socket,
    **{f"a folder named {name}": (lambda f, name=name: f.gone(name).mkdir()) for name in (*FILES, "manifest.json")},
    "nothing in the place of a file": lambda f: f.gone("card.json") and None,
    # bombs and archives
    "a zip in place of the trees": lambda f: f.forge(booster=zipped("booster.txt", b"tree\n" + b"0" * 50_000_000)),
    "a zip in place of the card": lambda f: f.forge(card=zipped("../../evil", b"{}")),
    "a tar with names that lead out": lambda f: f.forge(reference=tarred("../../evil", b"{}")),
    "gzip in place of the reference": lambda f: f.forge(reference=gzip.compress(b"[" * 50_000_000)),
    "a terabyte of nothing in place of the trees": sized("booster.txt", 2**40),
    "a terabyte of nothing in place of the manifest": sized("manifest.json", 2**40),
    "a terabyte of nothing in place of the reference": sized("reference.json", 2**40),
    "a terabyte of nothing beside the model": lambda f: (add("more", lambda f: b"")(f), os.truncate(f.path / "more", 2**40))[1],
    "a million nested lists": text_of("card.json", lambda t: b"[" * 1_000_000),
    "three hundred nested lists": text_of(
        "card.json", lambda t: t.replace(b'"purpose": ', b'"x": ' + b"[" * 300 + b"]" * 300 + b', "purpose": ', 1)
    ),
    "objects nested as deep as may be read": text_of("reference.json", lambda t: b'{"a":' * 900 + b"1" + b"}" * 900),
    "ten million empty lists": text_of("reference.json", lambda t: b"[" + b"[]," * 10_000_000 + b"[]]"),
    "five million empty objects in the card": text_of("card.json", lambda t: b"[" + b"{}," * 5_000_000 + b"{}]"),
    "a manifest of a million nested lists": lambda f: f.put("manifest.json", b"[" * 1_000_000),
    "a million trees": text_of("booster.txt", lambda t: b"tree\n" + b"\nTree=0\n" * 1_000_000 + b"\nend of trees\n"),
    "trees as large as may be read": text_of("booster.txt", lambda t: t.replace(b"\nthreshold=", b"\nthreshold=" + b"1 " * 15_000_000, 1)),
    "two billion leaves": text_of("booster.txt", lambda t: t.replace(b"\nnum_leaves=", b"\nnum_leaves=200000000", 1)),
    # JSON that readers disagree about
    "a key twice": text_of("card.json", lambda t: t.replace(b'"purpose": ', b'"purpose": "x", "purpose": ', 1)),
    "a key of the manifest twice": lambda f: f.put(
        "manifest.json", (f.path / "manifest.json").read_bytes().replace(b'"files"', b'"files": {}, "files"', 1)
    ),
    "NaN": first_knot(b"NaN"),
    "infinity": first_knot(b"-Infinity"),
    "a number past the largest": first_knot(b"-1e999"),
    "a number of ten thousand digits": first_knot(b"-" + b"9" * 10_000),
    "a number of four hundred digits": first_knot(b"-" + b"9" * 400),
    "a byte-order mark": text_of("card.json", lambda t: b"\xef\xbb\xbf" + t),
    "UTF-16": text_of("card.json", lambda t: t.decode().encode("utf-16")),
    "UTF-32 without a mark": text_of("calibration.json", lambda t: t.decode().encode("utf-32-le")),
    "Latin-1": text_of("card.json", lambda t: t.replace(b'"purpose": "', b'"purpose": "\xe9', 1)),
    "half a surrogate": text_of("card.json", lambda t: t.replace(b'"purpose": "', b'"purpose": "\\ud800', 1)),
    "an escaped letter": text_of("card.json", lambda t: t.replace(b'"purpose"', b'"\\u0070urpose"', 1)),
    "line ends of another system": text_of("card.json", lambda t: t.replace(b"\n", b"\r\n")),
    "a comment": text_of("card.json", lambda t: b"// card\n" + t),
    "a second document": text_of("card.json", lambda t: t + b"{}\n"),
    "a NUL at the end": text_of("card.json", lambda t: t + b"\0"),
    "trees with a byte-order mark": text_of("booster.txt", lambda t: b"\xef\xbb\xbf" + t),
    "trees with line ends of another system": text_of("booster.txt", lambda t: t.replace(b"\n", b"\r\n")),
    "trees in UTF-16": text_of("booster.txt", lambda t: t.decode().encode("utf-16")),
    # parts that fit no model
    "a feature twice": lambda f: f.change("card.json", lambda c: c["features"].__setitem__(1, c["features"][0])),
    "a feature that says what it may not": feature(says="{value.__init__.__globals__} {value}"),
    "a feature that says a list": feature(says=["{value}"]),
    "a feature with another fingerprint": feature(fingerprint="0" * 64),
    "no feature": lambda f: f.change("card.json", lambda c: c.update(features=[])),
    "a horizon of a million years": lambda f: f.change("card.json", lambda c: c["config"]["cohort"].update(horizon_days=10**9)),
    "rows that are text": lambda f: f.change("card.json", lambda c: c["cohort"].update(rows="1")),
    "a chance of five": curve(raw=[0.0, 1.0], risk=[0.1, 5.0]),
    "a chance below nothing": curve(raw=[0.0, 1.0], risk=[-0.1, 0.5]),
    "a curve of whole numbers past the largest": curve(raw=[0, 10**400], risk=[0.1, 0.5]),
    "a curve of texts": curve(raw=["0", "1"], risk=["0.1", "0.5"]),
    "a curve of another kind": curve(method="posix.system"),
    "typical values that are text": lambda f: f.change("reference.json", lambda r: r["typical"].update({"9": {"a": "nan"}})),
    "a feature less than the trees have": lambda f: f.change("card.json", lambda c: c["features"].pop()),
}  # fmt: skip

# Sound as a folder, and found out when the trees and the reference meet: no score and no explanation is given.
LATE: dict[str, Callable[[Folder], None]] = {
    "a reference of other trees": patterns(lambda p: p.pop()),
    "counts that do not add up": patterns(lambda p: p[0].__setitem__(1, p[0][1] + 1)),
    "counts below nothing": patterns(lambda p: p[0].__setitem__(1, -p[0][1])),
    "counts past 64 bits": patterns(lambda p: p[0].__setitem__(1, 10**30)),
    "a pattern that is not there": patterns(lambda p: p[0].__setitem__(0, 10**9)),
    "patterns that are objects": patterns(lambda p: p.__setitem__(0, {"a": 1})),
    "patterns that are one number": lambda f: f.change("reference.json", lambda r: r.update(patterns=7)),
    "a reference of no rows": lambda f: f.change("reference.json", lambda r: r.update(rows=0)),
    "no reference": lambda f: f.change("reference.json", lambda r: r.pop("patterns")),
}


@pytest.fixture
def hostile(tmp_path: Path) -> Callable[[str], Folder]:
    """Makes the hostile folder of a name."""

    def make(name: str) -> Folder:
        folder = Folder(Path(shutil.copytree(made_up_school.model_folder(), tmp_path / "model")), tmp_path / "canary")
        {**HOSTILE, **LATE}[name](folder)
        return folder

    return make


_watching: list[list[str]] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    if event in RUNS_CODE:
        _watching[-1].append(event)
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
        _watching[-1].append(f"open {arguments[0]!r}")
    elif event == "import" and str(arguments[0]).partition(".")[0] in ("evil", "booster", "conftest"):
        _watching[-1].append(f"import {arguments[0]}")


@pytest.fixture(scope="module", autouse=True)
def _hooked() -> None:
    sys.addaudithook(_hook)  # for good: Python takes none away


@contextlib.contextmanager
def watched() -> Iterator[list[str]]:
    """What a reader should never do: run code, open a pickle, start a process, open a file to write."""
    seen: list[str] = []
    _watching.append(seen)
    try:
        yield seen
    finally:
        _watching.pop()


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    def late(*_: object) -> None:
        raise AssertionError(f"it takes more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(p.relative_to(folder)): (p.lstat().st_size, p.lstat().st_mtime_ns) for p in folder.rglob("*")}


def refused_well(error: EswarnError, place: str) -> None:
    assert error.what
    assert place in error.where, f"{error.where!r} does not say where: {error.what}"
    assert error.__suppress_context__ or error.__context__ is None


# --- from a folder ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_folder_is_refused_by_name_and_nothing_else_happens(hostile: Callable[[str], Folder], name: str, tmp_path: Path):
    folder, records = hostile(name), made_up_school.few_records()
    before = contents(tmp_path)
    for enter in (ew.load, lambda path: ew.score(path, records, made_up_school.FEW_AS_OF, tracking="off")):
        with watched() as seen, within(SECONDS), pytest.raises(ModelRefused) as told:
            enter(folder.path)
        refused_well(told.value, "model ") if "fingerprint" in name or "says what" in name else refused_well(told.value, str(folder.path))
        assert seen == []
    assert contents(tmp_path) == before, "something was written"
    assert not folder.canary.exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_so_it_is_where_features_are_not_looked_up(hostile: Callable[[str], Folder], name: str):
    """`load_model`, by which an audit and a tracking read a model."""
    if name in ("a feature with another fingerprint", "a feature that says what it may not"):
        assert load_model(hostile(name).path).card, "found out when the features are needed"
        return
    folder = hostile(name)
    with watched() as seen, within(SECONDS), pytest.raises(ModelRefused) as told:
        load_model(folder.path)
    refused_well(told.value, str(folder.path))
    assert seen == []


@pytest.mark.parametrize("name", LATE)
def test_a_hostile_reference_is_refused_before_anything_is_explained(hostile: Callable[[str], Folder], name: str, tmp_path: Path):
    folder = hostile(name)
    before = contents(tmp_path)
    with within(2 * SECONDS), pytest.raises(ModelRefused) as told:
        ew.score(folder.path, made_up_school.few_records(), made_up_school.FEW_AS_OF, tracking="off", out=tmp_path / "out")
    refused_well(told.value, "model ")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", [*HOSTILE, *LATE])
def test_an_audit_of_a_hostile_folder_passes_nothing(hostile: Callable[[str], Folder], name: str, tmp_path: Path):
    if name in ("a feature with another fingerprint", "a feature that says what it may not", *LATE):
        return  # sound as far as an audit of a model alone can tell: its scores are judged, and there are none
    folder = hostile(name)
    before = contents(folder.path)
    with watched() as seen, within(SECONDS):
        try:
            assert not ew.audit(folder.path).passed
        except EswarnError as error:
            refused_well(error, str(folder.path))
    assert [s for s in seen if not s.startswith("open")] == []
    assert contents(folder.path) == before
    assert not folder.canary.exists()


@pytest.mark.parametrize(
    "name", [n for n in HOSTILE if "million" in n or "terabyte" in n or "zip" in n or "billion" in n or "large as" in n]
)
def test_a_bomb_takes_little_memory(hostile: Callable[[str], Folder], name: str):
    folder = hostile(name)
    tracemalloc.start()
    try:
        with pytest.raises(ModelRefused):
            load_model(folder.path)
        assert tracemalloc.get_traced_memory()[1] < MEGABYTES * 2**20
    finally:
        tracemalloc.stop()


def test_there_are_more_than_fifty_and_a_sound_model_is_not_refused(tmp_path: Path):
    """The control: what all of them were made from loads, and scores, and is seen to do none of what is watched for."""
    assert len(HOSTILE) + len(LATE) >= 50
    folder = Folder(Path(shutil.copytree(made_up_school.model_folder(), tmp_path / "model")), tmp_path / "canary")
    folder.forge()
    with watched() as seen:
        assert ew.load(folder.path).id == made_up_school.model().id
    assert seen == []
    folder.change("card.json", lambda card: card.update(purpose="another"))
    assert load_model(folder.path).card["purpose"] == "another", "a forgery of sound parts is a model: its id is another"


def test_the_payloads_do_run_where_somebody_opens_them(tmp_path: Path):
    """The control: the pickle and the code are alive, and what is watched for is seen."""
    folder = Folder(tmp_path, tmp_path / "canary")
    for name, content, call in (
        ("model.pkl", folder.pickle, "import pickle; pickle.load(open('model.pkl', 'rb'))"),
        ("evil.py", folder.code.encode(), "import evil"),
    ):
        folder.put(name, content)
        subprocess.run([sys.executable, "-c", call], cwd=tmp_path, check=True)
        assert folder.canary.exists()
        folder.canary.unlink()
    with watched() as seen:
        os.system("true")
        (tmp_path / "written").write_text("x", encoding="utf-8")
    assert [event.split(" ")[0] for event in seen] == ["os.system", "open"]


@pytest.mark.long
def test_mlflow_itself_runs_the_loader(hostile: Callable[[str], Folder]):
    """The control: opened as MLflow opens a model, the edited MLmodel runs its code."""
    folder = hostile("an MLmodel with a loader")
    subprocess.run(
        [sys.executable, "-c", f"import mlflow; mlflow.pyfunc.load_model({str(folder.path)!r})"],
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}, cwd=folder.path.parent, check=False,
    )  # fmt: skip
    assert folder.canary.exists()


# --- from a tracking store -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, str]:
    """A local store with one model; its artifact folder; and its run."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db"
    tags = {"output_id": "00", "model_id": made_up_school.model().id}
    run = track_training(made_up_school.model_folder(), params={}, metrics={}, tags=tags, uri=uri, experiment="e", model_name="hostile")
    return uri, Path(uri.removeprefix("sqlite:///")).parent / "artifacts" / run.run_id / "artifacts" / "model", run.run_id


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_model_in_a_tracking_store_is_refused(
    hostile: Callable[[str], Folder], name: str, tracked: tuple[str, Path, str], tmp_path: Path
):
    uri, artifacts, run = tracked
    folder = hostile(name)
    shutil.rmtree(artifacts)
    folder.path.rename(artifacts)
    before = contents(tmp_path), contents(artifacts)
    for reference in (f"runs:/{run}/model", "models:/hostile@champion"):
        with within(2 * SECONDS), pytest.raises((ModelRefused, InputRefused)) as told:
            ew.load(reference, tracking=uri)
        assert told.value.what
        assert told.value.where
        assert told.value.__suppress_context__ or told.value.__context__ is None
    assert (contents(tmp_path), contents(artifacts)) == before
    assert not folder.canary.exists()


def test_the_sound_model_in_that_store_is_loaded(tracked: tuple[str, Path, str], tmp_path: Path):
    """The control of the one before."""
    uri, artifacts, run = tracked
    shutil.rmtree(artifacts, ignore_errors=True)
    shutil.copytree(made_up_school.model_folder(), artifacts)
    for reference in (f"runs:/{run}", f"runs:/{run}/model", "models:/hostile@champion", "models:/hostile/1"):
        assert ew.load(reference, tracking=uri).id == made_up_school.model().id
    (artifacts / "more").symlink_to("/etc")
    with pytest.raises(InputRefused, match="link"):
        ew.load(f"runs:/{run}/model", tracking=uri)


@pytest.mark.parametrize("place", ["/etc", "..", "file:///etc", "../../model", "https://example.org/model", "", "model/../../x"])
def test_a_version_that_points_elsewhere_is_not_followed(tracked: tuple[str, Path, str], place: str, tmp_path: Path):
    uri, _, _ = tracked
    copy = tmp_path / "store" / "mlflow.db"
    copy.parent.mkdir()
    shutil.copyfile(uri.removeprefix("sqlite:///"), copy)
    with contextlib.closing(sqlite3.connect(copy)) as opened:
        assert opened.execute("UPDATE model_versions SET source = ?, storage_location = ?", (place, place)).rowcount == 1
        opened.commit()
    with within(2 * SECONDS), pytest.raises(InputRefused) as told:
        ew.load("models:/hostile@champion", tracking=f"sqlite:///{copy}")
    refused_well(told.value, "mlflow.db")
    assert [p.name for p in tmp_path.iterdir()] == ["store"]


class Lister(http.server.BaseHTTPRequestHandler):
    """Answers like an MLflow server that lists names of its own choice, and sends the same bytes for any of them."""

    listed: tuple[tuple[str, int], ...] = ()
    sent = b"evil"

    def do_GET(self) -> None:
        info = {
            "run_id": "abc",
            "run_uuid": "abc",
            "experiment_id": "1",
            "status": "FINISHED",
            "artifact_uri": "mlflow-artifacts:/1/abc/artifacts",
        }
        files = [{"path": path, "is_dir": False, "file_size": size} for path, size in self.listed]
        asked = "/mlflow-artifacts/artifacts/" in self.path
        body = self.sent if asked else json.dumps({"run": {"info": info, "data": {}}, "files": files}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream" if asked else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    "listed",
    ["../evil", "model/../../evil", "/etc/evil", "..\\evil", "%2e%2e/evil", "model/%2e%2e/evil", "model//evil", "~/evil",
     "model/evil\0", "model2/evil",
     "model/booster.txt\n../evil", "model/" + "a" * 300, "model/.", "C:/evil", "file:///etc/evil", "model/..;/evil"],
)  # fmt: skip
def test_a_server_that_lists_names_that_lead_out_gets_nothing_written(listed: str, tmp_path: Path):
    handler = type("Handler", (Lister,), {"listed": ((listed, 4),)})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        with within(2 * SECONDS), pytest.raises(InputRefused) as told:
            fetch("runs:/abc/model", tmp_path / "inside" / "to", uri=f"http://127.0.0.1:{served.server_address[1]}")
        served.shutdown()
        thread.join()
    refused_well(told.value, "127.0.0.1")
    assert [p for p in tmp_path.rglob("*") if p.name != "inside"] == []
    assert not any(p.name.startswith("evil") for p in tmp_path.parent.iterdir())


def test_a_server_that_sends_more_than_a_model_has_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from eswarn.tracking import fetch as door

    monkeypatch.setattr(sys.modules[door.__module__], "MOST_BYTES_OF_FOLDER", 1_000)
    handler = type("Handler", (Lister,), {"listed": (("model/booster.txt", 4), ("model/card.json", 4)), "sent": b"x" * 600})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        began = time.monotonic()
        with pytest.raises(InputRefused, match="more bytes than a model"):
            fetch("runs:/abc/model", tmp_path / "to", uri=f"http://127.0.0.1:{served.server_address[1]}")
        assert time.monotonic() - began < 2 * SECONDS
        served.shutdown()
        thread.join()
    assert list(tmp_path.iterdir()) == []
