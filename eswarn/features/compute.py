"""Features times cohorts: one row per pupil and as-of date, with what is needed to check it later."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from eswarn.cohort.label import Labels, label, unlabelled
from eswarn.cohort.roll import Cohort, cohort_before
from eswarn.config import CohortConfig, FeaturesConfig
from eswarn.errors import InputRefused, UsageError, nearest
from eswarn.features.feature import Feature, as_features
from eswarn.features.library import FEATURES
from eswarn.features.pupil_facts import PupilFacts, pupil_facts
from eswarn.features.view import View
from eswarn.parallel import each
from eswarn.progress import Progress, silent
from eswarn.records.timeline import Timeline, check_as_of

if TYPE_CHECKING:
    import pandas as pd


PUPILS_AT_ONCE = 16_384


@dataclass(frozen=True)
class Dataset:
    """A feature table with its keys and labels; rows by as-of date, school and pupil.

    Attributes
    ----------
    X : pandas.DataFrame
        float64, one column a feature, NaN where the records have no answer.
    keys : pandas.DataFrame
        pupil_id, school_id, as_of, year_group (NaN where unknown), unmarked (share of recent open sessions without a mark).
    y : array of float
        1 left early, 0 did not, NaN not known; all NaN where no labels were asked for.
    unknown : array of bool
        Left within the horizon for a destination nobody knows.
    left_out : pandas.DataFrame
        pupil_id, school_id, as_of, reason, what_would_mend_it: everybody on roll without a row in ``X``.
    left_out_y : array of float
        What happened to them, as in ``y``: a leaver whom nobody could score is a leaver missed.
    features : tuple of Feature
        The declarations, in the order of the columns.
    facts : PupilFacts, optional
        What the records say of the pupils of ``X``, row by row, where it was asked for.
    """

    X: pd.DataFrame
    keys: pd.DataFrame
    y: npt.NDArray[np.float64]
    unknown: npt.NDArray[np.bool_]
    left_out: pd.DataFrame
    left_out_y: npt.NDArray[np.float64]
    features: tuple[Feature, ...]
    facts: PupilFacts | None = None

    @property
    def table(self) -> pd.DataFrame:
        """pupil_id, as_of and one column a feature."""
        table = self.X.copy(deep=False)
        table.insert(0, "pupil_id", self.keys["pupil_id"])
        table.insert(1, "as_of", self.keys["as_of"])
        return table

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the fingerprints of the features, in order."""
        return hashlib.sha256("\n".join(f.fingerprint for f in self.features).encode()).hexdigest()

    def why_nobody(self) -> str:
        """What to say where no row is left: the commonest reason."""
        if not len(self.left_out):
            return "No pupil is known to be on roll before that date: check the date and the records."
        counts = self.left_out["reason"].value_counts()
        return f"{counts.iloc[0]} of {len(self.left_out)} pupils on roll: {counts.index[0]}."

    @property
    def leavers(self) -> dict[dt.date, set[str]]:
        """Pupils labelled leavers, by as-of date in order; a date without any is there, too."""
        days, pupil, left = self.keys["as_of"].to_numpy(), self.keys["pupil_id"], self.y == 1
        return {day: set(pupil[left & (days == day)]) for day in sorted(set(days))}

    def of(self, features: Sequence[Feature]) -> Dataset:
        """The same data set with only the columns of these features, in their order."""
        return replace(self, X=self.X[[feature.column for feature in features]], features=tuple(features))

    def rows(self, where: npt.NDArray[np.bool_]) -> Dataset:
        """The same data set with only these rows."""
        return Dataset(
            self.X[where].reset_index(drop=True), self.keys[where].reset_index(drop=True), self.y[where], self.unknown[where],
            self.left_out, self.left_out_y, self.features,
        )  # fmt: skip


def choose(config: FeaturesConfig, features: Sequence[Feature] = FEATURES) -> tuple[Feature, ...]:
    """The features a model may see: the shipped ones that are not protected, as narrowed or widened by the configuration.

    Raises
    ------
    InputRefused
        A name is not known, or a protected feature is named without a reason.
    UsageError
        What was given is no sequence of features.
    """
    features = as_features(features)
    known = {f.column: f for f in features}
    for name in (*config.only, *config.without, *config.protected):
        if name not in known:
            raise InputRefused(f'there is no feature "{name}". {nearest(name, known)}', where="[features]")
    for name, reason in config.protected.items():
        if not known[name].protected or not reason.strip():
            raise InputRefused(f'"{name}" under [features.protected] needs to be a protected feature, with a reason', where="[features]")
    for name in config.only:
        if known[name].protected and name not in config.protected:
            raise InputRefused(
                f'"{name}" is protected: kept for judging fairness', where="[features]",
                do=f'To use it all the same, say why:  [features.protected]  {name} = "reason".',
            )  # fmt: skip
    wanted = set(config.only) or {f.column for f in features if not f.protected}
    wanted = (wanted | set(config.protected)) - set(config.without)
    if not wanted:
        raise InputRefused("no feature is left", where="[features]")
    return tuple(f for f in features if f.column in wanted)


