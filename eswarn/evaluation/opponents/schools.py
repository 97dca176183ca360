"""Rules about schools and not pupils: the leaving rate of earlier cohorts, and trees on the surroundings alone."""

from __future__ import annotations

import numpy as np

from eswarn.evaluation.opponents.facts import Told
from eswarn.evaluation.opponents.opponent import Opponent
from eswarn.evaluation.opponents.rules import PERSISTENT
from eswarn.features.compute import Dataset
from eswarn.records.arrays import Bools, Floats, Ints

# Means over everybody of one school and date, in words, by fact
SURROUNDINGS = {"absence": "absence", "persistent": "share persistently absent", "unauthorised": "absence without leave",
                "suspended": "share suspended in a year", "fsm": "share with free school meals", "eal": "share with English as an "
                "additional language", "sen_support": "share with SEN support", "ehcp": "share with an EHC plan",
                "idaci_decile": "income deprivation decile", "year_group": "year group"}  # fmt: skip


def school_mean(train: Dataset, test: Dataset) -> Opponent:
    """The leaving rate of each school in training, drawn towards the rate of all by as much as chance alone would move it.

    Notes
    -----
    Global empirical Bayes by moments (Marshall 1991, Applied Statistics 40, 283-294), with a binomial in place of a Poisson
    variance: the rate of a school keeps the share A / (A + m (1 - m) / n) of its distance from the rate m of all, where A is what
    the spread of the rates has over that of chance. As many rows tell of one pupil, n counts pupils. A school that was not in
    training has the rate of all: no table holds areas of schools. The score is the distance from the rate of all, so that lists of
    several folds can be laid together: that rate is the lower, the more leave at the schools held out.
    """
    told = ~np.isnan(train.y)
    y, pupil = train.y[told], train.keys["pupil_id"].to_numpy(str)[told]
    names, school = np.unique(train.keys["school_id"].to_numpy(str)[told], return_inverse=True)
    of_rows = np.bincount(school, weights=y) / np.bincount(school)
    n = np.bincount(np.unique(np.stack([school, np.unique(pupil, return_inverse=True)[1]]), axis=1)[0])
    m = float(y.mean())
    spread = float((n * (of_rows - m) ** 2).sum() / n.sum() - m * (1 - m) / n.mean())
    kept = np.zeros(len(n)) if spread <= 0 else spread / (spread + m * (1 - m) / n)
    rate = m + kept * (of_rows - m)
    asked = test.keys["school_id"].to_numpy(str)
    at = np.minimum(np.searchsorted(names, asked), len(names) - 1)
    seen = names[at] == asked
    risk = np.where(seen, rate[at], m)
    lacks = () if seen.all() else ("areas of schools: one that was not in training has the rate of all",)
    says = "the leaving rate of the pupil's school in earlier cohorts, drawn towards that of all schools"
    source = "evaluation without any individual score; empirical Bayes after Marshall 1991"
    return Opponent("school mean", says, source, risk - m, None, risk, lacks)


def environment(train: Dataset, test: Dataset, facts_of: tuple[Told, Told], *, seed: int) -> Opponent:
    """`RiskModel` on columns that say nothing of the pupil but in which school, and when.

    Rows of one school are held out together in cross-fitting, and count as one case for the size of the trees.
    """
    from eswarn.model.risk import RiskModel

    told = ~np.isnan(train.y)
    columns, asked = surroundings(train, facts_of[0]), surroundings(test, facts_of[1])
    lacks = tuple(words for column, words in enumerate(SURROUNDINGS.values()) if np.isnan(asked[:, column]).all())
    says = f"trees on columns of the school alone ({', '.join(SURROUNDINGS.values())}, pupils)"
    source = "Perdomo et al. 2023 (Wisconsin), with the default settings of RiskModel"
    y = train.y[told].astype(np.int64)
    risk = np.full(len(asked), float(y.mean()))
    if y.min() < y.max() and len(asked):
        model = RiskModel(seed=seed).fit(columns[told], y, groups=train.keys["school_id"].to_numpy(str)[told])
        risk = np.asarray(model.predict_proba(asked)[:, 1], float)
    return Opponent("environment only", says, source, risk, None, risk, lacks)


def surroundings(data: Dataset, of: Told) -> Floats:
    """Means over everybody of the same school and date, shape (rows, `SURROUNDINGS` and the number of pupils)."""
    schools = np.unique(data.keys["school_id"].to_numpy(str), return_inverse=True)[1]
    dates = np.unique(data.keys["as_of"].to_numpy(str), return_inverse=True)[1]
    group = np.unique(np.stack([schools, dates]), axis=1, return_inverse=True)[1].ravel()
    absence = of["absence"]
    values = {**of, "persistent": np.where(np.isnan(absence), np.nan, absence >= PERSISTENT)}
    columns = [_means(values[name], group) for name in SURROUNDINGS]
    return np.column_stack([*columns, np.bincount(group)[group] if len(group) else np.zeros(0)])


def _means(values: Floats, group: Ints) -> Floats:
    """Of each row the mean of what is known in its group; NaN where nothing is."""
    known: Bools = ~np.isnan(values)
    groups = int(group.max()) + 1 if len(group) else 0
    n = np.bincount(group[known], minlength=groups)
    total = np.bincount(group[known], weights=values[known], minlength=groups)
    mean: Floats = np.divide(total, n, out=np.full(groups, np.nan), where=n > 0)
    return mean[group]
