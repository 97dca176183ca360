"""Checks the evidence record of a scoring run with the standard library alone; needs nothing of eswarn, and may be carried elsewhere.

    python verify.py OUT [--head HEX] [--previous HEX] [--key PUBLIC.pem]

``evidence.jsonl`` holds a header and one line a pupil; the hashes of the lines are the leaves of a tree (RFC 6962), and ``head.json``
binds root, number of lines, header and the head before. Whoever can write to the folder can write all of it anew: it proves something
only against a head that was kept elsewhere, or a signature (only that needs a package, ``cryptography``).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

LINES, LEAVES, HEAD, SOURCES = "evidence.jsonl", "leaves.txt", "head.json", "sources.parquet"
OUTSIDE = ("run.json", "run.json.tmp", "manifest.json", LINES, LEAVES, HEAD)  # a process killed while it replaced run.json leaves the draft
ROW = ("pupil_id", "school_id", "rank", "risk", "tier", "reasons", "protective", "data_note")
FIELDS = {*ROW, "base_value", "features", "raw_score", "salt", "shapley", "sources", "year_group"}
BOUND = ("header", "previous", "root", "rows")
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"  # in scores.csv an apostrophe stands wherever a formula would begin: eswarn.words.cell
_UNSEEN = r"['\s\x00-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
FORMULA = re.compile(rf"\A(?={_UNSEEN}*{_SIGN}|'*[\t\r\n])|(?<=[;|\t\r\n])(?=[' \"]*{_SIGN})")
FORMAT, TOLERANCE, LONGEST, SHOWN = 1, 1e-9, 1 << 24, 20
HASH = re.compile("[0-9a-f]{64}")
REWRITTEN = "{:,} pupils were erased; Parquet and page, written anew, are compared with a manifest that the head does not bind"
UNANCHORED = """no head and no key were given: damage and careless edits are told, but whoever can write to the folder could have
       written all of it anew; compare with a head that was kept elsewhere"""
UNSEEN = "a signature does not tell whether a newer record was taken away: give the head, or that of the run before"


@dataclass(slots=True)
class Verified:
    """What a verification says. A finding is the file, the line in it (from 1; 0 for the whole file), and what is wrong there."""

    head: str = ""
    rows: int = 0
    erased: list[int] = field(default_factory=list)
    findings: list[tuple[str, int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def wrong(self, file: str, what: str, line: int = 0) -> None:
        """Add something that is wrong."""
        self.findings.append((file, line, what))

    def __str__(self) -> str:
        wrong = [f"wrong  {file}{f', line {line:,}' if line else ''}: {what}" for file, line, what in self.findings]
        wrong[SHOWN:] = [f"wrong  and {len(wrong) - SHOWN:,} more"] if len(wrong) > SHOWN else []
        result = "The record is as it was written." if self.passed else "The record is NOT as it was written."
        first = f"{self.rows:,} lines, {len(self.erased):,} of them erased; head {self.head or 'not readable'}"
        return "\n".join([first, *wrong, *(f"note   {note}" for note in self.notes), result])


def root_of(leaves: Sequence[bytes]) -> str:
    """The root over some leaves, as in RFC 6962, in hexadecimal digits."""
    level = list(leaves) or [hashlib.sha256().digest()]
    while len(level) > 1:
        level = [hashlib.sha256(b"\x01" + a + b).digest() if b else a for a, b in zip_longest(level[::2], level[1::2])]
    return level[0].hex()


def leaf_of(line: bytes) -> bytes:
    """The leaf of a line, which is given without its line feed."""
    return hashlib.sha256(b"\x00" + line).digest()


def canonical(content: Any) -> bytes:
    """The one form of a line: ASCII, keys sorted, no spaces, numbers as the shortest text that reads back as the same."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def message(bound: dict[str, Any]) -> bytes:
    """What is signed, and what the head is the SHA-256 of."""
    return b"eswarn evidence head\n" + canonical({name: bound[name] for name in BOUND})


def head_file(bound: dict[str, Any], signature: str | None) -> bytes:
    """The bytes of ``head.json``."""
    content = {name: bound[name] for name in BOUND} | {"eswarn_head": FORMAT, "head": hashlib.sha256(message(bound)).hexdigest()}
    return (json.dumps({**content, "signature": signature}, indent=1, sort_keys=True) + "\n").encode()


def verify(out: str | Path, *, head: str | None = None, previous: str | None = None, key: str | Path | None = None) -> Verified:
    """Check the evidence record in the folder of a scoring run, and the files beside it.

    ``head`` is the head as it was kept elsewhere, ``previous`` that of the run before, which this one must name, ``key`` the Ed25519
    public key (PEM) that the head must be signed with. No identifier and no value of a pupil is in the answer.
    """
    folder, told = Path(out), Verified()
    bound, whole = _json(folder, HEAD, told), b""
    with suppress(KeyError, TypeError, ValueError):
        whole = head_file(bound, bound["signature"])
    if bound and whole != (folder / HEAD).read_bytes():
        told.wrong(HEAD, "edited: it is not what its root, rows, header and previous head make")
        bound = {}
    told.head = bound.get("head", "")
    _check_files(folder, _check_lines(folder, bound, told), told)
    _check_anchor(bound, told, head=head, previous=previous, key=key)
    told.findings.sort(key=lambda finding: finding[0] != LINES or not finding[1])  # copies differ where their line was changed
    return told


