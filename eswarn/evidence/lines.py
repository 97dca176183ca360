"""Writes the evidence of a scoring run: a header and one line a pupil, a leaf for each, and the head that binds them all."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import secrets
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eswarn.errors import InputRefused, UsageError
from eswarn.evidence.verify import FORMAT, HASH, HEAD, LEAVES, LINES, SOURCES, canonical, head_file, leaf_of, message, root_of
from eswarn.model.bundle import Model
from eswarn.model.scores import Scores
from eswarn.parallel import blocks
from eswarn.records.store import Records

if TYPE_CHECKING:
    import pandas as pd
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

BLOCK = 4_096  # lines made at a time
SALT = 16  # bytes: without it a leaf would tell whether a guess of an erased line is right
SOFTWARE = ("eswarn", "lightgbm", "numba", "numpy", "pandas", "pyarrow")


def write_evidence(
    folder: Path, scores: Scores, header: Mapping[str, Any], *, sources: Sequence[Sequence[int]],
    key: Ed25519PrivateKey | None = None, previous: str | None = None,
) -> str:  # fmt: skip
    """Write ``evidence.jsonl``, ``leaves.txt`` and ``head.json`` into a draft folder.

    Parameters
    ----------
    folder : Path
        Draft with the sealed record of the same scores.
    scores : Scores
        In the order in which the lines are to stand.
    header : mapping
        What the lines are of, as `header_of` gives it.
    sources : sequence of sequence of int
        Of each pupil the source files with rows of the pupil, by their place among the header's, sorted.
    key : Ed25519PrivateKey, optional
        Signs the head.
    previous : str, optional
        Head of the run before this one.

    Returns
    -------
    str
        The head, in hexadecimal digits.
    """
    first = canonical(header)
    leaves: list[bytes] = []
    with (folder / LINES).open("wb") as lines, (folder / LEAVES).open("w", encoding="ascii", newline="\n") as hashes:
        lines.write(first + b"\n")
        for some in _salted(line_of_each(scores.frame, scores.features, scores.contributions, sources)):
            made = [leaf_of(line) for line in some]
            lines.write(b"\n".join([*some, b""]))
            hashes.write("".join(f"{leaf.hex()}\n" for leaf in made))
            leaves += made
    bound = {"header": hashlib.sha256(first).hexdigest(), "previous": previous, "root": root_of(leaves), "rows": len(leaves)}
    signature = key.sign(message(bound)).hex() if key else None
    (folder / HEAD).write_bytes(head_file(bound, signature))
    return hashlib.sha256(message(bound)).hexdigest()


def header_of(folder: Path, scores: Scores, model: Model, records: Records) -> dict[str, Any]:
    """What the lines of a sealed draft are of: columns, model, reference, data, codes, software; hashes are SHA-256."""
    codes = (files("eswarn.records") / f"codes_{records.facts.profile}.csv").read_bytes()
    return {
        "eswarn_evidence": FORMAT,
        "about": dict(scores.about),
        "columns": list(scores.features.columns[1:]),
        "copy": hashlib.sha256((folder / SOURCES).read_bytes()).hexdigest(),
        "codes": {"profile": records.facts.profile, "sha256": hashlib.sha256(codes).hexdigest()},
        "data_digest": records.digest,
        "declarations": scores.about["features"],
        "facts": hashlib.sha256(records.facts.model_dump_json().encode()).hexdigest(),
        "manifest": hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest(),
        "model": model.id,
        "reference": hashlib.sha256((folder / "model" / "reference.json").read_bytes()).hexdigest(),
        "seed": model.card["config"]["model"]["seed"],
        "software": {name: importlib.metadata.version(name) for name in SOFTWARE} | {"python": platform.python_version()},
        "sources": dict(sorted(records.sources.items())),
        "of_all": sorted(name for name in records.sources if records.pupils.get(name) is None),  # whose rows they hold cannot be told
    }


def line_of_each(
    frame: pd.DataFrame, features: pd.DataFrame, contributions: pd.DataFrame, sources: Sequence[Sequence[int]]
) -> Iterator[list[dict[str, Any]]]:
    """What is recorded of each pupil, all but the salt, some thousand pupils at a time."""
    columns = list(contributions.columns[3:])
    reasons = [column for column in frame.columns if str(column).startswith("reason_")]
    words = ("pupil_id", "school_id", "tier", "protective", "data_note")
    for part in blocks(len(frame), BLOCK):
        rows = frame.iloc[part]
        texts = {name: rows[name].astype(str).tolist() for name in (*words, *reasons)}
        numbers = {name: contributions[name].to_numpy(float)[part].tolist() for name in ("base_value", "raw_score")}
        given, told = (table[columns].iloc[part].to_numpy(float).tolist() for table in (features, contributions))
        year, rank, risk = (rows[name].to_numpy().tolist() for name in ("year_group", "rank", "risk"))
        yield [
            {
                **{name: texts[name][i] for name in words},
                **{name: values[i] for name, values in numbers.items()},
                "features": _known(given[i]), "shapley": told[i], "rank": rank[i], "risk": risk[i], "year_group": _known([year[i]])[0],
                "reasons": [texts[name][i] for name in reasons], "sources": list(sources[part.start + i]),
            }
            for i in range(len(rows))
        ]  # fmt: skip


def _known(values: Sequence[float]) -> list[float | None]:
    """NaN has no form in JSON, and a missing value none but null."""
    return [None if value != value else value for value in values]


def _salted(parts: Iterator[list[dict[str, Any]]]) -> Iterator[list[bytes]]:
    for part in parts:
        salts = secrets.token_bytes(SALT * len(part)).hex()
        yield [canonical({**content, "salt": salts[2 * SALT * i : 2 * SALT * (i + 1)]}) for i, content in enumerate(part)]


def signing_key(path: str | Path) -> Ed25519PrivateKey:
    """The private key that heads are signed with.

    Raises
    ------
    InputRefused
        The file is no Ed25519 private key in PEM form, or is locked with a password.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(Path(path).read_bytes(), password=None)
    except (OSError, TypeError, ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        do = "Make one:  openssl genpkey -algorithm ed25519 -out KEY.pem  and its public half:  openssl pkey -in KEY.pem -pubout."
        raise InputRefused("not an Ed25519 private key in PEM form without a password", where=str(path), do=do)
    return key


def head_given(text: str | None) -> str | None:
    """A head as somebody gave it, in lower case.

    Raises
    ------
    UsageError
        It is not 64 hexadecimal digits.
    """
    given = None if text is None else text.strip().lower()
    if given is not None and not HASH.fullmatch(given):
        raise UsageError("a head is 64 hexadecimal digits", do="Give it as `eswarn score` printed it.")
    return given
