"""Planted bugs of the evaluation: opponents that are weaker than the rules in use, or that peek."""

from __future__ import annotations

from eswarn.evaluation.opponents import every, facts, points, rules, schools
from tests.mutants.planted import Mutant
from tests.unit.evaluation import test_opponents as of_opponents

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
]  # fmt: skip
