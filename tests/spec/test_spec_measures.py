"""What each measure and window means, in a few records each."""

from __future__ import annotations

from eswarn.features.career import schools_attended, time_at_school
from eswarn.features.events import Events, count, days_since_event, latest, mean_ratio, total, unknown
from eswarn.features.measures import (
    change,
    current_run,
    days_since,
    excess,
    longest_run,
    percentile,
    share,
    spells,
)
from eswarn.features.register import ABSENT, ATTENDED, LATE, POSSIBLE, UNAUTHORISED, SessionSet
from eswarn.features.windows import days, ever, last, last_year, weekdays, year_to_date
from tests.spec.tables import spec

INCIDENT = Events("behaviour", "incident", where=(("kind", ("negative",)), ("role", ("involved",))), or_null=("role",))


def test_share_of_absent_sessions_counts_only_possible_ones() -> None:
    spec("""
        pupil | date       | am | pm
        A     | 2026-02-09 | /  | O
        A     | 2026-02-10 | Y1 | Y1      # not possible
        B     | 2026-02-10 | I  | \\
    """, measure=share(ABSENT, of=POSSIBLE), window=last(5), as_of="2026-02-11",
        expect={"A": 0.5, "B": 0.5})  # fmt: skip


def test_share_has_no_answer_where_nothing_was_possible() -> None:
    spec("""
        pupil | date       | am | pm
        A     | 2026-02-10 | X  | X
        B     | 2026-02-10 | /  |         # no mark is neither present nor absent
    """, measure=share(ABSENT), window=last(5), as_of="2026-02-11", expect={"A": None, "B": 0.0})  # fmt: skip


