"""Whether the values are exact: they add up, are those of the definition, and treat alike what the model treats alike."""

from __future__ import annotations

import math

import numpy as np

from eswarn import words
from eswarn.evaluation.audit import oracle
from eswarn.evaluation.audit.faithful import rank_correlation
from eswarn.evaluation.audit.lines import TITLES, Check, Run, spread
from eswarn.evaluation.audit.twins import with_twin
from eswarn.model.booster import library
from eswarn.model.curve import Floats
from eswarn.model.shapley import TOLERANCE, Explainer, shapley_values
from eswarn.model.trees import Ints

PUPILS = 20  # judged by the definition, fewer where the trees have many leaves
LEAVES = 30_000  # looked at, over all of them
SMALL = ((3, 6, False), (6, 4, True), (8, 3, False), (10, 3, True))  # models of features, depth, and whether zero is missing
TWINS_FROM = 1_000  # pupils that the copied features are tried on


def additivity(run: Run) -> Check:
    """E1: base value plus values is the raw score, on every row as it was issued."""
    sums = np.array([math.fsum(row) for row in run.values.tolist()])
    gap = np.abs(run.base + sums - run.raw)
    close = gap <= TOLERANCE  # written so that NaN fails too
    figure = f"{int(close.sum()):,} of {len(gap):,} within {TOLERANCE:.0e}; largest gap {gap.max(initial=0.0):.1e} log-odds"
    return Check("E1", TITLES["E1"], "passed" if close.all() else "failed", figure)


