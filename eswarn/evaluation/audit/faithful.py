"""Do reasons follow the model? They are to vanish with what the model has learned, and the score is to move with what they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eswarn import words
from eswarn.evaluation.audit.lines import TITLES, Check, Run, Training
from eswarn.evaluation.audit.stable import as_trained
from eswarn.model.curve import Floats
from eswarn.model.shapley import Explainer, explainer_against

Explain = Callable[[Explainer, Floats], Floats]
SHUFFLED, PERMUTED, DIRECTED = 50, 20, 5  # models with shuffled leaves, with permuted labels, and with those but kept directions
MOST_LEFT = 0.1  # rank correlation
SAMPLE = 500  # flagged pupils looked at
LEARNED_FROM = 20_000  # rows that each model with permuted labels learns from, at most
NAMED = 3
DRAWS = 20  # of features at random, for each pupil
LEAST_BEATEN = 0.95
SEED = 4


@dataclass(frozen=True, slots=True)
class Randomised:
    """How much of the order of a pupil's reasons is left in models that have learned nothing; 0 is nothing, 1 is all.

    Each is the median over flagged pupils of the size of the rank correlation with the values as issued, averaged over models first:
    a single pair of models can agree by chance, as the pupils on a list are alike (0.2 was seen with 35 features).

    Attributes
    ----------
    pupils : int
        Flagged pupils looked at.
    features : int
        Features the model at hand uses.
    leaves : float
        The trees of the model at hand, the values of all leaves shuffled.
    labels : float or None
        Trained as the model at hand but on outcomes permuted within each school, without declared directions.
    directed : float or None
        The same with the declared directions, which permuting does not take away: this much is in the declarations, not in the data.
    """

    pupils: int
    features: int
    leaves: float
    labels: float | None
    directed: float | None


def _values(explainer: Explainer, table: Floats) -> Floats:
    return explainer(table).values


def randomised_models(run: Run, *, explain: Explain = _values) -> Randomised:
    """Compare the values of flagged pupils with those of randomised models.

    Only features that the model at hand or the randomised one uses are compared: the others are 0 in both, and such ties raise the
    correlation. So do directions: trees that may only rise with absence agree on the sign of its value whatever they learned from.
    Measured on simulated schools: 0.46 with 300 trees of depth 6, 0.04 to 0.27 with 120 of depth 2, without directions 0.02 to 0.07.

    Parameters
    ----------
    run : Run
        With a flagged pupil. Without training rows ``labels`` and ``directed`` are None.
    explain : callable
        What is under test: an explainer and a table to values.

    Raises
    ------
    ModelRefused
        The card does not say how the model was trained.
    """
    rows = np.flatnonzero(run.flagged)
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), SAMPLE)).astype(int)]
    own = run.model.explainer.layout.trees.feature

    def left(models: Iterator[Explainer]) -> float | None:
        found = []
        for explainer in models:
            used = np.isin(np.arange(run.table.shape[1]), np.concatenate([own, explainer.layout.trees.feature]))
            found.append(rank_correlation(run.values[rows][:, used], explain(explainer, run.table[rows])[:, used]))
        return float(np.median(np.abs(np.mean(found, axis=0)))) if found else None

    labels = directed = None
    if run.training is not None:
        labels = left(_permuted(run, run.training, PERMUTED, directed=False))
        directed = left(_permuted(run, run.training, DIRECTED, directed=True))
    leaves = left(_shuffled(run.model.explainer))
    return Randomised(len(rows), len(np.unique(own)), 0.0 if leaves is None else leaves, labels, directed)


def _shuffled(own: Explainer) -> Iterator[Explainer]:
    """The same trees, each with the values of all leaves of all trees shuffled; patterns and their counts stay."""
    rng = np.random.default_rng(SEED)
    for _ in range(SHUFFLED):
        yield Explainer(own.layout.with_values(rng.permutation(own.layout.trees.value)), own.reference)


def _permuted(run: Run, training: Training, n: int, *, directed: bool) -> Iterator[Explainer]:
    """Models trained on outcomes permuted within each school."""
    model = as_trained(run, directed=directed)
    for draw in range(n):
        rng = np.random.default_rng([SEED, draw])
        rows = np.sort(rng.choice(len(training.y), min(len(training.y), LEARNED_FROM), replace=False))
        outcome, school = training.y[rows], np.unique(training.school[rows], return_inverse=True)[1]
        shuffled = np.empty_like(outcome)
        shuffled[np.argsort(school, kind="stable")] = outcome[np.lexsort((rng.random(len(rows)), school))]
        if len(np.unique(outcome)) == 2:
            table = training.table[rows]
            yield explainer_against(model.grow(table, shuffled, seed=model.seed + draw).model_to_string(), table)


def rank_correlation(ours: Floats, theirs: Floats) -> Floats:
    """Spearman's rank correlation of each row of one table with that of another; 0 where a row does not vary."""
    from scipy.stats import rankdata

    a, b = (rankdata(values, axis=1) - (values.shape[1] + 1) / 2 for values in (ours, theirs))
    size = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.asarray((a * b).sum(axis=1) / np.where(size > 0, size, 1))


