"""The section of the page of figures on features at the size of a country."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Part = Mapping[str, Any]
Table = Callable[[Sequence[str], Iterable[Sequence[str]]], list[str]]
MOST_MB, MOST_MB_AT_LARGEST, CSV_SECONDS = 600, 4_000, 20
SORTED_SPEED, STRINGS_SPEED = 50, 150  # million marks a second
TIMES_ENGINES, TIMES_PANDAS, TIMES_PANDAS_USER, TIMES_SCAN = 15, 30, 8, 2.5
FORMS = {
    "long": "rows sorted by pupil", "alone": "marks and year groups alone", "texts": "one text a pupil and year",
    "texts-alone": "one text a pupil and year, year groups alone", "unsorted": "rows in random order",
}  # fmt: skip
JOBS = {
    "eswarn": "eswarn, all shipped features", "eswarn-of-peers": "eswarn, the features of the others", "pandas": "pandas",
    "polars": "Polars", "duckdb": "DuckDB", "arrow": "scan only: Arrow decodes", "duckdb-max": "scan only: DuckDB, least and greatest",
    "duckdb-compare": "scan only: DuckDB, one comparison a value",
}  # fmt: skip


def national(part: Part, table: Table) -> list[str]:
    """What was measured, target by target.

    Parameters
    ----------
    part : mapping
        The part ``national`` of docs/figures.json.
    table : callable
        Heads and rows to the lines of a Markdown table.
    """
    runs = [run for run in part["runs"] if not run["job"].endswith("-dates")]
    columns = int(_of(part, "eswarn")[0]["warm"]["steps"]["columns"])
    peers = int(_of(part, "eswarn-of-peers", form="alone")[0]["warm"]["steps"]["columns"])
    versions = " and ".join(f"{name} {version}" for name, version in part["peers"].items())
    return [
        f"Files to a feature table for one as-of date: {columns} features of eswarn, {peers} of them by pandas, Polars and DuckDB too, "
        f"from the made-up records of one school year ({part['n']:,} pupils at most). Where it is not said otherwise, eswarn reads "
        "incidents, suspensions, results and context as well; targets beside other engines are those of the marks alone. "
        f"{part['compared']:,} answers for {part['compared_at']:,} pupils were compared bit by bit before "
        "the clock ran: no engine differed. What the others were spared is in [benchmarks/peers.py](../benchmarks/peers.py), their code "
        "beside it.",
        "",
        "Every job is a process of its own, with its libraries loaded. The first time is that of a fresh process with compiled code on "
        "disk, the second follows in the same process. Speed is that of the second time, peak memory that of the first. DuckDB would "
        "answer a least or greatest value from the statistics of the file without reading it: both of its scans are worded so that it "
        f"must look. Used: {versions}.",
        "",
        *table(
            ["job", "pupils", "million marks a second", "seconds", "first time", "processor seconds of user", "peak memory, MB"],
            [_row(run) for run in runs],
        ),
        "",
        *_targets(part, table),
        "",
        *_dates(part, table),
        "",
    ]


def _row(run: Part) -> list[str]:
    warm, first = run["warm"], run["first"]
    form = "" if run["form"] == "long" else f", {FORMS[run['form']]}"
    return [
        f"{JOBS[run['job']]}{form}", f"{run['pupils']:,}", f"{_speed(run):,.1f}", f"{warm['seconds']:.2f}", f"{first['seconds']:.2f}",
        f"{warm['user_seconds']:.2f}", f"{first['peak_mb']:,.0f}",
    ]  # fmt: skip


def _targets(part: Part, table: Table) -> list[str]:
    """Each target, what was found and whether that reaches it; all of eswarn's features stand against the fewer of the others."""
    pandas, polars, duckdb = (_of(part, name)[0] for name in ("pandas", "polars", "duckdb"))
    most, at = duckdb["pupils"], pandas["pupils"]
    ours, small = (_of(part, "eswarn", form="alone", pupils=n)[0] for n in (most, at))
    largest = _of(part, "eswarn", pupils=part["n"])[0]
    texts, dealt = (_of(part, "eswarn", form=form, pupils=n)[0] for form, n in (("texts-alone", most), ("unsorted", part["n"])))
    highest, compared = (_speed(_of(part, name)[0]) for name in ("duckdb-max", "duckdb-compare"))
    user = pandas["warm"]["user_seconds"] / pandas["marks"] * small["marks"] / small["warm"]["user_seconds"]
    csv = sum(step["seconds"] for step in part["csv"]["steps"].values())
    rows = [
        (f"{most:,} pupils, sorted rows: million marks a second", _speed(ours), ">=", SORTED_SPEED),
        ("… times Polars", _speed(ours) / _speed(polars), ">=", TIMES_ENGINES),
        ("… times DuckDB", _speed(ours) / _speed(duckdb), ">=", TIMES_ENGINES),
        (f"{at:,} pupils: times pandas, warm", _speed(small) / _speed(pandas), ">=", TIMES_PANDAS),
        ("… in user processor time", user, ">=", TIMES_PANDAS_USER),
        (f"{most:,} pupils: times slower than DuckDB's scan (least and greatest)", highest / _speed(ours), "<=", TIMES_SCAN),
        ("… than its fastest scan (one comparison a value)", compared / _speed(ours), "<=", TIMES_SCAN),
        ("… peak memory, MB", ours["first"]["peak_mb"], "<=", MOST_MB),
        (f"{most:,} pupils, texts: million marks a second", _speed(texts), ">=", STRINGS_SPEED),
        ("… times DuckDB's scan of the sorted rows (least and greatest)", _speed(texts) / highest, ">=", 1),
        ("… times its fastest scan", _speed(texts) / compared, ">=", 1),
        (f"{part['n']:,} pupils, sorted rows: peak memory, MB", largest["first"]["peak_mb"], "<=", MOST_MB_AT_LARGEST),
        (f"{part['n']:,} pupils, random order: peak memory, MB", dealt["first"]["peak_mb"], "<=", MOST_MB_AT_LARGEST),
        (f"CSV of {part['csv']['marks'] / 1e6:.1f} million marks: check and features, two commands, seconds", csv, "<=", CSV_SECONDS),
    ]
    said = [
        [what, f"{found:,.1f}", f"{'at least' if sign == '>=' else 'at most'} {bar:,}", _said(found, sign, bar)]
        for what, found, sign, bar in rows
    ]
    return table(["target", "found", "target", ""], said)


def _said(found: float, sign: str, bar: float) -> str:
    return "reached" if (found >= bar if sign == ">=" else found <= bar) else "missed"


def _dates(part: Part, table: Table) -> list[str]:
    runs = [run for run in part["runs"] if run["job"].endswith("-dates")]
    one = runs[0]["warm"]["steps"]["features"]
    rows = [
        [run["job"].split("-")[1], f"{run['warm']['steps']['features']:.2f}", f"{run['warm']['steps']['features'] / one:.1f}",
         f"{run['warm']['seconds']:.2f}", f"{run['first']['peak_mb']:,.0f}"]
        for run in runs
    ]  # fmt: skip
    return [
        f"Several as-of dates at once, a week or more apart, {runs[0]['pupils']:,} pupils (no target in numbers):",
        "",
        *table(["as-of dates", "seconds for features", "times one date", "seconds with reading", "peak memory, MB"], rows),
    ]


def _of(part: Part, job: str, *, form: str = "long", pupils: int | None = None) -> list[Part]:
    return [run for run in part["runs"] if run["job"] == job and run["form"] == form and pupils in (None, run["pupils"])]


def _speed(run: Part) -> float:
    return float(run["marks"] / run["warm"]["seconds"] / 1e6)