def brute_force(run: Run) -> Check:
    """E2: the values of the model at hand, leaf by leaf, and of small random models, over all coalitions; both rules."""
    forest = oracle.read_forest(run.model.booster_text)
    leaves = sum(1 for tree in forest for _ in oracle.ways(tree))
    some = spread(len(run.table), max(1, min(PUPILS, LEAVES // leaves)))
    here = float(np.max(_gaps_here(run, forest, some)))  # not max(), which may pass over NaN
    small = float(np.max([_gaps_small(shape, seed) for seed, shape in enumerate(SMALL)]))
    figure = (
        f"largest difference {here:.1e} for {len(some)} pupils over {leaves:,} leaves, "
        f"{small:.1e} in {len(SMALL)} random models of up to {max(SMALL)[0]} features; both rules, {TOLERANCE:.0e} allowed"
    )
    return Check("E2", TITLES["E2"], "passed" if here <= TOLERANCE and small <= TOLERANCE else "failed", figure)


def _gaps_here(run: Run, forest: list[oracle.Tree], some: Ints) -> list[float]:
    """What was issued, and the path-dependent values, against the definition; and the raw scores against the trees as they are read."""
    table = run.table[some]
    issued = (run.values[some], oracle.by_leaves(forest, table.tolist(), run.model.reference["patterns"]))
    path = (Explainer(run.model.explainer.layout)(table).values, oracle.by_leaves(forest, table.tolist()))
    raw = (run.raw[some], [oracle.raw_score(forest, row) for row in table.tolist()])
    return [_gap(ours, np.array(theirs)) for ours, theirs in (issued, path, raw)]


def _gaps_small(shape: tuple[int, int, bool], seed: int) -> float:
    """A random model with missing values and, from four features on, one twice and one unused: two rows over all coalitions."""
    features, depth, zero = shape
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(200, features)).round(1)
    table[rng.random(table.shape) < 0.15] = np.nan
    if features > 3:
        table[:, 1], table[:, 2] = table[:, 0], 1.0
    y = (np.nan_to_num(table[:, 0] - table[:, -1]) * np.nan_to_num(table[:, -1], nan=1.0) + rng.normal(size=200) > 0).astype(int)
    settings = {"objective": "binary", "verbosity": -1, "num_leaves": 8, "max_depth": depth, "min_data_in_leaf": 5, "seed": seed,
                "zero_as_missing": zero, "num_threads": 1, "deterministic": True, "force_row_wise": True}  # fmt: skip
    lightgbm = library()
    text = lightgbm.train(settings, lightgbm.Dataset(table, y), num_boost_round=3).model_to_string()
    forest, rows, cohort = oracle.read_forest(text), table[:2], table[2:10]
    against = (
        shapley_values(text, rows, reference=cohort).values,
        [oracle.interventional(forest, r, cohort.tolist()) for r in rows.tolist()],
    )
    path = shapley_values(text, rows, method="path").values, [oracle.path_dependent(forest, r) for r in rows.tolist()]
    return float(np.max([_gap(ours, np.array(theirs)) for ours, theirs in (against, path)]))


def unused_and_twins(run: Run) -> Check:
    """E3: a feature that no tree asks gets exactly nothing, and two that the trees treat alike get the same.

    The twins are made: of the most important feature that allows it a copy is put into some trees, so that where the trees asked the
    feature they now ask it and then its copy, and go left only if both say so. Feature and copy are then the same to the function,
    though the trees ask one before the other: values that follow the trees and not the function differ (path-dependent ones do).
    """
    forest = oracle.read_forest(run.model.booster_text)
    used = {node.feature for tree in forest for _, steps in oracle.ways(tree) for node, _ in steps}
    unused = [column for column in range(run.values.shape[1]) if column not in used]
    wrong = int((run.values[:, unused] != 0).any(axis=1).sum())  # NaN is not 0 either
    told = f"{len(unused)} of {run.values.shape[1]} features are unused, not exactly 0 for {wrong:,} of {len(run.values):,} pupils"
    trees, by_weight = run.model.explainer.layout.trees, np.argsort(-np.abs(run.values).sum(axis=0)).tolist()
    made = next((made for feature in by_weight if (made := with_twin(forest, feature, trees))), None)
    if made is None:
        return Check("E3", TITLES["E3"], "failed" if wrong else "passed", f"{told}; no tree can be given a twin")
    table = run.table[spread(len(run.table), TWINS_FROM)]
    table = np.ascontiguousarray(np.column_stack([table, table[:, made.feature]]))
    values = _values(made.trees.text(), table)
    gap = _gap(values[:, made.feature], values[:, -1])
    figure = f"{told}; twins in {len(made.trees)} trees differ by {gap:.1e} at most, {TOLERANCE:.0e} allowed"
    return Check("E3", TITLES["E3"], "failed" if wrong or not gap <= TOLERANCE else "passed", figure)


def _values(text: str, table: Floats) -> Floats:
    """Values of some rows against themselves."""
    return shapley_values(text, table, reference=table).values


def path_rule(run: Run) -> Check:
    """E8: how far the reasons agree with those by the path-dependent rule. A figure to read; both are exact answers, to two questions."""
    explained = Explainer(run.model.explainer.layout)(run.table)
    gap = _gap(explained.base + explained.values.sum(axis=1), run.raw)
    if not (gap <= TOLERANCE and _gap(run.base + run.values.sum(axis=1), run.raw) <= TOLERANCE):
        return Check("E8", TITLES["E8"], "failed", f"values that do not add up cannot be compared; largest gap {gap:.1e}")
    ours, theirs = run.model.teller.theme_sums(run.values), run.model.teller.theme_sums(explained.values)
    moved = (ours != 0).any(axis=0) | (theirs != 0).any(axis=0)  # themes that neither speaks of agree for nothing
    if moved.sum() < 2:
        return Check("E8", TITLES["E8"], "not applicable", "the model uses fewer than two themes")
    rank = float(np.median(rank_correlation(ours[:, moved], theirs[:, moved])))
    same = float((ours.argmax(axis=1) == theirs.argmax(axis=1)).mean())
    figure = f"median rank correlation over {int(moved.sum())} themes {rank:.3f}; the same theme first for {words.share(same)} of pupils"
    return Check("E8", TITLES["E8"], "passed", figure)


def _gap(ours: Floats, theirs: Floats) -> float:
    """Largest difference; NaN where there is one, so that it is within nothing."""
    return float(np.abs(ours - theirs).max(initial=0.0))