def randomised(run: Run, *, explain: Explain = _values) -> Check:
    """E5: failed where a randomised model keeps more of the order of reasons than a rank correlation of 0.1."""
    title = TITLES["E5"]
    if not run.flagged.any():
        return Check("E5", title, "not applicable", "nobody is flagged")
    told = randomised_models(run, explain=explain)
    if told.features < NAMED:
        return Check("E5", title, "not applicable", f"the model uses {words.count(told.features, 'feature')}: there is no order to lose")
    figure = f"leaves shuffled {told.leaves:.2f}"
    if told.labels is not None:
        figure += f", labels permuted {told.labels:.2f}"
    figure += f", {MOST_LEFT} allowed (rank correlation over features that either model uses, {words.count(told.pupils, 'flagged pupil')})"
    if told.directed is not None:
        figure += f"; {told.directed:.2f} with the declared directions kept: that much of the order is declared, not learned"
    if max(told.leaves, told.labels or 0) > MOST_LEFT:
        return Check("E5", title, "failed", figure)
    if told.labels is None:
        return Check("E5", title, "cannot tell", f"{figure}; for permuted labels give the records:  --records DIR")
    return Check("E5", title, "passed", figure)


@dataclass(frozen=True, slots=True)
class Deletion:
    """How the raw score of flagged pupils moves where features are set to what is typical, in log-odds, mean over pupils.

    Attributes
    ----------
    pupils : int
        Flagged pupils to whom a reason was named.
    silent : int
        Flagged pupils to whom none was.
    named : float
        Fall of the score without the features that speak in the first three reasons.
    at_random : float
        Movement, up or down, without as many features drawn from those the model uses.
    important : float
        Movement without as many of the features that are most important over all pupils.
    beats_random, beats_important : float
        Share of the pupils whose score falls further by the first than it moves by the others.
    """

    pupils: int
    silent: int
    named: float
    at_random: float
    important: float
    beats_random: float
    beats_important: float


def deletion_figures(run: Run) -> Deletion | None:
    """Set the features that the first three reasons name to what is typical, and others for comparison; None where none is named.

    Typical is the median of the pupil's year group in the training cohort, else of the whole cohort. A feature that has neither, as
    fewer than ten pupils of the cohort have an answer, is set to missing, which is what it was for nearly everybody.
    """
    flagged = np.flatnonzero(run.flagged)
    reasons, _ = run.model.teller.top(run.table[flagged], run.values[flagged], run.year_group[flagged], n=NAMED)
    column = {feature.column: i for i, feature in enumerate(run.model.features)}
    rows, names = flagged[[bool(told) for told in reasons]], [[column[reason.column] for reason in told] for told in reasons if told]
    if not len(rows):
        return None
    many = np.array([len(told) for told in names])
    used = np.unique(run.model.explainer.layout.trees.feature)
    typical = _typical(run, rows)

    def fall(ranked: npt.NDArray[np.int64]) -> Floats:
        """How far each score falls without as many of these features as reasons were named, the first of them."""
        changed = run.table[rows].copy()
        at, place = np.nonzero(np.arange(ranked.shape[1]) < many[:, None])
        changed[at, ranked[at, place]] = typical[at, ranked[at, place]]
        return np.asarray(run.raw[rows] - run.model.booster.predict(changed, raw_score=True), float)

    rng = np.random.default_rng(SEED)
    by_name = fall(np.array([[*told, *[0] * (NAMED - len(told))] for told in names]))
    draws = (used[rng.random((len(rows), len(used))).argsort(axis=1)[:, :NAMED]] for _ in range(DRAWS))
    by_chance = np.mean([np.abs(fall(draw)) for draw in draws], axis=0)
    first = np.argsort(-np.abs(run.values).mean(axis=0), kind="stable")[:NAMED]
    by_importance = np.abs(fall(np.tile(first, (len(rows), 1))))
    return Deletion(
        len(rows), len(flagged) - len(rows), float(by_name.mean()), float(by_chance.mean()), float(by_importance.mean()),
        float((by_name > by_chance).mean()), float((by_name > by_importance).mean()),
    )  # fmt: skip


def _typical(run: Run, rows: npt.NDArray[np.integer]) -> Floats:
    """What is typical of each feature for the year group of each of these pupils."""
    told, columns = run.model.reference["typical"], [feature.column for feature in run.model.features]
    of_all = told.get("all", {})
    by_year = {year: [medians.get(c, of_all.get(c, np.nan)) for c in columns] for year, medians in {"all": {}, **told}.items()}
    keys = ("all" if np.isnan(year) else str(int(year)) for year in run.year_group[rows])
    return np.array([by_year.get(key, by_year["all"]) for key in keys], float)


def deletion(run: Run) -> Check:
    """E6: failed where for more than 5 % of the flagged pupils the reasons named move the score no more than random features do."""
    told = deletion_figures(run)
    if told is None:
        return Check("E6", TITLES["E6"], "not applicable", "no flagged pupil has a reason in words")
    figure = (
        f"without the features named in up to {NAMED} reasons the score falls by {told.named:.2f} log-odds; without random ones it moves "
        f"by {told.at_random:.2f}, without those most important overall by {told.important:.2f}. It falls further than by random ones for "
        f"{words.share(told.beats_random)} of {words.count(told.pupils, 'flagged pupil')} ({words.share(LEAST_BEATEN)} asked for), than by "
        f"the most important ones for {words.share(told.beats_important)}"
    )
    if told.silent:
        figure += f"; {words.count(told.silent, 'flagged pupil')} without a reason in words not counted"
    return Check("E6", TITLES["E6"], "passed" if told.beats_random >= LEAST_BEATEN else "failed", figure)
