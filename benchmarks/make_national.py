"""Writes the records of a whole country's pupils, school by school, to measure speed and memory on: plain statistics, no causes.

    python benchmarks/make_national.py FOLDER --pupils 1000000 [--years 1 --seed 1]

Two folders of the same marks: ``long`` (one row a session, sorted by pupil, and small tables of the rest) and ``strings``
(one text a pupil and school year: AM and PM by turns over weeks of five days from the first Monday, ``#`` where there is no mark).
Only codes of one character are used. `eswarn simulate` makes worlds with causes; this is for size.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eswarn.simulate.chance import pick, stream
from eswarn.simulate.terms import open_days

SCHOOL = 1_000  # pupils a school, about
ROW_GROUP = 1_000_000
TEXTS = 25_000  # pupils a row group of mark strings
CODES = ("/", "\\", "L", "V", "I", "M", "C", "G", "O", "U", "N", "E", "D", "-")
_CODE = {name: np.uint8(place) for place, name in enumerate(CODES)}
_REASONS, _REASON = ("I", "O", "C", "G", "N"), (50, 33, 8, 6, 3)  # of whole days away
_AGAIN = 0.55  # chance that a day away is followed by another
_WEEKDAY = np.array([0.97, 0.97, 0.90, 0.97, 1.19])
_MOVERS = 0.03  # pupils who come late, and as many who leave before the end

Columns = dict[str, pa.Array]


@dataclass(frozen=True, slots=True)
class School:
    """Marks of one school ``[n, days, 2]``, places in `CODES`, and from which day to which each pupil was there."""

    number: int
    pupil: NDArray[np.int64]
    year_group: NDArray[np.int64]
    year: NDArray[np.int64]  # of each day: the school year it lies in
    date: NDArray[np.datetime64]
    code: NDArray[np.uint8]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @property
    def school_id(self) -> str:
        """Seven digits, in the order of the schools."""
        return f"9{self.number:06d}"

    @property
    def there(self) -> NDArray[np.bool_]:
        """Days on roll ``[n, days]``."""
        day = np.arange(len(self.date))
        return np.asarray((day >= self.first[:, None]) & (day <= self.last[:, None]))


def write_national(folder: Path, *, pupils: int, years: int = 1, seed: int = 1, start_year: int = 2024) -> dict[str, int]:
    """Write both folders and tell the rows of each file; memory stays that of one school and one row group.

    Parameters
    ----------
    folder : Path
        Where to make ``long`` and ``strings``.
    pupils, years : int
        Every pupil stays for all years, but for a few who come late or leave early.
    seed : int
        The same seed gives the same rows.
    start_year : int
        The first school year begins in September of it.
    """
    sheets = {name: _Sheet(folder / place) for name, place in _FILES.items()}
    for school in _schools(pupils, years, seed, start_year):
        rng = stream(seed, "national rest", school.number)
        for name, columns in {"marks": _long(school), "strings": _texts(school), **_rest(school, rng)}.items():
            sheets[name].add(columns)
        last = school.date[-1]
    for sheet in sheets.values():
        sheet.close()
    told = "".join(f"{name} = {last}\n" for name in _FILES if name not in ("marks", "strings"))
    for place in ("long", "strings"):
        facts = f'profile = "england"\n\n[observed_to]\nattendance = {last}\n' + (told if place == "long" else "")
        (folder / place / "dataset.toml").write_text(facts, encoding="utf-8")
    return {str(sheet.path.relative_to(folder)): sheet.rows for sheet in sheets.values()}


_FILES = {
    "marks": "long/attendance.parquet",
    "behaviour": "long/behaviour.parquet",
    "suspensions": "long/suspensions.parquet",
    "context": "long/context.parquet",
    "assessments": "long/assessments.parquet",
    "strings": "strings/attendance.parquet",
}


def _schools(pupils: int, years: int, seed: int, start_year: int) -> Iterator[School]:
    """Schools one after the other; pupils are numbered through."""
    edges = np.linspace(0, pupils, max(1, round(pupils / SCHOOL)) + 1).astype(np.int64)
    for number, (begin, end) in enumerate(pairwise(edges.tolist())):
        rng, n = stream(seed, "national", number), end - begin
        terms = [open_days(start_year + k, rng) for k in range(years)]
        date = np.concatenate([term.date for term in terms])
        code = _marks(rng, n, np.concatenate([term.weekday for term in terms]))
        late, early = rng.random(n) < _MOVERS, rng.random(n) < _MOVERS
        half = len(date) // 2
        yield School(
            number=number,
            pupil=np.arange(begin, end),
            year_group=rng.integers(7, 12, n),
            year=np.repeat(np.arange(years) + start_year, [len(term.date) for term in terms]),
            date=date,
            code=code,
            first=np.where(late, rng.integers(0, half, n), 0),
            last=np.where(early, rng.integers(half, len(date), n), len(date) - 1),
        )


def _marks(rng: np.random.Generator, n: int, weekday: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Marks ``[n, days, 2]``: a skewed rate of days away in spells for each pupil, then single sessions."""
    days = len(weekday)
    code = np.empty((n, days, 2), dtype=np.uint8)
    code[..., 0], code[..., 1] = _CODE["/"], _CODE["\\"]
    rate = np.minimum(np.exp(rng.normal(-3.15, 1.0, n)), 0.95)
    begins = (rate * (1 - _AGAIN) / (1 - rate * _AGAIN))[:, None] * _WEEKDAY[weekday]
    chance, away = rng.random((n, days), dtype=np.float32), np.zeros(n, dtype=np.bool_)
    reason, reasons = np.zeros(n, dtype=np.uint8), np.array([_CODE[name] for name in _REASONS])
    drawn = reasons[pick(rng, _REASON, n * days)].reshape(n, days)
    for day in range(days):
        again = away & (chance[:, day] < _AGAIN)
        begin = ~again & (chance[:, day] > 1 - begins[:, day])
        reason = np.where(begin, drawn[:, day], reason)
        away = again | begin
        code[away, day] = reason[away, None]
    one = rng.random(code.shape, dtype=np.float32)
    there = code <= _CODE["\\"]
    for name, low, high in (("L", 0, 0.02), ("M", 0.02, 0.024), ("U", 0.024, 0.027), ("V", 0.027, 0.034), ("E", 0.034, 0.0365)):
        code[there & (one >= low) & (one < high)] = _CODE[name]
    code[one > 0.9995] = _CODE["-"]
    code[(rng.random(n) < 0.005)[:, None] & (weekday == 2)] = _CODE["D"]
    return code


