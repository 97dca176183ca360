"""Each planted bug is seen by the test that is named for it, and nothing is seen where no bug is planted."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from eswarn.cohort import calendar, label, roll
from eswarn.features import events, feature, library, measures, register, view
from eswarn.records import codes, timeline
from tests.mutants.planted import Mutant, planted
from tests.property.test_oracle import disagreements
from tests.property.worlds import World, worlds
from tests.spec import test_spec_attendance_features as attendance
from tests.spec import test_spec_measures as meaning
from tests.spec import test_spec_other_features as other
from tests.unit.cohort import test_calendar as of_calendar
from tests.unit.cohort import test_label as of_label
from tests.unit.cohort import test_roll as of_roll
from tests.unit.features import test_feature as of_feature

SEEN = (AssertionError, pytest.fail.Exception)
MUTANTS = [
    # what a mark means
    Mutant("codes that are no possible session counted as absent", codes, 'if row.category in {"authorised", "unauthorised"}:',
           'if row.category in {"authorised", "unauthorised", "not_possible"}:',
           meaning.test_share_of_absent_sessions_counts_only_possible_ones),
    Mutant("X counted as possible", codes, "(POSSIBLE, row.possible)", '(POSSIBLE, row.possible or row.code == "X")',
           meaning.test_share_has_no_answer_where_nothing_was_possible),
    Mutant("N unauthorised at once", register, "if wanted.settling_days:", "if wanted.settling_days and False:",
           attendance.test_unauthorised_absence_waits_for_the_reason),
    Mutant("N unauthorised a day too early", register, "t - wanted.settling_days", "t - wanted.settling_days + 1",
           meaning.test_a_session_with_no_reason_yet_is_unauthorised_only_after_fourteen_days),
    # what was known
    Mutant("<= for < at the cutoff of marks", timeline, "searchsorted(rows.known_on, t)", 'searchsorted(rows.known_on, t, side="right")',
           meaning.test_a_correction_counts_from_the_day_after_it_was_recorded),
    Mutant("<= for < at the cutoff of tables", timeline, "(facts.date < t)", "(facts.date <= t)",
           meaning.test_latest_is_the_context_in_force_and_null_is_never_no),
    Mutant("recorded_on of marks ignored", timeline, "known_on = np.maximum(date, recorded)", "known_on = date",
           meaning.test_a_correction_counts_from_the_day_after_it_was_recorded),
    Mutant("recorded_on of tables ignored", timeline, "(facts.recorded < t)", "(facts.recorded < NEVER)",
           of_roll.test_a_departure_counts_from_the_day_after_it_was_recorded, ("2026-03-06 | 2026-03-09", {"A": "S"})),
    Mutant("the first version stands instead of the last", timeline, "np.append(~same, True)", "np.append(True, ~same)",
           meaning.test_of_two_versions_of_a_row_the_one_recorded_last_before_the_date_counts),
    Mutant("a mark for the day fills the morning only", timeline, "2 * whole.sum()] += 1", "2 * whole.sum()] += 0",
           meaning.test_a_mark_for_the_day_is_two_sessions_and_yields_to_one_for_half_a_day),
    # when the school was open
    Mutant("one day too many in a window", calendar, "np.minimum(n + skip, last)", "np.minimum(n + skip + 1, last)",
           attendance.test_absence_over_ten_days_leaves_out_the_eleventh),
    Mutant("a skip that leaves a day in", calendar, "np.minimum(skip, last)", "np.minimum(skip - 1, last)",
           meaning.test_a_window_with_a_skip_ends_before_the_latest_days),
    Mutant("all on roll must have a mark, not half", calendar, "np.maximum(on_roll / 2, LEAST_MARKED)", "np.maximum(on_roll, LEAST_MARKED)",
           of_calendar.test_of_twelve_pupils_half_must_have_a_mark, (6, True)),
    Mutant("one pupil's mark opens the school", calendar, "LEAST_MARKED = 5", "LEAST_MARKED = 1",
           of_calendar.test_of_seven_pupils_five_must_have_a_mark, ("A B C D", False)),
    Mutant("the school year begins in September", calendar, "ACADEMIC_YEAR_STARTS = (8, 1)", "ACADEMIC_YEAR_STARTS = (9, 1)",
           meaning.test_the_school_year_begins_on_the_first_of_august),
    Mutant("a holiday needs six closed weekdays", calendar, "weekdays >= HOLIDAY_WEEKDAYS", "weekdays > HOLIDAY_WEEKDAYS",
           of_calendar.test_a_long_weekend_is_no_holiday_but_five_closed_weekdays_are),
    # who is on roll, and who can be scored
    Mutant("the last day on roll is no longer on roll", roll, "(left >= known.t)", "(left > known.t)",
           of_roll.test_enrolment_rows_decide_for_who_has_any_and_marks_for_who_has_none, ("2025-09-01 | 2026-03-09 | single", {"A": "S"})),
    Mutant("dual registration takes the D", roll, "np.where(real.any(axis=0), single, other)", "other",
           meaning.test_dual_registration_the_d_yields_to_the_other_schools_mark),
    Mutant("of two marks that contradict each other one is taken", roll, "np.where(highest == lowest, highest, 0)", "highest",
           meaning.test_dual_registration_two_marks_that_contradict_each_other_count_as_none),
    Mutant("the older school keeps a mover", roll, "signs.latest_mark[rows], signs.pupil", "-signs.latest_mark[rows], signs.pupil",
           of_roll.test_of_two_schools_the_one_that_marked_the_pupil_last_is_the_pupils_own),
    Mutant("ten possible sessions are too few", roll, "possible < config.min_possible", "possible <= config.min_possible",
           of_roll.test_ten_possible_sessions_are_enough_and_nine_are_not),
    # what happened next
    Mutant("the day after the horizon counts", label, "outcomes.date < end", "outcomes.date <= end",
           of_label.test_the_horizon_holds_its_first_day_and_not_its_end, ("2027-03-09", of_label.STAYED)),
    Mutant("leaving on the as-of date does not count", label, "if left < t:", "if left <= t:",
           of_label.test_the_horizon_holds_its_first_day_and_not_its_end, ("2026-03-09", of_label.LEFT)),
    Mutant("whoever went nobody knows where has stayed", label, "np.nan if lost else 0, lost", "0, lost",
           of_label.test_each_destination, ("unknown", of_label.NOT_KNOWN)),
    # what is asked
    Mutant("a percentile without ties", measures, "(below + level / 2) / peers", "below / peers",
           meaning.test_percentile_gives_ties_the_middle_of_their_ranks),
    Mutant("peers of all year groups", view, "np.nan_to_num(year).astype(np.int64)]", "np.nan_to_num(year).astype(np.int64) * 0]",
           meaning.test_percentile_gives_ties_the_middle_of_their_ranks),
    Mutant("those of no known year group ranked as one", view, "np.where(np.isnan(year), -1, ", "np.where(np.isnan(year), 99, ",
           meaning.test_percentile_leaves_out_those_whose_year_group_is_not_known),
    Mutant("a session that was not possible ends a run", view, "np.where(could & ~hit, so_far, 0)", "np.where(~hit, so_far, 0)",
           meaning.test_a_run_goes_on_over_weekends_gaps_and_sessions_that_were_not_possible),
    Mutant("the day of an event counted as a day since", view, 'np.nan_to_num(day), side="right"', 'np.nan_to_num(day), side="left"',
           meaning.test_days_since_event_counts_open_days_after_the_last_one),
    Mutant("a suspension counted although withdrawn", events, 'facts.equals("kind", "withdrawn")', 'facts.equals("kind", "cancelled")',
           other.test_suspensions_count_a_year_back_and_not_what_was_withdrawn),
    Mutant("no answer taken as none", events, "return view.kept(self.events.table)", "return np.full(len(view), True)",
           other.test_incidents_leave_out_pupils_who_were_harmed),
    Mutant("harmed counted as involved", library, '("role", ("involved",))', '("role", ("involved", "harmed"))',
           other.test_incidents_leave_out_pupils_who_were_harmed),
    Mutant("columns swapped", library, 'top="score", bottom="maximum"', 'top="maximum", bottom="score"',
           other.test_attainment_is_the_mean_share_of_marks),
    Mutant("the direction of the model turned round", feature, '"riskier": 1, "safer": -1', '"riskier": -1, "safer": 1',
           of_feature.test_the_direction_is_the_monotone_constraint, ("riskier", 1)),
]  # fmt: skip


def is_killed(mutant: Mutant) -> bool:
    with planted(mutant):
        try:
            mutant.killer(*mutant.values)
        except SEEN:
            return True
    return False


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_the_planted_bug_is_seen(mutant: Mutant) -> None:
    assert is_killed(mutant)


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_without_the_bug_the_same_test_passes(mutant: Mutant) -> None:
    mutant.killer(*mutant.values)


def test_the_tally() -> None:
    killed = [mutant.what for mutant in MUTANTS if is_killed(mutant)]
    print(f"mutants: {len(killed)} killed of {len(MUTANTS)} generated")  # noqa: T201  the figure to publish
    assert len(killed) == len(MUTANTS) >= 12


@pytest.mark.parametrize(("sound", "broken"), [("no such text", "x"), ("LEAST_MARKED = 5", "LEAST_MARKED = 4 + 1")])
def test_a_mutant_that_changes_nothing_is_refused(sound: str, broken: str) -> None:
    with pytest.raises(AssertionError, match=r"exactly once|changes nothing"), planted(Mutant("no-op", calendar, sound, broken, print)):
        pass


@pytest.mark.long
def test_the_oracle_alone_sees_most_of_them() -> None:
    survivors = [mutant.what for mutant in MUTANTS if not _seen_by_the_oracle(mutant)]
    print(f"mutants: {len(MUTANTS) - len(survivors)} of {len(MUTANTS)} seen by random worlds alone; not seen: {survivors}")  # noqa: T201
    assert len(survivors) <= 6


def _seen_by_the_oracle(mutant: Mutant) -> bool:
    seen: list[str] = []

    @settings(max_examples=150, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(worlds())
    def look(world: World) -> None:
        try:
            seen.extend(disagreements(world.records, world.as_of, world.config) if not seen else ())
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            seen.append(f"broke down: {error}")

    with planted(mutant):
        look()
    return bool(seen)
