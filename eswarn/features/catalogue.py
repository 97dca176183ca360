"""The declarations as a page for people: docs/features.md, written by `make docs`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from eswarn.features.events import Events
from eswarn.features.feature import Feature
from eswarn.features.library import FEATURES
from eswarn.features.register import SessionSet
from eswarn.features.windows import When, Window

DIRECTIONS = {"riskier": "never lowers the score", "safer": "never raises the score", "either": "may do either"}
UNITS = {
    "share": "share, 0 to 1", "percentile": "share of peers, 0 to 1", "change": "difference of shares, -1 to 1", "days": "open school days",
    "change a week": "difference of shares from one week to the next", "difference": "difference", "weeks": "school weeks",
    "calendar days": "calendar days", "sessions": "sessions (half days)", "times": "times", "count": "number", "yes": "1 yes, 0 no",
    "value": "as recorded",
}  # fmt: skip
HEAD = """\
# Features: what eswarn looks at

<!-- Written by `make docs` from eswarn/features/library.py and tests/spec/; a test keeps them in step. -->

Each is one measure over the records that a school could have known before the as-of date ([how it works](how-it-works.md)).
A higher value may move the score only in the direction given. Where the records have no answer, the feature has no value and the
words under "silent" are said; it is never taken as 0. The fingerprint changes when the meaning does, and a model refuses
features whose fingerprints are not those it was trained on. Each example is a test: the records, and what is answered and said.

A feature marked *termly* is made from the totals of whole terms, which become known a term later: it tells who has been away
for long, not what happened this week.
"""
PROTECTED = """
## Protected

Kept for judging fairness. A model sees one only if its configuration names it under `[features.protected]` and says why.
"""


def catalogue_page(features: Sequence[Feature] = FEATURES, *, examples: Mapping[str, str] | None = None) -> str:
    """The page of all features: by theme, the protected ones last.

    Parameters
    ----------
    features : sequence of Feature
        Declarations.
    examples : mapping of str to str, optional
        Column to a worked example in Markdown; the project's own come from its specs.
    """
    used, kept = [f for f in features if not f.protected], [f for f in features if f.protected]
    themes = {theme: [f for f in used if f.theme == theme] for theme in dict.fromkeys(f.theme for f in used)}
    parts = [HEAD, _contents({**themes, "protected": kept})]
    parts += [f"\n## {theme.capitalize()}\n" + _section(of_theme, examples or {}) for theme, of_theme in themes.items()]
    return "".join([*parts, PROTECTED, _section(kept, examples or {})])


def _contents(themes: Mapping[str, Sequence[Feature]]) -> str:
    """How many features there are of each theme."""
    lines = ["", "| theme | features |", "|---|---|"]
    lines += [f"| [{theme}](#{theme.replace(' ', '-')}) | {len(features)} |" for theme, features in themes.items()]
    return "\n".join(lines) + "\n"


def _section(features: Sequence[Feature], examples: Mapping[str, str]) -> str:
    lines = ["", "| column | says | a higher value | a school can act on it |", "|---|---|---|---|"]
    for f in features:
        says = f.says.format(value="…", window=f.window.words) + (" (*termly*)" if _is_termly(f) else "")
        lines.append(f"| [`{f.column}`](#{f.column}) | {says} | {_direction(f)} | {'yes' if f.actionable else 'no'} |")
    return "\n".join(lines) + "\n" + "".join(_entry(f, examples.get(f.column, "")) for f in features)


def _entry(f: Feature, example: str) -> str:
    """One feature: what it says and when it is silent, its meaning, and its example."""
    facts = {
        "Says": f.says.format(value="…", window=f.window.words),
        "Silent": f.silent.format(value="", window=f.window.words),
        "Measure": _formula(f.measure),
        "Unit": UNITS[f.measure.unit],
        "Window": f.window.words if f.window.kind != "ever" else "everything known",
        "A higher value": _direction(f),
        "A school can act on it": "yes" if f.actionable else "no",
        "Protected": "yes" if f.protected else "no",
        "Needs": ", ".join(f.measure.tables) + (", totals of whole terms" if _is_termly(f) else ""),
        "Fingerprint": f"`{f.fingerprint[:12]}`",
    }
    lines = [f"- {name}: {text}" for name, text in facts.items()]
    return "\n".join(["", f"### {f.column}", "", *lines, *(["", example] if example else [])]) + "\n"


def _direction(f: Feature) -> str:
    return "is not used" if f.protected else DIRECTIONS[f.more_is]


def _is_termly(f: Feature) -> bool:
    return "term_totals" in f.measure.tables


def _formula(part: Any) -> str:
    """A measure as it is declared, in the names of its parts."""
    if isinstance(part, SessionSet | Window | When):
        return part.words
    if isinstance(part, Events):
        return f"{part.noun}s"
    if isinstance(part, tuple):
        return " or ".join(str(p) for p in part)
    if not dataclasses.is_dataclass(part):
        return str(part)
    inside = [_part(field.name, getattr(part, field.name)) for field in dataclasses.fields(part)]
    return f"{type(part).__name__}({', '.join(text for text in inside if text)})".replace("_", " ")


def _part(name: str, value: Any) -> str:
    """A setting of a measure: numbers and what is switched on with their names, and nothing of what is not."""
    if isinstance(value, bool):
        return name if value else ""
    if isinstance(value, int | float):
        return f"{name} {value:g}"
    return "" if (name, value) == ("table", "context") else _formula(value)
