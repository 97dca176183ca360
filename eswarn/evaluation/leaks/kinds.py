"""What a leak can be, in words: each kind with what it is called, why it is a leak, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One way in which the answer can stand among the records that a score is made from."""

    title: str
    why: str
    do: str


_REPLAY = "A list drawn in the past would be made from what was only known later."
_ONLY_LEAVERS = "A score would read the answer there, and would have nothing to read for pupils who are still at school."
_ASK = "Ask the office when and by whom it is filled; leave it out unless it is filled for everybody before anyone leaves."
_KNOWN = "Export the day on which each row was first recorded (recorded_on); where the system has none, leave the column out."

KINDS: dict[str, Kind] = {
    # what is dated as it cannot be
    "off_roll_code": Kind(
        "register codes that only pupils get who leave",
        _ONLY_LEAVERS,
        "Map the code to - under [codes.map], or end the register on the leaving date.",
    ),
    "marks_after_leaving": Kind(
        "marks after leaving",
        "The leaving date or the register is wrong, so the label says something else than the records.",
        "Correct the leaving date, or end the register on it.",
    ),
    "rows_after_leaving": Kind(
        "rows dated after leaving",
        "What is written down because a pupil left is dated by guess; a guess too early is a leak.",
        "Correct the dates, or leave out rows that are made when a pupil is taken off roll.",
    ),
    "outcome_before_leaving": Kind(
        "departures recorded before they happened",
        "Either the leaving date was set later or recorded_on is not the day of recording; "
        "the label then looks at another time than it says.",
        "Export the day on which the departure was entered, and the last day on roll.",
    ),
    "leaving_known_ahead": Kind(
        "leaving dates that stand in the enrolment before they come",
        "Whoever is known to leave need not be predicted.",
        "Export enrolment as it was entered first, and the end of a stay as a second row with its own recorded_on.",
    ),
    "recorded_before_date": Kind(
        "rows recorded before the day they are about", f"recorded_on is not the day of recording. {_REPLAY}", _KNOWN
    ),
    "recorded_in_one_go": Kind(
        "rows that were all recorded on one day",
        f"That is the day of a migration or an export: the versions before it are lost. {_REPLAY}",
        "Leave recorded_on out for rows older than the migration, and draw no list of a day before it.",
    ),
    "amended_unsaid": Kind("amended marks that do not say when", f"Marks stand as they were changed later. {_REPLAY}", _KNOWN),
    "never_recorded_on": Kind(
        "marks without recorded_on",
        "Late corrections cannot be replayed: marks count as they finally stood.",
        "Export recorded_on if the system has it; else say on the card that corrections are in.",
    ),
    "dated_in_future": Kind(
        "rows dated after the day of the export",
        "They are plans, not facts, and plans are changed for those who leave.",
        "Correct observed_to in dataset.toml, or export only what has happened.",
    ),
    "withdrawn_known_early": Kind(
        "suspensions withdrawn on the day they began",
        f"A withdrawal comes days later. {_REPLAY}",
        _KNOWN,
    ),
    "next_year_context": Kind(
        "context that describes the next school year",
        "The row was made later and dated back; what it says was not known then.",
        "Date context from the day it holds: 1 September for a new year group.",
    ),
    "left_long_before": Kind(
        "pupils who stopped coming long before their leaving date",
        "Naming them is no early warning: they are gone already.",
        "Use the last day attended as leaving date where the office writes it late, or read the figures without them.",
    ),
    # what only leavers have
    "register_stops": Kind(
        "registers that stop before the leaving date", _ONLY_LEAVERS, "Bring the marks to the leaving date, or correct it."
    ),
    "leaving_in_context": Kind(
        "context rows that are written as a pupil leaves",
        _ONLY_LEAVERS,
        "Leave out rows that the office makes when a pupil is taken off roll.",
    ),
    "outcome_in_context": Kind("a context value that only pupils have who leave", _ONLY_LEAVERS, _ASK),
    "missing_tells": Kind("a column that is empty only for pupils who leave", _ONLY_LEAVERS, _ASK),
    "event_tells": Kind("an entry that only pupils get who leave", _ONLY_LEAVERS, _ASK),
    "extra_tells": Kind("a number of your own that tells who leaves", _ONLY_LEAVERS, _ASK),
    "feature_tells": Kind(
        "one feature that tells nearly all leavers from nearly all others",
        "No single sign of what a school sees a year ahead is that good; it is made from the outcome, or after it.",
        "Look at the records behind it for some leavers; leave it out with [features] without until it is explained.",
    ),
    "identifier_tells": Kind(
        "identifiers that tell who leaves",
        "Numbers were given out, or pseudonyms made, by the outcome; whatever is sorted by them carries it.",
        "Make pseudonyms anew with `eswarn pseudonymise` from identifiers that were given at entry.",
    ),
    "row_order_tells": Kind(
        "rows sorted by the outcome",
        "Whatever depends on the order of rows (folds, ties, first rows) carries the outcome.",
        "Sort each file by pupil and date before anything else is done with it.",
    ),
    # who is in the data, and when
    "pupil_twice": Kind(
        "the same history under two pseudonyms",
        "One pupil stands on both sides of any split, and is counted twice.",
        "Make pseudonyms from one identifier that a pupil keeps, such as the UPN.",
    ),
    "pseudonyms_renewed": Kind(
        "pseudonyms that change every year",
        "Every pupil stands in two cohorts as two people, on both sides of a split by year.",
        "Make pseudonyms with one key for all years.",
    ),
    "label_windows_overlap": Kind(
        "training labels that look past the as-of date",
        "What happened after the day of the list decides how the list is made.",
        "Train on earlier dates: as-of date, horizon and reporting delay must end before the list is drawn.",
    ),
    "not_checked": Kind("what could not be checked", "A check that was not made is no pass.", "Bring what is missing, and check again."),
    # a researcher's own table
    "column_tells": Kind(
        "one column that tells nearly all leavers from nearly all others",
        "It is made from the outcome, or after it.",
        "Make it from records dated and recorded before the as-of date, and check again.",
    ),
    "school_encoded": Kind(
        "a group encoded by its own outcome rate",
        "The outcome of the pupil in the row is part of the number.",
        "Encode by the outcomes of earlier, mature cohorts only.",
    ),
    "rows_twice": Kind(
        "the same pupil and as-of date in several rows",
        "Copies made before the split stand on both sides of it.",
        "Sample after splitting, inside training only.",
    ),
    "rows_alike": Kind(
        "equal rows of different pupils",
        "Copies under another name stand on both sides of a split.",
        "Find out which pupils are one and keep one.",
    ),
    "pupil_on_both_sides": Kind(
        "pupils in training and test", "The model has seen the answer of pupils it is tested on.", "Split by pupil, too."
    ),
    "household_on_both_sides": Kind(
        "households in training and test", "Brothers and sisters share what the test asks about.", "Keep households on one side."
    ),
    "scaled_over_both_sides": Kind(
        "columns scaled over training and test together",
        "Numbers of training rows depend on rows they are tested on.",
        "Fit every scale on training rows.",
    ),
    # a researcher's own columns, computed again
    "column_sees_future": Kind(
        "a column that changes when later records are taken away",
        "It looks at or past the as-of date.",
        "Use only records dated before the as-of date and recorded before it.",
    ),
    "column_sees_others": Kind(
        "a column that changes with the other schools in the batch",
        "Numbers of one school depend on which others are scored with it.",
        "Compare within a school, or fit the scale once, on training rows.",
    ),
    "column_sees_order": Kind(
        "a column that changes with the order of rows",
        "Order is no fact about a pupil, and files are often sorted by outcome.",
        "Sort first.",
    ),
}
