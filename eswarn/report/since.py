"""What has changed since an earlier run, as tables of the page: who joined the list, who left it, who moved on it, and why."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from eswarn import words
from eswarn.report.contents import Contents

FAR = 5  # ranks from which a move on the list is told


@dataclass(frozen=True, slots=True)
class Moved:
    """One pupil who joined, left or moved: where, and what changed in the records."""

    pupil: str
    name: str
    school_id: str
    change: str
    was: str
    now: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Since:
    """What has changed since an earlier run."""

    intro: str
    same_model: bool
    joined: tuple[Moved, ...]
    left: tuple[Moved, ...]
    moved: tuple[Moved, ...]


def since(contents: Contents) -> Since | None:
    """What has changed for the schools of a page; None where the run was compared with no other."""
    changes = contents.scores.shown and contents.scores.shown.changes
    if not changes:
        return None
    schools = {school.school_id for school in contents.schools}
    now = contents.scores.frame.set_index("pupil_id")[["tier", "rank"]].to_dict("index")
    rows = [row for row in changes.frame.to_dict("records") if row["school_id"] in schools]
    told = [(row, _moved(contents, row, now.get(row["pupil_id"], {}))) for row in rows]
    counts = Counter(row["change"] for row in rows)
    numbers = {name: words.number(counts[name]) for name in ("joined", "left", "up", "down")}
    far = [one for row, one in told if row["change"] not in ("joined", "left") and _far(row, now[row["pupil_id"]])]
    return Since(
        intro=contents.locale.say(contents.text["since_intro"].format(day=words.day(changes.as_of), **numbers)),
        same_model=changes.same_model,
        joined=tuple(one for row, one in told if row["change"] == "joined"),
        left=tuple(one for row, one in told if row["change"] == "left"),
        moved=tuple(far),
    )


def _far(row: dict[Any, Any], now: dict[Any, Any]) -> bool:
    return bool(row["was_tier"] != now["tier"] or row["change"] == "other school" or abs(row["was_rank"] - now["rank"]) >= FAR)


def _moved(contents: Contents, row: dict[Any, Any], now: dict[Any, Any]) -> Moved:
    text, say = contents.text, contents.locale.say
    why = [
        say(text["was_then"].format(sentence=row[f"why_{n}"], value=row[f"was_{n}"])) for n in (1, 2) if row[f"why_{n}"]
    ]  # fmt: skip
    note = [text[f"note_{row['note']}"]] if row["note"] else []
    return Moved(
        pupil=row["pupil_id"], name=contents.names.get(row["pupil_id"], ""), school_id=row["school_id"], change=row["change"],
        was=_place(contents, row["was_tier"], row["was_rank"]), now=_place(contents, now.get("tier", ""), now.get("rank", math.nan)),
        why=tuple([*why, *note] or [text["since_no_reason"]]),
    )  # fmt: skip


def _place(contents: Contents, tier: str, rank: float) -> str:
    """Tier and rank in words; a dash where there was no score."""
    if not tier:
        return "–"
    return contents.text["tier_and_rank"].format(tier=contents.text[f"tier_{tier}"], rank=words.number(rank))
