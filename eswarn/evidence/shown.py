"""What people are shown beside scores, as files of the record: the register of each pupil, events, groups, changes."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eswarn import words
from eswarn.errors import InputRefused
from eswarn.features.pupil_facts import PupilFacts
from eswarn.model.shown import Changes, Shown
from eswarn.parallel import blocks

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
REGISTER, PUPILS, EVENTS, GROUPS, CHANGES = "register.json", "pupils.parquet", "events.parquet", "groups.csv", "changes.parquet"
SHOWN_FILES = (REGISTER, PUPILS, EVENTS, GROUPS, CHANGES)
COLUMNS = ("pupil_id", "form", "risk_low", "risk_high", "marks")
ROWS = 65_536  # pupils in one row group


def write_shown(shown: Shown, pupils: pd.Series, folder: Path) -> None:
    """Write what is shown of some pupils into a draft folder.

    ``pupils.parquet`` has pupil_id, form, risk_low, risk_high and marks: one letter a session, AM and PM in turn, on the days that
    ``register.json`` lists beside what each letter stands for; a blank where there was no session.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    facts, changes = shown.facts, shown.changes
    about = {"eswarn_register": FORMAT, "days": [str(day) for day in facts.days], "codes": {k: list(v) for k, v in facts.codes.items()}}
    if changes:
        about["since"] = {"as_of": str(changes.as_of), "output_id": changes.output_id, "same_model": changes.same_model,
                          "places": dict(changes.places)}  # fmt: skip
    (folder / REGISTER).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    schema = pa.schema([*((name, pa.float64() if name.startswith("risk") else pa.string()) for name in COLUMNS)])
    with pq.ParquetWriter(folder / PUPILS, schema, compression="zstd") as writer:
        for part in blocks(len(facts.marks), ROWS):
            rows = (pupils.iloc[part].to_numpy(), facts.form[part], shown.low[part], shown.high[part], _texts(facts.marks[part]))
            arrays = [pa.array(row, kind) for row, kind in zip(rows, schema.types, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    for name, frame in ((EVENTS, facts.events), (CHANGES, changes.frame if changes else None)):
        if frame is not None:
            table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
            pq.write_table(table, folder / name, compression="zstd")
    if shown.groups is not None:
        text = shown.groups.map(words.cell).to_csv(index=False, lineterminator="\n")
        (folder / GROUPS).write_text(text, encoding="utf-8", newline="")


def _texts(marks: np.ndarray) -> list[str]:
    """Each row of letters as a text."""
    width = marks.shape[1]
    text = np.ascontiguousarray(marks).tobytes().decode("ascii")
    return [text[i : i + width] for i in range(0, len(text), width)] if width else [""] * len(marks)


def read_shown(folder: Path) -> Shown | None:
    """What `write_shown` wrote, with rows as they were written; None where a record holds nothing of the kind.

    Raises
    ------
    InputRefused
        A file is missing or is not what eswarn writes.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not (folder / PUPILS).is_file():
        return None
    try:
        about = json.loads((folder / REGISTER).read_bytes())
        pupils, events = (pq.read_table(folder / name).to_pandas() for name in (PUPILS, EVENTS))
        days = tuple(dt.date.fromisoformat(day) for day in about["days"])
        letters = "".join(pupils["marks"]).encode("ascii")
        marks = np.frombuffer(letters, np.uint8).reshape(len(pupils), 2 * len(days))
        codes = {letter: (str(code), str(kind)) for letter, (code, kind) in about["codes"].items()}
        facts = PupilFacts(days, codes, marks, tuple(pupils["form"]), events)
        groups = None
        if (folder / GROUPS).is_file():
            groups = pd.read_csv(folder / GROUPS, dtype="str", keep_default_na=False).map(words.from_cell)
        since, changes = about.get("since"), None
        if since:
            frame = pq.read_table(folder / CHANGES).to_pandas()
            day, places = dt.date.fromisoformat(since["as_of"]), dict(since.get("places", {}))
            changes = Changes(day, str(since["output_id"]), bool(since["same_model"]), places, frame)
        return Shown(facts, pupils["risk_low"].to_numpy(float), pupils["risk_high"].to_numpy(float), groups, changes)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, pa.ArrowException):
        do = "Score again, or bring back the files as they were written."
        raise InputRefused("what is shown of the pupils cannot be read", where=str(folder), do=do) from None
