"""What may be written into a tracking store: a closed list of keys, and no value that reads like a sentence or a path."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real

from eswarn.errors import NotTracked

PARAMETERS = ("cohort", "features", "model", "score", "search", "validation")
METRICS = ("calibration", "cohort", "scores", "search", "validation")
TAGS = ("as_of", "data_hash", "eswarn_version", "features_hash", "label", "model_id", "output_id")

_DOTTED = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
_WORD = re.compile(r"[A-Za-z0-9_.,:+-]{1,500}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,99}")


@dataclass(frozen=True, slots=True)
class Facts:
    """Parameters, metrics and tags that have passed the list."""

    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]


def allowed(
    params: Mapping[str, str | int | float], metrics: Mapping[str, float], tags: Mapping[str, str], *, needed: tuple[str, ...]
) -> Facts:
    """Let through what is on the list, and refuse the rest.

    Parameters
    ----------
    params, metrics : mapping
        Keys are dotted, in lower case, and begin with one of `PARAMETERS` or `METRICS`: ``model.trees``, ``calibration.auc``.
        A metric that is not defined (NaN) is left out.
    tags : mapping
        Keys are those of `TAGS`.
    needed : tuple of str
        Tags that must be there.

    Raises
    ------
    NotTracked
        A key is not on the list, or a value is infinite, empty, over 500 characters, or holds a space, a slash or another
        sign that only sentences, paths and addresses need. The message names neither a refused key nor a value.
    """
    for kind, keys, prefixes in (("parameter", params, PARAMETERS), ("metric", metrics, METRICS)):
        if not all(_DOTTED.fullmatch(key) and len(key) <= 100 and key.split(".")[0] in prefixes for key in keys):
            raise NotTracked(f"a {kind} key is not on the list of what may be recorded", where="tracking", do=_begin(prefixes))
    if not set(tags) <= set(TAGS):
        raise NotTracked("a tag is not on the list of what may be recorded", where="tracking", do=f"Tags are: {', '.join(TAGS)}.")
    for key in needed:
        if key not in tags:
            raise NotTracked(f'the tag "{key}" is missing', where="tracking", do="It is what finds the run again.")
    return Facts(
        params={key: _word(key, value) for key, value in params.items()},
        metrics={key: _finite(key, value) for key, value in metrics.items() if value == value},
        tags={key: _word(key, value) for key, value in tags.items()},
    )


def allowed_name(name: str, of: str) -> str:
    """Let through the name of an experiment or a model that every store can keep."""
    if not _NAME.fullmatch(name):
        raise NotTracked(f"the name of the {of} cannot be used", where="[tracking]", do="At most 100 letters, digits, spaces, _ . or -.")
    return name


def _begin(prefixes: tuple[str, ...]) -> str:
    return f"Keys are dotted, in lower case, and begin with {', '.join(prefixes)}."


def _word(key: str, value: object) -> str:
    if not isinstance(value, str | Real) or not _WORD.fullmatch(str(value)):
        raise NotTracked(f'the value of "{key}" reads like text or a path', where="tracking", do="Record numbers, dates, hashes, names.")
    return str(value)


def _finite(key: str, value: object) -> float:
    if not isinstance(value, Real) or math.isinf(value):
        raise NotTracked(f'the metric "{key}" is not a finite number', where="tracking", do="Leave out what is not defined.")
    return float(value)
