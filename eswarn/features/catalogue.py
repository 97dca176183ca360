"""The declarations as a page for people: docs/features.md, written by `make docs`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from eswarn.features.events import Events
from eswarn.features.feature import Feature
from eswarn.features.library import FEATURES
from eswarn.features.register import SessionSet
from eswarn.features.windows import Window

DIRECTIONS = {"riskier": "never lowers the score", "safer": "never raises the score", "either": "may do either"}
HEAD = """\
# Features: what eswarn looks at

<!-- Written by `make docs` from eswarn/features/library.py; a test keeps the two in step. -->

Each is one measure over the records that a school could have known before the as-of date ([how it works](how-it-works.md)).
A higher value may move the score only in the direction given. Where the records have no answer, the feature has no value and the
words under "silent" are said; it is never taken as 0. The fingerprint changes when the meaning does, and a model refuses
features whose fingerprints are not those it was trained on.
"""
PROTECTED = """
## Protected

For the fairness audit only. A model sees one only if its configuration names it under `[features.protected]` and says why.
"""


def catalogue_page(features: Sequence[Feature] = FEATURES) -> str:
    """The page of all features: by theme, the protected ones last."""
    used = [f for f in features if not f.protected]
    themes = dict.fromkeys(f.theme for f in used)
    parts = [f"\n## {theme.capitalize()}\n\n" + _table([f for f in used if f.theme == theme]) for theme in themes]
    return HEAD + "".join(parts) + PROTECTED + "\n" + _table([f for f in features if f.protected])


def _table(features: Sequence[Feature]) -> str:
    lines = ["| column | says | silent | a higher value | measure | needs | fingerprint |", "|---|---|---|---|---|---|---|"]
    for f in features:
        says, silent = (text.format(value="…", window=f.window.words) for text in (f.says, f.silent))
        needs = ", ".join(f.measure.tables)
        direction = "not used" if f.protected else DIRECTIONS[f.more_is]
        lines.append(f"| `{f.column}` | {says} | {silent} | {direction} | {_formula(f.measure)} | {needs} | `{f.fingerprint[:12]}` |")
    return "\n".join(lines) + "\n"


def _formula(part: Any) -> str:
    """A measure as it is declared, in the names of its parts."""
    if isinstance(part, SessionSet):
        return part.words
    if isinstance(part, Events):
        return f"{part.noun}s"
    if isinstance(part, Window):
        return part.words
    if isinstance(part, tuple):
        return " or ".join(str(p) for p in part)
    if not dataclasses.is_dataclass(part):
        return str(part)
    inside = (getattr(part, field.name) for field in dataclasses.fields(part))
    return f"{type(part).__name__}({', '.join(_formula(value) for value in inside if value != ())})".replace("_", " ")
