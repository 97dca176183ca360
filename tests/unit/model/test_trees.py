"""The strict reader of model texts: what LightGBM writes comes back to the last bit, and nothing else is read, at little cost."""

from __future__ import annotations

import dataclasses
import re
import time
import tracemalloc
from collections.abc import Callable

import lightgbm as lgb
import numpy as np
import pytest

from eswarn.errors import ModelRefused
from eswarn.model import trees
from eswarn.model.trees import Trees, read_trees

SETTINGS = {"objective": "binary", "verbosity": -1, "deterministic": True, "num_leaves": 12, "max_depth": 6, "min_data_in_leaf": 5}


def rows(seed: int = 0) -> np.ndarray:
    """Rows with missing values, zeros and values that a threshold stands on."""
    rng = np.random.default_rng(seed)
    table = np.round(rng.normal(size=(600, 5)), 1)
    table[rng.random(table.shape) < 0.15] = np.nan
    table[:, 3] = np.nan_to_num(table[:, 3])
    table[rng.random(table.shape) < 0.1] = 0.0
    return table


def trained(**settings: object) -> lgb.Booster:
    table = rows()
    y = (np.nan_to_num(table[:, 0]) * table[:, 3] + np.isnan(table[:, 1]) > 0.4).astype(int)
    return lgb.train({**SETTINGS, **settings}, lgb.Dataset(table, y), num_boost_round=12)


@pytest.fixture(scope="module")
def text() -> str:
    return trained().model_to_string()


def sized(text: str) -> str:
    """The same text with the lengths of its trees put right, as a forger would."""
    body, end, rest = text.partition("\nend of trees")
    head, *blocks = body.split("\nTree=")
    sizes = " ".join(str(len(f"Tree={block}\n")) for block in blocks)
    return "\nTree=".join([re.sub(r"(?m)^tree_sizes=.*$", f"tree_sizes={sizes}", head), *blocks]) + end + rest


def refused(text: str) -> str:
    with pytest.raises(ModelRefused) as told:
        read_trees(text)
    assert told.value.do.endswith(".")
    assert told.value.__suppress_context__ or told.value.__context__ is None
    return told.value.what


# --- written again ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [{}, {"zero_as_missing": True}, {"use_missing": False}, {"sigmoid": 2.5}, {"boosting": "dart"}, {"num_leaves": 2},
     {"min_data_in_leaf": 400}],
    ids=str,
)  # fmt: skip
def test_lightgbm_says_the_same_of_what_we_write_as_of_its_own_text(settings: dict[str, object]):
    booster = trained(**settings)
    again = lgb.Booster(model_str=read_trees(booster.model_to_string()).text())
    for table in (rows(), rows(1), np.full((1, 5), np.nan), np.zeros((1, 5))):
        for asked in ({}, {"raw_score": True}, {"pred_contrib": True}, {"pred_leaf": True}):
            assert again.predict(table, **asked).tobytes() == booster.predict(table, **asked).tobytes(), asked


def test_what_is_written_reads_as_the_same_trees_but_for_names(text: str):
    ours = read_trees(text)
    again = read_trees(ours.text())
    for field in dataclasses.fields(Trees):
        if field.name != "names":
            assert np.array_equal(getattr(again, field.name), getattr(ours, field.name)), field.name
    assert (ours.names[0], again.names) == ("Column_0", ("x0", "x1", "x2", "x3", "x4"))
    assert again.text() == ours.text()


@pytest.mark.parametrize("number", [5e-324, -2.5e-310, -0.0, 0.1 + 0.2, 1e300, 1.7976931348623157e308, np.inf, -np.inf], ids=repr)
def test_lightgbm_reads_every_number_we_write_as_it_was(text: str, number: float):
    ours = read_trees(text)
    threshold, value = ours.threshold.copy(), ours.value.copy()
    threshold[::2] = number
    if abs(number) < 1:
        value[::2] = number
    given = lgb.Booster(model_str=dataclasses.replace(ours, threshold=threshold, value=value).text()).model_to_string()
    # it writes 17 digits, which are enough to tell any two doubles apart
    told = [[float(w) for line in re.findall(f"^{name}=(.*)$", given, re.M) for w in line.split()] for name in ("threshold", "leaf_value")]
    assert np.array(told[0]).tobytes() == threshold.tobytes()
    assert np.array(told[1]).tobytes() == value.tobytes()


