"""RiskModel: at home in scikit-learn, bit-equal where it must be, monotone where it was told, and calm with little data."""

from __future__ import annotations

import subprocess
import sys

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from eswarn.model import risk
from eswarn.model.risk import LEAST_IN_LEAF, RiskModel
from eswarn.model.shapley import explainer_against

NAMES = ("absence", "late", "marks", "noise")


def cohort(n: int = 1_500, *, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 4)), columns=list(NAMES))
    logit = -2.2 + 1.2 * X["absence"] + 0.5 * X["late"] * (X["absence"] > 0) - 0.8 * X["marks"]
    y = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int).to_numpy()
    return X.mask(rng.random(X.shape) < 0.05), y


@pytest.fixture(scope="module")
def data() -> tuple[pd.DataFrame, np.ndarray]:
    return cohort()


@pytest.fixture(scope="module")
def fitted(data: tuple[pd.DataFrame, np.ndarray]) -> RiskModel:
    return RiskModel(monotone={"absence": 1, "late": 1, "marks": -1}).fit(*data)


def model_bytes(model: RiskModel) -> bytes:
    return model.booster_.model_to_string().encode() + repr(model.curve_).encode()


# --- in scikit-learn -------------------------------------------------------------------------------------------------


def test_it_works_in_cross_validate_with_pandas(data: tuple[pd.DataFrame, np.ndarray]):
    X, y = data
    people = np.arange(len(y)) // 3
    told = cross_validate(RiskModel(), X, y, cv=GroupKFold(3), groups=people, scoring=("roc_auc", "neg_brier_score"), error_score="raise")
    assert told["test_roc_auc"].min() > 0.7
    assert told["test_neg_brier_score"].min() > -0.12


def test_it_works_behind_transformers_that_give_pandas(data: tuple[pd.DataFrame, np.ndarray]):
    X, y = data
    chosen = ColumnTransformer([("keep", "passthrough", ["marks", "absence"])], verbose_feature_names_out=False)
    line = make_pipeline(FunctionTransformer(), chosen, RiskModel(monotone={"absence": 1})).set_output(transform="pandas").fit(X, y)
    assert list(line[-1].feature_names_in_) == ["marks", "absence"]
    assert line.predict_proba(X)[:, 1].std() > 0.05


def test_a_clone_with_other_settings_is_another_model(fitted: RiskModel, data: tuple[pd.DataFrame, np.ndarray]):
    again = clone(fitted)
    assert again.get_params() == fitted.get_params()
    assert not hasattr(again, "booster_")
    other = clone(fitted).set_params(trees=7, depth=1, leaves=2, min_leaf=50, average=2, seed=9).fit(*data)
    assert other.size_ == {"trees": 7, "depth": 1, "leaves": 2, "min_leaf": 50, "average": 2}
    assert other.booster_.num_trees() == 14


def test_any_two_classes_will_do(data: tuple[pd.DataFrame, np.ndarray]):
    X, y = data
    model = RiskModel(trees=20).fit(X, np.where(y == 1, "left", "at school"))
    assert model.classes_.tolist() == ["at school", "left"]
    assert set(model.predict(X)) == {"at school", "left"}
    assert model.predict_proba(X)[:, 0].tobytes() == RiskModel(trees=20).fit(X, y).predict_proba(X)[:, 0].tobytes()


def test_the_likelier_class_is_the_one_with_the_larger_chance(fitted: RiskModel, data: tuple[pd.DataFrame, np.ndarray]):
    X, _ = data
    chance = fitted.predict_proba(X)
    assert (fitted.predict(X) == chance.argmax(axis=1)).all()
    assert ((fitted.decision_function(X) > 0) == (chance[:, 1] > 0.5)).all()
    assert chance.sum(axis=1).tolist() == [1.0] * len(X)


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda X, y: (X.assign(late=np.inf), y), "infinity"),
        (lambda X, y: (X, np.arange(len(y)) % 3), "Only binary classification is supported"),
        (lambda X, y: (X, y * 0), "one class only"),
        (lambda X, y: (X, y + 0.5 * np.arange(len(y))), "Only binary classification|continuous"),
        (lambda X, y: (X[:-1], y), "inconsistent numbers of samples"),
        (lambda X, y: (X.to_numpy()[0], y), "1D array"),
    ],
)
def test_data_it_cannot_learn_from_are_refused(data: tuple[pd.DataFrame, np.ndarray], change, said: str):
    with pytest.raises(ValueError, match=said):
        RiskModel().fit(*change(*data))


