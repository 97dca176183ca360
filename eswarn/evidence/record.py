"""The record of a scoring run: a folder with scores, reasons, features and model, and a manifest of what each file was.

Two runs on the same records are byte-identical but for ``run.json``, where clocks, places and run ids live, and the evidence, whose lines
are salted, with ``sources.parquet``, which says how the records were cut into files.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import importlib.metadata
import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eswarn import words
from eswarn.errors import EswarnError, InputRefused
from eswarn.evidence.shown import SHOWN_FILES, read_shown, write_shown
from eswarn.evidence.verify import HEAD, LEAVES, LINES, OUTSIDE, SOURCES
from eswarn.features.feature import Feature
from eswarn.features.library import FEATURES
from eswarn.folders import replace_file
from eswarn.model.bundle import Model, load_model
from eswarn.model.reasons import Teller
from eswarn.model.scores import Scores
from eswarn.records.store import Records

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
TABLES = ("scores", "contributions", "features")
PUPIL_FILES = (*(f"{table}.parquet" for table in TABLES), "scores.csv", "not_scored.csv", "report.html", *SHOWN_FILES)
EVIDENCE_FILES = (LINES, LEAVES, SOURCES)  # of pupils too, and outside the seal: the header names it, and the last of them


def write_record(scores: Scores, model: Model, folder: Path, sources: Sequence[Sequence[int]]) -> None:
    """Write scores, contributions, features, source files, who was not scored, and the model into a draft folder.

    ``sources`` are, of each pupil, the source files with rows of the pupil, by their place among all, sorted by name.
    """
    write_tables(scores, folder, sources)
    (folder / "model").mkdir()
    model.write_into(folder / "model")


def write_tables(scores: Scores, folder: Path, sources: Sequence[Sequence[int]]) -> None:
    """Write the tables of pupils into a draft folder."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    frames = {
        "scores": scores.frame.drop(columns="year_group"),
        "contributions": scores.contributions,
        "features": scores.features.assign(year_group=scores.frame["year_group"]),
    }
    for name, frame in frames.items():
        # without the metadata of pandas, which names versions: the same numbers give the same bytes
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
    whose = {name: pa.array(scores.frame[name], pa.string()) for name in ("pupil_id", "school_id")}
    pq.write_table(pa.table({**whose, "sources": pa.array(sources, pa.list_(pa.int32()))}), folder / SOURCES, compression="zstd")
    for name, frame in (("scores", frames["scores"]), ("not_scored", scores.not_scored)):
        (folder / f"{name}.csv").write_bytes(csv_bytes(frame))
    if scores.shown is not None:
        write_shown(scores.shown, scores.frame["pupil_id"], folder)


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """A table for spreadsheets: text that would run as a formula gets an apostrophe before it, numbers stay as they are."""
    import pandas as pd

    safe = frame.copy()
    for name in safe.columns:
        if pd.api.types.is_string_dtype(safe[name]):
            safe[name] = [words.cell(text) for text in safe[name].astype(str)]
    text: str = safe.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8", errors="replace")


