"""Scores made by hand, and a reader of pages: what the tests of the report start from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd

from eswarn.features.pupil_facts import PupilFacts
from eswarn.model.changes import changes as compare
from eswarn.model.reasons import Teller
from eswarn.model.scores import Scores
from eswarn.model.shown import Changes, Shown

AS_OF = dt.date(2026, 2, 14)
ABOUT = {
    "as_of": "2026-02-14", "model_id": "1a2b3c4d5e6f7a8b9c0d", "method": "interventional", "trained_on": "12 made-up schools, 2022 to 2024",
    "horizon_days": 365, "places": 0.05, "watch": 0.1, "version": "0.1.0",
}  # fmt: skip
VOID = {"meta", "col", "input"}


def pupil(number: int, **changes: Any) -> dict[str, Any]:
    """One row of ``Scores.frame``."""
    row = {
        "pupil_id": f"P{number:06d}", "school_id": "100001", "as_of": AS_OF, "year_group": 9.0, "rank": number, "risk": 0.31,
        "tier": "priority",
        "reason_1": "missed 32 % of sessions in the last 20 school days; typical for Year 9: 6 %",
        "reason_2": "had 4 incidents in the last 60 school days; typical for Year 9: 1", "reason_3": "",
        "protective": "was late 0 times in the last 20 school days; typical for Year 9: 2", "data_note": "",
    }  # fmt: skip
    return {**row, **changes}


def unscored(number: int, **changes: Any) -> dict[str, Any]:
    """One row of ``Scores.not_scored``."""
    row = {
        "pupil_id": f"N{number:06d}", "school_id": "100001", "reason": "fewer than 10 possible sessions",
        "what_would_mend_it": "score again when 10 sessions are recorded",
    }  # fmt: skip
    return {**row, **changes}


DAYS = tuple(day.date() for day in pd.bdate_range("2026-01-05", "2026-02-13"))
CODES = {"/": ("/", "attended"), "L": ("L", "late"), "I": ("I", "authorised"), "O": ("O", "unauthorised"),
         "N": ("N", "no reason yet"), "-": ("-", "no mark")}  # fmt: skip
MARKS = ("/" * 40 + "ILON-/" + "O" * 14).encode()  # of everybody: 30 days
GROUPS = (("sex", "female", "40", "12", "30"), ("sex", "male", "41", "[c]", "[c]"))


def facts(pupils: Sequence[str], *, form: Sequence[str] = (), category: Sequence[str] = ()) -> PupilFacts:
    """The same register of everybody, a form each, and an incident and a suspension each where there are categories."""
    told = [
        {"pupil_id": pupil, "date": DAYS[3], "kind": kind, "category": text, "severity": np.nan, "sessions": sessions}
        for pupil, text in zip(pupils, category, strict=False)
        for kind, sessions in (("incident", np.nan), ("suspension", 3.0))
    ]
    events = pd.DataFrame(told, columns=["pupil_id", "date", "kind", "category", "severity", "sessions"])
    marks = np.tile(np.frombuffer(MARKS, np.uint8), (len(pupils), 1))
    return PupilFacts(DAYS, CODES, marks, tuple(form) or ("9A",) * len(pupils), events)


def shown(
    rows: Sequence[Mapping[str, Any]], *, form: Sequence[str] = (), category: Sequence[str] = (), changes: Changes | None = None,
    groups: Iterable[Sequence[str]] | None = GROUPS,
) -> Shown:  # fmt: skip
    """What a page shows beside scores of these rows: their register, ranges, groups, and changes where they are given."""
    risk = np.array([row["risk"] for row in rows], float)
    names = ["division", "group", "pupils", "listed", "share"]
    told = None if groups is None else pd.DataFrame([list(row) for row in groups], columns=names, dtype="str")
    return Shown(
        facts([row["pupil_id"] for row in rows], form=form, category=category), risk * 0.8, np.minimum(risk * 1.2, 1), told, changes
    )


def since(now: Scores, before: Scores, *, why: Sequence[str] = ()) -> Changes:
    """What has changed from one to the other; ``why`` is what is said of each row in turn."""
    found = compare(now, before, None, output_id="00" * 32)
    if why:
        found.frame["why_1"] = pd.Series(list(why), dtype="str").reindex(found.frame.index, fill_value="")
        found.frame["was_1"] = "2"
    return found


def made_up(
    rows: Iterable[Mapping[str, Any]], not_scored: Iterable[Mapping[str, Any]] = (), *, about: Mapping[str, Any] | None = None,
    shown: Shown | None = None,
) -> Scores:  # fmt: skip
    """Scores from rows; features and contributions say nothing, and the teller knows no feature."""
    frame = pd.DataFrame(list(rows), columns=list(pupil(0)))
    absent = pd.DataFrame(list(not_scored), columns=list(unscored(0)))
    nothing = frame[["pupil_id"]].assign(a_column_of_nobody=0.0)  # so no teller knows it, as in a run with features of one's own
    return Scores(
        as_of=AS_OF, frame=frame, features=nothing, contributions=nothing.assign(base_value=0.0, raw_score=0.0), not_scored=absent,
        about=ABOUT if about is None else about,
        teller=Teller((), {}), shown=shown,
    )  # fmt: skip


@dataclass
class Element:
    """One element of a page, with the text of itself and everything in it."""

    tag: str
    attributes: dict[str, str | None]
    parents: tuple[str, ...]
    text: str = ""

    @property
    def classes(self) -> list[str]:
        return (self.attributes.get("class") or "").split()


@dataclass
class PageReader(HTMLParser):
    """Every element of a page in order, as Python's own HTML parser sees them; misnested tags are an error."""

    page: str
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[Element] = []
        self.feed(self.page)
        self.close()
        assert not self._open, f"never closed: {[element.tag for element in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), tuple(e.tag for e in self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, of_class: str = "") -> list[Element]:
        return [e for e in self.elements if e.tag == tag and (not of_class or of_class in e.classes)]

    def texts(self, tag: str, of_class: str = "") -> list[str]:
        return [" ".join(e.text.split()) for e in self.all(tag, of_class)]

    def rows(self, of_class: str) -> list[list[str]]:
        """The cells of every body row of the tables of a class, as text."""
        rows: list[list[str]] = []
        shown = False
        for e in self.elements:
            if e.tag == "table":
                shown = of_class in e.classes
            elif shown and e.tag == "tr" and e.parents[-1] == "tbody":
                rows.append([])
            elif shown and e.tag in ("td", "th") and "tbody" in e.parents:
                rows[-1].append(e.text)
        return rows
