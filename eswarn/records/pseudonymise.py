"""Replace the identifiers of pupils and households in export files by keyed pseudonyms, before anything else sees them."""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from eswarn.errors import InputRefused, OurBug
from eswarn.folders import refuse_existing
from eswarn.progress import Progress, silent
from eswarn.records.arrays import dictionary, indices
from eswarn.records.check import in_doubt
from eswarn.records.judge import refuse_names
from eswarn.records.ledger import FileRefused, Rejection, shown
from eswarn.records.read import read_with
from eswarn.records.readers.raw import Numbering, Raw
from eswarn.records.store import Records
from eswarn.records.upn import check_letter_holds, looks_like_upn
from eswarn.records.values import Pseudonym, is_total
from eswarn.records.write import write

KEY_BYTES = 32
TELLING = 4  # characters from which an identifier is looked for in the other columns; shorter ones are also plain numbers
_COLUMNS = {"pupil_id": "P", "household_id": "H"}
_MADE = re.compile(r"[PH][0-9a-f]{24}")
_UPN_WITHIN = re.compile(r"(?<![A-Z0-9])[A-Z][0-9]{11}[0-9A-Z](?![A-Z0-9])")


def pseudonymise(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    key: str | os.PathLike[str],
    new_key: bool = False,
    file_format: Literal["csv", "parquet"] = "csv",
    progress: Progress = silent,
) -> Records:
    """Read export files with raw identifiers and write the same records under pseudonyms.

    A pseudonym is ``P`` (``H`` for a household) and the first 24 hexadecimal digits of HMAC-SHA256 under the key, over
    ``eswarn 1``, a NUL byte, the column (``pupil_id`` or ``household_id``), a NUL byte, and the identifier in capital letters
    without spaces around it (a UPN without any), in UTF-8. The same key gives the same person the same pseudonym in every file
    and every year; without it nobody can tell who is who, nor try out who it might be. Rows are put in the order of the
    pseudonyms, as the order of an export tells of the identifiers.

    Parameters
    ----------
    folder : path
        As for `read`; here ``pupil_id`` and ``household_id`` may be unique pupil numbers or the school's own numbers.
    out : path
        Folder to write; must not exist. It appears complete or not at all.
    key : path
        Key file: at least 64 hexadecimal digits, readable by its owner alone, outside both folders.
    new_key : bool, optional
        Make the key file; it must not exist yet.
    file_format : {"csv", "parquet"}
        Form of the tables.
    progress : Progress, optional
        Told which file is being read or written.

    Returns
    -------
    Records
        What was written, with the ledger of the files read. A row whose identifier has the shape of a UPN but fails its check
        letter is rejected (``damaged_identifier``).

    Raises
    ------
    InputRefused
        The key file cannot be used or made, ``out`` exists, a file cannot be read, holds pseudonyms already, or an identifier
        stands in another column as well.
    """
    source, target, key_file = Path(folder), Path(out), Path(key)
    _refuse_places(source, target, key_file)
    secret = _make_key(key_file) if new_key else _load_key(key_file)
    names = _Names(secret)
    read = read_with(source, rename=names.rename, progress=progress)
    _refuse_elsewhere(read, names.replaced)
    records = replace(read, tables={name: _in_order(table) for name, table in read.tables.items()}, sources={})  # these were raw
    if new_key:
        _save_key(key_file, secret)
    write(records, target, file_format=file_format, progress=progress)
    return records


def pseudonyms(told: Mapping[str, str], *, key: str | os.PathLike[str]) -> dict[str, str]:
    """What is told of pupils by their own identifiers, by their pseudonyms under a key instead.

    Raises
    ------
    InputRefused
        The key file cannot be used.
    """
    names = _Names(_load_key(Path(key)))
    return {names.pseudonym("pupil_id", _canonical(identifier)): value for identifier, value in told.items()}


@dataclass(slots=True)
class _Names:
    """Gives pseudonyms, and remembers which identifiers it gave them to."""

    _secret: bytes = field(repr=False)
    replaced: set[str] = field(default_factory=set, repr=False)

    def rename(self, raw: Raw) -> Raw:
        """Replace the identifiers of one file; what never reaches a table stays as it is, to be rejected by name.

        Raises
        ------
        FileRefused
            The file holds pseudonyms already or names, or over half of its rows have a UPN that fails its check letter.
        """
        refuse_names(raw)
        for column in sorted(_COLUMNS.keys() & raw.columns.keys()):
            cells = raw.columns[column]
            if any(_MADE.fullmatch(text) for text in cells.texts):
                do = "Give the files as they came out of the school's system."
                raise FileRefused("pseudonyms", "it holds pseudonyms already", where=raw.file, do=do)
            refused = _refused_by_check(column, cells.texts)
            good = {i: _canonical(text) for i, text in enumerate(cells.texts) if i not in refused}
            self.replaced.update(good.values())
            damaged = [i for i, text in good.items() if looks_like_upn(text) and not check_letter_holds(text)]
            texts = tuple(self.pseudonym(column, good[i]) if i in good else text for i, text in enumerate(cells.texts))
            raw = _without(replace(raw, columns={**raw.columns, column: replace(cells, texts=texts)}), column, damaged)
        return raw

    def pseudonym(self, column: str, identifier: str) -> str:
        """The pseudonym of an identifier in its one spelling."""
        message = b"\0".join([b"eswarn 1", column.encode(), identifier.encode()])
        return _COLUMNS[column] + hmac.digest(self._secret, message, "sha256").hex()[:24]


def _canonical(text: str) -> str:
    """One spelling for each identifier, as the same person must be met in every file."""
    closed = "".join(text.split()).upper()
    return closed if looks_like_upn(closed) else text.strip().upper()