def test_a_code_means_what_it_meant_on_the_day() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2024-07-15               | J  | /    # interview: an approved activity then
        A     | 2024-09-02               | J1 | /    # interview: authorised absence now
        A     | 2024-09-03               | K  | /
    """, measure=share(ABSENT), window=ever(), as_of="2024-09-04", expect={"A": 1 / 6})  # fmt: skip


def test_a_session_with_no_reason_yet_is_unauthorised_only_after_fourteen_days() -> None:
    register = """
        pupil | date       | am | pm
        A     | 2026-02-09 | N  | /
    """
    spec(register, measure=share(UNAUTHORISED), window=ever(), as_of="2026-02-23", expect={"A": 0.0})
    spec(register, measure=share(UNAUTHORISED), window=ever(), as_of="2026-02-24", expect={"A": 0.5})
    spec(register, measure=share(ABSENT), window=ever(), as_of="2026-02-10", expect={"A": 0.5})


def test_a_correction_counts_from_the_day_after_it_was_recorded() -> None:
    register = """
        pupil | date       | am | pm | recorded
        A     | 2026-02-09 | O  | /  | 2026-02-09
        A     | 2026-02-09 | I  |    | 2026-02-16
    """
    spec(register, measure=share(UNAUTHORISED), window=ever(), as_of="2026-02-16", expect={"A": 0.5})
    spec(register, measure=share(UNAUTHORISED), window=ever(), as_of="2026-02-17", expect={"A": 0.0})


def test_of_two_versions_one_that_does_not_say_when_it_was_recorded_yields() -> None:
    spec("""
        pupil | date       | am | pm | recorded
        A     | 2026-02-09 | O  | /  |
        A     | 2026-02-09 | I  |    | 2026-02-09
    """, measure=share(UNAUTHORISED), window=ever(), as_of="2026-02-17", expect={"A": 0.0})  # fmt: skip


def test_a_mark_for_the_day_is_two_sessions_and_yields_to_one_for_half_a_day() -> None:
    spec("""
        pupil | date       | day | am | pm
        A     | 2026-02-09 | /   |    | O
        A     | 2026-02-10 | O   |    |
    """, measure=share(ABSENT), window=ever(), as_of="2026-02-11", expect={"A": 0.75})  # fmt: skip


def test_dual_registration_the_d_yields_to_the_other_schools_mark() -> None:
    spec("""
        pupil | school | date       | am | pm
        A     | S      | 2026-02-09 | D  | /
        A     | T      | 2026-02-09 | O  | D
    """, measure=share(ABSENT), window=ever(), as_of="2026-02-10", expect={"A": 0.5})  # fmt: skip


def test_dual_registration_two_marks_that_contradict_each_other_count_as_none() -> None:
    spec("""
        pupil | school | date       | am | pm
        A     | S      | 2026-02-09 | /  | V
        A     | T      | 2026-02-09 | O  | V
    """, measure=share(ABSENT), window=ever(), as_of="2026-02-10", expect={"A": 0.0})  # fmt: skip


def test_a_mover_keeps_the_marks_of_the_former_school() -> None:
    spec("""
        pupil | school | date                     | am | pm
        A     | T      | 2026-02-02 to 2026-02-03 | O  | O
        A     | S      | 2026-02-04 to 2026-02-05 | /  | /
        B     | S      | 2026-02-02 to 2026-02-05 | /  | /
    """, measure=share(ABSENT), window=last(4), as_of="2026-02-06", expect={"A": 0.5, "B": 0.0})  # fmt: skip


def test_last_counts_the_days_on_which_the_own_school_was_open() -> None:
    spec("""
        pupil | school | date                     | am | pm
        A     | S      | 2026-02-02               | O  | O
        A     | S      | 2026-02-03 to 2026-02-04 | #  | #    # closed: does not use up a day
        A     | S      | 2026-02-05               | /  | /
        B     | T      | 2026-02-02               | O  | O
        B     | T      | 2026-02-03 to 2026-02-05 | /  | /
    """, measure=share(ABSENT), window=last(2), as_of="2026-02-06", expect={"A": 0.5, "B": 0.0})  # fmt: skip


def test_a_session_is_open_if_half_of_those_on_roll_have_a_mark_and_at_least_five() -> None:
    spec("""
        pupil         | date       | am | pm
        A B C D E F G | 2026-02-02 | /  | /
        A             | 2026-02-03 | O  | O    # one of seven: a club, not a school day
        A B C D E F G | 2026-02-04 | /  | /
    """, measure=share(ABSENT), window=last(2), as_of="2026-02-05", expect={"A": 1 / 3, "B": 0.0})  # fmt: skip
    spec("""
        pupil         | date       | am | pm
        A B C D E F G | 2026-02-02 | /  | /
        A B C D E     | 2026-02-03 | O  | O    # five of seven: open
        A B C D E F G | 2026-02-04 | /  | /
    """, measure=share(ABSENT), window=last(2), as_of="2026-02-05", expect={"A": 0.5, "F": 0.0})  # fmt: skip


def test_a_calendar_that_was_supplied_wins_over_the_marks() -> None:
    spec("""
        pupil | date       | am | pm
        A     | 2026-02-02 | O  | O
        A     | 2026-02-04 | /  | /
    """, calendar="""
        date       | session | open
        2026-02-03 | DAY     | true         # open, though nobody has a mark
    """, measure=share(ABSENT), window=last(2), as_of="2026-02-05", expect={"A": 0.0})  # fmt: skip


def test_a_window_with_a_skip_ends_before_the_latest_days() -> None:
    spec("""
        pupil | date       | am | pm
        A     | 2026-02-02 | O  | O
        A     | 2026-02-03 | O  | /
        A     | 2026-02-04 | /  | /
        A     | 2026-02-05 | O  | O
    """, measure=share(ABSENT), window=last(2, skip=1), as_of="2026-02-06", expect={"A": 0.25})  # fmt: skip


def test_no_window_holds_the_as_of_date() -> None:
    register = """
        pupil | date       | am | pm
        A     | 2026-02-02 | O  | O
        A     | 2026-02-03 | /  | /
        A     | 2026-02-04 | O  | O
    """
    for window in (last(1), days(1)):
        spec(register, measure=share(ABSENT), window=window, as_of="2026-02-04", expect={"A": 0.0})


def test_calendar_days_are_counted_through_weekends() -> None:
    spec("""
        pupil | date       | am | pm
        A     | 2026-02-05 | O  | O
        A     | 2026-02-06 | /  | /
        A     | 2026-02-09 | /  | /
    """, measure=share(ABSENT), window=days(4), as_of="2026-02-10", expect={"A": 0.0})  # fmt: skip


def test_the_school_year_begins_on_the_first_of_august() -> None:
    register = """
        pupil | date       | am | pm
        A     | 2024-09-02 | O  | O
        A     | 2025-07-31 | O  | /
        A     | 2025-08-01 | /  | /
    """
    spec(register, measure=share(ABSENT), window=year_to_date(), as_of="2025-08-04", expect={"A": 0.0})
    spec(register, measure=share(ABSENT), window=last_year(), as_of="2025-08-04", expect={"A": 0.75})
    spec(register, measure=share(ABSENT), window=year_to_date(), as_of="2025-08-01", expect={"A": None})


def test_change_is_the_share_now_less_the_share_before() -> None:
    spec("""
        pupil | date       | am | pm
        A     | 2026-02-02 | O  | /
        A     | 2026-02-03 | O  | O
        B     | 2026-02-03 | /  | /
    """, measure=change(share(ABSENT), against=last(1, skip=1)), window=last(1), as_of="2026-02-04",
        expect={"A": 0.5, "B": None})  # fmt: skip


def test_excess_compares_some_weekdays_with_the_others() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-02-02               | O  | O     # Monday
        A     | 2026-02-03 to 2026-02-05 | /  | /
        A     | 2026-02-06               | /  | O     # Friday
        B     | 2026-02-03               | O  | O
    """, measure=excess(ABSENT, weekdays(0, 4)), window=last(5), as_of="2026-02-07", expect={"A": 0.75, "B": None})  # fmt: skip


