"""What the records say of each pupil, as known on the as-of date, for people to read: the register of the year and its events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from eswarn.cohort.calendar import academic_year_start
from eswarn.cohort.merged import pupil_marks
from eswarn.cohort.roll import Cohort
from eswarn.features.library import INCIDENTS, PRAISE, SUSPENSIONS
from eswarn.parallel import blocks, each
from eswarn.records.arrays import Bools, Ints
from eswarn.records.codes import Code
from eswarn.records.timeline import STAYS_AT_ONCE, as_date

if TYPE_CHECKING:
    import pandas as pd

Bytes = npt.NDArray[np.uint8]
CLOSED = " "  # not a session of the pupil: the school was closed, or the pupil was not on its roll
KINDS = ("attended", "late", "authorised", "unauthorised", "no reason yet", "not possible", "no mark", "closed")
_SPARE = "abcdefghijklmnopqrstuvwxyz0123456789"  # stand for codes of two characters


@dataclass(frozen=True, repr=False)
class PupilFacts:
    """What the records say of some pupils; nothing here reaches a model.

    Attributes
    ----------
    days : tuple of date
        Days of the school year to date on which anybody has a mark, ascending.
    codes : mapping of str to tuple of str
        Letter that stands in ``marks`` to (register code, one of `KINDS`).
    marks : array of uint8, shape (pupils, 2 D)
        One letter a session, AM and PM in turn; a blank where the school was closed or the pupil not on roll.
    form : tuple of str
        Registration group; "" where unknown.
    events : pandas.DataFrame
        pupil_id, date, kind ("incident", "praise", "suspension", "exclusion"), category, severity, sessions: this school year, to date.
    """

    days: tuple[dt.date, ...]
    codes: dict[str, tuple[str, str]]
    marks: Bytes
    form: tuple[str, ...]
    events: pd.DataFrame

    def rows(self, order: Ints, pupils: Iterable[str]) -> PupilFacts:
        """The same of some pupils, in another order; ``pupils`` are their identifiers."""
        kept = self.events["pupil_id"].isin(list(pupils))
        events = self.events[kept].reset_index(drop=True)
        return PupilFacts(self.days, self.codes, self.marks[order], tuple(self.form[i] for i in order), events)


def pupil_facts(cohort: Cohort, where: Bools) -> PupilFacts:
    """What was known of the pupils of a cohort before its as-of date.

    Parameters
    ----------
    cohort : Cohort
        Pupils on roll on one date.
    where : array of bool
        Which of them.
    """
    rows, known = np.flatnonzero(where), cohort.known
    start = academic_year_start(known.t)
    first = int(np.searchsorted(known.days, start))
    days = known.days[first:]
    table, sessions = known.codes.rows, np.repeat(days, 2)
    letters = _letters(table)
    category = np.array([*(code.category for code in table), *["none"] * (256 - len(table))])
    gap, shut = category == "none", category == "administrative"
    marks = np.full((len(rows), 2 * len(days)), ord(CLOSED), np.uint8)

    def of_block(part: slice) -> None:
        some = rows[part]
        ids = pupil_marks(known, cohort.pupil[some])[:, 2 * first :]
        opened = cohort.calendar.open[cohort.school[some], 2 * first :] & (sessions[None, :] >= cohort.entered[some][:, None])
        marks[part] = np.where(shut[ids] | (gap[ids] & ~opened), ord(CLOSED), letters[ids])

    each(of_block, blocks(len(rows), STAYS_AT_ONCE))
    used = np.bincount(marks.ravel(), minlength=256) > 0
    codes = {chr(letter): (code.code, _kind(code)) for code, letter in zip(table, letters, strict=False) if used[letter]}
    forms = cohort.context_texts("form")
    form = tuple(forms[i] or "" for i in rows)
    return PupilFacts(tuple(as_date(int(day)) for day in days), codes, marks, form, _events(cohort, where, start))


def _letters(table: Sequence[Code]) -> Bytes:
    """A letter for each meaning: the code itself where it has one character, else one that no code is. What is alike shares one."""
    taken: dict[tuple[str, str], str] = {}
    spare = iter(letter for letter in _SPARE if letter not in {code.code for code in table})
    for code in table:
        same = (code.code, _kind(code))
        if same not in taken:
            own = len(code.code) == 1 and code.code not in taken.values()
            taken[same] = code.code if own else next(spare)
    found = [ord(taken[code.code, _kind(code)]) for code in table]
    return np.array([*found, *[ord("-")] * (256 - len(found))], np.uint8)


def _kind(code: Code) -> str:
    """Which of `KINDS` a code is shown as."""
    if code.category in ("attended", "approved"):
        return "late" if code.late else "attended"
    if code.also == "no_reason_yet":
        return "no reason yet"
    shown = {"authorised": "authorised", "unauthorised": "unauthorised", "none": "no mark", "administrative": "closed"}
    return shown.get(code.category, "not possible")


def _dates(days: Ints) -> npt.NDArray[np.object_]:
    """Days as dates; one object for each day, however many events it has."""
    some, place = np.unique(days, return_inverse=True)
    return np.array([as_date(int(day)) for day in some], object)[place]


def _events(cohort: Cohort, where: Bools, start: int) -> pd.DataFrame:
    """Dated events of the school year, by pupil and day; of behaviour only what the pupil is said to have done."""
    import pandas as pd

    known, wanted = cohort.known, np.zeros(len(cohort.known.pupils), bool)
    wanted[cohort.pupil[where]] = True
    parts = []
    for kind, events in (("incident", INCIDENTS), ("praise", PRAISE), ("suspension", SUSPENSIONS)):
        table = known.tables[events.table]
        rows = table.take(events.rows(table) & (table.date >= start) & wanted[table.pupil])
        nothing = np.full(len(rows), np.nan)
        category = rows.columns.get("category", nothing)
        texts = np.array([*rows.texts.get("category", ()), ""], object)
        kinds = np.where(rows.equals("kind", "permanent_exclusion"), "exclusion", kind)
        parts.append(pd.DataFrame({
            "pupil_id": pd.Series(np.array(known.pupils, object)[rows.pupil], dtype="str"),
            "date": pd.Series(_dates(rows.date), dtype="object"),
            "kind": pd.Series(kinds, dtype="str"),
            "category": pd.Series(texts[np.nan_to_num(category, nan=-1).astype(int)], dtype="str"),
            "severity": rows.columns.get("severity", nothing), "sessions": rows.columns.get("sessions", nothing),
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True).sort_values(["pupil_id", "date", "kind", "category"], kind="stable", ignore_index=True)