def _long(school: School) -> Columns:
    """One row a session on roll."""
    row, day = np.nonzero(school.there)
    return {
        "pupil_id": _words(np.repeat(row, 2), [f"P{number:07d}" for number in school.pupil.tolist()]),
        "school_id": _words(np.zeros(2 * len(row), dtype=np.int32), [school.school_id]),
        "date": _dates(np.repeat(school.date[day], 2)),
        "session": _words(np.tile(np.array([0, 1], dtype=np.int32), len(row)), ["AM", "PM"]),
        "code": _words(school.code[row, day].ravel(), CODES),
    }


def _texts(school: School) -> Columns:
    """One row a pupil and school year."""
    letters = np.frombuffer("".join(CODES).encode(), dtype=np.uint8)
    parts = []
    for year in np.unique(school.year):
        days = np.flatnonzero(school.year == year)
        monday = school.date[days[0]] - (school.date[days[0]].astype(np.int64) + 3) % 7
        since = (school.date[days] - monday).astype(np.int64)
        place = since // 7 * 5 + since % 7
        text = np.full((len(school.pupil), 5 * (int(since[-1]) // 7 + 1), 2), ord("#"), dtype=np.uint8)
        there = school.there[:, days]
        text[:, place] = np.where(there[..., None], letters[school.code[:, days]], ord("#"))
        parts.append((there.any(axis=1), monday, text.reshape(len(text), -1)))
    kept = np.stack([some for some, _, _ in parts], axis=1)
    pupil, which = np.nonzero(kept)
    names = pa.array([f"P{number:07d}" for number in school.pupil[pupil].tolist()])
    return {
        "pupil_id": names,
        "school_id": _words(np.zeros(len(pupil), dtype=np.int32), [school.school_id]),
        "start_date": _dates(np.array([monday for _, monday, _ in parts], dtype="datetime64[D]")[which]),
        "marks": pa.array([parts[k][2][row].tobytes().decode() for row, k in zip(pupil.tolist(), which.tolist(), strict=True)]),
    }


def _rest(school: School, rng: np.random.Generator) -> Mapping[str, Columns]:
    """The small tables: about three incidents and three results a pupil and year, a tenth of a suspension, one row of context."""
    n, days = len(school.pupil), len(school.date)
    years = days / 190
    incident, day = _happen(school, rng, rng.poisson(3 * years * rng.gamma(0.7, 1 / 0.7, n)))
    severity = 1 + pick(rng, (60, 27, 11, 2), len(incident))
    kind = (rng.random(len(incident)) < 0.35).astype(np.int32)
    suspended, start = _happen(school, rng, rng.poisson(0.11 * years, n))
    result, sat = _happen(school, rng, np.full(n, round(3 * years)))
    return {
        "behaviour": _who(school, incident)
        | {
            "date": _dates(school.date[day]),
            "kind": _words(kind, ["negative", "positive"]),
            "severity": pa.array(severity, mask=kind > 0),
            "points": pa.array(np.where(kind > 0, 1.0, -severity)),
        },
        "suspensions": _who(school, suspended)
        | {
            "kind": _words(np.zeros(len(suspended), dtype=np.int32), ["suspension"]),
            "start": _dates(school.date[start]),
            "sessions": pa.array(rng.integers(1, 11, len(suspended))),
        },
        "context": _who(school, np.arange(n))
        | {"valid_from": _dates(np.repeat(school.date[:1], n)), "year_group": pa.array(school.year_group)},
        "assessments": _who(school, result)
        | {
            "date": _dates(school.date[sat]),
            "subject": _words(np.arange(len(result), dtype=np.int32) % 3, ["english", "maths", "science"]),
            "score": pa.array(np.clip(rng.normal(58, 12, len(result)).round(), 0, 100)),
            "maximum": pa.array(np.full(len(result), 100.0)),
        },
    }


def _happen(school: School, rng: np.random.Generator, times: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pupils, sorted, and different days of each on which something happens so often; a day hit twice counts once."""
    row = np.repeat(np.arange(len(times)), times)
    day = school.first[row] + (rng.random(len(row)) * (school.last[row] + 1 - school.first[row])).astype(np.int64)
    return np.divmod(np.unique(row * len(school.date) + day), len(school.date))


def _who(school: School, row: NDArray[np.int64]) -> Columns:
    names = pa.array([f"P{number:07d}" for number in school.pupil[row].tolist()], pa.string())
    return {"pupil_id": names, "school_id": _words(np.zeros(len(row), dtype=np.int32), [school.school_id])}


def _words(places: NDArray[np.integer], words: list[str] | tuple[str, ...]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32, copy=False)), pa.array(list(words), pa.string()))


def _dates(days: NDArray[np.datetime64]) -> pa.Array:
    return pa.array(days.astype("datetime64[D]").astype(np.int32)).cast(pa.date32())


class _Sheet:
    """A Parquet file of plain text columns (dictionary pages), in row groups of `ROW_GROUP` rows whatever comes in."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.rows = path, 0
        self._group = TEXTS if path.parent.name == "strings" else ROW_GROUP
        self._waiting: list[pa.Table] = []
        self._writer: pq.ParquetWriter | None = None

    def add(self, columns: Columns) -> None:
        """Take rows, and write as soon as a row group is full."""
        table = pa.table(columns)
        self.rows += table.num_rows
        self._waiting.append(table)
        waiting = sum(part.num_rows for part in self._waiting)
        if waiting >= self._group:
            whole = pa.concat_tables(self._waiting)
            self._write(whole.slice(0, waiting - waiting % self._group))
            self._waiting = [whole.slice(waiting - waiting % self._group)]

    def close(self) -> None:
        """Write what is left."""
        self._write(pa.concat_tables(self._waiting))
        if self._writer:
            self._writer.close()

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:  # without the Arrow schema beside it, so that text reads back as plain text
            self._writer = pq.ParquetWriter(self.path, table.schema, compression="zstd", store_schema=False)
        self._writer.write_table(table.unify_dictionaries(), row_group_size=self._group)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pupils", type=int, default=200_000)
    parser.add_argument("--years", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for name, rows in write_national(given.folder, pupils=given.pupils, years=given.years, seed=given.seed).items():
        print(f"{given.folder / name}: {rows:,} rows")


if __name__ == "__main__":
    main()
