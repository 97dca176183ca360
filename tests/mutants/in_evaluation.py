"""Planted bugs of the evaluation: splits that leak, figures that flatter, opponents that are weaker than the rules in use or peek."""

from __future__ import annotations

from eswarn.cohort import label
from eswarn.evaluation import bootstrap, calibrated, folds, judged, lead, metrics, redrawn
from eswarn.evaluation.fairness import suppress, verdicts
from eswarn.evaluation.opponents import every, facts, points, rules, schools
from eswarn.model import refits
from tests.mutants.planted import Mutant
from tests.unit.evaluation import test_bootstrap as of_intervals
from tests.unit.evaluation import test_calibrated as of_chances
from tests.unit.evaluation import test_fairness_suppress as of_suppression
from tests.unit.evaluation import test_fairness_verdicts as of_verdicts
from tests.unit.evaluation import test_folds as of_folds
from tests.unit.evaluation import test_judged as of_lists
from tests.unit.evaluation import test_lead as of_lead
from tests.unit.evaluation import test_metrics as of_metrics
from tests.unit.evaluation import test_opponents as of_opponents
from tests.unit.model import test_refits as of_refits

MUTANTS = [
    Mutant("ten per cent exactly is no persistent absence", rules, "value > step if self.beyond else value >= step",
           "value >= step if self.beyond else value > step", of_opponents.test_each_rule_names_whom_its_own_threshold_names),
    Mutant("a missing fact counts the mean of the pupils asked about", points, "item.points(train[item.fact])",
           "item.points(test[item.fact])", of_opponents.test_a_missing_fact_counts_the_mean_of_the_training_rows_that_have_it),
    Mutant("a few sessions in September are absence to date", facts, "ENOUGH = 20", "ENOUGH = 1",
           of_opponents.test_until_ten_days_of_a_year_have_passed_absence_is_that_of_the_year_before),
    Mutant("a small school keeps its own leaving rate", schools, "m + kept * (of_rows - m)", "m + (of_rows - m)",
           of_opponents.test_the_school_mean_is_drawn_towards_all_by_as_much_as_chance_would_move_it),
    Mutant("the leaving rate of a school is that of the pupils asked about", every, "school_mean(train, test)", "school_mean(test, test)",
           of_opponents.test_no_opponent_looks_at_what_happened),
    Mutant("everybody level with the cut is listed", metrics, "np.clip(number[lists] - above, 0, level) / level",
           "(number[lists] > above) * 1.0", of_metrics.test_recall_over_ties_is_the_mean_over_all_orders_of_those_who_are_level),
    Mutant("who was not scored takes a place that is left over", metrics, "np.where(np.isneginf(score), 0.0, ", "np.where(False, 0.0, ",
           of_metrics.test_a_share_of_places_counts_those_not_scored_and_is_rounded_up),
    Mutant("few schools are as sure as many", bootstrap, "float(stats.t.ppf((1 + LEVEL) / 2, clusters - 1))", "1.96",
           of_intervals.test_the_interval_is_a_t_interval_made_wider_for_few_clusters),
    Mutant("seven schools can tell", bootstrap, "LEAST_SCHOOLS = 8", "LEAST_SCHOOLS = 7",
           of_intervals.test_few_schools_tell_nothing_and_up_to_twenty_are_left_out_in_turn, (7, "cannot tell", True)),
    Mutant("places stay as many however many pupils are drawn", redrawn, "rows[:, None] * share[order]",
           "np.full_like(rows, rows[0])[:, None] * share[order]", of_intervals.test_every_figure_is_that_of_the_schools_drawn_repeated),
    Mutant("the lower one of a tied pair still loses to a stayer", redrawn, "- level_with / 2", "- level_with",
           of_intervals.test_every_figure_is_that_of_the_schools_drawn_repeated),
    Mutant("weeks of holiday are lead time", lead, "np.cumsum(np.diff(week, prepend=-NEVER) > 0)", "week",
           of_lead.test_school_weeks_are_counted_from_the_listing_to_the_last_session_attended, ("2026-01-05", 6)),
    Mutant("lead time runs to the last day on roll", lead,
           "np.minimum(timeline.last_attended[pupil], _departure(timeline, pupil, as_of, config))",
           "_departure(timeline, pupil, as_of, config)",
           of_lead.test_school_weeks_are_counted_from_the_listing_to_the_last_session_attended, ("2026-02-19", 0)),
    Mutant("luck is drawn from what happened", calibrated, "< risk\n", "< risk.mean()\n",
           of_chances.test_luck_is_exceeded_one_time_in_twenty_when_every_chance_is_right),
    Mutant("the reporting delay is forgotten", label, "horizon_end(as_of, config) + dt.timedelta(days=config.delay_days)",
           "horizon_end(as_of, config)", of_folds.test_one_more_day_of_delay_moves_the_training_block),
    Mutant("siblings at other schools are learned from", folds, "& ~np.isin(household, household[part == number])", "",
           of_folds.test_schools_are_held_out_whole_with_everybody_of_their_households),
    Mutant("folds meet", folds, "end = test[0]", "end = test[1]",
           of_folds.test_test_blocks_of_folds_do_not_meet_and_the_latest_ends_with_the_last_date),
    Mutant("the lead of a rule over the model is shown as the model's", judged, "reach[h] - its[h]", "its[h] - reach[h]",
           of_lists.test_a_better_list_is_shown_to_be_better_and_an_equal_one_is_not),
    Mutant("small groups are hidden, and what would give them away is not", suppress, "people > 1 and rule.safe(rest).all()", "people > 0",
           of_suppression.test_a_small_count_takes_a_second_group_with_it),
    Mutant("a count of five is safe", suppress, "counts > self.threshold - 1e-9", "counts > self.threshold - 1.5",
           of_suppression.test_one_to_five_are_hidden_and_six_is_not),
    Mutant("no comparison is judged beside the others", verdicts, "np.arange(len(p), 0, -1)", "1",
           of_verdicts.test_holms_adjustment_is_that_of_the_definition),
    Mutant("a shift of all is noise of every place", refits, "np.var(other[top] - own[top])", "np.mean((other[top] - own[top]) ** 2)",
           of_refits.test_noise_of_a_place_is_what_scores_near_the_top_move_by_beside_each_other),
    Mutant("the cut of a list is its last pupil", refits, "(last + next_in_line) / 2", "last",
           of_refits.test_a_place_near_the_cut_of_its_own_list_could_go_either_way),
]  # fmt: skip
