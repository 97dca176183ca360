"""The page as tables, for spreadsheets and letters: the list, who was not scored, groups, changes, and facts without scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eswarn import words
from eswarn.features.attendance import ABSENT, POSSIBLE, Attendance
from eswarn.report.contents import Contents
from eswarn.report.since import since

if TYPE_CHECKING:
    import pandas as pd

BLANKS = ("known", "action", "owner", "review")


def tables(contents: Contents) -> dict[str, pd.DataFrame]:
    """Every table of a page by its name: list, not_scored, groups, since, facts; those a run cannot tell are left out.

    Heads are in the language of the page. Text is as it is: whoever writes a file marks what a spreadsheet would run.
    """
    made = {"list": the_list(contents), "not_scored": _not_scored(contents), "groups": _groups(contents), "since": _since(contents),
            "facts": facts(contents)}  # fmt: skip
    return {name: table for name, table in made.items() if table is not None}


def the_list(contents: Contents) -> pd.DataFrame:
    """One row a pupil on the list, as the page has it, with blank columns to fill in."""
    text = contents.text
    most = max((len(row.reasons) for row in contents.rows), default=0)
    rows = [
        {
            text["school"]: row.school_id, text["rank"]: row.rank, text["tier"]: text[f"tier_{row.tier}"], text["name"]: row.name,
            text["pupil"]: row.pupil, text["year"]: row.year, text["form"]: row.form, text["chance"]: row.chance,
            text["chance_share"]: row.risk, text["low"]: row.low, text["high"]: row.high, text["change"]: row.change,
            text["attended_share"]: row.attended, text["recent_share"]: row.attended_lately,
            **{text["reason_n"].format(n=n + 1): row.reasons[n] if n < len(row.reasons) else "" for n in range(max(most, 3))},
            text["protective"]: row.protective, text["check_first"].rstrip(":"): " ".join(row.checks), text["note"].rstrip(":"): row.note,
            **{text[blank]: "" for blank in BLANKS},
        }
        for row in contents.rows
    ]  # fmt: skip
    return _frame(rows or [dict.fromkeys([text["school"], text["rank"], text["tier"], text["name"], text["pupil"]], "")], empty=not rows)


def _not_scored(contents: Contents) -> pd.DataFrame:
    text = contents.text
    keys = ("school", "name", "pupil", "reason", "mend")
    rows = [
        dict(zip((text[key] for key in keys), (row.school_id, row.name, row.pupil, row.reason, row.mend), strict=True))
        for row in contents.unscored
    ]
    return _frame(rows or [dict.fromkeys((text[key] for key in keys), "")], empty=not rows)


def _groups(contents: Contents) -> pd.DataFrame | None:
    shown = contents.scores.shown
    if shown is None or shown.groups is None:
        return None
    names = (contents.text[name] for name in ("group_of", "group", "group_pupils", "group_listed", "group_share"))
    return shown.groups.map(contents.locale.say).set_axis(list(names), axis=1)


def _since(contents: Contents) -> pd.DataFrame | None:
    told, text = since(contents), contents.text
    if told is None:
        return None
    rows = [
        {
            text["school"]: row.school_id, text["name"]: row.name, text["pupil"]: row.pupil, text["change"]: text[f"choice_{row.change}"],
            text["since_was"]: row.was, text["since_now"]: row.now, text["since_reasons"]: "; ".join(row.why),
        }
        for _, part in told.parts for row in part
    ]  # fmt: skip
    return _frame(rows or [dict.fromkeys((text["school"], text["name"], text["pupil"]), "")], empty=not rows)


def facts(contents: Contents) -> pd.DataFrame | None:
    """Sessions possible and missed of every pupil with a register, listed or not: for letters, without anything of the score.

    Rows are in the order of the pupils' identifiers, as the order of a list would tell of the score.
    """
    shown = contents.scores.shown
    if shown is None:
        return None
    text, frame = contents.text, contents.scores.frame
    order = contents.places[np.argsort(frame["pupil_id"].iloc[contents.places].to_numpy(str), kind="stable")]
    some = shown.facts.rows(order, ())
    attendance = Attendance(some)
    year, recent = attendance.year, attendance.recent
    days = attendance.days
    ends = [str(days[0]), str(days[-1])] if days else ["", ""]
    columns: dict[str, Any] = {
        text["school"]: frame["school_id"].iloc[order].to_numpy(object),
        text["name"]: [words.sound(contents.names.get(pupil, "")) for pupil in frame["pupil_id"].iloc[order]],
        text["pupil"]: frame["pupil_id"].iloc[order].to_numpy(object),
        text["year"]: [contents.locale.say(words.year_group(value)) for value in frame["year_group"].iloc[order].astype(float)],
        text["form"]: list(map(words.sound, some.form)), text["since_date"]: ends[0], text["to_date"]: ends[1],
        text["sessions_possible"]: year.of(*POSSIBLE), text["sessions_missed"]: year.of(*ABSENT),
        **{text[key]: year.of(kind) for key, kind in zip(("missed_with_leave", "missed_without_leave", "missed_no_reason_yet"), ABSENT,
                                                         strict=True)},
        text["times_late"]: year.of("late"), text["recent_from"]: str(attendance.recent_from or ""),
        text["recent_possible"]: recent.of(*POSSIBLE), text["recent_missed"]: recent.of(*ABSENT),
    }  # fmt: skip
    import pandas as pd

    return _texts(pd.DataFrame(columns))


def _frame(rows: list[dict[str, Any]], *, empty: bool) -> pd.DataFrame:
    import pandas as pd

    told = [{head: words.sound(value) if isinstance(value, str) else value for head, value in row.items()} for row in rows]
    frame = pd.DataFrame(told)
    return _texts(frame.iloc[:0] if empty else frame)


def _texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of text as text, whatever stands in them."""
    return frame.astype({name: "str" for name in frame.columns if frame[name].dtype == object})
