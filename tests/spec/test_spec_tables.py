"""The reader of specs: what its tables mean, and that a wrong expectation is seen."""

from __future__ import annotations

import pytest

from eswarn.features.library import FEATURES
from eswarn.features.measures import share
from eswarn.features.register import ABSENT
from eswarn.features.windows import last
from tests.spec.tables import parse, spec
from tests.spec.worked import worked_examples

REGISTER = """
    pupil | date       | am | pm
    A     | 2026-02-09 | /  | O
"""


def test_a_table_is_read_by_its_header_and_remarks_are_dropped() -> None:
    assert parse("pupil | am\nA | #   # closed\nB | \\\\\n") == [{"pupil_id": "A", "am": "#"}, {"pupil_id": "B", "am": "\\\\"}]


@pytest.mark.parametrize("wrong", [0.25, None])
def test_a_wrong_expectation_fails(wrong: float | None) -> None:
    spec(REGISTER, measure=share(ABSENT), window=last(5), as_of="2026-02-10", expect={"A": 0.5})
    with pytest.raises(AssertionError, match="fast code"):
        spec(REGISTER, measure=share(ABSENT), window=last(5), as_of="2026-02-10", expect={"A": wrong})


def test_a_wrong_sentence_fails() -> None:
    with pytest.raises(AssertionError):
        spec(REGISTER, feature="absence_last_10_days", as_of="2026-02-10", expect={"A": 0.5}, says={"A": "missed 5 % of sessions"})


def test_a_mark_told_twice_in_a_spec_is_refused() -> None:
    with pytest.raises(AssertionError, match="twice"):
        spec(f"{REGISTER}A | 2026-02-09 | I |", measure=share(ABSENT), as_of="2026-02-10", expect={"A": 0.5})


def test_every_shipped_feature_has_a_spec_and_so_a_worked_example() -> None:
    assert list(worked_examples()) == [feature.column for feature in FEATURES]