def compute(
    timeline: Timeline, as_of: Sequence[dt.date], config: CohortConfig, *, features: Sequence[Feature], labelled: bool = False,
    everybody: bool = False, with_facts: bool = False, progress: Progress = silent,
) -> Dataset:  # fmt: skip
    """Compute features for everybody who can be scored on each as-of date.

    Parameters
    ----------
    timeline : Timeline
        The records.
    as_of : sequence of date
        One or more as-of dates; each row sees only what was known before its own.
    config : CohortConfig
        Who is on roll, who can be scored, and, with ``labelled``, what counts as leaving early.
    features : sequence of Feature
        Declarations; one column each, in this order.
    labelled : bool
        Whether to look up what happened next.
    everybody : bool
        Whether those who cannot be scored are given a row, too: for what is known of them all the same, such as their groups.
    with_facts : bool
        Whether to add, for one as-of date, what people are shown of the records.

    Raises
    ------
    UsageError
        No attendance is known before a date, a date or a column is given twice.
    """
    import pandas as pd

    columns = [f.column for f in features]
    for what, given in (("feature", columns), ("as-of date", [str(day) for day in as_of])):
        if twice := sorted({one for one in given if given.count(one) > 1}):
            raise UsageError(f"the {what} {twice[0]} is given twice", do="Give each once: a feature of the same name needs another window.")
    if not columns or not as_of:
        raise UsageError("there is nothing to compute", do="Give at least one feature and one as-of date.")
    parts: list[Dataset] = []
    for step, day in enumerate(sorted(as_of)):
        progress("computing features", step, len(as_of))
        check_as_of(timeline, day)
        cohort = cohort_before(timeline.before(day), config)
        cohort = replace(cohort, abstain=("",) * len(cohort)) if everybody else cohort
        labels = label(timeline, cohort, day, config) if labelled else unlabelled(cohort)
        parts.append(_on(day, cohort, labels, tuple(features), pupil_facts(cohort, cohort.scorable) if with_facts else None))
    progress("computing features", len(as_of), len(as_of))
    if len(parts) == 1:
        return parts[0]
    keys, left_out = (pd.concat([getattr(part, name) for part in parts], ignore_index=True) for name in ("keys", "left_out"))
    y, unknown, left_out_y = (np.concatenate([getattr(part, name) for part in parts]) for name in ("y", "unknown", "left_out_y"))
    values, start = np.empty((len(columns), len(y))), 0
    while parts:  # each is let go as soon as it is copied, so that the table is never held twice
        X = parts.pop(0).X
        values[:, start : start + len(X)] = X.to_numpy().T
        start += len(X)
    return Dataset(pd.DataFrame(values.T, columns=columns, copy=False), keys, y, unknown, left_out, left_out_y, tuple(features))


def _on(day: dt.date, cohort: Cohort, labels: Labels, features: tuple[Feature, ...], facts: PupilFacts | None) -> Dataset:
    """The features of one as-of date."""
    import pandas as pd

    scorable, keys = cohort.scorable, _keys(cohort, day)
    left_out = keys[["pupil_id", "school_id", "as_of"]].assign(
        reason=pd.Series(cohort.abstain, dtype="str"), what_would_mend_it=pd.Series(cohort.mend, dtype="str")
    )
    X = pd.DataFrame(answers(cohort, features).T, columns=[f.column for f in features], copy=False)
    left_out, keys = left_out[~scorable], keys[scorable].reset_index(drop=True)
    left_out = left_out.reset_index(drop=True)
    return Dataset(X, keys, labels.y[scorable], labels.unknown[scorable], left_out, labels.y[~scorable], features, facts)


def answers(cohort: Cohort, features: Sequence[Feature]) -> npt.NDArray[np.float64]:
    """Every feature for everybody who can be scored, shape (features, pupils).

    What needs sets of sessions is asked of whole schools, a block of them at a time, so that their bit planes stay small.
    """
    scorable = cohort.scorable
    upto = np.append(0, scorable.cumsum())
    found = np.full((len(features), int(upto[-1])), np.nan)  # never what happened to stand in memory, should a feature not be answered
    of_register = [i for i, feature in enumerate(features) if feature.measure.sets]
    sets = sorted({wanted for feature in features for wanted in feature.measure.sets}, key=str)

    def of_block(rows: slice) -> None:
        view, kept = View(cohort.block(rows), sets), np.flatnonzero(scorable[rows])
        everybody = len(kept) == len(view)
        for i in of_register:
            answered = features[i].compute(view)
            found[i, upto[rows.start] : upto[rows.stop]] = answered if everybody else answered[kept]

    each(of_block, _whole_schools(cohort))
    view = View(cohort, sets)

    def of_everybody(i: int) -> None:
        found[i] = features[i].compute(view)[scorable]

    each(of_everybody, sorted(set(range(len(features))) - set(of_register)))
    return found


def _whole_schools(cohort: Cohort) -> list[slice]:
    """Blocks of whole schools, of about `PUPILS_AT_ONCE` pupils."""
    ends = np.append(np.flatnonzero(np.diff(cohort.school)) + 1, len(cohort))
    found, start = [], 0
    for end in ends.tolist():
        if end - start >= PUPILS_AT_ONCE or end == len(cohort):
            found.append(slice(start, end))
            start = end
    return found


def _keys(cohort: Cohort, day: dt.date) -> pd.DataFrame:
    import pandas as pd

    known = cohort.known
    return pd.DataFrame(
        {
            "pupil_id": pd.Series(np.array(known.pupils, object)[cohort.pupil], dtype="str"),
            "school_id": pd.Series(np.array(known.schools, object)[cohort.school], dtype="str"),
            "as_of": pd.Series([day] * len(cohort), dtype="object"),
            "year_group": cohort.context_values("year_group"),
            "unmarked": cohort.unmarked,
        }
    )


def write_feature_table(table: pd.DataFrame, file: Path) -> None:
    """Write a feature table as Parquet, or as CSV where the name ends so: complete or not at all."""
    import pyarrow as pa
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    draft = file.with_name(file.name + ".tmp")
    try:
        rows = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
        if file.suffix.casefold() == ".csv":
            csv.write_csv(rows, draft)
        else:
            pq.write_table(rows, draft, compression="zstd")
        draft.replace(file)
    except OSError as error:
        raise InputRefused(f"could not be written ({error.strerror})", where=str(file)) from None
    finally:
        draft.unlink(missing_ok=True)
