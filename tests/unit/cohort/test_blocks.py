"""Training and calibration blocks whose label windows do not overlap."""

from __future__ import annotations

import datetime as dt

from eswarn.cohort.blocks import forward_split
from eswarn.config import CohortConfig

YEARS = [dt.date(year, 9, 1) for year in (2021, 2022, 2023, 2024)]
HUNDRED = dict.fromkeys(YEARS, 100)
HALF_YEAR = CohortConfig(horizon_days=180, delay_days=30)


def split(leavers: dict[dt.date, int], config: CohortConfig = HALF_YEAR, *, train: int = 1, calibrate: int = 1) -> object:
    people = {day: {f"{day} {i}" for i in range(n)} for day, n in leavers.items()}
    return forward_split(list(leavers), people, config, train_least=train, calibrate_least=calibrate)


def test_the_split_with_most_leavers_to_train_on_is_taken() -> None:
    assert split(HUNDRED) == (tuple(YEARS[:3]), tuple(YEARS[3:]))
    assert split(HUNDRED, calibrate=150) == (tuple(YEARS[:2]), tuple(YEARS[2:]))


def test_every_training_label_is_known_before_the_first_calibration_date() -> None:
    just = CohortConfig(horizon_days=365, delay_days=1)  # 366 days from 1 September 2023 is 1 September 2024: a leap year
    assert split(HUNDRED, just) == (tuple(YEARS[:3]), tuple(YEARS[3:]))
    late = CohortConfig(horizon_days=365, delay_days=2)  # the labels of 2023 are known one day too late, and left out
    assert split(HUNDRED, late) == (tuple(YEARS[:2]), tuple(YEARS[3:]))


def test_without_a_split_with_enough_leavers_on_both_sides_there_is_none() -> None:
    assert split(HUNDRED, train=301) is None
    assert split(HUNDRED, calibrate=301) is None
    assert split({YEARS[0]: 100}) is None
    assert split({}) is None


def test_the_order_in_which_dates_are_given_does_not_matter() -> None:
    assert split(dict(reversed(HUNDRED.items()))) == split(HUNDRED)


def test_a_pupil_seen_leaving_from_several_dates_counts_once() -> None:
    days = [dt.date(2022, 9, 5), dt.date(2022, 11, 7), dt.date(2024, 1, 8)]
    same = {day: {"A", "B"} for day in days}
    config = CohortConfig(horizon_days=365, delay_days=30)
    assert forward_split(days, same, config, train_least=2, calibrate_least=2) == (tuple(days[:2]), (days[2],))
    assert forward_split(days, same, config, train_least=3, calibrate_least=2) is None
