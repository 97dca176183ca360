"""RiskModel: a scikit-learn classifier around LightGBM with a calibration curve, regularised by the size of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from eswarn.model.curve import Curve, Floats, fit_curve
from eswarn.model.trees import MAX_DEPTH, booster_from, library, without_pupils

if TYPE_CHECKING:
    import lightgbm
    from sklearn.utils import Tags

FOLDS = 5
# Leavers below which a row of settings holds: trees, depth, leaves. Fixed sizes; there is no early stopping.
SIZES = ((200, 120, 2, 4), (1_000, 200, 3, 8), (10_000, 300, 5, 16), (float("inf"), 400, 7, 31))
LEAVERS_IN_LEAF = 5  # expected in the smallest leaf at the base rate
LEAST_IN_LEAF = 20


class RiskModel(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn 1.9 has no types
    """Calibrated chance of a rare outcome from a plain numeric table, missing values allowed.

    Parameters
    ----------
    trees, depth, leaves, min_leaf : int or "auto"
        Size of the trees. "auto" follows from the number of cases of the rarer class: shallow trees under 200 of them.
        ``depth`` is at most 8, ``min_leaf`` at least 20.
    learning_rate, l2 : float
        Shrinkage and L2 penalty of LightGBM.
    monotone : mapping of str to int, optional
        Feature name = 1 (risk never falls as it grows) or -1 (never rises).
    seed : int
        Seed of column sampling and folds. The same data and seed give the same model, bit for bit, on one platform.

    Attributes
    ----------
    booster_ : lightgbm.Booster
        The fitted trees.
    curve_ : Curve
        Raw score to chance.
    held_out_ : tuple of (array, array)
        Raw scores and outcomes (0 or 1) of the rows the curve was fitted on, none of which the scoring booster learned from.
    calibrated_on_ : str
        "later cohort" or "cross-fit".
    size_ : dict
        What "auto" came to.

    Notes
    -----
    The curve comes from rows that the trees have not seen: a later
    cohort where ``fit`` is given one, else five-fold cross-fitting, with all rows of a group in one fold.
    """

    def __init__(
        self, *, trees: int | Literal["auto"] = "auto", depth: int | Literal["auto"] = "auto", leaves: int | Literal["auto"] = "auto",
        min_leaf: int | Literal["auto"] = "auto", learning_rate: float = 0.05, l2: float = 10.0,
        monotone: Mapping[str, int] | None = None, seed: int = 1,
    ) -> None:  # fmt: skip
        self.trees = trees
        self.depth = depth
        self.leaves = leaves
        self.min_leaf = min_leaf
        self.learning_rate = learning_rate
        self.l2 = l2
        self.monotone = monotone
        self.seed = seed

    def __sklearn_tags__(self) -> Tags:
        """Say to scikit-learn: binary only, missing values allowed."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, *, groups: npt.ArrayLike | None = None,
        later: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    ) -> RiskModel:  # fmt: skip
        """Fit trees and curve.

        Parameters
        ----------
        X : array of shape (n, features)
            Numbers; missing is NaN, infinity is refused.
        y : array of shape (n,)
            Two classes; the second in sorted order is the outcome.
        groups : array of shape (n,), optional
            Rows of one person; they stay together in cross-fitting and count once as a case.
        later : tuple of (X, y), optional
            A later cohort to calibrate on, instead of cross-fitting.

        Returns
        -------
        RiskModel
            Itself.
        """
        table, target = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", order="C")
        check_classification_targets(target)
        kind = type_of_target(target, input_name="y")
        if kind != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        self.classes_, cases = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("RiskModel needs rows of two classes; the data hold one class only.")
        self.size_ = self._size(cases, groups)
        self.booster_ = self._train(table, cases)
        if later is not None:
            later_table = validate_data(self, later[0], dtype=np.float64, ensure_all_finite="allow-nan", order="C", reset=False)
            raw, outcome = self._raw(self.booster_, later_table), np.searchsorted(self.classes_, np.asarray(later[1]))
        else:
            raw, outcome = self._cross_fit(table, cases, groups), cases
        self.calibrated_on_ = "later cohort" if later is not None else "cross-fit"
        self.held_out_ = (raw, outcome)
        self.curve_: Curve = fit_curve(raw, outcome)
        return self

    def decision_function(self, X: npt.ArrayLike) -> Floats:
        """Raw score less the raw score at which the calibrated chance is even: above 0 the outcome is the likelier class."""
        raw = self.raw_score(X)
        return raw - self.curve_.even

    def raw_score(self, X: npt.ArrayLike) -> Floats:
        """Sum of the trees for each row, in log-odds before calibration. Pupils are ranked by it, and reasons add up to it."""
        check_is_fitted(self, "booster_")
        return self._raw(self.booster_, validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", order="C", reset=False))

    def predict_proba(self, X: npt.ArrayLike) -> Floats:
        """Calibrated chance of each class, shape (n, 2)."""
        raw = self.raw_score(X)
        risk = self.curve_(raw)
        return np.column_stack([1 - risk, risk])

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """The likelier class of each row. A list of pupils should be cut by places, not by this."""
        likelier = self.decision_function(X) > 0
        return np.asarray(self.classes_[likelier.astype(int)])

    def _size(self, cases: npt.NDArray[np.integer], groups: npt.ArrayLike | None) -> dict[str, int]:
        """Settings by the number of cases of the rarer class, each person counted once."""
        rarer = cases == int(cases.mean() < 0.5)
        n_cases = len(np.unique(np.asarray(groups)[rarer])) if groups is not None else int(rarer.sum())
        _, trees, depth, leaves = next(row for row in SIZES if n_cases < row[0])
        in_leaf = round(min(LEAVERS_IN_LEAF / rarer.mean(), len(cases) / 10))
        auto = {"trees": trees, "depth": depth, "leaves": leaves, "min_leaf": max(LEAST_IN_LEAF, in_leaf)}
        size = {name: value if getattr(self, name) == "auto" else int(getattr(self, name)) for name, value in auto.items()}
        if not 1 <= size["depth"] <= MAX_DEPTH or size["min_leaf"] < LEAST_IN_LEAF:
            raise ValueError(f"depth is at most {MAX_DEPTH} (exact reasons cost 3^depth) and min_leaf at least {LEAST_IN_LEAF}")
        return size

    def _train(self, table: Floats, cases: npt.NDArray[np.integer]) -> lightgbm.Booster:
        lgb = library()
        names = [str(n) for n in getattr(self, "feature_names_in_", range(table.shape[1]))]
        monotone = self.monotone or {}
        params = {
            "objective": "binary", "learning_rate": self.learning_rate, "max_depth": self.size_["depth"],
            "num_leaves": self.size_["leaves"], "min_data_in_leaf": self.size_["min_leaf"], "lambda_l2": self.l2,
            "feature_fraction": 0.8, "seed": self.seed, "deterministic": True, "force_row_wise": True, "verbosity": -1,
            "monotone_constraints": [int(monotone.get(n, 0)) for n in names],
        }  # fmt: skip
        # position names: LightGBM refuses some characters, and a name must not decide whether a model can be trained
        data = lgb.Dataset(table, cases, feature_name=[f"x{i}" for i in range(table.shape[1])], free_raw_data=True)
        return booster_from(without_pupils(lgb.train(params, data, num_boost_round=self.size_["trees"]).model_to_string()))

    def _cross_fit(self, table: Floats, cases: npt.NDArray[np.integer], groups: npt.ArrayLike | None) -> Floats:
        """Raw score of each row by trees that saw neither it nor its group."""
        folds = min(FOLDS, *np.bincount(cases).tolist())
        if folds < 2:  # a single case: nothing can be held out, and the curve's smoothed targets keep it from certainty
            return self._raw(self.booster_, table)
        if groups is None:
            splits = StratifiedKFold(folds, shuffle=True, random_state=self.seed).split(table, cases)
        else:
            splits = StratifiedGroupKFold(folds, shuffle=True, random_state=self.seed).split(table, cases, np.asarray(groups))
        raw = np.zeros(len(table))
        for learn, judge in splits:
            raw[judge] = self._raw(self._train(table[learn], cases[learn]), table[judge])
        return raw

    @staticmethod
    def _raw(booster: lightgbm.Booster, table: Floats) -> Floats:
        return np.asarray(booster.predict(table, raw_score=True), float)
