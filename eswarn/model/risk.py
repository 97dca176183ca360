"""RiskModel: a scikit-learn classifier around LightGBM with a calibration curve, regularised by the size of the data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d, validate_data

from eswarn.errors import nearest
from eswarn.model.booster import averaged, library, raw_scores, without_pupils
from eswarn.model.curve import Curve, Floats, fit_curve
from eswarn.model.trees import MAX_DEPTH

if TYPE_CHECKING:
    import lightgbm
    from sklearn.utils import Tags

Ints = npt.NDArray[np.integer]
# Cases of the rarer class below which a row of settings holds. Fixed sizes; there is no early stopping.
SIZES: tuple[tuple[float, dict[str, int]], ...] = (
    (200, {"trees": 80, "depth": 2, "leaves": 4, "average": 5}),
    (1_000, {"trees": 100, "depth": 3, "leaves": 8, "average": 3}),
    (10_000, {"trees": 200, "depth": 4, "leaves": 12, "average": 3}),
    (math.inf, {"trees": 200, "depth": 5, "leaves": 16, "average": 3}),
)
FOLDS = ((200, 10), (math.inf, 5))  # cases likewise: nine tenths of few teach more like all of them than four fifths
# What differs from seed to seed: thresholds too are drawn by lot, which made better models of simulated tables than searching for the best.
DRAWN = {"extra_trees": True, "feature_fraction": 0.8}
ONE_THREAD = 2**18  # numbers in a table that one thread learns from sooner than two
LEAVERS_IN_LEAF = 5  # expected in the smallest leaf at the base rate
LEAST_IN_LEAF = 20
# LightGBM 4.7 estimates the rows of a leaf from its hessian, and makes leaves of 4 where 20 are the least. A row has at most 1/4 of it.
LEAST_HESSIAN = LEAST_IN_LEAF / 4


class RiskModel(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn 1.9 has no types
    """Calibrated chance of a rare outcome from a plain numeric table, missing values allowed.

    Parameters
    ----------
    trees, depth, leaves, min_leaf : int or "auto"
        Trees of each booster, and their size. "auto" follows from the number of cases of the rarer class: shallow trees under 200 of them.
        ``depth`` is at most 8, ``min_leaf`` at least 20.
    average : int or "auto"
        Boosters, each of another seed, whose mean the model is: one text with the trees of all.
    learning_rate, l2 : float
        Shrinkage and L2 penalty of LightGBM.
    monotone : mapping of str to int, optional
        Feature name = 1 (risk never falls as it grows) or -1 (never rises).
    seed : int
        Seed of what is drawn (columns and thresholds) and of the folds. The same data and seed give the same model, bit for bit, on
        one platform.

    Attributes
    ----------
    booster_ : lightgbm.Booster
        The fitted trees.
    curve_ : Curve
        Raw score to chance.
    judged_ : tuple of (array, array)
        Raw scores and outcomes (0 or 1) of the rows the curve was fitted on: of the later cohort by ``booster_``, or of the
        training rows, each by trees of a fold that did not learn from it.
    calibrated_on_ : str
        "later cohort", "cross-fit", or "training rows" where nobody could be held out: such a curve is too sure of itself.
    size_ : dict
        What "auto" came to.

    Notes
    -----
    The curve comes from rows that the trees have not seen: a later
    cohort where ``fit`` is given one, else cross-fitting, with all rows of a group in one fold: ten folds under 200 cases, else five.
    """

    def __init__(
        self, *, trees: int | Literal["auto"] = "auto", depth: int | Literal["auto"] = "auto", leaves: int | Literal["auto"] = "auto",
        min_leaf: int | Literal["auto"] = "auto", average: int | Literal["auto"] = "auto", learning_rate: float = 0.1, l2: float = 10.0,
        monotone: Mapping[str, int] | None = None, seed: int = 1,
    ) -> None:  # fmt: skip
        self.trees = trees
        self.depth = depth
        self.leaves = leaves
        self.min_leaf = min_leaf
        self.average = average
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
        later: tuple[npt.ArrayLike, ...] | None = None,
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
        later : tuple of (X, y) or (X, y, groups), optional
            A later cohort to calibrate on, instead of cross-fitting.

        Returns
        -------
        RiskModel
            Itself.

        Raises
        ------
        ValueError
            The data cannot be learned from, or a setting is out of range.
        """
        table, target = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", order="C")
        check_classification_targets(target)
        kind = type_of_target(target, input_name="y")
        if kind != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        self.classes_, cases = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("RiskModel needs rows of two classes; the data hold one class only.")
        people = _people(groups, table)
        self.size_ = self._size(cases, people)
        signs = self._signs(table.shape[1])
        self.booster_ = self._train(table, cases, signs)
        if later is not None:
            later_table, told = validate_data(self, *later[:2], dtype=np.float64, ensure_all_finite="allow-nan", order="C", reset=False)
            if not np.isin(told, self.classes_).all():
                raise ValueError("The later cohort holds a class that the data do not.")
            raw, outcome = raw_scores(self.booster_, later_table), np.searchsorted(self.classes_, told)
            people, self.calibrated_on_ = _people(later[2] if len(later) > 2 else None, later_table), "later cohort"
        else:
            (raw, self.calibrated_on_), outcome = self._cross_fit(table, cases, people, signs), cases
        self.judged_ = (raw, outcome)
        rarer = outcome == int(outcome.mean() < 0.5)
        self.curve_: Curve = fit_curve(raw, outcome, cases=len(np.unique(people[rarer])))
        return self

    def decision_function(self, X: npt.ArrayLike) -> Floats:
        """Raw score less the raw score at which the calibrated chance is even: above 0 the outcome is the likelier class."""
        raw = self.raw_score(X)
        return raw - self.curve_.even

    def raw_score(self, X: npt.ArrayLike) -> Floats:
        """Sum of the trees for each row, in log-odds before calibration. Pupils are ranked by it, and reasons add up to it."""
        check_is_fitted(self, "booster_")
        return raw_scores(self.booster_, validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", order="C", reset=False))

    def predict_proba(self, X: npt.ArrayLike) -> Floats:
        """Calibrated chance of each class, shape (n, 2)."""
        raw = self.raw_score(X)
        risk = self.curve_(raw)
        return np.column_stack([1 - risk, risk])

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """The likelier class of each row. A list of pupils should be cut by places, not by this."""
        likelier = self.decision_function(X) > 0
        return np.asarray(self.classes_[likelier.astype(int)])

    def grow(self, X: Floats, y: Ints, *, seed: int, weight: Floats | None = None) -> lightgbm.Booster:
        """Trees alone: sizes and settings of this model, another seed, other or weighted rows, no curve. They are kept nowhere."""
        return self._train(X, y, self._signs(X.shape[1]), seed, weight)

    def _size(self, cases: Ints, people: Ints) -> dict[str, int]:
        """Settings by the number of cases of the rarer class, each person counted once."""
        rarer = cases == int(cases.mean() < 0.5)
        found = len(np.unique(people[rarer]))
        in_leaf = round(min(LEAVERS_IN_LEAF / rarer.mean(), len(cases) / 10))
        auto = next(size for below, size in SIZES if found < below) | {"min_leaf": max(LEAST_IN_LEAF, in_leaf)}
        size = {name: value if getattr(self, name) == "auto" else int(getattr(self, name)) for name, value in auto.items()}
        if not 1 <= size["depth"] <= MAX_DEPTH or size["min_leaf"] < LEAST_IN_LEAF:
            raise ValueError(f"depth is at most {MAX_DEPTH} (exact reasons cost 3^depth) and min_leaf at least {LEAST_IN_LEAF}")
        if min(size["trees"], size["average"]) < 1 or size["leaves"] < 2 or not self.learning_rate > 0 or not self.l2 >= 0:
            raise ValueError("there is a tree and a booster at least, two leaves to a tree, learning_rate is above 0, and l2 is 0 or more")
        return size

    def _signs(self, columns: int) -> list[int]:
        """Direction of each column. A name that is not there is refused: a constraint must not be lost in silence."""
        monotone = self.monotone or {}
        names = [str(n) for n in getattr(self, "feature_names_in_", range(columns))]
        for name, sign in monotone.items():
            if name not in names:
                raise ValueError(f'monotone names "{name}", which is no column. {nearest(name, names)}')
            if sign not in (-1, 0, 1):
                raise ValueError("monotone is 1 (risk never falls), -1 (never rises) or 0")
        return [int(monotone.get(name, 0)) for name in names]

    def _train(
        self, table: Floats, cases: Ints, signs: list[int], seed: int | None = None, weight: Floats | None = None
    ) -> lightgbm.Booster:
        lgb = library()
        params = {
            "objective": "binary", "learning_rate": self.learning_rate, "max_depth": self.size_["depth"],
            "num_leaves": self.size_["leaves"], "min_data_in_leaf": self.size_["min_leaf"],
            "min_sum_hessian_in_leaf": LEAST_HESSIAN, "lambda_l2": self.l2,
            "deterministic": True, "force_row_wise": True, "verbosity": -1, "monotone_constraints": signs,
            "num_threads": 1 if table.size <= ONE_THREAD else 0, **DRAWN,
        }  # fmt: skip
        # position names: LightGBM refuses some characters, and a name must not decide whether a model can be trained
        data = lgb.Dataset(table, cases, weight=weight, feature_name=[f"x{i}" for i in range(table.shape[1])], free_raw_data=True)
        seeds = np.random.SeedSequence(self.seed if seed is None else seed).generate_state(self.size_["average"]) >> 1  # 31 bits
        # all learn from the one set of bins: with bins of its own each would bring thresholds of its own, too many for exact reasons
        grown = (lgb.train(params | {"seed": int(one)}, data, num_boost_round=self.size_["trees"]) for one in seeds)
        text = without_pupils(averaged([booster.model_to_string() for booster in grown]))
        booster: lightgbm.Booster = lgb.Booster(model_str=text)  # what LightGBM has just written may be read by it: gains and all are kept
        return booster

    def _cross_fit(self, table: Floats, cases: Ints, people: Ints, signs: list[int]) -> tuple[Floats, str]:
        """Raw score of each row by trees that saw neither it nor another row of its group; and whether that could be done."""
        is_case = np.zeros(people.max() + 1, np.int64)  # of each person: whether any row is of the rarer class
        np.maximum.at(is_case, people, (cases == int(cases.mean() < 0.5)).astype(np.int64))
        counts = np.unique(is_case, return_counts=True)[1]
        kind, most = (StratifiedKFold, counts.min()) if counts.min() > 1 else (KFold, len(is_case))
        folds = next(folds for below, folds in FOLDS if is_case.sum() < below)
        raw = np.full(len(table), np.nan)
        if most > 1:
            for _, fold in kind(min(folds, most), shuffle=True, random_state=self.seed).split(is_case, is_case):
                judge = np.isin(people, fold)
                if len(np.unique(cases[~judge])) == 2:
                    raw[judge] = raw_scores(self._train(table[~judge], cases[~judge], signs), table[judge])
        if np.isnan(raw).any():  # one person, or one with a case: nobody can be held out
            return raw_scores(self.booster_, table), "training rows"
        return raw, "cross-fit"


def _people(groups: npt.ArrayLike | None, table: Floats) -> Ints:
    """A number for each person; each row is one of its own where there are no groups."""
    if groups is None:
        return np.arange(len(table))
    names = column_or_1d(groups)
    check_consistent_length(table, names)
    if any(name is None or name != name for name in names):  # NaN is not itself
        raise ValueError("groups hold a missing value: whose row it is must be known")
    return np.asarray(np.unique(names, return_inverse=True)[1])