def test_trap_lightgbm_takes_for_zero_what_is_no_further_from_it_than_we_say():
    beyond = np.nextafter(trees.ZERO, 1)
    near = np.array([[trees.ZERO], [-trees.ZERO], [1e-35], [0.0], [beyond], [-beyond]])
    for missing, expected in ((0, [1, 1, 1, 1, 1, 0]), (1, [1, 1, 1, 1, 0, 0])):  # right of a threshold below 0, or where missing goes
        stump = (
            STUMP.replace("num_leaves=1", "num_leaves=2")
            .replace("split_feature=", "split_feature=0")
            .replace("leaf_count=1", "leaf_count=1 1")
        )
        for name, value in {"threshold": "-1e-36" if not missing else "1", "decision_type": missing * 4, "left_child": -1,
                            "right_child": -2,
                            "internal_count": 2}.items():  # fmt: skip
            stump = stump.replace(f"{name}=", f"{name}={value}")
        booster = lgb.Booster(model_str=read_trees(made_up([stump.replace("leaf_value=0", "leaf_value=0 1")])).text())
        assert booster.predict(near, raw_score=True).tolist() == expected


# --- refused ---------------------------------------------------------------------------------------------------------


def line(name: str, change: Callable[[str], str]) -> Callable[[str], str]:
    """Change what stands after a name where it first occurs."""
    return lambda text: re.sub(rf"(?m)^{name}=(.*)$", lambda m: f"{name}={change(m[1])}", text, count=1)


def first(word: str) -> Callable[[str], str]:
    return lambda value: " ".join([word, *value.split(" ")[1:]])


