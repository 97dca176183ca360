"""Columns that export files have and the tables do not: read, turned into what the tables hold, and gone (`records.exports`)."""

from __future__ import annotations

from collections.abc import Mapping

_STATUS = ("status", "record status", "incident status")
_CANCELLED = ("deleted", "is deleted", "cancelled", "is cancelled", "rescinded", "withdrawn", "overturned")
_DAYS = ("days", "days lost", "number of days", "no of days", "school days", "school days lost", "days suspended", "length in days")
ASIDE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "behaviour": {"status": _STATUS, "deleted": _CANCELLED},
    "suspensions": {"days": _DAYS, "status": _STATUS, "deleted": _CANCELLED},
}