def _refused_by_check(column: str, texts: tuple[str, ...]) -> set[int]:
    """Which texts never reach a table: blank, a total, a name, damaged, too long; these stay as they are, to be rejected by name."""
    refused = {i for i, text in enumerate(texts) if not text or (column == "pupil_id" and is_total(text))}
    try:
        _identifiers().validate_python(texts)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        refused |= {int(e["loc"][0]) for e in found if e["type"] != "raw_upn"}
    return refused


@cache
def _identifiers() -> TypeAdapter[tuple[str, ...]]:
    return TypeAdapter(tuple[Pseudonym, ...])


def _without(raw: Raw, column: str, damaged: Sequence[int]) -> Raw:
    """The file without the rows that have one of these texts in a column; they are counted as rejected."""
    bad = np.isin(raw.columns[column].index, damaged)
    rows = int(np.count_nonzero(bad))
    if not rows:
        return raw
    what, do = "a UPN that fails its check letter", "Correct the number where it came from."
    if in_doubt(rows, raw.rows + len(raw.numbering.ragged)):
        where = raw.where(np.flatnonzero(bad), column)
        raise FileRefused("damaged_identifier", f"{rows:,} of {raw.rows:,} rows: {what}", where=where, do=do)
    numbers = raw.numbering.of(np.arange(raw.rows))
    first = tuple(dict.fromkeys(map(int, numbers[bad])))[:5]
    rejection = Rejection("damaged_identifier", rows, first, shown(raw.columns[column].header), what, do)
    return replace(
        raw,
        columns={name: replace(cells, index=cells.index[~bad]) for name, cells in raw.columns.items()},
        rows=raw.rows - rows,
        numbering=Numbering(raw.numbering.first, raw.numbering.ragged, stated=numbers[~bad]),
        rejections=(*raw.rejections, rejection),
    )


def _refuse_elsewhere(records: Records, replaced: set[str]) -> None:
    """Refuse records that would carry an identifier out in another column; prove that our own hold pseudonyms only."""
    for name, table in records.tables.items():
        for column in (c for c in table.column_names if pa.types.is_dictionary(table.schema.field(c).type)):
            words = dictionary(table[column])
            if column in _COLUMNS:
                if not all(_MADE.fullmatch(word) for word in words):
                    raise OurBug("an identifier was not replaced", where=f"{name}, {column}")
            elif any(_is_identifier(_canonical(word), () if column == "school_id" else replaced) for word in words):
                what = f"identifiers of pupils stand in the column {column}, too"
                raise InputRefused(what, where=name, do=f"Leave {column} out of the export of {name}.")


def _is_identifier(text: str, replaced: Collection[str]) -> bool:
    return bool(_UPN_WITHIN.search(text)) or (len(text) >= TELLING and text in replaced)


def _in_order(table: pa.Table) -> pa.Table:
    """Rows in the order of the pseudonyms, those of one pupil as they stood."""
    if "pupil_id" not in table.column_names or not table.num_rows:
        return table
    words = np.array(dictionary(table["pupil_id"]))
    rank = np.argsort(np.argsort(words))
    return table.take(pa.array(np.argsort(rank[indices(table["pupil_id"])], kind="stable")))


def _refuse_places(folder: Path, out: Path, key: Path) -> None:
    refuse_existing(out)
    inside, target, secret = (Path(os.path.realpath(place)) for place in (folder, out, key))  # unlike resolve, does not fail on a loop
    if target.is_relative_to(inside):
        raise InputRefused("it lies inside the folder that is read", where=str(out), do="Choose a place outside it.")
    if secret.is_relative_to(inside) or secret.is_relative_to(target):
        do = "Keep the key where no export and no pseudonymised record is ever stored."
        raise InputRefused("the key file lies inside a folder of records", where=str(key), do=do)


def _make_key(file: Path) -> bytes:
    """A key for a file that is yet to be made."""
    if file.exists() or file.is_symlink():
        raise InputRefused("it exists already; a key is never overwritten", where=str(file), do="Leave --new-key out to use it.")
    if not file.parent.is_dir():
        raise InputRefused("there is no folder for the key file", where=str(file.parent), do="Make it first, for yourself alone.")
    return secrets.token_bytes(KEY_BYTES)


def _save_key(file: Path, secret: bytes) -> None:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(secret.hex().encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise InputRefused(f"the key file cannot be written ({error.strerror})", where=str(file)) from None


def _load_key(file: Path) -> bytes:
    """The key of a file that its owner alone can read. No error says anything of what the file holds."""
    where, again = str(file), "Give the key file that `--new-key` made."
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # a device or a pipe would be waited for
            raise InputRefused("the key is not a file", where=where, do=again)
        with file.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            content = stream.read(4096)
    except FileNotFoundError:
        raise InputRefused("there is no key file", where=where, do="Make one with --new-key, once; keep it for good.") from None
    except OSError as error:
        raise InputRefused(f"the key file cannot be read ({error.strerror})", where=where) from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise InputRefused("others can read the key file", where=where, do=f"Take their rights away:  chmod 600 {file.name}")
    text = content.strip()
    if not re.fullmatch(rb"(?:[0-9a-fA-F]{2})+", text) or len(content) == 4096:
        raise InputRefused("this is no key: a key is written in hexadecimal digits", where=where, do=again)
    secret = bytes.fromhex(text.decode())
    if len(secret) < KEY_BYTES or len(set(secret)) < KEY_BYTES // 4:
        raise InputRefused(f"the key is too weak: it needs {2 * KEY_BYTES} random hexadecimal digits", where=where, do=again)
    return secret