def _check_lines(folder: Path, bound: dict[str, Any], told: Verified) -> dict[str, Any]:
    """Check header, lines, tree and scores.csv; give the header."""
    found, header, rows, agree = list[bytes](), dict[str, Any](), _csv_rows(folder, told), True
    for number, line in enumerate(_lines(folder, LINES, told), 1):
        content = _object(line, like=canonical)
        if number == 1:
            header = content if content.get("eswarn_evidence") == FORMAT else {}
            if not header or (bound and hashlib.sha256(line).hexdigest() != bound["header"]):
                told.wrong(LINES, "the header is not the one that was written", 1)
            continue
        erased = set(content) == {"erased"} and HASH.fullmatch(str(content["erased"]))
        found.append(bytes.fromhex(content["erased"]) if erased else leaf_of(line))
        if erased:
            told.erased.append(number)
            continue
        row, what = _row(content, header)
        told.findings += [(LINES, number, what)] if what else []
        if agree and next(rows, None) != row:
            agree = False
            told.wrong("scores.csv", f"it does not hold what line {number:,} of {LINES} holds; not compared any further")
    told.rows = len(found)
    if agree and next(rows, None) is not None:
        told.wrong("scores.csv", f"it holds more pupils than {LINES}")
    _check_tree(folder, found, bound, told)
    return header


def _lines(folder: Path, name: str, told: Verified) -> Iterator[bytes]:
    """Each line without its line feed."""
    try:
        with (folder / name).open("rb") as handle:
            for number, line in enumerate(iter(lambda: handle.readline(LONGEST), b""), 1):
                if not line.endswith(b"\n"):
                    told.wrong(name, "the line has no end: cut off, or bytes were added", number)
                yield line.removesuffix(b"\n")
    except OSError:
        told.wrong(name, "missing, or not readable")


def _object(text: bytes, *, like: Callable[[Any], bytes] | None = None) -> dict[str, Any]:
    """A JSON object; empty where the text is none, or not written in the one form that is asked for."""
    with suppress(ValueError, RecursionError):
        content = json.loads(text)
        return content if isinstance(content, dict) and (like is None or like(content) == text) else {}
    return {}


def _check_tree(folder: Path, found: list[bytes], bound: dict[str, Any], told: Verified) -> None:
    """Compare lines and leaves with the root, and say which are not those that were written."""
    texts = (line.decode("ascii", "replace") for line in _lines(folder, LEAVES, told))
    leaves = [bytes.fromhex(text) if HASH.fullmatch(text) else text.encode() for text in texts]
    lines_lead, leaves_lead = ((root_of(some), len(some)) == (bound.get("root"), bound.get("rows")) for some in (found, leaves))
    if not lines_lead:
        told.wrong(LINES, "the lines do not lead to the root in head.json")
        _locate(found, leaves, LINES, told, first=2)
    if not leaves_lead:
        told.wrong(LEAVES, "the leaves do not lead to the root in head.json")
        _locate(leaves, found if lines_lead else leaves, LEAVES, told, first=1)


def _locate(found: list[bytes], written: list[bytes], file: str, told: Verified, *, first: int) -> None:
    """Say which lines were edited, inserted, deleted or moved, from the leaves as found and as written."""
    ours, seen, foreign, common = set(written), set[bytes](), list[int](), list[int]()
    for place, leaf in enumerate(found):
        (foreign if leaf not in ours or leaf in seen else common).append(place)
        seen.add(leaf)
    missing = [place for place, leaf in enumerate(written) if leaf not in seen]
    lost = set(missing)
    tail = max(set(range(len(written))) - lost, default=-1)
    for at, gone in zip_longest(foreign, missing):
        what = "inserted" if gone is None else "edited, or put in the place of another"
        what = what if at is not None else "deleted" if gone < tail else "cut off"
        told.wrong(file, what, (gone if at is None else at) + first)
    for place, wrote in zip(common, (leaf for place, leaf in enumerate(written) if place not in lost), strict=False):
        if found[place] != wrote:
            told.wrong(file, "moved from another place", place + first)


def _csv_rows(folder: Path, told: Verified) -> Iterator[list[str]]:
    """The rows of scores.csv after the first."""
    try:
        with (folder / "scores.csv").open(newline="", encoding="utf-8") as handle:
            rows = csv.reader(handle, strict=True)
            next(rows, None)
            yield from rows
    except (OSError, ValueError, csv.Error):
        told.wrong("scores.csv", "missing, or not readable")


