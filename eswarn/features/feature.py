"""Feature: a measure, a window and its words in one declaration that computes, speaks and is audited."""

from __future__ import annotations

import hashlib
import math
import re
import string
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pyarrow.types as pt
from pydantic import TypeAdapter, ValidationError

from eswarn import words
from eswarn.errors import UsageError, nearest
from eswarn.features import measures
from eswarn.features.events import EVENT_TABLES
from eswarn.features.measures import Measure, Wanted
from eswarn.features.view import View
from eswarn.features.windows import Window, ever
from eswarn.records.arrays import Floats
from eswarn.records.tables import TABLE_MODELS, arrow_schema, column

Direction = Literal["riskier", "safer", "either"]
SIGN = {"riskier": 1, "safer": -1, "either": 0}


@dataclass(frozen=True)
class Feature:
    """One measure over the records that a school could have known before the as-of date.

    Parameters
    ----------
    name : str
        Lower-case words joined by underscores; with the window it makes the column name.
    theme : str
        Reasons are grouped by it: signed values are summed within a theme before they are ranked.
    measure : Measure
        What is asked of the records.
    says : str
        The sentence, in words fit for the pupil to read, with ``{value}`` and, where it helps, ``{window}``.
    silent : str
        What is said where the records have no answer. Required: no answer is never a silent zero.
    more_is : {"riskier", "safer", "either"}
        The direction in which the model may use it: its score never falls, never rises, or is free as the value grows.
    window : Window
        The range of days; everything known where not given.
    actionable : bool
        Whether a school can do something about it.
    protected : bool
        Kept for judging fairness; a model gets it only if a configuration names it and says why.

    Raises
    ------
    UsageError
        The declaration contradicts itself; the message says how to mend it.
    """

    name: str
    theme: str
    measure: Measure
    says: str
    silent: str
    more_is: Direction
    window: Window = field(default_factory=ever)
    actionable: bool = False
    protected: bool = False
    windowed: bool = False

    def __post_init__(self) -> None:
        where = f'feature "{self.name}"'
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise UsageError("a name is lower-case words joined by underscores", where=where)
        if not self.silent.strip():
            raise UsageError("nothing is said where the records have no answer", where=where, do='Give silent="has no … recorded".')
        if self.more_is not in SIGN:
            raise UsageError('more_is is "riskier", "safer" or "either"', where=where)
        if self.protected and self.actionable:
            raise UsageError("protected and actionable at once", where=where, do="Nobody can act on who a pupil is: drop one of the two.")
        _check_words(self.says, ("value", "window"), where)
        _check_words(self.silent, ("window",), where)
        for table in self.measure.tables:
            if table not in ("attendance", "context", *EVENT_TABLES):
                raise UsageError(f'the table "{table}" is not for features', where=where, do=f"Events are in {', '.join(EVENT_TABLES)}.")
        for table, name, wanted in self.measure.columns:
            _check_column(table, name, wanted, where)
            if column(table, name).role == "protected" and not self.protected:
                raise UsageError(f'"{name}" is a protected column', where=where, do="Declare protected=True.")

    def over(self, *windows: Window) -> tuple[Feature, ...]:
        """The same feature over several windows, one column each."""
        return tuple(replace(self, window=window, windowed=True) for window in windows)

    @property
    def column(self) -> str:
        """Name of its column."""
        return f"{self.name}_{self.window.suffix}" if self.windowed else self.name

    @property
    def sign(self) -> int:
        """Monotone constraint of the model: 1, -1 or 0."""
        return SIGN[self.more_is]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the declaration as far as it decides numbers, which changes when that does.

        In it are the column name, the measure with its settings, the window, the direction, whether it is protected, and the
        version of the vocabulary of measures. The table of register codes is not in it.
        """
        text = f"{measures.VERSION}|{self.column}|{self.measure!r}|{self.window!r}|{self.more_is}|{self.protected}"
        return hashlib.sha256(text.encode()).hexdigest()

    def compute(self, view: View) -> Floats:
        """One number a pupil of the cohort, NaN where the records have no answer.

        Nobody is answered about a set of marks that the register codes of the place cannot tell: no such mark is not "never".
        """
        codes = view.cohort.known.codes
        if not all(codes.members(wanted.name).any() for wanted in self.measure.sets):
            return np.full(len(view), np.nan)
        return self.measure.compute(view, self.window)

    def value_text(self, value: float) -> str:
        """A value as people say it, in the measure's own unit."""
        unit = self.measure.unit
        if unit in ("share", "percentile"):
            return words.share(value)
        if unit == "change":
            return "no change" if round(100 * value) == 0 else f"{words.points(value)} {'more' if value > 0 else 'less'}"
        if unit == "change a week":
            return "level" if round(1000 * value) == 0 else f"{words.points(value, 1)} {'more' if value > 0 else 'less'} each week"
        if unit == "difference":
            return "no change" if value == 0 else f"{words.number(abs(value))} {'more' if value > 0 else 'fewer'}"
        if unit in ("days", "sessions", "times", "weeks"):
            return words.count(value, {"days": "school day", "sessions": "session", "times": "time", "weeks": "week"}[unit])
        if unit == "calendar days":
            return "a year or more" if value >= 365 else words.count(math.floor(value / 7), "week")
        if unit == "yes":
            return "yes" if value else "no"
        return words.number(value)

    def sentence(self, value: float) -> str:
        """What the records say about a pupil, or that they say nothing."""
        said = self.silent if math.isnan(value) else self.says
        return said.format(value="" if math.isnan(value) else self.value_text(value), window=self.window.words)


def _check_words(text: str, allowed: tuple[str, ...], where: str) -> None:
    """Refuse a sentence with a placeholder that nothing fills, or that cannot be filled with words."""
    try:
        unknown = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None} - set(allowed)
        if not unknown:
            text.format(**dict.fromkeys(allowed, ""))
    except ValueError:
        raise UsageError("a placeholder that cannot be filled with words", where=where, do="Write {value} and {window}, no more.") from None
    for name in sorted(unknown):
        do = " and ".join(f"{{{placeholder}}}" for placeholder in allowed)
        raise UsageError(f'unknown placeholder "{{{name}}}"', where=where, do=f"Use {do}.")


def _check_column(table: str, name: str, wanted: Wanted, where: str) -> None:
    """Refuse a column that is not there, or that no feature may see, and words that it never holds."""
    known = {n for n in TABLE_MODELS[table].model_fields if column(table, n).role in ("fact", "protected")}
    if name not in known:
        raise UsageError(f'the table "{table}" has no column "{name}" for features', where=where, do=nearest(name, known))
    is_text = pt.is_dictionary(arrow_schema(table).field(name).type)
    if wanted != "any" and is_text != bool(wanted):
        do = "Give the values that count." if is_text else "Give no values: it is not text."
        raise UsageError(f'the column "{name}" of {table} holds {"text" if is_text else "numbers or yes and no"}', where=where, do=do)
    kept: Any = TABLE_MODELS[table].model_fields[name].annotation
    for value in wanted if wanted != "any" else ():
        try:
            as_held = TypeAdapter(kept).validate_python(value)
        except ValidationError:
            as_held = None
        if as_held != value:
            raise UsageError(f'the column "{name}" of {table} never holds "{value}"', where=where)