def test_columns_in_another_order_or_of_another_name_are_refused(fitted: RiskModel, data: tuple[pd.DataFrame, np.ndarray]):
    X, _ = data
    for wrong in (X[list(NAMES[::-1])], X.rename(columns={"late": "later"}), X[list(NAMES[:3])]):
        for ask in (fitted.predict_proba, fitted.raw_score, fitted.decision_function):
            with pytest.raises(ValueError, match=r"feature names|features"):
                ask(wrong)
    with pytest.raises(ValueError, match="infinity"):
        fitted.predict(X.assign(late=-np.inf))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"depth": 9}, "depth is at most 8"), ({"depth": 0}, "depth is at most 8"), ({"min_leaf": 19}, "min_leaf at least 20"),
        ({"trees": 0}, "a tree and a booster"), ({"average": 0}, "a tree and a booster"), ({"leaves": 1}, "two leaves"),
        ({"learning_rate": 0}, "learning_rate"), ({"l2": -1}, "l2"),
        ({"learning_rate": float("nan")}, "learning_rate"), ({"monotone": {"absense": 1}}, 'Did you mean "absence"'),
        ({"monotone": {"absence": 2}}, "monotone is 1"),
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused_and_not_passed_on(
    data: tuple[pd.DataFrame, np.ndarray], settings: dict[str, object], said: str, capfd: pytest.CaptureFixture[str]
):
    with pytest.raises(ValueError, match=said):
        RiskModel(**settings).fit(*data)
    assert capfd.readouterr() == ("", ""), "LightGBM was not asked"


def test_a_later_cohort_must_fit(data: tuple[pd.DataFrame, np.ndarray]):
    X, y = data
    wrong = ((X[list(NAMES[::-1])], y, "feature names"), (X, y * 7, "class that the data do not"), (X, y[:9], "inconsistent"))
    for *later, said in wrong:
        with pytest.raises(ValueError, match=said):
            RiskModel(trees=5).fit(X, y, later=tuple(later))
    with pytest.raises(ValueError, match="inconsistent"):
        RiskModel(trees=5).fit(X, y, groups=np.zeros(3))


# --- bit-equal -------------------------------------------------------------------------------------------------------


def test_the_same_data_and_seed_give_the_same_bits(fitted: RiskModel, data: tuple[pd.DataFrame, np.ndarray]):
    again = clone(fitted).fit(*data)
    assert model_bytes(again) == model_bytes(fitted)
    assert model_bytes(clone(fitted).set_params(seed=2).fit(*data)) != model_bytes(fitted)


def test_a_score_does_not_depend_on_its_neighbours(fitted: RiskModel, data: tuple[pd.DataFrame, np.ndarray]):
    X, _ = data
    raw = fitted.raw_score(X)
    shuffled = np.random.default_rng(1).permutation(len(X))
    assert fitted.raw_score(X.iloc[shuffled]).tobytes() == raw[shuffled].tobytes()
    assert np.concatenate([fitted.raw_score(X.iloc[i : i + 7]) for i in range(0, 70, 7)]).tobytes() == raw[:70].tobytes()
    assert fitted.predict_proba(X.iloc[shuffled]).tobytes() == fitted.predict_proba(X)[shuffled].tobytes()


THREADS = """
import sys
from tests.unit.model.test_risk import cohort, model_bytes
from eswarn.model.risk import RiskModel
import hashlib
X, y = cohort(5_000)
model = RiskModel(trees=60, depth=6, leaves=31).fit(X, y)
print(hashlib.sha256(model_bytes(model) + model.raw_score(X).tobytes()).hexdigest())
"""