def test_a_run_goes_on_over_weekends_gaps_and_sessions_that_were_not_possible() -> None:
    register = """
        pupil | date       | am | pm
        A     | 2026-02-05 | /  | O
        A     | 2026-02-06 | O  | X
        A     | 2026-02-09 | O  |
        A     | 2026-02-10 | /  | O
        B     | 2026-02-10 | /  | /
    """
    spec(register, measure=longest_run(ABSENT), window=last(9), as_of="2026-02-11", expect={"A": 3, "B": 0})
    spec(register, measure=current_run(ABSENT), window=last(9), as_of="2026-02-11", expect={"A": 1, "B": 0})
    spec(register, measure=spells(ABSENT), window=last(9), as_of="2026-02-11", expect={"A": 2, "B": 0})


def test_a_run_is_cut_at_the_start_of_its_window() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-02-02 to 2026-02-06 | O  | O
    """, measure=longest_run(ABSENT), window=last(2), as_of="2026-02-07", expect={"A": 4})  # fmt: skip


def test_days_since_counts_open_days_of_the_school() -> None:
    spec("""
        pupil | date                     | am | pm
        A     | 2026-02-05               | /  | L
        A     | 2026-02-06 to 2026-02-09 | O  | O
        B     | 2026-02-05 to 2026-02-09 | /  | L
        C     | 2026-02-05 to 2026-02-09 | I  | I
    """, measure=days_since(ATTENDED), as_of="2026-02-10", expect={"A": 2, "B": 0, "C": None})  # fmt: skip


def test_percentile_gives_ties_the_middle_of_their_ranks() -> None:
    spec("""
        pupil     | date       | am | pm
        A B       | 2026-02-02 | /  | /
        C D       | 2026-02-02 | /  | O
        E         | 2026-02-02 | O  | O
        F         | 2026-02-02 | O  | O         # in another year group
    """, context="""
        pupil     | valid_from | year_group
        A B C D E | 2025-09-01 | 9
        F         | 2025-09-01 | 10
    """, measure=percentile(share(ABSENT)), window=last(5), as_of="2026-02-03",
        expect={"A": 0.2, "B": 0.2, "C": 0.6, "D": 0.6, "E": 0.9, "F": None})  # fmt: skip


def test_percentile_leaves_out_those_whose_year_group_is_not_known() -> None:
    spec("""
        pupil     | date       | am | pm
        A B C D E | 2026-02-02 | /  | O
        F         | 2026-02-02 | /  | /         # no row of context
        G         | 2026-02-02 | O  | O         # a row that does not say
        H I J     | 2026-02-02 | O  | O
    """, context="""
        pupil     | valid_from | year_group
        A B C D E | 2025-09-01 | 9
        G H I J   | 2025-09-01 |
    """, measure=percentile(share(ABSENT)), window=last(5), as_of="2026-02-03",
        expect={"A": 0.5, "E": 0.5, "F": None, "G": None, "H": None})  # fmt: skip


def test_percentile_needs_as_many_peers_as_it_says() -> None:
    register = """
        pupil | date       | am | pm
        A B   | 2026-02-02 | /  | /
        C     | 2026-02-02 | O  | O
        X Y   | 2026-02-02 | O  | O         # in another year group
    """
    context = """
        pupil | valid_from | year_group
        A B C | 2025-09-01 | 9
        X Y   | 2025-09-01 | 10
    """
    for least, expect in ((3, {"A": 1 / 3, "C": 5 / 6}), (4, {"A": None, "C": None})):
        spec(register, context=context, measure=percentile(share(ABSENT), least=least), window=last(5), as_of="2026-02-03",
             expect={**expect, "X": None})  # fmt: skip


def test_count_counts_rows_wherever_they_were_recorded_and_nobody_is_counted_for_being_harmed() -> None:
    spec("""
        pupil | school | date                     | am | pm
        A B   | S      | 2026-02-02 to 2026-02-06 | /  | /
        C     | T      | 2026-02-02 to 2026-02-06 | /  | /
    """, behaviour="""
        pupil | school | date       | kind     | role
        A     | S      | 2026-02-03 | negative | involved
        A     | U      | 2026-02-03 | negative |             # the part is not known: counted
        A     | S      | 2026-02-04 | negative | harmed
        A     | S      | 2026-02-04 | positive | involved
        B     | S      | 2026-02-05 | negative | witness
    """, measure=count(INCIDENT), window=last(5), as_of="2026-02-07", expect={"A": 2, "B": 0, "C": None})  # fmt: skip


def test_total_adds_up_a_column_and_a_suspension_withdrawn_does_not_count() -> None:
    spec("""
        pupil | date                     | am | pm
        A B   | 2026-02-02 to 2026-02-06 | /  | /
    """, suspensions="""
        pupil | start      | kind                | sessions
        A     | 2026-02-02 | suspension          | 4
        A     | 2026-02-04 | suspension          | 2
        A     | 2026-02-04 | withdrawn           |
        A     | 2026-02-05 | permanent_exclusion |
    """, measure=total(Events("suspensions", "suspension"), column="sessions"), window=last(5), as_of="2026-02-07",
        expect={"A": 4, "B": 0})  # fmt: skip


def test_days_since_event_counts_open_days_after_the_last_one() -> None:
    spec("""
        pupil | date                     | am | pm
        A B   | 2026-02-02 to 2026-02-06 | /  | /
    """, behaviour="""
        pupil | date       | kind     | role
        A     | 2026-02-01 | negative | involved
        A     | 2026-02-04 | negative | involved
    """, measure=days_since_event(INCIDENT), as_of="2026-02-07", expect={"A": 2, "B": None})  # fmt: skip


def test_mean_ratio_uses_rows_that_have_both_numbers() -> None:
    spec("""
        pupil | date                     | am | pm
        A B   | 2026-02-02 to 2026-02-06 | /  | /
    """, assessments="""
        pupil | date       | subject | score | maximum
        A     | 2026-02-02 | Ma      | 30    | 60
        A     | 2026-02-02 | En      | 10    | 10
        A     | 2026-02-03 | En      |       | 10
        B     | 2026-02-03 | En      | 7     |
    """, measure=mean_ratio(Events("assessments", "result"), top="score", bottom="maximum"), window=last(5), as_of="2026-02-07",
        expect={"A": 0.75, "B": None})  # fmt: skip


def test_latest_is_the_context_in_force_and_null_is_never_no() -> None:
    spec("""
        pupil | date       | am | pm
        A B C | 2026-02-02 | /  | /
    """, context="""
        pupil | valid_from | sen
        A     | 2025-09-01 | N
        A     | 2026-01-05 | K
        A     | 2026-02-03 | N          # from the as-of date on: not yet known
        B     | 2025-09-01 | N
        C     | 2025-09-01 |
    """, measure=latest("sen", ("K", "E")), as_of="2026-02-03", expect={"A": 1, "B": 0, "C": None})  # fmt: skip


def test_of_two_versions_of_a_row_the_one_recorded_last_before_the_date_counts() -> None:
    spec("""
        pupil | date       | am | pm
        A B   | 2026-02-02 | /  | /
    """, context="""
        pupil | valid_from | sen | recorded
        A     | 2025-09-01 | N   | 2025-09-01
        A     | 2025-09-01 | K   | 2026-02-02
        B     | 2025-09-01 | N   | 2025-09-01
        B     | 2025-09-01 | K   | 2026-02-03     # on the as-of date: not yet known
    """, measure=latest("sen", ("K", "E")), as_of="2026-02-03", expect={"A": 1, "B": 0})  # fmt: skip


def test_unknown_is_said_of_a_gap_in_the_context_and_of_no_context_at_all() -> None:
    register = """
        pupil | date       | am | pm
        A B C | 2026-02-02 | /  | /
    """
    spec(register, context="""
        pupil | valid_from | year_group
        A     | 2025-09-01 | 9
        B     | 2025-09-01 |
    """, measure=unknown("year_group"), as_of="2026-02-03", expect={"A": 0, "B": 1, "C": 1})  # fmt: skip
    spec(register, measure=unknown("year_group"), as_of="2026-02-03", expect={"A": None})


def test_schools_attended_counts_schools_that_marked_the_pupil() -> None:
    spec("""
        pupil | school | date       | am | pm
        A     | T      | 2025-09-01 | /  | /
        A     | U      | 2025-10-01 | Z  | Z      # was to come, and never did
        A     | S      | 2026-02-02 | /  | /
    """, context="""
        pupil | valid_from | year_group
        B     | 2025-09-01 | 9
    """, measure=schools_attended(), as_of="2026-02-03", expect={"A": 2, "B": None})  # fmt: skip


def test_time_at_school_runs_from_the_first_sign_there_up_to_its_most() -> None:
    spec("""
        pupil | school | date       | am | pm
        A     | T      | 2025-09-01 | /  | /
        A     | S      | 2026-02-02 | /  | /
        B     | S      | 2026-02-02 | /  | /
        C     | S      | 2026-02-02 | /  | /
    """, context="""
        pupil | school | valid_from | year_group
        B     | S      | 2025-12-01 | 9
        C     | S      | 2024-09-01 | 9
    """, measure=time_at_school(), as_of="2026-02-09", expect={"A": 7, "B": 70, "C": 365})  # fmt: skip


def test_one_code_can_be_asked_for_by_its_name() -> None:
    spec("""
        pupil | date       | am | pm
        A     | 2026-02-02 | M  | L
    """, measure=share(SessionSet("code:M", "at the doctor's"), of=LATE), window=last(5), as_of="2026-02-03",
        expect={"A": 1.0})  # fmt: skip
