"""What the codes of the registers tell: their shares, swaps of one for another, and meanings that changed with the law."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator

from eswarn.cohort.lately import Register
from eswarn.evaluation.drift.finding import Check
from eswarn.model.profile import Codes
from eswarn.records.codes import Code, code_table

JUMP = 0.02  # of all marks: a month with many school trips moves V by one in a hundred
TIMES = 2.0  # as often, or half as often
SURE = 4.0  # standard errors, as if all marks of a pupil were one: who is away is away for days
TOLD = 8  # codes named in a sentence


def from_register(then: Codes, now: Register, at: dt.date, as_of: dt.date) -> Iterator[Check]:
    """Checks of the codes on the latest twenty open days."""
    changed = changed_meanings(then.profile, now.profile, at, as_of)
    named = ", ".join(changed[:TOLD]) + (" …" if len(changed) > TOLD else "")
    said = f"{len(changed)} register codes mean something else, came or went since {at}: {named}" if changed else "the codes mean the same"
    yield Check("definitions", named, said, float(len(changed)), 0.0, bool(changed))
    total = max(sum(now.marks.values()), 1)
    was = then.shares
    share = {code: n / total for code, n in now.marks.items()}
    pupils = 1 / max(then.pupils, 1) + 1 / max(now.pupils.values(), default=1)
    move = {code: share.get(code, 0.0) - was.get(code, 0.0) for code in sorted({*share, *was} - set(changed))}
    for code, by in move.items():
        before, after = was.get(code, 0.0), share.get(code, 0.0)
        middle = (before + after) / 2
        limit = max(JUMP, SURE * math.sqrt(middle * (1 - middle) * pupils))
        jumped = abs(by) >= limit and max(before, after) >= TIMES * min(before, after)
        said = f"code {code}: {100 * after:.1f} % of marks; {100 * before:.1f} % in training"
        partner = min((other for other in move if move[other] * by < 0), key=lambda other: abs(move[other] + by), default=None)
        if jumped and partner and abs(move[partner] + by) < abs(by) / 2:
            said += f", and {partner} {'fell' if by > 0 else 'rose'} by about as much: one written for the other?"
        yield Check("codes", code, said, by, limit, jumped)


def changed_meanings(profile: str, now: str, at: dt.date, as_of: dt.date) -> tuple[str, ...]:
    """Codes that the table of one date defines otherwise than that of another, or that only one of them has."""
    one, other = (_in_force(name, day) for name, day in ((profile, at), (now, as_of)))
    return tuple(sorted(code for code in {*one, *other} if one.get(code) != other.get(code)))


def _in_force(profile: str, day: dt.date) -> dict[str, Code]:
    rows = [row for row in code_table(profile).rows if row.valid_from <= day <= row.valid_to]
    return {row.code: row._replace(valid_from=dt.date.min, valid_to=dt.date.max) for row in rows}
