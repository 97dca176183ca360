"""What a school holds, as checked Arrow tables with the facts, the ledger and the hashes they came with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

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
    """

    tables: Mapping[str, pa.Table]
    facts: DatasetFacts = field(default_factory=DatasetFacts)
    ledger: Ledger = field(default_factory=Ledger)
    sources: Mapping[str, str] = field(default_factory=dict)
    streamed: Streamed | None = None

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

    def __repr__(self) -> str:
        rows = {name: table.num_rows for name, table in self.tables.items()}
        if self.streamed:
            rows["attendance"] = sum(file.accepted for file in self.ledger.files if file.table == "attendance")
        return f"Records({', '.join(f'{name} {n:,}' for name, n in sorted(rows.items()))})"
