"""What has changed since an earlier run, as tables of the page: who has a place now and had none, who moved, and why."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from eswarn import words
from eswarn.report.contents import Contents

FAR = 5  # ranks from which a move within a tier is told
TIERS = ("priority", "no place", "watch", "no watch")  # changes of tier, in the order in which they are told


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
    """What has changed since an earlier run; ``parts`` by name, those who changed tier first."""

    intro: tuple[str, ...]
    groups: str
    parts: tuple[tuple[str, tuple[Moved, ...]], ...]


def since(contents: Contents) -> Since | None:
    """What has changed for the schools of a page; None where the run was compared with no other."""
    changes = contents.scores.shown and contents.scores.shown.changes
    if not changes:
        return None
    text, say = contents.text, contents.locale.say
    schools = {school.school_id for school in contents.schools}
    now = contents.scores.frame.set_index("pupil_id")[["tier", "rank"]].to_dict("index")
    rows = [row for row in changes.frame.to_dict("records") if row["school_id"] in schools]
    parts: dict[str, list[Moved]] = {name: [] for name in (*TIERS, "moved")}
    for row in rows:
        if row["change"] in TIERS:
            parts[row["change"]].append(_moved(contents, row, now.get(row["pupil_id"], {})))
        elif row["change"] == "other school" or abs(row["was_rank"] - now[row["pupil_id"]]["rank"]) >= FAR:
            parts["moved"].append(_moved(contents, row, now[row["pupil_id"]]))
    intro = [say(text["since_intro"].format(day=words.day(changes.as_of)))]
    here = {name: value for name, value in contents.scores.about.items() if name in changes.places or name == "places_by_year"}
    if changes.places and here != dict(changes.places):
        intro.append(
            say(text["since_other_places"].format(then=contents.about.places_said(changes.places), now=contents.about.places_said(here)))
        )
    intro += [] if changes.same_model else [text["since_other_model"]]
    elsewhere = say(text["groups_elsewhere"].format(day=words.day(changes.as_of)))
    return Since(tuple(intro), elsewhere, tuple((name, tuple(part)) for name, part in parts.items()))


def _moved(contents: Contents, row: dict[Any, Any], now: dict[Any, Any]) -> Moved:
    text, say = contents.text, contents.locale.say
    shares = {name: row[f"attended_{name}"] for name in ("now", "then")}
    why = []
    if not any(math.isnan(share) for share in shares.values()):
        why.append(say(text["since_attended"].format(**{name: words.share(share) for name, share in shares.items()})))
    why += [say(text["was_then"].format(sentence=row[f"why_{n}"], value=row[f"was_{n}"])) for n in (1, 2) if row[f"why_{n}"]]
    why += [text[f"note_{row['note']}"]] if row["note"] else []
    why += [] if row["why_1"] or row["note"] else [text["since_no_reason"]]
    was = _place(contents, row["was_tier"], row["was_rank"])
    elsewhere = row["was_school"] and row["was_school"] != row["school_id"]
    return Moved(
        pupil=row["pupil_id"], name=contents.names.get(row["pupil_id"], ""), school_id=row["school_id"], change=row["change"],
        was=f"{was}, {text['school'].lower()} {row['was_school']}" if elsewhere else was,
        now=_place(contents, now.get("tier", ""), now.get("rank", math.nan)), why=tuple(why),
    )  # fmt: skip


def _place(contents: Contents, tier: str, rank: float) -> str:
    """Tier and rank in words; a dash where there was no score."""
    if not tier:
        return "–"
    return contents.text["tier_and_rank"].format(tier=contents.text[f"tier_{tier}"], rank=words.number(rank))
