"""A register that was read into a grid, because it is too large to be kept as a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from eswarn.records.arrays import Ints
from eswarn.records.codes import CodeTable
from eswarn.records.grid import MarkGrid
from eswarn.records.scatter import Scatter, Told
from eswarn.records.tables import arrow_schema


@dataclass(frozen=True)
class Streamed:
    """A register that was read into a grid; its identifiers in the order in which they were met."""

    pupils: tuple[str, ...]
    schools: tuple[str, ...]
    scatter: Scatter
    told: Told
    codes: CodeTable
    met: tuple[Ints, ...] = ()  # of each file, in their order: places of the pupils who have rows in it

    def table(self) -> pa.Table:
        """The register as a table, which takes some thirty bytes a mark. Rows that say there is no mark are not in it."""
        grid = self.grid(np.arange(len(self.pupils)), np.arange(len(self.schools)), np.zeros(0, np.int64))
        row, place = np.nonzero(grid.first)
        delay = grid.delay[row, place] if grid.delay is not None else np.zeros(len(row), np.int64)
        cell = np.append(row * grid.first.shape[1] + place, grid.versions.cell)
        meaning = np.append(grid.first[row, place], grid.versions.meaning)
        stay, day = np.argsort(grid.row)[cell // grid.first.shape[1]], np.zeros(grid.first.shape[1] // 2, np.int64)
        day[grid.column] = grid.days
        date = day[cell % grid.first.shape[1] // 2]
        known_on = np.append(date[: len(row)] + delay, grid.versions.known_on)
        told = (meaning > 0).nonzero()[0]
        codes, place_of = np.unique([row.code for row in self.codes.rows], return_inverse=True)
        texts = {
            "pupil_id": (grid.stay_pupil[stay], self.pupils), "school_id": (grid.stay_school[stay], self.schools),
            "session": (cell % 2, ("AM", "PM")), "code": (place_of[meaning], codes.tolist()),
        }  # fmt: skip
        columns: dict[str, pa.Array] = {
            name: pa.DictionaryArray.from_arrays(pa.array(index[told], pa.int32()), pa.array(words, pa.string()))
            for name, (index, words) in texts.items()
        }
        columns["date"] = pa.array(date[told], pa.int32()).cast(pa.date32())
        columns["recorded_on"] = pa.array(known_on[told], pa.int32(), mask=(known_on == date)[told]).cast(pa.date32())
        schema = arrow_schema("attendance")
        return pa.Table.from_arrays([columns.get(field.name, pa.nulls(len(told), field.type)) for field in schema], schema=schema)

    def grid(self, pupil_place: Ints, school_place: Ints, days: Ints) -> MarkGrid:
        """The grid with pupils and schools by their places in the whole data set, and further days for its axis."""
        return self.scatter.finish(self.told, days, pupil_place, school_place)
