"""LightGBM's model text: the door to the library, the mean of several texts, and what of a training cohort may stay in one."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from eswarn.errors import ModelRefused, OurBug
from eswarn.model.trees import Trees

if TYPE_CHECKING:
    import lightgbm


def library() -> Any:
    """Import LightGBM, or say which system library it misses."""
    # on a machine that does other work too, OpenMP threads that spin while they wait made training 5 to 10 times slower (LightGBM 4.7)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        import lightgbm
    except OSError:
        raise ModelRefused(
            "LightGBM cannot start: the system library libgomp is missing",
            do="Install it: Debian and Ubuntu  apt-get install libgomp1,  Fedora  dnf install libgomp,  macOS  brew install libomp.",
        ) from None
    return lightgbm


def raw_scores(booster: lightgbm.Booster, table: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Sum of the trees for each row of a table whose columns are those of the booster, in order; in log-odds."""
    return np.asarray(booster.predict(np.ascontiguousarray(table, float), raw_score=True), float)


def booster_from(trees: Trees) -> lightgbm.Booster:
    """Build a booster from trees that our own reader has read: LightGBM never sees a text as it came, which if damaged kills it (4.7).

    It is given what `Trees.text` writes from the numbers. Predictions are the same, bit for bit; gains, weights and names of features
    are not kept.
    """
    booster: lightgbm.Booster = library().Booster(model_str=trees.text())
    return booster


def without_pupils(text: str) -> str:
    """Take out of a model text what could describe single pupils.

    ``feature_infos`` holds the smallest and largest value of each feature, which belong to somebody; prediction does not use it.

    Raises
    ------
    OurBug
        The text holds categories, which eswarn never trains on.
    """
    names = re.search(r"^feature_names=(.*)$", text, re.MULTILINE)
    if names is None or not re.search(r"^pandas_categorical:(null|\[\])\s*$", text, re.MULTILINE):
        raise OurBug("a trained model text holds categories or no feature names")
    # LightGBM 4.7 writes [min:max]; the widest range says nothing about anybody
    infos = " ".join("[-1e+300:1e+300]" for _ in names[1].split(" "))
    return re.sub(r"^feature_infos=.*$", f"feature_infos={infos}", text, count=1, flags=re.MULTILINE)


def averaged(texts: Sequence[str]) -> str:
    """Write one model text whose raw score is the mean of those of several: all their trees, with the values of leaves divided.

    A sum of trees is what it stays, so that reasons of the one text are exact and are the means of the reasons of each.

    Parameters
    ----------
    texts : sequence of str
        As LightGBM has just written them, each for the same columns and with the same bins.
    """
    if len(texts) == 1:
        return texts[0]
    trees = [block.partition("\n")[2] for text in texts for block in text.partition("\nend of trees\n")[0].split("\nTree=")[1:]]
    blocks = [f"{number}\n{_divided(tree, len(texts))}" for number, tree in enumerate(trees)]
    head, (_, _, tail) = texts[0].partition("\nTree=")[0], texts[0].partition("\nend of trees\n")
    sizes = " ".join(str(len(f"Tree={block}\n")) for block in blocks)
    head = re.sub(r"^tree_sizes=.*$", f"tree_sizes={sizes}", head, count=1, flags=re.MULTILINE)
    return "\nTree=".join([head, *blocks]) + "\nend of trees\n" + tail


def _divided(tree: str, by: int) -> str:
    """A tree whose leaves, and the means it keeps of them, are so many times smaller."""

    def divide(line: re.Match[str]) -> str:
        return f"{line[1]}={' '.join(repr(float(word) / by) for word in line[2].split())}"

    return re.sub(r"^(leaf_value|internal_value)=(.*)$", divide, tree, flags=re.MULTILINE)