def test_one_thread_and_two_give_the_same_bits(monkeypatch: pytest.MonkeyPatch):
    told = []
    for threads in ("1", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        told.append(subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=True).stdout)
    assert told[0] == told[1] != ""


# --- several boosters averaged ---------------------------------------------------------------------------------------


def test_the_raw_score_is_the_mean_of_boosters_of_other_seeds(data: tuple[pd.DataFrame, np.ndarray], monkeypatch: pytest.MonkeyPatch):
    X, y = data
    grown: list[lgb.Booster] = []
    train = lgb.train
    monkeypatch.setattr(lgb, "train", lambda *words, **named: grown.append(train(*words, **named)) or grown[-1])
    model = RiskModel(trees=40, average=4, monotone={"absence": 1}).fit(X, y, later=(X, y))
    each = [booster.predict(X, raw_score=True) for booster in grown]
    assert len({one.tobytes() for one in each}) == len(each) == 4
    assert model.raw_score(X) == pytest.approx(np.mean(each, axis=0), abs=1e-12)
    assert model.grow(X.to_numpy(), y, seed=model.seed).model_to_string() == model.booster_.model_to_string()


def test_reasons_of_the_mean_are_the_means_of_the_reasons(data: tuple[pd.DataFrame, np.ndarray], monkeypatch: pytest.MonkeyPatch):
    X, y = data
    grown: list[lgb.Booster] = []
    train = lgb.train
    monkeypatch.setattr(lgb, "train", lambda *words, **named: grown.append(train(*words, **named)) or grown[-1])
    model, table = RiskModel(trees=30, average=3).fit(X, y, later=(X, y)), X.to_numpy()
    values = [explainer_against(booster.model_to_string(), table)(table[:200]).values for booster in grown]
    ours = explainer_against(model.booster_.model_to_string(), table)(table[:200])
    assert ours.values == pytest.approx(np.mean(values, axis=0), abs=1e-12)
    assert ours.raw == pytest.approx(model.raw_score(X)[:200], abs=1e-12)


def test_a_mean_of_more_boosters_depends_less_on_the_seed(data: tuple[pd.DataFrame, np.ndarray]):
    X, y = data

    def moves(average: int) -> float:
        model = RiskModel(trees=60, average=average).fit(X, y, later=(X, y))
        raws = [model.grow(X.to_numpy(), y, seed=seed).predict(X.to_numpy(), raw_score=True) for seed in range(8)]
        return float(np.std(raws, axis=0, ddof=1).mean())

    assert moves(8) < 0.5 * moves(1)


# --- monotone --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "sign"), [("absence", 1), ("late", 1), ("marks", -1)])
def test_with_all_else_fixed_the_risk_moves_only_the_declared_way(
    fitted: RiskModel, data: tuple[pd.DataFrame, np.ndarray], name: str, sign: int
):
    X, _ = data
    grid = np.sort(np.concatenate([X[name].dropna().to_numpy(), np.linspace(-50, 50, 101)]))
    moved = False
    for row in range(25):
        raw = fitted.raw_score(pd.DataFrame([X.iloc[row]] * len(grid)).assign(**{name: grid}))
        assert (sign * np.diff(raw) >= 0).all()
        moved = moved or np.ptp(raw) > 0.5
    assert moved, "the feature is used, so this could have failed"


def test_without_the_constraint_it_does_move_both_ways():
    rng = np.random.default_rng(2)
    X = pd.DataFrame({"absence": rng.normal(size=2_000)})
    y = (np.abs(X["absence"]) + rng.normal(size=2_000) > 1.5).astype(int)
    grid = pd.DataFrame({"absence": np.linspace(-3, 3, 200)})
    free, held = RiskModel().fit(X, y).raw_score(grid), RiskModel(monotone={"absence": 1}).fit(X, y).raw_score(grid)
    assert np.diff(free).min() < 0
    assert np.diff(held).min() >= 0


