"""The rules of the ledger in words: what is wrong with a cell, and what to do about it. No text here holds a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that rows of a file can break, with the table's column it looks at.

    ``whole``: one such row puts the whole file in doubt. ``harmless``: however many there are, the file is not in doubt. ``needed``:
    a cell of the column cannot be left empty.
    """

    name: str
    column: str
    what: str
    whole: bool = False
    harmless: bool = False
    needed: bool = False

    @property
    def do(self) -> str:
        """What the reader can do about it."""
        return _DO_COLUMN.get((self.name, self.column)) or (_DO_NEEDED.get(self.name) if self.needed else None) or DO[self.name]


_PSEUDONYMS = "Replace it by a pseudonym:  eswarn pseudonymise DIR --key FILE --out OUT  (docs/privacy.md)."
_CELL = "Correct the cell, or leave it empty where the fact is not known."
DO: dict[str, str] = {
    "deleted_record": "Nothing to do: a deleted record is no record.",
    "blank_row": "Nothing to do: an empty line holds no record.",
    "totals_row": "Nothing to do: a total is not a record.",
    "ragged_row": "Export the file again; a cell with a separator in it needs quotation marks around it.",
    "missing_value": "Fill in the cell, or leave the row out of the export.",
    "bad_date": "Write dates as YYYY-MM-DD, or every one of them as dd/mm/yyyy.",
    "mixed_dates": "Write every date of the column in the same way.",
    "two_digit_year": "Write the year with four digits; the century cannot be told.",
    "time_of_day": "Export the day alone, and the session (AM, PM) in a column of its own.",
    "raw_upn": _PSEUDONYMS,
    "name": "Export a number (UPN, admission number) instead, then  eswarn pseudonymise  gives pseudonyms for it (docs/privacy.md).",
    "damaged_identifier": "Export the file again and open it in no spreadsheet on the way; identifiers are text.",
    "unreadable_text": "Correct the cell where it came from.",
    "too_long": "Correct the cell where it came from; free text does not belong here.",
    "unknown_value": "Use a value that docs/records.md lists for the column, or leave the cell empty.",
    "not_a_number": _CELL,
    "not_yes_or_no": _CELL,
    "out_of_range": _CELL,
    "not_marks": "Export session marks (AM, PM); lesson marks are another thing.",
    "wrong_session": 'Add  session = "DAY"  at the top of dataset.toml if there is one mark a day, else export AM and PM.',
    "ends_too_early": "Correct the two dates where they came from.",
    "totals_do_not_match": "Correct the row where it came from, or leave it out; absence cannot be told from it.",
    "internal_exclusion": "Leave them out here, as no session is lost; they may be put among the behaviour records.",
    "conflict": "Keep the right row, or export recorded_on as well, so that versions can be told apart.",
}
_DO_NEEDED = {
    "unknown_value": "Use a value that docs/records.md lists for the column; it cannot be left empty.",
    "not_a_number": "Correct the cell; it cannot be left empty.",
    "not_yes_or_no": "Correct the cell; it cannot be left empty.",
    "out_of_range": "Correct the cell; it cannot be left empty.",
}
_SESSIONS = "A suspension needs what was lost: 1 to 90 in a column Sessions, or 0.5 to 45 in a column Days."
_DO_COLUMN = {
    ("missing_value", "sessions"): f"{_SESSIONS} Two dates do not tell it. Fill it in, or the suspension counts as none.",
    ("not_a_number", "sessions"): f"{_SESSIONS} Write the number alone.",
    ("out_of_range", "sessions"): f"{_SESSIONS} Correct the number.",
    ("out_of_range", "score"): "Correct the two numbers where they came from.",
    ("missing_value", "destination"): "Write  unknown  where it is not known where the pupil went; a departure left out counts as none.",
}
_BY_TYPE = {
    "int_parsing": ("not_a_number", "not a whole number"),
    "int_parsing_size": ("not_a_number", "not a whole number"),
    "int_from_float": ("not_a_number", "not a whole number"),
    "float_parsing": ("not_a_number", "not a number"),
    "finite_number": ("not_a_number", "not a finite number"),
    "bool_parsing": ("not_yes_or_no", "neither yes nor no"),
    "date_from_datetime_parsing": ("bad_date", "not a day of the calendar"),
    "date_parsing": ("bad_date", "not a day of the calendar"),
    "string_too_short": ("missing_value", "no value"),
    "string_too_long": ("too_long", "text longer than {max_length} characters"),
    "string_pattern_mismatch": ("unknown_value", "not written as expected"),
    "greater_than": ("out_of_range", "not above {gt}"),
    "greater_than_equal": ("out_of_range", "below {ge}"),
    "less_than_equal": ("out_of_range", "above {le}"),
    "literal_error": ("unknown_value", "not {expected}"),
}
OWN = {
    "two_digit_year": "a date whose year has two digits",
    "mixed_dates": "not written as the other dates of the column",
    "time_of_day": "a time of day beside the date",
    "bad_date": "not a date",
}


def explain(error: Mapping[str, Any]) -> tuple[str, str]:
    """Rule and words for an error that a row model raised for one value; the value itself is left out.

    Parameters
    ----------
    error : mapping
        One entry of pydantic's ``ValidationError.errors(include_input=False)``.
    """
    if error["type"] in DO:
        return error["type"], error["msg"]
    rule, words = _BY_TYPE.get(error["type"], ("unknown_value", "not a value of this column"))
    context = {key: _plain(value) for key, value in error.get("ctx", {}).items()}
    return rule, words.format(**context)


def _plain(value: object) -> str:
    text = str(value).replace("'", "")
    if text.startswith("datetime.date("):  # pydantic hands dates on as they are written in Python
        year, month, day = (int(part) for part in text[len("datetime.date(") : -1].split(","))
        return f"{year}-{month:02d}-{day:02d}"
    return text
