"""Planted bugs of what people are shown: a register read wrongly, changes the wrong way round, small counts given away."""

from __future__ import annotations

from eswarn import words
from eswarn.evaluation.fairness import on_the_list, suppress
from eswarn.features import attendance, pupil_facts
from eswarn.model import changes
from eswarn.report import pictures
from tests.mutants.planted import Mutant
from tests.property import test_pupil_facts as of_facts
from tests.unit import test_words as of_words
from tests.unit.evaluation import test_on_the_list as of_groups
from tests.unit.features import test_attendance as of_attendance
from tests.unit.model import test_list_changes as of_changes

MUTANTS = [
    Mutant("X is shown as an absence", pupil_facts, 'return shown.get(code.category, "not possible")',
           'return shown.get(code.category, "unauthorised")', of_facts.test_a_register_written_by_hand_is_shown_as_it_reads),
    Mutant("lateness is shown as attendance", pupil_facts, '"late" if code.late else "attended"', '"attended"',
           of_facts.test_a_register_written_by_hand_is_shown_as_it_reads),
    Mutant("closures are shown as sessions without a mark", pupil_facts, "(gap[ids] & ~opened)", "(gap[ids] & False)",
           of_facts.test_a_register_written_by_hand_is_shown_as_it_reads),
    Mutant("sessions before the pupil came are shown as gaps", pupil_facts, " & (sessions[None, :] >= cohort.entered[some][:, None])", "",
           of_facts.test_a_register_written_by_hand_is_shown_as_it_reads),
    Mutant("events of the year before are shown as of this one", pupil_facts, "(table.date >= start)", "(table.date >= start - 365)",
           of_facts.test_a_register_written_by_hand_is_shown_as_it_reads),
    Mutant("late is not there", attendance, 'self.of("attended", "late"), possible', 'self.of("attended"), possible',
           of_attendance.test_sessions_are_counted_by_what_they_are, ("L\\V\\", 4, 0, 1, 1.0)),
    Mutant("four weeks are five", attendance, "weeks > (weeks[-1]", "weeks >= (weeks[-1]",
           of_attendance.test_four_weeks_are_those_from_monday_to_sunday_that_end_with_the_latest_on_record),
    Mutant("weeks begin on Tuesday", attendance, "(day.toordinal() - 1) // 7", "(day.toordinal() - 2) // 7",
           of_attendance.test_a_week_is_from_monday_to_sunday_and_one_without_a_possible_session_has_no_share),
    Mutant("four closed weekdays end a half-term", attendance, ">= HOLIDAY_WEEKDAYS", ">= HOLIDAY_WEEKDAYS - 1",
           of_attendance.test_half_terms_are_parted_by_five_closed_weekdays_and_not_by_four),
    Mutant("codes of long ago are asked about", attendance, "RECENT_DAYS = 20", "RECENT_DAYS = 40",
           of_attendance.test_codes_are_looked_for_in_the_last_twenty_days_that_were_open_to_the_pupil),
    Mutant("the line is upside down", pictures, "HIGH - EDGE - share *", "EDGE + share *",
           of_attendance.test_the_line_rises_with_attendance_and_breaks_where_a_week_has_none),
    Mutant("mornings and afternoons change places", pictures, "kinds[half::2]", "kinds[1 - half::2]",
           of_attendance.test_a_strip_draws_every_session_once_at_its_place),
    Mutant("up is down", changes, '"up" if one["rank"] < other["rank"] else "down"', '"down" if one["rank"] < other["rank"] else "up"',
           of_changes.test_a_higher_place_is_up_and_a_place_from_nowhere_is_new, (("priority", 5), "up")),
    Mutant("what was is what is", changes, "feature.sentence(today[column]), texts[1]", "feature.sentence(then[column]), texts[0]",
           of_changes.test_why_somebody_moved_is_the_feature_whose_part_of_the_score_moved_most_that_way),
    Mutant("a move is explained by what moved the score the other way", changes, "if abs(moved.sum()) <= teller.noise:", "if False:",
           of_changes.test_where_the_own_score_did_not_move_that_way_it_is_said_that_others_moved),
    Mutant("those who have left the list are not told of", changes, "[*listed[0], *listed[1]]", "[*listed[0]]",
           of_changes.test_who_had_no_score_is_said_to_have_none, ("frame", "not on roll")),
    Mutant("a small group is hidden alone", suppress, "people > 1 and rule.safe(rest).all()", "people > 0",
           of_groups.test_a_small_count_takes_the_next_smallest_group_with_it),
    Mutant("the share of a group is that of those listed", on_the_list, "100 * now[i, 1] / now[i, 0]", "100 * now[i, 2] / now[i, 0]",
           of_groups.test_large_counts_are_shown_whole_with_the_share_in_per_cent),
    Mutant("a formula runs in a spreadsheet", words, """_RUNS.sub("'", text)""", "text",
           of_words.test_a_cell_runs_in_no_spreadsheet_and_gives_its_text_back, ("-2+3",)),
]  # fmt: skip