def _row(content: dict[str, Any], header: dict[str, Any]) -> tuple[list[str], str]:
    """The line of a pupil as it stands in scores.csv, and what is wrong with it, if anything."""
    try:
        pupil, school, rank, risk, tier, reasons, protective, note = (content[name] for name in ROW)
        pupil, school, *said = (FORMULA.sub("'", t) for t in (pupil, school, tier, *reasons, protective, note))
        gap = abs(content["base_value"] + math.fsum(content["shapley"]) - content["raw_score"])
        if set(content) == FIELDS and len(content["features"]) == len(content["shapley"]) == len(header["columns"]):
            what = "" if gap <= TOLERANCE else "the Shapley values do not add up to the raw score"
            return [pupil, school, header["about"]["as_of"], str(rank), repr(risk), *said], what
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        pass
    return [], "not the line of a pupil in its one canonical form"


def _check_files(folder: Path, header: dict[str, Any], told: Verified) -> None:
    """Compare the manifest with the header, each file with the manifest, and run.json with both."""
    manifest, model = _json(folder, "manifest.json", told), _json(folder, "model/manifest.json", told)
    parts = (manifest.get("about"), manifest.get("files"), model.get("files"))
    about, sealed, named = ({**part} if isinstance(part, dict) else {} for part in parts)
    output_id, erased, copy = _sha256(folder / "manifest.json"), about.pop("erased", None), about.pop("sources", header.get("copy"))
    if output_id != header.get("manifest"):
        n = sum(n for n in erased.values() if isinstance(n, int)) if isinstance(erased, dict) else 0
        if n >= max(len(told.erased), 1) and about == header.get("about"):
            told.notes.append(REWRITTEN.format(n))
        else:
            told.wrong("manifest.json", "edited: it is not the one the record was sealed with")
    elif told.erased:
        told.wrong(LINES, "lines are erased, but the files beside it were not rewritten without them", told.erased[0])
    if _sha256(folder / "model" / "manifest.json") != header.get("model"):
        told.wrong("model/manifest.json", "not that of the model in the header")
    sealed |= {SOURCES: copy} | {f"model/{name}": named[name] for name in named}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or path.is_file()} - set(OUTSIDE)
    for name in sorted(found ^ set(sealed)):
        told.wrong(name, "missing" if name in sealed else "not part of the record")
    for name in sorted(found & set(sealed)):
        if (folder / name).is_symlink() or _sha256(folder / name) != sealed[name]:
            told.wrong(name, "edited: it is not the file that was sealed")
    run = _json(folder, "run.json", told) if (folder / "run.json").exists() else {}
    if run and (run.get("output_id") != output_id or any(run[n] != header.get(n) for n in ("data_digest", "sources") if n in run)):
        told.wrong("run.json", "edited: output, data or source files are not those of the record")


def _check_anchor(bound: dict[str, Any], told: Verified, *, head: str | None, previous: str | None, key: str | Path | None) -> None:
    """Compare with what was kept elsewhere, and say what is not proved without it."""
    if head is not None and head.strip().lower() != told.head:
        told.wrong(HEAD, "not the head that was given: this is another record, or an older one, or it was written anew")
    if previous is not None and bound.get("previous") != previous.strip().lower():
        told.wrong(HEAD, "the record does not follow the head that was given as the one before")
    if key is not None and (what := _unsigned(bound, Path(key))):
        told.wrong(HEAD, what)
    if key is None:
        told.notes.append("signed, but no public key was given to check it with" if bound.get("signature") else "not signed")
    if head is None and (key is None or previous is None):
        told.notes.append(UNANCHORED if key is None else UNSEEN)
    told.notes.append("not checked: that the scores follow from the model (eswarn audit), and the clock in run.json")


def _unsigned(bound: dict[str, Any], key: Path) -> str:
    """What is wrong with the signature, if anything."""
    try:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        public: Any = load_pem_public_key(key.read_bytes())
        public.verify(bytes.fromhex(bound["signature"]), message(bound))
        return ""
    except ImportError:
        return "the signature cannot be checked: the Python package cryptography is not installed"
    except (InvalidSignature, UnsupportedAlgorithm, OSError, AttributeError, KeyError, TypeError, ValueError):
        return "not signed, or not with this key over this head (an Ed25519 public key in PEM form)"


def _json(folder: Path, name: str, told: Verified) -> dict[str, Any]:
    """The content of a small file; empty, and told of, where it is no JSON object."""
    if not (content := _object((folder / name).read_bytes()) if (folder / name).is_file() else {}):
        told.wrong(name, "missing, or not readable")
    return content


def _sha256(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("out", "--head", "--previous", "--key"):
        parser.add_argument(name)
    given = parser.parse_args()
    result = verify(given.out, head=given.head, previous=given.previous, key=given.key)
    sys.stdout.write(f"{result}\n")
    sys.exit(not result.passed)
