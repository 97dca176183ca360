"""One family of errors: what, where, what to do, and an exit code for each kind."""

from __future__ import annotations

import pytest

from eswarn import errors
from eswarn.errors import EswarnError, InputRefused, nearest

KINDS = {kind.__name__: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EswarnError)}


def test_each_kind_has_the_exit_code_that_was_promised():
    assert {name: kind.exit_code for name, kind in KINDS.items()} == {
        "EswarnError": 70, "UsageError": 2, "InputRefused": 3, "ModelRefused": 4, "AuditFailed": 5, "NotTracked": 6, "OurBug": 70,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, "it is broken"),
        ({"where": "marks.csv, row 3"}, "marks.csv, row 3: it is broken"),
        ({"do": "Mend it."}, "it is broken\nMend it."),
        ({"where": "marks.csv", "do": "Mend it."}, "marks.csv: it is broken\nMend it."),
    ],
)
def test_a_message_says_where_what_and_what_to_do(parts: dict[str, str], said: str):
    error = InputRefused("it is broken", **parts)
    assert str(error) == said
    assert error.args == (said,)
    assert (error.what, error.where, error.do) == ("it is broken", parts.get("where", ""), parts.get("do", ""))


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("placs", ["watch", "places"], 'Did you mean "places"?'),
        ("zzz", ["watch", "places"], "Known names: places, watch."),
        ("zzz", {"b": 1, "a": 2}, "Known names: a, b."),
    ],
)
def test_the_nearest_known_name_is_named(name: str, known: list[str], said: str):
    assert nearest(name, known) == said
    assert nearest(name, iter(known)) == said
