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
    "permanent": "permanent_exclusion", "perm": "permanent_exclusion", "permanently_excluded": "permanent_exclusion",
}  # fmt: skip
_GONE = {"deleted", "cancelled", "canceled", "void", "voided", "removed", "withdrawn", "rescinded", "overturned", "quashed"}
_YES = {"yes", "y", "true", "t", "1", "x"}


def plain(raw: Raw) -> tuple[Raw, list[tuple[Rule, npt.NDArray[np.bool_]]]]:
    """The file in the columns of its table, and the rows that its own columns turn away.

    Days become sessions, two a day. A record that the school's system marks as deleted is no record.
    """
    if raw.table not in ASIDE:
        return raw, []
    columns = dict(raw.columns)
    aside = {name: columns.pop(name) for name in ASIDE[raw.table] if name in columns}
    if "days" in aside and "sessions" not in columns:
        columns["sessions"] = replace(aside["days"], texts=tuple(map(_sessions, aside["days"].texts)))
    if raw.table == "suspensions" and "kind" in columns:
        columns["kind"] = replace(columns["kind"], texts=tuple(_KINDS.get(_word(t), t) for t in columns["kind"].texts))
    gone = [_gone(aside[name], words) for name, words in (("status", _GONE), ("deleted", _GONE | _YES)) if name in aside]
    return replace(raw, columns=columns), [each for each in gone if each[1].any()]


def _gone(cells: Cells, words: set[str]) -> tuple[Rule, npt.NDArray[np.bool_]]:
    is_gone = np.array([_word(text) in words for text in cells.texts], np.bool_)
    rule = Rule("deleted_record", "", f'column "{shown(cells.header)}" says that the record was deleted or cancelled', harmless=True)
    return rule, is_gone[cells.index]


def _sessions(days: str) -> str:
    """Sessions for a number of days, half a day being one; anything else as it stands, to be judged."""
    if not re.fullmatch(r"[0-9]{1,4}(?:\.[0-9]{1,6})?", days):
        return days
    sessions = 2 * float(days)
    return str(int(sessions)) if sessions.is_integer() else repr(sessions)


def _word(text: str) -> str:
    return re.sub(r"[\s-]+", "_", text.strip().lower())