DAMAGE: dict[str, tuple[Callable[[str], str], str]] = {
    "an empty text": (lambda t: "", "not the text"),
    "no end": (lambda t: t[: t.index("end of trees")], "not the text"),
    "line ends of another system": (lambda t: t.replace("\n", "\r\n"), "not the text"),
    "line ends of an old system": (lambda t: t.replace("\n", "\r"), "not the text"),
    "a byte-order mark": (lambda t: "\ufeff" + t, "not the text"),
    "a NUL": (line("threshold", lambda v: v.replace(" ", "\0", 1)), "threshold"),
    "a line end of another system in a line": (line("threshold", lambda v: v + "\r"), "threshold"),
    "a vertical tab for a space": (line("threshold", lambda v: v.replace(" ", "\v", 1)), "threshold"),
    "digits of another script": (line("left_child", first("\u0661")), "left_child"),
    "superscript digits": (line("leaf_count", first("\u00b2")), "leaf_count"),
    "full-width digits": (line("threshold", first("\uff11.5")), "threshold"),
    "an underscore in a number": (line("threshold", first("1_0")), "threshold"),
    "a number past the largest": (line("threshold", first("1e400")), "threshold"),
    "one past the largest among infinite ones": (line("threshold", lambda v: first("inf")(v).replace(" ", " 1e400 ", 1)), "threshold"),
    "not a number": (line("threshold", first("nan")), "threshold"),
    "an infinite leaf": (line("leaf_value", first("inf")), "leaf_value"),
    "a leaf nobody trained": (line("leaf_value", first("1e9")), "log-odds"),
    "leaves near the largest number": (lambda t: re.sub(r"(?m)^(leaf_value)=\S+", r"\1=1.7e308", t), "log-odds"),
    "a hexadecimal number": (line("leaf_value", first("0x1p3")), "leaf_value"),
    "a number of a million digits": (line("leaf_value", first("1" * 1_000_000)), "too long"),
    "a count past 32 bits": (line("leaf_count", first("2147483648")), "too large"),
    "a count past 64 bits": (line("leaf_count", first("9" * 20)), "leaf_count"),
    "a negative count": (line("internal_count", first("-1")), "do not make a tree"),
    "a feature that is not there": (line("split_feature", first("5")), "do not make a tree"),
    "a feature before the first": (line("split_feature", first("-1")), "do not make a tree"),
    "a decision of another kind": (line("decision_type", first("12")), "do not make a tree"),
    "a category": (line("decision_type", first("1")), "categorical"),
    "a child twice": (line("left_child", lambda v: first(v.split(" ")[1])(v)), "do not make a tree"),
    "a child outside": (line("right_child", first("99")), "do not make a tree"),
    "the root below itself": (line("left_child", first("0")), "do not make a tree"),
    "two billion leaves": (line("num_leaves", lambda v: "2000000000"), "deeper than 8"),
    "257 leaves": (line("num_leaves", lambda v: "257"), "deeper than 8"),
    "no leaf": (line("num_leaves", lambda v: "0"), "not where it should be"),
    "a leaf less": (line("num_leaves", lambda v: str(int(v) - 1)), "too long"),
    "a tree of one leaf with splits": (line("num_leaves", lambda v: "1"), "too long"),
    "a line twice": (lambda t: t.replace("\nnum_cat=0\n", "\nnum_cat=0\nnum_cat=0\n", 1), "comes twice"),
    "a head line twice": (lambda t: t.replace("\nnum_class=1\n", "\nnum_class=1\nnum_class=1\n", 1), "comes twice"),
    "a line missing": (lambda t: re.sub(r"\nright_child=.*", "", t, count=1), "right_child"),
    "a tree twice": (lambda t: t.replace("\nTree=1\n", "\nTree=0\n"), "not where it should be"),
    "a tree missing": (lambda t: re.sub(r"(?s)\nTree=3\n.*?(?=\nTree=4)", "", t), "not where it should be|tree_sizes"),
    "linear leaves": (line("is_linear", lambda v: "1"), "linear"),
    "more than one class": (line("num_class", lambda v: "3"), "more than one class"),
    "another objective": (line("objective", lambda v: "regression"), "objective"),
    "an objective with no slope": (line("objective", lambda v: "binary sigmoid:0"), "objective"),
    "an objective with a slope nobody can read": (line("objective", lambda v: "binary sigmoid:1e999"), "objective"),
    "averaged trees": (lambda t: t.replace("\nversion=v4\n", "\nversion=v4\naverage_output\n"), "averaged"),
    "a name too few": (line("feature_names", lambda v: v.rpartition(" ")[0]), "feature names"),
    "an empty name": (line("feature_names", lambda v: v.replace(" ", "  ", 1)), "feature names"),
    "a name twice": (line("feature_names", lambda v: v.replace("Column_1", "Column_0")), "feature names"),
    "no names": (lambda t: re.sub(r"\nfeature_names=.*", "", t), "feature names"),
    "a thousand lines in a tree": (lambda t: t.replace("\nnum_cat=0\n", "\nnum_cat=0\n" + "x\n" * 1000, 1), "too many lines"),
    "a thousand lines in the head": (lambda t: t.replace("\nversion=v4\n", "\nversion=v4\n" + "x\n" * 1000, 1), "too many lines"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_refused_even_where_the_lengths_were_put_right(text: str, name: str):
    change, words = DAMAGE[name]
    damaged = change(text)
    assert damaged != text, "the control"
    assert re.search(words, refused(sized(damaged))), refused(sized(damaged))


def test_a_tree_whose_length_is_not_the_one_given_is_refused(text: str):
    for damaged in (
        text.replace("\nshrinkage=1\n", "\nshrinkage=1.0\n", 1),
        text.replace("tree_sizes=", "tree_sizes=1 "),
        text.replace("tree_sizes=", "t="),
    ):
        assert re.search("lengths|tree_sizes", refused(damaged))


def test_a_tree_deeper_than_eight_is_refused():
    table = np.arange(4000.0)[:, None]
    chain = lgb.train(
        {"objective": "binary", "verbosity": -1, "num_leaves": 12, "min_data_in_leaf": 1, "learning_rate": 1.0},
        lgb.Dataset(table, (2.0 ** np.arange(12)).searchsorted(np.arange(4000.0)) % 2), num_boost_round=1,
    )  # fmt: skip
    depth = max(chain.trees_to_dataframe()["node_depth"]) - 1
    assert depth > 8, "the control"
    assert "deeper than 8" in refused(chain.model_to_string())


# --- at little cost --------------------------------------------------------------------------------------------------

STUMP = (
    "num_leaves=1\nnum_cat=0\nsplit_feature=\nthreshold=\ndecision_type=\nleft_child=\nright_child=\nleaf_value=0\nleaf_count=1\n"
    "internal_count=\nis_linear=0\n\n\n"
)


def made_up(trees: list[str], *, names: str = "a", idx: str = "0") -> str:
    head = (
        f"tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx={idx}\nobjective=binary sigmoid:1\nfeature_names={names}"
    )
    return sized(
        "\n".join([f"{head}\ntree_sizes=\n", *(f"Tree={i}\n{tree.rstrip()}\n\n" for i, tree in enumerate(trees)), "end of trees\n"])
    )


def full(depth: int) -> str:
    """A tree with every leaf at one depth."""
    nodes = 2**depth - 1
    children = [child if child < nodes else ~(child - nodes) for child in range(1, 2 * nodes + 1)]
    told = {
        "num_leaves": [nodes + 1], "num_cat": [0], "split_feature": [0] * nodes, "threshold": range(nodes), "decision_type": [2] * nodes,
        "left_child": children[::2], "right_child": children[1::2], "leaf_value": [0] * (nodes + 1), "leaf_count": [1] * (nodes + 1),
        "internal_count": [2] * nodes, "is_linear": [0],
    }  # fmt: skip
    return "".join(f"{name}={' '.join(map(str, values))}\n" for name, values in told.items())


BOMBS: dict[str, Callable[[], str]] = {
    "a million trees": lambda: "tree\n" + "".join(f"\nTree={i}\n" for i in range(1_000_000)) + "\nend of trees\n",
    "five million lines in the head": lambda: "tree\n" + "a\n" * 5_000_000 + "\nTree=0\n\nend of trees\n",
    "five million lines in a tree": lambda: made_up([STUMP + "a=\n" * 5_000_000 + "b"]),
    "ten million names": lambda: made_up([STUMP], names="a " * 10_000_000, idx="10000000"),
    "ten million numbers": lambda: made_up([STUMP.replace("leaf_value=0", "leaf_value=" + "0 " * 10_000_000)]),
    "ten million sizes": lambda: made_up([STUMP]).replace("tree_sizes=", "tree_sizes=" + "1 " * 10_000_000),
    "a number as long as the text": lambda: made_up([STUMP.replace("leaf_value=0", "leaf_value=" + "9" * 30_000_000)]),
    "a sign as long as the text": lambda: made_up([STUMP.replace("leaf_value=0", "leaf_value=" + "-" * 30_000_000)]),
    "one long name": lambda: made_up([STUMP], names="a" * 30_000_000, idx="7"),
    "one long line without a name": lambda: "tree\n" + "a" * 30_000_000 + "\nTree=0\n\nend of trees\n",
    "four bytes a character": lambda: "tree\n\U0001f4a3" + "a" * 30_000_000 + "\nTree=0\n\nend of trees\n",
    "more characters than are read": lambda: "tree\n" * (trees.LARGEST // 5 + 1),
    "trees of more leaves than are laid out": lambda: made_up([full(8)] * (trees.MOST_LEAVES // 256 + 1)),
    "nothing but line ends": lambda: "tree\n" + "\n" * 30_000_000,
    "nothing but ends": lambda: "tree\n" + "\nend of trees\n" * 2_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_bounded_time_and_memory(name: str):
    bomb = BOMBS[name]()
    begin = time.perf_counter()
    refused(bomb)
    assert time.perf_counter() - begin < 5
    tracemalloc.start()
    try:
        refused(bomb)
        assert tracemalloc.get_traced_memory()[1] < 512 * 2**20
    finally:
        tracemalloc.stop()


def test_as_many_trees_as_are_allowed_are_read_in_time():
    """The control of the bombs: what is within the bounds is read, and written again, in seconds."""
    for tree, most in ((STUMP, trees.MOST_TREES), (full(8), trees.MOST_LEAVES // 256)):
        text = made_up([tree] * most)
        begin = time.perf_counter()
        found = read_trees(text)
        assert (len(found), found.features) == (most, 1)
        assert lgb.Booster(model_str=found.text()).num_trees() == most
        assert time.perf_counter() - begin < 5
