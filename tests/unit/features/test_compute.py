"""Which features a model may see, and the table they are computed into."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from eswarn.config import CohortConfig, FeaturesConfig
from eswarn.errors import InputRefused, UsageError
from eswarn.features.compute import choose, compute
from eswarn.features.library import FEATURES
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline
from tests.spec.tables import records_from

REGISTER = "pupil | date | am | pm\nB A | 2026-02-02 to 2026-02-13 | / | /\nC | 2026-02-12 to 2026-02-13 | / | /\n"
DAYS = (dt.date(2026, 2, 16), dt.date(2026, 2, 12))
SHIPPED = [f.column for f in FEATURES if not f.protected]


def chosen(**config: object) -> list[str]:
    return [f.column for f in choose(FeaturesConfig.model_validate(config))]


def test_a_model_sees_every_shipped_feature_that_is_not_protected() -> None:
    assert chosen() == SHIPPED


def test_only_and_without_narrow_the_choice_and_the_order_stays() -> None:
    assert chosen(only=["year_group", "absence_last_20_days"]) == ["absence_last_20_days", "year_group"]
    assert chosen(without=["year_group"]) == [name for name in SHIPPED if name != "year_group"]


def test_a_protected_feature_needs_a_reason() -> None:
    assert chosen(protected={"fsm": "agreed with the ethics board"}) == [*SHIPPED, "fsm"]
    assert chosen(only=["year_group", "fsm"], protected={"fsm": "agreed"}) == ["year_group", "fsm"]


@pytest.mark.parametrize(
    ("config", "what", "do"),
    [
        ({"only": ["year_grup"]}, 'there is no feature "year_grup". Did you mean "year_group"?', ""),
        ({"without": ["x"]}, 'there is no feature "x". Known names:', ""),
        ({"protected": {"fsm2": "why"}}, 'there is no feature "fsm2"', ""),
        ({"protected": {"fsm": " "}}, '"fsm" under [features.protected]', ""),
        ({"protected": {"year_group": "why"}}, '"year_group" under [features.protected]', ""),
        ({"only": ["fsm"]}, '"fsm" is protected', '[features.protected]  fsm = "reason"'),
        ({"only": ["year_group"], "without": ["year_group"]}, "no feature is left", ""),
    ],
)
def test_a_choice_that_cannot_be_is_refused(config: dict[str, object], what: str, do: str) -> None:
    with pytest.raises(InputRefused) as refusal:
        chosen(**config)
    assert what in refusal.value.what
    assert do in refusal.value.do
    assert refusal.value.where == "[features]"


def test_rows_are_by_date_school_and_pupil_and_nobody_on_roll_is_dropped_silently() -> None:
    found = compute(Timeline(records_from(attendance=REGISTER)), DAYS, CohortConfig(), features=FEATURES[:2])
    assert found.keys[["as_of", "pupil_id"]].to_numpy().tolist() == [[DAYS[1], "A"], [DAYS[1], "B"], [DAYS[0], "A"], [DAYS[0], "B"]]
    assert found.left_out[["as_of", "pupil_id"]].to_numpy().tolist() == [[DAYS[0], "C"]]
    assert found.left_out["reason"].tolist() == ["fewer than 10 possible sessions in the last 60 school days"]
    assert list(found.X) == [f.column for f in FEATURES[:2]]
    assert set(map(str, found.X.dtypes)) == {"float64"}
    assert np.isnan(found.y).all()
    assert not found.unknown.any()


def test_the_fingerprint_of_the_whole_follows_features_and_their_order() -> None:
    timeline = Timeline(records_from(attendance=REGISTER))
    two, turned = (compute(timeline, DAYS, CohortConfig(), features=f) for f in (FEATURES[:2], FEATURES[1::-1]))
    assert two.fingerprint != turned.fingerprint
    assert len(two.rows(np.array([True, False, False, True])).X) == 2


def test_the_same_date_or_feature_twice_is_refused() -> None:
    timeline = Timeline(records_from(attendance=REGISTER))
    for days, features, named in (
        (DAYS[:1] * 2, FEATURES[:1], f"the as-of date {DAYS[0]} is given twice"),
        (DAYS, FEATURES[:1] * 2, f"the feature {FEATURES[0].column} is given twice"),
    ):
        with pytest.raises(UsageError, match=named):
            compute(timeline, days, CohortConfig(), features=features)


@pytest.mark.parametrize(
    ("register", "do"),
    [
        (REGISTER.replace("2026", "2027"), "The first mark became known on 2027-02-02."),
        ("pupil | date | am | recorded\nA | 2026-02-02 | / | 2026-03-02\n", "The first mark became known on 2026-03-02."),
        ("", "The attendance table has no rows."),
    ],
)
def test_a_date_before_which_nothing_is_known_is_refused(register: str, do: str) -> None:
    records = records_from(attendance=register) if register else Records({})
    with pytest.raises(UsageError, match="no attendance is known before the as-of date 2026-02-16") as refusal:
        compute(Timeline(records), DAYS[:1], CohortConfig(), features=FEATURES)
    assert refusal.value.do == do


def test_a_cohort_of_which_nobody_can_be_scored_gives_an_empty_table() -> None:
    register = "pupil | date | am | pm\nA | 2026-02-13 | / | /\n"
    found = compute(Timeline(records_from(attendance=register)), DAYS[:1], CohortConfig(), features=FEATURES, labelled=True)
    assert found.X.shape == (0, len(FEATURES))
    assert len(found.left_out) == 1
    assert len(found.y) == 0
