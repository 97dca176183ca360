"""Counts what becomes of hostile texts in every file that eswarn writes for people: run, changed on the way, or as they were.

    python -m benchmarks.exporters [--json FILE]

Each text stands at once as name, identifier, school, form, event category, reason, note and group. Every file is written twice, with the
hostile texts and with plain ones; read again, the two must hold the same but for the texts themselves, and nothing that runs. The texts
are those of tests/unit/report/hostile.py; tests/unit/report/test_exporters.py counts the same, and breaks exporters to see it told.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd

from benchmarks.exporters_page import exporters_section
from benchmarks.exporters_read import NUMBER, Page, live_in_csv, read_book, read_csv
from eswarn import words
from eswarn.evidence import record
from eswarn.model.reasons import Reason
from eswarn.model.scores import Score, Scores
from eswarn.report import page, spreadsheet, write
from eswarn.report.contents import Contents
from eswarn.report.locales import LOCALES
from eswarn.report.tables import tables
from eswarn.reporting import write_report
from tests.unit.report.hostile import HOSTILE
from tests.unit.report.made_up_scores import AS_OF, made_up, pupil, shown, since, unscored

NUMBERS = (-5.0, -0.1, -1e-09, -12345.678, 0.0, 7.0, 1e300)
_PLAIN = re.compile(r"(id|text|name) (\d{4})")


@dataclass
class Tried:
    """What became of the texts in files of one kind: places looked at, those that run, those that hold something else, those cut."""

    exporter: str
    tried: int = 0
    live: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    cut: int = 0

    def compare(self, found: Iterable[object], plain: Iterable[object], of: Case, fit: Callable[[str], str] = str) -> None:
        """Note what a plain file holds, with the hostile texts put in, and this one does not; some lists are in the order of texts."""
        wanted: Counter[object] = Counter()
        for plainly in plain:
            put = of.put_into(plainly) if isinstance(plainly, str) else plainly
            fits = fit(put) if isinstance(put, str) else put
            self.tried += put != plainly
            self.cut += fits != put
            wanted[_tied(fits)] += 1
        there = Counter(map(_tied, found))
        self.lost += [f"not there: {text!r:.80}" for text in (wanted - there).elements()]
        self.lost += [f"too much: {text!r:.80}" for text in (there - wanted).elements()]


def _tied(text: object) -> object:
    """A percent sign stays with its number in every sentence that a page says."""
    return re.sub(r"(?<=\d) (?=%)", "\u00a0", text) if isinstance(text, str) else text


@dataclass(frozen=True)
class Case:
    """Scores with a text wherever one can stand: ``ids`` of pupils and schools, ``told`` in sentences and cells, ``called`` as names."""

    ids: tuple[str, ...]
    told: tuple[str, ...]
    called: tuple[str, ...]
    scores: Scores

    @property
    def names(self) -> dict[str, str]:
        """Names of all pupils."""
        pairs = list(zip(self.ids, self.called, strict=True))
        return dict(pairs) | {f"{text}~": name for text, name in pairs}

    def put_into(self, plain: str) -> str:
        """What a plain text is in this case."""
        texts = {"id": self.ids, "text": self.told, "name": self.called}
        return _PLAIN.sub(lambda found: words.sound(texts[found[1]][int(found[2])]), plain)


def case(ids: Sequence[str], told: Sequence[str], called: Sequence[str]) -> Case:
    """One pupil and one school for each text, one pupil without a score there, and an earlier run with another list."""
    both = list(zip(ids, told, strict=True))
    rows = [pupil(at, pupil_id=one, school_id=one, reason_1=text, reason_2=text, protective=text, data_note=text)
            for at, (one, text) in enumerate(both)]  # fmt: skip
    absent = [unscored(at, pupil_id=f"{one}~", school_id=one, reason=text, what_would_mend_it=text) for at, (one, text) in enumerate(both)]
    before = made_up([{**row, "tier": "universal"} for row in rows])
    groups = [(text, text, "12", "[c]", "30") for text in told]
    beside = shown(rows, form=told, category=told, changes=since(made_up(rows), before, why=told), groups=groups)
    return Case(tuple(ids), tuple(told), tuple(called), made_up(rows, absent, shown=beside))


def cases(texts: Sequence[str]) -> tuple[Case, Case]:
    """Hostile and plain. What a record refuses (records/values.py) stands in no identifier, and what is not UTF-8 in names alone."""
    sound = {text: words.sound(text) for text in texts}
    told = {text: f"text for {at}" if sound[text] != text else text for at, text in enumerate(texts)}
    ids = {text: text if text.isprintable() else f"stands for {at}" for at, text in enumerate(texts)}
    order = sorted(texts, key=ids.__getitem__)  # as the page sorts its schools
    plain = [[f"{kind} {at:04d}" for at in range(len(order))] for kind in ("id", "text", "name")]
    return case([ids[text] for text in order], [told[text] for text in order], order), case(*plain)


def of_pages(hostile: Case, plain: Case) -> list[Tried]:
    """The page, the page of sheets, and the card in a notebook."""
    drawn: dict[str, Callable[[Case], str]] = {
        "report.html": lambda one: page.render(one.scores, names=one.names),
        "sheets.html": lambda one: page.render_sheets(one.scores, one.ids, names=one.names),
        "notebook card": lambda one: "\n".join(map(_card, one.ids, one.told)),
    }
    found = []
    for name, draw in drawn.items():
        told, pages = Tried(name), [Page(words.sound(draw(one))) for one in (hostile, plain)]
        told.live += [f"{len(pages[0].shape)} parts of another shape"] if pages[0].shape != pages[1].shape else []
        told.live += pages[0].live
        told.compare(pages[0].told, pages[1].told, hostile)
        found.append(told)
    return found


def _card(pupil_id: str, text: str) -> str:
    reason = Reason("attendance", "column", 1.0, None, 0.5, text)
    return Score(pupil_id, pupil_id, AS_OF, 1, 0.31, "priority", 0.0, 0.0, (reason,), (reason,), text)._repr_html_()


def of_tables(hostile: Case, plain: Case) -> list[Tried]:
    """The workbook and each CSV file of a report, and the list alone."""
    told = Tried("report.xlsx")
    made = [_tables(one) for one in (hostile, plain)]
    books = [read_book(spreadsheet.workbook(contents, some)) for contents, some in made]
    told.live += books[0][1]
    notes = books[0][0]["Notes"]
    last = notes.pop() if len(notes) > len(books[1][0]["Notes"]) else [""]
    for title, rows in books[1][0].items():
        told.compare(_cells(books[0][0][title]), _cells(rows), hostile, spreadsheet.fitting)
    told.lost += [] if str(last[0]).startswith(f"{told.cut:,}" if told.cut else "") else [f"the notes do not tell of {told.cut} cells cut"]
    found = [told]
    for name in made[1][1]:
        found.append(_of_csv(f"{name}.csv", [write.as_csv(some[name]) for _, some in made], hostile))
    return found


def _cells(rows: list[list[str | float]]) -> list[str | float]:
    return [cell for row in rows for cell in row]


def _tables(one: Case) -> tuple[Contents, dict[str, pd.DataFrame]]:
    contents = Contents(one.scores, one.names, LOCALES["en-GB"])
    return contents, tables(contents)


def _of_csv(name: str, contents: Sequence[bytes], of: Case) -> Tried:
    """What became of the texts in a CSV file, given the hostile one and the plain one."""
    told = Tried(name, live=live_in_csv(contents[0]))
    hostile, plain = ([words.from_cell(cell) for row in read_csv(content) for cell in row] for content in contents)
    told.compare(hostile, plain, of)
    return told


def of_runs(hostile: Case, plain: Case, folder: Path) -> list[Tried]:
    """The CSV files of a run itself, with such texts as its reader lets in, and the list of schools beside their pages."""
    texts = [text for text in hostile.ids if text in hostile.told]  # those that records/values.py lets in
    some, ordinary = case(texts, texts, texts), case(*([f"{kind} {at:04d}" for at in range(len(texts))] for kind in ("id", "text", "name")))
    found = [
        _of_csv(f"{name}.csv of the run", [record.csv_bytes(getattr(one.scores, table)) for one in (some, ordinary)], some)
        for name, table in (("scores", "frame"), ("not_scored", "not_scored"))
    ]
    written = []
    for place, one in (("hostile", hostile), ("plain", plain)):
        with mock.patch("eswarn.reporting.write_reports"):  # a page for each of hundreds of schools, which are looked at elsewhere
            write_report(one.scores, folder / place, each_school=True)
        written.append((folder / place / "schools.csv").read_bytes())
    return [*found, _of_csv("schools.csv", written, hostile)]


def of_numbers() -> Tried:
    """Numbers beside texts that look like them, in every kind of table: a number comes back as a number, whatever its sign."""
    told, texts = Tried("numbers"), [str(number) for number in NUMBERS]
    frame = pd.DataFrame({"text": pd.Series(texts, dtype="str"), "number": NUMBERS})
    for content in (write.as_csv(frame), record.csv_bytes(frame)):
        told.compare((_number(row[1]) for row in read_csv(content)[1:]), NUMBERS, case([], [], []))
        told.lost += [line for line in content.decode().splitlines()[1:] if re.search(r"""['"][^,]*$""", line)]
        told.tried += len(NUMBERS)
    contents = Contents(made_up([pupil(1)]), {}, LOCALES["en-GB"])
    rows = read_book(spreadsheet.workbook(contents, {"list": frame}))[0]["List"][2:]
    told.compare(
        (cell for row in rows for cell in row), (cell for pair in zip(texts, NUMBERS, strict=True) for cell in pair), case([], [], [])
    )
    told.tried += len(NUMBERS)
    return told


def _number(cell: str) -> float | str:
    return float(cell) if NUMBER.match(cell) else cell


def measure_exporters(texts: Sequence[str] = HOSTILE) -> dict[str, Any]:
    """Every text in every exporter."""
    began = time.perf_counter()
    hostile, plain = cases(texts)
    with tempfile.TemporaryDirectory(prefix="eswarn-exporters-") as folder:
        found = [*of_pages(hostile, plain), *of_tables(hostile, plain), *of_runs(hostile, plain, Path(folder)), of_numbers()]
    rows = [
        {"exporter": one.exporter, "tried": one.tried, "live": len(one.live), "not_round_tripping": len(one.lost), "cut": one.cut,
         "first": [*one.live, *one.lost][:5]}
        for one in found
    ]  # fmt: skip
    total = {name: sum(int(str(row[name])) for row in rows) for name in ("tried", "live", "not_round_tripping", "cut")}
    return {"command": "python -m benchmarks.exporters", "n": len(texts), "exporters": len(rows), "rows": rows, **total,
            "seconds": round(time.perf_counter() - began, 1)}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    given = parser.parse_args()
    part = measure_exporters()
    print("\n".join(exporters_section(part)))
    if given.json:
        given.json.write_text(json.dumps(part, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
