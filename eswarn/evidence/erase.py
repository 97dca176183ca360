"""Erases pupils from the record of a scoring run: nothing of them stays but the hash of a salted line, and the rest can be verified."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np

from eswarn import folders
from eswarn.errors import InputRefused
from eswarn.evidence.lines import line_of_each
from eswarn.evidence.record import Record, read_record, seal, write_tables
from eswarn.evidence.verify import HEAD, LEAVES, LINES, SOURCES, canonical, leaf_of, verify
from eswarn.model.scores import Scores

AUDIT = "audit"  # a store keeps the audits of a run with it; nothing of a pupil is in them
CARD = "card"  # likewise, of the card of a model


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased.

    Attributes
    ----------
    erased, unknown : int
        Pupils found and erased; pupils asked for that are in none of the places (erased before, or spelt otherwise).
    output_id : str
        Id of the output since.
    places : tuple of str
        Where they were erased: the folder, and runs of the tracking store.
    """

    erased: int
    unknown: int
    output_id: str
    places: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f" from {' and '.join(self.places)}" if self.places else ""
        also = (
            f"; {self.unknown:,} of those asked for are not in it: erased before, or the record spells them otherwise"
            if self.unknown
            else ""
        )
        return (
            f"{self.erased:,} erased{where}{also}. The head stays as it is, and the rest can be verified with it. Other runs may hold "
            "them too: eswarn trace finds these."
        )


def erased_in(folder: Path) -> frozenset[str]:
    """The leaves of the lines that were erased in a record."""
    with (folder / LINES).open("rb") as handle:
        found = (json.loads(line) for line in handle if line.startswith(b'{"erased":'))
        return frozenset(str(content["erased"]) for content in found)


def pupils_at(folder: Path, leaves: Collection[str]) -> list[str]:
    """The pupils of some leaves, as far as their lines still stand in a copy of the record."""
    if not leaves:
        return []
    with (folder / LINES).open("rb") as handle:
        lines = (line.removesuffix(b"\n") for line in handle)
        return [json.loads(line)["pupil_id"] for line in lines if leaf_of(line).hex() in leaves]


def erase_from(folder: Path, pupils: Collection[str], *, page: Callable[[Scores, Path], object]) -> Erased:
    """Erase pupils from the folder of a scoring run.

    The line of a pupil becomes ``{"erased": hash}``. Tables and page are written anew without the pupil, and sealed again; ranks, risks
    and the head stay as they were issued. What a disk keeps of files that were removed is not eswarn's to say.

    Parameters
    ----------
    folder : Path
        What `eswarn score` wrote.
    pupils : collection of str
        Identifiers, as the record has them.
    page : callable
        Writes the page of some scores to a path.

    Raises
    ------
    InputRefused
        The folder is not a record as it was written: erasing would seal what somebody else has changed.
    """
    folders.brought_back(folder)
    record, told = read_record(folder), verify(folder)
    wrong = [finding for finding in told.findings if not finding[0].startswith(f"{AUDIT}/")]
    if wrong:
        what = f"the record is not as it was written ({wrong[0][0]}: {wrong[0][2]})"
        raise InputRefused(what, where=str(folder), do="`eswarn verify` says more. Nothing was erased.")
    asked = frozenset(pupils)
    scores, sources = record.scores(), record.table("sources")
    named = Counter(dict(record.about.get("erased", {})))
    lost, kept = _parted(scores, asked)
    before = asked & _named_before(scores) - lost.keys()
    if not lost and not before:
        return Erased(0, len(asked), record.output_id)
    about = {**record.about, "erased": dict(sorted((named + Counter(lost.values())).items()))}
    run = {name: value for name, value in record.run.items() if name != "output_id"}
    with folders.replaced(folder) as draft:
        for name in ("model", LEAVES, HEAD):
            (shutil.copytree if name == "model" else shutil.copyfile)(folder / name, draft / name)
        write_tables(kept, draft, sources["sources"][~sources["pupil_id"].isin(list(asked))].tolist())
        page(kept, draft / "report.html")
        with (draft / LINES).open("wb") as lines:
            lines.writelines(_without(folder / LINES, asked))
        output_id = seal(draft, {**about, "sources": hashlib.sha256((draft / SOURCES).read_bytes()).hexdigest()}, run)
        if (folder / AUDIT).is_dir():
            shutil.copytree(folder / AUDIT, draft / AUDIT)
    gone = len(lost) + len(before)
    return Erased(gone, len(asked) - gone, output_id)


def unlike_lines(record: Record) -> int:
    """The first line of the evidence that the tables do not hold, 0 where they hold them all and nothing else."""
    scores = record.scores()
    sources = record.table("sources")["sources"].tolist()
    made = chain.from_iterable(line_of_each(scores.frame, scores.features, scores.contributions, sources))
    with (record.folder / LINES).open("rb") as handle:
        lines = ((number, json.loads(line)) for number, line in enumerate(handle, 1) if number > 1)
        kept = (
            (number, {name: content[name] for name in content if name != "salt"}) for number, content in lines if "erased" not in content
        )
        for (number, content), ours in zip_longest(kept, made, fillvalue=(-1, None)):
            if content != ours:
                return number
    return 0


def _parted(scores: Scores, asked: Collection[str]) -> tuple[dict[str, str], Scores]:
    """Those of the pupils asked for who are in the scores, with their schools; and the scores of the others."""
    lost: dict[str, str] = {}
    parts = {}
    for name in ("frame", "features", "contributions", "not_scored"):
        table = getattr(scores, name)
        gone = table["pupil_id"].isin(list(asked))
        if "school_id" in table:
            lost |= dict(zip(table["pupil_id"][gone], table["school_id"][gone], strict=True))
        parts[name] = table[~gone].reset_index(drop=True)
    shown, still = scores.shown, ~scores.frame["pupil_id"].isin(list(asked))
    if shown is not None:
        shown = shown.rows(np.flatnonzero(still), parts["frame"]["pupil_id"])
        if shown.changes:
            table = shown.changes.frame
            changes = replace(shown.changes, frame=table[~table["pupil_id"].isin(list(asked))].reset_index(drop=True))
            shown = replace(shown, changes=changes)
    return lost, replace(scores, **parts, shown=shown)


def _named_before(scores: Scores) -> frozenset[str]:
    """Pupils who are named as having been on an earlier list."""
    changes = scores.shown and scores.shown.changes
    return frozenset(changes.frame["pupil_id"]) if changes else frozenset()


def _without(path: Path, asked: Collection[str]) -> Iterator[bytes]:
    """The lines of the evidence, those of some pupils as no more than their hash."""
    with path.open("rb") as handle:
        for line in handle:
            bare = line.removesuffix(b"\n")
            yield canonical({"erased": leaf_of(bare).hex()}) + b"\n" if json.loads(bare).get("pupil_id") in asked else line
