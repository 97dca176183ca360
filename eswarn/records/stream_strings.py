"""Registers of many pupils kept as strings of marks: put into a grid as they stand, a byte a mark, nothing laid out in between."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from eswarn.compiled import compiled
from eswarn.config import DatasetFacts
from eswarn.records.arrays import UNTOLD, Ints
from eswarn.records.codes import code_table
from eswarn.records.grid import Marks
from eswarn.records.ledger import FileLedger
from eswarn.records.put import DONE, MORE_COLUMNS, MORE_ROWS
from eswarn.records.readers.headers import Header
from eswarn.records.readers.strings import DatedStrings, dated_strings
from eswarn.records.scatter import NOTHING_TOLD, Scatter, meanings
from eswarn.records.stream import Names
from eswarn.records.streamed import Streamed
from eswarn.records.twice import StreamedFile
from eswarn.records.values import plain_identifiers

STREAMED_FROM = 10_000  # strings in Parquet from which they are not laid out as rows
_ODD = 9  # a mark told twice, or no register code: the long way finds out, and says so


def streamable_strings(paths: Sequence[Path]) -> bool:
    """Whether these files are Parquet, all of them, and hold so many strings that they are not laid out."""
    try:
        return sum(int(pq.read_metadata(path).num_rows) for path in paths) >= STREAMED_FROM
    except (pa.ArrowException, OSError, ValueError):
        return False


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
    scatter, accounts = Scatter(table, stays=sum(pq.read_metadata(path).num_rows for path in paths)), []
    for path in paths:
        told = dated_strings(path, facts)
        texts = {name: told.found.texts.get(name, [facts.school or ""] * len(told.start)) for name in ("pupil_id", "school_id")}
        if not all(pc.all(plain_identifiers(pa.array(values, pa.string()))).as_py() for values in texts.values()):
            return None
        used = _put(scatter, told, pupils.of(texts["pupil_id"]), schools.of(texts["school_id"]), meaning=meaning, known=known)
        if used is None:
            return None
        file = StreamedFile(path, Header({}, ()), told.notes, told.rejections, int(used.sum()) + sum(r.rows for r in told.rejections))
        file.used.update({(signs[sign], int(era)): int(used[sign, era]) for sign, era in np.argwhere(used)})
        accounts.append(file.ledger(table))
    if len({len(school) for school in schools.place if school.isdecimal()}) > 1:
        return None
    return Streamed(tuple(pupils.place), tuple(schools.place), scatter, NOTHING_TOLD, table), tuple(accounts)


def _put(scatter: Scatter, told: DatedStrings, pupil: Ints, school: Ints, *, meaning: Marks, known: Marks) -> Ints | None:
    """Put the strings of a file in; how many marks there are of each sign in each era, or None where one is odd."""
    if len(pupil) and int(pupil.max()) >= len(scatter.head):
        scatter.make_room_for_pupils(int(pupil.max()) + 1)
    used, at, strings = np.zeros(meaning.shape, np.int64), 0, told.found.strings
    while True:
        at, status = _put_strings(
            at, strings.data, strings.starts, told.start, told.week, pupil, school, meaning, known, told.signs.opens, scatter.eras,
            int(UNTOLD), scatter.first, scatter.column_of, scatter.known_of, scatter.head, scatter.stay_pupil, scatter.stay_school,
            scatter.following, scatter.counts, used,
        )  # fmt: skip
        if status in (DONE, _ODD):
            return used if status == DONE else None
        scatter.make_room(status)


@compiled
def _put_strings(  # type: ignore[no-untyped-def]
    at, data, starts, start, week, pupil, school, meaning, known, opens, eras, day_0, first, column_of, known_of, head, stay_pupil,
    stay_school, following, counts, used,
):  # fmt: skip
    for i in range(at, len(start)):
        if week[i] == 0:
            continue
        weekday, text = (start[i] + 3) % 7, data[starts[i] : starts[i + 1]]
        days = len(text) // 2
        if 2 * (counts[1] + days) > first.shape[1]:  # room for every day of the string, so that none is put in by half
            missing = 0
            for day in range(days):
                place = weekday + day
                date = start[i] + (day if week[i] == 7 else place // 5 * 7 + place % 5 - weekday)
                missing += column_of[date - day_0] < 0
            if 2 * (counts[1] + missing) > first.shape[1]:
                return i, MORE_COLUMNS
        stay = head[pupil[i]]
        while stay >= 0 and stay_school[stay] != school[i]:
            stay = following[stay]
        if stay < 0:
            stay = counts[0]
            if stay == first.shape[0]:
                return i, MORE_ROWS
            counts[0] += 1
            stay_pupil[stay], stay_school[stay], following[stay], head[pupil[i]] = pupil[i], school[i], head[pupil[i]], stay
        row = first[stay]
        for day in range(days):
            one, other = text[2 * day], text[2 * day + 1]
            place = weekday + day
            if week[i] == 7 and place % 7 >= 5 and not opens[one] and not opens[other]:
                continue
            date = start[i] + (day if week[i] == 7 else place // 5 * 7 + place % 5 - weekday)
            era = 0
            while era < len(eras) and date >= eras[era]:
                era += 1
            column = column_of[date - day_0]
            if column < 0 and (one != 32 or other != 32):
                column = counts[1]
                counts[1] += 1
                column_of[date - day_0] = column
            for half in range(2):
                sign = text[2 * day + half]
                if sign == 32 or (week[i] == 7 and place % 7 >= 5 and not opens[sign]):
                    continue
                if not known[sign] or row[2 * column + half] != 0:
                    return i, _ODD
                row[2 * column + half] = meaning[sign, era]
                used[sign, era] += 1
                if date < known_of[date - day_0]:
                    known_of[date - day_0] = date
    return len(start), DONE
