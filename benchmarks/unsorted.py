"""The same rows in no order at all: a file too large for memory, dealt into piles at random, and each pile shuffled."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PILE = 10_000_000  # rows, about
ROW_GROUP = 1_000_000


def write_unsorted(source: Path, target: Path, *, seed: int = 1) -> int:
    """Write the rows of a Parquet file in random order, with one pile in memory at a time; tell how many.

    Parameters
    ----------
    source, target : Path
        The file to read and the one to write. Row groups as large as those of make_national.py, text plain.
    seed : int
        The same seed gives the same order.
    """
    rng = np.random.default_rng(seed)
    with pq.ParquetFile(source) as file, tempfile.TemporaryDirectory(dir=target.parent) as work:
        schema, rows = file.schema_arrow, file.metadata.num_rows
        piles = [Path(work) / f"{k}.parquet" for k in range(-(-rows // PILE))]
        writers = [pq.ParquetWriter(pile, schema, compression="lz4") for pile in piles]
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            at = rng.integers(0, len(piles), table.num_rows)
            for k, writer in enumerate(writers):
                writer.write_table(table.filter(pa.array(at == k)))
        for writer in writers:
            writer.close()
        with pq.ParquetWriter(target, schema, compression="zstd", store_schema=False) as whole:
            for pile in piles:
                table = pq.read_table(pile, read_dictionary=["pupil_id", "school_id", "session", "code"])
                table = table.take(rng.permutation(table.num_rows))
                whole.write_table(table.cast(schema), row_group_size=ROW_GROUP)
                pile.unlink()
    return int(rows)
