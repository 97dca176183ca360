"""Registers of many pupils kept as strings of marks: put into a grid as they stand, a byte a mark, nothing laid out in between."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from eswarn.config import DatasetFacts
from eswarn.records.arrays import UNTOLD, Ints
from eswarn.records.codes import code_table
from eswarn.records.grid import Marks
from eswarn.records.ledger import FileLedger
from eswarn.records.put import DONE, ODD, put_strings
from eswarn.records.readers.headers import Header
from eswarn.records.readers.strings import DatedStrings, dated_strings
from eswarn.records.scatter import NOTHING_TOLD, Scatter, meanings
from eswarn.records.stream import Names
from eswarn.records.streamed import Streamed
from eswarn.records.twice import StreamedFile
from eswarn.records.values import plain_identifiers

STREAMED_FROM = 10_000  # strings in Parquet from which they are not laid out as rows


def stream_strings(paths: Sequence[Path], facts: DatasetFacts) -> tuple[Streamed, tuple[FileLedger, ...]] | None:
    """Read the strings of a data set into a grid.

    Returns
    -------
    Streamed, tuple of FileLedger
        The register, and the account of each file in marks; None where something needs a look at each mark, such as two strings
        of one pupil that overlap.

    Raises
    ------
    FileRefused
        A column is missing, the dates are in doubt, or most strings are.
    """
    table = code_table(facts.profile)
    signs = [facts.codes.map.get(chr(i), chr(i)) for i in range(128)]
    known = np.array([sign in table.codes for sign in signs] + [False] * 128, bool)
    meaning = np.zeros((256, len(meanings(["-"], table)[0])), np.uint8)
    meaning[:128] = meanings([sign if sign in table.codes else "-" for sign in signs], table)
    pupils, schools = Names(), Names()
    scatter, accounts, met = Scatter(table, stays=sum(pq.read_metadata(path).num_rows for path in paths)), [], list[Ints]()
    for path in paths:
        told = dated_strings(path, facts)
        texts = {name: told.found.texts.get(name, [facts.school or ""] * len(told.start)) for name in ("pupil_id", "school_id")}
        if not all(pc.all(plain_identifiers(pa.array(values, pa.string()))).as_py() for values in texts.values()):
            return None
        met.append(pupils.of(texts["pupil_id"]))
        used = _put(scatter, told, met[-1], schools.of(texts["school_id"]), meaning=meaning, known=known)
        if used is None:
            return None
        file = StreamedFile(path, Header({}, ()), told.notes, told.rejections, int(used.sum()) + sum(r.rows for r in told.rejections))
        file.used.update({(signs[sign], int(era)): int(used[sign, era]) for sign, era in np.argwhere(used)})
        accounts.append(file.ledger(table))
    if len({len(school) for school in schools.place if school.isdecimal()}) > 1:
        return None
    everybody = tuple(np.unique(places) for places in met)
    return Streamed(tuple(pupils.place), tuple(schools.place), scatter, NOTHING_TOLD, table, everybody), tuple(accounts)


def _put(scatter: Scatter, told: DatedStrings, pupil: Ints, school: Ints, *, meaning: Marks, known: Marks) -> Ints | None:
    """Put the strings of a file in; how many marks there are of each sign in each era, or None where one is odd."""
    if len(pupil) and int(pupil.max()) >= len(scatter.head):
        scatter.make_room_for_pupils(int(pupil.max()) + 1)
    used, at, strings = np.zeros(meaning.shape, np.int64), 0, told.found.strings
    while True:
        at, status = put_strings(
            at, strings.data, strings.starts, told.start, told.week, pupil, school, meaning, known, told.signs.opens, scatter.eras,
            int(UNTOLD), scatter.first, scatter.column_of, scatter.known_of, scatter.head, scatter.stay_pupil, scatter.stay_school,
            scatter.following, scatter.counts, used,
        )  # fmt: skip
        if status in (DONE, ODD):
            return used if status == DONE else None
        scatter.make_room(status)
