"""The specs of the shipped features, run and written down: the worked examples of docs/features.md."""

from __future__ import annotations

import importlib
import itertools
import textwrap
from types import FunctionType

from eswarn.features.library import FEATURES
from tests.spec.tables import Told, written

MODULES = (
    "tests.spec.test_spec_attendance_features",
    "tests.spec.test_spec_rate_features",
    "tests.spec.test_spec_pattern_features",
    "tests.spec.test_spec_other_features",
    "tests.spec.test_spec_event_features",
)


def worked_examples() -> dict[str, str]:
    """Column to Markdown: records, date, answers and what is said, of the first spec of each shipped feature."""
    written.clear()
    for name in MODULES:
        for test in vars(importlib.import_module(name)).values():
            if isinstance(test, FunctionType) and test.__name__.startswith("test_"):
                _run(test)
    first = {told.column: told for told in reversed(written)}
    return {f.column: _markdown(first[f.column]) for f in FEATURES if f.column in first}


def _run(test: FunctionType) -> None:
    """Call a test as pytest would: once for each set of parameters."""
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    for values in itertools.chain.from_iterable(mark.args[1] for mark in marks) if marks else [()]:
        test(*values)


def _markdown(told: Told) -> str:
    """The tables as they stand in the spec, then what is answered and said."""
    lines = ["```text"]
    for name, text in told.tables.items():
        lines += ["register" if name == "attendance" else name, textwrap.dedent(text).strip(), ""]
    lines.append(f"as of {told.as_of}")
    for pupil, value in told.expect.items():
        lines.append(f"{pupil}: {'no answer' if value is None else f'{value:.4g}':<10} {told.sentences[pupil]}")
    return "\n".join([*lines, "```"])
