"""Planted bugs of the model's floor: which pattern a row has, what it is worth, what may be kept, and which reason is said."""

from __future__ import annotations

from eswarn.model import patterns, plan, reasons, shapley, trees
from tests.mutants.planted import Mutant
from tests.property import test_shapley_by_brute_force as brute
from tests.unit.model import test_reasons as of_reasons
from tests.unit.model import test_shapley as of_values
from tests.unit.model import test_tables_of_patterns as of_tables

TYPED = [0.5, 0.3, 0.25], [False, True, True]
MUTANTS = [
    Mutant("< for <= at a threshold", patterns, "if column[r] > c else", "if column[r] >= c else", brute.agree, (1,)),
    Mutant("a value on a threshold lies above it", patterns, "step - 1] < x[r]", "step - 1] <= x[r]", brute.agree, (1,)),
    Mutant("missing goes the other way", patterns, "if k == 1 or k == ZERO_BELOW else n", "if k == 2 or k == ZERO_BELOW else n",
           brute.agree, (1,)),
    Mutant("the sign of what only the reference meets is turned", patterns, "else -lowers)", "else lowers)", brute.agree, (1,)),
    Mutant("the weights of both sides are swapped", patterns, "w = c * alone[a, n]", "w = c * alone[n, a]", brute.agree, (3,)),
    Mutant("a pair of rows that agree is left out", patterns, "            if s == 0:\n", "            if s == m & -m:\n",
           brute.agree, (1,)),
    Mutant("the first feature of a leaf is counted for the second", patterns, "at = start + leaf_column[i, j] * n",
           "at = start + leaf_column[i, (j + 1) % d] * n", brute.agree, (3,)),
    Mutant("a condition ends a digit early", patterns, "or digit > most:", "or digit >= most:", brute.agree, (1,)),
    Mutant("a share of training rows is added, not multiplied", patterns, "poly[t] = poly[t] * share[k] + poly[t - 1]",
           "poly[t] = poly[t] + share[k] + poly[t - 1]", brute.agree, (3,)),
    Mutant("a right turn starts a digit late", plan, "np.where(left == 1, 0, cut + 1)", "np.where(left == 1, 0, cut)",
           brute.agree, (1,)),
    Mutant("default directions are swapped", trees, "(decision & 2) > 0", "(decision & 2) == 0", brute.agree, (1,)),
    Mutant("the base is that of the first pattern", shapley, "layout.pattern_start[1:] - 1]", "layout.pattern_start[:-1]]",
           brute.agree, (1,)),
    Mutant("the weight of a coalition is off by one", patterns, "alone[t + 1, size - 1 - t]", "alone[t + 1, size - t]", brute.agree, (1,)),
    Mutant("what does not add up is issued", shapley, "TOLERANCE = 1e-9", "TOLERANCE = 1e-3",
           of_values.test_a_tolerance_is_a_billionth),
    Mutant("a count of nine is kept", patterns, "c >= least or p == largest", "c >= least - 1 or p == largest",
           of_tables.test_a_small_count_goes_to_the_most_alike_pattern_and_of_these_to_the_commonest),
    Mutant("small counts go to the least alike pattern", patterns, "if differ < fewest or", "if differ > -fewest or",
           of_tables.test_a_small_count_goes_to_the_most_alike_pattern_and_of_these_to_the_commonest),
    Mutant("pooled rows are lost", patterns, "            out[first + best] += c\n", "            out[first + best] += 0 * c\n",
           of_tables.test_a_small_count_goes_to_the_most_alike_pattern_and_of_these_to_the_commonest),
    Mutant("reasons that are apart are joint", reasons, "<= self.noise for", ">= self.noise for",
           of_reasons.test_reasons_closer_than_refits_of_the_model_are_joint, TYPED),
    Mutant("values are summed within themes without their signs", reasons, "sums[:, theme] += phi[:, column]",
           "sums[:, theme] += abs(phi[:, column])", of_reasons.test_values_are_summed_with_their_signs_within_a_theme),
]  # fmt: skip
