"""Finds the pupils who were scored by a model, or with rows from a file, over any number of past runs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eswarn.errors import InputRefused, UsageError
from eswarn.evidence.verify import LINES, SOURCES
from eswarn.records.ledger import FileRefused
from eswarn.records.reading import digest

if TYPE_CHECKING:
    import pandas as pd

SHORTEST = 8
_HEX = re.compile(rf"[0-9a-f]{{{SHORTEST},64}}")


@dataclass(frozen=True, slots=True, repr=False)
class Traced:
    """Who was found.

    Attributes
    ----------
    frame : pandas.DataFrame
        run, as_of, pupil_id, school_id: one row for each pupil and run.
    runs : tuple of str
        Every run that was looked at.
    wider : tuple of str
        Runs of which all pupils are named, because the file does not say whose its rows are, as a calendar.
    erased : int
        Pupils erased from runs that were found; who they were is not kept.
    """

    frame: pd.DataFrame
    runs: tuple[str, ...]
    wider: tuple[str, ...]
    erased: int

    def __str__(self) -> str:
        counts = Counter(zip(self.frame["run"], self.frame["as_of"], strict=True))
        every = " (all of them: the file does not say whose its rows are)"
        said = [f"{n:>9,} pupils on {day} in {run}{every if run in self.wider else ''}" for (run, day), n in sorted(counts.items())]
        gone = [f"{self.erased:,} more were erased from these runs, and perhaps among them."] if self.erased else []
        return "\n".join([*said, *gone, f"{len(self.frame):,} scores in {len(counts):,} of {len(self.runs):,} runs."])


def trace(*places: str | Path, model: str | Path | None = None, file: str | Path | None = None) -> Traced:
    """Say which pupils were scored by a model, or with rows from a file.

    Parameters
    ----------
    *places : path
        Folders of scoring runs, or folders with such folders anywhere below them.
    model : str or path, optional
        Id of a model (the first 8 digits at least), or its folder.
    file : str or path, optional
        SHA-256 of a source file, or the file itself.

    Returns
    -------
    Traced
        All of them, and never fewer: where it cannot be told whose a file's rows are, all pupils of the run.

    Raises
    ------
    UsageError
        Not one of model and file was given, or no place.
    InputRefused
        No run is there, or one is not as it was sealed.
    """
    import pandas as pd

    if (model is None) == (file is None) or not places:
        raise UsageError("ask for a model or for a file, and name folders", do='trace("runs", model="1a2b3c4d")')
    wanted = _hash(model if file is None else file, of_file=file is not None)
    runs, found, wider, erased = [], [], [], 0
    for folder, header in _records(places):
        runs.append(str(folder))
        about = json.loads((folder / "manifest.json").read_bytes())["about"]
        named = [i for i, name in enumerate(sorted(header["sources"])) if header["sources"][name].startswith(wanted)]
        if not named if file is not None else not header["model"].startswith(wanted):
            continue
        table = _pupils(folder, named if file is not None else None)
        erased += sum(about.get("erased", {}).values())
        if file is not None and {sorted(header["sources"])[i] for i in named} & set(header["of_all"]):
            wider.append(str(folder))
        found.append(table.assign(run=str(folder), as_of=about["as_of"])[["run", "as_of", "pupil_id", "school_id"]])
    if not runs:
        raise InputRefused("there is no scoring run", where=", ".join(map(str, places)), do="Name what `eswarn score --out` wrote.")
    frame = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["run", "as_of", "pupil_id", "school_id"], dtype="str")
    return Traced(frame, tuple(runs), tuple(wider), erased)


def _hash(given: str | Path | None, *, of_file: bool) -> str:
    text, path = str(given).strip().lower(), Path(str(given))
    if _HEX.fullmatch(text) and not path.exists():
        return text
    place = path if of_file else path / "manifest.json"
    try:
        return digest(place)
    except (FileRefused, OSError):
        what = "neither a SHA-256 nor a file" if of_file else f"neither the id of a model ({SHORTEST} digits at least) nor its folder"
        raise InputRefused(what, where=str(given)) from None


def _records(places: tuple[str | Path, ...]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each run under some places, once, and the header of its evidence; refused where its seal is broken."""
    lines = {path.resolve() for place in places for path in [Path(place) / LINES, *Path(place).rglob(LINES)] if path.is_file()}
    for path in sorted(lines):
        folder = path.parent
        try:
            with path.open("rb") as handle:
                header = json.loads(handle.readline())
            manifest = json.loads((folder / "manifest.json").read_bytes())
            sealed = manifest["about"].get("sources", header["copy"]) == digest(folder / SOURCES)
            bound = header["manifest"] == digest(folder / "manifest.json") or manifest["about"].get("erased")
        except (OSError, ValueError, KeyError, TypeError, AttributeError, FileRefused):
            sealed = bound = False
        if not sealed or not bound:
            raise InputRefused("the record is not as it was sealed", where=str(folder), do="`eswarn verify` says what is wrong.")
        yield folder, header


def _pupils(folder: Path, files: list[int] | None) -> pd.DataFrame:
    """The pupils of a run, or those with rows from some of its files."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(folder / SOURCES)
    if files is not None:
        lists = table["sources"].combine_chunks()
        hit = pc.is_in(lists.flatten(), value_set=pa.array(files, pa.int32())).to_numpy(zero_copy_only=False)
        table = table.take(pa.array(np.unique(pc.list_parent_indices(lists).to_numpy()[hit])))
    frame: pd.DataFrame = table.select(["pupil_id", "school_id"]).to_pandas()
    return frame
