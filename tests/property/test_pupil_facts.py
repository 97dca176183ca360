"""What people are shown of the register, against plain Python: each session of the school year, its code and kind, events, form."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from hypothesis import given

from eswarn.cohort.oracle import Known, Pupil, known_before, pupils_on_roll, why_not_scored
from eswarn.config import CohortConfig
from eswarn.errors import UsageError
from eswarn.features.compute import compute
from eswarn.features.library import FEATURES
from eswarn.records.codes import Code
from eswarn.records.timeline import Timeline
from tests.property.worlds import World, mark, shown_of, worlds

seen: Counter[str] = Counter()


def kind_of(mark: Code) -> str:
    """By definitions written out once more."""
    if mark.category in ("attended", "approved"):
        return "late" if mark.late else "attended"
    if mark.code in ("N", "A"):  # A: absent where a system knows no reasons
        return "no reason yet"
    return mark.category if mark.category in ("authorised", "unauthorised") else "not possible"


def shown_by_oracle(who: Pupil) -> tuple[Any, ...]:
    t = who.known.t
    start = dt.date(t.year if t.month >= 8 else t.year - 1, 8, 1)
    sessions = []
    own = who.known.open.get(who.school_id, set())
    days = {day for kept in who.known.marks.values() for day, _ in kept} | {row["date"] for row in who.known.rows["calendar"]}
    for session in sorted((day, half) for day in days for half in (0, 1) if start <= day < t):
        mark = who.marks.get(session)
        if mark is not None and mark.category != "administrative":
            sessions.append((*session, mark.code, kind_of(mark)))
        elif mark is None and session in own and session[0] >= who.entered:
            sessions.append((*session, "-", "no mark"))
    return str(who.context.get("form") or ""), sessions, sorted(events(who.known, who.pupil_id, start))


def events(known: Known, pupil: str, start: dt.date) -> list[str]:
    """Incidents the pupil was part of, praise, and suspensions that were not withdrawn, of this school year."""
    said = []
    for row in known.rows["behaviour"]:
        if row["pupil_id"] == pupil and row["date"] >= start:
            if row["kind"] == "negative" and row["role"] in ("involved", None):
                said.append(f"{row['date']} incident")
            elif row["kind"] == "positive":
                said.append(f"{row['date']} praise")
    own = [row for row in known.rows["suspensions"] if row["pupil_id"] == pupil]
    withdrawn = {row["start"] for row in own if row["kind"] == "withdrawn"}
    for row in own:
        if row["start"] >= start and row["kind"] != "withdrawn" and row["start"] not in withdrawn:
            said.append(f"{row['start']} {'suspension' if row['kind'] == 'suspension' else 'exclusion'} {row['sessions']}")
    return said


@given(worlds())
def test_what_is_shown_is_what_the_records_said_before_the_date(world: World) -> None:
    records = world.records
    try:
        found = compute(Timeline(records), [world.as_of], world.config, features=FEATURES[:1], with_facts=True)
    except UsageError:
        return
    assert found.facts is not None
    oracle = {who.pupil_id: who for who in pupils_on_roll(known_before(records, world.as_of)) if not why_not_scored(who, world.config)[0]}
    assert list(found.keys["pupil_id"]) == list(oracle)
    for pupil, (form, sessions, told) in zip(found.keys["pupil_id"], shown_of(found.facts, found.keys["pupil_id"]), strict=True):
        ours = sorted(_short(event) for event in told)
        assert (form, sessions, ours) == shown_by_oracle(oracle[pupil])
        seen.update(kind for *_, kind in sessions)
        seen.update(event.split()[1] for event in ours)


def _short(event: str) -> str:
    """``2025-09-01 suspension  nan 4.0`` as the oracle says it."""
    day, kind, *_, lost = event.split()
    if kind in ("incident", "praise"):
        return f"{day} {kind}"
    return f"{day} {kind} {None if lost == 'nan' else int(float(lost))}"


def test_every_kind_of_session_and_event_was_met() -> None:
    if not seen:
        test_what_is_shown_is_what_the_records_said_before_the_date()
    kinds = {"attended", "late", "authorised", "unauthorised", "no reason yet", "not possible", "no mark"}
    assert kinds | {"incident", "praise", "suspension", "exclusion"} <= set(seen), seen


def test_a_register_written_by_hand_is_shown_as_it_reads() -> None:
    """Eight pupils mark a school as open; of P00: late, not possible, absent both ways, a gap, a closure, a day before joining."""
    days = [dt.date(2025, 9, 1) + dt.timedelta(days=n) for n in (0, 1, 2, 3, 4, 7)]
    codes = ["L\\", "X/", "OI", "--", "##"]
    everybody = [mark(pupil, 0, day, half, "/", None) for pupil in range(1, 9) for day in days for half in ("AM", "PM")]
    own = [mark(0, 0, day, half, code, None) for day, told in zip(days[1:], codes, strict=False)
           for half, code in zip(("AM", "PM"), told, strict=True)]  # fmt: skip
    everybody.append(mark(1, 0, dt.date(2025, 9, 6), "AM", "/", None))  # a Saturday on which one came to school: it was closed
    incidents = [{"pupil_id": "P00", "school_id": "S0", "date": day, "kind": "negative"} for day in (dt.date(2025, 6, 2), days[2])]
    world = World({"attendance": everybody + own, "behaviour": incidents}, dt.date(2025, 9, 9), CohortConfig(min_possible=1, min_marked=0))
    found = compute(Timeline(world.records), [world.as_of], world.config, features=FEATURES[:1], with_facts=True)
    assert found.facts is not None
    shown = dict(zip(found.keys["pupil_id"], shown_of(found.facts, found.keys["pupil_id"]), strict=True))["P00"]
    assert [kind for *_, kind in shown[1]] == [
        "late", "attended", "not possible", "attended", "unauthorised", "authorised", "no mark", "no mark",
    ]  # fmt: skip
    assert shown[1][0][0] == days[1], "nothing before the pupil came"
    assert [_short(event) for event in shown[2]] == [f"{days[2]} incident"]
