"""A declaration that contradicts itself is refused and told how to mend it; one that holds derives the rest."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from eswarn.errors import UsageError
from eswarn.features.career import time_at_school
from eswarn.features.events import Events, count, latest, mean_ratio, total, unknown
from eswarn.features.feature import Feature, as_features
from eswarn.features.library import FEATURES
from eswarn.features.measures import change, current_run, days_since, excess, percentile, share, spells
from eswarn.features.register import ABSENT, LATE, UNAUTHORISED, SessionSet, coded
from eswarn.features.windows import Window, days, last, last_year, year_to_date
from eswarn.records.tables import protected_columns

GOOD = Feature(
    "absence", theme="absence", measure=share(ABSENT), says="missed {value} {window}", silent="no sessions {window}", more_is="riskier"
)


@pytest.mark.parametrize(
    ("part", "value", "what", "do"),
    [
        ("name", "Absence rate", "lower-case words joined by underscores", ""),
        ("name", "", "lower-case words joined by underscores", ""),
        ("silent", " ", "nothing is said where the records have no answer", 'Give silent="has no … recorded".'),
        ("more_is", "worse", '"riskier", "safer" or "either"', ""),
        ("says", "missed {share}", 'unknown placeholder "{share}"', "Use {value} and {window}."),
        ("says", "missed {}", 'unknown placeholder "{}"', "Use {value} and {window}."),
        ("silent", "missed {value}", 'unknown placeholder "{value}"', "Use {window}."),
        ("says", "missed {value:.2f}", "cannot be filled with words", "Write {value} and {window}, no more."),
        ("says", "missed {value", "cannot be filled with words", "Write {value} and {window}, no more."),
        ("says", "missed much {window}", "leaves out the value", "missed {value} of sessions"),
        ("reads_as", "safer", "reads_as goes with a feature that may be used either way", "Leave it out."),
        ("reads_as", ["worse"], "reads_as goes with a feature that may be used either way", "Leave it out."),
        ("window", 10, "the window is not one", "Give last(10) for the last 10 school days"),
        ("window", last, "the window is not one", "Give last(20)"),
        ("measure", ABSENT, "a set of sessions is no measure", "such as share(ABSENT)"),
        ("measure", "absence", "the measure is not one", "such as share(ABSENT)"),
        ("measure", share, "the measure is not one", "such as share(ABSENT)"),
        ("measure", share(["M"]), '"part" of the measure is not what it needs', "Give a set of sessions, such as ABSENT"),
        ("measure", change(share(ABSENT), against=20), '"against" of the measure', "Give a window, such as last(20)."),
        ("measure", excess(ABSENT, "Mondays"), '"when" of the measure', "such as weekdays(0, 4)"),
        ("measure", count("behaviour"), '"events" of the measure', 'Events("behaviour", "incident")'),
        ("measure", percentile(ABSENT), "a set of sessions is no measure", "such as share(ABSENT)"),
        ("measure", share(coded("QQ", "away")), 'there is no register code "QQ" in any profile', "Did you mean"),
        ("measure", GOOD, "the measure is not one", "such as share(ABSENT)"),
        ("measure", percentile(share(coded("m", "away"))), 'there is no register code "m" in any profile', 'Did you mean "M"?'),
        ("measure", share(SessionSet("absnt", "away")), 'no set of marks called "absnt"', 'Did you mean "absent"?'),
        ("measure", latest("sex", ("F",)), '"sex" is a protected column', "Declare protected=True."),
        ("measure", unknown("fsm"), '"fsm" is a protected column', "Declare protected=True."),
        ("measure", latest("yeargroup"), 'has no column "yeargroup"', 'Did you mean "year_group"?'),
        ("measure", latest("form", ("7E1",)), 'has no column "form" for features', "Known names"),
        ("measure", latest("pupil_id", ("A",)), 'has no column "pupil_id" for features', "Known names"),
        ("measure", latest("sen"), 'the column "sen" of context holds text', "Give the values that count."),
        ("measure", latest("year_group", ("9",)), 'holds numbers or yes and no', "Give no values: it is not text."),
        ("measure", latest("sen", ("K", "P")), 'never holds "P"', ""),
        ("measure", count(Events("outcomes", "departure")), 'the table "outcomes" is not for features', "behaviour, suspensions"),
        ("measure", count(Events("behaviour", "incident", where=(("kind", ("negativ",)),))), 'never holds "negativ"', ""),
        ("measure", count(Events("behaviour", "incident", where=(("rôle", ("x",)),))), 'has no column "rôle"', 'Did you mean "role"?'),
        ("measure", total(Events("suspensions", "suspension")), 'has no column ""', "Known names"),
        ("measure", total(Events("behaviour", "incident"), column="category"), "holds text", "Give the values that count."),
        ("measure", mean_ratio(Events("assessments", "result"), top="score", bottom="max"), 'has no column "max"', "maximum"),
    ],
)  # fmt: skip
def test_a_declaration_that_contradicts_itself_is_refused(part: str, value: object, what: str, do: str) -> None:
    with pytest.raises(UsageError) as refusal:
        replace(GOOD, **{part: value})
    assert what in refusal.value.what
    assert do in refusal.value.do
    assert refusal.value.where == f'feature "{value if part == "name" else "absence"}"'


def test_over_windows_that_are_none_is_refused() -> None:
    with pytest.raises(UsageError, match="the window is not one") as refusal:
        GOOD.over(last(5), 60)  # type: ignore[arg-type]
    assert "Give last(60)" in refusal.value.do


@pytest.mark.parametrize(
    ("table", "what", "do"),
    [
        ("extra", "depends on the name of the number", 'latest_extra("reading_age")'),
        ("outcomes", "leaving is what is predicted: no feature may look at it", ""),
        ("behaviour", "may hold several records a day", "mean_ratio"),
    ],
)
def test_the_latest_value_of_another_table_is_refused_with_what_to_ask_instead(table: str, what: str, do: str) -> None:
    with pytest.raises(UsageError) as refusal:
        latest("value", table=table)
    assert what in refusal.value.what
    assert do in refusal.value.do


@pytest.mark.parametrize("given", [GOOD, "absence", ("absence",), (GOOD, None), {GOOD}, 7])
def test_features_are_a_sequence_of_declarations(given: object) -> None:
    with pytest.raises(UsageError, match="features") as refusal:
        as_features(given)  # type: ignore[arg-type]
    assert "(*ew.FEATURES, mine)" in refusal.value.do
    assert as_features([GOOD, *FEATURES]) == (GOOD, *FEATURES)


def test_what_is_protected_cannot_be_actionable() -> None:
    with pytest.raises(UsageError, match="protected and actionable at once") as refusal:
        replace(GOOD, protected=True, actionable=True)
    assert "drop one of the two" in refusal.value.do


@pytest.mark.parametrize(("kind", "n", "skip"), [("last", 0, 0), ("last", 5, -1), ("days", 0, 0), ("days", -3, 0)])
def test_a_window_that_touches_the_as_of_date_or_holds_no_day_is_refused(kind: str, n: int, skip: int) -> None:
    with pytest.raises(UsageError, match="would reach the as-of date or hold no day") as refusal:
        Window(kind, n, skip)  # type: ignore[arg-type]
    assert "give at least one day" in refusal.value.do


def test_windows_name_the_columns() -> None:
    windows = (last(10), last(60, skip=20), days(30), year_to_date(), last_year())
    assert [feature.column for feature in GOOD.over(*windows)] == [
        "absence_last_10_days",
        "absence_last_60_days_before_last_20",
        "absence_last_30_calendar_days",
        "absence_this_year",
        "absence_last_year",
    ]
    assert GOOD.column == "absence"


@pytest.mark.parametrize(("more_is", "sign"), [("riskier", 1), ("safer", -1), ("either", 0)])
def test_the_direction_is_the_monotone_constraint(more_is: str, sign: int) -> None:
    assert replace(GOOD, more_is=more_is).sign == sign


def test_the_fingerprint_follows_the_numbers_and_not_the_words() -> None:
    assert replace(GOOD, says="was away for {value}", theme="other", actionable=True).fingerprint == GOOD.fingerprint
    free = replace(GOOD, more_is="either")
    assert replace(free, reads_as="riskier").fingerprint == free.fingerprint
    others = [
        replace(GOOD, measure=share(LATE)),
        replace(GOOD, window=last(3)),
        replace(GOOD, more_is="either"),
        replace(GOOD, name="other"),
    ]
    assert len({GOOD.fingerprint, *(other.fingerprint for other in others)}) == 5


def test_the_fingerprint_holds_the_settings_of_the_measure() -> None:
    earlier = replace(UNAUTHORISED, settling_days=13)
    measures = (share(UNAUTHORISED), share(earlier), percentile(share(ABSENT)), percentile(share(ABSENT), least=6))
    assert len({replace(GOOD, measure=measure).fingerprint for measure in measures}) == 4


@pytest.mark.parametrize(
    ("measure", "value", "text"),
    [
        (share(ABSENT), 0.316, "32 %"),
        (percentile(share(ABSENT)), 0.9, "90 %"),
        (change(share(ABSENT), against=last(60, skip=20)), 0.1, "10 percentage points more"),
        (change(share(ABSENT), against=last(60, skip=20)), -0.01, "1 percentage point less"),
        (change(share(ABSENT), against=last(60, skip=20)), 0.004, "no change"),
        (current_run(ABSENT), 1, "1 session"),
        (current_run(ABSENT), 5, "5 sessions"),
        (spells(ABSENT), 2, "2 times"),
        (days_since(), 3, "3 school days"),
        (time_at_school(), 20, "2 weeks"),
        (time_at_school(), 365, "a year or more"),
        (count(Events("behaviour", "incident")), 4, "4"),
        (unknown("year_group"), 1, "yes"),
        (latest("year_group"), 9, "9"),
    ],
)
def test_a_value_is_said_in_the_unit_of_its_measure(measure: object, value: float, text: str) -> None:
    assert replace(GOOD, measure=measure).value_text(value) == text


@pytest.mark.parametrize(("column", "values", "text"), [("fsm", (), "no"), ("sen", ("K", "E"), "no"), ("idaci_decile", (), "0")])
def test_what_is_or_is_not_so_is_said_as_yes_or_no(column: str, values: tuple[str, ...], text: str) -> None:
    assert replace(GOOD, measure=latest(column, values), protected=True).value_text(0) == text


def test_a_sentence_says_the_value_or_that_there_is_none() -> None:
    feature = replace(GOOD, window=last(5))
    assert feature.sentence(0.25) == "missed 25 % in the last 5 school days"
    assert feature.sentence(math.nan) == "no sessions in the last 5 school days"


def test_every_shipped_feature_has_its_own_column_and_words_that_can_be_said() -> None:
    assert len({feature.column for feature in FEATURES}) == len(FEATURES)
    for feature in FEATURES:
        for value in (0.0, 1.0, math.nan):
            assert "{" not in feature.sentence(value)


def test_protected_features_ask_for_protected_columns_and_nothing_else_does() -> None:
    asked = {name for f in FEATURES if f.protected for _, name, _ in f.measure.columns}
    assert asked == set(protected_columns())
    assert not any(name in asked for f in FEATURES if not f.protected for _, name, _ in f.measure.columns)
    assert not any(f.actionable for f in FEATURES if f.protected)
    assert sum(not f.protected for f in FEATURES) >= 60
