"""What a school holds, as checked Arrow tables with the facts, the ledger and the hashes they came with."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from eswarn.config import DatasetFacts
from eswarn.records.ledger import Ledger
from eswarn.records.streamed import Streamed
from eswarn.records.tables import arrow_schema

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Records:
    """A data set: checked tables, never edited after they are read.

    Attributes
    ----------
    tables : mapping of str to pyarrow.Table
        The tables that were supplied, in the columns and types of ``records.tables``. A table that is absent was not
        supplied, which is not the same as one without rows.
    facts : DatasetFacts
        What ``dataset.toml`` says.
    ledger : Ledger
        Every row that was read: accepted, merged, or rejected with file, row and rule.
    sources : mapping of str to str
        SHA-256 of each file that was read, by its name.
    streamed : Streamed or None
        The register, where it was too large to be kept as a table; it is in no other table then.
    pupils : mapping of str to pyarrow.Array or None
        Identifiers of the pupils who have rows in each file, by its name; None where that cannot be told.
    """

    tables: Mapping[str, pa.Table]
    facts: DatasetFacts = field(default_factory=DatasetFacts)
    ledger: Ledger = field(default_factory=Ledger)
    sources: Mapping[str, str] = field(default_factory=dict)
    streamed: Streamed | None = None
    pupils: Mapping[str, pa.Array | None] = field(default_factory=dict, repr=False)

    def has(self, name: str) -> bool:
        """Whether the table was supplied at all."""
        return name in self.supplied

    @property
    def supplied(self) -> frozenset[str]:
        """The tables that were supplied, with or without rows."""
        return frozenset(self.tables) | ({"attendance"} if self.streamed else frozenset())

    def table(self, name: str) -> pa.Table:
        """The Arrow table; without rows where it was not supplied. A streamed register is made into one each time."""
        if name == "attendance" and self.streamed:
            return self.streamed.table()
        return self.tables[name] if name in self.tables else arrow_schema(name).empty_table()

    def every_table(self) -> dict[str, pa.Table]:
        """Each table that was supplied, by its name; a streamed register is made into one."""
        streamed = {"attendance": self.streamed.table()} if self.streamed else {}
        return {**streamed, **self.tables}

    def frame(self, name: str) -> pd.DataFrame:
        """The table as a pandas frame with Arrow-backed dates and text."""
        import pandas as pd

        frame: pd.DataFrame = self.table(name).to_pandas(types_mapper=pd.ArrowDtype)
        return frame

    @property
    def digest(self) -> str:
        """SHA-256 over names and hashes of the files; over the tables themselves where they came from no file."""
        parts = [f"{name} {sha}" for name, sha in sorted(self.sources.items())]
        if not parts:
            for name, table in sorted(self.tables.items()):
                sink = pa.BufferOutputStream()
                with pa.ipc.new_stream(sink, table.schema) as writer:
                    writer.write_table(table.combine_chunks())
                parts.append(f"{name} {hashlib.sha256(sink.getvalue()).hexdigest()}")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def files_of(self, pupils: Sequence[str]) -> list[list[int]]:
        """The files that have rows of each pupil, by their place among all, sorted by name; a file of which nothing is known has all's."""
        names, scored = sorted(self.sources), pa.array(pupils, pa.string())
        every = [i for i, name in enumerate(names) if self.pupils.get(name) is None]
        some = [(i, ids) for i, name in enumerate(names) if (ids := self.pupils.get(name)) is not None]
        files = np.repeat([i for i, _ in some], [len(ids) for _, ids in some]) if some else np.zeros(0, np.int64)
        ids = pa.concat_arrays([ids for _, ids in some]) if some else pa.array([], pa.string())
        place = pc.index_in(ids, value_set=scored).fill_null(-1).to_numpy()
        order = np.lexsort((files, place))[np.count_nonzero(place < 0) :]
        ends = np.searchsorted(place[order], np.arange(len(pupils) + 1))
        told = files[order].tolist()
        return [sorted(every + told[a:b]) for a, b in itertools.pairwise(ends.tolist())]

    def __repr__(self) -> str:
        rows = {name: table.num_rows for name, table in self.tables.items()}
        if self.streamed:
            rows["attendance"] = sum(file.accepted for file in self.ledger.files if file.table == "attendance")
        return f"Records({', '.join(f'{name} {n:,}' for name, n in sorted(rows.items()))})"
