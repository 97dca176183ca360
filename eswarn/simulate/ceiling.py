"""How well anybody could do on made-up records: the AUC of the true chance; and the true causes as a file."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from eswarn.errors import UsageError
from eswarn.records.store import Records
from eswarn.simulate.stays import EARLY

YEAR = 365


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The AUC of the true chance of leaving early in the 365 days from ``as_of`` on.

    No score from records alone can beat it but by luck: the chance is given the states themselves, which the records
    only show through noise. What is left to 1 is noise that nobody can remove.
    """

    as_of: dt.date
    auc: float
    pupils: int
    leavers: int

    def __str__(self) -> str:
        return (
            f"Best possible AUC on {self.as_of}, that of the true chance: {self.auc:.3f} "
            f"({self.leavers:,} of {self.pupils:,} pupils left early within a year)."
        )


def ceiling(records: Records, causes: pa.Table, as_of: dt.date | None = None) -> Ceiling:
    """Judge the true chance as if it were a score.

    Parameters
    ----------
    records, causes
        From `simulate_with_causes`.
    as_of : date, optional
        A day of the ``as_of`` column; the last one from which a whole year was followed where None.

    Raises
    ------
    UsageError
        There is no such day, or nobody left early in the year from it.
    """
    days = causes["as_of"].to_numpy().astype("datetime64[D]")
    followed = np.datetime64(records.facts.observed_to["outcomes"]) - (YEAR - 1)
    whole = np.unique(days[days <= followed])
    day = np.datetime64(as_of) if as_of is not None else (whole[-1] if len(whole) else None)
    if day is None or day not in whole:
        raise UsageError(
            "no such day in the causes from which a whole year was followed",
            where="ceiling",
            do="Simulate two years or more, and ask for the first day of a half-term.",
        )
    today = days == day
    outcomes = records.table("outcomes")
    left = outcomes["left_on"].to_numpy().astype("datetime64[D]")
    early = pc.is_in(outcomes["destination"].cast(pa.string()), pa.array(EARLY)).to_numpy(zero_copy_only=False)
    soon = outcomes["pupil_id"].cast(pa.string()).filter(pa.array(early & (left >= day) & (left < day + YEAR)))
    leaves = pc.is_in(causes["pupil_id"].cast(pa.string()).filter(pa.array(today)), soon.combine_chunks()).to_numpy(zero_copy_only=False)
    if not 0 < leaves.sum() < len(leaves):
        raise UsageError(f"nobody left early in the year from {day}", where="ceiling", do="Simulate more pupils.")
    from sklearn.metrics import roc_auc_score  # slow to load, and rarely asked for

    auc = float(roc_auc_score(leaves, causes["chance"].to_numpy()[today]))
    return Ceiling(day.item(), auc, len(leaves), int(leaves.sum()))


def write_causes(causes: pa.Table, file: str | os.PathLike[str]) -> Path:
    """Write the true causes as CSV or Parquet, by the ending of the name.

    Keep the file outside the folder of records: it holds the answer.

    Raises
    ------
    UsageError
        The file exists, or ends in something else.
    """
    path = Path(file)
    if path.suffix not in (".csv", ".parquet"):
        raise UsageError("the causes are written as .csv or .parquet", where=path.name)
    if path.exists():
        raise UsageError("the file exists", where=path.name, do="Choose another name.")
    if path.suffix == ".csv":
        plain = causes.set_column(0, "pupil_id", causes["pupil_id"].cast(pa.string()))
        plain = plain.set_column(2, "main_cause", plain["main_cause"].cast(pa.string()))
        pa.csv.write_csv(plain, path, pa.csv.WriteOptions(quoting_style="none"))
    else:
        pq.write_table(causes, path)
    return path