def test_a_column_without_a_name_is_told_by_its_place(data: tuple[pd.DataFrame, np.ndarray]):
    X, y = data
    named = RiskModel(trees=20, monotone={"marks": -1}).fit(X, y)
    placed = RiskModel(trees=20, monotone={"2": -1}).fit(X.to_numpy(), y)
    assert placed.raw_score(X.to_numpy()).tobytes() == named.raw_score(X).tobytes()


# --- little data -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "leavers"), [(2, 1), (3, 2), (5, 1), (10, 3), (41, 20), (60, 1), (60, 2), (60, 59), (400, 4)])
def test_few_rows_or_few_leavers_neither_warn_nor_fail(n: int, leavers: int):
    rng = np.random.default_rng(n)
    X, y = rng.normal(size=(n, 3)), (np.arange(n) < leavers).astype(int)
    chance = RiskModel().fit(X, y).predict_proba(X)[:, 1]
    assert ((chance > 0) & (chance < 1)).all()
    assert chance.mean() == pytest.approx((leavers + 1) / (n + 2), abs=0.1)


@pytest.mark.parametrize("X", [np.ones((50, 2)), np.full((50, 2), np.nan), np.eye(50)[:, :2]])
def test_columns_that_tell_nothing_give_about_the_base_rate(X: np.ndarray):
    y = (np.arange(50) % 5 == 0).astype(int)
    assert RiskModel().fit(X, y).predict_proba(X)[:, 1] == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize(
    "people", [np.zeros(60), np.arange(60) % 2, np.arange(60) % 3, np.array(["a"] * 30 + [f"b{i}" for i in range(30)])]
)
def test_rows_of_few_people_neither_warn_nor_fail(people: np.ndarray):
    X, _ = cohort(60)
    chance = RiskModel().fit(X, (np.arange(60) < 30).astype(int), groups=people).predict_proba(X)
    assert np.isfinite(chance).all()


# --- sizes and calibration -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("leavers", "size"), [(199, (80, 2, 4, 5)), (200, (100, 3, 8, 3)), (999, (100, 3, 8, 3)), (1_000, (200, 4, 12, 3))]
)
def test_trees_grow_with_the_number_of_leavers(leavers: int, size: tuple[int, int, int, int]):
    X = np.random.default_rng(0).normal(size=(4_000, 2))
    model = RiskModel()._size((np.arange(4_000) < leavers).astype(int), np.arange(4_000))
    assert (model["trees"], model["depth"], model["leaves"], model["average"]) == size
    many_rows_of_few = RiskModel()._size((np.arange(len(X)) < 1_000).astype(int), np.arange(len(X)) // 10)
    assert many_rows_of_few["depth"] == 2, "a person counts once, not once a row"


def test_no_leaf_holds_fewer_than_twenty_rows(fitted: RiskModel):
    """A few telling columns make leaves of 4 rows with LightGBM's own least number, which it only estimates (4.7)."""
    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(600, 1)) * 2 + rng.normal(size=(600, 6)))
    y = (rng.random(600) < 1 / (1 + np.exp(-X[:, :3].mean(axis=1) * 2))).astype(int)
    for model in (fitted, RiskModel(depth=5, leaves=16, min_leaf=20, l2=0).fit(X, y)):
        counts = [int(n) for line in model.booster_.model_to_string().split("leaf_count=")[1:] for n in line.split("\n")[0].split()]
        assert len(counts) > 100
        assert min(counts) >= LEAST_IN_LEAF


def test_the_curve_is_fitted_on_rows_the_trees_did_not_see():
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(600, 20)), (rng.random(600) < 0.3).astype(int)  # nothing to learn: what was seen is overrated
    model = RiskModel(trees=80, learning_rate=0.2, depth=5, leaves=16, min_leaf=20).fit(X, y)
    seen, held_out = model.raw_score(X), model.judged_[0]

    def gap(raw: np.ndarray) -> float:
        return float(raw[y == 1].mean() - raw[y == 0].mean())

    assert gap(seen) > 0.8
    assert abs(gap(held_out)) < 0.3
    assert np.ptp(model.predict_proba(X)[:, 1]) < 0.3, "so the curve is nearly level"


