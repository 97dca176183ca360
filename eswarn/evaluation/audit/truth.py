"""Are the known causes of simulated pupils found again among their reasons? Real pupils have no known cause, and need none here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eswarn import words
from eswarn.errors import InputRefused
from eswarn.evaluation.audit.groups import means_drawn
from eswarn.evaluation.audit.lines import TITLES, Check, Run
from eswarn.model.curve import Floats
from eswarn.model.shapley import Explainer

NAMED = 3
LEAST = 100  # pupils without whom nothing fails
# What each cause makes schools write down (eswarn/simulate: register.py, conduct.py, results.py). No theme is about home alone: it shows
# in absence and punctuality, half as strongly as staying away does, so that home is never found.
THEMES = {
    "attendance": ("absence", "pattern of absence", "unauthorised absence", "punctuality", "termly totals"),
    "health": ("illness", "authorised absence"),
    "behaviour": ("behaviour", "suspension"),
    "attainment": ("attainment",),
}
CAUSE_OF = {theme: cause for cause, themes in THEMES.items() for theme in themes}
KINDS = ("interventional", "path", "global")


@dataclass(frozen=True, slots=True)
class Recovery:
    """How often the main cause of a flagged pupil's risk of leaving is the one that the reasons speak of.

    Attributes
    ----------
    pupils : int
        Flagged pupils whose main cause some theme speaks of.
    untold : int
        Flagged pupils whose main cause is home, of which no theme speaks: no reason can find it.
    first, among_three : mapping of str to float
        Share whose cause is spoken of by the first reason, and by one of the first three: for the values as issued
        ("interventional"), the path-dependent ones ("path"), and reasons that are ranked by importance over all pupils, the same for
        everybody ("global").
    better : tuple of float
        First reason as issued less by importance: difference of the shares and its 95 % bootstrap interval.
    """

    pupils: int
    untold: int
    first: dict[str, float]
    among_three: dict[str, float]
    better: tuple[float, float, float]


def read_causes(file: str | Path, as_of: dt.date) -> dict[str, str]:
    """Main cause of each pupil on a date, from the file that `eswarn simulate --causes FILE` wrote.

    Raises
    ------
    InputRefused
        The file is not one of these, or begins after that date.
    """
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    path = Path(file)
    try:
        told = pq.read_table(path) if path.suffix == ".parquet" else pa.csv.read_csv(path)
        pupil, cause = (told[name].cast(pa.string()).to_numpy(zero_copy_only=False) for name in ("pupil_id", "main_cause"))
        days = told["as_of"].cast(pa.date32()).to_numpy().astype("datetime64[D]")
    except (OSError, KeyError, pa.ArrowException):
        raise _not_causes(path) from None
    begun = days[days <= np.datetime64(as_of)]
    if not len(begun):
        raise _not_causes(path)
    today = days == begun.max()
    return dict(zip(pupil[today].tolist(), cause[today].tolist(), strict=True))


def _not_causes(path: Path) -> InputRefused:
    return InputRefused(
        "this file does not hold the causes of simulated pupils on that date", where=str(path),
        do="Give the file that `eswarn simulate --causes FILE` wrote for these records.",
    )  # fmt: skip


def recovered(run: Run, causes: Mapping[str, str]) -> npt.NDArray[np.int64]:
    """For each kind of reasons and each flagged pupil with a cause that can be told, the place of the reason that tells it.

    Returns
    -------
    array of shape (3, pupils)
        1 for the first reason, 0 where none of the first three tells it; kinds in the order of `KINDS`.
    """
    rows = np.array([row for row in np.flatnonzero(run.flagged) if causes.get(str(run.pupil[row])) in THEMES], np.int64)
    true = [causes[str(pupil)] for pupil in run.pupil[rows]]
    path = Explainer(run.model.explainer.layout)(run.table[rows]).values
    everybody = np.tile(np.abs(run.values).mean(axis=0), (len(rows), 1))

    def places(values: Floats) -> list[int]:
        told, _ = run.model.teller.top(run.table[rows], values, run.year_group[rows], n=NAMED)
        spoken = [[CAUSE_OF.get(reason.theme) for reason in reasons] for reasons in told]
        return [said.index(cause) + 1 if cause in said else 0 for said, cause in zip(spoken, true, strict=True)]

    return np.array([places(values) for values in (run.values[rows], path, everybody)], np.int64)


def summed_up(places: npt.NDArray[np.int64], untold: int) -> Recovery:
    """Shares and the difference, from the places that `recovered` gave; those of several runs side by side are summed up together."""
    first = (places == 1).astype(float)
    drawn = means_drawn(first[0] - first[2], places.shape[1], np.random.default_rng(NAMED))
    low, high = np.percentile(drawn, [2.5, 97.5]).tolist()
    return Recovery(
        places.shape[1], untold, dict(zip(KINDS, first.mean(axis=1).tolist(), strict=True)),
        dict(zip(KINDS, (places > 0).mean(axis=1).tolist(), strict=True)), (float((first[0] - first[2]).mean()), low, high),
    )  # fmt: skip


def recovery(run: Run, causes: Mapping[str, str] | None = None) -> Check:
    """E9: passed where the first reason finds the cause more often than importance over all pupils does, failed where it does not.

    "cannot tell" where chance could explain the difference, or fewer than 100 pupils are compared; "not applicable" without causes,
    which real pupils do not have.

    Parameters
    ----------
    run : Run
        Of simulated pupils.
    causes : mapping of str to str, optional
        Pupil to main cause, from `read_causes`.
    """
    title = TITLES["E9"]
    if causes is None:
        return Check("E9", title, "not applicable", "no causes were given: only those of simulated pupils are known")
    places = recovered(run, causes)
    if not places.shape[1]:
        return Check("E9", title, "not applicable", "no flagged pupil has a known cause that a reason could tell")
    told = summed_up(places, sum(causes.get(str(pupil)) == "home" for pupil in run.pupil[run.flagged]))
    first, among = (", ".join(f"{kind} {words.share(share[kind])}" for kind in KINDS) for share in (told.first, told.among_three))
    value, low, high = (f"{100 * number:+.0f}" for number in told.better)
    figure = (
        f"the first reason finds the main cause: {first}; one of three: {among}. First reason less global importance: {value} percentage "
        f"points ({low} to {high}). {words.count(told.pupils, 'flagged pupil')}; {told.untold:,} more whose cause is home, of which no "
        "theme tells"
    )
    _, least, most = told.better
    if least > 0:
        return Check("E9", title, "passed", figure)
    return Check("E9", title, "failed" if most <= 0 and told.pupils >= LEAST else "cannot tell", figure)
