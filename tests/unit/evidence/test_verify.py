"""The evidence of a scoring run: clean records pass, every tamper is caught and located, and the verifier needs nothing of eswarn."""

from __future__ import annotations

import ast
import hashlib
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

import eswarn as ew
from eswarn.errors import InputRefused, UsageError
from eswarn.evidence import verify as module
from eswarn.evidence.lines import head_given, signing_key
from eswarn.evidence.verify import HEAD, LEAVES, LINES, canonical, head_file, leaf_of, message, root_of, verify
from tests import made_up_school

VERIFIER = Path(module.__file__)
Files = dict[str, bytes]


def files_of(folder: Path) -> Files:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def pem(folder: Path) -> tuple[Path, Path]:
    """A new private key and its public half, as files."""
    key = Ed25519PrivateKey.generate()
    private, public = folder / "key.pem", folder / "public.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


class Case:
    """Two signed runs on one day, the second after the first; ``out`` is the second and may be written into."""

    def __init__(self, place: Path) -> None:
        self.private, self.public = pem(place)
        self.first = self.scored(place / "first")
        self.before = str(verify(self.first).head)
        self.out = self.scored(place / "out", previous=self.before)
        self.head = str(verify(self.out).head)
        self.files, self.older = files_of(self.out), files_of(self.first)
        self.lines = self.files[LINES].splitlines()

    def scored(self, out: Path, **options: Any) -> Path:
        model, records = made_up_school.model(), made_up_school.few_records()
        ew.score(model, records, made_up_school.FEW_AS_OF, out=out, tracking="off", sign=self.private, **options)
        return out

    def told(self, changed: Files, **anchor: Any) -> list[tuple[str, int, str]]:
        """What is found wrong once some files were changed; everything is as before afterwards."""
        for name, content in changed.items():
            (self.out / name).write_bytes(content)
        try:
            return verify(self.out, **anchor).findings
        finally:
            for name in changed:
                (self.out / name).write_bytes(self.files[name])

    def forged(self, lines: list[bytes], *, key: Ed25519PrivateKey | None = None) -> Files:
        """Leaves and head made anew over other lines, as somebody would who knows how."""
        leaves = [leaf_of(line) for line in lines[1:]]
        bound = {"header": hashlib.sha256(lines[0]).hexdigest(), "previous": self.before, "root": root_of(leaves), "rows": len(leaves)}
        signature = key.sign(message(bound)).hex() if key else json.loads(self.files[HEAD])["signature"]
        hashes = "".join(f"{leaf.hex()}\n" for leaf in leaves).encode()
        return {LINES: joined(lines), LEAVES: hashes, HEAD: head_file(bound, signature)}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp("evidence"))


def joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


# --- clean -----------------------------------------------------------------------------------------------------------


def test_a_record_that_nobody_touched_passes_with_head_key_and_the_one_before(case: Case):
    told = verify(case.out, head=case.head, previous=case.before, key=case.public)
    assert told.findings == []
    assert told.rows == len(case.lines) - 1 > 20
    assert verify(case.out, head=case.head.upper() + "\n").passed


def test_what_was_not_checked_is_said(case: Case, tmp_path: Path):
    alone = str(verify(case.out))
    assert "signed, but no public key was given" in alone
    assert "could have\n       written all of it anew" in alone
    assert "a signature does not tell whether a newer record" in str(verify(case.out, key=case.public))
    ew.score(made_up_school.model(), made_up_school.few_records(), made_up_school.FEW_AS_OF, out=tmp_path / "out", tracking="off")
    assert "note   not signed" in str(verify(tmp_path / "out"))
    assert [what for _, _, what in verify(tmp_path / "out", key=case.public).findings] == [
        "not signed, or not with this key over this head (an Ed25519 public key in PEM form)"
    ]


@pytest.mark.parametrize("runs", [20, pytest.param(1_000, marks=pytest.mark.long)])
def test_no_false_alarm(case: Case, runs: int):
    """Lines of any content, salted anew each time, in numbers of every shape of tree."""
    rng = random.Random(6)
    header, body = case.lines[0], [json.loads(line) for line in case.lines[1:]]
    for _ in range(runs):
        made = [canonical({**content, "salt": rng.randbytes(16).hex()}) for content in body]
        changed = case.forged([header, *made], key=Ed25519PrivateKey.generate())
        assert case.told(changed) == []


