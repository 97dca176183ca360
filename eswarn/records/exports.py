"""What behaviour and suspension exports say in their own way: days for sessions, older words, records marked as deleted."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from eswarn.records.ledger import shown
from eswarn.records.readers.aside import ASIDE
from eswarn.records.readers.raw import Cells, Raw
from eswarn.records.rules import Rule

# The statutory words until 2022, and the category codes of the school census.
_KINDS = {
    "fixed_term": "suspension", "fixed_term_exclusion": "suspension", "fixed_period": "suspension", "susp": "suspension",
    "fixed_period_exclusion": "suspension", "fixd": "suspension", "suspended": "suspension",
    "fte": "suspension", "fpe": "suspension", "fixed_term_suspension": "suspension", "suspensions": "suspension",
    "temporary_exclusion": "suspension", "pex": "permanent_exclusion", "perm_ex": "permanent_exclusion",
    "permanent": "permanent_exclusion", "perm": "permanent_exclusion", "permanently_excluded": "permanent_exclusion",
}  # fmt: skip
_INTERNAL = {"internal", "internal_exclusion", "internal_suspension", "isolation", "seclusion"}
_MOST_DAYS = 45  # in a school year, by law
_NO_NUMBER = ("not a number of days", "days that are neither whole nor half")
_GONE = {"deleted", "cancelled", "canceled", "void", "voided", "removed", "withdrawn", "rescinded", "overturned", "quashed"}
_NUMBER = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,6})?")
_YES = {"yes", "y", "true", "t", "1", "x"}


def plain(raw: Raw) -> tuple[Raw, list[tuple[Rule, npt.NDArray[np.bool_]]]]:
    """The file in the columns of its table, and the rows that its own columns turn away.

    Days become sessions, two a day. A record that the school's system marks as deleted is no record.
    """
    if raw.table not in ASIDE:
        return raw, []
    columns = dict(raw.columns)
    found: list[tuple[Rule, npt.NDArray[np.bool_]]] = []
    aside = {name: columns.pop(name) for name in ASIDE[raw.table] if name in columns}
    if "days" in aside and "sessions" not in columns:
        columns["sessions"] = replace(aside["days"], texts=tuple(map(_sessions, aside["days"].texts)))
    if raw.table == "suspensions" and "kind" in columns:
        kind = columns["kind"] = replace(columns["kind"], texts=tuple(_KINDS.get(_word(t), t) for t in columns["kind"].texts))
        internal = Rule("internal_exclusion", "kind", "an internal exclusion, which is no suspension", harmless=True)
        found = [(internal, _among(kind, _INTERNAL))]
        if "days" in aside and "sessions" not in raw.columns:
            found += _odd_days(aside["days"], _among(kind, {"suspension"}))
    gone = [_gone(aside[name], words) for name, words in (("status", _GONE), ("deleted", _GONE | _YES)) if name in aside]
    return replace(raw, columns=columns), [each for each in (*gone, *found) if each[1].any()]


def _gone(cells: Cells, words: set[str]) -> tuple[Rule, npt.NDArray[np.bool_]]:
    rule = Rule("deleted_record", "", f'column "{shown(cells.header)}" says that the record was deleted or cancelled', harmless=True)
    return rule, _among(cells, words)


def _among(cells: Cells, words: set[str]) -> npt.NDArray[np.bool_]:
    """The rows that hold one of these words."""
    found: npt.NDArray[np.bool_] = np.array([_word(text) in words for text in cells.texts], np.bool_)[cells.index]
    return found


def _odd_days(days: Cells, suspended: npt.NDArray[np.bool_]) -> list[tuple[Rule, npt.NDArray[np.bool_]]]:
    """Suspensions whose days lost are no number of days, told in days, as the file has no sessions."""
    told = [_wrong_days(text) for text in days.texts]
    found = []
    for what in sorted({*told} - {""}):
        rows = np.array([each == what for each in told], np.bool_)[days.index] & suspended
        found.append((Rule("not_a_number" if what in _NO_NUMBER else "out_of_range", "sessions", what), rows))
    return found


def _wrong_days(text: str) -> str:
    if not text:
        return ""
    if not _NUMBER.fullmatch(text):
        return _NO_NUMBER[0]
    days = float(text)
    if not (2 * days).is_integer():
        return _NO_NUMBER[1]
    return "less than half a day" if days <= 0 else f"above {_MOST_DAYS} days" if days > _MOST_DAYS else ""


def _sessions(days: str) -> str:
    """Sessions for a number of days, half a day being one; anything else as it stands, to be judged."""
    if not _NUMBER.fullmatch(days):
        return days
    sessions = 2 * float(days)
    return str(int(sessions)) if sessions.is_integer() else repr(sessions)


def _word(text: str) -> str:
    return re.sub(r"[\s-]+", "_", text.strip().lower())
