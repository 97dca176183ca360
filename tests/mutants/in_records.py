"""Planted bugs of the lowest floors: what a mark means, what was known when, and how files are read."""

from __future__ import annotations

import importlib

from eswarn.records import changes, codes, dates, facts, grid, keys, put, scatter, stream, timeline, twice, upn
from eswarn.records.readers import census_sums, census_terms, ctf_marks, edfi_days, strides
from tests.mutants.planted import Mutant
from tests.spec import test_spec_attendance_features as attendance
from tests.spec import test_spec_measures as meaning
from tests.spec import test_spec_rate_features as rates
from tests.unit.cohort import test_roll as of_roll
from tests.unit.records import test_census as of_census
from tests.unit.records import test_changes as of_changes
from tests.unit.records import test_codes as of_codes
from tests.unit.records import test_ctf as of_ctf
from tests.unit.records import test_edfi as of_edfi
from tests.unit.records import test_keys as of_keys
from tests.unit.records import test_pseudonymise as of_pseudonyms
from tests.unit.records import test_record_dates as of_dates
from tests.unit.records import test_scatter as of_grid
from tests.unit.records import test_strings as of_strings
from tests.unit.records import test_twice as of_twice
from tests.unit.records import test_upn as of_upn

pseudonymise = importlib.import_module("eswarn.records.pseudonymise")  # the function of that name stands before the module
ERA = "            era = 0\n            while era < len(eras) and"
WHAT_A_MARK_MEANS = [
    Mutant("codes that are no possible session counted as absent", codes, 'if row.category in {"authorised", "unauthorised"}:',
           'if row.category in {"authorised", "unauthorised", "not_possible"}:',
           meaning.test_share_of_absent_sessions_counts_only_possible_ones),
    Mutant("X counted as possible", codes, "(POSSIBLE, row.possible)", '(POSSIBLE, row.possible or row.code == "X")',
           meaning.test_share_has_no_answer_where_nothing_was_possible),
    Mutant("an arrival after the register closed is no lateness", codes, "(LATE, row.late)", '(LATE, row.late and row.code != "U")',
           attendance.test_lateness_counts_arrivals_before_and_after_the_register_closed),
    Mutant("the new codes begin a day late in the table", codes, 'days, side="right") - 1', 'days, side="left") - 1',
           of_codes.test_many_marks_are_looked_up_at_once),
    Mutant("the new codes begin a day late for plain marks", put, f"= d\n{ERA} d >= eras", f"= d\n{ERA} d > eras",
           of_grid.test_a_code_has_its_new_meaning_from_the_first_day_of_the_era, ([("AM", "C", None)],)),
    Mutant("the new codes begin a day late for late marks", put, f"= column\n{ERA} d >= eras", f"= column\n{ERA} d > eras",
           of_grid.test_a_code_has_its_new_meaning_from_the_first_day_of_the_era, ([("AM", "C", 1)],)),
    Mutant("the new codes begin a day late where a mark is told twice", scatter, 'searchsorted(scatter.eras, day, side="right")',
           "searchsorted(scatter.eras, day)",
           of_grid.test_a_code_has_its_new_meaning_from_the_first_day_of_the_era, ([("DAY", "/", None), ("AM", "C", None)],)),
    Mutant("G is agreed holiday", codes, 'row["category"],', '"authorised" if row["code"] == "G" else row["category"],',
           rates.test_authorised_absence_counts_every_reason_with_leave),
]  # fmt: skip
WHAT_WAS_KNOWN = [
    Mutant("a snapshot of the day after", timeline, "        t = days_since_epoch(as_of)\n", "        t = days_since_epoch(as_of) + 1\n",
           meaning.test_a_correction_counts_from_the_day_after_it_was_recorded),
    Mutant("<= for < at the cutoff of late marks", grid, "days[d] + late[at] < t", "days[d] + late[at] <= t",
           of_grid.test_a_mark_is_known_from_the_day_after_it_was_recorded, (9,)),
    Mutant("<= for < at the cutoff of later versions", grid, "searchsorted(self.known_on, t)",
           'searchsorted(self.known_on, t, side="right")', meaning.test_a_correction_counts_from_the_day_after_it_was_recorded),
    Mutant("<= for < at the cutoff of tables", facts, "(facts.date < t)", "(facts.date <= t)",
           meaning.test_latest_is_the_context_in_force_and_null_is_never_no),
    Mutant("recorded_on of marks ignored", put, "            known = recorded[i]\n", "            known = d\n",
           of_grid.test_a_mark_is_known_from_the_day_after_it_was_recorded, (9,)),
    Mutant("recorded_on of tables ignored", facts, "(facts.recorded < t)", "(facts.recorded < t + 99999)",
           of_roll.test_a_departure_counts_from_the_day_after_it_was_recorded, ("2026-03-06 | 2026-03-09", {"A": "S"})),
    Mutant("the first version of a row stands instead of the last", facts, "np.append(~same, True)", "np.append(True, ~same)",
           meaning.test_of_two_versions_of_a_row_the_one_recorded_last_before_the_date_counts),
    Mutant("an earlier version that comes later is put beside as the later one", put, "there == 0 or known > first_known", "True",
           of_grid.test_of_several_versions_the_last_that_was_known_stands_whatever_their_order, ((1, 0, 2),)),
    Mutant("a delay that does not fit its byte", put, "LATER = 255", "LATER = 400",
           of_grid.test_a_mark_is_known_from_the_day_after_it_was_recorded, (300,)),
    Mutant("a mark for the day fills the morning only", put, "(0, 2) if h == 2", "(0, 1) if h == 2",
           meaning.test_a_mark_for_the_day_is_two_sessions_and_yields_to_one_for_half_a_day),
    Mutant("a mark for half a day yields to one for the day", scatter, "np.lexsort((~told.whole,", "np.lexsort((told.whole,",
           meaning.test_a_mark_for_the_day_is_two_sessions_and_yields_to_one_for_half_a_day),
    Mutant("the afternoon of a mark for the day is lost where told twice", scatter, "cell = cell + second", "cell = cell + 0 * second",
           of_grid.test_a_mark_for_the_day_fills_both_halves, ([("DAY", "O", 0), ("PM", "/", None)], "OO")),
    Mutant("of two rows of one day any one stands", scatter, "told.recorded, known_on, cell))", "known_on, cell))",
           of_grid.test_a_mark_for_the_day_fills_both_halves, ([("DAY", "O", 0), ("PM", "/", None)], "OO")),
    Mutant("the latest mark of a stay taken for its first", grid, "                if first[i] < 0:\n", "                if True:\n",
           of_roll.test_rows_are_by_school_then_pupil_and_know_the_day_of_entry),
]  # fmt: skip
LARGE_FILES = [
    Mutant("of rows that contradict each other the first stands", twice, "order[new & ~contradicts[group]]", "order[new]",
           of_twice.test_repeats_are_merged_and_contradictions_rejected_in_every_file, (False,)),
    Mutant("rows merged at once are counted twice", twice, "int(repeats.sum()) - int(before.sum())", "int(repeats.sum())",
           of_twice.test_repeats_are_merged_and_contradictions_rejected_in_every_file, (False,)),
    Mutant("rows of a second batch have the numbers of the first", stream, "first + at)", "_FIRST_ROW + at)",
           of_twice.test_repeats_are_merged_and_contradictions_rejected_in_every_file, (False,)),
]  # fmt: skip
READERS = [
    Mutant("days and months of American dates swapped", dates, 'return "mdy" if proofs["mdy"] else "dmy"', 'return "dmy"',
           of_dates.test_a_number_above_12_in_any_date_column_proves_the_order_for_all),
    Mutant("the calendar of a spreadsheet off by a day", dates, "dt.date(1899, 12, 30)", "dt.date(1899, 12, 31)",
           of_dates.test_dates_are_read_in_the_one_way_they_can_be, (["45538", "45539.0"], ["2024-09-03", "2024-09-04"])),
    Mutant("of rows that contradict each other one is accepted", keys, "contradicts[group[differs]] = True",
           "contradicts[group[differs]] = False", of_keys.test_rows_that_contradict_each_other_are_all_rejected_with_their_numbers),
    Mutant("two like incidents of one file are one", keys, "nth = np.arange(len(rows)) - np.repeat", "nth = 0 * np.repeat",
           of_keys.test_like_incidents_in_one_file_are_separate_and_in_two_files_the_same),
    Mutant("a day in doubt filled as present", edfi_days, "in (*layout.conflicts, *layout.halves)", "in layout.halves",
           of_edfi.test_a_day_in_doubt_is_never_filled),
    Mutant("a change that was changed back counts", changes, 'pc.not_equal(rows["code_before"], rows["code_after"])',
           'pc.not_equal(rows["code_before"], "")', of_changes.test_a_change_is_what_was_recorded_later_and_is_not_what_was_known,
           ("02", "02 N, 09 O, 10 N", [])),
    Mutant("a term known before its census", census_terms, "_third_thursday(year, 5)", "_third_thursday(year, 1)",
           of_census.test_a_term_is_known_from_the_census_that_collects_it),
    Mutant("Easter Sunday counted in both terms", census_terms, '"summer 1", easter + day,', '"summer 1", easter,',
           of_census.test_a_term_is_known_from_the_census_that_collects_it),
    Mutant("sessions that were not possible added to absence", census_sums, 'total("authorised")', 'total("authorised", "not_possible")',
           of_census.test_sessions_outside_the_possible_ones_are_never_counted),
    Mutant("more sessions than were possible let pass", census_sums, '+ sums["attended"] > sums["possible"]', '> sums["possible"]',
           of_census.test_more_sessions_than_were_possible_reject_the_row, (10, {"/": 6, "\\": 5})),
    Mutant("a transfer of five days a week read as of seven", ctf_marks, "7 * (days // 5) + days % 5", "days",
           of_ctf.test_a_week_of_five_days),
    Mutant("marks dated although the totals of the file differ", ctf_marks, "!= (totals.possible, totals.attended)",
           "!= (totals.possible, len(attended))", of_ctf.test_marks_that_disagree_with_the_totals_are_rejected_and_the_totals_kept),
    Mutant("attended after the file was made", ctf_marks, "max(attended) > totals.made_on.toordinal()", "max(attended) > 10**7",
           of_ctf.test_a_week_of_seven_days_by_the_day_the_file_was_made),
    Mutant("a string of five days a week laid out over six", strides, "at // 5 * 7 + at % 5", "at // 5 * 6 + at % 5",
           of_strings.test_a_week_of_five_days),
    Mutant("a mark at a weekend is no proof of five days", strides, "(weekdays[i] + day) % 7 >= 5", "(weekdays[i] + day) % 7 >= 7",
           of_strings.test_a_string_that_fits_no_week_is_rejected, ((of_strings.WEEK + "//##") * 4, "2024-09-02")),
    Mutant("the weights of the check letter begin at 1", upn, "enumerate(values, start=2)", "enumerate(values, start=1)",
           of_upn.test_the_check_letter_of_a_permanent_upn_holds),
    Mutant("a check letter by modulo 22", upn, "% 23]", "% 22]", of_upn.test_the_check_letter_of_a_temporary_upn_holds),
    Mutant("pseudonyms without the key", pseudonymise, "hmac.digest(self._secret,", 'hmac.digest(b"eswarn",',
           of_pseudonyms.test_a_pseudonym_stays_the_same_from_one_version_of_eswarn_to_the_next),
    Mutant("one pseudonym for a pupil and a household", pseudonymise, "column.encode(), identifier", 'b"pupil_id", identifier',
           of_pseudonyms.test_a_pupil_and_a_household_of_the_same_number_cannot_be_matched),
]  # fmt: skip
MUTANTS = [*WHAT_A_MARK_MEANS, *WHAT_WAS_KNOWN, *LARGE_FILES, *READERS]
