"""LightGBM's model text: the door to the library, and what of a training cohort may stay in the text."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

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