def test_the_verifier_runs_alone_without_eswarn(case: Case, tmp_path: Path):
    script = Path(shutil.copy(VERIFIER, tmp_path / "verify.py"))
    arguments = [sys.executable, "-I", "-S", str(script), str(case.out), "--head", case.head]  # no site-packages at all
    told = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.endswith("The record is as it was written.\n")
    told = subprocess.run([*arguments[:-1], "0" * 64], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert told.returncode == 1
    assert "NOT as it was written" in told.stdout
    told = subprocess.run([*arguments, "--key", str(case.public)], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert told.returncode == 1, "what cannot be checked does not pass"
    assert "cryptography is not installed" in told.stdout
    signed = [sys.executable, "-I", str(script), str(case.out), "--key", str(case.public)]
    assert subprocess.run(signed, capture_output=True, check=False, cwd=tmp_path).returncode == 0


def test_the_verifier_is_short_and_imports_the_standard_library_alone():
    text = VERIFIER.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    names = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name or "").split(".")[0]  # type: ignore[union-attr]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert names <= {*sys.stdlib_module_names, "cryptography"}


# --- tampers ---------------------------------------------------------------------------------------------------------

Tamper = Callable[[Case, random.Random], tuple[Files, Callable[[list[tuple[str, int, str]]], bool]]]


def at(file: str, line: int) -> Callable[[list[tuple[str, int, str]]], bool]:
    return lambda found: any((f, n) == (file, line) for f, n, _ in found)


def some_line(case: Case, rng: random.Random) -> int:
    return rng.randrange(1, len(case.lines))


def edit_a_byte(case: Case, rng: random.Random):
    i = rng.randrange(len(case.lines))
    line = bytearray(case.lines[i])
    place = rng.randrange(len(line))
    line[place] = rng.choice([b for b in b'0123456789,"{}:ab' if b != line[place]])
    return {LINES: joined([*case.lines[:i], bytes(line), *case.lines[i + 1 :]])}, at(LINES, i + 1)


def edit_a_value(case: Case, rng: random.Random):
    i = some_line(case, rng)
    content = json.loads(case.lines[i])
    name = rng.choice(["risk", "rank", "tier", "pupil_id", "school_id", "features", "shapley", "raw_score", "reasons", "data_note", "salt"])
    old = content[name]
    if isinstance(old, list):
        place = rng.randrange(len(old))
        old[place] = "other" if isinstance(old[place], str) else (old[place] or 0) + 1.5
    else:
        content[name] = old + 1 if isinstance(old, int | float) else f"{old}x"
    return {LINES: joined([*case.lines[:i], canonical(content), *case.lines[i + 1 :]])}, at(LINES, i + 1)


def insert(case: Case, rng: random.Random):
    i, j = some_line(case, rng), some_line(case, rng)
    new = case.lines[j]
    if rng.random() < 0.5:
        new = canonical({**json.loads(new), "salt": rng.randbytes(16).hex()})
    return {LINES: joined([*case.lines[:i], new, *case.lines[i:]])}, lambda found: any(
        f == LINES and what in ("inserted", "moved from another place") for f, _, what in found
    )


def delete(case: Case, rng: random.Random):
    i = some_line(case, rng)
    return {LINES: joined([*case.lines[:i], *case.lines[i + 1 :]])}, at(LINES, i + 1)


def reorder(case: Case, rng: random.Random):
    i, j = sorted(rng.sample(range(1, len(case.lines)), 2))
    lines = list(case.lines)
    lines[i], lines[j] = lines[j], lines[i]
    return {LINES: joined(lines)}, lambda found: at(LINES, i + 1)(found) and at(LINES, j + 1)(found)


def truncate(case: Case, rng: random.Random):
    whole = case.files[LINES]
    cut = rng.randrange(len(whole))
    line = whole[:cut].count(b"\n") + 1
    return {LINES: whole[:cut]}, at(LINES, line)


def splice(case: Case, rng: random.Random):
    i = some_line(case, rng)
    theirs = case.older[LINES].splitlines()[i]
    return {LINES: joined([*case.lines[:i], theirs, *case.lines[i + 1 :]])}, at(LINES, i + 1)


def roll_back(case: Case, rng: random.Random):
    names = [LINES, LEAVES, HEAD, "run.json"]
    some = names if rng.random() < 0.5 else rng.sample(names[:3], rng.randrange(1, 3))
    return {name: case.older[name] for name in some}, lambda found: any(f in (HEAD, LINES, LEAVES) for f, _, _ in found)


def forge(case: Case, rng: random.Random):
    changed, _ = rng.choice([edit_a_value, delete, reorder, splice])(case, rng)
    key = rng.choice([None, Ed25519PrivateKey.generate()])
    return case.forged(changed[LINES].splitlines(), key=key), at(HEAD, 0)


def edit_the_leaves(case: Case, rng: random.Random):
    leaves = case.files[LEAVES].splitlines()
    i = rng.randrange(len(leaves))
    leaves[i] = rng.choice([rng.randbytes(32).hex().encode(), leaves[i][:-1], b"", leaves[i].upper() + b" "])
    return {LEAVES: joined(leaves)}, at(LEAVES, i + 1)


def edit_a_line_and_its_leaf(case: Case, rng: random.Random):
    changed, _ = edit_a_value(case, rng)
    leaves = [leaf_of(line).hex().encode() for line in changed[LINES].splitlines()[1:]]
    return {**changed, LEAVES: joined(leaves)}, lambda found: at(LINES, 0)(found) and at(LEAVES, 0)(found)


def edit_the_head(case: Case, rng: random.Random):
    head = json.loads(case.files[HEAD])
    name = rng.choice(["root", "rows", "header", "previous", "head"])
    head[name] = rng.choice([None, 7, rng.randbytes(32).hex()])
    consistent = head_file(head, head["signature"]) if name != "head" and rng.random() < 0.5 else None
    content = consistent or (json.dumps(head, indent=1, sort_keys=True) + "\n").encode()
    return {HEAD: content}, lambda found: any(f in (HEAD, LINES) for f, _, _ in found)


def edit_a_file_beside_it(case: Case, rng: random.Random):
    name = rng.choice(sorted(set(case.files) - {LINES, LEAVES, HEAD, "run.json"}))
    content = bytearray(case.files[name])
    place = rng.randrange(len(content))
    content[place] ^= 1 << rng.randrange(8)
    whole = bytes(content)
    if rng.random() < 0.3:
        whole = rng.choice([whole[:place], case.files[name] + b"x", b""])
    return {name: whole}, at(name, 0)


def edit_a_file_and_seal_it_again(case: Case, rng: random.Random):
    changed, _ = edit_a_file_beside_it(case, rng)
    (name, content), *_ = changed.items()
    manifest = json.loads(case.files["manifest.json"])
    manifest["files"][name] = hashlib.sha256(content).hexdigest()
    if rng.random() < 0.3:
        manifest["about"]["scored"] += 1
    changed = {name: content, "manifest.json": (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()}
    return changed, at("manifest.json", 0)


def edit_where_it_came_from(case: Case, rng: random.Random):
    run = json.loads(case.files["run.json"])
    name = rng.choice(["data_digest", "sources", "output_id"])
    run[name] = {**run[name], "other.csv": "0" * 64} if name == "sources" else rng.randbytes(32).hex()
    return {"run.json": json.dumps(run).encode()}, at("run.json", 0)


TAMPERS: tuple[Tamper, ...] = (
    edit_a_byte, edit_a_value, insert, delete, reorder, truncate, splice, roll_back, forge, edit_the_leaves, edit_a_line_and_its_leaf,
    edit_the_head, edit_a_file_beside_it, edit_a_file_and_seal_it_again, edit_where_it_came_from,
)  # fmt: skip


@pytest.mark.parametrize("tries", [25, pytest.param(700, marks=pytest.mark.long)])  # of 15 kinds: 10,500
@pytest.mark.parametrize("tamper", TAMPERS, ids=lambda tamper: tamper.__name__)
def test_every_tamper_is_caught_and_located(case: Case, tamper: Tamper, tries: int):
    rng, made = random.Random(tamper.__name__), 0
    while made < tries:
        changed, located = tamper(case, rng)
        if all(content == case.files[name] for name, content in changed.items()):
            continue
        made += 1
        anchor = {"head": case.head} if made % 2 else {"key": case.public, "previous": case.before}
        found = case.told(changed, **anchor)
        assert found, "it passed"
        assert located(found), f"caught, but not where it is: {found[:5]}"


def test_a_line_that_is_gone_or_foreign_is_told_by_its_kind(case: Case):
    lines, n = case.lines, len(case.lines)

    def kinds(changed: list[bytes]) -> list[tuple[int, str]]:
        found = case.told({LINES: joined(changed)}, head=case.head)
        return [(line, what) for file, line, what in found if file == LINES and line]

    assert kinds([*lines[:3], *lines[4:]]) == [(4, "deleted")]
    assert kinds(lines[: n - 2]) == [(n - 1, "cut off"), (n, "cut off")]
    assert kinds([*lines[:5], lines[8], *lines[5:]]) == [(10, "inserted"), *((i, "moved from another place") for i in (6, 7, 8, 9))]
    assert kinds([*lines[:2], lines[3], lines[2], *lines[4:]]) == [(3, "moved from another place"), (4, "moved from another place")]
    other = case.older[LINES].splitlines()[6]
    assert kinds([*lines[:6], other, *lines[7:]]) == [(7, "edited, or put in the place of another")]


def test_a_message_holds_no_identifier_and_no_value_of_a_pupil(case: Case):
    rng = random.Random(3)
    ids = [json.loads(line)["pupil_id"] for line in case.lines[1:]]
    for tamper in TAMPERS:
        changed, _ = tamper(case, rng)
        said = " ".join(what for _, _, what in case.told(changed, head=case.head))
        assert not [pupil for pupil in ids if pupil in said]


# --- one form, one hash ----------------------------------------------------------------------------------------------


def odd_forms(line: bytes) -> Iterator[tuple[str, bytes]]:
    content = json.loads(line)
    first = next(iter(content))
    yield "a key twice", line[:-1] + b',"tier":"priority"}'
    yield "the same key twice", b'{"%s":%s,' % (first.encode(), json.dumps(content[first]).encode()) + line[1:]
    yield "CRLF", line + b"\r"
    yield "BOM", b"\xef\xbb\xbf" + line
    yield "trailing space", line + b" "
    yield "trailing NUL", line + b"\0"
    yield "two objects", line + line
    yield "a space after the colon", line.replace(b'"rank":', b'"rank": ')
    yield "an escape where none is needed", line.replace(b'"tier":"', b'"tier":"\\u0075', 1)
    yield "a key in escapes", line.replace(b'"rank"', b'"\\u0072ank"')
    yield "upper case in an escape", canonical({**content, "data_note": "é"}).replace(b"\\u00e9", b"\\u00E9")
    yield "UTF-8 in place of an escape", canonical({**content, "data_note": "é"}).replace(b"\\u00e9", "é".encode())
    yield "UTF-16", line.decode().encode("utf-16")
    yield "NaN", canonical({**content, "year_group": 0.5}).replace(b'"year_group":0.5', b'"year_group":NaN')
    yield "a number written longer", canonical({**content, "risk": 0.5}).replace(b'"risk":0.5', b'"risk":0.50')
    yield "an exponent", canonical({**content, "risk": 0.5}).replace(b'"risk":0.5', b'"risk":5e-1')
    yield "keys in another order", json.dumps(dict(reversed(content.items())), separators=(",", ":")).encode()
    yield "a key too many", canonical({**content, "more": 1})
    yield "a key too few", canonical({k: v for k, v in content.items() if k != "salt"})
    yield "a list", canonical([content])
    yield "deep", b"[" * 100_000
    yield "nothing", b""
    yield "half of an erased line", canonical({"erased": "ab"})
    yield "an erased line in capitals", canonical({"erased": leaf_of(line).hex().upper()})
    yield "an erased line with a note", canonical({"erased": leaf_of(line).hex(), "why": ""})
    yield "values that do not add up", canonical({**content, "raw_score": content["raw_score"] + 1e-6})
    yield "a value too many", canonical({**content, "shapley": [*content["shapley"], 0.0]})


def test_a_line_in_any_other_form_is_refused_even_where_everything_was_hashed_anew(case: Case):
    seen = set()
    for name, odd in odd_forms(case.lines[5]):
        found = case.told(case.forged([*case.lines[:5], odd, *case.lines[6:]]))
        assert at(LINES, 6)(found), name
        assert leaf_of(odd) != leaf_of(case.lines[5]), name
        seen.add(name)
    assert len(seen) == 27
    assert case.told(case.forged(case.lines)) == [], "the control"


def test_a_file_whose_line_feeds_were_changed_is_refused(case: Case):
    assert case.told({LINES: case.files[LINES].replace(b"\n", b"\r\n")}, head=case.head)
    assert case.told({LINES: case.files[LINES] + b"\n"}, head=case.head)
    assert case.told({LINES: case.files[LINES][:-1]}, head=case.head)
    assert case.told({LINES: case.files[LINES] + b"\0"}, head=case.head)


def test_moving_bytes_between_fields_gives_another_leaf(case: Case):
    content = json.loads(case.lines[1])
    variants = []
    for a, b in [("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc"), ('a","school_id":"b', "c"), ('a\\"', "c")]:
        variants.append(leaf_of(canonical({**content, "pupil_id": a, "school_id": b})))
        variants.append(leaf_of(canonical({**content, "protective": a, "data_note": b})))
    for values in ([1.0, 23.0], [12.0, 3.0], [123.0], [1.0, 2.0, 3.0], [], [None, 1.0], [1.0, None]):
        variants.append(leaf_of(canonical({**content, "features": values})))
        variants.append(leaf_of(canonical({**content, "shapley": values})))
    assert len(set(variants)) == len(variants)


def test_a_leaf_is_no_node_and_a_line_no_header():
    left, right = leaf_of(b"a"), leaf_of(b"b")
    assert leaf_of(left + right) != bytes.fromhex(root_of([left, right]))
    assert hashlib.sha256(b"a").digest() != left


# --- the tree --------------------------------------------------------------------------------------------------------

RFC_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
RFC_ROOTS = [  # of the first 1, 2 … 8 leaves, from the reference implementation of Certificate Transparency
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_the_tree_is_that_of_rfc_6962():
    leaves = [leaf_of(bytes.fromhex(text)) for text in RFC_LEAVES]
    assert [root_of(leaves[: n + 1]) for n in range(8)] == RFC_ROOTS
    assert root_of([]) == hashlib.sha256(b"").hexdigest()


def by_definition(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + by_definition(leaves[:k]) + by_definition(leaves[k:])).digest()


def test_the_tree_is_that_of_the_definition_for_every_number_of_leaves():
    leaves = [leaf_of(bytes([i])) for i in range(70)]
    for n in range(1, 71):
        assert root_of(leaves[:n]) == by_definition(leaves[:n]).hex()


# --- keys and heads --------------------------------------------------------------------------------------------------


def test_a_record_signed_with_another_key_is_refused(case: Case, tmp_path: Path):
    _, other = pem(tmp_path)
    assert at(HEAD, 0)(verify(case.out, head=case.head, key=other).findings)
    odd = tmp_path / "odd.pem"
    curve = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for content in (b"", b"-----BEGIN PUBLIC KEY-----\n", curve, case.private.read_bytes()):
        odd.write_bytes(content)
        assert at(HEAD, 0)(verify(case.out, key=odd).findings)
    assert at(HEAD, 0)(verify(case.out, key=tmp_path / "nowhere").findings)


@pytest.mark.parametrize("signature", [None, "", "00", "zz", "0" * 128, 7, ["a"]])
def test_an_edited_signature_is_refused(case: Case, signature: Any):
    changed = {HEAD: head_file(json.loads(case.files[HEAD]), signature)}
    assert at(HEAD, 0)(case.told(changed, key=case.public))


def test_a_record_that_does_not_follow_the_one_before_is_refused(case: Case):
    assert verify(case.out, previous=case.before).passed
    assert at(HEAD, 0)(verify(case.first, key=case.public, previous=case.before).findings), "the older record in place of the newer"
    assert at(HEAD, 0)(verify(case.out, previous=case.head).findings)


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_private_key_is_refused_before_anything_is_scored(tmp_path: Path, content: bytes):
    (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(InputRefused, match="not an Ed25519 private key"):
        signing_key(tmp_path / "key.pem")
    with pytest.raises(InputRefused, match="not an Ed25519 private key"):
        signing_key(tmp_path / "nowhere.pem")


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, "0" * 63, "0" * 65])
def test_a_head_that_is_none_is_refused(text: str):
    with pytest.raises(UsageError, match="64 hexadecimal digits"):
        head_given(text)
    assert head_given(None) is None
    assert head_given("AB" * 32 + " ") == "ab" * 32


# --- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [LINES, LEAVES, HEAD, "manifest.json", "scores.csv", "model/manifest.json", "features.parquet"])
def test_a_file_that_is_missing_is_told(case: Case, name: str, tmp_path: Path):
    out = Path(shutil.copytree(case.out, tmp_path / "out"))
    (out / name).unlink()
    assert any(file == name for file, _, _ in verify(out, head=case.head).findings)


def test_a_folder_that_holds_nothing_is_told(tmp_path: Path):
    assert not verify(tmp_path).passed
    assert not verify(tmp_path / "nowhere").passed


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"null", b"\xff\xfe", b"[" * 100_000, b'{"about": 7, "files": [1]}', b'{"head": []}']
)
def test_no_content_of_a_file_stops_the_verifier(case: Case, content: bytes):
    for name in (LINES, LEAVES, HEAD, "manifest.json", "scores.csv", "run.json", "model/manifest.json"):
        assert case.told({name: content}, head=case.head), name


def test_a_file_that_was_added_or_is_a_link_is_told(case: Case, tmp_path: Path):
    out = Path(shutil.copytree(case.out, tmp_path / "out"))
    (out / "names.csv").write_bytes(b"x")
    assert at("names.csv", 0)(verify(out).findings)
    (out / "names.csv").unlink()
    (out / "report.html").rename(tmp_path / "report.html")
    (out / "report.html").symlink_to(tmp_path / "report.html")
    assert at("report.html", 0)(verify(out).findings)