def test_rows_of_one_person_stay_together_when_the_curve_is_fitted(monkeypatch: pytest.MonkeyPatch):
    learned: list[set[float]] = []
    judged: list[set[float]] = []
    train, raw = RiskModel._train, risk.raw_scores
    monkeypatch.setattr(RiskModel, "_train", lambda m, table, *rest: learned.append(set(table[:, 0])) or train(m, table, *rest))
    monkeypatch.setattr(risk, "raw_scores", lambda booster, table: judged.append(set(table[:, 0])) or raw(booster, table))
    person = np.random.default_rng(5).permutation(np.repeat(np.arange(40), 5))
    model = RiskModel(trees=5).fit(np.column_stack([person, person % 7]), (person < 12).astype(int), groups=person)
    assert (len(learned), len(judged)) == (11, 10), "all rows, then ten folds"
    assert all(not seen & held_out for seen, held_out in zip(learned[1:], judged, strict=True))
    assert sorted(p for fold in judged for p in fold) == sorted(set(person))
    assert all(1 <= len(fold & set(range(12))) <= 2 for fold in judged), "leavers are spread evenly"
    assert len(model.judged_[0]) == 200


def test_a_later_cohort_makes_the_curve_where_there_is_one(data: tuple[pd.DataFrame, np.ndarray]):
    X, y = data
    X2, y2 = cohort(800, seed=1)
    model = RiskModel().fit(X, y, later=(X2, 1 - y2))
    assert model.calibrated_on_ == "later cohort"
    assert model.judged_[0].tobytes() == model.raw_score(X2).tobytes()
    assert model.judged_[1].tolist() == (1 - y2).tolist()
    assert RiskModel().fit(X, y).calibrated_on_ == "cross-fit"
    assert model.booster_.model_to_string() == RiskModel().fit(X, y).booster_.model_to_string()


def test_chances_are_calibrated_on_new_pupils(fitted: RiskModel):
    X, y = cohort(4_000, seed=7)
    chance = fitted.predict_proba(X)[:, 1]
    assert y.sum() / chance.sum() == pytest.approx(1, abs=0.1)
    for low, high in ((0, 0.05), (0.05, 0.15), (0.15, 0.4), (0.4, 1)):
        inside = (chance >= low) & (chance < high)
        assert y[inside].mean() == pytest.approx(chance[inside].mean(), abs=0.06)


# --- whom the curve may learn from -----------------------------------------------------------------------------------


def test_groups_of_which_one_has_no_case_are_still_held_out():
    """Twenty schools, one without a leaver, and nothing but noise: what is judged must look like noise."""
    rng = np.random.default_rng(5)
    school = np.repeat(np.arange(20), 100)
    X, y = rng.normal(size=(2_000, 5)), ((rng.random(2_000) < 0.1) & (school > 0)).astype(int)
    model = RiskModel().fit(X, y, groups=school)
    assert model.calibrated_on_ == "cross-fit"
    assert 0.4 < roc_auc_score(model.judged_[1], model.judged_[0]) < 0.6


def test_where_nobody_can_be_held_out_it_says_so():
    X, y = np.random.default_rng(0).normal(size=(200, 2)), (np.arange(200) % 4 == 0).astype(int)
    assert RiskModel().fit(X, y, groups=np.zeros(200)).calibrated_on_ == "training rows"


def test_a_missing_group_is_refused():
    with pytest.raises(ValueError, match="groups hold a missing value"):
        RiskModel().fit(np.zeros((40, 1)), np.arange(40) % 2, groups=[None, *range(39)])


def test_a_person_counts_once_towards_the_size_of_the_curve():
    X, y = np.random.default_rng(0).normal(size=(6_000, 2)), (np.arange(6_000) % 4 == 0).astype(int)
    assert RiskModel(trees=5).fit(X, y).curve_.method == "isotonic"
    assert RiskModel(trees=5).fit(X, y, groups=np.arange(6_000) // 8).curve_.method == "sigmoid"
