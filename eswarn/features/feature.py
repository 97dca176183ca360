"""Feature: a measure, a window and its words in one declaration that computes, speaks and is audited."""

from __future__ import annotations

import hashlib
import math
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow.types as pt
from pydantic import TypeAdapter, ValidationError

from eswarn import words
from eswarn.errors import UsageError, nearest
from eswarn.features import measures
from eswarn.features.events import EVENT_TABLES, Events
from eswarn.features.measures import Measure, Wanted
from eswarn.features.register import SessionSet
from eswarn.features.view import View
from eswarn.features.windows import When, Window, ever
from eswarn.records.arrays import Floats
from eswarn.records.codes import code_table
from eswarn.records.tables import TABLE_MODELS, arrow_schema, column

Direction = Literal["riskier", "safer", "either"]
SIGN = {"riskier": 1, "safer": -1, "either": 0}
_ASKED = {"unit", "columns", "tables", "sets", "compute"}  # of a measure
_PARTS: dict[str, tuple[type, str]] = {
    "SessionSet": (SessionSet, 'a set of sessions, such as ABSENT or coded("M", "at an appointment")'),
    "Window": (Window, "a window, such as last(20)"),
    "When": (When, "some sessions of the week, such as weekdays(0, 4)"),
    "Events": (Events, 'events, such as Events("behaviour", "incident")'),
}  # what the parts of a measure are, by their type


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
    reads_as : {"riskier", "safer", "either"}, optional
        How a person reads a larger value, where the model is left free: a reason is listed only where it points that way. It
        decides no number and is in no fingerprint. As ``more_is`` where not given.
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
    reads_as: Direction | None = None

    def __post_init__(self) -> None:
        where = f'feature "{self.name}"'
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise UsageError("a name is lower-case words joined by underscores", where=where)
        if not self.silent.strip():
            raise UsageError("nothing is said where the records have no answer", where=where, do='Give silent="has no … recorded".')
        if self.more_is not in SIGN:
            raise UsageError('more_is is "riskier", "safer" or "either"', where=where)
        if self.reads_as is not None and (self.reads_as not in tuple(SIGN) or self.more_is not in ("either", self.reads_as)):
            raise UsageError("reads_as goes with a feature that may be used either way", where=where, do="Leave it out.")
        if self.protected and self.actionable:
            raise UsageError("protected and actionable at once", where=where, do="Nobody can act on who a pupil is: drop one of the two.")
        _check_window(self.window, where)
        _check_words(self.says, ("value", "window"), where)
        if "{value}" not in self.says:
            raise UsageError("the sentence leaves out the value", where=where, do='Say it:  says="missed {value} of sessions {window}".')
        _check_words(self.silent, ("window",), where)
        _check_measure(self.measure, where)
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
    def read_sign(self) -> int:
        """How a person reads a larger value: 1 as a worse sign, -1 as a better one, 0 as neither."""
        return SIGN[self.reads_as or self.more_is]

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


def as_features(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """What was given as features, as a tuple.

    Raises
    ------
    UsageError
        One alone, or something that is no declaration.
    """
    if isinstance(features, Feature) or not isinstance(features, Sequence):
        raise UsageError("features is a sequence of declarations", do="Give all of them:  features=(*ew.FEATURES, mine).")
    if not all(isinstance(feature, Feature) for feature in features):
        raise UsageError("features holds something that is no Feature", do="Give declarations, not names:  features=(*ew.FEATURES, mine).")
    return tuple(features)


def _check_window(window: object, where: str) -> None:
    """Refuse a number in the place of a window."""
    if not isinstance(window, Window):
        n = window if isinstance(window, int) and window > 0 else 20
        raise UsageError("the window is not one", where=where, do=f"Give last({n}) for the last {n} school days, or another window.")


def _check_measure(measure: Any, where: str) -> None:
    """Refuse what asks nothing of the records, and a part of a measure that is not what it asks for."""
    if isinstance(measure, SessionSet):
        raise UsageError("a set of sessions is no measure", where=where, do="Say what is asked of it, such as share(ABSENT).")
    for part in fields(measure) if is_dataclass(measure) and not isinstance(measure, type) else ():
        kind, given = getattr(part.type, "__name__", part.type), getattr(measure, part.name, None)
        if kind == "Measure":
            _check_measure(given, where)
        elif kind in _PARTS and not isinstance(given, _PARTS[kind][0]):
            raise UsageError(f'"{part.name}" of the measure is not what it needs', where=where, do=f"Give {_PARTS[kind][1]}.")
    if isinstance(measure, type) or _ASKED - set(dir(measure)):
        raise UsageError("the measure is not one", where=where, do="Give one of the vocabulary, such as share(ABSENT).")
    for wanted in measure.sets:
        try:
            code_table().members(wanted.name)
        except UsageError as error:
            raise UsageError(error.what, where=where, do=error.do) from None


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
