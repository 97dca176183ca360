"""Whether a score is tied to its model, its reference and its pupil: with one of them swapped it has to be refused."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from eswarn.evaluation.audit.lines import TITLES, Check, Run, spread
from eswarn.model.fit import TYPICAL_LEAST
from eswarn.model.reasons import typical_values
from eswarn.model.reference import count_reference
from eswarn.model.shapley import TOLERANCE, Explained, Explainer

PUPILS = 200  # tried in each kind of swap
LEAF_CHANGE = 0.01  # log-odds
Ints = npt.NDArray[np.int64]


def swaps(run: Run) -> Check:
    """E4: explanations are derived again with one thing swapped, and each must be refused: no longer that score.

    With the training rows the reference, too, is made again, and must be the one the model keeps.
    """
    if not len(run.model.explainer.layout.trees.feature):
        return Check("E4", TITLES["E4"], "not applicable", "the model asks nothing, so that all its explanations are the same")
    some = spread(len(run.raw), PUPILS)
    told = Explained(run.values[some], run.base, run.raw[some])
    kept = same(told, run.model.explainer(run.table[some]))
    tried = {kind: ~same(claimed, derived) for kind, claimed, derived in swapped(run, some, told)}
    n, refused = sum(map(len, tried.values())), sum(int(result.sum()) for result in tried.values())
    missed = [kind for kind, result in tried.items() if not result.all()]
    figure = f"{refused:,} of {n:,} swaps refused" + (f", not all of: {', '.join(missed)}" if missed else "")
    figure += f"; unswapped {int(kept.sum()):,} of {len(kept):,} derived again"
    unlike = _unlike(run)
    figure += "" if run.training is None else f"; the reference made again from the training rows is {unlike or 'the same'}"
    return Check("E4", TITLES["E4"], "failed" if missed or unlike or not kept.all() else "passed", figure)


def same(claimed: Explained, derived: Explained) -> npt.NDArray[np.bool_]:
    """Of each row whether values and base are the same to the last bit, and the raw score within 1e-9: LightGBM adds in another order."""
    values = (claimed.values.view(np.int64) == derived.values.view(np.int64)).all(axis=1)
    return np.asarray(values & (claimed.base == derived.base) & (np.abs(claimed.raw - derived.raw) <= TOLERANCE))


def swapped(run: Run, some: Ints, told: Explained) -> Iterator[tuple[str, Explained, Explained]]:
    """Each kind of swap: what is claimed of some pupils, and what is derived. Nobody is swapped for one with the same explanation."""
    layout, reference, table = run.model.explainer.layout, run.model.explainer.reference, run.table[some]
    trees, start = layout.trees, layout.trees.leaf_start
    tree = int(np.flatnonzero(np.diff(trees.node_start))[-1])
    leaves = slice(int(start[tree]), int(start[tree + 1]))
    changed = trees.value.copy()
    changed[leaves] *= -1.0
    yield "another model", told, Explainer(layout.with_values(changed), reference)(table)
    changed = trees.value.copy()
    changed[leaves.start + int(trees.leaf_count[leaves].argmax())] += LEAF_CHANGE
    yield "one leaf", told, Explainer(layout.with_values(changed), reference)(table)
    yield "another reference", told, Explainer(layout, count_reference(layout, run.table[::2]))(table)
    other = np.roll(np.argsort(told.raw, kind="stable"), len(some) // 2)[np.argsort(np.argsort(told.raw, kind="stable"))]
    theirs = Explained(told.values[other], told.base, told.raw[other])
    apart = ~same(told, theirs)
    mine, theirs = (Explained(e.values[apart], e.base, e.raw[apart]) for e in (told, theirs))
    yield "another pupil's features", mine, run.model.explainer(table[other][apart])
    yield "another pupil's explanation", theirs, run.model.explainer(table[apart])


def _unlike(run: Run) -> str:
    """What of the reference made again from the training rows is not as the model keeps it."""
    if run.training is None:
        return ""
    layout, training = run.model.explainer.layout, run.training
    counted = count_reference(layout, training.table).pooled(layout).plain(layout)
    columns = [str(f["column"]) for f in run.model.card["features"]]
    typical = typical_values(dict(zip(columns, training.table.T, strict=True)), training.year_group, least=TYPICAL_LEAST)
    unlike = [name for name, made in {**counted, "typical": typical}.items() if run.model.reference[name] != made]
    return f"not the same: {', '.join(unlike)}" if unlike else ""