def seal(folder: Path, about: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Write the manifest over everything in the folder, and ``run.json`` beside it.

    Parameters
    ----------
    folder : Path
        Draft with all files written.
    about : mapping
        What the scores are of: sealed with the files.
    run : mapping
        Clock, sources, versions: what may differ between two runs on the same records.

    Returns
    -------
    str
        The id of the output: SHA-256 of the manifest.
    """
    sums = {name: _sha256(folder / name) for name in _sealed(folder)}
    manifest = (json.dumps({"eswarn_scores": FORMAT, "about": dict(about), "files": sums}, indent=1, sort_keys=True) + "\n").encode()
    (folder / "manifest.json").write_bytes(manifest)
    output_id = hashlib.sha256(manifest).hexdigest()
    (folder / "run.json").write_text(json.dumps({"output_id": output_id, **run}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return output_id


def about_run(records: Records, began: float) -> dict[str, Any]:
    """What may differ between two runs on the same records: sources, versions, and the clock since it began."""
    return {
        "data_digest": records.digest, "sources": dict(records.sources),
        "eswarn": importlib.metadata.version("eswarn"), "python": platform.python_version(),
        "finished": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "seconds": round(time.time() - began, 3),
    }  # fmt: skip


@dataclass(frozen=True)
class Record:
    """A scoring run read back from its folder.

    Attributes
    ----------
    folder : Path
        Where it stands.
    output_id : str
        SHA-256 of its manifest as it is now.
    about : mapping
        What the scores are of, as sealed in the manifest.
    run : mapping
        What ``run.json`` says: clock, sources, versions. It is not sealed, so believe none of it.
    changed : tuple of str
        Files that are missing, foreign, or not those the manifest names.
    """

    folder: Path
    output_id: str
    about: Mapping[str, Any]
    run: Mapping[str, Any]
    changed: tuple[str, ...]

    @property
    def without_pupils(self) -> bool:
        """Whether only the files of pupils are absent, all of them, as in a shared store, and every other file is as it was sealed."""
        return {"scores.csv"} <= set(self.changed) <= set(PUPIL_FILES) and not any((self.folder / name).exists() for name in PUPIL_FILES)

    def has(self, table: str) -> bool:
        """Whether the record holds a table; a record in a shared store may hold none with pupils."""
        return (self.folder / f"{table}.parquet").is_file()

    def table(self, name: str) -> pd.DataFrame:
        """One of scores, contributions and features.

        Raises
        ------
        InputRefused
            The file is not readable as Parquet.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            frame: pd.DataFrame = pq.read_table(self.folder / f"{name}.parquet").to_pandas()
            return frame
        except (OSError, pa.ArrowException):
            raise InputRefused("not readable as Parquet", where=str(self.folder / f"{name}.parquet")) from None

    def scores(self, declared: Sequence[Feature] = FEATURES) -> Scores:
        """The scores, as they stand in the tables; where the features are not those declared, they tell no other reasons."""
        import pandas as pd

        frame, values, features = (self.table(name) for name in TABLES)
        frame.insert(3, "year_group", features["year_group"].to_numpy(float))
        columns = ["pupil_id", "school_id", "reason", "what_would_mend_it"]
        return Scores(
            as_of=dt.date.fromisoformat(self.about["as_of"]), frame=frame, contributions=values,
            features=features[["pupil_id", *values.columns[3:]]],  # the year group stands there for every model; it may be a feature, too
            not_scored=pd.DataFrame(self.without_score(), columns=columns, dtype="str"), about=self.about, teller=self._teller(declared),
            shown=read_shown(self.folder),
        )  # fmt: skip

    def _teller(self, declared: Sequence[Feature]) -> Teller:
        try:
            return load_model(self.folder / "model", declared).teller
        except EswarnError:
            return Teller((), {})

    def without_score(self) -> list[dict[str, str]]:
        """The rows of ``not_scored.csv``: everybody on roll without a score."""
        with (self.folder / "not_scored.csv").open(newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
        return [{name: words.from_cell(text) for name, text in row.items()} for row in rows]

    def not_scored(self) -> list[str]:
        """School of each pupil on roll without a score."""
        return [row["school_id"] for row in self.without_score()]

    def note_tracking(self, tracked: Mapping[str, Any]) -> None:
        """Remember in ``run.json`` where the run is tracked."""
        text = json.dumps({**self.run, "tracked": dict(tracked)}, indent=1, sort_keys=True) + "\n"
        replace_file(self.folder / "run.json", text.encode())


def read_record(folder: str | Path) -> Record:
    """Read a scoring run and compare each file with the manifest.

    Raises
    ------
    InputRefused
        The folder is not the record of a scoring run.
    """
    path = Path(folder)
    told = InputRefused(
        "this is not the record of a scoring run", where=str(path), do="Give the folder that `eswarn score --out` wrote."
    )  # fmt: skip
    try:
        if not all((path / name).is_file() or not (path / name).exists() for name in ("manifest.json", "run.json")):
            raise told  # a pipe would be waited for
        content = (path / "manifest.json").read_bytes()
        manifest, run = json.loads(content), json.loads((path / "run.json").read_bytes()) if (path / "run.json").exists() else {}
        about, named = dict(manifest["about"]), dict(manifest["files"])
        if manifest["eswarn_scores"] != FORMAT or not isinstance(run, dict):
            raise told
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise told from None
    found = {name: _sha256(path / name) for name in _sealed(path)}
    changed = {name for name in found if found[name] != named.get(name)} | {name for name in named if name not in found}
    return Record(path, hashlib.sha256(content).hexdigest(), about, run, tuple(sorted(changed)))


def unchanged_record(folder: str | Path) -> Record:
    """Read a scoring run that must be as it was written.

    Raises
    ------
    InputRefused
        It is no record of a scoring run, or a file is not the one that was sealed.
    """
    record = read_record(folder)
    if record.changed:
        do = "Bring back the folder as `eswarn score` wrote it; `eswarn verify` says more."
        raise InputRefused(f"files have changed since they were sealed: {', '.join(record.changed)}", where=str(folder), do=do)
    if record.run.get("output_id") != record.output_id:
        raise InputRefused("run.json is not of this output", where=str(folder), do="Bring back the file that was written with it.")
    return record


def head_of(folder: Path) -> str:
    """The head that a record names as its own; empty where it names none. It is not checked here."""
    try:
        return str(json.loads((folder / HEAD).read_bytes())["head"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def _sealed(folder: Path) -> list[str]:
    """Every file of the folder but the manifest itself and run.json; those of the model are sealed with their manifest."""
    names = (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return sorted(name for name in names if name not in (*OUTSIDE, SOURCES))


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
