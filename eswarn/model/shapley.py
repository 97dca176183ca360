"""Exact Shapley values of a model's raw score, by tables of patterns; checked on every row before anything is issued."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from eswarn import words
from eswarn.errors import OurBug, UsageError
from eswarn.model.layout import BUDGET, Layout
from eswarn.model.reference import Reference, count_reference
from eswarn.model.trees import Floats, read_trees

if TYPE_CHECKING:
    import lightgbm
    import pandas as pd

TOLERANCE = 1e-9
Method = Literal["interventional", "path"]
METHOD: Method = "interventional"  # of everything eswarn issues


@dataclass(frozen=True, slots=True)
class Explained:
    """Raw scores with their Shapley values, all in log-odds: ``base + values.sum(axis=1)`` is ``raw`` within 1e-9.

    Attributes
    ----------
    values : array of shape (n, features)
    base : float
    raw : array of shape (n,)
    """

    values: Floats
    base: float
    raw: Floats

    def __post_init__(self) -> None:
        gap = np.abs(self.base + self.values.sum(axis=1) - self.raw)
        if not (gap <= TOLERANCE).all():  # written so that NaN fails too
            raise OurBug(
                f"the reasons do not add up to the score for {words.count(int((~(gap <= TOLERANCE)).sum()), 'pupil')}; nothing was issued",
                do="This is a fault in eswarn, not in the records. Please report it with the model's id.",
            )


class Explainer:
    """Explains rows by some trees, against a reference cohort or by the trees' own training counts.

    Parameters
    ----------
    layout : Layout
        Of the trees.
    reference : Reference, optional
        Patterns of a cohort: interventional values, against all of it. None: path-dependent values (Lundberg and others 2020).
    """

    def __init__(self, layout: Layout, reference: Reference | None = None) -> None:
        self.layout, self.reference = layout, reference
        self._kept: Floats | None = None

    def _tables(self, part: slice) -> Floats:
        """What each group of leaves adds to each value; kept where all fit the budget together."""
        if self._kept is not None:
            return self._kept
        reference = self.reference
        found = self.layout.tables(part, reference.counts if reference else None, reference.rows if reference else 1)
        if len(self.layout.parts) == 1:
            self._kept = found
        return found

    @cached_property
    def base(self) -> float:
        """Mean raw score of the reference cohort; for path-dependent values, of the training rows that the trees count."""
        layout, value = self.layout, self.layout.trees.value
        if self.reference is None:
            share = layout.shares.prod(axis=1)
        else:  # the last pattern of a leaf is that of the rows in it
            share = self.reference.counts[layout.pattern_start[1:] - 1] / self.reference.rows
        return math.fsum(value * share)

    def __call__(self, table: Floats) -> Explained:
        """Explain the raw score of each row.

        Parameters
        ----------
        table : array of shape (n, features)
            Feature values in the trees' order; missing is NaN.

        Raises
        ------
        OurBug
            The values of some row do not add up to its raw score.
        """
        values, raw = self.layout.sums(table, self._tables)
        return Explained(values, self.base, raw + math.fsum(self.layout.trees.value[self.layout.paths.size == 0]))


def explainer_against(text: str, table: Floats) -> Explainer:
    """An explainer of a model text, against all rows of a table."""
    layout = Layout(read_trees(text))
    return Explainer(layout, count_reference(layout, table))


def shapley_values(
    booster: lightgbm.Booster | str, X: npt.ArrayLike | pd.DataFrame, *, reference: npt.ArrayLike | pd.DataFrame | Reference | None = None,
    method: Method = "interventional", budget: int = BUDGET,
) -> Explained:  # fmt: skip
    """Exact Shapley values of a LightGBM binary model, for any table within the bounds.

    Parameters
    ----------
    booster : lightgbm.Booster, lightgbm.LGBMClassifier or str
        A fitted model, or its text; up to its best iteration. The text is read by eswarn alone, so a damaged one cannot harm the process.
    X : array or DataFrame of shape (n, features)
        Numbers; missing is NaN, infinity is refused. A DataFrame has the model's columns, in its order.
    reference : array, DataFrame or Reference, optional
        Rows to compare with, all of them; or their pattern counts, as a trained eswarn model keeps them.
    method : {"interventional", "path"}
        Interventional values answer: how does this row differ from the rows of the reference, by this model? (Janzing and others
        2020; Lundberg and others 2020.) Path-dependent values need no reference: they are those of LightGBM's ``pred_contrib``.
    budget : int
        Bytes that tables may take at any one time.

    Returns
    -------
    Explained
        ``values`` (n, features) and ``base`` in log-odds, and the raw scores.

    Raises
    ------
    ModelRefused
        The model is out of bounds: it says which one. Numeric features, one class, depth at most 8, 254 thresholds a feature.
    UsageError
        The table is not the model's, or there is no reference to compare with.
    """
    if method not in get_args(Method):
        raise UsageError("there is no such method", do='It is "interventional" or "path".')
    if (method == "path") != (reference is None):
        told = ("path-dependent values have no reference", "interventional values need a reference")[method == "interventional"]
        raise UsageError(told, do='Give reference=ROWS, the rows to compare with, or method="path".')
    trees = read_trees(_text(booster))
    layout = Layout(trees, budget=budget)
    if reference is not None and not isinstance(reference, Reference):
        reference = count_reference(layout, _table(reference, trees.names, "reference"))
    if reference is not None and len(reference.counts) != layout.pattern_start[-1]:
        raise UsageError("the reference is not of this model", do="Give the reference that was counted on its trees.")
    return Explainer(layout, reference)(_table(X, trees.names, "X"))


def _text(booster: object) -> str:
    """The text of a model; that of a scikit-learn classifier of LightGBM is asked of its trees."""
    if isinstance(booster, str):
        return booster
    inner: Any = getattr(booster, "_Booster", booster)
    if not hasattr(inner, "model_to_string"):
        do = "Give a fitted lightgbm.Booster or LGBMClassifier, or the text of one (eswarn: model.booster_text)."
        raise UsageError("this is no LightGBM model", do=do)
    return str(inner.model_to_string())


def _table(rows: npt.ArrayLike | pd.DataFrame, names: tuple[str, ...], what: str) -> Floats:
    columns = getattr(rows, "columns", None)
    if columns is not None and tuple(map(str, columns)) != names:
        do = f"Select them:  {what}[booster.feature_name()]."
        raise UsageError(f"{what} does not have the columns of the model in its order", do=do)
    try:
        table = np.ascontiguousarray(rows, np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{what} holds something that is no number", do="Numbers only; missing is NaN.") from None
    if table.ndim != 2 or table.shape[1] != len(names):
        raise UsageError(f"{what} does not have {len(names)} columns, as the model has", do="One row a case, one column a feature.")
    if np.isinf(table).any():
        raise UsageError(f"{what} holds an infinite number", do="Missing is NaN, and nothing else.")
    return table
