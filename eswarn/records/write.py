"""`Records` to a folder of files that `read` reads back to the same tables."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from eswarn.config import DatasetFacts
from eswarn.errors import UsageError
from eswarn.progress import Progress, silent
from eswarn.records.store import Records

_ROWS = 1 << 20
_NEEDS_QUOTES = re.compile(r'[",\r\n]')


def write(
    records: Records, folder: str | os.PathLike[str], *, file_format: Literal["csv", "parquet"] = "csv", progress: Progress = silent
) -> Path:
    """Write each table to a file of its own, and the facts beside them to ``dataset.toml``.

    Parameters
    ----------
    records : Records
        The tables to write. Text is quoted only where a table needs it; missing is an empty cell.
    folder : path
        Must not exist, or be empty. It appears complete or not at all.
    file_format : {"csv", "parquet"}
        Form of the tables.
    progress : Progress, optional
        Told which table is being written; the unit is rows.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        The folder holds something already, or there is no such form.
    """
    target = Path(folder)
    if file_format not in ("csv", "parquet"):
        raise UsageError(f'there is no file format "{file_format}"', do='Formats: "csv", "parquet".')
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError("it exists already", where=str(target), do="Give a new folder, or empty this one first.")
    target.parent.mkdir(parents=True, exist_ok=True)
    tables = records.every_table()
    done, total = 0, sum(table.num_rows for table in tables.values())
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as holder:
        unfinished = Path(holder) / "records"
        unfinished.mkdir()
        for name, table in tables.items():
            progress(f"writing {name}", done, total)
            if file_format == "csv":
                _write_csv(table, unfinished / f"{name}.csv")
            else:
                pq.write_table(table, unfinished / f"{name}.parquet", compression="zstd")
            done += table.num_rows
        (unfinished / "dataset.toml").write_text(_toml(records.facts), encoding="utf-8")
        unfinished.replace(target)
    progress("writing done", total, total)
    return target


def _write_csv(table: pa.Table, path: Path) -> None:
    options = pa.csv.WriteOptions(include_header=False, quoting_style="needed" if _needs_quotes(table) else "none")
    with path.open("wb") as file:
        file.write((",".join(table.column_names) + "\n").encode())
        for batch in table.to_batches(max_chunksize=_ROWS):
            plain = [c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c for c in batch.columns]
            pa.csv.write_csv(pa.RecordBatch.from_arrays(plain, table.column_names), file, options)


def _needs_quotes(table: pa.Table) -> bool:
    """Whether any text holds a separator, a quotation mark or a line break."""
    for column in table.columns:
        if pa.types.is_dictionary(column.type):
            words = pc.unique(pa.chunked_array([chunk.dictionary for chunk in column.chunks], pa.string()))
            if any(word is not None and _NEEDS_QUOTES.search(word) for word in words.to_pylist()):
                return True
    return False


def _toml(facts: DatasetFacts) -> str:
    """The facts that still hold: headers, encoding, dates and codes are now eswarn's own."""
    lines = [f"profile = {json.dumps(facts.profile)}", f"session = {json.dumps(facts.session)}"]
    lines += [f"marks = {json.dumps(facts.marks)}"] if facts.marks != "all" else []
    if facts.observed_to:
        lines += ["", "[observed_to]", *(f"{table} = {day.isoformat()}" for table, day in facts.observed_to.items())]
    return "\n".join(lines) + "\n"
